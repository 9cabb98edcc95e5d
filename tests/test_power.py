"""Power and energy: measured, metered, estimated; kept over restarts."""

from collections.abc import AsyncIterator
from unittest.mock import patch

from freezegun.api import FrozenDateTimeFactory
from homeassistant.const import (
    ATTR_UNIT_OF_MEASUREMENT,
    STATE_UNAVAILABLE,
    STATE_UNKNOWN,
)
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
import pytest

from custom_components.mining_rig.readings import EFFICIENCY, ENERGY, HASHRATE, POWER
from custom_components.mining_rig.store import RigStore
from simulator.hardware import Card
from simulator.models import RTX_3060_TI, RTX_3070
from simulator.xmrig import SimulatedXMRig

from .rigs import (
    ID_ROOT,
    async_pass,
    async_pass_polls,
    async_set_up,
    entity_id,
    entry_for,
    state,
)

pytestmark = pytest.mark.usefixtures("socket_enabled")

METER = "sensor.plug_power"


@pytest.fixture
async def cards(freezer: FrozenDateTimeFactory) -> AsyncIterator[SimulatedXMRig]:
    """Return an XMRig that mines on two cards, whose power it tells."""
    async with SimulatedXMRig(
        token="secret",
        restricted=False,
        cards=[Card(model=RTX_3070), Card(model=RTX_3060_TI)],
        config={"cpu": {"enabled": False}},
    ) as rig:
        yield rig


@pytest.fixture
async def office(freezer: FrozenDateTimeFactory) -> AsyncIterator[SimulatedXMRig]:
    """Return an XMRig that mines on a processor, whose power nobody knows."""
    async with SimulatedXMRig(token="secret", restricted=False) as rig:
        yield rig


def value(hass: HomeAssistant, channel: str, part: str = "rig") -> float:
    """Return a sensor's value."""
    return float(state(hass, "sensor", channel, part).state)


def meter(hass: HomeAssistant, shows: float | str, unit: str = "W") -> None:
    """Let the plug show something."""
    hass.states.async_set(METER, str(shows), {ATTR_UNIT_OF_MEASUREMENT: unit})


async def test_the_cards_power_becomes_the_rigs_energy(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, cards: SimulatedXMRig
) -> None:
    """The sum of the cards, over time, and what each hash costs."""
    entry = entry_for(cards)
    await async_set_up(hass, entry)
    sensors = er.async_entries_for_config_entry(
        er.async_get(hass), hass.config_entries.async_entries("mining_rig")[0].entry_id
    )
    powers = [
        float(found.state)
        for sensor in sensors
        if sensor.unique_id.endswith("_power")
        and sensor.unique_id != f"{ID_ROOT}_rig_power"
        and (found := hass.states.get(sensor.entity_id))
    ]
    assert len(powers) == 2
    power = value(hass, "power")
    assert power == pytest.approx(sum(powers), abs=1)
    assert value(hass, "energy") == 0
    await async_pass_polls(hass, freezer, 30)
    # Five minutes of the noisy sum.
    assert value(hass, "energy") == pytest.approx(power / 12 / 1000, rel=0.1)
    energy = state(hass, "sensor", "energy").attributes
    assert energy["device_class"] == "energy"
    assert energy["state_class"] == "total_increasing"
    assert energy[ATTR_UNIT_OF_MEASUREMENT] == "kWh"
    efficiency = state(hass, "sensor", "efficiency")
    hashrate = state(hass, "sensor", "hashrate")
    assert hashrate.attributes[ATTR_UNIT_OF_MEASUREMENT] == "kH/s"
    assert efficiency.attributes[ATTR_UNIT_OF_MEASUREMENT] == "J/kH"
    # The shown values are of moments up to a minute apart.
    assert float(efficiency.state) == pytest.approx(
        value(hass, "power") / float(hashrate.state), rel=0.1
    )
    read = entry.runtime_data.data.rig.values
    assert read[EFFICIENCY.plain] == pytest.approx(
        read[POWER.plain] / read[HASHRATE.plain]
    )


