"""Adding a rig by its address: what answers is found out, named and added."""

from collections.abc import Iterator
from contextlib import contextmanager
import json
from typing import Any
from unittest.mock import patch

from aiohttp import ClientSession, web
from homeassistant.config_entries import SOURCE_USER, ConfigFlowResult
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
import pytest

from custom_components.mining_rig.const import DOMAIN
from custom_components.mining_rig.sources import detect
from custom_components.mining_rig.sources.common.detection import Question
from custom_components.mining_rig.sources.detect import QUESTIONS, async_detect
from simulator.t_rex import SimulatedTRex
from simulator.xmrig import SimulatedXMRig

from .sources.conftest import Serve, serve, session
from .test_config_flow import async_go_on, suggested
from .test_detection import LABELS, NETWORK_KINDS, RIGS, Machine, machine

__all__ = ["serve", "session"]

pytestmark = pytest.mark.usefixtures("socket_enabled")

TOKEN = "b6b8b4a2"
REALM = 'Digest realm="antMiner Configuration", nonce="1", qop="auth"'


async def async_begin(hass: HomeAssistant) -> ConfigFlowResult:
    """Return the form of the address."""
    menu = await hass.config_entries.flow.async_init(
        DOMAIN, context={"source": SOURCE_USER}
    )
    form = await async_go_on(hass, menu, {"next_step_id": "address"})
    assert form["step_id"] == "address"
    assert [*form["data_schema"].schema] == ["host", "port"]
    return form


async def async_enter(hass: HomeAssistant, **typed: Any) -> ConfigFlowResult:
    """Enter an address and return what comes then."""
    return await async_go_on(hass, await async_begin(hass), typed)


@contextmanager
def usual(**ports: dict[int, Question]) -> Iterator[None]:
    """Let kinds have other usual ports, and all others none."""
    with patch.object(detect, "USUAL", ports):
        yield


@pytest.mark.parametrize("kind", NETWORK_KINDS)
async def test_every_kind(hass: HomeAssistant, kind: str) -> None:
    """What misses nothing is connected at once."""
    async with RIGS[kind]() as rig:
        step = await async_enter(hass, host="127.0.0.1", port=rig.port)
        assert step["step_id"] == "name"
        found = step["description_placeholders"]["model"]
        assert found.startswith(LABELS.get(kind, QUESTIONS[kind].title))
        done = await async_go_on(hass, step, {"name": "Rig"})
        assert done["type"] is FlowResultType.CREATE_ENTRY
        assert done["data"]["kind"] == kind
        key = "socket_port" if kind == "antminer" else "port"
        assert done["data"][key] == rig.port
        assert await hass.config_entries.async_unload(done["result"].entry_id)


async def test_what_a_program_runs_on(hass: HomeAssistant) -> None:
    """A whole URL contains the port; the processor is named."""
    async with SimulatedXMRig("rig", token=None) as rig:
        step = await async_enter(hass, host=f"{rig.url}/2/summary")
        assert step["step_id"] == "name"
        assert step["description_placeholders"]["model"].startswith("XMRig 6.26.0 on ")


async def test_a_secret_is_asked_for(hass: HomeAssistant) -> None:
    """The form of the kind keeps the address; no secret was sent before."""
    async with SimulatedTRex("rig", password="secret") as rig:
        step = await async_enter(hass, host="127.0.0.1", port=rig.port)
        assert step["step_id"] == "t_rex"
        assert step["errors"] == {}
        label = step["description_placeholders"]["label"]
        assert label == "T-Rex, asks for a password"
        assert suggested(step) == {"host": "127.0.0.1", "port": rig.port}
        right = {"host": "127.0.0.1", "port": rig.port, "password": "secret"}
        assert (await async_go_on(hass, step, right))["step_id"] == "name"


async def test_locked_program(hass: HomeAssistant) -> None:
    """One that does not say what it is without its secret is not several rigs."""
    async with SimulatedXMRig(token=TOKEN) as rig:
        step = await async_enter(hass, host="127.0.0.1", port=rig.port)
        assert step["step_id"] == "locked"
        [choice] = step["data_schema"].schema.values()
        assert choice.config["options"] == [
            {"value": "xmrig", "label": "XMRig"},
            {"value": "xmrig_proxy", "label": "xmrig-proxy"},
        ]
        step = await async_go_on(hass, step, {"go_on_as": "xmrig"})
        assert step["step_id"] == "xmrig"
        right = {"host": "127.0.0.1", "port": rig.port, "access_token": TOKEN}
        assert (await async_go_on(hass, step, right))["step_id"] == "name"


