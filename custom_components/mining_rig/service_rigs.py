"""Which rigs an action offers in dialogs: the loaded ones that can answer it."""

from pathlib import Path
from typing import Any, Final

from homeassistant.config_entries import (
    SIGNAL_CONFIG_ENTRY_CHANGED,
    ConfigEntry,
    ConfigEntryChange,
)
from homeassistant.const import (
    ATTR_CONFIG_ENTRY_ID,
    ATTR_DOMAIN,
    ATTR_SERVICE,
    EVENT_SERVICE_REGISTERED,
)
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.helpers.service import async_set_service_schema
from homeassistant.util.yaml import load_yaml_dict

from .const import DOMAIN
from .coordinator import RigCoordinator
from .farm.entry import loaded_rigs
from .services import SERVICE_GET_CONFIG, SERVICE_SET_CONFIG, SERVICE_WAIT
from .sources.common.contract import Configured, Writable

_DESCRIPTIONS: Final = Path(__file__).with_name("services.yaml")


async def async_offer_rigs(hass: HomeAssistant) -> None:
    """Offer the rigs of now, and others as soon as entries change."""
    found = await hass.async_add_executor_job(load_yaml_dict, str(_DESCRIPTIONS))
    actions: dict[str, dict[str, Any]] = {
        name: about["fields"]
        for name, about in found.items()
        if ATTR_CONFIG_ENTRY_ID in about.get("fields", {})
    }

    offered: dict[str, list[dict[str, str]]] = {}

    @callback
    def offer() -> None:
        rigs = sorted(loaded_rigs(hass), key=lambda entry: entry.title.casefold())
        for name, fields in actions.items():
            options = [
                {"value": entry.entry_id, "label": entry.title}
                for entry in rigs
                if _answers(entry.runtime_data, name)
            ]
            if offered.get(name) == options:
                continue
            offered[name] = options
            field = {**fields[ATTR_CONFIG_ENTRY_ID], "selector": _selector(options)}
            about = {"fields": {**fields, ATTR_CONFIG_ENTRY_ID: field}}
            async_set_service_schema(hass, DOMAIN, name, about)
            # A page that is open reads descriptions again only when it is told this.
            hass.bus.async_fire(
                EVENT_SERVICE_REGISTERED, {ATTR_DOMAIN: DOMAIN, ATTR_SERVICE: name}
            )

    @callback
    def entry_changed(_change: ConfigEntryChange, entry: ConfigEntry) -> None:
        if entry.domain == DOMAIN:
            offer()

    offer()
    async_dispatcher_connect(hass, SIGNAL_CONFIG_ENTRY_CHANGED, entry_changed)


def _answers(rig: RigCoordinator, action: str) -> bool:
    """Return whether a rig can answer an action."""
    if action in (SERVICE_GET_CONFIG, SERVICE_SET_CONFIG):
        return isinstance(rig.source, Configured)
    if action == SERVICE_WAIT:
        return isinstance(rig.source, Writable) or rig.starter.is_set
    return action in rig.kind.actions


def _selector(options: list[dict[str, str]]) -> dict[str, Any]:
    # Another value can be a template, or a rig that is not loaded now.
    return {"select": {"options": options, "custom_value": True, "mode": "dropdown"}}
