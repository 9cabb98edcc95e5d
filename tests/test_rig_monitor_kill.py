"""What the owner orders survives kill -9, in a real Home Assistant."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
import json
from pathlib import Path
from typing import Any

from aiohttp import ClientSession
import pytest

from benchmarks.restart import Rig, prepare, running
from custom_components.mining_rig.const import DOMAIN
from custom_components.mining_rig.sources.rig_monitor import playbooks
from custom_components.mining_rig.sources.rig_monitor.orders import ORDERS_NOTE
from scripts.demo import pushing
from scripts.demo.client import Disconnected, HomeAssistant
from scripts.demo.processes import Child
from scripts.demo.rigs import SimulatedRig

ASIC = Rig(name="Dragon", rig_type="asic", notes={})
PC = Rig(name="Caheo", rig_type="cpu_gpu", notes={})


@asynccontextmanager
async def _home(folder: Path, port: int) -> AsyncIterator[tuple[Child, HomeAssistant]]:
    """Run Home Assistant and talk to it, once its rigs are there."""
    async with running(folder) as child:
        async with asyncio.timeout(180):
            while True:
                try:
                    async with HomeAssistant.connected(
                        f"http://127.0.0.1:{port}"
                    ) as api:
                        while (await api.command("get_config"))["state"] != "RUNNING":
                            await asyncio.sleep(0.1)
                        yield child, api
                        return
                except Disconnected:
                    await asyncio.sleep(0.2)


async def _switch(api: HomeAssistant, entity_id: str, to: str) -> None:
    await api.command(
        "call_service",
        domain="switch",
        service=f"turn_{to}",
        target={"entity_id": entity_id},
    )


async def _killed(child: Child) -> None:
    child._process.kill()
    await child.wait()


def _notes(folder: Path, rig: Rig) -> Mapping[str, Any]:
    """Return what is on disk of a rig."""
    path = folder / ".storage" / f"{DOMAIN}.{rig.code}"
    notes: Mapping[str, Any] = json.loads(path.read_text())["data"]["notes"]
    return notes


async def _ask(port: int, rig: Rig) -> Any:
    async with (
        ClientSession(headers={"api_code": rig.code}) as session,
        session.get(f"http://127.0.0.1:{port}{rig.path}") as answer,
    ):
        assert answer.status == 200
        return await answer.json()


@pytest.mark.slow
@pytest.mark.usefixtures("socket_enabled")
async def test_orders_survive_kill_9(tmp_path: Path) -> None:
    """When a service or a dialog has returned, it is on disk and served again."""
    folder = tmp_path / "home"
    port = prepare(folder, (ASIC, PC))
    form = {"name": PC.name, "rig_type": "cpu_gpu", "api_code": PC.code}
    rig = SimulatedRig(
        name=PC.name, slug="pc", kind="rig_monitor", form=form, control="", faults=()
    )
    async with _home(folder, port) as (child, api):
        await pushing.add_playbook(api, rig)
        await _switch(api, "switch.caheo_mining", "off")
        await _switch(api, "switch.dragon_locate_light", "on")
        await _switch(api, "switch.dragon_mains_power", "off")
        await _killed(child)
    orders = _notes(folder, ASIC)[ORDERS_NOTE]
    assert (orders["power"], orders["light"]) == (False, True)
    assert _notes(folder, PC)[ORDERS_NOTE]["mining"] is False
    kept = _notes(folder, PC)[playbooks.NOTE]
    assert len(kept["list"]) == 1

    async with _home(folder, port) as (child, api):
        told = await _ask(port, ASIC)
        assert told["asic_expected_status"] == "off"
        assert told["light_expected_status"] == "on"
        assert await _ask(port, PC) == []
        states = {s["entity_id"]: s["state"] for s in await api.command("get_states")}
        assert states["switch.dragon_mains_power"] == "off"
        assert states["switch.caheo_mining"] == "off"
        await _switch(api, "switch.caheo_mining", "on")
        (served,) = await _ask(port, PC)
        await _killed(child)
    assert served["command_argument"]
    assert _notes(folder, PC)[ORDERS_NOTE]["mining"] is True
    assert _notes(folder, PC)[playbooks.NOTE] == kept
