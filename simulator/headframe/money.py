"""Operations about what an account earns, gets, gives and pays."""

from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from math import sin

from ..server import Reply
from .accounts import (
    OPERATOR,
    POOL,
    Account,
    Change,
    Fee,
    Miner,
    Sharing,
    Wallet,
    make_id,
)
from .asking import Asked, Caller, invalid, not_found
from .ledger import CURRENCY, Payment, midnight, reward_rate
from .mining import DAY, HOUR
from .people import group_of, miner_of
from .routes import Answer, Pool, operation
from .shapes import (
    address,
    amount,
    amounts,
    day,
    fee as fee_shape,
    payment,
    payments_csv,
    processing,
    sharing as sharing_shape,
    threshold,
    time,
)

_TYPES = (
    "reward",
    "payout",
    "profit_sharing",
    "virtual_mining_transfer",
    "virtual_mining_reward",
    "transfer",
)
_MOST_DAYS = 90
_KINDS: Mapping[str, tuple[str | int, ...]] = {
    "miner": (20, 21, 23),
    POOL: (58, 59, "X5"),
    OPERATOR: (85, 86, 88),
}


def _account(pool: Pool, asked: Asked, caller: Caller, kind: str) -> Account:
    """Return an account whose money may be seen, settled to the present."""
    account: Account = (
        miner_of(pool, asked) if kind == "miner" else group_of(pool, asked, kind)
    )
    caller.require_money(account)
    account.ledger.settle(asked.now)
    return account


def _rows(account: Account, asked: Asked) -> list[Payment]:
    """Return rows of the wanted types, newest first."""
    types = asked.several("type", _TYPES) or _TYPES
    return [row for row in reversed(account.ledger.rows) if row.type in types]


def _ledger_operations(kind: str) -> None:
    where = f"/{kind}s/{{{kind}_id}}"
    listing, export, earnings = _KINDS[kind]
    found = kind == "miner"

    @operation(listing, "GET", f"{where}/payments", known=found)
    def payments(pool: Pool, asked: Asked, caller: Caller) -> Answer:
        account = _account(pool, asked, caller, kind)
        return asked.page([payment(row) for row in _rows(account, asked)])

    @operation(export, "GET", f"{where}/payments/csv")
    def csv(pool: Pool, asked: Asked, caller: Caller) -> Answer:
        account = _account(pool, asked, caller, kind)
        end = asked.moment("to", asked.now)
        start = asked.moment("from", end - 30 * DAY)
        if not start <= end <= start + _MOST_DAYS * DAY:
            raise invalid(f"to: must be from 0 to {_MOST_DAYS} days after from")
        rows = [row for row in _rows(account, asked) if start <= row.created_at <= end]
        name = f"payments-{day(start)}-{day(end)}.csv"
        return Reply(
            status=200,
            reason="OK",
            headers={
                "Connection": "close",
                "Content-Disposition": f'attachment; filename="{name}"',
                "Content-Type": "text/csv",
            },
            body=payments_csv(rows).encode(),
        )

    @operation(earnings, "GET", f"{where}/processing-earnings", known=True)
    def earned(pool: Pool, asked: Asked, caller: Caller) -> Answer:
        account = _account(pool, asked, caller, kind)
        return processing(*account.ledger.processing(asked.now))


for _kind in _KINDS:
    _ledger_operations(_kind)


@operation(22, "GET", "/miners/{miner_id}/earned-today")
def earned_today(pool: Pool, asked: Asked, caller: Caller) -> Answer:
    """Tell what today has earned; deprecated."""
    account = _account(pool, asked, caller, "miner")
    return amounts(account.ledger.processing(asked.now)[1])


@operation("X1", "GET", "/miners/{miner_id}/balance", known=True)
def balance(pool: Pool, asked: Asked, caller: Caller) -> Answer:
    """Tell what is not paid out yet."""
    return amounts(_account(pool, asked, caller, "miner").ledger.balance)


@operation("X2", "GET", "/miners/{miner_id}/earned-all-time", known=True)
def earned_all_time(pool: Pool, asked: Asked, caller: Caller) -> Answer:
    """Tell what it has earned since it was opened."""
    return amounts(_account(pool, asked, caller, "miner").ledger.earned)


