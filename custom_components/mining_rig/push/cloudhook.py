"""An address at Home Assistant Cloud for the webhook of a rig that pushes."""

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError

from ..const import LOGGER
from .door import CONF_CLOUDHOOK_URL, CONF_WEBHOOK_ID

_CLOUD = "cloud"

CONF_CLOUDHOOK = "cloudhook"
"""In the options' form; what is kept is the address."""


@callback
def async_cloudhook_offered(hass: HomeAssistant) -> bool:
    """Tell whether the owner has a Home Assistant Cloud that can give an address."""
    if _CLOUD not in hass.config.components:
        return False
    from homeassistant.components import cloud

    return cloud.async_active_subscription(hass)


async def async_open_cloudhook(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Get an address and note it in the entry.

    Raises HomeAssistantError where the cloud cannot be reached.
    """
    from homeassistant.components import cloud

    try:
        url = await cloud.async_get_or_create_cloudhook(
            hass, entry.data[CONF_WEBHOOK_ID]
        )
    except Exception as err:
        # The cloud's own library has errors of its own.
        raise HomeAssistantError(str(err)) from err
    hass.config_entries.async_update_entry(
        entry, data={**entry.data, CONF_CLOUDHOOK_URL: url}
    )


async def async_close_cloudhook(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Give the address back; one that cannot be now is of no use to anybody."""
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
