"""Playbooks: what a CPU/GPU rig is told to run."""

import errno
from typing import Any
from unittest.mock import patch

from aiohttp.test_utils import TestClient
from homeassistant.config_entries import SOURCE_RECONFIGURE, SOURCE_USER
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.mining_rig.sources.rig_monitor import playbooks
from custom_components.mining_rig.store import RigStore

from .pushing import BASE, PC_CODE, async_set_up_rigs, body, pushing_entry
from .rigs import entity_id

pytestmark = [
    pytest.mark.usefixtures("socket_enabled"),
    pytest.mark.freeze_time("2025-04-08T13:14:14+00:00"),
]

MONERO = {
    **playbooks.DEFAULTS,
    "cpu_coin_name": "Monero",
    "cpu_algorithm": "RandomX",
    "cpu_wallet_address": "49gEXAMPLE",
    "cpu_pool_address": "pool.hashvault.pro:443",
}


@pytest.fixture
def entry() -> MockConfigEntry:
    """Return the entry of a CPU/GPU rig."""
    return pushing_entry("cpu_gpu", title="Đào cà-phê 1")


@pytest.fixture
async def client(
    hass: HomeAssistant,
    hass_client_no_auth: ClientSessionGenerator,
    entry: MockConfigEntry,
) -> TestClient[Any, Any]:
    """Set the rig up and return its agent's HTTP client."""
    await async_set_up_rigs(hass, entry)
    return await hass_client_no_auth()


async def fetch(client: TestClient[Any, Any]) -> bytes:
    """Fetch the playbooks as the agent does."""
    async with client.get(
        f"{BASE}/cpu_gpu_miners/playbooks", headers={"api_code": PC_CODE}
    ) as answer:
        assert answer.status == 200
        return await answer.read()


async def fetched(client: TestClient[Any, Any]) -> list[dict[str, Any]]:
    """Fetch and decode the playbooks."""
    async with client.get(
        f"{BASE}/cpu_gpu_miners/playbooks", headers={"api_code": PC_CODE}
    ) as answer:
        found: list[dict[str, Any]] = await answer.json()
        return found


async def add(hass: HomeAssistant, entry: MockConfigEntry, **answers: str) -> Any:
    """Add a playbook in the dialog."""
    flow = hass.config_entries.subentries
    form = await flow.async_init(
        (entry.entry_id, "playbook"), context={"source": SOURCE_USER}
    )
    done = await flow.async_configure(form["flow_id"], {**MONERO, **answers})
    await hass.async_block_till_done()
    return done


async def test_served_as_the_agent_needs_it(
    hass: HomeAssistant, client: TestClient[Any, Any], entry: MockConfigEntry
) -> None:
    """The shape is the one with which the real agent starts its miner."""
    assert await fetch(client) == b"[]"
    assert (await add(hass, entry))["type"] is FlowResultType.CREATE_ENTRY
    (playbook,) = await fetched(client)
    sample = body("cpu_gpu_playbooks.response")[0]
    assert list(playbook) == list(sample) or playbook.keys() == sample.keys()
    assert playbook["command_argument"] == (
        "--no-color --url pool.hashvault.pro:443 --algo rx/0 --user 49gEXAMPLE "
        "--pass Dao-ca-phe-1"
    )
    assert playbook["inserted_at"] == "2025-04-08T13:14:14"
    assert {type(playbook[key]) for key in sample} == {
        type(sample[key]) for key in sample
    }
    before = await fetch(client)
    assert await hass.config_entries.async_reload(entry.entry_id)
    assert await fetch(client) == before


async def test_change_and_remove(
    hass: HomeAssistant, client: TestClient[Any, Any], entry: MockConfigEntry
) -> None:
    """The list follows the dialogs, and is on disk."""
    await add(hass, entry)
    (subentry,) = entry.subentries.values()
    assert subentry.title == "Default: XMRig Monero"
    flow = hass.config_entries.subentries
    form = await flow.async_init(
        (entry.entry_id, "playbook"),
        context={"source": SOURCE_RECONFIGURE, "subentry_id": subentry.subentry_id},
    )
    done = await flow.async_configure(
        form["flow_id"],
        {**MONERO, "command_argument": "--url  $POOL_ADDRESS -u\n$CPU_WALLET"},
    )
    assert done["type"] is FlowResultType.ABORT
    (playbook,) = await fetched(client)
    assert playbook["id"] == 1
    assert playbook["command_argument"] == "--url pool.hashvault.pro:443 -u 49gEXAMPLE"
    again = RigStore(hass, entry.entry_id)
    await again.async_load()
    assert len(playbooks.every(again.get(playbooks.NOTE))) == 1

    hass.config_entries.async_remove_subentry(entry, subentry.subentry_id)
    await hass.async_block_till_done()
    assert await fetch(client) == b"[]"
    await add(hass, entry)
    assert (await fetched(client))[0]["id"] == 2


