"""Cut power when a rig overheats: every stage, silence, restarts, resuming."""

from collections.abc import Awaitable, Callable
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.const import STATE_OFF, STATE_ON, STATE_UNAVAILABLE, STATE_UNKNOWN
from homeassistant.core import CoreState, HomeAssistant, ServiceCall
from homeassistant.exceptions import HomeAssistantError
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import async_mock_service

from simulator.hardware import Card
from simulator.models import RTX_3070
from simulator.xmrig import SimulatedXMRig

from ..rigs import async_set_up, entity_id, entry_for
from .running import async_start, automate, pass_polls, pass_seconds, settle

ONE, TWO = "sensor.one", "sensor.two"
SWITCH, PLUG = "input_boolean.mining", "input_boolean.plug"
METER, ACTIVE = "sensor.meter", "binary_sensor.active"

type Automate = Callable[..., Awaitable[None]]
type Pass = Callable[[float], Awaitable[None]]


@pytest.fixture(autouse=True)
async def _home(hass: HomeAssistant) -> None:
    """Have two thermometers, a switch and a plug."""
    switches = {"mining": {"initial": True}, "plug": {"initial": True}}
    assert await async_setup_component(
        hass, "input_boolean", {"input_boolean": switches}
    )
    assert await async_setup_component(hass, "homeassistant", {})
    await hass.async_block_till_done()
    hass.states.async_set(ONE, "60")
    hass.states.async_set(TWO, "60")


@pytest.fixture
def told(hass: HomeAssistant) -> list[ServiceCall]:
    """Return the messages."""
    calls: list[ServiceCall] = async_mock_service(hass, "notify", "send_message")
    return calls


@pytest.fixture
def protect(hass: HomeAssistant) -> Automate:
    """Return what makes the automation, with what differs from a usual one."""

    async def make(**inputs: Any) -> None:
        usual: dict[str, Any] = {
            "temperature_sensors": [ONE, TWO],
            "limit": 85,
            "hold_seconds": 60,
            "rig_switches": [SWITCH],
            "plugs": [PLUG],
            "stays_hot_minutes": 3,
        }
        await automate(hass, "cut_power_when_hot", usual | inputs)

    return make


@pytest.fixture
def wait(hass: HomeAssistant, freezer: FrozenDateTimeFactory) -> Pass:
    """Return what lets seconds pass."""

    async def pass_(seconds: float) -> None:
        await pass_seconds(hass, freezer, seconds)

    return pass_


def is_on(hass: HomeAssistant, entity: str) -> bool:
    """Tell whether something is on."""
    return hass.states.is_state(entity, STATE_ON)


async def test_stages(hass: HomeAssistant, protect: Automate, wait: Pass) -> None:
    """The pause after the hold time; the plug if it stays hot, 10 s after a pause."""
    await protect()
    hass.states.async_set(TWO, "86")
    await wait(55)
    assert is_on(hass, SWITCH)
    await wait(10)
    assert not is_on(hass, SWITCH)
    await wait(170)
    assert is_on(hass, PLUG)
    hass.states.async_set(TWO, "90")
    await wait(10)
    assert is_on(hass, PLUG)
    await wait(10)
    assert not is_on(hass, PLUG)


@pytest.mark.parametrize("value", ["85", "84.9", STATE_UNKNOWN, STATE_UNAVAILABLE])
async def test_not_hot(
    hass: HomeAssistant, protect: Automate, wait: Pass, value: str
) -> None:
    """What is not above the limit, or was never seen hot, is left alone."""
    await protect()
    hass.states.async_set(ONE, value)
    await wait(300)
    assert is_on(hass, SWITCH)


async def test_short(hass: HomeAssistant, protect: Automate, wait: Pass) -> None:
    """Heat shorter than the hold time does nothing, however often."""
    await protect()
    for _ in range(4):
        hass.states.async_set(ONE, "90")
        await wait(50)
        hass.states.async_set(ONE, "80")
        await wait(20)
    assert is_on(hass, SWITCH)


