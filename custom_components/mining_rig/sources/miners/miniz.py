"""miniZ, the NVIDIA and AMD miner for Equihash (`--telemetry 0.0.0.0:20000`).

https://miniz.cc: one JSON line over TCP; hashrates are in Sol/s.
"""

from datetime import datetime
from typing import Final

from ...model import Snapshot
from ...readings import STARTED
from ..common import answer_table as table
from ..common.contract import JsonObject, SourceContext
from ..common.decoding import MOST_LISTED, Fields
from .mapping import Mapped, pci_address
from .read_only import Program, ReadOnlyMiner, socket_question
from .requests import JsonLine
from .rows import rows

_NAME: Final = "miniZ"
_METHOD: Final = "getstat"
_LINE: Final[JsonObject] = {"id": "0", "method": _METHOD}
_SOLUTIONS: Final = (1, "Sol/s")
_RIG: Final = rows(pool="current_server", latency="server_latency")
_CARD: Final = rows(
    power="gpu_power_usage",
    temperature="temperature",
    fan="gpu_fan_speed",
    core_clock="gpu_clock_core_max",
    memory_clock="gpu_clock_memory",
    accepted="accepted_shares",
    rejected="rejected_shares",
)


def version(fields: Fields) -> str | None:
    """Return the version of a miniZ, None for the answer of anything else."""
    if fields.raw("method") != _METHOD or not isinstance(fields.raw("result"), list):
        return None
    return fields.text("version") or ""


QUESTION: Final = socket_question(_NAME, _LINE, version, has_page=True)


def parse(fields: Fields, now: datetime) -> Snapshot:
    """Map an answer."""
    mapped = Mapped()
    started = table.read_moment(fields, "start_time")
    started = started or table.read_moment(fields, "result", 0, "start_time")
    mapped.rig.put(STARTED.plain, started)
    table.put_rows(mapped.rig, fields, _RIG)
    for card in fields.each("result", most=MOST_LISTED):
        values = mapped.add_card(
            number=card.count("gpuid"),
            address=pci_address(card.raw("busid"), 16),
            name=card.text("name"),
        )
        table.put_rows(values, card, _CARD)
        rate = card.number("speed_sps")
        if not rate and card.has("sol_ps"):
            rate = card.number("sol_ps")
        mapped.put_rate(values, None, rate, _SOLUTIONS)
    return mapped.snapshot(fields, fields.text("version"))


async def async_open(context: SourceContext) -> ReadOnlyMiner:
    """Return the source of one miniZ, without any request."""
    program = Program(
        name=_NAME,
        ask=lambda context: JsonLine(context, _LINE),
        version=version,
        parse=parse,
    )
    return ReadOnlyMiner(context, program)
