"""Parsing the driver's answers: pure functions over JSON data."""

from collections.abc import Mapping
import math
import re
from typing import Any, Final

from ...model import RIG, Channel, Control, Part, PartKind, Snapshot, part_map
from ...readings import (
    CORE_CLOCK,
    ENERGY,
    FAN_LEVEL,
    MEMORY_CLOCK,
    MEMORY_TEMPERATURE,
    POWER,
    POWER_LIMIT,
    TEMPERATURE,
)
from ..common import answer_table as table
from ..common.decoding import Fields, Values
from . import readings
from .queries import Answers, Report

MANUFACTURER: Final = "NVIDIA"

# More than any card has; larger numbers mean "not available".
_STRONGEST: Final = 10_000
_FASTEST: Final = 20_000
_FULL: Final = 100
_TOP_FAN: Final = 300
_WIDEST: Final = 64
_MOST_MEMORY: Final = 2**50
_MOST_TRAFFIC: Final = 10**12
_MOST_COUNTED: Final = 10**15
_MOST_PROCESSES: Final = 10_000

_MW: Final = 1 / 1000
_MJ: Final = 1 / 3_600_000
_KB: Final = 1000

_CARD: Final = (
    table.positive(TEMPERATURE.plain, "temperature", table.HOTTEST),
    table.positive(MEMORY_TEMPERATURE.plain, "memory_temperature", table.HOTTEST),
    table.positive(POWER.plain, "power", _STRONGEST, scale=_MW, digits=3),
    table.number(ENERGY.plain, "energy", _MOST_COUNTED, scale=_MJ, digits=6),
    table.count(readings.ECC_CORRECTED.plain, "ecc_corrected", _MOST_COUNTED),
    table.count(readings.ECC_UNCORRECTED.plain, "ecc_uncorrected", _MOST_COUNTED),
    table.number(readings.GPU_LOAD.plain, ("load", "gpu"), _FULL),
    table.number(readings.MEMORY_LOAD.plain, ("load", "memory"), _FULL),
    table.number(CORE_CLOCK.plain, "graphics_clock", _FASTEST),
    table.number(readings.SM_CLOCK.plain, "sm_clock", _FASTEST),
    table.number(MEMORY_CLOCK.plain, "memory_clock", _FASTEST),
    table.count(readings.PROCESSES.plain, "processes", _MOST_PROCESSES),
    table.count_or_none(readings.PCIE_GENERATION.plain, "pcie_generation", _WIDEST),
    table.count_or_none(readings.PCIE_WIDTH.plain, "pcie_width", _WIDEST),
    table.number(readings.PCIE_SENT.plain, "pcie_sent", _MOST_TRAFFIC, scale=_KB),
    table.number(
        readings.PCIE_RECEIVED.plain, "pcie_received", _MOST_TRAFFIC, scale=_KB
    ),
)

_UUID: Final = re.compile(r"(?:gpu|mig)-[0-9a-f][0-9a-f-]{7,}")
_BUS_ID: Final = re.compile(r"[0-9a-f]{4,8}:[0-9a-f]{2}:[0-9a-f]{2}(?:\.[0-9a-f])?")

_REASONS: Final[Mapping[int, str]] = {
    0x1: "idle",
    0x2: "application_clocks",
    0x4: "power_limit",
    0x8: "hardware",
    0x10: "sync_boost",
    0x20: "software_thermal",
    0x40: "hardware_thermal",
    0x80: "power_brake",
    0x100: "display_clocks",
    0x200: "board_limit",
    0x400: "reliability",
}
"""Bits of nvmlClocksEventReasons…"""
_PROBLEMS: Final = frozenset(
    {"hardware_thermal", "power_brake", "hardware", "software_thermal"}
)


def card_key(answers: Answers) -> str:
    """Return the key of a card: uuid, PCI address, or else its index."""
    fields = Fields(answers)
    uuid = (fields.text("uuid") or "").lower()
    if _UUID.fullmatch(uuid):
        return uuid
    return _pci_address(fields) or f"gpu{answers['index']}"


def _pci_address(fields: Fields) -> str | None:
    """Return the address as `lspci` writes it, without a domain of eight digits."""
    address = (fields.text("bus_id") or "").lower()
    if not _BUS_ID.fullmatch(address):
        return None
    domain, _, rest = address.partition(":")
    return f"{domain[-4:]}:{rest}"


def snapshot(report: Report) -> Snapshot:
    """Return the host and its cards as a snapshot."""
    unparsed = list(report.unparsed)
    parts: dict[str, Part] = {}
    for answers in report.cards:
        part = _card(answers, unparsed)
        if part.key in parts:
            unparsed.append(f"cards.{answers['index']}.uuid")
        else:
            parts[part.key] = part
    rig = _host(Fields(report.host, "host", unparsed=unparsed), len(parts))
    return Snapshot(
        parts=part_map(rig, *parts.values()), unparsed=tuple(dict.fromkeys(unparsed))
    )


