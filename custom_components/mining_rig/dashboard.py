"""Serves the dashboard: JavaScript modules that Home Assistant's pages load."""

from hashlib import sha256
from pathlib import Path
from typing import Final

from homeassistant.components.frontend import add_extra_js_url
from homeassistant.components.http import StaticPathConfig
from homeassistant.core import HomeAssistant

from .const import DOMAIN

_FOLDER: Final = Path(__file__).parent / "frontend"
_ENTRANCE: Final = "mining-rig.js"


async def async_serve_dashboard(hass: HomeAssistant) -> None:
    """Serve the modules, and have every page load them.

    Without Home Assistant's own frontend there is no page, and nothing is served.
    """
    if "frontend" not in hass.config.components:
        return
    version = await hass.async_add_executor_job(_version)
    address = f"/{DOMAIN}/{version}"
    await hass.http.async_register_static_paths(
        [StaticPathConfig(address, str(_FOLDER), cache_headers=True)]
    )
    add_extra_js_url(hass, f"{address}/{_ENTRANCE}")


def _version() -> str:
    """Return what changes with any of the modules, as browsers keep them for a month.

    It is part of the path, so that it holds for the modules that they import as well.
    """
    digest = sha256()
    for module in sorted(_FOLDER.glob("*.js")):
        digest.update(module.read_bytes())
    return digest.hexdigest()[:12]
