"""Power into energy, and counters into totals that never fall."""

from datetime import UTC, datetime, timedelta

from hypothesis import given, strategies as st
import pytest

from custom_components.mining_rig.energy import (
    EnergyTotal,
    Pace,
    RisingTotal,
    load_rising,
)

START = datetime(2026, 11, 1, tzinfo=UTC)


def test_constant_power_becomes_energy() -> None:
    """1200 W over an hour are 1200 Wh."""
    energy = EnergyTotal()
    for second in range(0, 3601, 10):
        energy.add(1200, START + timedelta(seconds=second), 30)
    assert energy.total == pytest.approx(1200)


def test_gaps_and_unknown_power_are_not_counted() -> None:
    """What was used while nobody looked is not made up."""
    energy = EnergyTotal(500)
    energy.add(3600, START, 30)
    energy.add(3600, START + timedelta(seconds=10), 30)
    assert energy.total == pytest.approx(510)
    energy.add(3600, START + timedelta(seconds=600), 30)
    assert energy.total == pytest.approx(510)
    energy.add(None, START + timedelta(seconds=610), 30)
    energy.add(3600, START + timedelta(seconds=620), 30)
    assert energy.total == pytest.approx(510)
    energy.add(3600, START + timedelta(seconds=630), 30)
    assert energy.total == pytest.approx(520)


def test_a_clock_that_goes_back_takes_nothing_away() -> None:
    """The total never falls."""
    energy = EnergyTotal(100)
    energy.add(3600, START, 30)
    energy.add(3600, START - timedelta(hours=1), 30)
    assert energy.total == 100


def test_a_rising_total_survives_resets_and_absences() -> None:
    """A part that restarts or vanishes never makes the total fall."""
    total = RisingTotal()
    assert total.add({"a": 100, "b": 50}) == 150
    assert total.add({"a": 110}) == 160
    assert total.add({"a": 5, "b": 60}) == 175
    assert load_rising(total.dump()).add({"a": 6, "b": 60}) == 176


@given(
    st.lists(
        st.dictionaries(
            st.sampled_from("abc"), st.integers(min_value=0, max_value=10**9)
        ),
        max_size=20,
    )
)
def test_a_rising_total_never_falls(steps: list[dict[str, int]]) -> None:
    """Whatever the counters do."""
    total, before = RisingTotal(), 0.0
    for counts in steps:
        now = total.add(counts)
        assert now >= before
        before = now


def test_power_that_the_rig_cannot_take() -> None:
    """It is a gap: neither the time before it nor the time after it counts."""
    energy = EnergyTotal()
    for second, watts in ((0, 3600), (10, 3600), (20, 2**32 - 1), (30, 3600), (40, -1)):
        energy.add(watts, START + timedelta(seconds=second), 30, most=4_000)
    assert energy.total == pytest.approx(10)


def test_lower_of_two_readings_far_apart() -> None:
    """One wrong reading adds nothing; a rig that starts loses half an interval."""
    energy = EnergyTotal()
    for second, watts in ((0, 360), (10, 19_000), (20, 360), (30, 360)):
        energy.add(watts, START + timedelta(seconds=second), 30)
    assert energy.total == pytest.approx(3)


def test_increase_that_no_counter_can_have_made() -> None:
    """It does not count, and the counter goes on from there."""
    total, pace = RisingTotal(), Pace(rate=1, step=10)
    moments = [START + timedelta(seconds=10 * number) for number in range(5)]
    counts = (100, 2**32 - 1, 105, 125, 126)
    found = [
        total.add({"a": c}, at, pace) for c, at in zip(counts, moments, strict=True)
    ]
    assert found == [100, 100, 100, 120, 121]
    # A clock that was set back allows no more than a step.
    assert total.add({"a": 137}, START, pace) == 121
    again = load_rising(total.dump())
    assert again.add({"a": 1_137}, START + timedelta(seconds=990), pace) == 1_121
    # A total of an older version does not tell when it was read.
    old = load_rising({"total": 5, "last": {"a": 1}})
    assert old.add({"a": 10_001}, START, pace) == 10_005


# ---- the bounds


def energy_between(
    first: float, second: float, seconds: float = 36, most: float = 20_000
) -> float:
    """Return the Wh of two readings that are so far apart, with gaps of 36 s."""
    energy = EnergyTotal()
    assert energy.add(first, START, 36, most) == 0
    return energy.add(second, START + timedelta(seconds=seconds), 36, most)


@pytest.mark.parametrize(
    ("first", "second", "seconds", "most", "found"),
    [
        (1000, 2000, 36, 20_000, 15),
        # A jump of exactly 5 kW is believed, a larger one is not.
        (1000, 6000, 36, 20_000, 35),
        (6000, 1000, 36, 20_000, 35),
        (1000, 6001, 36, 20_000, 10),
        # The longest gap counts, and no moment does not.
        (1000, 1000, 36.1, 20_000, 0),
        (1000, 1000, 0, 20_000, 0),
        (1000, 1000, 1, 20_000, 1000 / 3600),
        # 0 W and the most that the rig can take are powers.
        (0, 1000, 36, 1000, 5),
        (1000, 1001, 36, 1000, 0),
        (1000, -1, 36, 1000, 0),
    ],
)
def test_bounds_of_energy(
    first: float, second: float, seconds: float, most: float, found: float
) -> None:
    """What is just inside counts, what is just outside does not."""
    assert energy_between(first, second, seconds, most) == pytest.approx(found)


def test_no_bound_unless_given() -> None:
    """A power of any size is believed, and a reading that is missing is a gap."""
    energy = EnergyTotal()
    energy.add(1e6, START, 36)
    assert energy.add(1e6, START + timedelta(seconds=36), 36) == pytest.approx(1e4)
    energy.add(None, START + timedelta(seconds=50), 36)
    assert energy.add(1e6, START + timedelta(seconds=60), 36) == pytest.approx(1e4)


def test_bounds_of_a_pace() -> None:
    """A step at once, a rate by the second, and never less than the step."""
    pace = Pace(rate=2, step=10)
    assert pace.allows(10, 0)
    assert not pace.allows(10.1, 0)
    assert pace.allows(12, 1)
    assert not pace.allows(12.1, 1)
    assert pace.allows(10, -5)
    assert not pace.allows(10.1, -5)
    assert pace.allows(1e9, None)


def test_counters_with_a_pace() -> None:
    """A rise that is too fast is left out, and the next one counts from there."""
    total, pace = RisingTotal(), Pace(rate=1, step=5)
    # It is not known how long it took to the first reading.
    assert total.add({"a": 100}, START, pace) == 100
    later = START + timedelta(seconds=10)
    assert total.add({"a": 115}, later, pace) == 115
    assert total.add({"a": 121}, later, pace) == 115
    assert total.add({"a": 121}, later, pace) == 115
    # One that restarts counts from 0.
    assert total.add({"a": 4}, later, pace) == 119
    assert total.at == {"a": later.timestamp()}
    assert total.last == {"a": 4}
    assert total.add({"a": 1000}) == 1115


def test_dump_of_counters() -> None:
    """What is loaded goes on where it was; an old dump has no times."""
    total = RisingTotal()
    total.add({"a": 100, "b": 5}, START)
    dumped = total.dump()
    assert dumped == {
        "total": 105,
        "last": {"a": 100, "b": 5},
        "at": dict.fromkeys("ab", START.timestamp()),
    }
    assert load_rising(dumped) == total
    assert load_rising({"total": 1, "last": {"a": 1}}).at == {}
