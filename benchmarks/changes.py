"""What is measured of a rig, and how its answers change from poll to poll."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
import math
from typing import Any, Final

from simulator.rig import SimulatedRig

_STEPS: Final = 7
"""After so many polls varying values begin again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """What is different at each poll, by the keys of the rig's answers."""

    rising: Mapping[str, int] = field(default_factory=dict)
    """Counters, and by how much they rise."""
    varying: frozenset[str] = frozenset()
    """Measured values, alone or in lists."""
    steady: frozenset[str] = frozenset()
    """Those that vary in lists only."""
    alternating: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """Texts."""
    noisy: Mapping[str, float] = field(default_factory=dict)
    """Measured values, and by which part of themselves they wander at most."""

    def apply(self, answer: Any, poll: int, key: str = "") -> Any:
        """Return decoded JSON as it is at the poll of that number."""
        match answer:
            case dict():
                return {
                    k: v
                    if k in self.steady and type(v) is int
                    else self.apply(v, poll, k)
                    for k, v in answer.items()
                }
            case list():
                return [self.apply(item, poll, key) for item in answer]
            case bool():
                return answer
            case int() | float() if key in self.noisy:
                wandered = answer * (1 + self.noisy[key] * _wandering(key, poll))
                return round(wandered) if isinstance(answer, int) else wandered
            case int() if key in self.rising:
                return answer + poll * self.rising[key]
            case int() if key in self.varying:
                return answer + poll % _STEPS
            case float() if key in self.varying:
                return answer * (1 + poll % _STEPS / 100)
            case str() if key in self.alternating:
                return self.alternating[key][poll % 2]
        return answer


def _wandering(key: str, poll: int) -> float:
    """Return a number from -1 to 1, another one for each key and poll."""
    return math.sin(poll * 1.7 + len(key)) * math.sin(poll * 0.23)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A rig to measure."""

    rig: Callable[[], SimulatedRig]
    """Makes the simulated rig whose answers are the pattern."""
    paths: tuple[str, ...]
    """What is asked of it; each poll asks for the first one."""
    changes: Changes
    pace: float = 10
    """Seconds from poll to poll by the clock that the source sees."""
    enabled: tuple[str, ...] = ()
    """Keys of readings that are disabled by default and enabled here."""
