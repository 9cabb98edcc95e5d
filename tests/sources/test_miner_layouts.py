"""Answers of miner programs in other layouts than the recorded ones."""

from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from custom_components.mining_rig import readings
from custom_components.mining_rig.model import RIG, Part, PartKind, Snapshot
from custom_components.mining_rig.sources.common.cgminer_decoding import decode
from custom_components.mining_rig.sources.common.contract import SourceGarbled
from custom_components.mining_rig.sources.common.decoding import TextNumbers
from custom_components.mining_rig.sources.nvml import parse as nvml

from .miner_programs import KINDS, RECORDED, Recorded, module, of_json, parse
from .test_lolminer import DUAL

HASHRATE = readings.HASHRATE.plain
SECOND = readings.HASHRATE.channel(number=2)
ACCEPTED = readings.ACCEPTED.plain
POWER = readings.POWER.plain
TEMPERATURE = readings.TEMPERATURE.plain
MEMORY = readings.MEMORY_TEMPERATURE.plain
FAN = readings.FAN_LEVEL.plain

ALL: dict[str, Recorded] = {**RECORDED, "lolminer": Recorded("lolminer", lambda: DUAL)}


def as_text(value: Any) -> Any:
    """Return an answer whose numbers are text."""
    if isinstance(value, dict):
        return {key: as_text(item) for key, item in value.items()}
    if isinstance(value, list):
        return [as_text(item) for item in value]
    return str(value) if type(value) in (int, float) else value


@pytest.mark.parametrize("name", ALL)
def test_numbers_in_text(name: str) -> None:
    """They mean the same, a 0 that is no reading included."""
    kind, answer = ALL[name].kind, ALL[name].make()
    assert parse(kind, as_text(answer)).parts == parse(kind, answer).parts


# ---- one card, in the answer of each program


def _card(kind: str, **changes: Any) -> tuple[Any, dict[str, Any]]:
    """Return an answer, and in it the object that holds the values of its last card."""
    answer, place = deepcopy(ANSWERS[kind]()), CARDS[kind]
    card: Any = answer
    for step in place:
        card = card[step]
    card.update(changes)
    return answer, card


ANSWERS = {
    "bzminer": RECORDED["bzminer_24"].make,
    "ccminer": RECORDED["ccminer"].make,
    "gminer": RECORDED["gminer_3.06"].make,
    "lolminer": lambda: DUAL,
    "miniz": RECORDED["miniz"].make,
    "nanominer": RECORDED["nanominer"].make,
    "nbminer": RECORDED["nbminer_40.0"].make,
    "onezerominer": RECORDED["onezerominer_1.8.0"].make,
    "rigel": RECORDED["rigel_1.23.2"].make,
    "srbminer": RECORDED["srbminer_3.6.4"].make,
    "teamredminer": RECORDED["teamredminer_0.3.10"].make,
}
CARDS: dict[str, tuple[str | int, ...]] = {
    "bzminer": ("devices", 1),
    "ccminer": ("threads", "DEVS", -1),
    "gminer": ("devices", -1),
    "lolminer": ("Workers", -1),
    "miniz": ("result", -1),
    "nanominer": ("Devices", -1, "GPU 0"),
    "nbminer": ("miner", "devices", -1),
    "onezerominer": ("devices", -1),
    "rigel": ("devices", -1, "monitoring_info"),
    "srbminer": ("gpu_devices", -1),
    "teamredminer": ("devs", "DEVS", -1),
}
SENSORS = {
    "bzminer": ("power", "core_temp", "mem_temp", "fan"),
    "ccminer": ("POWER", "TEMP", None, "FAN"),
    "gminer": ("power_usage", "temperature", "memory_temperature", "fan"),
    "lolminer": ("Power", "Core_Temp", "Mem_Temp", "Fan_Speed"),
    "miniz": ("gpu_power_usage", "temperature", None, "gpu_fan_speed"),
    "nanominer": ("Power", "Temperature", None, "Fan"),
    "nbminer": ("power", "temperature", "memTemperature", "fan"),
    "onezerominer": ("power", "temp", None, "fan"),
    "rigel": ("power_usage", "core_temperature", "memory_temperature", "fan_speed"),
    "srbminer": (
        "asic_power",
        "temperature",
        "memory_temperature",
        "fan_speed_percent",
    ),
    "teamredminer": ("GPU Power", "Temperature", "TemperatureMem", "Fan Percent"),
}
"""The keys of power, temperature, that of the memory, and the fan's level."""


