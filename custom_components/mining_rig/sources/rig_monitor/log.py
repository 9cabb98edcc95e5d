"""A parsed log of a rig, and what logs of ASICs and CPU/GPU rigs have in common."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from ...model import Channel, PartKind, Reading
from ...readings import HASHRATE
from ..common.decoding import Values
from . import readings
from .fields import Body

type Shares = Mapping[Channel[int], dict[int, int | None]]
"""Counters of the pools in use by pool number (None: unknown), by channel of the total."""


@dataclass(frozen=True, slots=True)
class Log:
    """One log."""

    parts: Mapping[str, Values]
    """Values by part."""
    kinds: Mapping[str, PartKind]
    """Kinds of the parts by key, the rig apart, in the order of their numbers."""
    is_empty: bool
    """Whether all fields are null, as in the first log after an agent started."""
    works: bool | None
    """Whether the rig mines; None where the log has no hashrate."""
    unparsed: tuple[str, ...]
    shares: Shares = field(default_factory=dict)


@dataclass(slots=True)
class ShareTotals:
    """Sums of the pools' counters, over logs in which some of them may be missing.

    A total never falls because a counter is missing.
    """

    _last: dict[Channel[int], dict[int, int]] = field(default_factory=dict)

    def add(self, shares: Shares) -> Values:
        """Take the counters of a log; return the totals that are known."""
        totals = Values()
        for total, counts in shares.items():
            last = self._last.setdefault(total, {})
            known = [(n, count) for n, count in counts.items() if count is not None]
            for number, count in known:
                if count < last.get(number, 0):
                    # The miner has restarted, and all its counters with it.
                    last.clear()
                    break
            last.update(known)
            if known and last.keys() >= counts.keys():
                totals[total] = sum(last.values())
        return totals


RATES: Final[Mapping[str | None, Reading[float]]] = {
    "H/s": HASHRATE,
    "Sol/s": readings.SOLUTIONS,
    "g/s": readings.GRAPHS,
}


RATE_READINGS: Final = (*RATES.values(), readings.RATE)
"""The readings that a hashrate may be shown as, by its unit."""


def put_rate(
    values: Values, rate: tuple[float, str | None] | None, number: int | None = None
) -> float | None:
    """Put a rate under the reading of its unit; return its value."""
    if rate is None:
        return None
    value, base = rate
    values[RATES.get(base, readings.RATE).channel(number=number)] = value
    return value


def put_addresses(rig: Values, body: Body) -> None:
    """Put the rig's addresses."""
    rig.put(readings.LAN_ADDRESS.plain, body.text("lan_ip"))
    rig.put(readings.WAN_ADDRESS.plain, body.text("wan_ip"))


def without_empty_tail(parts: dict[str, Values]) -> dict[str, Values]:
    """Leave out the last parts without values: parts are numbered from 1."""
    keys = list(parts)
    while len(keys) > 1 and not parts[keys[-1]]:
        keys.pop()
    return {key: parts[key] for key in keys}
