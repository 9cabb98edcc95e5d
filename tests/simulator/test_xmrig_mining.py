"""How the simulated XMRig mines: windows, pauses, stops, pools, shares."""

from typing import Any

import pytest

from simulator.clock import ManualClock
from simulator.hardware import Card
from simulator.models import RTX_3070, RX_7800_XT
from simulator.xmrig import Habits, SimulatedXMRig

from .wire import ask, get

TOKEN = "t"


def unlocked(clock: ManualClock, **more: Any) -> SimulatedXMRig:
    """Return a rig that may be controlled."""
    return SimulatedXMRig(token=TOKEN, restricted=False, clock=clock, **more)


def stopped(rig: SimulatedXMRig) -> bool:
    """Return whether there is work and nobody to do it."""
    return rig.stopped


def paused(rig: SimulatedXMRig) -> bool:
    """Return whether it is paused, by hand or by itself."""
    return rig.paused


def hashing(rig: SimulatedXMRig) -> bool:
    """Return whether anything hashes."""
    return rig.hashing


async def summary(rig: SimulatedXMRig) -> Any:
    """Return the decoded summary."""
    return await get(rig, "/2/summary", rig.token)


async def total(rig: SimulatedXMRig) -> list[float | None]:
    """Return the three windows of the total hashrate."""
    windows: list[float | None] = (await summary(rig))["hashrate"]["total"]
    return windows


async def backends(rig: SimulatedXMRig) -> dict[str, Any]:
    """Return the backends by type."""
    listed = await get(rig, "/2/backends", rig.token)
    return {backend["type"]: backend for backend in listed}


async def call(rig: SimulatedXMRig, method: str) -> None:
    """Send a command."""
    await ask(rig, "POST", "/json_rpc", token=TOKEN, body={"method": method, "id": 1})


@pytest.mark.parametrize(("version", "idle"), [("6.26.0", 0.0), ("6.22.1", None)])
async def test_windows_fill_one_after_the_other(
    clock: ManualClock, version: str, idle: float | None
) -> None:
    """A window is null until the workers ran for its length."""
    async with unlocked(clock, version=version, running_for=0) as rig:
        assert await total(rig) == [idle] * 3
        first = await summary(rig)
        assert first["hashrate"]["highest"] is None
        assert first["algo"] is None
        assert first["connection"]["pool"] == ""
        assert first["connection"]["ip"] is None
        clock.advance(5)
        assert await total(rig) == [None, None, None]
        clock.advance(6)
        ten, minute, quarter = await total(rig)
        assert ten == pytest.approx(3480, rel=0.03)
        assert (minute, quarter) == (None, None)
        clock.advance(55)
        assert (await total(rig))[2] is None
        clock.advance(840)
        assert None not in await total(rig)


async def test_hashrate_is_alive(clock: ManualClock) -> None:
    """The short window changes more than the long one, and both stay near the truth."""
    async with unlocked(clock) as rig:
        tens, quarters = set(), set()
        for _ in range(20):
            clock.advance(10)
            ten, _, quarter = await total(rig)
            assert ten == pytest.approx(3480, rel=0.03)
            tens.add(ten)
            quarters.add(quarter)
        assert len(tens) > 15
        assert max(tens) - min(tens) > 4 * (max(quarters) - min(quarters))  # type: ignore[type-var, operator]


@pytest.mark.parametrize(("version", "idle"), [("6.26.0", 0.0), ("6.22.1", None)])
async def test_pause_fades_out_window_by_window(
    clock: ManualClock, version: str, idle: float | None
) -> None:
    """For as long as a window the old rate still shows, less and less."""
    async with unlocked(clock, version=version) as rig:
        before = await total(rig)
        await call(rig, "pause")
        assert (await summary(rig))["paused"] is True
        assert await total(rig) == pytest.approx(before, rel=0.001)
        clock.advance(5)
        assert (await total(rig))[0] == pytest.approx(1740, rel=0.05)
        clock.advance(5)
        ten, minute, _ = await total(rig)
        assert ten == idle
        assert minute == pytest.approx(3480 * 50 / 60, rel=0.05)
        assert len((await backends(rig))["cpu"]["threads"]) == 6
        clock.advance(900)
        assert await total(rig) == [idle] * 3
        await call(rig, "resume")
        clock.advance(10)
        assert (await total(rig))[0] == pytest.approx(3480, rel=0.03)
        assert (await summary(rig))["paused"] is False


async def test_threads_of_cards_become_unknown_when_paused(clock: ManualClock) -> None:
    """A card's thread counts from its last kernel on; the backend's sum fades."""
    async with unlocked(clock, cards=[Card(model=RTX_3070)]) as rig:
        await call(rig, "pause")
        clock.advance(20)
        cuda = (await backends(rig))["cuda"]
        assert cuda["hashrate"][0] == 0.0
        assert cuda["threads"][0]["hashrate"][0] is None
        assert cuda["threads"][0]["hashrate"][1] == pytest.approx(1190, rel=0.03)


