"""When to make which requests: groups of them, each with its own period.

A group's reader is an async generator that pauses after each request, so that one with
too many requests for a poll or for the budget continues in the next poll.
"""

from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Final

from ...clock import steady
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
    """The steady moment when it is read next; None: at once."""
    running: AsyncGenerator[None] | None = None
    answered: datetime | None = None
    """The time of the last successful request, by the system's clock."""
    fresh_since: datetime | None = None
    """The steady moment of the last successful request."""
    failures: int = 0
    closed: int | None = None
    """The status with which the pool refused the feature last."""

    def is_due(self, now: datetime) -> bool:
        """Return whether to start reading, or to continue."""
        if self.running is not None or self.due is None:
            return True
        return steady(now) >= self.due

    def is_fresh(self, now: datetime, shortest: timedelta) -> bool:
        """Return whether the last results are valid: for three periods."""
        holds = max(3 * self.period, shortest)
        return self.fresh_since is not None and steady(now) - self.fresh_since <= holds

    def note_answer(self, now: datetime) -> None:
        """Note a successful request."""
        self.answered = now
        self.fresh_since = steady(now)

    def finish(self, now: datetime) -> None:
        """Note that everything was read."""
        self.running = None
        self.note_answer(now)
        self.failures = 0
        self.closed = None
        wait = self.period
        if self.at_credit:
            today = (datetime.combine(now, moment, UTC) for moment in _CREDIT)
            wait = min([wait, *(at - now for at in today if at > now)])
        self.due = steady(now) + wait

    def close(self, now: datetime, status: int) -> bool:
        """Note that the pool refused the feature; return whether it was open before."""
        was_open = self.closed is None
        self.running = None
        self.answered = self.fresh_since = None
        self.closed = status
        self.due = steady(now) + CLOSED
        return was_open

    def fail(self, now: datetime) -> None:
        """Note a failure; retry soon, then less and less often."""
        self.running = None
        wait = min(_RETRY * 2 ** min(self.failures, 10), self.period, _SELDOM)
        self.due = steady(now) + wait
        self.failures += 1
