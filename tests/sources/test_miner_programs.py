"""What miner programs answer, in the vocabulary."""

from copy import deepcopy
from typing import Any

import pytest
from syrupy.assertion import SnapshotAssertion

from custom_components.mining_rig import readings
from custom_components.mining_rig.model import RIG, Channel, Snapshot
from custom_components.mining_rig.sources.common.contract import SourceRefused
from custom_components.mining_rig.sources.common.decoding import Fields

from .miner_programs import KINDS, NOW, RECORDED, module, of_json, parse
from .spoil import check

HASHRATE = readings.HASHRATE.plain
SECOND = readings.HASHRATE.channel(number=2)
ACCEPTED = readings.ACCEPTED.plain
POWER = readings.POWER.plain
TEMPERATURE = readings.TEMPERATURE.plain


@pytest.mark.parametrize("name", RECORDED)
def test_recorded(name: str, snapshot: SnapshotAssertion) -> None:
    """All versions; nothing in them is strange, each is recognised by its own only."""
    recorded = RECORDED[name]
    answer = recorded.make()
    found = parse(recorded.kind, answer)
    check(found)
    assert found.unparsed == ()
    assert {
        part.key: {
            "name": part.name,
            "version": part.version,
            "values": {channel.key: value for channel, value in part.values.items()},
        }
        for part in found.parts.values()
    } == snapshot
    fields = Fields(answer)
    if "excerpt" not in name:
        assert [kind for kind in KINDS if _is_recognised(kind, fields)] == [
            recorded.kind
        ]


def _is_recognised(kind: str, fields: Fields) -> bool:
    found = module(kind).version(fields)
    assert found is None or isinstance(found, str)
    return found is not None


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("answer", [None, [], {}, {"result": None}, "", 3])
def test_anything_else(kind: str, answer: Any) -> None:
    """Nothing else is such a program."""
    assert module(kind).version(Fields(answer)) is None


def rig_of(found: Snapshot, channel: Channel[Any]) -> Any:
    """Return a value of the rig."""
    return found.parts[RIG].get(channel)


@pytest.mark.parametrize(
    ("name", "key", "values"),
    [
        ("bzminer_24", RIG, {HASHRATE: 5.8123456e7, ACCEPTED: 88}),
        ("bzminer_24", "2b:00", {HASHRATE: 2.9023456e7, TEMPERATURE: 59, POWER: 121}),
        ("ccminer", RIG, {HASHRATE: 1230, ACCEPTED: 0, readings.STALE.plain: 0}),
        ("ccminer", "0a:00", {POWER: 194.3, readings.CORE_CLOCK.plain: 1898.5}),
        ("ccminer", "01:00", {POWER: 185.1, readings.FAN_SPEED.plain: 3113}),
        ("cpuminer_opt_3.9.1.1", RIG, {HASHRATE: 117826.5}),
        ("phoenixminer_5.1c", RIG, {HASHRATE: 2.37936e8, ACCEPTED: 1}),
        ("phoenixminer_5.1c", "gpu7", {HASHRATE: 2.9494e7, TEMPERATURE: 48}),
        ("gminer_3.06", "03:00", {HASHRATE: 4.0707234e7, POWER: 143}),
        ("gminer_2.90_dual", RIG, {SECOND: 3.7724648e8, ACCEPTED: 222}),
        ("miniz", "gpu0", {HASHRATE: 20.3, TEMPERATURE: 68, ACCEPTED: 3}),
        ("nanominer", RIG, {HASHRATE: 4.591157e6, ACCEPTED: 3}),
        ("nbminer_40.0", RIG, {HASHRATE: 146567481.51336715, POWER: 389}),
        ("nbminer_40.0", "30:00", {readings.MEMORY_TEMPERATURE.plain: 104}),
        ("onezerominer_1.8.0", "0a:00", {HASHRATE: 0.125, ACCEPTED: 4}),
        ("rigel_1.23.2", RIG, {HASHRATE: 12112.195564915472, POWER: 294.36225}),
        ("rigel_1.23.2", "0b:00", {TEMPERATURE: 72, ACCEPTED: 1405}),
        ("rigel_excerpt", RIG, {HASHRATE: 21213765.1, ACCEPTED: 1}),
        ("srbminer_0.5.6_cpu", RIG, {HASHRATE: 206111.5149227829, ACCEPTED: 15}),
        ("srbminer_3.6.4", RIG, {HASHRATE: 6.340463291663273e13, ACCEPTED: 64}),
        ("srbminer_3.6.4", "gpu0", {HASHRATE: 6.340463291663273e13, POWER: 149}),
        ("srbminer_excerpt", RIG, {HASHRATE: 8.99e13, ACCEPTED: 1}),
        ("teamredminer_0.3.8", "gpu0", {HASHRATE: 344.1, TEMPERATURE: 68}),
        ("teamredminer_0.3.10", "gpu0", {HASHRATE: 1.794e6, TEMPERATURE: 69}),
        ("wildrig_0.10.0", RIG, {HASHRATE: 693.13, ACCEPTED: 3}),
    ],
)
def test_values(name: str, key: str, values: dict[Channel[Any], float]) -> None:
    """The values that their publishers saw."""
    part = parse(RECORDED[name].kind, RECORDED[name].make()).parts[key]
    found = {channel: part.get(channel) for channel in values}
    assert found == pytest.approx(values)


