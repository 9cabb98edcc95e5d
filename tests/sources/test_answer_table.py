"""The table that maps answers, on three answers that have nothing in common."""

from collections.abc import Mapping
from datetime import UTC, datetime
import json
from pathlib import Path
import re
from typing import Any

import pytest

from custom_components.mining_rig.model import Channel, Value, Window
from custom_components.mining_rig.readings import (
    ACCEPTED,
    ALGORITHM,
    BEST_SHARE,
    CORE_CLOCK,
    DIFFICULTY,
    FAN_LEVEL,
    FAN_SPEED,
    HASHRATE,
    INVALID,
    MEMORY_CLOCK,
    MEMORY_TEMPERATURE,
    MINING,
    POOL,
    POOL_LATENCY,
    POWER,
    REJECTED,
    STARTED,
    TEMPERATURE,
    VERSION,
)
from custom_components.mining_rig.sources.common import answer_table as table
from custom_components.mining_rig.sources.common.decoding import Fields, Values

FIXTURES = Path(__file__).parent.parent / "fixtures" / "answer_table"
GIGA = 1e9


def load(name: str) -> Any:
    """Return a recorded answer."""
    return json.loads((FIXTURES / name).read_bytes())


def keyed(values: Mapping[Channel[Any], Value]) -> dict[str, Any]:
    """Return values by the keys of their channels."""
    return {channel.key: value for channel, value in values.items()}


# ---- AxeOS: one object, a unit for each value, names that changed with the versions


def read_pool(fields: Fields, *path: str | int) -> str | None:
    """Return host and port, which are two values."""
    host, port = fields.text(*path), fields.count("stratumPort")
    return host and f"{host}:{port}"


AXEOS = (
    table.number(HASHRATE.plain, "hashRate", scale=GIGA),
    table.number(HASHRATE.channel(Window.M1), "hashRate_1m", scale=GIGA),
    table.positive(POWER.plain, "power"),
    table.positive(CORE_CLOCK.plain, "frequency"),
    table.temperature(TEMPERATURE.plain, "temp"),
    table.temperature(TEMPERATURE.channel(number=2), "temp2"),
    table.fan_level(FAN_LEVEL.plain, "fanspeed"),
    # The newest name last: it wins.
    table.number(FAN_SPEED.plain, "fanSpeed"),
    table.number(FAN_SPEED.plain, "fanSpeedRpm"),
    table.number(FAN_SPEED.plain, "fanrpm"),
    table.positive(FAN_SPEED.channel(number=2), "fan2rpm"),
    table.count(ACCEPTED.plain, "sharesAccepted"),
    table.count(REJECTED.plain, "sharesRejected"),
    table.difficulty(BEST_SHARE.plain, "bestDiff"),
    table.latency(POOL_LATENCY.plain, "responseTime"),
    table.row(POOL.plain, "stratumURL", read_pool),
    table.text(VERSION.plain, "version"),
)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (
            "axeos_gamma601_2.12.0.json",
            {
                "hashrate": pytest.approx(1.2343735e12),
                "hashrate_1m": pytest.approx(1.2232067e12),
                "power": 23.6954327,
                "core_clock": 600,
                "temperature": 59.75,
                "fan_level": 42.9381981,
                "fan_speed": 4415,
                "accepted_shares": 20773,
                "rejected_shares": 0,
                "best_share": 3468978118,
                "pool_latency": 146.915,
                "pool": "test.hydrapool.org:3333",
                "version": "v2.12.0",
            },
        ),
        (
            "axeos_hex302_2.0.7.json",
            {
                "hashrate": pytest.approx(2.3727583e12),
                "power": 58.35174560546875,
                "core_clock": 525,
                "temperature": 58,
                "fan_level": 35,
                "fan_speed": 0,
                "accepted_shares": 19739,
                "rejected_shares": 0,
                "best_share": 4.29e9,
                "pool": "192.168.1.50:2018",
                "version": "v2.0.7-48-ge561f60",
            },
        ),
    ],
)
def test_axeos(name: str, expected: dict[str, Any]) -> None:
    """Every value in its inner unit; what is not fitted is not known."""
    fields, values = Fields(load(name)), Values()
    table.put_rows(values, fields, AXEOS)
    assert keyed(values) == expected
    assert fields.unparsed == []


# ---- Avalon: a text of `Key[value]`, of which a function makes an object

AVALON_PAIR = re.compile(r"(\w+)\[([^\]]*)\]")


