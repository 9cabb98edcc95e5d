"""The simulated T-Rex on the wire."""

import asyncio
from collections.abc import Iterable, Mapping
import json
from pathlib import Path
from typing import Any

import pytest

from simulator.clock import ManualClock
from simulator.hardware import Card
from simulator.models import RTX_3070, RTX_3080
from simulator.t_rex import SimulatedTRex

from .wire import Response, ask

FIXTURES = Path(__file__).parent.parent / "fixtures" / "t_rex"
PASSWORD = "Attic-3456"


def load(name: str) -> Any:
    """Return a recorded answer."""
    return json.loads((FIXTURES / name).read_text())


async def get(rig: SimulatedTRex, path: str, body: object = None) -> Any:
    """Return the decoded answer to a request."""
    method = "GET" if body is None else "POST"
    [response] = await ask(rig, method, path, body=body)
    assert response.status == 200
    return response.json()


async def log_in(rig: SimulatedTRex) -> str:
    """Return a session id."""
    answer = await get(rig, f"/login?password={PASSWORD}")
    assert answer == {"sid": answer["sid"], "success": 1}
    assert len(answer["sid"]) == 32
    return f"sid={answer['sid']}"


def open_rig(clock: ManualClock, **facts: Any) -> SimulatedTRex:
    """Return a rig that everybody may control."""
    return SimulatedTRex(clock=clock, **{"version": "0.22.0", **facts})


def keys_of(entries: Iterable[Mapping[str, Any]]) -> set[str]:
    """Return all keys of some objects."""
    return {key for entry in entries for key in entry}


# ---- the summary


@pytest.mark.parametrize(
    ("version", "recorded"),
    [
        ("0.9.1", "summary_api3.0_v0.9.1_10gpu_excerpt_3gpus.json"),
        ("0.19.1", "summary_api3.2_v0.19.1_8gpu.json"),
        ("0.24.6", "summary_api4.1_v0.24.6_starting.json"),
    ],
)
async def test_it_tells_what_the_real_one_told(
    clock: ManualClock, version: str, recorded: str
) -> None:
    """The same keys with the same types, as far as they were recorded."""
    real = load(recorded)
    async with open_rig(clock, version=version, watchdog=False) as rig:
        told = await get(rig, "/summary")
    assert told["api"] == real["api"]
    assert set(told) == set(real)
    assert set(told["active_pool"]) == set(real["active_pool"])
    # A laptop's card tells no fan.
    gpus = keys_of(told["gpus"])
    assert gpus - {"fan_speed"} == keys_of(real["gpus"]) - {"fan_speed"}
    for key, value in real.items():
        same = type(told[key]) is type(value)
        assert same or isinstance(value, int | float), key


@pytest.mark.parametrize(
    ("version", "api"),
    [("0.6.5", "1.2"), ("0.19.9", "3.3"), ("0.20.1", "3.3"), ("0.26.8", "4.1")],
)
async def test_versions(clock: ManualClock, version: str, api: str) -> None:
    """What is told depends on the version."""
    async with open_rig(clock, version=version) as rig:
        told = await get(rig, "/summary")
    assert told["api"] == api
    assert ("success" in told) is (version != "0.6.5")
    assert ("paused" in told) is (version in {"0.20.1", "0.26.8"})
    assert ("stat_by_gpu" in told) is (version == "0.19.9")
    assert ("shares" in told["gpus"][0]) is (version in {"0.20.1", "0.26.8"})
    assert ("time" in told) is (version == "0.26.8")
    assert isinstance(told["active_pool"]["difficulty"], str) is (api != "1.2")


async def test_averages_fill_their_windows(clock: ManualClock) -> None:
    """Older versions say 0 until then; a miner begins with its DAG."""
    async with open_rig(clock, version="0.22.0", running_for=2) as rig:
        told = await get(rig, "/summary")
        assert (told["hashrate"], told["hashrate_minute"]) == (0, 0)
        assert told["gpus"][0]["power"] > 100
        clock.advance(90)
        told = await get(rig, "/summary")
        assert told["hashrate"] > 10_000_000
        assert told["hashrate"] == sum(gpu["hashrate"] for gpu in told["gpus"])
        assert told["hashrate_minute"] > 0
        assert told["hashrate_hour"] == 0
    async with open_rig(clock, version="0.26.8", running_for=90) as rig:
        assert (await get(rig, "/summary"))["hashrate_day"] > 0


