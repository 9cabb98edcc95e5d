"""A raw HTTP client for agents whose requests no well-behaved client would send.

Every byte of the head is chosen by the agent; only what the libraries of the real
agents do by themselves is done here: connections are kept open, nothing is redirected,
nothing is unpacked.
"""

import asyncio
from collections.abc import Awaitable
from contextlib import suppress
from itertools import chain
import ssl
from typing import NamedTuple
from urllib.parse import urlsplit

from .timeline import Timeline

_DEFAULT_PORTS = {"http": 80, "https": 443}


class Unanswered(Exception):
    """There is no answer, or none that is HTTP."""


class Answer(NamedTuple):
    """What a server answered."""

    status: int
    body: bytes


class Target(NamedTuple):
    """What a URL points at."""

    scheme: str
    host: str
    port: int
    authority: str
    """As it stands in the head."""
    path: str
    """With the query; never empty."""


def target(url: str) -> Target:
    """Take a URL apart; ValueError if it is none of HTTP."""
    parts = urlsplit(url)
    if parts.scheme not in _DEFAULT_PORTS or not parts.hostname:
        raise ValueError("no URL of HTTP")
    default = _DEFAULT_PORTS[parts.scheme]
    port = parts.port or default
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    path = parts.path or "/"
    return Target(
        scheme=parts.scheme,
        host=parts.hostname,
        port=port,
        authority=host if port == default else f"{host}:{port}",
        path=f"{path}?{parts.query}" if parts.query else path,
    )


class _Connection(NamedTuple):
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    @property
    def usable(self) -> bool:
        return not self.reader.at_eof() and not self.writer.is_closing()

    async def close(self) -> None:
        self.writer.close()
        with suppress(OSError):
            await self.writer.wait_closed()


class HttpClient:
    """Sends requests to one server and keeps its connections for the next."""

    def __init__(
        self,
        timeline: Timeline,
        *,
        connect_seconds: float | None = None,
        receive_seconds: float | None = None,
    ) -> None:
        """Wait at most so long for a connection and for each part of an answer."""
        self._timeline = timeline
        self._connect_seconds = connect_seconds
        self._receive_seconds = receive_seconds
        self._idle: dict[tuple[str, int], list[_Connection]] = {}

    async def send(self, where: Target, request: bytes) -> Answer:
        """Send a whole request and return the answer; Unanswered if there is none."""
        connection = await self._connected(where)
        keep = False
        try:
            connection.writer.write(request)
            await connection.writer.drain()
            answer, keep = await self._receive(connection.reader)
        except (OSError, EOFError, ValueError, asyncio.LimitOverrunError) as error:
            raise Unanswered(type(error).__name__) from error
        finally:
            if keep:
                self._idle.setdefault(where[1:3], []).append(connection)
            else:
                await connection.close()
        return answer

    def drop(self) -> None:
        """Close the connections that are kept."""
        for connection in chain.from_iterable(self._idle.values()):
            connection.writer.close()
        self._idle.clear()

    async def _connected(self, where: Target) -> _Connection:
        idle = self._idle.get(where[1:3], [])
        while idle:
            connection = idle.pop()
            if connection.usable:
                return connection
            await connection.close()
        tls = ssl.create_default_context() if where.scheme == "https" else None
        try:
            return _Connection(
                *await self._timeline.limit(
                    asyncio.open_connection(where.host, where.port, ssl=tls),
                    self._connect_seconds,
                )
            )
        except OSError as error:
            raise Unanswered(type(error).__name__) from error

    async def _receive(self, reader: asyncio.StreamReader) -> tuple[Answer, bool]:
        """Return an answer, and whether the connection can be used again."""
        status = 100
        while 100 <= status < 200:
            head = await self._limited(reader.readuntil(b"\r\n\r\n"))
            first, *lines = head.decode("latin-1").rstrip("\r\n").split("\r\n")
            version, _, rest = first.partition(" ")
            if not version.startswith("HTTP/1."):
                raise ValueError("no HTTP")
            status = int(rest[:3])
        headers = {
            name.strip().lower(): value.strip()
            for name, _, value in (line.partition(":") for line in lines)
        }
        keep = version == "HTTP/1.1" and headers.get("connection") != "close"
        if status in {204, 304}:
            return Answer(status, b""), keep
        if headers.get("transfer-encoding", "").lower() == "chunked":
            return Answer(status, await self._chunks(reader)), keep
        if (length := headers.get("content-length")) is None:
            return Answer(status, await self._part(reader, None)), False
        return Answer(status, await self._part(reader, int(length))), keep

    async def _part(self, reader: asyncio.StreamReader, length: int | None) -> bytes:
        """Return `length` bytes, or all there are; EOFError if there are too few."""
        body = b""
        while length is None or len(body) < length:
            size = 65536 if length is None else length - len(body)
            part = await self._limited(reader.read(size))
            if not part:
                if length is None:
                    break
                raise EOFError
            body += part
        return body

    async def _chunks(self, reader: asyncio.StreamReader) -> bytes:
        body = b""
        while size := int(
            (await self._limited(reader.readuntil(b"\r\n"))).split(b";")[0], 16
        ):
            body += (await self._part(reader, size + 2))[:-2]
        while await self._limited(reader.readuntil(b"\r\n")) != b"\r\n":
            pass
        return body

    async def _limited(self, work: Awaitable[bytes]) -> bytes:
        return await self._timeline.limit(work, self._receive_seconds)
