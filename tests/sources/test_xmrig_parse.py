"""XMRig's answers, recorded and spoilt, in the vocabulary."""

from copy import deepcopy
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from hypothesis import given
import pytest
from syrupy.assertion import SnapshotAssertion

from custom_components.mining_rig.model import RIG, Part, PartKind, Snapshot, Window
from custom_components.mining_rig.readings import (
    ACCEPTED,
    BEST_SHARE,
    DIFFICULTY,
    FAN_LEVEL,
    FAN_SPEED,
    HASHRATE,
    MINING,
    MINING_ALLOWED,
    POOL,
    POOL_CONNECTED,
    POOL_LATENCY,
    POWER,
    REJECTED,
    STARTED,
    TEMPERATURE,
)
from custom_components.mining_rig.sources.common.contract import SourceGarbled
from custom_components.mining_rig.sources.common.decoding import Values
from custom_components.mining_rig.sources.common.http import Answer
from custom_components.mining_rig.sources.common.public_text import public_address
from custom_components.mining_rig.sources.xmrig.miner import readings
from custom_components.mining_rig.sources.xmrig.miner.backends import parse_backends
from custom_components.mining_rig.sources.xmrig.miner.config import parse_config
from custom_components.mining_rig.sources.xmrig.miner.snapshot import assemble
from custom_components.mining_rig.sources.xmrig.miner.summary import parse_summary
from custom_components.mining_rig.sources.xmrig.miner.threads import HintNote
from custom_components.mining_rig.sources.xmrig.summary import LOAD, SHARE_TIME, WORKER

from .spoil import check, spoilt

FIXTURES = Path(__file__).parent.parent / "fixtures" / "xmrig"
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


def load(name: str) -> Any:
    """Return a recorded answer."""
    return Answer(200, (FIXTURES / name).read_bytes()).json()


CPU_RIG = load("summary_v2_6.22.1_windows_cpu.json")
LINUX_RIG = load("summary_v2_6.17.1-dev_linux_tls.json")
OLD_RIG = load("summary_v1_2.6.0-beta3.json")
BACKENDS = load("backends_6.22_cpu_opencl_cuda.json")
CONFIG = load("config_6.22.1.json")

NO_POOL = {"connection__uptime": 0, "connection__uptime_ms": 0}


def rig(
    summary: Any = CPU_RIG, backends: Any = None, *, stopped: bool = False
) -> Snapshot:
    """Return the snapshot of a restricted rig."""
    parsed = parse_summary(summary, NOW)
    return assemble(
        parsed,
        parse_backends(backends, paused=parsed.condition.paused),
        Values(),
        {},
        stopped=stopped,
    )


def changed(data: Any, **changes: Any) -> Any:
    """Return a copy with other values; `a__b` is a path."""
    copy = deepcopy(data)
    for name, value in changes.items():
        *path, key = name.split("__")
        place = copy
        for step in path:
            place = place[step]
        place[key] = value
    return copy


def told(part: Part) -> dict[str, Any]:
    """Return a part as it is kept in a test's snapshot."""
    return {
        "kind": part.kind.value,
        "name": part.name,
        "model": part.model,
        "version": part.version,
        "values": {channel.key: value for channel, value in part.values.items()},
    }


@pytest.mark.parametrize(
    "name", sorted(path.name for path in FIXTURES.glob("summary_*.json"))
)
def test_recorded_summaries(name: str, snapshot: SnapshotAssertion) -> None:
    """Summaries of all versions tell what they hold."""
    found = rig(load(name))
    check(found)
    assert found.unparsed == ()
    assert {key: told(part) for key, part in found.parts.items()} == snapshot
    assert found.rig_id == load(name)["id"]


def test_a_host_name_in_a_code_page() -> None:
    """Only the worker's name suffers from bytes that are not UTF-8."""
    found = rig(load("summary_v2_worker_id_cp1251.json")).rig
    assert found.get(HASHRATE.plain) == 1276.23
    assert str(found.get(WORKER.plain)).isprintable()


