"""When to make which requests: groups of them, each with its own period.

A group's reader is an async generator that pauses after each request, so that one with
too many requests for a poll or for the budget continues in the next poll.
"""

from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Final

from .operations import Feature

type Read = Callable[[datetime], AsyncGenerator[None]]
"""Makes a request before each `yield`. Raises a SourceError."""

CLOSED: Final = timedelta(hours=24)
"""Time until a feature that the pool refused is tried again."""
_RETRY: Final = timedelta(minutes=1)
_SELDOM: Final = timedelta(hours=1)
_CREDIT: Final = (time(10, 20), time(12), time(14, 10))
"""UTC times at which the credits and payouts of a day are visible.

Headframe's FAQ (https://faq.headframe.io/article/5994): credits at 10:10 UTC, payouts
between 11:00 and 14:00 UTC.
"""


@dataclass(slots=True, kw_only=True)
class Group:
    """Requests that belong together, and when they are due."""

    name: str
    """Unique; the key of the group's results."""
    feature: Feature
    read: Read
    period: timedelta
    at_credit: bool = False
    """Also read after the pool has credited or paid."""
    due: datetime | None = None
    """When it is read next; None: at once."""
    running: AsyncGenerator[None] | None = None
    answered: datetime | None = None
    """The time of the last successful request."""
    failures: int = 0
    closed: int | None = None
    """The status with which the pool refused the feature last."""

    def is_due(self, now: datetime) -> bool:
        """Return whether to start reading, or to continue."""
        if self.running is not None or self.due is None:
            return True
        # A clock that was set back must not delay it.
        return not now < self.due <= now + max(self.period, CLOSED)

    def is_fresh(self, now: datetime, shortest: timedelta) -> bool:
        """Return whether the last results are valid: for three periods."""
        holds = max(3 * self.period, shortest)
        return self.answered is not None and now - self.answered <= holds

    def finish(self, now: datetime) -> None:
        """Note that everything was read."""
        self.running = None
        self.answered = now
        self.failures = 0
        self.closed = None
        self.due = now + self.period
        if self.at_credit:
            today = (datetime.combine(now, moment, UTC) for moment in _CREDIT)
            self.due = min([self.due, *(at for at in today if at > now)])

    def close(self, now: datetime, status: int) -> bool:
        """Note that the pool refused the feature; return whether it was open before."""
        was_open = self.closed is None
        self.running = None
        self.answered = None
        self.closed = status
        self.due = now + CLOSED
        return was_open

    def fail(self, now: datetime) -> None:
        """Note a failure; retry soon, then less and less often."""
        self.running = None
        self.due = now + min(_RETRY * 2 ** min(self.failures, 10), self.period, _SELDOM)
        self.failures += 1
