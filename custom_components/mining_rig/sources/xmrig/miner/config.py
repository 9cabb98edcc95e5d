"""XMRig's configuration: what can be set, how it is read, how it is edited.

Wire facts: GET hands out everything, PUT replaces everything. Wrong values are silently
replaced by defaults, so whatever was sent has to be read back. `cpu.max-threads-hint`
acts, and is told, only while no thread profile is in the configuration; the miner then
makes profiles itself, and keeps them.
"""

from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from ....model import Channel, Control, Value
from ...common.contract import CommandRefused, JsonObject
from ...common.decoding import Fields, Values, pool_name
from ..config import Setting, read_flag
from ..summary import DONATE_LEVEL
from . import readings

_HINT: Final = "max-threads-hint"
_CPU_SETTINGS: Final = frozenset(
    (
        "argon2-impl",
        "asm",
        "enabled",
        "huge-pages",
        "huge-pages-jit",
        "hw-aes",
        _HINT,
        "memory-pool",
        "priority",
        "yield",
    )
)
FULL_HINT: Final = 100.0


# ---- settings that are one key each


def _percent(fields: Fields, path: tuple[str, ...]) -> float | None:
    return fields.number(*path, maximum=100)


def _priority(fields: Fields, path: tuple[str, ...]) -> str | None:
    if fields.raw(*path) is None:
        return readings.PRIORITIES[0]
    level = fields.count(*path)
    words = readings.PRIORITIES[1:]
    return words[level] if level is not None and level < len(words) else None


def _priority_to_wire(word: str) -> int | None:
    return readings.PRIORITIES.index(word) - 1 if word != "unset" else None


SETTINGS: Final[Mapping[Channel[Any], Setting]] = {
    setting.control.channel: setting
    for setting in (
        Setting(
            Control(channel=readings.CPU.plain), ("cpu", "enabled"), read_flag, bool
        ),
        Setting(
            Control(channel=readings.OPENCL.plain),
            ("opencl", "enabled"),
            read_flag,
            bool,
        ),
        Setting(
            Control(channel=readings.CUDA.plain), ("cuda", "enabled"), read_flag, bool
        ),
        Setting(
            Control(channel=DONATE_LEVEL.plain, minimum=1, maximum=99),
            ("donate-level",),
            _percent,
            round,
        ),
        Setting(
            Control(channel=readings.CPU_PRIORITY.plain),
            ("cpu", "priority"),
            _priority,
            _priority_to_wire,
        ),
        Setting(
            Control(channel=readings.PAUSE_ON_BATTERY.plain),
            ("pause-on-battery",),
            read_flag,
            bool,
        ),
    )
}


# ---- what takes more than a key


@dataclass(frozen=True, slots=True)
class Settings:
    """What the configuration says of the settings, and which can be written."""

    values: Values = field(default_factory=Values)
    controls: dict[Channel[Any], Control[Any]] = field(default_factory=dict)
    unparsed: tuple[str, ...] = ()


def parse_config(config: JsonObject, hint: Any = None) -> Settings:
    """Read the settings; `hint` is the note that `HintNote` keeps."""
    fields = Fields(config, "config")
    values = Values()
    controls: dict[Channel[Any], Control[Any]] = {}

    def offer(control: Control[Any], value: Value | None) -> None:
        controls[control.channel] = control
        values.put(control.channel, value)

    for setting in SETTINGS.values():
        *parents, key = setting.path
        parent = fields.raw(*parents)
        if isinstance(parent, dict) and key in parent:
            offer(setting.control, setting.read(fields, setting.path))
    if isinstance(cpu := fields.raw("cpu"), dict):
        offer(
            Control(channel=readings.THREADS_HINT.plain, minimum=1, maximum=100),
            threads_hint(cpu, HintNote.load(hint)),
        )
    if "pause-on-active" in config:
        idle = config["pause-on-active"]
        active = bool(idle) if isinstance(idle, bool | int) else None
        offer(Control(channel=readings.PAUSE_ON_ACTIVE.plain), active)
    if len(pools := pool_options(config)) > 1:
        offer(
            Control(
                channel=readings.ACTIVE_POOL.plain, options=tuple(pools), free=True
            ),
            active_pool(config),
        )
    return Settings(values, controls, tuple(fields.unparsed))


# Pools


def _pools(config: JsonObject) -> Iterator[tuple[int, JsonObject]]:
    pools = config.get("pools")
    for index, pool in enumerate(pools if isinstance(pools, list) else ()):
        if isinstance(pool, dict) and isinstance(url := pool.get("url"), str):
            if pool_name(url):
                yield index, pool


def pool_options(config: JsonObject) -> dict[str, list[int]]:
    """Return the pools' names with their places in the list, in a lasting order.

    Pools of one name that differ (in user or coin) are numbered. Names and numbers stay
    whatever the order of the list and whichever of the pools are enabled.
    """
    variants: dict[str, dict[bytes, list[int]]] = {}
    for index, pool in _pools(config):
        content = {key: value for key, value in pool.items() if key != "enabled"}
        digest = orjson.dumps(content, option=orjson.OPT_SORT_KEYS)
        same_name = variants.setdefault(pool_name(pool["url"]), {})
        same_name.setdefault(digest, []).append(index)
    return {
        name if number == 1 else f"{name} ({number})": variant[1]
        for name in sorted(variants)
        for number, variant in enumerate(sorted(variants[name].items()), 1)
    }


