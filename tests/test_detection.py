"""A kind that was chosen wrongly, encryption and paths: the dialog says what is there."""

import asyncio
from collections.abc import AsyncIterator, Callable
import json
from pathlib import Path
from typing import Any, Self
from unittest.mock import patch

from aiohttp import ClientSession
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
import pytest

from custom_components.mining_rig.sources import KINDS
from custom_components.mining_rig.sources.common import detection
from custom_components.mining_rig.sources.common.contract import (
    SourceBusy,
    SourceGarbled,
    SourceUnreachable,
)
from custom_components.mining_rig.sources.common.detection import Question
from custom_components.mining_rig.sources.common.http import Answer
from custom_components.mining_rig.sources.detect import QUESTIONS, USUAL, async_detect
from simulator.t_rex import SimulatedTRex
from simulator.tls import self_signed
from simulator.xmrig import SimulatedXMRig
from simulator.xmrig_proxy import SimulatedXmrigProxy

from .rigs import entry_for
from .sources.test_lolminer import DUAL
from .sources.test_xmrig_parse import LINUX_RIG
from .test_config_flow import FLOW, async_begin, async_go_on, suggested

pytestmark = pytest.mark.usefixtures("socket_enabled")

TOKEN = "b6b8b4a2"
FIXTURES = Path(__file__).parent / "fixtures"
NETWORK_KINDS = [kind for kind, facts in KINDS.items() if facts.form.has("host")]
REPLY = "HTTP/1.1 {status} X\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"


