"""What polls ask for, and which states they write."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
import json
from pathlib import Path
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.components.sensor import ATTR_STATE_CLASS, DOMAIN as SENSOR
from homeassistant.const import (
    ATTR_FRIENDLY_NAME,
    ATTR_UNIT_OF_MEASUREMENT,
    EVENT_STATE_CHANGED,
    STATE_UNKNOWN,
    UnitOfTemperature,
)
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.entity_component import DATA_INSTANCES
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import async_capture_events

from custom_components.mining_rig.model import Quantity, Reading, Value
from custom_components.mining_rig.readings import (
    ACCEPTED,
    ENERGY,
    FAN_LEVEL,
    MINING,
    POOL,
    POWER,
    STARTED,
    TEMPERATURE,
)
from custom_components.mining_rig.writing import should_write, writing_rule
from simulator.hardware import Card
from simulator.models import RTX_3070
from simulator.xmrig import SimulatedXMRig

from .rigs import (
    async_pass,
    async_pass_polls,
    async_set_up,
    entity_id,
    entry_for,
    state,
)
from .scripted import ScriptedSource, async_add

pytestmark = pytest.mark.usefixtures("socket_enabled")

FIXTURES = Path(__file__).parent / "fixtures" / "xmrig"
CARD = "03:00.0"
NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)
LIMIT = Reading[float]("test_writing_limit", Quantity.POWER, setting=True)


@pytest.fixture(autouse=True)
def _noon(freezer: FrozenDateTimeFactory) -> None:
    """Let it always be the same moment."""
    freezer.move_to("2026-11-01 12:00:00+00:00")


@pytest.fixture
async def rig() -> AsyncIterator[SimulatedXMRig]:
    """Return a rig with a processor and two cards that always tells the same."""
    async with SimulatedXMRig(token="secret", restricted=False) as rig:
        for path, name in (
            ("/2/summary", "summary_v2_6.22.1_windows_cpu.json"),
            ("/2/backends", "backends_6.22_cpu_opencl_cuda.json"),
        ):
            rig.answers[path] = json.loads((FIXTURES / name).read_text())
        yield rig


@pytest.fixture
async def lively() -> AsyncIterator[SimulatedXMRig]:
    """Return a rig with a card whose values never stand still."""
    async with SimulatedXMRig(
        token="secret", restricted=False, cards=[Card(model=RTX_3070)]
    ) as rig:
        yield rig


def tell(rig: SimulatedXMRig, hashrate: float | None) -> None:
    """Let the rig tell another hashrate of its processor, and nothing else anew."""
    summary: Any = rig.answers["/2/summary"]
    summary["hashrate"]["total"][0] = hashrate


def measured(hass: HomeAssistant) -> set[str]:
    """Return the entities whose statistics are kept."""
    return {
        s.entity_id for s in hass.states.async_all() if ATTR_STATE_CLASS in s.attributes
    }


def reported(hass: HomeAssistant, since: datetime) -> set[str]:
    """Return the entities whose states were written, changed or not."""
    return {s.entity_id for s in hass.states.async_all() if s.last_reported >= since}


def changed(hass: HomeAssistant, since: datetime) -> set[str]:
    """Return the entities whose states were written because they changed."""
    return {s.entity_id for s in hass.states.async_all() if s.last_updated >= since}


async def test_one_request_a_poll(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    """Of a rig without cards little more than the summary is asked for."""
    async with SimulatedXMRig(token="secret", restricted=False) as rig:
        await async_set_up(hass, entry_for(rig))
        before = len(rig.requests)
        await async_pass_polls(hass, freezer, 60)
        assert 60 <= len(rig.requests) - before <= 66


async def test_cards_are_asked_for_at_every_third_poll(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, lively: SimulatedXMRig
) -> None:
    """That is often enough for what their drivers measure."""
    await async_set_up(hass, entry_for(lively))
    before = len(lively.requests)
    await async_pass_polls(hass, freezer, 60)
    paths = [request.path for request in lively.requests[before:]]
    assert paths.count("/2/summary") == 60
    assert 20 <= paths.count("/2/backends") <= 21
    assert len(paths) <= 84


@pytest.mark.usefixtures("entity_registry_enabled_by_default")
async def test_measurements_are_reported_each_minute_where_nothing_changes(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, rig: SimulatedXMRig
) -> None:
    """Statistics and the energy helpers look at when something was last reported."""
    await async_set_up(hass, entry_for(rig))
    await async_pass_polls(hass, freezer, 2)
    assert len(measured(hass)) >= 15
    assert len(hass.states.async_all()) - len(measured(hass)) >= 10
    # Its uptime stands still, so the moment of its start moves.
    moving = {
        entity_id(hass, "sensor", "started"),
        entity_id(hass, "sensor", "xmrig_pool_since"),
    }
    since = dt_util.utcnow()
    for _ in range(3):
        seen: set[str] = set()
        for _ in range(6):
            await async_pass(hass, freezer)
            now = dt_util.utcnow()
            assert not seen & reported(hass, now)
            seen |= reported(hass, now)
        assert seen - moving == measured(hass)
        # Cards, too, whether they were requested at this poll or not.
        assert entity_id(hass, "sensor", "temperature", CARD) in seen
    assert changed(hass, since + timedelta(seconds=1)) <= moving


async def test_a_missed_poll_writes_nothing(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, rig: SimulatedXMRig
) -> None:
    """What was not read is not reported."""
    await async_set_up(hass, entry_for(rig))
    await async_pass_polls(hass, freezer, 5)
    rig.fault("garbage")
    await async_pass(hass, freezer)
    assert not reported(hass, dt_util.utcnow())


@pytest.mark.usefixtures("entity_registry_enabled_by_default")
async def test_what_changes_is_written(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, rig: SimulatedXMRig
) -> None:
    """And nothing else; a value that is not known any more is unknown."""
    await async_set_up(hass, entry_for(rig))
    await async_pass_polls(hass, freezer, 2)
    hashrate = entity_id(hass, "sensor", "hashrate")
    before = state(hass, "sensor", "hashrate")

    tell(rig, 6000.0)
    await async_pass(hass, freezer)
    assert changed(hass, dt_util.utcnow()) == {hashrate}
    after = state(hass, "sensor", "hashrate")
    assert (after.state, after.attributes) == ("6.0", before.attributes)

    # A latency of 0 is one that was not measured.
    before = state(hass, "sensor", "pool_latency")
    rig.answers["/2/summary"]["connection"]["ping"] = 0
    await async_pass(hass, freezer)
    assert changed(hass, dt_util.utcnow()) == {before.entity_id}
    after = state(hass, "sensor", "pool_latency")
    assert (after.state, after.attributes) == (STATE_UNKNOWN, before.attributes)


async def test_what_the_owner_changes_stays(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, rig: SimulatedXMRig
) -> None:
    """A name and a unit of the owner's hold at all polls that follow."""
    await async_set_up(hass, entry_for(rig))
    await async_pass_polls(hass, freezer, 2)
    registry = er.async_get(hass)
    hashrate = entity_id(hass, "sensor", "hashrate")
    warmth = entity_id(hass, "sensor", "temperature", CARD)
    registry.async_update_entity(hashrate, name="Speed")
    registry.async_update_entity_options(
        warmth, SENSOR, {"unit_of_measurement": UnitOfTemperature.FAHRENHEIT}
    )
    await hass.async_block_till_done()
    for kilo in (3, 3, 4, 5):
        tell(rig, kilo * 1000.0)
        backends: Any = rig.answers["/2/backends"]
        backends[1]["threads"][0]["health"]["temperature"] = 50
        await async_pass(hass, freezer)
        shown = state(hass, "sensor", "hashrate")
        assert shown.state == f"{kilo}.0"
        assert shown.attributes[ATTR_FRIENDLY_NAME].endswith("Speed")
    shown = state(hass, "sensor", "temperature", CARD)
    assert float(shown.state) == 122
    assert shown.attributes[ATTR_UNIT_OF_MEASUREMENT] == UnitOfTemperature.FAHRENHEIT


