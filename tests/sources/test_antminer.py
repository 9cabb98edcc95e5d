"""Antminer: recorded answers of pages and sockets, in the vocabulary; its commands."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, suppress
from datetime import UTC, datetime
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
    Channel,
    Control,
    Part,
    PartKind,
    Snapshot,
    Window,
    part_map,
)
from custom_components.mining_rig.sources import antminer
from custom_components.mining_rig.sources.antminer import (
    AntminerSource,
    async_open,
    readings as own,
)
from custom_components.mining_rig.sources.antminer.api import AntminerPages
from custom_components.mining_rig.sources.antminer.boards import parts
from custom_components.mining_rig.sources.antminer.parse import (
    from_answers,
    from_pages,
    kind_of,
    mac,
    maker_of,
    watts,
)
from custom_components.mining_rig.sources.antminer.sleep import body_for, set_awake
from custom_components.mining_rig.sources.antminer.units import (
    algorithm_of,
    socket_unit,
    unit_of,
)
from custom_components.mining_rig.sources.common import optional_requests
from custom_components.mining_rig.sources.common.cgminer_decoding import (
    MinerStarting,
    decode,
    with_numbers,
)
from custom_components.mining_rig.sources.common.contract import (
    CommandRefused,
    SourceContext,
    SourceError,
    SourceGarbled,
    SourceRefused,
    SourceUnreachable,
)
from custom_components.mining_rig.sources.common.decoding import Fields
from custom_components.mining_rig.sources.common.poll_budget import PollBudget

from .conftest import Serve
from .spoil import check, spoilt

FIXTURES = Path(__file__).parent.parent / "fixtures" / "antminer"
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
RATE = readings.HASHRATE.plain
CHIP = readings.CHIP_TEMPERATURE.plain
BOARD = readings.BOARD_TEMPERATURE.plain
ALLOWED = readings.MINING_ALLOWED.plain
USER = {"username": "root", "password": "Pw-4711"}


def load(name: str) -> Any:
    """Return a recorded answer."""
    return json.loads((FIXTURES / f"{name}.json").read_bytes())


PAGES = {
    "s21": ("s21_stats_cgi", "s21_summary_cgi", "s21_pools_cgi", "s21_get_system_info"),
    "s21_sleep": (
        "s21_sleep_stats_cgi",
        "s21_sleep_summary_cgi",
        "s21_pools_cgi",
        "s21_get_system_info",
    ),
    "dg_home1": (
        "dg_home1_stats",
        "dg_home1_summary",
        "dg_home1_pools",
        "dg_home1_get_system_info",
    ),
}
SOCKETS = ("l3plus_a", "s9_stock", "s19_stock", "t17plus_stock", "s9_hiveon", "s19pro")


def of_pages(answers: list[Any]) -> Snapshot:
    """Return what pages show: stats, summary, pools, system info."""
    stats, summary, pools, system = [Fields(with_numbers(a)) for a in answers]
    return snapshot_of(*from_pages(stats, summary, pools, kind_of(system, stats), NOW))


def snapshot_of(rig: Any, boards: Any) -> Snapshot:
    """Return a machine with its boards."""
    part = Part(kind=PartKind.RIG, key=RIG, values=rig)
    found = Snapshot(parts=part_map(part, *parts(boards)))
    check(found)
    return found


def of_socket(name: str) -> Snapshot:
    """Return what a socket shows."""
    found: dict[str, list[Fields]] = {}
    for section, file in (
        ("STATS", "stats"),
        ("SUMMARY", "summary"),
        ("POOLS", "pools"),
    ):
        for path in FIXTURES.glob(f"{name}_{file}.*"):
            answer = decode(path.read_bytes())
            found[section] = [Fields(r) for r in answer.sections.get(section, ())]
    stats = found["STATS"]
    return snapshot_of(
        *from_answers(
            stats, found.get("SUMMARY", []), found["POOLS"], kind_of(*stats), NOW
        )
    )


def read(name: str) -> Snapshot:
    """Return what a recorded machine shows."""
    if name in PAGES:
        return of_pages([load(file) for file in PAGES[name]])
    return of_socket(name)


@pytest.mark.parametrize("name", [*PAGES, *SOCKETS])
def test_recorded(name: str, snapshot: SnapshotAssertion) -> None:
    """Pages and sockets, stock and custom firmware, asleep and without boards."""
    assert {
        part.key: {channel.key: value for channel, value in part.values.items()}
        for part in read(name).parts.values()
    } == snapshot


@pytest.mark.parametrize(
    ("name", "key", "expected"),
    [
        (
            "s21",
            RIG,
            {
                RATE: 1.998704e14,
                readings.ACCEPTED.plain: 92,
                readings.REJECTED.plain: 12,
                readings.POOL.plain: "btc.f2pool.com:1314",
                readings.FAN_SPEED.channel(number=2): 3510,
                readings.HASHRATE.channel(Window.M30): 2.004129e14,
            },
        ),
        ("s21", "board1", {CHIP: 66, BOARD: 60, RATE: 6.65889e13}),
        (
            "s21_sleep",
            RIG,
            {RATE: 0, readings.MINING.plain: False, readings.ACCEPTED.plain: 92},
        ),
        (
            "s9_stock",
            RIG,
            {RATE: 1.340214e13, readings.FAN_SPEED.channel(number=1): 2880},
        ),
        ("s9_stock", "board6", {CHIP: 87, BOARD: 57}),
        ("s9_hiveon", RIG, {RATE: 1.17814e13, readings.POWER.plain: None}),
        ("l3plus_a", RIG, {RATE: 0, readings.ACCEPTED.plain: 47384}),
        ("l3plus_a", "board1", {RATE: 1.2612e8, CHIP: 54}),
        ("t17plus_stock", RIG, {RATE: 0, readings.ACCEPTED.plain: 100129}),
        ("s19_stock", RIG, {RATE: 0, readings.FAN_SPEED.channel(number=4): 720}),
        ("s19_stock", "board2", {CHIP: 40, BOARD: 40}),
        ("s19pro", RIG, {RATE: 1.1056689e14, readings.STALE.plain: 1}),
        ("s19pro", "board1", {CHIP: 78}),
        ("dg_home1", RIG, {RATE: 0, readings.EXPECTED_HASHRATE.plain: 3.00375e9}),
    ],
)
def test_values(name: str, key: str, expected: dict[Channel[Any], Any]) -> None:
    """What was seen; what was not is not known."""
    part = read(name).parts[key]
    for channel, value in expected.items():
        assert part.get(channel) == (
            pytest.approx(value) if isinstance(value, float) else value
        ), channel


def test_empty_slots() -> None:
    """A slot without chips is no board, even with another board's temperatures."""
    assert len(read("dg_home1").parts) == 2
    assert list(read("t17plus_stock").parts) == [RIG]


