"""Tables of T-Rex's summary: which channel has which key, and how it is read.

Hashrates are H/s for every algorithm. Difficulties are numbers, from API 3.3 on texts
such as "4.00 G". Moments are seconds of the rig's clock; 0 means "not yet". Readings of
the driver are left out where they are not known.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any, Final, NamedTuple

from ...hashrate import parse_hashrate
from ...model import Channel, Value, Window
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
from ..common.decoding import Fields, Values, pool_name
from . import readings

type _Read = Callable[[Fields, str], Value | None]

SECOND: Final = 2
"""The number of the channels of the second algorithm."""

_HOTTEST: Final = 200
_FASTEST_FAN: Final = 200
_LONGEST_PING: Final = 65535
_LAST_MOMENT: Final = 2**32
_LARGEST: Final = 1e200
_LARGEST_COUNT: Final = 2**63 - 1
_ABOVE_ZERO: Final = 1e-200

_NOTHING: Final[frozenset[type]] = frozenset()
_NUMBERS: Final[frozenset[type]] = frozenset((int, float))
_COUNTS: Final[frozenset[type]] = frozenset((int,))
_FLAGS: Final[frozenset[type]] = frozenset((bool,))


class Row(NamedTuple):
    """A channel, the key of its value, and how the value is read.

    A value of one of the types `kinds` between `low` and `high` is used unchanged; a 0
    outside of them means "not known"; `read` handles every other value.
    """

    channel: Channel[Any]
    key: str
    read: _Read
    kinds: frozenset[type] = _NOTHING
    low: float = 0
    high: float = 0


def put(values: Values, fields: Fields, rows: Iterable[Row]) -> None:
    """Add the values of an object; most objects have only some of the keys."""
    data = fields.raw()
    if not isinstance(data, dict):
        return
    for channel, key, read, kinds, low, high in rows:
        if (found := data.get(key)) is None:
            continue
        if type(found) in kinds:
            if low <= found <= high:
                values[channel] = found
                continue
            if not found:
                continue
        if (value := read(fields, key)) is not None:
            values[channel] = value


# ---- kinds of value


def _number(channel: Channel[float], key: str, high: float = _LARGEST) -> Row:
    def read(fields: Fields, key: str) -> float | None:
        return fields.number(key, maximum=high)

    return Row(channel, key, read, _NUMBERS, 0, high)


def _positive(channel: Channel[float], key: str, high: float = _LARGEST) -> Row:
    """Return a row of a number whose 0 means "not known"."""

    def read(fields: Fields, key: str) -> float | None:
        return fields.positive(key, maximum=high)

    return Row(channel, key, read, _NUMBERS, _ABOVE_ZERO, high)


def _count(channel: Channel[int], key: str) -> Row:
    return Row(channel, key, Fields.count, _COUNTS, 0, _LARGEST_COUNT)


def _count_or_none(channel: Channel[int], key: str) -> Row:
    """Return a row of a count whose 0 means that it is not counted."""

    def read(fields: Fields, key: str) -> int | None:
        return fields.count(key) or None

    return Row(channel, key, read, _COUNTS, 1, _LARGEST_COUNT)


def _flag(channel: Channel[bool], key: str) -> Row:
    return Row(channel, key, Fields.flag, _FLAGS, 0, 1)


def _text(channel: Channel[str], key: str) -> Row:
    def read(fields: Fields, key: str) -> str | None:
        return fields.text(key)

    return Row(channel, key, read)


def _host_and_port(fields: Fields, key: str) -> str | None:
    """Return host and port of a URL, without scheme, user and path."""
    return pool_name(fields.text(key) or "") or None


def _difficulty(fields: Fields, key: str) -> float | None:
    if isinstance(text := fields.raw(key), str):
        found = parse_hashrate(text)
        # The unit prefixes are those of a hashrate.
        if found is not None and found[1] == "H/s":
            return found[0] or None
        if not text.strip():
            return None
    return fields.positive(key)


def _moment(channel: Channel[datetime], key: str) -> Row:
    """Return a row of a moment, which always needs a conversion."""
    return Row(channel, key, moment, _NUMBERS, 1, 0)


def moment(fields: Fields, key: str) -> datetime | None:
    """Read a moment of the rig's clock in s since 1970; 0 means "not yet"."""
    seconds = fields.positive(key, maximum=_LAST_MOMENT)
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


def _tune(fields: Fields, key: str) -> float | None:
    """Read the LHR tuning in %; -1 means "automatic"."""
    value = fields.number(key, minimum=-1, maximum=100)
    return None if value is None or value < 0 else value


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
        (_number if position < zeros.full else _positive)(
            HASHRATE.channel(window, number), key
        )
        for position, (window, key, _) in enumerate(_AVERAGES)
    )


def _shares(number: int | None, zeros: ZeroRules) -> tuple[Row, ...]:
    invalid = _count if zeros.validated else _count_or_none
    return (
        _count(ACCEPTED.channel(number=number), "accepted_count"),
        _count(REJECTED.channel(number=number), "rejected_count"),
        invalid(INVALID.channel(number=number), "invalid_count"),
    )


