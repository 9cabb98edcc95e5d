"""What is asked of an account, round by round, and what was told last.

Which group is asked how often: wire facts, headframe §3 and §4.
"""

from collections import Counter
from collections.abc import AsyncGenerator, Iterable, Mapping
from datetime import datetime, timedelta
from itertools import batched
from typing import Any, Final

from ...model import RIG, Channel, Control, Part, PartEvent, PartKind
from ..common.contract import Notes, SourceGarbled, SourceRefused
from ..common.decoding import Fields, Values
from . import parse, readings
from .account_kinds import ACCOUNT_KINDS
from .api import PAGE, HeadframeApi
from .operations import OPERATIONS, Feature, Operation
from .parse import Account, Details, Payment, User, Worker
from .schedule import Ask, Group

MANUFACTURER: Final = "Headframe"
IDS: Final = 40
"""Of one request, whose address must not become too long."""
FAST: Final = timedelta(minutes=5)
"""The shortest average of the pool is over 15 minutes."""

MOST_CHARTS: Final = 10
"""Requests in an hour for the past of workers."""
OF_WORKERS: Final = ("workers", "worker_stats")
"""The groups that take longer the more workers there are."""

_PLENTY: Final = 40
"""Requests in an hour with which the account can be looked at every five minutes."""
_HOUR: Final = timedelta(hours=1)
_DAY: Final = timedelta(days=1)
_COMPLETE_ROUNDS: Final = 2
"""Lists without a worker until it counts as gone: they are no snapshots."""
_SEEN: Final = 200
"""Payments remembered, so that each is told once."""
_NOTE_WORKERS: Final = "headframe_workers"
_NOTE_PAYMENTS: Final = "headframe_payments"
_MOST_BITCOIN: Final = 21.0
"""Nobody waits for a larger payout."""

type Told = Mapping[Channel[Any], Any]


def wallet_number(index: int) -> int | None:
    """Return the number of a wallet's channels; the only one of most has none."""
    return None if index == 0 else index + 1


