"""What XMRig answers, built from the state of its process."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
import math
from typing import Any

from ..hardware import Card, Gpu, Noise
from .miner import Backend, Miner, Thread, Windows, Workers

type Json = dict[str, Any]
type _ShowThread = Callable[[Miner, Thread, Windows, float], Json]

_RANDOMX_DATASET_PAGES = 1168
_PAGE = 2 * 1024**2
_SCRATCHPADS = {"rx/0": 2, "rx/wow": 1, "rx/arq": 0.25, "ghostrider": 2, "cn/half": 2}
_CN = ("cn/1", "cn/2", "cn/r", "cn/fast", "cn/half", "cn/xao", "cn/rto", "cn/rwz")
_ALGORITHMS = {
    "cpu": (
        *_CN,
        *("cn/zls", "cn/double", "cn/ccx", "cn-lite/1", "cn-heavy/0", "cn-heavy/tube"),
        *("cn-heavy/xhv", "cn-pico", "cn-pico/tlo", "cn/upx2", "rx/0", "rx/wow"),
        *("rx/arq", "rx/graft", "rx/sfx", "rx/yada", "argon2/chukwa"),
        *("argon2/chukwav2", "argon2/ninja", "ghostrider"),
    ),
    "opencl": (*_CN, "rx/0", "rx/wow", "rx/arq", "kawpow"),
    "cuda": (*_CN, "rx/0", "rx/wow", "rx/arq", "kawpow"),
}
_PLATFORMS = {
    "linux": "Linux x86_64) libuv/1.51.0 gcc/13.2.0",
    "windows": "Windows NT 10.0; Win64; x64) libuv/1.51.0 msvc/2022",
}


@dataclass(kw_only=True)
class Host:
    """What the answers need to know besides the process."""

    identity: str
    worker: str
    restricted: bool
    platform: str
    """`linux` or `windows`."""
    noise: Noise
    features: tuple[str, ...]
    huge_pages: float
    """The part of the huge pages it wants that the host gives."""


def summary(miner: Miner, host: Host, now: float, version: int = 2) -> Json:
    """Answer /2/summary, or /1/summary and /api.json of a version that has both."""
    since = miner.version.since
    answer: Json = {
        "id": host.identity,
        "worker_id": host.worker,
        "uptime": int(now - miner.started),
        "restricted": host.restricted,
    }
    if since(5, 1):
        answer["resources"] = _resources(miner, host, now)
    answer["features"] = list(host.features)
    answer["results"] = _results(miner, now)
    answer["algo"] = miner.algorithm
    answer["connection"] = _connection(miner, host, now)
    answer |= {
        "version": miner.version.text,
        "kind": "miner",
        "ua": f"XMRig/{miner.version.text} ({_PLATFORMS[host.platform]}",
        "cpu": _cpu(miner),
        "donate_level": miner.config["donate-level"],
        "paused": miner.paused,
        "algorithms": _algorithms(miner),
        "hashrate": _hashrate(miner, now),
        "hugepages": _huge_pages(miner, host),
    }
    if not since(6, 2, 3):
        del answer["results"]["avg_time_ms"]
    if version == 1:
        allocated, wanted = answer["hugepages"]
        answer["hugepages"] = allocated == wanted
        answer["results"]["error_log"] = []
        answer["connection"]["error_log"] = []
        answer["hashrate"]["threads"] = [
            _shown(workers.thread_windows(thread, now), miner)
            for workers, thread in _all_threads(miner)
        ]
    return answer


def legacy_summary(miner: Miner, host: Host, now: float) -> Json:
    """Answer /1/summary of the 2.x versions: few keys, 0.0 for an unknown rate."""
    cpu = miner.machine.cpu.model
    total, highest = miner.hashrate(now)
    connection = _connection(miner, host, now)
    results = _results(miner, now)
    del results["avg_time_ms"]
    answer: Json = {
        "id": host.identity,
        "worker_id": host.worker,
        "version": miner.version.text,
        "kind": "cpu",
        "ua": f"XMRig/{miner.version.text} (Linux x86_64) libuv/1.8.0 gcc/5.4.0",
        "cpu": {
            "brand": cpu.name,
            "aes": "aes" in cpu.flags,
            "x64": True,
            "sockets": 1,
        },
        "algo": miner.algorithm or "cryptonight",
        "hugepages": True,
        "donate_level": miner.config["donate-level"],
        "hashrate": {
            "total": [_floored(value or 0.0) for value in total],
            "highest": _floored(highest or 0.0),
            "threads": [
                [_floored(v or 0.0) for v in workers.thread_windows(thread, now)]
                for workers, thread in _all_threads(miner)
            ],
        },
        "results": {**results, "error_log": []},
        "connection": {
            key: connection[key] for key in ("pool", "uptime", "ping", "failures")
        }
        | {"error_log": []},
    }
    if miner.version.own_server:
        answer["paused"] = miner.paused
    return answer


def legacy_threads(miner: Miner, now: float) -> Json:
    """Answer /1/threads of the 2.x versions."""
    listed = _all_threads(miner)
    return {
        "hugepages": [len(listed), len(listed)],
        "memory": len(listed) * _PAGE,
        "threads": [
            {
                "type": "cpu",
                "algo": miner.algorithm,
                "av": 1,
                "low_power_mode": 1,
                "affine_to_cpu": _affinity(thread.settings)[1],
                "priority": -1,
                "soft_aes": False,
                "hashrate": [
                    _floored(v or 0.0) for v in workers.thread_windows(thread, now)
                ],
            }
            for workers, thread in listed
        ],
    }


def backends(miner: Miner, host: Host, now: float) -> list[Json]:
    """Answer /2/backends."""
    return [
        _BACKENDS[backend.type](miner, host, backend, now) for backend in miner.backends
    ]


def dmi(miner: Miner) -> Json:
    """Answer /2/dmi as a miner that may read the tables."""
    memory = miner.machine.cpu.model.memory
    return {
        "smbios": "3.3.0",
        "system": {"vendor": "System manufacturer", "product": "System Product Name"},
        "board": {"vendor": "ASUSTeK COMPUTER INC.", "product": "TUF GAMING B550-PLUS"},
        "memory": [
            {
                "id": f"DIMM_{slot}",
                "slot": f"DIMM_{slot}",
                "type": "DDR4",
                "form_factor": "DIMM",
                "size": memory // 2,
                "speed": 3200000000,
                "rank": 1,
                "voltage": 1200,
                "width": 64,
                "total_width": 64,
                "vendor": "Crucial Technology",
                "product": "BL8G32C16U4B.M8FE",
                "bank": f"P0 CHANNEL {bank}",
            }
            for bank, slot in (("A", "A2"), ("B", "B2"))
        ],
    }


def _floored(value: float) -> float:
    """Return two decimals, with the binary dust that the miner leaves."""
    return math.floor(value * 100) * 0.01


def _shown(windows: Windows, miner: Miner) -> Windows:
    """Return what is written: versions that had no 0.0 write null for it."""
    floored = [None if value is None else _floored(value) for value in windows]
    if miner.version.zero_when_idle:
        return floored
    return [value or None for value in floored]


def _hashrate(miner: Miner, now: float) -> Json:
    total, highest = miner.hashrate(now)
    return {
        "total": _shown(total, miner),
        "highest": None if highest is None else _floored(highest),
    }


def _all_threads(miner: Miner) -> list[tuple[Workers, Thread]]:
    return [
        (backend.workers, thread)
        for backend in miner.backends
        if backend.workers
        for thread in backend.workers.threads
    ]


def _resources(miner: Miner, host: Host, now: float) -> Json:
    total = miner.machine.cpu.model.memory
    used = 3.1e9 + 2e8 * host.noise.at(now, 240)
    busy = 0.3 + 0.2 * host.noise.at(now, 45)
    busy += sum(len(b.workers.threads) for b in miner.backends if b.workers)
    load = [busy, busy * 0.98, busy * 0.95] if host.platform == "linux" else [0.0] * 3
    return {
        "memory": {
            "free": int(total - used),
            "total": total - 67_000_000,
            "resident_set_memory": 19_771_392
            + int(1e6 * (1 + host.noise.at(now, 300))),
        },
        "load_average": [_floored(value) for value in load],
        "hardware_concurrency": miner.machine.cpu.model.threads,
    }


def _results(miner: Miner, now: float) -> Json:
    tally, connection = miner.stratum.tally, miner.stratum.connection
    average = 0.0
    if connection is not None and connection.accepted:
        average = (now - connection.since) / connection.accepted
    return {
        "diff_current": connection.difficulty if connection else 0,
        "shares_good": tally.accepted,
        "shares_total": tally.total,
        "avg_time": int(average),
        "avg_time_ms": int(average * 1000),
        "hashes_total": tally.hashes,
        "best": tally.best,
    }


def _connection(miner: Miner, host: Host, now: float) -> Json:
    connection, tally = miner.stratum.connection, miner.stratum.tally
    uptime = now - connection.since if connection else 0.0
    results = _results(miner, now)
    answer: Json = {
        "pool": miner.stratum.last_url,
        "ip": connection.ip if connection else None,
        "uptime": int(uptime),
    }
    if miner.version.since(6, 2, 3):
        answer["uptime_ms"] = int(uptime * 1000)
    secure = connection is not None and connection.tls
    answer |= {
        "ping": connection.ping if connection else 0,
        "failures": tally.failures,
        "tls": "TLSv1.3" if secure else None,
        "tls-fingerprint": f"{connection.url.encode().hex():0<64.64}"
        if connection and secure
        else None,
    }
    if miner.version.since(6, 2, 3):
        answer |= {
            "algo": miner.algorithm,
            "diff": results["diff_current"],
            "accepted": tally.accepted,
            "rejected": tally.rejected,
            "avg_time": results["avg_time"],
            "avg_time_ms": results["avg_time_ms"],
            "hashes_total": tally.hashes,
        }
    return answer


def _cpu(miner: Miner) -> Json:
    cpu, since = miner.machine.cpu.model, miner.version.since
    answer: Json = {"brand": cpu.name}
    if since(6, 5, 2):
        answer |= {
            "family": cpu.family,
            "model": cpu.model,
            "stepping": cpu.stepping,
            "proc_info": cpu.proc_info,
        }
    answer |= {"aes": "aes" in cpu.flags, "avx2": "avx2" in cpu.flags, "x64": True}
    if since(6, 7):
        answer["64_bit"] = True
    return answer | {
        "l2": cpu.l2,
        "l3": cpu.l3,
        "cores": cpu.cores,
        "threads": cpu.threads,
        "packages": 1,
        "nodes": 1,
        "backend": "hwloc/2.12.1",
        "msr": cpu.msr,
        "assembly": cpu.assembly,
        "arch": "x86_64",
        "flags": list(cpu.flags),
    }


def _algorithms(miner: Miner) -> list[str]:
    """Return what the enabled backends can do, in the miner's order."""
    names: dict[str, None] = {}
    for backend in miner.backends:
        if miner.config[backend.type]["enabled"]:
            names |= dict.fromkeys(_ALGORITHMS[backend.type])
    return list(names)


