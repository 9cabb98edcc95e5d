"""What the simulated XMRig does with a configuration it is given."""

import json
from typing import Any

import pytest

from simulator.clock import ManualClock
from simulator.hardware import Card
from simulator.models import RTX_3070
from simulator.xmrig import Habits, SimulatedXMRig

from .wire import ask, exchange, get

TOKEN = "t"
HARMLESS = (
    "enabled",
    "huge-pages",
    "huge-pages-jit",
    "hw-aes",
    "priority",
    "memory-pool",
    "yield",
    "asm",
    "argon2-impl",
)


@pytest.fixture
def rig(clock: ManualClock) -> SimulatedXMRig:
    """Return a rig that may be controlled and has a card."""
    return SimulatedXMRig(
        token=TOKEN, restricted=False, clock=clock, cards=[Card(model=RTX_3070)]
    )


async def read(rig: SimulatedXMRig) -> Any:
    """Return the configuration as the miner shows it."""
    return await get(rig, "/2/config", rig.token)


async def put(rig: SimulatedXMRig, body: object, status: int = 204) -> None:
    """Write a configuration and expect a status."""
    [response] = await ask(rig, "PUT", "/2/config", token=rig.token, body=body)
    assert response.status == status
    assert bool(response.body) is (status != 204)


async def test_a_change_takes_effect_later(
    rig: SimulatedXMRig, clock: ManualClock
) -> None:
    """With `watch` a GET right after a PUT still shows the old values."""
    async with rig:
        config = await read(rig)
        config["donate-level"] = 5
        await put(rig, config)
        assert (await read(rig))["donate-level"] == 1
        clock.advance(0.49)
        assert (await read(rig))["donate-level"] == 1
        clock.advance(0.02)
        assert (await read(rig))["donate-level"] == 5
        assert (await get(rig, "/2/summary", TOKEN))["donate_level"] == 5


@pytest.mark.parametrize(
    ("habits", "watch"),
    [(Habits(), False), (Habits(has_config_file=False), True)],
)
async def test_without_watcher_it_takes_effect_at_once(
    clock: ManualClock, habits: Habits, watch: bool
) -> None:
    """Nothing is waited for where no file is watched."""
    rig = SimulatedXMRig(
        token=TOKEN,
        restricted=False,
        clock=clock,
        habits=habits,
        config={"watch": watch},
    )
    async with rig:
        config = await read(rig)
        config["donate-level"] = 5
        await put(rig, config)
        assert await read(rig) == config


async def test_what_is_read_can_be_written_back(
    rig: SimulatedXMRig, clock: ManualClock
) -> None:
    """The unchanged configuration changes nothing, workers included."""
    async with rig:
        config = await read(rig)
        await put(rig, config)
        clock.advance(1)
        assert await read(rig) == config
        windows = (await get(rig, "/2/summary", TOKEN))["hashrate"]["total"]
        assert None not in windows


async def test_post_writes_too(rig: SimulatedXMRig) -> None:
    """POST and the older path do the same."""
    async with rig:
        config = await read(rig)
        [response] = await ask(rig, "POST", "/1/config", token=TOKEN, body=config)
        assert response.status == 204
        assert await get(rig, "/1/config", TOKEN) == config


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"[]",
        b"null",
        {"donate-level": 1},
        {"pools": []},
        {"pools": {}},
        {"pools": [{"url": "pool:1", "enabled": False}]},
        {"pools": [{"user": "no address"}]},
        {"pools": [{"url": "pool:port"}]},
    ],
)
async def test_refused_configurations(rig: SimulatedXMRig, body: object) -> None:
    """No object, no pools or no usable pool is a bad request."""
    async with rig:
        before = await read(rig)
        [response] = await ask(rig, "PUT", "/2/config", token=TOKEN, body=body)
        assert response.status == 400
        assert response.json() == {"status": 400, "error": "BAD_REQUEST"}
        assert await read(rig) == before


async def test_bad_json_names_the_parser(rig: SimulatedXMRig) -> None:
    """The parser's message stands in for the name of the error."""
    async with rig:
        body = b'{"pools": nonsense}'
        [response] = await ask(rig, "PUT", "/2/config", token=TOKEN, body=body)
    assert response.status == 400
    assert response.json() == {"error": "Invalid value.", "status": 400}


async def test_comments_and_trailing_commas(
    rig: SimulatedXMRig, clock: ManualClock
) -> None:
    """The parser is lenient, but not inside of strings."""
    body = b"""{
        // my pools
        "pools": [{"url": "stratum+tcp://a//b:1", /* old, */ "user": "w",},],
        "title": "x, ] // y",  // end
    }"""
    async with rig:
        await put(rig, body)
        clock.advance(1)
        assert rig.config["pools"][0]["url"] == "stratum+tcp://a//b:1"
        assert rig.config["title"] == "x, ] // y"


