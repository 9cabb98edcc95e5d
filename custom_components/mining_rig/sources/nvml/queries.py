"""The queries to the driver, and their answers as JSON data.

See NVIDIA's NVML API reference (https://docs.nvidia.com/deploy/nvml-api/) and the
wrappers of nvidia-ml-py 13. Any function can be missing in an older driver, or not be
supported by a card. All functions here block: they run in a thread.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any, Final

type Nvml = Any
"""The module `pynvml`, which has no types."""
type Handle = Any
type Query = Callable[[Nvml, Handle], Any]
"""Returns one reading of a card as JSON data; may raise anything."""
type Answers = dict[str, Any]
"""Answers by the names of their queries, without those that failed."""

_MOST_CARDS: Final = 64
_MOST_FANS: Final = 16


class Code(IntEnum):
    """The error codes of NVML that are handled."""

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
    """Library and driver have different versions: one was updated."""
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
"""After these errors the library has to be initialized again."""
_TOO_NEW: Final = frozenset({Code.FUNCTION_NOT_FOUND, Code.ARGUMENT_VERSION_MISMATCH})
"""The driver does not have the function, or another version of it."""
_UNAVAILABLE: Final = _TOO_NEW | {
    Code.NOT_SUPPORTED,
    Code.NO_PERMISSION,
    Code.NOT_FOUND,
}
"""The errors of a reading that a card does not have."""


def code_of(error: Exception) -> int | None:
    """Return the code of an error of NVML; None for any other error."""
    # The binding may lack a function, or declare other arguments.
    if isinstance(error, AttributeError | TypeError):
        return Code.FUNCTION_NOT_FOUND
    if type(error).__name__ == "NVMLLibraryMismatchError":
        return Code.FUNCTION_NOT_FOUND
    found = getattr(error, "value", None)
    return found if isinstance(found, int) else None


# ---- kinds of queries


def _text(found: Any) -> Any:
    """Return a text, which is bytes in structures and in some versions of the binding."""
    return found.decode() if isinstance(found, bytes) else found


def _plain(name: str, *arguments: Any) -> Query:
    """Return a query for a number or a text."""
    return lambda nvml, card: _text(getattr(nvml, name)(card, *arguments))


def _first(*queries: Query) -> Query:
    """Return the first query whose function the driver has."""

    def query(nvml: Nvml, card: Handle) -> Any:
        *others, last = queries
        for other in others:
            try:
                return other(nvml, card)
            except Exception as err:
                if code_of(err) not in _TOO_NEW:
                    raise
        return last(nvml, card)

    return query


def _fields(name: str, *keys: str, arguments: tuple[Any, ...] = ()) -> Query:
    """Return a query for some fields of a structure."""

    def query(nvml: Nvml, card: Handle) -> Any:
        found = getattr(nvml, name)(card, *arguments)
        return {key: getattr(found, key) for key in keys}

    return query


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
    """Return % of each fan; None for one without a reading."""
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
    """Return the number of processes; one may be in both lists."""
    names = (
        ("nvmlDeviceGetComputeRunningProcesses", "_v2"),
        ("nvmlDeviceGetGraphicsRunningProcesses", "_v2"),
    )
    found: set[int] = set()
    for name, older in names:
        listed = _first(_list(name), _list(f"{name}{older}"))(nvml, card)
        found.update(process.pid for process in listed)
    return len(found)


def _list(name: str) -> Query:
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

IDENTITY: Final[Mapping[str, Query]] = {
    "uuid": _plain("nvmlDeviceGetUUID"),
    "bus_id": _bus_id,
}
FACTS: Final[Mapping[str, Query]] = {
    "name": _plain("nvmlDeviceGetName"),
    # mW, lowest and highest
    "power_limits": _plain("nvmlDeviceGetPowerManagementLimitConstraints"),
}
READINGS: Final[Mapping[str, Query]] = {
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
_HOST: Final[Mapping[str, Query]] = {
    "driver": lambda nvml, _: _text(nvml.nvmlSystemGetDriverVersion()),
    # 12040 is 12.4
    "cuda": _first(
        lambda nvml, _: nvml.nvmlSystemGetCudaDriverVersion_v2(),
        lambda nvml, _: nvml.nvmlSystemGetCudaDriverVersion(),
    ),
}


# ---- all queries


@dataclass(slots=True)
class Report:
    """All answers of a driver at one time."""

    host: Answers = field(default_factory=dict)
    cards: list[Answers] = field(default_factory=list)
    """Each with its `index`. Lost cards are left out."""
    unparsed: list[str] = field(default_factory=list)
    """The queries that failed, but for those that a card does not support."""
    lost: bool = False
    """A card or the driver is lost until the library is initialized again."""


def query_all(nvml: Nvml) -> Report:
    """Send all queries. Raises the driver's error where it has no cards to count."""
    collector = _Collector(nvml)
    report = collector.report
    cards = collector.cards()
    report.host |= collector.answers("host", _HOST, None)
    for index, card in cards:
        path = f"cards.{index}"
        facts = collector.answers(path, {**IDENTITY, **FACTS}, card)
        lost_before, report.lost = report.lost, False
        readings = collector.answers(path, READINGS, card)
        if readings or not report.lost:
            report.cards.append({"index": index, **facts, **readings})
        report.lost |= lost_before
    return report


def find_card(nvml: Nvml, is_wanted: Callable[[Answers], bool]) -> Handle | None:
    """Return the first card with a wanted identity, None where there is none."""
    collector = _Collector(nvml)
    for index, card in collector.cards():
        identity = collector.answers(f"cards.{index}", IDENTITY, card)
        if is_wanted({"index": index, **identity}):
            return card
    return None


class _Collector:
    """Sends queries; a failure is noted and affects no other query."""

    def __init__(self, nvml: Nvml) -> None:
        """Start with an empty report."""
        self._nvml = nvml
        self.report = Report()

    def cards(self) -> list[tuple[int, Handle]]:
        """Return index and handle of each card; raises where they cannot be counted."""
        found: list[tuple[int, Handle]] = []
        for index in range(min(self._nvml.nvmlDeviceGetCount(), _MOST_CARDS)):
            try:
                found.append((index, self._nvml.nvmlDeviceGetHandleByIndex(index)))
            except Exception as err:  # noqa: BLE001 - any error affects one card only
                self._note(f"cards.{index}", err)
        return found

    def answers(self, path: str, queries: Mapping[str, Query], card: Handle) -> Answers:
        """Return the answers; `path` is their path in the report."""
        answers: Answers = {}
        for key, query in queries.items():
            try:
                answers[key] = query(self._nvml, card)
            except Exception as err:  # noqa: BLE001 - any error affects one reading only
                self._note(f"{path}.{key}", err)
        return answers

    def _note(self, path: str, error: Exception) -> None:
        code = code_of(error)
        if code not in _UNAVAILABLE:
            self.report.unparsed.append(path)
        self.report.lost |= code in GONE
