"""What must survive a restart: one small file per rig.

`helpers.storage.Store` swallows a full disk and defers writing while Home Assistant
stops, so the file is written here: atomically, in the executor, one write at a time,
with the error raised to the caller.
"""

import asyncio
from pathlib import Path
from typing import Any, Final

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.json import save_json
from homeassistant.helpers.storage import STORAGE_DIR
from homeassistant.util import dt as dt_util
from homeassistant.util.hass_dict import HassKey
from homeassistant.util.json import load_json_object

from .const import DOMAIN, LOGGER, SHOWN_WORKERS
from .known_parts import KnownParts, load_known_parts

_VERSION: Final = 1


class RigStore:
    """The file of one rig; also the notes that its source keeps.

    `energy` holds totals in Wh by channel key, `orders` what the owner last ordered by
    channel key, `derived` what the derived readings remember, `forgotten` the parts that
    the owner removed although the rig still reports them, `shown_workers` how many
    workers' entities were enabled last.
    """

    def __init__(self, hass: HomeAssistant, entry_id: str) -> None:
        """Name the file; nothing is read yet."""
        self._hass = hass
        self._path = Path(hass.config.path(STORAGE_DIR, f"{DOMAIN}.{entry_id}"))
        self._lock = asyncio.Lock()
        self._notes: dict[str, Any] = {}
        self._loaded = False
        self._removed = False
        self.known_parts = KnownParts()
        self.energy: dict[str, float] = {}
        self.orders: dict[str, Any] = {}
        self.derived: dict[str, Any] = {}
        self.forgotten: set[str] = set()
        self.shown_workers = SHOWN_WORKERS

    @classmethod
    def of(cls, hass: HomeAssistant, entry_id: str) -> RigStore:
        """Return the store of an entry, perhaps not loaded yet; there is only one."""
        stores = hass.data.setdefault(_STORES, {})
        if (store := stores.get(entry_id)) is None:
            store = stores[entry_id] = cls(hass, entry_id)
        return store

    async def async_load(self) -> None:
        """Read the file, once; one that is unreadable is put aside, never overwritten."""
        if self._loaded:
            # Reading does not wait for a write.
            return
        async with self._lock:
            if not self._loaded:
                stored = await self._hass.async_add_executor_job(self._load)
                self._take(stored.get("data"))
                self._loaded = True

    def _take(self, data: Any) -> None:
        if not isinstance(data, dict):
            return
        self.known_parts = load_known_parts(data.get("parts"))
        self.energy = {
            str(key): float(total)
            for key, total in _mapping(data, "energy").items()
            if isinstance(total, int | float)
        }
        self.orders = _mapping(data, "orders")
        self.derived = _mapping(data, "derived")
        self.forgotten = set(map(str, data.get("forgotten") or ()))
        shown = data.get("shown_workers")
        self.shown_workers = shown if isinstance(shown, int) else SHOWN_WORKERS
        self._notes = _mapping(data, "notes")

    def _load(self) -> dict[str, Any]:
        try:
            return dict(load_json_object(self._path))
        except HomeAssistantError as err:
            aside = self._path.with_name(
                f"{self._path.name}.corrupt.{dt_util.utcnow().isoformat()}"
            )
            LOGGER.error(
                "What was kept of a rig cannot be read and was moved to %s: %s",
                aside,
                err,
            )
            self._path.rename(aside)
            return {}

    async def async_save(self) -> None:
        """Write everything; it is on disk when this returns.

        A save that has begun goes on where its caller is cancelled, as a request is
        whose agent hangs up: two at once could leave the older one on disk. Raises
        HomeAssistantError where writing is not possible.
        """
        saving = self._hass.async_create_task(
            self._async_save(), f"{DOMAIN}: save {self._path.name}"
        )
        saving.add_done_callback(_retrieve_error)
        await asyncio.shield(saving)

    async def _async_save(self) -> None:
        async with self._lock:
            if self._removed:
                return
            document = {
                "version": _VERSION,
                "minor_version": 1,
                "key": self._path.name,
                "data": {
                    "parts": self.known_parts.dump(),
                    "energy": dict(self.energy),
                    "orders": dict(self.orders),
                    "derived": self.derived,
                    "forgotten": sorted(self.forgotten),
                    "shown_workers": self.shown_workers,
                    "notes": dict(self._notes),
                },
            }
            await self._hass.async_add_executor_job(self._save, document)

    def _save(self, document: dict[str, Any]) -> None:
        try:
            self._path.parent.mkdir(exist_ok=True)
            save_json(str(self._path), document, private=True, atomic_writes=True)
        except (HomeAssistantError, OSError) as err:
            raise HomeAssistantError(
                translation_domain=DOMAIN,
                translation_key="not_stored",
                translation_placeholders={"error": str(err)},
            ) from err

    async def async_remove(self) -> None:
        """Delete the file, for ever."""
        async with self._lock:
            self._removed = True
            await self._hass.async_add_executor_job(
                lambda: self._path.unlink(missing_ok=True)
            )

    def get(self, key: str) -> Any:
        """Return what the source kept under the key."""
        return self._notes.get(key)

    async def keep(self, key: str, value: Any) -> None:
        """Keep JSON data for the source, on disk when this returns."""
        before = self._notes.get(key)
        self._note(key, value)
        try:
            await self.async_save()
        except HomeAssistantError:
            self._note(key, before)
            raise

    def _note(self, key: str, value: Any) -> None:
        if value is None:
            self._notes.pop(key, None)
        else:
            self._notes[key] = value

    async def async_order(self, key: str, value: Any) -> None:
        """Keep what the owner ordered, on disk when this returns."""
        before = dict(self.orders)
        self.orders[key] = value
        try:
            await self.async_save()
        except HomeAssistantError:
            self.orders = before
            raise


_STORES: Final[HassKey[dict[str, RigStore]]] = HassKey(f"{DOMAIN}_stores")


async def async_get_store(hass: HomeAssistant, entry_id: str) -> RigStore:
    """Return the loaded store of an entry; there is never a second one of a file."""
    store = RigStore.of(hass, entry_id)
    await store.async_load()
    return store


async def async_remove_store(hass: HomeAssistant, entry_id: str) -> None:
    """Delete the file of an entry that was removed."""
    stores = hass.data.setdefault(_STORES, {})
    store = stores.pop(entry_id, None) or RigStore(hass, entry_id)
    await store.async_remove()


def _retrieve_error(saving: asyncio.Task[None]) -> None:
    """Retrieve the error of a save whose caller is gone, so that asyncio does not log it."""
    if not saving.cancelled():
        saving.exception()


def _mapping(data: dict[str, Any], key: str) -> dict[str, Any]:
    found = data.get(key)
    return found if isinstance(found, dict) else {}
