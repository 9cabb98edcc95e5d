"""Subentries that stand for playbooks where an owner can see and edit them.

The playbooks themselves are in the rig's store, so that a list which was served is
served again whatever becomes of Home Assistant's own storage.
"""

from types import MappingProxyType
from typing import Any, Final

from homeassistant.config_entries import ConfigEntry, ConfigSubentry
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError

from ...const import LOGGER
from ...store import RigStore
from . import playbooks

PLAYBOOK: Final = "playbook"
"""The type of these subentries."""
CONF_PLAYBOOK_ID: Final = "playbook_id"


def playbook_ids(entry: ConfigEntry) -> frozenset[int]:
    """Return the ids of the playbooks that have a subentry."""
    return frozenset(
        subentry.data[CONF_PLAYBOOK_ID]
        for subentry in entry.subentries.values()
        if subentry.subentry_type == PLAYBOOK
    )


def playbook_title(playbook: Any) -> str:
    """Return how a playbook is called in lists."""
    coins = (playbook.get(playbooks.group_keys(g)[0]) for g in playbooks.GROUPS)
    words = [str(playbook["software_name"]), *filter(None, coins)]
    return f"{playbook.get('set') or playbooks.DEFAULT_SET}: {' '.join(words)}"


@callback
def async_match_subentries(
    hass: HomeAssistant, entry: ConfigEntry, store: RigStore
) -> None:
    """Make the subentries those of the stored playbooks, as after a crash."""
    known = {p["id"]: p for p in playbooks.every(store.get(playbooks.NOTE))}
    for subentry in list(entry.subentries.values()):
        if subentry.subentry_type == PLAYBOOK:
            if known.pop(subentry.data[CONF_PLAYBOOK_ID], None) is None:
                hass.config_entries.async_remove_subentry(entry, subentry.subentry_id)
    for number, playbook in known.items():
        hass.config_entries.async_add_subentry(
            entry,
            ConfigSubentry(
                data=MappingProxyType({CONF_PLAYBOOK_ID: number}),
                subentry_type=PLAYBOOK,
                title=playbook_title(playbook),
                unique_id=None,
            ),
        )


async def async_drop_playbooks(
    hass: HomeAssistant, entry: ConfigEntry, store: RigStore, gone: frozenset[int]
) -> None:
    """Forget the playbooks whose subentries the owner has removed."""
    note = store.get(playbooks.NOTE)
    kept = {p["id"] for p in playbooks.every(note)} - gone
    try:
        await store.keep(playbooks.NOTE, playbooks.without_playbooks(note, kept))
    except HomeAssistantError as err:
        LOGGER.error("%s: a playbook could not be removed: %s", entry.title, err)
        async_match_subentries(hass, entry, store)