@pytest.mark.parametrize(
    ("path", "value", "kept"),
    [
        (("cpu", "priority"), 3, 3),
        (("cpu", "priority"), 9, None),
        (("cpu", "priority"), "high", None),
        (("cpu", "enabled"), "yes", True),
        (("cpu", "huge-pages"), 1048576, 1048576),
        (("cpu", "asm"), "ryzen", "ryzen"),
        (("donate-level",), 99, 99),
        (("donate-level",), 150, 1),
        (("donate-level",), 0, 1),
        (("donate-level",), True, 1),
        (("print-time",), 99999, 3600),
        (("print-time",), -1, 60),
        (("pause-on-battery",), 1, False),
        (("pause-on-active",), 120, 120),
        (("pause-on-active",), "no", False),
        (("retry-pause",), 7, 7),
        (("autosave",), None, True),
        (("api", "worker-id"), 5, None),
    ],
)
async def test_values_are_normalised(
    rig: SimulatedXMRig,
    clock: ManualClock,
    path: tuple[str, ...],
    value: object,
    kept: object,
) -> None:
    """What the miner cannot use becomes the default, without a word."""
    async with rig:
        config = await read(rig)
        section = config
        for key in path[:-1]:
            section = section[key]
        section[path[-1]] = value
        await put(rig, config)
        clock.advance(1)
        found = await read(rig)
        for key in path:
            found = found[key]
        assert found == kept
        assert type(found) is type(kept)


async def test_left_out_and_unknown_keys(
    rig: SimulatedXMRig, clock: ManualClock
) -> None:
    """A key left out goes back to its default, an unknown one is dropped."""
    async with rig:
        config = await read(rig)
        config["donate-level"] = 7
        config["my-notes"] = {"a": 1}
        config["pools"][0]["note"] = "primary"
        await put(rig, config)
        clock.advance(1)
        kept = await read(rig)
        assert "my-notes" not in kept
        assert "note" not in kept["pools"][0]
        del kept["donate-level"], kept["http"]["restricted"]
        await put(rig, kept)
        clock.advance(1)
        assert rig.config["donate-level"] == 1
        assert rig.restricted


async def test_priority_restarts_the_threads(
    rig: SimulatedXMRig, clock: ManualClock
) -> None:
    """Restarted threads have empty windows; the cards go on."""
    async with rig:
        config = await read(rig)
        config["cpu"]["priority"] = 2
        await put(rig, config)
        clock.advance(1)
        cpu, _, cuda = await get(rig, "/2/backends", TOKEN)
        assert cpu["priority"] == 2
        assert cpu["hashrate"] == [None, None, None]
        assert None not in cuda["hashrate"]


@pytest.mark.parametrize("backend", ["cpu", "cuda"])
async def test_backends_can_be_switched(
    rig: SimulatedXMRig, clock: ManualClock, backend: str
) -> None:
    """A disabled backend has no workers any more."""
    async with rig:
        config = await read(rig)
        config[backend]["enabled"] = False
        await put(rig, config)
        clock.advance(1)
        found = {b["type"]: b for b in await get(rig, "/2/backends", TOKEN)}
        assert found[backend]["enabled"] is False
        assert "threads" not in found[backend]
        assert rig.hashing
        config[backend]["enabled"] = True
        await put(rig, config)
        clock.advance(1)
        found = {b["type"]: b for b in await get(rig, "/2/backends", TOKEN)}
        assert found[backend]["hashrate"] == [None, None, None]


async def test_all_backends_off(rig: SimulatedXMRig, clock: ManualClock) -> None:
    """Then there is nothing it could compute, and nothing hashes."""
    async with rig:
        config = await read(rig)
        config["cpu"]["enabled"] = config["cuda"]["enabled"] = False
        await put(rig, config)
        clock.advance(1)
        summary = await get(rig, "/2/summary", TOKEN)
        assert summary["algorithms"] == []
        assert summary["hashrate"]["total"] == [0.0, 0.0, 0.0]
        assert len(await get(rig, "/2/backends", TOKEN)) == 3


