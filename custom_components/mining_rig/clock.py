"""A clock for ages: setting the system's clock neither stops it nor makes it jump."""

from datetime import datetime, timedelta
import time
from typing import Final

from homeassistant.util import dt as dt_util

_SMALLEST_STEP: Final = 1.0
"""Seconds; a smaller difference is how long it takes to read two clocks."""


class SteadyClock:
    """Moments that differ by the time that has passed between them.

    They are for comparison with each other only. While nobody sets the system's clock,
    they are moments of that clock moved by a constant.
    """

    def __init__(self) -> None:
        """Start without a difference to the system's clock."""
        self._offset = 0.0

    def moment(self, now: datetime | None = None) -> datetime:
        """Return the moment of `now`, which was just read from the system's clock."""
        wall = dt_util.utcnow()
        offset = time.monotonic() - wall.timestamp()
        if abs(offset - self._offset) > _SMALLEST_STEP:
            self._offset = offset
        return (wall if now is None else now) + timedelta(seconds=self._offset)


_CLOCK: Final = SteadyClock()


def steady(now: datetime) -> datetime:
    """Return the steady moment of `now`, which was just read from the system's clock."""
    return _CLOCK.moment(now)


def steady_now() -> datetime:
    """Return the steady moment of now."""
    return _CLOCK.moment()
