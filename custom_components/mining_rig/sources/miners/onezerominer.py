"""OneZeroMiner, for NVIDIA (`--api-host 0.0.0.0 --api-port 3001`).

https://github.com/OneZeroMiner/onezerominer: `algos` with totals, and with lists in the
order of `devices`.
"""

from datetime import datetime
from typing import Final

from ...model import Snapshot
from ...readings import STARTED
from ..common import answer_table as table
from ..common.contract import SourceContext
from ..common.decoding import MOST_LISTED, Fields
from .mapping import NUMBERS, Mapped, pci_address
from .read_only import Program, ReadOnlyMiner, question
from .requests import HttpPaths
from .rows import SHARES, rows

_CARD: Final = rows(power="power", temperature="temp", fan="fan")
_WORDS: Final = ("accepted", "rejected", "invalid")
_ALGORITHMS: Final = tuple(
    (
        number,
        rows(
            number,
            algorithm="name",
            **{word: f"total_{word}_shares" for word in _WORDS},
        ),
    )
    for number in NUMBERS
)


def version(fields: Fields) -> str | None:
    """Return the version of a OneZeroMiner, None for the answer of anything else."""
    if not fields.has("uptime_seconds") or not isinstance(fields.raw("algos"), list):
        return None
    return fields.text("version") or ""


def parse(fields: Fields, now: datetime) -> Snapshot:
    """Map an answer."""
    mapped = Mapped()
    mapped.rig.put(STARTED.plain, fields.start(now, "uptime_seconds"))
    cards = {}
    for place, card in fields.placed("devices", most=MOST_LISTED):
        cards[place] = mapped.add_card(
            address=pci_address(card.raw("bus_id"), 10), name=card.text("name")
        )
        table.put_rows(cards[place], card, _CARD)
    for index, algorithm in fields.placed("algos", most=len(_ALGORITHMS)):
        number, places = _ALGORITHMS[index]
        table.put_rows(mapped.rig, algorithm, places)
        mapped.put_rate(mapped.rig, number, algorithm.number("total_hashrate"))
        for place, values in cards.items():
            mapped.put_rate(values, number, algorithm.number("hashrates", place))
            for word in _WORDS:
                shares = algorithm.count(f"devices_{word}_shares", place)
                values.put(SHARES[word].channel(number=number), shares)
    return mapped.snapshot(fields, version(fields))


PROGRAM: Final = Program(
    name="OneZeroMiner", ask=HttpPaths("/"), version=version, parse=parse
)
QUESTION: Final = question(PROGRAM)


async def async_open(context: SourceContext) -> ReadOnlyMiner:
    """Return the source of one OneZeroMiner, without any request."""
    return ReadOnlyMiner(context, PROGRAM)
