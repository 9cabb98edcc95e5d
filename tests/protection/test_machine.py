"""What thermal protection decides, with time that the tests move."""

from typing import Any

import pytest

from custom_components.mining_rig.model import RIG
from custom_components.mining_rig.protection.data import Heat, Observation, State

from .guarded import HOLD, Guarded

STARTED = ["tell overheated", "pause rig", "repair overheated"]
CUT = ["tell power_cut", "power_off"]
NO_PLUG = {"has_power_switch": False}
ONLY_PLUG: dict[str, Any] = {"pauses": frozenset()}
CARDS: dict[str, Any] = {"pauses": frozenset((RIG, "gpu_0", "gpu_1"))}


# ---- hold time and first stage


def test_off_until_asked_for() -> None:
    """While it is switched off, no temperature means anything."""
    rig = Guarded()
    rig.call(rig.machine.switch_off)
    assert rig.state is State.OFF
    assert not rig.trip(150)
    assert rig.machine.due is None
    assert not rig.machine.is_overheating


def test_a_reading_at_the_limit_pauses_after_the_hold_time() -> None:
    """At the limit is too hot, and the hold time is exact."""
    rig = Guarded()
    assert not rig.at(89.9)
    assert not rig.later(10, 90)
    assert rig.state is State.HOT
    assert rig.machine.is_overheating
    assert rig.machine.due == rig.now + HOLD
    assert not rig.wait(HOLD - 0.1)
    assert rig.wait(0.1) == STARTED
    assert rig.state is State.PAUSING


def test_hot_readings_do_not_prolong_the_hold_time() -> None:
    """It counts from the first hot reading."""
    rig = Guarded()
    rig.at(91)
    assert not rig.later(10, 92)
    assert rig.later(10, 93)[:3] == STARTED


def test_a_cooler_reading_ends_the_hold_time() -> None:
    """A peak that is over before the hold time is no trip."""
    rig = Guarded()
    rig.at(95)
    rig.later(10, 89)
    assert rig.state is State.WATCHING
    assert not rig.wait(50)
    rig.at(95)
    assert not rig.wait(HOLD - 1)


def test_a_cool_reading_ends_it_too() -> None:
    """So does one below "resume below"."""
    rig = Guarded()
    rig.at(95)
    rig.later(10, 40)
    assert rig.state is State.WATCHING


def test_no_hold_time() -> None:
    """With 0 s the first hot reading pauses."""
    rig = Guarded(hold=0)
    assert rig.at(90) == STARTED


def test_what_disappears_while_hot_is_hot() -> None:
    """Failed polls and connectivity do not end the hold time."""
    rig = Guarded()
    rig.at(95)
    rig.wait(5)
    assert not rig.call(rig.machine.silence)
    rig.at()
    assert rig.wait(15) == STARTED


def test_a_hot_card_that_disappears_is_hot() -> None:
    """The other cards' readings do not stand for it."""
    rig = Guarded()
    rig.at(gpu_0=95, gpu_1=60)
    rig.later(10, gpu_1=60)
    assert rig.state is State.HOT
    assert rig.wait(10) == STARTED


def test_decisions_tell_what_is_hot() -> None:
    """An event has the part, its temperature and its limit."""
    rig = Guarded()
    rig.trip(gpu_0=95, gpu_1=93)
    told = rig.log[0][1].heat
    assert told == Heat(part=RIG, sensor="temperature", celsius=95, limit=90)
    assert rig.machine.hottest == told


def test_one_card_pauses_alone() -> None:
    """Where its own pause works, only the hot card pauses."""
    rig = Guarded(**CARDS)
    rig.at(gpu_0=95, gpu_1=60)
    assert rig.wait(HOLD)[1] == "pause gpu_0"


def test_several_hot_cards_pause_the_rig() -> None:
    """One pause is surer than several."""
    rig = Guarded(**CARDS)
    rig.at(gpu_0=95, gpu_1=95)
    assert rig.wait(HOLD)[1] == "pause rig"


def test_a_card_without_a_pause_pauses_the_rig() -> None:
    """Its own is not known to work."""
    rig = Guarded(**CARDS)
    rig.at(gpu_2=95)
    assert rig.wait(HOLD)[1] == "pause rig"


def test_cards_pause_where_the_rig_cannot() -> None:
    """Those that can are paused."""
    rig = Guarded(pauses=frozenset(("gpu_0", "gpu_1")))
    rig.at(gpu_0=95, gpu_1=96, gpu_2=97)
    assert rig.wait(HOLD)[1:3] == ["pause gpu_0", "pause gpu_1"]


def test_another_hot_card_pauses_the_rig() -> None:
    """While one is paused, the next one takes the rig along."""
    rig = Guarded(**CARDS)
    rig.at(gpu_0=95, gpu_1=60)
    rig.wait(HOLD)
    assert rig.later(5, gpu_0=92, gpu_1=91, paused=["gpu_0"]) == ["pause rig"]
    assert rig.machine.memory.targets == {"gpu_0", RIG}


