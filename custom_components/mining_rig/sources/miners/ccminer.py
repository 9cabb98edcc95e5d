"""The text API of ccminer, cpuminer and their forks (`-b 0.0.0.0:4068`).

https://github.com/tpruvot/ccminer and https://github.com/JayDDee/cpuminer-opt:
`KEY=VALUE;…|` for `summary`, `threads` (one record a card, or a CPU thread) and `pool`.
"""

from datetime import datetime
from typing import Final

from ...model import PartKind, Snapshot
from ...readings import CORE_CLOCK, MEMORY_CLOCK, POWER, STARTED
from ..common import answer_table as table
from ..common.contract import SourceContext
from ..common.decoding import MOST_LISTED, Fields, Values
from .mapping import Mapped, pci_address
from .read_only import Program, ReadOnlyMiner, socket_question
from .requests import SocketCommands
from .rows import rows

_NAME: Final = "ccminer"
_LARGEST_IN_MHZ: Final = 100_000
_RATES: Final = (("HS", 1), ("KHS", 1000), ("H/s", 1), ("kH/s", 1000), ("MH/s", 1e6))
_RIG: Final = rows(
    algorithm="ALGO", pool="URL", difficulty="DIFF", accepted="ACC", rejected="REJ"
)
_POOL: Final = rows(pool="URL", difficulty="DIFF", latency="PING", stale="STALE")
_CPU: Final = rows(temperature="TEMP")
_CARD: Final = (
    # In mW.
    table.positive(POWER.plain, "POWER", 10**7, scale=0.001, none=(-1,)),
    *rows(
        temperature="TEMP", fan="FAN", fan_speed="RPM", accepted="ACC", rejected="REJ"
    ),
)
_CLOCKS: Final = ((CORE_CLOCK, "FREQ"), (MEMORY_CLOCK, "MEMFREQ"))


def version(fields: Fields) -> str | None:
    """Return name and version of such a miner, None for anything else's answer."""
    summary = fields.inside("summary").raw("SUMMARY", 0)
    found = Fields(summary)
    name = found.text("NAME")
    if name is None or not (found.has("KHS") or found.has("HS")):
        return None
    release = found.raw("VER")
    if not isinstance(release, str | int | float):
        return name
    return found.of(f"{name} {release}").text()


QUESTION: Final = socket_question(
    _NAME, "summary", version, lambda answer: {"summary": answer.sections}
)


def parse(fields: Fields, now: datetime) -> Snapshot:
    """Map the answers by command."""
    mapped = Mapped()
    for summary in fields.each("summary", "SUMMARY", most=MOST_LISTED):
        mapped.rig.put(STARTED.plain, summary.start(now, "UPTIME"))
        table.put_rows(mapped.rig, summary, _RIG)
        rate = _rate(summary)
        mapped.put_rate(mapped.rig, None, rate)
        if summary.has("CPUS"):
            values = mapped.add_card(number=0, kind=PartKind.CPU)
            table.put_rows(values, summary, _CPU)
            _put_clocks(values, summary, 0)
            mapped.put_rate(values, None, rate)
    for pool in fields.each("pool", "POOLS", most=MOST_LISTED):
        table.put_rows(mapped.rig, pool, _POOL)
    for card in fields.each("threads", "DEVS", most=MOST_LISTED):
        if (number := card.count("GPU")) is None:
            # The threads of a processor are no devices.
            continue
        values = mapped.add_card(
            number=number,
            address=pci_address(card.raw("BUS"), 10),
            name=card.text("CARD"),
        )
        table.put_rows(values, card, _CARD)
        _put_clocks(values, card, _LARGEST_IN_MHZ)
        mapped.put_rate(values, None, _rate(card))
    return mapped.snapshot(fields, version(fields))


def _rate(fields: Fields) -> float | None:
    """Return the hashrate in H/s: some forks have it twice, one rounded or 0."""
    found = [fields.number(key, scale=factor) for key, factor in _RATES]
    known = [rate for rate in found if rate is not None]
    return next((rate for rate in known if rate >= 0.99 * max(known)), None)


def _put_clocks(values: Values, fields: Fields, largest_in_mhz: float) -> None:
    for reading, key in _CLOCKS:
        if clock := fields.positive(key, maximum=1e8):
            in_khz = clock > largest_in_mhz
            values[reading.plain] = clock / 1000 if in_khz else clock


async def async_open(context: SourceContext) -> ReadOnlyMiner:
    """Return the source of one such miner, without any request."""
    program = Program(
        name=_NAME,
        ask=lambda context: SocketCommands(
            context, "summary", "threads", "pool", text=True
        ),
        version=version,
        parse=parse,
    )
    return ReadOnlyMiner(context, program)
