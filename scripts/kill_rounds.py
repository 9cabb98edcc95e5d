"""Kill a Home Assistant while rigs write: `python -m scripts.kill_rounds`.

A real Home Assistant, in a process of its own, is killed (SIGKILL) at a random moment
while its owner switches and adds playbooks and agents push. Then what was acknowledged
has to be on disk, and be served by the next one.
"""

import argparse
import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from itertools import count
import json
from pathlib import Path
import random
import sys
from tempfile import TemporaryDirectory
from typing import Any, Final

from aiohttp import ClientError, ClientSession, ClientTimeout

from benchmarks.restart import Rig, prepare, running
from custom_components.mining_rig.const import DOMAIN
from custom_components.mining_rig.sources.rig_monitor import playbooks
from custom_components.mining_rig.sources.rig_monitor.orders import ORDERS_NOTE
from custom_components.mining_rig.sources.rig_monitor.specs import SPECS_NOTE

from .demo.client import Disconnected, HomeAssistant
from .demo.processes import Child
from .demo.pushing import PLAYBOOK, SUBENTRY_FLOWS
from .demo.rigs import answer

ROUNDS: Final = 8
_ASIC: Final = Rig(name="Dragon", rig_type="asic", notes={})
_PC: Final = Rig(name="Caheo", rig_type="cpu_gpu", notes={})
_LATEST: Final = 4.0
"""Seconds after the first writes at which it is killed at the latest."""
_STARTS_WITHIN: Final = 180.0
_MOST_PLAYBOOKS: Final = 300
_API: Final = "/api/mining_rig/v1"

_SPECS: Final = {
    "model": "Ice River KS5L",
    "model_variant": "unknown",
    "firmware_version": "Factory BOOT_3_1 image_1.0",
}
_LOG: Final = {
    "cpu_temp": 60,
    "cpu_power": 65,
    "cpu_hashrate": 6400,
    "cpu_hashrate_uom": "H/s",
    "uptime": "2 hours, 5 minutes",
    "lan_ip": "192.168.1.8",
}


@dataclass(slots=True)
class Ledger:
    """What was acknowledged of one thing, and what was sent after that."""

    read: Callable[[Mapping[str, Mapping[str, Any]]], Any]
    """Returns it from the notes of both rigs."""
    default: Any = None
    acknowledged: Any = field(init=False)
    sent: Any = field(init=False)
    writes: int = 0

    def __post_init__(self) -> None:
        """Begin with the default."""
        self.acknowledged = self.sent = self.default

    async def write(self, value: Any, send: Awaitable[None]) -> None:
        """Write and note when that is acknowledged."""
        self.sent = value
        await send
        self.acknowledged = value
        self.writes += 1

    def check(self, found: Any) -> bool:
        """Return whether what is there was acknowledged, or was on its way."""
        is_right = found in (self.acknowledged, self.sent)
        if is_right:
            self.acknowledged = self.sent = found
        return is_right


def _order(rig: Rig, key: str) -> Callable[[Mapping[str, Mapping[str, Any]]], Any]:
    return lambda notes: (notes[rig.code].get(ORDERS_NOTE) or {}).get(key, True)


def _playbook_sets(notes: Mapping[str, Mapping[str, Any]]) -> tuple[str, ...]:
    return playbooks.sets(notes[_PC.code].get(playbooks.NOTE))


