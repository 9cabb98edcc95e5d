"""Access to a pool with the data of an entry: the API, and the accounts it reaches."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

from ..common.contract import SourceContext, SourceRefused, SourceUnreachable
from .api import Closed, Credential, CredentialKind, HeadframeApi
from .budget import limiter_for
from .operations import OPERATIONS
from .parse.account import Account, parse_permissions, parse_user
from .server import POOL, parse_server

KIND: Final = "headframe"
CONF_POOL: Final = "pool"
CONF_SIGN_IN: Final = "sign_in"
CONF_ACCOUNT: Final = "account"
CONF_ACCOUNT_KIND: Final = "account_kind"
CONF_ACCOUNT_NAME: Final = "account_name"

_LINK_GONE: Final = (
    HTTPStatus.UNAUTHORIZED,
    HTTPStatus.FORBIDDEN,
    HTTPStatus.NOT_FOUND,
    HTTPStatus.GONE,
)
"""Statuses for a watcher link that does not exist any more."""


def credential_of(data: Mapping[str, Any]) -> Credential:
    """Return the credential in an entry's data. Raises SourceRefused without one."""
    for kind in CredentialKind:
        if secret := data.get(kind):
            return Credential(kind, secret)
    raise SourceRefused("There are no credentials")


def open_api(context: SourceContext) -> HeadframeApi:
    """Return the API for an entry's data. Raises a SourceError."""
    data = context.data
    try:
        server = parse_server(data.get(CONF_POOL) or POOL)
    except ValueError:
        raise SourceUnreachable("The address of the pool is invalid") from None
    credential = credential_of(data)
    limiter = limiter_for(context.session, server.url, credential.secret)
    account = data.get(CONF_ACCOUNT)
    budget = limiter.account(account) if account else None
    return HeadframeApi(context.session, server, credential, limiter, budget)


async def list_accounts(api: HeadframeApi) -> list[Account]:
    """Return the accounts a credential gives access to. Raises a SourceError."""
    if api.credential.kind is not CredentialKind.WATCHER:
        answer = await api.call(OPERATIONS["current_user"])
        if (user := parse_user(answer)) is None:
            # The status of this operation does not show an expired session.
            raise SourceRefused("The pool does not accept these credentials any more")
        return user.accounts
    try:
        answer = await api.call(
            OPERATIONS["watcher"], path={"watcher_token": api.credential.secret}
        )
    except Closed as err:
        if err.status not in _LINK_GONE:
            raise
        raise SourceRefused("The watcher link does not exist any more") from None
    return parse_permissions(answer)
