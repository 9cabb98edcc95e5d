"""The dialogs of a Mining Rig Monitor agent's rig: add it, show its settings, change."""

import asyncio
from collections.abc import Mapping
import re
import secrets
from typing import Any, Final, override
from uuid import uuid4

from homeassistant.components import webhook
from homeassistant.config_entries import (
    ConfigEntry,
    ConfigFlowResult,
    ConfigSubentryFlow,
)
from homeassistant.const import CONF_NAME
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.network import NoURLAvailableError, get_url
from homeassistant.helpers.selector import BooleanSelector, TextSelector
from homeassistant.helpers.typing import DiscoveryInfoType
from homeassistant.setup import async_setup_component
from homeassistant.util import slugify
import voluptuous as vol

from ..const import CONF_ID_ROOT, CONF_KIND, DOMAIN
from ..push.const import (
    BASE,
    CONF_API_CODE,
    CONF_CLOUDHOOK_URL,
    CONF_WEBHOOK_ID,
    LONGEST_CODE,
    SHORTEST_NEW_CODE,
)
from ..push.door import Door
from ..push.opening import async_open_door
from ..sources import KINDS
from ..sources.rig_monitor import CONF_RIG_TYPE
from ..sources.rig_monitor.playbooks import SUBENTRY
from ..sources.rig_monitor.protocol import RigType
from ..sources.rig_monitor.routes import API
from .base import RigFlow
from .forms import Answers, flat, form_schema
from .playbook import PlaybookFlow

KIND: Final = "rig_monitor"
_CODE: Final = re.compile(rf"[\x21-\x7e]{{{SHORTEST_NEW_CODE},{LONGEST_CODE}}}")
_CONF_WAIT: Final = "wait"
_CONF_RENEW: Final = "renew"
_SETTINGS: Final[Mapping[RigType, tuple[str, str]]] = {
    RigType.ASIC: ("mininig_rig_commander_api_url", "api_code"),
    RigType.CPU_GPU: ("MININIG_RIG_COMMANDER_API_URL", "API_CODE"),
}
"""The settings of ASIC Sentry and CPU/GPU Sentry: the server's address, the API code."""
_WAIT: Final = 300.0
"""Seconds; an agent that was restarted pushes within 10 s, one with many rigs later."""

_TEXT: Final = TextSelector()


def _base(hass: HomeAssistant) -> str:
    try:
        return get_url(hass, allow_cloud=False, prefer_external=False)
    except NoURLAvailableError:
        return "http://homeassistant.local:8123"


