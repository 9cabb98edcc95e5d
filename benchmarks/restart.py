"""What agents get while Home Assistant restarts: `python -m benchmarks.restart`.

A real Home Assistant, in a process of its own, is asked again and again for orders and
playbooks, each time on a new connection, while it ends and starts again.
"""

import argparse
import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from itertools import groupby, pairwise
import json
from pathlib import Path
import socket
import sys
from tempfile import TemporaryDirectory
from time import monotonic
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from aiohttp import ClientError, ClientSession, ClientTimeout, TCPConnector
from homeassistant.config_entries import (
    SOURCE_USER,
    STORAGE_VERSION,
    STORAGE_VERSION_MINOR,
    ConfigEntry,
    ConfigEntryDisabler,
)

from custom_components.mining_rig.const import CONF_ID_ROOT, CONF_KIND, DOMAIN
from custom_components.mining_rig.push.const import BASE, CONF_API_CODE, CONF_WEBHOOK_ID
from custom_components.mining_rig.sources.rig_monitor import CONF_RIG_TYPE, playbooks
from custom_components.mining_rig.sources.rig_monitor.orders import ORDERS_NOTE
from custom_components.mining_rig.sources.rig_monitor.routes import API
from scripts.demo import config_dir
from scripts.demo.processes import Child

from .miner import HOST

_PATH: Final = f"{BASE}/{API.base}"
PAUSE: Final = 0.05
"""Seconds from an answer to the next request."""
_AFTER: Final = 3.0
"""Seconds for which it is watched once it answers."""
_PATIENCE: Final = 180.0
_ANSWER_WITHIN: Final = 5.0
"""Seconds; as CPU/GPU Sentry waits."""


class Answer(NamedTuple):
    """What a request got."""

    at: float
    """When it was sent, in seconds of the monotonic clock."""
    status: int | None
    """None where there was no answer."""
    body: bytes


class Span(NamedTuple):
    """Answers in a row with the same status, until the first of the next row."""

    status: int | None
    number: int
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Rig:
    """A rig whose agent asks."""

    name: str
    rig_type: str
    disabled: bool = False
    notes: Mapping[str, Any]

    @property
    def code(self) -> str:
        """Return its API code."""
        return f"code-of-{self.name.replace(' ', '-')}"

    @property
    def path(self) -> str:
        """Return what its agent asks for."""
        if self.rig_type == "asic":
            return f"{_PATH}/asic_miners/expected_status"
        return f"{_PATH}/cpu_gpu_miners/playbooks"

    def entry(self) -> ConfigEntry:
        """Return its entry, whose id is the rig's name."""
        return ConfigEntry(
            version=1,
            minor_version=1,
            domain=DOMAIN,
            title=self.name,
            data={
                CONF_KIND: "rig_monitor",
                CONF_ID_ROOT: self.code,
                CONF_RIG_TYPE: self.rig_type,
                CONF_API_CODE: self.code,
                CONF_WEBHOOK_ID: f"hook-{self.code}",
            },
            disabled_by=ConfigEntryDisabler.USER if self.disabled else None,
            options={},
            source=SOURCE_USER,
            unique_id=None,
            entry_id=self.code,
            discovery_keys=MappingProxyType({}),
            subentries_data=(),
        )


_PLAYBOOK: Final = {
    **playbooks.DEFAULTS,
    "cpu_coin_name": "Monero",
    "cpu_algorithm": "rx/0",
    "cpu_wallet_address": "wallet",
    "cpu_pool_address": "pool.example:443",
}
_PLAYBOOKS: Final[Mapping[str, Any]] = {
    playbooks.NOTE: playbooks.with_playbook(
        None, None, _PLAYBOOK, "2026-01-02T03:04:05"
    )[0]
}
RIGS: Final = (
    Rig(name="ASIC that is on", rig_type="asic", notes={}),
    Rig(
        name="ASIC that is off",
        rig_type="asic",
        notes={ORDERS_NOTE: {"power": False, "light": True}},
    ),
    Rig(
        name="disabled ASIC that is off",
        rig_type="asic",
        notes={ORDERS_NOTE: {"power": False, "light": False}},
        disabled=True,
    ),
    Rig(name="computer", rig_type="cpu_gpu", notes=_PLAYBOOKS),
    Rig(name="disabled computer", rig_type="cpu_gpu", notes=_PLAYBOOKS, disabled=True),
)


def prepare(folder: Path, rigs: Sequence[Rig] = RIGS) -> int:
    """Make a configuration folder with rigs in it; return the port to ask at."""
    with closing(socket.socket()) as free:
        free.bind((HOST, 0))
        port = int(free.getsockname()[1])
    config_dir.prepare(folder, port=port, fresh=True)
    storage = folder / ".storage"
    entries = {
        "version": STORAGE_VERSION,
        "minor_version": STORAGE_VERSION_MINOR,
        "key": "core.config_entries",
        "data": {"entries": [rig.entry().as_dict() for rig in rigs]},
    }
    (storage / "core.config_entries").write_text(json.dumps(entries, default=str))
    for rig in rigs:
        (storage / f"{DOMAIN}.{rig.code}").write_text(
            json.dumps({"version": 1, "data": {"notes": rig.notes}})
        )
    return port


