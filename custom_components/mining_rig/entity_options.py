"""What the integration keeps with an entity: its own options in the entity registry."""

from collections.abc import Mapping
from typing import Any, Final

from homeassistant.core import callback
from homeassistant.helpers import entity_registry as er

from .const import DOMAIN

ENABLED_BY_HAND: Final = "enabled_by_hand"
"""The owner enabled it while it was not to be shown."""
UNIT: Final = "unit"
"""The unit of a hashrate or an efficiency, chosen once and kept."""


def entity_option(entity: er.RegistryEntry, key: str) -> Any:
    """Return an option, None where it is not set."""
    return _options(entity).get(key)


@callback
def async_set_entity_option(
    registry: er.EntityRegistry, entity_id: str, key: str, value: Any
) -> None:
    """Set one option and leave the others; the registry replaces all of a domain."""
    if (entity := registry.async_get(entity_id)) is None:
        return
    if entity_option(entity, key) != value:
        registry.async_update_entity_options(
            entity_id, DOMAIN, {**_options(entity), key: value}
        )


def kept_unit(entity: er.RegistryEntry) -> str | None:
    """Return the unit that was chosen for a hashrate or an efficiency.

    One that was disabled from the first has no option yet, but Home Assistant
    registered it with its unit.
    """
    unit: str | None = entity_option(entity, UNIT)
    return unit or entity.unit_of_measurement


def _options(entity: er.RegistryEntry) -> Mapping[str, Any]:
    return entity.options.get(DOMAIN, {})