async def test_base_watts_are_added(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, cards: SimulatedXMRig
) -> None:
    """Fans, board and processor take what the cards do not measure."""
    entry = entry_for(cards)
    await async_set_up(hass, entry)
    without = value(hass, "power")
    hass.config_entries.async_update_entry(entry, options={"base_power": 1000})
    await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()
    assert value(hass, "power") == pytest.approx(without + 1000, rel=0.02)


async def test_a_processor_that_mines_is_not_measured_by_cards(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    """The rig draws more than its cards, and hashes more than they do."""
    cards = [Card(model=RTX_3070), Card(model=RTX_3060_TI)]
    async with SimulatedXMRig(token="secret", cards=cards) as rig:
        entry = entry_for(rig)
        await async_set_up(hass, entry)
        await async_pass_polls(hass, freezer, 2)
        parts = entry.runtime_data.data.parts
        watts = [p.values.get(POWER.plain) for p in parts.values() if p.key != "rig"]
        assert len([found for found in watts if found]) == 2
        known = parts["rig"].values
        assert known[HASHRATE.plain]
        assert not {POWER.plain, ENERGY.plain, EFFICIENCY.plain} & known.keys()
        hass.config_entries.async_update_entry(entry, options={"base_power": 90})
        await hass.config_entries.async_reload(entry.entry_id)
        await hass.async_block_till_done()
        assert value(hass, "power") > 90
        assert value(hass, "energy") == 0
        assert value(hass, "efficiency") > 0


async def test_energy_goes_on_after_a_restart_and_not_over_gaps(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, cards: SimulatedXMRig
) -> None:
    """The total is kept; what was used while nobody looked is not made up."""
    entry = entry_for(cards)
    await async_set_up(hass, entry)
    await async_pass_polls(hass, freezer, 30)
    total = value(hass, "energy")
    assert total > 0
    assert await hass.config_entries.async_unload(entry.entry_id)
    freezer.tick(3600)
    await async_set_up(hass, entry)
    assert value(hass, "energy") == pytest.approx(total, rel=1e-6)
    await async_pass_polls(hass, freezer, 6)
    later = value(hass, "energy")
    assert total < later < total * 1.3

    cards.fault("off")
    await async_pass_polls(hass, freezer, 5)
    assert state(hass, "sensor", "power").state == STATE_UNAVAILABLE
    kept = value(hass, "energy")
    assert kept >= later
    await async_pass_polls(hass, freezer, 60)
    assert value(hass, "energy") == kept


async def test_energy_counts_when_every_entity_is_disabled(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, cards: SimulatedXMRig
) -> None:
    """An owner who enables the sensor later finds what was used meanwhile."""
    entry = entry_for(cards)
    await async_set_up(hass, entry)
    registry = er.async_get(hass)
    for entity in er.async_entries_for_config_entry(registry, entry.entry_id):
        registry.async_update_entity(
            entity.entity_id, disabled_by=er.RegistryEntryDisabler.USER
        )
    await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()
    await async_pass_polls(hass, freezer, 60)
    registry.async_update_entity(entity_id(hass, "sensor", "energy"), disabled_by=None)
    await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()
    assert value(hass, "energy") > 0.02


async def test_a_meter_beats_everything(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, cards: SimulatedXMRig
) -> None:
    """The plug knows what the rig takes, also while the rig is off."""
    meter(hass, "0.6", "kW")
    options = {"power_meter": METER, "base_power": 100, "rated_power": 900}
    await async_set_up(hass, entry_for(cards, options=options))
    assert value(hass, "power") == 600
    # The plug says nothing new for minutes, and still holds.
    await async_pass_polls(hass, freezer, 60)
    assert value(hass, "energy") == pytest.approx(0.1, rel=0.02)
    assert value(hass, "efficiency") > 0

    cards.fault("off")
    meter(hass, 12)
    await async_pass_polls(hass, freezer, 5)
    assert state(hass, "sensor", "hashrate").state == STATE_UNAVAILABLE
    assert value(hass, "power") == 12
    before = value(hass, "energy")
    for _ in range(30):
        await async_pass(hass, freezer, 60)
    assert value(hass, "energy") == pytest.approx(before + 0.006, rel=0.1)
    meter(hass, 0.5)
    await hass.async_block_till_done()
    assert value(hass, "power") == 0.5

    for nothing in (STATE_UNAVAILABLE, STATE_UNKNOWN, "nan", "inf", "much"):
        meter(hass, nothing)
        await hass.async_block_till_done()
        assert state(hass, "sensor", "power").state == STATE_UNAVAILABLE
    meter(hass, 5, "bananas")
    await hass.async_block_till_done()
    assert state(hass, "sensor", "power").state == STATE_UNAVAILABLE
    kept = value(hass, "energy")
    for _ in range(10):
        await async_pass(hass, freezer, 60)
    assert value(hass, "energy") == kept
    meter(hass, -0.3)
    await hass.async_block_till_done()
    assert value(hass, "power") == 0

    cards.fault("on")
    meter(hass, 610)
    await async_pass(hass, freezer, 60)
    assert value(hass, "power") == 610
    meter(hass, 660)
    await hass.async_block_till_done()
    assert value(hass, "power") == 660
    meter(hass, STATE_UNAVAILABLE)
    await hass.async_block_till_done()
    assert state(hass, "sensor", "power").state == STATE_UNKNOWN


async def test_rated_watts_are_an_estimate(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, office: SimulatedXMRig
) -> None:
    """Named so, with its energy, and only while the rig mines."""
    await async_set_up(hass, entry_for(office, options={"rated_power": 90}))
    assert value(hass, "power_estimate") == 90
    energy = state(hass, "sensor", "energy_estimate")
    assert energy.name == "Office PC Estimated energy"
    # What the Energy dashboard asks of a device.
    assert energy.attributes["state_class"] == "total_increasing"
    assert energy.attributes["device_class"] == "energy"
    registry = er.async_get(hass)
    assert not registry.async_get_entity_id(
        "sensor", "mining_rig", f"{ID_ROOT}_rig_power"
    )
    office.pause()
    await async_pass_polls(hass, freezer, 2)
    assert state(hass, "sensor", "power_estimate").state == STATE_UNKNOWN


async def test_without_any_power_there_is_none(
    hass: HomeAssistant, office: SimulatedXMRig
) -> None:
    """No sensor for what nobody knows."""
    await async_set_up(hass, entry_for(office))
    registry = er.async_get(hass)
    for channel in ("power", "energy", "power_estimate", "efficiency"):
        assert not registry.async_get_entity_id(
            "sensor", "mining_rig", f"{ID_ROOT}_rig_{channel}"
        )


async def test_a_full_disk_is_said_and_costs_nothing_else(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    cards: SimulatedXMRig,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The rig goes on, the first failed try is logged, and later everything is kept."""
    entry = entry_for(cards)
    await async_set_up(hass, entry)
    with patch(
        "custom_components.mining_rig.store.save_json",
        side_effect=OSError(28, "No space left on device"),
    ):
        await async_pass_polls(hass, freezer, 12)
        assert caplog.text.count("No space left on device") == 1
        total = value(hass, "energy")
        assert total > 0
    await async_pass_polls(hass, freezer, 7)
    assert await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()
    assert value(hass, "energy") >= total


async def test_what_a_rig_takes_while_off_is_kept(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, cards: SimulatedXMRig
) -> None:
    """A steady meter says nothing new, and its energy is on disk all the same."""
    meter(hass, 60)
    entry = entry_for(cards, options={"power_meter": METER})
    await async_set_up(hass, entry)
    cards.fault("off")
    await async_pass_polls(hass, freezer, 5)
    for _ in range(10):
        await async_pass(hass, freezer, 60)
    kept = RigStore(hass, entry.entry_id)
    await kept.async_load()
    # What a kill -9 at this moment would leave, at most a minute old.
    assert kept.energy["energy"] == pytest.approx(
        value(hass, "energy") * 1000, abs=60 / 60 * 1.2
    )
