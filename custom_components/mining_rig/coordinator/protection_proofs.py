"""Which pauses are known to work: what was ordered off, until that is read back."""

import asyncio
from collections.abc import Callable
from typing import Final

from homeassistant.exceptions import HomeAssistantError
from homeassistant.util import dt as dt_util

from ..const import DOMAIN
from ..model import RIG
from .protection_acting import Acting
from .protection_choices import Choices

_NOT_SHOWN: Final = "protection_test_failed"


class Proofs:
    """Notes in the choices of a rig when an "off" of a part was confirmed."""

    def __init__(self, choices: Choices, keep: Callable[[], None]) -> None:
        """Take where it is noted, and what puts that on disk."""
        self._choices = choices
        self._keep = keep
        self._ordered_off: set[str] = set()
        """Parts that ran when they were ordered off."""
        self._news = asyncio.Event()

    def ordered_off(self, part: str, running: frozenset[str]) -> None:
        """Take that a part is ordered off; one that does not run proves nothing."""
        if {part, RIG} & running:
            self._ordered_off.add(part)

    def ordered_on(self, part: str) -> None:
        """Take that a part is ordered on."""
        self._ordered_off.discard(part)

    def take(self, paused: frozenset[str]) -> None:
        """Take which parts an answer shows as paused."""
        if found := self._ordered_off & paused:
            self._ordered_off -= found
            now = dt_util.utcnow().timestamp()
            self._choices.proven |= dict.fromkeys(found, now)
            self._news.set()
            self._keep()

    async def async_wait(self, part: str) -> None:
        """Return when the "off" of a part has been read back."""
        while part in self._ordered_off:
            self._news.clear()
            await self._news.wait()


async def async_test(
    proofs: Proofs,
    acting: Acting,
    running: frozenset[str],
    *,
    seconds: float,
    may_resume: Callable[[], bool],
) -> None:
    """Pause a rig, see that within so many seconds, and resume it.

    Raises HomeAssistantError where the pause is refused or not seen.
    """
    proofs.ordered_off(RIG, running)
    try:
        await acting.async_allow(RIG, is_allowed=False)
        async with asyncio.timeout(seconds):
            await proofs.async_wait(RIG)
    except TimeoutError as err:
        raise HomeAssistantError(
            translation_domain=DOMAIN,
            translation_key=_NOT_SHOWN,
            translation_placeholders={"rig": acting.name},
        ) from err
    finally:
        proofs.ordered_on(RIG)
        if may_resume():
            await acting.async_allow(RIG, is_allowed=True)