@operation(111, "GET", "/reward-rates", is_open=True)
def reward_rates(pool: Pool, asked: Asked, caller: Caller) -> Answer:
    """Tell what a TH/s earns in a day, of days that are over."""
    asked.one("currency", (CURRENCY,), CURRENCY)
    last = min(asked.day("to", midnight(asked.now)), midnight(asked.now) - DAY)
    first = asked.day("from", last)
    days = range(round((last - first) / DAY) + 1)
    return {
        "rates": [
            {
                "date": day(first + number * DAY),
                "currency": CURRENCY,
                "rate": amount(reward_rate(first + number * DAY) * 10**12),
            }
            for number in days
        ]
    }


# ---- wallets


def _wallet(pool: Pool, asked: Asked) -> tuple[Miner, Wallet]:
    found = pool.registry.of_wallet(asked.path["wallet_id"])
    if found is None:
        raise not_found()
    return found


@operation(40, "GET", "/wallets/{wallet_id}/addresses", known=True)
def addresses(pool: Pool, asked: Asked, caller: Caller) -> Answer:
    """List payout addresses, newest first."""
    miner, wallet = _wallet(pool, asked)
    caller.require_money(miner)
    return _changes(
        [address(wallet.addresses, n) for n in range(len(wallet.addresses))]
    )


@operation(44, "GET", "/wallets/{wallet_id}/min-payments", known=True)
def thresholds(pool: Pool, asked: Asked, caller: Caller) -> Answer:
    """List payout thresholds, newest first."""
    miner, wallet = _wallet(pool, asked)
    caller.require_money(miner)
    return _changes(
        [threshold(wallet.thresholds, n) for n in range(len(wallet.thresholds))]
    )


@operation(45, "POST", "/wallets/{wallet_id}/min-payments", known=True)
def set_threshold(pool: Pool, asked: Asked, caller: Caller) -> Answer:
    """Change the payout threshold from the next day on."""
    miner, wallet = _wallet(pool, asked)
    caller.require_write(miner)
    wanted = asked.body.get("amount")
    try:
        value = Decimal(str(wanted))
    except InvalidOperation:
        raise invalid("amount: must be a valid decimal") from None
    if not value.is_finite() or value < pool.least_payout:
        raise invalid(f"amount: must be no less than {pool.least_payout}")
    begins = midnight(asked.now) + DAY
    kept = [change for change in wallet.thresholds if change.valid_from < begins]
    change = Change(value=value, valid_from=begins, updated_at=asked.now)
    wallet.thresholds = [*kept, change]
    return _changes(
        [threshold(wallet.thresholds, n) for n in range(len(wallet.thresholds))]
    )


def _changes(rows: Sequence[object]) -> Answer:
    return {"data": list(reversed(rows))}


# ---- fees


@operation(50, "GET", "/miners/{miner_id}/fees", known=True)
def fees(pool: Pool, asked: Asked, caller: Caller) -> Answer:
    """List the pool's fees, newest first."""
    miner = miner_of(pool, asked)
    caller.require_read(miner)
    return asked.page([fee_shape(found) for found in reversed(miner.fees)])


@operation(52, "GET", "/miners/{miner_id}/fees/current")
def current_fee(pool: Pool, asked: Asked, caller: Caller) -> Answer:
    """Tell the pool's fee of today."""
    miner = miner_of(pool, asked)
    caller.require_read(miner)
    held = [found for found in miner.fees if found.valid_from <= asked.now]
    if not held:
        raise not_found()
    return fee_shape(held[-1])


@operation(96, "GET", "/operators/{operator_id}/miners/{miner_id}/fees", known=True)
def operator_fees(pool: Pool, asked: Asked, caller: Caller) -> Answer:
    """List what an operator keeps of an account's rewards."""
    operator = group_of(pool, asked, OPERATOR)
    miner = miner_of(pool, asked)
    if miner.operator != operator.id:
        raise not_found()
    if miner.id not in (caller.user.roles if caller.user else {}):
        caller.require_read(operator)
    fee = Fee(fee=operator.commission, valid_from=midnight(operator.since))
    return asked.page([fee_shape(fee)])


@operation(
    117,
    "GET",
    "/miners/{miner_donor_id}/virtual-mining-fees/{miner_recipient_id}",
    known=True,
)
def virtual_mining_fees(pool: Pool, asked: Asked, caller: Caller) -> Answer:
    """List what a donor keeps of the slices it gives to an account."""
    donor = miner_of(pool, asked, "miner_donor_id")
    caller.require_read(donor)
    recipient = asked.path["miner_recipient_id"]
    pieces = [piece for piece in donor.given if piece.recipient == recipient]
    if not pieces:
        return asked.page([])
    fee = Fee(fee=Decimal("0.01"), valid_from=midnight(pieces[0].since))
    return asked.page([fee_shape(fee)])


# ---- referrals and profit sharing


