"""The dialog of a playbook of a CPU/GPU rig."""

from collections.abc import Mapping
from typing import Any, Final

from homeassistant.config_entries import (
    SOURCE_RECONFIGURE,
    SOURCE_USER,
    ConfigEntry,
    ConfigSubentryFlow,
    SubentryFlowResult,
)
from homeassistant.data_entry_flow import section
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.selector import TextSelector, TextSelectorConfig
from homeassistant.util import dt as dt_util
import voluptuous as vol

from ..sources.rig_monitor import playbooks
from ..store import StoreUnreadable, async_get_store

_TEXT: Final = TextSelector()
_LONG: Final = TextSelector(TextSelectorConfig(multiline=True))

_SOFTWARE: Final = "software"
_SECTIONS: Final[Mapping[str, tuple[str, ...]]] = {
    **{group: playbooks.group_keys(group) for group in playbooks.GROUPS},
    _SOFTWARE: ("software_name", "software_version", "module"),
}
"""The sections of a playbook's form."""
_SECTION_OF: Final = {key: name for name, keys in _SECTIONS.items() for key in keys}
"""The section of a field: the browser shows a field's error above its section."""


def _playbook_schema(known: Mapping[str, Any], errors: Mapping[str, str]) -> vol.Schema:
    """Return the form of a playbook.

    The CPU's section is open, as the programs that agents can run use the CPU; of the
    others those with an error or a value.
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
    """Return the answers without their sections, white space collapsed."""
    plain = {k: v for k, v in user_input.items() if k not in _SECTIONS}
    for name in _SECTIONS:
        plain |= user_input[name]
    return {key: " ".join(str(value).split()) for key, value in plain.items()}


class PlaybookFlow(ConfigSubentryFlow):
    """Adds or changes a playbook of a CPU/GPU rig."""

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
            SOURCE_RECONFIGURE, subentry.data[playbooks.CONF_PLAYBOOK_ID], user_input
        )

    async def _async_step(
        self, step: str, playbook_id: int | None, user_input: dict[str, Any] | None
    ) -> SubentryFlowResult:
        entry = self._get_entry()
        try:
            store = await async_get_store(self.hass, entry.entry_id)
        except StoreUnreadable:
            return self.async_abort(reason="not_readable")
        note = store.get(playbooks.NOTE)
        errors: dict[str, str] = {}
        known: Mapping[str, Any] = next(
            (p for p in playbooks.stored(note) if p["id"] == playbook_id),
            playbooks.DEFAULTS,
        )
        if user_input is not None:
            answers = _flat_playbook(user_input)
            errors = {
                _SECTION_OF.get(field, field): error
                for field, error in playbooks.checked(answers).items()
            }
            if not errors and playbooks.is_duplicate(note, playbook_id, answers):
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
        title = playbooks.title(answers)
        data = {playbooks.CONF_PLAYBOOK_ID: number}
        if self.source == SOURCE_USER:
            return self.async_create_entry(title=title, data=data)
        return self.async_update_and_abort(
            entry, self._get_reconfigure_subentry(), title=title
        )
