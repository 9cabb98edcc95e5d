"""IceRiver: recorded answers in the vocabulary, port 4111 and the web page."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
import json
from pathlib import Path
import time
from typing import Any
from unittest.mock import patch

from aiohttp import ClientSession, web
from hypothesis import given, strategies as st
import pytest
from syrupy.assertion import SnapshotAssertion

from custom_components.mining_rig import readings
from custom_components.mining_rig.model import (
    RIG,
    Action,
    Control,
    Part,
    PartKind,
    Snapshot,
    part_map,
)
from custom_components.mining_rig.sources import iceriver
from custom_components.mining_rig.sources.common.cgminer_decoding import decode
from custom_components.mining_rig.sources.common.contract import (
    CommandRefused,
    SourceContext,
    SourceGarbled,
    SourceUnreachable,
)
from custom_components.mining_rig.sources.common.decoding import Fields
from custom_components.mining_rig.sources.common.poll_budget import PollBudget
from custom_components.mining_rig.sources.iceriver import IceRiverSource, async_open
from custom_components.mining_rig.sources.iceriver.parse import (
    boards,
    locate,
    mac,
    model,
    values,
)
from custom_components.mining_rig.sources.iceriver.question import QUESTION

from .conftest import Serve
from .spoil import check, spoilt

FIXTURES = Path(__file__).parent.parent / "fixtures" / "iceriver"
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
RATE = readings.HASHRATE.plain


def load(name: str) -> Any:
    """Return a recorded answer."""
    return json.loads((FIXTURES / f"{name}.json").read_bytes())


PANEL = load("ks5l_userpanel")
NATIVE = {
    **{name: load(name) for name in ("board", "boardpow", "fan", "getpool", "info")},
    "getnet": {"id": "getnet", "ret": {"code": 0, "mac": "00:0a:39:00:00:02"}},
    "getlocate": {"id": "getlocate", "ret": {"code": 0, "locate": False}},
}


def snapshot_of(fields: Fields) -> Snapshot:
    """Return what the fields show."""
    rig = Part(kind=PartKind.RIG, key=RIG, values=values(fields, NOW))
    found = Snapshot(parts=part_map(rig, *boards(fields)))
    check(found)
    return found


def shown(found: Snapshot) -> Any:
    """Return a snapshot for comparison."""
    return {
        part.key: {channel.key: value for channel, value in part.values.items()}
        for part in found.parts.values()
    }


class Server:
    """A machine that keeps its connections open after an answer."""

    def __init__(self, answers: dict[str, Any]) -> None:
        """Take the answers by question."""
        self.answers = dict(answers)
        self.questions: list[Any] = []
        self.keeps_open = True

    async def handle(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """Answer one question."""
        question = json.loads(await reader.readline())
        self.questions.append(question)
        name = question["id"]
        if name == "setlocate":
            self.answers["getlocate"] = {"id": "x", "ret": {"locate": question["on"]}}
            self.answers["setlocate"] = {"id": "setlocate", "ret": {"code": 0}}
        refused = {"id": name, "ret": {"code": 1}}
        answer = self.answers.get(name, refused)
        if answer is not None:
            writer.write(json.dumps(answer).encode())
            await writer.drain()
            if self.keeps_open:
                await reader.read()
        writer.close()


@pytest.fixture
async def listen() -> AsyncIterator[Any]:
    """Return what starts a server and returns its port."""
    async with AsyncExitStack() as stack:

        async def start(server: Server) -> int:
            listener = await asyncio.start_server(server.handle, "127.0.0.1", 0)
            stack.push_async_callback(listener.wait_closed)
            stack.callback(listener.close)
            port: int = listener.sockets[0].getsockname()[1]
            return port

        yield start


async def open_source(
    port: int, session: ClientSession, web_port: int = 9
) -> IceRiverSource:
    """Return the source that the form makes."""
    data = {"host": "127.0.0.1", "port": port, "web_port": web_port}
    return await async_open(SourceContext(data=data, session=session))


async def test_native(
    listen: Any, session: ClientSession, snapshot: SnapshotAssertion
) -> None:
    """Port 4111 answers without a log-in."""
    server = Server(NATIVE)
    source = await open_source(await listen(server), session)
    found = await source.read(NOW)
    check(found)
    assert found.rig_id == "00:0A:39:00:00:02"
    assert shown(found) == snapshot
    rig = found.rig
    assert rig.get(RATE) == 1.55e11
    assert rig.get(readings.ACCEPTED.plain) == 2418
    assert found.parts["board1"].get(readings.OUTLET_TEMPERATURE.plain) == 52
    assert rig.get(readings.HOTTEST.plain) == 52
    assert rig.get(readings.STARTED.plain) == NOW - timedelta(
        hours=9, minutes=21, seconds=23
    )
    server.questions.clear()
    again = await source.read(NOW)
    assert again.rig_id == found.rig_id
    assert [question["id"] for question in server.questions] == [
        *("boardpow", "board", "fan", "getpool", "getlocate"),
    ]


async def test_web(
    serve: Serve,
    session: ClientSession,
    unused_tcp_port: int,
    snapshot: SnapshotAssertion,
) -> None:
    """Without port 4111 the web page is read, once a minute at most."""
    asked: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        asked.append(f"{request.method} {request.path_qs}")
        return web.json_response(PANEL)

    server = await serve(answer)
    source = await open_source(unused_tcp_port, session, server.port or 0)
    found = await source.read(NOW)
    check(found)
    assert shown(found) == snapshot
    assert found.rig.model == "KS5L"
    assert found.rig.get(RATE) == 1.5011e13
    assert found.rig.get(readings.ACCEPTED.plain) == 7225
    assert found.rig.get(readings.HOTTEST.plain) == 67
    assert found.rig.actions == ()
    with patch.object(iceriver, "monotonic", return_value=source._web_at + 59):
        await source.read(NOW)
    with patch.object(iceriver, "monotonic", return_value=source._web_at + 61):
        await source.read(NOW)
    assert asked == ["POST /user/userpanel?post=4"] * 2


async def test_identity(listen: Any, session: ClientSession) -> None:
    """The MAC address is the machine's id."""
    source = await open_source(await listen(Server(NATIVE)), session)
    found = await source.identify()
    assert (found.rig_id, found.stable) == ("00:0A:39:00:00:02", True)
    assert source.address == "http://127.0.0.1:9/"
    await source.close()
    without = {name: NATIVE[name] for name in NATIVE if name != "getnet"}
    source = await open_source(await listen(Server(without)), session)
    assert (await source.identify()).stable is False