def models(report: Report) -> str:
    """Return the models of the cards: `2 × NVIDIA GeForce RTX 3080`."""
    names = [_name(Fields(answers)) or MANUFACTURER for answers in report.cards]
    counts = {name: names.count(name) for name in names}
    return ", ".join(
        name if number == 1 else f"{number} × {name}" for name, number in counts.items()
    )


def driver_version(report: Report) -> str | None:
    """Return the version of the driver."""
    return Fields(report.host).text("driver")


def _host(fields: Fields, cards: int) -> Part:
    version = fields.text("driver")
    values = Values()
    values.put(readings.DRIVER.plain, version)
    if (cuda := fields.count("cuda")) is not None:
        # 12040 is 12.4
        values[readings.CUDA.plain] = f"{cuda // 1000}.{cuda % 1000 // 10}"
    values[readings.CARDS.plain] = cards
    return Part(
        kind=PartKind.RIG,
        key=RIG,
        manufacturer=MANUFACTURER,
        version=version,
        values=values,
    )


def _name(fields: Fields) -> str | None:
    """Return the maker and model of a card; older drivers leave out the maker."""
    name = fields.text("name")
    if name is None or name.upper().startswith(MANUFACTURER):
        return name
    return f"{MANUFACTURER} {name}"


def _card(answers: Answers, unparsed: list[str]) -> Part:
    fields = Fields(answers, "cards", answers["index"], unparsed=unparsed)
    values = Values()
    table.put_rows(values, fields, _CARD)
    _put_fans(values, fields)
    _put_work(values, fields)
    _put_throttling(values, fields)
    values.put(readings.PCI_ADDRESS.plain, _pci_address(fields))
    name = _name(fields)
    return Part(
        kind=PartKind.GPU,
        key=card_key(answers),
        name=name,
        model=name,
        manufacturer=MANUFACTURER,
        values=values,
        controls=_put_settings(values, fields),
    )


def _put_fans(values: Values, fields: Fields) -> None:
    fans = fields.raw("fans")
    count = len(fans) if isinstance(fans, list) else 0
    for index in range(count):
        # 0 is measured: a fan that stands still while the card is cool.
        level = fields.number("fans", index, maximum=_TOP_FAN)
        channel = FAN_LEVEL.channel(number=index + 1 if count > 1 else None)
        values.put(channel, level)


def _watts(fields: Fields, *path: str | int) -> float | None:
    """Return W of the driver's mW; 0 means that the card has no sensor."""
    found = fields.positive(*path, maximum=_STRONGEST, scale=_MW)
    return None if found is None else round(found, 3)


def _put_work(values: Values, fields: Fields) -> None:
    used = fields.count("memory", "used", maximum=_MOST_MEMORY)
    total = fields.count("memory", "total", maximum=_MOST_MEMORY)
    if total:
        # MIG cards and some virtual cards report no memory.
        values.put(readings.MEMORY_USED.plain, used)
        values.put(readings.MEMORY_TOTAL.plain, total)
    states = readings.PERFORMANCE_STATES
    state = fields.count("performance_state")
    if state is not None and state < len(states):
        values.put(readings.PERFORMANCE_STATE.plain, states[state])
    mig = fields.raw("mig", 0)
    if mig in (0, 1):
        values[readings.MIG.plain] = bool(mig)


def _put_throttling(values: Values, fields: Fields) -> None:
    """Add the reasons why the clocks are not higher."""
    bits = fields.count("throttle_reasons")
    if bits is None:
        return
    found = {word for bit, word in _REASONS.items() if bits & bit}
    if bits & ~sum(_REASONS):
        found.add("other")
    worst = next((word for word in readings.THROTTLE_REASONS if word in found), "none")
    values[readings.THROTTLE_REASON.plain] = worst
    values[readings.THROTTLED.plain] = not found.isdisjoint(_PROBLEMS)


def _put_settings(
    values: Values, fields: Fields
) -> Mapping[Channel[Any], Control[Any]]:
    """Add the values of the settings and return their controls."""
    controls: dict[Channel[Any], Control[Any]] = {}
    enforced = _watts(fields, "enforced_power_limit")
    chosen = _watts(fields, "power_limit")
    values.put(readings.ENFORCED_POWER_LIMIT.plain, enforced)
    # Laptop cards have a limit that cannot be set.
    limit = POWER_LIMIT.plain
    values.put(limit, enforced if chosen is None else chosen)
    lowest, highest = (_watts(fields, "power_limits", index) for index in (0, 1))
    if chosen is not None and lowest is not None and highest is not None:
        control = Control(
            channel=limit, minimum=math.ceil(lowest), maximum=math.floor(highest)
        )
        if control.minimum < control.maximum:
            controls[limit] = control
    persistence = readings.PERSISTENCE.plain
    if (mode := fields.raw("persistence")) in (0, 1):
        values[persistence] = bool(mode)
        controls[persistence] = Control(channel=persistence)
    return controls
