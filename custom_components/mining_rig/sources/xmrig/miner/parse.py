"""XMRig's answers in the vocabulary: the summary and the backends.

Wire facts: hashrates are H/s for every algorithm, in windows of 10 s, 60 s and 15 min.
A window that is not full is null; up to 6.22.1 a true 0 is null as well. Health values
of 0 mean "not available". The keys of all versions since 2.4 are accepted.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
import re
from typing import Any, Final

from ....model import (
    RIG,
    Action,
    Channel,
    Control,
    Part,
    PartKind,
    Snapshot,
    Window,
    part_map,
)
from ....readings import (
    ACCEPTED,
    ALGORITHM,
    BEST_SHARE,
    CORE_CLOCK,
    DIFFICULTY,
    FAN_LEVEL,
    FAN_SPEED,
    HASHRATE,
    HASHRATE_HIGHEST,
    MEMORY_CLOCK,
    MINING,
    MINING_ALLOWED,
    POOL,
    POOL_CONNECTED,
    POOL_LATENCY,
    POWER,
    REJECTED,
    STARTED,
    TEMPERATURE,
    VERSION,
)
from ...common.decoding import Fields, Values, cpu_name, pool_name
from ..summary import (
    DONATE_LEVEL,
    HASHES,
    RESTRICTED,
    SHARE_TIME,
    WORKER,
    put_resources,
)
from . import readings

type Windows = tuple[float | None, float | None, float | None]
"""H/s over 10 s, 60 s and 15 min; None where a window is not full."""

CPU_PART: Final = "cpu"

_BACKEND_RATES: Final[Mapping[str, Channel[float]]] = {
    "cpu": readings.CPU_HASHRATE.plain,
    "opencl": readings.OPENCL_HASHRATE.plain,
    "cuda": readings.CUDA_HASHRATE.plain,
}
_GPU_BACKENDS: Final = frozenset(("opencl", "cuda"))
_ONLY_CPU: Final = frozenset(("cpu",))
_FEWEST_CPU_READINGS: Final = 3
_LONGEST_PING: Final = 65535
_HOTTEST: Final = 200
_PCI: Final = re.compile(r"(?:[0-9a-f]{4,8}:)?[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]")

_RATE: Final = HASHRATE.plain
_RATE_1M: Final = HASHRATE.channel(Window.M1)
_RATE_15M: Final = HASHRATE.channel(Window.M15)


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """What decides whether a miner works, could work, or may not."""

    paused: bool | None
    """By somebody or by itself; a miner whose workers were ended is not paused."""
    connected: bool | None
    """To a pool, or to a node when it mines alone."""
    windows: Windows
    highest: float | None
    """H/s since it started, with the present algorithm; None before it hashed."""

    @property
    def hashes(self) -> bool:
        """Whether any window has seen work."""
        return any(self.windows)

    @property
    def idle(self) -> bool:
        """Whether it could work and does not: no pause, a pool, and yet no hashes."""
        return self.paused is False and self.connected is True and not self.hashes


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """What a summary tells."""

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
    """The GPUs of xmrig-nvidia 2.x, which had no backends."""
    unparsed: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Backends:
    """What the backends tell."""

    enabled: frozenset[str]
    working: bool
    """Whether any backend has threads; a paused one keeps them."""
    rates: Mapping[str, Windows]
    cpu: Values
    cards: tuple[Part, ...]
    unparsed: list[str]

    @property
    def has_cards(self) -> bool:
        """Whether a backend for GPUs is enabled."""
        return not _GPU_BACKENDS.isdisjoint(self.enabled)


def _windows(fields: Fields, *path: str) -> Windows:
    """Return three hashrates, rounded: they come with binary dust."""
    first, second, third = fields.numbers(*path, length=3)
    return (
        None if first is None else round(first, 2),
        None if second is None else round(second, 2),
        None if third is None else round(third, 2),
    )


def _best(windows: Windows) -> float | None:
    """Return the shortest window that is full."""
    return next((rate for rate in windows if rate is not None), None)


def _put_averages(values: Values, windows: Windows) -> None:
    values.put(_RATE_1M, windows[1])
    values.put(_RATE_15M, windows[2])


# ---- the summary


def parse_condition(fields: Fields) -> Condition:
    """Read how a summary's miner is."""
    highest = fields.positive("hashrate", "highest")
    return Condition(
        paused=fields.flag("paused"),
        connected=_connected(fields),
        windows=_windows(fields, "hashrate", "total"),
        highest=None if highest is None else round(highest, 2),
    )


