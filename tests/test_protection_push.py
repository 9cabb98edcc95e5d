"""Thermal protection of rigs that push: the order first, then what their logs show."""

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import async_mock_service

from .pushing import async_set_up_rigs, body, pushing_entry
from .rigs import async_pass, entity_id, state

PLUG = "switch.plug"
KINDS = {
    "asic": ("asic_log_ks5l.request", "rig_monitor_power"),
    "cpu_gpu": ("cpu_gpu_log_xmrig_3gpu.request", "mining_allowed"),
}


@pytest.mark.parametrize("rig_type", KINDS)
async def test_order_first_then_plug(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    rig_type: str,
) -> None:
    """The shown order alone confirms nothing: a rig that goes on loses its power."""
    freezer.move_to("2026-11-01 12:00:00+00:00")
    hass.states.async_set(PLUG, "on")
    entry = pushing_entry(rig_type, options={"power_switch": PLUG})
    await async_set_up_rigs(hass, entry)
    calls = async_mock_service(hass, "switch", "turn_off")
    log, order = KINDS[rig_type]
    source = entry.runtime_data.source
    number = entity_id(hass, "number", "protection_limit")

    async def async_log() -> None:
        source.receive(body(log), dt_util.utcnow())
        entry.runtime_data.async_receive()
        await hass.async_block_till_done(wait_background_tasks=True)

    await async_log()
    await hass.services.async_call(
        "number", "set_value", {"entity_id": number, "value": 40}, blocking=True
    )
    switch = entity_id(hass, "switch", "thermal_protection")
    await entry.runtime_data.protection.async_switch_on()
    await hass.async_block_till_done(wait_background_tasks=True)
    assert hass.states.get(switch).state == "on"
    await async_pass(hass, freezer, 20)
    assert state(hass, "switch", order).state == "off"
    assert calls == []
    for _ in range(14):
        await async_pass(hass, freezer, 10)
        await async_log()
    assert [call.data["entity_id"] for call in calls][:1] == [PLUG]
