"""Machines that are found: by announcement, by lease, by a search of the network."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import ExitStack
from ipaddress import ip_address
import json
from pathlib import Path
from typing import Any
from unittest.mock import patch

from aiohttp import web
from aiohttp.test_utils import TestServer
from homeassistant.config_entries import (
    SOURCE_DHCP,
    SOURCE_IGNORE,
    SOURCE_ZEROCONF,
    ConfigFlowResult,
)
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers.service_info.dhcp import DhcpServiceInfo
from homeassistant.helpers.service_info.zeroconf import ZeroconfServiceInfo
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.mining_rig.const import CONF_ID_ROOT, CONF_KIND, DOMAIN
from custom_components.mining_rig.flow import scan
from custom_components.mining_rig.flow.scan import addresses, async_resolve
from custom_components.mining_rig.sources import probe
from custom_components.mining_rig.sources.common.contract import Identity

from .rigs import ID_ROOT
from .test_config_flow import async_go_on, suggested

pytestmark = pytest.mark.usefixtures("socket_enabled")

FIXTURES = Path(__file__).parent / "fixtures"
INFO = json.loads(
    (FIXTURES / "axeos/bitaxe_gamma602_v2.15.0_info_mining.json").read_bytes()
)
MAC = INFO["macAddr"].upper()
HOME = "127.0.0.1"
FLOW = f"custom_components.{DOMAIN}.flow"
PROBE = f"custom_components.{DOMAIN}.sources.probe"
DIGEST = 'Digest realm="antMiner Configuration", nonce="1", qop="auth"'


class Machine:
    """What answers at one port, and what it was asked."""

    def __init__(self) -> None:
        """Start unasked."""
        self.asked: list[str] = []
        self.port = 0


class WebMachine(Machine):
    """A web server with one answer to everything."""

    def __init__(self, answer: Any, status: int = 200, **headers: str) -> None:
        """Take the answer."""
        super().__init__()
        self.answer, self.status, self.headers = answer, status, headers

    async def handle(self, request: web.Request) -> web.Response:
        """Answer."""
        assert "Origin" not in request.headers
        assert "Authorization" not in request.headers
        self.asked.append(f"{request.method} {request.path}")
        return web.json_response(self.answer, status=self.status, headers=self.headers)


class SocketMachine(Machine):
    """A socket with an answer to some questions."""

    def __init__(self, answers: Mapping[str, Any]) -> None:
        """Take the answers."""
        super().__init__()
        self.answers = answers

    async def handle(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """Answer."""
        if line := await reader.readline():
            question = json.loads(line)
            name = question.get("command") or question["id"]
            self.asked.append(name)
            writer.write(json.dumps(self.answers.get(name, {})).encode())
        writer.close()


class Home:
    """A network with machines at the ports that are searched."""

    def __init__(self) -> None:
        """Start empty."""
        self._closing: list[Any] = []
        self._patches = ExitStack()

    async def add(self, machine: WebMachine | SocketMachine) -> Any:
        """Start a machine."""
        if isinstance(machine, WebMachine):
            app = web.Application()
            app.router.add_route("*", "/{path:.*}", machine.handle)
            server = TestServer(app, host=HOME)
            await server.start_server()
            assert server.port is not None
            machine.port = server.port
            self._closing.append(server.close)
        else:
            socket = await asyncio.start_server(machine.handle, HOME, 0)
            machine.port = socket.sockets[0].getsockname()[1]

            async def close() -> None:
                socket.close()

            self._closing.append(close)
        return machine

    async def close(self) -> None:
        """Stop all."""
        for close in self._closing:
            await close()


@pytest.fixture
async def home() -> AsyncIterator[Home]:
    """Return an empty network."""
    network = Home()
    yield network
    await network.close()


@pytest.fixture(autouse=True)
def _no_new_rig() -> Iterator[None]:
    """Add rigs without polling them."""
    with patch(f"custom_components.{DOMAIN}.async_setup_entry", return_value=True):
        yield


def announced(port: int, *ips: str) -> ZeroconfServiceInfo:
    """Return what a Bitaxe announces."""
    found = [ip_address(ip) for ip in ips or (HOME,)]
    return ZeroconfServiceInfo(
        ip_address=found[0],
        ip_addresses=found,
        port=port,
        hostname="bitaxe.local.",
        type="_http._tcp.local.",
        name="Bitaxe Gamma 602 (0001)._http._tcp.local.",
        properties={},
    )


def lease(ip: str = HOME, mac: str = MAC, hostname: str = "bitaxe") -> DhcpServiceInfo:
    """Return what a lease tells."""
    return DhcpServiceInfo(
        ip=ip, hostname=hostname, macaddress=mac.replace(":", "").lower()
    )


async def discover(hass: HomeAssistant, source: str, data: Any) -> ConfigFlowResult:
    """Start a discovery."""
    result = await hass.config_entries.flow.async_init(
        DOMAIN, context={"source": source}, data=data
    )
    await hass.async_block_till_done()
    return result


def entry_of(
    kind: str = "axeos", rig_id: str | None = MAC, **data: Any
) -> MockConfigEntry:
    """Return an entry."""
    return MockConfigEntry(
        domain=DOMAIN,
        title="Bitaxe",
        unique_id=f"{kind}_{rig_id}" if rig_id else None,
        data={CONF_KIND: kind, CONF_ID_ROOT: ID_ROOT, "host": "127.0.0.9", **data},
    )


async def test_announced_machine_is_added(hass: HomeAssistant, home: Home) -> None:
    """One question to its owner: the name."""
    bitaxe = await home.add(WebMachine(INFO))
    step = await discover(hass, SOURCE_ZEROCONF, announced(bitaxe.port))
    assert (step["type"], step["step_id"]) == (FlowResultType.FORM, "discovered")
    assert step["description_placeholders"]["host"] == HOME
    assert set(bitaxe.asked) == {"GET /api/system/info"}
    again = await discover(hass, SOURCE_ZEROCONF, announced(bitaxe.port))
    assert again["reason"] == "already_in_progress"
    flow = hass.config_entries.flow.async_progress()[0]
    assert HOME in flow["context"]["title_placeholders"]["name"]

    added = await async_go_on(hass, step, {"name": suggested(step)["name"]})
    assert added["type"] is FlowResultType.CREATE_ENTRY
    assert added["result"].unique_id == f"axeos_{MAC}"
    assert added["data"]["host"] == HOME
    assert added["data"]["port"] == bitaxe.port


@pytest.mark.parametrize("answer", [{}, [], "printer", {"hashRate": 1}])
async def test_anything_else_is_left_alone(
    hass: HomeAssistant, home: Home, answer: Any
) -> None:
    """A gadget with such a name ends silently, after one question."""
    gadget = await home.add(WebMachine(answer))
    step = await discover(hass, SOURCE_ZEROCONF, announced(gadget.port))
    assert (step["type"], step["reason"]) == (FlowResultType.ABORT, "not_supported")
    assert gadget.asked == ["GET /api/system/info"]
    step = await discover(hass, SOURCE_ZEROCONF, announced(gadget.port, "fd00::1"))
    assert step["reason"] == "not_supported"


async def test_known_machine_is_followed(hass: HomeAssistant) -> None:
    """A lease alone moves an entry, as a machine that just started says nothing."""
    entry = entry_of()
    entry.add_to_hass(hass)
    with patch(f"{FLOW}.discovery.async_probe") as asking:
        step = await discover(hass, SOURCE_DHCP, lease("127.0.0.5"))
        assert step["reason"] == "already_configured"
        assert entry.data["host"] == "127.0.0.5"
        assert (await discover(hass, SOURCE_DHCP, lease("127.0.0.5")))["reason"]
    assert not asking.called


async def test_name_that_leads_there_is_kept(hass: HomeAssistant) -> None:
    """An owner's name is not replaced by the address that it has."""
    entry = entry_of(host="localhost")
    entry.add_to_hass(hass)
    with patch(f"{FLOW}.discovery.async_resolve", return_value=frozenset((HOME,))):
        await discover(hass, SOURCE_DHCP, lease(HOME))
    assert entry.data["host"] == "localhost"


