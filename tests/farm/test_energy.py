"""The energy of a farm never jumps, and survives restarts and crashes."""

from datetime import UTC, datetime, timedelta
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.const import EVENT_HOMEASSISTANT_FINAL_WRITE
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.mining_rig.const import DOMAIN
from custom_components.mining_rig.farm.energy import FarmEnergy
from custom_components.mining_rig.farm.member import Member
from custom_components.mining_rig.model import Part, PartKind, Snapshot, part_map
from custom_components.mining_rig.readings import (
    ENERGY,
    ENERGY_ESTIMATE,
    MINING,
    POWER,
    POWER_ESTIMATE,
)
from custom_components.mining_rig.sources.common.contract import SourceUnreachable
from custom_components.mining_rig.store import RigStore
from tests.rigs import async_pass
from tests.scripted import ScriptedSource, async_open

from .farming import (
    async_add_farm,
    async_add_rig,
    async_settle,
    farm_entity,
    farm_of,
    farm_state,
    mining,
    number,
)

WATTS = 3_600.0
"""1 Wh a second."""


@pytest.fixture
def source() -> ScriptedSource:
    """Return a rig."""
    return ScriptedSource(mining(5_000.0, WATTS))


@pytest.fixture
async def rig(hass: HomeAssistant, source: ScriptedSource) -> MockConfigEntry:
    """Return its loaded entry."""
    return await async_add_rig(hass, "rig", source)


@pytest.fixture
async def farm(hass: HomeAssistant, rig: MockConfigEntry) -> MockConfigEntry:
    """Return a farm of it."""
    return await async_add_farm(hass)


async def async_minutes(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, minutes: int = 1
) -> None:
    """Let minutes pass, at 10 s a poll."""
    for _ in range(6 * minutes):
        await async_pass(hass, freezer, 10)
    await async_pass(hass, freezer, 2)


def energy_of(farm: MockConfigEntry) -> float:
    """Return the energy of a farm in Wh."""
    return farm_of(farm).data.energy


async def test_sum_of_increases(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, farm: MockConfigEntry
) -> None:
    """It rises by what the rigs take, from when there is the farm."""
    await async_minutes(hass, freezer, 5)
    assert energy_of(farm) == pytest.approx(300, abs=25)
    assert number(hass, "energy") == pytest.approx(0.3, abs=0.08)
    state = farm_state(hass, "energy")
    assert state.attributes["device_class"] == "energy"
    assert state.attributes["state_class"] == "total_increasing"


async def test_added_removed_and_reloaded(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    rig: MockConfigEntry,
    farm: MockConfigEntry,
) -> None:
    """None of these makes it jump."""
    await async_minutes(hass, freezer, 5)
    before = energy_of(farm)
    other = ScriptedSource({POWER.plain: 0.0, ENERGY.plain: 900_000.0})
    added = await async_add_rig(hass, "other", other)
    await async_minutes(hass, freezer)
    assert energy_of(farm) - before == pytest.approx(60, abs=25)
    await hass.config_entries.async_remove(added.entry_id)
    await async_minutes(hass, freezer)
    assert energy_of(farm) - before == pytest.approx(120, abs=40)
    before = energy_of(farm)
    assert await hass.config_entries.async_unload(rig.entry_id)
    await async_minutes(hass, freezer)
    assert energy_of(farm) == before
    await async_open(hass, rig, ScriptedSource(mining(5_000.0, 0.0)))
    await async_minutes(hass, freezer)
    assert energy_of(farm) == pytest.approx(before, abs=1)
    await hass.config_entries.async_reload(farm.entry_id)
    await async_minutes(hass, freezer)
    assert energy_of(farm) == pytest.approx(before, abs=1)


async def test_a_rig_that_left_and_is_back(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, rig: MockConfigEntry
) -> None:
    """What it took meanwhile is not the farm's."""
    await async_add_rig(hass, "two", ScriptedSource(mining(1.0, 0.0)))
    farm = await async_add_farm(hass)
    await async_minutes(hass, freezer)
    before = energy_of(farm)
    hass.config_entries.async_update_entry(farm, options={"left_out": ["entry_rig"]})
    await hass.config_entries.async_reload(farm.entry_id)
    await async_minutes(hass, freezer, 3)
    hass.config_entries.async_update_entry(farm, options={})
    await hass.config_entries.async_reload(farm.entry_id)
    await async_pass(hass, freezer, 2)
    assert energy_of(farm) - before < 15


async def test_off(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    source: ScriptedSource,
    farm: MockConfigEntry,
) -> None:
    """A rig that is off leaves rates and stays in energy."""
    await async_minutes(hass, freezer, 2)
    assert number(hass, "hashrate_rx0") == 5
    before = number(hass, "energy")
    source.error = SourceUnreachable("off")
    await async_minutes(hass, freezer, 2)
    assert farm_state(hass, "hashrate_rx0").state == "unknown"
    assert farm_state(hass, "power").state == "unknown"
    assert number(hass, "energy") >= before > 0
    assert number(hass, "farm_rigs") == 1
    assert number(hass, "farm_rigs_online") == number(hass, "farm_rigs_mining") == 0


async def test_midnight(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, rig: MockConfigEntry
) -> None:
    """Today's energy begins with 0 at local midnight; all of it goes on."""
    await hass.config.async_set_time_zone("America/New_York")
    freezer.move_to("2027-06-02 03:55:00+00:00")
    await async_settle(hass, freezer)
    farm = await async_add_farm(hass)
    await async_minutes(hass, freezer, 4)
    before = number(hass, "energy")
    assert number(hass, "farm_energy_today") == before > 0.1
    await async_minutes(hass, freezer)
    today = farm_of(farm).data.energy_today
    assert today < 30
    assert number(hass, "farm_energy_today") < 0.05
    assert energy_of(farm) > 200
    await hass.config_entries.async_reload(farm.entry_id)
    await async_pass(hass, freezer, 2)
    assert farm_of(farm).data.energy_today >= today


