"""An Antminer's answers in the vocabulary; pure functions.

Two layouts: the CGI pages of firmware from 2020 on, and the cgminer socket, which older
and custom firmware has. In sleep `STATS` is empty: that is 0 H/s, not "unknown".
"""

from collections.abc import Sequence
from datetime import datetime
import re
from typing import Any, Final

from ...model import Window
from ...readings import (
    ALGORITHM,
    BEST_SHARE,
    CHIP_ERROR_RATE,
    EXPECTED_HASHRATE,
    FAN_SPEED,
    HASHRATE,
    MINING,
    POWER,
    STARTED,
)
from ..common.cgminer_rig import put_pool, put_shares
from ..common.decoding import MOST_LISTED, Fields, Values
from ..common.mac_address import mac_address
from . import readings
from .boards import MOST, Board, from_cgi, from_socket, rate_of
from .units import Unit, algorithm_of, socket_unit, unit_of

_READ_ONLY: Final = re.compile(r"^dg[-\d ]|elphapex|volcminer", re.IGNORECASE)
_CHIPS_ONLY: Final = re.compile(r"^dg[-\d ]|elphapex", re.IGNORECASE)
_MAKERS: Final = (
    ("Elphapex", _CHIPS_ONLY),
    ("Volcminer", re.compile("volcminer", re.IGNORECASE)),
)
_HYDRO: Final = re.compile(r"hyd", re.IGNORECASE)
_AVERAGES: Final = (("rate_15m", Window.M15, 900), ("rate_30m", Window.M30, 1800))
_FASTEST_FAN: Final = 100_000
MOST_WATTS: Final = 20_000
_OK: Final = ("s", "")
_ASLEEP: Final = 1


def mac(system: Fields) -> str | None:
    """Return the MAC address; None unless it is one."""
    return mac_address(system.text("macaddr"))


def kind_of(*answers: Fields) -> str | None:
    """Return the machine's type: "Antminer S21"."""
    for fields in answers:
        for path in (("minertype",), ("INFO", "type"), ("Type",)):
            if text := fields.text(*path):
                return text
    return None


def maker_of(kind: str | None) -> str:
    """Return who makes machines of a type."""
    return next(
        (name for name, types in _MAKERS if types.search(kind or "")), "Bitmain"
    )


def takes_commands(kind: str | None) -> bool:
    """Return whether its configuration is written as Bitmain's is."""
    return _READ_ONLY.search(kind or "") is None


def from_pages(
    stats: Fields, summary: Fields, pools: Fields, kind: str | None, now: datetime
) -> tuple[Values, list[Board]]:
    """Map the CGI pages; `summary` and `pools` may be empty."""
    rig = Values()
    record = _first(stats, "STATS")
    total = _first(summary, "SUMMARY")
    rig.put(ALGORITHM.plain, algorithm_of(kind))
    _put_fault(rig, total)
    rows = list(pools.each("POOLS", most=MOST_LISTED))
    put_pool(rig, rows)
    put_shares(rig, [total] if total is not None else (), (), rows)
    if record is None:
        rig[HASHRATE.plain] = 0.0
        rig[MINING.plain] = False
        return rig, []
    chips_only = _CHIPS_ONLY.search(kind or "") is not None
    if record.count("fan_num") != 0:
        speeds = record.raw("fan")
        _put_fans(rig, speeds if isinstance(speeds, list) else [], kind)
    if record.count("miner-mode") == _ASLEEP:
        # Its statistics are from before.
        rig[HASHRATE.plain] = 0.0
        rig[MINING.plain] = False
        return rig, []
    sources = [fields for fields in (record, total) if fields is not None]
    unit = unit_of(next((t for f in sources if (t := f.text("rate_unit"))), None), kind)
    for fields in sources:
        if STARTED.plain not in rig:
            rig.put(STARTED.plain, fields.start(now, "elapsed"))
        rig.put(BEST_SHARE.plain, fields.positive("bestshare"))
    _put_rate(rig, HASHRATE.plain, _number(sources, "rate_5s"), unit)
    if unit[0] > 1:
        # A machine that does not mine may name H/s, which is not the unit of the ideal.
        ideal = _number(sources, "rate_ideal") or None
        _put_rate(rig, EXPECTED_HASHRATE.plain, ideal, unit)
    _put_averages(rig, sources, "elapsed", unit)
    if not chips_only:
        rig.put(CHIP_ERROR_RATE.plain, record.number("hwp_total", maximum=100))
    return rig, from_cgi(record, unit, chips_only=chips_only)


