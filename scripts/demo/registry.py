"""What the integration has made in Home Assistant, as a browser sees it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .config_dir import DOMAIN

type Row = Mapping[str, Any]
"""One row of a registry's listing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entity:
    """An entity that can be shown: neither disabled nor hidden."""

    entity_id: str
    key: str
    """Its translation key, which is the key of the reading it shows."""
    primary: bool
    device_class: str | None
    state: str
    unique_id: str = ""

    @property
    def domain(self) -> str:
        """The platform's domain: sensor, switch ..."""
        return self.entity_id.partition(".")[0]

    @property
    def number(self) -> float | None:
        """Its state as a number, None where it is none."""
        try:
            return float(self.state)
        except ValueError:
            return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """A device, its entities, and the devices inside of it."""

    device_id: str
    name: str
    entities: Sequence[Entity]
    parts: Sequence[Device] = ()

    def find(self, domain: str, *keys: str) -> Entity | None:
        """Return the first of these entities that the device itself has."""
        for key in keys:
            for entity in self.entities:
                if (entity.domain, entity.key) == (domain, key):
                    return entity
        return None


def arrange(
    devices: Iterable[Row], entities: Iterable[Row], states: Iterable[Row]
) -> list[Device]:
    """Put the integration's entities under their devices, parts under their rigs.

    In the order in which they were made; devices without a shown entity are left out.
    """
    state_of = {row["entity_id"]: row for row in states}
    shown: dict[str, list[Entity]] = {}
    for row in entities:
        state = state_of.get(row["entity_id"])
        if (
            state is None
            or row["platform"] != DOMAIN
            or row["disabled_by"]
            or row["hidden_by"]
            or row["device_id"] is None
        ):
            continue
        shown.setdefault(row["device_id"], []).append(
            Entity(
                entity_id=row["entity_id"],
                key=row["translation_key"] or "",
                primary=row["entity_category"] is None,
                device_class=state["attributes"].get("device_class"),
                state=state["state"],
                unique_id=row.get("unique_id", ""),
            )
        )
    rows = sorted(devices, key=lambda row: row["created_at"])
    parts: dict[str, list[Device]] = {}
    for row in rows:
        if row["id"] in shown and (parent := _parent(row, shown)) is not None:
            parts.setdefault(parent, []).append(_device(row, shown))
    return [
        _device(row, shown, parts.get(row["id"], ()))
        for row in rows
        if row["id"] in shown and _parent(row, shown) is None
    ]


def _parent(row: Row, shown: Mapping[str, Sequence[Entity]]) -> str | None:
    """Return the device that another one is inside of, or linked to: a worker's."""
    parent: str | None = row.get("parent_device_id")
    linked = row.get("via_device_id")
    return linked if parent is None and linked in shown else parent


def _device(
    row: Row, shown: Mapping[str, Sequence[Entity]], parts: Sequence[Device] = ()
) -> Device:
    return Device(
        device_id=row["id"],
        name=row["name_by_user"] or row["name"] or "",
        entities=tuple(shown[row["id"]]),
        parts=tuple(parts),
    )
