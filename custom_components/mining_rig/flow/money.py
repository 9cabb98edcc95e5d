"""The form for a farm's money: its fields, what is filled in, what is refused."""

from abc import abstractmethod
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any, Final

from homeassistant.config_entries import ConfigEntryBaseFlow, ConfigFlowResult
from homeassistant.const import STATE_UNAVAILABLE, STATE_UNKNOWN, Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers.selector import (
    EntitySelector,
    EntitySelectorConfig,
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
    ObjectSelector,
    ObjectSelectorConfig,
    ObjectSelectorField,
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
)
import voluptuous as vol

from ..const import CONF_KIND, DOMAIN
from ..farm.earnings import (
    CONF_ALGORITHM,
    CONF_AMOUNT,
    CONF_PER,
    HASHRATE_UNITS,
    MOST_INCOME,
    read_income,
)
from ..farm.energy_source import GridPrice, async_grid_prices
from ..farm.money import (
    CONF_ACCOUNTS,
    CONF_CURRENCY,
    CONF_INCOMES,
    CONF_MONEY,
    CONF_PRICE,
    CONF_PRICE_ENTITY,
    CONF_RATE_ENTITY,
)
from ..farm.price import CURRENCIES, MOST_PRICE, price_factor, rate_factor, unit_of
from ..farm.rates import ALGORITHM_NAMES
from ..sources import KINDS

type Money = dict[str, Any]
"""The answers, as they are stored."""

CONF_GRID_PRICE: Final = "grid_price"

_AWAY: Final = (STATE_UNAVAILABLE, STATE_UNKNOWN)
_NUMBERS: Final = [Platform.SENSOR, "input_number", Platform.NUMBER]
_PRICE: Final = NumberSelector(
    NumberSelectorConfig(
        min=-MOST_PRICE, max=MOST_PRICE, step="any", mode=NumberSelectorMode.BOX
    )
)
_INCOMES: Final = ObjectSelector(
    ObjectSelectorConfig(
        multiple=True,
        label_field=CONF_ALGORITHM,
        description_field=CONF_AMOUNT,
        translation_key="income",
        fields={
            CONF_ALGORITHM: ObjectSelectorField(
                required=True,
                selector=SelectSelector(
                    SelectSelectorConfig(
                        options=list(ALGORITHM_NAMES),
                        custom_value=True,
                        mode=SelectSelectorMode.DROPDOWN,
                    )
                ),
            ),
            CONF_AMOUNT: ObjectSelectorField(
                required=True,
                selector=NumberSelector(
                    NumberSelectorConfig(
                        min=0, max=MOST_INCOME, step="any", mode=NumberSelectorMode.BOX
                    )
                ),
            ),
            CONF_PER: ObjectSelectorField(
                required=True,
                selector=SelectSelector(
                    SelectSelectorConfig(
                        options=list(HASHRATE_UNITS), mode=SelectSelectorMode.DROPDOWN
                    )
                ),
            ),
        },
    )
)


