"""The actions for administrators: a miner's own configuration."""

from collections.abc import AsyncIterator
import json
from pathlib import Path
from typing import Any

from homeassistant.const import EVENT_SERVICE_REGISTERED
from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import (
    HomeAssistantError,
    ServiceValidationError,
    Unauthorized,
)
from homeassistant.helpers.json import json_bytes
from homeassistant.helpers.selector import selector
from homeassistant.helpers.service import async_get_cached_service_description
from homeassistant.util.yaml.objects import NodeDictClass, NodeStrClass
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    MockUser,
    async_capture_events,
)
from pytest_homeassistant_custom_component.test_util.aiohttp import AiohttpClientMocker
import voluptuous as vol

from custom_components.mining_rig.const import CONF_ID_ROOT, CONF_KIND, DOMAIN
from custom_components.mining_rig.readings import HASHRATE
from simulator.xmrig import SimulatedXMRig

from .rigs import async_set_up, entry_for
from .scripted import ScriptedSource, async_open

FIXTURES = Path(__file__).parent / "fixtures"
TOKEN = "b6b8b4a2-e7a2-4d9b"
WALLET = (
    "48edfHu7V9Z84YzzMa6fUueoELZ9ZRXq9VetWzYGzKt52XU5xvqgzYnDK9URnRoJMk1j8nLwEVsaSWJ4f"
)


@pytest.fixture
async def rig(socket_enabled: None) -> AsyncIterator[SimulatedXMRig]:
    """Return an XMRig that takes commands."""
    async with SimulatedXMRig(
        token=TOKEN,
        restricted=False,
        pools=[{"url": "pool.example:3333", "user": WALLET, "pass": "x"}],
    ) as rig:
        yield rig


@pytest.fixture
async def entry(hass: HomeAssistant, rig: SimulatedXMRig) -> MockConfigEntry:
    """Return its loaded entry."""
    entry = entry_for(rig)
    assert await async_set_up(hass, entry)
    return entry


async def async_get_config(
    hass: HomeAssistant, entry_id: str, context: Context | None = None
) -> dict[str, Any]:
    """Ask for a rig's configuration."""
    answer = await hass.services.async_call(
        DOMAIN,
        "get_config",
        {"config_entry_id": entry_id},
        blocking=True,
        return_response=True,
        context=context,
    )
    assert isinstance(answer, dict)
    return answer


async def async_set_config(
    hass: HomeAssistant,
    entry_id: str,
    changes: Any,
    context: Context | None = None,
) -> None:
    """Change a rig's configuration."""
    await hass.services.async_call(
        DOMAIN,
        "set_config",
        {"config_entry_id": entry_id, "changes": changes},
        blocking=True,
        context=context,
    )


