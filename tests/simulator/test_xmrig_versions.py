"""The shapes of answers by version, held against answers of real miners."""

import json
from pathlib import Path
from typing import Any

import pytest

from simulator.clock import ManualClock
from simulator.hardware import Card
from simulator.models import RTX_3070, RX_7800_XT
from simulator.xmrig import SimulatedXMRig

from .wire import ask, get

FIXTURES = Path(__file__).parent.parent / "fixtures" / "xmrig"

FORK_KEYS = {"rebench-algo", "bench-algo-time", "benchmark"}
"""Keys of the recorded configuration that only its fork has."""


def recorded(name: str) -> Any:
    """Return a recorded answer."""
    return json.loads((FIXTURES / name).read_text())


def shape(value: object) -> object:
    """Return what kinds of values stand where: keys in order, elements of arrays."""
    match value:
        case dict():
            return {key: shape(item) for key, item in value.items()}
        case list():
            kinds = [shape(item) for item in value]
            return ["all", kinds[0]] if kinds == kinds[:1] * len(kinds) != [] else kinds
        case bool() | None | str():
            return type(value).__name__
        case _:
            return "number"


@pytest.mark.parametrize(
    ("name", "version", "more"),
    [
        (
            "summary_v2_6.22.1_windows_cpu.json",
            "6.22.1",
            {"platform": "windows", "pools": [{"url": "a:1"}]},
        ),
        ("summary_v2_6.22.1_windows_cpu.json", "6.26.0", {"pools": [{"url": "a:1"}]}),
    ],
)
async def test_summary_has_the_recorded_shape(
    clock: ManualClock, name: str, version: str, more: dict[str, Any]
) -> None:
    """Keys, their order, and the kinds of their values are those of a real miner."""
    async with SimulatedXMRig(version=version, clock=clock, **more) as rig:
        answer = await get(rig, "/2/summary")
    real = recorded(name)
    assert shape(answer) == shape(real)
    assert list(answer) == list(real)
    assert list(answer["connection"]) == list(real["connection"])
    assert (answer["resources"]["load_average"] == [0.0, 0.0, 0.0]) is (
        more.get("platform") == "windows"
    )


async def test_summary_while_the_long_window_fills(clock: ManualClock) -> None:
    """A young miner on a pool with TLS, as recorded."""
    async with SimulatedXMRig(
        version="6.17.1-dev",
        clock=clock,
        running_for=106,
        pools=[{"url": "some.pool:20064", "tls": True}],
    ) as rig:
        answer = await get(rig, "/2/summary")
    real = recorded("summary_v2_6.17.1-dev_linux_tls.json")
    real["connection"]["tls-fingerprint"] = "told by the simulated pool"
    assert shape(answer) == shape(real)


async def test_backends_have_the_recorded_shape(clock: ManualClock) -> None:
    """All three kinds, the CUDA one without health, as recorded."""
    async with SimulatedXMRig(
        version="6.22.1",
        clock=clock,
        cards=[Card(model=RX_7800_XT), Card(model=RTX_3070)],
        config={"cuda": {"nvml": False}},
        pools=[{"url": "a:1", "algo": "rx/0"}],
    ) as rig:
        answers = await get(rig, "/2/backends")
    for answer, real in zip(
        answers, recorded("backends_6.22_cpu_opencl_cuda.json"), strict=True
    ):
        thread, real_thread = answer.pop("threads")[0], real.pop("threads")[0]
        assert shape(answer) == shape(real)
        assert list(answer) == list(real)
        # RandomX on a card has settings that the recorded algorithms have not.
        settings = {"unroll", "bfactor", "gcn_asm", "dataset_host"}
        for entry in (thread, real_thread):
            for key in settings:
                entry.pop(key, None)
        assert shape(thread) == shape(real_thread)
        assert list(thread) == list(real_thread)


async def test_config_has_the_recorded_keys(clock: ManualClock) -> None:
    """Every key of a stock miner, and no other."""
    async with SimulatedXMRig(
        token="t",
        restricted=False,
        clock=clock,
        config={"cpu": {"enabled": False}},
    ) as rig:
        answer = await get(rig, "/2/config", "t")
    real = recorded("config_6.22.1.json")
    assert list(answer) == [key for key in real if key not in FORK_KEYS]
    for section in ("api", "http", "randomx", "tls"):
        assert list(answer[section]) == list(real[section])
    profiles = {"cn/0", "cn-lite/0", "panthera", "astrobwt"}
    for section in ("cpu", "opencl", "cuda"):
        assert set(answer[section]) == set(real[section]) - profiles
    daemon = {"daemon-poll-interval", "daemon-job-timeout", "daemon-zmq-port"}
    fork = {"spend-secret-key"}
    assert set(answer["pools"][0]) == set(real["pools"][0]) - daemon - fork


async def test_recorded_config_can_be_put(clock: ManualClock) -> None:
    """The configuration of a real miner is understood."""
    async with SimulatedXMRig(token="t", restricted=False, clock=clock) as rig:
        real = recorded("config_6.22.1.json")
        [response] = await ask(rig, "PUT", "/2/config", token="t", body=real)
        assert response.status == 204
        clock.advance(2)
        assert rig.config["pools"][0]["user"] == "WALLET_ADDRESS"
        assert not FORK_KEYS & rig.config.keys()


