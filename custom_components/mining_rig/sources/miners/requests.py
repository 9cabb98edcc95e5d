"""How miner programs are asked: one GET, or commands over a socket."""

from collections.abc import Callable
from functools import partial
from http import HTTPStatus
from typing import Any, Final, Protocol

from ..common.cgminer import CgminerClient
from ..common.cgminer_decoding import CgminerAnswer, UnknownCommand
from ..common.contract import JsonObject, SourceContext, SourceError, SourceGarbled
from ..common.http import Query, http_for
from ..common.optional_requests import OptionalRequests

type IsAnswer = Callable[[object], bool]

_TIMEOUT: Final = 6.0
"""Seconds for one question over a socket."""


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
        host, port = str(context.data["host"]), int(context.data["port"])
        self._client = CgminerClient(host, port, timeout=_TIMEOUT)

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
        self._first = first
        self._extras = extras
        self._is_text = text
        self._optional = OptionalRequests()

    async def request(self, is_answer: IsAnswer) -> Any:
        """Return the answers by command. Raises a SourceError."""
        self._optional.start()
        answers = {self._first: _shown(await self._ask(self._first))}
        if not is_answer(answers):
            return answers
        for command in self._extras:
            answer = await self._optional.ask(command, partial(self._extra, command))
            if isinstance(answer, SourceGarbled):
                raise answer
            if answer is not None:
                answers[command] = answer
        return answers

    async def _extra(self, command: str) -> JsonObject | SourceGarbled:
        """Return an answer, or the error of one that was cut off."""
        try:
            answer = await self._ask(command)
        except SourceGarbled as err:
            if err.other_device:
                raise
            return err
        if answer.data.get("error") is not None:
            # A JSON error to a command in text: it is not known.
            raise UnknownCommand("not_offered")
        return _shown(answer)

    async def _ask(self, command: str) -> CgminerAnswer:
        ask = self._client.ask_text if self._is_text else self._client.ask
        return await ask(command)


def _shown(answer: CgminerAnswer) -> JsonObject:
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

    def __init__(self, *paths: str, secret: str | None = None) -> None:
        """Take the paths in their order, and the field that goes into the query."""
        self.paths = paths
        self._secret = secret

    def __call__(self, context: SourceContext) -> HttpGet:
        """Return what requests them."""
        key = self._secret or ""
        value = context.data.get(key)
        return HttpGet(context, *self.paths, query={key: value} if value else None)
