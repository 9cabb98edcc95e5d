"""What can go wrong with a rig, seen from outside."""

import asyncio
import json

import pytest

from simulator.clock import ManualClock
from simulator.faults import DESCRIPTIONS, Fault
from simulator.hardware import Card
from simulator.models import RTX_3070
from simulator.server import Reply
from simulator.xmrig import SimulatedXMRig

from .wire import Response, ask, exchange, get

SUMMARY = b"GET /2/summary HTTP/1.1\r\nAuthorization: Bearer t\r\n\r\n"


def rig_at(clock: ManualClock) -> SimulatedXMRig:
    """Return a rig with a card."""
    return SimulatedXMRig(token="t", clock=clock, cards=[Card(model=RTX_3070)])


async def first(rig: SimulatedXMRig) -> Response:
    """Return the answer about the summary."""
    [response] = await ask(rig, "GET", "/2/summary", token="t")
    return response


async def test_off_and_on(clock: ManualClock) -> None:
    """Without power the port is closed and everything cools; then it starts anew."""
    async with rig_at(clock) as rig:
        port = rig.port
        warm = rig.machine.gpus[0].temperature(clock())
        rig.fault("off")
        with pytest.raises(ConnectionRefusedError):
            await exchange(rig, SUMMARY)
        assert rig.power == 0
        clock.advance(1200)
        assert rig.machine.gpus[0].temperature(clock()) < warm - 20
        rig.fault("on")
        assert rig.port == port
        clock.advance(3)
        summary = (await first(rig)).json()
        assert summary["uptime"] == 3
        assert summary["hashrate"]["total"] == [None] * 3
        assert rig.power > 100


async def test_unplugged_goes_on_mining(clock: ManualClock) -> None:
    """Nobody reaches it, but it counts."""
    async with rig_at(clock) as rig:
        before = (await first(rig)).json()
        rig.fault("unplugged")
        with pytest.raises(ConnectionRefusedError):
            await exchange(rig, SUMMARY)
        clock.advance(1800)
        rig.fault("normal")
        after = (await first(rig)).json()
    assert after["uptime"] == before["uptime"] + 1800
    assert after["results"]["shares_good"] > before["results"]["shares_good"]


async def test_off_drops_open_connections(clock: ManualClock) -> None:
    """A request that is being answered ends without an answer."""
    async with rig_at(clock) as rig:
        rig.fault("silent")
        answer = asyncio.ensure_future(exchange(rig, SUMMARY))
        while not rig.requests:
            await asyncio.sleep(0)
        rig.fault("off")
        assert await answer == b""


async def test_silent_until_it_is_well_again(clock: ManualClock) -> None:
    """A connection is accepted; the answer comes when the fault ends."""
    async with rig_at(clock) as rig:
        rig.fault("silent")
        answer = asyncio.ensure_future(exchange(rig, SUMMARY))
        while not rig.requests:
            await asyncio.sleep(0)
        assert not answer.done()
        rig.fault("normal")
        assert (await answer).startswith(b"HTTP/1.1 200 OK")


async def test_slow(clock: ManualClock) -> None:
    """The answer comes late, and requests can overlap."""
    async with rig_at(clock) as rig:
        rig.fault("slow", seconds=0.05)
        loop = asyncio.get_running_loop()
        begin = loop.time()
        await asyncio.gather(first(rig), first(rig))
        assert loop.time() - begin >= 0.05
        assert rig.most_at_once == 2


async def test_garbage(clock: ManualClock) -> None:
    """Status 200 and no JSON, not even text."""
    async with rig_at(clock) as rig:
        rig.fault("garbage")
        response = await first(rig)
    assert response.status == 200
    with pytest.raises(ValueError):
        response.json()


async def test_truncated_inside_the_hashrate(clock: ManualClock) -> None:
    """It looks whole to HTTP and stops where versions 6.20 to 6.22.1 stopped."""
    async with rig_at(clock) as rig:
        rig.fault("truncated")
        response = await first(rig)
        assert response.status == 200
        assert response.body.endswith(b'"total": [')
        with pytest.raises(json.JSONDecodeError):
            response.json()
        [response] = await ask(rig, "GET", "/2/dmi", token="t")
        with pytest.raises(json.JSONDecodeError):
            response.json()


async def test_cut_before_the_announced_length(clock: ManualClock) -> None:
    """HTTP itself notices."""
    async with rig_at(clock) as rig:
        rig.fault("cut")
        response = await first(rig)
    assert len(response.body) < int(dict(response.headers)["Content-Length"])


