"""Thermal protection of one rig, as a state machine without clock, task or Home Assistant.

Its caller hands over what happened with the present monotonic seconds, does what is
decided in that order, and calls `tick` at `due`. What happens in which state is the
table in `rules.py`.
"""

from collections.abc import Iterable

from .data import (
    Act,
    Decision,
    Event,
    Heat,
    Memory,
    Observation,
    Repair,
    Settings,
    State,
    Told,
)
from .rules import RULES
from .situation import Situation


class Protection:
    """The machine of one rig. Moments (`now`) are monotonic seconds."""

    def __init__(self, settings: Settings, memory: Memory | None = None) -> None:
        """Start with what was remembered; `restart` goes on with it."""
        self._situation = Situation(settings, memory or Memory())

    # ---- what is shown

    @property
    def settings(self) -> Settings:
        """What the owner chose; may be replaced at any time."""
        return self._situation.settings

    @settings.setter
    def settings(self, settings: Settings) -> None:
        self._situation.settings = settings

    @property
    def memory(self) -> Memory:
        """What must survive a restart."""
        return self._situation.memory

    @property
    def hottest(self) -> Heat | None:
        """The sensor nearest to its limit, or furthest above it, at the last reading."""
        return self._situation.hottest

    @property
    def is_overheating(self) -> bool:
        """Whether a part is too hot, or was stopped and has not yet cooled."""
        match self.memory.state:
            case State.OFF:
                return False
            case State.WATCHING:
                return self._situation.is_at_limit
            case _:
                return not (self._situation.is_cool or self._situation.is_rested)

    @property
    def due(self) -> float | None:
        """When `tick` is to be called next, None while nothing waits."""
        situation = self._situation
        if Repair.NO_READING in self.memory.repairs:
            return situation.due
        waits = (situation.due, situation.blind_from)
        return min((at for at in waits if at is not None), default=None)

    # ---- what happens

    def observe(self, seen: Observation, now: float) -> tuple[Decision, ...]:
        """Take an answer or a log; one without temperatures is no reading."""
        situation = self._situation
        situation.now = now
        situation.take(seen)
        if not seen.heats:
            return self._step(now, Event.SILENCE)
        if situation.is_at_limit:
            return self._step(now, Event.HOT_READING)
        return self._step(
            now, Event.COOL_READING if situation.is_cool else Event.WARM_READING
        )

    def silence(self, now: float) -> tuple[Decision, ...]:
        """Take a failed poll, or that the rig is offline."""
        self._situation.running = frozenset()
        return self._step(now, Event.SILENCE)

    def confirmed(self, part: str, now: float) -> tuple[Decision, ...]:
        """Take that the pause of a part was read back."""
        self._situation.take_pause(part)
        return self._step(now)

    def refused(self, now: float) -> tuple[Decision, ...]:
        """Take that the rig refused to pause, or did not answer to it."""
        return self._step(now, Event.REFUSED)

    def power(
        self, switch: bool | None, watts: float | None, now: float
    ) -> tuple[Decision, ...]:
        """Take the power switch and the measured power (W); None where not known."""
        situation = self._situation
        was_on = situation.is_on
        situation.switch, situation.watts = switch, watts
        if situation.is_off:
            return self._step(now, Event.POWER_OFF)
        returned = situation.is_on and not was_on
        return self._step(now, *((Event.POWER_ON,) if returned else ()))

    def see_power(self, switch: bool | None, watts: float | None) -> None:
        """Take how the power was found at a start, which is no change of it."""
        self._situation.switch, self._situation.watts = switch, watts

    def stopped(self, now: float) -> tuple[Decision, ...]:
        """Take an "off" of the owner or of an automation, to the rig or its power."""
        return self._step(now, Event.STOPPED)

    def started(self, now: float) -> tuple[Decision, ...]:
        """Take an "on" of the owner or of an automation."""
        return self._step(now, Event.STARTED)

    def reset(self, now: float) -> tuple[Decision, ...]:
        """Let go of a latch; what was stopped may resume once it is cool."""
        return self._step(now, Event.RESET)

    def switch_on(self, now: float) -> tuple[Decision, ...]:
        """Switch protection on."""
        return self._step(now, Event.SWITCHED_ON)

    def switch_off(self, now: float) -> tuple[Decision, ...]:
        """Switch protection off; what it stopped stays off."""
        return self._step(now, Event.SWITCHED_OFF)

    def restart(self, now: float) -> tuple[Decision, ...]:
        """Go on with what was remembered after a restart of Home Assistant."""
        self._situation.now = now
        self._situation.forget_when()
        return self._step(now, Event.RESTART)

    def tick(self, now: float) -> tuple[Decision, ...]:
        """Take that time has passed."""
        return self._step(now)

    def _step(self, now: float, *events: Event) -> tuple[Decision, ...]:
        situation = self._situation
        situation.now, situation.decisions = now, []
        before = set(self.memory.repairs)
        for event in events:
            self._apply(event)
        while situation.due is not None and situation.due <= now:
            situation.due = None
            self._apply(Event.DUE)
        self._look_for_readings()
        self._note_repairs(before)
        return tuple(situation.decisions)

    def _apply(self, event: Event) -> None:
        if (rule := RULES.get((self.memory.state, event))) is not None:
            rule.apply(self._situation)

    def _look_for_readings(self) -> None:
        """Notice a rig that mines without a temperature, or always with the same."""
        situation, repairs = self._situation, self.memory.repairs
        blind_from = situation.blind_from
        if blind_from is not None and situation.now >= blind_from:
            situation.tell_once(Told.NO_READING, Repair.NO_READING)
        else:
            repairs.discard(Repair.NO_READING)
        if situation.is_frozen:
            situation.tell_once(Told.FROZEN, Repair.FROZEN)
        else:
            repairs.discard(Repair.FROZEN)

    def _note_repairs(self, before: Iterable[Repair]) -> None:
        """Decide on the repairs that begin or are over."""
        memory, decisions = self.memory, self._situation.decisions
        for repair, is_so in (
            (Repair.OVERHEATED, memory.state.is_tripped),
            (Repair.LATCHED, memory.latched),
        ):
            (memory.repairs.add if is_so else memory.repairs.discard)(repair)
        for act, changed in (
            (Act.REPAIR, memory.repairs.difference(before)),
            (Act.REPAIR_OVER, set(before) - memory.repairs),
        ):
            decisions += [
                Decision(act=act, subject=repair.value, heat=self.hottest)
                for repair in sorted(changed)
            ]
