"""The vocabulary: what miners, pools and pushing agents report, in one set of terms.

What Home Assistant must know of a value (unit, device class, state class) is a short
closed list, `Quantity`. What a miner can report is open: a `Reading` names it for ever.
A source turns a wire into a `Snapshot` of `Part`s; platforms show what they find there.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final, cast, override

from .problem import Problem

type Value = bool | int | float | str | datetime | Decimal
"""What a channel can hold; the inner unit belongs to the reading's quantity."""

RIG: Final = "rig"
"""Key of the part that is the rig itself."""


class Quantity(StrEnum):
    """The physical or logical kind of a value; each has one inner unit."""

    HASHRATE = "hashrate"  # per second of the reading's work unit: H/s, Sol/s, g/s
    EFFICIENCY = "efficiency"  # J per hash
    POWER = "power"  # W
    ENERGY = "energy"  # Wh, only ever rising
    TEMPERATURE = "temperature"  # °C
    FAN_SPEED = "fan_speed"  # rpm
    RATIO = "ratio"  # %
    CLOCK = "clock"  # MHz
    VOLTAGE = "voltage"  # V
    CURRENT = "current"  # A
    COUNTER = "counter"  # things counted, only rising but for resets
    DURATION = "duration"  # s
    MOMENT = "moment"  # aware datetime
    UPTIME = "uptime"  # aware datetime of the start
    LATENCY = "latency"  # ms
    DATA_SIZE = "data_size"  # B
    DATA_RATE = "data_rate"  # B/s
    SIGNAL = "signal"  # dBm
    MONEY = "money"  # Decimal, in the reading's unit
    NUMBER = "number"  # anything else that is measured
    TEXT = "text"
    CHOICE = "choice"  # one of the reading's choices
    FLAG = "flag"
    PROBLEM = "problem"  # flag: true is bad
    RUNNING = "running"  # flag: it works
    CONNECTIVITY = "connectivity"  # flag: it answers


class Category(StrEnum):
    """Where Home Assistant lists the entity."""

    PRIMARY = "primary"
    DIAGNOSTIC = "diagnostic"
    CONFIG = "config"


class Window(StrEnum):
    """The time over which an average is taken."""

    S10 = "10s"
    M1 = "1m"
    M5 = "5m"
    M10 = "10m"
    M15 = "15m"
    M30 = "30m"
    H1 = "1h"
    H12 = "12h"
    D1 = "1d"
    W1 = "1w"


@dataclass(frozen=True, slots=True, eq=False)
class Reading[T: Value]:
    """Something that a part can report.

    Its key never changes: unique ids, translations and icons hang on it. A reading that
    only one miner has bears that miner's prefix (`t_rex_lhr_tune`).
    """

    key: str
    quantity: Quantity
    category: Category = Category.PRIMARY
    enabled: bool = True
    """Whether its entities are enabled when they first appear."""
    choices: tuple[str, ...] = ()
    unit: str | None = None
    """Base unit where the quantity leaves it open: work per second, currency."""
    precision: int | None = None
    """Decimals that are shown, where the quantity's would promise too much."""
    setting: bool = False
    """It was set (a limit, a threshold): no statistics, no part in totals."""
    secret: bool = False
    """A wallet, a user: never in diagnostics."""
    address: bool = False  # it is shown as host and port only
    word: bool = False  # a program's word for something, shown as a name
    shown: tuple[Window, ...] = ()
    """Averages whose entities are enabled at first; others are not."""
    heat: bool = False  # a flag: true means that heat has stopped the part
    hottest: Reading[float] | None = None
    """A temperature: the reading that shows the highest of a rig; None for no such one."""
    _channels: dict[tuple[Window | None, int | None], Channel[T]] = field(
        default_factory=dict, init=False, repr=False
    )

    def __post_init__(self) -> None:
        """Enter the reading under its key; two readings never share one."""
        if self.key in _READINGS:
            raise ValueError(f"two readings are called {self.key}")
        _READINGS[self.key] = self

    def channel(
        self, window: Window | None = None, number: int | None = None
    ) -> Channel[T]:
        """Return the one channel of this reading with that window and number."""
        at, known = (window, number), self._channels
        return known.get(at) or known.setdefault(at, Channel(self, *at))

    @property
    def plain(self) -> Channel[T]:
        """The channel without window and number."""
        return self.channel()


