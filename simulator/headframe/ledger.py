"""Money of an account: what each day earns, its credit the next day, its payout.

The accounting day begins at 00:00 UTC, is credited at 10:10 UTC of the next one, and
payouts leave between 11:00 and 14:00 UTC.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_DOWN, Decimal
from hashlib import sha256
from math import sin
from random import Random
from uuid import NAMESPACE_URL, uuid5

from .mining import DAY, HOUR

CREDIT = 10 * HOUR + 604
"""When of the day the day before is credited."""
_PAYOUTS = (11 * HOUR, 14 * HOUR)
_SATOSHI = Decimal("0.00000001")
_FINEST = Decimal("0.000000000000001")
_RATE = Decimal("0.00000000000000000062")
CURRENCY = "BTC"


@dataclass(frozen=True, kw_only=True)
class Payment:
    """One row of the ledger."""

    id: str
    type: str
    incoming: bool
    amount: Decimal
    created_at: float
    effective_at: float
    rate: Decimal | None = None
    hashrate: int | None = None
    tx_hash: str | None = None


@dataclass(frozen=True, kw_only=True)
class Entry:
    """What a day adds to an account, before it becomes a row."""

    type: str
    amount: Decimal
    incoming: bool = True
    rate: Decimal | None = None
    hashrate: int | None = None


def reward_rate(day: float) -> Decimal:
    """Return what one H/s earns in a day, in BTC."""
    swing = Decimal(f"{1 + 0.04 * sin(day / DAY / 5):.6f}")
    return _RATE * swing


def midnight(now: float) -> float:
    """Return when the accounting day began."""
    return now - now % DAY


@dataclass(kw_only=True)
class Ledger:
    """The rows of an account up to the present."""

    owner: str
    """Id of the account."""
    since: float
    """The first day that earns."""
    earn: Callable[[float, float], Sequence[Entry]]
    """What was earned from a moment of one day to another."""
    threshold: Callable[[float], Decimal | None]
    """The payout threshold at a moment; None where nothing is paid out."""
    rows: list[Payment] = field(default_factory=list)
    """Oldest first."""
    _day: float = field(init=False)
    _paid_day: float = field(init=False)

    def __post_init__(self) -> None:
        """Begin with the first day."""
        self._day = self._paid_day = midnight(self.since)

    def settle(self, now: float) -> None:
        """Write down everything that has happened until now."""
        while True:
            credit = self._day + DAY + CREDIT
            payout = self._payout_time(self._paid_day)
            if min(credit, payout) > now:
                return
            if credit <= payout:
                self._credit(self._day, credit)
                self._day += DAY
            else:
                self._pay_out(payout)
                self._paid_day += DAY

    @property
    def balance(self) -> Decimal:
        """What is not paid out yet."""
        return sum(
            (row.amount if row.incoming else -row.amount for row in self.rows),
            Decimal(),
        )

    @property
    def earned(self) -> Decimal:
        """Everything that ever came in, less what was handed on."""
        return self.balance + sum(
            (row.amount for row in self.rows if row.type == "payout"), Decimal()
        )

    def processing(self, now: float) -> tuple[Decimal, Decimal]:
        """Return what yesterday and today have earned and is not credited yet."""
        self.settle(now)
        today = midnight(now)
        yesterday = Decimal()
        if self._day < today:
            yesterday = _net(self.earn(today - DAY, today))
        return yesterday, _net(self.earn(today, now))

    def _payout_time(self, day: float) -> float:
        return day + Random(f"{self.owner}:{day}").uniform(*_PAYOUTS) // 1

    def _credit(self, day: float, at: float) -> None:
        for number, entry in enumerate(self.earn(day, day + DAY)):
            if entry.amount:
                self._write(
                    entry, at=at + number // 3, effective_at=day, name=f"{number}"
                )

    def _pay_out(self, at: float) -> None:
        threshold = self.threshold(at)
        amount = self.balance.quantize(_SATOSHI, ROUND_DOWN)
        if threshold is not None and amount >= threshold:
            entry = Entry(type="payout", amount=amount, incoming=False)
            self._write(entry, at=at, effective_at=at, name="payout")

    def _write(
        self, entry: Entry, *, at: float, effective_at: float, name: str
    ) -> None:
        name = f"{self.owner}:{entry.type}:{at}:{name}"
        self.rows.append(
            Payment(
                id=str(uuid5(NAMESPACE_URL, name)),
                type=entry.type,
                incoming=entry.incoming,
                amount=entry.amount,
                created_at=at,
                effective_at=effective_at,
                rate=entry.rate,
                hashrate=entry.hashrate,
                tx_hash=(
                    sha256(name.encode()).hexdigest()
                    if entry.type == "payout"
                    else None
                ),
            )
        )


def fine(amount: Decimal) -> Decimal:
    """Round as the ledger does, finer than a satoshi."""
    return amount.quantize(_FINEST, ROUND_DOWN)


def _net(entries: Sequence[Entry]) -> Decimal:
    return sum(
        (entry.amount if entry.incoming else -entry.amount for entry in entries),
        Decimal(),
    )
