"""The orders of a rig, which its agent fetches; stored before they take effect."""

from dataclasses import dataclass, replace
from typing import Any, Final

from ..common.contract import JsonObject, Notes
from . import playbooks
from .protocol import RigType

ORDERS_NOTE: Final = "rig_monitor_orders"


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
    """Store orders; they are on disk when this returns."""
    await notes.keep(ORDERS_NOTE, orders.dump())


def expected_status(rig_type: RigType, notes: Notes, name: str) -> JsonObject:
    """Return the orders of a rig as an agent fetches them."""
    orders = orders_of(notes)
    if rig_type is RigType.CPU_GPU:
        # No agent fetches this; scripts that use the webhook do.
        return {"name": name, "mining_expected_status": _on_off(orders.mining)}
    return {
        "name": name,
        "asic_expected_status": _on_off(orders.power),
        "light_expected_status": _on_off(orders.light),
    }


def served_playbooks(notes: Notes, name: str) -> list[JsonObject]:
    """Return the playbooks that a CPU/GPU rig is to run now; none while mining is off."""
    orders = orders_of(notes)
    if not orders.mining:
        return []
    return playbooks.served(
        notes.get(playbooks.NOTE), orders.playbook_set, playbooks.worker_name(name)
    )


def _on_off(on: Any) -> str:
    return "on" if on else "off"
