"""What heat changed for good, seen from one answer to the next."""

from typing import Any

import pytest

from custom_components.mining_rig.sources.axeos.cuts import ThermalCuts
from custom_components.mining_rig.sources.common.decoding import Fields

NORMAL = {"frequency": 525, "coreVoltage": 1150, "autofanspeed": 1, "fanspeed": 40}


def keys(cuts: ThermalCuts, **changes: Any) -> list[str]:
    """Return the problems after an answer."""
    return [problem.key for problem in cuts.observe(Fields({**NORMAL, **changes}))]


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({"frequency": 425}, ["axeos_cuts"]),
        ({"coreVoltage": 1050}, ["axeos_cuts"]),
        ({"autofanspeed": 0, "manualFanSpeed": 100}, ["axeos_cuts"]),
        ({"autofanspeed": 0, "manualFanSpeed": 60}, []),
        ({"frequency": 400}, []),
        ({"frequency": 50, "coreVoltage": 1000, "overheat_mode": 1}, ["axeos_cuts"]),
        ({"overheat_mode": 1}, ["axeos_overheat"]),
        ({"frequency": None}, []),
    ],
)
def test_changes(changes: dict[str, Any], found: list[str]) -> None:
    """Only what the firmware does for heat is a cut."""
    cuts = ThermalCuts(None)
    assert keys(cuts) == []
    assert keys(cuts, **changes) == found


def test_two_cuts() -> None:
    """After a second one, the way back is to the values before the first."""
    cuts = ThermalCuts({"last": ["?"], "before": 3, "after": {"other": 1}})
    keys(cuts)
    keys(cuts, frequency=425)
    (problem,) = ThermalCuts(cuts.dump()).observe(Fields({**NORMAL, "frequency": 325}))
    assert problem.placeholders == {"before": "525 MHz", "after": "325 MHz"}


def test_own_write() -> None:
    """What was written here is no cut."""
    cuts = ThermalCuts(None)
    keys(cuts)
    cuts.wrote("frequency")
    assert keys(cuts, frequency=425) == []
