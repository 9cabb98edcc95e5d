"""Tell my phone about a mining rig: messages, silence, restarts, buttons."""

from collections.abc import Awaitable, Callable
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.const import STATE_OFF, STATE_ON, STATE_UNAVAILABLE
from homeassistant.core import CoreState, HomeAssistant, ServiceCall
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_mock_service,
)

from simulator.xmrig import SimulatedXMRig

from ..rigs import async_set_up, entity_id, entry_for
from .running import async_start, automate, pass_seconds

SWITCH, PLUG, TIMES = "input_boolean.mining", "input_boolean.plug", "input_boolean.run"
EVENT = "event.protection"
ATTRIBUTES: dict[str, dict[str, str]] = {
    SWITCH: {"device_class": "switch"},
    PLUG: {},
    TIMES: {},
}
WATCHED = {
    "offline": ("sensor.status", "mining", "offline"),
    "idle": ("sensor.status_of_another_kind", "mining", "idle"),
    "hot": ("sensor.temperature", "60", "81"),
    "hashrate": ("sensor.hashrate", "10", "8.9"),
    "rejections": ("sensor.rejections", "1", "5.1"),
    "problem": ("binary_sensor.frozen", STATE_OFF, STATE_ON),
}
CLASSES = {"offline": "enum", "idle": "enum", "problem": "problem"}
"""Device classes of what is found by itself."""
TITLES = {
    "offline": "Garage is offline",
    "idle": "Garage is idle",
    "hot": "Garage is too hot",
    "hashrate": "Garage is slow",
    "rejections": "Garage loses shares",
    "problem": "Garage has a problem",
}

type Automate = Callable[..., Awaitable[None]]
type Pass = Callable[[float], Awaitable[None]]


@pytest.fixture(autouse=True)
async def _home(hass: HomeAssistant) -> None:
    """Have switches, and a rig that is well."""
    names = ("mining", "plug", "run")
    switches = {name: {"initial": True} for name in names}
    assert await async_setup_component(
        hass, "input_boolean", {"input_boolean": switches}
    )
    assert await async_setup_component(hass, "homeassistant", {})
    await hass.async_block_till_done()


@pytest.fixture
def rig(hass: HomeAssistant, _home: None) -> str:
    """Return the device of a rig that is well: status, problem, switch and events."""
    entry = MockConfigEntry(domain="mining_rig")
    entry.add_to_hass(hass)
    device = dr.async_get(hass).async_get_or_create(
        config_entry_id=entry.entry_id,
        identifiers={("mining_rig", "1")},
        name="Cellar",
    )
    registry = er.async_get(hass)
    found = [WATCHED[kind][0] for kind in CLASSES] + [EVENT]
    for entity in found:
        domain, name = entity.split(".")
        registry.async_get_or_create(
            domain,
            "mining_rig",
            name,
            suggested_object_id=name,
            device_id=device.id,
            config_entry=entry,
        )
    registry.async_update_entity(SWITCH, device_id=device.id, device_class="switch")
    for kind in WATCHED:
        mend(hass, kind)
    return device.id


@pytest.fixture
def phone(hass: HomeAssistant) -> str:
    """Return the device of a phone."""
    entry = MockConfigEntry(domain="mobile_app")
    entry.add_to_hass(hass)
    device = dr.async_get(hass).async_get_or_create(
        config_entry_id=entry.entry_id,
        identifiers={("mobile_app", "1")},
        name="Anna's Pixel",
    )
    return device.id


@pytest.fixture
def told(hass: HomeAssistant) -> list[ServiceCall]:
    """Return the messages that the phone gets."""
    calls: list[ServiceCall] = async_mock_service(
        hass, "notify", "mobile_app_anna_s_pixel"
    )
    return calls


@pytest.fixture
def watch(hass: HomeAssistant, phone: str, rig: str) -> Automate:
    """Return what makes the automation, with what differs from a usual one."""

    async def make(**inputs: Any) -> None:
        usual: dict[str, Any] = {
            "phones": [phone],
            "rig": rig,
            "rig_name": "Garage",
            "plug": [PLUG],
            "schedule": [TIMES],
            "temperature_sensors": [WATCHED["hot"][0]],
            "temperature_limit": 80,
            "hashrate": [WATCHED["hashrate"][0]],
            "hashrate_limit": 9,
            "rejection_rate": [WATCHED["rejections"][0]],
            "offline_minutes": 1,
            "idle_minutes": 1,
            "hashrate_minutes": 1,
            "rejections_minutes": 1,
        }
        await automate(hass, "tell_my_phone", usual | inputs)

    return make


@pytest.fixture
def wait(hass: HomeAssistant, freezer: FrozenDateTimeFactory) -> Pass:
    """Return what lets seconds pass."""

    async def pass_(seconds: float) -> None:
        await pass_seconds(hass, freezer, seconds, step=10)

    return pass_


