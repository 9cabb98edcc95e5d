"""What the owner chose for thermal protection, and which pauses are known to work."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from homeassistant.util import dt as dt_util

from ..const import CONF_KEEP_ORDER, CONF_POWER_SWITCH, CONF_PROTECTION
from ..model import RIG, Channel, Control, Part, Snapshot
from ..protection.data import Settings
from ..protection.limits import (
    HIGHEST_LIMIT,
    USUAL_MARGIN,
    ChosenLimits,
    default_limits,
    heats_of,
)
from ..stored import number

PROVEN_FOR: Final = 30 * 86_400.0
"""Seconds that a pause which was read back counts as working."""

CONF_MAY_RESUME: Final = "may_resume"
CONF_HOLD_TIME: Final = "hold_time"
CONF_HEAT_SENSOR: Final = "heat_sensor"
CONF_HEAT_SENSOR_LIMIT: Final = "heat_sensor_limit"

DEFAULT_HOLD_TIME: Final = 20.0
DEFAULT_SENSOR_LIMIT: Final = 60.0

_PUSHED_OFF_TAKES: Final = 120.0

LIMIT: Final = "protection_limit"
MEMORY_LIMIT: Final = "protection_memory_limit"
RESUME_BELOW: Final = "protection_resume_below"

_ANY_LIMIT: Final = ChosenLimits(limit=HIGHEST_LIMIT, memory=HIGHEST_LIMIT)

_STOPS: Final = ("mining_allowed", "rig_monitor_power")
"""Readings of controls whose "off" stops the work of their part, best first."""


def is_stop(channel: Channel[Any]) -> bool:
    """Return whether a control stops the work of its part."""
    return channel.key in _STOPS


def stop_of(controls: Mapping[Channel[Any], Control[Any]]) -> Control[Any] | None:
    """Return the control of a part whose "off" stops its work."""
    return next(
        (
            control
            for key in _STOPS
            for channel, control in controls.items()
            if channel.key == key
        ),
        None,
    )


def allowed(part: Part) -> bool | None:
    """Return whether a part may work by its own setting or order; None: not known."""
    found = next(
        (value for channel, value in part.values.items() if is_stop(channel)), None
    )
    return found if isinstance(found, bool) else None


@dataclass(slots=True, kw_only=True)
class Choices:
    """The numbers of a rig in °C, and the wall times (s) of its last confirmed offs."""

    chosen: dict[str, float] = field(default_factory=dict)
    """By the key of the number; one that was not chosen is missing."""
    defaults: dict[str, float] = field(default_factory=dict)
    """By the same keys, as the hardware last had them."""
    proven: dict[str, float] = field(default_factory=dict)
    """By the key of the part."""
    was_used: bool = False
    """Whether protection was ever switched on."""

    @property
    def limits(self) -> ChosenLimits:
        """The limits that the owner chose."""
        return ChosenLimits(
            limit=self.chosen.get(LIMIT), memory=self.chosen.get(MEMORY_LIMIT)
        )

    def value(self, key: str) -> float | None:
        """Return what a number shows."""
        if key in self.chosen:
            return self.chosen[key]
        if key == RESUME_BELOW:
            limit = self.value(LIMIT)
            return None if limit is None else limit - USUAL_MARGIN
        return self.defaults.get(key)

    @property
    def margin(self) -> float:
        """°C that every part has to be below its limit before anything resumes."""
        limit, resume = self.value(LIMIT), self.value(RESUME_BELOW)
        if limit is None or resume is None:
            return USUAL_MARGIN
        return max(1.0, limit - resume)

    def learn_defaults(self, kind: str, snapshot: Snapshot) -> None:
        """Take the default limits of the hardware that a snapshot shows."""
        found = default_limits(kind, snapshot)
        for key, limit in ((LIMIT, found.limit), (MEMORY_LIMIT, found.memory)):
            if limit is not None:
                self.defaults[key] = limit

    def is_proven(self, part: str, now: float) -> bool:
        """Return whether an "off" of a part was confirmed lately; `now` is wall time."""
        at = self.proven.get(part)
        return at is not None and now - at < PROVEN_FOR

    def dump(self) -> dict[str, Any]:
        """Return it as JSON."""
        return {
            "limits": dict(self.chosen),
            "defaults": dict(self.defaults),
            "proven": dict(self.proven),
            "was_used": self.was_used,
        }


def load_choices(stored: Mapping[str, Any]) -> Choices:
    """Read dumped choices; what makes no sense is left out."""
    return Choices(
        chosen=_numbers(stored.get("limits")),
        defaults=_numbers(stored.get("defaults")),
        proven=_numbers(stored.get("proven")),
        was_used=stored.get("was_used") is True,
    )


def what_is_missing(
    choices: Choices,
    kind: str,
    snapshot: Snapshot,
    *,
    is_sensed: bool,
    switch: bool | None,
) -> str | None:
    """Return the error that tells what protection still needs; None: nothing.

    `switch` is whether the power switch is there; None where none was chosen.
    """
    if not is_sensed and not heats_of(kind, snapshot, choices.limits):
        has_no_limit = heats_of(kind, snapshot, _ANY_LIMIT)
        return (
            "protection_needs_limit" if has_no_limit else "protection_needs_temperature"
        )
    if switch or choices.is_proven(RIG, dt_util.utcnow().timestamp()):
        return None
    return "protection_needs_way" if switch is None else "protection_needs_switch"


def _numbers(stored: Any) -> dict[str, float]:
    items = stored.items() if isinstance(stored, dict) else ()
    return {
        str(key): found for key, value in items if (found := number(value)) is not None
    }


def settings_of(
    choices: Choices,
    options: Mapping[str, Any],
    stops: Mapping[str, Control[Any]],
    *,
    poll_interval: float,
    is_pushed: bool,
    orders: Mapping[str, Any],
) -> Settings:
    """Return the machine's settings.

    `stops` are the parts' controls that stop them, `orders` what the owner last ordered.
    """
    chosen = options.get(CONF_PROTECTION, {})
    confirm_within = max((s.seconds_for(False) for s in stops.values()), default=0.0)
    if is_pushed:
        # The agent has to fetch the order, and the miner to end.
        confirm_within = float(options.get("off_takes", _PUSHED_OFF_TAKES))
    now = dt_util.utcnow().timestamp()
    return Settings(
        margin=choices.margin,
        hold=float(chosen.get(CONF_HOLD_TIME, DEFAULT_HOLD_TIME)),
        poll_interval=poll_interval,
        confirm_within=confirm_within,
        may_resume=bool(chosen.get(CONF_MAY_RESUME, False)),
        pauses=frozenset(
            key for key in stops if key == RIG or choices.is_proven(key, now)
        ),
        unwanted=frozenset(
            part
            for part, order in orders.items()
            if order is False and options.get(CONF_KEEP_ORDER)
        ),
        has_power_switch=CONF_POWER_SWITCH in options,
    )