async def test_shares_add_up(clock: ManualClock) -> None:
    """Those of the rig are those of its cards, and they rise."""
    async with open_rig(clock) as rig:
        counts = []
        for _ in range(2):
            told = await get(rig, "/summary")
            counts.append(told["accepted_count"])
            cards = [gpu["shares"]["accepted_count"] for gpu in told["gpus"]]
            assert sum(cards) == told["accepted_count"]
            assert told["gpus"][0]["shares"]["last_share_submit_ts"] == 0
            clock.advance(600)
        assert 0 < counts[0] < counts[1]


async def test_validated_shares(clock: ManualClock) -> None:
    """Only then their difficulty is known."""
    async with open_rig(clock, options={"validate-shares": True}) as rig:
        shares = (await get(rig, "/summary"))["gpus"][0]["shares"]
    assert 0 < shares["last_share_diff"] <= shares["max_share_diff"]
    assert clock() - 7200 < shares["max_share_submit_ts"] <= clock()


async def test_hot_memory(clock: ManualClock) -> None:
    """Only cards that have it tell it, without a library none tells anything."""
    cards = [Card(model=RTX_3080), Card(model=RTX_3070)]
    async with open_rig(clock, version="0.26.8", cards=cards) as rig:
        first, second = (await get(rig, "/summary"))["gpus"]
        assert first["memory_temperature"] > first["temperature"]
        assert "memory_temperature" not in second
        rig.nvml = False
        gpus = (await get(rig, "/summary"))["gpus"]
        gone = {"temperature", "memory_temperature", "fan_speed", "power", "cclock"}
        assert not keys_of(gpus) & gone


async def test_dual_mining(clock: ManualClock) -> None:
    """The second algorithm has everything of its own but the hardware."""
    async with open_rig(clock, algorithms=("autolykos2", "blake3")) as rig:
        told = await get(rig, "/summary")
    dual = told["dual_stat"]
    assert (told["algorithm"], dual["algorithm"]) == ("autolykos2", "blake3")
    assert told["active_pool"]["url"] != dual["active_pool"]["url"]
    assert dual["hashrate"] == sum(gpu["hashrate"] for gpu in dual["gpus"])
    assert "temperature" not in dual["gpus"][0]


# ---- who may do what


async def test_without_a_key(clock: ManualClock) -> None:
    """Everybody may look, nobody may touch."""
    async with SimulatedTRex(clock=clock) as rig:
        assert "hashrate" in await get(rig, "/summary")
        assert (await get(rig, "/config"))["api_read_only"] is True
        for path in (
            "/control?pause=true",
            "/config?temperature-limit=70",
            "/do-update",
        ):
            assert await get(rig, path) == load("error_readonly.json")
        assert rig.paused == [False, False]


async def test_with_a_key(clock: ManualClock) -> None:
    """Nobody gets anything without a session."""
    async with SimulatedTRex(clock=clock, password=PASSWORD) as rig:
        refused = load("error_unauthorized.json")
        for path in ("/summary", "/config", "/control?pause=true", "/logout"):
            assert await get(rig, path) == refused
        assert (await get(rig, "/login?password=attic"))["success"] == 0
        sid = await log_in(rig)
        assert "hashrate" in await get(rig, f"/summary?{sid}")
        # As a second question mark it is none.
        assert await get(rig, f"/control?command=x?{sid}") == refused
        assert await get(rig, f"/control?pause=true&{sid}") == {"success": 1}
        assert rig.paused == [True, True]
        assert (await get(rig, f"/config?{sid}"))["api_read_only"] is False
        rig.expire_sessions()
        assert await get(rig, f"/summary?{sid}") == refused
        sid = await log_in(rig)
        await get(rig, f"/logout?{sid}")
        assert await get(rig, f"/summary?{sid}") == refused


async def test_with_a_key_but_read_only(clock: ManualClock) -> None:
    """A session lets look, but not touch."""
    async with SimulatedTRex(clock=clock, password=PASSWORD, read_only=True) as rig:
        sid = await log_in(rig)
        answer = await get(rig, f"/control?pause=true&{sid}")
        assert answer == load("error_readonly.json")


async def test_a_password_that_was_changed(clock: ManualClock) -> None:
    """Sessions end, and the old one opens nothing."""
    async with SimulatedTRex(clock=clock, password=PASSWORD) as rig:
        sid = await log_in(rig)
        rig.fault("wrong_token")
        assert await get(rig, f"/summary?{sid}") == load("error_unauthorized.json")
        assert (await get(rig, f"/login?password={PASSWORD}"))["success"] == 0


