"""The configuration of XMRig: what it makes of a document it is given.

Like XMRig 6.x: the miner reads the keys it knows, replaces what it cannot use by
the default, drops the rest, and generates thread profiles where there are none.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
import json
import math
import re
from typing import Any

from ..hardware import Card, CpuModel

type Config = dict[str, Any]
"""A whole configuration, as GET /2/config shows it."""

type _Reader = Callable[[object], Any]
"""Turns what stands under a key (None where it is absent) into what is kept."""

COIN_ALGORITHMS = {
    "xmr": "rx/0",
    "wow": "rx/wow",
    "arq": "rx/arq",
    "rvn": "kawpow",
    "rtm": "ghostrider",
}
_COINS = {
    "monero": "XMR",
    "wownero": "WOW",
    "arqma": "ARQ",
    "ravencoin": "RVN",
    "raptoreum": "RTM",
}
"""What it shows for the long names of coins."""
KEEPALIVE_SECONDS = 60

_TOKEN = re.compile(r'("(?:\\.|[^"\\])*")|//[^\n]*|/\*.*?\*/|,(?=\s*[\]}])', re.DOTALL)


def parse(body: bytes) -> object:
    """Read JSON that may have comments and trailing commas; ValueError if it is none."""
    text = body.decode("utf-8", "replace")
    text = _TOKEN.sub(lambda match: match[1] or "", text)
    # What stood between a last comma and its bracket may have been a comment.
    return json.loads(_TOKEN.sub(lambda match: match[1] or "", text))


@dataclass(frozen=True, kw_only=True)
class Equipment:
    """What profiles are generated for."""

    cpu: CpuModel
    cards: tuple[Card, ...] = ()

    def of(self, vendor: str) -> list[Card]:
        """Return the cards of a vendor in the order of their slots."""
        return [card for card in self.cards if card.model.vendor == vendor]


def normalise(document: object, equipment: Equipment) -> Config | None:
    """Return what the miner keeps of a document; None where it answers 400."""
    if not isinstance(document, Mapping) or not document:
        return None
    config: Config = {key: read(document.get(key)) for key, read in _ROOT.items()}
    if not any(pool["enabled"] for pool in config["pools"]):
        return None
    benchmark = document.get("benchmark")
    if isinstance(benchmark, Mapping) and benchmark.get("size"):
        # It becomes a benchmark, and forgets its pools.
        config["pools"] = []
    for key, generate in _GENERATORS.items():
        _add_profiles(config[key], document.get(key), generate, equipment)
    return config


def active_pools(config: Config) -> list[Config]:
    """Return the pools that are tried, in their order."""
    return [pool for pool in config["pools"] if pool["enabled"]]


def algorithm_of(pool: Config) -> str:
    """Return the algorithm of a pool's jobs."""
    return str(pool["algo"] or COIN_ALGORITHMS.get(str(pool["coin"]).lower(), "rx/0"))


def profile_name(section: Config, algorithm: str) -> str | None:
    """Return the name of the thread profile for an algorithm; None if there is none."""
    chosen = section.get(algorithm)
    if chosen is False:
        return None
    if isinstance(chosen, list | dict):
        return algorithm
    if isinstance(chosen, str):
        return chosen if isinstance(section.get(chosen), list | dict) else None
    family = "cn" if algorithm == "cryptonight" else algorithm.partition("/")[0]
    for name in (family, "*"):
        if isinstance(section.get(name), list | dict):
            return name
    return None


def threads_of(section: Config, profile: str | None) -> list[object]:
    """Return the threads of a profile one by one; it may be given as so many alike."""
    threads = section[profile] if profile else []
    if isinstance(threads, dict):
        alike = {"intensity": threads.get("intensity", 1), "affinity": -1}
        return [alike] * int(threads.get("threads", 0))
    return list(threads)


def _boolean(default: bool) -> _Reader:
    return lambda value: value if isinstance(value, bool) else default


