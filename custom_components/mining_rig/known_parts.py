"""What a rig is made of, as far as it was ever seen.

A rig that is off reports nothing, and a miner that is starting reports little. Entities
are made from this record, so that they neither vanish nor change with a single reading.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, field
from datetime import date
from functools import cache
from itertools import count
from operator import attrgetter
from typing import Any

from .hashrate import base_of
from .model import (
    RIG,
    Action,
    Category,
    Channel,
    Control,
    EventDescription,
    Part,
    PartKind,
    Quantity,
    Release,
    Snapshot,
    channel_from,
    event_description_from,
)

type _Json = dict[str, Any]

_FACTS = ("name", "model", "manufacturer", "version", "serial")
_facts_of = attrgetter(*_FACTS)


@dataclass(slots=True, kw_only=True)
class KnownPart:
    """A part and everything that it has ever reported."""

    kind: PartKind
    key: str
    number: int = 1
    """Distinguishes parts of a kind in names; given at first sight and kept."""
    name: str | None = None
    model: str | None = None
    manufacturer: str | None = None
    version: str | None = None
    serial: str | None = None
    channels: dict[Channel[Any], None] = field(default_factory=dict)
    controls: dict[Channel[Any], Control[Any]] = field(default_factory=dict)
    actions: dict[str, Action] = field(default_factory=dict)
    release: Release | None = None
    events: dict[str, EventDescription] = field(default_factory=dict)
    work_units: dict[int | None, str] = field(default_factory=dict)
    """The last base units of its hashrates, by their numbers."""
    seen: date | None = None
    """The last day on which the rig reported it, noted once a day."""
    days_absent: int = 0
    """On how many days since then the rig answered without it."""
    _dumped: _Json | None = field(default=None, init=False, repr=False, compare=False)

    def learn(self, part: Part) -> bool:
        """Add what is new about the part; return whether anything was."""
        changed = self._learn(part)
        if changed or part.release is not None:
            self._dumped = None
        return changed

    def _learn(self, part: Part) -> bool:
        changed = False
        if (facts := _facts_of(part)) != _facts_of(self):
            for fact, value in zip(_FACTS, facts, strict=True):
                if value is not None and value != getattr(self, fact):
                    setattr(self, fact, value)
                    changed = True
        if not part.values.keys() <= self.channels.keys():
            self.channels |= dict.fromkeys(part.values)
            changed = True
        if part.work_units and not part.work_units.items() <= self.work_units.items():
            self.work_units |= part.work_units
            changed = True
        if part.controls and part.controls != self.controls:
            self.channels |= dict.fromkeys(part.controls)
            self.controls |= part.controls
            changed = True
        for action in part.actions:
            if action.key not in self.actions:
                self.actions[action.key] = action
                changed = True
        for kind in part.events:
            if kind.key not in self.events:
                self.events[kind.key] = kind
                changed = True
        if part.release is not None:
            changed = changed or self.release is None
            self.release = part.release
        return changed

    def expect(self, channel: Channel[Any]) -> bool:
        """Add a channel whose value need not be known; return whether it was new."""
        if channel in self.channels:
            return False
        self.channels[channel] = None
        self._dumped = None
        return True

    def forget_control(self, channel: Channel[Any]) -> None:
        """Forget a control that was withdrawn, and its value."""
        self.controls.pop(channel, None)
        self.channels.pop(channel, None)
        self._dumped = None

    def forget_event(self, kind: EventDescription) -> None:
        """Forget a kind of events that was withdrawn."""
        self.events.pop(kind.key, None)
        self._dumped = None

    def note_day(self, day: date, *, present: bool) -> None:
        """Note that the rig answered on a day, with the part or without."""
        self.days_absent = 0 if present else self.days_absent + 1
        if present or self.seen is None or self.seen > day:
            self.seen = day
        self._dumped = None

    def enables(self, channel: Channel[Any]) -> bool:
        """Return whether a channel's entity is enabled by default.

        There may be hundreds of workers, so their counters are not.
        """
        counts = channel.reading.quantity is Quantity.COUNTER
        return channel.enabled and not (counts and self.kind is PartKind.WORKER)

    def dump(self) -> _Json:
        """Return the part as JSON; the same until there is something new about it."""
        if self._dumped is None:
            self._dumped = {
                "kind": self.kind,
                "key": self.key,
                "number": self.number,
                **{fact: getattr(self, fact) for fact in _FACTS},
                "channels": [_dump_channel(channel) for channel in self.channels],
                "controls": [
                    {
                        "channel": _dump_channel(control.channel),
                        "minimum": control.minimum,
                        "maximum": control.maximum,
                        "step": control.step,
                        "options": list(control.options),
                        "free": control.free,
                        "confirm_within": control.confirm_within,
                        "confirm_off_within": control.confirm_off_within,
                    }
                    for control in self.controls.values()
                ],
                "actions": [asdict(action) for action in self.actions.values()],
                "release": asdict(self.release) if self.release else None,
                "events": [*self.events],
                "work_units": [list(item) for item in self.work_units.items()],
                "seen": self.seen and self.seen.isoformat(),
                "days_absent": self.days_absent,
            }
        return self._dumped

    def as_absent(self) -> Part:
        """Return the part as it is while nothing is known of it."""
        return Part(
            kind=self.kind,
            key=self.key,
            **{fact: getattr(self, fact) for fact in _FACTS},
            work_units=dict(self.work_units),
        )


@dataclass(slots=True)
class KnownParts:
    """A rig's known parts by their keys."""

    parts: dict[str, KnownPart] = field(default_factory=dict)
    flawed: bool = field(default=False, compare=False)
    """Something of what was loaded made no sense and was left out."""

    def learn(self, snapshot: Snapshot) -> bool:
        """Add what is new in a snapshot; return whether anything was."""
        changed = False
        free: dict[PartKind, Iterator[int]] = {}
        for key, part in snapshot.parts.items():
            known = self.parts.get(key)
            if known is None:
                if part.kind not in free:
                    free[part.kind] = self._free_numbers(part.kind)
                known = self.parts[key] = KnownPart(
                    kind=part.kind, key=key, number=next(free[part.kind])
                )
                changed = True
            changed = known.learn(part) or changed
        return self.forget(snapshot.removed) or changed

    def _free_numbers(self, kind: PartKind) -> Iterator[int]:
        taken = {part.number for part in self.parts.values() if part.kind is kind}
        return (number for number in count(1) if number not in taken)

    @property
    def hardware(self) -> str | None:
        """The models of cards and processors: `3 × RTX 3070 + Celeron J4125`."""
        counts: Counter[str] = Counter()
        for kind in (PartKind.GPU, PartKind.CPU):
            counts.update(
                name
                for part in self.parts.values()
                if part.kind is kind and (name := part.model or part.name)
            )
        words = [
            name if number == 1 else f"{number} × {name}"
            for name, number in counts.items()
        ]
        return " + ".join(words) or None

    @property
    def manufacturer(self) -> str | None:
        """The manufacturer of the cards, where all have the same."""
        found = {p.manufacturer for p in self.parts.values() if p.kind is PartKind.GPU}
        return found.pop() if len(found) == 1 else None

    def forget(self, keys: Iterable[str]) -> bool:
        """Remove parts that are gone for good; return whether there were any."""
        gone = [key for key in keys if self.parts.pop(key, None) is not None]
        return bool(gone)

    def dump(self) -> list[_Json]:
        """Return the known parts as JSON."""
        return [part.dump() for part in self.parts.values()]


