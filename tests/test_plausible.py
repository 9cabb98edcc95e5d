"""Readings that cannot be: they reach no state, no derived value and no total."""

import math
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.const import ATTR_UNIT_OF_MEASUREMENT, STATE_UNKNOWN
from homeassistant.core import HomeAssistant
import pytest

from custom_components.mining_rig.model import (
    RIG,
    Channel,
    Part,
    PartKind,
    Snapshot,
    Value,
    part_map,
)
from custom_components.mining_rig.plausible import (
    energy_pace,
    most_watts,
    most_watts_of_rig,
    plausible,
    plausible_watts,
)
from custom_components.mining_rig.readings import (
    ACCEPTED,
    CORE_CLOCK,
    CORE_CLOCK_SET,
    EFFICIENCY,
    ENERGY,
    FAN_LEVEL,
    FAN_SPEED,
    HASHRATE,
    INLET_TEMPERATURE,
    MEMORY_CLOCK,
    MEMORY_TEMPERATURE,
    MINING,
    POWER,
    TEMPERATURE,
    VERSION,
)

from .rigs import async_pass, async_pass_polls, state
from .scripted import ScriptedSource, async_add, async_open

WRONG: tuple[tuple[Channel[Any], tuple[float, ...]], ...] = (
    (POWER.plain, (-1, 42_000, 65_535, 2**32 - 1, math.nan, math.inf)),
    (TEMPERATURE.plain, (-1, 255, 511, 65_535, -273, -128, math.nan)),
    (MEMORY_TEMPERATURE.plain, (-1, 255, 511)),
    (FAN_LEVEL.plain, (-1, 255, 65_535, 297_598)),
    (FAN_SPEED.plain, (-1, 65_535, 297_598)),
    (CORE_CLOCK.plain, (-1, 65_535, 2**31 - 1)),
    (MEMORY_CLOCK.plain, (-1, 65_535)),
    (ENERGY.plain, (-1, 2**32 - 1, 2**63)),
    (ACCEPTED.plain, (-1, 2**32 - 1)),
    (HASHRATE.plain, (math.nan, math.inf)),
)
USUAL: tuple[tuple[PartKind, dict[Channel[Any], Value]], ...] = (
    (PartKind.RIG, {POWER.plain: 13_000, INLET_TEMPERATURE.plain: -21.5}),
    (
        PartKind.GPU,
        {
            POWER.plain: 1_400,
            TEMPERATURE.plain: 93,
            MEMORY_TEMPERATURE.plain: 110,
            FAN_LEVEL.plain: 130,
            FAN_SPEED.plain: 5_800,
            MEMORY_CLOCK.plain: 36_000,
            HASHRATE.plain: 1e30,
            ENERGY.plain: 30_000_000,
            CORE_CLOCK_SET.plain: -200.0,
        },
    ),
    (PartKind.CPU, {POWER.plain: 1_300, TEMPERATURE.plain: 0}),
    (
        PartKind.HASHBOARD,
        {POWER.plain: 4_400, TEMPERATURE.plain: 118, FAN_SPEED.plain: 38_000},
    ),
    (PartKind.ACCOUNT, {POWER.plain: 50_000_000, VERSION.plain: "1"}),
)


def snapshot(kind: PartKind, values: dict[Channel[Any], Value]) -> Snapshot:
    """Return a rig, or a part beside one."""
    if kind is PartKind.RIG:
        return Snapshot(parts=part_map(Part(kind=kind, key=RIG, values=values)))
    rig = Part(kind=PartKind.RIG, key=RIG)
    return Snapshot(parts=part_map(rig, Part(kind=kind, key="part", values=values)))


@pytest.mark.parametrize(
    ("channel", "value"), [(channel, v) for channel, values in WRONG for v in values]
)
def test_cannot_be(channel: Channel[Any], value: float) -> None:
    """It is not known, it is named, and what stands beside it stays."""
    found = plausible(
        snapshot(PartKind.GPU, {channel: value, VERSION.plain: "1", MINING.plain: True})
    )
    assert found.parts["part"].values == {VERSION.plain: "1", MINING.plain: True}
    assert found.unparsed == (channel.key,)


@pytest.mark.parametrize(("kind", "values"), USUAL)
def test_no_real_machine_is_cut(
    kind: PartKind, values: dict[Channel[Any], Value]
) -> None:
    """The largest machines, the coldest shed, and what is set."""
    whole = snapshot(kind, values)
    assert plausible(whole) is whole


def test_efficiency_of_an_impossible_power() -> None:
    """What a miner computed from it is left out too."""
    values = {POWER.plain: 65_535, EFFICIENCY.plain: 1.0, HASHRATE.plain: 1e8}
    found = plausible(snapshot(PartKind.GPU, values))
    assert found.parts["part"].values == {HASHRATE.plain: 1e8}


def test_rig_takes_no_more_than_its_parts() -> None:
    """A power that a hydro-cooled ASIC may have is none of a rig with one card."""
    assert most_watts_of_rig([PartKind.RIG, PartKind.WORKER]) == 22_000
    assert most_watts_of_rig([PartKind.GPU]) == most_watts(PartKind.GPU) + 2_000
    assert most_watts_of_rig([PartKind.GPU] * 30) == 22_000
    rig = Part(kind=PartKind.RIG, key=RIG, values={POWER.plain: 12_000.0})
    card = Part(kind=PartKind.GPU, key="gpu")
    assert plausible(Snapshot(parts=part_map(rig, card))).rig.values == {}
    assert plausible(Snapshot(parts=part_map(rig))).rig.values == rig.values


