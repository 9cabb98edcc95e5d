"""Numbers: controls with a range."""

from decimal import Decimal
from typing import Any, Final, override

from homeassistant.components.number import NumberEntity, NumberMode
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .coordinator import RigConfigEntry, RigCoordinator
from .entity import ControlEntity, async_add_as_they_appear, channel_key, controls_of
from .known_parts import KnownPart
from .model import Channel, Quantity
from .platforms import NUMBERS
from .protection_entities import async_add_protection

PARALLEL_UPDATES: Final = 1


async def async_setup_entry(
    hass: HomeAssistant,
    entry: RigConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Set up the rig's numbers."""
    await async_add_as_they_appear(
        entry, async_add_entities, controls_of(Platform.NUMBER), RigNumber, channel_key
    )
    await async_add_protection(entry, async_add_entities, Platform.NUMBER)


class _Plain(float):
    """A number that Home Assistant writes in plain digits: 0.00000001, never 1e-08."""

    @override
    def __format__(self, spec: str) -> str:
        return f"{Decimal(super().__format__(spec)):f}"


class RigNumber(ControlEntity, NumberEntity):
    """A control with a range."""

    _attr_mode = NumberMode.BOX

    def __init__(
        self, coordinator: RigCoordinator, part: KnownPart, channel: Channel[Any]
    ) -> None:
        """Take the unit from the quantity and the range from the control."""
        super().__init__(coordinator, part, channel)
        row = NUMBERS[channel.reading.quantity]
        control = part.controls[channel]
        self._attr_device_class = row.device_class
        self._attr_native_unit_of_measurement = row.unit or channel.reading.unit
        self._attr_native_min_value = control.minimum
        self._attr_native_max_value = control.maximum
        self._attr_native_step = control.step

    @property
    @override
    def native_value(self) -> float | None:
        """Return the value in force, None while it is not known."""
        value = self._value
        if isinstance(value, Decimal):
            return _Plain(value)
        return float(value) if isinstance(value, int | float) else None

    @override
    async def async_set_native_value(self, value: float) -> None:
        """Set the value and return when the rig shows it."""
        money = self._channel.reading.quantity is Quantity.MONEY
        await self._async_order(Decimal(repr(value)) if money else value)