def test_without_a_pause_the_power_goes() -> None:
    """No fan has to run on for a pause that there is not."""
    rig = Guarded(**ONLY_PLUG)
    assert rig.trip() == ["tell overheated", *CUT, "repair overheated"]
    assert rig.state is State.CUT


# ---- does the pause help?


def test_paused_and_cooler_is_paused() -> None:
    """2 °C less than at the trip is cooler."""
    rig = Guarded()
    rig.trip(95)
    rig.later(5, 93, paused=[RIG])
    assert not rig.wait(14.9)
    assert rig.state is State.PAUSING
    assert not rig.wait(0.1)
    assert rig.state is State.PAUSED
    assert not rig.wait(1000)


def test_paused_but_still_hot() -> None:
    """Less than 2 °C cooler is still hot; the pause was long enough ago for the fans."""
    rig = Guarded()
    rig.trip(95)
    rig.later(5, 93.1, paused=[RIG])
    assert not rig.wait(14.9)
    assert rig.wait(0.1) == CUT


def test_cool_is_not_still_hot() -> None:
    """Below "resume below", 2 °C do not matter."""
    rig = Guarded()
    rig.trip(90)
    rig.later(5, 74, paused=[RIG])
    assert rig.state is State.PAUSED


def test_just_resume_below_is_still_warm() -> None:
    """At "resume below" it is not below."""
    rig = Guarded(margin=1.0)
    rig.trip(90)
    rig.later(5, 89, paused=[RIG])
    assert rig.state is State.PAUSING
    assert rig.wait(20) == CUT


def test_a_pause_that_never_shows() -> None:
    """Cooler or not, a pause that is not read back is none."""
    rig = Guarded()
    rig.trip(95)
    rig.later(5, 60)
    rig.later(10, 60)
    assert rig.wait(5) == CUT


def test_the_call_that_reads_it_back() -> None:
    """The pause may be confirmed between two polls."""
    rig = Guarded()
    rig.trip(95)
    rig.call(rig.machine.confirmed, RIG)
    rig.wait(20)
    assert rig.state is State.PAUSED


def test_all_cards_have_to_be_paused() -> None:
    """One of two is no pause."""
    rig = Guarded(pauses=frozenset(("gpu_0", "gpu_1")))
    rig.trip(None, gpu_0=95, gpu_1=96)
    rig.call(rig.machine.confirmed, "gpu_0")
    assert not rig.machine.memory.confirmed
    rig.call(rig.machine.confirmed, "gpu_1")
    assert rig.machine.memory.confirmed


def test_a_paused_rig_pauses_its_cards() -> None:
    """The rig's own pause confirms a card's."""
    rig = Guarded(**CARDS)
    rig.at(gpu_0=95)
    rig.wait(HOLD)
    rig.call(rig.machine.confirmed, RIG)
    assert rig.machine.memory.confirmed


@pytest.mark.parametrize(
    ("changes", "patience"),
    [
        ({}, 20),
        ({"hold": 30}, 30),
        ({"hold": 0, "poll_interval": 30}, 60),
        ({"hold": 0, "poll_interval": 5, "confirm_within": 120}, 120),
        ({"hold": 0, "poll_interval": 0, "confirm_within": 0}, 1),
    ],
)
def test_the_time_of_a_stage(changes: dict[str, float], patience: float) -> None:
    """It is the longest of hold time, two polls and what the pause may take."""
    rig = Guarded(**changes, **ONLY_PLUG)
    assert rig.machine.settings.patience == patience


def test_rising_cuts_early() -> None:
    """Two readings in a row that rise are enough, after ten seconds for the fans."""
    rig = Guarded(hold=60)
    rig.trip(95)
    rig.later(2, 96)
    assert rig.state is State.PAUSING
    rig.later(2, 97)
    assert rig.state is State.CUTTING
    assert not rig.wait(5.9)
    assert rig.wait(0.1) == CUT


def test_a_reading_that_falls_ends_the_rise() -> None:
    """It starts anew."""
    rig = Guarded(hold=60)
    rig.trip(95)
    rig.later(2, 96)
    rig.later(2, 96)
    rig.later(2, 97)
    assert rig.state is State.PAUSING


def test_rising_where_it_is_cool_enough() -> None:
    """A part that is far cooler than at the trip may rise."""
    rig = Guarded(hold=60)
    rig.trip(95)
    for celsius in (80, 81, 82, 83):
        rig.later(2, celsius)
    assert rig.state is State.PAUSING


def test_rising_without_a_plug() -> None:
    """There is no other stage to come early."""
    rig = Guarded(hold=60, **NO_PLUG)
    rig.trip(95)
    for celsius in (96, 97, 98):
        assert not rig.later(2, celsius)


def test_silence_after_a_pause_that_was_read_back() -> None:
    """A rig that was seen paused may be silent."""
    rig = Guarded()
    rig.trip()
    rig.call(rig.machine.confirmed, RIG)
    rig.call(rig.machine.silence)
    assert not rig.wait(100)
    assert rig.state is State.PAUSED


