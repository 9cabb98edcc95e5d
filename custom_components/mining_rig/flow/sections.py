"""Sections of the options form whose answers are kept together."""

from collections.abc import Mapping
from typing import Any

from homeassistant.data_entry_flow import section
import voluptuous as vol


def with_section(
    fields: dict[Any, Any],
    key: str,
    inside: dict[Any, Any],
    options: Mapping[str, Any],
) -> None:
    """Add a collapsed section with what was chosen of it."""
    defaults = _defaults(inside)
    # The frontend takes the default of a section for its fields, too.
    shown = {"suggested_value": defaults | options.get(key, {})}
    marker = vol.Optional(key, default=dict, description=shown)
    fields[marker] = section(vol.Schema(inside), {"collapsed": True})


def without_defaults(schema: vol.Schema, answers: Mapping[str, Any]) -> dict[str, Any]:
    """Return the answers without the sections in which nothing was chosen."""
    empty = {
        str(key): _defaults(inside.schema.schema)
        for key, inside in schema.schema.items()
        if isinstance(inside, section)
    }
    return {
        key: answer
        for key, answer in answers.items()
        if key not in empty or answer != empty[key]
    }


def _defaults(fields: Mapping[Any, Any]) -> dict[str, Any]:
    return {
        str(key): key.default() for key in fields if key.default is not vol.UNDEFINED
    }