class RigMonitorFlow(RigFlow):
    """The dialogs of rigs that push."""

    _waiting: asyncio.Task[bool] | None = None
    _new: Answers
    _no_push = False
    """Whether the agent did not come while it was waited for."""
    _door: Door | None = None
    """The door, while it has to be open for this dialog's agent."""

    @classmethod
    @callback
    @override
    def async_get_supported_subentry_types(
        cls, config_entry: ConfigEntry
    ) -> dict[str, type[ConfigSubentryFlow]]:
        """Return the playbooks of a CPU/GPU rig."""
        if config_entry.data.get(CONF_RIG_TYPE) != RigType.CPU_GPU:
            return {}
        return {SUBENTRY: PlaybookFlow}

    # ---- adding

    @override
    async def async_step_integration_discovery(
        self, discovery_info: DiscoveryInfoType
    ) -> ConfigFlowResult:
        """Add the rig of an unknown agent, from its repair."""
        door = await async_open_door(self.hass)
        agent = door.unknown_agents.newest_at(discovery_info["address"])
        if agent is None:
            return self.async_abort(reason="agent_gone")
        self._new = {CONF_RIG_TYPE: agent.rig_type, CONF_API_CODE: agent.code}
        return await self.async_step_rig_monitor()

    async def async_step_rig_monitor(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for the type of the rig, and for the code of an agent that has one."""
        form = KINDS[KIND].form
        errors: dict[str, str] = {}
        suggested = getattr(self, "_new", {})
        if user_input is not None:
            answers = flat(form, user_input)
            name = answers.get(CONF_NAME, "")
            code = answers.setdefault(CONF_API_CODE, secrets.token_hex(16))
            taken = {slugify(e.title) for e in self._async_current_entries()}
            if not name:
                errors[CONF_NAME] = "name_empty"
            elif slugify(name) in taken:
                errors[CONF_NAME] = "name_taken"
            if error := self._code_error(code):
                errors[CONF_API_CODE] = error
            if not errors:
                await self._async_expect_agent()
                self._new = {
                    **answers,
                    CONF_WEBHOOK_ID: webhook.async_generate_id(),
                }
                return await self.async_step_rig_monitor_agent()
            suggested = user_input
        return self.async_show_form(
            step_id=KIND,
            data_schema=self.add_suggested_values_to_schema(
                form_schema(form), suggested
            ),
            errors=errors,
            last_step=False,
        )

    async def _async_expect_agent(self) -> None:
        """Open the door, for the first rig too, until this dialog ends."""
        await async_setup_component(self.hass, DOMAIN, {})
        self._door = await async_open_door(self.hass)
        self._door.dialogs.add(self.flow_id)

    def _code_error(self, code: str) -> str | None:
        if _CODE.fullmatch(code) is None:
            return "code_invalid"
        others = (
            e.data.get(CONF_API_CODE)
            for e in self.hass.config_entries.async_entries(DOMAIN)
            if e.entry_id != self.context.get("entry_id")
        )
        return "code_taken" if code in others else None

    def _shown(self, data: Mapping[str, Any], name: str) -> dict[str, str]:
        """Return the placeholders of descriptions, which the owner can copy from.

        The text of a read-only field cannot be selected in browsers.
        """
        base = _base(self.hass)
        base_setting, code_setting = _SETTINGS[RigType(data[CONF_RIG_TYPE])]
        hook = webhook.async_generate_path(data[CONF_WEBHOOK_ID])
        return {
            "name": name,
            "base": f"{base}{BASE}/{API.base}",
            "base_setting": base_setting,
            CONF_API_CODE: data[CONF_API_CODE],
            "code_setting": code_setting,
            "webhook": data.get(CONF_CLOUDHOOK_URL, f"{base}{hook}"),
        }

    async def async_step_rig_monitor_agent(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Show the agent's settings, and wait for the agent if the owner wants to."""
        if user_input is not None:
            if user_input.get(_CONF_WAIT):
                self._no_push = False
                return await self.async_step_rig_monitor_wait()
            return await self.async_step_rig_monitor_done()
        return self.async_show_form(
            step_id="rig_monitor_agent",
            data_schema=vol.Schema(
                {vol.Optional(_CONF_WAIT, default=False): BooleanSelector()}
            ),
            errors={"base": "no_push"} if self._no_push else {},
            description_placeholders=self._shown(self._new, self._new[CONF_NAME]),
        )

    async def async_step_rig_monitor_wait(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Wait for the agent's first request."""
        if self._waiting is None:
            assert self._door is not None
            self._waiting = self.hass.async_create_task(
                self._door.async_wait_for_agent(self._new[CONF_API_CODE], _WAIT),
                "mining_rig: wait for an agent",
                eager_start=False,
            )
        if not self._waiting.done():
            return self.async_show_progress(
                step_id="rig_monitor_wait",
                progress_action="rig_monitor_wait",
                progress_task=self._waiting,
                description_placeholders={"name": self._new[CONF_NAME]},
            )
        came = not self._waiting.cancelled() and self._waiting.result()
        self._waiting, self._no_push = None, not came
        return self.async_show_progress_done(
            next_step_id="rig_monitor_done" if came else "rig_monitor_agent"
        )

    async def async_step_rig_monitor_done(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Create the entry; the agent's code is accepted from now on."""
        code = self._new[CONF_API_CODE]
        if self._code_error(code):
            # Another dialog has added it in the meantime.
            return self.async_abort(reason="code_taken")
        data = {key: value for key, value in self._new.items() if key != CONF_NAME}
        return self.async_create_entry(
            title=self._new[CONF_NAME],
            data={CONF_KIND: KIND, CONF_ID_ROOT: uuid4().hex, **data},
        )

    @callback
    @override
    def async_remove(self) -> None:
        """Stop waiting for the agent when the dialog is closed."""
        super().async_remove()
        if self._waiting is not None:
            self._waiting.cancel()
        if self._door is not None:
            self._door.dialogs.discard(self.flow_id)

    # ---- changing

    async def async_step_rig_monitor_reconfigure(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Show base address, code and webhook again; ask for another code."""
        entry = self._get_reconfigure_entry()
        errors: dict[str, str] = {}
        if user_input is not None:
            code = str(user_input.get(CONF_API_CODE) or "").strip()
            if not code and user_input[_CONF_RENEW]:
                code = secrets.token_hex(16)
            if code in ("", entry.data[CONF_API_CODE]):
                return self.async_abort(reason="nothing_changed")
            if error := self._code_error(code):
                errors[CONF_API_CODE] = error
            else:
                self._new = {**entry.data, CONF_API_CODE: code}
                return await self.async_step_rig_monitor_renewed()
        schema = vol.Schema(
            {
                vol.Optional(_CONF_RENEW, default=False): BooleanSelector(),
                vol.Optional(CONF_API_CODE): _TEXT,
            }
        )
        return self.async_show_form(
            step_id="rig_monitor_reconfigure",
            data_schema=self.add_suggested_values_to_schema(schema, user_input),
            errors=errors,
            description_placeholders=self._shown(entry.data, entry.title),
        )

    async def async_step_rig_monitor_renewed(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Show the new code before the old one is refused."""
        entry = self._get_reconfigure_entry()
        if user_input is not None:
            if self._code_error(self._new[CONF_API_CODE]):
                # Another dialog has used it in the meantime.
                return self.async_abort(reason="code_taken")
            return self.async_update_reload_and_abort(entry, data=self._new)
        return self.async_show_form(
            step_id="rig_monitor_renewed",
            data_schema=vol.Schema({}),
            description_placeholders=self._shown(self._new, entry.title),
        )
