"""Headframe's readings beyond the shared vocabulary."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Final

from ...model import Category, EventDescription, Quantity, Reading, Window

MANUFACTURER: Final = "Headframe"
BTC: Final = "BTC"
STATUSES: Final = ("stable", "unavailable", "off", "removed")
"""Of a worker."""
PERIODS: Final[Mapping[Window, str]] = {
    Window.M15: "PT15M",
    Window.H1: "PT1H",
    Window.D1: "P1D",
    Window.W1: "P1W",
}
"""The pool's windows, and their names in the queries of charts."""
WINDOWS: Final = tuple(PERIODS)

# Of an account and of its workers.
AVERAGE: Final = Reading[float](
    "headframe_hashrate",
    Quantity.HASHRATE,
    unit="H/s",
    shown=(Window.H1, Window.D1),
)
"""The shared hashrate reading shows the shortest average, of 15 minutes."""
REJECTED_SHARE: Final = Reading[float](
    "headframe_rejected_share", Quantity.RATIO, shown=(Window.M15, Window.D1)
)
REJECTED_HASHRATE: Final = Reading[float](
    "headframe_rejected_hashrate", Quantity.HASHRATE, Category.DIAGNOSTIC, unit="H/s"
)

# Of an account.
ACCOUNT_STATUS: Final = Reading[str](
    "headframe_account_status", Quantity.TEXT, Category.DIAGNOSTIC, word=True
)
WORKERS: Final = Reading[int]("headframe_workers", Quantity.NUMBER)
WORKERS_STABLE: Final = Reading[int](
    "headframe_workers_stable", Quantity.NUMBER, enabled=False
)
WORKERS_UNAVAILABLE: Final = Reading[int](
    "headframe_workers_unavailable", Quantity.NUMBER, enabled=False
)
WORKERS_OFF: Final = Reading[int]("headframe_workers_off", Quantity.NUMBER)
WORKERS_DOWN: Final = Reading[bool]("headframe_workers_down", Quantity.PROBLEM)
"""Some machine does not hash; transferred hashrate is no machine."""

EARNINGS_TODAY: Final = Reading[Decimal](
    "headframe_earnings_today", Quantity.MONEY, unit=BTC
)
"""Since 00:00 UTC."""
EARNINGS_YESTERDAY: Final = Reading[Decimal](
    "headframe_earnings_yesterday", Quantity.MONEY, unit=BTC
)
"""Until they are credited, at about 10:10 UTC."""
EARNINGS_IN_PROCESSING: Final = Reading[Decimal](
    "headframe_earnings_in_processing", Quantity.MONEY, enabled=False, unit=BTC
)
"""Both days together: what is earned and not yet credited."""
BALANCE: Final = Reading[Decimal]("headframe_balance", Quantity.MONEY, unit=BTC)
EARNED_ALL_TIME: Final = Reading[Decimal](
    "headframe_earned_all_time", Quantity.MONEY, unit=BTC
)
LAST_REWARD: Final = Reading[Decimal]("headframe_last_reward", Quantity.MONEY, unit=BTC)
LAST_REWARD_AT: Final = Reading[datetime]("headframe_last_reward_at", Quantity.MOMENT)
LAST_PAYOUT: Final = Reading[Decimal]("headframe_last_payout", Quantity.MONEY, unit=BTC)
LAST_PAYOUT_AT: Final = Reading[datetime]("headframe_last_payout_at", Quantity.MOMENT)
LAST_PAYOUT_TRANSACTION: Final = Reading[str](
    "headframe_last_payout_transaction",
    Quantity.TEXT,
    Category.DIAGNOSTIC,
    enabled=False,
    secret=True,
)

# Of a wallet; those of a second one have a number.
THRESHOLD: Final = Reading[Decimal](
    "headframe_payout_threshold",
    Quantity.MONEY,
    Category.DIAGNOSTIC,
    unit=BTC,
    setting=True,
)
THRESHOLD_NEXT: Final = Reading[Decimal](
    "headframe_payout_threshold_next",
    Quantity.MONEY,
    Category.DIAGNOSTIC,
    enabled=False,
    unit=BTC,
    setting=True,
)
THRESHOLD_NEXT_AT: Final = Reading[datetime](
    "headframe_payout_threshold_next_at",
    Quantity.MOMENT,
    Category.DIAGNOSTIC,
    enabled=False,
)
ADDRESS: Final = Reading[str](
    "headframe_wallet_address",
    Quantity.TEXT,
    Category.DIAGNOSTIC,
    enabled=False,
    secret=True,
)
ADDRESS_CHANGES: Final = Reading[bool](
    "headframe_wallet_address_changes", Quantity.PROBLEM
)
"""The payout address is about to change; if the owner did not do it, a thief did."""

