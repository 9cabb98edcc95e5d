"""The socket API of cgminer, against a server on loopback."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
import json
import logging
import socket
import struct
import traceback
from typing import Any
from unittest.mock import AsyncMock, MagicMock, patch

import pytest

from custom_components.mining_rig.sources.common import cgminer
from custom_components.mining_rig.sources.common.cgminer import (
    CgminerClient,
    ClosedWithoutAnswer,
)
from custom_components.mining_rig.sources.common.cgminer_decoding import (
    AccessDenied,
    CgminerAnswer,
    CgminerRefused,
    UnknownCommand,
)
from custom_components.mining_rig.sources.common.contract import (
    SourceBusy,
    SourceError,
    SourceGarbled,
    SourceUnreachable,
)

SECRET = "s3cr3t-Passw0rd"
ANSWER = b'{"STATUS":[{"STATUS":"S","Code":11}],"SUMMARY":[{"Elapsed":5}],"id":1}'
TEXT = b"STATUS=S,Code=11,Msg=Summary|SUMMARY,Elapsed=5|"
REFUSED = b'{"STATUS":[{"STATUS":"E","Code":%d,"Msg":"no, %s"}]}'


class Miner:
    """A server that answers every question with the same pieces."""

    def __init__(self, *pieces: bytes, close: bool = True, reset: bool = False) -> None:
        """Take what to send, one write each, and how to end."""
        self.pieces = pieces
        self.close = close
        self.reset = reset
        self.questions: list[bytes] = []
        self.open = 0
        self.most_open = 0
        self.ended = asyncio.Event()
        self.asked = asyncio.Event()

    async def handle(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """Answer one question."""
        self.open += 1
        self.most_open = max(self.open, self.most_open)
        try:
            self.questions.append(await reader.read(1000))
            self.asked.set()
            for piece in self.pieces:
                writer.write(piece)
                await writer.drain()
                await asyncio.sleep(0)
            if self.reset:
                # Closing then sends RST.
                linger = struct.pack("ii", 1, 0)
                peer = writer.get_extra_info("socket")
                peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            elif not self.close:
                # Until the client closes, or the test ends.
                ended = asyncio.ensure_future(self.ended.wait())
                await asyncio.wait(
                    (ended, asyncio.ensure_future(reader.read())),
                    return_when=asyncio.FIRST_COMPLETED,
                )
        except ConnectionError:
            pass
        finally:
            self.open -= 1
            writer.close()


@asynccontextmanager
async def served(miner: Miner, **options: Any) -> AsyncIterator[CgminerClient]:
    """Serve a miner and yield its client."""
    server = await asyncio.start_server(miner.handle, "127.0.0.1", 0)
    try:
        port = server.sockets[0].getsockname()[1]
        yield CgminerClient("127.0.0.1", port, **options)
    finally:
        miner.ended.set()
        server.close()


async def failure(asking: Awaitable[Any]) -> SourceError:
    """Return the error that asking ends with; it holds no secret, nor leads to one."""
    with pytest.raises(SourceError) as caught:
        await asking
    assert SECRET not in "".join(traceback.format_exception(caught.value))
    assert caught.value.__context__ is None
    return caught.value


def check(answer: CgminerAnswer) -> None:
    """Fail where it is not the answer."""
    assert answer.status.ok
    assert answer.sections == {"SUMMARY": [{"Elapsed": 5}]}


@pytest.mark.parametrize(
    ("question", "sent"),
    [
        (lambda c: c.ask("stats"), b'{"command": "stats"}\n'),
        (
            lambda c: c.ask("ascset", "0,reboot,0"),
            b'{"command": "ascset", "parameter": "0,reboot,0"}\n',
        ),
        (lambda c: c.ask("a\ud800", "ä"), None),
        (lambda c: c.ask_json({"id": "fan"}), b'{"id": "fan"}\n'),
        (lambda c: c.ask_text("summary"), b"summary"),
        (lambda c: c.ask_text("ascset", "0,softoff"), b"ascset|0,softoff"),
        (lambda c: c.ask_text("\ud800"), b"?"),
    ],
)
async def test_questions(
    question: Callable[[CgminerClient], Awaitable[CgminerAnswer]], sent: bytes | None
) -> None:
    """JSON ends with a newline, text does not."""
    miner = Miner(ANSWER)
    async with served(miner) as client:
        check(await question(client))
    assert sent is None or miner.questions == [sent]


@pytest.mark.parametrize("close", [True, False])
@pytest.mark.parametrize(
    "pieces",
    [
        (ANSWER,),
        (ANSWER + b"\0",),
        (ANSWER, b"\0"),
        (ANSWER[:20], ANSWER[20:]),
        tuple(bytes((byte,)) for byte in ANSWER),
        (b'{"STATUS":[{"STATUS":"S"}]}', b'{"SUMMARY":[{"Elapsed":5}]}'),
        (b'{"A":"\\"}{[","STATUS":"S",', b'"SUMMARY":{"Elapsed":5}}'),
        (b"\n" + json.dumps(json.loads(ANSWER), indent=2).encode() + b"\r\n",),
        (TEXT,),
        (TEXT + b"\n\0",),
        (TEXT[:29], TEXT[29:]),
        tuple(bytes((byte,)) for byte in TEXT),
    ],
)
async def test_end_of_an_answer(pieces: tuple[bytes, ...], *, close: bool) -> None:
    """An answer ends at close, at NUL, or when it is complete."""
    with patch.object(cgminer, "TEXT_LINGER", 0.05):
        async with served(Miner(*pieces, close=close)) as client:
            check(await client.ask("summary"))


@pytest.mark.parametrize(
    ("close", "seconds"), [(b"", cgminer.LINGER), (b"\0", 0.0), (None, 0.0)]
)
async def test_nobody_waits_longer_than_needed(
    close: bytes | None, seconds: float
) -> None:
    """Only where neither a close nor NUL comes is there a short wait."""
    miner = Miner(ANSWER + (close or b""), close=close is None)
    async with served(miner) as client:
        with patch.object(cgminer, "LINGER", seconds or 100.0):
            check(await client.ask("summary"))


@pytest.mark.parametrize("answer", [ANSWER, TEXT])
@pytest.mark.parametrize("error", [ConnectionResetError, TimeoutError])
async def test_reset_after_the_answer(answer: bytes, error: type[OSError]) -> None:
    """How the connection ends does not matter once the answer is there."""
    connection = AsyncMock(), MagicMock()
    connection[0].read.side_effect = [answer, error]
    client = CgminerClient("rig.lan", 4028)
    with patch.object(asyncio, "open_connection", return_value=connection):
        check(await client.ask("summary"))
    connection[1].transport.abort.assert_called_once()


@pytest.mark.parametrize("pieces", [(), (b"\0",), (b" \r\n",)])
@pytest.mark.parametrize("reset", [True, False])
async def test_closed_without_answer(pieces: tuple[bytes, ...], *, reset: bool) -> None:
    """The miner took the question; what it did is not known."""
    async with served(Miner(*pieces, reset=reset)) as client:
        error = await failure(client.ask("ascset", SECRET))
    assert isinstance(error, ClosedWithoutAnswer)
    assert not error.timed_out


@pytest.mark.parametrize(
    ("answer", "other_device"),
    [
        (ANSWER[:-1], False),
        (TEXT[:-1], False),
        (b"<html>%s</html>" % SECRET.encode(), True),
        (b"SSH-2.0-OpenSSH_9.2\r\n", True),
    ],
)
async def test_garbled(answer: bytes, *, other_device: bool) -> None:
    """A cut answer is told from another product's."""
    async with served(Miner(answer)) as client:
        error = await failure(client.ask("summary"))
    assert isinstance(error, SourceGarbled)
    assert error.other_device is other_device


