"""The rate of a miner that was stopped, which its agent goes on telling.

Wire facts: CPU/GPU Sentry reads a rate only from a program that it runs, and never
forgets a value: after it has stopped the program, every log repeats the last rate, while
temperatures are read anew. It tells no rates of GPUs.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from ...model import RIG, PartKind, Value
from ...readings import HASHRATE, MINING, TEMPERATURE
from ..common.decoding import Values
from . import readings
from .parse import CPU, Log

_RATES: Final = (HASHRATE, readings.SOLUTIONS, readings.GRAPHS, readings.RATE)
_STILL: Final = timedelta(seconds=30)
"""Six logs: no miner's rate over ten seconds is the same for so long."""


class StaleHashrate:
    """Follows the CPU's rate from log to log."""

    def __init__(self) -> None:
        """Know no rate."""
        self._rate: Value | None = None
        self._since: datetime | None = None
        self._heat: Value | None = None
        self._moved = False

    def take(self, log: Log, now: datetime) -> None:
        """Note when the rate changed, and whether the temperature has since."""
        cpu = log.parts.get(CPU, Values())
        rate, heat = cpu.get(HASHRATE.plain), cpu.get(TEMPERATURE.plain)
        if self._since is None or rate != self._rate:
            self._rate, self._since, self._heat = rate, now, heat
            self._moved = False
        elif heat is not None and heat != self._heat:
            self._moved = True

    def is_repeated(self, log: Log, now: datetime) -> bool:
        """Tell whether the log only repeats the rate of a miner that is gone."""
        return (
            bool(self._rate)
            and self._moved
            and self._since is not None
            and now - self._since >= _STILL
            and not any(
                channel.reading in _RATES
                for key, values in log.parts.items()
                if log.kinds.get(key) is PartKind.GPU
                for channel in values
            )
        )


def without_rate(log: Log) -> Log:
    """Return a log that says nothing of the miner."""
    parts = {
        **log.parts,
        RIG: Values({c: v for c, v in log.parts[RIG].items() if c != MINING.plain}),
        CPU: Values({c: v for c, v in log.parts[CPU].items() if c != HASHRATE.plain}),
    }
    return replace(log, parts=parts, works=None)
