"""Selects: controls with a list of choices."""

from typing import Any, Final, override

from homeassistant.components.select import SelectEntity
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .coordinator import RigConfigEntry
from .entity import ControlEntity, async_add_as_they_appear, channel_key, controls_of

PARALLEL_UPDATES: Final = 1


async def async_setup_entry(
    hass: HomeAssistant,
    entry: RigConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Set up the rig's selects."""
    await async_add_as_they_appear(
        entry, async_add_entities, controls_of(Platform.SELECT), RigSelect, channel_key
    )


class RigSelect(ControlEntity, SelectEntity):
    """A control with choices; those of a rig's own (its pools) may change."""

    @property
    @override
    def options(self) -> list[str]:
        """Return what the rig offers now, or offered last."""
        part = self._part
        control = part.controls.get(self._channel) if part is not None else None
        if control is None:
            known = self.coordinator.known_parts.parts.get(self._part_key)
            control = known.controls.get(self._channel) if known is not None else None
        if control is not None and control.options:
            return list(control.options)
        return list(self._channel.reading.choices)

    @property
    @override
    def current_option(self) -> str | None:
        """Return the choice in force, None where it is none of the options."""
        value = self._value
        return value if isinstance(value, str) and value in self.options else None

    @override
    def _seen(self) -> tuple[Any, ...]:
        return (*super()._seen(), self.options)

    @override
    async def async_select_option(self, option: str) -> None:
        """Choose and return when the rig shows it."""
        await self._async_order(option)
