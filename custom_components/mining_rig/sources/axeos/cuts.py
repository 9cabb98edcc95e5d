"""What heat changed for good: clock, voltage and fan mode that the firmware cut.

Up to 2.11 an overheated miner stores 50 MHz, 1000 mV and a fan at full speed with
`overheat_mode` 1. From 2.12 on it goes on by itself, 100 MHz and 100 mV lower, with the
fan at full speed, and its flag may never be seen.
"""

from typing import Any, Final

from ...problem import Problem
from ..common.decoding import Fields
from .parse import read_flag

_STEP: Final = 100
"""MHz and mV by which the firmware lowers them."""
_FULL: Final = 100
_CUT: Final = {"frequency": "{} MHz", "coreVoltage": "{} mV"}
_FAN: Final = "autofanspeed"
_SHOWN: Final = {**_CUT, _FAN: "fan mode {}"}
_OVERHEAT: Final = "axeos_overheat"
_CUTS: Final = "axeos_cuts"
_HELP: Final = "a-rig-was-slowed-down-by-heat"


class ThermalCuts:
    """The settings of one miner before and after heat changed them."""

    def __init__(self, kept: Any) -> None:
        """Take what `dump` returned before, or anything else."""
        self._last = _numbers(kept, "last")
        self._before = _numbers(kept, "before")
        self._after = _numbers(kept, "after")

    def dump(self) -> dict[str, dict[str, float]]:
        """Return the state as JSON data."""
        return {
            "last": dict(self._last),
            "before": dict(self._before),
            "after": dict(self._after),
        }

    def wrote(self, key: str) -> None:
        """Note that a setting was written: the next change of it is ours."""
        self._last.pop(key, None)
        self._solved(key)

    def observe(self, fields: Fields) -> tuple[Problem, ...]:
        """Compare an answer with the one before; return what the owner has to know."""
        is_hot = read_flag(fields, "overheat_mode") is True
        for key in _SHOWN:
            now = fields.number(key)
            if now is None:
                continue
            last = self._last.get(key, now)
            if _is_cut(key, last, now, fields, is_hot=is_hot):
                self._before.setdefault(key, last)
                self._after[key] = now
            elif now != self._after.get(key):
                self._solved(key)
            self._last[key] = now
        if self._before:
            return (Problem(_CUTS, _HELP, self._placeholders()),)
        return (Problem(_OVERHEAT, _HELP),) if is_hot else ()

    def _solved(self, key: str) -> None:
        self._before.pop(key, None)
        self._after.pop(key, None)

    def _placeholders(self) -> dict[str, str]:
        return {
            name: ", ".join(
                text.format(f"{values[key]:g}")
                for key, text in _SHOWN.items()
                if key in values
            )
            for name, values in (("before", self._before), ("after", self._after))
        }


def _is_cut(key: str, last: float, now: float, fields: Fields, *, is_hot: bool) -> bool:
    if key == _FAN:
        fan = fields.number("manualFanSpeed")
        if fan is None:
            fan = fields.number("fanspeed")
        return last > 0 and now == 0 and fan == _FULL
    return last - now == _STEP or (is_hot and now < last)


def _numbers(kept: Any, name: str) -> dict[str, float]:
    found = kept.get(name) if isinstance(kept, dict) else None
    return {
        key: value
        for key, value in (found.items() if isinstance(found, dict) else ())
        if key in _SHOWN and type(value) in (int, float)
    }
