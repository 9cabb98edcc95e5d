"""Headframe's interface over HTTP, with one credential.

An address may hold a watcher token, so no text made here shows one.
"""

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from http import HTTPStatus
from itertools import product
from typing import Any, Final

from aiohttp import ClientSession, hdrs

from ..common.contract import (
    CommandRefused,
    SourceBusy,
    SourceError,
    SourceGarbled,
    SourceRefused,
    SourceUnreachable,
)
from ..common.http import Answer, JsonHttp, Query
from .budget import RESERVE, Budget, Limiter
from .operations import Operation
from .server import Server

PAGE: Final = 100
"""Items of a page, the most that the pool gives."""
MOST_PAGES: Final = 50
TIMEOUT: Final = 15.0
LIMIT: Final = 512 * 1024
"""Bytes of the largest answer; to decode more would hold up Home Assistant."""


class CredentialKind(StrEnum):
    """What lets us in; the key of the secret in an entry's data."""

    WATCHER = "watcher_token"
    API_KEY = "api_key"
    SESSION = "session_token"


@dataclass(frozen=True, slots=True)
class Credential:
    """A secret that lets us in."""

    kind: CredentialKind
    secret: str = field(repr=False)

    @property
    def headers(self) -> dict[str, str]:
        """The header that bears it."""
        match self.kind:
            case CredentialKind.WATCHER:
                return {"X-Watcher-Token": self.secret}
            case CredentialKind.API_KEY:
                return {hdrs.AUTHORIZATION: f"Bearer {self.secret}"}
            case CredentialKind.SESSION:
                return {"X-Session-Token": self.secret}

    @property
    def writes(self) -> bool:
        """Whether it can be good for more than reading."""
        return self.kind is not CredentialKind.WATCHER


class Closed(CommandRefused):
    """The operation is not open to this credential, not there, or not asked rightly."""

    def __init__(self, operation: Operation, status: int) -> None:
        """Take what was asked, and the status of the answer."""
        super().__init__(_CLOSED.get(status, "headframe_invalid"))
        self.operation = operation
        self.status = status


def _id_of(item: Any) -> str | None:
    own = item.get("id") if isinstance(item, dict) else None
    return own if isinstance(own, str) else None


_CLOSED: Final[dict[int, str]] = {
    HTTPStatus.UNAUTHORIZED: "headframe_closed",
    HTTPStatus.FORBIDDEN: "headframe_closed",
    HTTPStatus.NOT_FOUND: "headframe_not_there",
    HTTPStatus.METHOD_NOT_ALLOWED: "headframe_not_there",
}


