"""A mining account at Headframe, or at a white-label pool of its platform.

The pool's rate limits are not documented. So requests are few, each group as often as
its values change, within one budget; values stay valid until they are read again.
"""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from http import HTTPStatus
import logging
from typing import Any, Final

from ...clock import steady
from ...const import CONF_ALLOW_WRITING
from ...model import Control, Snapshot, Value
from ..common.contract import (
    CommandRefused,
    HistorySeries,
    Identity,
    JsonObject,
    SourceBusy,
    SourceContext,
    SourceError,
    SourceGarbled,
    SourceRefused,
    SourceUnreachable,
)
from .access import (
    CONF_ACCOUNT,
    CONF_ACCOUNT_KIND,
    CONF_ACCOUNT_NAME,
    list_accounts,
    open_api,
)
from .account import FAST, WORKER_GROUPS, AccountReader
from .api import Closed, CredentialKind, HeadframeApi
from .budget import PER_ACCOUNT, RESERVE
from .charts import Charts
from .parse.account import Account
from .readings import MANUFACTURER
from .reports import Reports
from .schedule import Group
from .settings import change_of

_LOGGER: Final = logging.getLogger(__name__)

_EVERY: Final = timedelta(minutes=1)
_TIME: Final = 7.5
"""Seconds of one poll in which requests are started."""
_LAST: Final = 1.5
"""Seconds more until the last of them is cancelled."""
_HOLDS: Final = timedelta(minutes=15)
_HOLDS_WHILE_BUSY: Final = timedelta(minutes=30)
"""How long the last values stay valid without an answer."""
_RETRY_REFUSED: Final = timedelta(hours=1)
"""How long refused credentials are not tried again."""
_CHECK_LINK: Final = timedelta(hours=1)
"""The shortest time between two checks whether the watcher link exists."""
_MANY_CALLS: Final = 12
"""Requests to read all workers, above which they are limited further."""
_FOR_OTHERS: Final = 15
"""Requests in an hour that they then leave to other groups."""
_READ_BACKS: Final = 4
"""Polls after a change that read the setting again."""


async def async_open(context: SourceContext) -> HeadframeSource:
    """Open an account, without a request."""
    data = context.data
    account = Account(
        kind=data.get(CONF_ACCOUNT_KIND, "miner"),
        id=data[CONF_ACCOUNT],
        name=data.get(CONF_ACCOUNT_NAME),
    )
    return HeadframeSource(context, open_api(context), account)


