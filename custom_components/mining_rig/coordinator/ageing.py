"""Which parts have left a rig for good, although nobody said so."""

from collections.abc import Collection
from datetime import date, timedelta
from typing import Final

from ..known_parts import KnownParts
from ..model import RIG

_LEFT_AFTER: Final = timedelta(days=30)
_DAYS_ABSENT: Final = 7
"""On so many days the rig has to have answered without the part.

A clock that was set wrong makes a part old, but it does not make days pass.
"""
_SETTLED: Final = 3600.0
"""Seconds after the first reading: a miner that starts does not have all its cards yet."""
_NEXT_DAY: Final = 20 * 3600.0
"""Seconds between two days that are counted, whatever the clock shows."""
_AT_ONCE: Final = 4
"""Parts that leave with one reading: removing many devices would block the event loop."""


class Ageing:
    """Counts the days on which the rig answered without a part."""

    def __init__(self, known_parts: KnownParts) -> None:
        """Start with what is known of the rig."""
        self._known = known_parts.parts
        self._present: set[str] = set()
        """Parts of the readings since the last day that was counted."""
        self._since: float | None = None
        self._wait = _SETTLED
        self._leaving: list[str] = []

    def take(self, present: Collection[str], today: date, now: float) -> frozenset[str]:
        """Take the parts of a reading; return those that have left for good.

        `now` is monotonic, in seconds.
        """
        self._present.update(present)
        if self._since is None:
            self._since = now
        if now - self._since >= self._wait and self._known[RIG].seen != today:
            self._count(today)
            self._since, self._wait = now, _NEXT_DAY
        if not self._leaving:
            return frozenset()
        some, self._leaving = self._leaving[:_AT_ONCE], self._leaving[_AT_ONCE:]
        return frozenset(some).difference(present)

    def _count(self, today: date) -> None:
        for key, part in self._known.items():
            part.note_day(today, present=key in self._present)
        self._present.clear()
        self._leaving = [
            key
            for key, part in self._known.items()
            if part.days_absent >= _DAYS_ABSENT
            and part.seen is not None
            and today - part.seen >= _LEFT_AFTER
        ]
