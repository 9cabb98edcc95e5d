"""The time of one poll: its first answer may use all of it, extras use what is left."""

import asyncio
from collections.abc import Awaitable
from typing import Final

EXTRAS_END: Final = 9.0
"""Seconds after the start of a poll at which its extras are dropped.

A poll that takes 10 s fails, and with it the answer that it already has.
"""
EXTRA_TIMEOUT: Final = 4.0
"""Seconds for each extra at most; a hung card must not delay every poll."""


class PollBudget:
    """What is left of one poll; made when the poll starts."""

    def __init__(self) -> None:
        """Start the time of the poll."""
        self._ends = asyncio.get_running_loop().time() + EXTRAS_END

    @property
    def is_over(self) -> bool:
        """Whether no time is left."""
        return asyncio.get_running_loop().time() >= self._ends

    async def extra[T](
        self, request: Awaitable[T], longest: float = EXTRA_TIMEOUT
    ) -> T:
        """Return the answer to a request that the poll can do without.

        Raises TimeoutError after `longest` seconds, and when the poll has to end.
        """
        now = asyncio.get_running_loop().time()
        async with asyncio.timeout_at(min(now + longest, self._ends)):
            return await request
