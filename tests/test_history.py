"""The past that a source tells, in Home Assistant's long-term statistics."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.components.recorder import Recorder
from homeassistant.components.recorder.models import StatisticMeanType
from homeassistant.components.recorder.statistics import (
    async_list_statistic_ids,
    get_metadata,
    statistics_during_period,
)
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.components.recorder.common import (
    async_wait_recording_done,
)

from custom_components.mining_rig.flow.units import async_change_unit
from custom_components.mining_rig.history import hourly, statistic_id
from custom_components.mining_rig.model import (
    RIG,
    Channel,
    Part,
    PartKind,
    Quantity,
    Reading,
)
from custom_components.mining_rig.readings import HASHRATE, VERSION
from custom_components.mining_rig.sources.common.contract import (
    HistorySeries,
    SourceBusy,
    SourceUnreachable,
)

from .rigs import ID_ROOT, async_pass, entity_id, state
from .scripted import HistoriedSource, ScriptedSource, async_add, async_open

NOON = datetime(2024, 3, 9, 12, 7, 30, tzinfo=UTC)
HALF = timedelta(minutes=30)
REJECTED = Reading[float]("test_rejected_share", Quantity.RATIO)
ID = f"mining_rig:{ID_ROOT}_rig_hashrate"

type Rows = list[tuple[datetime, float, float, float]]


def points(
    *values: float, first: datetime, interval: timedelta = HALF
) -> list[tuple[datetime, float]]:
    """Return a value each half hour, or other interval."""
    return [(first + n * interval, value) for n, value in enumerate(values)]


def past(
    *values: float,
    ago: float,
    interval: timedelta = HALF,
    channel: Channel[Any] = HASHRATE.plain,
    part: str = RIG,
) -> HistorySeries:
    """Return values that begin so many hours before the hour that is not over."""
    first = NOON.replace(minute=0, second=0) - timedelta(hours=ago)
    told = points(*values, first=first, interval=interval)
    return HistorySeries(part=part, channel=channel, interval=interval, points=told)


def a_pool(*told: HistorySeries) -> HistoriedSource:
    """Return a pool with a past, where 5 TH/s are mined now."""
    source = HistoriedSource({HASHRATE.plain: 5e12, REJECTED.plain: 1.0})
    source.past = told
    return source


# ---- what an hour is made of


def hours(rows: Sequence[Any]) -> list[tuple[int, float, float, float]]:
    """Return hour, mean, least and greatest value of each row."""
    return [(r["start"].hour, r["mean"], r["min"], r["max"]) for r in rows]


def test_an_hour_is_the_mean_of_its_points() -> None:
    """In any order, each once, and only hours that are over."""
    told = points(1, 3, 4, 8, 100, first=NOON.replace(hour=10, minute=0, second=0))
    told = [told[3], told[0], told[0], told[1], told[2], told[4]]
    assert hours(hourly(told, HALF, NOON)) == [(10, 2, 1, 3), (11, 6, 4, 8)]


def test_half_of_an_hour_is_enough() -> None:
    """Fewer points than half of what there should be do not stand for an hour."""
    minute = timedelta(minutes=1)
    at_nine, at_ten = (
        points(*([2.0] * n), first=NOON.replace(hour=hour, minute=0), interval=minute)
        for hour, n in ((9, 29), (10, 30))
    )
    rows = hourly(at_nine + at_ten, minute, NOON)
    assert hours(rows) == [(10, 2, 2, 2)]


@pytest.mark.parametrize(
    ("interval", "wanted"),
    [
        (timedelta(hours=1), 2),
        (timedelta(minutes=45), 1),
        (timedelta(hours=1, seconds=1), 0),
        (timedelta(hours=3), 0),
        (timedelta(), 0),
        (timedelta(seconds=-60), 0),
    ],
)
def test_intervals(interval: timedelta, wanted: int) -> None:
    """An hour cannot be filled by an average over more than an hour."""
    told = points(1, 2, first=NOON.replace(hour=10, minute=0), interval=interval)
    assert len(hourly(told, interval, NOON)) == wanted


def test_hours_are_utc() -> None:
    """Where a time zone is off by half an hour, the recorder's hours are not."""
    zone = dt_util.get_time_zone("Asia/Kolkata")
    told = [
        (at.astimezone(zone), value)
        for at, value in points(1, 3, first=NOON.replace(hour=10, minute=0, second=0))
    ]
    (row,) = hourly(told, HALF, NOON)
    assert row["start"] == datetime(2024, 3, 9, 10, tzinfo=UTC)
    assert row["start"].tzinfo is UTC


@pytest.mark.parametrize(
    ("unique_id", "wanted"),
    [
        ("headframe_7cc4835b-19ed-5178_rig_hashrate", "headframe_7cc4835b_19ed_5178"),
        ("A1__b--C_rig_hashrate", "a1_b_c"),
        ("_x_rig_hashrate", "x"),
    ],
)
def test_ids(unique_id: str, wanted: str) -> None:
    """An id of statistics has small letters and single underscores."""
    assert statistic_id(unique_id) == f"mining_rig:{wanted}_rig_hashrate"


