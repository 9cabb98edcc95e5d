"""What a rig is made of, as far as it was ever seen.

A rig that is off reports nothing, and a miner that is starting reports little. Entities
are made from this record, so that they neither vanish nor change with a single reading.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from functools import cache
from itertools import count
from operator import attrgetter
from typing import Any

from .model import (
    Action,
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
            }
        return self._dumped

    def as_absent(self) -> Part:
        """Return the part as it is while nothing is known of it."""
        return Part(
            kind=self.kind,
            key=self.key,
            **{fact: getattr(self, fact) for fact in _FACTS},
        )


@dataclass(slots=True)
class KnownParts:
    """A rig's known parts by their keys."""

    parts: dict[str, KnownPart] = field(default_factory=dict)

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
    """Load dumped known parts; what this version does not know is left out."""
    known_parts = KnownParts()
    for item in stored if isinstance(stored, list) else ():
        try:
            part = _load_part(item)
        except KeyError, TypeError, ValueError, AttributeError:
            continue
        known_parts.parts[part.key] = part
    return known_parts


@cache
def _dump_channel(channel: Channel[Any]) -> list[str | int | None]:
    return [channel.reading.key, channel.window, channel.number]


def _load_part(item: _Json) -> KnownPart:
    part = KnownPart(
        kind=PartKind(item["kind"]),
        key=item["key"],
        number=item["number"],
    )
    for fact in _FACTS:
        setattr(part, fact, item.get(fact))
    for stored in item["channels"]:
        if (channel := channel_from(*stored)) is not None:
            part.channels[channel] = None
    for stored in item["controls"]:
        if (channel := channel_from(*stored["channel"])) is not None:
            part.controls[channel] = Control(
                channel=channel,
                minimum=stored["minimum"],
                maximum=stored["maximum"],
                step=stored["step"],
                options=tuple(stored["options"]),
                free=stored["free"],
                confirm_within=stored.get("confirm_within", 6.0),
                confirm_off_within=stored.get("confirm_off_within"),
            )
    part.actions = {a["key"]: Action(**a) for a in item["actions"]}
    for key in item.get("events", ()):
        if (kind := event_description_from(key)) is not None:
            part.events[key] = kind
    if (release := item["release"]) is not None:
        install: Mapping[str, Any] | None = release.pop("install")
        part.release = Release(
            **{**release, "in_progress": False, "progress": None},
            install=Action(**install) if install else None,
        )
    return part