async def test_what_is_not_there(clock: ManualClock) -> None:
    """Other paths, and those that came later."""
    async with open_rig(clock, version="0.6.5") as rig:
        for path in ("/nothing", "/control?pause=true", "/login?password=x"):
            [response] = await ask(rig, "GET", path)
            assert response.status == 404
        [page] = await ask(rig, "GET", "/trex")
        assert page.body.startswith(b"<!DOCTYPE html>")
        [wrong] = await ask(rig, "POST", "/config", body=b"[")
        assert wrong.json()["success"] == 0


# ---- commands


async def test_pausing(clock: ManualClock) -> None:
    """Everything or some cards; what is paused cools down and counts nothing."""
    async with open_rig(clock) as rig:
        await get(rig, "/control?pause=true:1")
        assert rig.paused == [False, True]
        assert (await get(rig, "/summary"))["paused"] is False
        await get(rig, "/control?pause=true")
        clock.advance(600)
        told = await get(rig, "/summary")
        assert (told["paused"], told["hashrate"]) == (True, 0)
        assert told["gpus"][0]["power"] < 60
        clock.advance(600)
        later = await get(rig, "/summary")
        assert later["accepted_count"] == told["accepted_count"]
        await get(rig, "/control?pause=false:0,1")
        assert rig.paused == [False, False]


@pytest.mark.parametrize("order", ["True", "TRUE", "1", "yes"])
async def test_words_that_do_nothing(clock: ManualClock, order: str) -> None:
    """They are answered with success."""
    async with open_rig(clock) as rig:
        assert await get(rig, f"/control?pause={order}") == {"success": 1}
        assert rig.paused == [False, False]


@pytest.mark.parametrize(
    ("version", "path", "body", "paused"),
    [
        ("0.19.9", "/control?pause=true", None, True),
        ("0.19.10", "/control?pause=true", None, False),
        ("0.19.10", "/control?pause=true:0,1", None, True),
        ("0.19.11", "/control?pause=true", None, True),
        ("0.21.5", "/control", {"pause": "true:0,1"}, False),
        ("0.21.6", "/control", {"pause": "true:0,1"}, True),
    ],
)
async def test_versions_that_did_not_pause(
    clock: ManualClock, version: str, path: str, body: object, *, paused: bool
) -> None:
    """They are answered with success as well."""
    async with open_rig(clock, version=version) as rig:
        assert await get(rig, path, body) == {"success": 1}
        assert rig.paused == [paused, paused]


async def test_settings(clock: ManualClock) -> None:
    """They are shown, act, and hold when the miner starts again."""
    async with open_rig(clock) as rig:
        await get(rig, "/config?hashrate_avr=10&temperature-limit=70&config=a.conf")
        await get(rig, "/config", {"temperature-start": 50, "intensity": "20,21"})
        await get(rig, "/control?no-color=true&protocol-dump=true&unknown=1")
        shown = await get(rig, "/config")
        assert shown["hashrate-avr"] == 10
        assert shown["temperature-start"] == 50
        assert shown["no-color"] is True
        assert shown["pools"][0]["user"].startswith("RDemoWallet")
        assert rig.files["a.conf"]["temperature-limit"] == 70
        rig.fault("off")
        rig.fault("on")
        shown = await get(rig, "/config")
        assert shown["temperature-limit"] == 70
        assert shown["no-color"] is False
        rig.takes_effect = False
        assert await get(rig, "/config?hashrate_avr=99") == {"success": 1}
        assert rig.options["hashrate-avr"] == 10


async def test_a_temperature_limit(clock: ManualClock) -> None:
    """A card that is too hot rests until it has cooled down."""
    options = {"temperature-limit": 75, "temperature-start": 55}
    async with open_rig(clock, options=options) as rig:
        rig.fault("hot")
        clock.advance(900)
        gpu = (await get(rig, "/summary"))["gpus"][0]
        assert gpu["disabled"] is True
        assert gpu["disabled_at_temperature"] >= 75
        rig.fault("normal")
        clock.advance(900)
        assert "disabled" not in (await get(rig, "/summary"))["gpus"][0]


async def closed(rig: SimulatedTRex) -> bool:
    """Tell whether nobody answers."""
    try:
        await ask(rig, "GET", "/trex")
    except ConnectionRefusedError:
        return True
    return False


async def test_shutting_down(clock: ManualClock) -> None:
    """Only somebody at the rig can start it again."""
    async with open_rig(clock) as rig:
        responses: list[Response] = await ask(rig, "GET", "/control?command=shutdown")
        assert len(responses) <= 1
        assert await closed(rig)
        assert rig.ended
        assert rig.power < 100
        rig.fault("off")
        rig.fault("on")
        assert (await get(rig, "/summary"))["uptime"] == 0


