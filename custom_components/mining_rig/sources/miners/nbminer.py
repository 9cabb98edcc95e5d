"""NBMiner, for NVIDIA and AMD (`--api 0.0.0.0:22333`).

https://github.com/NebuTech/NBMiner: values of the second coin have a 2 in their names
and stand there, as 0, when only one is mined.
"""

from datetime import datetime
from typing import Final

from ...model import Snapshot
from ...readings import POWER, STARTED
from ..common import answer_table as table
from ..common.contract import SourceContext
from ..common.decoding import MOST_LISTED, Fields
from .mapping import NUMBERS, Mapped, pci_address
from .read_only import Program, ReadOnlyMiner, question
from .requests import HttpPaths
from .rows import rows

_CARD: Final = rows(
    power="power",
    temperature="temperature",
    memory="memTemperature",
    fan="fan",
    core_clock="core_clock",
    memory_clock="mem_clock",
)
_COINS: Final = tuple(
    (
        rows(
            number,
            **{w: f"{w}_shares{tail}" for w in ("accepted", "rejected", "invalid")},
        ),
        rows(
            number,
            algorithm=f"algorithm{tail}",
            pool=f"url{tail}",
            latency=f"latency{tail}",
            difficulty=f"difficulty{tail}",
        ),
        rows(number, hashrate=[f"hashrate{tail}", f"hashrate{tail}_raw"]),
        rows(number, hashrate=[f"total_hashrate{tail}", f"total_hashrate{tail}_raw"]),
    )
    for number, tail in zip(NUMBERS[:2], ("", "2"), strict=True)
)


def version(fields: Fields) -> str | None:
    """Return the version of an NBMiner, None for the answer of anything else."""
    if not fields.has("miner", "devices") or not fields.has("stratum"):
        return None
    return fields.text("version") or ""


def parse(fields: Fields, now: datetime) -> Snapshot:
    """Map an answer."""
    mapped = Mapped()
    miner, stratum = fields.inside("miner"), fields.inside("stratum")
    mapped.rig.put(STARTED.plain, table.read_moment(fields, "start_time"))
    mapped.rig.put(POWER.plain, miner.positive("total_power_consume"))
    coins = _COINS if stratum.raw("dual_mine") is True else _COINS[:1]
    for shares, pool, _, total in coins:
        table.put_rows(mapped.rig, stratum, (*pool, *shares))
        table.put_rows(mapped.rig, miner, total)
    for card in miner.each("devices", most=MOST_LISTED):
        values = mapped.add_card(
            number=card.count("id"),
            address=pci_address(card.raw("pci_bus_id"), 10),
            name=card.text("info"),
        )
        table.put_rows(values, card, _CARD)
        for shares, _, rate, _ in coins:
            table.put_rows(values, card, (*shares, *rate))
    return mapped.snapshot(fields, fields.text("version"))


PROGRAM: Final = Program(
    name="NBMiner", ask=HttpPaths("/api/v1/status"), version=version, parse=parse
)
QUESTION: Final = question(PROGRAM)


async def async_open(context: SourceContext) -> ReadOnlyMiner:
    """Return the source of one NBMiner, without any request."""
    return ReadOnlyMiner(context, PROGRAM)