class HeadframeApi:
    """What one credential may ask of one pool, for one account."""

    def __init__(
        self,
        session: ClientSession,
        place: Server,
        credential: Credential,
        limiter: Limiter,
        account: Budget | None = None,
    ) -> None:
        """Take a session that keeps no cookies.

        Without the budget of an account, requests count for the login only.
        """
        self.credential = credential
        self.limiter = limiter
        self.place = place
        self._account = account
        self._http = JsonHttp(
            session,
            place.host,
            place.port,
            ssl=place.ssl,
            timeout=TIMEOUT,
            limit=LIMIT,
        )
        self._found: dict[str, str] = {}
        """Paths that were right where there are several guesses."""
        self._bases = place.bases

    async def call(
        self,
        operation: Operation,
        *,
        path: Mapping[str, str] | None = None,
        query: Query | None = None,
        body: Any = None,
    ) -> Any:
        """Ask once; returns decoded JSON, None for an empty answer.

        Numbers with a fraction are Decimal, whole ones int. Raises a SourceError:
        Closed for an operation that is not open (400, 403, 404; with a watcher link
        401, too).
        """
        answer = await self._ask(operation, path, query, body)
        if not answer.body.strip():
            self.limiter.answered()
            return None
        with self._noting():
            decoded = answer.exact_json()
        self.limiter.answered()
        return decoded

    async def text(
        self,
        operation: Operation,
        *,
        path: Mapping[str, str] | None = None,
        query: Query | None = None,
    ) -> str:
        """Return an answer that is no JSON (CSV). Raises as `call`."""
        answer = await self._ask(operation, path, query, accept="text/csv, */*;q=0.5")
        self.limiter.answered()
        return answer.body.decode("utf-8-sig", errors="replace")

    async def each_page(
        self,
        operation: Operation,
        *,
        path: Mapping[str, str] | None = None,
        query: Query | None = None,
        most: int = MOST_PAGES,
    ) -> AsyncIterator[tuple[list[Any], bool]]:
        """Go through the pages: the items, and whether these were the last.

        A page with nothing new ends it, too: then the pool does not turn pages. Raises
        as `call`, and SourceGarbled for what is no page.
        """
        offset = 0
        seen: set[str] = set()
        before: list[Any] = []
        for _ in range(most):
            answer = await self.call(
                operation,
                path=path,
                query={**(query or {}), "limit": str(PAGE), "offset": str(offset)},
            )
            if not isinstance(answer, dict) or "data" not in answer:
                raise SourceGarbled("The pool sends something else than a page")
            # The pool is written in Go: an empty list may come as null.
            items = [] if answer["data"] is None else answer["data"]
            if not isinstance(items, list):
                raise SourceGarbled("The pool sends something else than a list")
            ids = {own for item in items if (own := _id_of(item)) is not None}
            if (ids and ids <= seen) or (items and items == before):
                return
            seen |= ids
            before = items
            offset += len(items)
            pagination = answer.get("pagination")
            total = pagination.get("total_count") if type(pagination) is dict else None
            if type(total) is not int:
                total = offset if len(items) < PAGE else offset + 1
            yield items, offset >= total
            if not items or offset >= total:
                return

    async def pages(
        self,
        operation: Operation,
        *,
        path: Mapping[str, str] | None = None,
        query: Query | None = None,
        most: int = MOST_PAGES,
    ) -> list[Any]:
        """Return `data` of all pages, each item once by its id. Raises as `call`.

        Pages are no snapshot: items move from one to the other between two requests.
        """
        found: dict[Any, Any] = {}
        async for items, _ in self.each_page(
            operation, path=path, query=query, most=most
        ):
            for item in items:
                found.setdefault(_id_of(item) or len(found), item)
        return list(found.values())

    def may_spare(self, now: datetime) -> bool:
        """Tell whether the budget allows something that can wait."""
        budgets = [self.limiter.budget]
        if self._account is not None:
            budgets.append(self._account)
        return all(budget.left(now) > RESERVE for budget in budgets)

    async def _ask(
        self,
        operation: Operation,
        path: Mapping[str, str] | None,
        query: Query | None,
        body: Any = None,
        accept: str = "application/json",
    ) -> Answer:
        """Ask, by the next path where one that is only guessed is not there."""
        known = self._found.get(operation.name)
        guesses = (known,) if known else (operation.path, *operation.others)
        answer = None
        first = self._bases[0]
        for base, template in product(self._bases, guesses):
            at = f"{base}{operation.filled(path or {}, template)}"
            found = await self._request(operation.method, at, query, body, accept)
            if base != first and not found.body.lstrip().startswith((b"{", b"[")):
                # The pool's web site, which has a page for everything.
                continue
            answer = found
            if answer.status != HTTPStatus.NOT_FOUND:
                self._found[operation.name] = template
                self._bases = (base,)
                break
        assert answer is not None
        if 200 <= answer.status < 300:
            return answer
        self.limiter.answered()
        if answer.status == HTTPStatus.UNAUTHORIZED and self.credential.writes:
            raise SourceRefused("The pool does not take these credentials any more")
        raise Closed(operation, answer.status)

    async def _request(
        self,
        method: str,
        path: str,
        query: Query | None,
        body: Any,
        accept: str,
    ) -> Answer:
        """Send one request when it is its turn, and note what it says of the pool."""
        limiter = self.limiter
        if (now := limiter.now) is not None and (wait := limiter.wait(now)):
            raise SourceBusy("The pool has to be left alone for a while", wait)
        async with limiter.turn():
            if now is not None:
                limiter.budget.spend(now)
                if self._account is not None:
                    self._account.spend(now)
            with self._noting():
                answer = await self._http.request(
                    method,
                    path,
                    query=query,
                    headers={**self.credential.headers, hdrs.ACCEPT: accept},
                    body=body,
                )
                if answer.status >= 500:
                    raise SourceUnreachable(f"The pool fails (status {answer.status})")
        return answer

    @contextmanager
    def _noting(self) -> Iterator[None]:
        """Let a pool rest that is busy or fails."""
        now = self.limiter.now
        try:
            yield
        except SourceBusy as err:
            if now is not None:
                self.limiter.busy(now, err.retry_after)
            raise
        except SourceError:
            if now is not None:
                self.limiter.broken(now)
            raise
