"""What all entities of a farm have in common."""

from typing import override

from homeassistant.helpers.device_registry import DeviceEntryType, DeviceInfo
from homeassistant.helpers.update_coordinator import CoordinatorEntity

from ..const import DOMAIN
from .coordinator import FarmCoordinator


def farm_unique_id(farm: FarmCoordinator, key: str) -> str:
    """Return the unique id of an entity of a farm."""
    return f"{farm.id_root}_farm_{key}"


class FarmEntity(CoordinatorEntity[FarmCoordinator]):
    """Something of a farm."""

    _attr_has_entity_name = True

    def __init__(self, farm: FarmCoordinator, key: str) -> None:
        """Bind to a farm; `key` is the entity's within the farm, for ever."""
        super().__init__(farm)
        self._attr_unique_id = farm_unique_id(farm, key)
        self._attr_device_info = DeviceInfo(
            identifiers={(DOMAIN, farm.id_root)},
            name=farm.name,
            entry_type=DeviceEntryType.SERVICE,
        )

    @property
    @override
    def available(self) -> bool:
        """A farm without rigs, or whose rigs were not tried yet, shows nothing."""
        return self.coordinator.published and bool(self.coordinator.data.members)
