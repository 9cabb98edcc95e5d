"""What can be changed of an account: little, and nothing that moves its money.

The payout address, the access of other people and everything that deletes, invites or
sells is left to the pool's own page.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from ...model import Channel, Value
from ..common.contract import CommandRefused
from . import readings
from .account import AccountReader, wallet_number
from .operations import OPERATIONS, Operation


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A request that changes a setting, and the group that shows it."""

    operation: Operation
    path: Mapping[str, str]
    body: Any = None
    group: str


_TOPICS: Final = {
    reading.plain: path for path, reading in readings.NOTIFICATIONS.items()
}


def change_of(rounds: AccountReader, channel: Channel[Any], value: Value) -> Change:
    """Return what has to be sent. Raises CommandRefused for what is no setting."""
    if channel.reading is readings.THRESHOLD_SET and isinstance(value, Decimal):
        return Change(
            operation=OPERATIONS["change_wallet_min_payment"],
            path={"wallet_id": _wallet(rounds, channel.number)},
            body={"amount": f"{value:f}"},
            group="thresholds",
        )
    if channel is readings.TITLE.plain:
        title = str(value).strip()
        return Change(
            operation=OPERATIONS["set_title" if title else "delete_title"],
            path={"miner_id": rounds.account.id},
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
    if channel in _TOPICS and rounds.user is not None:
        means, topic = _TOPICS[channel]
        body: dict[str, Any] = {"email": {}, "telegram": {}}
        body[means][topic] = {"enabled": value}
        return Change(
            operation=OPERATIONS["set_notifications"],
            path={"user_id": rounds.user.id},
            body=body,
            group="notifications",
        )
    raise CommandRefused("not_offered")


def _wallet(rounds: AccountReader, number: int | None) -> str:
    wallets = rounds.details.wallets if rounds.details is not None else ()
    for index, wallet in enumerate(wallets):
        if wallet_number(index) == number:
            return wallet
    raise CommandRefused("not_offered")
