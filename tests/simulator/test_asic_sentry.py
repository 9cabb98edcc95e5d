"""ASIC Sentry on the wire, against a stub of the server."""

import asyncio
from collections.abc import AsyncIterator
from itertools import pairwise
import re

import pytest

from simulator.agent import AgentCrashed
from simulator.asic_sentry import (
    Asic,
    SimulatedAsic,
    SimulatedAsicSentry,
    compose_log,
    compose_specs,
)
from simulator.clock import FastClock
from simulator.timeline import RunningTime, SteppedTime

from .door import Door, Hang, Raw, comparable, open_door, recorded_heads, sample

ONE = Asic(name="Thanh Long", api_code="api_code_1")
TWO = Asic(name="Bach Ho", api_code="api_code_2", lan_ip="192.168.1.51")
STATUS = "/expected_status"
BULK = "/expected_status_bulk"
ON = {
    "name": "Thanh Long",
    "asic_expected_status": "on",
    "light_expected_status": "off",
}
OFF = {**ON, "asic_expected_status": "off"}


@pytest.fixture
async def door() -> AsyncIterator[Door]:
    """Return a server that gives no orders but "on"."""
    async with open_door() as opened:
        opened.answers[STATUS] = (200, ON)
        opened.answers[BULK] = (200, {})
        yield opened


def sentry_at(url: str, *asics: Asic, patience: float = 5) -> SimulatedAsicSentry:
    """Return an agent whose time is stepped."""
    return SimulatedAsicSentry(
        url, asics or (ONE,), time=SteppedTime(patience=patience)
    )


def recorded(remark: str) -> str:
    """Return a recorded head, its address and length left open."""
    [head] = [head for name, head in recorded_heads().items() if remark in name]
    head = re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1:PORT", head)
    return re.sub(r"(content-length: )\d+", r"\1LENGTH", head, flags=re.IGNORECASE)


# Heads and URLs


async def test_heads_of_pushes(door: Door) -> None:
    """Logs and specs have httpc's head, to the byte."""
    async with sentry_at(door.url) as sentry:
        await sentry.step(5)
    [log] = door.of("/logs")
    # The recorded line "te: " has nothing behind its blank.
    assert b"\r\nte: \r\n" in log.head
    assert comparable(log) == recorded("specs and logs (Tesla")
    [specs] = door.of("/specs")
    assert comparable(specs).replace("/specs", "/logs") == comparable(log)
    for request in (log, specs):
        assert int(request.headers["content-length"]) == len(request.body)


async def test_head_of_one_expected_status(door: Door) -> None:
    """A GET with the code, and JSON accepted as an encoding."""
    async with sentry_at(door.url) as sentry:
        await sentry.step(5)
    [request] = door.of(STATUS)
    assert comparable(request) == recorded("exactly one ASIC")


async def test_head_and_body_of_bulk(door: Door) -> None:
    """A POST without a code in its head; the list has the clients' name."""
    async with sentry_at(door.url, ONE, TWO) as sentry:
        await sentry.step(5)
    [request] = door.of(BULK)
    assert comparable(request) == recorded("two or more ASICs")
    assert request.body == b'{"api_code_list":["api_code_1","api_code_2"]}'
    assert request.headers["Content-Length"] == "45"
    assert list(request.json()) == list(
        sample("asic_expected_status_bulk.request.json")
    )


async def test_base_that_ends_with_a_slash(door: Door) -> None:
    """Pushes get a double slash, expected status does not."""
    async with sentry_at(f"{door.url}/") as sentry:
        await sentry.step(5)
    paths = {request.path for request in door.received}
    assert paths == {
        "/api/mining_rig/v1//asic_miners/logs",
        "/api/mining_rig/v1//asic_miners/specs",
        "/api/mining_rig/v1/asic_miners/expected_status",
    }
    double = next(r for r in door.received if "//" in r.path)
    line = comparable(double).split("\n")[0].replace("/specs", "/logs")
    assert line == recorded('a base URL that ends in "/"')


async def test_address_without_scheme(door: Door) -> None:
    """Orders are fetched; no push ever reaches the network."""
    async with sentry_at(door.url.removeprefix("http://")) as sentry:
        await sentry.step(60)
        assert sentry.mishaps == []
    assert {request.path for request in door.received} == {
        "/api/mining_rig/v1/asic_miners/expected_status"
    }
    url = door.url.removeprefix("http://").replace("127.0.0.1", "localhost")
    async with sentry_at(url) as sentry:
        await sentry.step(5)
        assert sentry.crashes == []
        assert set(sentry.mishaps) == {
            "logs: the host name is taken for a scheme",
            "specs: the host name is taken for a scheme",
        }


