"""Sensors: every reading that is not true or false."""

from dataclasses import replace
from decimal import Decimal
from typing import Any, Final, override

from homeassistant.components.sensor import SensorEntity
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.recorder import get_instance

from .const import DOMAIN, RECORDER
from .coordinator import RigConfigEntry, RigCoordinator
from .entity import ReadingEntity, async_add_as_they_appear, channel_key, readings_of
from .entity_options import (
    UNIT,
    USUAL_UNIT,
    async_set_entity_option,
    entity_option,
    kept_unit,
)
from .farm.coordinator import FarmConfigEntry
from .farm.entry import is_farm
from .farm.money_sensors import async_money_sensors
from .farm.sensors import async_set_up_sensors
from .hashrate import (
    base_of,
    efficiency_unit,
    factor,
    hashrate_unit,
    suited_unit,
    work_unit,
)
from .known_parts import KnownPart
from .model import RIG, Channel, Part, Quantity, Value
from .platforms import SENSORS
from .readings import ALGORITHM, HASHRATE
from .usual_units import unit_of_algorithm, unit_of_parts, usual_unit
from .words import as_name
from .writing import AT_ONCE, should_report, should_write, writing_rule

PARALLEL_UPDATES: Final = 0


_SCALED: Final = (Quantity.HASHRATE, Quantity.EFFICIENCY)


