"""Hashrates, workers and charts; pure functions."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final

from homeassistant.util.dt import parse_duration

from ....model import Window
from ....readings import HASHRATE
from ...common.decoding import Fields, Values
from .. import readings
from .fields import identifier, percent, rate, second, whole

BOUNDARY: Final = "boundary"
"""The behavior of a virtual worker: hashrate transferred from another account."""


def parse_stats(fields: Fields) -> Values:
    """Parse the averages over four windows.

    `rejectrate` is the rejected hashrate, in H/s. Whether `hashrate` includes it is
    not documented; the share hardly differs.
    """
    values = Values()
    for window in readings.WINDOWS:
        average = rate(fields, window, "hashrate")
        rejected = rate(fields, window, "rejectrate")
        values.put(readings.AVERAGE.channel(window), average)
        values.put(readings.REJECTED_HASHRATE.channel(window), rejected)
        if average is not None and rejected is not None and average + rejected:
            share = 100 * rejected / (average + rejected)
            values.put(readings.REJECTED_SHARE.channel(window), share)
    values.put(HASHRATE.plain, rate(fields, Window.M15, "hashrate"))
    return values


@dataclass(frozen=True, slots=True, kw_only=True)
class Worker:
    """A machine, or hashrate transferred from another account."""

    id: str
    name: str | None
    behavior: str | None
    status: str | None
    """One of `readings.STATUSES`; None for an unknown one."""

    @property
    def online(self) -> bool | None:
        """Whether it hashes, which only a stable worker does."""
        return None if self.status is None else self.status == "stable"


def parse_workers(items: Iterable[Fields]) -> dict[str, Worker]:
    """Return workers by id; names need not be unique."""
    found = {}
    for item in items:
        if (own := identifier(item, "id")) is not None:
            status = item.text("status")
            found[own] = Worker(
                id=own,
                name=item.text("name"),
                behavior=item.text("behavior"),
                status=status if status in readings.STATUSES else None,
            )
    return found


def worker_values(worker: Worker) -> Values:
    """Return the readings of a worker's list entry."""
    values = Values()
    values.put(readings.STATUS.plain, worker.status)
    values.put(readings.ONLINE.plain, worker.online)
    return values


def count_workers(workers: Iterable[Worker]) -> Values:
    """Count the workers of an account, without removed ones."""
    there = [worker for worker in workers if worker.status != "removed"]
    statuses = Counter(worker.status for worker in there)
    machines = (worker for worker in there if worker.behavior != BOUNDARY)
    values = Values()
    values.put(readings.WORKERS.plain, len(there))
    values.put(readings.WORKERS_STABLE.plain, statuses["stable"])
    values.put(readings.WORKERS_UNAVAILABLE.plain, statuses["unavailable"])
    values.put(readings.WORKERS_OFF.plain, statuses["off"])
    values.put(
        readings.WORKERS_DOWN.plain,
        any(worker.status in ("unavailable", "off") for worker in machines),
    )
    return values


def parse_pool_stats(fields: Fields) -> Values:
    """Parse the pool's public statistics."""
    values = Values()
    values.put(readings.POOL_HASHRATE.plain, rate(fields, "hashrate"))
    values.put(readings.POOL_MINERS.plain, whole(fields, "miners"))
    values.put(readings.POOL_FEE.plain, percent(fields, "fee"))
    values.put(readings.POOL_THRESHOLD.plain, fields.amount("minpay"))
    return values


type Points = Mapping[datetime, float]
"""Mean hashrates in H/s by the start of their interval."""


def parse_points(fields: Fields) -> Points:
    """Parse the points of a chart; one that is not ready has none."""
    points: dict[datetime, float] = {}
    if fields.text("status") not in (None, "ok"):
        return points
    for point in fields.each("points"):
        at = second(point, "timestamp")
        hashrate = rate(point, "hashrate")
        if at is not None and hashrate is not None:
            points[at] = hashrate
    return points


def _duration(fields: Fields, *path: str) -> timedelta | None:
    """Return a positive ISO 8601 duration."""
    try:
        found = parse_duration(fields.text(*path) or "")
    except OverflowError:
        return None
    return found if found is not None and found > timedelta() else None


def parse_interval(fields: Fields, charts: Iterable[Points]) -> timedelta | None:
    """Return the interval of a chart: the stated one, else the smallest gap."""
    if (interval := _duration(fields, "interval")) is not None:
        return interval
    gaps = [
        later - earlier
        for points in charts
        for earlier, later in pairwise(sorted(points))
    ]
    return min(gaps, default=None)
