"""An Avalon Q in Home Assistant: entities, modes, on and off, traps of its socket."""

from collections.abc import AsyncIterator

from freezegun.api import FrozenDateTimeFactory
from homeassistant.const import STATE_OFF, STATE_ON, STATE_UNAVAILABLE, STATE_UNKNOWN
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import snapshot_platform
from syrupy.assertion import SnapshotAssertion

from simulator.avalon import SimulatedAvalon

from .asics import FIXED, async_add, async_call, async_open, async_poll_until, shown
from .rigs import async_pass_polls, entity_id

pytestmark = pytest.mark.usefixtures("socket_enabled")

SWITCH = "switch.rig_mining"
STATUS = "sensor.rig_status"


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch, freezer: FrozenDateTimeFactory) -> None:
    """Let it always be noon, and look at commands without waiting in between."""
    freezer.move_to("2026-11-01 12:00:00+00:00")
    pauses = "custom_components.mining_rig.coordinator.commands.CONFIRM_PAUSES"
    monkeypatch.setattr(pauses, (0.0,) * 2)


@pytest.fixture
async def rig(freezer: FrozenDateTimeFactory) -> AsyncIterator[SimulatedAvalon]:
    """Return an Avalon Q."""
    async with SimulatedAvalon("Rig") as rig:
        yield rig


async def test_added(hass: HomeAssistant, rig: SimulatedAvalon) -> None:
    """Host and port are all that it takes; the fixed entities are there."""
    step = await async_add(hass, "avalon", rig.form)
    assert step["type"] is FlowResultType.CREATE_ENTRY
    found = {name: shown(hass, name) for name in FIXED}
    assert float(found["sensor.rig_hashrate"]) == pytest.approx(53, rel=0.05)
    assert float(found["sensor.rig_power"]) == pytest.approx(800, rel=0.05)
    assert found[STATUS] == "mining"


@pytest.mark.usefixtures("entity_registry_enabled_by_default")
async def test_entities(
    hass: HomeAssistant,
    rig: SimulatedAvalon,
    snapshot: SnapshotAssertion,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Every sensor with its state, unit, class, category and name."""
    monkeypatch.setattr("custom_components.mining_rig.PLATFORMS", ("sensor",))
    entry = await async_open(hass, "avalon", rig.form)
    await snapshot_platform(hass, er.async_get(hass), snapshot, entry.entry_id)


async def test_off_and_back(
    hass: HomeAssistant, rig: SimulatedAvalon, freezer: FrozenDateTimeFactory
) -> None:
    """A machine that is off is unavailable, and back with its first answer."""
    await async_open(hass, "avalon", rig.form)
    rig.fault("off")
    await async_pass_polls(hass, freezer, 10)
    assert shown(hass, "sensor.rig_power") == STATE_UNAVAILABLE
    rig.fault("on")
    await async_poll_until(hass, freezer, lambda: shown(hass, STATUS) == "mining")


@pytest.mark.parametrize("closes", [False, True])
async def test_mining(
    hass: HomeAssistant,
    rig: SimulatedAvalon,
    freezer: FrozenDateTimeFactory,
    closes: bool,
) -> None:
    """An order that is answered by I, or by nothing, was carried out all the same."""
    await async_open(hass, "avalon", rig.form)
    await async_call(hass, "switch.turn_off", SWITCH)
    await async_poll_until(hass, freezer, lambda: shown(hass, STATUS) == "paused")
    # What its power supply and its averages show now is from before.
    assert shown(hass, "sensor.rig_power") == STATE_UNKNOWN
    assert shown(hass, "sensor.rig_hottest_temperature") == "27"
    assert shown(hass, "sensor.rig_hashrate") == "0.0"
    assert shown(hass, "binary_sensor.rig_mining_active") == STATE_OFF
    rig.closes = closes
    await async_call(hass, "switch.turn_on", SWITCH)
    await async_poll_until(hass, freezer, lambda: shown(hass, STATUS) == "mining")
    assert shown(hass, SWITCH) == STATE_ON
    # Both carry the moment, by the machine's own clock.
    moment = int(rig.clock())
    assert [order.partition(":")[0] for order in rig.orders] == [
        "0,softoff,1",
        "0,softon,1",
    ]
    assert abs(int(rig.orders[0].partition(":")[2]) - moment) < 600


async def test_off_without_an_answer(
    hass: HomeAssistant, rig: SimulatedAvalon, freezer: FrozenDateTimeFactory
) -> None:
    """An off that was not answered is an error; the next poll shows what happened."""
    await async_open(hass, "avalon", rig.form)
    rig.closes = True
    with pytest.raises(HomeAssistantError):
        await async_call(hass, "switch.turn_off", SWITCH)
    await async_poll_until(hass, freezer, lambda: shown(hass, SWITCH) == STATE_OFF)


async def test_not_followed(
    hass: HomeAssistant, rig: SimulatedAvalon, freezer: FrozenDateTimeFactory
) -> None:
    """A machine that answers and goes on is named."""
    await async_open(hass, "avalon", rig.form)
    rig.deaf = True
    await async_call(hass, "switch.turn_off", SWITCH)
    await async_poll_until(
        hass, freezer, lambda: shown(hass, STATUS) == "not_following"
    )


async def test_work_mode(
    hass: HomeAssistant, rig: SimulatedAvalon, freezer: FrozenDateTimeFactory
) -> None:
    """The modes are the model's own; while it calibrates, it refuses another."""
    await async_open(hass, "avalon", rig.form)
    select = entity_id(hass, "select", "work_mode")
    found = hass.states.get(select)
    assert found is not None
    assert found.attributes["options"] == ["eco", "standard", "super"]
    assert found.state == "eco"
    await async_call(hass, "select.select_option", select, option="super")
    assert rig.mode == 2
    await async_poll_until(hass, freezer, lambda: shown(hass, select) == "super")
    rig.calibrates = True
    with pytest.raises(HomeAssistantError):
        await async_call(hass, "select.select_option", select, option="eco")
    rig.calibrates = False
    rig.fault("off")
    with pytest.raises(HomeAssistantError):
        await async_call(hass, "select.select_option", select, option="eco")
    assert rig.mode == 2


async def test_reboot(hass: HomeAssistant, rig: SimulatedAvalon) -> None:
    """It is gone before it has answered."""
    await async_open(hass, "avalon", rig.form)
    await async_call(hass, "button.press", entity_id(hass, "button", "reboot"))
    assert rig.orders == ["0,reboot,0"]
