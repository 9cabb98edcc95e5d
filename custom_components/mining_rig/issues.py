"""Issues of a rig in Home Assistant's repairs."""

from collections.abc import Mapping
from typing import Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir

from .const import DOMAIN
from .protection.data import Repair

TROUBLESHOOTING: Final = (
    "https://github.com/mining-rig-home-assistant/mining_rig"
    "/blob/main/docs/troubleshooting.md"
)

PUT_ASIDE: Final = "put_aside"
"""What was kept of a rig could not be read."""
TOO_MANY_PARTS: Final = "too_many_parts"
"""A rig reports more parts than are taken."""


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


@callback
def async_manage_put_aside(
    hass: HomeAssistant, entry: ConfigEntry, file: str | None
) -> None:
    """Raise the issue that a rig's file was put aside under that name, or delete it."""
    if file is None:
        ir.async_delete_issue(hass, DOMAIN, issue_id(PUT_ASIDE, entry))
        return
    raise_issue(
        hass,
        entry,
        PUT_ASIDE,
        PUT_ASIDE,
        help_anchor="what-was-kept-of-a-rig-could-not-be-read",
        file=file,
    )


@callback
def async_manage_too_many_parts(
    hass: HomeAssistant, entry: ConfigEntry, ignored: int
) -> None:
    """Raise the issue that so many parts and readings are ignored, or delete it."""
    if not ignored:
        ir.async_delete_issue(hass, DOMAIN, issue_id(TOO_MANY_PARTS, entry))
        return
    raise_issue(
        hass,
        entry,
        TOO_MANY_PARTS,
        TOO_MANY_PARTS,
        help_anchor="a-rig-reports-too-many-parts",
        is_fixable=False,
        ignored=str(ignored),
    )


PROTECTION_ISSUES: Final[Mapping[str, str]] = {
    Repair.OVERHEATED: "protection_overheated",
    Repair.STILL_HOT: "protection_still_hot",
    Repair.POWER_STAYS_ON: "protection_power_stays_on",
    Repair.LATCHED: "protection_latched",
    Repair.NO_READING: "protection_no_reading",
    Repair.FROZEN: "protection_frozen",
}
"""The issue of each repair of thermal protection."""


@callback
def async_manage_protection(
    hass: HomeAssistant,
    entry: ConfigEntry,
    repair: str,
    facts: Mapping[str, str] | None,
) -> None:
    """Raise an issue of thermal protection with what is known of the heat, or delete it."""
    subject = PROTECTION_ISSUES[repair]
    if facts is None:
        ir.async_delete_issue(hass, DOMAIN, issue_id(subject, entry))
        return
    raise_issue(
        hass,
        entry,
        subject,
        subject,
        help_anchor="a-rig-was-too-hot-and-was-stopped",
        is_fixable=False,
        data=None,
        **facts,
    )
