"""The table of workers of an xmrig-proxy.

Since version 2.4 a row has 13 columns. A worker that is gone stays in the table with 0
connections until the proxy restarts or names workers by something else.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import product
from typing import Any, Final

from ....model import Channel, Part, PartKind, Value
from ....readings import ACCEPTED, CONNECTED, HASHRATE, INVALID, REJECTED
from ...common.decoding import LONGEST_TEXT, Fields, Values
from ..summary import HASHES
from . import readings
from .names import Name, Names
from .parse import KILO, RATES, leave_full, unfilled

type Row = list[Any]

_COLUMNS: Final = 13
_LARGEST_COUNT: Final = 2**63
_LARGEST_RATE: Final = 1e12
_LAST_MOMENT: Final = 253402300799000


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
    """Read milliseconds since 1970; 0 means none."""
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


def _read_columns(row: Row, index: int, unparsed: list[str]) -> Values:
    """Read a row of which any column may be missing or of another type."""
    length = len(row)
    if length < _COLUMNS:
        unparsed.append(f"workers.{index}")
    values = Values()
    for column, channel, read in _READ:
        if column >= length:
            break
        found = row[column]
        if (value := read(found)) is not None:
            values[channel] = value
        elif found:
            unparsed.append(f"workers.{index}.{column}")
    connections = values.get(_CONNECTIONS)
    if connections is not None:
        values[_CONNECTED] = bool(connections)
    return values


_REGULAR: Final = frozenset(
    (str, str, *[int] * 6, *rates) for rates in product((int, float), repeat=len(RATES))
)
"""The types of the columns in a regular row."""
_M1, _M10, _H1, _H12, _D1 = RATES
_ACCEPTED, _REJECTED, _INVALID, _HASHES = _COUNTS


def _read_regular(row: Row) -> dict[Channel[Any], Value] | None:
    """Read a regular row, as nearly all are; return None for any other.

    There may be hundreds in each table. The values equal those of `_read_columns`.
    """
    if tuple(map(type, row)) not in _REGULAR:
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
    """The workers of a table."""

    parts: tuple[Part, ...] = ()
    unparsed: tuple[str, ...] = ()


MOST_ROWS: Final = 1000
"""Unless the owner has more workers enabled."""


class WorkerTable:
    """Parses tables; an unchanged row yields the same part as before."""

    def __init__(self, names: Names, most: int = MOST_ROWS) -> None:
        """Start without known rows; of a longer table the first `most` are looked at."""
        self._names = names
        self._most = most
        self._before: dict[str, tuple[Row, Part]] = {}
        self._uptime: float | None = None
        self._unfilled: tuple[Channel[float], ...] = ()
        self._data: Any = None

    def parse_again(self) -> Workers | None:
        """Parse the last table, after the names of its workers changed."""
        return self.parse(self._data, self._uptime)

    def parse(self, data: Any, uptime: float | None = None) -> Workers | None:
        """Parse a table; None where the data is not one.

        `uptime` is the proxy's in seconds: no worker has mined at it for longer.

        Before 2.16 a proxy answers unknown paths with the summary.
        """
        if not isinstance(data, dict) or not isinstance(data.get("workers"), list):
            return None
        self._data = data
        mode = data.get("mode")
        if mode is not None and not isinstance(mode, str):
            # Unknown: names may be secret.
            mode = ""
        self._uptime = uptime
        if (found := unfilled(uptime)) != self._unfilled or HASHRATE.plain in found:
            self._unfilled, self._before = found, {}
        now: dict[str, tuple[Row, Part]] = {}
        unparsed: list[str] = []
        for index, row in enumerate(data["workers"][: self._most]):
            if type(row) is not list or not row or type(row[0]) is not str:
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
                now[name.key] = (row, self._part(name, row, index, unparsed))
        self._before = now
        return Workers(tuple([part for _, part in now.values()]), tuple(unparsed))

    def _part(self, name: Name, row: Row, index: int, unparsed: list[str]) -> Part:
        """Return the worker of a row."""
        values = _read_regular(row) or _read_columns(row, index, unparsed)
        leave_full(values, self._uptime, self._unfilled)
        return Part(kind=PartKind.WORKER, key=name.key, name=name.shown, values=values)