@operation(24, "GET", "/miners/{miner_id}/referrals")
def referrals(pool: Pool, asked: Asked, caller: Caller) -> Answer:
    """List the accounts that an account has invited."""
    miner = miner_of(pool, asked)
    caller.require_money(miner)
    swing = 1 + 0.03 * sin(asked.now / HOUR)
    return asked.page(
        [
            {
                "id": invited,
                "rate": str(rate),
                "hashrate": {
                    "day": f"{hashrate * swing:.0f}",
                    "week": f"{hashrate * 0.98:.0f}",
                    "month": f"{hashrate * 0.71:.0f}",
                },
                "registered_at": time(miner.since + 3 * DAY),
            }
            for invited, hashrate, rate in miner.referrals
        ]
    )


@operation(32, "GET", "/miners/{miner_id}/referrer-codes")
def referrer_codes(pool: Pool, asked: Asked, caller: Caller) -> Answer:
    """List the codes by which an account invites others."""
    miner = miner_of(pool, asked)
    caller.require_read(miner)
    policy = {"pool_rate_multiplier": "0.9", "referrer_reward_multiplier": "0.1"}
    return {
        "data": [
            {"code": code, "pool_flat_rate": 0.009, "policy": policy}
            for code in miner.codes
        ]
    }


_SHARINGS = "/miners/{miner_donor_id}/profit-sharings"


@operation(25, "GET", _SHARINGS)
def sharings(pool: Pool, asked: Asked, caller: Caller) -> Answer:
    """List the sharings in force, and those that begin."""
    miner = miner_of(pool, asked, "miner_donor_id")
    caller.require_read(miner)
    return {
        "data": [
            sharing_shape(found, pool.registry)
            for found in miner.sharings
            if found.valid_until is None or found.valid_until > asked.now
        ]
    }


@operation(26, "GET", _SHARINGS + "/{miner_recipient_id}")
def sharing_history(pool: Pool, asked: Asked, caller: Caller) -> Answer:
    """List all sharings with one account, newest first."""
    miner = miner_of(pool, asked, "miner_donor_id")
    caller.require_read(miner)
    recipient = asked.path["miner_recipient_id"]
    return asked.page(
        [
            sharing_shape(found, pool.registry)
            for found in reversed(miner.sharings)
            if found.recipient == recipient
        ]
    )


@operation(27, "POST", _SHARINGS + "/{miner_recipient_id}")
def create_sharing(pool: Pool, asked: Asked, caller: Caller) -> Answer:
    """Share from the next day on; the present sharing ends then."""
    miner = miner_of(pool, asked, "miner_donor_id")
    caller.require_write(miner)
    recipient = miner_of(pool, asked, "miner_recipient_id")
    try:
        rate = Decimal(str(asked.body.get("rate")))
    except InvalidOperation:
        raise invalid("rate: must be a valid decimal") from None
    if not rate.is_finite() or not 0 <= rate <= 1:
        raise invalid("rate: must be between 0 and 1")
    kind = asked.text("type", "profit_sharing|referral")
    begins = midnight(asked.now) + DAY
    _end_sharing(miner, recipient.id, begins)
    miner.sharings.append(
        Sharing(recipient=recipient.id, rate=rate, type=kind, valid_from=begins)
    )
    return None


@operation(28, "DELETE", _SHARINGS + "/{miner_recipient_id}")
def delete_sharing(pool: Pool, asked: Asked, caller: Caller) -> Answer:
    """Share no more from the next day on."""
    miner = miner_of(pool, asked, "miner_donor_id")
    caller.require_write(miner)
    if not _end_sharing(
        miner, asked.path["miner_recipient_id"], midnight(asked.now) + DAY
    ):
        raise not_found()
    return None


def _end_sharing(miner: Miner, recipient: str, at: float) -> bool:
    """End the sharing with an account; one that has not begun is dropped."""
    held = [
        found
        for found in miner.sharings
        if found.recipient == recipient
        and (found.valid_until is None or found.valid_until > at)
    ]
    for found in held:
        if found.valid_from >= at:
            miner.sharings.remove(found)
        else:
            found.valid_until = at
    return bool(held)


def change_address(wallet: Wallet, now: float) -> None:
    """Let somebody change where the money goes, from the next day on."""
    value = f"bc1q{make_id(wallet.id, now).replace('-', '')}00000"
    begins = midnight(now) + DAY
    kept = [change for change in wallet.addresses if change.valid_from < begins]
    change = Change(value=value, valid_from=begins, updated_at=now)
    wallet.addresses = [*kept, change]