def _integer(default: int | None, low: int, high: int) -> _Reader:
    def read(value: object) -> int | None:
        if not isinstance(value, int) or isinstance(value, bool):
            return default
        return value if low <= value <= high else default

    return read


def _at_most(default: int, high: int) -> _Reader:
    """Read a natural number; a larger one is cut to `high`."""

    def read(value: object) -> int:
        return min(value, high) if isinstance(value, int) and value >= 0 else default

    return read


def _text(default: str | None = None) -> _Reader:
    return lambda value: value if isinstance(value, str) else default


def _choice(default: object, *choices: object) -> _Reader:
    def read(value: object) -> object:
        return next(
            (c for c in choices if type(c) is type(value) and c == value), default
        )

    return read


def _section(readers: Mapping[str, _Reader]) -> _Reader:
    def read(value: object) -> Config:
        given = value if isinstance(value, Mapping) else {}
        return {key: reader(given.get(key)) for key, reader in readers.items()}

    return read


def _switched(readers: Mapping[str, _Reader]) -> _Reader:
    """Read a backend's section, which may be a bare true or false."""

    section = _section(readers)

    def read(value: object) -> object:
        return section({"enabled": value} if isinstance(value, bool) else value)

    return read


def _pause_on_active(value: object) -> bool | int:
    if isinstance(value, bool):
        return value
    return value if isinstance(value, int) and value > 0 else False


def _keepalive(value: object) -> bool | int:
    if isinstance(value, bool):
        return value
    if isinstance(value, int) and value > 0:
        return True if value == KEEPALIVE_SECONDS else value
    return False


def _huge_pages(value: object) -> bool | int:
    return value if isinstance(value, bool | int) else True


def _verbose(value: object) -> int:
    return int(value) if isinstance(value, bool | int) and value >= 0 else 0


_DAEMON = {"daemon-poll-interval": 1000, "daemon-job-timeout": 15000}


def _pool(value: object) -> Config | None:
    """Read a pool; None where its address cannot be used."""
    if not isinstance(value, Mapping) or not _usable_url(value.get("url")):
        return None
    text, no, yes = _text(), _boolean(default=False), _boolean(default=True)
    daemon = no(value.get("daemon"))
    pool: Config = {
        "algo": _algorithm(value.get("algo")),
        "coin": _coin(value.get("coin")),
        "url": text(value.get("url")),
        "user": text(value.get("user")),
    }
    if not daemon:
        pool["pass"] = text(value.get("pass"))
        pool["rig-id"] = text(value.get("rig-id"))
        pool["nicehash"] = no(value.get("nicehash"))
        pool["keepalive"] = _keepalive(value.get("keepalive"))
    pool["enabled"] = yes(value.get("enabled"))
    pool["tls"] = no(value.get("tls")) or pool["url"].startswith("stratum+ssl://")
    pool["sni"] = no(value.get("sni"))
    pool["tls-fingerprint"] = text(value.get("tls-fingerprint"))
    pool["daemon"] = daemon
    pool["socks5"] = value.get("socks5")
    if daemon:
        for key, default in _DAEMON.items():
            pool[key] = _integer(default, 1, 2**63)(value.get(key))
        pool["daemon-zmq-port"] = _integer(0, 1, 65535)(value.get("daemon-zmq-port"))
    else:
        pool["self-select"] = text(value.get("self-select"))
        pool["submit-to-origin"] = no(value.get("submit-to-origin"))
    return pool


def _algorithm(value: object) -> str | None:
    if not isinstance(value, str):
        return None
    return value.replace("cryptonight/", "cn/").replace("randomx/", "rx/")


def _coin(value: object) -> str | None:
    """Return its short name; null for one that is not known."""
    if not isinstance(value, str):
        return None
    short = _COINS.get(value.lower(), value.upper())
    return short if short.lower() in COIN_ALGORITHMS else None


