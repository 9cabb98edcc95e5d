"""Cost and earnings as sums of increases."""

from datetime import UTC, datetime, timedelta
import json

from hypothesis import given, strategies as st
import pytest

from custom_components.mining_rig.farm.accrual import (
    Accrual,
    Cost,
    Earned,
    load_accrual,
)

NOW = datetime(2026, 11, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def test_energy_has_the_price_of_its_moment() -> None:
    """A price that changes changes nothing of what was already counted."""
    cost = Cost()
    cost.add(5_000, "EUR", 0.30)
    assert cost.sums == {"EUR": 0}
    cost.add(6_000, "EUR", 0.30)
    cost.add(8_000, "EUR", 0.10)
    assert cost.sums["EUR"] == pytest.approx(0.30 + 0.20)
    cost.add(8_000, "EUR", 9.0)
    assert cost.sums["EUR"] == pytest.approx(0.50)


def test_energy_waits_for_a_price() -> None:
    """While the price is not known nothing is made up and nothing is lost."""
    cost = Cost()
    cost.add(0, "EUR", None)
    cost.add(1_000, "EUR", None)
    assert cost.sums == {"EUR": 0}
    cost.add(2_000, "EUR", 0.25)
    assert cost.sums["EUR"] == pytest.approx(0.50)


def test_a_negative_price_gives_money_back() -> None:
    """As dynamic tariffs do around noon."""
    cost = Cost({"EUR": 1.0}, priced=0)
    cost.add(1_000, "EUR", -0.10)
    assert cost.sums["EUR"] == pytest.approx(0.90)


def test_energy_that_is_not_known_for_a_moment_costs_nothing_again() -> None:
    """A total that is lower for once has no price a second time."""
    cost = Cost(priced=5_000)
    cost.add(0, "EUR", 1.0)
    cost.add(5_000, "EUR", 1.0)
    assert cost.sums == {"EUR": 0}


def test_time_without_a_price_source_costs_nothing() -> None:
    """Who takes the price away and enters one later does not pay for the time between."""
    cost = Cost(priced=1_000)
    cost.stop()
    cost.add(9_000, "EUR", 1.0)
    cost.add(10_000, "EUR", 1.0)
    assert cost.sums["EUR"] == pytest.approx(1.0)


def test_each_currency_has_its_own_sum() -> None:
    """Amounts of two currencies are never added up."""
    cost = Cost()
    cost.add(0, "EUR", 0.30)
    cost.add(1_000, "EUR", 0.30)
    cost.add(1_500, "CHF", 0.20)
    assert cost.sums == {"EUR": pytest.approx(0.30), "CHF": pytest.approx(0.10)}


@given(
    st.lists(
        st.tuples(
            st.floats(0, 5_000), st.one_of(st.none(), st.floats(0, 2)), st.booleans()
        )
    )
)
def test_all_energy_has_a_price_exactly_once(
    steps: list[tuple[float, float | None, bool]],
) -> None:
    """With any gaps and restarts: at a constant price, cost is energy times price."""
    accrual, energy = Accrual(Cost(priced=0)), 0.0
    for increase, price, restarts in steps:
        energy += increase
        accrual.cost.add(energy, "EUR", None if price is None else 0.5)
        if restarts:
            stored = json.loads(json.dumps(accrual.dump()))
            accrual = load_accrual(stored, energy)
    accrual.cost.add(energy, "EUR", 0.5)
    assert accrual.cost.sums["EUR"] == pytest.approx(energy / 1000 * 0.5)


def test_credits_are_earned_at_the_rate_of_their_moment() -> None:
    """What an account had before the farm is not earned by it."""
    earned = Earned()
    earned.add_credit("a", "BTC", 1.0, "EUR", 80_000)
    assert earned.sums == {"EUR": 0}
    earned.add_credit("a", "BTC", 1.001, "EUR", 80_000)
    earned.add_credit("a", "BTC", 1.002, "EUR", 90_000)
    assert earned.sums["EUR"] == pytest.approx(80 + 90)


def test_a_credit_waits_for_a_rate() -> None:
    """The account goes on counting; nothing of it is lost."""
    earned = Earned()
    earned.add_credit("a", "BTC", 1.0, "EUR", None)
    earned.add_credit("a", "BTC", 1.001, "EUR", None)
    assert earned.sums == {"EUR": 0}
    earned.add_credit("a", "BTC", 1.002, "EUR", 50_000)
    assert earned.sums["EUR"] == pytest.approx(100)


def test_a_correction_of_an_account_earns_nothing_twice() -> None:
    """A total that falls and rises again counts only beyond where it was."""
    earned = Earned()
    for total in (1.0, 1.5, 0.0, 1.5, 1.6):
        earned.add_credit("a", "BTC", total, "EUR", 10)
    assert earned.sums["EUR"] == pytest.approx(6.0)


def test_an_account_that_is_chosen_again_begins_anew() -> None:
    """The month without it is not earned at once."""
    earned = Earned()
    earned.add_credit("a", "BTC", 1.0, "EUR", 10)
    earned.add_credit("b", "BTC", 1.0, "EUR", 10)
    earned.keep_accounts(["b"])
    earned.add_credit("a", "BTC", 5.0, "EUR", 10)
    earned.add_credit("b", "BTC", 2.0, "EUR", 10)
    assert earned.sums["EUR"] == pytest.approx(10)


def test_income_is_earned_over_time() -> None:
    """24 a day are one an hour; in a gap nothing is earned."""
    earned = Earned()
    for minute in range(61):
        earned.add_income(24.0, "EUR", NOW + minute * MINUTE)
    assert earned.sums["EUR"] == pytest.approx(1.0)
    earned.add_income(24.0, "EUR", NOW + 120 * MINUTE)
    earned.add_income(None, "EUR", NOW + 121 * MINUTE)
    earned.add_income(24.0, "EUR", NOW + 122 * MINUTE)
    earned.add_income(24.0, "EUR", NOW)
    assert earned.sums["EUR"] == pytest.approx(1.0)


def test_income_goes_on_over_a_restart() -> None:
    """The minutes of a restart count as the time before and after it."""
    earned = Earned()
    earned.add_income(1440.0, "EUR", NOW)
    again = load_accrual(Accrual(earned=earned).dump(), 0).earned
    again.add_income(1440.0, "EUR", NOW + 2 * MINUTE)
    assert again.sums["EUR"] == pytest.approx(2.0)


def test_what_is_stored_is_read_again() -> None:
    """Nothing is lost on the way through the file."""
    accrual = Accrual(
        Cost({"EUR": 1.5}, priced=700.0),
        Earned({"EUR": 2.5}, {"a": {"BTC": 0.25}}, 3.0, NOW),
    )
    stored = json.loads(json.dumps(accrual.dump()))
    assert load_accrual(stored, 900) == accrual
    # The farm's energy was lost and begins anew.
    assert load_accrual(stored, 0).cost.priced == 0


@pytest.mark.parametrize("garbage", [None, 5, "x", [], {}, {"cost": 5, "priced": "x"}])
def test_garbage_is_nothing_known(garbage: object) -> None:
    """An empty, new or spoilt file begins with nothing."""
    assert load_accrual(garbage, 100) == Accrual()


def test_one_spoilt_field_leaves_the_others() -> None:
    """Each field is read alone, and each item of it."""
    stored = {
        "cost": {"EUR": 1.5, "USD": "x", "CHF": float("nan")},
        "priced": -5,
        "earned": [1],
        "credited": {"a": {"BTC": 0.25, "LTC": -1}, "b": None, "c": {"BTC": True}},
        "per_day": True,
        "at": 1e300,
    }
    assert load_accrual(stored, 100) == Accrual(
        Cost({"EUR": 1.5}), Earned(credited={"a": {"BTC": 0.25}})
    )


@given(
    st.recursive(
        st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text()),
        lambda inner: st.dictionaries(
            st.sampled_from(["cost", "priced", "earned", "credited", "at", "EUR"]),
            inner,
        ),
    )
)
def test_anything_can_be_read(stored: object) -> None:
    """No stored JSON keeps a farm from loading, or later from counting."""
    accrual = load_accrual(stored, 100)
    accrual.cost.add(200, "EUR", 0.3)
    accrual.earned.add_credit("a", "BTC", 1, "EUR", 1)
    accrual.earned.add_income(1, "EUR", NOW)
