"""xmrig-proxy's summary in the vocabulary.

In version 6.26 all hashrates are kH/s, computed from accepted shares; a window that is
not full counts the missing time as 0, so that it is left out. For the first 4 s after a start every number is 0.
`upstreams` is a number before 2.5 and at old paths, else an object. There are five
hashrates before 2.5, six since: 1 min, 10 min, 1 h, 12 h, 24 h, since the start.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from ....model import RIG, Channel, Part, PartKind, Snapshot, Value, Window, part_map
from ....readings import (
    ACCEPTED,
    BEST_SHARE,
    HASHRATE,
    INVALID,
    MINING,
    POOL_LATENCY,
    REJECTED,
    STARTED,
)
from ...common import answer_table as table
from ...common.decoding import Fields, Values
from ...common.settings import Settings
from ..summary import HASHES, PROGRAM, SHARE_TIME, put_resources
from . import readings

MODEL: Final = "xmrig-proxy"
KILO: Final = 1000
"""H/s in a kH/s; the wire has two decimals, so that products are whole numbers."""

RATES: Final[tuple[Channel[float], ...]] = (
    HASHRATE.channel(Window.M1),
    # A miner finds a share or none in a minute; over ten minutes this evens out.
    HASHRATE.plain,
    HASHRATE.channel(Window.H1),
    HASHRATE.channel(Window.H12),
    HASHRATE.channel(Window.D1),
)
"""The windows of the proxy and of each worker, in the order of the wire."""

_LENGTHS: Final = (60, 600, 3600, 43200, 86400)
_SHORTEST_MEAN: Final = 30
_ALL_RATES: Final = (*RATES, readings.HASHRATE_TOTAL.plain)
_NO_STATISTICS_YET: Final = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """The contents of a summary."""

    values: Values
    rig_id: str | None
    version: str | None
    uptime: float | None
    """Seconds since the process started."""
    restricted: bool | None
    counts: tuple[int | None, int | None]
    """The numbers of connected miners and of known workers."""
    unparsed: list[str]


@dataclass(frozen=True, slots=True)
class Upstreams:
    """The numbers of connections to pools."""

    active: int | None
    sleeping: int | None
    failed: int | None
    total: int | None
    ratio: float | None


def unfilled(uptime: float | None) -> tuple[Channel[float], ...]:
    """Return the windows that are not full after `uptime` seconds."""
    if uptime is None:
        return ()
    return tuple(
        channel
        for channel, seconds in zip(RATES, _LENGTHS, strict=True)
        if uptime < seconds
    )


def leave_full(
    values: dict[Channel[Any], Value],
    uptime: float | None,
    missing: Iterable[Channel[float]],
    mean: Value | None = None,
) -> None:
    """Leave out the windows that are not full; the hashrate to show is the mean then.

    It is that since the start in H/s, which follows from the ten minutes where it is not
    known. There is none in the first half minute: a single share would decide it.
    """
    for channel in missing:
        rate = values.pop(channel, None)
        if channel is not HASHRATE.plain or uptime is None:
            continue
        if mean is None and rate and uptime >= _SHORTEST_MEAN:
            assert isinstance(rate, int | float)
            mean = round(rate * _LENGTHS[1] / uptime)
    if mean is not None:
        values.setdefault(HASHRATE.plain, mean)


def parse_summary(data: Any, now: datetime) -> Summary:
    """Parse a summary of any version that was received at `now`."""
    fields = Fields(data)
    values = Values()
    uptime = fields.number("uptime")
    upstreams = _upstreams(fields)
    miners, workers = fields.count("miners", "now"), fields.count("workers")
    starting = uptime is not None and uptime < _NO_STATISTICS_YET
    if not (starting and upstreams.total == 0):
        _put_rates(values, fields, uptime)
        _put_upstreams(values, upstreams)
        _put_results(values, fields.inside("results"))
        values.put(readings.MINERS.plain, miners)
        values.put(readings.MINERS_MAX.plain, fields.count("miners", "max"))
        values.put(readings.WORKERS.plain, workers)
        if miners is not None and upstreams.active is not None:
            values[MINING.plain] = miners > 0 and upstreams.active > 0
    put_resources(values, fields, readings.MEMORY.plain)
    values.put(STARTED.plain, fields.start(now, "uptime"))
    table.put_rows(values, fields, PROGRAM)
    values.put(readings.MODE.plain, _mode(fields))
    values.put(readings.DONATED.plain, fields.number("donated", maximum=100))
    return Summary(
        values=values,
        rig_id=fields.text("id"),
        version=fields.text("version"),
        uptime=uptime,
        restricted=fields.flag("restricted"),
        counts=(miners, workers),
        unparsed=fields.unparsed,
    )


def _put_rates(values: Values, fields: Fields, uptime: float | None) -> None:
    rates = fields.numbers("hashrate", "total", length=len(_ALL_RATES))
    for channel, rate in zip(_ALL_RATES, rates, strict=True):
        values.put(channel, None if rate is None else round(rate * KILO))
    # The proxy's own mean since the start has more digits.
    mean = values.get(readings.HASHRATE_TOTAL.plain)
    leave_full(values, uptime, unfilled(uptime), mean)


def _upstreams(fields: Fields) -> Upstreams:
    if isinstance(fields.raw("upstreams"), dict):
        upstreams = fields.inside("upstreams")
        return Upstreams(
            active=upstreams.count("active"),
            sleeping=upstreams.count("sleep"),
            failed=upstreams.count("error"),
            total=upstreams.count("total"),
            ratio=upstreams.number("ratio"),
        )
    active = fields.count("upstreams")
    return Upstreams(active, None, None, active, None)


def _put_upstreams(values: Values, upstreams: Upstreams) -> None:
    values.put(readings.UPSTREAMS_ACTIVE.plain, upstreams.active)
    values.put(readings.UPSTREAMS_SLEEPING.plain, upstreams.sleeping)
    values.put(readings.UPSTREAMS_FAILED.plain, upstreams.failed)
    values.put(readings.UPSTREAMS.plain, upstreams.total)
    values.put(readings.UPSTREAM_RATIO.plain, upstreams.ratio)
    if upstreams.failed is not None and upstreams.active is not None:
        values[readings.POOL_UNREACHABLE.plain] = (
            upstreams.failed > 0 and upstreams.active == 0
        )


def _put_results(values: Values, results: Fields) -> None:
    accepted = results.count("accepted")
    values.put(ACCEPTED.plain, accepted)
    values.put(REJECTED.plain, results.count("rejected"))
    values.put(INVALID.plain, results.count("invalid"))
    values.put(readings.EXPIRED.plain, results.count("expired"))
    values.put(HASHES.plain, results.count("hashes_total"))
    values.put(readings.HASHES_DONATED.plain, results.count("hashes_donate"))
    values.put(BEST_SHARE.plain, results.positive("best", 0))
    latency = results.number("latency", maximum=table.LONGEST_PING)
    share_time = results.number("avg_time")
    # Before the first share, 0 means that there is no value.
    values.put(POOL_LATENCY.plain, latency if accepted else latency or None)
    values.put(SHARE_TIME.plain, share_time if accepted else share_time or None)


def _mode(fields: Fields) -> str | None:
    mode = fields.text("mode")
    if mode is None or mode in readings.MODE.choices:
        return mode
    fields.unparsed.append("mode")
    return None


def assemble(
    summary: Summary,
    workers: tuple[Part, ...],
    settings: Settings,
    unparsed: tuple[str, ...],
) -> Snapshot:
    """Return the proxy and its workers as a snapshot of the last answers."""
    rig = Part(
        kind=PartKind.RIG,
        key=RIG,
        model=MODEL,
        version=summary.version,
        values=Values({**settings.values, **summary.values}),
        controls=settings.controls,
    )
    return Snapshot(
        parts=part_map(rig, *workers),
        rig_id=summary.rig_id,
        read_only="xmrig_restricted" if summary.restricted else None,
        unparsed=tuple(
            dict.fromkeys((*summary.unparsed, *settings.unparsed, *unparsed))
        ),
    )
