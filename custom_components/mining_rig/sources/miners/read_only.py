"""The source of a miner program that only reports and takes no commands.

A program is a `Program`: how it is asked, how its answer is recognised, and a pure
function that maps an answer; its module's `async_open` opens a `ReadOnlyMiner` with it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from ...model import Snapshot
from ..common.cgminer_decoding import CgminerAnswer
from ..common.contract import Identity, SourceContext, SourceGarbled, SourceRefused
from ..common.decoding import Fields, TextNumbers
from ..common.detection import Line, Question, Recognised, SocketQuestion
from ..common.http import Answer
from .requests import Ask, HttpPaths
from .zilliqa import ZilliqaHold

_INTERVAL: Final = timedelta(seconds=10)


@dataclass(frozen=True, slots=True)
class Program:
    """What differs between such programs."""

    name: str
    ask: Callable[[SourceContext], Ask]
    """Makes what requests an answer."""
    version: Callable[[Fields], str | None]
    """Returns the version in an answer, "" where it has none; None where the answer is
    not this program's."""
    parse: Callable[[Fields, datetime], Snapshot]
    """Maps an answer that was received at that moment."""
    zilliqa_stops: Callable[[Fields], frozenset[int | None]] = lambda _: frozenset()
    """Returns the numbers of the algorithms that rest while Zilliqa is mined."""


def question(program: Program) -> Question:
    """Return how a program that answers HTTP is recognised: by its usual answer."""
    assert isinstance(program.ask, HttpPaths)

    def recognise(answer: Answer, data: Any) -> Recognised | None:
        try:
            version = program.version(Fields(data))
        except SourceRefused:
            return Recognised(needs=frozenset(("password",)))
        return None if version is None else Recognised(version=version)

    return Question(title=program.name, paths=program.ask.paths, recognise=recognise)


def socket_question(
    title: str,
    line: Line,
    version: Callable[[Fields], str | None],
    shape: Callable[[CgminerAnswer], Any] = lambda answer: answer.data,
    *,
    has_page: bool = False,
) -> Question:
    """Return how a program is recognised that answers `line` over a socket.

    `shape` makes of an answer what `version` takes. `has_page`: a browser gets a page.
    """

    def recognise(answer: CgminerAnswer) -> Recognised | None:
        try:
            found = version(Fields(shape(answer)))
        except SourceRefused:
            return Recognised(needs=frozenset(("password",)))
        return None if found is None else Recognised(version=found)

    socket = SocketQuestion(lines=(line,), recognise=recognise, has_page=has_page)
    return Question(title=title, socket=socket)


class ReadOnlyMiner:
    """One miner."""

    interval = _INTERVAL

    def __init__(self, context: SourceContext, program: Program) -> None:
        """Take the context of a form with host and port. Raises SourceUnreachable."""
        self._host: str = context.data["host"]
        self._program = program
        self._ask = program.ask(context)
        self._zilliqa = ZilliqaHold()

    @property
    def address(self) -> str | None:
        """The URL of the answer for a browser, None where there is none."""
        return self._ask.url

    async def identify(self) -> Identity:
        """Return the program and its version. Raises a SourceError."""
        return Identity(
            # Such a program has no id of its own: host and port are compared.
            rig_id=None,
            title=self._host,
            model=self._program.name,
            version=self._program.version(await self._request()) or None,
        )

    async def read(self, now: datetime) -> Snapshot:
        """Read the rig's parts. Raises a SourceError."""
        fields = await self._request()
        return self._zilliqa.hold(
            self._program.parse(fields, now), self._program.zilliqa_stops(fields)
        )

    async def is_reachable(self) -> bool:
        """Return whether the program accepts a connection."""
        return await self._ask.is_reachable()

    async def close(self) -> None:
        """Do nothing: the program keeps no sessions."""

    async def _request(self) -> Fields:
        fields = TextNumbers(await self._ask.request(self._is_answer))
        if not self._is_answer(fields.raw()):
            raise SourceGarbled(
                f"{self._ask.name} is not {self._program.name}", other_device=True
            )
        return fields

    def _is_answer(self, answer: object) -> bool:
        return self._program.version(Fields(answer)) is not None
