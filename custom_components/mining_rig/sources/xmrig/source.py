"""The part of a source that is the same for XMRig and xmrig-proxy."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import ClassVar, Final

from ..common.contract import JsonObject
from ..common.poll_timer import CommandWindow, has_restarted
from ..common.settings import ConfigReader, Settings
from .api import XmrigApi
from .config import LOCKED, async_change, redacted

EXTRA_TIMEOUT: Final = 4.0
"""Seconds for each request of a poll beside the summary; a hung card delays it."""


class XmrigSourceBase:
    """API, configuration and restarts of one miner or proxy."""

    interval = timedelta(seconds=10)
    locked: ClassVar[frozenset[str]] = LOCKED
    """Keys of the configuration that `set_config` refuses."""

    def __init__(
        self, api: XmrigApi, host: str, parse_config: Callable[[JsonObject], Settings]
    ) -> None:
        """Take the API, the host for a title, and the parser of a configuration."""
        self._api = api
        self._host = host
        self._window = CommandWindow()
        self._config = ConfigReader(api.config, parse_config, self._window)
        self._version: str | None = None
        self._uptime: float | None = None
        self._failed: list[str] = []
        """The requests of the present poll that failed."""

    @property
    def address(self) -> str | None:
        """The URL of the summary for a browser."""
        return self._api.address

    async def is_reachable(self) -> bool:
        """Return whether the program accepts a connection."""
        return await self._api.is_reachable()

    async def close(self) -> None:
        """Do nothing: the program keeps no sessions."""

    # ---- reading

    def _is_new_process(self, version: str | None, uptime: float | None) -> bool:
        """Return whether another process answers than at the last poll."""
        changed = self._version != version or has_restarted(self._uptime, uptime)
        self._version, self._uptime = version, uptime
        return changed

    async def _extra[T](self, request: Awaitable[T]) -> T:
        """Return the answer of a request beside the summary. Raises TimeoutError."""
        async with asyncio.timeout(EXTRA_TIMEOUT):
            return await request

    async def _read_config(self, now: datetime, *, restricted: bool | None) -> Settings:
        """Return the settings, read again if that is due; none where restricted."""
        if restricted is not False:
            self._config.forget()
        elif not await self._config.read(now, EXTRA_TIMEOUT):
            self._failed.append("config")
        return self._config.settings

    # ---- the configuration, for administrators

    async def get_config(self) -> JsonObject:
        """Return the configuration without its secrets. Raises a SourceError."""
        return redacted(await self._api.config())

    async def set_config(self, changes: JsonObject) -> None:
        """Change keys and return when the program shows them. Raises a SourceError."""
        with self._window.after_command():
            await async_change(self._api, changes, self.locked)
