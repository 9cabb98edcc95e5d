"""Avalon: recorded answers in the vocabulary, and its commands over a socket."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime
import json
from pathlib import Path
from typing import Any
from unittest.mock import patch

from aiohttp import ClientSession
from hypothesis import given, strategies as st
import pytest
from syrupy.assertion import SnapshotAssertion

from custom_components.mining_rig import readings
from custom_components.mining_rig.model import (
    RIG,
    Action,
    Channel,
    Control,
    Part,
    PartKind,
    Snapshot,
    Window,
    part_map,
)
from custom_components.mining_rig.sources.avalon import (
    AvalonSource,
    async_open,
    readings as own,
)
from custom_components.mining_rig.sources.avalon.models import Machine, machine
from custom_components.mining_rig.sources.avalon.parse import Module, boards, values
from custom_components.mining_rig.sources.common.cgminer_decoding import decode
from custom_components.mining_rig.sources.common.contract import (
    CommandRefused,
    SourceContext,
    SourceError,
    SourceGarbled,
    SourceUnreachable,
)
from custom_components.mining_rig.sources.common.decoding import Fields
from custom_components.mining_rig.sources.common.poll_budget import PollBudget

from .spoil import check

FIXTURES = Path(__file__).parent.parent / "fixtures" / "avalon"
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
RATE = readings.HASHRATE.plain
POWER = readings.POWER.plain
ALLOWED = readings.MINING_ALLOWED.plain
UNKNOWN = (
    b'{"STATUS":[{"STATUS":"E","When":5,"Code":14,"Msg":"Invalid command"}],"id":1}'
)
DONE = b"STATUS=S,When=1753434997,Code=119,Msg=ASC 0 set OK,Description=cgminer|"
INFO = b"STATUS=I,When=1753434997,Code=118,Msg=ASC 0 set info: success softoff|"
FAILED = b"STATUS=E,When=1,Code=119,Msg=ASC 0 set failed: current mode 1 is caling|"


def load(name: str) -> bytes:
    """Return a recorded answer."""
    return (FIXTURES / name).read_bytes()


def joined(command: str) -> bytes:
    """Return one answer of a recorded joined one."""
    return json.dumps(decode(load("a1047_combined.txt")).joined[command].data).encode()


def with_stats(text: str) -> bytes:
    """Return an answer with one module."""
    return json.dumps({"STATS": [{"ID": "AVA", "MM ID0": text}]}).encode()


MACHINES: dict[str, dict[str, bytes]] = {
    "q_idle": {
        command: load(f"q_idle_{command}.json")
        for command in ("litestats", "stats", "summary", "pools", "version")
    },
    "nano3s": {
        command: load(f"nano3s_{command}.json")
        for command in ("stats", "summary", "version")
    },
    "nano3_b": {
        "summary": load("nano3_b_summary.json"),
        "version": b"STATUS=S|VERSION,PROD=Avalon Nano3,MODEL=Nano3|",
    },
    "a1047": {"summary": joined("summary"), "stats": joined("stats")},
    "a921": {
        "summary": load("a921_summary.json"),
        "version": b"STATUS=S|VERSION,PROD=AvalonMiner 921|",
    },
    "a1346": {
        "version": load("a1346_version.txt"),
        "estats": with_stats("Ver[1346-23042501] SoftOFF[0] GHSspd[110000.5] TMax[87]"),
    },
}


class Server:
    """A machine: one question a connection, answered by its command."""

    def __init__(self, answers: dict[str, bytes]) -> None:
        """Take the answers by command; others are unknown, empty ones close."""
        self.answers = dict(answers)
        self.questions: list[str] = []
        self.orders: list[str] = []

    async def handle(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """Answer one question."""
        question = json.loads(await reader.read(1000))
        command = question["command"]
        self.questions.append(command)
        if command == "ascset":
            self.orders.append(question["parameter"])
            command = question["parameter"].split(",")[1]
        writer.write(self.answers.get(command, UNKNOWN))
        await writer.drain()
        writer.close()


@pytest.fixture
async def serve_socket() -> AsyncIterator[Any]:
    """Return what starts a server and returns its port."""
    async with AsyncExitStack() as stack:

        async def start(server: Server) -> int:
            listener = await asyncio.start_server(server.handle, "127.0.0.1", 0)
            stack.push_async_callback(listener.wait_closed)
            stack.callback(listener.close)
            port: int = listener.sockets[0].getsockname()[1]
            return port

        yield start


async def open_source(port: int, session: ClientSession) -> AvalonSource:
    """Return the source that the form makes."""
    context = SourceContext(data={"host": "127.0.0.1", "port": port}, session=session)
    return await async_open(context)


async def read(
    serve_socket: Any, session: ClientSession, answers: dict[str, bytes]
) -> Snapshot:
    """Return what a machine shows."""
    source = await open_source(await serve_socket(Server(answers)), session)
    found = await source.read(NOW)
    check(found)
    return found


@pytest.mark.parametrize("name", MACHINES)
async def test_recorded(
    name: str, serve_socket: Any, session: ClientSession, snapshot: SnapshotAssertion
) -> None:
    """Home and industrial models, joined and text answers, parts of answers."""
    found = await read(serve_socket, session, MACHINES[name])
    assert {
        part.key: {
            "model": part.model,
            "version": part.version,
            "values": {channel.key: value for channel, value in part.values.items()},
            "controls": [channel.key for channel in part.controls],
        }
        for part in found.parts.values()
    } == snapshot


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (
            "q_idle",
            {
                RATE: 0,
                readings.MINING.plain: False,
                readings.INLET_TEMPERATURE.plain: 26,
                readings.BOARD_TEMPERATURE.channel(number=1): 27,
                readings.ACCEPTED.plain: 890,
                readings.REJECTED.plain: 2,
                readings.POOL.plain: "pool.example.com:4444",
                readings.FAN_SPEED.channel(number=4): 0,
                readings.WORK_MODE.plain: "eco",
                # The last value at work is none.
                POWER: None,
                readings.CHIP_TEMPERATURE.plain: None,
                readings.HASHRATE.channel(Window.M15): None,
            },
        ),
        (
            "nano3s",
            {
                RATE: 6.59884e12,
                POWER: 133,
                readings.CHIP_TEMPERATURE.plain: 95,
                readings.OUTLET_TEMPERATURE.plain: 65,
                readings.INLET_TEMPERATURE.plain: None,
                readings.FAN_SPEED.plain: 1520,
                readings.FAN_LEVEL.plain: 33,
                readings.ACCEPTED.plain: 2547,
                readings.WORK_MODE.plain: "high",
            },
        ),
        ("nano3_b", {RATE: 3.43003479e12, readings.STALE.plain: 9}),
        (
            "a1047",
            {RATE: 3.224741681e13, readings.CHIP_TEMPERATURE.plain: 64, POWER: None},
        ),
        ("a921", {RATE: 4.7370764951e14, readings.STALE.plain: 781}),
        ("a1346", {RATE: 1.100005e14}),
    ],
)
async def test_values(
    name: str,
    expected: dict[Channel[Any], Any],
    serve_socket: Any,
    session: ClientSession,
) -> None:
    """What was seen; what was not is not known."""
    found = (await read(serve_socket, session, MACHINES[name])).rig
    for channel, value in expected.items():
        assert found.get(channel) == (
            pytest.approx(value) if isinstance(value, float) else value
        ), channel


async def test_modules(serve_socket: Any, session: ClientSession) -> None:
    """Several behind one controller: rates add up, the hottest counts."""
    text = "Ver[921-1] TMax[%d] GHSspd[%d] PS[0 0 0 0 %d 0] MPO[2000] TA[10] Fan1[%d]"
    text += " Temp[%d] ECHU[%d] FanR[40%%]"
    record = {
        "MM ID1": text % (71, 18000, 1500, 2800, 25, 640),
        "MM ID2": text % (83, 19000, 1700, 2900, 31, 0),
    }
    stats = json.dumps({"STATS": [record]}).encode()
    found = await read(serve_socket, session, {"stats": stats})
    assert list(found.parts) == [RIG, "board1", "board2"]
    assert found.rig.get(RATE) == 3.7e13
    assert found.rig.get(POWER) == 3200
    assert found.rig.get(readings.CHIP_TEMPERATURE.plain) == 83
    assert found.parts["board2"].get(RATE) == 1.9e13
    assert found.rig.get(readings.INLET_TEMPERATURE.plain) == 31
    assert found.rig.get(readings.EXPECTED_CHIPS.plain) == 20
    assert found.rig.get(own.POWER_GOAL.plain) == 4000
    assert found.rig.get(readings.FAN_SPEED.channel(number=1)) == 2800
    assert found.rig.get(readings.FAN_SPEED.channel(number=2)) == 2900
    # 640 has the bit of overheating; it is the first module's.
    assert found.rig.get(own.OVERHEATED.plain) is True
    assert found.rig.get(own.ERROR_CODES.plain) == "ECHU 640"


async def test_sections_of_a_module(serve_socket: Any, session: ClientSession) -> None:
    """The sections of one module are one machine, in whatever order they come."""
    record = {
        "MM ID0:HBinfo": "'HB':{MTmax[71 73] GHSspd[1]}",
        "MM ID0:Summary": "'STATS':{Ver[Q-1] GHSspd[55000] TMax[73]}",
    }
    stats = json.dumps({"STATS": [record]}).encode()
    found = await read(serve_socket, session, {"stats": stats})
    assert found.rig.get(RATE) == 5.5e13
    assert list(found.parts) == [RIG, "board0", "board1"]


def test_nano_3s_with_the_older_name() -> None:
    """Its wattage is where a Nano 3S has it."""
    version = {"MODEL": "Nano3", "PROD": "Avalon Nano3s"}
    assert machine(Fields(version), None).short == "nano3s"


@pytest.mark.parametrize(
    ("model", "text", "watts"),
    [
        ("Q", "PS[0 1210 2083 37 760 2085 824] MPO[800]", 824),
        ("Nano3s", "PS[0 0 27541 4 0 3756 133] MPO[133]", 133),
        ("Nano3", "PS[0 0 0 3 2792 89 324] MPO[90]", 89),
        ("1566", "PS[0 1209 1187 297 3526 1188 3700] WALLPOWER[3731] MPO[3515]", 3731),
        ("1246", "PS[0 1214 1316 242 3189 1320 3504] MPO[3200]", 3504),
        ("1047", "PS[0 0 0 0 0 0]", None),
        ("1047", "PS[0 0 0 0 1900 0]", 1900),
        ("Q", "PS[0 0 0 0 0 0 2245] MPO[800]", None),
        ("Q", "PS[]", None),
        ("Q", "PS[0 1221 4 0 0 2245 146] MPO[800] SoftOFF[4]", None),
        ("Q", "PS[0 0 0 0 0 0 300] SYSTEMSTATU[Work: In Idle, Hash Board: 1]", None),
    ],
)
def test_power(model: str, text: str, watts: float | None) -> None:
    """By model and layout; what cannot be a power is none."""
    assert Module(0, text).power(Machine(model=model)) == watts


@pytest.mark.parametrize(
    ("version", "stated", "name", "mac"),
    [
        (
            {"PROD": "Avalon Q", "MAC": "aabbcc000001"},
            None,
            "Avalon Q",
            "AA:BB:CC:00:00:01",
        ),
        ({}, "Nano3s-25021401_56abae7", "Avalon Nano3s", None),
        ({"MAC": "000000000000"}, None, None, None),
        ({"MAC": "<DELETED>", "DNA": "<DELETED>"}, "Q-1", "Avalon Q", None),
    ],
)
def test_machine(
    version: Any, stated: str | None, name: str | None, mac: str | None
) -> None:
    """Model and address, from whatever names them."""
    found = machine(Fields(version), stated)
    assert (found.name, found.mac, found.serial) == (name, mac, None)


async def test_faults(serve_socket: Any, session: ClientSession) -> None:
    """Faults are named with their codes."""
    text = "Ver[Q-1] SYSTEMSTATU[Work: In Fault, Hash Board: 1] ECHU[128] CRC[0] LED[1]"
    rig = (await read(serve_socket, session, {"stats": with_stats(text)})).rig
    assert rig.get(own.FAULT.plain) is True
    assert rig.get(own.OVERHEATED.plain) is True
    assert rig.get(own.ERROR_CODES.plain) == "ECHU 128"
    assert rig.get(readings.LOCATE.plain) is True


# ---- requests


async def test_remembered(serve_socket: Any, session: ClientSession) -> None:
    """The command with the modules is remembered; help is asked seldom."""
    server = Server(MACHINES["nano3s"])
    source = await open_source(await serve_socket(server), session)
    await source.read(NOW)
    await source.read(NOW)
    assert server.questions == [
        *("litestats", "estats", "stats", "version", "summary", "pools", "ascset"),
        *("stats", "summary"),
    ]


async def test_identity(serve_socket: Any, session: ClientSession) -> None:
    """The MAC address is the id, else the serial number, else there is none."""
    for name, rig_id in (("q_idle", "AA:BB:CC:00:00:01"), ("a1047", None)):
        source = await open_source(await serve_socket(Server(MACHINES[name])), session)
        found = await source.identify()
        assert found.rig_id == rig_id
        assert found.stable is (rig_id is not None)
        assert source.address == "http://127.0.0.1/"
        await source.close()


@pytest.mark.parametrize(
    ("answers", "error"),
    [
        ({}, SourceGarbled),
        ({"stats": b'{"STATS":[{"Type":"Antminer S9"}]}'}, SourceGarbled),
        ({"litestats": b"", "estats": b"", "stats": b""}, SourceUnreachable),
    ],
)
async def test_something_else(
    answers: dict[str, bytes],
    error: type[SourceError],
    serve_socket: Any,
    session: ClientSession,
) -> None:
    """Another miner is told apart from one that only closes."""
    source = await open_source(await serve_socket(Server(answers)), session)
    with pytest.raises(error):
        await source.read(NOW)


async def test_slow(serve_socket: Any, session: ClientSession) -> None:
    """After eight seconds the modules are enough."""
    server = Server(MACHINES["q_idle"])
    source = await open_source(await serve_socket(server), session)
    with patch.object(PollBudget, "is_over", True):
        found = await source.read(NOW)
    assert found.rig.get(readings.INLET_TEMPERATURE.plain) == 26
    assert server.questions == ["litestats"]


# ---- commands


def control(channel: Channel[Any]) -> Control[Any]:
    """Return a control, as the coordinator has it."""
    return Control(channel=channel)


@pytest.fixture
def idle() -> Server:
    """Return an Avalon Q that lists its verbs."""
    return Server({**MACHINES["q_idle"], "help": load("q_idle_ascset_help.json")})


async def test_offered(serve_socket: Any, session: ClientSession, idle: Server) -> None:
    """What `help` lists is offered, in its own time."""
    source = await open_source(await serve_socket(idle), session)
    rig = (await source.read(NOW)).rig
    assert set(rig.controls) == {ALLOWED, readings.WORK_MODE.plain}
    assert rig.controls[ALLOWED].confirm_within > 100
    assert rig.controls[readings.WORK_MODE.plain].options == (
        "eco",
        "standard",
        "super",
    )


async def test_commands(
    serve_socket: Any, session: ClientSession, idle: Server
) -> None:
    """Orders carry the moment by the machine's clock; S and I are both yes."""
    idle.answers |= {"softoff": INFO, "softon": b"", "workmode": DONE, "reboot": b""}
    source = await open_source(await serve_socket(idle), session)
    await source.read(NOW)
    idle.orders.clear()
    await source.write(RIG, control(ALLOWED), False)
    # It may close instead of an answer.
    await source.write(RIG, control(ALLOWED), True)
    await source.write(RIG, control(readings.WORK_MODE.plain), "super")
    await source.press(RIG, readings.REBOOT)
    off, on, mode, reboot = idle.orders
    # The last answer with a clock was that of litestats.
    assert 1753431749 <= int(off.removeprefix("0,softoff,1:")) <= 1753431749 + 20
    assert on.startswith("0,softon,1:17534317")
    assert (mode, reboot) == ("0,workmode,set,2", "0,reboot,0")


