"""What is shown of a rig that does not answer."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ..known_parts import KnownPart, KnownParts
from ..model import RIG, Channel, Part, PartKind, Snapshot, Value, part_map
from ..readings import CONNECTED, HASHRATE, POWER, STATUS, Status


def away_snapshot(
    known_parts: KnownParts, held: Mapping[str, Part], *, zero: bool
) -> Snapshot:
    """Return the known parts without readings, and the rig even if it is not known.

    `held` are parts whose values still hold. With `zero`, hashrates and powers are 0
    instead of unknown.
    """
    known = known_parts.parts
    parts = part_map(
        *(_away(part, held.get(key), zero=zero) for key, part in known.items()),
        *(part for part in held.values() if part.key not in known),
    )
    parts.setdefault(RIG, Part(kind=PartKind.RIG, key=RIG))
    snapshot = Snapshot(parts=parts)
    values = {**snapshot.rig.values, STATUS.plain: Status.OFFLINE.value}
    return snapshot.with_rig_values(values)


def without_verdict(snapshot: Snapshot) -> Snapshot:
    """Return the snapshot of a rig of which it is not known yet whether it is off."""
    values = {**snapshot.rig.values}
    for channel in (CONNECTED.plain, STATUS.plain):
        values.pop(channel, None)
    return snapshot.with_rig_values(values)


def _away(known: KnownPart, held: Part | None, *, zero: bool) -> Part:
    values = _zeros(known) if zero else {}
    if held is None:
        return replace(known.as_absent(), values=values)
    return replace(held, values={**values, **held.values})


def _zeros(known: KnownPart) -> dict[Channel[Any], Value]:
    return {
        channel: 0.0
        for channel in known.channels
        if channel.reading in (HASHRATE, POWER)
    }