_READINGS: Final[dict[str, Reading[Any]]] = {}


def every_reading() -> Iterator[Reading[Any]]:
    """Go through the shared readings and those of the sources imported so far."""
    yield from _READINGS.values()


UPTIMES: Final[set[Channel[Any]]] = set()
"""The channels of start times; looked for in every part at every reading."""

HEAT_STOPS: Final[set[Channel[Any]]] = set()
"""The channels which report that heat has stopped a part."""


class Channel[T: Value]:
    """A reading where a part has several: an averaging window, a number.

    Made by `Reading.channel` only, so that identity is equality and look-ups are cheap.
    """

    __slots__ = ("key", "number", "reading", "window")

    def __init__(
        self, reading: Reading[T], window: Window | None, number: int | None
    ) -> None:
        """Make the channel's key: `hashrate_1h`, `fan_speed_2`, `hashrate_2_1h`."""
        self.reading = reading
        self.window = window
        self.number = number
        tail = [str(word) for word in (number, window) if word is not None]
        self.key = "_".join([reading.key, *tail])
        if reading.quantity is Quantity.UPTIME:
            UPTIMES.add(self)
        if reading.heat:
            HEAT_STOPS.add(self)

    @property
    def enabled(self) -> bool:
        """Whether its entity is enabled at first; few averages are."""
        reading = self.reading
        return reading.enabled and (self.window is None or self.window in reading.shown)

    @override
    def __repr__(self) -> str:
        """Show the key."""
        return f"Channel({self.key})"


def channel_from(
    reading: str, window: str | None, number: int | None
) -> Channel[Any] | None:
    """Find a stored channel again; None where no imported source knows the reading."""
    if reading not in _READINGS:
        return None
    try:
        return _READINGS[reading].channel(Window(window) if window else None, number)
    except ValueError:
        return None


_LONGEST_CONFIRMATION: Final = 300.0  # s


@dataclass(frozen=True, slots=True, kw_only=True)
class Control[T: Value]:
    """Something that can be written; its channel is how the write is confirmed."""

    channel: Channel[T]
    minimum: float = 0  # of a number; of a text the fewest characters
    maximum: float = 100  # of a number; of a text the most characters
    step: float = 1
    options: tuple[str, ...] = ()  # of a select; empty: the reading's choices
    free: bool = False
    """Names given by the owner, not words to translate; such a text is chosen."""
    confirm_within: float = 6.0
    """Seconds that the rig may take to show an order, up to 300."""
    confirm_off_within: float | None = None
    """The same for "off", where that is another time than for "on"."""

    def __post_init__(self) -> None:
        """Check the times."""
        for seconds in (self.confirm_within, self.confirm_off_within or 1):
            if not 0 < seconds <= _LONGEST_CONFIRMATION:
                raise ValueError(f"{self.key} cannot be confirmed within {seconds} s")

    @property
    def key(self) -> str:
        """The key shared with its channel."""
        return self.channel.key

    def seconds_for(self, value: Value) -> float:
        """Return the seconds that the rig may take to show a value."""
        if value is False and self.confirm_off_within is not None:
            return self.confirm_off_within
        return self.confirm_within


@dataclass(frozen=True, slots=True)
class Action:
    """Something that can be pressed: reboot, restart the miner, stop an update."""

    key: str
    category: Category = Category.PRIMARY
    enabled: bool = True
    restarts: bool = False  # it restarts the rig or its miner


@dataclass(frozen=True, slots=True, eq=False)
class EventDescription:
    """Something that can happen to a part, in one of several types: a payment.

    Its key never changes, nor do its types: automations wait for them.
    """

    key: str
    types: tuple[str, ...]
    category: Category = Category.PRIMARY
    enabled: bool = True

    def __post_init__(self) -> None:
        """Enter the kind under its key; two never share one."""
        if self.key in _EVENT_DESCRIPTIONS:
            raise ValueError(f"two kinds of events are called {self.key}")
        _EVENT_DESCRIPTIONS[self.key] = self


_EVENT_DESCRIPTIONS: Final[dict[str, EventDescription]] = {}