def test_silence_after_a_pause_is_no_success() -> None:
    """Connectivity that is off does not mean that the rig is off."""
    rig = Guarded()
    rig.trip()
    rig.call(rig.machine.silence)
    assert rig.wait(20) == CUT


@pytest.mark.parametrize(("switch", "watts"), [(False, None), (None, 19.9), (True, 3)])
def test_silence_without_power(switch: bool | None, watts: float | None) -> None:
    """Plug off, or less than 20 W: it is off."""
    rig = Guarded()
    rig.trip()
    rig.call(rig.machine.silence)
    rig.call(rig.machine.power, switch, watts)
    assert not rig.wait(100)
    assert rig.state is State.PAUSED


@pytest.mark.parametrize(("switch", "watts"), [(True, None), (None, 20), (False, 300)])
def test_silence_with_power(switch: bool | None, watts: float | None) -> None:
    """A measured power counts more than the plug."""
    rig = Guarded()
    rig.trip()
    rig.call(rig.machine.power, switch, watts)
    assert rig.wait(20) == CUT


def test_no_power_but_hot() -> None:
    """A rig that still reports heat is not off."""
    rig = Guarded()
    rig.trip(95)
    rig.call(rig.machine.power, None, 0)
    rig.later(10, 96)
    assert rig.wait(10) == CUT


def test_without_a_plug_it_goes_on_pausing() -> None:
    """There is no second stage; it is told once, and paused again each time."""
    rig = Guarded(**NO_PLUG)
    rig.trip(95)
    rig.later(10, 96, paused=[RIG])
    assert rig.wait(10) == ["tell still_hot", "pause rig", "repair still_hot"]
    rig.later(10, 97, paused=[RIG])
    assert rig.wait(10) == ["pause rig"]
    rig.later(1, 40, paused=[RIG])
    assert rig.state is State.PAUSED
    assert rig.later(1, 40, paused=[RIG]) == ["repair_over still_hot"]


def test_a_card_that_stays_hot_pauses_the_rig() -> None:
    """Then, ten seconds later, the power goes."""
    rig = Guarded(**CARDS)
    rig.at(gpu_0=95)
    rig.wait(HOLD)
    rig.later(10, gpu_0=95, paused=["gpu_0"])
    assert rig.wait(10) == ["pause rig"]
    assert rig.state is State.CUTTING
    assert not rig.later(5, gpu_0=70, paused=["gpu_0", RIG])
    assert rig.wait(5) == CUT


def test_a_card_that_stays_hot_without_a_plug() -> None:
    """The rig's pause is what is left."""
    rig = Guarded(**CARDS, **NO_PLUG)
    rig.at(gpu_0=95)
    rig.wait(HOLD)
    rig.later(10, gpu_0=95, paused=["gpu_0"])
    assert "pause rig" in rig.wait(10)


def test_nothing_to_act_with() -> None:
    """Protection without any means is at least told of."""
    rig = Guarded(**ONLY_PLUG, **NO_PLUG)
    assert rig.trip() == ["tell overheated", "repair overheated"]
    assert rig.wait(20) == ["tell still_hot", "repair still_hot"]
    assert not rig.wait(100)


def test_a_refused_pause_is_repeated_at_the_next_poll() -> None:
    """Its time goes on."""
    rig = Guarded()
    rig.trip()
    rig.call(rig.machine.refused)
    assert not rig.wait(5)
    assert rig.at(96) == ["pause rig"]
    assert not rig.later(5, 95)
    rig.call(rig.machine.refused)
    assert rig.call(rig.machine.silence) == ["pause rig"]
    assert not rig.call(rig.machine.silence)
    assert rig.wait(10) == CUT


def test_the_plug_alone_where_the_rig_has_no_pause() -> None:
    """A card that stays hot is cut at once: no pause could help the fans."""
    rig = Guarded(pauses=frozenset(("gpu_0",)))
    rig.at(gpu_0=95)
    rig.wait(HOLD)
    rig.later(10, gpu_0=95)
    assert rig.wait(10) == CUT


# ---- while it is paused


def test_what_resumes_by_itself() -> None:
    """It is paused again; at the second time the power goes, after ten seconds."""
    rig = Guarded()
    rig.pause()
    assert rig.later(60, 70) == ["tell returned", "pause rig"]
    assert rig.state is State.PAUSING
    rig.later(5, 70, paused=[RIG])
    assert rig.state is State.PAUSED
    assert rig.later(60, 70) == ["tell returned", "pause rig"]
    assert rig.state is State.CUTTING
    assert rig.wait(10) == CUT


def test_it_resumes_before_the_pause_has_helped() -> None:
    """Once it was read back, running is a return."""
    rig = Guarded()
    rig.trip()
    rig.call(rig.machine.confirmed, RIG)
    assert rig.later(5, 94) == ["tell returned", "pause rig"]
    rig.call(rig.machine.confirmed, RIG)
    rig.at()
    assert rig.state is State.CUTTING


