"""Options that the integration keeps with its entities in the registry."""

from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er

from custom_components.mining_rig.const import DOMAIN
from custom_components.mining_rig.entity_options import (
    async_set_entity_option,
    entity_option,
)


def test_one_option_leaves_the_others(hass: HomeAssistant) -> None:
    """The registry replaces all options of a domain at once; this does not."""
    registry = er.async_get(hass)
    entity = registry.async_get_or_create("sensor", DOMAIN, "one")
    async_set_entity_option(registry, entity.entity_id, "unit", "MH/s")
    async_set_entity_option(registry, entity.entity_id, "enabled_by_hand", True)
    found = registry.async_get(entity.entity_id)
    assert found is not None
    assert entity_option(found, "unit") == "MH/s"
    assert entity_option(found, "enabled_by_hand") is True


def test_an_entity_that_is_gone(hass: HomeAssistant) -> None:
    """It gets no option, and does not come back."""
    registry = er.async_get(hass)
    async_set_entity_option(registry, "sensor.gone", "unit", "MH/s")
    assert registry.async_get("sensor.gone") is None
