"""An xmrig-proxy in Home Assistant: adding it, its workers, its settings."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
import json
from pathlib import Path
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import (
    ATTR_ENTITY_ID,
    STATE_OFF,
    STATE_ON,
    STATE_UNAVAILABLE,
    STATE_UNKNOWN,
    Platform,
)
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import device_registry as dr, entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import snapshot_platform
from syrupy.assertion import SnapshotAssertion

from custom_components.mining_rig.const import DOMAIN
from custom_components.mining_rig.diagnostics import async_get_config_entry_diagnostics
from custom_components.mining_rig.sources.xmrig.proxy.readings import LAST_SHARE
from simulator.rig import SimulatedRig
from simulator.xmrig import SimulatedXMRig
from simulator.xmrig_proxy import Client, SimulatedXmrigProxy

from .rigs import (
    ID_ROOT,
    async_choose_kind,
    async_pass,
    async_pass_polls,
    async_set_up,
    entity_id,
    entry_for,
    state,
)

pytestmark = pytest.mark.usefixtures("socket_enabled")

FIXTURES = Path(__file__).parent / "fixtures" / "xmrig_proxy"
PLATFORMS = (
    Platform.BINARY_SENSOR,
    Platform.NUMBER,
    Platform.SENSOR,
    Platform.SWITCH,
)


def recorded(name: str) -> Any:
    """Return a recorded answer."""
    return json.loads((FIXTURES / name).read_text())


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch, freezer: FrozenDateTimeFactory) -> None:
    """Let it always be noon, and look at commands without waiting in between."""
    freezer.move_to("2026-11-01 12:00:00+00:00")
    component = "custom_components.mining_rig"
    monkeypatch.setattr(f"{component}.coordinator.commands.CONFIRM_PAUSES", (0.0,) * 8)
    monkeypatch.setattr(f"{component}.sources.xmrig.editor.PUT_GAP", 0.0)


@pytest.fixture
async def proxy(freezer: FrozenDateTimeFactory) -> AsyncIterator[SimulatedXmrigProxy]:
    """Return a proxy that answers what a real one did, and takes commands."""
    async with SimulatedXmrigProxy(
        token="secret", restricted=False, watch_delay=0
    ) as proxy:
        proxy.answers["/1/summary"] = {
            **recorded("fixture_summary_6.26.0_partial.json"),
            "id": proxy.identity,
            "kind": "proxy",
            "mode": "nicehash",
            "worker_id": "hall",
            "restricted": False,
        }
        proxy.answers["/1/workers"] = recorded("fixture_workers_6.26.0.json")
        yield proxy


# ---- adding


async def async_answer(
    hass: HomeAssistant, kind: str, rig: SimulatedRig
) -> dict[str, Any]:
    """Choose a kind and fill its form in; return what comes then."""
    flow = hass.config_entries.flow
    form = await async_choose_kind(hass, kind)
    assert form["step_id"] == kind
    return dict(await flow.async_configure(form["flow_id"], dict(rig.form)))


async def test_add(hass: HomeAssistant, proxy: SimulatedXmrigProxy) -> None:
    """Its form is that of an XMRig."""
    step = await async_answer(hass, "xmrig_proxy", proxy)
    assert step["step_id"] == "name"
    assert step["description_placeholders"] == {"model": "xmrig-proxy (6.26.0)"}
    done = await hass.config_entries.flow.async_configure(
        step["flow_id"], {"name": "Hall"}
    )
    assert done["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done()
    [entry] = hass.config_entries.async_entries(DOMAIN)
    assert entry.state is ConfigEntryState.LOADED
    assert entry.unique_id == f"xmrig_proxy_{proxy.identity}"


async def test_the_wrong_kind(hass: HomeAssistant, proxy: SimulatedXmrigProxy) -> None:
    """Somebody who chose the other one is told which one it is."""
    step = await async_answer(hass, "xmrig", proxy)
    assert step["errors"] == {"host": "other_kind"}
    async with SimulatedXMRig(token="secret") as miner:
        step = await async_answer(hass, "xmrig_proxy", miner)
        assert step["errors"] == {"host": "other_kind"}


# ---- entities


@pytest.mark.usefixtures("entity_registry_enabled_by_default")
@pytest.mark.parametrize("platform", PLATFORMS)
async def test_entities(
    hass: HomeAssistant,
    proxy: SimulatedXmrigProxy,
    snapshot: SnapshotAssertion,
    platform: Platform,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Every entity with its state, unit, class, category and name."""
    monkeypatch.setattr("custom_components.mining_rig.PLATFORMS", (platform,))
    entry = entry_for(proxy)
    await async_set_up(hass, entry)
    await snapshot_platform(hass, er.async_get(hass), snapshot, entry.entry_id)


