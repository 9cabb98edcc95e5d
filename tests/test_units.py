"""Units that come in sizes."""

import pytest

from custom_components.mining_rig.flow.units import scale_of


@pytest.mark.parametrize(
    ("before", "after", "ratio"),
    [
        ("kH/s", "MH/s", 1e-3),
        ("TH/s", "GH/s", 1e3),
        ("H/s", "H/s", 1),
        ("kSol/s", "Sol/s", 1e3),
        ("g/s", "kg/s", 1e-3),
        ("J/TH", "J/GH", 1e-3),
        ("J/H", "J/kH", 1e3),
        ("J/Sol", "J/kSol", 1e3),
    ],
)
def test_ratio(before: str, after: str, ratio: float) -> None:
    """A value keeps its meaning when its unit changes."""
    scale = scale_of(before)
    assert scale is not None
    assert scale.unit in scale.choices
    assert after in scale.choices
    assert scale.ratio(after) == pytest.approx(ratio)


@pytest.mark.parametrize("unit", ["Sol/s", "W", "J/Sol", "TB/s"])
def test_no_ratio(unit: str) -> None:
    """Solutions are no hashes."""
    scale = scale_of("kH/s")
    assert scale is not None
    assert unit not in scale.choices
    assert scale.ratio(unit) is None


@pytest.mark.parametrize("unit", [None, "", "W", "rpm", "B/s", "MB/s", "J"])
def test_other_units(unit: str | None) -> None:
    """Whatever is no hashrate has no sizes here."""
    assert scale_of(unit) is None
