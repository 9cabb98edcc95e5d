"""The options of thermal protection: a section of the settings."""

from collections.abc import Mapping
from typing import Any, Final

from homeassistant.components.binary_sensor import BinarySensorDeviceClass
from homeassistant.components.sensor import SensorDeviceClass
from homeassistant.config_entries import ConfigEntry
from homeassistant.const import Platform, UnitOfTemperature, UnitOfTime
from homeassistant.core import HomeAssistant
from homeassistant.helpers.selector import (
    BooleanSelector,
    EntitySelector,
    EntitySelectorConfig,
    EntityWithDeviceFilterSelectorConfig,
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
)
import voluptuous as vol

from ..const import CONF_POWER_SWITCH, CONF_SHARED_SWITCH, DOMAIN
from ..coordinator.protection_choices import (
    CONF_HEAT_SENSOR,
    CONF_HEAT_SENSOR_LIMIT,
    CONF_HOLD_TIME,
    CONF_MAY_RESUME,
    DEFAULT_HOLD_TIME,
    DEFAULT_SENSOR_LIMIT,
)

LONGEST_HOLD: Final = 300
_DEFAULTS: Final[Mapping[str, Any]] = {
    CONF_MAY_RESUME: False,
    CONF_HOLD_TIME: DEFAULT_HOLD_TIME,
    CONF_HEAT_SENSOR_LIMIT: DEFAULT_SENSOR_LIMIT,
}


def _number(lowest: float, highest: float, unit: str) -> NumberSelector:
    return NumberSelector(
        NumberSelectorConfig(
            min=lowest,
            max=highest,
            step=1,
            unit_of_measurement=unit,
            mode=NumberSelectorMode.BOX,
        )
    )


def protection_fields(own: list[str]) -> dict[vol.Marker, Any]:
    """Return the section; `own` are the entities of the rig itself."""
    sensor = EntitySelector(
        EntitySelectorConfig(
            filter=[
                EntityWithDeviceFilterSelectorConfig(
                    domain=Platform.SENSOR, device_class=SensorDeviceClass.TEMPERATURE
                ),
                EntityWithDeviceFilterSelectorConfig(
                    domain=Platform.BINARY_SENSOR,
                    device_class=[
                        BinarySensorDeviceClass.HEAT,
                        BinarySensorDeviceClass.SMOKE,
                    ],
                ),
            ],
            exclude_entities=own,
        )
    )
    selectors: dict[str, Any] = {
        CONF_MAY_RESUME: BooleanSelector(),
        CONF_HOLD_TIME: _number(0, LONGEST_HOLD, UnitOfTime.SECONDS),
        CONF_HEAT_SENSOR: sensor,
        CONF_HEAT_SENSOR_LIMIT: _number(20, 120, UnitOfTemperature.CELSIUS),
    }
    return {
        vol.Optional(key, default=_DEFAULTS.get(key, vol.UNDEFINED)): selector
        for key, selector in selectors.items()
    }


def power_switch_fields(own: list[str]) -> dict[vol.Marker, Any]:
    """Return the fields of what cuts the rig's power, of protection and watchdog."""
    return {
        vol.Optional(CONF_POWER_SWITCH): EntitySelector(
            EntitySelectorConfig(domain=Platform.SWITCH, exclude_entities=own)
        ),
        vol.Optional(CONF_SHARED_SWITCH, default=False): BooleanSelector(),
    }


def is_switch_in_use(
    hass: HomeAssistant, entry: ConfigEntry, answers: Mapping[str, Any]
) -> bool:
    """Return whether another rig has the chosen power switch, and that is not confirmed."""
    switch = answers.get(CONF_POWER_SWITCH)
    if switch is None or answers.get(CONF_SHARED_SWITCH):
        return False
    return any(
        other.options.get(CONF_POWER_SWITCH) == switch
        for other in hass.config_entries.async_entries(DOMAIN)
        if other.entry_id != entry.entry_id
    )
