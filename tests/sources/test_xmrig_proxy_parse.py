"""xmrig-proxy's answers, recorded and spoilt, in the vocabulary."""

from copy import deepcopy
from datetime import UTC, datetime, timedelta
import json
from pathlib import Path
from typing import Any

from hypothesis import given
import pytest
from syrupy.assertion import SnapshotAssertion

from custom_components.mining_rig.model import Part, PartKind, Snapshot, Window
from custom_components.mining_rig.readings import (
    ACCEPTED,
    CONNECTED,
    HASHRATE,
    MINING,
    POOL_LATENCY,
    STARTED,
)
from custom_components.mining_rig.sources.common.contract import CommandRefused
from custom_components.mining_rig.sources.common.http import Answer
from custom_components.mining_rig.sources.common.settings import Settings
from custom_components.mining_rig.sources.xmrig.proxy import readings
from custom_components.mining_rig.sources.xmrig.proxy.config import (
    SETTINGS,
    parse_config,
)
from custom_components.mining_rig.sources.xmrig.proxy.names import Names
from custom_components.mining_rig.sources.xmrig.proxy.parse import (
    assemble,
    parse_summary,
)
from custom_components.mining_rig.sources.xmrig.proxy.workers import WorkerTable
from custom_components.mining_rig.sources.xmrig.summary import LOAD, SHARE_TIME

from .spoil import check, spoilt

FIXTURES = Path(__file__).parent.parent / "fixtures" / "xmrig_proxy"
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
NEVER_ASKED = "fixture_miners_6.26.0.json"


def load(name: str) -> Any:
    """Return a recorded answer."""
    return json.loads((FIXTURES / name).read_bytes())


RECORDED = {
    path.name: load(path.name)
    for path in sorted(FIXTURES.glob("*.json"))
    if path.name != NEVER_ASKED
}
OLD = RECORDED["summary_root_2.4.0-dev.json"]
SIMPLE = RECORDED["summary_root_2.6.0_simple_19_miners.json"]
NEW = {
    **RECORDED["fixture_summary_6.26.0_partial.json"],
    "id": "0123456789abcdef",
    "worker_id": "proxy",
    "restricted": False,
    "resources": {
        "memory": {"free": 4e9, "total": 8e9, "resident_set_memory": 14_000_000},
        "load_average": [0.13, 0.1, 0.05],
        "hardware_concurrency": 4,
    },
    "features": ["api", "http", "tls"],
    "kind": "proxy",
    "algo": "invalid",
    "mode": "nicehash",
    "ua": "xmrig-proxy/6.26.0 (Linux x86_64) libuv/1.51.0 gcc/13.2.0",
    "donate_level": 0,
    "donated": 0.0,
}
TABLE = RECORDED["fixture_workers_6.26.0.json"]
CONFIG = {"custom-diff": 0, "verbose": False, "mode": "nicehash", "pools": []}


def parts(table: Any, salt: str = "salt") -> tuple[Part, ...]:
    """Return the workers of a table."""
    workers = WorkerTable(Names(salt)).parse(table)
    return workers.parts if workers is not None else ()


def proxy(summary: Any = NEW, table: Any = None, config: Any = None) -> Snapshot:
    """Return the snapshot of a proxy."""
    settings = Settings() if config is None else parse_config(config)
    workers = WorkerTable(Names("salt")).parse(table)
    return assemble(
        parse_summary(summary, NOW),
        workers.parts if workers else (),
        settings,
        workers.unparsed if workers else (),
    )


def changed(data: Any, **changes: Any) -> Any:
    """Return a copy with other values; `a__b` is a path."""
    copy = deepcopy(data)
    for path, value in changes.items():
        *parents, key = path.split("__")
        place = copy
        for parent in parents:
            place = place[parent]
        place[key] = value
    return copy


