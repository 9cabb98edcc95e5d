"""A raw HTTP server for miners whose answers no well-behaved server would send.

One request a connection, every byte of the answer chosen by the miner: cut short, sent
twice, with the headers in its own order. SourceContext and closing the port is immediate, so
that a rig can be switched off from anywhere in the event loop.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
import socket
import ssl
from typing import NamedTuple

_LONGEST_HEADER = 64 * 1024
_TLS_HANDSHAKE = b"\x16"


class Request(NamedTuple):
    """A request as it was received."""

    method: str
    path: str
    """The exact target, query string included."""
    headers: Mapping[str, str]
    """By lower-case name."""
    body: bytes
    at: float = 0.0
    """When it came, by the clock of the rig."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """An answer, byte for byte."""

    status: int
    reason: str
    headers: Mapping[str, str] = field(default_factory=dict)
    """Sent sorted by name; the length of the body is added."""
    body: bytes = b""
    copies: int = 1
    """How many times the whole answer is sent on the connection."""
    cut: int = 0
    """How many bytes of the body are never sent although announced."""

    def encode(self) -> bytes:
        """Return one copy as it goes over the wire."""
        headers = dict(self.headers)
        if self.body:
            headers["Content-Length"] = str(len(self.body))
        lines = [f"HTTP/1.1 {self.status} {self.reason}"]
        lines += [f"{name}: {headers[name]}" for name in sorted(headers)]
        head = "\r\n".join(lines) + "\r\n\r\n"
        return head.encode() + self.body[: len(self.body) - self.cut]


type Handler = Callable[[Request], Awaitable[Reply | None]]
"""Answers a request; None cuts the connection without an answer."""


class HttpServer:
    """Listens on a port of loopback and answers one request a connection."""

    def __init__(
        self,
        handler: Handler,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        """Prepare; port 0 lets the system choose one, which is then kept.

        With `tls` the same port speaks HTTP and HTTPS, told apart by the first byte.
        """
        self.host = host
        self.port = port
        self.busiest = 0
        """The most requests that were being answered at one moment."""
        self._handler = handler
        self._tls = tls
        self._listener: socket.socket | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._answering = 0

    @property
    def is_open(self) -> bool:
        """Whether the port accepts connections."""
        return self._listener is not None

    def open(self) -> None:
        """Listen; OSError if the port is taken."""
        if self._listener is not None:
            return
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((self.host, self.port))
            listener.listen(64)
            listener.setblocking(False)
        except OSError:
            listener.close()
            raise
        self.port = listener.getsockname()[1]
        self._listener = listener
        asyncio.get_running_loop().add_reader(listener, self._accept, listener)

    def close(self) -> None:
        """Refuse new connections and drop the open ones."""
        if self._listener is not None:
            asyncio.get_running_loop().remove_reader(self._listener)
            self._listener.close()
            self._listener = None
        for task in self._tasks:
            task.cancel()

    def move(self, port: int) -> None:
        """Close, to be opened at another port."""
        self.close()
        self.port = port

    async def wait_closed(self) -> None:
        """Wait until the dropped connections are gone."""
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _accept(self, listener: socket.socket) -> None:
        with suppress(BlockingIOError, ConnectionError):
            connection, _ = listener.accept()
            connection.setblocking(False)
            task = asyncio.get_running_loop().create_task(self._serve(connection))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _serve(self, connection: socket.socket) -> None:
        writer: asyncio.StreamWriter | None = None
        try:
            reader, writer = await self._streams(connection)
            request = await self._read(reader)
            if request is not None:
                await self._answer(request, writer)
        except OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError:
            pass  # The client went away, or spoke no HTTP: a miner says nothing.
        finally:
            if writer is None:
                connection.close()
            else:
                writer.close()
                with suppress(OSError):
                    await writer.wait_closed()

    async def _read(self, reader: asyncio.StreamReader) -> Request | None:
        """Read what a client asks; None if it is nothing."""
        return await read_request(reader)

    def _encode(self, reply: Reply) -> bytes:
        """Return an answer as it goes over the wire."""
        return reply.encode()

    async def _streams(
        self, connection: socket.socket
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        loop = asyncio.get_running_loop()
        tls = self._tls
        if tls is not None and await _first_byte(connection) != _TLS_HANDSHAKE:
            tls = None
        reader = asyncio.StreamReader(limit=_LONGEST_HEADER)
        protocol = asyncio.StreamReaderProtocol(reader)
        transport, _ = await loop.connect_accepted_socket(
            lambda: protocol, connection, ssl=tls
        )
        return reader, asyncio.StreamWriter(transport, protocol, reader, loop)

    async def _answer(self, request: Request, writer: asyncio.StreamWriter) -> None:
        self._answering += 1
        self.busiest = max(self.busiest, self._answering)
        try:
            reply = await self._handler(request)
            if reply is None:
                return
            answer = self._encode(reply)
            for _ in range(reply.copies):
                writer.write(answer)
            await writer.drain()
        finally:
            self._answering -= 1


async def read_request(reader: asyncio.StreamReader) -> Request | None:
    """Read one request, its body of known length or in chunks; None if it is none."""
    lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    match lines[0].split(" "):
        case [method, path, version] if version.startswith("HTTP/1."):
            pass
        case _:
            return None
    headers = {
        name.strip().lower(): value.strip()
        for name, _, value in (line.partition(":") for line in lines[1:] if line)
    }
    try:
        if headers.get("transfer-encoding", "").lower() == "chunked":
            body = await _read_chunks(reader)
        else:
            body = await reader.readexactly(int(headers.get("content-length", 0)))
    except ValueError:
        return None
    return Request(method, path, headers, body)


async def _read_chunks(reader: asyncio.StreamReader) -> bytes:
    body = b""
    while size := int((await reader.readuntil(b"\r\n")).split(b";")[0], 16):
        body += (await reader.readexactly(size + 2))[:-2]
    while await reader.readuntil(b"\r\n") != b"\r\n":
        pass
    return body


async def _first_byte(connection: socket.socket) -> bytes:
    loop = asyncio.get_running_loop()
    readable = asyncio.Event()
    loop.add_reader(connection, readable.set)
    try:
        await readable.wait()
    finally:
        loop.remove_reader(connection)
    return connection.recv(1, socket.MSG_PEEK)