async def test_connections_are_kept(door: Door) -> None:
    """As long as the server lets them; a closed one is replaced."""
    async with sentry_at(door.url) as sentry:
        await sentry.step(120)
        assert len({request.connection for request in door.of("/logs")}) == 1
        door.closes = True
        await sentry.step(60)
        assert len({request.connection for request in door.of("/logs")}) > 3
        assert {exchange.status for exchange in sentry.exchanges} == {200}


@pytest.mark.parametrize(
    "data",
    [
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nnull\r\n0\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\nnull",
        b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
    ],
)
async def test_other_ways_to_say_yes(door: Door, data: bytes) -> None:
    """Chunks, an interim answer, a body that ends with the connection or is empty."""
    door.answers["/specs"] = Raw(data)
    async with sentry_at(door.url) as sentry:
        await sentry.step(200)
    assert len(door.of("/specs")) == 1


@pytest.mark.parametrize(
    "data",
    [b"", b"SSH-2.0\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nnull"],
)
async def test_no_answer_at_all(door: Door, data: bytes) -> None:
    """What is no HTTP is no answer: nothing crashes, specs are tried again."""
    door.answers["/specs"] = door.answers["/logs"] = door.answers[STATUS] = Raw(data)
    async with sentry_at(door.url) as sentry:
        await sentry.step(66)
    assert len(door.of("/specs")) == 2
    assert len(door.of("/logs")) == 7


# Bodies


def test_log_of_the_recorded_device() -> None:
    """A KS5L's recorded answer becomes the recorded log, in its order."""
    panel = sample("ks5l_userpanel_raw.json")["data"]
    log = compose_log(panel)
    assert log == sample("asic_log_ks5l.request.json")
    assert list(log) == list(sample("asic_log_ks5l.request.json"))
    assert compose_specs(panel) == sample("asic_specs.request.json")


async def test_body_of_a_simulated_asic(door: Door) -> None:
    """Forty fields with the types of a recorded log and numbers that can be."""
    async with sentry_at(door.url) as sentry:
        await sentry.step(5)
    log = door.of("/logs")[0].json()
    like = sample("asic_log_ks5l.request.json")
    assert list(log) == list(like)
    assert len(log) == 40
    assert {k: type(v) for k, v in log.items()} == {k: type(v) for k, v in like.items()}
    assert 11_000 < log["hashrate_30_min"] < 13_000
    boards = sum(log[f"hashboard_{n}_hashrate_5_min"] for n in (1, 2, 3))
    assert log["hashrate_5_min"] == pytest.approx(boards, abs=1)
    assert log["uptime"] == "01:04:00:05"
    assert log["lan_ip"] == "192.168.1.50"
    assert (log["pool_1_state"], log["pool_2_state"]) == ("Connected", "Unconnected")
    assert log["pool_1_accepted_share"] > 2500
    assert all(55 < log[f"hashboard_{n}_temp_1"] < 66 for n in (1, 2, 3))
    assert all(5000 < log[f"fan_{n}_speed"] < 6500 for n in (1, 2, 3, 4))
    specs = door.of("/specs")[0].json()
    assert specs == sample("asic_specs.request.json")


@pytest.mark.parametrize(
    ("device", "expected"),
    [
        ({"pools": None}, None),
        ({"fans": [1, 2, 3]}, None),
        ({"rtpow": "15011.5G"}, None),
        ({"rtpow": "15T"}, None),
        ({"avgpow": 15011}, None),
        ({"reject": 0.010567}, {"pool_rejection_rate": 0.010567}),
        ({"runtime": "100:00:00:00"}, {"uptime": "100:00:00:00"}),
        ({"runtime": None}, {"uptime": None}),
    ],
)
def test_unusual_devices(device: dict[str, object], expected: object) -> None:
    """What the agent dies of, and what it hands on as it is."""
    panel = sample("ks5l_userpanel_raw.json")["data"] | device
    if expected is None:
        with pytest.raises(Exception, match="not as expected"):
            compose_log(panel)
    else:
        assert isinstance(expected, dict)
        assert expected.items() <= compose_log(panel).items()


