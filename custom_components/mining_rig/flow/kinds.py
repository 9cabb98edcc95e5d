"""The first menu, the choice of a kind, and the step of each kind with its form."""

from collections.abc import Awaitable, Callable
from typing import Any, Final, override

from homeassistant.config_entries import ConfigFlowResult
from homeassistant.helpers.selector import (
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
)
import voluptuous as vol

from ..const import CONF_KIND, FARM
from ..sources import KINDS
from .base import RigFlow

type Step = Callable[[RigFlow, dict[str, Any] | None], Awaitable[ConfigFlowResult]]

_MENU: Final = ("address", "search", "kinds", "nvml")
"""The steps of the first menu, as far as there are such steps."""
_SCHEMA: Final = vol.Schema(
    {
        vol.Required(CONF_KIND): SelectSelector(
            SelectSelectorConfig(
                options=[*KINDS, FARM],
                mode=SelectSelectorMode.DROPDOWN,
                translation_key=CONF_KIND,
                sort=True,
                # Only such a list can be searched in the browser.
                custom_value=True,
            )
        )
    }
)


class KindsFlow(RigFlow):
    """The menu, and the list of all kinds."""

    @override
    async def async_step_user(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Choose how to find the rig."""
        steps = [step for step in _MENU if hasattr(self, f"async_step_{step}")]
        return self.async_show_menu(step_id="user", menu_options=steps)

    async def async_step_kinds(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Choose the kind of rig."""
        errors: dict[str, str] = {}
        if user_input is not None:
            if (kind := user_input[CONF_KIND]) in KINDS or kind == FARM:
                step: Callable[[], Awaitable[ConfigFlowResult]]
                step = getattr(self, f"async_step_{kind}")
                return await step()
            errors[CONF_KIND] = "unknown_kind"
        return self.async_show_form(step_id="kinds", data_schema=_SCHEMA, errors=errors)


def _form_step(kind: str) -> Step:
    async def async_step(
        self: RigFlow, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        return await self._async_step_form(kind, user_input)

    return async_step


for _kind in KINDS:
    if not hasattr(RigFlow, f"async_step_{_kind}"):
        setattr(KindsFlow, f"async_step_{_kind}", _form_step(_kind))
