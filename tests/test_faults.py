"""What an owner sees of each fault of each kind of rig, and when: tests/faults."""

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
import logging
from pathlib import Path
from typing import Final
from unittest.mock import patch

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import SOURCE_REAUTH
from homeassistant.const import STATE_ON, STATE_UNAVAILABLE, STATE_UNKNOWN
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_fire_time_changed,
)

from .faults.port import FaultyPort
from .faults.rigs import MINERS, entry_for
from .faults.table import BACK, FAULTS, LONGEST_BACK, STALE, Seen, printed
from .rigs import async_set_up, state

pytestmark = [
    pytest.mark.usefixtures("socket_enabled"),
    pytest.mark.freeze_time("2026-11-01 12:00:00+00:00"),
]
CASES: Final = [
    (kind, fault, seen)
    for fault, facts in FAULTS.items()
    for kind in MINERS
    if (seen := facts.but.get(kind, facts.seen)) is not None
]
SHOWN: Final = {
    Seen.KEEPS: ("mining", True),
    Seen.PARTLY: (STATE_UNKNOWN, False),
    Seen.AWAY: ("offline", False),
    Seen.ASKS: ("offline", False),
}
"""The status, and whether there is a hashrate."""
AFTER: Final = 31
"""Seconds for which a fault goes on after it was seen."""


class Watch:
    """Lets time pass, second by second."""

    def __init__(
        self, hass: HomeAssistant, freezer: FrozenDateTimeFactory, port: FaultyPort
    ) -> None:
        """Take what moves and what answers."""
        self._hass = hass
        self._freezer = freezer
        self._port = port
        # The checks of a loop in debug mode take most of the time.
        hass.loop.set_debug(False)

    async def until(self, is_so: Callable[[], bool], most: int) -> int | None:
        """Return after how many seconds that is so, None if not within `most`."""
        for second in range(most + 1):
            if is_so():
                return second
            self._freezer.tick(1)
            async_fire_time_changed(self._hass)
            await self._settle()
        return None

    async def _settle(self) -> None:
        """Let run what can run now, with the bytes that are under way."""
        quiet = 0
        for _ in range(5000):
            await asyncio.sleep(0)
            quiet = 0 if self._port.busy else quiet + 1
            if quiet > 40:
                break


def is_connected(hass: HomeAssistant) -> bool:
    """Return whether the rig is shown as connected."""
    return state(hass, "binary_sensor", "connected").state == STATE_ON


def shown(hass: HomeAssistant) -> tuple[str, bool]:
    """Return the status, and whether there is a hashrate."""
    rate = state(hass, "sensor", "hashrate").state
    return (
        state(hass, "sensor", "status").state,
        rate not in (STATE_UNAVAILABLE, STATE_UNKNOWN),
    )


def asks(hass: HomeAssistant, entry: MockConfigEntry) -> bool:
    """Return whether a dialog asks for credentials."""
    return bool(list(entry.async_get_active_flows(hass, {SOURCE_REAUTH})))


def lines(caplog: pytest.LogCaptureFixture) -> tuple[int, int]:
    """Return how many lines say that it does not answer, and that it does again."""
    return (
        caplog.text.count("Office PC does not answer"),
        caplog.text.count("Office PC answers again"),
    )


def is_ours(record: logging.LogRecord) -> bool:
    """Return whether the integration warns."""
    return record.levelno >= logging.WARNING and "mining_rig" in record.name


@pytest.mark.parametrize(("kind", "fault", "seen"), CASES)
async def test_fault(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    caplog: pytest.LogCaptureFixture,
    *,
    kind: str,
    fault: str,
    seen: Seen,
) -> None:
    """It is seen in time, once, and its end as well."""
    caplog.set_level("INFO")
    facts = FAULTS[fault]
    async with MINERS[kind].port() as port, AsyncExitStack() as stack:
        entry = entry_for(kind, port)
        assert await async_set_up(hass, entry)
        rig = entry.runtime_data
        watch = Watch(hass, freezer, port)
        stale = int(rig.stale_after.total_seconds())
        assert stale == (STALE if kind != "iceriver" else 3 * STALE)

        await port.begin(fault)
        if fault == "clock":
            stack.enter_context(
                patch(
                    "homeassistant.util.dt.utcnow",
                    lambda: datetime.now(UTC) - timedelta(hours=2),
                )
            )
        read, keeps = rig.revision, seen in (Seen.KEEPS, Seen.PARTLY)
        lasts = min(stale + AFTER, facts.seconds or stale + AFTER)
        assert is_connected(hass)
        gone = await watch.until(lambda: not is_connected(hass), lasts)
        if keeps:
            assert gone is None
            assert (rig.revision > read) is (fault != "restart")
        else:
            assert gone is not None
            assert gone <= stale + 1
            await watch.until(lambda: False, AFTER)
            assert not is_connected(hass)
        assert asks(hass, entry) is (seen is Seen.ASKS)
        assert shown(hass) == SHOWN[seen]
        assert lines(caplog) == (0 if keeps else 1, 0)

        await port.end()
        back = await watch.until(
            lambda: is_connected(hass) and rig.availability.last_error is None,
            BACK if facts.tried else LONGEST_BACK,
        )
        assert back is not None
        assert not asks(hass, entry)
        await watch.until(lambda: shown(hass) == SHOWN[Seen.KEEPS], stale)
        assert shown(hass) == SHOWN[Seen.KEEPS]
        assert lines(caplog) == ((0, 0) if keeps else (1, 1))
        assert not [r for r in caplog.records if is_ours(r)]
        await hass.config_entries.async_unload(entry.entry_id)


def test_table_is_printed() -> None:
    """The documentation has what the tests hold."""
    page = Path(__file__).parents[1] / "docs/reliability.md"
    assert printed() in page.read_text()
