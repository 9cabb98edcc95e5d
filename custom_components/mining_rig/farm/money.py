"""The money of a farm: what its energy costs, what it earns, what remains."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from homeassistant.core import valid_entity_id

from ..stored import number, texts
from .earnings import Income, read_incomes
from .price import CURRENCIES, MOST_PRICE

CONF_MONEY: Final = "money"
"""In a farm's options: an object with the keys below, all of them optional."""
CONF_CURRENCY: Final = "currency"
CONF_PRICE: Final = "price"
CONF_PRICE_ENTITY: Final = "price_entity"
CONF_ACCOUNTS: Final = "accounts"
CONF_RATE_ENTITY: Final = "rate_entity"
CONF_INCOMES: Final = "incomes"

_HOURS_PER_DAY: Final = 24
_WATTS: Final = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class MoneySettings:
    """What the owner entered about a farm's money."""

    currency: str
    price: float | None = None
    """Of a kWh."""
    price_entity: str | None = None
    accounts: tuple[str, ...] = ()
    """Ids of the entries whose accounts the farm mines for."""
    rate_entity: str | None = None
    """Shows what a coin of the accounts is worth."""
    incomes: tuple[Income, ...] = ()

    @property
    def has_price(self) -> bool:
        """Whether the farm's energy can have a price."""
        return self.price is not None or self.price_entity is not None

    @property
    def has_earnings(self) -> bool:
        """Whether it can be known what the farm earns."""
        return bool(self.accounts or self.incomes)


def money_settings(options: Mapping[str, Any], currency: str) -> MoneySettings:
    """Read the settings of an entry's options; `currency` is Home Assistant's."""
    stored = options.get(CONF_MONEY)
    money: Mapping[str, Any] = stored if isinstance(stored, Mapping) else {}
    price = number(money.get(CONF_PRICE))
    own = money.get(CONF_CURRENCY)
    return MoneySettings(
        currency=own if own in CURRENCIES else currency,
        price=price if price is not None and abs(price) <= MOST_PRICE else None,
        price_entity=_entity(money.get(CONF_PRICE_ENTITY)),
        accounts=tuple(texts(money.get(CONF_ACCOUNTS))),
        rate_entity=_entity(money.get(CONF_RATE_ENTITY)),
        incomes=read_incomes(money.get(CONF_INCOMES)),
    )


def _entity(stored: Any) -> str | None:
    return stored if isinstance(stored, str) and valid_entity_id(stored) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class MoneyTotals:
    """A farm's money at one moment, in its currency; None where it is not known."""

    cost: float | None = None
    """Of all energy that was counted."""
    earned: float | None = None
    cost_per_hour: float | None = None
    cost_per_day: float | None = None
    """At the present power and price."""
    profit_per_day: float | None = None
    break_even_price: float | None = None
    """The price of a kWh at which nothing remains."""


def present_money(
    watts: float | None, price: float | None, income: float | None
) -> MoneyTotals:
    """Return what follows from the power (W), the price of a kWh and a day's income."""
    per_hour = None if watts is None or price is None else watts / _WATTS * price
    per_day = None if per_hour is None else per_hour * _HOURS_PER_DAY
    return MoneyTotals(
        cost_per_hour=per_hour,
        cost_per_day=per_day,
        profit_per_day=(
            None if income is None or per_day is None else income - per_day
        ),
        break_even_price=(
            income / (watts / _WATTS * _HOURS_PER_DAY)
            if income is not None and watts
            else None
        ),
    )