def last_card(found: Snapshot) -> Part:
    """Return the last card."""
    return [part for part in found.parts.values() if part.kind is PartKind.GPU][-1]


@pytest.mark.parametrize("kind", SENSORS)
@pytest.mark.parametrize("value", [0, 0.0, -1, None, "0", "-1", ""])
def test_no_sensor(kind: str, value: Any) -> None:
    """0 W, 0 °C, -1 and null are no readings; a fan at 0 % stands still."""
    keys = [key for key in SENSORS[kind] if key is not None]
    answer, _ = _card(kind, **dict.fromkeys(keys, value))
    card = last_card(parse(kind, answer))
    assert not {POWER, TEMPERATURE, MEMORY} & {*card.values}
    stands = value not in (None, "") and float(value) == 0
    assert card.get(FAN) == (0 if stands else None)


@pytest.mark.parametrize("kind", SENSORS)
def test_sensors(kind: str) -> None:
    """Every one of these keys is read."""
    keys = SENSORS[kind]
    answer, _ = _card(kind, **{key: 61 for key in keys if key is not None})
    card = last_card(parse(kind, answer))
    found = [card.get(channel) for channel in (POWER, TEMPERATURE, MEMORY, FAN)]
    watts = 0.061 if kind == "ccminer" else 61
    assert found == [watts, 61, None if keys[2] is None else 61, 61]


BUSES: dict[str, tuple[str, Any, Any]] = {
    # Bus 10, and what is none.
    "bzminer": ("pci_bus_id", 10, "0a:00"),
    "ccminer": ("BUS", 10, "0a"),
    "gminer": ("bus_id", "0000:0A:00.0", "0000:0g:00.0"),
    "lolminer": ("PCIE_Address", "10:0", "0a:0"),
    "miniz": ("busid", "0000:0a:00.0", "busid"),
    "nanominer": ("Pci", "0A:00", "0a"),
    "nbminer": ("pci_bus_id", 10, "0a"),
    "onezerominer": ("bus_id", 10, None),
    "rigel": ("pci_address", "0a:0", ""),
    "srbminer": ("bus_id", 10, -1),
}


@pytest.mark.parametrize("kind", BUSES)
def test_card_known_to_the_driver_too(kind: str) -> None:
    """Each program's own spelling is the address that the driver has for the card."""
    key, bus, nothing = BUSES[kind]
    place = CARDS[kind][:2] if kind == "rigel" else CARDS[kind]
    answer = deepcopy(ANSWERS[kind]())
    card: Any = answer
    for step in place:
        card = card[step]
    card[key] = bus
    found = last_card(parse(kind, answer))
    driver = nvml.card_key({"index": 0, "bus_id": "00000000:0A:00.0"})
    assert driver.removeprefix("0000:").removesuffix(".0") == found.key == "0a:00"
    for none in (nothing, 0, "0000:00:00.0", True, 1.5, [10]):
        card[key] = none
        assert last_card(parse(kind, answer)).key.startswith("gpu")


def test_four_cards_of_one_name_with_gaps() -> None:
    """They are told apart by the numbers that the answer gives them."""
    numbers = (0, 2, 3, 7)
    answer = of_json("srbminer_3.6.4_api_v2_status.json")
    device = answer["gpu_devices"][0]
    answer["gpu_devices"] = [{**device, "device": f"gpu{n}"} for n in numbers]
    rates = {f"gpu{n}": 6e13 + n for n in numbers}
    answer["algorithms"][0]["hashrate"]["gpu"] = rates
    found = parse("srbminer", answer)
    assert [*found.parts] == [RIG, *rates]
    assert [found.parts[key].get(HASHRATE) for key in rates] == [*rates.values()]
    assert len({part.name for part in found.parts.values() if part.key != RIG}) == 1


