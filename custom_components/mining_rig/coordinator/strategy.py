"""How readings reach the coordinator: it polls the rig, or the rig pushes."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
import time
from typing import Any, Final, Protocol, override

from homeassistant.config_entries import ConfigEntry
from homeassistant.util import dt as dt_util

from ..clock import steady_now
from ..const import (
    CONF_KIND,
    CONF_POLL_INTERVAL,
    LOGGER,
    LONGEST_POLL_INTERVAL,
    SHORTEST_POLL_INTERVAL,
)
from ..model import Part, Snapshot
from ..sources import KINDS, rig_unique_id
from ..sources.common.contract import (
    Polled,
    Pushed,
    Reachable,
    Source,
    SourceBusy,
    SourceError,
    SourceGarbled,
    SourceUnreachable,
)
from ..sources.common.public_parts import public_snapshot
from .availability import Availability
from .orders import Order, OrderState
from .turns import Turns

READ_TIMEOUT: Final = 10.0

_POLLS_UNTIL_STALE: Final = 3
_SHORTEST_STALE: Final = timedelta(seconds=30)
_SLOWEST: Final = timedelta(seconds=60)
_TRY_TO_CONNECT: Final = timedelta(seconds=10)
"""How often a rig that is away is tried for a connection."""
_TOLERANCE: Final = timedelta(seconds=1)
"""How much too early an update may be."""


class Protected(Protocol):
    """What a strategy has to know of thermal protection."""

    @property
    def longest_interval(self) -> timedelta:
        """The longest time between two polls."""


class Rig(Protocol):
    """What a strategy reads and calls of the coordinator."""

    @property
    def protection(self) -> Protected:
        """The rig's thermal protection, which wants to be polled often while it is on."""

    @property
    def name(self) -> str:
        """The entry's title, for the log."""

    @property
    def online(self) -> bool:
        """Whether the last reading still holds."""

    @property
    def availability(self) -> Availability:
        """The age of the last reading, and what has failed since."""

    def accept(self, snapshot: Snapshot, orders: int | None = None) -> None:
        """Make a new reading the present one.

        `orders` is how many had been sent when it began; None: it shows all.
        """

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

    @property
    def is_waiting(self) -> bool:
        """Whether the rig has not been silent for long enough to be called off."""

    def is_held_up(self) -> bool:
        """Return whether a poll was to begin before now and could not.

        Then Home Assistant itself was held up.
        """

    def held_parts(self) -> Mapping[str, Part]:
        """Return the parts whose values hold while the rig is away, such as orders."""

    async def async_start(self) -> None:
        """Take the first reading, where the rig is polled. Raises a SourceError."""

    async def async_update(self) -> timedelta:
        """Update the rig; return the wait until the next update."""

    async def async_confirm(self, order: Order, pauses: Sequence[float]) -> None:
        """Read until an order is not pending any more; the rig's `accept` confirms it.

        `pauses` are the seconds before each attempt. Between them the rig is not busy.
        """


