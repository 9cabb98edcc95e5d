"""The coordinator of one rig: the present snapshot and whether it still holds."""

from contextlib import suppress
from datetime import datetime, timedelta
import random
from typing import Any, Final, override

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import EVENT_HOMEASSISTANT_FINAL_WRITE
from homeassistant.core import (
    CALLBACK_TYPE,
    Event,
    EventStateChangedData,
    HomeAssistant,
    callback,
)
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.event import (
    async_track_state_change_event,
    async_track_time_interval,
)
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator
from homeassistant.util import dt as dt_util

from ..clock import steady_now
from ..const import (
    CONF_KIND,
    CONF_POWER_METER,
    CONF_SHOWN_WORKERS,
    CONF_ZERO_WHILE_OFF,
    LOGGER,
    SHOWN_WORKERS,
)
from ..derive import Derivation
from ..known_parts import KnownParts
from ..model import RIG, Channel, Snapshot, Value
from ..plausible import plausible
from ..readings import CONNECTED, STATUS
from ..sources import KINDS
from ..sources.common.contract import Source, SourceError, SourceRefused
from ..store import RigStore
from .availability import Availability
from .away import away_snapshot, without_verdict
from .calls import CallEnded, Calls
from .commands import Commands
from .devices import RigDevices
from .events import EventDispatcher
from .first_reading import async_first_reading
from .issues import RigIssues
from .parts import RigParts
from .power import PowerMeter, RigPower, power_settings
from .protecting import Protecting
from .reauth import Reauthentication
from .starter import Starter
from .strategy import PushStrategy, strategy_for
from .turns import Turns
from .watching import Watching
from .withdrawn import async_withdraw
from .workers import async_show_workers

type RigConfigEntry = ConfigEntry[RigCoordinator]

_SAVE_EVERY: Final = timedelta(minutes=1)


