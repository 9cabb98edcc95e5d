"""The addresses of the machines that polled rigs run on."""

import asyncio
from collections.abc import Iterable

from homeassistant.components.network import async_get_adapters
from homeassistant.core import HomeAssistant

from ..flow.scan import async_resolve
from .member import THIS_MACHINE

_LOOPBACK = "127."


class Places:
    """Where hosts lead to; each name is looked up once."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Start without any."""
        self._hass = hass
        self._found: dict[str, frozenset[str]] = {}

    def of(self, host: str | None) -> frozenset[str]:
        """Return the addresses of a host; none before it was looked up."""
        return frozenset() if host is None else self._found.get(host, frozenset())

    async def async_look_up(self, hosts: Iterable[str]) -> bool:
        """Look new hosts up; return whether there were any."""
        new = sorted(set(hosts) - self._found.keys())
        if not new:
            return False
        adapters = await async_get_adapters(self._hass)
        own = {found["address"] for adapter in adapters for found in adapter["ipv4"]}
        for host, found in zip(
            new, await asyncio.gather(*map(async_resolve, new)), strict=True
        ):
            is_here = any(a.startswith(_LOOPBACK) or a in own for a in found)
            self._found[host] = found | {THIS_MACHINE} if is_here else found
        return True
