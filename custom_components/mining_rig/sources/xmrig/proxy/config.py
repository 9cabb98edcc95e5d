"""What can be set in xmrig-proxy's configuration so that it takes effect at once.

Wire facts: `custom-diff` holds for the miners that log in from then on, 0 is none, and
1 to 99 are silently none, too; `verbose` holds at once. `mode`, `bind` and `tls` are
shown as they were set, yet nothing changes before a restart. `workers` clears all that
was counted of the workers. None of these is offered.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from ....model import Channel, Control
from ...common.contract import CommandRefused, JsonObject
from ...common.decoding import Fields, Values
from ..config import LOCKED as LOCKED_FOR_ALL, Setting
from . import readings

LOCKED: Final = LOCKED_FOR_ALL | {"access-password", "bind"}
"""Without their address or password, the miners are locked out as well."""

_LEAST_DIFFICULTY: Final = 100
_MOST_DIFFICULTY: Final = 2**31 - 2


def _difficulty(fields: Fields, path: tuple[str, ...]) -> float | None:
    return fields.number(*path, maximum=_MOST_DIFFICULTY)


def _difficulty_to_wire(value: float) -> int:
    difficulty = round(value)
    if 0 < difficulty < _LEAST_DIFFICULTY:
        raise CommandRefused(
            "xmrig_proxy_difficulty", {"minimum": str(_LEAST_DIFFICULTY)}
        )
    return difficulty


def _verbose(fields: Fields, path: tuple[str, ...]) -> bool | None:
    """Read whether it is; some versions have levels."""
    if isinstance(fields.raw(*path), bool):
        return fields.flag(*path)
    level = fields.count(*path)
    return None if level is None else level > 0


SETTINGS: Final[Mapping[Channel[Any], Setting]] = {
    setting.control.channel: setting
    for setting in (
        Setting(
            Control(channel=readings.CUSTOM_DIFFICULTY.plain, maximum=_MOST_DIFFICULTY),
            ("custom-diff",),
            _difficulty,
            _difficulty_to_wire,
        ),
        Setting(Control(channel=readings.VERBOSE.plain), ("verbose",), _verbose, bool),
    )
}


@dataclass(frozen=True, slots=True)
class Settings:
    """What the configuration says of the settings, and which can be written."""

    values: Values = field(default_factory=Values)
    controls: dict[Channel[Any], Control[Any]] = field(default_factory=dict)
    unparsed: tuple[str, ...] = ()


def parse_config(config: JsonObject) -> Settings:
    """Read the settings that this version has."""
    fields = Fields(config, "config")
    values = Values()
    controls: dict[Channel[Any], Control[Any]] = {}
    for channel, setting in SETTINGS.items():
        if setting.path[0] in config:
            controls[channel] = setting.control
            values.put(channel, setting.read(fields, setting.path))
    return Settings(values, controls, tuple(fields.unparsed))