def row(name: str = "rig", **columns: Any) -> list[Any]:
    """Return a row of the table with other values in columns `c2` to `c12`."""
    told: list[Any] = [
        *(name, "192.0.2.1", 1, 10, 1, 2, 5000, 1_790_000_000_000),
        *(1.5, 1.25, 1, 0.5, 0.0),
    ]
    for column, value in columns.items():
        told[int(column[1:])] = value
    return told


def worker(told: Any, mode: Any = "rig_id") -> Part:
    """Return the worker of a row."""
    [part] = parts({"mode": mode, "workers": [told]})
    return part


# ---- what was recorded


@pytest.mark.parametrize("name", RECORDED)
def test_recorded(name: str, snapshot: SnapshotAssertion) -> None:
    """Every recorded answer is understood, whatever its version."""
    answer = RECORDED[name]
    is_table = isinstance(answer.get("workers"), list)
    found = proxy(NEW, answer) if is_table else proxy(answer)
    check(found)
    assert found.unparsed == ()
    told = [
        part
        for part in found.parts.values()
        if not (is_table and part.kind is PartKind.RIG)
    ]
    assert [
        (
            *(part.kind.value, part.key, part.name, part.version),
            {channel.key: value for channel, value in part.values.items()},
        )
        for part in told
    ] == snapshot


# ---- the summary


def test_rates_are_kilo() -> None:
    """The wire has kH/s in six windows."""
    summary = changed(NEW, hashrate__total=[0.01, 1.18, 0.39, 16.1, 15.46, 1.25])
    rig = proxy(summary).rig
    assert rig.get(HASHRATE.channel(Window.M1)) == 10
    assert rig.get(HASHRATE.plain) == 1180
    assert rig.get(HASHRATE.channel(Window.H1)) == 390
    assert rig.get(HASHRATE.channel(Window.H12)) == 16100
    assert rig.get(HASHRATE.channel(Window.D1)) == 15460
    assert rig.get(readings.HASHRATE_TOTAL.plain) == 1250


def test_the_first_version_has_five_windows() -> None:
    """What it does not tell is not known; its upstreams are a number."""
    rig = proxy(OLD).rig
    assert rig.get(HASHRATE.channel(Window.M1)) is not None
    # It had run for 274 s: ten minutes are not over, and the start is not told.
    assert HASHRATE.plain not in rig.values
    told = changed(OLD, hashrate__total=[1.0, 0.5, 0.1, 0.0, 0.0])
    assert proxy(told).rig.get(HASHRATE.plain) == round(500 * 600 / 274)
    assert HASHRATE.channel(Window.D1) not in rig.values
    assert readings.HASHRATE_TOTAL.plain not in rig.values
    assert rig.get(readings.UPSTREAMS_ACTIVE.plain) == 1
    assert rig.get(readings.UPSTREAMS.plain) == 1
    unknown = (
        readings.UPSTREAMS_FAILED,
        readings.UPSTREAMS_SLEEPING,
        readings.UPSTREAM_RATIO,
        readings.POOL_UNREACHABLE,
        readings.EXPIRED,
    )
    assert not [reading for reading in unknown if reading.plain in rig.values]


def test_windows_that_are_not_full() -> None:
    """Missing time counts as 0 on the wire, so that all but full ones are too low."""
    total = [1.2, 0.3, 0.05, 0.0, 0.0, 1.5]
    windows = (Window.M1, None, Window.H1, Window.H12, Window.D1)

    def rates(part: Part) -> tuple[float | None, ...]:
        return tuple(part.get(HASHRATE.channel(window)) for window in windows)

    table = {"mode": "rig_id", "workers": [row(c8=1.2, c9=0.3, c10=0.05, c11=0, c12=0)]}
    workers = WorkerTable(Names("salt"))
    for uptime, shown, of_worker in (
        (20, (None, 1500), (None, None)),
        (150, (1200, 1500), (1200, 1200)),
        (200, (1200, 1500), (1200, 900)),
        (700, (1200, 300), (1200, 300)),
    ):
        summary = changed(NEW, uptime=uptime, hashrate__total=total)
        assert rates(proxy(summary).rig) == (*shown, None, None, None)
        found = workers.parse(table, uptime)
        assert found is not None
        assert rates(found.parts[0]) == (*of_worker, None, None, None)
    day = changed(NEW, uptime=90_000, hashrate__total=total)
    assert rates(proxy(day).rig) == (1200, 300, 50, 0, 0)
    found = workers.parse(table, 90_000)
    assert found is not None
    assert rates(found.parts[0]) == (1200, 300, 50, 0, 0)


