"""What T-Rex answers, by version."""

from dataclasses import dataclass
from typing import Any

from .miner import UPDATE_BYTES, Card, Process, Shares, Update, Watchdog, short_name

_WINDOWS = {"hashrate_minute": 60, "hashrate_hour": 3600, "hashrate_day": 86400}
_HOT_MEMORY = ("3070 Ti", "3080", "3090", "4070 Ti", "4080", "4090")
"""Cards with memory that tells its temperature."""


@dataclass(frozen=True, kw_only=True)
class Site:
    """What stands around the miner."""

    pools: tuple[str, ...]
    user: str
    worker: str
    system: str
    driver: str
    nvml: bool
    """Whether the driver's library tells of temperature, fan, power and clocks."""
    watchdog: Watchdog | None
    update: Update | None
    other: bool = False
    """Whether this is another rig than usual, with other cards."""


def summary(process: Process, site: Site, now: float) -> dict[str, Any]:
    """Return the answer to GET /summary."""
    version = process.version
    algorithm = process.algorithms[0]
    answer: dict[str, Any] = {
        "name": "t-rex",
        "description": "T-Rex NVIDIA GPU miner",
        "version": version.text,
        "api": version.api,
        "os": site.system,
        "gpu_total": len(process.cards),
        "uptime": process.uptime(now),
        **_work(process, algorithm, site, now),
        "gpus": [_gpu(process, card, site, now) for card in process.cards],
    }
    if version.since(0, 24):
        answer["time"] = int(now)
    else:
        answer |= {"ts": int(now), "cuda": "11.20", "difficulty": 31968.245093004043}
    if version.since(0, 13):
        answer |= {"build_date": "Oct 13 2022 21:19:25", "revision": "fcc3b6574e6b"}
    if version.since(0, 19):
        answer |= {"coin": str(process.options["coin"]), "driver": site.driver}
    if version.since(0, 9):
        answer["success"] = 1
    if version.since(0, 19) and not version.since(0, 20):
        answer["stat_by_gpu"] = [
            _counts(card.shares[algorithm], invalid=False) for card in process.cards
        ]
    if version.tells_pause:
        answer["paused"] = process.paused
    if version.since(0, 23):
        answer |= {
            "validate_shares": process.options["validate-shares"],
            "invalid_count": 0,
        }
    if site.watchdog is not None and version.since(0, 14):
        answer["watchdog_stat"] = _watchdog(process, site.watchdog, now)
    if len(process.algorithms) > 1:
        answer["dual_stat"] = _dual(process, site, now)
    if site.update is not None:
        answer["updates"] = _update(site.update, now)
    return answer


def _work(process: Process, algorithm: str, site: Site, now: float) -> dict[str, Any]:
    """Return what is told of an algorithm."""
    window = float(str(process.options["hashrate-avr"]))
    cards = process.cards
    shares = [card.shares[algorithm] for card in cards]
    accepted = sum(found.accepted for found in shares)
    minutes = max(process.uptime(now) / 60, 1 / 60)
    answer: dict[str, Any] = {
        "algorithm": algorithm,
        "active_pool": _pool(process, algorithm, site),
        "hashrate": sum(process.hashrate(c, algorithm, now, window) for c in cards),
        "accepted_count": accepted,
        "rejected_count": sum(found.rejected for found in shares),
        "solved_count": 0,
    }
    answer |= {
        key: sum(process.average(card, algorithm, now, span) for card in cards)
        for key, span in _WINDOWS.items()
    }
    if process.version.since(0, 9):
        rate = round(accepted / minutes, 3)
        answer |= {"sharerate": rate, "sharerate_average": rate}
    return answer


def _pool(process: Process, algorithm: str, site: Site) -> dict[str, Any]:
    version = process.version
    index = process.algorithms.index(algorithm)
    difficulty = process.difficulty(algorithm)
    pool: dict[str, Any] = {
        "url": site.pools[index],
        "user": site.user,
        "ping": round(process.latency) if process.connected else 0,
        "retries": process.retries,
        "difficulty": difficulty / 2**32,
    }
    if version.since(0, 19, 9):
        pool["difficulty"] = _lettered(difficulty)
    if version.since(0, 21, 6):
        last = max(card.shares[algorithm].last_at for card in process.cards)
        pool["last_submit_ts"] = int(last)
    if version.since(0, 24):
        pool |= {"worker": site.worker, "proxy": ""}
    return pool


def _lettered(number: float) -> str:
    """Write a number as T-Rex does: 4.00 G."""
    letters = iter(("", " K", " M", " G", " T"))
    letter = next(letters)
    while number >= 1000:
        number, letter = number / 1000, next(letters)
    return f"{number:.2f}{letter}"


