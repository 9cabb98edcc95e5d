"""The default limits: of which hardware, and of which of its readings."""

from typing import Any

import pytest

from custom_components.mining_rig.model import (
    RIG,
    Channel,
    Part,
    PartKind,
    Snapshot,
    part_map,
)
from custom_components.mining_rig.protection.limits import (
    ROWS,
    ChosenLimits,
    Limits,
    default_limits,
    heats_of,
    limits_of,
)
from custom_components.mining_rig.readings import (
    BOARD_TEMPERATURE,
    CHIP_TEMPERATURE,
    HOTTEST,
    INLET_TEMPERATURE,
    JUNCTION_TEMPERATURE,
    MEMORY_TEMPERATURE,
    OUTLET_TEMPERATURE,
    REGULATOR_TEMPERATURE,
    TEMPERATURE,
    TEMPERATURE_TARGET,
)

SIX_X = Limits(chip=90, junction=105, memory=110)
CARD = Limits(chip=90, junction=105, memory=105)
BITAXE = Limits(chip=72, board=72)
ASIC = Limits(chip=105, board=85)


def part(kind: PartKind, values: dict[Channel[Any], Any], **facts: Any) -> Part:
    """Return a part."""
    key = RIG if kind is PartKind.RIG else facts.pop("key", f"{kind}_0")
    return Part(kind=kind, key=key, values=values, **facts)


def rig_of(*parts: Part, **facts: Any) -> Snapshot:
    """Return a rig with parts."""
    return Snapshot(parts=part_map(part(PartKind.RIG, {}, **facts), *parts))


# ---- the table


@pytest.mark.parametrize(
    ("model", "limits"),
    [
        ("NVIDIA GeForce RTX 3080", SIX_X),
        ("NVIDIA GeForce RTX 3080 Ti", SIX_X),
        ("GeForce RTX 3090", SIX_X),
        ("RTX 3070 Ti", SIX_X),
        ("ASUS RTX3070Ti", SIX_X),
        ("NVIDIA GeForce RTX 4070 SUPER", SIX_X),
        ("NVIDIA GeForce RTX 4080 SUPER", SIX_X),
        ("nvidia geforce rtx 4090", SIX_X),
        ("NVIDIA GeForce RTX 3070", CARD),
        ("NVIDIA GeForce RTX 3060 Ti", CARD),
        ("NVIDIA GeForce RTX 3080 Laptop GPU", CARD),
        ("NVIDIA RTX 30800", CARD),
        ("NVIDIA GeForce RTX 5090", CARD),
        ("AMD Radeon RX 6800 XT", CARD),
        (None, CARD),
    ],
)
def test_cards(model: str | None, limits: Limits) -> None:
    """Their memory decides, whatever program reports them."""
    card = part(PartKind.GPU, {}, model=model)
    assert limits_of("t_rex", rig_of(card).rig, card) == limits


@pytest.mark.parametrize(
    ("kind", "facts", "limits"),
    [
        ("axeos", {}, BITAXE),
        ("other", {"model": "Bitaxe Gamma 601"}, BITAXE),
        ("other", {"model": "NerdQAxe++"}, BITAXE),
        ("other", {"name": "nerdaxe kitchen"}, BITAXE),
        ("avalon", {}, ASIC),
        ("whatsminer", {}, ASIC),
        ("antminer", {}, ASIC),
        ("rig_monitor", {"manufacturer": "Antminer", "model": "S19"}, ASIC),
        ("rig_monitor", {"model": "WhatsMiner M30S"}, ASIC),
        ("rig_monitor", {"model": "KS5L"}, None),
        ("rig_monitor", {}, None),
    ],
)
def test_asics(kind: str, facts: dict[str, str], limits: Limits | None) -> None:
    """By kind or model; where neither is known there is no default."""
    board = part(PartKind.HASHBOARD, {})
    found = rig_of(board, **facts)
    assert limits_of(kind, found.rig, board) == limits
    assert limits_of(kind, found.rig, found.rig) == limits


def test_processors() -> None:
    """Whatever they are called."""
    cpu = part(PartKind.CPU, {}, model="AMD Ryzen 9 7950X")
    assert limits_of("xmrig", rig_of(cpu).rig, cpu) == Limits(chip=98)


def test_every_limit_can_be_chosen() -> None:
    """The table is within what an owner may choose."""
    for row in ROWS:
        found = (
            row.limits.chip,
            row.limits.junction,
            row.limits.memory,
            row.limits.board,
        )
        assert all(40 <= limit <= 120 for limit in found if limit is not None)


# ---- which readings


def limits_by_sensor(found: Snapshot, **chosen: float) -> dict[str, float]:
    """Return the limit of each sensor."""
    heats = heats_of("avalon", found, ChosenLimits(**chosen))
    return {heat.key: heat.limit for heat in heats}


