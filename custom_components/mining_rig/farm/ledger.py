"""Keeps a farm's money: reads prices and accounts, and sums up what happens."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import CALLBACK_TYPE, Event, HomeAssistant, callback
from homeassistant.helpers.event import async_track_state_change_event
from homeassistant.util import dt as dt_util

from ..const import CONF_KIND
from ..coordinator import RigCoordinator
from ..sources import KINDS
from ..sources.common.earnings import Earnings
from .accrual import load_accrual
from .earnings import Account, account_of, income_per_day
from .money import MoneySettings, MoneyTotals, present_money
from .price import price_of, rate_of
from .totals import FarmTotals


class Ledger:
    """The money of one farm."""

    def __init__(
        self, hass: HomeAssistant, settings: MoneySettings, stored: Any, energy: float
    ) -> None:
        """Take what was dumped, and the farm's energy (Wh) that was stored with it."""
        self._hass = hass
        self.settings = settings
        self.totals = MoneyTotals()
        self._accrual = load_accrual(stored, energy)
        self._accrual.earned.keep_accounts(settings.accounts)
        if not settings.has_price:
            self._accrual.cost.stop()
        self._followed: dict[str, tuple[RigCoordinator, CALLBACK_TYPE]] = {}
        self._schedule: Callable[[], None] = lambda: None

    def dump(self) -> dict[str, Any]:
        """Return what must survive a restart, as JSON."""
        return self._accrual.dump()

    @callback
    def async_start(self, schedule: Callable[[], None]) -> CALLBACK_TYPE:
        """Have the farm added up when a price or an account changes.

        Returns what stops it.
        """
        self._schedule = schedule
        settings = self.settings
        entities = [e for e in (settings.price_entity, settings.rate_entity) if e]

        @callback
        def changed(_event: Event[Any]) -> None:
            schedule()

        untrack = async_track_state_change_event(self._hass, entities, changed)

        @callback
        def stop() -> None:
            untrack()
            for _, unfollow in self._followed.values():
                unfollow()
            self._followed.clear()

        return stop

    @callback
    def take(self, totals: FarmTotals) -> None:
        """Take new totals of the farm, after its energy was counted."""
        settings, accrual = self.settings, self._accrual
        currency, price = settings.currency, self._price()
        if settings.has_price:
            accrual.cost.add(totals.energy, currency, price)
        income = self._typed_income(totals)
        for entry_id, account in self._accounts():
            rate = self._rate(account)
            if account is not None and account.total is not None:
                accrual.earned.add_credit(
                    entry_id, account.coin, account.total, currency, rate
                )
            day = None if account is None else account.last_day
            if income is not None:
                income = None if day is None or rate is None else income + day * rate
        self.totals = replace(
            present_money(
                totals.power, price, income if settings.has_earnings else None
            ),
            cost=accrual.cost.sums.get(currency),
            earned=accrual.earned.sums.get(currency),
        )

    def _price(self) -> float | None:
        """Return what a kWh costs now."""
        settings = self.settings
        if settings.price_entity is None:
            return settings.price
        return price_of(self._hass.states.get(settings.price_entity), settings.currency)

    def _rate(self, account: Account | None) -> float | None:
        """Return what a coin of an account is worth now."""
        entity_id = self.settings.rate_entity
        if account is None or entity_id is None:
            return None
        state = self._hass.states.get(entity_id)
        return rate_of(state, self.settings.currency, account.coin)

    def _typed_income(self, totals: FarmTotals) -> float | None:
        """Count what was typed in, and return what it is a day now."""
        settings, earned = self.settings, self._accrual.earned
        if not settings.incomes:
            earned.add_income(None, settings.currency, dt_util.utcnow())
            return 0.0
        income = income_per_day(totals.hashrates, settings.incomes)
        earned.add_income(income, settings.currency, dt_util.utcnow())
        return income

    # ---- accounts

    def _accounts(self) -> Iterator[tuple[str, Account | None]]:
        """Go through the chosen accounts; None for one that is not known now."""
        for entry_id in self.settings.accounts:
            if (found := self._account_entry(entry_id)) is None:
                self._unfollow(entry_id)
                yield entry_id, None
                continue
            rig, earnings = found
            self._follow(entry_id, rig)
            account = account_of(rig.data, earnings)
            yield entry_id, account if rig.online else replace(account, last_day=None)

    def _account_entry(self, entry_id: str) -> tuple[RigCoordinator, Earnings] | None:
        entry = self._hass.config_entries.async_get_entry(entry_id)
        if entry is None or entry.state is not ConfigEntryState.LOADED:
            return None
        kind = KINDS.get(entry.data.get(CONF_KIND, ""))
        if kind is None or kind.earnings is None:
            return None
        return entry.runtime_data, kind.earnings

    def _follow(self, entry_id: str, rig: RigCoordinator) -> None:
        """Listen to an account; an entry that was reloaded has another coordinator."""
        if (followed := self._followed.get(entry_id)) and followed[0] is rig:
            return
        self._unfollow(entry_id)
        self._followed[entry_id] = (rig, rig.async_add_listener(self._schedule))

    def _unfollow(self, entry_id: str) -> None:
        if (followed := self._followed.pop(entry_id, None)) is not None:
            followed[1]()