# ---- without a recorder


async def test_no_recorder(hass: HomeAssistant) -> None:
    """Nothing is asked for that could be put nowhere."""
    source = a_pool(past(1e12, 1e12, ago=2))
    await async_add(hass, source)
    assert source.asked == []


# ---- with a recorder


async def recorded(hass: HomeAssistant, known_as: str = ID) -> Rows:
    """Return start, mean, minimum and maximum of each hour, in the recorded unit."""
    await hass.async_block_till_done(wait_background_tasks=True)
    await async_wait_recording_done(hass)
    found = statistics_during_period(
        hass,
        dt_util.utc_from_timestamp(0),
        None,
        {known_as},
        "hour",
        None,
        {"mean", "min", "max"},
    )
    rows: Rows = []
    for row in found.get(known_as, ()):
        values = [row.get("mean"), row.get("min"), row.get("max")]
        mean, least, greatest = (float(v) for v in values if v is not None)
        rows.append((dt_util.utc_from_timestamp(row["start"]), mean, least, greatest))
    return rows


def at(hour: int) -> datetime:
    """Return an hour of the day."""
    return NOON.replace(hour=hour, minute=0, second=0)


def unit(hass: HomeAssistant, known_as: str = ID) -> str | None:
    """Return the unit of the statistics."""
    found = get_metadata(hass, statistic_ids={known_as})
    return found[known_as][1]["unit_of_measurement"]


