"""What a rig wants its owner to decide."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Problem:
    """Something at a rig that its owner has to decide, shown as an issue.

    It is gone with the first reading that does not have it.
    """

    key: str
    """The translation key of the issue."""
    help_anchor: str
    """The heading of docs/troubleshooting.md that tells the way back."""
    placeholders: Mapping[str, str] = field(default_factory=dict)
