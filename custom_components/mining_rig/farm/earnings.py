"""What a farm earns: what pools credit, or what its owner knows a hashrate to earn."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from math import isfinite
from typing import Any, Final

from ..hashrate import ladder, parse_unit
from ..model import Snapshot, channel_from
from ..sources.common.earnings import Earnings
from ..stored import items, number
from .rates import Algorithm, algorithm

HASHRATE_UNITS: Final = (*ladder("H/s"), *ladder("Sol/s")[:4], *ladder("g/s")[:4])
"""The units of hashrate that an income can be for."""

MOST_INCOME: Final = 1e9
"""Of one unit of hashrate and day, in any currency."""

# In each income of an entry's options.
CONF_ALGORITHM: Final = "algorithm"
CONF_AMOUNT: Final = "amount"
CONF_PER: Final = "per"


@dataclass(frozen=True, slots=True)
class Income:
    """What one unit of work per second at an algorithm earns a day."""

    algorithm: Algorithm
    amount: float
    """In the farm's currency, for 1 H/s (Sol/s, g/s) a day."""


@dataclass(frozen=True, slots=True)
class Account:
    """What a pool's account says now."""

    coin: str
    total: float | None
    """The coins that were credited since it was opened."""
    last_day: float | None
    """The coins of its last whole day."""


def read_income(stored: Any) -> Income | None:
    """Read one income of an entry's options; None for what is none."""
    if not isinstance(stored, Mapping):
        return None
    spelled, per = stored.get(CONF_ALGORITHM), stored.get(CONF_PER)
    amount = number(stored.get(CONF_AMOUNT))
    unit = parse_unit(per) if isinstance(per, str) and per in HASHRATE_UNITS else None
    if not isinstance(spelled, str) or unit is None or amount is None:
        return None
    work = algorithm(spelled, unit[1])
    if work is None or not 0 <= amount <= MOST_INCOME:
        return None
    return Income(work, amount / unit[0])


def read_incomes(stored: Any) -> tuple[Income, ...]:
    """Read the incomes of an entry's options; the last one of an algorithm counts."""
    found = [income for item in items(stored) if (income := read_income(item))]
    return tuple({income.algorithm.key: income for income in found}.values())


def income_per_day(
    hashrates: Mapping[Algorithm, float], incomes: Iterable[Income]
) -> float:
    """Return what the hashrates earn a day, in the farm's currency.

    An algorithm at which nothing works now earns nothing.
    """
    rates = {work.key: rate for work, rate in hashrates.items()}
    return sum(
        income.amount * rates.get(income.algorithm.key, 0.0) for income in incomes
    )


def account_of(snapshot: Snapshot, earnings: Earnings) -> Account:
    """Return what an account reports of its earnings."""
    days = [_coins(snapshot, key) for key in earnings.last_day]
    known = [day for day in days if day is not None]
    return Account(
        coin=earnings.coin,
        total=_coins(snapshot, earnings.total),
        last_day=next((day for day in known if day > 0), 0.0 if known else None),
    )


def _coins(snapshot: Snapshot, key: str) -> float | None:
    channel = channel_from(key, None, None)
    value = None if channel is None else snapshot.rig.values.get(channel)
    if not isinstance(value, int | float | Decimal) or isinstance(value, bool):
        return None
    return coins if isfinite(coins := float(value)) and coins >= 0 else None