def spoil(hass: HomeAssistant, kind: str) -> None:
    """Let one thing be bad."""
    set_state(hass, kind, WATCHED[kind][2])


def mend(hass: HomeAssistant, kind: str) -> None:
    """Let one thing be good."""
    set_state(hass, kind, WATCHED[kind][1])


def set_state(hass: HomeAssistant, kind: str, value: str) -> None:
    """Give what is watched another state."""
    entity = WATCHED[kind][0]
    attributes = {"friendly_name": entity, "device_class": CLASSES.get(kind)}
    hass.states.async_set(entity, value, attributes)


@pytest.mark.parametrize("kind", WATCHED)
async def test_told_once(
    hass: HomeAssistant,
    watch: Automate,
    wait: Pass,
    told: list[ServiceCall],
    kind: str,
) -> None:
    """Each thing is told when it lasts, with the buttons; not when it passes."""
    await watch()
    spoil(hass, kind)
    await wait(50)
    mend(hass, kind)
    await wait(60)
    assert not told
    spoil(hass, kind)
    await wait(300)
    (message,) = told
    assert message.data["title"] == TITLES[kind]
    assert message.data["message"]
    titles = [button["title"] for button in message.data["data"]["actions"]]
    assert titles == ["Pause", "Resume", "Cut power"]
    assert "push" not in message.data["data"]
    mend(hass, kind)
    await wait(10)
    spoil(hass, kind)
    await wait(70)
    assert len(told) == 2


@pytest.mark.parametrize("off", [SWITCH, PLUG, TIMES])
async def test_off_on_purpose(
    hass: HomeAssistant, watch: Automate, wait: Pass, told: list[ServiceCall], off: str
) -> None:
    """Nothing but a problem is told; the rest when it is meant to run."""
    await watch()
    hass.states.async_set(off, STATE_OFF, ATTRIBUTES[off])
    for kind in WATCHED:
        spoil(hass, kind)
    await wait(120)
    titles = {call.data["title"] for call in told}
    assert titles == ({TITLES["problem"]} if off == SWITCH else set())
    told.clear()
    hass.states.async_set(off, STATE_ON, ATTRIBUTES[off])
    await wait(70)
    assert {call.data["title"] for call in told} == set(TITLES.values()) - titles


async def test_turned_off_while_waiting(
    hass: HomeAssistant, watch: Automate, wait: Pass, told: list[ServiceCall]
) -> None:
    """The plug may go off after the connection."""
    await watch()
    spoil(hass, "offline")
    await wait(30)
    hass.states.async_set(PLUG, STATE_OFF)
    await wait(120)
    assert not told


async def test_hot_while_off(
    hass: HomeAssistant, watch: Automate, wait: Pass, told: list[ServiceCall]
) -> None:
    """Heat is told also while it is off, if asked for."""
    await watch(hot_while_off=True)
    hass.states.async_set(SWITCH, STATE_OFF, ATTRIBUTES[SWITCH])
    spoil(hass, "hot")
    spoil(hass, "hashrate")
    await wait(120)
    assert [call.data["title"] for call in told] == [TITLES["hot"]]


async def test_unavailable(
    hass: HomeAssistant, watch: Automate, wait: Pass, told: list[ServiceCall]
) -> None:
    """What is not known is neither hot nor slow; a lost connection is offline."""
    await watch()
    for kind in WATCHED:
        set_state(hass, kind, STATE_UNAVAILABLE)
    await wait(120)
    assert [call.data["title"] for call in told] == [TITLES["offline"]]


async def test_acceptance(
    hass: HomeAssistant, watch: Automate, wait: Pass, told: list[ServiceCall]
) -> None:
    """A rate of acceptance says the same as one of rejection."""
    hass.states.async_set("sensor.acceptance", "95")
    await watch(acceptance_rate=["sensor.acceptance"])
    await wait(120)
    assert not told
    hass.states.async_set("sensor.acceptance", "94.9")
    await wait(70)
    assert [call.data["title"] for call in told] == [TITLES["rejections"]]


async def test_critical(
    hass: HomeAssistant, watch: Automate, wait: Pass, told: list[ServiceCall]
) -> None:
    """Only what was chosen breaks through."""
    await watch(critical=["hot"])
    spoil(hass, "hot")
    spoil(hass, "hashrate")
    await wait(70)
    data = {call.data["title"]: call.data["data"] for call in told}
    assert data[TITLES["hot"]]["push"]["sound"]["critical"] == 1
    assert data[TITLES["hot"]]["channel"] == "alarm_stream"
    assert "push" not in data[TITLES["hashrate"]]


