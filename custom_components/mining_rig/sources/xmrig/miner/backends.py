"""Parsing XMRig's backends: the CPU, and the GPUs with their threads and health."""

from collections.abc import Mapping
from dataclasses import dataclass, field
import re
from typing import Any, Final

from ....model import Channel, Part
from ....readings import FAN_LEVEL, HASHRATE
from ...common import answer_table as table
from ...common.decoding import MOST_LISTED, Fields, Values
from . import readings
from .cards import HEALTH, gpu_part
from .hashrates import RATE_1M, RATE_15M, Windows, present_rate, read_windows

BACKEND_RATES: Final[Mapping[str, Channel[float]]] = {
    "cpu": readings.CPU_HASHRATE.plain,
    "opencl": readings.OPENCL_HASHRATE.plain,
    "cuda": readings.CUDA_HASHRATE.plain,
}
_GPU_BACKENDS: Final = frozenset(("opencl", "cuda"))
_MOST_BACKENDS: Final = 16
_PCI: Final = re.compile(r"(?:[0-9a-f]{4,8}:)?[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Backends:
    """The contents of the list of backends."""

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


@dataclass(slots=True)
class _Card:
    """A GPU while its threads are collected."""

    name: str | None = None
    threads: list[Windows] = field(default_factory=list)
    values: Values = field(default_factory=Values)


def parse_backends(
    data: Any, *, paused: bool | None = None, connected: bool | None = None
) -> Backends | None:
    """Parse the backends of a miner in that condition; None where there is no list.

    Before version 2.15.1 a miner answers unknown paths with the summary.
    """
    if not isinstance(data, list):
        return None
    fields = Fields(data, "backends")
    enabled: set[str] = set()
    working = False
    rates: dict[str, Windows] = {}
    cpu = Values()
    cards: dict[str, _Card] = {}
    left = MOST_LISTED
    for backend in fields.each(most=_MOST_BACKENDS):
        name = backend.text("type") or ""
        if name not in BACKEND_RATES or not backend.flag("enabled"):
            continue
        enabled.add(name)
        threads = backend.raw("threads")
        working = working or bool(threads)
        if backend.has("hashrate"):
            rates[name] = read_windows(backend, "hashrate")
        if name in _GPU_BACKENDS:
            for thread in backend.each("threads", most=left):
                _add_thread(cards, name, thread)
                left -= 1
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
        cards=tuple(
            _finished(key, card, paused=paused, connected=connected)
            for key, card in cards.items()
        ),
        unparsed=fields.unparsed,
    )


def _add_thread(cards: dict[str, _Card], backend: str, thread: Fields) -> None:
    """Add a thread to its card, which has the sum of hashrates and one health."""
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
    card.threads.append(read_windows(thread, "hashrate"))
    if not card.values and thread.has("health"):
        _put_health(card.values, thread.inside("health"))


def _put_health(values: Values, health: Fields) -> None:
    table.put_rows(values, health, HEALTH)
    fans = health.raw("fan_speed")
    if not isinstance(fans, list):
        values.put(FAN_LEVEL.plain, health.positive("fan_speed"))
        return
    for index in range(len(fans)):
        number = index + 1 if len(fans) > 1 else None
        level = health.positive("fan_speed", index)
        values.put(FAN_LEVEL.channel(number=number), level)


def _finished(
    key: str, card: _Card, *, paused: bool | None, connected: bool | None
) -> Part:
    """Return a card; its hashrate is known if that of all its threads is."""
    rates = [
        present_rate(windows, paused=paused, connected=connected)
        for windows in card.threads
    ]
    card.values.put(HASHRATE.plain, _sum(rates))
    card.values.put(RATE_1M, _sum([windows[1] for windows in card.threads]))
    card.values.put(RATE_15M, _sum([windows[2] for windows in card.threads]))
    return gpu_part(key, card.name, card.values)


def _sum(rates: list[float | None]) -> float | None:
    known = [rate for rate in rates if rate is not None]
    return round(sum(known), 2) if len(known) == len(rates) else None