@pytest.mark.parametrize(
    ("code", "kind"), [(45, AccessDenied), (14, UnknownCommand), (10, CgminerRefused)]
)
async def test_refused(code: int, kind: type[CgminerRefused]) -> None:
    """What a miner does not do is told by its code; a caller may look itself."""
    async with served(Miner(REFUSED % (code, b"x"))) as client:
        error = await failure(client.ask("devs"))
        assert type(error) is kind
        assert error.code == code
        assert error.placeholders == {"error": "no, x"}
        answer = await client.ask("devs", check=False)
    assert not answer.status.ok
    assert answer.status.code == code


async def test_too_large() -> None:
    """An answer over the limit is not read to its end."""
    async with served(Miner(ANSWER), limit=len(ANSWER)) as client:
        check(await client.ask("summary"))
    endless = Miner(*[b"x" * 4096] * 20, close=False)
    async with served(endless, limit=40_000) as client:
        assert isinstance(await failure(client.ask("summary")), SourceGarbled)


async def test_large_answers_are_decoded_elsewhere() -> None:
    """The event loop does not wait for a large answer."""
    body = ANSWER[:-1] + b"," + b" " * 100_000 + b"}"
    async with served(Miner(body)) as client:
        check(await client.ask("summary"))


@pytest.mark.parametrize("pieces", [(), (b'{"STATUS":',), (b"STATUS=S",)])
async def test_time_out(pieces: tuple[bytes, ...]) -> None:
    """One deadline holds for the whole question."""
    async with served(Miner(*pieces, close=False), timeout=0.05) as client:
        error = await failure(client.ask("summary"))
    assert isinstance(error, SourceUnreachable)
    assert error.timed_out
    assert "0.05 s" in str(error)


