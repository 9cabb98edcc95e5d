"""Home Assistant without what needs a network: `python -m scripts.demo.offline`.

Takes Home Assistant's own arguments.
"""

from functools import cache
from importlib import import_module
import sys
from types import ModuleType
from typing import override
from unittest.mock import patch

from aiohttp import ThreadedResolver
from homeassistant import bootstrap
from homeassistant.__main__ import main
from homeassistant.const import BASE_PLATFORMS
from homeassistant.core import HomeAssistant
from homeassistant.helpers import aiohttp_client, service

from .absent import stand_in
from .options import ROOT

_UNUSED = {
    "ai_task",
    "analytics",
    "assist_satellite",
    "backup",
    "camera",
    "conversation",
    "image_processing",
    "infrared",
    "radio_frequency",
    "stt",
    "tts",
    "wake_word",
}
"""Set up by default, of no use to a rig, and in need of packages or a network."""


class _Resolver(ThreadedResolver):
    """Looks names up through Python, where the guard of `child.py` sees it.

    The usual one opens multicast sockets on every interface.
    """

    async def real_close(self) -> None:
        """Close, as the usual one is closed."""
        await self.close()

    @override
    async def close(self) -> None:
        """Nothing to close."""


def _components_of_services() -> dict[str, ModuleType]:
    """Import the platforms whose features the descriptions of services name.

    The usual list has some that lack their packages here.
    """
    return {
        name: import_module(f"homeassistant.components.{name}")
        for name in BASE_PLATFORMS - _UNUSED
    }


def _make_resolver(_: HomeAssistant) -> _Resolver:
    return _Resolver()


if __name__ == "__main__":
    # The integration is found where a user puts it, not in the checkout.
    sys.path.remove(str(ROOT))
    stand_in()
    bootstrap.DEFAULT_INTEGRATIONS.difference_update(_UNUSED)
    with (
        patch.object(aiohttp_client, "_async_make_resolver", _make_resolver),
        patch.object(service, "_base_components", cache(_components_of_services)),
    ):
        sys.exit(main())
