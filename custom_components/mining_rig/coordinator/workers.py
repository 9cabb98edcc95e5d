"""Which workers' entities are enabled: those of the first ones, as many as the owner wants.

Home Assistant looks at an entity's default only when it registers the entity, so another
number has to be carried into the registry. What the owner enabled or disabled stays.
"""

import asyncio
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er

from ..const import DOMAIN
from ..known_parts import KnownPart
from ..model import PartKind

if TYPE_CHECKING:
    from .poll import RigCoordinator

_AT_ONCE: Final = 16
"""Entities that are changed before others have their turn."""
_BY_HAND: Final = "enabled_by_hand"
"""Among an entity's options: its owner enabled it while it was not to be shown."""


async def async_show_workers(
    hass: HomeAssistant, coordinator: RigCoordinator, *, before: int, now: int
) -> bool:
    """Enable or disable the entities of workers between two numbers.

    Returns whether the number is another one.
    """
    if before == now:
        return False
    concerned = {
        f"{coordinator.id_root}_{part.key}_{key}"
        for part in coordinator.known_parts.parts.values()
        if part.kind is PartKind.WORKER
        and min(before, now) < part.number <= max(before, now)
        for key in _enabled(part)
    }
    registry = er.async_get(hass)
    entities = er.async_entries_for_config_entry(
        registry, coordinator.config_entry.entry_id
    )
    found = [entity for entity in entities if entity.unique_id in concerned]
    for number, entity in enumerate(found, 1):
        (_show if now > before else _hide)(registry, entity)
        if number % _AT_ONCE == 0:
            await asyncio.sleep(0)
    return True


def _enabled(part: KnownPart) -> Iterator[str]:
    """Go through the keys of what is enabled at first, wherever it is shown."""
    yield from (channel.key for channel in part.channels if part.enables(channel))
    yield from (action.key for action in part.actions.values() if action.enabled)
    yield from (kind.key for kind in part.events.values() if kind.enabled)


def _show(registry: er.EntityRegistry, entity: er.RegistryEntry) -> None:
    if entity.disabled_by is er.RegistryEntryDisabler.INTEGRATION:
        registry.async_update_entity(entity.entity_id, disabled_by=None)
    elif entity.disabled_by is None:
        registry.async_update_entity_options(entity.entity_id, DOMAIN, {_BY_HAND: True})


def _hide(registry: er.EntityRegistry, entity: er.RegistryEntry) -> None:
    ours: Mapping[str, Any] = entity.options.get(DOMAIN) or {}
    if entity.disabled_by is None and not ours.get(_BY_HAND):
        registry.async_update_entity(
            entity.entity_id, disabled_by=er.RegistryEntryDisabler.INTEGRATION
        )
