"""The options flow: power, behavior, and the units of sensors."""

from collections.abc import Mapping
from typing import Any, Final

from homeassistant.config_entries import ConfigFlowResult, OptionsFlowWithReload
from homeassistant.const import CONF_ENTITY_ID, UnitOfTime
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.selector import (
    BooleanSelector,
    EntitySelector,
    EntitySelectorConfig,
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
)
import voluptuous as vol

from ..const import (
    CONF_BASE_POWER,
    CONF_KEEP_ORDER,
    CONF_KEEP_PARTS,
    CONF_KIND,
    CONF_POLL_INTERVAL,
    CONF_POWER_METER,
    CONF_PROTECTION,
    CONF_RATED_POWER,
    CONF_SHOWN_WORKERS,
    CONF_START_STOP,
    CONF_WATCHDOG,
    CONF_ZERO_WHILE_OFF,
    LONGEST_POLL_INTERVAL,
    RECORDER,
    SHORTEST_POLL_INTERVAL,
    SHOWN_WORKERS,
)
from ..coordinator.starter import has_own_pause
from ..known_parts import KnownParts
from ..model import PartKind
from ..push.cloudhook import (
    CONF_CLOUDHOOK,
    async_can_create_cloudhook,
    async_create_cloudhook,
    async_delete_cloudhook,
)
from ..push.const import CONF_ALLOW_PUBLIC, CONF_CLOUDHOOK_URL
from ..sources import KINDS
from ..store import RigStore
from .forms import form_schema
from .power import WATTS, meter_selector, without_zero_watts
from .protection import is_switch_in_use, power_switch_fields, protection_fields
from .sections import with_section, without_defaults
from .start_stop import start_stop_error, start_stop_fields
from .units import Scale, async_change_unit, async_scaled_sensors
from .watchdog import watchdog_fields

MOST_WORKERS: Final = 10_000

CONF_UNIT: Final = "unit"
CONF_STATISTICS: Final = "statistics"
RESCALE: Final = "rescale"
CLEAR: Final = "clear"

_POLL_INTERVAL: Final = NumberSelector(
    NumberSelectorConfig(
        min=SHORTEST_POLL_INTERVAL,
        max=LONGEST_POLL_INTERVAL,
        step=1,
        unit_of_measurement=UnitOfTime.SECONDS,
        mode=NumberSelectorMode.BOX,
    )
)

_WORKERS: Final = NumberSelector(
    NumberSelectorConfig(min=0, max=MOST_WORKERS, step=1, mode=NumberSelectorMode.BOX)
)


