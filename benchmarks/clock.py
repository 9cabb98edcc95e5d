"""The clock that the integration sees in a benchmark; it moves on from poll to poll."""

from datetime import datetime, timedelta
from time import monotonic

from homeassistant.util import dt as dt_util


class Clock:
    """The time that the integration sees."""

    def __init__(self, step: float) -> None:
        """Start now; a step has so many seconds."""
        self._now = dt_util.utcnow()
        self._step = timedelta(seconds=step)
        self._passed = 0.0

    def __call__(self) -> datetime:
        """Return the present."""
        return self._now

    def tick(self) -> None:
        """Move on by a step."""
        self._now += self._step
        self._passed += self._step.total_seconds()

    def monotonic(self) -> float:
        """Return the seconds of the event loop's clock, which moves on as well."""
        return monotonic() + self._passed
