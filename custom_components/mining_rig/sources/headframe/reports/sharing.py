"""Hashrate, profit and access that others get: boundary workers, sharings, links."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Final

from ...common.contract import CommandRefused, JsonObject
from ...common.decoding import Fields
from ..api import Closed
from ..links import ACCOUNTANT
from ..parse.fields import percent, rate
from . import shapes
from .request import ReportContext, checked_id
from .shapes import LONGEST_TEXT, iso_moment, plain

LEAST_TRANSFER: Final = Decimal(2**32)
"""H/s of the smallest boundary worker that Headframe's documentation allows."""


# ---- boundary workers


async def boundary_workers(context: ReportContext, details: JsonObject) -> JsonObject:
    """Return the boundary workers, and the averages of all together."""
    workers = await context.pages("boundary_workers", context.path)
    averages = await context.call("boundary_stats", context.donor)
    return {
        "workers": [_boundary_worker(item) for item in workers],
        "averages": shapes.averages(averages),
    }


async def create_boundary_worker(
    context: ReportContext, details: JsonObject
) -> JsonObject:
    """Give hashrate to another account."""
    body = {
        "name": details["name"],
        "recipient_miner_id": checked_id(details["recipient"]),
        "donor_miner_id": context.account.id,
        "hashrate": _hashrate(details["hashrate"]),
    }
    fields = await context.call("create_boundary_worker", {}, body=body)
    return _boundary_worker(fields)


async def change_boundary_worker(
    context: ReportContext, details: JsonObject
) -> JsonObject:
    """Change the hashrate of a boundary worker."""
    path = await _own_boundary_worker(context, details["worker"])
    body = {"hashrate": _hashrate(details["hashrate"])}
    return _boundary_worker(await context.call("set_boundary_worker", path, body=body))


async def delete_boundary_worker(
    context: ReportContext, details: JsonObject
) -> JsonObject:
    """Stop giving hashrate."""
    path = await _own_boundary_worker(context, details["worker"])
    await context.call("delete_boundary_worker", path)
    return {}


async def _own_boundary_worker(
    context: ReportContext, worker: str
) -> Mapping[str, str]:
    """Return the path of a worker. Raises CommandRefused for another account's."""
    path = {"worker_id": checked_id(worker)}
    try:
        fields = await context.call("boundary_worker", path)
    except Closed:
        # The path is inferred; the pool itself knows whose worker it is.
        return path
    donor = fields.text("donor", "id")
    if donor is not None and donor != context.account.id:
        raise CommandRefused("headframe_not_own", {"worker": worker})
    return path


def _hashrate(terahashes: float) -> str:
    """Return TH/s as whole H/s. Raises CommandRefused for less than the pool takes."""
    hashrate = Decimal(str(terahashes)) * 10**12
    if hashrate < LEAST_TRANSFER:
        raise CommandRefused(
            "headframe_small_hashrate", {"least": plain(LEAST_TRANSFER / 10**12)}
        )
    return str(int(hashrate))


def _boundary_worker(item: Fields) -> JsonObject:
    return {
        **shapes.worker(item),
        "recipient": item.text("miner", "id"),
        "donor": item.text("donor", "id"),
        "created_at": iso_moment(item, "created_at"),
        "hashrate": rate(item, "hashrate", "current", "hashrate"),
        "next_hashrate": rate(item, "hashrate", "future", "hashrate"),
        "next_from": iso_moment(item, "hashrate", "future", "valid_from"),
    }


# ---- profit sharing


async def profit_sharings(context: ReportContext, details: JsonObject) -> JsonObject:
    """Return what is shared now; with a recipient, its whole history."""
    if (recipient := details.get("recipient")) is not None:
        path = context.donor_to(recipient)
        items = await context.pages("profit_sharing_history", path)
    else:
        fields = await context.call("profit_sharings", context.donor)
        items = list(fields.each("data"))
    return {"profit_sharings": [_profit_sharing(item) for item in items]}


def _profit_sharing(item: Fields) -> JsonObject:
    return {
        "recipient": item.text("recipient", "id"),
        "account": item.text("recipient", "account_name"),
        "share": percent(item, "rate"),
        "type": item.text("type"),
        "valid_from": iso_moment(item, "valid_from"),
        "valid_until": iso_moment(item, "valid_until"),
    }


async def set_profit_sharing(context: ReportContext, details: JsonObject) -> JsonObject:
    """Share profit from the next day on; replaces what is shared now."""
    share = Decimal(str(details["share"])) / 100
    body = {"rate": plain(share), "type": details["type"]}
    path = context.donor_to(details["recipient"])
    await context.call("create_profit_sharing", path, body=body)
    return {}


async def delete_profit_sharing(
    context: ReportContext, details: JsonObject
) -> JsonObject:
    """Stop sharing profit from the next day on."""
    path = context.donor_to(details["recipient"])
    await context.call("delete_profit_sharing", path)
    return {}


# ---- watcher links


async def watcher_links(context: ReportContext, details: JsonObject) -> JsonObject:
    """Return the links with their tokens."""
    items = await context.pages("watchers", context.path)
    return {"links": [_watcher(item) for item in items]}


async def create_watcher_link(
    context: ReportContext, details: JsonObject
) -> JsonObject:
    """Create a link, which lets anybody who has it see the account."""
    extra = [ACCOUNTANT] if details.get("payments") else []
    body: JsonObject = {"extra_permissions": extra}
    if title := details.get("title"):
        body["title"] = title
    return _watcher(await context.call("create_watcher", context.path, body=body))


async def delete_watcher_link(
    context: ReportContext, details: JsonObject
) -> JsonObject:
    """Delete a link."""
    path = {**context.path, "watcher_id": checked_id(details["link"])}
    await context.call("delete_watcher", path)
    return {}


def _watcher(item: Fields) -> JsonObject:
    extra = item.raw("extra_permissions")
    return {
        "id": item.text("id"),
        "title": item.text("title", longest=LONGEST_TEXT),
        "token": item.text("token"),
        "payments": isinstance(extra, list) and ACCOUNTANT in extra,
        "created_at": iso_moment(item, "created_at"),
    }
