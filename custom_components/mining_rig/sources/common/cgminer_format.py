"""The two forms of a cgminer answer, JSON and text, and the repair of what is broken.

JSON of some firmwares lacks commas, holds nan, escapes apostrophes; each repair is one
function. Nothing here knows what an answer means: see `cgminer_decoding`.
"""

from collections.abc import Iterable
import json
import math
import re
from typing import Any, Final

from .contract import JsonObject

MOST_RECORDS: Final = 1024
"""Records of one section that are kept."""
_LONGEST_LITERAL: Final = 40


class AnswerEnd:
    """Finds the end of an answer while it arrives, each byte looked at once.

    An answer ends at NUL; a JSON answer also with the last bracket, a text answer with
    `|`, but there more may follow.
    """

    _MARKS: Final = re.compile(rb'\\.?|["{}\[\]]', re.DOTALL)

    def __init__(self) -> None:
        """Start before the first byte."""
        self.is_text = False
        self.complete = False
        """Whether what came so far is a whole answer."""
        self.final = False
        """Whether a NUL ended it."""
        self._started = False
        self._depth = 0
        self._quoted = False
        self._escaped = False

    def feed(self, chunk: bytes) -> None:
        """Take the next bytes."""
        if not self._started:
            chunk = chunk.lstrip(_LEADING)
            if not chunk:
                return
            self._started = True
            self.is_text = chunk[:1] not in b"{["
        chunk, self.final = chunk.partition(b"\0")[0], b"\0" in chunk
        if self.is_text:
            if stripped := chunk.rstrip():
                self.complete = stripped.endswith(b"|")
        else:
            self._count(chunk)
            self.complete = self._depth == 0 and not self._quoted

    def _count(self, chunk: bytes) -> None:
        """Follow brackets and quotes; what is escaped counts as neither."""
        start = 1 if self._escaped and chunk else 0
        self._escaped = self._escaped and not chunk
        depth, quoted = self._depth, self._quoted
        for mark in self._MARKS.findall(chunk, start):
            if mark == b'"':
                quoted = not quoted
            elif mark == b"\\":
                self._escaped = True
            elif not quoted and len(mark) == 1:
                depth += 1 if mark in b"{[" else -1
        self._depth, self._quoted = depth, quoted


_LEADING: Final = b"\0 \t\r\n\xef\xbb\xbf"


def text_of(body: bytes) -> str:
    """Return the text up to the first NUL; bytes that are no UTF-8 become U+FFFD.

    Every Antminer ends its answers with NUL. Names of workers come in any encoding.
    """
    return body.lstrip(_LEADING).partition(b"\0")[0].decode(errors="replace").strip()


# JSON --------------------------------------------------------------------------------


def parse_json(text: str) -> list[Any]:
    """Return the JSON values of a text, repaired where necessary.

    Several values may follow each other; what follows the last is left out unless it
    is the beginning of another. Raises ValueError or RecursionError.
    """
    text = replace_lone_surrogates(text)
    try:
        return _parse_values(text)
    except ValueError:
        pass
    return _parse_values(repair_json(text))


def _parse_values(text: str) -> list[Any]:
    values: list[Any] = []
    at = _blank(text, 0)
    while text.startswith(("{", "["), at):
        value, at = _DECODER.raw_decode(text, at)
        values.append(value)
        at = _blank(text, at)
    return values


def _blank(text: str, at: int) -> int:
    """Return where the blanks and commas end that begin there."""
    found = _BLANK.match(text, at)
    return found.end() if found else at


def merge_pairs(pairs: Iterable[tuple[str, Any]]) -> JsonObject:
    """Return an object of pairs whose keys may occur twice.

    Two lists of objects (two "STATS") become one; of other values the last counts.
    """
    merged: JsonObject = {}
    for key, value in pairs:
        before = merged.get(key)
        if before and _holds_objects(before) and _holds_objects(value):
            if len(before) < MOST_RECORDS:
                before.extend(value)
        else:
            merged[key] = value
    return merged


def _holds_objects(value: Any) -> bool:
    return type(value) is list and (not value or type(value[0]) is dict)


def _finite(text: str) -> float | None:
    value = float(text)
    return value if math.isfinite(value) else None


_BLANK: Final = re.compile(r"[\s,]*+")
_DECODER: Final = json.JSONDecoder(
    # Raw control characters are allowed in strings.
    strict=False,
    object_pairs_hook=merge_pairs,
    parse_float=_finite,
    # NaN and Infinity
    parse_constant=lambda name: None,
)


def replace_lone_surrogates(text: str) -> str:
    r"""Replace half of a pair, such as `\ud83d` alone, which no text can hold."""
    if "\\u" not in text:
        return text
    return _SURROGATE.sub(lambda m: r"\ufffd" if m["lone"] else m[0], text)


_SURROGATE: Final = re.compile(
    r"\\(?:\\"
    r"|u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
    r"|(?P<lone>u[dD][89a-fA-F][0-9a-fA-F]{2}))"
)


