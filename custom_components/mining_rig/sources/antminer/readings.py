"""Readings of Antminers that no other miner has."""

from typing import Final

from ...model import Category, Quantity, Reading

FAULT: Final = Reading[bool]("antminer_fault", Quantity.PROBLEM, Category.DIAGNOSTIC)
FAULT_TEXT: Final = Reading[str](
    "antminer_fault_text", Quantity.TEXT, Category.DIAGNOSTIC, enabled=False
)
HARDWARE_ERRORS: Final = Reading[int](
    "antminer_hardware_errors", Quantity.COUNTER, Category.DIAGNOSTIC, enabled=False
)
FAILED_CHIPS: Final = Reading[int](
    "antminer_failed_chips",
    Quantity.NUMBER,
    Category.DIAGNOSTIC,
    enabled=False,
    precision=0,
)