@pytest.mark.parametrize(
    ("event", "message"),
    [
        (
            {"event_type": "power_cut", "temperature": 87.0, "limit": 85.0},
            "Garage is too hot: 87 °C (limit 85 °C). Power turned off.",
        ),
        (
            {"event_type": "no_reading"},
            "Garage is not protected: It mines, and reports no temperature.",
        ),
        (
            {"event_type": "given_up"},
            (
                "Garage does not mine well:"
                " Restarts have not helped, and are used up for today."
            ),
        ),
    ],
)
async def test_events(
    hass: HomeAssistant,
    *,
    watch: Automate,
    wait: Pass,
    told: list[ServiceCall],
    event: dict[str, Any],
    message: str,
) -> None:
    """What protection and the watchdog do is told at once, also while it is off."""
    hass.states.async_set(EVENT, "unknown")
    await watch(critical=["protection"])
    hass.states.async_set(SWITCH, STATE_OFF, ATTRIBUTES[SWITCH])
    hass.states.async_set(EVENT, "2026-06-01T19:00:01.000+00:00", event)
    await wait(1)
    (call,) = told
    assert f"{call.data['title']}: {call.data['message']}" == message
    assert call.data["data"]["push"]["sound"]["critical"] == 1
    hass.states.async_set(
        EVENT, "2026-06-01T19:00:02.000+00:00", {"event_type": "stopped_by_others"}
    )
    await wait(1)
    assert len(told) == 1


async def test_start(
    hass: HomeAssistant, watch: Automate, wait: Pass, told: list[ServiceCall]
) -> None:
    """What is bad when Home Assistant starts is told, each thing after its time."""
    hass.set_state(CoreState.not_running)
    spoil(hass, "hot")
    spoil(hass, "offline")
    await watch(offline_minutes=3)
    await async_start(hass)
    await wait(70)
    assert [call.data["title"] for call in told] == [TITLES["hot"]]
    await wait(120)
    assert [call.data["title"] for call in told] == [TITLES["hot"], TITLES["offline"]]


# ---- buttons


async def press(hass: HomeAssistant, message: ServiceCall, title: str) -> None:
    """Press a button of a message."""
    (action,) = [
        button["action"]
        for button in message.data["data"]["actions"]
        if button["title"] == title
    ]
    hass.bus.async_fire("mobile_app_notification_action", {"action": action})


async def test_buttons(
    hass: HomeAssistant, watch: Automate, wait: Pass, told: list[ServiceCall]
) -> None:
    """Pause, resume, cut (10 s after the pause), resume."""
    await watch()
    spoil(hass, "hot")
    await wait(70)
    (message,) = told

    async def after(title: str, seconds: float) -> tuple[bool, bool]:
        await press(hass, message, title)
        await wait(seconds)
        return hass.states.is_state(SWITCH, STATE_ON), hass.states.is_state(
            PLUG, STATE_ON
        )

    assert await after("Pause", 1) == (False, True)
    assert await after("Resume", 1) == (True, True)
    await press(hass, message, "Cut power")
    await wait(5)
    assert hass.states.is_state(SWITCH, STATE_OFF)
    assert hass.states.is_state(PLUG, STATE_ON)
    await wait(10)
    assert hass.states.is_state(PLUG, STATE_OFF)
    assert await after("Resume", 1) == (True, True)
    hass.bus.async_fire("mobile_app_notification_action", {"action": "OTHER"})
    await wait(30)
    assert hass.states.is_state(SWITCH, STATE_ON)


async def test_button_without_effect(
    hass: HomeAssistant, watch: Automate, wait: Pass, told: list[ServiceCall]
) -> None:
    """A rig that does not obey is told."""
    await watch(plug=[])
    async_mock_service(hass, "homeassistant", "turn_off")
    spoil(hass, "hot")
    await wait(70)
    assert [b["title"] for b in told[0].data["data"]["actions"]] == ["Pause", "Resume"]
    await press(hass, told[0], "Pause")
    await wait(20)
    assert told[1].data["message"] == "Cellar did not turn off."


async def test_polled_rig(
    hass: HomeAssistant,
    *,
    freezer: FrozenDateTimeFactory,
    socket_enabled: None,
    watch: Automate,
    wait: Pass,
    told: list[ServiceCall],
) -> None:
    """An XMRig that is off is told of; one without power on purpose is not."""
    async with SimulatedXMRig(token="secret", restricted=False) as rig:
        await async_set_up(hass, entry_for(rig))
        status = er.async_get(hass).async_get(entity_id(hass, "sensor", "status"))
        assert status is not None
        await watch(rig=status.device_id)
        rig.fault("off")
        hass.states.async_set(PLUG, STATE_OFF)
        for _ in range(20):
            await wait(10)
        assert not told
        hass.states.async_set(PLUG, STATE_ON)
        for _ in range(10):
            await wait(10)
        assert [call.data["title"] for call in told] == [TITLES["offline"]]
