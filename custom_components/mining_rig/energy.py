"""Power into energy, and counters into totals that never fall."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

_SECONDS_PER_HOUR = 3600


@dataclass(slots=True)
class EnergyTotal:
    """Energy in Wh, gathered from power readings; time without a reading is not counted.

    A longer silence than the caller allows between two readings is a gap: what was used
    in it is not known, so nothing is made up for it.
    """

    total: float = 0.0
    _watts: float | None = None
    _at: datetime | None = None

    def add(self, watts: float | None, now: datetime, longest_gap: float) -> float:
        """Take the power (W) of this moment, None if it is not known.

        `longest_gap` is in seconds. Returns the total in Wh.
        """
        if watts is not None and self._watts is not None and self._at is not None:
            seconds = (now - self._at).total_seconds()
            if 0 < seconds <= longest_gap:
                self.total += (self._watts + watts) / 2 * seconds / _SECONDS_PER_HOUR
        self._watts, self._at = watts, now
        return self.total


@dataclass(slots=True)
class RisingTotal:
    """A total over counters that may each restart at 0, vanish and come back.

    It is the sum of their increases, so it never falls.
    """

    total: float = 0.0
    last: dict[str, float] = field(default_factory=dict)

    def add(self, counts: Mapping[str, float]) -> float:
        """Take what each counter shows now, by its part's key; return the total."""
        for key, count in counts.items():
            before = self.last.get(key, 0)
            self.total += count - before if count >= before else count
            self.last[key] = count
        return self.total

    def dump(self) -> dict[str, Any]:
        """Return it as JSON."""
        return {"total": self.total, "last": dict(self.last)}


def load_rising(stored: Mapping[str, Any]) -> RisingTotal:
    """Read a dumped total."""
    return RisingTotal(
        float(stored["total"]), {str(k): float(v) for k, v in stored["last"].items()}
    )
