"""Headframe's answers in the shared vocabulary; pure functions.

Answers are decoded exactly (`Answer.exact_json`), so that money never is a binary
fraction. Lists may be null (wire facts: headframe §2.1, §2.2, §6).
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Context, Decimal
from itertools import pairwise
from typing import Any, Final

from homeassistant.util.dt import parse_duration

from ...model import Channel, Reading, Window
from ...readings import HASHRATE
from ..common.decoding import Fields, Values
from . import readings
from .operations import ID

BOUNDARY: Final = "boundary"
"""The behaviour of a worker without a machine: a slice of another's hashrate."""

_RATE_DIGITS: Final = 30
_LATEST: Final = 2**34
"""Seconds since 1970; far enough for a chart."""
_WIDE: Final = Context(prec=200)


def identifier(fields: Fields, *path: str) -> str | None:
    """Return an id that can stand in a path; others are of no use."""
    found = fields.text(*path)
    return found if found is not None and ID.fullmatch(found) else None


def rate(fields: Fields, *path: str) -> float | None:
    """Return a hashrate in H/s, sent as text or as a number."""
    found = fields.amount(*path)
    if found is None or not found >= 0 or found.adjusted() > _RATE_DIGITS:
        return None
    return float(found)


def whole(fields: Fields, *path: str) -> int | None:
    """Return a whole number that is not negative, sent as text or as a number."""
    found = fields.amount(*path)
    if found is None or found < 0 or found.adjusted() > _RATE_DIGITS:
        return None
    return int(found) if found == found.to_integral_value() else None


def is_list(fields: Fields, *path: str) -> bool:
    """Tell whether a list is there; an empty one may be null, but not missing."""
    *before, last = path
    inside = fields.raw(*before)
    if not isinstance(inside, dict) or last not in inside:
        return False
    return inside[last] is None or isinstance(inside[last], list)


def second(fields: Fields, *path: str) -> datetime | None:
    """Return the moment of Unix seconds."""
    found = fields.amount(*path)
    if found is None or not 0 <= found <= _LATEST:
        return None
    return datetime.fromtimestamp(int(found), UTC)


def percent(fields: Fields, *path: str) -> float | None:
    """Return in % what is sent as a ratio."""
    found = fields.amount(*path)
    if found is None or not 0 <= found <= 1:
        return None
    return float(found * 100)


# ---- who there is


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """One account that a credential reaches."""

    kind: str
    """`miner`, `operator` or `pool`."""
    id: str
    name: str | None = None
    access: tuple[str, ...] = ()
    """What a watcher may read beyond the hashrate."""


ACCOUNT_KINDS: Final = ("miner", "operator", "pool")


def parse_permissions(answer: Any) -> list[Account]:
    """Return the accounts among the permissions of a user or a watcher, miners first.

    A platform's permission is none; it may come without a name.
    """
    found: dict[str, Account] = {}
    for item in Fields(answer).each("permissions"):
        kind, own = item.text("type"), identifier(item, "id")
        if kind in ACCOUNT_KINDS and own is not None:
            access = item.raw("access")
            found[own] = Account(
                kind=kind,
                id=own,
                name=item.text("account_name"),
                access=tuple(map(str, access)) if isinstance(access, list) else (),
            )
    return sorted(found.values(), key=lambda a: ACCOUNT_KINDS.index(a.kind))


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """Who signed in."""

    id: str
    language: str | None
    accounts: list[Account]


