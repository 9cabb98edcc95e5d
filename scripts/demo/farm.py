"""Starts the simulated rigs."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from .console import say
from .errors import DemoError
from .ports import is_free
from .processes import Child
from .rigs import Announcement, SimulatedRig, read_announcement

ENTRY = SimulatedRig(
    name="Farm",
    slug="farm",
    kind="farm",
    form={
        "currency": "EUR",
        "price": 0.3,
        "incomes": [
            {"algorithm": "SHA-256", "amount": 0.045, "per": "TH/s"},
            {"algorithm": "RandomX", "amount": 0.06, "per": "kH/s"},
        ],
    },
    control="",
    faults=(),
)
"""What adds all rigs up, at a price and with an income that are made up."""

_CONTROL_PORT = 18080
_BASE_PORT = 18081
_MOST_RIGS = 20
_START_TIMEOUT = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningFarm:
    """Rigs that mine."""

    child: Child
    said: Announcement


@asynccontextmanager
async def running(push_to: str, *, speed: float = 1) -> AsyncIterator[RunningFarm]:
    """Run the simulator; DemoError if it does not announce its rigs.

    Agents get the base address `push_to`, and do not run before they are told. For
    rigs and agents, time passes `speed` times as fast as in reality.
    """
    how = ("--push-to", push_to, "--agents-wait", "--speed", str(speed))
    async with Child.running("simulator", *_port_arguments(), *how) as child:
        lines = child.lines()
        said = await _announced(lines)
        pump = asyncio.create_task(_pump(lines))
        try:
            yield RunningFarm(child=child, said=said)
        finally:
            pump.cancel()


def _port_arguments() -> Sequence[str]:
    """Choose the same ports every time; any others if another demo has them."""
    wanted = range(_CONTROL_PORT, _BASE_PORT + _MOST_RIGS)
    if not all(is_free(port) for port in wanted):
        return ()
    return ("--control-port", str(_CONTROL_PORT), "--base-port", str(_BASE_PORT))


async def _announced(lines: AsyncIterator[str]) -> Announcement:
    said: list[str] = []
    try:
        async with asyncio.timeout(_START_TIMEOUT):
            async for line in lines:
                if line.startswith("{"):
                    return read_announcement(line)
                said.append(line)
    except TimeoutError:
        pass
    raise DemoError("\n".join(["The simulated rigs did not start.", *said]))


async def _pump(lines: AsyncIterator[str]) -> None:
    """Pass on what it says: messages on the phone, agents that crash."""
    async for line in lines:
        say(line)