def _gpu(process: Process, card: Card, site: Site, now: float) -> dict[str, Any]:
    version, gpu = process.version, card.gpu
    algorithm = process.algorithms[0]
    answer: dict[str, Any] = {
        "device_id": card.number,
        "gpu_id": card.number,
        "intensity": 22.0,
        "name": short_name(gpu.model),
        "vendor": card.vendor,
        **_card_work(process, card, algorithm, now),
    }
    if site.nvml:
        answer |= _health(process, card, now)
    if version.since(0, 13):
        answer["gpu_user_id"] = card.number
    if version.since(0, 19):
        answer |= {"low_load": False, "mtweak": 0}
    if version.since(0, 19, 9):
        uuid = card.uuid[::-1] if site.other else card.uuid
        answer |= {"uuid": uuid, "dag_build_mode": 0}
    if version.since(0, 20):
        answer["shares"] = _shares(process, card.shares[algorithm])
    if version.since(0, 23):
        answer |= {
            "lhr_tune": 0.0,
            "paused": card.paused,
            "pci_bus": int(gpu.bus_id[:2], 16),
            "pci_domain": 0,
            "pci_id": 0,
            "potentially_unstable": card.hung,
        }
    if version.since(0, 25):
        answer["lhr_lock_count"] = 0
    if card.disabled_at is not None:
        answer |= {"disabled": True, "disabled_at_temperature": card.disabled_at}
    return answer


def _card_work(
    process: Process, card: Card, algorithm: str, now: float
) -> dict[str, int]:
    window = float(str(process.options["hashrate-avr"]))
    rates = {"hashrate": process.hashrate(card, algorithm, now, window)}
    if process.version.since(0, 6):
        rates |= {
            key: process.average(card, algorithm, now, span)
            for key, span in _WINDOWS.items()
        }
    if process.version.since(0, 9):
        rates["hashrate_instant"] = process.hashrate(card, algorithm, now, 1)
    return rates


def _health(process: Process, card: Card, now: float) -> dict[str, Any]:
    """Return what the driver's library tells."""
    version, gpu = process.version, card.gpu
    power = round(gpu.power(now))
    health: dict[str, Any] = {
        "temperature": round(gpu.temperature(now)),
        "fan_speed": round(gpu.fan(now)),
        "power": power,
    }
    rate = process.hashrate(card, process.algorithms[0], now, 60)
    if version.since(0, 9):
        health["efficiency"] = f"{rate / power / 1000:.0f}kH/W" if rate else "0.00H/W"
    else:
        health["HW"] = rate / power
    if version.since(0, 19):
        health["power_avr"] = power
    if version.since(0, 23, 1):
        health |= {"cclock": gpu.clock(now), "mclock": gpu.memory_clock()}
    if version.since(0, 25, 9) and short_name(gpu.model).endswith(_HOT_MEMORY):
        health["memory_temperature"] = health["temperature"] + 24
    return health


def _counts(shares: Shares, *, invalid: bool = True) -> dict[str, Any]:
    counts = {
        "accepted_count": shares.accepted,
        "rejected_count": shares.rejected,
        "solved_count": 0,
    }
    return counts | ({"invalid_count": 0} if invalid else {})


def _shares(process: Process, shares: Shares) -> dict[str, Any]:
    """Return a card's shares; only validation looks at their difficulty."""
    validates = bool(process.options["validate-shares"])
    return _counts(shares) | {
        "last_share_diff": shares.last_difficulty * validates,
        "last_share_submit_ts": int(shares.last_at) * validates,
        "max_share_diff": shares.best_difficulty * validates,
        "max_share_submit_ts": int(shares.best_at) * validates,
    }


def _dual(process: Process, site: Site, now: float) -> dict[str, Any]:
    """Return what is told of the second algorithm."""
    algorithm = process.algorithms[1]
    return _work(process, algorithm, site, now) | {
        "invalid_count": 0,
        "gpus": [
            {
                "device_id": card.number,
                **_card_work(process, card, algorithm, now),
                "shares": _shares(process, card.shares[algorithm]),
            }
            for card in process.cards
        ],
    }


def _watchdog(process: Process, watchdog: Watchdog, now: float) -> dict[str, Any]:
    answer: dict[str, Any] = {
        "built_in": True,
        "startup_ts": 10468,
        "total_restarts": watchdog.restarts,
        "uptime": int(now - watchdog.started),
        "wd_version": process.version.text,
    }
    if not process.version.since(0, 23):
        return answer
    main = process.algorithms[0]
    by_gpu = []
    for card in process.cards:
        accepted, rejected = watchdog.totals.get(card.uuid, (0, 0))
        by_gpu.append(
            {
                "device_id": card.number,
                "shares_accepted": accepted + card.shares[main].accepted,
                "shares_rejected": rejected + card.shares[main].rejected,
                "shares_invalid": 0,
                "blocks_found": 0,
            }
        )
    return answer | {
        "by_gpu": by_gpu,
        "total_shares_accepted": sum(card["shares_accepted"] for card in by_gpu),
        "total_shares_rejected": sum(card["shares_rejected"] for card in by_gpu),
        "total_shares_invalid": 0,
        "total_blocks_found": 0,
    }


def _update(update: Update, now: float) -> dict[str, Any]:
    state = update.state(now)
    elapsed = update.elapsed(now)
    url = f"https://files.example.com/t-rex-{update.version}.tar.gz"
    return {
        "url": url,
        "md5sum": "0123456789abcdef0123456789abcdef",
        "version": update.version,
        "notes": update.notes,
        "notes_full": update.notes_full,
        "download_status": {
            "downloaded_bytes": update.downloaded(now),
            "total_bytes": UPDATE_BYTES if update.began is not None else 0,
            "last_error": "connection lost" if state == "error" else "",
            "time_elapsed_sec": elapsed,
            "update_in_progress": state in {"started", "downloading", "finished"},
            "update_state": state,
            "url": url,
        },
    }
