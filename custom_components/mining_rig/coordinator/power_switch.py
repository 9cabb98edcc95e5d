"""The switch that cuts a rig's power, and the sensor of the owner that watches its heat."""

from typing import Final

from homeassistant.components.binary_sensor import DOMAIN as BINARY_SENSOR
from homeassistant.components.switch import DOMAIN as SWITCH
from homeassistant.const import (
    ATTR_ENTITY_ID,
    ATTR_UNIT_OF_MEASUREMENT,
    EVENT_STATE_CHANGED,
    SERVICE_TURN_OFF,
    SERVICE_TURN_ON,
    STATE_OFF,
    STATE_ON,
    UnitOfTemperature,
)
from homeassistant.core import Context, Event, EventStateChangedData, HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.util.unit_conversion import TemperatureConverter

from ..const import LOGGER
from ..model import RIG
from ..protection.data import Heat

_STATES: Final = {STATE_ON: True, STATE_OFF: False}


class PowerSwitch:
    """A switch entity that cuts the power of the whole rig."""

    def __init__(self, hass: HomeAssistant, entity_id: str) -> None:
        """Bind to the switch, which need not exist now."""
        self._hass = hass
        self.entity_id = entity_id
        self._context = Context()
        """Of all that protection itself orders."""

    def is_on(self) -> bool | None:
        """Return the state of the switch, None where it is not known."""
        state = self._hass.states.get(self.entity_id)
        return None if state is None else _STATES.get(state.state)

    def ordered_by_others(self, event: Event[EventStateChangedData]) -> bool | None:
        """Return what the owner or an automation switched it to.

        None where nothing was switched, it happened at the switch itself, or protection
        did it.
        """
        old, new = event.data["old_state"], event.data["new_state"]
        if old is None or new is None or old.state == new.state:
            return None
        context, origin = event.context, event.context.origin_event
        if context.id == self._context.id:
            return None
        is_order = (
            context.user_id is not None
            or context.parent_id is not None
            or (origin is not None and origin.event_type != EVENT_STATE_CHANGED)
        )
        if not is_order:
            return None
        return _STATES.get(new.state) if old.state in _STATES else None

    async def async_turn(self, *, on: bool) -> None:
        """Switch it; whether it obeys is seen by its state."""
        try:
            await self._hass.services.async_call(
                SWITCH,
                SERVICE_TURN_ON if on else SERVICE_TURN_OFF,
                {ATTR_ENTITY_ID: self.entity_id},
                blocking=True,
                context=self._context,
            )
        except HomeAssistantError as err:
            LOGGER.warning("%s cannot be switched: %s", self.entity_id, err)


class HeatSensor:
    """A temperature sensor, or a binary sensor of heat or smoke, of the owner."""

    def __init__(self, hass: HomeAssistant, entity_id: str, limit: float) -> None:
        """Bind to the sensor, which need not exist now; the limit is in °C."""
        self._hass = hass
        self.entity_id = entity_id
        self._limit = limit

    def heat(self) -> Heat | None:
        """Return what it measures; a binary sensor that is on is at the limit."""
        if (state := self._hass.states.get(self.entity_id)) is None:
            return None
        if state.domain == BINARY_SENSOR:
            is_on = _STATES.get(state.state)
            if is_on is None:
                return None
            # A cool one must not hinder resuming, whatever the margin is.
            return self._at(self._limit if is_on else 0.0)
        unit = state.attributes.get(ATTR_UNIT_OF_MEASUREMENT)
        try:
            return self._at(
                TemperatureConverter.convert(
                    float(state.state),
                    unit or UnitOfTemperature.CELSIUS,
                    UnitOfTemperature.CELSIUS,
                )
            )
        except ValueError, HomeAssistantError:
            return None

    def _at(self, celsius: float) -> Heat:
        return Heat(part=RIG, sensor=self.entity_id, celsius=celsius, limit=self._limit)
