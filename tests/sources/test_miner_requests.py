"""How miner programs are asked, against servers on loopback."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
import json
from typing import Any
from unittest.mock import patch

from aiohttp import ClientSession, web
from freezegun.api import FrozenDateTimeFactory
import pytest

from custom_components.mining_rig import readings
from custom_components.mining_rig.sources.common import optional_requests
from custom_components.mining_rig.sources.common.contract import (
    Polled,
    Pressable,
    SourceContext,
    SourceError,
    SourceGarbled,
    SourceRefused,
    SourceUnreachable,
    Writable,
)
from custom_components.mining_rig.sources.common.decoding import Fields
from custom_components.mining_rig.sources.miners.read_only import ReadOnlyMiner

from .conftest import Serve
from .miner_programs import FIXTURES, KINDS, NOW, RECORDED, module, of_json

HTTP = {
    "bzminer": ("bzminer_24", "/status"),
    "gminer": ("gminer_3.06", "/stat"),
    "nanominer": ("nanominer", "/stats"),
    "nbminer": ("nbminer_40.0", "/api/v1/status"),
    "onezerominer": ("onezerominer_1.8.0", "/"),
    "rigel": ("rigel_1.23.2", "/"),
    "srbminer": ("srbminer_3.6.4", "/"),
    "wildrig": ("wildrig_0.10.0", "/"),
}
SOCKET = {
    "ccminer": (
        {
            "summary": "ccminer_summary.txt",
            "threads": "ccminer_threads_made_up.txt",
            "pool": "ccminer_pool.txt",
        },
        "ccminer",
    ),
    "claymore": (
        {"miner_getstat1": "phoenixminer_5.1c_getstat1.json"},
        "phoenixminer_5.1c",
    ),
    "miniz": ({"getstat": "miniz_getstat.json"}, "miniz"),
    "teamredminer": (
        {
            "devs": "teamredminer_0.3.8_devs.json",
            "pools": "teamredminer_0.3.8_pools.json",
        },
        "teamredminer_0.3.8",
    ),
}


async def open_source(
    kind: str, port: int, session: ClientSession, **data: Any
) -> ReadOnlyMiner:
    """Return the source that the form makes."""
    context = SourceContext(
        data={"host": "127.0.0.1", "port": port, **data}, session=session
    )
    source: ReadOnlyMiner = await module(kind).async_open(context)
    assert isinstance(source, Polled)
    assert not isinstance(source, Writable | Pressable)
    return source


def test_every_kind() -> None:
    """Each is asked by one of the ways below."""
    assert {*HTTP, *SOCKET, "lolminer"} == set(KINDS)


@pytest.mark.parametrize("kind", HTTP)
async def test_http(kind: str, serve: Serve, session: ClientSession) -> None:
    """One GET request a poll."""
    name, path = HTTP[kind]
    paths = []

    async def answer(request: web.Request) -> web.Response:
        paths.append(request.path_qs)
        return web.json_response(RECORDED[name].make())

    server = await serve(answer)
    source = await open_source(kind, server.port or 0, session)
    identity = await source.identify()
    assert (identity.rig_id, identity.title) == (None, "127.0.0.1")
    found = await source.read(NOW)
    assert found == module(kind).parse(Fields(RECORDED[name].make()), NOW)
    assert source.address == f"http://127.0.0.1:{server.port}{path}"
    assert paths == [path, path]
    await source.close()


async def test_other_path(serve: Serve, session: ClientSession) -> None:
    """A path where something else answers is not asked again after another did."""
    paths = []

    async def answer(request: web.Request) -> web.Response:
        paths.append(request.path)
        if request.path == "/":
            return web.Response(text="<html></html>")
        return web.json_response(of_json("srbminer_3.6.4_api_v2_status.json"))

    server = await serve(answer)
    source = await open_source("srbminer", server.port or 0, session)
    await source.read(NOW)
    await source.read(NOW)
    assert paths == ["/", "/api/v2/status", "/api/v2/status"]


@pytest.mark.parametrize("kind", HTTP)
@pytest.mark.parametrize(
    ("status", "body"),
    [(200, "{}"), (200, "[]"), (200, "<html>"), (401, ""), (500, "")],
)
async def test_no_program(
    kind: str, status: int, body: str, serve: Serve, session: ClientSession
) -> None:
    """What something else answers is another device."""

    async def answer(request: web.Request) -> web.Response:
        return web.Response(status=status, text=body)

    server = await serve(answer)
    source = await open_source(kind, server.port or 0, session)
    with pytest.raises(SourceGarbled) as garbled:
        await source.identify()
    assert garbled.value.other_device


async def test_bzminer_password(serve: Serve, session: ClientSession) -> None:
    """The password is sent as the program wants it, and only if there is one."""
    queries = []

    async def answer(request: web.Request) -> web.Response:
        queries.append(dict(request.query))
        if request.query.get("password") == "secret":
            return web.json_response(of_json("bzminer_24_constructed.json"))
        return web.json_response(of_json("bzminer_error_incorrect_password.json"))

    server = await serve(answer)
    source = await open_source("bzminer", server.port or 0, session)
    with pytest.raises(SourceRefused) as refused:
        await source.identify()
    source = await open_source("bzminer", server.port or 0, session, password="wrong-1")
    with pytest.raises(SourceRefused) as refused:
        await source.read(NOW)
    assert "wrong-1" not in str(refused.value)
    source = await open_source("bzminer", server.port or 0, session, password="secret")
    await source.read(NOW)
    assert queries == [{}, {"password": "wrong-1"}, {"password": "secret"}]


# ---- over a socket


@asynccontextmanager
async def miner(
    reply: Callable[[str], bytes | None],
) -> AsyncIterator[tuple[int, list[str]]]:
    """Answer each connection's question; None closes without an answer."""
    questions: list[str] = []

    async def handle(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        question = (await reader.read(1000)).decode()
        questions.append(question)
        if (body := reply(question)) is not None:
            # In pieces, as they may arrive.
            for start in range(0, len(body), 200):
                writer.write(body[start : start + 200])
                await writer.drain()
        writer.close()

    async with AsyncExitStack() as stack:
        server = await asyncio.start_server(handle, "127.0.0.1", 0)
        stack.push_async_callback(server.wait_closed)
        stack.callback(server.close)
        yield server.sockets[0].getsockname()[1], questions


def command_of(question: str) -> str:
    """Return the command of a question in JSON or in text."""
    if not question.startswith("{"):
        return question.partition("|")[0].strip()
    found = json.loads(question)
    command: str = found.get("command") or found["method"]
    return command


@pytest.mark.parametrize("kind", SOCKET)
async def test_socket(kind: str, session: ClientSession) -> None:
    """A connection for each command."""
    files, name = SOCKET[kind]

    def reply(question: str) -> bytes | None:
        file = files.get(command_of(question))
        return (FIXTURES / file).read_bytes() if file else None

    async with miner(reply) as (port, questions):
        source = await open_source(kind, port, session)
        assert source.address is None
        version = module(kind).version(Fields(RECORDED[name].make()))
        assert (await source.identify()).version == (version or None)
        found = await source.read(NOW)
    assert found == module(kind).parse(Fields(RECORDED[name].make()), NOW)
    assert {*files} <= {command_of(question) for question in questions}


async def test_claymore_password(session: ClientSession) -> None:
    """The password goes into the question, and into nothing else."""

    def reply(question: str) -> bytes | None:
        if json.loads(question).get("psw") == "secret":
            return (FIXTURES / "phoenixminer_5.1c_getstat1.json").read_bytes()
        return b'{"id":0,"error":{"code":-403,"message":"Unauthorized"}}'

    async with miner(reply) as (port, _):
        for password in (None, "wrong-1"):
            source = await open_source("claymore", port, session, password=password)
            with pytest.raises(SourceRefused):
                await source.identify()
        source = await open_source("claymore", port, session, password="secret")
        await source.identify()


UNKNOWN = b'{"STATUS":[{"STATUS":"E","Code":14,"Msg":"Invalid command"}]}'


async def test_unknown_command(
    session: ClientSession, freezer: FrozenDateTimeFactory
) -> None:
    """It costs its own values only, and is asked again after an hour."""
    devs = (FIXTURES / "teamredminer_0.3.8_devs.json").read_bytes()

    def reply(question: str) -> bytes | None:
        command = command_of(question)
        return {"devs": devs, "pools": UNKNOWN}.get(command)

    async with miner(reply) as (port, questions):
        source = await open_source("teamredminer", port, session)
        for hours in (0, 0, 1):
            with patch.object(
                optional_requests, "monotonic", return_value=10_000 + 3600 * hours
            ):
                found = await source.read(NOW)
            assert found.parts["gpu0"].get(readings.TEMPERATURE.plain) == 68
    asked = [command_of(question) for question in questions]
    assert asked.count("devs") == 3
    assert asked.count("pools") == 2
    # Closed without an answer: perhaps it was busy.
    assert asked.count("summary") == 3


@pytest.mark.parametrize("kind", HTTP)
async def test_cut_off(kind: str, serve: Serve, session: ClientSession) -> None:
    """A cut-off answer is a missed poll, not another device's."""
    name, path = HTTP[kind]
    body = json.dumps(RECORDED[name].make())

    async def answer(request: web.Request) -> web.Response:
        if request.path != path:
            raise web.HTTPNotFound
        return web.Response(text=body[: len(body) // 2])

    server = await serve(answer)
    source = await open_source(kind, server.port or 0, session)
    with pytest.raises(SourceGarbled) as garbled:
        await source.read(NOW)
    assert not garbled.value.other_device


@pytest.mark.parametrize(
    ("kind", "command"),
    [(kind, command) for kind in SOCKET for command in SOCKET[kind][0]],
)
async def test_cut_off_socket(kind: str, command: str, session: ClientSession) -> None:
    """So it is over a socket, with each of the commands that are known."""
    files, _ = SOCKET[kind]

    def reply(question: str) -> bytes | None:
        if (file := files.get(asked := command_of(question))) is None:
            return None
        body = (FIXTURES / file).read_bytes()
        return body[: len(body) // 2] if asked == command else body

    async with miner(reply) as (port, _):
        source = await open_source(kind, port, session)
        with pytest.raises(SourceGarbled) as garbled:
            await source.read(NOW)
    assert not garbled.value.other_device


@pytest.mark.parametrize(
    "error",
    [
        UNKNOWN,
        b'{"STATUS":[{"STATUS":"E","Code":23,"Msg":"Invalid JSON"}]}',
        b'{"id":null,"error":{"code":-32700,"message":"Parse error"}}',
        b'{"id":0,"error":"unknown method"}',
    ],
)
async def test_json_error_to_text(error: bytes, session: ClientSession) -> None:
    """It means that the command is not known: that costs its own values, once."""
    summary = (FIXTURES / "ccminer_summary.txt").read_bytes()

    def reply(question: str) -> bytes | None:
        return summary if command_of(question) == "summary" else error

    async with miner(reply) as (port, questions):
        source = await open_source("ccminer", port, session)
        for _ in range(2):
            found = await source.read(NOW)
    assert found.rig.get(readings.HASHRATE.plain) == 1230
    asked = [command_of(question) for question in questions]
    assert sorted(asked) == ["pool", "summary", "summary", "threads"]


@pytest.mark.parametrize("kind", SOCKET)
@pytest.mark.parametrize(
    "body", [b"{}", b"[]", UNKNOWN, b"STATUS=S|SUMMARY,Elapsed=1|"]
)
async def test_other_socket(kind: str, body: bytes, session: ClientSession) -> None:
    """What something else answers is another device, or refuses the command."""
    async with miner(lambda _: body) as (port, _):
        source = await open_source(kind, port, session)
        with pytest.raises(SourceError):
            await source.identify()


async def test_nothing_answers(session: ClientSession, unused_tcp_port: int) -> None:
    """A rig that is off cannot be reached."""
    for kind in KINDS:
        source = await open_source(kind, unused_tcp_port, session)
        with pytest.raises(SourceUnreachable):
            await source.read(NOW)
