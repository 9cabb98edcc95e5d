"""A stand-in for NVIDIA's `libnvidia-ml.so.1`, as the module `pynvml` calls it.

`install` puts it in the place of the real library, so that all of nvidia-ml-py is at
work above it: it looks functions up by their names in C, fills ctypes structures, and
makes its errors of the codes that are returned here.
"""

from collections.abc import Callable
import ctypes
from dataclasses import dataclass, field
import threading
from types import ModuleType
from typing import Any, Final
from uuid import NAMESPACE_OID, uuid5

from .clock import Clock, wall_clock
from .hardware import Gpu, GpuModel

SUCCESS: Final = 0
UNINITIALIZED: Final = 1
INVALID_ARGUMENT: Final = 2
NOT_SUPPORTED: Final = 3
NO_PERMISSION: Final = 4
NOT_FOUND: Final = 6
INSUFFICIENT_SIZE: Final = 7
DRIVER_NOT_LOADED: Final = 9
GPU_IS_LOST: Final = 15

IDLE: Final = 0x1
POWER_CAP: Final = 0x4
_MEMORY_TEMPERATURE: Final = 82
_UNSIGNED_INT: Final = 1
_LONGEST_WAIT: Final = 30.0

type Function = Callable[..., int]

_FUNCTIONS: Final[dict[str, Function]] = {}

GEFORCE: Final = frozenset(
    {
        "nvmlDeviceGetTotalEccErrors",
        "nvmlDeviceGetMigMode",
        "nvmlDeviceGetFieldValues",
    }
)
"""What cards for home do not have."""
PASCAL: Final = GEFORCE | {"nvmlDeviceGetTotalEnergyConsumption"}
"""What cards before Volta do not have, either."""
LAPTOP: Final = GEFORCE | {
    "nvmlDeviceGetFanSpeed",
    "nvmlDeviceGetFanSpeed_v2",
    "nvmlDeviceGetPowerManagementLimit",
    "nvmlDeviceGetPowerManagementLimitConstraints",
    "nvmlDeviceSetPowerManagementLimit",
}
DATA_CENTER: Final = frozenset({"nvmlDeviceGetFanSpeed", "nvmlDeviceGetFanSpeed_v2"})
"""Cooled by their servers' fans."""
VIRTUAL: Final = DATA_CENTER | {
    "nvmlDeviceGetTemperature",
    "nvmlDeviceGetFieldValues",
    "nvmlDeviceGetPowerUsage",
    "nvmlDeviceGetTotalEnergyConsumption",
    "nvmlDeviceGetPowerManagementLimit",
    "nvmlDeviceGetPowerManagementLimitConstraints",
    "nvmlDeviceGetEnforcedPowerLimit",
    "nvmlDeviceGetCurrPcieLinkGeneration",
    "nvmlDeviceGetCurrPcieLinkWidth",
    "nvmlDeviceGetPcieThroughput",
    "nvmlDeviceGetPersistenceMode",
    "nvmlDeviceSetPersistenceMode",
}
"""What a part of a card does not have that a hypervisor hands to a guest."""
OLD_DRIVER: Final = frozenset(
    {
        "nvmlDeviceGetComputeRunningProcesses_v3",
        "nvmlDeviceGetCurrentClocksEventReasons",
        "nvmlDeviceGetGraphicsRunningProcesses_v3",
        "nvmlDeviceGetMemoryInfo_v2",
        "nvmlDeviceGetMigMode",
        "nvmlDeviceGetNumFans",
        "nvmlDeviceGetTemperatureV",
    }
)
"""What the library did not have in 2020 (driver 450)."""


def _function(function: Function) -> Function:
    """Offer a function under its name in C."""
    _FUNCTIONS[function.__name__] = function
    return function


@dataclass(kw_only=True)
class NvidiaCard:
    """A card as its driver sees it."""

    gpu: Gpu
    uuid: str
    lacks: frozenset[str] = GEFORCE
    """Functions that it answers with NOT_SUPPORTED."""
    lost: bool = False
    """It fell off the bus."""
    limit: float
    """W; may be set between `limits`."""
    limits: tuple[float, float]
    persistence: bool = False
    mig: bool = False
    corrected: int = 0
    uncorrected: int = 0
    reasons: int = 0
    """Bits of what holds it back, beside what follows from its load."""
    processes: tuple[tuple[int, ...], tuple[int, ...]] = ((), ())
    """Numbers of those that compute and those that draw."""
    energy: float = 0.0
    """J since the driver was loaded."""
    _asked: float | None = None

    def power(self, now: float) -> float:
        """Return W; the limit caps it."""
        return min(self.gpu.power(now), self.limit)

    def count_energy(self, now: float) -> float:
        """Return J since the driver was loaded."""
        if self._asked is not None:
            self.energy += self.power(now) * max(0.0, now - self._asked)
        self._asked = now
        return self.energy


