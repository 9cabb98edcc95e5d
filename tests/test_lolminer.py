"""A lolMiner in Home Assistant: adding it, its entities, its absence."""

from http import HTTPStatus
import json
from pathlib import Path
from typing import Any

from aiohttp import ClientConnectionError
from freezegun.api import FrozenDateTimeFactory
from homeassistant.const import STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import device_registry as dr, entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    snapshot_platform,
)
from pytest_homeassistant_custom_component.test_util.aiohttp import AiohttpClientMocker
from syrupy.assertion import SnapshotAssertion

from custom_components.mining_rig.const import CONF_ID_ROOT, CONF_KIND, DOMAIN
from custom_components.mining_rig.diagnostics import async_get_config_entry_diagnostics

from .pages import PAGES
from .rigs import (
    ID_ROOT,
    async_choose_kind,
    async_pass_polls,
    async_set_up,
    is_of_protection,
    state,
)

FIXTURES = Path(__file__).parent / "fixtures" / "lolminer"
DUAL = (FIXTURES / "summary_1.98_dual.json").read_text()
URL = "http://rig.local:8020/summary"
FORM = {"host": "rig.local", "port": 8020}


@pytest.fixture(autouse=True)
def _noon(freezer: FrozenDateTimeFactory) -> None:
    """Let it always be the same moment."""
    freezer.move_to("2026-11-01 12:00:00+00:00")


@pytest.fixture
def entry() -> MockConfigEntry:
    """Return the entry that the config flow makes."""
    return MockConfigEntry(
        domain=DOMAIN,
        title="Garage",
        data={CONF_KIND: "lolminer", CONF_ID_ROOT: ID_ROOT, **FORM},
    )


async def test_added(hass: HomeAssistant, aioclient_mock: AiohttpClientMocker) -> None:
    """Host and port are all that it takes."""
    aioclient_mock.get(URL, text=DUAL)
    step = await async_choose_kind(hass, "lolminer")
    step = await hass.config_entries.flow.async_configure(step["flow_id"], FORM)
    while step["type"] is FlowResultType.FORM:
        assert not step["errors"]
        step = await hass.config_entries.flow.async_configure(
            step["flow_id"], {"name": "Garage"}
        )
    assert step["type"] is FlowResultType.CREATE_ENTRY
    assert step["data"][CONF_KIND] == "lolminer"


@pytest.mark.usefixtures("entity_registry_enabled_by_default")
async def test_entities(
    hass: HomeAssistant,
    aioclient_mock: AiohttpClientMocker,
    entry: MockConfigEntry,
    snapshot: SnapshotAssertion,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Every sensor with its state, unit, class, category and name."""
    monkeypatch.setattr("custom_components.mining_rig.PLATFORMS", ("sensor",))
    aioclient_mock.get(URL, text=DUAL)
    await async_set_up(hass, entry)
    await snapshot_platform(hass, er.async_get(hass), snapshot, entry.entry_id)


async def test_no_controls_and_documented(
    hass: HomeAssistant, aioclient_mock: AiohttpClientMocker, entry: MockConfigEntry
) -> None:
    """There is nothing to press or set, and a page names what is special."""
    aioclient_mock.get(URL, text=DUAL)
    await async_set_up(hass, entry)
    entities = er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)
    domains = {entity.domain for entity in entities if not is_of_protection(entity)}
    assert domains == {"sensor", "binary_sensor"}
    text = "".join(
        PAGES[Path(f"docs/{name}.md")].text for name in ("entities", "miner_programs")
    )
    names = {str(entity.original_name) for entity in entities}
    assert not {name for name in names if name not in text}
    registry = dr.async_get(hass)
    children = dr.async_child_entries_for_config_entry(registry, entry.entry_id)
    assert len(children) == 2


async def test_off_and_back(
    hass: HomeAssistant,
    aioclient_mock: AiohttpClientMocker,
    entry: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
) -> None:
    """A rig that is off is unavailable, and back with the first answer."""
    aioclient_mock.get(URL, text=DUAL)
    await async_set_up(hass, entry)
    assert state(hass, "sensor", "power").state == "249.4"
    aioclient_mock.clear_requests()
    aioclient_mock.get(URL, exc=ClientConnectionError())
    await async_pass_polls(hass, freezer, 5)
    assert state(hass, "sensor", "power").state == STATE_UNAVAILABLE
    aioclient_mock.clear_requests()
    aioclient_mock.get(URL, text=DUAL)
    await async_pass_polls(hass, freezer, 7)
    assert state(hass, "sensor", "power").state == "249.4"


async def test_diagnostics_have_no_wallet(
    hass: HomeAssistant, aioclient_mock: AiohttpClientMocker, entry: MockConfigEntry
) -> None:
    """Nor anything else of the account."""
    answer: Any = json.loads(DUAL)
    answer["Algorithms"][0] |= {"User": "0xSecretWallet", "Worker": "SecretWorker"}
    aioclient_mock.get(URL, status=HTTPStatus.OK, json=answer)
    await async_set_up(hass, entry)
    shown = json.dumps(
        await async_get_config_entry_diagnostics(hass, entry), default=str
    )
    shown += "".join(map(str, hass.states.async_all()))
    assert "Secret" not in shown
