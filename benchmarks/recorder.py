"""How many rows a rig adds to the database: `python -m benchmarks.recorder`.

Simulated rigs mine undisturbed while the clock moves on by a poll's interval at a time.
Home Assistant's own recorder writes to SQLite in a temporary folder.
"""

import argparse
import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
import sys
from typing import Any, Final
from unittest.mock import patch

from homeassistant.components.recorder import get_instance
from homeassistant.components.recorder.db_schema import States, StatesMeta
from homeassistant.components.recorder.util import session_scope
from homeassistant.core import HomeAssistant
from homeassistant.runner import create_event_loop
from homeassistant.util import dt as dt_util
import pynvml
from sqlalchemy import func, select

from simulator.hardware import Card
from simulator.models import RTX_3070, RTX_3080, RYZEN_7_5800X
from simulator.nvml import SimulatedNvml, install, nvidia_card
from simulator.rig import SimulatedRig
from simulator.t_rex import SimulatedTRex
from simulator.xmrig import SimulatedXMRig
from simulator.xmrig_proxy import SimulatedXmrigProxy, some_clients

from . import home
from .clock import Clock
from .set_up import async_set_up
from .stages import everything_written

_PACE: Final = 10.0
_POLLS_AN_HOUR: Final = 360


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A rig that can be added."""

    kind: str
    form: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """Rows of an hour."""

    entities: int
    rig_rows: int
    """Of the rig itself, without its cards."""
    card_rows: float
    """Of one card."""
    all_rows: int
    """Those if every value were written at each poll."""


_CARDS: Final = 3


def _cards() -> list[Card]:
    return [Card(model=RTX_3070) for _ in range(_CARDS)]


_RIGS: Final[Mapping[str, Callable[[Callable[[], float]], SimulatedRig]]] = {
    "t-rex": lambda clock: SimulatedTRex(
        "Attic", cards=_cards(), running_for=90_000, clock=clock
    ),
    "xmrig-cpu": lambda clock: SimulatedXMRig(
        "Processor", token="token", running_for=86_400, clock=clock
    ),
    "xmrig-cards": lambda clock: SimulatedXMRig(
        "Cards",
        token="token",
        cpu=RYZEN_7_5800X,
        cards=_cards(),
        pools=[{"url": "rvn.example.com:6060", "user": "x", "coin": "ravencoin"}],
        running_for=86_400,
        clock=clock,
    ),
    "xmrig-proxy": lambda clock: SimulatedXmrigProxy(
        "Proxy", token="token", clients=some_clients(5), clock=clock
    ),
}
NAMES: Final = ("nvml", *_RIGS)


@asynccontextmanager
async def _running(name: str, clock: Clock) -> AsyncIterator[Running]:
    def seconds() -> float:
        return clock().timestamp()

    if name == "nvml":
        library = SimulatedNvml(clock=seconds)
        library.cards = [
            nvidia_card((RTX_3080, RTX_3070)[i % 2], index=i, clock=seconds)
            for i in range(_CARDS)
        ]
        install(pynvml, library)
        yield Running(kind="nvml", form={})
        return
    async with _RIGS[name](seconds) as rig:
        form = dict(rig.form)
        connection = form.pop("connection", {})
        assert isinstance(connection, dict)
        yield Running(kind=rig.kind, form={**form, **connection})


def _count(hass: HomeAssistant, like: str) -> int:
    with session_scope(hass=hass, read_only=True) as session:
        of = States.metadata_id == StatesMeta.metadata_id
        counted = select(func.count(States.state_id)).join(StatesMeta, of)
        found = session.execute(counted.where(StatesMeta.entity_id.like(like))).scalar()
        return int(found or 0)


async def measure(name: str, *, polls: int) -> Result:
    """Let a rig mine for so many polls under each of the two rules."""
    clock = Clock(_PACE)
    with patch.object(dt_util, "utcnow", clock):
        async with _running(name, clock) as rig, home.running(records=True) as hass:
            entry = home.rig_entry(rig.kind, 1, rig.form)
            await async_set_up(hass, entry)
            coordinator = entry.runtime_data
            recorder = get_instance(hass)

            async def rows() -> tuple[int, int]:
                await recorder.async_block_till_done()
                counts = [
                    await recorder.async_add_executor_job(_count, hass, like)
                    for like in ("%.rig_1_%", "%.rig_1_gpu_%")
                ]
                return counts[0], counts[1]

            async def pass_polls() -> tuple[int, int]:
                before = await rows()
                for _ in range(polls):
                    clock.tick()
                    await coordinator.async_refresh()
                after = await rows()
                return after[0] - before[0], after[1] - before[1]

            with patch.object(hass.loop, "time", clock.monotonic):
                for _ in range(10):
                    clock.tick()
                    await coordinator.async_refresh()
                found, cards = await pass_polls()
                with everything_written():
                    everything, _ = await pass_polls()
            entities = len(hass.states.async_entity_ids())
        hours = polls / _POLLS_AN_HOUR
        return Result(
            entities=entities,
            rig_rows=round((found - cards) / hours),
            card_rows=cards / hours / _CARDS,
            all_rows=round(everything / hours),
        )


def table(results: Mapping[str, Result]) -> str:
    """Return a Markdown table with a column for each rig."""
    lines = (
        ("", "aim", *results),
        ("---", *["---:"] * (len(results) + 1)),
        ("entities enabled", "", *(f"{r.entities}" for r in results.values())),
        (
            "**rows an hour**, rig itself",
            "400",
            *(f"{r.rig_rows}" for r in results.values()),
        ),
        (
            "**rows an hour**, each card",
            "120",
            *(f"{r.card_rows:.0f}" for r in results.values()),
        ),
        (
            "all, if every value were written at each poll",
            "",
            *(f"{r.all_rows}" for r in results.values()),
        ),
    )
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def main() -> int:
    """Measure the rigs that are named, all if none is, and print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.recorder")
    parser.add_argument(
        "rigs", nargs="*", help=f"of {', '.join(NAMES)}; all by default"
    )
    parser.add_argument("--polls", type=int, default=_POLLS_AN_HOUR)
    arguments = parser.parse_args()
    if unknown := set(arguments.rigs).difference(NAMES):
        parser.error(f"no such rig: {', '.join(sorted(unknown))}")
    results = {}
    for name in arguments.rigs or NAMES:
        with asyncio.Runner(loop_factory=create_event_loop) as runner:
            results[name] = runner.run(measure(name, polls=arguments.polls))
    print(table(results))
    return 0


if __name__ == "__main__":
    sys.exit(main())
