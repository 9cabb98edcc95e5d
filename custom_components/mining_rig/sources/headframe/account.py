"""Reading one account group by group, and its parts as they were read last.

`schedule.py` decides when a group is due; its reader makes one request per step.
"""

from collections.abc import AsyncGenerator
from datetime import datetime, timedelta
from typing import Any, Final

from ...model import RIG, Channel, Control, Part, PartEvent, PartKind
from ..common.contract import Notes, SourceRefused
from ..common.decoding import Fields, Values
from . import readings
from .api import IDS, HeadframeApi
from .budget import MOST_CHARTS
from .money import MoneyReader
from .operations import OPERATIONS, Feature
from .parse import account as parse
from .parse.account import Account, User
from .parse.hashrate import parse_pool_stats, parse_stats
from .readings import MANUFACTURER
from .results import AccountResults
from .schedule import Group, Read
from .workers import WorkerReader

FAST: Final = timedelta(minutes=5)
"""The shortest average of the pool is over 15 minutes."""
WORKER_GROUPS: Final = ("workers", "worker_stats")
"""The groups that need more requests the more workers there are."""

_PLENTY: Final = 40
"""Requests in an hour that are enough to read the account every five minutes."""
_MINUTE: Final = timedelta(minutes=1)
_HOUR: Final = timedelta(hours=1)
_DAY: Final = timedelta(days=1)