def active_pool(config: JsonObject) -> str | None:
    """Return the name of the pool that comes first; the others are its fallbacks."""
    first = next(
        (index for index, pool in _pools(config) if pool.get("enabled", True)), None
    )
    return next(
        (name for name, places in pool_options(config).items() if first in places),
        None,
    )


def select_pool(config: JsonObject, name: str) -> None:
    """Make a pool the first. Raises CommandRefused where it is none of them.

    The list is turned, not reordered: choosing the old one brings the old order back.
    """
    places = pool_options(config).get(name)
    if places is None:
        raise CommandRefused("xmrig_unknown_pool", {"pool": name})
    pools = config["pools"]
    start = places[0]
    pools[start]["enabled"] = True
    config["pools"] = pools[start:] + pools[:start]


# Pause while somebody uses the computer


def idle_seconds(config: JsonObject) -> int | None:
    """Return the owner's number of idle seconds; None where there is none."""
    idle = config.get("pause-on-active")
    return idle if isinstance(idle, int) and not isinstance(idle, bool) else None


def set_pause_on_active(config: JsonObject, *, on: bool, idle: Any) -> None:
    """Turn it on or off; `idle` is the number of seconds to go back to, if any."""
    if not on:
        config["pause-on-active"] = False
    elif not config.get("pause-on-active"):
        config["pause-on-active"] = idle or True


# The hint for the number of threads


@dataclass(frozen=True, slots=True, kw_only=True)
class HintNote:
    """What has to be remembered while a hint replaces the owner's thread profiles."""

    saved: JsonObject
    """The profiles that were taken out, to be put back at 100 %."""
    hint: float | None = None
    """The hint in force, None while it is not certain that it came through."""
    made: JsonObject | None = None
    """The profiles that the miner made of it; None where any are its own."""

    @classmethod
    def load(cls, note: Any) -> HintNote | None:
        """Read a kept note; None where there is none."""
        if not isinstance(note, dict) or not isinstance(note.get("saved"), dict):
            return None
        hint, made = note.get("hint"), note.get("made")
        return cls(
            saved=note["saved"],
            hint=float(hint) if isinstance(hint, int | float) else None,
            made=made if isinstance(made, dict) else None,
        )

    def dump(self) -> JsonObject:
        """Return the note as JSON."""
        return {"saved": self.saved, "hint": self.hint, "made": self.made}

    def holds(self, current: JsonObject) -> bool:
        """Tell whether the profiles are still the miner's own, not new handiwork.

        Another version may know more algorithms, so only common ones are compared.
        """
        if self.made is None:
            return True
        common = self.made.keys() & current.keys()
        return bool(common) and all(self.made[k] == current[k] for k in common)


def cpu_of(config: JsonObject) -> JsonObject:
    """Return the CPU's configuration. Raises CommandRefused where there is none."""
    cpu = config.get("cpu")
    if not isinstance(cpu, dict):
        raise CommandRefused("xmrig_config_rejected")
    return cpu


def profiles(cpu: Mapping[str, Any]) -> JsonObject:
    """Return the thread profiles of the CPU's configuration, and their aliases.

    An alias without its profile would switch its algorithm off. Algorithms that are
    switched off (false) stay so, and so do keys of versions to come.
    """
    return {
        key: value
        for key, value in cpu.items()
        if key not in _CPU_SETTINGS and isinstance(value, list | dict | str)
    }


def threads_hint(cpu: Mapping[str, Any], note: HintNote | None) -> float | None:
    """Return the hint in force in %; 100 is whatever the owner set up."""
    told = cpu.get(_HINT)
    if isinstance(told, int | float) and not isinstance(told, bool):
        return min(max(float(told), 1.0), FULL_HINT)
    if note is None:
        return FULL_HINT
    current = profiles(cpu)
    if note.made is not None:
        return note.hint if note.holds(current) else FULL_HINT
    return FULL_HINT if current == note.saved else note.hint


def hint_note(cpu: Mapping[str, Any], note: HintNote | None) -> HintNote:
    """Return the note to keep before the hint is changed."""
    current = profiles(cpu)
    if note is not None and note.holds(current):
        return HintNote(saved=note.saved)
    return HintNote(saved=current)


def set_threads_hint(cpu: JsonObject, hint: float, saved: JsonObject) -> None:
    """Take the profiles out and set the hint; at 100 % put the saved ones back."""
    for key in profiles(cpu):
        del cpu[key]
    cpu.pop(_HINT, None)
    if hint >= FULL_HINT and saved:
        cpu.update(deepcopy(saved))
    else:
        cpu[_HINT] = round(hint)
