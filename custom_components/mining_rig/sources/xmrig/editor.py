"""The one way to change the configuration of XMRig and xmrig-proxy.

Every change is checked before it is sent and compared with what the program shows
afterwards, key by key. The configuration of before is on disk meanwhile, and is sent
again where anything else was lost.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from copy import deepcopy
import logging
from typing import Final

import orjson

from ...model import Value
from ..common.contract import (
    CommandRefused,
    JsonObject,
    Notes,
    SourceBusy,
    SourceError,
    SourceRefused,
)
from .api import XmrigApi
from .compare import differences, is_renamed
from .config import (
    LOCKED,
    Setting,
    check_keys,
    check_result,
    has_other_pools,
    loses_pools,
    merge,
    plain,
)

_LOGGER: Final = logging.getLogger(__name__)

PUT_GAP: Final = 10.0
"""Seconds between two changes of the configuration; each costs work and a connection."""
APPLIED_AFTER: Final = (0.3, 0.3, 0.4, 0.5, 0.5, 1.0)
"""Seconds between requests whether a configuration was applied; 3 s in all."""
_READ_BACK_TIMEOUT: Final = 10.0
"""Seconds for all of these requests together."""
_NOTE: Final = "xmrig_config_before"

type Change = Callable[[JsonObject], Awaitable[None]]
"""Changes a configuration in place; raises CommandRefused where that cannot be done."""
type IsFree = Callable[[str], bool]
"""Tells whether the program may show another value at a path."""


def _none_is_free(path: str) -> bool:
    return False


class ConfigEditor:
    """Changes the configuration of one program; edits wait for each other."""

    def __init__(
        self, api: XmrigApi, notes: Notes, locked: frozenset[str] = LOCKED
    ) -> None:
        """Take the API, where configurations are kept, and keys that are refused."""
        self._api = api
        self._notes = notes
        self._locked = locked
        self._turn = asyncio.Lock()
        self._put_at: float | None = None

    async def edit(
        self, change: Change, *, always: bool = False, is_free: IsFree = _none_is_free
    ) -> JsonObject | None:
        """Change the configuration and return the one that the program then shows.

        None where it was sent, but cannot be read back. `always` sends an unchanged
        configuration, too; else nothing is sent then. Waits for other edits, and for
        `PUT_GAP` seconds after the last one. Raises a SourceError: CommandRefused
        where the change is not allowed, or not applied and therefore undone.
        """
        async with self._turn:
            if self._put_at is not None:
                passed = asyncio.get_running_loop().time() - self._put_at
                await asyncio.sleep(max(0.0, PUT_GAP - passed))
            before = await self._api.config()
            wanted = deepcopy(before)
            await change(wanted)
            if not always and orjson.dumps(wanted) == orjson.dumps(before):
                return before
            check_result(before, wanted)
            return await self._put(before, wanted, is_free)

    async def write(self, setting: Setting, value: Value) -> None:
        """Change one setting. Raises as `edit`."""
        # Refused at once, not when it is this edit's turn.
        setting.on_wire(value)

        async def change(config: JsonObject) -> None:
            setting.write(config, value)

        await self.edit(change)

    async def set_keys(self, changes: JsonObject) -> None:
        """Change keys; return when the program shows them. Raises as `edit`."""
        changes = plain(changes)
        check_keys(changes, self._locked)

        async def change(config: JsonObject) -> None:
            merge(config, changes, self._locked)

        if await self.edit(change) is None:
            raise _not_taken(differences({}, changes))

    async def recover(self, shown: JsonObject) -> None:
        """Look after an edit that was interrupted; takes a configuration just read.

        Pools that were lost are restored, and everything where it was known that the
        change has to be undone. Pools that are new are the owner's own change since then,
        which stays.
        """
        note = self._notes.get(_NOTE)
        before = note.get("config") if isinstance(note, dict) else None
        if not isinstance(before, dict) or self._turn.locked():
            return
        async with self._turn:
            if loses_pools(before, shown) or (
                note.get("undo")
                and not has_other_pools(before, shown)
                and list(differences(shown, before))
            ):
                _LOGGER.warning(
                    "A change of the configuration of %s was interrupted; the one before"
                    " is sent again",
                    self._api,
                )
                await self._api.put_config(before)
            else:
                await self._notes.keep(_NOTE, None)

    async def _keep(self, before: JsonObject, *, undo: bool = False) -> None:
        """Keep a configuration on disk; `undo`: it has to be sent again."""
        await self._notes.keep(_NOTE, {"config": before, "undo": undo})

    async def _put(
        self, before: JsonObject, wanted: JsonObject, is_free: IsFree
    ) -> JsonObject | None:
        await self._keep(before)
        self._put_at = asyncio.get_running_loop().time()
        try:
            await self._api.put_config(wanted)
        except CommandRefused, SourceRefused, SourceBusy:
            # Nothing was applied.
            await self._notes.keep(_NOTE, None)
            raise
        shown, missing = await self._read_back(before, wanted, is_free)
        if shown is None:
            return None
        if missing:
            await self._put_back(before, shown)
            raise _not_taken(missing)
        await self._notes.keep(_NOTE, None)
        return shown

    async def _put_back(self, before: JsonObject, shown: JsonObject) -> None:
        """Send the configuration of before, unless nothing of it was lost."""
        if list(differences(shown, before)):
            await self._keep(before, undo=True)
            await self._api.put_config(before)
            shown_now, missing = await self._read_back(shown, before, _none_is_free)
            if shown_now is None or missing:
                return
        await self._notes.keep(_NOTE, None)

    async def _read_back(
        self, before: JsonObject, wanted: JsonObject, is_free: IsFree
    ) -> tuple[JsonObject | None, list[str]]:
        """Read until the program shows what was sent, or for 3 s.

        Returns what it shows, None where it does not answer, and the keys that differ.
        """
        shown: JsonObject | None = None
        missing: list[str] = []
        with suppress(TimeoutError):
            async with asyncio.timeout(_READ_BACK_TIMEOUT):
                for pause in (0.0, *APPLIED_AFTER):
                    await asyncio.sleep(pause)
                    shown = None
                    with suppress(SourceError):
                        shown = await self._api.config()
                    if shown is None:
                        continue
                    missing = [
                        path
                        for path in differences(shown, wanted)
                        if not (is_free(path) or is_renamed(before, shown, path))
                    ]
                    # Until it is applied, the configuration of before is shown.
                    if not missing and shown != before:
                        break
        return shown, missing


def _not_taken(paths: Iterable[str]) -> CommandRefused:
    return CommandRefused("xmrig_config_not_taken", {"keys": ", ".join(paths)})
