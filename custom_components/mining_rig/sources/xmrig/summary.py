"""Readings and fields that the summaries of XMRig and xmrig-proxy share."""

from typing import Final

from ...model import Category, Channel, Quantity, Reading, Window
from ...readings import VERSION
from ..common import answer_table as table
from ..common.contract import Identity
from ..common.decoding import Fields, Values

RESTRICTED: Final = Reading[bool](
    "xmrig_restricted", Quantity.FLAG, Category.DIAGNOSTIC, enabled=False
)
WORKER: Final = Reading[str](
    "xmrig_worker", Quantity.TEXT, Category.DIAGNOSTIC, enabled=False
)
HASHES: Final = Reading[int](
    "xmrig_hashes", Quantity.COUNTER, Category.DIAGNOSTIC, enabled=False
)
SHARE_TIME: Final = Reading[float](
    "xmrig_share_time", Quantity.DURATION, Category.DIAGNOSTIC
)
HOST_MEMORY: Final = Reading[float](
    "xmrig_host_memory", Quantity.DATA_SIZE, Category.DIAGNOSTIC, enabled=False
)
HOST_MEMORY_FREE: Final = Reading[float](
    "xmrig_host_memory_free", Quantity.DATA_SIZE, Category.DIAGNOSTIC, enabled=False
)
LOAD: Final = Reading[float](
    "xmrig_load", Quantity.NUMBER, Category.DIAGNOSTIC, enabled=False
)
DONATE_LEVEL: Final = Reading[float](
    "xmrig_donate_level", Quantity.RATIO, Category.CONFIG, enabled=False, setting=True
)
"""Also in the summary, so that a restricted miner shows it."""

PROGRAM: Final = (
    table.text(VERSION.plain, "version"),
    table.flag(RESTRICTED.plain, "restricted"),
    table.text(WORKER.plain, "worker_id"),
    table.number(DONATE_LEVEL.plain, "donate_level", 100),
)
"""Of the program itself."""

_LOADS: Final[tuple[Channel[float], ...]] = tuple(
    LOAD.channel(window) for window in (Window.M1, Window.M5, Window.M15)
)


def identity_of(fields: Fields, *, host: str, model: str) -> Identity:
    """Return the identity of the program that sent a summary."""
    return Identity(
        # It changes with the port and the network card, so it is not stable.
        rig_id=fields.text("id"),
        title=fields.text("worker_id") or host,
        model=model,
        version=fields.text("version"),
    )


def put_resources(values: Values, fields: Fields, process: Channel[float]) -> None:
    """Add memory and load of the host; `process` is the memory of the program."""
    memory = fields.inside("resources", "memory")
    values.put(process, memory.positive("resident_set_memory"))
    values.put(HOST_MEMORY.plain, memory.positive("total"))
    values.put(HOST_MEMORY_FREE.plain, memory.positive("free"))
    if "Windows" in (fields.text("ua") or ""):
        # On Windows the load is always [0, 0, 0].
        return
    loads = fields.numbers("resources", "load_average", length=len(_LOADS))
    for channel, load in zip(_LOADS, loads, strict=True):
        values.put(channel, None if load is None else round(load, 2))
