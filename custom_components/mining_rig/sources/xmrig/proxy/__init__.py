"""xmrig-proxy, which stands between many miners and a pool, through its HTTP API."""

import asyncio
from datetime import datetime, timedelta
import secrets
from typing import Any, Final

from ....model import Control, Snapshot, Value
from ...common.contract import (
    CommandRefused,
    Identity,
    JsonObject,
    SourceContext,
    SourceError,
    SourceGarbled,
)
from ...common.decoding import Fields
from ...common.http import JsonHttp
from ...common.poll_timer import PollTimer, Settling, fell
from ..api import PROXIES, XmrigApi
from ..config import async_change, redacted
from ..summary import identity_of
from .config import LOCKED, SETTINGS, Settings, parse_config
from .parse import MODEL, Summary, assemble, parse_summary
from .workers import Names, Workers, WorkerTable

_SUMMARIES: Final = ("/1/summary", "/2/summary", "/")
"""All versions since 2.5 have the first one; there, any other may be an older shape."""
_TABLES: Final = ("/1/workers", "/workers.json")

_WORKERS_EVERY: Final = timedelta(seconds=30)
_LOOK_AGAIN_AFTER: Final = timedelta(minutes=10)
_CONFIG_EVERY: Final = timedelta(minutes=5)
_EXTRA_TIMEOUT: Final = 4.0
"""Seconds for what a poll asks beside the summary."""
_SALT_NOTE: Final = "xmrig_proxy_salt"


async def async_open(context: SourceContext) -> XmrigProxySource:
    """Return the source of one proxy; nothing is asked yet."""
    data = context.data
    http = JsonHttp(
        context.session, data["host"], int(data["port"]), ssl=bool(data.get("ssl"))
    )
    api = XmrigApi(http, data.get("access_token"), kinds=PROXIES, summaries=_SUMMARIES)
    salt = context.notes.get(_SALT_NOTE)
    if not isinstance(salt, str):
        salt = secrets.token_hex(16)
        await context.notes.keep(_SALT_NOTE, salt)
    return XmrigProxySource(api, Names(salt), data["host"])


class XmrigProxySource:
    """One xmrig-proxy. Each poll asks for the summary; the rest has its own pace.

    The table of workers can be long, and nothing in it is about less than a minute: it
    is asked for every 30 s, and whenever miners or workers came or went. What each
    connection is, `/1/miners` would tell, passwords included: it is never asked for.
    """

    interval = timedelta(seconds=10)

    def __init__(self, api: XmrigApi, names: Names, host: str) -> None:
        """Know nothing yet."""
        self._api = api
        self._host = host
        self._version: str | None = None
        self._uptime: float | None = None
        self._crowd: tuple[int | None, ...] = ()
        self._table = WorkerTable(names)
        self._path: str | None = None
        self._workers = Workers()
        self._next_workers = PollTimer()
        self._settings: Settings | None = None
        self._next_config = PollTimer()
        self._failed: list[str] = []
        self._settling = Settling()

    @property
    def address(self) -> str | None:
        """Where the summary can be seen in a browser."""
        return self._api.address

    async def identify(self) -> Identity:
        """Ask who is there. Raises a SourceError."""
        fields = Fields(await self._api.summary())
        return identity_of(fields, host=self._host, model=MODEL)

    async def close(self) -> None:
        """Give back nothing: the proxy holds nothing for its clients."""

    # ---- reading

    async def read(self, now: datetime) -> Snapshot:
        """Read the summary, and of the rest what is due. Raises a SourceError."""
        summary = parse_summary(await self._api.summary(), now)
        self._failed.clear()
        self._notice_changes(summary)
        await self._read_workers(now)
        await self._read_config(summary, now)
        return assemble(
            summary,
            self._workers.parts,
            self._settings or Settings(),
            (*self._workers.unparsed, *self._failed),
        )

    def _notice_changes(self, summary: Summary) -> None:
        """Ask anew for what another process, or somebody who came, makes untrue."""
        if self._version != summary.version or fell(self._uptime, summary.uptime):
            self._path = self._settings = None
            self._next_workers.hurry()
            self._next_config.hurry()
        self._version, self._uptime = summary.version, summary.uptime
        if self._crowd != summary.crowd:
            self._next_workers.hurry()
        self._crowd = summary.crowd

    async def _read_workers(self, now: datetime) -> None:
        if not self._next_workers.is_due(now):
            return
        try:
            async with asyncio.timeout(_EXTRA_TIMEOUT):
                workers = await self._ask_for_workers()
        except SourceError, TimeoutError:
            self._failed.append("workers")
            self._next_workers.failed(now)
            if self._next_workers.is_stale(now):
                self._workers = Workers()
            return
        self._workers = workers or Workers()
        # A path that is not there leaves a line on the proxy's console each time.
        self._next_workers.done(now, _WORKERS_EVERY if workers else _LOOK_AGAIN_AFTER)
        # Reading hundreds of them has taken long enough for others to have their turn.
        await asyncio.sleep(0)

    async def _ask_for_workers(self) -> Workers | None:
        """Return the workers, None where this version tells of none."""
        if self._path is not None:
            workers = self._table.parse(await self._api.get(self._path))
            if workers is None:
                raise SourceGarbled("there is no table of workers any more")
            return workers
        for path in _TABLES:
            workers = self._table.parse(await self._api.get(path))
            if workers is not None:
                self._path = path
                return workers
        return None

    async def _read_config(self, summary: Summary, now: datetime) -> None:
        if summary.restricted is not False:
            self._settings = None
            self._next_config.hurry()
        elif self._next_config.is_due(now) or self._settling.lasts:
            try:
                async with asyncio.timeout(_EXTRA_TIMEOUT):
                    config = await self._api.config()
            except SourceError, TimeoutError:
                # What somebody chose holds until it is seen to be different.
                self._failed.append("config")
                self._next_config.failed(now)
            else:
                self._settings = parse_config(config)
                self._next_config.done(now, _CONFIG_EVERY)

    # ---- commands

    async def write(self, part: str, control: Control[Any], value: Value) -> None:
        """Send one setting. Raises a SourceError."""
        setting = SETTINGS.get(control.channel)
        if setting is None:
            raise CommandRefused("not_offered")
        with self._settling.after():
            async with self._api.editing() as config:
                setting.write(config, value)

    # ---- the configuration, for administrators

    async def get_config(self) -> JsonObject:
        """Return the configuration without its secrets. Raises a SourceError."""
        config: JsonObject = redacted(await self._api.config())
        return config

    async def set_config(self, changes: JsonObject) -> None:
        """Change keys and return when the proxy shows them. Raises a SourceError."""
        with self._settling.after():
            await async_change(self._api, changes, LOCKED)
