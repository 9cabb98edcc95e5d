"""Thermal protection of one rig at work: what happens goes in, what is decided is done.

The rules are in the package `protection`; here are its clock, its timer and its commands.
"""

from datetime import datetime, timedelta
from typing import Any, Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import CALLBACK_TYPE, Event, EventStateChangedData, callback
from homeassistant.helpers.event import async_call_later, async_track_state_change_event

from ..const import CONF_POWER_SWITCH, CONF_PROTECTION
from ..issues import async_manage_protection
from ..model import RIG, Channel, Snapshot, Value
from ..protection.data import Decision, Observation, Settings, State
from ..protection.limits import heats_of
from ..protection.machine import Protection
from ..store import RigStore
from .power_switch import HeatSensor, PowerSwitch
from .protection_acting import Acting, Rig, facts_of
from .protection_choices import (
    CONF_HEAT_SENSOR,
    CONF_HEAT_SENSOR_LIMIT,
    DEFAULT_SENSOR_LIMIT,
    LIMIT,
    RESUME_BELOW,
    is_stop,
    settings_of,
    stop_of,
    what_is_missing,
)
from .protection_kept import Kept, now
from .protection_proofs import Proofs, async_test
from .protection_reading import essence_of, measured_of, observed

_LONGEST_INTERVAL: Final = timedelta(seconds=30)
_LONGEST_SAVE: Final = 0.5
"""Seconds that acting waits for the disk."""
_POLLS_HELD: Final = 3