def test_elphapex() -> None:
    """Its chips are in thousandths of a degree; the other numbers are constants."""
    answers = [load(file) for file in PAGES["dg_home1"]]
    chain = answers[0]["STATS"][0]["chain"][-1]
    chain |= {
        "asic_num": 120,
        "temp_chip": ["47125", "", "51000", ""],
        "freq_avg": 62000,
    }
    found = of_pages(answers)
    (key,) = [key for key in found.parts if key != RIG]
    board = found.parts[key]
    assert board.get(CHIP) == 51
    assert BOARD not in board.values
    assert own.HARDWARE_ERRORS.plain not in board.values
    assert readings.CORE_CLOCK.plain not in board.values


def s21(**changes: Any) -> list[Any]:
    """Return the pages of an S21 with other values in `STATS`."""
    answers = [load(file) for file in PAGES["s21"]]
    answers[0]["STATS"][0] |= changes
    return answers


def test_serials() -> None:
    """A serial number that two boards have is no key."""
    assert list(read("s21").parts) == [RIG, "board0", "board1", "board2"]
    answers = s21()
    for number, chain in enumerate(answers[0]["STATS"][0]["chain"]):
        chain["sn"] = f"PIEM000000000{number}"
    assert list(of_pages(answers).parts)[1] == "PIEM0000000000"


def test_not_mining() -> None:
    """All zeros with empty lists are 0 H/s, without temperatures."""
    chain = {"index": 0, "asic_num": 0, "temp_chip": [], "temp_pcb": []}
    found = of_pages(
        s21(rate_5s=0, rate_30m=0, rate_unit="H/s", chain=[chain], fan=[0, 0])
    )
    assert list(found.parts) == [RIG]
    assert found.rig.get(RATE) == 0
    # What it could do is not in that unit.
    assert readings.EXPECTED_HASHRATE.plain not in found.rig.values
    assert found.rig.get(readings.FAN_SPEED.channel(number=1)) == 0


@pytest.mark.parametrize(
    ("kind", "maker"),
    [
        ("DG-Home1", "Elphapex"),
        ("DG1+", "Elphapex"),
        ("VolcMiner D1", "Volcminer"),
        ("Antminer D9", "Bitmain"),
        (None, "Bitmain"),
    ],
)
def test_makers(kind: str | None, maker: str) -> None:
    """Other makers' machines speak as Bitmain's."""
    assert maker_of(kind) == maker


def test_hydro() -> None:
    """A machine that water cools has no fans."""
    answers = s21(fan=[0, 0, 0, 0])
    answers[3]["minertype"] = "Antminer S19 Hydro"
    assert not [
        c for c in of_pages(answers).rig.values if c.reading is readings.FAN_SPEED
    ]


