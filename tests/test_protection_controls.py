"""What the owner does with the entities of protection, and with the plug itself."""

from typing import Any, override

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.util import dt as dt_util
import pytest

from custom_components.mining_rig.coordinator import commands
from custom_components.mining_rig.model import Control, Value
from custom_components.mining_rig.readings import HASHRATE, HOTTEST, MINING_ALLOWED
from custom_components.mining_rig.sources.common.contract import CommandRefused

from .protected import HOT, PLUG, STEP, Polled, async_call
from .pushing import async_set_up_rigs, body, pushing_entry
from .rigs import entity_id, state
from .scripted import ScriptedSource


@pytest.fixture
def rig(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> Polled:
    """Return a polled rig, for which time passes only when a test moves it."""
    freezer.move_to("2026-11-01 12:00:00+00:00")
    monkeypatch.setattr(commands, "CONFIRM_PAUSES", (0.0, 0.0))
    return Polled(hass, freezer)


async def async_fails(hass: HomeAssistant, *call: str, **data: float) -> str | None:
    """Return the key of the error of a call."""
    with pytest.raises(HomeAssistantError) as error:
        await async_call(hass, *call, **data)
    return error.value.translation_key


async def async_turn_plug(hass: HomeAssistant, to: str) -> None:
    """Switch the plug as an automation does."""
    context = Context(parent_id="automation")
    await hass.services.async_call(
        "switch", f"turn_{to}", {"entity_id": PLUG}, blocking=True, context=context
    )
    await hass.async_block_till_done(wait_background_tasks=True)


async def test_switched_off(hass: HomeAssistant, rig: Polled) -> None:
    """What it stopped stays off, and nothing looks any more."""
    await rig.async_start(protection={"may_resume": True})
    await rig.async_trip()
    await async_call(hass, "switch", "turn_off", "thermal_protection")
    rig.celsius = 40.0
    await rig.async_pass(600)
    assert not rig.is_ordered
    assert state(hass, "binary_sensor", "overheating").state == "unknown"


async def test_numbers(hass: HomeAssistant, rig: Polled) -> None:
    """They must not contradict each other, and count at once."""
    await rig.async_start()
    call = ("number", "set_value")
    above = await async_fails(hass, *call, "protection_resume_below", value=80)
    assert above == "protection_resume_above_limit"
    await async_call(hass, *call, "protection_resume_below", value=44)
    assert await async_fails(hass, *call, "protection_limit", value=44) == above
    await async_call(hass, *call, "protection_limit", value=48)
    assert state(hass, "binary_sensor", "overheating").state == "on"


async def test_plug_of_the_owner(hass: HomeAssistant, rig: Polled) -> None:
    """An off while hot is no trip; an on while it is cut lets the rig run."""
    await rig.async_start()
    rig.celsius = HOT
    await rig.async_pass(STEP)
    await async_turn_plug(hass, "off")
    await rig.async_pass(rig.patience + 60)
    assert rig.told == "stopped_by_others"
    rig.celsius = 40.0
    await async_turn_plug(hass, "on")
    await rig.async_pass(2 * STEP)
    assert rig.state == "watching"
    rig.is_deaf = True
    await rig.async_trip()
    await rig.async_pass(rig.patience + STEP)
    assert rig.state == "cut"
    rig.celsius = 40.0
    await async_turn_plug(hass, "on")
    await rig.async_pass(2 * STEP)
    assert rig.state == "watching"


async def test_test(hass: HomeAssistant, rig: Polled) -> None:
    """It needs a rig that mines and is not hot, and tells what is not shown."""
    control = Control(channel=MINING_ALLOWED.plain, confirm_within=0.01)
    rig.source = ScriptedSource(rig.source.values, control)
    press = ("button", "press", "protection_test")
    await rig.async_start()
    await async_call(hass, *press)
    assert rig.source.writes == [False, True]
    rig.is_deaf = True
    await rig.async_pass(STEP)
    assert await async_fails(hass, *press) == "not_confirmed"
    rig.is_deaf = False
    rig.celsius = HOT
    await rig.async_pass(STEP)
    assert await async_fails(hass, *press) == "protection_hot"
    await rig.async_pass(30)
    assert await async_fails(hass, *press) == "protection_hot"
    rig.celsius = 40.0
    await rig.async_pass(60)
    assert await async_fails(hass, *press) == "protection_test_needs_mining"


class Stubborn(ScriptedSource):
    """One that lets itself be paused, and not be started."""

    @override
    async def write(self, part: str, control: Control[Any], value: Value) -> None:
        if value:
            raise CommandRefused("not_offered")
        await super().write(part, control, value)


async def test_rig_that_does_not_resume(
    hass: HomeAssistant, rig: Polled, caplog: pytest.LogCaptureFixture
) -> None:
    """It is told to once, and the log says why it did not."""
    rig.source = Stubborn(
        {MINING_ALLOWED.plain: True, HASHRATE.plain: 1e6, HOTTEST.plain: 50.0},
        Control(channel=MINING_ALLOWED.plain),
    )
    await rig.async_start(protection={"may_resume": True})
    await rig.async_trip()
    rig.celsius = 40.0
    await rig.async_pass(600)
    assert not rig.is_ordered
    assert caplog.text.count("Office PC does not resume") == 1


@pytest.mark.parametrize("sensor", ["sensor.near", "binary_sensor.smoke"])
async def test_sensor_that_tells_nothing(
    hass: HomeAssistant, rig: Polled, sensor: str
) -> None:
    """The rig's own temperatures go on to count beside it."""
    await rig.async_start(protection={"heat_sensor": sensor})
    for value in ("unknown", "nonsense"):
        hass.states.async_set(sensor, value)
        await rig.async_pass(STEP)
        assert rig.state == "watching"
    await rig.async_trip()
    assert not rig.is_ordered


async def test_plug_that_refuses(
    hass: HomeAssistant, rig: Polled, caplog: pytest.LogCaptureFixture
) -> None:
    """The log says so, and it is told again."""
    await rig.async_start()
    assert rig.plug is not None

    def refuse() -> None:
        raise HomeAssistantError("no radio")

    rig.plug.on_told = refuse
    rig.is_deaf = True
    await rig.async_trip()
    await rig.async_pass(rig.patience + 120)
    assert f"{PLUG} cannot be switched: no radio" in caplog.text
    assert rig.plug_told.count("off") > 1


async def test_hot_rig_is_not_started(hass: HomeAssistant, rig: Polled) -> None:
    """The error says how hot it is and what it has to be."""
    await rig.async_start()
    await rig.async_trip()
    with pytest.raises(ServiceValidationError) as error:
        await async_call(hass, "switch", "turn_on", "mining_allowed")
    assert error.value.translation_placeholders == {
        "rig": "Office PC",
        "temperature": "85",
        "limit": "80",
        "resume": "65",
    }
    assert hass.states.is_state(entity_id(hass, "switch", "mining_allowed"), "off")


async def test_resumes_after_its_power_was_cut(
    hass: HomeAssistant, rig: Polled
) -> None:
    """The sensor that was too hot is cool: its power comes first, then its work."""

    def measure(celsius: int) -> None:
        unit = {"unit_of_measurement": "°C"}
        hass.states.async_set("sensor.near", str(celsius), unit)

    measure(30)
    near = {"heat_sensor": "sensor.near", "heat_sensor_limit": 60}
    await rig.async_start(protection={"may_resume": True, **near})
    measure(70)
    await rig.async_pass(60 + rig.patience)
    assert rig.state == "cut"
    assert not rig.is_ordered
    measure(30)
    await rig.async_pass(200)
    assert rig.plug_told == ["off"]
    measure(31)
    await rig.async_pass(200)
    assert rig.plug_told == ["off", "on"]
    assert rig.is_ordered
    assert rig.told == "resumed"


async def test_test_of_a_rig_that_pushes(hass: HomeAssistant, rig: Polled) -> None:
    """Its next log shows whether it has paused; one that never does fails the test."""
    entry = pushing_entry("cpu_gpu", title="Office PC", options={"off_takes": 0})
    await async_set_up_rigs(hass, entry)
    coordinator = entry.runtime_data

    def push(**changes: object) -> None:
        log = {**body("cpu_gpu_log_xmrig_3gpu.request"), **changes}
        coordinator.source.receive(log, dt_util.utcnow())
        coordinator.async_receive()

    push()
    await hass.async_block_till_done()
    press = ("button", "press", "protection_test")
    assert await async_fails(hass, *press) == "protection_test_failed"
