"""Whether the workers of a miner were ended, which its API does not report."""

import asyncio
from datetime import datetime, timedelta
from typing import Final

from .summary import Condition

PREPARES_FOR: Final = 100.0
"""Seconds in which a miner with work may have no workers: RandomX prepares its memory
for up to 80 s, after a start and when the pool's seed changes."""
_STOPPED_AFTER: Final = timedelta(seconds=PREPARES_FOR)


class StopDetector:
    """Distinguishes a miner whose workers were ended from one that is starting.

    The summary of both is the same: not paused, connected to a pool, no hashrate.
    """

    def __init__(self) -> None:
        """Start with a miner that was not stopped."""
        self.stopped = False
        self._idle_since: datetime | None = None
        self._workers: bool | None = None
        """Whether there were any when that was known last, since it is idle."""
        self._started_at: float | None = None

    def reset(self) -> None:
        """Start again, for a new process."""
        self.stopped = False
        self._idle_since = self._workers = self._started_at = None

    def update(self, condition: Condition, now: datetime, workers: bool | None) -> None:
        """Take the condition at a poll; `workers` is None where that is not known."""
        if condition.has_hashrate or workers:
            self.stopped = False
            self._started_at = None
        if workers or not condition.idle:
            self._idle_since = self._workers = None
            return
        self._idle_since = self._idle_since or now
        if workers is not None:
            self._workers = workers
        idle = now - self._idle_since
        if self._workers is False and condition.highest and idle >= _STOPPED_AFTER:
            self.stopped = True

    def may_start_again(self) -> bool:
        """Return whether to start the workers; false while they may be preparing."""
        now = asyncio.get_running_loop().time()
        if self._started_at is not None and now - self._started_at < PREPARES_FOR:
            return False
        self._started_at = now
        return True
