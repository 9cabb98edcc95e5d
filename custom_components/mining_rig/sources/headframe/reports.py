"""What can be asked of an account beyond its readings, and what can be given away.

Each question is an action of Home Assistant (`services.py`). In the answers money is a
string of plain digits, a moment is ISO 8601 in UTC, a hashrate is in H/s.
"""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from itertools import batched
from typing import Any, Final

from ...model import Window
from ..common.contract import (
    CommandRefused,
    JsonObject,
    SourceBusy,
    SourceGarbled,
    SourceUnreachable,
)
from ..common.decoding import Fields
from ..common.http import Query
from . import parse, readings
from .account import IDS, AccountReader
from .api import Closed, HeadframeApi
from .budget import Budget
from .operations import ID, OPERATIONS, Operation

LONGEST_EXPORT: Final = timedelta(days=90)
LEAST_TRANSFER: Final = Decimal(2**32)
"""H/s of the smallest boundary worker (wire facts: headframe §2.2)."""
PERIODS: Final = {
    Window.M15: "PT15M",
    Window.H1: "PT1H",
    Window.D1: "P1D",
    Window.W1: "P1W",
}
_USUAL: Final = timedelta(days=30)
_LONGEST_WORD: Final = 4096

type _Answer = Callable[[Reports, JsonObject], Awaitable[JsonObject]]


