"""Binary sensors: every reading that is true or false."""

from typing import Any, Final, override

from homeassistant.components.binary_sensor import BinarySensorEntity
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .coordinator import RigConfigEntry, RigCoordinator
from .entity import ReadingEntity, async_add_as_they_appear, channel_key, readings_of
from .known_parts import KnownPart
from .model import Channel
from .platforms import BINARY_SENSORS
from .protection_entities import async_add_protection

PARALLEL_UPDATES: Final = 0


async def async_setup_entry(
    hass: HomeAssistant,
    entry: RigConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Set up the rig's binary sensors."""
    await async_add_as_they_appear(
        entry,
        async_add_entities,
        readings_of(BINARY_SENSORS),
        RigBinarySensor,
        channel_key,
    )
    await async_add_protection(entry, async_add_entities, Platform.BINARY_SENSOR)


class RigBinarySensor(ReadingEntity, BinarySensorEntity):
    """A reading that is true or false."""

    def __init__(
        self, coordinator: RigCoordinator, part: KnownPart, channel: Channel[Any]
    ) -> None:
        """Take the class from the row of the reading's quantity."""
        super().__init__(coordinator, part, channel)
        self._attr_device_class = BINARY_SENSORS[channel.reading.quantity].device_class

    @property
    @override
    def is_on(self) -> bool | None:
        """Return the value, None while it is not known."""
        value = self._value
        return value if isinstance(value, bool) else None
