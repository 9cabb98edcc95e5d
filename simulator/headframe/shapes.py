"""The pool's JSON: how it writes times, amounts, hashrates and things."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from .accounts import (
    PAYMENTS,
    Account,
    Change,
    Fee,
    Group,
    Link,
    Miner,
    Registry,
    Sharing,
    User,
    until,
)
from .ledger import CURRENCY, Payment, midnight
from .mining import DAY, HOUR, Plan, Rates, Slice, Worker, total

type Json = dict[str, Any]

WINDOWS: Mapping[str, float] = {"15m": 900, "1h": HOUR, "1d": DAY, "1w": 7 * DAY}
PERIODS: Mapping[str, float] = {
    "PT15M": 900,
    "PT1H": HOUR,
    "P1D": DAY,
    "P1W": 7 * DAY,
}


def time(moment: float) -> str:
    """Write a date-time."""
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def fine_time(moment: float) -> str:
    """Write a date-time as Go does, to the nanosecond."""
    whole, part = divmod(moment, 1)
    return f"{time(whole).removesuffix('Z')}.{round(part * 1e6) % 10**6:06d}471Z"


def day(moment: float) -> str:
    """Write a date."""
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%d")


def duration(seconds: float) -> str:
    """Write a duration of minutes or hours."""
    minutes = round(seconds / 60)
    return f"PT{minutes}M" if minutes % 60 else f"PT{minutes // 60}H"


def amount(value: Decimal) -> str:
    """Write an amount in plain digits."""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def rates(found: Rates) -> Json:
    """Write hashrates; zero has no decimals."""
    return {
        "hashrate": f"{found.hashrate:.2f}" if found.hashrate else "0",
        "rejectrate": f"{found.rejected:.2f}" if found.rejected else "0",
    }


def windows(average: Callable[[float, float], Rates], now: float) -> Json:
    """Write the averages of all windows."""
    return {
        name: rates(average(now - seconds, now)) for name, seconds in WINDOWS.items()
    }


def chart_frame(period: str, interval: float, now: float) -> Json:
    """Write what a chart is of: whole intervals up to the present."""
    end = now - now % interval
    start = end - PERIODS[period]
    return {"from": time(start), "to": time(end), "interval": duration(interval)}


def chart(workers: Sequence[Worker], period: str, interval: float, now: float) -> Json:
    """Write the points of a chart, each of the interval that it begins."""
    end = now - now % interval
    first = end - PERIODS[period]
    since = min((worker.since for worker in workers), default=end)
    points = []
    for number in range(round(PERIODS[period] / interval)):
        at = first + number * interval
        if at + interval > since:
            found = rates(total(workers, at, at + interval))
            points.append({"timestamp": round(at), **found})
    return {"status": "ok", "points": points}


def counts(workers: Sequence[Worker], now: float) -> Json:
    """Count workers by what they do."""
    found = dict.fromkeys(("removed", "off", "unavailable", "stable"), 0)
    for worker in workers:
        found[worker.status(now)] += 1
    return found


def reference(miner: Miner) -> Json:
    """Write which account something belongs to."""
    return {
        "id": miner.id,
        "account_name": miner.account_name,
        "title": miner.title,
    }


def worker(found: Worker, miner: Miner, now: float) -> Json:
    """Write a worker."""
    return {
        "id": found.id,
        "name": found.name,
        "behavior": found.behavior,
        "status": found.status(now),
        "miner": reference(miner),
    }


def boundary_worker(piece: Slice, registry: Registry, now: float) -> Json:
    """Write a slice of hashrate with both sides and its plans."""
    recipient = registry.accounts[piece.recipient]
    donor = registry.accounts[piece.donor]
    assert isinstance(recipient, Miner)
    assert isinstance(donor, Miner)

    def plan(held: Plan | None, end: float | None) -> Json | None:
        if held is None:
            return None
        return {
            "hashrate": held.hashrate,
            "valid_from": time(held.valid_from),
            "valid_until": None if end is None else time(end),
        }

    future = piece.future(now)
    return {
        **worker(piece, recipient, now),
        "donor": reference(donor),
        "hashrate": {
            "current": plan(
                piece.current(now), future.valid_from if future else piece.removed_at
            ),
            "future": plan(future, piece.removed_at),
        },
        "created_at": time(piece.since),
    }


def daily_report(
    workers: Sequence[tuple[str, Worker]], first: float, last: float, now: float
) -> Json:
    """Write what each worker did on each day, from the first to the last."""
    days = []
    at = midnight(first)
    while at <= last and at < now:
        end = min(at + DAY, now)
        days.append(
            {
                "date": day(at),
                "from": time(at),
                "to": time(at + DAY - 1),
                "workers": [
                    {
                        "account_name": account,
                        "worker_name": found.name,
                        **rates(found.average(at, end)),
                    }
                    for account, found in workers
                    if found.since < end
                ],
            }
        )
        at += DAY
    return {"from": day(first), "to": day(last), "data": days}


def payment(row: Payment) -> Json:
    """Write a row of the ledger."""
    metadata: Json = {}
    if row.rate is not None:
        metadata = {"rate": f"{row.rate:f}", "hashrate": str(row.hashrate)}
    if row.tx_hash is not None:
        metadata = {"tx_hash": row.tx_hash}
    return {
        "type": row.type,
        "id": row.id,
        "direction": "incoming" if row.incoming else "outgoing",
        "currency": CURRENCY,
        "amount": amount(row.amount),
        "status": "completed",
        "created_at": fine_time(row.created_at),
        "effective_at": time(row.effective_at),
        "metadata": metadata,
    }


def payments_csv(rows: Sequence[Payment]) -> str:
    """Write rows as the attachment does."""

    def moment(at: float) -> str:
        return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S")

    lines = [
        "created_at,effective_at,type,currency,amount,status,hashrate,rate,tx_hash"
    ]
    lines += (
        ",".join(
            (
                moment(row.created_at),
                moment(row.effective_at),
                row.type,
                CURRENCY,
                amount(row.amount),
                "completed",
                "" if row.hashrate is None else str(row.hashrate),
                "" if row.rate is None else f"{row.rate:f}",
                row.tx_hash or "",
            )
        )
        for row in rows
    )
    return "\n".join(lines) + "\n"


def amounts(value: Decimal) -> Json:
    """Write one sum of money."""
    return {"data": [{"currency": CURRENCY, "amount": amount(value)}]}


def processing(yesterday: Decimal, today: Decimal) -> Json:
    """Write what is not credited yet."""
    both = {"yesterday": amount(yesterday), "today": amount(today)}
    return {"data": [{"currency": CURRENCY, "amounts": both}]}


def threshold(changes: Sequence[Change[Decimal]], number: int) -> Json:
    """Write a payout threshold; the amount is a number."""
    return {
        "amount": float(changes[number].value),
        "currency": CURRENCY,
        **_held(changes, number),
    }


def address(changes: Sequence[Change[str]], number: int) -> Json:
    """Write a payout address."""
    return {
        "address": changes[number].value,
        "currency": CURRENCY,
        "network": "mainnet",
        **_held(changes, number),
    }


def _held[T](changes: Sequence[Change[T]], number: int) -> Json:
    end = until(changes, number)
    return {
        "valid_from": time(changes[number].valid_from),
        "valid_until": None if end is None else time(end),
        "updated_at": time(changes[number].updated_at),
    }


def fee(found: Fee) -> Json:
    """Write a fee; it is a number."""
    return {
        "fee": float(found.fee),
        "valid_from": day(found.valid_from),
        "valid_until": None if found.valid_until is None else day(found.valid_until),
        "comment": found.comment,
    }


def link(found: Link) -> Json:
    """Write a watcher link."""
    return {
        "id": found.id,
        "token": found.token,
        "title": found.title or "",
        "created_at": time(found.created_at),
        "extra_permissions": ["accountant"] if found.accountant else [],
    }


def watcher_permissions(miner: Miner, access: Sequence[str]) -> Json:
    """Write what a watcher link reaches."""
    return {
        "permissions": [
            {
                "id": miner.id,
                "type": miner.type,
                "account_name": miner.account_name,
                "access": [word for word in access if word == PAYMENTS],
            }
        ]
    }


def sharing(found: Sharing, registry: Registry) -> Json:
    """Write a profit sharing; the rate is a number."""
    recipient = registry.accounts.get(found.recipient)
    return {
        "rate": float(found.rate),
        "type": found.type,
        "recipient": {
            "id": found.recipient,
            "account_name": recipient.account_name if recipient else "",
        },
        "valid_from": time(found.valid_from),
        "valid_until": None if found.valid_until is None else time(found.valid_until),
    }


def miner(found: Miner, pool: str) -> Json:
    """Write an account."""
    written: Json = {
        "id": found.id,
        "account_name": found.account_name,
        "status": found.status,
        "wallets": [wallet.id for wallet in found.wallets],
        "pool": {"id": pool},
        "owner": {
            "id": found.owner,
            "status": "active",
            "registered_at": time(found.since),
        },
    }
    if found.title is not None:
        written["title"] = found.title
    if found.operator is not None:
        written["operator"] = {"id": found.operator}
    return written


def operator(found: Group) -> Json:
    """Write an operator."""
    return {
        "id": found.id,
        "title": found.title,
        "status": found.status,
        "wallets": [],
        "owner": {"id": found.id, "status": "active"},
        "settings": {"default_pool_fee_for_customer": 0.02},
    }


def user(found: User, registry: Registry) -> Json:
    """Write who is signed in and what he may reach."""
    permissions: list[Json] = [{"type": "platform", "id": "headframe"}]
    for account_id, roles in found.roles.items():
        account: Account = registry.accounts[account_id]
        permissions.append(
            {
                "type": account.type,
                "id": account.id,
                **(
                    {"account_name": account.account_name}
                    if isinstance(account, Miner)
                    else {}
                ),
                "roles": roles,
            }
        )
    return {
        "user": {
            "id": found.id,
            "status": found.status,
            "language": found.language,
            "email": found.email,
        },
        "verification": {"intercom": found.id.replace("-", "") * 2},
        "credentials": {
            "totp": found.totp is not None,
            "lookup_secret": bool(found.recovery_codes),
        },
        "permissions": permissions,
    }


def topics(found: User) -> Json:
    """Write what he is told of, and how."""
    return {
        channel: {
            topic: {"enabled": on, "readonly": topic in found.fixed_topics}
            for topic, on in told.items()
        }
        for channel, told in found.topics.items()
    }
