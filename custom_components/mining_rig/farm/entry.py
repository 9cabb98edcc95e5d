"""The entry of a farm: how it is set up and told from the entry of a rig."""

from collections.abc import Iterator
from typing import Any, Final, TypeIs

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant

from ..const import CONF_KIND, DOMAIN, FARM
from ..coordinator import RigConfigEntry
from ..store import RigStore
from .coordinator import FarmConfigEntry, FarmCoordinator

FARM_PLATFORMS: Final = (Platform.SENSOR, Platform.SWITCH)


def is_farm(entry: ConfigEntry[Any]) -> TypeIs[FarmConfigEntry]:
    """Return whether an entry is a farm; every other one is a rig, proxy or account."""
    return entry.data.get(CONF_KIND) == FARM


def loaded_farms(hass: HomeAssistant) -> Iterator[FarmCoordinator]:
    """Go through the farms."""
    for entry in hass.config_entries.async_loaded_entries(DOMAIN):
        if is_farm(entry):
            yield entry.runtime_data


def loaded_rigs(hass: HomeAssistant) -> Iterator[RigConfigEntry]:
    """Go through the loaded entries that are no farms."""
    for entry in hass.config_entries.async_loaded_entries(DOMAIN):
        if not is_farm(entry):
            yield entry


async def async_set_up_farm(
    hass: HomeAssistant, entry: FarmConfigEntry, store: RigStore
) -> None:
    """Set up a farm with its loaded store; its rigs may still be being set up."""
    farm = FarmCoordinator(hass, entry, store)
    entry.runtime_data = farm
    await farm.async_start()
    await hass.config_entries.async_forward_entry_setups(entry, FARM_PLATFORMS)
