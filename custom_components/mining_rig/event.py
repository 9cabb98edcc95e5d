"""Events: what happens to a part, such as a payment."""

from typing import Final, override

from homeassistant.components.event import EventEntity
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .coordinator import RigConfigEntry, RigCoordinator
from .entity import CATEGORIES, RigEntity, async_add_as_they_appear
from .known_parts import KnownPart
from .model import EventDescription, PartEvent
from .protection_entities import async_add_protection
from .readings import COMMAND, WATCHDOG

PARALLEL_UPDATES: Final = 0
_WHILE_AWAY: Final = (COMMAND, WATCHDOG)
"""What happens also to a rig that does not answer."""


async def async_setup_entry(
    hass: HomeAssistant,
    entry: RigConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Set up the events of the rig's parts."""
    await async_add_as_they_appear(
        entry,
        async_add_entities,
        lambda part: part.events.values(),
        RigEvent,
        lambda kind: kind.key,
    )
    await async_add_protection(entry, async_add_entities, Platform.EVENT)


class RigEvent(RigEntity, EventEntity):
    """One kind of events of a part."""

    def __init__(
        self, coordinator: RigCoordinator, part: KnownPart, kind: EventDescription
    ) -> None:
        """Take names, types and default from the kind."""
        super().__init__(coordinator, part, kind.key, enabled=kind.enabled)
        self._kind = kind
        self._attr_translation_key = kind.key
        self._attr_event_types = list(kind.types)
        self._attr_entity_category = CATEGORIES[kind.category]

    @property
    @override
    def available(self) -> bool:
        """An event of a rig that is away is no less one."""
        return self._kind in _WHILE_AWAY or super().available

    @override
    async def async_added_to_hass(self) -> None:
        """Listen, and trigger the events that waited for the entity."""
        await super().async_added_to_hass()
        self.async_on_remove(
            self.coordinator.events.async_listen(
                self._part_key, self._kind, self._event_reported
            )
        )

    @callback
    def _event_reported(self, event: PartEvent) -> None:
        # Automations take what follows on "unavailable" for a rig that is back.
        self.async_write_ha_state()
        self._trigger_event(event.type, dict(event.attributes))
        self.async_write_ha_state()
