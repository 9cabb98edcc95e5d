"""What the watchdog decides, with time that the tests move."""

from typing import Any

from hypothesis import given, strategies as st
import pytest

from custom_components.mining_rig.watchdog import (
    LADDER,
    POWER_OFF_FOR,
    NormalHashrate,
    Step,
    Watchdog,
    WatchdogSettings,
    Work,
    normal_percent,
)

AFTER = 600.0
STARTS = 60.0
ALL = frozenset(LADDER)


class Watched:
    """A watchdog with a clock that the test moves in steps of a poll."""

    def __init__(self, steps: frozenset[Step] = ALL, **changes: Any) -> None:
        """Begin at the moment 5000."""
        self.now = 5000.0
        self.is_stuck = False
        """Whether nothing turns on."""
        self.dog = Watchdog(WatchdogSettings(after=AFTER, steps=steps, **changes))

    def see(self, seconds: float, hashrate: float | None = 0, **work: Any) -> list[str]:
        """Let time pass, with a reading every ten seconds; return what was decided."""
        decided: list[Step] = []
        end = self.now + seconds
        while self.now < end:
            self.now += 10
            now = self.dog.observe(Work(hashrate=hashrate, **work), self.now)
            if {Step.POWER_ON, Step.START_MINER} & {*now} and not self.is_stuck:
                self.dog.turned_on(self.now)
            decided += now
        return [str(step) for step in decided]

    def restart(self) -> None:
        """Restart Home Assistant: another clock."""
        dumped = self.dog.dump(self.now)
        self.now = 12.0
        self.dog = Watchdog(self.dog.settings)
        self.dog.load(dumped, self.now)


def test_no_hashrate_for_too_long() -> None:
    """The first step comes after that time, not before."""
    rig = Watched()
    rig.see(10, 100)
    assert not rig.see(AFTER)
    assert rig.see(10) == ["restart_miner"]


def test_a_hashrate_in_between() -> None:
    """The time begins anew."""
    rig = Watched()
    rig.see(AFTER - 10)
    assert not rig.see(10, 100)
    assert not rig.see(AFTER)


def test_all_steps() -> None:
    """Miner, rig, power; each after its time, and the time that a start takes."""
    rig = Watched()
    assert rig.see(AFTER + 10) == ["restart_miner"]
    assert not rig.see(STARTS + AFTER - 10)
    assert rig.see(10) == ["restart_rig"]
    assert rig.see(STARTS + AFTER) == ["power_off"]
    assert rig.dog.due == rig.now + POWER_OFF_FOR
    assert not rig.see(POWER_OFF_FOR - 10, None, answers=False)
    assert rig.see(10, None, answers=False) == ["power_on"]
    assert rig.dog.due is None
    assert not rig.see(STARTS + AFTER - 10, None, answers=False)
    assert rig.see(10, None, answers=False) == ["given_up"]
    assert not rig.see(5000)


def test_success_begins_at_the_first_step_again() -> None:
    """A restart that helped leaves the stronger steps for later."""
    rig = Watched()
    rig.see(AFTER + 10)
    rig.see(1000, 100)
    assert rig.see(AFTER + 10) == ["restart_miner"]


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        ({Step.RESTART_RIG}, ["restart_rig"] * 3),
        (
            {Step.RESTART_MINER, Step.RESTART_RIG},
            ["restart_miner", "restart_rig", "restart_rig"],
        ),
        ({Step.POWER_OFF}, ["power_off", "power_on"] * 3),
        (set(), []),
    ],
)
def test_only_steps_that_exist(steps: set[Step], expected: list[str]) -> None:
    """The strongest is repeated, as often as a day allows."""
    rig = Watched(frozenset(steps))
    assert rig.see(5000) == [*expected, "given_up"]


def test_a_limit_a_day() -> None:
    """What was given up is tried again when the steps are a day old."""
    rig = Watched(per_day=1)
    assert rig.see(5000) == ["restart_miner", "given_up"]
    assert not rig.see(86_400 - 5000)
    assert rig.see(AFTER + 10) == ["restart_rig"]
    assert rig.see(5000) == ["given_up"]