async def test_a_time_limit(clock: ManualClock) -> None:
    """It can be taken back until it is over."""
    async with open_rig(clock) as rig:
        await get(rig, "/control?time-limit=120")
        await get(rig, "/control?time-limit=0")
        clock.advance(121)
        assert not rig.ended
        await get(rig, "/control?time-limit=120")
        clock.advance(121)
        assert rig.ended


# ---- what happens


async def test_the_watchdog(clock: ManualClock) -> None:
    """It starts the miner again and keeps the totals."""
    async with open_rig(clock, version="0.26.8", password=PASSWORD) as rig:
        sid = await log_in(rig)
        before = await get(rig, f"/summary?{sid}")
        rig.crash()
        assert await closed(rig)
        clock.advance(1)
        assert rig.paused == [False, False]
        assert await closed(rig)
        rig.wait_for_watchdog()
        clock.advance(30)
        after = await get(rig, f"/summary?{await log_in(rig)}")
        assert after["accepted_count"] < before["accepted_count"]
        watchdog = after["watchdog_stat"]
        assert watchdog["total_restarts"] == 1
        assert watchdog["uptime"] > after["uptime"]
        assert watchdog["total_shares_accepted"] >= before["accepted_count"]
    async with open_rig(clock, watchdog=False) as rig:
        assert "watchdog_stat" not in await get(rig, "/summary")
        rig.crash()
        assert rig.ended


async def test_an_update(clock: ManualClock) -> None:
    """It is downloaded, and the watchdog starts it."""
    async with open_rig(clock, update="0.26.8") as rig:
        assert (await get(rig, "/summary"))["updates"]["version"] == "0.26.8"
        await get(rig, "/do-update")
        states = []
        for seconds in (0.1, 9.9):
            clock.advance(seconds)
            status = (await get(rig, "/summary"))["updates"]["download_status"]
            states.append(status["update_state"])
        assert states == ["started", "downloading"]
        assert status["downloaded_bytes"] == status["total_bytes"] / 2
        await get(rig, "/do-update?stop=true")
        clock.advance(60)
        told = await get(rig, "/summary")
        assert told["version"] == "0.22.0"
        assert told["updates"]["download_status"]["update_state"] == "idle"
        await get(rig, "/do-update")
        clock.advance(21)
        told = await get(rig, "/summary")
        assert (told["version"], told["api"]) == ("0.26.8", "4.1")
        assert "updates" not in told
    async with open_rig(clock, update="0.26.8", watchdog=False) as rig:
        assert (await get(rig, "/do-update"))["success"] == 0


async def test_a_hung_card(clock: ManualClock) -> None:
    """Every answer is late until it comes back."""
    async with open_rig(clock) as rig:
        assert rig.hang_seconds == 21
        rig.hang_seconds = 0.2
        rig.hang()
        began = asyncio.get_running_loop().time()
        await get(rig, "/summary")
        assert asyncio.get_running_loop().time() - began >= 0.2
        rig.hang(hung=False)
        clock.advance(60)
        assert (await get(rig, "/summary"))["gpus"][0]["hashrate"] > 0


async def test_faults(clock: ManualClock) -> None:
    """No pool, another rig, warm air."""
    async with open_rig(clock) as rig:
        before = await get(rig, "/summary")
        rig.fault("no_pool")
        clock.advance(120)
        told = await get(rig, "/summary")
        assert (told["hashrate"], told["active_pool"]["retries"]) == (0, 1)
        assert told["gpus"][0]["power"] < before["gpus"][0]["power"]
        rig.fault("normal")
        clock.advance(120)
        assert (await get(rig, "/summary"))["hashrate"] > 0
        rig.fault("other_rig")
        other = await get(rig, "/summary")
        assert other["gpus"][0]["uuid"] != before["gpus"][0]["uuid"]


async def test_over_https(clock: ManualClock) -> None:
    """With a certificate of its own."""
    async with open_rig(clock, tls=True) as rig:
        assert rig.form["connection"] == {"ssl": True, "verify_ssl": False}
        assert rig.url.startswith("https://")


async def test_paused_at_the_rig(clock: ManualClock) -> None:
    """Somebody at the rig may do it as well."""
    async with open_rig(clock) as rig:
        rig.pause(1)
        assert rig.paused == [False, True]
        rig.pause()
        rig.pause(paused=False)
        assert rig.paused == [False, False]
