"""Decode what cgminer, its many forks and its imitators answer; pure functions.

A cgminer API answer (https://github.com/ckolivas/cgminer/blob/master/API-README) is
JSON, or text of the form `STATUS=S,Code=11,…|SUMMARY,Elapsed=5,…|`. Both become a
`CgminerAnswer` of the same shape.
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from itertools import islice
import re
from typing import Any, Final

from .cgminer_format import (
    MOST_RECORDS,
    is_text_answer,
    merge_pairs,
    parse_json,
    parse_text,
    text_of,
)
from .contract import CommandRefused, JsonObject, SourceGarbled, SourceUnreachable
from .decoding import WALLET

_UNKNOWN_COMMAND: Final = 14
_ACCESS_DENIED: Final = 45
_DEEPEST: Final = 32
"""Levels of lists and objects; cgminer's own answers have 3, with joined ones 5."""
_MOST_BRACKETS: Final = 10_000
"""Objects, lists and text records; the largest known answer has 81. More of them would
make Python's garbage collection stop everything for hundreds of milliseconds."""
_MOST_JOINED: Final = 32
"""Commands of one question."""
_LONGEST_BRACKETED: Final = 64 * 1024
_LONGEST_MESSAGE: Final = 120

type Sections = dict[str, list[JsonObject]]


class CgminerRefused(CommandRefused):
    """The miner answered with STATUS E or F; `code` is its number for the reason."""

    def __init__(
        self,
        translation_key: str = "cgminer_refused",
        *,
        code: int | None = None,
        message: str = "",
    ) -> None:
        """Take the miner's message; it is shown to the owner without account names."""
        super().__init__(translation_key, {"error": public_message(message)})
        self.code = code


class AccessDenied(CgminerRefused):
    """Code 45: the miner's settings do not allow this command."""


class UnknownCommand(CgminerRefused):
    """Code 14: this firmware has no such command."""


class MinerStarting(SourceUnreachable):
    """The miner's web server answers, its mining program does not yet."""


@dataclass(frozen=True, slots=True)
class Status:
    """The STATUS record of an answer; keys that it lacks are None."""

    letter: str | None = None
    """S success, I information, W warning, E error, F fatal."""
    code: int | None = None
    message: str = field(default="", repr=False)
    when: int | None = None
    """The miner's clock, in Unix seconds; some count from their start instead."""
    description: str | None = None
    """Program and version, such as "cgminer 4.11.1"."""

    @property
    def ok(self) -> bool:
        """Whether the command was carried out."""
        if self.letter is None:
            return self.code not in (_UNKNOWN_COMMAND, _ACCESS_DENIED)
        return self.letter not in ("E", "F")

    @property
    def error(self) -> CgminerRefused | None:
        """The error that this status means, None where it is `ok`."""
        if self.ok:
            return None
        if self.code == _ACCESS_DENIED:
            return AccessDenied(
                "cgminer_access_denied", code=self.code, message=self.message
            )
        if self.code == _UNKNOWN_COMMAND:
            return UnknownCommand("not_offered", code=self.code, message=self.message)
        return CgminerRefused(code=self.code, message=self.message)


@dataclass(frozen=True, slots=True)
class CgminerAnswer:
    """A decoded answer.

    A section is a list or an object of the answer, always as a list of objects:
    {"SUMMARY": [{"Elapsed": 5}], "POOLS": [{…}, {…}], "Msg": [{…}]}.
    """

    status: Status
    sections: Sections = field(repr=False)
    """With text that is a plain decimal number ("13402.14") as a number."""
    sent: Sections = field(repr=False)
    """As the miner sent them: for ids, names and versions, which may be all digits.

    All values of a text answer are text here.
    """
    data: JsonObject = field(repr=False)
    """The whole answer as sent, with what is no section."""
    joined: dict[str, CgminerAnswer] = field(default_factory=dict, repr=False)
    """The answers to "summary+pools" by command; `sections` holds those of all."""

    def check(self) -> None:
        """Raise CgminerRefused unless the command was carried out."""
        if (error := self.status.error) is not None:
            raise error


def decode(body: bytes) -> CgminerAnswer:
    """Decode an answer of the socket, or of a CGI page with the same content.

    Raises SourceGarbled, and MinerStarting where a web server says that it cannot reach
    the mining program. It takes up to 2 µs a byte.
    """
    text = text_of(body)
    data = None
    if text.casefold().startswith("socket connect failed"):
        raise MinerStarting("The mining program does not answer its web server")
    is_json = text.startswith(("{", "["))
    try:
        _check_size(text)
        data = _merged_objects(parse_json(text)) if is_json else parse_text(text)
        return _answer(data, with_numbers(data))
    except ValueError, RecursionError:
        pass
    # Outside of the handler: what could not be decoded must not cling to the error.
    raise SourceGarbled(
        f"{len(body)} bytes that are no answer of cgminer",
        other_device=data is not None or not (is_json or is_text_answer(text)),
    )


# Values ------------------------------------------------------------------------------


