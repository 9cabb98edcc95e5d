"""Temperature limits by kind and model, and which readings they are for."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
import re
from typing import Any, Final

from ..model import Channel, Part, PartKind, Reading, Snapshot
from ..readings import (
    BOARD_TEMPERATURE,
    CHIP_TEMPERATURE,
    HOTTEST,
    JUNCTION_TEMPERATURE,
    MEMORY_TEMPERATURE,
    TEMPERATURE,
)
from .data import Heat

LOWEST_LIMIT: Final = 40.0
HIGHEST_LIMIT: Final = 120.0
"""Between these, in °C, the owner may choose."""
USUAL_MARGIN: Final = 15.0
"""°C by which a part has to be below its limit before it resumes, if none is chosen."""


class Place(StrEnum):
    """Where in a part a temperature is measured."""

    CHIP = "chip"
    """A chip or a core."""
    JUNCTION = "junction"
    """The hottest spot of a core, always above the core's own temperature."""
    MEMORY = "memory"
    BOARD = "board"


_PLACES: Final[dict[Reading[float], Place]] = {
    TEMPERATURE: Place.CHIP,
    CHIP_TEMPERATURE: Place.CHIP,
    JUNCTION_TEMPERATURE: Place.JUNCTION,
    MEMORY_TEMPERATURE: Place.MEMORY,
    BOARD_TEMPERATURE: Place.BOARD,
}
"""Regulators stand far more heat, and inlet and outlet air say little of a part."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """°C at which a part is too hot, by the place; None: no limit is known."""

    chip: float
    junction: float | None = None
    memory: float | None = None
    board: float | None = None

    def at(self, place: Place) -> float | None:
        """Return the limit of a place."""
        limit: float | None = getattr(self, place.value)
        return limit


@dataclass(frozen=True, slots=True, kw_only=True)
class ChosenLimits:
    """What the owner chose in °C; None where the defaults hold."""

    limit: float | None = None
    """Of chips and cores."""
    memory: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitRow:
    """The default limits of some parts."""

    hardware: str
    """How the documentation calls it."""
    parts: frozenset[PartKind]
    limits: Limits
    kinds: frozenset[str] = frozenset()
    """Kinds of rigs whose hardware it is."""
    pattern: re.Pattern[str] | None = None
    """Of maker and model; a row without kinds and pattern is for all such parts."""

    def is_for(self, kind: str, part: Part, hardware: str) -> bool:
        """Return whether the row is for a part of a rig of that kind."""
        if part.kind not in self.parts:
            return False
        if not self.kinds and self.pattern is None:
            return True
        return kind in self.kinds or (
            self.pattern is not None and self.pattern.search(hardware) is not None
        )


def _words(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)


_CARD: Final = frozenset((PartKind.GPU,))
_ASIC: Final = frozenset((PartKind.RIG, PartKind.HASHBOARD))

ROWS: Final = (
    LimitRow(
        hardware="Graphics cards with GDDR6X memory",
        parts=_CARD,
        pattern=_words(
            r"\bRTX ?(?:3070 ?Ti|3080|3090|4070|4080|4090)(?!\d)(?!.*\b(?:laptop|mobile)\b)"
        ),
        limits=Limits(chip=90, junction=105, memory=110),
    ),
    LimitRow(
        hardware="Other graphics cards",
        parts=_CARD,
        limits=Limits(chip=90, junction=105, memory=105),
    ),
    LimitRow(
        # Ryzen processors hold 95 °C by themselves and are made for it.
        hardware="Processors",
        parts=frozenset((PartKind.CPU,)),
        limits=Limits(chip=98),
    ),
    LimitRow(
        hardware="Bitaxe, Nerd miners and others with AxeOS",
        parts=_ASIC,
        kinds=frozenset(("axeos",)),
        pattern=_words(r"bitaxe|nerd ?(?:axe|q|octaxe|miner)|axeos"),
        limits=Limits(chip=72, board=72),
    ),
    LimitRow(
        hardware="Avalon, Whatsminer, Antminer",
        parts=_ASIC,
        kinds=frozenset(
            ("antminer", "avalon", "braiins", "epic", "luxos", "vnish", "whatsminer")
        ),
        pattern=_words(r"\b(?:antminer|avalon|whatsminer)"),
        limits=Limits(chip=105, board=85),
    ),
)
"""The first row that is for a part counts. Other hardware has no default."""


def limits_of(kind: str, rig: Part, part: Part) -> Limits | None:
    """Return the default limits of a part of a rig; None where neither kind nor model is known."""
    hardware = " ".join(
        word
        for described in (part, rig)
        for word in (described.manufacturer, described.model, described.name)
        if word
    )
    for row in ROWS:
        if row.is_for(kind, part, hardware):
            return row.limits
    return None


def default_limits(kind: str, snapshot: Snapshot) -> ChosenLimits:
    """Return what the numbers of a rig show before the owner chooses.

    That is the lowest limit of its parts' chips; of their hot spots or boards where no
    chip is measured.
    """
    found: dict[Place, float] = {}
    for part, place, _ in _measured(snapshot):
        limits = limits_of(kind, snapshot.rig, part)
        if limits is not None and (limit := limits.at(place)) is not None:
            found[place] = min(limit, found.get(place, limit))
    shown = (Place.CHIP, Place.JUNCTION, Place.BOARD)
    return ChosenLimits(
        limit=next((found[place] for place in shown if place in found), None),
        memory=found.get(Place.MEMORY),
    )


def heats_of(
    kind: str, snapshot: Snapshot, chosen: ChosenLimits | None = None
) -> tuple[Heat, ...]:
    """Return the temperatures of a rig that have a limit, with it."""
    chosen = chosen or ChosenLimits()
    heats = []
    for part, place, channel in _measured(snapshot):
        defaults = limits_of(kind, snapshot.rig, part)
        limit = _limit_at(place, defaults, chosen)
        celsius = part.values[channel]
        if limit is not None and isinstance(celsius, int | float):
            heats.append(
                Heat(part=part.key, sensor=channel.key, celsius=celsius, limit=limit)
            )
    return tuple(heats)


def _limit_at(
    place: Place, defaults: Limits | None, chosen: ChosenLimits
) -> float | None:
    """Return the limit of a place, given the part's defaults and what was chosen."""
    default = defaults.at(place) if defaults is not None else None
    if place is Place.MEMORY:
        return default if chosen.memory is None else chosen.memory
    if chosen.limit is None or default is None:
        return default if chosen.limit is None else chosen.limit
    match place:
        case Place.BOARD:
            return min(default, chosen.limit)
        case Place.JUNCTION:
            return max(default, chosen.limit)
        case _:
            return chosen.limit


def _measured(snapshot: Snapshot) -> Iterator[tuple[Part, Place, Channel[Any]]]:
    """Go through the temperatures of chips, memories and boards.

    A rig that reports nothing but its hottest temperature has that one.
    """
    is_without = True
    for part in snapshot.parts.values():
        if part.kind.stands_alone:
            continue
        for channel in part.values:
            place = _PLACES.get(channel.reading)
            if place is not None:
                is_without = False
                yield part, _place_of(part, place, channel), channel
    if is_without and HOTTEST.plain in snapshot.rig.values:
        yield snapshot.rig, Place.CHIP, HOTTEST.plain


def _place_of(part: Part, place: Place, channel: Channel[Any]) -> Place:
    """Return the place of a reading: a hashboard's plain temperature is the board's."""
    if part.kind is PartKind.HASHBOARD and channel.reading is TEMPERATURE:
        return Place.BOARD
    return place
