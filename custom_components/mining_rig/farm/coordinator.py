"""The coordinator of a farm: it reads the coordinators of the farm's rigs."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

from homeassistant.config_entries import (
    SIGNAL_CONFIG_ENTRY_CHANGED,
    ConfigEntry,
    ConfigEntryChange,
    ConfigEntryState,
)
from homeassistant.const import CONF_HOST, CONF_PORT, EVENT_HOMEASSISTANT_FINAL_WRITE
from homeassistant.core import CALLBACK_TYPE, Event, HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.debounce import Debouncer
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.helpers.event import (
    async_call_later,
    async_track_time_change,
    async_track_time_interval,
)
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator
from homeassistant.util import dt as dt_util

from ..const import CONF_ID_ROOT, CONF_KIND, CONF_POWER_METER, DOMAIN, LOGGER
from ..coordinator import RigCoordinator
from ..model import Channel, channel_from
from ..readings import ENERGY
from ..sources import KINDS
from ..store import RigStore
from .energy import FarmEnergy
from .ledger import Ledger
from .member import THIS_MACHINE, Member
from .money import CONF_MONEY, money_settings
from .orders import FarmOrders
from .places import Places
from .selection import CONF_STAGGER, STAGGER, selected_entries
from .totals import FarmTotals, farm_totals

type FarmConfigEntry = ConfigEntry[FarmCoordinator]

REFRESH_EVERY: Final = 1.0
"""Seconds: however many rigs there are, the farm is added up once in that time."""
LONGEST_START: Final = 60.0
"""Seconds that rigs may take to be tried before the farm shows what there is."""
_SAVE_EVERY: Final = timedelta(minutes=1)
_TO_BE_TRIED: Final = (
    ConfigEntryState.NOT_LOADED,
    ConfigEntryState.SETUP_IN_PROGRESS,
)
_CARDS_ONLY: Final = "nvml"
_LAN_ADDRESS: Final = "rig_monitor_lan_address"
_KEPT: Final = "farm"


class FarmCoordinator(DataUpdateCoordinator[FarmTotals]):
    """One farm: its totals, added up whenever one of its rigs has something new."""

    config_entry: FarmConfigEntry

    def __init__(
        self, hass: HomeAssistant, entry: FarmConfigEntry, store: RigStore
    ) -> None:
        """Take a loaded store; nothing is added up yet."""
        super().__init__(
            hass, LOGGER, config_entry=entry, name=entry.title, update_interval=None
        )
        self.data = FarmTotals()
        self.store = store
        self.id_root: str = entry.data[CONF_ID_ROOT]
        self.published = False
        """Whether all rigs were tried, so that the totals are those of the farm."""
        self.kept: dict[str, Callable[[], dict[str, Any]]] = {}
        """What is saved with the energy each minute, and loaded from `store.derived`."""
        self.energy = FarmEnergy()
        self.energy.load(
            store.energy.get(ENERGY.key, 0.0), store.derived.get(_KEPT, {})
        )
        self.kept[_KEPT] = self.energy.dump
        self.ledger = Ledger(
            hass,
            money_settings(entry.options, hass.config.currency),
            store.derived.get(CONF_MONEY),
            self.energy.total,
        )
        self.kept[CONF_MONEY] = self.ledger.dump
        self.orders = FarmOrders(
            hass,
            entry,
            self.rigs,
            apart=float(entry.options.get(CONF_STAGGER, STAGGER)),
            changed=self.schedule,
        )
        self._places = Places(hass)
        self._followed: dict[str, tuple[RigCoordinator, CALLBACK_TYPE]] = {}
        self._lan_addresses: dict[str, str] = {}
        self._totals_listeners: list[Callable[[FarmTotals], None]] = []
        self._waited = False
        self._unsaved = False
        self._debouncer = Debouncer(
            hass,
            LOGGER,
            cooldown=REFRESH_EVERY,
            immediate=True,
            function=self._refresh,
        )

    # ---- start and stop

    async def async_start(self) -> None:
        """Follow the rigs from now on, also those that are added later."""
        hass, entry = self.hass, self.config_entry
        on_unload = entry.async_on_unload
        on_unload(self.async_on_totals(self.ledger.take))
        on_unload(self.ledger.async_start(self.schedule))
        on_unload(
            async_dispatcher_connect(
                hass, SIGNAL_CONFIG_ENTRY_CHANGED, self._entry_changed
            )
        )
        on_unload(
            hass.bus.async_listen(
                dr.EVENT_DEVICE_REGISTRY_UPDATED, self._device_changed
            )
        )
        on_unload(
            async_track_time_change(hass, self._begin_day, hour=0, minute=0, second=0)
        )
        on_unload(async_track_time_interval(hass, self._async_try_save, _SAVE_EVERY))
        on_unload(
            hass.bus.async_listen(EVENT_HOMEASSISTANT_FINAL_WRITE, self._async_finish)
        )
        on_unload(async_call_later(hass, LONGEST_START, self._stop_waiting))
        await self._debouncer.async_call()

    async def async_stop(self) -> None:
        """Let go of the rigs and save."""
        self.orders.cancel()
        self._debouncer.async_shutdown()
        for _, stop in self._followed.values():
            stop()
        self._followed.clear()
        await self.async_shutdown()
        await self._async_try_save()

    async def _async_finish(self, _event: Event) -> None:
        """Save for the last time; what rigs take after that counts at the next start."""
        self._debouncer.async_shutdown()
        await self._async_try_save()

    async def _async_try_save(self, _when: datetime | None = None) -> None:
        """Save what changed; a disk that is full now may not be in a minute."""
        if not self._unsaved:
            return
        self._unsaved = False
        self.store.energy[ENERGY.key] = self.energy.total
        self.store.derived = {name: dump() for name, dump in self.kept.items()}
        try:
            await self.store.async_save()
        except HomeAssistantError:
            self._unsaved = True

    # ---- what happens

    @callback
    def schedule(self) -> None:
        """Add up soon."""
        self._debouncer.async_schedule_call()

    @callback
    def async_on_totals(self, listener: Callable[[FarmTotals], None]) -> CALLBACK_TYPE:
        """Hand new totals to a listener before entities show them, each exactly once.

        Returns what stops it.
        """
        self._totals_listeners.append(listener)
        return lambda: self._totals_listeners.remove(listener)

    @callback
    def _entry_changed(self, _change: ConfigEntryChange, entry: ConfigEntry) -> None:
        if entry.domain == DOMAIN and entry is not self.config_entry:
            self.schedule()

    @callback
    def _device_changed(self, _event: Event[dr.EventDeviceRegistryUpdatedData]) -> None:
        """A rig may have come to an area or got a label."""
        self.schedule()

    @callback
    def _stop_waiting(self, _now: datetime) -> None:
        self._waited = True
        self.schedule()

    @callback
    def _begin_day(self, _now: datetime) -> None:
        if self.energy.start_day(dt_util.now()):
            self._unsaved = True
            self.schedule()

    # ---- adding up

    def rigs(self) -> Iterator[RigCoordinator]:
        """Go through the loaded rigs of the farm."""
        for rig, _ in self._followed.values():
            yield rig

    async def _refresh(self) -> None:
        """Add up what the rigs show now."""
        entries = selected_entries(self.hass, self.config_entry.options)
        self._follow(entries)
        hosts = {host for entry in entries if (host := entry.data.get(CONF_HOST))}
        await self._places.async_look_up(hosts)
        if not self.published:
            if not self._waited and any(e.state in _TO_BE_TRIED for e in entries):
                return
            self.published = True
        totals = farm_totals([self._member(entry) for entry in entries])
        shares = {key: found.power_share for key, found in totals.counted.items()}
        self.energy.keep_only(entry.entry_id for entry in entries)
        increase = self.energy.add(totals.members, shares, dt_util.now())
        self._unsaved = True
        totals = replace(
            totals,
            energy=self.energy.total,
            energy_today=self.energy.today,
            energy_increase=increase,
            not_following=tuple(self.orders.not_following()),
        )
        for listener in list(self._totals_listeners):
            listener(totals)
        self.async_set_updated_data(totals)

    def _follow(self, entries: list[ConfigEntry]) -> None:
        """Listen to the loaded rigs, and to no others any more."""
        loaded = {
            entry.entry_id: entry.runtime_data
            for entry in entries
            if entry.state is ConfigEntryState.LOADED
        }
        for key, (rig, stop) in list(self._followed.items()):
            if loaded.get(key) is not rig:
                stop()
                del self._followed[key]
        for key, rig in loaded.items():
            if key not in self._followed:
                self._followed[key] = (rig, rig.async_add_listener(self.schedule))

    def _member(self, entry: ConfigEntry) -> Member:
        """Return what is known of an entry now."""
        kind: str = entry.data[CONF_KIND]
        pushes = KINDS[kind].pushes
        meter: str | None = entry.options.get(CONF_POWER_METER)
        places = self._places.of(entry.data.get(CONF_HOST))
        if kind == _CARDS_ONLY:
            places = frozenset((THIS_MACHINE,))
        followed = self._followed.get(entry.entry_id)
        rig = None if followed is None else followed[0]
        if pushes:
            places = self._lan_address(entry.entry_id, rig)
        member = Member(
            entry_id=entry.entry_id,
            title=entry.title,
            cards_only=kind == _CARDS_ONLY,
            pushes=pushes,
            is_one_miner=entry.data.get("rig_type") == "asic",
            port=entry.data.get(CONF_PORT),
            places=places,
            meter=meter,
        )
        if rig is None:
            return member
        return replace(
            member,
            online=rig.online,
            snapshot=rig.data,
            mac=rig.devices.mac,
        )

    def _lan_address(self, entry_id: str, rig: RigCoordinator | None) -> frozenset[str]:
        """Return the address that an agent reports, or reported last."""
        channel: Channel[str] | None = channel_from(_LAN_ADDRESS, None, None)
        if rig is not None and channel is not None:
            if (address := rig.data.rig.get(channel)) is not None:
                self._lan_addresses[entry_id] = address
        found = self._lan_addresses.get(entry_id)
        return frozenset() if found is None else frozenset((found,))
