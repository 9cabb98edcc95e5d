"""What a poll and a set-up cost: `python -m benchmarks.poll`.

A poll is compared with its floor: the same requests through the same session, the
answers decoded, as many states written, and nothing between. AccountReader of both take turns,
so that a machine that is busy for a while is so for both.
"""

import argparse
import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from statistics import fmean, median
import sys
from typing import Final
from unittest.mock import patch

from homeassistant.runner import create_event_loop
from homeassistant.util import dt as dt_util

from custom_components.mining_rig.model import every_reading
from custom_components.mining_rig.sources import KINDS

from . import home, miner
from .clock import Clock
from .floor import Floor, recorded
from .rigs import ROWS
from .set_up import SetUp, async_set_up, measure_set_up
from .stages import Stages, everything_written, measure_stages
from .timing import Action, longest_callback, processor_time, repeat

RECORDED = 60
"""Polls that are counted, and that the floor repeats."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What was measured of a rig; times are in ms."""

    entities: int
    """Enabled ones."""
    requests: float
    written: float
    """States written at a poll, those that stay as they are included."""
    changed: float
    poll: float
    floor: float
    ratio: float
    """The median of what each round took, in terms of the floor's next round."""
    every: float
    """What a poll takes where every measured value is written at each."""
    stages: Stages
    every_stages: Stages
    callback: float
    """The longest callback of the median poll, by the clock on the wall."""
    worst_callback: float
    """The longest callback of all polls, of processor time."""
    first_set_up: float
    """Seconds; modules are imported."""
    set_up: SetUp


async def measure(name: str, *, rounds: int, polls: int, set_ups: int) -> Result:
    """Measure a rig of the table in a home of its own; a round has so many polls."""
    row = ROWS[name]
    clock = Clock(row.pace)
    async with miner.running(name) as rig, home.running() as hass:
        _enable(rig.kind, row.enabled)
        entry = home.rig_entry(rig.kind, 1, rig.form)
        first_set_up = await async_set_up(hass, entry)
        coordinator = entry.runtime_data
        entities = len(hass.states.async_entity_ids())

        async def poll() -> None:
            clock.tick()
            await coordinator.async_refresh()

        with (
            patch.object(dt_util, "utcnow", clock),
            patch.object(hass.loop, "time", clock.monotonic),
        ):
            await repeat(poll, polls)
            await recorded(hass, rig, poll)
            traffic = [await recorded(hass, rig, poll) for _ in range(RECORDED)]
            floor = Floor(hass, rig, traffic)
            await repeat(floor.poll, polls)
            times = [
                (
                    await processor_time(poll, polls),
                    await processor_time(floor.poll, polls),
                    await _written_always(poll, polls),
                )
                for _ in range(rounds)
            ]
            stages = await measure_stages(coordinator, poll, RECORDED)
            with everything_written():
                every_stages = await measure_stages(coordinator, poll, RECORDED)
            callbacks = [await longest_callback(poll) for _ in range(RECORDED)]
        return Result(
            entities=entities,
            requests=fmean(len(each.targets) for each in traffic),
            written=fmean(each.written for each in traffic),
            changed=fmean(len(each.changed) for each in traffic),
            poll=median(ours for ours, *_ in times),
            floor=median(floors for _, floors, _ in times),
            ratio=median(ours / floors for ours, floors, _ in times),
            every=median(every for *_, every in times),
            stages=stages,
            every_stages=every_stages,
            callback=median(longest.wall for longest in callbacks),
            worst_callback=max(longest.processor for longest in callbacks),
            first_set_up=first_set_up,
            set_up=await measure_set_up(hass, rig, set_ups),
        )


async def _written_always(poll: Action, polls: int) -> float:
    with everything_written():
        return await processor_time(poll, polls)


def _enable(kind: str, readings: Sequence[str]) -> None:
    """Let entities that are disabled by default be enabled, by their readings' keys."""
    import_module(f"custom_components.mining_rig.sources.{KINDS[kind].module}")
    for reading in every_reading():
        if reading.key in readings:
            object.__setattr__(reading, "enabled", True)


def _written(result: Result) -> str:
    return f"{result.written:.1f}, {result.changed:.1f}"


type Line = tuple[str, str, Callable[[Result], str]]

_LINES: Final[tuple[Line, ...]] = (
    ("entities enabled", "", lambda r: f"{r.entities}"),
    ("states written a poll, of these changed", "", _written),
    ("requests a poll", "", lambda r: f"{r.requests:.2f}"),
    ("**poll**, ms of processor time", "1.2; all 3.5", lambda r: f"{r.poll:.2f}"),
    ("requests, decoding, parsing", "0.9", lambda r: f"{r.stages.read:.2f}"),
    ("deriving", "0.2", lambda r: f"{r.stages.derive:.2f}"),
    ("comparing", "0.2", lambda r: f"{r.stages.compare:.2f}"),
    ("writing", "0.5; all 2.5", lambda r: f"{r.stages.write:.2f}"),
    ("poll if every value were written at each", "", lambda r: f"{r.every:.2f}"),
    ("writing, the same", "", lambda r: f"{r.every_stages.write:.2f}"),
    ("floor, ms of processor time", "", lambda r: f"{r.floor:.2f}"),
    ("**ratio**", "2.0", lambda r: f"{r.ratio:.2f}"),
    ("longest callback of a poll, ms", "5", lambda r: f"{r.callback:.2f}"),
    ("the same, worst poll, processor time", "5", lambda r: f"{r.worst_callback:.2f}"),
    ("**set-up**, s", "0.15", lambda r: f"{r.set_up.seconds:.3f}"),
    ("set-up, MiB from then on", "4", lambda r: f"{r.set_up.memory:.2f}"),
    ("longest callback of a set-up, ms", "", lambda r: f"{r.set_up.callback:.1f}"),
    ("first set-up, with its imports, s", "", lambda r: f"{r.first_set_up:.2f}"),
)


def table(results: Mapping[str, Result]) -> str:
    """Return a Markdown table with a column for each rig."""
    lines = [["", "budget", *results], ["---", *["---:"] * (len(results) + 1)]]
    for title, budget, show in _LINES:
        lines.append([title, budget, *map(show, results.values())])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def main() -> int:
    """Measure the rigs that are named, all if none is, and print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.poll")
    parser.add_argument("rigs", nargs="*", help=f"of {', '.join(ROWS)}; all by default")
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--polls", type=int, default=30, help="polls in each round")
    parser.add_argument("--set-ups", type=int, default=5)
    arguments = parser.parse_args()
    if unknown := set(arguments.rigs) - ROWS.keys():
        parser.error(f"no such rig: {', '.join(sorted(unknown))}")

    results = {}
    for name in arguments.rigs or ROWS:
        with asyncio.Runner(loop_factory=create_event_loop) as runner:
            results[name] = runner.run(
                measure(
                    name,
                    rounds=arguments.rounds,
                    polls=arguments.polls,
                    set_ups=arguments.set_ups,
                )
            )
    print(table(results))
    return 0


if __name__ == "__main__":
    sys.exit(main())
