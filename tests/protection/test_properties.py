"""What holds for thermal protection whatever happens, and in which order."""

from collections.abc import Callable
from random import Random
from typing import Any

from hypothesis import given, settings as hypothesis_settings, strategies as st
import pytest

from custom_components.mining_rig.model import RIG
from custom_components.mining_rig.protection.data import Act, Decision, Event, State
from custom_components.mining_rig.protection.machine import Protection
from custom_components.mining_rig.protection.rules import RULES

from .guarded import LIMIT, POLL, RESUME_BELOW, Guarded

STARTS = (Act.RESUME, Act.POWER_ON)
STOPS = (Act.PAUSE, Act.POWER_OFF)

CELSIUS = st.sampled_from(
    [40.0, 74.9, 75.0, 80.0, 88.0, 89.9, 90.0, 90.5, 91.0, 93.0, 95.0, 96.0, 97.0]
)
SECONDS = st.sampled_from([0.0, 1.0, 5.0, 10.0, 20.0, 60.0, 299.0, 301.0, 4000.0])
CARDS = st.dictionaries(st.sampled_from(["gpu_0", "gpu_1"]), CELSIUS)
KEYS = st.frozensets(st.sampled_from([RIG, "gpu_0", "gpu_1"]))

STEP = st.one_of(
    st.tuples(st.just("wait"), SECONDS),
    st.tuples(st.just("at"), st.none() | CELSIUS, CARDS, KEYS, KEYS),
    st.tuples(
        st.just("power"),
        st.sampled_from([True, False, None]),
        st.sampled_from([None, 0.0, 19.0, 20.0, 300.0]),
    ),
    st.sampled_from(
        [
            ("silence",),
            ("refused",),
            ("stopped",),
            ("started",),
            ("reset",),
            ("switch_off",),
            ("switch_on",),
            ("restart",),
            ("confirmed", RIG),
            ("confirmed", "gpu_0"),
        ]
    ),
)
SETTINGS = st.fixed_dictionaries(
    {
        "hold": st.sampled_from([0.0, 20.0, 60.0]),
        "may_resume": st.booleans(),
        "has_power_switch": st.booleans(),
        "pauses": KEYS,
        "confirm_within": st.sampled_from([6.0, 120.0]),
    }
)


class Watching(Guarded):
    """Holds every decision against what is never allowed."""

    stopped_at = -1e9
    seen: dict[str, float]

    def call(self, step: Callable[..., tuple[Decision, ...]], *args: Any) -> list[str]:
        """Let something happen, and check what was decided."""
        was_latched = self.machine.memory.latched
        decided = super().call(step, *args)
        for decision in self.decided:
            if decision.act in STARTS:
                assert self.machine.settings.may_resume
                assert not was_latched
                assert self.seen
                assert all(celsius < RESUME_BELOW for celsius in self.seen.values())
                assert self.now - self.stopped_at >= 300
            if decision.act in STOPS:
                self.stopped_at = self.now
            if decision.act is Act.POWER_OFF:
                assert self.machine.settings.has_power_switch
            if decision.act is Act.PAUSE:
                assert decision.subject in self.machine.settings.pauses
        due = self.machine.due
        assert due is None or due > self.now
        assert self.state in State
        return decided

    def do(self, name: str, *args: Any) -> None:
        """Do one of the steps."""
        if name == "wait":
            self.wait(args[0])
        elif name == "restart":
            # Another clock: what was off for some time was off for as long.
            before = self.machine.memory.stopped_at
            off_for = None if before is None else self.now - before
            self.stopped_at = -1e9 if off_for is None else 17.0 - off_for
            self.restart()
        elif name == "at":
            celsius, cards, running, paused = args
            self.seen = {**({} if celsius is None else {RIG: celsius}), **cards}
            self.at(celsius, running=running, paused=paused, **cards)
        else:
            self.call(getattr(self.machine, name), *args)


@given(SETTINGS, st.lists(STEP, max_size=40))
@hypothesis_settings(max_examples=150)
def test_what_never_happens(settings: dict[str, Any], steps: list[Any]) -> None:
    """It resumes nothing that is hot, latched, forbidden or off for less than 5 min."""
    rig = Watching(**settings)
    for name, *args in steps:
        rig.do(name, *args)


@given(SETTINGS, st.lists(STEP, max_size=25))
@hypothesis_settings(max_examples=100)
def test_continuous_heat_is_acted_on(
    settings: dict[str, Any], steps: list[Any]
) -> None:
    """From any state, heat leads to a pause or a cut within the hold time and a poll.

    The owner's own off is given the time that a stage has.
    """
    settings = {**settings, "pauses": settings["pauses"] | {RIG}}
    rig = Watching(**settings)
    for name, *args in steps:
        rig.do(name, *args)
    if rig.state is State.OFF:
        rig.do("switch_on")
    rig.do("power", True, None)
    if rig.state is State.STOPPED:
        rig.do("started")
    before = len(rig.log)
    running = frozenset((RIG,))
    was_cut = rig.state in (State.CUT, State.CUTTING)
    end = rig.now + rig.machine.settings.hold + POLL
    if rig.state.is_tripped:
        end = rig.now + rig.machine.settings.patience + POLL
    while rig.now <= end:
        rig.do("at", 120.0, {}, running, frozenset())
        rig.wait(POLL)
    acted = [decision for _, decision in rig.log[before:] if decision.act in STOPS]
    assert acted or was_cut


