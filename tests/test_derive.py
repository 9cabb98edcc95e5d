"""Readings that follow from readings."""

from datetime import UTC, datetime, timedelta
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.helpers.importlib import async_import_module
import pytest

from custom_components.mining_rig.derive import Derivation, PowerSettings
from custom_components.mining_rig.model import (
    RIG,
    Channel,
    Part,
    PartKind,
    Quantity,
    Reading,
    Snapshot,
    Value,
    Window,
    every_reading,
    part_map,
)
from custom_components.mining_rig.readings import (
    ACCEPTANCE,
    ACCEPTED,
    ALGORITHM,
    BOARD_TEMPERATURE,
    CHIP_TEMPERATURE,
    EFFICIENCY,
    ENERGY,
    HASHRATE,
    HOTTEST,
    HOTTEST_MEMORY,
    INLET_TEMPERATURE,
    INVALID,
    JUNCTION_TEMPERATURE,
    MEMORY_TEMPERATURE,
    MINING,
    MINING_ALLOWED,
    OUTLET_TEMPERATURE,
    POWER,
    POWER_ESTIMATE,
    REGULATOR_TEMPERATURE,
    REJECTED,
    STARTED,
    TEMPERATURE,
)
from custom_components.mining_rig.sources import KINDS

LIMIT = Reading[float]("test_limit", Quantity.TEMPERATURE, setting=True)
STOPPED_BY_HEAT = Reading[bool]("test_hot", Quantity.PROBLEM, heat=True)
NOW = datetime(2026, 11, 1, tzinfo=UTC)

type Told = dict[Channel[Any], Value]


def snapshot(rig: Told | None = None, **gpus: Told) -> Snapshot:
    """Return a rig with cards."""
    return Snapshot(
        parts=part_map(
            Part(kind=PartKind.RIG, key=RIG, values=rig or {}),
            *(Part(kind=PartKind.GPU, key=k, values=v) for k, v in gpus.items()),
        )
    )


def complete(*snapshots: Snapshot, **settings: Any) -> Part:
    """Return the rig after those snapshots."""
    derivation = Derivation(PowerSettings(**settings))
    for one in snapshots:
        done = derivation.complete(one)
    return done.rig


def test_totals_of_parts() -> None:
    """Hashrate and power add up; the hottest measured part is the rig's."""
    card: Told = {
        HASHRATE.plain: 60e6,
        HASHRATE.channel(Window.H1): 59e6,
        POWER.plain: 120,
        TEMPERATURE.plain: 61,
        MEMORY_TEMPERATURE.plain: 92,
        LIMIT.plain: 110,
    }
    rig = complete(snapshot({}, a=card, b={**card, MEMORY_TEMPERATURE.plain: 96}))
    assert rig.get(HASHRATE.plain) == 120e6
    assert rig.get(HASHRATE.channel(Window.H1)) == 118e6
    assert rig.get(POWER.plain) == 240
    assert rig.get(HOTTEST.plain) == 61
    assert rig.get(HOTTEST_MEMORY.plain) == 96
    assert rig.get(EFFICIENCY.plain) == pytest.approx(2e-6)
    assert rig.get(MINING.plain) is True


def test_what_the_wire_says_is_kept() -> None:
    """Nothing is derived over what the rig itself tells."""
    told: Told = {
        HASHRATE.plain: 100.0,
        POWER.plain: 50.0,
        HOTTEST.plain: 40.0,
        EFFICIENCY.plain: 7.0,
        MINING.plain: False,
        ACCEPTANCE.plain: 12.0,
        ACCEPTED.plain: 1,
        REJECTED.plain: 1,
    }
    rig = complete(snapshot(told, a={HASHRATE.plain: 7.0, TEMPERATURE.plain: 90.0}))
    assert {channel: rig.values[channel] for channel in told} == told


def test_nothing_known_stays_nothing() -> None:
    """A rig that tells nothing gets no 0 made up."""
    assert complete(snapshot({}, a={})).values == {}


