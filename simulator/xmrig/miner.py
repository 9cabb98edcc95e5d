"""The process of XMRig: its workers, its pool, what it was told.

Time passes in `advance`, from event to event (a change of the configuration that takes
effect, a pool that drops or is back, a new job), so nothing depends on how often the
miner is asked.
"""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from ..hardware import Activity, Gpu, Machine, Noise
from ..stratum import Stratum
from .config import (
    Config,
    Equipment,
    active_pools,
    algorithm_of,
    normalise,
    profile_name,
    threads_of,
)
from .versions import Version

WINDOWS = (10, 60, 900)
"""The windows of the averaged hashrates, in seconds."""

type Windows = list[float | None]
"""H/s by window; None where the miner knows no number."""

_NOISE = {10: 0.013, 60: 0.005, 900: 0.0015}
CONNECT_SECONDS = 0.4
"""How long resolving, connecting and logging in take."""

_VENDORS = {"opencl": "amd", "cuda": "nvidia"}


@dataclass(kw_only=True)
class Thread:
    """A worker thread."""

    settings: object
    """Its entry in the profile."""
    rate: float
    """H/s at full load."""
    noise: Noise
    gpu: Gpu | None = None


@dataclass(kw_only=True)
class Workers:
    """The running threads of a backend."""

    since: float
    threads: list[Thread]
    activity: Activity

    @property
    def rate(self) -> float:
        """H/s at full load."""
        return sum(thread.rate for thread in self.threads)

    def windows(self, now: float) -> Windows:
        """Return the backend's hashrates: after a pause they fade out."""
        return [self._fading(self.threads, now, window) for window in WINDOWS]

    def thread_windows(self, thread: Thread, now: float) -> Windows:
        """Return a thread's hashrates.

        A card's are taken from its last kernel on: full until the window is past it,
        then unknown.
        """
        if thread.gpu is None or self.activity.level:
            return [self._fading([thread], now, window) for window in WINDOWS]
        return [
            self._rate([thread], now, window)
            if now - self.since >= window and self.activity.mean(now, window)
            else None
            for window in WINDOWS
        ]

    def _fading(self, threads: list[Thread], now: float, window: int) -> float | None:
        if now - self.since < window:
            return None
        return self._rate(threads, now, window) * self.activity.mean(now, window)

    def _rate(self, threads: list[Thread], now: float, window: int) -> float:
        return sum(
            thread.rate * (1 + _NOISE[window] * thread.noise.at(now, window))
            for thread in threads
        )


@dataclass(kw_only=True)
class Backend:
    """cpu, opencl or cuda."""

    type: str
    algorithm: str | None = None
    profile: str | None = None
    workers: Workers | None = None
    launched: object = None
    """What the workers were started with; another value starts them anew."""


@dataclass(kw_only=True)
class _Event:
    at: float
    do: Callable[[float], None]


@dataclass(kw_only=True)
class Circumstances:
    """What the world outside the process does to it; the owner of a rig sets it."""

    pools_reachable: bool = True
    on_battery: bool = False
    user_active: bool = False


@dataclass(kw_only=True)
class Habits:
    """How the miner and its pool behave in time, in seconds."""

    job_interval: float | None = 60
    """Between two jobs of a connection; None if only the first ever comes."""
    watch_delay: float = 0.5
    """Until a written configuration is read again."""
    pool_drops_every: float | None = None
    """The mean time between lost connections; None if they hold."""
    knows_start: bool = False
    """Whether the RPC method `start` exists, as in no released version."""
    has_config_file: bool = True


