"""Buttons: what can be pressed."""

from typing import Final, override

from homeassistant.components.button import ButtonDeviceClass, ButtonEntity
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .coordinator import RigConfigEntry, RigCoordinator
from .entity import CATEGORIES, RigEntity, async_add_as_they_appear
from .known_parts import KnownPart
from .model import Action
from .protection_entities import async_add_protection
from .readings import STOP

PARALLEL_UPDATES: Final = 1


async def async_setup_entry(
    hass: HomeAssistant,
    entry: RigConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Set up the rig's buttons."""
    await async_add_as_they_appear(
        entry,
        async_add_entities,
        lambda part: part.actions.values(),
        RigButton,
        lambda action: action.key,
    )
    await async_add_protection(entry, async_add_entities, Platform.BUTTON)


class RigButton(RigEntity, ButtonEntity):
    """Something to press."""

    def __init__(
        self, coordinator: RigCoordinator, part: KnownPart, action: Action
    ) -> None:
        """Take names, category and default from the action."""
        super().__init__(coordinator, part, action.key, enabled=action.enabled)
        self._action = action
        self._attr_translation_key = action.key
        self._attr_entity_category = CATEGORIES[action.category]
        if action.restarts:
            self._attr_device_class = ButtonDeviceClass.RESTART

    @property
    @override
    def available(self) -> bool:
        """An action that the rig does not offer now cannot be pressed."""
        part = self._part
        return (
            part is not None
            and any(action.key == self._action.key for action in part.actions)
            and super().available
        )

    @override
    async def async_press(self) -> None:
        """Press it."""
        if self._action.key == STOP.key:
            self.coordinator.protection.stopped()
        await self.coordinator.commands.async_press(self._part_key, self._action)