def parse_user(answer: Any) -> User | None:
    """Return the user; None for nobody, which is how a dead session may look."""
    user = Fields(answer).inside("user")
    own = identifier(user, "id")
    if own is None:
        return None
    return User(
        id=own, language=user.text("language"), accounts=parse_permissions(answer)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Details:
    """What an account is."""

    id: str | None
    account_name: str | None
    title: str | None
    status: str | None
    wallets: tuple[str, ...]
    operator: str | None


def parse_details(fields: Fields) -> Details:
    """Read an account's details; a fresh one has neither title nor wallet."""
    wallets = fields.raw("wallets")
    listed = range(len(wallets)) if isinstance(wallets, list) else ()
    told = (fields.text("wallets", index) for index in listed)
    return Details(
        id=identifier(fields, "id"),
        account_name=fields.text("account_name"),
        title=fields.text("title"),
        status=fields.text("status"),
        wallets=tuple(
            dict.fromkeys(own for own in told if own is not None and ID.fullmatch(own))
        ),
        operator=identifier(fields, "operator", "id"),
    )


# ---- hashrates


def parse_stats(fields: Fields) -> Values:
    """Read averages over four windows.

    `rejectrate` is a hashrate too: what was rejected, in H/s. Whether the hashrate
    includes it is not known; the two readings of the share hardly differ.
    """
    values = Values()
    for window in readings.WINDOWS:
        average = rate(fields, window, "hashrate")
        rejected = rate(fields, window, "rejectrate")
        values.put(readings.AVERAGE.channel(window), average)
        values.put(readings.REJECTED_HASHRATE.channel(window), rejected)
        if average is not None and rejected is not None and average + rejected:
            share = 100 * rejected / (average + rejected)
            values.put(readings.REJECTED_SHARE.channel(window), share)
    values.put(HASHRATE.plain, rate(fields, Window.M15, "hashrate"))
    return values


@dataclass(frozen=True, slots=True, kw_only=True)
class Worker:
    """A machine, or a slice of another account's hashrate."""

    id: str
    name: str | None
    behavior: str | None
    status: str | None
    """One of the reading's choices; None for one that is not known yet."""

    @property
    def online(self) -> bool | None:
        """Whether it works; only a stable one does."""
        return None if self.status is None else self.status == "stable"


def parse_workers(items: Iterable[Fields]) -> dict[str, Worker]:
    """Return workers by their ids; names may be there twice."""
    found = {}
    for item in items:
        if (own := identifier(item, "id")) is not None:
            status = item.text("status")
            found[own] = Worker(
                id=own,
                name=item.text("name"),
                behavior=item.text("behavior"),
                status=status if status in readings.STATUSES else None,
            )
    return found


def worker_values(worker: Worker) -> Values:
    """Return what the list tells of one worker."""
    values = Values()
    values.put(readings.STATUS.plain, worker.status)
    values.put(readings.ONLINE.plain, worker.online)
    return values


def count_workers(workers: Iterable[Worker]) -> Values:
    """Count the workers of an account; those that were removed are none."""
    there = [worker for worker in workers if worker.status != "removed"]
    statuses = Counter(worker.status for worker in there)
    machines = (worker for worker in there if worker.behavior != BOUNDARY)
    values = Values()
    values.put(readings.WORKERS.plain, len(there))
    values.put(readings.WORKERS_STABLE.plain, statuses["stable"])
    values.put(readings.WORKERS_UNAVAILABLE.plain, statuses["unavailable"])
    values.put(readings.WORKERS_OFF.plain, statuses["off"])
    values.put(
        readings.WORKERS_DOWN.plain,
        any(worker.status in ("unavailable", "off") for worker in machines),
    )
    return values


# ---- money


def _in_btc(fields: Fields) -> Iterable[Fields]:
    """Go through the amounts of a list that are in BTC."""
    return (
        item
        for item in fields.each("data")
        if item.raw("currency") in (None, readings.BTC)
    )


def parse_earnings(fields: Fields) -> Values:
    """Read what is earned and not credited yet."""
    values = Values()
    for item in _in_btc(fields):
        today = item.amount("amounts", "today")
        yesterday = item.amount("amounts", "yesterday")
        values.put(readings.EARNINGS_TODAY.plain, today)
        values.put(readings.EARNINGS_YESTERDAY.plain, yesterday)
        if (told := [a for a in (today, yesterday) if a is not None]) != []:
            values.put(readings.EARNINGS_IN_PROCESSING.plain, exact_sum(told))
        break
    return values


def parse_amount(fields: Fields, channel: Channel[Decimal]) -> Values:
    """Read the one amount of a list."""
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
    """Money that came or went."""

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
    """Return what the newest reward and the newest payout tell."""
    values = Values()
    if reward is not None:
        values.put(readings.LAST_REWARD.plain, reward.amount)
        values.put(readings.LAST_REWARD_AT.plain, reward.at)
    if payout is not None:
        values.put(readings.LAST_PAYOUT.plain, payout.amount)
        values.put(readings.LAST_PAYOUT_AT.plain, payout.at)
        values.put(readings.LAST_PAYOUT_TRANSACTION.plain, payout.transaction)
    return values


# ---- what changes at a known time


@dataclass(frozen=True, slots=True)
class Timeline[T]:
    """A value that holds, and the next one with the time from which it will."""

    current: T | None = None
    next: T | None = None
    next_at: datetime | None = None


def parse_timeline[T](
    items: Iterable[Fields], value: Callable[[Fields], T | None], now: datetime
) -> Timeline[T]:
    """Find by time what holds of a list of changes in any order.

    The end of an entry is not looked at: it is where the next one begins. Without a
    beginning it has always held.
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
    """Read the fee in %, now and next."""
    return parse_timeline(items, lambda item: percent(item, "fee"), now)


def fee_values(fees: Timeline[float]) -> Values:
    """Return what a timeline of fees tells."""
    values = Values()
    values.put(readings.FEE.plain, fees.current)
    values.put(readings.FEE_NEXT.plain, fees.next)
    values.put(readings.FEE_NEXT_AT.plain, fees.next_at)
    return values


def threshold_values(
    fields: Fields, now: datetime, number: int | None, *, settable: bool
) -> Values:
    """Read the payout threshold of a wallet, now and next."""
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
    """Read the payout address of a wallet, and whether another one is to come."""
    found = parse_timeline(_in_btc(fields), lambda item: item.text("address"), now)
    values = Values()
    values.put(readings.ADDRESS.channel(number=number), found.current)
    if found.current is not None or found.next is not None:
        values.put(
            readings.ADDRESS_CHANGES.channel(number=number), found.next is not None
        )
    return values


# ---- figures that hardly change


def parse_reward_rate(fields: Fields) -> Values:
    """Read what 1 TH/s earns in a day, of the newest day there is."""
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


def parse_pool_stats(fields: Fields) -> Values:
    """Read what the pool tells everybody about itself."""
    values = Values()
    values.put(readings.POOL_HASHRATE.plain, rate(fields, "hashrate"))
    values.put(readings.POOL_MINERS.plain, whole(fields, "miners"))
    values.put(readings.POOL_FEE.plain, percent(fields, "fee"))
    values.put(readings.POOL_THRESHOLD.plain, fields.amount("minpay"))
    return values


def referral_values(items: Iterable[Fields]) -> Values:
    """Count the accounts that this one brought, and add up their hashrates."""
    there = list(items)
    values = Values()
    values.put(readings.REFERRALS.plain, len(there))
    for key, channel in (
        ("day", readings.REFERRAL_HASHRATE.channel(Window.D1)),
        ("week", readings.REFERRAL_HASHRATE.channel(Window.W1)),
        ("month", readings.REFERRAL_HASHRATE_MONTH.plain),
    ):
        told = [rate(item, "hashrate", key) for item in there]
        known = [hashrate for hashrate in told if hashrate is not None]
        if len(known) == len(told):
            values.put(channel, float(sum(known)))
    return values


def profit_sharing_values(fields: Fields) -> Values:
    """Count what is shared with other accounts, and add up the shares."""
    if not is_list(fields, "data"):
        return Values()
    there = list(fields.each("data"))
    shares = [percent(item, "rate") for item in there]
    values = Values()
    values.put(readings.PROFIT_SHARINGS.plain, len(there))
    known = [share for share in shares if share is not None]
    if len(known) == len(shares):
        values.put(readings.PROFIT_SHARED.plain, float(sum(known)))
    return values


def parse_notifications(fields: Fields) -> dict[Reading[bool], bool]:
    """Return what the user may choose to be told of, and whether that is so."""
    found = {}
    for path, reading in readings.NOTIFICATIONS.items():
        enabled = fields.flag(*path, "enabled")
        if enabled is not None and fields.raw(*path, "readonly") is False:
            found[reading] = enabled
    return found


# ---- the past

type Points = Mapping[datetime, float]
"""Mean hashrates in H/s by the beginning of their interval."""


def parse_points(fields: Fields) -> Points:
    """Read the points of one chart; one that is not ready has none."""
    points: dict[datetime, float] = {}
    if fields.text("status") not in (None, "ok"):
        return points
    for point in fields.each("points"):
        at = second(point, "timestamp")
        hashrate = rate(point, "hashrate")
        if at is not None and hashrate is not None:
            points[at] = hashrate
    return points


def _duration(fields: Fields, *path: str) -> timedelta | None:
    """Return an ISO 8601 duration that is longer than nothing."""
    try:
        told = parse_duration(fields.text(*path) or "")
    except OverflowError:
        return None
    return told if told is not None and told > timedelta() else None


def parse_interval(fields: Fields, charts: Iterable[Points]) -> timedelta | None:
    """Return the distance of a chart's points; where it is not said, the smallest."""
    if (interval := _duration(fields, "interval")) is not None:
        return interval
    gaps = [
        later - earlier
        for points in charts
        for earlier, later in pairwise(sorted(points))
    ]
    return min(gaps, default=None)
