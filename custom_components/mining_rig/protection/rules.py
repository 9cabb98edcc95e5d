"""What thermal protection does in each state at each event."""

from typing import Final

from ..model import RIG
from .data import Act, Event, Memory, Repair, State, Told
from .situation import Situation
from .stages import (
    act_on_return,
    begin_hold,
    cut,
    forget_trip,
    has_returned,
    pause,
    pause_again,
    repeat_if_refused,
    resume_if_allowed,
    second_stage,
    to_pause,
    trip,
    turn_off,
    watch,
    watch_or_hold,
)
from .table import ON, TABLE, Rule, rule

RISES: Final = 2
"""Readings in a row that rise after the pause, for the second stage to come early."""
METER_WITHIN: Final = 60.0
"""Seconds that a power meter may take to show that the power is off."""

_TRIPPED: Final = tuple(state for state in State if state.is_tripped)
_TOO_WARM: Final = (Event.HOT_READING, Event.WARM_READING)
_BELOW: Final = (Event.WARM_READING, Event.COOL_READING)
_READINGS: Final = (*_TOO_WARM, Event.COOL_READING)


# ---- before a trip


@rule("→ watching", (State.OFF,), (Event.SWITCHED_ON,), State.WATCHING, State.HOT)
def _begin(rig: Situation) -> None:
    rig.forget_when()
    watch_or_hold(rig)


@rule("→ off, nothing resumes", ON, (Event.SWITCHED_OFF,), State.OFF)
def _end(rig: Situation) -> None:
    rig.memory = Memory(repairs=rig.memory.repairs)
    forget_trip(rig)
    rig.enter(State.OFF)


@rule("hold time → hot", (State.WATCHING,), (Event.HOT_READING,), State.HOT)
def _get_hot(rig: Situation) -> None:
    begin_hold(rig)


@rule("hold time goes on", (State.HOT,), (Event.HOT_READING,))
def _hold(rig: Situation) -> None:
    rig.set_baseline()


@rule("counts as hot", (State.HOT,), (Event.SILENCE,))
def _stay_hot(_rig: Situation) -> None:
    """Only a reading ends the hold time."""


@rule("hold time goes on", (State.HOT,), (Event.RESTART,))
def _go_on_holding(rig: Situation) -> None:
    rig.due = rig.memory.since + rig.settings.hold


@rule("first stage → pausing", (State.HOT,), (Event.DUE,), State.PAUSING, State.CUT)
def _trip(rig: Situation) -> None:
    trip(rig)


@rule("→ watching", (State.HOT, State.STOPPED), _BELOW, State.WATCHING)
def _watch(rig: Situation) -> None:
    watch(rig)


@rule(
    "no trip → stopped", (State.HOT,), (Event.STOPPED, Event.POWER_OFF), State.STOPPED
)
def _let_stop(rig: Situation) -> None:
    rig.enter(State.STOPPED, rig.settings.patience)
    rig.tell(Told.STOPPED_BY_OTHERS)


@rule("hold time → hot", (State.STOPPED,), (Event.POWER_ON,), State.HOT)
def _hold_again(rig: Situation) -> None:
    rig.enter(State.HOT, rig.settings.hold)


@rule(
    "hold time → hot; after a long pause → watching",
    (State.STOPPED,),
    (Event.STARTED,),
    State.HOT,
    State.WATCHING,
)
def _let_start_stopped(rig: Situation) -> None:
    if rig.is_rested:
        watch_or_hold(rig)
    else:
        _hold_again(rig)


@rule("hotter again → hot", (State.STOPPED,), (Event.HOT_READING,), State.HOT)
def _watch_stopped(rig: Situation) -> None:
    if rig.due is None and rig.is_still_hot:
        begin_hold(rig)


@rule(
    "off, paused or cooler: stays; else first stage",
    (State.STOPPED,),
    (Event.DUE,),
    State.PAUSING,
    State.CUT,
)
def _judge_stopped(rig: Situation) -> None:
    # What seems to be off does not outweigh a rig that still reports heat.
    is_stopped = rig.is_off or rig.is_paused
    if rig.is_still_hot if rig.has_news else not is_stopped:
        trip(rig)


@rule("waits anew", (State.STOPPED,), (Event.RESTART,))
def _go_on_stopped(rig: Situation) -> None:
    rig.enter(State.STOPPED, rig.settings.patience)


# ---- the first stage


@rule(
    "paused and cool → paused; rising: second stage; another part hot: pause the rig",
    (State.PAUSING,),
    _READINGS,
    State.PAUSED,
    State.CUTTING,
    State.CUT,
)
def _watch_pause(rig: Situation) -> None:
    memory = rig.memory
    if has_returned(rig):
        return
    more = to_pause(rig, rig.hot_parts) - memory.targets
    if more and RIG not in memory.targets:
        rig.set_baseline()
        pause(rig, more)
    elif memory.confirmed and rig.is_cool:
        rig.enter(State.PAUSED)
    elif rig.rises >= RISES and rig.is_still_hot and rig.settings.has_power_switch:
        second_stage(rig)
    else:
        repeat_if_refused(rig)


@rule("refused: pause again", (State.PAUSING,), (Event.SILENCE,), State.CUTTING)
def _wait_for_pause(rig: Situation) -> None:
    if not has_returned(rig):
        repeat_if_refused(rig)


@rule("again at the next poll", (State.PAUSING,), (Event.REFUSED,))
def _note_refusal(rig: Situation) -> None:
    rig.is_refused = True


