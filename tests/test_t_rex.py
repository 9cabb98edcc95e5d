"""A T-Rex in Home Assistant: adding it, its entities, its controls, its updates."""

from collections.abc import AsyncIterator
import json
from pathlib import Path
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.components.update.const import (
    ATTR_IN_PROGRESS,
    ATTR_UPDATE_PERCENTAGE,
)
from homeassistant.config_entries import SOURCE_REAUTH, ConfigEntryState
from homeassistant.const import (
    ATTR_ENTITY_ID,
    ATTR_UNIT_OF_MEASUREMENT,
    STATE_OFF,
    STATE_ON,
    STATE_UNAVAILABLE,
    STATE_UNKNOWN,
    Platform,
)
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import (
    device_registry as dr,
    entity_registry as er,
    issue_registry as ir,
)
import pytest
from pytest_homeassistant_custom_component.common import snapshot_platform
from syrupy.assertion import SnapshotAssertion

from custom_components.mining_rig import PLATFORMS
from custom_components.mining_rig.const import DOMAIN
from custom_components.mining_rig.diagnostics import async_get_config_entry_diagnostics
from custom_components.mining_rig.sources.common import detection
from simulator.hardware import Card
from simulator.models import GTX_1660_SUPER, RTX_3070, RTX_3080
from simulator.server import Request
from simulator.t_rex import SimulatedTRex

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
from .texts import texts

pytestmark = pytest.mark.usefixtures("socket_enabled")

FIXTURES = Path(__file__).parent / "fixtures" / "t_rex"
PASSWORD = "Attic-3456"
EIGHT = [
    *[Card(model=RTX_3080)] * 3,
    *[Card(model=RTX_3070)] * 3,
    *[Card(model=GTX_1660_SUPER)] * 2,
]


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch, freezer: FrozenDateTimeFactory) -> None:
    """Let it always be noon, and look at commands without waiting in between."""
    freezer.move_to("2026-11-01 12:00:00+00:00")
    component = "custom_components.mining_rig"
    monkeypatch.setattr(f"{component}.coordinator.commands.CONFIRM_PAUSES", (0.0,) * 8)
    monkeypatch.setattr(f"{component}.sources.t_rex._CARD_PAUSES", (0.0,) * 4)
    monkeypatch.setattr(f"{component}.sources.t_rex._CONFIG_PAUSES", (0.0,) * 4)


@pytest.fixture
async def rig(freezer: FrozenDateTimeFactory) -> AsyncIterator[SimulatedTRex]:
    """Return a rig with eight cards that can be controlled."""
    async with SimulatedTRex(
        "Attic", password=PASSWORD, cards=EIGHT, update="0.27.0"
    ) as rig:
        yield rig


async def call(
    hass: HomeAssistant,
    service: str,
    channel: str,
    part: str = "rig",
    platform: str | None = None,
    **data: Any,
) -> None:
    """Call an action for an entity."""
    domain, _, action = service.partition(".")
    target = entity_id(hass, platform or domain, channel, part)
    await hass.services.async_call(
        domain, action, {ATTR_ENTITY_ID: target, **data}, blocking=True
    )


def message(error: HomeAssistantError) -> str:
    """Return what the person reads."""
    text = texts()[f"exceptions.{error.translation_key}.message"]
    return text.format(**error.translation_placeholders or {})


# ---- adding


