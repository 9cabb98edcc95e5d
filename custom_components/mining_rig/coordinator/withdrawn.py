"""Removes what the owner's options added to a rig, once they do so no more."""

from typing import Protocol

from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er

from ..const import DOMAIN
from ..known_parts import KnownParts
from ..model import RIG
from ..readings import MINING_ALLOWED, WATCHDOG
from .devices import RigDevices
from .starter import STARTER_CONTROL, Starter
from .watching import Watching


class Rig(Protocol):
    """What is read of the coordinator."""

    hass: HomeAssistant
    devices: RigDevices
    starter: Starter
    watching: Watching

    @property
    def known_parts(self) -> KnownParts:
        """What the rig is made of."""


def async_withdraw(coordinator: Rig) -> bool:
    """Forget the switch and the events that are not wanted; return whether any was."""
    if (rig := coordinator.known_parts.parts.get(RIG)) is None:
        return False
    gone: list[tuple[Platform, str]] = []
    channel = MINING_ALLOWED.plain
    if not coordinator.starter.is_set and rig.controls.get(channel) == STARTER_CONTROL:
        rig.forget_control(channel)
        gone += [(Platform.SWITCH, channel.key), (Platform.BINARY_SENSOR, channel.key)]
    if not coordinator.watching.is_on and WATCHDOG.key in rig.events:
        rig.forget_event(WATCHDOG)
        gone.append((Platform.EVENT, WATCHDOG.key))
    registry = er.async_get(coordinator.hass)
    for platform, key in gone:
        unique_id = coordinator.devices.unique_id(RIG, key)
        if entity_id := registry.async_get_entity_id(platform, DOMAIN, unique_id):
            registry.async_remove(entity_id)
    return bool(gone)
