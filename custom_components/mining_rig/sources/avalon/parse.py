"""Avalon's answers in the vocabulary; pure functions.

https://github.com/Canaan-Creative: each "MM IDn" of `stats` (`litestats`, `estats`) is
a text of `Key[value]`. −273 °C and 0 °C of a chip are no temperatures, and averages stay
as they were while a machine idles.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
import re
from typing import Final

from ...model import Part, PartKind, Quantity, Reading
from ...readings import (
    ALGORITHM,
    BEST_SHARE,
    BOARD_TEMPERATURE,
    CHIP_ERROR_RATE,
    CHIP_TEMPERATURE,
    CORE_CLOCK,
    EXPECTED_CHIPS,
    EXPECTED_HASHRATE,
    FAN_LEVEL,
    FAN_SPEED,
    HASHRATE,
    INLET_TEMPERATURE,
    LOCATE,
    MINING,
    OUTLET_TEMPERATURE,
    POOL_LATENCY,
    POWER,
    STARTED,
    STATUS,
    Status,
)
from ..common import answer_table as table
from ..common.cgminer_decoding import parse_bracketed, split_unit, with_numbers
from ..common.cgminer_rig import present_rate, put_averages, put_pool, put_shares, rates
from ..common.decoding import Fields, Values
from . import readings
from .models import Machine

_GIGA: Final = 1e9
_MODULE: Final = re.compile(r"MM ID(\d{1,3})(?!\d)")
_OVERHEATED: Final = 128
_ERRORS: Final = ("ECHU", "ECMM", "POWS", "CRC")
_MOST_POWER: Final = 2
"""Times its goal that a machine can draw; more is no power."""
_MOST: Final = 16
"""Modules, boards and fans."""

_RIG: Final = (
    table.temperature(INLET_TEMPERATURE.plain, "Temp"),
    table.temperature(INLET_TEMPERATURE.plain, "ITemp"),
    table.temperature(OUTLET_TEMPERATURE.plain, "OTemp"),
    table.temperature(BOARD_TEMPERATURE.plain, "HBTemp"),
    table.temperature(BOARD_TEMPERATURE.channel(number=1), "HBITemp"),
    table.temperature(BOARD_TEMPERATURE.channel(number=2), "HBOTemp"),
    table.positive(CORE_CLOCK.plain, "Freq"),
    table.count(EXPECTED_CHIPS.plain, "TA"),
    table.latency(POOL_LATENCY.plain, "PING"),
    table.positive(readings.POWER_GOAL.plain, "MPO"),
)

_SUMS: Final = (EXPECTED_CHIPS.plain, readings.POWER_GOAL.plain)
"""What counts for each module, beside hashrate and power."""


class Module:
    """One "MM IDn": a machine, or one of several behind a controller."""

    def __init__(self, number: int, text: str) -> None:
        """Take its number and its text."""
        self.number = number
        self._words = parse_bracketed(text)
        self.fields = Fields(with_numbers(self._words))

    @property
    def version(self) -> str | None:
        """The model and build: "Q-25052801_14a19a2"."""
        return self._words.get("Ver")

    @property
    def is_idle(self) -> bool:
        """Whether it was switched off, or waits."""
        off = self.fields.raw("SoftOFF")
        state = self._words.get("SYSTEMSTATU", "")
        return "In Idle" in state or (type(off) is int and off != 0)

    @property
    def is_starting(self) -> bool:
        """Whether it prepares its boards."""
        return "In Init" in self._words.get("SYSTEMSTATU", "")

    @property
    def is_faulty(self) -> bool:
        """Whether it reports a fault that stops it."""
        return "In Fault" in self._words.get("SYSTEMSTATU", "")

    def number_of(self, key: str) -> float | None:
        """Return a number with or without its unit: "33%" is 33."""
        found = self.fields.raw(key)
        if type(found) is str and (split := split_unit(found)) is not None:
            return split[0]
        return found if type(found) in (int, float) else None

    def numbers_of(self, key: str) -> list[float]:
        """Return a list of numbers: "61 64"."""
        found = self._words.get(key, "").split()
        numbers = [split_unit(word) for word in found[: 4 * _MOST]]
        return [number[0] for number in numbers if number is not None]

    def power(self, machine: Machine) -> float | None:
        """Return the power at the wall in W; None where it is not known."""
        if self.is_idle:
            # What its power supply reports then may be the last value at work.
            return None
        supply = self.numbers_of("PS")
        place = 6 if len(supply) == 7 else 4 if len(supply) == 6 else None
        if machine.short == "nano3":
            place = 5
        power = self.number_of("WALLPOWER")
        if not power and place is not None and place < len(supply):
            power = supply[place]
        goal = self.number_of("MPO")
        if not power or power < 0 or (goal and power > _MOST_POWER * goal):
            return None
        return power


def modules(stats: Iterable[Fields]) -> list[Module]:
    """Return the modules of all records of an answer to `stats`, each once."""
    found: dict[int, list[str]] = {}
    for record in stats:
        data = record.raw()
        for key, value in data.items() if isinstance(data, dict) else ():
            if (match := _MODULE.match(key)) and isinstance(value, str):
                texts = found.setdefault(int(match[1]), [])
                # A machine may write its sections apart: the summary goes first.
                is_main = match.end() == len(key) or key.endswith("Summary")
                texts.insert(0 if is_main and len(texts) else len(texts), value)
    return [Module(number, " ".join(found[number])) for number in sorted(found)[:_MOST]]


def is_avalon(stats: Iterable[Fields], version: Fields) -> bool:
    """Return whether it is an Avalon: by its modules, or by its name."""
    name = version.text("PROD") or ""
    return bool(modules(stats)) or name.casefold().startswith("avalon")


def values(
    found: list[Module],
    summary: list[Fields],
    pools: list[Fields],
    machine: Machine,
    now: datetime,
    *,
    devices: Sequence[Fields] = (),
) -> Values:
    """Return the values of the machine."""
    rig = Values()
    rig[ALGORITHM.plain] = "SHA-256"
    is_idle = bool(found) and all(module.is_idle for module in found)
    _put_start(rig, found, summary, now)
    _put_rates(rig, found, summary, machine, is_idle=is_idle)
    put_shares(rig, summary, devices, pools)
    put_pool(rig, pools)
    for record in summary:
        rig.put(BEST_SHARE.plain, record.number("Best Share"))
    _put_together(rig, found)
    _put_fans(rig, found)
    for module in found[:1]:
        level = module.number_of("FanR")
        rig.put(FAN_LEVEL.plain, _within(level, 0, 100))
        _put_light(rig, module)
        errors = module.number_of("DHspd")
        if errors is None:
            errors = module.number_of("DH")
        if not is_idle:
            rig.put(CHIP_ERROR_RATE.plain, _within(errors, 0, 100))
    _put_hottest(rig, found)
    _put_faults(rig, found)
    power = [module.power(machine) for module in found]
    known = [watts for watts in power if watts is not None]
    if known and len(known) == len(power):
        rig[POWER.plain] = sum(known)
    return rig


def _put_start(
    rig: Values, found: list[Module], summary: list[Fields], now: datetime
) -> None:
    for fields in (*summary, *(module.fields for module in found)):
        if STARTED.plain not in rig:
            rig.put(STARTED.plain, fields.start(now, "Elapsed"))


def _put_rates(
    rig: Values,
    found: list[Module],
    summary: list[Fields],
    machine: Machine,
    *,
    is_idle: bool,
) -> None:
    """Add the present hashrate and, while it works, the averages."""
    if is_idle:
        rig[HASHRATE.plain] = 0.0
        rig[MINING.plain] = False
        return
    if found and all(module.is_starting for module in found):
        rig[HASHRATE.plain] = _sum(found, "GHSspd") or 0.0
        rig[MINING.plain] = False
        rig[STATUS.plain] = Status.STARTING.value
        return
    if found and all(module.is_faulty for module in found):
        rig[HASHRATE.plain] = _sum(found, "GHSspd") or 0.0
        rig[MINING.plain] = False
        return
    rig.put(HASHRATE.plain, _present(found, summary, machine))
    expected = _sum(found, "GHSmm")
    rig.put(EXPECTED_HASHRATE.plain, expected)
    for record in summary:
        put_averages(rig, record, record.number("Elapsed"))


def _present(
    found: list[Module], summary: list[Fields], machine: Machine
) -> float | None:
    """Return the sum of the modules, else the summary's, else what it is made for."""
    if (rate := _sum(found, "GHSspd")) is not None:
        return rate
    for record in summary:
        by_window = rates(record)
        # Shorter windows of a Nano 3 are up to 40 % wrong.
        if machine.short == "nano3" and 300 in by_window:
            return by_window[300]
        if by_window:
            return present_rate(record)
    return _sum(found, "GHSmm")


