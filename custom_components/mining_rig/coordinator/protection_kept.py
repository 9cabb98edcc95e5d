"""What thermal protection remembers on disk: its memory, and what its owner chose."""

import asyncio
from typing import Final

from homeassistant.exceptions import HomeAssistantError

from ..clock import steady_now
from ..const import LOGGER
from ..protection.data import Memory, load_memory
from ..store import RigStore
from .protection_choices import load_choices

_SAVE_EVERY: Final = 60.0


class Kept:
    """The part of a rig's store that is protection's. Moments are steady seconds."""

    def __init__(self, store: RigStore, name: str) -> None:
        """Take the loaded store; the name is for the log."""
        self._store = store
        self._name = name
        self._saved_at = now()
        self.choices = load_choices(store.protection)
        self.memory = load_memory(store.protection.get("memory"), self._saved_at)

    @property
    def is_due(self) -> bool:
        """Whether it was not saved for so long that ages on disk are wrong by a minute."""
        return now() - self._saved_at >= _SAVE_EVERY

    async def async_save(self, memory: Memory, seconds: float | None = None) -> None:
        """Put it on disk; wait so long at most. A full disk is logged."""
        self._saved_at = now()
        self._store.protection = {
            "memory": memory.dump(self._saved_at),
            **self.choices.dump(),
        }
        try:
            async with asyncio.timeout(seconds):
                await self._store.async_save()
        except TimeoutError, HomeAssistantError:
            LOGGER.debug("%s: protection is to be stored later", self._name)


def now() -> float:
    """Return the present steady moment in seconds."""
    return steady_now().timestamp()
