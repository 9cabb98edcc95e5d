"""Searching the home network for machines, when the owner orders it."""

import asyncio
from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from typing import Any, Final

from aiohttp import ClientSession
from homeassistant.components import network
from homeassistant.config_entries import SOURCE_INTEGRATION_DISCOVERY, ConfigFlowResult
from homeassistant.const import CONF_HOST
from homeassistant.core import HomeAssistant
from homeassistant.helpers import discovery_flow
from homeassistant.helpers.aiohttp_client import async_get_clientsession
from homeassistant.util.hass_dict import HassKey

from ..const import DOMAIN
from ..sources.common.detection import Found
from ..sources.probe import SEARCHED, async_probe
from .base import RigFlow
from .scan import addresses, async_resolve, async_scan

_TURN: Final[HassKey[asyncio.Lock]] = HassKey(f"{DOMAIN}_search")
"""One search at a time, however many dialogs are open."""


class SearchFlow(RigFlow):
    """The step `search` of the first menu."""

    _searching: asyncio.Task[list[tuple[str, Found]] | None] | None = None

    async def async_step_search(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Search, and show how far it is."""
        if self._searching is None:
            self._searching = self.hass.async_create_task(
                _async_search(self.hass, self.async_update_progress),
                f"{DOMAIN} search",
                eager_start=False,
            )
        if not self._searching.done():
            return self.async_show_progress(
                step_id="search",
                progress_action="search",
                progress_task=self._searching,
            )
        return self.async_show_progress_done(next_step_id="search_done")

    async def async_step_search_done(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Say how many were found and where they stand."""
        assert self._searching is not None
        if (found := self._searching.result()) is None:
            return self.async_abort(reason="search_no_network")
        if not found:
            return self.async_abort(reason="search_none")
        return self.async_abort(
            reason="search_found",
            description_placeholders={
                "count": str(len(found)),
                "rigs": "\n".join(f"- {rig.label} ({host})" for host, rig in found),
            },
        )


async def _async_search(
    hass: HomeAssistant, progress: Callable[[float], None]
) -> list[tuple[str, Found]] | None:
    """Start a discovery of each machine found; None where there is no network."""
    async with hass.data.setdefault(_TURN, asyncio.Lock()):
        adapters = await network.async_get_adapters(hass)
        if not addresses(adapters, ()):
            return None
        hosts = addresses(adapters, await _async_known(hass))
        session = async_get_clientsession(hass)
        found = await async_scan(
            hosts, SEARCHED, partial(_async_ask, session), progress
        )
    for host, rig in found:
        discovery_flow.async_create_flow(
            hass,
            DOMAIN,
            {"source": SOURCE_INTEGRATION_DISCOVERY},
            {CONF_HOST: host, **asdict(rig)},
        )
    return found


async def _async_ask(session: ClientSession, host: str, port: int) -> Found | None:
    return await async_probe(session, host, [port])


async def _async_known(hass: HomeAssistant) -> set[str]:
    """Return the addresses of the rigs that were added."""
    hosts = {
        entry.data[CONF_HOST]
        for entry in hass.config_entries.async_entries(DOMAIN, include_ignore=False)
        if CONF_HOST in entry.data
    }
    return set().union(*await asyncio.gather(*map(async_resolve, hosts)))
