"""What the driver is asked, and its answers as JSON data.

Wire facts: NVML API reference of NVIDIA, and the wrappers of nvidia-ml-py 13. Every
function can be missing in an older driver, and every card can do without any of them.
Everything here blocks and belongs into a thread.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any, Final

type Nvml = Any
"""The module `pynvml`, which has no types."""
type Handle = Any
type Ask = Callable[[Nvml, Handle], Any]
"""Asks one thing of a card and returns JSON data; may raise anything."""
type Answers = dict[str, Any]
"""What was answered, by what was asked; what failed is not there."""

_MOST_CARDS: Final = 64
_MOST_FANS: Final = 16


class Code(IntEnum):
    """The errors of NVML that are told apart."""

    UNINITIALIZED = 1
    NOT_SUPPORTED = 3
    NO_PERMISSION = 4
    NOT_FOUND = 6
    DRIVER_NOT_LOADED = 9
    LIBRARY_NOT_FOUND = 12
    FUNCTION_NOT_FOUND = 13
    GPU_IS_LOST = 15
    RESET_REQUIRED = 16
    MISMATCH = 18
    """Library and driver are of different versions: one was updated."""
    ARGUMENT_VERSION_MISMATCH = 25
    GPU_NOT_FOUND = 28


GONE: Final = frozenset(
    {
        Code.UNINITIALIZED,
        Code.DRIVER_NOT_LOADED,
        Code.GPU_IS_LOST,
        Code.RESET_REQUIRED,
        Code.MISMATCH,
    }
)
"""After these the library has to be started anew."""
_TOO_NEW: Final = frozenset({Code.FUNCTION_NOT_FOUND, Code.ARGUMENT_VERSION_MISMATCH})
"""The driver does not know this function, or not in this form."""
_ORDINARY: Final = _TOO_NEW | {Code.NOT_SUPPORTED, Code.NO_PERMISSION, Code.NOT_FOUND}
"""How a card says that it does not have a reading."""


def code_of(error: Exception) -> int | None:
    """Return the code of an error of NVML; None for any other error."""
    # Binding and driver may be of different ages.
    if isinstance(error, AttributeError | TypeError):
        return Code.FUNCTION_NOT_FOUND
    if type(error).__name__ == "NVMLLibraryMismatchError":
        return Code.FUNCTION_NOT_FOUND
    found = getattr(error, "value", None)
    return found if isinstance(found, int) else None


# ---- how something is asked


def _text(found: Any) -> Any:
    """Return a text that is bytes in some versions of the binding, and in structures."""
    return found.decode() if isinstance(found, bytes) else found


def _plain(name: str, *arguments: Any) -> Ask:
    """Ask for a number or a text."""
    return lambda nvml, card: _text(getattr(nvml, name)(card, *arguments))


def _first(*asks: Ask) -> Ask:
    """Ask by the first function that the driver knows."""

    def ask(nvml: Nvml, card: Handle) -> Any:
        *others, last = asks
        for other in others:
            try:
                return other(nvml, card)
            except Exception as err:
                if code_of(err) not in _TOO_NEW:
                    raise
        return last(nvml, card)

    return ask


def _fields(name: str, *keys: str, arguments: tuple[Any, ...] = ()) -> Ask:
    """Ask for some fields of a structure."""

    def ask(nvml: Nvml, card: Handle) -> Any:
        found = getattr(nvml, name)(card, *arguments)
        return {key: getattr(found, key) for key in keys}

    return ask


def _bus_id(nvml: Nvml, card: Handle) -> Any:
    return _text(nvml.nvmlDeviceGetPciInfo(card).busId)


_MEMORY_TEMPERATURE: Final = 82
"""NVML_FI_DEV_MEMORY_TEMP"""


def _memory_temperature(nvml: Nvml, card: Handle) -> Any:
    (found,) = nvml.nvmlDeviceGetFieldValues(card, [_MEMORY_TEMPERATURE])
    if found.nvmlReturn:
        raise nvml.NVMLError(found.nvmlReturn)
    return found.value.uiVal


def _fans(nvml: Nvml, card: Handle) -> Any:
    """Return % of each fan; None for one that does not tell."""
    try:
        count = nvml.nvmlDeviceGetNumFans(card)
    except Exception as err:
        if code_of(err) not in _TOO_NEW:
            raise
        return [nvml.nvmlDeviceGetFanSpeed(card)]
    fans: list[Any] = []
    for fan in range(min(count, _MOST_FANS)):
        try:
            fans.append(nvml.nvmlDeviceGetFanSpeed_v2(card, fan))
        except Exception as err:
            if code_of(err) in GONE:
                raise
            fans.append(None)
    return fans


def _processes(nvml: Nvml, card: Handle) -> Any:
    """Return how many processes use the card; one may compute and draw."""
    names = (
        ("nvmlDeviceGetComputeRunningProcesses", "_v2"),
        ("nvmlDeviceGetGraphicsRunningProcesses", "_v2"),
    )
    found: set[int] = set()
    for name, older in names:
        asked = _first(_list(name), _list(f"{name}{older}"))(nvml, card)
        found.update(process.pid for process in asked)
    return len(found)


def _list(name: str) -> Ask:
    return lambda nvml, card: list(getattr(nvml, name)(card))


_CORE: Final = 0
"""NVML_TEMPERATURE_GPU"""
_GRAPHICS, _SM, _MEMORY = 0, 1, 2
"""NVML_CLOCK_..."""
_SENT, _RECEIVED = 0, 1
"""NVML_PCIE_UTIL_..._BYTES, seen from the card"""
_CORRECTED, _UNCORRECTED, _AGGREGATE = 0, 1, 1
"""NVML_MEMORY_ERROR_TYPE_..., NVML_AGGREGATE_ECC: over the card's life"""
_MEMORY_V2: Final = 0x02000028
"""nvmlMemory_v2, which does not count what the driver reserves as used"""

