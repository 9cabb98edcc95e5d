"""Thermal protection of one rig at work: what happens goes in, what is decided is done.

The rules are in the package `protection`; here are its clock, its timer and its commands.
"""

import asyncio
from collections.abc import Callable, Coroutine
from datetime import datetime, timedelta
from typing import Any, Final, Protocol

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import (
    CALLBACK_TYPE,
    Event,
    EventStateChangedData,
    HomeAssistant,
    callback,
)
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers.event import async_call_later, async_track_state_change_event
from homeassistant.util import dt as dt_util

from ..clock import steady_now
from ..const import CONF_PROTECTION, DOMAIN, LOGGER
from ..issues import async_manage_protection
from ..known_parts import KnownParts
from ..model import RIG, Channel, PartEvent, Snapshot, Value
from ..protection.data import (
    PROTECTION,
    Act,
    Decision,
    Memory,
    Observation,
    Settings,
    State,
    load_memory,
)
from ..protection.limits import ChosenLimits, heats_of
from ..protection.machine import Protection
from ..sources import Kind
from ..store import RigStore
from .availability import Availability
from .commands import Commands
from .events import EventDispatcher
from .power import RigPower
from .power_switch import HeatSensor, PowerSwitch
from .protection_choices import (
    CONF_HEAT_SENSOR,
    CONF_HEAT_SENSOR_LIMIT,
    CONF_HOLD_TIME,
    CONF_MAY_RESUME,
    CONF_POWER_SWITCH,
    DEFAULT_HOLD_TIME,
    DEFAULT_SENSOR_LIMIT,
    LIMIT,
    RESUME_BELOW,
    is_stop,
    load_choices,
    stop_of,
)
from .protection_reading import measured_of, observed

_LONGEST_INTERVAL: Final = timedelta(seconds=30)
_LONGEST_SAVE: Final = 0.5
"""Seconds that acting waits for the disk."""
_SAVE_EVERY: Final = 60.0
_PUSHED_OFF_TAKES: Final = 120.0
_POLLS_HELD: Final = 3


