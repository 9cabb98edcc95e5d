"""Thermal protection of one rig at work: what happens goes in, what is decided is done.

The rules are in the package `protection`; here are its clock, its timer and its commands.
"""

import asyncio
from datetime import datetime, timedelta
from typing import Any, Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import CALLBACK_TYPE, Event, EventStateChangedData, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.event import async_call_later, async_track_state_change_event
from homeassistant.util import dt as dt_util

from ..clock import steady_now
from ..const import CONF_POWER_SWITCH, CONF_PROTECTION, DOMAIN, LOGGER
from ..issues import async_manage_protection
from ..model import RIG, Channel, Snapshot, Value
from ..protection.data import Decision, Observation, Settings, State, load_memory
from ..protection.limits import ChosenLimits, heats_of
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
    load_choices,
    settings_of,
    stop_of,
)
from .protection_reading import essence_of, measured_of, observed

_LONGEST_INTERVAL: Final = timedelta(seconds=30)
_LONGEST_SAVE: Final = 0.5
"""Seconds that acting waits for the disk."""
_SAVE_EVERY: Final = 60.0
_POLLS_HELD: Final = 3


class Protecting:
    """The thermal protection of one rig."""

    def __init__(self, rig: Rig, entry: ConfigEntry, store: RigStore) -> None:
        """Go on with what the loaded store remembers; nothing acts before the start."""
        self._rig = rig
        self._hass = rig.hass
        self._entry = entry
        self._store = store
        self._kind: str = entry.data["kind"]
        self._options = entry.options.get(CONF_PROTECTION, {})
        self.choices = load_choices(store.protection)
        self._machine = Protection(
            Settings(margin=self.choices.margin),
            load_memory(store.protection.get("memory"), self._now()),
        )
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
            note_off=self._note_off,
            refused=self._refused,
        )
        self._is_open = False
        self._is_stepping = False
        self._stops: list[CALLBACK_TYPE] = []
        self._stop_timer: CALLBACK_TYPE | None = None
        self._revision = 0
        self._failed_polls = 0
        self._defaults_of: frozenset[str] | None = None
        self._seen = Observation()
        self._ordered_off: set[str] = set()
        """Parts that ran when they were ordered off, until that is read back."""
        self._proofs = asyncio.Event()
        self._remembered = essence_of(self._machine)
        self._saved_at = self._now()

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
            self._take_power()
            self._step(self._machine.restart(self._now()))
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
        parts = observed(data, is_pushed=self._rig.kind.pushes)
        for part in self._ordered_off & parts.paused:
            self._ordered_off.discard(part)
            self.choices.proven[part] = dt_util.utcnow().timestamp()
            self._proofs.set()
            self._keep()
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
        if self._rig.online:
            self._acting.resume_late(parts)
        if self._now() - self._saved_at >= _SAVE_EVERY and self.is_on:
            self._keep()

    def _take_silence(self) -> None:
        # A sensor of the owner goes on measuring a rig that does not answer.
        if sensed := self._sensed():
            self._observe(Observation(heats=sensed, paused=self._seen.paused))
        else:
            self._step(self._machine.silence(self._now()))

    def _observe(self, seen: Observation) -> None:
        self._step(self._machine.observe(seen, self._now()))

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
                self._step(self._machine.started(self._now()))
            elif ordered is False:
                self.stopped()
        self._take_power()

    def _take_power(self) -> None:
        switch = None if self._plug is None else self._plug.is_on()
        watts = self._rig.power.metered()
        self._step(self._machine.power(switch, watts, self._now()))

    @callback
    def stopped(self) -> None:
        """Take that the owner or an automation stops the rig."""
        self._note_off(RIG)
        self._acting.resume_none()
        if self.is_on:
            self._step(self._machine.stopped(self._now()))

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
                self._note_off(part)
            return
        self._ordered_off.discard(part)
        if not self.is_on:
            return
        self._refuse_heat()
        if part == RIG or part in self._machine.memory.targets:
            self._step(self._machine.started(self._now()))

    def _refuse_heat(self) -> None:
        memory = self._machine.memory
        if memory.latched:
            raise self._acting.invalid("protection_latched")
        if memory.state is not State.WATCHING and self._machine.is_overheating:
            raise self._acting.invalid("protection_hot", **self._facts())

    def _refused(self) -> None:
        self._step(self._machine.refused(self._now()))

    def _note_off(self, part: str) -> None:
        if {part, RIG} & self._seen.running:
            self._ordered_off.add(part)

    # ---- the owner's controls

    async def async_switch_on(self) -> None:
        """Switch protection on. Raises ServiceValidationError where something is missing."""
        data = self._rig.data
        if not self._sensed() and not heats_of(self._kind, data, self.choices.limits):
            has_no_limit = heats_of(self._kind, data, ChosenLimits(limit=100))
            raise self._acting.invalid(
                "protection_needs_limit"
                if has_no_limit
                else "protection_needs_temperature"
            )
        if self._plug is None and not self._is_proven(RIG):
            raise self._acting.invalid("protection_needs_way")
        self._machine.settings = self._settings()
        self._take_power()
        self._step(self._machine.switch_on(self._now()))
        if self._rig.online:
            self._take_reading()
        await self._async_save(None)
        await self._rig.async_request_refresh()

    async def async_switch_off(self) -> None:
        """Switch protection off; what it stopped stays off."""
        self._acting.resume_none()
        self._step(self._machine.switch_off(self._now()))
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
        self._step(self._machine.reset(self._now()))
        await self._async_save(None)

    async def async_test(self) -> None:
        """Pause the rig, see that, and resume it. Raises HomeAssistantError."""
        if self.is_on:
            self._refuse_heat()
        if RIG not in self._seen.running or not self._rig.online:
            raise self._acting.invalid("protection_test_needs_mining")
        self._proofs.clear()
        self._note_off(RIG)
        try:
            await self._acting.async_allow(RIG, is_allowed=False)
            if RIG in self._ordered_off:
                async with asyncio.timeout(self._settings().confirm_within):
                    while RIG in self._ordered_off:
                        await self._proofs.wait()
                        self._proofs.clear()
        except TimeoutError as err:
            raise HomeAssistantError(
                translation_domain=DOMAIN,
                translation_key="protection_test_failed",
                translation_placeholders={"rig": self._rig.name},
            ) from err
        finally:
            self._ordered_off.discard(RIG)
            if self._machine.memory.state in (State.OFF, State.WATCHING):
                await self._acting.async_allow(RIG, is_allowed=True)

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
        )

    def _is_proven(self, part: str) -> bool:
        return self.choices.is_proven(part, dt_util.utcnow().timestamp())

    def _learn_defaults(self, data: Snapshot) -> None:
        parts = frozenset(data.parts)
        if parts != self._defaults_of:
            self._defaults_of = parts
            self.choices.learn_defaults(self._kind, data)

    def _facts(self) -> dict[str, str]:
        return facts_of(self._machine.hottest, self._machine.settings.margin)

    # ---- clock and disk

    @staticmethod
    def _now() -> float:
        return steady_now().timestamp()

    def _start_clock(self) -> None:
        self._stop_clock()
        due = self._machine.due
        if self._is_open and due is not None:
            self._stop_timer = async_call_later(
                self._hass, max(0.0, due - self._now()), self._tick
            )

    def _stop_clock(self) -> None:
        if self._stop_timer is not None:
            self._stop_timer()
            self._stop_timer = None

    @callback
    def _tick(self, _now: datetime) -> None:
        self._stop_timer = None
        # A timer may fire a moment early.
        self._step(self._machine.tick(max(self._now(), self._machine.due or 0.0)))

    def _keep(self) -> None:
        self._acting.run(self._async_save(None))

    async def _async_save(self, seconds: float | None) -> None:
        """Put on disk what is remembered; wait so long at most. A full disk is logged."""
        self._saved_at = self._now()
        self._store.protection = {
            "memory": self._machine.memory.dump(self._saved_at),
            **self.choices.dump(),
        }
        try:
            async with asyncio.timeout(seconds):
                await self._store.async_save()
        except TimeoutError, HomeAssistantError:
            LOGGER.debug("%s: protection is to be stored later", self._rig.name)
