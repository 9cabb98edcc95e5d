"""What a push costs: `python -m benchmarks.push`.

One home with many ASICs that push is compared with a view of the same web server that
only decodes the JSON, and with one that then writes as many states as a push does.
AccountReader of all take turns, so that a machine that is busy for a while is so for all.
"""

import argparse
import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from statistics import fmean, median
import sys
from time import perf_counter, process_time, time
from typing import Any, Final, override
from unittest.mock import patch

from aiohttp import web
from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, State
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.entity import Entity
from homeassistant.helpers.http import HomeAssistantView
from homeassistant.runner import create_event_loop
import orjson

from custom_components.mining_rig.push.const import BASE, CONF_API_CODE, CONF_WEBHOOK_ID
from custom_components.mining_rig.sources.rig_monitor import CONF_RIG_TYPE
from custom_components.mining_rig.sources.rig_monitor.routes import API

from . import agents, home
from .agents import Agents, Load
from .timing import Callback, lag, longest_callback, percentile

DOOR: Final = f"{BASE}/{API.base}/asic_miners/logs"
AGENTS_PAUSE: Final = 5.0
"""Seconds from push to push of a rig in real life, at the least."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What a path takes; times are in ms."""

    processor: Sequence[float]
    """Processor time of the home, of all its threads, for a push; of each round."""
    loads: Sequence[Load]
    """At full load, round by round."""
    real: Load
    """As often as agents really push."""
    late: Sequence[float]
    """By how much the event loop came late meanwhile."""
    callback: Callback
    """The longest one, at full load."""

    @property
    def cost(self) -> float:
        """Return the processor time of the median round."""
        return median(self.processor)

    @property
    def rate(self) -> float:
        """Return pushes per second by the clock on the wall, of the median round."""
        return median(len(load.latencies) / load.seconds for load in self.loads)

    def latency(self, share: int) -> float:
        """Return a percentile at full load."""
        every = [latency for load in self.loads for latency in load.latencies]
        return percentile(every, share)


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What was measured of a home."""

    rigs: int
    entities: float
    """Enabled ones of a rig."""
    written: float
    """States written at a push, those that stay as they are included."""
    changed: float
    idle: float
    """ms of processor time in each second while nothing is pushed."""
    push: Cost
    empty: Cost
    writing: Cost

    @property
    def ratio(self) -> float:
        """Return the cost in terms of a view that decodes and writes."""
        return _median(_divided, self.push, self.writing)

    @property
    def ratio_without_writes(self) -> float:
        """Return what is not the states, in terms of a view that only decodes."""
        return _median(
            lambda push, writing, empty: (push - (writing - empty)) / empty,
            *(self.push, self.writing, self.empty),
        )

    @property
    def ratio_to_empty(self) -> float:
        """Return the cost in terms of a view that only decodes."""
        return _median(_divided, self.push, self.empty)


def _divided(one: float, other: float) -> float:
    return one / other


def _median(formula: Callable[..., float], *costs: Cost) -> float:
    """Return the median of what a formula makes of each round."""
    rounds = zip(*(cost.processor for cost in costs), strict=True)
    return median(formula(*each) for each in rounds)


class EmptyView(HomeAssistantView):
    """Decodes what is pushed, and does nothing else."""

    url = "/api/benchmark/empty"
    name = "api:benchmark:empty"
    requires_auth = False

    async def post(self, request: web.Request) -> web.Response:
        """Answer as the door does."""
        orjson.loads(await request.read())
        self.take(request.headers["api_code"])
        return web.Response(body=b"null", content_type="application/json")

    def take(self, code: str) -> None:
        """Do nothing with it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What one push wrote."""

    changed: Sequence[State]
    unchanged: Sequence[State]


class WritingView(EmptyView):
    """Then writes as many states as a push does, into states of its own."""

    url = "/api/benchmark/writing"
    name = "api:benchmark:writing"

    def __init__(self, hass: HomeAssistant, written: Mapping[str, Written]) -> None:
        """Repeat what was written of each rig, by its API code."""
        self._write = hass.states.async_set
        self._written = written
        self._pushes = 0

    @override
    def take(self, code: str) -> None:
        """Write; what changed then changes now."""
        self._pushes += 1
        value = str(self._pushes)
        written = self._written[code]
        for state in written.changed:
            self._write(f"{state.entity_id}_floor", value, state.attributes)
        for state in written.unchanged:
            self._write(f"{state.entity_id}_floor_as_it_was", "1", state.attributes)


def _entries(rigs: int) -> dict[str, ConfigEntry]:
    """Return an entry for each rig by its API code."""
    return {
        code: home.rig_entry(
            "rig_monitor",
            number,
            {
                CONF_RIG_TYPE: "asic",
                CONF_API_CODE: code,
                CONF_WEBHOOK_ID: f"hook{number}",
            },
        )
        for number in range(1, rigs + 1)
        for code in (f"{number:032x}",)
    }


async def _recorded(
    hass: HomeAssistant, agents: Agents, entries: Mapping[str, ConfigEntry]
) -> dict[str, Written]:
    """Let each rig push once and return what that wrote, by API code."""
    start = time()
    await agents.push(DOOR, len(entries))
    registry = er.async_get(hass)
    found = {}
    for code, entry in entries.items():
        states = [
            state
            for known in er.async_entries_for_config_entry(registry, entry.entry_id)
            if (state := hass.states.get(known.entity_id)) is not None
            and state.last_reported_timestamp >= start
        ]
        found[code] = Written(
            changed=[s for s in states if s.last_updated_timestamp >= start],
            unchanged=[s for s in states if s.last_updated_timestamp < start],
        )
    return found


class _Meter:
    """Lets agents push and takes down what that costs."""

    def __init__(self, agents: Agents, pushes: int, real_pushes: int) -> None:
        """Push so often in each round, and so often at the agents' own pace."""
        self._agents = agents
        self._pushes = pushes
        self._real_pushes = real_pushes

    async def push(
        self, path: str, pushes: int | None = None, rate: float | None = None
    ) -> Load:
        """Push; every push has to be taken."""
        load = await self._agents.push(path, pushes or self._pushes, rate)
        if load.refused:
            raise RuntimeError(f"{path} refused: {load.refused}")
        return load

    async def round(self, path: str) -> tuple[float, Load]:
        """Return the processor time of a push in ms, and the load."""
        start = process_time()
        load = await self.push(path)
        return (process_time() - start) * 1000 / self._pushes, load

    async def cost(
        self, path: str, rounds: Sequence[tuple[float, Load]], rate: float
    ) -> Cost:
        """Add to the rounds what there is to be known beside them."""
        real: list[Load] = []

        async def push_really() -> None:
            real.append(await self.push(path, self._real_pushes, rate))

        late = await lag(push_really)
        return Cost(
            processor=[processor for processor, _ in rounds],
            loads=[load for _, load in rounds],
            real=real[0],
            late=late,
            callback=await longest_callback(lambda: self.push(path)),
        )


