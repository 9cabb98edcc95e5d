"""Values as the responses of actions have them."""

import asyncio
from collections.abc import Callable
from decimal import Decimal
from typing import Final

from ...common.contract import JsonObject
from ...common.decoding import Fields
from ..parse.fields import rate
from ..readings import WINDOWS

LONGEST_TEXT: Final = 4096


async def shape_in_executor[*Ts](
    shape: Callable[[*Ts], JsonObject], *fields: *Ts
) -> JsonObject:
    """Build a response in the executor: a long one would block the event loop."""
    return await asyncio.get_running_loop().run_in_executor(None, shape, *fields)


def plain(amount: Decimal) -> str:
    """Return an amount in plain digits: 0.00000001, never 1E-8."""
    return f"{amount:f}"


def plain_amount(fields: Fields, *path: str) -> str | None:
    """Return an amount of money in plain digits."""
    found = fields.amount(*path)
    return None if found is None else plain(found)


def iso_moment(fields: Fields, *path: str) -> str | None:
    """Return a time in ISO 8601."""
    found = fields.moment(*path)
    return None if found is None else found.isoformat()


def worker(item: Fields) -> JsonObject:
    """Return a worker without its averages."""
    return {
        "id": item.text("id"),
        "name": item.text("name"),
        "behavior": item.text("behavior"),
        "status": item.text("status"),
        "account": item.text("miner", "account_name"),
    }


def hashrates(fields: Fields) -> JsonObject:
    """Return accepted and rejected hashrate in H/s, and the rejected share in %."""
    accepted = rate(fields, "hashrate")
    rejected = rate(fields, "rejectrate")
    share = None
    if accepted is not None and rejected is not None and accepted + rejected:
        share = round(100 * rejected / (accepted + rejected), 4)
    return {
        "hashrate": accepted,
        "rejected_hashrate": rejected,
        "rejected_share": share,
    }


def averages(fields: Fields) -> JsonObject:
    """Return the hashrates of each window."""
    return {window.value: hashrates(fields.inside(window)) for window in WINDOWS}
