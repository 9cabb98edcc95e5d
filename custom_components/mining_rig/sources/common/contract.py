"""The contract of a source: it knows a wire and the vocabulary, nothing else.

A source knows no entity, no platform, no config entry and no clock. What it can do
beyond naming its rig is a small protocol each, looked up by type.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Protocol, runtime_checkable

from aiohttp import ClientSession

from ...model import Action, Channel, Control, Snapshot, Value

type JsonObject = dict[str, Any]


class SourceError(Exception):
    """Base of the five errors; nothing else leaves a source.

    The text is for a log or a person who reads it and never holds a secret.
    """


class SourceUnreachable(SourceError):
    """Nobody answers. Normal at home."""

    def __init__(
        self, text: str, *, timed_out: bool = False, reason: str | None = None
    ) -> None:
        """Tell a rig that took too long from one that is not there.

        `reason` is the key of a text that says more in the dialog, where there is one.
        """
        super().__init__(text)
        self.timed_out = timed_out
        self.reason = reason


class SourceBusy(SourceError):
    """The system asks to come back later."""

    def __init__(self, text: str, retry_after: float | None = None) -> None:
        """Take the seconds to wait, None where the system did not say."""
        super().__init__(text)
        self.retry_after = retry_after


class SourceRefused(SourceError):
    """The credentials are wrong or missing; leads to re-authentication."""


class SourceGarbled(SourceError):
    """Something answered that cannot be understood."""

    def __init__(
        self, text: str, *, other_device: bool = False, advice: str | None = None
    ) -> None:
        """Tell a cut answer from one that another product gives.

        `advice` is the key of the dialogs' error that says which product, if known.
        """
        super().__init__(text)
        self.other_device = other_device
        self.advice = advice


class CommandRefused(SourceError):
    """The miner understood the command and does not allow it."""

    def __init__(
        self, translation_key: str, placeholders: Mapping[str, str] | None = None
    ) -> None:
        """Take the key of the text that says what to change on the miner."""
        super().__init__(translation_key)
        self.translation_key = translation_key
        self.placeholders = dict(placeholders or {})


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Who answered, for the config flow.

    `rig_id` is the rig's own id; None where it has none, then host and port are
    compared. `stable` says that the id never changes, so that it can be the id_root.
    """

    rig_id: str | None
    title: str
    stable: bool = False
    model: str | None = None
    manufacturer: str | None = None
    version: str | None = None


class Notes(Protocol):
    """What a source must remember over restarts, such as settings it took away."""

    def get(self, key: str) -> Any:
        """Return what was kept under the key, None where nothing was."""

    async def keep(self, key: str, value: Any) -> None:
        """Keep JSON data, on disk when this returns; None forgets the key."""


@dataclass(slots=True)
class InMemoryNotes:
    """Notes for a config flow, where there is no rig yet to remember things of."""

    kept: dict[str, Any] = field(default_factory=dict)

    def get(self, key: str) -> Any:
        """Return what was kept under the key."""
        return self.kept.get(key)

    async def keep(self, key: str, value: Any) -> None:
        """Keep it until the flow ends."""
        self.kept[key] = value


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceContext:
    """What a source gets to start with."""

    data: Mapping[str, Any]
    """The answers to the source's form, by field key."""
    session: ClientSession
    """Home Assistant's session that matches the answer to `verify_ssl`."""
    notes: Notes = field(default_factory=InMemoryNotes)
    options: Mapping[str, Any] = field(default_factory=dict)
    """The entry's options; those of the kind's own are at least their defaults."""


type SourceFactory = Callable[[SourceContext], Awaitable[Source]]
"""What each source module offers as `async_open`; it does no I/O with the rig."""


@runtime_checkable
class Source(Protocol):
    """A rig, a pool or an agent behind its wire."""

    @property
    def address(self) -> str | None:
        """Where a person can look at it in a browser; never with a secret."""

    async def identify(self) -> Identity:
        """Ask who is there. Raises a SourceError."""

    async def close(self) -> None:
        """Give back what the far side holds for us; raises nothing."""


@runtime_checkable
class Polled(Source, Protocol):
    """A source that is asked."""

    @property
    def interval(self) -> timedelta:
        """The time between two polls while the rig answers."""

    async def read(self, now: datetime) -> Snapshot:
        """Read the rig's parts. Raises a SourceError."""


