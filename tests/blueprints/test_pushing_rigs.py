"""Both blueprints with rigs that push: real agents' habits, orders, silence."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
import re
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.const import STATE_OFF, STATE_ON, STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant, ServiceCall
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_fire_time_changed,
    async_mock_service,
)
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.mining_rig.sources.rig_monitor import playbooks
from custom_components.mining_rig.store import async_get_store
from simulator.agent import Agent
from simulator.asic_sentry import Asic, SimulatedAsic, SimulatedAsicSentry
from simulator.cpu_gpu_sentry import SimulatedCpuGpuSentry
from simulator.hardware import Card
from simulator.models import RTX_3070

from ..pushing import ASIC_CODE, BASE, PC_CODE, async_set_up_rigs, pushing_entry
from ..rigs import entity_id, state
from .running import automate, settle

STEP = 10
PLUG = "input_boolean.plug"
PLAYBOOK = {
    **playbooks.DEFAULTS,
    "cpu_coin_name": "Monero",
    "cpu_algorithm": "rx/0",
    "cpu_wallet_address": "wallet",
    "cpu_pool_address": "pool.example:443",
}

type Go = Callable[[float], Awaitable[None]]


@pytest.fixture
async def url(
    hass: HomeAssistant,
    socket_enabled: None,
    hass_client_no_auth: ClientSessionGenerator,
) -> str:
    """Have a plug; set up an ASIC and a computer; return their door's address."""
    assert await async_setup_component(
        hass, "input_boolean", {"input_boolean": {"plug": {"initial": True}}}
    )
    assert await async_setup_component(hass, "homeassistant", {})
    computer = pushing_entry("cpu_gpu", title="Workshop", id_root="d4e5f6")
    await async_set_up_rigs(hass, pushing_entry("asic", title="Cellar"), computer)
    store = await async_get_store(hass, computer.entry_id)
    note, _ = playbooks.with_playbook(None, None, PLAYBOOK, "2026-01-02T03:04:05")
    await store.keep(playbooks.NOTE, note)
    client = await hass_client_no_auth()
    return str(client.make_url(BASE))


async def go(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, agent: Agent, seconds: float
) -> None:
    """Let time pass for an agent and for Home Assistant alike."""
    for _ in range(round(seconds / STEP)):
        await agent.step(STEP)
        freezer.tick(STEP)
        async_fire_time_changed(hass)
        await settle()


@pytest.fixture
async def sentry(url: str) -> AsyncIterator[SimulatedAsicSentry]:
    """Return ASIC Sentry with one ASIC behind a relay."""
    async with SimulatedAsicSentry(
        url, [Asic(name="Cellar", api_code=ASIC_CODE)]
    ) as agent:
        yield agent


@pytest.fixture
async def asic(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, sentry: SimulatedAsicSentry
) -> SimulatedAsic:
    """Return the ASIC after its first minute."""
    await go(hass, freezer, sentry, 60)
    return sentry.asics[0]


@pytest.fixture
def asic_time(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, sentry: SimulatedAsicSentry
) -> Go:
    """Return what lets time pass for the ASIC."""

    async def pass_(seconds: float) -> None:
        await go(hass, freezer, sentry, seconds)

    return pass_


@pytest.fixture
async def computer(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, url: str
) -> AsyncIterator[SimulatedCpuGpuSentry]:
    """Return a computer after its first minutes."""
    async with SimulatedCpuGpuSentry(
        url, "Workshop", PC_CODE, cards=[Card(model=RTX_3070)], gpu_load=1.0
    ) as agent:
        await go(hass, freezer, agent, 120)
        yield agent


@pytest.fixture
def computer_time(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, computer: SimulatedCpuGpuSentry
) -> Go:
    """Return what lets time pass for the computer."""

    async def pass_(seconds: float) -> None:
        await go(hass, freezer, computer, seconds)

    return pass_


@pytest.fixture
def told(hass: HomeAssistant) -> list[ServiceCall]:
    """Return what the phone gets."""
    entry = MockConfigEntry(domain="mobile_app")
    entry.add_to_hass(hass)
    dr.async_get(hass).async_get_or_create(
        config_entry_id=entry.entry_id,
        identifiers={("mobile_app", "1")},
        name="Phone",
    )
    calls: list[ServiceCall] = async_mock_service(hass, "notify", "mobile_app_phone")
    return calls


@pytest.fixture
def sent(hass: HomeAssistant) -> list[ServiceCall]:
    """Return the messages of the blueprint that cuts power."""
    calls: list[ServiceCall] = async_mock_service(hass, "notify", "send_message")
    return calls


