"""Things that are asked for at a pace of their own, beside what every poll asks."""

from datetime import datetime, timedelta
from typing import Final

_AFTER_FAILURE: Final = timedelta(seconds=30)


class Regular:
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