async def async_setup_entry(
    hass: HomeAssistant,
    entry: RigConfigEntry | FarmConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Set up the rig's sensors, or the farm's."""
    if is_farm(entry):
        await async_set_up_sensors(hass, entry, async_add_entities)
        async_add_entities(async_money_sensors(entry.runtime_data))
        return
    await async_add_as_they_appear(
        entry, async_add_entities, readings_of(SENSORS), _make, channel_key
    )


def _make(
    coordinator: RigCoordinator, part: KnownPart, channel: Channel[Any]
) -> RigSensor:
    scaled = channel.reading.quantity in _SCALED
    return (ScaledSensor if scaled else RigSensor)(coordinator, part, channel)


class RigSensor(ReadingEntity, SensorEntity):
    """A reading."""

    def __init__(
        self, coordinator: RigCoordinator, part: KnownPart, channel: Channel[Any]
    ) -> None:
        """Take class and unit from the row of the reading's quantity."""
        super().__init__(coordinator, part, channel)
        reading = channel.reading
        row = SENSORS[reading.quantity]
        self._attr_device_class = row.device_class
        self._attr_state_class = None if reading.setting else row.state_class
        self._attr_suggested_display_precision = (
            row.precision if reading.precision is None else reading.precision
        )
        self._attr_native_unit_of_measurement = row.unit or reading.unit
        self._attr_suggested_unit_of_measurement = row.shown_unit
        if reading.quantity is Quantity.CHOICE:
            self._attr_options = list(reading.choices)
        self._rule = AT_ONCE if channel in part.controls else writing_rule(reading)
        self._revision = coordinator.revision
        self._written = 0.0
        """When the state was written or reported last, by the loop's clock."""
        self._shown_value: Value | None = None
        self._shown_available = False
        self._show()

    @property
    @override
    def available(self) -> bool:
        """Return whether the shown value is one."""
        return self._shown_available

    @property
    @override
    def native_value(self) -> Value | None:
        """Return the shown value in the quantity's unit.

        Whoever has the state written, it is the one that was decided to be shown.
        """
        return self._native(self._shown_value)

    def _value_of(self, part: Part) -> Value | None:
        """Return the value of the part that can be shown."""
        return part.values.get(self._channel)

    def _native(self, value: Value | None) -> Value | None:
        # A decimal as text might read 1E-8; money is written in plain digits.
        if isinstance(value, Decimal):
            return f"{value:f}"
        if isinstance(value, str) and self._channel.reading.word:
            return as_name(value)
        return value

    def _show(self) -> None:
        """Let the present value be the shown one."""
        part = self._part
        self._shown_value = None if part is None else self._value_of(part)
        self._shown_available, _ = self._seen()
        self._written = self.coordinator.hass.loop.time()

    @override
    async def async_added_to_hass(self) -> None:
        """Show what is known."""
        await super().async_added_to_hass()
        self._show()

    @callback
    @override
    def _handle_coordinator_update(self) -> None:
        """Write the present value where its rule says so, else report the shown one."""
        coordinator = self.coordinator
        # The same as `_seen`; it is all that most sensors do at a poll.
        part = coordinator.data.parts.get(self._part_key)
        value = None if part is None else self._value_of(part)
        available = part is not None and (coordinator.online or value is not None)
        read, self._revision = (
            coordinator.revision != self._revision,
            coordinator.revision,
        )
        now = self.hass.loop.time()
        seconds = now - self._written
        if available is not self._shown_available or should_write(
            self._rule, self._shown_value, value, seconds
        ):
            self._shown_available, self._shown_value = available, value
        elif not read or value is None or not should_report(self._rule, seconds):
            return
        self._written = now
        self.async_write_ha_state()


class ScaledSensor(RigSensor):
    """A hashrate or an efficiency; its unit is chosen at its first value and kept.

    A 0 says nothing about the size: until another value is known it is shown in the unit
    that such a hashrate usually has. Solutions are not shown in a unit of hashes, nor the
    other way round: the value is unknown while the part does other work than the unit's.
    """

    def __init__(
        self, coordinator: RigCoordinator, part: KnownPart, channel: Channel[Any]
    ) -> None:
        """Take the unit that was kept, else one that suits the value."""
        self._base: str | None = None
        """The unit without a prefix whose form is shown, None while none is."""
        super().__init__(coordinator, part, channel)
        self._factor: float | None = None
        self._chosen = False
        self._per_work = channel.reading.quantity is Quantity.EFFICIENCY
        self._attr_native_unit_of_measurement = None
        registry = er.async_get(coordinator.hass)
        entity_id = registry.async_get_entity_id(
            Platform.SENSOR, DOMAIN, str(self.unique_id)
        )
        entity = registry.async_get(entity_id) if entity_id else None
        if entity is not None:
            self._adopt_unit(kept_unit(entity))
            if not self._chosen:
                self._set_unit(entity_option(entity, USUAL_UNIT))
        self._choose_unit()
        if entity is not None:
            # One that is disabled is never added.
            self._keep_unit(registry, entity.entity_id)

    @override
    async def async_added_to_hass(self) -> None:
        """Keep the unit of a sensor that was not registered before."""
        if self.registry_entry is not None:
            # One that was removed and is back has its options, and its statistics.
            self._adopt_unit(entity_option(self.registry_entry, UNIT))
        await super().async_added_to_hass()
        self._keep_unit(er.async_get(self.hass), self.entity_id)

    @override
    def get_initial_entity_options(self) -> er.EntityOptionsType | None:
        """Register the unit, also of a sensor that is disabled and never added."""
        options = dict(super().get_initial_entity_options() or {})
        if self._attr_native_unit_of_measurement is not None:
            options[DOMAIN] = {self._unit_option: self._attr_native_unit_of_measurement}
        return options

    @property
    def _unit_option(self) -> str:
        return UNIT if self._chosen else USUAL_UNIT

    def _keep_unit(self, registry: er.EntityRegistry, entity_id: str) -> None:
        if (unit := self._attr_native_unit_of_measurement) is not None:
            async_set_entity_option(registry, entity_id, self._unit_option, unit)
            if self._chosen:
                async_set_entity_option(registry, entity_id, USUAL_UNIT, None)

    def _adopt_unit(self, unit: str | None) -> None:
        """Show values in a unit for good."""
        self._chosen = self._set_unit(unit) or self._chosen

    def _set_unit(self, shown: str | None) -> bool:
        """Show values in a unit; return False for one of something else."""
        if shown is None:
            return False
        unit = hashrate_unit(shown) if self._per_work else shown
        if (base := base_of(unit)) is None or (found := factor(unit, base)) is None:
            return False
        self._base = base
        self._factor = 1 / found if self._per_work else found
        self._attr_native_unit_of_measurement = shown
        rule = writing_rule(self._channel.reading)
        self._rule = replace(rule, digit=rule.digit * self._factor)
        return True

    def _form(self, unit: str) -> str:
        return efficiency_unit(unit) if self._per_work else unit

    def _work_unit(self) -> str:
        """Return the base unit of what the part reports, or reported last."""
        known = self.coordinator.known_parts.parts.get(self._part_key)
        return work_unit(self._channel, self._part, known)

    @override
    def _value_of(self, part: Part) -> Value | None:
        if part.work_units and self._base is not None:
            if work_unit(self._channel, part) != self._base:
                return None
        return super()._value_of(part)

    def _hashrate(self) -> float | None:
        """Return the hashrate whose size decides the unit: its own, else the part's."""
        part = self._part
        values = [value for value in (self._value,) if not self._per_work]
        if part is not None:
            values.append(part.get(HASHRATE.channel(number=self._channel.number)))
        return next(
            (float(v) for v in values if isinstance(v, int | float) and v), None
        )

    def _usual_unit(self, base: str) -> str:
        """Return the unit that such a hashrate usually has."""
        coordinator = self.coordinator
        algorithm = ALGORITHM.channel(number=self._channel.number)
        data, known = coordinator.data.parts, coordinator.known_parts.parts
        parts = (data[key] for key in (self._part_key, RIG) if key in data)
        named = [name for part in parts if (name := part.get(algorithm)) is not None]
        return usual_unit(
            base,
            *map(unit_of_algorithm, named),
            coordinator.kind.hashrate_unit,
            unit_of_parts(part.kind for part in (known.get(self._part_key),) if part),
            unit_of_parts(part.kind for part in known.values()),
        )

    def _choose_unit(self) -> None:
        """Choose the unit that suits the first value; a 0 is shown in the usual one."""
        if self._chosen or self._value is None:
            return
        base = self._work_unit()
        if rate := self._hashrate():
            self._adopt_unit(self._form(suited_unit(rate, base)))
        elif base != self._base:
            usual = self._form(self._usual_unit(base))
            if self._value:
                self._adopt_unit(usual)
            else:
                self._set_unit(usual)

    @callback
    @override
    def _handle_coordinator_update(self) -> None:
        if not self._chosen:
            before = self._attr_native_unit_of_measurement
            if self.registry_entry is not None:
                # A past that was imported meanwhile has chosen one.
                self._adopt_unit(entity_option(self.registry_entry, UNIT))
            self._choose_unit()
            if self._chosen or before != self._attr_native_unit_of_measurement:
                self._keep_unit(er.async_get(self.hass), self.entity_id)
            if before != self._attr_native_unit_of_measurement:
                self._shown_value = None
                if before is not None:
                    self._change_unit()
        super()._handle_coordinator_update()

    def _change_unit(self) -> None:
        """Let the registry and the recorder know the unit; a 0 is 0 in all of them."""
        unit = self._attr_native_unit_of_measurement
        er.async_get(self.hass).async_update_entity(
            self.entity_id, unit_of_measurement=unit
        )
        if RECORDER in self.hass.config.components:
            get_instance(self.hass).async_update_statistics_metadata(
                self.entity_id, new_unit_class=None, new_unit_of_measurement=unit
            )

    @override
    def _native(self, value: Value | None) -> float | None:
        if self._factor is None or not isinstance(value, int | float):
            return None
        return round(value / self._factor, 6)
