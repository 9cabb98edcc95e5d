"""The hashboards of an Antminer, from both layouts of its answers."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
import re
from typing import Any, Final

from ...model import Part, PartKind
from ...readings import (
    BOARD_TEMPERATURE,
    CHIP_TEMPERATURE,
    CORE_CLOCK,
    HASHRATE,
    WORKING_CHIPS,
)
from ..common import answer_table as table
from ..common.cgminer_decoding import split_unit
from ..common.decoding import MOST_LISTED, Fields, Values
from . import readings
from .units import Unit, unit_of

MOST: Final = 16
_FASTEST: Final = 5_000
"""MHz; Elphapex counts in other units."""
_MILLI: Final = 1000
_UNNUMBERED: Final = 256
"""Added to the places of boards whose numbers occur twice."""
_SERIAL: Final = re.compile(r"[0-9A-Za-z]{8,32}")


@dataclass(slots=True)
class Board:
    """One hashboard that is fitted."""

    number: int
    serial: str | None = None
    values: Values = field(default_factory=Values)


def hottest(found: Iterable[Any]) -> float | None:
    """Return the highest temperature in °C; some are in thousandths of a degree."""
    heats = [
        heat / _MILLI if heat > _MILLI else heat
        for heat in found
        if type(heat) in (int, float) and heat > 0
    ]
    return max((heat for heat in heats if heat <= table.HOTTEST), default=None)


def from_cgi(stats: Fields, unit: Unit, *, chips_only: bool) -> list[Board]:
    """Return the boards of `stats.cgi`.

    `chips_only`: the other temperatures and errors are not measured (Elphapex). An
    empty slot has no chips; it may repeat another board's temperatures.
    """
    boards: list[Board] = []
    known: set[int] = set()
    for place, chain in list(stats.placed("chain", most=MOST_LISTED))[:MOST]:
        if not chain.count("asic_num") and (
            chain.has("asic_num") or not chain.number("rate_real")
        ):
            continue
        number = chain.count("index", maximum=255)
        if number is None or number in known:
            number = place if place not in known else _UNNUMBERED + place
        known.add(number)
        serial = chain.text("sn") or ""
        board = Board(
            number,
            serial if _SERIAL.fullmatch(serial) else None,
        )
        shown = board.values
        _put_rate(shown, chain.number("rate_real"), unit)
        shown.put(CHIP_TEMPERATURE.plain, hottest(_list(chain, "temp_chip")))
        shown.put(WORKING_CHIPS.plain, chain.count("asic_num"))
        shown.put(CORE_CLOCK.plain, chain.positive("freq_avg", maximum=_FASTEST))
        shown.put(
            readings.FAILED_CHIPS.plain, _failed(chain.text("asic", longest=4096))
        )
        if not chips_only:
            shown.put(BOARD_TEMPERATURE.plain, hottest(_list(chain, "temp_pcb")))
            shown.put(readings.HARDWARE_ERRORS.plain, chain.count("hw"))
        boards.append(board)
    return boards


def from_socket(stats: Fields, unit: Unit) -> list[Board]:
    """Return the boards of the socket's `stats`, numbered with gaps (S9: 6, 7, 8)."""
    boards = []
    for number in range(1, MOST + 1):
        chips = stats.count(f"chain_acn{number}")
        chain_rate = rate_of(stats, f"CHAIN AVG HASHRATE{number}", unit)
        if not chips and chain_rate is None:
            continue
        board = Board(number)
        shown = board.values
        shown.put(WORKING_CHIPS.plain, chips)
        rate = rate_of(stats, f"chain_rate{number}", unit)
        if (found := chain_rate if rate is None else rate) is not None:
            shown.put_rate(HASHRATE.plain, *found)
        chip = _hottest_of(
            stats,
            *(
                f"{key}{number}"
                for key in ("temp_chip", "temp2_", "temp_in_chip_", "temp_out_chip_")
            ),
        )
        board_heat = _hottest_of(stats, f"temp_pcb{number}", f"temp{number}")
        shown.put(CHIP_TEMPERATURE.plain, chip)
        shown.put(BOARD_TEMPERATURE.plain, board_heat)
        shown.put(readings.HARDWARE_ERRORS.plain, stats.count(f"chain_hw{number}"))
        for key in (f"freq_avg{number}", f"freq{number}"):
            clock = stats.raw(key)
            if type(clock) in (int, float) and 0 < clock <= _FASTEST:
                shown[CORE_CLOCK.plain] = clock
        failed = _failed(stats.text(f"chain_acs{number}", longest=4096))
        shown.put(readings.FAILED_CHIPS.plain, failed)
        boards.append(board)
    return boards


def parts(boards: list[Board]) -> list[Part]:
    """Return the boards as parts; a serial number that occurs twice is no key."""
    serials = Counter(board.serial for board in boards)
    found = []
    for board in boards:
        serial = board.serial if serials[board.serial] == 1 else None
        found.append(
            Part(
                kind=PartKind.HASHBOARD,
                key=serial or f"board{board.number}",
                serial=serial,
                values=board.values,
                work_units=board.values.work_units,
            )
        )
    return found


def _put_rate(shown: Values, rate: float | None, unit: Unit) -> None:
    if rate is not None and 0 <= rate < 1e15:
        shown.put_rate(HASHRATE.plain, rate, unit)


def _failed(text: str | None) -> int | None:
    """Return the number of chips that a text marks with x: "oooo ox"."""
    return None if text is None else text.lower().count("x")


def _list(fields: Fields, key: str) -> list[Any]:
    found = fields.raw(key)
    return found[:MOST] if isinstance(found, list) else []


def rate_of(fields: Fields, key: str, unit: Unit) -> tuple[float, Unit] | None:
    """Return a rate with its unit: a number, or a text such as "21632.89GH/s"."""
    found = fields.raw(key)
    if isinstance(found, str) and (split := split_unit(found)) is not None:
        found, unit = split[0], unit_of(split[1], None)
    if type(found) not in (int, float) or not 0 <= found < 1e15:
        return None
    return found, unit


def _hottest_of(fields: Fields, *keys: str) -> float | None:
    """Return the highest temperature of numbers and texts such as "62-62-74-74"."""
    found: list[Any] = []
    for key in keys:
        value = fields.raw(key)
        if not isinstance(value, str):
            found.append(value)
            continue
        for word in value.split("-")[:MOST]:
            try:
                found.append(float(word))
            except ValueError:
                continue
    return hottest(found)
