"""What the owner of a rig has to know or to decide."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from homeassistant.components.repairs import FlowType, RepairsFlow, RepairsFlowResult
from homeassistant.config_entries import (
    SOURCE_INTEGRATION_DISCOVERY,
    SOURCE_RECONFIGURE,
    ConfigEntry,
    ConfigFlowContext,
)
from homeassistant.core import Event, EventStateChangedData, HomeAssistant, callback
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import entity_registry as er, issue_registry as ir
from homeassistant.helpers.event import (
    async_track_entity_registry_updated_event,
    async_track_state_change_event,
)
from homeassistant.helpers.start import async_at_started
import voluptuous as vol

from .const import CONF_CONTROLS, CONF_KIND, CONF_POWER_METER, DOMAIN
from .sources import rig_unique_id

READ_ONLY: Final = "read_only"
OTHER_RIG: Final = "other_rig"
POWER_METER: Final = "power_meter_gone"
UNKNOWN_AGENT: Final = "unknown_agent"
SHARED_CODE: Final = "shared_code"

_TROUBLESHOOTING: Final = (
    "https://github.com/mining-rig-home-assistant/mining_rig"
    "/blob/main/docs/troubleshooting.md"
)
_HEADINGS: Final = {
    READ_ONLY: "a-rig-is-read-only",
    OTHER_RIG: "another-rig-answers-at-the-address-of-a-rig",
    POWER_METER: "the-power-meter-of-a-rig-is-missing",
    UNKNOWN_AGENT: "an-agent-uses-an-unknown-api-code",
    SHARED_CODE: "two-rigs-seem-to-use-the-api-code-of-a-rig",
}
"""The heading of each issue on the page about troubleshooting."""


def issue_id(subject: str, entry: ConfigEntry) -> str:
    """Return the id of an issue of a rig."""
    return f"{subject}_{entry.entry_id}"


@callback
def async_manage_issues(
    hass: HomeAssistant,
    entry: ConfigEntry,
    read_only: str | None,
    other_rig: str | None,
) -> None:
    """Raise what there is to raise and take back what is solved.

    `read_only` is the key of the text that says how to open the rig for commands,
    `other_rig` the id of another rig that answers at this one's address.
    """
    wanted = read_only if entry.data.get(CONF_CONTROLS) else None
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
    """Take back everything that concerns a rig."""
    for subject in (READ_ONLY, OTHER_RIG, POWER_METER, SHARED_CODE):
        ir.async_delete_issue(hass, DOMAIN, issue_id(subject, entry))


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
    ir.async_create_issue(
        hass,
        DOMAIN,
        issue_id(subject, entry),
        data={"entry_id": entry.entry_id, "subject": subject, **(data or {})},
        is_fixable=is_fixable,
        severity=ir.IssueSeverity.WARNING,
        translation_key=key,
        translation_placeholders={"rig": entry.title, **placeholders},
        learn_more_url=f"{_TROUBLESHOOTING}#{_HEADINGS[subject]}",
    )


# ---- agents that push with a code of no rig


def _unknown_agent_id(address: str | None) -> str:
    return f"{UNKNOWN_AGENT}_{address}"


@callback
def async_raise_unknown_agent(hass: HomeAssistant, address: str) -> None:
    """Say once that an agent uses an unknown API code; the code is never told."""
    issue = _unknown_agent_id(address)
    if ir.async_get(hass).async_get_issue(DOMAIN, issue) is not None:
        return
    ir.async_create_issue(
        hass,
        DOMAIN,
        issue,
        data={"subject": UNKNOWN_AGENT, "address": address},
        is_fixable=True,
        severity=ir.IssueSeverity.WARNING,
        translation_key=UNKNOWN_AGENT,
        translation_placeholders={"address": address},
        learn_more_url=f"{_TROUBLESHOOTING}#{_HEADINGS[UNKNOWN_AGENT]}",
    )


@callback
def async_forget_unknown_agent(hass: HomeAssistant, address: str | None) -> None:
    """Take it back: the agent's rig was added."""
    ir.async_delete_issue(hass, DOMAIN, _unknown_agent_id(address))


@callback
def async_manage_shared_code(
    hass: HomeAssistant, entry: ConfigEntry, addresses: Sequence[str]
) -> None:
    """Say that rigs at these addresses push with one code; take it back without any."""
    if not addresses:
        ir.async_delete_issue(hass, DOMAIN, issue_id(SHARED_CODE, entry))
        return
    # It vanishes when one of them stops: nothing to press.
    _raise(
        hass,
        entry,
        SHARED_CODE,
        SHARED_CODE,
        is_fixable=False,
        addresses=", ".join(addresses),
    )


# ---- the power meter


@callback
def async_watch_power_meter(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Follow the power meter when it is renamed, and say so when it is gone."""
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
    """Return the dialog that repairs an issue."""
    assert data is not None
    if data["subject"] == UNKNOWN_AGENT:
        return UnknownAgentFlow()
    entry = hass.config_entries.async_get_known_entry(str(data["entry_id"]))
    if data["subject"] == OTHER_RIG:
        return OtherRigFlow(entry)
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
        """Ask what happened."""
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
        """Ask what is to take its place."""
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


class UnknownAgentFlow(RepairsFlow):
    """An agent pushes with the code of no rig."""

    async def async_step_init(
        self, user_input: dict[str, Any] | None = None
    ) -> RepairsFlowResult:
        """Begin; what this step is given is no answer."""
        return await self.async_step_confirm()

    async def async_step_confirm(
        self, user_input: dict[str, Any] | None = None
    ) -> RepairsFlowResult:
        """Offer to add a rig with the agent's code."""
        assert self.data is not None
        address = str(self.data["address"])
        if user_input is None:
            return self.async_show_form(
                step_id="confirm",
                data_schema=vol.Schema({}),
                description_placeholders={"address": address},
            )
        flows = self.hass.config_entries.flow
        context = ConfigFlowContext(
            source=SOURCE_INTEGRATION_DISCOVERY, title_placeholders={"name": address}
        )
        # One that was closed unfinished waits among what Home Assistant discovered.
        for before in flows.async_progress_by_handler(
            DOMAIN, match_context=dict(context)
        ):
            flows.async_abort(before["flow_id"])
        flow = await flows.async_init(
            DOMAIN, context=context, data={"address": address}
        )
        if flow["type"] is FlowResultType.ABORT:
            return self.async_abort(reason="agent_gone")
        # Not solved before the rig is added: the issue goes with that.
        return self.async_abort(
            reason="adopt", next_flow=(FlowType.CONFIG_FLOW, flow["flow_id"])
        )