def test_recorded_backends(snapshot: SnapshotAssertion) -> None:
    """Three backends are a CPU and two cards beside the rig."""
    found = rig(CPU_RIG, BACKENDS)
    check(found)
    assert found.unparsed == ()
    assert {key: told(part) for key, part in found.parts.items()} == snapshot


def test_recorded_config(snapshot: SnapshotAssertion) -> None:
    """The configuration tells settings and what can be written."""
    settings = parse_config(CONFIG)
    assert settings.unparsed == ()
    assert {c.key: value for c, value in settings.values.items()} == snapshot
    assert {
        key.key: (control.minimum, control.maximum, control.options)
        for key, control in settings.controls.items()
    } == snapshot


def test_recorded_truncated_summary() -> None:
    """What 6.20 to 6.22.1 cut off is a missed poll of a miner."""
    body = (FIXTURES / "summary_v1_6.20.0_truncated_by_miner_bug.txt").read_bytes()
    with pytest.raises(SourceGarbled) as caught:
        Answer(200, body).json()
    assert not caught.value.other_device


@pytest.mark.parametrize(
    "name", ["threads_v1_2.6.0-beta3.json", "summary_v1_2.6.0-beta3.json"]
)
def test_recorded_answers_that_are_no_backends(name: str) -> None:
    """Old versions answer an unknown path with something else."""
    assert parse_backends(load(name)) is None


# ---- hashrates


@pytest.mark.parametrize(
    ("total", "paused", "uptime", "shown"),
    [
        ([1.0, 2.0, 3.0], False, 9, 1.0),
        ([None, 2.0, 3.0], False, 9, 2.0),
        ([None, None, 3.0], False, 9, 3.0),
        ([None, None, None], False, 9, None),
        ([0.0, 0.0, 0.0], False, 9, 0.0),
        ([0.0, 2.0, 3.0], False, 9, 0.0),
        ([1.0, 2.0, 3.0], True, 9, 0.0),
        ([None, None, None], True, 9, 0.0),
        # Without a pool, the longer windows are of another time.
        ([1.0, 2.0, 3.0], False, 0, 1.0),
        ([None, 2.0, 3.0], False, 0, 0.0),
        ([None, None, None], False, 0, 0.0),
        ([37019648.800000004, None, None], False, 9, 37019648.8),
        ([1], False, 9, 1.0),
        ([], False, 9, None),
        (None, False, 9, None),
        (None, True, 9, None),
        ("fast", True, 9, None),
    ],
)
def test_hashrate(total: Any, paused: Any, uptime: float, shown: float | None) -> None:
    """The shortest full window is shown, and 0 while paused."""
    found = rig(
        changed(
            CPU_RIG,
            hashrate__total=total,
            paused=paused,
            connection__uptime=uptime,
            connection__uptime_ms=uptime * 1000,
        )
    )
    assert found.rig.get(HASHRATE.plain) == shown


def test_averages_are_what_the_miner_says() -> None:
    """A window that is not full is not known."""
    found = rig(LINUX_RIG)
    assert found.rig.get(HASHRATE.channel(Window.M1)) == 1210.82
    assert HASHRATE.channel(Window.M15) not in found.rig.values


@pytest.mark.parametrize(
    ("changes", "stopped", "mining", "allowed"),
    [
        ({}, False, True, True),
        ({"paused": True}, False, False, False),
        ({}, True, False, False),
        ({"hashrate__total": [0.0, 0.0, 0.0]}, False, False, True),
        ({"hashrate__total": [None, None, None]}, False, None, True),
        # A benchmark needs no pool.
        ({"connection__uptime": 0, "connection__uptime_ms": 0}, False, True, True),
        ({**NO_POOL, "hashrate__total": [0.0, 5.0, 5.0]}, False, False, True),
        ({**NO_POOL, "hashrate__total": [None, 5.0, 5.0]}, False, False, True),
        ({**NO_POOL, "hashrate__total": 5.0}, False, False, True),
        ({"paused": None}, False, True, None),
    ],
)
def test_mining(
    changes: dict[str, Any], *, stopped: bool, mining: bool | None, allowed: bool | None
) -> None:
    """Whether it works is one thing, whether it may another."""
    found = rig(changed(CPU_RIG, **changes), stopped=stopped)
    assert found.rig.get(MINING.plain) is mining
    assert found.rig.get(MINING_ALLOWED.plain) is allowed


