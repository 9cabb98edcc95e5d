"""What all entities of a rig have in common.

Entities are made from the rig's known parts: one appears when its channel first does, and
then stays, whether the rig is on or off.
"""

import asyncio
from collections.abc import Callable, Container, Hashable, Iterable
from itertools import batched
from typing import Any, Final, override

from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import EntityCategory, Platform
from homeassistant.core import callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.update_coordinator import CoordinatorEntity

from .coordinator import RigConfigEntry, RigCoordinator
from .coordinator.workers import shows
from .known_parts import KnownPart
from .model import Category, Channel, Part, Quantity, Value
from .platforms import control_platform

CATEGORIES: Final[dict[Category, EntityCategory | None]] = {
    Category.PRIMARY: None,
    Category.DIAGNOSTIC: EntityCategory.DIAGNOSTIC,
    Category.CONFIG: EntityCategory.CONFIG,
}


_ADDED_AT_ONCE: Final = 8


async def async_add_as_they_appear[T](
    entry: RigConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
    offered: Callable[[KnownPart], Iterable[T]],
    make: Callable[[RigCoordinator, KnownPart, T], RigEntity],
    key: Callable[[T], Hashable],
) -> None:
    """Make an entity of each thing that a part offers, now and when it appears.

    `offered` returns the things, `key` distinguishes them within their part. Returns when
    what is there now was added, a few at a time.
    """
    coordinator = entry.runtime_data
    seen: set[tuple[str, Hashable]] = set()

    async def add(new: list[tuple[tuple[str, Hashable], KnownPart, T]]) -> None:
        # Home Assistant adds in one go whatever it is given at once.
        for some in batched(new, _ADDED_AT_ONCE, strict=False):
            if entry.state is ConfigEntryState.UNLOAD_IN_PROGRESS:
                return
            async_add_entities(
                [
                    make(coordinator, part, thing)
                    for at, part, thing in some
                    if at in seen
                ]
            )
            await asyncio.sleep(0)

    def take_new() -> list[tuple[tuple[str, Hashable], KnownPart, T]]:
        now = {
            (part.key, key(thing)): (part, thing)
            for part in coordinator.known_parts.parts.values()
            for thing in offered(part)
        }
        new = [(at, *thing) for at, thing in now.items() if at not in seen]
        seen.clear()
        seen.update(now)
        return new

    @callback
    def add_later() -> None:
        if new := take_new():
            entry.async_create_task(
                coordinator.hass, add(new), "add entities", eager_start=False
            )

    entry.async_on_unload(coordinator.async_on_known_parts(add_later))
    await add(take_new())


def channel_key(channel: Channel[Any]) -> str:
    """Return what distinguishes channels."""
    return channel.key


def translation_key(channel: Channel[Any]) -> str:
    """Return the key of a channel's texts; numbered ones share theirs."""
    words = [channel.reading.key]
    if channel.number is not None:
        words.append("number")
    if channel.window is not None:
        words.append(channel.window)
    return "_".join(words)


class RigEntity(CoordinatorEntity[RigCoordinator]):
    """Something of one part of a rig."""

    _attr_has_entity_name = True

    def __init__(
        self,
        coordinator: RigCoordinator,
        part: KnownPart,
        key: str,
        *,
        enabled: bool = True,
    ) -> None:
        """Bind to a part; `key` is the entity's within the part, for ever.

        `enabled` is whether it is wanted when it first appears.
        """
        super().__init__(coordinator)
        self._part_key = part.key
        self._attr_unique_id = coordinator.devices.unique_id(part.key, key)
        self._attr_device_info = coordinator.devices.info(part)
        self._attr_entity_registry_enabled_default = enabled and shows(
            part, coordinator.shown_workers
        )
        self._shown: tuple[Any, ...] | None = None

    @property
    def _part(self) -> Part | None:
        return self.coordinator.data.parts.get(self._part_key)

    @property
    @override
    def available(self) -> bool:
        """A part that is not in the snapshot is unavailable."""
        return self.coordinator.online and self._part is not None

    def _seen(self) -> tuple[Any, ...]:
        """Return what decides whether the state has to be written again."""
        return (self.available,)

    @override
    async def async_added_to_hass(self) -> None:
        """Show what is known."""
        await super().async_added_to_hass()
        self._shown = self._seen()

    @callback
    @override
    def _handle_coordinator_update(self) -> None:
        if (seen := self._seen()) != self._shown:
            self._shown = seen
            self.async_write_ha_state()


class ChannelEntity(RigEntity):
    """One channel of a part."""

    def __init__(
        self, coordinator: RigCoordinator, part: KnownPart, channel: Channel[Any]
    ) -> None:
        """Take names, category and default from the channel's reading."""
        enabled = part.enables(channel) and channel.key not in coordinator.kind.quiet
        super().__init__(coordinator, part, channel.key, enabled=enabled)
        self._channel = channel
        self._attr_translation_key = translation_key(channel)
        if channel.number is not None:
            self._attr_translation_placeholders = {"number": str(channel.number)}
        self._attr_entity_category = CATEGORIES[channel.reading.category]

    @property
    def _value(self) -> Value | None:
        part = self._part
        return None if part is None else part.values.get(self._channel)

    @property
    @override
    def available(self) -> bool:
        """While the rig is off, only what still holds is available."""
        part = self._part
        if part is None:
            return False
        return self.coordinator.online or self._channel in part.values

    @override
    def _seen(self) -> tuple[Any, ...]:
        # The same as `available` and `_value`, with one look-up of the part.
        part = self._part
        if part is None:
            return (False, None)
        value = part.values.get(self._channel)
        return (self.coordinator.online or value is not None, value)


class ReadingEntity(ChannelEntity):
    """A channel that is shown; it stays, whether the rig lets it be written or not."""

    def __init__(
        self, coordinator: RigCoordinator, part: KnownPart, channel: Channel[Any]
    ) -> None:
        """Be disabled by default beside a control, which shows the same value."""
        super().__init__(coordinator, part, channel)
        if channel in part.controls:
            self._attr_entity_registry_enabled_default = False
        if channel.reading.category is Category.CONFIG:
            # What only shows a value cannot be in that category.
            self._attr_entity_category = EntityCategory.DIAGNOSTIC


class ControlEntity(ChannelEntity):
    """A channel that can be written."""

    @property
    @override
    def available(self) -> bool:
        """A control that the rig does not offer now cannot be used.

        One that can be used while the rig is away can be although its value is unknown.
        """
        part = self._part
        return part is not None and self._channel in part.controls

    @override
    def _seen(self) -> tuple[Any, ...]:
        return (self.available, self._value)

    async def _async_order(self, value: Value) -> None:
        """Write a value; return when the rig shows it."""
        self.coordinator.protection.before_order(self._part_key, self._channel, value)
        await self.coordinator.commands.async_write(
            self._part_key, self._channel, value
        )


def readings_of(
    quantities: Container[Quantity],
) -> Callable[[KnownPart], Iterable[Channel[Any]]]:
    """Return what yields a part's channels of those quantities."""

    def offered(part: KnownPart) -> Iterable[Channel[Any]]:
        return (c for c in part.channels if c.reading.quantity in quantities)

    return offered


def controls_of(
    platform: Platform,
) -> Callable[[KnownPart], Iterable[Channel[Any]]]:
    """Return what yields a part's controls that belong to a platform."""

    def offered(part: KnownPart) -> Iterable[Channel[Any]]:
        return (
            channel
            for channel, control in part.controls.items()
            if control_platform(control) is platform
        )

    return offered
