"""GMiner, for NVIDIA and AMD (`--api 10050`), early versions and dual mining included.

https://github.com/develsoftware/GMinerRelease: hashrates are those of the devices, in
a unit that is named; there is no total.
"""

from datetime import datetime
from typing import Final

from ...model import Snapshot
from ...readings import ALGORITHM, STARTED
from ..common import answer_table as table
from ..common.contract import SourceContext
from ..common.decoding import MOST_LISTED, Fields
from .mapping import NUMBERS, UNNAMED, Mapped, pci_address, rate_unit
from .read_only import Program, ReadOnlyMiner, question
from .requests import HttpPaths
from .rows import SHARES, rows

_NAME: Final = "GMiner"
_CARD: Final = rows(
    power="power_usage",
    temperature="temperature",
    memory="memory_temperature",
    fan="fan",
    core_clock="core_clock",
    memory_clock="memory_clock",
)
_COINS: Final = tuple(
    (
        number,
        tail,
        rows(
            number,
            pool=f"server{tail}",
            **{word: f"total_{word}_shares{tail}" for word in SHARES},
        ),
        rows(number, **{word: f"{word}_shares{tail}" for word in SHARES}),
    )
    for number, tail in zip(NUMBERS[:2], ("", "2"), strict=True)
)


def version(fields: Fields) -> str | None:
    """Return the version of a GMiner, None for the answer of anything else."""
    if (name := fields.text("miner")) is None:
        # Early versions have no name.
        is_early = fields.has("devices") and (
            fields.has("total_accepted_shares") or fields.has("devices", 0, "gpu_id")
        )
        return "" if is_early else None
    name, _, rest = name.partition(" ")
    return rest.strip() or "" if name == _NAME else None


def parse(fields: Fields, now: datetime) -> Snapshot:
    """Map an answer."""
    mapped = Mapped()
    mapped.rig.put(STARTED.plain, fields.start(now, "uptime"))
    names = [fields.text("algorithm")]
    if fields.has("server2") and names[0]:
        names = list(names[0].split(" + "))
    units = {}
    for number, tail, places, _ in _COINS:
        table.put_rows(mapped.rig, fields, places)
        unit = fields.text(f"speed_unit{tail}") or fields.text(f"speedUnit{tail}")
        units[tail] = rate_unit(unit) if unit else UNNAMED
        if names:
            mapped.rig.put(ALGORITHM.channel(number=number), names.pop(0))
    for card in fields.each("devices", most=MOST_LISTED):
        values = mapped.add_card(
            number=card.count("gpu_id"),
            address=pci_address(card.raw("bus_id"), 16),
            name=card.text("name"),
        )
        table.put_rows(values, card, _CARD)
        for number, tail, _, places in _COINS:
            table.put_rows(values, card, places)
            mapped.put_rate(values, number, card.number(f"speed{tail}"), units[tail])
    return mapped.snapshot(fields, version(fields))


PROGRAM: Final = Program(
    name=_NAME, ask=HttpPaths("/stat"), version=version, parse=parse
)
QUESTION: Final = question(PROGRAM)


async def async_open(context: SourceContext) -> ReadOnlyMiner:
    """Return the source of one GMiner, without any request."""
    return ReadOnlyMiner(context, PROGRAM)
