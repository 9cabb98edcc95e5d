"""Issues of a rig in Home Assistant's repairs."""

from collections.abc import Mapping
from typing import Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir

from .const import DOMAIN

TROUBLESHOOTING: Final = (
    "https://github.com/mining-rig-home-assistant/mining_rig"
    "/blob/main/docs/troubleshooting.md"
)


def issue_id(subject: str, entry: ConfigEntry) -> str:
    """Return the id of an issue of a rig."""
    return f"{subject}_{entry.entry_id}"


def raise_issue(
    hass: HomeAssistant,
    entry: ConfigEntry,
    subject: str,
    key: str,
    data: Mapping[str, str] | None = None,
    *,
    help_anchor: str,
    is_fixable: bool = True,
    **placeholders: str,
) -> None:
    """Raise an issue of a rig; `help_anchor` is a heading of docs/troubleshooting.md."""
    ir.async_create_issue(
        hass,
        DOMAIN,
        issue_id(subject, entry),
        data={"entry_id": entry.entry_id, "subject": subject, **(data or {})},
        is_fixable=is_fixable,
        severity=ir.IssueSeverity.WARNING,
        translation_key=key,
        translation_placeholders={"rig": entry.title, **placeholders},
        learn_more_url=f"{TROUBLESHOOTING}#{help_anchor}",
    )
