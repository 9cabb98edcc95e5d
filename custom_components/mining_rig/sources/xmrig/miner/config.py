"""The settings in XMRig's configuration: how they are read and written."""

from typing import Any, Final

from ....model import Control
from ...common.contract import JsonObject
from ...common.decoding import Fields
from ...common.settings import Settings, by_channel, read_flag, read_settings
from ..config import Setting
from ..summary import DONATE_LEVEL
from . import readings
from .pools import active_pool, pool_options
from .threads import HintNote, threads_hint

# ---- settings that are one key each


def _percent(fields: Fields, path: tuple[str, ...]) -> float | None:
    return fields.number(*path, maximum=100)


def _priority(fields: Fields, path: tuple[str, ...]) -> str | None:
    if fields.raw(*path) is None:
        return readings.PRIORITIES[0]
    level = fields.count(*path)
    names = readings.PRIORITIES[1:]
    return names[level] if level is not None and level < len(names) else None


def _priority_to_wire(name: str) -> int | None:
    return readings.PRIORITIES.index(name) - 1 if name != "unset" else None


SETTINGS: Final = by_channel(
    Setting(
        control=Control(channel=readings.CPU.plain),
        path=("cpu", "enabled"),
        read=read_flag,
        to_wire=bool,
    ),
    Setting(
        control=Control(channel=readings.OPENCL.plain),
        path=("opencl", "enabled"),
        read=read_flag,
        to_wire=bool,
    ),
    Setting(
        control=Control(channel=readings.CUDA.plain),
        path=("cuda", "enabled"),
        read=read_flag,
        to_wire=bool,
    ),
    Setting(
        control=Control(channel=DONATE_LEVEL.plain, minimum=1, maximum=99),
        path=("donate-level",),
        read=_percent,
        to_wire=round,
    ),
    Setting(
        control=Control(channel=readings.CPU_PRIORITY.plain),
        path=("cpu", "priority"),
        read=_priority,
        to_wire=_priority_to_wire,
    ),
    Setting(
        control=Control(channel=readings.PAUSE_ON_BATTERY.plain),
        path=("pause-on-battery",),
        read=read_flag,
        to_wire=bool,
    ),
)


# ---- settings that take more than a key


def parse_config(config: JsonObject, note: HintNote | None = None) -> Settings:
    """Read the settings; `note` was stored when the threads hint was changed."""
    fields = Fields(config, "config")
    settings = read_settings(fields, SETTINGS)
    if isinstance(cpu := fields.raw("cpu"), dict):
        settings.offer(
            Control(channel=readings.THREADS_HINT.plain, minimum=1, maximum=100),
            threads_hint(cpu, note),
        )
    if "pause-on-active" in config:
        idle = config["pause-on-active"]
        active = bool(idle) if isinstance(idle, bool | int) else None
        settings.offer(Control(channel=readings.PAUSE_ON_ACTIVE.plain), active)
    if len(pools := pool_options(config)) > 1:
        settings.offer(
            Control(
                channel=readings.ACTIVE_POOL.plain, options=tuple(pools), free=True
            ),
            active_pool(config),
        )
    return settings


# Pause while the computer is in use


def idle_seconds(config: JsonObject) -> int | None:
    """Return the idle seconds that the owner set; None where there are none."""
    idle = config.get("pause-on-active")
    return idle if isinstance(idle, int) and not isinstance(idle, bool) else None


def set_pause_on_active(config: JsonObject, *, on: bool, idle: Any) -> None:
    """Turn it on or off; `idle` is the number of seconds to restore, if any."""
    if not on:
        config["pause-on-active"] = False
    elif not config.get("pause-on-active"):
        config["pause-on-active"] = idle or True