class Reports:
    """The questions about one account."""

    def __init__(
        self, api: HeadframeApi, rounds: AccountReader, budget: Budget
    ) -> None:
        """Ask within what is left of the account's budget."""
        self._api = api
        self._rounds = rounds
        self._budget = budget
        self._account = rounds.account

    async def answer(self, question: str, details: JsonObject) -> JsonObject:
        """Answer a question of `QUESTIONS`. Raises a SourceError."""
        if question not in QUESTIONS:
            raise CommandRefused("no_reports")
        if question not in _OF_EVERY_KIND and self._account.kind != "miner":
            raise CommandRefused("headframe_miner_only")
        if question in CHANGES and not self._api.credential.writes:
            raise CommandRefused("headframe_read_only")
        answer = await QUESTIONS[question](self, details)
        if (shown_by := _SHOWN_BY.get(question)) is not None:
            self._rounds.groups[shown_by].due = None
        return answer

    # ---- asking

    @property
    def _now(self) -> datetime:
        """The time of the newest reading, without which nothing can be asked."""
        if (now := self._api.limiter.now) is None:
            raise SourceUnreachable("The pool was not asked yet")
        return now

    def _afford(self) -> None:
        budgets = (self._budget, self._api.limiter.budget)
        if not all(budget.left(self._now) for budget in budgets):
            raise SourceBusy("The pool was asked as often as it may be in an hour")

    async def _call(
        self,
        name: str,
        path: Mapping[str, str],
        *,
        query: Query | None = None,
        body: Any = None,
    ) -> Fields:
        self._afford()
        answer = await self._api.call(
            OPERATIONS[name], path=path, query=query, body=body
        )
        return Fields(answer)

    async def _each_page(
        self, operation: Operation, path: Mapping[str, str], query: Query | None = None
    ) -> AsyncIterator[list[Fields]]:
        """Go through pages; an item that moved to the next one comes once."""
        seen: set[str] = set()
        self._afford()
        async for items, last in self._api.each_page(operation, path=path, query=query):
            page = []
            for item in Fields({"data": items}).each("data"):
                own = item.text("id")
                if own is None or own not in seen:
                    page.append(item)
                seen.update(() if own is None else (own,))
            yield page
            if not last:
                self._afford()

    async def _pages(
        self, name: str, path: Mapping[str, str], query: Query | None = None
    ) -> list[Fields]:
        pages = self._each_page(OPERATIONS[name], path, query)
        return [item async for page in pages for item in page]

    @property
    def _miner(self) -> Mapping[str, str]:
        return {"miner_id": self._account.id}

    @property
    def _donor(self) -> Mapping[str, str]:
        return {"miner_donor_id": self._account.id}

    def _between(self, recipient: str) -> Mapping[str, str]:
        return {**self._donor, "miner_recipient_id": _identifier(recipient)}

    # ---- money

    async def payments(self, details: JsonObject) -> JsonObject:
        """Return the payments of a period, newest first, and their sums by type."""
        start, end = self._period(details, _USUAL)
        types = set(details.get("types") or ())
        found: list[Fields] = []
        scope = self._rounds.scope
        query = {"type": sorted(types)} if types else None
        async for page in self._each_page(
            scope.payments, scope.path(self._account.id), query
        ):
            for item in page:
                at = item.moment("created_at")
                if at is not None and not start <= at < end:
                    continue
                if not types or item.text("type") in types:
                    found.append(item)
            if _is_past(page, start):
                break
        period = {"start": start.isoformat(), "end": end.isoformat()}
        return period | await _aside(_payments, found)

    async def export(self, details: JsonObject) -> JsonObject:
        """Return the payments of a period as the pool's own CSV."""
        start, end = self._period(details, LONGEST_EXPORT)
        if end - start > LONGEST_EXPORT:
            raise CommandRefused(
                "headframe_long_period", {"days": str(LONGEST_EXPORT.days)}
            )
        query: dict[str, Any] = {
            "from": _zulu(start),
            "to": _zulu(end - timedelta(seconds=1)),
        }
        if types := details.get("types"):
            query["type"] = sorted(types)
        scope = self._rounds.scope
        self._afford()
        text = await self._api.text(
            scope.payments_csv, path=scope.path(self._account.id), query=query
        )
        if text.lstrip().startswith(("<", "{")):
            raise SourceGarbled("The pool sends something else than CSV")
        return {"csv": text}

    async def fees(self, details: JsonObject) -> JsonObject:
        """Return what the pool and the operator take, and what a recipient pays."""
        miner = self._miner
        answer: JsonObject = {
            "pool": [_fee(item) for item in await self._pages("miner_fees", miner)]
        }
        told = self._rounds.details
        if told is not None and told.operator is not None:
            path = {**miner, "operator_id": told.operator}
            items = await self._pages("operator_miner_fees", path)
            answer["operator"] = [_fee(item) for item in items]
        if (recipient := details.get("recipient")) is not None:
            items = await self._pages("virtual_mining_fees", self._between(recipient))
            answer["recipient"] = [_fee(item) for item in items]
        return answer

    async def referrals(self, details: JsonObject) -> JsonObject:
        """Return the accounts that this one brought, and the codes to bring more."""
        miner = self._miner
        codes = await self._call("referrer_codes", miner)
        return {
            "referrals": [
                {
                    "id": item.text("id"),
                    "share": _percent(item, "rate"),
                    "registered_at": _moment(item, "registered_at"),
                    "hashrate": {
                        key: parse.rate(item, "hashrate", key)
                        for key in ("day", "week", "month")
                    },
                }
                for item in await self._pages("referrals", miner)
            ],
            "codes": [
                {
                    "code": item.text("code"),
                    "fee": _percent(item, "pool_flat_rate"),
                    "fee_multiplier": _amount(item, "policy", "pool_rate_multiplier"),
                    "reward_multiplier": _amount(
                        item, "policy", "referrer_reward_multiplier"
                    ),
                }
                for item in codes.each("data")
            ],
        }

    # ---- hashrates

    async def daily_report(self, details: JsonObject) -> JsonObject:
        """Return the hashrate of each worker on each day."""
        start, end = self._period(details, timedelta(days=7))
        given = details.get("boundary", False)
        fields = await self._call(
            "boundary_daily_report" if given else "daily_report",
            self._donor if given else self._miner,
            query={
                "from": start.date().isoformat(),
                "to": (end - timedelta(days=1)).date().isoformat(),
            },
        )
        return await _aside(_days, fields)

    async def chart(self, details: JsonObject) -> JsonObject:
        """Return the hashrate of the account, or of some of its workers, over time."""
        query: dict[str, Any] = {"period": PERIODS[Window(details["period"])]}
        account, charts = self._account, []
        if names := details.get("workers"):
            if account.kind != "miner":
                raise CommandRefused("headframe_miner_only")
            workers = self._workers(names)
            for ids in batched(workers, IDS, strict=False):
                fields = await self._call(
                    "worker_charts", {}, query=query | {"id": ids}
                )
                charts.append((fields, {own: workers[own] for own in ids}))
        elif details.get("boundary"):
            if account.kind != "miner":
                raise CommandRefused("headframe_miner_only")
            fields = await self._call("boundary_chart", self._donor, query=query)
            charts.append((fields, {}))
        else:
            scope = self._rounds.scope
            if account.kind == "miner":
                query["id"] = [account.id]
            path = {} if account.kind == "miner" else scope.path(account.id)
            fields = await self._call(scope.chart.name, path, query=query)
            charts.append((fields, {account.id: None}))
        return await _aside(_charts, charts)

    def _workers(self, names: Iterable[str]) -> dict[str, str | None]:
        """Return workers by their ids; they are asked for by id or by name."""
        known = self._rounds.workers
        found: dict[str, str | None] = {}
        for name in names:
            named = [w for w in known.values() if name in (w.id, w.name)]
            if not named:
                raise CommandRefused("headframe_no_worker", {"worker": name})
            found |= {worker.id: worker.name for worker in named}
        return found

    async def workers(self, details: JsonObject) -> JsonObject:
        """Return the workers, also those that were removed, with their averages."""
        scope = self._rounds.scope
        query: dict[str, Any] = {"sort-by": "worker_name", "sort-direction": "asc"}
        if statuses := details.get("statuses"):
            query["status"] = sorted(statuses)
        pages = self._each_page(scope.workers, scope.path(self._account.id), query)
        found = {
            own: item
            async for page in pages
            for item in page
            if (own := parse.identifier(item, "id")) is not None
        }
        averages: dict[str, Fields] = {}
        for ids in batched(found, IDS, strict=False):
            fields = await self._call("worker_stats", {}, query={"id": ids})
            averages |= {own: fields.inside(own) for own in ids}
        return await _aside(_with_averages, found, averages)

    # ---- hashrate that is given away

    async def boundary_workers(self, details: JsonObject) -> JsonObject:
        """Return what is given to other accounts, and how it does."""
        workers = await self._pages("boundary_workers", self._miner)
        averages = await self._call("boundary_stats", self._donor)
        return {
            "workers": [_boundary_worker(item) for item in workers],
            "averages": _averages(averages),
        }

    async def create_boundary_worker(self, details: JsonObject) -> JsonObject:
        """Give hashrate to another account."""
        body = {
            "name": details["name"],
            "recipient_miner_id": _identifier(details["recipient"]),
            "donor_miner_id": self._account.id,
            "hashrate": _hashrate(details["hashrate"]),
        }
        fields = await self._call("create_boundary_worker", {}, body=body)
        return _boundary_worker(fields)

    async def change_boundary_worker(self, details: JsonObject) -> JsonObject:
        """Give more or less."""
        path = await self._own_boundary_worker(details["worker"])
        body = {"hashrate": _hashrate(details["hashrate"])}
        return _boundary_worker(
            await self._call("set_boundary_worker", path, body=body)
        )

    async def delete_boundary_worker(self, details: JsonObject) -> JsonObject:
        """Give nothing any more."""
        path = await self._own_boundary_worker(details["worker"])
        await self._call("delete_boundary_worker", path)
        return {}

    async def _own_boundary_worker(self, worker: str) -> Mapping[str, str]:
        """Return the path of a worker. Raises CommandRefused for another account's."""
        path = {"worker_id": _identifier(worker)}
        try:
            fields = await self._call("boundary_worker", path)
        except Closed:
            # Its path is a guess; the pool knows whose worker it is.
            return path
        donor = fields.text("donor", "id")
        if donor is not None and donor != self._account.id:
            raise CommandRefused("headframe_not_own", {"worker": worker})
        return path

    # ---- profit that is given away

    async def profit_sharings(self, details: JsonObject) -> JsonObject:
        """Return what is shared now; with a recipient, also what was before."""
        if (recipient := details.get("recipient")) is not None:
            path = self._between(recipient)
            items = await self._pages("profit_sharing_history", path)
        else:
            fields = await self._call("profit_sharings", self._donor)
            items = list(fields.each("data"))
        return {
            "profit_sharings": [
                {
                    "recipient": item.text("recipient", "id"),
                    "account": item.text("recipient", "account_name"),
                    "share": _percent(item, "rate"),
                    "type": item.text("type"),
                    "valid_from": _moment(item, "valid_from"),
                    "valid_until": _moment(item, "valid_until"),
                }
                for item in items
            ]
        }

    async def set_profit_sharing(self, details: JsonObject) -> JsonObject:
        """Share profit from the next day on, in place of what is shared now."""
        share = Decimal(str(details["share"])) / 100
        body = {"rate": plain(share), "type": details["type"]}
        path = self._between(details["recipient"])
        await self._call("create_profit_sharing", path, body=body)
        return {}

    async def delete_profit_sharing(self, details: JsonObject) -> JsonObject:
        """Share nothing from the next day on."""
        path = self._between(details["recipient"])
        await self._call("delete_profit_sharing", path)
        return {}

    # ---- links for people who may watch

    async def watcher_links(self, details: JsonObject) -> JsonObject:
        """Return the links with their tokens."""
        items = await self._pages("watchers", self._miner)
        return {"links": [_watcher(item) for item in items]}

    async def create_watcher_link(self, details: JsonObject) -> JsonObject:
        """Make a link; who has it sees the account."""
        extra = ["accountant"] if details.get("payments") else []
        body: JsonObject = {"extra_permissions": extra}
        if title := details.get("title"):
            body["title"] = title
        return _watcher(await self._call("create_watcher", self._miner, body=body))

    async def delete_watcher_link(self, details: JsonObject) -> JsonObject:
        """End a link."""
        path = {**self._miner, "watcher_id": _identifier(details["link"])}
        await self._call("delete_watcher", path)
        return {}

    def _period(
        self, details: JsonObject, usual: timedelta
    ) -> tuple[datetime, datetime]:
        """Return the beginning of the first day and the end of the last, in UTC."""
        last: date = details.get("end") or self._now.astimezone(UTC).date()
        first: date = details.get("start") or last - usual + timedelta(days=1)
        if first > last:
            raise CommandRefused("headframe_no_period")
        start, end = (
            datetime.combine(day, time(), UTC)
            for day in (first, last + timedelta(days=1))
        )
        return start, end