async def test_cools(hass: HomeAssistant, protect: Automate, wait: Pass) -> None:
    """If the pause helps the plug stays on; the next heat is a new episode."""
    await protect()
    hass.states.async_set(ONE, "90")
    await wait(65)
    hass.states.async_set(ONE, "80")
    await wait(600)
    assert is_on(hass, PLUG)
    assert not is_on(hass, SWITCH)
    hass.states.async_set(SWITCH, STATE_ON)
    hass.states.async_set(ONE, "90")
    await wait(70)
    assert not is_on(hass, SWITCH)
    assert is_on(hass, PLUG)


async def test_always_the_plug(
    hass: HomeAssistant, protect: Automate, wait: Pass
) -> None:
    """Both at once means 10 seconds apart."""
    await protect(plug_when="always")
    hass.states.async_set(ONE, "90")
    await wait(65)
    assert not is_on(hass, SWITCH)
    assert is_on(hass, PLUG)
    await wait(10)
    assert not is_on(hass, PLUG)


async def test_only_a_plug(hass: HomeAssistant, protect: Automate, wait: Pass) -> None:
    """Nothing to wait for: the plug is off at once."""
    await protect(rig_switches=[])
    hass.states.async_set(ONE, "90")
    await wait(60)
    assert not is_on(hass, PLUG)


async def test_only_a_switch(
    hass: HomeAssistant, protect: Automate, wait: Pass, told: list[ServiceCall]
) -> None:
    """Somebody turned it on while it is hot: off again, and told once."""
    await protect(plugs=[], phones=["notify.phone"])
    hass.states.async_set(ONE, "90")
    await wait(60)
    for _ in range(3):
        hass.states.async_set(SWITCH, STATE_ON)
        await wait(200)
        assert not is_on(hass, SWITCH)
    assert [call.data["title"] for call in told] == [
        "A mining rig is too hot",
        "A mining rig stays too hot. Look after it!",
    ]
    assert told[0].data["message"] == (
        "90 ° (limit 85 °). input_boolean.mining turned off."
    )
    assert told[0].data["entity_id"] == ["notify.phone"]


# ---- silence


@pytest.mark.parametrize("silence", [STATE_UNAVAILABLE, STATE_UNKNOWN, None])
async def test_silent_while_hot(
    hass: HomeAssistant, protect: Automate, wait: Pass, silence: str | None
) -> None:
    """It counts as hot, and the silence after the pause is no success."""
    await protect()
    hass.states.async_set(ONE, "90")
    await wait(20)
    if silence is None:
        hass.states.async_remove(ONE)
    else:
        hass.states.async_set(ONE, silence)
    await wait(50)
    assert not is_on(hass, SWITCH)
    await wait(200)
    assert not is_on(hass, PLUG)


async def test_each_sensor_has_its_own_silence(
    hass: HomeAssistant, protect: Automate, wait: Pass
) -> None:
    """A sensor that was cool when it fell silent is not hot; one that was, is."""
    await protect()
    hass.states.async_set(ONE, "90")
    await wait(10)
    hass.states.async_set(TWO, STATE_UNAVAILABLE)
    await wait(10)
    hass.states.async_set(ONE, "60")
    await wait(120)
    assert is_on(hass, SWITCH)

    hass.states.async_set(ONE, "90")
    await wait(10)
    hass.states.async_set(TWO, "90")
    await wait(10)
    hass.states.async_set(ONE, "60")
    hass.states.async_set(TWO, STATE_UNAVAILABLE)
    await wait(60)
    assert not is_on(hass, SWITCH)


async def test_back_and_cool(
    hass: HomeAssistant, protect: Automate, wait: Pass
) -> None:
    """A reload of the integration is no heat."""
    await protect()
    hass.states.async_set(ONE, "90")
    await wait(20)
    hass.states.async_set(ONE, STATE_UNAVAILABLE)
    await wait(10)
    hass.states.async_set(ONE, "70")
    await wait(120)
    assert is_on(hass, SWITCH)


