"""Readings of xmrig-proxy beyond the shared vocabulary."""

from datetime import datetime
from typing import Final

from ....model import Category, Quantity, Reading

# From the summary.
HASHRATE_TOTAL: Final = Reading[float](
    "xmrig_proxy_hashrate_total",
    Quantity.HASHRATE,
    Category.DIAGNOSTIC,
    enabled=False,
    unit="H/s",
)
MINERS: Final = Reading[int]("xmrig_proxy_miners", Quantity.NUMBER)
MINERS_MAX: Final = Reading[int](
    "xmrig_proxy_miners_max", Quantity.NUMBER, Category.DIAGNOSTIC, enabled=False
)
WORKERS: Final = Reading[int](
    "xmrig_proxy_workers", Quantity.NUMBER, Category.DIAGNOSTIC
)
UPSTREAMS_ACTIVE: Final = Reading[int](
    "xmrig_proxy_upstreams_active", Quantity.NUMBER, Category.DIAGNOSTIC
)
UPSTREAMS_SLEEPING: Final = Reading[int](
    "xmrig_proxy_upstreams_sleeping",
    Quantity.NUMBER,
    Category.DIAGNOSTIC,
    enabled=False,
)
UPSTREAMS_FAILED: Final = Reading[int](
    "xmrig_proxy_upstreams_failed", Quantity.NUMBER, Category.DIAGNOSTIC
)
UPSTREAMS: Final = Reading[int](
    "xmrig_proxy_upstreams", Quantity.NUMBER, Category.DIAGNOSTIC, enabled=False
)
UPSTREAM_RATIO: Final = Reading[float](
    "xmrig_proxy_upstream_ratio", Quantity.NUMBER, Category.DIAGNOSTIC, enabled=False
)
POOL_UNREACHABLE: Final = Reading[bool](
    "xmrig_proxy_pool_unreachable", Quantity.PROBLEM, Category.DIAGNOSTIC
)
EXPIRED: Final = Reading[int](
    "xmrig_proxy_expired_shares",
    Quantity.COUNTER,
    Category.DIAGNOSTIC,
    enabled=False,
)
HASHES_DONATED: Final = Reading[int](
    "xmrig_proxy_donated_hashes",
    Quantity.COUNTER,
    Category.DIAGNOSTIC,
    enabled=False,
)
DONATED: Final = Reading[float](
    "xmrig_proxy_donated", Quantity.RATIO, Category.DIAGNOSTIC, enabled=False
)
MODE: Final = Reading[str](
    "xmrig_proxy_mode",
    Quantity.CHOICE,
    Category.DIAGNOSTIC,
    choices=("nicehash", "simple", "extra_nonce"),
)
MEMORY: Final = Reading[float](
    "xmrig_proxy_memory", Quantity.DATA_SIZE, Category.DIAGNOSTIC, enabled=False
)

# Of each worker.
CONNECTIONS: Final = Reading[int](
    "xmrig_proxy_connections", Quantity.NUMBER, Category.DIAGNOSTIC, enabled=False
)
LAST_SHARE: Final = Reading[datetime](
    "xmrig_proxy_last_share", Quantity.MOMENT, enabled=False
)
ADDRESS: Final = Reading[str](
    "xmrig_proxy_address",
    Quantity.TEXT,
    Category.DIAGNOSTIC,
    enabled=False,
    secret=True,
)

# From the configuration, which only an unrestricted proxy returns.
CUSTOM_DIFFICULTY: Final = Reading[float](
    "xmrig_proxy_custom_difficulty",
    Quantity.NUMBER,
    Category.CONFIG,
    enabled=False,
    setting=True,
)
VERBOSE: Final = Reading[bool](
    "xmrig_proxy_verbose", Quantity.FLAG, Category.CONFIG, enabled=False, setting=True
)
