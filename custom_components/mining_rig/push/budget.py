"""How often something may happen, and what happened lately; both of bounded size."""

from collections import OrderedDict
from collections.abc import Hashable
import time


class Budget:
    """A token bucket."""

    def __init__(self, at_once: float, per_second: float) -> None:
        """Start with a full bucket of `at_once` tokens."""
        self._at_once = at_once
        self._per_second = per_second
        self._tokens = at_once
        self._filled_at = time.monotonic()

    def is_spent(self) -> bool:
        """Return whether there is no token left."""
        now = time.monotonic()
        more = (now - self._filled_at) * self._per_second
        self._tokens = min(self._at_once, self._tokens + max(more, 0))
        self._filled_at = now
        return self._tokens < 1

    def take(self) -> bool:
        """Take a token; return whether there was one."""
        if self.is_spent():
            return False
        self._tokens -= 1
        return True


class Recent[T: Hashable]:
    """What was noted in the last `seconds`, the newest `most` of it."""

    def __init__(self, most: int, seconds: float) -> None:
        """Start with nothing."""
        self._most = most
        self._seconds = seconds
        self._noted: OrderedDict[T, float] = OrderedDict()

    def note(self, item: T) -> None:
        """Note an item, or note it again."""
        self._noted[item] = time.monotonic()
        self._noted.move_to_end(item)
        if len(self._noted) > self._most:
            self._noted.popitem(last=False)

    def __contains__(self, item: T) -> bool:
        """Return whether an item was noted."""
        noted = self._noted.get(item)
        return noted is not None and time.monotonic() - noted < self._seconds