def test_workers_behind_a_rig_are_not_added() -> None:
    """What stands alone is not inside of the rig."""
    worker = Part(
        kind=PartKind.WORKER,
        key="w",
        values={HASHRATE.plain: 5.0, TEMPERATURE.plain: 80.0, ACCEPTED.plain: 3},
    )
    rig = Part(kind=PartKind.RIG, key=RIG)
    done = Derivation().complete(Snapshot(parts=part_map(rig, worker)))
    assert done.rig.values == {}
    assert done.parts["w"].values == worker.values


def test_counters_of_parts_never_fall() -> None:
    """A card that restarts or falls off does not take its shares along."""
    rig = complete(
        snapshot({}, a={ACCEPTED.plain: 10}, b={ACCEPTED.plain: 20}),
        snapshot({}, a={ACCEPTED.plain: 2}),
        snapshot({}, a={ACCEPTED.plain: 3}, b={ACCEPTED.plain: 25}),
    )
    assert rig.get(ACCEPTED.plain) == 10 + 20 + 2 + 1 + 5


def test_a_cards_own_energy_survives_a_restart() -> None:
    """The sum goes on where it was, over a restart of both ends."""
    derivation = Derivation()
    derivation.complete(snapshot({}, a={ENERGY.plain: 1000.0}))
    again = Derivation()
    again.load(derivation.dump())
    rig = again.complete(snapshot({}, a={ENERGY.plain: 5.0})).rig
    assert rig.get(ENERGY.plain) == 1005
    rig = again.complete(snapshot({ENERGY.plain: 7.0})).rig
    assert rig.get(ENERGY.plain) == 1012


def test_a_cards_energy_never_falls() -> None:
    """What it shows goes on, too, and one that is away for a while loses nothing."""
    derivation = Derivation()
    shown = [
        derivation.complete(one).parts["a"].get(ENERGY.plain)
        for one in (
            snapshot({}, a={ENERGY.plain: 10.0}, b={ENERGY.plain: 1.0}),
            snapshot({}, a={ENERGY.plain: 12.0}, b={ENERGY.plain: 1.0}),
            snapshot({}, a={ENERGY.plain: 3.0}),
            snapshot({}, a={ENERGY.plain: 3.5}, b={ENERGY.plain: 2.0}),
        )
    ]
    assert shown == [10, 12, 15, 15.5]
    assert derivation.complete(snapshot({}, a={}, b={})).rig.get(ENERGY.plain) == 17.5


def test_energy_that_not_every_card_counts() -> None:
    """Then the rig's is not their sum: some of its power would be left out."""
    counting: Told = {ENERGY.plain: 5.0, POWER.plain: 100.0}
    rig = complete(snapshot({}, a=counting, b={POWER.plain: 50.0}))
    assert ENERGY.plain not in rig.values
    # It is again when that card is gone.
    rig = complete(
        snapshot({}, a=counting, b={POWER.plain: 50.0}), snapshot({}, a=counting)
    )
    assert rig.get(ENERGY.plain) == 5
    # A rig that measures the whole of its power knows better than its cards.
    rig = complete(snapshot({POWER.plain: 400.0}, a=counting))
    assert ENERGY.plain not in rig.values


@pytest.mark.parametrize(
    "stored", [None, [], {"totals": {"energy": 3}}, {"totals": {"energy": {}}}]
)
def test_garbage_in_the_store_is_left_out(stored: Any) -> None:
    """What makes no sense there costs only itself."""
    derivation = Derivation()
    derivation.load(stored)
    rig = derivation.complete(snapshot({}, a={ENERGY.plain: 5.0})).rig
    assert rig.get(ENERGY.plain) == 5


def test_acceptance() -> None:
    """Shares in per cent; nothing before the first share."""
    shares: Told = {ACCEPTED.plain: 97, REJECTED.plain: 2, INVALID.plain: 1}
    assert complete(snapshot(shares)).get(ACCEPTANCE.plain) == 97
    none: Told = {ACCEPTED.plain: 0, REJECTED.plain: 0}
    assert complete(snapshot(none)).get(ACCEPTANCE.plain) is None
    assert complete(snapshot({ACCEPTED.plain: 5})).get(ACCEPTANCE.plain) is None


