"""What a rig pushed survives kill -9 between push and answer, in real processes."""

import asyncio
import json
from pathlib import Path
import signal
import sys

from aiohttp import ClientError, ClientSession
from homeassistant.core import HomeAssistant
import pytest

from custom_components.mining_rig.store import RigStore

from .pushing import ASIC_CODE, BASE, body

_ROOT = Path(__file__).parents[1]

_HOME = """
import asyncio, sys
from aiohttp import web
from homeassistant.config_entries import ConfigEntries, ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.helpers import frame, issue_registry
from types import MappingProxyType
from custom_components.mining_rig.push.door import Door
from custom_components.mining_rig.push.views import PushView
from custom_components.mining_rig.push.webhook import async_handle_webhook
from custom_components.mining_rig.sources.rig_monitor.routes import API
from custom_components.mining_rig.store import async_get_store

async def main():
    hass = HomeAssistant(sys.argv[1])
    hass.config_entries = ConfigEntries(hass, {})
    frame.async_setup(hass)
    entry = ConfigEntry(
        data={"kind": "rig_monitor", "id_root": "a", "rig_type": "asic",
              "api_code": sys.argv[2], "webhook_id": "hook"},
        discovery_keys=MappingProxyType({}), domain="mining_rig", entry_id="rig",
        minor_version=1, options={}, source="user", subentries_data=(),
        title="Rig", unique_id=None, version=1)
    door = Door(hass, {"rig_monitor": API}, async_handle_webhook)
    door.take(entry, await async_get_store(hass, "rig"))
    app = web.Application()
    PushView(door).register(hass, app, app.router)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    print(site._server.sockets[0].getsockname()[1], flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""


@pytest.mark.slow
@pytest.mark.usefixtures("socket_enabled")
async def test_kill_9_between_push_and_answer(tmp_path: Path) -> None:
    """Specifications that were answered with 200 are there; orders are served again."""
    (tmp_path / ".storage").mkdir()
    head = {"api_code": ASIC_CODE}
    specs = body("asic_specs.request")
    accepted: set[str] = set()
    sent: list[str] = []
    async with ClientSession() as session:
        for moment in range(4):
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-c",
                _HOME,
                str(tmp_path),
                ASIC_CODE,
                cwd=_ROOT,
                stdout=asyncio.subprocess.PIPE,
            )
            assert process.stdout is not None
            base = f"http://127.0.0.1:{int(await process.stdout.readline())}{BASE}"
            async with session.get(
                f"{base}/asic_miners/expected_status", headers=head
            ) as answer:
                assert (await answer.json())["asic_expected_status"] == "on"

            async def push(version: str, base: str = base) -> None:
                try:
                    async with session.post(
                        f"{base}/asic_miners/specs",
                        json={**specs, "software_version": version},
                        headers=head,
                    ) as answer:
                        assert answer.status == 200
                        accepted.add(version)
                except ClientError:
                    pass

            for number in range(3):
                sent.append(f"{moment}.{number}")
                await push(sent[-1])
            sent.append(f"{moment}.last")
            last = asyncio.create_task(push(sent[-1]))
            await asyncio.sleep(0.001 * moment)
            process.send_signal(signal.SIGKILL)
            await process.wait()
            await last

            store = RigStore(HomeAssistant(str(tmp_path)), "rig")
            await store.async_load()
            kept = store.get("rig_monitor_specs")["software_version"]
            # The last one may be kept although its answer was not sent any more.
            newest = max(i for i, version in enumerate(sent) if version in accepted)
            assert sent.index(kept) >= newest
            assert json.loads((tmp_path / ".storage/mining_rig.rig").read_text())
