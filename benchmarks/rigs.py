"""The rigs that are measured: one row each."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final, override

from simulator.antminer import SimulatedAntminer
from simulator.axeos import SimulatedAxeOS
from simulator.hardware import Card
from simulator.models import GTX_1660_SUPER, RTX_3070, RTX_3080, RYZEN_7_5800X
from simulator.programs import SimulatedSrbMiner
from simulator.server import Request
from simulator.t_rex import SimulatedTRex
from simulator.xmrig import SimulatedXMRig
from simulator.xmrig_proxy import SimulatedXmrigProxy, some_clients

from .changes import Changes, Row

_XMRIG_PATHS: Final = ("/2/summary", "/2/backends", "/2/config")
_XMRIG_CHANGES: Final = Changes(
    rising={
        "accepted": 1,
        "failures": 1,
        "hashes_total": 1000,
        "rejected": 1,
        "shares_good": 1,
        "shares_total": 2,
        "uptime": 1,
        "uptime_ms": 1000,
    },
    varying=frozenset(
        {
            "avg_time",
            "avg_time_ms",
            "best",
            "clock",
            "diff",
            "diff_current",
            "fan_speed",
            "free",
            "hashrate",
            "highest",
            "load_average",
            "mem_clock",
            "ping",
            "power",
            "resident_set_memory",
            "temperature",
            "total",
        }
    ),
    alternating={
        "algo": ("kawpow", "rx/0"),
        "ip": ("192.0.2.1", "192.0.2.2"),
        "pool": ("rvn.example.com:6060", "xmr.example.com:3333"),
    },
)


def _xmrig_cpu() -> SimulatedXMRig:
    return SimulatedXMRig(
        "Processor", token="token", restricted=False, running_for=86400
    )


def _xmrig_cards() -> SimulatedXMRig:
    return SimulatedXMRig(
        "Cards",
        token="token",
        restricted=False,
        cpu=RYZEN_7_5800X,
        cards=[Card(model=RTX_3070) for _ in range(5)],
        pools=[{"url": "rvn.example.com:6060", "user": "x", "coin": "ravencoin"}],
        running_for=86400,
    )


_T_REX_CHANGES: Final = Changes(
    rising={
        "accepted_count": 1,
        "rejected_count": 1,
        "retries": 1,
        "shares_accepted": 1,
        "solved_count": 1,
        "time": 10,
        "total_restarts": 1,
        "total_shares_accepted": 8,
        "uptime": 1,
    },
    varying=frozenset(
        {
            "cclock",
            "fan_speed",
            "gpu_total",
            "hashrate",
            "hashrate_day",
            "hashrate_hour",
            "hashrate_instant",
            "hashrate_minute",
            "last_submit_ts",
            "mclock",
            "memory_temperature",
            "ping",
            "power",
            "power_avr",
            "sharerate",
            "sharerate_average",
            "temperature",
        }
    ),
    alternating={
        "algorithm": ("kawpow", "autolykos2"),
        "driver": ("520.56.06", "525.60.11"),
        "url": ("rvn.example.com:6060", "erg.example.com:3056"),
    },
)


_T_REX_NOISE: Final = Changes(
    rising={"time": 10, "uptime": 10},
    noisy={
        "fan_speed": 0.02,
        "hashrate": 0.01,
        "hashrate_day": 0.0002,
        "hashrate_hour": 0.001,
        "hashrate_instant": 0.02,
        "hashrate_minute": 0.005,
        "memory_temperature": 0.01,
        "ping": 0.1,
        "power": 0.02,
        "power_avr": 0.005,
        "sharerate": 0.02,
        "sharerate_average": 0.005,
        "temperature": 0.01,
    },
)
"""A rig that mines undisturbed, with clocks that stand still."""
_T_REX_NOISY_KEYS: Final = (
    "core_clock",
    "memory_clock",
    "pool_latency",
    "t_rex_last_share",
)


def _t_rex() -> SimulatedTRex:
    return SimulatedTRex(
        "Attic",
        cards=[
            *(Card(model=RTX_3080) for _ in range(3)),
            *(Card(model=RTX_3070) for _ in range(3)),
            *(Card(model=GTX_1660_SUPER) for _ in range(2)),
        ],
        running_for=90_000,
    )


_CARDS: Final = tuple(f"gpu{number}" for number in range(8))
_SRBMINER_CHANGES: Final = Changes(
    # Under the name of a card, whole numbers are shares and the others hashrates.
    rising={
        "accepted": 8,
        "mining_time": 10,
        "rejected": 1,
        "uptime": 10,
        **dict.fromkeys(_CARDS, 1),
    },
    varying=frozenset(
        {
            "1min",
            "asic_power",
            "core_clock",
            "fan_speed_percent",
            "latency",
            "memory_clock",
            "temperature",
            "total",
            *_CARDS,
        }
    ),
)


def _srbminer() -> SimulatedSrbMiner:
    return SimulatedSrbMiner(
        "Shed",
        cards=[Card(model=RTX_3070) for _ in _CARDS],
        cpu_algorithm="rx/0",
        running_for=90_000,
    )


# Every worker has a new share at every poll, and nobody comes or goes.
_PROXY_CHANGES: Final = Changes(
    rising={
        "accepted": 1,
        "expired": 1,
        "hashes_total": 1000,
        "invalid": 1,
        "rejected": 1,
        "uptime": 10,
    },
    varying=frozenset(
        {
            "best",
            "free",
            "latency",
            "load_average",
            "ratio",
            "resident_set_memory",
            "total",
            "workers",
        }
    ),
    steady=frozenset({"workers"}),
)
_NEW_WORKERS: Final = replace(
    _PROXY_CHANGES,
    rising={**_PROXY_CHANGES.rising, "workers": 1},
    steady=frozenset(),
)
"""A proxy whose number of workers changes is asked for their table at once."""


def _proxy() -> SimulatedXmrigProxy:
    return SimulatedXmrigProxy(
        "Proxy", token="token", restricted=False, clients=some_clients(300)
    )


_AXEOS_CHANGES: Final = Changes(
    rising={"sharesAccepted": 1, "sharesRejected": 1, "uptimeSeconds": 10},
    varying=frozenset(
        {
            "actualFrequency",
            "bestDiff",
            "bestSessionDiff",
            "coreVoltageActual",
            "expectedHashrate",
            "fanrpm",
            "fanspeed",
            "freeHeap",
            "hashRate",
            "hashRate_10m",
            "hashRate_1h",
            "hashRate_1m",
            "power",
            "temp",
            "voltage",
            "vrTemp",
            "wifiRSSI",
        }
    ),
)


def _axeos() -> SimulatedAxeOS:
    return SimulatedAxeOS("Bitaxe", running_for=90_000)


class _OpenAntminer(SimulatedAntminer):
    """One that wants no sign-in, so that its answers can be prepared."""

    @override
    def _is_signed_in(self, request: Request) -> bool:
        return True


_ANTMINER_CHANGES: Final = Changes(
    rising={"accepted": 3, "elapsed": 30, "hw": 1, "rejected": 1, "stale": 1},
    varying=frozenset(
        {
            "bestshare",
            "fan",
            "freq_avg",
            "hwp_total",
            "rate_30m",
            "rate_5s",
            "rate_ideal",
            "rate_real",
            "temp_chip",
            "temp_pcb",
        }
    ),
)


def _antminer() -> _OpenAntminer:
    return _OpenAntminer("Antminer", running_for=90_000)


_ANTMINER_PATHS: Final = tuple(
    f"/cgi-bin/{name}.cgi"
    for name in (
        "stats",
        "summary",
        "pools",
        "get_system_info",
        "get_miner_conf",
        "get_blink_status",
    )
)
_PROXY_PATHS: Final = ("/1/summary", "/1/workers", "/1/config")

ROWS: Final[Mapping[str, Row]] = {
    "t-rex": Row(
        rig=_t_rex,
        paths=("/summary", "/config"),
        changes=_T_REX_CHANGES,
        enabled=_T_REX_NOISY_KEYS,
    ),
    # The same with the noise of a rig that mines undisturbed.
    "t-rex-noise": Row(
        rig=_t_rex,
        paths=("/summary", "/config"),
        changes=_T_REX_NOISE,
        enabled=_T_REX_NOISY_KEYS,
    ),
    "srbminer": Row(
        rig=_srbminer,
        paths=("/",),
        changes=_SRBMINER_CHANGES,
        enabled=("core_clock", "memory_clock", "pool_latency"),
    ),
    "axeos": Row(
        rig=_axeos,
        paths=("/api/system/info", "/api/system/asic"),
        changes=_AXEOS_CHANGES,
    ),
    # Without the first request of each minute or so that only fetches a nonce.
    "antminer": Row(
        rig=_antminer, paths=_ANTMINER_PATHS, changes=_ANTMINER_CHANGES, pace=30
    ),
    "xmrig-cards": Row(rig=_xmrig_cards, paths=_XMRIG_PATHS, changes=_XMRIG_CHANGES),
    # So far apart, each poll asks for the backends as well.
    "xmrig-cards-30s": Row(
        rig=_xmrig_cards, paths=_XMRIG_PATHS, changes=_XMRIG_CHANGES, pace=30
    ),
    "xmrig-cpu": Row(rig=_xmrig_cpu, paths=_XMRIG_PATHS, changes=_XMRIG_CHANGES),
    "xmrig-proxy-300": Row(rig=_proxy, paths=_PROXY_PATHS, changes=_PROXY_CHANGES),
    # The worst that it can do: each poll asks for the table of workers as well.
    "xmrig-proxy-300-table": Row(rig=_proxy, paths=_PROXY_PATHS, changes=_NEW_WORKERS),
}