def avalon_object(text: str) -> dict[str, Any]:
    """Return the values of a text by their keys: numbers, lists of numbers, texts."""
    found: dict[str, Any] = {}
    for key, value in AVALON_PAIR.findall(text):
        words = [_number(word) for word in value.split()]
        found.setdefault(key, words if len(words) > 1 else (words or [None])[0])
    return found


def _number(word: str) -> Any:
    try:
        return float(word.removesuffix("%"))
    except ValueError:
        return word


AVALON = (
    table.number(HASHRATE.plain, "GHSspd", scale=GIGA),
    table.number(HASHRATE.plain, "GHSavg", scale=GIGA),
    # Watts are the seventh of seven numbers.
    table.positive(POWER.plain, ("PS", 6)),
    table.positive(CORE_CLOCK.plain, "Freq"),
    table.positive(TEMPERATURE.plain, "TAvg", table.HOTTEST),
    table.positive(TEMPERATURE.channel(number=2), "ITemp", none=(-273,)),
    table.positive(TEMPERATURE.channel(number=3), "OTemp", none=(-273,)),
    table.number(FAN_SPEED.channel(number=1), "Fan1"),
    table.number(FAN_SPEED.channel(number=2), "Fan2"),
    table.fan_level(FAN_LEVEL.plain, "FanR"),
    table.count(INVALID.plain, "HW"),
    table.latency(POOL_LATENCY.plain, "PING"),
    table.text(VERSION.plain, "LVer"),
)


def test_avalon() -> None:
    """A text becomes an object, and that is mapped by the same kinds of rows."""
    text = load("avalon_nano3s_stats.json")["STATS"][0]["MM ID0"]
    fields, values = Fields(avalon_object(text)), Values()
    table.put_rows(values, fields, AVALON)
    assert keyed(values) == {
        "hashrate": pytest.approx(6.69518e12),
        "power": 133,
        "core_clock": 464.89,
        "temperature": 90,
        "temperature_3": 65,
        "fan_speed_1": 1520,
        "fan_level": 33,
        "invalid_shares": 0,
        "pool_latency": 78,
        "version": "25021401_56abae7",
    }
    assert fields.unparsed == []


# ---- SRBMiner-MULTI: objects inside objects, cards joined by name, two layouts

SRB_ALGORITHM = (
    table.text(ALGORITHM.plain, "name"),
    table.host_and_port(POOL.plain, ("pool", "pool")),
    table.latency(POOL_LATENCY.plain, ("pool", "latency")),
    table.positive(DIFFICULTY.plain, ("pool", "difficulty")),
    table.count(ACCEPTED.plain, ("shares", "accepted")),
    table.count(REJECTED.plain, ("shares", "rejected")),
    table.number(HASHRATE.channel(Window.M1), ("hashrate", "1min")),
    # Later rows win: the cards' total where there are cards, else the processors'.
    table.number(HASHRATE.plain, ("hashrate", "cpu", "total")),
    table.positive(HASHRATE.plain, ("hashrate", "gpu", "total")),
)
SRB_CARD = (
    table.positive(POWER.plain, "asic_power", 1000),
    table.temperature(TEMPERATURE.plain, "temperature"),
    table.temperature(MEMORY_TEMPERATURE.plain, "memory_temperature"),
    table.fan_level(FAN_LEVEL.plain, "fan_speed_percent"),
    table.positive(CORE_CLOCK.plain, "core_clock"),
    table.positive(MEMORY_CLOCK.plain, "memory_clock"),
)


def srb_card(name: str) -> tuple[table.Row, ...]:
    """Return the rows of a card in an algorithm, where its name is a key."""
    return (
        table.number(HASHRATE.plain, ("hashrate", "gpu", name)),
        table.count(ACCEPTED.plain, ("gpu_accepted_shares", name)),
        table.count(REJECTED.plain, ("gpu_rejected_shares", name)),
    )