def test_a_slow_proxy() -> None:
    """16 H/s are two digits on the wire, and 0 is 0."""
    slow = RECORDED["summary_16_hashes_a_second.json"]
    shown = proxy(slow).rig.get(HASHRATE.plain)
    assert shown is not None
    assert 10 <= shown <= 20
    idle = proxy(changed(slow, hashrate__total=[0.0] * 6)).rig
    assert idle.get(HASHRATE.plain) == 0
    assert idle.get(HASHRATE.channel(Window.H1)) == 0


@pytest.mark.parametrize(
    ("active", "failed", "miners", "unreachable", "mining"),
    [
        (1, 0, 2, False, True),
        (1, 1, 2, False, True),
        (0, 1, 2, True, False),
        (0, 0, 0, False, False),
        (1, 0, 0, False, False),
    ],
)
def test_pool(
    active: int, failed: int, miners: int, unreachable: bool, mining: bool
) -> None:
    """A proxy that nobody mines at needs no pool; errors without any work are bad."""
    summary = changed(
        NEW, upstreams__active=active, upstreams__error=failed, miners__now=miners
    )
    rig = proxy(summary).rig
    assert rig.get(readings.POOL_UNREACHABLE.plain) is unreachable
    assert rig.get(MINING.plain) is mining


def test_the_first_seconds() -> None:
    """Nothing is counted yet; that is not 0."""
    nothing = {
        "uptime": 2,
        "hashrate__total": [0.0] * 6,
        "miners": {"now": 0, "max": 0},
        "upstreams": {"active": 0, "sleep": 0, "error": 0, "total": 0, "ratio": 0.0},
    }
    rig = proxy(changed(NEW, **nothing)).rig
    for channel in (
        HASHRATE.plain,
        MINING.plain,
        ACCEPTED.plain,
        readings.MINERS.plain,
        readings.UPSTREAMS_ACTIVE.plain,
        readings.POOL_UNREACHABLE.plain,
    ):
        assert channel not in rig.values
    assert rig.get(STARTED.plain) == NOW - timedelta(seconds=2)
    # Later, a proxy without miners really has none.
    rig = proxy(changed(NEW, **{**nothing, "uptime": 60})).rig
    assert rig.get(readings.MINERS.plain) == 0
    assert rig.get(readings.POOL_UNREACHABLE.plain) is False


@pytest.mark.parametrize(
    ("accepted", "told", "shown"),
    [(0, 0, None), (0, 5, 5), (9, 0, 0), (9, 81, 81), (None, 0, None)],
)
def test_latency(accepted: int | None, told: int, shown: int | None) -> None:
    """0 is an answer only if there was a share."""
    summary = changed(
        NEW, results__accepted=accepted, results__latency=told, results__avg_time=told
    )
    rig = proxy(summary).rig
    assert rig.get(POOL_LATENCY.plain) == shown
    assert rig.get(SHARE_TIME.plain) == shown


def test_unknown_mode() -> None:
    """A mode of a version to come is left out."""
    found = proxy(changed(NEW, mode="telepathy"))
    assert readings.MODE.plain not in found.rig.values
    assert found.unparsed == ("mode",)


