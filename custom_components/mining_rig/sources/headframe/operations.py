"""Every operation of Headframe's API, and how its path is known.

Paths are relative to `https://<pool host>/api/backend/v0.1`. Headframe's documentation
(API 0.1.0) shows few paths; the others are inferred from its wording. A 404 on one of
them disables the feature that uses it and nothing else. docs/headframe.md lists all.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
import re
from typing import Final


class Mark(StrEnum):
    """How the path of an operation is known."""

    STATED = "stated"
    """Headframe's documentation has it."""
    FOUND = "found"
    """A published program uses it."""
    LIKELY = "likely"
    """Inferred: plain REST, or the path of a similar operation is known."""
    WEAK = "weak"
    """Inferred: the wording is a guess, and so is the method PUT or PATCH."""


class Base(StrEnum):
    """What a path is relative to."""

    API = "api"
    SITE = "site"
    """The pool's web site."""
    SIGN_IN = "sign_in"
    """The public address of the identity server (Ory Kratos)."""


class Feature(StrEnum):
    """What is available or not as a whole for the user."""

    SIGN_IN = "sign_in"
    ACCOUNT = "account"
    STATISTICS = "statistics"
    WORKERS = "workers"
    WORKER_STATISTICS = "worker_statistics"
    EARNINGS = "earnings"
    BALANCE = "balance"
    LIFETIME_EARNINGS = "lifetime_earnings"
    PAYMENTS = "payments"
    PAYMENTS_CSV = "payments_csv"
    PAYOUT_THRESHOLD = "payout_threshold"
    WALLET = "wallet"
    FEES = "fees"
    REWARD_RATE = "reward_rate"
    REFERRALS = "referrals"
    PROFIT_SHARING = "profit_sharing"
    POOL_STATISTICS = "pool_statistics"
    CHARTS = "charts"
    DAILY_REPORT = "daily_report"
    WATCHERS = "watchers"
    BOUNDARY_WORKERS = "boundary_workers"
    TITLE = "title"
    NOTIFICATIONS = "notifications"
    LANGUAGE = "language"


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """A request to the pool or its identity server."""

    number: str
    """1 to 131: the position in Headframe's documentation, repeats left out. X: found
    in a published program. S: a step of the sign-in."""
    name: str
    method: str
    path: str
    """With its parameters in braces."""
    mark: Mark
    feature: Feature | None
    """What uses it; None: not offered, for the reason in docs/headframe.md."""
    others: tuple[str, ...] = ()
    """Other inferred paths, tried where the first does not exist."""

    @property
    def base(self) -> Base:
        """What the path is relative to."""
        if self.number.startswith("S"):
            return Base.SIGN_IN
        return Base.SITE if self.path.startswith("/api/") else Base.API

    @property
    def inferred(self) -> bool:
        """Whether the path is inferred, so that a 404 may mean that it is wrong."""
        return self.mark in (Mark.LIKELY, Mark.WEAK)

    @property
    def parameters(self) -> tuple[str, ...]:
        """The names of the path's parameters."""
        return tuple(_PARAMETER.findall(self.path))

    def filled(self, parameters: Mapping[str, str], template: str = "") -> str:
        """Return the path, or another inferred one, with its parameters filled in.

        Raises ValueError for a value that is no id and could change the path, KeyError
        for a missing parameter.
        """
        values = {name: parameters[name] for name in self.parameters}
        if not all(map(ID.fullmatch, values.values())):
            raise ValueError(f"{self.name} was given a value that is no id")
        return (template or self.path).format_map(values)


ID: Final = re.compile(r"[\w-]{1,128}", re.ASCII)
"""A parameter of a path: a uuid, `me`, a watcher token."""

_PARAMETER: Final = re.compile(r"{(\w+)}")

