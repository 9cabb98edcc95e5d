"""The hashrates in a record of the cgminer socket, whose keys hold unit and window."""

import re
from typing import Final

from .decoding import Fields

_FACTORS: Final = {"": 1.0, "K": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "P": 1e15}
_RATE: Final = re.compile(r"([KMGTP]?)HS (\d{1,5})([smh])", re.IGNORECASE)
_AVERAGE: Final = re.compile(r"([KMGTP]?)HS av", re.IGNORECASE)
_SECONDS: Final = {"s": 1, "m": 60, "h": 3600}


def present_rate(record: Fields) -> float | None:
    """Return the hashrate over the shortest time in H/s, else the average.

    Keys are "MHS 5s", "GHS 1m", "KHS 30s", "MHS av"; numbers may be text elsewhere.
    None where the record has none.
    """
    data = record.raw()
    found: list[tuple[float, float]] = []
    for key in data if isinstance(data, dict) else ():
        if match := _RATE.fullmatch(key):
            window = float(match[2]) * _SECONDS[match[3].lower()]
        elif match := _AVERAGE.fullmatch(key):
            window = float("inf")
        else:
            continue
        rate = record.number(key, scale=_FACTORS[match[1].upper()])
        if rate is not None:
            found.append((window, rate))
    return min(found)[1] if found else None
