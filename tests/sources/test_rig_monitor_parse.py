"""What pushed bodies say, field by field."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from custom_components.mining_rig.model import RIG, Channel
from custom_components.mining_rig.readings import (
    ACCEPTED,
    FAN_LEVEL,
    FAN_SPEED,
    HASHRATE,
    POOL_ACCEPTED,
    POWER,
    STARTED,
    TEMPERATURE,
)
from custom_components.mining_rig.sources.rig_monitor import readings
from custom_components.mining_rig.sources.rig_monitor.fields import uptime_seconds
from custom_components.mining_rig.sources.rig_monitor.log import Log, ShareTotals
from custom_components.mining_rig.sources.rig_monitor.parse import parse_log
from custom_components.mining_rig.sources.rig_monitor.protocol import (
    Message,
    RigType,
    cleaned,
    recognize,
)
from custom_components.mining_rig.sources.rig_monitor.specs import specs_to_keep

NOW = datetime(2026, 1, 2, tzinfo=UTC)


def _log(rig_type: RigType = RigType.ASIC, **fields: Any) -> Log:
    return parse_log(rig_type, cleaned(fields), NOW)


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        (60, 60),
        (60.5, 60.5),
        ("60", 60),
        (" 60.5 ", 60.5),
        ("6e1", 60.0),
        (-40, -40),
        ("60°C", None),
        ("", None),
        (True, None),
        ([60], None),
        ({"value": 60}, None),
        (5000, None),
        ("9" * 50, None),
        ("NaN", None),
        (10**400, None),
        (1e308, None),
    ],
)
def test_numbers(raw: Any, value: float | None) -> None:
    """Numbers may be texts; what makes no sense costs this field and no other."""
    log = _log(hashboard_1_temp_1=raw, hashboard_1_temp_2=61)
    board = log.parts["hashboard_1"]
    assert board.get(TEMPERATURE.channel(number=1)) == value
    assert board[TEMPERATURE.channel(number=2)] == 61
    told = value is not None or raw == ""
    assert log.unparsed == (() if told else ("hashboard_1_temp_1",))


@pytest.mark.parametrize(
    ("raw", "value"),
    [(7, 7), (7.0, 7), ("7", 7), (7.5, None), (-1, None), ("seven", None)],
)
def test_counters(raw: Any, value: int | None) -> None:
    """They are whole."""
    shares = (
        _log(pool_1_accepted_share=raw).parts[RIG].get(POOL_ACCEPTED.channel(number=1))
    )
    assert shares == value
    assert type(shares) in (int, type(None))


@pytest.mark.parametrize(
    ("raw", "unit", "channel", "value"),
    [
        (15011, "GH/s", HASHRATE.plain, 15011e9),
        ("15011", "G", HASHRATE.plain, 15011e9),
        ("15011G", None, HASHRATE.plain, 15011e9),
        ("1.5 TH/s", "GH/s", HASHRATE.plain, 1.5e12),
        (5, "kh/s", HASHRATE.plain, 5000),
        (5, "h", HASHRATE.plain, 5),
        (5, None, HASHRATE.plain, 5),
        (5, "Sol/s", readings.SOLUTIONS.plain, 5),
        (5, "bananas", readings.RATE.plain, 5),
        (1e300, "GH/s", HASHRATE.plain, None),
        (1e-9, "H/s", HASHRATE.plain, None),
        ("no number", "H/s", HASHRATE.plain, None),
    ],
)
def test_rates(
    raw: Any, unit: str | None, channel: Channel[float], value: float | None
) -> None:
    """They are told in their unit's base unit, where it is known."""
    rig = _log(hashrate_5_min=raw, hashrate_uom=unit).parts[RIG]
    assert rig.get(channel) == (None if value is None else pytest.approx(value))


