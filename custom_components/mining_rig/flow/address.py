"""Adding a rig by its address: what answers there is found out."""

from typing import Any, Final

from homeassistant.config_entries import ConfigFlowResult
from homeassistant.const import CONF_HOST, CONF_PORT
from homeassistant.helpers.aiohttp_client import async_get_clientsession
from homeassistant.helpers.selector import (
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
)
import voluptuous as vol

from ..sources.common.detection import Found
from ..sources.common.forms import Field, FieldKind, Form
from ..sources.detect import async_detect, async_detect_usual
from .base import RigFlow
from .forms import Answers, FormError, flat, form_schema, with_address
from .network import CONF_GO_ON_AS, Errors, async_found_text

_FORM: Final = Form(
    (
        Field(key=CONF_HOST, kind=FieldKind.HOST, required=True),
        Field(key=CONF_PORT, kind=FieldKind.PORT),
    )
)


class AddressFlow(RigFlow):
    """The steps `address`, `found` and `locked`."""

    _typed: Answers

    async def async_step_address(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Take an address, and go on with what answers there."""
        errors: Errors = {}
        if user_input is not None:
            try:
                self._typed = with_address(_FORM, flat(_FORM, user_input), {})
            except FormError as err:
                errors = {err.field: err.error}
            else:
                found = await self._async_detect(self._typed)
                if len(found) == 1:
                    return await self._async_detected(found[0])
                if found:
                    self._others = found
                    return await self._async_choose()
                has_port = CONF_PORT in self._typed
                errors = (
                    {CONF_HOST: "not_found"} if has_port else {CONF_PORT: "ask_port"}
                )
        return self.async_show_form(
            step_id="address",
            data_schema=self.add_suggested_values_to_schema(
                form_schema(_FORM), user_input
            ),
            errors=errors,
        )

    async def _async_detect(self, typed: Answers) -> list[Found]:
        session = async_get_clientsession(self.hass, verify_ssl=False)
        if (port := typed.get(CONF_PORT)) is not None:
            return await async_detect(session, typed[CONF_HOST], [port])
        return await async_detect_usual(session, typed[CONF_HOST])

    async def async_step_found(self, user_input: dict[str, Any]) -> ConfigFlowResult:
        """Go on with one of several that answer at the address."""
        [found] = [f for f in self._others if f.kind == user_input[CONF_GO_ON_AS]]
        return await self._async_detected(found)

    async def async_step_locked(self, user_input: dict[str, Any]) -> ConfigFlowResult:
        """Go on with what a program is that does not say it without a password."""
        return await self.async_step_found(user_input)

    async def _async_choose(self) -> ConfigFlowResult:
        """Let the owner choose: one of several, or what the only one is."""
        places = {tuple(found.ports.items()) for found in self._others}
        is_one = len(places) == 1 and all(found.needs for found in self._others)
        options = [
            SelectOptionDict(
                value=found.kind,
                label=found.title
                if is_one
                else await async_found_text(self.hass, found, locked=True),
            )
            for found in self._others
        ]
        choice = SelectSelector(SelectSelectorConfig(options=options))
        return self.async_show_form(
            step_id="locked" if is_one else "found",
            data_schema=vol.Schema({vol.Required(CONF_GO_ON_AS): choice}),
            description_placeholders={"host": self._typed[CONF_HOST]},
        )

    async def _async_detected(self, found: Found) -> ConfigFlowResult:
        self._detected = found
        return await self._async_go_on_as(found, self._typed)
