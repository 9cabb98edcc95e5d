"""An IceRiver in Home Assistant: entities, its restarts, its web page."""

from collections.abc import AsyncIterator

from freezegun.api import FrozenDateTimeFactory
from homeassistant.const import STATE_OFF, STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import snapshot_platform
from syrupy.assertion import SnapshotAssertion

from simulator.iceriver import SimulatedIceRiver

from .asics import FIXED, async_add, async_call, async_open, async_poll_until, shown
from .rigs import async_pass, async_pass_polls, entity_id

pytestmark = pytest.mark.usefixtures("socket_enabled")

STATUS = "sensor.rig_status"


@pytest.fixture
async def rig(freezer: FrozenDateTimeFactory) -> AsyncIterator[SimulatedIceRiver]:
    """Return a KS0."""
    freezer.move_to("2026-11-01 12:00:00+00:00")
    async with SimulatedIceRiver("Rig", restart_seconds=100) as rig:
        # With the time frozen, an answer would never count as complete.
        rig.native.holds_open = False
        yield rig


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look at commands without waiting in between."""
    pauses = "custom_components.mining_rig.coordinator.commands.CONFIRM_PAUSES"
    monkeypatch.setattr(pauses, (0.0,) * 2)


async def test_added(hass: HomeAssistant, rig: SimulatedIceRiver) -> None:
    """Host and port are all that it takes; it reports no power."""
    step = await async_add(hass, "iceriver", rig.form)
    assert step["type"] is FlowResultType.CREATE_ENTRY
    assert step["result"].unique_id == "iceriver_00:0A:39:00:00:02"
    found = {name: shown(hass, name) for name in FIXED if "power" not in name}
    assert float(found["sensor.rig_hashrate"]) == pytest.approx(155, rel=0.05)
    assert found["sensor.rig_accepted_shares"] == "300"
    assert found[STATUS] == "mining"


@pytest.mark.usefixtures("entity_registry_enabled_by_default")
async def test_entities(
    hass: HomeAssistant,
    rig: SimulatedIceRiver,
    snapshot: SnapshotAssertion,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Every sensor with its state, unit, class, category and name."""
    monkeypatch.setattr("custom_components.mining_rig.PLATFORMS", ("sensor",))
    entry = await async_open(hass, "iceriver", rig.form)
    await snapshot_platform(hass, er.async_get(hass), snapshot, entry.entry_id)


async def test_off_and_back(
    hass: HomeAssistant, rig: SimulatedIceRiver, freezer: FrozenDateTimeFactory
) -> None:
    """A machine that is off is unavailable, and back with its first answer."""
    await async_open(hass, "iceriver", rig.form)
    rig.fault("off")
    await async_pass_polls(hass, freezer, 10)
    assert shown(hass, "sensor.rig_hashrate") == STATE_UNAVAILABLE
    rig.fault("on")
    await async_poll_until(hass, freezer, lambda: shown(hass, STATUS) == "mining")


async def test_restart(
    hass: HomeAssistant, rig: SimulatedIceRiver, freezer: FrozenDateTimeFactory
) -> None:
    """While only the web page answers it starts; the page is asked once a minute."""
    await async_open(hass, "iceriver", rig.form)
    await async_call(hass, "switch.turn_on", entity_id(hass, "switch", "locate"))
    await async_call(hass, "button.press", entity_id(hass, "button", "reboot"))
    for _ in range(3):
        await async_pass(hass, freezer, 30)
        assert shown(hass, STATUS) == "starting"
        assert shown(hass, "sensor.rig_hashrate") == "0.0"
        assert shown(hass, "binary_sensor.rig_mining_active") == STATE_OFF
    assert not rig.web_hangs
    rig.end_restart()
    await async_poll_until(hass, freezer, lambda: shown(hass, STATUS) == "mining")
    assert not rig.harmed
