"""Requests with an interval of their own, beside what every poll reads."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Final

from ...clock import steady

_RETRY_AFTER: Final = timedelta(seconds=30)
_COMMAND_SHOWS_WITHIN: Final = 10.0
"""Seconds after a command until which its effect may not be readable yet."""


class PollTimer:
    """The interval of one kind of request; due at once when it is new."""

    def __init__(self) -> None:
        """Start without a successful request."""
        self._interval = timedelta(0)
        self._next: datetime | None = None
        self._expires: datetime | None = None

    def is_due(self, now: datetime) -> bool:
        """Return whether to send the request; true after the clock was set back."""
        now = steady(now)
        return self._next is None or not self._next - self._interval <= now < self._next

    def is_expired(self, now: datetime) -> bool:
        """Return whether the last successful answer is too old to be shown."""
        return self._expires is None or steady(now) > self._expires

    def make_due(self) -> None:
        """Send the request at the next poll."""
        self._next = None

    def succeeded(self, now: datetime, interval: timedelta) -> None:
        """Be due again after `interval`; the answer expires after three of them."""
        now = steady(now)
        self._interval, self._next = interval, now + interval
        self._expires = now + 3 * interval

    def failed(self, now: datetime) -> None:
        """Be due again soon; the last answer expires as before."""
        self._interval, self._next = _RETRY_AFTER, steady(now) + _RETRY_AFTER


class CommandWindow:
    """The seconds after a command, in which every poll reads everything."""

    def __init__(self) -> None:
        """Start closed."""
        self._until = 0.0

    @property
    def is_open(self) -> bool:
        """Whether a command was sent a few seconds ago."""
        return asyncio.get_running_loop().time() < self._until

    @contextmanager
    def after_command(self) -> Iterator[None]:
        """Open the window when the block ends, with an error or without."""
        try:
            yield
        finally:
            self._until = asyncio.get_running_loop().time() + _COMMAND_SHOWS_WITHIN


def has_restarted(before: float | None, now: float | None) -> bool:
    """Return whether an uptime fell, which means that the process restarted."""
    return before is not None and now is not None and now < before
