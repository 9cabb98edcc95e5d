"""The history of an account and its workers, from the pool's charts.

The pool chooses how many points a period has; the answer contains their interval.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from http import HTTPStatus
from itertools import batched, islice
import logging
from typing import Final

from ...model import RIG, Window
from ...readings import HASHRATE
from ..common.contract import HistorySeries
from ..common.decoding import Fields
from .account_kinds import ACCOUNT_KINDS
from .api import IDS, Closed, HeadframeApi
from .budget import MOST_CHARTS
from .operations import OPERATIONS, Operation
from .parse.account import Account
from .parse.hashrate import Points, parse_interval, parse_points
from .readings import PERIODS
from .schedule import CLOSED

_LOGGER: Final = logging.getLogger(__name__)

DAY: Final = PERIODS[Window.D1]
WEEK: Final = PERIODS[Window.W1]

_HOUR: Final = timedelta(hours=1)
_WITHIN_DAY: Final = timedelta(hours=23)
_MOST_POINTS: Final = 4000
"""Points in one answer, so that decoding it takes few milliseconds."""
_LENGTH: Final = {DAY: timedelta(days=1), WEEK: timedelta(days=7)}


class Charts:
    """The charts of one account."""

    def __init__(self, api: HeadframeApi, account: Account) -> None:
        """Make no request yet."""
        self._api = api
        self._account = account
        self._kind = ACCOUNT_KINDS[account.kind]
        self._week_is_fine = True
        """Whether the interval of a week's points is an hour at most."""
        self._first = 0
        """The index of the worker to start with when the budget does not allow all."""
        self.closed: dict[str, int] = {}
        """The status with which the pool refused an operation last, by its name."""
        self._again: dict[str, datetime] = {}

    async def history(
        self, since: datetime | None, now: datetime, workers: Sequence[str]
    ) -> list[HistorySeries]:
        """Return the history of the account, and of workers within the budget.

        Charts that the pool refuses are left out. Raises a SourceError.
        """
        try:
            account, period = await self._longest(since, now)
        except Closed as err:
            self._close(err, now)
            return []
        if account is None:
            return []
        each = max(1, int(_LENGTH[period] / account.interval))
        batch = min(IDS, max(1, _MOST_POINTS // each))
        return [account, *await self._workers(period, workers, batch, now)]

    async def _longest(
        self, since: datetime | None, now: datetime
    ) -> tuple[HistorySeries | None, str]:
        """Return the longest usable history of the account, and its period."""
        if self._is_closed(self._kind.chart, now):
            return None, DAY
        longer = since is None or now - since > _WITHIN_DAY
        period = WEEK if longer and self._week_is_fine else DAY
        interval, found = await self._own(period)
        if period == WEEK and (interval is None or interval > _HOUR):
            self._week_is_fine = False
            period = DAY
            interval, found = await self._own(period)
        self.closed.pop(self._kind.chart.name, None)
        if interval is None or interval > _HOUR:
            return None, period
        points = [*found.items()]
        series = HistorySeries(
            part=RIG, channel=HASHRATE.plain, interval=interval, points=points
        )
        return series, period

    def _is_closed(self, operation: Operation, now: datetime) -> bool:
        again = self._again.get(operation.name)
        return again is not None and now < again <= now + CLOSED

    def _close(self, err: Closed, now: datetime) -> None:
        """Do not request these charts for a day; log that once."""
        name = err.operation.name
        self._again[name] = now + CLOSED
        if name not in self.closed:
            _LOGGER.info(
                "charts are not open to this Headframe account (%s: status %s); they are"
                " left out and tried again in a day",
                name,
                err.status,
            )
        self.closed[name] = err.status

    async def _own(self, period: str) -> tuple[timedelta | None, Points]:
        """Return interval and points of the account's own chart."""
        operation = self._kind.chart
        if self._account.kind == "miner":
            fields = await self._fetch(operation, period, [self._account.id])
            own = fields.inside("data", self._account.id)
        else:
            fields = Fields(
                await self._api.call(
                    operation,
                    path=self._kind.path(self._account.id),
                    query={"period": period},
                )
            )
            own = fields.inside("data")
        points = parse_points(own)
        return parse_interval(fields, [points]), points

    async def _workers(
        self, period: str, workers: Sequence[str], batch: int, now: datetime
    ) -> list[HistorySeries]:
        """Return the history of workers; those left out come first next time."""
        found: list[HistorySeries] = []
        operation = OPERATIONS["worker_charts"]
        if not workers or self._is_closed(operation, now):
            return found
        first = self._first % len(workers)
        done = 0
        turns = batched((*workers[first:], *workers[:first]), batch, strict=False)
        for ids in islice(turns, MOST_CHARTS):
            if not self._api.may_spare(now):
                break
            try:
                found += await self._batch(period, ids)
            except Closed as err:
                self._close(err, now)
                break
            self.closed.pop(operation.name, None)
            done += len(ids)
        self._first = (first + done) % len(workers)
        return found

    async def _batch(self, period: str, ids: Sequence[str]) -> list[HistorySeries]:
        try:
            fields = await self._fetch(OPERATIONS["worker_charts"], period, ids)
        except Closed as err:
            if err.status != HTTPStatus.NOT_FOUND or len(ids) == 1:
                raise
            # One of them may be removed: request another one alone.
            return await self._batch(period, ids[:1])
        charts = {key: parse_points(fields.inside("data", key)) for key in ids}
        interval = parse_interval(fields, charts.values())
        if interval is None or interval > _HOUR:
            return []
        return [
            HistorySeries(
                part=key,
                channel=HASHRATE.plain,
                interval=interval,
                points=[*points.items()],
            )
            for key, points in charts.items()
            if points
        ]

    async def _fetch(
        self, operation: Operation, period: str, ids: Sequence[str]
    ) -> Fields:
        query = {"period": period, "id": [*ids]}
        return Fields(await self._api.call(operation, query=query))
