"""A miner that costs nothing to ask: a process of its own with prepared answers.

The answers are a simulated rig's, every value of them changed at every poll. The server
is much smaller than the simulator, so that it takes little of a machine with few cores.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
import json
import sys
from typing import Any, Final, override

import aiohttp
import orjson

from simulator.rig import SimulatedRig

from .changes import Changes, Row
from .rigs import ROWS

HOST: Final = "127.0.0.1"
_ASKED: Final = "/asked"
"""Tells what was asked for since this was last asked for."""


@dataclass(frozen=True, slots=True)
class Miner:
    """The running process."""

    kind: str
    url: str
    form: Mapping[str, Any]
    """What a person types into the integration's form to add it."""
    headers: Mapping[str, str]
    """What a request brings to be let in."""

    async def asked(self, session: aiohttp.ClientSession) -> list[str]:
        """Return what was asked for since the last call: paths with their queries."""
        async with session.get(f"{self.url}{_ASKED}") as response:
            targets: list[str] = orjson.loads(await response.read())
            return targets


@asynccontextmanager
async def running(row: str) -> AsyncIterator[Miner]:
    """Run the miner of a row until the block ends."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", __name__, row, stdout=asyncio.subprocess.PIPE
    )
    try:
        assert process.stdout is not None
        ready = json.loads(await process.stdout.readline())
        token = ready["form"].get("access_token")
        yield Miner(
            kind=ready["kind"],
            url=f"http://{HOST}:{ready['form']['port']}",
            form=ready["form"],
            headers={"Authorization": f"Bearer {token}"} if token else {},
        )
    finally:
        process.terminate()
        await process.wait()


# ---- inside the process


@dataclass(frozen=True, slots=True)
class _Answer:
    """An answer of the simulated rig, as the pattern of those at later polls."""

    head: bytes
    """Status line and headers, without the length of the body."""
    document: Any

    @property
    def closes(self) -> bool:
        """Whether the rig closes the connection after it."""
        return b"\r\nconnection: close\r\n" in self.head.lower()

    def encode(self, changes: Changes, poll: int) -> bytes:
        """Return the whole answer at the poll of that number."""
        body = orjson.dumps(changes.apply(self.document, poll))
        return b"%sContent-Length: %d\r\n\r\n%s" % (self.head, len(body), body)


_OK: Final = b"HTTP/1.1 200 OK\r\nConnection: close\r\n"
_NOTHING_HERE: Final = _Answer(b"HTTP/1.1 404 Not Found\r\nConnection: close\r\n", None)


async def _answer(rig: SimulatedRig, path: str) -> _Answer:
    """Ask a simulated rig."""
    reader, writer = await asyncio.open_connection(rig.host, rig.port)
    token = rig.form.get("access_token")
    writer.write(
        f"GET {path} HTTP/1.1\r\nAuthorization: Bearer {token}\r\n\r\n".encode()
    )
    raw = await reader.read()
    writer.close()
    head, _, body = raw.partition(b"\r\n\r\n")
    status, *headers = head.split(b"\r\n")
    kept = [h for h in headers if not h.lower().startswith(b"content-length:")]
    return _Answer(b"\r\n".join([status, *kept, b""]), orjson.loads(body))


class _Server:
    """Answers like the rig; every request for the first path begins a poll."""

    def __init__(self, row: Row, answers: Mapping[str, _Answer]) -> None:
        """Begin before the first poll."""
        self._row = row
        self._answers = answers
        self._poll = 0
        self._asked: list[str] = []

    def answer(self, target: str) -> tuple[bytes, bool]:
        """Return what goes over the wire, and whether the connection closes then."""
        if target == _ASKED:
            asked, self._asked = self._asked, []
            return _Answer(_OK, asked).encode(Changes(), 0), True
        self._asked.append(target)
        path = target.partition("?")[0]
        self._poll += path == self._row.paths[0]
        answer = self._answers.get(path, _NOTHING_HERE)
        return answer.encode(self._row.changes, self._poll), answer.closes


class _Connection(asyncio.Protocol):
    """One connection, for requests without a body."""

    def __init__(self, server: _Server) -> None:
        """Wait for the request."""
        self._server = server
        self._received = b""

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    @override
    def data_received(self, data: bytes) -> None:
        self._received += data
        if b"\r\n\r\n" in self._received:
            target = self._received.split(b" ", 2)[1].decode()
            self._received = b""
            answer, closes = self._server.answer(target)
            self._transport.write(answer)
            if closes:
                self._transport.close()


async def _serve(row: Row) -> None:
    async with row.rig() as rig:
        answers = {path: await _answer(rig, path) for path in row.paths}
        kind, form = rig.kind, rig.form
    server = _Server(row, answers)
    loop = asyncio.get_running_loop()
    listener = await loop.create_server(lambda: _Connection(server), HOST, 0)
    port = listener.sockets[0].getsockname()[1]
    print(json.dumps({"kind": kind, "form": {**form, "port": port}}), flush=True)
    await listener.serve_forever()


if __name__ == "__main__":
    asyncio.run(_serve(ROWS[sys.argv[1]]))