class Rig(Protocol):
    """What protection reads and calls of the coordinator."""

    hass: HomeAssistant
    name: str
    data: Snapshot
    online: bool
    revision: int
    kind: Kind
    availability: Availability
    commands: Commands
    events: EventDispatcher
    power: RigPower

    @property
    def known_parts(self) -> KnownParts:
        """What the rig is made of."""

    @property
    def stale_after(self) -> timedelta:
        """How long a reading holds."""

    def async_add_listener(self, update_callback: CALLBACK_TYPE) -> Callable[[], None]:
        """Call back at each update."""

    def async_update_listeners(self) -> None:
        """Let the entities show what has changed."""

    async def async_request_refresh(self) -> None:
        """Poll soon."""


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
        plug: str | None = self._options.get(CONF_POWER_SWITCH)
        self._plug = None if plug is None else PowerSwitch(self._hass, plug)
        sensor: str | None = self._options.get(CONF_HEAT_SENSOR)
        limit = self._options.get(CONF_HEAT_SENSOR_LIMIT, DEFAULT_SENSOR_LIMIT)
        self._sensor = None if sensor is None else HeatSensor(self._hass, sensor, limit)
        self._order = asyncio.Lock()
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
        self._to_resume: set[str] = set()
        """Parts to resume once the rig answers again."""
        self._remembered = self._essence()
        self._saved_at = self._now()

    # ---- what is shown

    @property
    def is_on(self) -> bool:
        """Whether protection is switched on."""
        return self._machine.memory.state is not State.OFF

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
            async_manage_protection(self._hass, self._entry, repair, self._facts(None))
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
        self._resume_late()
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
                self._to_resume.clear()
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
        self._to_resume.clear()
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
            raise self._invalid("protection_latched")
        if memory.state is not State.WATCHING and self._machine.is_overheating:
            raise self._invalid("protection_hot", **self._facts(None))

    def _note_off(self, part: str) -> None:
        if {part, RIG} & self._seen.running:
            self._ordered_off.add(part)

    # ---- the owner's controls

    async def async_switch_on(self) -> None:
        """Switch protection on. Raises ServiceValidationError where something is missing."""
        data = self._rig.data
        if not self._sensed() and not heats_of(self._kind, data, self.choices.limits):
            has_no_limit = heats_of(self._kind, data, ChosenLimits(limit=100))
            raise self._invalid(
                "protection_needs_limit"
                if has_no_limit
                else "protection_needs_temperature"
            )
        if self._plug is None and not self._is_proven(RIG):
            raise self._invalid("protection_needs_way")
        self._machine.settings = self._settings()
        self._take_power()
        self._step(self._machine.switch_on(self._now()))
        if self._rig.online:
            self._take_reading()
        await self._async_save(None)
        await self._rig.async_request_refresh()

    async def async_switch_off(self) -> None:
        """Switch protection off; what it stopped stays off."""
        self._to_resume.clear()
        self._step(self._machine.switch_off(self._now()))
        await self._async_save(None)

    async def async_set(self, key: str, celsius: float) -> None:
        """Choose a limit in °C. Raises ServiceValidationError where two contradict."""
        limit = celsius if key == LIMIT else self.choices.value(LIMIT)
        resume = self.choices.chosen.get(RESUME_BELOW)
        resume = celsius if key == RESUME_BELOW else resume
        if limit is not None and resume is not None and resume >= limit:
            raise self._invalid(
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
            raise self._invalid("protection_test_needs_mining")
        self._proofs.clear()
        self._note_off(RIG)
        try:
            await self._async_allow(RIG, is_allowed=False)
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
                await self._async_allow(RIG, is_allowed=True)

    # ---- what is decided

    def _step(self, decisions: tuple[Decision, ...]) -> None:
        """Remember what has changed, then do what was decided."""
        essence = self._essence()
        is_changed, self._remembered = essence != self._remembered, essence
        if self._is_open and (decisions or is_changed):
            self._run(self._async_carry_out(decisions, is_changed=is_changed))
            was_stepping, self._is_stepping = self._is_stepping, True
            self._rig.async_update_listeners()
            self._is_stepping = was_stepping
        self._start_clock()

    def _essence(self) -> tuple[Any, ...]:
        """Return what of the memory has to be on disk before anything is done."""
        memory: Memory = self._machine.memory
        return (
            memory.state,
            memory.since,
            frozenset(memory.targets),
            frozenset(memory.ours),
            memory.confirmed,
            memory.stopped_at,
            memory.returns,
            tuple(memory.trips),
            memory.latched,
            frozenset(memory.repairs),
            self._machine.is_overheating,
        )

    async def _async_carry_out(
        self, decisions: tuple[Decision, ...], *, is_changed: bool
    ) -> None:
        async with self._order:
            if is_changed:
                await self._async_save(_LONGEST_SAVE)
            for decision in decisions:
                self._do(decision, [d.act for d in decisions])

    def _do(self, decision: Decision, acts: list[Act]) -> None:
        part = decision.subject
        match decision.act:
            case Act.TELL:
                self._rig.events.dispatch(
                    [
                        PartEvent(
                            part=RIG,
                            kind=PROTECTION,
                            type=part,
                            attributes=self._attributes(decision),
                        )
                    ]
                )
            case Act.REPAIR | Act.REPAIR_OVER:
                facts = self._facts(decision) if decision.act is Act.REPAIR else None
                async_manage_protection(self._hass, self._entry, part, facts)
            case Act.PAUSE:
                self._to_resume.clear()
                self._run(self._async_pause(part))
            case Act.RESUME if Act.POWER_ON in acts and not self._rig.kind.pushes:
                self._to_resume.add(part)
            case Act.RESUME:
                self._run(self._async_resume(part))
            case Act.POWER_OFF | Act.POWER_ON if self._plug is not None:
                is_on = decision.act is Act.POWER_ON
                if not is_on:
                    self._to_resume.clear()
                self._run(self._plug.async_turn(on=is_on))

    def _resume_late(self) -> None:
        """Resume what had to wait until the rig has power and answers."""
        if self._to_resume and self._rig.online:
            parts, self._to_resume = self._to_resume, set()
            for part in sorted(parts - self._seen.running):
                self._run(self._async_resume(part))

    async def _async_pause(self, part: str) -> None:
        self._note_off(part)
        try:
            await self._async_allow(part, is_allowed=False)
        except HomeAssistantError as err:
            LOGGER.warning("%s is too hot and was not paused: %s", self._rig.name, err)
            self._step(self._machine.refused(self._now()))

    async def _async_resume(self, part: str) -> None:
        try:
            await self._async_allow(part, is_allowed=True)
        except HomeAssistantError as err:
            LOGGER.warning("%s does not resume: %s", self._rig.name, err)

    async def _async_allow(self, part: str, *, is_allowed: bool) -> None:
        known = self._rig.known_parts.parts.get(part)
        control = None if known is None else stop_of(known.controls)
        if control is None:
            raise self._invalid("not_offered")
        await self._rig.commands.async_write(
            part, control.channel, is_allowed, kept=False
        )

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        self._entry.async_create_background_task(
            self._hass, work, f"{self._rig.name}: thermal protection"
        )

    # ---- what is known

    def _settings(self) -> Settings:
        parts = self._rig.known_parts.parts.values()
        stops = {part.key: stop for part in parts if (stop := stop_of(part.controls))}
        confirm_within = max(
            (stop.seconds_for(False) for stop in stops.values()), default=0.0
        )
        if self._rig.kind.pushes:
            # The agent has to fetch the order, and the miner to end.
            takes = self._entry.options.get("off_takes", _PUSHED_OFF_TAKES)
            confirm_within = float(takes)
        return Settings(
            margin=self.choices.margin,
            hold=float(self._options.get(CONF_HOLD_TIME, DEFAULT_HOLD_TIME)),
            poll_interval=self._rig.stale_after.total_seconds() / _POLLS_HELD,
            confirm_within=confirm_within,
            may_resume=bool(self._options.get(CONF_MAY_RESUME, False)),
            pauses=frozenset(
                key for key in stops if key == RIG or self._is_proven(key)
            ),
            has_power_switch=CONF_POWER_SWITCH in self._options,
        )

    def _is_proven(self, part: str) -> bool:
        return self.choices.is_proven(part, dt_util.utcnow().timestamp())

    def _learn_defaults(self, data: Snapshot) -> None:
        parts = frozenset(data.parts)
        if parts != self._defaults_of:
            self._defaults_of = parts
            self.choices.learn_defaults(self._kind, data)

    def _attributes(self, decision: Decision) -> dict[str, float | str]:
        heat = decision.heat
        if heat is None:
            return {}
        return {
            "part": heat.part,
            "sensor": heat.sensor,
            "temperature": heat.celsius,
            "limit": heat.limit,
        }

    def _facts(self, decision: Decision | None) -> dict[str, str]:
        """Return what texts say of the heat."""
        heat = self._machine.hottest if decision is None else decision.heat
        resume = None if heat is None else heat.limit - self._machine.settings.margin
        return {
            "temperature": "?" if heat is None else f"{heat.celsius:g}",
            "limit": "?" if heat is None else f"{heat.limit:g}",
            "resume": "?" if resume is None else f"{resume:g}",
        }

    def _invalid(self, key: str, /, **details: str) -> ServiceValidationError:
        return ServiceValidationError(
            translation_domain=DOMAIN,
            translation_key=key,
            translation_placeholders={"rig": self._rig.name, **details},
        )

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
        self._run(self._async_save(None))

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