QUESTIONS: Final[Mapping[str, _Answer]] = {
    "get_payments": Reports.payments,
    "export_payments": Reports.export,
    "get_daily_report": Reports.daily_report,
    "get_chart": Reports.chart,
    "get_workers": Reports.workers,
    "get_fees": Reports.fees,
    "get_referrals": Reports.referrals,
    "get_boundary_workers": Reports.boundary_workers,
    "create_boundary_worker": Reports.create_boundary_worker,
    "change_boundary_worker": Reports.change_boundary_worker,
    "delete_boundary_worker": Reports.delete_boundary_worker,
    "get_profit_sharings": Reports.profit_sharings,
    "set_profit_sharing": Reports.set_profit_sharing,
    "delete_profit_sharing": Reports.delete_profit_sharing,
    "get_watcher_links": Reports.watcher_links,
    "create_watcher_link": Reports.create_watcher_link,
    "delete_watcher_link": Reports.delete_watcher_link,
}

CHANGES: Final = frozenset(
    name for name in QUESTIONS if not name.startswith(("get_", "export_"))
)
"""What gives hashrate, income or insight away, or ends that."""

_SHOWN_BY: Final = {
    "create_boundary_worker": "workers",
    "delete_boundary_worker": "workers",
    "set_profit_sharing": "sharing",
    "delete_profit_sharing": "sharing",
}
"""The group of readings that shows a change, and is asked for anew."""

