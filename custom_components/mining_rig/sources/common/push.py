"""What a pushing kind declares: the API that its rigs or their agents use.

The module `routes` of a pushing kind has it as `API`; `push/` serves it without knowing
the kind.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, runtime_checkable

from .contract import JsonObject, Notes, Pushed

type NotesAnswer = Callable[[Notes, str], Any]
"""Makes the JSON answer for one rig from its notes and its name.

Raises OrdersUnknown.
"""


class OrdersUnknown(Exception):
    """Orders were lost, and whatever is answered could contradict them."""


@dataclass(frozen=True, slots=True)
class Ping:
    """An endpoint that answers everyone the same."""

    answer: Any


@dataclass(frozen=True, slots=True)
class Push:
    """An endpoint that a rig of that type pushes such messages to; answers null."""

    rig_type: str
    message: str


@dataclass(frozen=True, slots=True)
class Fetch:
    """An endpoint that a rig of that type fetches something from; None answers 404."""

    rig_type: str
    answer: NotesAnswer | None


@dataclass(frozen=True, slots=True)
class FetchMany:
    """An endpoint that fetches for several rigs; `codes` returns those in the body.

    It answers an object by code and leaves codes out that are not known.
    """

    rig_type: str
    codes: Callable[[Any], Sequence[str]]
    answer: NotesAnswer


type Endpoint = Ping | Push | Fetch | FetchMany


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteSubentries:
    """Subentries that stand for the items of a list in a note.

    The note is what counts; the subentries let the owner see and edit its items.
    """

    subentry_type: str
    id_key: str
    """Key of the item's id in a subentry's data."""
    note: str
    titles: Callable[[Any], Mapping[int, str]]
    """Returns the titles of a note's items by id."""
    only: Callable[[Any, Iterable[int]], Any]
    """Returns a note with only the items of those ids."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PushApi:
    """The HTTP API of a pushing kind.

    Types of rigs and messages are names of the kind's own. "Fields" are a body as
    `clean` returns it.
    """

    base: str
    """The first word of its paths, below the integration's base."""
    endpoints: Mapping[tuple[str, tuple[str, ...]], Endpoint]
    """By method and the words of the path below `base`; "*" is any word."""
    code_headers: Sequence[str]
    """Headers that may carry the API code; the first one is the API's own."""
    no_code: JsonObject
    """The body of a 401 where no header has a code."""
    unknown_code: JsonObject
    """The body of a 401 where the code is of no rig of that type."""

    rig_type: Callable[[Mapping[str, Any]], str]
    """Returns the type of a rig from its entry's data."""
    clean: Callable[[Any], JsonObject]
    """Returns the fields of a decoded body, which may be anything."""
    recognize: Callable[[str, JsonObject], str | None]
    """Returns what a rig of that type pushed; None where it is of another type."""
    missing: Callable[[str, str, JsonObject], Sequence[str]]
    """Returns the required fields that a message of a type of rig lacks."""
    has_any: Callable[[str, str, JsonObject], bool]
    """Returns whether fields have any of those that such a message requires."""
    webhook_answer: Callable[[str, Notes, str], Any]
    """Makes the answer of the webhook from the rig's type, notes and name."""

    specs_message: str
    """The message that is stored in a note before it is answered."""
    specs_note: str
    specs_to_keep: Callable[[JsonObject], JsonObject]
    """Returns what to store of specifications."""
    subentries: NoteSubentries | None = None


@runtime_checkable
class Receiver(Pushed, Protocol):
    """A source that takes the messages of its rig."""

    agent_is_busy: Callable[[], bool]
    """Returns whether its agent may be silent for the sake of others of its rigs."""

    def receive(self, body: JsonObject, now: datetime) -> None:
        """Take the fields of a message that is not stored."""

    def shared_by(self, now: datetime) -> Sequence[str]:
        """Return the addresses of rigs that push with one code; none normally."""