async def test_get_config(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """The configuration comes as it is, but for what nobody may see."""
    config = await async_get_config(hass, entry.entry_id)
    assert config["donate-level"] == 1
    assert config["pools"][0]["url"] == "pool.example:3333"
    text = json.dumps(config)
    assert TOKEN not in text
    assert WALLET not in text


async def test_set_config(
    hass: HomeAssistant, rig: SimulatedXMRig, entry: MockConfigEntry
) -> None:
    """The keys that are given change, all others stay."""
    before = await async_get_config(hass, entry.entry_id)
    await async_set_config(hass, entry.entry_id, {"print-time": 30})
    after = await async_get_config(hass, entry.entry_id)
    assert after == {**before, "print-time": 30}
    assert rig.token == TOKEN


async def test_refused_key(
    hass: HomeAssistant, rig: SimulatedXMRig, entry: MockConfigEntry
) -> None:
    """What could lock the owner out is refused, and said by name."""
    with pytest.raises(HomeAssistantError) as refused:
        await async_set_config(hass, entry.entry_id, {"http": {"access-token": "x"}})
    assert refused.value.translation_key == "config_key_refused"
    assert "http" in str(refused.value)
    assert rig.token == TOKEN


async def test_changes_from_a_file(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """What comes from a YAML file is text with a memory of its place."""
    place = NodeDictClass({"log-file": NodeStrClass("miner.log"), "print-time": 30})
    await async_set_config(hass, entry.entry_id, place)
    config = await async_get_config(hass, entry.entry_id)
    assert config["log-file"] == "miner.log"
    assert config["print-time"] == 30


@pytest.mark.parametrize(
    "changes", [{}, [], "print-time", {1: 2}, None, {"print-time": object()}]
)
async def test_changes_that_are_none(
    hass: HomeAssistant, entry: MockConfigEntry, changes: Any
) -> None:
    """Changes are keys with values, at least one."""
    with pytest.raises(vol.Invalid):
        await async_set_config(hass, entry.entry_id, changes)


async def test_rig_that_is_not_there(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    """A rig that is not set up, or not known, is said so."""
    assert await hass.config_entries.async_unload(entry.entry_id)
    with pytest.raises(ServiceValidationError) as missing:
        await async_get_config(hass, entry.entry_id)
    assert missing.value.translation_key == "service_config_entry_not_loaded"
    with pytest.raises(ServiceValidationError):
        await async_set_config(hass, "nobody", {"print-time": 30})


async def test_rig_that_is_off(
    hass: HomeAssistant, rig: SimulatedXMRig, entry: MockConfigEntry
) -> None:
    """A rig that does not answer is said so."""
    rig.fault("off")
    with pytest.raises(HomeAssistantError) as failed:
        await async_get_config(hass, entry.entry_id)
    assert failed.value.translation_key == "unreachable"
    assert TOKEN not in str(failed.value)


async def test_only_for_administrators(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    hass_admin_user: MockUser,
    hass_read_only_user: MockUser,
) -> None:
    """Others may neither read nor change a configuration."""
    guest = Context(user_id=hass_read_only_user.id)
    with pytest.raises(Unauthorized):
        await async_get_config(hass, entry.entry_id, guest)
    with pytest.raises(Unauthorized):
        await async_set_config(hass, entry.entry_id, {"print-time": 30}, guest)
    owner = Context(user_id=hass_admin_user.id)
    assert await async_get_config(hass, entry.entry_id, owner)


def fields(hass: HomeAssistant, action: str) -> dict[str, Any]:
    """Return the fields of an action as its dialog shows them."""
    described = async_get_cached_service_description(hass, DOMAIN, action)
    assert described is not None
    found: dict[str, Any] = described["fields"]
    return found


def offered(hass: HomeAssistant, action: str) -> set[str]:
    """Return the titles of the rigs that an action offers."""
    selector = fields(hass, action)["config_entry_id"]["selector"]
    return {option["label"] for option in selector["select"]["options"]}


async def test_rigs_that_are_offered(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    """Those that can answer an action, as long as they are loaded."""
    for action in ("get_config", "set_config", "wait_for_order"):
        assert offered(hass, action) == {entry.title}
    assert offered(hass, "get_payments") == set()
    other = MockConfigEntry(
        domain=DOMAIN,
        title="Cellar",
        data={**entry.data, CONF_ID_ROOT: "d4e5f6", "port": 1},
    )
    await async_open(hass, other, ScriptedSource({HASHRATE.plain: 1.0}))
    assert offered(hass, "get_config") == {entry.title}
    assert offered(hass, "wait_for_order") == {entry.title, "Cellar"}
    assert await hass.config_entries.async_unload(entry.entry_id)
    assert offered(hass, "get_config") == set()
    assert "changes" in fields(hass, "set_config")


async def test_wait_is_offered_for_rigs_that_can_be_ordered(
    hass: HomeAssistant, aioclient_mock: AiohttpClientMocker
) -> None:
    """One that only reports is not offered before something else starts and stops it."""
    summary = FIXTURES / "lolminer" / "summary_1.98_dual.json"
    aioclient_mock.get("http://rig.local:8020/summary", text=summary.read_text())
    reports = MockConfigEntry(
        domain=DOMAIN,
        title="Attic",
        data={CONF_KIND: "lolminer", CONF_ID_ROOT: "e5f6", "host": "rig.local"}
        | {"port": 8020},
    )
    assert await async_set_up(hass, reports)
    assert offered(hass, "wait_for_order") == set()
    hass.config_entries.async_update_entry(
        reports, options={"start_stop": {"started_by": "switch.plug"}}
    )
    assert await hass.config_entries.async_reload(reports.entry_id)
    assert offered(hass, "wait_for_order") == {"Attic"}


async def test_open_pages_are_told(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """An open page reads again what is offered; it is not told without a change."""
    told = async_capture_events(hass, EVENT_SERVICE_REGISTERED)
    hass.config_entries.async_update_entry(entry, title="Attic")
    await hass.async_block_till_done()
    assert {event.data["service"] for event in told} >= {"get_config", "set_config"}
    chosen = fields(hass, "get_config")["config_entry_id"]["selector"]
    assert selector(chosen)(entry.entry_id) == entry.entry_id
    assert chosen["select"]["options"] == [{"value": entry.entry_id, "label": "Attic"}]
    assert json_bytes(fields(hass, "set_config"))
    told.clear()
    other = MockConfigEntry(domain="other")
    other.add_to_hass(hass)
    hass.config_entries.async_update_entry(other, title="Other")
    hass.config_entries.async_update_entry(entry, pref_disable_polling=True)
    await hass.async_block_till_done()
    assert told == []
