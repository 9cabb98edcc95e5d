"""CPU/GPU Sentry on the wire, against a stub of the server."""

from collections.abc import AsyncIterator
import re

import pytest

from simulator.agent import AgentCrashed
from simulator.cpu_gpu_sentry import (
    LOG_KEYS,
    SimulatedCpuGpuSentry,
    pretty_uptime,
    understand_playbooks,
)
from simulator.hardware import Card
from simulator.models import RTX_3060_TI, RTX_3070, RX_7800_XT
from simulator.timeline import SteppedTime

from .door import Door, Hang, Raw, comparable, open_door, recorded_heads, sample

PLAYBOOKS = "/playbooks"
PLAYBOOK = sample("cpu_gpu_playbooks.response.json")[0]
THREE = (Card(model=RTX_3070), Card(model=RTX_3060_TI), Card(model=RTX_3070))


@pytest.fixture
async def door() -> AsyncIterator[Door]:
    """Return a server with one playbook."""
    async with open_door() as opened:
        opened.answers[PLAYBOOKS] = (200, [PLAYBOOK])
        yield opened


def rig_at(
    url: str, *, cards: tuple[Card, ...] = THREE, patience: float = 5
) -> SimulatedCpuGpuSentry:
    """Return a rig whose time is stepped."""
    return SimulatedCpuGpuSentry(
        url, "Caheo", "cpu_code_1", cards=cards, time=SteppedTime(patience=patience)
    )


def recorded(remark: str) -> str:
    """Return a recorded head, its address and length left open."""
    [head] = [head for name, head in recorded_heads().items() if remark in name]
    head = re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1:PORT", head)
    return re.sub(r"(content-length: )\d+", r"\1LENGTH", head, flags=re.IGNORECASE)


def types(log: dict[str, object]) -> dict[str, type]:
    """Return the type of each field."""
    return {key: type(value) for key, value in log.items()}


# Heads and bodies


@pytest.mark.parametrize("end", ["", "/"])
async def test_heads(door: Door, end: str) -> None:
    """To the byte, whether the base ends with a slash or not."""
    async with rig_at(door.url + end) as rig:
        await rig.step(10)
    [specs] = door.of("/specs")
    assert comparable(specs) == recorded("CPU/GPU Sentry 1.1.0 - specs and logs")
    [log] = door.of("/logs")
    assert comparable(log).replace("/logs", "/specs") == comparable(specs)
    [playbooks] = door.of(PLAYBOOKS)
    assert comparable(playbooks) == recorded("playbooks")
    for request in (specs, log):
        assert int(request.headers["Content-Length"]) == len(request.body)


async def test_address_without_scheme(door: Door) -> None:
    """The library puts one before it."""
    async with rig_at(door.url.removeprefix("http://")) as rig:
        await rig.step(20)
        assert rig.mining
    assert len(door.of("/logs")) == 3


async def test_specs(door: Door) -> None:
    """Eleven keys, newlines in the board's name."""
    async with rig_at(door.url) as rig:
        await rig.step(1)
    specs = door.of("/specs")[0].json()
    like = sample("cpu_gpu_specs_3gpu.request.json")
    assert list(specs) == list(like)
    assert types(specs) == types(like)
    assert specs["motherboard_name"] == like["motherboard_name"]
    assert specs["ram_size"] == "31GB"
    assert specs["gpu_2_name"] == "NVIDIA GeForce RTX 3060 Ti"


async def test_specs_without_cards(door: Door) -> None:
    """The same eleven keys; cards of other makers are not seen."""
    async with rig_at(door.url, cards=(Card(model=RX_7800_XT),)) as rig:
        await rig.step(40)
    specs = door.of("/specs")[0].json()
    assert types(specs) == types(sample("cpu_gpu_specs_cpu_only.request.json"))
    log = door.of("/logs")[-1].json()
    assert types(log) == types(sample("cpu_gpu_log_cpu_only.request.json"))


