"""Proof that thermal protection stops rigs of every kind, and how soon."""

import asyncio
from collections.abc import Awaitable, Callable
import time

from . import protection
from .check_miner import hashrate_of
from .check_pushing import device_of, is_state
from .client import HomeAssistant
from .pushing import is_cpu_gpu, is_pushed
from .rigs import Announcement, SimulatedRig
from .waiting import until

_RIGS = ("Garage", "Attic", "Cellar", "Workshop")
_BELOW = 2
"""°C below the present heat that the limit is set to."""
_WARM = 45

type _Done = Callable[[str], None]


async def check(home: HomeAssistant, said: Announcement, done: _Done) -> None:
    """Set the limit of rigs below their heat; DemoError if one goes on mining."""
    async with asyncio.TaskGroup() as all_rigs:
        for rig in said.rigs:
            if rig.name in _RIGS:
                all_rigs.create_task(_check(home, said, rig, done))


async def _check(
    home: HomeAssistant, said: Announcement, rig: SimulatedRig, done: _Done
) -> None:
    async def mines() -> bool:
        return not await has_stopped()

    has_stopped = _has_stopped(said, rig)
    await until(mines, f"{rig.name} mines")
    hottest = await until(lambda: _hottest(home, rig), f"{rig.name} is warm")
    limit = round(hottest) - _BELOW
    # An ASIC boots for long; it has a plug.
    proven = is_pushed(rig) and not is_cpu_gpu(rig)
    device = await device_of(home, rig)
    await protection.switch_on(home, device, limit, proven=proven)
    await until(mines, f"{rig.name} mines after the test")
    began = time.monotonic()
    await until(has_stopped, f"protection stops {rig.name}")
    done(
        f"{rig.name} ({rig.kind}): stopped {time.monotonic() - began:.1f} s after it"
        f" was seen above {limit} °C, without an automation"
    )


async def _hottest(home: HomeAssistant, rig: SimulatedRig) -> float | None:
    """Return what it reports once it is as warm as when it works."""
    sensor = (await device_of(home, rig)).find("sensor", "hottest")
    celsius = None if sensor is None else sensor.number
    return None if celsius is None or celsius < _WARM else celsius


def _has_stopped(
    said: Announcement, rig: SimulatedRig
) -> Callable[[], Awaitable[bool]]:
    """Return what asks the rig itself, not Home Assistant."""
    if is_pushed(rig):
        wanted = {"mining": False} if is_cpu_gpu(rig) else {"powered": False}
        return is_state(said, rig, **wanted)

    async def look() -> bool:
        return not await hashrate_of(rig)

    return look
