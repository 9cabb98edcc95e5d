"""lolMiner's answers in the vocabulary, and what its address may answer instead."""

from copy import deepcopy
from datetime import UTC, datetime, timedelta
import json
from pathlib import Path
from typing import Any

from aiohttp import ClientSession, web
import pytest
from syrupy.assertion import SnapshotAssertion

from custom_components.mining_rig.model import RIG, Snapshot
from custom_components.mining_rig.readings import (
    FAN_LEVEL,
    HASHRATE,
    JUNCTION_TEMPERATURE,
    MEMORY_TEMPERATURE,
    POWER,
    REJECTED,
    STALE,
    TEMPERATURE,
)
from custom_components.mining_rig.sources.common.contract import (
    Identity,
    Polled,
    Pressable,
    SourceContext,
    SourceGarbled,
    SourceUnreachable,
    Writable,
)
from custom_components.mining_rig.sources.common.decoding import Fields
from custom_components.mining_rig.sources.miners.lolminer import async_open, parse

from .conftest import Serve
from .spoil import check

FIXTURES = Path(__file__).parent.parent / "fixtures" / "lolminer"
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
WALLET = "0x0123456789abcdef0123456789abcdef01234567"


def load(name: str) -> Any:
    """Return a recorded answer."""
    return json.loads((FIXTURES / f"summary_{name}.json").read_bytes())


DUAL = load("1.98_dual")
OLD = load("1.16a")


def rig(answer: Any) -> Snapshot:
    """Return the snapshot of an answer."""
    found = parse(Fields(answer), NOW)
    check(found)
    return found


def with_first(key: str, **changes: Any) -> Any:
    """Return the answer with two algorithms, with other values in a list's first."""
    answer = deepcopy(DUAL)
    answer[key][0] |= changes
    return answer


# ---- what was recorded


@pytest.mark.parametrize("name", ["1.0a2", "1.16a", "1.9x_excerpt", "1.98_dual"])
def test_recorded(name: str, snapshot: SnapshotAssertion) -> None:
    """All layouts; nothing in them is strange."""
    found = rig(load(name))
    assert found.unparsed == ()
    assert {
        part.key: {
            "name": part.name,
            "version": part.version,
            "values": {channel.key: value for channel, value in part.values.items()},
        }
        for part in found.parts.values()
    } == snapshot


def test_two_algorithms() -> None:
    """The second one is the second channel, with a unit of its own."""
    found = rig(DUAL)
    assert found.rig.get(HASHRATE.plain) == pytest.approx(9.24131e7)
    assert found.rig.get(HASHRATE.channel(number=2)) == pytest.approx(1.512e9)
    assert found.rig.get(STALE.plain) == 2
    assert list(found.parts) == [RIG, "03:00", "0a:00"]
    nvidia, amd = found.parts["03:00"], found.parts["0a:00"]
    assert nvidia.get(HASHRATE.channel(number=2)) == pytest.approx(5.11e8)
    assert JUNCTION_TEMPERATURE.plain not in nvidia.values
    assert amd.get(JUNCTION_TEMPERATURE.plain) == 68
    assert amd.get(REJECTED.channel(number=2)) == 2


def test_more_algorithms_than_there_can_be() -> None:
    """A third one is left out."""
    answer = {**DUAL, "Algorithms": [*DUAL["Algorithms"], *DUAL["Algorithms"]]}
    assert rig(answer) == rig(DUAL)


def test_absent_is_absent() -> None:
    """The old layout has no rejected shares, and no power of these cards."""
    found = rig(OLD)
    for part in found.parts.values():
        assert not part.values.keys() & {
            POWER.plain,
            REJECTED.plain,
            STALE.plain,
            TEMPERATURE.plain,
            MEMORY_TEMPERATURE.plain,
        }
    # 0 % was measured.
    assert found.parts["10:00"].get(FAN_LEVEL.plain) == 0


@pytest.mark.parametrize("none", [0, -1])
def test_no_sensor(none: int) -> None:
    """0 and -1 are no readings, and nothing strange."""
    sensors = ("Core_Temp", "Juc_Temp", "Mem_Temp", "Power", "CCLK", "MCLK")
    found = rig(with_first("Workers", **dict.fromkeys(sensors, none)))
    card = found.parts["03:00"]
    assert found.unparsed == ()
    assert not card.values.keys() & {
        TEMPERATURE.plain,
        JUNCTION_TEMPERATURE.plain,
        MEMORY_TEMPERATURE.plain,
        POWER.plain,
    }


# ---- units


@pytest.mark.parametrize(
    ("unit", "factor"),
    [
        ("h/s", 1),
        ("kh/s", 1e3),
        ("Mh/s", 1e6),
        ("mh/s", 1e6),
        ("MH/S", 1e6),
        ("Gh/s", 1e9),
        ("Th/s", 1e12),
        ("sol/s", 1),
        ("g/s", 1),
        ("?", None),
        ("", None),
        (None, None),
        (5, None),
    ],
)
def test_unit_texts(unit: Any, factor: float | None) -> None:
    """Without a factor the unit's text decides; without a unit nothing is known."""
    answer = with_first("Algorithms", Performance_Factor=None, Performance_Unit=unit)
    value = rig(answer).rig.get(HASHRATE.plain)
    assert value == (factor and pytest.approx(92.4131 * factor))


