"""xmrig-proxy, which stands between many miners and a pool, through its HTTP API."""

import asyncio
from datetime import datetime, timedelta
import secrets
from typing import Any, Final, override

from ....const import CONF_SHOWN_WORKERS
from ....model import Control, Snapshot, Value
from ...common.contract import (
    CommandRefused,
    Identity,
    JsonObject,
    Notes,
    SourceContext,
    SourceError,
    SourceGarbled,
)
from ...common.decoding import Fields
from ...common.http import http_for
from ...common.poll_budget import PollBudget
from ...common.poll_timer import PollTimer
from ..api import PROXIES, XmrigApi
from ..editor import ConfigEditor
from ..source import XmrigSourceBase
from ..summary import identity_of
from .config import LOCKED, SETTINGS, parse_config, pool_users
from .names import Names
from .parse import MODEL, Summary, assemble, parse_summary
from .workers import MOST_ROWS, Workers, WorkerTable

_SUMMARIES: Final = ("/1/summary", "/2/summary", "/")
"""All versions since 2.5 have the first one; the others may have an older format."""
_TABLES: Final = ("/1/workers", "/workers.json")

_WORKERS_EVERY: Final = timedelta(seconds=30)
_TRY_TABLES_EVERY: Final = timedelta(minutes=10)
"""The interval of requests for a table that this version does not have."""
_SALT_NOTE: Final = "xmrig_proxy_salt"
_ACCOUNTS_NOTE: Final = "xmrig_proxy_accounts"


async def async_open(context: SourceContext) -> XmrigProxySource:
    """Return the source of one proxy, without any request."""
    token = context.data.get("access_token")
    api = XmrigApi(http_for(context), token, kinds=PROXIES, summaries=_SUMMARIES)
    salt = context.notes.get(_SALT_NOTE)
    if not isinstance(salt, str):
        salt = secrets.token_hex(16)
        await context.notes.keep(_SALT_NOTE, salt)
    shown = int(context.options.get(CONF_SHOWN_WORKERS, 0))
    return XmrigProxySource(
        api,
        context.data["host"],
        context.notes,
        Names(salt),
        most_workers=max(shown, MOST_ROWS),
    )


class XmrigProxySource(XmrigSourceBase):
    """One xmrig-proxy. Each poll reads the summary; the rest has its own intervals.

    The table of workers can be long, and its hashrates cover a minute or more: it is
    read every 30 s, and when the number of miners or workers changed. `/1/miners` has
    the connections, but also passwords: it is never requested.
    """

    def __init__(
        self,
        api: XmrigApi,
        host: str,
        notes: Notes,
        names: Names,
        *,
        most_workers: int = MOST_ROWS,
    ) -> None:
        """Take the API, the host for a title, the notes, and the workers' names."""
        super().__init__(api, host, ConfigEditor(api, notes, LOCKED), parse_config)
        self._notes = notes
        self._names = names
        if isinstance(accounts := notes.get(_ACCOUNTS_NOTE), list):
            names.accounts = frozenset(map(str, accounts))
        self._counts: tuple[int | None, ...] = ()
        self._table = WorkerTable(names, most_workers)
        self._path: str | None = None
        self._workers = Workers()
        self._interrupted = False
        self._workers_timer = PollTimer()

    async def identify(self) -> Identity:
        """Return the identity of the proxy. Raises a SourceError."""
        fields = Fields(await self._api.summary())
        return identity_of(fields, host=self._host, model=MODEL)

    # ---- reading

    async def read(self, now: datetime) -> Snapshot:
        """Read the summary, and what else is due. Raises a SourceError."""
        if self._interrupted:
            # No value is shown again that was read before an interruption.
            self._workers = Workers()
            self._workers_timer.make_due()
        self._interrupted = True
        budget = PollBudget()
        summary = parse_summary(await self._api.summary(), now)
        self._interrupted = False
        self._failed.clear()
        self._notice_changes(summary)
        accounts = self._names.accounts
        # At the same time: one that hangs does not take the time of the other.
        _, settings = await asyncio.gather(
            self._read_workers(now, budget),
            self._read_config(now, budget, restricted=summary.restricted),
        )
        if self._names.accounts != accounts:
            # The workers that they hide may just have been read.
            self._workers = self._table.parse_again() or self._workers
        return assemble(
            summary,
            self._workers.parts,
            settings,
            (*self._workers.unparsed, *self._failed),
        )

    def _notice_changes(self, summary: Summary) -> None:
        """Make due what a restart, or another number of workers, outdates."""
        if self._is_new_process(summary.version, summary.uptime):
            self._path = None
            self._workers_timer.make_due()
            self._config.forget()
        if self._counts != summary.counts:
            self._workers_timer.make_due()
        self._counts = summary.counts

    @override
    async def _fetch_config(self) -> JsonObject:
        config = await super()._fetch_config()
        accounts = {self._names.account_digest(user) for user in pool_users(config)}
        if not accounts <= self._names.accounts:
            # Earlier ones stay: the workers of a pool that is gone keep their ids.
            self._names.accounts = self._names.accounts | accounts
            await self._notes.keep(_ACCOUNTS_NOTE, sorted(self._names.accounts))
        return config

    async def _read_workers(self, now: datetime, budget: PollBudget) -> None:
        if not self._workers_timer.is_due(now):
            return
        try:
            workers = await budget.extra(self._request_workers())
        except SourceError, TimeoutError:
            self._failed.append("workers")
            self._workers_timer.failed(now)
            if self._workers_timer.is_expired(now):
                self._workers = Workers()
            return
        self._workers = workers or Workers()
        # Each request for an unknown path logs a line on the proxy's console.
        self._workers_timer.succeeded(
            now, _WORKERS_EVERY if workers else _TRY_TABLES_EVERY
        )
        # Parsing hundreds of workers took long enough to let other tasks run.
        await asyncio.sleep(0)

    async def _request_workers(self) -> Workers | None:
        """Return the workers, None where this version has no table of them."""
        if self._path is not None:
            workers = self._parse(await self._api.get(self._path))
            if workers is None:
                raise SourceGarbled("there is no table of workers any more")
            return workers
        for path in _TABLES:
            workers = self._parse(await self._api.get(path))
            if workers is not None:
                self._path = path
                return workers
        return None

    def _parse(self, data: Any) -> Workers | None:
        return self._table.parse(data, self._uptime)

    # ---- commands

    async def write(self, part: str, control: Control[Any], value: Value) -> None:
        """Send one setting. Raises a SourceError."""
        setting = SETTINGS.get(control.channel)
        if setting is None:
            raise CommandRefused("not_offered")
        with self._window.after_command():
            await self._editor.write(setting, value)