async def test_same_rig_at_another_address(hass: HomeAssistant, home: Home) -> None:
    """One that announces itself is followed where its old address is silent."""
    bitaxe = await home.add(WebMachine(INFO))
    entry = entry_of(port=bitaxe.port)
    entry.add_to_hass(hass)
    step = await discover(hass, SOURCE_ZEROCONF, announced(bitaxe.port))
    assert step["reason"] == "address_updated"
    assert entry.data["host"] == HOME


async def test_ignored_stays_ignored(hass: HomeAssistant, home: Home) -> None:
    """By lease and by announcement; and its name is no obstacle."""
    bitaxe = await home.add(WebMachine(INFO))
    MockConfigEntry(
        domain=DOMAIN, title="Bitaxe", unique_id=f"axeos_{MAC}", source=SOURCE_IGNORE
    ).add_to_hass(hass)
    step = await discover(hass, SOURCE_ZEROCONF, announced(bitaxe.port))
    assert step["reason"] == "already_configured"
    step = await discover(hass, SOURCE_DHCP, lease("127.0.0.5"))
    assert step["reason"] == "already_configured"


async def test_antminer_is_asked_for_its_password(
    hass: HomeAssistant, home: Home
) -> None:
    """None is sent; its form has the address."""
    antminer = await home.add(WebMachine({}, 401, **{"WWW-Authenticate": DIGEST}))
    with patch(f"{FLOW}.discovery._NAMED", (antminer.port,)):
        step = await discover(
            hass, SOURCE_DHCP, lease(mac="02:00:00:00:00:07", hostname="antminer")
        )
        assert (step["type"], step["step_id"]) == (FlowResultType.FORM, "antminer")
        assert step["errors"] == {}
        assert suggested(step)["host"] == HOME
        assert antminer.asked == ["GET /api/system/info"]
        hass.config_entries.flow.async_abort(step["flow_id"])
        entry_of("antminer", None, host=HOME).add_to_hass(hass)
        step = await discover(
            hass, SOURCE_DHCP, lease(mac="02:00:00:00:00:07", hostname="antminer")
        )
        assert step["reason"] == "already_configured"


