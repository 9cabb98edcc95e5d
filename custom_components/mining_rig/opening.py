"""What Home Assistant gives to a source so that it can open its wire."""

from collections.abc import Mapping
from typing import Any

from homeassistant.const import CONF_VERIFY_SSL
from homeassistant.core import HomeAssistant
from homeassistant.helpers.aiohttp_client import async_get_clientsession

from .sources.base import Forgetful, Notes, Opening


def opening_for(
    hass: HomeAssistant,
    data: Mapping[str, Any],
    notes: Notes | None = None,
    options: Mapping[str, Any] | None = None,
) -> Opening:
    """Return the opening for an entry's data; a flow has no notes to keep yet."""
    return Opening(
        data=data,
        session=async_get_clientsession(
            hass, verify_ssl=data.get(CONF_VERIFY_SSL, True)
        ),
        notes=notes or Forgetful(),
        options=options or {},
    )
