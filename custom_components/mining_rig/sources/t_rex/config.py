"""T-Rex's configuration: its settings, and what may be changed.

Answers have names with underscores or dashes, requests need dashes. Some settings take
effect at once, most after a restart. A change survives a restart only where the miner
was started with a configuration file.
"""

from collections.abc import Iterator
from dataclasses import dataclass
import re
from typing import Any, Final

from ...model import Control, Value
from ..common import settings
from ..common.contract import CommandRefused, JsonObject
from ..common.decoding import Fields
from ..common.settings import Settings, by_channel, read_flag
from . import readings

FILE: Final = "config"
"""The key with the name of the file on the rig to which changes are written."""

_COOLEST_LIMIT: Final = 40
_HOTTEST_LIMIT: Final = 100
_LONGEST_WINDOW: Final = 86_400
_LONGEST_TIME_LIMIT: Final = 30 * 86_400
_HOTTEST: Final = 200

_NUMBER: Final = re.compile(r"\d{1,9}(?:\.\d{1,9})?")
_FILE_NAME: Final = re.compile(r"\w[\w. -]{0,99}\.(?:cfg|conf|json|txt)", re.ASCII)
"""A file in the miner's folder that is not a program."""

# Words of a key.
_SECRETS: Final = frozenset(
    ("key", "pass", "password", "pkey", "secret", "token", "user", "wallet")
)
_LOCKED: Final = frozenset(
    (
        "dns-https-server",
        "log-path",
        "no-strict-ssl",
        "pass",
        "password",
        "pool",
        "pools",
        "proxy",
        "url",
        "user",
        "wallet",
    )
)
# The API itself, and programs that the miner starts.
_LOCKED_PREFIXES: Final = ("api-", "script-")


# ---- settings that are one key each


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting(settings.Setting):
    """A key of the configuration that a control writes."""

    at_once: bool = False
    """The handler for commands accepts it, too: it takes effect without a restart."""
    kept: bool = True
    """It may be written into the configuration, to last after a restart."""

    @property
    def key(self) -> str:
        """The key, which is never inside another object."""
        return self.path[0]


def to_text(value: Value) -> str:
    """Return a flag or a number as T-Rex accepts it: "True" has no effect."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(round(value)) if isinstance(value, int | float) else str(value)


def _limit(fields: Fields, path: tuple[str, ...]) -> float | None:
    """Read a temperature; 0 means that there is no limit."""
    return fields.positive(*path, maximum=_HOTTEST)


def _seconds(fields: Fields, path: tuple[str, ...]) -> float | None:
    return fields.number(*path)


SETTINGS: Final = by_channel(
    # Never 0, which would switch off the miner's own protection.
    Setting(
        control=Control(
            channel=readings.TEMPERATURE_LIMIT.plain,
            minimum=_COOLEST_LIMIT,
            maximum=_HOTTEST_LIMIT,
        ),
        path=("temperature-limit",),
        read=_limit,
    ),
    Setting(
        control=Control(
            channel=readings.TEMPERATURE_START.plain,
            minimum=_COOLEST_LIMIT,
            maximum=_HOTTEST_LIMIT,
        ),
        path=("temperature-start",),
        read=_limit,
    ),
    Setting(
        control=Control(
            channel=readings.HASHRATE_WINDOW.plain,
            minimum=1,
            maximum=_LONGEST_WINDOW,
        ),
        path=("hashrate-avr",),
        read=_seconds,
        at_once=True,
    ),
    # In the configuration, it would end the miner again after each start.
    Setting(
        control=Control(channel=readings.TIME_LIMIT.plain, maximum=_LONGEST_TIME_LIMIT),
        path=("time-limit",),
        read=_seconds,
        at_once=True,
        kept=False,
    ),
    Setting(
        control=Control(channel=readings.PROTOCOL_DUMP.plain),
        path=("protocol-dump",),
        read=read_flag,
        at_once=True,
    ),
    Setting(
        control=Control(channel=readings.NO_COLOR.plain),
        path=("no-color",),
        read=read_flag,
        at_once=True,
    ),
)


def parse_config(config: JsonObject) -> Settings:
    """Read the settings; those that are missing can be written, too."""
    named = {dashed(key): _typed(value) for key, value in config.items()}
    fields = Fields(named, "config")
    found = Settings(read_only=fields.raw("api-read-only") is True)
    for setting in SETTINGS.values():
        found.offer(setting.control, setting.read(fields, setting.path))
    found.unparsed = tuple(fields.unparsed)
    return found


def dashed(key: str) -> str:
    """Return a key as requests need it."""
    return key.strip().lower().replace("_", "-")


def _typed(value: Any) -> Any:
    """Return the value of a text: configuration files may have "75" and "true"."""
    match value:
        case "true" | "false":
            return value == "true"
        case str() if _NUMBER.fullmatch(value):
            return float(value) if "." in value else int(value)
    return value


# ---- the whole configuration, for administrators


def redacted(config: JsonObject) -> JsonObject:
    """Return a copy without keys, passwords, users and wallets."""
    copy: JsonObject = settings.redacted(config, _is_secret)
    return copy


def _is_secret(key: str) -> bool:
    """Return whether a key has a secret word; `user2` is of the second algorithm."""
    words = {part.rstrip("0123456789") for part in dashed(key).split("-")}
    return not words.isdisjoint(_SECRETS)


def to_send(changes: JsonObject) -> JsonObject:
    """Return changes as the miner accepts them.

    Raises CommandRefused for keys that could lock the owner out, move money or start
    programs.
    """
    for key in _every_key(changes):
        plain = dashed(key).rstrip("0123456789")
        if plain in _LOCKED or plain.startswith(_LOCKED_PREFIXES):
            raise CommandRefused("config_key_refused", {"key": key})
    sent = {dashed(key): value for key, value in changes.items()}
    name = sent.get(FILE, "t.conf")
    if not isinstance(name, str) or not _FILE_NAME.fullmatch(name):
        raise CommandRefused("t_rex_file_name")
    return sent


def _every_key(changes: Any) -> Iterator[str]:
    match changes:
        case dict():
            for key, value in changes.items():
                yield key
                yield from _every_key(value)
        case list():
            for item in changes:
                yield from _every_key(item)


def missing(config: JsonObject, changes: JsonObject) -> list[str]:
    """Return the keys of sent changes that a configuration does not show."""
    shown = {dashed(key): value for key, value in config.items()}
    return [
        key
        for key, value in changes.items()
        if key != FILE and not _same(shown.get(key), value)
    ]


def _same(found: Any, wanted: Any) -> bool:
    """Return whether two values are equal, also as texts: 75 and "75"."""
    return bool(found == wanted or _typed(found) == _typed(wanted))