_TABLE: Final = """
1   current_user GET /users/me|/user|/users/current|/me weak sign_in
2   set_user_status PUT /users/me/status weak -
3   set_language PUT /users/me/language|/user/language|/users/current/language|/me/language weak language
4   request_user_deletion POST /users/{user_id}/deletion-request weak -
5   bookmarked_watchers GET /users/{user_id}/watchers likely -
6   bookmark_watcher POST /users/{user_id}/watchers likely -
7   delete_watcher_bookmark DELETE /users/{user_id}/watchers/{watcher_token} likely -
8   create_telegram_invite POST /users/{user_id}/telegram/invite weak -
9   telegram_invite GET /users/{user_id}/telegram/invite weak -
10  disconnect_telegram DELETE /users/{user_id}/telegram/chat weak -
11  telegram_chat GET /users/{user_id}/telegram/chat weak -
12  notifications GET /users/{user_id}/notifications weak notifications
13  set_notifications PATCH /users/{user_id}/notifications weak notifications
14  register_miner POST /miners found -
15  miner GET /miners/{miner_id} likely account
16  request_miner_deletion DELETE /miners/{miner_id} likely -
17  modify_miner_access PUT /miners/{miner_id}/access weak -
18  invite_to_miner POST /miners/{miner_id}/access weak -
19  revoke_miner_access DELETE /miners/{miner_id}/access weak -
20  miner_payments GET /miners/{miner_id}/payments found payments
21  miner_payments_csv GET /miners/{miner_id}/payments/csv weak payments_csv
22  miner_earned_today GET /miners/{miner_id}/earned-today weak -
23  miner_processing_earnings GET /miners/{miner_id}/processing-earnings stated earnings
24  referrals GET /miners/{miner_id}/referrals likely referrals
25  profit_sharings GET /miners/{miner_donor_id}/profit-sharings weak profit_sharing
26  profit_sharing_history GET /miners/{miner_donor_id}/profit-sharings/{miner_recipient_id} weak profit_sharing
27  create_profit_sharing POST /miners/{miner_donor_id}/profit-sharings/{miner_recipient_id} weak profit_sharing
28  delete_profit_sharing DELETE /miners/{miner_donor_id}/profit-sharings/{miner_recipient_id} weak profit_sharing
29  miner_workers GET /miners/{miner_id}/workers found workers
30  miner_worker_counts GET /miners/{miner_id}/workers/statistics weak -
31  daily_report GET /miners/{miner_id}/workers/daily-report weak daily_report
32  referrer_codes GET /miners/{miner_id}/referrer-codes likely referrals
33  watchers GET /miners/{miner_id}/watchers likely watchers
34  create_watcher POST /miners/{miner_id}/watchers likely watchers
35  delete_watcher DELETE /miners/{miner_id}/watchers/{watcher_id} likely watchers
36  worker_charts GET /workers/charts likely charts
37  worker_stats GET /workers/stats found worker_statistics
38  wallet_address GET /wallets/{wallet_id}/address likely -
39  set_wallet_address PUT /wallets/{wallet_id}/address weak -
40  wallet_addresses GET /wallets/{wallet_id}/addresses stated wallet
41  change_wallet_address POST /wallets/{wallet_id}/addresses stated -
42  wallet_min_payment GET /wallets/{wallet_id}/min-payment likely -
43  set_wallet_min_payment PUT /wallets/{wallet_id}/min-payment weak -
44  wallet_min_payments GET /wallets/{wallet_id}/min-payments stated payout_threshold
45  change_wallet_min_payment POST /wallets/{wallet_id}/min-payments stated payout_threshold
46  set_title PUT /miners/{miner_id}/title weak title
47  delete_title DELETE /miners/{miner_id}/title likely title
48  miner_plan GET /miners/{miner_id}/plan weak -
49  set_miner_plan PUT /miners/{miner_id}/plan weak -
50  miner_fees GET /miners/{miner_id}/fees stated fees
51  change_miner_fees POST /miners/{miner_id}/fees stated -
52  current_miner_fee GET /miners/{miner_id}/fees/current weak -
53  current_pool GET /pools/current weak -
54  pool GET /pools/{pool_id} likely account
55  modify_pool_access PUT /pools/{pool_id}/access weak -
56  invite_to_pool POST /pools/{pool_id}/access weak -
57  revoke_pool_access DELETE /pools/{pool_id}/access weak -
58  pool_payments GET /pools/{pool_id}/payments likely payments
59  pool_payments_csv GET /pools/{pool_id}/payments/csv weak payments_csv
60  pool_earned_today GET /pools/{pool_id}/earned-today weak -
61  pool_earned_from_miner GET /pools/{pool_id}/miners/{miner_id}/earned-all-time weak -
62  pool_chart GET /pools/{pool_id}/charts weak charts
63  pool_stats GET /pools/{pool_id}/stats likely statistics
64  pool_operators GET /pools/{pool_id}/operators likely -
65  pool_miners GET /pools/{pool_id}/miners likely -
66  invite_miner_to_pool POST /pools/{pool_id}/miners likely -
67  pool_workers GET /pools/{pool_id}/workers likely workers
68  pool_users GET /pools/{pool_id}/users likely -
69  pool_user GET /pools/{pool_id}/users/{user_id} likely -
70  delete_user DELETE /pools/{pool_id}/users/{user_id} likely -
71  user_deletion_request GET /pools/{pool_id}/users/{user_id}/deletion-request weak -
72  user_sessions GET /pools/{pool_id}/users/{user_id}/sessions likely -
73  deactivate_session DELETE /pools/{pool_id}/sessions/{session_id} likely -
74  reset_second_factor POST /pools/{pool_id}/users/{user_id}/reset-2fa weak -
75  user_invites GET /pools/{pool_id}/users/{user_id}/invites likely -
76  send_user_invite POST /pools/{pool_id}/users/{user_id}/invites likely -
77  user_permissions GET /pools/{pool_id}/users/{user_id}/permissions likely -
78  miner_charts GET /miners/charts found charts
79  miner_stats GET /miners/stats likely statistics
80  operator GET /operators/{operator_id} likely account
81  set_operator_default_fee PUT /operators/{operator_id}/default-fee weak -
82  modify_operator_access PUT /operators/{operator_id}/access weak -
83  invite_to_operator POST /operators/{operator_id}/access weak -
84  revoke_operator_access DELETE /operators/{operator_id}/access weak -
85  operator_payments GET /operators/{operator_id}/payments likely payments
86  operator_payments_csv GET /operators/{operator_id}/payments/csv weak payments_csv
87  operator_earned_today GET /operators/{operator_id}/earned-today weak -
88  operator_processing_earnings GET /operators/{operator_id}/processing-earnings stated earnings
89  operator_earned_from_miner GET /operators/{operator_id}/miners/{miner_id}/earned-all-time weak -
90  operator_miners GET /operators/{operator_id}/miners likely -
91  add_operator_miner POST /operators/{operator_id}/miners likely -
92  operator_workers GET /operators/{operator_id}/workers likely workers
93  operator_worker_counts GET /operators/{operator_id}/workers/statistics weak -
94  operator_chart GET /operators/{operator_id}/charts weak charts
95  operator_stats GET /operators/{operator_id}/stats likely statistics
96  operator_miner_fees GET /operators/{operator_id}/miners/{miner_id}/fees stated fees
97  change_operator_miner_fees POST /operators/{operator_id}/miners/{miner_id}/fees stated -
98  current_operator_miner_fee GET /operators/{operator_id}/miners/{miner_id}/fees/current weak -
99  operator_miner_plan GET /operators/{operator_id}/miners/{miner_id}/plan weak -
100 set_operator_miner_plan PUT /operators/{operator_id}/miners/{miner_id}/plan weak -
107 add_recipient POST /miners/recipients weak -
110 accept_invite POST /invites/accept weak -
111 reward_rates GET /reward-rates weak reward_rate
112 miners_by_email GET /miners weak -
113 boundary_workers GET /miners/{miner_id}/workers/boundary weak boundary_workers
115 boundary_stats GET /miners/{miner_donor_id}/workers/boundary/stats weak boundary_workers
116 boundary_daily_report GET /miners/{miner_donor_id}/workers/boundary/daily-report weak daily_report
117 virtual_mining_fees GET /miners/{miner_donor_id}/virtual-mining-fees/{miner_recipient_id} stated fees
118 change_virtual_mining_fees POST /miners/{miner_donor_id}/virtual-mining-fees/{miner_recipient_id} stated -
119 current_virtual_mining_fee GET /miners/{miner_donor_id}/virtual-mining-fees/{miner_recipient_id}/current weak -
120 virtual_mining_plan GET /miners/{miner_donor_id}/virtual-mining-plan/{miner_recipient_id} weak -
121 set_virtual_mining_plan PUT /miners/{miner_donor_id}/virtual-mining-plan/{miner_recipient_id} weak -
122 create_boundary_worker POST /workers/boundary found boundary_workers
123 boundary_worker GET /workers/boundary/{worker_id} likely boundary_workers
124 set_boundary_worker PUT /workers/boundary/{worker_id} weak boundary_workers
125 delete_boundary_worker DELETE /workers/boundary/{worker_id} found boundary_workers
126 boundary_chart GET /miners/{miner_donor_id}/workers/boundary/charts weak charts
127 anonymous_pool_stats GET /pools/current/stats weak pool_statistics
131 watcher GET /watchers/{watcher_token} likely sign_in
X1  miner_balance GET /miners/{miner_id}/balance found balance
X2  miner_earned_all_time GET /miners/{miner_id}/earned-all-time found lifetime_earnings
X3  random_name GET /workers/random-name found -
X4  bitcoin_price GET /api/binance found -
X5  pool_processing_earnings GET /pools/{pool_id}/processing-earnings stated earnings
S1  login_flow GET /self-service/login/api found sign_in
S2  submit_login POST /self-service/login found sign_in
S3  whoami GET /sessions/whoami found sign_in
S6  logout DELETE /self-service/logout/api found sign_in
"""


def _read(line: str) -> Operation:
    number, name, method, paths, mark, feature = line.split()
    path, *others = paths.split("|")
    return Operation(
        number=number,
        name=name,
        method=method,
        path=path,
        mark=Mark(mark),
        feature=None if feature == "-" else Feature(feature),
        others=tuple(others),
    )


OPERATIONS: Final[Mapping[str, Operation]] = {
    operation.name: operation for operation in map(_read, _TABLE.split("\n")[1:-1])
}
"""All operations by name, in the order of their numbers."""