@pytest.mark.parametrize("path", ["/1/summary", "/api.json"])
async def test_first_version_of_the_summary(clock: ManualClock, path: str) -> None:
    """It has threads, error logs and a plain answer about huge pages."""
    async with SimulatedXMRig(clock=clock) as rig:
        answer = await get(rig, path)
    assert len(answer["hashrate"]["threads"]) == 6
    assert answer["hugepages"] is True
    assert answer["results"]["error_log"] == []
    assert answer["connection"]["error_log"] == []


async def test_summary_of_2_6(clock: ManualClock) -> None:
    """Few keys, every number known, arrays on several lines."""
    async with SimulatedXMRig(
        version="2.6.0-beta3",
        clock=clock,
        pools=[{"url": "a:1", "algo": "cryptonight"}],
    ) as rig:
        [response] = await ask(rig, "GET", "/1/summary")
        answer = response.json()
        real = recorded("summary_v1_2.6.0-beta3.json")
        assert shape(answer) == shape(real)
        assert list(answer) == list(real)
        assert b'"total": [\n            ' in response.body
        assert await get(rig, "/2/summary") == answer
        assert await get(rig, "/anything?x=1") == answer
        [response] = await ask(rig, "GET", "/1/threads")
        assert (response.status, response.body) == (403, b"")
    async with SimulatedXMRig(version="2.6.0", clock=clock, running_for=1) as rig:
        assert (await get(rig, "/"))["hashrate"]["total"] == [0.0, 0.0, 0.0]


async def test_threads_of_2_6(clock: ManualClock) -> None:
    """The threads and the configuration, where not restricted."""
    async with SimulatedXMRig(
        version="2.6.0-beta3",
        token="t",
        restricted=False,
        clock=clock,
        pools=[{"url": "a:1", "algo": "cryptonight"}],
        config={"cpu": {"cryptonight": [0, 1]}},
    ) as rig:
        answer = await get(rig, "/1/threads", "t")
        assert shape(answer) == shape(recorded("threads_v1_2.6.0-beta3.json"))
        config = await get(rig, "/1/config", "t")
        config["donate-level"] = 3
        [response] = await ask(rig, "PUT", "/1/config", token="t", body=config)
        assert response.status == 204
        clock.advance(1)
        assert (await get(rig, "/", "t"))["donate_level"] == 3
        for token, status in ((None, 401), ("x", 403)):
            [response] = await ask(rig, "GET", "/", token=token)
            assert (response.status, response.body) == (status, b"")


@pytest.mark.parametrize(
    ("version", "found", "missing"),
    [
        (
            "2.16.0",
            {"/1/summary", "/api.json"},
            {"/2/summary", "/2/backends", "/2/dmi", "/"},
        ),
        (
            "6.7.0",
            {"/2/summary", "/1/summary", "/api.json", "/2/backends"},
            {"/2/dmi", "/1/threads"},
        ),
        ("6.8.0", {"/2/summary", "/2/backends", "/2/dmi"}, {"/2/threads"}),
    ],
)
async def test_paths_of_a_version(
    clock: ManualClock, version: str, found: set[str], missing: set[str]
) -> None:
    """A path that came later is not found before."""
    async with SimulatedXMRig(version=version, clock=clock) as rig:
        for path in found:
            await get(rig, path)
        for path in missing:
            [response] = await ask(rig, "GET", path)
            assert response.status == 404


async def test_a_binary_without_dmi() -> None:
    """Boards that are no PC have no such tables."""
    async with SimulatedXMRig(dmi=False) as rig:
        [response] = await ask(rig, "GET", "/2/dmi")
    assert response.status == 404


@pytest.mark.parametrize(
    ("version", "absent"),
    [
        ("5.0.1", {"resources"}),
        ("6.2.2", set()),
    ],
)
async def test_keys_that_came_later(
    clock: ManualClock, version: str, absent: set[str]
) -> None:
    """Older versions tell less."""
    async with SimulatedXMRig(version=version, clock=clock) as rig:
        answer = await get(rig, "/2/summary")
    assert not absent & answer.keys()
    assert "avg_time_ms" not in answer["results"]
    assert not {"uptime_ms", "algo", "diff"} & answer["connection"].keys()
    assert not {"family", "64_bit"} & answer["cpu"].keys()


@pytest.mark.parametrize(
    ("version", "method", "known"),
    [
        ("3.0.0", "pause", True),
        ("3.0.0", "stop", False),
        ("4.0.0", "stop", True),
        ("6.26.0", "start", False),
    ],
)
async def test_methods_of_a_version(version: str, method: str, known: bool) -> None:
    """`stop` came later than the others; `start` never came."""
    async with SimulatedXMRig(version=version, token="t", restricted=False) as rig:
        [response, *_] = await ask(
            rig, "POST", "/json_rpc", token="t", body={"method": method}
        )
    assert ("result" in response.json()) is known


async def test_there_was_a_time_without_json_rpc() -> None:
    """Before 3.0 nothing could be told."""
    async with SimulatedXMRig(version="2.99.0", token="t", restricted=False) as rig:
        [response] = await ask(rig, "POST", "/json_rpc", token="t", body={})
    assert response.status == 404
