"""The units of an Antminer's hashrates, which depend on what it mines."""

import re
from typing import Final

from ...hashrate import parse_unit

type Unit = tuple[float, str]
"""The factor to the base unit, and the base unit."""

_GIGA: Final[Unit] = (1e9, "H/s")
_BY_TYPE: Final[tuple[tuple[re.Pattern[str], Unit], ...]] = tuple(
    (re.compile(pattern, re.IGNORECASE), unit)
    for pattern, unit in (
        (r"antminer [lde]\d|hammer|volcminer|^dg[-\d ]", (1e6, "H/s")),
        (r"antminer z\d", (1e3, "Sol/s")),
    )
)
_ALGORITHMS: Final[tuple[tuple[re.Pattern[str], str], ...]] = tuple(
    (re.compile(pattern, re.IGNORECASE), name)
    for pattern, name in (
        (r"(?:^|antminer )[st]\d", "SHA-256"),
        (r"antminer l\d|^dg[-\d ]|volcminer", "Scrypt"),
        (r"antminer d\d", "X11"),
        (r"antminer e\d", "Ethash"),
        (r"antminer z\d", "Equihash"),
        (r"antminer ks", "kHeavyHash"),
        (r"antminer k\d", "Eaglesong"),
    )
)
_OLD_MEGA: Final = re.compile("antminer (l3|d3|e3)", re.IGNORECASE)


def unit_of(rate_unit: str | None, kind: str | None) -> Unit:
    """Return the unit: what the answer names, else that of the machine's type."""
    if rate_unit and (found := parse_unit(rate_unit)) is not None:
        return found
    return next(
        (unit for pattern, unit in _BY_TYPE if pattern.search(kind or "")), _GIGA
    )


def algorithm_of(kind: str | None) -> str | None:
    """Return what a type mines, None where that is not known."""
    return next(
        (name for pattern, name in _ALGORITHMS if pattern.search(kind or "")), None
    )


def socket_unit(rate_unit: str | None, kind: str | None) -> Unit:
    """Return the unit behind keys that say GHS: some old machines mean MH/s."""
    return (1e6, "H/s") if _OLD_MEGA.search(kind or "") else unit_of(rate_unit, kind)