@pytest.mark.parametrize(
    ("connect", "state"),
    [(1.0, "Connected"), (0, "Unconnected"), (-1.0, "Unconnected")]
    + [(odd, "Connected") for odd in (None, "no", True)],
)
def test_pool_states(connect: object, state: str) -> None:
    """What is no number counts as connected."""
    panel = sample("ks5l_userpanel_raw.json")["data"]
    panel["pools"][1]["connect"] = connect
    assert compose_log(panel)["pool_2_state"] == state


def test_specs_without_versions() -> None:
    """They are blank, and pushed nevertheless."""
    specs = compose_specs({})
    assert (specs["firmware_version"], specs["software_version"]) == ("  ", " ")


# Cadence


def moments(sentry: SimulatedAsicSentry, end: str) -> list[float]:
    """Return when requests to a path were sent."""
    return [e.at for e in sentry.exchanges if e.path.endswith(end)]


async def test_cadence(door: Door) -> None:
    """Everything first after 5 s; then logs each 10 s, orders each 5 s, specs once."""
    async with sentry_at(door.url) as sentry:
        start = sentry.time.clock()
        await sentry.step(4.9)
        assert not door.received
        await sentry.step(295.1)
        assert [at - start for at in moments(sentry, "/logs")][:3] == [5, 15, 25]
        assert [at - start for at in moments(sentry, STATUS)][:3] == [5, 10, 15]
        assert [at - start for at in moments(sentry, "/specs")] == [5]
        assert (len(door.of("/logs")), len(door.of(STATUS))) == (30, 60)


async def test_specs_are_sent_until_accepted_and_when_changed(door: Door) -> None:
    """401, 422 and 500 are tried again after 60 s; a new firmware is told."""
    statuses = iter([401, 422, 500])
    door.answers["/specs"] = lambda request: (next(statuses, 200), None)
    async with sentry_at(door.url) as sentry:
        await sentry.step(600)
        assert [
            at - moments(sentry, "/specs")[0] for at in moments(sentry, "/specs")
        ] == [
            0,
            60,
            120,
            180,
        ]
        sentry.asics[0].device["firmver2"] = "image_1.1"
        await sentry.step(600)
        assert len(door.of("/specs")) == 5
        last = door.of("/specs")[-1].json()
        assert last["firmware_version"] == "Factory BOOT_3_1 image_1.1"
        sentry.asics[0].fault("agent_down")
        sentry.asics[0].fault("normal")
        await sentry.step(600)
        assert len(door.of("/specs")) == 6, "a program that starts anew tells again"


async def test_one_after_the_other(door: Door) -> None:
    """ASICs are told of in their order, each with its code; unreachable ones delay."""
    third = Asic(name="Hoa", api_code="api_code_3")
    async with sentry_at(door.url, ONE, TWO, third) as sentry:
        await sentry.step(15)
        codes = [request.headers["api_code"] for request in door.of("/logs")]
        assert codes == ["api_code_1", "api_code_2", "api_code_3"] * 2
        sentry.asics[1].fault("unplugged")
        await sentry.step(0)
        door.clear()
        sentry.exchanges.clear()
        await sentry.step(600)
        codes = [request.headers["api_code"] for request in door.of("/logs")]
        assert "api_code_2" not in codes
        assert codes[:4] == ["api_code_1", "api_code_3"] * 2
        gaps = {b - a for a, b in pairwise(moments(sentry, "/logs")[::2])}
        assert gaps == {130}
        assert len(door.of(BULK)) == 120, "orders are fetched meanwhile"
        sentry.asics[1].fault("normal")
        door.clear()
        await sentry.step(150)
        assert "api_code_2" in {r.headers["api_code"] for r in door.of("/logs")}


async def test_a_hanging_server_blocks_all_pushes(door: Door) -> None:
    """There is no time limit for pushes; there is one for orders."""
    door.answers["/logs"] = Hang()
    async with sentry_at(door.url, ONE, TWO, patience=0.02) as sentry:
        await sentry.step(60)
        assert len(door.of("/logs")) == 1
        door.answers[BULK] = Hang()
        door.clear()
        await sentry.step(30)
        assert len(door.of(BULK)) == 3
        assert sentry.crashes == []


