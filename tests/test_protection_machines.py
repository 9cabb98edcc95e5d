"""Machines with an API of their own are stopped when hot, through their real source."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
import pytest

from simulator.antminer import SimulatedAntminer
from simulator.avalon import SimulatedAvalon
from simulator.axeos import SimulatedAxeOS
from simulator.iceriver import SimulatedIceRiver

from .asics import async_open
from .protected import PLUG, Plug, async_call, async_plug
from .rigs import async_pass, state

pytestmark = pytest.mark.usefixtures("socket_enabled")


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """A machine, the limit that its heat reaches, and how it shows that it stopped."""

    rig: Callable[[], Any]
    limit: float
    default: str
    """The limit of its kind, as the number shows it."""
    is_stopped: Callable[[Any], bool] | None = None
    """None where it cannot be paused."""


def _iceriver() -> SimulatedIceRiver:
    rig = SimulatedIceRiver("Rig")
    # With the time frozen, an answer would never count as complete.
    rig.native.holds_open = False
    return rig


MACHINES = {
    "axeos": Machine(
        rig=lambda: SimulatedAxeOS("Rig"),
        limit=72,
        default="72",
        is_stopped=lambda rig: rig.is_stopped,
    ),
    "nerdqaxe": Machine(
        rig=lambda: SimulatedAxeOS("Rig", model="NerdQAxe++"),
        limit=72,
        default="72",
        is_stopped=lambda rig: rig.is_stopped,
    ),
    "avalon": Machine(
        rig=lambda: SimulatedAvalon("Rig"),
        limit=90,
        default="105",
        is_stopped=lambda rig: rig.is_idle,
    ),
    "antminer": Machine(
        rig=lambda: SimulatedAntminer("Rig"),
        limit=75,
        default="105",
        is_stopped=lambda rig: rig.sleeps,
    ),
    "iceriver": Machine(rig=_iceriver, limit=65, default="unknown"),
}
PAUSING = [name for name, machine in MACHINES.items() if machine.is_stopped]
POLL = 10


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch, freezer: FrozenDateTimeFactory) -> None:
    """Let it be noon, and wait for nothing in between."""
    freezer.move_to("2026-11-01 12:00:00+00:00")
    pauses = "custom_components.mining_rig.coordinator.commands.CONFIRM_PAUSES"
    monkeypatch.setattr(pauses, (0.0,) * 8)


async def async_protect(
    hass: HomeAssistant, machine: Machine, rig: Any, **protection: Any
) -> tuple[Any, Plug]:
    """Set a machine up, and protect it with the limit and a plug."""
    plug = await async_plug(hass)
    entry = await async_open(
        hass,
        rig.kind,
        rig.form,
        seek_releases=False,
        power_switch=PLUG,
        protection=protection,
    )
    assert state(hass, "number", "protection_limit").state == machine.default
    await async_call(
        hass, "number", "set_value", "protection_limit", value=machine.limit
    )
    await async_call(hass, "switch", "turn_on", "thermal_protection")
    return entry, plug


async def async_polls(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, seconds: float
) -> None:
    """Let so many seconds pass, poll by poll."""
    for _ in range(int(seconds // POLL)):
        await async_pass(hass, freezer, POLL)


async def async_until(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, entry: Any, wanted: str
) -> None:
    """Let time pass until protection is in a state; some machines are asked seldom."""
    for _ in range(6):
        await async_pass(hass, freezer, POLL)
        if memory(entry)["state"] == wanted:
            return
    raise AssertionError(memory(entry)["state"])


def memory(entry: Any) -> Any:
    """Return what protection remembers of a rig."""
    return entry.runtime_data.store.protection["memory"]


@pytest.mark.parametrize("name", MACHINES)
async def test_stopped_when_hot(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, name: str
) -> None:
    """It is paused, and that is read back; without a pause it loses its power."""
    machine = MACHINES[name]
    async with machine.rig() as rig:
        entry, plug = await async_protect(hass, machine, rig)
        await async_polls(hass, freezer, 60)
        assert memory(entry)["state"] == "watching"
        rig.fault("hot")
        await async_polls(hass, freezer, 60)
        event = state(hass, "event", "protection").attributes
        assert state(hass, "binary_sensor", "overheating").state == "on"
        if machine.is_stopped is None:
            assert plug.told == ["off"]
            assert memory(entry)["state"] == "cut"
            return
        assert event["event_type"] == "overheated"
        assert event["temperature"] >= event["limit"]
        assert machine.is_stopped(rig)
        assert memory(entry)["confirmed"]
        assert state(hass, "switch", "mining_allowed").state == "off"
        rig.clear("hot")
        await async_polls(hass, freezer, 180)
        assert memory(entry)["state"] == "paused"
        assert plug.told == []
        with pytest.raises(ServiceValidationError):
            await async_call(hass, "switch", "turn_on", "mining_allowed")
        # Paused, none of them measures its chips: that alone does not lock it for good.
        await async_polls(hass, freezer, 240)
        assert state(hass, "binary_sensor", "overheating").state == "off"
        await async_call(hass, "switch", "turn_on", "mining_allowed")
        if name == "nerdqaxe":
            # It restarts a moment after it has answered.
            rig.restart()
        await async_polls(hass, freezer, 30)
        assert not machine.is_stopped(rig)
        assert memory(entry)["state"] == "watching"


@pytest.mark.parametrize("name", PAUSING)
async def test_deaf_machine_loses_its_power(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, name: str
) -> None:
    """It answers that it is paused, and goes on."""
    machine = MACHINES[name]
    patience = 300
    async with machine.rig() as rig:
        entry, plug = await async_protect(hass, machine, rig)
        rig.deaf = True
        rig.fault("hot")
        await async_polls(hass, freezer, patience)
        assert plug.told[:1] == ["off"]
        assert memory(entry)["state"] == "cut"


@pytest.mark.parametrize("name", ["axeos", "nerdqaxe", "avalon"])
async def test_off_at_the_machine_is_no_trip(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, name: str
) -> None:
    """Its owner stops it while it is hot, at the machine itself."""
    machine = MACHINES[name]
    async with machine.rig() as rig:
        # The hold time is longer than the slowest poll.
        entry, plug = await async_protect(hass, machine, rig, hold_time=60)
        rig.fault("hot")
        await async_until(hass, freezer, entry, "hot")
        stop(rig)
        rig.clear("hot")
        await async_polls(hass, freezer, 300)
        assert memory(entry)["trips"] == []
        assert plug.told == []
        told = state(hass, "event", "protection").attributes["event_type"]
        assert told == "stopped_by_others"


def stop(rig: Any) -> None:
    """Stop a machine as its own page does."""
    match rig:
        case SimulatedAxeOS():
            rig._stop()
        case SimulatedAvalon():
            rig._switch("softoff")