def test_a_day_is_not_over_when_it_mines_for_a_while() -> None:
    """Steps count over the time in which it mines."""
    rig = Watched(per_day=1)
    rig.see(AFTER + 10)
    rig.see(1000, 100)
    assert rig.see(AFTER + 10) == ["given_up"]
    rig.see(10, 100)
    assert rig.see(AFTER + 10) == ["given_up"]


@pytest.mark.parametrize(
    ("share", "hashrate", "normal", "is_low"),
    [
        (50, 49.9, 100, True),
        (50, 0.1, None, False),
        (50, 50, 100, False),
        (0, 1, 100, False),
        (0, 0, 100, True),
        (50, 1, None, False),
        (50, 0, None, True),
        (50, None, 100, False),
    ],
)
def test_a_share_of_the_normal(
    share: float, hashrate: float | None, normal: float | None, is_low: bool
) -> None:
    """What is not known is not too low."""
    rig = Watched(share=share)
    decided = rig.see(AFTER + 10, hashrate, normal=normal)
    assert decided == (["restart_miner"] if is_low else [])


@pytest.mark.parametrize(
    "work", [{"should_mine": False}, {"is_protected": True}, {"is_starting": True}]
)
def test_when_it_keeps_still(work: dict[str, bool]) -> None:
    """While its order is off, while it is protected, while it starts."""
    rig = Watched()
    assert not rig.see(9999, 0, **work)
    assert not rig.see(AFTER)


def test_the_time_after_a_start() -> None:
    """It counts only from the end of the time that a start may take."""
    rig = Watched()
    rig.see(10, 0, is_starting=True)
    assert not rig.see(STARTS + AFTER - 10)
    assert rig.see(10) == ["restart_miner"]


def test_an_interruption_begins_anew() -> None:
    """What was too low before an off does not count after it."""
    rig = Watched()
    rig.see(AFTER - 10)
    rig.see(10, 0, should_mine=False)
    assert not rig.see(AFTER)


def test_a_rig_that_does_not_answer() -> None:
    """Only its power reaches it."""
    rig = Watched()
    assert rig.see(AFTER + 10, None, answers=False) == ["power_off"]
    silent = Watched(frozenset((Step.RESTART_MINER,)))
    assert silent.see(9999, None, answers=False) == ["given_up"]


@pytest.mark.parametrize("held", [{"should_mine": False}, {"is_protected": True}])
def test_the_power_stays_off_for_others(held: dict[str, bool]) -> None:
    """Until it may mine again."""
    rig = Watched(frozenset((Step.POWER_OFF,)))
    rig.see(AFTER + 10)
    assert not rig.see(999, None, answers=False, **held)
    assert rig.dog.due is None
    assert rig.see(10, None, answers=False) == ["power_on"]


def test_an_on_is_tried_again() -> None:
    """Every 30 s, until it succeeds."""
    rig = Watched(frozenset((Step.POWER_OFF,)))
    rig.is_stuck = True
    rig.see(AFTER + 10)
    assert rig.see(POWER_OFF_FOR * 3) == ["power_on"] * 3
    assert not rig.see(POWER_OFF_FOR - 10)
    assert rig.see(10) == ["power_on"]


def test_a_miner_that_is_switched() -> None:
    """It is off and on, which reaches it also while it does not answer."""
    steps = frozenset((Step.RESTART_MINER,))
    rig = Watched(steps, switched=steps)
    assert rig.see(AFTER + 10, None, answers=False) == ["restart_miner"]
    rig.restart()
    assert rig.see(10, None, answers=False) == ["start_miner"]
    assert rig.dog.off_by is None


def test_steps_age_over_a_restart() -> None:
    """They count for a day, whenever Home Assistant was restarted."""
    rig = Watched(per_day=1)
    rig.see(AFTER + 10)
    rig.see(43_200, 100)
    rig.restart()
    rig.see(43_200, 100)
    assert rig.see(AFTER + 10) == ["restart_miner"]


