"""Requests and answers in JSON: bodies, refusals."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

from aiohttp import hdrs, web
import orjson

LARGEST_BODY: Final = 2**20
"""Bytes, after decompression."""
_CHUNK: Final = 2**16


def json_response(
    body: Any,
    status: HTTPStatus = HTTPStatus.OK,
    headers: Mapping[str, str] | None = None,
) -> web.Response:
    """Return an answer in JSON."""
    return web.Response(
        body=orjson.dumps(body),
        status=status,
        headers=headers,
        content_type="application/json",
        charset="utf-8",
    )


class Refusal(Exception):
    """A request that is refused."""

    def __init__(
        self, status: HTTPStatus, body: Any, headers: Mapping[str, str] | None = None
    ) -> None:
        """Take status, JSON body and headers of the answer."""
        super().__init__(status.phrase)
        self.response = json_response(body, status, headers)


def not_known() -> Refusal:
    """Return the refusal of what cannot be answered now without making something up."""
    return Refusal(
        HTTPStatus.SERVICE_UNAVAILABLE, {"errors": {"detail": "Service Unavailable"}}
    )


def not_found() -> Refusal:
    """Return the refusal of a path, or of a method that a path does not have."""
    return Refusal(HTTPStatus.NOT_FOUND, {"errors": {"detail": "Not Found"}})


async def async_read_body(request: web.Request) -> Any:
    """Return the decoded JSON body, whatever its content type; an empty one is {}.

    Raises a Refusal.
    """
    too_large = {"errors": {"detail": "Request Entity Too Large"}}
    length = request.headers.get(hdrs.CONTENT_LENGTH, "0")
    if length.isdecimal() and int(length) > LARGEST_BODY:
        raise Refusal(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, too_large)
    pieces: list[bytes] = []
    size = 0
    stream = request.content
    try:
        # Counted while it is read: a compressed body may be far larger than its length.
        while piece := await stream.read(_CHUNK):
            size += len(piece)
            if size > LARGEST_BODY:
                raise Refusal(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, too_large)
            pieces.append(piece)
        received = pieces[0] if len(pieces) == 1 else b"".join(pieces)
        return orjson.loads(received) if received and not received.isspace() else {}
    except (orjson.JSONDecodeError, web.RequestPayloadError) as err:
        raise Refusal(
            HTTPStatus.BAD_REQUEST, {"errors": {"detail": "Bad Request"}}
        ) from err
