"""What is sent to a rig: settings, actions, its configuration, and kept orders."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator

from ..clock import steady_now
from ..const import CONF_KEEP_ORDER, DOMAIN, LOGGER
from ..model import RIG, Action, Channel, Control, PartEvent, Snapshot, Value
from ..readings import CONNECTED, MINING_ALLOWED, NOT_FOLLOWING, STOP
from ..sources.common.contract import (
    ActionProvider,
    CommandRefused,
    Configured,
    JsonObject,
    Pressable,
    Source,
    SourceBusy,
    SourceError,
    SourceGarbled,
    SourceRefused,
    UrgentlyWritable,
    Writable,
)
from ..store import RigStore
from .calls import CallEnded, Calls, Key
from .orders import LONGEST_WAIT, Order, Orders, OrderState
from .starter import STARTER_CONTROL, Starter
from .strategy import Strategy
from .turns import Turns

CONFIRM_PAUSES: Final[tuple[float, ...]] = (0.2, 0.3, 0.5, 1.0, 1.0, 1.0, 1.0, 1.0)
"""Seconds between a command and each attempt to confirm it; 6 s in all."""

_MORE_PAUSES: Final = 4
"""How often the last pause is repeated where the rig may take longer than that."""

_ORDER_AGAIN: Final = timedelta(minutes=1)


class Commands:
    """The commands of one rig.

    They raise HomeAssistantError with a translation where the rig does not follow, and
    where the entry is unloaded meanwhile. An order to stop waits for nothing; one to
    mine never waits until another command is confirmed; settings are written one by one.
    """

    def __init__(
        self,
        coordinator: DataUpdateCoordinator[Snapshot],
        *,
        entry: ConfigEntry,
        source: Source,
        starter: Starter,
        store: RigStore,
        strategy: Strategy,
        turns: Turns,
        calls: Calls,
        dispatch: Callable[[Iterable[PartEvent]], None],
        changed: Callable[[], None],
        refused: Callable[[], None],
    ) -> None:
        """Bind to a coordinator whose first snapshot may still be missing."""
        self._hass = coordinator.hass
        self._entry = entry
        self._coordinator = coordinator
        self._source = source
        self._starter = starter
        self._store = store
        self._strategy = strategy
        self._turns = turns
        self._calls = calls
        self._one_setting = asyncio.Lock()
        self._changed = changed
        self._refused = refused
        self.orders = Orders(self._hass, source, dispatch, changed)
        self._keeps_orders = bool(entry.options.get(CONF_KEEP_ORDER, False))
        self._ordered_at: datetime | None = None
        """The steady moment when an order was last repeated."""

    async def async_write(
        self, part: str, channel: Channel[Any], value: Value, *, kept: bool = True
    ) -> None:
        """Write one setting; return when the rig shows it, after 10 s at the latest.

        `kept` is whether an order may be kept as the owner's own.
        Raises HomeAssistantError where the rig refuses it, or does not show it in a
        time that is no longer than that. A rig that may take longer is then watched
        by `orders`.
        """
        async with self._running():
            if channel is MINING_ALLOWED.plain:
                await self._async_write(part, channel, value, kept=kept)
            else:
                async with self._one_setting:
                    await self._async_write(part, channel, value, kept=kept)

    async def _async_write(
        self, part: str, channel: Channel[Any], value: Value, *, kept: bool
    ) -> None:
        snapshot = self._coordinator.data
        present = snapshot.parts.get(part)
        control = present.controls.get(channel) if present is not None else None
        target = self._starter if control == STARTER_CONTROL else self._source
        if control is None or not isinstance(target, Starter | Writable):
            online = snapshot.rig.get(CONNECTED.plain)
            raise self._error("not_offered" if online else "away")
        if channel is not MINING_ALLOWED.plain:
            async with self._turns.command():
                order = await self._async_send(target, part, control, value)
        else:
            if self._keeps_orders and kept:
                await self._store.async_order(part, value)
            try:
                order = await self._async_allow(
                    target, part, control, allowed=bool(value)
                )
            except CallEnded:
                if self._calls.is_closed:
                    raise
                # A newer order took its place before it was sent.
                return
        pauses = CONFIRM_PAUSES
        if order.may_outlast_call:
            self._changed()
            pauses += pauses[-1:] * _MORE_PAUSES
        with suppress(TimeoutError):
            async with asyncio.timeout(LONGEST_WAIT):
                await self._strategy.async_confirm(order, pauses)
        is_pending = order.state is OrderState.PENDING
        if order.may_outlast_call:
            order.has_returned = True
        else:
            self.orders.discard(order)
        self._changed()
        if is_pending and not order.may_outlast_call:
            raise self._error("not_confirmed")

    async def _async_allow(
        self,
        source: Writable | Starter,
        part: str,
        control: Control[Any],
        *,
        allowed: bool,
    ) -> Order:
        """Send an order to mine or not to mine, in the place of older ones.

        Raises CallEnded where a newer one takes its place.
        """

        def is_superseded(key: Key) -> bool:
            # To stop the rig stops its parts, too.
            return key is not None and (
                key[0] == part or (part == RIG and key[1] and not allowed)
            )

        self._calls.end(is_superseded)
        turn = self._turns.command() if allowed else self._turns.urgent()
        async with self._calls.running((part, allowed)), turn:
            return await self._async_send(source, part, control, allowed)

    async def _async_send(
        self,
        source: Writable | Starter,
        part: str,
        control: Control[Any],
        value: Value,
    ) -> Order:
        write = source.write
        is_urgent = control.channel is MINING_ALLOWED.plain and value is False
        if is_urgent and isinstance(source, UrgentlyWritable):
            write = source.write_urgently
        with self._translated_errors():
            await write(part, control, value)
        self._turns.sent += 1
        proof = None
        if isinstance(source, Starter):
            proof = partial(source.is_followed, value=value)
        order = self.orders.async_add(part, control, value, self._turns.sent, proof)
        if not self._coordinator.data.rig.get(CONNECTED.plain):
            self.orders.check_away()
        return order

    async def async_wait(self, seconds: float) -> None:
        """Return when the rig has followed its orders.

        Raises HomeAssistantError where it does not follow one, where it still has to
        after so many seconds, and where the entry is unloaded meanwhile.
        """
        changed = asyncio.Event()
        stop_listening = self._coordinator.async_add_listener(changed.set)
        try:
            async with self._running(), asyncio.timeout(seconds):
                while self._has_pending_order():
                    changed.clear()
                    await changed.wait()
        except TimeoutError as err:
            raise self._error("order_pending") from err
        finally:
            stop_listening()
        if self._coordinator.data.rig.get(NOT_FOLLOWING.plain):
            raise self._error("not_followed")

    def _has_pending_order(self) -> bool:
        online = bool(self._coordinator.data.rig.get(CONNECTED.plain))
        return self.orders.any_pending(online=online)

    def close(self) -> None:
        """Forget pending orders."""
        self.orders.close()

    async def async_press(self, part: str, action: Action) -> None:
        """Press one action. To stop the miner waits for nothing."""
        present = self._coordinator.data.parts.get(part)
        is_offered = present is not None and (
            action in present.actions
            or (present.release is not None and present.release.install == action)
        )
        if not is_offered or not isinstance(self._source, Pressable):
            raise self._error("not_offered")
        is_urgent = action.key == STOP.key
        turn = self._turns.urgent() if is_urgent else self._turns.command()
        async with self._running():
            async with turn:
                with self._translated_errors():
                    await self._source.press(part, action)
            await self._coordinator.async_refresh()

    async def async_get_config(self) -> JsonObject:
        """Return the rig's configuration without its secrets."""
        if not isinstance(self._source, Configured):
            raise self._error("no_config")
        async with self._running(), self._turns.command():
            with self._translated_errors():
                return await self._source.get_config()

    async def async_set_config(self, changes: JsonObject) -> None:
        """Change some keys of the rig's configuration."""
        if not isinstance(self._source, Configured):
            raise self._error("no_config")
        async with self._running():
            async with self._turns.command():
                with self._translated_errors():
                    await self._source.set_config(changes)
            await self._coordinator.async_refresh()

    async def async_report(self, action: str, details: JsonObject) -> JsonObject:
        """Return the response of a source's own action; it does not wait for polls.

        Raises ServiceValidationError where the source has no such action or refuses it.
        """
        if not isinstance(self._source, ActionProvider):
            raise self._invalid("no_reports")
        async with self._running():
            with self._translated_errors():
                try:
                    return await self._source.report(action, details)
                except CommandRefused as err:
                    raise self._invalid(
                        err.translation_key, **err.placeholders
                    ) from err

    def repeat_orders(self) -> None:
        """Repeat the order "off" where a part mines against it, once a minute."""
        if not self._keeps_orders:
            return
        now = steady_now()
        if self._ordered_at is not None and now - self._ordered_at < _ORDER_AGAIN:
            return
        for part, order in self._store.orders.items():
            present = self._coordinator.data.parts.get(part)
            if self.orders.pending(part, MINING_ALLOWED.plain):
                continue
            if order is False and present and present.get(MINING_ALLOWED.plain):
                self._ordered_at = now
                self._entry.async_create_background_task(
                    self._hass,
                    self._async_order_off(part),
                    f"{self._entry.title}: order off",
                    eager_start=False,
                )

    async def _async_order_off(self, part: str) -> None:
        if self._calls.has(lambda key: key is not None and key[0] == part):
            # Its owner's own order is under way; the next poll tries again.
            self._ordered_at = None
            return
        name = self._coordinator.name
        LOGGER.info("%s mines against its owner's order; stopping it", name)
        try:
            await self.async_write(part, MINING_ALLOWED.plain, False)
        except HomeAssistantError as err:
            LOGGER.warning("%s does not stop mining: %s", name, err)

    @asynccontextmanager
    async def _running(self) -> AsyncGenerator[None]:
        """Run a call until the entry is unloaded, which is an error."""
        try:
            async with self._calls.running():
                yield
        except CallEnded as err:
            raise self._error("not_offered") from err

    @contextmanager
    def _translated_errors(self) -> Iterator[None]:
        """Raise a source's errors as translated HomeAssistantErrors."""
        try:
            yield
        except SourceError as err:
            key, details = "unreachable", {"error": str(err)}
            if isinstance(err, CommandRefused):
                key, details = err.translation_key, err.placeholders
            elif isinstance(err, SourceRefused):
                key = "refused"
                self._refused()
            elif isinstance(err, SourceBusy):
                key = "busy"
            elif isinstance(err, SourceGarbled):
                key = "garbled"
            raise self._error(key, **details) from err

    def _error(self, key: str, /, **details: str) -> HomeAssistantError:
        return HomeAssistantError(
            translation_domain=DOMAIN,
            translation_key=key,
            translation_placeholders={"rig": self._coordinator.name, **details},
        )

    def _invalid(self, key: str, /, **details: str) -> ServiceValidationError:
        return ServiceValidationError(
            translation_domain=DOMAIN,
            translation_key=key,
            translation_placeholders={"rig": self._coordinator.name, **details},
        )
