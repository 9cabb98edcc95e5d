"""The JSON-RPC of Claymore's miners, PhoenixMiner, ethminer and TT-Miner (port 3333).

`miner_getstat1` answers with a list of texts: version and coin, minutes, then totals
"hashrate;shares;rejected", hashrates, the same of a second coin, "temperature;fan" of
each card, pools, "invalid shares;…", and watts in newer PhoenixMiners.
"""

from datetime import datetime
import re
from typing import Final

from ...model import Snapshot
from ...readings import COIN, FAN_LEVEL, POOL, POWER, STARTED, TEMPERATURE
from ..common.answer_table import HOTTEST
from ..common.contract import JsonObject, SourceContext, SourceRefused
from ..common.decoding import Fields
from ..common.public_text import public_address
from .mapping import NUMBERS, Mapped
from .read_only import Program, ReadOnlyMiner, socket_question
from .requests import JsonLine
from .rows import SHARES

_NAME: Final = "Claymore"
_LINE: Final[JsonObject] = {"id": 0, "jsonrpc": "2.0", "method": "miner_getstat1"}
_EQUIHASH: Final = frozenset(
    ("ANON", "BTCP", "BTCZ", "BTG", "HUSH", "KMD", "YEC", "ZCL", "ZEC", "ZEN", "ZER")
)
_NUMBER: Final = re.compile(r"\d{1,18}(?:\.\d{1,9})?", re.ASCII)
_DENIED: Final = re.compile("auth|denied|password|psw", re.IGNORECASE)
_MOST: Final = 256
"""Items of one text."""


def version(fields: Fields) -> str | None:
    """Return program and version, None for the answer of anything else.

    Raises SourceRefused where the miner wants another password.
    """
    if isinstance(fields.raw("result", 6), str) and _numbers(fields, 2):
        return _title(fields)[0]
    if _DENIED.search(str(fields.raw("error") or "")):
        raise SourceRefused("The miner wants another password")
    return None


QUESTION: Final = socket_question(_NAME, _LINE, version, has_page=True)


def _title(fields: Fields) -> tuple[str, str | None]:
    """Return version and coin: "PM 5.1c - ETH"."""
    name, _, coin = (fields.text("result", 0) or "").partition(" - ")
    return name.strip(), coin.strip().upper() or None


def _unit(name: str, coin: str | None) -> tuple[float, str]:
    if coin in _EQUIHASH:
        return 1, "Sol/s"
    return (1 if name.startswith("TT-Miner") else 1000), "H/s"


def parse(fields: Fields, now: datetime) -> Snapshot:
    """Map an answer."""
    mapped, (name, coin) = Mapped(), _title(fields)
    unit, rig = _unit(name, coin), mapped.rig
    rig.put(COIN.plain, coin)
    if minutes := _numbers(fields, 1):
        uptime = Fields({"s": None if minutes[0] is None else minutes[0] * 60})
        rig.put(STARTED.plain, uptime.start(now, "s"))
    cards = [mapped.add_card(number=place) for place in range(len(_numbers(fields, 3)))]
    invalid = _numbers(fields, 8)
    pools = (fields.text("result", 7) or "").split(";")
    for place, number in enumerate(NUMBERS[:2]):
        rates = _numbers(fields, 3 + 2 * place)
        if place and all(rate is None for rate in rates):
            continue
        totals = [*_numbers(fields, 2 + 2 * place), None, None, None]
        mapped.put_rate(rig, number, totals[0], unit)
        for values, rate in zip(cards, rates, strict=False):
            mapped.put_rate(values, number, rate, unit)
        shares = {"rejected": totals[2], "invalid": (invalid[2 * place :] or [None])[0]}
        if totals[1] is not None and totals[2] is not None:
            shares["accepted"] = max(totals[1] - totals[2], 0)
        for word, count in shares.items():
            if count is not None:
                rig[SHARES[word].channel(number=number)] = int(count)
        if pool := public_address((pools[place:] or [""])[0]):
            rig[POOL.channel(number=number)] = pool
    sensors = _numbers(fields, 6)
    for values, heat, fan in zip(cards, sensors[::2], sensors[1::2], strict=False):
        if heat and heat <= HOTTEST:
            values[TEMPERATURE.plain] = heat
        if fan is not None and fan <= 100:
            values[FAN_LEVEL.plain] = fan
    watts = _numbers(fields, 9)
    parts = cards if len(watts) == len(cards) > 1 else [rig]
    for values, power in zip(parts, watts, strict=False):
        values.put(POWER.plain, power or None)
    return mapped.snapshot(fields, version(fields))


def _numbers(fields: Fields, place: int) -> list[float | None]:
    """Return the numbers of a text with semicolons; None for "off" and −1."""
    found = fields.raw("result", place)
    if not isinstance(found, str | int | float) or found == "":
        return []
    return [
        (float(word) if "." in word else int(word)) if _NUMBER.fullmatch(word) else None
        for word in map(str.strip, str(found).split(";")[:_MOST])
    ]


def _ask(context: SourceContext) -> JsonLine:
    password = context.data.get("password")
    return JsonLine(context, {**_LINE, "psw": password} if password else _LINE)


async def async_open(context: SourceContext) -> ReadOnlyMiner:
    """Return the source of one such miner, without any request."""
    program = Program(name=_NAME, ask=_ask, version=version, parse=parse)
    return ReadOnlyMiner(context, program)
