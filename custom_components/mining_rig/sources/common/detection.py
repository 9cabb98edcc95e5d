"""Finding out which program or machine answers at a port, by read-only questions.

Each kind on the network declares a `Question`: the paths that are requested or what is
sent over a socket, and pure functions that recognise the answer. No secret is ever sent:
whoever answers is not known yet. Only the ports that were given are asked.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from itertools import zip_longest
from typing import Any, Final

from aiohttp import ClientSession

from .cgminer import CgminerClient
from .cgminer_decoding import CgminerAnswer
from .contract import JsonObject, SourceError, SourceGarbled, SourceUnreachable
from .http import Answer, JsonHttp, Redirects

_TIMEOUT: Final = 3.0
"""Seconds for one request."""
_LINE_TIMEOUT: Final = 2.0
"""Seconds for one question over a socket."""
_LONGEST: Final = 7.0
"""Seconds for all of them."""
_AT_ONCE: Final = 4
"""Requests under way at a port; some miners answer one after the other."""
_LIMIT: Final = 64 * 1024
"""Bytes of an answer that are read."""
_PORT: Final = "port"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recognised:
    """What a program or a machine says of itself."""

    version: str | None = None
    needs: frozenset[str] = frozenset()
    """Keys of the form's fields without which it says no more."""
    title: str | None = None
    """The name of the machine, where it is more than the question's."""
    model: str | None = None
    """What a program runs on: the name of the processor."""


type Recognise = Callable[[Answer, Any], Recognised | None]
"""Takes an answer and its decoded JSON (None where it is none)."""
type Line = JsonObject | str
"""What is sent over a socket: one JSON object, or a command as text."""


def _nothing(_: Answer, __: Any) -> Recognised | None:
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class SocketQuestion:
    """How an answer over a socket is recognised."""

    lines: tuple[Line, ...]
    """What is sent, each in a connection of its own, until one is recognised."""
    recognise: Callable[[CgminerAnswer], Recognised | None]
    """Returns None for the answer of anything else."""
    port_key: str = _PORT
    """The key of the form's field with the port."""
    has_page: bool = False
    """Whether a browser gets a page at the same port."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """How the program or the machine of a kind is recognised."""

    title: str
    """Its name."""
    paths: tuple[str, ...] = ()
    """Where it answers HTTP, in any of its versions."""
    recognise: Recognise = _nothing
    """Returns None for the HTTP answer of anything else."""
    pages: tuple[str, ...] = ()
    """Other paths that people copy from a browser."""
    socket: SocketQuestion | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A program or a machine that answers."""

    kind: str
    title: str
    ssl: bool = False
    ports: Mapping[str, int] = field(default_factory=dict)
    """The ports at which it answered, by the key of the form's field."""
    version: str | None = None
    needs: frozenset[str] = frozenset()
    model: str | None = None

    @property
    def label(self) -> str:
        """The program with its version: `XMRig 6.26.0`."""
        return f"{self.title} {self.version}" if self.version else self.title


type Asked = Mapping[int, Mapping[str, Question]]
"""The questions of kinds by port."""


async def async_ask(
    session: ClientSession, host: str, asked: Asked, *, tls: bool = True
) -> list[Found]:
    """Return the programs and machines that answer at the ports of a host, in order.

    `session` does not verify certificates. A port is asked by HTTP first, and by HTTPS
    where HTTP is not understood (not without `tls`); over a socket, one question after the other, where
    nothing was recognised before. Where a program does not say which of several kinds it
    is before it gets a secret, each of them is returned. Raises nothing; ends in 7 s.
    """
    by_port: dict[int, list[Found]] = {}

    async def ask(port: int, questions: Mapping[str, Question]) -> None:
        found = by_port[port] = []
        with suppress(SourceUnreachable):
            asking = _Port(session, host, port, questions, found)
            if await asking.http().is_reachable():
                await asking.ask_http(tls=tls)
                if not found:
                    await asking.ask_socket()

    with suppress(TimeoutError):
        async with asyncio.timeout(_LONGEST):
            await asyncio.gather(*(ask(*one) for one in asked.items()))
    return _merged(one for port in asked for one in by_port.get(port, ()))


def _merged(found: Iterable[Found]) -> list[Found]:
    """Return each kind once: a machine may answer at two ports of its form."""
    kinds: dict[str, Found] = {}
    for one in found:
        before = kinds.get(one.kind)
        if before is None:
            kinds[one.kind] = one
        elif not before.ports.keys() & one.ports.keys():
            named = max(before, one, key=lambda each: len(each.title))
            kinds[one.kind] = Found(
                kind=one.kind,
                title=named.title,
                ssl=before.ssl,
                ports={**before.ports, **one.ports},
                version=before.version or one.version,
                needs=before.needs | one.needs,
                model=before.model or one.model,
            )
    return list(kinds.values())


