"""The hashrate of a stopped miner that its agent keeps reporting.

CPU/GPU Sentry 1.1.0 reads a hashrate only from a program that it runs and never drops a
value: after it has stopped the program, every log repeats the last hashrate, while
temperatures are read anew. It reports no hashrates of GPUs.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from ...model import RIG, PartKind, Value
from ...readings import HASHRATE, MINING, TEMPERATURE
from ..common.decoding import Values
from .log import RATE_READINGS, Log
from .protocol import CPU

_STALE_AFTER: Final = timedelta(seconds=30)
"""Six logs: no miner's hashrate over ten seconds is the same for so long."""


class StaleHashrate:
    """Follows the CPU's hashrate from log to log."""

    def __init__(self) -> None:
        """Start without a hashrate."""
        self._rate: Value | None = None
        self._since: datetime | None = None
        self._temperature: Value | None = None
        self._temperature_changed = False

    def take(self, log: Log, now: datetime) -> None:
        """Note when the hashrate changed, and whether the temperature has since."""
        cpu = log.parts.get(CPU, Values())
        rate, temperature = cpu.get(HASHRATE.plain), cpu.get(TEMPERATURE.plain)
        if self._since is None or rate != self._rate:
            self._rate, self._since, self._temperature = rate, now, temperature
            self._temperature_changed = False
        elif temperature is not None and temperature != self._temperature:
            self._temperature_changed = True

    def is_repeated(self, log: Log, now: datetime) -> bool:
        """Return whether the log only repeats the hashrate of a stopped miner."""
        return (
            bool(self._rate)
            and self._temperature_changed
            and self._since is not None
            and now - self._since >= _STALE_AFTER
            and not any(
                channel.reading in RATE_READINGS
                for key, values in log.parts.items()
                if log.kinds.get(key) is PartKind.GPU
                for channel in values
            )
        )


def without_rate(log: Log) -> Log:
    """Return the log without the CPU's hashrate and what follows from it."""
    parts = {
        **log.parts,
        RIG: Values({c: v for c, v in log.parts[RIG].items() if c != MINING.plain}),
        CPU: Values({c: v for c, v in log.parts[CPU].items() if c != HASHRATE.plain}),
    }
    return replace(log, parts=parts, works=None)
