"""Which entries belong to a farm."""

from collections.abc import Mapping
from typing import Any, Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr

from ..const import CONF_ID_ROOT, CONF_KIND, DOMAIN
from ..sources import KINDS

CONF_RIGS: Final = "rigs"
CONF_AREAS: Final = "areas"
CONF_LABELS: Final = "labels"
CONF_LEFT_OUT: Final = "left_out"
CONF_STAGGER: Final = "stagger"
"""Seconds between two rigs that are switched on."""
STAGGER: Final = 10


def rig_entries(hass: HomeAssistant) -> list[ConfigEntry]:
    """Return the entries that a farm can have: what mines itself, no pools or proxies.

    These only report what rigs do.
    """
    return [
        entry
        for entry in hass.config_entries.async_entries(
            DOMAIN, include_ignore=False, include_disabled=False
        )
        if (kind := KINDS.get(entry.data[CONF_KIND])) is not None and kind.draws_power
    ]


def selected_entries(
    hass: HomeAssistant, options: Mapping[str, Any]
) -> list[ConfigEntry]:
    """Return the entries of a farm with such options; all where none is chosen.

    A rig is in an area, or has a label, if its own device is or has.
    """
    left_out = set(options.get(CONF_LEFT_OUT, ()))
    entries = [e for e in rig_entries(hass) if e.entry_id not in left_out]
    rigs, areas, labels = (
        set(options.get(key) or ()) for key in (CONF_RIGS, CONF_AREAS, CONF_LABELS)
    )
    if not (rigs or areas or labels):
        return entries
    devices = dr.async_get(hass)

    def is_selected(entry: ConfigEntry) -> bool:
        if entry.entry_id in rigs:
            return True
        device = devices.async_get_device_by_identifier(
            (DOMAIN, entry.data[CONF_ID_ROOT]), entry.entry_id
        )
        return device is not None and (
            device.area_id in areas or not labels.isdisjoint(device.labels)
        )

    return [entry for entry in entries if is_selected(entry)]