def nvidia_card(
    model: GpuModel,
    *,
    index: int = 0,
    load: float = 1.0,
    clock: Clock = wall_clock,
    **facts: Any,
) -> NvidiaCard:
    """Return a card that works; its uuid follows from its model and place."""
    now = clock()
    bus_id = f"{index + 1:02x}:00.0"
    gpu = Gpu(
        model,
        index=index,
        bus_id=bus_id,
        seed=f"{model.name}{index}",
        now=now - 3600,
    )
    gpu.run(now - 3600, load)
    limit = float(round(model.full_power * 1.2))
    return NvidiaCard(
        gpu=gpu,
        uuid=f"GPU-{uuid5(NAMESPACE_OID, f'{model.name}:{index}')}",
        **{
            "limit": limit,
            "limits": (round(model.full_power * 0.4), limit + 20),
            "processes": ((4711,), ()) if load else ((), ()),
            **facts,
        },
    )


@dataclass
class SimulatedNvml:
    """The library, with the cards that its driver has found.

    `errors` are codes by function, for a card of that index or, under None, for all.
    """

    cards: list[NvidiaCard] = field(default_factory=list)
    clock: Clock = wall_clock
    driver: bytes = b"570.133.07"
    cuda: int = 12080
    root: bool = True
    """Whether settings may be changed."""
    loaded: bool = True
    """Whether the kernel has its driver."""
    missing: frozenset[str] = frozenset()
    """Functions that this version of the library does not have."""
    errors: dict[tuple[str, int | None], int] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    threads: set[str] = field(default_factory=set)
    """What the threads are called that asked."""
    most_at_once: int = 0
    starts: int = 0
    """How many users have started it and not ended it."""
    reloaded: bool = False
    """Whether the driver was loaded anew since the start."""
    _busy: int = 0
    _free: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        """Begin without hanging."""
        self._free.set()

    def hang(self) -> None:
        """Let nothing return any more."""
        self._free.clear()

    def go_on(self) -> None:
        """Let everything return that hangs."""
        self._free.set()

    def reload(self) -> None:
        """Load the kernel's driver anew: counters restart, whoever uses it is lost."""
        self.reloaded = bool(self.starts)
        for card in self.cards:
            card.energy = 0.0

    def __getattr__(self, name: str) -> Function:
        """Return a function of the library. Raises AttributeError where it has none."""
        if name.startswith("_") or name in self.missing or name not in _FUNCTIONS:
            raise AttributeError(name)
        return lambda *arguments: self._call(name, arguments)

    def _call(self, name: str, arguments: tuple[Any, ...]) -> int:
        with self._lock:
            self._busy += 1
            self.most_at_once = max(self.most_at_once, self._busy)
            self.calls.append(name)
            self.threads.add(threading.current_thread().name)
        try:
            # So long that no test waits for it, and no process either.
            self._free.wait(_LONGEST_WAIT)
            return self._answer(name, arguments)
        finally:
            with self._lock:
                self._busy -= 1

    def _answer(self, name: str, arguments: tuple[Any, ...]) -> int:
        function = _FUNCTIONS[name]
        if (error := self.errors.get((name, None))) is not None:
            return error
        if name in ("nvmlInitWithFlags", "nvmlShutdown"):
            return function(self, *arguments)
        if not self.starts or self.reloaded:
            return UNINITIALIZED
        if not name.startswith("nvmlDevice") or name.startswith(
            ("nvmlDeviceGetCount", "nvmlDeviceGetHandle")
        ):
            return function(self, *arguments)
        number = ctypes.cast(arguments[0], ctypes.c_void_p).value
        if number is None or number > len(self.cards):
            return INVALID_ARGUMENT
        card = self.cards[number - 1]
        if (error := self.errors.get((name, number - 1))) is not None:
            return error
        if card.lost and name not in ("nvmlDeviceGetName", "nvmlDeviceGetUUID"):
            return GPU_IS_LOST
        if name in card.lacks:
            return NOT_SUPPORTED
        return function(self, card, *arguments[1:])


