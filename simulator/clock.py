"""Clocks: where the simulator's world takes its time from."""

from collections.abc import Callable
import time

type Clock = Callable[[], float]
"""Seconds since some moment; asked again whenever the world is looked at."""


def wall_clock() -> float:
    """Return the time of day in seconds; a test that freezes time freezes it too."""
    return time.time()


class ManualClock:
    """A clock that only moves when told to."""

    def __init__(self, now: float = 1_700_000_000.0) -> None:
        """Start at `now`, in seconds."""
        self.now = now

    def __call__(self) -> float:
        """Return the time it was moved to."""
        return self.now

    def advance(self, seconds: float) -> None:
        """Move forward."""
        self.now += seconds


class FastClock:
    """The time of day, running `speed` times as fast from the moment it is made."""

    def __init__(self, speed: float) -> None:
        """Start at the present."""
        self.speed = speed
        self._start = wall_clock()

    def __call__(self) -> float:
        """Return the accelerated time in seconds."""
        return self._start + (wall_clock() - self._start) * self.speed
