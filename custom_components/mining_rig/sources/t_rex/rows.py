"""Tables of T-Rex's summary (`sources/common/answer_table.py`).

Hashrates are H/s for every algorithm. Difficulties are numbers, from API 3.3 on texts
such as "4.00 G". Moments are seconds of the rig's clock; 0 means "not yet". Readings of
the driver are left out where they are not known.
"""

from dataclasses import dataclass
from functools import cache
from typing import Final

from ...model import Window
from ...readings import (
    ACCEPTED,
    ALGORITHM,
    BEST_SHARE,
    BLOCKS_FOUND,
    COIN,
    CORE_CLOCK,
    DIFFICULTY,
    FAN_LEVEL,
    HASHRATE,
    INVALID,
    MEMORY_CLOCK,
    MEMORY_TEMPERATURE,
    POOL,
    POOL_LATENCY,
    POWER,
    REJECTED,
    TEMPERATURE,
    VERSION,
)
from ..common import answer_table as table
from ..common.answer_table import Row
from ..common.decoding import Fields
from . import readings

SECOND: Final = 2
"""The number of the channels of the second algorithm."""


# ---- kinds of value


def _update_state(fields: Fields, key: str) -> str | None:
    word = (fields.text(key) or "").lower()
    return word if word in readings.UPDATE_STATES else None


# ---- rows of each algorithm; the channels of the second one have a number

_AVERAGES: Final = (
    (Window.M1, "hashrate_minute", 60),
    (Window.H1, "hashrate_hour", 3600),
    (Window.D1, "hashrate_day", 86400),
)
RATES: Final = tuple(HASHRATE.channel(number=number) for number in (None, SECOND))


@dataclass(frozen=True, slots=True, kw_only=True)
class ZeroRules:
    """What decides whether a 0 is a measured one."""

    full: int = 0
    """The number of averages whose windows are full, the shortest first."""
    validated: bool = True
    """The miner validates its shares before it sends them, or does not say."""


def full_windows(uptime: float | None) -> int:
    """Return the number of windows that are full after `uptime` seconds."""
    return sum(uptime is not None and uptime >= window for *_, window in _AVERAGES)


def _averages(number: int | None, zeros: ZeroRules) -> tuple[Row, ...]:
    return tuple(
        (table.number if position < zeros.full else table.positive)(
            HASHRATE.channel(window, number), key
        )
        for position, (window, key, _) in enumerate(_AVERAGES)
    )


def _shares(number: int | None, zeros: ZeroRules) -> tuple[Row, ...]:
    invalid = table.count if zeros.validated else table.count_or_none
    return (
        table.count(ACCEPTED.channel(number=number), "accepted_count"),
        table.count(REJECTED.channel(number=number), "rejected_count"),
        invalid(INVALID.channel(number=number), "invalid_count"),
    )


@cache
def work(number: int | None, zeros: ZeroRules) -> tuple[Row, ...]:
    """Return the rows of an algorithm."""
    average = readings.SHARE_RATE_AVERAGE.channel(number=number)
    return (
        table.number(HASHRATE.channel(number=number), "hashrate"),
        *_averages(number, zeros),
        table.text(ALGORITHM.channel(number=number), "algorithm"),
        table.text(COIN.channel(number=number), "coin"),
        table.number(readings.SHARE_RATE.channel(number=number), "sharerate"),
        table.number(average, "sharerate_average"),
        *_shares(number, zeros),
        table.count(BLOCKS_FOUND.channel(number=number), "solved_count"),
    )


@cache
def pool(number: int | None) -> tuple[Row, ...]:
    """Return the rows of a pool; its user, a wallet, is left out."""
    dns = readings.POOL_DNS.channel(number=number)
    return (
        table.host_and_port(POOL.channel(number=number), "url"),
        table.latency(POOL_LATENCY.channel(number=number), "ping"),
        table.difficulty(DIFFICULTY.channel(number=number), "difficulty"),
        table.text(readings.WORKER.channel(number=number), "worker"),
        table.count(readings.POOL_RETRIES.channel(number=number), "retries"),
        table.moment(readings.LAST_SHARE.channel(number=number), "last_submit_ts"),
        table.host_and_port(readings.POOL_PROXY.channel(number=number), "proxy"),
        table.host_and_port(dns, "dns_https_server"),
    )


