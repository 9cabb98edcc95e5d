"""The operations with the same purpose for a miner, an operator and a pool."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from .operations import OPERATIONS, Operation


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountKind:
    """The operations of one kind of account."""

    details: Operation
    stats: Operation
    workers: Operation
    earnings: Operation
    payments: Operation
    payments_csv: Operation
    chart: Operation

    @property
    def parameter(self) -> str:
        """The name of the account's id in a path."""
        return self.details.parameters[0]

    def path(self, account: str) -> Mapping[str, str]:
        """Return the account's id as the parameter of a path."""
        return {self.parameter: account}


def _account_kind(**names: str) -> AccountKind:
    return AccountKind(**{key: OPERATIONS[name] for key, name in names.items()})


ACCOUNT_KINDS: Final[dict[str, AccountKind]] = {
    "miner": _account_kind(
        details="miner",
        stats="miner_stats",
        workers="miner_workers",
        earnings="miner_processing_earnings",
        payments="miner_payments",
        payments_csv="miner_payments_csv",
        chart="miner_charts",
    ),
    "operator": _account_kind(
        details="operator",
        stats="operator_stats",
        workers="operator_workers",
        earnings="operator_processing_earnings",
        payments="operator_payments",
        payments_csv="operator_payments_csv",
        chart="operator_chart",
    ),
    "pool": _account_kind(
        details="pool",
        stats="pool_stats",
        workers="pool_workers",
        earnings="pool_processing_earnings",
        payments="pool_payments",
        payments_csv="pool_payments_csv",
        chart="pool_chart",
    ),
}
