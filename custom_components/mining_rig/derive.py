"""Readings derived from readings, only where the rig did not report them."""

from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final

from .efficiency import PowerSteps, is_of_one_work, is_same_work, put_efficiency
from .energy import Pace, RisingTotal, load_rising
from .model import (
    RIG,
    UPTIMES,
    Channel,
    Part,
    PartKind,
    Quantity,
    Snapshot,
    Value,
    Window,
)
from .plausible import SHARE_PACE, energy_pace
from .readings import (
    ACCEPTANCE,
    ACCEPTED,
    ENERGY,
    HASHRATE,
    INVALID,
    MINING,
    MINING_ALLOWED,
    POWER,
    POWER_ESTIMATE,
    REJECTED,
    STARTED,
)
from .windows import LENGTHS

_SUMMED: Final[tuple[Channel[float], ...]] = (
    HASHRATE.plain,
    *(HASHRATE.channel(window) for window in Window),
)
_COUNTED: Final[tuple[Channel[Any], ...]] = (
    ACCEPTED.plain,
    REJECTED.plain,
    INVALID.plain,
)
_ALWAYS_DRAWING: Final = frozenset((PartKind.GPU, PartKind.HASHBOARD))
"""A processor draws what the rest of its computer does, unless it works."""
_WORKED: Final = "worked"
_SAME_POWER: Final = 0.01
_JITTER: Final = timedelta(seconds=60)
"""A miner counts its uptime in seconds of its own clock."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PowerSettings:
    """How the owner wants the rig's power known, best first."""

    meter: bool = False
    """A power meter measures the whole rig; nothing else counts then."""
    base: float = 0.0
    """W that the rig takes beside what its parts measure."""
    rated: float | None = None
    """W that the rig takes while it works, where nothing is measured."""


