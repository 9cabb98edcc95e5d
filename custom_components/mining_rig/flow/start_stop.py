"""What starts and stops a rig that has no pause, in the form of its options."""

from collections.abc import Mapping, Sequence
from typing import Any

from homeassistant.const import Platform
from homeassistant.helpers.selector import EntitySelector, EntitySelectorConfig
import voluptuous as vol

from ..const import CONF_START_SCRIPT, CONF_STARTED_BY, CONF_STOP_SCRIPT


def start_stop_fields(own: Sequence[str]) -> dict[vol.Marker, Any]:
    """Return the fields of the section; `own` are the rig's entities."""
    switch = EntitySelector(
        EntitySelectorConfig(
            domain=[Platform.SWITCH, "input_boolean"],
            # The rig's own switch cannot be what it sends its orders to.
            exclude_entities=[*own],
        )
    )
    script = EntitySelector(EntitySelectorConfig(domain="script"))
    return {
        vol.Optional(CONF_STARTED_BY): switch,
        vol.Optional(CONF_START_SCRIPT): script,
        vol.Optional(CONF_STOP_SCRIPT): script,
    }


def start_stop_error(chosen: Mapping[str, Any]) -> str | None:
    """Return the key of the error in what was chosen, None if there is none."""
    scripts = [chosen.get(key) for key in (CONF_START_SCRIPT, CONF_STOP_SCRIPT)]
    if not any(scripts):
        return None
    if chosen.get(CONF_STARTED_BY):
        return "switch_or_scripts"
    return None if all(scripts) else "two_scripts"