async def test_connection_refused(unused_tcp_port: int) -> None:
    """Nobody listens."""
    error = await failure(CgminerClient("127.0.0.1", unused_tcp_port).ask("summary"))
    assert type(error) is SourceUnreachable
    assert not error.timed_out
    assert f"127.0.0.1:{unused_tcp_port}" in str(error)


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (socket.gaierror(-2, "Name or service not known"), "the name is not known"),
        (OSError(113, "No route to host"), "No route to host"),
        (OSError(), "OSError"),
        (UnicodeError(SECRET), "cannot be asked"),
        (OverflowError("port must be 0-65535"), "cannot be asked"),
    ],
)
async def test_unreachable(error: Exception, text: str) -> None:
    """Whatever keeps a connection from being made."""
    client = CgminerClient("rig.invalid", 4028)
    with patch.object(asyncio, "open_connection", side_effect=error):
        found = await failure(client.ask("summary"))
    assert type(found) is SourceUnreachable
    assert text in str(found)


@pytest.mark.parametrize("host", ["", " ", "[]"])
async def test_host_that_is_none(host: str) -> None:
    """It would be this computer itself."""
    with pytest.raises(SourceUnreachable):
        CgminerClient(host, 4028)


async def test_address_is_shown() -> None:
    """IPv6 has brackets."""
    assert str(CgminerClient("[::1]", 4028)) == "[::1]:4028"
    assert repr(CgminerClient("rig.lan", 4028)) == "CgminerClient(rig.lan:4028)"


async def test_one_question_at_a_time() -> None:
    """These machines serve one connection."""
    miner = Miner(ANSWER)
    async with served(miner) as client:
        for answer in await asyncio.gather(*(client.ask("summary") for _ in range(8))):
            check(answer)
    assert len(miner.questions) == 8
    assert miner.most_open == 1


async def test_urgent_question_goes_first() -> None:
    """It ends the one that is being asked and those that wait; later ones wait."""
    miner = Miner(close=False)
    async with served(miner) as client:
        asked = asyncio.ensure_future(client.ask("stats"))
        waiting = asyncio.ensure_future(client.ask("pools"))
        await miner.asked.wait()
        miner.pieces = (ANSWER + b"\0",)
        check(await client.ask("ascset", "0,softoff", urgent=True))
        assert isinstance(await failure(asked), SourceBusy)
        assert isinstance(await failure(waiting), SourceBusy)
        check(await client.ask("summary"))
    assert [b"ascset" in question for question in miner.questions] == [
        False,
        True,
        False,
    ]


async def test_urgent_question_ends_no_urgent_one() -> None:
    """They come one after the other, with nothing in their way."""
    miner = Miner(ANSWER)
    async with served(miner) as client:
        asking = (client.ask("ascset", urgent=True) for _ in range(2))
        for answer in await asyncio.gather(*asking):
            check(answer)


async def test_cancelled_question_leaves_nothing() -> None:
    """The next question is asked at once."""
    miner = Miner(close=False)
    async with served(miner) as client:
        asked = asyncio.ensure_future(client.ask("stats"))
        waiting = asyncio.ensure_future(client.ask("stats"))
        await miner.asked.wait()
        waiting.cancel()
        asked.cancel()
        await asyncio.wait((asked, waiting))
        miner.pieces = (ANSWER + b"\0",)
        check(await client.ask("summary"))


async def test_nothing_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """Not even at debug level does a secret get into a log."""
    caplog.set_level(logging.DEBUG)
    body = b'{"STATUS":"S","POOLS":[{"User":"%s"}]}' % SECRET.encode()
    async with served(Miner(body)) as client:
        answer = await client.ask("pools", SECRET)
    assert SECRET not in repr(answer)
    assert SECRET not in caplog.text