# ---- what differs between versions


def srbminer(**changes: Any) -> Any:
    """Return SRBMiner's answer with other values at the top."""
    return {**of_json("srbminer_3.6.4_api_v2_status.json"), **changes}


def test_srbminer_old_product() -> None:
    """It has everything at the top; `gpu_hashrate` counts threads."""
    answer = {
        "rig_name": "r",
        "cryptonight": "heavy",
        "mining_time": 400,
        "HashRate_total_now": 812,
        "hashrate_total_5min": 800,
        "pool": {"pool": "pool.example:3333", "latency": 70},
        "shares": {"accepted": 9, "rejected": 1},
        "devices": [{"device": "GPU0", "bus_id": 12, "temperature": 61}],
        "gpu_hashrate": [{"gpu0": 400, "gpu1": 412}],
    }
    found = parse("srbminer", answer)
    assert module("srbminer").version(Fields(answer)) == ""
    assert readings.VERSION.plain not in found.rig.values
    assert rig_of(found, HASHRATE) == 812
    assert rig_of(found, ACCEPTED) == 9
    assert rig_of(found, readings.POOL.plain) == "pool.example:3333"
    assert list(found.parts) == [RIG, "0c:00"]
    assert HASHRATE not in found.parts["0c:00"].values


def test_srbminer_starting() -> None:
    """In the first seconds hashrates make no sense; averages need their time."""
    found = parse("srbminer", srbminer(mining_time=19))
    for part in found.parts.values():
        assert not [c for c in part.values if c.reading is readings.HASHRATE]
    found = parse("srbminer", srbminer(mining_time=3599))
    averages = {c.key for c in found.rig.values if c.reading is readings.HASHRATE}
    assert averages == {"hashrate", "hashrate_1m"}


def test_srbminer_gaps() -> None:
    """Cards are joined by their names; one that is left out does not mine."""
    answer = srbminer()
    answer["gpu_devices"] = [
        {"device": "gpu2", "asic_power": 0},
        {"device": "gpu0", "asic_power": 1200},
    ]
    found = parse("srbminer", answer)
    assert HASHRATE in found.parts["gpu0"].values
    assert HASHRATE not in found.parts["gpu2"].values
    assert POWER not in found.parts["gpu0"].values
    assert POWER not in found.parts["gpu2"].values


def rigel(**changes: Any) -> Any:
    """Return Rigel's answer with three algorithms, one of them Zilliqa."""
    answer = deepcopy(of_json("rigel_1.23.2_stat.json"))
    answer["algorithm"] = "octopus+zil+pyrin"
    work = {"octopus": 1e8, "pyrin": 2e9, "zil": 5e7}
    answer["hashrate"], answer["pools"] = work, {}
    answer["devices"][0]["hashrate"] = work
    answer["solution_stat"] = {
        name: {"accepted": place} for place, name in enumerate(sorted(work))
    }
    return answer | changes


def test_rigel_zilliqa() -> None:
    """Zilliqa comes last; the others rest only in its minute."""
    stops = module("rigel").zilliqa_stops
    found = parse("rigel", rigel())
    third = readings.HASHRATE.channel(number=3)
    assert [rig_of(found, c) for c in (HASHRATE, SECOND, third)] == [1e8, 2e9, 5e7]
    assert stops(Fields(rigel())) == {None, 2}
    assert stops(Fields(rigel(hashrate={"octopus": 1e8}))) == frozenset()


def test_rigel_unused_card() -> None:
    """A card that was not selected is none of the rig's."""
    answer = rigel()
    answer["devices"].append({"id": 1, "selected": False})
    answer["devices"].append({"id": 2, "monitoring_info": None})
    assert list(parse("rigel", answer).parts) == [RIG, "0b:00", "gpu2"]


