"""Settings that a miner keeps in its configuration, for all miners that have one.

A source declares a table of `Setting`; the rest is here: reading them from a
configuration, offering their controls, reading the configuration every few minutes, and
showing it without secrets.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from ...model import Channel, Control, Value
from .contract import JsonObject, SourceError
from .decoding import Fields, Values
from .poll_budget import PollBudget
from .poll_timer import CommandWindow, PollTimer

REDACTED: Final = "**REDACTED**"

_READ_EVERY: Final = timedelta(minutes=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One value of a configuration that a control writes."""

    control: Control[Any]
    path: tuple[str, ...]
    """The keys that lead to the value in the configuration."""
    read: Callable[[Fields, tuple[str, ...]], Value | None]
    """Returns the value at the path; None where it is missing or unusable."""

    def is_in(self, fields: Fields) -> bool:
        """Return whether the configuration has the key, even with null."""
        *parents, key = self.path
        parent = fields.raw(*parents)
        return isinstance(parent, dict) and key in parent


def by_channel[S: Setting](*settings: S) -> Mapping[Channel[Any], S]:
    """Return a table of settings by the channel of their controls."""
    return {setting.control.channel: setting for setting in settings}


def read_flag(fields: Fields, path: tuple[str, ...]) -> bool | None:
    """Read true or false."""
    return fields.flag(*path)


@dataclass(slots=True, kw_only=True)
class Settings:
    """The settings of a configuration: their values and the controls for them."""

    values: Values = field(default_factory=Values)
    controls: dict[Channel[Any], Control[Any]] = field(default_factory=dict)
    read_only: bool = False
    """The configuration says that the miner takes no commands."""
    unparsed: tuple[str, ...] = ()

    def offer(self, control: Control[Any], value: Value | None) -> None:
        """Add a control with its value, which may be unknown."""
        self.controls[control.channel] = control
        self.values.put(control.channel, value)


def read_settings(fields: Fields, table: Mapping[Channel[Any], Setting]) -> Settings:
    """Return the settings whose keys a configuration has."""
    settings = Settings()
    for setting in table.values():
        if setting.is_in(fields):
            settings.offer(setting.control, setting.read(fields, setting.path))
    settings.unparsed = tuple(fields.unparsed)
    return settings


class ConfigReader:
    """Reads a configuration every five minutes, and at each poll after a command.

    Settings that were read hold until a later answer shows others, however many
    requests fail in between.
    """

    def __init__(
        self,
        fetch: Callable[[], Awaitable[JsonObject]],
        parse: Callable[[JsonObject], Settings],
        window: CommandWindow,
    ) -> None:
        """Take the request, which raises a SourceError, and the parser."""
        self._fetch = fetch
        self._parse = parse
        self._window = window
        self._timer = PollTimer()
        self.settings = Settings()
        """The settings that were read last; empty where none are known."""

    def make_due(self) -> None:
        """Read the configuration at the next poll; the settings hold until then."""
        self._timer.make_due()

    def forget(self) -> None:
        """Drop the settings and read them at the next poll that may."""
        self.settings = Settings()
        self._timer.make_due()

    async def read(self, now: datetime, budget: PollBudget) -> bool:
        """Read the configuration if it is due; return whether nothing failed."""
        if not (self._timer.is_due(now) or self._window.is_open):
            return True
        try:
            config = await budget.extra(self._fetch())
        except SourceError, TimeoutError:
            self._timer.failed(now)
            return False
        self.settings = self._parse(config)
        self._timer.succeeded(now, _READ_EVERY)
        return True


def redacted(value: Any, is_secret: Callable[[str], bool]) -> Any:
    """Return a copy without the values of secret keys and without users in URLs."""
    match value:
        case dict():
            return {
                key: REDACTED
                if found and is_secret(key)
                else redacted(found, is_secret)
                for key, found in value.items()
            }
        case list():
            return [redacted(item, is_secret) for item in value]
        case str() if "@" in value:
            return _without_user(value)
    return value


def _without_user(url: str) -> str:
    """Return a URL without the user in front of its host."""
    scheme, separator, rest = url.rpartition("://")
    return f"{scheme}{separator}{rest.rpartition('@')[2]}"