@given(SETTINGS, st.sampled_from([None, 95.0, 96.0]))
def test_unhelpful_pauses_end_without_power(
    settings: dict[str, Any], celsius: float | None
) -> None:
    """Hot or silent, the power goes after the hold time, a stage and ten seconds."""
    rig = Watching(**{**settings, "has_power_switch": True})
    rig.do("at", 95.0, {}, frozenset((RIG,)), frozenset())
    rig.wait(rig.machine.settings.hold)
    end = rig.now + rig.machine.settings.patience + 10
    while rig.now < end:
        rig.wait(POLL)
        if celsius is None:
            rig.do("silence")
        else:
            rig.do("at", celsius, {}, frozenset((RIG,)), frozenset())
    assert rig.state is State.CUT


@pytest.mark.parametrize("off", ["paused", "power"])
@given(settings=SETTINGS)
def test_a_pause_that_helps_keeps_the_power(off: str, settings: dict[str, Any]) -> None:
    """Seen paused or off, and silent: nothing more happens."""
    rig = Watching(**{**settings, "pauses": frozenset((RIG,))})
    rig.do("at", 95.0, {}, frozenset((RIG,)), frozenset())
    rig.wait(rig.machine.settings.hold)
    if off == "paused":
        rig.do("confirmed", RIG)
    else:
        rig.do("power", False, None)
    before = len(rig.log)
    for _ in range(20):
        rig.wait(POLL)
        rig.do("silence")
    assert rig.state is State.PAUSED
    assert not [found for _, found in rig.log[before:] if found.act in STOPS]


def followed(monkeypatch: pytest.MonkeyPatch) -> list[tuple[State, Event, State]]:
    """Note each rule that is applied, and where it led."""
    found: list[tuple[State, Event, State]] = []
    apply = Protection._apply

    def note(machine: Protection, event: Event) -> None:
        before = machine.memory.state
        apply(machine, event)
        found.append((before, event, machine.memory.state))

    monkeypatch.setattr(Protection, "_apply", note)
    return found


def any_step(chance: Random) -> tuple[Any, ...]:
    """Return a step of a long walk: mostly time and readings, sometimes all else."""
    temperatures = (40.0, 60.0, 80.0, 89.0, 91.0, 93.0, 95.0, 97.0)
    if chance.random() < 0.3:
        return ("wait", chance.choice((1.0, 5.0, 10.0, 20.0, 61.0, 301.0)))
    if chance.random() < 0.7:
        cards = {"gpu_0": chance.choice(temperatures)} if chance.random() < 0.3 else {}
        paused = frozenset((RIG,)) if chance.random() < 0.5 else frozenset()
        return (
            "at",
            chance.choice((*temperatures, None)),
            cards,
            frozenset((RIG,)),
            paused,
        )
    return chance.choice(
        [
            ("silence",),
            ("refused",),
            ("stopped",),
            ("started",),
            ("reset",),
            ("confirmed", RIG),
            ("restart",),
            ("power", True, None),
            ("power", False, None),
            ("switch_off",),
            ("switch_on",),
        ]
    )


def test_rules_lead_where_they_say(monkeypatch: pytest.MonkeyPatch) -> None:
    """No rule leads to a state that it does not name, and every rule is used."""
    found = followed(monkeypatch)
    chance = Random(7)
    for walk in range(120):
        rig = Guarded(
            may_resume=walk % 2 == 0,
            has_power_switch=walk % 3 != 0,
            hold=chance.choice((0.0, 20.0)),
            pauses=frozenset(chance.choice(((RIG,), (RIG, "gpu_0"), ("gpu_0",), ()))),
        )
        for _ in range(300):
            name, *args = any_step(chance)
            if name in ("wait", "restart"):
                getattr(rig, name)(*args)
            elif name == "at":
                celsius, cards, running, paused = args
                rig.at(celsius, running=running, paused=paused, **cards)
            else:
                rig.call(getattr(rig.machine, name), *args)
    reached: dict[tuple[State, Event], set[State]] = {}
    for before, event, after in found:
        reached.setdefault((before, event), set()).add(after)
    for key, states in reached.items():
        rule = RULES.get(key)
        assert states <= {key[0], *(rule.leads_to if rule else ())}, key
    assert reached.keys() >= RULES.keys()
    assert all(
        reached[key] & rule.leads_to for key, rule in RULES.items() if rule.leads_to
    )


def test_every_word_of_a_rule_is_a_state() -> None:
    """A cell of the table that names a state leads there."""
    for (state, event), rule in RULES.items():
        for word in rule.text.replace(",", " ").replace(";", " ").split("→ ")[1:]:
            assert State(word.split()[0]) in rule.leads_to | {state}, (state, event)


def test_the_limits_of_the_tests() -> None:
    """The temperatures above are those of the settings."""
    assert LIMIT == 90
    assert RESUME_BELOW == 75
