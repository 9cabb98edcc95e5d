"""Spoils JSON documents: their structure, their values, their bytes."""

from collections.abc import Callable, Sequence
from copy import deepcopy
import json
from random import Random
from typing import Any, Final

_NUMBERS: Final = (
    *(0, -1, 1, 2**31, 2**32 - 1, 2**53 + 1, 2**63 - 1, -(2**63), 2**64 - 1),
    *(0.0, -0.0, 0.1, -0.5, 1e15, 1e300, 1.7e308, -1.7e308, 5e-324),
)
_TEXTS: Final = (
    *("", " ", "\x00", "\u202e", "０３", "🔥" * 300, "a" * 70_000, "9" * 400),
    *("NaN", "-Infinity", "1e999", "0x10", "1_0", "null", "true", "-", ".", "1,5"),
    *("60", "60.0", " 60 ", "5 GH/s", "1 day", "01:02:03:04", "2026-01-01T00:00:00Z"),
    *("stratum+tcp://user:pass@[::1]:99999/x", "://", "0.0.0.0:0", "[", "%s{0}\n\r\t"),
)
_RAW: Final = (
    *(b"NaN", b"Infinity", b"-Infinity", b"1e999", b"-1e999", b"1" * 400, b"1" * 5000),
    *(b'"\\ud800"', b'"\\u0000"', b"[" * 5000, b"[" * 400 + b"]" * 400, b"01", b"+1"),
    *(b'{"a":' * 500 + b"1" + b"}" * 500, b'"\xff\xfe"', b"", b"'a'", b"{}{}", b"//"),
)
"""What is no JSON, or none that every decoder takes."""
_MARK: Final = "\x01raw\x01"
_MARKED: Final = json.dumps(_MARK).encode()
_ENCODINGS: Final = ("utf-16", "utf-8-sig", "cp1251", "latin-1", "shift-jis")
_DESCENDS: Final = 0.8
_MOST_REPEATS: Final = 64

type _Place = tuple[Any, Any]
"""A list or an object, and the index or the key of one of its values."""


