"""Whether the last reading of a rig still holds.

It ends by a timer of its own, whatever delays the polls: a rig that hangs, a wait that it
asked for, a long command, or a system clock that was set.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers.event import async_call_later
from homeassistant.util import dt as dt_util

from ..clock import steady_now
from ..sources.common.contract import SourceError, SourceUnreachable

_TOLERANCE: Final = timedelta(seconds=1)
"""How much earlier a failed poll may find the last reading too old."""


class Availability:
    """The age of the last accepted reading, and what has failed since."""

    def __init__(
        self,
        hass: HomeAssistant,
        *,
        stale_after: Callable[[], timedelta],
        is_held_up: Callable[[], bool],
        went_stale: Callable[[SourceError], None],
    ) -> None:
        """Take how long a reading holds, and what is called when it does not any more.

        `is_held_up` is whether a poll was to begin before now and could not.
        """
        self._hass = hass
        self._stale_after = stale_after
        self._is_held_up = is_held_up
        self._went_stale = went_stale
        self._accepted_at: datetime | None = None
        self._stop_timer: CALLBACK_TYPE | None = None
        self.last_accepted: datetime | None = None
        """The system's time of the last accepted reading."""
        self.failed_polls = 0
        """Polls since the last accepted reading."""
        self.last_error: SourceError | None = None

    def accepted(self) -> None:
        """Note a reading; it holds from now on."""
        self.failed_polls = 0
        self.last_error = None
        self.last_accepted = dt_util.utcnow()
        self._accepted_at = steady_now()
        self.close()
        self._call_after(self._stale_after(), self._expire)

    def failed(self, error: SourceError) -> None:
        """Note a failed poll."""
        self.failed_polls += 1
        self.last_error = error

    def is_stale(self) -> bool:
        """Return whether the last reading is too old to hold."""
        return (
            self._accepted_at is None
            or steady_now() - self._accepted_at >= self._stale_after() - _TOLERANCE
        )

    def close(self) -> None:
        """Stop the timer."""
        if self._stop_timer is not None:
            self._stop_timer()
            self._stop_timer = None

    def _call_after(self, wait: timedelta, end: Callable[[datetime], None]) -> None:
        self._stop_timer = async_call_later(self._hass, wait, end)

    @callback
    def _expire(self, now: datetime) -> None:
        assert self._accepted_at is not None
        left = self._stale_after() - (steady_now() - self._accepted_at)
        if left > _TOLERANCE:
            # Meanwhile a reading holds for longer: the rig's agent waits for others.
            self._call_after(left, self._expire)
        elif self._is_held_up():
            # The poll that begins now may decide.
            self._call_after(_TOLERANCE, self._end)
        else:
            self._end(now)

    @callback
    def _end(self, _now: datetime) -> None:
        self._stop_timer = None
        self._went_stale(
            self.last_error
            or SourceUnreachable("nothing was received in time", timed_out=True)
        )
