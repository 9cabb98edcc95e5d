"""Readings and actions of AxeOS that no other miner has."""

from typing import Final

from ...model import Action, Category, Quantity, Reading

CHIP_HASHRATE: Final = Reading[float](
    "axeos_chip_hashrate",
    Quantity.HASHRATE,
    Category.DIAGNOSTIC,
    enabled=False,
    unit="H/s",
)
CHIP_ERRORS: Final = Reading[int](
    "axeos_chip_errors", Quantity.COUNTER, Category.DIAGNOSTIC, enabled=False
)
NETWORK_DIFFICULTY: Final = Reading[float](
    "axeos_network_difficulty", Quantity.NUMBER, Category.DIAGNOSTIC, enabled=False
)
FALLBACK_POOL: Final = Reading[bool](
    "axeos_fallback_pool", Quantity.FLAG, Category.DIAGNOSTIC
)
"""Whether it mines at its second pool because the first does not answer."""
OVERHEATED: Final = Reading[bool](
    "axeos_overheated", Quantity.PROBLEM, Category.DIAGNOSTIC, heat=True
)
FAULT: Final = Reading[bool]("axeos_fault", Quantity.PROBLEM, Category.DIAGNOSTIC)
"""A fault of the regulator or the hardware has stopped it."""
FAULT_TEXT: Final = Reading[str](
    "axeos_fault_text", Quantity.TEXT, Category.DIAGNOSTIC, enabled=False
)
MISSING_CHIPS: Final = Reading[bool](
    "axeos_missing_chips", Quantity.PROBLEM, Category.DIAGNOSTIC
)
RESET_REASON: Final = Reading[str](
    "axeos_reset_reason", Quantity.TEXT, Category.DIAGNOSTIC, enabled=False
)
FREE_MEMORY: Final = Reading[float](
    "axeos_free_memory", Quantity.DATA_SIZE, Category.DIAGNOSTIC, enabled=False
)
CPU_USAGE: Final = Reading[float](
    "axeos_cpu_usage", Quantity.RATIO, Category.DIAGNOSTIC, enabled=False
)
WIFI: Final = Reading[str](
    "axeos_wifi_status", Quantity.TEXT, Category.DIAGNOSTIC, enabled=False
)
PENDING: Final = Reading[int](
    "axeos_pending_shares", Quantity.NUMBER, Category.DIAGNOSTIC, enabled=False
)
DISPLAY_TIMEOUT: Final = Reading[float](
    "axeos_display_timeout",
    Quantity.NUMBER,
    Category.CONFIG,
    enabled=False,
    unit="min",
    precision=0,
    setting=True,
)
"""−1: the display is always on."""
MINIMUM_FAN: Final = Reading[float](
    "axeos_minimum_fan_level",
    Quantity.RATIO,
    Category.CONFIG,
    enabled=False,
    precision=0,
    setting=True,
)
CLEAR_OVERHEAT: Final = Action("axeos_clear_overheat", Category.CONFIG)
DISMISS_BLOCK: Final = Action("axeos_dismiss_block", Category.CONFIG, enabled=False)
INSTALL: Final = Action("axeos_install", Category.CONFIG)
