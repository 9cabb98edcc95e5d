"""Issues of rigs that push: agents whose code is not known, rigs with the same code."""

from collections.abc import Sequence
from typing import Any, Final

from homeassistant.components.repairs import FlowType, RepairsFlow, RepairsFlowResult
from homeassistant.config_entries import (
    SOURCE_INTEGRATION_DISCOVERY,
    ConfigEntry,
    ConfigFlowContext,
)
from homeassistant.core import HomeAssistant, callback
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import issue_registry as ir
import voluptuous as vol

from ..const import DOMAIN
from ..issues import TROUBLESHOOTING, issue_id, raise_issue

UNKNOWN_AGENT: Final = "unknown_agent"
SHARED_CODE: Final = "shared_code"


def _unknown_agent_id(address: str | None) -> str:
    return f"{UNKNOWN_AGENT}_{address}"


@callback
def async_raise_unknown_agent(hass: HomeAssistant, address: str) -> None:
    """Notify the owner once of an agent with an unknown code; the code is not shown."""
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
        learn_more_url=f"{TROUBLESHOOTING}#an-agent-uses-an-unknown-api-code",
    )


@callback
def async_delete_unknown_agent(hass: HomeAssistant, address: str | None) -> None:
    """Delete the issue: the agent's rig was added."""
    ir.async_delete_issue(hass, DOMAIN, _unknown_agent_id(address))


@callback
def async_manage_shared_code(
    hass: HomeAssistant, entry: ConfigEntry, addresses: Sequence[str]
) -> None:
    """Raise the issue that rigs at these addresses push with one code, or delete it."""
    if not addresses:
        ir.async_delete_issue(hass, DOMAIN, issue_id(SHARED_CODE, entry))
        return
    # It is deleted when one of them stops pushing: there is nothing to fix here.
    raise_issue(
        hass,
        entry,
        SHARED_CODE,
        SHARED_CODE,
        help_anchor="two-rigs-seem-to-use-the-api-code-of-a-rig",
        is_fixable=False,
        addresses=", ".join(addresses),
    )


class UnknownAgentFlow(RepairsFlow):
    """The repair of an agent that pushes with an unknown code."""

    async def async_step_init(
        self, user_input: dict[str, Any] | None = None
    ) -> RepairsFlowResult:
        """Go on to the form; the input of this step is not the form's."""
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
        # One that was closed before its end is still among the discovered devices.
        for before in flows.async_progress_by_handler(
            DOMAIN, match_context=dict(context)
        ):
            flows.async_abort(before["flow_id"])
        flow = await flows.async_init(
            DOMAIN, context=context, data={"address": address}
        )
        if flow["type"] is FlowResultType.ABORT:
            return self.async_abort(reason="agent_gone")
        # Not solved yet: the issue is deleted when the rig is added.
        return self.async_abort(
            reason="adopt", next_flow=(FlowType.CONFIG_FLOW, flow["flow_id"])
        )
