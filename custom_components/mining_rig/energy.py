"""Power into energy, and counters into totals that never fall."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
import math
from typing import Any, Final

_SECONDS_PER_HOUR: Final = 3600
_JUMP: Final = 5_000.0
"""W; more than an air-cooled ASIC takes when it starts."""


@dataclass(slots=True)
class EnergyTotal:
    """Energy in Wh, gathered from power readings; time without a reading is not counted.

    A longer silence than the caller allows between two readings is a gap: what was used
    in it is not known, so nothing is made up for it. A power that the rig cannot take is
    a gap too. Where two readings are far apart, the lower one counts, so that a single
    wrong one adds nothing.
    """

    total: float = 0.0
    _watts: float | None = None
    _at: datetime | None = None

    def add(
        self,
        watts: float | None,
        now: datetime,
        longest_gap: float,
        most: float = math.inf,
    ) -> float:
        """Take the power (W) of this moment, None if it is not known.

        `longest_gap` is in seconds, `most` what the rig can take in W. Returns the total
        in Wh.
        """
        if watts is not None and not 0 <= watts <= most:
            watts = None
        if watts is not None and self._watts is not None and self._at is not None:
            seconds = (now - self._at).total_seconds()
            if 0 < seconds <= longest_gap:
                low, high = sorted((self._watts, watts))
                mean = low if high - low > _JUMP else (low + high) / 2
                self.total += mean * seconds / _SECONDS_PER_HOUR
        self._watts, self._at = watts, now
        return self.total


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast a counter can rise: `rate` a second, and `step` at once.

    A counter may have coarse steps, and its reading may be late.
    """

    rate: float
    step: float

    def allows(self, increase: float, seconds: float | None) -> bool:
        """Return whether it can have risen so far; any time may be unknown."""
        return seconds is None or increase <= self.step + self.rate * max(seconds, 0)


@dataclass(slots=True)
class RisingTotal:
    """A total over counters that may each restart at 0, vanish and come back.

    It is the sum of their increases, so it never falls. An increase that no counter can
    have made since its last reading does not count.
    """

    total: float = 0.0
    last: dict[str, float] = field(default_factory=dict)
    at: dict[str, float] = field(default_factory=dict)
    """When each counter was read last, as a timestamp."""

    def add(
        self,
        counts: Mapping[str, float],
        now: datetime | None = None,
        pace: Pace | None = None,
    ) -> float:
        """Take what each counter shows now, by its part's key; return the total.

        Without a pace or a time, every increase counts.
        """
        moment = None if now is None else now.timestamp()
        for key, count in counts.items():
            before = self.last.get(key, 0)
            increase = count - before if count >= before else count
            seconds = None
            if moment is not None:
                if (read := self.at.get(key)) is not None:
                    seconds = moment - read
                self.at[key] = moment
            if pace is None or pace.allows(increase, seconds):
                self.total += increase
            self.last[key] = count
        return self.total

    def dump(self) -> dict[str, Any]:
        """Return it as JSON."""
        return {"total": self.total, "last": dict(self.last), "at": dict(self.at)}


def load_rising(stored: Mapping[str, Any]) -> RisingTotal:
    """Read a dumped total; older ones do not tell when they were read."""
    return RisingTotal(
        float(stored["total"]),
        _numbers(stored["last"]),
        _numbers(stored.get("at") or {}),
    )


def _numbers(stored: Mapping[str, Any]) -> dict[str, float]:
    return {str(key): float(value) for key, value in stored.items()}
