"""What the owner ordered a rig to do; it is on disk before it is an order."""

from dataclasses import dataclass, replace
from typing import Any, Final

from ..common.contract import JsonObject, Notes
from . import playbooks
from .parse import RigType

ORDERS_NOTE: Final = "rig_monitor_orders"
SPECS_NOTE: Final = "rig_monitor_specs"


@dataclass(frozen=True, slots=True)
class Orders:
    """The orders of a rig; the defaults never cut power."""

    power: bool = True
    light: bool = False
    mining: bool = True
    playbook_set: str | None = None

    def dump(self) -> JsonObject:
        """Return them as JSON."""
        return {
            "power": self.power,
            "light": self.light,
            "mining": self.mining,
            "playbook_set": self.playbook_set,
        }


def orders_of(notes: Notes) -> Orders:
    """Return the orders in force."""
    kept = notes.get(ORDERS_NOTE)
    orders = Orders()
    if not isinstance(kept, dict):
        return orders
    flags = {
        key: kept[key]
        for key in ("power", "light", "mining")
        if isinstance(kept.get(key), bool)
    }
    chosen = kept.get("playbook_set")
    return replace(
        orders, **flags, playbook_set=chosen if isinstance(chosen, str) else None
    )


async def keep_orders(notes: Notes, orders: Orders) -> None:
    """Give orders; they are on disk when this returns."""
    await notes.keep(ORDERS_NOTE, orders.dump())


def expected_status(rig_type: RigType, notes: Notes, name: str) -> JsonObject:
    """Return what an agent is told of a rig's orders."""
    orders = orders_of(notes)
    if rig_type is RigType.CPU_GPU:
        # No agent asks for it; scripts behind the webhook do.
        return {"name": name, "mining_expected_status": _word(orders.mining)}
    return {
        "name": name,
        "asic_expected_status": _word(orders.power),
        "light_expected_status": _word(orders.light),
    }


def served_playbooks(notes: Notes, name: str) -> list[JsonObject]:
    """Return the playbooks that a CPU/GPU rig is to run now; none while it rests."""
    orders = orders_of(notes)
    if not orders.mining:
        return []
    return playbooks.served(
        notes.get(playbooks.NOTE), orders.playbook_set, playbooks.worker_name(name)
    )


def _word(on: Any) -> str:
    return "on" if on else "off"
