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
from homeassistant.helpers.selector import SelectSelector, SelectSelectorConfig
import voluptuous as vol

from ..const import DOMAIN
from ..issues import TROUBLESHOOTING, async_manage_issue

UNKNOWN_AGENT: Final = "unknown_agent"
SHARED_CODE: Final = "shared_code"
_CONF_AGENT: Final = "agent"
_MOST_SHOWN: Final = 5
"""Addresses in the title of the issue."""
_BETWEEN: Final = ", "


@callback
def async_manage_unknown_agents(hass: HomeAssistant, addresses: Sequence[str]) -> None:
    """Notify the owner of all agents with unknown codes, or delete the issue.

    There is one issue, however many come. The codes are not shown.
    """
    if not addresses:
        ir.async_delete_issue(hass, DOMAIN, UNKNOWN_AGENT)
        return
    shown = _BETWEEN.join(addresses[:_MOST_SHOWN])
    if (more := len(addresses) - _MOST_SHOWN) > 0:
        shown = f"{shown} (+{more})"
    # Nothing happens where the same issue is there and active.
    ir.async_create_issue(
        hass,
        DOMAIN,
        UNKNOWN_AGENT,
        data={"subject": UNKNOWN_AGENT, "address": _BETWEEN.join(addresses)},
        is_fixable=True,
        severity=ir.IssueSeverity.WARNING,
        translation_key=UNKNOWN_AGENT,
        translation_placeholders={"address": shown},
        learn_more_url=f"{TROUBLESHOOTING}#unknown-api-code-from-an-agent",
    )


@callback
def async_manage_shared_code(
    hass: HomeAssistant, entry: ConfigEntry, addresses: Sequence[str]
) -> None:
    """Raise the issue that rigs at these addresses push with one code, or delete it."""
    # It is deleted when one of them stops pushing: there is nothing to fix here.
    async_manage_issue(
        hass,
        entry,
        SHARED_CODE,
        bool(addresses),
        help_anchor="two-rigs-seem-to-use-the-api-code-of-a-rig",
        is_fixable=False,
        addresses=", ".join(addresses),
    )


class UnknownAgentFlow(RepairsFlow):
    """The repair of agents that push with unknown codes."""

    async def async_step_init(
        self, user_input: dict[str, Any] | None = None
    ) -> RepairsFlowResult:
        """Go on to the form; the input of this step is not the form's."""
        return await self.async_step_confirm()

    async def async_step_confirm(
        self, user_input: dict[str, Any] | None = None
    ) -> RepairsFlowResult:
        """Offer to add a rig with the code of an agent, which the owner chooses."""
        assert self.data is not None
        addresses = str(self.data["address"]).split(_BETWEEN)
        if user_input is None:
            issue = ir.async_get(self.hass).async_get_issue(DOMAIN, self.issue_id)
            return self.async_show_form(
                step_id="confirm",
                data_schema=_agent_schema(addresses),
                description_placeholders=(issue and issue.translation_placeholders)
                or {},
            )
        address = str(user_input.get(_CONF_AGENT, addresses[0]))
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


def _agent_schema(addresses: list[str]) -> vol.Schema:
    """Return the form, which asks for nothing where there is only one agent."""
    if len(addresses) == 1:
        return vol.Schema({})
    return vol.Schema(
        {
            vol.Required(_CONF_AGENT, default=addresses[-1]): SelectSelector(
                SelectSelectorConfig(options=addresses)
            )
        }
    )
