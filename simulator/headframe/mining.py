"""Machines that hash for an account, and slices of hashrate that are handed on."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from math import cos, pi
from random import Random
from typing import NamedTuple, Protocol

DAY = 86400.0
HOUR = 3600.0
_SILENT = HOUR
"""After how long a silent machine is off rather than unavailable."""
_PERIODS = (1200.0, 3 * HOUR, 26 * HOUR)
_SWINGS = (0.02, 0.015, 0.01)


class Rates(NamedTuple):
    """Averages over a span of time, in H/s."""

    hashrate: float = 0.0
    rejected: float = 0.0


class _Wave(NamedTuple):
    """A sine, whose average over any span is known without adding up."""

    swing: float
    speed: float
    phase: float

    def area(self, start: float, end: float) -> float:
        """Integrate over time."""
        before = cos(self.speed * start + self.phase)
        after = cos(self.speed * end + self.phase)
        return self.swing * (before - after) / self.speed


class Worker(Protocol):
    """What an account shows as a worker."""

    id: str
    name: str
    since: float
    removed_at: float | None

    @property
    def behavior(self) -> str:
        """`hardware` or `boundary`."""

    def status(self, now: float) -> str:
        """`stable`, `unavailable`, `off` or `removed`."""

    def average(self, start: float, end: float) -> Rates:
        """Return H/s over a span."""


@dataclass(kw_only=True)
class Machine:
    """A machine that hashes whenever it has power."""

    behavior = "hardware"

    id: str
    name: str
    nominal: float
    """H/s at full power."""
    since: float
    """When it was first seen."""
    rejected: float = 0.004
    """The share of its hashrate that is rejected."""
    rests_every: float = 0.0
    """It is silent again and again, so many seconds apart; 0: never."""
    rests_for: float = 0.0
    removed_at: float | None = None
    switched: list[tuple[float, bool]] = field(default_factory=list)
    """When it lost power or got it back."""

    def __post_init__(self) -> None:
        """Give it a rhythm of its own."""
        random = Random(self.id)
        self._waves = [
            [
                _Wave(swing * factor, 2 * pi / period, random.uniform(0, 2 * pi))
                for period, swing in zip(_PERIODS, _SWINGS, strict=True)
            ]
            for factor in (1.0, 12.0)
        ]
        self._first_rest = self.since + random.uniform(0.2, 1.0) * self.rests_every

    def switch(self, now: float, *, on: bool) -> None:
        """Take its power away, or give it back."""
        if self.has_power(now) != on:
            self.switched.append((now, on))

    def has_power(self, now: float) -> bool:
        """Whether it has been given power."""
        place = bisect_right(self.switched, (now, True))
        return place == 0 or self.switched[place - 1][1]

    def status(self, now: float) -> str:
        """Tell it as the pool does, which sees shares and nothing else."""
        if self.removed_at is not None and self.removed_at <= now:
            return "removed"
        last = max((end for _, end in self._on(now - _SILENT, now)), default=None)
        if last is None:
            return "off"
        return "stable" if last == now else "unavailable"

    def average(self, start: float, end: float) -> Rates:
        """Return H/s over a span, 0 where it was silent."""
        if end <= start:
            return Rates()
        areas = [0.0, 0.0]
        for first, last in self._on(start, end):
            for number, waves in enumerate(self._waves):
                areas[number] += last - first
                areas[number] += sum(wave.area(first, last) for wave in waves)
        scale = self.nominal / (end - start)
        return Rates(areas[0] * scale, max(0.0, areas[1] * scale * self.rejected))

    def _on(self, start: float, end: float) -> Iterator[tuple[float, float]]:
        """Return the spans in which it hashed."""
        start = max(start, self.since)
        if self.removed_at is not None:
            end = min(end, self.removed_at)
        on, began = True, start
        for at, power in [*self.switched, (end, False)]:
            if power == on:
                continue
            if on and min(at, end) > max(began, start):
                yield from self._awake(max(began, start), min(at, end))
            on, began = power, at

    def _awake(self, start: float, end: float) -> Iterator[tuple[float, float]]:
        """Return the parts of a span that are no rest."""
        if not self.rests_every:
            yield start, end
            return
        while start < end:
            rounds = (start - self._first_rest) // self.rests_every
            rest = self._first_rest + rounds * self.rests_every
            if start < rest + self.rests_for and rounds >= 0:
                start = rest + self.rests_for
            else:
                stop = min(end, max(rest + self.rests_every, self._first_rest))
                stop = max(stop, start + 0.001)  # Floats may put it at the start.
                yield start, stop
                start = stop


class Plan(NamedTuple):
    """A hashrate and from when it holds."""

    valid_from: float
    hashrate: int


@dataclass(kw_only=True)
class Slice:
    """A slice of a donor's hashrate that another account is credited with."""

    behavior = "boundary"

    id: str
    name: str
    donor: str
    """Id of the account that gives."""
    recipient: str
    since: float
    plans: list[Plan]
    removed_at: float | None = None

    def status(self, now: float) -> str:
        """Stable as long as it is given."""
        gone = self.removed_at is not None and self.removed_at <= now
        return "removed" if gone else "stable"

    def current(self, now: float) -> Plan | None:
        """Return the plan in force."""
        held = [plan for plan in self.plans if plan.valid_from <= now]
        return held[-1] if held else None

    def future(self, now: float) -> Plan | None:
        """Return the plan that comes next."""
        return next((plan for plan in self.plans if plan.valid_from > now), None)

    def average(self, start: float, end: float) -> Rates:
        """Return H/s over a span."""
        if end <= start:
            return Rates()
        stop = end if self.removed_at is None else min(end, self.removed_at)
        area = 0.0
        nexts = [plan.valid_from for plan in self.plans[1:]] + [stop]
        for plan, until in zip(self.plans, nexts, strict=True):
            held = min(until, stop) - max(plan.valid_from, start)
            area += max(0.0, held) * plan.hashrate
        return Rates(area / (end - start), 0.0)


def total(workers: Sequence[Worker], start: float, end: float) -> Rates:
    """Return what workers do together."""
    found = [worker.average(start, end) for worker in workers]
    return Rates(
        sum(rates.hashrate for rates in found), sum(rates.rejected for rates in found)
    )
