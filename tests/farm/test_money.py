"""What follows from power, price and income; the settings."""

import pytest

from custom_components.mining_rig.farm.money import (
    MoneyTotals,
    money_settings,
    present_money,
)


def test_cost_profit_and_break_even() -> None:
    """1.5 kW at 0.30 cost 10.80 a day; 36 kWh that earn 9 break even at 0.25."""
    money = present_money(1_500, 0.30, 9.0)
    assert money == MoneyTotals(
        cost_per_hour=pytest.approx(0.45),
        cost_per_day=pytest.approx(10.80),
        profit_per_day=pytest.approx(-1.80),
        break_even_price=pytest.approx(0.25),
    )


@pytest.mark.parametrize(
    ("watts", "price", "income", "known"),
    [
        (None, 0.3, 9.0, set()),
        (1_500, None, 9.0, {"break_even_price"}),
        (1_500, 0.3, None, {"cost_per_hour", "cost_per_day"}),
        (0, 0.3, 0.0, {"cost_per_hour", "cost_per_day", "profit_per_day"}),
        (None, None, None, set()),
    ],
)
def test_what_is_not_known_is_left_out(
    watts: float | None, price: float | None, income: float | None, known: set[str]
) -> None:
    """No value is made up of the others; without power there is no break-even."""
    money = present_money(watts, price, income)
    names = ("cost_per_hour", "cost_per_day", "profit_per_day", "break_even_price")
    assert {name for name in names if getattr(money, name) is not None} == known


@pytest.mark.parametrize(
    "stored",
    [
        None,
        5,
        {},
        {
            "currency": "XXL",
            "price": "0.3",
            "price_entity": "no entity",
            "accounts": "x",
            "rate_entity": ["sensor.a"],
            "incomes": [None],
        },
        {"currency": ["EUR"], "price": 1e12},
    ],
)
def test_settings_of_another_shape_are_none(stored: object) -> None:
    """A farm with spoilt options has no money, in Home Assistant's currency."""
    settings = money_settings({"money": stored}, "CHF")
    assert settings.currency == "CHF"
    assert not settings.has_price
    assert not settings.has_earnings