async def test_nothing_to_switch(
    hass: HomeAssistant, proxy: SimulatedXmrigProxy
) -> None:
    """A proxy cannot pause, so there is no mining switch; a table is not pressed."""
    await async_set_up(hass, entry_for(proxy))
    registry = er.async_get(hass)
    for platform in (Platform.SWITCH, Platform.BINARY_SENSOR):
        unique_id = f"{ID_ROOT}_rig_mining_allowed"
        assert registry.async_get_entity_id(platform, DOMAIN, unique_id) is None
    assert not [e for e in registry.entities.values() if e.domain == Platform.BUTTON]


async def test_devices(hass: HomeAssistant, proxy: SimulatedXmrigProxy) -> None:
    """Each worker is a device of its own, linked to the proxy."""
    entry = entry_for(proxy)
    await async_set_up(hass, entry)
    registry = dr.async_get(hass)
    rig = registry.async_get_device_by_identifier((DOMAIN, ID_ROOT), entry.entry_id)
    assert rig is not None
    assert (rig.model, rig.sw_version) == ("xmrig-proxy", "xmrig-proxy 6.26.0")
    workers = [
        device
        for device in dr.async_entries_for_config_entry(registry, entry.entry_id)
        if device.id != rig.id
    ]
    assert {worker.via_device_id for worker in workers} == {rig.id}
    names = {worker.name for worker in workers}
    assert names == {"Office PC rig-alpha", "Office PC rig-beta"}
    alpha, beta = "worker_rig-alpha", "worker_rig-beta"
    assert state(hass, "sensor", "hashrate", alpha).state == "220.0"
    assert state(hass, "binary_sensor", "connected", alpha).state == STATE_ON
    assert state(hass, "binary_sensor", "connected", beta).state == STATE_OFF
    counted = entity_id(hass, "sensor", "accepted_shares", beta)
    found = er.async_get(hass).async_get(counted)
    assert found is not None
    assert found.disabled_by is er.RegistryEntryDisabler.INTEGRATION
    last = entry.runtime_data.data.parts[alpha].values[LAST_SHARE.plain]
    assert last == datetime(2026, 9, 21, 14, 13, 20, tzinfo=UTC)


async def test_the_pool_is_away(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, proxy: SimulatedXmrigProxy
) -> None:
    """That is a problem, and over when the pool is back."""
    proxy.answers.clear()
    await async_set_up(hass, entry_for(proxy))
    problem = "xmrig_proxy_pool_unreachable"
    assert state(hass, "binary_sensor", problem).state == STATE_OFF
    proxy.fault("no_pool")
    await async_pass_polls(hass, freezer, 1)
    assert state(hass, "binary_sensor", problem).state == STATE_ON
    assert state(hass, "binary_sensor", "mining").state == STATE_OFF
    proxy.fault("normal")
    await async_pass_polls(hass, freezer, 1)
    assert state(hass, "binary_sensor", problem).state == STATE_OFF


async def test_a_restart_costs_no_device(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, proxy: SimulatedXmrigProxy
) -> None:
    """A worker that is not back yet is unavailable, and then there again."""
    proxy.answers.clear()
    entry = entry_for(proxy)
    await async_set_up(hass, entry)
    hashrate = entity_id(hass, "sensor", "hashrate", "worker_rig-002")
    miner = proxy.clients[1]
    proxy.disconnect(miner)
    proxy.restart()
    await async_pass_polls(hass, freezer, 1)
    found = hass.states.get(hashrate)
    assert found is not None
    assert found.state == STATE_UNAVAILABLE
    assert state(hass, "sensor", "xmrig_proxy_workers").state == "2"
    proxy.connect(miner)
    await async_pass_polls(hass, freezer, 6)
    found = hass.states.get(hashrate)
    assert found is not None
    assert float(found.state) > 0
    devices = dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id)
    assert len(devices) == 4