@pytest.mark.parametrize(
    ("kind", "path"),
    [
        ("bzminer", ("devices",)),
        ("ccminer", ("threads", "DEVS")),
        ("gminer", ("devices",)),
        ("lolminer", ("Workers",)),
        ("miniz", ("result",)),
        ("nanominer", ("Devices",)),
        ("nbminer", ("miner", "devices")),
        ("onezerominer", ("devices",)),
        ("rigel", ("devices",)),
        ("srbminer", ("gpu_devices",)),
        ("teamredminer", ("devs", "DEVS")),
    ],
)
def test_no_cards(kind: str, path: tuple[str, ...]) -> None:
    """A rig without cards is a rig, and still that program's."""
    answer = deepcopy(ANSWERS[kind]())
    holder: Any = answer
    for step in path[:-1]:
        holder = holder[step]
    holder[path[-1]] = []
    assert module(kind).version(TextNumbers(answer)) is not None
    assert [*parse(kind, answer).parts] == [RIG]


# ---- units


@pytest.mark.parametrize(
    ("algorithm", "unit"),
    [
        ("equihash144_5", "Sol/s"),
        ("BeamHashIII", "Sol/s"),
        ("zelHash", "Sol/s"),
        ("cuckatoo32", "g/s"),
        ("Cuckaroo29", "g/s"),
        ("kawpow", "H/s"),
    ],
)
def test_unit_of_the_algorithm(algorithm: str, unit: str) -> None:
    """An answer without a unit has that of its algorithm; a named unit counts."""
    answer = of_json("gminer_3.06_stat.json")
    del answer["speed_unit"]
    answer["algorithm"] = algorithm
    for part in parse("gminer", answer).parts.values():
        assert part.work_units.get(None, "H/s") == unit
    answer["speed_unit"] = "H/s"
    assert parse("gminer", answer).rig.work_units == {None: "H/s"}
    answer["speed_unit"] = "rabbits"
    assert HASHRATE not in last_card(parse("gminer", answer)).values


@pytest.mark.parametrize(
    ("unit", "factor", "rate"),
    [
        ("MH/s", None, 5e6),
        ("kh/s", None, 5e3),
        ("Gh/s", None, 5e9),
        ("Th/s", None, 5e12),
        ("sol/s", None, 5),
        ("g/s", None, 5),
        ("Mh/s", 1000, 5e3),
        (None, 1000, 5e3),
        (None, None, None),
    ],
)
def test_lolminer_units(unit: str | None, factor: int | None, rate: float) -> None:
    """The factor counts, else the unit in any spelling; without both there is none."""
    answer = deepcopy(DUAL)
    answer["Algorithms"][0] |= {
        "Performance_Unit": unit,
        "Performance_Factor": factor,
        "Total_Performance": 5,
    }
    assert parse("lolminer", answer).rig.get(HASHRATE) == rate


# ---- single programs


def test_srbminer_processor_and_cards() -> None:
    """They are two algorithms, each with one total."""
    answer = of_json("srbminer_3.6.4_api_v2_status.json")
    cpu = {"name": "randomx", "hashrate": {"now": 1, "cpu": {"total": 5e3}}}
    answer["algorithms"].append(cpu)
    found = parse("srbminer", answer).rig
    assert (found.get(HASHRATE), found.get(SECOND)) == (63404632916632.73, 5e3)
    assert found.get(readings.ALGORITHM.channel(number=2)) == "randomx"


@pytest.mark.parametrize(
    ("rates", "total"),
    [
        ({"gpu": {"total": 5.0}, "cpu": {"total": 2.0}}, 7),
        ({"gpu": {"total": 0.0}, "cpu": {"total": 0.0}, "now": 9}, 0),
        ({"gpu": {"total": 5.0}, "now": 9}, 5),
        ({"gpu": {"total": 0.0}, "now": 9, "1min": 8}, 9),
        ({"1min": 8}, 8),
        ({"gpu": {"gpu0": 5.0}}, None),
        ({}, None),
    ],
)
def test_srbminer_total(rates: Any, total: float | None) -> None:
    """The cards' and the processor's, else that of now, else that of a minute."""
    answer = of_json("srbminer_3.6.4_api_v2_status.json")
    answer["algorithms"][0]["hashrate"] = rates
    assert parse("srbminer", answer).rig.get(HASHRATE) == total