class AccountReader:
    """The groups of one account."""

    def __init__(
        self, api: HeadframeApi, account: Account, notes: Notes, *, writes: bool
    ) -> None:
        """Start without values; `writes` adds what can be changed."""
        self.results = AccountResults(api, account, writes=writes)
        self.workers = WorkerReader(self.results, notes)
        self.user: User | None = None
        self._money = MoneyReader(self.results, notes)
        self.groups = {group.name: group for group in self._make_groups()}
        """By name, the most urgent first."""

    def _make_groups(self) -> list[Group]:
        money = self._money
        groups = [
            _group("details", Feature.ACCOUNT, self._read_details, 6 * _HOUR),
            _group("stats", Feature.STATISTICS, self._read_stats, FAST),
            _group("workers", Feature.WORKERS, self.workers.read_list, FAST),
            _group("earnings", Feature.EARNINGS, money.read_earnings, 15 * _MINUTE),
            Group(
                name="payments",
                feature=Feature.PAYMENTS,
                read=money.read_payments,
                period=_HOUR,
                at_credit=True,
            ),
            _group("addresses", Feature.WALLET, money.read_addresses, _HOUR),
            _group(
                "thresholds",
                Feature.PAYOUT_THRESHOLD,
                money.read_thresholds,
                6 * _HOUR,
            ),
            _group("reward_rate", Feature.REWARD_RATE, money.read_reward_rate, _DAY),
            _group("pool", Feature.POOL_STATISTICS, self._read_pool, 6 * _HOUR),
        ]
        if self.results.is_miner:
            groups += [
                _group("balance", Feature.BALANCE, money.read_balance, 30 * _MINUTE),
                _group("fees", Feature.FEES, money.read_fees, _DAY),
                _group("operator_fees", Feature.FEES, money.read_operator_fees, _DAY),
                _group(
                    "lifetime", Feature.LIFETIME_EARNINGS, money.read_lifetime, _HOUR
                ),
                _group("referrals", Feature.REFERRALS, self._read_referrals, _DAY),
                _group("sharing", Feature.PROFIT_SHARING, self._read_sharing, _DAY),
            ]
        if self.results.writes:
            groups += [
                _group("user", Feature.LANGUAGE, self._read_user, _DAY),
                _group(
                    "notifications",
                    Feature.NOTIFICATIONS,
                    self._read_notifications,
                    _DAY,
                ),
            ]
        # With many workers this takes most of the budget, so all others come first.
        groups.append(
            _group(
                "worker_stats", Feature.WORKER_STATISTICS, self.workers.read_stats, FAST
            )
        )
        return groups

    # ---- what was read

    def parts(self, now: datetime, shortest: timedelta) -> dict[str, Part]:
        """Return the account and its workers, without values that are outdated."""
        fresh = {
            name: group.is_fresh(now, shortest) for name, group in self.groups.items()
        }
        values = Values()
        controls: dict[Channel[Any], Control[Any]] = {}
        for name, found in self.results.values.items():
            if fresh[name]:
                values.update(found)
                controls |= self.results.controls[name]
        is_open = self.groups["payments"].closed is None
        rig = Part(
            kind=PartKind.RIG,
            key=RIG,
            manufacturer=MANUFACTURER,
            model=self.results.account.model,
            values=values,
            controls=controls,
            events=(readings.PAYMENT,) if is_open else (),
        )
        parts = {RIG: rig}
        if fresh["workers"]:
            parts |= self.workers.parts(with_stats=fresh["worker_stats"])
        return parts

    def take_events(self) -> tuple[PartEvent, ...]:
        """Return what happened since the last call."""
        return (*self.workers.take_events(), *self._money.take_events())

    @property
    def unparsed(self) -> tuple[str, ...]:
        """The paths of fields that could not be parsed, prefixed with the group."""
        return tuple(
            f"{name}.{path}"
            for name, paths in self.results.unparsed.items()
            for path in paths
        )

    # ---- how many requests that takes

    def _other_calls(self) -> float:
        """Requests of all other groups in an hour, and those for the history."""
        others = (
            _HOUR / group.period
            for group in self.groups.values()
            if group.name not in WORKER_GROUPS and group.closed is None
        )
        history = 1 + min(MOST_CHARTS, -(-len(self.workers.by_id) // IDS))
        return sum(others) + history

    def set_periods(self, budget: int) -> timedelta:
        """Set the periods to what a budget of requests an hour allows.

        Returns the period in which all workers are read.
        """
        self.groups["stats"].period = FAST if budget >= _PLENTY else 3 * FAST
        left = max(budget - self._other_calls(), budget / 6)
        minutes = -(-60 * self.workers.calls // max(1, int(left)))
        period = max(FAST, timedelta(minutes=minutes))
        for name in WORKER_GROUPS:
            self.groups[name].period = period
        return period

    # ---- readers: a request before each `yield`

    async def _read_details(self, now: datetime) -> AsyncGenerator[None]:
        results = self.results
        fields = await results.fetch_object(results.kind.details)
        details = results.details = parse.parse_details(fields)
        values = Values()
        values.put(readings.ACCOUNT_STATUS.plain, details.status)
        controls: list[Control[Any]] = []
        if results.writes and results.is_miner:
            values.put(readings.TITLE.plain, details.title or "")
            controls.append(
                Control(channel=readings.TITLE.plain, minimum=0, maximum=255)
            )
        results.record("details", values, fields, *controls)
        yield

    async def _read_stats(self, now: datetime) -> AsyncGenerator[None]:
        results = self.results
        if results.is_miner:
            own_id = results.account.id
            fields = Fields(
                await results.api.call(results.kind.stats, query={"id": [own_id]})
            )
            own = fields.inside(own_id)
        else:
            fields = own = await results.fetch_object(results.kind.stats)
        results.record("stats", parse_stats(own), fields)
        yield

    async def _read_pool(self, now: datetime) -> AsyncGenerator[None]:
        operation = OPERATIONS["anonymous_pool_stats"]
        fields = await self.results.fetch_object(operation, {})
        self.results.record("pool", parse_pool_stats(fields), fields)
        yield

    async def _read_referrals(self, now: datetime) -> AsyncGenerator[None]:
        found: list[Any] = []
        async for items, _ in self.results.api.each_page(
            OPERATIONS["referrals"], path=self.results.path, most=5
        ):
            found += items
            yield
        fields = Fields({"data": found})
        values = parse.referral_values(fields.each("data"))
        self.results.record("referrals", values, fields)

    async def _read_sharing(self, now: datetime) -> AsyncGenerator[None]:
        operation = OPERATIONS["profit_sharings"]
        path = {"miner_donor_id": self.results.account.id}
        fields = await self.results.fetch_object(operation, path)
        self.results.record("sharing", parse.profit_sharing_values(fields), fields)
        yield

    async def _read_user(self, now: datetime) -> AsyncGenerator[None]:
        fields = await self.results.fetch_object(OPERATIONS["current_user"], {})
        self.user = parse.parse_user(fields.raw())
        if self.user is None:
            # The status of this operation does not show an expired session.
            raise SourceRefused("The pool does not accept these credentials any more")
        values = Values()
        controls: list[Control[Any]] = []
        if self.user.language in readings.LANGUAGES:
            values.put(readings.LANGUAGE.plain, self.user.language)
            controls.append(Control(channel=readings.LANGUAGE.plain))
        self.results.record("user", values, fields, *controls)
        yield

    async def _read_notifications(self, now: datetime) -> AsyncGenerator[None]:
        if self.user is None:
            return
        path = {"user_id": self.user.id}
        fields = await self.results.fetch_object(OPERATIONS["notifications"], path)
        values = Values()
        for reading, enabled in parse.parse_notifications(fields).items():
            values.put(reading.plain, enabled)
        controls = [Control(channel=channel) for channel in values]
        self.results.record("notifications", values, fields, *controls)
        yield


def _group(name: str, feature: Feature, read: Read, period: timedelta) -> Group:
    return Group(name=name, feature=feature, read=read, period=period)
