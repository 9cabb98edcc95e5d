"""The hashrates of other coins while Zilliqa is mined."""

from unittest.mock import patch

import pytest

from custom_components.mining_rig.model import RIG, Part, PartKind, Snapshot, part_map
from custom_components.mining_rig.readings import HASHRATE, POWER
from custom_components.mining_rig.sources.miners import zilliqa
from custom_components.mining_rig.sources.miners.zilliqa import ZilliqaHold

RATE = HASHRATE.plain


def rig(rate: float) -> Snapshot:
    """Return a rig with a hashrate and a power."""
    values = {RATE: rate, POWER.plain: 100.0}
    return Snapshot(parts=part_map(Part(kind=PartKind.RIG, key=RIG, values=values)))


@pytest.mark.parametrize(
    ("polls", "shown"),
    [
        # Seconds, hashrate, whether Zilliqa is mined.
        ([(0, 5e7, False), (10, 12.0, True)], 5e7),
        ([(0, 5e7, False), (90, 12.0, True)], 5e7),
        # A rig that is at rest for longer has stopped.
        ([(0, 5e7, False), (91, 12.0, True)], 12),
        ([(0, 12.0, True)], None),
        ([(0, 12.0, True), (90, 12.0, True)], None),
        ([(0, 12.0, True), (91, 12.0, True)], 12),
        ([(0, 5e7, False), (10, 12.0, True), (70, 4e7, False)], 4e7),
    ],
)
def test_hold(polls: list[tuple[float, float, bool]], shown: float | None) -> None:
    """The last value stands in for up to 90 s; all else is present."""
    hold = ZilliqaHold()
    for seconds, rate, rests in polls:
        with patch.object(zilliqa, "monotonic", return_value=1000 + seconds):
            found = hold.hold(rig(rate), frozenset((None,) if rests else ()))
    assert found.rig.get(RATE) == shown
    assert found.rig.get(POWER.plain) == 100
