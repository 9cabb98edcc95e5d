"""The form of a kind as data: what a config flow needs to know to open a source.

`flow/forms.py` turns each field into a selector of Home Assistant.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final


class FieldKind(StrEnum):
    """The type of a field; the config flow chooses its selector by it."""

    HOST = "host"
    PORT = "port"
    SECRET = "secret"
    TEXT = "text"
    FLAG = "flag"
    CHOICE = "choice"
    SECONDS = "seconds"


_CONNECTION: Final = frozenset((FieldKind.HOST, FieldKind.PORT, FieldKind.SECRET))


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One field of a form."""

    key: str
    kind: FieldKind
    required: bool = False
    default: Any = None
    choices: tuple[str, ...] = ()
    section: str | None = None
    """The collapsed section that holds it; the section may be left out."""


@dataclass(frozen=True, slots=True)
class Form:
    """The fields of a kind's form, in the order in which they are shown."""

    fields: tuple[Field, ...]

    @property
    def secrets(self) -> frozenset[str]:
        """The keys whose answers must never be shown."""
        return frozenset(f.key for f in self.fields if f.kind is FieldKind.SECRET)

    @property
    def connection_keys(self) -> frozenset[str]:
        """The keys of address, credentials and connection options."""
        return frozenset(
            f.key for f in self.fields if f.kind in _CONNECTION or f.section
        )

    def has(self, key: str) -> bool:
        """Return whether the form has a field of that key."""
        return any(field.key == key for field in self.fields)

    @property
    def defaults(self) -> dict[str, Any]:
        """The defaults of all fields that have one, by key."""
        return {f.key: f.default for f in self.fields if f.default is not None}
