"""The source of a miner program that is read by one GET and takes no commands.

A program is a `Program` with its request and a pure function that maps an answer; its
module's `async_open` opens a `ReadOnlyMiner` with it.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http import HTTPStatus
import math
import re
from typing import Any, Final

from ...hashrate import parse_unit
from ...model import RIG, Part, PartKind, Snapshot, part_map
from ...readings import VERSION
from ..common.contract import Identity, SourceContext, SourceGarbled
from ..common.decoding import MOST_LISTED, Fields, Values
from ..common.detection import Question, Recognised
from ..common.http import Answer, http_for

_BUS: Final = re.compile(r"([0-9a-f]{1,3}):([0-9a-f]{1,2})", re.IGNORECASE)


def unit_factor(unit: str | None) -> float:
    """Return the H/s in one of a unit, in any spelling; solutions count as hashes.

    NaN where it is no unit: with that as its scale, `Fields.number` accepts no value.
    """
    meaning = parse_unit(unit) if unit else None
    return math.nan if meaning is None else meaning[0]


@dataclass(slots=True)
class Mapped:
    """The rig and its cards while an answer is mapped."""

    rig: Values = field(default_factory=Values)
    cards: dict[int, Values] = field(default_factory=dict)
    """By their positions in the answer's list."""
    _parts: dict[str, Part] = field(default_factory=dict)

    def add_cards(
        self, fields: Fields, *path: str | int, name: str, bus: str, base: int
    ) -> Iterator[tuple[Fields, Values]]:
        """Add the cards of a list; yield each with its values, to be filled.

        `name` and `bus` are keys of a card; the bus is text, "3:0", of numbers to that
        base. A card without one has its position as key.
        """
        found = fields.raw(*path)
        for position, item in enumerate(
            found[:MOST_LISTED] if isinstance(found, list) else ()
        ):
            if not isinstance(item, dict):
                continue
            card = fields.inside(*path, position)
            key = _bus_key(card.text(bus), base)
            if key is None or key in self._parts:
                key = f"gpu{position}"
            model, values = card.text(name), Values()
            self.cards[position] = values
            self._parts[key] = Part(
                kind=PartKind.GPU, key=key, name=model, model=model, values=values
            )
            yield card, values

    def snapshot(self, fields: Fields, version: str | None) -> Snapshot:
        """Return all parts; `fields` are those of the whole answer."""
        self.rig.put(VERSION.plain, version)
        rig = Part(kind=PartKind.RIG, key=RIG, version=version, values=self.rig)
        return Snapshot(
            parts=part_map(rig, *self._parts.values()),
            unparsed=tuple(dict.fromkeys(fields.unparsed)),
        )


def _bus_key(address: str | None, base: int) -> str | None:
    """Return a PCI address in hexadecimal, without function and domain: "0a:00"."""
    if (found := _BUS.fullmatch(address or "")) is None:
        return None
    try:
        return ":".join(f"{int(number, base):02x}" for number in found.groups())
    except ValueError:
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """What differs between such programs."""

    name: str
    path: str
    """The path of its only request."""
    version: Callable[[Fields], str | None]
    """Returns the version in an answer, None where it is not this program's."""
    parse: Callable[[Fields, datetime], Snapshot]
    """Maps an answer that was received at that moment."""
    interval: timedelta = timedelta(seconds=10)


def question(program: Program) -> Question:
    """Return how a program is recognised: by its only answer."""

    def recognise(answer: Answer, data: Any) -> Recognised | None:
        version = program.version(Fields(data))
        return None if version is None else Recognised(version=version)

    return Question(title=program.name, paths=(program.path,), recognise=recognise)


class ReadOnlyMiner:
    """One miner. Each poll is one request."""

    def __init__(self, context: SourceContext, program: Program) -> None:
        """Take the context of a `network_form`. Raises as `JsonHttp`."""
        self._http = http_for(context)
        self._host: str = context.data["host"]
        self._program = program
        self.interval = program.interval

    @property
    def address(self) -> str | None:
        """The URL of the answer for a browser."""
        return self._http.url(self._program.path)

    async def identify(self) -> Identity:
        """Return the program and its version. Raises a SourceError."""
        return Identity(
            # Such a program has no id of its own: host and port are compared.
            rig_id=None,
            title=self._host,
            model=self._program.name,
            version=self._program.version(await self._request()),
        )

    async def read(self, now: datetime) -> Snapshot:
        """Read the rig's parts. Raises a SourceError."""
        return self._program.parse(await self._request(), now)

    async def is_reachable(self) -> bool:
        """Return whether the program accepts a connection."""
        return await self._http.is_reachable()

    async def close(self) -> None:
        """Do nothing: the program keeps no sessions."""

    async def _request(self) -> Fields:
        answer = await self._http.get(self._program.path)
        if answer.status != HTTPStatus.OK:
            raise SourceGarbled(
                f"{self._http} answers with status {answer.status}", other_device=True
            )
        fields = Fields(answer.json())
        if self._program.version(fields) is None:
            raise SourceGarbled(
                f"{self._http} is not {self._program.name}", other_device=True
            )
        return fields