async def test_start_up_as_observed(door: Door) -> None:
    """Which request comes when, and what the first logs have."""
    async with rig_at(door.url) as rig:
        await rig.step(66)
        first = rig.exchanges[0].at
        calls = {
            (round(e.at - first), e.method, e.path.removeprefix("/api/mining_rig/v1"))
            for e in rig.exchanges
        }
    timing = sample("cpu_gpu_session_timing.json")["calls"]
    assert {
        (round(at + 0.1), method, path.split(" ")[0]) for at, method, path in timing
    } <= calls
    assert len(door.of("/specs")) == 1
    logs = [request.json() for request in door.of("/logs")]
    assert list(logs[0]) == list(sample("cpu_gpu_log_startup_all_null.request.json"))
    assert logs[0] == sample("cpu_gpu_log_startup_all_null.request.json")
    network = sample("cpu_gpu_log_startup_network_only.request.json")
    for log in logs[1:4]:
        assert types(log) == types(network)
        assert log["uptime"] == network["uptime"]
    assert types(logs[4]) == types(network) | {"cpu_temp": int}
    complete = types(sample("cpu_gpu_log_xmrig_3gpu.request.json"))
    assert types(logs[5]) == complete
    assert logs[5]["cpu_hashrate"] == pytest.approx(8650, rel=0.05)
    assert logs[5]["cpu_temp"] > 40
    assert logs[5]["cpu_wallet_address"] == PLAYBOOK["cpu_wallet_address"]


async def test_warming_up_and_api_down(door: Door) -> None:
    """A unit without a hashrate; neither, while coin and pool stay."""
    door.answers[PLAYBOOKS] = (200, [])
    async with rig_at(door.url) as rig:
        await rig.step(60)
        door.answers[PLAYBOOKS] = (200, [PLAYBOOK])
        await rig.step(17)
        log = door.of("/logs")[-1].json()
        warming = sample("cpu_gpu_log_xmrig_warming_up.request.json")
        assert types(log) == types(warming)
        await rig.step(30)
        assert door.of("/logs")[-1].json()["cpu_hashrate"] > 8000
        rig.fault("silent_miner")
        await rig.step(20)
        log = door.of("/logs")[-1].json()
        assert types(log) == types(sample("cpu_gpu_log_xmrig_api_down.request.json"))
        assert rig.mining


async def test_twelve_cards(door: Door) -> None:
    """Keys of the ninth and further ones appear, with what can be read."""
    async with rig_at(door.url, cards=(Card(model=RTX_3070),) * 12) as rig:
        await rig.step(40)
    specs = door.of("/specs")[0].json()
    assert len(specs) == 15
    assert specs["gpu_12_name"] == RTX_3070.name
    assert len(door.of("/logs")[0].json()) == len(LOG_KEYS) == 86
    log = door.of("/logs")[-1].json()
    readings = ("core_temp", "mem_temp", "core_clock", "mem_clock", "power", "fan")
    assert set(log) - set(LOG_KEYS) == {
        f"gpu_{n}_{reading}" for n in range(9, 13) for reading in readings
    }
    assert log["gpu_12_core_temp"] > 20


async def test_cards_that_work_for_others(door: Door) -> None:
    """Their heat and power is told, no hashrate."""
    rig = SimulatedCpuGpuSentry(
        door.url, "Caheo", "cpu_code_1", cards=THREE, gpu_load=1.0
    )
    async with rig:
        await rig.step(60)
        assert rig.power > 400
    log = door.of("/logs")[-1].json()
    assert log["gpu_1_power"] > 150
    assert log["gpu_1_fan"] > 30
    assert log["gpu_1_core_clock"] > 1600
    assert log["gpu_1_hashrate_1"] is None
    assert log["gpu_fan_uom"] == "%"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 minutes"),
        (59, "0 minutes"),
        (60, "1 minute"),
        (3600, "1 hour"),
        (93_900, "1 day, 2 hours, 5 minutes"),
        (17 * 86400 + 4 * 3600 + 9 * 60, "2 weeks, 3 days, 4 hours, 9 minutes"),
        (400 * 86400, "1 year, 5 weeks"),
        (3660 * 86400, "1 decade, 1 week, 3 days"),
    ],
)
def test_uptimes(seconds: float, text: str) -> None:
    """English, without zeros and seconds."""
    assert pretty_uptime(seconds) == text


