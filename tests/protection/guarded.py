"""A rig under protection, as numbers: its temperatures, its pause and its plug."""

from collections.abc import Callable, Iterable
from typing import Any

from custom_components.mining_rig.model import RIG
from custom_components.mining_rig.protection.data import (
    Act,
    Decision,
    Heat,
    Memory,
    Observation,
    Settings,
    State,
    load_memory,
)
from custom_components.mining_rig.protection.machine import Protection

LIMIT = 90.0
RESUME_BELOW = 75.0
HOLD = 20.0
POLL = 10.0


def settings(**changes: Any) -> Settings:
    """Return settings of a rig with a pause and a power switch."""
    given: dict[str, Any] = {
        "margin": LIMIT - RESUME_BELOW,
        "hold": HOLD,
        "poll_interval": POLL,
        "pauses": frozenset((RIG,)),
        "has_power_switch": True,
        **changes,
    }
    return Settings(**given)


class Guarded:
    """A machine and what its caller would do, with a clock that the test moves."""

    def __init__(self, memory: Memory | None = None, **changes: Any) -> None:
        """Switch protection on at the moment 1000, unless a memory is given."""
        self.now = 1000.0
        self.machine = Protection(settings(**changes), memory)
        self.decided: list[Decision] = []
        self.log: list[tuple[float, Decision]] = []
        """All decisions with their moments."""
        self.last: dict[str, float] = {RIG: 50.0}
        if memory is None:
            self.call(self.machine.switch_on)

    @property
    def state(self) -> State:
        """The present state."""
        return self.machine.memory.state

    def call(self, step: Callable[..., tuple[Decision, ...]], *args: Any) -> list[str]:
        """Let something happen now and return what was decided, in short."""
        self.decided = list(step(*args, self.now))
        self.log += [(self.now, decision) for decision in self.decided]
        return short(self.decided)

    def at(
        self,
        celsius: float | None = None,
        *,
        running: Iterable[str] = (RIG,),
        paused: Iterable[str] = (),
        measured: Any = None,
        limit: float = LIMIT,
        **parts: float,
    ) -> list[str]:
        """Report temperatures now: the rig's, and those of parts."""
        found = parts if celsius is None else {RIG: celsius, **parts}
        heats = tuple(
            Heat(part=part, sensor="temperature", celsius=value, limit=limit)
            for part, value in found.items()
        )
        stopped = frozenset(paused)
        seen = Observation(
            heats=heats,
            running=frozenset(running) - stopped,
            paused=stopped,
            measured=measured,
        )
        return self.call(self.machine.observe, seen)

    def wait(self, seconds: float) -> list[str]:
        """Let time pass; the machine is called whenever it asked for it."""
        end = self.now + seconds
        decided: list[str] = []
        while (due := self.machine.due) is not None and due <= end:
            assert due >= self.now
            self.now = due
            decided += self.call(self.machine.tick)
        self.now = end
        return decided + self.call(self.machine.tick)

    def later(
        self, seconds: float, celsius: float | None = None, **seen: Any
    ) -> list[str]:
        """Let time pass, then report."""
        return self.wait(seconds) + self.at(celsius, **seen)

    def restart(self, down: float = 0.0) -> list[str]:
        """Restart Home Assistant: another clock, the same memory."""
        dumped = self.machine.memory.dump(self.now)
        self.now = 17.0 + down
        self.machine = Protection(self.machine.settings, load_memory(dumped, self.now))
        return self.call(self.machine.restart)

    def trip(self, celsius: float | None = 95.0, **seen: Any) -> list[str]:
        """Get so hot that the first stage acts."""
        decided = self.at(celsius, **seen)
        return decided + self.wait(self.machine.settings.hold)

    def pause(self, celsius: float = 92.0) -> None:
        """Trip, and show the pause and that it helps."""
        self.trip()
        self.later(5, celsius, paused=[RIG])
        self.wait(self.machine.settings.patience)
        assert self.state is State.PAUSED

    def cut(self) -> None:
        """Trip, and stay hot until the power is off."""
        self.trip()
        self.later(5, 96, paused=[RIG])
        self.wait(40)
        assert self.state is State.CUT
        self.call(self.machine.power, False, None)


def short(decisions: Iterable[Decision]) -> list[str]:
    """Write decisions in short: `pause rig`, `tell overheated`, `power_off`."""
    return [
        decision.act
        if decision.act in (Act.POWER_OFF, Act.POWER_ON)
        else f"{decision.act} {decision.subject}"
        for decision in decisions
    ]