def every_event_description() -> Iterator[EventDescription]:
    """Go through the kinds of events of the sources imported so far."""
    yield from _EVENT_DESCRIPTIONS.values()


def event_description_from(key: str) -> EventDescription | None:
    """Find a stored kind again; None where no imported source knows it."""
    return _EVENT_DESCRIPTIONS.get(key)


@dataclass(frozen=True, slots=True, kw_only=True)
class PartEvent:
    """Something that happened to a part; delivered once.

    `attributes` are shown to every user and recorded: money as plain digits in a
    string, moments in ISO 8601, nothing that is secret.
    """

    part: str
    kind: EventDescription
    type: str
    """One of the kind's types."""
    attributes: Mapping[str, bool | int | float | str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """The software of a part, and a newer one where the part knows of it."""

    installed: str
    latest: str
    notes: str | None = None
    url: str | None = None
    install: Action | None = None
    """Pressed to install `latest`; None where that is not possible from here."""
    in_progress: bool = False
    progress: float | None = None
    """0 to 100 while installing, where the part reports it."""


class PartKind(StrEnum):
    """What a part is; decides how its device is called."""

    RIG = "rig"
    CPU = "cpu"
    GPU = "gpu"
    HASHBOARD = "hashboard"
    WORKER = "worker"
    ACCOUNT = "account"

    @property
    def stands_alone(self) -> bool:
        """A device of its own, behind the rig; the others are inside of it."""
        return self in (PartKind.WORKER, PartKind.ACCOUNT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One piece of a rig and what it reports at one moment.

    `key` is stable: uuid, PCI address, serial, worker id; an index only where nothing
    better exists. A channel that is not in `values` is not known; it is never 0.
    """

    kind: PartKind
    key: str
    name: str | None = None
    model: str | None = None
    manufacturer: str | None = None
    version: str | None = None
    serial: str | None = None
    values: Mapping[Channel[Any], Value] = field(default_factory=dict)
    controls: Mapping[Channel[Any], Control[Any]] = field(default_factory=dict)
    actions: tuple[Action, ...] = ()
    release: Release | None = None
    events: tuple[EventDescription, ...] = ()
    """What can happen to the part, also when nothing did."""
    work_units: Mapping[int | None, str] = field(default_factory=dict)
    """Base units by number of its hashrates whose reading has H/s: Sol/s, g/s."""

    def get[T: Value](self, channel: Channel[T]) -> T | None:
        """Return the channel's value in its inner unit, None where not known."""
        return cast("T | None", self.values.get(channel))

    def with_values(self, values: Mapping[Channel[Any], Value]) -> Part:
        """Return the part with other values; cheaper than `replace`, as all polls do."""
        return Part(
            kind=self.kind,
            key=self.key,
            name=self.name,
            model=self.model,
            manufacturer=self.manufacturer,
            version=self.version,
            serial=self.serial,
            values=values,
            controls=self.controls,
            actions=self.actions,
            release=self.release,
            events=self.events,
            work_units=self.work_units,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """A rig's parts at one moment, by their keys.

    A part that is missing may come back; one that is in `removed` is gone for good.
    """

    parts: Mapping[str, Part]
    removed: frozenset[str] = frozenset()
    rig_id: str | None = None
    """The rig's own id in its answer, to notice another rig at this address."""
    read_only: str | None = None
    """Translation key of how to open a rig which takes no commands."""
    events: tuple[PartEvent, ...] = ()
    """What happened since the reading before, oldest first.

    A source that sees a part for the first time reports no earlier events; one that has
    to know over restarts what it reported keeps that in its notes.
    """
    problems: tuple[Problem, ...] = ()
    """What the owner has to decide."""
    unparsed: tuple[str, ...] = ()
    """Fields that were left out because they could not be understood."""

    @property
    def rig(self) -> Part:
        """The rig itself."""
        return self.parts[RIG]

    def with_rig_values(self, values: Mapping[Channel[Any], Value]) -> Snapshot:
        """Return the snapshot with other values of the rig itself."""
        return replace(self, parts={**self.parts, RIG: self.rig.with_values(values)})


def part_map(*parts: Part) -> dict[str, Part]:
    """Return parts by their keys, as `Snapshot.parts` holds them."""
    return {part.key: part for part in parts}
