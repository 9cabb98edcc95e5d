"""What the owner of a rig has to know or to decide."""

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir

from .const import CONF_CONTROLS, DOMAIN

_DOCUMENTATION = "https://github.com/mining-rig-home-assistant/mining_rig"


@callback
def async_manage_issues(
    hass: HomeAssistant,
    entry: ConfigEntry,
    read_only: str | None,
    other_rig: str | None,
) -> None:
    """Raise what there is to raise and take back what is solved."""
    for key, there in (
        ("read_only", read_only if entry.data.get(CONF_CONTROLS) else None),
        ("other_rig", "other_rig" if other_rig is not None else None),
    ):
        issue_id = f"{key}_{entry.entry_id}"
        if there is None:
            ir.async_delete_issue(hass, DOMAIN, issue_id)
            continue
        ir.async_create_issue(
            hass,
            DOMAIN,
            issue_id,
            is_fixable=False,
            severity=ir.IssueSeverity.WARNING,
            translation_key=there,
            translation_placeholders={"rig": entry.title},
            learn_more_url=_DOCUMENTATION,
        )


@callback
def async_forget_issues(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Take back everything that concerns a rig."""
    async_manage_issues(hass, entry, None, None)
