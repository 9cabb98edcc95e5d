"""How miner programs are asked: one GET, or commands over a socket."""

from collections.abc import Callable
from http import HTTPStatus
from time import monotonic
from typing import Any, Final, Protocol

from ..common.cgminer import CgminerClient
from ..common.cgminer_decoding import UnknownCommand
from ..common.contract import JsonObject, SourceContext, SourceError, SourceGarbled
from ..common.http import Query, http_for

type IsAnswer = Callable[[object], bool]

_FIRST_TIMEOUT: Final = 6.0
_EXTRA_TIMEOUT: Final = 1.5
"""Seconds for each further command: all of them fit into one poll."""
_UNKNOWN_FOR: Final = 3600.0
"""Seconds after which an unknown command is tried again: the program may be newer."""


class Ask(Protocol):
    """Requests one answer of a program."""

    @property
    def name(self) -> str:
        """The address for messages, without secrets."""

    @property
    def url(self) -> str | None:
        """The answer's URL for a browser."""

    async def is_reachable(self) -> bool:
        """Return whether a connection is accepted; nothing is sent."""

    async def request(self, is_answer: IsAnswer) -> Any:
        """Return the decoded answer. Raises a SourceError.

        `is_answer` recognises the program's answer where there are several places.
        """


class HttpGet:
    """One GET request; the first path with an answer of the program is remembered."""

    def __init__(
        self, context: SourceContext, *paths: str, query: Query | None = None
    ) -> None:
        """Take the context of a `network_form`, and the paths in their order."""
        self._http = http_for(context)
        self._paths = list(paths)
        self._query = query

    @property
    def name(self) -> str:
        """Scheme, host and port."""
        return str(self._http)

    @property
    def url(self) -> str | None:
        """The answer's URL for a browser."""
        return self._http.url(self._paths[0])

    async def is_reachable(self) -> bool:
        """Return whether a connection is accepted."""
        return await self._http.is_reachable()

    async def request(self, is_answer: IsAnswer) -> Any:
        """Return the decoded answer. Raises a SourceError."""
        problem: SourceError | None = None
        for path in tuple(self._paths):
            try:
                data = await self._get(path)
            except SourceGarbled as err:
                problem = problem or err
                continue
            if is_answer(data):
                self._paths.remove(path)
                self._paths.insert(0, path)
                return data
            problem = problem or SourceGarbled(
                f"{self._http} is another program", other_device=True
            )
        assert problem is not None
        raise problem

    async def _get(self, path: str) -> Any:
        answer = await self._http.get(path, query=self._query)
        if answer.status != HTTPStatus.OK:
            raise SourceGarbled(
                f"{self._http} answers with status {answer.status}", other_device=True
            )
        return answer.json()


class _SocketAsk:
    """What all that ask over a socket have in common."""

    def __init__(self, context: SourceContext) -> None:
        """Take the context of a `network_form`."""
        self._address = str(context.data["host"]), int(context.data["port"])
        self._client = self._connect(_FIRST_TIMEOUT)

    def _connect(self, timeout: float) -> CgminerClient:
        return CgminerClient(*self._address, timeout=timeout)

    @property
    def name(self) -> str:
        """Host and port."""
        return str(self._client)

    @property
    def url(self) -> str | None:
        """Return None: there is nothing for a browser."""
        return None

    async def is_reachable(self) -> bool:
        """Return whether a connection is accepted."""
        return await self._client.is_reachable()


class SocketCommands(_SocketAsk):
    """Commands of the cgminer socket, one connection each.

    The answer is an object by command with the sections of each answer. The first
    command counts; what the others lack or refuse only costs their own values.
    """

    def __init__(
        self, context: SourceContext, first: str, *extras: str, text: bool = False
    ) -> None:
        """Take the commands, and whether they are sent as text instead of JSON."""
        super().__init__(context)
        self._extra = self._connect(_EXTRA_TIMEOUT)
        self._first = first
        self._extras = extras
        self._is_text = text
        self._unknown: dict[str, float] = {}

    async def request(self, is_answer: IsAnswer) -> Any:
        """Return the answers by command. Raises a SourceError."""
        answers = {self._first: await self._ask(self._client, self._first)}
        if not is_answer(answers):
            return answers
        for command in self._extras:
            if monotonic() - self._unknown.get(command, -_UNKNOWN_FOR) < _UNKNOWN_FOR:
                continue
            try:
                answers[command] = await self._ask(self._extra, command)
            except UnknownCommand:
                self._unknown[command] = monotonic()
            except SourceError:
                continue
        return answers

    async def _ask(self, client: CgminerClient, command: str) -> JsonObject:
        ask = client.ask_text if self._is_text else client.ask
        answer = await ask(command)
        return {"description": answer.status.description, **answer.sections}


class JsonLine(_SocketAsk):
    """Questions of one JSON object each (JSON-RPC) over a socket."""

    def __init__(self, context: SourceContext, question: JsonObject) -> None:
        """Take the question."""
        super().__init__(context)
        self._question = question

    async def request(self, is_answer: IsAnswer) -> Any:
        """Return the decoded answer. Raises a SourceError."""
        return (await self._client.ask_json(self._question, check=False)).data


class HttpPaths:
    """Makes a `HttpGet` of those paths."""

    def __init__(self, *paths: str) -> None:
        """Take the paths in their order."""
        self.paths = paths

    def __call__(self, context: SourceContext) -> HttpGet:
        """Return what requests them."""
        return HttpGet(context, *self.paths)
