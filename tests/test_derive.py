"""Readings that follow from readings."""

from datetime import UTC, datetime, timedelta
from typing import Any

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
    part_map,
)
from custom_components.mining_rig.readings import (
    ACCEPTANCE,
    ACCEPTED,
    EFFICIENCY,
    ENERGY,
    HASHRATE,
    HOTTEST,
    INVALID,
    MEMORY_TEMPERATURE,
    MINING,
    MINING_ALLOWED,
    POWER,
    POWER_ESTIMATE,
    REJECTED,
    STARTED,
    TEMPERATURE,
)

LIMIT = Reading[float]("test_limit", Quantity.TEMPERATURE, setting=True)
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
    assert rig.get(HOTTEST.plain) == 96
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