async def test_uptime_moves(door: Door) -> None:
    """It is read with every reading."""
    async with rig_at(door.url) as rig:
        await rig.step(40)
        before = door.of("/logs")[-1].json()["uptime"]
        await rig.step(600)
        after = door.of("/logs")[-1].json()["uptime"]
    assert (before, after) == (
        "1 day, 2 hours, 5 minutes",
        "1 day, 2 hours, 15 minutes",
    )


# Playbooks


async def test_mining_starts_five_seconds_after_the_first_fetch(door: Door) -> None:
    """With its arguments split at single blanks."""
    argument = "--url pool:443  --algo rx/0 --user $WALLET_ADDRESS"
    door.answers[PLAYBOOKS] = (200, [PLAYBOOK | {"command_argument": argument}])
    async with rig_at(door.url) as rig:
        idle = rig.power
        await rig.step(6.9)
        assert not rig.mining
        await rig.step(0.1)
        assert rig.mining
        assert rig.power > idle + 50
        [program] = rig.programs
        assert program.arguments == [
            *("--url", "pool:443", "", "--algo", "rx/0", "--user", "$WALLET_ADDRESS"),
            *("--http-port", "10001"),
        ]
        assert [entry["id"] for entry in rig.playbooks] == [60]


@pytest.mark.parametrize(
    "argument", ["--algo rx/0", "--url pool:1 --algo=nonsense", ""]
)
async def test_arguments_that_xmrig_refuses(door: Door, argument: str) -> None:
    """It ends by itself, and the client does not notice."""
    door.answers[PLAYBOOKS] = (200, [PLAYBOOK | {"command_argument": argument}])
    async with rig_at(door.url) as rig:
        await rig.step(60)
        assert not rig.mining
    log = door.of("/logs")[-1].json()
    assert (log["cpu_hashrate"], log["cpu_hashrate_uom"]) == (None, None)
    assert log["cpu_coin_name"] == "Monero"


async def test_an_empty_list_stops_within_a_minute(door: Door) -> None:
    """Then the last hashrate is pushed for ever, while the processor cools."""
    async with rig_at(door.url) as rig:
        await rig.step(60)
        before = door.of("/logs")[-1].json()
        door.answers[PLAYBOOKS] = (200, [])
        await rig.step(2)
        assert not rig.mining
        assert rig.playbooks == []
        await rig.step(300)
        after = door.of("/logs")[-1].json()
        assert after["cpu_hashrate"] > 8000
        assert after["cpu_coin_name"] == "Monero"
        assert after["cpu_temp"] < before["cpu_temp"] - 20
        door.answers[PLAYBOOKS] = (200, [PLAYBOOK])
        await rig.step(65)
        assert rig.mining


FAILURES = [(status, {"message": "no"}) for status in (201, 302, 401, 404, 429, 500)]


@pytest.mark.parametrize("answer", [*FAILURES, Raw(b"")], ids=str)
async def test_any_failure_stops_the_miner_at_once(
    door: Door, answer: tuple[int, object] | Raw
) -> None:
    """It mines again 5 s after the next good answer, a minute later."""
    async with rig_at(door.url) as rig:
        await rig.step(61)
        assert rig.mining
        door.answers[PLAYBOOKS] = answer
        await rig.step(1)
        assert not rig.mining
        door.answers[PLAYBOOKS] = (200, [PLAYBOOK])
        await rig.step(64)
        assert not rig.mining
        await rig.step(1)
        assert rig.mining
        assert rig.crashes == []