@pytest.mark.parametrize(
    ("version", "uptimes", "total", "shown"),
    [
        # Up to 2.15.3: there is no uptime, and 0 in place of null.
        ("2.8.3", {"connection": 20}, [300.0, 0.0, 0.0], (300.0, None, None)),
        ("2.8.3", {"connection": 5}, [0.0, 0.0, 0.0], (None, None, None)),
        ("2.8.3", {"connection": 90}, [300.0, 299.0, 0.0], (300.0, 299.0, None)),
        ("2.8.3", {"connection": 953}, [0.0, 0.0, 0.0], (0.0, 0.0, 0.0)),
        ("2.8.3", {"connection": 0}, [0.0, 0.0, 0.0], (0.0, None, None)),
        (
            "2.15.1",
            {"connection": 953, "uptime": 20},
            [9.0, 0.0, 0.0],
            (9.0, None, None),
        ),
        # It was connected again; a 0 is measured.
        ("6.26.0", {"connection": 5, "uptime": 953}, [0.0, 0.0, 0.0], (0.0, 0.0, 0.0)),
        ("6.26.0", {}, [0.0, 0.0, 0.0], (0.0, 0.0, 0.0)),
    ],
)
def test_windows_that_are_not_full(
    version: str,
    uptimes: dict[str, float],
    total: list[float],
    shown: tuple[float | None, ...],
) -> None:
    """A 0 over more time than the miner runs is not measured."""
    summary = changed(OLD_RIG, version=version, hashrate__total=total)
    del summary["connection"]["uptime"]
    if "connection" in uptimes:
        summary["connection"]["uptime"] = uptimes["connection"]
    if "uptime" in uptimes:
        summary["uptime"] = uptimes["uptime"]
    found = rig(summary).rig
    assert shown == tuple(
        found.get(HASHRATE.channel(window)) for window in (None, Window.M1, Window.M15)
    )


EXPECTED: dict[str, dict[str, Any]] = {
    "summary_v1_5.11.1_first_seconds.json": {
        "hashrate": 445.81,
        "hashrate_1m": None,
        "hashrate_15m": None,
        "mining": True,
    },
    "summary_v2_no_active_pools.json": {
        "pool_connected": False,
        "mining": False,
        "hashrate": 0.0,
        "mining_allowed": True,
    },
    "summary_v2_6.26.0_apple_m4.json": {
        "hashrate": 4178.4,
        "xmrig_huge_pages": 0.0,
        "pool_latency": 143,
        "mining": True,
    },
    "odd_summary_v2_scalars_for_lists.json": {
        "hashrate": None,
        "hashrate_highest": 1200.5,
        "best_share": None,
        "xmrig_huge_pages": None,
        "pool": "pool.supportxmr.com:3333",
        "pool_connected": True,
    },
}


@pytest.mark.parametrize("name", EXPECTED)
def test_reported(name: str) -> None:
    """What owners reported is shown as it is."""
    values = {c.key: value for c, value in rig(load(name)).rig.values.items()}
    assert {key: values.get(key) for key in EXPECTED[name]} == EXPECTED[name]


def test_first_seconds_with_backends() -> None:
    """The CPU's hashrate is the total, which is read more often."""
    found = rig(
        load("summary_v1_5.11.1_first_seconds.json"), load("backends_5.11.1_cpu.json")
    )
    cpu = found.parts["cpu"]
    assert cpu.get(HASHRATE.plain) == 445.81
    assert HASHRATE.channel(Window.M15) not in cpu.values


