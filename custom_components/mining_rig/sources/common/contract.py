"""The contract of a source, which translates between a wire and the vocabulary.

A source knows no entity, platform, config entry or clock. Each ability beyond naming its
rig is a small protocol, looked up by type.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol, runtime_checkable

from aiohttp import ClientSession

from ...model import Action, Channel, Control, Snapshot, Value
from ...problem import Problem
from .public_text import plain_text, public_name, public_text

type JsonObject = dict[str, Any]


class SourceError(Exception):
    """Base of the five errors; nothing else leaves a source.

    The text is shown in logs and dialogs, so what looks like a secret is left out.
    """

    problem: Problem | None = None
    """What the owner has to do about it, shown as an issue."""

    def __init__(self, text: str) -> None:
        """Take a text, which may quote what was sent."""
        super().__init__(public_text(text))


class SourceUnreachable(SourceError):
    """The rig does not answer. Normal at home."""

    def __init__(
        self,
        text: str,
        *,
        timed_out: bool = False,
        reason: str | None = None,
        problem: Problem | None = None,
    ) -> None:
        """Set whether the rig took too long, and why it cannot be reached.

        `reason` is the key of the error that a dialog shows, None for the usual one;
        `problem` is what the owner of a rig that was added has to do.
        """
        super().__init__(text)
        self.problem = problem
        self.timed_out = timed_out
        self.reason = reason


class SourceBusy(SourceError):
    """The system is busy; the poll is repeated later."""

    def __init__(self, text: str, retry_after: float | None = None) -> None:
        """Take the seconds to wait, None where the answer does not have them."""
        super().__init__(text)
        self.retry_after = retry_after


class SourceRefused(SourceError):
    """The credentials are wrong or missing; leads to re-authentication."""


class SourceGarbled(SourceError):
    """The answer cannot be parsed."""

    def __init__(
        self, text: str, *, other_device: bool = False, kind: str | None = None
    ) -> None:
        """Set whether another product answered, or only an answer is broken.

        `kind` is that of the product which the answer names, if there is one.
        """
        super().__init__(text)
        self.other_device = other_device
        self.kind = kind


class CommandRefused(SourceError):
    """The miner does not allow the command."""

    def __init__(
        self, translation_key: str, placeholders: Mapping[str, str] | None = None
    ) -> None:
        """Take the key of the error text, which explains what to change."""
        super().__init__(translation_key)
        self.translation_key = translation_key
        self.placeholders = {
            key: public_text(text) for key, text in (placeholders or {}).items()
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """The rig that answered, for the config flow.

    `rig_id` is the rig's own id; where it has none, host and port are compared instead.
    `stable`: the id never changes, so that it can be the root of unique ids. Secrets
    are taken out of title and model; a title of which nothing is left is "".
    """

    rig_id: str | None
    title: str
    stable: bool = False
    model: str | None = None
    manufacturer: str | None = None
    version: str | None = None

    def __post_init__(self) -> None:
        """Take what may not be shown out of the texts."""
        shown = {
            "title": public_name(self.title) or "",
            "model": public_name(self.model),
            "version": None if self.version is None else plain_text(self.version),
        }
        for name, text in shown.items():
            object.__setattr__(self, name, text)


class Notes(Protocol):
    """Data that a source keeps over restarts, such as settings that it replaced."""

    @property
    def lost(self) -> bool:
        """Whether data that was kept before could not be read."""

    def get(self, key: str) -> Any:
        """Return the data of a key, None where there is none."""

    async def keep(self, key: str, value: Any) -> None:
        """Keep JSON data, on disk when this returns; None removes the key."""

    def put(self, key: str, value: Any) -> None:
        """Keep JSON data in memory at once; it is on disk after the next save."""


@dataclass(slots=True)
class InMemoryNotes:
    """Notes of a config flow, where no entry exists yet."""

    kept: dict[str, Any] = field(default_factory=dict)
    lost: bool = False

    def get(self, key: str) -> Any:
        """Return the data of a key."""
        return self.kept.get(key)

    def put(self, key: str, value: Any) -> None:
        """Keep the data."""
        self.kept[key] = value

    async def keep(self, key: str, value: Any) -> None:
        """Keep it until the flow ends."""
        self.kept[key] = value


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceContext:
    """What a source is opened with."""

    data: Mapping[str, Any]
    """The answers to the source's form, by field key."""
    session: ClientSession
    """Home Assistant's session for this `verify_ssl`."""
    notes: Notes = field(default_factory=InMemoryNotes)
    options: Mapping[str, Any] = field(default_factory=dict)
    """The entry's options, with the defaults of the kind's own."""


type SourceFactory = Callable[[SourceContext], Awaitable[Source]]
"""The type of `async_open` of each source module; it does no I/O with the rig."""


