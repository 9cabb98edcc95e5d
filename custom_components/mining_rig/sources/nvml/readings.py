"""Readings of the NVIDIA driver beyond the shared vocabulary."""

from typing import Final

from ...model import Category, Quantity, Reading

# Of the host.
DRIVER: Final = Reading[str]("nvml_driver", Quantity.TEXT, Category.DIAGNOSTIC)
CUDA: Final = Reading[str](
    "nvml_cuda", Quantity.TEXT, Category.DIAGNOSTIC, enabled=False
)
CARDS: Final = Reading[int]("nvml_cards", Quantity.NUMBER, Category.DIAGNOSTIC)
"""The number of cards that answer; a card that fell off the bus does not."""

# Of a card: its work.
GPU_LOAD: Final = Reading[float]("nvml_gpu_load", Quantity.RATIO, precision=0)
MEMORY_LOAD: Final = Reading[float](
    "nvml_memory_load",
    Quantity.RATIO,
    Category.DIAGNOSTIC,
    enabled=False,
    precision=0,
)
"""The share of time in which memory is accessed; not how full it is."""
MEMORY_USED: Final = Reading[int](
    "nvml_memory_used", Quantity.DATA_SIZE, Category.DIAGNOSTIC
)
MEMORY_TOTAL: Final = Reading[int](
    "nvml_memory_total",
    Quantity.DATA_SIZE,
    Category.DIAGNOSTIC,
    enabled=False,
    setting=True,
)
SM_CLOCK: Final = Reading[float](
    "nvml_sm_clock", Quantity.CLOCK, Category.DIAGNOSTIC, enabled=False
)
PERFORMANCE_STATES: Final = tuple(f"p{number}" for number in range(16))
PERFORMANCE_STATE: Final = Reading[str](
    "nvml_performance_state",
    Quantity.CHOICE,
    Category.DIAGNOSTIC,
    enabled=False,
    choices=PERFORMANCE_STATES,
)
PROCESSES: Final = Reading[int](
    "nvml_processes", Quantity.NUMBER, Category.DIAGNOSTIC, enabled=False
)

# Of a card: throttling.
THROTTLED: Final = Reading[bool](
    "nvml_throttled", Quantity.PROBLEM, Category.DIAGNOSTIC
)
"""Throttled by heat or power supply; its own power limit is no problem."""
THROTTLE_REASONS: Final = (
    "hardware_thermal",
    "power_brake",
    "hardware",
    "software_thermal",
    "reliability",
    "board_limit",
    "power_limit",
    "sync_boost",
    "application_clocks",
    "display_clocks",
    "other",
    "idle",
    "none",
)
"""The worst first: it is shown where several apply."""
THROTTLE_REASON: Final = Reading[str](
    "nvml_throttle_reason",
    Quantity.CHOICE,
    Category.DIAGNOSTIC,
    choices=THROTTLE_REASONS,
)

# Of a card: its health and its PCI slot.
ECC_CORRECTED: Final = Reading[int](
    "nvml_ecc_corrected", Quantity.COUNTER, Category.DIAGNOSTIC, enabled=False
)
ECC_UNCORRECTED: Final = Reading[int](
    "nvml_ecc_uncorrected", Quantity.COUNTER, Category.DIAGNOSTIC
)
PCIE_GENERATION: Final = Reading[int](
    "nvml_pcie_generation", Quantity.NUMBER, Category.DIAGNOSTIC, enabled=False
)
PCIE_WIDTH: Final = Reading[int](
    "nvml_pcie_width", Quantity.NUMBER, Category.DIAGNOSTIC, enabled=False
)
PCIE_RECEIVED: Final = Reading[float](
    "nvml_pcie_received", Quantity.DATA_RATE, Category.DIAGNOSTIC, enabled=False
)
PCIE_SENT: Final = Reading[float](
    "nvml_pcie_sent", Quantity.DATA_RATE, Category.DIAGNOSTIC, enabled=False
)
PCI_ADDRESS: Final = Reading[str](
    "nvml_pci_address", Quantity.TEXT, Category.DIAGNOSTIC, enabled=False
)
MIG: Final = Reading[bool](
    "nvml_mig",
    Quantity.FLAG,
    Category.DIAGNOSTIC,
    enabled=False,
    setting=True,
)
"""The card is split into instances (MIG) and has few readings of its own."""

# Settings and limits.
ENFORCED_POWER_LIMIT: Final = Reading[float](
    "nvml_enforced_power_limit",
    Quantity.POWER,
    Category.DIAGNOSTIC,
    enabled=False,
    setting=True,
)
"""The lowest of all limits, which is the one in force."""
PERSISTENCE: Final = Reading[bool](
    "nvml_persistence", Quantity.FLAG, Category.CONFIG, setting=True
)
