"""The settings of an account that can be changed; none of them moves its money.

Payout addresses, the access of other people, deletions, invitations and prices are left
to the pool's own page.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from ...model import Channel, Value
from ..common.contract import CommandRefused
from . import readings
from .account import AccountReader
from .money import wallet_number
from .operations import OPERATIONS, Operation


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A request that changes a setting, and the group that reads the setting."""

    operation: Operation
    path: Mapping[str, str]
    body: Any = None
    group: str


_TOPICS: Final = {
    reading.plain: path for path, reading in readings.NOTIFICATIONS.items()
}


def change_of(reader: AccountReader, channel: Channel[Any], value: Value) -> Change:
    """Return the request to send. Raises CommandRefused for what is no setting."""
    if channel.reading is readings.THRESHOLD_SET and isinstance(value, Decimal):
        return Change(
            operation=OPERATIONS["change_wallet_min_payment"],
            path={"wallet_id": _wallet(reader, channel.number)},
            body={"amount": f"{value:f}"},
            group="thresholds",
        )
    if channel is readings.TITLE.plain:
        title = str(value).strip()
        return Change(
            operation=OPERATIONS["set_title" if title else "delete_title"],
            path={"miner_id": reader.results.account.id},
            body={"title": title} if title else None,
            group="details",
        )
    if channel is readings.LANGUAGE.plain:
        return Change(
            operation=OPERATIONS["set_language"],
            path={},
            body={"language": value},
            group="user",
        )
    if channel in _TOPICS and reader.user is not None:
        means, topic = _TOPICS[channel]
        body: dict[str, Any] = {"email": {}, "telegram": {}}
        body[means][topic] = {"enabled": value}
        return Change(
            operation=OPERATIONS["set_notifications"],
            path={"user_id": reader.user.id},
            body=body,
            group="notifications",
        )
    raise CommandRefused("not_offered")


def _wallet(reader: AccountReader, number: int | None) -> str:
    details = reader.results.details
    wallets = details.wallets if details is not None else ()
    for index, wallet in enumerate(wallets):
        if wallet_number(index) == number:
            return wallet
    raise CommandRefused("not_offered")
