"""What protection leaves to its owner: resuming, orders, the latch, and the numbers."""

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
import pytest

from custom_components.mining_rig.coordinator import commands

from .protected import (
    HOT,
    KINDS,
    PLUG,
    STEP,
    Protected,
    async_call,
    async_plug,
    protected,
)
from .rigs import state

MAY_RESUME = {"may_resume": True}
pytestmark = pytest.mark.parametrize("kind", KINDS)


@pytest.fixture
def rig(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    monkeypatch: pytest.MonkeyPatch,
    kind: str,
) -> Protected:
    """Return a rig of the kind, for which time passes only when a test moves it."""
    freezer.move_to("2026-11-01 12:00:00+00:00")
    monkeypatch.setattr(commands, "CONFIRM_PAUSES", (0.0, 0.0))
    return protected(kind, hass, freezer)


async def async_cool(rig: Protected, celsius: float = 60.0) -> None:
    """Let a rig that was paused cool, and wait for longer than it has to stay off."""
    rig.celsius = celsius
    await rig.async_pass(rig.patience + 300)


# ---- resuming


async def test_resumes_where_allowed(rig: Protected) -> None:
    """Below "resume below", five minutes after it was stopped."""
    await rig.async_start(protection=MAY_RESUME)
    await rig.async_trip()
    rig.celsius = 64.0
    await rig.async_pass(290)
    assert not rig.is_ordered
    await rig.async_pass(STEP)
    assert rig.is_ordered
    assert rig.told == "resumed"
    assert not rig.has_issue("overheated")


async def test_does_not_resume_otherwise(rig: Protected) -> None:
    """Neither where it was not allowed, ..."""
    await rig.async_start()
    await rig.async_trip()
    await async_cool(rig)
    assert not rig.is_ordered


async def test_does_not_resume_while_warm(rig: Protected) -> None:
    """... nor at "resume below", ..."""
    await rig.async_start(protection=MAY_RESUME)
    await rig.async_trip()
    await async_cool(rig, 65.0)
    assert not rig.is_ordered
    assert state(rig.hass, "binary_sensor", "overheating").state == "on"


async def test_does_not_resume_against_its_owner(
    hass: HomeAssistant, rig: Protected
) -> None:
    """... nor what its owner has turned off meanwhile."""
    await rig.async_start(protection=MAY_RESUME)
    await rig.async_trip()
    await async_call(hass, "switch", "turn_off", rig.order_key)
    await async_cool(rig)
    assert not rig.is_ordered


async def test_resumes_with_its_power(rig: Protected) -> None:
    """What lost its power gets it back, and mines once it answers."""
    await rig.async_start(protection=MAY_RESUME)
    sensor = {"device_class": "temperature", "unit_of_measurement": "°C"}
    rig.hass.states.async_set("sensor.near", "20", sensor)
    rig.is_deaf = True
    await rig.async_trip()
    await rig.async_pass(rig.patience + STEP)
    assert rig.plug_told == ["off"]
    # It reports nothing without power, so nothing shows that it is cool.
    await rig.async_pass(400)
    assert rig.plug_told == ["off"]


# ---- what runs again by itself


async def test_returns(rig: Protected) -> None:
    """It is paused again; at the second time its power goes."""
    await rig.async_start()
    await rig.async_trip()
    rig.celsius = 70.0
    await rig.async_pass(rig.patience)
    assert rig.state == "paused"
    rig.start_by_itself()
    await rig.async_pass(STEP)
    assert not rig.is_ordered
    assert rig.plug_told == []
    if rig.patience > 20:
        # One that pushes does not obey its order any more.
        await rig.async_pass(rig.patience + STEP)
    else:
        await rig.async_pass(rig.patience)
        rig.start_by_itself()
        await rig.async_pass(2 * STEP)
    assert rig.plug_told == ["off"]


# ---- the owner's off is no trip


async def test_off_while_hot(hass: HomeAssistant, rig: Protected) -> None:
    """It is a success, told by an event and by no repair."""
    await rig.async_start()
    rig.celsius = HOT
    await rig.async_pass(STEP)
    await async_call(hass, "switch", "turn_off", rig.order_key)
    rig.celsius = HOT - 5
    await rig.async_pass(rig.patience + 60)
    assert rig.told == "stopped_by_others"
    assert not rig.has_issue("overheated")
    assert rig.plug_told == []