class Miner:
    """A running XMRig; a restart of the process is a new one."""

    def __init__(
        self,
        version: Version,
        machine: Machine,
        config: Config,
        *,
        seed: str,
        now: float,
        habits: Habits,
        circumstances: Circumstances,
    ) -> None:
        """Start the process at `now` with a normalised configuration."""
        self.version = version
        self.machine = machine
        self.config = config
        self.written = config
        """What stands in its file, read when it starts."""
        self.started = now
        self.habits = habits
        self.circumstances = circumstances
        self.enabled = True
        """False while paused, by hand or by itself."""
        self.algorithm: str | None = None
        self.highest: dict[str, float] = {}
        self.backends = [
            Backend(type=kind)
            for kind in ("cpu", "opencl", "cuda")
            if kind == "cpu" or version.since(4)
        ]
        self._seed = seed
        self._random = Random(seed)
        self.stratum = Stratum(self._random)
        self._equipment = Equipment(cpu=machine.cpu.model, cards=machine.cards)
        self._now = now
        self._active = False
        self._held_by: set[str] = set()
        self._pending: _Event | None = None
        self._connecting: _Event | None = None
        self._dropping: _Event | None = None
        self._job: _Event | None = None
        self._connect_soon(now)

    # What it is asked and told

    @property
    def paused(self) -> bool:
        """What the summary shows; false while stopped or without a pool."""
        return not self.enabled

    @property
    def stopped(self) -> bool:
        """Whether it has work and no workers at all."""
        return self._active and not any(b.workers for b in self.backends)

    @property
    def rate(self) -> float:
        """H/s of all workers together at full load, 0 while nothing hashes."""
        return sum(
            backend.workers.rate * backend.workers.activity.level
            for backend in self.backends
            if backend.workers
        )

    def pause(self, now: float) -> None:
        """Let the workers idle."""
        self._set_enabled(now, enabled=False)

    def resume(self, now: float) -> None:
        """Undo a pause, unless the battery holds it."""
        if self.config["pause-on-battery"] and self.circumstances.on_battery:
            return
        self._held_by.clear()
        self._set_enabled(now, enabled=True)

    def stop(self, now: float) -> None:
        """End all workers; the next job starts them again."""
        for backend in self.backends:
            self._end_workers(backend, now)
        self._wait_for_job(now)

    def put(self, document: object, now: float) -> bool:
        """Take a new configuration; False where it is refused (400).

        With `watch` it is written and read again a moment later, else applied at once.
        """
        config = normalise(document, self._equipment)
        if config is None:
            return False
        if self.habits.has_config_file:
            self.written = config
        if config["watch"] and self.config["watch"] and self.habits.has_config_file:
            due = now + self.habits.watch_delay
            self._pending = _Event(at=due, do=lambda at: self._replace(config, at))
        else:
            self._replace(config, now)
        return True

    def new_job(self, now: float) -> None:
        """Get a job from the pool."""
        self._job = None
        connection = self.stratum.connection
        if connection is None:
            return
        self.algorithm = connection.algorithm
        self._active = True
        for backend in self.backends:
            self._set_job(backend, now)
        self._let_work(now)

    def drop_pool(self, now: float) -> None:
        """Lose the connection to the pool."""
        self._dropping = None
        if self.stratum.connection is None:
            return
        self.stratum.disconnect(lost=True)
        self._lose_work(now)
        self._connect_soon(now, self.config["retry-pause"])

    def end(self, now: float) -> None:
        """End the process: nothing works any more."""
        for backend in self.backends:
            self._end_workers(backend, now)

    # What it shows

    def hashrate(self, now: float) -> tuple[Windows, float | None]:
        """Return the total of all backends by window, and the highest so far."""
        parts = [b.workers.windows(now) for b in self.backends if b.workers]
        if not parts:
            idle = 0.0 if self.version.zero_when_idle else None
            return [idle] * 3, self._highest(None)
        total = [_sum(column) for column in zip(*parts, strict=True)]
        return total, self._highest(total[0])

    def _highest(self, total: float | None) -> float | None:
        if self.algorithm is None:
            return None
        highest = max(self.highest.get(self.algorithm, 0.0), total or 0.0)
        self.highest[self.algorithm] = highest
        return highest or None

    # Time

    def advance(self, now: float) -> None:
        """Let the time pass until `now`."""
        while True:
            self._auto_pause(self._now)
            events = (self._pending, self._connecting, self._dropping, self._job)
            due = [event for event in events if event and event.at <= now]
            if not due:
                break
            event = min(due, key=lambda event: event.at)
            self._pass_until(event.at)
            event.do(max(event.at, self._now))
        self._pass_until(now)
        self._auto_pause(now)

    def _pass_until(self, now: float) -> None:
        if now <= self._now:
            return
        self.stratum.work(self.rate * (now - self._now))
        self._now = now

    def _auto_pause(self, now: float) -> None:
        """Follow the battery and the user, as is done after the first job."""
        if self.algorithm is None:
            return
        here = self.circumstances
        causes = {
            "pause-on-battery": here.on_battery,
            "pause-on-active": here.user_active,
        }
        for option, holds in causes.items():
            if not self.config[option]:
                continue
            if holds and self.enabled:
                self._held_by.add(option)
                self._set_enabled(now, enabled=False)
            elif not holds and option in self._held_by:
                self._held_by.discard(option)
                self._set_enabled(now, enabled=True)

    # The pool

    def _connect_soon(self, now: float, pause: float = 0) -> None:
        at = now + pause + CONNECT_SECONDS
        self._connecting = _Event(at=at, do=self._connect)

    def _connect(self, now: float) -> None:
        self._connecting = None
        pools = active_pools(self.config)
        if not pools or not self.circumstances.pools_reachable:
            self._connect_soon(now, self.config["retry-pause"])
            return
        pool = pools[0]
        algorithm = algorithm_of(pool)
        rate = self.machine.cpu.model.rates.get(algorithm, 0.0)
        rate += sum(gpu.model.rates.get(algorithm, 0.0) for gpu in self.machine.gpus)
        url = pool["url"].rpartition("://")[2]
        self.stratum.connect(now, url, algorithm, rate, tls=pool["tls"])
        if self.habits.pool_drops_every is not None:
            holds = self._random.expovariate(1 / self.habits.pool_drops_every)
            self._dropping = _Event(at=now + holds, do=self.drop_pool)
        self.new_job(now)

    def _wait_for_job(self, now: float) -> None:
        """Expect the pool's next job, where it sends more than one."""
        connection, interval = self.stratum.connection, self.habits.job_interval
        if connection is None or interval is None:
            return
        jobs = (now - connection.since) // interval + 1
        self._job = _Event(at=connection.since + jobs * interval, do=self.new_job)

    # The workers

    def _set_enabled(self, now: float, *, enabled: bool) -> None:
        self.enabled = enabled
        self._let_work(now)

    def _lose_work(self, now: float) -> None:
        self._active = False
        self._job = None
        self._let_work(now)

    def _let_work(self, now: float) -> None:
        """Let the workers hash or idle, and the hardware feel it."""
        level = 1.0 if self._active and self.enabled else 0.0
        busy: dict[int, float] = {}
        for backend in self.backends:
            if backend.workers is None:
                continue
            backend.workers.activity.set(now, level)
            for thread in backend.workers.threads:
                if thread.gpu is not None:
                    busy[id(thread.gpu)] = level
        cpu = next(b for b in self.backends if b.type == "cpu").workers
        used = len(cpu.threads) / self.machine.cpu.model.mining_threads if cpu else 0.0
        self.machine.cpu.run(now, min(1.0, used) * level)
        for gpu in self.machine.gpus:
            gpu.run(now, busy.get(id(gpu), 0.0))

    def _end_workers(self, backend: Backend, now: float) -> None:
        backend.workers = None
        backend.launched = None
        self._let_work(now)

    def _replace(self, config: Config, now: float) -> None:
        """Make a configuration take effect."""
        self._pending = None
        before, self.config = self.config, config
        if any(
            before[key] != config[key] for key in ("pools", "retries", "retry-pause")
        ):
            self.stratum.disconnect(lost=False)
            self._dropping = None
            self._lose_work(now)
            self._connect_soon(now)
        elif self._active:
            for backend in self.backends:
                self._set_job(backend, now)
            self._let_work(now)

    def _set_job(self, backend: Backend, now: float) -> None:
        """Start, restart or end a backend's workers as job and configuration want."""
        section, algorithm = self.config[backend.type], self.algorithm
        if not section["enabled"] or algorithm is None:
            self._end_workers(backend, now)
            return
        profile = profile_name(section, algorithm)
        entries = threads_of(section, profile)
        launched = (
            algorithm,
            entries,
            [section.get(key) for key in ("priority", "asm", "hw-aes", "huge-pages")],
        )
        if backend.workers and backend.launched == launched:
            return
        self._end_workers(backend, now)
        backend.algorithm, backend.profile = algorithm, profile
        threads = self._threads(backend.type, algorithm, entries)
        if threads:
            backend.launched = launched
            backend.workers = Workers(
                since=now, threads=threads, activity=Activity(now, memory=WINDOWS[-1])
            )

    def _threads(
        self, kind: str, algorithm: str, entries: list[object]
    ) -> list[Thread]:
        made: list[tuple[object, float, Gpu | None]]
        if kind == "cpu":
            cpu = self.machine.cpu.model
            rate = cpu.rates.get(algorithm, 0.0)
            rate /= max(cpu.mining_threads, len(entries))
            made = [(entry, rate, None) for entry in entries if rate]
        else:
            made = self._gpu_threads(_VENDORS[kind], algorithm, entries)
        return [
            Thread(
                settings=settings,
                rate=rate,
                noise=Noise(f"{self._seed}:{kind}:{number}"),
                gpu=gpu,
            )
            for number, (settings, rate, gpu) in enumerate(made)
        ]

    def _gpu_threads(
        self, vendor: str, algorithm: str, entries: list[object]
    ) -> list[tuple[object, float, Gpu | None]]:
        cards = {g.index: g for g in self.machine.gpus if g.model.vendor == vendor}
        # In OpenCL one entry stands for several threads, in CUDA for one.
        listed: list[tuple[object, Gpu]] = []
        for entry in entries:
            if isinstance(entry, dict) and entry.get("index") in cards:
                affinities = entry["threads"] if vendor == "amd" else [-1]
                listed += [(entry, cards[entry["index"]]) for _ in affinities]
        share = {index: [g.index for _, g in listed].count(index) for index in cards}
        return [
            (entry, gpu.model.rates[algorithm] / share[gpu.index], gpu)
            for entry, gpu in listed
            if algorithm in gpu.model.rates
        ]


def _sum(values: tuple[float | None, ...]) -> float | None:
    """Add; one unknown summand makes the sum unknown."""
    known = [value for value in values if value is not None]
    return sum(known) if len(known) == len(values) else None
