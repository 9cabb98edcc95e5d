"""The floor of a poll: what no integration can do without."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import cycle
from time import time

from homeassistant.core import HomeAssistant, State
from homeassistant.helpers.aiohttp_client import async_get_clientsession
import orjson

from .miner import Miner
from .timing import Action


@dataclass(frozen=True, slots=True, kw_only=True)
class Traffic:
    """What one poll asked for and wrote."""

    targets: Sequence[str]
    """Paths with their queries."""
    changed: Sequence[State]
    unchanged: Sequence[State]
    """Written again as they were."""

    @property
    def written(self) -> int:
        """How many states were written."""
        return len(self.changed) + len(self.unchanged)


async def recorded(hass: HomeAssistant, miner: Miner, poll: Action) -> Traffic:
    """Poll once and return what that did."""
    start = time()
    await poll()
    written = [s for s in hass.states.async_all() if s.last_reported_timestamp >= start]
    return Traffic(
        targets=await miner.asked(async_get_clientsession(hass)),
        changed=[s for s in written if s.last_updated_timestamp >= start],
        unchanged=[s for s in written if s.last_updated_timestamp < start],
    )


class Floor:
    """Repeats polls: asks, decodes and writes, and does nothing else."""

    def __init__(
        self, hass: HomeAssistant, miner: Miner, traffic: Sequence[Traffic]
    ) -> None:
        """Repeat the recorded polls in turn, into states of its own."""
        self._session = async_get_clientsession(hass)
        self._write = hass.states.async_set
        self._miner = miner
        self._traffic = cycle(traffic)
        self._polls = 0

    async def poll(self) -> None:
        """Do what one poll did; what changed then changes now."""
        traffic = next(self._traffic)
        for target in traffic.targets:
            async with self._session.get(
                self._miner.url + target, headers=self._miner.headers
            ) as response:
                orjson.loads(await response.read())
        self._polls += 1
        value = str(self._polls)
        for state in traffic.changed:
            self._write(f"{state.entity_id}_floor", value, state.attributes)
        for state in traffic.unchanged:
            self._write(f"{state.entity_id}_floor_as_it_was", "1", state.attributes)
