"""The coordinator of one rig: polls, pushes, availability, energy and commands."""

from .rig import RigConfigEntry, RigCoordinator
from .strategy import READ_TIMEOUT

__all__ = ["READ_TIMEOUT", "RigConfigEntry", "RigCoordinator"]
