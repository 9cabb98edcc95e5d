"""What thermal protection knows of its rig at one moment, and what its rules do with it."""

from collections.abc import Hashable, Iterable
from typing import Final

from ..model import RIG
from .data import (
    MINIMUM_OFF,
    Act,
    Decision,
    Heat,
    Memory,
    Observation,
    Repair,
    Settings,
    State,
    Told,
    part_of,
)

COOLER: Final = 2.0
"""°C by which a part has to be cooler than at the trip for a stage to have helped."""
OFF_WATTS: Final = 20.0
"""Below this measured power a rig is off."""
BLIND_AFTER: Final = 60.0
"""Seconds that a rig may mine without a temperature."""
FROZEN_AFTER: Final = 300.0
"""Seconds that everything measured of a rig that mines may stay the same."""


class Situation:
    """The memory, the last reading and the power of a rig, and the decisions so far."""

    def __init__(self, settings: Settings, memory: Memory) -> None:
        """Start with what was remembered, and without a reading."""
        self.settings = settings
        self.memory = memory
        self.now = memory.since
        self.due: float | None = None
        """When the present state's time is up."""
        self.decisions: list[Decision] = []
        self.seen = Observation()
        """The last reading with a temperature."""
        self.excess: dict[str, float] = {}
        """°C above the limit by the sensor's key, at the last reading."""
        self.latest: dict[str, float] = {}
        """The same by the latest answer, also where it has no temperature."""
        self.running: frozenset[str] = frozenset()
        """The parts that run by the latest answer; none in a silence."""
        self.last_running: frozenset[str] = frozenset()
        """Those that ran when it last answered."""
        self.paused: frozenset[str] = frozenset()
        self.rises = 0
        """Readings in a row that were hotter than the one before."""
        self.is_refused = False
        """The pause has to be ordered again."""
        self.switch: bool | None = None
        self.watts: float | None = None
        self.power_checks = 0
        """How often the power was still on after it was turned off."""
        self.pause_from: float | None = None
        """When to pause again what runs without its power."""
        self._seen_at = self._mining_unseen_from = self._measured_at = self.now
        self._measured: Hashable = None

    # ---- what comes in

    def take(self, seen: Observation) -> None:
        """Take an answer or a log of the present moment."""
        self.latest = seen.excess()
        if seen.heats or not self.last_running:
            self._mining_unseen_from = self.now
        self.running = self.last_running = seen.running
        self.take_paused(seen.paused)
        if seen.measured is None or seen.measured != self._measured:
            self._measured, self._measured_at = seen.measured, self.now
        if not seen.heats:
            return
        before, self.excess = self.excess, seen.excess()
        self.seen, self._seen_at = seen, self.now
        is_stopped = self.memory.state is State.STOPPED and self.is_paused
        if self.memory.state in (State.HOT, State.STOPPED) and not is_stopped:
            # A sensor that disappears while it is hot counts as hot.
            self.excess = {**self.memory.baseline, **self.excess}
        is_rising = bool(before) and max(self.excess.values()) > max(before.values())
        self.rises = self.rises + 1 if is_rising else 0

    def take_pause(self, part: str) -> None:
        """Take that the pause of a part was read back."""
        self.running -= {part}
        self.last_running -= {part}
        self.take_paused(self.paused | {part})

    def take_paused(self, paused: frozenset[str]) -> None:
        """Take which parts are seen not to be allowed to mine."""
        self.paused = paused
        targets = self.memory.targets
        if targets and (targets <= paused or RIG in paused):
            self.memory.confirmed = True

    def forget_when(self) -> None:
        """Count the time without a reading, and with the same one, from now."""
        self._seen_at = self._mining_unseen_from = self._measured_at = self.now

    # ---- what is so

    @property
    def hottest(self) -> Heat | None:
        """The sensor nearest to its limit, or furthest above it, at the last reading."""
        return max(self.seen.heats, key=lambda heat: heat.excess, default=None)

    @property
    def is_at_limit(self) -> bool:
        """Whether a sensor is at its limit or above."""
        return any(excess >= 0 for excess in self.excess.values())

    @property
    def is_cool(self) -> bool:
        """Whether every sensor is below "resume below", and none that was hot is missing."""
        margin = self.settings.margin
        return (
            bool(self.excess)
            and self.memory.baseline.keys() <= self.excess.keys()
            and all(excess < -margin for excess in self.excess.values())
        )

    @property
    def is_rested(self) -> bool:
        """Whether it was paused for long enough, and measures nothing of what was hot.

        Many machines report no temperature while they are paused.
        """
        memory, margin = self.memory, self.settings.margin
        stopped_at = memory.since if memory.stopped_at is None else memory.stopped_at
        return (
            memory.state in (State.PAUSED, State.STOPPED)
            and self.is_paused
            and memory.baseline.keys().isdisjoint(self.latest)
            and all(excess < -margin for excess in self.latest.values())
            and self.now - stopped_at >= MINIMUM_OFF
        )

    @property
    def is_still_hot(self) -> bool:
        """Whether a sensor is neither cool nor 2 °C cooler than at the trip.

        One that was not hot then is still hot at its limit or above.
        """
        baseline, margin = self.memory.baseline, self.settings.margin
        return any(
            excess >= -margin and excess > baseline[key] - COOLER
            if key in baseline
            else excess >= 0
            for key, excess in self.excess.items()
        )

    @property
    def is_off(self) -> bool:
        """Whether the power shows that the rig is off; a measured power counts first."""
        if self.watts is not None:
            return self.watts < OFF_WATTS
        return self.switch is False

    @property
    def is_on(self) -> bool:
        """Whether the power shows that the rig has power."""
        if self.watts is not None:
            return self.watts >= OFF_WATTS
        return self.switch is True

    @property
    def is_paused(self) -> bool:
        """Whether all parts that were hot were last seen to be paused."""
        hot = set(map(part_of, self.memory.baseline)) or {RIG}
        return RIG in self.paused or hot <= self.paused

    @property
    def has_news(self) -> bool:
        """Whether there was a reading since the state began."""
        return self._seen_at > self.memory.since

    @property
    def hot_parts(self) -> set[str]:
        """The keys of the parts at a limit or above."""
        return {part_of(key) for key, excess in self.excess.items() if excess >= 0}

    @property
    def blind_from(self) -> float | None:
        """When it has mined for too long without a temperature; None where it does not."""
        is_mining = bool(self.last_running) and not self.is_off
        if self.memory.state is State.WATCHING and is_mining:
            return self._mining_unseen_from + BLIND_AFTER
        return None

    @property
    def is_frozen(self) -> bool:
        """Whether a rig that mines has reported the same for too long."""
        return (
            self.memory.state in (State.WATCHING, State.HOT)
            and bool(self.last_running)
            and self._measured is not None
            and self._seen_at - self._measured_at >= FROZEN_AFTER
        )

    # ---- what is done

    def enter(self, state: State, seconds: float | None = None) -> None:
        """Enter a state, whose time is up after so many seconds."""
        self.memory.state, self.memory.since = state, self.now
        self.pause_from = None
        self.due = None if seconds is None else self.now + seconds

    def set_baseline(self) -> None:
        """Note how hot the sensors at their limits are; without a reading they stay."""
        if hot := {key: excess for key, excess in self.excess.items() if excess >= 0}:
            self.memory.baseline = hot

    def forget_cooled(self) -> None:
        """Take the sensors below their limits like all others: hot at their limits."""
        for key, excess in self.excess.items():
            if excess < 0:
                self.memory.baseline.pop(key, None)

    def decide(self, act: Act, parts: Iterable[str] = (RIG,)) -> None:
        """Decide on something for some parts."""
        self.decisions += [
            Decision(act=act, subject=part, heat=self.hottest) for part in sorted(parts)
        ]

    def tell(self, what: Told) -> None:
        """Trigger an event."""
        self.decisions.append(
            Decision(act=Act.TELL, subject=what.value, heat=self.hottest)
        )

    def tell_once(self, what: Told, repair: Repair) -> None:
        """Trigger an event and begin a repair, unless that was done before."""
        if repair not in self.memory.repairs:
            self.memory.repairs.add(repair)
            self.tell(what)
