"""Readings of Avalon machines that no other miner has."""

from typing import Final

from ...model import Category, Quantity, Reading
from ...readings import HOTTEST

POWER_GOAL: Final = Reading[float](
    "avalon_power_goal",
    Quantity.POWER,
    Category.DIAGNOSTIC,
    enabled=False,
    setting=True,
)
"""The power that the machine regulates itself to."""
AVERAGE_CHIP: Final = Reading[float](
    "avalon_average_chip_temperature",
    Quantity.TEMPERATURE,
    Category.DIAGNOSTIC,
    enabled=False,
    hottest=HOTTEST,
)
FAULT: Final = Reading[bool]("avalon_fault", Quantity.PROBLEM, Category.DIAGNOSTIC)
OVERHEATED: Final = Reading[bool](
    "avalon_overheated", Quantity.PROBLEM, Category.DIAGNOSTIC, heat=True
)
ERROR_CODES: Final = Reading[str](
    "avalon_error_codes", Quantity.TEXT, Category.DIAGNOSTIC, enabled=False
)
