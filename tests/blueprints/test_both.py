"""What holds for both blueprints: limits, pickers, names, and where they are listed."""

from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant, ServiceCall
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.setup import async_setup_component
from homeassistant.util.yaml import parse_yaml
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_mock_service,
)
from pytest_homeassistant_custom_component.typing import WebSocketGenerator

from custom_components.mining_rig.model import Channel, Control, Part, PartKind, Value
from custom_components.mining_rig.readings import (
    ACCEPTANCE,
    HASHRATE,
    HOTTEST,
    MINING_ALLOWED,
    NOT_FOLLOWING,
    TEMPERATURE,
)

from ..rigs import entity_id
from ..scripted import ScriptedSource, async_add
from .running import FOLDER, automate, pass_seconds

BLUEPRINTS = ("cut_power_when_hot", "tell_my_phone")
LIMITS = ("limit", "temperature_limit")


def inputs(blueprint: str) -> dict[str, Any]:
    """Return the inputs of a blueprint, out of their sections."""
    text = (FOLDER / f"automation/mining_rig/{blueprint}.yaml").read_text()
    document = parse_yaml(text)
    assert isinstance(document, dict)
    found: dict[str, Any] = {}
    for key, facts in document["blueprint"]["input"].items():
        found |= facts.get("input", {key: facts})
    return found


@pytest.mark.parametrize("blueprint", BLUEPRINTS)
def test_no_limit_that_a_healthy_rig_passes(blueprint: str) -> None:
    """What is hot differs from chip to chip, so the owner has to say it; 0 is none."""
    found = [inputs(blueprint)[key] for key in LIMITS if key in inputs(blueprint)]
    assert found
    assert all(limit.get("default", 0) == 0 for limit in found)


@pytest.mark.parametrize("blueprint", BLUEPRINTS)
def test_temperatures_of_rigs_are_offered(blueprint: str) -> None:
    """A limit for chips is none for a room: only rigs' temperatures are listed."""
    (wanted,) = inputs(blueprint)["temperature_sensors"]["selector"]["entity"]["filter"]
    assert wanted == {
        "integration": "mining_rig",
        "domain": "sensor",
        "device_class": "temperature",
    }


@pytest.fixture
async def rig(hass: HomeAssistant) -> dict[str, str]:
    """Set up a rig with a card; return its entities by name."""
    allowed = MINING_ALLOWED.plain
    values: dict[Channel[Any], Value] = {
        HOTTEST.plain: 70.0,
        HASHRATE.plain: 2e7,
        ACCEPTANCE.plain: 99.0,
        NOT_FOLLOWING.plain: False,
        allowed: True,
    }
    source = ScriptedSource(values, Control(channel=allowed))
    source.others = [
        Part(kind=PartKind.GPU, key="gpu", values={TEMPERATURE.plain: 70.0})
    ]
    await async_add(hass, source)
    assert await async_setup_component(hass, "homeassistant", {})
    assert await async_setup_component(hass, "search", {})
    return {
        "hottest": entity_id(hass, "sensor", "hottest"),
        "card": entity_id(hass, "sensor", "temperature", "gpu"),
        "hashrate": entity_id(hass, "sensor", "hashrate"),
        "acceptance": entity_id(hass, "sensor", "acceptance_rate"),
        "switch": entity_id(hass, "switch", "mining_allowed"),
        "active": entity_id(hass, "binary_sensor", "mining"),
        "connected": entity_id(hass, "binary_sensor", "connected"),
        "not_following": entity_id(hass, "binary_sensor", "not_following"),
    }


@pytest.fixture
def phone(hass: HomeAssistant) -> str:
    """Return the device of a phone."""
    entry = MockConfigEntry(domain="mobile_app")
    entry.add_to_hass(hass)
    device = dr.async_get(hass).async_get_or_create(
        config_entry_id=entry.entry_id,
        identifiers={("mobile_app", "1")},
        name="Phone",
    )
    return device.id


def device_of(hass: HomeAssistant, rig: dict[str, str]) -> str | None:
    """Return the device of the rig itself."""
    entry = er.async_get(hass).async_get(rig["hottest"])
    assert entry is not None
    return entry.device_id


async def related(
    hass: HomeAssistant, hass_ws_client: WebSocketGenerator, entity: str
) -> list[str]:
    """Return the automations that are listed at the device of an entity."""
    entry = er.async_get(hass).async_get(entity)
    assert entry is not None
    client = await hass_ws_client(hass)
    await client.send_json_auto_id(
        {"type": "search/related", "item_type": "device", "item_id": entry.device_id}
    )
    found = (await client.receive_json())["result"]
    return list(found.get("automation", ()))


