"""Limiting the requests to a pool, whose own limits are not documented.

Time is passed in as `now`; only the small gap between two requests is measured with the
event loop's clock.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, MutableMapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
import random
from typing import Final
from weakref import WeakKeyDictionary

from aiohttp import ClientSession

from ...clock import steady

PER_ACCOUNT: Final = 60
PER_LOGIN: Final = 120
"""Requests in an hour."""
RESERVE: Final = 6
"""How many of them are kept for changes and actions."""
AT_ONCE: Final = 2
GAP: Final = 0.25
"""Seconds between the starts of two requests of one login."""
MOST_CHARTS: Final = 10
"""Requests in an hour for the history of workers."""

_HOUR: Final = timedelta(hours=1)
_BUSY: Final = 60.0
_BROKEN: Final = 30.0
_LONGEST: Final = 1800.0
"""Seconds to wait at first when the pool is busy or failing, and at most."""


@dataclass(slots=True)
class Budget:
    """A limit of requests in any hour."""

    most: int
    _spent: deque[datetime] = field(default_factory=deque)

    def spend(self, now: datetime) -> None:
        """Count a request, even above the limit."""
        self._spent.append(steady(now))

    def left(self, now: datetime) -> int:
        """Return how many requests may be made now."""
        first = steady(now) - _HOUR
        while self._spent and self._spent[0] <= first:
            self._spent.popleft()
        return max(0, self.most - len(self._spent))


class Limiter:
    """The limits that all entries with one login at one pool share."""

    def __init__(self) -> None:
        """Start with a full budget."""
        self.budget = Budget(PER_LOGIN)
        self.accounts: dict[str, Budget] = {}
        """By account; kept when an entry is reloaded."""
        self.now: datetime | None = None
        """The time of the newest poll."""
        self._gate = asyncio.Semaphore(AT_ONCE)
        self._next = 0.0
        self._until: datetime | None = None
        self._failures = 0

    def account(self, key: str) -> Budget:
        """Return the budget of one account."""
        return self.accounts.setdefault(key, Budget(PER_ACCOUNT))

    def share(self, most: int) -> int:
        """Return an account's share of the login's requests in an hour."""
        return min(most, PER_LOGIN // max(1, len(self.accounts)))

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Wait for the turn of a request."""
        async with self._gate:
            loop = asyncio.get_running_loop()
            begin = max(self._next, loop.time())
            self._next = begin + GAP
            if (pause := begin - loop.time()) > 0:
                await asyncio.sleep(pause)
            yield

    # ---- backing off

    def wait(self, now: datetime) -> float:
        """Return the seconds in which no request is allowed."""
        if self._until is None or not (now := steady(now)) < self._until:
            return 0.0
        return (self._until - now).total_seconds()

    def answered(self) -> None:
        """Note an answer."""
        self._failures = 0

    def busy(self, now: datetime, seconds: float | None) -> None:
        """Wait the given seconds; without them, longer each time."""
        self._back_off(now, _BUSY, seconds)

    def broken(self, now: datetime) -> None:
        """Wait, longer each time, after a failure or no answer.

        A single failure between answers belongs to one operation, whose group retries
        later, and does not delay the others.
        """
        if self._failures:
            self._back_off(now, _BROKEN / 2, None)
        else:
            self._failures = 1

    def silent(self, now: datetime) -> None:
        """Wait, longer each time, after a timeout."""
        self._failures = max(1, self._failures)
        self.broken(now)

    def _back_off(self, now: datetime, first: float, seconds: float | None) -> None:
        if seconds is None:
            seconds = min(first * 2.0 ** min(self._failures, 10), _LONGEST)
            seconds *= random.uniform(0.8, 1.2)
        self._failures += 1
        until = steady(now) + timedelta(seconds=seconds)
        if self._until is None or self._until < until:
            self._until = until


type _Key = tuple[str, str]

_LIMITERS: Final[MutableMapping[ClientSession, dict[_Key, Limiter]]] = (
    WeakKeyDictionary()
)
"""By session (for the lifetime of Home Assistant), then by pool and credential."""


def limiter_for(session: ClientSession, pool: str, credential: str) -> Limiter:
    """Return the one limiter of a credential at a pool."""
    known = _LIMITERS.setdefault(session, {})
    return known.setdefault((pool, credential), Limiter())