def test_faults() -> None:
    """What the machine says of itself."""
    answers = s21()
    answers[1]["SUMMARY"][0]["status"] = [
        {"type": "rate", "status": "s", "code": 0, "msg": ""},
        {"type": "temp", "status": "e", "code": 7, "msg": "too hot"},
    ]
    rig = of_pages(answers).rig
    assert rig.get(own.FAULT.plain) is True
    assert rig.get(own.FAULT_TEXT.plain) == "temp 7 too hot"


@pytest.mark.parametrize(
    ("rate_unit", "kind", "unit"),
    [
        ("KSol/s", "Antminer Z15", (1e3, "Sol/s")),
        ("MH/s", "Antminer L9", (1e6, "H/s")),
        (None, "Antminer L7", (1e6, "H/s")),
        (None, "Antminer Z15", (1e3, "Sol/s")),
        ("furlongs", "Antminer S21", (1e9, "H/s")),
        (None, None, (1e9, "H/s")),
    ],
)
def test_units(rate_unit: str | None, kind: str | None, unit: Any) -> None:
    """The unit that is named, else the usual one of the type."""
    assert unit_of(rate_unit, kind) == unit


def test_old_units() -> None:
    """Some keys say GHS and mean MH/s."""
    assert socket_unit(None, "Antminer D3")[0] == 1e6
    assert socket_unit("GH", "Antminer S9")[0] == 1e9
    assert algorithm_of("Antminer KS5") == "kHeavyHash"
    assert algorithm_of("something") is None


@pytest.mark.parametrize(
    ("record", "rate"),
    [
        ({"RT HASHRATE": "21632.89GH/s", "Elapsed": 5}, 2.163289e13),
        ({"total rate": 63919.0, "Elapsed": 5}, 6.3919e13),
        ({"MHS 5s": 500.0, "Elapsed": 5}, 5e8),
        ({"Elapsed": 5}, None),
        ({"RT HASHRATE": "fast", "Elapsed": 5}, None),
    ],
)
def test_socket_rates(record: Any, rate: float | None) -> None:
    """Under the names of several firmwares."""
    rig, _ = from_answers([Fields(record)], [], [], "Antminer KS5", NOW)
    assert rig.get(RATE) == (None if rate is None else pytest.approx(rate))


@pytest.mark.parametrize(
    ("text", "power"),
    [("miner power:3502", 3502), ("error 6060 cmd", None), ("miner power:0", None)],
)
def test_watts(text: str, power: float | None) -> None:
    """Only a number above 0 is a power."""
    assert watts(text) == power


def test_mac() -> None:
    """What is not twelve hexadecimal digits, or the address of nothing, is none."""
    whole = "80:AC:7A:00:00:01"
    for text in (whole, "80ac7a000001", "80-AC-7A-00-00-01"):
        assert mac(Fields({"macaddr": text})) == whole
    for text in (
        *("80:AC:7A:00:00", "80:AC-7A:00-00:01", "none", ""),
        *("00:00:00:00:00:00", "FFFFFFFFFFFF", "80:AC:7A:00:00:0G"),
    ):
        assert mac(Fields({"macaddr": text})) is None


def test_sleep_with_statistics() -> None:
    """Some firmware reports in sleep what was before: that is no present value."""
    found = of_pages(s21(**{"miner-mode": "1"}))
    assert list(found.parts) == [RIG]
    assert found.rig.get(RATE) == 0
    assert found.rig.get(readings.MINING.plain) is False
    assert readings.HASHRATE.channel(Window.M30) not in found.rig.values
    assert found.rig.get(readings.FAN_SPEED.channel(number=2)) == 3510
    stopped = of_pages(s21(rate_5s=0)).rig
    assert readings.HASHRATE.channel(Window.M30) not in stopped.values


def test_fans() -> None:
    """A fan keeps its number whatever its neighbours report."""
    rig = of_pages(s21(fan=[3480, None, 0, "3540"])).rig
    shown = {c.key: v for c, v in rig.values.items() if c.reading is readings.FAN_SPEED}
    assert shown == {"fan_speed_1": 3480, "fan_speed_3": 0, "fan_speed_4": 3540}
    assert of_pages(s21(fan=[5000])).rig.get(readings.FAN_SPEED.plain) == 5000
    without = of_pages(s21(fan=[0, 0], fan_num=0)).rig
    assert not [c for c in without.values if c.reading is readings.FAN_SPEED]


def test_fan_that_stops() -> None:
    """At a socket, only connectors whose fan ever turned are fans; one may stop."""
    connectors: set[int] = set()
    for speed, shown in ((3840, 3840), (0, 0)):
        stats = Fields(
            {"Type": "Antminer S9", "GHS 5s": 1, "fan3": 2880, "fan6": speed}
        )
        rig, _ = from_answers(
            [stats], [], [], kind_of(stats), NOW, connectors=connectors
        )
        assert rig[readings.FAN_SPEED.channel(number=1)] == 2880
        assert rig[readings.FAN_SPEED.channel(number=2)] == shown


