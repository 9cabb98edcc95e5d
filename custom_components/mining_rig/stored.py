"""Reading stored JSON of which nothing can be taken for granted."""

from collections.abc import Iterable, Iterator
from enum import StrEnum
from math import isfinite
from typing import Any


def items(stored: Any) -> list[Any]:
    """Return a list; anything else is an empty one."""
    return stored if isinstance(stored, list) else []


def texts(stored: Any) -> list[str]:
    """Return the texts of a list."""
    return [item for item in items(stored) if isinstance(item, str)]


def words[T: StrEnum](known: type[T], stored: Any) -> Iterator[T]:
    """Go through those words of a list that are known."""
    return (known(text) for text in texts(stored) if text in known)


def number(stored: Any) -> float | None:
    """Return a finite number, None for anything else."""
    if not isinstance(stored, int | float) or isinstance(stored, bool):
        return None
    try:
        found = float(stored)
    except OverflowError:
        return None
    return found if isfinite(found) else None


def numbers(stored: Iterable[Any]) -> list[float]:
    """Return the finite numbers among some values."""
    return [found for found in map(number, stored) if found is not None]


def age(stored: Any) -> float | None:
    """Return an age in seconds; a negative one is none."""
    found = number(stored)
    return found if found is not None and found >= 0 else None