FEE: Final = Reading[float]("headframe_fee", Quantity.RATIO, Category.DIAGNOSTIC)
FEE_NEXT: Final = Reading[float](
    "headframe_fee_next", Quantity.RATIO, Category.DIAGNOSTIC, enabled=False
)
FEE_NEXT_AT: Final = Reading[datetime](
    "headframe_fee_next_at", Quantity.MOMENT, Category.DIAGNOSTIC, enabled=False
)
OPERATOR_FEE: Final = Reading[float](
    "headframe_operator_fee", Quantity.RATIO, Category.DIAGNOSTIC, enabled=False
)
REWARD_RATE: Final = Reading[Decimal](
    "headframe_reward_rate",
    Quantity.MONEY,
    Category.DIAGNOSTIC,
    unit="BTC/TH/s/d",
)
REFERRALS: Final = Reading[int](
    "headframe_referrals", Quantity.NUMBER, Category.DIAGNOSTIC, enabled=False
)
REFERRAL_HASHRATE: Final = Reading[float](
    "headframe_referral_hashrate",
    Quantity.HASHRATE,
    Category.DIAGNOSTIC,
    enabled=False,
    unit="H/s",
)
REFERRAL_HASHRATE_MONTH: Final = Reading[float](
    "headframe_referral_hashrate_month",
    Quantity.HASHRATE,
    Category.DIAGNOSTIC,
    enabled=False,
    unit="H/s",
)
PROFIT_SHARINGS: Final = Reading[int](
    "headframe_profit_sharings", Quantity.NUMBER, Category.DIAGNOSTIC, enabled=False
)
PROFIT_SHARED: Final = Reading[float](
    "headframe_profit_shared", Quantity.RATIO, Category.DIAGNOSTIC, enabled=False
)
"""The share of all earnings that goes to other accounts now."""

# Of the whole pool.
POOL_HASHRATE: Final = Reading[float](
    "headframe_pool_hashrate",
    Quantity.HASHRATE,
    Category.DIAGNOSTIC,
    enabled=False,
    unit="H/s",
)
POOL_MINERS: Final = Reading[int](
    "headframe_pool_miners", Quantity.NUMBER, Category.DIAGNOSTIC, enabled=False
)
POOL_FEE: Final = Reading[float](
    "headframe_pool_fee", Quantity.RATIO, Category.DIAGNOSTIC, enabled=False
)
POOL_THRESHOLD: Final = Reading[Decimal](
    "headframe_pool_payout_threshold",
    Quantity.MONEY,
    Category.DIAGNOSTIC,
    enabled=False,
    unit=BTC,
    setting=True,
)

# Of a worker.
STATUS: Final = Reading[str]("headframe_status", Quantity.CHOICE, choices=STATUSES)
ONLINE: Final = Reading[bool]("headframe_online", Quantity.CONNECTIVITY)

# What can be set.
THRESHOLD_SET: Final = Reading[Decimal](
    "headframe_payout_threshold_set",
    Quantity.MONEY,
    Category.CONFIG,
    enabled=False,
    unit=BTC,
    setting=True,
)
"""The threshold in force, or the next one where a change is scheduled."""
TITLE: Final = Reading[str](
    "headframe_title", Quantity.TEXT, Category.CONFIG, enabled=False, setting=True
)
LANGUAGES: Final = ("en", "ru")
LANGUAGE: Final = Reading[str](
    "headframe_language",
    Quantity.CHOICE,
    Category.CONFIG,
    enabled=False,
    choices=LANGUAGES,
    setting=True,
)
"""The language of the pool's messages to the user."""
NOTIFICATIONS: Final[dict[tuple[str, str], Reading[bool]]] = {
    (channel, topic): Reading[bool](
        f"headframe_{channel}_{topic.replace('-', '_')}",
        Quantity.FLAG,
        Category.CONFIG,
        enabled=False,
        setting=True,
    )
    for channel, topic in (
        ("email", "delete-miner"),
        ("email", "miner-payout"),
        ("email", "miner-reward"),
        ("email", "miner-wallet-address-changed"),
        ("email", "miner-wallet-minpay-changed"),
        ("email", "user-login"),
        ("telegram", "worker-status-changed"),
    )
}
"""The pool's notifications to the user, by channel and topic."""

PAYMENT: Final = EventDescription("headframe_payment", ("reward", "payout", "other"))
WORKER_STATUS: Final = EventDescription(
    "headframe_worker_status", (*STATUSES, "unknown")
)