@pytest.mark.parametrize(
    ("inputs", "evidence", "is_success"),
    [
        ({}, {}, False),
        ({}, {PLUG: STATE_OFF}, True),
        ({}, {PLUG: STATE_UNAVAILABLE}, False),
        ({"power_meters": [METER]}, {METER: "19"}, True),
        ({"power_meters": [METER]}, {METER: "20"}, False),
        ({"power_meters": [METER]}, {METER: STATE_UNAVAILABLE}, False),
        ({"mining_active": [ACTIVE]}, {ACTIVE: STATE_OFF}, True),
        ({"mining_active": [ACTIVE]}, {ACTIVE: STATE_ON}, False),
        ({"mining_active": [ACTIVE]}, {ACTIVE: STATE_UNAVAILABLE}, False),
    ],
)
async def test_evidence(
    hass: HomeAssistant,
    protect: Automate,
    wait: Pass,
    *,
    told: list[ServiceCall],
    inputs: dict[str, Any],
    evidence: dict[str, str],
    is_success: bool,
) -> None:
    """Silence after the pause is success only if something else shows it."""
    hass.states.async_set(ACTIVE, STATE_ON)
    hass.states.async_set(METER, "300")
    await protect(**inputs, phones=["notify.phone"])
    hass.states.async_set(ONE, "90")
    await wait(70)
    assert not is_on(hass, SWITCH)
    for entity, state in evidence.items():
        hass.states.async_set(entity, state)
    await wait(10)
    hass.states.async_set(ONE, STATE_UNAVAILABLE)
    hass.states.async_set(ACTIVE, STATE_UNAVAILABLE)
    await wait(240)
    assert len(told) == (1 if is_success else 2)


async def test_evidence_is_no_measurement(
    hass: HomeAssistant, protect: Automate, wait: Pass
) -> None:
    """A sensor that still measures heat is believed."""
    hass.states.async_set(ACTIVE, STATE_OFF)
    await protect(mining_active=[ACTIVE])
    hass.states.async_set(ONE, "90")
    await wait(60 + 180 + 20)
    assert not is_on(hass, PLUG)


# ---- failures and restarts


async def test_a_command_fails(
    hass: HomeAssistant, protect: Automate, wait: Pass, told: list[ServiceCall]
) -> None:
    """A rig that does not obey loses its power; a phone that is away harms nothing."""

    async def refuse(call: ServiceCall) -> None:
        raise HomeAssistantError

    hass.states.async_set("switch.rig", STATE_ON)
    hass.services.async_register("switch", "turn_off", refuse)
    hass.services.async_register("notify", "send_message", refuse)
    await protect(rig_switches=["switch.rig"], phones=["notify.phone"])
    hass.states.async_set(ONE, "90")
    await wait(60 + 180 + 20)
    assert not is_on(hass, PLUG)


@pytest.mark.parametrize("at_first", ["90", STATE_UNAVAILABLE])
async def test_start(
    hass: HomeAssistant, protect: Automate, wait: Pass, at_first: str
) -> None:
    """A rig that is hot when Home Assistant starts is noticed."""
    hass.set_state(CoreState.not_running)
    hass.states.async_set(ONE, at_first)
    await protect()
    await async_start(hass)
    await wait(20)
    hass.states.async_set(ONE, "90")
    await wait(70)
    assert not is_on(hass, SWITCH)


async def test_made_while_hot(
    hass: HomeAssistant, protect: Automate, wait: Pass
) -> None:
    """An automation that is made or reloaded while the rig is hot notices it."""
    hass.states.async_set(ONE, "90")
    await protect()
    hass.bus.async_fire("automation_reloaded")
    await wait(65)
    assert not is_on(hass, SWITCH)


async def test_ended_early(hass: HomeAssistant, protect: Automate, wait: Pass) -> None:
    """Whatever ended its run, it looks again while it is hot."""
    await protect()
    hass.states.async_set(ONE, "90")
    await wait(20)
    for action in ("turn_off", "turn_on"):
        await hass.services.async_call(
            "automation", action, {"entity_id": "automation.test"}, blocking=True
        )
    await wait(12 * 60)
    assert not is_on(hass, SWITCH)


# ---- resuming


