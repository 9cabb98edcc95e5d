"""The lengths of the times over which averages are taken."""

from datetime import timedelta
from typing import Final

from .model import Window

_SECONDS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}

LENGTHS: Final = {
    window: timedelta(seconds=int(window[:-1]) * _SECONDS[window[-1]])
    for window in Window
}
