"""Fields of a pushed body, parsed leniently: numbers may be written as texts.

A field that cannot be parsed is not known; it never costs the others.
"""

from datetime import datetime, timedelta
from functools import lru_cache
import math
import re
from typing import Any, Final

from ...hashrate import parse_hashrate, parse_unit
from ..common.contract import JsonObject
from ..common.decoding import LONGEST_TEXT

# Plausible ranges: °C, W, and rpm or MHz.
_COLDEST: Final = -273.15
_HOTTEST: Final = 1000
MOST_WATTS: Final = 1e6
FASTEST: Final = 1e6

_LEAST_RATE: Final = 1e-6
_HIGHEST_RATE: Final = 1e27
_LONGEST_NUMBER: Final = 40
_LARGEST: Final = 1e200
_LARGEST_COUNT: Final = 2**63
_NUMBER: Final = re.compile(r"[-+]?[0-9]+(\.[0-9]+)?([eE][-+]?[0-9]{1,3})?")
_CLOCK: Final = re.compile(r"([0-9]{1,6}):([0-9]{1,2}):([0-9]{1,2}):([0-9]{1,2})")
_WORDS: Final = re.compile(r"([0-9]{1,9}) *(minute|hour|day|week|year|decade)s?")
_SECONDS: Final = {
    "minute": 60,
    "hour": 3600,
    "day": 86400,
    "week": 7 * 86400,
    "year": 365 * 86400,
    "decade": 3650 * 86400,
}
_LONGEST_UPTIME: Final = 50 * 365 * 86400


def one_line(text: str) -> str:
    """Return a text on one line, without what cannot be printed, cut if it is long."""
    words = " ".join(text.split())
    if not words.isprintable():
        words = "".join(filter(str.isprintable, words))
    return words if len(words) <= LONGEST_TEXT else words[:LONGEST_TEXT].strip()


class Body:
    """A cleaned body; `unparsed` holds the names of fields that cannot be parsed."""

    __slots__ = ("data", "unparsed")

    def __init__(self, data: JsonObject) -> None:
        """Take the body."""
        self.data = data
        self.unparsed: list[str] = []

    def text(self, *keys: str) -> str | None:
        """Return the text of the first of the fields that is there."""
        for key in keys:
            found = self.data.get(key)
            if type(found) is str:
                return one_line(found) or None
            if found is not None:
                self.unparsed.append(key)
        return None

    def number(
        self, key: str, *, minimum: float = 0, maximum: float = _LARGEST
    ) -> float | None:
        """Return a finite number within the bounds."""
        found = self.data.get(key)
        if found is None:
            return None
        if type(found) is str:
            found = _unquoted(found)
        # A boolean is not taken for a number, and NaN is within no bounds.
        if (type(found) is int or type(found) is float) and minimum <= found <= maximum:
            return found
        self.unparsed.append(key)
        return None

    def temperature(self, key: str) -> float | None:
        """Return °C."""
        return self.number(key, minimum=_COLDEST, maximum=_HOTTEST)

    def count(self, key: str) -> int | None:
        """Return a whole number."""
        found = self.number(key, maximum=_LARGEST_COUNT)
        if found is None or found == int(found):
            return None if found is None else int(found)
        self.unparsed.append(key)
        return None

    def rate(self, key: str, unit: str | None) -> tuple[float, str | None] | None:
        """Return work per second and its base unit, which is None if unknown."""
        raw = self.data.get(key)
        if raw is None:
            return None
        found: tuple[float, str | None] | None = None
        if type(raw) is str and len(raw) <= _LONGEST_NUMBER:
            found = parse_hashrate(raw, unit)
        if found is None:
            if (value := self.number(key)) is None:
                return None
            factor, base = _unit(unit or "")
            found = value * factor, base
        if found[0] and not _LEAST_RATE <= found[0] <= _HIGHEST_RATE:
            self.unparsed.append(key)
            return None
        return found

    def started(self, now: datetime) -> datetime | None:
        """Return the moment of the start, from the uptime."""
        raw = self.data.get("uptime")
        if raw is None:
            return None
        if (seconds := uptime_seconds(raw)) is None:
            self.unparsed.append("uptime")
            return None
        return now - timedelta(seconds=seconds)


@lru_cache(maxsize=64)
def _unit(text: str) -> tuple[float, str | None]:
    """Return factor and base of a unit."""
    return parse_unit(text) or (1, None)


def _unquoted(text: str) -> float | None:
    """Return the number that a text is."""
    if len(text) > _LONGEST_NUMBER:
        return None
    if (match := _NUMBER.fullmatch(text.strip())) is None:
        return None
    return int(match[0]) if match[1] is match[2] is None else float(match[0])


def uptime_seconds(raw: Any) -> float | None:
    """Parse `DD:HH:MM:SS`, a bare number of seconds, or `1 day, 2 hours`.

    Returns None for anything else.
    """
    if isinstance(raw, bool):
        return None
    seconds: float | None = None
    if isinstance(raw, str):
        text = raw.strip().lower()
        if match := _CLOCK.fullmatch(text):
            days, hours, minutes, rest = map(int, match.groups())
            seconds = ((days * 24 + hours) * 60 + minutes) * 60 + rest
        elif text.isascii() and text.isdigit() and len(text) <= 12:
            seconds = int(text)
        else:
            seconds = _spelled_out(text.removeprefix("up "))
    elif isinstance(raw, int | float) and math.isfinite(raw):
        seconds = raw
    if seconds is None or not 0 <= seconds <= _LONGEST_UPTIME:
        return None
    return seconds


def _spelled_out(text: str) -> float | None:
    total = 0
    for piece in text.split(","):
        if (match := _WORDS.fullmatch(piece.strip())) is None:
            return None
        total += int(match[1]) * _SECONDS[match[2]]
    return total
