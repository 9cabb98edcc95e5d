"""The sensors of a farm: one row each, and hashrates by algorithm as they appear."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, override

from homeassistant.components.sensor import SensorEntity
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from ..const import DOMAIN
from ..entity import CATEGORIES
from ..entity_options import UNIT, async_set_entity_option, entity_option, kept_unit
from ..hashrate import efficiency_unit, factor, hashrate_unit, suited_unit
from ..model import Reading, Value
from ..platforms import SENSORS
from ..readings import ENERGY, HOTTEST, HOTTEST_MEMORY, POWER
from ..writing import should_report, should_write, writing_rule
from .coordinator import FarmConfigEntry, FarmCoordinator
from .entity import FarmEntity, farm_unique_id
from .rates import Algorithm
from .readings import (
    ENERGY_TODAY,
    FARM_EFFICIENCY,
    FARM_HASHRATE,
    REJECTED_SHARE,
    RIGS,
    RIGS_MINING,
    RIGS_NOT_FOLLOWING,
    RIGS_ONLINE,
)
from .totals import FarmTotals, Hottest

_MOST_RATES: Final = 60
"""Hashrates and efficiencies of a farm; a rig may name another algorithm each time."""


@dataclass(frozen=True, slots=True)
class FarmRow:
    """A sensor of every farm."""

    reading: Reading[Any]
    value: Callable[[FarmTotals], Value | None]
    """In the quantity's inner unit."""
    attributes: Callable[[FarmTotals], Mapping[str, Any]] | None = None


def _hottest(
    reading: Reading[float], find: Callable[[FarmTotals], Hottest | None]
) -> FarmRow:
    def value(totals: FarmTotals) -> float | None:
        return None if (found := find(totals)) is None else found.temperature

    def attributes(totals: FarmTotals) -> Mapping[str, Any]:
        return {"rig": None if (found := find(totals)) is None else found.rig}

    return FarmRow(reading, value, attributes)


ROWS: Final[tuple[FarmRow, ...]] = (
    FarmRow(POWER, lambda totals: totals.power),
    FarmRow(ENERGY, lambda totals: totals.energy),
    FarmRow(ENERGY_TODAY, lambda totals: totals.energy_today),
    FarmRow(RIGS, lambda totals: totals.rigs),
    FarmRow(RIGS_ONLINE, lambda totals: totals.rigs_online),
    FarmRow(RIGS_MINING, lambda totals: totals.rigs_mining),
    _hottest(HOTTEST, lambda totals: totals.hottest),
    _hottest(HOTTEST_MEMORY, lambda totals: totals.hottest_memory),
    FarmRow(REJECTED_SHARE, lambda totals: totals.rejected_share),
    FarmRow(
        RIGS_NOT_FOLLOWING,
        lambda totals: len(totals.not_following),
        lambda totals: {"rigs": list(totals.not_following)},
    ),
)


