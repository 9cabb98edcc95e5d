"""Readings derived from readings, only where the rig did not report them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final

from .energy import RisingTotal, load_rising
from .model import RIG, UPTIMES, Channel, Part, Quantity, Snapshot, Value, Window
from .readings import (
    ACCEPTANCE,
    ACCEPTED,
    EFFICIENCY,
    ENERGY,
    HASHRATE,
    HOTTEST,
    INVALID,
    MINING,
    MINING_ALLOWED,
    POWER,
    POWER_ESTIMATE,
    REJECTED,
)

_SUMMED: Final[tuple[Channel[float], ...]] = (
    HASHRATE.plain,
    *(HASHRATE.channel(window) for window in Window),
)
_COUNTED: Final[tuple[Channel[Any], ...]] = (
    ACCEPTED.plain,
    REJECTED.plain,
    INVALID.plain,
)
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
    """Keys of the parts that have reported a summed channel, by the channel's key."""
    counted: float = 0.0
    """Wh by which energy counters of the rig's own rose with the last snapshot."""

    def complete(self, snapshot: Snapshot, metered: float | None = None) -> Snapshot:
        """Return the snapshot with what follows from it.

        `metered` is what the power meter shows in W, None while it shows nothing.
        """
        parts = {
            key: _with_efficiency(self._rising(self._steady(part)))
            for key, part in snapshot.parts.items()
            if key != RIG
        }
        rig = self._steady(snapshot.rig)
        values: dict[Channel[Any], Value] = dict(rig.values)
        inside = [part for part in parts.values() if not part.kind.stands_alone]
        self._add_sums(values, inside)
        self._add_counters(values, inside)
        self._add_energy(values, inside)
        _add_mining(values)
        self._add_power(values, inside, metered)
        _add_hottest(values, (rig, *inside))
        _add_acceptance(values)
        whole = _with_efficiency(rig.with_values(values))
        return replace(snapshot, parts={RIG: whole, **parts})

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

    def _add_sums(self, values: dict[Channel[Any], Value], inside: list[Part]) -> None:
        hashing = [part for part in inside if HASHRATE.plain in part.values]
        for channel in _SUMMED:
            if channel in values:
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
                values[channel] = int(self._total(channel.key, counts))

    def _rising(self, part: Part) -> Part:
        """Let a part's own energy counter rise where it restarts with its driver."""
        energy = ENERGY.plain
        if energy not in part.values:
            return part
        total = self._total(f"{energy.key}_{part.key}", {part.key: part.values[energy]})
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
        self._total(energy.key, counts)
        self.counted = counters.total - before
        measuring = self._reporters.get(POWER.plain.key, set())
        if RIG in counters.last or (
            counters.last
            and POWER.plain not in values
            and all(
                part.key in counters.last
                for part in inside
                if POWER.plain in part.values or part.key in measuring
            )
        ):
            values[energy] = counters.total
        else:
            values.pop(energy, None)

    def _total(self, key: str, counts: Mapping[str, Value]) -> float:
        total = self._totals.setdefault(key, RisingTotal())
        return total.add(dict(zip(counts, _numbers(counts.values()), strict=True)))

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
        if power in values:
            (measured,) = _numbers([values[power]])
            values[power] = measured + self.settings.base
            return
        if (total := self._sum(power, inside)) is not None:
            values[power] = total + self.settings.base
        elif (
            self.settings.rated is not None
            and not self._reporters.get(power.key)
            and values.get(MINING.plain)
        ):
            # The power of an idle rig is not known, so there is no value then.
            values[POWER_ESTIMATE.plain] = self.settings.rated

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


def _numbers(values: Iterable[Value]) -> list[float]:
    return [value for value in values if isinstance(value, int | float)]


def _with_efficiency(part: Part) -> Part:
    """Add J per hash where power and hashrate are known and work is done."""
    power = part.values.get(POWER.plain)
    hashrate = part.values.get(HASHRATE.plain)
    if not power or not hashrate or EFFICIENCY.plain in part.values:
        return part
    watts, rate = _numbers((power, hashrate))
    return part.with_values({**part.values, EFFICIENCY.plain: watts / rate})


def _add_hottest(values: dict[Channel[Any], Value], parts: Iterable[Part]) -> None:
    if HOTTEST.plain in values:
        return
    measured = [
        value
        for part in parts
        for channel, value in part.values.items()
        if channel.reading.quantity is Quantity.TEMPERATURE
        and not channel.reading.setting
    ]
    if measured:
        values[HOTTEST.plain] = max(_numbers(measured))


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
