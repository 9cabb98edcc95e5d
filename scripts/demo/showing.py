"""Keeps the dashboard and the energy settings up to the rigs that are there."""

import asyncio
from contextlib import suppress
from datetime import UTC, datetime
import json
from pathlib import Path
from typing import Any

from . import past
from .client import HomeAssistant
from .dashboard import ICON, TITLE, URL_PATH, add_to_energy, build
from .errors import DemoError
from .registry import Device, arrange

_EVENTS = ("device_registry_updated", "entity_registry_updated")
_SETTLE = 1.0
"""Seconds to wait for more changes: adding a rig makes many at once."""


class Showing:
    """Draws the dashboard until somebody edits it by hand."""

    def __init__(self, home: HomeAssistant, config_dir: Path) -> None:
        """Remember in the configuration folder what was drawn last."""
        self._home = home
        self._drawn = config_dir / "dashboard.json"

    async def open(self) -> None:
        """Make the dashboard, the first that a browser shows, and draw it."""
        await self._home.watch(*_EVENTS)
        boards = await self._home.command("lovelace/dashboards/list")
        if not any(board["url_path"] == URL_PATH for board in boards):
            self._drawn.unlink(missing_ok=True)
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
                "frontend/set_system_data",
                key="core",
                value={"default_panel": URL_PATH},
            )
        await self.draw()

    async def follow(self) -> None:
        """Draw anew whenever rigs come or go; ends with Disconnected."""
        while True:
            await self._home.changed()
            await asyncio.sleep(_SETTLE)
            await self.draw()

    async def draw(self) -> None:
        """Bring dashboard and energy settings up to date."""
        rigs = await read_rigs(self._home)
        wanted = build(rigs)
        shown = await self._ask("lovelace/config", url_path=URL_PATH)
        if shown != wanted and shown == self._remembered():
            await self._home.command(
                "lovelace/config/save", url_path=URL_PATH, config=wanted
            )
            self._drawn.write_text(json.dumps(wanted))
        settings = await self._ask("energy/get_prefs")
        if changes := add_to_energy(settings or {}, rigs):
            await self._home.command("energy/save_prefs", **changes)
        with suppress(DemoError):
            await past.fill(self._home, rigs, datetime.now(UTC))

    async def _ask(self, kind: str, **fields: Any) -> Any:
        """Ask for settings; None where nobody has set any."""
        try:
            return await self._home.command(kind, **fields)
        except DemoError:
            return None

    def _remembered(self) -> Any:
        try:
            return json.loads(self._drawn.read_text())
        except FileNotFoundError, ValueError:
            return None


async def read_rigs(home: HomeAssistant) -> list[Device]:
    """Ask Home Assistant for the integration's devices."""
    return arrange(
        await home.command("config/device_registry/list"),
        await home.command("config/entity_registry/list"),
        await home.command("get_states"),
    )
