"""Whether something accepts connections, without a request to it."""

import asyncio
from typing import Final

_TIMEOUT: Final = 3.0
"""Seconds; a device on the local network answers within one."""


async def accepts_connection(host: str, port: int, *, within: float = _TIMEOUT) -> bool:
    """Return whether a TCP connection can be opened; it is closed at once."""
    try:
        async with asyncio.timeout(within):
            _, writer = await asyncio.open_connection(host, port)
    except OSError, ValueError:
        # A timeout and a name that cannot be resolved are OSErrors, too.
        return False
    writer.close()
    return True