def install(nvml: ModuleType, library: SimulatedNvml | None) -> None:
    """Let a module `pynvml` call this library, or none, from now on."""
    vars(nvml)["nvmlLib"] = library
    vars(nvml)["_nvmlLib_refcount"] = 0
    vars(nvml)["_nvmlGetFunctionPointer_cache"].clear()


def _put(reference: Any, value: Any) -> int:
    """Write where a reference points to."""
    reference._obj.value = value  # noqa: SLF001 - ctypes gives no other way
    return SUCCESS


def _put_text(buffer: Any, text: str, length: Any) -> int:
    if len(text) >= length.value:
        return INSUFFICIENT_SIZE
    buffer.value = text.encode()
    return SUCCESS


# ---- the library


@_function
def nvmlInitWithFlags(lib: SimulatedNvml, flags: int) -> int:
    """Start; without a driver or a card that is refused."""
    if not lib.loaded:
        return DRIVER_NOT_LOADED
    if not lib.cards:
        return NOT_FOUND
    lib.starts += 1
    lib.reloaded = False
    return SUCCESS


@_function
def nvmlShutdown(lib: SimulatedNvml) -> int:
    """End."""
    if not lib.starts:
        return UNINITIALIZED
    lib.starts -= 1
    return SUCCESS


@_function
def nvmlSystemGetDriverVersion(lib: SimulatedNvml, buffer: Any, length: Any) -> int:
    """Tell the driver's version."""
    return _put_text(buffer, lib.driver.decode(), length)


@_function
def nvmlSystemGetCudaDriverVersion_v2(lib: SimulatedNvml, version: Any) -> int:
    """Tell the CUDA version: 12040 is 12.4."""
    return _put(version, lib.cuda)


@_function
def nvmlDeviceGetCount_v2(lib: SimulatedNvml, count: Any) -> int:
    """Count the cards, lost ones included."""
    return _put(count, len(lib.cards))


@_function
def nvmlDeviceGetHandleByIndex_v2(lib: SimulatedNvml, index: Any, handle: Any) -> int:
    """Hand out a card."""
    if index.value >= len(lib.cards):
        return INVALID_ARGUMENT
    if lib.cards[index.value].lost:
        return GPU_IS_LOST
    pointer = ctypes.c_void_p.from_buffer(handle._obj)  # noqa: SLF001 - as above
    pointer.value = index.value + 1
    return SUCCESS


# ---- what a card is


@_function
def nvmlDeviceGetUUID(
    lib: SimulatedNvml, card: NvidiaCard, buffer: Any, length: Any
) -> int:
    """Tell the card's number."""
    return _put_text(buffer, card.uuid, length)


@_function
def nvmlDeviceGetName(
    lib: SimulatedNvml, card: NvidiaCard, buffer: Any, length: Any
) -> int:
    """Tell the card's model."""
    return _put_text(buffer, card.gpu.model.name, length)


@_function
def nvmlDeviceGetPciInfo_v3(lib: SimulatedNvml, card: NvidiaCard, info: Any) -> int:
    """Tell the card's place."""
    place = info._obj  # noqa: SLF001 - as above
    place.busId = f"00000000:{card.gpu.bus_id.upper()}".encode()
    place.bus = card.gpu.index + 1
    return SUCCESS


# ---- what a card tells


@_function
def nvmlDeviceGetTemperature(
    lib: SimulatedNvml, card: NvidiaCard, sensor: Any, value: Any
) -> int:
    """Tell °C of the core."""
    return _put(value, round(card.gpu.temperature(lib.clock())))


@_function
def nvmlDeviceGetTemperatureV(
    lib: SimulatedNvml, card: NvidiaCard, temperature: Any
) -> int:
    """Tell °C of the core, in a structure."""
    found = temperature._obj  # noqa: SLF001 - as above
    found.temperature = round(card.gpu.temperature(lib.clock()))
    return SUCCESS


