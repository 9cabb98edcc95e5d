"""Reading the JSON body of a request, within limits of time, size and number."""

import asyncio
from collections import Counter
from http import HTTPStatus
from typing import Any, Final

from aiohttp import hdrs, web
import orjson

from ..sources.common.strange_bytes import decode_json
from .guard import Origin
from .http import Refusal

LARGEST_BODY: Final = 2**20
"""Bytes, after decompression."""
LARGEST_OF_STRANGER: Final = 2**18
"""Bytes, before a code is known to be right."""
BODY_TIMEOUT: Final = 10.0
"""Seconds from the first to the last byte."""

_CHUNK: Final = 2**16
_MOST_OF_ADDRESS: Final = 4
_MOST_OF_STRANGERS: Final = 32
_TOO_LARGE: Final = {"errors": {"detail": "Request Entity Too Large"}}


async def async_read_body(request: web.Request, largest: int = LARGEST_BODY) -> Any:
    """Return the decoded JSON body, whatever its content type; an empty one is {}.

    Raises a Refusal.
    """
    length = request.headers.get(hdrs.CONTENT_LENGTH, "0")
    if length.isdecimal() and (len(length) > 18 or int(length) > largest):
        raise Refusal(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, _TOO_LARGE)
    pieces: list[bytes] = []
    size = 0
    stream = request.content
    try:
        async with asyncio.timeout(BODY_TIMEOUT):
            # Counted while it is read: a compressed body may be far larger than its
            # length.
            while piece := await stream.read(_CHUNK):
                size += len(piece)
                if size > largest:
                    raise Refusal(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, _TOO_LARGE)
                pieces.append(piece)
        received = pieces[0] if len(pieces) == 1 else b"".join(pieces)
        return decode_json(received) if received and not received.isspace() else {}
    except TimeoutError as err:
        refusal = Refusal(
            HTTPStatus.REQUEST_TIMEOUT, {"errors": {"detail": "Request Timeout"}}
        )
        # What is still to come would be taken for the next request.
        refusal.response.force_close()
        raise refusal from err
    except (orjson.JSONDecodeError, web.RequestPayloadError) as err:
        raise Refusal(
            HTTPStatus.BAD_REQUEST, {"errors": {"detail": "Bad Request"}}
        ) from err


class StrangersBodies:
    """Reads bodies of requests whose code is not known to be right, a few at once."""

    def __init__(self) -> None:
        """Start without any."""
        self._reading: Counter[str | bool] = Counter()
        """By network, and by whether it is private."""

    def is_full(self, origin: Origin) -> bool:
        """Return whether too many of that network, or in all, are being read."""
        return (
            self._reading[origin.network] >= _MOST_OF_ADDRESS
            or self._reading[origin.is_private] >= _MOST_OF_STRANGERS
        )

    async def async_read(self, request: web.Request, origin: Origin) -> Any:
        """Return the decoded body as `async_read_body`. Raises a Refusal."""
        if self.is_full(origin):
            raise Refusal(
                HTTPStatus.SERVICE_UNAVAILABLE,
                {"errors": {"detail": "Service Unavailable"}},
                {hdrs.RETRY_AFTER: "5"},
            )
        keys = (origin.network, origin.is_private)
        self._reading.update(keys)
        try:
            return await async_read_body(request, LARGEST_OF_STRANGER)
        finally:
            self._reading.subtract(keys)
            for key in keys:
                if not self._reading[key]:
                    del self._reading[key]
