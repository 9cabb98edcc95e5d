"""The pages of machines and miner programs name every entity of recorded rigs.

Each recorded answer is read by its source, and what the source returns is set up in Home
Assistant, so that names, units and defaults are those that an owner sees.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import datetime
from pathlib import Path
from typing import Any, override

from aiohttp import ClientSession, DummyCookieJar, web
from aiohttp.test_utils import TestServer
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.mining_rig.const import CONF_ID_ROOT, CONF_KIND, DOMAIN
from custom_components.mining_rig.model import Snapshot
from custom_components.mining_rig.sources import antminer, avalon, axeos, iceriver
from custom_components.mining_rig.sources.axeos.releases import NewestRelease
from custom_components.mining_rig.sources.common.contract import SourceContext

from .entity_tables import documented, name_of, undocumented
from .pages import PAGES
from .scripted import ScriptedSource, async_open
from .sources import (
    miner_programs,
    test_antminer as antminers,
    test_avalon as avalons,
    test_axeos as axeos_miners,
    test_axeos_parse as axeos_answers,
    test_iceriver as iceriver_machines,
)

ENTITIES = Path("docs/entities.md")
MINER_PROGRAMS = Path("docs/miner_programs.md")
NOW = axeos_answers.NOW
CGI = ("stats.cgi", "summary.cgi", "pools.cgi", "get_system_info.cgi")
LIGHT = b"STATUS=I,When=1,Code=118,Msg=ASC 0 set info: help|led|softon|softoff|,|"
FIRMWARE = NewestRelease(
    version="v9.9.9",
    page="https://github.com/NAME/REPOSITORY",
    assets=(
        (
            "esp-miner-factory-NerdQAxe++-v9.9.9.bin",
            "https://github.com/NAME/REPOSITORY/a.bin",
        ),
    ),
)

pytestmark = pytest.mark.usefixtures("socket_enabled")


class Servers:
    """Servers on loopback with recorded answers."""

    def __init__(self, stack: AsyncExitStack, session: ClientSession) -> None:
        """Take what closes them, and a client's session."""
        self.stack = stack
        self.session = session

    async def http(
        self, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> int:
        """Start one that speaks HTTP; return its port."""
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", handler)
        server = TestServer(app, host="127.0.0.1")
        await self.stack.enter_async_context(server)
        return server.port or 0

    async def socket(self, handler: Any) -> int:
        """Start one that answers over a socket; return its port."""
        listener = await asyncio.start_server(handler, "127.0.0.1", 0)
        self.stack.push_async_callback(listener.wait_closed)
        self.stack.callback(listener.close)
        port: int = listener.sockets[0].getsockname()[1]
        return port

    async def read(
        self, kind: Any, port: int, *, options: Any = None, **data: Any
    ) -> Snapshot:
        """Return what the source of a kind reads."""
        context = SourceContext(
            data={"host": "127.0.0.1", "port": port, **data},
            session=self.session,
            options=options or {},
        )
        source = await kind.async_open(context)
        found: Snapshot = await source.read(NOW)
        await source.close()
        return found


@pytest.fixture
async def servers() -> AsyncIterator[Servers]:
    """Return what starts servers."""
    async with (
        ClientSession(cookie_jar=DummyCookieJar()) as session,
        AsyncExitStack() as stack,
    ):
        yield Servers(stack, session)


async def read_axeos(servers: Servers) -> list[Snapshot]:
    """Return all recorded miners, and one that has found a block."""
    infos = [axeos_answers.load(name) for name in axeos_answers.INFOS]
    infos.append({**axeos_answers.MINING, "showNewBlock": True})
    found = []
    for info in infos:
        miner = axeos_miners.Miner(info)
        port = await servers.http(miner.handle)
        options = {"allow_tuning": True}
        found.append(await servers.read(axeos, port, options=options))
    return found


async def read_avalon(servers: Servers) -> list[Snapshot]:
    """Return all recorded machines with their verbs, and one with a light."""
    help_ = avalons.load("q_idle_ascset_help.json")
    machines = [{"help": help_, **answers} for answers in avalons.MACHINES.values()]
    light = avalons.with_stats("Ver[1346-23042501] LED[1] GHSspd[110000.5]")
    machines.append({"estats": light, "help": LIGHT})
    return [
        await servers.read(avalon, await servers.socket(avalons.Server(answers).handle))
        for answers in machines
    ]


async def read_antminer(servers: Servers) -> list[Snapshot]:
    """Return all recorded machines, by pages and by the socket, and one with a fault."""
    recorded = [
        [antminers.load(name) for name in names] for names in antminers.PAGES.values()
    ]
    faulty = [antminers.load(name) for name in antminers.PAGES["s21"]]
    fault = {"type": "fans", "status": "e", "code": 1, "msg": "fan lost"}
    faulty[1]["SUMMARY"][0]["status"] = [fault]
    found = []
    for answers in [*recorded, faulty]:
        machine = antminers.Machine()
        machine.pages |= zip(CGI, answers, strict=True)
        port = await servers.http(machine.handle)
        ports = {"power_port": port, "socket_port": 9}
        found.append(await servers.read(antminer, port, **ports, **antminers.USER))
    return [*found, *map(antminers.read, antminers.SOCKETS)]


async def read_iceriver(servers: Servers) -> list[Snapshot]:
    """Return both recorded machines, by port 4111 and by the web page."""

    async def panel(request: web.Request) -> web.Response:
        return web.json_response(iceriver_machines.PANEL)

    native = iceriver_machines.Server(iceriver_machines.NATIVE)
    return [
        await servers.read(iceriver, await servers.socket(native.handle), web_port=9),
        await servers.read(iceriver, 9, web_port=await servers.http(panel)),
    ]


MACHINES = {
    "antminer": read_antminer,
    "avalon": read_avalon,
    "axeos": read_axeos,
    "iceriver": read_iceriver,
}


class RecordedSource(ScriptedSource):
    """A rig that always reads as it was recorded."""

    def __init__(self, found: Snapshot) -> None:
        """Take what it reads."""
        super().__init__()
        self._found = found

    @override
    async def read(self, now: datetime) -> Snapshot:
        return self._found


async def async_entities(
    hass: HomeAssistant, kind: str, found: list[Snapshot]
) -> list[er.RegistryEntry]:
    """Return the entities of rigs of a kind that read so."""
    for number, snapshot in enumerate(found):
        entry = MockConfigEntry(
            domain=DOMAIN,
            title=f"Rig {number}",
            data={CONF_KIND: kind, CONF_ID_ROOT: f"{kind}{number}", "host": "rig"}
            | {"port": 1},
        )
        await async_open(hass, entry, RecordedSource(snapshot))
    return [*er.async_get(hass).entities.values()]


@pytest.mark.parametrize("kind", MACHINES)
async def test_all_entities_of_a_machine_are_documented(
    hass: HomeAssistant, kind: str, servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every entity is in a table, with its unit and its default; none is made up."""

    async def newest(*_: Any) -> NewestRelease:
        return FIRMWARE

    monkeypatch.setattr(axeos, "newest_release", newest)
    found = await MACHINES[kind](servers)
    entities = await async_entities(hass, kind, found)
    page = PAGES[Path(f"docs/{kind}.md")]
    assert not undocumented(entities, PAGES[ENTITIES], page)
    assert not documented(page).keys() - {name_of(entity) for entity in entities}


async def test_all_entities_of_miner_programs_are_documented(
    hass: HomeAssistant,
) -> None:
    """Likewise, of all programs that only report."""
    found: dict[str, list[Snapshot]] = {}
    for recorded in miner_programs.RECORDED.values():
        answer = miner_programs.parse(recorded.kind, recorded.make())
        found.setdefault(recorded.kind, []).append(answer)
    for kind, snapshots in found.items():
        await async_entities(hass, kind, snapshots)
    entities = [*er.async_get(hass).entities.values()]
    page = PAGES[MINER_PROGRAMS]
    assert not undocumented(entities, PAGES[ENTITIES], page)