class Rounds:
    """The rounds of one folder."""

    def __init__(self, folder: Path, seed: int) -> None:
        """Prepare the folder; the same seed gives the same moments."""
        self._folder = folder
        self._random = random.Random(seed)
        self._port = prepare(folder, (_ASIC, _PC))
        self._url = f"http://127.0.0.1:{self._port}"
        self._versions = count(1)
        self.ledgers = {
            "power": Ledger(_order(_ASIC, "power"), True),
            "mining": Ledger(_order(_PC, "mining"), True),
            "specs": Ledger(
                lambda notes: (notes[_ASIC.code].get(SPECS_NOTE) or {}).get(
                    "software_version"
                )
            ),
            "playbooks": Ledger(_playbook_sets, ()),
        }
        self._energy: dict[str, float] = {}
        self._parts: dict[str, set[str]] = {}

    async def run(self, number: int) -> list[str]:
        """Start, write, kill; return what was lost."""
        lost: list[str] = []
        async with running(self._folder) as child, AsyncExitStack() as stack:
            home = await self._home(stack)
            lost += await self._check_served()
            delay = self._random.uniform(0.02, _LATEST)
            await self._write_until_killed(child, home, delay, number)
        return lost + self._check_disk()

    async def _home(self, stack: AsyncExitStack) -> HomeAssistant:
        """Connect once its rigs are there."""
        wanted = {"switch.dragon_mains_power", "switch.caheo_mining"}
        async with asyncio.timeout(_STARTS_WITHIN):
            while True:
                try:
                    home = await stack.enter_async_context(
                        HomeAssistant.connected(self._url)
                    )
                    while True:
                        states = await home.command("get_states")
                        if wanted <= {state["entity_id"] for state in states}:
                            return home
                        await asyncio.sleep(0.1)
                except Disconnected:
                    await asyncio.sleep(0.1)

    # ---- writing

    async def _write_until_killed(
        self, child: Child, home: HomeAssistant, delay: float, number: int
    ) -> None:
        writers = [
            asyncio.create_task(writer)
            for writer in (
                self._switch(home, "power", "switch.dragon_mains_power"),
                self._switch(home, "mining", "switch.caheo_mining"),
                self._push_specs(),
                self._push_logs(number),
                self._add_playbooks(home),
            )
        ]
        await asyncio.sleep(delay)
        await child.kill()
        for found in await asyncio.gather(*writers, return_exceptions=True):
            if not isinstance(found, Disconnected | ClientError | TimeoutError | None):
                raise found

    async def _switch(self, home: HomeAssistant, name: str, entity_id: str) -> None:
        ledger = self.ledgers[name]
        while True:
            on = not ledger.acknowledged
            await ledger.write(
                on,
                home.command(
                    "call_service",
                    domain="switch",
                    service="turn_on" if on else "turn_off",
                    target={"entity_id": entity_id},
                ),
            )
            await asyncio.sleep(self._random.uniform(0, 0.05))

    async def _post(self, session: ClientSession, path: str, body: Any) -> bool:
        async with session.post(f"{_API}/{path}", json=body) as got:
            return got.status == 200

    async def _push_specs(self) -> None:
        async with self._agent(_ASIC) as session:
            for version in self._versions:

                async def push(version: int = version) -> None:
                    specs = {**_SPECS, "software_version": str(version)}
                    if not await self._post(session, "asic_miners/specs", specs):
                        raise Disconnected

                await self.ledgers["specs"].write(str(version), push())
                await asyncio.sleep(0.1)

    async def _push_logs(self, number: int) -> None:
        """Push a rig that gets one more card in each round."""
        cards = {f"gpu_{n}_power": 100 + n for n in range(1, 2 + number % 12)}
        async with self._agent(_PC) as session:
            while True:
                await self._post(session, "cpu_gpu_miners/logs", {**_LOG, **cards})
                await asyncio.sleep(0.3)

    async def _add_playbooks(self, home: HomeAssistant) -> None:
        ledger = self.ledgers["playbooks"]
        while len(ledger.acknowledged) < _MOST_PLAYBOOKS:
            name = f"Set {len(ledger.acknowledged) + 1}"

            async def add(name: str = name) -> None:
                step = await home.post(
                    SUBENTRY_FLOWS, {"handler": [_PC.code, playbooks.SUBENTRY]}
                )
                answers = answer(step["data_schema"], {**PLAYBOOK, "set": name})
                await home.post(f"{SUBENTRY_FLOWS}/{step['flow_id']}", answers)

            await ledger.write((*ledger.acknowledged, name), add())
            await asyncio.sleep(self._random.uniform(0.2, 1))

    def _agent(self, rig: Rig) -> ClientSession:
        return ClientSession(
            self._url, headers={"api_code": rig.code}, timeout=ClientTimeout(total=5)
        )

    # ---- checking

    async def _check_served(self) -> list[str]:
        """Compare what agents get with what was acknowledged before."""
        async with self._agent(_ASIC) as session, session.get(_ASIC.path) as got:
            power = (await got.json())["asic_expected_status"] == "on"
        async with self._agent(_PC) as session, session.get(_PC.path) as got:
            served = bool(await got.json())
        wanted = self.ledgers["mining"].acknowledged and bool(
            self.ledgers["playbooks"].acknowledged
        )
        left = [path.name for path in self._files("*.tmp")]
        return [
            *(["power served"] if power != self.ledgers["power"].acknowledged else []),
            *(["playbooks served"] if served != wanted else []),
            *(f"left over: {name}" for name in left),
        ]

    def _files(self, end: str) -> list[Path]:
        return [*(self._folder / ".storage").glob(f"{DOMAIN}.{end}")]

    def _check_disk(self) -> list[str]:
        """Compare the files with what was acknowledged."""
        lost = [f"broken: {path.name}" for path in self._files("*.corrupt.*")]
        notes: dict[str, Mapping[str, Any]] = {}
        for rig in (_ASIC, _PC):
            path = self._folder / ".storage" / f"{DOMAIN}.{rig.code}"
            data = json.loads(path.read_text())["data"]
            notes[rig.code] = data["notes"]
            parts = {part["key"] for part in data.get("parts", ())}
            if not parts >= self._parts.get(rig.code, set()):
                lost.append(f"parts of {rig.name}")
            self._parts[rig.code] = parts
            for key, total in data.get("energy", {}).items():
                if total < self._energy.get(f"{rig.code} {key}", 0.0):
                    lost.append(f"{key} of {rig.name}")
                self._energy[f"{rig.code} {key}"] = total
        return lost + [
            name
            for name, ledger in self.ledgers.items()
            if not ledger.check(ledger.read(notes))
        ]

    def state(self) -> str:
        """Return what is kept now, in words."""
        energy = sum(self._energy.values())
        parts = sum(map(len, self._parts.values()))
        return f"{parts} parts, {energy:.2f} Wh"