def from_answers(
    stats: list[Fields],
    summary: list[Fields],
    pools: list[Fields],
    kind: str | None,
    now: datetime,
    *,
    devices: Sequence[Fields] = (),
    connectors: set[int] | None = None,
) -> tuple[Values, list[Board]]:
    """Map the answers of the cgminer socket; the last record of `stats` has the data.

    `connectors` are those at which a fan ever turned, and get more: one that stops stays.
    """
    rig = Values()
    rig.put(ALGORITHM.plain, algorithm_of(kind))
    put_pool(rig, pools)
    put_shares(rig, summary, devices, pools)
    record = next((r for r in stats if r.has("GHS 5s") or r.has("Elapsed")), None)
    sources = [fields for fields in (record, *summary) if fields is not None]
    unit = socket_unit(
        next((text for f in sources if (text := f.text("rate_unit"))), None), kind
    )
    for fields in sources:
        if STARTED.plain not in rig:
            rig.put(STARTED.plain, fields.start(now, "Elapsed"))
        rig.put(BEST_SHARE.plain, fields.positive("Best Share"))
        if HASHRATE.plain not in rig:
            _put_socket_rate(rig, fields, unit)
    _put_averages(rig, sources, "Elapsed", unit)
    if record is None:
        if HASHRATE.plain not in rig:
            rig[HASHRATE.plain] = 0.0
            rig[MINING.plain] = False
        return rig, []
    for key in ("total_rateideal", "THEORY HASHRATE"):
        if (ideal := rate_of(record, key, unit)) is not None and ideal[0] > 0:
            rig.put_rate(EXPECTED_HASHRATE.plain, *ideal)
    rig.put(POWER.plain, _socket_power(record))
    fans = {number: record.raw(f"fan{number}") for number in range(1, MOST + 1)}
    # Connectors without a fan report 0.
    fitted = set() if connectors is None else connectors
    fitted |= {number for number, speed in fans.items() if speed}
    _put_fans(rig, [fans[number] for number in sorted(fitted)], kind)
    return rig, from_socket(record, unit)


def _put_socket_rate(rig: Values, fields: Fields, unit: Unit) -> None:
    """Add the present rate; keys of some machines mean another unit than they say."""
    for key in (
        "GHS 5s",
        "total_rate",
        "total rate",
        "RT HASHRATE",
        "GHS av",
        "AV HASHRATE",
        "MHS 5s",
        "MHS av",
    ):
        named = (1e6, "H/s") if key.startswith("M") else unit
        if (rate := rate_of(fields, key, named)) is not None:
            rig.put_rate(HASHRATE.plain, *rate)
            return


def _socket_power(record: Fields) -> float | None:
    """Return the power that custom firmware reports, in W; `chain_power` is none."""
    if (total := record.positive("total_power", maximum=MOST_WATTS)) is not None:
        return total
    boards = [n for n in range(1, MOST + 1) if record.raw(f"chain_acn{n}")]
    each = [
        record.positive(f"chain_consumption{n}", maximum=MOST_WATTS) for n in boards
    ]
    known = [watts for watts in each if watts is not None]
    return sum(known) if known and len(known) == len(each) else None


def _put_rate(rig: Values, channel: Any, rate: float | None, unit: Unit) -> None:
    if rate is not None and 0 <= rate < 1e15:
        rig.put_rate(channel, rate, unit)


def _put_averages(rig: Values, sources: list[Fields], elapsed: str, unit: Unit) -> None:
    """Add averages that are full; one of a machine without hashrate is from before."""
    uptime = _number(sources, elapsed)
    if uptime is None or not rig.get(HASHRATE.plain):
        return
    for key, window, seconds in _AVERAGES:
        # One that Elphapex does not fill stays 0.
        if uptime >= seconds and (rate := _number(sources, key)):
            _put_rate(rig, HASHRATE.channel(window), rate, unit)


def _number(sources: list[Fields], key: str) -> float | None:
    """Return the first number under a key; statistics go before the summary."""
    for fields in sources:
        if (found := fields.number(key)) is not None:
            return found
    return None


def _first(fields: Fields, section: str) -> Fields | None:
    return next(iter(fields.each(section, most=MOST_LISTED)), None)


def _put_fans(rig: Values, speeds: list[Any], kind: str | None) -> None:
    if _HYDRO.search(kind or "") and not any(speeds):
        # Cooled by water.
        return
    for place, speed in enumerate(speeds[:MOST], 1):
        if type(speed) in (int, float) and 0 <= speed <= _FASTEST_FAN:
            number = place if len(speeds) > 1 else None
            rig[FAN_SPEED.channel(number=number)] = speed


def _put_fault(rig: Values, summary: Fields | None) -> None:
    """Add what the machine says of its hashrate, network, fans and temperature."""
    if summary is None:
        return
    states = list(summary.each("status", most=MOST_LISTED))[:MOST]
    if not states:
        return
    bad = [state for state in states if (state.text("status") or "").lower() not in _OK]
    rig[readings.FAULT.plain] = bool(bad)
    words = [
        " ".join(
            word
            for word in (
                state.text("type"),
                str(state.raw("code") or ""),
                state.text("msg"),
            )
            if word
        )
        for state in bad
    ]
    if text := "; ".join(filter(None, words)):
        rig[readings.FAULT_TEXT.plain] = text[:255]


def watts(text: str) -> float | None:
    """Return the power of an answer at port 6060: "miner power:3502"."""
    found = re.fullmatch(r"\s*miner power:\s*(\d{1,5}(?:\.\d{1,3})?)\s*", text)
    power = float(found[1]) if found else 0
    return power if 0 < power <= MOST_WATTS else None
