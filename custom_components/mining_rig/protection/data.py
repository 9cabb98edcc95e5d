"""What thermal protection takes in, decides and remembers."""

from collections.abc import Hashable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from ..model import RIG, EventDescription
from ..stored import age, items, number, texts, words

POWER: Final = "power"
"""Stands for the rig's power switch among what protection has turned off."""

LATCH_WINDOW: Final = 86_400.0
"""Seconds in which three trips latch."""
MINIMUM_OFF: Final = 300.0
"""Seconds that what was stopped stays off at least."""


class State(StrEnum):
    """What protection is doing."""

    OFF = "off"
    """Protection is switched off."""
    WATCHING = "watching"
    HOT = "hot"
    """A part is at its limit, and the hold time runs."""
    STOPPED = "stopped"
    """Its owner or an automation stopped the rig while it was hot."""
    PAUSING = "pausing"
    """First stage: the pause was ordered and has yet to show and to help."""
    PAUSED = "paused"
    """The pause has helped."""
    CUTTING = "cutting"
    """Second stage: the rig is paused, and its fans run on before the power goes."""
    CUT = "cut"
    """The power switch was turned off."""

    @property
    def is_tripped(self) -> bool:
        """Whether protection has acted and not yet let go."""
        return self in (State.PAUSING, State.PAUSED, State.CUTTING, State.CUT)


class Event(StrEnum):
    """What can happen, as the rows of the table."""

    HOT_READING = "reading at or above a limit"
    WARM_READING = "reading below the limits"
    COOL_READING = "reading below *resume below*"
    SILENCE = "no reading, or offline"
    REFUSED = "pause refused"
    POWER_OFF = "power seen off"
    POWER_ON = "power seen on again"
    STOPPED = "off by owner or automation"
    STARTED = "on by owner or automation"
    DUE = "time is up"
    RESET = "reset"
    SWITCHED_ON = "protection switched on"
    SWITCHED_OFF = "protection switched off"
    RESTART = "restart of Home Assistant"


class Act(StrEnum):
    """What a decision asks for."""

    PAUSE = "pause"
    RESUME = "resume"
    POWER_OFF = "power_off"
    POWER_ON = "power_on"
    TELL = "tell"
    """Trigger an event of the type `subject`."""
    REPAIR = "repair"
    REPAIR_OVER = "repair_over"


class Told(StrEnum):
    """The types of protection's events. They never change: automations wait for them."""

    OVERHEATED = "overheated"
    POWER_CUT = "power_cut"
    STILL_HOT = "still_hot"
    """It is hot although it was paused, and there is no power switch."""
    RETURNED = "returned"
    """What protection had stopped was running again."""
    POWER_STAYS_ON = "power_stays_on"
    LATCHED = "latched"
    RESUMED = "resumed"
    STOPPED_BY_OTHERS = "stopped_by_others"
    NO_READING = "no_reading"
    FROZEN = "frozen"


PROTECTION: Final = EventDescription("protection", tuple(Told))
"""What protection has done or noticed; an event of the rig."""


class Repair(StrEnum):
    """What the owner is told of until it is over."""

    OVERHEATED = "overheated"
    STILL_HOT = "still_hot"
    POWER_STAYS_ON = "power_stays_on"
    LATCHED = "latched"
    NO_READING = "no_reading"
    FROZEN = "frozen"


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """One thing to do, at once and in the order of the decisions."""

    act: Act
    subject: str = RIG
    """The key of a part, the type of an event or the key of a repair."""
    heat: Heat | None = None
    """The hottest part, where one is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Heat:
    """A raw temperature in °C and its limit."""

    part: str
    sensor: str
    """The key of its channel."""
    celsius: float
    limit: float

    @property
    def key(self) -> str:
        """What tells the sensor from all others of the rig."""
        return f"{self.part}|{self.sensor}"

    @property
    def excess(self) -> float:
        """°C above the limit; negative below it."""
        return self.celsius - self.limit


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """One answer or log of the rig, before any dead band."""

    heats: tuple[Heat, ...] = ()
    running: frozenset[str] = frozenset()
    """Keys of the parts seen to mine, or allowed to; `RIG` for the rig."""
    paused: frozenset[str] = frozenset()
    """Keys of the parts whose own reading says that they are not to mine."""
    measured: Hashable = None
    """Everything measured, to be compared with the next; None: do not compare."""

    def excess(self) -> dict[str, float]:
        """Return °C above the limit by the sensor's key."""
        return {heat.key: heat.excess for heat in self.heats}


