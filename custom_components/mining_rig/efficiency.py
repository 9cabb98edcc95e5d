"""When power and hashrate make an efficiency: of the same parts, at the same moment."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from .hashrate import energy_per_work, work_unit
from .model import HEAT_STOPS, Channel, Part, Value
from .readings import ALGORITHM, EFFICIENCY, HASHRATE, MINING, MINING_ALLOWED, POWER

_LONGEST_AVERAGE: Final = timedelta(seconds=60)
"""Over which miners take the mean of the hashrate that they show."""
_MOVED: Final = 0.25
"""The share by which power changes when a part starts, stops or hangs."""

_SAME_RATE: Final = 0.05
"""The share by which a rig's own mean may differ from the sum of its parts'."""


@dataclass(slots=True)
class PowerSteps:
    """The last step in the power of each part.

    Power is of this moment, a hashrate is often the mean of the last minute: after a step
    they belong to different moments.
    """

    _last: dict[str, tuple[float, datetime | None]] = field(default_factory=dict)

    def is_steady(self, key: str, watts: float, now: datetime | None) -> bool:
        """Take the power (W) of a part; return whether it is that of the last minute.

        The first one is: what was before it is not known.
        """
        if now is None:
            return True
        before, since = self._last.setdefault(key, (watts, None))
        if abs(watts - before) > _MOVED * max(watts, before):
            self._last[key] = (watts, now)
            return False
        # The clock may have been set back.
        return since is None or abs(now - since) >= _LONGEST_AVERAGE


def is_stopped(part: Part) -> bool:
    """Return whether a part is known not to work, whatever its hashrate still shows."""
    values = part.values
    return (
        values.get(MINING.plain) is False
        or values.get(MINING_ALLOWED.plain) is False
        or any(values.get(channel) for channel in HEAT_STOPS)
    )


def is_same_work(channel: Channel[float], parts: Iterable[Part]) -> bool:
    """Return whether the hashrates of parts can be added up: not hashes and solutions."""
    return len({work_unit(channel, part) for part in parts}) <= 1


def is_of_one_work(rate: Value | None, inside: Iterable[Part]) -> bool:
    """Return whether a rig's hashrate is that of the parts which work, and of one work.

    While a part stops, the mean that the rig reports still holds what the part did.
    """
    parts = [part for part in inside if HASHRATE.plain in part.values]
    working = [part for part in parts if part.values[HASHRATE.plain]]
    if len({part.values.get(ALGORITHM.plain) for part in working}) > 1:
        return False
    if not is_same_work(HASHRATE.plain, working):
        return False
    if not any(map(is_stopped, parts)):
        return True
    rates = [part.values[HASHRATE.plain] for part in working if not is_stopped(part)]
    total = sum(found for found in rates if isinstance(found, int | float))
    return isinstance(rate, int | float) and abs(rate - total) <= _SAME_RATE * rate


def put_efficiency(
    values: dict[Channel[Any], Value],
    part: Part,
    steps: PowerSteps,
    now: datetime | None,
) -> None:
    """Add J per hash to the values of a part, where they are of the same moment."""
    power, rate = values.get(POWER.plain), values.get(HASHRATE.plain)
    if not isinstance(power, int | float):
        return
    steady = steps.is_steady(part.key, power, now)
    if EFFICIENCY.plain in values or not steady or not isinstance(rate, int | float):
        return
    if (joules := energy_per_work(power, rate)) is not None and not is_stopped(part):
        values[EFFICIENCY.plain] = joules
