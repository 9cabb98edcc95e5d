"""The switch of a farm: whether its rigs are to mine."""

from typing import Any, override

from homeassistant.components.switch import SwitchEntity
from homeassistant.core import callback

from ..readings import MINING_ALLOWED
from .coordinator import FarmCoordinator
from .entity import FarmEntity


class FarmSwitch(FarmEntity, SwitchEntity):
    """On if any rig is to mine; off goes to all at once, on to one after another."""

    def __init__(self, farm: FarmCoordinator) -> None:
        """Bind to a farm."""
        super().__init__(farm, MINING_ALLOWED.key)
        self._attr_translation_key = MINING_ALLOWED.key
        self._seen: tuple[bool, bool | None] | None = None

    @property
    @override
    def available(self) -> bool:
        """It can be used while any rig takes orders."""
        return super().available and self.coordinator.orders.can_switch()

    @property
    @override
    def is_on(self) -> bool | None:
        """Return whether any rig is to mine."""
        return self.coordinator.orders.is_on()

    @override
    async def async_turn_on(self, **kwargs: Any) -> None:
        """Begin to start the rigs; the first one starts now."""
        self.coordinator.orders.start_all()

    @override
    async def async_turn_off(self, **kwargs: Any) -> None:
        """Stop all rigs."""
        await self.coordinator.orders.async_stop_all()

    @callback
    @override
    def _handle_coordinator_update(self) -> None:
        if (seen := (self.available, self.is_on)) != self._seen:
            self._seen = seen
            self.async_write_ha_state()