def test_no_card_works_without_a_pool() -> None:
    """Its longer windows show earlier work, too."""
    backends = deepcopy(BACKENDS)
    for backend in backends:
        for thread in backend.get("threads", ()):
            thread["hashrate"] = [None, 5.0, 5.0]
    parsed = parse_backends(backends, connected=False)
    assert parsed is not None
    assert {card.get(HASHRATE.plain) for card in parsed.cards} == {0.0}
    parsed = parse_backends(backends, connected=True)
    assert parsed is not None
    assert 0.0 not in {card.get(HASHRATE.plain) for card in parsed.cards}


# ---- the pool


@pytest.mark.parametrize(
    ("connection", "connected"),
    [
        ({"uptime": 5, "ip": "1.2.3.4"}, True),
        ({"uptime": 0, "uptime_ms": 300, "ip": "1.2.3.4"}, True),
        ({"uptime": 0, "uptime_ms": 0, "ip": None}, False),
        ({"uptime": 5, "ip": None}, True),
        ({"uptime": 5}, True),
        ({"uptime": 0}, False),
        ({"ip": "1.2.3.4"}, None),
        ({}, None),
    ],
)
def test_pool_connected(connection: Any, *, connected: bool | None) -> None:
    """A pool's name outlives the connection, its uptime does not."""
    found = rig(changed(CPU_RIG, connection={**connection, "pool": "p:1"})).rig
    assert found.get(POOL_CONNECTED.plain) is connected
    assert found.get(POOL.plain) == "p:1"
    assert (readings.POOL_SINCE.plain in found.values) is (connected is True)


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("pool.example:3333", "pool.example:3333"),
        ("stratum+ssl://pool.example:443", "pool.example:443"),
        ("stratum+tcp://WALLET.rig:x@pool.example:3333", "pool.example:3333"),
        ("WALLET/rig@pool.example:3333", "pool.example:3333"),
        ("daemon+http://127.0.0.1:18081/json_rpc", "127.0.0.1:18081"),
        ("[::1]:3333", "[::1]:3333"),
        (" p:1 ", "p:1"),
        ("", ""),
    ],
)
def test_pool_names(url: str, name: str) -> None:
    """Never a user, never a path."""
    assert public_address(url) == name


def test_before_the_first_pool() -> None:
    """Zeros that stand for "none yet" are not shown."""
    found = rig(
        changed(
            CPU_RIG,
            connection__pool="",
            connection__ping=0,
            results__diff_current=0,
            results__best=[0] * 10,
            results__avg_time=0,
            results__avg_time_ms=0,
            hugepages=[0, 0],
        )
    ).rig
    for reading in (
        POOL,
        POOL_LATENCY,
        DIFFICULTY,
        BEST_SHARE,
        SHARE_TIME,
        readings.HUGE_PAGES,
    ):
        assert reading.plain not in found.values
    assert found.get(ACCEPTED.plain) == 8650


def test_seconds_where_there_are_no_milliseconds() -> None:
    """Before 6.2.3 the average time of a share came in seconds only."""
    summary = changed(CPU_RIG, results__avg_time=31)
    del summary["results"]["avg_time_ms"]
    assert rig(summary).rig.get(SHARE_TIME.plain) == 31


@pytest.mark.parametrize(
    ("good", "total", "rejected"),
    [(8, 10, 2), (8, 8, 0), (8, 7, None), (8, None, None)],
)
def test_rejected_shares(good: int, total: int | None, rejected: int | None) -> None:
    """They are what is missing from the total."""
    summary = changed(CPU_RIG, results__shares_good=good, results__shares_total=total)
    assert rig(summary).rig.get(REJECTED.plain) == rejected


# ---- the host


@pytest.mark.parametrize(
    ("pages", "percent"),
    [
        ([6, 8], 75.0),
        ([1, 3], 33.3),
        ([0, 8], 0.0),
        ([8, 8], 100.0),
        ([9, 8], 100.0),
        ([8], None),
        (True, 100.0),
        (False, None),
        (None, None),
    ],
)
def test_huge_pages(pages: Any, percent: float | None) -> None:
    """A share of those wanted; version 1 says only whether all were had."""
    found = rig(changed(CPU_RIG, hugepages=pages))
    assert found.rig.get(readings.HUGE_PAGES.plain) == percent