def _usable_url(url: object) -> bool:
    if not isinstance(url, str):
        return False
    address = url.rpartition("://")[2]
    host, _, port = address.rpartition(":")
    return bool(host or address) and (not host or port.isdigit())


def _pools(value: object) -> list[Config]:
    given = value if isinstance(value, list) else []
    return [pool for item in given if (pool := _pool(item)) is not None]


_CPU = {
    "enabled": _boolean(default=True),
    "huge-pages": _huge_pages,
    "huge-pages-jit": _boolean(default=False),
    "hw-aes": _choice(None, True, False),
    "priority": _integer(None, 0, 5),
    "memory-pool": _huge_pages,
    "yield": _boolean(default=True),
    "asm": _choice(True, True, False, "auto", "none", "intel", "ryzen", "bulldozer"),
    "argon2-impl": _choice(None, "x86_64", "SSE2", "SSSE3", "XOP", "AVX2", "AVX-512F"),
}
_OPENCL = {
    "enabled": _boolean(default=False),
    "cache": _boolean(default=True),
    "loader": _text(),
    "platform": lambda value: value if isinstance(value, str | int) else "AMD",
    "adl": _boolean(default=True),
}
_CUDA = {
    "enabled": _boolean(default=False),
    "loader": _text(),
    "nvml": lambda value: value if isinstance(value, str | bool) else True,
}
_ROOT: dict[str, _Reader] = {
    "api": _section({"id": _text(), "worker-id": _text()}),
    "http": _section(
        {
            "enabled": _boolean(default=False),
            "host": _text("127.0.0.1"),
            "port": _integer(0, 0, 65535),
            "access-token": _text(),
            "restricted": _boolean(default=True),
        }
    ),
    "autosave": _boolean(default=True),
    "background": _boolean(default=False),
    "colors": _boolean(default=True),
    "title": lambda value: value if isinstance(value, bool | str) else True,
    "randomx": _section(
        {
            "init": _integer(-1, -1, 1024),
            "init-avx2": _integer(-1, -1, 1),
            "mode": _choice("auto", "auto", "fast", "light"),
            "1gb-pages": _boolean(default=False),
            "rdmsr": _boolean(default=True),
            "wrmsr": lambda v: v if isinstance(v, bool | int | list) else True,
            "cache_qos": _boolean(default=False),
            "numa": lambda v: v if isinstance(v, bool | list) else True,
            "scratchpad_prefetch_mode": _integer(1, 0, 3),
        }
    ),
    "cpu": _switched(_CPU),
    "opencl": _switched(_OPENCL),
    "cuda": _switched(_CUDA),
    "donate-level": _integer(1, 1, 99),
    "donate-over-proxy": _integer(1, 0, 2),
    "log-file": _text(),
    "pools": _pools,
    "print-time": _at_most(60, 3600),
    "health-print-time": _at_most(60, 3600),
    "dmi": _boolean(default=True),
    "retries": _integer(5, 1, 1000),
    "retry-pause": _integer(5, 1, 3600),
    "syslog": _boolean(default=False),
    "tls": _section(
        {
            "enabled": _boolean(default=False),
            **dict.fromkeys(
                ("protocols", "cert", "cert_key", "ciphers", "ciphersuites", "dhparam"),
                _text(),
            ),
        }
    ),
    "dns": _section({"ip_version": _integer(0, 0, 6), "ttl": _integer(30, 1, 86400)}),
    "user-agent": _text(),
    "verbose": _verbose,
    "watch": _boolean(default=True),
    "pause-on-battery": _boolean(default=False),
    "pause-on-active": _pause_on_active,
}


