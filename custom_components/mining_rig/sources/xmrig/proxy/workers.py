"""The workers of an xmrig-proxy: its table, and what each one is called.

Wire facts: rows of 13 columns since 2.4. A worker that is gone stays in the table with 0
connections until the proxy restarts or its way of naming changes. By that way, a name is
a rig id (without one, the user), a user, a password, an agent or an address. Users and
passwords are secrets, and so is a wallet wherever it stands: such a worker is known by a
digest of its name, with a key that never leaves this computer.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import blake2b
from itertools import product
import re
from typing import Any, Final

from ....model import Channel, Part, PartKind, Value
from ....readings import ACCEPTED, CONNECTED, INVALID, REJECTED
from ...common.decoding import LONGEST_TEXT, WALLET, Fields, Values
from ..summary import HASHES
from . import readings
from .parse import KILO, RATES

type Row = list[Any]

LONGEST_NAME: Final = 32
"""Characters of a name that is shown as it is."""

_NAMED_OPENLY: Final = frozenset((None, "none", "rig_id", "agent", "ip"))
_AGENT: Final = "agent"
_ADDRESS_OF_MAIL: Final = re.compile(r"\S@\S+\.\S")
_SHOWN: Final = 4
_DIGEST_BYTES: Final = 8
_COLUMNS: Final = 13
_LARGEST_COUNT: Final = 2**63
_LARGEST_RATE: Final = 1e12
_LAST_MOMENT: Final = 253402300799000


@dataclass(frozen=True, slots=True)
class Name:
    """What a worker is known by: the key of its part, and the text for people."""

    key: str
    shown: str


class Names:
    """Gives workers their names; none of them holds a secret."""

    def __init__(self, salt: str) -> None:
        """Take the key of the digests."""
        self._salt = salt.encode()[: blake2b.MAX_KEY_SIZE]
        self._known: dict[tuple[str | None, str], Name] = {}

    def of(self, name: str, mode: str | None) -> Name:
        """Return the name of a worker; `mode` is the proxy's way of naming."""
        known = self._known.get((mode, name))
        if known is None:
            known = self._known[mode, name] = self._make(name, mode)
        return known

    def _make(self, name: str, mode: str | None) -> Name:
        digest = blake2b(
            name.encode(), digest_size=_DIGEST_BYTES, key=self._salt
        ).hexdigest()
        printable = "".join(filter(str.isprintable, name)).strip()
        if not _is_secret(name, mode):
            key = f"worker_{name}" if name.isprintable() else f"hidden_{digest}"
            return Name(key, printable or digest[:4])
        # Of a short password, nothing but a letter or two may be seen.
        short = mode != _AGENT or _looks_private(name)
        length = min(_SHOWN, len(name) // 3) if short else LONGEST_NAME
        return Name(f"hidden_{digest}", f"{printable[:length].strip()}… {digest[:4]}")


def _is_secret(name: str, mode: str | None) -> bool:
    return mode not in _NAMED_OPENLY or len(name) > LONGEST_NAME or _looks_private(name)


def _looks_private(name: str) -> bool:
    return any(pattern.search(name) for pattern in (WALLET, _ADDRESS_OF_MAIL))


# ---- the columns


def _count(value: Any) -> int | None:
    if type(value) is float and value.is_integer():
        value = int(value)
    return value if type(value) is int and 0 <= value < _LARGEST_COUNT else None


def _rate(value: Any) -> float | None:
    if (type(value) is float or type(value) is int) and 0 <= value < _LARGEST_RATE:
        return round(value * KILO)
    return None


def _moment(value: Any) -> datetime | None:
    """Read milliseconds since 1970; 0 says that there was none."""
    if type(value) is int and 0 < value <= _LAST_MOMENT:
        return datetime.fromtimestamp(value / 1000, UTC)
    return None


def _text(value: Any) -> str | None:
    return Fields([value]).text(0)


type _Column = tuple[int, Channel[Any], Callable[[Any], Value | None]]

_ADDRESS: Final = readings.ADDRESS.plain
_CONNECTIONS: Final = readings.CONNECTIONS.plain
_CONNECTED: Final = CONNECTED.plain
_LAST_SHARE: Final = readings.LAST_SHARE.plain
_COUNTS: Final[tuple[Channel[int], ...]] = (
    ACCEPTED.plain,
    REJECTED.plain,
    INVALID.plain,
    HASHES.plain,
)
_READ: Final[tuple[_Column, ...]] = (
    (1, _ADDRESS, _text),
    (2, _CONNECTIONS, _count),
    *((index, channel, _count) for index, channel in enumerate(_COUNTS, 3)),
    (7, _LAST_SHARE, _moment),
    *((index, channel, _rate) for index, channel in enumerate(RATES, 8)),
)


def _by_column(row: Row, index: int, unparsed: list[str]) -> Values:
    """Read a row of which each column may be missing or unparsed."""
    length = len(row)
    if length < _COLUMNS:
        unparsed.append(f"workers.{index}")
    values = Values()
    for column, channel, read in _READ:
        if column >= length:
            break
        told = row[column]
        if (value := read(told)) is not None:
            values[channel] = value
        elif told:
            unparsed.append(f"workers.{index}.{column}")
    connections = values.get(_CONNECTIONS)
    if connections is not None:
        values[_CONNECTED] = bool(connections)
    return values


_USUAL: Final = frozenset(
    (str, str, *[int] * 6, *rates) for rates in product((int, float), repeat=len(RATES))
)
"""The types of a row in which everything is as it should be."""
_M1, _M10, _H1, _H12, _D1 = RATES
_ACCEPTED, _REJECTED, _INVALID, _HASHES = _COUNTS


def _at_once(row: Row) -> dict[Channel[Any], Value] | None:
    """Read a row in which all is as it should be, as nearly all are; else None.

    There may be hundreds at every poll; what it tells is what `_by_column` tells.
    """
    if tuple(map(type, row)) not in _USUAL:
        return None
    (_, ip, connections, accepted, rejected, invalid, work, last, *rates) = row
    m1, m10, h1, h12, d1 = rates
    if (
        min(row[2:]) < 0
        or max(connections, accepted, rejected, invalid, work) >= _LARGEST_COUNT
        or max(rates) >= _LARGEST_RATE
        or not 0 < last <= _LAST_MOMENT
        or not 0 < len(ip) <= LONGEST_TEXT
        or not ip.isprintable()
        or " " in (ip[0], ip[-1])
    ):
        return None
    return {
        _ADDRESS: ip,
        _CONNECTIONS: connections,
        _CONNECTED: connections > 0,
        _ACCEPTED: accepted,
        _REJECTED: rejected,
        _INVALID: invalid,
        _HASHES: work,
        _LAST_SHARE: datetime.fromtimestamp(last / 1000, UTC),
        _M1: m1 and round(m1 * KILO),
        _M10: m10 and round(m10 * KILO),
        _H1: h1 and round(h1 * KILO),
        _H12: h12 and round(h12 * KILO),
        _D1: d1 and round(d1 * KILO),
    }


# ---- the table


@dataclass(frozen=True, slots=True)
class Workers:
    """What a table tells."""

    parts: tuple[Part, ...] = ()
    unparsed: tuple[str, ...] = ()


class WorkerTable:
    """Reads tables; a row that is as it was gives the part that it was."""

    def __init__(self, names: Names) -> None:
        """Know no row yet."""
        self._names = names
        self._before: dict[str, tuple[Row, Part]] = {}

    def parse(self, data: Any) -> Workers | None:
        """Read a table; None where this is none.

        Before 2.16 every path that a proxy does not know answers with the summary.
        """
        if not isinstance(data, dict) or not isinstance(data.get("workers"), list):
            return None
        mode = data.get("mode")
        if mode is not None and not isinstance(mode, str):
            # Nobody knows what the names are then.
            mode = ""
        now: dict[str, tuple[Row, Part]] = {}
        unparsed: list[str] = []
        for index, row in enumerate(data["workers"]):
            if (
                type(row) is not list
                or not row
                or type(row[0]) is not str
                or not row[0]
            ):
                unparsed.append(f"workers.{index}")
                continue
            name = self._names.of(row[0], mode)
            if name.key in now:
                unparsed.append(f"workers.{index}.0")
                continue
            before = self._before.get(name.key)
            if before is not None and before[0] == row:
                now[name.key] = before
            else:
                now[name.key] = (row, _part(name, row, index, unparsed))
        self._before = now
        return Workers(tuple([part for _, part in now.values()]), tuple(unparsed))


def _part(name: Name, row: Row, index: int, unparsed: list[str]) -> Part:
    """Return the worker of a row, which may be shorter than it should be."""
    values = _at_once(row) or _by_column(row, index, unparsed)
    return Part(kind=PartKind.WORKER, key=name.key, name=name.shown, values=values)