async def test_what_others_write_is_put_right(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, rig: SimulatedXMRig
) -> None:
    """Anyone can write a state; within a minute it is what the sensor shows."""
    await async_set_up(hass, entry_for(rig))
    await async_pass_polls(hass, freezer, 2)
    before = state(hass, "sensor", "hashrate")
    hass.states.async_set(before.entity_id, "42")
    await async_pass_polls(hass, freezer, 6)
    after = state(hass, "sensor", "hashrate")
    assert (after.state, after.attributes) == (before.state, before.attributes)


@pytest.mark.usefixtures("entity_registry_enabled_by_default")
async def test_no_hashrate_without_its_unit(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, rig: SimulatedXMRig
) -> None:
    """Not for a moment; and a 0 is shown at once, in the usual one."""
    summary: Any = rig.answers["/2/summary"]
    summary["hashrate"] = {"total": [0.0, 0.0, 0.0], "highest": None}
    rig.answers["/2/backends"] = []
    await async_set_up(hass, entry_for(rig))
    await async_pass_polls(hass, freezer, 2)
    for channel in ("hashrate", "hashrate_1m"):
        zero = state(hass, "sensor", channel)
        assert zero.state == "0.0"
        assert zero.attributes[ATTR_UNIT_OF_MEASUREMENT] == "kH/s"

    written = async_capture_events(hass, EVENT_STATE_CHANGED)
    tell(rig, 4000.0)
    await async_pass(hass, freezer)
    shown = {
        (each.state, each.attributes.get(ATTR_UNIT_OF_MEASUREMENT))
        for event in written
        if (each := event.data["new_state"]) and "hashrate" in each.entity_id
    }
    assert ("4.0", "kH/s") in shown
    assert {unit for text, unit in shown if text != STATE_UNKNOWN} == {"kH/s"}
    assert state(hass, "sensor", "hashrate_1m").state == "0.0"


