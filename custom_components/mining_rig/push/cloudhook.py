"""The cloudhook of a rig: an address at Home Assistant Cloud for its webhook."""

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError

from ..const import LOGGER
from .const import CONF_CLOUDHOOK_URL, CONF_WEBHOOK_ID

_CLOUD = "cloud"

CONF_CLOUDHOOK = "cloudhook"
"""The field of the options' form; the entry's data keep the address."""


@callback
def async_can_create_cloudhook(hass: HomeAssistant) -> bool:
    """Return whether Home Assistant Cloud can create cloudhooks."""
    if _CLOUD not in hass.config.components:
        return False
    from homeassistant.components import cloud

    return cloud.async_active_subscription(hass)


async def async_create_cloudhook(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Create the cloudhook and keep its address in the entry's data.

    Raises HomeAssistantError where the cloud cannot be reached.
    """
    from homeassistant.components import cloud

    try:
        url = await cloud.async_get_or_create_cloudhook(
            hass, entry.data[CONF_WEBHOOK_ID]
        )
    except Exception as err:
        # The cloud's library raises errors of its own.
        raise HomeAssistantError(str(err)) from err
    hass.config_entries.async_update_entry(
        entry, data={**entry.data, CONF_CLOUDHOOK_URL: url}
    )


async def async_delete_cloudhook(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Delete the cloudhook; where that fails, it leads nowhere."""
    if CONF_CLOUDHOOK_URL not in entry.data:
        return
    if _CLOUD in hass.config.components:
        from homeassistant.components import cloud

        try:
            await cloud.async_delete_cloudhook(hass, entry.data[CONF_WEBHOOK_ID])
        except HomeAssistantError, ValueError, TimeoutError:
            LOGGER.warning("%s: its address at the cloud is not deleted", entry.title)
    if hass.config_entries.async_get_entry(entry.entry_id) is not None:
        data = {k: v for k, v in entry.data.items() if k != CONF_CLOUDHOOK_URL}
        hass.config_entries.async_update_entry(entry, data=data)
