"""A stub of the server that agents push to: it records every byte and obeys the test."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
import json
from pathlib import Path
import re
from typing import Any, NamedTuple

FIXTURES = Path(__file__).parent.parent / "fixtures" / "rig_monitor"


def sample(name: str) -> Any:
    """Return a recorded body, decoded."""
    return json.loads((FIXTURES / name).read_text())


class Received(NamedTuple):
    """A request as it came."""

    head: bytes
    method: str
    path: str
    headers: Mapping[str, str]
    """By name as it was written."""
    body: bytes
    connection: int
    """Which connection it came on."""

    def json(self) -> Any:
        """Return the decoded body."""
        return json.loads(self.body)


class Raw(NamedTuple):
    """An answer, byte for byte."""

    data: bytes


class Hang:
    """No answer, while the connection stays open."""


type Reply = tuple[int, object] | Raw | Hang
"""A status and JSON data, or something that is no good answer."""
type Answers = Callable[[Received], Reply]


@dataclass
class Door:
    """What a test sees of the server."""

    url: str = ""
    received: list[Received] = field(default_factory=list)
    answers: dict[str, Reply | Answers] = field(default_factory=dict)
    """By end of the path; everything else is 200 `null`."""
    closes: bool = False
    """Whether it closes a connection after an answer."""

    def of(self, end: str) -> list[Received]:
        """Return the requests whose path ends so."""
        return [request for request in self.received if request.path.endswith(end)]

    def clear(self) -> None:
        """Forget what came."""
        self.received.clear()

    def answer(self, request: Received) -> Reply:
        """Return the answer to a request."""
        for end, answer in self.answers.items():
            if request.path.endswith(end):
                return answer(request) if callable(answer) else answer
        return 200, None


@asynccontextmanager
async def open_door(path: str = "/api/mining_rig/v1") -> AsyncIterator[Door]:
    """Open a door on loopback."""
    door = Door()
    writers: list[asyncio.StreamWriter] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        number = len(writers)
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                request = await _read(reader, number)
                door.received.append(request)
                reply = door.answer(request)
                if isinstance(reply, Hang):
                    await reader.read()
                    return
                writer.write(reply.data if isinstance(reply, Raw) else _encode(*reply))
                await writer.drain()
                if door.closes or isinstance(reply, Raw):
                    break
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    door.url = f"http://127.0.0.1:{port}{path}"
    try:
        yield door
    finally:
        server.close()
        for writer in writers:
            writer.close()


async def _read(reader: asyncio.StreamReader, connection: int) -> Received:
    head = await reader.readuntil(b"\r\n\r\n")
    first, *lines = head.decode().removesuffix("\r\n\r\n").split("\r\n")
    method, path, _ = first.split(" ")
    headers = {
        name: value.strip() for name, _, value in (x.partition(":") for x in lines)
    }
    length = next((v for k, v in headers.items() if k.lower() == "content-length"), "0")
    body = await reader.readexactly(int(length))
    return Received(head, method, path, headers, body, connection)


def _encode(status: int, data: object) -> bytes:
    body = data if isinstance(data, bytes) else json.dumps(data).encode()
    return (
        f"HTTP/1.1 {status} Whatever\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    ).encode() + body


def recorded_heads() -> dict[str, str]:
    """Return the recorded heads by the remark above them."""
    text = (FIXTURES / "request_heads.txt").read_text()
    return {
        remark.strip(): head.strip("\n")
        for remark, head in re.findall(
            r"^# (.*)\n((?:[^#\n].*\n)+)", text, re.MULTILINE
        )
    }


def comparable(request: Received) -> str:
    """Return a head with address, length and path as in the recorded ones."""
    head = request.head.decode().removesuffix("\r\n\r\n").replace("\r\n", "\n")
    head = re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1:PORT", head)
    head = re.sub(r"(content-length: )\d+", r"\1LENGTH", head, flags=re.IGNORECASE)
    return head.replace("/api/mining_rig/v1", "/api/v1")