@dataclass(slots=True)
class Derivation:
    """Completes a rig's snapshots, with state that a single one does not hold."""

    settings: PowerSettings = PowerSettings()
    _totals: dict[str, RisingTotal] = field(default_factory=dict)
    _starts: dict[tuple[str, Channel[Any]], datetime] = field(default_factory=dict)
    _reporters: dict[str, set[str]] = field(default_factory=dict)
    """Keys of the parts that have reported a summed channel, by the channel's key.

    Also of those that have ever worked.
    """
    _steps: PowerSteps = field(default_factory=PowerSteps)
    _now: datetime | None = None
    counted: float = 0.0
    """Wh by which energy counters of the rig's own rose with the last snapshot."""

    def complete(
        self,
        snapshot: Snapshot,
        metered: float | None = None,
        now: datetime | None = None,
    ) -> Snapshot:
        """Return the snapshot with what follows from it.

        `metered` is what the power meter shows in W, None while it shows nothing. `now`
        is when the snapshot was read; without it every increase is believed.
        """
        self._now = now
        rig = _without_unfilled(self._steady(snapshot.rig), now)
        started = rig.get(STARTED.plain)
        parts = {
            key: self._complete_part(part, now, started)
            for key, part in snapshot.parts.items()
            if key != RIG
        }
        values: dict[Channel[Any], Value] = dict(rig.values)
        inside = [part for part in parts.values() if not part.kind.stands_alone]
        self._note_work(inside)
        self._add_sums(values, rig, inside)
        self._add_counters(values, inside)
        self._add_energy(values, inside)
        _add_mining(values)
        self._add_power(values, inside, metered)
        _add_hottest(values, (rig, *inside))
        _add_acceptance(values)
        if is_of_one_work(values.get(HASHRATE.plain), inside):
            put_efficiency(values, rig.with_values(values), self._steps, now)
        return replace(snapshot, parts={RIG: rig.with_values(values), **parts})

    def _complete_part(
        self, part: Part, now: datetime | None, started: datetime | None
    ) -> Part:
        own = None if part.kind.stands_alone else started
        part = _without_unfilled(self._rising(self._steady(part)), now, own)
        if POWER.plain not in part.values:
            return part
        values = dict(part.values)
        put_efficiency(values, part, self._steps, now)
        return part.with_values(values)

    def _note_work(self, inside: list[Part]) -> None:
        """Note which parts work, until they do not while others do."""
        rates = [(part.key, part.values.get(HASHRATE.plain)) for part in inside]
        if working := {key for key, rate in rates if rate}:
            worked = self._reporters.setdefault(_WORKED, set())
            worked |= working
            worked -= {key for key, rate in rates if rate == 0}

    def _steady(self, part: Part) -> Part:
        """Keep each start moment until it really moved."""
        moved: dict[Channel[Any], Value] = {}
        for channel in UPTIMES.intersection(part.values):
            value = part.values[channel]
            if not isinstance(value, datetime):
                continue
            kept = self._starts.get((part.key, channel))
            if kept is not None and abs(value - kept) < _JITTER:
                moved[channel] = kept
            else:
                self._starts[part.key, channel] = value
        return part.with_values({**part.values, **moved}) if moved else part

    def _sum(self, channel: Channel[Any], inside: list[Part]) -> float | None:
        """Add up a channel of the parts; None if one of them lacks it now.

        Seven of eight cards are not the rig. A part that is absent is not counted.
        """
        found = {
            part.key: part.values[channel] for part in inside if channel in part.values
        }
        reporters = self._reporters.setdefault(channel.key, set())
        reporters.update(found)
        missing = reporters.difference(found)
        if not found or any(part.key in missing for part in inside):
            return None
        return sum(_numbers(found.values()))

    def _are_all(self, known: Container[str], inside: list[Part]) -> bool:
        """Return whether those are all parts that draw power of their own.

        Six of ten cards are not the rig, and neither are cards beside a processor that
        works, even if the others never report anything.
        """
        measuring = self._reporters.get(POWER.plain.key, set())
        worked = self._reporters.get(_WORKED, set())
        return all(
            part.key in known
            for part in inside
            # One that reports nothing at all may not be there.
            if (part.kind in _ALWAYS_DRAWING and part.values)
            or part.key in measuring
            or part.key in worked
        )

    def _add_sums(
        self, values: dict[Channel[Any], Value], rig: Part, inside: list[Part]
    ) -> None:
        hashing = [part for part in inside if HASHRATE.plain in part.values]
        for channel in _SUMMED:
            if channel in values:
                continue
            if not is_same_work(channel, (rig, *hashing)):
                continue
            if any(channel not in part.values for part in hashing):
                # A window that is not full yet for one of them is not for the rig.
                continue
            if (total := self._sum(channel, inside)) is not None:
                values[channel] = total

    def _add_counters(
        self, values: dict[Channel[Any], Value], inside: list[Part]
    ) -> None:
        for channel in _COUNTED:
            if channel in values:
                continue
            counts = {p.key: p.values[channel] for p in inside if channel in p.values}
            if counts:
                values[channel] = int(self._total(channel.key, counts, SHARE_PACE))

    def _rising(self, part: Part) -> Part:
        """Let a part's own energy counter rise where it restarts with its driver."""
        energy = ENERGY.plain
        if energy not in part.values:
            return part
        total = self._total(
            _energy_of(part.key),
            {part.key: part.values[energy]},
            energy_pace(part.kind),
        )
        return part.with_values({**part.values, energy: total})

    def _add_energy(
        self, values: dict[Channel[Any], Value], inside: list[Part]
    ) -> None:
        """Add up energy counters, where they cover all that the rig measures.

        Otherwise there is no value, and the rig's energy follows from its power.
        """
        energy = ENERGY.plain
        counts = {p.key: p.values[energy] for p in inside if energy in p.values}
        if energy in values:
            counts = {RIG: values[energy]}
        counters = self._totals.setdefault(energy.key, RisingTotal())
        before = counters.total
        kinds = {PartKind.RIG} if energy in values else {p.kind for p in inside}
        self._total(energy.key, counts, energy_pace(*kinds))
        self.counted = counters.total - before
        drawing = [part for part in inside if POWER.plain in part.values]
        if RIG in counters.last or (
            counters.last
            and POWER.plain not in values
            and all(part.key in counters.last for part in drawing)
            and self._are_all(counters.last, inside)
        ):
            values[energy] = counters.total
        else:
            values.pop(energy, None)

    def _total(self, key: str, counts: Mapping[str, Value], pace: Pace) -> float:
        total = self._totals.setdefault(key, RisingTotal())
        numbers = dict(zip(counts, _numbers(counts.values()), strict=True))
        return total.add(numbers, self._now, pace)

    def _add_power(
        self,
        values: dict[Channel[Any], Value],
        inside: list[Part],
        metered: float | None,
    ) -> None:
        power = POWER.plain
        if self.settings.meter:
            values.pop(power, None)
            if metered is not None:
                values[power] = metered
            return
        total = self._sum(power, inside)
        is_whole = self._are_all(self._reporters[power.key], inside)
        base, rated = self.settings.base, self.settings.rated
        if power in values:
            (measured,) = _numbers([values[power]])
            if total is None or is_whole or not _is_same(measured, total):
                values[power] = measured + base
                return
            # The rig itself only adds up what its parts report.
            del values[power]
        if total is not None and (is_whole or base):
            # The rest of its power is what its owner says.
            values[power] = total + base
        elif (
            rated is not None
            and not (is_whole and self._reporters[power.key])
            and values.get(MINING.plain)
        ):
            # The power of an idle rig is not known, so there is no value then.
            values[POWER_ESTIMATE.plain] = rated

    def set_energy(self, part: str, total: float) -> float:
        """Set a part's own energy, in Wh; return what it was."""
        counted = self._totals.setdefault(_energy_of(part), RisingTotal())
        before, counted.total = counted.total, total
        return before

    def dump(self) -> dict[str, Any]:
        """Return what must survive a restart, as JSON."""
        return {
            "totals": {key: total.dump() for key, total in self._totals.items()},
            "tellers": {key: sorted(parts) for key, parts in self._reporters.items()},
        }

    def load(self, stored: Any) -> None:
        """Load what was dumped; invalid items are left out."""
        if not isinstance(stored, dict):
            return
        for key, total in dict(stored.get("totals") or {}).items():
            try:
                self._totals[key] = load_rising(total)
            except KeyError, TypeError, ValueError, AttributeError:
                continue
        for key, parts in dict(stored.get("tellers") or {}).items():
            if isinstance(parts, list):
                self._reporters[key] = set(map(str, parts))


