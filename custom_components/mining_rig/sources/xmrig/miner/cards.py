"""What XMRig's summary and backends share of a GPU."""

from typing import Final

from ....model import Part, PartKind
from ...common.decoding import Values

HOTTEST: Final = 200
"""°C; a higher temperature is not a measured one."""


def gpu_part(key: str, name: str | None, values: Values) -> Part:
    """Return the part of a GPU; its name is its model."""
    return Part(kind=PartKind.GPU, key=key, name=name, model=name, values=values)
