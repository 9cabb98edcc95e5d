"""A rig that should mine and does not, through Home Assistant."""

from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant, ServiceCall
import pytest

from custom_components.mining_rig.model import Action
from custom_components.mining_rig.readings import HASHRATE, RESTART_MINER
from custom_components.mining_rig.sources.common.contract import SourceUnreachable

from .rigs import async_pass, async_pass_polls, state
from .scripted import ScriptedSource, async_add

PLUG = "switch.plug"
WATCHDOG = {"enabled": True, "minutes": 2, "share": 50, "per_day": 3}


class Rig(ScriptedSource):
    """A rig that notes what was pressed."""

    def __init__(self) -> None:
        """Mine nothing."""
        super().__init__({HASHRATE.plain: 0.0})
        self.actions = (RESTART_MINER,)
        self.pressed: list[str] = []

    async def press(self, part: str, action: Action) -> None:
        """Note it."""
        self.pressed.append(action.key)


@pytest.fixture(autouse=True)
def _noon(freezer: FrozenDateTimeFactory) -> None:
    freezer.move_to("2026-11-01 12:00:00+00:00")


def serve_plug(hass: HomeAssistant) -> list[str]:
    """Serve the plug; return what it was told."""
    told: list[str] = []

    async def serve(call: ServiceCall) -> None:
        told.append(call.service)
        hass.states.async_set(PLUG, call.service.removeprefix("turn_"))

    for service in ("turn_on", "turn_off"):
        hass.services.async_register("switch", service, serve)
    hass.states.async_set(PLUG, "on")
    return told


def options(*steps: str) -> dict[str, Any]:
    """Return the options with those steps and a plug."""
    return {"watchdog": {**WATCHDOG, "steps": list(steps)}, "power_switch": PLUG}


async def test_restart_of_the_miner(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    """It is pressed after the time, and an event tells it."""
    source = Rig()
    await async_add(hass, source, **options("restart_miner"))
    await async_pass_polls(hass, freezer, 12)
    assert not source.pressed
    await async_pass_polls(hass, freezer, 2)
    assert source.pressed == ["restart_miner"]
    event = state(hass, "event", "watchdog")
    assert event.attributes["event_type"] == "restart_miner"


async def test_power_of_a_rig_that_hangs(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    """It is turned off for 30 s, and on again although the rig does not answer."""
    source = Rig()
    await async_add(hass, source, **options("restart_miner", "power_off"))
    told = serve_plug(hass)
    source.error = SourceUnreachable("gone")
    for _ in range(20):
        await async_pass(hass, freezer, 10)
        if told:
            break
    assert told == ["turn_off"]
    await async_pass(hass, freezer, 31)
    assert told == ["turn_off", "turn_on"]


async def test_nothing_while_it_is_off(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    """A plug that its owner turned off stays off."""
    source = Rig()
    await async_add(hass, source, **options("restart_miner", "power_off"))
    told = serve_plug(hass)
    hass.states.async_set(PLUG, "off")
    await async_pass_polls(hass, freezer, 30)
    assert (source.pressed, told) == ([], [])
