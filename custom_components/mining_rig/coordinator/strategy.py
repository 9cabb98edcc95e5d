"""How readings reach the coordinator: it polls the rig, or the rig pushes."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Final, Protocol, override

from homeassistant.config_entries import ConfigEntry
from homeassistant.util import dt as dt_util

from ..const import (
    CONF_KIND,
    CONF_POLL_INTERVAL,
    LOGGER,
    LONGEST_POLL_INTERVAL,
    SHORTEST_POLL_INTERVAL,
)
from ..model import Part, Snapshot
from ..sources import rig_unique_id
from ..sources.common.contract import (
    Polled,
    Pushed,
    Source,
    SourceBusy,
    SourceError,
    SourceGarbled,
    SourceUnreachable,
)
from ..sources.common.public_parts import public_snapshot
from .orders import Order, OrderState

READ_TIMEOUT: Final = 10.0

_POLLS_UNTIL_STALE: Final = 3
_SHORTEST_STALE: Final = timedelta(seconds=30)
_SLOWEST: Final = timedelta(seconds=60)


class Rig(Protocol):
    """What a strategy reads and calls of the coordinator."""

    @property
    def name(self) -> str:
        """The entry's title, for the log."""

    @property
    def online(self) -> bool:
        """Whether the last reading still holds."""

    @property
    def failed_polls(self) -> int:
        """Polls since the last accepted reading."""

    @property
    def last_error(self) -> SourceError | None:
        """Why the last poll failed, None after an accepted reading."""

    def is_stale(self) -> bool:
        """Return whether the last reading is too old to hold."""

    def accept(self, snapshot: Snapshot) -> None:
        """Make a new reading the present one."""

    def show(self, snapshot: Snapshot) -> None:
        """Show a snapshot that brings no new reading."""

    def show_away(self) -> None:
        """Show what is known of a rig that is away."""

    def poll_failed(self, error: SourceError) -> None:
        """Record that a poll failed."""

    def go_away(self, error: SourceError) -> None:
        """Make the rig unavailable."""


class Strategy(Protocol):
    """One of the two ways; every difference between them is here."""

    other_rig: str | None
    """The id of another rig that answers at this one's address."""

    @property
    def interval(self) -> timedelta:
        """Time between two updates of a rig that is available."""

    @property
    def stale_after(self) -> timedelta:
        """How long a reading holds."""

    def held_parts(self) -> Mapping[str, Part]:
        """Return the parts whose values hold while the rig is away, such as orders."""

    async def async_start(self) -> None:
        """Take the first reading, where the rig is polled. Raises a SourceError."""

    async def async_update(self) -> timedelta | None:
        """Update the rig; return the wait until the next, None for the present one."""

    async def async_confirm(self, order: Order, pauses: Sequence[float]) -> None:
        """Read until an order is not pending any more; the rig's `accept` confirms it.

        `pauses` are the seconds before each attempt. Between them the rig is not busy.
        """


