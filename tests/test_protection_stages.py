"""The stages of thermal protection, of a rig that is polled and of one that pushes."""

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
import pytest

from custom_components.mining_rig.coordinator import commands

from .protected import HOT, KINDS, STEP, Protected, async_call, protected
from .rigs import state

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


# ---- first stage


async def test_first_stage(hass: HomeAssistant, rig: Protected) -> None:
    """At the limit for the hold time, the rig is paused; the repair stays."""
    await rig.async_start()
    rig.celsius = 79.0
    await rig.async_pass(60)
    assert rig.state == "watching"
    rig.celsius = 80.0
    await rig.async_pass(STEP)
    assert state(hass, "binary_sensor", "overheating").state == "on"
    assert rig.is_ordered
    await rig.async_pass(20)
    assert not rig.is_ordered
    event = state(hass, "event", "protection").attributes
    assert (event["event_type"], event["temperature"]) == ("overheated", 80.0)
    assert rig.has_issue("overheated")
    with pytest.raises(ServiceValidationError) as error:
        await async_call(hass, "switch", "turn_on", rig.order_key)
    assert error.value.translation_key == "protection_hot"
    assert rig.plug_told == []


async def test_no_hold_time(rig: Protected) -> None:
    """With 0 s the first reading pauses it."""
    await rig.async_start(protection={"hold_time": 0})
    rig.celsius = HOT
    await rig.async_pass(STEP)
    assert not rig.is_ordered


@pytest.mark.parametrize("is_silent", [False, True], ids=["no reading", "offline"])
async def test_what_disappears_while_hot_is_hot(
    rig: Protected, is_silent: bool
) -> None:
    """Neither a missing temperature nor a rig that does not answer is a cool one."""
    await rig.async_start()
    rig.celsius = HOT
    await rig.async_pass(STEP)
    rig.celsius, rig.is_silent = None, is_silent
    await rig.async_pass(20)
    assert rig.state == "pausing"
    assert rig.told == "overheated"


async def test_silence_of_a_cool_rig(rig: Protected) -> None:
    """It is no trip, and no sign that the rig is off."""
    await rig.async_start()
    rig.is_silent = True
    await rig.async_pass(300)
    assert rig.state == "watching"
    assert rig.is_ordered


# ---- second stage


async def test_second_stage_of_a_deaf_rig(rig: Protected) -> None:
    """It comes after the time of the first, and ten seconds for the fans."""
    await rig.async_start()
    rig.is_deaf = True
    await rig.async_trip()
    await rig.async_pass(rig.patience - STEP)
    assert rig.state == "pausing"
    await rig.async_pass(STEP)
    assert rig.plug_told == ["off"]
    assert rig.told == "power_cut"


async def test_power_ten_seconds_after_a_pause(rig: Protected) -> None:
    """A reading that rises shortens the time of the stage, not that of the fans."""
    await rig.async_start()
    rig.is_deaf = True
    await rig.async_trip()
    assert rig.plug is not None
    rig.plug.on_told = lambda: times.append(rig.freezer().timestamp())
    paused_at = rig.freezer().timestamp()
    times: list[float] = []
    for _ in range(3):
        assert rig.celsius is not None
        rig.celsius += 1
        await rig.async_pass(STEP)
    assert times
    assert 10 <= times[0] - paused_at <= 2 * STEP


async def test_a_pause_that_helps(rig: Protected) -> None:
    """2 °C less than at the trip is enough until it is cool."""
    await rig.async_start()
    await rig.async_trip()
    rig.celsius = HOT - 2
    await rig.async_pass(rig.patience + 20)
    assert rig.state == "paused"
    assert rig.plug_told == []


async def test_a_pause_that_does_not_help(rig: Protected) -> None:
    """One degree less, and not below "resume below", is still hot."""
    await rig.async_start()
    await rig.async_trip()
    rig.celsius = HOT - 1
    await rig.async_pass(rig.patience)
    assert rig.plug_told == ["off"]


async def test_still_hot_without_a_plug(rig: Protected) -> None:
    """A rig that obeyed once and does not now is told about, and paused again."""
    await rig.async_start(plug=False)
    assert rig.told is None
    rig.is_deaf = True
    await rig.async_trip()
    await rig.async_pass(rig.patience)
    assert rig.told == "still_hot"
    assert rig.has_issue("still_hot")
    assert rig.state == "pausing"


# ---- silence after a stage


async def test_silence_without_evidence(rig: Protected) -> None:
    """A rig that stops to answer is not off: its power is cut."""
    await rig.async_start()
    rig.celsius, rig.is_deaf = HOT, True
    await rig.async_pass(STEP)
    rig.is_silent = True
    await rig.async_pass(20)
    await rig.async_pass(rig.patience + 20)
    assert rig.plug_told == ["off"]


async def test_silence_after_the_pause_was_read(rig: Protected) -> None:
    """It was seen to stop: the silence is no heat."""
    await rig.async_start()
    await rig.async_trip()
    rig.celsius = HOT - 5
    await rig.async_pass(STEP)
    rig.is_silent = True
    await rig.async_pass(rig.patience + 60)
    assert rig.state == "paused"
    assert rig.plug_told == []


async def test_silence_without_power(hass: HomeAssistant, rig: Protected) -> None:
    """A meter below 20 W shows that it is off; at 20 W it is on."""
    watts = {"device_class": "power", "unit_of_measurement": "W"}
    hass.states.async_set("sensor.meter", "500", watts)
    await rig.async_start(power_meter="sensor.meter")
    rig.celsius, rig.is_deaf = HOT, True
    await rig.async_pass(STEP)
    rig.is_silent = True
    await rig.async_pass(20)
    hass.states.async_set("sensor.meter", "19.9", watts)
    await rig.async_pass(rig.patience + 20)
    assert (rig.state, rig.plug_told) == ("paused", [])


async def test_switch_that_stays_on(rig: Protected) -> None:
    """The order is repeated, and a repair says so until it is off."""
    await rig.async_start()
    rig.is_deaf = True
    assert rig.plug is not None
    rig.plug.is_stuck = True
    await rig.async_trip()
    await rig.async_pass(rig.patience + 20)
    assert rig.plug_told == ["off", "off"]
    assert rig.told == "power_stays_on"
    assert rig.has_issue("power_stays_on")
    rig.plug.is_stuck = False
    await rig.async_pass(70)
    assert rig.plug_told == ["off"] * 3
    assert not rig.has_issue("power_stays_on")
