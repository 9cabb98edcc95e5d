"""Opens the integration's dashboard, and keeps the energy settings up to the rigs."""

import asyncio
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from . import past
from .client import HomeAssistant
from .config_dir import DOMAIN
from .errors import DemoError
from .registry import Device, arrange

URL_PATH = "mining-rigs"
TITLE = "Mining rigs"
ICON = "mdi:pickaxe"
ADD_RIG = f"/config/integrations/dashboard/add?domain={DOMAIN}"
STRATEGY = {"strategy": {"type": "custom:mining-rig"}}
"""All that an owner has to write, or chooses under Community dashboards."""
_EVENTS = ("device_registry_updated", "entity_registry_updated")
_SETTLE = 1.0
"""Seconds to wait for more changes: adding a rig makes many at once."""


class Showing:
    """Makes the dashboard, and adds what draws power to the Energy dashboard."""

    def __init__(self, home: HomeAssistant) -> None:
        """Bind to a running Home Assistant."""
        self._home = home

    async def open(self) -> None:
        """Make the dashboard, the first that a browser shows."""
        await self._home.watch(*_EVENTS)
        boards = await self._home.command("lovelace/dashboards/list")
        if not any(board["url_path"] == URL_PATH for board in boards):
            await self._home.command(
                "lovelace/dashboards/create",
                url_path=URL_PATH,
                title=TITLE,
                icon=ICON,
                show_in_sidebar=True,
                require_admin=False,
                mode="storage",
            )
            await self._home.command(
                "lovelace/config/save", url_path=URL_PATH, config=STRATEGY
            )
            await self._home.command(
                "frontend/set_system_data",
                key="core",
                value={"default_panel": URL_PATH},
            )
        await self.add_energy()

    async def follow(self) -> None:
        """Add the energy of rigs that come; ends with Disconnected."""
        while True:
            await self._home.changed()
            await asyncio.sleep(_SETTLE)
            await self.add_energy()

    async def add_energy(self) -> None:
        """Bring the energy settings up to date."""
        try:
            settings = await self._home.command("energy/get_prefs")
        except DemoError:
            settings = {}  # Nobody has set any.
        rigs = await read_rigs(self._home)
        if changes := add_to_energy(settings, rigs):
            await self._home.command("energy/save_prefs", **changes)
        with suppress(DemoError):
            await past.fill(self._home, rigs, datetime.now(UTC))


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
        is_sum = rig.find("sensor", "farm_rigs") is not None
        if energy is None or energy.entity_id in known or is_sum:
            continue
        device = {"stat_consumption": energy.entity_id, "name": rig.name}
        if power := rig.find("sensor", "power", "power_estimate"):
            device["stat_rate"] = power.entity_id
        devices.append(device)
    return {"device_consumption": devices} if len(devices) > before else None


async def read_rigs(home: HomeAssistant) -> list[Device]:
    """Ask Home Assistant for the integration's devices."""
    return arrange(
        await home.command("config/device_registry/list"),
        await home.command("config/entity_registry/list"),
        await home.command("get_states"),
    )
