"""`cpu.max-threads-hint`, the share of the CPU's threads that XMRig uses.

The hint takes effect, and is shown, only while the configuration has no thread profiles;
the miner then makes profiles itself, and keeps them. So the owner's profiles, and which
algorithms are disabled, are stored before a hint replaces them, and restored at 100 %.
"""

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, replace
from typing import Any, Final

from ...common.contract import (
    CommandRefused,
    JsonObject,
    Notes,
    SourceBusy,
    SourceRefused,
)
from ..editor import ConfigEditor

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
_NOTE: Final = "xmrig_threads_hint"


@dataclass(frozen=True, slots=True, kw_only=True)
class HintNote:
    """What is kept while a hint replaces the owner's thread profiles."""

    saved: JsonObject
    """The profiles that were removed, to be restored at 100 %."""
    hint: float | None = None
    """The hint in force; None while it is not confirmed."""
    made: JsonObject | None = None
    """The profiles that the miner made from the hint; None where that is not known."""

    @classmethod
    def load(cls, note: Any) -> HintNote | None:
        """Return a stored note; None where there is none."""
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
        """Return whether the profiles are still those that the miner made.

        Only common algorithms are compared: another version may have more of them.
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

    An alias without its profile would disable its algorithm. Not included: disabled
    algorithms (false) and unknown keys.
    """
    return {
        key: value
        for key, value in cpu.items()
        if key not in _CPU_SETTINGS and isinstance(value, list | dict | str)
    }


def owned(cpu: Mapping[str, Any]) -> JsonObject:
    """Return the profiles with the algorithms that are disabled (false)."""
    return {
        key: value
        for key, value in cpu.items()
        if key not in _CPU_SETTINGS
        and (value is False or isinstance(value, list | dict | str))
    }


def threads_hint(cpu: Mapping[str, Any], note: HintNote | None) -> float | None:
    """Return the hint in force in %; 100 stands for the owner's own profiles."""
    found = cpu.get(_HINT)
    if isinstance(found, int | float) and not isinstance(found, bool):
        return min(max(float(found), 1.0), FULL_HINT)
    if note is None:
        return FULL_HINT
    current = profiles(cpu)
    if note.made is not None:
        return note.hint if note.holds(current) else FULL_HINT
    # Notes of earlier versions have no disabled algorithms.
    return FULL_HINT if note.saved in (current, owned(cpu)) else note.hint


def hint_note(cpu: Mapping[str, Any], note: HintNote | None) -> HintNote:
    """Return the note to store before the hint is changed."""
    current = profiles(cpu)
    if note is not None and note.holds(current):
        return HintNote(saved=note.saved)
    return HintNote(saved=owned(cpu))


def set_threads_hint(cpu: JsonObject, hint: float, saved: JsonObject) -> None:
    """Remove the profiles and set the hint; at 100 % restore the saved profiles."""
    for key in profiles(cpu):
        del cpu[key]
    cpu.pop(_HINT, None)
    if hint >= FULL_HINT and saved:
        cpu.update(deepcopy(saved))
    else:
        cpu[_HINT] = round(hint)


class ThreadsHint:
    """Changes the hint of one miner; the owner's profiles are on disk before that."""

    def __init__(self, editor: ConfigEditor, notes: Notes) -> None:
        """Take the editor of the configuration, and the notes that keep profiles."""
        self._editor = editor
        self._notes = notes

    @property
    def note(self) -> HintNote | None:
        """What was kept when the hint was changed last."""
        return HintNote.load(self._notes.get(_NOTE))

    async def write(self, hint: float) -> None:
        """Change the hint. Raises a SourceError."""
        old = self._notes.get(_NOTE)
        kept: list[HintNote] = []

        async def change(config: JsonObject) -> None:
            cpu = cpu_of(config)
            if threads_hint(cpu, self.note) == hint:
                return
            note = hint_note(cpu, self.note)
            kept.append(note)
            await self._notes.keep(_NOTE, note.dump())
            set_threads_hint(cpu, hint, note.saved)

        restores = hint >= FULL_HINT

        def is_free(path: str) -> bool:
            """Return whether the miner makes this profile itself, or hides the hint."""
            section, _, key = path.partition(".")
            if section != "cpu":
                return False
            return key == _HINT or not (restores or key in _CPU_SETTINGS)

        try:
            shown = await self._editor.edit(change, is_free=is_free)
        except CommandRefused, SourceRefused, SourceBusy:
            # Nothing was changed, so the old note is still right.
            await self._notes.keep(_NOTE, old)
            raise
        if shown is None or not kept:
            # The outcome is unknown, and the note keeps the profiles; or it was in force.
            return
        if restores:
            await self._notes.keep(_NOTE, None)
            return
        made = profiles(cpu_of(shown))
        await self._notes.keep(
            _NOTE, replace(kept[0], hint=hint, made=made or None).dump()
        )
