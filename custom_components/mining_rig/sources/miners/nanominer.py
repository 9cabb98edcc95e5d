"""nanominer, for CPU and GPU (web port 9090).

https://github.com/nanopool/nanominer: `Algorithms` is a list of objects by coin, some
with several coins; hashrates are texts such as "4.591157e+06". The Zilliqa hashrate is
not reset after its round.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from ...model import Snapshot
from ...readings import ALGORITHM, STARTED
from ..common import answer_table as table
from ..common.contract import SourceContext
from ..common.decoding import MOST_LISTED, Fields, Values
from .mapping import NUMBERS, Mapped, card_number, pci_address
from .read_only import Program, ReadOnlyMiner, question
from .requests import HttpPaths
from .rows import SHARES, read_rate, rows

_ZILLIQA: Final = "Zilliqa"
_TOTAL: Final = ("Total", "Hashrate")
_CARD: Final = rows(power="Power", temperature="Temperature", fan="Fan")
_POOL: Final = {number: rows(number, pool="CurrentPool") for number in NUMBERS}
_WORDS: Final = {"accepted": "Accepted", "rejected": "Denied"}


def version(fields: Fields) -> str | None:
    """Return "" for a nanominer, whose answer has no version, else None."""
    keys = ("Algorithms", "Devices", "WorkTime")
    return "" if all(fields.has(key) for key in keys) else None


def coins(fields: Fields) -> list[tuple[str, Fields]]:
    """Return the coins with their names, Zilliqa last."""
    return sorted(
        _named(fields, "Algorithms"), key=lambda coin: coin[0].startswith(_ZILLIQA)
    )[: len(NUMBERS)]


def zilliqa_stops(fields: Fields) -> frozenset[int | None]:
    """Return the numbers of the coins that rest while Zilliqa is mined."""
    found = coins(fields)
    if len(found) < 2 or not found[-1][0].startswith(_ZILLIQA):
        return frozenset()
    if not read_rate(found[-1][1], *_TOTAL):
        return frozenset()
    numbered = zip(NUMBERS, found[:-1], strict=False)
    return frozenset(
        number for number, (_, coin) in numbered if read_rate(coin, *_TOTAL) == 0
    )


def parse(fields: Fields, now: datetime) -> Snapshot:
    """Map an answer."""
    mapped = Mapped()
    mapped.rig.put(STARTED.plain, fields.start(now, "WorkTime"))
    cards: dict[str, Values] = {}
    for name, card in _named(fields, "Devices"):
        if (number := card_number(name)) is None:
            continue
        cards[name] = mapped.add_card(
            number=number,
            address=pci_address(card.raw("Pci"), 16),
            name=card.text("Name"),
        )
        table.put_rows(cards[name], card, _CARD)
    rests = zilliqa_stops(fields)
    for number, (name, coin) in zip(NUMBERS, coins(fields), strict=False):
        named = Fields({"name": name})
        mapped.rig.put(ALGORITHM.channel(number=number), named.text("name"))
        table.put_rows(mapped.rig, coin, _POOL[number])
        for key, values in (("Total", mapped.rig), *cards.items()):
            if rests or not name.startswith(_ZILLIQA):
                mapped.put_rate(values, number, read_rate(coin, key, "Hashrate"))
            for share, word in _WORDS.items():
                channel = SHARES[share].channel(number=number)
                values.put(channel, coin.count(key, word))
    return mapped.snapshot(fields, None)


def _named(fields: Fields, key: str) -> Iterator[tuple[str, Fields]]:
    """Go through the objects inside of an object, or of those of a list, with names."""
    found = fields.raw(key)
    one = [fields.inside(key)] if isinstance(found, dict) else None
    for item in one or fields.each(key, most=MOST_LISTED):
        for name in item.raw():
            yield name, item.inside(name)


PROGRAM: Final = Program(
    name="nanominer",
    ask=HttpPaths("/stats"),
    version=version,
    parse=parse,
    zilliqa_stops=zilliqa_stops,
)
QUESTION: Final = question(PROGRAM)


async def async_open(context: SourceContext) -> ReadOnlyMiner:
    """Return the source of one nanominer, without any request."""
    return ReadOnlyMiner(context, PROGRAM)
