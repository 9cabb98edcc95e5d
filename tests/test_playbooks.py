"""Playbooks: what a CPU/GPU rig is told to run."""

from collections.abc import Mapping
import errno
from types import MappingProxyType
from typing import Any
from unittest.mock import patch

from aiohttp.test_utils import TestClient
from homeassistant.config_entries import SOURCE_RECONFIGURE, SOURCE_USER, ConfigSubentry
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType, section
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.mining_rig.diagnostics import async_get_config_entry_diagnostics
from custom_components.mining_rig.sources.rig_monitor import playbooks
from custom_components.mining_rig.store import RigStore

from .pushing import BASE, PC_CODE, async_set_up_rigs, body, pushing_entry
from .rigs import entity_id
from .texts import texts

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


def filled_in(answers: Mapping[str, str]) -> dict[str, Any]:
    """Return answers as the form has them: in sections."""
    form: dict[str, Any] = {name: {} for name in ("cpu", "gpu_1", "gpu_2", "software")}
    for key, answer in answers.items():
        unit, end = key[:3], key[-2:]
        if unit == "gpu":
            form[unit + end][key] = answer
        elif unit == "cpu":
            form[unit][key] = answer
        elif key in ("set", "command_argument"):
            form[key] = answer
        else:
            form["software"][key] = answer
    return form


async def add(hass: HomeAssistant, entry: MockConfigEntry, **answers: str) -> Any:
    """Add a playbook in the dialog."""
    flow = hass.config_entries.subentries
    form = await flow.async_init(
        (entry.entry_id, "playbook"), context={"source": SOURCE_USER}
    )
    done = await flow.async_configure(form["flow_id"], filled_in({**MONERO, **answers}))
    await hass.async_block_till_done()
    return done


async def edit(
    hass: HomeAssistant, entry: MockConfigEntry, subentry_id: str, **answers: str
) -> Any:
    """Change a playbook in the dialog, which shows what there is."""
    flow = hass.config_entries.subentries
    form = await flow.async_init(
        (entry.entry_id, "playbook"),
        context={"source": SOURCE_RECONFIGURE, "subentry_id": subentry_id},
    )
    known: dict[str, str] = {}
    for part in seen(form).values():
        known |= part
    done = await flow.async_configure(form["flow_id"], filled_in({**known, **answers}))
    await hass.async_block_till_done()
    return done


def seen(form: Any) -> dict[str, dict[str, str]]:
    """Return what a form is filled in with, by section; "" is beside the sections."""
    found: dict[str, dict[str, str]] = {"": {}}
    for key, field in form["data_schema"].schema.items():
        if isinstance(field, section):
            found[str(key)] = {
                str(inner): inner.description["suggested_value"]
                for inner in field.schema.schema
            }
        else:
            found[""][str(key)] = key.description["suggested_value"]
    return found


