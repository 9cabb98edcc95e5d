"""The tables of entities and controls on the pages, against the entity registry."""

from collections.abc import Mapping
import json
import re

from homeassistant.const import Platform
from homeassistant.helpers import entity_registry as er

from custom_components.mining_rig.const import DOMAIN

from .pages import ROOT, Page

_TEXTS = json.loads(
    (ROOT / "custom_components" / DOMAIN / "translations" / "en.json").read_text()
)


NAMED_BY_CLASS = frozenset(("Connectivity", "Energy", "Power", "Temperature"))
"""The names that are Home Assistant's own, by their device classes."""


def name_of(entity: er.RegistryEntry) -> str:
    """Return an entity's name as the pages have it: without its number, or the first."""
    texts = _TEXTS["entity"][entity.domain]
    key = str(entity.translation_key)
    if (text := texts.get(key.replace("_number", ""), texts.get(key))) is None:
        # Home Assistant names and translates it by its class.
        name = str(entity.original_device_class).capitalize()
        assert name in NAMED_BY_CLASS
        return name
    return str(text["name"]).replace("{number}", "1")


def _names_of(entity: er.RegistryEntry) -> tuple[str, ...]:
    """Return its names on the pages: also with the first number, and with its own."""
    texts = _TEXTS["entity"][entity.domain].get(str(entity.translation_key), {})
    first = texts.get("name", "").replace("{number}", "1")
    return (name_of(entity), first, str(entity.original_name))


def documented(*pages: Page) -> dict[str, list[dict[str, str]]]:
    """Return the rows of all tables of entities and controls, by name."""
    found: dict[str, list[dict[str, str]]] = {}
    for page in pages:
        for column in ("Entity", "Control"):
            for row in page.rows(column):
                for name in row[column].split(", "):
                    found.setdefault(name, []).append(row)
    return found


def undocumented(
    entities: list[er.RegistryEntry], *pages: Page
) -> list[tuple[str, str | None, bool]]:
    """Return the entities that no table describes correctly.

    The sensor beside a control is described by the control's row, and disabled.
    """
    described = documented(*pages)
    controls = {entity.unique_id for entity in entities if not _is_shown(entity)}
    return [
        (name_of(entity), entity.unit_of_measurement, entity.disabled)
        for entity in entities
        if not (entity.disabled and _is_shown(entity) and entity.unique_id in controls)
        if not any(
            _is_true(row, entity)
            for name in _names_of(entity)
            for row in described.get(name, ())
        )
    ]


def _is_shown(entity: er.RegistryEntry) -> bool:
    """Return whether an entity only shows a value."""
    return entity.domain in (Platform.SENSOR, Platform.BINARY_SENSOR)


def _is_true(row: Mapping[str, str], entity: er.RegistryEntry) -> bool:
    """Return whether a row agrees with the entity registry."""
    if row["Enabled"] != ("no" if entity.disabled else "yes"):
        return False
    cell = row.get("Unit", "as Hashrate")
    if cell == "as Hashrate" or (entity.disabled and not entity.unit_of_measurement):
        # Home Assistant learns the unit of some sensors when they are enabled.
        return True
    units = re.split(r", | …", cell)
    return (entity.unit_of_measurement or "") in units or cell == "on, off"
