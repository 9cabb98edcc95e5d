"""Issues of a rig in Home Assistant's repairs."""

from collections.abc import Iterable, Mapping
from typing import Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir

from .const import DOMAIN
from .problem import Problem
from .protection.data import Repair

TROUBLESHOOTING: Final = (
    "https://github.com/mining-rig-home-assistant/mining_rig"
    "/blob/main/docs/troubleshooting.md"
)

PUT_ASIDE: Final = "put_aside"
"""What was kept of a rig could not be read."""
TOO_MANY_PARTS: Final = "too_many_parts"
"""A rig reports more parts than are taken."""

POLLED_TOO: Final = "polled_too"
"""A rig pushes, and is polled as another one."""


_PROBLEM: Final = "problem"
"""What the id of the issue of a problem begins with."""


def issue_id(subject: str, entry: ConfigEntry) -> str:
    """Return the id of an issue of a rig."""
    return f"{subject}_{entry.entry_id}"


def raise_issue(
    hass: HomeAssistant,
    entry: ConfigEntry,
    subject: str,
    key: str | None = None,
    data: Mapping[str, str] | None = None,
    /,
    *,
    help_anchor: str,
    is_fixable: bool = True,
    **placeholders: str,
) -> None:
    """Raise an issue of a rig.

    `key` is that of its texts, the subject if there is none; `help_anchor` is a heading of
    docs/troubleshooting.md.
    """
    ir.async_create_issue(
        hass,
        DOMAIN,
        issue_id(subject, entry),
        data={"entry_id": entry.entry_id, "subject": subject, **(data or {})},
        is_fixable=is_fixable,
        severity=ir.IssueSeverity.WARNING,
        translation_key=key or subject,
        translation_placeholders={"rig": entry.title, **placeholders},
        learn_more_url=f"{TROUBLESHOOTING}#{help_anchor}",
    )


@callback
def async_manage_issue(
    hass: HomeAssistant,
    entry: ConfigEntry,
    subject: str,
    is_there: bool,
    *,
    help_anchor: str,
    is_fixable: bool = True,
    **placeholders: str,
) -> None:
    """Raise an issue of a rig whose texts have its name, or delete it."""
    if not is_there:
        ir.async_delete_issue(hass, DOMAIN, issue_id(subject, entry))
        return
    raise_issue(
        hass,
        entry,
        subject,
        help_anchor=help_anchor,
        is_fixable=is_fixable,
        **placeholders,
    )


@callback
def async_manage_put_aside(
    hass: HomeAssistant, entry: ConfigEntry, file: str | None
) -> None:
    """Raise the issue that a rig's file was put aside under that name, or delete it."""
    async_manage_issue(
        hass,
        entry,
        PUT_ASIDE,
        file is not None,
        help_anchor="what-was-kept-of-a-rig-could-not-be-read",
        file=file or "",
    )


@callback
def async_manage_too_many_parts(
    hass: HomeAssistant, entry: ConfigEntry, ignored: int
) -> None:
    """Raise the issue that so many parts and readings are ignored, or delete it."""
    async_manage_issue(
        hass,
        entry,
        TOO_MANY_PARTS,
        ignored > 0,
        help_anchor="a-rig-reports-too-many-parts",
        is_fixable=False,
        ignored=str(ignored),
    )


@callback
def async_manage_problems(
    hass: HomeAssistant, entry: ConfigEntry, problems: Iterable[Problem]
) -> None:
    """Raise the issues of the problems of a rig, delete those of all others."""
    wanted = {f"{_PROBLEM}_{problem.key}": problem for problem in problems}
    kept = {issue_id(subject, entry) for subject in wanted}
    for domain, found in list(ir.async_get(hass).issues):
        is_own = found.startswith(f"{_PROBLEM}_") and found.endswith(entry.entry_id)
        if domain == DOMAIN and is_own and found not in kept:
            ir.async_delete_issue(hass, DOMAIN, found)
    for subject, problem in wanted.items():
        raise_issue(
            hass,
            entry,
            subject,
            problem.key,
            help_anchor=problem.help_anchor,
            is_fixable=False,
            **problem.placeholders,
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
        **facts,
    )
