"""Adding a rig that pushes, showing its owner what to put into its agent, playbooks."""

import asyncio
from collections.abc import Mapping
import re
import secrets
from typing import Any, Final, override
from uuid import uuid4

from homeassistant.components import webhook
from homeassistant.config_entries import (
    SOURCE_RECONFIGURE,
    SOURCE_USER,
    ConfigEntry,
    ConfigFlowResult,
    ConfigSubentryFlow,
    SubentryFlowResult,
)
from homeassistant.const import CONF_NAME
from homeassistant.core import HomeAssistant, callback
from homeassistant.data_entry_flow import section
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.network import NoURLAvailableError, get_url
from homeassistant.helpers.selector import (
    BooleanSelector,
    TextSelector,
    TextSelectorConfig,
)
from homeassistant.helpers.typing import DiscoveryInfoType
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util, slugify
import voluptuous as vol

from ..const import CONF_ID_ROOT, CONF_KIND, DOMAIN
from ..push.door import (
    CONF_API_CODE,
    CONF_CLOUDHOOK_URL,
    CONF_WEBHOOK_ID,
    DOOR,
    KIND,
    PATH,
    Door,
)
from ..sources import KINDS
from ..sources.rig_monitor import CONF_RIG_TYPE, playbooks
from ..sources.rig_monitor.parse import RigType
from ..sources.rig_monitor.subentries import CONF_PLAYBOOK_ID, PLAYBOOK, playbook_title
from ..store import async_get_store
from .base import RigFlow
from .forms import Answers, flat, form_schema

_CODE: Final = re.compile(r"[\x21-\x7e]{8,255}")
_CONF_WAIT: Final = "wait"
_CONF_RENEW: Final = "renew"
_SETTINGS: Final[Mapping[RigType, tuple[str, str]]] = {
    RigType.ASIC: ("mininig_rig_commander_api_url", "api_code"),
    RigType.CPU_GPU: ("MININIG_RIG_COMMANDER_API_URL", "API_CODE"),
}
"""What ASIC Sentry and CPU/GPU Sentry call their server's address and the API code."""
_WAIT: Final = 300.0
"""Seconds; an agent that was restarted pushes within 10 s, one with many rigs later."""

_TEXT: Final = TextSelector()
_LONG: Final = TextSelector(TextSelectorConfig(multiline=True))


async def _async_door(hass: HomeAssistant) -> Door:
    """Return the door, which is open before the first rig is added, too."""
    await async_setup_component(hass, DOMAIN, {})
    return hass.data[DOOR]


def _base(hass: HomeAssistant) -> str:
    try:
        return get_url(hass, allow_cloud=False, prefer_external=False)
    except NoURLAvailableError:
        return "http://homeassistant.local:8123"


