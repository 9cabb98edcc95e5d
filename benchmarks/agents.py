"""Agents that push: a process of its own, so that its work is not the home's.

Every rig has a connection that is kept, and every value of its log is another one at
each push. What is asked of the process is bounded in pushes and in time.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import lru_cache
from itertools import count
import json
import sys
from time import perf_counter
from typing import Any, Final, override

import orjson

from simulator.asic_sentry import Asic, SimulatedAsic, compose_log
from simulator.clock import ManualClock

from .changes import Changes
from .miner import HOST

IN_FLIGHT: Final = 8
"""Pushes that wait for their answers at the same time, under full load."""
MOST_PUSHES: Final = 50_000
LONGEST: Final = 120.0
"""Seconds that one load may take."""
_PAUSE: Final = 0.125
"""Seconds between two pushes of a rig, at least: the door takes ten in a second."""
_LONGEST_LINE: Final = 2**21


@dataclass(frozen=True, slots=True)
class Load:
    """What came of a number of pushes."""

    seconds: float
    latencies: Sequence[float]
    """ms of each push."""
    refused: Mapping[str, int]
    """How many answers had which status other than 200."""


class Agents:
    """The running process."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        """Talk to a process that has started."""
        self._process = process

    async def push(self, path: str, pushes: int, rate: float | None = None) -> Load:
        """Push so often to a path, the rigs in turn.

        `rate` is in pushes per second; without, the next push follows an answer.
        """
        reader, writer = self._process.stdout, self._process.stdin
        assert reader is not None and writer is not None
        writer.write(orjson.dumps([path, pushes, rate]) + b"\n")
        return Load(*orjson.loads(await reader.readline()))


@asynccontextmanager
async def running(port: int, codes: Sequence[str]) -> AsyncIterator[Agents]:
    """Run agents of rigs with those API codes until the block ends."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", __name__),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=_LONGEST_LINE,
    )
    try:
        assert process.stdin is not None
        process.stdin.write(orjson.dumps([port, codes]) + b"\n")
        yield Agents(process)
    finally:
        process.terminate()
        await process.wait()


# ---- inside the process


_POOLS: Final = (1, 2, 3)
_BOARDS: Final = (1, 2, 3)
_CHANGES: Final = Changes(
    rising={
        f"pool_{pool}_{what}_share": 1
        for pool in _POOLS
        for what in ("accepted", "rejected")
    },
    varying=frozenset(
        {
            "hashrate_5_min",
            "hashrate_30_min",
            "pool_rejection_rate",
            "power",
            *(f"fan_{fan}_speed" for fan in (1, 2, 3, 4)),
            *(f"hashboard_{board}_temp_{n}" for board in _BOARDS for n in (1, 2)),
            *(
                f"hashboard_{board}_hashrate_{n}_min"
                for board in _BOARDS
                for n in (5, 30)
            ),
        }
    ),
    alternating={
        "uptime": ("01:04:29:02", "02:04:29:02"),
        "coin_name": ("Kaspa", "Alephium"),
        "lan_ip": ("192.0.2.1", "192.0.2.2"),
        "wan_ip": ("198.51.100.1", "198.51.100.2"),
        **{
            f"pool_{pool}_{what}": values
            for pool in _POOLS
            for what, values in (
                ("address", ("stratum+tcp://a.example.com:1", "b.example.com:2")),
                ("user", ("wallet.a", "wallet.b")),
                ("state", ("Connected", "Unconnected")),
            )
        },
    },
)


def _log() -> Mapping[str, Any]:
    """Return the log of a simulated ASIC with nothing left out."""
    rig = SimulatedAsic(
        Asic(name="ASIC", api_code=""), clock=ManualClock(), changed=lambda: None
    )
    panel = rig.userpanel()
    assert panel is not None
    # The agent's constant is no measurement, and it does not change.
    return {
        **compose_log(panel),
        "pool_rejection_rate": 0.01,
        "wan_ip": "198.51.100.1",
        "power": 3400,
    }


_LOG: Final = _log()


@lru_cache(maxsize=8)
def _body(push: int) -> bytes:
    return orjson.dumps(_CHANGES.apply(_LOG, push))