def repair_json(text: str) -> str:
    """Return valid JSON for text that nearly is.

    Commas are added where they are missing (`}{`) and taken out where nothing follows
    (`,}`); a key without a value gets null; strings and literals are repaired each.
    Raises ValueError for a string without an end.
    """
    repaired: list[str] = []
    # What stands before: nothing yet, an opening bracket, ":" or a whole value (")").
    before = ""
    depth = 0
    for found in _TOKEN.finditer(text):
        token = found[0]
        if token in ",:}]":
            if before == ":":
                repaired.append("null")
                before = ")"
            if token == ":":
                repaired.append(token)
                before = ":"
            elif token != ",":
                repaired.append(token)
                depth -= 1
                before = ")"
            continue
        if before == ")":
            repaired.append("," if depth > 0 else " ")
        if token in "{[":
            depth += 1
            before = token
        else:
            token = repair_string(token) if token[0] == '"' else repair_literal(token)
            before = ")"
        repaired.append(token)
    return "".join(repaired)


_TOKEN: Final = re.compile(
    r'"(?:[^"\\]++|\\.)*+"|[{}\[\],:]|[^\s{}\[\],:"]++|"', re.DOTALL
)


def repair_string(token: str) -> str:
    r"""Return a quoted string with valid escapes: `\'` is an apostrophe.

    Any other backslash that escapes nothing stands for itself.
    """
    if token == '"':
        raise ValueError("a string without an end")
    if "\\" not in token:
        return token
    return _ESCAPE.sub(_escape, token)


_ESCAPE: Final = re.compile(
    r'\\(?:(?P<valid>["\\/bfnrt]|u[0-9a-fA-F]{4})|(?P<other>.))', re.DOTALL
)


def _escape(found: re.Match[str]) -> str:
    if found["valid"] is not None:
        return found[0]
    return "'" if found["other"] == "'" else f"\\\\{found['other']}"


def repair_literal(token: str) -> str:
    """Return valid JSON for a word outside of quotes.

    nan and inf are null, numbers lose signs and zeros that JSON does not allow, and
    what is none of these (12.3C) becomes a string.
    """
    word = token.lower()
    if word in ("true", "false", "null"):
        return word
    if word == "none" or len(token) > _LONGEST_LITERAL:
        return "null"
    if _JSON_NUMBER.fullmatch(token):
        return token
    if "_" not in token:
        try:
            value = float(token)
        except ValueError:
            pass
        else:
            return repr(value) if math.isfinite(value) else "null"
    if _NO_NUMBER.fullmatch(word):
        return "null"
    return f'"{token.replace("\\", "\\\\")}"'


_NO_NUMBER: Final = re.compile(r"[+-]?(?:nan\(.*|\d\.#(?:ind|inf|.?nan)\d*)")
"""What C libraries write beside nan and inf: -nan(0x8000000000000), -1.#IND."""
_JSON_NUMBER: Final = re.compile(
    r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?", re.ASCII
)


# Text --------------------------------------------------------------------------------


def is_text_answer(text: str) -> bool:
    """Return whether a text begins like an answer, even if it is cut off."""
    name, equals, _ = text.partition("=")
    return bool(equals) and name in ("STATUS", "CMD", *_SECTION_OF)


def parse_text(text: str) -> JsonObject:
    r"""Return a text answer as the object that the JSON form would be.

    Records end with `|`, their fields with `,` (ccminer: `;`). Both do not count after
    a backslash, and `,` not inside of `[…]`. All values are text. Raises ValueError
    unless it is whole.
    """
    if not text.endswith("|") or "=" not in text:
        raise ValueError("no text answer")
    whole: JsonObject = {}
    answer = whole
    for record in _text_records(text):
        names = _fields_of(record)
        name, equals, value = names[0].partition("=")
        if name == "CMD":
            answer = {}
            whole[value.strip()] = [answer]
            continue
        section = _SECTION_OF.get(name, name) if equals else name.strip()
        records = answer.setdefault(section, [])
        if len(records) < MOST_RECORDS:
            records.append(
                {
                    key.strip(): _TEXT_ESCAPE.sub(r"\1", value).strip()
                    for key, equals, value in (field.partition("=") for field in names)
                    if equals
                }
            )
    return whole


_SECTION_OF: Final = {
    "POOL": "POOLS",
    **dict.fromkeys(("ASC", "PGA", "GPU", "CPU"), "DEVS"),
    "FAN": "FANS",
    "TEMP": "TEMPS",
    # ccminer and cpuminer: the answer to `summary`.
    "NAME": "SUMMARY",
    # Of some, the answer to `pool` does not begin with its name.
    "URL": "POOLS",
}
"""The section's name in JSON by the first key of a record in text."""
_TEXT_RECORD: Final = re.compile(r"(?:\\.|[^|])++", re.DOTALL)
_WITH_SEMICOLONS: Final = re.compile(r"[^=;,]*+=[^;,]*+;")
_BY_COMMA: Final = re.compile(r"(?:\\.|\[[^\[\]]*+\]|[^,])++", re.DOTALL)
_BY_SEMICOLON: Final = re.compile(r"[^;]++")
_TEXT_ESCAPE: Final = re.compile(r"\\([,|=\\])")


def _text_records(text: str) -> list[str]:
    """Split into records; a message may hold `|` (Avalon's "help|voltage|…|")."""
    records: list[list[str]] = []
    for record in map(str.strip, _TEXT_RECORD.findall(text)):
        if records and records[-1][0].startswith("STATUS=") and _continues(record):
            records[-1].append(record)
        elif record.strip(",;"):
            records.append([record])
    return [r"\|".join(pieces) for pieces in records]


def _continues(record: str) -> bool:
    return record.startswith(",") or not ("=" in record or record.isupper())


def _fields_of(record: str) -> list[str]:
    by = _BY_SEMICOLON if _WITH_SEMICOLONS.match(record) else _BY_COMMA
    fields: list[str] = by.findall(record)
    return fields
