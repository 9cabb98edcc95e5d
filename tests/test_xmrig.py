"""XMRig through Home Assistant: its configuration, its own pauses, slow answers."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import ATTR_ENTITY_ID, STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import entity_registry as er
import pytest

from custom_components.mining_rig.const import DOMAIN
from custom_components.mining_rig.sources.xmrig.api import XmrigApi
from simulator.xmrig import SimulatedXMRig

from .rigs import async_pass, async_set_up, entity_id, entry_for, state

TOKEN = "secret"
BUDGET = "custom_components.mining_rig.sources.common.poll_budget"


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look at commands without waiting in between."""
    component = "custom_components.mining_rig"
    monkeypatch.setattr(f"{component}.coordinator.commands.CONFIRM_PAUSES", (0.0,) * 8)
    monkeypatch.setattr(f"{component}.sources.xmrig.editor.PUT_GAP", 0.0)
    monkeypatch.setattr(f"{component}.sources.xmrig.editor.APPLIED_AFTER", (0.0,))


@pytest.fixture
async def rig(
    socket_enabled: None, freezer: FrozenDateTimeFactory
) -> AsyncIterator[SimulatedXMRig]:
    """Return a rig that can be controlled and applies configurations at once."""
    async with SimulatedXMRig(
        token=TOKEN,
        restricted=False,
        config={"watch": False, "pause-on-battery": True},
    ) as rig:
        yield rig


async def test_a_rig_whose_extras_hang(
    hass: HomeAssistant, rig: SimulatedXMRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is loaded with its first summary, as the dialog has accepted it."""
    monkeypatch.setattr(f"{BUDGET}.EXTRAS_END", 0.0)

    async def hang(api: XmrigApi, path: str) -> Any:
        await asyncio.Event().wait()

    monkeypatch.setattr(XmrigApi, "get", hang)
    entry = entry_for(rig)
    assert await async_set_up(hass, entry)
    assert entry.state is ConfigEntryState.LOADED
    assert float(state(hass, "sensor", "hashrate").state) > 0


@pytest.mark.parametrize(
    "changes",
    [
        {"benchmark": {"size": "1M"}},
        {"stress": True},
        {"pools": [{"enabled": False}, {"enabled": False}]},
        {"randomx": True},
        {"print-time": 30, "bench-me": 1},
    ],
)
async def test_what_would_end_mining_is_refused(
    hass: HomeAssistant, rig: SimulatedXMRig, changes: Any
) -> None:
    """Nothing is sent; pools and wallets stay."""
    entry = entry_for(rig)
    await async_set_up(hass, entry)
    before = rig.config
    with pytest.raises(HomeAssistantError):
        await hass.services.async_call(
            DOMAIN,
            "set_config",
            {"config_entry_id": entry.entry_id, "changes": changes},
            blocking=True,
        )
    assert rig.config == before
    assert "PUT" not in {request.method for request in rig.requests}


async def test_on_battery_is_named(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, rig: SimulatedXMRig
) -> None:
    """The refusal tells which pause of the miner holds."""
    await async_set_up(hass, entry_for(rig))
    rig.on_battery = True
    await async_pass(hass, freezer)
    with pytest.raises(HomeAssistantError) as caught:
        await hass.services.async_call(
            "switch",
            "turn_on",
            {ATTR_ENTITY_ID: entity_id(hass, "switch", "mining_allowed")},
            blocking=True,
        )
    assert caught.value.translation_key == "xmrig_paused_on_battery"
    assert "battery" in str(caught.value)


async def test_stop_is_not_offered_while_restricted(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, rig: SimulatedXMRig
) -> None:
    """The button of before is unavailable."""
    entry = entry_for(rig)
    await async_set_up(hass, entry)
    button = entity_id(hass, "button", "stop")
    er.async_get(hass).async_update_entity(button, disabled_by=None)
    await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()
    assert state(hass, "button", "stop").state != STATE_UNAVAILABLE
    rig.configure({"http": {"restricted": True}})
    await async_pass(hass, freezer)
    assert state(hass, "button", "stop").state == STATE_UNAVAILABLE