@pytest.mark.usefixtures("entity_registry_enabled_by_default")
async def test_states_are_written_as_home_assistant_writes_them(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, lively: SimulatedXMRig
) -> None:
    """Whoever has a state written, it is the one that was decided to be shown."""
    await async_set_up(hass, entry_for(lively, options={"base_power": 50}))
    sensors = hass.data[DATA_INSTANCES][SENSOR].entities
    ever_changed: set[str] = set()
    for _ in range(14):
        await async_pass(hass, freezer)
        ever_changed |= changed(hass, dt_util.utcnow())
        for sensor in sensors:
            before = hass.states.get(sensor.entity_id)
            sensor.async_write_ha_state()
            assert hass.states.get(sensor.entity_id) is before
    assert len(ever_changed) >= 15
    assert entity_id(hass, "sensor", "energy") in ever_changed
    assert entity_id(hass, "sensor", "hashrate") in ever_changed


# ---- the rule


@pytest.mark.parametrize(
    ("reading", "shown", "new", "seconds", "written"),
    [
        (TEMPERATURE, 60.4, 60.4, 600, False),
        (TEMPERATURE, 60.4, 60.45, 600, False),
        (TEMPERATURE, 60.4, 60.5001, 0, True),
        (TEMPERATURE, 59.9, 60.1, 0, True),
        (TEMPERATURE, 60.0, 60.1, 0, True),
        (TEMPERATURE, 60, 61, 0, True),
        (POWER, 200.0, 210.0, 0, True),
        (POWER, 200.0, 190.0, 0, True),
        (POWER, 200.0, 209.0, 0, False),
        (POWER, 200.0, 209.0, 57, False),
        (POWER, 200.0, 209.0, 60, True),
        (POWER, 200.0, 199.0, 60, False),  # half a percent
        (POWER, 100.0, 100.9, 60, False),  # less than a digit
        (POWER, 0.0, 0.2, 0, True),
        (POWER, 0.2, 0.0, 0, True),
        (POWER, None, 5.0, 0, True),
        (POWER, 5.0, None, 0, True),
        (ACCEPTED, 10, 1000, 10, False),
        (ACCEPTED, 10, 11, 60, True),
        (ACCEPTED, None, 0, 0, True),
        (ENERGY, 10.0, 12.0, 10, False),
        (ENERGY, 10.0, 10.1, 60, True),
        (POOL, "a", "b", 0, True),
        (POOL, "a", "a", 600, False),
        (STARTED, NOON, NOON + timedelta(seconds=1), 0, True),
        (MINING, True, False, 0, True),
        (LIMIT, 200.0, 201.0, 0, True),  # a setting
        (FAN_LEVEL, 40.0, 41.0, 60, False),  # a whole digit, and no more
        (FAN_LEVEL, 40.0, 41.5, 60, True),
    ],
)
def test_rule(
    reading: Reading[Any],
    shown: Value | None,
    new: Value | None,
    seconds: float,
    written: bool,
) -> None:
    """What is shown at once, what once a minute, and what is not enough."""
    assert should_write(writing_rule(reading), shown, new, seconds) is written