def test_boards_without_numbers() -> None:
    """Boards that count from the same number, or tell no chips, are boards."""
    chains = [
        {"index": 0, "asic_num": 77, "rate_real": 1},
        {"index": 0, "asic_num": 77, "rate_real": 2},
        {"rate_real": 3},
        {"index": 1},
    ]
    assert list(of_pages(s21(chain=chains)).parts) == [
        RIG,
        "board0",
        "board1",
        "board2",
    ]
    chains[1]["index"] = chains[0]["index"] = 1
    assert list(of_pages(s21(chain=chains)).parts) == [
        *(RIG, "board1", "board257", "board2"),
    ]


def test_shares_of_the_summary() -> None:
    """They count before those of the pools."""
    answers = s21()
    answers[1]["SUMMARY"][0] |= {"accepted": 700, "rejected": 3}
    assert of_pages(answers).rig.get(readings.ACCEPTED.plain) == 700


@given(data=st.data())
def test_any_page(data: st.DataObject) -> None:
    """Nothing is raised, and nothing of a wrong type, unit or range is shown."""
    name = data.draw(st.sampled_from(["s21", "dg_home1"]))
    of_pages([data.draw(spoilt(load(file))) for file in PAGES[name]])


@given(data=st.data())
def test_any_socket(data: st.DataObject) -> None:
    """Nor is there of a socket's answer."""
    path = data.draw(st.sampled_from(sorted(FIXTURES.glob("*_stats.txt"))))
    records = decode(path.read_bytes()).sections["STATS"]
    stats = [Fields(data.draw(spoilt(record))) for record in records]
    snapshot_of(*from_answers(stats, [], [], kind_of(*stats), NOW))


# ---- over the network


class Machine:
    """The web server of an S21."""

    def __init__(self) -> None:
        """Work normally."""
        self.pages: dict[str, Any] = {
            "stats.cgi": load("s21_stats_cgi"),
            "summary.cgi": load("s21_summary_cgi"),
            "pools.cgi": load("s21_pools_cgi"),
            "get_system_info.cgi": load("s21_get_system_info"),
            "get_miner_conf.cgi": load("s21_get_miner_conf"),
            "get_blink_status.cgi": {"blink": False},
        }
        self.signs_in = True
        self.requests: list[tuple[str, str]] = []
        self.bodies: list[Any] = []
        self.answer: Any = {"stats": "success", "code": "M000", "msg": "OK!"}
        self.loses_pools = False
        self.power = "miner power:3502"

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer one request."""
        name = request.path.rpartition("/")[2]
        if name == "miner_power":
            return web.Response(text=self.power)
        if self.signs_in and "Authorization" not in request.headers:
            challenge = 'Digest realm="antMiner Configuration", nonce="5", qop="auth"'
            return web.Response(status=401, headers={"WWW-Authenticate": challenge})
        self.requests.append((request.method, name))
        if request.method == "POST":
            return self._order(name, await request.json())
        found = self.pages.get(name)
        if found is None:
            return web.Response(status=404, text="no")
        if isinstance(found, str):
            return web.Response(text=found)
        return web.json_response(found)

    def _order(self, name: str, body: Any) -> web.Response:
        self.bodies.append(body)
        if name == "blink.cgi":
            self.pages["get_blink_status.cgi"] = body
            return web.json_response({"code": "B000"})
        config = self.pages["get_miner_conf.cgi"]
        config["bitmain-work-mode"] = body["miner-mode"]
        config["pools"] = body["pools"]
        if self.loses_pools:
            config["pools"] = []
            self.loses_pools = False
        if isinstance(self.answer, str):
            return web.Response(text=self.answer)
        return web.json_response(self.answer)


@pytest.fixture
def machine() -> Machine:
    """Return a machine."""
    return Machine()


async def open_source(
    serve: Serve, session: ClientSession, machine: Machine, **data: Any
) -> AntminerSource:
    """Return the source that the form makes."""
    server = await serve(machine.handle)
    context = SourceContext(
        data={
            "host": "127.0.0.1",
            "port": server.port,
            "power_port": server.port,
            "socket_port": 9,
            **data,
        },
        session=session,
    )
    return await async_open(context)


async def test_pages(serve: Serve, session: ClientSession, machine: Machine) -> None:
    """With a password, everything; what changes seldom is read seldom."""
    source = await open_source(serve, session, machine, **USER)
    found = await source.read(NOW)
    check(found)
    assert found.rig_id == "80:AC:7A:00:00:01"
    assert found.rig.model == "Antminer S21"
    assert found.rig.get(readings.POWER.plain) == 3502
    assert found.rig.get(ALLOWED) is True
    assert set(found.rig.controls) == {ALLOWED, readings.LOCATE.plain}
    assert found.rig.actions == (readings.REBOOT,)
    machine.requests.clear()
    found = await source.read(NOW)
    assert machine.requests == [
        ("GET", "stats.cgi"),
        ("GET", "summary.cgi"),
        ("GET", "pools.cgi"),
    ]
    assert found.rig.get(readings.POWER.plain) == 3502
    assert found.rig.get(ALLOWED) is True


async def test_identity(serve: Serve, session: ClientSession, machine: Machine) -> None:
    """The MAC address is the machine's id."""
    source = await open_source(serve, session, machine, **USER)
    found = await source.identify()
    assert (found.rig_id, found.stable) == ("80:AC:7A:00:00:01", True)
    assert found.model == "Antminer S21"
    assert source.address == source._pages.address
    await source.close()