async def test_a_server_that_is_away(door: Door) -> None:
    """Pushes are lost, orders stay in force, and nothing crashes."""
    url = door.url
    async with sentry_at(url) as sentry:
        sentry.asics[0].order.asic = "on"
        sentry.url = "http://127.0.0.1:1/api"
        await sentry.step(60)
        assert {exchange.status for exchange in sentry.exchanges} == {None}
        assert sentry.asics[0].powered
        sentry.url = url
        await sentry.step(60)
    assert len(door.of("/logs")) == 6
    assert len(door.of("/specs")) == 1


# Orders


async def test_relay_and_lamp_follow_orders(door: Door) -> None:
    """Off after at most 5 s and 5 s; then pushes stop while orders are fetched."""
    async with sentry_at(door.url) as sentry:
        [asic] = sentry.asics
        await sentry.step(60)
        assert asic.mining
        assert asic.power > 3000
        door.answers[STATUS] = (200, OFF | {"light_expected_status": "on"})
        await sentry.step(10)
        assert not asic.powered
        assert not asic.mining
        assert asic.power == 0
        assert asic.light
        assert asic.order.name == "Thanh Long"
        door.clear()
        await sentry.step(900)
        assert door.of("/logs") == []
        assert len(door.of(STATUS)) == 180
        door.answers[STATUS] = (200, ON)
        await sentry.step(10)
        assert asic.powered
        assert not asic.mining, "it boots"
        assert not asic.light
        door.clear()
        await sentry.step(160)
        assert door.of("/logs") == []
        await sentry.step(150)
        logs = [request.json() for request in door.of("/logs")]
        assert asic.mining
        assert logs[0]["uptime"].startswith("00:00:0")
        assert logs[0]["hashrate_5_min"] < logs[-1]["hashrate_5_min"] < 11_000
        assert logs[0]["pool_1_accepted_share"] < 10


async def test_reached_while_it_boots(door: Door) -> None:
    """It refuses at once and delays nobody."""
    async with sentry_at(door.url, ONE, TWO) as sentry:
        sentry.asics[0].fault("reboot")
        await sentry.step(95)
        codes = [request.headers["api_code"] for request in door.of("/logs")]
        assert codes == ["api_code_2"] * 10
        await sentry.step(100)
        assert sentry.asics[0].mining


async def test_bulk_orders(door: Door) -> None:
    """Each ASIC gets its own; one that is not in the answer keeps its last."""
    door.answers[BULK] = (200, {"api_code_2": OFF})
    async with sentry_at(door.url, ONE, TWO) as sentry:
        await sentry.step(20)
        assert [asic.powered for asic in sentry.asics] == [True, False]
        door.answers[BULK] = (200, {})
        await sentry.step(60)
        assert [asic.powered for asic in sentry.asics] == [True, False]


@pytest.mark.parametrize(
    "order",
    [
        {},
        {"asic_expected_status": "on"},
        {"light_expected_status": "off", "name": None},
        {**ON, "more": [1, 2]},
    ],
)
async def test_orders_with_gaps(door: Door, order: object) -> None:
    """What is absent stays as it was."""
    door.answers[STATUS] = (200, order)
    async with sentry_at(door.url) as sentry:
        await sentry.step(30)
        assert sentry.asics[0].powered


async def test_without_relay_or_with_a_stuck_one(door: Door) -> None:
    """The order arrives and nothing follows."""
    door.answers[BULK] = (200, {"api_code_1": OFF, "api_code_2": OFF})
    bare = Asic(name="Bare", api_code="api_code_1", relay=False)
    async with sentry_at(door.url, bare, TWO) as sentry:
        sentry.asics[1].fault("relay_stuck")
        await sentry.step(30)
        assert [asic.order.asic for asic in sentry.asics] == ["off", "off"]
        assert all(asic.mining for asic in sentry.asics)
        sentry.asics[1].clear("relay_stuck")
        await sentry.step(5)
        assert [asic.mining for asic in sentry.asics] == [True, False]


async def test_relays_hold_while_the_agent_is_down(door: Door) -> None:
    """No pushes, no fetches, and nothing switches; later all begins anew."""
    door.answers[STATUS] = (200, OFF)
    async with sentry_at(door.url) as sentry:
        [asic] = sentry.asics
        await sentry.step(20)
        asic.fault("agent_down")
        assert not sentry.running
        door.answers[STATUS] = (200, ON)
        asic.order.asic = "on"
        door.clear()
        await sentry.step(600)
        assert door.received == []
        assert not asic.powered
        asic.order.asic = "off"
        asic.clear("agent_down")
        await sentry.step(4)
        assert door.received == []
        await sentry.step(6)
        assert asic.powered


