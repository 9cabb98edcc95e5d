"""What the owner chooses of the watchdog, as it is in an entry's options."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

from .const import CONF_WATCHDOG
from .watchdog import LADDER, Step

CONF_ENABLED: Final = "enabled"
CONF_MINUTES: Final = "minutes"
CONF_SHARE: Final = "share"
CONF_STEPS: Final = "steps"
CONF_PER_DAY: Final = "per_day"

MOST_MINUTES: Final = 1440
MOST_PER_DAY: Final = 24

DEFAULTS: Final[Mapping[str, Any]] = {
    CONF_ENABLED: False,
    CONF_MINUTES: 10,
    CONF_SHARE: 50,
    CONF_STEPS: [Step.RESTART_MINER.value, Step.RESTART_RIG.value],
    CONF_PER_DAY: 3,
}
"""Turning power off and on has to be chosen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchdogOptions:
    """The choices."""

    enabled: bool
    minutes: float
    """Time below the threshold before each step."""
    share: float
    """Percent of the normal hashrate below which it is too low."""
    steps: frozenset[Step]
    per_day: int

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> Self:
        """Return the choices of an entry."""
        chosen = {**DEFAULTS, **options.get(CONF_WATCHDOG, {})}
        return cls(
            enabled=bool(chosen[CONF_ENABLED]),
            minutes=float(chosen[CONF_MINUTES]),
            share=float(chosen[CONF_SHARE]),
            steps=_steps(chosen[CONF_STEPS]),
            per_day=int(chosen[CONF_PER_DAY]),
        )


def _steps(chosen: Iterable[str]) -> frozenset[Step]:
    return frozenset(step for step in LADDER if step in chosen)
