"""The prices of the Energy dashboard's grid sources."""

from typing import Any

from homeassistant.components.energy import data as energy_data
from homeassistant.core import HomeAssistant
import pytest

from custom_components.mining_rig.farm.energy_source import GridPrice, async_grid_prices

GRID = {
    "type": "grid",
    "stat_energy_from": "sensor.grid_energy",
    "stat_energy_to": None,
    "stat_cost": None,
    "entity_energy_price": None,
    "number_energy_price": None,
    "stat_compensation": None,
    "entity_energy_price_export": None,
    "number_energy_price_export": 0.08,
    "cost_adjustment_day": 0,
}


async def _prefer(hass: HomeAssistant, *sources: Any) -> None:
    hass.config.components.add("energy")
    manager = await energy_data.async_get_manager(hass)
    await manager.async_update({"energy_sources": list(sources)})


async def test_the_prices_of_grid_sources_are_found(hass: HomeAssistant) -> None:
    """An entity or a number of each source; what is sold and solar has no price."""
    await _prefer(
        hass,
        {"type": "solar", "stat_energy_from": "sensor.sun"},
        GRID | {"entity_energy_price": "sensor.price", "name": "House"},
        GRID | {"number_energy_price": 0.29},
        GRID | {"stat_cost": "sensor.cost"},
        GRID | {"number_energy_price": 0.29, "name": "The same"},
    )
    assert await async_grid_prices(hass) == [
        GridPrice("House", entity_id="sensor.price"),
        GridPrice("sensor.grid_energy", price=0.29),
    ]


async def test_a_source_of_several_meters_has_several_prices(
    hass: HomeAssistant,
) -> None:
    """As the Energy dashboard stored them before it had one source for each meter."""
    await _prefer(
        hass,
        {
            "type": "grid",
            "flow_from": [
                {"stat_energy_from": "sensor.day", "number_energy_price": 0.3},
                {"stat_energy_from": "sensor.night", "number_energy_price": 0.2},
            ],
        },
    )
    assert [price.price for price in await async_grid_prices(hass)] == [0.3, 0.2]


async def test_without_the_energy_dashboard_there_are_no_prices(
    hass: HomeAssistant,
) -> None:
    """It need not be set up, nor have any source."""
    assert await async_grid_prices(hass) == []
    hass.config.components.add("energy")
    assert await async_grid_prices(hass) == []


@pytest.mark.parametrize(
    "preferences",
    [
        5,
        [],
        {},
        {"energy_sources": 5},
        {
            "energy_sources": [
                5,
                None,
                {"type": "grid"},
                {"type": "grid", "flow_from": [1]},
            ]
        },
        {"energy_sources": [GRID | {"entity_energy_price": "no entity"}]},
        {"energy_sources": [GRID | {"entity_energy_price": ["sensor.price"]}]},
        {"energy_sources": [GRID | {"number_energy_price": "0.3"}]},
        {"energy_sources": [GRID | {"number_energy_price": float("nan")}]},
        {"energy_sources": [{"type": ["grid"], "number_energy_price": 1}]},
    ],
)
async def test_preferences_of_another_shape_have_no_prices(
    hass: HomeAssistant, preferences: Any
) -> None:
    """It is no public interface: anything may be there one day."""
    hass.config.components.add("energy")
    manager = await energy_data.async_get_manager(hass)
    manager.data = preferences
    assert await async_grid_prices(hass) == []


@pytest.mark.parametrize(
    "change",
    [
        lambda patch: patch.delattr(energy_data, "async_get_manager"),
        lambda patch: patch.setattr(energy_data, "async_get_manager", None),
        lambda patch: patch.setattr(energy_data, "async_get_manager", lambda: None),
        lambda patch: patch.setattr(
            energy_data, "async_get_manager", lambda hass: hass
        ),
    ],
)
async def test_an_interface_that_changed_has_no_prices(
    hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch, change: Any
) -> None:
    """The form opens all the same."""
    hass.config.components.add("energy")
    change(monkeypatch)
    assert await async_grid_prices(hass) == []
