"""Units of hashrate: how they are spelt on wires, and which one is shown.

Home Assistant converts no hashrates, so an entity's unit is chosen once, at its first
value, and kept. Solutions and graphs per second are units of their own, not hashes.
"""

from collections.abc import Mapping
import math
import re
from typing import Any, Final, Protocol

from .model import Channel

HASHES: Final = "H/s"

_PREFIXES: Final = ("", "k", "M", "G", "T", "P", "E", "Z")
_FACTORS: Final = {prefix: 1000.0**power for power, prefix in enumerate(_PREFIXES)}
_WORK: Final = {
    "h": "H/s",
    "hash": "H/s",
    "hashes": "H/s",
    "sol": "Sol/s",
    "sols": "Sol/s",
    "g": "g/s",
    "graph": "g/s",
    "graphs": "g/s",
}
_HASHRATE: Final = re.compile(
    r"\s*([0-9]+(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?)\s*([A-Za-z/ ]*)"
)


_BASES: Final = tuple(sorted({*_WORK.values()}, key=len, reverse=True))
"""The longest first: "Sol/s" ends like no other, but "g/s" could."""


class HasWork(Protocol):
    """A part, as it is now or as it is known."""

    @property
    def work_units(self) -> Mapping[int | None, str]:
        """Base units of its hashrates by their numbers."""


def work_unit(channel: Channel[Any], *parts: HasWork | None) -> str:
    """Return the base unit of a hashrate, or of the one behind an efficiency.

    The first part that has one for the channel's number counts. A reading that was made
    for solutions or graphs keeps its own.
    """
    unit = channel.reading.unit or HASHES
    if unit != HASHES:
        return unit
    found = (p.work_units.get(channel.number) for p in parts if p is not None)
    return next(filter(None, found), unit)


def base_of(unit: str) -> str | None:
    """Return the unit without a prefix that a unit is a form of: Sol/s for kSol/s."""
    return next((base for base in _BASES if factor(unit, base) is not None), None)


def ladder(base: str) -> tuple[str, ...]:
    """Return a base unit's prefixed forms, smallest first: H/s, kH/s … ZH/s."""
    return tuple(prefix + base for prefix in _PREFIXES)


def factor(unit: str, base: str) -> float | None:
    """Return how many of the base unit one of `unit` is; None if it is no form of it."""
    prefix = unit.removesuffix(base)
    return _FACTORS.get(prefix) if unit.endswith(base) else None


def suited_unit(value: float, base: str) -> str:
    """Return the form in which a value (in the base unit) has one to three digits."""
    if not math.isfinite(value) or value < 1:
        return base
    power = min(int(math.log10(value) / 3 + 1e-9), len(_PREFIXES) - 1)
    return _PREFIXES[power] + base


def efficiency_unit(unit: str) -> str:
    """Return the unit of energy per work for a unit of hashrate: J/TH for TH/s."""
    return f"J/{unit.removesuffix('/s')}"


def hashrate_unit(unit: str) -> str:
    """Return the unit of hashrate that an efficiency's unit belongs to."""
    return f"{unit.removeprefix('J/')}/s"


def _meaning(word: str, *, rate: bool) -> tuple[float, str] | None:
    """Split a spelt unit into its factor and base: "GH" is 1e9 and H/s."""
    if not word:
        return 1.0, "H/s"
    if word.lower() in _WORK and not (word.lower() == "g" and not rate):
        # "g/s" is graphs, a bare "G" behind a number is giga.
        return 1.0, _WORK[word.lower()]
    prefix, work = word[0], word[1:].lower()
    prefix = "k" if prefix in "kK" else prefix.upper()
    if prefix not in _FACTORS:
        return None
    if not work:
        return _FACTORS[prefix], "H/s"
    if work not in _WORK:
        return None
    return _FACTORS[prefix], _WORK[work]


def parse_unit(text: str) -> tuple[float, str] | None:
    """Read any spelling of a unit: `GH/s`, `kh/s`, `MHs`, `Gsol/s`, `TH`.

    Returns the factor to the base unit, and the base unit; None if it is none.
    """
    word = "".join(text.split())
    for ending in ("/sec", "/s", "ps"):
        if word.lower().endswith(ending):
            return _meaning(word[: -len(ending)], rate=True)
    # "MHs" drops the slash.
    if word.lower().endswith("hs"):
        return _meaning(word[:-1], rate=True)
    return _meaning(word, rate=False)


def parse_hashrate(text: str, unit: str | None = None) -> tuple[float, str] | None:
    """Read a number with any spelling of its unit: `95.5 GH/s`, `3283.87G`.

    `unit` holds where the text has none. Returns the value in the base unit, and the
    base unit; None if the text is no hashrate.
    """
    if (match := _HASHRATE.fullmatch(text)) is None:
        return None
    meaning = parse_unit(match[2] or unit or "")
    if meaning is None:
        return None
    value = float(match[1]) * meaning[0]
    return (value, meaning[1]) if math.isfinite(value) else None


def energy_per_work(watts: float, rate: float) -> float | None:
    """Return J per unit of work; None where nothing is used or no work is done."""
    if not (watts > 0 and rate > 0):
        return None
    joules = watts / rate
    return joules if math.isfinite(joules) else None
