"""The devices of a rig and its parts, and the ids that they and their entities have."""

from collections.abc import Iterable
from dataclasses import replace
import re
from typing import Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.device_registry import ChildDeviceInfo, DeviceInfo

from ..const import CONF_ID_ROOT, CONF_KIND, DOMAIN
from ..known_parts import KnownPart, KnownParts
from ..model import RIG, PartKind, Snapshot
from ..readings import CONNECTED
from ..sources import Kind
from ..sources.common.contract import Source
from ..sources.common.public_text import public_name

_MAC: Final = re.compile(r"[0-9A-F]{2}(?::[0-9A-F]{2}){5}")


class RigDevices:
    """The rig is a device; its parts are inside of it or behind it."""

    def __init__(
        self,
        hass: HomeAssistant,
        entry: ConfigEntry,
        kind: Kind,
        source: Source,
        known_parts: KnownParts,
    ) -> None:
        """Bind to an entry; nothing is registered yet."""
        self._registry = dr.async_get(hass)
        self._entry = entry
        self._kind = kind
        self._source = source
        self._known_parts = known_parts
        self.id_root: str = entry.data[CONF_ID_ROOT]
        """Every id of the rig begins with it."""
        self._rig_device_id: str | None = None
        self._mac: str | None = None
        self.note_mac((entry.unique_id or "").removeprefix(f"{entry.data[CONF_KIND]}_"))

    @property
    def rig_identifier(self) -> tuple[str, str]:
        """The identifier of the rig's own device."""
        return (DOMAIN, self.id_root)

    def identifier(self, part: str) -> tuple[str, str]:
        """Return the identifier of the device of another part."""
        return (DOMAIN, f"{self.id_root}_{part}")

    def unique_id(self, part: str, key: str) -> str:
        """Return the unique id of an entity of a part."""
        return f"{self.id_root}_{part}_{key}"

    def part_of(self, device: dr.AnyDeviceEntry) -> str | None:
        """Return the key of the part that a device stands for; None for the rig's."""
        return next(
            (
                key
                for key in self._known_parts.parts
                if self.identifier(key) in device.identifiers
            ),
            None,
        )

    @property
    def mac(self) -> str | None:
        """The MAC address of the rig, where it is known."""
        return self._mac

    def note_mac(self, rig_id: str | None) -> bool:
        """Take a rig's id that is its MAC address; return whether it is a new one.

        By it, Home Assistant follows the rig to another address.
        """
        if rig_id is None or rig_id == self._mac or not _MAC.fullmatch(rig_id):
            return False
        self._mac = rig_id
        return True

    @callback
    def async_register_rig(self) -> None:
        """Create the rig's own device, or update it."""
        rig = self._known_parts.parts.get(RIG) or KnownPart(kind=PartKind.RIG, key=RIG)
        device = self._registry.async_get_or_create(
            config_entry_id=self._entry.entry_id,
            identifiers={self.rig_identifier},
            connections=(
                {(dr.CONNECTION_NETWORK_MAC, dr.format_mac(self._mac))}
                if self._mac
                else set()
            ),
            name=self._entry.title,
            manufacturer=(
                rig.manufacturer
                or self._kind.manufacturer
                or self._known_parts.manufacturer
            ),
            model=self._known_parts.hardware or rig.model,
            sw_version=self._version(rig),
            serial_number=rig.serial,
            # A pool's account or a proxy is no machine.
            entry_type=(None if self._kind.draws_power else dr.DeviceEntryType.SERVICE),
            configuration_url=self._source.address,
        )
        self._rig_device_id = device.id

    def _version(self, rig: KnownPart) -> str | None:
        """Return the program and its version: `XMRig 6.26.0`."""
        if rig.version is None or self._kind.program is None:
            return rig.version
        return f"{self._kind.program} {rig.version}"

    @callback
    def async_remove(self, parts: Iterable[str]) -> None:
        """Remove the devices of parts that are gone for good."""
        for key in parts:
            identifier = self.identifier(key)
            device = self._registry.async_get_child_device_by_identifier(
                identifier, self._entry.entry_id
            ) or self._registry.async_get_device_by_identifier(
                identifier, self._entry.entry_id
            )
            if device is not None:
                self._registry.async_remove_device(device.id)

    def info(self, part: KnownPart) -> DeviceInfo | ChildDeviceInfo:
        """Return the device of a part; the rig's own has to be registered."""
        if part.key == RIG:
            return DeviceInfo(identifiers={self.rig_identifier})
        assert self._rig_device_id is not None
        identifiers = {self.identifier(part.key)}
        # A name that was stored by an earlier version may be a wallet.
        own_name = public_name(part.name)
        if part.kind.stands_alone:
            label = own_name or public_name(part.key) or str(part.number)
            return DeviceInfo(
                identifiers=identifiers,
                name=f"{self._entry.title} {label}",
                manufacturer=part.manufacturer,
                model=part.model,
                sw_version=part.version,
                serial_number=part.serial,
                via_device_id=self._rig_device_id,
            )
        # A child device has no model of its own, so its name carries it.
        name = own_name or public_name(part.model)
        named = "named" if name else "plain"
        numbered = part.kind is not PartKind.CPU
        return ChildDeviceInfo(
            identifiers=identifiers,
            parent_device_id=self._rig_device_id,
            translation_key=f"{part.kind}_{named}",
            translation_placeholders={
                **({"name": name} if name else {}),
                **({"number": str(part.number)} if numbered else {}),
            },
        )


def without_forgotten(snapshot: Snapshot, forgotten: set[str]) -> Snapshot:
    """Leave out the parts that the owner removed, until they connect again.

    Those that are connected are taken out of `forgotten`.
    """
    if not (found := forgotten & snapshot.parts.keys()):
        return snapshot
    parts = {**snapshot.parts}
    for key in found:
        if parts[key].get(CONNECTED.plain) is False:
            del parts[key]
        else:
            forgotten.discard(key)
    return replace(snapshot, parts=parts)
