"""Readings of T-Rex beyond the shared vocabulary."""

from datetime import datetime
from typing import Final

from ...model import Action, Category, Quantity, Reading

# Of the miner; those of a pool or an algorithm have a second channel in dual mining.
SHARE_RATE: Final = Reading[float]("t_rex_share_rate", Quantity.NUMBER)
"""Shares each minute, over a window that the owner chooses (10 minutes)."""
SHARE_RATE_AVERAGE: Final = Reading[float](
    "t_rex_share_rate_average", Quantity.NUMBER, Category.DIAGNOSTIC, enabled=False
)
VALIDATES: Final = Reading[bool](
    "t_rex_validates_shares",
    Quantity.FLAG,
    Category.DIAGNOSTIC,
    enabled=False,
    setting=True,
)
NETWORK_DIFFICULTY: Final = Reading[float](
    "t_rex_network_difficulty", Quantity.NUMBER, Category.DIAGNOSTIC, enabled=False
)
GPUS: Final = Reading[int]("t_rex_gpus", Quantity.NUMBER, Category.DIAGNOSTIC)
CLOCK: Final = Reading[datetime](
    "t_rex_clock", Quantity.MOMENT, Category.DIAGNOSTIC, enabled=False
)
API: Final = Reading[str](
    "t_rex_api", Quantity.TEXT, Category.DIAGNOSTIC, enabled=False
)
REVISION: Final = Reading[str](
    "t_rex_revision", Quantity.TEXT, Category.DIAGNOSTIC, enabled=False
)
BUILT: Final = Reading[str](
    "t_rex_built", Quantity.TEXT, Category.DIAGNOSTIC, enabled=False
)
DRIVER: Final = Reading[str]("t_rex_driver", Quantity.TEXT, Category.DIAGNOSTIC)
CUDA: Final = Reading[str](
    "t_rex_cuda", Quantity.TEXT, Category.DIAGNOSTIC, enabled=False
)
SYSTEM: Final = Reading[str](
    "t_rex_system", Quantity.TEXT, Category.DIAGNOSTIC, enabled=False
)

# Of a pool.
WORKER: Final = Reading[str](
    "t_rex_worker", Quantity.TEXT, Category.DIAGNOSTIC, enabled=False
)
POOL_RETRIES: Final = Reading[int](
    "t_rex_pool_retries", Quantity.COUNTER, Category.DIAGNOSTIC
)
LAST_SHARE: Final = Reading[datetime](
    "t_rex_last_share", Quantity.MOMENT, Category.DIAGNOSTIC, enabled=False
)
POOL_PROXY: Final = Reading[str](
    "t_rex_pool_proxy",
    Quantity.TEXT,
    Category.DIAGNOSTIC,
    enabled=False,
    address=True,
)
POOL_DNS: Final = Reading[str](
    "t_rex_pool_dns",
    Quantity.TEXT,
    Category.DIAGNOSTIC,
    enabled=False,
    address=True,
)

# Of the watchdog, which restarts the miner and keeps its totals.
RESTARTS: Final = Reading[int](
    "t_rex_watchdog_restarts", Quantity.COUNTER, Category.DIAGNOSTIC
)
WATCHDOG_STARTED: Final = Reading[datetime](
    "t_rex_watchdog_started", Quantity.UPTIME, Category.DIAGNOSTIC, enabled=False
)
WATCHDOG_VERSION: Final = Reading[str](
    "t_rex_watchdog_version", Quantity.TEXT, Category.DIAGNOSTIC, enabled=False
)
WATCHDOG_BUILT_IN: Final = Reading[bool](
    "t_rex_watchdog_built_in", Quantity.FLAG, Category.DIAGNOSTIC, enabled=False
)
TOTAL_ACCEPTED: Final = Reading[int](
    "t_rex_total_accepted", Quantity.COUNTER, Category.DIAGNOSTIC, enabled=False
)
TOTAL_REJECTED: Final = Reading[int](
    "t_rex_total_rejected", Quantity.COUNTER, Category.DIAGNOSTIC, enabled=False
)
TOTAL_INVALID: Final = Reading[int](
    "t_rex_total_invalid", Quantity.COUNTER, Category.DIAGNOSTIC, enabled=False
)
TOTAL_BLOCKS: Final = Reading[int](
    "t_rex_total_blocks", Quantity.COUNTER, Category.DIAGNOSTIC, enabled=False
)

