"""A mining account at Headframe, or at a pool on the same platform.

The pool's limits are not known, so it is asked seldom, each thing as often as it
changes, within one budget. What was told holds until it is told anew.
"""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from http import HTTPStatus
import logging
from typing import Any, Final

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
    SourceRefused,
    SourceUnreachable,
)
from .account import FAST, MANUFACTURER, OF_WORKERS, AccountReader
from .api import Closed, Credential, CredentialKind, HeadframeApi
from .budget import PER_ACCOUNT, RESERVE, limiter_for
from .charts import Charts
from .operations import OPERATIONS
from .parse import Account, parse_permissions, parse_user
from .reports import Reports
from .schedule import Group
from .server import POOL, parse_server
from .settings import change_of

_LOGGER: Final = logging.getLogger(__name__)

KIND: Final = "headframe"
CONF_POOL: Final = "pool"
CONF_SIGN_IN: Final = "sign_in"
CONF_ACCOUNT: Final = "account"
CONF_ACCOUNT_KIND: Final = "account_kind"
CONF_ACCOUNT_NAME: Final = "account_name"

_EVERY: Final = timedelta(minutes=1)
_TIME: Final = 7.5
"""Seconds of one reading in which requests are begun."""
_LAST: Final = 1.5
"""Seconds more in which the last of them has to end."""
_HOLDS: Final = timedelta(minutes=15)
_HOLDS_WHILE_BUSY: Final = timedelta(minutes=30)
"""How long an account that gets no answers shows the last ones."""
_ASK_AGAIN: Final = timedelta(hours=1)
"""How long credentials that were refused are not tried again."""
_CHECK_LINK: Final = timedelta(hours=1)
_NO_LINK: Final = (
    HTTPStatus.UNAUTHORIZED,
    HTTPStatus.FORBIDDEN,
    HTTPStatus.NOT_FOUND,
    HTTPStatus.GONE,
)
"""Answers to the question for a watcher link that is no more."""
_LONG_ROUND: Final = 12
_FOR_OTHERS: Final = 15
"""Requests in an hour that a longer round of all workers leaves to other groups."""
_LOOKS: Final = 4
"""Readings after a change that look for it."""


def credential_of(data: Mapping[str, Any]) -> Credential:
    """Return the credential in an entry's data. Raises SourceRefused without one."""
    for kind in CredentialKind:
        if secret := data.get(kind):
            return Credential(kind, secret)
    raise SourceRefused("There are no credentials")


def open_api(context: SourceContext) -> HeadframeApi:
    """Return the interface for an entry's data. Raises a SourceError."""
    data = context.data
    try:
        place = parse_server(data.get(CONF_POOL) or POOL)
    except ValueError:
        raise SourceUnreachable("The address of the pool is none") from None
    credential = credential_of(data)
    limiter = limiter_for(context.session, place.url, credential.secret)
    account = data.get(CONF_ACCOUNT)
    budget = limiter.account(account) if account else None
    return HeadframeApi(context.session, place, credential, limiter, budget)


async def list_accounts(api: HeadframeApi) -> list[Account]:
    """Return the accounts that a credential reaches. Raises a SourceError."""
    if api.credential.kind is not CredentialKind.WATCHER:
        answer = await api.call(OPERATIONS["current_user"])
        if (user := parse_user(answer)) is None:
            # Nobody is signed in, which this operation does not say by its status.
            raise SourceRefused("The pool does not take these credentials any more")
        return user.accounts
    try:
        answer = await api.call(
            OPERATIONS["watcher"], path={"watcher_token": api.credential.secret}
        )
    except Closed as err:
        if err.status not in _NO_LINK:
            raise
        raise SourceRefused("The watcher link is no more") from None
    return parse_permissions(answer)


