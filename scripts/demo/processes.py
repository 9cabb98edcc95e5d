"""Child processes that end when the demo ends."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
import os
import signal
import sys
from typing import Self

from .options import ROOT

_LONGEST_LINE = 1024 * 1024
_GRACE = 20.0
"""Seconds to end by itself; Home Assistant saves its states meanwhile."""


class Child:
    """A module that runs in a process group of its own."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        """Take over a process whose standard streams are pipes."""
        self._process = process

    @classmethod
    @asynccontextmanager
    async def running(cls, module: str, *arguments: str) -> AsyncIterator[Self]:
        """Run a module on loopback; it has ended, whatever happens, at the exit.

        A terminal's Ctrl-C does not reach it, so that the demo chooses the order.
        """
        child = cls(await _start(module, *arguments))
        try:
            yield child
        finally:
            await child.stop()

    @property
    def ended(self) -> bool:
        """Whether it is over."""
        return self._process.returncode is not None

    async def lines(self) -> AsyncIterator[str]:
        """Go through what it prints, to its end."""
        assert self._process.stdout is not None
        while line := await self._process.stdout.readline():
            yield line.decode(errors="replace").rstrip()

    async def wait(self) -> int:
        """Wait for its end; return its exit status."""
        return await self._process.wait()

    async def kill(self) -> None:
        """End it at once, as a power failure would."""
        self._signal(signal.SIGKILL)
        await self._process.wait()

    async def stop(self) -> None:
        """End it: politely, then after a while by force."""
        if not self.ended:
            self._signal(signal.SIGTERM)
            drain = asyncio.ensure_future(self._drain())
            try:
                async with asyncio.timeout(_GRACE):
                    await self._process.wait()
            except TimeoutError:
                pass
            finally:
                # Also reached when somebody presses Ctrl-C again.
                drain.cancel()
                self._signal(signal.SIGKILL)
        await self._process.wait()

    async def _drain(self) -> None:
        """Keep a full pipe from holding up its end."""
        with suppress(RuntimeError):  # Somebody else is reading it.
            async for _ in self.lines():
                pass

    def _signal(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, number)


async def _start(*arguments: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "scripts.demo.child",
        *arguments,
        cwd=ROOT,
        env=os.environ | {"PYTHONUNBUFFERED": "1"},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        limit=_LONGEST_LINE,
        start_new_session=True,
    )