class RigCoordinator(DataUpdateCoordinator[Snapshot]):
    """One rig: its source, its last readings, and whether it still answers."""

    config_entry: RigConfigEntry

    def __init__(
        self,
        hass: HomeAssistant,
        entry: RigConfigEntry,
        source: Source,
        store: RigStore,
    ) -> None:
        """Take a source and a loaded store; nothing is read yet."""
        super().__init__(
            hass, LOGGER, config_entry=entry, name=entry.title, update_interval=None
        )
        self.source = source
        self.store = store
        self.kind = KINDS[entry.data[CONF_KIND]]
        self.online = False
        self.revision = 0
        """Counts accepted readings."""

        options = entry.options
        self.shown_workers = int(options.get(CONF_SHOWN_WORKERS, SHOWN_WORKERS))
        self._parts = RigParts(hass, entry, store, self.shown_workers)
        self._zero_while_off = bool(options.get(CONF_ZERO_WHILE_OFF, False))
        meter: str | None = options.get(CONF_POWER_METER)
        self._derivation = Derivation(power_settings(options))
        self._derivation.load(store.derived)
        self.power = RigPower(
            None if meter is None else PowerMeter(hass, meter), self._derivation, store
        )
        self.events = EventDispatcher()
        self._reauthentication = Reauthentication(hass, entry)
        self._calls = Calls()
        self.starter = Starter(hass, options, store)
        turns = Turns()
        self._strategy = strategy_for(self, entry, source, turns)
        self.availability = Availability(
            hass,
            stale_after=lambda: self.stale_after,
            is_held_up=self._strategy.is_held_up,
            went_stale=self._handle_stale,
        )
        self.commands = Commands(
            self,
            entry=entry,
            source=source,
            starter=self.starter,
            store=store,
            strategy=self._strategy,
            turns=turns,
            calls=self._calls,
            dispatch=self.events.dispatch,
            changed=self.refresh_orders,
            refused=self._reauthentication.refused,
        )
        self.watching = Watching(hass, entry, self)
        self.devices = RigDevices(hass, entry, self.kind, source, self.known_parts)
        self.protection = Protecting(self, entry, store)
        self._unsaved = False
        self._issues = RigIssues(hass, entry)
        self._known_parts_listeners: list[CALLBACK_TYPE] = []
        self.data = self._away()

    @property
    def known_parts(self) -> KnownParts:
        """What the rig is made of, as far as it was ever seen."""
        return self.store.known_parts

    @property
    def stale_after(self) -> timedelta:
        """How long the last reading holds."""
        return self._strategy.stale_after

    @property
    def last_accepted(self) -> datetime | None:
        """When the last reading was accepted."""
        return self.availability.last_accepted

    @property
    def is_protected(self) -> bool:
        """Whether thermal protection has stopped the rig."""
        return self.protection.has_tripped

    @property
    def other_rig(self) -> str | None:
        """The id of another rig that answers at this one's address."""
        return self._strategy.other_rig

    # ---- start and stop

    async def async_start(self) -> None:
        """Read for the first time and begin to poll, or wait for pushes.

        A rig that is off is no error where its parts are known from earlier. Raises
        ConfigEntryNotReady or ConfigEntryAuthFailed.
        """
        err = await async_first_reading(
            self._strategy,
            self.known_parts,
            self.name,
            failed=lambda err: self._issues.failed(err, self.other_rig),
        )
        if err is not None:
            self.poll_failed(err)
            self.go_away(err)
        self._unsaved |= async_withdraw(self)
        if self.known_parts.learn(self.data):
            self._unsaved = True
        for expected in (STATUS.plain, CONNECTED.plain):
            self._unsaved |= self.known_parts.parts[RIG].expect(expected)
        if await async_show_workers(
            self.hass,
            self.config_entry.entry_id,
            self.devices,
            self.known_parts,
            before=self.store.shown_workers,
            now=self.shown_workers,
        ):
            self.store.shown_workers = self.shown_workers
            self._unsaved = True
        await self._async_try_save()
        self.devices.async_register_rig()

        entry = self.config_entry
        entry.async_on_unload(self.starter.async_track(self.refresh_orders))
        if (meter := self.power.meter) is not None:
            entry.async_on_unload(
                async_track_state_change_event(
                    self.hass, meter.entity_id, self._handle_meter
                )
            )
        entry.async_on_unload(
            async_track_time_interval(self.hass, self._async_try_save, _SAVE_EVERY)
        )
        entry.async_on_unload(
            self.hass.bus.async_listen(
                EVENT_HOMEASSISTANT_FINAL_WRITE, self._async_try_save
            )
        )
        # A random first wait spreads the polls of many rigs over the interval.
        self.update_interval = self._strategy.interval * random.uniform(0.5, 1)
        # It is also what polls go on for when every entity is disabled.
        entry.async_on_unload(self.async_add_listener(self.watching.observe))

    async def async_stop(self) -> None:
        """Save and close the source."""
        await self.async_shutdown()
        self.commands.close()
        await self._calls.async_close()
        self.availability.close()
        await self.watching.async_close()
        await self.source.close()
        await self._async_try_save()

    async def _async_try_save(self, _when: datetime | Event | None = None) -> None:
        """Save what changed; a disk that is full now may not be in a minute."""
        if not self._unsaved:
            return
        self._unsaved = False
        self.store.derived = self._derivation.dump()
        self.store.watchdog = self.watching.dump()
        try:
            await self.store.async_save()
        except HomeAssistantError:
            self._unsaved = True

    # ---- readings

    @override
    async def _async_update_data(self) -> Snapshot:
        """Update; a rig that does not answer is no failure of the coordinator."""
        with suppress(CallEnded):
            async with self._calls.running():
                self.update_interval = await self._strategy.async_update()
        return self.data

    @callback
    def async_receive(self) -> None:
        """Accept what the rig has just pushed and its source has parsed."""
        assert isinstance(self._strategy, PushStrategy)
        self._strategy.receive()
        self.async_update_listeners()

    def accept(self, snapshot: Snapshot, orders: int | None = None) -> None:
        """Make a new reading the present one.

        `orders` is how many had been sent when it began; None: it shows all.
        """
        if not self.online and self.availability.last_error is not None:
            LOGGER.info("%s answers again", self.name)
        self.online = True
        self.revision += 1
        self.availability.accepted()
        self._reauthentication.accepted()
        snapshot = self._parts.take(snapshot)
        complete = self._complete(snapshot)
        self.commands.orders.check(complete, orders)
        self.data = self.commands.orders.complete(self._with_energy(complete))
        if self.known_parts.learn(self.data) | self.devices.note_mac(snapshot.rig_id):
            self.devices.async_remove(snapshot.removed)
            self.devices.async_register_rig()
            self.notify_known_parts()
        self.events.dispatch(snapshot.events)
        self._issues.accepted(self.data, self.other_rig)
        if self.store.orders:
            self.commands.repeat_orders()

    def show(self, snapshot: Snapshot) -> None:
        """Show a snapshot whose readings were accepted before."""
        complete = self._complete(self._parts.again(snapshot))
        self.data = self.commands.orders.complete(
            self._with_energy(complete, counted=self.power.meter is not None)
        )

    def _complete(self, snapshot: Snapshot) -> Snapshot:
        derived = self._derivation.complete(
            plausible(snapshot), self.power.metered(), dt_util.utcnow()
        )
        return self.watching.complete(self.starter.complete(derived))

    @callback
    def refresh_orders(self) -> None:
        """Show what an order that was sent, or its end, changes."""
        self._unsaved = True
        if self.online:
            data = self.starter.complete(self.data)
            self.data = self.commands.orders.complete_again(data)
        elif self.starter.is_set:
            self.show_away()
        self.async_update_listeners()

    def _with_energy(self, snapshot: Snapshot, *, counted: bool = True) -> Snapshot:
        """Add connectivity and energy to the readings of the rig part."""
        self._unsaved |= counted
        values: dict[Channel[Any], Value] = {
            **snapshot.rig.values,
            CONNECTED.plain: self.online,
        }
        longest_gap = self.stale_after.total_seconds()
        self.power.add_energy(values, steady_now(), longest_gap, counted=counted)
        return snapshot.with_rig_values(values)

    def _with_metered(self, snapshot: Snapshot) -> Snapshot:
        values = {**snapshot.rig.values}
        self.power.set_metered(values)
        return self._with_energy(snapshot.with_rig_values(values))

    @callback
    def _handle_meter(self, _event: Event[EventStateChangedData]) -> None:
        self.data = self._with_metered(self.data) if self.online else self._away()
        self.async_update_listeners()

    # ---- availability

    def poll_failed(self, error: SourceError) -> None:
        """Record a failed poll; the rig goes away once its last reading is stale."""
        LOGGER.debug("%s: %s: %s", self.name, type(error).__name__, error)
        self.availability.failed(error)
        if isinstance(error, SourceRefused):
            self._reauthentication.refused()
        self._issues.failed(error, self.other_rig)
        if not self.online:
            # With a meter, power and energy go on while the rig is off.
            self.show_away()
        elif self.availability.is_stale():
            self.go_away(error)

    @callback
    def _handle_stale(self, error: SourceError) -> None:
        if self.online:
            self.go_away(error)
            self.async_update_listeners()

    def go_away(self, error: SourceError) -> None:
        """Make the rig unavailable."""
        LOGGER.info("%s does not answer: %s", self.name, error)
        self.availability.last_error = error
        self.online = False
        self.show_away()

    def show_away(self) -> None:
        """Show what is known of a rig that is away."""
        self.commands.orders.check_away()
        self.data = self._away()

    def _away(self) -> Snapshot:
        waiting = self._strategy.is_waiting
        snapshot = self._off(zero=self._zero_while_off and not waiting)
        return without_verdict(snapshot) if waiting else snapshot

    def _off(self, *, zero: bool) -> Snapshot:
        held = self.starter.held(self._strategy.held_parts(), self.known_parts)
        snapshot = away_snapshot(self.known_parts, held, zero=zero)
        if self.power.meter is not None:
            return self._with_metered(snapshot)
        values = {**snapshot.rig.values, CONNECTED.plain: False}
        self.power.add_kept_energy(values)
        return snapshot.with_rig_values(values)

    # ---- known parts

    @callback
    def async_on_known_parts(self, listener: CALLBACK_TYPE) -> CALLBACK_TYPE:
        """Call back when a part, or a reading of a part, appears for the first time.

        Returns what stops it.
        """
        self._known_parts_listeners.append(listener)
        return lambda: self._known_parts_listeners.remove(listener)

    def notify_known_parts(self) -> None:
        """Let the platforms look for what is new."""
        for listener in list(self._known_parts_listeners):
            listener()

    @callback
    def forget(self, device: dr.AnyDeviceEntry) -> bool:
        """Forget the part that a device stands for, unless it is connected now.

        A proxy goes on reporting workers that are gone; one that was forgotten comes
        back when it connects. While the rig is away, every part can be forgotten.
        """
        if (key := self.devices.part_of(device)) is None:
            return self.devices.rig_identifier not in device.identifiers
        part = self.data.parts.get(key) if self.online else None
        if part is not None and part.get(CONNECTED.plain) is not False:
            return False
        self._parts.forget(key)
        self._unsaved = True
        self.notify_known_parts()
        return True
