"""The pretend phone, as Home Assistant comes to know it: by the app's own API."""

from collections.abc import Mapping
import json
from pathlib import Path
from typing import Any

import aiohttp

from .client import HomeAssistant
from .errors import DemoError

APP = "mobile_app"
_KEPT = "phone.json"
_REGISTRATIONS = "/api/mobile_app/registrations"
_WHAT_CHANGES = (
    "app_data",
    "app_version",
    "device_name",
    "manufacturer",
    "model",
    "os_version",
)


async def connect(
    home: HomeAssistant, address: str, *, base: str, config_dir: Path
) -> None:
    """Register the phone at `address` with the Home Assistant at `base`.

    One that is registered only says where it is now, as the app does after an update.
    """
    kept = config_dir / _KEPT
    async with aiohttp.ClientSession(raise_for_status=True) as session:
        said = await read(session, address)
        registration = said["registration"]
        webhook = _known(kept)
        if webhook is None or not await _update(session, base, webhook, registration):
            answer = await home.post(_REGISTRATIONS, registration)
            webhook = f"/api/webhook/{answer['webhook_id']}"
            kept.touch(mode=0o600)
            kept.write_text(json.dumps({"webhook": webhook}))
        url = {"url": f"{base}{webhook}"}
        async with session.put(f"{address}/webhook", json=url):
            pass


async def read(session: aiohttp.ClientSession, address: str) -> dict[str, Any]:
    """Return the phone's registration and the messages that it shows."""
    headers = {"Accept": "application/json"}
    async with session.get(address, headers=headers) as response:
        said: dict[str, Any] = await response.json()
    return said


async def _update(
    session: aiohttp.ClientSession,
    base: str,
    webhook: str,
    registration: Mapping[str, Any],
) -> bool:
    """Tell what may have changed; False if Home Assistant has forgotten the phone."""
    data = {key: registration[key] for key in _WHAT_CHANGES}
    body = {"type": "update_registration", "data": data}
    try:
        async with session.post(f"{base}{webhook}", json=body) as response:
            # To a webhook that it does not know it says nothing.
            return bool(await response.read())
    except aiohttp.ClientResponseError:
        return False


def _known(kept: Path) -> str | None:
    try:
        return str(json.loads(kept.read_text())["webhook"])
    except OSError, ValueError, KeyError:
        return None


async def device_id(home: HomeAssistant) -> str:
    """Return the device that stands for the phone; DemoError if there is none."""
    for row in await home.command("config/device_registry/list"):
        if any(domain == APP for domain, *_ in row["identifiers"]):
            return str(row["id"])
    raise DemoError("Home Assistant has no phone.")


async def notifier(home: HomeAssistant) -> str:
    """Return the entity that sends messages to the phone; DemoError if none does."""
    for row in await home.command("config/entity_registry/list"):
        if row["platform"] == APP and row["entity_id"].startswith("notify."):
            return str(row["entity_id"])
    raise DemoError("Home Assistant has no way to send messages to the phone.")