@pytest.mark.parametrize("factor", [1e3, "x", -1, 0])
def test_factor_first(factor: Any) -> None:
    """A factor is better than the text; one that makes no sense is none."""
    answer = with_first("Algorithms", Performance_Factor=factor)
    expected = 92.4131 * (1e3 if factor == 1e3 else 1e6)
    assert rig(answer).rig.get(HASHRATE.plain) == pytest.approx(expected)


# ---- cards


@pytest.mark.parametrize(
    ("address", "key"),
    [
        ("3:0", "03:00"),
        ("10:0", "0a:00"),
        ("255:31", "ff:1f"),
        ("0b:0", "gpu0"),
        ("", "gpu0"),
        (None, "gpu0"),
        (3, "03:00"),
    ],
)
def test_keys(address: Any, key: str) -> None:
    """The bus is decimal; a card without one has its place in the list."""
    answer = {"Workers": [{"Name": "Card", "PCIE_Address": address, "Power": 50}]}
    assert list(rig(answer).parts) == [RIG, key]


def test_two_cards_at_one_address() -> None:
    """Neither is known by it: the order in the list may change."""
    card = {"PCIE_Address": "3:0"}
    assert list(rig({"Workers": [card, card]}).parts) == [RIG, "gpu0", "gpu1"]


def test_strange_cards_keep_their_places() -> None:
    """A card that is no object takes no other card's hashrate."""
    answer = deepcopy(DUAL)
    answer["Workers"][0] = None
    found = rig(answer)
    assert list(found.parts) == [RIG, "0a:00"]
    assert found.parts["0a:00"].get(HASHRATE.plain) == pytest.approx(6.12031e7)


@pytest.mark.parametrize("workers", [[], "", None])
def test_starting(workers: Any) -> None:
    """Without cards yet, a rig is known and nothing is strange."""
    found = rig({**DUAL, "Workers": workers, "Num_Workers": 0})
    assert list(found.parts) == [RIG]
    assert found.unparsed == ()


def test_no_wallet() -> None:
    """Users are in no value, name or unparsed path."""
    answer = with_first("Algorithms", User=WALLET, Pool=f"{WALLET}@pool.example:1")
    assert WALLET not in repr(rig(answer))
    old = {**OLD, "Stratum": {"Current_User": WALLET, "Current_Pool": f"a:1/{WALLET}"}}
    assert WALLET not in repr(rig(old))


# ---- the source


def context(session: ClientSession, port: int) -> SourceContext:
    """Return what the form makes."""
    return SourceContext(data={"host": "127.0.0.1", "port": port}, session=session)


async def test_source(serve: Serve, session: ClientSession) -> None:
    """One request a poll; the program has no id and takes no commands."""
    requests: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        requests.append(request.path)
        return web.json_response(DUAL)

    server = await serve(answer)
    source = await async_open(context(session, server.port or 0))
    assert source.address == f"http://127.0.0.1:{server.port}/summary"
    assert source.interval == timedelta(seconds=10)
    assert isinstance(source, Polled)
    assert not isinstance(source, Writable | Pressable)
    assert await source.identify() == Identity(
        rig_id=None, title="127.0.0.1", model="lolMiner", version="1.98a"
    )
    assert await source.read(NOW) == rig(DUAL)
    await source.close()
    assert requests == ["/summary", "/summary"]


@pytest.mark.parametrize(
    ("status", "body", "other"),
    [
        (200, json.dumps({**DUAL, "Software": "GMiner 3.44"}), True),
        (200, json.dumps({"miner": "GMiner 3.44"}), True),
        (200, "[]", True),
        (200, "<html></html>", True),
        (200, json.dumps(DUAL)[:500], False),
        (404, "", True),
        (500, json.dumps(DUAL), True),
    ],
)
async def test_something_else_answers(
    serve: Serve, session: ClientSession, status: int, body: str, other: bool
) -> None:
    """What is no lolMiner is told apart from an answer that was cut."""

    async def answer(request: web.Request) -> web.Response:
        return web.Response(status=status, text=body)

    server = await serve(answer)
    source = await async_open(context(session, server.port or 0))
    for request in (source.identify(), source.read(NOW)):
        with pytest.raises(SourceGarbled) as garbled:
            await request
        assert garbled.value.other_device is other


async def test_nothing_answers(session: ClientSession, unused_tcp_port: int) -> None:
    """A rig that is off cannot be reached."""
    source = await async_open(context(session, unused_tcp_port))
    with pytest.raises(SourceUnreachable):
        await source.read(NOW)