_OF_EVERY_KIND: Final = frozenset(
    {"get_payments", "export_payments", "get_chart", "get_workers"}
)
"""What operators and pools can be asked, too."""


# ---- from the wire into answers


async def _aside[*Ts](shape: Callable[[*Ts], JsonObject], *told: *Ts) -> JsonObject:
    """Shape an answer in another thread: a long one would hold up Home Assistant."""
    return await asyncio.get_running_loop().run_in_executor(None, shape, *told)


def plain(amount: Decimal) -> str:
    """Return an amount in plain digits: 0.00000001, never 1E-8."""
    return f"{amount:f}"


def _amount(fields: Fields, *path: str) -> str | None:
    found = fields.amount(*path)
    return None if found is None else plain(found)


def _percent(fields: Fields, *path: str) -> float | None:
    return parse.percent(fields, *path)


def _moment(fields: Fields, *path: str) -> str | None:
    found = fields.moment(*path)
    return None if found is None else found.isoformat()


def _zulu(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _identifier(text: str) -> str:
    """Return what can stand in a path. Raises CommandRefused for what is no id."""
    if not ID.fullmatch(text):
        raise CommandRefused("headframe_no_id", {"id": text})
    return text


def _hashrate(terahashes: float) -> str:
    """Return TH/s as the pool takes it: whole H/s. Raises CommandRefused for less."""
    hashrate = Decimal(str(terahashes)) * 10**12
    if hashrate < LEAST_TRANSFER:
        raise CommandRefused(
            "headframe_small_hashrate", {"least": plain(LEAST_TRANSFER / 10**12)}
        )
    return str(int(hashrate))


def _is_past(page: list[Fields], start: datetime) -> bool:
    """Tell whether all that follows a page is older, the newest coming first."""
    moments = [at for item in page if (at := item.moment("created_at")) is not None]
    return bool(moments) and moments[0] >= moments[-1] and moments[-1] < start


def _payment(item: Fields) -> JsonObject:
    rate = _amount(item, "metadata", "rate")
    return {
        "id": item.text("id"),
        "type": item.text("type"),
        "direction": item.text("direction"),
        "currency": item.text("currency"),
        "amount": _amount(item, "amount"),
        "status": item.text("status"),
        "created_at": _moment(item, "created_at"),
        "effective_at": _moment(item, "effective_at"),
        "rate": rate,
        "hashrate": parse.rate(item, "metadata", "hashrate"),
        "transaction": item.text("metadata", "tx_hash") or item.text("tx_hash"),
        "description": item.text("metadata", "description", longest=_LONGEST_WORD),
    }


def _payments(items: list[Fields]) -> JsonObject:
    sums: defaultdict[str, list[Decimal]] = defaultdict(list)
    for item in items:
        amount = item.amount("amount")
        if amount is not None and item.text("currency") in (None, readings.BTC):
            sums[item.text("type") or "other"].append(amount)
    return {
        "payments": [_payment(item) for item in items],
        "totals": {
            kind: plain(parse.exact_sum(amounts)) for kind, amounts in sums.items()
        },
    }


def _fee(item: Fields) -> JsonObject:
    return {
        "fee": _percent(item, "fee"),
        "valid_from": item.text("valid_from"),
        "valid_until": item.text("valid_until"),
        "comment": item.text("comment", longest=_LONGEST_WORD),
    }


def _worker(item: Fields) -> JsonObject:
    return {
        "id": item.text("id"),
        "name": item.text("name"),
        "behavior": item.text("behavior"),
        "status": item.text("status"),
        "account": item.text("miner", "account_name"),
    }


def _with_averages(
    workers: dict[str, Fields], averages: dict[str, Fields]
) -> JsonObject:
    return {
        "workers": [
            {**_worker(item), "averages": _averages(averages[own])}
            for own, item in workers.items()
        ]
    }


def _days(fields: Fields) -> JsonObject:
    return {
        "days": [
            {
                "date": day.text("date"),
                "workers": [
                    {
                        "account": worker.text("account_name"),
                        "worker": worker.text("worker_name"),
                        **_hashrates(worker),
                    }
                    for worker in day.each("workers")
                ],
            }
            for day in fields.each("data")
        ]
    }


def _boundary_worker(item: Fields) -> JsonObject:
    return {
        **_worker(item),
        "recipient": item.text("miner", "id"),
        "donor": item.text("donor", "id"),
        "created_at": _moment(item, "created_at"),
        "hashrate": parse.rate(item, "hashrate", "current", "hashrate"),
        "next_hashrate": parse.rate(item, "hashrate", "future", "hashrate"),
        "next_from": _moment(item, "hashrate", "future", "valid_from"),
    }


def _watcher(item: Fields) -> JsonObject:
    extra = item.raw("extra_permissions")
    return {
        "id": item.text("id"),
        "title": item.text("title", longest=_LONGEST_WORD),
        "token": item.text("token"),
        "payments": isinstance(extra, list) and "accountant" in extra,
        "created_at": _moment(item, "created_at"),
    }


def _hashrates(fields: Fields) -> JsonObject:
    """Return a hashrate, what was rejected, and the share of that in %."""
    told = parse.rate(fields, "hashrate")
    rejected = parse.rate(fields, "rejectrate")
    share = None
    if told is not None and rejected is not None and told + rejected:
        share = round(100 * rejected / (told + rejected), 4)
    return {"hashrate": told, "rejected_hashrate": rejected, "rejected_share": share}


def _averages(fields: Fields) -> JsonObject:
    return {
        window.value: _hashrates(fields.inside(window)) for window in readings.WINDOWS
    }


def _charts(charts: list[tuple[Fields, dict[str, str | None]]]) -> JsonObject:
    """Return the points of charts; without ids an answer has the one of the account."""
    found: list[JsonObject] = []
    interval: float | None = None
    for fields, names in charts:
        of = {own: fields.inside("data", own) for own in names}
        if fields.has("data", "points"):
            of = dict.fromkeys(names or [""], fields.inside("data"))
        read = {own: parse.parse_points(chart) for own, chart in of.items()}
        if (apart := parse.parse_interval(fields, read.values())) is not None:
            interval = apart.total_seconds()
        found += [
            {"worker": names.get(own), "id": own or None, "points": _points(chart)}
            for own, chart in of.items()
        ]
    return {"interval": interval, "charts": found}


def _points(chart: Fields) -> list[JsonObject]:
    points = {
        at: _hashrates(point)
        for point in chart.each("points")
        if (at := parse.second(point, "timestamp")) is not None
    }
    return [{"time": at.isoformat(), **points[at]} for at in sorted(points)]