def _huge_pages(miner: Miner, host: Host) -> list[int]:
    cpu = next(backend for backend in miner.backends if backend.type == "cpu")
    if cpu.workers is None or not miner.config["cpu"]["huge-pages"]:
        return [0, 0]
    pages = math.ceil(_scratchpads(cpu) / _PAGE)
    if (cpu.algorithm or "").startswith("rx/"):
        pages += _RANDOMX_DATASET_PAGES
    return [int(pages * host.huge_pages), pages]


def _scratchpads(cpu: Backend) -> int:
    if cpu.workers is None:
        return 0
    ways = sum(_affinity(thread.settings)[0] for thread in cpu.workers.threads)
    return int(ways * _SCRATCHPADS.get(cpu.algorithm or "", 2) * 1024**2)


def _affinity(settings: object) -> tuple[int, int]:
    """Return intensity and CPU number of an entry of a CPU profile."""
    match settings:
        case int():
            return 1, settings
        case [int(intensity), int(number)]:
            return intensity, number
        case {"intensity": int(intensity), "affinity": int(number)}:
            return intensity, number
        case _:
            return 1, -1


def _common(miner: Miner, backend: Backend) -> Json:
    return {
        "type": backend.type,
        "enabled": miner.config[backend.type]["enabled"],
        "algo": backend.algorithm,
        "profile": backend.profile,
    }


