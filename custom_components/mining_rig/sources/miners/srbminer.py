"""SRBMiner-MULTI and the older SRBMiner, for CPU and GPU (`--api-enable`).

https://github.com/doktor83/SRBMiner-Multi: each algorithm has a total for `cpu` and one
for `gpu`. Old layouts have `hashrate_total_now` at the top instead, and `devices`.
"""

from datetime import datetime
from typing import Final

from ...model import Snapshot, Window
from ...readings import POWER, STARTED
from ..common import answer_table as table
from ..common.contract import SourceContext
from ..common.decoding import MOST_LISTED, Fields
from .mapping import NUMBERS, Mapped, card_number, pci_address
from .read_only import Program, ReadOnlyMiner, question
from .requests import HttpPaths
from .rows import SHARES, rows

_SETTLED: Final = 20
"""Seconds after a start in which the hashrates make no sense."""
_CARD: Final = (
    table.positive(POWER.plain, "asic_power", 1000),
    *rows(
        temperature="temperature",
        memory="memory_temperature",
        fan="fan_speed_percent",
        fan_speed="fan_speed_rpm",
        core_clock="core_clock",
        memory_clock="memory_clock",
    ),
)
_AVERAGES: Final = {
    "1min": Window.M1,
    "5min": Window.M5,
    "30min": Window.M30,
    "1hr": Window.H1,
    "12hr": Window.H12,
}
_ALGORITHMS: Final = {
    number: rows(
        number,
        algorithm=["algorithm", "name"],
        pool=("pool", "pool"),
        latency=("pool", "latency"),
        difficulty=("pool", "difficulty"),
        accepted=("shares", "accepted"),
        rejected=("shares", "rejected"),
    )
    for number in NUMBERS
}


def version(fields: Fields) -> str | None:
    """Return the version of an SRBMiner, None for the answer of anything else."""
    if fields.has("miner"):
        # Other programs imitate the answer, and name themselves.
        return None
    if isinstance(fields.raw("algorithms"), list):
        return fields.text("miner_version")
    is_old = fields.has("rig_name") and _algorithms(fields)[0].has("hashrate", "now")
    return fields.text("miner_version") or "" if is_old else None


def _algorithms(fields: Fields) -> list[Fields]:
    """Return the algorithms; of an old layout the one at the top, in the newer shape."""
    data = fields.raw()
    if not isinstance(data, dict) or "algorithms" in data:
        return list(fields.each("algorithms", most=MOST_LISTED)) or [Fields({})]
    # Some wrote HashRate_total_now.
    old = {key.lower(): value for key, value in data.items()}
    rates = {key: old.get(f"hashrate_total_{key}") for key in ("now", *_AVERAGES)}
    return [fields.of({**data, "hashrate": rates})]


def parse(fields: Fields, now: datetime) -> Snapshot:
    """Map an answer of any layout."""
    mapped, cards, algorithms = Mapped(), {}, _algorithms(fields)
    for key in ("gpu_devices", "devices"):
        for card in fields.each(key, most=MOST_LISTED):
            device, model = card.text("device") or "", card.text("model")
            values = cards[device.lower()] = mapped.add_card(
                number=card_number(device),
                address=pci_address(card.raw("bus_id"), 10),
                name=model and model.replace("_", " "),
            )
            table.put_rows(values, card, _CARD)
    started = fields.start(now, "mining_time")
    started = started or algorithms[0].start(now, "pool", "uptime")
    mapped.rig.put(STARTED.plain, started)
    uptime = _SETTLED if started is None else (now - started).total_seconds()
    for (number, places), work in zip(_ALGORITHMS.items(), algorithms, strict=False):
        table.put_rows(mapped.rig, work, places)
        rates = work.inside("hashrate") if uptime >= _SETTLED else Fields({})
        mapped.put_rate(mapped.rig, number, _total(rates))
        mapped.put_averages(number, rates, _AVERAGES, uptime)
        for name, values in cards.items():
            mapped.put_rate(values, number, rates.number("gpu", name))
            for word in ("accepted", "rejected"):
                shares = work.count(f"gpu_{word}_shares", name)
                values.put(SHARES[word].channel(number=number), shares)
    return mapped.snapshot(fields, version(fields))


def _total(rates: Fields) -> float | None:
    """Return an algorithm's present hashrate, that of the cards and the processor."""
    totals = [rates.number(kind, "total") for kind in ("gpu", "cpu")]
    known = [total for total in totals if total is not None]
    if len(known) == len(totals) or any(known):
        return sum(known)
    return rates.number("now") if rates.has("now") else rates.number("1min")


PROGRAM: Final = Program("SRBMiner", HttpPaths("/", "/api/v2/status"), version, parse)
QUESTION: Final = question(PROGRAM)


async def async_open(context: SourceContext) -> ReadOnlyMiner:
    """Return the source of one SRBMiner, without any request."""
    return ReadOnlyMiner(context, PROGRAM)
