"""An Antminer in Home Assistant: entities, sleep, its light, its restarts."""

from collections.abc import AsyncIterator
from copy import deepcopy

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import SOURCE_REAUTH
from homeassistant.const import STATE_OFF, STATE_ON, STATE_UNAVAILABLE, STATE_UNKNOWN
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import snapshot_platform
from syrupy.assertion import SnapshotAssertion

from simulator.antminer import SimulatedAntminer

from .asics import FIXED, async_add, async_call, async_open, async_poll_until, shown
from .rigs import async_pass, async_pass_polls, entity_id

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
async def rig(freezer: FrozenDateTimeFactory) -> AsyncIterator[SimulatedAntminer]:
    """Return an S21."""
    async with SimulatedAntminer("Rig") as rig:
        yield rig


async def test_added(hass: HomeAssistant, rig: SimulatedAntminer) -> None:
    """The password is asked for; the fixed entities are there."""
    wrong = await async_add(hass, "antminer", {**rig.form, "password": "no"})
    assert wrong["errors"] == {"password": "invalid_auth"}
    step = await async_add(hass, "antminer", rig.form)
    assert step["type"] is FlowResultType.CREATE_ENTRY
    found = {name: shown(hass, name) for name in FIXED}
    assert float(found["sensor.rig_hashrate"]) == pytest.approx(200, rel=0.05)
    assert float(found["sensor.rig_power"]) == 3500
    assert found[STATUS] == "mining"


@pytest.mark.usefixtures("entity_registry_enabled_by_default")
async def test_entities(
    hass: HomeAssistant,
    rig: SimulatedAntminer,
    snapshot: SnapshotAssertion,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Every sensor with its state, unit, class, category and name."""
    monkeypatch.setattr("custom_components.mining_rig.PLATFORMS", ("sensor",))
    entry = await async_open(hass, "antminer", rig.form)
    await snapshot_platform(hass, er.async_get(hass), snapshot, entry.entry_id)


async def test_off_and_back(
    hass: HomeAssistant, rig: SimulatedAntminer, freezer: FrozenDateTimeFactory
) -> None:
    """A machine that is off is unavailable, and back with its first answer."""
    await async_open(hass, "antminer", rig.form)
    rig.fault("off")
    await async_pass_polls(hass, freezer, 10)
    assert shown(hass, "sensor.rig_power") == STATE_UNAVAILABLE
    rig.fault("on")
    await async_poll_until(hass, freezer, lambda: shown(hass, STATUS) == "mining")


async def test_sleep(
    hass: HomeAssistant, rig: SimulatedAntminer, freezer: FrozenDateTimeFactory
) -> None:
    """Sleep keeps the pools; on the way back its program starts, and is not away."""
    await async_open(hass, "antminer", rig.form)
    before = deepcopy(rig.config["pools"])
    await async_call(hass, "switch.turn_off", SWITCH)
    await async_poll_until(hass, freezer, lambda: shown(hass, STATUS) == "paused")
    assert shown(hass, "sensor.rig_hashrate") == "0.0"
    assert shown(hass, "binary_sensor.rig_mining_active") == STATE_OFF
    assert shown(hass, "sensor.rig_hottest_temperature") == STATE_UNKNOWN
    rig.restart_seconds = 100
    await async_call(hass, "switch.turn_on", SWITCH)
    await async_pass(hass, freezer, 30)
    assert shown(hass, STATUS) == "starting"
    assert shown(hass, "sensor.rig_hashrate") == "0.0"
    await async_poll_until(hass, freezer, lambda: shown(hass, STATUS) == "mining")
    assert shown(hass, SWITCH) == STATE_ON
    assert rig.config["pools"] == before


async def test_refused(hass: HomeAssistant, rig: SimulatedAntminer) -> None:
    """A configuration that is refused, or cannot be sent, is an error."""
    await async_open(hass, "antminer", rig.form)
    rig.refuses = True
    with pytest.raises(HomeAssistantError):
        await async_call(hass, "switch.turn_off", SWITCH)
    assert not rig.sleeps
    rig.fault("cut")
    with pytest.raises(HomeAssistantError):
        await async_call(hass, "switch.turn_off", SWITCH)
    assert not rig.sleeps
    assert len(rig.config["pools"]) == 3


async def test_not_followed(
    hass: HomeAssistant, rig: SimulatedAntminer, freezer: FrozenDateTimeFactory
) -> None:
    """A machine that answers OK and goes on is named."""
    await async_open(hass, "antminer", rig.form)
    rig.deaf = True
    await async_call(hass, "switch.turn_off", SWITCH)
    await async_poll_until(
        hass, freezer, lambda: shown(hass, STATUS) == "not_following"
    )


async def test_light(hass: HomeAssistant, rig: SimulatedAntminer) -> None:
    """The light is read back; one that stays dark is an error."""
    await async_open(hass, "antminer", rig.form)
    light = entity_id(hass, "switch", "locate")
    await async_call(hass, "switch.turn_on", light)
    assert rig.blinks
    assert shown(hass, light) == STATE_ON
    rig.deaf = True
    with pytest.raises(HomeAssistantError):
        await async_call(hass, "switch.turn_off", light)


async def test_reboot(hass: HomeAssistant, rig: SimulatedAntminer) -> None:
    """It drops the connection."""
    await async_open(hass, "antminer", rig.form)
    await async_call(hass, "button.press", entity_id(hass, "button", "reboot"))
    assert "/cgi-bin/reboot.cgi" in [request.path for request in rig.requests]


async def test_other_password(
    hass: HomeAssistant, rig: SimulatedAntminer, freezer: FrozenDateTimeFactory
) -> None:
    """A password that was changed is asked for, and nothing is tried."""
    await async_open(hass, "antminer", rig.form)
    rig.fault("wrong_token")
    await async_pass_polls(hass, freezer, 12)
    flows = hass.config_entries.flow.async_progress()
    assert [flow["context"]["source"] for flow in flows] == [SOURCE_REAUTH]


async def test_without_a_password(
    hass: HomeAssistant, rig: SimulatedAntminer, freezer: FrozenDateTimeFactory
) -> None:
    """What the socket gives; while its program restarts, the page still answers."""
    form = {**rig.form, "username": "", "password": ""}
    await async_open(hass, "antminer", form)
    assert float(shown(hass, "sensor.rig_hashrate")) == pytest.approx(200, rel=0.05)
    assert float(shown(hass, "sensor.rig_hottest_temperature")) == 63
    assert hass.states.get(SWITCH) is None
    rig.config["bitmain-work-mode"] = "1"
    await async_pass(hass, freezer, 30)
    assert shown(hass, "sensor.rig_hashrate") == "0.0"
    assert shown(hass, "binary_sensor.rig_mining_active") == STATE_OFF
    rig.config["bitmain-work-mode"] = "0"
    rig.restart(900)
    for _ in range(9):
        await async_pass(hass, freezer, 30)
        assert shown(hass, STATUS) == "starting"
    # After five minutes it counts as away.
    await async_poll_until(hass, freezer, lambda: shown(hass, STATUS) == "offline")


async def test_nonces(
    hass: HomeAssistant, rig: SimulatedAntminer, freezer: FrozenDateTimeFactory
) -> None:
    """A nonce that is used up costs no reading."""
    await async_open(hass, "antminer", rig.form)
    for _ in range(20):
        await async_pass(hass, freezer, 30)
        assert shown(hass, STATUS) == "mining"
    assert len(rig.requests) > 50
    assert rig.most_at_once == 1