# Crashes

BAD_ORDERS: dict[str, object] = {
    "no object": [],
    "null": None,
    "capitals": {**ON, "asic_expected_status": "ON"},
    "truth": {**ON, "asic_expected_status": True},
    "number": {**ON, "light_expected_status": 1},
    "list": {**ON, "light_expected_status": []},
    "nothing": {**ON, "asic_expected_status": None},
    "empty": {**ON, "asic_expected_status": ""},
    "name": {**ON, "name": 5},
}


@pytest.mark.parametrize("order", BAD_ORDERS.values(), ids=BAD_ORDERS)
async def test_orders_that_crash(door: Door, order: object) -> None:
    """Alone and in bulk; the worker starts anew and tries again 5 s later."""
    door.answers[STATUS] = (200, order)
    door.answers[BULK] = (200, {"api_code_1": order})
    for asics in ((ONE,), (ONE, TWO)):
        async with sentry_at(door.url, *asics) as sentry:
            await sentry.step(20)
            assert len(sentry.crashes) == 4
            assert all(text.startswith("expected status: ") for text in sentry.crashes)
            assert sentry.asics[0].powered
            assert len(moments(sentry, "/logs")) == 2 * len(asics)
            sentry.crashes.clear()


@pytest.mark.parametrize("status", [201, 204, 302, 400, 404, 406, 429, 500, 503])
async def test_statuses_that_crash(door: Door, status: int) -> None:
    """Everything but 200 and, for a single one, 401."""
    door.answers[STATUS] = door.answers[BULK] = (status, ON)
    for asics in ((ONE,), (ONE, TWO)):
        async with sentry_at(door.url, *asics) as sentry:
            await sentry.step(5)
            [crash] = sentry.crashes
            assert str(status) in crash
            sentry.crashes.clear()


async def test_401_crashes_in_bulk_only(door: Door) -> None:
    """A single one is only told that its code is wrong."""
    door.answers[STATUS] = door.answers[BULK] = (401, {"message": "Invalid API_CODE"})
    async with sentry_at(door.url) as sentry:
        await sentry.step(60)
        assert sentry.crashes == []
    async with sentry_at(door.url, ONE, TWO) as sentry:
        await sentry.step(5)
        assert len(sentry.crashes) == 1
        sentry.crashes.clear()


@pytest.mark.parametrize(
    "answer", [b"", b"on", b'{"name": NaN}', b"\xef\xbb\xbf{}", b'{"name": "\xff"}']
)
async def test_what_is_no_json_crashes(door: Door, answer: bytes) -> None:
    """Empty, a word, a number that is none, a byte order mark, broken UTF-8."""
    door.answers[STATUS] = (200, answer)
    async with sentry_at(door.url) as sentry:
        await sentry.step(5)
        assert sentry.crashes == ["expected status: the answer is no JSON"]
        sentry.crashes.clear()


async def test_a_code_nobody_asked_for_crashes(door: Door) -> None:
    """What stands before it is taken; its text does not tell the code."""
    door.answers[BULK] = (200, {"stranger": ON, "api_code_1": OFF})
    async with sentry_at(door.url, ONE, TWO) as sentry:
        await sentry.step(5)
        [crash] = sentry.crashes
        assert "stranger" not in crash
        assert sentry.asics[0].order.asic == "off"
        sentry.crashes.clear()


