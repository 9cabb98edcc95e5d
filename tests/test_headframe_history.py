"""The charts of an account at Headframe, as statistics of Home Assistant."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from unittest.mock import patch

from freezegun.api import FrozenDateTimeFactory
from homeassistant.components.recorder import Recorder
from homeassistant.components.recorder.statistics import (
    get_metadata,
    statistics_during_period,
)
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.components.recorder.common import (
    async_wait_recording_done,
)

from custom_components.mining_rig.sources.headframe.source import HeadframeSource
from simulator.headframe import SimulatedHeadframe

from .rigs import ID_ROOT, async_pass, async_set_up
from .test_headframe_actions import entry_of

NOW = datetime(2026, 10, 5, 15, 20, tzinfo=UTC)
ACCOUNT = f"mining_rig:{ID_ROOT}_rig_hashrate"


@pytest.fixture(autouse=True)
def _custom_integrations(
    recorder_mock: Recorder,
    enable_custom_integrations: None,
    monkeypatch: pytest.MonkeyPatch,
    freezer: FrozenDateTimeFactory,
) -> None:
    """Start the recorder before everything else, as it has to be."""
    freezer.move_to(NOW)
    monkeypatch.setattr("custom_components.mining_rig.sources.headframe.budget.GAP", 0)


@pytest.fixture
def enable_event_loop_debug() -> None:
    """Leave the event loop fast: hours pass in these tests."""


@pytest.fixture
async def pool(
    _custom_integrations: None, socket_enabled: None
) -> AsyncIterator[SimulatedHeadframe]:
    """Return a pool with an account."""
    async with SimulatedHeadframe() as pool:
        yield pool


def worker(pool: SimulatedHeadframe, index: int = 0) -> str:
    """Return the id of the statistics of a worker."""
    own = pool.account.machines[index].id.replace("-", "_")
    return f"mining_rig:{ID_ROOT}_{own}_hashrate"


async def hours(hass: HomeAssistant, known_as: str) -> dict[datetime, float]:
    """Return the mean of each hour, in TH/s."""
    await hass.async_block_till_done(wait_background_tasks=True)
    await async_wait_recording_done(hass)
    rows = statistics_during_period(
        hass, dt_util.utc_from_timestamp(0), None, {known_as}, "hour", None, {"mean"}
    )
    return {
        dt_util.utc_from_timestamp(row["start"]): mean
        for row in rows.get(known_as, ())
        if (mean := row.get("mean")) is not None
    }


async def test_the_longest_past_at_first(
    hass: HomeAssistant, pool: SimulatedHeadframe
) -> None:
    """A day, where the points of a week are further apart than an hour."""
    pool.pool.intervals["P1W"] = timedelta(hours=3).total_seconds()
    assert await async_set_up(hass, entry_of(pool))
    found = await hours(hass, ACCOUNT)
    assert 22 <= len(found) <= 24
    assert max(found) == NOW.replace(hour=14, minute=0)
    assert all(200 < mean < 400 for mean in found.values())
    cellar = await hours(hass, worker(pool))
    assert cellar.keys() == found.keys()
    assert all(mean == pytest.approx(196.5, rel=0.1) for mean in cellar.values())
    metadata = get_metadata(hass, statistic_source="mining_rig")
    names = {known[1]["name"] for known in metadata.values()}
    assert "HomeGarage Hashrate" in names
    assert "HomeGarage s21-cellar Hashrate" in names


async def test_a_week_where_it_can_be(
    hass: HomeAssistant, pool: SimulatedHeadframe
) -> None:
    """As far back as the pool tells every hour."""
    pool.pool.intervals["P1W"] = timedelta(hours=1).total_seconds()
    assert await async_set_up(hass, entry_of(pool))
    assert len(await hours(hass, ACCOUNT)) >= 166
    assert len(await hours(hass, worker(pool))) >= 166


@pytest.mark.slow
async def test_hour_by_hour(
    hass: HomeAssistant, pool: SimulatedHeadframe, freezer: FrozenDateTimeFactory
) -> None:
    """Each hour that ends is added, for the account and for each worker."""
    assert await async_set_up(hass, entry_of(pool))
    await hours(hass, ACCOUNT)
    asked = len(pool.calls(78))
    for _ in range(3 * 60):
        await async_pass(hass, freezer, 60)
    assert len(pool.calls(78)) == asked + 3
    for known_as in (ACCOUNT, worker(pool)):
        found = await hours(hass, known_as)
        assert max(found) == NOW.replace(hour=17, minute=0)
        assert sorted(found)[-24:] == [
            NOW.replace(hour=17, minute=0) - n * timedelta(hours=1)
            for n in reversed(range(24))
        ]


@pytest.mark.parametrize(("closed", "told"), [("36", True), ("78", False)])
async def test_charts_that_are_closed(
    hass: HomeAssistant,
    pool: SimulatedHeadframe,
    freezer: FrozenDateTimeFactory,
    caplog: pytest.LogCaptureFixture,
    closed: str,
    *,
    told: bool,
) -> None:
    """Without those of the workers the account has its past; it is said once."""
    pool.missing.add(closed)
    entry = entry_of(pool)
    assert await async_set_up(hass, entry)
    assert bool(await hours(hass, ACCOUNT)) is told
    assert not await hours(hass, worker(pool))
    asked = len(pool.calls(closed))
    await async_pass(hass, freezer, 3600)
    await async_pass(hass, freezer, 3600)
    await hours(hass, ACCOUNT)
    assert len(pool.calls(closed)) == asked
    assert caplog.text.count("charts are not open") == 1
    assert 404 in entry.runtime_data.source.diagnostics()["not_open"].values()


async def test_one_worker_that_is_gone(
    hass: HomeAssistant, pool: SimulatedHeadframe
) -> None:
    """A pool that knows one of them no more does not spoil it for the others."""
    entry = entry_of(pool)
    with patch.object(HeadframeSource, "history", return_value=[]):
        assert await async_set_up(hass, entry)
        # The set-up asks the recorder for what is missing; end that before it stops.
        await hass.async_block_till_done(wait_background_tasks=True)
    source = entry.runtime_data.source
    known = sorted(machine.id for machine in pool.account.machines)
    with patch.object(source, "_reader") as reader:
        reader.workers.by_id = [*known, "ffffffff-ffff-4fff-bfff-ffffffffffff"]
        told = await source.history(None, NOW)
    assert {past.part for past in told} == {"rig", known[0]}
    assert not source.diagnostics()["not_open"]
