"""Reports about money: payments, fees and referrals."""

from collections import defaultdict
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from ...common.contract import CommandRefused, JsonObject, SourceGarbled
from ...common.decoding import Fields
from ..parse.fields import percent, rate
from ..parse.money import exact_sum
from ..readings import BTC
from .request import ReportContext
from .shapes import LONGEST_TEXT, iso_moment, plain, plain_amount, shape_in_executor

LONGEST_EXPORT: Final = timedelta(days=90)
_USUAL: Final = timedelta(days=30)


async def payments(context: ReportContext, details: JsonObject) -> JsonObject:
    """Return the payments of a period, newest first, and their sums by type."""
    start, end = context.period(details, _USUAL)
    types = set(details.get("types") or ())
    found: list[Fields] = []
    query = {"type": sorted(types)} if types else None
    async for page in context.each_page(context.kind.payments, context.path, query):
        for item in page:
            at = item.moment("created_at")
            if at is not None and not start <= at < end:
                continue
            if not types or item.text("type") in types:
                found.append(item)
        if _is_last(page, start):
            break
    period = {"start": start.isoformat(), "end": end.isoformat()}
    return period | await shape_in_executor(_payments, found)


def _is_last(page: list[Fields], start: datetime) -> bool:
    """Return whether all later pages are older, if the newest payments come first."""
    moments = [at for item in page if (at := item.moment("created_at")) is not None]
    return bool(moments) and moments[0] >= moments[-1] and moments[-1] < start


def _payments(items: list[Fields]) -> JsonObject:
    sums: defaultdict[str, list[Decimal]] = defaultdict(list)
    for item in items:
        amount = item.amount("amount")
        if amount is not None and item.text("currency") in (None, BTC):
            sums[item.text("type") or "other"].append(amount)
    return {
        "payments": [_payment(item) for item in items],
        "totals": {kind: plain(exact_sum(amounts)) for kind, amounts in sums.items()},
    }


def _payment(item: Fields) -> JsonObject:
    return {
        "id": item.text("id"),
        "type": item.text("type"),
        "direction": item.text("direction"),
        "currency": item.text("currency"),
        "amount": plain_amount(item, "amount"),
        "status": item.text("status"),
        "created_at": iso_moment(item, "created_at"),
        "effective_at": iso_moment(item, "effective_at"),
        "rate": plain_amount(item, "metadata", "rate"),
        "hashrate": rate(item, "metadata", "hashrate"),
        "transaction": item.text("metadata", "tx_hash") or item.text("tx_hash"),
        "description": item.text("metadata", "description", longest=LONGEST_TEXT),
    }


async def export(context: ReportContext, details: JsonObject) -> JsonObject:
    """Return the payments of a period as the pool's own CSV."""
    start, end = context.period(details, LONGEST_EXPORT)
    if end - start > LONGEST_EXPORT:
        raise CommandRefused(
            "headframe_long_period", {"days": str(LONGEST_EXPORT.days)}
        )
    query: dict[str, Any] = {
        "from": _zulu(start),
        "to": _zulu(end - timedelta(seconds=1)),
    }
    if types := details.get("types"):
        query["type"] = sorted(types)
    context.check_budget()
    text = await context.api.text(
        context.kind.payments_csv, path=context.path, query=query
    )
    if text.lstrip().startswith(("<", "{")):
        raise SourceGarbled("The pool did not send CSV")
    return {"csv": text}


def _zulu(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


async def fees(context: ReportContext, details: JsonObject) -> JsonObject:
    """Return the fees of the pool and the operator, and those of a recipient."""
    miner = context.path
    answer: JsonObject = {
        "pool": [_fee(item) for item in await context.pages("miner_fees", miner)]
    }
    known = context.reader.results.details
    if known is not None and known.operator is not None:
        operated = {**miner, "operator_id": known.operator}
        items = await context.pages("operator_miner_fees", operated)
        answer["operator"] = [_fee(item) for item in items]
    if (recipient := details.get("recipient")) is not None:
        path = context.donor_to(recipient)
        items = await context.pages("virtual_mining_fees", path)
        answer["recipient"] = [_fee(item) for item in items]
    return answer


def _fee(item: Fields) -> JsonObject:
    return {
        "fee": percent(item, "fee"),
        "valid_from": item.text("valid_from"),
        "valid_until": item.text("valid_until"),
        "comment": item.text("comment", longest=LONGEST_TEXT),
    }


async def referrals(context: ReportContext, details: JsonObject) -> JsonObject:
    """Return the referred accounts, and the codes to refer more."""
    codes = await context.call("referrer_codes", context.path)
    items = await context.pages("referrals", context.path)
    return {
        "referrals": [_referral(item) for item in items],
        "codes": [_code(item) for item in codes.each("data")],
    }


def _referral(item: Fields) -> JsonObject:
    return {
        "id": item.text("id"),
        "share": percent(item, "rate"),
        "registered_at": iso_moment(item, "registered_at"),
        "hashrate": {
            key: rate(item, "hashrate", key) for key in ("day", "week", "month")
        },
    }


def _code(item: Fields) -> JsonObject:
    return {
        "code": item.text("code"),
        "fee": percent(item, "pool_flat_rate"),
        "fee_multiplier": plain_amount(item, "policy", "pool_rate_multiplier"),
        "reward_multiplier": plain_amount(item, "policy", "referrer_reward_multiplier"),
    }
