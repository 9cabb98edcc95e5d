"""JSON over HTTP with limits, for every miner with such an API.

Content type, charset and length of an answer are not trusted: miners get them wrong.
A query may hold a password (T-Rex), so no text made here shows a query, and no error is
chained to an error of aiohttp, which shows the whole URL.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from email.utils import parsedate_to_datetime
from http import HTTPStatus
import json
from typing import Any, Final, NoReturn, override

import aiohttp
from aiohttp import hdrs
from homeassistant.util import dt as dt_util
from multidict import CIMultiDict, CIMultiDictProxy
import orjson
from yarl import URL

from .contract import (
    SourceBusy,
    SourceContext,
    SourceError,
    SourceGarbled,
    SourceUnreachable,
)
from .reachable import accepts_connection
from .strange_bytes import decode_json

TIMEOUT: Final = 10.0
"""Seconds for one exchange, from the connection to the last byte."""
LIMIT: Final = 2 * 1024 * 1024
"""Bytes of the largest answer that is read; decoding them takes up to 35 ms."""

type Query = Mapping[str, str | Sequence[str]]
"""A list is sent as a repeated key: `id=a&id=b`."""

_JSON: Final = "application/json"
_RESET: Final = "x-ratelimit-reset"
"""The header with the seconds until the server accepts requests again."""
_LONGEST_WAIT: Final = 3600.0
"""Seconds to wait at most, whatever the server requests."""
_BUSY: Final = frozenset((HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE))
_NO_HEADERS: Final = CIMultiDictProxy[str](CIMultiDict())


class Redirects(SourceGarbled):
    """A web server answers, but with the address of another page."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer: its status and its body, not decoded."""

    status: int
    body: bytes = field(repr=False)
    headers: CIMultiDictProxy[str] = field(
        default_factory=lambda: _NO_HEADERS, repr=False
    )

    def json(self) -> Any:
        """Decode the body. Raises SourceGarbled where it is not JSON."""
        return self._decoded(orjson.loads)

    def exact_json(self) -> Any:
        """Decode as `json`, but with fractions as Decimal, for money.

        It takes about twice as long: 1 ms for 100 kB.
        """
        return self._decoded(_exact)

    def _decoded(self, decode: Callable[[bytes], Any]) -> Any:
        try:
            return decode_json(self.body, decode)
        except ValueError, ArithmeticError, RecursionError:
            pass
        # Outside of the handler, so that the body is not chained to the error. An answer
        # that starts like JSON was cut; anything else, such as a page, is no miner's.
        raise SourceGarbled(
            f"{len(self.body)} bytes that are not JSON",
            other_device=not self.body.lstrip().startswith((b"{", b"[")),
        )


def _exact(body: bytes) -> Any:
    # Decoded here: `json` lets surrogates pass, which cannot be sent on.
    return json.loads(body.decode(), parse_float=Decimal, parse_constant=_no_constant)


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


