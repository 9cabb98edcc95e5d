"""Readings that no device can mean: they are left out before anything follows from them.

The ranges are in `platforms.ROWS`, one for each quantity. What is set is no reading: a
clock offset may be negative, a limit may be -1.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
import sys
from typing import Any, Final

from .energy import Pace
from .model import RIG, Channel, Part, PartKind, Quantity, Snapshot, Value
from .platforms import ROWS
from .readings import EFFICIENCY, POWER

_LARGEST: Final = sys.float_info.max
"""Infinity and NaN are no numbers of any quantity."""
type _Range = tuple[float, float, frozenset[float]]
"""The lowest, the highest, and what is never believed between them."""

_RANGES: Final[dict[PartKind, dict[Channel[Any], _Range | None]]] = {
    kind: {} for kind in PartKind
}
"""Looked up for every value of every poll, so kept by channel."""

_NUMBERS: Final = (int, float)
_METER_DRIFT: Final = 50.0
_BESIDE_PARTS: Final = 2_000.0
"""W that fans, pumps, memory, disks and the loss of the supplies take at most."""


def most_watts(kind: PartKind) -> float:
    """Return the highest power that a part of a kind can take, in W."""
    return _range(Quantity.POWER, kind)[1]


def most_watts_of_rig(kinds: Iterable[PartKind]) -> float:
    """Return the highest power that a rig with such parts inside can take, in W."""
    inside = [most_watts(kind) for kind in kinds if _is_inside(kind)]
    whole = most_watts(PartKind.RIG)
    return min(whole, sum(inside) + _BESIDE_PARTS) if inside else whole


def energy_pace(*kinds: PartKind) -> Pace:
    """Return how fast an energy counter (Wh) of parts of such kinds can rise.

    Many counters have steps of 1 kWh, and one may be read right after another.
    """
    most = max((most_watts(kind) for kind in kinds), default=0.0)
    return Pace(rate=most / 3600, step=2_000)


SHARE_PACE: Final = Pace(rate=100, step=1_000)
"""No part finds a hundred shares a second for long; pools raise the difficulty."""


def plausible_watts(watts: float) -> float | None:
    """Return what a meter of a whole rig shows in W, None where it cannot be.

    Idle plugs may show a slightly negative power, which is 0.
    """
    return (
        max(watts, 0.0) if -_METER_DRIFT <= watts <= most_watts(PartKind.RIG) else None
    )


def plausible(snapshot: Snapshot) -> Snapshot:
    """Return the snapshot without the readings that cannot be; they are not known.

    Their channels are named in `unparsed`.
    """
    found = {key: _unbelievable(part) for key, part in snapshot.parts.items()}
    found[RIG] += _rig_power(snapshot, found[RIG])
    if not any(found.values()):
        return snapshot
    parts = {
        key: part.with_values(_without(part.values, found[key])) if found[key] else part
        for key, part in snapshot.parts.items()
    }
    left_out = dict.fromkeys(c.key for channels in found.values() for c in channels)
    return replace(
        snapshot,
        parts=parts,
        unparsed=tuple(dict.fromkeys((*snapshot.unparsed, *left_out))),
    )


def _unbelievable(part: Part) -> list[Channel[Any]]:
    result = []
    ranges = _RANGES[part.kind]
    for channel, value in part.values.items():
        try:
            found = ranges[channel]
        except KeyError:
            found = ranges[channel] = _range_of(channel, part.kind)
        if (
            found is not None
            and isinstance(value, _NUMBERS)
            and (not found[0] <= value <= found[1] or value in found[2])
        ):
            result.append(channel)
    if POWER.plain in result and EFFICIENCY.plain in part.values:
        # What the miner computed from it is as wrong.
        result.append(EFFICIENCY.plain)
    return result


def _rig_power(snapshot: Snapshot, found: list[Channel[Any]]) -> list[Channel[Any]]:
    """Return the rig's power where its parts together cannot take it."""
    watts = snapshot.rig.values.get(POWER.plain)
    if POWER.plain in found or not isinstance(watts, int | float):
        return []
    most = most_watts_of_rig(part.kind for part in snapshot.parts.values())
    return [POWER.plain] if watts > most else []


def _without(
    values: Mapping[Channel[Any], Value], left_out: list[Channel[Any]]
) -> dict[Channel[Any], Value]:
    return {c: value for c, value in values.items() if c not in left_out}


def _is_inside(kind: PartKind) -> bool:
    return kind is not PartKind.RIG and not kind.stands_alone


def _range_of(channel: Channel[Any], kind: PartKind) -> _Range | None:
    """Return what is plausible for a channel; None for what is set, and for no number."""
    reading = channel.reading
    if reading.setting or ROWS[reading.quantity].number is None:
        return None
    return _range(reading.quantity, kind)


def _range(quantity: Quantity, kind: PartKind) -> _Range:
    row = ROWS[quantity].plausible
    if row is None:
        return -_LARGEST, _LARGEST, frozenset()
    return row.lowest, row.highest_of.get(kind, row.highest), row.never
