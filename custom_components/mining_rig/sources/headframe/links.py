"""Watcher links, which allow reading one account and nothing else."""

import re
from typing import Final

from ..common.contract import SourceGarbled
from ..common.decoding import Fields
from .api import HeadframeApi
from .operations import OPERATIONS

TITLE: Final = "Home Assistant"
"""The title, on the pool's page, of the link created here."""
ACCOUNTANT: Final = "accountant"
"""The permission of a link to read payments."""

_TOKEN: Final = re.compile(r"hfwl_[0-9a-fA-F]{64}(?![0-9a-zA-Z])")


def token_in(text: str) -> str | None:
    """Return the token of a pasted link, or of a pasted token."""
    found = _TOKEN.search(text)
    return None if found is None else found[0].lower()


def pool_in(text: str) -> str | None:
    """Return the URL of the pool in a pasted link."""
    scheme, divider, rest = text.strip().partition("://")
    return f"{scheme}://{rest.partition('/')[0]}" if divider else None


async def find_or_create_link(api: HeadframeApi, account: str, *, money: bool) -> str:
    """Return the token of the link titled `TITLE`. Raises a SourceError."""
    wanted = [ACCOUNTANT] if money else []
    path = {"miner_id": account}
    answer = {"data": await api.pages(OPERATIONS["watchers"], path=path)}
    for link in Fields(answer).each("data"):
        token = token_in(link.text("token") or "")
        more = link.raw("extra_permissions") or []
        if token and link.text("title") == TITLE and sorted(more) == wanted:
            return token
    body = {"title": TITLE, "extra_permissions": wanted}
    created = await api.call(OPERATIONS["create_watcher"], path=path, body=body)
    token = token_in(Fields(created).text("token") or "")
    if token is None:
        raise SourceGarbled("The pool created a link without a token")
    return token
