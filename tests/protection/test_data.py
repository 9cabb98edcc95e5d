"""What thermal protection keeps over a restart."""

from typing import Any

from hypothesis import given, strategies as st
import pytest

from custom_components.mining_rig.model import RIG
from custom_components.mining_rig.protection.data import (
    Memory,
    Repair,
    State,
    load_memory,
    part_of,
)

from .guarded import Guarded

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)
KEYS = tuple(Memory().dump(0))
WORD = st.sampled_from([*State, *Repair, RIG]).map(str)

FULL = Memory(
    state=State.PAUSED,
    since=90.0,
    baseline={"gpu_0|temperature": 4.5},
    targets={"gpu_0"},
    ours={"gpu_0", RIG},
    confirmed=True,
    stopped_at=80.0,
    returns=1,
    trips=[10.0, 80.0],
    latched=True,
    repairs={Repair.OVERHEATED, Repair.LATCHED},
)


def test_everything_is_kept() -> None:
    """On the next start's clock, as long ago as it was."""
    again = load_memory(FULL.dump(100.0), 1100.0)
    assert again == Memory(
        state=State.PAUSED,
        since=1090.0,
        baseline=FULL.baseline,
        targets=FULL.targets,
        ours=FULL.ours,
        confirmed=True,
        stopped_at=1080.0,
        returns=1,
        trips=[1010.0, 1080.0],
        latched=True,
        repairs=FULL.repairs,
    )
    assert again.dump(1100.0) == FULL.dump(100.0)


@pytest.mark.parametrize("stored", [None, [], "off", 3, {}])
def test_nothing_was_kept(stored: Any) -> None:
    """Protection is off then."""
    assert load_memory(stored, 7.0) == Memory(since=7.0)


@pytest.mark.parametrize(
    ("key", "stored", "name", "expected"),
    [
        ("state", "melting", "state", State.OFF),
        ("state", ["hot"], "state", State.OFF),
        ("age", -5, "since", 7.0),
        ("age", float("inf"), "since", 7.0),
        ("age", 10**400, "since", 7.0),
        ("age", True, "since", 7.0),
        ("baseline", {"a|b": 1, "c|d": "hot", "e|f": None}, "baseline", {"a|b": 1.0}),
        ("baseline", [1], "baseline", {}),
        ("targets", ["rig", 3, None], "targets", {"rig"}),
        ("targets", "rig", "targets", set()),
        ("ours", {"rig": 1}, "ours", set()),
        ("confirmed", 1, "confirmed", False),
        ("off_for", "long", "stopped_at", None),
        ("off_for", 0, "stopped_at", 7.0),
        ("returns", "2", "returns", 0),
        ("trips", [1, -1, "x", None, 3.0], "trips", [6.0, 4.0]),
        ("latched", "yes", "latched", False),
        ("repairs", ["latched", "rust"], "repairs", {Repair.LATCHED}),
    ],
)
def test_one_field_of_nonsense(key: str, stored: Any, name: str, expected: Any) -> None:
    """It is left out, and costs nothing else."""
    memory = load_memory({**FULL.dump(100.0), key: stored}, 7.0)
    assert getattr(memory, name) == expected
    if name != "latched":
        assert memory.latched


@given(
    st.fixed_dictionaries(
        {}, optional=dict.fromkeys(KEYS, JSON | WORD | st.lists(WORD))
    )
)
def test_any_memory_goes_on(stored: Any) -> None:
    """Whatever the file of a rig holds, protection starts, acts and stops."""
    rig = Guarded(load_memory(stored, 1000.0))
    rig.call(rig.machine.restart)
    rig.at(95)
    rig.wait(300)
    assert rig.state is (State.OFF if "state" not in stored else rig.state)
    rig.call(rig.machine.switch_off)
    rig.call(rig.machine.switch_on)
    rig.at(60)
    assert rig.state is State.WATCHING
    assert "pause rig" in rig.trip()


def test_the_part_of_a_sensor() -> None:
    """Keys of parts are open; those of sensors are not."""
    assert part_of("00|01|memory_temperature") == "00|01"