async def test_a_refused_fetch_stops_the_miner(door: Door) -> None:
    """As while the server starts anew."""
    url = door.url
    async with rig_at(url) as rig:
        await rig.step(61)
        rig.url = "http://127.0.0.1:1"
        await rig.step(1)
        assert not rig.mining
        rig.url = url
        await rig.step(65)
        assert rig.mining


async def test_a_late_answer_stops_the_miner(door: Door) -> None:
    """After 5 s; the other workers go on meanwhile."""
    async with rig_at(door.url, patience=0.05) as rig:
        await rig.step(61)
        door.answers[PLAYBOOKS] = Hang()
        door.clear()
        await rig.step(5.9)
        assert rig.mining
        assert len(door.of("/logs")) == 1
        await rig.step(0.1)
        assert not rig.mining
        assert rig.crashes == []


async def test_a_silent_server_and_logs(door: Door) -> None:
    """Each push is given up after 5 s, the next comes 5 s later."""
    door.answers["/logs"] = Hang()
    async with rig_at(door.url, patience=0.05) as rig:
        await rig.step(45)
        assert len(door.of("/logs")) == 4
        assert {e.status for e in rig.exchanges if e.path.endswith("/logs")} == {None}


@pytest.mark.parametrize(
    ("change", "restarts"),
    [
        ({"id": 61}, True),
        ({"command_argument": "--url other:1 --algo rx/0"}, True),
        ({"cpu_coin_name": "Wownero"}, True),
        ({"gpu_algorithm_2": "KHeavyHash"}, True),
        ({"software_version": "6.22.3"}, True),
        ({"cpu_wallet_address": "other"}, False),
        ({"cpu_pool_address": "other"}, False),
        ({"updated_at": "2026-01-01T00:00:00Z"}, False),
        ({"expected_status": "stop"}, False),
        ({"unheard_of": [1]}, False),
    ],
)
async def test_which_changes_restart_the_miner(
    door: Door, change: dict[str, object], restarts: bool
) -> None:
    """A difference stops it at once; it is started anew 5 s later."""
    async with rig_at(door.url) as rig:
        await rig.step(61)
        [program] = rig.programs
        door.answers[PLAYBOOKS] = (200, [PLAYBOOK | change])
        await rig.step(1)
        assert rig.mining is not restarts
        await rig.step(5)
        assert rig.mining
        assert (rig.programs != [program]) is restarts


async def test_one_change_stops_all_miners(door: Door) -> None:
    """All are stopped, then all are taken over."""
    other = PLAYBOOK | {"id": 61, "software_name": "Second"}
    door.answers[PLAYBOOKS] = (200, [PLAYBOOK, other])
    async with rig_at(door.url) as rig:
        await rig.step(61)
        before = rig.programs
        assert len(before) == 2
        door.answers[PLAYBOOKS] = (200, [PLAYBOOK])
        await rig.step(1)
        assert rig.programs == []
        await rig.step(5)
        assert len(rig.programs) == 1
        assert rig.programs[0] not in before


async def test_installed_but_not_started(door: Door) -> None:
    """Another expected status than mining; to remove it afterwards is fatal."""
    door.answers[PLAYBOOKS] = (200, [PLAYBOOK | {"expected_status": "stop"}])
    async with rig_at(door.url) as rig:
        await rig.step(61)
        assert not rig.mining
        assert len(rig.playbooks) == 1
        assert rig.crashes == []
        door.answers[PLAYBOOKS] = (200, [])
        await rig.step(1)
        assert rig.crashes == [
            "workflow: a playbook whose miner never ran cannot be removed"
        ]
        rig.crashes.clear()


async def test_specs_are_never_retried(door: Door) -> None:
    """Whatever the answer was."""
    door.answers["/specs"] = (422, {"errors": {}})
    async with rig_at(door.url) as rig:
        await rig.step(600)
        assert rig.crashes == []
    assert len(door.of("/specs")) == 1


