"""A port between a rig and Home Assistant that spoils what passes."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
import errno
import json
import socket
from typing import Any, Final
from unittest.mock import patch

HOST: Final = "127.0.0.1"
CP1251: Final = "Майнер".encode("cp1251")
SLOW: Final = 7.0
_LARGEST: Final = 6 * 2**20
_PAGE: Final = (
    b"<!DOCTYPE html>\n<html><title>FRITZ!Box</title><h1>Log in</h1></html>\n"
)
_STATUSES: Final = {
    "401": ("401 Unauthorized", ""),
    "403": ("403 Forbidden", ""),
    "404": ("404 Not Found", ""),
    "429": ("429 Too Many Requests", "Retry-After: 86400\r\n"),
    "500": ("500 Internal Server Error", ""),
    "503": ("503 Service Unavailable", "Retry-After: 86400\r\n"),
    "redirect": ("302 Found", "Location: http://192.0.2.1/\r\n"),
}
_BODIES: Final[dict[str, Callable[[bytes], bytes]]] = {
    "empty object": lambda _: b"{}",
    "garbage": lambda _: b"\x00\xffnot the miner you are looking for {]",
    "huge": lambda _: b'{"a": "' + b"a" * _LARGEST + b'"}',
    "null": lambda _: b"null",
    "truncated": lambda body: body[: len(body) * 4 // 5],
    "wrong types": lambda body: json.dumps(wrong(json.loads(body))).encode(),
}
"""What is sent for the body of a good answer."""

type Answer = Callable[[bytes], Awaitable[bytes]]
"""Returns what a healthy rig sends for a request; nothing closes the connection."""


def wrong(found: Any) -> Any:
    """Return a document of the same shape in which every value has a wrong type."""
    match found:
        case dict():
            return {key: wrong(value) for key, value in found.items()}
        case list():
            return [wrong(value) for value in found]
        case str():
            return [True]
        case bool() | None:
            return "maybe"
    return {"x": None}


class FaultyPort:
    """Hands requests on to a rig, unless there is a fault."""

    def __init__(
        self, answer: Answer, *, http: bool, first: bytes, replaced: dict[str, bytes]
    ) -> None:
        """Take the rig; `first` is in its most important request.

        `replaced` has texts of its answers, by the fault that changes them.
        """
        self._answer = answer
        self._http = http
        self._first = first
        self._replaced = replaced
        self.fault: str | None = None
        self.port = 0
        self.busy = 0
        """Requests that are neither answered nor waiting for the end of a fault."""
        self._over = asyncio.Event()
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[Any]] = set()

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[FaultyPort]:
        """Listen until the end of the context."""
        await self._open()
        loop = type(asyncio.get_running_loop())
        connect = loop.sock_connect

        async def sock_connect(self_: Any, sock: socket.socket, address: Any) -> None:
            if address[1] == self.port and self.fault == "no route":
                raise OSError(errno.EHOSTUNREACH, "No route to host")
            if address[1] == self.port and self.fault == "no connection":
                await self._over.wait()
            await connect(self_, sock, address)

        try:
            with patch.object(loop, "sock_connect", sock_connect):
                yield self
        finally:
            await self._close()

    async def begin(self, fault: str) -> None:
        """Begin a fault."""
        self.fault = fault
        if fault in ("off", "restart"):
            await self._close()

    async def end(self) -> None:
        """End the fault."""
        self.fault = None
        self._over.set()
        self._over = asyncio.Event()
        await self._open()

    async def _open(self) -> None:
        if self._server is None:
            self._server = await asyncio.start_server(
                self._serve, HOST, self.port, reuse_address=True
            )
            self.port = self._server.sockets[0].getsockname()[1]

    async def _close(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self.busy += 1
        try:
            with suppress(OSError, asyncio.IncompleteReadError):
                await self._exchange(reader, writer)
        finally:
            self.busy -= 1
            self._tasks.discard(task)
            writer.close()

    async def _exchange(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        request = await self._read(reader)
        if not request:
            return
        if self.fault == "hung" or (
            self.fault == "extras hang" and self._first not in request
        ):
            await self._wait(self._over.wait())
        if self.fault == "slow":
            await self._wait(asyncio.sleep(SLOW))
        answer = await self._answer(request)
        for start in range(0, len(spoilt := self._spoil(answer)), 2**16):
            writer.write(spoilt[start : start + 2**16])
            await writer.drain()

    async def _wait(self, event: Awaitable[Any]) -> None:
        self.busy -= 1
        try:
            await event
        finally:
            self.busy += 1

    async def _read(self, reader: asyncio.StreamReader) -> bytes:
        if not self._http:
            return await reader.read(4096)
        head = await reader.readuntil(b"\r\n\r\n")
        length = 0
        for line in head.lower().split(b"\r\n"):
            if line.startswith(b"content-length:"):
                length = int(line.partition(b":")[2])
        return head + await reader.readexactly(length)

    def _spoil(self, answer: bytes) -> bytes:
        fault = self.fault
        if fault is None or not answer:
            return answer
        if (status := _STATUSES.get(fault)) is not None:
            return _http(b"", status[0], status[1])
        if fault == "no content":
            return b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n"
        if fault == "page":
            return _http(_PAGE, kind="text/html")
        head, _, body = answer.rpartition(b"\r\n\r\n")
        if head and not head.startswith((b"HTTP/1.1 200", b"HTTP/1.0 200")):
            return answer
        if (old := self._replaced.get(fault)) is not None:
            new = CP1251 if fault == "strange bytes" else old[::-1]
            return _http(body.replace(old, new)) if head else body.replace(old, new)
        if fault == "cut":
            return answer[: len(answer) - len(body) // 3]
        if (spoil := _BODIES.get(fault)) is not None:
            return _http(spoil(body)) if head else spoil(body)
        return answer


def _http(
    body: bytes,
    status: str = "200 OK",
    headers: str = "",
    kind: str = "application/json",
) -> bytes:
    """Return an answer that ends its connection."""
    head = (
        f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\n{headers}"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    return head.encode() + body


def page(body: bytes) -> bytes:
    """Return a good answer with JSON."""
    return _http(body)


async def relay(port: int, request: bytes) -> bytes:
    """Return what a rig at another port answers; nothing where it is off."""
    try:
        reader, writer = await asyncio.open_connection(HOST, port)
    except OSError:
        return b""
    try:
        writer.write(request)
        return await reader.read(-1)
    finally:
        writer.close()