class TestRecorder:
    """What is in the recorder afterwards."""

    @pytest.fixture(autouse=True)
    def _custom_integrations(
        self,
        recorder_mock: Recorder,
        enable_custom_integrations: None,
        freezer: FrozenDateTimeFactory,
    ) -> None:
        """Start the recorder before everything else, as it has to be; it is noon."""
        freezer.move_to(NOON)

    async def test_all_there_is_at_first(self, hass: HomeAssistant) -> None:
        """In the unit of the sensor, and without the hour that is not over."""
        source = a_pool(
            past(1e12, 3e12, 5e12, 5e12, 9e12, ago=2),
            past(1.5, 2.5, ago=1, channel=REJECTED.plain),
        )
        await async_add(hass, source)
        assert await recorded(hass) == [(at(10), 2, 1, 3), (at(11), 5, 5, 5)]
        assert source.asked == [None]
        rejected = f"mining_rig:{ID_ROOT}_rig_test_rejected_share"
        assert await recorded(hass, rejected) == [(at(11), 2, 1.5, 2.5)]
        listed = await async_list_statistic_ids(hass, {ID, rejected})
        assert listed == [
            {
                "display_unit_of_measurement": "TH/s",
                "has_mean": True,
                "has_sum": False,
                "mean_type": StatisticMeanType.ARITHMETIC,
                "name": "Office PC Hashrate",
                "source": "mining_rig",
                "statistic_id": ID,
                "statistics_unit_of_measurement": "TH/s",
                "unit_class": None,
            },
            {
                "display_unit_of_measurement": "%",
                "has_mean": True,
                "has_sum": False,
                "mean_type": StatisticMeanType.ARITHMETIC,
                "name": "Office PC test_rejected_share",
                "source": "mining_rig",
                "statistic_id": rejected,
                "statistics_unit_of_measurement": "%",
                "unit_class": None,
            },
        ]

    async def test_only_what_is_missing(
        self, hass: HomeAssistant, freezer: FrozenDateTimeFactory
    ) -> None:
        """Once an hour, from the newest hour on, which may have been incomplete."""
        source = a_pool(past(1e12, 1e12, 2e12, ago=2))
        await async_add(hass, source)
        assert await recorded(hass) == [(at(10), 1, 1, 1), (at(11), 2, 2, 2)]
        for _ in range(5):
            # Until five past one the pool has hardly told the hour to its end.
            await async_pass(hass, freezer, 600)
        assert source.asked == [None]
        source.past = [past(1e13, 1e13, 2e12, 4e12, 6e12, 8e12, ago=2)]
        await async_pass(hass, freezer, 600)
        assert source.asked == [None, at(11)]
        # What was there before is not asked for again, nor changed.
        assert await recorded(hass) == [
            (at(10), 1, 1, 1),
            (at(11), 3, 2, 4),
            (at(12), 7, 6, 8),
        ]
        await async_pass(hass, freezer, 600)
        assert len(source.asked) == 2

    async def test_nothing_is_missing_after_a_reload(self, hass: HomeAssistant) -> None:
        """An entry that is set up again does not ask for what is there."""
        source = a_pool(past(1e12, 1e12, ago=1))
        entry = await async_add(hass, source)
        await recorded(hass)
        await hass.config_entries.async_unload(entry.entry_id)
        await async_open(hass, entry, source)
        await recorded(hass)
        assert source.asked == [None]

    async def test_parts_have_a_past_of_their_own(self, hass: HomeAssistant) -> None:
        """By their key; a name can change and be used twice."""
        source = a_pool(past(2e12, 2e12, ago=1, part="w-1"))
        source.others = [Part(kind=PartKind.WORKER, key="w-1", name="Attic")]
        await async_add(hass, source)
        worker = f"mining_rig:{ID_ROOT}_w_1_hashrate"
        assert await recorded(hass, worker) == [(at(11), 2, 2, 2)]
        (listed,) = await async_list_statistic_ids(hass, {worker})
        assert listed["name"] == "Office PC Attic Hashrate"

    async def test_a_unit_is_kept(
        self, hass: HomeAssistant, freezer: FrozenDateTimeFactory
    ) -> None:
        """Without a sensor's unit one that suits the past is chosen, once."""
        source = a_pool(past(3e9, 3e9, ago=1))
        source.values = {VERSION.plain: "1"}
        await async_add(hass, source)
        assert await recorded(hass) == [(at(11), 3, 3, 3)]
        assert unit(hass) == "GH/s"
        source.values = {HASHRATE.plain: 5e12}
        source.past = [past(3e12, 3e12, ago=0)]
        await async_pass(hass, freezer, 3600)
        assert state(hass, "sensor", "hashrate").attributes["unit_of_measurement"] == (
            "TH/s"
        )
        assert (await recorded(hass))[-1] == (at(12), 3000, 3000, 3000)
        assert unit(hass) == "GH/s"

    @pytest.mark.parametrize(
        ("rescale", "wanted"),
        [(True, [(10, 1000.0), (11, 2000.0)]), (False, [(11, 3000.0)])],
    )
    async def test_another_unit(
        self, hass: HomeAssistant, rescale: bool, wanted: list[tuple[int, float]]
    ) -> None:
        """The past follows the sensor; cleared, it is what the pool still tells."""
        source = a_pool(past(1e12, 1e12, 2e12, 2e12, ago=2))
        entry = await async_add(hass, source)
        await recorded(hass)
        source.past = [past(3e12, 3e12, ago=1)]
        sensor = entity_id(hass, "sensor", "hashrate")
        await self.async_change_unit(hass, entry, source, sensor, rescale)
        rows = [(row[0].hour, row[1]) for row in await recorded(hass)]
        assert rows == wanted
        assert unit(hass) == "GH/s"

    async def async_change_unit(
        self,
        hass: HomeAssistant,
        entry: MockConfigEntry,
        source: ScriptedSource,
        sensor: str,
        rescale: bool,
    ) -> None:
        """Show the sensor in GH/s."""
        await hass.config_entries.async_unload(entry.entry_id)
        await async_change_unit(hass, entry, sensor, "GH/s", rescale=rescale)
        await hass.config_entries.async_unload(entry.entry_id)
        await async_wait_recording_done(hass)
        await async_open(hass, entry, source)

    @pytest.mark.parametrize(
        "error", [SourceUnreachable("gone"), SourceBusy("later", retry_after=60)]
    )
    async def test_a_pool_that_cannot(
        self,
        hass: HomeAssistant,
        freezer: FrozenDateTimeFactory,
        error: SourceUnreachable | SourceBusy,
    ) -> None:
        """It is asked again in the next hour, not before."""
        source = a_pool(past(1e12, 1e12, ago=1))
        source.history_error = error
        await async_add(hass, source)
        assert await recorded(hass) == []
        source.history_error = None
        await async_pass(hass, freezer, 600)
        assert len(source.asked) == 1
        await async_pass(hass, freezer, 3600)
        assert await recorded(hass) == [(at(11), 1, 1, 1)]

    async def test_a_rig_that_is_off(
        self, hass: HomeAssistant, freezer: FrozenDateTimeFactory
    ) -> None:
        """It is asked when it answers again."""
        source = a_pool(past(1e12, 1e12, ago=1))
        entry = await async_add(hass, source)
        await recorded(hass)
        await hass.config_entries.async_unload(entry.entry_id)
        source.error = SourceUnreachable("off")
        await async_open(hass, entry, source)
        await async_pass(hass, freezer, 3600)
        assert len(source.asked) == 1
        source.error = None
        await async_pass(hass, freezer, 60)
        await hass.async_block_till_done(wait_background_tasks=True)
        assert source.asked == [None, at(11)]

    async def test_an_interval_that_is_too_long(self, hass: HomeAssistant) -> None:
        """Nothing is made up."""
        source = a_pool(past(1e12, 1e12, ago=9, interval=timedelta(hours=3)))
        await async_add(hass, source)
        assert await recorded(hass) == []
        assert get_metadata(hass, statistic_ids={ID}) == {}

    async def test_it_stays_when_the_entry_goes(self, hass: HomeAssistant) -> None:
        """As a sensor's statistics do; the pool would not tell it again."""
        source = a_pool(past(1e12, 1e12, ago=1))
        entry = await async_add(hass, source)
        before = await recorded(hass)
        assert before
        await hass.config_entries.async_remove(entry.entry_id)
        await hass.async_block_till_done()
        assert await recorded(hass) == before
