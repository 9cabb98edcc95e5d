"""BzMiner, for NVIDIA, AMD and Intel (API on by default, port 4014).

https://github.com/bzminer/bzminer: each device has lists with one item an algorithm.
Of the pools those count that were ever connected; the others are templates.
"""

from collections import Counter
from datetime import datetime
from typing import Any, Final

from ...model import Channel, PartKind, Snapshot
from ...readings import HASHRATE, STARTED
from ..common import answer_table as table
from ..common.contract import SourceContext, SourceRefused
from ..common.decoding import MOST_LISTED, Fields, Values
from .mapping import NUMBERS, Mapped, pci_address
from .read_only import Program, ReadOnlyMiner, question
from .requests import HttpPaths
from .rows import SHARES, rows

_CPU: Final = 4
"""The vendor of a processor."""
_MINING: Final = 3
_CARD: Final = rows(
    power="power",
    temperature="core_temp",
    memory="mem_temp",
    fan="fan",
    core_clock="clock_rate",
    memory_clock="memory_rate",
)
_WORDS: Final = {
    "accepted": "valid_solutions",
    "rejected": "rejected_solutions",
    "stale": "stale_solutions",
    "invalid": "invalid_solutions",
}
_POOLS: Final = tuple(
    rows(
        number,
        algorithm="algorithm",
        pool="current_url",
        latency="average_latency",
        difficulty="difficulty",
        **_WORDS,
    )
    for number in NUMBERS
)


def version(fields: Fields) -> str | None:
    """Return the version of a BzMiner, None for the answer of anything else.

    Raises SourceRefused where it wants another password.
    """
    if fields.raw("result") == "incorrect password":
        raise SourceRefused("BzMiner wants another password")
    found = fields.text("bzminer_version")
    return found and found.removeprefix("v")


def parse(fields: Fields, now: datetime) -> Snapshot:
    """Map an answer."""
    mapped = Mapped()
    mapped.rig.put(STARTED.plain, fields.start(now, "uptime_s"))
    pools: dict[str | None, Fields] = {}
    for pool in fields.each("pools", most=MOST_LISTED):
        name, uptime = pool.text("algorithm"), pool.number("uptime_s")
        if uptime != 0 and (name not in pools or pool.number("status") == _MINING):
            pools[name] = pool
    for places, pool in zip(_POOLS, pools.values(), strict=False):
        table.put_rows(mapped.rig, pool, places)
    # What the devices count beats the counters of the pools.
    totals = Counter[Channel[Any]]()
    for card in fields.each("devices", most=MOST_LISTED):
        is_cpu, status = card.number("vendor") == _CPU, _at(card, "status", 0)
        is_live = not card.has(*status) or card.number(*status) == _MINING
        values = Values()
        if is_live or not is_cpu:
            values = mapped.add_card(
                number=0 if is_cpu else card.count("id"),
                address=None if is_cpu else pci_address(card.raw("pci_bus_id"), 10),
                name=card.text("name"),
                kind=PartKind.CPU if is_cpu else PartKind.GPU,
            )
        table.put_rows(values, card, _CARD)
        for place, number in enumerate(NUMBERS):
            found: dict[Channel[Any], float | None] = {
                SHARES[word].channel(number=number): card.count(*_at(card, key, place))
                for word, key in _WORDS.items()
            }
            rate = card.number(*_at(card, "hashrate", place))
            if is_live or not rate:
                found[HASHRATE.channel(number=number)] = rate
            known = {channel: n for channel, n in found.items() if n is not None}
            values.update(known)
            totals.update(known)
    mapped.rig.update(totals)
    return mapped.snapshot(fields, version(fields))


def _at(card: Fields, key: str, place: int) -> tuple[str | int, ...]:
    """Return the path to a value of an algorithm: an item, or what is no list."""
    return (key, place) if place or isinstance(card.raw(key), list) else (key,)


PROGRAM: Final = Program(
    "BzMiner", HttpPaths("/status", secret="password"), version, parse
)
QUESTION: Final = question(PROGRAM)


async def async_open(context: SourceContext) -> ReadOnlyMiner:
    """Return the source of one BzMiner, without any request."""
    return ReadOnlyMiner(context, PROGRAM)