async def test_a_crash_fails_a_test(
    door: Door, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nobody has to look for it; a demo prints it instead."""
    door.answers[STATUS] = (500, None)
    with pytest.raises(AgentCrashed, match="status 500"):
        async with sentry_at(door.url) as sentry:
            await sentry.step(5)
    lenient = SimulatedAsicSentry(door.url, [ONE], time=SteppedTime(), strict=False)
    async with lenient:
        await lenient.step(5)
    assert "status 500" in capsys.readouterr().err


async def test_answers_to_pushes_never_crash(door: Door) -> None:
    """They are logged and forgotten."""
    for status in (200, 204, 302, 400, 401, 404, 413, 422, 429, 500):
        door.answers["/logs"] = door.answers["/specs"] = (status, {"errors": {}})
        async with sentry_at(door.url) as sentry:
            await sentry.step(30)
            assert sentry.crashes == sentry.mishaps == []


async def test_one_bad_asic_hides_the_others(door: Door) -> None:
    """Its answer crashes the round: those behind it are silent, those before hasty."""
    third = Asic(name="Hoa", api_code="api_code_3")
    async with sentry_at(door.url, ONE, TWO, third) as sentry:
        sentry.asics[1].device["fans"] = [5900, 5900, 5900]
        await sentry.step(60)
        codes = [request.headers["api_code"] for request in door.of("/logs")]
        assert codes == ["api_code_1"] * 12
        assert set(sentry.mishaps) == {"logs: the device's answer is not as expected"}
        assert sentry.crashes == []


async def test_too_many_crashes_end_the_agent(door: Door) -> None:
    """Four within five seconds; somebody has to start it again."""
    door.answers[BULK] = (500, None)
    url = door.url.removeprefix("http://").replace("127.0.0.1", "localhost")
    async with sentry_at(url, ONE, TWO) as sentry:
        await sentry.step(10)
        assert "too many crashes" in [*sentry.crashes, *sentry.mishaps][-1]
        assert not sentry.running
        door.clear()
        sentry.asics[0].fault("hot")
        await sentry.step(60)
        assert door.received == []
        sentry.url = door.url
        door.answers[BULK] = (200, {})
        sentry.asics[0].fault("agent_down")
        sentry.asics[0].fault("on")
        await sentry.step(60)
        assert sentry.running
        assert door.of("/logs")
        sentry.crashes.clear()


# Faults


async def test_off_and_unplugged(door: Door) -> None:
    """Both are silence; only one of them goes on mining."""
    async with sentry_at(door.url, ONE, TWO) as sentry:
        first, second = sentry.asics
        first.fault("off")
        second.fault("unplugged")
        await sentry.step(300)
        assert door.of("/logs") == []
        assert (first.mining, second.mining) == (False, True)
        first.fault("on")
        second.fault("on")
        await sentry.step(300)
        logs = {r.headers["api_code"]: r.json() for r in door.of("/logs")}
        assert logs["api_code_1"]["uptime"] < "00:00:05:00"
        assert logs["api_code_2"]["uptime"] > "01:00:00:00"


async def test_garbage_is_silence(door: Door) -> None:
    """An answer that is no JSON is not pushed and crashes nothing."""
    async with sentry_at(door.url) as sentry:
        sentry.asics[0].fault("garbage")
        await sentry.step(60)
        assert door.of("/logs") == door.of("/specs") == []
        assert sentry.mishaps == []


async def test_stale(door: Door) -> None:
    """The same body again and again."""
    async with sentry_at(door.url) as sentry:
        sentry.asics[0].fault("stale")
        await sentry.step(600)
        assert len({request.body for request in door.of("/logs")}) == 1
        sentry.asics[0].clear("stale")
        await sentry.step(60)
        assert len({request.body for request in door.of("/logs")}) > 5


async def test_dead_board(door: Door) -> None:
    """As recorded: zeros, not nothing."""
    async with sentry_at(door.url) as sentry:
        sentry.asics[0].fault("dead_board")
        await sentry.step(2000)
    log = door.of("/logs")[-1].json()
    like = sample("asic_log_board3_dead_fan4_stopped.request.json")
    zeros = {key for key, value in like.items() if value == 0}
    assert zeros - {"pool_1_rejected_share", "pool_rejection_rate"} <= {
        key for key, value in log.items() if value == 0
    }
    assert 7_000 < log["hashrate_5_min"] < 9_000


async def test_no_pool(door: Door) -> None:
    """Not connected; hashrate and shares stop."""
    async with sentry_at(door.url) as sentry:
        await sentry.step(5)
        before = door.of("/logs")[-1].json()
        sentry.asics[0].fault("no_pool")
        await sentry.step(600)
        after = door.of("/logs")[-1].json()
    assert {after[f"pool_{n}_state"] for n in (1, 2, 3)} == {"Unconnected"}
    assert after["hashrate_5_min"] == 0
    assert after["pool_1_accepted_share"] == before["pool_1_accepted_share"]


async def test_hot(door: Door) -> None:
    """The boards get hot and the fans fast."""
    async with sentry_at(door.url) as sentry:
        await sentry.step(5)
        sentry.asics[0].fault("hot")
        await sentry.step(600)
    cool, hot = door.of("/logs")[0].json(), door.of("/logs")[-1].json()
    assert hot["hashboard_1_temp_2"] > cool["hashboard_1_temp_2"] + 20
    assert hot["fan_1_speed"] > cool["fan_1_speed"] + 1000


async def test_wrong_code_and_text_numbers(door: Door) -> None:
    """What other agents do wrong."""
    async with sentry_at(door.url) as sentry:
        [asic] = sentry.asics
        asic.fault("wrong_code")
        asic.fault("text_numbers")
        asic.overlay = {"hashboard_1_hashrate_5_min": "3283.87G", "power": 3412.5}
        await sentry.step(5)
        asic.fault("normal")
        await sentry.step(10)
    wrong, right = door.of("/logs")
    assert wrong.headers["api_code"] != "api_code_1"
    log = wrong.json()
    assert isinstance(log["hashrate_5_min"], str)
    assert log["hashboard_1_hashrate_5_min"] == "3283.87G"
    assert log["power"] == "3412.5"
    assert right.headers["api_code"] == "api_code_1"
    assert right.json()["power"] == 3412.5


@pytest.mark.parametrize("name", ["nonsense", "gpu_lost"])
async def test_unknown_faults(door: Door, name: str) -> None:
    """What does not exist, or happens to other rigs, is an error."""
    async with sentry_at(door.url) as sentry:
        with pytest.raises(ValueError):
            sentry.asics[0].fault(name)
        with pytest.raises(ValueError):
            sentry.asics[0].clear(name)


async def test_every_fault_begins_and_ends(door: Door) -> None:
    """Alone; afterwards it pushes again."""
    async with sentry_at(door.url) as sentry:
        for fault in SimulatedAsic.descriptions:
            sentry.asics[0].fault(fault)
            await sentry.step(30)
            sentry.asics[0].clear(fault)
            await sentry.step(400)
            door.clear()
            await sentry.step(30)
            assert len(door.of("/logs")) >= 2, fault


# For the integration's form and the demo


async def test_form() -> None:
    """What is typed into the dialog."""
    sentry = sentry_at("http://127.0.0.1:1", ONE)
    assert sentry.asics[0].form == {
        "name": "Thanh Long",
        "rig_type": "asic",
        "api_code": "api_code_1",
    }
    assert sentry.asics[0].kind == "rig_monitor"


async def test_time_that_runs_by_itself(door: Door) -> None:
    """As in the demo, accelerated; it cannot be stepped."""
    time = RunningTime(FastClock(500), speed=500)
    async with SimulatedAsicSentry(door.url, [ONE], time=time) as sentry:
        while len(door.of("/logs")) < 3:
            await asyncio.sleep(0.005)
        with pytest.raises(TypeError):
            await sentry.step(1)
    assert door.of(STATUS)


async def test_two_agents_in_one_time(door: Door) -> None:
    """A step of one moves both."""
    time = SteppedTime()

    def make(asic: Asic) -> SimulatedAsicSentry:
        return SimulatedAsicSentry(door.url, [asic], time=time)

    async with make(ONE) as one, make(TWO):
        await one.step(5)
    codes = {request.headers["api_code"] for request in door.of("/logs")}
    assert codes == {"api_code_1", "api_code_2"}


async def test_an_error_of_the_simulator_is_no_crash(door: Door) -> None:
    """It ends the test, in a step and at the end."""
    sentry = sentry_at(door.url)
    await sentry.start()
    sentry.asics[0].device = None  # type: ignore[assignment]  # what a typo may do
    with pytest.raises(TypeError):
        await sentry.step(5)
    with pytest.raises(TypeError):
        await sentry.stop()
    assert sentry.crashes == sentry.mishaps == []


async def test_nothing_is_left_behind(door: Door) -> None:
    """No worker outlives its agent, also if it is started again."""
    before = asyncio.all_tasks()
    sentry = sentry_at(door.url)
    for _ in range(2):
        async with sentry:
            await sentry.step(20)
    assert len(door.of("/logs")) == 4
    door.closes = True
    agents = {
        task
        for task in asyncio.all_tasks() - before
        if "open_door" not in repr(task.get_coro())
    }
    assert agents == set()