class _Port:
    """The questions at one port that accepts connections."""

    def __init__(
        self,
        session: ClientSession,
        host: str,
        port: int,
        questions: Mapping[str, Question],
        found: list[Found],
    ) -> None:
        """Take where to ask, and the list to which what is recognised is added."""
        self._session = session
        self._host = host
        self._port = port
        self._questions = questions
        self._found = found
        self._is_web = False
        """Whether HTTP is answered, which most sockets do not."""

    def http(self, *, ssl: bool = False) -> JsonHttp:
        """Return a client. Raises SourceUnreachable for a text that is not a host."""
        return JsonHttp(
            self._session,
            self._host,
            self._port,
            ssl=ssl,
            timeout=_TIMEOUT,
            limit=_LIMIT,
        )

    async def ask_http(self, *, tls: bool) -> None:
        """Ask by HTTP, else by HTTPS. The first request shows which of them it is."""
        paths = list(
            dict.fromkeys(path for q in self._questions.values() for path in q.paths)
        )
        for ssl in (False, True)[: 1 + tls] if paths else ():
            http = self.http(ssl=ssl)
            answers: dict[str, Answer] = {}
            try:
                answers[paths[0]] = await http.get(paths[0])
            except SourceUnreachable as err:
                if err.timed_out:
                    return
                continue
            except SourceGarbled as err:
                if err.other_device and not isinstance(err, Redirects):
                    # Not HTTP: many requests would disturb a machine.
                    continue
            except SourceError:
                pass
            await self._get(http, paths[1:], answers)
            self._is_web = self._is_web or bool(answers)
            self._recognise(ssl, answers)
            # Many servers answer so to a request without the TLS that they expect.
            if any(a.status != HTTPStatus.BAD_REQUEST for a in answers.values()):
                return

    async def _get(
        self, http: JsonHttp, paths: Sequence[str], answers: dict[str, Answer]
    ) -> None:
        slots = asyncio.Semaphore(_AT_ONCE)

        async def get(path: str) -> None:
            async with slots:
                with suppress(SourceError):
                    answers[path] = await http.get(path)

        await asyncio.gather(*map(get, paths))

    def _recognise(self, ssl: bool, answers: Mapping[str, Answer]) -> None:
        """Add each kind once; a version says more than a locked door."""
        decoded = {path: _json(answer) for path, answer in answers.items()}
        for kind, question in self._questions.items():
            known = [
                one
                for path in question.paths
                if path in answers
                if (one := question.recognise(answers[path], decoded[path])) is not None
            ]
            if known:
                best = min(known, key=lambda one: bool(one.needs))
                self._add(kind, question.title, best, _PORT, ssl=ssl)

    def _add(
        self, kind: str, title: str, known: Recognised, key: str, *, ssl: bool = False
    ) -> None:
        self._found.append(
            Found(
                kind=kind,
                title=known.title or title,
                ssl=ssl,
                ports={key: self._port},
                version=known.version,
                needs=known.needs,
                model=known.model,
            )
        )

    async def ask_socket(self) -> None:
        """Ask over a socket, one question after the other, until one is recognised.

        A web server would wait for the rest of a request that is none.
        """
        asked = {
            kind: (question.title, question.socket)
            for kind, question in self._questions.items()
            if question.socket is not None
            and (question.socket.has_page or not self._is_web)
        }
        client = CgminerClient(
            self._host, self._port, timeout=_LINE_TIMEOUT, limit=_LIMIT
        )
        for line in _lines(socket for _, socket in asked.values()):
            try:
                answer = await (
                    client.ask_text(line, check=False)
                    if isinstance(line, str)
                    else client.ask_json(line, check=False)
                )
            except SourceError:
                continue
            for kind, (title, socket) in asked.items():
                if line in socket.lines:
                    if (known := socket.recognise(answer)) is not None:
                        self._add(kind, title, known, socket.port_key)
            if self._found:
                return


def _lines(sockets: Iterable[SocketQuestion]) -> list[Line]:
    """Return each line once: the first one of every kind, then the second ones."""
    found: list[Line] = []
    for lines in zip_longest(*(socket.lines for socket in sockets)):
        for line in lines:
            if line is not None and line not in found:
                found.append(line)
    return found


def _json(answer: Answer) -> Any:
    try:
        return answer.json()
    except SourceGarbled:
        return None
