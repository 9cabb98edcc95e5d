"""How time passes for agents, which do things on their own: by itself or step by step.

An agent's workers sleep on a `Timeline`. On a `RunningTime` they live in the event
loop's time; on a `SteppedTime` nothing happens until somebody advances it, and then
everything that falls due happens in order, each to its end before the next.
"""

from abc import ABC, abstractmethod
import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass, field
import heapq
from itertools import count
from typing import override

from .clock import Clock, ManualClock, wall_clock


class Timeline(ABC):
    """Where the workers of agents live."""

    def __init__(self, clock: Clock) -> None:
        """Take the time from `clock`."""
        self.clock = clock

    @abstractmethod
    def spawn(self, work: Coroutine[object, object, None]) -> asyncio.Task[None]:
        """Let a worker run beside the others."""

    @abstractmethod
    async def sleep(self, seconds: float) -> None:
        """Let a worker wait."""

    @abstractmethod
    async def limit[T](self, work: Awaitable[T], seconds: float | None) -> T:
        """Return what `work` returns; TimeoutError after `seconds`, None waits on."""


class RunningTime(Timeline):
    """Time passes by itself, `speed` times as fast as in reality.

    Limits are for what others do, who are not accelerated: they are real seconds.
    """

    def __init__(self, clock: Clock = wall_clock, *, speed: float = 1) -> None:
        """Take the time from `clock`, which runs at `speed` too."""
        super().__init__(clock)
        self._speed = speed

    @override
    def spawn(self, work: Coroutine[object, object, None]) -> asyncio.Task[None]:
        return asyncio.get_running_loop().create_task(work)

    @override
    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds / self._speed)

    @override
    async def limit[T](self, work: Awaitable[T], seconds: float | None) -> T:
        async with asyncio.timeout(seconds):
            return await work


@dataclass(order=True)
class _Alarm:
    at: float
    number: int
    ring: Callable[[], None] | None = field(compare=False)

    def cancel(self) -> None:
        self.ring = None


class SteppedTime(Timeline):
    """Time passes only in `advance`; exchanges with a server take none.

    Whoever has not answered after `patience` seconds of the event loop's time is left
    to answer later, and time goes on without: so limits pass. Where a test froze the
    event loop's time as well, every answer is waited for.
    """

    def __init__(
        self, clock: ManualClock | None = None, *, patience: float = 5.0
    ) -> None:
        """Move `clock`, or one of its own."""
        self._manual = clock or ManualClock()
        super().__init__(self._manual)
        self.patience = patience
        self._numbers = count()
        self._alarms: list[_Alarm] = []
        self._busy = 0
        self._quiet = asyncio.Event()
        self._quiet.set()
        self._failure: BaseException | None = None

    async def advance(self, seconds: float) -> None:
        """Let everything happen that falls due in the next `seconds`."""
        end = self.clock() + seconds
        await self._settle()
        while self._alarms and self._alarms[0].at <= end:
            alarm = heapq.heappop(self._alarms)
            if alarm.ring is None:
                continue
            self._manual.now = max(self._manual.now, alarm.at)
            alarm.ring()
            await self._settle()
        self._manual.now = max(self._manual.now, end)

    @override
    def spawn(self, work: Coroutine[object, object, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work)
        self._enter()
        task.add_done_callback(self._ended)
        return task

    @override
    async def sleep(self, seconds: float) -> None:
        woken = asyncio.get_running_loop().create_future()

        def wake() -> None:
            if not woken.done():  # A cancelled sleeper may not have noticed yet.
                self._enter()
                woken.set_result(None)

        alarm = self._set_alarm(seconds, wake)
        self._leave()
        try:
            await woken
        finally:
            if woken.cancelled():
                alarm.cancel()
                self._enter()

    @override
    async def limit[T](self, work: Awaitable[T], seconds: float | None) -> T:
        if seconds is None:
            return await work
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(None) as limit:
            alarm = self._set_alarm(seconds, lambda: limit.reschedule(loop.time()))
            try:
                return await work
            finally:
                alarm.cancel()

    def _set_alarm(self, seconds: float, ring: Callable[[], None]) -> _Alarm:
        alarm = _Alarm(self.clock() + seconds, next(self._numbers), ring)
        heapq.heappush(self._alarms, alarm)
        return alarm

    def _enter(self) -> None:
        self._busy += 1
        self._quiet.clear()

    def _leave(self) -> None:
        self._busy -= 1
        if not self._busy:
            self._quiet.set()

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._leave()
        if not task.cancelled() and (error := task.exception()) is not None:
            self._failure = error

    async def _settle(self) -> None:
        """Wait until every worker sleeps; what a worker failed with is raised here."""
        with suppress(TimeoutError):
            async with asyncio.timeout(self.patience):
                await self._quiet.wait()
        if self._failure is not None:
            failure, self._failure = self._failure, None
            raise failure