class PollStrategy(Strategy):
    """The coordinator reads the rig, when it is the turn of a reading."""

    def __init__(
        self, rig: Rig, entry: ConfigEntry, source: Polled, turns: Turns
    ) -> None:
        """Bind to a source; the interval is the owner's, else the source's."""
        self._rig = rig
        self._source = source
        self._turns = turns
        self._next_poll: datetime | None = None
        """The steady moment of the next poll, whether the rig accepts connections or not."""
        self._began: datetime | None = None
        """The steady moment when the present update began."""
        self._kind: str = entry.data[CONF_KIND]
        self._entry = entry
        self._interval = poll_interval(entry.options) or source.interval
        self.other_rig: str | None = None

    @property
    @override
    def interval(self) -> timedelta:
        return min(self._interval, self._rig.protection.longest_interval)

    @property
    @override
    def stale_after(self) -> timedelta:
        return max(self.interval * _POLLS_UNTIL_STALE, _SHORTEST_STALE)

    @property
    @override
    def is_waiting(self) -> bool:
        # It was asked, and did not answer.
        return False

    @override
    def is_held_up(self) -> bool:
        now = steady_now()
        if self._next_poll is None or now - self._next_poll <= _TOLERANCE:
            return False
        return self._began is None or now - self._began < _TOLERANCE

    @override
    def held_parts(self) -> Mapping[str, Part]:
        return {}

    @override
    async def async_start(self) -> None:
        await self._async_read()
        self._next_poll = steady_now() + self.interval

    @override
    async def async_update(self) -> timedelta:
        self._began = steady_now()
        try:
            return await self._async_update()
        finally:
            self._began = None

    async def _async_update(self) -> timedelta:
        if not await self._async_may_poll():
            return _TRY_TO_CONNECT
        async with self._turns.reading():
            try:
                await self._async_read()
            except SourceError as err:
                self._rig.poll_failed(err)
        # With hundreds of workers, accepting and writing states in one go block the
        # event loop for too long.
        await asyncio.sleep(0)
        wait = next_wait(
            self.interval,
            online=self._rig.online,
            failed_polls=self._rig.availability.failed_polls,
            error=self._rig.availability.last_error,
            longest=KINDS[self._kind].longest_wait,
        )
        # Thermal protection looks as often at a rig that is away, or asks for a pause.
        wait = min(wait, self._rig.protection.longest_interval)
        self._next_poll = steady_now() + wait
        return wait if self._reachable is None else min(wait, _TRY_TO_CONNECT)

    async def _async_may_poll(self) -> bool:
        """Return whether to poll: a rig that is away as soon as it can be reached."""
        if (source := self._reachable) is None or self._next_poll is None:
            return True
        if steady_now() >= self._next_poll - _TOLERANCE:
            return True
        return await source.is_reachable()

    @property
    def _reachable(self) -> Reachable | None:
        """The source, while the rig cannot be reached, if it can tell when that ends."""
        error = self._rig.availability.last_error
        if self._rig.online or not isinstance(error, SourceUnreachable):
            return None
        return self._source if isinstance(self._source, Reachable) else None

    @override
    async def async_confirm(self, order: Order, pauses: Sequence[float]) -> None:
        for pause in pauses:
            await asyncio.sleep(pause)
            async with self._turns.reading():
                if order.is_settled():
                    # A poll, or the reading after a newer order, confirmed it.
                    return
                try:
                    await self._async_read()
                except SourceError as err:
                    LOGGER.debug("%s: not confirmed yet: %s", self._rig.name, err)
                    continue
            if order.is_settled():
                return

    async def _async_read(self) -> None:
        """Read once within the time of a poll, and accept it. Raises a SourceError."""
        orders = self._turns.sent
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
        if not any(part.values or part.events for part in snapshot.parts.values()):
            raise SourceGarbled("the answer holds nothing")
        self._rig.accept(snapshot, orders)


class PushStrategy(Strategy):
    """The rig pushes; updates only show what time has changed."""

    def __init__(self, rig: Rig, source: Pushed) -> None:
        """Bind to a source."""
        self._rig = rig
        self._source = source
        self._started = time.monotonic()
        self._is_waiting = True
        self.other_rig: str | None = None

    @property
    @override
    def interval(self) -> timedelta:
        return _SHORTEST_STALE

    @property
    @override
    def is_waiting(self) -> bool:
        return self._is_waiting

    @property
    @override
    def stale_after(self) -> timedelta:
        return self._source.stale_after

    @override
    def is_held_up(self) -> bool:
        return False

    @override
    def held_parts(self) -> Mapping[str, Part]:
        return self._present(online=False).parts

    @override
    async def async_start(self) -> None:
        """Return at once: the rig is away until its first push."""

    @override
    async def async_update(self) -> timedelta:
        silence = time.monotonic() - self._started
        never_came = (
            self._is_waiting and silence >= self._source.stale_after.total_seconds()
        )
        # A rig is held longer while its agent waits for others, and not afterwards.
        if never_came or (self._rig.online and self._rig.availability.is_stale()):
            self._is_waiting = False
            self._rig.go_away(SourceUnreachable("nothing was pushed", timed_out=True))
        else:
            self._show()
        return self.interval

    @override
    async def async_confirm(self, order: Order, pauses: Sequence[float]) -> None:
        # The order is on disk; the rig fetches it with its next request.
        self._show()
        order.state = OrderState.CONFIRMED

    def receive(self) -> None:
        """Accept what the source has parsed of a push."""
        # The first push of a rig that was away makes it present.
        self._is_waiting = False
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
    rig: Rig, entry: ConfigEntry, source: Source, turns: Turns
) -> PollStrategy | PushStrategy:
    """Return the strategy for a source; each source is polled or pushed."""
    if isinstance(source, Pushed):
        return PushStrategy(rig, source)
    assert isinstance(source, Polled)
    return PollStrategy(rig, entry, source, turns)


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
    longest: timedelta,
) -> timedelta:
    """Return the time until the next poll: longer while the rig is off or asks for it.

    `longest` is how long the rig is left alone at most because it asks for that.
    """
    if isinstance(error, SourceBusy) and error.retry_after:
        asked = min(error.retry_after, longest.total_seconds())
        return max(timedelta(seconds=asked), interval)
    if online:
        # The last poll before the reading is too old has some time to be answered.
        return interval - _TOLERANCE if failed_polls else interval
    slower: int = 1 << min(max(failed_polls - _POLLS_UNTIL_STALE, 0), 10)
    return min(interval * slower, max(_SLOWEST, interval))