@_function
def nvmlDeviceGetFieldValues(
    lib: SimulatedNvml, card: NvidiaCard, count: Any, values: Any
) -> int:
    """Tell °C of the memory, of cards that have a sensor there."""
    for value in values._obj:  # noqa: SLF001 - as above
        if value.fieldId == _MEMORY_TEMPERATURE:
            value.valueType = _UNSIGNED_INT
            value.value.uiVal = round(card.gpu.temperature(lib.clock()) + 14)
        else:
            value.nvmlReturn = NOT_SUPPORTED
    return SUCCESS


@_function
def nvmlDeviceGetNumFans(lib: SimulatedNvml, card: NvidiaCard, count: Any) -> int:
    """Count the fans."""
    return _put(count, card.gpu.model.fans)


@_function
def nvmlDeviceGetFanSpeed(lib: SimulatedNvml, card: NvidiaCard, speed: Any) -> int:
    """Tell % of the first fan."""
    return _put(speed, round(card.gpu.fan(lib.clock())))


@_function
def nvmlDeviceGetFanSpeed_v2(
    lib: SimulatedNvml, card: NvidiaCard, fan: int, speed: Any
) -> int:
    """Tell % of one fan."""
    if fan >= card.gpu.model.fans:
        return INVALID_ARGUMENT
    return _put(speed, round(card.gpu.fan(lib.clock())) + fan)


@_function
def nvmlDeviceGetPowerUsage(lib: SimulatedNvml, card: NvidiaCard, power: Any) -> int:
    """Tell mW."""
    return _put(power, round(card.power(lib.clock()) * 1000))


@_function
def nvmlDeviceGetTotalEnergyConsumption(
    lib: SimulatedNvml, card: NvidiaCard, energy: Any
) -> int:
    """Tell mJ since the driver was loaded."""
    return _put(energy, round(card.count_energy(lib.clock()) * 1000))


@_function
def nvmlDeviceGetPowerManagementLimit(
    lib: SimulatedNvml, card: NvidiaCard, limit: Any
) -> int:
    """Tell mW that were chosen."""
    return _put(limit, round(card.limit * 1000))


@_function
def nvmlDeviceGetEnforcedPowerLimit(
    lib: SimulatedNvml, card: NvidiaCard, limit: Any
) -> int:
    """Tell mW that count."""
    return _put(limit, round(card.limit * 1000))


@_function
def nvmlDeviceGetPowerManagementLimitConstraints(
    lib: SimulatedNvml, card: NvidiaCard, lowest: Any, highest: Any
) -> int:
    """Tell mW that can be chosen."""
    _put(lowest, round(card.limits[0] * 1000))
    return _put(highest, round(card.limits[1] * 1000))


@_function
def nvmlDeviceSetPowerManagementLimit(
    lib: SimulatedNvml, card: NvidiaCard, limit: Any
) -> int:
    """Choose mW."""
    if not lib.root:
        return NO_PERMISSION
    watts = limit.value / 1000
    if not card.limits[0] <= watts <= card.limits[1]:
        return INVALID_ARGUMENT
    card.limit = watts
    return SUCCESS


@_function
def nvmlDeviceGetPersistenceMode(lib: SimulatedNvml, card: NvidiaCard, on: Any) -> int:
    """Tell whether the driver keeps the card ready."""
    return _put(on, int(card.persistence))


@_function
def nvmlDeviceSetPersistenceMode(lib: SimulatedNvml, card: NvidiaCard, on: Any) -> int:
    """Keep the card ready, or do not."""
    if not lib.root:
        return NO_PERMISSION
    card.persistence = bool(on.value)
    return SUCCESS


@_function
def nvmlDeviceGetClockInfo(
    lib: SimulatedNvml, card: NvidiaCard, kind: Any, clock: Any
) -> int:
    """Tell MHz of core, multiprocessors or memory."""
    of_memory = kind.value == 2
    return _put(
        clock, card.gpu.memory_clock() if of_memory else card.gpu.clock(lib.clock())
    )


@_function
def nvmlDeviceGetUtilizationRates(
    lib: SimulatedNvml, card: NvidiaCard, rates: Any
) -> int:
    """Tell % of the time that core and memory worked; not of a card that is cut."""
    if card.mig:
        return NOT_SUPPORTED
    found = rates._obj  # noqa: SLF001 - as above
    found.gpu = round(card.gpu.load * 100)
    found.memory = round(card.gpu.load * 80)
    return SUCCESS


@_function
def nvmlDeviceGetMemoryInfo(lib: SimulatedNvml, card: NvidiaCard, memory: Any) -> int:
    """Tell B; what the driver reserves counts as used."""
    return _memory(card, memory, reserved=400 * 2**20)


