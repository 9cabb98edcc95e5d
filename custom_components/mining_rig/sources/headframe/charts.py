"""The past of an account and its workers, as the pool's charts tell it.

A period tells as many points as the pool likes; the answer says how far apart they are
(wire facts: headframe §2.2, §3).
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from http import HTTPStatus
from itertools import batched, islice
import logging
from typing import Final

from ...model import RIG
from ...readings import HASHRATE
from ..common.contract import HistorySeries
from ..common.decoding import Fields
from . import parse
from .account import IDS, MOST_CHARTS
from .account_kinds import ACCOUNT_KINDS
from .api import Closed, HeadframeApi
from .operations import OPERATIONS, Operation
from .parse import Account
from .schedule import CLOSED

_LOGGER: Final = logging.getLogger(__name__)

DAY: Final = "P1D"
WEEK: Final = "P1W"

_HOUR: Final = timedelta(hours=1)
_WITHIN_DAY: Final = timedelta(hours=23)
_MOST_POINTS: Final = 4000
"""Of one answer, so that decoding it takes few milliseconds."""
_LENGTH: Final = {DAY: timedelta(days=1), WEEK: timedelta(days=7)}


class Charts:
    """The charts of one account."""

    def __init__(self, api: HeadframeApi, account: Account) -> None:
        """Ask nothing yet."""
        self._api = api
        self._account = account
        self._scope = ACCOUNT_KINDS[account.kind]
        self._week_is_fine = True
        """Whether the points of a week are an hour apart at most."""
        self._first = 0
        """The worker that comes first when not all of them can be asked for."""
        self.closed: dict[str, int] = {}
        """The status with which an operation was turned down last, by its name."""
        self._again: dict[str, datetime] = {}

    async def past(
        self, since: datetime | None, now: datetime, workers: Sequence[str]
    ) -> list[HistorySeries]:
        """Return the past of the account, and of workers as far as the budget goes.

        What is not open is left out. Raises a SourceError.
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
        """Return the longest past of the account that is of use, and its period."""
        if self._is_left(self._scope.chart, now):
            return None, DAY
        longer = since is None or now - since > _WITHIN_DAY
        period = WEEK if longer and self._week_is_fine else DAY
        interval, found = await self._own(period)
        if period == WEEK and (interval is None or interval > _HOUR):
            self._week_is_fine = False
            period = DAY
            interval, found = await self._own(period)
        self.closed.pop(self._scope.chart.name, None)
        if interval is None or interval > _HOUR:
            return None, period
        points = [*found.items()]
        past = HistorySeries(
            part=RIG, channel=HASHRATE.plain, interval=interval, points=points
        )
        return past, period

    def _is_left(self, operation: Operation, now: datetime) -> bool:
        again = self._again.get(operation.name)
        return again is not None and now < again <= now + CLOSED

    def _close(self, err: Closed, now: datetime) -> None:
        """Leave charts that are not open alone for a day; say so once."""
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

    async def _own(self, period: str) -> tuple[timedelta | None, parse.Points]:
        """Return interval and points of the account's own chart."""
        operation = self._scope.chart
        if self._account.kind == "miner":
            fields = await self._ask(operation, period, [self._account.id])
            own = fields.inside("data", self._account.id)
        else:
            fields = Fields(
                await self._api.call(
                    operation,
                    path=self._scope.path(self._account.id),
                    query={"period": period},
                )
            )
            own = fields.inside("data")
        points = parse.parse_points(own)
        return parse.parse_interval(fields, [points]), points

    async def _workers(
        self, period: str, workers: Sequence[str], batch: int, now: datetime
    ) -> list[HistorySeries]:
        """Return the past of workers; those that were left out come first next time."""
        found: list[HistorySeries] = []
        operation = OPERATIONS["worker_charts"]
        if not workers or self._is_left(operation, now):
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
            fields = await self._ask(OPERATIONS["worker_charts"], period, ids)
        except Closed as err:
            if err.status != HTTPStatus.NOT_FOUND or len(ids) == 1:
                raise
            # One of them may be gone: then there is an answer for another one.
            return await self._batch(period, ids[:1])
        charts = {key: parse.parse_points(fields.inside("data", key)) for key in ids}
        interval = parse.parse_interval(fields, charts.values())
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

    async def _ask(
        self, operation: Operation, period: str, ids: Sequence[str]
    ) -> Fields:
        query = {"period": period, "id": [*ids]}
        return Fields(await self._api.call(operation, query=query))
