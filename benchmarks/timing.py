"""How long things take, and for how long they keep everything else waiting."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from time import perf_counter, process_time, thread_time
from unittest.mock import patch

type Action = Callable[[], Awaitable[object]]


async def repeat(action: Action, times: int) -> None:
    """Do something so many times, one after the other."""
    for _ in range(times):
        await action()


async def processor_time(action: Action, times: int) -> float:
    """Return the ms of processor time, of all threads, that doing it once takes."""
    start = process_time()
    await repeat(action, times)
    return (process_time() - start) * 1000 / times


@dataclass(slots=True)
class Callback:
    """The longest time that one callback kept the event loop, in ms."""

    wall: float = 0.0
    """By the clock on the wall, also while another process had the processor."""
    processor: float = 0.0

    def update(self, wall: float, processor: float) -> None:
        """Take what one callback took."""
        self.wall = max(self.wall, wall)
        self.processor = max(self.processor, processor)


async def longest_callback(action: Action) -> Callback:
    """Do something once and return what blocked the event loop longest."""
    longest = Callback()
    run = asyncio.Handle._run

    def timed_run(handle: asyncio.Handle) -> None:
        wall, processor = perf_counter(), thread_time()
        run(handle)
        longest.update(
            (perf_counter() - wall) * 1000, (thread_time() - processor) * 1000
        )

    # Begins and ends with a callback of its own.
    await asyncio.sleep(0)
    with patch.object(asyncio.Handle, "_run", timed_run):
        await asyncio.sleep(0)
        await action()
        await asyncio.sleep(0)
    return longest


async def lag(action: Action, pause: float = 0.01) -> list[float]:
    """Do something and return by how many ms the event loop came late, look by look.

    It looks every `pause` seconds.
    """
    late: list[float] = []

    async def look() -> None:
        while True:
            start = perf_counter()
            await asyncio.sleep(pause)
            late.append((perf_counter() - start - pause) * 1000)

    looking = asyncio.create_task(look())
    try:
        await action()
    finally:
        looking.cancel()
    return late or [0.0]


def percentile(values: Sequence[float], share: int) -> float:
    """Return the value that so many percent of all do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) * share // 100, len(ordered) - 1)]