@asynccontextmanager
async def running(folder: Path) -> AsyncIterator[Child]:
    """Run Home Assistant with a prepared folder; it is told to end at the end."""
    async with Child.running(
        *("scripts.demo.offline", "--config", str(folder)),
        *("--skip-pip", "--log-no-color"),
    ) as child:
        reading = asyncio.create_task(_read(child))
        try:
            yield child
        finally:
            reading.cancel()


async def _read(child: Child) -> None:
    """Read what it prints, so that its pipe never fills."""
    async for _ in child.lines():
        pass


class Watcher:
    """Asks the same again and again."""

    def __init__(self, port: int, rig: Rig) -> None:
        """Ask as a rig's agent."""
        self.rig = rig
        self._url = f"http://{HOST}:{port}{rig.path}"
        self.answers: list[Answer] = []

    async def watch(self) -> None:
        """Go on for ever."""
        async with ClientSession(
            connector=TCPConnector(force_close=True),
            timeout=ClientTimeout(total=_ANSWER_WITHIN),
            headers={"api_code": self.rig.code},
        ) as session:
            while True:
                began = monotonic()
                status, body = None, b""
                try:
                    async with session.get(self._url) as answer:
                        status, body = answer.status, await answer.read()
                except ClientError, TimeoutError:
                    pass
                self.answers.append(Answer(began, status, body))
                await asyncio.sleep(PAUSE)

    async def until_good(self, after: float) -> None:
        """Wait until a request that began after a moment is answered well."""
        async with asyncio.timeout(_PATIENCE):
            while not any(a.at > after and a.status == 200 for a in self.answers):
                await asyncio.sleep(PAUSE)

    @property
    def last_good(self) -> float:
        """When the newest request that was answered well was sent."""
        return max(answer.at for answer in self.answers if answer.status == 200)

    def spans(self, after: float, before: float) -> list[Span]:
        """Return what was answered to the requests between two moments."""
        asked = [answer for answer in self.answers if after <= answer.at <= before]
        rows = [
            list(row) for _, row in groupby(asked, key=lambda answer: answer.status)
        ]
        ends = [*(later[0].at for _, later in pairwise(rows)), before]
        return [
            Span(row[0].status, len(row), end - row[0].at)
            for row, end in zip(rows, ends, strict=True)
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Restart:
    """What one rig's agent got while Home Assistant restarted."""

    rig: Rig
    spans: Sequence[Span]
    """From the last seconds before it ended to the first after it was there again."""
    bodies: frozenset[bytes]
    """What was answered well, before and after."""

    def seconds(self, status: int | None) -> float:
        """Return for how long that was the answer."""
        return sum(span.seconds for span in self.spans if span.status == status)

    def number(self, status: int | None) -> int:
        """Return to how many requests that was the answer."""
        return sum(span.number for span in self.spans if span.status == status)


async def measure(folder: Path, rigs: Sequence[Rig] = RIGS) -> list[Restart]:
    """Start Home Assistant, end it, and start it again."""
    port = prepare(folder, rigs)
    watchers = [Watcher(port, rig) for rig in rigs]
    watching = [asyncio.create_task(watcher.watch()) for watcher in watchers]

    async def until_started(began: float) -> None:
        for watcher in watchers:
            await watcher.until_good(began)
        # What follows until it has started wholly is watched, too.
        await asyncio.sleep(_AFTER)
        for watcher in watchers:
            await watcher.until_good(monotonic())

    try:
        async with running(folder):
            await until_started(monotonic())
            first = monotonic()
            await asyncio.sleep(_AFTER)
        async with running(folder):
            await until_started(monotonic())
            # What is asked later may still be under way when it ends.
            last = min(watcher.last_good for watcher in watchers)
    finally:
        for task in watching:
            task.cancel()
    return [
        Restart(
            rig=watcher.rig,
            spans=watcher.spans(first, last),
            bodies=frozenset(
                a.body
                for a in watcher.answers
                if a.status == 200 and first <= a.at <= last
            ),
        )
        for watcher in watchers
    ]


def table(restarts: Sequence[Restart]) -> str:
    """Return a Markdown table with a line for each rig."""
    lines = [
        ["rig", "no answer, s", "404, s", "200, times", "anything else, times"],
        ["---", *["---:"] * 4],
    ]
    for restart in restarts:
        other = sum(s.number for s in restart.spans if s.status not in (None, 404, 200))
        lines.append(
            [
                restart.rig.name,
                f"{restart.seconds(None):.1f}",
                f"{restart.seconds(404):.1f}",
                f"{restart.number(200)}",
                f"{other}",
            ]
        )
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def main() -> int:
    """Restart a Home Assistant and print what its agents got."""
    argparse.ArgumentParser(prog="python -m benchmarks.restart").parse_args()
    with TemporaryDirectory() as folder:
        print(table(asyncio.run(measure(Path(folder) / "home"))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
