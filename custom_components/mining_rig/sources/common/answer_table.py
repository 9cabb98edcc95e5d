"""Tables that map an answer to readings: which channel has which place in an object.

A table is for values that stand alone in a decoded object: a number with its unit, a
count, a text. What needs two values, a join of two lists or a rule of its own is a plain
function beside the table. Objects inside are read with a table of their own, through
`Fields.inside`, or by a path of several steps.
"""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

from ...hashrate import parse_hashrate
from ...model import Channel, Value
from .decoding import LARGEST_COUNT, Fields, Values
from .public_text import public_address

type Path = str | tuple[str | int, ...]
"""A key, or the steps to a value further inside."""
type Read = Callable[..., Value | None]
"""Takes the fields and the steps of a path, as the methods of `Fields` do."""

LARGEST: Final = 1e200
"""The largest number without a bound of its own."""
HOTTEST: Final = 200
"""°C; a higher temperature is not a measured one."""
_FASTEST_FAN: Final = 200
"""%; some drivers report more than 100."""
LONGEST_PING: Final = 65535
"""ms; a higher latency is not a measured one."""
_ABOVE_ZERO: Final = 1e-200
_LAST_MOMENT: Final = 2**32

_NOTHING: Final[frozenset[type]] = frozenset()
_NUMBERS: Final[frozenset[type]] = frozenset((int, float))
_COUNTS: Final[frozenset[type]] = frozenset((int,))
_FLAGS: Final[frozenset[type]] = frozenset((bool,))


class Row(NamedTuple):
    """A channel, where its value is, and how the value is read.

    A value of one of the types `kinds` between `low` and `high` is used unchanged; a 0
    outside of them means "not known"; `read` handles every other value. With no `kinds`,
    `read` handles all.
    """

    channel: Channel[Any]
    key: str | int
    inner: tuple[str | int, ...]
    """The steps from the value of `key` to one further inside; mostly none."""
    read: Read
    kinds: frozenset[type] = _NOTHING
    low: float = 0
    high: float = 0


def put_rows(values: Values, fields: Fields, rows: Iterable[Row]) -> None:
    """Add the values of an object; most objects have only some of the keys."""
    data = fields.raw()
    if not isinstance(data, dict):
        return
    for channel, key, inner, read, kinds, low, high in rows:
        if (found := data.get(key)) is None:
            continue
        if inner and (found := fields.raw(key, *inner)) is None:
            continue
        if type(found) in kinds:
            if low <= found <= high:
                values[channel] = found
                continue
            if not found:
                continue
        if (value := read(fields, key, *inner)) is not None:
            values[channel] = value


def row(channel: Channel[Any], path: Path, read: Read) -> Row:
    """Return a row that a function reads; it is called for every value but null."""
    return Row(channel, *_steps(path), read)


def number(
    channel: Channel[float],
    path: Path,
    high: float = LARGEST,
    *,
    scale: float = 1,
    digits: int | None = None,
    none: tuple[float, ...] = (),
) -> Row:
    """Return a row of a number from 0 to `high`, in the reading's inner unit.

    `scale` converts the wire's unit, `digits` are the decimals to which the product is
    rounded (0 makes an integer). A value in `none`, as on the wire, means "not known".
    """

    def read(fields: Fields, *path: str | int) -> float | None:
        found = fields.raw(*path)
        if type(found) in _NUMBERS and found in none:
            return None
        value = fields.number(*path, maximum=high, scale=scale)
        if value is None or (not value and 0 in none):
            return None
        return value if digits is None else round(value, digits or None)

    unchanged = scale == 1 and digits is None
    low = _ABOVE_ZERO if 0 in none else 0
    kinds = _NUMBERS if unchanged else _NOTHING
    return Row(channel, *_steps(path), read, kinds, low, high)


def positive(
    channel: Channel[float],
    path: Path,
    high: float = LARGEST,
    *,
    scale: float = 1,
    digits: int | None = None,
    none: tuple[float, ...] = (),
) -> Row:
    """Return a row of a number whose 0 means "not known"."""
    return number(channel, path, high, scale=scale, digits=digits, none=(0, *none))


def temperature(channel: Channel[float], path: Path) -> Row:
    """Return a row of a temperature in °C; 0 and −1 mean that there is no sensor."""
    return positive(channel, path, HOTTEST, none=(-1,))


def fan_level(channel: Channel[float], path: Path) -> Row:
    """Return a row of a fan's level in %; 0 is a fan that stands still, −1 none."""
    return number(channel, path, _FASTEST_FAN, none=(-1,))


def latency(channel: Channel[float], path: Path) -> Row:
    """Return a row of the time to a pool in ms; 0 means "not known"."""
    return positive(channel, path, LONGEST_PING)


def count(channel: Channel[int], path: Path, high: int = LARGEST_COUNT) -> Row:
    """Return a row of a whole number from 0 to `high`."""
    return Row(
        channel,
        *_steps(path),
        lambda fields, *path: fields.count(*path, maximum=high),
        _COUNTS,
        0,
        high,
    )


def count_or_none(channel: Channel[int], path: Path, high: int = LARGEST_COUNT) -> Row:
    """Return a row of a count whose 0 means that it is not counted."""
    return Row(
        channel,
        *_steps(path),
        lambda fields, *path: fields.count(*path, maximum=high) or None,
        _COUNTS,
        1,
        high,
    )


def flag(channel: Channel[bool], path: Path) -> Row:
    """Return a row of true or false."""
    return Row(channel, *_steps(path), Fields.flag, _FLAGS, 0, 1)


def text(channel: Channel[str], path: Path) -> Row:
    """Return a row of a text that is not blank."""
    return Row(channel, *_steps(path), Fields.text)


def host_and_port(channel: Channel[str], path: Path) -> Row:
    """Return a row of host and port of a URL, without scheme, user and path."""

    def read(fields: Fields, *path: str | int) -> str | None:
        return public_address(fields.text(*path) or "") or None

    return Row(channel, *_steps(path), read)


def difficulty(channel: Channel[float], path: Path) -> Row:
    """Return a row of a difficulty: a number, or a text such as "4.00 G"."""
    return Row(channel, *_steps(path), _read_difficulty, _NUMBERS, _ABOVE_ZERO, LARGEST)


def _read_difficulty(fields: Fields, *path: str | int) -> float | None:
    if isinstance(text := fields.raw(*path), str):
        found = parse_hashrate(text)
        # The unit prefixes are those of a hashrate.
        if found is not None and found[1] == "H/s":
            return found[0] or None
        if not text.strip():
            return None
    return fields.positive(*path)


def moment(channel: Channel[datetime], path: Path) -> Row:
    """Return a row of a moment in s since 1970; 0 means "not yet"."""
    return Row(channel, *_steps(path), read_moment, _NUMBERS, 1, 0)


def read_moment(fields: Fields, *path: str | int) -> datetime | None:
    """Return the moment at a path in s since 1970; 0 means "not yet"."""
    seconds = fields.positive(*path, maximum=_LAST_MOMENT)
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


def _steps(path: Path) -> tuple[str | int, tuple[str | int, ...]]:
    return (path, ()) if isinstance(path, str) else (path[0], path[1:])
