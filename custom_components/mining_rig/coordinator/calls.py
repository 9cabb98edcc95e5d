"""What is under way for a rig, which ends when its entry is unloaded."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Final

_LONGEST_END: Final = 5.0
"""Seconds until calls that were ended are not waited for any more."""

type Key = tuple[str, bool] | None
"""The part and the value of an order to mine or not to mine; None for all else."""


class CallEnded(Exception):
    """A call was ended from outside."""


class Calls:
    """The calls under way; each runs in the task of its caller."""

    def __init__(self) -> None:
        """Begin without calls."""
        self.is_closed = False
        self._scopes: dict[asyncio.Timeout, Key] = {}
        self._idle = asyncio.Event()
        self._idle.set()

    @asynccontextmanager
    async def running(self, key: Key = None) -> AsyncGenerator[None]:
        """Run a call. Raises CallEnded where it is ended, and after `async_close`."""
        if self.is_closed:
            raise CallEnded
        scope = asyncio.timeout(None)
        self._scopes[scope] = key
        self._idle.clear()
        try:
            async with scope:
                yield
        except TimeoutError:
            if not scope.expired():
                raise
            raise CallEnded from None
        finally:
            del self._scopes[scope]
            if not self._scopes:
                self._idle.set()

    def has(self, is_meant: Callable[[Key], bool]) -> bool:
        """Return whether such a call is under way."""
        return any(is_meant(key) for key in self._scopes.values())

    def end(self, is_meant: Callable[[Key], bool]) -> None:
        """End such calls."""
        now = asyncio.get_running_loop().time()
        for scope, key in self._scopes.items():
            if is_meant(key) and not scope.expired():
                scope.reschedule(now)

    async def async_close(self) -> None:
        """End all calls, now and from now on, and wait until they have ended."""
        self.is_closed = True
        self.end(lambda _key: True)
        try:
            async with asyncio.timeout(_LONGEST_END):
                await self._idle.wait()
        except TimeoutError:
            pass
