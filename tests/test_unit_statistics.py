"""What becomes of statistics when a sensor is shown in another unit."""

from collections.abc import AsyncIterator, Mapping
from datetime import datetime, timedelta
import json
from pathlib import Path
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.components.recorder import Recorder
from homeassistant.components.recorder.models import StatisticMeanType
from homeassistant.components.recorder.statistics import (
    async_import_statistics,
    get_metadata,
    statistics_during_period,
)
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import entity_registry as er, issue_registry as ir
from homeassistant.helpers.recorder import get_instance
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.components.recorder.common import (
    async_wait_recording_done,
    do_adhoc_statistics,
)

from simulator.xmrig import SimulatedXMRig

from .rigs import async_pass_polls, async_set_up, entity_id, entry_for, state

RECORDED = (
    Path(__file__).parent / "fixtures" / "xmrig" / "summary_v2_6.22.1_windows_cpu.json"
)

pytestmark = pytest.mark.usefixtures("socket_enabled")


@pytest.fixture(autouse=True)
def _custom_integrations(
    recorder_mock: Recorder, enable_custom_integrations: None
) -> None:
    """Start the recorder before everything else, as it has to be."""


@pytest.fixture
async def entry() -> AsyncIterator[MockConfigEntry]:
    """Return the entry of an XMRig that mines with some kH/s."""
    async with SimulatedXMRig(token="b6b8b4a2") as rig:
        yield entry_for(rig)