def test_it_resumes_without_a_temperature() -> None:
    """That it runs is enough."""
    rig = Guarded()
    rig.pause()
    assert rig.later(60) == ["tell returned", "pause rig"]


def test_it_resumes_while_it_is_warm() -> None:
    """Between "resume below" and the limit as well."""
    rig = Guarded()
    rig.pause()
    assert rig.later(60, 80) == ["tell returned", "pause rig"]


def test_another_card_that_runs_is_no_return() -> None:
    """Only what was paused comes back."""
    rig = Guarded(**CARDS)
    rig.at(gpu_0=95, gpu_1=60)
    rig.wait(HOLD)
    rig.later(1, gpu_0=70, gpu_1=60, running=["gpu_0", "gpu_1"], paused=["gpu_0"])
    assert rig.state is State.PAUSED
    assert not rig.later(10, gpu_0=70, gpu_1=60, running=["gpu_1"], paused=["gpu_0"])


def test_returns_without_a_plug() -> None:
    """It is paused again and again."""
    rig = Guarded(**NO_PLUG)
    rig.pause()
    for _ in range(3):
        assert "pause rig" in rig.later(60, 70)
        rig.later(5, 70, paused=[RIG])
    assert rig.state is State.PAUSED


def test_hot_again_while_paused() -> None:
    """A new pause, then the power."""
    rig = Guarded()
    rig.pause()
    rig.later(60, 85, paused=[RIG])
    assert not rig.later(10, 89, paused=[RIG])
    assert rig.later(10, 90, paused=[RIG]) == ["pause rig"]
    rig.later(10, 91, paused=[RIG])
    assert rig.wait(10) == CUT


def test_above_the_limit_but_cooling() -> None:
    """From 95 °C it takes its time."""
    rig = Guarded()
    rig.pause(93)
    assert not rig.later(10, 92, paused=[RIG])
    assert not rig.later(10, 91, paused=[RIG])
    assert rig.later(10, 93.5, paused=[RIG]) == ["pause rig"]


def test_power_that_returns() -> None:
    """Where only the missing power showed that it was off, the pause comes first."""
    rig = Guarded()
    rig.trip()
    rig.call(rig.machine.power, False, None)
    rig.wait(20)
    assert rig.state is State.PAUSED
    assert rig.call(rig.machine.power, True, None) == ["tell returned", "pause rig"]


def test_power_that_returns_to_a_paused_rig() -> None:
    """What was read back holds."""
    rig = Guarded()
    rig.pause()
    rig.call(rig.machine.power, False, None)
    assert not rig.call(rig.machine.power, True, None)
    assert not rig.call(rig.machine.power, True, 30)


def test_a_plug_that_is_unavailable_has_not_returned() -> None:
    """Not known is not on."""
    rig = Guarded()
    rig.trip()
    rig.call(rig.machine.power, False, None)
    rig.wait(20)
    assert not rig.call(rig.machine.power, None, None)


# ---- resuming


def test_it_resumes_what_it_stopped() -> None:
    """Below "resume below", after five minutes, where the owner allowed it."""
    rig = Guarded(may_resume=True)
    rig.trip()
    tripped = rig.now
    rig.later(5, 92, paused=[RIG])
    rig.later(20, 75, paused=[RIG])
    assert rig.machine.is_overheating
    rig.later(20, 74.9, paused=[RIG])
    assert not rig.machine.is_overheating
    rig.now = tripped + 299.9
    assert not rig.at(50, paused=[RIG])
    rig.now = tripped + 300
    assert not rig.at(75, paused=[RIG])
    assert rig.at(74.9, paused=[RIG]) == [
        "resume rig",
        "tell resumed",
        "repair_over overheated",
    ]
    assert rig.state is State.WATCHING


def test_it_does_not_resume_unless_allowed() -> None:
    """The owner turns it on."""
    rig = Guarded()
    rig.pause()
    assert not rig.later(9999, 30, paused=[RIG])
    assert rig.call(rig.machine.started) == ["repair_over overheated"]
    assert rig.state is State.WATCHING


def test_it_does_not_resume_what_others_stopped() -> None:
    """A rig that was paused already stays paused."""
    rig = Guarded(may_resume=True)
    rig.at(95, paused=[RIG])
    rig.wait(HOLD)
    rig.later(1, 70, paused=[RIG])
    assert rig.state is State.PAUSED
    assert not rig.later(999, 30, paused=[RIG])


def test_an_off_while_it_is_tripped_holds() -> None:
    """The owner's off takes over from protection's."""
    rig = Guarded(may_resume=True)
    rig.pause()
    rig.call(rig.machine.stopped)
    assert not rig.later(999, 30, paused=[RIG])