class Protecting:
    """The thermal protection of one rig."""

    def __init__(self, rig: Rig, entry: ConfigEntry, store: RigStore) -> None:
        """Go on with what the loaded store remembers; nothing acts before the start."""
        self._rig = rig
        self._hass = rig.hass
        self._entry = entry
        self._orders = store.orders
        self._kept = Kept(store, entry.title)
        self._kind: str = entry.data["kind"]
        self._options = entry.options.get(CONF_PROTECTION, {})
        self.choices = self._kept.choices
        self._machine = Protection(
            Settings(margin=self.choices.margin), self._kept.memory
        )
        self._proofs = Proofs(self.choices, self._keep)
        plug: str | None = entry.options.get(CONF_POWER_SWITCH)
        self._plug = None if plug is None else PowerSwitch(self._hass, plug)
        sensor: str | None = self._options.get(CONF_HEAT_SENSOR)
        limit = self._options.get(CONF_HEAT_SENSOR_LIMIT, DEFAULT_SENSOR_LIMIT)
        self._sensor = None if sensor is None else HeatSensor(self._hass, sensor, limit)
        self._acting = Acting(
            rig,
            entry,
            self._plug,
            save=lambda: self._async_save(_LONGEST_SAVE),
            margin=lambda: self._machine.settings.margin,
            note_off=lambda part: self._proofs.ordered_off(part, self._seen.running),
            refused=lambda: self._step(self._machine.refused(now())),
        )
        self._is_open = False
        self._is_stepping = False
        self._stops: list[CALLBACK_TYPE] = []
        self._stop_timer: CALLBACK_TYPE | None = None
        self._revision = 0
        self._failed_polls = 0
        self._defaults_of: frozenset[str] | None = None
        self._seen = Observation()
        self._remembered = essence_of(self._machine)

    # ---- what is shown

    @property
    def is_on(self) -> bool:
        """Whether protection is switched on."""
        return self._machine.memory.state is not State.OFF

    @property
    def has_tripped(self) -> bool:
        """Whether it has stopped the rig and not yet let go."""
        return self._machine.memory.state.is_tripped

    @property
    def is_overheating(self) -> bool | None:
        """Whether a part is too hot or has yet to cool; None: nothing looks."""
        return self._machine.is_overheating if self.is_on else None

    @property
    def longest_interval(self) -> timedelta:
        """The longest time between two polls."""
        return _LONGEST_INTERVAL if self.is_on else timedelta.max

    # ---- start and stop

    @callback
    def async_start(self) -> None:
        """Go on with what was remembered, and look at the rig from now on."""
        self._is_open = True
        self._stops.append(self._rig.async_add_listener(self._handle_update))
        meter = self._rig.power.meter
        watched = [
            found.entity_id
            for found in (self._plug, meter, self._sensor)
            if found is not None
        ]
        if watched:
            self._stops.append(
                async_track_state_change_event(self._hass, watched, self._handle_state)
            )
        for repair in self._machine.memory.repairs:
            async_manage_protection(self._hass, self._entry, repair, self._facts())
        if self.is_on:
            self._machine.settings = self._settings()
            self._machine.see_power(*self._power())
            self._step(self._machine.restart(now()))
        self._handle_update()

    async def async_close(self) -> None:
        """Stop, and keep what is to be remembered."""
        self._is_open = False
        self._stop_clock()
        while self._stops:
            self._stops.pop()()
        await self._async_save(None)

    # ---- what happens

    @callback
    def _handle_update(self) -> None:
        """Take a new reading, or that there is none."""
        rig = self._rig
        failed = rig.availability.failed_polls
        if rig.revision != self._revision:
            self._revision, self._failed_polls = rig.revision, failed
            self._take_reading()
        elif self.is_on and (failed > self._failed_polls or not rig.online):
            self._failed_polls = failed
            if not self._is_stepping:
                self._take_silence()

    def _take_reading(self) -> None:
        data = self._rig.data
        self._learn_defaults(data)
        before, parts = self._seen, observed(data, is_pushed=self._rig.kind.pushes)
        self._proofs.take(parts.paused)
        self._seen = parts
        if self.is_on:
            self._machine.settings = self._settings()
            self._observe(
                Observation(
                    heats=heats_of(self._kind, data, self.choices.limits)
                    + self._sensed(),
                    running=parts.running,
                    paused=parts.paused,
                    measured=measured_of(data),
                )
            )
            # Somebody has stopped it, or starts it again, at the miner or by its switch.
            match self._machine.memory.state:
                case State.HOT if RIG in parts.paused - before.paused:
                    self._step(self._machine.stopped(now()))
                case State.STOPPED if RIG in before.paused & parts.running:
                    self._step(self._machine.started(now()))
        if self._rig.online:
            self._acting.resume_late(parts)
        if self.is_on and self._kept.is_due:
            self._keep()

    def _take_silence(self) -> None:
        if self._rig.starter.is_seen_off and self.has_tripped:
            # What runs the miner is off, and the miner does not answer any more.
            self._step(self._machine.confirmed(RIG, now()))
        # A sensor of the owner goes on measuring a rig that does not answer.
        if sensed := self._sensed():
            self._observe(Observation(heats=sensed, paused=self._seen.paused))
        else:
            self._step(self._machine.silence(now()))

    def _observe(self, seen: Observation) -> None:
        self._step(self._machine.observe(seen, now()))

    def _sensed(self) -> tuple[Any, ...]:
        heat = None if self._sensor is None else self._sensor.heat()
        return () if heat is None else (heat,)

    @callback
    def _handle_state(self, event: Event[EventStateChangedData]) -> None:
        """Take a change of the switch, the power meter or the owner's sensor."""
        if not self.is_on:
            return
        changed = event.data["entity_id"]
        if self._sensor is not None and changed == self._sensor.entity_id:
            if self._rig.online:
                self._take_reading()
            else:
                self._take_silence()
            return
        if self._plug is not None and changed == self._plug.entity_id:
            ordered = self._plug.ordered_by_others(event)
            if ordered is True:
                self._acting.resume_none()
                self._step(self._machine.started(now()))
            elif ordered is False:
                self.stopped()
        self._take_power()

    def _take_power(self) -> None:
        self._step(self._machine.power(*self._power(), now()))

    def _power(self) -> tuple[bool | None, float | None]:
        switch = None if self._plug is None else self._plug.is_on()
        return switch, self._rig.power.metered()

    @callback
    def stopped(self) -> None:
        """Take that the owner or an automation stops the rig."""
        self._proofs.ordered_off(RIG, self._seen.running)
        self._acting.resume_none()
        if self.is_on:
            self._step(self._machine.stopped(now()))

    @callback
    def before_order(self, part: str, channel: Channel[Any], value: Value) -> None:
        """Take an order of the owner or of an automation, before it is sent.

        Raises ServiceValidationError where a hot rig is to mine.
        """
        if not is_stop(channel):
            return
        if value is False:
            if part == RIG:
                self.stopped()
            else:
                self._proofs.ordered_off(part, self._seen.running)
            return
        self._proofs.ordered_on(part)
        if not self.is_on:
            return
        self._refuse_heat()
        if part == RIG or part in self._machine.memory.targets:
            self._step(self._machine.started(now()))

    def _refuse_heat(self) -> None:
        memory = self._machine.memory
        if memory.latched:
            raise self._acting.invalid("protection_latched")
        if memory.state is not State.WATCHING and self._machine.is_overheating:
            raise self._acting.invalid("protection_hot", **self._facts())

    # ---- the owner's controls

    async def async_switch_on(self) -> None:
        """Switch protection on. Raises ServiceValidationError where something is missing."""
        if self.is_on:
            return
        missing = what_is_missing(
            self.choices,
            self._kind,
            self._rig.data,
            is_sensed=bool(self._sensed()),
            switch=None if self._plug is None else self._plug.is_on() is not None,
        )
        if missing is not None:
            raise self._acting.invalid(
                missing, switch=str(self._entry.options.get(CONF_POWER_SWITCH))
            )
        if not self.choices.was_used:
            self.choices.was_used = True
            self._rig.notify_known_parts()
        self._machine.settings = self._settings()
        self._take_power()
        self._step(self._machine.switch_on(now()))
        if self._rig.online:
            self._take_reading()
        await self._async_save(None)
        await self._rig.async_request_refresh()

    async def async_switch_off(self) -> None:
        """Switch protection off; what it stopped stays off."""
        self._acting.resume_none()
        self._step(self._machine.switch_off(now()))
        await self._async_save(None)

    async def async_set(self, key: str, celsius: float) -> None:
        """Choose a limit in °C. Raises ServiceValidationError where two contradict."""
        limit = celsius if key == LIMIT else self.choices.value(LIMIT)
        resume = self.choices.chosen.get(RESUME_BELOW)
        resume = celsius if key == RESUME_BELOW else resume
        if limit is not None and resume is not None and resume >= limit:
            raise self._acting.invalid(
                "protection_resume_above_limit",
                resume=f"{resume:g}",
                limit=f"{limit:g}",
            )
        self.choices.chosen[key] = celsius
        await self._async_save(None)
        if self.is_on and self._rig.online:
            self._take_reading()
        self._rig.async_update_listeners()

    async def async_reset(self) -> None:
        """Let go of a latch."""
        self._step(self._machine.reset(now()))
        await self._async_save(None)

    async def async_test(self) -> None:
        """Pause the rig, see that, and resume it. Raises HomeAssistantError."""
        if self.is_on:
            self._refuse_heat()
        if RIG not in self._seen.running or not self._rig.online:
            raise self._acting.invalid("protection_test_needs_mining")
        await async_test(
            self._proofs,
            self._acting,
            self._seen.running,
            seconds=self._settings().confirm_within,
            may_resume=lambda: (
                self._machine.memory.state in (State.OFF, State.WATCHING)
            ),
        )

    # ---- what is decided

    def _step(self, decisions: tuple[Decision, ...]) -> None:
        """Remember what has changed, then do what was decided."""
        essence = essence_of(self._machine)
        is_changed, self._remembered = essence != self._remembered, essence
        if self._is_open and (decisions or is_changed):
            self._acting.carry_out(decisions, is_changed=is_changed)
            was_stepping, self._is_stepping = self._is_stepping, True
            self._rig.async_update_listeners()
            self._is_stepping = was_stepping
        self._start_clock()

    # ---- what is known

    def _settings(self) -> Settings:
        rig = self._rig
        return settings_of(
            self.choices,
            self._entry.options,
            {
                part.key: stop
                for part in rig.known_parts.parts.values()
                if (stop := stop_of(part.controls)) is not None
            },
            poll_interval=rig.stale_after.total_seconds() / _POLLS_HELD,
            is_pushed=rig.kind.pushes,
            orders=self._orders,
        )

    def _learn_defaults(self, data: Snapshot) -> None:
        parts = frozenset(data.parts)
        if parts != self._defaults_of:
            self._defaults_of = parts
            self.choices.learn_defaults(self._kind, data)

    def _facts(self) -> dict[str, str]:
        return facts_of(self._machine.hottest, self._machine.settings.margin)

    # ---- clock and disk

    def _start_clock(self) -> None:
        self._stop_clock()
        due = self._machine.due
        if self._is_open and due is not None:
            self._stop_timer = async_call_later(
                self._hass, max(0.0, due - now()), self._tick
            )

    def _stop_clock(self) -> None:
        if self._stop_timer is not None:
            self._stop_timer()
            self._stop_timer = None

    @callback
    def _tick(self, _now: datetime) -> None:
        self._stop_timer = None
        # A timer may fire a moment early.
        self._step(self._machine.tick(max(now(), self._machine.due or 0.0)))

    def _keep(self) -> None:
        self._acting.run(self._async_save(None))

    async def _async_save(self, seconds: float | None) -> None:
        await self._kept.async_save(self._machine.memory, seconds)