@_function
def nvmlDeviceGetMemoryInfo_v2(
    lib: SimulatedNvml, card: NvidiaCard, memory: Any
) -> int:
    """Tell B; what the driver reserves does not count as used."""
    return _memory(card, memory, reserved=0)


def _memory(card: NvidiaCard, memory: Any, *, reserved: int) -> int:
    found = memory._obj  # noqa: SLF001 - as above
    found.total = card.gpu.model.memory
    found.used = round(card.gpu.model.memory * 0.6 * card.gpu.load) + reserved
    found.free = found.total - found.used
    return SUCCESS


@_function
def nvmlDeviceGetCurrPcieLinkGeneration(
    lib: SimulatedNvml, card: NvidiaCard, value: Any
) -> int:
    """Tell the link's generation, which is lower while the card rests."""
    return _put(value, 3 if card.gpu.load else 1)


@_function
def nvmlDeviceGetCurrPcieLinkWidth(
    lib: SimulatedNvml, card: NvidiaCard, value: Any
) -> int:
    """Tell the link's lanes: mining cards hang on risers."""
    return _put(value, 1)


@_function
def nvmlDeviceGetPcieThroughput(
    lib: SimulatedNvml, card: NvidiaCard, counter: Any, value: Any
) -> int:
    """Tell KB/s."""
    return _put(value, round(card.gpu.load * (350 if counter.value else 120)))


@_function
def nvmlDeviceGetPerformanceState(
    lib: SimulatedNvml, card: NvidiaCard, value: Any
) -> int:
    """Tell the state: 2 under load, 8 at rest."""
    return _put(value, 2 if card.gpu.load else 8)


@_function
def nvmlDeviceGetCurrentClocksEventReasons(
    lib: SimulatedNvml, card: NvidiaCard, value: Any
) -> int:
    """Tell what holds the clocks back."""
    held = POWER_CAP if card.gpu.power(lib.clock()) > card.limit else 0
    return _put(value, card.reasons | (held if card.gpu.load else IDLE))


@_function
def nvmlDeviceGetCurrentClocksThrottleReasons(
    lib: SimulatedNvml, card: NvidiaCard, value: Any
) -> int:
    """Tell the same under its older name."""
    return nvmlDeviceGetCurrentClocksEventReasons(lib, card, value)


def _processes(found: tuple[int, ...], count: Any, processes: Any) -> int:
    """Tell processes; asked without room, only how many there are."""
    if len(found) > (len(processes) if processes is not None else 0):
        _put(count, len(found))
        return INSUFFICIENT_SIZE
    for number, process in enumerate(found):
        processes[number].pid = process
        processes[number].usedGpuMemory = 2**64 - 1
    return _put(count, len(found))


@_function
def nvmlDeviceGetComputeRunningProcesses_v3(
    lib: SimulatedNvml, card: NvidiaCard, count: Any, processes: Any
) -> int:
    """Tell who computes."""
    return _processes(card.processes[0], count, processes)


@_function
def nvmlDeviceGetComputeRunningProcesses_v2(
    lib: SimulatedNvml, card: NvidiaCard, count: Any, processes: Any
) -> int:
    """Tell who computes."""
    return _processes(card.processes[0], count, processes)


@_function
def nvmlDeviceGetGraphicsRunningProcesses_v3(
    lib: SimulatedNvml, card: NvidiaCard, count: Any, processes: Any
) -> int:
    """Tell who draws."""
    return _processes(card.processes[1], count, processes)


@_function
def nvmlDeviceGetGraphicsRunningProcesses_v2(
    lib: SimulatedNvml, card: NvidiaCard, count: Any, processes: Any
) -> int:
    """Tell who draws."""
    return _processes(card.processes[1], count, processes)


@_function
def nvmlDeviceGetTotalEccErrors(
    lib: SimulatedNvml, card: NvidiaCard, kind: Any, counter: Any, count: Any
) -> int:
    """Tell errors of the memory over the card's life."""
    return _put(count, card.uncorrected if kind.value else card.corrected)


@_function
def nvmlDeviceGetMigMode(
    lib: SimulatedNvml, card: NvidiaCard, now: Any, then: Any
) -> int:
    """Tell whether the card is cut into instances."""
    _put(then, int(card.mig))
    return _put(now, int(card.mig))
