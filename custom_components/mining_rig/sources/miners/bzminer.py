"""BzMiner, for NVIDIA, AMD and Intel (API on by default, port 4014).

https://github.com/bzminer/bzminer: each device has lists with one item an algorithm.
Of the pools those count that were ever connected; the others are templates.
"""

from datetime import datetime
from typing import Final, override

from ...model import PartKind, Snapshot
from ...readings import HASHRATE, STARTED
from ..common import answer_table as table
from ..common.contract import SourceContext, SourceRefused
from ..common.decoding import MOST_LISTED, Fields
from .mapping import NUMBERS, Mapped, pci_address
from .read_only import Program, ReadOnlyMiner, question
from .requests import HttpGet, HttpPaths
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
    used = [
        pool
        for pool in fields.each("pools", most=MOST_LISTED)
        if pool.number("uptime_s")
    ]
    for places, pool in zip(_POOLS, used, strict=False):
        table.put_rows(mapped.rig, pool, places)
    totals: dict[int | None, float] = {}
    for card in fields.each("devices", most=MOST_LISTED):
        is_cpu, status = card.raw("vendor") == _CPU, card.raw("status", 0)
        is_live = status is None or status == _MINING
        if is_cpu and not is_live:
            continue
        values = mapped.add_card(
            number=0 if is_cpu else card.count("id"),
            address=None if is_cpu else pci_address(card.raw("pci_bus_id"), 10),
            name=card.text("name"),
            kind=PartKind.CPU if is_cpu else PartKind.GPU,
        )
        table.put_rows(values, card, _CARD)
        for place, number in enumerate(NUMBERS):
            for word, key in _WORDS.items():
                shares = card.count(key, place)
                values.put(SHARES[word].channel(number=number), shares)
            rate = card.number("hashrate", place)
            if rate is not None and (is_live or not rate):
                mapped.put_rate(values, number, rate)
                totals[number] = totals.get(number, 0) + rate
    for number, total in totals.items():
        mapped.rig[HASHRATE.channel(number=number)] = total
    return mapped.snapshot(fields, version(fields))


class _Paths(HttpPaths):
    """Adds the owner's password, if there is one."""

    @override
    def __call__(self, context: SourceContext) -> HttpGet:
        """Return what requests them."""
        password = context.data.get("password")
        query = {"password": password} if password else None
        return HttpGet(context, *self.paths, query=query)


PROGRAM: Final = Program("BzMiner", _Paths("/status"), version, parse)
QUESTION: Final = question(PROGRAM)


async def async_open(context: SourceContext) -> ReadOnlyMiner:
    """Return the source of one BzMiner, without any request."""
    return ReadOnlyMiner(context, PROGRAM)
