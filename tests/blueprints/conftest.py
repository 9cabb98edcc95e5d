"""What the tests of the blueprints start from."""

from collections.abc import AsyncIterator

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
import pytest

from .running import settle


@pytest.fixture(autouse=True)
async def _noon(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> AsyncIterator[None]:
    """Begin at noon; stop in the end what still waits."""
    freezer.move_to("2026-06-01 12:00:00-07:00")
    yield
    if hass.services.has_service("automation", "turn_off"):
        await hass.services.async_call(
            "automation", "turn_off", {"entity_id": "all"}, blocking=True
        )
        await settle()
