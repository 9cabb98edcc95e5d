"""The energy of a farm: the sum of what its rigs' totals rise by.

It is not the sum of the totals, so that a rig which is added, removed or reloaded never
makes it jump.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from math import isfinite
from typing import Any, Final

from ..energy import Pace
from ..model import Channel, PartKind
from ..plausible import most_watts
from ..readings import ENERGY, ENERGY_ESTIMATE
from .member import Member

_CHANNELS: Final[tuple[Channel[float], ...]] = (ENERGY.plain, ENERGY_ESTIMATE.plain)
"""The first one that rises counts: what is measured before what is estimated."""
_PACE: Final = Pace(rate=most_watts(PartKind.RIG) / 3600, step=2_000)
"""Counters may have steps of 1 kWh. A total that rises faster was set by its owner."""


@dataclass(slots=True)
class _Seen:
    """What the totals of a rig showed last (Wh, by channel key), and when."""

    totals: dict[str, float]
    at: float


@dataclass(slots=True)
class FarmEnergy:
    """Energy in Wh, of all time and of today."""

    total: float = 0.0
    today: float = 0.0
    day: date | None = None
    _seen: dict[str, _Seen] = field(default_factory=dict)

    def add(
        self, members: Iterable[Member], shares: Mapping[str, float], now: datetime
    ) -> float:
        """Take what the totals of all members show now; return by how much they rose.

        `shares` are what counts of each member, 0 to 1. A rig that is seen for the first
        time counts from now on. One that fell was set, or restored from what was saved
        before a crash: nothing is taken off.
        """
        self.start_day(now)
        moment = now.timestamp()
        increase = 0.0
        for member in members:
            found = _totals(member)
            if not found:
                continue
            before = self._seen.get(member.entry_id)
            self._seen[member.entry_id] = _Seen(found, moment)
            if before is not None:
                rise = _rise(before, found, moment)
                increase += rise * shares.get(member.entry_id, 0.0)
        self.total += increase
        self.today += increase
        return increase

    def set_right(self, entry_id: str, channel: str, total: float) -> None:
        """Take a total of a rig that its owner has set, which is no energy used."""
        if (seen := self._seen.get(entry_id)) is not None:
            seen.totals[channel] = total

    def start_day(self, now: datetime) -> bool:
        """Begin with 0 where the local day is another one; return whether it is."""
        if (day := now.date()) == self.day:
            return False
        self.day, self.today = day, 0.0
        return True

    def keep_only(self, entry_ids: Iterable[str]) -> None:
        """Forget what rigs showed that are not members any more."""
        kept = set(entry_ids)
        self._seen = {key: seen for key, seen in self._seen.items() if key in kept}

    def dump(self) -> dict[str, Any]:
        """Return what must survive a restart, as JSON."""
        return {
            "today": self.today,
            "day": None if self.day is None else self.day.isoformat(),
            "seen": {
                key: {"totals": dict(seen.totals), "at": seen.at}
                for key, seen in self._seen.items()
            },
        }

    def load(self, total: float, stored: Any) -> None:
        """Load the total and what was dumped; what makes no sense is left out."""
        self.total = total
        if not isinstance(stored, dict):
            return
        if (today := _number(stored.get("today"))) is not None:
            try:
                self.day = date.fromisoformat(str(stored.get("day")))
            except ValueError:
                self.day = None
            self.today = today
        seen = stored.get("seen")
        for key, item in seen.items() if isinstance(seen, dict) else ():
            totals = item.get("totals") if isinstance(item, dict) else None
            if not isinstance(totals, dict) or (at := _number(item.get("at"))) is None:
                continue
            numbers = {
                str(k): n for k, v in totals.items() if (n := _number(v)) is not None
            }
            self._seen[str(key)] = _Seen(numbers, at)


def _totals(member: Member) -> dict[str, float]:
    if member.snapshot is None:
        return {}
    values = member.snapshot.rig.values
    return {
        channel.key: float(value)
        for channel in _CHANNELS
        if isinstance(value := values.get(channel), int | float)
    }


def _rise(before: _Seen, found: Mapping[str, float], moment: float) -> float:
    for channel in _CHANNELS:
        old, new = before.totals.get(channel.key), found.get(channel.key)
        if old is not None and new is not None and new > old:
            rise = new - old
            return rise if _PACE.allows(rise, moment - before.at) else 0.0
    return 0.0


def _number(value: Any) -> float | None:
    if type(value) not in (int, float) or not isfinite(value) or value < 0:
        return None
    return float(value)