class Mutator:
    """Spoils documents; the same random numbers spoil them in the same way."""

    def __init__(self, random: Random) -> None:
        """Take the random numbers."""
        self._random = random
        self._raw: list[bytes] = []
        self._changes: Sequence[Callable[[_Place], None]] = (
            self._replace,
            self._replace,
            self._replace_raw,
            self._remove,
            self._scale,
            self._repeat,
            self._add,
            self._wrap,
        )

    def mutate(self, body: bytes) -> bytes:
        """Return a spoilt copy of a JSON document, or of any other text."""
        try:
            json.loads(body)
        except ValueError:
            return self._spoil_bytes(body)
        chance = self._random.random()
        if chance < 0.05:
            return self._chosen(_RAW)
        if chance < 0.85:
            body = self._spoil_structure(body)
        return self._spoil_bytes(body) if chance > 0.75 else body

    def text(self) -> str:
        """Return a strange text."""
        return self._chosen(_TEXTS)

    def value(self, depth: int = 0) -> Any:
        """Return any JSON."""
        pick = self._random.randrange(10 if depth < 3 else 8)
        if pick < 3:
            return self._chosen(_NUMBERS)
        if pick < 6:
            return self.text()
        if pick < 8:
            return self._chosen((None, True, False, [], {}))
        inner = [self.value(depth + 1) for _ in range(self._random.randrange(4))]
        return inner if pick == 8 else {str(n): v for n, v in enumerate(inner)}

    # ---- the structure

    def _spoil_structure(self, body: bytes) -> bytes:
        root = [json.loads(body)]
        self._raw.clear()
        for _ in range(self._random.randint(1, 4)):
            before = self._place(root)
            if self._random.random() < 0.15:
                # The type that belongs elsewhere.
                holder, key = self._place(root)
                before[0][before[1]] = deepcopy(holder[key])
            else:
                self._chosen(self._changes)(before)
        spoilt = json.dumps(root[0], separators=(",", ":")).encode()
        for raw in self._raw:
            spoilt = spoilt.replace(_MARKED, raw, 1)
        if self._random.random() < 0.1:
            spoilt = self._double_key(spoilt)
        return spoilt

    def _place(self, root: list[Any]) -> _Place:
        holder: Any = root
        key: Any = 0
        while True:
            found = holder[key]
            if not found or not isinstance(found, list | dict):
                return holder, key
            if self._random.random() > _DESCENDS:
                return holder, key
            holder = found
            key = self._chosen(
                [*found] if isinstance(found, dict) else range(len(found))
            )

    def _replace(self, place: _Place) -> None:
        place[0][place[1]] = self.value()

    def _replace_raw(self, place: _Place) -> None:
        place[0][place[1]] = _MARK
        self._raw.append(self._chosen(_RAW))

    def _remove(self, place: _Place) -> None:
        holder, key = place
        if isinstance(holder, dict):
            del holder[key]
        else:
            holder[key] = None

    def _scale(self, place: _Place) -> None:
        holder, key = place
        found = holder[key]
        if isinstance(found, int | float) and not isinstance(found, bool):
            holder[key] = self._chosen(
                (-found, str(found), float(found), found * 1e9, [found], bool(found))
            )
        elif isinstance(found, str):
            holder[key] = self._chosen(
                (found * 50, found[::-1], [found], found.encode().hex())
            )
        else:
            holder[key] = self._chosen((None, 0, [found], {"": found}))

    def _repeat(self, place: _Place) -> None:
        holder, key = place
        found = holder[key]
        if isinstance(found, list) and found:
            holder[key] = found * self._random.randint(2, _MOST_REPEATS)
        elif isinstance(found, dict):
            many = self._random.randint(2, _MOST_REPEATS)
            holder[key] = found | {
                f"{n}": v for n, v in zip(range(many), found.values(), strict=False)
            }
        else:
            holder[key] = [found] * self._random.randint(2, _MOST_REPEATS)

    def _add(self, place: _Place) -> None:
        found = place[0][place[1]]
        if isinstance(found, dict):
            found[self.text()] = self.value()
        elif isinstance(found, list):
            found.insert(self._random.randint(0, len(found)), self.value())

    def _wrap(self, place: _Place) -> None:
        holder, key = place
        for _ in range(self._random.choice((1, 2, 100))):
            holder[key] = [holder[key]]

    def _double_key(self, spoilt: bytes) -> bytes:
        """Give an object a key twice."""
        start = spoilt.find(b'{"')
        end = spoilt.find(b'":', start + 2)
        if start < 0 or end < 0:
            return spoilt
        value = json.dumps(self.value()).encode()
        return b"".join((spoilt[: end + 2], value, b",", spoilt[start + 1 :]))

    # ---- the bytes

    def _spoil_bytes(self, body: bytes) -> bytes:
        if self._random.random() < 0.1:
            encoding = self._chosen(_ENCODINGS)
            return body.decode(errors="replace").encode(encoding, "replace")
        spoilt = bytearray(body)
        for _ in range(self._random.randint(1, 6)):
            start = self._random.randint(0, len(spoilt))
            end = min(start + self._random.randint(0, 40), len(spoilt))
            match self._random.randrange(5):
                case 0:
                    del spoilt[start:end]
                case 1:
                    spoilt[start:start] = spoilt[start:end]
                case 2:
                    spoilt[start:start] = self._random.randbytes(3)
                case 3 if start < len(spoilt):
                    spoilt[start] ^= 1 << self._random.randrange(8)
                case _ if self._random.random() < 0.2:
                    del spoilt[start:]
        return bytes(spoilt)

    def _chosen[T](self, options: Sequence[T]) -> T:
        return self._random.choice(options)
