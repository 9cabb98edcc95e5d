"""Prices and rates in the units that other integrations report them in."""

from homeassistant.core import State
from hypothesis import given, strategies as st
import pytest

from custom_components.mining_rig.farm.price import (
    CURRENCIES,
    price_factor,
    price_of,
    rate_factor,
    rate_of,
)


@pytest.mark.parametrize(
    ("unit", "currency", "factor"),
    [
        ("EUR/kWh", "EUR", 1),
        ("€/kWh", "EUR", 1),
        (" eur / KWH ", "EUR", 1),
        ("EUR per kWh", "EUR", 1),
        ("EUR/MWh", "EUR", 0.001),
        ("€/MWh", "EUR", 0.001),
        ("EUR/Wh", "EUR", 1000),
        ("EUR/GWh", "EUR", 1e-6),
        ("ct/kWh", "EUR", 0.01),
        ("c/kWh", "AUD", 0.01),
        ("cents/kWh", "USD", 0.01),
        ("¢/kWh", "USD", 0.01),
        ("Cent/kWh", "EUR", 0.01),
        ("€ct/kWh", "EUR", 0.01),
        ("ct€/kWh", "EUR", 0.01),
        ("EUR ct/kWh", "EUR", 0.01),
        ("USc/kWh", "USD", 0.01),
        ("ct/MWh", "EUR", 0.00001),
        ("$/kWh", "USD", 1),
        ("$/kWh", "AUD", 1),
        ("A$/kWh", "AUD", 1),
        ("p/kWh", "GBP", 0.01),
        ("GBp/kWh", "GBP", 0.01),
        ("GBP/kWh", "GBP", 1),
        ("gbp/kWh", "GBP", 1),
        ("öre/kWh", "SEK", 0.01),
        ("øre/kWh", "NOK", 0.01),
        ("kr/kWh", "DKK", 1),
        ("Kč/MWh", "CZK", 0.001),
        ("gr/kWh", "PLN", 0.01),
        ("Rp./kWh", "CHF", 0.01),
        ("JPY/kWh", "JPY", 1),
        ("円/kWh", "JPY", 1),
        ("INR/MJ", "INR", 3.6),
        # Other currencies, and what is no price of energy.
        ("USD/kWh", "EUR", None),
        ("A$/kWh", "USD", None),
        ("GBp/kWh", "EUR", None),
        ("öre/kWh", "EUR", None),
        ("p/kWh", "EUR", None),
        ("ct/kWh", "JPY", None),
        ("ct/kWh", "KWD", None),
        ("kWh", "EUR", None),
        ("EUR", "EUR", None),
        ("EUR/", "EUR", None),
        ("/kWh", "EUR", None),
        ("EUR/m³", "EUR", None),
        ("EUR/h", "EUR", None),
        ("kWh/EUR", "EUR", None),
        ("EUR/kWh/day", "EUR", None),
        ("%", "EUR", None),
        ("", "EUR", None),
        (None, "EUR", None),
    ],
)
def test_a_unit_of_a_price_becomes_the_currency_per_kwh(
    unit: str | None, currency: str, factor: float | None
) -> None:
    """Cents, MWh, signs and any spelling; another currency or unit is no price."""
    found = price_factor(unit, currency)
    assert found == (None if factor is None else pytest.approx(factor))


@pytest.mark.parametrize("currency", CURRENCIES)
def test_every_currency_has_its_code(currency: str) -> None:
    """Each code of ISO 4217 is understood, and taken for no other currency."""
    assert price_factor(f"{currency}/kWh", currency) == 1
    others = [c for c in CURRENCIES if c != currency]
    assert not [c for c in others if price_factor(f"{currency}/kWh", c)]


@given(st.text(), st.sampled_from(CURRENCIES))
def test_any_unit_can_be_read(unit: str, currency: str) -> None:
    """Whatever another integration has as a unit, nothing is raised."""
    for found in (price_factor(unit, currency), rate_factor(unit, currency, "BTC")):
        assert found is None or found > 0


@pytest.mark.parametrize(
    ("shown", "price"),
    [
        ("0.31", 0.31),
        ("-0.02", -0.02),
        ("0", 0),
        ("unavailable", None),
        ("unknown", None),
        ("", None),
        ("nan", None),
        ("inf", None),
        ("1e7", None),
        ("0,31", None),
    ],
)
def test_only_a_number_is_a_price(shown: str, price: float | None) -> None:
    """A price below 0 is one; what cannot be one is not."""
    state = State("sensor.price", shown, {"unit_of_measurement": "EUR/kWh"})
    assert price_of(state, "EUR") == price


def test_an_entity_without_a_unit_has_no_price() -> None:
    """It could be per kWh or per MWh."""
    assert price_of(State("input_number.price", "0.3"), "EUR") is None
    assert price_of(State("sensor.p", "3", {"unit_of_measurement": 5}), "EUR") is None
    assert price_of(None, "EUR") is None


@pytest.mark.parametrize(
    ("unit", "factor"),
    [
        ("EUR", 1),
        ("€", 1),
        ("EUR/BTC", 1),
        ("€ per btc", 1),
        ("ct", 0.01),
        ("BTC/EUR", None),
        ("USD", None),
        ("EUR/ETH", None),
        ("EUR/kWh", None),
        (None, None),
    ],
)
def test_a_rate_is_what_one_coin_is_worth(
    unit: str | None, factor: float | None
) -> None:
    """In the farm's currency; what could be the reverse is refused."""
    assert rate_factor(unit, "EUR", "BTC") == factor


@pytest.mark.parametrize(
    ("shown", "rate"),
    [
        ("81000.5", 81000.5),
        ("0", None),
        ("-1", None),
        ("unknown", None),
        ("1e20", None),
    ],
)
def test_a_coin_is_worth_more_than_nothing(shown: str, rate: float | None) -> None:
    """A rate of 0 or less is a fault of its sensor."""
    state = State("sensor.btc", shown, {"unit_of_measurement": "EUR"})
    assert rate_of(state, "EUR", "BTC") == rate
