"""Finding out which program answers at a port, by read-only questions.

Each kind on the network declares a `Question`: the paths that are requested, and a pure
function that recognises the answer of its program. No secret is ever sent: whoever
answers is not known yet. Only the ports that were given are asked.
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

from aiohttp import ClientSession

from .contract import SourceError, SourceGarbled
from .http import Answer, JsonHttp

_TIMEOUT: Final = 3.0
"""Seconds for one request."""
_LONGEST: Final = 6.0
"""Seconds for all of them."""
_AT_ONCE: Final = 4
"""Requests under way; some miners answer one after the other."""
_LIMIT: Final = 64 * 1024
"""Bytes of an answer that are read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recognised:
    """What a program says of itself."""

    version: str | None = None
    needs: frozenset[str] = frozenset()
    """Keys of the form's fields without which it says no more."""


type Recognise = Callable[[Answer, Any], Recognised | None]
"""Takes an answer and its decoded JSON (None where it is none)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """How the program of a kind is recognised."""

    title: str
    """The name of the program."""
    paths: tuple[str, ...]
    """Where it answers, in any of its versions."""
    recognise: Recognise
    """Returns None for the answer of anything else."""
    pages: tuple[str, ...] = ()
    """Other paths that people copy from a browser."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A program that answers at a port."""

    kind: str
    title: str
    port: int
    ssl: bool
    version: str | None = None
    needs: frozenset[str] = frozenset()

    @property
    def label(self) -> str:
        """The program with its version: `XMRig 6.26.0`."""
        return f"{self.title} {self.version}" if self.version else self.title


async def async_ask(
    session: ClientSession,
    host: str,
    ports: Iterable[int],
    questions: dict[str, Question],
) -> list[Found]:
    """Return the programs that answer at the ports of a host, in their order.

    `session` does not verify certificates. A port that does not answer without TLS is
    asked again with it. Where a program does not say which of several kinds it is before
    it gets a secret, each of them is returned. Raises nothing.
    """
    paths = list(dict.fromkeys(path for q in questions.values() for path in q.paths))
    slots = asyncio.Semaphore(_AT_ONCE)
    answers: dict[tuple[int, bool, str], Answer] = {}

    async def ask(port: int, ssl: bool, path: str) -> None:
        async with slots:
            try:
                http = JsonHttp(
                    session, host, port, ssl=ssl, timeout=_TIMEOUT, limit=_LIMIT
                )
                answers[port, ssl, path] = await http.get(path)
            except SourceError:
                return

    async def ask_port(port: int) -> None:
        for ssl in (False, True):
            await asyncio.gather(*(ask(port, ssl, path) for path in paths))
            found = [answers[at] for at in answers if at[0] == port]
            # Many servers answer so to a request without the TLS that they expect.
            if any(answer.status != HTTPStatus.BAD_REQUEST for answer in found):
                return

    ports = list(ports)
    with suppress(TimeoutError):
        async with asyncio.timeout(_LONGEST):
            await asyncio.gather(*map(ask_port, ports))
    return _recognised(
        [
            (port, ssl, path, answer)
            for port in ports
            for (at, ssl, path), answer in answers.items()
            if at == port
        ],
        questions,
    )


def _recognised(
    answers: Sequence[tuple[int, bool, str, Answer]], questions: dict[str, Question]
) -> list[Found]:
    """Return each kind once at each port; a version says more than a locked door."""
    found: dict[tuple[int, str], Found] = {}
    for port, ssl, path, answer in answers:
        data = _json(answer)
        for kind, question in questions.items():
            if path not in question.paths:
                continue
            if (known := question.recognise(answer, data)) is None:
                continue
            before = found.get((port, kind))
            if before is None or (before.needs and not known.needs):
                found[port, kind] = Found(
                    kind=kind,
                    title=question.title,
                    port=port,
                    ssl=ssl,
                    version=known.version,
                    needs=known.needs,
                )
    return list(found.values())


def _json(answer: Answer) -> Any:
    try:
        return answer.json()
    except SourceGarbled:
        return None
