"""The requests of the Headframe dialog, with their failures as a form's errors."""

from collections.abc import Awaitable
from dataclasses import replace
from typing import Final

from aiohttp import ClientSession

from ..const import LOGGER
from ..sources.common.contract import (
    SourceBusy,
    SourceContext,
    SourceError,
    SourceRefused,
    SourceUnreachable,
)
from ..sources.common.decoding import Fields
from ..sources.headframe.access import CONF_POOL, CONF_SIGN_IN, list_accounts, open_api
from ..sources.headframe.account_kinds import ACCOUNT_KINDS
from ..sources.headframe.api import Closed, CredentialKind, HeadframeApi
from ..sources.headframe.links import find_or_create_link
from ..sources.headframe.parse.account import Account, parse_details
from ..sources.headframe.server import POOL, parse_server
from ..sources.headframe.sign_in import Session, SignIn, SignInRefused

type Errors = dict[str, str]
"""Keys of error texts by field; empty for success."""

_TEXTS: Final = {
    "busy": "headframe_busy",
    "cannot_connect": "headframe_unreachable",
    "certificate": "headframe_certificate",
    "invalid_auth": "headframe_refused",
    "no_tls": "headframe_unreachable",
    "timeout": "headframe_slow",
    "wrong_device": "headframe_no_pool",
}
"""The texts about a pool that replace those about a miner."""


def pool_errors(errors: Errors) -> Errors:
    """Return errors with the texts about a pool."""
    return {field: _TEXTS.get(key, key) for field, key in errors.items()}


class PoolClient:
    """A pool, its sign-in server, and the credential for it."""

    def __init__(self, session: ClientSession) -> None:
        """Take a session without a cookie jar."""
        self.servers: dict[str, str] = {CONF_POOL: POOL}
        """The URLs, by their keys in an entry's data."""
        self.accounts: list[Account] = []
        self.credential = (CredentialKind.WATCHER, "")
        self.session: Session | None = None
        """A sign-in that must be ended with the dialog, unless the entry keeps it."""
        self._http = session

    def set_servers(self, **servers: str) -> Errors:
        """Set the servers; those without TLS are refused."""
        try:
            self.servers = {key: parse_server(s).url for key, s in servers.items()}
        except ValueError:
            return {"base": "headframe_address"}
        return {}

    @property
    def _sign_in(self) -> SignIn:
        return SignIn(self._http, parse_server(self.servers[CONF_SIGN_IN]))

    @property
    def _api(self) -> HeadframeApi:
        kind, secret = self.credential
        data = {**self.servers, kind.value: secret}
        return open_api(SourceContext(data=data, session=self._http))

    # ---- signing in

    @property
    def sign_in_host(self) -> str:
        """The address that a password is sent to."""
        return self.servers[CONF_SIGN_IN]

    async def check_sign_in(self) -> Errors:
        """Check that Ory Kratos answers at the sign-in server; sends no secret."""
        try:
            await self._sign_in.check()
        except SourceUnreachable as err:
            if err.reason == "certificate":
                return {CONF_SIGN_IN: "headframe_certificate"}
            late = "headframe_sign_in_slow", "headframe_sign_in_unreachable"
            return {CONF_SIGN_IN: late[0] if err.timed_out else late[1]}
        except SourceBusy:
            return {"base": "busy"}
        except SourceError:
            return {CONF_SIGN_IN: "headframe_no_kratos"}
        return {}

    async def sign_in(self, email: str, password: str, field: str) -> Errors:
        """Sign in, and use the session as the credential."""
        return await self._use(self._sign_in.with_password(email, password), field)

    async def complete_sign_in(self, code: str, field: str) -> Errors:
        """Send the second factor."""
        assert self.session is not None
        return await self._use(self._sign_in.with_code(self.session, code), field)

    async def _use(self, signing_in: Awaitable[Session], field: str) -> Errors:
        try:
            self.session = await signing_in
        except SignInRefused as err:
            return {field: err.key}
        except Exception as err:  # noqa: BLE001 - shown as an error of the form
            return _errors_of(err, field)
        self.credential = (CredentialKind.SESSION, self.session.token)
        return {}

    async def end_session(self) -> None:
        """Sign out, if there is a session to end."""
        if self.session is not None:
            session, self.session = self.session, None
            await self._sign_in.end(session)

    # ---- accounts

    async def list_accounts(self, field: str) -> Errors:
        """List the accounts that the credential gives access to."""
        try:
            accounts = await list_accounts(self._api)
        except Exception as err:  # noqa: BLE001 - shown as an error of the form
            return _errors_of(err, field)
        self.accounts = [await self._named(account) for account in accounts]
        return {}

    async def _named(self, account: Account) -> Account:
        """Return an account with its name, which a permission may leave out."""
        if account.name is not None:
            return account
        kind = ACCOUNT_KINDS[account.kind]
        try:
            answer = await self._api.call(kind.details, path=kind.path(account.id))
        except SourceError:
            return account
        details = parse_details(Fields(answer))
        return replace(account, name=details.account_name or details.title)

    async def replace_by_link(self, account: Account, *, money: bool) -> Errors:
        """Replace the session by a watcher link, and sign out."""
        try:
            token = await find_or_create_link(self._api, account.id, money=money)
        except Closed:
            return {"base": "headframe_no_link"}
        except Exception as err:  # noqa: BLE001 - shown as an error of the form
            return _errors_of(err, "base")
        await self.end_session()
        self.credential = (CredentialKind.WATCHER, token)
        return {}


def _errors_of(err: Exception, field: str) -> Errors:
    """Return the error that the form shows."""
    match err:
        case SourceRefused():
            return {field: "invalid_auth"}
        case Closed():
            closed = "invalid_auth" if err.status in (401, 403) else "headframe_closed"
            return {field: closed}
        case SourceBusy():
            return {"base": "busy"}
        case SourceUnreachable():
            why = "timeout" if err.timed_out else "cannot_connect"
            return {"base": err.reason or why}
        case SourceError():
            return {"base": "wrong_device"}
    LOGGER.error("Unexpected error in a request to Headframe", exc_info=err)
    return {"base": "unknown"}
