"""The entities of thermal protection: settings and events of ours, not of a source.

They stay available while the rig is off; what they show is kept in the rig's store.
"""

from collections.abc import Iterable
from typing import Any, Final, override

from homeassistant.components.binary_sensor import (
    BinarySensorDeviceClass,
    BinarySensorEntity,
)
from homeassistant.components.button import ButtonEntity
from homeassistant.components.event import EventEntity
from homeassistant.components.number import NumberDeviceClass, NumberEntity, NumberMode
from homeassistant.components.switch import SwitchEntity
from homeassistant.const import EntityCategory, Platform, UnitOfTemperature
from homeassistant.core import callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .coordinator import RigConfigEntry, RigCoordinator
from .coordinator.protecting import Protecting
from .coordinator.protection_choices import LIMIT, MEMORY_LIMIT, RESUME_BELOW, stop_of
from .entity import CATEGORIES, RigEntity, async_add_as_they_appear
from .known_parts import KnownPart
from .model import RIG, Action, Category, PartEvent
from .protection.data import PROTECTION
from .protection.limits import HIGHEST_LIMIT, LOWEST_LIMIT
from .readings import MEMORY_TEMPERATURE, MINING_ALLOWED

SWITCH: Final = "thermal_protection"
OVERHEATING: Final = "overheating"
TEST: Final = Action("protection_test", Category.CONFIG)
RESET: Final = Action("protection_reset", Category.CONFIG)


async def async_add_protection(
    entry: RigConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
    platform: Platform,
) -> None:
    """Add the entities of a platform to a rig that can be protected."""
    coordinator = entry.runtime_data
    if not coordinator.kind.draws_power:
        return

    def offered(part: KnownPart) -> Iterable[str]:
        return _keys(coordinator, platform) if part.key == RIG else ()

    await async_add_as_they_appear(
        entry, async_add_entities, offered, _MAKERS[platform], lambda key: key
    )


def _keys(coordinator: RigCoordinator, platform: Platform) -> Iterable[str]:
    """Return the keys of the entities that a rig has on a platform.

    Some are of use only where protection was ever switched on.
    """
    parts = coordinator.known_parts.parts
    was_used = coordinator.protection.choices.was_used
    match platform:
        case Platform.SWITCH:
            yield SWITCH
        case Platform.BINARY_SENSOR:
            yield OVERHEATING
        case Platform.EVENT if was_used:
            yield PROTECTION.key
        case Platform.NUMBER:
            yield from (LIMIT, RESUME_BELOW)
            memory = MEMORY_TEMPERATURE.plain
            if any(memory in part.channels for part in parts.values()):
                yield MEMORY_LIMIT
        case Platform.BUTTON:
            if was_used:
                yield RESET.key
            stop = stop_of(parts[RIG].controls)
            # Nothing reads back that the power of an ASIC is off, and it boots for long.
            if stop is not None and stop.channel.key == MINING_ALLOWED.key:
                yield TEST.key


class _ProtectionEntity(RigEntity):
    """Something of the protection of a rig."""

    def __init__(self, coordinator: RigCoordinator, part: KnownPart, key: str) -> None:
        """Take texts and ids from the key."""
        super().__init__(coordinator, part, key)
        self._key = key
        self._attr_translation_key = key

    @property
    def _protection(self) -> Protecting:
        return self.coordinator.protection

    @property
    @override
    def available(self) -> bool:
        """Protection is there whether the rig answers or not."""
        return True


class ProtectionSwitch(_ProtectionEntity, SwitchEntity):
    """Whether the rig is protected."""

    _attr_entity_category = EntityCategory.CONFIG

    @property
    @override
    def is_on(self) -> bool:
        """Return whether it is switched on."""
        return self._protection.is_on

    @override
    def _seen(self) -> tuple[Any, ...]:
        return (self.is_on,)

    @override
    async def async_turn_on(self, **kwargs: Any) -> None:
        """Switch it on, or refuse where something is missing."""
        await self._protection.async_switch_on()

    @override
    async def async_turn_off(self, **kwargs: Any) -> None:
        """Switch it off; what it stopped stays off."""
        await self._protection.async_switch_off()


class OverheatingSensor(_ProtectionEntity, BinarySensorEntity):
    """Whether a part is too hot; unknown while protection is off."""

    _attr_device_class = BinarySensorDeviceClass.HEAT

    @property
    @override
    def is_on(self) -> bool | None:
        """Return whether a part is too hot, or has yet to cool."""
        return self._protection.is_overheating

    @override
    def _seen(self) -> tuple[Any, ...]:
        return (self.is_on,)


class ProtectionNumber(_ProtectionEntity, NumberEntity):
    """A limit in °C."""

    _attr_entity_category = EntityCategory.CONFIG
    _attr_device_class = NumberDeviceClass.TEMPERATURE
    _attr_native_unit_of_measurement = UnitOfTemperature.CELSIUS
    _attr_native_min_value = LOWEST_LIMIT
    _attr_native_max_value = HIGHEST_LIMIT
    _attr_native_step = 1
    _attr_mode = NumberMode.BOX

    @property
    @override
    def native_value(self) -> float | None:
        """Return what was chosen, else the default of the hardware."""
        return self._protection.choices.value(self._key)

    @override
    def _seen(self) -> tuple[Any, ...]:
        return (self.native_value,)

    @override
    async def async_set_native_value(self, value: float) -> None:
        """Choose another one."""
        await self._protection.async_set(self._key, value)


class ProtectionButton(_ProtectionEntity, ButtonEntity):
    """The test of the pause, and the end of a latch."""

    _attr_entity_category = CATEGORIES[TEST.category]

    @override
    async def async_press(self) -> None:
        """Press it."""
        if self._key == TEST.key:
            await self._protection.async_test()
        else:
            await self._protection.async_reset()


class ProtectionEvent(_ProtectionEntity, EventEntity):
    """What protection has done or noticed."""

    _attr_event_types = list(PROTECTION.types)

    @override
    async def async_added_to_hass(self) -> None:
        """Listen, and trigger the events that waited for the entity."""
        await super().async_added_to_hass()
        self.async_on_remove(
            self.coordinator.events.async_listen(
                self._part_key, PROTECTION, self._event_reported
            )
        )

    @callback
    def _event_reported(self, event: PartEvent) -> None:
        self._trigger_event(event.type, dict(event.attributes))
        self.async_write_ha_state()


_MAKERS: Final = {
    Platform.SWITCH: ProtectionSwitch,
    Platform.BINARY_SENSOR: OverheatingSensor,
    Platform.NUMBER: ProtectionNumber,
    Platform.BUTTON: ProtectionButton,
    Platform.EVENT: ProtectionEvent,
}
