"""Asking the owner for new credentials, for as long as the rig refuses the present ones."""

from homeassistant.config_entries import SOURCE_REAUTH, ConfigEntry
from homeassistant.core import HomeAssistant


class Reauthentication:
    """The re-authentication of one entry."""

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry) -> None:
        """Begin with credentials that were not refused."""
        self._hass = hass
        self._entry = entry
        self._is_refused = False

    def refused(self) -> None:
        """Ask for new credentials, once until a reading is accepted."""
        if not self._is_refused:
            self._is_refused = True
            self._entry.async_start_reauth(self._hass)

    def accepted(self) -> None:
        """Stop asking."""
        if not self._is_refused:
            return
        self._is_refused = False
        flows = self._entry.async_get_active_flows(self._hass, {SOURCE_REAUTH})
        for flow in list(flows):
            self._hass.config_entries.flow.async_abort(flow["flow_id"])
