"""Subentries that stand for the items of a list in a rig's notes.

The items themselves are in the rig's store, so that a list which was served is served
again even if Home Assistant could not save its entries.
"""

from types import MappingProxyType

from homeassistant.config_entries import ConfigEntry, ConfigSubentry
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError

from ..const import LOGGER
from ..sources.common.push import NoteSubentries
from ..store import RigStore


def item_ids(facts: NoteSubentries | None, entry: ConfigEntry) -> frozenset[int]:
    """Return the ids of the items that have a subentry."""
    if facts is None:
        return frozenset()
    return frozenset(
        subentry.data[facts.id_key]
        for subentry in entry.subentries.values()
        if subentry.subentry_type == facts.subentry_type
    )


@callback
def async_match_subentries(
    hass: HomeAssistant, facts: NoteSubentries, entry: ConfigEntry, store: RigStore
) -> None:
    """Make the subentries match the stored items, as after a crash."""
    missing = {**facts.titles(store.get(facts.note))}
    for subentry in list(entry.subentries.values()):
        if subentry.subentry_type == facts.subentry_type:
            if missing.pop(subentry.data[facts.id_key], None) is None:
                hass.config_entries.async_remove_subentry(entry, subentry.subentry_id)
    for number, title in missing.items():
        hass.config_entries.async_add_subentry(
            entry,
            ConfigSubentry(
                data=MappingProxyType({facts.id_key: number}),
                subentry_type=facts.subentry_type,
                title=title,
                unique_id=None,
            ),
        )


async def async_drop_items(
    hass: HomeAssistant,
    facts: NoteSubentries,
    entry: ConfigEntry,
    store: RigStore,
    gone: frozenset[int],
) -> None:
    """Remove the items whose subentries the owner has removed."""
    note = store.get(facts.note)
    kept = facts.titles(note).keys() - gone
    try:
        await store.keep(facts.note, facts.only(note, kept))
    except HomeAssistantError as err:
        LOGGER.error(
            "%s: a %s could not be removed: %s",
            entry.title,
            facts.subentry_type,
            err,
        )
        async_match_subentries(hass, facts, entry, store)
