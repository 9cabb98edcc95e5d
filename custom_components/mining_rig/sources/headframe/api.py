"""Headframe's HTTP API, with one credential.

A URL may contain a watcher token, so no message contains a URL.
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
"""Items of a page, the pool's maximum."""
IDS: Final = 40
"""Ids in the query of one request, which limits the length of its URL."""
MOST_PAGES: Final = 50
TIMEOUT: Final = 15.0
LIMIT: Final = 512 * 1024
"""Bytes of the largest answer; decoding more would block the event loop."""


class CredentialKind(StrEnum):
    """The kind of a credential; its value is the key of the secret in an entry's data."""

    WATCHER = "watcher_token"
    API_KEY = "api_key"
    SESSION = "session_token"


@dataclass(frozen=True, slots=True)
class Credential:
    """A secret that authenticates requests."""

    kind: CredentialKind
    secret: str = field(repr=False)

    @property
    def headers(self) -> dict[str, str]:
        """The header with the secret."""
        match self.kind:
            case CredentialKind.WATCHER:
                return {"X-Watcher-Token": self.secret}
            case CredentialKind.API_KEY:
                return {hdrs.AUTHORIZATION: f"Bearer {self.secret}"}
            case CredentialKind.SESSION:
                return {"X-Session-Token": self.secret}

    @property
    def writes(self) -> bool:
        """Whether it may allow more than reading."""
        return self.kind is not CredentialKind.WATCHER


class Closed(CommandRefused):
    """The operation is not allowed, does not exist, or the request is invalid."""

    def __init__(self, operation: Operation, status: int) -> None:
        """Take the operation and the status of the answer."""
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
    """The operations of one pool with one credential, for one account."""

    def __init__(
        self,
        session: ClientSession,
        server: Server,
        credential: Credential,
        limiter: Limiter,
        account: Budget | None = None,
    ) -> None:
        """Take a session without a cookie jar.

        Without the budget of an account, requests count for the login only.
        """
        self.credential = credential
        self.limiter = limiter
        self.server = server
        self._account = account
        self._http = JsonHttp(
            session,
            server.host,
            server.port,
            ssl=server.ssl,
            timeout=TIMEOUT,
            limit=LIMIT,
        )
        self._found: dict[str, str] = {}
        """The paths that exist, of operations with several inferred ones."""
        self._bases = server.bases

    async def call(
        self,
        operation: Operation,
        *,
        path: Mapping[str, str] | None = None,
        query: Query | None = None,
        body: Any = None,
    ) -> Any:
        """Make one request; return the decoded JSON, None for an empty answer.

        Numbers with a fraction are Decimal, whole ones int. Raises a SourceError:
        Closed for status 400, 403, 404, and 401 with a watcher link.
        """
        answer = await self._request_path(operation, path, query, body)
        if not answer.body.strip():
            self.limiter.answered()
            return None
        with self._backing_off():
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
        """Make one request; return an answer that is CSV. Raises as `call`."""
        answer = await self._request_path(
            operation, path, query, accept="text/csv, */*;q=0.5"
        )
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
        """Yield the items of each page, and whether it is the last page.

        A page without new items is the end, too: such a pool ignores the offset. Raises
        as `call`, and SourceGarbled for an answer that is no page.
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
                raise SourceGarbled("The pool did not send a page")
            # An empty list may be sent as null.
            items = [] if answer["data"] is None else answer["data"]
            if not isinstance(items, list):
                raise SourceGarbled("The pool did not send a list")
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

        Pages are no snapshot: items move between pages from request to request.
        """
        found: dict[Any, Any] = {}
        async for items, _ in self.each_page(
            operation, path=path, query=query, most=most
        ):
            for item in items:
                found.setdefault(_id_of(item) or len(found), item)
        return list(found.values())

    def may_spare(self, now: datetime) -> bool:
        """Return whether the budget allows a request that can wait."""
        budgets = [self.limiter.budget]
        if self._account is not None:
            budgets.append(self._account)
        return all(budget.left(now) > RESERVE for budget in budgets)

    async def _request_path(
        self,
        operation: Operation,
        path: Mapping[str, str] | None,
        query: Query | None,
        body: Any = None,
        accept: str = "application/json",
    ) -> Answer:
        """Make a request; where an inferred path does not exist, try the next one."""
        known = self._found.get(operation.name)
        guesses = (known,) if known else (operation.path, *operation.others)
        answer = None
        first = self._bases[0]
        for base, template in product(self._bases, guesses):
            at = f"{base}{operation.filled(path or {}, template)}"
            found = await self._request(operation.method, at, query, body, accept)
            if base != first and not found.body.lstrip().startswith((b"{", b"[")):
                # The pool's web site, which answers any path with a page.
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
            raise SourceRefused("The pool does not accept these credentials any more")
        raise Closed(operation, answer.status)

    async def _request(
        self,
        method: str,
        path: str,
        query: Query | None,
        body: Any,
        accept: str,
    ) -> Answer:
        """Send one request when the limiter allows it; back off after an error."""
        limiter = self.limiter
        if (now := limiter.now) is not None and (wait := limiter.wait(now)):
            raise SourceBusy("The pool allows no requests for a while", wait)
        async with limiter.turn():
            if now is not None:
                limiter.budget.spend(now)
                if self._account is not None:
                    self._account.spend(now)
            with self._backing_off():
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
    def _backing_off(self) -> Iterator[None]:
        """Make the limiter wait after an error."""
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