def srbminer(answer: Any) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Return the values of the rig and of its cards."""
    fields, rig = Fields(answer), Values()
    (algorithm,) = fields.each("algorithms")
    table.put_rows(rig, algorithm, SRB_ALGORITHM)
    cards = []
    for card in fields.each("gpu_devices"):
        values = Values()
        table.put_rows(values, card, SRB_CARD)
        table.put_rows(values, algorithm, srb_card(card.text("device") or ""))
        cards.append(keyed(values))
    assert fields.unparsed == []
    return keyed(rig), cards


def test_srbminer() -> None:
    """The layout of 3.6, with a card."""
    assert srbminer(load("srbminer_3.6.4.json")) == (
        {
            "algorithm": "pearlhash",
            "pool": "prl-eu.kryptex.network:7048",
            "pool_latency": 232,
            "difficulty": 2097152.0,
            "accepted_shares": 64,
            "rejected_shares": 0,
            "hashrate_1m": 62403052604616.36,
            "hashrate": 63404632916632.73,
        },
        [
            {
                "power": 149,
                "temperature": 74,
                "fan_level": 86,
                "core_clock": 1455,
                "memory_clock": 6801,
                "hashrate": 63404632916632.73,
                "accepted_shares": 64,
                "rejected_shares": 0,
            }
        ],
    )


def test_oldest_srbminer() -> None:
    """The layout of 0.5, on a processor alone."""
    assert srbminer(load("srbminer_0.5.6_cpu.json")) == (
        {
            "algorithm": "verushash",
            "pool": "verus.alphatechit.co.uk:9997",
            "pool_latency": 88,
            "accepted_shares": 15,
            "rejected_shares": 0,
            "hashrate_1m": 197190.38067646,
            "hashrate": 206111.5149227829,
        },
        [],
    )


# ---- each kind of row


@pytest.mark.parametrize(
    ("row", "found", "value", "unparsed"),
    [
        (table.number(POWER.plain, "a"), 0, 0, False),
        (table.number(POWER.plain, "a"), -1, None, True),
        (table.number(POWER.plain, "a", none=(-1,)), -1, None, False),
        (table.number(POWER.plain, "a", 10), 11, None, True),
        (table.number(POWER.plain, "a"), "5", None, True),
        (table.number(POWER.plain, "a"), True, None, True),
        (
            table.number(POWER.plain, "a", scale=0.001, digits=3),
            1234.5678,
            1.235,
            False,
        ),
        (table.number(POWER.plain, "a", scale=1000, digits=0), 1.234, 1234, False),
        (table.positive(POWER.plain, "a"), 0, None, False),
        (table.positive(POWER.plain, "a", scale=0.001), 0, None, False),
        (table.positive(POWER.plain, "a"), False, None, True),
        (table.positive(POWER.plain, ("a", 1)), [1, 2], 2, False),
        (table.positive(POWER.plain, ("a", 1)), [1], None, False),
        (table.positive(POWER.plain, ("a", 1)), [1, "x"], None, True),
        (table.positive(POWER.plain, ("a", "b")), 5, None, False),
        (table.temperature(TEMPERATURE.plain, "a"), -1, None, False),
        (table.temperature(TEMPERATURE.plain, "a"), 201, None, True),
        (table.fan_level(FAN_LEVEL.plain, "a"), 0, 0, False),
        (table.fan_level(FAN_LEVEL.plain, "a"), -1, None, False),
        (table.count(ACCEPTED.plain, "a"), 7.0, 7, False),
        (table.count(ACCEPTED.plain, "a"), 7.5, None, True),
        (table.count_or_none(ACCEPTED.plain, "a"), 0, None, False),
        (table.flag(MINING.plain, "a"), False, False, False),
        (table.flag(MINING.plain, "a"), 0, None, True),
        (table.flag(MINING.plain, "a"), 1, None, True),
        (table.text(VERSION.plain, "a"), " x ", "x", False),
        (table.host_and_port(POOL.plain, "a"), "tcp://wallet@b:1/x", "b:1", False),
        (table.host_and_port(POOL.plain, "a"), "", None, False),
        (table.difficulty(BEST_SHARE.plain, "a"), "4.00 G", 4e9, False),
        (table.difficulty(BEST_SHARE.plain, "a"), 0, None, False),
        (table.difficulty(BEST_SHARE.plain, "a"), "much", None, True),
        (
            table.moment(STARTED.plain, "a"),
            1785000000,
            datetime(2026, 7, 25, 17, 20, tzinfo=UTC),
            False,
        ),
        (table.moment(STARTED.plain, "a"), 0, None, False),
    ],
)
def test_rows(row: table.Row, found: Any, value: Any, unparsed: bool) -> None:
    """A value, nothing where that is meant, and a note of what makes no sense."""
    fields, values = Fields({"a": found}), Values()
    table.put_rows(values, fields, (row,))
    assert values == ({} if value is None else {row.channel: value})
    assert bool(fields.unparsed) == unparsed


@pytest.mark.parametrize("answer", [None, [], "text", 5, {}, {"temp": None}])
def test_no_object(answer: Any) -> None:
    """Where there is no object, nothing is known."""
    values = Values()
    table.put_rows(values, Fields(answer), AXEOS)
    assert not values
