"""Typed values out of decoded JSON, each on its own: a bad one affects no other.

`Fields` returns the value at a path, or None. A field that is missing or null is not
known; one with a value that makes no sense is also added to `unparsed`, which goes to
diagnostics as paths, never as values.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
import math
import re
from typing import Any, Final

from ...model import Channel, Value

LONGEST_TEXT: Final = 255
"""Characters of a state in Home Assistant, at most."""
MOST_LISTED: Final = 256
"""Cards, or threads of cards, of one answer that are looked at: far more than are taken."""
_LONGEST_UPTIME: Final = 50 * 365 * 86400
LARGEST_COUNT: Final = 2**63 - 1
_LARGEST: Final = 1e200
_AMOUNT: Final = re.compile(r"-?\d{1,40}(?:\.\d{1,40})?(?:[eE][+-]?\d{1,2})?", re.ASCII)
_AMOUNT_DIGITS: Final = 60
"""Digits of an amount of money before and after the point, at most."""
_NUMBER: Final = re.compile(
    r"\s*[-+]?\d{1,40}(\.\d{1,40})?([eE][-+]?\d{1,3})?\s*", re.ASCII
)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

_CPU_NOISE: Final = re.compile(
    r"\((?:R|TM)\)|\bCPU\b|@.*|(?:\b\w+-Core\s+)?\bProcessor\b", re.IGNORECASE
)

WALLET: Final = re.compile(r"(?<![0-9A-Za-z])[0-9A-Za-z]{25,}(?![0-9A-Za-z])")
"""A wallet address of any coin: a long word of letters and digits."""

type _Step = str | int


def cpu_name(brand: str | None) -> str | None:
    """Return a processor's name without trade marks and clock.

    "Intel(R) Core(TM) i7-5960X CPU @ 3.00GHz" is an Intel Core i7-5960X.
    """
    if brand is None:
        return None
    return " ".join(_CPU_NOISE.sub("", brand).split()) or brand


def _number_in(text: str) -> int | float | None:
    """Return the number that a text is, None for any other text."""
    if (match := _NUMBER.fullmatch(text)) is None:
        return None
    return int(text) if match[1] is None and match[2] is None else float(text)


class Fields:
    """A JSON object, or any other value in its place, read by path."""

    __slots__ = ("_data", "_path", "unparsed")
    _reads_text = False
    """Whether a text can be a number."""

    def __init__(
        self, data: Any, *path: _Step, unparsed: list[str] | None = None
    ) -> None:
        """Take the data, and its path in the answer.

        Objects inside share the list of unparsed paths.
        """
        self._data = data
        self._path = path
        self.unparsed: list[str] = [] if unparsed is None else unparsed

    def of(self, data: Any, *path: _Step) -> Fields:
        """Return fields of the same kind of a part of the data, or made of it."""
        return type(self)(data, *self._path, *path, unparsed=self.unparsed)

    def raw(self, *path: _Step) -> Any:
        """Return the value at a path, None where there is none."""
        found = self._data
        for step in path:
            # Decoded JSON has no subclasses of its types.
            if type(found) is dict:
                found = found.get(step)
            elif type(found) is list and type(step) is int and step < len(found):
                found = found[step]
            else:
                return None
        return found

    def has(self, *path: _Step) -> bool:
        """Return whether there is a value other than null."""
        return self.raw(*path) is not None

    def _note(self, path: Sequence[_Step]) -> None:
        self.unparsed.append(".".join(map(str, (*self._path, *path))))

    def number(
        self,
        *path: _Step,
        minimum: float = 0,
        maximum: float = math.inf,
        scale: float = 1,
    ) -> float | None:
        """Return a finite number within the bounds, in the reading's inner unit.

        `scale` converts the wire's unit into the inner one.
        """
        found = self.raw(*path)
        if found is None:
            return None
        if type(found) is str and self._reads_text:
            found = _number_in(found)
        if (
            type(found) is float or type(found) is int
        ) and -_LARGEST < found < _LARGEST:
            # An integer stays one, so that a state reads 72, not 72.0.
            value: float = found if scale == 1 else found * scale
            if minimum <= value <= maximum:
                return value
        self._note(path)
        return None

    def numbers(self, *path: _Step, length: int) -> tuple[float | None, ...]:
        """Return the first numbers of a list, None for each that is not known."""
        found = self.raw(*path)
        if found is None:
            return (None,) * length
        if type(found) is not list:
            self._note(path)
            return (None,) * length
        return tuple([self.number(*path, index) for index in range(length)])

    def positive(
        self, *path: _Step, maximum: float = math.inf, scale: float = 1
    ) -> float | None:
        """Return a number, None for a 0 that means "not available"."""
        return self.number(*path, maximum=maximum, scale=scale) or None

    def count(self, *path: _Step, maximum: int = LARGEST_COUNT) -> int | None:
        """Return a whole number from 0 to `maximum`."""
        found = self.raw(*path)
        if found is None:
            return None
        if type(found) is str and self._reads_text:
            found = _number_in(found)
        if type(found) is float and found.is_integer():
            found = int(found)
        if type(found) is int and 0 <= found <= maximum:
            return found
        self._note(path)
        return None

    def amount(self, *path: _Step) -> Decimal | None:
        """Return a decimal number exactly as it was sent, as text or as a number.

        Numbers with a fraction must not have been through binary floating point.
        """
        found = self.raw(*path)
        if found is None:
            return None
        value = None
        if (
            type(found) is Decimal
            or type(found) is int
            or (type(found) is str and _AMOUNT.fullmatch(found))
        ):
            value = Decimal(found)
        if value is not None and value.is_finite():
            # Written out, 1e999999 would fill the memory.
            exponent = value.as_tuple().exponent
            assert isinstance(exponent, int)
            if exponent >= -_AMOUNT_DIGITS and value.adjusted() <= _AMOUNT_DIGITS:
                return value
        self._note(path)
        return None

    def moment(self, *path: _Step) -> datetime | None:
        """Return the moment of an RFC 3339 text; a date is its beginning in UTC.

        Fractions finer than microseconds are cut. A year before 1970 means "never".
        """
        found = self.raw(*path)
        if found is None:
            return None
        if type(found) is str:
            try:
                moment = datetime.fromisoformat(found)
                if moment.tzinfo is None:
                    moment = moment.replace(tzinfo=UTC)
                moment = moment.astimezone(UTC)
            except ValueError, OverflowError:
                pass
            else:
                return None if moment < _EPOCH else moment
        self._note(path)
        return None

    def flag(self, *path: _Step) -> bool | None:
        """Return true or false."""
        found = self.raw(*path)
        if found is None or isinstance(found, bool):
            return found
        self._note(path)
        return None

    def text(self, *path: _Step, longest: int = LONGEST_TEXT) -> str | None:
        """Return a text that is not blank, cut to the length of a state."""
        found = self.raw(*path)
        if found is None:
            return None
        if isinstance(found, str):
            if not found.isprintable():
                found = "".join(filter(str.isprintable, found))
            return found.strip()[:longest] or None
        self._note(path)
        return None

    def start(self, now: datetime, *path: _Step) -> datetime | None:
        """Return `now` minus the seconds at the path."""
        seconds = self.number(*path, maximum=_LONGEST_UPTIME)
        return None if seconds is None else now - timedelta(seconds=seconds)

    def inside(self, *path: _Step) -> Fields:
        """Return the object at the path; an empty one where there is none."""
        found = self.raw(*path)
        if found is not None and not isinstance(found, dict):
            self._note(path)
            found = None
        return self.of(found, *path)

    def each(self, *path: _Step, most: int | None = None) -> Iterator[Fields]:
        """Iterate over the objects of the list at the path, the first `most` of them."""
        for _, item in self.placed(*path, most=most):
            yield item

    def placed(
        self, *path: _Step, most: int | None = None
    ) -> Iterator[tuple[int, Fields]]:
        """Iterate as `each`, with the places of the objects in the list.

        An empty text in its place is an empty list.
        """
        found = self.raw(*path)
        if found is None or found == "":
            return
        if not isinstance(found, list):
            self._note(path)
            return
        for index, item in enumerate(found[:most]):
            if isinstance(item, dict):
                yield index, self.of(item, *path, index)
            else:
                self._note([*path, index])


class TextNumbers(Fields):
    """Fields whose numbers may be text: "61.5", "4.59e+06"."""

    __slots__ = ()
    _reads_text = True


class Values(dict[Channel[Any], Value]):
    """The known values of a part, by channel."""

    __slots__ = ("work_units",)

    def __init__(self, values: Mapping[Channel[Any], Value] | None = None) -> None:
        """Know those values."""
        super().__init__(values or {})
        self.work_units: dict[int | None, str] = {}
        """Those of the part: base units of hashrates by their numbers."""

    def put_rate(
        self, channel: Channel[float], rate: float, unit: tuple[float, str]
    ) -> None:
        """Add a hashrate in a unit: its factor, and its base unit."""
        self[channel] = rate * unit[0] if unit[0] != 1 else rate
        self.work_units[channel.number] = unit[1]

    def put[T: Value](self, channel: Channel[T], value: T | None) -> None:
        """Add a value unless it is None."""
        if value is not None:
            self[channel] = value
