"""The prices of electricity that the Energy dashboard knows, to fill in a form with.

What is asked is no public interface: whatever is not as expected is left out, and the
form works without it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from homeassistant.core import HomeAssistant, valid_entity_id
from homeassistant.exceptions import HomeAssistantError

from ..const import LOGGER
from ..stored import items, number

_ENERGY: Final = "energy"
_UNEXPECTED: Final = (
    AttributeError,
    HomeAssistantError,
    ImportError,
    LookupError,
    OSError,
    RuntimeError,
    TypeError,
    ValueError,
)
"""What a call of an interface raises that has changed, or a file that is damaged."""


@dataclass(frozen=True, slots=True)
class GridPrice:
    """The price of the electricity of one grid source: an entity or a number."""

    name: str
    entity_id: str | None = None
    price: float | None = None
    """Of a kWh, in Home Assistant's currency."""


async def async_grid_prices(hass: HomeAssistant) -> list[GridPrice]:
    """Return the different prices of the grid sources; none where none can be read."""
    if _ENERGY not in hass.config.components:
        return []
    try:
        # Importing it imports Home Assistant's frontend.
        from homeassistant.components.energy.data import async_get_manager

        preferences = (await async_get_manager(hass)).data
    except _UNEXPECTED:
        LOGGER.debug("The Energy dashboard cannot be asked", exc_info=True)
        return []
    found: dict[tuple[str | None, float | None], GridPrice] = {}
    for price in _prices(preferences):
        found.setdefault((price.entity_id, price.price), price)
    return list(found.values())


def _prices(preferences: Any) -> Iterator[GridPrice]:
    if not isinstance(preferences, Mapping):
        return
    for source in items(preferences.get("energy_sources")):
        if not isinstance(source, Mapping) or source.get("type") != "grid":
            continue
        # Before 2026 a source had a list of meters.
        for meter in [source, *items(source.get("flow_from"))]:
            if isinstance(meter, Mapping) and (price := _price(meter)) is not None:
                yield price


def _price(meter: Mapping[Any, Any]) -> GridPrice | None:
    name = next(
        (
            text
            for key in ("name", "stat_energy_from", "entity_energy_price")
            if isinstance(text := meter.get(key), str) and text
        ),
        "",
    )
    entity_id = meter.get("entity_energy_price")
    if isinstance(entity_id, str) and valid_entity_id(entity_id):
        return GridPrice(name, entity_id=entity_id)
    price = number(meter.get("number_energy_price"))
    return None if price is None else GridPrice(name, price=price)
