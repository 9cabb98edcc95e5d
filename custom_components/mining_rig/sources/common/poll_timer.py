"""Things that are asked for at a pace of their own, beside what every poll asks."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Final

_AFTER_FAILURE: Final = timedelta(seconds=30)
_SETTLING: Final = 10.0
"""Seconds after a command in which what came of it may only begin to show."""


class PollTimer:
    """Something that is asked for at its own pace."""

    def __init__(self) -> None:
        """Be due at once."""
        self._every = timedelta(0)
        self._next: datetime | None = None
        self._holds_until: datetime | None = None

    def is_due(self, now: datetime) -> bool:
        """Tell whether it is time; a clock that was set back makes it so."""
        return self._next is None or not self._next - self._every <= now < self._next

    def is_stale(self, now: datetime) -> bool:
        """Tell whether what was read holds no more."""
        return self._holds_until is None or now > self._holds_until

    def hurry(self) -> None:
        """Be due at once."""
        self._next = None

    def done(self, now: datetime, every: timedelta) -> None:
        """Be due again after `every`; until then, and longer, what was read holds."""
        self._every, self._next = every, now + every
        self._holds_until = now + 3 * every

    def failed(self, now: datetime) -> None:
        """Try again soon; what was read before holds for a while."""
        self._every, self._next = _AFTER_FAILURE, now + _AFTER_FAILURE


class Settling:
    """The time after a command in which nothing waits for its own pace."""

    def __init__(self) -> None:
        """Begin without a command."""
        self._until = 0.0

    @property
    def lasts(self) -> bool:
        """Tell whether it is such a time."""
        return asyncio.get_running_loop().time() < self._until

    @contextmanager
    def after(self) -> Iterator[None]:
        """Begin when what is inside has ended, whatever came of it."""
        try:
            yield
        finally:
            self._until = asyncio.get_running_loop().time() + _SETTLING


def fell(before: float | None, now: float | None) -> bool:
    """Tell whether something that only rises, an uptime, began anew."""
    return before is not None and now is not None and now < before
