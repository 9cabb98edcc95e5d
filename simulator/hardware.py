"""The hardware of a rig: processors that hash, draw power and get warm.

Nothing here knows a wire, sleeps or reads a clock: every question carries the moment it
asks about, in seconds. Between two changes of load everything has a closed form, so
what is answered does not depend on how often it was asked.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import blake2b
import math

AMBIENT = 22.0
"""Room temperature in °C."""

HOT = 28.0
"""By how many K a rig gets warmer when its air does not move any more."""


class Noise:
    """Smooth noise: a pure function of a seed, a time and a period."""

    def __init__(self, seed: str) -> None:
        """Remember the seed."""
        self._seed = seed

    def at(self, moment: float, period: float) -> float:
        """Return a value from -1 to 1 that wanders once in `period` seconds."""
        position = moment / period
        step = math.floor(position)
        part = position - step
        blend = part * part * (3 - 2 * part)
        before, after = self._lattice(step, period), self._lattice(step + 1, period)
        return before + (after - before) * blend

    def _lattice(self, step: int, period: float) -> float:
        return _random(f"{self._seed}:{period}:{step}")


@lru_cache(maxsize=4096)
def _random(seed: str) -> float:
    """Return a number from -1 to 1 that depends on nothing else."""
    digest = blake2b(seed.encode(), digest_size=4).digest()
    return int.from_bytes(digest) / 0x7FFFFFFF - 1


class Activity:
    """How hard something worked: a level that is constant between changes."""

    def __init__(self, now: float, *, memory: float = 900) -> None:
        """Start idle; `memory` is the longest window that will be asked for."""
        self._memory = memory
        self._steps: list[tuple[float, float]] = [(now, 0.0)]

    @property
    def level(self) -> float:
        """The level now."""
        return self._steps[-1][1]

    def set(self, now: float, level: float) -> None:
        """Work at `level` from `now` on."""
        if level == self.level:
            return
        self._steps.append((now, level))
        while len(self._steps) > 2 and self._steps[1][0] < now - self._memory:
            del self._steps[0]

    def mean(self, now: float, window: float) -> float:
        """Return the average level of the last `window` seconds, idle before the start."""
        total, end, begin = 0.0, now, now - window
        for since, level in reversed(self._steps):
            total += level * max(0.0, end - max(since, begin))
            end = since
            if since <= begin:
                break
        return total / window


@dataclass(frozen=True, kw_only=True)
class Model:
    """What a processor of some make can do."""

    name: str
    rates: Mapping[str, float]
    """Hashes each second at full load, by algorithm."""
    idle_power: float
    full_power: float
    warmth: float
    """K above the room at full load."""
    inertia: float
    """Seconds in which it gets two thirds of the way to its temperature."""


@dataclass(frozen=True, kw_only=True)
class GpuModel(Model):
    """A graphics card."""

    vendor: str
    """`nvidia` or `amd`."""
    memory: int
    """Bytes."""
    clock: int
    """MHz at full load."""
    memory_clock: int
    """MHz."""
    fans: int = 2
    top_rpm: int = 3300
    units: int = 0
    """Multiprocessors (NVIDIA) or compute units (AMD)."""
    chip: str = ""
    """Compute capability such as `86`, or code name such as `gfx1101`."""


@dataclass(frozen=True, kw_only=True)
class CpuModel(Model):
    """A processor on the main board."""

    cores: int
    threads: int
    mining_threads: int
    """Threads that its last level cache feeds: what a miner starts by itself."""
    l2: int
    l3: int
    family: int
    model: int
    stepping: int
    proc_info: int
    msr: str
    assembly: str
    flags: tuple[str, ...]
    memory: int
    """Bytes of main memory in its rig."""


class Processor:
    """Something that hashes: its load, heat and power over time."""

    def __init__(self, model: Model, *, seed: str, now: float) -> None:
        """Stand idle and cold at `now`."""
        self.noise = Noise(seed)
        self._model = model
        self._load = 0.0
        self._room = AMBIENT
        self._at = now
        self._temperature = self._target

    @property
    def load(self) -> float:
        """The share of its full speed that is used, from 0 to 1."""
        return self._load

    def run(self, now: float, load: float) -> None:
        """Work at `load` from `now` on."""
        self._settle(now)
        self._load = load

    def stand_in(self, now: float, room: float) -> None:
        """Be surrounded by air of `room` °C from `now` on."""
        self._settle(now)
        self._room = room

    def temperature(self, now: float) -> float:
        """Return °C: it follows the load and the room, with its inertia."""
        return self._relaxed(now) + 0.8 * self.noise.at(now, 20)

    def power(self, now: float) -> float:
        """Return W: it follows the load, warmer is a little more."""
        warmth = max(0.0, self._relaxed(now) - AMBIENT) / max(self._model.warmth, 1)
        swing = self._model.full_power - self._model.idle_power
        watts = self._model.idle_power + swing * self._load * (0.97 + 0.03 * warmth)
        return watts * (1 + 0.015 * self.noise.at(now, 7))

    def fan(self, now: float) -> float:
        """Return % of the fans' speed: it follows the temperature."""
        percent = 30 + (self._relaxed(now) - 45) * 2
        percent += 1.5 * self.noise.at(now, 15)
        return min(100.0, max(0.0 if percent < 20 else 20.0, percent))

    @property
    def _target(self) -> float:
        model = self._model
        watts = model.idle_power + (model.full_power - model.idle_power) * self._load
        return self._room + model.warmth * watts / model.full_power

    def _relaxed(self, now: float) -> float:
        passed = max(0.0, now - self._at)
        rest = math.exp(-passed / self._model.inertia)
        return self._target + (self._temperature - self._target) * rest

    def _settle(self, now: float) -> None:
        self._temperature = self._relaxed(now)
        self._at = max(now, self._at)