async def test_thresholds_are_noticed_at_once(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    """An automation sees each whole degree, and each large change, at that poll."""
    source = ScriptedSource({TEMPERATURE.plain: 59.9, POWER.plain: 200.0})
    await async_add(hass, source)
    warmth = entity_id(hass, "sensor", "temperature")
    power = entity_id(hass, "sensor", "power")
    fired: list[str] = []
    hass.bus.async_listen("fired", lambda event: fired.append(event.data["what"]))
    assert await async_setup_component(
        hass,
        "automation",
        {
            "automation": [
                {
                    "alias": what,
                    "triggers": {"trigger": "numeric_state", "entity_id": of, **limit},
                    "actions": {"event": "fired", "event_data": {"what": what}},
                }
                for what, of, limit in (
                    ("hot", warmth, {"above": 60}),
                    ("cool", warmth, {"below": 60}),
                    ("much", power, {"above": 205}),
                    ("off", power, {"below": 1}),
                )
            ]
        },
    )
    await async_pass(hass, freezer)

    async def poll(temperature: float, watts: float) -> list[str]:
        fired.clear()
        source.values = {TEMPERATURE.plain: temperature, POWER.plain: watts}
        await async_pass(hass, freezer)
        return sorted(fired)

    assert await poll(60.1, 201.0) == ["hot"]
    assert await poll(60.0, 203.0) == []
    assert await poll(60.3, 203.0) == ["hot"]
    assert await poll(59.8, 211.0) == ["cool", "much"]
    assert await poll(59.8, 0.0) == ["off"]


async def test_small_changes_wait_a_minute(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    """The coordinator has the raw value all the time; the sensor keeps its own."""
    source = ScriptedSource({POWER.plain: 200.0})
    entry = await async_add(hass, source)
    shown = []
    for watts in (203.0, 204.0, 205.0, 206.0, 207.0, 208.0, 209.0):
        source.values = {POWER.plain: watts}
        await async_pass(hass, freezer)
        assert entry.runtime_data.data.rig.values[POWER.plain] == watts
        # One that is written for another reason is no other.
        er.async_get(hass).async_update_entity(
            entity_id(hass, "sensor", "power"), icon=f"mdi:numeric-{watts:.0f}"
        )
        await hass.async_block_till_done()
        shown.append(float(state(hass, "sensor", "power").state))
    assert shown[:4] == [200.0] * 4
    assert len(set(shown)) == 2
    assert shown[-1] in (207.0, 208.0, 209.0)