def _cpu_backend(miner: Miner, host: Host, backend: Backend, now: float) -> Json:
    section, cpu = miner.config["cpu"], miner.machine.cpu.model
    assembly = section["asm"]
    priority = section["priority"]
    answer = _common(miner, backend) | {
        "hw-aes": "aes" in cpu.flags
        if section["hw-aes"] is None
        else section["hw-aes"],
        "priority": -1 if priority is None else priority,
    }
    if miner.version.since(6, 5):
        answer["msr"] = cpu.msr != "none" and backend.workers is not None
    answer |= {
        "asm": cpu.assembly if assembly in {True, "auto"} else assembly,
        "argon2-impl": section["argon2-impl"] or "AVX2",
        "hugepages": _huge_pages(miner, host),
        "memory": _scratchpads(backend),
    }
    return answer | _threads(miner, backend, now, _cpu_thread)


def _opencl_backend(miner: Miner, host: Host, backend: Backend, now: float) -> Json:
    del host
    present = any(gpu.model.vendor == "amd" for gpu in miner.machine.gpus)
    answer = _common(miner, backend)
    answer["enabled"] = answer["enabled"] and present
    answer["platform"] = _OPENCL_PLATFORM if answer["enabled"] else None
    return answer | _threads(miner, backend, now, _opencl_thread)


