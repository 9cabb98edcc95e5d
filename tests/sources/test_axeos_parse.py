"""What AxeOS answers, in the vocabulary."""

from datetime import UTC, datetime, timedelta
import json
from pathlib import Path
from typing import Any

from hypothesis import given, strategies as st
import pytest
from syrupy.assertion import SnapshotAssertion

from custom_components.mining_rig import readings
from custom_components.mining_rig.model import Channel, Part, Snapshot, Window, part_map
from custom_components.mining_rig.sources.axeos import readings as own
from custom_components.mining_rig.sources.axeos.models import is_axeos, machine
from custom_components.mining_rig.sources.axeos.parse import part, values
from custom_components.mining_rig.sources.axeos.settings import (
    put_settings,
    read_limits,
)
from custom_components.mining_rig.sources.common.decoding import Fields

from .spoil import JSON, NO_NUMBERS, check, spoilt, zeros

FIXTURES = Path(__file__).parent.parent / "fixtures" / "axeos"
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
INFOS = sorted(path.stem for path in FIXTURES.glob("*_info*.json"))
RATE = readings.HASHRATE.plain
CHIP = readings.CHIP_TEMPERATURE
FAN = readings.FAN_LEVEL
SPEED = readings.FAN_SPEED


def load(name: str) -> Any:
    """Return a recorded answer."""
    return json.loads((FIXTURES / f"{name}.json").read_bytes())


PAUSED = load("bitaxe_gamma602_v2.15.0_info_paused")
MINING = load("bitaxe_gamma602_v2.15.0_info_mining")
NERD = load("nerdqaxepp_v1.1.0beta1_info")


def rig(answer: Any, *, tuning: bool = False, limits: Any = None) -> Part:
    """Return the rig of an answer."""
    fields = Fields(answer)
    found = machine(fields)
    shown = values(fields, found, NOW)
    controls = put_settings(
        shown, fields, read_limits(Fields(limits)), writable=True, tuning=tuning
    )
    made = part(found, shown, controls=controls)
    check(snapshot_of(made))
    return made


def snapshot_of(made: Part) -> Snapshot:
    """Return a rig that is nothing but itself."""
    return Snapshot(parts=part_map(made))


@pytest.mark.parametrize("name", INFOS)
def test_recorded(name: str, snapshot: SnapshotAssertion) -> None:
    """All generations and relatives; nothing in them is strange."""
    fields = Fields(load(name))
    assert is_axeos(fields)
    found = rig(load(name), tuning=True)
    values(fields, machine(fields), NOW)
    assert fields.unparsed == []
    assert {
        "model": f"{found.manufacturer} {found.model}",
        "version": found.version,
        "values": {channel.key: value for channel, value in found.values.items()},
        "controls": [channel.key for channel in found.controls],
    } == snapshot


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (
            "bitaxe_supra401_v2.4.5_info",
            {RATE: 1e12, readings.POWER.plain: 2.65, CHIP.plain: 59.875, FAN.plain: 35},
        ),
        (
            "bitaxe_gamma601_v2.12.0_info",
            {
                RATE: 1.2343735352e12,
                readings.HASHRATE.channel(Window.M1): 1.223206665e12,
                readings.POWER.plain: 23.6954327,
                readings.REGULATOR_TEMPERATURE.plain: 67,
                SPEED.plain: 4415,
                readings.BEST_SHARE.plain: 3468978118,
                readings.ACCEPTED.plain: 20773,
            },
        ),
        (
            "luckyminer_lv08_info",
            {
                RATE: 3.587361904744003e12,
                readings.REJECTED.plain: 66,
                readings.WORKING_CHIPS.plain: 9,
                readings.BEST_SHARE_SESSION.plain: 67.8e6,
            },
        ),
        (
            "bitaxe_hex302_v2.0.7_info",
            {
                CHIP.plain: 58,
                readings.BOARD_TEMPERATURE.channel(number=2): 48,
                readings.BEST_SHARE.plain: 4.29e9,
            },
        ),
        (
            "nerdqaxepp_v1.1.0beta1_info",
            {
                RATE: 5.455551e12,
                readings.POWER.plain: 103,
                CHIP.plain: 59.875,
                readings.REGULATOR_TEMPERATURE.channel(number=2): 58.75,
                SPEED.channel(number=2): 1557,
                FAN.channel(number=1): 54,
                readings.INPUT_VOLTAGE.plain: 12.25,
                readings.INPUT_CURRENT.plain: 8.4375,
                readings.ACCEPTED.plain: 3492,
                readings.REJECTED.plain: 3,
            },
        ),
        (
            "bitaxe_gt801_v2.14.2_info",
            {
                CHIP.channel(number=1): 59.1,
                CHIP.channel(number=2): 61.4,
                own.CHIP_HASHRATE.channel(number=2): 1.0761e12,
            },
        ),
    ],
)
def test_values(name: str, expected: dict[Channel[Any], float]) -> None:
    """The values that were seen."""
    found = rig(load(name))
    assert {c: found.get(c) for c in expected} == pytest.approx(expected)