def titles(calls: Sequence[ServiceCall]) -> list[str]:
    """Return the titles of messages."""
    return [call.data["title"] for call in calls]


async def tell(hass: HomeAssistant, id_root: str, **inputs: Any) -> None:
    """Have a rig told of, with the blueprint's own times."""
    (phone,) = [d for d in dr.async_get(hass).devices if d.name == "Phone"]

    def of(platform: str, channel: str) -> list[str]:
        return [entity_id(hass, platform, channel, id_root=id_root)]

    hottest = er.async_get(hass).async_get(*of("sensor", "hottest"))
    assert hottest is not None
    await automate(
        hass,
        "tell_my_phone",
        {
            "phones": [phone.id],
            "rig": hottest.device_id,
            "rig_name": "Rig",
            "temperature_sensors": of("sensor", "hottest"),
            "temperature_limit": 80,
            "hashrate": of("sensor", "hashrate"),
            **inputs,
        },
    )


async def order(hass: HomeAssistant, switch: str, to: str) -> None:
    """Turn a switch on or off."""
    await hass.services.async_call(
        "switch", f"turn_{to}", {"entity_id": switch}, blocking=True
    )


async def press(hass: HomeAssistant, message: ServiceCall, title: str) -> None:
    """Press a button of a message."""
    (action,) = [
        button["action"]
        for button in message.data["data"]["actions"]
        if button["title"] == title
    ]
    hass.bus.async_fire("mobile_app_notification_action", {"action": action})
    await settle()


# ---- Tell my phone


async def test_asic_off_by_order_is_no_news(
    hass: HomeAssistant, asic: SimulatedAsic, asic_time: Go, told: list[ServiceCall]
) -> None:
    """Nobody is told of an ASIC that was switched off, nor while it boots."""
    await tell(hass, "a1b2c3")
    switch = entity_id(hass, "switch", "rig_monitor_power")
    await order(hass, switch, "off")
    await asic_time(900)
    assert not asic.powered
    assert state(hass, "binary_sensor", "connected").state == STATE_OFF
    assert hass.states.is_state(switch, STATE_OFF)
    await order(hass, switch, "on")
    await asic_time(420)
    assert asic.mining
    assert not told
    asic.fault("unplugged")
    await asic_time(150 + 300 + 60)
    assert titles(told) == ["Rig is offline"]


async def test_relay_that_is_stuck(
    hass: HomeAssistant, asic: SimulatedAsic, asic_time: Go, told: list[ServiceCall]
) -> None:
    """That it does not follow is told while its order is off."""
    await tell(hass, "a1b2c3")
    asic.fault("relay_stuck")
    await order(hass, entity_id(hass, "switch", "rig_monitor_power"), "off")
    await asic_time(110)
    assert not told
    await asic_time(100)
    assert titles(told) == ["Rig has a problem"]


async def test_buttons_of_a_computer(
    hass: HomeAssistant,
    computer: SimulatedCpuGpuSentry,
    computer_time: Go,
    told: list[ServiceCall],
) -> None:
    """Pause stops its miner, which is no news of any kind; resume starts it."""
    await tell(hass, "d4e5f6")
    assert computer.mining
    computer.fault("hot")
    await computer_time(180)
    assert titles(told) == ["Rig is too hot"]
    text = told[0].data["message"]
    assert re.fullmatch(r"\d+ °C \(limit 80 °C\)\.", text)
    await press(hass, told[0], "Pause")
    await computer_time(65)
    assert not computer.mining
    # Its agent tells the last hashrate for ever.
    await computer_time(15 * 60)
    computer.fault("off")
    await computer_time(10 * 60)
    assert titles(told) == ["Rig is too hot"]
    computer.fault("normal")
    await press(hass, told[0], "Resume")
    await computer_time(180)
    assert computer.mining
    assert titles(told) == ["Rig is too hot"]


@pytest.mark.parametrize(
    ("fault", "minutes", "title"),
    [
        ("stale", 10 + 1, "Rig has a problem"),
        ("silent_miner", 5, "Rig has no readings"),
    ],
)
async def test_readings(
    hass: HomeAssistant,
    *,
    computer: SimulatedCpuGpuSentry,
    computer_time: Go,
    told: list[ServiceCall],
    fault: str,
    minutes: int,
    title: str,
) -> None:
    """A rig whose readings are frozen or missing is told of, though it answers."""
    await tell(hass, "d4e5f6")
    computer.fault(fault)
    await computer_time(minutes * 60 - 30)
    assert not told
    await computer_time(90)
    assert titles(told) == [title]
    assert state(hass, "binary_sensor", "connected", id_root="d4e5f6").state == STATE_ON
    assert told[0].data["message"]


