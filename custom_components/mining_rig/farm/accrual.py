"""What a farm's energy cost and what the farm earned, summed up as it happens.

Everything is a sum of increases, each at the price of its moment. What was counted is
stored together with the sums, in one file at once, so that a restart or a kill -9 counts
nothing twice and forgets nothing.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from ..const import LONGEST_POLL_INTERVAL
from ..stored import number

_LONGEST_GAP: Final = 2.0 * LONGEST_POLL_INTERVAL
"""Seconds between two hashrates; a restart of Home Assistant takes less."""
_WATT_HOURS: Final = 1000.0
_SECONDS_PER_DAY: Final = 86_400.0

type Sums = dict[str, float]
"""Amounts by the ISO 4217 code of their currency."""


@dataclass(slots=True)
class Cost:
    """What the energy cost."""

    sums: Sums = field(default_factory=dict)
    priced: float | None = None
    """The farm's energy (Wh) that is in the sums; None: begin with the next."""

    def add(self, energy: float, currency: str, price: float | None) -> None:
        """Take the farm's energy in Wh and what a kWh costs now.

        While the price is not known, the energy waits: the first price that is known
        again counts for it. Energy from before the first call costs nothing.
        """
        self.sums.setdefault(currency, 0.0)
        if self.priced is None:
            self.priced = energy
        if price is not None and energy > self.priced:
            self.sums[currency] += (energy - self.priced) / _WATT_HOURS * price
            self.priced = energy

    def stop(self) -> None:
        """Leave out the energy from now on to the next call of `add`."""
        self.priced = None


@dataclass(slots=True)
class Earned:
    """What the farm earned."""

    sums: Sums = field(default_factory=dict)
    credited: dict[str, dict[str, float]] = field(default_factory=dict)
    """The highest total of each account that is in the sums, by its coin."""
    per_day: float | None = None
    """The income of a day at the last hashrate."""
    at: datetime | None = None
    """When that was."""

    def add_credit(
        self, account: str, coin: str, total: float, currency: str, rate: float | None
    ) -> None:
        """Take what a pool's account has been credited since it was opened, in coins.

        While it is not known what a coin is worth, the credit waits for the first rate.
        A total that falls, as after a correction, counts again where it is higher than
        ever. What an account had at its first call is not earned by the farm.
        """
        self.sums.setdefault(currency, 0.0)
        coins = self.credited.setdefault(account, {})
        before = coins.setdefault(coin, total)
        if rate is not None and total > before:
            self.sums[currency] += (total - before) * rate
            coins[coin] = total

    def add_income(self, per_day: float | None, currency: str, now: datetime) -> None:
        """Take what the present hashrate earns in a day; None while it is not known.

        Between two of them, their mean counts for the time. In a longer silence nothing
        is earned, because nobody knows whether the farm was mining.
        """
        if per_day is not None:
            self.sums.setdefault(currency, 0.0)
            if self.per_day is not None and self.at is not None:
                seconds = (now - self.at).total_seconds()
                if 0 < seconds <= _LONGEST_GAP:
                    mean = (self.per_day + per_day) / 2
                    self.sums[currency] += mean * seconds / _SECONDS_PER_DAY
        self.per_day, self.at = per_day, now

    def keep_accounts(self, accounts: Collection[str]) -> None:
        """Forget the accounts that are not chosen any more.

        One that is chosen again begins anew, so that the sum does not jump.
        """
        for account in self.credited.keys() - set(accounts):
            del self.credited[account]


@dataclass(slots=True)
class Accrual:
    """Cost and earnings of one farm, as they are stored."""

    cost: Cost = field(default_factory=Cost)
    earned: Earned = field(default_factory=Earned)

    def dump(self) -> dict[str, Any]:
        """Return it as JSON, independent of later changes."""
        at = self.earned.at
        return {
            "cost": dict(self.cost.sums),
            "priced": self.cost.priced,
            "earned": dict(self.earned.sums),
            "credited": {key: dict(c) for key, c in self.earned.credited.items()},
            "per_day": self.earned.per_day,
            "at": None if at is None else at.timestamp(),
        }


def load_accrual(stored: Any, energy: float) -> Accrual:
    """Read what was dumped; each field alone, one that makes no sense is not known.

    `energy` is the farm's energy (Wh) that was stored with it. Where that was lost, it
    begins at 0, and so does what of it has a price.
    """
    if not isinstance(stored, Mapping):
        return Accrual()
    priced = number(stored.get("priced"))
    credited = {
        str(account): coins
        for account, item in _mapping(stored.get("credited")).items()
        if (coins := {c: n for c, n in _numbers(item).items() if n >= 0})
    }
    return Accrual(
        Cost(
            _numbers(stored.get("cost")),
            min(priced, energy) if priced is not None and priced >= 0 else None,
        ),
        Earned(
            _numbers(stored.get("earned")),
            credited,
            number(stored.get("per_day")),
            _moment(stored.get("at")),
        ),
    )


def _mapping(stored: Any) -> Mapping[Any, Any]:
    return stored if isinstance(stored, Mapping) else {}


def _numbers(stored: Any) -> dict[str, float]:
    found = {str(key): number(value) for key, value in _mapping(stored).items()}
    return {key: value for key, value in found.items() if value is not None}


def _moment(stored: Any) -> datetime | None:
    if (timestamp := number(stored)) is None:
        return None
    try:
        return datetime.fromtimestamp(timestamp, UTC)
    except OSError, OverflowError, ValueError:
        return None
