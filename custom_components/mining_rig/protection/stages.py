"""What several rules of thermal protection do: hold, pause, cut the power, resume."""

from typing import Final

from ..model import RIG
from .data import LATCH_WINDOW, MINIMUM_OFF, POWER, Act, Repair, State, Told, part_of
from .situation import Situation

FANS_RUN_ON: Final = 10.0
"""Seconds between the pause and the power."""
LATCHING_TRIPS: Final = 3
ALLOWED_RETURNS: Final = 1
"""How often what runs again by itself is paused again before the power goes."""
POWER_WITHIN: Final = 10.0
"""Seconds that the power switch may take."""


def watch(rig: Situation) -> None:
    """Forget a trip, and look whether a part gets hot."""
    forget_trip(rig)
    rig.enter(State.WATCHING)


def watch_or_hold(rig: Situation) -> None:
    """Watch; where a part is hot already, its hold time begins.

    What was measured before a long pause says nothing of it now.
    """
    if rig.is_rested:
        rig.excess = {}
    watch(rig)
    if rig.is_at_limit:
        begin_hold(rig)


def begin_hold(rig: Situation) -> None:
    """Give a hot part its hold time."""
    rig.enter(State.HOT, rig.settings.hold)
    rig.set_baseline()


def forget_trip(rig: Situation) -> None:
    """Forget what was hot, and what was stopped."""
    memory = rig.memory
    memory.baseline = {}
    memory.targets = set()
    memory.ours = set()
    memory.confirmed = False
    memory.returns = 0
    memory.stopped_at = None
    memory.repairs -= {Repair.STILL_HOT, Repair.POWER_STAYS_ON}


# ---- the first stage


def trip(rig: Situation) -> None:
    """Act on heat: pause, or cut the power of what cannot be paused."""
    memory = rig.memory
    memory.trips = [at for at in memory.trips if rig.now - at < LATCH_WINDOW]
    memory.trips.append(rig.now)
    rig.tell(Told.OVERHEATED)
    if len(memory.trips) >= LATCHING_TRIPS and not memory.latched:
        memory.latched = True
        rig.tell(Told.LATCHED)
    rig.set_baseline()
    parts = to_pause(rig, set(map(part_of, memory.baseline)) or {RIG})
    if parts or not rig.settings.has_power_switch:
        pause(rig, parts)
    else:
        cut(rig)


def to_pause(rig: Situation, hot: set[str]) -> set[str]:
    """Return what to pause for some hot parts: one card alone, else the rig."""
    pauses = rig.settings.pauses
    if RIG in pauses and hot and not (len(hot) == 1 and hot <= pauses):
        return {RIG}
    return hot & pauses


def pause(rig: Situation, parts: set[str]) -> None:
    """Order a pause, and wait for it to show and to help."""
    memory = rig.memory
    memory.ours |= parts - memory.targets - rig.paused - rig.settings.unwanted
    memory.targets |= parts
    memory.confirmed = False
    memory.stopped_at = rig.now
    rig.is_refused = False
    rig.rises = 0
    rig.take_paused(rig.paused)
    rig.enter(State.PAUSING, rig.settings.patience)
    rig.decide(Act.PAUSE, parts)


def pause_again(rig: Situation) -> None:
    """Order the pause anew, from the first second."""
    pause(rig, set(rig.memory.targets))


def repeat_if_refused(rig: Situation) -> None:
    """Order a pause once more that was refused; its time goes on."""
    if rig.is_refused:
        rig.is_refused = False
        rig.decide(Act.PAUSE, rig.memory.targets)


def has_returned(rig: Situation) -> bool:
    """Return whether what was paused runs again by itself, and act on it."""
    memory = rig.memory
    was_paused = memory.confirmed or memory.state is State.PAUSED
    if not (was_paused and memory.targets & rig.running):
        return False
    act_on_return(rig)
    return True


def act_on_return(rig: Situation) -> None:
    """Pause again what runs again; at the second time its power goes."""
    memory = rig.memory
    memory.returns += 1
    rig.tell(Told.RETURNED)
    pause_again(rig)
    if memory.returns > ALLOWED_RETURNS:
        second_stage(rig)


# ---- the second stage


def second_stage(rig: Situation) -> None:
    """Cut the power, ten seconds after the rig was paused; without a switch pause on."""
    memory, pauses = rig.memory, rig.settings.pauses
    if not rig.settings.has_power_switch:
        rig.tell_once(Told.STILL_HOT, Repair.STILL_HOT)
        pause(rig, {RIG} & pauses or set(memory.targets))
    elif RIG in pauses:
        if RIG not in memory.targets:
            pause(rig, {RIG})
        paused_at = rig.now if memory.stopped_at is None else memory.stopped_at
        rig.enter(State.CUTTING, max(0.0, paused_at + FANS_RUN_ON - rig.now))
    else:
        cut(rig)


def cut(rig: Situation) -> None:
    """Turn the power off."""
    memory = rig.memory
    if rig.switch is not False:
        memory.ours.add(POWER)
    memory.stopped_at = rig.now
    rig.power_checks = 0
    rig.tell(Told.POWER_CUT)
    rig.enter(State.CUT)
    turn_off(rig)


def turn_off(rig: Situation) -> None:
    """Order the power off, and wait for it to show."""
    rig.decide(Act.POWER_OFF)
    rig.due = rig.now + POWER_WITHIN


# ---- afterwards


def resume_if_allowed(rig: Situation) -> bool:
    """Resume what protection itself stopped, where and when that is allowed."""
    memory = rig.memory
    stopped_at = rig.now if memory.stopped_at is None else memory.stopped_at
    if (
        not rig.settings.may_resume
        or memory.latched
        or not memory.ours
        or rig.now - stopped_at < MINIMUM_OFF
    ):
        return False
    if POWER in memory.ours:
        rig.decide(Act.POWER_ON)
    rig.decide(Act.RESUME, memory.ours - {POWER})
    rig.tell(Told.RESUMED)
    watch(rig)
    return True