async def _idle(seconds: float) -> float:
    """Return the ms of processor time in each second while nothing is pushed."""
    wall, processor = perf_counter(), process_time()
    await asyncio.sleep(seconds)
    return (process_time() - processor) * 1000 / (perf_counter() - wall)


async def measure(
    *, rigs: int, rounds: int, pushes: int, real_pushes: int, every_entity: bool
) -> Result:
    """Measure a home with so many rigs."""
    entries = _entries(rigs)
    with ExitStack() as patches:
        if every_entity:
            patches.enter_context(
                patch.object(Entity, "entity_registry_enabled_default", True)
            )
        async with home.running() as hass:
            for entry in entries.values():
                await hass.config_entries.async_add(entry)
            await hass.async_block_till_done()
            port = hass.http.server_port
            async with agents.running(port, list(entries)) as pushing:
                # The first push of each makes its entities.
                meter = _Meter(pushing, pushes, real_pushes)
                for _ in range(3):
                    await meter.push(DOOR, rigs)
                    await hass.async_block_till_done()
                written = await _recorded(hass, pushing, entries)
                views = (EmptyView(), WritingView(hass, written))
                for view in views:
                    hass.http.register_view(view)
                paths = [DOOR, *(view.url for view in views)]
                costs: dict[str, list[Any]] = {path: [] for path in paths}
                for path in paths:
                    await meter.push(path)
                for _ in range(rounds):
                    for path in paths:
                        costs[path].append(await meter.round(path))
                rate = rigs / AGENTS_PAUSE
                push, empty, writing = [
                    await meter.cost(path, costs[path], rate) for path in paths
                ]
                idle = await _idle(real_pushes / rate)
            registry = er.async_get(hass)
            return Result(
                rigs=rigs,
                entities=len([e for e in registry.entities.values() if not e.disabled])
                / rigs,
                written=fmean(
                    len(w.changed) + len(w.unchanged) for w in written.values()
                ),
                changed=fmean(len(w.changed) for w in written.values()),
                idle=idle,
                push=push,
                empty=empty,
                writing=writing,
            )


