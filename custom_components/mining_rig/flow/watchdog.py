"""The watchdog in the form of a rig's options."""

from typing import Any

from homeassistant.const import PERCENTAGE, UnitOfTime
from homeassistant.helpers.selector import (
    BooleanSelector,
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
)
import voluptuous as vol

from ..watchdog import LADDER
from ..watchdog_options import (
    CONF_ENABLED,
    CONF_MINUTES,
    CONF_PER_DAY,
    CONF_SHARE,
    CONF_STEPS,
    DEFAULTS,
    MOST_MINUTES,
    MOST_PER_DAY,
)


def watchdog_fields() -> dict[vol.Marker, Any]:
    """Return the fields of the section."""
    selectors = {
        CONF_ENABLED: BooleanSelector(),
        CONF_MINUTES: _number(1, MOST_MINUTES, UnitOfTime.MINUTES),
        CONF_SHARE: _number(0, 100, PERCENTAGE),
        CONF_STEPS: SelectSelector(
            SelectSelectorConfig(
                options=[step.value for step in LADDER],
                multiple=True,
                mode=SelectSelectorMode.LIST,
                translation_key="watchdog_steps",
            )
        ),
        CONF_PER_DAY: _number(1, MOST_PER_DAY),
    }
    return {
        vol.Optional(key, default=DEFAULTS[key]): selector
        for key, selector in selectors.items()
    }


def _number(least: int, most: int, unit: str | None = None) -> NumberSelector:
    config = NumberSelectorConfig(
        min=least, max=most, step=1, mode=NumberSelectorMode.BOX
    )
    if unit is not None:
        config["unit_of_measurement"] = unit
    return NumberSelector(config)
