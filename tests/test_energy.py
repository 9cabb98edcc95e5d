"""Power into energy, and counters into totals that never fall."""

from datetime import UTC, datetime, timedelta

from hypothesis import given, strategies as st
import pytest

from custom_components.mining_rig.energy import EnergyTotal, RisingTotal, load_rising

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