async def test_industrial(serve_socket: Any, session: ClientSession) -> None:
    """The A series takes the plain verbs and has a light."""
    help_text = INFO.replace(b"success softoff", b"help|led|softon|softoff|reboot|")
    server = Server(
        {**MACHINES["a1346"], "help": help_text, "softoff": DONE, "led": DONE}
    )
    source = await open_source(await serve_socket(server), session)
    rig = (await source.read(NOW)).rig
    assert set(rig.controls) == {ALLOWED, readings.LOCATE.plain}
    await source.write(RIG, control(ALLOWED), False)
    await source.write(RIG, control(readings.LOCATE.plain), True)
    assert server.orders[1:] == ["0,softoff", "0,led,1-1"]


async def test_refused(serve_socket: Any, session: ClientSession, idle: Server) -> None:
    """A refusal carries the machine's words; an off without answer is none."""
    idle.answers |= {"workmode": FAILED, "softoff": b""}
    source = await open_source(await serve_socket(idle), session)
    await source.read(NOW)
    with pytest.raises(CommandRefused) as refused:
        await source.write(RIG, control(readings.WORK_MODE.plain), "super")
    assert "caling" in refused.value.placeholders["error"]
    with pytest.raises(SourceUnreachable):
        await source.write(RIG, control(ALLOWED), False)
    for attempt in (
        source.write(RIG, control(readings.POWER_LIMIT.plain), 5),
        source.press(RIG, Action("something")),
    ):
        with pytest.raises(CommandRefused):
            await attempt