async def async_open(context: SourceContext) -> HeadframeSource:
    """Open an account; asks nothing yet."""
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
        """Take an interface that counts for the account."""
        self.api = api
        self.account = account
        self.may_write = (
            bool(context.options.get(CONF_ALLOW_WRITING)) and api.credential.writes
        )
        self._budget = api.limiter.account(account.id)
        self._rounds = AccountReader(
            api,
            account,
            context.notes,
            writes=self.may_write and account.kind == "miner",
        )
        self._charts = Charts(api, account)
        self._reports = Reports(api, self._rounds, self._budget)
        self._error: SourceError | None = None
        self._answered: datetime | None = None
        self._fast = FAST
        self._checked: datetime | None = None
        self._refused: tuple[SourceRefused, datetime] | None = None
        self._looking: tuple[Group, int] | None = None
        """What was changed, and how many readings are still to look for it."""

    @property
    def address(self) -> str | None:
        """The pool's page."""
        return self.api.place.url

    @property
    def interval(self) -> timedelta:
        """How often it is seen whether something is due."""
        return _EVERY

    async def identify(self) -> Identity:
        """Ask whether the account can be reached. Raises a SourceError."""
        accounts = await list_accounts(self.api)
        own = next((a for a in accounts if a.id == self.account.id), None)
        if own is None:
            raise SourceRefused("The account is not among those that can be reached")
        return Identity(
            rig_id=own.id,
            title=own.name or self.account.name or MANUFACTURER,
            stable=True,
            manufacturer=MANUFACTURER,
            model=f"{own.kind.capitalize()} account",
        )

    async def close(self) -> None:
        """Leave what was begun."""
        for group in self._rounds.groups.values():
            if group.running is not None:
                await group.running.aclose()

    # ---- reading

    async def read(self, now: datetime) -> Snapshot:
        """Ask for what is due and return what is known. Raises a SourceError."""
        limiter = self.api.limiter
        limiter.now = now
        if self._refused is not None and now - self._refused[1] < _ASK_AGAIN:
            # The owner is being asked for others.
            raise self._refused[0]
        self._look_again()
        if not (wait := limiter.wait(now)):
            try:
                await self._ask(now)
            except SourceRefused as err:
                self._refused = err, now
                raise
            self._refused = None
        elif self._error is None:
            self._error = SourceBusy("The pool has to be left alone", wait)
        self._raise_if_old(now)
        rounds = self._rounds
        return Snapshot(
            parts=rounds.parts(now, _HOLDS_WHILE_BUSY),
            removed=rounds.take_removed(),
            events=rounds.take_events(),
            unparsed=rounds.unparsed,
        )

    def _raise_if_old(self, now: datetime) -> None:
        """Raise what went wrong once the last answer is too old."""
        holds = max(_HOLDS, 3 * self._fast)
        if isinstance(self._error, SourceBusy):
            holds = max(_HOLDS_WHILE_BUSY, holds)
        if self._answered is not None and now - self._answered <= holds:
            return
        if isinstance(self._error, SourceBusy):
            wait = self.api.limiter.wait(now)
            raise SourceBusy(str(self._error), wait or None)
        raise self._error or SourceUnreachable("Nothing was asked yet")

    async def _ask(self, now: datetime) -> None:
        """Ask what is due, the most urgent first, in the time and budget there is.

        Raises SourceRefused.
        """
        self._fast = self._rounds.stretch(self.api.limiter.share(PER_ACCOUNT))
        end = asyncio.get_running_loop().time() + _TIME
        for group in self._rounds.groups.values():
            while group.is_due(now):
                if not self._may_ask(group, now, end):
                    return
                if not await self._step(group, now, end + _LAST):
                    return

    def _may_ask(self, group: Group, now: datetime, end: float) -> bool:
        reserve = RESERVE
        if group.name in OF_WORKERS and self._rounds.worker_calls > _LONG_ROUND:
            # It would take all that there is for an hour.
            reserve += _FOR_OTHERS
        return (
            asyncio.get_running_loop().time() < end
            and self._budget.left(now) > reserve
            and self.api.limiter.budget.left(now) > reserve
        )

    async def _step(self, group: Group, now: datetime, end: float) -> bool:
        """Make one request of a group; tell whether others can go on.

        Raises SourceRefused.
        """
        if group.running is None:
            group.running = group.ask(now)
        try:
            async with asyncio.timeout_at(end):
                await anext(group.running)
        except StopAsyncIteration:
            group.finish(now)
        except Closed as err:
            self._answered = now
            await self._close(group, err, now)
        except SourceRefused:
            group.fail(now)
            raise
        except SourceError as err:
            group.fail(now)
            self._error = err
            # An operation that fails alone does not keep the others from answering.
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
            group.answered = now
            self._answered, self._error = now, None
        return True

    async def _close(self, group: Group, err: Closed, now: datetime) -> None:
        """Leave a feature that is not open alone, unless it is the credential.

        Raises SourceRefused.
        """
        if self.api.credential.kind is CredentialKind.WATCHER:
            await self._check_link(now)
        elif group.name == "details" and err.status == HTTPStatus.FORBIDDEN:
            raise SourceRefused("The account is closed to these credentials") from None
        if group.close(now, err.status):
            _LOGGER.info(
                "%s is not open to this Headframe account (%s: status %s); it is left"
                " out and tried again in a day",
                group.feature,
                err.operation.name,
                err.status,
            )

    async def _check_link(self, now: datetime) -> None:
        """See whether the watcher link still is one. Raises a SourceRefused."""
        if self._checked is not None and now - self._checked < _CHECK_LINK:
            return
        self._checked = now
        try:
            await list_accounts(self.api)
        except SourceRefused:
            raise
        except SourceError as err:
            # Not known now; the next feature that is turned down tells.
            self._checked = None
            self._error = err

    # ---- changing

    async def write(self, part: str, control: Control[Any], value: Value) -> None:
        """Send one setting; it is seen in the next readings. Raises a SourceError."""
        if not self.may_write:
            raise CommandRefused("not_offered")
        change = change_of(self._rounds, control.channel, value)
        await self.api.call(change.operation, path=change.path, body=change.body)
        self._looking = (self._rounds.groups[change.group], _LOOKS)

    def _look_again(self) -> None:
        """Let what was changed be asked for in a few more readings."""
        if self._looking is not None:
            group, looks = self._looking
            group.due = None
            self._looking = (group, looks - 1) if looks > 1 else None

    # ---- the past, and what somebody needs to find a fault

    async def history(
        self, since: datetime | None, now: datetime
    ) -> Sequence[HistorySeries]:
        """Return the past of the account and its workers. Raises a SourceError."""
        self.api.limiter.now = now
        return await self._charts.past(since, now, sorted(self._rounds.workers))

    async def report(self, question: str, details: JsonObject) -> JsonObject:
        """Answer a question of its owner's. Raises a SourceError."""
        return await self._reports.answer(question, details)

    def diagnostics(self) -> JsonObject:
        """Return what is asked how often, and what is not open."""
        now = self.api.limiter.now
        groups = self._rounds.groups.values()
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
