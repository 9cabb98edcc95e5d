"""Agents whose code belongs to no rig, kept in memory so that their rigs can be added."""

import asyncio
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Final

from homeassistant.core import HomeAssistant

from ..sources.common.contract import JsonObject
from .issues import async_delete_unknown_agent, async_raise_unknown_agent

_MOST_AGENTS: Final = 64


@dataclass(slots=True, kw_only=True)
class UnknownAgent:
    """An agent whose code belongs to no rig."""

    code: str
    kind: str
    rig_type: str
    address: str | None
    specs: JsonObject = field(default_factory=dict)
    """A CPU/GPU agent sends them once, perhaps before its rig is added."""


class UnknownAgents:
    """The unknown agents by the digest of their code, the newest last."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Start without agents."""
        self._hass = hass
        self._agents: OrderedDict[bytes, UnknownAgent] = OrderedDict()
        self._added: dict[bytes, UnknownAgent] = {}
        """Those whose rig was added and is not set up yet."""
        self._arrivals: dict[bytes, asyncio.Event] = {}
        """Set when the agent comes that a dialog waits for."""

    def __len__(self) -> int:
        """Return how many are remembered."""
        return len(self._agents)

    def newest_at(self, address: str) -> UnknownAgent | None:
        """Return the newest unknown agent at an address."""
        found = [agent for agent in self._agents.values() if agent.address == address]
        return found[-1] if found else None

    async def async_wait_for(self, digest: bytes, limit: float) -> bool:
        """Wait for an agent, `limit` seconds at most; return whether it came."""
        if digest in self._agents:
            return True
        event = self._arrivals.setdefault(digest, asyncio.Event())
        try:
            async with asyncio.timeout(limit):
                await event.wait()
        except TimeoutError:
            return False
        finally:
            self._arrivals.pop(digest, None)
        return True

    def take(self, digest: bytes, agent: UnknownAgent) -> UnknownAgent:
        """Return the agent as it is known, with the new one's address and specs."""
        known = self._agents.pop(digest, agent)
        known.address = agent.address
        if agent.specs:
            known.specs = agent.specs
        return known

    def keep(self, digest: bytes, agent: UnknownAgent) -> bool:
        """Remember the agent as the newest one; return whether a dialog waited for it.

        Otherwise the owner is notified.
        """
        self._agents[digest] = agent
        if len(self._agents) > _MOST_AGENTS:
            self._agents.popitem(last=False)
        if (event := self._arrivals.get(digest)) is not None:
            event.set()
            return True
        async_raise_unknown_agent(self._hass, str(agent.address))
        return False

    def rig_added(self, digest: bytes) -> None:
        """Keep what the agent sent until its rig is set up; it is not unknown now."""
        if (agent := self._agents.pop(digest, None)) is None:
            return
        self._added[digest] = agent
        if not any(other.address == agent.address for other in self._agents.values()):
            async_delete_unknown_agent(self._hass, agent.address)

    def pop_added(self, digest: bytes) -> UnknownAgent | None:
        """Return the agent of a rig that is set up now, if it came before."""
        return self._added.pop(digest, None)
