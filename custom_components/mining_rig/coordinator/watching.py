"""The watchdog of one rig: what it is told, and how its steps are done.

Also the hashrate that is normal for the rig, with or without a watchdog.
"""

import asyncio
from collections.abc import Coroutine, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from typing import Any, Final, Protocol

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import STATE_OFF
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.event import async_call_later
from homeassistant.util import dt as dt_util

from ..clock import steady_now
from ..const import CONF_POWER_SWITCH, LOGGER
from ..model import RIG, Action, Channel, Part, PartEvent, Snapshot, Value
from ..readings import (
    CONNECTED,
    EXPECTED_HASHRATE,
    HASHRATE,
    MINING_ALLOWED,
    REBOOT,
    RESTART_MINER,
    STARTED,
    STATUS,
    WATCHDOG,
    Status,
)
from ..sources import Kind
from ..sources.common.contract import CommandRefused
from ..store import RigStore
from ..watchdog import ENDS, NormalHashrate, Step, Watchdog, WatchdogSettings, Work
from ..watchdog_options import WatchdogOptions
from .commands import Commands
from .events import EventDispatcher
from .normal import normal_of, rate_of, with_normal
from .protection_choices import is_stop, stop_of
from .starter import STARTER_CONTROL, Starter, async_switch

_ACTIONS: Final[Mapping[Step, Action]] = {
    Step.RESTART_MINER: RESTART_MINER,
    Step.RESTART_RIG: REBOOT,
}
_STARTS: Final = 60.0
"""Seconds that a rig without a mining switch may take to mine after a start."""
_PUSHED_STARTS: Final = 900.0
"""The same of one whose agent has to boot, where its owner chose nothing."""


class Watched(Protocol):
    """What the watchdog reads of the coordinator."""

    kind: Kind

    @property
    def name(self) -> str:
        """The entry's title, for the log."""

    @property
    def online(self) -> bool:
        """Whether the last reading still holds."""

    @property
    def data(self) -> Snapshot:
        """The present snapshot."""

    @property
    def is_protected(self) -> bool:
        """Whether thermal protection has stopped the rig."""

    @property
    def store(self) -> RigStore:
        """The loaded store."""

    @property
    def commands(self) -> Commands:
        """What is sent to the rig."""

    @property
    def starter(self) -> Starter:
        """What starts and stops the rig, if it has no pause."""

    @property
    def events(self) -> EventDispatcher:
        """What delivers events."""


