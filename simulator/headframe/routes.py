"""Which operation a request means.

The paths are those of the wire reference, found ones and guessed ones alike.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
import re

from ..server import Reply
from .accounts import Registry
from .asking import Asked, Caller, Json
from .mining import HOUR


@dataclass(kw_only=True)
class Pool:
    """What the operations work on."""

    registry: Registry
    id: str
    title: str
    domain: str
    fee: Decimal = Decimal("0.02")
    least_payout: Decimal = Decimal("0.001")
    others: float = 2.1e18
    """H/s of all the miners that nobody here knows."""
    intervals: dict[str, float] = field(
        default_factory=lambda: {
            "PT15M": 60.0,
            "PT1H": 300.0,
            "P1D": 1800.0,
            "P1W": HOUR,
        }
    )
    """Seconds between the points of a chart, by its period."""


type Answer = Json | Reply | None
"""JSON, a whole reply, or an empty one."""
type Handler = Callable[[Pool, Asked, Caller], Answer]


@dataclass(frozen=True, kw_only=True)
class Operation:
    """One thing that can be asked."""

    number: str
    """As in the wire reference."""
    method: str
    path: str
    handler: Handler
    known: bool
    """Whether its path was stated or found; the others are guesses."""
    is_open: bool
    """Whether anybody may ask."""

    def match(self, path: str) -> Mapping[str, str] | None:
        """Return what stands in a path, None if it is another one."""
        pattern = re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^/]+)", re.escape(self.path))
        found = re.fullmatch(pattern, path)
        return None if found is None else found.groupdict()


OPERATIONS: list[Operation] = []


def operation(
    number: str | int,
    method: str,
    path: str,
    *,
    known: bool = False,
    is_open: bool = False,
) -> Callable[[Handler], Handler]:
    """Let a function answer an operation."""

    def register(handler: Handler) -> Handler:
        OPERATIONS.append(
            Operation(
                number=str(number),
                method=method,
                path=path,
                handler=handler,
                known=known,
                is_open=is_open,
            )
        )
        return handler

    return register


def find(method: str, path: str) -> tuple[Operation, Mapping[str, str]] | None:
    """Return the operation of a request; one without parameters goes first."""
    for found in sorted(OPERATIONS, key=lambda entry: entry.path.count("{")):
        if found.method == method and (values := found.match(path)) is not None:
            return found, values
    return None
