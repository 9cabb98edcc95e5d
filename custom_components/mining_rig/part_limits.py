"""How many parts and readings of a rig are taken, whatever it reports.

Each becomes entities in Home Assistant's registry, and what a miner reports may be wrong,
hostile or without end.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from .known_parts import KnownPart, KnownParts
from .model import Channel, Part, PartKind, Snapshot

MOST_WORKERS: Final = 500
"""Unless the owner has more of them enabled."""

MOST_PARTS: Final[Mapping[PartKind, int]] = {
    PartKind.RIG: 1,
    PartKind.CPU: 8,
    PartKind.GPU: 32,
    PartKind.HASHBOARD: 16,
    PartKind.WORKER: MOST_WORKERS,
    PartKind.ACCOUNT: 16,
}
MOST_NUMBERS: Final = 16
"""Of a reading that a part has several times, such as fans and pools."""


def limited(
    snapshot: Snapshot, known_parts: KnownParts, shown_workers: int
) -> tuple[Snapshot, int]:
    """Return a snapshot within the limits, and how much of it was left out.

    A part that is known goes before a new one, also while it is absent: a rig with new
    names at each reading has no more parts than another. Then the order of the snapshot
    counts.
    """
    known = known_parts.parts
    most = {**MOST_PARTS, PartKind.WORKER: max(MOST_WORKERS, shown_workers)}
    taken: Counter[PartKind] = Counter()
    allowed = set()
    for key, known_part in known.items():
        taken[known_part.kind] += 1
        if taken[known_part.kind] <= most[known_part.kind]:
            allowed.add(key)
    parts: dict[str, Part] = {}
    ignored = 0
    for key, part in snapshot.parts.items():
        old = known.get(key)
        if old is None:
            taken[part.kind] += 1
            is_allowed = taken[part.kind] <= most[part.kind]
        else:
            is_allowed = key in allowed
        if is_allowed:
            parts[key] = _within(part, old)
            ignored += len(part.values) - len(parts[key].values)
        else:
            ignored += 1
    return (replace(snapshot, parts=parts), ignored) if ignored else (snapshot, 0)


def _is_known(part: Part, old: KnownPart) -> bool:
    """Return whether everything that the part reports was taken before."""
    known = old.channels.keys()
    return part.values.keys() <= known and part.controls.keys() <= known


def _within(part: Part, old: KnownPart | None) -> Part:
    """Return the part without what has too high a number."""
    if old is not None and _is_known(part, old):
        return part

    def fits(channel: Channel[Any]) -> bool:
        number = channel.number
        return (
            number is None
            or 0 <= number <= MOST_NUMBERS
            or (old is not None and channel in old.channels)
        )

    if all(map(fits, part.values)) and all(map(fits, part.controls)):
        return part
    return replace(
        part,
        values={c: value for c, value in part.values.items() if fits(c)},
        controls={c: control for c, control in part.controls.items() if fits(c)},
    )