def load_known_parts(stored: Any) -> KnownParts:
    """Load dumped known parts; what makes no sense is left out and noted as a flaw.

    A reading or event that this version does not know is left out and is no flaw.
    """
    known_parts = KnownParts()
    load = _Loader()
    for part in load.each(stored, load.part):
        known_parts.parts[part.key] = part
    known_parts.flawed = load.flawed
    return known_parts


@cache
def _dump_channel(channel: Channel[Any]) -> list[str | int | None]:
    return [channel.reading.key, channel.window, channel.number]


class _Loader:
    """Reads JSON that may be anything; each item stands alone."""

    def __init__(self) -> None:
        """Start without a flaw."""
        self.flawed = False

    def each[T](self, items: Any, load: Callable[[Any], T | None]) -> Iterator[T]:
        """Go through the items of a list that can be loaded and are known."""
        if not isinstance(items, list):
            self.flawed = True
            return
        for item in items:
            try:
                loaded = load(item)
            except KeyError, TypeError, ValueError, AttributeError:
                self.flawed = True
            else:
                if loaded is not None:
                    yield loaded

    def one[T](self, item: Any, load: Callable[[Any], T | None]) -> T | None:
        """Return an item that may be missing."""
        return None if item is None else next(self.each([item], load), None)

    def part(self, item: _Json) -> KnownPart:
        """Load a part."""
        part = KnownPart(
            kind=PartKind(item["kind"]),
            key=_typed(item["key"], str),
            number=_typed(item["number"], int),
        )
        if (part.kind is PartKind.RIG) is not (part.key == RIG):
            raise ValueError("only the rig itself has that key")
        for fact in _FACTS:
            setattr(part, fact, self.one(item.get(fact), _text))
        part.channels = dict.fromkeys(self.each(item.get("channels"), _load_channel))
        controls = self.each(item.get("controls"), _load_control)
        part.controls = {control.channel: control for control in controls}
        actions = self.each(item.get("actions"), _load_action)
        part.actions = {action.key: action for action in actions}
        events = self.each(item.get("events", []), event_description_from)
        part.events = {kind.key: kind for kind in events}
        part.work_units = dict(self.each(item.get("work_units", []), _load_work_unit))
        part.release = self.one(item.get("release"), _load_release)
        part.seen = self.one(item.get("seen"), date.fromisoformat)
        part.days_absent = self.one(item.get("days_absent"), _count) or 0
        return part


