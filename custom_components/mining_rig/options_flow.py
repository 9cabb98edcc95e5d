"""The options of a rig: its power, its behaviour, the units that it is shown in."""

from typing import Any, Final

from homeassistant.components.sensor import SensorDeviceClass
from homeassistant.config_entries import ConfigFlowResult, OptionsFlowWithReload
from homeassistant.const import Platform, UnitOfPower
from homeassistant.helpers import entity_registry as er
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

from .const import (
    CONF_BASE_POWER,
    CONF_KEEP_ORDER,
    CONF_POWER_METER,
    CONF_RATED_POWER,
    CONF_ZERO_WHILE_OFF,
)

MOST_POWER: Final = 100_000
"""W; more than any household feeds to one rig."""

_WATTS: Final = NumberSelector(
    NumberSelectorConfig(
        min=0,
        max=MOST_POWER,
        step="any",
        unit_of_measurement=UnitOfPower.WATT,
        mode=NumberSelectorMode.BOX,
    )
)


class RigOptionsFlow(OptionsFlowWithReload):
    """The dialog of a rig's options."""

    async def async_step_init(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask what to change."""
        return await self.async_step_settings()

    async def async_step_settings(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask how the rig's power is known and how the rig behaves."""
        schema = self._settings()
        options = self.config_entry.options
        if user_input is not None:
            own = {str(key) for key in schema.schema}
            others = {k: v for k, v in options.items() if k not in own}
            return self.async_create_entry(data=others | user_input)
        return self.async_show_form(
            step_id="settings",
            data_schema=self.add_suggested_values_to_schema(schema, options),
        )

    def _settings(self) -> vol.Schema:
        registry = er.async_get(self.hass)
        own = [
            entity.entity_id
            for entity in er.async_entries_for_config_entry(
                registry, self.config_entry.entry_id
            )
            if entity.domain == Platform.SENSOR
        ]
        meter = EntitySelector(
            EntitySelectorConfig(
                filter=EntityWithDeviceFilterSelectorConfig(
                    domain=Platform.SENSOR, device_class=SensorDeviceClass.POWER
                ),
                # What the rig shows as its power cannot be where it comes from.
                exclude_entities=own,
            )
        )
        return vol.Schema(
            {
                vol.Optional(CONF_POWER_METER): meter,
                vol.Optional(CONF_BASE_POWER): _WATTS,
                vol.Optional(CONF_RATED_POWER): _WATTS,
                vol.Optional(CONF_ZERO_WHILE_OFF, default=False): BooleanSelector(),
                vol.Optional(CONF_KEEP_ORDER, default=False): BooleanSelector(),
            }
        )