async def test_hint_only_acts_without_profiles(
    rig: SimulatedXMRig, clock: ManualClock
) -> None:
    """Profiles win over the hint, which is not even shown beside them."""
    async with rig:
        config = await read(rig)
        by_hand = config["cpu"]["rx"]
        assert by_hand == [0, 1, 2, 3, 4, 5]
        assert "max-threads-hint" not in config["cpu"]
        config["cpu"]["max-threads-hint"] = 50
        await put(rig, config)
        clock.advance(1)
        assert rig.config["cpu"]["rx"] == by_hand
        assert "max-threads-hint" not in rig.config["cpu"]

        bare = {key: config["cpu"][key] for key in HARMLESS}
        config["cpu"] = bare | {"max-threads-hint": 50}
        await put(rig, config)
        clock.advance(1)
        assert rig.config["cpu"]["rx"] == [0, 1, 2]
        assert "max-threads-hint" not in rig.config["cpu"]
        clock.advance(60)
        cpu = (await get(rig, "/2/backends", TOKEN))[0]
        assert len(cpu["threads"]) == 3
        assert cpu["hashrate"][0] == pytest.approx(3480 / 2, rel=0.03)

        config["cpu"] = bare | {"rx": [0, 2]}
        await put(rig, config)
        clock.advance(1)
        assert rig.config["cpu"]["rx"] == [0, 2]
        assert rig.config["cpu"]["cn"], "missing profiles are generated"


async def test_hint_is_shown_while_the_cpu_is_off(clock: ManualClock) -> None:
    """No profiles are generated for a backend that is off."""
    config = {"cpu": {"enabled": False, "max-threads-hint": 75}}
    rig = SimulatedXMRig(token=TOKEN, restricted=False, clock=clock, config=config)
    async with rig:
        cpu = (await read(rig))["cpu"]
        assert cpu["max-threads-hint"] == 75
        assert "rx" not in cpu


async def test_algorithms_off_or_sharing_a_profile(clock: ManualClock) -> None:
    """A profile may be an alias, and an algorithm may be off."""
    config = {"cpu": {"rx/0": False}}
    rig = SimulatedXMRig(token=TOKEN, restricted=False, clock=clock, config=config)
    async with rig:
        assert rig.config["cpu"]["rx/0"] is False
        assert rig.config["cpu"]["rx/arq"] == "rx/wow"
        assert not rig.hashing
        rig.configure({"pools": [{"url": "a:1", "algo": "rx/arq"}]})
        clock.advance(2)
        cpu = (await get(rig, "/2/backends", TOKEN))[0]
        assert (cpu["algo"], cpu["profile"]) == ("rx/arq", "rx/wow")
        assert rig.hashing


async def test_profiles_of_several_kinds(clock: ManualClock) -> None:
    """Threads are numbers, pairs, or so and so many alike."""
    config = {
        "cpu": {"rx": {"intensity": 2, "threads": 4, "affinity": -1}, "rx/arq": [3]}
    }
    rig = SimulatedXMRig(token=TOKEN, restricted=False, clock=clock, config=config)
    async with rig:
        assert rig.config["cpu"]["rx"] == config["cpu"]["rx"]
        cpu = (await get(rig, "/2/backends", TOKEN))[0]
        assert len(cpu["threads"]) == 4
        thread = cpu["threads"][0]
        assert (thread["intensity"], thread["affinity"]) == (2, -1)
        rig.configure({"pools": [{"url": "a:1", "algo": "rx/arq"}]})
        clock.advance(2)
        [thread] = (await get(rig, "/2/backends", TOKEN))[0]["threads"]
        assert thread["affinity"] == 3
        rig.configure({"cpu": {"rx/arq": [[2, 5]]}})
        clock.advance(2)
        [thread] = (await get(rig, "/2/backends", TOKEN))[0]["threads"]
        assert (thread["intensity"], thread["affinity"]) == (2, 5)


async def test_pools_switch_by_order_and_enabled(
    rig: SimulatedXMRig, clock: ManualClock
) -> None:
    """The first enabled pool is mined at, after a new connection and job."""
    async with rig:
        config = await read(rig)
        first, second = config["pools"]
        config["pools"] = [second, first]
        await put(rig, config)
        clock.advance(0.5)
        connection = (await get(rig, "/2/summary", TOKEN))["connection"]
        assert connection["ip"] is None
        assert connection["pool"] == first["url"]
        clock.advance(1)
        connection = (await get(rig, "/2/summary", TOKEN))["connection"]
        assert connection["pool"] == second["url"]
        assert connection["failures"] == 0
        assert connection["uptime"] == 0
        assert rig.hashing

        config["pools"][0]["enabled"] = False
        await put(rig, config)
        clock.advance(2)
        connection = (await get(rig, "/2/summary", TOKEN))["connection"]
        assert connection["pool"] == first["url"]
        assert connection["tls"] == "TLSv1.3"


