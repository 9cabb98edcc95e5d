"""Rows of the answer table by what a value is, as nearly all programs report it."""

from collections.abc import Callable
from functools import partial
from typing import Any, Final

from ... import readings
from ...hashrate import HASHES, parse_hashrate
from ...model import Reading
from ..common import answer_table as table
from ..common.answer_table import Path, Row
from ..common.decoding import Fields

_MEASURED: Final = partial(table.positive, none=(-1,))
"""0 and −1 mean that there is no sensor."""
_FASTEST_FAN: Final = 100_000


def read_rate(fields: Fields, *path: str | int) -> float | None:
    """Return a hashrate in H/s: a number, or a text such as "61.50 M", "4.59e+06"."""
    if not isinstance(text := fields.raw(*path), str):
        return fields.number(*path)
    rate = parse_hashrate(text)
    return None if rate is None or rate[1] != HASHES else rate[0]


_ROWS: Final[dict[str, tuple[Reading[Any], Callable[..., Row]]]] = {
    "hashrate": (readings.HASHRATE, partial(table.row, read=read_rate)),
    "highest": (readings.HASHRATE_HIGHEST, table.positive),
    "accepted": (readings.ACCEPTED, table.count),
    "rejected": (readings.REJECTED, table.count),
    "stale": (readings.STALE, table.count),
    "invalid": (readings.INVALID, table.count),
    "algorithm": (readings.ALGORITHM, table.text),
    "coin": (readings.COIN, table.text),
    "pool": (readings.POOL, table.host_and_port),
    "latency": (readings.POOL_LATENCY, table.latency),
    "difficulty": (readings.DIFFICULTY, table.difficulty),
    "power": (readings.POWER, _MEASURED),
    "temperature": (readings.TEMPERATURE, table.temperature),
    "junction": (readings.JUNCTION_TEMPERATURE, table.temperature),
    "memory": (readings.MEMORY_TEMPERATURE, table.temperature),
    "fan": (readings.FAN_LEVEL, table.fan_level),
    "fan_speed": (
        readings.FAN_SPEED,
        partial(table.number, high=_FASTEST_FAN, none=(-1,)),
    ),
    "core_clock": (readings.CORE_CLOCK, _MEASURED),
    "memory_clock": (readings.MEMORY_CLOCK, _MEASURED),
    "core_voltage": (readings.CORE_VOLTAGE, _MEASURED),
}
SHARES: Final = {
    word: _ROWS[word][0] for word in ("accepted", "rejected", "stale", "invalid")
}


def rows(number: int | None = None, /, **places: Path | list[Path]) -> tuple[Row, ...]:
    """Return the rows of values by the words above.

    Of several places the last that is there counts. `number` is that of the algorithm.
    """
    return tuple(
        make(reading.channel(number=number), path)
        for word, place in places.items()
        for reading, make in (_ROWS[word],)
        for path in (place if isinstance(place, list) else [place])
    )
