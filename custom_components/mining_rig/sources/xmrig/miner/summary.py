"""Parsing XMRig's summary of any version since 2.4."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from ....model import Part
from ....readings import (
    ACCEPTED,
    ALGORITHM,
    BEST_SHARE,
    DIFFICULTY,
    HASHRATE,
    HASHRATE_HIGHEST,
    POOL,
    POOL_CONNECTED,
    POOL_LATENCY,
    REJECTED,
    STARTED,
)
from ...common import answer_table as table
from ...common.decoding import Fields, Values, cpu_name
from ..summary import HASHES, PROGRAM, SHARE_TIME, put_resources
from . import readings
from .cards import HEALTH, gpu_part
from .hashrates import LENGTHS, Windows, present_rate, put_averages, read_windows

_RESULTS: Final = (
    table.positive(BEST_SHARE.plain, ("best", 0)),
    table.positive(DIFFICULTY.plain, "diff_current"),
    table.count(HASHES.plain, "hashes_total"),
    # Newer versions have ms, too; the later row wins.
    table.positive(SHARE_TIME.plain, "avg_time"),
    table.positive(SHARE_TIME.plain, "avg_time_ms", scale=1 / 1000, digits=3),
)
_CONNECTION: Final = (
    table.host_and_port(POOL.plain, "pool"),
    table.latency(POOL_LATENCY.plain, "ping"),
    table.count(readings.POOL_FAILURES.plain, "failures"),
    table.text(readings.POOL_IP.plain, "ip"),
    table.text(readings.POOL_TLS.plain, "tls"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """Whether a miner works, could work, or must not."""

    paused: bool | None
    """By a command or by itself; a miner whose workers were ended is not paused."""
    connected: bool | None
    """To a pool, or to a node when it mines alone."""
    windows: Windows
    highest: float | None
    """H/s since the start, with the present algorithm; None before any work."""

    def rate_of(self, windows: Windows) -> float | None:
        """Return the hashrate to show of the miner, or of a part of it."""
        return present_rate(windows, paused=self.paused, connected=self.connected)

    @property
    def has_hashrate(self) -> bool:
        """Whether any window has a hashrate."""
        return any(self.windows)

    @property
    def idle(self) -> bool:
        """Whether it is not paused and has a pool, and yet has no hashrate."""
        return self.paused is False and self.connected is True and not self.has_hashrate


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """The contents of a summary."""

    condition: Condition
    values: Values
    rate: float | None
    """The hashrate to show, in H/s."""
    rig_id: str | None
    version: str | None
    brand: str | None
    """The CPU's name."""
    uptime: float | None
    """Seconds since the process started."""
    restricted: bool | None
    cards: tuple[Part, ...]
    """The GPUs of xmrig-nvidia 2.x, which has no backends."""
    unparsed: list[str]


def parse_condition(fields: Fields) -> Condition:
    """Read from a summary whether its miner works."""
    highest = fields.positive("hashrate", "highest")
    return Condition(
        paused=fields.flag("paused"),
        connected=_connected(fields),
        windows=_full(read_windows(fields, "hashrate", "total"), _running(fields)),
        highest=None if highest is None else round(highest, 2),
    )


def parse_summary(data: Any, now: datetime) -> Summary:
    """Parse a summary of any version that was received at `now`."""
    fields = Fields(data)
    condition = parse_condition(fields)
    rate = _rate(fields, condition)
    values = Values()
    put = values.put

    put(HASHRATE.plain, rate)
    put_averages(values, condition.windows)
    put(HASHRATE_HIGHEST.plain, condition.highest)
    _put_results(values, fields.inside("results"))
    put(POOL_CONNECTED.plain, condition.connected)
    connection = fields.inside("connection")
    table.put_rows(values, connection, _CONNECTION)
    if condition.connected:
        put(readings.POOL_SINCE.plain, connection.start(now, "uptime"))
    put_resources(values, fields, readings.MEMORY.plain)
    put(ALGORITHM.plain, fields.text("algo"))
    put(readings.PAUSED.plain, condition.paused)
    table.put_rows(values, fields, PROGRAM)
    put(STARTED.plain, fields.start(now, "uptime"))
    put(readings.HUGE_PAGES.plain, _huge_pages(fields))

    return Summary(
        condition=condition,
        values=values,
        rate=rate,
        rig_id=fields.text("id"),
        version=fields.text("version"),
        brand=cpu_name(fields.text("cpu", "brand")),
        uptime=fields.number("uptime"),
        restricted=fields.flag("restricted"),
        cards=_old_cards(fields),
        unparsed=fields.unparsed,
    )


def _running(fields: Fields) -> float | None:
    """Return for how many seconds the miner has run, at least.

    The oldest versions report only how long they have been connected to a pool.
    """
    uptime = fields.number("uptime")
    return fields.number("connection", "uptime") if uptime is None else uptime


def _full(windows: Windows, running: float | None) -> Windows:
    """Return windows without zeros that stand for "not full": before 2.15.4."""
    if running is None:
        return windows
    first, second, third = (
        None if not rate and running < seconds else rate
        for rate, seconds in zip(windows, LENGTHS, strict=True)
    )
    return first, second, third


def _rate(fields: Fields, condition: Condition) -> float | None:
    """Return the hashrate to show."""
    if not isinstance(fields.raw("hashrate", "total"), list):
        return None
    return condition.rate_of(condition.windows)


def _connected(fields: Fields) -> bool | None:
    """Return whether the miner has a connection; its address need not be known."""
    uptime = fields.number("connection", "uptime")
    if uptime is None:
        return None
    # In its first second, a connection has milliseconds only.
    return uptime > 0 or bool(fields.number("connection", "uptime_ms"))


def _put_results(values: Values, results: Fields) -> None:
    table.put_rows(values, results, _RESULTS)
    accepted, total = results.count("shares_good"), results.count("shares_total")
    values.put(ACCEPTED.plain, accepted)
    if accepted is not None and total is not None and total >= accepted:
        values.put(REJECTED.plain, total - accepted)


def _huge_pages(fields: Fields) -> float | None:
    """Return % of the requested huge pages; version 1 has only a flag for 100 %."""
    found = fields.raw("hugepages")
    if isinstance(found, bool):
        return 100.0 if found else None
    got, wanted = fields.number("hugepages", 0), fields.positive("hugepages", 1)
    if got is None or wanted is None:
        return None
    return min(100.0, round(100 * got / wanted, 1))


def _old_cards(fields: Fields) -> tuple[Part, ...]:
    """Return the cards with the health that xmrig-nvidia 2.x has in its summary."""
    cards: list[Part] = []
    for index, health in enumerate(fields.each("health")):
        values = Values()
        table.put_rows(values, health, HEALTH)
        cards.append(gpu_part(f"gpu{index}", health.text("name"), values))
    return tuple(cards)