def test_bzminer_password() -> None:
    """A wrong password is named as such."""
    with pytest.raises(SourceRefused):
        module("bzminer").version(Fields({"result": "incorrect password"}))


def test_bzminer_processor() -> None:
    """A processor that mines counts, without a status a card does as well."""
    answer = of_json("bzminer_24_constructed.json")
    del answer["devices"][0]["status"]
    answer["devices"][2] |= {"status": [3], "hashrate": [1000.0]}
    found = parse("bzminer", answer)
    assert found.parts["cpu0"].get(HASHRATE) == 1000
    assert rig_of(found, HASHRATE) == pytest.approx(5.8124456e7)


def test_bzminer_idle_card() -> None:
    """The last rate of a card that does not mine is none."""
    answer = of_json("bzminer_24_constructed.json")
    answer["devices"][1]["status"] = [1]
    found = parse("bzminer", answer)
    assert HASHRATE not in found.parts["2b:00"].values
    assert rig_of(found, HASHRATE) == 2.91e7


def nanominer(*coins: dict[str, Any]) -> Any:
    """Return nanominer's answer with other coins."""
    return {**of_json("nanominer_foreman_stats.json"), "Algorithms": list(coins)}


def test_nanominer_zilliqa() -> None:
    """Its rate is shown while the other coin rests: it is not reset later."""
    zilliqa = {"Total": {"Hashrate": "5.0e+07", "Accepted": 7}}
    working = nanominer(
        {"Zilliqa": zilliqa, "Etchash": {"Total": {"Hashrate": "3.0e+07"}}}
    )
    resting = nanominer(
        {"Zilliqa": zilliqa, "Etchash": {"Total": {"Hashrate": "0.0e+00"}}}
    )
    assert rig_of(parse("nanominer", working), HASHRATE) == 3e7
    assert rig_of(parse("nanominer", working), SECOND) is None
    assert rig_of(parse("nanominer", resting), SECOND) == 5e7
    stops = module("nanominer").zilliqa_stops
    assert stops(Fields(working)) == frozenset()
    assert stops(Fields(resting)) == {None}
    silent = {"Zilliqa": {"Total": {"Hashrate": 0}}, "Etchash": {}}
    assert stops(Fields(nanominer(silent))) == frozenset()


def test_nanominer_strange_names() -> None:
    """Only cards are devices; a hashrate may be a number, or nonsense."""
    answer = nanominer({"Etchash": {"Total": {"Hashrate": 12}, "GPU 0": 3}})
    answer["Devices"].append({"CPU": {}, "GPU 7": {"Pci": "zz:00"}})
    found = parse("nanominer", answer)
    assert list(found.parts) == [RIG, "01:00", "gpu7"]
    assert rig_of(found, HASHRATE) == 12
    answer = nanominer({"Etchash": {"Total": {"Hashrate": "fast"}}})
    assert rig_of(parse("nanominer", answer), HASHRATE) is None


def test_nbminer_second_coin() -> None:
    """It counts only while it is mined."""
    answer = of_json("nbminer_40.0_status.json")
    assert rig_of(parse("nbminer", answer), SECOND) is None
    answer["stratum"] |= {"dual_mine": True, "accepted_shares2": 4}
    found = parse("nbminer", answer)
    assert rig_of(found, SECOND) == 0
    assert rig_of(found, readings.ACCEPTED.channel(number=2)) == 4


def test_miniz_other_key() -> None:
    """Where `speed_sps` is 0, the rate is `sol_ps`."""
    answer = of_json("miniz_getstat.json")
    answer["result"][0] |= {"speed_sps": 0, "sol_ps": 31.5, "busid": "0000:0A:00.0"}
    assert parse("miniz", answer).parts["0a:00"].get(HASHRATE) == 31.5


def test_gminer_early() -> None:
    """Early versions have no name, and the unit under another key."""
    answer = of_json("gminer_2.33_stat.json")
    del answer["miner"]
    answer["speedUnit"] = answer.pop("speed_unit")
    assert module("gminer").version(Fields(answer)) == ""
    assert parse("gminer", answer).parts["01:00"].get(HASHRATE) == 0.1
    assert module("gminer").version(Fields({"miner": "zion-miner"})) is None