class RigOptionsFlow(OptionsFlowWithReload):
    """The options of a rig."""

    def __init__(self) -> None:
        """Start without a chosen sensor."""
        self._sensor = ""
        self._scale: Scale | None = None

    async def async_step_init(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Choose between settings and units."""
        if not async_scaled_sensors(self.hass, self.config_entry):
            return await self.async_step_settings()
        return self.async_show_menu(step_id="init", menu_options=["settings", "units"])

    # ---- power and behaviour

    async def async_step_settings(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for the source of the power value and the behavior."""
        schema = self._settings()
        options: Mapping[str, Any] = self.config_entry.options
        errors: dict[str, str] = {}
        if user_input is not None and CONF_CLOUDHOOK in schema.schema:
            wanted = user_input.pop(CONF_CLOUDHOOK, False)
            try:
                await self._async_want_cloudhook(wanted)
            except HomeAssistantError:
                errors[CONF_CLOUDHOOK] = "cloud_not_there"
                options = user_input
        if user_input is not None:
            error = start_stop_error(user_input.get(CONF_START_STOP, {}))
            if is_switch_in_use(self.hass, self.config_entry, user_input):
                error = "switch_in_use"
            if error is not None:
                errors["base"], options = error, user_input
        if user_input is not None and not errors:
            user_input = without_defaults(schema, user_input)
            own = {str(key) for key in schema.schema}
            others = {k: v for k, v in options.items() if k not in own}
            return self.async_create_entry(data=others | without_zero_watts(user_input))
        return self.async_show_form(
            step_id="settings",
            data_schema=self.add_suggested_values_to_schema(schema, options),
            errors=errors,
        )

    @property
    def _known_parts(self) -> KnownParts:
        return RigStore.of(self.hass, self.config_entry.entry_id).known_parts

    @property
    def _has_workers(self) -> bool:
        """Whether the rig has ever reported a worker."""
        return any(
            part.kind is PartKind.WORKER for part in self._known_parts.parts.values()
        )

    async def _async_want_cloudhook(self, wanted: bool) -> None:
        """Create or delete the webhook's address at Home Assistant Cloud."""
        entry = self.config_entry
        if wanted == (CONF_CLOUDHOOK_URL in entry.data):
            return
        if wanted:
            await async_create_cloudhook(self.hass, entry)
        else:
            await async_delete_cloudhook(self.hass, entry)

    def _settings(self) -> vol.Schema:
        registry = er.async_get(self.hass)
        entry_id = self.config_entry.entry_id
        own = [
            entity.entity_id
            for entity in er.async_entries_for_config_entry(registry, entry_id)
        ]
        # A sensor of the rig cannot be the source of its power.
        meter = meter_selector(own)
        kind = KINDS[self.config_entry.data[CONF_KIND]]
        fields: dict[Any, Any] = {}
        if kind.draws_power:
            fields[vol.Optional(CONF_POWER_METER)] = meter
            fields[vol.Optional(CONF_BASE_POWER)] = WATTS
            fields[vol.Optional(CONF_RATED_POWER)] = WATTS
            fields |= power_switch_fields(own)
        fields[vol.Optional(CONF_ZERO_WHILE_OFF, default=False)] = BooleanSelector()
        fields[vol.Optional(CONF_KEEP_PARTS, default=False)] = BooleanSelector()
        if not kind.pushes and not kind.own_schedule:
            fields[vol.Optional(CONF_POLL_INTERVAL)] = _POLL_INTERVAL
        fields |= form_schema(kind.options).schema
        if kind.pushes:
            public = vol.Optional(CONF_ALLOW_PUBLIC, default=False)
            fields[public] = BooleanSelector()
            has_hook = CONF_CLOUDHOOK_URL in self.config_entry.data
            if has_hook or async_can_create_cloudhook(self.hass):
                hook = vol.Optional(CONF_CLOUDHOOK, default=has_hook)
                fields[hook] = BooleanSelector()
        if self._has_workers:
            shown = vol.Optional(CONF_SHOWN_WORKERS, default=SHOWN_WORKERS)
            fields[shown] = _WORKERS
        options = self.config_entry.options
        if kind.draws_power:
            if not kind.pushes and not has_own_pause(self._known_parts):
                if CONF_KEEP_ORDER not in fields:
                    keep = vol.Optional(CONF_KEEP_ORDER, default=False)
                    fields[keep] = BooleanSelector()
                with_section(fields, CONF_START_STOP, start_stop_fields(own), options)
            with_section(fields, CONF_PROTECTION, protection_fields(own), options)
            with_section(fields, CONF_WATCHDOG, watchdog_fields(), options)
        return vol.Schema(fields)

    # ---- units

    async def async_step_units(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Choose the sensor whose unit to change."""
        sensors = async_scaled_sensors(self.hass, self.config_entry)
        if user_input is not None:
            self._sensor = user_input[CONF_ENTITY_ID]
            self._scale = sensors.get(self._sensor)
            if self._scale is not None:
                return await self.async_step_unit()
        selector = EntitySelector(EntitySelectorConfig(include_entities=[*sensors]))
        return self.async_show_form(
            step_id="units",
            data_schema=vol.Schema({vol.Required(CONF_ENTITY_ID): selector}),
        )

    async def async_step_unit(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Choose the unit, and what happens to the statistics in the old one."""
        scale = self._scale
        assert scale is not None
        errors: dict[str, str] = {}
        if user_input is not None:
            if user_input[CONF_UNIT] == scale.unit:
                errors[CONF_UNIT] = "same_unit"
            else:
                await async_change_unit(
                    self.hass,
                    self.config_entry,
                    self._sensor,
                    user_input[CONF_UNIT],
                    rescale=user_input.get(CONF_STATISTICS) == RESCALE,
                )
                return self.async_create_entry(data={**self.config_entry.options})
        fields: dict[vol.Marker, Any] = {
            vol.Required(CONF_UNIT, default=scale.unit): SelectSelector(
                SelectSelectorConfig(
                    options=scale.choices, mode=SelectSelectorMode.DROPDOWN
                )
            )
        }
        if RECORDER in self.hass.config.components:
            fields[vol.Required(CONF_STATISTICS, default=RESCALE)] = SelectSelector(
                SelectSelectorConfig(
                    options=[RESCALE, CLEAR], translation_key=CONF_STATISTICS
                )
            )
        state = self.hass.states.get(self._sensor)
        return self.async_show_form(
            step_id="unit",
            data_schema=vol.Schema(fields),
            errors=errors,
            description_placeholders={
                "sensor": state.name if state is not None else self._sensor,
                "unit": scale.unit,
            },
        )
