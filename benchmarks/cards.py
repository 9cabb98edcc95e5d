"""What a poll of NVIDIA cards costs: `python -m benchmarks.cards`.

There is no wire: a poll is compared with all calls of the driver's library alone, made
in a thread likewise. The library is the simulator's, below the real binding; NVIDIA's
own takes less of the processor, but waits 20 ms for each of a card's PCIe readings.
"""

import argparse
import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
import sys
from unittest.mock import patch

from homeassistant.runner import create_event_loop
from homeassistant.util import dt as dt_util
import pynvml

from custom_components.mining_rig.sources.nvml.queries import query_all
from simulator.models import RTX_3070, RTX_3080
from simulator.nvml import SimulatedNvml, install, nvidia_card

from . import home
from .clock import Clock
from .set_up import async_set_up
from .timing import longest_callback, processor_time, repeat

_PACE = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What was measured; times are in ms."""

    entities: int
    """Enabled ones."""
    rounds: Sequence[tuple[float, float]]
    """Processor time of a poll, and of the library's calls alone."""
    callback: float
    """The longest of the median poll, by the clock on the wall."""
    worst_callback: float
    """The longest of all, of processor time."""


async def measure(cards: int, *, rounds: int, polls: int) -> Result:
    """Measure so many cards; a round has so many polls."""
    clock = Clock(_PACE)
    library = SimulatedNvml(clock=lambda: clock().timestamp())
    library.cards = [
        nvidia_card((RTX_3080, RTX_3070)[index % 2], index=index, clock=library.clock)
        for index in range(cards)
    ]
    install(pynvml, library)
    loop = asyncio.get_running_loop()

    async with home.running() as hass:
        entry = home.rig_entry("nvml", 1, {})
        await async_set_up(hass, entry)
        entities = len(hass.states.async_entity_ids("sensor"))

        async def poll() -> None:
            library.calls.clear()
            clock.tick()
            await entry.runtime_data.async_refresh()

        async def ask() -> None:
            library.calls.clear()
            clock.tick()
            await loop.run_in_executor(None, query_all, pynvml)

        with patch.object(dt_util, "utcnow", clock):
            await repeat(poll, polls)
            await repeat(ask, polls)
            times = [
                (await processor_time(poll, polls), await processor_time(ask, polls))
                for _ in range(rounds)
            ]
            callbacks = [await longest_callback(poll) for _ in range(polls)]
        return Result(
            entities=entities,
            rounds=times,
            callback=median(longest.wall for longest in callbacks),
            worst_callback=max(longest.processor for longest in callbacks),
        )


def table(cards: int, result: Result) -> str:
    """Return a Markdown table."""
    poll = median(ours for ours, _ in result.rounds)
    calls = median(asked for _, asked in result.rounds)
    rest = median(ours - asked for ours, asked in result.rounds)
    lines = (
        ("", "budget", f"{cards} cards"),
        ("---", "---:", "---:"),
        ("sensors enabled", "", f"{result.entities}"),
        ("poll, ms of processor time", "", f"{poll:.2f}"),
        ("the library's calls alone", "", f"{calls:.2f}"),
        ("**the rest**: parsing and states", "", f"{rest:.2f}"),
        ("longest callback of a poll, ms", "5", f"{result.callback:.2f}"),
        ("the same, worst poll, processor time", "5", f"{result.worst_callback:.2f}"),
    )
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def main() -> int:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.cards")
    parser.add_argument("cards", nargs="?", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--polls", type=int, default=20, help="polls in each round")
    arguments = parser.parse_args()
    with asyncio.Runner(loop_factory=create_event_loop) as runner:
        result = runner.run(
            measure(arguments.cards, rounds=arguments.rounds, polls=arguments.polls)
        )
    print(table(arguments.cards, result))
    return 0


if __name__ == "__main__":
    sys.exit(main())