EVERYTHING = rig_of(
    part(
        PartKind.HASHBOARD,
        {
            TEMPERATURE.plain: 60.0,
            CHIP_TEMPERATURE.channel(number=2): 70.0,
            BOARD_TEMPERATURE.plain: 50.0,
            REGULATOR_TEMPERATURE.plain: 120.0,
            INLET_TEMPERATURE.plain: 120.0,
            OUTLET_TEMPERATURE.plain: 120.0,
            TEMPERATURE_TARGET.plain: 120.0,
        },
    ),
    part(
        PartKind.GPU,
        {
            TEMPERATURE.plain: 60.0,
            JUNCTION_TEMPERATURE.plain: 80.0,
            MEMORY_TEMPERATURE.plain: 90.0,
        },
    ),
    part(PartKind.WORKER, {TEMPERATURE.plain: 120.0}),
)


def test_sensors_and_their_limits() -> None:
    """Chips, hot spots, memory and boards; not regulators, air, targets and workers."""
    assert limits_by_sensor(EVERYTHING) == {
        "hashboard_0|temperature": 85,
        "hashboard_0|chip_temperature_2": 105,
        "hashboard_0|board_temperature": 85,
        "gpu_0|temperature": 90,
        "gpu_0|junction_temperature": 105,
        "gpu_0|memory_temperature": 105,
    }


def test_chosen_limits() -> None:
    """A lower one takes boards along, a higher one hot spots."""
    assert limits_by_sensor(EVERYTHING, limit=80, memory=100) == {
        "hashboard_0|temperature": 80,
        "hashboard_0|chip_temperature_2": 80,
        "hashboard_0|board_temperature": 80,
        "gpu_0|temperature": 80,
        "gpu_0|junction_temperature": 105,
        "gpu_0|memory_temperature": 100,
    }
    high = limits_by_sensor(EVERYTHING, limit=110)
    assert high["gpu_0|junction_temperature"] == 110
    assert high["hashboard_0|board_temperature"] == 85


def test_hardware_without_defaults() -> None:
    """It has the limits that its owner types, and none for its memory."""
    found = rig_of(
        part(
            PartKind.HASHBOARD,
            {TEMPERATURE.plain: 60.0, MEMORY_TEMPERATURE.plain: 60.0},
        )
    )
    assert not heats_of("other", found)
    heats = heats_of("other", found, ChosenLimits(limit=70))
    assert [(heat.sensor, heat.limit, heat.celsius) for heat in heats] == [
        ("temperature", 70, 60)
    ]
    assert default_limits("other", found) == ChosenLimits()


def test_only_the_hottest_is_known() -> None:
    """Then that is the rig's temperature; beside others it is not."""
    only = rig_of().with_rig_values({HOTTEST.plain: 60.0})
    (heat,) = heats_of("axeos", only)
    assert (heat.part, heat.sensor, heat.limit) == (RIG, "hottest", 72)
    both = rig_of(part(PartKind.GPU, {TEMPERATURE.plain: 50.0})).with_rig_values(
        {HOTTEST.plain: 60.0}
    )
    assert [heat.part for heat in heats_of("t_rex", both)] == ["gpu_0"]


def test_what_is_no_number_is_left_out() -> None:
    """Whatever a source reports."""
    found = rig_of(part(PartKind.GPU, {TEMPERATURE.plain: "hot"}))
    assert not heats_of("t_rex", found)


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ([(PartKind.GPU, TEMPERATURE), (PartKind.CPU, TEMPERATURE)], (90, None)),
        ([(PartKind.CPU, TEMPERATURE)], (98, None)),
        ([(PartKind.GPU, MEMORY_TEMPERATURE)], (None, 105)),
        ([(PartKind.GPU, JUNCTION_TEMPERATURE)], (105, None)),
        ([(PartKind.HASHBOARD, CHIP_TEMPERATURE)], (105, None)),
        ([(PartKind.HASHBOARD, TEMPERATURE)], (85, None)),
        ([], (None, None)),
    ],
)
def test_what_the_numbers_show(parts: list[Any], expected: Any) -> None:
    """The lowest limit of a chip, else of a hot spot or board; that of the memory."""
    found = rig_of(*(part(kind, {reading.plain: 50.0}) for kind, reading in parts))
    shown = default_limits("avalon", found)
    assert (shown.limit, shown.memory) == expected


def test_two_models_of_memory() -> None:
    """The lower limit is shown; each card keeps its own."""
    found = rig_of(
        part(
            PartKind.GPU, {MEMORY_TEMPERATURE.plain: 107.0}, model="RTX 3090", key="a"
        ),
        part(
            PartKind.GPU, {MEMORY_TEMPERATURE.plain: 104.0}, model="RTX 3060", key="b"
        ),
    )
    assert default_limits("t_rex", found).memory == 105
    assert [heat.excess for heat in heats_of("t_rex", found)] == [-3, -1]