class RigMonitorFlow(RigFlow):
    """The dialogs of rigs that push."""

    _waiting: asyncio.Task[bool] | None = None
    _new: Answers
    _silent = False

    @classmethod
    @callback
    @override
    def async_get_supported_subentry_types(
        cls, config_entry: ConfigEntry
    ) -> dict[str, type[ConfigSubentryFlow]]:
        """Return playbooks for a CPU/GPU rig."""
        if config_entry.data.get(CONF_RIG_TYPE) != RigType.CPU_GPU:
            return {}
        return {PLAYBOOK: PlaybookFlow}

    # ---- adding

    @override
    async def async_step_integration_discovery(
        self, discovery_info: DiscoveryInfoType
    ) -> ConfigFlowResult:
        """Add the rig of an agent that keeps knocking."""
        door = await _async_door(self.hass)
        agent = door.unknown_agent_at(discovery_info["address"])
        if agent is None:
            return self.async_abort(reason="agent_gone")
        self._new = {CONF_RIG_TYPE: str(agent.rig_type), CONF_API_CODE: agent.code}
        return await self.async_step_rig_monitor()

    async def async_step_rig_monitor(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask what sort of rig it is, and for the code of an agent that has one."""
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
                await _async_door(self.hass)
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
        """Return what stands in the descriptions of dialogs, where it can be copied.

        A text field that is read only cannot: browsers do not let its text be selected.
        """
        base = _base(self.hass)
        base_setting, code_setting = _SETTINGS[RigType(data[CONF_RIG_TYPE])]
        hook = webhook.async_generate_path(data[CONF_WEBHOOK_ID])
        return {
            "name": name,
            "base": f"{base}{PATH}",
            "base_setting": base_setting,
            CONF_API_CODE: data[CONF_API_CODE],
            "code_setting": code_setting,
            "webhook": data.get(CONF_CLOUDHOOK_URL, f"{base}{hook}"),
        }

    async def async_step_rig_monitor_agent(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Show what to put into the agent, and wait for it if that is wanted."""
        if user_input is not None:
            if user_input.get(_CONF_WAIT):
                self._silent = False
                return await self.async_step_rig_monitor_wait()
            return await self.async_step_rig_monitor_done()
        return self.async_show_form(
            step_id="rig_monitor_agent",
            data_schema=vol.Schema(
                {vol.Optional(_CONF_WAIT, default=False): BooleanSelector()}
            ),
            errors={"base": "no_push"} if self._silent else {},
            description_placeholders=self._shown(self._new, self._new[CONF_NAME]),
        )

    async def async_step_rig_monitor_wait(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Wait for the agent's first request."""
        if self._waiting is None:
            door = self.hass.data[DOOR]
            self._waiting = self.hass.async_create_task(
                door.async_wait_for(self._new[CONF_API_CODE], _WAIT),
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
        self._waiting, self._silent = None, not came
        return self.async_show_progress_done(
            next_step_id="rig_monitor_done" if came else "rig_monitor_agent"
        )

    async def async_step_rig_monitor_done(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Make the entry; the agent is let in from now on."""
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
        """Wait for nobody when the dialog is closed."""
        super().async_remove()
        if self._waiting is not None:
            self._waiting.cancel()

    # ---- changing

    async def async_step_rig_monitor_reconfigure(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Show base address, code and webhook again; take another code."""
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
                # Another dialog has taken it in the meantime.
                return self.async_abort(reason="code_taken")
            return self.async_update_reload_and_abort(entry, data=self._new)
        return self.async_show_form(
            step_id="rig_monitor_renewed",
            data_schema=vol.Schema({}),
            description_placeholders=self._shown(self._new, entry.title),
        )


_SOFTWARE: Final = "software"
_SECTIONS: Final[Mapping[str, tuple[str, ...]]] = {
    **{group: playbooks.group_keys(group) for group in playbooks.GROUPS},
    _SOFTWARE: ("software_name", "software_version", "module"),
}
"""The sections of a playbook's form."""
_SECTION_OF: Final = {key: name for name, keys in _SECTIONS.items() for key in keys}
"""Where the browser shows what is wrong with a field: above its section."""


def _playbook_schema(known: Mapping[str, Any], errors: Mapping[str, str]) -> vol.Schema:
    """Return the form of a playbook.

    Open are the processor's section, as all that agents can run mines with it, and
    those with something to see.
    """
    opened = {
        name
        for name, keys in _SECTIONS.items()
        if name in errors or (name != _SOFTWARE and any(known.get(key) for key in keys))
    } | {"cpu"}
    sections = {
        name: section(
            vol.Schema({vol.Optional(key): _TEXT for key in keys}),
            {"collapsed": name not in opened},
        )
        for name, keys in _SECTIONS.items()
    }
    return vol.Schema(
        {
            **{vol.Required(group): sections[group] for group in playbooks.GROUPS},
            vol.Required("command_argument"): _LONG,
            vol.Required(_SOFTWARE): sections[_SOFTWARE],
            vol.Required("set"): _TEXT,
        }
    )


def _flat_playbook(user_input: Mapping[str, Any]) -> dict[str, str]:
    """Return the answers without their sections, and with single blanks only."""
    plain = {k: v for k, v in user_input.items() if k not in _SECTIONS}
    for name in _SECTIONS:
        plain |= user_input[name]
    return {key: " ".join(str(value).split()) for key, value in plain.items()}


class PlaybookFlow(ConfigSubentryFlow):
    """A playbook of a CPU/GPU rig."""

    async def async_step_user(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Add one."""
        return await self._async_step(SOURCE_USER, None, user_input)

    async def async_step_reconfigure(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Change one."""
        subentry = self._get_reconfigure_subentry()
        return await self._async_step(
            SOURCE_RECONFIGURE, subentry.data[CONF_PLAYBOOK_ID], user_input
        )

    async def _async_step(
        self, step: str, playbook_id: int | None, user_input: dict[str, Any] | None
    ) -> SubentryFlowResult:
        entry = self._get_entry()
        store = await async_get_store(self.hass, entry.entry_id)
        note = store.get(playbooks.NOTE)
        errors: dict[str, str] = {}
        known: Mapping[str, Any] = next(
            (p for p in playbooks.every(note) if p["id"] == playbook_id),
            playbooks.DEFAULTS,
        )
        if user_input is not None:
            answers = _flat_playbook(user_input)
            errors = {
                _SECTION_OF.get(field, field): error
                for field, error in playbooks.checked(answers).items()
            }
            if not errors and playbooks.clash(note, playbook_id, answers):
                errors["set"] = "software_taken"
            if not errors:
                moment = dt_util.utcnow().replace(tzinfo=None, microsecond=0)
                note, number = playbooks.with_playbook(
                    note, playbook_id, answers, moment.isoformat()
                )
                try:
                    await store.keep(playbooks.NOTE, note)
                except HomeAssistantError:
                    errors["base"] = "not_stored"
                else:
                    return self._finish(entry, number, answers)
            known = answers
        return self.async_show_form(
            step_id=step,
            data_schema=self.add_suggested_values_to_schema(
                _playbook_schema(known, errors),
                dict(known)
                | {
                    name: {key: known.get(key) or "" for key in keys}
                    for name, keys in _SECTIONS.items()
                },
            ),
            errors=errors,
            description_placeholders={"rig": entry.title},
        )

    def _finish(
        self, entry: ConfigEntry, number: int, answers: Mapping[str, str]
    ) -> SubentryFlowResult:
        title = playbook_title(answers)
        data = {CONF_PLAYBOOK_ID: number}
        if self.source == SOURCE_USER:
            return self.async_create_entry(title=title, data=data)
        return self.async_update_and_abort(
            entry, self._get_reconfigure_subentry(), title=title
        )
