"""What a mining program does with its hardware: it starts, works, finds shares."""

from dataclasses import dataclass, field

from ..hardware import Activity, Gpu, Machine, Processor

DAG_SECONDS = 8.0
"""How long the cards prepare before they hash."""
_SECONDS_PER_SHARE = 12.0
_SECONDS_PER_REJECTED = 3600.0
_MEAN_SECONDS = 30.0
"""Over which a program takes the mean of the hashrate that it reports."""


@dataclass(frozen=True, kw_only=True)
class Status:
    """What one card or processor does at a moment, in the units of the vocabulary."""

    number: int
    name: str
    vendor: str
    bus: int
    rate: float
    power: float
    temperature: int
    fan: int
    rpm: int
    core_clock: int
    memory_clock: int
    accepted: int
    rejected: int


@dataclass
class _Worker:
    processor: Processor
    rate: float
    """H/s at full load."""
    activity: Activity
    worked: float = 0.0
    """Seconds at full load until the last change."""
    since: float = field(default=0.0)

    def set(self, now: float, level: float) -> None:
        self.worked += self.activity.level * (now - self.since)
        self.since = now
        self.activity.set(now, level)
        self.processor.run(now, level)

    def status(self, now: float, number: int) -> Status:
        seconds = self.worked + self.activity.level * (now - self.since)
        processor, gpu = self.processor, self.processor
        is_gpu = isinstance(gpu, Gpu)
        mean = self.activity.mean(now, _MEAN_SECONDS)
        return Status(
            number=number,
            name=gpu.model.name if isinstance(gpu, Gpu) else "CPU",
            vendor=gpu.model.vendor if isinstance(gpu, Gpu) else "cpu",
            bus=int(gpu.bus_id[:2], 16) if isinstance(gpu, Gpu) else 0,
            rate=self.rate * mean * (1 + 0.01 * processor.noise.at(now, 11)),
            power=round(processor.power(now), 1),
            temperature=round(processor.temperature(now)),
            fan=round(processor.fan(now)),
            rpm=gpu.rpm(now) if isinstance(gpu, Gpu) else 0,
            core_clock=gpu.clock(now) if isinstance(gpu, Gpu) else 0,
            memory_clock=gpu.memory_clock() if isinstance(gpu, Gpu) else 0,
            accepted=int(seconds / _SECONDS_PER_SHARE) if is_gpu else 0,
            rejected=int(seconds / _SECONDS_PER_REJECTED) if is_gpu else 0,
        )


class Life:
    """One run of a program; after a power cut another one begins."""

    def __init__(
        self, machine: Machine, now: float, *, algorithm: str, cpu_algorithm: str | None
    ) -> None:
        """Start at `now`; without `cpu_algorithm` the CPU stands idle."""
        self.started = now
        self._has_pool = True
        self._gpus = [
            _worker(gpu, gpu.model.rates[algorithm], now) for gpu in machine.gpus
        ]
        self._cpu = None
        if cpu_algorithm is not None:
            rate = machine.cpu.model.rates[cpu_algorithm]
            self._cpu = _worker(machine.cpu, rate, now)

    def advance(self, now: float) -> None:
        """Let the cards work as soon as they are prepared."""
        ready = self.started + DAG_SECONDS
        if self._has_pool and now >= ready:
            self._set(ready, 1)

    def connect(self, now: float, *, connected: bool) -> None:
        """Have a pool or none: without one there is no work."""
        if connected is self._has_pool:
            return
        self.advance(now)
        self._has_pool = connected
        self._set(now, 1 if connected and now >= self.started + DAG_SECONDS else 0)

    def end(self, now: float) -> None:
        """Stop with the power."""
        self.advance(now)
        self._set(now, 0)

    def cards(self, now: float) -> list[Status]:
        """Return what the cards do."""
        return [card.status(now, place) for place, card in enumerate(self._gpus)]

    def cpu_rate(self, now: float) -> float | None:
        """Return the CPU's hashrate, None where it does not mine."""
        return None if self._cpu is None else self._cpu.status(now, 0).rate

    def _set(self, now: float, level: float) -> None:
        for worker in (*self._gpus, *filter(None, [self._cpu])):
            if worker.activity.level != level:
                worker.set(max(now, worker.since), level)


def _worker(processor: Processor, rate: float, now: float) -> _Worker:
    return _Worker(processor, rate, Activity(now), since=now)
