"""Units of hashrate: spellings, and the form that suits a value."""

import math

from hypothesis import given, strategies as st
import pytest

from custom_components.mining_rig.hashrate import (
    efficiency_unit,
    energy_per_work,
    factor,
    hashrate_unit,
    ladder,
    parse_hashrate,
    parse_unit,
    suited_unit,
)
from custom_components.mining_rig.model import PartKind
from custom_components.mining_rig.usual_units import (
    unit_of_algorithm,
    unit_of_parts,
    usual_unit,
)


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("H/s", (1, "H/s")),
        ("h/s", (1, "H/s")),
        ("kh/s", (1e3, "H/s")),
        ("KH/s", (1e3, "H/s")),
        ("Mh/s", (1e6, "H/s")),
        ("MHs", (1e6, "H/s")),
        ("MH", (1e6, "H/s")),
        ("GH/s", (1e9, "H/s")),
        ("G", (1e9, "H/s")),
        ("TH/S", (1e12, "H/s")),
        ("th/sec", (1e12, "H/s")),
        ("Th / s", (1e12, "H/s")),
        ("PH/s", (1e15, "H/s")),
        ("EHs", (1e18, "H/s")),
        ("Sol/s", (1, "Sol/s")),
        ("ksols/s", (1e3, "Sol/s")),
        ("Sols", (1, "Sol/s")),
        ("sps", None),
        ("g/s", (1, "g/s")),
        ("Graphs/s", (1, "g/s")),
        ("kg/s", (1e3, "g/s")),
        ("", (1, "H/s")),
        ("W", None),
        ("MW", None),
        ("xH/s", None),
        ("°C", None),
    ],
)
def test_spellings(text: str, meaning: tuple[float, str] | None) -> None:
    """Any spelling met on a wire is read; what is none is not guessed at."""
    assert parse_unit(text) == meaning


@pytest.mark.parametrize(
    ("text", "unit", "value"),
    [
        ("95.5 GH/s", None, (95.5e9, "H/s")),
        ("3283.87G", None, (3283.87e9, "H/s")),
        ("110 TH/s", None, (110e12, "H/s")),
        ("12", "kH/s", (12e3, "H/s")),
        ("1e3 H/s", None, (1e3, "H/s")),
        (" 42 Sol/s ", None, (42, "Sol/s")),
        ("12,5 MH/s", None, None),
        ("fast", None, None),
        ("-5 MH/s", None, None),
        ("nan", None, None),
        ("1e999 H/s", None, None),
        ("", None, None),
    ],
)
def test_numbers_with_units(
    text: str, unit: str | None, value: tuple[float, str] | None
) -> None:
    """A number with its unit comes out in the base unit."""
    parsed = parse_hashrate(text, unit)
    if value is None:
        assert parsed is None
    else:
        assert parsed is not None
        assert parsed[0] == pytest.approx(value[0])
        assert parsed[1] == value[1]


@pytest.mark.parametrize(
    ("value", "unit"),
    [
        (0, "H/s"),
        (0.5, "H/s"),
        (999, "H/s"),
        (1000, "kH/s"),
        (4884.25, "kH/s"),
        (999_999, "kH/s"),
        (37_021_588, "MH/s"),
        (110e12, "TH/s"),
        (1e30, "ZH/s"),
        (float("inf"), "H/s"),
    ],
)
def test_suited_unit(value: float, unit: str) -> None:
    """A CPU is shown in kH/s, a GPU in MH/s, an ASIC in TH/s."""
    assert suited_unit(value, "H/s") == unit


@given(st.floats(min_value=1, max_value=1e23))
def test_suited_unit_has_one_to_three_digits(value: float) -> None:
    """The number shown is never 1000 or more, nor below 1."""
    unit = suited_unit(value, "H/s")
    divisor = factor(unit, "H/s")
    assert divisor is not None
    assert 0.999_999 <= value / divisor < 1000.001


@pytest.mark.parametrize("base", ["H/s", "Sol/s", "g/s"])
def test_every_step_of_a_ladder_is_a_form_of_its_base(base: str) -> None:
    """Units, their factors and the efficiency that belongs to them fit together."""
    steps = ladder(base)
    assert [factor(unit, base) for unit in steps] == [1000.0**n for n in range(8)]
    for unit in steps:
        assert parse_unit(unit) == (factor(unit, base), base)
        assert hashrate_unit(efficiency_unit(unit)) == unit


def test_other_units_are_no_form_of_a_base() -> None:
    """A unit from elsewhere has no factor."""
    assert factor("MW", "H/s") is None
    assert factor("kSol/s", "H/s") is None


@pytest.mark.parametrize(
    ("algorithm", "unit"),
    [
        ("rx/0", "kH/s"),
        ("RandomX", "kH/s"),
        ("cn/half", "kH/s"),
        ("cryptonight-lite/1", "kH/s"),
        ("gr", "kH/s"),
        ("kawpow", "MH/s"),
        ("KawPow", "MH/s"),
        ("etchash", "MH/s"),
        ("AUTOLYKOS2", "MH/s"),
        ("x16rv2", "MH/s"),
        ("x11", "GH/s"),
        ("scrypt", "GH/s"),
        ("groestl", "GH/s"),
        ("SHA-256", "TH/s"),
        ("sha256d", "TH/s"),
        ("kHeavyHash", "TH/s"),
        ("Equihash 144_5", "H/s"),
        ("BeamHash III", "H/s"),
        ("something new", None),
        ("", None),
    ],
)
def test_units_of_algorithms(algorithm: str, unit: str | None) -> None:
    """In any spelling of a miner."""
    assert unit_of_algorithm(algorithm) == unit


def test_usual_unit() -> None:
    """The first one that is known and fits; solutions are no hashes."""
    assert usual_unit("H/s", None, "kH/s", "MH/s") == "kH/s"
    assert usual_unit("H/s", None) == "H/s"
    assert usual_unit("Sol/s", "MH/s") == "Sol/s"
    assert unit_of_parts([PartKind.RIG, PartKind.CPU, PartKind.GPU]) == "MH/s"
    assert unit_of_parts([PartKind.RIG, PartKind.HASHBOARD]) == "TH/s"
    assert unit_of_parts([PartKind.WORKER]) is None


@pytest.mark.parametrize(
    ("watts", "rate", "joules"),
    [
        (120.0, 60.0, 2.0),
        (0.0, 60.0, None),
        (120.0, 0.0, None),
        (120.0, -1.0, None),
        (120.0, 5e-324, None),
        (math.nan, 1.0, None),
    ],
)
def test_energy_per_work(watts: float, rate: float, joules: float | None) -> None:
    """A quotient that says nothing is none."""
    assert energy_per_work(watts, rate) == joules
