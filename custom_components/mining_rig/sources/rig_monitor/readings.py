"""The readings of Mining Rig Monitor's agents beyond the shared vocabulary."""

from typing import Final

from ...model import Category, Quantity, Reading

# Orders: what the rig fetches.
POWER_ORDER: Final = Reading[bool]("rig_monitor_power", Quantity.FLAG, setting=True)
PLAYBOOK_SET: Final = Reading[str](
    "rig_monitor_playbook_set", Quantity.TEXT, Category.CONFIG, setting=True
)
FROZEN: Final = Reading[bool](
    "rig_monitor_frozen", Quantity.PROBLEM, Category.DIAGNOSTIC
)
"""Whether a part that mines reports the same measurements all the time."""

# Rates in other units than hashes per second; number 2 is the second algorithm.
SOLUTIONS: Final = Reading[float](
    "rig_monitor_solutions", Quantity.HASHRATE, unit="Sol/s"
)
GRAPHS: Final = Reading[float]("rig_monitor_graphs", Quantity.HASHRATE, unit="g/s")
RATE: Final = Reading[float](
    "rig_monitor_rate", Quantity.NUMBER, Category.DIAGNOSTIC, enabled=False
)
"""In a unit that is not known, as it was reported."""

REJECTION: Final = Reading[float](
    "rig_monitor_rejection", Quantity.NUMBER, Category.DIAGNOSTIC, enabled=False
)
"""As the ASIC reports it; whether it is a fraction or percent is not known."""
POOL_USER: Final = Reading[str](
    "rig_monitor_pool_user",
    Quantity.TEXT,
    Category.DIAGNOSTIC,
    enabled=False,
    secret=True,
)
WALLET: Final = Reading[str](
    "rig_monitor_wallet",
    Quantity.TEXT,
    Category.DIAGNOSTIC,
    enabled=False,
    secret=True,
)
LAN_ADDRESS: Final = Reading[str](
    "rig_monitor_lan_address", Quantity.TEXT, Category.DIAGNOSTIC
)
WAN_ADDRESS: Final = Reading[str](
    "rig_monitor_wan_address",
    Quantity.TEXT,
    Category.DIAGNOSTIC,
    enabled=False,
    secret=True,
)

# Of all GPUs of a CPU/GPU rig, for each of the two algorithms.
GPU_ALGORITHM: Final = Reading[str](
    "rig_monitor_gpu_algorithm", Quantity.TEXT, Category.DIAGNOSTIC, word=True
)
GPU_COIN: Final = Reading[str](
    "rig_monitor_gpu_coin", Quantity.TEXT, Category.DIAGNOSTIC
)
GPU_POOL: Final = Reading[str](
    "rig_monitor_gpu_pool", Quantity.TEXT, Category.DIAGNOSTIC, address=True
)
GPU_WALLET: Final = Reading[str](
    "rig_monitor_gpu_wallet",
    Quantity.TEXT,
    Category.DIAGNOSTIC,
    enabled=False,
    secret=True,
)

# From the specifications.
SOFTWARE: Final = Reading[str](
    "rig_monitor_software", Quantity.TEXT, Category.DIAGNOSTIC
)
MOTHERBOARD: Final = Reading[str](
    "rig_monitor_motherboard", Quantity.TEXT, Category.DIAGNOSTIC, enabled=False
)
MEMORY: Final = Reading[float](
    "rig_monitor_memory", Quantity.DATA_SIZE, Category.DIAGNOSTIC
)