@pytest.mark.parametrize(
    ("told", "mining"),
    [
        ({HASHRATE.plain: 10.0}, True),
        ({HASHRATE.plain: 0.0}, False),
        ({HASHRATE.plain: 10.0, MINING_ALLOWED.plain: False}, False),
        ({MINING_ALLOWED.plain: True}, None),
    ],
)
def test_mining(told: Told, mining: bool | None) -> None:
    """A rig mines when it hashes and may."""
    assert complete(snapshot(told)).get(MINING.plain) is mining


def test_power_settings() -> None:
    """A meter beats what is measured, that beats an estimate."""
    measured = snapshot({HASHRATE.plain: 1.0}, a={POWER.plain: 100.0})
    silent = snapshot({HASHRATE.plain: 1.0})
    assert complete(measured, base=60).get(POWER.plain) == 160
    assert complete(snapshot({POWER.plain: 90.0}), base=60).get(POWER.plain) == 150
    assert complete(measured, meter=True).get(POWER.plain) is None
    derivation = Derivation(PowerSettings(meter=True, base=60, rated=500))
    assert derivation.complete(measured, 333.0).rig.get(POWER.plain) == 333
    rated = complete(silent, rated=500)
    assert rated.get(POWER.plain) is None
    assert rated.get(POWER_ESTIMATE.plain) == 500
    assert complete(silent, rated=None).get(POWER_ESTIMATE.plain) is None
    idle = complete(snapshot({HASHRATE.plain: 0.0}), rated=500)
    assert idle.get(POWER_ESTIMATE.plain) is None
    assert complete(measured, rated=500).get(POWER_ESTIMATE.plain) is None


def test_a_card_that_stops_measuring_leaves_the_sum_unknown() -> None:
    """Seven of eight cards are not the rig's power."""
    both = snapshot({}, a={POWER.plain: 100.0}, b={POWER.plain: 100.0})
    assert (
        complete(both, snapshot({}, a={POWER.plain: 100.0}, b={})).get(POWER.plain)
        is None
    )
    assert complete(both, snapshot({}, a={POWER.plain: 100.0})).get(POWER.plain) == 100


def test_a_start_does_not_jitter() -> None:
    """The start moves only when the miner really restarted."""
    derivation = Derivation()
    for seconds, expected in ((0, 0), (3, 0), (-20, 0), (300, 300), (290, 300)):
        told: Told = {STARTED.plain: NOW + timedelta(seconds=seconds)}
        started = derivation.complete(snapshot(told)).rig.get(STARTED.plain)
        assert started == NOW + timedelta(seconds=expected)


def test_a_window_that_is_not_full_for_one_card_is_not_for_the_rig() -> None:
    """An average over some of the cards is none."""
    hour = HASHRATE.channel(Window.H1)
    old: Told = {HASHRATE.plain: 60.0, hour: 59.0}
    rig = complete(snapshot({}, a=old, b={HASHRATE.plain: 60.0}))
    assert rig.get(HASHRATE.plain) == 120
    assert rig.get(hour) is None
    assert complete(snapshot({}, a=old, b=old)).get(hour) == 118
    # A card that tells nothing at all now does not make seven of eight the rig.
    assert (
        complete(snapshot({}, a=old, b=old), snapshot({}, a=old, b={})).get(
            HASHRATE.plain
        )
        is None
    )


# ---- what does not belong together


def _card(watts: float | None, rate: float = 60e6) -> Told:
    card: Told = {HASHRATE.plain: rate}
    return card if watts is None else {**card, POWER.plain: watts}


