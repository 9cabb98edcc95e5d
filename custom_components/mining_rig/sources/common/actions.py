"""What a kind of rig declares of the actions that it adds to Home Assistant."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class KindAction:
    """An action of one kind of rig; its source performs it (`ActionProvider`)."""

    fields: Mapping[Any, Any] = field(default_factory=dict)
    """The schema of its fields, without the config entry and the confirmation."""
    admin: bool = False
    """Only administrators may use it."""
    changes: bool = False
    """It changes something: the entry's options must allow writing, and each call
    must confirm it."""