@pytest.mark.parametrize(
    ("watts", "shown"),
    [
        (-3, 0),
        (0, 0),
        (8_000, 8_000),
        (-65_535, None),
        (65_535, None),
        (math.nan, None),
    ],
)
def test_meter(watts: float, shown: float | None) -> None:
    """An idle plug may show a little less than nothing."""
    assert plausible_watts(watts) == shown


def test_no_kinds() -> None:
    """Without counters, none rises."""
    assert energy_pace().rate == 0


def card(number: int, **values: Value) -> Part:
    """Return a card that works, but for what differs."""
    usual: dict[str, Value] = {"power": 200.0, "temperature": 60.0, "hashrate": 1e8}
    channels: dict[str, Channel[Any]] = {
        reading.key: reading.plain
        for reading in (POWER, TEMPERATURE, HASHRATE, FAN_LEVEL, ENERGY)
    }
    return Part(
        kind=PartKind.GPU,
        key=f"gpu_{number}",
        values={channels[key]: value for key, value in (usual | values).items()},
    )


def value(hass: HomeAssistant, channel: str, part: str = "rig") -> float:
    """Return a sensor's value."""
    return float(state(hass, "sensor", channel, part).state)


async def test_a_wrong_card(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    """What two drivers write for "not measured" lands nowhere."""
    source = ScriptedSource()
    source.others = [card(1), card(2), card(3)]
    await async_add(hass, source)
    await async_pass_polls(hass, freezer, 4)
    before = value(hass, "energy")
    assert value(hass, "power") == 600
    source.others = [
        card(1, power=65_535.0, temperature=511.0, fan_level=255.0),
        card(2, power=-1.0, temperature=-1.0, fan_level=-1.0),
        card(3),
    ]
    await async_pass_polls(hass, freezer, 4)
    assert state(hass, "sensor", "power").state == STATE_UNKNOWN
    assert state(hass, "sensor", "power", "gpu_1").state == STATE_UNKNOWN
    assert state(hass, "sensor", "temperature", "gpu_2").state == STATE_UNKNOWN
    assert state(hass, "sensor", "efficiency", "gpu_1").state == STATE_UNKNOWN
    assert value(hass, "hottest") == 60
    assert value(hass, "hashrate", "gpu_1") == 100
    # What was used before, and not a Wh more.
    assert value(hass, "energy") - before < 0.011


@pytest.mark.parametrize("wrong", [2**32 - 1, 19_000])
async def test_power_that_jumps_once(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, wrong: float
) -> None:
    """One wrong reading adds nothing to the energy, for ever."""
    source = ScriptedSource({POWER.plain: 1_200.0})
    await async_add(hass, source)
    await async_pass_polls(hass, freezer, 3)
    before = value(hass, "energy")
    source.values = {POWER.plain: float(wrong)}
    await async_pass_polls(hass, freezer, 1)
    source.values = {POWER.plain: 1_200.0}
    await async_pass_polls(hass, freezer, 3)
    assert value(hass, "energy") - before < 0.05


@pytest.mark.parametrize("wrong", ["4294967295", "-65535", "nan", "30000"])
async def test_meter_that_jumps_once(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, wrong: str
) -> None:
    """The owner's meter is believed no more than the rig."""

    def meter(shows: str) -> None:
        hass.states.async_set("sensor.plug", shows, {ATTR_UNIT_OF_MEASUREMENT: "W"})

    meter("1200")
    await async_add(
        hass, ScriptedSource({HASHRATE.plain: 1e6}), power_meter="sensor.plug"
    )
    await async_pass_polls(hass, freezer, 3)
    before = value(hass, "energy")
    meter(wrong)
    await async_pass(hass, freezer)
    assert state(hass, "sensor", "power").state == STATE_UNKNOWN
    meter("1200")
    await async_pass_polls(hass, freezer, 3)
    assert value(hass, "power") == 1_200
    assert value(hass, "energy") - before < 0.05


async def test_counter_that_jumps(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    """A counter rises no faster than its part takes power, and goes on from there."""
    source = ScriptedSource()
    source.others = [card(1, energy=50_000.0)]
    entry = await async_add(hass, source)
    await async_pass_polls(hass, freezer, 2)
    assert value(hass, "energy") == 50
    for jumped in (3_000_000.0, 80_000_000.0, 50_010.0):
        source.others = [card(1, energy=jumped)]
        await async_pass_polls(hass, freezer, 2)
        assert value(hass, "energy") == 50
        assert value(hass, "energy", "gpu_1") == 50
    source.others = [card(1, energy=50_110.0)]
    await async_pass_polls(hass, freezer, 7)
    assert value(hass, "energy") == 50.1
    # The time of the last reading is kept too: a restart is no way around it.
    assert await hass.config_entries.async_unload(entry.entry_id)
    source.others = [card(1, energy=4_000_000.0)]
    await async_open(hass, entry, source)
    assert value(hass, "energy") == 50.1
    # While Home Assistant did not look, the card went on.
    assert await hass.config_entries.async_unload(entry.entry_id)
    freezer.tick(24 * 3600)
    source.others = [card(1, energy=4_004_800.0)]
    await async_open(hass, entry, source)
    assert value(hass, "energy") == 54.9
