"""The status of a rig: one word that follows from its readings and orders."""

from collections.abc import Iterable, Mapping
from typing import Any

from .model import HEAT_STOPS, Channel, Part, Value
from .readings import MINING, MINING_ALLOWED, NOT_FOLLOWING, STATUS, Status


def status_of(
    values: Mapping[Channel[Any], Value],
    parts: Iterable[Part],
    *,
    ordered: bool | None,
) -> Status | None:
    """Return the status of a rig that is online; None where it is not known.

    `values` are the rig's own, `parts` include it. `ordered` is the order to mine or not
    to mine that the rig has yet to follow, None without one. A status in `values` is what
    the source reports; orders, problems and heat take precedence over it.
    """
    allowed = values.get(MINING_ALLOWED.plain)
    mining = values.get(MINING.plain)
    if ordered is False:
        return Status.STOPPING
    if ordered and not (mining and allowed is not False):
        return Status.STARTING
    if values.get(NOT_FOLLOWING.plain):
        return Status.NOT_FOLLOWING
    if _is_stopped_by_heat(parts):
        return Status.HOT
    reported = values.get(STATUS.plain)
    if isinstance(reported, str) and reported in Status:
        return Status(reported)
    if allowed is False:
        return Status.PAUSED
    if mining is None:
        return None
    return Status.MINING if mining else Status.IDLE


def _is_stopped_by_heat(parts: Iterable[Part]) -> bool:
    """Return whether heat has stopped every part that reports this."""
    stops = [
        part.values[channel]
        for part in parts
        for channel in HEAT_STOPS
        if channel in part.values
    ]
    return bool(stops) and all(stops)
