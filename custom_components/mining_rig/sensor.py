"""Sensors: every reading that is not true or false."""

from dataclasses import replace
from decimal import Decimal
from typing import Any, Final, override

from homeassistant.components.sensor import SensorEntity
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .const import DOMAIN
from .coordinator import RigConfigEntry, RigCoordinator
from .entity import ReadingEntity, async_add_as_they_appear, channel_key, readings_of
from .entity_options import UNIT, async_set_entity_option, entity_option, kept_unit
from .hashrate import efficiency_unit, factor, hashrate_unit, suited_unit
from .known_parts import KnownPart
from .model import Channel, Quantity, Value
from .platforms import SENSORS
from .readings import HASHRATE
from .writing import AT_ONCE, should_report, should_write, writing_rule

PARALLEL_UPDATES: Final = 0


_SCALED: Final = (Quantity.HASHRATE, Quantity.EFFICIENCY)


async def async_setup_entry(
    hass: HomeAssistant,
    entry: RigConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Set up the rig's sensors."""
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

    def _native(self, value: Value | None) -> Value | None:
        # A decimal as text might read 1E-8; money is written in plain digits.
        return f"{value:f}" if isinstance(value, Decimal) else value

    def _show(self) -> None:
        """Let the present value be the shown one."""
        self._shown_available, self._shown_value = self._seen()
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
        value = None if part is None else part.values.get(self._channel)
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
    """A hashrate or an efficiency; its unit is chosen at its first value and kept."""

    def __init__(
        self, coordinator: RigCoordinator, part: KnownPart, channel: Channel[Any]
    ) -> None:
        """Take the unit that was kept, else one that suits the value."""
        super().__init__(coordinator, part, channel)
        self._factor: float | None = None
        self._per_work = channel.reading.quantity is Quantity.EFFICIENCY
        self._base = channel.reading.unit or "H/s"
        self._attr_native_unit_of_measurement = None
        registry = er.async_get(coordinator.hass)
        entity_id = registry.async_get_entity_id(
            Platform.SENSOR, DOMAIN, str(self.unique_id)
        )
        entity = registry.async_get(entity_id) if entity_id else None
        if entity is not None:
            self._adopt_unit(kept_unit(entity))
        if self._factor is None:
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

    def _keep_unit(self, registry: er.EntityRegistry, entity_id: str) -> None:
        if (unit := self._attr_native_unit_of_measurement) is not None:
            async_set_entity_option(registry, entity_id, UNIT, unit)

    def _adopt_unit(self, unit: str | None) -> None:
        if unit is not None:
            self._set_unit(hashrate_unit(unit) if self._per_work else unit)

    def _set_unit(self, unit: str) -> None:
        """Show values in that form of the base unit from now on."""
        if (found := factor(unit, self._base)) is not None:
            self._factor = 1 / found if self._per_work else found
            shown = efficiency_unit(unit) if self._per_work else unit
            self._attr_native_unit_of_measurement = shown
            rule = writing_rule(self._channel.reading)
            self._rule = replace(rule, digit=rule.digit * self._factor)

    def _hashrate(self) -> float | None:
        """Return the hashrate whose size decides the unit: its own, else the part's."""
        part = self._part
        values = [value for value in (self._value,) if not self._per_work]
        if part is not None:
            values.append(part.get(HASHRATE.plain))
        return next(
            (float(v) for v in values if isinstance(v, int | float) and v), None
        )

    def _choose_unit(self) -> bool:
        """Choose the unit that suits the first value; a 0 suits none."""
        if self._value is None or not (rate := self._hashrate()):
            return False
        self._set_unit(suited_unit(rate, self._base))
        return True

    @callback
    @override
    def _handle_coordinator_update(self) -> None:
        if self._factor is None and self._choose_unit():
            # It was added before it had a value, so nothing was shown yet.
            self._keep_unit(er.async_get(self.hass), self.entity_id)
            self._shown_value = None
        super()._handle_coordinator_update()

    @override
    def _native(self, value: Value | None) -> float | None:
        if self._factor is None or not isinstance(value, int | float):
            return None
        return round(value / self._factor, 6)
