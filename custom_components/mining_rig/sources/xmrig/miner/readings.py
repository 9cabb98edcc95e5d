"""Readings of XMRig beyond the shared vocabulary."""

from datetime import datetime
from typing import Final

from ....model import Category, Quantity, Reading

# From the summary.
PAUSED: Final = Reading[bool]("xmrig_paused", Quantity.FLAG, Category.DIAGNOSTIC)
POOL_SINCE: Final = Reading[datetime](
    "xmrig_pool_since", Quantity.UPTIME, Category.DIAGNOSTIC, enabled=False
)
POOL_FAILURES: Final = Reading[int](
    "xmrig_pool_failures", Quantity.COUNTER, Category.DIAGNOSTIC
)
POOL_IP: Final = Reading[str](
    "xmrig_pool_ip", Quantity.TEXT, Category.DIAGNOSTIC, enabled=False
)
POOL_TLS: Final = Reading[str](
    "xmrig_pool_tls", Quantity.TEXT, Category.DIAGNOSTIC, enabled=False
)
HUGE_PAGES: Final = Reading[float](
    "xmrig_huge_pages", Quantity.RATIO, Category.DIAGNOSTIC
)
MEMORY: Final = Reading[float](
    "xmrig_memory", Quantity.DATA_SIZE, Category.DIAGNOSTIC, enabled=False
)

# From the backends.
CPU_HASHRATE: Final = Reading[float](
    "xmrig_cpu_hashrate", Quantity.HASHRATE, enabled=False, unit="H/s"
)
OPENCL_HASHRATE: Final = Reading[float](
    "xmrig_opencl_hashrate", Quantity.HASHRATE, enabled=False, unit="H/s"
)
CUDA_HASHRATE: Final = Reading[float](
    "xmrig_cuda_hashrate", Quantity.HASHRATE, enabled=False, unit="H/s"
)
THREADS: Final = Reading[int]("xmrig_threads", Quantity.NUMBER, Category.DIAGNOSTIC)
MSR: Final = Reading[bool](
    "xmrig_msr", Quantity.FLAG, Category.DIAGNOSTIC, enabled=False
)
SCRATCHPADS: Final = Reading[float](
    "xmrig_scratchpads", Quantity.DATA_SIZE, Category.DIAGNOSTIC, enabled=False
)

# From the configuration, which only an unrestricted miner returns.
CPU: Final = Reading[bool]("xmrig_cpu", Quantity.FLAG, Category.CONFIG, setting=True)
OPENCL: Final = Reading[bool](
    "xmrig_opencl", Quantity.FLAG, Category.CONFIG, enabled=False, setting=True
)
CUDA: Final = Reading[bool](
    "xmrig_cuda", Quantity.FLAG, Category.CONFIG, enabled=False, setting=True
)
THREADS_HINT: Final = Reading[float](
    "xmrig_threads_hint", Quantity.RATIO, Category.CONFIG, enabled=False, setting=True
)
PRIORITIES: Final = (
    "unset",
    "idle",
    "low",
    "normal",
    "above_normal",
    "high",
    "highest",
)
"""Names of the CPU priorities null and 0 to 5."""
CPU_PRIORITY: Final = Reading[str](
    "xmrig_cpu_priority",
    Quantity.CHOICE,
    Category.CONFIG,
    choices=PRIORITIES,
    setting=True,
)
ACTIVE_POOL: Final = Reading[str](
    "xmrig_active_pool", Quantity.TEXT, Category.CONFIG, setting=True
)
PAUSE_ON_BATTERY: Final = Reading[bool](
    "xmrig_pause_on_battery", Quantity.FLAG, Category.CONFIG, setting=True
)
PAUSE_ON_ACTIVE: Final = Reading[bool](
    "xmrig_pause_on_active", Quantity.FLAG, Category.CONFIG, setting=True
)