def test_load_of_windows() -> None:
    """There the load is always 0 and says nothing."""
    assert proxy().rig.get(LOAD.channel(Window.M1)) == 0.13
    windows = changed(NEW, ua="xmrig-proxy/6.26.0 (Windows NT 10.0; Win64; x64)")
    assert LOAD.channel(Window.M1) not in proxy(windows).rig.values


@pytest.mark.parametrize(
    ("restricted", "key"), [(True, "xmrig_restricted"), (False, None), (None, None)]
)
def test_restricted(restricted: bool | None, key: str | None) -> None:
    """A proxy that takes no commands says how to open it; old ones say nothing."""
    assert proxy(changed(NEW, restricted=restricted)).read_only == key


# ---- workers


def test_worker() -> None:
    """Every column of a row."""
    part = worker(row())
    assert (part.kind, part.key, part.name) == (PartKind.WORKER, "worker_rig", "rig")
    assert {channel.key: value for channel, value in part.values.items()} == {
        "connected": True,
        "xmrig_proxy_connections": 1,
        "xmrig_proxy_address": "192.0.2.1",
        "accepted_shares": 10,
        "rejected_shares": 1,
        "invalid_shares": 2,
        "xmrig_hashes": 5000,
        "xmrig_proxy_last_share": datetime(2026, 9, 21, 14, 13, 20, tzinfo=UTC),
        "hashrate_1m": 1500,
        "hashrate": 1250,
        "hashrate_1h": 1000,
        "hashrate_12h": 500,
        "hashrate_1d": 0,
    }


def test_worker_that_is_gone() -> None:
    """The proxy goes on telling of it."""
    part = worker(row(c2=0))
    assert part.get(CONNECTED.plain) is False
    assert part.get(HASHRATE.plain) == 1250


def test_worker_without_a_share() -> None:
    """0 milliseconds since 1970 are none."""
    part = worker(row(c7=0))
    assert readings.LAST_SHARE.plain not in part.values
    assert part.get(HASHRATE.plain) == 1250


@pytest.mark.parametrize("length", range(1, 14))
def test_short_rows(length: int) -> None:
    """What a row has is told, what it has not is not known."""
    workers = WorkerTable(Names("salt")).parse({"workers": [row()[:length]]})
    assert workers is not None
    [part] = workers.parts
    assert len(part.values) == max(0, length - 1) + (length > 2)
    assert workers.unparsed == (() if length == 13 else ("workers.0",))


@pytest.mark.parametrize(
    ("column", "value"),
    [
        *((2, told) for told in (-1, True, "1", 2**63)),
        *((3, told) for told in (-1, 1.5)),
        (3, []),
        (6, 2**63),
        *((7, told) for told in (-1, 10**18, "soon")),
        *((8, told) for told in (-0.5, 1e300, "fast", True)),
        *((1, told) for told in (5, "\x00\n")),
    ],
)
def test_strange_columns(column: int, value: Any) -> None:
    """One unparsed column costs none of the others."""
    whole = worker(row()).values
    workers = WorkerTable(Names("salt")).parse(
        {"workers": [row(**{f"c{column}": value})]}
    )
    assert workers is not None
    found = workers.parts[0].values
    assert found.items() <= whole.items()
    # How many are connected also tells whether any is.
    assert len(found) == len(whole) - (2 if column == 2 else 1)


@pytest.mark.parametrize("told", [None, 5, "rig", {}, [], [None, 1], [["rig"]], [5]])
def test_rows_that_are_none(told: Any) -> None:
    """They cost no other worker."""
    workers = WorkerTable(Names("salt")).parse({"workers": [told, row("other")]})
    assert workers is not None
    assert [part.name for part in workers.parts] == ["other"]
    assert workers.unparsed == ("workers.0",)


def test_a_name_that_is_there_twice() -> None:
    """The first row counts."""
    workers = WorkerTable(Names("salt")).parse({"workers": [row(), row(c3=99)]})
    assert workers is not None
    [part] = workers.parts
    assert part.get(ACCEPTED.plain) == 10
    assert workers.unparsed == ("workers.1.0",)