async def test_late_specs_delay_the_playbooks(door: Door) -> None:
    """One worker does both."""
    door.answers["/specs"] = Hang()
    async with rig_at(door.url, patience=0.05) as rig:
        await rig.step(60)
        fetches = [e.at for e in rig.exchanges if e.path.endswith(PLAYBOOKS)]
        assert fetches == [rig.exchanges[0].at + 5]


# Crashes


def without(*keys: str) -> dict[str, object]:
    """Return the playbook without some of its keys."""
    return {key: value for key, value in PLAYBOOK.items() if key not in keys}


BAD_ANSWERS: dict[str, object] = {
    "null": None,
    "text": "none",
    "object": {"playbooks": []},
    "no object inside": [60],
    "no module": [without("module")],
    "module is null": [PLAYBOOK | {"module": None}],
    "no inserted_at": [without("inserted_at")],
    "no updated_at": [without("updated_at")],
    "moment is a number": [PLAYBOOK | {"inserted_at": 1_744_118_054}],
    "moment is a day": [PLAYBOOK | {"updated_at": "2025-04-08"}],
    "moment never was": [PLAYBOOK | {"updated_at": "2025-02-30T10:00:00"}],
    "expected_status is null": [PLAYBOOK | {"expected_status": None}],
    "unknown module": [PLAYBOOK | {"module": "Miner.XMRIG_6.22.2"}],
    "id is a list": [PLAYBOOK | {"id": [60]}],
}


@pytest.mark.parametrize("answer", BAD_ANSWERS.values(), ids=BAD_ANSWERS)
async def test_playbooks_that_crash(door: Door, answer: object) -> None:
    """Every two seconds, with the specs each time; nothing is mined."""
    door.answers[PLAYBOOKS] = (200, answer)
    async with rig_at(door.url) as rig:
        await rig.step(20.5)
        assert len(rig.crashes) == 10
        assert len(door.of("/specs")) == 10
        assert len(door.of(PLAYBOOKS)) == 10
        assert not rig.mining
        assert rig.running
        assert len(door.of("/logs")) == 3
        rig.crashes.clear()


async def test_the_documented_example_crashes(door: Door) -> None:
    """A server that answers with it fails every test."""
    example = sample("cpu_gpu_playbooks_seed_example_BREAKS_CLIENT.response.json")
    door.answers[PLAYBOOKS] = (200, example)
    with pytest.raises(AgentCrashed, match="module"):
        async with rig_at(door.url) as rig:
            await rig.step(5)


async def test_no_json_crashes(door: Door) -> None:
    """Status 200 and anything else."""
    door.answers[PLAYBOOKS] = (200, b"")
    async with rig_at(door.url) as rig:
        await rig.step(2)
        assert rig.crashes == ["workflow: the answer is no JSON"]
        rig.crashes.clear()


async def test_an_argument_that_is_no_text_crashes_when_it_starts(door: Door) -> None:
    """Once; afterwards the client thinks that it mines."""
    door.answers[PLAYBOOKS] = (200, [PLAYBOOK | {"command_argument": None}])
    async with rig_at(door.url) as rig:
        await rig.step(6.9)
        assert rig.crashes == []
        await rig.step(120)
        assert rig.crashes == ["workflow: the argument of a playbook is no text"]
        assert not rig.mining
        rig.crashes.clear()


async def test_a_crash_ends_a_running_miner(door: Door) -> None:
    """The same list as before does not start it again."""
    async with rig_at(door.url) as rig:
        await rig.step(61)
        door.answers[PLAYBOOKS] = (200, [without("module")])
        await rig.step(1)
        assert len(rig.crashes) == 1
        assert not rig.mining
        door.answers[PLAYBOOKS] = (200, [PLAYBOOK])
        await rig.step(600)
        assert len(rig.crashes) == 1
        assert not rig.mining
        log = door.of("/logs")[-1].json()
        assert (log["cpu_hashrate"], log["cpu_coin_name"]) == (None, "Monero")
        rig.crashes.clear()


