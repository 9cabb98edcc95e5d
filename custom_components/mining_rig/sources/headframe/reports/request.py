"""The requests of one action, within what is left of the budget."""

from collections.abc import AsyncIterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from ...common.contract import CommandRefused, JsonObject, SourceBusy, SourceUnreachable
from ...common.decoding import Fields
from ...common.http import Query
from ..account import AccountReader
from ..api import HeadframeApi
from ..budget import Budget
from ..operations import ID, OPERATIONS, Operation


class ReportContext:
    """The account that an action concerns, and requests for it."""

    def __init__(
        self, api: HeadframeApi, reader: AccountReader, budget: Budget
    ) -> None:
        """Take the account's reader and budget."""
        self.api = api
        self.reader = reader
        self.account = reader.results.account
        self.kind = reader.results.kind
        self.path = reader.results.path
        self._budget = budget

    # ---- paths

    @property
    def donor(self) -> Mapping[str, str]:
        """The account as the one that gives hashrate or profit."""
        return {"miner_donor_id": self.account.id}

    def donor_to(self, recipient: str) -> Mapping[str, str]:
        """Return the path from the account to a recipient. Raises CommandRefused."""
        return {**self.donor, "miner_recipient_id": checked_id(recipient)}

    # ---- requests

    @property
    def _now(self) -> datetime:
        """The time of the newest poll; without one there is no budget to check."""
        if (now := self.api.limiter.now) is None:
            raise SourceUnreachable("There was no poll yet")
        return now

    def check_budget(self) -> None:
        """Raise SourceBusy if no request is left in this hour."""
        budgets = (self._budget, self.api.limiter.budget)
        if not all(budget.left(self._now) for budget in budgets):
            raise SourceBusy("The requests of this hour are used up")

    async def call(
        self,
        name: str,
        path: Mapping[str, str],
        *,
        query: Query | None = None,
        body: Any = None,
    ) -> Fields:
        """Make one request."""
        self.check_budget()
        answer = await self.api.call(
            OPERATIONS[name], path=path, query=query, body=body
        )
        return Fields(answer)

    async def each_page(
        self, operation: Operation, path: Mapping[str, str], query: Query | None = None
    ) -> AsyncIterator[list[Fields]]:
        """Yield pages; an item that moved to the next page comes only once."""
        seen: set[str] = set()
        self.check_budget()
        async for items, last in self.api.each_page(operation, path=path, query=query):
            page = []
            for item in Fields({"data": items}).each("data"):
                own = item.text("id")
                if own is None or own not in seen:
                    page.append(item)
                seen.update(() if own is None else (own,))
            yield page
            if not last:
                self.check_budget()

    async def pages(
        self, name: str, path: Mapping[str, str], query: Query | None = None
    ) -> list[Fields]:
        """Return the items of all pages."""
        pages = self.each_page(OPERATIONS[name], path, query)
        return [item async for page in pages for item in page]

    def period(
        self, details: JsonObject, usual: timedelta
    ) -> tuple[datetime, datetime]:
        """Return the start of the first day and the end of the last, in UTC."""
        last: date = details.get("end") or self._now.astimezone(UTC).date()
        first: date = details.get("start") or last - usual + timedelta(days=1)
        if first > last:
            raise CommandRefused("headframe_no_period")
        start, end = (
            datetime.combine(day, time(), UTC)
            for day in (first, last + timedelta(days=1))
        )
        return start, end


def checked_id(text: str) -> str:
    """Return an id that is safe in a path. Raises CommandRefused for another text."""
    if not ID.fullmatch(text):
        raise CommandRefused("headframe_no_id", {"id": text})
    return text