@pytest.mark.parametrize(
    ("name", "allowed", "mining"),
    [
        ("bitaxe_gamma602_v2.15.0_info_mining", True, None),
        ("bitaxe_gamma602_v2.15.0_info_paused", False, False),
        ("bitaxe_gamma602_v2.15.0_info_fault", True, False),
        ("bitaxe_gamma602_v2.15.0_info_overheat", True, False),
        ("nerdqaxepp_v1.1.0beta1_info_shutdown", False, False),
        ("bitaxe_gamma601_v2.12.0_info", None, None),
    ],
)
def test_rest(name: str, allowed: bool | None, mining: bool | None) -> None:
    """A miner at rest has no averages, whatever stopped it."""
    found = rig(load(name))
    assert found.get(readings.MINING_ALLOWED.plain) is allowed
    assert found.get(readings.MINING.plain) is mining
    averages = [
        channel
        for channel in found.values
        if channel.reading in (readings.HASHRATE, own.CHIP_HASHRATE)
        and channel is not RATE
    ]
    assert bool(averages) is (mining is None)
    assert (found.get(RATE) == 0) is (mining is False)


def test_just_started() -> None:
    """Neither a 0 of the first seconds nor averages that are not full are wrong."""
    answer = {**MINING, "hashRate": 0, "uptimeSeconds": 12}
    found = rig(answer)
    assert found.get(RATE) == 0
    assert found.get(readings.MINING.plain) is None
    assert readings.HASHRATE.channel(Window.M1) not in found.values


def test_second_pool() -> None:
    """The pool in use is shown; several count together."""
    found = rig({**MINING, "isUsingFallbackStratum": 1})
    assert found.get(readings.POOL.plain) == "solo.ckpool.org:3333"
    assert found.get(own.FALLBACK_POOL.plain) is True
    answer = json.loads(json.dumps(NERD))
    answer["stratum"]["pools"].append({"connected": False, "accepted": 8})
    found = rig(answer)
    assert found.get(readings.ACCEPTED.plain) == 3500
    assert found.get(readings.POOL_CONNECTED.plain) is True


@pytest.mark.parametrize(("length", "is_shown"), [(249, True), (250, False)])
def test_long_pool(length: int, is_shown: bool) -> None:
    """A host that makes no state together with its port is left out."""
    answer = {**MINING, "stratumURL": "a" * length, "stratumPort": 65535}
    answer.pop("pools", None)
    assert (rig(answer).get(readings.POOL.plain) is not None) is is_shown


def test_faults() -> None:
    """What stopped it is named."""
    found = rig(load("bitaxe_gamma602_v2.15.0_info_fault"))
    assert found.get(own.FAULT.plain) is True
    assert found.get(own.FAULT_TEXT.plain)
    assert rig(MINING).get(own.FAULT.plain) is False
    found = rig({**load("luckyminer_lv08_info"), "asicDetected": 8})
    assert found.get(own.MISSING_CHIPS.plain) is True


def test_missing_sensors() -> None:
    """−1 and 0 of a sensor are no temperature, −1 of a fan is no level."""
    answer = {**MINING, "temp": -1, "vrTemp": 0, "fanspeed": -1, "wifiRSSI": -90}
    found = rig(answer)
    for reading in (
        CHIP,
        readings.REGULATOR_TEMPERATURE,
        FAN,
        readings.SIGNAL_STRENGTH,
    ):
        assert reading.plain not in found.values