@cache
def card_work(number: int | None, zeros: ZeroRules) -> tuple[Row, ...]:
    """Return the rows of a card's hashrates."""
    instant = readings.HASHRATE_INSTANT.channel(number=number)
    return (
        table.number(HASHRATE.channel(number=number), "hashrate"),
        *_averages(number, zeros),
        table.number(instant, "hashrate_instant"),
    )


@cache
def card_shares(number: int | None, zeros: ZeroRules) -> tuple[Row, ...]:
    """Return the rows of a card's shares."""
    last = readings.LAST_SHARE_DIFFICULTY.channel(number=number)
    best_at = readings.BEST_SHARE_AT.channel(number=number)
    last_at = readings.LAST_SHARE.channel(number=number)
    return (
        *_shares(number, zeros),
        table.count(BLOCKS_FOUND.channel(number=number), "solved_count"),
        table.positive(BEST_SHARE.channel(number=number), "max_share_diff"),
        table.positive(last, "last_share_diff"),
        table.moment(best_at, "max_share_submit_ts"),
        table.moment(last_at, "last_share_submit_ts"),
    )


# ---- rows that exist once

RIG_ROWS: Final = (
    table.text(VERSION.plain, "version"),
    table.flag(readings.VALIDATES.plain, "validate_shares"),
    table.difficulty(readings.NETWORK_DIFFICULTY.plain, "difficulty"),
    table.count(readings.GPUS.plain, "gpu_total"),
    table.text(readings.REVISION.plain, "revision"),
    table.text(readings.BUILT.plain, "build_date"),
    table.text(readings.DRIVER.plain, "driver"),
    table.text(readings.CUDA.plain, "cuda"),
    table.text(readings.SYSTEM.plain, "os"),
)
WATCHDOG: Final = (
    table.count(readings.RESTARTS.plain, "total_restarts"),
    table.text(readings.WATCHDOG_VERSION.plain, "wd_version"),
    table.flag(readings.WATCHDOG_BUILT_IN.plain, "built_in"),
    table.count(readings.TOTAL_ACCEPTED.plain, "total_shares_accepted"),
    table.count(readings.TOTAL_REJECTED.plain, "total_shares_rejected"),
    table.count(readings.TOTAL_INVALID.plain, "total_shares_invalid"),
    table.count(readings.TOTAL_BLOCKS.plain, "total_blocks_found"),
)
DOWNLOAD: Final = (
    table.row(readings.UPDATE_STATE.plain, "update_state", _update_state),
    table.text(readings.UPDATE_ERROR.plain, "last_error"),
)
CARD: Final = (
    table.positive(TEMPERATURE.plain, "temperature", table.HOTTEST),
    table.positive(MEMORY_TEMPERATURE.plain, "memory_temperature", table.HOTTEST),
    table.fan_level(FAN_LEVEL.plain, "fan_speed"),
    table.positive(POWER.plain, "power"),
    table.positive(readings.POWER_AVERAGE.plain, "power_avr"),
    table.positive(CORE_CLOCK.plain, "cclock"),
    table.positive(MEMORY_CLOCK.plain, "mclock"),
    table.number(readings.INTENSITY.plain, "intensity"),
    table.positive(
        readings.DISABLED_AT.plain, "disabled_at_temperature", table.HOTTEST
    ),
    table.flag(readings.UNSTABLE.plain, "potentially_unstable"),
    table.flag(readings.LOW_LOAD.plain, "low_load"),
    table.number(readings.LHR_TUNE.plain, "lhr_tune", 100, none=(-1,)),
    table.count(readings.LHR_LOCKS.plain, "lhr_lock_count"),
    table.count(readings.DAG_BUILD_MODE.plain, "dag_build_mode"),
    table.count(readings.MEMORY_TWEAK.plain, "mtweak"),
)
CARD_TOTALS: Final = (
    table.count(readings.TOTAL_ACCEPTED.plain, "shares_accepted"),
    table.count(readings.TOTAL_REJECTED.plain, "shares_rejected"),
    table.count(readings.TOTAL_INVALID.plain, "shares_invalid"),
    table.count(readings.TOTAL_BLOCKS.plain, "blocks_found"),
)