@pytest.mark.parametrize(
    "entry",
    [
        {"inserted_at": "2025-04-08 13:14:14"},
        {"updated_at": "2025-04-08T13:14:14.123456"},
        {"updated_at": "2025-04-08T13:14:14+07:00"},
        {"id": "60", "more": {}},
        {"id": None},
    ],
)
def test_playbooks_that_are_understood(entry: dict[str, object]) -> None:
    """What looks odd and does no harm."""
    [playbook] = understand_playbooks([PLAYBOOK | entry]).values()
    assert playbook.expected == "mining"


def test_an_empty_object_is_an_empty_list() -> None:
    """There is nothing in it to stumble over."""
    assert understand_playbooks({}) == understand_playbooks([]) == {}


# Faults


async def test_stale(door: Door) -> None:
    """Readings and hashrate freeze, pushes and playbooks go on."""
    async with rig_at(door.url) as rig:
        await rig.step(60)
        rig.fault("stale")
        await rig.step(5)
        door.clear()
        await rig.step(900)
        logs = [request.json() for request in door.of("/logs")]
        assert len(logs) == 180
        frozen = [{k: v for k, v in log.items() if k != "uptime"} for log in logs]
        assert all(log == frozen[0] for log in frozen)
        assert len({log["uptime"] for log in logs}) > 10
        assert set(rig.mishaps) == {"log updater: sensors knows no processor"}
        assert rig.crashes == []
        door.answers[PLAYBOOKS] = (200, [])
        await rig.step(60)
        assert not rig.mining
        assert door.of("/logs")[-1].json()["cpu_hashrate"] > 8000
        rig.clear("stale")
        await rig.step(60)
        assert door.of("/logs")[-1].json()["cpu_temp"] < frozen[0]["cpu_temp"]


async def test_a_card_without_a_reading(door: Door) -> None:
    """Its reader crashes in every cycle: only what is read before it is told."""
    cards = (Card(model=RTX_3070, blind=frozenset({"fan"})),)
    async with rig_at(door.url, cards=cards) as rig:
        await rig.step(300)
        assert rig.crashes == []
    log = door.of("/logs")[-1].json()
    assert {key for key, value in log.items() if value is not None} == {
        *("cpu_temp", "lan_ip", "wan_ip", "uptime")
    }


async def test_a_lost_card(door: Door) -> None:
    """The others move up; the last one's values stay for ever."""
    async with rig_at(door.url) as rig:
        await rig.step(60)
        rig.fault("gpu_lost")
        await rig.step(5)
        door.clear()
        await rig.step(120)
    logs = [request.json() for request in door.of("/logs")]
    assert logs[-1]["gpu_1_mem_clock"] == 405
    assert len({log["gpu_3_core_temp"] for log in logs}) == 1
    assert len({log["gpu_3_power"] for log in logs}) == 1


async def test_no_sensors(door: Door) -> None:
    """No heat of the processor, everything else."""
    async with rig_at(door.url) as rig:
        rig.fault("no_sensors")
        await rig.step(60)
        assert rig.mishaps == []
    log = door.of("/logs")[-1].json()
    assert log["cpu_temp"] is None
    assert log["gpu_1_core_temp"] > 20
    assert log["cpu_hashrate"] > 8000


async def test_no_pool(door: Door) -> None:
    """The miner runs and hashes nothing."""
    async with rig_at(door.url) as rig:
        await rig.step(60)
        rig.fault("no_pool")
        await rig.step(30)
        assert len(rig.programs) == 1
        assert not rig.mining
        assert door.of("/logs")[-1].json()["cpu_hashrate"] == 0
        rig.fault("normal")
        await rig.step(30)
        assert door.of("/logs")[-1].json()["cpu_hashrate"] > 8000


