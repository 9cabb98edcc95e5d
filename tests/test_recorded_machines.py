"""What every recorded machine shows alike in Home Assistant, whatever else it reports."""

from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
import pytest

from custom_components.mining_rig import readings
from custom_components.mining_rig.model import Snapshot
from custom_components.mining_rig.sources import axeos

from .asics import FIXED
from .test_docs_machines import FIRMWARE, MACHINES, Servers, async_entities, servers

__all__ = ["servers"]
pytestmark = pytest.mark.usefixtures("socket_enabled")

ALWAYS = ("hashrate", "status", "mining_active")
"""What each machine shows; the others where it reports them."""
HEAT = ("chip_temperature", "board_temperature", "hottest")
NO_VALUES = ("-1", "-1.0", "-273", "-273.0")


def reports(found: Snapshot, entity: str) -> bool:
    """Return whether a machine reports what an entity shows."""
    parts = [*found.parts.values()]
    match entity.partition(".rig_")[2]:
        case "power":
            return readings.POWER.plain in found.rig.values
        case "accepted_shares":
            return readings.ACCEPTED.plain in found.rig.values
        case "rejected_shares":
            return readings.REJECTED.plain in found.rig.values
        case "hottest_temperature":
            return any(
                channel.reading.key in HEAT for part in parts for channel in part.values
            )
    return True


@pytest.mark.parametrize("kind", MACHINES)
async def test_what_every_machine_shows(
    hass: HomeAssistant, kind: str, servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same names, enabled; temperatures as such; what is absent is no entity."""

    async def newest(*_: object) -> object:
        return FIRMWARE

    monkeypatch.setattr(axeos, "newest_release", newest)
    found = await MACHINES[kind](servers)
    entities = await async_entities(hass, kind, found)
    registry = er.async_get(hass)
    for number, snapshot in enumerate(found):
        for entity in FIXED:
            name = entity.replace(".rig_", f".rig_{number}_")
            entry = registry.async_get(name)
            if not reports(snapshot, entity):
                assert entry is None, name
                continue
            assert entry is not None, name
            assert entry.disabled_by is None, name
            state = hass.states.get(name)
            assert state is not None
            assert state.state not in (*NO_VALUES, "unavailable")
            if entity.endswith(ALWAYS):
                assert state.state != "unknown", name
    for entry in entities:
        if entry.domain == "sensor":
            is_heat = entry.unit_of_measurement == "°C"
            assert is_heat == (entry.original_device_class == "temperature")
        if (state := hass.states.get(entry.entity_id)) is not None:
            assert state.state not in NO_VALUES, entry.entity_id
