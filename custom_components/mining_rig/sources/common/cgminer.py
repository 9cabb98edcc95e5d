"""The socket API of cgminer and everything that imitates it: one question, one answer.

TCP, usually port 4028, a connection for each question. These machines serve one
connection at a time, so a client has one open at most. Answers hold wallets and pool
passwords: nothing of them is logged or put into an error, but for the message with
which a command is refused.
"""

import asyncio
import json
import socket
from typing import Final, override

from .cgminer_decoding import CgminerAnswer, decode
from .cgminer_format import AnswerEnd
from .contract import (
    JsonObject,
    SourceBusy,
    SourceError,
    SourceGarbled,
    SourceUnreachable,
)
from .reachable import accepts_connection

TIMEOUT: Final = 10.0
"""Seconds for one question, from the connection to the last byte."""
LIMIT: Final = 256 * 1024
"""Bytes of the largest answer that is read; usual ones have 1 to 30 kB."""
LINGER: Final = 0.05
"""Seconds that a whole JSON answer may still grow where nobody closes."""
TEXT_LINGER: Final = 0.25
"""The same for a text answer, which may pause between two records."""
_CHUNK: Final = 8 * 1024
_LARGEST_INLINE: Final = 8 * 1024
"""Bytes that are decoded in the event loop; more goes to a thread."""


class ClosedWithoutAnswer(SourceUnreachable):
    """The miner took the question and closed the connection.

    ccminer does so for an unknown command, Avalon after some that it carries out.
    """