async def test_off(session: ClientSession, unused_tcp_port: int) -> None:
    """A machine that is off answers at neither."""
    source = await open_source(unused_tcp_port, session, unused_tcp_port)
    for _ in range(2):
        with pytest.raises(SourceUnreachable):
            await source.read(NOW)


async def test_other_device(listen: Any, serve: Serve, session: ClientSession) -> None:
    """Something else is told apart at both ports."""
    server = Server({"boardpow": {"id": "boardpow", "ret": {"code": 0}}})
    source = await open_source(await listen(server), session)
    with pytest.raises(SourceGarbled) as garbled:
        await source.read(NOW)
    assert garbled.value.other_device

    async def answer(request: web.Request) -> web.Response:
        return web.json_response({"data": {}})

    http = await serve(answer)
    source = await open_source(9, session, http.port or 0)
    with pytest.raises(SourceGarbled):
        await source.read(NOW)


async def test_slow(listen: Any, session: ClientSession) -> None:
    """After eight seconds the first answer is enough."""
    server = Server(NATIVE)
    source = await open_source(await listen(server), session)
    with patch.object(PollBudget, "is_over", True):
        found = await source.read(NOW)
    assert found.rig.get(RATE) == 1.55e11
    assert len(server.questions) == 1


async def test_refused_question(listen: Any, session: ClientSession) -> None:
    """A question that is refused costs its own values, and is asked each hour."""
    answers = {**NATIVE, "fan": {"id": "fan", "ret": {"code": 2}}, "getpool": None}
    del answers["getlocate"]
    server = Server(answers)
    source = await open_source(await listen(server), session)
    for _ in range(2):
        found = await source.read(NOW)
        assert found.rig.get(RATE) == 1.55e11
        assert readings.LOCATE.plain not in found.rig.controls
    asked = [question["id"] for question in server.questions]
    assert (asked.count("fan"), asked.count("getpool")) == (1, 2)