@pytest.mark.parametrize(
    ("told", "cards"),
    [
        ({}, {"a": _card(430.0), "b": _card(430.0), "c": _card(None)}),
        # The miner adds up what is measured, as its cards do.
        (
            {POWER.plain: 860.0, HASHRATE.plain: 180e6},
            {"a": _card(430.0), "b": _card(430.0), "c": _card(None)},
        ),
        # It need not work to draw power.
        ({}, {"a": _card(430.0), "b": {TEMPERATURE.plain: 40.0}}),
        ({}, {"a": {**_card(430.0), ENERGY.plain: 5.0}, "b": _card(None)}),
    ],
)
def test_power_of_some_cards_is_not_the_rigs(
    told: Told, cards: dict[str, Told]
) -> None:
    """Unless its owner says what the rest draws."""
    some = snapshot(told, **cards)
    rig = complete(some)
    unknown = (POWER, EFFICIENCY, ENERGY, POWER_ESTIMATE)
    assert not [reading for reading in unknown if reading.plain in rig.values]
    measured = sum(float(c.get(POWER.plain, 0)) for c in cards.values())
    assert complete(some, base=500).get(POWER.plain) == measured + 500
    rated = complete(some, rated=1300)
    assert rated.get(POWER_ESTIMATE.plain) == 1300
    assert POWER.plain not in rated.values
    assert EFFICIENCY.plain not in rated.values
    metered = Derivation(PowerSettings(meter=True)).complete(some, 1300.0).rig
    assert metered.get(EFFICIENCY.plain) == 1300 / float(metered.values[HASHRATE.plain])
    # A card that reports nothing at all is not there.
    alone = snapshot({}, a=_card(430.0), nothing={})
    assert complete(alone).get(POWER.plain) == 430
    # The cards' own are of themselves.
    card = Derivation().complete(some).parts["a"]
    assert card.get(EFFICIENCY.plain) == pytest.approx(430 / 60e6)


def test_a_rig_measures_what_its_cards_cannot() -> None:
    """Its own power is no sum then."""
    rig = complete(snapshot({POWER.plain: 1300.0}, a=_card(430.0), b=_card(None)))
    assert rig.get(POWER.plain) == 1300


def processor(**values: Any) -> Part:
    """Return a processor."""
    told: Told = {READINGS[key].plain: value for key, value in values.items()}
    return Part(kind=PartKind.CPU, key="cpu", values=told)


READINGS: dict[str, Reading[Any]] = {
    reading.key: reading for reading in (ALGORITHM, HASHRATE, POWER, TEMPERATURE)
}


def test_power_of_cards_beside_a_processor() -> None:
    """A processor that works draws more than its cards know; an idle one does not."""
    cards = snapshot({}, a=_card(120.0), b=_card(120.0))
    derivation = Derivation()

    def power(cpu: Part) -> float | None:
        parts = {**cards.parts, cpu.key: cpu}
        return derivation.complete(Snapshot(parts=parts)).rig.get(POWER.plain)

    assert power(processor(temperature=50.0)) == 240
    assert power(processor(hashrate=9000.0)) is None
    # Its hashrate is not known for a moment, or over a restart.
    assert power(processor()) is None
    derivation.load(derivation.dump())
    assert power(processor()) is None
    assert power(processor(hashrate=0.0)) == 240
    assert power(processor(hashrate=9000.0, power=65.0)) == 305


def test_no_efficiency_over_two_algorithms() -> None:
    """Hashes of different work cannot be added up."""
    cards = snapshot({}, a=_card(120.0))
    for cpu, known in (
        (processor(hashrate=9e3, power=65.0, algorithm="RandomX"), False),
        (processor(hashrate=0.0, power=9.0, algorithm="RandomX"), True),
    ):
        parts = {**cards.parts, cpu.key: cpu}
        rig = Derivation().complete(Snapshot(parts=parts)).rig
        assert (EFFICIENCY.plain in rig.values) is known


@pytest.mark.parametrize("why", [STOPPED_BY_HEAT, MINING, MINING_ALLOWED])
def test_no_efficiency_of_what_has_stopped(why: Reading[bool]) -> None:
    """Its hashrate is a mean of the past, its power is that of now."""
    hot: Told = {**_card(33.0), why.plain: why is STOPPED_BY_HEAT}
    done = Derivation().complete(snapshot({}, a=hot, b=_card(120.0)))
    assert EFFICIENCY.plain not in done.parts["a"].values
    assert EFFICIENCY.plain not in done.rig.values
    assert EFFICIENCY.plain in done.parts["b"].values
    # A miner that still reports the mean of both, and what the other one does.
    for rate, known in ((120e6, False), (60e6, True)):
        hot[HASHRATE.plain] = 0.0
        rig = complete(snapshot({HASHRATE.plain: rate}, a=hot, b=_card(120.0)))
        assert (EFFICIENCY.plain in rig.values) is known