def parse_summary(data: Any, now: datetime) -> Summary:
    """Read a summary of any version; `now` is when it came."""
    fields = Fields(data)
    condition = parse_condition(fields)
    rate = _rate(fields, condition)
    version, restricted = fields.text("version"), fields.flag("restricted")
    values = Values()
    put = values.put

    put(_RATE, rate)
    _put_averages(values, condition.windows)
    put(HASHRATE_HIGHEST.plain, condition.highest)
    _put_results(values, fields.inside("results"))
    put(POOL_CONNECTED.plain, condition.connected)
    _put_connection(
        values, fields.inside("connection"), now if condition.connected else None
    )
    put_resources(values, fields, readings.MEMORY.plain)
    put(ALGORITHM.plain, fields.text("algo"))
    put(STARTED.plain, fields.start(now, "uptime"))
    put(VERSION.plain, version)
    put(readings.PAUSED.plain, condition.paused)
    put(RESTRICTED.plain, restricted)
    put(WORKER.plain, fields.text("worker_id"))
    put(DONATE_LEVEL.plain, fields.number("donate_level", maximum=100))
    put(readings.HUGE_PAGES.plain, _huge_pages(fields))

    return Summary(
        condition=condition,
        values=values,
        rate=rate,
        rig_id=fields.text("id"),
        version=version,
        brand=cpu_name(fields.text("cpu", "brand")),
        uptime=fields.number("uptime"),
        restricted=restricted,
        cards=_old_cards(fields),
        unparsed=fields.unparsed,
    )


def _rate(fields: Fields, condition: Condition) -> float | None:
    """Return the hashrate to show."""
    windows = condition.windows
    if condition.paused and isinstance(fields.raw("hashrate", "total"), list):
        # For minutes after a pause the windows still show old work.
        return 0.0
    # Without a pool, what the longer windows hold is over.
    return windows[0] if condition.connected is False else _best(windows)


def _connected(fields: Fields) -> bool | None:
    uptime = fields.number("connection", "uptime")
    if uptime is None:
        return None
    connection = fields.raw("connection")
    if "ip" in connection and connection["ip"] is None:
        return False
    # The first second of a connection counts as well.
    return uptime > 0 or bool(fields.number("connection", "uptime_ms"))


def _put_results(values: Values, results: Fields) -> None:
    accepted, total = results.count("shares_good"), results.count("shares_total")
    values.put(ACCEPTED.plain, accepted)
    if accepted is not None and total is not None and total >= accepted:
        values.put(REJECTED.plain, total - accepted)
    values.put(BEST_SHARE.plain, results.positive("best", 0))
    values.put(DIFFICULTY.plain, results.positive("diff_current"))
    values.put(HASHES.plain, results.count("hashes_total"))
    milliseconds = results.positive("avg_time_ms")
    seconds = milliseconds / 1000 if milliseconds else results.positive("avg_time")
    values.put(SHARE_TIME.plain, seconds)


def _put_connection(
    values: Values, connection: Fields, connected_now: datetime | None
) -> None:
    """Add what is told of the pool; its name outlives the connection."""
    if (pool := connection.text("pool")) is not None:
        values.put(POOL.plain, pool_name(pool) or None)
    values.put(POOL_LATENCY.plain, connection.positive("ping", maximum=_LONGEST_PING))
    values.put(readings.POOL_FAILURES.plain, connection.count("failures"))
    values.put(readings.POOL_IP.plain, connection.text("ip"))
    values.put(readings.POOL_TLS.plain, connection.text("tls"))
    if connected_now is not None:
        values.put(readings.POOL_SINCE.plain, connection.start(connected_now, "uptime"))