async def test_missing_pages(
    serve: Serve, session: ClientSession, machine: Machine
) -> None:
    """Pages that are missing cost their own values."""
    for name in ("summary.cgi", "pools.cgi", "get_system_info.cgi"):
        del machine.pages[name]
    machine.pages["get_blink_status.cgi"] = "<html>"
    machine.power = "error 6060 cmd"
    source = await open_source(serve, session, machine, **USER)
    found = await source.read(NOW)
    assert found.rig.get(RATE) == 1.998704e14
    assert set(found.rig.controls) == {ALLOWED}
    assert readings.POWER.plain not in found.rig.values


async def test_wrong_password(
    serve: Serve, session: ClientSession, machine: Machine
) -> None:
    """A refused sign-in is named; nothing else is tried."""

    async def refuse(request: web.Request) -> web.Response:
        machine.requests.append((request.method, request.path))
        return web.Response(status=401)

    server = await serve(refuse)
    source = await open_source(serve, session, machine, **USER, port=server.port)
    with pytest.raises(SourceRefused) as refused:
        await source.read(NOW)
    assert "Pw-4711" not in str(refused.value)


async def test_needs_password(
    serve: Serve, session: ClientSession, machine: Machine
) -> None:
    """Without a password, and without a socket, it asks for one."""
    source = await open_source(serve, session, machine)
    with pytest.raises(SourceRefused):
        await source.identify()
    assert machine.requests == []


async def test_off(session: ClientSession, unused_tcp_port: int) -> None:
    """A machine that is off cannot be reached."""
    for user in ({}, USER):
        data = {"host": "127.0.0.1", "port": unused_tcp_port, "socket_port": 9, **user}
        source = await async_open(SourceContext(data=data, session=session))
        with pytest.raises(SourceUnreachable):
            await source.read(NOW)


async def test_starting(serve: Serve, session: ClientSession, machine: Machine) -> None:
    """For five minutes, a mining program that restarts is no machine that is off."""
    source = await open_source(serve, session, machine, **USER)
    await source.read(NOW)
    machine.pages["stats.cgi"] = "Socket connect failed: Connection refused"
    rig = (await source.read(NOW)).rig
    assert rig.get(readings.STATUS.plain) == "starting"
    assert rig.get(RATE) == 0
    later = time.monotonic() + 301
    with (
        patch.object(antminer, "monotonic", return_value=later),
        pytest.raises(MinerStarting),
    ):
        await source.read(NOW)


async def test_starts_slowly(
    serve: Serve, session: ClientSession, machine: Machine
) -> None:
    """One that was never seen mining starts, too."""
    machine.pages["stats.cgi"] = "Socket connect failed: Connection refused"
    source = await open_source(serve, session, machine, **USER)
    assert (await source.identify()).rig_id == "80:AC:7A:00:00:01"
    rig = (await source.read(NOW)).rig
    assert rig.get(readings.STATUS.plain) == "starting"


async def test_sleep(serve: Serve, session: ClientSession, machine: Machine) -> None:
    """The whole configuration is written as it was read, with the pools' passwords."""
    source = await open_source(serve, session, machine, **USER)
    control = (await source.read(NOW)).rig.controls[ALLOWED]
    await source.write(RIG, control, True)
    assert machine.bodies == []
    pools = load("s21_get_miner_conf")["pools"]
    await source.write(RIG, control, False)
    assert machine.bodies == [
        {
            "pools": pools,
            "bitmain-fan-ctrl": False,
            "bitmain-fan-pwm": "100",
            "freq-level": "100",
            "miner-mode": "1",
        }
    ]
    assert (await source.read(NOW)).rig.get(ALLOWED) is False
    machine.pages["get_miner_conf.cgi"]["bitmain-work-mode"] = 1
    await source.write(RIG, control, True)
    assert machine.bodies[-1]["miner-mode"] == 0


@pytest.mark.parametrize(
    "config",
    [
        {},
        {"pools": [], "bitmain-work-mode": "0"},
        {"pools": [{"url": ""}], "bitmain-work-mode": "0"},
        {"pools": ["x"], "bitmain-work-mode": "0"},
        {"pools": [{"url": "a:1"}], "bitmain-work-mode": True},
        {"pools": [{"url": "a:1"}], "bitmain-work-mode": "often"},
    ],
)
def test_no_pools(config: Any) -> None:
    """A configuration whose pools are not read is not written."""
    with pytest.raises(CommandRefused):
        body_for(config, awake=False)


