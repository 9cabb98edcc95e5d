"""Hashrates in XMRig's answers.

They are H/s for every algorithm, over windows of 10 s, 60 s and 15 min. A window that is
not full is null, and 0 before version 2.15.4; from there up to 6.22.1 a measured 0 is
null as well.
"""

from typing import Final

from ....model import Window
from ....readings import HASHRATE
from ...common.decoding import Fields, Values

type Windows = tuple[float | None, float | None, float | None]
"""H/s over 10 s, 60 s and 15 min; None where a window is not full."""

LENGTHS: Final = (10, 60, 900)
"""Seconds of the windows."""
RATE_1M: Final = HASHRATE.channel(Window.M1)
RATE_15M: Final = HASHRATE.channel(Window.M15)


def read_windows(fields: Fields, *path: str) -> Windows:
    """Return three hashrates, rounded: the wire has binary floating-point noise."""
    first, second, third = fields.numbers(*path, length=3)
    return (
        None if first is None else round(first, 2),
        None if second is None else round(second, 2),
        None if third is None else round(third, 2),
    )


def present_rate(
    windows: Windows, *, paused: bool | None = None, connected: bool | None = None
) -> float | None:
    """Return the hashrate of this moment: that of the shortest window that is full."""
    if paused:
        # For minutes after a pause the windows still show earlier work.
        return 0.0
    if connected is False:
        # Without a pool, the longer windows show earlier work only. A benchmark needs
        # none; up to version 6.22.1 a measured 0 is null.
        return windows[0] or 0.0
    return next((rate for rate in windows if rate is not None), None)


def put_averages(values: Values, windows: Windows) -> None:
    """Add the hashrates over 60 s and 15 min."""
    values.put(RATE_1M, windows[1])
    values.put(RATE_15M, windows[2])
