"""The action that sets an energy total right."""

from typing import Any
from unittest.mock import patch

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import (
    HomeAssistantError,
    ServiceValidationError,
    Unauthorized,
)
from homeassistant.helpers import entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, MockUser
import voluptuous as vol

from custom_components.mining_rig.const import DOMAIN
from custom_components.mining_rig.model import Part, PartKind
from custom_components.mining_rig.readings import (
    ENERGY,
    HASHRATE,
    MINING,
    POWER,
    POWER_ESTIMATE,
)
from custom_components.mining_rig.sources.common.contract import SourceUnreachable
from custom_components.mining_rig.store import RigStore

from .rigs import async_pass_polls, entity_id, state
from .scripted import ScriptedSource, async_add, async_open

CARD = Part(
    kind=PartKind.GPU, key="gpu", values={ENERGY.plain: 5_000.0, HASHRATE.plain: 1e6}
)


@pytest.fixture
def source() -> ScriptedSource:
    """Return a rig whose energy follows from its power, with a card that counts."""
    source = ScriptedSource({POWER.plain: 3_600.0, MINING.plain: True})
    source.others = [CARD]
    return source


@pytest.fixture
async def entry(hass: HomeAssistant, source: ScriptedSource) -> MockConfigEntry:
    """Return its loaded entry."""
    return await async_add(hass, source)


async def set_energy(hass: HomeAssistant, energy: Any, **target: Any) -> None:
    """Set the total of a target, the rig's own without one."""
    await hass.services.async_call(
        DOMAIN,
        "set_energy",
        {
            "energy": energy,
            **(target or {"entity_id": entity_id(hass, "sensor", "energy")}),
        },
        blocking=True,
    )


def value(hass: HomeAssistant, channel: str, part: str = "rig") -> float:
    """Return a sensor's value."""
    return float(state(hass, "sensor", channel, part).state)


async def stored(hass: HomeAssistant, entry: MockConfigEntry) -> RigStore:
    """Return what is on disk."""
    store = RigStore(hass, entry.entry_id)
    await store.async_load()
    return store


async def test_rig(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, entry: MockConfigEntry
) -> None:
    """It is on disk, shown within a minute, and counting goes on from there.

    A lower one is shown at once.
    """
    await set_energy(hass, 120.5)
    assert (await stored(hass, entry)).energy["energy"] == 120_500
    await async_pass_polls(hass, freezer, 10)
    assert 120.5 < value(hass, "energy") < 120.65
    await set_energy(hass, 7.25)
    assert value(hass, "energy") == 7.25
    await async_pass_polls(hass, freezer, 10)
    assert 7.25 < value(hass, "energy") < 7.4


async def test_part(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    entry: MockConfigEntry,
    source: ScriptedSource,
) -> None:
    """A card's own total is one of its own, over restarts too."""
    assert value(hass, "energy", "gpu") == 5
    await set_energy(hass, 2, entity_id=entity_id(hass, "sensor", "energy", "gpu"))
    assert value(hass, "energy", "gpu") == 2
    assert await hass.config_entries.async_unload(entry.entry_id)
    source.others = [CARD.with_values({**CARD.values, ENERGY.plain: 5_100.0})]
    await async_open(hass, entry, source)
    assert value(hass, "energy", "gpu") == 2.1


async def test_estimate(hass: HomeAssistant, source: ScriptedSource) -> None:
    """What is estimated has a total of its own, although its sensor is disabled."""
    source.values = {POWER_ESTIMATE.plain: 3_500.0, MINING.plain: True}
    source.others = []
    entry = await async_add(hass, source)
    await set_energy(hass, 7, entity_id=entity_id(hass, "sensor", "energy_estimate"))
    assert (await stored(hass, entry)).energy == {"energy_estimate": 7_000}