class Gpu(Processor):
    """A graphics card in a slot."""

    def __init__(
        self, model: GpuModel, *, index: int, bus_id: str, seed: str, now: float
    ) -> None:
        """Sit in slot `bus_id` (as in `0a:00.0`) as number `index` of its vendor."""
        super().__init__(model, seed=seed, now=now)
        self.model = model
        self.index = index
        self.bus_id = bus_id

    def clock(self, now: float) -> int:
        """Return the core clock in MHz: boost under load, a crawl when idle."""
        if not self.load:
            return 210
        return round(self.model.clock - 15 * (1 + self.noise.at(now, 9)))

    def memory_clock(self) -> int:
        """Return the memory clock in MHz."""
        return self.model.memory_clock if self.load else 405

    def rpm(self, now: float) -> int:
        """Return the speed of the first fan."""
        return round(self.fan(now) / 100 * self.model.top_rpm)


class Cpu(Processor):
    """The processor on the main board."""

    def __init__(self, model: CpuModel, *, seed: str, now: float) -> None:
        """Sit in its socket."""
        super().__init__(model, seed=seed, now=now)
        self.model = model


@dataclass(frozen=True, kw_only=True)
class Card:
    """A card to put into a rig, and what its driver tells."""

    model: GpuModel
    threads: int = 1
    """How many threads the miner runs on it."""
    health: bool = True
    """Whether the driver's monitoring library answers at all."""
    blind: frozenset[str] = field(default_factory=frozenset)
    """Health readings that the driver does not know and that show as 0."""


class Machine:
    """The hardware of one rig."""

    def __init__(
        self, cpu: CpuModel, cards: tuple[Card, ...], *, seed: str, now: float
    ) -> None:
        """Put the parts together, idle and cold at `now`."""
        self.cards = cards
        self.cpu = Cpu(cpu, seed=f"{seed}:cpu", now=now)
        counts: dict[str, int] = {}
        self.gpus: list[Gpu] = []
        for position, card in enumerate(cards):
            index = counts.setdefault(card.model.vendor, 0)
            counts[card.model.vendor] += 1
            self.gpus.append(
                Gpu(
                    card.model,
                    index=index,
                    bus_id=f"{position + 1:02x}:00.0",
                    seed=f"{seed}:gpu{position}",
                    now=now,
                )
            )

    @property
    def processors(self) -> list[Processor]:
        """Everything that hashes."""
        return [self.cpu, *self.gpus]

    def power(self, now: float) -> float:
        """Return W as a plug in the wall would measure it."""
        board = 25.0
        return (board + sum(part.power(now) for part in self.processors)) / 0.9

    def stand_in(self, now: float, room: float) -> None:
        """Be surrounded by air of `room` °C from `now` on."""
        for part in self.processors:
            part.stand_in(now, room)


@dataclass(frozen=True, kw_only=True)
class AsicModel:
    """A miner that is made for one algorithm."""

    name: str
    algorithm: str
    board: Model
    """One of its hashboards."""
    boards: int
    fans: int
    top_rpm: int