@runtime_checkable
class Pushed(Source, Protocol):
    """A source whose rig sends what it has to say, and fetches its orders."""

    @property
    def stale_after(self) -> timedelta:
        """The silence after which the rig counts as away."""

    def present(self, now: datetime, *, online: bool) -> Snapshot:
        """Return what is known now; of a rig that is away, what holds all the same.

        Orders are part of it: they are given to a rig that is off, too.
        """


@runtime_checkable
class Writable(Source, Protocol):
    """A source with settings that can be written."""

    async def write(self, part: str, control: Control[Any], value: Value) -> None:
        """Send one setting; what comes of it is seen in the next `read`.

        Raises a SourceError.
        """


@runtime_checkable
class Pressable(Source, Protocol):
    """A source with actions that can be pressed."""

    async def press(self, part: str, action: Action) -> None:
        """Send one action. Raises a SourceError."""


@runtime_checkable
class Configured(Source, Protocol):
    """A source whose rig hands out its configuration and takes changes to it."""

    async def get_config(self) -> JsonObject:
        """Return the rig's configuration with every secret replaced."""

    async def set_config(self, changes: JsonObject) -> None:
        """Change those keys and leave all others as they are; confirmed.

        Raises CommandRefused for keys that could lock the owner out or move money.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class HistorySeries:
    """What a channel of a part showed before, as far as a source can tell.

    `points` are the starts of their intervals (aware) with the mean over each, in the
    channel's inner unit; in any order, and some may be missing.
    """

    part: str
    channel: Channel[Any]
    interval: timedelta
    points: Sequence[tuple[datetime, float]]


@runtime_checkable
class HistoryProvider(Source, Protocol):
    """A source that tells the past; `history.py` makes long-term statistics of it."""

    async def history(
        self, since: datetime | None, now: datetime
    ) -> Sequence[HistorySeries]:
        """Return the past from `since` on, in intervals of one hour or less.

        None asks for as much as there is. More than was asked for does no harm. Asked
        once an hour at most. Raises a SourceError.
        """


@runtime_checkable
class ActionProvider(Source, Protocol):
    """A source that answers questions of its own, such as the reports of a pool."""

    async def report(self, question: str, details: JsonObject) -> JsonObject:
        """Answer a question of `services.py`, which is the name of the action.

        `details` are the action's fields, checked. Money in the answer is a string of
        plain digits, moments are ISO 8601. Raises a SourceError: CommandRefused where
        the question makes no sense, or these credentials may not ask it.
        """


@runtime_checkable
class Diagnosed(Source, Protocol):
    """A source with more to say when somebody looks for a fault."""

    def diagnostics(self) -> JsonObject:
        """Return what it does and cannot do, as JSON without secrets."""


class FieldKind(StrEnum):
    """What a field of a source's form asks for; `config_flow` makes it a selector."""

    HOST = "host"
    PORT = "port"
    SECRET = "secret"
    TEXT = "text"
    FLAG = "flag"
    CHOICE = "choice"
    SECONDS = "seconds"


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One question of a form."""

    key: str
    kind: FieldKind
    required: bool = False
    default: Any = None
    choices: tuple[str, ...] = ()
    section: str | None = None
    """The collapsed section that holds it; the section may be left out."""


@dataclass(frozen=True, slots=True)
class Form:
    """What a source needs to know before it can be tried."""

    fields: tuple[Field, ...]

    @property
    def secrets(self) -> frozenset[str]:
        """The keys whose answers must never be shown."""
        return frozenset(f.key for f in self.fields if f.kind is FieldKind.SECRET)

    @property
    def whereabouts(self) -> frozenset[str]:
        """The keys that say where the rig is and how to be let in."""
        there = (FieldKind.HOST, FieldKind.PORT, FieldKind.SECRET)
        return frozenset(f.key for f in self.fields if f.kind in there or f.section)

    def has(self, key: str) -> bool:
        """Tell whether the form asks for that."""
        return any(field.key == key for field in self.fields)

    @property
    def defaults(self) -> dict[str, Any]:
        """The answers of somebody who leaves out everything that may be left out."""
        return {f.key: f.default for f in self.fields if f.default is not None}