def with_numbers(value: Any, levels: int = _DEEPEST) -> Any:
    """Return a copy in which text that is a plain decimal number is one.

    Leading zeros and exponents make it none: that is how ids look. Raises ValueError
    where it is nested too deeply.
    """
    if type(value) is str:
        if not _NUMBER.fullmatch(value):
            return value
        return float(value) if "." in value else int(value)
    if type(value) is dict:
        if not levels:
            raise ValueError("nested too deeply")
        return {key: with_numbers(item, levels - 1) for key, item in value.items()}
    if type(value) is list:
        if not levels:
            raise ValueError("nested too deeply")
        return [with_numbers(item, levels - 1) for item in value]
    return value


_NUMBER: Final = re.compile(r"-?(?:0|[1-9]\d{0,17})(?:\.\d{1,20})?", re.ASCII)


def split_unit(text: str) -> tuple[float, str] | None:
    """Return the first number of a text and the word behind it.

    "21632.89GH/s" is 21632.89 and "GH/s", "83.0 °C / 73.8 °C" is 83.0 and "°C".
    """
    if (found := _WITH_UNIT.match(text)) is None:
        return None
    return float(found[1]), found[2]


_WITH_UNIT: Final = re.compile(
    r"\s*+([+-]?\d{1,18}(?:\.\d{1,20})?)(?![\d.])\s*+([^\s\d,;()]*)", re.ASCII
)


def parse_bracketed(text: str) -> dict[str, str]:
    """Return the values of a text like Avalon's "MM ID0": `Ver[1] Fan1[1520] …`.

    Of a key that occurs twice the first counts; what encloses them (`'STATS':{…}`) and
    everything else is left out.
    """
    found: dict[str, str] = {}
    for key, value in _BRACKETED.findall(text[:_LONGEST_BRACKETED]):
        found.setdefault(key, value.strip())
    return found


_BRACKETED: Final = re.compile(r"\b(\w++)\[([^\[\]]*+)\]")


def public_message(text: str) -> str:
    """Return a message of the miner as it can be shown: short, without accounts."""
    text = "".join(filter(str.isprintable, text[: 4 * _LONGEST_MESSAGE]))
    text = _ACCOUNT.sub("…", WALLET.sub("…", text)).strip()
    return text[:_LONGEST_MESSAGE] or "?"


_ACCOUNT: Final = re.compile(r"\S*@\S*|(?<=://)\S*")


# The answer --------------------------------------------------------------------------


def _check_size(text: str) -> None:
    """Raise ValueError for more objects than anything needs."""
    if sum(map(text.count, "{[|")) > _MOST_BRACKETS:
        raise ValueError("too many objects")


def _merged_objects(values: list[Any]) -> JsonObject:
    """Return one object for all that came. Raises ValueError where there is none."""
    if len(values) == 1 and type(values[0]) is list:
        values = values[0]
    objects = [value for value in values if type(value) is dict]
    if not objects:
        raise ValueError("no object")
    return merge_pairs(pair for one in objects for pair in one.items())


def _answer(data: JsonObject, numbers: JsonObject) -> CgminerAnswer:
    """Return the answer of data as sent and the same with text numbers as numbers."""
    joined = {
        command: _answer(answer, in_numbers)
        for command in (islice(data, _MOST_JOINED) if "STATUS" not in data else ())
        for answer, in_numbers in zip(
            _records(data[command])[:1], _records(numbers[command])[:1], strict=True
        )
        if type(answer.get("STATUS")) in (list, dict)
    }
    sections, sent = _sections(numbers, joined), _sections(data, joined)
    for answer in joined.values():
        for name, records in answer.sections.items():
            sections[name] = [*sections.get(name, ()), *records]
            sent[name] = [*sent.get(name, ()), *answer.sent[name]]
    statuses = [answer.status for answer in joined.values()] or [_status(data)]
    status = next((status for status in statuses if status.ok), statuses[0])
    return CgminerAnswer(status, sections, sent, data, joined)


def _sections(data: JsonObject, joined: Collection[str]) -> Sections:
    """Return the objects, and the lists that hold objects or nothing."""
    return {
        name: records
        for name, value in data.items()
        if name != "STATUS" and name not in joined
        for records in (_records(value),)
        if records or value == []
    }


def _records(value: Any) -> list[JsonObject]:
    if type(value) is dict:
        return [value]
    if type(value) is not list:
        return []
    return [item for item in value[:MOST_RECORDS] if type(item) is dict]


def _status(data: JsonObject) -> Status:
    """Return the status: of a list, of an object, or beside everything else."""
    found = data.get("STATUS")
    if type(found) is str:
        record = data
    elif records := _records(found):
        record = records[0]
    elif (records := _records(data.get("ret"))) and "code" in records[0]:
        # IceRiver: {"id": "fan", "ret": {"code": 0, …}}
        code = _whole(records[0]["code"])
        return Status("E" if code else "S", code)
    else:
        return Status()
    keys = {key.lower(): value for key, value in record.items()}
    letter, message = keys.get("status"), keys.get("msg")
    description = keys.get("description")
    return Status(
        letter=(letter.strip()[:1].upper() or None) if type(letter) is str else None,
        code=_whole(keys.get("code")),
        message=message if type(message) is str else "",
        when=_whole(keys.get("when")),
        description=description if type(description) is str else None,
    )


def _whole(value: Any) -> int | None:
    value = with_numbers(value) if type(value) is str else value
    return value if type(value) is int else None
