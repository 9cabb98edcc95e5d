"""Counts are shown without a unit; what was recorded with one goes on without."""

from typing import Final

from homeassistant.const import Platform
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.recorder import get_instance

from .const import RECORDER
from .coordinator import RigConfigEntry

_NOUNS: Final = frozenset(
    (
        "attempts",
        "blocks",
        "cards",
        "chips",
        "connections",
        "errors",
        "hashes",
        "lanes",
        "locks",
        "miners",
        "processes",
        "restarts",
        "shares",
        "threads",
        "workers",
    )
)
"""The units that counts had."""


@callback
def async_drop_nouns(hass: HomeAssistant, entry: RigConfigEntry) -> None:
    """Take the old unit of a rig's counts from their statistics.

    The registry has a sensor's old unit until the sensor is added again; without this,
    Home Assistant would ask the owner what to do about each of them.
    """
    if RECORDER not in hass.config.components:
        return
    for entity in er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id):
        counted = entity.unit_of_measurement in _NOUNS and not entity.disabled
        if entity.domain == Platform.SENSOR and counted:
            get_instance(hass).async_update_statistics_metadata(
                entity.entity_id, new_unit_class=None, new_unit_of_measurement=None
            )
