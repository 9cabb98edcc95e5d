"""The farm's order to mine or not: to all at once, or one rig after another."""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.event import async_call_later

from ..clock import steady_now
from ..const import DOMAIN, LOGGER
from ..coordinator import RigCoordinator
from ..coordinator.protection_choices import stop_of
from ..model import RIG, Channel
from ..readings import NOT_FOLLOWING


@dataclass(slots=True)
class _Given:
    """An order that a rig was given, until it has followed."""

    value: bool
    until: datetime | None = None
    """The steady moment by which it has to follow; None before it was sent."""


def mining_switch(rig: RigCoordinator) -> Channel[bool] | None:
    """Return the control that really stops a rig; None where it has none."""
    known = rig.known_parts.parts.get(RIG)
    stop = None if known is None else stop_of(known.controls)
    return None if stop is None else stop.channel


class FarmOrders:
    """Orders to the rigs of a farm. They do not survive a restart."""

    def __init__(
        self,
        hass: HomeAssistant,
        entry: ConfigEntry,
        rigs: Callable[[], Iterable[RigCoordinator]],
        *,
        apart: float,
        changed: CALLBACK_TYPE,
    ) -> None:
        """Bind to the loaded rigs. `apart` are the seconds between two that start."""
        self._hass = hass
        self._entry = entry
        self._rigs = rigs
        self._apart = apart
        self._changed = changed
        self._given: dict[str, _Given] = {}
        self._queue: deque[RigCoordinator] = deque()
        self._stop_timer: CALLBACK_TYPE | None = None
        self._starting: set[asyncio.Task[None]] = set()

    @property
    def is_starting(self) -> bool:
        """Whether rigs have yet to be switched on."""
        return bool(self._queue)

    def is_on(self) -> bool | None:
        """Return whether any rig is to mine; None where that is not known of any."""
        if self.is_starting:
            return True
        known = [
            value
            for rig, channel in self._switched()
            if (value := rig.data.rig.get(channel)) is not None
        ]
        return any(known) if known else None

    def can_switch(self) -> bool:
        """Return whether any rig takes orders now."""
        return any(_offers(rig, channel) for rig, channel in self._switched())

    def _switched(self) -> list[tuple[RigCoordinator, Channel[bool]]]:
        return [
            (rig, channel)
            for rig in self._rigs()
            if (channel := mining_switch(rig)) is not None
        ]

    # ---- off

    async def async_stop_all(self) -> None:
        """Order all rigs not to mine, at the same time.

        Raises HomeAssistantError with the names of those that do not take it.
        """
        self.cancel()
        rigs = self._switched()
        self._given = {_id(rig): _Given(value=False) for rig, _ in rigs}
        done = await asyncio.gather(
            *(self._async_send(rig, value=False) for rig, c in rigs if _offers(rig, c))
        )
        self._changed()
        if failed := sorted(filter(None, done)):
            raise HomeAssistantError(
                translation_domain=DOMAIN,
                translation_key="farm_not_all",
                translation_placeholders={
                    "rig": self._entry.title,
                    "rigs": ", ".join(failed),
                },
            )

    # ---- on

    @callback
    def start_all(self) -> None:
        """Begin to order the rigs to mine, one after another.

        So that they do not all start at the same moment, which trips breakers.
        """
        self.cancel()
        rigs = [
            rig
            for rig, channel in self._switched()
            if rig.data.rig.get(channel) is not True
        ]
        self._given = {_id(rig): _Given(value=True) for rig in rigs}
        self._queue.extend(rigs)
        self._start_next()

    @callback
    def _start_next(self, _now: datetime | None = None) -> None:
        self._stop_timer = None
        while self._queue:
            rig = self._queue.popleft()
            channel = mining_switch(rig)
            if channel is None or rig.data.rig.get(channel) is True:
                continue
            if not _offers(rig, channel):
                # It is off; one that is back and does not mine does not follow.
                self._given[_id(rig)].until = steady_now()
                continue
            task = self._entry.async_create_background_task(
                self._hass, self._async_start(rig), f"{DOMAIN}: start {rig.name}"
            )
            self._starting.add(task)
            task.add_done_callback(self._starting.discard)
            if self._queue and self._apart:
                self._stop_timer = async_call_later(
                    self._hass, self._apart, self._start_next
                )
                break
        self._changed()

    async def _async_start(self, rig: RigCoordinator) -> None:
        await self._async_send(rig, value=True)
        self._changed()

    @callback
    def cancel(self) -> None:
        """Start no more rigs."""
        self._queue.clear()
        if self._stop_timer is not None:
            self._stop_timer()
            self._stop_timer = None
        for task in self._starting:
            task.cancel()

    # ---- both

    async def _async_send(self, rig: RigCoordinator, *, value: bool) -> str | None:
        """Send an order; return the rig's name where it does not take it."""
        channel = mining_switch(rig)
        assert channel is not None
        control = rig.data.rig.controls[channel]
        given = self._given.setdefault(_id(rig), _Given(value))
        given.until = steady_now() + timedelta(seconds=control.seconds_for(value))
        try:
            await rig.commands.async_write(RIG, channel, value)
        except HomeAssistantError as err:
            LOGGER.warning("%s: %s", self._entry.title, err)
            given.until = steady_now()
            return rig.name
        return None

    def not_following(self) -> list[str]:
        """Return the names of the rigs that do not follow, and forget what was followed.

        A rig that is off does neither; one that its owner switches later has followed.
        """
        now = steady_now()
        names: list[str] = []
        for rig in self._rigs():
            if not rig.online:
                continue
            channel = mining_switch(rig)
            given = self._given.get(_id(rig))
            late = False
            if given is not None and channel is not None:
                if rig.data.rig.get(channel) is given.value:
                    del self._given[_id(rig)]
                else:
                    late = self._is_late(given, now)
            if late or rig.data.rig.get(NOT_FOLLOWING.plain):
                names.append(rig.name)
        return sorted(names)

    def _is_late(self, given: _Given, now: datetime) -> bool:
        if given.until is not None:
            return now >= given.until
        # One that was off when it was to stop is back; one in the queue has time.
        return not given.value


def _offers(rig: RigCoordinator, channel: Channel[Any]) -> bool:
    return channel in rig.data.rig.controls


def _id(rig: RigCoordinator) -> str:
    return rig.config_entry.entry_id
