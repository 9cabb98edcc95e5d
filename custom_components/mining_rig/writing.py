"""When a sensor shows a new value: few states written, none that matters left out.

A value that changed is shown at once, at each degree, once a minute, or once it moved far
enough; it depends on its quantity. What is shown is reported again each minute, so that
the energy, derivative and statistics helpers see that it still holds. That writes no row
to the recorder's database.
"""

from dataclasses import dataclass, replace
from enum import Enum, auto
from math import ceil, floor
from typing import Final

from .model import Quantity, Reading, Value

MINUTE: Final = 58.0
"""Seconds after which a value may be written again: six polls of 10 s, some early."""

_LARGE: Final = 0.05
_SMALL: Final = 0.005


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
    """The pace of a quantity, and one of its last shown digit in its inner unit."""

    pace: Pace
    digit: float = 0.0


AT_ONCE: Final = WritingRule(Pace.AT_ONCE)

_RULES: Final[dict[Quantity, WritingRule]] = {
    Quantity.HASHRATE: WritingRule(Pace.MEASURED, 0.01),  # of the unit chosen for it
    Quantity.EFFICIENCY: WritingRule(Pace.MEASURED, 0.01),  # the same
    Quantity.POWER: WritingRule(Pace.MEASURED, 1),
    Quantity.ENERGY: WritingRule(Pace.EACH_MINUTE),
    Quantity.TEMPERATURE: WritingRule(Pace.EACH_DEGREE, 1),
    Quantity.FAN_SPEED: WritingRule(Pace.MEASURED, 1),
    Quantity.RATIO: WritingRule(Pace.MEASURED, 0.1),
    Quantity.CLOCK: WritingRule(Pace.MEASURED, 1),
    Quantity.VOLTAGE: WritingRule(Pace.MEASURED, 0.01),
    Quantity.CURRENT: WritingRule(Pace.MEASURED, 0.01),
    Quantity.COUNTER: WritingRule(Pace.EACH_MINUTE),
    Quantity.DURATION: WritingRule(Pace.MEASURED, 1),
    Quantity.LATENCY: WritingRule(Pace.MEASURED, 1),
    Quantity.DATA_SIZE: WritingRule(Pace.MEASURED, 0.01 * 2**30),  # shown in GiB
    Quantity.DATA_RATE: WritingRule(Pace.MEASURED, 0.1e6),  # shown in MB/s
    Quantity.NUMBER: WritingRule(Pace.MEASURED),
}
"""Every other quantity is written at once."""


def writing_rule(reading: Reading[Value]) -> WritingRule:
    """Return the rule of a reading; what was set is shown as soon as it is confirmed."""
    if reading.setting:
        return AT_ONCE
    rule = _RULES.get(reading.quantity, AT_ONCE)
    if reading.precision is None:
        return rule
    return replace(rule, digit=10.0**-reading.precision)


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
        return seconds >= MINUTE
    if not shown or not new:
        return True
    size = shown if shown > 0 else -shown
    change = new - shown if new > shown else shown - new
    return change >= _LARGE * size or (
        seconds >= MINUTE and change > _SMALL * size and change > rule.digit
    )


def should_report(rule: WritingRule, seconds: float) -> bool:
    """Return whether a value that has not changed enough is reported again."""
    return seconds >= MINUTE and rule.pace is not Pace.AT_ONCE