@rule(
    "paused or off, and cooler or silent → paused; else second stage",
    (State.PAUSING,),
    (Event.DUE,),
    State.PAUSED,
    State.CUTTING,
    State.CUT,
)
def _judge_pause(rig: Situation) -> None:
    is_stopped = rig.memory.confirmed or rig.is_off
    if is_stopped and not (rig.has_news and rig.is_still_hot):
        rig.enter(State.PAUSED)
    else:
        second_stage(rig)


@rule("pause again", (State.PAUSING,), (Event.RESTART,))
def _go_on_pausing(rig: Situation) -> None:
    pause_again(rig)


# ---- while it is paused


@rule(
    "runs: pause again, then second stage; hot again → pausing",
    (State.PAUSED,),
    _TOO_WARM,
    State.PAUSING,
    State.CUTTING,
    State.CUT,
)
def _watch_paused(rig: Situation) -> None:
    if has_returned(rig):
        return
    if rig.is_still_hot:
        rig.set_baseline()
        pause_again(rig)
    else:
        rig.forget_cooled()


@rule(
    "runs: pause again, then second stage",
    (State.PAUSED,),
    (Event.SILENCE,),
    State.PAUSING,
    State.CUTTING,
    State.CUT,
)
def _watch_silent(rig: Situation) -> None:
    has_returned(rig)


@rule(
    "pause never read back: as if it runs",
    (State.PAUSED,),
    (Event.POWER_ON,),
    State.PAUSING,
    State.CUTTING,
    State.CUT,
)
def _watch_power(rig: Situation) -> None:
    if not rig.memory.confirmed:
        act_on_return(rig)


@rule(
    "may resume → watching; runs: pause again",
    (State.PAUSED,),
    (Event.COOL_READING,),
    State.WATCHING,
    State.PAUSING,
    State.CUTTING,
    State.CUT,
)
def _cooled(rig: Situation) -> None:
    if not has_returned(rig):
        rig.forget_cooled()
        rig.memory.repairs.discard(Repair.STILL_HOT)
        resume_if_allowed(rig)


# ---- the second stage


@rule("pause again, 10 s anew", (State.CUTTING,), (Event.RESTART,))
def _go_on_cutting(rig: Situation) -> None:
    pause_again(rig)
    second_stage(rig)


@rule("power off → cut", (State.CUTTING,), (Event.DUE,), State.CUT)
def _cut(rig: Situation) -> None:
    cut(rig)


@rule("off again unless seen off", (State.CUT,), (Event.DUE,))
def _check_power(rig: Situation) -> None:
    if rig.is_off:
        return
    is_meter_late = rig.switch is False and rig.power_checks == 0
    rig.power_checks += 1
    if not is_meter_late:
        rig.tell_once(Told.POWER_STAYS_ON, Repair.POWER_STAYS_ON)
    turn_off(rig)
    rig.due = rig.now + METER_WITHIN


@rule("done", (State.CUT,), (Event.POWER_OFF,))
def _power_is_off(rig: Situation) -> None:
    if rig.due is not None:
        # A reading of just before may still be under way.
        rig.memory.since, rig.due = rig.now, None
    rig.memory.repairs.discard(Repair.POWER_STAYS_ON)


@rule("off again", (State.CUT,), (Event.POWER_ON,))
def _power_returned(rig: Situation) -> None:
    rig.tell(Told.RETURNED)
    turn_off(rig)


@rule("off again", (State.CUT,), (Event.RESTART,))
def _go_on_without_power(rig: Situation) -> None:
    turn_off(rig)


@rule("runs: pause it", (State.CUT,), (*_TOO_WARM, Event.SILENCE))
def _watch_cut(rig: Situation) -> None:
    """Notice a rig that does not hang on the switch."""
    if not rig.running or rig.now - rig.memory.since < METER_WITHIN:
        return
    rig.tell_once(Told.POWER_STAYS_ON, Repair.POWER_STAYS_ON)
    # Each pause makes more readings, which must not make more pauses.
    if rig.pause_from is None or rig.now >= rig.pause_from:
        rig.pause_from = rig.now + rig.settings.poll_interval
        rig.decide(Act.PAUSE, rig.running & rig.settings.pauses)


@rule(
    "may resume → watching; runs: pause it",
    (State.CUT,),
    (Event.COOL_READING,),
    State.WATCHING,
)
def _cooled_without_power(rig: Situation) -> None:
    if not resume_if_allowed(rig):
        _watch_cut(rig)


# ---- the owner


@rule("stays off", _TRIPPED, (Event.STOPPED,))
def _leave_off(rig: Situation) -> None:
    rig.memory.ours.clear()


@rule(
    "→ watching; latched: pause again",
    (State.PAUSING, State.PAUSED),
    (Event.STARTED,),
    State.WATCHING,
    State.HOT,
    State.PAUSING,
)
def _let_start(rig: Situation) -> None:
    if rig.memory.latched:
        pause_again(rig)
    else:
        watch_or_hold(rig)


@rule(
    "→ watching; latched: off again",
    (State.CUT,),
    (Event.STARTED,),
    State.WATCHING,
    State.HOT,
)
def _let_power_on(rig: Situation) -> None:
    if rig.memory.latched:
        turn_off(rig)
    else:
        watch_or_hold(rig)


@rule("latch ends", ON, (Event.RESET,))
def _end_latch(rig: Situation) -> None:
    rig.memory.latched = False
    rig.memory.trips = []


RULES: Final[dict[tuple[State, Event], Rule]] = TABLE
"""The table with all rules."""
