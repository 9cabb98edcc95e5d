"""IceRiver's answers in the vocabulary; pure functions.

The answers at port 4111 and that of the web page have the same keys: "rtpow", "boards",
"fans", "pools". Hashrates are texts with a unit, "15011G"; integers may be floats.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
import re
from typing import Any, Final

from ...hashrate import parse_hashrate
from ...model import Part, PartKind
from ...readings import (
    ACCEPTED,
    ALGORITHM,
    BOARD_TEMPERATURE,
    CORE_CLOCK,
    EXPECTED_CHIPS,
    FAN_SPEED,
    HASHRATE,
    HOTTEST,
    INLET_TEMPERATURE,
    LOCATE,
    OUTLET_TEMPERATURE,
    POOL,
    POOL_CONNECTED,
    REJECTED,
    STARTED,
)
from ..common import answer_table as table
from ..common.cgminer_decoding import CgminerAnswer
from ..common.contract import JsonObject
from ..common.decoding import MOST_LISTED, Fields, Values
from ..common.mac_address import mac_address
from ..common.public_text import public_address

_MODEL: Final = re.compile(r"(?:^|_)((?:ks|al|rx)\d\w{0,3}?)(?:_|$)", re.IGNORECASE)
_ALGORITHMS: Final = {"ks": "kHeavyHash", "al": "Blake3", "rx": "SHA512/256d"}
_RUNTIME: Final = re.compile(r"(\d{1,6}):(\d{1,2}):(\d{1,2}):(\d{1,2})")
_MOST: Final = 16
"""Boards and fans."""

_BOARD: Final = (
    table.temperature(INLET_TEMPERATURE.plain, "intmp"),
    table.temperature(OUTLET_TEMPERATURE.plain, "outtmp"),
    table.positive(CORE_CLOCK.plain, "freq"),
    table.count(EXPECTED_CHIPS.plain, "chipnum"),
)


def reported(answer: CgminerAnswer) -> JsonObject:
    """Return what an answer of port 4111 reports, which may be nothing."""
    found = answer.data.get("ret")
    return found if isinstance(found, dict) else {}


def model(fields: Fields) -> str | None:
    """Return the model, which is in the name of the firmware: "KS5L"."""
    for key in ("model", "softver1", "softver2"):
        if match := _MODEL.search(fields.text(key) or ""):
            return match[1].upper()
    return None


def mac(fields: Fields) -> str | None:
    """Return the MAC address, upper case with colons."""
    return mac_address(fields.text("mac"))


def rate(fields: Fields, key: str) -> float | None:
    """Return a hashrate in H/s: "15011G", or a number in the unit of the answer."""
    unit = fields.text("unit")
    found = fields.raw(key)
    if type(found) in (int, float):
        found = f"{found}"
    if not isinstance(found, str) or (parsed := parse_hashrate(found, unit)) is None:
        return None
    return parsed[0]


def values(fields: Fields, now: datetime) -> Values:
    """Return the values of the machine."""
    rig = Values()
    if name := model(fields):
        rig.put(ALGORITHM.plain, _ALGORITHMS.get(name[:2].lower()))
    rig.put(HASHRATE.plain, rate(fields, "rtpow"))
    if match := _RUNTIME.fullmatch(fields.text("runtime") or ""):
        days, hours, minutes, seconds = map(int, match.groups())
        uptime = timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
        rig[STARTED.plain] = now - uptime
    fans = fields.raw("fans")
    count = min(len(fans), _MOST) if isinstance(fans, list) else 0
    for place in range(count):
        number = place + 1 if count > 1 else None
        speed = fields.number("fans", place, maximum=100_000)
        rig.put(FAN_SPEED.channel(number=number), speed)
    _put_pools(rig, fields)
    heats = [
        heat
        for board in fields.each("boards", most=MOST_LISTED)
        for heat in _heats(board)
    ]
    rig.put(HOTTEST.plain, max(heats, default=None))
    rig.put(LOCATE.plain, locate(fields))
    return rig


def locate(fields: Fields) -> bool | None:
    """Return whether the light is on."""
    for key in ("locate", "on"):
        if isinstance(found := fields.raw(key), bool):
            return found
        if found in (0, 1) and type(found) in (int, float):
            return bool(found)
    return None


def _put_pools(rig: Values, fields: Fields) -> None:
    """Add the pool in use, and the shares of all pools."""
    pools = list(fields.each("pools", most=MOST_LISTED))
    for reading, key in ((ACCEPTED, "accepted"), (REJECTED, "rejected")):
        counts = [count for pool in pools if (count := pool.count(key)) is not None]
        if counts:
            rig[reading.plain] = sum(counts)
    if not pools:
        return
    connected = [pool for pool in pools if pool.raw("connect") in (True, 1)]
    rig[POOL_CONNECTED.plain] = bool(connected)
    for pool in connected[:1]:
        rig.put(POOL.plain, public_address(pool.text("addr") or "") or None)


def _heats(board: Fields) -> Iterator[float]:
    """Go through the temperatures of a board; the inlet's is none of it."""
    heat = board.positive("outtmp", maximum=table.HOTTEST)
    yield from () if heat is None else (heat,)
    yield from _sensors(board)


def _sensors(board: Fields) -> list[float]:
    """Return the temperatures of the board's own sensors: "57.00-0.00-61.00"."""
    found: list[float] = []
    for word in (board.text("pcbtemp") or "").split("-")[:_MOST]:
        try:
            heat = float(word)
        except ValueError:
            continue
        if 0 < heat <= table.HOTTEST:
            found.append(heat)
    return found


def boards(fields: Fields) -> Iterator[Part]:
    """Return the hashboards by their own numbers."""
    known: set[int] = set()
    for place, board in list(fields.placed("boards", most=MOST_LISTED))[:_MOST]:
        number = board.count("no", maximum=255)
        if number is None or number in known:
            number = 100 + place
        known.add(number)
        shown = Values()
        table.put_rows(shown, board, _BOARD)
        shown.put(HASHRATE.plain, rate(board, "rtpow"))
        shown.put(BOARD_TEMPERATURE.plain, max(_sensors(board), default=None))
        yield Part(kind=PartKind.HASHBOARD, key=f"board{number}", values=shown)


def merged(answers: dict[str, Any]) -> Fields:
    """Return what all answers at port 4111 report, as one object."""
    whole: dict[str, Any] = {}
    for answer in answers.values():
        if isinstance(answer, dict):
            whole |= answer
    return Fields(whole)