def part_of(key: str) -> str:
    """Return the part that a sensor's key belongs to."""
    return key.rpartition("|")[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What the owner chose, and what the rig can do. Times in seconds."""

    margin: float
    """°C that every part has to be below its limit before anything resumes."""
    hold: float = 20.0
    """Time at the limit before the first stage."""
    poll_interval: float = 10.0
    confirm_within: float = 6.0
    """Time that the pause may take to show."""
    may_resume: bool = False
    pauses: frozenset[str] = frozenset()
    """Keys of the parts with a pause that is known to work; `RIG` for the rig's."""
    unwanted: frozenset[str] = frozenset()
    """Keys of the parts that their owner wants off; they are not resumed."""
    has_power_switch: bool = False

    @property
    def patience(self) -> float:
        """Time that a stage has before the next one."""
        return max(self.hold, 2 * self.poll_interval, self.confirm_within, 1.0)


@dataclass(slots=True, kw_only=True)
class Memory:
    """What protection remembers, also over a restart. Moments are monotonic seconds."""

    state: State = State.OFF
    since: float = 0.0
    """When the state began."""
    baseline: dict[str, float] = field(default_factory=dict)
    """°C above the limit by the sensor's key, of those that were hot at the trip."""
    targets: set[str] = field(default_factory=set)
    """The parts that were paused."""
    ours: set[str] = field(default_factory=set)
    """What ran before protection stopped it, and may be resumed."""
    confirmed: bool = False
    """The pause was read back."""
    stopped_at: float | None = None
    """When protection last stopped something."""
    returns: int = 0
    trips: list[float] = field(default_factory=list)
    latched: bool = False
    repairs: set[Repair] = field(default_factory=set)

    def dump(self, now: float) -> dict[str, Any]:
        """Return it as JSON, with ages instead of moments."""
        return {
            "state": self.state.value,
            "age": now - self.since,
            "baseline": dict(self.baseline),
            "targets": sorted(self.targets),
            "ours": sorted(self.ours),
            "confirmed": self.confirmed,
            "off_for": None if self.stopped_at is None else now - self.stopped_at,
            "returns": self.returns,
            "trips": [now - at for at in self.trips],
            "latched": self.latched,
            "repairs": sorted(self.repairs),
        }


def load_memory(stored: Any, now: float) -> Memory:
    """Read a dumped memory; what makes no sense is left out.

    The time that Home Assistant was down is not known, so it is not counted: what was
    off has to stay off longer, and trips count longer.
    """
    if not isinstance(stored, dict):
        return Memory(since=now)
    off_for = age(stored.get("off_for"))
    returns = stored.get("returns")
    baseline = stored.get("baseline")
    ages = map(age, items(stored.get("trips")))
    return Memory(
        state=next(words(State, [stored.get("state")]), State.OFF),
        since=now - (age(stored.get("age")) or 0.0),
        baseline={
            str(part): excess
            for part, found in (baseline if isinstance(baseline, dict) else {}).items()
            if (excess := number(found)) is not None
        },
        targets=set(texts(stored.get("targets"))),
        ours=set(texts(stored.get("ours"))),
        confirmed=stored.get("confirmed") is True,
        stopped_at=None if off_for is None else now - off_for,
        returns=returns if isinstance(returns, int) else 0,
        trips=[now - found for found in ages if found is not None],
        latched=stored.get("latched") is True,
        repairs=set(words(Repair, stored.get("repairs"))),
    )