@pytest.mark.parametrize(("version", "idle"), [("6.26.0", 0.0), ("6.22.1", None)])
async def test_stop_lasts_until_the_next_job(
    clock: ManualClock, version: str, idle: float | None
) -> None:
    """After `stop` nothing is paused, nothing hashes, and a job undoes it."""
    async with unlocked(clock, version=version, cards=[Card(model=RTX_3070)]) as rig:
        await call(rig, "stop")
        after = await summary(rig)
        assert after["paused"] is False
        assert after["hashrate"]["total"] == [idle] * 3
        assert after["hugepages"] == [0, 0]
        assert stopped(rig)
        for backend in (await backends(rig)).values():
            assert not {"hashrate", "threads"} & backend.keys()
        clock.advance(61)
        assert not stopped(rig)
        assert (await backends(rig))["cpu"]["hashrate"][2] is None


async def test_stop_without_jobs_is_undone_by_a_put(clock: ManualClock) -> None:
    """Resuming does not help; writing the unchanged configuration does."""
    async with unlocked(clock, habits=Habits(job_interval=None)) as rig:
        await call(rig, "stop")
        clock.advance(3600)
        await call(rig, "resume")
        clock.advance(3600)
        assert stopped(rig)
        config = await get(rig, "/2/config", TOKEN)
        await ask(rig, "PUT", "/2/config", token=TOKEN, body=config)
        assert stopped(rig)
        clock.advance(0.5)
        assert not stopped(rig)
        assert hashing(rig)


async def test_start_where_a_version_knows_it(clock: ManualClock) -> None:
    """No release has it, but the documentation of some says so."""
    habits = Habits(job_interval=None, knows_start=True)
    async with unlocked(clock, habits=habits) as rig:
        await call(rig, "stop")
        await call(rig, "start")
        assert hashing(rig)


async def test_a_job_does_not_end_a_pause(clock: ManualClock) -> None:
    """Workers that a job starts stay idle while paused."""
    async with unlocked(clock) as rig:
        await call(rig, "pause")
        await call(rig, "stop")
        rig.new_job()
        assert not stopped(rig)
        assert not hashing(rig)
        await call(rig, "resume")
        assert hashing(rig)


async def test_battery_holds_a_pause(clock: ManualClock) -> None:
    """On battery `resume` is answered OK and does nothing; with mains it goes on."""
    async with unlocked(clock, config={"pause-on-battery": True}) as rig:
        rig.on_battery = True
        assert (await summary(rig))["paused"] is True
        await call(rig, "resume")
        assert paused(rig)
        rig.on_battery = False
        assert not paused(rig)


async def test_a_pause_outlives_its_option(clock: ManualClock) -> None:
    """Switched off while it holds the pause, the option leaves it paused."""
    async with unlocked(clock, config={"pause-on-active": True}) as rig:
        rig.user_active = True
        assert paused(rig)
        rig.configure({"pause-on-active": False})
        clock.advance(1)
        rig.user_active = False
        assert paused(rig)
        await call(rig, "resume")
        assert not paused(rig)


async def test_shares_arrive_and_add_up(clock: ManualClock) -> None:
    """Counters only rise, and repeat themselves where the miner does."""
    async with unlocked(clock, running_for=0) as rig:
        clock.advance(4 * 3600)
        now = await summary(rig)
        results, connection = now["results"], now["connection"]
        expected = 4 * 3600 / 30
        assert results["shares_total"] == pytest.approx(expected, rel=0.2)
        assert 0 <= results["shares_total"] - results["shares_good"] < 10
        assert results["hashes_total"] == (
            results["shares_good"] * results["diff_current"]
        )
        assert results["best"] == sorted(results["best"], reverse=True)
        assert results["avg_time"] == connection["uptime"] // results["shares_good"]
        assert connection["accepted"] == results["shares_good"]
        assert 20 < connection["ping"] < 200
        await call(rig, "pause")
        clock.advance(3600)
        assert (await summary(rig))["results"]["shares_total"] == (
            results["shares_total"]
        )


async def test_pool_that_drops(clock: ManualClock) -> None:
    """The address outlives the connection; work and connection come back."""
    async with unlocked(clock) as rig:
        before = await summary(rig)
        rig.drop_pool()
        away = await summary(rig)
        assert away["connection"]["pool"] == before["connection"]["pool"]
        assert away["connection"]["ip"] is None
        assert away["connection"]["uptime"] == 0
        assert away["connection"]["failures"] == 1
        assert away["results"]["diff_current"] == 0
        assert away["paused"] is False
        assert not hashing(rig)
        clock.advance(6)
        back = await summary(rig)
        assert back["connection"]["ip"] is not None
        assert hashing(rig)
        assert back["results"]["shares_good"] >= before["results"]["shares_good"]
        assert back["connection"]["ping"] == 0