def _sum(found: list[Module], key: str) -> float | None:
    each = [_within(module.number_of(key), 0, 1e12) for module in found]
    known = [rate for rate in each if rate is not None]
    return sum(known) * _GIGA if known and len(known) == len(each) else None


def _within(value: float | None, low: float, high: float) -> float | None:
    return value if value is not None and low <= value <= high else None


def _put_numbered(
    rig: Values, reading: Reading[float], numbered: dict[int, float]
) -> None:
    """Add values under numbers; under none where there is one only."""
    for number, value in numbered.items():
        rig[reading.channel(number=number if len(numbered) > 1 else None)] = value


def _put_together(rig: Values, found: list[Module]) -> None:
    """Add what several modules are together: maxima, and sums of what they count."""
    for module in found:
        own = Values()
        table.put_rows(own, module.fields, _RIG)
        for channel, value in own.items():
            before = rig.get(channel)
            if not isinstance(before, int | float) or not isinstance(
                value, int | float
            ):
                rig[channel] = value
            elif channel in _SUMS:
                rig[channel] = before + value
            elif channel.reading.quantity is Quantity.TEMPERATURE:
                rig[channel] = max(before, value)


def _put_fans(rig: Values, found: list[Module]) -> None:
    """Add the fans of all modules, numbered one after the other."""
    speeds = [
        speed
        for module in found
        for number in range(1, _MOST)
        if (speed := module.fields.number(f"Fan{number}", maximum=100_000)) is not None
    ]
    _put_numbered(rig, FAN_SPEED, dict(enumerate(speeds[:_MOST], 1)))