def _cpu_profiles(section: Config, equipment: Equipment) -> dict[str, list[object]]:
    """Generate as many threads as the caches feed, of these the hinted part."""
    cpu = equipment.cpu
    hint = section["max-threads-hint"]

    def affinities(threads: int) -> list[int]:
        count = max(1, math.ceil(threads * hint / 100))
        # One thread a core first, then the second ones.
        step = 2 if cpu.threads > cpu.cores else 1
        order = [*range(0, cpu.threads, step), *range(1, cpu.threads, step)]
        return sorted(order[:count])

    best, all_threads = affinities(cpu.mining_threads), affinities(cpu.threads)
    return {
        "argon2": list(all_threads),
        "cn": [[1, number] for number in best],
        "cn-heavy": [[1, number] for number in affinities(cpu.l3 // (4 * 1024**2))],
        "cn-lite": [[1, number] for number in all_threads],
        "cn-pico": [[2, number] for number in all_threads],
        "cn/upx2": [[2, number] for number in all_threads],
        "ghostrider": [[8, number] for number in best],
        "rx": list(best),
        "rx/wow": list(all_threads),
    }


def _cuda_profiles(section: Config, equipment: Equipment) -> dict[str, list[object]]:
    del section
    cards = list(enumerate(equipment.of("nvidia")))
    if not cards:
        return {}

    def thread(index: int, units: int, **more: object) -> Config:
        return {
            "index": index,
            "threads": 32,
            "blocks": units * 3,
            "bfactor": 0,
            "bsleep": 0,
            "affinity": -1,
            **more,
        }

    return {
        "kawpow": [
            thread(index, card.model.units * 8, dataset_host=False)
            for index, card in cards
            for _ in range(card.threads)
        ],
        "rx": [
            thread(index, card.model.units, dataset_host=False)
            for index, card in cards
            for _ in range(card.threads)
        ],
    }


def _opencl_profiles(section: Config, equipment: Equipment) -> dict[str, list[object]]:
    del section
    cards = list(enumerate(equipment.of("amd")))
    if not cards:
        return {}
    return {
        "kawpow": [
            {
                "index": index,
                "intensity": card.model.units * 262144,
                "worksize": 256,
                "threads": [-1] * card.threads,
                "unroll": 1,
            }
            for index, card in cards
        ],
        "rx": [
            {
                "index": index,
                "intensity": card.model.units * 32,
                "worksize": 8,
                "threads": [-1] * card.threads,
                "bfactor": 6,
                "gcn_asm": False,
                "dataset_host": False,
            }
            for index, card in cards
        ],
    }


_CPU_SETTINGS: dict[str, object] = {
    "cn-lite/0": False,
    "cn/0": False,
    "rx/arq": "rx/wow",
}
"""Algorithms that are off, or share a profile, unless the owner says otherwise."""

_GENERATORS = {"cpu": _cpu_profiles, "opencl": _opencl_profiles, "cuda": _cuda_profiles}


def _add_profiles(
    section: Config,
    given: object,
    generate: Callable[[Config, Equipment], dict[str, list[object]]],
    equipment: Equipment,
) -> None:
    """Keep the profiles that were given, generate those that are missing.

    As soon as there are profiles the hint has no effect and is not shown.
    """
    document = given if isinstance(given, Mapping) else {}
    known = set(section)
    profiles = {
        key: value
        for key, value in document.items()
        if key not in known and isinstance(value, list | dict) and value
    }
    settings: dict[str, object] = {
        key: value
        for key, value in document.items()
        if key not in known
        and key != "max-threads-hint"
        and (value is False or (isinstance(value, str) and value in profiles))
    }
    is_cpu = "huge-pages" in section
    hint = _integer(100, 1, 100)(document.get("max-threads-hint"))
    if section["enabled"] and "*" not in profiles:
        generated = generate({"max-threads-hint": hint}, equipment)
        for key, threads in generated.items():
            if key not in settings:
                profiles.setdefault(key, threads)
        if is_cpu:
            settings = {
                key: value
                for key, value in {**_CPU_SETTINGS, **settings}.items()
                if key not in profiles
            }
    section |= dict(sorted(profiles.items())) | settings
    if is_cpu and not profiles:
        section["max-threads-hint"] = hint