@pytest.mark.parametrize(
    ("uptimes", "is_believed"),
    [
        ({"mining_time": 0}, False),
        ({"mining_time": 19}, False),
        ({"mining_time": 20}, True),
        ({}, False),
        ({"mining_time": None}, False),
    ],
)
def test_srbminer_settles(uptimes: dict[str, Any], is_believed: bool) -> None:
    """The first 20 s are not believed; without a time of mining the pool's counts."""
    answer = of_json("srbminer_3.6.4_api_v2_status.json") | uptimes
    answer["algorithms"][0]["pool"]["uptime"] = 5
    assert (HASHRATE in parse("srbminer", answer).rig.values) is is_believed


def test_srbminer_imitated() -> None:
    """A program that imitates the answer names itself."""
    answer = of_json("srbminer_3.6.4_api_v2_status.json")
    version = module("srbminer").version
    assert version(TextNumbers(answer)) == "3.6.4"
    assert version(TextNumbers({**answer, "miner": "zion-miner"})) is None


def test_bzminer_shares() -> None:
    """What the devices count beats the pool's counters."""
    answer = of_json("bzminer_24_constructed.json")
    answer["pools"][0]["valid_solutions"] = 700
    assert parse("bzminer", answer).rig.get(ACCEPTED) == 88
    for device in answer["devices"]:
        del device["valid_solutions"]
    assert parse("bzminer", answer).rig.get(ACCEPTED) == 700


def test_bzminer_pools() -> None:
    """Of two pools of one algorithm the one that is mined at is shown."""
    answer = of_json("bzminer_24_constructed.json")
    first, template = answer["pools"]
    answer["pools"] = [
        {**first, "status": 1, "current_url": "stratum+tcp://down.example:1"},
        first,
        {**first, "algorithm": "zil", "current_url": "stratum+tcp://zil.example:2"},
        template,
    ]
    found = parse("bzminer", answer).rig
    assert found.get(readings.POOL.plain) == "pool.example.org:3636"
    assert found.get(readings.POOL.channel(number=2)) == "zil.example:2"
    assert found.get(readings.POOL.channel(number=3)) is None


def test_bzminer_dual_and_single_values() -> None:
    """A list has an item for each algorithm; a single value is the first one's."""
    answer = of_json("bzminer_24_constructed.json")
    answer["devices"][0] |= {
        "status": [3, 3],
        "hashrate": [1e7, 5.0],
        "valid_solutions": [3, 4],
    }
    answer["devices"][1] |= {"status": 3, "hashrate": 2e7, "valid_solutions": 5}
    found = parse("bzminer", answer)
    assert (found.rig.get(HASHRATE), found.rig.get(SECOND)) == (3e7, 5)
    assert found.rig.get(ACCEPTED) == 8
    assert found.rig.get(readings.ACCEPTED.channel(number=2)) == 4
    assert SECOND not in found.parts["2b:00"].values


def test_nanominer_objects() -> None:
    """Coins and devices are a list of objects, or one object."""
    answer = of_json("nanominer_foreman_stats.json")
    [coins], [devices] = answer["Algorithms"], answer["Devices"]
    other = {**answer, "Algorithms": coins, "Devices": devices}
    assert parse("nanominer", other).parts == parse("nanominer", answer).parts


def test_nbminer_only_text() -> None:
    """Versions without raw hashrates have them in text."""
    answer = of_json("nbminer_40.0_status.json")
    miner = answer["miner"]
    for holder in (miner, *miner["devices"]):
        for key in [key for key in holder if key.endswith("_raw")]:
            del holder[key]
    miner["total_hashrate"] = "146.6 M"
    assert parse("nbminer", answer).rig.get(HASHRATE) == pytest.approx(146.6e6)
    miner["total_hashrate"] = "5 Sol/s"
    assert parse("nbminer", answer).rig.get(HASHRATE) is None


def test_miniz_start_of_a_card() -> None:
    """Where the rig has no start, it is that of its first card."""
    answer = of_json("miniz_getstat.json")
    started = parse("miniz", answer).rig.get(readings.STARTED.plain)
    del answer["start_time"]
    assert parse("miniz", answer).rig.get(readings.STARTED.plain) == started


