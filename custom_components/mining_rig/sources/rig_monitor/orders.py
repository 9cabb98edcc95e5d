"""The orders of a rig, which its agent fetches; stored before they take effect."""

from dataclasses import dataclass, replace
from typing import Final

from ..common.contract import JsonObject, Notes
from ..common.push import OrdersUnknown
from . import playbooks
from .protocol import RigType

ORDERS_NOTE: Final = "rig_monitor_orders"


@dataclass(frozen=True, slots=True)
class Orders:
    """The orders of a rig; the defaults never cut power.

    One that was lost is None, until the owner orders again.
    """

    power: bool | None = True
    light: bool | None = False
    mining: bool | None = True
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
    if kept is None and not notes.lost:
        return orders
    if not isinstance(kept, dict):
        return Orders(power=None, light=None, mining=None)
    flags = {
        key: kept[key] if isinstance(kept[key], bool) else None
        for key in ("power", "light", "mining")
        if key in kept
    }
    chosen = kept.get("playbook_set")
    return replace(
        orders, **flags, playbook_set=chosen if isinstance(chosen, str) else None
    )


async def keep_orders(notes: Notes, orders: Orders) -> None:
    """Store orders; they are on disk when this returns."""
    await notes.keep(ORDERS_NOTE, orders.dump())


def expected_status(rig_type: RigType, notes: Notes, name: str) -> JsonObject:
    """Return the orders of a rig as an agent fetches them.

    One that was lost is left out: the agent goes on with the last that it has.
    """
    orders = orders_of(notes)
    if rig_type is RigType.CPU_GPU:
        # No agent fetches this; scripts that use the webhook do.
        found = {"mining_expected_status": orders.mining}
    else:
        found = {
            "asic_expected_status": orders.power,
            "light_expected_status": orders.light,
        }
    return {"name": name} | {
        key: "on" if on else "off" for key, on in found.items() if on is not None
    }


def served_playbooks(notes: Notes, name: str) -> list[JsonObject]:
    """Return the playbooks that a CPU/GPU rig is to run now; none while mining is off.

    Raises OrdersUnknown.
    """
    orders = orders_of(notes)
    if orders.mining is None:
        raise OrdersUnknown
    if not orders.mining:
        return []
    if notes.lost and notes.get(playbooks.NOTE) is None:
        raise OrdersUnknown
    return playbooks.served(
        notes.get(playbooks.NOTE), orders.playbook_set, playbooks.worker_name(name)
    )