@pytest.mark.parametrize(
    ("raw", "seconds"),
    [
        ("62:14:17:36", 62 * 86400 + 14 * 3600 + 17 * 60 + 36),
        ("123:00:00:01", 123 * 86400 + 1),
        (39, 39),
        ("39", 39),
        (39.5, 39.5),
        ("1 day, 2 hours, 5 minutes", 93900),
        ("up 2 Weeks", 14 * 86400),
        ("1 decade, 1 year", 11 * 365 * 86400),
        ("0 minutes", 0),
        ("1 eon", None),
        (True, None),
        (-5, None),
        (float("inf"), None),
        ("99999:00:00:00", None),
        ([], None),
    ],
)
def test_uptime(raw: Any, seconds: float | None) -> None:
    """Three forms; anything else is not known."""
    assert uptime_seconds(raw) == seconds
    started = _log(uptime=raw).parts[RIG].get(STARTED.plain)
    assert started == (None if seconds is None else NOW - timedelta(seconds=seconds))


def test_texts() -> None:
    """They are one line without what nobody can see; a number is none."""
    rig = _log(coin_name="Kas\x00pa\n coin", lan_ip=5, pool_1_address="a" * 400)
    assert "Kaspa coin" in rig.parts[RIG].values()
    assert "a" * 255 in rig.parts[RIG].values()
    assert rig.unparsed == ("lan_ip",)


@pytest.mark.parametrize(
    ("unit", "channel"),
    [
        (None, FAN_LEVEL.plain),
        ("%", FAN_LEVEL.plain),
        ("RPM", FAN_SPEED.plain),
        ("knots", None),
    ],
)
def test_fans_of_cards(unit: str | None, channel: Channel[float] | None) -> None:
    """Their unit is told once for all."""
    log = _log(RigType.CPU_GPU, gpu_1_fan=60, gpu_1_power=5, gpu_fan_uom=unit)
    told = {POWER.plain: 5} | ({} if channel is None else {channel: 60})
    assert log.parts["gpu_1"] == told


def test_many_cards() -> None:
    """More than eight are taken; what is no card's number is left alone."""
    log = _log(RigType.CPU_GPU, gpu_9_power=5, gpu_33_power=5, gpu_01_power=5, gpu_x=5)
    assert list(log.parts) == [RIG, *(f"gpu_{n}" for n in range(1, 10))]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"model": "x"}, Message.SPECS),
        ({"fan_1_speed": 5}, Message.LOG),
        ({"power": 5}, Message.LOG),
        ({}, Message.LOG),
        ({"cpu_temp": 5, "fan_1_speed": 5}, Message.LOG),
        ({"cpu_temp": 5}, None),
        ({"cpu_name": "x"}, None),
    ],
)
def test_recognize(fields: dict[str, Any], message: Message | None) -> None:
    """By the fields; those of the other sort only are refused."""
    assert recognize(RigType.ASIC, fields) is message


def test_specs_that_are_kept() -> None:
    """Texts that are known, white space collapsed."""
    assert specs_to_keep(
        {
            "motherboard_name": "Supermicro\n X10DRL-i\n 1.01\n",
            "cpu_name": 5,
            "gpu_2_name": "\x00",
            "gpu_3_name": "RTX",
            "gpu_99_name": "none",
            "wallet": "x",
        }
    ) == {"motherboard_name": "Supermicro X10DRL-i 1.01", "gpu_3_name": "RTX"}


def test_totals_of_pools() -> None:
    """A pool that is not used takes no part; one that told counts on in silence."""
    totals = ShareTotals()
    total = ACCEPTED.plain
    assert totals.add({total: {1: 5, 2: None}}) == {}
    assert totals.add({total: {1: 5, 2: 3}}) == {total: 8}
    assert totals.add({total: {1: 6}}) == {total: 9}
    assert totals.add({total: {1: None, 2: None}}) == {}
    assert totals.add({total: {1: 0, 2: None}}) == {}
    assert totals.add({total: {1: 0, 2: 1}}) == {total: 1}