def test_wildrig_sensors_only() -> None:
    """While it starts there are sensors before there are rates."""
    answer = of_json("wildrig_0.10.0.json")
    answer["hashrate"] = {"total": [None, None, None], "threads": []}
    answer["hwmon"] = {"temp": [50, 51], "busID": ["3:0", "10:0"]}
    found = parse("wildrig", answer)
    assert [*found.parts] == [RIG, "gpu0", "gpu1"]
    assert HASHRATE not in found.rig.values


def test_claymore_without_cards() -> None:
    """Its rig does no work, which is known."""
    answer = {"result": ["PM 6.2c - etc", 5, "0;0;0", "", "0;0;0", "", "", "", ""]}
    found = parse("claymore", answer)
    assert [*found.parts] == [RIG]
    assert found.rig.get(HASHRATE) == 0
    assert found.rig.get(readings.COIN.plain) == "ETC"


def socket_answers(**texts: str) -> Any:
    """Return answers in text as the socket's source has them."""
    return {name: decode(text.encode()).sections for name, text in texts.items()}


def test_ccminer_old() -> None:
    """A STATUS record may come first; a pool need not begin with its name."""
    answer = socket_answers(
        summary="STATUS=S,Code=11|NAME=ccminer;VER=1.5;ALGO=x11;KHS=12.5;ACC=3;REJ=0|",
        threads="GPU=0;BUS=0;KHS=6|GPU=2;BUS=0;KHS=6.5;FREQ=1253000|",
        pool="URL=stratum+tcp://a.example:1;USER=wallet;PING=20|",
    )
    found = parse("ccminer", answer)
    assert [*found.parts] == [RIG, "gpu0", "gpu2"]
    assert found.rig.get(readings.POOL.plain) == "a.example:1"
    assert found.parts["gpu2"].get(readings.CORE_CLOCK.plain) == 1253


@pytest.mark.parametrize(
    ("summary", "rate"),
    [
        ("HS=1200.5;KHS=1.20", 1200.5),
        ("HS=0.00;KHS=1.20", 1200),
        ("KHS=0.30", 300),
        ("HS=45.1", 45.1),
    ],
)
def test_ccminer_rates(summary: str, rate: float) -> None:
    """Of a rate in two units the larger one counts, else the one that is there."""
    answer = socket_answers(summary=f"NAME=cpuminer;VER=3;CPUS=4;{summary}|")
    assert parse("ccminer", answer).rig.get(HASHRATE) == pytest.approx(rate)


@pytest.mark.parametrize("window", ["5s", "10s", "60s", "1m", "av"])
def test_teamredminer_shortest_window(window: str) -> None:
    """The present rate is that of the shortest time, whatever its number and unit."""
    row = {"GPU": 0, f"KHS {window}": 5, "MHS 5m": 7, "GHS 1h": 8}
    if window == "av":
        row = {"GPU": 0, "KHS av": 5}
    answer = {"devs": {"description": "TeamRedMiner 0.10", "DEVS": [row]}}
    assert last_card(parse("teamredminer", answer)).get(HASHRATE) == 5000


@pytest.mark.parametrize("body", ["NAME=ccminer;VER=2", "GPU=0;BUS=1;CA", "POOL=a"])
def test_cut_text(body: str) -> None:
    """A text answer that ends too early is not that of another device."""
    with pytest.raises(SourceGarbled) as garbled:
        decode(body.encode())
    assert not garbled.value.other_device


def test_every_kind_is_here() -> None:
    """Those without an object for each card have tests of their own."""
    assert {*ANSWERS, "claymore", "wildrig"} == {*KINDS}


@pytest.mark.parametrize("kind", KINDS)
def test_length(kind: str) -> None:
    """A program is a page of mapping, and a shape of its answer in the simulator."""
    root = Path(__file__).parents[2]
    for lines, place in (
        (120, "custom_components/mining_rig/sources/miners"),
        (60, "simulator/programs"),
    ):
        text = (root / place / f"{kind}.py").read_text()
        assert len(text.splitlines()) <= lines
