"""The present hashrate of a rig beside the one that is normal for it."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ..model import RIG, Channel, Quantity, Snapshot, Value
from ..readings import EXPECTED_HASHRATE, HASHRATE, MINING, NORMAL_PERCENT
from ..watchdog import normal_percent


def with_normal(snapshot: Snapshot, usual: float | None) -> Snapshot:
    """Add what is normal and the percent of it to a snapshot.

    `usual` is the rig's usual hashrate in H/s; what the machine reports counts more.
    """
    values = {**snapshot.rig.values}
    if usual is not None and HASHRATE.plain in values:
        values.setdefault(EXPECTED_HASHRATE.plain, usual)
    percent = normal_percent(rate_of(values), normal_of(values, usual))
    if percent is not None:
        values[NORMAL_PERCENT.plain] = percent
    if len(values) == len(snapshot.rig.values):
        return snapshot
    rig = replace(snapshot.rig, values=values)
    return replace(snapshot, parts={**snapshot.parts, RIG: rig})


def normal_of(
    values: Mapping[Channel[Any], Value], usual: float | None
) -> float | None:
    """Return the hashrate that the machine itself expects, else the usual one."""
    expected = values.get(EXPECTED_HASHRATE.plain)
    return expected if isinstance(expected, float | int) else usual


def rate_of(values: Mapping[Channel[Any], Value]) -> float | None:
    """Return the rig's hashrate, in the unit of whatever it mines; None if not known."""
    if (rate := values.get(HASHRATE.plain)) is None:
        rate = next((v for c, v in values.items() if _is_rate(c)), None)
    if rate is None and values.get(MINING.plain) is False:
        return 0.0
    return rate if isinstance(rate, int | float) else None


def _is_rate(channel: Channel[Any]) -> bool:
    """Return whether a channel is the hashrate of another kind of work."""
    reading = channel.reading
    return (
        reading.quantity is Quantity.HASHRATE
        and reading.unit != HASHRATE.unit
        and channel is reading.plain
    )
