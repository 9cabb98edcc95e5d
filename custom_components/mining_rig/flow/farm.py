"""Adding a farm, and its options."""

from collections.abc import Mapping
from typing import Any, Final, override
from uuid import uuid4

from homeassistant.config_entries import ConfigEntry, ConfigFlowResult
from homeassistant.const import CONF_NAME, UnitOfTime
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.selector import (
    AreaSelector,
    AreaSelectorConfig,
    LabelSelector,
    LabelSelectorConfig,
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
    TextSelector,
)
from homeassistant.util import slugify
import voluptuous as vol

from ..const import CONF_ID_ROOT, CONF_KIND, FARM
from ..farm.entry import is_farm
from ..farm.money import CONF_MONEY
from ..farm.selection import (
    CONF_AREAS,
    CONF_LABELS,
    CONF_LEFT_OUT,
    CONF_RIGS,
    CONF_STAGGER,
    STAGGER,
    rig_entries,
)
from .base import RigFlow
from .forms import free_name
from .money import Money, MoneySteps, with_money
from .options import RigOptionsFlow
from .units import async_scaled_sensors

_NAME: Final = "Farm"
_LONGEST_STAGGER: Final = 600


def _schema(hass: HomeAssistant) -> vol.Schema:
    """Return the form of what belongs to a farm."""
    entries = sorted(rig_entries(hass), key=lambda entry: entry.title.lower())
    rigs = SelectSelector(
        SelectSelectorConfig(
            options=[
                SelectOptionDict(value=entry.entry_id, label=entry.title)
                for entry in entries
            ],
            multiple=True,
            mode=SelectSelectorMode.DROPDOWN,
        )
    )
    return vol.Schema(
        {
            vol.Optional(CONF_RIGS): rigs,
            vol.Optional(CONF_AREAS): AreaSelector(AreaSelectorConfig(multiple=True)),
            vol.Optional(CONF_LABELS): LabelSelector(
                LabelSelectorConfig(multiple=True)
            ),
            vol.Optional(CONF_LEFT_OUT): rigs,
            vol.Required(CONF_STAGGER, default=STAGGER): NumberSelector(
                NumberSelectorConfig(
                    min=0,
                    max=_LONGEST_STAGGER,
                    step=1,
                    unit_of_measurement=UnitOfTime.SECONDS,
                    mode=NumberSelectorMode.BOX,
                )
            ),
        }
    )


def _existing(hass: HomeAssistant, options: Mapping[str, Any]) -> dict[str, Any]:
    """Return options without the rigs that were removed; a form would refuse them."""
    there = {entry.entry_id for entry in rig_entries(hass)}
    return {
        key: [rig for rig in value if rig in there]
        if key in (CONF_RIGS, CONF_LEFT_OUT)
        else value
        for key, value in options.items()
    }


class FarmFlow(MoneySteps, RigFlow):
    """Adding a farm."""

    _name: str
    _options: dict[str, Any]

    @staticmethod
    @callback
    @override
    def async_get_options_flow(config_entry: ConfigEntry) -> RigOptionsFlow:
        """Return the options flow of a farm or a rig."""
        return FarmOptionsFlow() if is_farm(config_entry) else RigOptionsFlow()

    async def async_step_farm(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for the name of a farm and what belongs to it."""
        taken = {slugify(entry.title) for entry in self._async_current_entries()}
        errors: dict[str, str] = {}
        shown = user_input or {CONF_NAME: free_name(_NAME, taken)}
        if user_input is not None:
            name = user_input[CONF_NAME].strip()
            if not name:
                errors[CONF_NAME] = "name_empty"
            elif slugify(name) in taken:
                errors[CONF_NAME] = "name_taken"
            else:
                self._name = name
                self._options = {k: v for k, v in user_input.items() if k != CONF_NAME}
                return await self.async_step_money()
        fields = {vol.Required(CONF_NAME): TextSelector(), **_schema(self.hass).schema}
        return self.async_show_form(
            step_id=FARM,
            data_schema=self.add_suggested_values_to_schema(vol.Schema(fields), shown),
            errors=errors,
        )

    @override
    async def _async_save_money(self, money: Money) -> ConfigFlowResult:
        """Add the farm."""
        return self.async_create_entry(
            title=self._name,
            data={CONF_KIND: FARM, CONF_ID_ROOT: uuid4().hex},
            options=with_money(self._options, money),
        )

    async def async_step_farm_reconfigure(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Show that everything of a farm is in its options."""
        return self.async_abort(
            reason="farm_options",
            description_placeholders={"rig": self._get_reconfigure_entry().title},
        )


class FarmOptionsFlow(MoneySteps, RigOptionsFlow):
    """The options of a farm."""

    @override
    async def async_step_init(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Choose between what belongs to the farm, its money and units."""
        steps = [FARM, CONF_MONEY]
        if async_scaled_sensors(self.hass, self.config_entry):
            steps.append("units")
        return self.async_show_menu(step_id="init", menu_options=steps)

    async def async_step_farm(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for what belongs to the farm."""
        schema = _schema(self.hass)
        options = self.config_entry.options
        if user_input is not None:
            own = {str(key) for key in schema.schema}
            others = {key: options[key] for key in options if key not in own}
            return self.async_create_entry(data=others | user_input)
        return self.async_show_form(
            step_id=FARM,
            data_schema=self.add_suggested_values_to_schema(
                schema, _existing(self.hass, options)
            ),
        )

    # ---- money

    @override
    def _stored_money(self) -> Money:
        """Return what was entered before."""
        return dict(self.config_entry.options.get(CONF_MONEY) or {})

    @override
    def _own_entities(self) -> list[str]:
        """Return the farm's entities."""
        registry, farm = er.async_get(self.hass), self.config_entry.entry_id
        own = er.async_entries_for_config_entry(registry, farm)
        return [entity.entity_id for entity in own]

    @override
    async def _async_save_money(self, money: Money) -> ConfigFlowResult:
        """Keep it with the other options."""
        return self.async_create_entry(
            data=with_money(self.config_entry.options, money)
        )
