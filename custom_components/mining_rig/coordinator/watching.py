"""The watchdog of one rig: what it is told, and how its steps are done.

Also the hashrate that is normal for the rig, with or without a watchdog.
"""

from collections.abc import Iterable, Mapping
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
from ..model import (
    RIG,
    Action,
    Category,
    Channel,
    Part,
    PartEvent,
    Quantity,
    Snapshot,
    Value,
)
from ..readings import (
    CONNECTED,
    EXPECTED_HASHRATE,
    HASHRATE,
    MINING,
    MINING_ALLOWED,
    NORMAL_PERCENT,
    REBOOT,
    RESTART_MINER,
    STATUS,
    WATCHDOG,
    Status,
)
from ..sources.common.contract import CommandRefused
from ..store import RigStore
from ..watchdog import (
    NormalHashrate,
    Step,
    Watchdog,
    WatchdogSettings,
    Work,
    normal_percent,
)
from ..watchdog_options import WatchdogOptions
from .commands import Commands
from .events import EventDispatcher
from .starter import Starter, async_switch

_ACTIONS: Final[Mapping[Step, Action]] = {
    Step.RESTART_MINER: RESTART_MINER,
    Step.RESTART_RIG: REBOOT,
}
_STARTS: Final = 60.0
"""Seconds that a rig without a mining switch may take to mine after a start."""