def _huge_pages(fields: Fields) -> float | None:
    """Return % of the wanted huge pages; version 1 tells only "all" or "not all"."""
    found = fields.raw("hugepages")
    if isinstance(found, bool):
        return 100.0 if found else None
    got, wanted = fields.number("hugepages", 0), fields.positive("hugepages", 1)
    if got is None or wanted is None:
        return None
    return min(100.0, round(100 * got / wanted, 1))


def _old_cards(fields: Fields) -> tuple[Part, ...]:
    """Read the health that xmrig-nvidia 2.x has in its summary."""
    cards: list[Part] = []
    for index, health in enumerate(fields.each("health")):
        values = Values()
        values.put(TEMPERATURE.plain, health.positive("temp", maximum=_HOTTEST))
        values.put(POWER.plain, health.positive("power"))
        values.put(CORE_CLOCK.plain, health.positive("clock"))
        values.put(MEMORY_CLOCK.plain, health.positive("mem_clock"))
        values.put(FAN_LEVEL.plain, health.positive("fan"))
        cards.append(_gpu(f"gpu{index}", health.text("name"), values))
    return tuple(cards)


# ---- the backends


@dataclass(slots=True)
class _Card:
    """A GPU while its threads are gathered."""

    name: str | None = None
    threads: list[Windows] = field(default_factory=list)
    values: Values = field(default_factory=Values)


def parse_backends(data: Any, *, paused: bool | None = None) -> Backends | None:
    """Read the backends; None where this is no list of them.

    Before 2.15.1 every unknown path answers with the summary.
    """
    if not isinstance(data, list):
        return None
    fields = Fields(data, "backends")
    enabled: set[str] = set()
    working = False
    rates: dict[str, Windows] = {}
    cpu = Values()
    cards: dict[str, _Card] = {}
    for backend in fields.each():
        name = backend.text("type") or ""
        if name not in _BACKEND_RATES or not backend.flag("enabled"):
            continue
        enabled.add(name)
        threads = backend.raw("threads")
        working = working or bool(threads)
        if backend.has("hashrate"):
            rates[name] = _windows(backend, "hashrate")
        if name in _GPU_BACKENDS:
            for thread in backend.each("threads"):
                _add_thread(cards, name, thread)
            continue
        if threads and isinstance(threads, list):
            cpu.put(readings.THREADS.plain, len(threads))
        cpu.put(readings.MSR.plain, backend.flag("msr"))
        cpu.put(readings.SCRATCHPADS.plain, backend.positive("memory"))
    return Backends(
        enabled=frozenset(enabled),
        working=working,
        rates=rates,
        cpu=cpu,
        cards=tuple(_finished(key, card, paused=paused) for key, card in cards.items()),
        unparsed=fields.unparsed,
    )


def _add_thread(cards: dict[str, _Card], backend: str, thread: Fields) -> None:
    """Add a thread to its card: rates add up, health is the card's."""
    slot = (thread.text("bus_id") or "").lower()
    if _PCI.fullmatch(slot):
        key = slot
    elif (index := thread.count("index")) is not None:
        key = f"{backend}{index}"
    else:
        return
    if (card := cards.get(key)) is None:
        card = cards[key] = _Card()
    card.name = card.name or thread.text("board") or thread.text("name")
    card.threads.append(_windows(thread, "hashrate"))
    if not card.values and thread.has("health"):
        _put_health(card.values, thread.inside("health"))