def opened(form: Any) -> set[str]:
    """Return the sections of a form that are not closed."""
    return {
        str(key)
        for key, field in form["data_schema"].schema.items()
        if isinstance(field, section) and not field.options["collapsed"]
    }


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
    argument = "--url  $POOL_ADDRESS -u\n$CPU_WALLET"
    done = await edit(hass, entry, subentry.subentry_id, command_argument=argument)
    assert done["type"] is FlowResultType.ABORT
    (playbook,) = await fetched(client)
    assert playbook["id"] == 1
    assert playbook["command_argument"] == "--url pool.hashvault.pro:443 -u 49gEXAMPLE"
    again = RigStore(hass, entry.entry_id)
    await again.async_load()
    assert len(playbooks.stored(again.get(playbooks.NOTE))) == 1

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
        ({"cpu_algorithm": ""}, {"cpu": "coin_and_algorithm"}),
        ({"gpu_coin_name_2": "Alephium"}, {"gpu_2": "coin_and_algorithm"}),
        ({"cpu_pool_address": "a b"}, {"cpu": "blanks"}),
        ({"gpu_wallet_address_1": "a b"}, {"gpu_1": "blanks"}),
        ({"cpu_wallet_address": ""}, {"cpu": "placeholder_empty"}),
        ({"command_argument": "-o $GPU_POOL_1"}, {"gpu_1": "placeholder_empty"}),
        (
            {"command_argument": "--user $SECRET"},
            {"command_argument": "unknown_placeholder"},
        ),
        (
            {"command_argument": "-o $CPU_POOLS"},
            {"command_argument": "unknown_placeholder"},
        ),
        ({"command_argument": " "}, {"command_argument": "required"}),
        ({"module": " "}, {"software": "required"}),
        ({"software_name": ""}, {"software": "required"}),
        ({"software_version": ""}, {"software": "required"}),
        ({"module": "Elixir.os cmd"}, {"software": "module_invalid"}),
        ({"module": "MinerProvision.XMRIG_6_22_2"}, {"software": "module_invalid"}),
    ],
)
@pytest.mark.usefixtures("client")
async def test_errors(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    answers: dict[str, str],
    errors: dict[str, str],
) -> None:
    """What the agent could stumble over is refused; nothing entered is lost."""
    form = await add(hass, entry, **answers)
    assert form["errors"] == errors
    root = "config_subentries.playbook.error"
    assert {f"{root}.{error}" for error in errors.values()} <= texts().keys()
    assert errors.keys() <= {"command_argument", *opened(form)}
    shown = {key: value for part in seen(form).values() for key, value in part.items()}
    for key, answer in answers.items():
        assert shown[key] == answer.strip()
    # It can be put right, and is then added.
    done = await hass.config_entries.subentries.async_configure(
        form["flow_id"], filled_in(MONERO)
    )
    assert done["type"] is FlowResultType.CREATE_ENTRY