async def test_off_and_on(door: Door) -> None:
    """Silence; then it boots and starts from its first request."""
    async with rig_at(door.url) as rig:
        await rig.step(60)
        rig.fault("off")
        assert not rig.running
        assert rig.power == 0
        door.clear()
        await rig.step(600)
        assert door.received == []
        rig.fault("on")
        await rig.step(40)
        assert door.received == []
        await rig.step(60)
        assert [r.path.rsplit("/")[-1] for r in door.received][:3] == [
            *("specs", "playbooks", "logs")
        ]
        assert set(door.of("/logs")[0].json().values()) == {None}
        assert door.of("/logs")[-1].json()["uptime"] == "1 minute"
        assert rig.mining


async def test_reboot(door: Door) -> None:
    """Off for as long as it boots."""
    async with rig_at(door.url) as rig:
        await rig.step(60)
        rig.fault("reboot")
        assert not rig.mining
        door.clear()
        await rig.step(39)
        assert door.received == []
        await rig.step(30)
        assert len(door.of("/specs")) == 1


async def test_agent_down(door: Door) -> None:
    """Its miner ends with it; the rig stays on."""
    async with rig_at(door.url) as rig:
        await rig.step(60)
        rig.fault("agent_down")
        assert not rig.mining
        assert rig.power > 50
        door.clear()
        await rig.step(60)
        assert door.received == []
        rig.clear("agent_down")
        await rig.step(7)
        assert rig.mining


async def test_unplugged(door: Door) -> None:
    """Nothing arrives, and the miner stops at the next fetch."""
    async with rig_at(door.url) as rig:
        await rig.step(60)
        rig.fault("unplugged")
        door.clear()
        await rig.step(60)
        assert door.received == []
        assert not rig.mining
        assert rig.running
        rig.fault("on")
        await rig.step(70)
        assert rig.mining


async def test_wrong_code_text_numbers_and_other_fields(door: Door) -> None:
    """What other programs do."""
    async with rig_at(door.url) as rig:
        rig.fault("wrong_code")
        rig.fault("text_numbers")
        rig.overlay = {"gpu_1_hashrate_1": 96, "gpu_hashrate_uom_1": "MH/s"}
        await rig.step(40)
        rig.fault("normal")
        await rig.step(5)
    assert "cpu_code_1" not in {r.headers["api_code"] for r in door.of("/logs")[:-1]}
    log = door.of("/logs")[-2].json()
    assert log["gpu_1_hashrate_1"] == "96"
    assert isinstance(log["cpu_temp"], str)
    assert log["cpu_power"] is None
    right = door.of("/logs")[-1]
    assert right.headers["api_code"] == "cpu_code_1"
    assert right.json()["gpu_1_hashrate_1"] == 96


async def test_hot(door: Door) -> None:
    """Everything gets hot."""
    async with rig_at(door.url) as rig:
        await rig.step(60)
        cool = door.of("/logs")[-1].json()
        rig.fault("hot")
        await rig.step(300)
        hot = door.of("/logs")[-1].json()
    assert hot["cpu_temp"] > cool["cpu_temp"] + 20
    assert hot["gpu_1_core_temp"] > cool["gpu_1_core_temp"] + 20


async def test_every_fault_begins_and_ends(door: Door) -> None:
    """Alone; afterwards it pushes and mines again."""
    async with rig_at(door.url) as rig:
        for fault in SimulatedCpuGpuSentry.descriptions:
            rig.fault(fault)
            await rig.step(70)
            rig.clear(fault)
            await rig.step(200)
            assert rig.mining, fault
            assert door.of("/logs")[-1].json()["cpu_hashrate"] > 8000, fault
        with pytest.raises(ValueError):
            rig.fault("dead_board")


async def test_form(door: Door) -> None:
    """What is typed into the dialog."""
    rig = rig_at(door.url)
    assert rig.form == {
        "name": "Caheo",
        "rig_type": "cpu_gpu",
        "api_code": "cpu_code_1",
    }
    assert rig.kind == "rig_monitor"
