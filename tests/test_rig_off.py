"""A rig that is off, slow or somebody else is normal at home."""

import asyncio
from collections.abc import AsyncIterator
import logging

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import SOURCE_REAUTH, ConfigEntryState
from homeassistant.const import STATE_OFF, STATE_ON, STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er, issue_registry as ir
import pytest

from simulator.xmrig import SimulatedXMRig

from .rigs import async_pass, async_pass_polls, async_set_up, entry_for, state

pytestmark = pytest.mark.usefixtures("socket_enabled")


@pytest.fixture
async def rig(freezer: FrozenDateTimeFactory) -> AsyncIterator[SimulatedXMRig]:
    """Return an XMRig that mines."""
    async with SimulatedXMRig(token="secret", restricted=False) as rig:
        yield rig


def lines(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return what a home's log says about rigs."""
    return [
        record.getMessage()
        for record in caplog.records
        if record.name.startswith("custom_components.mining_rig")
        and record.levelno >= logging.INFO
    ]


@pytest.mark.parametrize(
    "fault", ["off", "garbage", "truncated", "cut", "other_device"]
)
async def test_a_rig_goes_and_comes_back(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    caplog: pytest.LogCaptureFixture,
    rig: SimulatedXMRig,
    fault: str,
) -> None:
    """Its last reading holds for 30 s; then it is away, until it is back by itself."""
    entry = entry_for(rig)
    assert await async_set_up(hass, entry)
    before = state(hass, "sensor", "hashrate")
    assert float(before.state) > 0
    assert state(hass, "binary_sensor", "connected").state == STATE_ON

    rig.fault(fault)
    await async_pass_polls(hass, freezer, 2)
    assert state(hass, "sensor", "hashrate").state == before.state
    await async_pass_polls(hass, freezer, 2)
    assert state(hass, "sensor", "hashrate").state == STATE_UNAVAILABLE
    assert state(hass, "sensor", "accepted_shares").state == STATE_UNAVAILABLE
    assert state(hass, "switch", "mining_allowed").state == STATE_UNAVAILABLE
    assert state(hass, "binary_sensor", "mining").state == STATE_UNAVAILABLE
    assert state(hass, "binary_sensor", "connected").state == STATE_OFF
    assert entry.state is ConfigEntryState.LOADED

    await async_pass(hass, freezer, 3600)
    await async_pass(hass, freezer, 3600)
    rig.fault("normal")
    await async_pass(hass, freezer, 60)
    await async_pass(hass, freezer, 60)
    assert float(state(hass, "sensor", "accepted_shares").state) >= 0
    assert state(hass, "binary_sensor", "connected").state == STATE_ON
    assert state(hass, "switch", "mining_allowed").state == STATE_ON

    said = lines(caplog)
    assert len(said) == 2
    assert said[0].startswith("Office PC does not answer: ")
    assert said[1] == "Office PC answers again"


async def test_a_rig_that_is_off_is_asked_less_often(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, rig: SimulatedXMRig
) -> None:
    """Every 10 s while it answers, every minute when it does not."""
    await async_set_up(hass, entry_for(rig))
    await async_pass(hass, freezer)
    asked = len(rig.requests)
    await async_pass_polls(hass, freezer, 6)
    assert len(rig.requests) - asked == 6

    rig.fault("garbage")
    await async_pass_polls(hass, freezer, 30)
    asked = len(rig.requests)
    await async_pass_polls(hass, freezer, 60)
    assert 9 <= len(rig.requests) - asked <= 11


async def test_home_assistant_starts_while_the_rig_is_off(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, rig: SimulatedXMRig
) -> None:
    """Everything is there, unavailable, and comes when the rig does."""
    entry = entry_for(rig)
    await async_set_up(hass, entry)
    known = {e.entity_id for e in er.async_get(hass).entities.values()}
    assert await hass.config_entries.async_unload(entry.entry_id)
    rig.fault("off")
    assert await async_set_up(hass, entry)
    assert entry.state is ConfigEntryState.LOADED
    assert {e.entity_id for e in er.async_get(hass).entities.values()} == known
    assert state(hass, "sensor", "hashrate").state == STATE_UNAVAILABLE
    assert state(hass, "switch", "mining_allowed").state == STATE_UNAVAILABLE
    rig.fault("on")
    await async_pass(hass, freezer, 60)
    assert state(hass, "switch", "mining_allowed").state == STATE_ON
    assert {e.entity_id for e in er.async_get(hass).entities.values()} == known


async def test_a_rig_never_seen_is_tried_again(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, rig: SimulatedXMRig
) -> None:
    """With nothing known of it yet, Home Assistant tries again by itself."""
    entry = entry_for(rig)
    rig.fault("off")
    assert not await async_set_up(hass, entry)
    assert entry.state is ConfigEntryState.SETUP_RETRY
    rig.fault("on")
    await async_pass(hass, freezer, 120)
    assert entry.state is ConfigEntryState.LOADED


async def test_zero_while_off(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, rig: SimulatedXMRig
) -> None:
    """An owner who wants it gets 0 for hashrate, and for nothing else."""
    await async_set_up(hass, entry_for(rig, options={"zero_while_off": True}))
    rig.fault("off")
    await async_pass_polls(hass, freezer, 4)
    assert float(state(hass, "sensor", "hashrate").state) == 0
    assert state(hass, "sensor", "accepted_shares").state == STATE_UNAVAILABLE


async def test_a_slow_rig_is_never_asked_twice_at_once(hass: HomeAssistant) -> None:
    """A poll ends before the next one begins."""
    async with SimulatedXMRig(token="secret", restricted=False) as rig:
        entry = entry_for(rig)
        await async_set_up(hass, entry)
        rig.fault("slow", seconds=0.05)
        coordinator = entry.runtime_data
        await asyncio.gather(*(coordinator.async_refresh() for _ in range(3)))
        assert len(rig.requests) > 3
        assert rig.most_at_once == 1
        assert float(state(hass, "sensor", "hashrate").state) > 0


async def test_a_changed_token_asks_for_the_new_one(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, rig: SimulatedXMRig
) -> None:
    """Re-authentication starts once, and ends by itself if the token is right again."""
    entry = entry_for(rig)
    await async_set_up(hass, entry)
    rig.fault("wrong_token")
    await async_pass_polls(hass, freezer, 6)
    flows = list(entry.async_get_active_flows(hass, {SOURCE_REAUTH}))
    assert len(flows) == 1
    assert state(hass, "sensor", "hashrate").state == STATE_UNAVAILABLE
    rig.fault("normal")
    await async_pass(hass, freezer, 60)
    assert not list(entry.async_get_active_flows(hass, {SOURCE_REAUTH}))
    assert float(state(hass, "sensor", "hashrate").state) > 0


async def test_a_wrong_token_at_the_start(
    hass: HomeAssistant, rig: SimulatedXMRig
) -> None:
    """The entry waits for the owner."""
    rig.fault("wrong_token")
    entry = entry_for(rig)
    assert not await async_set_up(hass, entry)
    assert entry.state is ConfigEntryState.SETUP_ERROR
    assert list(entry.async_get_active_flows(hass, {SOURCE_REAUTH}))


async def test_another_rig_at_the_address(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, rig: SimulatedXMRig
) -> None:
    """Its readings are not taken for this rig's; the owner is told."""
    entry = entry_for(rig, rig_id=rig.identity)
    await async_set_up(hass, entry)
    rig.fault("other_rig")
    await async_pass_polls(hass, freezer, 5)
    assert state(hass, "sensor", "hashrate").state == STATE_UNAVAILABLE
    issues = ir.async_get(hass)
    assert issues.async_get_issue("mining_rig", f"other_rig_{entry.entry_id}")
    rig.fault("normal")
    await async_pass(hass, freezer, 60)
    assert float(state(hass, "sensor", "hashrate").state) > 0
    assert not issues.async_get_issue("mining_rig", f"other_rig_{entry.entry_id}")