class _Connection(asyncio.Protocol):
    """A connection that waits for one answer at a time."""

    def __init__(self) -> None:
        """Expect nothing yet."""
        self.answer: asyncio.Future[str] | None = None
        self.is_open = False
        self._received = b""

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.is_open = True

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self.is_open = False
        self._end("closed")

    @override
    def data_received(self, data: bytes) -> None:
        self._received += data
        head, end, body = self._received.partition(b"\r\n\r\n")
        if not end:
            return
        _, _, length = head.lower().partition(b"\r\ncontent-length:")
        if len(body) >= int(length.partition(b"\r\n")[0]):
            self._received = b""
            self._end(head.split(b" ", 2)[1].decode())

    def _end(self, status: str) -> None:
        if self.answer is not None and not self.answer.done():
            self.answer.set_result(status)


class _Agent:
    """The agent of one rig."""

    def __init__(self, port: int, code: str) -> None:
        """Connect with the first push."""
        self._port = port
        self._code = code
        self._connection = _Connection()
        self._transport: asyncio.Transport | None = None
        self._pushes = count(1)
        self._lock = asyncio.Lock()
        self._rests_until = 0.0

    async def push(self, path: str, due: float | None) -> tuple[str, float]:
        """Push the next log; return the status and the ms since it was due."""
        async with self._lock:
            now = perf_counter()
            if now < self._rests_until:
                await asyncio.sleep(self._rests_until - now)
            loop = asyncio.get_running_loop()
            if self._transport is None or not self._connection.is_open:
                self._transport, self._connection = await loop.create_connection(
                    _Connection, HOST, self._port
                )
            body = _body(next(self._pushes))
            head = (
                f"POST {path} HTTP/1.1\r\n"
                "content-type: application/json\r\n"
                f"content-length: {len(body)}\r\n"
                "te: \r\n"
                f"host: {HOST}:{self._port}\r\n"
                "connection: keep-alive\r\n"
                f"api_code: {self._code}\r\n\r\n"
            )
            start = perf_counter()
            answer = self._connection.answer = loop.create_future()
            self._transport.write(head.encode() + body)
            status = await answer
            self._rests_until = start + _PAUSE
            return status, (perf_counter() - (due or start)) * 1000


class _Pusher:
    """One load after the other."""

    def __init__(self, agents: Sequence[_Agent]) -> None:
        """Let agents push in turn, also from load to load."""
        self._agents = agents
        self._turn = count()
        self._latencies: list[float] = []
        self._refused: dict[str, int] = {}

    async def load(self, path: str, pushes: int, rate: float | None) -> Load:
        """Push so often."""
        if pushes > MOST_PUSHES:
            raise ValueError("too many pushes")
        self._latencies, self._refused = [], {}
        start = perf_counter()
        async with asyncio.timeout(LONGEST):
            if rate is None:
                await self._in_turn(path, pushes)
            else:
                await self._in_time(path, pushes, rate)
        seconds = perf_counter() - start
        return Load(seconds, self._latencies, self._refused)

    async def _in_turn(self, path: str, pushes: int) -> None:
        left = iter(range(pushes))

        async def work() -> None:
            for _ in left:
                await self._push(path)

        await asyncio.gather(*(work() for _ in range(IN_FLIGHT)))

    async def _in_time(self, path: str, pushes: int, rate: float) -> None:
        start = perf_counter()
        async with asyncio.TaskGroup() as group:
            for number in range(pushes):
                due = start + number / rate
                await asyncio.sleep(max(due - perf_counter(), 0))
                group.create_task(self._push(path, due))

    async def _push(self, path: str, due: float | None = None) -> None:
        agent = self._agents[next(self._turn) % len(self._agents)]
        status, latency = await agent.push(path, due)
        self._latencies.append(latency)
        if status != "200":
            self._refused[status] = self._refused.get(status, 0) + 1


async def _serve() -> None:
    """Do what is asked, line by line, until nothing more is."""
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), sys.stdin
    )
    port, codes = json.loads(await reader.readline())
    pusher = _Pusher([_Agent(port, code) for code in codes])
    while line := await reader.readline():
        load = await pusher.load(*json.loads(line))
        answer = [load.seconds, load.latencies, load.refused]
        sys.stdout.write(f"{json.dumps(answer)}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(_serve())
