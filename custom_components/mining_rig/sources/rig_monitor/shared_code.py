"""Whether two rigs push with one API code, as computers cloned from one another do."""

from collections import deque
from datetime import datetime, timedelta
from typing import Final

from ...model import Value

_WINDOW: Final = timedelta(minutes=10)
_RETURNS: Final = 4
"""How often an earlier address must return; it does once or twice if a rig moves."""
_MOST_ADDRESSES: Final = 8


class AlternatingAddresses:
    """The addresses in a rig's logs, to notice when they alternate."""

    def __init__(self) -> None:
        """Start without addresses."""
        self._seen: dict[str, datetime] = {}
        self._last: str | None = None
        self._returned: deque[datetime] = deque(maxlen=_RETURNS)

    def take(self, address: Value | None, now: datetime) -> None:
        """Note the address in a log, if it has one."""
        if not isinstance(address, str):
            return
        if address != self._last and self._is_recent(address, now):
            self._returned.append(now)
        self._last = address
        self._seen.pop(address, None)
        self._seen[address] = now
        if len(self._seen) > _MOST_ADDRESSES:
            del self._seen[next(iter(self._seen))]

    def found(self, now: datetime) -> tuple[str, ...]:
        """Return the addresses that alternate, sorted; none if they do not."""
        if len(self._returned) < _RETURNS or now - self._returned[0] > _WINDOW:
            return ()
        return tuple(sorted(a for a in self._seen if self._is_recent(a, now)))

    def _is_recent(self, address: str, now: datetime) -> bool:
        seen = self._seen.get(address)
        return seen is not None and now - seen <= _WINDOW