@cache
def work(number: int | None, zeros: ZeroRules) -> tuple[Row, ...]:
    """Return the rows of an algorithm."""
    average = readings.SHARE_RATE_AVERAGE.channel(number=number)
    return (
        _number(HASHRATE.channel(number=number), "hashrate"),
        *_averages(number, zeros),
        _text(ALGORITHM.channel(number=number), "algorithm"),
        _text(COIN.channel(number=number), "coin"),
        _number(readings.SHARE_RATE.channel(number=number), "sharerate"),
        _number(average, "sharerate_average"),
        *_shares(number, zeros),
        _count(BLOCKS_FOUND.channel(number=number), "solved_count"),
    )


@cache
def pool(number: int | None) -> tuple[Row, ...]:
    """Return the rows of a pool; its user, a wallet, is left out."""
    dns = readings.POOL_DNS.channel(number=number)
    return (
        Row(POOL.channel(number=number), "url", _host_and_port),
        _positive(POOL_LATENCY.channel(number=number), "ping", _LONGEST_PING),
        Row(DIFFICULTY.channel(number=number), "difficulty", _difficulty),
        _text(readings.WORKER.channel(number=number), "worker"),
        _count(readings.POOL_RETRIES.channel(number=number), "retries"),
        _moment(readings.LAST_SHARE.channel(number=number), "last_submit_ts"),
        Row(readings.POOL_PROXY.channel(number=number), "proxy", _host_and_port),
        Row(dns, "dns_https_server", _host_and_port),
    )


@cache
def card_work(number: int | None, zeros: ZeroRules) -> tuple[Row, ...]:
    """Return the rows of a card's hashrates."""
    instant = readings.HASHRATE_INSTANT.channel(number=number)
    return (
        _number(HASHRATE.channel(number=number), "hashrate"),
        *_averages(number, zeros),
        _number(instant, "hashrate_instant"),
    )


@cache
def card_shares(number: int | None, zeros: ZeroRules) -> tuple[Row, ...]:
    """Return the rows of a card's shares."""
    last = readings.LAST_SHARE_DIFFICULTY.channel(number=number)
    best_at = readings.BEST_SHARE_AT.channel(number=number)
    last_at = readings.LAST_SHARE.channel(number=number)
    return (
        *_shares(number, zeros),
        _count(BLOCKS_FOUND.channel(number=number), "solved_count"),
        _positive(BEST_SHARE.channel(number=number), "max_share_diff"),
        _positive(last, "last_share_diff"),
        _moment(best_at, "max_share_submit_ts"),
        _moment(last_at, "last_share_submit_ts"),
    )


# ---- rows that exist once

RIG_ROWS: Final = (
    _text(VERSION.plain, "version"),
    _flag(readings.VALIDATES.plain, "validate_shares"),
    Row(readings.NETWORK_DIFFICULTY.plain, "difficulty", _difficulty),
    _count(readings.GPUS.plain, "gpu_total"),
    _text(readings.REVISION.plain, "revision"),
    _text(readings.BUILT.plain, "build_date"),
    _text(readings.DRIVER.plain, "driver"),
    _text(readings.CUDA.plain, "cuda"),
    _text(readings.SYSTEM.plain, "os"),
)
WATCHDOG: Final = (
    _count(readings.RESTARTS.plain, "total_restarts"),
    _text(readings.WATCHDOG_VERSION.plain, "wd_version"),
    _flag(readings.WATCHDOG_BUILT_IN.plain, "built_in"),
    _count(readings.TOTAL_ACCEPTED.plain, "total_shares_accepted"),
    _count(readings.TOTAL_REJECTED.plain, "total_shares_rejected"),
    _count(readings.TOTAL_INVALID.plain, "total_shares_invalid"),
    _count(readings.TOTAL_BLOCKS.plain, "total_blocks_found"),
)
DOWNLOAD: Final = (
    Row(readings.UPDATE_STATE.plain, "update_state", _update_state),
    _text(readings.UPDATE_ERROR.plain, "last_error"),
)
CARD: Final = (
    _positive(TEMPERATURE.plain, "temperature", _HOTTEST),
    _positive(MEMORY_TEMPERATURE.plain, "memory_temperature", _HOTTEST),
    _number(FAN_LEVEL.plain, "fan_speed", _FASTEST_FAN),
    _positive(POWER.plain, "power"),
    _positive(readings.POWER_AVERAGE.plain, "power_avr"),
    _positive(CORE_CLOCK.plain, "cclock"),
    _positive(MEMORY_CLOCK.plain, "mclock"),
    _number(readings.INTENSITY.plain, "intensity"),
    _positive(readings.DISABLED_AT.plain, "disabled_at_temperature", _HOTTEST),
    _flag(readings.UNSTABLE.plain, "potentially_unstable"),
    _flag(readings.LOW_LOAD.plain, "low_load"),
    Row(readings.LHR_TUNE.plain, "lhr_tune", _tune, _NUMBERS, 0, 100),
    _count(readings.LHR_LOCKS.plain, "lhr_lock_count"),
    _count(readings.DAG_BUILD_MODE.plain, "dag_build_mode"),
    _count(readings.MEMORY_TWEAK.plain, "mtweak"),
)
CARD_TOTALS: Final = (
    _count(readings.TOTAL_ACCEPTED.plain, "shares_accepted"),
    _count(readings.TOTAL_REJECTED.plain, "shares_rejected"),
    _count(readings.TOTAL_INVALID.plain, "shares_invalid"),
    _count(readings.TOTAL_BLOCKS.plain, "blocks_found"),
)
