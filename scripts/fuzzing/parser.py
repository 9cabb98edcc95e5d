"""What is given spoilt answers."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from custom_components.mining_rig.sources.common.http import LIMIT


@dataclass(frozen=True, slots=True)
class Parser:
    """What reads answers, and patterns of answers that it was given."""

    read: Callable[..., None]
    """Takes the answers of a pattern. Raises a SourceError or nothing."""
    patterns: Sequence[Sequence[bytes]]
    limit: int = LIMIT
    """Bytes of the largest answer that is decoded."""
    decode: Callable[[bytes], Any] | None = None
    """Runs in a thread first, as in the product; None: `read` takes bytes."""
