"""The demo's dashboard and energy settings, drawn from what the rigs have."""

from collections.abc import Iterable, Mapping, Sequence
import re
from typing import Any, NamedTuple

from .config_dir import DOMAIN
from .registry import Device, Entity

type Card = dict[str, Any]

URL_PATH = "mining-rigs"
TITLE = "Mining rigs"
ICON = "mdi:pickaxe"
ADD_RIG = f"/config/integrations/dashboard/add?domain={DOMAIN}"
_FULL = {"columns": 12}
_TOGGLE = {
    "features": [{"type": "toggle"}],
    "features_position": "inline",
    "grid_options": _FULL,
}


class _Tile(NamedTuple):
    """How the first entity found under one of the keys is shown."""

    domain: str
    keys: tuple[str, ...]
    extra: Mapping[str, Any] = {}


_RIG_TILES = (
    _Tile("switch", ("mining_allowed",), _TOGGLE),
    _Tile("sensor", ("hashrate",), {"color": "amber"}),
    _Tile(
        "sensor",
        ("temperature", "hottest"),
        {"color": "deep-orange", "name": "Temperature"},
    ),
    _Tile("sensor", ("power", "power_estimate"), {"color": "blue"}),
    _Tile("sensor", ("efficiency",), {"color": "teal"}),
    _Tile("sensor", ("energy", "energy_estimate"), {"color": "indigo"}),
    _Tile("sensor", ("accepted_shares",), {"color": "green", "name": "Shares"}),
    _Tile("sensor", ("headframe_rejected_share_1d",), {"color": "red"}),
    _Tile("sensor", ("headframe_workers_stable",), {"color": "green"}),
    _Tile("sensor", ("headframe_earnings_today",), {"color": "amber"}),
    _Tile("sensor", ("headframe_balance",), {"color": "amber"}),
    _Tile("sensor", ("headframe_last_payout",), {"color": "amber"}),
    _Tile("event", ("headframe_payment",)),
)
_RIG_BADGES = ("connected", "mining", "headframe_workers_down")
_TELLS_PAST = ("headframe_workers",)
_PART_BADGES = (
    ("hashrate",),
    ("temperature", "power", "fan_speed", "headframe_status"),
)
_MOST_OTHER_TILES = 8

_GRAPHS = (
    ("Hashrate", ("hashrate",)),
    ("Temperature", ("temperature", "hottest")),
    ("Power", ("power", "power_estimate")),
)


def build(rigs: Sequence[Device]) -> dict[str, Any]:
    """Return the dashboard of these rigs."""
    sections = [_rig_section(rig) for rig in rigs] if rigs else [_welcome()]
    if graphs := [
        graph for title, keys in _GRAPHS for graph in _graph(title, keys, rigs)
    ]:
        sections.append(
            {
                "type": "grid",
                "column_span": 3,
                "cards": [_heading("Last 15 minutes", "mdi:chart-line"), *graphs],
            }
        )
    return {
        "views": [
            {
                "type": "sections",
                "title": TITLE,
                "path": "rigs",
                "icon": ICON,
                "max_columns": 3,
                "dense_section_placement": True,
                "sections": sections,
            }
        ]
    }


def _rig_section(rig: Device) -> Card:
    heading = _heading(rig.name, ICON)
    heading["tap_action"] = {
        "action": "navigate",
        "navigation_path": f"/config/devices/device/{rig.device_id}",
    }
    heading["badges"] = [
        _badge(entity)
        for key in _RIG_BADGES
        if (entity := rig.find("binary_sensor", key))
    ]
    tiles = [
        {**_tile(entity), **row.extra}
        for row in _RIG_TILES
        if (entity := rig.find(row.domain, *row.keys))
    ]
    parts = [_part(part, rig) for part in rig.parts]
    cards = [heading, *(tiles or _other_tiles(rig)), *_past(rig), *parts]
    return {"type": "grid", "cards": cards}


def _past(rig: Device) -> list[Card]:
    """Show the imported past, which only this kind of card does."""
    hashrate = rig.find("sensor", "hashrate")
    if hashrate is None or rig.find("sensor", *_TELLS_PAST) is None:
        return []
    statistic = re.sub(r"\W+", "_", hashrate.unique_id.lower())
    return [
        {
            "type": "statistics-graph",
            "title": "The past week, as the pool tells it",
            "entities": [f"{DOMAIN}:{statistic}"],
            "days_to_show": 7,
            "period": "hour",
            "stat_types": ["mean"],
            "hide_legend": True,
            "grid_options": _FULL,
        }
    ]


def _part(part: Device, rig: Device) -> Card:
    """Show a card, a processor or a worker in one line, its rig's name left out."""
    badges = [
        _badge(entity)
        for keys in _PART_BADGES
        if (entity := part.find("sensor", *keys))
    ]
    return {
        "type": "heading",
        "heading": part.name.removeprefix(f"{rig.name} "),
        "heading_style": "subtitle",
        "badges": badges,
    }


def _badge(entity: Entity) -> Card:
    return {
        "type": "entity",
        "entity": entity.entity_id,
        "show_state": True,
        "show_icon": True,
        "color": "state",
    }


def _other_tiles(device: Device) -> list[Card]:
    """Show a device that has nothing in common with a rig: a pool's account."""
    entities = [entity for entity in device.entities if entity.primary]
    return [_tile(entity) for entity in entities[:_MOST_OTHER_TILES]]


def _tile(entity: Entity) -> Card:
    return {
        "type": "tile",
        "entity": entity.entity_id,
        "name": {"type": "entity"},
        "vertical": False,
    }


def _graph(title: str, keys: tuple[str, ...], rigs: Sequence[Device]) -> list[Card]:
    lines = [
        {"entity": entity.entity_id, "name": rig.name}
        for rig in rigs
        if (entity := rig.find("sensor", *keys))
    ]
    if not lines:
        return []
    return [
        {
            "type": "history-graph",
            "title": title,
            "hours_to_show": 0.25,
            "entities": lines,
            "grid_options": _FULL,
        }
    ]


def _heading(text: str, icon: str) -> Card:
    return {"type": "heading", "heading": text, "icon": icon, "heading_style": "title"}


def _welcome() -> Card:
    return {
        "type": "grid",
        "cards": [
            _heading("No rigs yet", ICON),
            {
                "type": "markdown",
                "content": "Add one of the simulated rigs whose addresses and tokens "
                f"stand in the terminal: [Add a mining rig]({ADD_RIG}). It appears "
                "here as soon as it is added.",
            },
        ],
    }


def add_to_energy(
    settings: Mapping[str, Any], rigs: Iterable[Device]
) -> dict[str, Any] | None:
    """Return the Energy dashboard's devices with the rigs among them.

    None if there is nothing to add; what somebody has set stays as it is.
    """
    devices = list(settings.get("device_consumption", ()))
    known = {device["stat_consumption"] for device in devices}
    before = len(devices)
    for rig in rigs:
        energy = rig.find("sensor", "energy", "energy_estimate")
        if energy is None or energy.entity_id in known:
            continue
        device = {"stat_consumption": energy.entity_id, "name": rig.name}
        if power := rig.find("sensor", "power", "power_estimate"):
            device["stat_rate"] = power.entity_id
        devices.append(device)
    return {"device_consumption": devices} if len(devices) > before else None
