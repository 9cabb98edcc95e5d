"""The coordinator: the only place where time passes.

It polls, notices when a rig goes and comes back, turns power into energy, sends
commands and reads back what became of them.
"""

import asyncio
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
import random
from typing import Any, Final, override

from homeassistant.config_entries import SOURCE_REAUTH, ConfigEntry
from homeassistant.const import (
    ATTR_UNIT_OF_MEASUREMENT,
    EVENT_HOMEASSISTANT_FINAL_WRITE,
    UnitOfPower,
)
from homeassistant.core import (
    CALLBACK_TYPE,
    Event,
    EventStateChangedData,
    HomeAssistant,
    callback,
)
from homeassistant.exceptions import (
    ConfigEntryAuthFailed,
    ConfigEntryNotReady,
    HomeAssistantError,
    ServiceValidationError,
)
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.event import (
    async_track_state_change_event,
    async_track_time_interval,
)
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator
from homeassistant.util import dt as dt_util
from homeassistant.util.unit_conversion import PowerConverter

from ..const import (
    CONF_BASE_POWER,
    CONF_ID_ROOT,
    CONF_KEEP_ORDER,
    CONF_KIND,
    CONF_POWER_METER,
    CONF_RATED_POWER,
    CONF_SHOWN_WORKERS,
    CONF_ZERO_WHILE_OFF,
    DOMAIN,
    LOGGER,
    SHOWN_WORKERS,
)
from ..derive import Derivation, PowerSettings
from ..energy import EnergyTotal
from ..known_parts import KnownPart, KnownParts
from ..model import (
    RIG,
    Action,
    Channel,
    Control,
    EventDescription,
    Part,
    PartEvent,
    PartKind,
    Snapshot,
    Value,
    part_map,
)
from ..readings import (
    CONNECTED,
    ENERGY,
    ENERGY_ESTIMATE,
    HASHRATE,
    MINING_ALLOWED,
    POWER,
    POWER_ESTIMATE,
)
from ..repairs import async_manage_issues
from ..sources import KINDS, rig_unique_id
from ..sources.common.contract import (
    ActionProvider,
    CommandRefused,
    Configured,
    JsonObject,
    Polled,
    Pressable,
    Pushed,
    Source,
    SourceBusy,
    SourceError,
    SourceGarbled,
    SourceRefused,
    SourceUnreachable,
    Writable,
)
from ..store import RigStore
from .workers import async_show_workers

type RigConfigEntry = ConfigEntry[RigCoordinator]

READ_TIMEOUT: Final = 10.0
CONFIRM_PAUSES: Final = (0.2, 0.3, 0.5, 1.0, 1.0, 1.0, 1.0, 1.0)
"""Seconds between a command and each look whether it took effect; 6 s in all."""

_POLLS_UNTIL_STALE: Final = 3
_SHORTEST_STALE: Final = timedelta(seconds=30)
_STALE_TOLERANCE: Final = timedelta(seconds=1)
_SLOWEST: Final = timedelta(seconds=60)
_SAVE_EVERY: Final = timedelta(minutes=1)
_ORDER_AGAIN: Final = timedelta(minutes=1)
_METER_GAP: Final = 180.0
"""A meter that says nothing new still holds; the rig is polled at least once a minute."""
_MOST_WAITING_EVENTS: Final = 100
"""Events that wait for their entity; one that is disabled takes none."""
_ENERGIES: Final[tuple[tuple[Channel[float], Channel[float]], ...]] = (
    (POWER.plain, ENERGY.plain),
    (POWER_ESTIMATE.plain, ENERGY_ESTIMATE.plain),
)