def _typed[T](value: Any, wanted: type[T]) -> T:
    """Return a value of exactly that type. Raises TypeError."""
    if type(value) is not wanted:
        raise TypeError(f"{value!r} is no {wanted.__name__}")
    return value


def _text(value: Any) -> str:
    return _typed(value, str)


def _count(value: Any) -> int:
    return _typed(value, int)


def _number(value: Any) -> float:
    return value if type(value) is int else _typed(value, float)


def _load_channel(stored: Any) -> Channel[Any] | None:
    reading, window, number = stored
    if number is not None:
        _typed(number, int)
    return channel_from(reading, window, number)


def _load_work_unit(stored: Any) -> tuple[int | None, str]:
    number, unit = stored
    if base_of(unit) != unit:
        raise ValueError(f"{unit!r} is no unit of work")
    return None if number is None else _count(number), unit


def _load_control(stored: _Json) -> Control[Any] | None:
    if (channel := _load_channel(stored["channel"])) is None:
        return None
    off_within = stored.get("confirm_off_within")
    return Control(
        channel=channel,
        minimum=_number(stored["minimum"]),
        maximum=_number(stored["maximum"]),
        step=_number(stored["step"]),
        options=tuple(map(_text, _typed(stored["options"], list))),
        free=_typed(stored["free"], bool),
        confirm_within=_number(stored.get("confirm_within", 6.0)),
        confirm_off_within=None if off_within is None else _number(off_within),
    )


def _load_action(stored: _Json) -> Action:
    return Action(
        _text(stored["key"]),
        Category(stored["category"]),
        enabled=_typed(stored["enabled"], bool),
        restarts=_typed(stored["restarts"], bool),
    )


def _load_release(stored: _Json) -> Release:
    notes, url, install = stored["notes"], stored["url"], stored["install"]
    return Release(
        installed=_text(stored["installed"]),
        latest=_text(stored["latest"]),
        notes=None if notes is None else _text(notes),
        url=None if url is None else _text(url),
        install=None if install is None else _load_action(install),
    )