class AccountReader:
    """The groups of one account, and what they told."""

    def __init__(
        self, api: HeadframeApi, account: Account, notes: Notes, *, writes: bool
    ) -> None:
        """Begin with nothing told; `writes` adds what can be changed."""
        self.account = account
        self.scope = ACCOUNT_KINDS[account.kind]
        self.details: Details | None = None
        self.user: User | None = None
        self.workers: dict[str, Worker] = {}
        self._api = api
        self._notes = notes
        self._writes = writes
        self._path = self.scope.path(account.id)
        self._values: dict[str, Values] = {}
        self._controls: dict[str, list[Control[Any]]] = {}
        self._strange: dict[str, list[str]] = {}
        self._stats: dict[str, Values] = {}
        self._parts: dict[str, Part] = {}
        self._with_stats = True
        """Whether the parts of workers tell their statistics."""
        self._absent: Counter[str] = Counter()
        self._known_workers: set[str] = set(notes.get(_NOTE_WORKERS) or ())
        self._payout: Payment | None = None
        self._reward: Payment | None = None
        self._events: list[PartEvent] = []
        self._removed: set[str] = set()
        self.groups = {group.name: group for group in self._make_groups()}
        """By name, the most urgent first."""

    def _make_groups(self) -> list[Group]:
        of_miner = self.account.kind == "miner"
        minutes = timedelta(minutes=1)
        groups = [
            _group("details", Feature.ACCOUNT, self._ask_details, 6 * _HOUR),
            _group("stats", Feature.STATISTICS, self._ask_stats, FAST),
            _group("workers", Feature.WORKERS, self._ask_workers, FAST),
            _group("earnings", Feature.EARNINGS, self._ask_earnings, 15 * minutes),
            Group(
                name="payments",
                feature=Feature.PAYMENTS,
                ask=self._ask_payments,
                period=_HOUR,
                at_credit=True,
            ),
            _group("addresses", Feature.WALLET, self._ask_addresses, _HOUR),
            _group(
                "thresholds",
                Feature.PAYOUT_THRESHOLD,
                self._ask_thresholds,
                6 * _HOUR,
            ),
            _group("reward_rate", Feature.REWARD_RATE, self._ask_reward_rate, _DAY),
            _group("pool", Feature.POOL_STATISTICS, self._ask_pool, 6 * _HOUR),
        ]
        if of_miner:
            groups += [
                _group("balance", Feature.BALANCE, self._ask_balance, 30 * minutes),
                _group("fees", Feature.FEES, self._ask_fees, _DAY),
                _group("operator_fees", Feature.FEES, self._ask_operator_fees, _DAY),
                _group(
                    "lifetime", Feature.LIFETIME_EARNINGS, self._ask_lifetime, _HOUR
                ),
                _group("referrals", Feature.REFERRALS, self._ask_referrals, _DAY),
                _group("sharing", Feature.PROFIT_SHARING, self._ask_sharing, _DAY),
            ]
        if self._writes:
            groups += [
                _group("user", Feature.LANGUAGE, self._ask_user, _DAY),
                _group(
                    "notifications",
                    Feature.NOTIFICATIONS,
                    self._ask_notifications,
                    _DAY,
                ),
            ]
        # Of many workers this takes most of the budget, so all others come first.
        groups.append(
            _group(
                "worker_stats", Feature.WORKER_STATISTICS, self._ask_worker_stats, FAST
            )
        )
        return groups

    # ---- what was told

    def parts(self, now: datetime, shortest: timedelta) -> dict[str, Part]:
        """Return the account and its workers, as far as what was told still holds."""
        fresh = {
            name: group.is_fresh(now, shortest) for name, group in self.groups.items()
        }
        values = Values()
        controls: dict[Channel[Any], Control[Any]] = {}
        for name, told in self._values.items():
            if fresh[name]:
                values.update(told)
                controls |= {c.channel: c for c in self._controls.get(name, ())}
        rig = Part(
            kind=PartKind.RIG,
            key=RIG,
            manufacturer=MANUFACTURER,
            model=f"{self.account.kind.capitalize()} account",
            values=values,
            controls=controls,
            events=(readings.PAYMENT,) if self._may_tell("payments") else (),
        )
        parts = {RIG: rig}
        if fresh["workers"]:
            if fresh["worker_stats"] is not self._with_stats:
                self._with_stats = fresh["worker_stats"]
                self._renew(self.workers)
            parts |= self._parts
        return parts

    def _renew(self, ids: Iterable[str]) -> None:
        """Make the parts of some workers anew; all of hundreds would take long."""
        for key in ids:
            if (worker := self.workers.get(key)) is None:
                continue
            told = parse.worker_values(worker)
            if self._with_stats:
                told.update(self._stats.get(key, {}))
            self._parts[key] = Part(
                kind=PartKind.WORKER,
                key=key,
                name=worker.name,
                manufacturer=MANUFACTURER,
                model=_MODELS.get(worker.behavior or ""),
                values=told,
                events=(readings.WORKER_STATUS,),
            )

    def _may_tell(self, name: str) -> bool:
        return self.groups[name].closed is None

    def take_events(self) -> tuple[PartEvent, ...]:
        """Return what happened since the last call."""
        events, self._events = tuple(self._events), []
        return events

    def take_removed(self) -> frozenset[str]:
        """Return the workers that are gone since the last call."""
        removed, self._removed = frozenset(self._removed), set()
        return removed

    @property
    def unparsed(self) -> tuple[str, ...]:
        """The paths of what could not be understood, behind the group's name."""
        return tuple(
            f"{name}.{path}" for name, paths in self._strange.items() for path in paths
        )

    def _tell(
        self, name: str, values: Values, fields: Fields, *controls: Control[Any]
    ) -> None:
        self._values[name] = values
        self._controls[name] = list(controls)
        self._strange[name] = fields.unparsed

    # ---- how much there is to ask

    @property
    def worker_calls(self) -> int:
        """Requests of one round that looks at every worker."""
        count = max(1, len(self.workers))
        return -(-count // PAGE) + -(-count // IDS)

    def _other_calls(self) -> float:
        """Requests of all other groups in an hour, and those for the past."""
        others = (
            _HOUR / group.period
            for group in self.groups.values()
            if group.name not in OF_WORKERS and group.closed is None
        )
        past = 1 + min(MOST_CHARTS, -(-len(self.workers) // IDS))
        return sum(others) + past

    def stretch(self, budget: int) -> timedelta:
        """Ask as often as a budget of requests an hour allows.

        Returns the time between two looks at every worker.
        """
        self.groups["stats"].period = FAST if budget >= _PLENTY else 3 * FAST
        left = max(budget - self._other_calls(), budget / 6)
        minutes = -(-60 * self.worker_calls // max(1, int(left)))
        period = max(FAST, timedelta(minutes=minutes))
        for name in OF_WORKERS:
            self.groups[name].period = period
        return period

    # ---- asking: a request before each `yield`

    async def _ask_object(
        self, operation: Operation, path: Mapping[str, str] | None = None
    ) -> Fields:
        answer = await self._api.call(
            operation, path=self._path if path is None else path
        )
        if not isinstance(answer, dict):
            raise SourceGarbled(f"The pool's answer to {operation.name} is no object")
        return Fields(answer)

    async def _ask_list(self, operation: Operation, path: Mapping[str, str]) -> Fields:
        """Ask for the first page of a list that hardly has a second one."""
        async for items, _ in self._api.each_page(operation, path=path, most=1):
            return Fields({"data": items})
        raise AssertionError

    async def _ask_details(self, now: datetime) -> AsyncGenerator[None]:
        fields = await self._ask_object(self.scope.details)
        details = self.details = parse.parse_details(fields)
        values = Values()
        values.put(readings.ACCOUNT_STATUS.plain, details.status)
        controls: list[Control[Any]] = []
        if self._writes and self.account.kind == "miner":
            values.put(readings.TITLE.plain, details.title or "")
            controls.append(
                Control(channel=readings.TITLE.plain, minimum=0, maximum=255)
            )
        self._tell("details", values, fields, *controls)
        yield

    async def _ask_stats(self, now: datetime) -> AsyncGenerator[None]:
        if self.account.kind != "miner":
            fields = await self._ask_object(self.scope.stats)
            own = fields
        else:
            answer = await self._api.call(
                self.scope.stats, query={"id": [self.account.id]}
            )
            fields = Fields(answer)
            own = fields.inside(self.account.id)
        self._tell("stats", parse.parse_stats(own), fields)
        yield

    async def _ask_workers(self, now: datetime) -> AsyncGenerator[None]:
        found: dict[str, Worker] = {}
        unparsed: list[str] = []
        complete = False
        # A stable order, so that few workers move from page to page meanwhile.
        query = {"sort-by": "worker_name", "sort-direction": "asc"}
        async for items, is_last in self._api.each_page(
            self.scope.workers, path=self._path, query=query
        ):
            complete = is_last
            fields = Fields({"data": items}, unparsed=unparsed)
            found |= parse.parse_workers(fields.each("data"))
            yield
        await self._note_workers(found, complete=complete)
        self._tell("workers", parse.count_workers(self.workers.values()), Fields({}))
        self._strange["workers"] = unparsed

    async def _note_workers(self, found: dict[str, Worker], *, complete: bool) -> None:
        """Take a new list; note what became of the workers that were known."""
        for worker in found.values():
            known = self.workers.get(worker.id)
            if known is not None and known.status != worker.status:
                self._events.append(_status_changed(known, worker))
        self._absent = Counter({key: self._absent[key] for key in self._known_workers})
        for key in self._known_workers - found.keys() if complete else ():
            self._absent[key] += 1
        gone = {k for k, times in self._absent.items() if times >= _COMPLETE_ROUNDS}
        for key in found:
            self._absent[key] = 0
        gone -= found.keys()
        before = self.workers
        kept = {k: w for k, w in before.items() if k not in gone}
        self.workers = kept | found
        for key in gone:
            self._parts.pop(key, None)
        self._renew(key for key, worker in found.items() if worker != before.get(key))
        self._removed |= gone
        there = (self._known_workers | found.keys()) - gone
        if there != self._known_workers:
            self._known_workers = there
            await self._notes.keep(_NOTE_WORKERS, sorted(there))

    async def _ask_worker_stats(self, now: datetime) -> AsyncGenerator[None]:
        unparsed: list[str] = []
        for ids in batched(list(self.workers), IDS, strict=False):
            answer = await self._api.call(OPERATIONS["worker_stats"], query={"id": ids})
            fields = Fields(answer, unparsed=unparsed)
            for key in ids:
                # One that is missing in the answer has no value this time.
                self._stats[key] = parse.parse_stats(fields.inside(key))
            self._strange["worker_stats"] = unparsed
            self._renew(ids)
            yield
        self._stats = {k: v for k, v in self._stats.items() if k in self.workers}

    async def _ask_earnings(self, now: datetime) -> AsyncGenerator[None]:
        fields = await self._ask_object(self.scope.earnings)
        self._tell("earnings", parse.parse_earnings(fields), fields)
        yield

    async def _ask_balance(self, now: datetime) -> AsyncGenerator[None]:
        fields = await self._ask_object(OPERATIONS["miner_balance"])
        values = parse.parse_amount(fields, readings.BALANCE.plain)
        self._tell("balance", values, fields)
        yield

    async def _ask_lifetime(self, now: datetime) -> AsyncGenerator[None]:
        fields = await self._ask_object(OPERATIONS["miner_earned_all_time"])
        values = parse.parse_amount(fields, readings.EARNED_ALL_TIME.plain)
        self._tell("lifetime", values, fields)
        yield

    async def _ask_payments(self, now: datetime) -> AsyncGenerator[None]:
        stored: list[str] | None = self._notes.get(_NOTE_PAYMENTS)
        seen = set(stored or ())
        found: list[Payment] = []
        unparsed: list[str] = []
        async for items, _ in self._api.each_page(
            self.scope.payments, path=self._path, most=5
        ):
            fields = Fields({"data": items}, unparsed=unparsed)
            page = parse.parse_payments(fields.each("data"))
            found = page + found
            yield
            if stored is None or any(payment.id in seen for payment in page):
                break
        new = [payment for payment in found if payment.id not in seen]
        if stored is not None:
            self._events += [_paid(payment) for payment in new]
        if new or stored is None:
            ids = [*(stored or ()), *(payment.id for payment in new)]
            await self._notes.keep(_NOTE_PAYMENTS, list(dict.fromkeys(ids))[-_SEEN:])
        newest = {payment.type: payment for payment in found}
        self._reward = newest.get("reward", self._reward)
        self._payout = newest.get("payout", self._payout)
        if self._payout is None:
            # Rewards come daily, payouts seldom: the last one may be pages away.
            self._payout = await self._last_payout()
            yield
        values = parse.payment_values(self._reward, self._payout)
        self._tell("payments", values, Fields({}))
        self._strange["payments"] = unparsed

    async def _last_payout(self) -> Payment | None:
        answer = await self._api.call(
            self.scope.payments,
            path=self._path,
            query={"type": ["payout"], "limit": "1", "offset": "0"},
        )
        found = parse.parse_payments(Fields(answer).each("data"))
        return next((p for p in reversed(found) if p.type == "payout"), None)

    async def _ask_addresses(self, now: datetime) -> AsyncGenerator[None]:
        values, unparsed = Values(), Fields({})
        for number, wallet in self._wallets():
            fields = await self._ask_object(OPERATIONS["wallet_addresses"], wallet)
            values.update(parse.address_values(fields, now, number))
            unparsed.unparsed.extend(fields.unparsed)
            yield
        self._tell("addresses", values, unparsed)

    async def _ask_thresholds(self, now: datetime) -> AsyncGenerator[None]:
        values, unparsed = Values(), Fields({})
        controls: list[Control[Any]] = []
        for number, wallet in self._wallets():
            fields = await self._ask_object(OPERATIONS["wallet_min_payments"], wallet)
            values.update(
                parse.threshold_values(fields, now, number, settable=self._writes)
            )
            unparsed.unparsed.extend(fields.unparsed)
            if self._writes:
                controls.append(
                    Control(
                        channel=readings.THRESHOLD_SET.channel(number=number),
                        minimum=0.001,
                        maximum=_MOST_BITCOIN,
                        step=0.00000001,
                    )
                )
            yield
        self._tell("thresholds", values, unparsed, *controls)

    def _wallets(self) -> list[tuple[int | None, Mapping[str, str]]]:
        """Return number and path of each wallet; a fresh account has none."""
        wallets = self.details.wallets if self.details is not None else ()
        return [
            (wallet_number(index), {"wallet_id": wallet})
            for index, wallet in enumerate(wallets)
        ]

    async def _ask_fees(self, now: datetime) -> AsyncGenerator[None]:
        fields = await self._ask_list(OPERATIONS["miner_fees"], self._path)
        fees = parse.parse_fees(fields.each("data"), now)
        self._tell("fees", parse.fee_values(fees), fields)
        yield

    async def _ask_operator_fees(self, now: datetime) -> AsyncGenerator[None]:
        operator = self.details.operator if self.details is not None else None
        if operator is None:
            return
        path = {**self._path, "operator_id": operator}
        fields = await self._ask_list(OPERATIONS["operator_miner_fees"], path)
        values = Values()
        fees = parse.parse_fees(fields.each("data"), now)
        values.put(readings.OPERATOR_FEE.plain, fees.current)
        self._tell("operator_fees", values, fields)
        yield

    async def _ask_reward_rate(self, now: datetime) -> AsyncGenerator[None]:
        answer = await self._api.call(
            OPERATIONS["reward_rates"],
            query={
                "from": (now - 7 * _DAY).date().isoformat(),
                "to": now.date().isoformat(),
                "currency": readings.BTC,
            },
        )
        fields = Fields(answer)
        self._tell("reward_rate", parse.parse_reward_rate(fields), fields)
        yield

    async def _ask_pool(self, now: datetime) -> AsyncGenerator[None]:
        fields = await self._ask_object(OPERATIONS["anonymous_pool_stats"], {})
        self._tell("pool", parse.parse_pool_stats(fields), fields)
        yield

    async def _ask_referrals(self, now: datetime) -> AsyncGenerator[None]:
        found: list[Any] = []
        async for items, _ in self._api.each_page(
            OPERATIONS["referrals"], path=self._path, most=5
        ):
            found += items
            yield
        fields = Fields({"data": found})
        self._tell("referrals", parse.referral_values(fields.each("data")), fields)

    async def _ask_sharing(self, now: datetime) -> AsyncGenerator[None]:
        operation = OPERATIONS["profit_sharings"]
        path = {"miner_donor_id": self.account.id}
        fields = await self._ask_object(operation, path)
        self._tell("sharing", parse.profit_sharing_values(fields), fields)
        yield

    async def _ask_user(self, now: datetime) -> AsyncGenerator[None]:
        fields = await self._ask_object(OPERATIONS["current_user"], {})
        self.user = parse.parse_user(fields.raw())
        if self.user is None:
            # Nobody is signed in, which this operation does not say by its status.
            raise SourceRefused("The pool does not take these credentials any more")
        values = Values()
        controls: list[Control[Any]] = []
        if self.user.language in readings.LANGUAGES:
            values.put(readings.LANGUAGE.plain, self.user.language)
            controls.append(Control(channel=readings.LANGUAGE.plain))
        self._tell("user", values, fields, *controls)
        yield

    async def _ask_notifications(self, now: datetime) -> AsyncGenerator[None]:
        if self.user is None:
            return
        path = {"user_id": self.user.id}
        fields = await self._ask_object(OPERATIONS["notifications"], path)
        values = Values()
        for reading, enabled in parse.parse_notifications(fields).items():
            values.put(reading.plain, enabled)
        self._tell(
            "notifications",
            values,
            fields,
            *(Control(channel=channel) for channel in values),
        )
        yield


_MODELS: Final = {"hardware": "Worker", parse.BOUNDARY: "Transferred hashrate"}


def _group(name: str, feature: Feature, ask: Ask, period: timedelta) -> Group:
    return Group(name=name, feature=feature, ask=ask, period=period)


def _status_changed(before: Worker, after: Worker) -> PartEvent:
    return PartEvent(
        part=after.id,
        kind=readings.WORKER_STATUS,
        type=after.status or "unknown",
        attributes={
            "worker": after.name or after.id,
            "before": before.status or "unknown",
        },
    )


def _paid(payment: Payment) -> PartEvent:
    kind = payment.type if payment.type in readings.PAYMENT.types else "other"
    attributes: dict[str, str] = {"payment": payment.type, "currency": readings.BTC}
    if payment.amount is not None:
        attributes["amount"] = f"{payment.amount:f}"
    if payment.at is not None:
        attributes["time"] = payment.at.isoformat()
    if payment.direction is not None:
        attributes["direction"] = payment.direction
    if payment.status is not None:
        attributes["status"] = payment.status
    return PartEvent(part=RIG, kind=readings.PAYMENT, type=kind, attributes=attributes)