def test_load() -> None:
    """On Windows the load is always 0, which says nothing."""
    load_1m = LOAD.channel(Window.M1)
    assert load_1m not in rig(CPU_RIG).rig.values
    assert rig(LINUX_RIG).rig.get(load_1m) == 3.4
    quiet = changed(LINUX_RIG, resources__load_average=[0.0, 0.0, 0.0])
    assert rig(quiet).rig.get(load_1m) == 0


def test_start() -> None:
    """The uptime in seconds becomes the moment of the start."""
    assert rig(CPU_RIG).rig.get(STARTED.plain) == NOW - timedelta(seconds=260195)


@pytest.mark.parametrize("restricted", [True, False, None])
def test_read_only(*, restricted: bool | None) -> None:
    """A restricted miner says so."""
    found = rig(changed(CPU_RIG, restricted=restricted))
    assert (found.read_only == "xmrig_restricted") is (restricted is True)


def test_cards_of_old_versions() -> None:
    """xmrig-nvidia 2.x told the health of its cards in the summary."""
    health = {
        "name": "GeForce GTX 1080",
        "clock": 1860,
        "mem_clock": 4513,
        "power": 120,
        "temp": 61,
        "fan": 55,
    }
    summary = changed(OLD_RIG, kind="nvidia", health=[health, {"temp": 0}])
    parts = rig(summary).parts
    assert told(parts["gpu0"])["values"] == {
        "temperature": 61,
        "power": 120,
        "core_clock": 1860,
        "memory_clock": 4513,
        "fan_level": 55,
    }
    assert parts["gpu0"].name == "GeForce GTX 1080"
    assert not parts["gpu1"].values


# ---- backends


def thread(**changes: Any) -> dict[str, Any]:
    """Return a thread of the recorded CUDA card."""
    return {**deepcopy(BACKENDS[2]["threads"][0]), **changes}


def cards(*threads: dict[str, Any], paused: bool = False) -> dict[str, Part]:
    """Return the cards made of some CUDA threads."""
    backend = {**BACKENDS[2], "threads": list(threads)}
    found = parse_backends([backend], paused=paused)
    assert found is not None
    return {part.key: part for part in found.cards}


def test_threads_of_a_card() -> None:
    """Their rates add up; the card's health is taken once."""
    health = {
        "temperature": 61,
        "power": 90,
        "clock": 1800,
        "mem_clock": 7000,
        "fan_speed": [40, 0, 45],
    }
    found = cards(
        thread(hashrate=[1.004, 2, 3], health=health),
        thread(hashrate=[10, 20, None], health={**health, "power": 1}),
        thread(hashrate=[5, 6, 7], bus_id="0A:00.0", index=1),
    )
    assert list(found) == ["01:00.0", "0a:00.0"]
    card = found["01:00.0"]
    assert card.kind is PartKind.GPU
    assert card.get(HASHRATE.plain) == 11
    assert card.get(HASHRATE.channel(Window.M1)) == 22
    assert HASHRATE.channel(Window.M15) not in card.values
    assert card.get(POWER.plain) == 90
    assert card.get(FAN_LEVEL.channel(number=1)) == 40
    assert FAN_LEVEL.channel(number=2) not in card.values
    assert card.get(FAN_LEVEL.channel(number=3)) == 45
    assert POWER.plain not in found["0a:00.0"].values


def test_health_of_zero_is_not_available() -> None:
    """Laptops and some drivers send 0 for what they do not know."""
    nothing = {
        "temperature": 0,
        "power": 0,
        "clock": 0,
        "mem_clock": 0,
        "rpm": 0,
        "fan_speed": [],
    }
    (card,) = cards(thread(health=nothing)).values()
    assert {channel.reading for channel in card.values} == {HASHRATE}


@pytest.mark.parametrize(
    ("health", "temperature"),
    [({"temperature": 61.5}, 61.5), ({"temperature": 65535}, None), ([], None)],
)
def test_health_that_makes_no_sense(health: Any, temperature: float | None) -> None:
    """What no card has is left out, alone."""
    (card,) = cards(thread(health=health)).values()
    assert card.get(TEMPERATURE.plain) == temperature
    assert card.get(HASHRATE.plain) == 2233.97


