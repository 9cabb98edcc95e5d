"""Reading single fields of Headframe's answers.

Answers are decoded exactly (`Answer.exact_json`): a number with a fraction is a
Decimal, so that money is never a binary fraction.
"""

from datetime import UTC, datetime
from typing import Final

from ...common.decoding import Fields
from ..operations import ID

_MAX_DIGITS: Final = 30
"""Digits of the largest number that is taken for a hashrate or a count."""
_LATEST: Final = 2**34
"""Unix seconds; the latest time of a chart's point, in the year 2514."""


def identifier(fields: Fields, *path: str) -> str | None:
    """Return an id that is safe to put into a path, else None."""
    found = fields.text(*path)
    return found if found is not None and ID.fullmatch(found) else None


def rate(fields: Fields, *path: str) -> float | None:
    """Return a hashrate in H/s, sent as text or as a number."""
    found = fields.amount(*path)
    if found is None or not found >= 0 or found.adjusted() > _MAX_DIGITS:
        return None
    return float(found)


def whole(fields: Fields, *path: str) -> int | None:
    """Return a whole number that is not negative, sent as text or as a number."""
    found = fields.amount(*path)
    if found is None or found < 0 or found.adjusted() > _MAX_DIGITS:
        return None
    return int(found) if found == found.to_integral_value() else None


def is_list(fields: Fields, *path: str) -> bool:
    """Return whether there is a list; an empty one may be null, but not missing."""
    *before, last = path
    inside = fields.raw(*before)
    if not isinstance(inside, dict) or last not in inside:
        return False
    return inside[last] is None or isinstance(inside[last], list)


def second(fields: Fields, *path: str) -> datetime | None:
    """Return a time sent as Unix seconds."""
    found = fields.amount(*path)
    if found is None or not 0 <= found <= _LATEST:
        return None
    return datetime.fromtimestamp(int(found), UTC)


def percent(fields: Fields, *path: str) -> float | None:
    """Return a ratio (0 to 1) in %."""
    found = fields.amount(*path)
    if found is None or not 0 <= found <= 1:
        return None
    return float(found * 100)
