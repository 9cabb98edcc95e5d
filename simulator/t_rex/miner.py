"""The running T-Rex: cards that hash, shares, pauses, options, its watchdog."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random

from ..hardware import Activity, Gpu, GpuModel, Machine, Noise
from .versions import Version

DAG_SECONDS = 8.0
"""How long the cards prepare before they hash; they draw power meanwhile."""
RESTART_SECONDS = 4.0
"""How long the watchdog takes to start the miner again."""
DOWNLOAD_SECONDS = 20.0
UPDATE_BYTES = 46_137_344

_DAY = 86400
_SECONDS_PER_SHARE = 12.0
_REJECTED = 0.003
_PER_KAWPOW = {
    "kawpow": 1.0,
    "ethash": 2.02,
    "etchash": 2.02,
    "autolykos2": 5.1,
    "octopus": 2.3,
    "firopow": 1.03,
    "blake3": 38.0,
}
"""Hashrates of other algorithms, in terms of that of KawPow."""

OPTIONS: Mapping[str, object] = {
    "algo": "kawpow",
    "api-bind-http": "0.0.0.0:4067",
    "api-https": False,
    "coin": "",
    "hashrate-avr": 60,
    "intensity": "22",
    "no-color": False,
    "no-watchdog": False,
    "protocol-dump": False,
    "temperature-limit": 0,
    "temperature-start": 0,
    "time-limit": 0,
    "validate-shares": False,
}
"""The settings that are told, and what they are at first."""


@dataclass(kw_only=True)
class Shares:
    """What one card has found for one algorithm."""

    accepted: int = 0
    rejected: int = 0
    last_at: float = 0
    last_difficulty: float = 0
    best_at: float = 0
    best_difficulty: float = 0
    effort: float = 0


@dataclass(kw_only=True)
class Card:
    """A GPU as the miner sees it."""

    gpu: Gpu
    number: int
    uuid: str
    vendor: str
    activity: Activity
    shares: Mapping[str, Shares]
    """By algorithm, the main one first."""
    paused: bool = False
    disabled_at: float | None = None
    """The temperature at which it was switched off, while it rests."""
    hung: bool = False

    @property
    def works(self) -> bool:
        """Whether nothing keeps the card itself from hashing."""
        return not (self.paused or self.hung or self.disabled_at is not None)

    def rate(self, algorithm: str) -> float:
        """Return H/s at full load."""
        return self.gpu.model.rates.get("kawpow", 0) * _PER_KAWPOW[algorithm]


@dataclass(kw_only=True)
class Update:
    """A newer version that the miner knows of, and its download."""

    version: str
    notes: str = "performance improvements"
    notes_full: str = "- performance improvements\n- bug fixes"
    began: float | None = None
    fails: bool = False

    def begin(self, now: float) -> None:
        """Download, from the beginning."""
        self.began = now

    def stop(self) -> None:
        """Download no more."""
        self.began = None

    def elapsed(self, now: float) -> float:
        """Return for how many seconds it was downloaded."""
        return 0.0 if self.began is None else min(now - self.began, DOWNLOAD_SECONDS)

    def downloaded(self, now: float) -> int:
        """Return how many bytes are there."""
        return round(UPDATE_BYTES * self.elapsed(now) / DOWNLOAD_SECONDS)

    def state(self, now: float) -> str:
        """Return the word for where it is."""
        if self.began is None:
            return "idle"
        share = self.elapsed(now) / DOWNLOAD_SECONDS
        if self.fails and share >= 0.5:
            return "error"
        if share >= 1:
            return "finished"
        return "downloading" if share > 0.02 else "started"

    def is_installed(self, now: float) -> bool:
        """Whether all of it is there, so that the watchdog can start it."""
        return self.state(now) == "finished"


@dataclass(kw_only=True)
class Watchdog:
    """Starts the miner again; outlives it."""

    started: float
    restarts: int = 0
    totals: dict[str, list[int]] = field(default_factory=dict)
    """Accepted and rejected shares of earlier processes, by the card's uuid."""

    def take(self, cards: Iterable[Card]) -> None:
        """Add the shares of a process that ended."""
        for card in cards:
            main = next(iter(card.shares.values()))
            total = self.totals.setdefault(card.uuid, [0, 0])
            total[0] += main.accepted
            total[1] += main.rejected


