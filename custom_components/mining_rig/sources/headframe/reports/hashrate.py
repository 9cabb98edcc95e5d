"""Reports about hashrates: daily report, charts and workers."""

from collections.abc import Iterable
from datetime import timedelta
from itertools import batched
from typing import Any, Final

from ....model import Window
from ...common.contract import CommandRefused, JsonObject
from ...common.decoding import Fields
from ..api import IDS
from ..parse.fields import identifier, second
from ..parse.hashrate import parse_interval, parse_points
from ..readings import PERIODS
from . import shapes
from .request import ReportContext
from .shapes import shape_in_executor

_USUAL: Final = timedelta(days=7)


async def daily_report(context: ReportContext, details: JsonObject) -> JsonObject:
    """Return the hashrate of each worker on each day."""
    start, end = context.period(details, _USUAL)
    boundary = details.get("boundary", False)
    fields = await context.call(
        "boundary_daily_report" if boundary else "daily_report",
        context.donor if boundary else context.path,
        query={
            "from": start.date().isoformat(),
            "to": (end - timedelta(days=1)).date().isoformat(),
        },
    )
    return await shape_in_executor(_days, fields)


def _days(fields: Fields) -> JsonObject:
    return {
        "days": [
            {
                "date": day.text("date"),
                "workers": [
                    {
                        "account": worker.text("account_name"),
                        "worker": worker.text("worker_name"),
                        **shapes.hashrates(worker),
                    }
                    for worker in day.each("workers")
                ],
            }
            for day in fields.each("data")
        ]
    }


async def chart(context: ReportContext, details: JsonObject) -> JsonObject:
    """Return the hashrate of the account, or of some of its workers, over time."""
    query: dict[str, Any] = {"period": PERIODS[Window(details["period"])]}
    account, charts = context.account, []
    is_miner = context.reader.results.is_miner
    names, boundary = details.get("workers"), details.get("boundary")
    if (names or boundary) and not is_miner:
        raise CommandRefused("headframe_miner_only")
    if names:
        workers = _find_workers(context, names)
        for ids in batched(workers, IDS, strict=False):
            fields = await context.call("worker_charts", {}, query=query | {"id": ids})
            charts.append((fields, {own: workers[own] for own in ids}))
    elif boundary:
        fields = await context.call("boundary_chart", context.donor, query=query)
        charts.append((fields, {}))
    else:
        if is_miner:
            query["id"] = [account.id]
        path = {} if is_miner else context.path
        fields = await context.call(context.kind.chart.name, path, query=query)
        charts.append((fields, {account.id: None}))
    return await shape_in_executor(_charts, charts)


def _find_workers(
    context: ReportContext, names: Iterable[str]
) -> dict[str, str | None]:
    """Return workers by id; they are given by id or by name."""
    known = context.reader.workers.by_id
    found: dict[str, str | None] = {}
    for name in names:
        named = [w for w in known.values() if name in (w.id, w.name)]
        if not named:
            raise CommandRefused("headframe_no_worker", {"worker": name})
        found |= {worker.id: worker.name for worker in named}
    return found


def _charts(charts: list[tuple[Fields, dict[str, str | None]]]) -> JsonObject:
    """Return the points of charts; an answer without ids has one of the account."""
    found: list[JsonObject] = []
    interval: float | None = None
    for fields, names in charts:
        by_id = {own: fields.inside("data", own) for own in names}
        if fields.has("data", "points"):
            by_id = dict.fromkeys(names or [""], fields.inside("data"))
        points = [parse_points(chart) for chart in by_id.values()]
        if (parsed := parse_interval(fields, points)) is not None:
            interval = parsed.total_seconds()
        found += [
            {"worker": names.get(own), "id": own or None, "points": _points(chart)}
            for own, chart in by_id.items()
        ]
    return {"interval": interval, "charts": found}


def _points(chart: Fields) -> list[JsonObject]:
    points = {
        at: shapes.hashrates(point)
        for point in chart.each("points")
        if (at := second(point, "timestamp")) is not None
    }
    return [{"time": at.isoformat(), **points[at]} for at in sorted(points)]


async def workers(context: ReportContext, details: JsonObject) -> JsonObject:
    """Return the workers with their averages; removed ones if asked for."""
    query: dict[str, Any] = {"sort-by": "worker_name", "sort-direction": "asc"}
    if statuses := details.get("statuses"):
        query["status"] = sorted(statuses)
    found = {
        own: item
        async for page in context.each_page(context.kind.workers, context.path, query)
        for item in page
        if (own := identifier(item, "id")) is not None
    }
    averages: dict[str, Fields] = {}
    for ids in batched(found, IDS, strict=False):
        fields = await context.call("worker_stats", {}, query={"id": ids})
        averages |= {own: fields.inside(own) for own in ids}
    return await shape_in_executor(_workers, found, averages)


def _workers(workers: dict[str, Fields], averages: dict[str, Fields]) -> JsonObject:
    return {
        "workers": [
            {**shapes.worker(item), "averages": shapes.averages(averages[own])}
            for own, item in workers.items()
        ]
    }
