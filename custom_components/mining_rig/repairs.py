"""Repairs: issues that the owner of a rig has to know of or to decide."""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Final, override

from homeassistant.components.repairs import (
    ConfirmRepairFlow,
    FlowType,
    RepairsFlow,
    RepairsFlowResult,
)
from homeassistant.config_entries import SOURCE_RECONFIGURE, ConfigEntry
from homeassistant.core import Event, EventStateChangedData, HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import entity_registry as er, issue_registry as ir
from homeassistant.helpers.event import (
    async_track_entity_registry_updated_event,
    async_track_state_change_event,
)
from homeassistant.helpers.start import async_at_started

from .const import CONF_KIND, CONF_POWER_METER, CONF_WARN_IF_READ_ONLY, DOMAIN
from .issues import (
    PROTECTION_ISSUES,
    PUT_ASIDE,
    TOO_MANY_PARTS,
    async_manage_problems,
    issue_id,
    raise_issue,
)
from .push.issues import SHARED_CODE, UNKNOWN_AGENT, UnknownAgentFlow
from .sources import rig_unique_id
from .store import RigStore

READ_ONLY: Final = "read_only"
OTHER_RIG: Final = "other_rig"
POWER_METER: Final = "power_meter_gone"

_HEADINGS: Final = {
    READ_ONLY: "a-rig-is-read-only",
    OTHER_RIG: "another-rig-answers-at-the-address-of-a-rig",
    POWER_METER: "the-power-meter-of-a-rig-is-missing",
}
"""The heading of each issue in docs/troubleshooting.md."""


@callback
def async_manage_issues(
    hass: HomeAssistant,
    entry: ConfigEntry,
    read_only: str | None,
    other_rig: str | None,
) -> None:
    """Create the issues that apply and delete those that are solved.

    `read_only` is the key of the text on how to open the rig for commands,
    `other_rig` the id of another rig that answers at this one's address.
    """
    wanted = read_only if entry.options.get(CONF_WARN_IF_READ_ONLY) else None
    if wanted is None:
        ir.async_delete_issue(hass, DOMAIN, issue_id(READ_ONLY, entry))
    else:
        # It vanishes with the next poll of a rig that was opened: nothing to press.
        _raise(hass, entry, READ_ONLY, wanted, is_fixable=False)
    if other_rig is None:
        ir.async_delete_issue(hass, DOMAIN, issue_id(OTHER_RIG, entry))
    else:
        _raise(hass, entry, OTHER_RIG, OTHER_RIG, {"rig_id": other_rig})