async def kill(folder: Path, rounds: int, seed: int) -> int:
    """Do the rounds; print a line for each; return how much was lost."""
    print(f"seed {seed}")
    print("| round | acknowledged writes | kept | lost |")
    print("| ---: | --- | --- | --- |")
    all_rounds = Rounds(folder, seed)
    losses = 0
    for number in range(1, rounds + 1):
        before = {name: led.writes for name, led in all_rounds.ledgers.items()}
        lost = await all_rounds.run(number)
        losses += len(lost)
        writes = ", ".join(
            f"{led.writes - before[name]} {name}"
            for name, led in all_rounds.ledgers.items()
        )
        cells = (str(number), writes, all_rounds.state(), ", ".join(lost) or "nothing")
        print(f"| {' | '.join(cells)} |", flush=True)
    total = sum(led.writes for led in all_rounds.ledgers.values())
    print(f"{rounds} rounds, {total} acknowledged writes, {losses} lost")
    return losses


def main(arguments: list[str] | None = None) -> int:
    """Return 0 where nothing was lost."""
    parser = argparse.ArgumentParser(prog="scripts/kill-rounds", description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--long", action="store_true", help="60 rounds")
    parser.add_argument("--seed", type=int, default=random.randrange(2**32))
    options = parser.parse_args(arguments)
    rounds = 60 if options.long else options.rounds
    with TemporaryDirectory() as folder:
        return min(asyncio.run(kill(Path(folder) / "home", rounds, options.seed)), 1)


if __name__ == "__main__":
    sys.exit(main())
