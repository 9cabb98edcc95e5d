"""The watchdog of one rig: restarts what should mine and does not. A state machine.

It knows no Home Assistant, clock or task. Its caller hands over each reading with the
present monotonic seconds and the day, does what is decided, and tells what it may do.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from statistics import median
from typing import Any, Final

from .stored import age, items, number, numbers

POWER_OFF_FOR: Final = 30.0
"""Seconds between an off and its on, and between attempts at an on."""
_LONGEST_QUIET: Final = 3600.0
"""Seconds; what was stored may be anything."""
REMEMBERED_DAYS: Final = 14
NEEDED_DAYS: Final = 1
"""Days with a median until they say what is normal."""
_MEDIAN_OF: Final = 288
"""Hashrates of a day that are kept: one in five minutes."""
_SAMPLE_EVERY: Final = 300.0
"""Seconds."""


class Step(StrEnum):
    """What the watchdog does, mildest first; also the types of its events."""

    RESTART_MINER = "restart_miner"
    RESTART_RIG = "restart_rig"
    POWER_OFF = "power_off"
    START_MINER = "start_miner"
    """Ends `RESTART_MINER` where that is an off and an on; no step of its own."""
    POWER_ON = "power_on"
    """Ends `POWER_OFF`; no step of its own."""
    GIVEN_UP = "given_up"
    """No step is left today, or none exists."""


LADDER: Final = (Step.RESTART_MINER, Step.RESTART_RIG, Step.POWER_OFF)
ENDS: Final[Mapping[Step, Step]] = {
    Step.RESTART_MINER: Step.START_MINER,
    Step.POWER_OFF: Step.POWER_ON,
}
"""What turns on again what a step turned off."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchdogSettings:
    """What the owner chose, and what the rig can do. Times in seconds."""

    after: float = 600.0
    """Time below the threshold before each step."""
    share: float = 0.0
    """Percent of the normal hashrate below which it is too low; 0: only at no hashrate."""
    steps: frozenset[Step] = frozenset()
    """The steps that exist and are allowed."""
    switched: frozenset[Step] = frozenset((Step.POWER_OFF,))
    """Those that are an off, 30 s, and an on; they reach a rig that does not answer."""
    per_day: int = 3
    """Most steps in 24 h."""
    start_takes: float = 60.0
    """Time that the rig may take to mine after a start: its `confirm_within`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What a rig does at one moment."""

    hashrate: float | None = None
    """H/s; None: not known, which is not 0."""
    normal: float | None = None
    """H/s."""
    answers: bool = True
    """False: it is offline, and mines nothing that anybody knows of."""
    should_mine: bool = True
    """False while its owner's order is off, or its power switch."""
    is_protected: bool = False
    """Thermal protection is tripped, or heat has stopped it."""
    is_starting: bool = False
    """It has an order or a restart that it has yet to follow."""


_DAY: Final = 86_400.0