class Recorded:
    """A server with one answer at one path, which keeps what it was sent."""

    def __init__(self, *paths: str, body: Any, tls: bool = False) -> None:
        """Take what it answers with, and with 404 everywhere else."""
        self.paths = paths
        self.body = json.dumps(body).encode()
        self.tls = tls
        self.received = b""
        self.port = 0

    async def __aenter__(self) -> Self:
        """Start."""
        self._server = await asyncio.start_server(self._answer, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop."""
        self._server.close()
        await self._server.wait_closed()

    async def _answer(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        try:
            if self.tls:
                await writer.start_tls(self_signed())
            head = await reader.readline()
            if b"HTTP/" in head:
                head += await reader.readuntil(b"\r\n\r\n")
        except OSError, asyncio.IncompleteReadError:
            # Who asked does not speak as this server does.
            writer.close()
            return
        if b"HTTP/" not in head:
            writer.close()
            return
        self.received += head
        path = head.split()[1].decode().partition("?")[0]
        status, body = (200, self.body) if path in self.paths else (404, b"{}")
        writer.write(REPLY.format(status=status, length=len(body)).encode() + body)
        await writer.drain()
        writer.close()


def lolminer(**facts: Any) -> Recorded:
    """Return a lolMiner."""
    return Recorded("/summary", body=DUAL, **facts)


class Machine:
    """A server of a socket API, one question a connection."""

    def __init__(self, **answers: bytes) -> None:
        """Take the answers by command; it closes after any other question."""
        self.answers = answers
        self.questions: list[bytes] = []
        self.most = self._open = 0
        """The most connections at a time."""
        self.port = 0

    async def __aenter__(self) -> Self:
        """Start."""
        self._server = await asyncio.start_server(self._answer, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop."""
        self._server.close()
        await self._server.wait_closed()

    async def _answer(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._open += 1
        self.most = max(self.most, self._open)
        try:
            if question := await reader.read(8192):
                self.questions.append(question)
                writer.write(self.answers.get(self._command(question), b""))
                await writer.drain()
        except OSError:
            pass
        finally:
            self._open -= 1
            writer.close()

    @staticmethod
    def _command(question: bytes) -> str:
        try:
            asked = json.loads(question)
        except ValueError:
            return question.decode(errors="replace").strip()
        keys = ("command", "method", "id")
        return str(next((asked[key] for key in keys if key in asked), ""))


def file(path: str) -> bytes:
    """Return a recorded answer."""
    return (FIXTURES / path).read_bytes()


def page(kind: str, name: str) -> Callable[[], Recorded]:
    """Return what makes a program that answers HTTP with a recorded answer."""
    answer = json.loads(file(f"miners/{name}.json"))
    return lambda: Recorded(*QUESTIONS[kind].paths, body=answer)


def machine(**files: str) -> Callable[[], Machine]:
    """Return what makes a machine with recorded answers by command."""
    return lambda: Machine(**{command: file(path) for command, path in files.items()})


RIGS: dict[str, Callable[[], Any]] = {
    "antminer": machine(
        stats="antminer/s9_stock_stats.txt", pools="antminer/s9_stock_pools.json"
    ),
    "avalon": machine(
        **{c: f"avalon/nano3s_{c}.json" for c in ("stats", "summary", "version")}
    ),
    "axeos": lambda: Recorded(
        "/api/system/info",
        body=json.loads(file("axeos/bitaxe_gamma602_v2.15.0_info_mining.json")),
    ),
    "bzminer": page("bzminer", "bzminer_24_constructed"),
    "ccminer": machine(
        summary="miners/ccminer_summary.txt", pool="miners/ccminer_pool.txt"
    ),
    "claymore": machine(miner_getstat1="miners/phoenixminer_5.1c_getstat1.json"),
    "gminer": page("gminer", "gminer_3.06_stat"),
    "iceriver": machine(boardpow="iceriver/boardpow.json", info="iceriver/info.json"),
    "lolminer": lolminer,
    "miniz": machine(getstat="miners/miniz_getstat.json"),
    "nanominer": page("nanominer", "nanominer_foreman_stats"),
    "nbminer": page("nbminer", "nbminer_40.0_status"),
    "onezerominer": page("onezerominer", "onezerominer_1.8.0_vector"),
    "rigel": page("rigel", "rigel_1.23.2_stat"),
    "srbminer": page("srbminer", "srbminer_3.6.4_api_v2_status"),
    "t_rex": lambda: SimulatedTRex("rig"),
    "teamredminer": machine(
        devs="miners/teamredminer_0.3.8_devs.json",
        # It refuses what it does not know, and says its name.
        stats="miners/teamredminer_0.3.8_devs.json",
        pools="miners/teamredminer_0.3.8_pools.json",
    ),
    "wildrig": page("wildrig", "wildrig_0.10.0"),
    "xmrig": lambda: SimulatedXMRig("rig", token=None),
    "xmrig_proxy": lambda: SimulatedXmrigProxy(token=None),
}


LABELS = {
    "antminer": "Antminer S9",
    "avalon": "Avalon Nano3s",
    "axeos": "Bitaxe Gamma v2.15.0",
    "miniz": "miniZ",
    "nanominer": "nanominer",
}


@pytest.fixture
async def session() -> AsyncIterator[ClientSession]:
    """Return a session."""
    async with ClientSession() as session:
        yield session


def test_every_kind_on_the_network_has_a_question() -> None:
    """One that is added later has one, too."""
    assert sorted(QUESTIONS) == sorted(NETWORK_KINDS) == sorted(RIGS)
    for kind, question in QUESTIONS.items():
        if KINDS[kind].program is not None:
            assert question.title == KINDS[kind].program
        assert USUAL[kind] or "xmrig" in kind


@pytest.mark.parametrize("kind", NETWORK_KINDS)
async def test_detect(session: ClientSession, kind: str) -> None:
    """Each program is told from all others, with its version."""
    async with RIGS[kind]() as rig:
        [found] = await async_detect(session, "127.0.0.1", [1, rig.port])
    assert (found.kind, [*found.ports.values()]) == (kind, [rig.port])
    assert not found.ssl
    assert found.label == LABELS.get(kind, f"{found.title} {found.version}")
    assert found.version or kind in LABELS
    assert not found.needs
    if isinstance(rig, Machine):
        assert rig.most == 1


async def test_detect_behind_a_secret(session: ClientSession) -> None:
    """What is locked is known as far as it can be, and what it needs."""
    async with SimulatedTRex("rig", password="secret") as rig:
        [found] = await async_detect(session, "127.0.0.1", [rig.port])
    assert (found.kind, found.needs) == ("t_rex", {"password"})
    assert found.label == "T-Rex"
    async with SimulatedXMRig(token=TOKEN) as miner:
        both = await async_detect(session, "127.0.0.1", [miner.port])
    assert [found.kind for found in both] == ["xmrig", "xmrig_proxy"]
    assert {found.needs for found in both} == {frozenset({"access_token"})}


@pytest.mark.parametrize(
    "body", [None, [], "x", {}, {"error": "no"}, {"name": 1}, {"Software": "other 1"}]
)
async def test_detect_nothing(session: ClientSession, body: Any) -> None:
    """Anything else is nothing known, and nothing is raised."""
    async with Recorded("/summary", body=body) as server:
        assert await async_detect(session, "127.0.0.1", [server.port]) == []
    assert await async_detect(session, "127.0.0.1", [server.port]) == []
    assert await async_detect(session, "not a host", [1]) == []


# ---- in the dialog


@pytest.mark.parametrize("kind", NETWORK_KINDS)
async def test_wrong_kind(hass: HomeAssistant, kind: str) -> None:
    """Whatever was chosen, the error names what answers, and one choice goes on."""
    async with RIGS[kind]() as rig:
        typed = {"host": f"http://127.0.0.1:{rig.port}"}
        for chosen in NETWORK_KINDS:
            if chosen == kind:
                continue
            form = await async_begin(hass, chosen)
            with patch(f"{FLOW}.READ_TIMEOUT", 0.5):
                # A web server may wait for the end of a request that is none.
                step = await async_go_on(hass, form, typed)
            assert step["errors"] == {"host": "other_kind"}, chosen
            found = step["description_placeholders"]["found"]
            assert found == LABELS.get(kind, found)
            assert kind in LABELS or found.startswith(f"{QUESTIONS[kind].title} ")
            assert suggested(step)["host"] == typed["host"]
            step = await async_go_on(hass, step, {**typed, "go_on_as": kind})
            assert step["step_id"] == "name", chosen
        done = await async_go_on(hass, step, {"name": "Rig"})
        assert done["type"] is FlowResultType.CREATE_ENTRY
        assert done["data"]["kind"] == kind
        assert done["data"]["host"] == "127.0.0.1"
        key = "socket_port" if kind == "antminer" else "port"
        assert done["data"][key] == rig.port
        assert await hass.config_entries.async_unload(done["result"].entry_id)


async def test_wrong_kind_with_a_secret(hass: HomeAssistant) -> None:
    """What was typed is kept; the secret is asked for, and none was sent to a guess."""
    async with SimulatedXMRig(token=TOKEN) as rig:
        form = await async_begin(hass, "t_rex")
        typed = {"host": "127.0.0.1", "port": rig.port, "password": "hunter2"}
        step = await async_go_on(hass, form, typed)
        assert step["errors"] == {"host": "other_kind"}
        assert step["description_placeholders"]["found"] == "XMRig / xmrig-proxy"
        step = await async_go_on(hass, step, {**typed, "go_on_as": "xmrig"})
        assert step["errors"] == {}
        assert step["step_id"] == "xmrig"
        assert step["description_placeholders"]["label"] == "XMRig"
        assert suggested(step) == {"host": "127.0.0.1", "port": rig.port}
        assert "go_on_as" not in step["data_schema"].schema
        right = {"host": "127.0.0.1", "port": rig.port, "access_token": TOKEN}
        assert (await async_go_on(hass, step, right))["step_id"] == "name"


async def test_token_of_the_other_one(hass: HomeAssistant) -> None:
    """With its token, a miner says that it is no proxy; that needs no guess."""
    async with SimulatedXMRig(token=TOKEN) as rig:
        form = await async_begin(hass, "xmrig_proxy")
        typed = {"host": "127.0.0.1", "port": rig.port, "access_token": TOKEN}
        step = await async_go_on(hass, form, typed)
        assert step["errors"] == {"host": "other_kind"}
        step = await async_go_on(hass, step, {**typed, "go_on_as": "xmrig"})
        assert step["step_id"] == "name"


async def test_no_secret_is_sent(hass: HomeAssistant) -> None:
    """Detection sends no credentials, whatever was typed."""
    async with lolminer() as server:
        form = await async_begin(hass, "xmrig")
        typed = {"host": "127.0.0.1", "port": server.port, "access_token": TOKEN}
        await async_go_on(hass, form, typed)
        asked = server.received.split(b"\r\n\r\n")
        own = len([head for head in asked if TOKEN.encode() in head])
        # The chosen kind's own three requests, and none of the others.
        assert own == len(QUESTIONS["xmrig"].paths)
        assert len(asked) > own + 3


@pytest.mark.parametrize(
    "kind", [kind for kind in NETWORK_KINDS if KINDS[kind].form.has("ssl")]
)
async def test_certificate(hass: HomeAssistant, kind: str) -> None:
    """A certificate of the owner's own is not "nothing answers"."""
    async with lolminer(tls=True) as server:
        form = await async_begin(hass, kind)
        typed = {"host": f"https://127.0.0.1:{server.port}"}
        step = await async_go_on(hass, form, typed)
        assert step["errors"] == {"host": "certificate"}


@pytest.mark.parametrize(("tls", "error"), [(True, "only_https"), (False, "only_http")])
async def test_encryption(hass: HomeAssistant, tls: bool, error: str) -> None:
    """Encryption that is missing, or not expected, is said."""
    async with Recorded("/2/summary", body=LINUX_RIG, tls=tls) as server:
        form = await async_begin(hass, "xmrig")
        scheme = "http" if tls else "https"
        typed = {"host": f"{scheme}://127.0.0.1:{server.port}"}
        with patch(f"{FLOW}.READ_TIMEOUT", 0.5):
            # A server without TLS may wait for the end of a request that is none.
            step = await async_go_on(hass, form, typed)
        assert step["errors"] == {"host": error}


async def test_other_kind_with_tls(hass: HomeAssistant) -> None:
    """The transport of what was found is carried over."""
    async with Recorded("/2/summary", body=LINUX_RIG, tls=True) as server:
        form = await async_begin(hass, "t_rex")
        typed = {
            "host": "127.0.0.1",
            "port": server.port,
            "connection": {"ssl": False, "verify_ssl": False},
        }
        step = await async_go_on(hass, form, typed)
        assert step["errors"] == {"host": "other_kind"}
        step = await async_go_on(hass, step, {**typed, "go_on_as": "xmrig"})
        done = await async_go_on(hass, step, {"name": "Rig"})
        assert done["data"]["ssl"] is True
        assert done["data"]["verify_ssl"] is False
        assert await hass.config_entries.async_unload(done["result"].entry_id)


@pytest.mark.parametrize(
    ("path", "errors"),
    [
        ("/rig1", {"host": "path"}),
        ("/proxy/2/summary", {"host": "path"}),
        ("/", None),
        ("/summary?x=1", None),
        ("/trex", None),
        ("/2/backends#x", None),
    ],
)
async def test_path(
    hass: HomeAssistant, path: str, errors: dict[str, str] | None
) -> None:
    """A path of a proxy is not dropped; that of a program's own page says nothing."""
    async with lolminer() as server:
        form = await async_begin(hass, "lolminer")
        typed = {"host": f"http://127.0.0.1:{server.port}{path}"}
        step = await async_go_on(hass, form, typed)
        assert (step.get("errors") or None) == errors


async def test_reconfigure(hass: HomeAssistant) -> None:
    """A new address at which something else answers is said, too."""
    async with SimulatedTRex("rig") as rig, lolminer() as server:
        entry = entry_for(rig)
        entry.add_to_hass(hass)
        form = await entry.start_reconfigure_flow(hass)
        step = await async_go_on(hass, form, {"host": "127.0.0.1", "port": server.port})
        assert step["errors"] == {"host": "other_kind"}
        assert step["description_placeholders"]["found"].startswith("lolMiner ")
        assert "go_on_as" not in step["data_schema"].schema


@pytest.mark.parametrize(
    "error",
    [
        SourceUnreachable("late", timed_out=True),
        SourceUnreachable("refused"),
        SourceGarbled("no HTTP", other_device=True),
        SourceBusy("later"),
    ],
)
async def test_answers_that_say_nothing(
    session: ClientSession, error: Exception
) -> None:
    """A port that is silent, shut, busy or speaks something else is none of ours."""
    question = Question(title="Example", paths=("/a", "/b"))
    assert question.recognise(Answer(200, b""), None) is None
    async with Recorded(body=None) as server:
        with patch.object(detection.JsonHttp, "get", side_effect=error) as get:
            found = await detection.async_ask(
                session, "127.0.0.1", {server.port: {"x": question}}
            )
    assert get.called
    assert found == []
