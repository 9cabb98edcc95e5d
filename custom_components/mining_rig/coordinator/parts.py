"""Which of the parts that a rig reports are taken, and which have left it."""

from dataclasses import replace
from time import monotonic

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util

from ..const import CONF_KEEP_PARTS, LOGGER
from ..issues import async_manage_too_many_parts
from ..model import Snapshot
from ..part_limits import limited
from ..store import RigStore
from .ageing import Ageing
from .devices import without_forgotten


class RigParts:
    """The parts of one rig: limited in number, without those that are gone."""

    def __init__(
        self,
        hass: HomeAssistant,
        entry: ConfigEntry,
        store: RigStore,
        shown_workers: int,
    ) -> None:
        """Take the rig's loaded store."""
        self._hass = hass
        self._entry = entry
        self._store = store
        self._shown_workers = shown_workers
        self._ageing = (
            None if entry.options.get(CONF_KEEP_PARTS) else Ageing(store.known_parts)
        )
        self._ignored: int | None = None
        """The most that the rig reported too many; None before the first reading."""

    def take(self, snapshot: Snapshot) -> Snapshot:
        """Return what is taken of a new reading, with the parts that have left."""
        snapshot = without_forgotten(snapshot, self._store.forgotten)
        snapshot, ignored = self._limited(snapshot)
        if self._ignored is None or ignored > self._ignored:
            # The number may change with each reading; only more of them is news.
            self._ignored = ignored
            async_manage_too_many_parts(self._hass, self._entry, ignored)
        if self._ageing is not None:
            left = self._ageing.take(
                snapshot.parts.keys(), dt_util.utcnow().date(), monotonic()
            )
            if left:
                LOGGER.info(
                    "%s: removed what it has not reported for 30 days: %s",
                    self._entry.title,
                    ", ".join(sorted(left)),
                )
                snapshot = replace(snapshot, removed=snapshot.removed | left)
        return snapshot

    def again(self, snapshot: Snapshot) -> Snapshot:
        """Return what is taken of a reading that was taken before."""
        return self._limited(snapshot)[0]

    def forget(self, key: str) -> None:
        """Forget a part that the owner removed."""
        self._store.forgotten.add(key)
        # There may be room for another one.
        self._ignored = None
        self._store.known_parts.forget([key])

    def _limited(self, snapshot: Snapshot) -> tuple[Snapshot, int]:
        return limited(snapshot, self._store.known_parts, self._shown_workers)
