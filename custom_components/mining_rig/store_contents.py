"""What the file of a rig holds, read from bytes that may be anything."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from math import isfinite
from typing import Any, Final

import orjson

from .const import SHOWN_WORKERS
from .known_parts import KnownParts, load_known_parts

VERSION: Final = 1
"""Of the file; one with a higher version is from a newer integration."""


@dataclass(slots=True)
class Contents:
    """What is kept of a rig.

    `energy` holds totals in Wh by channel key, `orders` what the owner last ordered by
    part, `derived` what the derived readings remember, `watchdog` what that remembers,
    `forgotten` the parts that the owner removed although the rig still reports them,
    `shown_workers` how many workers' entities were enabled last, `notes` what the source
    keeps.
    """

    known_parts: KnownParts = field(default_factory=KnownParts)
    energy: dict[str, float] = field(default_factory=dict)
    orders: dict[str, Any] = field(default_factory=dict)
    derived: dict[str, Any] = field(default_factory=dict)
    watchdog: dict[str, Any] = field(default_factory=dict)
    forgotten: set[str] = field(default_factory=set)
    shown_workers: int = SHOWN_WORKERS
    protection: dict[str, Any] = field(default_factory=dict)
    """What thermal protection remembers, and its limits."""
    started: bool | None = None
    """What was last ordered of the scripts that start and stop it."""
    notes: dict[str, Any] = field(default_factory=dict)
    lost: bool = False
    """Notes that were kept before could not be read."""
    aside: str | None = None
    """The name of the newest file that was put aside and not yet seen by the owner."""

    def dump(self) -> dict[str, Any]:
        """Return it as JSON, independent of later changes to the mappings."""
        return {
            "parts": self.known_parts.dump(),
            "energy": dict(self.energy),
            "orders": dict(self.orders),
            "derived": self.derived,
            "watchdog": self.watchdog,
            "forgotten": sorted(self.forgotten),
            "shown_workers": self.shown_workers,
            "protection": dict(self.protection),
            "started": self.started,
            "notes": dict(self.notes),
            "lost": self.lost,
            "aside": self.aside,
        }


def read_contents(text: bytes) -> tuple[Contents, str | None]:
    """Return what is in a file, and what is wrong with it, None if nothing.

    Each field stands alone: a wrong one has its default, the others are kept.
    """
    try:
        document = orjson.loads(text)
    except orjson.JSONDecodeError as err:
        return Contents(lost=True), f"it is no JSON: {err}"
    if not isinstance(document, dict):
        return Contents(lost=True), "it is no object"
    version = document.get("version")
    if type(version) is not int or version > VERSION:
        return Contents(lost=True), f"its version is {version!r}, not {VERSION}"
    data = document.get("data")
    if not isinstance(data, dict):
        return Contents(lost=True), "it has no data"
    contents = Contents()
    flaws = [
        name
        for name, take in _FIELDS.items()
        if (name in data or name == "notes") and not take(contents, data.get(name))
    ]
    contents.lost = contents.lost or "notes" in flaws
    return contents, f"wrong: {', '.join(flaws)}" if flaws else None


def _take_parts(contents: Contents, value: Any) -> bool:
    contents.known_parts = load_known_parts(value)
    return not contents.known_parts.flawed


def _take_energy(contents: Contents, value: Any) -> bool:
    return _take_items(contents.energy, value, _total)


def _take_orders(contents: Contents, value: Any) -> bool:
    return _take_items(contents.orders, value, _plain)


def _take_derived(contents: Contents, value: Any) -> bool:
    return _take_items(contents.derived, value, _object)


def _take_protection(contents: Contents, value: Any) -> bool:
    return _take_items(contents.protection, value, _object)


def _take_watchdog(contents: Contents, value: Any) -> bool:
    if not isinstance(value, dict):
        return False
    # Its reader takes nothing in it for granted.
    contents.watchdog = value
    return True


def _take_started(contents: Contents, value: Any) -> bool:
    contents.started = value if isinstance(value, bool) else None
    return value is contents.started


def _take_notes(contents: Contents, value: Any) -> bool:
    return _take_items(contents.notes, value, lambda note: note)


def _take_forgotten(contents: Contents, value: Any) -> bool:
    if not isinstance(value, list):
        return False
    contents.forgotten = {key for key in value if isinstance(key, str)}
    return len(contents.forgotten) == len(value)


def _take_shown_workers(contents: Contents, value: Any) -> bool:
    if type(value) is not int or value < 0:
        return False
    contents.shown_workers = value
    return True


def _take_lost(contents: Contents, value: Any) -> bool:
    # What cannot be understood is the careful answer.
    contents.lost = value is not False
    return isinstance(value, bool)


def _take_aside(contents: Contents, value: Any) -> bool:
    contents.aside = value if isinstance(value, str) else None
    return value is None or isinstance(value, str)


_FIELDS: Final[Mapping[str, Callable[[Contents, Any], bool]]] = {
    "parts": _take_parts,
    "energy": _take_energy,
    "orders": _take_orders,
    "derived": _take_derived,
    "watchdog": _take_watchdog,
    "forgotten": _take_forgotten,
    "shown_workers": _take_shown_workers,
    "protection": _take_protection,
    "started": _take_started,
    "notes": _take_notes,
    "lost": _take_lost,
    "aside": _take_aside,
}
"""How each field is taken; False where something of it was left out."""


def _take_items(
    into: dict[str, Any], value: Any, read: Callable[[Any], Any | None]
) -> bool:
    """Take the items that can be read; return whether those were all."""
    if not isinstance(value, dict):
        return False
    found = {key: read(item) for key, item in value.items()}
    into.update({key: item for key, item in found.items() if item is not None})
    return len(into) == len(value)


def _total(value: Any) -> float | None:
    if type(value) not in (int, float) or not isfinite(value) or value < 0:
        return None
    return float(value)


def _plain(value: Any) -> bool | float | str | None:
    return value if isinstance(value, bool | int | float | str) else None


def _object(value: Any) -> dict[str, Any] | None:
    return value if isinstance(value, dict) else None