# Of an update's download.
UPDATE_STATES: Final = ("idle", "started", "downloading", "finished", "error")
UPDATE_STATE: Final = Reading[str](
    "t_rex_update_state",
    Quantity.CHOICE,
    Category.DIAGNOSTIC,
    enabled=False,
    choices=UPDATE_STATES,
)
UPDATE_ERROR: Final = Reading[str](
    "t_rex_update_error", Quantity.TEXT, Category.DIAGNOSTIC, enabled=False
)

# Of a card.
HASHRATE_INSTANT: Final = Reading[float](
    "t_rex_hashrate_instant", Quantity.HASHRATE, enabled=False, unit="H/s"
)
POWER_AVERAGE: Final = Reading[float](
    "t_rex_power_average", Quantity.POWER, enabled=False
)
INTENSITY: Final = Reading[float](
    "t_rex_intensity",
    Quantity.NUMBER,
    Category.DIAGNOSTIC,
    enabled=False,
    setting=True,
)
DISABLED: Final = Reading[bool]("t_rex_disabled", Quantity.PROBLEM, heat=True)
"""The card reached the temperature limit and is disabled for now."""
DISABLED_AT: Final = Reading[float](
    "t_rex_disabled_at", Quantity.TEMPERATURE, Category.DIAGNOSTIC, setting=True
)
UNSTABLE: Final = Reading[bool]("t_rex_unstable", Quantity.PROBLEM, Category.DIAGNOSTIC)
LOW_LOAD: Final = Reading[bool](
    "t_rex_low_load", Quantity.FLAG, Category.DIAGNOSTIC, enabled=False, setting=True
)
LHR_TUNE: Final = Reading[float](
    "t_rex_lhr_tune", Quantity.RATIO, Category.DIAGNOSTIC, enabled=False
)
LHR_LOCKS: Final = Reading[int](
    "t_rex_lhr_locks", Quantity.COUNTER, Category.DIAGNOSTIC, enabled=False
)
DAG_BUILD_MODE: Final = Reading[int](
    "t_rex_dag_build_mode",
    Quantity.NUMBER,
    Category.DIAGNOSTIC,
    enabled=False,
    setting=True,
)
MEMORY_TWEAK: Final = Reading[int](
    "t_rex_memory_tweak",
    Quantity.NUMBER,
    Category.DIAGNOSTIC,
    enabled=False,
    setting=True,
)
GPU_INDEX: Final = Reading[int](
    "t_rex_gpu_index",
    Quantity.NUMBER,
    Category.DIAGNOSTIC,
    enabled=False,
    setting=True,
)
"""The number of the card on T-Rex's console and in commands."""
LAST_SHARE_DIFFICULTY: Final = Reading[float](
    "t_rex_last_share_difficulty", Quantity.NUMBER, Category.DIAGNOSTIC, enabled=False
)
BEST_SHARE_AT: Final = Reading[datetime](
    "t_rex_best_share_at", Quantity.MOMENT, Category.DIAGNOSTIC, enabled=False
)

# From the configuration.
TEMPERATURE_LIMIT: Final = Reading[float](
    "t_rex_temperature_limit", Quantity.TEMPERATURE, Category.CONFIG, setting=True
)
TEMPERATURE_START: Final = Reading[float](
    "t_rex_temperature_start", Quantity.TEMPERATURE, Category.CONFIG, setting=True
)
HASHRATE_WINDOW: Final = Reading[float](
    "t_rex_hashrate_window", Quantity.DURATION, Category.CONFIG, setting=True
)
TIME_LIMIT: Final = Reading[float](
    "t_rex_time_limit",
    Quantity.DURATION,
    Category.CONFIG,
    enabled=False,
    setting=True,
)
"""Ends the process for good, after this time; 0 is never."""
PROTOCOL_DUMP: Final = Reading[bool](
    "t_rex_protocol_dump",
    Quantity.FLAG,
    Category.DIAGNOSTIC,
    enabled=False,
    setting=True,
)
NO_COLOR: Final = Reading[bool](
    "t_rex_no_color",
    Quantity.FLAG,
    Category.DIAGNOSTIC,
    enabled=False,
    setting=True,
)

INSTALL_UPDATE: Final = Action("t_rex_install_update", restarts=True)
STOP_UPDATE: Final = Action("t_rex_stop_update", Category.CONFIG)