def test_restart_between_off_and_on() -> None:
    """The power comes back at the first reading that allows it."""
    rig = Watched(frozenset((Step.POWER_OFF,)))
    rig.see(AFTER + 10)
    rig.restart()
    assert rig.dog.due is None
    assert not rig.see(10, None, answers=False, is_protected=True)
    assert rig.see(10, None, answers=False) == ["power_on"]


def test_restart_keeps_the_count() -> None:
    """A day has as many steps as before, the ladder goes on, the time begins anew."""
    rig = Watched(per_day=2)
    rig.see(AFTER + 10)
    rig.restart()
    assert not rig.see(STARTS + AFTER - 10)
    assert rig.see(10) == ["restart_rig"]
    rig.restart()
    assert rig.see(STARTS + AFTER) == ["given_up"]
    rig.restart()
    assert not rig.see(AFTER + 10)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(
    st.fixed_dictionaries(
        {},
        optional=dict.fromkeys(
            (
                "steps",
                "rung",
                "given_up",
                "off_by",
                "quiet_for",
                "days",
                "today",
                "found",
            ),
            JSON,
        ),
    )
    | JSON
)
def test_any_memory_is_loaded(stored: Any) -> None:
    """Nonsense in the file of a rig stops nothing."""
    dog = Watchdog(WatchdogSettings(after=AFTER, steps=ALL))
    dog.load(stored, 100.0)
    dog.observe(Work(hashrate=0), 100.0)
    dog.observe(Work(hashrate=0), 1000.0)
    assert dog.steps is not None
    normal = NormalHashrate()
    normal.load(stored)
    normal.add(5, "2026-01-01", 0)
    normal.add(5, "2026-01-02", 0)
    assert normal.value is not None


# ---- the normal hashrate


def test_the_median_of_past_days() -> None:
    """Today does not count, nor what is 0 or not known."""
    normal = NormalHashrate()
    for minute, hashrate in enumerate([100, 0, None, 110, 300]):
        normal.add(hashrate, "2026-01-01", minute * 300)
    assert normal.value is None
    normal.add(50, "2026-01-02", 2000)
    assert normal.value == 110
    normal.add(60, "2026-01-03", 4000)
    assert normal.value == 80


def test_one_hashrate_in_five_minutes() -> None:
    """A day's memory is bounded."""
    normal = NormalHashrate()
    normal.add(100, "2026-01-01", 0)
    for second in range(1, 300):
        normal.add(999, "2026-01-01", second)
    normal.add(200, "2026-01-01", 300)
    normal.add(1, "2026-01-02", 301)
    assert normal.value == 150


def test_a_day_without_a_hashrate() -> None:
    """It is no normal day."""
    normal = NormalHashrate()
    normal.add(100, "2026-01-01", 0)
    normal.add(0, "2026-01-02", 1000)
    normal.add(0, "2026-01-03", 2000)
    assert normal.value == 100


def test_the_memory_is_bounded() -> None:
    """Two weeks; the rest is forgotten."""
    normal = NormalHashrate()
    for day in range(1, 29):
        for sample in range(400):
            normal.add(day, f"2026-02-{day:02}", sample * 300)
    normal.add(1, "2026-03-01", 0)
    assert list(normal.dump()["days"]) == [f"2026-02-{day}" for day in range(15, 29)]
    assert normal.value == 21.5
    for sample in range(400):
        normal.add(1, "2026-03-01", sample * 300)
    assert len(normal.dump()["found"]) == 288


def test_the_normal_hashrate_survives_a_restart() -> None:
    """Days and the day that has begun."""
    normal = NormalHashrate()
    normal.add(100, "2026-01-01", 0)
    normal.add(200, "2026-01-02", 1000)
    again = NormalHashrate()
    again.load(normal.dump())
    assert again.value == 100
    again.add(300, "2026-01-02", 5)
    again.add(1, "2026-01-03", 6)
    assert again.value == 175


@pytest.mark.parametrize(
    ("hashrate", "normal", "percent"),
    [(50, 200, 25), (0, 200, 0), (None, 200, None), (50, None, None), (50, 0, None)],
)
def test_percent_of_normal(
    hashrate: float | None, normal: float | None, percent: float | None
) -> None:
    """What is not known is not shown."""
    assert normal_percent(hashrate, normal) == percent
