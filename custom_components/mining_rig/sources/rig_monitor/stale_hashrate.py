"""Hashrates that an agent keeps reporting although its miner was stopped.

CPU/GPU Sentry 1.1.0 reads a hashrate only from a program that it runs and never drops a
value: after it has stopped the program, every log repeats the last hashrate. It stops
it while nothing is served: after an order, without a playbook, and whenever it does not
reach Home Assistant. A rate that is doubted counts again once it has changed.

It reports no hashrates of GPUs. Whoever does may round them to whole MH/s, so those are
doubted only where they are the same before and after a silence.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from enum import Enum, auto
from typing import Any, Final

from ...model import RIG, Channel, PartKind, Value
from ...readings import MINING, STATUS, Status
from ..common.decoding import Values
from .log import RATE_READINGS, Log

_REPEATED_AFTER: Final = timedelta(seconds=30)
"""Six logs: no miner's hashrate over ten seconds is the same for so long."""
_REPEATED_LOGS: Final = 3
"""Of an agent that pushes more rarely."""

type _Rates = dict[tuple[str, Channel[Any]], Value]


class Doubt(Enum):
    """Why a reported rate does not count."""

    NOT_PROVEN = auto()
    """Nothing is known of what was before; it has not changed yet."""
    REPEATED = auto()
    """It is the same as before, although the miner has stopped."""


class StaleHashrate:
    """Follows the rates from log to log."""

    def __init__(self) -> None:
        """Start without rates."""
        self._rates: _Rates | None = None
        self._since: datetime | None = None
        self._logs = 0
        """With the present rates."""
        self.doubt: Doubt | None = None

    def take(self, log: Log, now: datetime, *, served: bool, silent: bool) -> None:
        """Take a log and decide whether its rates count.

        `served` is whether the agent has something to mine now, `silent` whether the log
        is the first one after a silence.
        """
        rates = _rates_of(log)
        has_cards = any(log.kinds.get(part) is PartKind.GPU for part, _ in rates)
        is_same = rates == self._rates
        self._logs = self._logs + 1 if is_same else 1
        if self._since is None or not is_same:
            self._since = now
        self._rates = rates
        if not any(rates.values()):
            self.doubt = None
        elif is_same:
            lasts = (
                now - self._since >= _REPEATED_AFTER and self._logs >= _REPEATED_LOGS
            )
            if silent or (lasts and not has_cards and (self.doubt or not served)):
                self.doubt = Doubt.REPEATED
        elif silent and not has_cards:
            # What it was told while nobody listened, perhaps to stop, is not known.
            self.doubt = Doubt.NOT_PROVEN
        else:
            self.doubt = None


def _rates_of(log: Log) -> _Rates:
    return {
        (part, channel): value
        for part, values in log.parts.items()
        for channel, value in values.items()
        if channel.reading in RATE_READINGS
    }


def without_rates(log: Log, *, stopped: bool, mines: bool | None) -> Log:
    """Return the log without its rates; they are 0 where the miner was `stopped`."""

    def changed(values: Mapping[Channel[Any], Value]) -> Values:
        return Values(
            {
                channel: 0.0 if channel.reading in RATE_READINGS else value
                for channel, value in values.items()
                if stopped or channel.reading not in RATE_READINGS
            }
        )

    parts = {part: changed(values) for part, values in log.parts.items()}
    parts[RIG].pop(MINING.plain, None)
    parts[RIG].put(MINING.plain, mines)
    return replace(log, parts=parts, works=mines)


def without_values(log: Log, *, off: bool) -> Log:
    """Return the log of a rig that has fallen silent; its rates are 0 if it is `off`."""
    parts = {
        part: Values(
            {
                channel: 0.0
                for channel in values
                if off and channel.reading in RATE_READINGS
            }
        )
        for part, values in log.parts.items()
    }
    if off:
        parts[RIG].update({MINING.plain: False, STATUS.plain: Status.PAUSED.value})
    return replace(log, parts=parts, is_empty=True, works=False if off else None)