async def test_lost_pools(
    serve: Serve, session: ClientSession, machine: Machine
) -> None:
    """Pools that were lost are written again."""
    machine.loses_pools = True
    source = await open_source(serve, session, machine, **USER)
    control = (await source.read(NOW)).rig.controls[ALLOWED]
    with pytest.raises(CommandRefused) as refused:
        await source.write(RIG, control, False)
    assert refused.value.translation_key == "antminer_pools_restored"
    assert (
        machine.pages["get_miner_conf.cgi"]["pools"]
        == (load("s21_get_miner_conf")["pools"])
    )


@pytest.mark.parametrize("answer", [{"stats": "error", "code": "M001"}, "<html>"])
async def test_refused(
    serve: Serve, session: ClientSession, machine: Machine, answer: Any
) -> None:
    """An answer other than "success" is a refusal; a page proves nothing."""
    machine.answer = answer
    source = await open_source(serve, session, machine, **USER)
    control = (await source.read(NOW)).rig.controls[ALLOWED]
    if isinstance(answer, str):
        await source.write(RIG, control, False)
        return
    with pytest.raises(CommandRefused) as refused:
        await source.write(RIG, control, False)
    assert refused.value.placeholders == {"code": "M001"}


async def test_other_commands(
    serve: Serve, session: ClientSession, machine: Machine
) -> None:
    """The light and a restart; nothing else, and nothing without a password."""
    source = await open_source(serve, session, machine, **USER)
    light = (await source.read(NOW)).rig.controls[readings.LOCATE.plain]
    await source.write(RIG, light, True)
    assert (await source.read(NOW)).rig.get(readings.LOCATE.plain) is True
    machine.pages["reboot.cgi"] = "gone"
    await source.press(RIG, readings.REBOOT)
    assert machine.requests[-1] == ("GET", "reboot.cgi")
    for attempt in (
        source.write(RIG, Control(channel=readings.POWER_LIMIT.plain), 5),
        source.press(RIG, Action("another_one")),
    ):
        with pytest.raises(CommandRefused):
            await attempt
    other = await open_source(serve, session, machine)
    with pytest.raises(CommandRefused):
        await other.write(RIG, light, True)
    with patch.object(source._pages, "call", side_effect=SourceUnreachable("reset")):
        await source.press(RIG, readings.REBOOT)


class Pages:
    """Pages whose requests fail as scripted."""

    def __init__(self, *configs: Any, answers: list[Any]) -> None:
        """Take what is read, and what each order brings; errors are raised."""
        self.configs = list(configs)
        self.answers = list(answers)

    async def raw_page(self, name: str) -> Any:
        """Return the next configuration."""
        return self._next(self.configs)

    async def post(self, name: str, body: Any) -> Any:
        """Return the next answer."""
        return self._next(self.answers)

    @staticmethod
    def _next(found: list[Any]) -> Any:
        if isinstance(one := found.pop(0), Exception):
            raise one
        return one


GONE = SourceUnreachable("gone")


@pytest.mark.parametrize(
    ("after", "answers", "error"),
    [
        # The order may have been carried out, or not: reading back decides.
        (load("s21_get_miner_conf"), [GONE], SourceUnreachable),
        (GONE, [{"stats": "success"}], None),
        (GONE, [GONE], SourceUnreachable),
        ({"pools": [], "bitmain-work-mode": "1"}, [{}, GONE], CommandRefused),
    ],
)
async def test_cut_order(
    after: Any, answers: list[Any], error: type[Exception] | None
) -> None:
    """An order that is cut off, and pools that do not come back."""
    pages: Any = Pages(load("s21_get_miner_conf"), after, answers=answers)
    if error is None:
        await set_awake(pages, False)
        return
    with pytest.raises(error) as raised:
        await set_awake(pages, False)
    if isinstance(raised.value, CommandRefused):
        assert raised.value.translation_key == "antminer_pools_lost"


async def test_order_with_another_status(
    serve: Serve, session: ClientSession, unused_tcp_port: int
) -> None:
    """It is refused; a port that is shut reports no power."""

    async def answer(request: web.Request) -> web.Response:
        return web.Response(status=500)

    server = await serve(answer)
    data = {"host": "127.0.0.1", "port": server.port, "power_port": unused_tcp_port}
    pages = AntminerPages(SourceContext(data=data, session=session))
    with pytest.raises(CommandRefused) as refused:
        await pages.post("blink.cgi", {})
    assert refused.value.placeholders == {"code": "500"}
    assert await pages.watts() is None


# ---- the connection is cut


