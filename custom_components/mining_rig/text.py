"""Texts: controls that are written as words."""

from typing import Any, Final, override

from homeassistant.components.text import TextEntity
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .const import DOMAIN
from .coordinator import RigConfigEntry, RigCoordinator
from .entity import ControlEntity, async_add_as_they_appear, channel_key, controls_of
from .known_parts import KnownPart
from .model import Channel
from .sources.common.public_parts import public_value

PARALLEL_UPDATES: Final = 1


async def async_setup_entry(
    hass: HomeAssistant,
    entry: RigConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Set up the rig's texts."""
    await async_add_as_they_appear(
        entry, async_add_entities, controls_of(Platform.TEXT), RigText, channel_key
    )


class RigText(ControlEntity, TextEntity):
    """A control whose value is words of its owner's."""

    def __init__(
        self, coordinator: RigCoordinator, part: KnownPart, channel: Channel[Any]
    ) -> None:
        """Take the shortest and the longest text from the control."""
        super().__init__(coordinator, part, channel)
        control = part.controls[channel]
        self._attr_native_min = int(control.minimum)
        self._attr_native_max = int(control.maximum)

    @property
    @override
    def native_value(self) -> str | None:
        """Return the text in force, None while it is not known or does not fit."""
        value = self._value
        if isinstance(value, str) and self.min <= len(value) <= self.max:
            return value
        return None

    @override
    async def async_set_value(self, value: str) -> None:
        """Write the text and return when the rig shows it."""
        if public_value(self._channel, value) != value:
            # It would be shown without the secret, and so never be confirmed.
            raise ServiceValidationError(
                translation_domain=DOMAIN,
                translation_key="not_public",
                translation_placeholders={"rig": self.coordinator.name},
            )
        await self._async_order(value)