async def test_antminer_at_its_socket(hass: HomeAssistant, home: Home) -> None:
    """Its page tells more, so the form with its sign-in comes first; the port is kept."""
    s9 = {"version": {"VERSION": [{"Type": "Antminer S9"}]}}
    antminer = await home.add(SocketMachine(s9))
    with (
        patch(f"{FLOW}.discovery._NAMED", (antminer.port,)),
        patch(f"{PROBE}.QUESTIONS", {80: probe.QUESTIONS[4028]}),
    ):
        step = await discover(
            hass, SOURCE_DHCP, lease(mac="02:00:00:00:00:08", hostname="antminer")
        )
    assert (step["type"], step["step_id"]) == (FlowResultType.FORM, "antminer")
    [connection] = [
        v for k, v in step["data_schema"].schema.items() if k == "connection"
    ]
    [port] = [key for key in connection.schema.schema if key == "socket_port"]
    assert antminer.port in (
        (port.description or {}).get("suggested_value"),
        port.default() if callable(port.default) else None,
    )
    assert antminer.asked == ["version"]


async def search(hass: HomeAssistant, ports: Mapping[int, Any]) -> ConfigFlowResult:
    """Search; those are the machines by the ports that they have in real life."""
    shown: dict[int, int] = {}
    for usual in (80, 4028, 4433, 4111):
        shown[usual] = ports[usual].port if usual in ports else 1
    adapter = {
        "enabled": True,
        "ipv4": [{"address": HOME, "network_prefix": 32}],
    }
    with ExitStack() as stack:
        questions = {
            shown[usual]: probe.QUESTIONS[usual]
            for usual in (80, 4028, 4111)
            if usual in ports
        }
        questions = {80: probe.QUESTIONS[80], **questions}
        stack.enter_context(patch(f"{PROBE}.QUESTIONS", questions))
        stack.enter_context(patch(f"{PROBE}._WHATSMINER", shown[4433]))
        stack.enter_context(patch(f"{FLOW}.search.SEARCHED", tuple(shown.values())))
        stack.enter_context(
            patch(
                "homeassistant.components.network.async_get_adapters",
                return_value=[adapter],
            )
        )
        step = await hass.config_entries.flow.async_init(
            DOMAIN, context={"source": "search"}
        )
        assert step["type"] is FlowResultType.SHOW_PROGRESS
        await hass.async_block_till_done(wait_background_tasks=True)
        return await hass.config_entries.flow.async_configure(step["flow_id"])


