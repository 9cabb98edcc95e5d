"""Switches: controls that are on or off."""

from typing import Any, Final, override

from homeassistant.components.switch import SwitchDeviceClass, SwitchEntity
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .coordinator import RigConfigEntry, RigCoordinator
from .coordinator.protection_choices import is_stop
from .entity import ControlEntity, async_add_as_they_appear, channel_key, controls_of
from .farm.coordinator import FarmConfigEntry
from .farm.entry import is_farm
from .farm.switch import FarmSwitch
from .known_parts import KnownPart
from .model import Channel
from .protection_entities import async_add_protection

# An "off" must not wait until the "on" before it is confirmed.
PARALLEL_UPDATES: Final = 0


async def async_setup_entry(
    hass: HomeAssistant,
    entry: RigConfigEntry | FarmConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Set up the rig's switches, or the farm's one."""
    if is_farm(entry):
        async_add_entities([FarmSwitch(entry.runtime_data)])
        return
    await async_add_as_they_appear(
        entry, async_add_entities, controls_of(Platform.SWITCH), RigSwitch, channel_key
    )
    await async_add_protection(entry, async_add_entities, Platform.SWITCH)


class RigSwitch(ControlEntity, SwitchEntity):
    """A control that is on or off; it shows what the rig reports.

    What lets a part work or not has a device class, by which automations and dashboards
    find it.
    """

    def __init__(
        self, coordinator: RigCoordinator, part: KnownPart, channel: Channel[Any]
    ) -> None:
        """Bind to the control."""
        super().__init__(coordinator, part, channel)
        if is_stop(channel):
            self._attr_device_class = SwitchDeviceClass.SWITCH

    @property
    @override
    def is_on(self) -> bool | None:
        """Return the value, None while it is not known."""
        value = self._value
        return value if isinstance(value, bool) else None

    @override
    async def async_turn_on(self, **kwargs: Any) -> None:
        """Turn on and return when it is."""
        await self._async_order(True)

    @override
    async def async_turn_off(self, **kwargs: Any) -> None:
        """Turn off and return when it is."""
        await self._async_order(False)