type Line = tuple[str, str, Callable[[Result], str]]


def _pair(values: Sequence[float]) -> str:
    return f"{percentile(values, 50):.1f}, {percentile(values, 99):.1f}"


def _latencies(cost: Cost) -> str:
    return f"{cost.latency(50):.1f}, {cost.latency(99):.1f}"


def _callback(cost: Cost) -> str:
    return f"{cost.callback.processor:.1f}"


_LINES: Final[tuple[Line, ...]] = (
    ("rigs", "", lambda r: f"{r.rigs}"),
    ("entities enabled of a rig", "", lambda r: f"{r.entities:.1f}"),
    (
        "states written a push, of these changed",
        "",
        lambda r: f"{r.written:.1f}, {r.changed:.1f}",
    ),
    ("**push**, ms of processor time", "2.0", lambda r: f"{r.push.cost:.2f}"),
    ("empty view, the same", "", lambda r: f"{r.empty.cost:.2f}"),
    ("empty view that writes, the same", "", lambda r: f"{r.writing.cost:.2f}"),
    (
        "**ratio** without the writes to the empty view",
        "2.5",
        lambda r: f"{r.ratio_without_writes:.2f}",
    ),
    ("ratio to the empty view that writes", "", lambda r: f"{r.ratio:.2f}"),
    ("ratio to the empty view", "", lambda r: f"{r.ratio_to_empty:.2f}"),
    (
        "**pushes per second** of one core's time",
        "500",
        lambda r: f"{1000 / r.push.cost:.0f}",
    ),
    ("empty view, the same", "", lambda r: f"{1000 / r.empty.cost:.0f}"),
    ("pushes per second by the clock", "", lambda r: f"{r.push.rate:.0f}"),
    ("empty view, the same", "", lambda r: f"{r.empty.rate:.0f}"),
    ("p50, p99 at full load, ms", "", lambda r: _latencies(r.push)),
    ("empty view, the same", "", lambda r: _latencies(r.empty)),
    ("p50, p99 at the agents' pace, ms", "", lambda r: _pair(r.push.real.latencies)),
    ("empty view, the same", "", lambda r: _pair(r.empty.real.latencies)),
    ("event loop late at that pace, p50, p99, ms", "", lambda r: _pair(r.push.late)),
    ("empty view, the same", "", lambda r: _pair(r.empty.late)),
    (
        "longest callback at full load, ms of processor time",
        "5",
        lambda r: _callback(r.push),
    ),
    ("empty view, the same", "", lambda r: _callback(r.empty)),
    ("ms of processor time a second without a push", "", lambda r: f"{r.idle:.1f}"),
)


def table(results: Mapping[str, Result]) -> str:
    """Return a Markdown table with a column for each home."""
    lines = [["", "aim", *results], ["---", *["---:"] * (len(results) + 1)]]
    for title, aim, show in _LINES:
        lines.append([title, aim, *map(show, results.values())])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


_HOMES: Final = {"default entities": False, "every entity": True}


def main() -> int:
    """Measure with default entities and with every entity, and print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.push")
    parser.add_argument("--rigs", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--pushes", type=int, default=400, help="pushes in each round")
    parser.add_argument(
        "--real-pushes", type=int, default=400, help="pushes at the agents' own pace"
    )
    arguments = parser.parse_args()
    results = {}
    for title, every_entity in _HOMES.items():
        with asyncio.Runner(loop_factory=create_event_loop) as runner:
            results[title] = runner.run(
                measure(every_entity=every_entity, **vars(arguments))
            )
    print(table(results))
    return 0


if __name__ == "__main__":
    sys.exit(main())
