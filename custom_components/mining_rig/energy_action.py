"""The action that sets an energy total right: of a rig, of a part, or estimated."""

from dataclasses import replace
import math
from typing import Any, Final

from homeassistant.const import Platform
from homeassistant.core import ServiceCall
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import config_validation as cv, entity_registry as er
from homeassistant.helpers.service import async_get_config_entry
from homeassistant.helpers.target import (
    TargetSelection,
    async_extract_referenced_entity_ids,
)
import voluptuous as vol

from .const import DOMAIN
from .coordinator import RigConfigEntry, RigCoordinator
from .farm.coordinator import FarmConfigEntry
from .farm.entry import is_farm, loaded_farms
from .model import RIG, Channel
from .readings import ENERGY, ENERGY_ESTIMATE

SERVICE_SET_ENERGY: Final = "set_energy"
ATTR_ENERGY: Final = "energy"
_MOST_KWH: Final = 1_000_000.0
"""A rig at 22 kW takes less than that in five years."""
_WH_PER_KWH: Final = 1000


def _kilowatt_hours(value: Any) -> float:
    """Return a number of kWh. Raises vol.Invalid."""
    number = float(vol.Coerce(float)(value))
    if isinstance(value, bool) or not math.isfinite(number):
        raise vol.Invalid("expected a number of kWh")
    return number


SET_ENERGY: Final = cv.make_entity_service_schema(
    {
        vol.Required(ATTR_ENERGY): vol.All(
            _kilowatt_hours, vol.Range(min=0, max=_MOST_KWH)
        )
    }
)


async def async_set_energy(call: ServiceCall) -> None:
    """Set the total of one energy sensor; it is on disk when this returns."""
    rig, part, channel = _chosen(call)
    total: float = call.data[ATTR_ENERGY] * _WH_PER_KWH
    await rig.power.async_set_energy(part, channel, total)
    if part == RIG:
        for farm in loaded_farms(call.hass):
            farm.energy.set_right(rig.config_entry.entry_id, channel.key, total)
    if not rig.online:
        rig.show_away()
    elif (shown := rig.data.parts.get(part)) is not None:
        changed = shown.with_values({**shown.values, channel: total})
        rig.data = replace(rig.data, parts={**rig.data.parts, part: changed})
    rig.async_update_listeners()


def _chosen(call: ServiceCall) -> tuple[RigCoordinator, str, Channel[float]]:
    """Return the one energy sensor that is meant, by its rig, part and channel."""
    selected = async_extract_referenced_entity_ids(
        call.hass, TargetSelection(call.data)
    )
    registry = er.async_get(call.hass)
    found = [
        (entry, channel)
        for entity_id in sorted(selected.referenced | selected.indirectly_referenced)
        if (entry := registry.async_get(entity_id)) is not None
        and entry.platform == DOMAIN
        and entry.domain == Platform.SENSOR
        for channel in (ENERGY.plain, ENERGY_ESTIMATE.plain)
        if entry.unique_id.endswith(f"_{channel.key}")
    ]
    if len(found) != 1 or (entry_id := found[0][0].config_entry_id) is None:
        raise ServiceValidationError(
            translation_domain=DOMAIN, translation_key="one_energy_sensor"
        )
    (entity, channel) = found[0]
    config_entry: RigConfigEntry | FarmConfigEntry = async_get_config_entry(
        call.hass, DOMAIN, entry_id
    )
    if not is_farm(config_entry):
        rig = config_entry.runtime_data
        for part in rig.known_parts.parts:
            if entity.unique_id == rig.devices.unique_id(part, channel.key):
                return rig, part, channel
    raise ServiceValidationError(
        translation_domain=DOMAIN, translation_key="one_energy_sensor"
    )