async def test_pools_drop_by_themselves(clock: ManualClock) -> None:
    """A habit of the pool, at its mean pace."""
    async with unlocked(clock, habits=Habits(pool_drops_every=3600)) as rig:
        clock.advance(100 * 3600)
        failures = (await summary(rig))["connection"]["failures"]
        assert 70 < failures < 135


async def test_restart_counts_anew(clock: ManualClock) -> None:
    """A new process keeps identity and configuration, nothing else."""
    async with unlocked(clock) as rig:
        before = await summary(rig)
        rig.pause()
        rig.restart()
        clock.advance(2)
        after = await summary(rig)
        assert after["id"] == before["id"]
        assert after["uptime"] == 2
        assert after["paused"] is False
        assert after["results"]["shares_total"] < 3
        assert after["hashrate"]["total"] == [None, None, None]


async def test_cards_and_their_health(clock: ManualClock) -> None:
    """Threads share a card's health; drivers differ in what they tell."""
    cards = [
        Card(model=RTX_3070, threads=2),
        Card(model=RTX_3070, health=False),
        Card(model=RX_7800_XT, blind=frozenset({"power"})),
        Card(
            model=RX_7800_XT,
            blind=frozenset({"temperature", "power", "clock", "mem_clock", "rpm"}),
        ),
    ]
    async with unlocked(clock, cards=cards) as rig:
        found = await backends(rig)
    first, second, third = found["cuda"]["threads"]
    assert first["bus_id"] == second["bus_id"] == "01:00.0"
    assert first["health"] == second["health"]
    assert first["hashrate"][0] == pytest.approx(595, rel=0.03)
    assert first["health"]["power"] > 150
    assert len(first["health"]["fan_speed"]) == 2
    assert third["bus_id"] == "02:00.0"
    assert "health" not in third
    half, zero = found["opencl"]["threads"]
    assert half["health"]["power"] == 0
    assert half["health"]["temperature"] > 50
    assert set(zero["health"].values()) == {0}


async def test_monitoring_library_switched_off(clock: ManualClock) -> None:
    """Without NVML no card has health, and its version is not listed."""
    cards = [Card(model=RTX_3070), Card(model=RX_7800_XT)]
    config = {"cuda": {"nvml": False}, "opencl": {"adl": False}}
    async with unlocked(clock, cards=cards, config=config) as rig:
        found = await backends(rig)
    assert "health" not in found["cuda"]["threads"][0]
    assert "health" not in found["opencl"]["threads"][0]
    assert found["cuda"]["versions"].keys() == {
        "cuda-runtime",
        "cuda-driver",
        "plugin",
    }


async def test_identity_can_be_a_clone(clock: ManualClock) -> None:
    """Two rigs may bear one id, an id may be empty, and the owner may choose it."""
    async with (
        unlocked(clock, name="a", rig_id="deadbeef00000000") as one,
        unlocked(clock, name="b", rig_id="deadbeef00000000") as two,
        unlocked(clock, name="c", rig_id="", worker_id="container") as empty,
        unlocked(clock, name="d", config={"api": {"id": "x" * 40}}) as chosen,
    ):
        assert (await summary(one))["id"] == (await summary(two))["id"]
        assert (await summary(empty))["id"] == ""
        assert (await summary(empty))["worker_id"] == "container"
        assert (await summary(chosen))["id"] == "x" * 31


async def test_huge_pages_of_a_stingy_host(clock: ManualClock) -> None:
    """A part of the pages may be missing."""
    async with unlocked(clock, huge_pages=0.5) as rig:
        allocated, wanted = (await summary(rig))["hugepages"]
    assert (allocated, wanted) == (587, 1174)


async def test_same_seed_same_answers() -> None:
    """What is answered depends on seed and time, not on how often it was asked."""
    clock = ManualClock()
    cards = [Card(model=RTX_3070)]
    async with (
        unlocked(clock, cards=cards, habits=Habits(pool_drops_every=600)) as one,
        unlocked(clock, cards=cards, habits=Habits(pool_drops_every=600)) as two,
        unlocked(clock, cards=cards, seed=2) as other,
    ):
        for _ in range(200):
            clock.advance(13)
            assert one.power > 0
        one_summary, two_summary = await summary(one), await summary(two)
        assert one_summary == two_summary
        assert await backends(one) == await backends(two)
        assert await summary(other) != one_summary