@pytest.mark.usefixtures("client")
async def test_form(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """What is not needed is out of the way until something stands in it."""
    flow = hass.config_entries.subentries
    form = await flow.async_init(
        (entry.entry_id, "playbook"), context={"source": SOURCE_USER}
    )
    assert opened(form) == {"cpu"}
    assert seen(form)["software"] == {
        "software_name": "XMRig",
        "software_version": "6.22.2",
        "module": "Elixir.MinerProvision.XMRIG_6_22_2",
    }
    await add(hass, entry, gpu_coin_name_1="Kaspa", gpu_algorithm_1="kheavyhash")
    (subentry,) = entry.subentries.values()
    assert subentry.title == "Default: XMRig Monero Kaspa"
    form = await flow.async_init(
        (entry.entry_id, "playbook"),
        context={"source": SOURCE_RECONFIGURE, "subentry_id": subentry.subentry_id},
    )
    assert opened(form) == {"cpu", "gpu_1"}
    assert seen(form)["gpu_1"]["gpu_coin_name_1"] == "Kaspa"


async def test_every_placeholder(
    hass: HomeAssistant, client: TestClient[Any, Any], entry: MockConfigEntry
) -> None:
    """Each is replaced by what the owner entered; what is inside is left alone."""
    names = {
        "$CPU_WALLET": "cpu_wallet_address",
        "$CPU_POOL": "cpu_pool_address",
        "$GPU_WALLET_1": "gpu_wallet_address_1",
        "$GPU_POOL_1": "gpu_pool_address_1",
        "$GPU_WALLET_2": "gpu_wallet_address_2",
        "$GPU_POOL_2": "gpu_pool_address_2",
    }
    addresses = {key: f"{key}.$WORKER_NAME" for key in names.values()}
    argument = " ".join((*names, "$WALLET_ADDRESS", "$POOL_ADDRESS", "x-$WORKER_NAME"))
    await add(hass, entry, command_argument=argument, **addresses)
    (playbook,) = await fetched(client)
    assert playbook["command_argument"].split(" ") == [
        *addresses.values(),
        addresses["cpu_wallet_address"],
        addresses["cpu_pool_address"],
        "x-Dao-ca-phe-1",
    ]
    assert {key: playbook[key] for key in addresses} == addresses


@pytest.mark.usefixtures("entity_registry_enabled_by_default")
async def test_wallets_are_secret(
    hass: HomeAssistant,
    client: TestClient[Any, Any],
    entry: MockConfigEntry,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A playbook's wallets and pool users reach no log, state or diagnostics."""
    secrets = {
        "cpu_wallet_address": "49secretCpuWallet",
        "gpu_wallet_address_1": "ban_secretGpuWallet",
        "gpu_wallet_address_2": "0xsecretSecondWallet",
    }
    argument = f"{MONERO['command_argument']} --user secretPoolUser"
    await add(hass, entry, command_argument=argument, **secrets)
    (subentry,) = entry.subentries.values()
    await edit(hass, entry, subentry.subentry_id, cpu_wallet_address="50secretNew")
    with patch(
        "custom_components.mining_rig.store.save_json",
        side_effect=OSError(errno.ENOSPC, "No space left on device"),
    ):
        await edit(hass, entry, subentry.subentry_id, cpu_wallet_address="51secretNot")
    async with client.post(
        f"{BASE}/cpu_gpu_miners/logs",
        json={"cpu_hashrate": 9, "cpu_hashrate_uom": "H/s"},
        headers={"api_code": PC_CODE},
    ):
        await hass.async_block_till_done()
    report = await async_get_config_entry_diagnostics(hass, entry)
    assert "rig_monitor" in str(report)
    for place in (report, hass.states.async_all(), entry.as_dict(), subentry):
        assert "secret" not in str(place)
    assert "secret" not in "".join(
        record.getMessage()
        for record in caplog.records
        if record.name.startswith("custom_components")
    )


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


async def test_remove_with_a_full_disk(
    hass: HomeAssistant,
    client: TestClient[Any, Any],
    entry: MockConfigEntry,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A playbook that is still on disk is still served, and still shown."""
    await add(hass, entry)
    before = await fetch(client)
    (subentry,) = entry.subentries.values()
    with patch(
        "custom_components.mining_rig.store.save_json",
        side_effect=OSError(errno.ENOSPC, "No space left on device"),
    ):
        hass.config_entries.async_remove_subentry(entry, subentry.subentry_id)
        await hass.async_block_till_done()
    assert await fetch(client) == before
    assert [s.title for s in entry.subentries.values()] == [subentry.title]
    assert "a playbook could not be removed" in caplog.text


async def test_after_a_crash_the_store_is_right(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    """A playbook without subentry gets one; a subentry without playbook goes."""
    store = RigStore(hass, entry.entry_id)
    await store.async_load()
    note, _ = playbooks.with_playbook(None, None, MONERO, "2025-04-08T13:14:14")
    await store.keep(playbooks.NOTE, note)
    others = {
        "playbook": MappingProxyType({"playbook_id": 7}),
        "somebody_elses": MappingProxyType({}),
    }
    entry.add_to_hass(hass)
    for kind, data in others.items():
        hass.config_entries.async_add_subentry(
            entry,
            ConfigSubentry(data=data, subentry_type=kind, title="Lost", unique_id=None),
        )
    await async_set_up_rigs(hass, entry)
    found = {s.subentry_type: s.data for s in entry.subentries.values()}
    assert found == {**others, "playbook": {"playbook_id": 1}}


def test_what_would_crash_an_agent_is_left_out() -> None:
    """Whatever is in the store, only sound playbooks are served."""
    sound, _ = playbooks.with_playbook(None, None, MONERO, "2025-04-08T13:14:14")
    (good,) = sound["list"]
    bad = [{**good, key: None} for key in ("id", "module", "inserted_at", "updated_at")]
    bad += [{**good, key: "today"} for key in ("inserted_at", "updated_at")]
    bad += [{}, 3, None, {**good, "cpu_coin_name": 5}, {**good, "software_name": ""}]
    assert len(playbooks.served({"list": [*bad, good]}, None, "w")) == 1
    for nothing in (None, 3, {}, {"list": 3}):
        assert playbooks.served(nothing, None, "w") == []


@pytest.mark.parametrize(
    ("name", "worker"),
    [
        ("Đào cà-phê 1", "Dao-ca-phe-1"),
        ("Straße", "Stra--e"),
        ("矿机 1", "-------1"),
        ("Rig 🔥", "Rig-----"),
        ("a_b.c", "a-b-c"),
        ("\ud800", "-"),
    ],
)
def test_worker_name(name: str, worker: str) -> None:
    """The API's own server puts a hyphen for each byte that is no letter or digit."""
    assert playbooks.worker_name(name) == worker
