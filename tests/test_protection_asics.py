"""Thermal protection of machines with a network API of their own."""

from collections.abc import Callable
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
import pytest

from simulator.antminer import SimulatedAntminer
from simulator.avalon import SimulatedAvalon
from simulator.axeos import SimulatedAxeOS
from simulator.iceriver import SimulatedIceRiver

from .asics import async_open, async_poll_until, shown
from .protected import PLUG, async_call, async_plug
from .rigs import entity_id, state

pytestmark = pytest.mark.usefixtures("socket_enabled")


def _iceriver() -> SimulatedIceRiver:
    rig = SimulatedIceRiver("Rig")
    # With the time frozen, an answer would never count as complete.
    rig.native.holds_open = False
    return rig


STOPPED = {"axeos": "is_stopped", "avalon": "is_idle", "antminer": "sleeps"}
"""What the simulated machine itself says once it is paused."""
MACHINES: dict[str, Callable[[], Any]] = {
    "axeos": lambda: SimulatedAxeOS("Rig"),
    "avalon": lambda: SimulatedAvalon("Rig"),
    "antminer": lambda: SimulatedAntminer("Rig"),
    "iceriver": _iceriver,
}


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch, freezer: FrozenDateTimeFactory) -> None:
    """Let it be noon, and wait for nothing between two looks at a command."""
    freezer.move_to("2026-11-01 12:00:00+00:00")
    pauses = "custom_components.mining_rig.coordinator.commands.CONFIRM_PAUSES"
    monkeypatch.setattr(pauses, (0.0,) * 8)


@pytest.mark.parametrize("kind", MACHINES)
async def test_a_machine_is_stopped(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, kind: str
) -> None:
    """It is paused, and that is read back; one without a pause loses its power."""
    plug = await async_plug(hass)
    async with MACHINES[kind]() as rig:
        options: dict[str, Any] = {"seek_releases": False, "power_switch": PLUG}
        await async_open(hass, rig.kind, rig.form, **options)
        hottest = float(state(hass, "sensor", "hottest").state)
        await async_call(
            hass, "number", "set_value", "protection_limit", value=hottest - 2
        )
        await async_call(hass, "switch", "turn_on", "thermal_protection")
        overheating = entity_id(hass, "binary_sensor", "overheating")
        assert shown(hass, overheating) == "on"
        if kind == "iceriver":
            await async_poll_until(hass, freezer, lambda: not plug.is_on)
            return
        mining = entity_id(hass, "switch", "mining_allowed")
        await async_poll_until(hass, freezer, lambda: shown(hass, mining) == "off")
        assert getattr(rig, STOPPED[kind])
        assert plug.is_on
