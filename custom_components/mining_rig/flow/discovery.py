"""Machines that were found rather than typed: by their names, leases or a search.

A name or a MAC address is only a reason to ask one question. What is known is followed
to its new address; anything that is not recognised ends silently.
"""

from dataclasses import replace
from typing import Any, Self, override

from homeassistant.config_entries import SOURCE_IGNORE, ConfigEntry, ConfigFlowResult
from homeassistant.const import CONF_HOST, CONF_PORT
from homeassistant.core import callback
from homeassistant.data_entry_flow import AbortFlow, FlowResultType
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.aiohttp_client import async_get_clientsession
from homeassistant.helpers.service_info.dhcp import DhcpServiceInfo
from homeassistant.helpers.service_info.zeroconf import ZeroconfServiceInfo

from ..const import CONF_KIND, DOMAIN
from ..sources import KINDS, rig_unique_id
from ..sources.common.contract import Identity
from ..sources.common.detection import Found
from ..sources.probe import KNOWN_BY_MAC, QUESTIONS, WEB, async_probe
from .base import RigFlow, unique_id_of
from .forms import Answers
from .network import carried_over
from .scan import async_resolve

_NAMED = tuple(QUESTIONS)
"""The ports of a machine of which only name or MAC address are known."""


class DiscoveryFlow(RigFlow):
    """The steps of what was discovered, and the question to its owner."""

    _host: str = ""
    """The address of what was discovered; empty in other dialogs."""
    _mac: str | None = None
    """Its MAC address as sources write it, where the lease told it."""

    @override
    def is_matching(self, other_flow: Self) -> bool:
        """Return whether another dialog is about the same address."""
        return bool(self._host) and other_flow._host == self._host

    @callback
    @override
    def _async_current_entries(
        self, include_ignore: bool | None = None
    ) -> list[ConfigEntry]:
        """Return the rigs; an ignored one has no data, also where nobody typed."""
        return super()._async_current_entries(bool(include_ignore))

    # ---- what is told

    @override
    async def async_step_zeroconf(
        self, discovery_info: ZeroconfServiceInfo
    ) -> ConfigFlowResult:
        """Take a machine that announces itself."""
        own = (ip for ip in discovery_info.ip_addresses if ip.version == 4)
        if (address := next(own, None)) is None:
            return self.async_abort(reason="not_supported")
        return await self._async_probe(str(address), discovery_info.port or WEB)

    @override
    async def async_step_dhcp(
        self, discovery_info: DhcpServiceInfo
    ) -> ConfigFlowResult:
        """Take a machine that was given an address."""
        formatted = dr.format_mac(discovery_info.macaddress)
        self._mac = formatted.upper()
        if (entry := self._entry_with(formatted)) is not None:
            # The lease itself is the proof: a machine that just started says nothing.
            return await self._async_follow(entry, discovery_info.ip)
        return await self._async_probe(discovery_info.ip, *_NAMED)

    @override
    async def async_step_integration_discovery(
        self, discovery_info: dict[str, Any]
    ) -> ConfigFlowResult:
        """Take a machine that the owner's search found: its address and `Found`."""
        if CONF_HOST not in discovery_info:
            # An agent that pushes with an unknown code.
            return await super().async_step_integration_discovery(discovery_info)
        facts = {**discovery_info}
        host = facts.pop(CONF_HOST)
        return await self._async_machine(host, Found(**facts))

    # ---- one that is known

    def _entry_with(self, mac: str) -> ConfigEntry | None:
        """Return the entry of a MAC address, also one that is ignored."""
        devices = dr.async_get(self.hass)
        connection = (dr.CONNECTION_NETWORK_MAC, mac)
        ids = {rig_unique_id(kind, mac.upper()) for kind in KINDS}
        for entry in self._async_current_entries(include_ignore=True):
            if entry.unique_id in ids or devices.async_get_device_by_connection(
                connection, entry.entry_id
            ):
                return entry
        return None

    async def _async_follow(self, entry: ConfigEntry, host: str) -> ConfigFlowResult:
        """Let an entry have another address, unless its name leads there."""
        if entry.source != SOURCE_IGNORE:
            if host not in await async_resolve(entry.data[CONF_HOST]):
                self.hass.config_entries.async_update_entry(
                    entry, data={**entry.data, CONF_HOST: host}
                )
                self.hass.config_entries.async_schedule_reload(entry.entry_id)
        return self._already(entry)

    def _already(self, entry: ConfigEntry) -> ConfigFlowResult:
        return self.async_abort(
            reason="already_configured", description_placeholders={"rig": entry.title}
        )

    # ---- one that is new

    async def _async_probe(self, host: str, *ports: int) -> ConfigFlowResult:
        """Ask what is there, unless another dialog is about it."""
        if self._is_taken(host):
            return self.async_abort(reason="already_in_progress")
        session = async_get_clientsession(self.hass)
        if (found := await async_probe(session, host, ports)) is None:
            return self.async_abort(reason="not_supported")
        return await self._async_machine(host, found)

    def _is_taken(self, host: str) -> bool:
        """Note the address; return whether another dialog is about it."""
        self._host = host
        return self.hass.config_entries.flow.async_has_matching_flow(self)

    async def _async_machine(self, host: str, found: Found) -> ConfigFlowResult:
        """Go on with a machine that was recognised."""
        if self._is_taken(host):
            return self.async_abort(reason="already_in_progress")
        defaults = KINDS[found.kind].form.defaults
        answers: Answers = {**defaults, CONF_HOST: host, **found.ports}
        self.context["title_placeholders"] = {"name": f"{found.label} ({host})"}
        if found.needs or CONF_PORT not in found.ports:
            # A sign-in tells more; its owner may leave it out.
            await self._async_apart(found.kind, self._mac)
            if (entry := self._entry_at(found.kind, host)) is not None:
                return self._already(entry)
            kept = carried_over({CONF_HOST: host}, found)
            return await self._async_step_form(found.kind, kept, complete=False)
        identity, _ = await self._async_identify(found.kind, answers)
        if identity is None:
            return self.async_abort(reason="not_supported")
        identity = self._with_mac(found.kind, identity)
        await self._async_apart(found.kind, identity.rig_id)
        unique_id = unique_id_of(found.kind, identity)
        if (entry := self._entry_of(found.kind, unique_id, answers)) is not None:
            return await self._async_known(entry, {**entry.data, CONF_HOST: host})
        self._kind, self._answers, self._identity = found.kind, answers, identity
        return await self.async_step_discovered()

    async def _async_apart(self, kind: str, rig_id: str | None) -> None:
        """Tell this dialog from others by the rig's id, else by its address.

        Raises AbortFlow where there is another one, or where the rig is ignored.
        """
        await self.async_set_unique_id(rig_unique_id(kind, rig_id or self._host))
        entries = self.hass.config_entries
        entry = entries.async_entry_for_domain_unique_id(DOMAIN, self.unique_id or "")
        if entry is not None and entry.source == SOURCE_IGNORE:
            raise AbortFlow("already_configured", {"rig": entry.title})

    def _entry_at(self, kind: str, host: str) -> ConfigEntry | None:
        """Return the entry at an address, unless it is known to be of another rig."""
        for entry in self._async_current_entries():
            if entry.data[CONF_KIND] == kind and entry.data.get(CONF_HOST) == host:
                if self._mac is None or entry.unique_id is None:
                    return entry
        return None

    def _with_mac(self, kind: str, identity: Identity) -> Identity:
        """Return who it is by the MAC address of its lease, where nothing else tells."""
        if identity.rig_id is None and self._mac and kind in KNOWN_BY_MAC:
            return replace(identity, rig_id=self._mac, stable=True)
        return identity

    async def async_step_discovered(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Show what was found and ask for its name; nothing is added without one."""
        assert self._identity is not None
        if user_input is not None:
            unique_id = unique_id_of(self._kind, self._identity)
            await self.async_set_unique_id(unique_id, raise_on_progress=False)
        result = await self.async_step_name(user_input)
        if result["type"] is FlowResultType.FORM and result["step_id"] == "name":
            result["step_id"] = "discovered"
            told = result.get("description_placeholders") or {}
            result["description_placeholders"] = {**told, "host": self._host}
        return result

    @override
    async def _async_found(
        self, kind: str, answers: Answers, identity: Identity
    ) -> ConfigFlowResult:
        """Continue with the rig of a form, whose MAC address the lease may have told."""
        if answers.get(CONF_HOST) == self._host:
            identity = self._with_mac(kind, identity)
        return await super()._async_found(kind, answers, identity)
