"""What it costs to set up a rig in a home that has others of its kind."""

from dataclasses import dataclass
import gc
from itertools import count
from statistics import median
from time import perf_counter
import tracemalloc

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant

from .home import rig_entry
from .miner import Miner
from .timing import longest_callback

_MIB = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class SetUp:
    """The median set-up."""

    seconds: float
    """By the clock on the wall, until all entities have their states."""
    memory: float
    """MiB that Python objects take from then on."""
    callback: float
    """ms of processor time of the longest callback."""


async def async_set_up(hass: HomeAssistant, entry: ConfigEntry) -> float:
    """Set up an entry, wait for it, and return the seconds that this took."""
    start = perf_counter()
    await hass.config_entries.async_add(entry)
    await hass.async_block_till_done()
    return perf_counter() - start


class _SetUps:
    """Sets up a new rig each time, and removes it again."""

    def __init__(self, hass: HomeAssistant, miner: Miner) -> None:
        """Begin with the second rig; what all need together is there already."""
        self._hass = hass
        self._miner = miner
        self._numbers = count(2)

    def _entry(self) -> ConfigEntry:
        gc.collect()
        return rig_entry(self._miner.kind, next(self._numbers), self._miner.form)

    async def _remove(self, entry: ConfigEntry) -> None:
        await self._hass.config_entries.async_remove(entry.entry_id)
        await self._hass.async_block_till_done()

    async def seconds(self) -> float:
        entry = self._entry()
        seconds = await async_set_up(self._hass, entry)
        await self._remove(entry)
        return seconds

    async def memory(self) -> float:
        entry = self._entry()
        tracemalloc.start()
        await async_set_up(self._hass, entry)
        gc.collect()
        held, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        await self._remove(entry)
        return held / _MIB

    async def callback(self) -> float:
        entry = self._entry()
        longest = await longest_callback(lambda: async_set_up(self._hass, entry))
        await self._remove(entry)
        return longest.processor


async def measure_set_up(hass: HomeAssistant, miner: Miner, times: int) -> SetUp:
    """Set up a rig so many times for each thing that is measured."""
    set_ups = _SetUps(hass, miner)
    return SetUp(
        seconds=median([await set_ups.seconds() for _ in range(times)]),
        memory=median([await set_ups.memory() for _ in range(times)]),
        callback=median([await set_ups.callback() for _ in range(times)]),
    )