IDENTITY: Final[Mapping[str, Ask]] = {
    "uuid": _plain("nvmlDeviceGetUUID"),
    "bus_id": _bus_id,
}
FACTS: Final[Mapping[str, Ask]] = {
    "name": _plain("nvmlDeviceGetName"),
    # mW, lowest and highest
    "power_limits": _plain("nvmlDeviceGetPowerManagementLimitConstraints"),
}
READINGS: Final[Mapping[str, Ask]] = {
    # °C
    "temperature": _first(
        _plain("nvmlDeviceGetTemperature", _CORE),
        _plain("nvmlDeviceGetTemperatureV", _CORE),
    ),
    "memory_temperature": _memory_temperature,
    # %, may be more than 100
    "fans": _fans,
    # mW
    "power": _plain("nvmlDeviceGetPowerUsage"),
    "power_limit": _plain("nvmlDeviceGetPowerManagementLimit"),
    "enforced_power_limit": _plain("nvmlDeviceGetEnforcedPowerLimit"),
    # mJ since the driver was loaded; Volta and newer
    "energy": _plain("nvmlDeviceGetTotalEnergyConsumption"),
    # MHz
    "graphics_clock": _plain("nvmlDeviceGetClockInfo", _GRAPHICS),
    "sm_clock": _plain("nvmlDeviceGetClockInfo", _SM),
    "memory_clock": _plain("nvmlDeviceGetClockInfo", _MEMORY),
    # %
    "load": _fields("nvmlDeviceGetUtilizationRates", "gpu", "memory"),
    # B
    "memory": _first(
        _fields("nvmlDeviceGetMemoryInfo", "used", "total", arguments=(_MEMORY_V2,)),
        _fields("nvmlDeviceGetMemoryInfo", "used", "total"),
    ),
    "pcie_generation": _plain("nvmlDeviceGetCurrPcieLinkGeneration"),
    "pcie_width": _plain("nvmlDeviceGetCurrPcieLinkWidth"),
    # KB/s over 20 ms, which each of them waits
    "pcie_sent": _plain("nvmlDeviceGetPcieThroughput", _SENT),
    "pcie_received": _plain("nvmlDeviceGetPcieThroughput", _RECEIVED),
    # 0 to 15, 32 for unknown
    "performance_state": _plain("nvmlDeviceGetPerformanceState"),
    # bits
    "throttle_reasons": _first(
        _plain("nvmlDeviceGetCurrentClocksEventReasons"),
        _plain("nvmlDeviceGetCurrentClocksThrottleReasons"),
    ),
    "processes": _processes,
    "ecc_corrected": _plain("nvmlDeviceGetTotalEccErrors", _CORRECTED, _AGGREGATE),
    "ecc_uncorrected": _plain("nvmlDeviceGetTotalEccErrors", _UNCORRECTED, _AGGREGATE),
    # 0 or 1
    "persistence": _plain("nvmlDeviceGetPersistenceMode"),
    # now, after the next restart
    "mig": _plain("nvmlDeviceGetMigMode"),
}
_HOST: Final[Mapping[str, Ask]] = {
    "driver": lambda nvml, _: _text(nvml.nvmlSystemGetDriverVersion()),
    # 12040 is 12.4
    "cuda": _first(
        lambda nvml, _: nvml.nvmlSystemGetCudaDriverVersion_v2(),
        lambda nvml, _: nvml.nvmlSystemGetCudaDriverVersion(),
    ),
}


