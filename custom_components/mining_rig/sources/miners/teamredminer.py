"""TeamRedMiner, for AMD (`--api_listen=0.0.0.0:4028`), over the cgminer socket.

https://github.com/todxx/teamredminer: of the rates in a device's row, "MHS av" and
"MHS 30s" for one, the one over the shortest time is the present one.
"""

from datetime import datetime
from typing import Final

from ...model import Snapshot
from ...readings import POOL, STARTED
from ..common import answer_table as table
from ..common.cgminer_rig import present_rate
from ..common.contract import SourceContext
from ..common.decoding import MOST_LISTED, Fields
from .mapping import Mapped
from .read_only import Program, ReadOnlyMiner, socket_question
from .requests import SocketCommands
from .rows import rows

_NAME: Final = "TeamRedMiner"
_RIG: Final = rows(accepted="Accepted", rejected="Rejected", stale="Stale")
_POOL: Final = rows(algorithm="Algorithm", pool="URL")
_CARD: Final = rows(
    power="GPU Power",
    temperature="Temperature",
    junction="TemperatureJnct",
    memory="TemperatureMem",
    fan="Fan Percent",
    fan_speed="Fan Speed",
    core_clock="GPU Clock",
    memory_clock="Memory Clock",
    core_voltage="GPU Voltage",
    accepted="Accepted",
    rejected="Rejected",
)


def version(fields: Fields) -> str | None:
    """Return the version of a TeamRedMiner, None for the answer of anything else."""
    name, _, rest = (fields.text("devs", "description") or "").partition(" ")
    return rest.strip() or "" if name == _NAME else None


QUESTION: Final = socket_question(
    _NAME,
    # Other machines are recognised by the same question; each answer has the name.
    {"command": "stats"},
    version,
    lambda answer: {"devs": {"description": answer.status.description}},
)


def parse(fields: Fields, now: datetime) -> Snapshot:
    """Map the answers by command."""
    mapped = Mapped()
    for summary in fields.each("summary", "SUMMARY", most=MOST_LISTED):
        mapped.rig.put(STARTED.plain, summary.start(now, "Elapsed"))
        table.put_rows(mapped.rig, summary, _RIG)
    for pool in fields.each("pools", "POOLS", most=MOST_LISTED):
        if POOL.plain not in mapped.rig or pool.raw("Stratum Active") is True:
            table.put_rows(mapped.rig, pool, _POOL)
    for card in fields.each("devs", "DEVS", most=MOST_LISTED):
        if (number := card.count("GPU")) is None:
            continue
        values = mapped.add_card(number=number)
        table.put_rows(values, card, _CARD)
        mapped.put_rate(values, None, present_rate(card))
        if STARTED.plain not in mapped.rig:
            mapped.rig.put(STARTED.plain, card.start(now, "Device Elapsed"))
    return mapped.snapshot(fields, version(fields))


async def async_open(context: SourceContext) -> ReadOnlyMiner:
    """Return the source of one TeamRedMiner, without any request."""
    program = Program(
        name=_NAME,
        ask=lambda context: SocketCommands(context, "devs", "pools", "summary"),
        version=version,
        parse=parse,
    )
    return ReadOnlyMiner(context, program)
