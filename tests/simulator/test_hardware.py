"""The hardware that simulated rigs are made of."""

from itertools import pairwise
from random import Random

import pytest

from simulator.clock import FastClock, ManualClock, wall_clock
from simulator.hardware import AMBIENT, Activity, Card, Gpu, Machine, Noise
from simulator.models import RTX_3070, RX_7800_XT, RYZEN_5_3600
from simulator.stratum import Stratum


def test_noise_is_smooth_bounded_and_repeatable() -> None:
    """The same seed and moment give the same value, near moments near ones."""
    noise = Noise("a")
    values = [noise.at(second / 10, 10) for second in range(2000)]
    assert values == [Noise("a").at(second / 10, 10) for second in range(2000)]
    assert values != [Noise("b").at(second / 10, 10) for second in range(2000)]
    assert all(-1 <= value <= 1 for value in values)
    assert max(values) - min(values) > 1
    steps = [abs(b - a) for a, b in pairwise(values)]
    assert max(steps) < 0.04


def test_activity_averages_over_windows() -> None:
    """Time before the start and after an end counts as idle."""
    activity = Activity(100)
    activity.set(100, 1.0)
    assert activity.mean(110, 10) == 1
    assert activity.mean(110, 20) == 0.5
    activity.set(120, 0.0)
    activity.set(130, 0.5)
    assert activity.mean(140, 10) == 0.5
    assert activity.mean(140, 40) == pytest.approx((20 + 5) / 40)
    assert activity.mean(1000, 900) == pytest.approx((20 + 870 * 0.5) / 900)


def test_activity_forgets_what_no_window_sees() -> None:
    """A rig that is switched for years does not grow."""
    activity = Activity(0)
    for second in range(10_000):
        activity.set(second, second % 2)
    assert activity.mean(9999, 900) == pytest.approx(0.5, abs=0.01)
    assert len(activity._steps) < 1000


@pytest.fixture
def gpu() -> Gpu:
    """Return an idle card."""
    return Gpu(RTX_3070, index=0, bus_id="01:00.0", seed="x", now=0)


def test_temperature_follows_load_with_inertia(gpu: Gpu) -> None:
    """Two thirds of the way after its inertia, all of it after five."""
    idle = gpu.temperature(0)
    assert AMBIENT - 1 < idle < AMBIENT + 8
    gpu.run(0, 1)
    full = AMBIENT + RTX_3070.warmth
    part = gpu.temperature(RTX_3070.inertia)
    assert part == pytest.approx(idle + 0.63 * (full - idle), abs=2)
    assert gpu.temperature(10 * RTX_3070.inertia) == pytest.approx(full, abs=1)


def test_temperature_does_not_depend_on_being_watched() -> None:
    """Looking every second or once gives the same."""
    watched, alone = (
        Gpu(RTX_3070, index=0, bus_id="01:00.0", seed="x", now=0) for _ in range(2)
    )
    for card in (watched, alone):
        card.run(0, 1)
    for second in range(100):
        watched.run(second, 1)
    assert watched.temperature(100) == pytest.approx(alone.temperature(100))


def test_power_clock_and_fan_follow_load(gpu: Gpu) -> None:
    """An idle card is frugal, slow and quiet."""
    assert gpu.power(0) == pytest.approx(RTX_3070.idle_power, rel=0.1)
    assert gpu.clock(0) < 300
    assert gpu.memory_clock() < 1000
    quiet = gpu.fan(0)
    gpu.run(0, 1)
    assert gpu.power(600) == pytest.approx(RTX_3070.full_power, rel=0.05)
    assert gpu.clock(600) > 1600
    assert gpu.memory_clock() == RTX_3070.memory_clock
    assert gpu.fan(600) > quiet + 20
    assert gpu.rpm(600) == pytest.approx(gpu.fan(600) / 100 * RTX_3070.top_rpm, abs=1)
    assert all(0 <= gpu.fan(moment) <= 100 for moment in range(600))


def test_machine_numbers_its_cards_by_vendor() -> None:
    """Every card has a slot of its own; drivers count only their own."""
    cards = (Card(model=RTX_3070), Card(model=RX_7800_XT), Card(model=RTX_3070))
    machine = Machine(RYZEN_5_3600, cards, seed="x", now=0)
    assert [gpu.index for gpu in machine.gpus] == [0, 0, 1]
    assert [gpu.bus_id for gpu in machine.gpus] == ["01:00.0", "02:00.0", "03:00.0"]
    idle = machine.power(0)
    for part in machine.processors:
        part.run(0, 1)
    assert machine.power(600) > idle + 400


def test_shares_come_at_the_pace_of_the_work() -> None:
    """As many as hashes divided by difficulty, a few of them too late."""
    stratum = Stratum(Random(1), reject_rate=0.05)
    stratum.work(1e12)
    assert stratum.tally.total == 0
    stratum.connect(0, "pool:1", "rx/0", 5000)
    assert stratum.connection is not None
    difficulty = stratum.connection.difficulty
    stratum.work(difficulty * 2000)
    assert stratum.tally.total == pytest.approx(2000, rel=0.1)
    assert 50 < stratum.tally.rejected < 160
    assert stratum.tally.hashes == stratum.tally.accepted * difficulty
    assert len(stratum.tally.best) == 10


def test_clocks() -> None:
    """One stands still, one runs faster."""
    manual = ManualClock(5)
    manual.advance(2.5)
    assert manual() == 7.5
    fast = FastClock(1000)
    begin, real = fast(), wall_clock()
    while wall_clock() < real + 0.002:
        pass
    assert fast() - begin >= 2
