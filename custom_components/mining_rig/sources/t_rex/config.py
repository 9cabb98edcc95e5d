"""T-Rex's configuration: what can be set, how it is read, what may be changed.

Wire facts: names are told with underscores or dashes and written with dashes. Some
settings act at once, most after a restart. What was changed is kept on the rig only
where the miner was started with a configuration file.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
import re
from typing import Any, Final

from ...model import Channel, Control, Value
from ..common.contract import CommandRefused, JsonObject
from ..common.decoding import Fields, Values
from . import readings

REDACTED: Final = "**REDACTED**"

FILE: Final = "config"
"""The key that names the file on the rig to write to."""

_COOLEST_LIMIT: Final = 40
_HOTTEST_LIMIT: Final = 100
_LONGEST_WINDOW: Final = 86_400
_LONGEST_TIME_LIMIT: Final = 30 * 86_400
_HOTTEST: Final = 200

_NUMBER: Final = re.compile(r"\d{1,9}(?:\.\d{1,9})?")
_FILE_NAME: Final = re.compile(r"\w[\w. -]{0,99}\.(?:cfg|conf|json|txt)", re.ASCII)
"""A file of the miner's folder that is no program."""

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
# The door of the API itself, and programs that the miner starts.
_LOCKED_BEGINNINGS: Final = ("api-", "script-")


# ---- settings that are one key each


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """A key of the configuration that a control writes."""

    control: Control[Any]
    key: str
    read: Callable[[Fields, str], Value | None]
    at_once: bool = False
    """The handler for commands takes it, too; then it acts without a restart."""
    kept: bool = True
    """It may be written into the configuration, to hold after a restart."""


def word(value: Value) -> str:
    """Return a flag or a number as T-Rex takes it: "True" does nothing."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(round(value)) if isinstance(value, int | float) else str(value)


def _limit(fields: Fields, key: str) -> float | None:
    """Read a temperature; 0 says that there is no limit."""
    return fields.positive(key, maximum=_HOTTEST)


def _seconds(fields: Fields, key: str) -> float | None:
    return fields.number(key)


def _flag(fields: Fields, key: str) -> bool | None:
    return fields.flag(key)


SETTINGS: Final[Mapping[Channel[Any], Setting]] = {
    setting.control.channel: setting
    for setting in (
        # Never 0: that would switch the miner's own protection off.
        Setting(
            control=Control(
                channel=readings.TEMPERATURE_LIMIT.plain,
                minimum=_COOLEST_LIMIT,
                maximum=_HOTTEST_LIMIT,
            ),
            key="temperature-limit",
            read=_limit,
        ),
        Setting(
            control=Control(
                channel=readings.TEMPERATURE_START.plain,
                minimum=_COOLEST_LIMIT,
                maximum=_HOTTEST_LIMIT,
            ),
            key="temperature-start",
            read=_limit,
        ),
        Setting(
            control=Control(
                channel=readings.HASHRATE_WINDOW.plain,
                minimum=1,
                maximum=_LONGEST_WINDOW,
            ),
            key="hashrate-avr",
            read=_seconds,
            at_once=True,
        ),
        # Kept, it would end the miner again after each start.
        Setting(
            control=Control(
                channel=readings.TIME_LIMIT.plain, maximum=_LONGEST_TIME_LIMIT
            ),
            key="time-limit",
            read=_seconds,
            at_once=True,
            kept=False,
        ),
        Setting(
            control=Control(channel=readings.PROTOCOL_DUMP.plain),
            key="protocol-dump",
            read=_flag,
            at_once=True,
        ),
        Setting(
            control=Control(channel=readings.NO_COLOR.plain),
            key="no-color",
            read=_flag,
            at_once=True,
        ),
    )
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What the configuration says of the settings, and which can be written."""

    values: Values = field(default_factory=Values)
    controls: Mapping[Channel[Any], Control[Any]] = field(default_factory=dict)
    read_only: bool = False
    """The miner says that it takes no commands."""
    unparsed: tuple[str, ...] = ()


def parse_config(config: JsonObject) -> Settings:
    """Read the settings; one that is not told can be written all the same."""
    named = {dashed(key): _typed(value) for key, value in config.items()}
    fields = Fields(named, "config")
    values = Values()
    for channel, setting in SETTINGS.items():
        values.put(channel, setting.read(fields, setting.key))
    return Settings(
        values=values,
        controls={channel: setting.control for channel, setting in SETTINGS.items()},
        read_only=fields.raw("api-read-only") is True,
        unparsed=tuple(fields.unparsed),
    )


def dashed(key: str) -> str:
    """Return a key in its written form."""
    return key.strip().lower().replace("_", "-")


def _typed(value: Any) -> Any:
    """Return what a text stands for: files may hold "75" and "true"."""
    match value:
        case "true" | "false":
            return value == "true"
        case str() if _NUMBER.fullmatch(value):
            return float(value) if "." in value else int(value)
    return value


# ---- the whole configuration, for administrators


def redacted(value: Any, key: str = "") -> Any:
    """Return a copy without keys, passwords, users and wallets."""
    match value:
        case dict():
            return {name: redacted(found, name) for name, found in value.items()}
        case list():
            return [redacted(item, key) for item in value]
        case _ if value and _plain_name(key) & _SECRETS:
            return REDACTED
        case str() if "@" in value:
            scheme, divider, rest = value.rpartition("://")
            return f"{scheme}{divider}{rest.rpartition('@')[2]}"
    return value


def _plain_name(key: str) -> frozenset[str]:
    """Return the words of a key; `user2` belongs to the second algorithm."""
    return frozenset(part.rstrip("0123456789") for part in dashed(key).split("-"))


def to_send(changes: JsonObject) -> JsonObject:
    """Return changes as the miner takes them.

    Raises CommandRefused for keys that could lock the owner out, move money or start
    programs.
    """
    for key in _every_key(changes):
        plain = dashed(key).rstrip("0123456789")
        if plain in _LOCKED or plain.startswith(_LOCKED_BEGINNINGS):
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
    """Tell whether two values mean the same: 75 and "75", true and "true"."""
    return bool(found == wanted or _typed(found) == _typed(wanted))