def _put_health(values: Values, health: Fields) -> None:
    values.put(TEMPERATURE.plain, health.positive("temperature", maximum=_HOTTEST))
    values.put(POWER.plain, health.positive("power"))
    values.put(CORE_CLOCK.plain, health.positive("clock"))
    values.put(MEMORY_CLOCK.plain, health.positive("mem_clock"))
    values.put(FAN_SPEED.plain, health.positive("rpm"))
    fans = health.raw("fan_speed")
    if not isinstance(fans, list):
        values.put(FAN_LEVEL.plain, health.positive("fan_speed"))
        return
    for index in range(len(fans)):
        number = index + 1 if len(fans) > 1 else None
        level = health.positive("fan_speed", index)
        values.put(FAN_LEVEL.channel(number=number), level)


def _finished(key: str, card: _Card, *, paused: bool | None) -> Part:
    """Return a card; its hashrate is known where that of all its threads is."""
    rates = [_best(windows) for windows in card.threads]
    card.values.put(_RATE, 0.0 if paused else _sum(rates))
    card.values.put(_RATE_1M, _sum([windows[1] for windows in card.threads]))
    card.values.put(_RATE_15M, _sum([windows[2] for windows in card.threads]))
    return _gpu(key, card.name, card.values)


def _sum(rates: list[float | None]) -> float | None:
    known = [rate for rate in rates if rate is not None]
    return round(sum(known), 2) if len(known) == len(rates) else None


def _gpu(key: str, name: str | None, values: Values) -> Part:
    return Part(kind=PartKind.GPU, key=key, name=name, model=name, values=values)


# ---- the rig


def assemble(
    summary: Summary,
    backends: Backends | None,
    settings: Values,
    controls: Mapping[Channel[Any], Control[Any]],
    *,
    stopped: bool,
    actions: tuple[Action, ...] = (),
    unparsed: tuple[str, ...] = (),
) -> Snapshot:
    """Put the rig together from what it told last.

    `settings` and `controls` are empty where the miner takes no commands; `stopped`
    says that its workers were ended and not only paused; `unparsed` adds to what could
    not be understood.
    """
    values = Values({**settings, **summary.values})
    condition = summary.condition
    if condition.paused is not None:
        values[MINING_ALLOWED.plain] = not (condition.paused or stopped)
    if condition.paused or stopped or condition.connected is False:
        values[MINING.plain] = False
    elif summary.rate is not None:
        values[MINING.plain] = summary.rate > 0
    parts = [*summary.cards]
    odd = [*summary.unparsed, *unparsed]
    if backends is not None:
        rates = _rates(summary, backends)
        for name, (rate, _) in rates.items():
            values.put(_BACKEND_RATES[name], rate)
        parts += _cpu(summary.brand, backends.cpu, rates.get("cpu"))
        parts += backends.cards
        odd += backends.unparsed
    rig = Part(
        kind=PartKind.RIG,
        key=RIG,
        model=summary.brand,
        version=summary.version,
        values=values,
        controls=controls,
        actions=actions,
    )
    return Snapshot(
        parts=part_map(rig, *parts),
        rig_id=summary.rig_id,
        read_only="xmrig_restricted" if summary.restricted else None,
        unparsed=tuple(dict.fromkeys(odd)),
    )


def _rates(
    summary: Summary, backends: Backends
) -> dict[str, tuple[float | None, Windows]]:
    """Return the hashrate to show and the windows of each backend that works."""
    if backends.enabled == _ONLY_CPU and backends.working:
        # Then it is the total, which is asked for more often.
        return {"cpu": (summary.rate, summary.condition.windows)}
    return {
        name: (0.0 if summary.condition.paused else _best(windows), windows)
        for name, windows in backends.rates.items()
    }


def _cpu(
    brand: str | None,
    told: Values,
    rates: tuple[float | None, Windows] | None,
) -> list[Part]:
    """Return the CPU where enough is known of it to be a device of its own."""
    values = Values(told)
    if rates is not None:
        values.put(_RATE, rates[0])
        _put_averages(values, rates[1])
    if len({channel.reading.key for channel in values}) < _FEWEST_CPU_READINGS:
        return []
    return [
        Part(kind=PartKind.CPU, key=CPU_PART, name=brand, model=brand, values=values)
    ]