async def test_pool_brings_its_algorithm(
    rig: SimulatedXMRig, clock: ManualClock
) -> None:
    """Only backends with a profile for it get workers."""
    async with rig:
        config = await read(rig)
        config["pools"] = [{"url": "rvn.example:1", "coin": "ravencoin"}]
        await put(rig, config)
        clock.advance(30)
        summary = await get(rig, "/2/summary", TOKEN)
        assert summary["algo"] == "kawpow"
        assert summary["hashrate"]["total"][0] == pytest.approx(30.45e6, rel=0.03)
        cpu, _, cuda = await get(rig, "/2/backends", TOKEN)
        assert cpu["enabled"] is True
        assert "threads" not in cpu
        assert cuda["profile"] == "kawpow"


async def test_shapes_of_pools(rig: SimulatedXMRig, clock: ManualClock) -> None:
    """A daemon has other keys than a pool; what is no pool is dropped."""
    pools = [
        {"url": "daemon:18081", "daemon": True, "coin": "monero", "pass": "x"},
        {"url": "pool:3333", "keepalive": 60},
        {"url": "pool:3334", "keepalive": 30, "tls": True},
        "no pool",
    ]
    async with rig:
        rig.configure({"pools": pools})
        clock.advance(2)
        daemon, pool, other = (await read(rig))["pools"]
    assert not {"pass", "rig-id", "nicehash", "keepalive"} & daemon.keys()
    assert daemon["daemon-poll-interval"] == 1000
    assert pool["keepalive"] is True
    assert other["keepalive"] == 30
    assert "daemon-poll-interval" not in pool


async def test_http_change_with_watch(rig: SimulatedXMRig, clock: ManualClock) -> None:
    """The 204 arrives, then the old token is refused."""
    async with rig:
        config = await read(rig)
        config["http"]["access-token"] = "new"
        await put(rig, config)
        assert rig.token == "t"
        clock.advance(1)
        [response] = await ask(rig, "GET", "/2/summary", token=TOKEN)
        assert response.status == 403
        assert rig.form["access_token"] == "new"


async def test_http_change_without_watch_cuts_the_answer(clock: ManualClock) -> None:
    """It is applied, and the connection ends without an answer."""
    rig = SimulatedXMRig(
        token=TOKEN, restricted=False, clock=clock, config={"watch": False}
    )
    async with rig:
        config = await read(rig)
        config["http"]["restricted"] = True
        body = json.dumps(config).encode()
        head = (
            "PUT /2/config HTTP/1.1\r\nAuthorization: Bearer t\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        assert await exchange(rig, head.encode() + body) == b""
        assert rig.restricted


async def test_the_port_follows_the_configuration(
    rig: SimulatedXMRig, clock: ManualClock, unused_tcp_port: int
) -> None:
    """The configuration shows the port; another one takes over, off closes it."""
    async with rig:
        assert (await read(rig))["http"]["port"] == rig.port
        rig.configure({"http": {"port": unused_tcp_port}})
        clock.advance(1)
        assert rig.form["port"] == unused_tcp_port
        assert (await read(rig))["http"]["port"] == unused_tcp_port
        rig.configure({"http": {"enabled": False}})
        clock.advance(1)
        assert not rig.paused
        with pytest.raises(ConnectionRefusedError):
            await read(rig)


async def test_a_new_process_reads_the_file(
    rig: SimulatedXMRig, clock: ManualClock
) -> None:
    """What was written but not yet read is in effect after a restart."""
    async with rig:
        config = await read(rig)
        config["donate-level"] = 5
        await put(rig, config)
        rig.restart()
        assert rig.config["donate-level"] == 5
    rig = SimulatedXMRig(
        token=TOKEN, restricted=False, clock=clock, habits=Habits(has_config_file=False)
    )
    async with rig:
        config = await read(rig)
        config["donate-level"] = 5
        await put(rig, config)
        assert rig.config["donate-level"] == 5
        rig.restart()
        assert rig.config["donate-level"] == 1


async def test_worker_id_changes_the_summary(
    rig: SimulatedXMRig, clock: ManualClock
) -> None:
    """api.worker-id and api.id take effect while it runs."""
    async with rig:
        config = await read(rig)
        config["api"] = {"id": "chosen", "worker-id": "cellar"}
        await put(rig, config)
        clock.advance(1)
        summary = await get(rig, "/2/summary", TOKEN)
        assert (summary["id"], summary["worker_id"]) == ("chosen", "cellar")


async def test_unusable_configuration_of_a_rig() -> None:
    """A rig cannot be made of what the miner would refuse."""
    with pytest.raises(ValueError, match="refuse"):
        SimulatedXMRig(pools=[])
    with pytest.raises(ValueError, match="refuse"):
        SimulatedXMRig().configure({"pools": []})