# ---- asking


@dataclass(slots=True)
class Told:
    """What a driver told at once; JSON data but for its errors."""

    host: Answers = field(default_factory=dict)
    cards: list[Answers] = field(default_factory=list)
    """Each with its `index`. One that is lost is not there."""
    unparsed: list[str] = field(default_factory=list)
    """What failed otherwise than by not being offered."""
    lost: bool = False
    """Something is gone that comes back only when the library starts anew."""


def ask_all(nvml: Nvml) -> Told:
    """Ask for everything. Raises what the driver says where it tells nothing at all."""
    asking = _Round(nvml)
    told = asking.told
    cards = asking.cards()
    told.host |= asking.answers("host", _HOST, None)
    for index, card in cards:
        place = f"cards.{index}"
        facts = asking.answers(place, {**IDENTITY, **FACTS}, card)
        lost_before, told.lost = told.lost, False
        readings = asking.answers(place, READINGS, card)
        if readings or not told.lost:
            told.cards.append({"index": index, **facts, **readings})
        told.lost |= lost_before
    return told


def find(nvml: Nvml, wanted: Callable[[Answers], bool]) -> Handle | None:
    """Return the card whose identity is the wanted one."""
    asking = _Round(nvml)
    for index, card in asking.cards():
        identity = asking.answers(f"cards.{index}", IDENTITY, card)
        if wanted({"index": index, **identity}):
            return card
    return None


class _Round:
    """One round of questions; what fails is noted and costs nothing else."""

    def __init__(self, nvml: Nvml) -> None:
        """Begin with nothing told."""
        self._nvml = nvml
        self.told = Told()

    def cards(self) -> list[tuple[int, Handle]]:
        """Return the cards that are there; raises where the driver counts none."""
        found: list[tuple[int, Handle]] = []
        for index in range(min(self._nvml.nvmlDeviceGetCount(), _MOST_CARDS)):
            try:
                found.append((index, self._nvml.nvmlDeviceGetHandleByIndex(index)))
            except Exception as err:  # noqa: BLE001 - costs one card, whatever it is
                self._note(f"cards.{index}", err)
        return found

    def answers(self, place: str, asks: Mapping[str, Ask], card: Handle) -> Answers:
        """Return what is answered; `place` is where in the answers it lies."""
        answers: Answers = {}
        for key, ask in asks.items():
            try:
                answers[key] = ask(self._nvml, card)
            except Exception as err:  # noqa: BLE001 - costs one reading, whatever it is
                self._note(f"{place}.{key}", err)
        return answers

    def _note(self, place: str, error: Exception) -> None:
        code = code_of(error)
        if code not in _ORDINARY:
            self.told.unparsed.append(place)
        self.told.lost |= code in GONE
