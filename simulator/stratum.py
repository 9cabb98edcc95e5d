"""The pool as a miner sees it: a connection, jobs, shares, now and then a drop.

Like the hardware, it never sleeps: it is told how time passes.
"""

from collections import deque
from dataclasses import dataclass, field
from random import Random
import statistics

SECONDS_PER_SHARE = 30.0
"""What pools tune the difficulty to."""


@dataclass(kw_only=True)
class Tally:
    """What a miner counts since its process started."""

    accepted: int = 0
    rejected: int = 0
    hashes: int = 0
    """The sum of the difficulty of accepted shares."""
    best: list[int] = field(default_factory=lambda: [0] * 10)
    failures: int = 0
    """Connections lost."""

    @property
    def total(self) -> int:
        """All shares that were submitted."""
        return self.accepted + self.rejected


@dataclass(kw_only=True)
class Connection:
    """One session with a pool."""

    url: str
    since: float
    algorithm: str
    difficulty: int
    ip: str
    latency: float
    """Milliseconds that a submitted share takes, around which it varies."""
    tls: bool = False
    accepted: int = 0
    round_trips: deque[float] = field(default_factory=lambda: deque(maxlen=100))

    @property
    def ping(self) -> int:
        """The median round trip of a share in ms; 0 before the first."""
        return round(statistics.median(self.round_trips)) if self.round_trips else 0


class Stratum:
    """The shares that work turns into, and the connection they go through."""

    def __init__(self, random: Random, *, reject_rate: float = 0.004) -> None:
        """Be not connected; `reject_rate` is the part of shares that come too late."""
        self.tally = Tally()
        self.connection: Connection | None = None
        self.last_url = ""
        """Where it was connected last; stays after a disconnect."""
        self._random = random
        self._reject_rate = reject_rate
        self._effort = 0.0

    def connect(
        self,
        now: float,
        url: str,
        algorithm: str,
        hashrate: float,
        *,
        tls: bool = False,
    ) -> None:
        """Log in at `url` and get a first job, its difficulty fit for `hashrate`."""
        difficulty = max(1000, round(hashrate * SECONDS_PER_SHARE))
        self.last_url = url
        self.connection = Connection(
            url=url,
            tls=tls,
            since=now,
            algorithm=algorithm,
            difficulty=difficulty,
            ip=f"203.0.113.{sum(url.encode()) % 250 + 2}",
            latency=self._random.uniform(25, 130),
        )
        self._effort = self._next_effort()

    def disconnect(self, *, lost: bool) -> None:
        """Have no connection any more; `lost` ones are counted."""
        if self.connection is not None and lost:
            self.tally.failures += 1
        self.connection = None

    def work(self, hashes: float) -> None:
        """Turn `hashes` into shares."""
        if self.connection is None:
            return
        self._effort -= hashes
        while self._effort <= 0:
            self._submit(self.connection)
            self._effort += self._next_effort()

    def _next_effort(self) -> float:
        difficulty = self.connection.difficulty if self.connection else 1
        return difficulty * self._random.expovariate(1.0)

    def _submit(self, connection: Connection) -> None:
        trip = connection.latency * self._random.uniform(0.85, 1.3)
        connection.round_trips.append(trip)
        if self._random.random() < self._reject_rate:
            self.tally.rejected += 1
            return
        self.tally.accepted += 1
        connection.accepted += 1
        self.tally.hashes += connection.difficulty
        luck = int(connection.difficulty / max(self._random.random(), 1e-12))
        if luck > self.tally.best[-1]:
            self.tally.best = sorted([*self.tally.best, luck], reverse=True)[:10]
