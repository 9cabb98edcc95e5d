"""Freeze detection: a part that mines and reports the same measurements all the time."""

from datetime import datetime, timedelta
from typing import Any, Final

from ...model import RIG, Quantity
from . import readings
from .log import RATE_READINGS, Log
from .protocol import CPU, RigType

_MEASURED: Final = (Quantity.TEMPERATURE, Quantity.POWER, Quantity.CLOCK)
_FROZEN_AFTER: Final = timedelta(minutes=10)

type _Measurements = dict[str, tuple[Any, ...]]
"""What is measured, by the part that it is compared for."""


class FreezeDetector:
    """Follows the measurements of the parts that mine, from log to log."""

    def __init__(self) -> None:
        """Start without measurements."""
        self._last: dict[str, tuple[tuple[Any, ...], datetime]] = {}
        """The measurements of a part and since when they are the same."""

    def take(
        self, rig_type: RigType, log: Log, now: datetime, *, is_first: bool
    ) -> None:
        """Take a log; `is_first` is true for the first one after an interruption."""
        before = {} if is_first else self._last
        self._last = {
            part: (values, before[part][1])
            if part in before and before[part][0] == values
            else (values, now)
            for part, values in _measured(rig_type, log).items()
        }

    def is_frozen(self, now: datetime) -> bool:
        """Return whether the measurements of a part have not changed for too long."""
        return any(now - since >= _FROZEN_AFTER for _, since in self._last.values())


def _measured(rig_type: RigType, log: Log) -> _Measurements:
    """Return the temperatures, powers and clocks of the parts that mine.

    Those of an ASIC are compared together, those of a CPU/GPU rig part by part. A part
    mines if it has a hashrate other than 0; a GPU without one mines if the log names
    the GPUs' algorithm.
    """
    if rig_type is RigType.ASIC:
        if not log.works:
            return {}
        together: tuple[Any, ...] = tuple(
            (part, channel.key, value)
            for part, values in log.parts.items()
            for channel, value in values.items()
            if channel.reading.quantity in _MEASURED
        )
        return {RIG: together} if together else {}
    names_algorithm = readings.GPU_ALGORITHM.channel(number=1) in log.parts[RIG]
    result = {}
    for part, values in log.parts.items():
        if part == RIG:
            continue
        rates = [
            value
            for channel, value in values.items()
            if channel.reading in RATE_READINGS
        ]
        works = any(rates) if rates else names_algorithm and part != CPU
        found = tuple(
            (channel.key, value)
            for channel, value in values.items()
            if channel.reading.quantity in _MEASURED
        )
        if works and found:
            result[part] = found
    return result
