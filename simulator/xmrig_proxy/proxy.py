"""The process of xmrig-proxy: its miners, their shares, its pool.

Like everything in the simulator it never sleeps: it is told how time passes.
"""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
import math
from random import Random
from typing import Any

WINDOWS = (60, 600, 3600, 12 * 3600, 24 * 3600)
"""Seconds of the averaged hashrates."""
STEP = 4
"""Seconds between two looks at the statistics; all numbers are 0 before the first."""
MODES = ("nicehash", "simple", "extra_nonce")
WORKER_MODES = ("none", "rig_id", "user", "password", "agent", "ip")

_SECONDS_PER_SHARE = 20.0
_MINERS_PER_UPSTREAM = 256

type Shares = deque[tuple[float, int]]
"""Moments and difficulties of accepted shares, of the last day."""


@dataclass(kw_only=True)
class Client:
    """A miner, as it logs in at the proxy."""

    rig_id: str | None
    rate: float
    """H/s."""
    ip: str = "192.0.2.10"
    user: str = "48DemoWalletOfTheSimulator"
    password: str | None = "x"
    agent: str | None = "XMRig/6.26.0 (Linux x86_64) libuv/1.51.0 gcc/13.2.0"
    next_share: float = 0.0

    @property
    def difficulty(self) -> int:
        """What the proxy gives it."""
        return max(1000, round(self.rate * _SECONDS_PER_SHARE))

    def name(self, mode: str) -> str:
        """Return what the proxy calls it."""
        told = {
            "rig_id": self.rig_id or self.user,
            "user": self.user,
            "password": self.password,
            "agent": self.agent,
            "ip": self.ip,
        }[mode]
        return told or "unknown"


@dataclass(kw_only=True)
class Tally:
    """What is counted of a worker, and of the whole proxy."""

    accepted: int = 0
    rejected: int = 0
    invalid: int = 0
    expired: int = 0
    hashes: int = 0
    last_share: float = 0.0
    shares: Shares = field(default_factory=deque)

    def accept(self, now: float, difficulty: int) -> None:
        """Count a share that the pool took."""
        self.accepted += 1
        self.hashes += difficulty
        self.last_share = now
        self.shares.append((now, difficulty))

    def rates(self, now: float) -> list[float]:
        """Return kH/s by window; time without shares counts as none."""
        while self.shares and self.shares[0][0] < now - WINDOWS[-1]:
            self.shares.popleft()
        sums = [0.0] * len(WINDOWS)
        for at, difficulty in reversed(self.shares):
            for number, window in enumerate(WINDOWS):
                if at >= now - window:
                    sums[number] += difficulty
        return [
            floored(total / window / 1000)
            for total, window in zip(sums, WINDOWS, strict=True)
        ]


@dataclass(kw_only=True)
class Worker(Tally):
    """A row of the table."""

    name: str
    ip: str
    connections: int = 0


class Proxy:
    """A running xmrig-proxy; a restart of the process is a new one."""

    def __init__(
        self, config: dict[str, Any], clients: Iterable[Client], seed: str, now: float
    ) -> None:
        """Start at `now`; the miners that know it log in at once."""
        self.config = config
        self.mode = config["mode"]
        """The way it really works, whatever the configuration says later."""
        self.started = now
        self.clients: list[Client] = []
        self.workers: dict[str, Worker] = {}
        self.total = Tally()
        self.donated = 0
        self.best = [0] * 10
        self.most_miners = 0
        self.pool_reachable = True
        self.latency = 0
        self._now = now
        self._random = Random(seed)
        self._pending: tuple[float, dict[str, Any]] | None = None
        for client in clients:
            self.connect(client, now)

    # ---- what happens to it

    def connect(self, client: Client, now: float) -> None:
        """Let a miner log in."""
        self.clients.append(client)
        client.next_share = now + self._until_next()
        if (worker := self._worker(client)) is not None:
            worker.connections += 1
            worker.ip = client.ip

    def disconnect(self, client: Client) -> None:
        """Lose a miner; its row stays."""
        self.clients.remove(client)
        if (worker := self._worker(client)) is not None:
            worker.connections -= 1

    def put(self, config: dict[str, Any], now: float, delay: float) -> None:
        """Take a new configuration; it takes effect after a delay."""
        self._pending = (now + delay, config)
        self.advance(now)

    def advance(self, now: float) -> None:
        """Let the time pass until `now`."""
        if self._pending is not None and self._pending[0] <= now:
            at, config = self._pending
            self._pending = None
            self._mine(at)
            self._replace(config)
        self._mine(now)

    def _replace(self, config: dict[str, Any]) -> None:
        renamed = config["workers"] != self.config["workers"]
        self.config = config
        if renamed:
            self.workers.clear()
            for client in self.clients:
                if (worker := self._worker(client)) is not None:
                    worker.connections += 1

    def _mine(self, now: float) -> None:
        for client in self.clients:
            while client.next_share <= now:
                if self.pool_reachable:
                    self._submit(client, client.next_share)
                client.next_share += self._until_next()
        self._now = max(self._now, now)
        if now - self.started >= STEP:
            self.most_miners = max(self.most_miners, len(self.clients))

    def _until_next(self) -> float:
        return self._random.expovariate(1 / _SECONDS_PER_SHARE)

    def _submit(self, client: Client, at: float) -> None:
        worker = self._worker(client)
        tallies = [self.total, *([worker] if worker else [])]
        luck = self._random.random()
        for tally in tallies:
            if luck < 0.001:
                tally.invalid += 1
            elif luck < 0.004:
                tally.rejected += 1
            else:
                tally.accept(at, client.difficulty)
                tally.expired += luck > 0.995
        self.latency = round(60 + 40 * luck)
        found = int(client.difficulty / max(self._random.random(), 1e-9))
        self.best = sorted([*self.best, found], reverse=True)[:10]

    def _worker(self, client: Client) -> Worker | None:
        mode = worker_mode(self.config)
        if mode == "none":
            return None
        name = client.name(mode)
        if name not in self.workers:
            self.workers[name] = Worker(name=name, ip=client.ip)
        return self.workers[name]

    # ---- what it shows

    @property
    def starting(self) -> bool:
        """Whether it has not looked at its statistics yet."""
        return self._now - self.started < STEP

    def upstreams(self) -> dict[str, float]:
        """Return the connections to the pool."""
        if self.starting:
            return dict.fromkeys(("active", "sleep", "error", "total"), 0) | {
                "ratio": 0.0
            }
        miners = len(self.clients)
        total = miners
        if self.mode != "simple":
            total = max(1, math.ceil(miners / _MINERS_PER_UPSTREAM))
        active = total if self.pool_reachable else 0
        return {
            "active": active,
            "sleep": 0,
            "error": total - active,
            "total": total,
            "ratio": floored(miners / active) if active else 0.0,
        }

    def rates(self, now: float) -> list[float]:
        """Return kH/s by window, and since the start."""
        if self.starting:
            return [0.0] * 6
        uptime = max(1.0, now - self.started)
        return [*self.total.rates(now), floored(self.total.hashes / uptime / 1000)]


def worker_mode(config: dict[str, Any]) -> str:
    """Return the way of naming that a configuration means."""
    mode = config["workers"]
    if isinstance(mode, bool):
        return "rig_id" if mode else "none"
    return str(mode)


def floored(value: float) -> float:
    """Return two decimals, as the proxy cuts them."""
    return math.floor(value * 100) / 100
