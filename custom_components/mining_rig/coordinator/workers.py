"""Which workers' entities are enabled: those of the first ones, as many as the owner wants.

Home Assistant looks at an entity's default only when it registers the entity, so another
number has to be carried into the registry. What the owner enabled or disabled stays.
"""

import asyncio
from collections.abc import Iterator
from typing import Final

from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er

from ..entity_options import ENABLED_BY_HAND, async_set_entity_option, entity_option
from ..known_parts import KnownPart, KnownParts
from ..model import PartKind
from .devices import RigDevices

_BATCH: Final = 16
"""Entities that are changed before the event loop runs something else."""


def shows(part: KnownPart, shown_workers: int) -> bool:
    """Return whether a part's entities may be enabled by default."""
    return part.kind is not PartKind.WORKER or part.number <= shown_workers


async def async_show_workers(
    hass: HomeAssistant,
    entry_id: str,
    devices: RigDevices,
    known_parts: KnownParts,
    *,
    before: int,
    now: int,
) -> bool:
    """Enable or disable the entities of workers between two numbers.

    Returns whether the number is another one.
    """
    if before == now:
        return False
    concerned = {
        devices.unique_id(part.key, key)
        for part in known_parts.parts.values()
        if shows(part, before) != shows(part, now)
        for key in _enabled(part)
    }
    registry = er.async_get(hass)
    entities = er.async_entries_for_config_entry(registry, entry_id)
    found = [entity for entity in entities if entity.unique_id in concerned]
    for number, entity in enumerate(found, 1):
        (_show if now > before else _hide)(registry, entity)
        if number % _BATCH == 0:
            await asyncio.sleep(0)
    return True


def _enabled(part: KnownPart) -> Iterator[str]:
    """Yield the keys of what is enabled by default, of all platforms."""
    yield from (channel.key for channel in part.channels if part.enables(channel))
    yield from (action.key for action in part.actions.values() if action.enabled)
    yield from (kind.key for kind in part.events.values() if kind.enabled)


def _show(registry: er.EntityRegistry, entity: er.RegistryEntry) -> None:
    if entity.disabled_by is er.RegistryEntryDisabler.INTEGRATION:
        registry.async_update_entity(entity.entity_id, disabled_by=None)
    elif entity.disabled_by is None:
        async_set_entity_option(registry, entity.entity_id, ENABLED_BY_HAND, True)


def _hide(registry: er.EntityRegistry, entity: er.RegistryEntry) -> None:
    if entity.disabled_by is None and not entity_option(entity, ENABLED_BY_HAND):
        registry.async_update_entity(
            entity.entity_id, disabled_by=er.RegistryEntryDisabler.INTEGRATION
        )
