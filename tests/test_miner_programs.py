"""The miner programs that only report, in Home Assistant: from adding to absence."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack
import json
import re
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import ConfigEntry
from homeassistant.const import STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import device_registry as dr, entity_registry as er
import pytest
from syrupy.assertion import SnapshotAssertion

from custom_components.mining_rig.const import CONF_ID_ROOT, CONF_KIND, DOMAIN
from custom_components.mining_rig.diagnostics import async_get_config_entry_diagnostics

from .rigs import async_choose_kind, async_pass_polls, is_of_protection
from .sources.miner_programs import FIXTURES, KINDS
from .sources.test_miner_requests import command_of

WALLET = "0x5A9cE1bB7c2E4dF8a1B03cC64f7D2e90A1b8c3D4"
POOL_PASSWORD = "pool-pass-7421"
PASSWORD = "api-pass-9932"
SECRETS = re.compile(f"{WALLET}|{POOL_PASSWORD}|{PASSWORD}", re.IGNORECASE)

FILES: dict[str, dict[str, str]] = {
    "bzminer": {"/status": "bzminer_24_constructed.json"},
    "ccminer": {
        "summary": "ccminer_summary.txt",
        "threads": "ccminer_threads_made_up.txt",
        "pool": "ccminer_pool.txt",
    },
    "claymore": {"miner_getstat1": "phoenixminer_5.1c_getstat1.json"},
    "gminer": {"/stat": "gminer_3.06_stat.json"},
    "lolminer": {"/summary": "../lolminer/summary_1.98_dual.json"},
    "miniz": {"getstat": "miniz_getstat.json"},
    "nanominer": {"/stats": "nanominer_foreman_stats.json"},
    "nbminer": {"/api/v1/status": "nbminer_40.0_status.json"},
    "onezerominer": {"/": "onezerominer_1.8.0_vector.json"},
    "rigel": {"/": "rigel_1.23.2_stat.json"},
    "srbminer": {"/": "srbminer_3.6.4_api_v2_status.json"},
    "teamredminer": {
        "devs": "teamredminer_0.3.10_devs.json",
        "pools": "teamredminer_0.3.10_pools.json",
    },
    "wildrig": {"/": "wildrig_0.10.0.json"},
}
"""What each program answers, by path or command."""
SHOWN = ("ccminer", "claymore", "miniz", "rigel", "srbminer")

pytestmark = pytest.mark.usefixtures("socket_enabled")


@pytest.fixture(autouse=True)
def _noon(freezer: FrozenDateTimeFactory) -> None:
    """Let it always be the same moment."""
    freezer.move_to("2026-11-01 12:00:00+00:00")


class Rig:
    """A PC on which a program answers with what was recorded, with known secrets."""

    def __init__(self, kind: str, stack: AsyncExitStack) -> None:
        """Take the program."""
        self._stack = stack
        self._files = FILES[kind]
        self._server: asyncio.Server | None = None
        self.port = 0
        self.asked: list[str] = []

    async def start(self) -> None:
        """Answer, at the same port as before."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self._stack.callback(self._server.close)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Answer no more."""
        assert self._server is not None
        self._server.close()
        await self._server.wait_closed()

    async def _serve(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        question = (await reader.read(2000)).decode()
        is_http = question.startswith("GET ")
        if is_http:
            place = question.split(" ")[1].partition("?")[0]
        else:
            place = command_of(question)
        self.asked.append(place)
        if (file := self._files.get(place)) is not None:
            body = _planted((FIXTURES / file).read_text()).encode()
            if is_http:
                head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n"
                writer.write(f"{head}Connection: close\r\n\r\n".encode())
            writer.write(body)
            await writer.drain()
        writer.close()


def _planted(text: str) -> str:
    """Return a recorded answer with a wallet and a pool's password that are known."""
    text = re.sub(r"\bwallet\b(?!\")|0x0{40}", WALLET, text)
    return re.sub(r'("pass(?:word)?": *)"x"', rf'\1"{POOL_PASSWORD}"', text)


@pytest.fixture
async def run() -> AsyncIterator[Callable[[str], Any]]:
    """Return what lets a program run."""
    async with AsyncExitStack() as stack:

        async def start(kind: str) -> Rig:
            rig = Rig(kind, stack)
            await rig.start()
            return rig

        yield start


async def async_add(hass: HomeAssistant, kind: str, rig: Rig) -> ConfigEntry:
    """Add a rig as an owner does, with a password where there is a field for one."""
    flow = hass.config_entries.flow
    step = await async_choose_kind(hass, kind)
    while step["type"] is FlowResultType.FORM:
        assert not step["errors"]
        known = {"host": "127.0.0.1", "port": rig.port, "name": f"PC {rig.port}"}
        known["password"] = PASSWORD
        fields = {str(field) for field in step["data_schema"].schema}
        step = await flow.async_configure(
            step["flow_id"], {key: known[key] for key in known if key in fields}
        )
    assert step["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done()
    entry: ConfigEntry = step["result"]
    assert entry.data[CONF_KIND] == kind
    return entry


def entities_of(hass: HomeAssistant, entry: ConfigEntry) -> list[er.RegistryEntry]:
    """Return the entities of a rig in the order of their ids."""
    found = er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)
    return sorted(found, key=lambda entity: entity.unique_id)


def shown(hass: HomeAssistant, entry: ConfigEntry) -> dict[str, str]:
    """Return all states of a rig with their units, by what distinguishes entities."""
    root = f"{entry.data[CONF_ID_ROOT]}_"
    found = {}
    for entity in entities_of(hass, entry):
        if (state := hass.states.get(entity.entity_id)) is not None:
            unit = state.attributes.get("unit_of_measurement", "")
            key = entity.unique_id.removeprefix(root)
            found[key] = f"{state.state} {unit}".strip()
    return found


def everything(
    hass: HomeAssistant, entry: ConfigEntry, hass_storage: dict[str, Any]
) -> Iterator[str]:
    """Go through what others may see of a rig."""
    for entity in entities_of(hass, entry):
        yield repr(entity)
        yield repr(hass.states.get(entity.entity_id))
    for device in dr.async_get(hass).devices:
        yield repr(device)
    for name, stored in hass_storage.items():
        if name.startswith(DOMAIN):
            yield json.dumps(stored)


@pytest.mark.usefixtures("entity_registry_enabled_by_default")
@pytest.mark.parametrize("kind", KINDS)
async def test_life(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    run: Callable[[str], Any],
    kind: str,
    snapshot: SnapshotAssertion,
) -> None:
    """It is added, shows rig and cards, is unavailable while off, and comes back."""
    rig = await run(kind)
    entry = await async_add(hass, kind, rig)
    before = shown(hass, entry)
    cards = {key.rpartition("_hashrate")[0] for key in before if "_hashrate" in key}
    assert len(cards - {"", "rig"}) > 0
    assert float(before["rig_hashrate"].split()[0]) > 0
    assert before["rig_connected"] == "on"
    assert before["rig_status"] == "mining"
    entities = entities_of(hass, entry)
    domains = {e.domain for e in entities if not is_of_protection(e)}
    assert domains == {"sensor", "binary_sensor"}
    if kind in SHOWN:
        assert before == snapshot

    await rig.stop()
    await async_pass_polls(hass, freezer, 5)
    off = shown(hass, entry)
    assert off["rig_connected"] == "off"
    assert off["rig_hashrate"].startswith(STATE_UNAVAILABLE)
    assert {off[key].split()[0] for key in off if key.endswith("temperature")} <= {
        STATE_UNAVAILABLE
    }
    assert await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()
    # Nothing vanishes with a restart while it is off, and units are kept.
    assert {*shown(hass, entry)} == {*before}

    await rig.start()
    await async_pass_polls(hass, freezer, 7)
    after = shown(hass, entry)
    assert {key: after[key] for key in after if "hashrate" in key} == {
        key: before[key] for key in before if "hashrate" in key
    }


@pytest.mark.usefixtures("entity_registry_enabled_by_default")
@pytest.mark.parametrize("kind", KINDS)
async def test_secrets(
    hass: HomeAssistant,
    run: Callable[[str], Any],
    kind: str,
    caplog: pytest.LogCaptureFixture,
    hass_storage: dict[str, Any],
) -> None:
    """No wallet and no password of a pool is seen anywhere, nor the program's own."""
    caplog.set_level("DEBUG", logger="custom_components.mining_rig")
    rig = await run(kind)
    entry = await async_add(hass, kind, rig)
    assert await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()
    diagnostics = await async_get_config_entry_diagnostics(hass, entry)
    texts = [*everything(hass, entry, hass_storage), json.dumps(diagnostics)]
    texts += [record.getMessage() for record in caplog.records]
    assert not [text for text in texts if SECRETS.search(text)]


async def test_two_programs_on_one_computer(
    hass: HomeAssistant, run: Callable[[str], Any]
) -> None:
    """They are two rigs, though both know the same cards, and share no ids."""
    entries = [
        await async_add(hass, kind, await run(kind))
        for kind in ("gminer", "gminer", "srbminer", "teamredminer")
    ]
    registry = dr.async_get(hass)
    ids: list[set[str]] = []
    devices: list[set[str]] = []
    for entry in entries:
        root = entry.data[CONF_ID_ROOT]
        found = {entity.unique_id for entity in entities_of(hass, entry)}
        assert found
        assert all(unique_id.startswith(f"{root}_") for unique_id in found)
        ids.append(found)
        own = {
            device.id
            for device in registry.devices
            if device.config_entry_id == entry.entry_id
        }
        assert own
        devices.append(own)
    assert len(set.union(*ids)) == sum(map(len, ids))
    assert len(set.union(*devices)) == sum(map(len, devices))
    # The same program twice: the keys of rig and card are the same, the ids are not.
    keys = [{unique_id.partition("_")[2] for unique_id in found} for found in ids[:2]]
    assert keys[0] == keys[1]