async def test_add(hass: HomeAssistant, rig: SimulatedTRex) -> None:
    """The password is asked for, the key is not; nothing works without it."""
    flow = hass.config_entries.flow
    menu = form = await async_choose_kind(hass, "t_rex")
    assert form["step_id"] == "t_rex"
    shown = form["description_placeholders"]
    assert shown is not None
    assert shown["label"] == "T-Rex"
    answers: dict[str, Any] = {"host": rig.url}
    for wrong in ({}, {"password": "0123abcd"}):
        form = await flow.async_configure(menu["flow_id"], {**answers, **wrong})
        assert form["errors"] == {"password": "invalid_auth"}
    step = await flow.async_configure(
        menu["flow_id"], {**answers, "password": PASSWORD}
    )
    assert step["step_id"] == "name"
    assert step["description_placeholders"] == {
        "model": "T-Rex NVIDIA GPU miner (0.26.8)"
    }
    # Trying leaves no session behind.
    assert rig.sessions == 0
    done = await flow.async_configure(menu["flow_id"], {"name": "Attic"})
    assert done["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done()
    (entry,) = hass.config_entries.async_entries(DOMAIN)
    assert entry.state is ConfigEntryState.LOADED
    assert (entry.data["port"], entry.unique_id) == (rig.port, None)
    assert rig.sessions == 1
    assert await hass.config_entries.async_unload(entry.entry_id)
    assert rig.sessions == 0


async def test_something_else_at_the_port(
    hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The dialog says so."""
    # A time limit never ends while time stands still.
    monkeypatch.setattr(detection, "_lines", lambda _: [])
    async with SimulatedTRex() as rig:
        for fault, error in (
            ("other_device", "wrong_device"),
            ("off", "cannot_connect"),
        ):
            rig.fault(fault)
            flow = hass.config_entries.flow
            menu = await async_choose_kind(hass, "t_rex")
            form = await flow.async_configure(
                menu["flow_id"], {"host": rig.host, "port": rig.port}
            )
            assert form["errors"] == {"host": error}


async def test_a_new_password(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, rig: SimulatedTRex
) -> None:
    """Home Assistant asks for it, and the rig is back."""
    entry = entry_for(rig, password="Old-1234")
    assert not await async_set_up(hass, entry)
    (flow,) = entry.async_get_active_flows(hass, {SOURCE_REAUTH})
    form = await hass.config_entries.flow.async_configure(flow["flow_id"])
    assert form["step_id"] == "reauth_confirm"
    assert [str(key) for key in form["data_schema"].schema] == ["password"]
    done = await hass.config_entries.flow.async_configure(
        flow["flow_id"], {"password": PASSWORD}
    )
    assert done["reason"] == "reauth_successful"
    await hass.async_block_till_done()
    assert entry.state is ConfigEntryState.LOADED
    assert state(hass, "switch", "mining_allowed").state == STATE_ON


# ---- what it looks like


MISSING = (Platform.EVENT, Platform.SELECT, Platform.TEXT)
"""Platforms for which T-Rex has nothing."""


@pytest.mark.usefixtures("entity_registry_enabled_by_default")
@pytest.mark.parametrize("platform", [p for p in PLATFORMS if p not in MISSING])
async def test_entities(
    hass: HomeAssistant,
    snapshot: SnapshotAssertion,
    platform: Platform,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Every entity of a recorded card in a rig that mines two coins."""
    card = json.loads(
        (FIXTURES / "gpu_entry_api4.1_rtx3080_memory_temperature.json").read_text()
    )
    summary = json.loads(
        (FIXTURES / "summary_api4.1_v0.24.6_starting.json").read_text()
    )
    update = json.loads((FIXTURES / "updates_block_from_wiki.json").read_text())
    async with SimulatedTRex(
        version="0.24.6", algorithms=("autolykos2", "blake3")
    ) as rig:
        answer = rig._answer(Request("GET", "/summary", {}, b""))
        assert answer is not None
        dual = json.loads(answer.body)["dual_stat"]
        rig.answers["/summary"] = {
            **summary,
            **update,
            "uptime": 90_000,
            "hashrate": card["hashrate"],
            "gpus": [card],
            "watchdog_stat": {"total_restarts": 2, "uptime": 90_100},
            "dual_stat": {**dual, "gpus": dual["gpus"][:1]},
        }
        monkeypatch.setattr("custom_components.mining_rig.PLATFORMS", (platform,))
        entry = entry_for(rig)
        await async_set_up(hass, entry)
        await snapshot_platform(hass, er.async_get(hass), snapshot, entry.entry_id)


async def test_eight_cards(hass: HomeAssistant, rig: SimulatedTRex) -> None:
    """Each is a device inside of the rig; totals and energy are the rig's."""
    entry = entry_for(rig)
    await async_set_up(hass, entry)
    registry = dr.async_get(hass)
    device = registry.async_get_device_by_identifier((DOMAIN, ID_ROOT), entry.entry_id)
    assert device is not None
    assert device.sw_version == "T-Rex 0.26.8"
    assert device.configuration_url == f"{rig.url}/trex"
    children = dr.async_child_entries_for_config_entry(registry, entry.entry_id)
    names = sorted(str(child.name) for child in children)
    assert names[:2] == ["GPU 1 EVGA RTX 3080", "GPU 2 MSI RTX 3080"]
    assert len(names) == 8
    entities = er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)
    assert len([entity for entity in entities if not entity.disabled]) >= 60

    total = state(hass, "sensor", "hashrate")
    assert total.attributes[ATTR_UNIT_OF_MEASUREMENT] == "MH/s"
    cards = [float(state(hass, "sensor", "hashrate", uuid).state) for uuid in rig.uuids]
    assert float(total.state) == pytest.approx(sum(cards), rel=1e-3)
    watts = [float(state(hass, "sensor", "power", uuid).state) for uuid in rig.uuids]
    assert float(state(hass, "sensor", "power").state) == sum(watts)
    assert state(hass, "sensor", "energy").state != STATE_UNKNOWN
    assert float(state(hass, "sensor", "efficiency").state) > 0
    hottest = float(state(hass, "sensor", "hottest").state)
    memory = state(hass, "sensor", "memory_temperature", rig.uuids[0])
    assert float(state(hass, "sensor", "hottest_memory").state) >= float(memory.state)
    assert hottest < float(memory.state)


async def test_health_that_vanishes(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, rig: SimulatedTRex
) -> None:
    """Unknown is not 0, and energy is not counted from nothing."""
    await async_set_up(hass, entry_for(rig))
    await async_pass_polls(hass, freezer, 2)
    energy = state(hass, "sensor", "energy").state
    rig.nvml = False
    await async_pass_polls(hass, freezer, 2)
    assert state(hass, "sensor", "temperature", rig.uuids[0]).state == STATE_UNKNOWN
    assert state(hass, "sensor", "power").state == STATE_UNKNOWN
    assert state(hass, "sensor", "energy").state == energy
    assert float(state(hass, "sensor", "hashrate").state) > 0


async def test_a_restart_by_the_watchdog(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, rig: SimulatedTRex
) -> None:
    """The rig is back with the next poll, and its restart is counted."""
    await async_set_up(hass, entry_for(rig))
    assert state(hass, "sensor", "t_rex_watchdog_restarts").state == "0"
    before = state(hass, "sensor", "started").state
    rig.crash()
    rig.wait_for_watchdog()
    await async_pass(hass, freezer, 60)
    await async_pass_polls(hass, freezer, 1)
    assert state(hass, "sensor", "t_rex_watchdog_restarts").state == "1"
    assert state(hass, "sensor", "started").state > before
    assert rig.sessions == 1


async def test_a_card_that_is_gone(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, rig: SimulatedTRex
) -> None:
    """Its entities are unavailable; the others stay what they are."""
    await async_set_up(hass, entry_for(rig))
    gone = rig.process.cards.pop(0)
    await async_pass_polls(hass, freezer, 1)
    assert state(hass, "sensor", "hashrate", gone.uuid).state == STATE_UNAVAILABLE
    second = state(hass, "sensor", "hashrate", rig.uuids[0])
    assert "GPU 2 MSI RTX 3080" in second.name


async def test_secrets_in_diagnostics(hass: HomeAssistant, rig: SimulatedTRex) -> None:
    """There are none."""
    entry = entry_for(rig)
    await async_set_up(hass, entry)
    found = json.dumps(await async_get_config_entry_diagnostics(hass, entry))
    assert PASSWORD not in found
    assert "DemoWallet" not in found
    assert not [sid for sid in rig._sessions if sid in found]


# ---- controls


async def test_mining(hass: HomeAssistant, rig: SimulatedTRex) -> None:
    """The rig rests and mines again, and so does each card."""
    await async_set_up(hass, entry_for(rig))
    await call(hass, "switch.turn_off", "mining_allowed")
    assert all(rig.paused)
    assert state(hass, "switch", "mining_allowed").state == STATE_OFF
    card = state(hass, "switch", "mining_allowed", rig.uuids[3])
    assert card.state == STATE_OFF
    assert state(hass, "binary_sensor", "mining").state == STATE_OFF
    await call(hass, "switch.turn_on", "mining_allowed", rig.uuids[3])
    assert rig.paused == [n != 3 for n in range(8)]
    assert state(hass, "switch", "mining_allowed").state == STATE_ON
    await call(hass, "switch.turn_on", "mining_allowed")
    assert not any(rig.paused)


async def test_another_card_follows(hass: HomeAssistant) -> None:
    """It is told, and undone."""
    async with SimulatedTRex(password=PASSWORD, numbering=(1, 0)) as rig:
        await async_set_up(hass, entry_for(rig))
        with pytest.raises(HomeAssistantError) as caught:
            await call(hass, "switch.turn_off", "mining_allowed", rig.uuids[0])
        assert "a different card" in message(caught.value)
        assert rig.paused == [False, False]
        assert state(hass, "switch", "mining_allowed", rig.uuids[0]).state == STATE_ON
        assert state(hass, "switch", "mining_allowed", rig.uuids[1]).state == STATE_ON


async def test_no_confirmation(hass: HomeAssistant, rig: SimulatedTRex) -> None:
    """An answer proves nothing."""
    await async_set_up(hass, entry_for(rig))
    rig.takes_effect = False
    for service, channel, part, data in (
        ("switch.turn_off", "mining_allowed", "rig", {}),
        ("switch.turn_off", "mining_allowed", rig.uuids[0], {}),
        ("number.set_value", "t_rex_temperature_limit", "rig", {"value": 70}),
    ):
        with pytest.raises(HomeAssistantError) as caught:
            await call(hass, service, channel, part, **data)
        assert caught.value.translation_key == "not_confirmed"
    assert state(hass, "switch", "mining_allowed").state == STATE_ON


async def test_a_wrong_password_meanwhile(
    hass: HomeAssistant, rig: SimulatedTRex
) -> None:
    """The owner is asked for the new one."""
    entry = entry_for(rig)
    await async_set_up(hass, entry)
    rig.fault("wrong_token")
    with pytest.raises(HomeAssistantError) as caught:
        await call(hass, "switch.turn_off", "mining_allowed")
    await hass.async_block_till_done()
    assert caught.value.translation_key == "refused"
    assert PASSWORD not in str(caught.value)
    assert len([*entry.async_get_active_flows(hass, {SOURCE_REAUTH})]) == 1
    rig.fault("normal")


async def test_a_rig_that_can_only_be_read(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    """Whoever tries to switch it is told how to start T-Rex; so is who wants to."""
    async with SimulatedTRex() as rig:
        await async_set_up(hass, entry_for(rig, options={"warn_if_read_only": True}))
        with pytest.raises(HomeAssistantError) as caught:
            await call(hass, "switch.turn_off", "mining_allowed")
        assert "--api-key" in message(caught.value)
        assert "--api-generate-key" in message(caught.value)
        (issue,) = ir.async_get(hass).issues.values()
        assert issue.translation_key == "t_rex_readonly"
        assert f"issues.{issue.translation_key}.description" in texts()
        assert not any(rig.paused)


async def test_numbers(hass: HomeAssistant, rig: SimulatedTRex) -> None:
    """The miner's own protection can be set, but not switched off."""
    await async_set_up(hass, entry_for(rig))
    limit = state(hass, "number", "t_rex_temperature_limit")
    assert limit.state == STATE_UNKNOWN
    assert (limit.attributes["min"], limit.attributes["max"]) == (40, 100)
    await call(hass, "number.set_value", "t_rex_temperature_limit", value=75)
    assert rig.options["temperature-limit"] == 75
    assert float(state(hass, "number", "t_rex_temperature_limit").state) == 75
    with pytest.raises(ServiceValidationError):
        await call(hass, "number.set_value", "t_rex_temperature_limit", value=0)
    await call(hass, "number.set_value", "t_rex_hashrate_window", value=120)
    assert rig.options["hashrate-avr"] == 120


async def test_what_is_disabled_at_first(
    hass: HomeAssistant, rig: SimulatedTRex
) -> None:
    """What ends the miner, and what only its console shows."""
    await async_set_up(hass, entry_for(rig))
    registry = er.async_get(hass)
    for platform, channel in (
        ("button", "stop"),
        ("number", "t_rex_time_limit"),
        ("switch", "t_rex_protocol_dump"),
        ("switch", "t_rex_no_color"),
    ):
        found = registry.async_get(entity_id(hass, platform, channel))
        assert found is not None
        assert found.disabled_by is er.RegistryEntryDisabler.INTEGRATION


@pytest.mark.usefixtures("entity_registry_enabled_by_default")
async def test_switches_and_shutdown(hass: HomeAssistant, rig: SimulatedTRex) -> None:
    """They do what they say."""
    await async_set_up(hass, entry_for(rig))
    await call(hass, "switch.turn_on", "t_rex_protocol_dump")
    assert rig.options["protocol-dump"] is True
    await call(hass, "switch.turn_on", "t_rex_no_color")
    await call(hass, "switch.turn_off", "t_rex_no_color")
    assert rig.options["no-color"] is False
    await call(hass, "button.press", "stop")
    assert rig.ended


# ---- updates


async def test_update(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, rig: SimulatedTRex
) -> None:
    """It is offered, shows its progress, can be stopped, and then is there."""
    await async_set_up(hass, entry_for(rig))
    shown = state(hass, "update", "software")
    assert shown.state == STATE_ON
    assert shown.attributes["installed_version"] == "0.26.8"
    assert shown.attributes["latest_version"] == "0.27.0"
    # A program is no firmware.
    assert "device_class" not in shown.attributes
    await call(hass, "update.install", "software")
    await async_pass(hass, freezer, 10)
    shown = state(hass, "update", "software")
    assert shown.attributes[ATTR_IN_PROGRESS] is True
    assert shown.attributes[ATTR_UPDATE_PERCENTAGE] == 50
    await call(hass, "button.press", "t_rex_stop_update")
    shown = state(hass, "update", "software")
    assert shown.attributes[ATTR_IN_PROGRESS] is False

    await call(hass, "update.install", "software")
    await async_pass(hass, freezer, 21)
    await async_pass_polls(hass, freezer, 1)
    shown = state(hass, "update", "software")
    assert shown.state == STATE_OFF
    assert shown.attributes["installed_version"] == "0.27.0"
    assert state(hass, "sensor", "version").state == "0.27.0"


async def test_an_update_that_cannot_be_installed(hass: HomeAssistant) -> None:
    """Without a watchdog, and on a miner that can only be read."""
    async with SimulatedTRex(update="0.27.0", watchdog=False) as rig:
        await async_set_up(hass, entry_for(rig))
        with pytest.raises(HomeAssistantError):
            await call(hass, "update.install", "software")
    async with SimulatedTRex(update="0.27.0") as rig:
        entry = entry_for(rig, id_root="other")
        await async_set_up(hass, entry)
        found = er.async_get(hass).async_get_entity_id(
            "update", DOMAIN, "other_rig_software"
        )
        with pytest.raises(HomeAssistantError) as caught:
            await hass.services.async_call(
                "update", "install", {ATTR_ENTITY_ID: found}, blocking=True
            )
        assert caught.value.translation_key == "t_rex_readonly"


# ---- the configuration


async def test_configuration(hass: HomeAssistant, rig: SimulatedTRex) -> None:
    """It is handed out without secrets, and changed where that is harmless."""
    entry = entry_for(rig)
    await async_set_up(hass, entry)
    target = {"config_entry_id": entry.entry_id}
    found = await hass.services.async_call(
        DOMAIN, "get_config", target, blocking=True, return_response=True
    )
    assert found is not None
    assert found["algo"] == "kawpow"
    assert "DemoWallet" not in str(found)
    changes = {"intensity": "20,21", "config": "summer.json"}
    await hass.services.async_call(
        DOMAIN, "set_config", {**target, "changes": changes}, blocking=True
    )
    assert rig.files["summer.json"]["intensity"] == "20,21"
    for changes, key in (
        ({"api_key": "x"}, "config_key_refused"),
        ({"pools": "x"}, "config_key_refused"),
        ({"config": "../../etc/passwd"}, "t_rex_file_name"),
    ):
        with pytest.raises(HomeAssistantError) as caught:
            await hass.services.async_call(
                DOMAIN, "set_config", {**target, "changes": changes}, blocking=True
            )
        assert caught.value.translation_key == key
        assert message(caught.value)
