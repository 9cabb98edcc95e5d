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
USUAL_UNIT: Final = "usual_unit"
"""The unit that it is shown in until one is chosen; it has only been 0 so far."""


def entity_option(entity: er.RegistryEntry, key: str) -> Any:
    """Return an option, None where it is not set."""
    return _options(entity).get(key)


@callback
def async_set_entity_option(
    registry: er.EntityRegistry, entity_id: str, key: str, value: Any
) -> None:
    """Set one option and leave the others; None removes it.

    The registry replaces all options of a domain.
    """
    if (entity := registry.async_get(entity_id)) is None:
        return
    if entity_option(entity, key) != value:
        options = {**_options(entity), key: value}
        if value is None:
            del options[key]
        registry.async_update_entity_options(entity_id, DOMAIN, options)


def kept_unit(entity: er.RegistryEntry) -> str | None:
    """Return the unit that was chosen for a hashrate or an efficiency, if one was.

    One that was disabled from the first has no option yet, but Home Assistant
    registered it with its unit.
    """
    unit: str | None = entity_option(entity, UNIT)
    if unit is None and entity_option(entity, USUAL_UNIT) is None:
        return entity.unit_of_measurement
    return unit


def _options(entity: er.RegistryEntry) -> Mapping[str, Any]:
    return entity.options.get(DOMAIN, {})
