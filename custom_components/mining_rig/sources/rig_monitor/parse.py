"""The parser of each type of rig's logs."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final

from ..common.contract import JsonObject
from .asic import parse_asic_log
from .cpu_gpu import parse_cpu_gpu_log
from .log import Log
from .protocol import RigType

_PARSERS: Final[Mapping[RigType, Callable[[JsonObject, datetime], Log]]] = {
    RigType.ASIC: parse_asic_log,
    RigType.CPU_GPU: parse_cpu_gpu_log,
}


def parse_log(rig_type: RigType, body: JsonObject, now: datetime) -> Log:
    """Parse a cleaned log that was received at that moment."""
    return _PARSERS[rig_type](body, now)
