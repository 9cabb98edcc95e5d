"""Traps of the simulated machines with an API of their own."""

import asyncio
from collections.abc import AsyncIterator
import json
from typing import Any

from aiohttp import ClientSession, ServerDisconnectedError
import pytest

from simulator.antminer import SimulatedAntminer
from simulator.axeos import SimulatedAxeOS
from simulator.iceriver import SimulatedIceRiver

PANEL = "/user/userpanel?post=4"


@pytest.fixture
async def session() -> AsyncIterator[ClientSession]:
    """Return a client's session."""
    async with ClientSession() as session:
        yield session


async def ask(port: int, question: dict[str, Any]) -> tuple[Any, bool]:
    """Ask at a socket; return the answer, and whether the connection stays open."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(json.dumps(question).encode())
    answer = json.loads(await reader.read(65536))
    try:
        async with asyncio.timeout(0.05):
            stays = await reader.read() != b""
    except TimeoutError:
        stays = True
    writer.close()
    return answer, stays


async def test_iceriver(session: ClientSession) -> None:
    """It keeps connections open, wants `on` at the top, and its page hangs when hurried."""
    async with SimulatedIceRiver("Rig") as rig:
        answer, stays = await ask(rig.port, {"id": "boardpow"})
        assert answer["ret"]["rtpow"].endswith("G")
        assert stays
        for question in ({"on": 1}, {"ret": {"on": True}}, {}):
            answer, _ = await ask(rig.port, {"id": "setlocate", **question})
            assert answer["ret"]["code"] == 1
        assert not rig.light
        assert (await ask(rig.port, {"id": "unheard"}))[0]["ret"] == {"code": 1}
        await ask(rig.port, {"id": "resetfactory"})
        assert rig.harmed
        url = f"http://{rig.host}:{rig.web.port}"
        async with session.post(f"{url}{PANEL}") as response:
            assert (await response.json(content_type=None))["data"]["mac"] == rig.mac
        with pytest.raises(ServerDisconnectedError):
            await session.post(f"{url}{PANEL}")
        assert rig.web_hangs


async def test_antminer_socket() -> None:
    """Its answers end with NUL and miss a comma; a new configuration replaces all."""
    async with SimulatedAntminer("Rig") as rig:
        reader, writer = await asyncio.open_connection(rig.host, rig.socket.port)
        writer.write(b'{"command":"stats"}')
        answer = await reader.read()
        writer.close()
        assert b"}{" in answer
        assert answer.endswith(b"\0")
        rig._order("set_miner_conf.cgi", {"miner-mode": 1})
        assert rig.config["pools"] == []


async def test_axeos(session: ClientSession) -> None:
    """It says yes to any PATCH, and leads what it does not know elsewhere."""
    async with SimulatedAxeOS("Rig") as rig:
        url = f"{rig.url}/api/system"
        async with session.patch(url, json={"unheard": 1}) as response:
            assert (response.status, await response.read()) == (200, b"")
        unknown = f"{rig.url}/unheard"
        async with session.get(unknown, allow_redirects=False) as response:
            assert response.status == 302
        for identifies in (True, False):
            async with session.post(f"{url}/identify"):
                assert rig.identifies is identifies
