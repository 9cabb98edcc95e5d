"""The rounds of agents that poll their rigs one after the other.

ASIC Sentry waits up to two minutes for each ASIC that hangs, and pushes nothing of the
others in the meantime. Their silence means something only once the round is over.
"""

from dataclasses import dataclass
import time
from typing import Final

SHORTEST: Final = 150.0
"""Seconds of silence that need no explanation by others."""
_LONGEST: Final = 600.0
_ONE_HANGS: Final = 120.0
_POLLS: Final = 30.0
"""Seconds for the rigs that do not hang."""


@dataclass(frozen=True, slots=True)
class _Turns:
    """When a rig pushed, by the monotonic clock."""

    agent: str
    before: float
    last: float


class Rounds:
    """When the rigs of each agent pushed."""

    def __init__(self) -> None:
        """Start without rigs."""
        self._turns: dict[str, _Turns] = {}
        """By the id of the rig's entry."""

    def note(self, agent: str, rig: str) -> None:
        """Note that a rig pushed through an agent."""
        known = self._turns.get(rig)
        before = known.last if known is not None and known.agent == agent else 0.0
        self._turns[rig] = _Turns(agent, before, time.monotonic())

    def forget(self, rig: str) -> None:
        """Forget a rig that was removed."""
        self._turns.pop(rig, None)

    def is_under_way(self, rig: str) -> bool:
        """Return whether a silent rig's agent may be busy with its other rigs.

        It is not where one of them has had two turns since: a round without this rig.
        """
        turns = self._turns.get(rig)
        if turns is None or (silence := time.monotonic() - turns.last) < SHORTEST:
            return False
        others = [
            other
            for key, other in self._turns.items()
            if key != rig and other.agent == turns.agent
        ]
        if any(other.before > turns.last for other in others):
            return False
        return silence < min(_POLLS + _ONE_HANGS * len(others), _LONGEST)
