"""The messages of the Mining Rig Monitor API 5.0.0 and how they are recognised.

ASIC Sentry 3.1.0 and CPU/GPU Sentry 1.1.0 are its agents; see docs/rig_monitor.md.
"""

from collections.abc import Mapping
from enum import StrEnum
import re
from typing import Any, Final

from ..common.contract import JsonObject

CPU: Final = "cpu"
"""Key of the part that is a rig's CPU."""
MOST_GPUS: Final = 32
GPU_FIELD: Final = re.compile(r"gpu_([1-9][0-9]?)_([a-z].*)")
"""The name of a field of one GPU: its number and the field."""


class RigType(StrEnum):
    """The two types of rigs; each has its own paths, and a code is valid for one."""

    ASIC = "asic"
    CPU_GPU = "cpu_gpu"


class Message(StrEnum):
    """What a pushed body is."""

    SPECS = "specs"
    LOG = "log"


REQUIRED: Final[Mapping[tuple[RigType, Message], tuple[str, ...]]] = {
    (RigType.ASIC, Message.SPECS): ("model", "firmware_version", "software_version"),
    # The server of the API requires hashboard_1_temp_1, too; here it is optional.
    (RigType.ASIC, Message.LOG): (
        "hashrate_5_min",
        "hashrate_uom",
        "uptime",
        "pool_1_address",
        "pool_1_user",
        "pool_1_state",
        "fan_1_speed",
        "lan_ip",
        "coin_name",
        "power",
    ),
    # A computer without board data sends a blank name, and nothing a second time.
    (RigType.CPU_GPU, Message.SPECS): ("cpu_name",),
    (RigType.CPU_GPU, Message.LOG): (),
}
SPEC_FIELDS: Final[Mapping[RigType, frozenset[str]]] = {
    RigType.ASIC: frozenset(
        ("model", "model_variant", "firmware_version", "software_version")
    ),
    RigType.CPU_GPU: frozenset(("motherboard_name", "cpu_name", "ram_size")),
}
"""The fields that only specifications have, the names of GPUs apart."""
_LOG_FIELDS: Final[Mapping[RigType, re.Pattern[str]]] = {
    RigType.ASIC: re.compile(r"hashrate_(5|30)_min|hashboard_.+|pool_[1-3]_.+|fan_.+"),
    RigType.CPU_GPU: re.compile(r"cpu_.+|gpu_.+"),
}
"""The fields that only logs of that type of rig have."""
_OTHER: Final = {
    RigType.ASIC: RigType.CPU_GPU,
    RigType.CPU_GPU: RigType.ASIC,
}


def cleaned(body: Any) -> JsonObject:
    """Return a body's fields without those that are null or blank.

    The API treats null, blank and absent alike. A body that is no object has no fields.
    """
    if not isinstance(body, dict):
        return {}
    return {
        key: value
        for key, value in body.items()
        if value is not None and not (type(value) is str and not value.strip())
    }


def missing(rig_type: RigType, message: Message, body: JsonObject) -> list[str]:
    """Return the required fields that a cleaned body lacks."""
    return [key for key in REQUIRED[rig_type, message] if key not in body]


def has_any(rig_type: RigType, message: Message, body: JsonObject) -> bool:
    """Return whether a cleaned body has any of the required fields."""
    return any(key in body for key in REQUIRED[rig_type, message])


def recognize(rig_type: RigType, body: JsonObject) -> Message | None:
    """Return what a cleaned body is, by its fields; None if the other type sent it."""
    other = _OTHER[rig_type]
    if not body.keys().isdisjoint(SPEC_FIELDS[rig_type]):
        return Message.SPECS
    if not body.keys().isdisjoint(SPEC_FIELDS[other]):
        return None
    if any(_LOG_FIELDS[other].fullmatch(key) for key in body):
        if not any(_LOG_FIELDS[rig_type].fullmatch(key) for key in body):
            return None
    return Message.LOG
