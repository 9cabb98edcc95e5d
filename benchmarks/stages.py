"""What a poll spends its time on: reading, deriving, comparing and writing states."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from time import process_time
from typing import Any, Final
from unittest.mock import patch

from homeassistant.helpers.entity import Entity

from custom_components.mining_rig import sensor
from custom_components.mining_rig.coordinator import RigCoordinator
from custom_components.mining_rig.model import Value
from custom_components.mining_rig.writing import Pace, WritingRule

from .timing import Action, repeat

_WRITE: Final = "_async_write_ha_state"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stages:
    """Processor time of a poll's stages, in ms."""

    read: float
    """Requests, their answers decoded and parsed."""
    derive: float
    """Derived readings, energy and known parts."""
    compare: float
    """Entities that look whether their state has to be written."""
    write: float


@contextmanager
def _timed(
    owner: Any, name: str, times: dict[str, float], number: int
) -> Iterator[None]:
    """Add up what the calls of a method take; the clock's own time is left out."""
    method: Callable[..., Any] = getattr(owner, name)
    times[name] = 0.0
    overhead = _clock_overhead()

    def timed(*args: Any) -> Any:
        start = process_time()
        try:
            return method(*args)
        finally:
            times[name] += (process_time() - start - overhead) * 1000 / number

    with patch.object(owner, name, timed):
        yield


def _clock_overhead() -> float:
    start = process_time()
    for _ in range(1000):
        process_time()
    return (process_time() - start) / 1000


async def measure_stages(
    coordinator: RigCoordinator, poll: Action, polls: int
) -> Stages:
    """Poll so many times and return what the stages of one poll took."""
    times: dict[str, float] = {}
    with (
        _timed(Entity, _WRITE, times, polls),
        _timed(coordinator, "accept", times, polls),
        _timed(coordinator, "async_update_listeners", times, polls),
    ):
        start = process_time()
        await repeat(poll, polls)
        whole = (process_time() - start) * 1000 / polls
    derive, listeners, write = (
        times[name] for name in ("accept", "async_update_listeners", _WRITE)
    )
    return Stages(
        read=whole - derive - listeners,
        derive=derive,
        compare=listeners - write,
        write=write,
    )


def _write_changes(
    _rule: WritingRule, shown: Value | None, new: Value | None, _seconds: float
) -> bool:
    return new != shown


def _report_always(rule: WritingRule, _seconds: float) -> bool:
    return rule.pace is not Pace.AT_ONCE


@contextmanager
def everything_written() -> Iterator[None]:
    """Let sensors write every change, and every measured value, at each poll."""
    with (
        patch.object(sensor, "should_write", _write_changes),
        patch.object(sensor, "should_report", _report_always),
    ):
        yield