class HeadframeSource:
    """One account, its workers and its money."""

    def __init__(
        self, context: SourceContext, api: HeadframeApi, account: Account
    ) -> None:
        """Take an API whose requests count for the account."""
        self.api = api
        self.account = account
        self.may_write = (
            bool(context.options.get(CONF_ALLOW_WRITING)) and api.credential.writes
        )
        self._budget = api.limiter.account(account.id)
        self._reader = AccountReader(
            api,
            account,
            context.notes,
            writes=self.may_write and account.kind == "miner",
        )
        self._charts = Charts(api, account)
        self._reports = Reports(api, self._reader, self._budget)
        self._error: SourceError | None = None
        self._answered: datetime | None = None
        self._fast = FAST
        self._checked: datetime | None = None
        self._refused: tuple[SourceRefused, datetime] | None = None
        self._read_back: tuple[Group, int] | None = None
        """The group of a changed setting, and how many polls still read it."""

    @property
    def address(self) -> str | None:
        """The pool's page."""
        return self.api.server.url

    @property
    def interval(self) -> timedelta:
        """How often the schedule is checked."""
        return _EVERY

    async def identify(self) -> Identity:
        """Check that the account can be accessed. Raises a SourceError."""
        accounts = await list_accounts(self.api)
        own = next((a for a in accounts if a.id == self.account.id), None)
        if own is None:
            raise SourceRefused("The credentials do not give access to the account")
        return Identity(
            rig_id=own.id,
            title=own.name or self.account.name or MANUFACTURER,
            stable=True,
            manufacturer=MANUFACTURER,
            model=own.model,
        )

    async def close(self) -> None:
        """Stop reading."""
        for group in self._reader.groups.values():
            if group.running is not None:
                await group.running.aclose()

    # ---- polling

    async def read(self, now: datetime) -> Snapshot:
        """Read what is due and return what is known. Raises a SourceError."""
        limiter = self.api.limiter
        limiter.now = now
        if self._refused is not None:
            refusal, refused_at = self._refused
            if steady(now) - refused_at < _RETRY_REFUSED:
                # Re-authentication is pending.
                raise refusal
        self._schedule_read_back()
        if not (wait := limiter.wait(now)):
            try:
                await self._read_due(now)
            except SourceRefused as err:
                self._refused = err, steady(now)
                raise
            self._refused = None
        elif self._error is None:
            self._error = SourceBusy("The pool allows no requests for a while", wait)
        self._raise_if_old(now)
        reader = self._reader
        return Snapshot(
            parts=reader.parts(now, _HOLDS_WHILE_BUSY),
            removed=reader.workers.take_removed(),
            events=reader.take_events(),
            unparsed=reader.unparsed,
        )

    def _raise_if_old(self, now: datetime) -> None:
        """Raise the last error once the last answer is too old."""
        holds = max(_HOLDS, 3 * self._fast)
        if isinstance(self._error, SourceBusy):
            holds = max(_HOLDS_WHILE_BUSY, holds)
        if self._answered is not None and steady(now) - self._answered <= holds:
            return
        if isinstance(self._error, SourceBusy):
            wait = self.api.limiter.wait(now)
            raise SourceBusy(str(self._error), wait or None)
        raise self._error or SourceGarbled("The pool's answers hold nothing")

    async def _read_due(self, now: datetime) -> None:
        """Read what is due, the most urgent first, within the time and the budget.

        Raises SourceRefused.
        """
        self._fast = self._reader.set_periods(self.api.limiter.share(PER_ACCOUNT))
        end = asyncio.get_running_loop().time() + _TIME
        for group in self._reader.groups.values():
            while group.is_due(now):
                if not self._may_read(group, now, end):
                    return
                if not await self._step(group, now, end + _LAST):
                    return

    def _may_read(self, group: Group, now: datetime, end: float) -> bool:
        reserve = RESERVE
        if group.name in WORKER_GROUPS and self._reader.workers.calls > _MANY_CALLS:
            # They would use up the budget of an hour.
            reserve += _FOR_OTHERS
        return (
            asyncio.get_running_loop().time() < end
            and self._budget.left(now) > reserve
            and self.api.limiter.budget.left(now) > reserve
        )

    async def _step(self, group: Group, now: datetime, end: float) -> bool:
        """Make one request of a group; return whether others can continue.

        Raises SourceRefused.
        """
        if group.running is None:
            group.running = group.read(now)
        try:
            async with asyncio.timeout_at(end):
                await anext(group.running)
        except StopAsyncIteration:
            group.finish(now)
            if self._reader.results.values.get(group.name):
                # An answer without any value, such as {}, proves nothing.
                self._answered = steady(now)
        except Closed as err:
            self._answered = steady(now)
            await self._close(group, err, now)
        except SourceRefused:
            group.fail(now)
            raise
        except SourceError as err:
            group.fail(now)
            self._error = err
            # One failing operation does not stop the others.
            return not self.api.limiter.wait(now)
        except TimeoutError:
            group.fail(now)
            self.api.limiter.silent(now)
            self._error = SourceUnreachable("The pool is too slow", timed_out=True)
            return False
        except asyncio.CancelledError:
            group.fail(now)
            raise
        else:
            group.note_answer(now)
            self._error = None
        return True

    async def _close(self, group: Group, err: Closed, now: datetime) -> None:
        """Note a refused feature, unless it is the credential that is refused.

        Raises SourceRefused.
        """
        if self.api.credential.kind is CredentialKind.WATCHER:
            await self._check_link(now)
        elif group.name == "details" and err.status == HTTPStatus.FORBIDDEN:
            raise SourceRefused(
                "The account does not accept these credentials"
            ) from None
        if group.close(now, err.status):
            _LOGGER.info(
                "%s is not open to this Headframe account (%s: status %s); it is left"
                " out and tried again in a day",
                group.feature,
                err.operation.name,
                err.status,
            )

    async def _check_link(self, now: datetime) -> None:
        """Check that the watcher link still exists. Raises SourceRefused."""
        if self._checked is not None and now - self._checked < _CHECK_LINK:
            return
        self._checked = now
        try:
            await list_accounts(self.api)
        except SourceRefused:
            raise
        except SourceError as err:
            # Unknown; checked again when the next feature is refused.
            self._checked = None
            self._error = err

    # ---- writing

    async def write(self, part: str, control: Control[Any], value: Value) -> None:
        """Send one setting; the next polls read it back. Raises a SourceError."""
        if not self.may_write:
            raise CommandRefused("not_offered")
        change = change_of(self._reader, control.channel, value)
        await self.api.call(change.operation, path=change.path, body=change.body)
        self._read_back = (self._reader.groups[change.group], _READ_BACKS)

    def _schedule_read_back(self) -> None:
        """Make the group of a changed setting due for a few more polls."""
        if self._read_back is not None:
            group, polls = self._read_back
            group.due = None
            self._read_back = (group, polls - 1) if polls > 1 else None

    # ---- history, actions, diagnostics

    async def history(
        self, since: datetime | None, now: datetime
    ) -> Sequence[HistorySeries]:
        """Return the history of the account and its workers. Raises a SourceError."""
        self.api.limiter.now = now
        return await self._charts.history(
            since, now, sorted(self._reader.workers.by_id)
        )

    async def report(self, question: str, details: JsonObject) -> JsonObject:
        """Perform an action of `actions.py`. Raises a SourceError."""
        return await self._reports.answer(question, details)

    def diagnostics(self) -> JsonObject:
        """Return the state of the requests, and what the pool refuses."""
        now = self.api.limiter.now
        groups = self._reader.groups.values()
        return {
            "credential": self.api.credential.kind.value,
            "account": self.account.kind,
            "may_write": self.may_write,
            "fast_period": self._fast.total_seconds(),
            "requests_left": None if now is None else self._budget.left(now),
            "not_open": {
                **{g.name: g.closed for g in groups if g.closed is not None},
                **self._charts.closed,
            },
            "failing": {g.name: g.failures for g in groups if g.failures},
            "answered": {
                g.name: g.answered.isoformat() for g in groups if g.answered is not None
            },
        }