async def test_search_finds(hass: HomeAssistant, home: Home) -> None:
    """Each rig found is a discovery of its own."""
    bitaxe = await home.add(WebMachine(INFO))
    with patch(f"{FLOW}.search.discovery_flow.async_create_flow") as create:
        done = await search(hass, {80: bitaxe})
    assert (done["type"], done["reason"]) == (FlowResultType.ABORT, "search_found")
    assert done["description_placeholders"]["count"] == "1"
    assert HOME in done["description_placeholders"]["rigs"]
    *_, context, data = create.call_args.args
    step = await discover(hass, context["source"], data)
    assert step["step_id"] == "discovered"
    again = await discover(hass, context["source"], data)
    assert again["reason"] == "already_in_progress"


VERSION = json.loads((FIXTURES / "avalon/q_idle_version.json").read_bytes())
S19 = json.loads((FIXTURES / "antminer/s19pro_stats.json").read_bytes())
LITE = json.loads((FIXTURES / "avalon/q_idle_stats.json").read_bytes())
REFUSED = {"STATUS": [{"STATUS": "E", "Code": 14, "Msg": "Invalid command"}]}


@pytest.mark.parametrize(
    ("port", "answers", "outcome"),
    [
        (4028, {"version": VERSION}, ("Avalon Q", 1)),
        (4028, {"version": REFUSED, "stats": LITE}, ("Avalon", 2)),
        (4028, {"version": REFUSED, "stats": S19}, ("Antminer S19 Pro", 2)),
        (4028, {"version": {"VERSION": [{"Type": "Antminer S9"}]}}, ("Antminer S9", 1)),
        (4111, {"info": {"ret": {"softver1": "v1"}}}, ("IceRiver v1", 1)),
        (4111, {"boardpow": {"ret": {"rtpow": "1G"}}}, ("IceRiver", 2)),
        (4111, {"info": {"ret": 7}}, (None, 2)),
        (4028, {"version": {"VERSION": [{"CGMiner": "4"}]}}, (None, 2)),
        (4433, {}, (None, 0)),
    ],
)
async def test_search_recognises(
    hass: HomeAssistant,
    home: Home,
    port: int,
    answers: Mapping[str, Any],
    outcome: tuple[str | None, int],
) -> None:
    """Every machine by its own port, and nothing else."""
    name, questions = outcome
    machine = await home.add(SocketMachine(answers))
    with patch(f"{FLOW}.search.discovery_flow.async_create_flow") as create:
        done = await search(hass, {port: machine})
    assert len(machine.asked) == questions
    if name is None:
        assert done["reason"] == "search_none"
        assert not create.called
    else:
        assert name in done["description_placeholders"]["rigs"]


async def test_search_leaves_known_rigs_alone(hass: HomeAssistant, home: Home) -> None:
    """The addresses of entries are not touched."""
    bitaxe = await home.add(WebMachine(INFO))
    entry_of(host=HOME).add_to_hass(hass)
    assert (await search(hass, {80: bitaxe}))["reason"] == "search_none"
    assert bitaxe.asked == []