class Process:
    """One run of the miner."""

    def __init__(
        self,
        version: Version,
        machine: Machine,
        options: Mapping[str, object],
        *,
        algorithms: Sequence[str],
        uuids: Sequence[str],
        vendors: Sequence[str],
        seed: str,
        now: float,
    ) -> None:
        """Start at `now`; one algorithm, or two for dual mining."""
        self.version = version
        self.options = dict(options)
        self.algorithms = tuple(algorithms)
        self.started = now
        self.retries = 0
        self.connected = True
        self.noise = Noise(seed)
        self.ends_at: float | None = None
        """When the time limit ends it."""
        self._random = Random(seed)
        self._at = now
        self._ready = now + DAG_SECONDS
        self.latency = self._random.uniform(18, 90)
        self.cards = [
            Card(
                gpu=gpu,
                number=number,
                uuid=uuids[number],
                vendor=vendors[number],
                activity=Activity(now, memory=_DAY),
                shares={algorithm: Shares() for algorithm in algorithms},
            )
            for number, gpu in enumerate(machine.gpus)
        ]
        for algorithm in algorithms:
            for card in self.cards:
                card.shares[algorithm].effort = self._next_effort(algorithm)
        self._let_work(now)

    # What it is told

    @property
    def paused(self) -> bool:
        """Whether the whole miner was paused, or every card."""
        return all(card.paused for card in self.cards)

    def pause(self, cards: Iterable[Card], now: float, *, paused: bool) -> None:
        """Let cards rest or hash."""
        for card in cards:
            card.paused = paused
        self._let_work(now)

    def connect(self, now: float, *, connected: bool) -> None:
        """Lose or find the pool."""
        if connected != self.connected:
            self.connected = connected
            self.retries += not connected
            self._let_work(now)

    def hang(self, number: int, now: float, *, hung: bool) -> None:
        """Let a card stop responding, or come back."""
        self.cards[number].hung = hung
        self._let_work(now)

    def limit_time(self, seconds: float, now: float) -> None:
        """End after so many seconds; 0 is never."""
        self.ends_at = now + seconds if seconds else None

    def end(self, now: float) -> None:
        """Stop: nothing works any more."""
        for card in self.cards:
            card.gpu.run(now, 0.0)

    # Time

    def advance(self, now: float) -> None:
        """Let the time pass until `now`."""
        if self._at < self._ready <= now:
            self._at = self._ready
            self._let_work(self._ready)
        if now > self._at:
            for card in self.cards:
                level = card.activity.level
                for algorithm in self.algorithms if level else ():
                    self._find(card, algorithm, card.rate(algorithm) * level, now)
            self._at = now
        self._guard(now)

    def _guard(self, now: float) -> None:
        """Switch off what is too hot, and on again what has cooled down."""
        limit = _number(self.options["temperature-limit"])
        start = _number(self.options["temperature-start"]) or limit - 10
        for card in self.cards:
            heat = card.gpu.temperature(now)
            if limit and card.disabled_at is None and heat >= limit:
                card.disabled_at = round(heat)
                self._let_work(now)
            elif card.disabled_at is not None and (not limit or heat <= start):
                card.disabled_at = None
                self._let_work(now)

    def _let_work(self, now: float) -> None:
        for card in self.cards:
            level = 1.0 if card.works and self.connected else 0.0
            card.gpu.run(now, level)
            if now >= self._ready or not level:
                card.activity.set(now, level)

    # Shares

    def difficulty(self, algorithm: str) -> float:
        """Return the pool's: fit for all cards together."""
        total = sum(card.rate(algorithm) for card in self.cards)
        return max(1.0, total * _SECONDS_PER_SHARE)

    def _next_effort(self, algorithm: str) -> float:
        return self.difficulty(algorithm) * self._random.expovariate(1.0)

    def _find(self, card: Card, algorithm: str, rate: float, now: float) -> None:
        """Turn the work since the last look into shares."""
        shares = card.shares[algorithm]
        shares.effort -= rate * (now - self._at)
        while shares.effort <= 0:
            # It was found when its effort was done, not when somebody looks.
            at = now + shares.effort / rate
            shares.effort += self._next_effort(algorithm)
            if self._random.random() < _REJECTED:
                shares.rejected += 1
                continue
            shares.accepted += 1
            shares.last_at = at
            luck = self.difficulty(algorithm) / max(self._random.random(), 1e-9)
            shares.last_difficulty = luck
            if luck > shares.best_difficulty:
                shares.best_at, shares.best_difficulty = at, luck

    # What it shows

    def uptime(self, now: float) -> int:
        """Return whole seconds since it started."""
        return int(now - self.started)

    def hashrate(self, card: Card, algorithm: str, now: float, window: float) -> int:
        """Return the mean H/s of a card over the last seconds, at most since start."""
        uptime = max(1.0, now - self.started)
        mean = card.activity.mean(now, min(window, uptime))
        swing = 0.004 * self.noise.at(now + 37 * card.number, max(window, 5))
        return round(card.rate(algorithm) * mean * (1 + swing))

    def average(self, card: Card, algorithm: str, now: float, window: float) -> int:
        """Return the same, 0 where the version waits until the window is full."""
        if not self.version.fills_windows and now - self.started < window:
            return 0
        return self.hashrate(card, algorithm, now, window)


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float | str) else 0.0


def short_name(model: GpuModel) -> str:
    """Return what T-Rex calls a card: without the maker of its chip."""
    return model.name.removeprefix("NVIDIA ").removeprefix("GeForce ")