async def test_the_first_seconds_are_unknown(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, proxy: SimulatedXmrigProxy
) -> None:
    """A proxy that has just started has not counted yet."""
    proxy.answers.clear()
    await async_set_up(hass, entry_for(proxy))
    proxy.fault("off")
    await async_pass_polls(hass, freezer, 5)
    proxy.fault("on")
    await async_pass(hass, freezer, 3)
    await hass.config_entries.async_entries(DOMAIN)[0].runtime_data.async_refresh()
    await hass.async_block_till_done()
    assert state(hass, "sensor", "xmrig_proxy_miners").state == STATE_UNKNOWN
    await async_pass_polls(hass, freezer, 2)
    assert state(hass, "sensor", "xmrig_proxy_miners").state == "3"


# ---- secrets


@pytest.mark.parametrize("mode", ["password", "user", "rig_id"])
async def test_secret_names_are_nowhere(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    caplog: pytest.LogCaptureFixture,
    hass_config_dir: str,
    mode: str,
) -> None:
    """Neither in states nor in registries, files, logs and diagnostics."""
    caplog.set_level("DEBUG")
    wallet = "48edfHu7V9Z84YzzMa6fUueoELZ9ZRXq9VetWzYGzKt52XU5xvqgzYnDK9URnRoJMk1j8nLwE"
    clients = [
        Client(
            rig_id=None if mode == "rig_id" else "rig-one",
            rate=900,
            user=wallet,
            password="correct-horse",
            ip="192.0.2.77",
        )
    ]
    async with SimulatedXmrigProxy(
        token="s3cret-t0ken", clients=clients, config={"workers": mode}
    ) as proxy:
        entry = entry_for(proxy)
        await async_set_up(hass, entry)
        await async_pass_polls(hass, freezer, 4)
        diagnostics = await async_get_config_entry_diagnostics(hass, entry)
        devices = dr.async_get(hass).devices
        entities = er.async_get(hass).entities
        assert len(devices) == 2
        assert {request.path for request in proxy.requests} == {
            "/1/summary",
            "/1/workers",
        }
    assert await hass.config_entries.async_unload(entry.entry_id)
    stored = [
        path.read_text() for path in Path(hass_config_dir).rglob("*") if path.is_file()
    ]
    assert any("hidden_" in text for text in stored)
    everything = {
        "states": repr(hass.states.async_all()),
        "devices": repr(devices),
        "entities": repr(entities),
        "diagnostics": repr(diagnostics),
        "files": repr(stored),
        "log": caplog.text,
    }
    for place, text in everything.items():
        for secret in (wallet, "correct-horse", "s3cret-t0ken"):
            assert secret not in text, place
    assert "192.0.2.77" not in everything["diagnostics"]


# ---- settings


async def test_settings(hass: HomeAssistant, proxy: SimulatedXmrigProxy) -> None:
    """They are written into the configuration and confirmed by it."""
    del proxy.answers["/1/summary"]
    registry = er.async_get(hass)
    entry = entry_for(proxy)
    await async_set_up(hass, entry)
    number = entity_id(hass, "number", "xmrig_proxy_custom_difficulty")
    switch = entity_id(hass, "switch", "xmrig_proxy_verbose")
    for entity in (number, switch):
        registry.async_update_entity(entity, disabled_by=None)
    assert await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()

    async def order(action: str, entity: str, **data: Any) -> None:
        domain, _, service = action.partition(".")
        await hass.services.async_call(
            domain, service, {ATTR_ENTITY_ID: entity, **data}, blocking=True
        )

    await order("number.set_value", number, value=25000)
    await order("switch.turn_on", switch)
    assert proxy.config["custom-diff"] == 25000
    assert proxy.config["verbose"] is True
    shown = hass.states.get(number)
    assert shown is not None
    assert float(shown.state) == 25000
    with pytest.raises(HomeAssistantError) as refused:
        await order("number.set_value", number, value=50)
    assert refused.value.translation_key == "xmrig_proxy_difficulty"
    assert proxy.config["custom-diff"] == 25000
