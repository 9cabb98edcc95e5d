"""lolMiner, the GPU miner, through its API (`--apiport`), in both of its layouts.

Up to 1.4x it has `Session`, `Stratum` and `GPUs`, later `Workers` and up to two
`Algorithms` with lists in the order of the workers. Hashrates are in a unit that is
named. 0 W, and 0 or -1 °C, mean "no sensor". Users, which are wallets, are never read.
"""

from datetime import datetime
from typing import Final

from ...model import Snapshot
from ...readings import (
    ACCEPTED,
    ALGORITHM,
    COIN,
    CORE_CLOCK,
    FAN_LEVEL,
    HASHRATE,
    JUNCTION_TEMPERATURE,
    MEMORY_CLOCK,
    MEMORY_TEMPERATURE,
    POOL,
    POOL_LATENCY,
    POWER,
    REJECTED,
    STALE,
    STARTED,
    TEMPERATURE,
)
from ..common import answer_table as table
from ..common.contract import SourceContext
from ..common.decoding import Fields
from .read_only import Mapped, Program, ReadOnlyMiner, question, unit_factor

_NAME: Final = "lolMiner"
_NONE: Final = (-1,)

_RIG: Final = (
    table.text(ALGORITHM.plain, ("Mining", "Algorithm")),
    table.text(COIN.plain, ("Mining", "Coin")),
    table.host_and_port(POOL.plain, ("Stratum", "Current_Pool")),
    table.latency(POOL_LATENCY.plain, ("Stratum", "Average_Latency")),
    table.count(ACCEPTED.plain, ("Session", "Accepted")),
    table.positive(POWER.plain, ("Session", "TotalPower"), none=_NONE),
)
_CARD: Final = (
    table.positive(POWER.plain, "Consumption (W)", none=_NONE),
    table.positive(POWER.plain, "Power", none=_NONE),
    table.temperature(TEMPERATURE.plain, "Temps (deg C)"),
    table.temperature(TEMPERATURE.plain, "Temp (deg C)"),
    table.temperature(TEMPERATURE.plain, "Core_Temp"),
    table.temperature(JUNCTION_TEMPERATURE.plain, "Juc_Temp"),
    table.temperature(MEMORY_TEMPERATURE.plain, "Mem Temp (deg C)"),
    table.temperature(MEMORY_TEMPERATURE.plain, "Mem_Temp"),
    table.fan_level(FAN_LEVEL.plain, "Fan Speed (%)"),
    table.fan_level(FAN_LEVEL.plain, "Fan_Speed"),
    table.positive(CORE_CLOCK.plain, "CCLK", none=_NONE),
    table.positive(MEMORY_CLOCK.plain, "MCLK", none=_NONE),
    table.count(ACCEPTED.plain, "Session_Accepted"),
)
_SHARES: Final = ((ACCEPTED, "Accepted"), (REJECTED, "Rejected"), (STALE, "Stales"))
_ALGORITHMS: Final = tuple(
    (
        number,
        (
            table.text(ALGORITHM.channel(number=number), "Algorithm"),
            table.host_and_port(POOL.channel(number=number), "Pool"),
            *(table.count(r.channel(number=number), f"Total_{w}") for r, w in _SHARES),
        ),
    )
    for number in (None, 2)
)


def version(fields: Fields) -> str | None:
    """Return the version of a lolMiner, None for the answer of anything else."""
    name, _, rest = (fields.text("Software") or "").partition(" ")
    return rest.strip() or "?" if name == _NAME else None


def parse(fields: Fields, now: datetime) -> Snapshot:
    """Map an answer of either layout."""
    mapped, session = Mapped(), fields.inside("Session")
    mapped.rig.put(STARTED.plain, session.start(now, "Uptime"))
    table.put_rows(mapped.rig, fields, _RIG)
    scale = _scale(session)
    mapped.rig.put(HASHRATE.plain, session.number("Performance_Summary", scale=scale))
    for name in ("GPUs", "Workers"):
        for card, values in mapped.add_cards(
            fields, name, name="Name", bus="PCIE_Address", base=10
        ):
            table.put_rows(values, card, _CARD)
            values.put(HASHRATE.plain, card.number("Performance", scale=scale))
    algorithms = zip(_ALGORITHMS, fields.each("Algorithms"), strict=False)
    for (number, rows), algorithm in algorithms:
        table.put_rows(mapped.rig, algorithm, rows)
        _put_lists(mapped, algorithm, number)
    return mapped.snapshot(fields, version(fields))


def _put_lists(mapped: Mapped, algorithm: Fields, number: int | None) -> None:
    """Add the hashrates of an algorithm, and the shares of each card."""
    channel, scale = HASHRATE.channel(number=number), _scale(algorithm)
    mapped.rig.put(channel, algorithm.number("Total_Performance", scale=scale))
    for place, values in mapped.cards.items():
        values.put(channel, algorithm.number("Worker_Performance", place, scale=scale))
        for reading, word in _SHARES:
            shares = algorithm.count(f"Worker_{word}", place)
            values.put(reading.channel(number=number), shares)


def _scale(fields: Fields) -> float:
    factor = fields.positive("Performance_Factor", maximum=1e24)
    return factor or unit_factor(fields.text("Performance_Unit"))


_PROGRAM: Final = Program(name=_NAME, path="/summary", version=version, parse=parse)
QUESTION: Final = question(_PROGRAM)


async def async_open(context: SourceContext) -> ReadOnlyMiner:
    """Return the source of one lolMiner, without any request."""
    return ReadOnlyMiner(context, _PROGRAM)