def test_wildrig_sensors() -> None:
    """Newer versions have lists of sensors in the order of the cards."""
    answer = of_json("wildrig_0.10.0.json")
    answer["hwmon"] = {"busID": [3, 10], "temp": [61, 0], "power": [90, -1]}
    answer["uptime"] = 900
    found = parse("wildrig", answer)
    assert found.parts["03:00"].get(POWER) == 90
    assert not found.parts["0a:00"].values
    averages = {c.key for c in found.rig.values if c.reading is readings.HASHRATE}
    assert averages == {"hashrate", "hashrate_1m", "hashrate_15m"}
    assert rig_of(found, readings.REJECTED.plain) == 0


def claymore(*changes: tuple[int, Any], **more: Any) -> Any:
    """Return PhoenixMiner's answer with other items."""
    answer = of_json("phoenixminer_5.1c_getstat1.json") | more
    for place, value in changes:
        answer["result"][place:] = [value, *answer["result"][place + 1 :]]
    return answer


@pytest.mark.parametrize(
    ("title", "rate"),
    [
        ("TT-Miner/5.0 - ETH", 237936),
        ("12.6 - ZEC", 237936),
        ("PM 5.1c - ETC", 237936000),
    ],
)
def test_claymore_units(title: str, rate: float) -> None:
    """Hashrates are in kH/s, but of some programs and coins."""
    assert rig_of(parse("claymore", claymore((0, title))), HASHRATE) == rate


def test_claymore_more() -> None:
    """Second coins, watts of each card or of all, cards without sensors."""
    answer = claymore(
        (4, "1000;9;2"),
        (5, "500;500;off;off;off;off;off;off"),
        (6, "0;-1;46;47"),
        (7, "ssl://a.example:1;stratum+tcp://wallet@b.example:2/x"),
        (8, "1;0;3;0"),
        (9, "100;0;90;90;90;90;90;90"),
    )
    found = parse("claymore", answer)
    assert rig_of(found, SECOND) == 1e6
    assert rig_of(found, readings.ACCEPTED.channel(number=2)) == 7
    assert rig_of(found, readings.INVALID.channel(number=2)) == 3
    assert rig_of(found, readings.POOL.channel(number=2)) == "b.example:2"
    assert POWER not in found.parts["gpu1"].values
    assert found.parts["gpu0"].get(POWER) == 100
    assert TEMPERATURE not in found.parts["gpu0"].values
    assert rig_of(parse("claymore", claymore((9, "640"))), POWER) == 640


def test_claymore_password() -> None:
    """A refused password is named as such."""
    with pytest.raises(SourceRefused):
        module("claymore").version(Fields({"error": {"message": "Unauthorized"}}))


def test_teamredminer_summary() -> None:
    """What `summary` counts is the rig's; the active pool is shown."""
    answer = RECORDED["teamredminer_0.3.8"].make()
    answer["summary"] = {"SUMMARY": [{"Elapsed": 60, "Accepted": 20, "Rejected": 1}]}
    answer["pools"]["POOLS"] = [
        {"URL": "stratum+tcp://first.example:1"},
        {"URL": "stratum+tcp://second.example:2", "Stratum Active": True},
    ]
    answer["devs"]["DEVS"].append({"Temperature": 40})
    found = parse("teamredminer", answer)
    assert rig_of(found, ACCEPTED) == 20
    assert rig_of(found, readings.POOL.plain) == "second.example:2"
    assert (NOW - rig_of(found, readings.STARTED.plain)).total_seconds() == 60
    assert list(found.parts) == [RIG, "gpu0"]


def test_cards_are_told_apart() -> None:
    """An address or a number that two cards have is no key."""
    answer = of_json("gminer_3.06_stat.json")
    card = answer["devices"][0]
    answer["devices"] = [card, card, {**card, "bus_id": "0001:04:00.0", "gpu_id": 5}]
    assert list(parse("gminer", answer).parts) == [RIG, "gpu0", "gpu1", "0001:04:00"]
    card = {"speed": 1, "gpu_id": 1}
    answer["devices"] = [{"speed": 1}, {"speed": 1}, card]
    assert list(parse("gminer", answer).parts) == [RIG, "gpu0", "gpu1", "gpu1_2"]


@pytest.mark.parametrize("bus", [True, -1, 256, "0000:100:00.0", "a", "1:20", 1.5, []])
def test_no_address(bus: Any) -> None:
    """What cannot be a PCI address is none."""
    answer = of_json("gminer_3.06_stat.json")
    answer["devices"][0]["bus_id"] = bus
    assert list(parse("gminer", answer).parts) == [RIG, "gpu0"]
