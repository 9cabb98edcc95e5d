"""The actions: waiting, energy totals, a miner's configuration, those of each kind."""

from collections.abc import Mapping
from typing import Final

from homeassistant.const import ATTR_CONFIG_ENTRY_ID
from homeassistant.core import (
    HomeAssistant,
    ServiceCall,
    ServiceResponse,
    SupportsResponse,
    callback,
)
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.json import json_bytes
from homeassistant.helpers.service import (
    async_get_config_entry,
    async_register_admin_service,
)
from homeassistant.util.json import json_loads
import voluptuous as vol

from .const import CONF_ALLOW_WRITING, DOMAIN
from .coordinator import RigConfigEntry, RigCoordinator
from .energy_action import SERVICE_SET_ENERGY, SET_ENERGY, async_set_energy
from .farm.coordinator import FarmConfigEntry
from .farm.entry import is_farm
from .sources import KINDS
from .sources.common.actions import KindAction

SERVICE_GET_CONFIG: Final = "get_config"
SERVICE_SET_CONFIG: Final = "set_config"
ATTR_CHANGES: Final = "changes"
ATTR_CONFIRM: Final = "confirm"
SERVICE_WAIT: Final = "wait_for_order"
ATTR_TIMEOUT: Final = "timeout"

_RIG: Final = vol.Schema({vol.Required(ATTR_CONFIG_ENTRY_ID): str})
_WAIT: Final = _RIG.extend(
    {
        vol.Optional(ATTR_TIMEOUT, default=300): vol.All(
            vol.Coerce(float), vol.Range(min=1, max=3600)
        )
    }
)
_CONFIRM: Final = {vol.Optional(ATTR_CONFIRM, default=False): cv.boolean}


def _plain(changes: object) -> object:
    """Return plain JSON types; values from a YAML file have types of their own."""
    try:
        return json_loads(json_bytes(changes))
    except TypeError as err:
        raise vol.Invalid("This cannot be written as JSON") from err


_CHANGES: Final = vol.All({str: object}, vol.Length(min=1), _plain)

KIND_ACTIONS: Final[Mapping[str, KindAction]] = {
    name: action for kind in KINDS.values() for name, action in kind.actions.items()
}
"""The actions of all kinds, by name; kinds with the same action share it."""


def _schema(action: KindAction) -> vol.Schema:
    schema = _RIG.extend(dict(action.fields))
    return schema.extend(_CONFIRM) if action.changes else schema


@callback
def async_register_services(hass: HomeAssistant) -> None:
    """Register all actions."""
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
    hass.services.async_register(DOMAIN, SERVICE_WAIT, _async_wait, _WAIT)
    async_register_admin_service(
        hass, DOMAIN, SERVICE_SET_ENERGY, async_set_energy, SET_ENERGY
    )
    for name, action in KIND_ACTIONS.items():
        response = (
            SupportsResponse.OPTIONAL if action.changes else SupportsResponse.ONLY
        )
        if action.admin:
            async_register_admin_service(
                hass, DOMAIN, name, _async_kind_action, _schema(action), response
            )
        else:
            hass.services.async_register(
                DOMAIN, name, _async_kind_action, _schema(action), response
            )


def _rig(call: ServiceCall) -> RigCoordinator:
    """Return the rig of a call. Raises ServiceValidationError if it is not loaded."""
    entry: RigConfigEntry | FarmConfigEntry = async_get_config_entry(
        call.hass, DOMAIN, call.data[ATTR_CONFIG_ENTRY_ID]
    )
    if is_farm(entry):
        raise ServiceValidationError(
            translation_domain=DOMAIN,
            translation_key="not_a_rig",
            translation_placeholders={"rig": entry.title},
        )
    return entry.runtime_data


async def _async_get_config(call: ServiceCall) -> ServiceResponse:
    return await _rig(call).commands.async_get_config()


async def _async_set_config(call: ServiceCall) -> None:
    await _rig(call).commands.async_set_config(call.data[ATTR_CHANGES])


async def _async_wait(call: ServiceCall) -> None:
    await _rig(call).commands.async_wait(call.data[ATTR_TIMEOUT])


async def _async_kind_action(call: ServiceCall) -> ServiceResponse:
    rig = _rig(call)
    details = {key: call.data[key] for key in call.data if key != ATTR_CONFIG_ENTRY_ID}
    if KIND_ACTIONS[call.service].changes:
        if not rig.config_entry.options.get(CONF_ALLOW_WRITING, False):
            raise _refusal(rig, "writing_not_allowed")
        if not details.pop(ATTR_CONFIRM):
            raise _refusal(rig, "confirmation_missing")
    return await rig.commands.async_report(call.service, details)


def _refusal(rig: RigCoordinator, key: str) -> ServiceValidationError:
    return ServiceValidationError(
        translation_domain=DOMAIN,
        translation_key=key,
        translation_placeholders={"rig": rig.name},
    )
