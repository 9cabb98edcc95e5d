"""What XMRig's summary and backends share of a GPU."""

from typing import Final

from ....model import Part, PartKind
from ....readings import (
    CORE_CLOCK,
    FAN_LEVEL,
    FAN_SPEED,
    MEMORY_CLOCK,
    POWER,
    TEMPERATURE,
)
from ...common import answer_table as table
from ...common.decoding import Values

HEALTH: Final = (
    table.positive(TEMPERATURE.plain, "temperature", table.HOTTEST),
    table.positive(TEMPERATURE.plain, "temp", table.HOTTEST),
    table.positive(POWER.plain, "power"),
    table.positive(CORE_CLOCK.plain, "clock"),
    table.positive(MEMORY_CLOCK.plain, "mem_clock"),
    table.positive(FAN_SPEED.plain, "rpm"),
    table.positive(FAN_LEVEL.plain, "fan"),
)
"""Of the backends, and of the summary of xmrig-nvidia 2.x (`temp`, `fan`)."""


def gpu_part(key: str, name: str | None, values: Values) -> Part:
    """Return the part of a GPU; its name is its model."""
    return Part(kind=PartKind.GPU, key=key, name=name, model=name, values=values)