async def test_commands(listen: Any, session: ClientSession) -> None:
    """The light and a restart, at port 4111."""
    server = Server({**NATIVE, "restart": None})
    source = await open_source(await listen(server), session)
    found = await source.read(NOW)
    control = found.rig.controls[readings.LOCATE.plain]
    await source.write(RIG, control, True)
    assert (await source.read(NOW)).rig.get(readings.LOCATE.plain) is True
    await source.press(RIG, readings.REBOOT)
    assert {"id": "setlocate", "on": True} in server.questions
    assert {"id": "restart"} in server.questions
    for attempt in (
        source.write(RIG, Control(channel=readings.POWER_LIMIT.plain), 5),
        source.press(RIG, Action("something_else")),
    ):
        with pytest.raises(CommandRefused):
            await attempt


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"softver1": "ICM168_3_2_10_ks5L_miner"}, "KS5L"),
        ({"model": "AL3"}, "AL3"),
        ({"model": "none", "softver1": "x_rx0_bg"}, "RX0"),
        ({"softver1": "v1.0"}, None),
    ],
)
def test_models(fields: Any, expected: str | None) -> None:
    """The model is in the name of the firmware."""
    assert model(Fields(fields)) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("000a39000001", "00:0A:39:00:00:01"),
        ("00-0a-39-00-00-01", "00:0A:39:00:00:01"),
        ("x", None),
    ],
)
def test_mac(text: str, expected: str | None) -> None:
    """Any spelling."""
    assert mac(Fields({"mac": text})) == expected


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"locate": 1.0}, True),
        ({"on": False}, False),
        ({"locate": 7}, None),
        ({}, None),
    ],
)
def test_locate(fields: Any, expected: bool | None) -> None:
    """A flag or a number."""
    assert locate(Fields(fields)) is expected


def test_odd_boards() -> None:
    """Boards with one number, sensors of their own, a hashrate as a number."""
    board = {"no": 1, "rtpow": 5.5, "unit": "T", "pcbtemp": "57.0-0.0-x-61.5"}
    found = snapshot_of(Fields({"rtpow": "1T", "boards": [board, board]}))
    assert list(found.parts) == [RIG, "board1", "board101"]
    assert found.parts["board1"].get(RATE) == 5.5e12
    assert found.parts["board1"].get(readings.BOARD_TEMPERATURE.plain) == 61.5
    assert found.rig.get(readings.HOTTEST.plain) == 61.5


@given(data=st.data())
def test_any_answer(data: st.DataObject) -> None:
    """Nothing is raised, and nothing of a wrong type, unit or range is shown."""
    snapshot_of(Fields(data.draw(spoilt(PANEL["data"]))))


async def test_starting(listen: Any, serve: Serve, session: ClientSession) -> None:
    """Port 80 answers, 4111 does not any more: it starts, for up to five minutes."""
    server = Server(NATIVE)

    async def answer(request: web.Request) -> web.Response:
        return web.Response(text="<html>")

    pages = await serve(answer)
    port = await listen(server)
    source = await open_source(port, session, web_port=pages.port or 0)
    assert (await source.read(NOW)).rig.get(RATE) == 1.55e11
    server.answers.clear()
    server.answers["boardpow"] = None
    rig = (await source.read(NOW)).rig
    assert rig.get(readings.STATUS.plain) == "starting"
    assert rig.get(RATE) == 0
    assert rig.actions == ()
    later = time.monotonic() + 301
    with (
        patch.object(iceriver, "monotonic", return_value=later),
        pytest.raises(SourceGarbled),
    ):
        await source.read(NOW)


def test_question() -> None:
    """Another machine at port 4111 is none."""
    socket_question = QUESTION.socket
    assert socket_question is not None
    assert socket_question.recognise(decode(b'{"id": "boardpow", "ret": {}}')) is None
    found = socket_question.recognise(decode(json.dumps(NATIVE["boardpow"]).encode()))
    assert found is not None