class JsonHttp:
    """A client of one miner's HTTP server, through Home Assistant's session."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        host: str,
        port: int,
        *,
        ssl: bool = False,
        timeout: float = TIMEOUT,
        limit: int = LIMIT,
        middlewares: Sequence[aiohttp.ClientMiddlewareType] = (),
    ) -> None:
        """Take a name or an address (IPv6 with or without brackets).

        The session decides whether certificates are verified. `middlewares` handle each
        request, such as one that signs in. Raises SourceUnreachable for a text that is
        not a host.
        """
        self._session = session
        self._more: dict[str, Any] = (
            {"middlewares": tuple(middlewares)} if middlewares else {}
        )
        self._timeout = aiohttp.ClientTimeout(total=timeout)
        self._limit = limit
        try:
            self.base = URL.build(
                scheme="https" if ssl else "http",
                host=host.strip().removeprefix("[").removesuffix("]"),
                port=port,
            )
        except ValueError:
            raise SourceUnreachable(
                "The host is neither a name nor an address"
            ) from None

    @override
    def __str__(self) -> str:
        """Show scheme, host and port."""
        return str(self.base).removesuffix("/")

    @override
    def __repr__(self) -> str:
        """Show the address only."""
        return f"{type(self).__name__}({self})"

    def url(self, path: str) -> str:
        """Return the URL of a path."""
        return str(self.base.with_path(path))

    async def request(
        self,
        method: str,
        path: str,
        *,
        query: Query | None = None,
        headers: Mapping[str, str] | None = None,
        body: Any = None,
    ) -> Answer:
        """Send a request and return the answer, whatever its status.

        `body` is sent as JSON, with a content type without charset: some miners accept
        no other. Raises SourceUnreachable, SourceBusy (429, 503) and SourceGarbled
        (redirects, answers that are cut, too large or not HTTP).
        """
        url = self.base.with_path(path)
        if query:
            url = url.with_query(query)
        sent = {hdrs.ACCEPT_ENCODING: "identity", **(headers or {})}
        data = None
        if body is not None:
            sent[hdrs.CONTENT_TYPE] = _JSON
            data = orjson.dumps(body)
        try:
            async with self._session.request(
                method,
                url,
                data=data,
                headers=sent,
                timeout=self._timeout,
                allow_redirects=False,
                **self._more,
            ) as response:
                answer = Answer(
                    response.status, await self._read(response), response.headers
                )
        except (TimeoutError, aiohttp.ClientError, OSError, ValueError) as err:
            problem = self._explain(err)
        else:
            self._check(answer)
            return answer
        # Outside of the handler, so that the error is not chained to aiohttp's.
        raise problem

    async def is_reachable(self) -> bool:
        """Return whether a connection is accepted; nothing is sent."""
        host, port = self.base.host, self.base.port
        return host is not None and await accepts_connection(host, port or 0)

    async def get(
        self,
        path: str,
        *,
        query: Query | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send a GET request. Raises as `request`."""
        return await self.request(hdrs.METH_GET, path, query=query, headers=headers)

    async def _read(self, response: aiohttp.ClientResponse) -> bytes:
        """Read the body up to the limit."""
        body = bytearray()
        async for chunk in response.content.iter_any():
            body += chunk
            if len(body) > self._limit:
                raise SourceGarbled(f"{self} sends more than {self._limit} bytes")
        return bytes(body)

    def _check(self, answer: Answer) -> None:
        """Raise for statuses that no caller can use."""
        if answer.status in _BUSY:
            raise SourceBusy(
                f"{self} is busy (status {answer.status})",
                _retry_after(answer.headers),
            )
        if 300 <= answer.status < 400:
            raise Redirects(f"{self} redirects elsewhere", other_device=True)

    def _explain(self, err: Exception) -> SourceError:
        """Return the SourceError for an error of aiohttp."""
        # Some errors are instances of several of these classes: the order matters.
        match err:
            case TimeoutError():
                return SourceUnreachable(
                    f"{self} did not answer within {self._timeout.total:g} s",
                    timed_out=True,
                )
            case aiohttp.ClientConnectorCertificateError():
                return SourceUnreachable(
                    f"{self}: no secure connection, its certificate is not trusted",
                    reason="certificate",
                )
            case aiohttp.ClientSSLError():
                return SourceUnreachable(
                    f"{self}: no secure connection is possible", reason="no_tls"
                )
            case aiohttp.ClientConnectorDNSError():
                return SourceUnreachable(f"{self}: the host name cannot be resolved")
            case aiohttp.ClientConnectionError() | OSError():
                reason = getattr(err, "strerror", None) or type(err).__name__
                return SourceUnreachable(f"{self} does not answer: {reason}")
            case aiohttp.ClientPayloadError():
                return SourceGarbled(f"{self} cut its answer short")
            case aiohttp.ClientResponseError():
                return SourceGarbled(
                    f"{self} does not speak HTTP properly", other_device=True
                )
            case ValueError():
                return SourceUnreachable(f"{self}: the request is not valid")
        return SourceGarbled(f"{self}: {type(err).__name__}")


def http_for(context: SourceContext) -> JsonHttp:
    """Return the client for the answers to a `network_form`."""
    data = context.data
    return JsonHttp(
        context.session, data["host"], int(data["port"]), ssl=bool(data.get("ssl"))
    )


def _retry_after(headers: CIMultiDictProxy[str]) -> float | None:
    """Return the seconds to wait; the header has seconds or a date (RFC 9110)."""
    text = (headers.get(hdrs.RETRY_AFTER) or headers.get(_RESET) or "").strip()
    if text.isdecimal():
        return min(float(text), _LONGEST_WAIT)
    if (until := _date(text)) is None:
        return None
    # The rig's clock may be years off: its own date is the reference.
    now = _date(headers.get(hdrs.DATE, "")) or dt_util.utcnow()
    return min(max(0.0, (until - now).total_seconds()), _LONGEST_WAIT)


def _date(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