class Watched(Protocol):
    """What the watchdog reads of the coordinator."""

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
        self._has_cut = self._dog.has_power_off
        """Whether the power is off for a while."""
        self._must_retry = False
        """Whether the power could not be turned on."""
        self._was_stopped = False
        """Whether it was away or off at the reading before."""
        self._stop_timer: CALLBACK_TYPE | None = None

    @property
    def is_on(self) -> bool:
        """Whether the owner wants the rig watched."""
        return self._options.enabled

    def dump(self) -> dict[str, Any]:
        """Return what must survive a restart, as JSON."""
        return {
            "normal": self._normal.dump(),
            "dog": {**self._dog.dump(_now()), "power_is_off": self._has_cut},
            "allowed": self._allowed,
        }

    async def async_close(self) -> None:
        """Stop the timer; a power that is off for a while is turned on."""
        self._stop_waiting()
        if self._has_cut and not self._rig.is_protected:
            await self._async_power_on()
            with suppress(HomeAssistantError):
                await self._async_save()

    # ---- readings

    def complete(self, snapshot: Snapshot) -> Snapshot:
        """Add what is normal to a snapshot, where the rig does not report it."""
        rig = snapshot.rig
        values = {**rig.values}
        usual = self._normal.value
        if usual is not None and HASHRATE.plain in values:
            values.setdefault(EXPECTED_HASHRATE.plain, usual)
        percent = normal_percent(_rate(values), self._normal_of(values))
        if percent is not None:
            values[NORMAL_PERCENT.plain] = percent
        if len(values) == len(rig.values) and not self.is_on:
            return snapshot
        events = rig.events
        if self.is_on and WATCHDOG not in events:
            events = (*events, WATCHDOG)
        rig = replace(rig, values=values, events=events)
        return replace(snapshot, parts={**snapshot.parts, RIG: rig})

    def _normal_of(self, values: Mapping[Channel[Any], Value]) -> float | None:
        """Return the hashrate that the machine itself expects, else the usual one."""
        expected = values.get(EXPECTED_HASHRATE.plain)
        return expected if isinstance(expected, float | int) else self._normal.value

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
            self._normal.add(_rate(values), dt_util.now().date().isoformat(), now)
            self._allowed = self._is_allowed(rig)
        if self._has_cut and self._power_switch is None and not self._starter.cut_holds:
            # Its owner has given another order meanwhile.
            self._has_cut = self._must_retry = False
            self._dog.cancel_power_off()
        if not self.is_on and not self._has_cut:
            return
        self._dog.settings = self._settings()
        work = self._work(rig)
        steps = self._dog.observe(work, now)
        if self._must_retry and work.should_mine and not work.is_protected:
            self._must_retry = False
            steps = (Step.POWER_ON,)
        self._take(steps)

    def _is_allowed(self, rig: Part) -> bool | None:
        """Return whether the rig may mine, as far as it is known.

        What the watchdog has turned off is off because of it, and of no order.
        """
        found = _allowed(rig)
        if found is None or (self._has_cut and self._power_switch is None):
            return self._allowed
        return found

    def _settings(self) -> WatchdogSettings:
        rig = self._rig.data.rig
        offered = {action.key for action in rig.actions}
        exist = {step for step, action in _ACTIONS.items() if action.key in offered}
        if self._power_switch is not None or self._starter.is_set:
            exist.add(Step.POWER_OFF)
        control = rig.controls.get(MINING_ALLOWED.plain)
        return WatchdogSettings(
            after=self._options.minutes * 60,
            share=self._options.share,
            steps=self._options.steps & exist if self.is_on else frozenset(),
            per_day=self._options.per_day,
            start_takes=_STARTS if control is None else control.seconds_for(True),
        )

    def _work(self, rig: Part) -> Work:
        online, values = self._rig.online, rig.values
        should_mine = self._should_mine(rig)
        # One that is back, or may mine again, has only just been started.
        is_back = online and should_mine and self._was_stopped
        self._was_stopped = not (online and should_mine)
        pending = self._rig.commands.orders.any_pending(online=online)
        return Work(
            hashrate=_rate(values) if self.is_on and online else None,
            normal=self._normal_of(values),
            answers=online or not self.is_on,
            should_mine=should_mine,
            is_protected=self._rig.is_protected
            or values.get(STATUS.plain) == Status.HOT,
            is_starting=is_back or pending,
        )

    def _should_mine(self, rig: Part) -> bool:
        """Return whether neither an order nor the power keeps the rig from it."""
        if self._is_allowed(rig) is False:
            return False
        if self._power_switch is None or self._has_cut:
            return True
        power = self._hass.states.get(self._power_switch)
        return power is None or power.state != STATE_OFF

    # ---- steps

    @callback
    def _take(self, steps: Iterable[Step]) -> None:
        for step in steps:
            LOGGER.info("%s: watchdog: %s", self._rig.name, step)
            self._rig.events.dispatch([self._event(step)])
            if step is Step.POWER_OFF:
                self._has_cut = True
                self._starter.cut_holds = True
            if step is not Step.GIVEN_UP:
                self._entry.async_create_background_task(
                    self._hass,
                    self._async_do(step),
                    f"{self._entry.title}: watchdog {step}",
                    eager_start=False,
                )
        self._stop_waiting()
        if (due := self._dog.due) is not None:
            self._stop_timer = async_call_later(
                self._hass, max(due - _now(), 0), self._tick
            )

    @callback
    def _tick(self, _now_: datetime) -> None:
        self._stop_timer = None
        self._take(self._dog.tick(_now()))

    def _stop_waiting(self) -> None:
        if self._stop_timer is not None:
            self._stop_timer()
            self._stop_timer = None

    def _event(self, step: Step) -> PartEvent:
        values = self._rig.data.rig.values
        facts = {
            HASHRATE.key: _rate(values) if self._rig.online else None,
            EXPECTED_HASHRATE.key: self._normal_of(values),
        }
        return PartEvent(
            part=RIG,
            kind=WATCHDOG,
            type=step,
            attributes={key: fact for key, fact in facts.items() if fact is not None},
        )

    async def _async_do(self, step: Step) -> None:
        if step is Step.POWER_ON:
            await self._async_power_on()
            return
        try:
            if step is Step.POWER_OFF:
                # After a crash it is turned on again.
                await self._async_save()
                await self._async_power(on=False)
            else:
                await self._rig.commands.async_press(RIG, _ACTIONS[step])
        except (CommandRefused, HomeAssistantError) as err:
            self._warn(step, err)

    async def _async_save(self) -> None:
        self._store.watchdog = self.dump()
        await self._store.async_save()

    async def _async_power_on(self) -> None:
        try:
            await self._async_power(on=True)
        except CommandRefused as err:
            self._must_retry = True
            self._warn(Step.POWER_ON, err)
        else:
            self._has_cut = False

    async def _async_power(self, *, on: bool) -> None:
        if self._power_switch is not None:
            await async_switch(self._hass, self._power_switch, on=on)
        elif self._starter.is_set:
            await self._starter.async_switch(on=on)

    def _warn(self, step: Step, error: Exception) -> None:
        LOGGER.warning("%s: watchdog: %s: %s", self._rig.name, step, error)


def _now() -> float:
    return steady_now().timestamp()


def _allowed(rig: Part) -> bool | None:
    """Return whether its own orders let a rig mine; None where it has none."""
    orders = [
        rig.values.get(channel)
        for channel in rig.controls
        if channel.reading.quantity is Quantity.FLAG
        and channel.reading.category is Category.PRIMARY
    ]
    if False in orders:
        return False
    return True if True in orders else None


def _rate(values: Mapping[Channel[Any], Value]) -> float | None:
    """Return the rig's hashrate, in the unit of whatever it mines; None if not known."""
    if (rate := values.get(HASHRATE.plain)) is None:
        rate = next((v for c, v in values.items() if _is_rate(c)), None)
    if rate is None and values.get(MINING.plain) is False:
        return 0.0
    return rate if isinstance(rate, int | float) else None


def _is_rate(channel: Channel[Any]) -> bool:
    """Return whether a channel is the hashrate of another kind of work."""
    reading = channel.reading
    return (
        reading.quantity is Quantity.HASHRATE
        and reading.unit != HASHRATE.unit
        and channel is reading.plain
    )