async def test_off_at_the_plug(hass: HomeAssistant, rig: Protected) -> None:
    """An automation that cuts the power is no trip either."""
    await rig.async_start()
    rig.celsius = HOT
    await rig.async_pass(STEP)
    await hass.services.async_call(
        "switch", "turn_off", {"entity_id": PLUG}, blocking=True
    )
    await rig.async_pass(rig.patience + 60)
    assert rig.told == "stopped_by_others"
    assert not rig.has_issue("overheated")


async def test_switched_on_while_it_is_off(hass: HomeAssistant, rig: Protected) -> None:
    """It is refused: nothing says how hot the rig is."""
    rig.plug = await async_plug(hass)
    await rig.async_add({"power_switch": PLUG})
    await rig.async_pass(STEP)
    await async_call(hass, "number", "set_value", "protection_limit", value=80)
    rig.is_silent = True
    await rig.async_pass(200)
    with pytest.raises(ServiceValidationError) as error:
        await async_call(hass, "switch", "turn_on", "thermal_protection")
    assert error.value.translation_key == "protection_needs_temperature"
    rig.is_silent = False
    await rig.async_pass(2 * STEP)
    await async_call(hass, "switch", "turn_on", "thermal_protection")
    assert state(hass, "switch", "thermal_protection").state == "on"


# ---- the latch


async def test_three_trips_latch(hass: HomeAssistant, rig: Protected) -> None:
    """Nothing resumes or is turned on until it is reset."""
    await rig.async_start(protection=MAY_RESUME)
    for trip in range(3):
        await rig.async_trip()
        assert rig.has_issue("latched") is (trip == 2)
        await async_cool(rig)
        assert rig.is_ordered is (trip < 2)
    with pytest.raises(ServiceValidationError) as error:
        await async_call(hass, "switch", "turn_on", rig.order_key)
    assert error.value.translation_key == "protection_latched"
    await async_call(hass, "button", "press", "protection_reset")
    assert not rig.has_issue("latched")
    await rig.async_pass(STEP)
    assert rig.is_ordered


# ---- restarts, in each state


@pytest.mark.parametrize(
    "when",
    ["watching", "hot", "stopped", "pausing", "paused", "cutting", "cut"],
)
async def test_restart(hass: HomeAssistant, rig: Protected, when: str) -> None:
    """Protection goes on with what it was doing, and with the chosen limit."""
    await rig.async_start()
    if when != "watching":
        rig.celsius = HOT
        await rig.async_pass(STEP)
    if when == "stopped":
        await async_call(hass, "switch", "turn_off", rig.order_key)
        rig.celsius = HOT - 5
    if when in ("pausing", "cut"):
        rig.is_deaf = True
    if when in ("pausing", "paused", "cutting", "cut"):
        await rig.async_pass(20)
    if when == "paused":
        rig.celsius = 70.0
        await rig.async_pass(rig.patience)
    if when == "cutting":
        # It has returned for the second time; the fans run on.
        for _ in range(2):
            rig.celsius = 70.0
            await rig.async_pass(STEP)
            rig.start_by_itself()
            await rig.async_pass(STEP)
            rig.obey_again()
    if when == "cut":
        await rig.async_pass(rig.patience + STEP)
    assert rig.state == when
    await rig.async_restart()
    assert state(hass, "switch", "thermal_protection").state == "on"
    assert state(hass, "number", "protection_limit").state == "80.0"
    hot = when != "watching"
    overheating = state(hass, "binary_sensor", "overheating").state
    assert overheating == ("on" if hot else "off")
    if when in ("watching", "stopped", "paused"):
        await rig.async_pass(rig.patience + 60)
        assert rig.state in ("watching", when)
        assert rig.plug_told == []
        return
    rig.is_deaf, rig.celsius = True, HOT
    await rig.async_pass(2 * rig.patience + 60)
    assert rig.state == "cut"
    assert "off" in rig.plug_told