def _cuda_backend(miner: Miner, host: Host, backend: Backend, now: float) -> Json:
    del host
    present = any(gpu.model.vendor == "nvidia" for gpu in miner.machine.gpus)
    answer = _common(miner, backend)
    answer["enabled"] = answer["enabled"] and present
    if answer["enabled"]:
        versions = {"cuda-runtime": "12.6", "cuda-driver": "12.7", "plugin": "6.22.0"}
        if miner.config["cuda"]["nvml"]:
            versions |= {"nvml": "12.565.77", "driver": "565.77"}
        answer["versions"] = versions
    return answer | _threads(miner, backend, now, _cuda_thread)


_OPENCL_PLATFORM = {
    "index": 0,
    "profile": "FULL_PROFILE",
    "version": "OpenCL 2.1 AMD-APP (3628.0)",
    "name": "AMD Accelerated Parallel Processing",
    "vendor": "Advanced Micro Devices, Inc.",
    "extensions": "cl_khr_icd cl_amd_event_callback cl_amd_offline_devices ",
}
_BACKENDS = {"cpu": _cpu_backend, "opencl": _opencl_backend, "cuda": _cuda_backend}


def _threads(miner: Miner, backend: Backend, now: float, show: _ShowThread) -> Json:
    workers = backend.workers
    if workers is None:
        return {}
    return {
        "hashrate": _shown(workers.windows(now), miner),
        "threads": [
            show(miner, thread, _shown(workers.thread_windows(thread, now), miner), now)
            for thread in workers.threads
        ],
    }


def _cpu_thread(miner: Miner, thread: Thread, hashrate: Windows, now: float) -> Json:
    del miner, now
    intensity, number = _affinity(thread.settings)
    return {
        "intensity": intensity,
        "affinity": number,
        "av": intensity,
        "hashrate": hashrate,
    }


def _opencl_thread(miner: Miner, thread: Thread, hashrate: Windows, now: float) -> Json:
    gpu = _gpu_of(thread)
    answer: Json = {
        **_entry(thread),
        "affinity": -1,
        "hashrate": hashrate,
        "board": gpu.model.name,
        "name": gpu.model.chip,
        "bus_id": gpu.bus_id,
        "cu": gpu.model.units,
        "global_mem": gpu.model.memory,
    }
    if miner.config["opencl"]["adl"]:
        answer |= _health(miner, gpu, now, {"rpm": gpu.rpm(now)})
    return answer


def _cuda_thread(miner: Miner, thread: Thread, hashrate: Windows, now: float) -> Json:
    gpu = _gpu_of(thread)
    answer: Json = {
        **_entry(thread),
        "hashrate": hashrate,
        "name": gpu.model.name,
        "bus_id": gpu.bus_id,
        "smx": gpu.model.units,
        "arch": int(gpu.model.chip),
        "global_mem": gpu.model.memory,
        "clock": gpu.model.clock,
        "memory_clock": gpu.model.memory_clock,
    }
    if miner.config["cuda"]["nvml"]:
        fans = [round(gpu.fan(now))] * gpu.model.fans
        answer |= _health(miner, gpu, now, {"fan_speed": fans})
    return answer


def _health(miner: Miner, gpu: Gpu, now: float, fan: Mapping[str, object]) -> Json:
    """Return what the driver tells; 0 where it does not know, nothing where it is absent."""
    card = _card_of(miner, gpu)
    if not card.health:
        return {}
    health: Json = {
        "temperature": round(gpu.temperature(now)),
        "power": round(gpu.power(now)),
        "clock": gpu.clock(now),
        "mem_clock": gpu.memory_clock(),
        **fan,
    }
    for name in card.blind & health.keys():
        health[name] = [] if name == "fan_speed" else 0
    return {"health": health}


def _gpu_of(thread: Thread) -> Gpu:
    assert thread.gpu is not None
    return thread.gpu


def _card_of(miner: Miner, gpu: Gpu) -> Card:
    return miner.machine.cards[miner.machine.gpus.index(gpu)]


def _entry(thread: Thread) -> Json:
    assert isinstance(thread.settings, dict)
    return thread.settings