async def test_rig_that_is_off(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    entry: MockConfigEntry,
    source: ScriptedSource,
) -> None:
    """The totals of a rig that does not answer can be set, those of its parts too."""
    source.error = SourceUnreachable("off")
    await async_pass_polls(hass, freezer, 5)
    assert state(hass, "binary_sensor", "connected").state == "off"
    await set_energy(hass, 99)
    await async_pass_polls(hass, freezer, 10)
    assert value(hass, "energy") == 99
    await set_energy(hass, 3, entity_id=entity_id(hass, "sensor", "energy", "gpu"))
    totals = (await stored(hass, entry)).derived["totals"]
    assert totals["energy_gpu"]["total"] == 3_000


async def test_part_that_is_gone(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    entry: MockConfigEntry,
    source: ScriptedSource,
) -> None:
    """A card that is not there now has its total when it comes back."""
    source.others = []
    await async_pass_polls(hass, freezer, 1)
    await set_energy(hass, 1, entity_id=entity_id(hass, "sensor", "energy", "gpu"))
    source.others = [CARD]
    await async_pass_polls(hass, freezer, 1)
    assert value(hass, "energy", "gpu") == 1


async def test_device(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """A device stands for its one energy sensor."""
    sensor = er.async_get(hass).async_get(entity_id(hass, "sensor", "energy", "gpu"))
    assert sensor is not None
    await set_energy(hass, 4, device_id=sensor.device_id)
    assert value(hass, "energy", "gpu") == 4


@pytest.mark.parametrize(
    "energy", [-1, 1_000_001, "much", None, True, float("nan"), float("inf")]
)
async def test_no_energy(
    hass: HomeAssistant, entry: MockConfigEntry, energy: Any
) -> None:
    """What is no energy is refused."""
    with pytest.raises(vol.Invalid):
        await set_energy(hass, energy)
    assert value(hass, "energy") == 0


async def test_other_sensors(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Only one energy sensor of this integration can be meant."""
    registry = er.async_get(hass)
    foreign = registry.async_get_or_create("sensor", "other", "x_energy")
    left_over = registry.async_get_or_create(
        "sensor", DOMAIN, "x_energy", config_entry=entry
    )
    energies = [entity_id(hass, "sensor", "energy", part) for part in ("rig", "gpu")]
    power = entity_id(hass, "sensor", "power")
    for chosen in (
        power,
        foreign.entity_id,
        left_over.entity_id,
        "sensor.no",
        energies,
    ):
        with pytest.raises(ServiceValidationError) as refused:
            await set_energy(hass, 1, entity_id=chosen)
        assert refused.value.translation_key == "one_energy_sensor"


async def test_unloaded(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """A rig that is not set up cannot be changed."""
    chosen = entity_id(hass, "sensor", "energy")
    assert await hass.config_entries.async_unload(entry.entry_id)
    with pytest.raises(ServiceValidationError):
        await set_energy(hass, 1, entity_id=chosen)


async def test_full_disk(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, entry: MockConfigEntry
) -> None:
    """The old total stays where the new one cannot be kept."""
    await set_energy(hass, 10)
    await async_pass_polls(hass, freezer, 6)
    card = entity_id(hass, "sensor", "energy", "gpu")
    with patch(
        "custom_components.mining_rig.store.save_json", side_effect=OSError("full")
    ):
        for chosen in (entity_id(hass, "sensor", "energy"), card):
            with pytest.raises(HomeAssistantError):
                await set_energy(hass, 1, entity_id=chosen)
    await async_pass_polls(hass, freezer, 6)
    assert 10 < value(hass, "energy") < 10.2
    assert value(hass, "energy", "gpu") == 5
    assert 10_000 <= (await stored(hass, entry)).energy["energy"] < 10_200


async def test_administrators(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Other users cannot change what was counted."""
    user = MockUser(groups=[]).add_to_hass(hass)
    with pytest.raises(Unauthorized):
        await hass.services.async_call(
            DOMAIN,
            "set_energy",
            {"entity_id": entity_id(hass, "sensor", "energy"), "energy": 1},
            blocking=True,
            context=Context(user_id=user.id),
        )
