"""Accounts, users and what is known about them; pure functions."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from ....model import Reading, Window
from ...common.decoding import Fields, Values
from .. import readings
from ..operations import ID
from .fields import identifier, is_list, percent, rate


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """An account that a credential gives access to."""

    kind: str
    """`miner`, `operator` or `pool`."""
    id: str
    name: str | None = None
    access: tuple[str, ...] = ()
    """The sections that a watcher link may read beyond the hashrate."""

    @property
    def model(self) -> str:
        """The model of the account's device."""
        return f"{self.kind.capitalize()} account"


_KINDS: Final = ("miner", "operator", "pool")


def parse_permissions(answer: Any) -> list[Account]:
    """Return the accounts in the permissions of a user or a watcher, miners first.

    Permissions of type `platform` are no accounts. A name may be missing.
    """
    found: dict[str, Account] = {}
    for item in Fields(answer).each("permissions"):
        kind, own = item.text("type"), identifier(item, "id")
        if kind in _KINDS and own is not None:
            access = item.raw("access")
            found[own] = Account(
                kind=kind,
                id=own,
                name=item.text("account_name"),
                access=tuple(map(str, access)) if isinstance(access, list) else (),
            )
    return sorted(found.values(), key=lambda a: _KINDS.index(a.kind))


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """The user who signed in."""

    id: str
    language: str | None
    accounts: list[Account]


def parse_user(answer: Any) -> User | None:
    """Return the user; None where there is none, as for an expired session."""
    user = Fields(answer).inside("user")
    own = identifier(user, "id")
    if own is None:
        return None
    return User(
        id=own, language=user.text("language"), accounts=parse_permissions(answer)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Details:
    """The details of an account."""

    id: str | None
    account_name: str | None
    title: str | None
    status: str | None
    wallets: tuple[str, ...]
    operator: str | None


def parse_details(fields: Fields) -> Details:
    """Parse an account's details; a new account has neither title nor wallet."""
    wallets = fields.raw("wallets")
    listed = range(len(wallets)) if isinstance(wallets, list) else ()
    ids = (fields.text("wallets", index) for index in listed)
    return Details(
        id=identifier(fields, "id"),
        account_name=fields.text("account_name"),
        title=fields.text("title"),
        status=fields.text("status"),
        wallets=tuple(
            dict.fromkeys(own for own in ids if own is not None and ID.fullmatch(own))
        ),
        operator=identifier(fields, "operator", "id"),
    )


def referral_values(items: Iterable[Fields]) -> Values:
    """Count the referred accounts and sum up their hashrates."""
    there = list(items)
    values = Values()
    values.put(readings.REFERRALS.plain, len(there))
    for key, channel in (
        ("day", readings.REFERRAL_HASHRATE.channel(Window.D1)),
        ("week", readings.REFERRAL_HASHRATE.channel(Window.W1)),
        ("month", readings.REFERRAL_HASHRATE_MONTH.plain),
    ):
        hashrates = [rate(item, "hashrate", key) for item in there]
        known = [hashrate for hashrate in hashrates if hashrate is not None]
        if len(known) == len(hashrates):
            values.put(channel, float(sum(known)))
    return values


def profit_sharing_values(fields: Fields) -> Values:
    """Count the profit sharings and sum up their shares."""
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
    """Return the notifications that the user can switch, and their states."""
    found = {}
    for path, reading in readings.NOTIFICATIONS.items():
        enabled = fields.flag(*path, "enabled")
        if enabled is not None and fields.raw(*path, "readonly") is False:
            found[reading] = enabled
    return found