def test_a_sensor_that_was_hot_has_to_be_seen_cool() -> None:
    """Another card's temperature does not say that it has cooled."""
    rig = Guarded(may_resume=True)
    rig.trip(95, gpu_1=50)
    rig.call(rig.machine.confirmed, RIG)
    assert not rig.later(999, gpu_1=50, paused=[RIG])
    assert "resume rig" in rig.later(10, 60, gpu_1=50, paused=[RIG])


def test_every_sensor_has_to_be_cool() -> None:
    """One that is only warm waits."""
    rig = Guarded(may_resume=True)
    rig.pause()
    assert not rig.later(999, 60, gpu_1=80, paused=[RIG])


def test_power_comes_back_before_the_pause_ends() -> None:
    """What was cut has its power back first."""
    rig = Guarded(may_resume=True)
    rig.cut()
    assert not rig.later(100, 60, paused=[RIG])
    assert rig.later(200, 60, paused=[RIG])[:3] == [
        "power_on",
        "resume rig",
        "tell resumed",
    ]
    assert rig.state is State.WATCHING


def test_a_plug_that_was_off_before_stays_off() -> None:
    """It was not protection that turned it off."""
    rig = Guarded(may_resume=True, **ONLY_PLUG)
    rig.call(rig.machine.power, False, None)
    rig.trip()
    assert rig.state is State.CUT
    assert not rig.later(999, 30, running=[])


def test_without_power_nothing_is_known_to_be_cool() -> None:
    """A silent rig stays off."""
    rig = Guarded(may_resume=True)
    rig.cut()
    rig.call(rig.machine.silence)
    assert not rig.wait(99_999)
    assert rig.machine.is_overheating


def test_it_gets_hot_again_after_it_resumed() -> None:
    """That is a new trip, with a new hold time."""
    rig = Guarded(may_resume=True)
    rig.pause()
    rig.later(300, 60, paused=[RIG])
    rig.at(95)
    assert rig.state is State.HOT
    assert rig.wait(HOLD)[:2] == STARTED[:2]


# ---- latching


def trip_and_resume(rig: Guarded, apart: float = 3600) -> None:
    """Trip once, cool and resume; so many seconds later all is over."""
    rig.trip()
    rig.later(5, 60, paused=[RIG])
    rig.later(300, 60, paused=[RIG])
    rig.wait(apart - 305 - HOLD)


def test_three_trips_latch() -> None:
    """Nothing resumes until the owner resets it."""
    rig = Guarded(may_resume=True)
    trip_and_resume(rig)
    trip_and_resume(rig)
    assert rig.state is State.WATCHING
    assert rig.trip() == [
        "tell overheated",
        "tell latched",
        "pause rig",
        "repair latched",
        "repair overheated",
    ]
    rig.later(5, 60, paused=[RIG])
    assert not rig.later(9999, 40, paused=[RIG])
    assert rig.call(rig.machine.started) == ["pause rig"]
    rig.later(5, 60, paused=[RIG])
    assert rig.call(rig.machine.reset) == ["repair_over latched"]
    assert "resume rig" in rig.later(300, 40, paused=[RIG])


def test_three_trips_in_more_than_a_day() -> None:
    """Only those of the last 24 h count."""
    rig = Guarded(may_resume=True)
    trip_and_resume(rig, 43_200)
    trip_and_resume(rig, 43_200)
    assert "tell latched" not in rig.trip()
    rig.later(5, 60, paused=[RIG])
    rig.later(300, 60, paused=[RIG])
    assert "tell latched" in rig.trip()


def test_a_latch_is_told_once() -> None:
    """A fourth trip of a rig that its owner started needs no second latch."""
    rig = Guarded()
    for _ in range(3):
        rig.trip()
        rig.later(1, 60, paused=[RIG])
        rig.machine.memory.latched = False
        rig.call(rig.machine.started)
    rig.machine.memory.latched = True
    assert "tell latched" not in rig.trip()


def test_a_reset_forgets_the_trips() -> None:
    """The next trip is the first."""
    rig = Guarded(may_resume=True)
    trip_and_resume(rig)
    trip_and_resume(rig)
    rig.call(rig.machine.reset)
    assert "tell latched" not in rig.trip()


def test_a_latched_plug() -> None:
    """It is turned off again, whoever turned it on."""
    rig = Guarded()
    rig.cut()
    rig.machine.memory.latched = True
    assert "power_off" in rig.call(rig.machine.started)
    assert rig.state is State.CUT


# ---- the owner


def test_an_off_while_hot_is_no_trip() -> None:
    """It is a success; the rig cools."""
    rig = Guarded()
    rig.at(95)
    assert rig.call(rig.machine.stopped) == ["tell stopped_by_others"]
    rig.later(10, 92, paused=[RIG])
    assert not rig.wait(500)
    assert rig.state is State.STOPPED
    rig.at(89, paused=[RIG])
    assert rig.state is State.WATCHING
    assert not rig.machine.memory.trips


