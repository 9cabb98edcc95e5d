"""The unit that a hashrate or an efficiency is shown in, changed by its owner.

Home Assistant converts no hashrates: the unit is kept in the entity's options, where the
sensor finds it, and recorded statistics have to be rescaled or cleared here.
"""

from dataclasses import dataclass, replace
from typing import Final, Literal

from homeassistant.config_entries import ConfigEntry, ConfigEntryState
from homeassistant.const import ATTR_UNIT_OF_MEASUREMENT, Platform
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.recorder import get_instance
from homeassistant.util import dt as dt_util

from ..const import RECORDER
from ..coordinator import RigConfigEntry
from ..entity_options import UNIT, async_set_entity_option, kept_unit
from ..farm.coordinator import FarmConfigEntry
from ..farm.entry import is_farm
from ..hashrate import (
    base_of,
    efficiency_unit,
    factor,
    hashrate_unit,
    ladder,
    work_unit,
)
from ..history import statistic_id
from ..model import Quantity

_AVERAGES: Final[tuple[Literal["mean", "min", "max"], ...]] = ("mean", "min", "max")


@dataclass(frozen=True, slots=True)
class Scale:
    """A unit that is one of several sizes: kH/s, J/TH."""

    unit: str
    base: str
    """The unit of work per second without a prefix: H/s, Sol/s, g/s."""
    work: str | None = None
    """That of the work which the rig does now, where it is other work."""

    @property
    def per_work(self) -> bool:
        """Whether it is an efficiency, not a hashrate."""
        return self.unit.startswith("J/")

    @property
    def choices(self) -> list[str]:
        """The sizes that the unit can have, smallest amount of work first.

        Those of the work that the rig does now follow.
        """
        units = [*ladder(self.base), *(ladder(self.work) if self.work else ())]
        return [efficiency_unit(unit) for unit in units] if self.per_work else units

    def ratio(self, unit: str) -> float | None:
        """Return the factor by which a value is multiplied to be shown in `unit`."""
        before, after = (
            factor(hashrate_unit(u) if self.per_work else u, self.base)
            for u in (self.unit, unit)
        )
        if before is None or after is None:
            return None
        return after / before if self.per_work else before / after


def scale_of(unit: str | None) -> Scale | None:
    """Return what a unit is a size of; None for units that have no sizes here."""
    if unit is None:
        return None
    rate = hashrate_unit(unit) if unit.startswith("J/") else unit
    return None if (base := base_of(rate)) is None else Scale(unit, base)


@callback
def async_scaled_sensors(
    hass: HomeAssistant, entry: RigConfigEntry | FarmConfigEntry
) -> dict[str, Scale]:
    """Return the sensors of a rig or a farm whose unit can be changed, by entity id."""
    scaled: dict[str, Scale] = {}
    works = _works(entry)
    for entity in er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id):
        if entity.domain != Platform.SENSOR or entity.disabled:
            continue
        state = hass.states.get(entity.entity_id)
        shown = state.attributes.get(ATTR_UNIT_OF_MEASUREMENT) if state else None
        if (scale := scale_of(shown or kept_unit(entity))) is not None:
            work = works.get(entity.unique_id, scale.base)
            scaled[entity.entity_id] = (
                scale if work == scale.base else replace(scale, work=work)
            )
    return scaled


def _works(entry: RigConfigEntry | FarmConfigEntry) -> dict[str, str]:
    """Return the units of work of the hashrates and efficiencies, by unique id."""
    if entry.state is not ConfigEntryState.LOADED or is_farm(entry):
        return {}
    rig = entry.runtime_data
    return {
        rig.devices.unique_id(part.key, channel.key): work_unit(
            channel, rig.data.parts.get(part.key), part
        )
        for part in rig.known_parts.parts.values()
        for channel in part.channels
        if channel.reading.quantity in (Quantity.HASHRATE, Quantity.EFFICIENCY)
    }


async def async_change_unit(
    hass: HomeAssistant, entry: ConfigEntry, entity_id: str, unit: str, *, rescale: bool
) -> None:
    """Change the size of the unit that a sensor is shown in.

    Its statistics are rescaled, or cleared where that is not wanted or not possible.
    """
    # While the sensor is not loaded, no value in the old unit is recorded.
    await hass.config_entries.async_unload(entry.entry_id)
    try:
        registry = er.async_get(hass)
        if RECORDER in hass.config.components:
            sensor = registry.async_get(entity_id)
            past = [statistic_id(sensor.unique_id)] if sensor is not None else []
            for statistics in (entity_id, *past):
                await _async_change_statistics(hass, statistics, unit, rescale=rescale)
        async_set_entity_option(registry, entity_id, UNIT, unit)
    finally:
        await hass.config_entries.async_setup(entry.entry_id)


async def _async_change_statistics(
    hass: HomeAssistant, known_as: str, unit: str, *, rescale: bool
) -> None:
    # The recorder need not be installed.
    from homeassistant.components.recorder.models import (
        StatisticData,
        StatisticMetaData,
    )
    from homeassistant.components.recorder.statistics import (
        StatisticsRow,
        async_add_external_statistics,
        async_import_statistics,
        get_metadata,
        statistics_during_period,
    )

    recorder = get_instance(hass)

    def read() -> tuple[StatisticMetaData, list[StatisticsRow]] | None:
        known = get_metadata(hass, statistic_ids={known_as}).get(known_as)
        if known is None:
            return None
        start = dt_util.utc_from_timestamp(0)
        rows = statistics_during_period(
            hass, start, None, {known_as}, "hour", None, {"mean", "min", "max"}
        )
        return known[1].copy(), rows.get(known_as, [])

    def rescaled(row: StatisticsRow, ratio: float) -> StatisticData:
        data = StatisticData(start=dt_util.utc_from_timestamp(row["start"]))
        for average in _AVERAGES:
            if (value := row.get(average)) is not None:
                data[average] = value * ratio
        return data

    if (recorded := await recorder.async_add_executor_job(read)) is None:
        return
    metadata, rows = recorded
    scale = scale_of(metadata["unit_of_measurement"])
    ratio = scale.ratio(unit) if scale is not None else None
    # What was gathered since the last full hour is in the old unit, so all has to go.
    recorder.async_clear_statistics([known_as])
    if rescale and ratio is not None:
        metadata["unit_of_measurement"] = unit
        import_to = (
            async_import_statistics
            if metadata["source"] == RECORDER
            else async_add_external_statistics
        )
        import_to(hass, metadata, [rescaled(row, ratio) for row in rows])
