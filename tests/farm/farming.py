"""Rigs and farms in Home Assistant, as the tests of farms need them."""

from collections.abc import Mapping
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant, State
from homeassistant.helpers import entity_registry as er
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.mining_rig.const import CONF_ID_ROOT, CONF_KIND, DOMAIN, FARM
from custom_components.mining_rig.farm.coordinator import FarmCoordinator
from custom_components.mining_rig.model import Channel, Value
from custom_components.mining_rig.readings import ALGORITHM, HASHRATE, MINING, POWER
from tests.rigs import async_pass, async_set_up
from tests.scripted import ScriptedSource, async_open

FARM_ROOT = "f1"


def rig_entry(
    name: str,
    kind: str = "xmrig",
    *,
    options: Mapping[str, Any] | None = None,
    **data: Any,
) -> MockConfigEntry:
    """Return the entry of a rig; its id, title and address follow from its name."""
    number = sum(name.encode()) % 200 + 20
    address = {"host": f"192.168.7.{number}", "port": 80}
    if kind in ("nvml", "rig_monitor"):
        address = {}
    return MockConfigEntry(
        domain=DOMAIN,
        title=name,
        entry_id=f"entry_{name}",
        data={CONF_KIND: kind, CONF_ID_ROOT: f"root_{name}", **address, **data},
        options=dict(options or {}),
    )


def mining(
    rate: float, watts: float | None = None, algorithm: str | None = "rx/0", **more: Any
) -> dict[Channel[Any], Value]:
    """Return the values of a rig that mines."""
    values: dict[Channel[Any], Value] = {HASHRATE.plain: rate, MINING.plain: rate > 0}
    if watts is not None:
        values[POWER.plain] = watts
    if algorithm is not None:
        values[ALGORITHM.plain] = algorithm
    return values


async def async_add_rig(
    hass: HomeAssistant, name: str, source: ScriptedSource, **facts: Any
) -> MockConfigEntry:
    """Set a rig up."""
    entry = rig_entry(name, **facts)
    await async_open(hass, entry, source)
    return entry


def farm_entry(**options: Any) -> MockConfigEntry:
    """Return the entry of a farm of all rigs, or as the options say."""
    return MockConfigEntry(
        domain=DOMAIN,
        title="Farm",
        entry_id="entry_farm",
        data={CONF_KIND: FARM, CONF_ID_ROOT: FARM_ROOT},
        options=options,
    )


async def async_add_farm(hass: HomeAssistant, **options: Any) -> MockConfigEntry:
    """Set a farm up."""
    entry = farm_entry(**options)
    assert await async_set_up(hass, entry)
    return entry


def farm_of(entry: MockConfigEntry) -> FarmCoordinator:
    """Return the coordinator of a loaded farm."""
    farm: FarmCoordinator = entry.runtime_data
    return farm


async def async_settle(hass: HomeAssistant, freezer: FrozenDateTimeFactory) -> None:
    """Let all rigs be polled, and the farm add up what they report."""
    await async_pass(hass, freezer, 11)
    await async_pass(hass, freezer, 2)


def farm_entity(hass: HomeAssistant, key: str, platform: str = "sensor") -> str:
    """Return the id of an entity of the farm."""
    found = er.async_get(hass).async_get_entity_id(
        platform, DOMAIN, f"{FARM_ROOT}_farm_{key}"
    )
    assert found is not None, key
    return found


def farm_state(hass: HomeAssistant, key: str, platform: str = "sensor") -> State:
    """Return the state of an entity of the farm."""
    found = hass.states.get(farm_entity(hass, key, platform))
    assert found is not None
    return found


def number(hass: HomeAssistant, key: str) -> float:
    """Return the value of a sensor of the farm."""
    return float(farm_state(hass, key).state)