def _put_light(rig: Values, module: Module) -> None:
    for key in ("Led", "LED"):
        if (light := module.fields.raw(key)) in (0, 1) and type(light) is int:
            rig[LOCATE.plain] = bool(light)


def _hottest(found: Iterable[float | None]) -> float | None:
    known = [heat for heat in found if heat and 0 < heat <= table.HOTTEST]
    return max(known, default=None)


def _put_hottest(rig: Values, found: list[Module]) -> None:
    """Add the temperatures of the hottest chips: a maximum, never a mean."""
    rig.put(CHIP_TEMPERATURE.plain, _hottest(m.number_of("TMax") for m in found))
    average = _hottest(module.number_of("TAvg") for module in found)
    rig.put(readings.AVERAGE_CHIP.plain, average)


def _put_faults(rig: Values, found: list[Module]) -> None:
    if not found:
        return
    codes = {
        key: [code for module in found for code in module.numbers_of(key)]
        for key in _ERRORS
    }
    rig[readings.FAULT.plain] = any(module.is_faulty for module in found)
    rig[readings.OVERHEATED.plain] = any(
        int(code) & _OVERHEATED for code in codes["ECHU"]
    )
    text = ", ".join(
        f"{key} {code:g}" for key, each in codes.items() for code in each if code
    )
    if text:
        rig[readings.ERROR_CODES.plain] = text[:255]


def boards(found: list[Module]) -> Iterator[Part]:
    """Return the modules as hashboards, or the boards of the only module."""
    if len(found) > 1:
        for module in found:
            heat = _hottest([module.number_of("TMax")])
            rate = _within(module.number_of("GHSspd"), 0, 1e12)
            yield _board(module.number, heat, None if rate is None else rate * _GIGA)
    elif found and len(heats := found[0].numbers_of("MTmax")) > 1:
        for number, heat in enumerate(heats[:_MOST]):
            yield _board(number, _hottest([heat]), None)


def _board(number: int, heat: float | None, rate: float | None) -> Part:
    shown = Values()
    shown.put(CHIP_TEMPERATURE.plain, heat)
    shown.put(HASHRATE.plain, rate)
    return Part(kind=PartKind.HASHBOARD, key=f"board{number}", values=shown)
