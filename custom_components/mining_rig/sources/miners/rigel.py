"""Rigel, the NVIDIA miner (`--api-bind 0.0.0.0:5000`).

https://github.com/rigelminer/rigel: hashrates, shares and pools are objects by the name
of the algorithm, up to three of them. Pools hold wallets and passwords: of them only
host, port and latency are read.
"""

from datetime import datetime
from typing import Final

from ...model import Snapshot
from ...readings import ALGORITHM, POOL, POWER, STARTED
from ..common import answer_table as table
from ..common.contract import SourceContext
from ..common.decoding import MOST_LISTED, Fields
from ..common.public_text import public_address
from .mapping import NUMBERS, Mapped, pci_address
from .read_only import Program, ReadOnlyMiner, question
from .requests import HttpPaths
from .rows import SHARES, rows

_NAME: Final = "Rigel"
_ZILLIQA: Final = "zil"
_SENSORS: Final = rows(
    power="power_usage",
    temperature="core_temperature",
    memory="memory_temperature",
    fan="fan_speed",
    core_clock="core_clock",
    memory_clock="memory_clock",
)
_LATENCY: Final = {n: rows(n, latency="average_latency_ms") for n in NUMBERS}
_BY_ALGORITHM: Final = ("solution_stat", "hashrate", "pools")


def version(fields: Fields) -> str | None:
    """Return the version of a Rigel, None for the answer of anything else."""
    name = fields.text("name")
    if name is None and fields.has("solution_stat") and fields.has("devices"):
        # Some versions leave it out.
        name = _NAME
    return fields.text("version") or "" if name == _NAME else None


def algorithms(fields: Fields) -> list[tuple[int | None, str]]:
    """Return numbers and names of the algorithms, the first one first, Zilliqa last."""
    order = (fields.text("algorithm") or "").split("+")
    found = [key for key in map(fields.raw, _BY_ALGORITHM) if isinstance(key, dict)]
    names = sorted(
        dict.fromkeys(name for key in found for name in key),
        key=lambda name: (
            name == _ZILLIQA,
            order.index(name) if name in order else len(order),
        ),
    )
    return list(zip(NUMBERS, names, strict=False))


def zilliqa_stops(fields: Fields) -> frozenset[int | None]:
    """Return the numbers of the algorithms beside Zilliqa while that is mined."""
    if not fields.number("hashrate", _ZILLIQA):
        return frozenset()
    return frozenset(number for number, name in algorithms(fields) if name != _ZILLIQA)


def parse(fields: Fields, now: datetime) -> Snapshot:
    """Map an answer."""
    mapped = Mapped()
    mapped.rig.put(STARTED.plain, fields.start(now, "uptime"))
    mapped.rig.put(POWER.plain, fields.positive("power_usage"))
    objects = [(mapped.rig, fields)]
    for card in fields.each("devices", most=MOST_LISTED):
        if card.flag("selected") is False:
            continue
        values = mapped.add_card(
            number=card.count("id"),
            address=pci_address(card.raw("pci_address"), 16),
            name=card.text("name"),
        )
        table.put_rows(values, card.inside("monitoring_info"), _SENSORS)
        objects.append((values, card))
    for number, name in algorithms(fields):
        named = Fields({"name": name})
        mapped.rig.put(ALGORITHM.channel(number=number), named.text("name"))
        pool = fields.inside("pools", name, 0)
        table.put_rows(mapped.rig, pool, _LATENCY[number])
        host = pool.text("connection_details", "hostname")
        port = pool.count("connection_details", "port", maximum=65535)
        if host:
            address = public_address(f"{host}:{port}" if port else host)
            mapped.rig[POOL.channel(number=number)] = address
        for values, work in objects:
            mapped.put_rate(values, number, work.number("hashrate", name))
            for word in ("accepted", "rejected", "invalid"):
                shares = work.count("solution_stat", name, word)
                values.put(SHARES[word].channel(number=number), shares)
    return mapped.snapshot(fields, version(fields))


PROGRAM: Final = Program(
    name=_NAME,
    ask=HttpPaths("/", "/stat"),
    version=version,
    parse=parse,
    zilliqa_stops=zilliqa_stops,
)
QUESTION: Final = question(PROGRAM)


async def async_open(context: SourceContext) -> ReadOnlyMiner:
    """Return the source of one Rigel, without any request."""
    return ReadOnlyMiner(context, PROGRAM)