WORDS = st.text(st.characters(codec="ascii"), max_size=12)
KEYS = st.sampled_from(
    [
        "GHSspd",
        "TMax",
        "PS",
        "Fan1",
        "FanR",
        "SoftOFF",
        "ECHU",
        "WORKMODE",
        "MTmax",
        "DH",
    ]
)


@given(st.lists(st.tuples(KEYS, WORDS), max_size=12), st.booleans())
def test_any_module(pairs: list[tuple[str, str]], is_idle: bool) -> None:
    """Nothing is raised, and nothing of a wrong type or range is shown."""
    text = "Ver[Q-1] " + " ".join(f"{key}[{word}]" for key, word in pairs)
    found = [Module(0, text + (" SoftOFF[4]" if is_idle else ""))]
    known = machine(Fields({}), found[0].version)
    shown = values(found, [], [], known, NOW)
    part = Part(kind=PartKind.RIG, key=RIG, values=shown)
    check(Snapshot(parts=part_map(part, *boards(found))))


@pytest.mark.parametrize(
    ("state", "status"), [("In Init", "starting"), ("In Fault", None)]
)
async def test_not_working(
    serve_socket: Any, session: ClientSession, state: str, status: str | None
) -> None:
    """One that starts, or has a fault, does not mine; the two are told apart."""
    text = f"Ver[Q-1] SYSTEMSTATU[Work: {state}, Hash Board: 1] GHSspd[0.00] GHSmm[5]"
    rig = (await read(serve_socket, session, {"litestats": with_stats(text)})).rig
    assert rig.get(RATE) == 0
    assert rig.get(readings.MINING.plain) is False
    assert rig.get(readings.STATUS.plain) == status


async def test_shares_of_devices(serve_socket: Any, session: ClientSession) -> None:
    """Where the summary has none, the devices count the shares."""
    answers = {
        "stats": with_stats("Ver[Q-1] GHSspd[1]"),
        "devs": b'{"DEVS":[{"Accepted":3,"Rejected":1},{"Accepted":4,"Rejected":0}]}',
        "pools": b'{"POOLS":[{"Accepted":99}]}',
    }
    rig = (await read(serve_socket, session, answers)).rig
    assert rig.get(readings.ACCEPTED.plain) == 7
    assert rig.get(readings.REJECTED.plain) == 1