def test_a_plug_turned_off_while_hot_is_no_trip() -> None:
    """Nor is that."""
    rig = Guarded()
    rig.at(95)
    rig.call(rig.machine.power, False, None)
    assert rig.state is State.STOPPED
    rig.call(rig.machine.silence)
    assert not rig.wait(500)


def test_an_off_that_does_not_help() -> None:
    """Then it is protection's turn."""
    rig = Guarded()
    rig.at(95)
    rig.call(rig.machine.stopped)
    rig.later(10, 94)
    assert rig.wait(10) == STARTED


def test_an_off_that_nothing_shows() -> None:
    """Silence is no success."""
    rig = Guarded()
    rig.at(95)
    rig.call(rig.machine.stopped)
    rig.call(rig.machine.silence)
    assert rig.wait(20) == STARTED


def test_a_paused_rig_without_temperatures_after_an_off() -> None:
    """Many machines measure nothing while they are paused; one that runs is not off."""
    rig = Guarded()
    rig.at(95)
    rig.call(rig.machine.stopped)
    rig.later(10, paused=[RIG])
    assert not rig.wait(500)
    assert rig.state is State.STOPPED


def test_another_paused_card_is_no_off() -> None:
    """Only the pause of what was hot helps."""
    rig = Guarded()
    rig.at(gpu_0=95, gpu_1=60)
    rig.call(rig.machine.stopped)
    rig.later(10, paused=["gpu_1"], running=["gpu_0"])
    assert rig.wait(10) == STARTED


def test_a_paused_card_after_an_off() -> None:
    """That of the hot card does."""
    rig = Guarded()
    rig.at(gpu_0=95, gpu_1=60)
    rig.call(rig.machine.stopped)
    rig.later(10, paused=["gpu_0"], running=["gpu_1"])
    assert not rig.wait(500)


def test_a_sensor_that_disappears_after_an_off() -> None:
    """It is still as hot as it was."""
    rig = Guarded()
    rig.at(gpu_0=95, gpu_1=60)
    rig.call(rig.machine.stopped)
    rig.later(10, gpu_1=50)
    assert rig.state is State.STOPPED
    assert rig.wait(10) == STARTED


def test_hotter_after_an_off() -> None:
    """Once it had cooled a little, a rise is a new heat."""
    rig = Guarded()
    rig.at(95)
    rig.call(rig.machine.stopped)
    rig.later(10, 92)
    rig.wait(10)
    rig.at(92.9)
    assert rig.state is State.STOPPED
    rig.at(93.1)
    assert rig.state is State.HOT


def test_on_again_while_hot() -> None:
    """The hold time begins anew."""
    rig = Guarded()
    rig.at(95)
    rig.call(rig.machine.stopped)
    rig.wait(5)
    rig.call(rig.machine.started)
    assert rig.state is State.HOT
    assert not rig.wait(HOLD - 1)
    assert rig.wait(1) == STARTED


def test_the_plug_on_again_while_hot() -> None:
    """So it does for the plug."""
    rig = Guarded()
    rig.at(95)
    rig.call(rig.machine.power, False, None)
    rig.call(rig.machine.power, True, None)
    assert rig.state is State.HOT


@pytest.mark.parametrize("is_trip", [True, False])
def test_a_paused_rig_that_measures_nothing(*, is_trip: bool) -> None:
    """Five minutes later it may be turned on; it does not resume by itself."""
    rig = Guarded(may_resume=True)
    if is_trip:
        rig.trip()
    else:
        rig.at(95)
        rig.call(rig.machine.stopped)
    rig.later(5, paused=[RIG])
    rig.later(294, paused=[RIG])
    assert rig.machine.is_overheating
    assert not rig.later(1, paused=[RIG])
    assert not rig.machine.is_overheating
    assert rig.state is (State.PAUSED if is_trip else State.STOPPED)
    # What it measured before the pause does not count while it starts.
    rig.call(rig.machine.started)
    assert not rig.wait(300)
    assert rig.state is State.WATCHING


def test_what_a_paused_rig_measures_counts() -> None:
    """A sensor that is warm, and one that was hot."""
    rig = Guarded()
    rig.trip()
    rig.later(5, paused=[RIG])
    rig.later(295, paused=[RIG])
    assert not rig.machine.is_overheating
    rig.at(gpu_0=80, paused=[RIG])
    assert rig.machine.is_overheating
    rig.at(gpu_0=60, paused=[RIG])
    assert not rig.machine.is_overheating
    rig.at(85, paused=[RIG])
    assert rig.machine.is_overheating


def test_other_sensors_of_a_paused_rig_after_an_off() -> None:
    """Its chips may be missing where its boards are not."""
    rig = Guarded()
    rig.at(95, gpu_0=60)
    rig.call(rig.machine.stopped)
    rig.later(10, gpu_0=50, paused=[RIG])
    assert not rig.wait(500)
    assert rig.state is State.WATCHING
    assert not rig.machine.memory.trips