async def test_mining_switch(
    hass: HomeAssistant, client: TestClient[Any, Any], entry: MockConfigEntry
) -> None:
    """Off serves nothing to run; on the same list as before."""
    await add(hass, entry)
    before = await fetch(client)
    mining = {"entity_id": entity_id(hass, "switch", "mining_allowed")}
    await hass.services.async_call("switch", "turn_off", mining, blocking=True)
    assert await fetch(client) == b"[]"
    await hass.services.async_call("switch", "turn_on", mining, blocking=True)
    assert await fetch(client) == before


async def test_sets(
    hass: HomeAssistant, client: TestClient[Any, Any], entry: MockConfigEntry
) -> None:
    """Of several for one software, a select says which one is run."""
    await add(hass, entry)
    assert (await add(hass, entry))["errors"] == {"set": "software_taken"}
    await add(hass, entry, set="Night", cpu_wallet_address="48night")
    async with client.post(
        f"{BASE}/cpu_gpu_miners/logs", json={}, headers={"api_code": PC_CODE}
    ):
        await hass.async_block_till_done()
    select = entity_id(hass, "select", "rig_monitor_playbook_set")
    state = hass.states.get(select)
    assert state is not None
    assert state.state == "Default"
    assert state.attributes["options"] == ["Default", "Night"]
    await hass.services.async_call(
        "select",
        "select_option",
        {"entity_id": select, "option": "Night"},
        blocking=True,
    )
    (playbook,) = await fetched(client)
    assert playbook["cpu_wallet_address"] == "48night"


@pytest.mark.parametrize(
    ("answers", "errors"),
    [
        ({"cpu_algorithm": ""}, {"cpu_coin_name": "coin_and_algorithm"}),
        ({"cpu_pool_address": "a b"}, {"cpu_pool_address": "blanks"}),
        ({"cpu_wallet_address": ""}, {"cpu_wallet_address": "placeholder_empty"}),
        (
            {"command_argument": "--user $SECRET"},
            {"command_argument": "unknown_placeholder"},
        ),
        ({"module": " "}, {"module": "required"}),
    ],
)
@pytest.mark.usefixtures("client")
async def test_errors(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    answers: dict[str, str],
    errors: dict[str, str],
) -> None:
    """What the agent could stumble over is refused."""
    assert (await add(hass, entry, **answers))["errors"] == errors


async def test_full_disk(
    hass: HomeAssistant, client: TestClient[Any, Any], entry: MockConfigEntry
) -> None:
    """A playbook that is not on disk is not served."""
    with patch(
        "custom_components.mining_rig.store.save_json",
        side_effect=OSError(errno.ENOSPC, "No space left on device"),
    ):
        assert (await add(hass, entry))["errors"] == {"base": "not_stored"}
    assert await fetch(client) == b"[]"


async def test_after_a_crash_the_store_is_right(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    """A playbook whose subentry was not written yet gets it again, and vice versa."""
    store = RigStore(hass, entry.entry_id)
    await store.async_load()
    note, _ = playbooks.with_playbook(None, None, MONERO, "2025-04-08T13:14:14")
    await store.keep(playbooks.NOTE, note)
    await async_set_up_rigs(hass, entry)
    (subentry,) = entry.subentries.values()
    assert subentry.data == {"playbook_id": 1}


def test_what_would_crash_an_agent_is_left_out() -> None:
    """Whatever is in the store, only sound playbooks are served."""
    sound, _ = playbooks.with_playbook(None, None, MONERO, "2025-04-08T13:14:14")
    (good,) = sound["list"]
    bad = [{**good, key: None} for key in ("id", "module", "inserted_at", "updated_at")]
    bad += [{}, 3, None, {**good, "cpu_coin_name": 5}, {**good, "software_name": ""}]
    assert len(playbooks.served({"list": [*bad, good]}, None, "w")) == 1
    for nothing in (None, 3, {}, {"list": 3}):
        assert playbooks.served(nothing, None, "w") == []
