"""When a sensor shows a new value: few states written, none that matters left out.

A value that changed is shown at once, at each degree, once a minute, or once it moved far
enough; it depends on its quantity. What is shown is reported again each minute, so that
the energy, derivative and statistics helpers see that it still holds. That writes no row
to the recorder's database.
"""

from dataclasses import dataclass
from enum import Enum, auto
from math import ceil, floor
from typing import Final

from .model import Quantity, Reading, Value
from .platforms import ROWS

MINUTE: Final = 58.0
"""Seconds after which a value may be written again: six polls of 10 s, some early."""

_LARGE: Final = 0.05


class Pace(Enum):
    """How soon a change is shown."""

    AT_ONCE = auto()
    """Texts, flags, choices, moments, settings."""
    EACH_DEGREE = auto()
    """At once, when the rounded value changes or a whole degree is crossed."""
    MEASURED = auto()
    """At once when the change is large, each minute when it is more than small."""
    EACH_MINUTE = auto()
    """What is counted."""


@dataclass(frozen=True, slots=True)
class WritingRule:
    """The pace of a quantity, and the smallest change that counts.

    It is the larger of a fraction of the shown value and `digit`, one of the last shown
    digit in the quantity's inner unit.
    """

    pace: Pace
    relative: float = 0.0
    digit: float = 0.0


AT_ONCE: Final = WritingRule(Pace.AT_ONCE)

_PACES: Final = {
    Quantity.ENERGY: Pace.EACH_MINUTE,
    Quantity.COUNTER: Pace.EACH_MINUTE,
    Quantity.TEMPERATURE: Pace.EACH_DEGREE,
}
"""Of every other quantity with a dead band the pace is that of what is measured."""


def writing_rule(reading: Reading[Value]) -> WritingRule:
    """Return the rule of a reading; what was set is shown as soon as it is confirmed."""
    row = ROWS[reading.quantity]
    if reading.setting or row.dead_band is None:
        return AT_ONCE
    pace = _PACES.get(reading.quantity, Pace.MEASURED)
    if reading.precision is not None:
        return WritingRule(pace, row.dead_band.relative, 10.0**-reading.precision)
    shown = row.sensor.precision if row.sensor is not None else None
    # A hashrate's digit is one of the unit that was chosen for it.
    digit = row.dead_band.absolute or (0.0 if shown is None else 10.0**-shown)
    return WritingRule(pace, row.dead_band.relative, digit)


def should_write(
    rule: WritingRule, shown: Value | None, new: Value | None, seconds: float
) -> bool:
    """Return whether a new value replaces the shown one.

    `seconds` have passed since the shown one was written or reported last.
    """
    if new == shown:
        return False
    pace = rule.pace
    if (
        pace is Pace.AT_ONCE
        or not isinstance(shown, int | float)
        or not isinstance(new, int | float)
    ):
        return True
    if pace is Pace.EACH_DEGREE:
        return (
            round(new) != round(shown)
            or floor(new) != floor(shown)
            or ceil(new) != ceil(shown)
        )
    if pace is Pace.EACH_MINUTE:
        # What falls was restarted, or set right.
        return new < shown or seconds >= MINUTE
    if not shown or not new:
        return True
    size = shown if shown > 0 else -shown
    change = new - shown if new > shown else shown - new
    return change >= _LARGE * size or (
        seconds >= MINUTE and change > rule.relative * size and change > rule.digit
    )


def should_report(rule: WritingRule, seconds: float) -> bool:
    """Return whether a value that has not changed enough is reported again."""
    return seconds >= MINUTE and rule.pace is not Pace.AT_ONCE