# ---- Cut power


async def test_asic_loses_its_power(
    hass: HomeAssistant, asic: SimulatedAsic, asic_time: Go, sent: list[ServiceCall]
) -> None:
    """Its silence proves nothing; whoever turns it on again may let it boot."""
    switch = entity_id(hass, "switch", "rig_monitor_power")
    hottest = entity_id(hass, "sensor", "hottest")
    await automate(
        hass,
        "cut_power_when_hot",
        {
            "temperature_sensors": [hottest],
            "limit": 85,
            "rig_switches": [switch],
            "phones": ["notify.phone"],
        },
    )
    asic.fault("hot")
    await asic_time(180)
    assert not asic.powered
    assert titles(sent) == ["Cellar is too hot"]
    text = sent[0].data["message"]
    assert re.fullmatch(r"\d+ °C \(limit 85 °C\)\. Mains power turned off\.", text)
    await asic_time(600)
    assert hass.states.is_state(hottest, STATE_UNAVAILABLE)
    silent = "Cellar was too hot and is silent. Look after it!"
    assert titles(sent)[1:] == [silent]
    await order(hass, switch, "on")
    await asic_time(200)
    assert asic.mining, "it has booted"
    await asic_time(300)
    assert not asic.powered, "it got hot again"
    assert titles(sent)[2:] == ["Cellar is too hot"]
    asic.fault("normal")
    await order(hass, switch, "on")
    await asic_time(900)
    assert asic.mining
    assert len(sent) == 3


async def test_reload_while_hot(
    hass: HomeAssistant, asic: SimulatedAsic, asic_time: Go
) -> None:
    """A rig whose readings vanish while it is hot is still hot."""
    await automate(
        hass,
        "cut_power_when_hot",
        {
            "temperature_sensors": [entity_id(hass, "sensor", "hottest")],
            "limit": 85,
            "rig_switches": [entity_id(hass, "switch", "rig_monitor_power")],
            "hold_seconds": 120,
        },
    )
    asic.fault("hot")
    await asic_time(120)
    assert asic.powered
    asic.fault("unplugged")
    (entry,) = [e for e in hass.config_entries.async_entries() if e.title == "Cellar"]
    assert await hass.config_entries.async_reload(entry.entry_id)
    await asic_time(30)
    assert asic.powered
    await asic_time(120)
    assert not asic.powered


async def test_computer_stays_hot(
    hass: HomeAssistant,
    computer: SimulatedCpuGpuSentry,
    computer_time: Go,
    sent: list[ServiceCall],
) -> None:
    """Its miner stops, its cards go on by another program: then the plug goes off."""
    await automate(
        hass,
        "cut_power_when_hot",
        {
            "temperature_sensors": [
                entity_id(hass, "sensor", "hottest", id_root="d4e5f6")
            ],
            "limit": 80,
            "rig_switches": [
                entity_id(hass, "switch", "mining_allowed", id_root="d4e5f6")
            ],
            "plugs": [PLUG],
            "phones": ["notify.phone"],
        },
    )
    computer.fault("hot")
    await computer_time(200)
    assert not computer.mining
    assert hass.states.is_state(PLUG, STATE_ON)
    await computer_time(120)
    assert hass.states.is_state(PLUG, STATE_OFF)
    assert titles(sent) == [
        "Workshop is too hot",
        "Workshop stays too hot. Look after it!",
    ]


async def test_computer_falls_silent_after_its_pause(
    hass: HomeAssistant, computer: SimulatedCpuGpuSentry, computer_time: Go
) -> None:
    """What its agent repeats is no proof that its miner stopped: the plug goes off."""
    switch = entity_id(hass, "switch", "mining_allowed", id_root="d4e5f6")
    await automate(
        hass,
        "cut_power_when_hot",
        {
            "temperature_sensors": [
                entity_id(hass, "sensor", "hottest", id_root="d4e5f6")
            ],
            "limit": 80,
            "rig_switches": [switch],
            "plugs": [PLUG],
        },
    )
    computer.fault("hot")
    while hass.states.is_state(switch, STATE_ON):
        await computer_time(STEP)
    computer.fault("agent_down")
    await computer_time(170)
    assert hass.states.is_state(PLUG, STATE_ON)
    await computer_time(60)
    assert hass.states.is_state(PLUG, STATE_OFF)
