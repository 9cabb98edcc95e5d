"""WildRig Multi, for AMD, NVIDIA and Intel (`--api-port 4000`).

https://github.com/andru-kun/wildrig-multi: the API of an old XMRig, told apart by
`ua`, with `hwmon` as lists in the order of `hashrate.threads` in newer versions.
"""

from datetime import datetime
from typing import Final

from ...model import Snapshot, Window
from ...readings import REJECTED, STARTED
from ..common import answer_table as table
from ..common.contract import SourceContext
from ..common.decoding import Fields
from .mapping import Mapped, pci_address
from .read_only import Program, ReadOnlyMiner, question
from .requests import HttpPaths
from .rows import rows

_NAME: Final = "WildRig"
_MOST_CARDS: Final = 64
_RIG: Final = rows(
    algorithm="algo",
    hashrate=("hashrate", "total", 0),
    highest=("hashrate", "highest"),
    pool=("connection", "pool"),
    latency=("connection", "ping"),
    difficulty=("results", "diff_current"),
    accepted=("results", "shares_good"),
)
_CARDS: Final = tuple(
    rows(
        hashrate=("hashrate", "threads", place, 0),
        power=("hwmon", "power", place),
        temperature=("hwmon", "temp", place),
        fan=("hwmon", "fan", place),
        core_clock=("hwmon", "cclk", place),
        memory_clock=("hwmon", "mclk", place),
        accepted=("results", "shares_accepted", place),
        rejected=("results", "shares_rejected", place),
    )
    for place in range(_MOST_CARDS)
)
_AVERAGES: Final = {1: Window.M1, 2: Window.M15}


def version(fields: Fields) -> str | None:
    """Return the version of a WildRig, None for the answer of anything else."""
    if not (fields.text("ua") or "").startswith(_NAME):
        return None
    return fields.text("version") or ""


def parse(fields: Fields, now: datetime) -> Snapshot:
    """Map an answer."""
    mapped = Mapped()
    mapped.rig.put(STARTED.plain, fields.start(now, "uptime"))
    table.put_rows(mapped.rig, fields, _RIG)
    accepted = fields.count("results", "shares_good")
    shares = fields.count("results", "shares_total")
    if accepted is not None and shares is not None and shares >= accepted:
        mapped.rig[REJECTED.plain] = shares - accepted
    totals = fields.of(fields.raw("hashrate", "total"), "hashrate", "total")
    mapped.put_averages(None, totals, _AVERAGES, fields.number("uptime") or 0)
    lists = [fields.raw("hashrate", "threads")]
    if isinstance(sensors := fields.raw("hwmon"), dict):
        lists += sensors.values()
    cards = max(len(found) if isinstance(found, list) else 0 for found in lists)
    for place, places in enumerate(_CARDS[:cards]):
        bus = fields.raw("hwmon", "busID", place)
        # The base of a text is not known.
        address = pci_address(bus, 10) if isinstance(bus, int) else None
        values = mapped.add_card(number=place, address=address)
        table.put_rows(values, fields, places)
    return mapped.snapshot(fields, version(fields))


PROGRAM: Final = Program(name=_NAME, ask=HttpPaths("/"), version=version, parse=parse)
QUESTION: Final = question(PROGRAM)


async def async_open(context: SourceContext) -> ReadOnlyMiner:
    """Return the source of one WildRig, without any request."""
    return ReadOnlyMiner(context, PROGRAM)
