"""Issues of a rig in Home Assistant's repairs."""

from collections.abc import Iterable, Mapping
from typing import Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir

from .const import DOMAIN
from .problem import Problem

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
            None,
            help_anchor=problem.help_anchor,
            is_fixable=False,
            **problem.placeholders,
        )