@dataclass(slots=True)
class Watchdog:
    """The machine. Moments are monotonic seconds."""

    settings: WatchdogSettings
    """May be replaced at any time."""
    steps: list[float] = field(default_factory=list)
    """The moments of the steps of the last 24 h."""
    has_given_up: bool = False
    _low_since: float | None = None
    _rung: int = 0
    """The next step of the ladder."""
    _quiet_until: float = float("-inf")
    off_by: Step | None = None
    """The step that turned off what is to be on again."""
    _on_at: float = float("-inf")
    _is_held: bool = False
    """It must not mine now, so what is off stays off."""

    @property
    def due(self) -> float | None:
        """When `observe` is to be called at the latest, None while nothing waits."""
        return None if self._is_held or self.off_by is None else self._on_at

    def turned_on(self, now: float) -> None:
        """Take that what was off is on again."""
        self.off_by = None
        self._keep_quiet(now)

    def cancel_off(self) -> None:
        """Take that nothing was turned off, or that others decide when it is on."""
        self.off_by = None

    def observe(self, work: Work, now: float) -> tuple[Step, ...]:
        """Take what the rig does, at every poll or log; return what to do."""
        self._is_held = work.is_protected or not work.should_mine
        if self.off_by is not None:
            # Again and again until `turned_on`.
            if self._is_held or now < self._on_at:
                return ()
            self._on_at = now + POWER_OFF_FOR
            return (ENDS[self.off_by],)
        if work.is_starting:
            self._keep_quiet(now)
        if self._is_held or now < self._quiet_until:
            self._low_since = None
            return ()
        if not self._is_low(work):
            self._low_since = None
            if work.hashrate is not None:
                self._rung = 0
                self.has_given_up = False
            return ()
        if self._low_since is None:
            self._low_since = now
        if now - self._low_since < self.settings.after:
            return ()
        return self._act(work, now)

    def _keep_quiet(self, now: float) -> None:
        self._quiet_until = now + self.settings.start_takes

    def _is_low(self, work: Work) -> bool:
        if not work.answers:
            return True
        if work.hashrate is None:
            return False
        normal = work.normal or 0.0
        return work.hashrate == 0 or work.hashrate < normal * self.settings.share / 100

    def _act(self, work: Work, now: float) -> tuple[Step, ...]:
        self.steps = [at for at in self.steps if now - at < _DAY]
        step = self._next_step(work)
        if step is None or len(self.steps) >= self.settings.per_day:
            if self.has_given_up:
                return ()
            self.has_given_up = True
            return (Step.GIVEN_UP,)
        self.has_given_up = False
        self.steps.append(now)
        self._rung = LADDER.index(step) + 1
        self._low_since = None
        self._keep_quiet(now)
        if step in self.settings.switched:
            self.off_by = step
            self._on_at = now + POWER_OFF_FOR
        return (step,)

    def _next_step(self, work: Work) -> Step | None:
        """Return the next step up the ladder, or the last one again.

        Only what is switched reaches a rig that does not answer.
        """
        reach = self.settings.steps
        if not work.answers:
            reach &= self.settings.switched
        steps = [step for step in LADDER if step in reach]
        higher = [step for step in steps if LADDER.index(step) >= self._rung]
        return next(iter(higher or steps[-1:]), None)

    def dump(self, now: float) -> dict[str, Any]:
        """Return what must survive a restart, as JSON."""
        return {
            "steps": [now - at for at in self.steps],
            "rung": self._rung,
            "given_up": self.has_given_up,
            "quiet_for": max(self._quiet_until - now, 0.0),
            "off_by": self.off_by,
        }

    def load(self, stored: Any, now: float) -> None:
        """Load what was dumped; what makes no sense is left out.

        What the watchdog had turned off is turned on at the next reading.
        """
        if not isinstance(stored, dict):
            return
        ages = map(age, items(stored.get("steps")))
        self.steps = [now - found for found in ages if found is not None]
        rung = stored.get("rung")
        if isinstance(rung, int) and 0 <= rung <= len(LADDER):
            self._rung = rung
        self.has_given_up = stored.get("given_up") is True
        quiet_for = age(stored.get("quiet_for")) or 0.0
        self._quiet_until = now + min(quiet_for, _LONGEST_QUIET)
        self.off_by = next((s for s in ENDS if s == stored.get("off_by")), None)
        # Not before the first reading: it may be protected by now.
        self._is_held = True


@dataclass(slots=True)
class NormalHashrate:
    """The hashrate that a rig usually has: the median of the days before."""

    _days: dict[str, float] = field(default_factory=dict)
    """The median of each past day in H/s, oldest first."""
    _today: str | None = None
    _found: list[float] = field(default_factory=list)
    _sampled_at: float | None = None

    def add(self, hashrate: float | None, day: str, now: float) -> None:
        """Take a hashrate (H/s) of a moment of a day (ISO 8601).

        What is 0 or not known says nothing of what is normal.
        """
        if day != self._today:
            self._close_day()
            self._today = day
        if not hashrate:
            return
        if self._sampled_at is not None and now - self._sampled_at < _SAMPLE_EVERY:
            return
        self._sampled_at = now
        self._found.append(hashrate)
        del self._found[:-_MEDIAN_OF]

    def _close_day(self) -> None:
        if self._today is not None and self._found:
            self._days[self._today] = median(self._found)
            for day in list(self._days)[:-REMEMBERED_DAYS]:
                del self._days[day]
        self._found = []
        self._sampled_at = None

    @property
    def value(self) -> float | None:
        """The normal hashrate in H/s, None before a day has passed."""
        return median(self._days.values()) if len(self._days) >= NEEDED_DAYS else None

    def dump(self) -> dict[str, Any]:
        """Return what must survive a restart, as JSON."""
        return {
            "days": dict(self._days),
            "today": self._today,
            "found": list(self._found),
        }

    def load(self, stored: Any) -> None:
        """Load what was dumped; what makes no sense is left out."""
        if not isinstance(stored, dict):
            return
        days, today, found = (stored.get(key) for key in ("days", "today", "found"))
        if isinstance(days, Mapping):
            kept = [(str(day), number(rate)) for day, rate in days.items()]
            known = [(day, rate) for day, rate in kept if rate is not None]
            self._days = dict(known[-REMEMBERED_DAYS:])
        if isinstance(today, str):
            self._today = today
            self._found = numbers(items(found))[-_MEDIAN_OF:]


def normal_percent(hashrate: float | None, normal: float | None) -> float | None:
    """Return percent of the normal hashrate; None where one of them is not known."""
    if hashrate is None or not normal:
        return None
    return 100 * hashrate / normal
