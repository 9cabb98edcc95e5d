"""Opening the door at the first need: a rig that pushes, or a dialog for one."""

import asyncio
from dataclasses import dataclass, field
from typing import Final

from homeassistant.core import HomeAssistant, callback
from homeassistant.util.hass_dict import HassKey

from ..const import CONF_KIND, DOMAIN
from ..sources import KINDS, async_push_apis
from .door import Door
from .views import PushView
from .webhook import async_handle_webhook


@dataclass(slots=True)
class _Opening:
    """The door once it is open."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    door: Door | None = None


_OPENING: Final[HassKey[_Opening]] = HassKey(f"{DOMAIN}_door")


@callback
def async_has_pushing_rigs(hass: HomeAssistant) -> bool:
    """Return whether any entry, a disabled one too, is of a rig that pushes."""
    return any(
        (kind := KINDS.get(entry.data.get(CONF_KIND, ""))) is not None and kind.pushes
        for entry in hass.config_entries.async_entries(DOMAIN)
    )


async def async_open_door(hass: HomeAssistant) -> Door:
    """Return the door; the first call loads all rigs and registers the view."""
    opening = hass.data.setdefault(_OPENING, _Opening())
    async with opening.lock:
        if opening.door is None:
            door = Door(hass, await async_push_apis(hass), async_handle_webhook)
            await door.async_load()
            hass.http.register_view(PushView(door))
            opening.door = door
    return opening.door