async def test_wrong_token(clock: ManualClock) -> None:
    """The token that was right is refused, also by a rig that had none."""
    async with rig_at(clock) as rig, SimulatedXMRig("open") as tokenless:
        rig.fault("wrong_token")
        assert (await first(rig)).status == 403
        rig.clear("wrong_token")
        assert (await first(rig)).status == 200
        tokenless.fault("wrong_token")
        [response] = await ask(tokenless, "GET", "/2/summary")
        assert response.status == 401


async def test_other_device(clock: ManualClock) -> None:
    """A page for people answers every request."""
    async with rig_at(clock) as rig:
        rig.fault("other_device")
        response = await first(rig)
    assert response.status == 200
    assert dict(response.headers)["Content-Type"] == "text/html"
    assert b"<html>" in response.body


async def test_other_rig(clock: ManualClock) -> None:
    """Another miner of the same make, which lets in whoever its owner lets in."""
    async with SimulatedXMRig(clock=clock) as rig:
        mine = await get(rig, "/2/summary")
        rig.fault("other_rig")
        other = await get(rig, "/2/summary")
    assert other["id"] != mine["id"]
    assert other["worker_id"] != mine["worker_id"]
    assert other["kind"] == "miner"


async def test_hot(clock: ManualClock) -> None:
    """Temperature climbs with its inertia, the fans follow, and it ends again."""
    async with rig_at(clock) as rig:
        gpu = rig.machine.gpus[0]
        cool, calm = gpu.temperature(clock()), gpu.fan(clock())
        rig.fault("hot")
        assert gpu.temperature(clock()) == cool
        clock.advance(30)
        assert cool + 5 < gpu.temperature(clock()) < cool + 25
        clock.advance(600)
        assert gpu.temperature(clock()) == pytest.approx(cool + 28, abs=3)
        assert gpu.fan(clock()) > calm + 20
        rig.fault("normal")
        clock.advance(600)
        assert gpu.temperature(clock()) == pytest.approx(cool, abs=3)


async def test_no_pool(clock: ManualClock) -> None:
    """The miner runs, is not paused, and has nothing to do."""
    async with rig_at(clock) as rig:
        rig.fault("no_pool")
        clock.advance(600)
        summary = (await first(rig)).json()
        assert summary["connection"]["ip"] is None
        assert summary["paused"] is False
        assert summary["hashrate"]["total"][0] == 0.0
        rig.fault("normal")
        clock.advance(10)
        assert (await first(rig)).json()["connection"]["ip"] is not None


async def test_reboot_takes_a_moment(clock: ManualClock) -> None:
    """Off, and by itself on again."""
    async with rig_at(clock) as rig:
        rig.fault("reboot", seconds=0.02)
        assert rig.faults == {Fault.OFF}
        while rig.faults:
            await asyncio.sleep(0.005)
        assert (await first(rig)).json()["uptime"] == 0


async def test_faults_add_up_and_end(clock: ManualClock) -> None:
    """`on` ends what closes the port, `normal` all."""
    async with rig_at(clock) as rig:
        rig.fault("off")
        rig.fault("hot")
        rig.fault("off")
        assert rig.faults == {Fault.OFF, Fault.HOT}
        rig.fault("on")
        assert rig.faults == {Fault.HOT}
        rig.fault("normal")
        assert rig.faults == set()
        with pytest.raises(ValueError, match="broken"):
            rig.fault("broken")


async def test_answers_can_be_replaced(clock: ManualClock) -> None:
    """A recorded answer can stand at a path, as data or as it came."""
    async with rig_at(clock) as rig:
        rig.answers["/2/summary"] = {"kind": "miner", "id": "x"}
        rig.answers["/2/backends"] = "[nonsense"
        assert (await first(rig)).json() == {"kind": "miner", "id": "x"}
        [response] = await ask(rig, "GET", "/2/backends", token="t")
        assert response.body == b"[nonsense"
        rig.answers["/2/dmi"] = Reply(status=500, reason="OOPS")
        [response] = await ask(rig, "GET", "/2/dmi", token="t")
        assert response.status == 500
        rig.answers["POST /json_rpc"] = {"result": {"status": "OK"}}
        [response] = await ask(rig, "POST", "/json_rpc", body={"method": "pause"})
        assert response.status == 200
        assert not rig.paused
        rig.answers.clear()
        assert "version" in (await first(rig)).json()


def test_every_fault_is_explained() -> None:
    """A person is told what a fault does."""
    assert DESCRIPTIONS.keys() == set(Fault)
