"""The part of a source that is the same for XMRig and xmrig-proxy."""

from collections.abc import Callable
from datetime import datetime, timedelta

from ..common.contract import JsonObject
from ..common.poll_budget import PollBudget
from ..common.poll_timer import CommandWindow, has_restarted
from ..common.settings import ConfigReader, Settings
from .api import XmrigApi
from .config import redacted
from .editor import ConfigEditor


class XmrigSourceBase:
    """API, configuration and restarts of one miner or proxy."""

    interval = timedelta(seconds=10)

    def __init__(
        self,
        api: XmrigApi,
        host: str,
        editor: ConfigEditor,
        parse_config: Callable[[JsonObject], Settings],
    ) -> None:
        """Take the API, the host for a title, and what handles a configuration."""
        self._api = api
        self._host = host
        self._editor = editor
        self._window = CommandWindow()
        self._config = ConfigReader(self._fetch_config, parse_config, self._window)
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
        changed = self._version not in (None, version) or has_restarted(
            self._uptime, uptime
        )
        self._version, self._uptime = version, uptime
        return changed

    async def _read_config(
        self, now: datetime, budget: PollBudget, *, restricted: bool | None
    ) -> Settings:
        """Return the settings, read again if that is due; none where restricted."""
        if restricted is not False:
            self._config.forget()
        elif not await self._config.read(now, budget):
            self._failed.append("config")
        return self._config.settings

    async def _fetch_config(self) -> JsonObject:
        config = await self._api.config()
        await self._editor.recover(config)
        return config

    # ---- the configuration, for administrators

    async def get_config(self) -> JsonObject:
        """Return the configuration without its secrets. Raises a SourceError."""
        return redacted(await self._api.config())

    async def set_config(self, changes: JsonObject) -> None:
        """Change keys and return when the program shows them. Raises a SourceError."""
        with self._window.after_command():
            await self._editor.set_keys(changes)
