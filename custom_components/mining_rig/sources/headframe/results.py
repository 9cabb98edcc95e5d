"""What was read of one account last, and the requests that read it."""

from collections.abc import Mapping
from typing import Any

from ...model import Channel, Control
from ..common.contract import SourceGarbled
from ..common.decoding import Fields, Values
from .account_kinds import ACCOUNT_KINDS
from .api import HeadframeApi
from .operations import Operation
from .parse.account import Account, Details


class AccountResults:
    """Values and controls by group, shared by the readers of one account."""

    def __init__(self, api: HeadframeApi, account: Account, *, writes: bool) -> None:
        """Start without values; `writes` adds controls."""
        self.api = api
        self.account = account
        self.writes = writes
        self.kind = ACCOUNT_KINDS[account.kind]
        self.path = self.kind.path(account.id)
        self.details: Details | None = None
        self.values: dict[str, Values] = {}
        self.controls: dict[str, dict[Channel[Any], Control[Any]]] = {}
        self.unparsed: dict[str, list[str]] = {}
        """The paths of fields that could not be parsed, by group."""

    @property
    def is_miner(self) -> bool:
        """Whether it is a miner's account, not an operator's or a pool's."""
        return self.account.kind == "miner"

    def record(
        self, group: str, values: Values, fields: Fields, *controls: Control[Any]
    ) -> None:
        """Replace what is known of a group; `fields` has the paths not parsed."""
        self.values[group] = values
        self.controls[group] = {control.channel: control for control in controls}
        self.unparsed[group] = fields.unparsed

    async def fetch_object(
        self, operation: Operation, path: Mapping[str, str] | None = None
    ) -> Fields:
        """Request a JSON object; without a path, the account's own is used."""
        answer = await self.api.call(
            operation, path=self.path if path is None else path
        )
        if not isinstance(answer, dict):
            raise SourceGarbled(f"The pool's answer to {operation.name} is no object")
        return Fields(answer)

    async def fetch_list(self, operation: Operation, path: Mapping[str, str]) -> Fields:
        """Request the first page of a list that rarely has a second one."""
        async for items, _ in self.api.each_page(operation, path=path, most=1):
            return Fields({"data": items})
        raise AssertionError