def test_no_efficiency_while_power_changes() -> None:
    """A minute after it fell, the mean of the hashrate is of the same time."""
    derivation = Derivation()

    def known(second: float, watts: float) -> tuple[bool, bool]:
        done = derivation.complete(
            snapshot({}, a=_card(watts)), None, NOW + timedelta(seconds=second)
        )
        parts = done.parts["a"], done.rig
        one, other = (EFFICIENCY.plain in part.values for part in parts)
        return one, other

    assert known(0, 250.0) == (True, True)
    assert known(10, 240.0) == (True, True)
    assert known(20, 132.0) == (False, False)
    assert known(30, 90.0) == (False, False)
    assert known(80, 91.0) == (False, False)
    assert known(90, 91.0) == (True, True)
    # Another clock, two hours behind.
    assert known(100, 250.0) == (False, False)
    assert known(-7200, 250.0) == (True, True)


@pytest.mark.parametrize("rate", [0.0, 5e-324, -1.0, 1e-310])
@pytest.mark.parametrize("watts", [0.0, 300.0])
def test_no_efficiency_without_end(rate: float, watts: float) -> None:
    """A quotient that is no number is not shown."""
    assert EFFICIENCY.plain not in complete(snapshot({}, a=_card(watts, rate))).values


# ---- averages, temperatures


def test_an_average_that_is_not_full_is_not_zero() -> None:
    """Whatever a source makes of it; a 0 over less time than it runs is measured."""
    minute, quarter, week = (
        HASHRATE.channel(window) for window in (Window.M1, Window.M15, Window.W1)
    )
    second = HASHRATE.channel(Window.M15, 2)
    card: Told = {minute: 0.0, quarter: 0.0, week: 0.0, second: 0.0}
    rig: Told = {**card, STARTED.plain: NOW - timedelta(minutes=5)}
    worker = Part(kind=PartKind.WORKER, key="w", values=card)
    told = snapshot(rig, a=card)
    told = Snapshot(parts={**told.parts, "w": worker})
    done = Derivation().complete(told, None, NOW)
    for part in (done.rig, done.parts["a"]):
        found = [c for c in card if c in part.values]
        assert found == [minute]
    # It has a start of its own, which is not known.
    assert done.parts["w"].values == card
    later = Derivation().complete(told, None, NOW + timedelta(days=8))
    assert later.parts["a"].values.keys() == card.keys()
    # A mean that is above 0 is one.
    some: Told = {quarter: 5.0, STARTED.plain: NOW}
    assert Derivation().complete(snapshot(some), None, NOW).rig.get(quarter) == 5


def test_what_is_hottest_is_of_one_kind() -> None:
    """Memory bears more than chips; what is beside them does not count."""
    card: Told = {
        TEMPERATURE.plain: 61.0,
        JUNCTION_TEMPERATURE.plain: 75.0,
        CHIP_TEMPERATURE.channel(number=3): 74.0,
        MEMORY_TEMPERATURE.plain: 101.0,
        REGULATOR_TEMPERATURE.plain: 110.0,
        OUTLET_TEMPERATURE.plain: 120.0,
        INLET_TEMPERATURE.plain: 130.0,
        LIMIT.plain: 110.0,
    }
    rig = complete(snapshot({BOARD_TEMPERATURE.plain: 70.0}, a=card))
    assert rig.get(HOTTEST.plain) == 75
    assert rig.get(HOTTEST_MEMORY.plain) == 101
    assert HOTTEST_MEMORY.plain not in complete(snapshot({}, a={})).values


_BESIDE = frozenset(
    (
        HOTTEST,
        HOTTEST_MEMORY,
        REGULATOR_TEMPERATURE,
        INLET_TEMPERATURE,
        OUTLET_TEMPERATURE,
    )
)
"""Temperatures with no limit of a chip or of memory."""


async def test_each_temperature_is_of_some_kind(hass: HomeAssistant) -> None:
    """One that a source adds is not forgotten, nor counted by mistake."""
    for kind in KINDS.values():
        await async_import_module(
            hass, f"custom_components.mining_rig.sources.{kind.module}"
        )
    for reading in every_reading():
        if reading.key.startswith("test_"):
            continue
        if reading.quantity is Quantity.TEMPERATURE and not reading.setting:
            assert (reading.hottest is None) is (reading in _BESIDE), reading.key
        else:
            assert reading.hottest is None
