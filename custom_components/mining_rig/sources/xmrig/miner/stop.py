"""Whether the workers of a miner were ended, which its API does not report."""

from datetime import datetime, timedelta
from typing import Final

from .summary import Condition

_STOPPED_AFTER: Final = timedelta(minutes=1)
"""A miner that starts has no workers for a while, until its memory is prepared."""


class StopDetector:
    """Distinguishes a miner whose workers were ended from one that is starting.

    The summary of both is the same: not paused, connected to a pool, no hashrate.
    """

    def __init__(self) -> None:
        """Start with a miner that was not stopped."""
        self.stopped = False
        self._idle_since: datetime | None = None

    def reset(self) -> None:
        """Start again, for a new process."""
        self.stopped = False
        self._idle_since = None

    def update(self, condition: Condition, now: datetime, workers: bool | None) -> None:
        """Take the condition at a poll; `workers` is None where that is not known."""
        if condition.has_hashrate or workers:
            self.stopped = False
        if workers or not condition.idle:
            self._idle_since = None
            return
        self._idle_since = self._idle_since or now
        idle = now - self._idle_since
        if workers is False and condition.highest and idle >= _STOPPED_AFTER:
            self.stopped = True