async def async_choose(
    hass: HomeAssistant, entry: MockConfigEntry, answers: Mapping[str, Any]
) -> None:
    """Go through the dialog that changes the unit of the rig's hashrate."""
    options = hass.config_entries.options
    flow = (await options.async_init(entry.entry_id))["flow_id"]
    await options.async_configure(flow, {"next_step_id": "units"})
    sensor = entity_id(hass, "sensor", "hashrate")
    form = await options.async_configure(flow, {"entity_id": sensor})
    assert [*form["data_schema"].schema] == ["unit", "statistics"]
    done = await options.async_configure(flow, dict(answers))
    assert done["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done()


def recorded(
    hass: HomeAssistant, sensor: str
) -> tuple[str | None, list[tuple[Any, ...]]]:
    """Return the unit of a sensor's statistics, and their mean, minimum, maximum."""
    known = get_metadata(hass, statistic_ids={sensor}).get(sensor)
    rows = statistics_during_period(
        hass,
        dt_util.utc_from_timestamp(0),
        None,
        {sensor},
        "hour",
        None,
        {"mean", "min", "max"},
    )
    return (
        known[1]["unit_of_measurement"] if known else None,
        [
            (row["start"], row["mean"], row["min"], row["max"])
            for row in rows.get(sensor, [])
        ],
    )


async def async_record(
    hass: HomeAssistant, sensor: str, unit: str, start: datetime, mean: float = 2000
) -> None:
    """Let a sensor have statistics of two hours."""
    async_import_statistics(
        hass,
        {
            "mean_type": StatisticMeanType.ARITHMETIC,
            "has_sum": False,
            "name": None,
            "source": "recorder",
            "statistic_id": sensor,
            "unit_class": None,
            "unit_of_measurement": unit,
        },
        [
            {"start": start, "mean": mean, "min": mean / 2, "max": mean * 1.5},
            {"start": start + timedelta(hours=1), "mean": mean * 2},
        ],
    )
    await async_wait_recording_done(hass)


@pytest.mark.parametrize(
    ("choice", "unit", "known"),
    [
        ("rescale", "kH/s", True),
        ("clear", "kH/s", False),
        # Statistics in a unit that is none cannot be rescaled.
        ("rescale", "rpm", False),
    ],
)
async def test_statistics(
    hass: HomeAssistant, entry: MockConfigEntry, choice: str, unit: str, known: bool
) -> None:
    """What was recorded is rescaled, or is gone; nothing is left in the old unit."""
    assert await async_set_up(hass, entry)
    sensor = entity_id(hass, "sensor", "hashrate")
    start = dt_util.utcnow().replace(minute=0, second=0, microsecond=0)
    start -= timedelta(hours=5)
    await async_record(hass, sensor, unit, start)

    await async_choose(hass, entry, {"unit": "MH/s", "statistics": choice})
    assert entry.state is ConfigEntryState.LOADED
    await async_wait_recording_done(hass)
    found = await get_instance(hass).async_add_executor_job(recorded, hass, sensor)
    hour = start.timestamp()
    rescaled = [(hour, 2, 1, 3), (hour + 3600, 4, None, None)]
    assert found == (("MH/s", rescaled) if known else (None, []))
    assert state(hass, "sensor", "hashrate").attributes["unit_of_measurement"] == "MH/s"


async def test_no_statistics(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """A sensor that was never recorded changes its unit all the same."""
    assert await async_set_up(hass, entry)
    await async_choose(hass, entry, {"unit": "MH/s"})
    assert state(hass, "sensor", "hashrate").attributes["unit_of_measurement"] == "MH/s"


async def test_statistics_go_on(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Home Assistant finds nothing to complain of when it records on."""
    assert await async_set_up(hass, entry)
    sensor = entity_id(hass, "sensor", "hashrate")
    start = dt_util.utcnow().replace(minute=0, second=0, microsecond=0)
    await async_record(hass, sensor, "kH/s", start - timedelta(hours=5))
    await async_choose(hass, entry, {"unit": "MH/s", "statistics": "rescale"})
    await async_wait_recording_done(hass)
    now = dt_util.utcnow()
    do_adhoc_statistics(
        hass, start=now.replace(minute=now.minute // 5 * 5, second=0, microsecond=0)
    )
    await async_wait_recording_done(hass)
    issues = ir.async_get(hass).issues
    assert [key for key in issues if key[0] == "sensor"] == []
    unit, rows = await get_instance(hass).async_add_executor_job(recorded, hass, sensor)
    assert unit == "MH/s"
    assert len(rows) >= 2


async def test_counts_that_had_a_noun(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    """What was recorded as "4 threads" goes on as "4", and nothing is asked."""
    assert await async_set_up(hass, entry)
    sensor = entity_id(hass, "sensor", "xmrig_threads", "cpu")
    registry = er.async_get(hass)
    registry.async_update_entity(sensor, unit_of_measurement="threads")
    start = dt_util.utcnow().replace(minute=0, second=0, microsecond=0)
    await async_record(hass, sensor, "threads", start - timedelta(hours=5), mean=4)
    await hass.config_entries.async_reload(entry.entry_id)
    await async_wait_recording_done(hass)
    now = dt_util.utcnow()
    do_adhoc_statistics(
        hass, start=now.replace(minute=now.minute // 5 * 5, second=0, microsecond=0)
    )
    await async_wait_recording_done(hass)
    assert [key for key in ir.async_get(hass).issues if key[0] == "sensor"] == []
    unit, rows = await get_instance(hass).async_add_executor_job(recorded, hass, sensor)
    assert unit is None
    assert [row[1] for row in rows][:2] == [4, 8]
    counted = registry.async_get(sensor)
    assert counted is not None
    assert counted.unit_of_measurement is None


async def test_zeros_cost_nothing(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    """Statistics of a 0 go on in the unit of the first value above it."""
    async with SimulatedXMRig(token="b6b8b4a2") as rig:
        answer = json.loads(RECORDED.read_bytes())
        answer["algo"] = "kawpow"
        answer["hashrate"]["total"] = [0.0, 0.0, 0.0]
        rig.answers["/2/summary"] = answer
        rig.answers["/2/backends"] = []
        assert await async_set_up(hass, entry_for(rig))
        sensor = entity_id(hass, "sensor", "hashrate")
        unit = state(hass, "sensor", "hashrate").attributes["unit_of_measurement"]
        assert unit == "MH/s"
        now = dt_util.utcnow().replace(minute=0, second=0, microsecond=0)
        await async_wait_recording_done(hass)
        await async_record(hass, sensor, unit, now - timedelta(hours=2), mean=0)
        answer["hashrate"]["total"] = [4884.25] * 3
        await async_pass_polls(hass, freezer, 1)
        await async_wait_recording_done(hass)

    shown = state(hass, "sensor", "hashrate")
    assert (shown.state, shown.attributes["unit_of_measurement"]) == ("4.88425", "kH/s")
    entity = er.async_get(hass).async_get(sensor)
    assert entity is not None
    assert entity.options["mining_rig"] == {"unit": "kH/s"}
    assert entity.unit_of_measurement == "kH/s"
    start = dt_util.utcnow()
    do_adhoc_statistics(
        hass, start=start.replace(minute=start.minute // 5 * 5, second=0, microsecond=0)
    )
    await async_wait_recording_done(hass)
    assert [key for key in ir.async_get(hass).issues if key[0] == "sensor"] == []
    unit, rows = await get_instance(hass).async_add_executor_job(recorded, hass, sensor)
    assert unit == "kH/s"
    assert rows[0][1] == 0