def _energy_of(part: str) -> str:
    """Return the key of the total of a part's own energy counter."""
    return f"{ENERGY.key}_{part}"


def _numbers(values: Iterable[Value]) -> list[float]:
    return [value for value in values if isinstance(value, int | float)]


def _is_same(one: float, other: float) -> bool:
    return abs(one - other) <= _SAME_POWER * max(one, other)


def _without_unfilled(
    part: Part, now: datetime | None, started: datetime | None = None
) -> Part:
    """Leave out a 0 over more time than the miner has run: it is no average yet."""
    started = part.get(STARTED.plain) or started
    if now is None or started is None:
        return part
    unfilled = [
        channel
        for channel, value in part.values.items()
        if channel.window is not None
        and not value
        and channel.reading.quantity is Quantity.HASHRATE
        and now - started < LENGTHS[channel.window]
    ]
    if not unfilled:
        return part
    left = (item for item in part.values.items() if item[0] not in unfilled)
    return part.with_values(dict(left))


def _add_hottest(values: dict[Channel[Any], Value], parts: Iterable[Part]) -> None:
    """Add the highest temperature of each kind of place."""
    measured: dict[Channel[float], list[Value]] = {}
    for part in parts:
        for channel, value in part.values.items():
            if (hottest := channel.reading.hottest) is not None:
                measured.setdefault(hottest.plain, []).append(value)
    for channel, found in measured.items():
        values.setdefault(channel, max(_numbers(found)))


def _add_mining(values: dict[Channel[Any], Value]) -> None:
    if MINING.plain not in values and HASHRATE.plain in values:
        allowed = values.get(MINING_ALLOWED.plain, True)
        values[MINING.plain] = bool(allowed and values[HASHRATE.plain])


def _add_acceptance(values: dict[Channel[Any], Value]) -> None:
    if ACCEPTANCE.plain in values or ACCEPTED.plain not in values:
        return
    if REJECTED.plain not in values:
        return
    accepted, *lost = _numbers(
        values.get(channel, 0)
        for channel in (ACCEPTED.plain, REJECTED.plain, INVALID.plain)
    )
    if total := accepted + sum(lost):
        values[ACCEPTANCE.plain] = 100 * accepted / total
