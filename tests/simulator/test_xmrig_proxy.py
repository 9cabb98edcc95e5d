"""The simulated xmrig-proxy on the wire."""

import json
from pathlib import Path
from typing import Any

import pytest

from simulator.clock import ManualClock
from simulator.xmrig_proxy import Client, SimulatedXmrigProxy, some_clients

from .wire import ask

FIXTURES = Path(__file__).parent.parent / "fixtures" / "xmrig_proxy"
OPEN = {"Authorization": "Bearer token"}


def load(name: str) -> Any:
    """Return a recorded answer."""
    return json.loads((FIXTURES / name).read_text())


async def get(proxy: SimulatedXmrigProxy, path: str) -> Any:
    """Return the decoded answer to a request."""
    [response] = await ask(proxy, "GET", path, headers=OPEN if proxy.token else {})
    assert response.status == 200
    return response.json()


@pytest.mark.parametrize(
    ("version", "path", "recorded", "more"),
    [
        ("6.26.0", "/1/summary", "fixture_summary_6.26.0_partial.json", None),
        ("2.6.0", "/", "summary_root_2.6.0_simple_19_miners.json", set()),
        ("6.26.0", "/1/workers", "fixture_workers_6.26.0.json", set()),
        ("6.26.0", "/1/miners", "fixture_miners_6.26.0.json", set()),
        ("2.4.0", "/workers.json", "workers_json_2.4.0-dev.json", set()),
    ],
)
async def test_shapes(
    clock: ManualClock, version: str, path: str, recorded: str, more: set[str] | None
) -> None:
    """It tells what real ones told, in the same types."""
    async with SimulatedXmrigProxy(version=version, clock=clock) as proxy:
        found, real = await get(proxy, path), load(recorded)
    assert real.keys() <= found.keys()
    assert more is None or found.keys() - real.keys() == more
    for key, value in real.items():
        assert isinstance(found[key], type(value)), key
        if isinstance(value, dict):
            assert value.keys() <= found[key].keys()


async def test_rates_are_kilo(clock: ManualClock) -> None:
    """A miner of 6 kH/s is 6, give or take luck."""
    miner = Client(rig_id="one", rate=6000)
    async with SimulatedXmrigProxy(
        clients=[miner], running_for=7200, clock=clock
    ) as proxy:
        found = await get(proxy, "/1/workers")
    [row] = found["workers"]
    assert row[10] == pytest.approx(6, rel=0.3)
    assert found["hashrate"]["total"][2] == row[10]


async def test_the_first_seconds(clock: ManualClock) -> None:
    """Everything is 0, then the miners are there."""
    async with SimulatedXmrigProxy(running_for=0, clock=clock) as proxy:
        found = await get(proxy, "/1/summary")
        assert (found["miners"]["now"], found["upstreams"]["total"]) == (0, 0)
        clock.advance(5)
        found = await get(proxy, "/1/summary")
        assert (found["miners"]["now"], found["upstreams"]["total"]) == (3, 1)
        proxy.fault("no_pool")
        found = await get(proxy, "/1/summary")
        assert found["upstreams"]["active"] == 0
        assert found["upstreams"]["error"] == 1


async def test_upstreams(clock: ManualClock) -> None:
    """256 miners share a connection, in mode simple none does."""
    clients = some_clients(300)
    for mode, total in (("nicehash", 2), ("simple", 300)):
        async with SimulatedXmrigProxy(
            clients=clients, config={"mode": mode}, running_for=10, clock=clock
        ) as proxy:
            found = await get(proxy, "/1/summary")
        assert found["upstreams"]["total"] == total


async def test_paths_and_methods(clock: ManualClock) -> None:
    """What is not there is 404; there is no method to call."""
    async with SimulatedXmrigProxy(
        token="token", restricted=False, clock=clock
    ) as proxy:
        for path in ("/", "/workers.json", "/2/workers", "/2/backends", "/1/summary/"):
            [response] = await ask(proxy, "GET", path, headers=OPEN)
            assert response.status == 404
        answers = await ask(
            proxy, "POST", "/json_rpc", headers=OPEN, body={"method": "pause", "id": 1}
        )
        assert len(answers) == 2
        assert answers[0].json()["error"]["code"] == -32601
        [answer] = await ask(proxy, "GET", "/1/summary")
        assert answer.status == 401


async def test_config(clock: ManualClock) -> None:
    """A PUT replaces everything, a moment later."""
    async with SimulatedXmrigProxy(
        token="token", restricted=False, clock=clock, config={"custom-diff": 5000}
    ) as proxy:
        config = await get(proxy, "/1/config")
        less = {key: config[key] for key in ("pools", "http")}
        for bad in ({}, {"http": config["http"]}, [1]):
            [answer] = await ask(proxy, "PUT", "/1/config", headers=OPEN, body=bad)
            assert answer.status == 400
        [answer] = await ask(
            proxy, "PUT", "/1/config", headers=OPEN, body={**less, "custom-diff": 50}
        )
        assert answer.status == 204
        assert (await get(proxy, "/1/config"))["custom-diff"] == 5000
        clock.advance(0.6)
        config = await get(proxy, "/1/config")
        assert config["custom-diff"] == 0
        assert [bind["port"] for bind in config["bind"]] == [3333, 3333]


async def test_another_way_of_naming_clears_the_table(clock: ManualClock) -> None:
    """The miners that are there are entered anew."""
    async with SimulatedXmrigProxy(clock=clock) as proxy:
        assert len((await get(proxy, "/1/workers"))["workers"]) == 3
        proxy.configure({"workers": "agent"})
        found = await get(proxy, "/1/workers")
        assert found["mode"] == "agent"
        [row] = found["workers"]
        assert row[2:4] == [3, 0]
