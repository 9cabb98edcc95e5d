"""Diagnostics: what is needed to find a fault, without secrets."""

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import Any, Final, TypeIs

from homeassistant.components.diagnostics import REDACTED
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import CONF_HOST
from homeassistant.core import HomeAssistant
from homeassistant.helpers.device_registry import AnyDeviceEntry

from .const import CONF_KIND
from .coordinator import RigConfigEntry, RigCoordinator
from .farm.coordinator import FarmConfigEntry
from .farm.diagnostics import farm_diagnostics
from .farm.entry import is_farm
from .known_parts import KnownPart
from .model import RIG, Channel, Control, Part, Value
from .sources import KINDS
from .sources.common.contract import (
    ActionProvider,
    Configured,
    Diagnosed,
    HistoryProvider,
    Polled,
    Pressable,
    Pushed,
    Source,
    Writable,
)
from .sources.common.public_parts import public_value
from .sources.common.public_text import MASK, public_text

type _Json = dict[str, Any]

_CAN: Final = (
    Polled,
    Pushed,
    Writable,
    Pressable,
    Configured,
    HistoryProvider,
    ActionProvider,
)
_SHORTEST_SECRET: Final = 4
"""Characters; a shorter one would be found in every text."""


async def async_get_config_entry_diagnostics(
    hass: HomeAssistant, entry: RigConfigEntry | FarmConfigEntry
) -> _Json:
    """Return what is known of a rig or a farm."""
    return farm_diagnostics(entry) if is_farm(entry) else _diagnostics(entry)


async def async_get_device_diagnostics(
    hass: HomeAssistant, entry: RigConfigEntry | FarmConfigEntry, device: AnyDeviceEntry
) -> _Json:
    """Return what is known of one part of a rig, or of a farm."""
    return farm_diagnostics(entry) if is_farm(entry) else _diagnostics(entry, device)


def _diagnostics(entry: RigConfigEntry, device: AnyDeviceEntry | None = None) -> _Json:
    if entry.state is not ConfigEntryState.LOADED:
        return {"entry": _entry(entry)}
    coordinator = entry.runtime_data
    snapshot = coordinator.data
    report = _Report(_secrets(coordinator))
    parts = coordinator.known_parts.parts
    keys = [*parts] if device is None else [_part_of(coordinator, device)]
    return {
        "entry": _entry(entry),
        "source": {
            "class": type(coordinator.source).__name__,
            "can": [c.__name__ for c in _CAN if isinstance(coordinator.source, c)],
            **report.own(coordinator.source),
        },
        "polling": {
            "online": coordinator.online,
            "readings": coordinator.revision,
            "failed_polls": coordinator.availability.failed_polls,
            "last_accepted": report.value(coordinator.last_accepted),
            "last_error": report.error(coordinator.availability.last_error),
            "stale_after": coordinator.stale_after.total_seconds(),
            "other_rig": coordinator.other_rig is not None,
        },
        "snapshot": {
            "read_only": snapshot.read_only,
            "removed": sorted(map(report.text, snapshot.removed)),
            "unparsed": [report.text(path) for path in snapshot.unparsed],
            "parts": [
                report.part(snapshot.parts[key])
                for key in keys
                if key in snapshot.parts
            ],
        },
        "known_parts": [report.known(parts[key]) for key in keys if key in parts],
    }


def _entry(entry: RigConfigEntry) -> _Json:
    hidden = KINDS[entry.data[CONF_KIND]].secrets | {CONF_HOST}
    report = _Report(_entered(entry))
    return {
        "version": f"{entry.version}.{entry.minor_version}",
        "state": entry.state.value,
        "data": {
            key: REDACTED if key in hidden else report.json(value)
            for key, value in entry.data.items()
        },
        "options": report.json(dict(entry.options)),
        "has_unique_id": entry.unique_id is not None,
    }


def _secrets(coordinator: RigCoordinator) -> list[str]:
    """Return what must not be shown, wherever it stands, the longest first."""
    reported = [
        value
        for part in coordinator.data.parts.values()
        for channel, value in part.values.items()
        if channel.reading.secret
    ]
    return [*_entered(coordinator.config_entry), *filter(_is_text, reported)]


def _entered(entry: RigConfigEntry) -> list[str]:
    """Return the secrets in an entry's data; an id root may contain one."""
    keys = KINDS[entry.data[CONF_KIND]].secrets | {CONF_HOST}
    return [text for key in keys if _is_text(text := entry.data.get(key))]


def _is_text(value: Any) -> TypeIs[str]:
    return isinstance(value, str)


def _part_of(coordinator: RigCoordinator, device: AnyDeviceEntry) -> str:
    """Return the key of the part that a device stands for."""
    return coordinator.devices.part_of(device) or RIG


class _Report:
    """Converts to JSON without what must not be shown."""

    def __init__(self, secrets: Iterable[str]) -> None:
        """Take the texts that are left out wherever they stand."""
        found = {secret for secret in secrets if len(secret) >= _SHORTEST_SECRET}
        self._secrets = sorted(found, key=len, reverse=True)

    def text(self, text: str, channel: Channel[Any] | None = None) -> str:
        """Return a text, such as one of a channel, without the secrets in it."""
        for secret in self._secrets:
            text = text.replace(secret, MASK)
        shown = public_text(text) if channel is None else public_value(channel, text)
        return shown.replace(MASK, REDACTED)

    def json(self, data: Any) -> Any:
        """Return JSON without the secrets in its texts."""
        match data:
            case str():
                return self.text(data)
            case dict():
                return {self.text(str(key)): self.json(v) for key, v in data.items()}
            case list() | tuple():
                return [self.json(item) for item in data]
        return data

    def value(self, value: Value | None, channel: Channel[Any] | None = None) -> Any:
        """Return a value as JSON."""
        match value:
            case str():
                return self.text(value, channel)
            case datetime():
                return value.isoformat()
            case Decimal():
                return str(value)
        return value

    def error(self, error: Exception | None) -> _Json | None:
        """Return what went wrong last."""
        if error is None:
            return None
        return {"type": type(error).__name__, "text": self.text(str(error))}

    def own(self, source: Source) -> _Json:
        """Return the diagnostics of a source, where it has some."""
        if not isinstance(source, Diagnosed):
            return {}
        return {"own": self.json(source.diagnostics())}

    def part(self, part: Part) -> _Json:
        """Return what a part reports now."""
        return {
            **self._facts(part),
            "values": {
                channel.key: (
                    REDACTED if channel.reading.secret else self.value(value, channel)
                )
                for channel, value in part.values.items()
            },
            "controls": [self._control(control) for control in part.controls.values()],
            "actions": [action.key for action in part.actions],
        }

    def known(self, part: KnownPart) -> _Json:
        """Return what a part has ever reported."""
        return {
            **self._facts(part),
            "number": part.number,
            "channels": [channel.key for channel in part.channels],
            "controls": [channel.key for channel in part.controls],
            "actions": [*part.actions],
        }

    def _facts(self, part: Part | KnownPart) -> _Json:
        texts = {"key": part.key, "name": part.name, "model": part.model}
        return {
            "kind": part.kind.value,
            **{k: self.value(v) for k, v in texts.items()},
            "version": part.version,
            "serial": None if part.serial is None else REDACTED,
        }

    def _control(self, control: Control[Any]) -> _Json:
        return {
            "key": control.key,
            "minimum": control.minimum,
            "maximum": control.maximum,
            "step": control.step,
            "options": [
                self.text(option, control.channel) for option in control.options
            ],
        }