def test_on_while_tripped_and_hot() -> None:
    """The owner may, and protection gives it the hold time."""
    rig = Guarded()
    rig.trip()
    rig.later(5, 94)
    rig.call(rig.machine.started)
    assert rig.state is State.HOT
    assert rig.wait(HOLD)[:2] == STARTED[:2]


def test_on_after_a_cut() -> None:
    """The owner turns the plug on."""
    rig = Guarded()
    rig.cut()
    rig.later(5, 60)
    rig.call(rig.machine.started)
    assert rig.state is State.WATCHING


def test_switching_off_while_tripped() -> None:
    """Nothing resumes, the repairs are over."""
    rig = Guarded(may_resume=True)
    rig.pause()
    assert rig.call(rig.machine.switch_off) == ["repair_over overheated"]
    assert not rig.later(999, 30, paused=[RIG])


def test_switching_on_while_hot() -> None:
    """The hold time begins with it."""
    rig = Guarded()
    rig.call(rig.machine.switch_off)
    rig.at(95)
    rig.call(rig.machine.switch_on)
    assert rig.wait(HOLD) == STARTED


# ---- the second stage


def test_a_cut_that_is_seen() -> None:
    """The plug shows it."""
    rig = Guarded(**ONLY_PLUG)
    rig.trip()
    rig.call(rig.machine.power, False, None)
    assert not rig.wait(1000)


def test_a_plug_that_does_not_turn_off() -> None:
    """It is ordered again, told once, and over when it is off."""
    rig = Guarded(**ONLY_PLUG)
    rig.call(rig.machine.power, True, 300)
    rig.trip()
    assert not rig.wait(9.9)
    assert rig.wait(0.1) == [
        "tell power_stays_on",
        "power_off",
        "repair power_stays_on",
    ]
    assert rig.wait(60) == ["power_off"]
    assert rig.call(rig.machine.power, False, 0) == ["repair_over power_stays_on"]
    assert not rig.wait(1000)


def test_a_meter_that_is_late() -> None:
    """A plug that is off has a minute until its meter has to show it."""
    rig = Guarded(**ONLY_PLUG)
    rig.trip()
    rig.call(rig.machine.power, False, 300)
    assert rig.wait(10) == ["power_off"]
    rig.wait(50)
    assert "tell power_stays_on" in rig.wait(10)


def test_a_plug_that_was_off_already() -> None:
    """Nothing is to be told of."""
    rig = Guarded(**ONLY_PLUG)
    rig.call(rig.machine.power, False, None)
    rig.trip()
    assert not rig.wait(1000)


def test_a_plug_that_turns_on_by_itself() -> None:
    """It is turned off again."""
    rig = Guarded()
    rig.cut()
    assert rig.call(rig.machine.power, True, None) == ["tell returned", "power_off"]
    assert "tell power_stays_on" in rig.wait(10)


@pytest.mark.parametrize("celsius", [None, 95, 80, 60])
def test_a_rig_that_does_not_hang_on_the_plug(celsius: float | None) -> None:
    """It mines although the power is off: pause it and tell."""
    rig = Guarded()
    rig.trip()
    rig.later(5, 96, paused=[RIG])
    rig.wait(15)
    rig.call(rig.machine.power, False, None)
    assert not rig.later(59, celsius)
    assert rig.later(1, celsius) == [
        "tell power_stays_on",
        "pause rig",
        "repair power_stays_on",
    ]
    assert rig.later(10, celsius) == ["pause rig"]


def test_a_silent_rig_without_power() -> None:
    """As it should be."""
    rig = Guarded()
    rig.cut()
    assert not rig.later(100, running=[])


# ---- restarts


def test_restart_while_watching() -> None:
    """It goes on watching."""
    rig = Guarded()
    rig.at(60)
    assert not rig.restart()
    assert rig.state is State.WATCHING
    assert rig.trip()[:2] == STARTED[:2]


def test_restart_while_off() -> None:
    """It stays off."""
    rig = Guarded()
    rig.call(rig.machine.switch_off)
    assert not rig.restart()
    assert rig.state is State.OFF


def test_restart_while_hot() -> None:
    """The rest of the hold time goes on, without a reading as well."""
    rig = Guarded()
    rig.at(95)
    rig.wait(15)
    assert not rig.restart()
    assert rig.state is State.HOT
    assert not rig.wait(4.9)
    assert rig.wait(0.1) == STARTED


def test_restart_while_hot_and_then_cool() -> None:
    """A cooler reading ends it."""
    rig = Guarded()
    rig.at(95)
    rig.restart()
    rig.at(60)
    assert rig.state is State.WATCHING


def test_restart_while_pausing() -> None:
    """The pause is ordered again: it may never have been sent."""
    rig = Guarded()
    rig.trip()
    rig.later(5, 95, paused=[RIG])
    assert rig.restart() == ["pause rig"]
    assert not rig.machine.memory.confirmed
    assert rig.wait(20) == CUT