class RigCoordinator(DataUpdateCoordinator[Snapshot]):
    """One rig: its source, what it told last, and whether it still answers."""

    config_entry: RigConfigEntry

    def __init__(
        self,
        hass: HomeAssistant,
        entry: RigConfigEntry,
        source: Source,
        store: RigStore,
    ) -> None:
        """Take a source and a loaded store; nothing is asked yet."""
        super().__init__(
            hass, LOGGER, config_entry=entry, name=entry.title, update_interval=None
        )
        self.source = source
        self._pushed = source if isinstance(source, Pushed) else None
        self.store = store
        self.kind = KINDS[entry.data[CONF_KIND]]
        self.id_root: str = entry.data[CONF_ID_ROOT]
        self.online = False
        self.device_id: str | None = None
        """The rig's own device, once it is registered."""
        self.revision = 0
        """Counts accepted readings."""
        self.failed_polls = 0
        """Polls since the last accepted reading."""
        self.last_error: SourceError | None = None
        self.last_accepted: datetime | None = None
        self.other_rig: str | None = None
        """The id of another rig that answers at this one's address."""

        options = entry.options
        self.shown_workers = int(options.get(CONF_SHOWN_WORKERS, SHOWN_WORKERS))
        self._meter: str | None = options.get(CONF_POWER_METER)
        self._derivation = Derivation(
            PowerSettings(
                meter=self._meter is not None,
                base=options.get(CONF_BASE_POWER) or 0.0,
                rated=options.get(CONF_RATED_POWER),
            )
        )
        self._derivation.load(store.derived)
        self._energy = {
            energy: EnergyTotal(store.energy.get(energy.key, 0.0))
            for _, energy in _ENERGIES
        }
        self._interval = (
            source.interval if isinstance(source, Polled) else _SHORTEST_STALE
        )
        self._busy = asyncio.Lock()
        self._unsaved = False
        self._refused = False
        self._issues: tuple[str | None, str | None] | None = None
        self._ordered_at: datetime | None = None
        self._known_parts_listeners: list[CALLBACK_TYPE] = []
        self._event_listeners: dict[tuple[str, str], Callable[[PartEvent], None]] = {}
        self._waiting_events: defaultdict[tuple[str, str], deque[PartEvent]] = (
            defaultdict(lambda: deque(maxlen=_MOST_WAITING_EVENTS))
        )
        self.data = self._away()

    @property
    def known_parts(self) -> KnownParts:
        """What the rig is made of, as far as it was ever seen."""
        return self.store.known_parts

    @property
    def stale_after(self) -> timedelta:
        """How long the last reading holds."""
        if self._pushed is not None:
            return self._pushed.stale_after
        return max(self._interval * _POLLS_UNTIL_STALE, _SHORTEST_STALE)

    # ---- beginning and end

    async def async_start(self) -> None:
        """Ask for the first time and begin to poll, or wait for what is pushed.

        A rig that is off is no error where its parts are known from earlier. Raises
        ConfigEntryNotReady or ConfigEntryAuthFailed.
        """
        if self._pushed is not None:
            self.data = self._away()
            self._unsaved = self.known_parts.learn(self.data)
        else:
            await self._async_ask_first()
        if await async_show_workers(
            self.hass, self, before=self.store.shown_workers, now=self.shown_workers
        ):
            self.store.shown_workers = self.shown_workers
            self._unsaved = True
        await self._async_try_save()
        self.async_register_rig()

        entry = self.config_entry
        if self._meter is not None:
            entry.async_on_unload(
                async_track_state_change_event(
                    self.hass, self._meter, self._handle_meter
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
        self.update_interval = self._interval * random.uniform(0.5, 1)
        # A listener of its own: energy goes on when every entity is disabled.
        entry.async_on_unload(self.async_add_listener(_nothing))

    async def _async_ask_first(self) -> None:
        try:
            snapshot = await self._async_read()
        except SourceRefused as err:
            raise ConfigEntryAuthFailed(
                translation_domain=DOMAIN,
                translation_key="refused",
                translation_placeholders={"rig": self.name},
            ) from err
        except SourceError as err:
            if not self.known_parts.parts:
                raise ConfigEntryNotReady(
                    translation_domain=DOMAIN,
                    translation_key="no_answer",
                    translation_placeholders={"rig": self.name, "error": str(err)},
                ) from err
            self._poll_failed(err)
            self._go_away()
            self.known_parts.learn(self.data)
        else:
            self._accept(snapshot)

    async def async_stop(self) -> None:
        """Keep what has to be kept and let the rig go."""
        await self.async_shutdown()
        await self.source.close()
        await self._async_try_save()

    async def _async_try_save(self, _when: datetime | Event | None = None) -> None:
        """Keep what changed; a disk that is full now may not be in a minute."""
        if not self._unsaved:
            return
        self._unsaved = False
        self.store.derived = self._derivation.dump()
        try:
            await self.store.async_save()
        except HomeAssistantError as err:
            self._unsaved = True
            LOGGER.error("%s: %s", self.name, err)

    # ---- devices

    def identifier(self, part: str) -> tuple[str, str]:
        """Return what the device of a part of the rig is known by."""
        return (DOMAIN, f"{self.id_root}_{part}")

    def unique_id(self, part: str, key: str) -> str:
        """Return what an entity of a part of the rig is known by."""
        return f"{self.id_root}_{part}_{key}"

    @callback
    def async_register_rig(self) -> None:
        """Enter the rig's own device, or what is new about it."""
        rig = self.known_parts.parts.get(RIG) or KnownPart(kind=PartKind.RIG, key=RIG)
        device = dr.async_get(self.hass).async_get_or_create(
            config_entry_id=self.config_entry.entry_id,
            identifiers={(DOMAIN, self.id_root)},
            name=self.config_entry.title,
            manufacturer=rig.manufacturer or self.kind.manufacturer,
            model=rig.model,
            sw_version=rig.version,
            serial_number=rig.serial,
            configuration_url=self.source.address,
        )
        self.device_id = device.id

    def shows(self, part: KnownPart) -> bool:
        """Tell whether a part's entities are enabled at first; of workers, not all."""
        return part.kind is not PartKind.WORKER or part.number <= self.shown_workers

    @callback
    def async_on_known_parts(self, told: CALLBACK_TYPE) -> CALLBACK_TYPE:
        """Call back when a part, or a reading of a part, appears for the first time."""
        self._known_parts_listeners.append(told)
        return lambda: self._known_parts_listeners.remove(told)

    @callback
    def forget(self, device: dr.AnyDeviceEntry) -> bool:
        """Forget the part that a device stands for, unless the rig has it now.

        A proxy goes on telling of workers that are gone; one that was forgotten is seen
        again when it connects. Of one that is away, nobody knows what it will tell.
        """
        for part in self.known_parts.parts:
            if self.identifier(part) in device.identifiers:
                if self.online and (told := self.data.parts.get(part)) is not None:
                    if told.get(CONNECTED.plain) is not False:
                        return False
                self.store.forgotten.add(part)
                self._unsaved = self.known_parts.forget([part])
                self._notify_known_parts()
                return True
        return (DOMAIN, self.id_root) not in device.identifiers

    def _known_parts_changed(self, removed: frozenset[str]) -> None:
        registry = dr.async_get(self.hass)
        entry_id = self.config_entry.entry_id
        for key in removed:
            identifier = self.identifier(key)
            device = registry.async_get_child_device_by_identifier(
                identifier, entry_id
            ) or registry.async_get_device_by_identifier(identifier, entry_id)
            if device is not None:
                registry.async_remove_device(device.id)
        self.async_register_rig()
        self._notify_known_parts()

    def _notify_known_parts(self) -> None:
        for told in list(self._known_parts_listeners):
            told()

    # ---- events

    @callback
    def async_on_event(
        self, part: str, kind: EventDescription, told: Callable[[PartEvent], None]
    ) -> CALLBACK_TYPE:
        """Call back at each event of a kind; those that nobody was told come first."""
        at = (part, kind.key)
        self._event_listeners[at] = told
        for event in self._waiting_events.pop(at, ()):
            told(event)

        def stop() -> None:
            del self._event_listeners[at]

        return stop

    def _dispatch_events(self, events: Iterable[PartEvent]) -> None:
        for event in events:
            at = (event.part, event.kind.key)
            if (told := self._event_listeners.get(at)) is not None:
                told(event)
            else:
                # Its entity is made only once the first reading is there.
                self._waiting_events[at].append(event)

    # ---- reading

    async def _async_read(self) -> Snapshot:
        """Read once, in the time that a poll may take. Raises a SourceError."""
        assert isinstance(self.source, Polled)
        try:
            async with asyncio.timeout(READ_TIMEOUT):
                snapshot = await self.source.read(dt_util.utcnow())
        except TimeoutError as err:
            raise SourceUnreachable("no answer in time", timed_out=True) from err
        expected = self.config_entry.unique_id
        if expected is not None and snapshot.rig_id is not None:
            found = rig_unique_id(self.config_entry.data[CONF_KIND], snapshot.rig_id)
            if found != expected:
                self.other_rig = snapshot.rig_id
                raise SourceGarbled(
                    "another rig answers at this address", other_device=True
                )
        self.other_rig = None
        return snapshot

    @override
    async def _async_update_data(self) -> Snapshot:
        """Poll. That a rig does not answer is no failure of the coordinator."""
        if self._pushed is not None:
            self._look_at_pushes()
            return self.data
        if self._busy.locked():
            # A command is under way and reads for itself.
            return self.data
        async with self._busy:
            try:
                snapshot = await self._async_read()
            except SourceError as err:
                self._poll_failed(err)
            else:
                self._accept(snapshot)
        self.update_interval = self._next_wait()
        # With hundreds of workers, taking a reading and showing it are too much at once.
        await asyncio.sleep(0)
        return self.data

    @callback
    def async_receive(self) -> None:
        """Take what the rig has just pushed; its source has it already."""
        assert self._pushed is not None
        # The first push of a rig that was away makes it present.
        self._accept(self._pushed.present(dt_util.utcnow(), online=True))
        self.async_update_listeners()

    def _look_at_pushes(self) -> None:
        """See what time alone has changed about a rig that pushes."""
        if self.online and self._is_stale(dt_util.utcnow()):
            self.last_error = SourceUnreachable("nothing was pushed", timed_out=True)
            self._go_away()
        else:
            self._show_present()

    def _show_present(self) -> None:
        """Show the orders and judgements of now beside the last readings."""
        assert self._pushed is not None
        if not self.online:
            self.data = self._away()
            return
        told = self._pushed.present(dt_util.utcnow(), online=True)
        complete = self._derivation.complete(told, self._metered())
        self.data = self._with_energy(complete, counted=self._meter is not None)

    def _next_wait(self) -> timedelta:
        if isinstance(self.last_error, SourceBusy) and self.last_error.retry_after:
            return max(timedelta(seconds=self.last_error.retry_after), self._interval)
        if self.online:
            return self._interval
        slower: int = 1 << min(max(self.failed_polls - _POLLS_UNTIL_STALE, 0), 10)
        return min(self._interval * slower, max(_SLOWEST, self._interval))

    def _accept(self, snapshot: Snapshot) -> None:
        """Make a reading the rig's present."""
        now = dt_util.utcnow()
        if not self.online:
            self._come_back()
        self.revision += 1
        self.failed_polls = 0
        self.last_error = None
        self.last_accepted = now
        snapshot = self._without_forgotten(snapshot)
        complete = self._derivation.complete(snapshot, self._metered())
        self.data = self._with_energy(complete)
        if self.known_parts.learn(self.data):
            self._known_parts_changed(snapshot.removed)
        self._dispatch_events(snapshot.events)
        self._manage_issues()
        if self.store.orders:
            self._keep_orders(now)

    def _without_forgotten(self, snapshot: Snapshot) -> Snapshot:
        """Leave out parts that the owner removed, until they are back."""
        forgotten = self.store.forgotten & snapshot.parts.keys()
        if not forgotten:
            return snapshot
        parts = {**snapshot.parts}
        for key in forgotten:
            if parts[key].get(CONNECTED.plain) is False:
                del parts[key]
            else:
                self.store.forgotten.discard(key)
        return replace(snapshot, parts=parts)

    def _poll_failed(self, error: SourceError) -> None:
        """Note that a poll brought nothing; go away once the last reading is stale."""
        LOGGER.debug("%s: %s: %s", self.name, type(error).__name__, error)
        self.failed_polls += 1
        self.last_error = error
        if isinstance(error, SourceRefused) and not self._refused:
            self._refused = True
            self.config_entry.async_start_reauth(self.hass)
        self._manage_issues()
        if not self.online:
            # With a meter, power and energy go on while the rig is off.
            self.data = self._away()
        elif self._is_stale(dt_util.utcnow()):
            self._go_away()

    def _is_stale(self, now: datetime) -> bool:
        return (
            self.last_accepted is None
            or now - self.last_accepted >= self.stale_after - _STALE_TOLERANCE
        )

    def _go_away(self) -> None:
        LOGGER.info("%s does not answer: %s", self.name, self.last_error)
        self.online = False
        self.data = self._away()

    def _come_back(self) -> None:
        if self.last_error is not None:
            LOGGER.info("%s answers again", self.name)
        self.online = True
        if self._refused:
            self._refused = False
            flows = self.config_entry.async_get_active_flows(self.hass, {SOURCE_REAUTH})
            for flow in list(flows):
                self.hass.config_entries.flow.async_abort(flow["flow_id"])

    def _manage_issues(self) -> None:
        # That a rig is away does not open it for commands.
        before = self._issues[0] if self._issues is not None else None
        issues = (self.data.read_only if self.online else before, self.other_rig)
        if issues != self._issues:
            self._issues = issues
            async_manage_issues(self.hass, self.config_entry, *issues)

    # ---- power, energy, and what is said of a rig that is off

    def _metered(self) -> float | None:
        """Return what the owner's power meter shows, in W."""
        if self._meter is None or (state := self.hass.states.get(self._meter)) is None:
            return None
        unit = state.attributes.get(ATTR_UNIT_OF_MEASUREMENT, UnitOfPower.WATT)
        try:
            watts = PowerConverter.convert(float(state.state), unit, UnitOfPower.WATT)
        except ValueError, HomeAssistantError:
            return None
        # Plugs show a little less than nothing when nothing is drawn.
        return max(watts, 0.0) if watts < float("inf") else None

    @callback
    def _handle_meter(self, _event: Event[EventStateChangedData]) -> None:
        if self.online:
            self.data = self._with_energy(self._with_metered(self.data))
        else:
            self.data = self._away()
        self.async_update_listeners()

    def _with_metered(self, snapshot: Snapshot) -> Snapshot:
        """Let the rig's power be what the meter shows now."""
        values = {**snapshot.rig.values}
        values.pop(POWER.plain, None)
        if (watts := self._metered()) is not None:
            values[POWER.plain] = watts
        rig = snapshot.rig.with_values(values)
        return replace(snapshot, parts={**snapshot.parts, RIG: rig})

    def _with_energy(self, snapshot: Snapshot, *, counted: bool = True) -> Snapshot:
        """Add energy and connectivity to what the rig itself tells.

        What was told before does not count again.
        """
        self._unsaved |= counted
        rig = snapshot.rig
        values: dict[Channel[Any], Value] = {**rig.values, CONNECTED.plain: self.online}
        now = dt_util.utcnow()
        gap = self.stale_after.total_seconds() if self._meter is None else _METER_GAP
        known = self.known_parts.parts.get(RIG)
        for power, energy in _ENERGIES:
            kept = self._energy[energy]
            watts = rig.get(power)
            if self._meter is not None:
                values.pop(energy, None)
            elif energy in values:
                # Counters of the rig's own are better than ours, a meter is better
                # still. They do not know what the rig takes beside its parts.
                kept.total += self._derivation.counted
                watts = self._derivation.settings.base
            total = kept.add(watts, now, gap) if counted else kept.total
            if watts is None and (known is None or energy not in known.channels):
                continue
            values[energy] = self.store.energy[energy.key] = total
        return replace(snapshot, parts={**snapshot.parts, RIG: rig.with_values(values)})

    def _away(self) -> Snapshot:
        """Return what can be said of a rig that does not answer."""
        zero = self.config_entry.options.get(CONF_ZERO_WHILE_OFF, False)
        holds: Mapping[str, Part] = {}
        if self._pushed is not None:
            holds = self._pushed.present(dt_util.utcnow(), online=False).parts
        parts = part_map(
            *(
                _absent(known, holds.get(known.key), zero=zero)
                for known in self.known_parts.parts.values()
            ),
            *(
                part
                for part in holds.values()
                if part.key not in self.known_parts.parts
            ),
        )
        rig = parts.setdefault(RIG, Part(kind=PartKind.RIG, key=RIG))
        if self._meter is not None:
            return self._with_energy(self._with_metered(Snapshot(parts=parts)))
        values = {**rig.values, CONNECTED.plain: False}
        known_rig = self.known_parts.parts.get(RIG)
        for _, energy in _ENERGIES:
            if known_rig is not None and energy in known_rig.channels:
                values[energy] = self.store.energy.get(energy.key, 0.0)
        parts[RIG] = rig.with_values(values)
        return Snapshot(parts=parts)

    # ---- commands

    @contextmanager
    def _translated_errors(self) -> Iterator[None]:
        """Turn a source's errors into ones that a person can read."""
        try:
            yield
        except SourceError as err:
            key, details = "unreachable", {"error": str(err)}
            if isinstance(err, CommandRefused):
                key, details = err.translation_key, err.placeholders
            elif isinstance(err, SourceRefused):
                key = "refused"
                self.config_entry.async_start_reauth(self.hass)
            elif isinstance(err, SourceBusy):
                key = "busy"
            elif isinstance(err, SourceGarbled):
                key = "garbled"
            raise HomeAssistantError(
                translation_domain=DOMAIN,
                translation_key=key,
                translation_placeholders={"rig": self.name, **details},
            ) from err

    def _error(self, key: str) -> HomeAssistantError:
        return HomeAssistantError(
            translation_domain=DOMAIN,
            translation_key=key,
            translation_placeholders={"rig": self.name},
        )

    async def async_write(self, part: str, channel: Channel[Any], value: Value) -> None:
        """Order one setting and return when the rig shows it.

        Raises HomeAssistantError where it does not.
        """
        present = self.data.parts.get(part)
        control = present.controls.get(channel) if present is not None else None
        source = self.source
        if control is None or not isinstance(source, Writable):
            raise self._error("not_offered" if self.online else "away")
        if channel is MINING_ALLOWED.plain and self._keeps_orders:
            await self.store.async_order(part, value)
        async with self._busy:
            with self._translated_errors():
                await source.write(part, control, value)
            if self._pushed is not None:
                # The order is on disk; the rig fetches it when it will.
                self._show_present()
                confirmed = True
            else:
                confirmed = await self._async_confirm(part, control, value)
        self.async_update_listeners()
        if not confirmed:
            raise self._error("not_confirmed")

    async def _async_confirm(
        self, part: str, control: Control[Any], value: Value
    ) -> bool:
        """Read until the rig shows the value; the newest reading is accepted."""
        for pause in CONFIRM_PAUSES:
            await asyncio.sleep(pause)
            try:
                snapshot = await self._async_read()
            except SourceError as err:
                LOGGER.debug("%s: not confirmed yet: %s", self.name, err)
                continue
            self._accept(snapshot)
            found = snapshot.parts.get(part)
            if found and _same(found.get(control.channel), value, control.step):
                return True
        return False

    async def async_press(self, part: str, action: Action) -> None:
        """Press something. Raises HomeAssistantError where the rig refuses."""
        source = self.source
        if not isinstance(source, Pressable):
            raise self._error("not_offered")
        async with self._busy:
            with self._translated_errors():
                await source.press(part, action)
        await self.async_refresh()

    async def async_get_config(self) -> JsonObject:
        """Return the rig's configuration without its secrets."""
        if not isinstance(self.source, Configured):
            raise self._error("no_config")
        async with self._busy:
            with self._translated_errors():
                return await self.source.get_config()

    async def async_set_config(self, changes: JsonObject) -> None:
        """Change some keys of the rig's configuration."""
        if not isinstance(self.source, Configured):
            raise self._error("no_config")
        async with self._busy:
            with self._translated_errors():
                await self.source.set_config(changes)
        await self.async_refresh()

    async def async_report(self, question: str, details: JsonObject) -> JsonObject:
        """Return the answer to a question of `services.py`.

        Raises ServiceValidationError where the question makes no sense here.
        """
        if not isinstance(self.source, ActionProvider):
            raise ServiceValidationError(
                translation_domain=DOMAIN,
                translation_key="no_reports",
                translation_placeholders={"rig": self.name},
            )
        with self._translated_errors():
            try:
                return await self.source.report(question, details)
            except CommandRefused as err:
                raise ServiceValidationError(
                    translation_domain=DOMAIN,
                    translation_key=err.translation_key,
                    translation_placeholders={"rig": self.name, **err.placeholders},
                ) from err

    # ---- the owner's order, kept

    @property
    def _keeps_orders(self) -> bool:
        return bool(self.config_entry.options.get(CONF_KEEP_ORDER, False))

    def _keep_orders(self, now: datetime) -> None:
        """Give an "off" again to what went on mining by itself."""
        if not self._keeps_orders:
            return
        if self._ordered_at is not None and now - self._ordered_at < _ORDER_AGAIN:
            return
        for part, order in self.store.orders.items():
            present = self.data.parts.get(part)
            if order is False and present and present.get(MINING_ALLOWED.plain):
                self._ordered_at = now
                self.config_entry.async_create_background_task(
                    self.hass,
                    self._async_order_off(part),
                    f"{self.name}: order off",
                    eager_start=False,
                )

    async def _async_order_off(self, part: str) -> None:
        if self._busy.locked():
            # Somebody is ordering something just now; the next poll looks again.
            self._ordered_at = None
            return
        LOGGER.info("%s mines against its owner's order; stopping it", self.name)
        try:
            await self.async_write(part, MINING_ALLOWED.plain, False)
        except HomeAssistantError as err:
            LOGGER.warning("%s does not stop mining: %s", self.name, err)


def _absent(known: KnownPart, holds: Part | None, *, zero: bool) -> Part:
    """Return a part of a rig that is away, with what holds all the same."""
    values = _zeros(known) if zero else {}
    if holds is None:
        return replace(known.as_absent(), values=values)
    return replace(holds, values={**values, **holds.values})


@callback
def _nothing() -> None:
    """Listen to nothing; that somebody listens keeps the polls going."""


def _zeros(known: KnownPart) -> dict[Channel[Any], Value]:
    """Return 0 for what an owner may want to see as 0 while the rig is off."""
    return {
        channel: 0.0
        for channel in known.channels
        if channel.reading in (HASHRATE, POWER)
    }


def _same(found: Value | None, wanted: Value, step: float) -> bool:
    """Tell whether a reading shows what was ordered, numbers to half a step."""
    if isinstance(found, bool) or isinstance(wanted, bool):
        return found is wanted
    if isinstance(found, int | float) and isinstance(wanted, int | float):
        return abs(found - wanted) < step / 2
    return found == wanted
