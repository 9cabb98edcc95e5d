"""Starts and stops a rig that has no pause, by what its owner names in the options.

That is a switch or an input boolean, or two scripts. Sources know nothing of it: the
control is added to each snapshot, and the rig's own readings confirm an order.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from homeassistant.const import (
    ATTR_ENTITY_ID,
    SERVICE_TURN_OFF,
    SERVICE_TURN_ON,
    STATE_OFF,
    STATE_ON,
    STATE_UNAVAILABLE,
)
from homeassistant.core import (
    CALLBACK_TYPE,
    Context,
    HomeAssistant,
    callback,
    split_entity_id,
)
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.event import async_track_state_change_event
import voluptuous as vol

from ..clock import steady, steady_now
from ..const import (
    CONF_START_SCRIPT,
    CONF_START_STOP,
    CONF_STARTED_BY,
    CONF_STOP_SCRIPT,
)
from ..known_parts import KnownParts
from ..model import RIG, Channel, Control, Part, PartKind, Snapshot, Value
from ..readings import MINING, MINING_ALLOWED
from ..sources.common.contract import CommandRefused
from ..store import RigStore

STARTER_CONTROL: Final = Control(
    channel=MINING_ALLOWED.plain, confirm_within=180, confirm_off_within=60
)
"""A miner may build its data for minutes before it mines."""

_SERVICE_TIMEOUT: Final = 10.0  # s
_SERVICES: Final = {True: SERVICE_TURN_ON, False: SERVICE_TURN_OFF}
_STATES: Final = {STATE_ON: True, STATE_OFF: False}


class Starter:
    """What starts and stops one rig, if its owner named anything."""

    def __init__(
        self, hass: HomeAssistant, options: Mapping[str, Any], store: RigStore
    ) -> None:
        """Take an entry's options and the loaded store."""
        self._hass = hass
        self._store = store
        chosen: Mapping[str, Any] = options.get(CONF_START_STOP) or {}
        self.switch: str | None = chosen.get(CONF_STARTED_BY)
        """The entity that does both, None where two scripts do."""
        start, stop = chosen.get(CONF_START_SCRIPT), chosen.get(CONF_STOP_SCRIPT)
        self._scripts: dict[bool, str] = {}
        if self.switch is None and start and stop:
            self._scripts = {True: start, False: stop}
        self._ordered_at: datetime | None = None
        """The steady moment of the last order, None for one before the start."""
        self.cut_holds = True
        """Whether there was no order since somebody else set this."""

    @property
    def is_set(self) -> bool:
        """Whether the owner named what starts and stops the rig."""
        return self.switch is not None or bool(self._scripts)

    @property
    def is_seen_off(self) -> bool:
        """Whether a switch starts and stops the rig, and is off."""
        if self.switch is None:
            return False
        state = self._hass.states.get(self.switch)
        return state is not None and state.state == STATE_OFF

    @callback
    def async_track(self, changed: Callable[[], None]) -> CALLBACK_TYPE:
        """Call back when the switch changes; return what stops it."""
        if self.switch is None:
            return lambda: None
        return async_track_state_change_event(
            self._hass, self.switch, callback(lambda _event: changed())
        )

    # ---- readings

    def complete(self, snapshot: Snapshot) -> Snapshot:
        """Add control and value to a snapshot of an online rig without its own."""
        rig = snapshot.rig
        own = rig.controls.get(STARTER_CONTROL.channel, STARTER_CONTROL)
        if not self.is_set or own != STARTER_CONTROL:
            return snapshot
        return replace(snapshot, parts={**snapshot.parts, RIG: self._with_control(rig)})

    def held(
        self, parts: Mapping[str, Part], known_parts: KnownParts
    ) -> Mapping[str, Part]:
        """Add them to what holds while the rig is away: it can still be ordered."""
        known = known_parts.parts.get(RIG)
        if not self.is_set or (known is not None and has_own_pause(known_parts)):
            return parts
        rig = parts.get(RIG)
        if rig is None:
            rig = known.as_absent() if known else Part(kind=PartKind.RIG, key=RIG)
        return {**parts, RIG: self._with_control(replace(rig, values={**rig.values}))}

    def _with_control(self, rig: Part) -> Part:
        channel = STARTER_CONTROL.channel
        values = {**rig.values}
        values.pop(channel, None)
        if (value := self._value(mines=rig.get(MINING.plain))) is not None:
            values[channel] = value
        controls: dict[Channel[Any], Control[Any]] = {
            **rig.controls,
            channel: STARTER_CONTROL,
        }
        return replace(rig, values=values, controls=controls)

    def _value(self, *, mines: bool | None) -> bool | None:
        """Return what was ordered, unless the rig mines nevertheless."""
        ordered, since = self._store.started, self._ordered_at
        if self.switch is not None:
            state = self._hass.states.get(self.switch)
            ordered = None if state is None else _STATES.get(state.state)
            since = None if state is None else steady(state.last_changed)
        if not mines or ordered:
            return ordered
        if ordered is False and since is not None:
            age = (steady_now() - since).total_seconds()
            if age < STARTER_CONTROL.seconds_for(False):
                return ordered
        return True

    def is_followed(self, snapshot: Snapshot, value: Value) -> bool:
        """Return whether an online rig itself shows that it has followed an order.

        Of a rig that does not report whether it mines, the switch shows it.
        """
        mines = snapshot.rig.get(MINING.plain)
        return (self._value(mines=None) if mines is None else mines) is value

    # ---- orders

    async def write(self, part: str, control: Control[Any], value: Value) -> None:
        """Send an order of the owner. Raises CommandRefused."""
        await self.async_switch(on=bool(value))
        self.cut_holds = False
        self._store.started, self._ordered_at = bool(value), steady_now()

    async def async_switch(self, *, on: bool) -> None:
        """Start or stop the rig. Raises CommandRefused."""
        if self.switch is not None:
            await async_switch(self._hass, self.switch, on=on)
            return
        other = self._hass.states.get(self._scripts[not on])
        if other is not None and other.state == STATE_ON:
            # One that still runs would undo this order.
            await async_switch(self._hass, other.entity_id, on=False)
        await async_switch(self._hass, self._scripts[on], on=True)


async def async_switch(hass: HomeAssistant, entity_id: str, *, on: bool) -> None:
    """Turn another integration's entity on or off; a script is not waited for.

    Raises CommandRefused where it is missing, fails, or takes longer than 10 s.
    """
    state = hass.states.get(entity_id)
    if state is None or state.state == STATE_UNAVAILABLE:
        raise CommandRefused("starter_missing", {"entity": entity_id})
    try:
        async with asyncio.timeout(_SERVICE_TIMEOUT):
            await hass.services.async_call(
                split_entity_id(entity_id)[0],
                _SERVICES[on],
                {ATTR_ENTITY_ID: entity_id},
                blocking=True,
                context=Context(),
            )
    except (HomeAssistantError, TimeoutError, vol.Invalid) as err:
        error = str(err) or "no answer in 10 s"
        raise CommandRefused(
            "starter_failed", {"entity": entity_id, "error": error}
        ) from err


def has_own_pause(known_parts: KnownParts) -> bool:
    """Return whether the rig itself can be told to mine or not to mine."""
    rig = known_parts.parts.get(RIG)
    control = rig.controls.get(STARTER_CONTROL.channel) if rig is not None else None
    return control is not None and control != STARTER_CONTROL