class Watching:
    """Hands readings to the watchdog, and does what it decides."""

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry, rig: Watched) -> None:
        """Go on from what the loaded store holds."""
        self._hass = hass
        self._entry = entry
        self._rig = rig
        self._store = store = rig.store
        self._starter = rig.starter
        self._options = WatchdogOptions.of(entry.options)
        self._power_switch: str | None = entry.options.get(CONF_POWER_SWITCH)
        self._normal = NormalHashrate()
        self._normal.load(store.watchdog.get("normal"))
        self._dog = Watchdog(WatchdogSettings())
        self._dog.load(store.watchdog.get("dog"), _now())
        allowed = store.watchdog.get("allowed")
        self._allowed = allowed if isinstance(allowed, bool) else None
        """Whether the rig may mine, as its last reading with that said."""
        self._was_online = self._should_have = True
        """Whether it answered, and whether it should mine, at the reading before."""
        self._has_warned = False
        """Whether the log says that an on fails."""
        self._doing: asyncio.Task[None] | None = None
        self._stop_timer: CALLBACK_TYPE | None = None

    @property
    def is_on(self) -> bool:
        """Whether the owner wants the rig watched."""
        return self._options.enabled

    def dump(self) -> dict[str, Any]:
        """Return what must survive a restart, as JSON."""
        return {
            "normal": self._normal.dump(),
            "dog": self._dog.dump(_now()),
            "allowed": self._allowed,
        }

    async def async_close(self) -> None:
        """Stop the timer; what is off for a while is turned on, if it may mine."""
        self._stop_waiting()
        step = self._dog.off_by
        if step is None or self._dog.due is None or self._rig.is_protected:
            return
        if self._doing is not None:
            # An off that is under way must not come after the on.
            self._doing.cancel()
        await self._async_turn_on(step)
        with suppress(HomeAssistantError):
            await self._async_save()

    # ---- readings

    def complete(self, snapshot: Snapshot) -> Snapshot:
        """Add what is normal to a snapshot, where the rig does not report it."""
        snapshot = with_normal(snapshot, self._normal.value)
        rig = snapshot.rig
        if not self.is_on or WATCHDOG in rig.events:
            return snapshot
        rig = replace(rig, events=(*rig.events, WATCHDOG))
        return replace(snapshot, parts={**snapshot.parts, RIG: rig})

    # ---- the watchdog

    @callback
    def observe(self) -> None:
        """Take the present snapshot."""
        rig = self._rig.data.rig
        values = rig.values
        if CONNECTED.plain not in values:
            # It was not silent for long enough after a start.
            return
        now = _now()
        if self._rig.online:
            self._normal.add(rate_of(values), dt_util.now().date().isoformat(), now)
            self._allowed = self._is_allowed(rig)
        if self._is_stopped and not self._starter.cut_holds:
            # Its owner has given another order meanwhile.
            self._dog.cancel_off()
        if not self.is_on and self._dog.off_by is None:
            return
        self._dog.settings = self._settings(rig)
        for step in self._dog.observe(self._work(rig), now):
            self._take(step)
        self._stop_waiting()
        if (due := self._dog.due) is not None:
            self._stop_timer = async_call_later(
                self._hass, max(due - now, 0), self._tick
            )

    @callback
    def _tick(self, _now_: datetime) -> None:
        self._stop_timer = None
        self.observe()

    def _stop_waiting(self) -> None:
        if self._stop_timer is not None:
            self._stop_timer()
            self._stop_timer = None

    @property
    def _is_stopped(self) -> bool:
        """Whether the watchdog has stopped the rig by what starts and stops it."""
        return self._dog.off_by is Step.RESTART_MINER

    def _is_allowed(self, rig: Part) -> bool | None:
        """Return whether the rig may mine, as far as it is known.

        What the watchdog has turned off is off because of it, and of no order.
        """
        orders = [value for channel, value in rig.values.items() if is_stop(channel)]
        return self._allowed if not orders or self._is_stopped else all(orders)

    def _settings(self, rig: Part) -> WatchdogSettings:
        offered = {action.key for action in rig.actions}
        exist = {step for step, action in _ACTIONS.items() if action.key in offered}
        switched = {Step.POWER_OFF}
        if self._power_switch is not None:
            exist.add(Step.POWER_OFF)
        if Step.RESTART_MINER not in exist and self._can_switch_miner(rig):
            exist.add(Step.RESTART_MINER)
            switched.add(Step.RESTART_MINER)
        return WatchdogSettings(
            after=self._options.minutes * 60,
            share=self._options.share,
            steps=self._options.steps & exist if self.is_on else frozenset(),
            switched=frozenset(switched),
            per_day=self._options.per_day,
            start_takes=self._start_takes(rig),
        )

    def _can_switch_miner(self, rig: Part) -> bool:
        """Return whether something starts and stops the miner that is not its power."""
        return (
            rig.controls.get(MINING_ALLOWED.plain) == STARTER_CONTROL
            and self._starter.switch != self._power_switch
        )

    def _start_takes(self, rig: Part) -> float:
        """Return the seconds that the rig may take to mine after a start."""
        if self._rig.kind.pushes:
            return float(self._entry.options.get("on_takes", _PUSHED_STARTS))
        control = stop_of(rig.controls)
        return _STARTS if control is None else control.seconds_for(True)

    def _work(self, rig: Part) -> Work:
        online, values = self._rig.online, rig.values
        should_mine = self._should_mine(rig)
        # One that is back, or may mine again, has only just been started.
        has_begun = online > self._was_online or should_mine > self._should_have
        self._was_online, self._should_have = online, should_mine
        return Work(
            hashrate=rate_of(values) if online else None,
            normal=normal_of(values, self._normal.value),
            answers=online,
            should_mine=should_mine,
            is_protected=self._rig.is_protected
            or values.get(STATUS.plain) == Status.HOT,
            is_starting=has_begun
            or self._rig.commands.orders.any_pending(online=online)
            or (online and self._has_just_started(values)),
        )

    def _has_just_started(self, values: Mapping[Channel[Any], Value]) -> bool:
        """Return whether the rig itself says so."""
        started = values.get(STARTED.plain)
        if not isinstance(started, datetime):
            return False
        age = (dt_util.utcnow() - started).total_seconds()
        return 0 <= age < self._dog.settings.start_takes

    def _should_mine(self, rig: Part) -> bool:
        """Return whether neither an order nor the power keeps the rig from it."""
        if self._is_allowed(rig) is False:
            return False
        if self._power_switch is None or self._dog.off_by is Step.POWER_OFF:
            return True
        power = self._hass.states.get(self._power_switch)
        return power is None or power.state != STATE_OFF

    # ---- steps

    def _take(self, step: Step) -> None:
        LOGGER.info("%s: watchdog: %s", self._rig.name, step)
        off_by = self._dog.off_by
        if off_by is not None and step is ENDS[off_by]:
            # An on is told when it is one.
            self._run(step, self._async_turn_on(off_by))
            return
        self._tell(step)
        if step is off_by:
            self._starter.cut_holds = True
        if step is not Step.GIVEN_UP:
            self._run(step, self._async_do(step))

    def _run(self, step: Step, work: Coroutine[Any, Any, None]) -> None:
        self._doing = self._entry.async_create_background_task(
            self._hass,
            work,
            f"{self._entry.title}: watchdog {step}",
            eager_start=False,
        )

    def _tell(self, step: Step) -> None:
        self._rig.events.dispatch([self._event(step)])

    def _event(self, step: Step) -> PartEvent:
        values = self._rig.data.rig.values
        facts = {
            HASHRATE.key: rate_of(values) if self._rig.online else None,
            EXPECTED_HASHRATE.key: normal_of(values, self._normal.value),
        }
        return PartEvent(
            part=RIG,
            kind=WATCHDOG,
            type=step,
            attributes={key: fact for key, fact in facts.items() if fact is not None},
        )

    async def _async_do(self, step: Step) -> None:
        try:
            if step is self._dog.off_by:
                # After a crash it is turned on again.
                await self._async_save()
                await self._async_switch(step, on=False)
            else:
                await self._rig.commands.async_press(RIG, _ACTIONS[step])
        except (CommandRefused, HomeAssistantError) as err:
            self._warn(step, err)
            if getattr(err, "translation_key", None) != "starter_failed":
                # What was never sent needs no on.
                self._dog.cancel_off()

    async def _async_turn_on(self, step: Step) -> None:
        end = ENDS[step]
        try:
            await self._async_switch(step, on=True)
        except CommandRefused as err:
            if not self._has_warned:
                self._warn(end, err)
            self._has_warned = True
        else:
            self._has_warned = False
            self._dog.turned_on(_now())
            self._tell(end)

    async def _async_switch(self, step: Step, *, on: bool) -> None:
        if step is Step.RESTART_MINER:
            await self._starter.async_switch(on=on)
        elif self._power_switch is not None:
            await async_switch(self._hass, self._power_switch, on=on)

    async def _async_save(self) -> None:
        self._store.watchdog = self.dump()
        await self._store.async_save()

    def _warn(self, step: Step, error: Exception) -> None:
        why = str(error)
        if isinstance(error, CommandRefused):
            why = ": ".join((error.translation_key, *error.placeholders.values()))
        LOGGER.warning("%s: watchdog: %s: %s", self._rig.name, step, why)


def _now() -> float:
    return steady_now().timestamp()
