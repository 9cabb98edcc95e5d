"""The settings of AxeOS that are controls: where they are, how they are written."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from ...model import Channel, Control, Value
from ...readings import (
    CORE_CLOCK_SET,
    CORE_VOLTAGE_SET,
    FAN_AUTO,
    FAN_LEVEL_SET,
    TEMPERATURE_TARGET,
)
from ..common.contract import CommandRefused, JsonObject
from ..common.decoding import Fields, Values
from . import readings
from .parse import read_flag

_SLOW: Final = 15.0
"""Seconds in which a changed clock is in force."""
_LARGEST: Final = 65535
_VOLTS: Final = 0.001
_CURVE: Final = 1
"""`autofanspeed` for the fan curve; NerdQAxe has others, all of them automatic."""

type Limits = dict[str, Sequence[float]]
"""The values that a board is made for, by the key of `/api/system/asic`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One key of a PATCH."""

    channel: Channel[Any]
    keys: tuple[str, ...]
    """The names of the key; the first that an answer has is used."""
    minimum: float = 0
    maximum: float = 100
    step: float = 1
    scale: float = 1
    """What a unit on the wire is in the reading's inner unit."""
    limits: str | None = None
    """The key of the board's own values."""
    is_flag: bool = False
    manual_only: bool = False
    """It has an effect only while the fan is not automatic."""
    confirm_within: float = 6.0

    def key(self, fields: Fields) -> str | None:
        """Return the name of the key in an answer, None where it has none."""
        return next((key for key in self.keys if fields.has(key)), None)

    def read(self, fields: Fields, key: str) -> Value | None:
        """Return the value in the inner unit."""
        if self.is_flag:
            mode = fields.count(key)
            return read_flag(fields, key) if mode is None else mode > 0
        value = fields.number(key, minimum=min(self.minimum, 0), maximum=1e6)
        if value is None or self.scale == 1:
            return value
        return round(value * self.scale, 6)

    def to_wire(self, value: Value) -> float:
        """Return what is sent for a value."""
        if self.is_flag:
            return _CURVE if value else 0
        assert isinstance(value, int | float)
        sent = value / self.scale
        return round(sent) if abs(sent - round(sent)) < 1e-6 else sent


SETTINGS: Final = (
    Setting(
        channel=CORE_CLOCK_SET.plain,
        keys=("frequency",),
        limits="frequencyOptions",
        confirm_within=_SLOW,
    ),
    Setting(
        channel=CORE_VOLTAGE_SET.plain,
        keys=("coreVoltage",),
        limits="voltageOptions",
        scale=_VOLTS,
        step=10 * _VOLTS,
        confirm_within=_SLOW,
    ),
    Setting(channel=FAN_AUTO.plain, keys=("autofanspeed",), is_flag=True),
    Setting(
        channel=FAN_LEVEL_SET.plain,
        keys=("manualFanSpeed", "fanspeed"),
        manual_only=True,
    ),
    Setting(channel=readings.MINIMUM_FAN.plain, keys=("minFanSpeed",), maximum=99),
    Setting(
        channel=TEMPERATURE_TARGET.plain,
        keys=("temptarget", "pidTargetTemp"),
        minimum=35,
        maximum=66,
    ),
    Setting(
        channel=readings.DISPLAY_TIMEOUT.plain,
        keys=("displayTimeout",),
        minimum=-1,
        maximum=_LARGEST,
    ),
)
BY_CHANNEL: Final = {setting.channel: setting for setting in SETTINGS}


def put_settings(
    values: Values,
    fields: Fields,
    limits: Limits,
    *,
    writable: bool,
    tuning: bool,
) -> dict[Channel[Any], Control[Any]]:
    """Add the values of the settings; return the controls of those that can be set.

    `tuning`: the owner allows clock and voltage, whose values are the board's own.
    """
    controls: dict[Channel[Any], Control[Any]] = {}
    is_automatic = bool(fields.raw("autofanspeed"))
    for setting in SETTINGS:
        if (key := setting.key(fields)) is None:
            continue
        values.put(setting.channel, setting.read(fields, key))
        if not writable or (setting.manual_only and is_automatic):
            continue
        minimum, maximum = setting.minimum, setting.maximum
        if setting.limits is not None:
            allowed = limits.get(setting.limits)
            if not tuning or not allowed:
                continue
            minimum, maximum = (
                round(value * setting.scale, 6)
                for value in (min(allowed), max(allowed))
            )
        controls[setting.channel] = Control(
            channel=setting.channel,
            minimum=minimum,
            maximum=maximum,
            step=setting.step,
            confirm_within=setting.confirm_within,
        )
    return controls


def patch(
    setting: Setting, value: Value, fields: Fields, limits: Limits
) -> JsonObject | None:
    """Return the body that sets a value, None where it stands already.

    Each write wears the flash memory. Raises CommandRefused for a value that is not
    one of the board's own.
    """
    if (key := setting.key(fields)) is None:
        raise CommandRefused("not_offered")
    sent = setting.to_wire(value)
    if setting.limits is not None and sent not in limits.get(setting.limits, ()):
        offered = ", ".join(
            f"{allowed * setting.scale:g}" for allowed in limits.get(setting.limits, ())
        )
        raise CommandRefused("axeos_not_the_boards", {"values": offered or "-"})
    present = setting.read(fields, key)
    if present is not None and setting.to_wire(present) == sent:
        return None
    if setting.is_flag and present == value:
        return None
    return {key: sent}


def read_limits(fields: Fields) -> Limits:
    """Return the board's own values of an answer to `/api/system/asic`."""
    limits: Limits = {}
    for setting in SETTINGS:
        if setting.limits is None:
            continue
        found = fields.raw(setting.limits)
        values = [
            value
            for value in (found if isinstance(found, list) else [])[:64]
            if type(value) in (int, float) and 0 < value <= _LARGEST
        ]
        if values:
            limits[setting.limits] = values
    return limits
