"""Waiting for what must happen."""

import asyncio
from collections.abc import Awaitable, Callable

from .errors import DemoError

_PATIENCE = 120
"""Seconds for anything to happen; nothing takes half of it on an idle computer."""
_PAUSE = 0.5


async def until[T](happens: Callable[[], Awaitable[T | None]], what: str) -> T:
    """Return what `happens` returns once that is anything; DemoError if it never is."""
    try:
        async with asyncio.timeout(_PATIENCE):
            while not (found := await happens()):
                await asyncio.sleep(_PAUSE)
            return found
    except TimeoutError:
        raise DemoError(f"Not within {_PATIENCE} s: {what}.") from None