@callback
def async_forget_issues(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Delete all issues of a rig."""
    for subject in (
        READ_ONLY,
        OTHER_RIG,
        POWER_METER,
        SHARED_CODE,
        PUT_ASIDE,
        TOO_MANY_PARTS,
        *PROTECTION_ISSUES.values(),
    ):
        ir.async_delete_issue(hass, DOMAIN, issue_id(subject, entry))
    async_manage_problems(hass, entry, ())


def _raise(
    hass: HomeAssistant,
    entry: ConfigEntry,
    subject: str,
    key: str,
    data: Mapping[str, str] | None = None,
    *,
    is_fixable: bool = True,
    **placeholders: str,
) -> None:
    raise_issue(
        hass,
        entry,
        subject,
        key,
        data,
        help_anchor=_HEADINGS[subject],
        is_fixable=is_fixable,
        **placeholders,
    )


# ---- the power meter


@callback
def async_watch_power_meter(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Follow the power meter when it is renamed; create an issue when it is gone."""
    meter: str | None = entry.options.get(CONF_POWER_METER)
    if meter is None:
        ir.async_delete_issue(hass, DOMAIN, issue_id(POWER_METER, entry))
        return

    @callback
    def check(hass: HomeAssistant) -> None:
        # A meter whose integration does not work at the moment still has a state.
        if hass.states.get(meter) is None:
            _raise(hass, entry, POWER_METER, POWER_METER, meter=meter)
        else:
            ir.async_delete_issue(hass, DOMAIN, issue_id(POWER_METER, entry))

    @callback
    def on_state(event: Event[EventStateChangedData]) -> None:
        if None in (event.data["old_state"], event.data["new_state"]):
            check(hass)

    @callback
    def on_registry(event: Event[er.EventEntityRegistryUpdatedData]) -> None:
        if event.data["action"] == "update" and "entity_id" in event.data["changes"]:
            hass.config_entries.async_update_entry(
                entry,
                options={**entry.options, CONF_POWER_METER: event.data["entity_id"]},
            )
            hass.config_entries.async_schedule_reload(entry.entry_id)

    @callback
    def watch(hass: HomeAssistant) -> None:
        check(hass)
        entry.async_on_unload(async_track_state_change_event(hass, meter, on_state))

    entry.async_on_unload(
        async_track_entity_registry_updated_event(hass, meter, on_registry)
    )
    # Before everything is loaded, a meter that is not there means nothing.
    entry.async_on_unload(async_at_started(hass, watch))


# ---- repairing


async def async_create_fix_flow(
    hass: HomeAssistant, issue_id: str, data: dict[str, str | int | float | None] | None
) -> RepairsFlow:
    """Return the repair flow of an issue."""
    assert data is not None
    if data["subject"] == UNKNOWN_AGENT:
        return UnknownAgentFlow()
    entry = hass.config_entries.async_get_known_entry(str(data["entry_id"]))
    if data["subject"] == OTHER_RIG:
        return OtherRigFlow(entry)
    if data["subject"] == PUT_ASIDE:
        return PutAsideFlow(RigStore.of(hass, entry.entry_id))
    return PowerMeterFlow(entry)


class _RigRepair(RepairsFlow):
    """A repair that concerns one rig."""

    def __init__(self, entry: ConfigEntry) -> None:
        """Take the rig's entry."""
        self._entry = entry

    def _menu(self, *options: str) -> RepairsFlowResult:
        issue = ir.async_get(self.hass).async_get_issue(DOMAIN, self.issue_id)
        return self.async_show_menu(
            step_id="init",
            menu_options=[*options],
            description_placeholders=(issue and issue.translation_placeholders) or {},
        )


class OtherRigFlow(_RigRepair):
    """Another rig answers at a rig's address."""

    async def async_step_init(
        self, user_input: dict[str, Any] | None = None
    ) -> RepairsFlowResult:
        """Show what may have happened."""
        return self._menu("same_rig", "new_address")

    async def async_step_same_rig(
        self, user_input: dict[str, Any] | None = None
    ) -> RepairsFlowResult:
        """Let the entry follow its rig, whose id has changed."""
        assert self.data is not None
        found = str(self.data["rig_id"])
        unique_id = rig_unique_id(self._entry.data[CONF_KIND], found)
        entries = self.hass.config_entries
        other = entries.async_entry_for_domain_unique_id(DOMAIN, unique_id)
        if other is not None and other is not self._entry:
            return self.async_abort(
                reason="already_configured",
                description_placeholders={"other": other.title},
            )
        entries.async_update_entry(self._entry, unique_id=unique_id)
        entries.async_schedule_reload(self._entry.entry_id)
        return self.async_create_entry(data={})

    async def async_step_new_address(
        self, user_input: dict[str, Any] | None = None
    ) -> RepairsFlowResult:
        """Go on to the dialog that takes the rig's new address."""
        flow = await self.hass.config_entries.flow.async_init(
            DOMAIN,
            context={
                "source": SOURCE_RECONFIGURE,
                "entry_id": self._entry.entry_id,
            },
        )
        # Not solved before the rig answers: the issue goes with the next poll.
        return self.async_abort(
            reason="reconfigure", next_flow=(FlowType.CONFIG_FLOW, flow["flow_id"])
        )


class PowerMeterFlow(_RigRepair):
    """The power meter of a rig is gone."""

    async def async_step_init(
        self, user_input: dict[str, Any] | None = None
    ) -> RepairsFlowResult:
        """Offer another meter or none."""
        return self._menu("other_meter", "no_meter")

    async def async_step_other_meter(
        self, user_input: dict[str, Any] | None = None
    ) -> RepairsFlowResult:
        """Go on to the rig's options."""
        flow = await self.hass.config_entries.options.async_init(self._entry.entry_id)
        return self.async_abort(
            reason="options", next_flow=(FlowType.OPTIONS_FLOW, flow["flow_id"])
        )

    async def async_step_no_meter(
        self, user_input: dict[str, Any] | None = None
    ) -> RepairsFlowResult:
        """Do without."""
        options = {**self._entry.options}
        options.pop(CONF_POWER_METER, None)
        self.hass.config_entries.async_update_entry(self._entry, options=options)
        self.hass.config_entries.async_schedule_reload(self._entry.entry_id)
        return self.async_create_entry(data={})


class PutAsideFlow(ConfirmRepairFlow):
    """What was kept of a rig was put aside; its owner has to know that once."""

    def __init__(self, store: RigStore) -> None:
        """Take the rig's store."""
        self._store = store

    @override
    async def async_step_confirm(
        self, user_input: dict[str, str] | None = None
    ) -> RepairsFlowResult:
        """Forget the file when the owner has seen its name."""
        if user_input is not None:
            # A full disk is logged; the issue comes back with the next start.
            with suppress(HomeAssistantError):
                await self._store.async_seen()
        return await super().async_step_confirm(user_input)
