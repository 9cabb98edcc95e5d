"""What thermal protection sees in a snapshot: what runs, what is paused, what changes."""

from collections.abc import Hashable
from typing import Final

from ..model import RIG, Quantity, Snapshot
from ..protection.data import Observation
from ..protection.limits import ChosenLimits, heats_of
from ..protection.machine import Protection
from ..readings import MINING
from .protection_choices import allowed
from .starter import STARTER_CONTROL

_MEASURED: Final = frozenset(
    (
        Quantity.HASHRATE,
        Quantity.POWER,
        Quantity.TEMPERATURE,
        Quantity.FAN_SPEED,
        Quantity.RATIO,
        Quantity.CLOCK,
        Quantity.VOLTAGE,
        Quantity.COUNTER,
    )
)
_ANY_LIMIT: Final = ChosenLimits(limit=100)


def observed(snapshot: Snapshot, *, is_pushed: bool) -> Observation:
    """Return what runs and what is paused, without temperatures.

    What a rig that pushes is allowed is an order; only its log shows what it does.
    """
    if is_pushed:
        return _observed_log(snapshot)
    running, paused = set(), set()
    for part in snapshot.parts.values():
        if part.kind.stands_alone:
            continue
        may, works = allowed(part), part.get(MINING.plain)
        is_order = part.controls.get(STARTER_CONTROL.channel) == STARTER_CONTROL
        if is_order and works is not None:
            # What a starter was ordered is no sign; the miner itself confirms it.
            may = works
        if may is False:
            paused.add(part.key)
        elif may is True or works:
            running.add(part.key)
    return Observation(running=frozenset(running), paused=frozenset(paused))


def _observed_log(snapshot: Snapshot) -> Observation:
    rig = snapshot.rig
    works = rig.get(MINING.plain)
    if works:
        return Observation(running=frozenset((RIG,)))
    # An ASIC whose relay has cut its power reports nothing at all.
    is_silent = works is None and not heats_of("", snapshot, _ANY_LIMIT)
    if allowed(rig) is False and (works is False or is_silent):
        return Observation(paused=frozenset((RIG,)))
    return Observation()


def measured_of(snapshot: Snapshot) -> Hashable:
    """Return all that is measured, to be compared with the next; None without a hashrate."""
    found = tuple(
        (part.key, channel.key, value)
        for part in snapshot.parts.values()
        for channel, value in part.values.items()
        if channel.reading.quantity in _MEASURED and not channel.reading.setting
    )
    is_complete = any(
        channel.reading.quantity is Quantity.HASHRATE for channel in snapshot.rig.values
    )
    return found if is_complete else None


def essence_of(machine: Protection) -> tuple[Hashable, ...]:
    """Return what of a machine has to be on disk before anything is done."""
    memory = machine.memory
    return (
        memory.state,
        memory.since,
        frozenset(memory.targets),
        frozenset(memory.ours),
        memory.confirmed,
        memory.stopped_at,
        memory.returns,
        tuple(memory.trips),
        memory.latched,
        frozenset(memory.repairs),
        machine.is_overheating,
    )
