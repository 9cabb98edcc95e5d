"""Whose turn it is to talk to a rig: polls, commands, and orders to stop.

Usually a miner gets one request at a time. But nothing waits long for what takes long,
such as a miner that hangs, or a change that has to wait for the one before: it then goes
on beside it.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Final

PATIENCE: Final = 1.0
"""Seconds from the begin of a command for which a poll waits, and the other way round."""
URGENT_PATIENCE: Final = 0.3
"""Seconds from the begin of whatever is under way for which an order to stop waits."""


class Turns:
    """The turns at one rig."""

    def __init__(self) -> None:
        """Begin with nothing under way."""
        self.sent = 0
        """Counts the orders that were sent."""
        self._reading = asyncio.Lock()
        self._commanding = asyncio.Lock()
        self._wire = asyncio.Lock()
        self._since = 0.0
        """The event loop's time at which the wire was taken."""

    @asynccontextmanager
    async def reading(self) -> AsyncGenerator[None]:
        """Wait for the turn of a reading; there is one at a time."""
        async with self._reading, self._patiently(PATIENCE):
            yield

    @asynccontextmanager
    async def command(self) -> AsyncGenerator[None]:
        """Wait for the turn of a command; there is one at a time."""
        async with self._commanding, self._patiently(PATIENCE):
            yield

    def urgent(self) -> AbstractAsyncContextManager[None]:
        """Wait for the turn of an order to stop, which comes soon."""
        return self._patiently(URGENT_PATIENCE)

    @asynccontextmanager
    async def _patiently(self, seconds: float) -> AsyncGenerator[None]:
        """Wait until nothing else is under way that began less than that ago."""
        loop = asyncio.get_running_loop()
        is_alone = False
        try:
            async with asyncio.timeout_at(max(self._since + seconds, loop.time())):
                is_alone = await self._wire.acquire()
        except TimeoutError:
            pass
        if is_alone:
            self._since = loop.time()
        try:
            yield
        finally:
            if is_alone:
                self._wire.release()
