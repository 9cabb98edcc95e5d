"""A real Home Assistant: its core and its web server, a recorder if wanted, no debug mode."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, closing
import logging
import socket
from tempfile import TemporaryDirectory
from types import MappingProxyType
from typing import Any, Final
from unittest.mock import patch

from aiohttp import ThreadedResolver
from homeassistant import bootstrap, loader
from homeassistant.auth import auth_manager_from_config
from homeassistant.components.http.config import async_get_and_load_store
from homeassistant.config_entries import SOURCE_USER, ConfigEntries, ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.helpers import aiohttp_client
from homeassistant.helpers.recorder import async_initialize_recorder
from homeassistant.setup import async_setup_component

from custom_components.mining_rig.const import CONF_ID_ROOT, CONF_KIND, DOMAIN

from .miner import HOST

_CORE: Final = ("homeassistant", "persistent_notification", "http")


class _Resolver(ThreadedResolver):
    """Never asked, since rigs have addresses here; the usual one needs a network."""

    async def real_close(self) -> None:
        """Close, as the usual one is closed."""
        await self.close()


def _make_resolver(_: HomeAssistant) -> _Resolver:
    return _Resolver()


@asynccontextmanager
async def running(*, records: bool = False) -> AsyncIterator[HomeAssistant]:
    """Run a Home Assistant in a folder of its own until the block ends.

    `records` adds the recorder, with its usual database in that folder.
    """
    # They warn of a custom integration, and of compression that nobody asks for.
    for name in ("homeassistant.loader", "aiohttp_fast_zlib"):
        logging.getLogger(name).setLevel(logging.ERROR)
    with (
        TemporaryDirectory() as folder,
        patch.object(aiohttp_client, "_async_make_resolver", _make_resolver),
    ):
        hass = HomeAssistant(folder)
        hass.config.skip_pip = True
        loader.async_setup(hass)
        hass.config_entries = ConfigEntries(hass, {})
        await loader.async_get_custom_components(hass)
        await bootstrap.async_load_base_functionality(hass)
        hass.auth = await auth_manager_from_config(hass, [], [])
        await _choose_port(hass)
        if records:
            async_initialize_recorder(hass)
            await async_setup_component(hass, "recorder", {})
        for component in _CORE:
            await async_setup_component(hass, component, {})
        await hass.async_start()
        try:
            yield hass
        finally:
            await hass.async_stop(force=True)


async def _choose_port(hass: HomeAssistant) -> None:
    """Let the web server listen at a port that is free, on loopback only."""
    with closing(socket.socket()) as free:
        free.bind((HOST, 0))
        port = free.getsockname()[1]
    store = await async_get_and_load_store(hass)
    await store.async_set_pending(
        {**store.stable, "server_host": [HOST], "server_port": port}
    )
    # What is only tried out makes Home Assistant restart after five minutes.
    await store.async_promote_pending()


def rig_entry(kind: str, number: int, form: Mapping[str, Any]) -> ConfigEntry:
    """Return the entry that the config flow makes for a rig."""
    return ConfigEntry(
        version=1,
        minor_version=1,
        domain=DOMAIN,
        title=f"Rig {number}",
        data={CONF_KIND: kind, CONF_ID_ROOT: f"rig{number}", **form},
        options={},
        source=SOURCE_USER,
        unique_id=None,
        discovery_keys=MappingProxyType({}),
        subentries_data=(),
    )