class Cutter:
    """A wire to a machine that breaks once, after so many bytes in both directions."""

    def __init__(self, port: int) -> None:
        """Take the port of the machine."""
        self._port = port
        self._passed = 0
        self.after = 0
        self.is_cut = False

    async def handle(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """Pass on what one connection says."""
        answers, questions = await asyncio.open_connection("127.0.0.1", self._port)
        ways = [
            asyncio.create_task(self._pass(reader, questions)),
            asyncio.create_task(self._pass(answers, writer)),
        ]
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        for way in ways:
            way.cancel()
        for end in (questions, writer):
            end.close()

    async def _pass(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        while data := await reader.read(65536):
            left = self.after - self._passed
            self._passed += len(data)
            breaks = not self.is_cut and len(data) >= left
            writer.write(data[: max(left, 0)] if breaks else data)
            await writer.drain()
            if breaks:
                self.is_cut = True
                return

    def begin(self, after: int) -> None:
        """Break after so many bytes from now on."""
        self._passed, self.after, self.is_cut = 0, after, False


@pytest.mark.slow
async def test_cut_at_every_byte(listen_raw: Any, machine: Machine) -> None:
    """Wherever the exchange breaks off, the machine keeps its pools, and its settings.

    The machine takes an order as real ones do: when its body is there as a whole.
    """
    config = {
        "pools": [{"url": f"p{n}", "user": "u", "pass": "x"} for n in range(2)],
        "bitmain-fan-pwm": "100",
        "bitmain-freq-level": "100",
    }
    machine.pages["get_miner_conf.cgi"] = config

    async def answer(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        with suppress(OSError, asyncio.IncompleteReadError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            if head.startswith("POST"):
                length = int(head.lower().partition("content-length: ")[2].split()[0])
                machine._order("", json.loads(await reader.readexactly(length)))
                body = machine.answer
            else:
                body = machine.pages["get_miner_conf.cgi"]
            data = json.dumps(body).encode()
            # Their web servers announce no length: the end is where they close.
            writer.write(b"HTTP/1.0 200 OK\r\n\r\n" + data)
            await writer.drain()
        writer.close()

    # With its debugging, each of the many connections costs ten times as much.
    asyncio.get_running_loop().set_debug(False)
    cutter = Cutter(await listen_raw(answer))
    port = await listen_raw(cutter.handle)
    names = ("Accept", "Accept-Encoding", "User-Agent")
    session = ClientSession(skip_auto_headers=names)
    data = {"host": "127.0.0.1", "port": port, **USER}
    source = await async_open(SourceContext(data=data, session=session))
    kept = {key: value for key, value in config.items() if key != "bitmain-work-mode"}
    refused = obeyed = after = 0
    while True:
        config["bitmain-work-mode"] = "0"
        cutter.begin(after)
        try:
            await set_awake(source._pages, False)
        except SourceError:
            refused += 1
        else:
            obeyed += 1
            assert config["bitmain-work-mode"] == "1"
        assert {key: config[key] for key in kept} == kept
        if not cutter.is_cut:
            break
        after += 1
    await session.close()
    assert all(body["pools"] == kept["pools"] for body in machine.bodies)
    assert after > 700
    assert refused > obeyed > 1


@pytest.fixture
async def listen_raw() -> AsyncIterator[Any]:
    """Return what starts a listener and returns its port."""
    async with AsyncExitStack() as stack:

        async def start(handle: Any) -> int:
            listener = await asyncio.start_server(handle, "127.0.0.1", 0)
            stack.callback(listener.close)
            port: int = listener.sockets[0].getsockname()[1]
            return port

        yield start


# ---- sockets


@pytest.fixture
async def listen() -> AsyncIterator[Any]:
    """Return what starts a socket with answers by command and returns its port."""
    async with AsyncExitStack() as stack:

        async def start(answers: dict[str, bytes]) -> int:
            async def handle(
                reader: asyncio.StreamReader, writer: asyncio.StreamWriter
            ) -> None:
                command = json.loads(await reader.read(1000))["command"]
                writer.write(answers.get(command, b""))
                await writer.drain()
                writer.close()

            listener = await asyncio.start_server(handle, "127.0.0.1", 0)
            stack.push_async_callback(listener.wait_closed)
            stack.callback(listener.close)
            port: int = listener.sockets[0].getsockname()[1]
            return port

        yield start


async def test_socket(
    listen: Any, serve: Serve, session: ClientSession, machine: Machine
) -> None:
    """Older firmware has other pages: then its socket is read, with a password too."""
    port = await listen(
        {
            "stats": (FIXTURES / "s9_stock_stats.txt").read_bytes(),
            "pools": (FIXTURES / "s9_stock_pools.json").read_bytes(),
        }
    )
    machine.pages.clear()
    for user in ({}, USER):
        source = await open_source(serve, session, machine, socket_port=port, **user)
        for _ in range(2):
            rig = (await source.read(NOW)).rig
            assert rig.get(RATE) == 1.340214e13
            assert rig.model == "Antminer S9"
            assert rig.controls == {}
            assert rig.actions == ()


async def test_socket_restarts(
    listen: Any, serve: Serve, session: ClientSession, machine: Machine
) -> None:
    """A socket that refuses while the web server answers is a program that restarts."""
    stats = (FIXTURES / "s9_stock_stats.txt").read_bytes()
    answers = {"stats": stats}
    port = await listen(answers)
    source = await open_source(serve, session, machine, socket_port=port)
    await source.read(NOW)
    answers["stats"] = b""
    rig = (await source.read(NOW)).rig
    assert rig.get(readings.STATUS.plain) == "starting"


async def test_other_socket(
    listen: Any, serve: Serve, session: ClientSession, machine: Machine
) -> None:
    """Another miner's socket is told apart; a slow one costs the extras."""
    port = await listen({"stats": b'{"STATS":[{"MM ID0":"Ver[Q]"}]}'})
    source = await open_source(serve, session, machine, socket_port=port)
    with pytest.raises(SourceGarbled):
        await source.read(NOW)
    stats = (FIXTURES / "s9_stock_stats.txt").read_bytes()
    port = await listen({"stats": stats})
    source = await open_source(serve, session, machine, socket_port=port)
    with patch.object(PollBudget, "is_over", True):
        rig = (await source.read(NOW)).rig
    assert rig.get(RATE) == 1.340214e13


async def test_hourly(serve: Serve, session: ClientSession, machine: Machine) -> None:
    """A page that is missing, or refused, costs its own values and is asked hourly."""
    del machine.pages["summary.cgi"]
    source = await open_source(serve, session, machine, **USER)
    for _ in range(3):
        assert (await source.read(NOW)).rig.get(RATE) == 1.998704e14
    assert machine.requests.count(("GET", "summary.cgi")) == 1
    later = time.monotonic() + 3601
    with patch.object(optional_requests, "monotonic", return_value=later):
        await source.read(NOW)
    assert machine.requests.count(("GET", "summary.cgi")) == 2


def test_one_board_machine() -> None:
    """KS5 and E9 write rates with their units, and name boards in another way."""
    stats = Fields(
        with_numbers(
            {
                "Type": "Antminer KS5",
                "Elapsed": 100,
                "RT HASHRATE": "21632.89GH/s",
                "THEORY HASHRATE": "21000GH/s",
                "CHAIN AVG HASHRATE1": "7200GH/s",
                "temp_in_chip_1": "45",
                "temp_out_chip_1": "61-63",
                "fan1": 4000,
            }
        )
    )
    shown, boards = from_answers([stats], [], [], kind_of(stats), NOW)
    assert shown[RATE] == 2.163289e13
    assert shown[readings.EXPECTED_HASHRATE.plain] == 2.1e13
    assert [board.values for board in boards] == [{RATE: 7.2e12, CHIP: 63}]


def test_power_of_custom_firmware() -> None:
    """The boards' consumption is power where each has one; `chain_power` never is."""
    boards = {"chain_acn6": 63, "chain_acn7": 63, "chain_power6": 11.55}
    used = {"chain_consumption6": 495, "chain_consumption7": 490}
    for more, power in (({}, None), ({"chain_consumption6": 495}, None), (used, 985)):
        stats = Fields({"Type": "Antminer S9", "GHS 5s": 1, **boards, **more})
        shown, _ = from_answers([stats], [], [], kind_of(stats), NOW)
        assert shown.get(readings.POWER.plain) == power


async def test_power_by_a_command(listen: Any, session: ClientSession) -> None:
    """LuxOS has a command of its own for it."""
    answers = {
        "stats": (FIXTURES / "s9_stock_stats.txt").read_bytes(),
        "power": b'{"STATUS":[{"STATUS":"S"}],"POWER":[{"PSU":false,"Watts":1051}]}',
    }
    data = {"host": "127.0.0.1", "port": 9, "socket_port": await listen(answers)}
    source = await async_open(SourceContext(data=data, session=session))
    assert (await source.read(NOW)).rig.get(readings.POWER.plain) == 1051


async def test_socket_sleeps(listen: Any, session: ClientSession) -> None:
    """Empty statistics of a known machine are a rate of 0, and no other device."""
    answers = {"stats": (FIXTURES / "s9_stock_stats.txt").read_bytes()}
    port = await listen(answers)
    data = {"host": "127.0.0.1", "port": 9, "socket_port": port}
    source = await async_open(SourceContext(data=data, session=session))
    await source.read(NOW)
    answers["stats"] = b'{"STATUS":[{"STATUS":"S"}],"STATS":[],"id":1}'
    rig = (await source.read(NOW)).rig
    assert rig.get(RATE) == 0
    assert rig.get(readings.MINING.plain) is False
