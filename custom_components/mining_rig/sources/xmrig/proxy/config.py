"""The settings of xmrig-proxy that take effect at once.

`custom-diff` applies to miners that log in later; 0 is none, and 1 to 99 are silently
treated as none, too. `verbose` applies at once. Not offered: `mode`, `bind` and `tls`,
which the proxy shows as they were set although nothing changes before a restart, and
`workers`, which clears the statistics of all workers.
"""

from collections.abc import Iterator
from typing import Final

from ....model import Control
from ...common.contract import CommandRefused, JsonObject
from ...common.decoding import Fields
from ...common.settings import Settings, by_channel, read_settings
from ..config import LOCKED as LOCKED_FOR_ALL, Setting
from . import readings

LOCKED: Final = LOCKED_FOR_ALL | {"access-password", "bind"}
"""Another address or password would lock the miners out as well."""

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
    """Read a flag, which is a level from 0 on in some versions."""
    if isinstance(fields.raw(*path), bool):
        return fields.flag(*path)
    level = fields.count(*path)
    return None if level is None else level > 0


SETTINGS: Final = by_channel(
    Setting(
        control=Control(
            channel=readings.CUSTOM_DIFFICULTY.plain, maximum=_MOST_DIFFICULTY
        ),
        path=("custom-diff",),
        read=_difficulty,
        to_wire=_difficulty_to_wire,
    ),
    Setting(
        control=Control(channel=readings.VERBOSE.plain),
        path=("verbose",),
        read=_verbose,
        to_wire=bool,
    ),
)


def pool_users(config: JsonObject) -> Iterator[str]:
    """Yield the users of the proxy's pools."""
    for pool in Fields(config).each("pools"):
        if (user := pool.text("user")) is not None:
            yield user


def parse_config(config: JsonObject) -> Settings:
    """Read the settings that this version has."""
    return read_settings(Fields(config, "config"), SETTINGS)
