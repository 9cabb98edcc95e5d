"""Earnings, payments, fees and wallets; pure functions."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Context, Decimal
from typing import Final

from ....model import Channel
from ...common.decoding import Fields, Values
from .. import readings
from .fields import percent

_WIDE: Final = Context(prec=200)


def _in_btc(fields: Fields) -> Iterable[Fields]:
    """Return the items of a list that are in BTC."""
    return (
        item
        for item in fields.each("data")
        if item.raw("currency") in (None, readings.BTC)
    )


def parse_earnings(fields: Fields) -> Values:
    """Parse what is earned and not credited yet."""
    values = Values()
    for item in _in_btc(fields):
        today = item.amount("amounts", "today")
        yesterday = item.amount("amounts", "yesterday")
        values.put(readings.EARNINGS_TODAY.plain, today)
        values.put(readings.EARNINGS_YESTERDAY.plain, yesterday)
        if known := [a for a in (today, yesterday) if a is not None]:
            values.put(readings.EARNINGS_IN_PROCESSING.plain, exact_sum(known))
        break
    return values


def parse_amount(fields: Fields, channel: Channel[Decimal]) -> Values:
    """Parse the first amount of a list."""
    values = Values()
    for item in _in_btc(fields):
        values.put(channel, item.amount("amount"))
        break
    return values


def exact_sum(amounts: Iterable[Decimal]) -> Decimal:
    """Add amounts without rounding, whatever their number of digits."""
    total = Decimal(0)
    for amount in amounts:
        # A context rounds to 28 digits; an amount may have up to 120.
        total = _WIDE.add(total, amount)
    return total


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment:
    """A payment to or from the account."""

    id: str
    type: str
    amount: Decimal | None
    at: datetime | None
    """When it was credited or paid."""
    direction: str | None
    status: str | None
    transaction: str | None


def parse_payments(items: Iterable[Fields]) -> list[Payment]:
    """Return the payments in BTC, oldest first; without a time they come first."""
    found = [
        Payment(
            id=own,
            type=kind,
            amount=item.amount("amount"),
            at=item.moment("created_at"),
            direction=item.text("direction"),
            status=item.text("status"),
            transaction=item.text("metadata", "tx_hash") or item.text("tx_hash"),
        )
        for item in items
        if item.raw("currency") in (None, readings.BTC)
        and (own := item.text("id")) is not None
        and (kind := item.text("type")) is not None
    ]
    return sorted(found, key=lambda p: (p.at is not None, p.at and p.at.timestamp()))


def payment_values(reward: Payment | None, payout: Payment | None) -> Values:
    """Return the readings of the newest reward and the newest payout."""
    values = Values()
    if reward is not None:
        values.put(readings.LAST_REWARD.plain, reward.amount)
        values.put(readings.LAST_REWARD_AT.plain, reward.at)
    if payout is not None:
        values.put(readings.LAST_PAYOUT.plain, payout.amount)
        values.put(readings.LAST_PAYOUT_AT.plain, payout.at)
        values.put(readings.LAST_PAYOUT_TRANSACTION.plain, payout.transaction)
    return values


@dataclass(frozen=True, slots=True)
class Timeline[T]:
    """The value in force, the next one, and the time from which that applies."""

    current: T | None = None
    next: T | None = None
    next_at: datetime | None = None


def parse_timeline[T](
    items: Iterable[Fields], value: Callable[[Fields], T | None], now: datetime
) -> Timeline[T]:
    """Find the current and the next value in a list of changes in any order.

    `valid_until` is ignored: a value ends where the next one begins. A value without
    `valid_from` has always been in force.
    """
    past: list[tuple[float, T]] = []
    future: list[tuple[datetime, T]] = []
    for item in items:
        if (found := value(item)) is None:
            continue
        begins = item.moment("valid_from")
        if begins is not None and begins > now:
            future.append((begins, found))
        else:
            past.append((begins.timestamp() if begins else 0.0, found))
    current = max(past, key=lambda pair: pair[0], default=(0.0, None))[1]
    next_at, following = min(future, key=lambda pair: pair[0], default=(None, None))
    return Timeline(current, following, next_at)


def parse_fees(items: Iterable[Fields], now: datetime) -> Timeline[float]:
    """Parse the current and the next fee, in %."""
    return parse_timeline(items, lambda item: percent(item, "fee"), now)


def fee_values(fees: Timeline[float]) -> Values:
    """Return the readings of the fees."""
    values = Values()
    values.put(readings.FEE.plain, fees.current)
    values.put(readings.FEE_NEXT.plain, fees.next)
    values.put(readings.FEE_NEXT_AT.plain, fees.next_at)
    return values


def threshold_values(
    fields: Fields, now: datetime, number: int | None, *, settable: bool
) -> Values:
    """Parse the current and the next payout threshold of a wallet."""
    found = parse_timeline(_in_btc(fields), lambda item: item.amount("amount"), now)
    values = Values()
    values.put(readings.THRESHOLD.channel(number=number), found.current)
    values.put(readings.THRESHOLD_NEXT.channel(number=number), found.next)
    values.put(readings.THRESHOLD_NEXT_AT.channel(number=number), found.next_at)
    if settable:
        chosen = found.current if found.next is None else found.next
        values.put(readings.THRESHOLD_SET.channel(number=number), chosen)
    return values


def address_values(fields: Fields, now: datetime, number: int | None) -> Values:
    """Parse the payout address of a wallet, and whether it is about to change."""
    found = parse_timeline(_in_btc(fields), lambda item: item.text("address"), now)
    values = Values()
    values.put(readings.ADDRESS.channel(number=number), found.current)
    if found.current is not None or found.next is not None:
        values.put(
            readings.ADDRESS_CHANGES.channel(number=number), found.next is not None
        )
    return values


def parse_reward_rate(fields: Fields) -> Values:
    """Parse what 1 TH/s earned on the newest day listed, in BTC."""
    newest = max(
        (
            (day, amount)
            for item in fields.each("rates")
            if item.raw("currency") in (None, readings.BTC)
            and (day := item.moment("date")) is not None
            and (amount := item.amount("rate")) is not None
        ),
        key=lambda pair: pair[0],
        default=None,
    )
    values = Values()
    if newest is not None:
        values.put(readings.REWARD_RATE.plain, newest[1])
    return values
