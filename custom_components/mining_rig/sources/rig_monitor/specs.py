"""The specifications of a rig: what is kept of them, and what it means."""

from collections.abc import Mapping
from dataclasses import dataclass, field
import re
from typing import Any, Final

from ..common.contract import JsonObject
from ..common.decoding import Values
from . import readings
from .fields import one_line
from .protocol import CPU, GPU_FIELD, MOST_GPUS, SPEC_FIELDS, RigType

SPECS_NOTE: Final = "rig_monitor_specs"
"""The note that holds them: {field: text}."""

_KEPT: Final = frozenset(key for fields in SPEC_FIELDS.values() for key in fields)
_RAM: Final = re.compile(r"([0-9]{1,6}) *([KMGT])i?B?", re.IGNORECASE)
_RAM_FACTOR: Final = {"k": 2**10, "m": 2**20, "g": 2**30, "t": 2**40}
_MANUFACTURERS: Final = {
    "antminer": "Bitmain",
    "avalon": "Canaan",
    "goldshell": "Goldshell",
    "iceriver": "Ice River",
    "ipollo": "iPollo",
    "jasminer": "Jasminer",
    "whatsminer": "MicroBT",
}
"""Manufacturers by how the models of their ASICs begin, without spaces."""


def specs_to_keep(body: JsonObject) -> dict[str, str]:
    """Return the texts of specifications to keep, each on one line."""
    kept = {}
    for key, value in body.items():
        if key in _KEPT or _is_gpu_name(key):
            if type(value) is str and (text := one_line(value)):
                kept[key] = text
    return kept


def _is_gpu_name(key: str) -> bool:
    match = GPU_FIELD.fullmatch(key)
    return bool(match and match[2] == "name" and int(match[1]) <= MOST_GPUS)


@dataclass(frozen=True, slots=True)
class Specs:
    """What specifications say of a rig."""

    manufacturer: str | None = None
    model: str | None = None
    version: str | None = None
    values: Values = field(default_factory=Values)
    names: Mapping[str, str] = field(default_factory=dict)
    """Names of parts by their keys."""


def parse_specs(rig_type: RigType, kept: Any) -> Specs:
    """Parse specifications as they were kept."""
    kept = kept if isinstance(kept, dict) else {}
    texts = {str(k): v for k, v in kept.items() if isinstance(v, str)}
    values = Values()
    if rig_type is RigType.ASIC:
        values.put(readings.SOFTWARE.plain, texts.get("software_version"))
        variant = texts.get("model_variant", "unknown")
        words = [texts.get("model"), variant if variant != "unknown" else None]
        return Specs(
            manufacturer=_manufacturer(texts.get("model", "")),
            model=" ".join(filter(None, words)) or None,
            version=texts.get("firmware_version"),
            values=values,
        )
    values.put(readings.MEMORY.plain, _memory(texts.get("ram_size", "")))
    names = {CPU: texts["cpu_name"]} if "cpu_name" in texts else {}
    for key, text in texts.items():
        if _is_gpu_name(key):
            names[key.removesuffix("_name")] = text
    values.put(readings.MOTHERBOARD.plain, texts.get("motherboard_name"))
    return Specs(values=values, names=names)


def _manufacturer(model: str) -> str | None:
    """Return the manufacturer of an ASIC by how its model begins."""
    begins = "".join(model.lower().split())
    return next(
        (name for prefix, name in _MANUFACTURERS.items() if begins.startswith(prefix)),
        None,
    )


def _memory(text: str) -> float | None:
    """Return bytes; `125GB` are 125 GiB."""
    match = _RAM.fullmatch(text.strip())
    return int(match[1]) * _RAM_FACTOR[match[2].lower()] if match else None
