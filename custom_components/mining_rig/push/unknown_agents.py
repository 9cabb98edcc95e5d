"""Agents whose code belongs to no rig, kept in memory so that their rigs can be added."""

import asyncio
from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

from homeassistant.core import HomeAssistant

from ..sources.common.contract import JsonObject
from .issues import async_manage_unknown_agents

_MOST_AGENTS: Final = 64


@dataclass(slots=True, kw_only=True)
class UnknownAgent:
    """An agent whose code belongs to no rig."""

    code: str
    kind: str
    rig_type: str
    address: str


class UnknownAgents:
    """The unknown agents by the digest of their code, the newest last."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Start without agents."""
        self._hass = hass
        self._agents: OrderedDict[bytes, UnknownAgent] = OrderedDict()
        self._specs: OrderedDict[bytes, JsonObject] = OrderedDict()
        """What agents sent before their rig was added, or added again."""
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

    def keep(self, digest: bytes, agent: UnknownAgent) -> None:
        """Remember the agent as the newest one.

        A dialog that waits for it goes on; otherwise the owner is notified.
        """
        self._agents[digest] = agent
        self._agents.move_to_end(digest)
        if len(self._agents) > _MOST_AGENTS:
            self._agents.popitem(last=False)
        if (event := self._arrivals.get(digest)) is not None:
            event.set()
        else:
            self._notify()

    def keep_specs(self, digest: bytes, specs: JsonObject) -> None:
        """Keep the specifications of an agent whose rig may be added.

        An agent of a computer sends them once, when it starts.
        """
        if not specs:
            return
        self._specs[digest] = specs
        self._specs.move_to_end(digest)
        if len(self._specs) > _MOST_AGENTS:
            self._specs.popitem(last=False)

    def pop_specs(self, digest: bytes) -> JsonObject | None:
        """Return the specifications for a rig that is set up now, if any were kept."""
        return self._specs.pop(digest, None)

    def rig_added(self, digest: bytes) -> None:
        """Take an agent whose rig was added as unknown no more."""
        if self._agents.pop(digest, None) is not None:
            self._notify()

    def __contains__(self, digest: bytes) -> bool:
        """Return whether an agent with that code is remembered."""
        return digest in self._agents

    def _notify(self) -> None:
        addresses = dict.fromkeys(a.address for a in self._agents.values())
        async_manage_unknown_agents(self._hass, [*addresses])
