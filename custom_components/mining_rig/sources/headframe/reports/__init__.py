"""The responses to the actions of `actions.py`.

Money is a string of plain digits, a time is ISO 8601 in UTC, a hashrate is in H/s.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from ...common.contract import CommandRefused, JsonObject
from ..account import AccountReader
from ..actions import ACTIONS
from ..api import HeadframeApi
from ..budget import Budget
from . import hashrate, money, sharing
from .request import ReportContext

type Report = Callable[[ReportContext, JsonObject], Awaitable[JsonObject]]
"""Makes the requests of an action with its fields. Raises a SourceError."""

REPORTS: Final[Mapping[str, Report]] = {
    "get_payments": money.payments,
    "export_payments": money.export,
    "get_daily_report": hashrate.daily_report,
    "get_chart": hashrate.chart,
    "get_workers": hashrate.workers,
    "get_fees": money.fees,
    "get_referrals": money.referrals,
    "get_boundary_workers": sharing.boundary_workers,
    "create_boundary_worker": sharing.create_boundary_worker,
    "change_boundary_worker": sharing.change_boundary_worker,
    "delete_boundary_worker": sharing.delete_boundary_worker,
    "get_profit_sharings": sharing.profit_sharings,
    "set_profit_sharing": sharing.set_profit_sharing,
    "delete_profit_sharing": sharing.delete_profit_sharing,
    "get_watcher_links": sharing.watcher_links,
    "create_watcher_link": sharing.create_watcher_link,
    "delete_watcher_link": sharing.delete_watcher_link,
}
"""By the name of the action."""

_GROUP_OF: Final = {
    "create_boundary_worker": "workers",
    "delete_boundary_worker": "workers",
    "set_profit_sharing": "sharing",
    "delete_profit_sharing": "sharing",
}
"""The group of readings that an action changes, which is read again."""

_FOR_ALL_KINDS: Final = frozenset(
    {"get_payments", "export_payments", "get_chart", "get_workers"}
)
"""The actions that operators and pools have, too."""


class Reports:
    """Performs the actions of one account."""

    def __init__(
        self, api: HeadframeApi, reader: AccountReader, budget: Budget
    ) -> None:
        """Take the account's reader and budget."""
        self._context = ReportContext(api, reader, budget)

    async def answer(self, name: str, details: JsonObject) -> JsonObject:
        """Perform an action with its fields. Raises a SourceError."""
        context = self._context
        if name not in REPORTS:
            raise CommandRefused("no_reports")
        if name not in _FOR_ALL_KINDS and not context.reader.results.is_miner:
            raise CommandRefused("headframe_miner_only")
        if ACTIONS[name].changes and not context.api.credential.writes:
            raise CommandRefused("headframe_read_only")
        answer = await REPORTS[name](context, details)
        if (group := _GROUP_OF.get(name)) is not None:
            context.reader.groups[group].due = None
        return answer