class CgminerClient:
    """One miner's API socket."""

    def __init__(
        self, host: str, port: int, *, timeout: float = TIMEOUT, limit: int = LIMIT
    ) -> None:
        """Take a name or an address (IPv6 with or without brackets).

        Raises SourceUnreachable for a host that cannot be one.
        """
        self.host = host.strip().removeprefix("[").removesuffix("]")
        self.port = port
        if not self.host:
            raise SourceUnreachable("The host is neither a name nor an address")
        self._timeout = timeout
        self._limit = limit
        self._turn = asyncio.Lock()
        self._urgent = 0
        """Urgent questions that wait or are being asked."""
        self._current: asyncio.Timeout | None = None
        """The deadline of the question being asked, unless it is urgent."""

    @override
    def __str__(self) -> str:
        """Show host and port."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"

    @override
    def __repr__(self) -> str:
        """Show no more than the address."""
        return f"{type(self).__name__}({self})"

    async def is_reachable(self) -> bool:
        """Return whether the miner accepts a connection; nothing is sent."""
        return await accepts_connection(self.host, self.port)

    async def ask(
        self,
        command: str,
        parameter: str | None = None,
        *,
        urgent: bool = False,
        check: bool = True,
    ) -> CgminerAnswer:
        """Ask in JSON: `ask("stats")`, `ask("ascset", "0,reboot,0")`.

        "summary+pools" asks several where the firmware joins: see
        `CgminerAnswer.joined`, whose members' status the caller has to check.

        Raises SourceUnreachable (ClosedWithoutAnswer where the miner closed),
        SourceGarbled, SourceBusy (only where an urgent question took the place of this
        one, whose outcome is then not known) and CgminerRefused (AccessDenied,
        UnknownCommand), unless `check` is off.
        """
        question = {"command": command}
        if parameter is not None:
            question["parameter"] = parameter
        return await self.ask_json(question, urgent=urgent, check=check)

    async def ask_json(
        self, question: JsonObject, *, urgent: bool = False, check: bool = True
    ) -> CgminerAnswer:
        """Ask with an object of another shape (IceRiver: {"id": "fan"}); as `ask`."""
        # IceRiver wants the line to end; it does the others no harm.
        return await self._ask(f"{json.dumps(question)}\n", urgent=urgent, check=check)

    async def ask_text(
        self,
        command: str,
        parameter: str | None = None,
        *,
        urgent: bool = False,
        check: bool = True,
    ) -> CgminerAnswer:
        """Ask in text: `summary`, `ascset|0,softoff`; as `ask`."""
        question = command if parameter is None else f"{command}|{parameter}"
        return await self._ask(question, urgent=urgent, check=check)

    async def _ask(self, question: str, *, urgent: bool, check: bool) -> CgminerAnswer:
        body = await self._exchange(question.encode(errors="replace"), urgent=urgent)
        if len(body) > _LARGEST_INLINE:
            loop = asyncio.get_running_loop()
            answer = await loop.run_in_executor(None, decode, body)
        else:
            answer = decode(body)
        if check:
            answer.check()
        return answer

    async def _exchange(self, question: bytes, *, urgent: bool) -> bytes:
        """Send a question in its turn and return the answer's bytes.

        An urgent one ends the question that is being asked and all that wait.
        """
        if not urgent:
            return await self._in_turn(question, urgent=False)
        self._urgent += 1
        if self._current is not None and not self._current.expired():
            self._current.reschedule(0)
        try:
            return await self._in_turn(question, urgent=True)
        finally:
            self._urgent -= 1

    async def _in_turn(self, question: bytes, *, urgent: bool) -> bytes:
        try:
            async with self._turn:
                self._give_way(urgent=urgent)
                try:
                    async with asyncio.timeout(self._timeout) as deadline:
                        self._current = None if urgent else deadline
                        return await self._talk(question)
                finally:
                    self._current = None
        except (OSError, ValueError, OverflowError) as err:
            problem = self._explain(err)
        # Outside of the handler, so that the library's error does not cling to ours.
        self._give_way(urgent=urgent)
        raise problem

    def _give_way(self, *, urgent: bool) -> None:
        if self._urgent and not urgent:
            raise SourceBusy(f"{self} is given an urgent command first")

    async def _talk(self, question: bytes) -> bytes:
        """Connect, send, and read to the end of the answer."""
        reader, writer = await asyncio.open_connection(
            self.host, self.port, limit=_CHUNK
        )
        try:
            writer.write(question)
            return await self._read(reader)
        finally:
            # Nothing is waited for: some miners never close.
            writer.transport.abort()

    async def _read(self, reader: asyncio.StreamReader) -> bytes:
        loop = asyncio.get_running_loop()
        body = bytearray()
        end = AnswerEnd()
        until: float | None = None
        while not end.final:
            try:
                async with asyncio.timeout_at(until):
                    chunk = await reader.read(_CHUNK)
            except OSError:
                # The time to linger is over, or the connection was reset, which is how
                # some close it: what came before counts.
                if not body:
                    raise
                break
            if not chunk:
                break
            body += chunk
            if len(body) > self._limit:
                raise SourceGarbled(f"{self} sends more than {self._limit} bytes")
            end.feed(chunk)
            linger = TEXT_LINGER if end.is_text else LINGER
            until = loop.time() + linger if end.complete else None
            if len(chunk) == _CHUNK:
                # More is there already: others have their turn in between.
                await asyncio.sleep(0)
        if not body.strip(b"\0 \t\r\n"):
            raise ClosedWithoutAnswer(f"{self} closed the connection without an answer")
        return bytes(body)

    def _explain(self, err: Exception) -> SourceError:
        """Return our error for one of the library's."""
        match err:
            case TimeoutError():
                return SourceUnreachable(
                    f"{self} did not answer within {self._timeout:g} s", timed_out=True
                )
            case socket.gaierror():
                return SourceUnreachable(f"{self}: the name is not known")
            case ConnectionResetError() | BrokenPipeError():
                return ClosedWithoutAnswer(f"{self} reset the connection")
            case OSError():
                reason = err.strerror or type(err).__name__
                return SourceUnreachable(f"{self} does not answer: {reason}")
        return SourceUnreachable(f"{self} cannot be asked like this")