async def test_another_day_after_a_restart(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, farm: MockConfigEntry
) -> None:
    """What was of yesterday is not of today."""
    await async_minutes(hass, freezer, 3)
    assert await hass.config_entries.async_unload(farm.entry_id)
    freezer.tick(86_400)
    assert await hass.config_entries.async_setup(farm.entry_id)
    await async_pass(hass, freezer, 2)
    assert farm_of(farm).data.energy_today < 30
    assert energy_of(farm) > 100


async def test_kill(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, farm: MockConfigEntry
) -> None:
    """What is on disk is a minute old at most."""
    await async_minutes(hass, freezer, 5)
    before = energy_of(farm)
    store = RigStore(hass, farm.entry_id)
    await store.async_load()
    copy = FarmEnergy()
    copy.load(store.energy["energy"], store.derived["farm"])
    assert 0 <= before - copy.total <= 75
    assert copy.today == pytest.approx(copy.total)


async def test_stop(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, farm: MockConfigEntry
) -> None:
    """When Home Assistant stops, nothing is lost."""
    await async_minutes(hass, freezer, 2)
    await async_pass(hass, freezer, 10)
    await async_pass(hass, freezer, 2)
    before = energy_of(farm)
    hass.bus.async_fire(EVENT_HOMEASSISTANT_FINAL_WRITE)
    await hass.async_block_till_done()
    store = RigStore(hass, farm.entry_id)
    await store.async_load()
    assert store.energy["energy"] == before
    # Nothing is added up any more.
    await async_minutes(hass, freezer)
    assert energy_of(farm) == before


@pytest.mark.parametrize("after", [40.0, 160.0])
def test_a_rig_restored_from_before_a_crash(after: float) -> None:
    """The rig saved at another moment than the farm: what was missed counts, once."""
    energy = FarmEnergy()
    moment = _moment(0)
    energy.add([_member(100.0)], {"rig": 1.0}, moment)
    kept = FarmEnergy()
    kept.load(0.0, energy.dump())
    kept.add([_member(after)], {"rig": 1.0}, _moment(60))
    assert kept.total == max(0.0, after - 100)
    kept.add([_member(after + 5)], {"rig": 1.0}, _moment(70))
    assert kept.total == max(0.0, after - 100) + 5


@pytest.mark.parametrize(
    "stored",
    [
        None,
        [],
        {"today": "x", "day": 5, "seen": []},
        {"today": 5.0, "day": "never", "seen": {"a": 5, "b": {"totals": 1}}},
        {"seen": {"a": {"totals": {"energy": "x"}, "at": "y"}}},
        {"seen": {"a": {"totals": {"energy": -1}, "at": 1}}},
    ],
)
def test_stored_nonsense(stored: Any) -> None:
    """It costs nothing but itself."""
    energy = FarmEnergy()
    energy.load(7.0, stored)
    assert energy.add([_member(10.0)], {"rig": 1.0}, _moment(0)) == 0
    assert energy.add([_member(15.0)], {"rig": 1.0}, _moment(10)) == 5
    assert energy.total == 12
    assert energy.today == 5


async def test_estimates(hass: HomeAssistant, freezer: FrozenDateTimeFactory) -> None:
    """Where nothing measures, what the owner says counts."""
    source = ScriptedSource({POWER_ESTIMATE.plain: WATTS, MINING.plain: True})
    await async_add_rig(hass, "rig", source)
    farm = await async_add_farm(hass)
    await async_minutes(hass, freezer, 2)
    assert farm_of(farm).data.power == WATTS
    assert energy_of(farm) == pytest.approx(120, abs=25)
    rig = hass.config_entries.async_get_known_entry("entry_rig").runtime_data
    assert ENERGY_ESTIMATE.plain in rig.data.rig.values


async def test_set_energy(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, farm: MockConfigEntry
) -> None:
    """What an owner sets right is not used; the farm's own cannot be set."""
    await async_minutes(hass, freezer)
    before = energy_of(farm)
    for total in (5_000, 1, 2):
        await hass.services.async_call(
            DOMAIN,
            "set_energy",
            {"entity_id": "sensor.rig_energy", "energy": total},
            blocking=True,
        )
        await async_pass(hass, freezer, 2)
    assert energy_of(farm) - before < 20
    with pytest.raises(ServiceValidationError, match="one energy sensor"):
        await hass.services.async_call(
            DOMAIN,
            "set_energy",
            {"entity_id": farm_entity(hass, "energy"), "energy": 1},
            blocking=True,
        )


async def test_a_full_disk(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    farm: MockConfigEntry,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What could not be saved is saved a minute later."""
    store = farm_of(farm).store

    def full(data: dict[str, Any]) -> None:
        raise OSError("No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(store, "_save", full)
        await async_minutes(hass, freezer, 2)
    saved: list[dict[str, Any]] = []
    save = store._save

    def note(data: dict[str, Any]) -> None:
        saved.append(data)
        save(data)

    monkeypatch.setattr(store, "_save", note)
    await async_minutes(hass, freezer, 2)
    assert saved[-1]["energy"]["energy"] > 60


def _moment(seconds: int) -> datetime:
    return datetime(2026, 6, 1, 12, tzinfo=UTC) + timedelta(seconds=seconds)


def _member(total: float) -> Member:
    rig = Part(kind=PartKind.RIG, key="rig", values={ENERGY.plain: total})
    return Member(entry_id="rig", title="Rig", snapshot=Snapshot(parts=part_map(rig)))