async def async_set_up_sensors(
    hass: HomeAssistant,
    entry: FarmConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add a farm's sensors, and those of each algorithm as soon as a rig mines it."""
    farm = entry.runtime_data
    async_add_entities(FarmRowSensor(farm, row) for row in ROWS)
    seen: set[tuple[Reading[float], Algorithm]] = set()
    for reading in (FARM_HASHRATE, FARM_EFFICIENCY):
        for algorithm in _registered(hass, farm, reading):
            seen.add((reading, algorithm))
            async_add_entities([FarmRateSensor(farm, reading, algorithm)])

    @callback
    def add_new() -> None:
        new = [
            (reading, algorithm)
            for reading in (FARM_HASHRATE, FARM_EFFICIENCY)
            for algorithm, value in _values(reading, farm.data).items()
            if value and (reading, algorithm) not in seen
        ][: _MOST_RATES - len(seen)]
        if new:
            seen.update(new)
            async_add_entities([FarmRateSensor(farm, *which) for which in new])

    add_new()
    entry.async_on_unload(farm.async_add_listener(add_new))


class FarmSensor(FarmEntity, SensorEntity):
    """A value of a farm, shown as the value of its quantity is."""

    def __init__(self, farm: FarmCoordinator, reading: Reading[Any], key: str) -> None:
        """Take class and unit from the row of the reading's quantity."""
        super().__init__(farm, key)
        row = SENSORS[reading.quantity]
        self._attr_translation_key = reading.key
        self._attr_entity_category = CATEGORIES[reading.category]
        self._attr_device_class = row.device_class
        self._attr_state_class = row.state_class
        self._attr_native_unit_of_measurement = row.unit or reading.unit
        self._attr_suggested_unit_of_measurement = row.shown_unit
        self._attr_suggested_display_precision = (
            row.precision if reading.precision is None else reading.precision
        )
        self._rule = writing_rule(reading)
        self._shown: Value | None = None
        self._was_available = False
        self._written = 0.0
        """When the state was written or reported last, by the loop's clock."""

    def _value(self, totals: FarmTotals) -> Value | None:
        """Return the value to show, in the quantity's inner unit."""
        raise NotImplementedError

    @property
    @override
    def native_value(self) -> Value | None:
        """Return the value that was decided to be shown."""
        return self._shown

    @override
    async def async_added_to_hass(self) -> None:
        """Show what is known."""
        await super().async_added_to_hass()
        self._show()

    def _show(self) -> None:
        self._shown = self._value(self.coordinator.data)
        self._was_available = self.available
        self._written = self.hass.loop.time()

    @callback
    @override
    def _handle_coordinator_update(self) -> None:
        """Write the present value where its rule says so."""
        value, available = self._value(self.coordinator.data), self.available
        seconds = self.hass.loop.time() - self._written
        if available is self._was_available and not should_write(
            self._rule, self._shown, value, seconds
        ):
            if not available or not should_report(self._rule, seconds):
                return
            self._written = self.hass.loop.time()
        else:
            self._show()
        self.async_write_ha_state()


class FarmRowSensor(FarmSensor):
    """A sensor of every farm."""

    def __init__(self, farm: FarmCoordinator, row: FarmRow) -> None:
        """Take the row."""
        super().__init__(farm, row.reading, row.reading.key)
        self._row = row

    @override
    def _value(self, totals: FarmTotals) -> Value | None:
        return self._row.value(totals)

    @property
    @override
    def extra_state_attributes(self) -> Mapping[str, Any] | None:
        """Return which rig or rigs the value is of."""
        of = self._row.attributes
        return None if of is None else of(self.coordinator.data)


class FarmRateSensor(FarmSensor):
    """The hashrate or the efficiency of an algorithm; its unit is chosen once and kept."""

    def __init__(
        self, farm: FarmCoordinator, reading: Reading[float], algorithm: Algorithm
    ) -> None:
        """Take the unit that was kept, else one that suits the hashrate now."""
        super().__init__(farm, reading, rate_key(reading, algorithm))
        self._reading = reading
        self._algorithm = algorithm
        self._attr_translation_placeholders = {"algorithm": algorithm.name}
        unit = self._kept_unit(farm) or suited_unit(
            farm.data.hashrates.get(algorithm, 0.0), algorithm.work
        )
        scale = factor(unit, algorithm.work) or 1.0
        per_work = reading is FARM_EFFICIENCY
        self._scale = scale if per_work else 1 / scale
        self._attr_native_unit_of_measurement = (
            efficiency_unit(unit) if per_work else unit
        )

    def _kept_unit(self, farm: FarmCoordinator) -> str | None:
        registry = er.async_get(farm.hass)
        entity_id = registry.async_get_entity_id(
            Platform.SENSOR, DOMAIN, str(self.unique_id)
        )
        entity = registry.async_get(entity_id) if entity_id else None
        kept = None if entity is None else kept_unit(entity)
        if kept is None:
            return None
        unit = hashrate_unit(kept) if kept.startswith("J/") else kept
        return unit if factor(unit, self._algorithm.work) is not None else None

    @override
    async def async_added_to_hass(self) -> None:
        """Keep the unit and the name."""
        await super().async_added_to_hass()
        registry = er.async_get(self.hass)
        unit = self._attr_native_unit_of_measurement
        async_set_entity_option(registry, self.entity_id, UNIT, unit)
        name, work = self._algorithm.name, self._algorithm.work
        async_set_entity_option(registry, self.entity_id, _ALGORITHM, [name, work])

    @override
    def _value(self, totals: FarmTotals) -> float | None:
        value = _values(self._reading, totals).get(self._algorithm)
        return None if value is None else round(value * self._scale, 6)


_ALGORITHM: Final = "algorithm"
"""The option that keeps an algorithm's name and unit of work."""


def rate_key(reading: Reading[float], algorithm: Algorithm) -> str:
    """Return the key of a sensor within its farm."""
    return f"{reading.key.removeprefix('farm_')}_{algorithm.key}"


def _values(reading: Reading[float], totals: FarmTotals) -> Mapping[Algorithm, float]:
    return totals.hashrates if reading is FARM_HASHRATE else totals.efficiencies


def _registered(
    hass: HomeAssistant, farm: FarmCoordinator, reading: Reading[float]
) -> list[Algorithm]:
    """Return the algorithms that a farm has had sensors of."""
    start = farm_unique_id(farm, rate_key(reading, Algorithm("", "")))
    registry = er.async_get(hass)
    found: list[Algorithm] = []
    for entity in er.async_entries_for_config_entry(
        registry, farm.config_entry.entry_id
    ):
        if entity.unique_id.startswith(start):
            match entity_option(entity, _ALGORITHM):
                case [str(name), str(work)]:
                    found.append(Algorithm(entity.unique_id[len(start) :], name, work))
    return found
