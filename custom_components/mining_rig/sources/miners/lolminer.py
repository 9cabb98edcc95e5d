"""lolMiner, the GPU miner, through its API (`--apiport`), in both of its layouts.

Up to 1.4x it has `Session`, `Stratum` and `GPUs`, later `Workers` and up to two
`Algorithms` with lists in the order of the workers. Hashrates are in a unit that is
named. 0 W, and 0 or -1 °C, mean "no sensor". Users, which are wallets, are never read.
"""

from datetime import datetime
from typing import Final

from ...model import Snapshot
from ...readings import STARTED
from ..common import answer_table as table
from ..common.contract import SourceContext
from ..common.decoding import MOST_LISTED, Fields
from .mapping import NUMBERS, Mapped, pci_address, rate_unit
from .read_only import Program, ReadOnlyMiner, question
from .requests import HttpPaths
from .rows import SHARES, rows

_NAME: Final = "lolMiner"
_RIG: Final = rows(
    algorithm=("Mining", "Algorithm"),
    coin=("Mining", "Coin"),
    pool=("Stratum", "Current_Pool"),
    latency=("Stratum", "Average_Latency"),
    accepted=("Session", "Accepted"),
    power=("Session", "TotalPower"),
)
_CARD: Final = rows(
    power=["Consumption (W)", "Power"],
    temperature=["Temps (deg C)", "Temp (deg C)", "Core_Temp"],
    junction="Juc_Temp",
    memory=["Mem Temp (deg C)", "Mem_Temp"],
    fan=["Fan Speed (%)", "Fan_Speed"],
    core_clock="CCLK",
    memory_clock="MCLK",
    accepted="Session_Accepted",
)
_WORDS: Final = {"accepted": "Accepted", "rejected": "Rejected", "stale": "Stales"}
_ALGORITHMS: Final = tuple(
    (
        number,
        rows(
            number,
            algorithm="Algorithm",
            pool="Pool",
            **{share: f"Total_{word}" for share, word in _WORDS.items()},
        ),
    )
    for number in NUMBERS[:2]
)


def version(fields: Fields) -> str | None:
    """Return the version of a lolMiner, None for the answer of anything else."""
    name, _, rest = (fields.text("Software") or "").partition(" ")
    return rest.strip() or "" if name == _NAME else None


def parse(fields: Fields, now: datetime) -> Snapshot:
    """Map an answer of either layout."""
    mapped, session = Mapped(), fields.inside("Session")
    mapped.rig.put(STARTED.plain, session.start(now, "Uptime"))
    table.put_rows(mapped.rig, fields, _RIG)
    unit = _unit(session)
    mapped.put_rate(mapped.rig, None, session.number("Performance_Summary"), unit)
    # By their places in the list, as the lists of an algorithm have them.
    cards = {}
    for key in ("GPUs", "Workers"):
        for place, card in fields.placed(key, most=MOST_LISTED):
            values = cards[place] = mapped.add_card(
                number=card.count("Index"),
                address=pci_address(card.raw("PCIE_Address"), 10),
                name=card.text("Name"),
            )
            table.put_rows(values, card, _CARD)
            mapped.put_rate(values, None, card.number("Performance"), unit)
    for index, algorithm in fields.placed("Algorithms", most=len(_ALGORITHMS)):
        number, places = _ALGORITHMS[index]
        table.put_rows(mapped.rig, algorithm, places)
        unit = _unit(algorithm)
        total = algorithm.number("Total_Performance")
        mapped.put_rate(mapped.rig, number, total, unit)
        for place, values in cards.items():
            rate = algorithm.number("Worker_Performance", place)
            mapped.put_rate(values, number, rate, unit)
            for share, word in _WORDS.items():
                channel = SHARES[share].channel(number=number)
                values.put(channel, algorithm.count(f"Worker_{word}", place))
    return mapped.snapshot(fields, version(fields))


def _unit(fields: Fields) -> tuple[float, str] | None:
    unit = rate_unit(fields.text("Performance_Unit"))
    if factor := fields.positive("Performance_Factor", maximum=1e24):
        return factor, "H/s" if unit is None else unit[1]
    return unit


PROGRAM: Final = Program(
    name=_NAME, ask=HttpPaths("/summary"), version=version, parse=parse
)
QUESTION: Final = question(PROGRAM)


async def async_open(context: SourceContext) -> ReadOnlyMiner:
    """Return the source of one lolMiner, without any request."""
    return ReadOnlyMiner(context, PROGRAM)