@pytest.mark.parametrize(
    ("changes", "model"),
    [
        ({"boardVersion": "702"}, "Bitaxe SupraHex"),
        ({"boardVersion": "999"}, "Bitaxe Bitaxe (BM1370)"),
        ({"minerModel": "LV07", "boardVersion": "302"}, "Lucky Miner LV07"),
        ({"chiptemp1": 50, "chiptemp2": 52, "deviceModel": "invalid"}, "BitForge Nano"),
        ({"deviceModel": "NerdOCTAXE-γ"}, "NerdQAxe NerdOCTAXE-γ"),
        ({"hashRate_1d": 1}, "NerdQAxe NerdQAxe (BM1370)"),
        ({"deviceModel": "Q1370"}, "NerdQAxe Q1370"),
        ({"deviceModel": "Gamma", "boardVersion": "602"}, "Bitaxe Gamma"),
        ({"deviceModel": "Zyber 8G", "boardVersion": "8"}, "AxeOS Zyber 8G"),
    ],
)
def test_models(changes: dict[str, Any], model: str) -> None:
    """Relatives are told apart by their own keys first."""
    found = machine(Fields({**MINING, **changes}))
    assert f"{found.maker} {found.model}" == model


def test_relatives() -> None:
    """BitForge has the fan's level under the name of its speed; old ones in rpm."""
    bitforge = {"hashRate": 1, "chiptemp1": 50, "chiptemp2": 52, "fanSpeed": 40}
    found = rig({**bitforge, "ASICModel": "BM1370"})
    assert found.get(FAN.plain) == 40
    assert SPEED.plain not in found.values
    assert found.get(CHIP.channel(number=2)) == 52
    found = rig({"hashRate": 1, "ASICModel": "BM1366", "fanSpeed": 3100})
    assert found.get(SPEED.plain) == 3100
    hexagon = {**MINING, "boardVersion": "302", "fan2rpm": 0}
    assert rig(hexagon).get(SPEED.channel(number=2)) == 0
    nerd = {**NERD, "fans": [], "asicTemps": [50, 51, 0, 52]}
    found = rig(nerd)
    assert found.get(FAN.channel(number=2)) == 40
    assert found.get(SPEED.channel(number=2)) == 1557
    assert found.get(CHIP.channel(number=4)) == 52
    assert CHIP.channel(number=3) not in found.values


@pytest.mark.parametrize(
    ("mac", "shown"),
    [
        ("d8:3b:da:00:00:01", "D8:3B:DA:00:00:01"),
        ("D8:3B:DA:XX:XX:XX", None),
        ("", None),
        (7, None),
    ],
)
def test_mac(mac: Any, shown: str | None) -> None:
    """An address that is hidden is none."""
    assert machine(Fields({**MINING, "macAddr": mac})).mac == shown


def test_no_version() -> None:
    """A miner without a version is the oldest."""
    assert machine(Fields({"hashRate": 1})).release == (0, 0, 0)
    assert machine(Fields({"version": "v2.7.0b1"})).release == (2, 7, 0)


def test_controls() -> None:
    """Clock and voltage have the board's own values, and only if the owner wants."""
    limits = load("bitaxe_gamma602_v2.15.0_asic")
    found = rig(MINING, tuning=True, limits=limits)
    clock = found.controls[readings.CORE_CLOCK_SET.plain]
    assert (clock.minimum, clock.maximum) == (400, 625)
    voltage = found.controls[readings.CORE_VOLTAGE_SET.plain]
    assert (voltage.minimum, voltage.maximum) == (1, 1.25)
    for other in (rig(MINING, limits=limits), rig(MINING, tuning=True)):
        assert readings.CORE_CLOCK_SET.plain not in other.controls
        assert other.get(readings.CORE_CLOCK_SET.plain) == 525
    assert readings.FAN_LEVEL_SET.plain not in rig(MINING).controls
    manual = rig({**MINING, "autofanspeed": 0})
    assert readings.FAN_LEVEL_SET.plain in manual.controls
    assert manual.get(readings.FAN_AUTO.plain) is False
    assert rig(NERD).get(readings.FAN_AUTO.plain) is True


@given(data=st.data())
def test_any_answer(data: st.DataObject) -> None:
    """Nothing is raised, and nothing of a wrong type, unit or range is shown."""
    pattern = data.draw(st.sampled_from([load(name) for name in INFOS]))
    rig(data.draw(spoilt(pattern)))
    rig(data.draw(JSON), tuning=True, limits=data.draw(JSON))


@given(data=st.data())
def test_what_is_no_number_makes_no_zero(data: st.DataObject) -> None:
    """What is missing, or no number, is not known."""
    pattern = data.draw(st.sampled_from([MINING, NERD]))
    found = rig(data.draw(spoilt(pattern, NO_NUMBERS)))
    assert set(zeros(snapshot_of(found))) <= set(zeros(snapshot_of(rig(pattern))))


def test_uptime() -> None:
    """The start is the uptime before now."""
    assert rig(MINING).get(readings.STARTED.plain) == NOW - timedelta(seconds=86412)
