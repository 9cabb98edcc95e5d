"""What must survive a restart: one small file per rig.

`helpers.storage.Store` swallows a full disk and defers writing while Home Assistant
stops, so the file is written here: atomically, in the executor, one write at a time,
with the error raised to the caller.
"""

import asyncio
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, Final

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.storage import STORAGE_DIR
from homeassistant.util.hass_dict import HassKey

from .const import DOMAIN, LOGGER
from .known_parts import KnownParts
from .store_contents import VERSION, Contents, read_contents
from .store_file import load_bytes, put_aside, remove_all, remove_left_over, save_json

_MISSING: Final = object()


class StoreUnreadable(HomeAssistantError):
    """The file of a rig cannot be read now, as with too many open files."""


class RigStore:
    """The file of one rig; also the notes that its source keeps."""

    def __init__(self, hass: HomeAssistant, entry_id: str) -> None:
        """Name the file; nothing is read yet."""
        self._hass = hass
        self._path = Path(hass.config.path(STORAGE_DIR, f"{DOMAIN}.{entry_id}"))
        self._lock = asyncio.Lock()
        self._contents = Contents()
        self._on_disk: dict[str, dict[str, Any]] = {"notes": {}, "orders": {}}
        self._changes: dict[tuple[str, str], object] = {}
        """The newest change of each item."""
        self._loaded = False
        self._removed = False
        self._failing = False
        self.title = self._path.name
        """What the rig is called in logs."""

    @classmethod
    def of(cls, hass: HomeAssistant, entry_id: str) -> RigStore:
        """Return the store of an entry, perhaps not loaded yet; there is only one."""
        stores = hass.data.setdefault(_STORES, {})
        if (store := stores.get(entry_id)) is None:
            store = stores[entry_id] = cls(hass, entry_id)
        return store

    # ---- what is kept

    @property
    def known_parts(self) -> KnownParts:
        """What the rig is made of, as far as it was ever seen."""
        return self._contents.known_parts

    @property
    def energy(self) -> dict[str, float]:
        """Totals in Wh by channel key."""
        return self._contents.energy

    @property
    def orders(self) -> dict[str, Any]:
        """What the owner last ordered, by part."""
        return self._contents.orders

    @property
    def derived(self) -> dict[str, Any]:
        """What the derived readings remember."""
        return self._contents.derived

    @derived.setter
    def derived(self, derived: dict[str, Any]) -> None:
        self._contents.derived = derived

    @property
    def protection(self) -> dict[str, Any]:
        """What thermal protection remembers."""
        return self._contents.protection

    @protection.setter
    def protection(self, protection: dict[str, Any]) -> None:
        self._contents.protection = protection

    @property
    def watchdog(self) -> dict[str, Any]:
        """What the watchdog remembers."""
        return self._contents.watchdog

    @watchdog.setter
    def watchdog(self, watchdog: dict[str, Any]) -> None:
        self._contents.watchdog = watchdog

    @property
    def started(self) -> bool | None:
        """What was last ordered of the scripts that start and stop the rig."""
        return self._contents.started

    @started.setter
    def started(self, started: bool) -> None:
        self._contents.started = started

    @property
    def forgotten(self) -> set[str]:
        """The parts that the owner removed although the rig still reports them."""
        return self._contents.forgotten

    @property
    def shown_workers(self) -> int:
        """How many workers' entities were enabled last."""
        return self._contents.shown_workers

    @shown_workers.setter
    def shown_workers(self, number: int) -> None:
        self._contents.shown_workers = number

    @property
    def lost(self) -> bool:
        """Whether notes that were kept before could not be read."""
        return self._contents.lost

    @property
    def aside(self) -> str | None:
        """The name of the file that was put aside, until its owner has seen that."""
        return self._contents.aside

    # ---- reading

    async def async_load(self) -> None:
        """Read the file, once.

        What cannot be understood is put aside, never overwritten. Raises
        StoreUnreadable where reading itself fails; the next call tries again.
        """
        if self._loaded:
            # Reading does not wait for a write.
            return
        async with self._lock:
            if not self._loaded:
                await self._async_read()

    async def _async_read(self) -> None:
        try:
            contents, is_new = await self._hass.async_add_executor_job(self._load)
        except OSError as err:
            self._log_once("cannot be read", err)
            raise StoreUnreadable(
                translation_domain=DOMAIN,
                translation_key="not_readable",
                translation_placeholders={"rig": self.title, "error": str(err)},
            ) from err
        self._failing = False
        self._contents = contents
        self._on_disk = {"notes": {**contents.notes}, "orders": {**contents.orders}}
        self._loaded = True
        if is_new:
            try:
                await self._async_write()
            except HomeAssistantError as err:
                LOGGER.debug("%s: to be stored later: %s", self.title, err)

    def _load(self) -> tuple[Contents, bool]:
        """Return what is kept, and whether that has to be written.

        Raises OSError.
        """
        remove_left_over(self._path)
        if (text := load_bytes(self._path)) is None:
            return Contents(), False
        contents, flaw = read_contents(text)
        if flaw is None:
            return contents, False
        aside = put_aside(self._path)
        contents.aside = aside.name
        LOGGER.error(
            "%s: what was kept cannot be read completely and was moved to %s: %s",
            self.title,
            aside,
            flaw,
        )
        return contents, True

    # ---- writing

    async def async_save(self) -> None:
        """Write everything; it is on disk when this returns.

        A save that has begun goes on where its caller is cancelled, as a request is
        whose agent hangs up: two at once could leave the older one on disk. Raises
        HomeAssistantError where writing is not possible.
        """
        await self._async_finish(self._async_save())

    async def _async_finish(self, work: Coroutine[Any, Any, None]) -> None:
        """Let work come to its end, whatever happens to the caller."""
        saving = self._hass.async_create_task(work, f"{DOMAIN}: save {self._path.name}")
        saving.add_done_callback(_retrieve_error)
        # Unlike `shield`, this logs no error of a save whose caller is gone.
        await asyncio.wait([saving])
        saving.result()

    async def _async_save(self) -> None:
        async with self._lock:
            await self._async_write()

    async def _async_write(self) -> None:
        """Write, with the lock held."""
        if self._removed:
            return
        data = self._contents.dump()
        try:
            await self._hass.async_add_executor_job(self._save, data)
        except (HomeAssistantError, OSError) as err:
            self._log_once("cannot be stored; it is kept in memory", err)
            raise HomeAssistantError(
                translation_domain=DOMAIN,
                translation_key="not_stored",
                translation_placeholders={"error": str(err)},
            ) from err
        if self._failing:
            self._failing = False
            LOGGER.info("%s: what is kept is stored again", self.title)
        self._on_disk = {"notes": data["notes"], "orders": data["orders"]}

    def _save(self, data: dict[str, Any]) -> None:
        """Write the file. Raises OSError or HomeAssistantError."""
        if not self._loaded:
            # Saving would replace what could not be read.
            raise OSError("what was kept is not loaded")
        document = {
            "version": VERSION,
            "minor_version": 1,
            "key": self._path.name,
            "data": data,
        }
        save_json(self._path, document)

    def _log_once(self, what: str, error: Exception) -> None:
        """Log the first of failures in a row."""
        if not self._failing:
            self._failing = True
            LOGGER.error("%s: what is kept %s: %s", self.title, what, error)

    async def async_remove(self) -> None:
        """Delete the file and its copies, for ever."""
        async with self._lock:
            self._removed = True
            await self._hass.async_add_executor_job(remove_all, self._path)

    def get(self, key: str) -> Any:
        """Return what the source kept under the key."""
        return self._contents.notes.get(key)

    async def keep(self, key: str, value: Any) -> None:
        """Keep JSON data for the source, on disk when this returns."""
        await self._async_change("notes", key, _MISSING if value is None else value)

    def put(self, key: str, value: Any) -> None:
        """Keep JSON data for the source in memory; it is on disk after the next save."""
        self._changes["notes", key] = object()
        self._contents.notes[key] = value

    async def async_order(self, key: str, value: Any) -> None:
        """Keep what the owner ordered, on disk when this returns."""
        await self._async_change("orders", key, value)

    async def async_seen(self) -> None:
        """Note that the owner knows of the file that was put aside."""
        self._contents.aside = None
        await self.async_save()

    async def _async_change(self, table: str, key: str, value: Any) -> None:
        """Change one item; where it cannot be stored, it is again what is on disk."""
        items: dict[str, Any] = getattr(self._contents, table)
        change = self._changes[table, key] = object()
        _put(items, key, value)

        async def save() -> None:
            try:
                await self._async_save()
            except Exception:
                # A later change of the same item decides about it itself.
                if self._changes[table, key] is change:
                    _put(items, key, self._on_disk[table].get(key, _MISSING))
                raise

        await self._async_finish(save())


_STORES: Final[HassKey[dict[str, RigStore]]] = HassKey(f"{DOMAIN}_stores")


async def async_get_store(hass: HomeAssistant, entry_id: str) -> RigStore:
    """Return the loaded store of an entry; there is never a second one of a file.

    Raises StoreUnreadable.
    """
    store = RigStore.of(hass, entry_id)
    await store.async_load()
    return store


async def async_remove_store(hass: HomeAssistant, entry_id: str) -> None:
    """Delete the file of an entry that was removed."""
    stores = hass.data.setdefault(_STORES, {})
    store = stores.pop(entry_id, None) or RigStore(hass, entry_id)
    await store.async_remove()


def _put(items: dict[str, Any], key: str, value: Any) -> None:
    if value is _MISSING:
        items.pop(key, None)
    else:
        items[key] = value


def _retrieve_error(saving: asyncio.Task[None]) -> None:
    """Retrieve the error of a save whose caller is gone, so that asyncio does not log it."""
    if not saving.cancelled():
        saving.exception()