async def test_search_without_a_network(hass: HomeAssistant) -> None:
    """It says so."""
    with patch(f"{FLOW}.search.addresses", return_value=[]):
        assert (await search(hass, {}))["reason"] == "search_no_network"


def adapter(address: str, prefix: int, *, enabled: bool = True) -> Any:
    """Return a network adapter."""
    return {
        "enabled": enabled,
        "ipv4": [{"address": address, "network_prefix": prefix}],
    }


def test_addresses() -> None:
    """At most a /24 of each private network of an enabled adapter, each address once."""
    found = addresses(
        [
            adapter("10.1.2.3", 16),
            adapter("10.1.2.4", 24),
            adapter("192.168.9.1", 24, enabled=False),
            adapter("8.8.8.8", 24),
        ],
        {"10.1.2.5"},
    )
    assert len(found) == 253
    assert {address.rpartition(".")[0] for address in found} == {"10.1.2"}
    assert "10.1.2.5" not in found


async def test_addresses_of_names() -> None:
    """A name that is not known leads nowhere."""
    loop = asyncio.get_running_loop()
    assert await async_resolve("127.0.0.7") == {"127.0.0.7"}
    with patch.object(loop, "getaddrinfo", side_effect=OSError):
        assert await async_resolve("no.such.name") == frozenset()
    answer = [(None, None, 0, "", ("192.168.1.7", 0))]
    with patch.object(loop, "getaddrinfo", return_value=answer):
        assert await async_resolve("rig.local") == {"192.168.1.7"}


async def test_scan_keeps_its_pace() -> None:
    """At most 32 connections at a time; each host is left when it is recognised."""
    most = under_way = 0

    async def connect(host: str, port: int, *, within: float) -> bool:
        nonlocal most, under_way
        assert within == 1.0
        under_way += 1
        most = max(most, under_way)
        await asyncio.sleep(0)
        under_way -= 1
        return port == 2

    asked: list[tuple[str, int]] = []

    async def ask(host: str, port: int) -> Any:
        asked.append((host, port))
        return "machine"

    shares: list[float] = []
    hosts = [str(number) for number in range(100)]
    with (
        patch.object(scan, "accepts_connection", connect),
        patch.object(scan, "APART", 0),
    ):
        found = await scan.async_scan(hosts, (1, 2, 3), ask, shares.append)
    assert most <= 32
    assert [host for host, _ in found] == hosts
    assert set(asked) == {(host, 2) for host in hosts}
    assert shares[-1] == 1


async def test_lease_tells_what_an_antminer_does_not(
    hass: HomeAssistant, home: Home
) -> None:
    """Without a password its MAC address is that of the lease."""
    antminer = await home.add(WebMachine({}, 401, **{"WWW-Authenticate": DIGEST}))
    mac = "02:00:00:00:00:07"
    with patch(f"{FLOW}.discovery._NAMED", (antminer.port,)):
        form = await discover(hass, SOURCE_DHCP, lease(mac=mac, hostname="antminer"))
    answers = {"host": HOME, "port": antminer.port, "connection": {}}
    identity = Identity(rig_id=None, title="Antminer")
    with patch(f"{FLOW}.base.RigFlow._async_identify", return_value=(identity, {})):
        step = await async_go_on(hass, form, answers)
    assert step["step_id"] == "name"
    added = await async_go_on(hass, step, {"name": "Antminer"})
    assert added["result"].unique_id == f"antminer_{mac}"


async def test_machine_that_stops_answering(hass: HomeAssistant, home: Home) -> None:
    """Recognised, but gone before it is read: nothing is offered."""
    bitaxe = await home.add(WebMachine(INFO))
    failed = (None, {"host": "timeout"})
    with patch(f"{FLOW}.base.RigFlow._async_identify", return_value=failed):
        step = await discover(hass, SOURCE_ZEROCONF, announced(bitaxe.port))
    assert step["reason"] == "not_supported"
