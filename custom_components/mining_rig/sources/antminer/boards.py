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
from ..common.decoding import MOST_LISTED, Fields, Values
from . import readings
from .units import Unit

MOST: Final = 16
_FASTEST: Final = 5_000
"""MHz; Elphapex counts in other units."""
_MILLI: Final = 1000
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
    boards = []
    for place, chain in list(stats.placed("chain", most=MOST_LISTED))[:MOST]:
        if not chain.count("asic_num"):
            continue
        number = chain.count("index", maximum=255)
        serial = chain.text("sn") or ""
        board = Board(
            place if number is None else number,
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
        if not chips:
            continue
        board = Board(number)
        shown = board.values
        shown[WORKING_CHIPS.plain] = chips
        rate = stats.raw(f"chain_rate{number}")
        _put_rate(shown, rate if type(rate) in (int, float) else None, unit)
        texts = [stats.text(f"{key}{number}") for key in ("temp_chip", "temp_pcb")]
        chip = hottest([*_numbers(texts[0]), stats.raw(f"temp2_{number}")])
        board_heat = hottest([*_numbers(texts[1]), stats.raw(f"temp{number}")])
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


def _numbers(text: str | None) -> list[float]:
    """Return the numbers of a text: "62-62-74-74"."""
    found = []
    for word in (text or "").split("-")[:MOST]:
        try:
            found.append(float(word))
        except ValueError:
            continue
    return found