@runtime_checkable
class Source(Protocol):
    """A rig, a pool or an agent behind its wire."""

    @property
    def address(self) -> str | None:
        """The URL for a browser, without secrets; None where there is none."""

    async def identify(self) -> Identity:
        """Return the identity of the rig. Raises a SourceError."""

    async def close(self) -> None:
        """End sessions and free resources; raises nothing."""


@runtime_checkable
class Polled(Source, Protocol):
    """A source that is polled."""

    @property
    def interval(self) -> timedelta:
        """The time between two polls while the rig answers."""

    async def read(self, now: datetime) -> Snapshot:
        """Read the rig's parts. Raises a SourceError."""


@runtime_checkable
class Reachable(Source, Protocol):
    """A source that can tell whether its rig is there, without a request to it.

    It is asked every 10 s while the rig does not answer. Not for a rig that a connection
    without a request harms or keeps from serving others.
    """

    async def is_reachable(self) -> bool:
        """Return within seconds whether the rig accepts a connection; raises nothing."""


@runtime_checkable
class Pushed(Source, Protocol):
    """A source whose rig sends its readings and fetches its orders."""

    @property
    def stale_after(self) -> timedelta:
        """The time without a message after which the rig is offline."""

    def present(self, now: datetime, *, online: bool) -> Snapshot:
        """Return the parts as known now; of an offline rig only lasting values.

        Orders are included: they can be given to a rig that is off.
        """


@runtime_checkable
class Writable(Source, Protocol):
    """A source with settings that can be written.

    An order to stop mining waits for nothing: it is written beside a `read`, another
    `write` or a change of the configuration that is under way, so nothing of it may
    depend on them. An order that is no longer wanted is cancelled.
    """

    async def write(self, part: str, control: Control[Any], value: Value) -> None:
        """Send one setting; the next `read` shows its effect.

        Raises a SourceError.
        """


@runtime_checkable
class UrgentlyWritable(Writable, Protocol):
    """A source whose wire answers one request at a time, or at a pace."""

    async def write_urgently(
        self, part: str, control: Control[Any], value: Value
    ) -> None:
        """Send an order to stop mining ahead of all that waits, without a pause.

        Called instead of `write` for such an order. It reaches the rig within a second
        wherever the rig accepts a connection. Raises a SourceError.
        """


@runtime_checkable
class Holding(Writable, Protocol):
    """A source whose rig fetches its orders."""

    def hold(self, control: Control[Any], value: Value) -> None:
        """Let an order hold at once, whether or not it can be stored."""


@runtime_checkable
class OrderTracker(Source, Protocol):
    """A source whose rig fetches its orders, and follows them some time later."""

    def pending_order(self, now: datetime, *, online: bool) -> bool | None:
        """Return the order to mine or not to mine that the rig has yet to follow.

        None without one, and when the rig has had the time that it may take.
        """


@runtime_checkable
class Pressable(Source, Protocol):
    """A source with actions that can be pressed."""

    async def press(self, part: str, action: Action) -> None:
        """Send one action. Raises a SourceError."""


@runtime_checkable
class Configured(Source, Protocol):
    """A source whose rig returns its configuration and accepts changes."""

    async def get_config(self) -> JsonObject:
        """Return the rig's configuration with every secret replaced."""

    async def set_config(self, changes: JsonObject) -> None:
        """Change those keys, leave all others, and wait until the rig shows it.

        Raises CommandRefused for keys that could lock the owner out or move money.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class HistorySeries:
    """Past values of a channel of a part.

    `points` are the starts of their intervals (aware) with the mean over each, in the
    channel's inner unit; in any order, and some may be missing.
    """

    part: str
    channel: Channel[Any]
    interval: timedelta
    points: Sequence[tuple[datetime, float]]


@runtime_checkable
class HistoryProvider(Source, Protocol):
    """A source with past values; `history.py` makes long-term statistics of them."""

    async def history(
        self, since: datetime | None, now: datetime
    ) -> Sequence[HistorySeries]:
        """Return past values from `since` on, in intervals of one hour or less.

        None requests all there is; older values in the answer do no harm. Called once
        an hour at most. Raises a SourceError.
        """


@runtime_checkable
class ActionProvider(Source, Protocol):
    """A source with actions that return data, such as the reports of a pool."""

    async def report(self, question: str, details: JsonObject) -> JsonObject:
        """Return the response of the action of that name.

        `details` are the action's validated fields. Amounts of money in the response
        are decimal strings, moments are ISO 8601. Raises a SourceError: CommandRefused
        where the fields make no sense or the credentials do not permit the action.
        """


@runtime_checkable
class Diagnosed(Source, Protocol):
    """A source with diagnostics of its own."""

    def diagnostics(self) -> JsonObject:
        """Return the state of the source as JSON without secrets."""
