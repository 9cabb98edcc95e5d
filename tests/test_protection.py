"""Thermal protection through Home Assistant, with moved time."""

from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import issue_registry as ir
import pytest
from pytest_homeassistant_custom_component.common import async_mock_service

from custom_components.mining_rig.const import DOMAIN
from custom_components.mining_rig.coordinator import commands
from custom_components.mining_rig.model import Control
from custom_components.mining_rig.readings import HASHRATE, HOTTEST, MINING_ALLOWED

from .protected import async_call
from .rigs import async_pass, state
from .scripted import ScriptedSource, async_add, async_open

PLUG = "switch.plug"


@pytest.fixture(autouse=True)
def _noon(freezer: FrozenDateTimeFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let time pass only when a test moves it."""
    freezer.move_to("2026-11-01 12:00:00+00:00")
    monkeypatch.setattr(commands, "CONFIRM_PAUSES", (0.0, 0.0))


def source_at(celsius: float = 60.0) -> ScriptedSource:
    """Return a rig that mines and can be paused."""
    return ScriptedSource(
        {MINING_ALLOWED.plain: True, HASHRATE.plain: 1e6, HOTTEST.plain: celsius},
        Control(channel=MINING_ALLOWED.plain),
    )


def heat(source: ScriptedSource, celsius: float) -> None:
    """Give the rig a temperature."""
    source.values = {**source.values, HOTTEST.plain: celsius}


async def async_protect(
    hass: HomeAssistant, source: ScriptedSource, **options: Any
) -> Any:
    """Add a rig with a plug and a limit of 80 °C, and switch protection on."""
    hass.states.async_set(PLUG, "on")
    entry = await async_add(hass, source, power_switch=PLUG, protection=options)
    await async_call(hass, "number", "set_value", "protection_limit", value=80)
    await async_call(hass, "switch", "turn_on", "thermal_protection")
    return entry


def has_issue(hass: HomeAssistant, entry: Any, key: str) -> bool:
    """Return whether an issue is there."""
    registry = ir.async_get(hass)
    return registry.async_get_issue(DOMAIN, f"{key}_{entry.entry_id}") is not None


async def test_refuses_what_is_missing(hass: HomeAssistant) -> None:
    """A limit, then a way to act."""
    await async_add(hass, source_at())
    for missing in ("protection_needs_limit", "protection_needs_way"):
        with pytest.raises(ServiceValidationError) as error:
            await async_call(hass, "switch", "turn_on", "thermal_protection")
        assert error.value.translation_key == missing
        await async_call(hass, "number", "set_value", "protection_limit", value=80)
    # An "off" that was read back is a way.
    await async_call(hass, "switch", "turn_off", "mining_allowed")
    await async_call(hass, "switch", "turn_on", "mining_allowed")
    await async_call(hass, "switch", "turn_on", "thermal_protection")
    assert state(hass, "switch", "thermal_protection").state == "on"
    assert state(hass, "binary_sensor", "overheating").state == "off"


async def test_first_stage(hass: HomeAssistant, freezer: FrozenDateTimeFactory) -> None:
    """It pauses after the hold time, says so, and refuses to be turned on while hot."""
    source = source_at()
    entry = await async_protect(hass, source)
    heat(source, 85)
    await async_pass(hass, freezer)
    assert state(hass, "binary_sensor", "overheating").state == "on"
    assert source.writes == []
    await async_pass(hass, freezer, 20)
    assert source.writes == [False]
    event = state(hass, "event", "protection")
    assert event.attributes["event_type"] == "overheated"
    assert event.attributes["temperature"] == 85
    assert has_issue(hass, entry, "protection_overheated")
    with pytest.raises(ServiceValidationError) as error:
        await async_call(hass, "switch", "turn_on", "mining_allowed")
    assert error.value.translation_key == "protection_hot"


async def test_second_stage(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    """A rig that does not pause loses its power."""
    source = source_at()
    await async_protect(hass, source)
    calls = async_mock_service(hass, "switch", "turn_off")
    source.deaf = True
    heat(source, 85)
    await async_pass(hass, freezer)
    for _ in range(7):
        await async_pass(hass, freezer)
    assert [call.data["entity_id"] for call in calls][:1] == [PLUG]


async def test_resumes_only_where_allowed(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    """Below *resume below*, five minutes later."""
    source = source_at()
    await async_protect(hass, source, may_resume=True)
    heat(source, 85)
    await async_pass(hass, freezer)
    await async_pass(hass, freezer, 20)
    heat(source, 60)
    for _ in range(20):
        await async_pass(hass, freezer)
    assert source.writes == [False]
    for number in range(15):
        # A rig that mines always measures something else.
        source.values = {**source.values, HASHRATE.plain: 1e6 + number}
        await async_pass(hass, freezer)
    assert source.writes == [False, True]
    assert state(hass, "event", "protection").attributes["event_type"] == "resumed"


async def test_restart_while_paused(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    """What was stopped stays off and is remembered."""
    source = source_at()
    entry = await async_protect(hass, source)
    heat(source, 85)
    await async_pass(hass, freezer)
    await async_pass(hass, freezer, 20)
    assert await hass.config_entries.async_unload(entry.entry_id)
    await async_open(hass, entry, source)
    assert state(hass, "switch", "thermal_protection").state == "on"
    assert state(hass, "binary_sensor", "overheating").state == "on"
    await async_pass(hass, freezer)
    assert source.values[MINING_ALLOWED.plain] is False


async def test_owners_off_is_no_trip(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    """A hot rig that its owner turns off."""
    source = source_at()
    entry = await async_protect(hass, source)
    heat(source, 85)
    await async_pass(hass, freezer)
    await async_call(hass, "switch", "turn_off", "mining_allowed")
    event = state(hass, "event", "protection")
    assert event.attributes["event_type"] == "stopped_by_others"
    assert not has_issue(hass, entry, "protection_overheated")


async def test_test_now(hass: HomeAssistant) -> None:
    """It pauses, resumes, and is a way to act from then on."""
    source = source_at()
    await async_add(hass, source)
    await async_call(hass, "button", "press", "protection_test")
    assert source.writes == [False, True]
    await async_call(hass, "number", "set_value", "protection_limit", value=80)
    await async_call(hass, "switch", "turn_on", "thermal_protection")