class PollStrategy(Strategy):
    """The coordinator reads the rig; `busy` keeps polls and commands apart."""

    def __init__(
        self, rig: Rig, entry: ConfigEntry, source: Polled, busy: asyncio.Lock
    ) -> None:
        """Bind to a source; the interval is the owner's, else the source's."""
        self._rig = rig
        self._source = source
        self._busy = busy
        self._kind: str = entry.data[CONF_KIND]
        self._entry = entry
        self._interval = poll_interval(entry.options) or source.interval
        self.other_rig: str | None = None

    @property
    @override
    def interval(self) -> timedelta:
        return self._interval

    @property
    @override
    def stale_after(self) -> timedelta:
        return max(self._interval * _POLLS_UNTIL_STALE, _SHORTEST_STALE)

    @override
    def held_parts(self) -> Mapping[str, Part]:
        return {}

    @override
    async def async_start(self) -> None:
        self._rig.accept(await self._async_read())

    @override
    async def async_update(self) -> timedelta | None:
        if self._busy.locked():
            # A command is under way and reads for itself.
            return None
        async with self._busy:
            try:
                snapshot = await self._async_read()
            except SourceError as err:
                self._rig.poll_failed(err)
            else:
                self._rig.accept(snapshot)
        # With hundreds of workers, accepting and writing states in one go block the
        # event loop for too long.
        await asyncio.sleep(0)
        return next_wait(
            self._interval,
            online=self._rig.online,
            failed_polls=self._rig.failed_polls,
            error=self._rig.last_error,
        )

    @override
    async def async_confirm(self, order: Order, pauses: Sequence[float]) -> None:
        for pause in pauses:
            await asyncio.sleep(pause)
            async with self._busy:
                if order.is_settled():
                    # A poll, or the reading after a newer order, confirmed it.
                    return
                try:
                    snapshot = await self._async_read()
                except SourceError as err:
                    LOGGER.debug("%s: not confirmed yet: %s", self._rig.name, err)
                    continue
                self._rig.accept(snapshot)
            if order.is_settled():
                return

    async def _async_read(self) -> Snapshot:
        """Read once within the time of a poll. Raises a SourceError."""
        try:
            async with asyncio.timeout(READ_TIMEOUT):
                snapshot = public_snapshot(await self._source.read(dt_util.utcnow()))
        except TimeoutError as err:
            raise SourceUnreachable("no answer in time", timed_out=True) from err
        expected = self._entry.unique_id
        if expected is not None and snapshot.rig_id is not None:
            if rig_unique_id(self._kind, snapshot.rig_id) != expected:
                self.other_rig = snapshot.rig_id
                raise SourceGarbled(
                    "another rig answers at this address", other_device=True
                )
        self.other_rig = None
        return snapshot


class PushStrategy(Strategy):
    """The rig pushes; updates only show what time has changed."""

    def __init__(self, rig: Rig, source: Pushed) -> None:
        """Bind to a source."""
        self._rig = rig
        self._source = source
        self.other_rig: str | None = None

    @property
    @override
    def interval(self) -> timedelta:
        return _SHORTEST_STALE

    @property
    @override
    def stale_after(self) -> timedelta:
        return self._source.stale_after

    @override
    def held_parts(self) -> Mapping[str, Part]:
        return self._present(online=False).parts

    @override
    async def async_start(self) -> None:
        """Return at once: the rig is away until its first push."""

    @override
    async def async_update(self) -> timedelta | None:
        if self._rig.online and self._rig.is_stale():
            self._rig.go_away(SourceUnreachable("nothing was pushed", timed_out=True))
        else:
            self._show()
        return None

    @override
    async def async_confirm(self, order: Order, pauses: Sequence[float]) -> None:
        # The order is on disk; the rig fetches it with its next request.
        self._show()
        order.state = OrderState.CONFIRMED

    def receive(self) -> None:
        """Accept what the source has parsed of a push."""
        # The first push of a rig that was away makes it present.
        self._rig.accept(self._present(online=True))

    def _present(self, *, online: bool) -> Snapshot:
        return public_snapshot(self._source.present(dt_util.utcnow(), online=online))

    def _show(self) -> None:
        """Show the orders and the durations of now beside the last readings."""
        if self._rig.online:
            self._rig.show(self._present(online=True))
        else:
            self._rig.show_away()


def strategy_for(
    rig: Rig, entry: ConfigEntry, source: Source, busy: asyncio.Lock
) -> PollStrategy | PushStrategy:
    """Return the strategy for a source; each source is polled or pushed."""
    if isinstance(source, Pushed):
        return PushStrategy(rig, source)
    assert isinstance(source, Polled)
    return PollStrategy(rig, entry, source, busy)


def poll_interval(options: Mapping[str, Any]) -> timedelta | None:
    """Return the interval that the owner chose, None where there is none."""
    if (seconds := options.get(CONF_POLL_INTERVAL)) is None:
        return None
    return timedelta(
        seconds=min(max(seconds, SHORTEST_POLL_INTERVAL), LONGEST_POLL_INTERVAL)
    )


def next_wait(
    interval: timedelta,
    *,
    online: bool,
    failed_polls: int,
    error: SourceError | None,
) -> timedelta:
    """Return the time until the next poll: the one that the rig asked for, longer while it is off."""
    if isinstance(error, SourceBusy) and error.retry_after:
        return max(timedelta(seconds=error.retry_after), interval)
    if online:
        return interval
    slower: int = 1 << min(max(failed_polls - _POLLS_UNTIL_STALE, 0), 10)
    return min(interval * slower, max(_SLOWEST, interval))