@pytest.mark.parametrize(
    ("key", "entity"),
    [
        ("temperature_sensors", "hottest"),
        ("temperature_sensors", "card"),
        ("rig_switches", "switch"),
        ("mining_active", "active"),
        ("thermometers", "hottest"),
        ("plugs", "switch"),
        ("power_meters", "hashrate"),
    ],
)
async def test_cutting_is_listed(
    hass: HomeAssistant,
    hass_ws_client: WebSocketGenerator,
    rig: dict[str, str],
    key: str,
    entity: str,
) -> None:
    """Whatever of a rig was chosen, the automation is related to the rig."""
    chosen = {"temperature_sensors": ["sensor.elsewhere"], key: [rig[entity]]}
    await automate(hass, "cut_power_when_hot", {"limit": 85, **chosen})
    assert await related(hass, hass_ws_client, rig["connected"]) == ["automation.test"]


@pytest.mark.parametrize(
    ("key", "entity"),
    [
        ("temperature_sensors", "card"),
        ("plug", "switch"),
        ("hashrate", "hashrate"),
        ("acceptance_rate", "acceptance"),
        ("rejection_rate", "acceptance"),
    ],
)
async def test_telling_is_listed(
    hass: HomeAssistant,
    hass_ws_client: WebSocketGenerator,
    rig: dict[str, str],
    phone: str,
    *,
    key: str,
    entity: str,
) -> None:
    """The same for the messages."""
    chosen = {"phones": [phone], "rig": "elsewhere", key: [rig[entity]]}
    await automate(hass, "tell_my_phone", chosen)
    assert await related(hass, hass_ws_client, rig["hottest"]) == ["automation.test"]


async def test_telling_is_listed_at_the_rig(
    hass: HomeAssistant,
    hass_ws_client: WebSocketGenerator,
    rig: dict[str, str],
    phone: str,
) -> None:
    """Nothing but the rig has to be chosen for that."""
    await automate(
        hass, "tell_my_phone", {"phones": [phone], "rig": device_of(hass, rig)}
    )
    assert await related(hass, hass_ws_client, rig["hottest"]) == ["automation.test"]


@pytest.mark.parametrize("sensor", ["hottest", "card"])
async def test_text_of_cutting(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    rig: dict[str, str],
    sensor: str,
) -> None:
    """The rig is named once, by its device; the value has its unit, and the limit."""
    told = async_mock_service(hass, "notify", "send_message")
    chosen = {"temperature_sensors": [rig[sensor]], "rig_switches": [rig["switch"]]}
    more = {"limit": 65, "hold_seconds": 0, "phones": ["notify.phone"]}
    await automate(hass, "cut_power_when_hot", {**chosen, **more})
    await heat(hass, freezer, rig[sensor])
    assert texts(told)[:1] == [
        "Office PC is too hot: 87 °C (limit 65 °C). Mining turned off."
    ]


@pytest.mark.parametrize(
    ("name", "shown"), [("", "Office PC"), ("Cellar", "Cellar")], ids=["own", "given"]
)
async def test_text_of_telling(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    rig: dict[str, str],
    phone: str,
    *,
    name: str,
    shown: str,
) -> None:
    """The same for the messages; the names of sensors do not repeat the rig's."""
    told = async_mock_service(hass, "notify", "mobile_app_phone")
    chosen: dict[str, Any] = {
        "phones": [phone],
        "rig_name": name,
        "temperature_sensors": [rig["hottest"]],
        "temperature_limit": 65,
        "hot_minutes": 0,
        "problem_minutes": 0,
        "rig": device_of(hass, rig),
        "hashrate": [rig["hashrate"]],
        "hashrate_limit": 15,
        "hashrate_minutes": 0,
    }
    await automate(hass, "tell_my_phone", chosen)
    await heat(hass, freezer, rig["hottest"])
    hass.states.async_set(rig["not_following"], "on", {"device_class": "problem"})
    hass.states.async_set(rig["hashrate"], "10", {"unit_of_measurement": "MH/s"})
    await pass_seconds(hass, freezer, 10)
    assert sorted(texts(told)) == [
        f"{shown} has a problem: Not following commands.",
        f"{shown} is slow: Its hashrate is only 10.00 MH/s (limit 15 MH/s).",
        f"{shown} is too hot: 87 °C (limit 65 °C).",
    ]


async def heat(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, sensor: str
) -> None:
    """Let a sensor show heat after it did not."""
    unit = {"unit_of_measurement": "°C"}
    hass.states.async_set(sensor, "60", unit)
    await pass_seconds(hass, freezer, 5)
    hass.states.async_set(sensor, "87", unit)
    await pass_seconds(hass, freezer, 10, step=1)


def texts(told: list[ServiceCall]) -> list[str]:
    """Return messages as a phone shows them."""
    return [f"{call.data['title']}: {call.data['message']}" for call in told]
