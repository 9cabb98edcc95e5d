"""Actions for administrators: read and change a miner's own configuration."""

from typing import Final

from homeassistant.const import ATTR_CONFIG_ENTRY_ID
from homeassistant.core import (
    HomeAssistant,
    ServiceCall,
    ServiceResponse,
    SupportsResponse,
    callback,
)
from homeassistant.helpers.json import json_bytes
from homeassistant.helpers.service import (
    async_get_config_entry,
    async_register_admin_service,
)
from homeassistant.util.json import json_loads
import voluptuous as vol

from .const import DOMAIN
from .coordinator import RigConfigEntry, RigCoordinator

SERVICE_GET_CONFIG: Final = "get_config"
SERVICE_SET_CONFIG: Final = "set_config"
ATTR_CHANGES: Final = "changes"

_RIG: Final = vol.Schema({vol.Required(ATTR_CONFIG_ENTRY_ID): str})


def _plain(changes: object) -> object:
    """Return it as JSON has it; what comes from a YAML file has types of its own."""
    try:
        return json_loads(json_bytes(changes))
    except TypeError as err:
        raise vol.Invalid("This cannot be written as JSON") from err


_CHANGES: Final = vol.All({str: object}, vol.Length(min=1), _plain)


@callback
def async_register_services(hass: HomeAssistant) -> None:
    """Register the actions; they belong to no single rig."""
    async_register_admin_service(
        hass,
        DOMAIN,
        SERVICE_GET_CONFIG,
        _async_get_config,
        _RIG,
        SupportsResponse.ONLY,
    )
    async_register_admin_service(
        hass,
        DOMAIN,
        SERVICE_SET_CONFIG,
        _async_set_config,
        _RIG.extend({vol.Required(ATTR_CHANGES): _CHANGES}),
    )


def _rig(call: ServiceCall) -> RigCoordinator:
    """Return the rig that is meant. Raises ServiceValidationError if it is not there."""
    entry: RigConfigEntry = async_get_config_entry(
        call.hass, DOMAIN, call.data[ATTR_CONFIG_ENTRY_ID]
    )
    return entry.runtime_data


async def _async_get_config(call: ServiceCall) -> ServiceResponse:
    return await _rig(call).async_get_config()


async def _async_set_config(call: ServiceCall) -> None:
    await _rig(call).async_set_config(call.data[ATTR_CHANGES])