async def test_resume(
    hass: HomeAssistant, protect: Automate, wait: Pass, told: list[ServiceCall]
) -> None:
    """When all sensors were below the lower limit for so long; what was on before."""
    await protect(resume=True, phones=["notify.phone"])
    hass.states.async_set(ONE, "90")
    await wait(65)
    hass.states.async_set(ONE, "70")
    await wait(600)
    hass.states.async_set(ONE, "59")
    await wait(600)
    assert not is_on(hass, SWITCH)
    hass.states.async_set(TWO, "59")
    await wait(295)
    assert not is_on(hass, SWITCH)
    await wait(10)
    assert is_on(hass, SWITCH)
    assert told[-1].data["title"] == "A mining rig is cool again"


async def test_resume_needs_readings(
    hass: HomeAssistant, protect: Automate, wait: Pass
) -> None:
    """Silence is not cool."""
    hass.states.async_set(ACTIVE, STATE_OFF)
    await protect(resume=True, mining_active=[ACTIVE])
    hass.states.async_set(ONE, "90")
    await wait(70)
    hass.states.async_set(TWO, "50")
    hass.states.async_set(ONE, STATE_UNAVAILABLE)
    await wait(1200)
    assert not is_on(hass, SWITCH)
    assert is_on(hass, PLUG)


async def test_resume_leaves_what_was_off(
    hass: HomeAssistant, protect: Automate, wait: Pass
) -> None:
    """What its owner turned off stays off; so does all after a second stage."""
    hass.states.async_set(SWITCH, STATE_OFF)
    await protect(resume=True)
    hass.states.async_set(ONE, "90")
    await wait(65)
    hass.states.async_set(ONE, "50")
    hass.states.async_set(TWO, "50")
    await wait(600)
    assert not is_on(hass, SWITCH)

    hass.states.async_set(SWITCH, STATE_ON)
    hass.states.async_set(ONE, "90")
    await wait(60 + 180 + 20)
    assert not is_on(hass, PLUG)
    hass.states.async_set(ONE, "50")
    await wait(600)
    assert not is_on(hass, PLUG)
    assert not is_on(hass, SWITCH)


async def test_resume_with_a_plug(
    hass: HomeAssistant, protect: Automate, wait: Pass
) -> None:
    """The plug first, then the rig's switch."""
    await protect(resume=True, plug_when="always")
    hass.states.async_set(ONE, "90")
    await wait(80)
    assert not is_on(hass, PLUG)
    hass.states.async_set(ONE, "50")
    hass.states.async_set(TWO, "50")
    await wait(310)
    assert is_on(hass, PLUG)
    assert is_on(hass, SWITCH)


# ---- a real rig


async def test_polled_rig(
    hass: HomeAssistant,
    *,
    freezer: FrozenDateTimeFactory,
    socket_enabled: None,
    protect: Automate,
    wait: Pass,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """An XMRig is paused; that this was read back makes its silence a success."""
    monkeypatch.setattr(
        "custom_components.mining_rig.coordinator.commands.CONFIRM_PAUSES", (0.0,) * 8
    )
    async with SimulatedXMRig(
        token="secret", restricted=False, cards=[Card(model=RTX_3070)]
    ) as rig:
        await async_set_up(hass, entry_for(rig))
        hottest = entity_id(hass, "sensor", "hottest")
        switch = entity_id(hass, "switch", "mining_allowed")
        state = hass.states.get(hottest)
        assert state is not None
        await protect(
            temperature_sensors=[hottest],
            limit=float(state.state) + 5,
            rig_switches=[switch],
        )
        hashrate = entity_id(hass, "sensor", "hashrate")
        await pass_polls(hass, freezer, hashrate, 3)
        assert is_on(hass, switch)
        rig.fault("hot")
        for _ in range(40):
            await pass_polls(hass, freezer, hashrate, 1)
            if not is_on(hass, switch):
                break
        assert rig.paused
        rig.fault("off")
        for _ in range(30):
            await wait(30)
            await settle()
        assert hass.states.is_state(hottest, STATE_UNAVAILABLE)
        assert is_on(hass, PLUG)
