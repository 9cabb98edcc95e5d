"""Runs inputs, measures them and collects what went wrong."""

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from time import thread_time
from traceback import format_exception
from typing import Any, Final

LONGEST: Final = 0.05
"""Seconds for which nothing may block the event loop."""
_MOST_FAULTS: Final = 20
_MOST_SHOWN: Final = 2000
_TRIES: Final = 3


class Fault(Exception):
    """Something that must not happen."""


@dataclass(slots=True)
class Trial:
    """One subject: what was tried, what came of it."""

    name: str
    inputs: int = 0
    longest: float = 0.0
    """Seconds of processor time of the worst input, in the best of its tries."""
    outcomes: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)

    async def run(
        self, number: int, shown: bytes, action: Callable[[], Coroutine[Any, Any, str]]
    ) -> None:
        """Run an input and note its outcome; `shown` stands for it in a report."""
        self.inputs += 1
        took = LONGEST + 1
        for _ in range(_TRIES):
            begun = thread_time()
            outcome: str | BaseException
            (outcome,) = await asyncio.gather(action(), return_exceptions=True)
            if isinstance(outcome, BaseException):
                self._fault(number, shown, "".join(format_exception(outcome)))
                return
            took = min(took, thread_time() - begun)
            if took < LONGEST:
                break
        self.outcomes[str(outcome)] += 1
        self.longest = max(self.longest, took)
        if took >= LONGEST:
            self._fault(number, shown, f"blocks for {took * 1000:.0f} ms")

    def _fault(self, number: int, shown: bytes, problem: str) -> None:
        self.outcomes["FAULT"] += 1
        if len(self.faults) < _MOST_FAULTS:
            text = repr(shown[:_MOST_SHOWN])
            self.faults.append(f"{self.name}, input {number}: {problem}\n  {text}")

    def report(self) -> str:
        """Return one line of what came of it."""
        outcomes = ", ".join(f"{n} {what}" for what, n in self.outcomes.most_common())
        return (
            f"{self.name}: {self.inputs} inputs, longest {self.longest * 1000:.1f} ms"
            f" ({outcomes})"
        )
