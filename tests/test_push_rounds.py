"""The rounds of agents that poll their rigs one after the other."""

from freezegun.api import FrozenDateTimeFactory
import pytest

from custom_components.mining_rig.push.rounds import Rounds


@pytest.fixture
def rounds(freezer: FrozenDateTimeFactory) -> Rounds:
    """Return two rounds of an agent with three rigs, and of another agent."""
    found = Rounds()
    for _ in range(2):
        for agent, rig in (("one", "a"), ("one", "b"), ("one", "c"), ("two", "d")):
            found.note(agent, rig)
            freezer.tick(1)
    return found


def test_a_short_silence_needs_no_explanation(rounds: Rounds) -> None:
    """Nor does that of a rig that never pushed."""
    assert not rounds.is_under_way("a")
    assert not rounds.is_under_way("nobody")


def test_others_hang(rounds: Rounds, freezer: FrozenDateTimeFactory) -> None:
    """It may take two minutes for each; an agent with one rig has nobody to wait for."""
    freezer.tick(200)
    assert rounds.is_under_way("a")
    assert not rounds.is_under_way("d")
    freezer.tick(100)
    assert not rounds.is_under_way("a")


def test_a_round_without_the_rig(
    rounds: Rounds, freezer: FrozenDateTimeFactory
) -> None:
    """It is over when another rig has had two turns."""
    freezer.tick(100)
    rounds.note("one", "a")
    freezer.tick(100)
    assert rounds.is_under_way("c")
    rounds.note("one", "a")
    assert not rounds.is_under_way("c")


def test_rigs_that_are_removed_or_moved(
    rounds: Rounds, freezer: FrozenDateTimeFactory
) -> None:
    """Only rigs of the same agent count."""
    rounds.note("two", "c")
    rounds.note("two", "b")
    freezer.tick(200)
    assert not rounds.is_under_way("a")
    assert rounds.is_under_way("c")
    rounds.forget("b")
    assert not rounds.is_under_way("b")
    assert not rounds.is_under_way("c")