def test_rows_that_stay_are_read_once() -> None:
    """A part is the very same as long as its row is."""
    table = WorkerTable(Names("salt"))
    first = table.parse({"workers": [row("one"), row("two")]})
    second = table.parse({"workers": [row("one"), row("two", c3=11)]})
    assert first is not None
    assert second is not None
    assert second.parts[0] is first.parts[0]
    assert second.parts[1].get(ACCEPTED.plain) == 11


@pytest.mark.parametrize(
    "answer",
    [
        None,
        [],
        {},
        "no",
        {"workers": 2},
        # Old versions answer to every path with the summary.
        OLD,
        NEW,
    ],
)
def test_what_is_no_table(answer: Any) -> None:
    """Another answer does not make all workers vanish."""
    assert WorkerTable(Names("salt")).parse(answer) is None


# ---- names


WALLET = "48edfHu7V9Z84YzzMa6fUueoELZ9ZRXq9VetWzYGzKt52XU5xvqgzYnDK9URnRoJMk1j8nLwEVsaSWJ4fhdUyZijBGUicoD"


@pytest.mark.parametrize(
    ("name", "mode"),
    [
        ("hunter2-secret", "password"),
        ("qq", "password"),
        ("alice.rig1", "user"),
        ("hunter2", "a mode to come"),
        ("hunter2", 5),
        (WALLET, "rig_id"),
        (WALLET, "agent"),
        (f"{WALLET}.rig1", None),
        ("bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq", "rig_id"),
        ("1BoatSLRHtKNngkdXEeobR76b53LETtpyT"[:32], "rig_id"),
        ("alice@example.com", "rig_id"),
        ("a" * 20 + "-" + "b" * 20, "rig_id"),
    ],
)
def test_secret_names(name: str, mode: Any) -> None:
    """The part is told from others, and nobody reads the name in it."""
    part = worker(row(name), mode)
    assert part.key.startswith("hidden_")
    assert name not in repr(part)
    assert name not in part.key
    assert part.name is not None
    # Of what is shown, no more than a few letters are the name's.
    shown = part.name.partition("…")[0]
    assert len(shown) <= min(4, len(name) // 3)
    assert name.startswith(shown)
    assert worker(row(name), mode).key == part.key
    [other] = parts({"mode": mode, "workers": [row(name)]}, salt="other")
    assert other.key != part.key


@pytest.mark.parametrize("mode", [None, "none", "rig_id", "ip", "agent"])
@pytest.mark.parametrize("name", ["rig", "Büro PC", "192.0.2.7", "hidden_00", "x" * 24])
def test_open_names(name: str, mode: str | None) -> None:
    """Other names are shown as they are; none clashes with the rig itself."""
    part = worker(row(name), mode)
    assert (part.key, part.name) == (f"worker_{name}", name)


def test_agents_can_be_read() -> None:
    """They are long and no secrets."""
    part = worker(row("XMRig/6.26.0 (Linux x86_64) libuv/1.51.0"), "agent")
    assert part.name is not None
    assert part.name.startswith("XMRig/6.26.0 (Linux x86_64)")
    assert part.key.startswith("hidden_")


def test_names_that_cannot_be_printed() -> None:
    """Each is a worker of its own, its text is cleaned."""
    table = {"workers": [row("a\nb"), row("a\tb"), row("\x00"), row("ab")]}
    found = parts(table)
    assert len({part.key for part in found}) == 4
    assert [part.name for part in found[:2]] == ["ab", "ab"]
    for part in found:
        assert part.name
        assert part.name.isprintable()
        assert part.key.isprintable()


@pytest.mark.parametrize("mode", [None, "rig_id", "user", "password", "agent", "ip"])
def test_a_worker_without_a_name(mode: str | None) -> None:
    """It is a worker of its own, with a label, in every mode."""
    table = {"mode": mode, "workers": [row("", c2=68), row("other")]}
    unnamed, other = parts(table)
    assert unnamed.name == "Unnamed worker"
    assert unnamed.get(readings.CONNECTIONS.plain) == 68
    assert unnamed.key != other.key
    assert [part.key for part in parts(table)] == [unnamed.key, other.key]


def test_a_name_of_blanks_is_labelled() -> None:
    """Two of them can be told apart."""
    blank, other = parts({"workers": [row(" "), row("\x00")]})
    assert blank.name
    assert blank.name.startswith("Unnamed worker")
    assert blank.name != other.name


@pytest.mark.parametrize("mode", [None, "none", "rig_id", "user"])
@pytest.mark.parametrize("name", ["alice", "Alice.rig1", "alice+5000", "alice/pc:x"])
def test_accounts_of_the_pools_are_hidden(name: str, mode: str | None) -> None:
    """A miner without a rig id is named by its user, which the proxy does not say."""
    names = Names("salt")
    assert names.of("rig1", mode).key == names.of("rig1", mode).key
    names.accounts = frozenset((names.account_digest("alice.proxy"),))
    found = names.of(name, mode)
    assert found.key.startswith("hidden_")
    assert name not in found.shown
    assert found.key == names.of(name, "user").key
    if mode != "user":
        assert names.of("malice", mode).shown == "malice"
    assert names.of("alice", "agent").shown == "alice"


def test_names_that_are_not_utf8_stay_two() -> None:
    """Their answer is decoded with a character for each strange byte."""
    one, two = (json.dumps(row("caf#"))[:-1] + "]" for _ in range(2))
    body = f'{{"workers": [{one}, {two}]}}'.encode()
    body = body.replace(b"#", b"\xe9", 1).replace(b"#", b"\xe8", 1)
    found = parts(Answer(200, body).json())
    assert len({part.key for part in found}) == len(found) == 2
    assert len({part.name for part in found}) == 2


# ---- settings


@pytest.mark.parametrize(
    ("config", "values"),
    [
        (CONFIG, {"custom_difficulty": 0, "verbose": False}),
        (
            {"custom-diff": 25000, "verbose": True},
            {"custom_difficulty": 25000, "verbose": True},
        ),
        ({"custom-diff": None, "verbose": 3}, {"verbose": True}),
        ({"custom-diff": "much", "verbose": "very"}, {}),
        ({}, {}),
    ],
)
def test_config(config: Any, values: dict[str, Any]) -> None:
    """What this version has can be set; what makes no sense is not known."""
    settings = parse_config(config)
    found = {channel.key: value for channel, value in settings.values.items()}
    assert found == {f"xmrig_proxy_{key}": value for key, value in values.items()}
    assert len(settings.controls) == len(config.keys() & {"custom-diff", "verbose"})


@pytest.mark.parametrize("difficulty", [1, 50.0, 99])
def test_difficulties_that_are_none(difficulty: float) -> None:
    """The proxy would silently take none at all."""
    setting = SETTINGS[readings.CUSTOM_DIFFICULTY.plain]
    config = {"custom-diff": 1000}
    with pytest.raises(CommandRefused) as refused:
        setting.write(config, difficulty)
    assert refused.value.translation_key == "xmrig_proxy_difficulty"
    assert config == {"custom-diff": 1000}
    setting.write(config, 100.0)
    assert config == {"custom-diff": 100}
    setting.write(config, 0)
    assert config == {"custom-diff": 0}


# ---- anything at all


@given(spoilt(TABLE))
def test_both_ways_of_reading_a_row_agree(table: Any) -> None:
    """The quick one tells what the thorough one tells."""
    quick = parts(table)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            "custom_components.mining_rig.sources.xmrig.proxy.workers._read_regular",
            lambda row: None,
        )
        assert parts(table) == quick
