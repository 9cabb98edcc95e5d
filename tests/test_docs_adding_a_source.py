"""The worked example of "Adding a source" is a source that works."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from importlib.util import module_from_spec, spec_from_file_location
import json
from pathlib import Path
import sys
from types import ModuleType

from aiohttp import web
from aiohttp.test_utils import TestServer
from homeassistant.core import HomeAssistant
from homeassistant.helpers.aiohttp_client import async_get_clientsession
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.mining_rig import sources
from custom_components.mining_rig.const import CONF_ID_ROOT, CONF_KIND, DOMAIN
from custom_components.mining_rig.sources import KINDS, detect, miners

from .pages import PAGES
from .rigs import ID_ROOT, async_set_up, state

KIND = "exampleminer"
BLOCKS = PAGES[Path("docs/adding-a-source.md")].blocks
(ANSWER,) = [json.loads(block.text) for block in BLOCKS if block.language == "json"]
MODULE, REGISTRY, QUESTIONS, SOCKET = [
    block.text for block in BLOCKS if block.language == "python"
]
LONGEST = 120
"""Lines that a program which only reports may have."""

pytestmark = pytest.mark.usefixtures("socket_enabled")


class Builder:
    """Adds the kind of the page to the integration, as the page says."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Take where its files are written, and what removes them afterwards."""
        self._folder = folder
        self._monkeypatch = monkeypatch

    def _load(self, package: ModuleType, name: str, text: str) -> ModuleType:
        """Return a module of a package that has that text."""
        path = self._folder / f"{name}.py"
        path.write_text(text, encoding="utf-8")
        full_name = f"{package.__name__}.{name}"
        spec = spec_from_file_location(full_name, path)
        assert spec is not None
        assert spec.loader is not None
        module = module_from_spec(spec)
        spec.loader.exec_module(module)
        self._monkeypatch.setitem(sys.modules, full_name, module)
        self._monkeypatch.setattr(package, name, module, raising=False)
        return module

    def build(self, text: str, *, can_be_found: bool = True) -> None:
        """Write the module, and add its lines to the registry and the questions."""
        assert text.count("\n") <= LONGEST
        self._load(miners, KIND, text)
        lines = f"from . import _program\nLINES = {{{REGISTRY}}}\n"
        added = self._load(sources, "added", lines).LINES
        self._monkeypatch.setitem(KINDS, KIND, added[KIND])
        if can_be_found:
            lines = f"from .miners import {KIND}\nLINES = {{{QUESTIONS}}}\n"
            asked = self._load(sources, "asked", lines).LINES
            self._monkeypatch.setitem(detect.QUESTIONS, KIND, asked[KIND])


@pytest.fixture
def builder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Builder:
    """Return what builds the example."""
    return Builder(tmp_path, monkeypatch)


@pytest.fixture
async def stack() -> AsyncIterator[AsyncExitStack]:
    """Return what closes the servers."""
    async with AsyncExitStack() as found:
        yield found


async def serve(stack: AsyncExitStack) -> int:
    """Start an ExampleMiner that speaks HTTP; return its port."""

    async def answer(request: web.Request) -> web.Response:
        return web.json_response(ANSWER)

    app = web.Application()
    app.router.add_get("/api", answer)
    server = await stack.enter_async_context(TestServer(app, host="127.0.0.1"))
    return server.port or 0


async def listen(stack: AsyncExitStack) -> int:
    """Start one that answers over a socket; return its port."""

    async def answer(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        assert json.loads(await reader.readline()) == {"method": "status"}
        writer.write(json.dumps(ANSWER).encode() + b"\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    stack.push_async_callback(server.wait_closed)
    stack.callback(server.close)
    port: int = server.sockets[0].getsockname()[1]
    return port


async def async_check(hass: HomeAssistant, port: int) -> None:
    """Add an ExampleMiner to Home Assistant and look at what it shows."""
    entry = MockConfigEntry(
        domain=DOMAIN,
        title="Garage",
        data={CONF_KIND: KIND, CONF_ID_ROOT: ID_ROOT}
        | {"host": "127.0.0.1", "port": port},
    )
    assert await async_set_up(hass, entry)
    assert state(hass, "sensor", "hashrate").state == "58.6"
    assert state(hass, "sensor", "pool").state == "pool.example.com:6060"
    assert state(hass, "sensor", "accepted_shares").state == "88"
    assert state(hass, "sensor", "power", "0a:00").state == "121"
    assert state(hass, "sensor", "temperature", "0b:00").state == "61"
    with pytest.raises(AssertionError, match="no sensor for 0b:00 power"):
        state(hass, "sensor", "power", "0b:00")


async def test_module(
    hass: HomeAssistant, builder: Builder, stack: AsyncExitStack
) -> None:
    """It is added by its line, and shows what its answer holds."""
    builder.build(MODULE)
    assert KINDS[KIND].form.defaults["port"] == 4444
    await async_check(hass, await serve(stack))


async def test_question(
    hass: HomeAssistant,
    builder: Builder,
    stack: AsyncExitStack,
) -> None:
    """Its answer is recognised, by its own question only."""
    builder.build(MODULE)
    session = async_get_clientsession(hass, verify_ssl=False)
    found = await detect.async_detect(session, "127.0.0.1", [await serve(stack)])
    assert [one.label for one in found] == ["ExampleMiner 1.2.0"]


async def test_socket(
    hass: HomeAssistant, builder: Builder, stack: AsyncExitStack
) -> None:
    """With another way to ask, the same mapping serves a socket."""
    mapping = MODULE.partition("\n\nPROGRAM")[0].replace("HttpPaths", "JsonLine")
    builder.build(f"{mapping}\n\n\n{SOCKET}", can_be_found=False)
    await async_check(hass, await listen(stack))
