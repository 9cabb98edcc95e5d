"""The issues of one rig: what its readings and its errors ask its owner to do."""

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant

from ..issues import async_manage_problems
from ..model import Snapshot
from ..problem import Problem
from ..repairs import async_manage_issues
from ..sources.common.contract import SourceError


class RigIssues:
    """Which issues are shown; a rig that is away keeps those that it had."""

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry) -> None:
        """Start without any reading: nothing is raised or deleted before one."""
        self._hass = hass
        self._entry = entry
        self._read_only: str | None = None
        self._shown: tuple[str | None, str | None] | None = None
        self._problems: tuple[Problem, ...] | None = None

    def accepted(self, snapshot: Snapshot, other_rig: str | None) -> None:
        """Show what a reading asks for."""
        self._read_only = snapshot.read_only
        self._manage(other_rig)
        self._show(snapshot.problems)

    def failed(self, error: SourceError, other_rig: str | None) -> None:
        """Show what an error asks for."""
        self._manage(other_rig)
        if error.problem is not None:
            self._show((error.problem,))

    def _manage(self, other_rig: str | None) -> None:
        issues = (self._read_only, other_rig)
        if issues != self._shown:
            self._shown = issues
            async_manage_issues(self._hass, self._entry, *issues)

    def _show(self, problems: tuple[Problem, ...]) -> None:
        if problems != self._problems:
            self._problems = problems
            async_manage_problems(self._hass, self._entry, problems)
