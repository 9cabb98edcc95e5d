"""The sensors of a farm's money: those that its settings can give a value."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, override

from homeassistant.components.sensor import SensorDeviceClass, SensorStateClass
from homeassistant.const import Platform, UnitOfEnergy, UnitOfTime
from homeassistant.core import callback
from homeassistant.helpers import entity_registry as er

from ..const import DOMAIN
from ..model import Quantity, Reading, Value
from ..writing import Pace, WritingRule
from .coordinator import FarmCoordinator
from .money import MoneySettings, MoneyTotals
from .sensors import FarmSensor
from .totals import FarmTotals

_HALF_PERCENT: Final = 0.005


@dataclass(frozen=True, slots=True, kw_only=True)
class MoneyRow:
    """A sensor of a farm's money."""

    reading: Reading[float]
    value: Callable[[MoneyTotals], float | None]
    needs_price: bool = False
    needs_earnings: bool = False
    per: str | None = None
    """What the amount is for; None: it is a sum."""

    def is_known(self, settings: MoneySettings) -> bool:
        """Return whether there can be a value with these settings."""
        return not (
            (self.needs_price and not settings.has_price)
            or (self.needs_earnings and not settings.has_earnings)
        )


def _reading(key: str, precision: int) -> Reading[float]:
    return Reading[float](key, Quantity.MONEY, precision=precision)


ELECTRICITY_COST: Final = _reading("farm_electricity_cost", 2)
EARNED: Final = _reading("farm_earned", 2)
COST_PER_HOUR: Final = _reading("farm_cost_per_hour", 3)
COST_PER_DAY: Final = _reading("farm_cost_per_day", 2)
PROFIT_PER_DAY: Final = _reading("farm_profit_per_day", 2)
BREAK_EVEN_PRICE: Final = _reading("farm_break_even_price", 3)

MONEY_ROWS: Final = (
    MoneyRow(
        reading=ELECTRICITY_COST, value=lambda money: money.cost, needs_price=True
    ),
    MoneyRow(reading=EARNED, value=lambda money: money.earned, needs_earnings=True),
    MoneyRow(
        reading=COST_PER_HOUR,
        value=lambda money: money.cost_per_hour,
        needs_price=True,
        per=UnitOfTime.HOURS,
    ),
    MoneyRow(
        reading=COST_PER_DAY,
        value=lambda money: money.cost_per_day,
        needs_price=True,
        per=UnitOfTime.DAYS,
    ),
    MoneyRow(
        reading=PROFIT_PER_DAY,
        value=lambda money: money.profit_per_day,
        needs_price=True,
        needs_earnings=True,
        per=UnitOfTime.DAYS,
    ),
    MoneyRow(
        reading=BREAK_EVEN_PRICE,
        value=lambda money: money.break_even_price,
        needs_earnings=True,
        per=UnitOfEnergy.KILO_WATT_HOUR,
    ),
)


class MoneySensor(FarmSensor):
    """An amount in the farm's currency."""

    def __init__(self, farm: FarmCoordinator, row: MoneyRow) -> None:
        """Take the class and the unit: a sum is monetary, a rate has no class."""
        super().__init__(farm, row.reading, row.reading.key.removeprefix("farm_"))
        self._row = row
        self._ledger = farm.ledger
        currency = farm.ledger.settings.currency
        # Finer than what is shown, so that statistics are.
        digit = 0.1 * 10.0 ** -(row.reading.precision or 0)
        if row.per is None:
            self._attr_device_class = SensorDeviceClass.MONETARY
            self._attr_state_class = SensorStateClass.TOTAL
            self._attr_native_unit_of_measurement = currency
            # Not the pace of what is counted: a negative price makes a sum fall.
            self._rule = WritingRule(Pace.MEASURED, digit=digit)
        else:
            self._attr_native_unit_of_measurement = f"{currency}/{row.per}"
            self._rule = WritingRule(Pace.MEASURED, _HALF_PERCENT, digit)

    @override
    def _value(self, totals: FarmTotals) -> Value | None:
        value = self._row.value(self._ledger.totals)
        return None if value is None else round(value, 6)


@callback
def async_money_sensors(farm: FarmCoordinator) -> list[MoneySensor]:
    """Return a farm's sensors of money; those that have become unknowable are removed.

    One that comes back has its id and name again.
    """
    settings, registry = farm.ledger.settings, er.async_get(farm.hass)
    found: list[MoneySensor] = []
    for row in MONEY_ROWS:
        sensor = MoneySensor(farm, row)
        if row.is_known(settings):
            found.append(sensor)
        elif entity_id := registry.async_get_entity_id(
            Platform.SENSOR, DOMAIN, str(sensor.unique_id)
        ):
            registry.async_remove(entity_id)
    return found
