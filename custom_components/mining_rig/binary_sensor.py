"""Binary sensors: one row for each quantity that is true or false."""

from typing import Any, Final, override

from homeassistant.components.binary_sensor import (
    BinarySensorDeviceClass,
    BinarySensorEntity,
)
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .coordinator import RigConfigEntry, RigCoordinator
from .entity import ChannelEntity, async_add_as_they_appear, channel_key, uncontrolled
from .known_parts import KnownPart
from .model import Category, Channel, Quantity

PARALLEL_UPDATES: Final = 0

ROWS: Final[dict[Quantity, BinarySensorDeviceClass | None]] = {
    Quantity.FLAG: None,
    Quantity.PROBLEM: BinarySensorDeviceClass.PROBLEM,
    Quantity.RUNNING: BinarySensorDeviceClass.RUNNING,
    Quantity.CONNECTIVITY: BinarySensorDeviceClass.CONNECTIVITY,
}


async def async_setup_entry(
    hass: HomeAssistant,
    entry: RigConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Set up the rig's binary sensors."""
    await async_add_as_they_appear(
        entry, async_add_entities, _offered, RigBinarySensor, channel_key
    )


def _offered(part: KnownPart) -> list[Channel[Any]]:
    return [c for c in uncontrolled(part) if c.reading.quantity in ROWS]


class RigBinarySensor(ChannelEntity, BinarySensorEntity):
    """A reading that is true or false."""

    def __init__(
        self, coordinator: RigCoordinator, part: KnownPart, channel: Channel[Any]
    ) -> None:
        """Take the class from the row of the reading's quantity."""
        super().__init__(coordinator, part, channel)
        self._attr_device_class = ROWS[channel.reading.quantity]
        if channel.reading.category is Category.CONFIG:
            self._attr_entity_category = EntityCategory.DIAGNOSTIC

    @property
    @override
    def is_on(self) -> bool | None:
        """Return the value, None while it is not known."""
        value = self._value
        return value if isinstance(value, bool) else None
