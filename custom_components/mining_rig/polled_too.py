"""Machines that push through an agent and are polled as well, which count twice.

An agent pushes its machine's address on the local network, no MAC address: so addresses
are compared, those that the names of polled rigs lead to.
"""

from typing import Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import CONF_HOST
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir
from homeassistant.util.hass_dict import HassKey

from .const import DOMAIN
from .coordinator import RigConfigEntry
from .farm.entry import loaded_rigs
from .flow.scan import async_resolve
from .issues import POLLED_TOO, issue_id, raise_issue
from .model import Channel, channel_from

_LAN_ADDRESS: Final = "rig_monitor_lan_address"
_ADDRESSES: Final[HassKey[dict[str, frozenset[str]]]] = HassKey(f"{DOMAIN}_addresses")
"""The addresses of rigs by their entries, as long as these exist and are enabled."""


@callback
def async_watch_address(hass: HomeAssistant, entry: RigConfigEntry) -> None:
    """Compare the address of a rig with those of the others, now and when it changes."""
    if _is_pushed(entry):
        _watch_pushed(hass, entry)
        for other in loaded_rigs(hass):
            _watch_polled(hass, other)
    elif any(map(_is_pushed, hass.config_entries.async_entries(DOMAIN))):
        _watch_polled(hass, entry)


@callback
def async_forget_address(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Leave a rig out that was removed or disabled."""
    if hass.data.get(_ADDRESSES, {}).pop(entry.entry_id, None) is not None:
        ir.async_delete_issue(hass, DOMAIN, issue_id(POLLED_TOO, entry))
        _compare(hass)


def _is_pushed(entry: RigConfigEntry) -> bool:
    return entry.data.get("rig_type") == "asic"


def _watch_polled(hass: HomeAssistant, entry: RigConfigEntry) -> None:
    if (host := entry.data.get(CONF_HOST)) is not None:
        entry.async_create_background_task(
            hass, _async_note(hass, entry, host), f"{DOMAIN} address"
        )


async def _async_note(hass: HomeAssistant, entry: RigConfigEntry, host: str) -> None:
    _note(hass, entry, await async_resolve(host))


def _watch_pushed(hass: HomeAssistant, entry: RigConfigEntry) -> None:
    """Follow the address in a rig's logs; one without keeps the last."""
    coordinator = entry.runtime_data
    channel: Channel[str] | None = channel_from(_LAN_ADDRESS, None, None)
    assert channel is not None

    @callback
    def note() -> None:
        if (address := coordinator.data.rig.get(channel)) is not None:
            _note(hass, entry, frozenset((address,)))

    note()
    entry.async_on_unload(coordinator.async_add_listener(note))


def _note(hass: HomeAssistant, entry: RigConfigEntry, found: frozenset[str]) -> None:
    known = hass.data.setdefault(_ADDRESSES, {})
    if known.get(entry.entry_id) != found:
        known[entry.entry_id] = found
        _compare(hass)


def _compare(hass: HomeAssistant) -> None:
    """Raise the issue of each rig that pushes and is polled, delete the others."""
    known = hass.data[_ADDRESSES]
    entries = [hass.config_entries.async_get_entry(entry_id) for entry_id in known]
    rigs = [entry for entry in entries if entry is not None]
    pushed = [rig for rig in rigs if _is_pushed(rig)]
    for rig in pushed:
        for other in rigs:
            same = known[rig.entry_id] & known[other.entry_id]
            if same and other not in pushed:
                raise_issue(
                    hass,
                    rig,
                    POLLED_TOO,
                    help_anchor="a-rig-is-added-twice",
                    is_fixable=False,
                    other=other.title,
                    address=min(same),
                )
                break
        else:
            ir.async_delete_issue(hass, DOMAIN, issue_id(POLLED_TOO, rig))
