"""The coordinator of one rig: the only place where time passes."""

from .poll import READ_TIMEOUT, RigConfigEntry, RigCoordinator

__all__ = ["READ_TIMEOUT", "RigConfigEntry", "RigCoordinator"]