def test_restart_while_paused() -> None:
    """It looks whether it runs, and resumes only after five minutes of its own clock."""
    rig = Guarded(may_resume=True)
    rig.pause()
    rig.wait(200)
    assert not rig.restart()
    assert rig.state is State.PAUSED
    assert not rig.at(60, paused=[RIG])
    assert not rig.later(70, 60, paused=[RIG])
    assert "resume rig" in rig.later(10, 60, paused=[RIG])


def test_restart_while_paused_and_it_runs() -> None:
    """A miner may have forgotten its pause."""
    rig = Guarded()
    rig.pause()
    rig.restart()
    assert rig.at(92) == ["tell returned", "pause rig"]


def test_restart_while_cutting() -> None:
    """Pause, ten seconds, power."""
    rig = Guarded(hold=60)
    rig.trip()
    rig.later(1, 96)
    rig.later(1, 97)
    assert rig.state is State.CUTTING
    assert rig.restart() == ["pause rig"]
    assert not rig.wait(9.9)
    assert rig.wait(0.1) == CUT


def test_restart_after_a_cut() -> None:
    """The power is turned off again."""
    rig = Guarded(may_resume=True)
    rig.cut()
    assert rig.restart() == ["power_off"]
    assert rig.state is State.CUT
    rig.call(rig.machine.power, False, None)
    assert rig.later(300, 60, paused=[RIG])[:2] == ["power_on", "resume rig"]


def test_restart_after_an_owners_off() -> None:
    """It waits anew whether that helps."""
    rig = Guarded()
    rig.at(95)
    rig.call(rig.machine.stopped)
    assert not rig.restart()
    assert not rig.wait(19.9)
    assert rig.wait(0.1) == STARTED


def test_a_restart_keeps_trips_and_latch() -> None:
    """The time that Home Assistant was down does not count."""
    rig = Guarded(may_resume=True)
    trip_and_resume(rig)
    trip_and_resume(rig)
    rig.restart(down=999)
    assert "tell latched" in rig.trip()
    rig.restart()
    assert rig.machine.memory.latched


# ---- no readings


def test_mining_without_a_reading() -> None:
    """After 60 s there is an event and a repair, until a temperature comes."""
    rig = Guarded()
    rig.at(60)
    rig.call(rig.machine.silence)
    assert rig.machine.due == rig.now + 60
    assert not rig.wait(59.9)
    assert rig.wait(0.1) == ["tell no_reading", "repair no_reading"]
    assert rig.machine.due is None
    assert not rig.later(100)
    assert rig.at(60) == ["repair_over no_reading"]


def test_the_time_without_a_reading_begins_with_mining() -> None:
    """A rig that starts has 60 s to show a temperature."""
    rig = Guarded()
    rig.at(60, running=[])
    assert not rig.wait(5000)
    assert not rig.at()
    assert not rig.wait(59)
    assert rig.wait(1) == ["tell no_reading", "repair no_reading"]


def test_a_rig_that_is_off_needs_no_reading() -> None:
    """Its power shows it."""
    rig = Guarded()
    rig.at(60)
    rig.call(rig.machine.power, False, None)
    assert not rig.wait(5000)


def test_a_paused_rig_needs_no_reading() -> None:
    """It does not mine."""
    rig = Guarded()
    rig.at(60, paused=[RIG])
    assert not rig.wait(5000)


def test_frozen_readings() -> None:
    """Everything the same for five minutes, while it mines."""
    rig = Guarded()
    for _ in range(30):
        assert not rig.later(10, 60, measured=(60, 120, 1500))
    assert rig.later(10, 60, measured=(60, 120, 1500)) == [
        "tell frozen",
        "repair frozen",
    ]
    assert not rig.later(10, 60, measured=(60, 120, 1500))
    assert rig.later(10, 60, measured=(60, 121, 1500)) == ["repair_over frozen"]


@pytest.mark.parametrize(
    "seen", [{"measured": None}, {"measured": 1, "running": []}], ids=str
)
def test_readings_that_are_not_frozen(seen: dict[str, Any]) -> None:
    """A rig that rests changes little; without a measurement there is no telling."""
    rig = Guarded()
    for _ in range(100):
        assert not rig.later(10, 60, **seen)


def test_silence_is_not_frozen() -> None:
    """No reading is another matter."""
    rig = Guarded()
    rig.at(60, measured=1)
    assert rig.wait(999) == ["tell no_reading", "repair no_reading"]


def test_no_part_is_hotter_than_the_hottest() -> None:
    """Each sensor is held against its own limit."""
    rig = Guarded()
    heats = (
        Heat(part="gpu_0", sensor="temperature", celsius=80, limit=90),
        Heat(part="gpu_0", sensor="memory_temperature", celsius=104, limit=110),
    )
    seen = Observation(heats=heats, running=frozenset((RIG,)))
    assert not rig.call(rig.machine.observe, seen)
    hottest = rig.machine.hottest
    assert hottest is not None
    assert hottest.sensor == "memory_temperature"
    assert hottest.excess == -6
    assert not rig.machine.is_overheating
