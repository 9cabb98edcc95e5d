"""Controls that really act: success, refusal, no confirmation."""

import asyncio
from collections.abc import AsyncIterator

from freezegun.api import FrozenDateTimeFactory
from homeassistant.const import ATTR_ENTITY_ID, STATE_OFF, STATE_ON
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import entity_registry as er
import pytest

from simulator.xmrig import SimulatedXMRig

from .rigs import (
    async_pass,
    async_pass_polls,
    async_set_up,
    entity_id,
    entry_for,
    is_of_protection,
    state,
)

pytestmark = pytest.mark.usefixtures("socket_enabled", "quick_confirmation")


@pytest.fixture
def quick_confirmation(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look as often whether a command took effect, without waiting in between."""
    monkeypatch.setattr(
        "custom_components.mining_rig.coordinator.commands.CONFIRM_PAUSES", (0.0,) * 8
    )


@pytest.fixture
async def rig(freezer: FrozenDateTimeFactory) -> AsyncIterator[SimulatedXMRig]:
    """Return an XMRig that can be controlled."""
    async with SimulatedXMRig(token="secret", restricted=False) as rig:
        yield rig


async def async_switch(hass: HomeAssistant, service: str) -> None:
    """Turn mining on or off, as a person does."""
    await hass.services.async_call(
        "switch",
        service,
        {ATTR_ENTITY_ID: entity_id(hass, "switch", "mining_allowed")},
        blocking=True,
    )


async def test_mining_off_stops_the_miner(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, rig: SimulatedXMRig
) -> None:
    """The switch shows what the miner says, at once."""
    await async_set_up(hass, entry_for(rig))
    assert state(hass, "switch", "mining_allowed").state == STATE_ON
    await async_switch(hass, "turn_off")
    assert rig.paused
    assert state(hass, "switch", "mining_allowed").state == STATE_OFF
    assert state(hass, "binary_sensor", "mining").state == STATE_OFF
    await async_pass_polls(hass, freezer, 3)
    assert state(hass, "switch", "mining_allowed").state == STATE_OFF
    await async_switch(hass, "turn_on")
    assert not rig.paused
    assert state(hass, "switch", "mining_allowed").state == STATE_ON


async def test_somebody_else_pauses_the_miner(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, rig: SimulatedXMRig
) -> None:
    """The switch follows, and does nothing against it."""
    await async_set_up(hass, entry_for(rig))
    rig.pause()
    await async_pass_polls(hass, freezer, 1)
    assert state(hass, "switch", "mining_allowed").state == STATE_OFF
    assert rig.paused


async def test_a_command_that_does_not_take_effect(
    hass: HomeAssistant, rig: SimulatedXMRig
) -> None:
    """An answer proves nothing: the owner is told, the switch stays as it is."""
    await async_set_up(hass, entry_for(rig))
    rig.answers["POST /json_rpc"] = {
        "result": {"status": "OK"},
        "jsonrpc": "2.0",
        "id": 1,
    }
    with pytest.raises(HomeAssistantError) as caught:
        await async_switch(hass, "turn_off")
    assert caught.value.translation_key == "not_confirmed"
    assert state(hass, "switch", "mining_allowed").state == STATE_ON


async def test_a_command_to_a_rig_that_just_went(
    hass: HomeAssistant, rig: SimulatedXMRig
) -> None:
    """The error says so in words."""
    await async_set_up(hass, entry_for(rig))
    rig.fault("off")
    with pytest.raises(HomeAssistantError) as caught:
        await async_switch(hass, "turn_off")
    assert caught.value.translation_key == "unreachable"
    assert "secret" not in str(caught.value)


async def test_a_rig_that_was_closed_meanwhile(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, rig: SimulatedXMRig
) -> None:
    """The message says what to change on the miner."""
    await async_set_up(hass, entry_for(rig))
    rig.configure({"http": {"restricted": True}})
    freezer.tick(1)
    with pytest.raises(HomeAssistantError) as caught:
        await async_switch(hass, "turn_off")
    assert caught.value.translation_key == "xmrig_restricted"
    assert not rig.paused


async def test_a_wrong_token_meanwhile(
    hass: HomeAssistant, rig: SimulatedXMRig
) -> None:
    """The owner is asked for the new one."""
    entry = entry_for(rig)
    await async_set_up(hass, entry)
    rig.fault("wrong_token")
    with pytest.raises(HomeAssistantError):
        await async_switch(hass, "turn_off")
    await hass.async_block_till_done()
    rig.fault("normal")


async def test_polls_and_commands_never_overlap(hass: HomeAssistant) -> None:
    """Beside a command no poll begins; a poll itself asks for two things at once."""
    async with SimulatedXMRig(token="secret", restricted=False) as rig:
        entry = entry_for(rig)
        await async_set_up(hass, entry)
        rig.fault("slow", seconds=0.02)
        await asyncio.gather(
            async_switch(hass, "turn_off"),
            *(entry.runtime_data.async_refresh() for _ in range(3)),
        )
        assert rig.paused
        assert rig.most_at_once <= 2


async def test_an_order_to_stop_is_kept(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, rig: SimulatedXMRig
) -> None:
    """A miner that starts again by itself is stopped again, also after a restart."""
    entry = entry_for(rig, options={"keep_order": True})
    await async_set_up(hass, entry)
    await async_switch(hass, "turn_off")
    rig.resume()
    await async_pass_polls(hass, freezer, 1)
    assert rig.paused
    assert state(hass, "switch", "mining_allowed").state == STATE_OFF

    assert await hass.config_entries.async_unload(entry.entry_id)
    rig.restart()
    await async_set_up(hass, entry)
    await async_pass(hass, freezer, 61)
    await async_pass_polls(hass, freezer, 1)
    assert rig.paused

    await async_switch(hass, "turn_on")
    await async_pass(hass, freezer, 61)
    await async_pass_polls(hass, freezer, 3)
    assert not rig.paused


async def test_without_the_option_no_order_is_kept(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, rig: SimulatedXMRig
) -> None:
    """Whoever resumes the miner by hand is left alone."""
    await async_set_up(hass, entry_for(rig))
    await async_switch(hass, "turn_off")
    rig.resume()
    await async_pass(hass, freezer, 61)
    await async_pass_polls(hass, freezer, 3)
    assert not rig.paused
    assert state(hass, "switch", "mining_allowed").state == STATE_ON


async def test_a_read_only_rig_gets_its_controls_when_it_is_opened(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    """They stand beside the sensors, which stay; nothing is there twice."""
    async with SimulatedXMRig(token="secret", restricted=True) as rig:
        entry = entry_for(rig)
        await async_set_up(hass, entry)
        registry = er.async_get(hass)
        assert not [
            entity
            for entity in er.async_entries_for_config_entry(registry, entry.entry_id)
            if entity.domain in ("switch", "number", "select", "button")
            and not is_of_protection(entity)
        ]
        entity_id(hass, "binary_sensor", "mining_allowed")
        rig.configure({"http": {"restricted": False}})
        await async_pass_polls(hass, freezer, 60)
        assert state(hass, "switch", "mining_allowed").state == STATE_ON
        assert state(hass, "binary_sensor", "mining_allowed").state == STATE_ON
        ids = [entity.entity_id for entity in registry.entities.values()]
        assert not [entity for entity in ids if entity.endswith("_2")]
