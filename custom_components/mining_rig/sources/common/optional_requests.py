"""Requests that a poll can do without: each costs its own readings only."""

from collections.abc import Awaitable, Callable
from time import monotonic
from typing import Final

from .contract import CommandRefused, SourceError, SourceGarbled
from .poll_budget import PollBudget

_AGAIN: Final = 3600.0
"""Seconds after which one that was refused is sent again."""


class OptionalRequests:
    """The requests of one rig beside the one that a poll needs.

    They share the time of the poll: `start` it before the first request.
    """

    def __init__(self) -> None:
        """Start without a poll."""
        self._due: dict[str, float] = {}
        self._budget: PollBudget | None = None

    def start(self) -> None:
        """Begin a poll."""
        self._budget = PollBudget()

    async def ask[T](self, name: str, request: Callable[[], Awaitable[T]]) -> T | None:
        """Return an answer, None where it fails or there is no time for it.

        One that the rig refuses, or does not have, is left out for an hour.
        """
        if self._budget is None:
            self.start()
        assert self._budget is not None
        if self._budget.is_over or monotonic() < self._due.get(name, 0):
            return None
        try:
            return await self._budget.extra(request())
        except CommandRefused:
            self.wait(name)
        except SourceGarbled as err:
            if err.other_device:
                self.wait(name)
        except SourceError, TimeoutError:
            pass
        return None

    async def seldom[T](
        self, name: str, request: Callable[[], Awaitable[T]], seconds: float = _AGAIN
    ) -> T | None:
        """Return an answer that hardly changes: once it came, it is left out so long."""
        answer = await self.ask(name, request)
        if answer is not None:
            self.wait(name, seconds)
        return answer

    def wait(self, name: str, seconds: float = _AGAIN) -> None:
        """Leave a request out for so long."""
        self._due[name] = monotonic() + seconds

    def make_due(self, name: str) -> None:
        """Send a request at the next poll."""
        self._due.pop(name, None)