async def test_several_answers(hass: HomeAssistant) -> None:
    """What answers at several usual ports is a list, with what each asks for."""
    async with SimulatedTRex(password="secret") as one, SimulatedXMRig() as other:
        ports = {
            "t_rex": {one.port: QUESTIONS["t_rex"]},
            "xmrig": {other.port: QUESTIONS["xmrig"]},
        }
        with usual(**ports):
            step = await async_enter(hass, host="127.0.0.1")
        assert step["step_id"] == "found"
        [choice] = step["data_schema"].schema.values()
        locked, named = choice.config["options"]
        assert locked == {"value": "t_rex", "label": "T-Rex, asks for a password"}
        assert named["label"].startswith("XMRig 6.26.0 on ")
        step = await async_go_on(hass, step, {"go_on_as": "xmrig"})
        assert step["step_id"] == "name"


async def test_usual_ports(hass: HomeAssistant, serve: Serve) -> None:
    """Without a port, each kind is asked for at its own; a machine may have two."""

    async def refuse(_: web.Request) -> web.StreamResponse:
        return web.Response(status=401, headers={"WWW-Authenticate": REALM})

    server = await serve(refuse)
    question = QUESTIONS["antminer"]
    async with machine(stats="antminer/s9_stock_stats.txt")() as rig:
        ports = {server.port: question, rig.port: question}
        with usual(antminer=ports):
            step = await async_enter(hass, host="http://127.0.0.1/")
    assert step["step_id"] == "antminer"
    label = step["description_placeholders"]["label"]
    assert label == "Antminer S9, asks for a password"
    assert suggested(step)["port"] == server.port
    schema = {str(key): key for key in step["data_schema"].schema}
    section = schema["connection"].description["suggested_value"]
    assert section["socket_port"] == rig.port


async def test_nothing_answers(hass: HomeAssistant) -> None:
    """The form comes again and asks for what is missing."""
    with usual():
        step = await async_enter(hass, host="127.0.0.1")
    assert step["errors"] == {"port": "ask_port"}
    assert suggested(step) == {"host": "127.0.0.1"}
    step = await async_go_on(hass, step, {"host": "127.0.0.1", "port": 1})
    assert step["errors"] == {"host": "not_found"}
    step = await async_go_on(hass, step, {"host": "not a host"})
    assert step["errors"] == {"host": "invalid_host"}
    step = await async_go_on(hass, step, {"host": "http://127.0.0.1:1/rig7"})
    assert step["errors"] == {"host": "path"}


async def test_kind_that_is_none(hass: HomeAssistant) -> None:
    """The list can be searched, so it takes any text."""
    menu = await hass.config_entries.flow.async_init(
        DOMAIN, context={"source": SOURCE_USER}
    )
    form = await async_go_on(hass, menu, {"next_step_id": "kinds"})
    step = await async_go_on(hass, form, {"kind": "abacus"})
    assert step["errors"] == {"kind": "unknown_kind"}


# ---- what answers


async def test_antminer_with_a_password(serve: Serve, session: ClientSession) -> None:
    """The realm of its pages is enough; no password is sent."""
    heads: list[str] = []

    async def refuse(request: web.Request) -> web.StreamResponse:
        heads.append(request.headers.get("Authorization", ""))
        return web.Response(status=401, headers={"WWW-Authenticate": REALM})

    server = await serve(refuse)
    [found] = await async_detect(session, "127.0.0.1", [server.port])
    assert (found.kind, found.label) == ("antminer", "Antminer")
    assert found.needs == {"username", "password"}
    assert not any(heads)


async def test_antminer_without_a_password(
    serve: Serve, session: ClientSession
) -> None:
    """A page that lets anybody in names the machine."""

    async def answer(request: web.Request) -> web.StreamResponse:
        if request.path != "/cgi-bin/get_system_info.cgi":
            # As a captive portal does for any path that it does not know.
            raise web.HTTPFound("/")
        return web.json_response({"minertype": "Antminer S21"})

    server = await serve(answer)
    [found] = await async_detect(session, "127.0.0.1", [server.port])
    assert (found.kind, found.label) == ("antminer", "Antminer S21")


async def test_program_with_a_page(serve: Serve, session: ClientSession) -> None:
    """A web server that is none of the miners' is left alone by most questions."""

    async def answer(_: web.Request) -> web.StreamResponse:
        return web.Response(text="<html>printer</html>")

    server = await serve(answer)
    assert await async_detect(session, "127.0.0.1", [server.port]) == []


async def test_password_over_a_socket(session: ClientSession) -> None:
    """Claymore's miners refuse without their password."""
    refusal = {"id": 0, "error": "invalid psw", "result": None}
    async with Machine(miner_getstat1=json.dumps(refusal).encode()) as rig:
        [found] = await async_detect(session, "127.0.0.1", [rig.port])
    assert (found.kind, found.needs) == ("claymore", {"password"})


async def test_old_avalon(session: ClientSession) -> None:
    """Without modules it is recognised by its name."""
    version = b"STATUS=S|VERSION,PROD=AvalonMiner 921,API=3.1|"
    async with Machine(version=version) as rig:
        [found] = await async_detect(session, "127.0.0.1", [rig.port])
    assert (found.kind, found.label) == ("avalon", "AvalonMiner 921")
