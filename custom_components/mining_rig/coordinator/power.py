"""The power and energy of a rig: the owner's meter, and totals kept in the store."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from homeassistant.const import ATTR_UNIT_OF_MEASUREMENT, UnitOfPower
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.util.unit_conversion import PowerConverter

from ..const import CONF_BASE_POWER, CONF_POWER_METER, CONF_RATED_POWER
from ..derive import Derivation, PowerSettings
from ..energy import EnergyTotal
from ..model import RIG, Channel, PartKind, Value
from ..plausible import most_watts, most_watts_of_rig, plausible_watts
from ..readings import ENERGY, ENERGY_ESTIMATE, POWER, POWER_ESTIMATE
from ..store import RigStore

_METER_GAP: Final = 180.0
"""Seconds that a meter's last state holds, more where polls are far apart."""
_ENERGIES: Final[tuple[tuple[Channel[float], Channel[float]], ...]] = (
    (POWER.plain, ENERGY.plain),
    (POWER_ESTIMATE.plain, ENERGY_ESTIMATE.plain),
)


def power_settings(options: Mapping[str, Any]) -> PowerSettings:
    """Return how an entry's options want the rig's power known."""
    return PowerSettings(
        meter=options.get(CONF_POWER_METER) is not None,
        base=options.get(CONF_BASE_POWER) or 0.0,
        rated=options.get(CONF_RATED_POWER),
    )


class PowerMeter:
    """A power sensor of another integration that measures the whole rig."""

    def __init__(self, hass: HomeAssistant, entity_id: str) -> None:
        """Bind to the sensor, which need not exist now."""
        self._hass = hass
        self.entity_id = entity_id

    def watts(self) -> float | None:
        """Return the power in W, None while the sensor shows no number."""
        if (state := self._hass.states.get(self.entity_id)) is None:
            return None
        unit = state.attributes.get(ATTR_UNIT_OF_MEASUREMENT, UnitOfPower.WATT)
        try:
            watts = PowerConverter.convert(float(state.state), unit, UnitOfPower.WATT)
        except ValueError, HomeAssistantError:
            return None
        return plausible_watts(watts)


class RigPower:
    """Puts metered power and energy totals into the values of the rig part."""

    def __init__(
        self, meter: PowerMeter | None, derivation: Derivation, store: RigStore
    ) -> None:
        """Go on from the totals in the loaded store."""
        self.meter = meter
        self._derivation = derivation
        self._store = store
        self._totals = {
            energy: EnergyTotal(store.energy.get(energy.key, 0.0))
            for _, energy in _ENERGIES
        }

    def metered(self) -> float | None:
        """Return what the meter shows in W, None without one."""
        return None if self.meter is None else self.meter.watts()

    def set_metered(self, values: dict[Channel[Any], Value]) -> None:
        """Replace the power by what the meter shows now."""
        values.pop(POWER.plain, None)
        if (watts := self.metered()) is not None:
            values[POWER.plain] = watts

    def add_energy(
        self,
        values: dict[Channel[Any], Value],
        now: datetime,
        longest_gap: float,
        *,
        counted: bool = True,
    ) -> None:
        """Add the energy totals that follow from the power in `values`.

        `now` is a steady moment. `longest_gap` is the age in seconds up to which an
        unmetered reading holds.
        Values that were counted before are not counted again: `counted` is False.
        """
        gap = longest_gap if self.meter is None else max(_METER_GAP, longest_gap)
        known = self._store.known_parts.parts.get(RIG)
        for power, energy in _ENERGIES:
            total = self._totals[energy]
            found = values.get(power)
            watts = found if isinstance(found, int | float) else None
            if self.meter is not None:
                values.pop(energy, None)
            elif energy in values:
                # The rig's own counters are better than integrated power, a meter is
                # better still. They lack what the rig takes beside its parts.
                total.total += self._derivation.counted
                watts = self._derivation.settings.base
            energy_now = total.total
            if counted:
                energy_now = total.add(watts, now, gap, self._most_watts())
            if watts is None and (known is None or energy not in known.channels):
                continue
            values[energy] = self._store.energy[energy.key] = energy_now

    async def async_set_energy(
        self, part: str, channel: Channel[float], total: float
    ) -> None:
        """Set a total of the rig, or of one of its parts, in Wh.

        It is on disk when this returns. Raises HomeAssistantError where that is not
        possible; the total is the old one then.
        """
        before = self._set(part, channel, total)
        self._store.derived = self._derivation.dump()
        try:
            await self._store.async_save()
        except HomeAssistantError:
            self._set(part, channel, before)
            self._store.derived = self._derivation.dump()
            raise

    def _set(self, part: str, channel: Channel[float], total: float) -> float:
        """Set a total; return what it was."""
        if part != RIG:
            return self._derivation.set_energy(part, total)
        before = self._totals[channel].total
        self._totals[channel].total = self._store.energy[channel.key] = total
        return before

    def _most_watts(self) -> float:
        """Return what the rig can take in W: its meter may measure more than its parts."""
        if self.meter is not None:
            return most_watts(PartKind.RIG)
        kinds = [part.kind for part in self._store.known_parts.parts.values()]
        return most_watts_of_rig(kinds) + self._derivation.settings.base

    def add_kept_energy(self, values: dict[Channel[Any], Value]) -> None:
        """Add the stored totals that were shown before; nothing is counted."""
        if (known := self._store.known_parts.parts.get(RIG)) is None:
            return
        for _, energy in _ENERGIES:
            if energy in known.channels:
                values[energy] = self._store.energy.get(energy.key, 0.0)