@pytest.mark.parametrize(
    ("fans", "level", "channel"),
    [
        (55, 55, FAN_LEVEL.plain),
        ([55], 55, FAN_LEVEL.plain),
        ([110, 20], 110, FAN_LEVEL.channel(number=1)),
    ],
)
def test_fans(fans: Any, level: float, channel: Any) -> None:
    """One fan needs no number."""
    (card,) = cards(thread(health={"fan_speed": fans})).values()
    assert card.get(channel) == level
    assert FAN_SPEED.plain not in card.values


@pytest.mark.parametrize(
    ("slot", "key"),
    [
        ("03:00.0", "03:00.0"),
        ("0000:03:00.0", "0000:03:00.0"),
        ("n/a", "cuda0"),
        ("", "cuda0"),
        (None, "cuda0"),
        (3, "cuda0"),
    ],
)
def test_keys_of_cards(slot: Any, key: str) -> None:
    """The slot is the key; the index only where the driver does not know the slot."""
    assert list(cards(thread(bus_id=slot))) == [key]


def test_card_without_key() -> None:
    """One that cannot be told from others is left out."""
    assert not cards(thread(bus_id=None, index=None))


def test_unknown_rate_of_a_thread() -> None:
    """A sum is known where all of it is."""
    (card,) = cards(thread(), thread(hashrate=[None, None, None])).values()
    assert HASHRATE.plain not in card.values


def test_paused_cards() -> None:
    """While paused nothing is hashed, whatever the windows show."""
    (card,) = cards(thread(hashrate=[None, 5, 6]), paused=True).values()
    assert card.get(HASHRATE.plain) == 0


def test_cpu_alone_has_the_total() -> None:
    """The summary is newer than the backends."""
    backends = [BACKENDS[0], {"type": "opencl", "enabled": False}]
    found = rig(CPU_RIG, backends)
    assert found.parts["cpu"].get(HASHRATE.plain) == 4884.25
    assert found.rig.get(readings.CPU_HASHRATE.plain) == 4884.25
    assert readings.OPENCL_HASHRATE.plain not in found.rig.values
    paused = rig(changed(CPU_RIG, paused=True), backends)
    assert paused.parts["cpu"].get(HASHRATE.plain) == 0


@pytest.mark.parametrize(
    ("backend", "parts"),
    [
        ({"type": "cpu", "enabled": False, "msr": False, "memory": 0}, [RIG]),
        ({"type": "cpu", "enabled": True}, [RIG, "cpu"]),
        ({"type": "cpu", "enabled": True, "msr": False, "memory": 0}, [RIG, "cpu"]),
        ({"type": "cpu", "enabled": True, "msr": True, "memory": 1}, [RIG, "cpu"]),
    ],
)
def test_cpu(backend: dict[str, Any], parts: list[str]) -> None:
    """A CPU that mines is a part, however few readings it has."""
    assert list(rig(CPU_RIG, [backend]).parts) == parts


def test_backends_are_known_by_type() -> None:
    """Neither place nor number decides; what is not known is left alone."""
    backends = [{"type": "fpga", "enabled": True}, *reversed(BACKENDS), None, {}]
    found = rig(CPU_RIG, backends)
    assert found.parts.keys() == rig(CPU_RIG, BACKENDS).parts.keys()
    assert found.unparsed == ("backends.4",)


# ---- anything at all


@given(spoilt(CONFIG), spoilt({"saved": {"rx": [0]}, "hint": 50, "made": {"rx": [1]}}))
def test_any_config(config: Any, note: Any) -> None:
    """The same for settings, with any note."""
    content = config if isinstance(config, dict) else {}
    settings = parse_config(content, HintNote.load(note))
    check(
        assemble(
            parse_summary({}, NOW),
            None,
            settings.values,
            settings.controls,
            stopped=False,
        )
    )
