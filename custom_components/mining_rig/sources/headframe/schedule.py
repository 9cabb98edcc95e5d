"""What is asked when: groups of requests, each with a period of its own.

A group is an async generator that pauses after each request, so that a round that is
too long for one reading or for the budget goes on in the next one.
"""

from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Final

from .operations import Feature

type Ask = Callable[[datetime], AsyncGenerator[None]]
"""Makes a request before each `yield`. Raises a SourceError."""

CLOSED: Final = timedelta(hours=24)
"""How long a feature that is not open is left alone."""
_RETRY: Final = timedelta(minutes=1)
_SELDOM: Final = timedelta(hours=1)
_CREDIT: Final = (time(10, 20), time(12), time(14, 10))
"""In UTC, when what happened to the money of a day can be seen."""


@dataclass(slots=True, kw_only=True)
class Group:
    """Requests that belong together, and when they are due."""

    name: str
    """Unique; what they told is kept under it."""
    feature: Feature
    ask: Ask
    period: timedelta
    at_credit: bool = False
    """Also asked when the pool has credited or paid."""
    due: datetime | None = None
    """None: at once."""
    running: AsyncGenerator[None] | None = None
    answered: datetime | None = None
    """When it was answered last."""
    failures: int = 0
    closed: int | None = None
    """The status with which the pool turned the feature down last."""

    def is_due(self, now: datetime) -> bool:
        """Tell whether there is something to ask, or to go on asking."""
        if self.running is not None or self.due is None:
            return True
        # A clock that was set back must not put it off.
        return not now < self.due <= now + max(self.period, CLOSED)

    def is_fresh(self, now: datetime, shortest: timedelta) -> bool:
        """Tell whether what it told last still holds: for three rounds."""
        holds = max(3 * self.period, shortest)
        return self.answered is not None and now - self.answered <= holds

    def finish(self, now: datetime) -> None:
        """End a round that is complete."""
        self.running = None
        self.answered = now
        self.failures = 0
        self.closed = None
        self.due = now + self.period
        if self.at_credit:
            today = (datetime.combine(now, moment, UTC) for moment in _CREDIT)
            self.due = min([self.due, *(at for at in today if at > now)])

    def close(self, now: datetime, status: int) -> bool:
        """Leave the feature alone for long; tell whether it was open so far."""
        was_open = self.closed is None
        self.running = None
        self.answered = None
        self.closed = status
        self.due = now + CLOSED
        return was_open

    def fail(self, now: datetime) -> None:
        """End a round that brought nothing; try again soon, then less and less."""
        self.running = None
        self.due = now + min(_RETRY * 2 ** min(self.failures, 10), self.period, _SELDOM)
        self.failures += 1