class MoneySteps(ConfigEntryBaseFlow):
    """The steps that ask for a farm's money, when it is added and later."""

    _prices: list[GridPrice]
    """Those of the Energy dashboard among which the owner chooses."""
    _suggested: Money | None = None
    """What the form shows at first; None: that is not decided yet."""

    def _stored_money(self) -> Money:
        """Return what was entered before."""
        return {}

    def _own_entities(self) -> list[str]:
        """Return the farm's entities."""
        return []

    @abstractmethod
    async def _async_save_money(self, money: Money) -> ConfigFlowResult:
        """End the flow with what was entered."""

    async def async_step_money(
        self, user_input: Money | None = None
    ) -> ConfigFlowResult:
        """Ask for the price of electricity, and what the farm earns."""
        if self._suggested is None:
            self._suggested = _existing(self.hass, self._stored_money())
            if not self._suggested:
                self._prices = await async_grid_prices(self.hass)
                if len(self._prices) > 1:
                    return await self.async_step_grid_price()
                for price in self._prices:
                    self._suggested = _filled_in(price)
        errors: dict[str, str] = {}
        if user_input is not None:
            self._suggested = user_input
            if not (errors := _errors(self.hass, user_input)):
                return await self._async_save_money(_answers(user_input))
        return self.async_show_form(
            step_id="money",
            data_schema=self.add_suggested_values_to_schema(
                _schema(self.hass, self._own_entities()), self._suggested
            ),
            errors=errors,
        )

    async def async_step_grid_price(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask which price of the Energy dashboard is the farm's."""
        if user_input is not None:
            if (place := user_input.get(CONF_GRID_PRICE)) is not None:
                self._suggested = _filled_in(self._prices[int(place)])
            return await self.async_step_money()
        field = vol.Optional(CONF_GRID_PRICE)
        return self.async_show_form(
            step_id="grid_price",
            data_schema=vol.Schema({field: _price_choice(self._prices)}),
        )


def with_money(options: Mapping[str, Any], money: Money) -> dict[str, Any]:
    """Return a farm's options with what was entered; nothing entered is no option."""
    others = {key: value for key, value in options.items() if key != CONF_MONEY}
    return others | {CONF_MONEY: money} if money else others


def _existing(hass: HomeAssistant, stored: Money) -> Money:
    """Return what was entered without accounts that were removed since."""
    there = {option["value"] for option in _accounts(hass)}
    return {
        key: [entry for entry in value if entry in there]
        if key == CONF_ACCOUNTS
        else value
        for key, value in stored.items()
    }


def _answers(user_input: Money) -> Money:
    """Return what is stored: nothing where only the currency was left standing."""
    money = {key: value for key, value in user_input.items() if value not in (None, [])}
    return {} if money.keys() == {CONF_CURRENCY} else money


def _schema(hass: HomeAssistant, own: list[str]) -> vol.Schema:
    """Return the form; accounts are asked for where there are any.

    `own` are the farm's entities: none of them can be the source of a price.
    """
    entity = EntitySelector(EntitySelectorConfig(domain=_NUMBERS, exclude_entities=own))
    fields: dict[Any, Any] = {
        vol.Required(CONF_CURRENCY, default=hass.config.currency): SelectSelector(
            SelectSelectorConfig(
                options=list(CURRENCIES), mode=SelectSelectorMode.DROPDOWN
            )
        ),
        vol.Optional(CONF_PRICE_ENTITY): entity,
        vol.Optional(CONF_PRICE): _PRICE,
    }
    if accounts := _accounts(hass):
        fields[vol.Optional(CONF_ACCOUNTS)] = SelectSelector(
            SelectSelectorConfig(options=accounts, multiple=True)
        )
        fields[vol.Optional(CONF_RATE_ENTITY)] = entity
    fields[vol.Optional(CONF_INCOMES)] = _INCOMES
    return vol.Schema(fields)


def _accounts(hass: HomeAssistant) -> list[SelectOptionDict]:
    """Return the entries of accounts that report what they earn."""
    return [
        SelectOptionDict(value=entry.entry_id, label=entry.title)
        for entry in hass.config_entries.async_entries(DOMAIN, include_ignore=False)
        if (kind := KINDS.get(entry.data[CONF_KIND])) and kind.earnings is not None
    ]


def _filled_in(price: GridPrice) -> Money:
    """Return what a price of the Energy dashboard fills in."""
    if price.entity_id is not None:
        return {CONF_PRICE_ENTITY: price.entity_id}
    return {CONF_PRICE: price.price}


def _price_choice(prices: Iterable[GridPrice]) -> SelectSelector:
    """Return the question which price is meant, by their places."""
    return SelectSelector(
        SelectSelectorConfig(
            options=[
                SelectOptionDict(
                    value=str(place),
                    label=f"{price.name}: {price.entity_id or price.price}",
                )
                for place, price in enumerate(prices)
            ]
        )
    )


def _errors(hass: HomeAssistant, money: Mapping[str, Any]) -> dict[str, str]:
    """Return what cannot be used, by its field."""
    errors: dict[str, str] = {}
    currency: str = money[CONF_CURRENCY]
    price, rate = money.get(CONF_PRICE_ENTITY), money.get(CONF_RATE_ENTITY)
    if price is not None and money.get(CONF_PRICE) is not None:
        errors[CONF_PRICE] = "two_prices"
    if price is not None and not _fits(
        hass, price, partial(price_factor, currency=currency)
    ):
        errors[CONF_PRICE_ENTITY] = "price_unit"
    coins = _coins(hass, money.get(CONF_ACCOUNTS) or ())
    if rate is None and coins:
        errors[CONF_RATE_ENTITY] = "no_rate"
    elif rate is not None and not all(
        _fits(hass, rate, partial(rate_factor, currency=currency, coin=coin))
        for coin in coins
    ):
        errors[CONF_RATE_ENTITY] = "rate_unit"
    if any(read_income(income) is None for income in money.get(CONF_INCOMES) or ()):
        errors[CONF_INCOMES] = "income"
    return errors


def _fits(
    hass: HomeAssistant, entity_id: str, factor: Callable[[str | None], float | None]
) -> bool:
    """Return whether an entity's unit can be converted; one that is away may have any."""
    state = hass.states.get(entity_id)
    unit = unit_of(state)
    if unit is None and (state is None or state.state in _AWAY):
        return True
    return factor(unit) is not None


def _coins(hass: HomeAssistant, accounts: Iterable[str]) -> set[str]:
    kinds = (
        KINDS.get(entry.data[CONF_KIND])
        for entry_id in accounts
        if (entry := hass.config_entries.async_get_entry(entry_id)) is not None
    )
    return {kind.earnings.coin for kind in kinds if kind and kind.earnings}
