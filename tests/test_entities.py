"""What a rig looks like in Home Assistant: entities, devices, names, units."""

from collections.abc import AsyncIterator
import json
from pathlib import Path
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.const import STATE_UNAVAILABLE, Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import snapshot_platform
from syrupy.assertion import SnapshotAssertion

from custom_components.mining_rig import PLATFORMS
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

FIXTURES = Path(__file__).parent / "fixtures" / "xmrig"


def recorded(name: str) -> Any:
    """Return a recorded answer."""
    return json.loads((FIXTURES / name).read_text())


@pytest.fixture(autouse=True)
def _noon(freezer: FrozenDateTimeFactory) -> None:
    """Let it always be the same moment."""
    freezer.move_to("2026-11-01 12:00:00+00:00")


@pytest.fixture
async def rig() -> AsyncIterator[SimulatedXMRig]:
    """Return a rig that answers what a real one once did, and can be controlled."""
    async with SimulatedXMRig(token="secret", restricted=False) as rig:
        rig.answers["/2/summary"] = recorded("summary_v2_6.22.1_windows_cpu.json")
        backends = recorded("backends_6.22_cpu_opencl_cuda.json")
        rig.answers["/2/backends"] = backends
        rig.answers["/2/config"] = recorded("config_6.22.1.json")
        yield rig


MISSING = (Platform.EVENT, Platform.TEXT, Platform.UPDATE)
"""Platforms for which XMRig has nothing."""


@pytest.mark.usefixtures("entity_registry_enabled_by_default")
@pytest.mark.parametrize("platform", [p for p in PLATFORMS if p not in MISSING])
async def test_entities(
    hass: HomeAssistant,
    rig: SimulatedXMRig,
    snapshot: SnapshotAssertion,
    platform: Platform,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Every entity with its state, unit, class, category and name."""
    monkeypatch.setattr("custom_components.mining_rig.PLATFORMS", (platform,))
    entry = entry_for(rig)
    await async_set_up(hass, entry)
    await snapshot_platform(hass, er.async_get(hass), snapshot, entry.entry_id)


async def test_devices(
    hass: HomeAssistant, rig: SimulatedXMRig, snapshot: SnapshotAssertion
) -> None:
    """The rig is a device, its cards and its processor are inside of it."""
    entry = entry_for(rig)
    await async_set_up(hass, entry)
    registry = dr.async_get(hass)
    device = registry.async_get_device_by_identifier(
        ("mining_rig", ID_ROOT), entry.entry_id
    )
    assert device is not None
    assert (device.name, device.manufacturer, device.sw_version) == (
        "Office PC",
        None,
        "XMRig 6.22.1",
    )
    assert device.model == (
        "AMD Radeon RX 7800 XT + NVIDIA GeForce GTX 1050 + Intel Core i7-5960X"
    )
    children = dr.async_child_entries_for_config_entry(registry, entry.entry_id)
    assert {child.parent_device_id for child in children} == {device.id}
    assert sorted(str(child.name) for child in children) == snapshot


async def test_nothing_is_called_twice(hass: HomeAssistant) -> None:
    """Two cards of a make, and the same card in two rigs, get ids of their own."""
    twins = [Card(model=RTX_3070), Card(model=RTX_3070), Card(model=RTX_3060_TI)]
    async with (
        SimulatedXMRig(token="secret", restricted=False, cards=twins) as one,
        SimulatedXMRig(token="secret", restricted=False, cards=twins) as other,
    ):
        first = entry_for(one)
        await async_set_up(hass, first)
        second = entry_for(other, id_root="other")
        second.add_to_hass(hass)
        hass.config_entries.async_update_entry(second, title="Garage")
        await async_set_up(hass, second)
        registry = er.async_get(hass)
        for entry in (first, second):
            ids = [
                entity.entity_id
                for entity in er.async_entries_for_config_entry(
                    registry, entry.entry_id
                )
            ]
            assert len(ids) > 60
            assert not [found for found in ids if found.endswith(("_2", "_3"))]


async def test_units_are_chosen_once_and_kept(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, rig: SimulatedXMRig
) -> None:
    """The first value above 0 decides, whatever comes later; a 0 decides nothing."""
    answer = recorded("summary_v2_6.22.1_windows_cpu.json")
    rig.answers["/2/backends"] = []

    def hashes(rate: float) -> None:
        answer["hashrate"]["total"] = [rate, rate, rate]
        rig.answers["/2/summary"] = answer

    answer["algo"] = "kawpow"
    hashes(0.0)
    entry = entry_for(rig)
    await async_set_up(hass, entry)
    for _ in range(2):
        shown = state(hass, "sensor", "hashrate")
        assert float(shown.state) == 0
        assert shown.attributes["unit_of_measurement"] == "MH/s"
        assert kept(hass, "hashrate") == {"usual_unit": "MH/s"}
        # One that is disabled is never added.
        assert kept(hass, "hashrate_1m") == {"usual_unit": "MH/s"}
        # After a restart nothing more is known.
        assert await hass.config_entries.async_reload(entry.entry_id)
        await hass.async_block_till_done()
    hashes(4884.25)
    await async_pass_polls(hass, freezer, 1)
    shown = state(hass, "sensor", "hashrate")
    assert (shown.state, shown.attributes["unit_of_measurement"]) == ("4.88425", "kH/s")
    assert kept(hass, "hashrate") == {"unit": "kH/s"}
    hashes(0.0)
    assert await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()
    shown = state(hass, "sensor", "hashrate")
    assert (float(shown.state), shown.attributes["unit_of_measurement"]) == (0, "kH/s")
    hashes(5e6)
    await async_pass_polls(hass, freezer, 1)
    shown = state(hass, "sensor", "hashrate")
    assert float(shown.state) == 5000
    assert shown.attributes["unit_of_measurement"] == "kH/s"


def kept(hass: HomeAssistant, channel: str) -> Any:
    """Return what the integration keeps with a sensor."""
    entity = er.async_get(hass).async_get(entity_id(hass, "sensor", channel))
    assert entity is not None
    return entity.options.get("mining_rig")


async def test_units_are_kept_in_options(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, rig: SimulatedXMRig
) -> None:
    """At once, at the first value, or where disabled; for ever, whatever comes."""
    answer = recorded("summary_v2_6.22.1_windows_cpu.json")
    rig.answers["/2/backends"] = []
    rig.answers["/2/summary"] = answer
    registry = er.async_get(hass)

    async def reload(rate: float | None) -> None:
        answer["hashrate"]["total"] = [rate, rate, None]
        assert await hass.config_entries.async_reload(entry.entry_id)
        await hass.async_block_till_done()

    answer["hashrate"]["total"] = [4884.25, 4884.25, None]
    entry = entry_for(rig)
    await async_set_up(hass, entry)
    assert kept(hass, "hashrate") == {"unit": "kH/s"}
    # The field of the registry is Home Assistant's own.
    sensor = entity_id(hass, "sensor", "hashrate")
    registry.async_update_entity(sensor, unit_of_measurement="TH/s")
    # One that is disabled is never added, and yet has a unit.
    disabled = entity_id(hass, "sensor", "hashrate_1m")
    assert (entity := registry.async_get(disabled)) is not None
    assert entity.disabled
    await reload(5e6)
    assert kept(hass, "hashrate") == {"unit": "kH/s"}
    assert kept(hass, "hashrate_1m") == {"unit": "kH/s"}
    assert state(hass, "sensor", "hashrate").attributes["unit_of_measurement"] == "kH/s"
    assert float(state(hass, "sensor", "hashrate").state) == 5000
    registry.async_update_entity(disabled, disabled_by=None)
    await reload(5e9)
    shown = state(hass, "sensor", "hashrate_1m")
    assert (float(shown.state), shown.attributes["unit_of_measurement"]) == (
        5e6,
        "kH/s",
    )
    # It is the same sensor after all, with the same statistics.
    registry.async_remove(sensor)
    await reload(7e6)
    shown = state(hass, "sensor", "hashrate")
    assert (float(shown.state), shown.attributes["unit_of_measurement"]) == (
        7000,
        "kH/s",
    )
    assert kept(hass, "hashrate") == {"unit": "kH/s"}


async def test_measured_values_are_reported_each_minute(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, rig: SimulatedXMRig
) -> None:
    """Statistics and energy helpers look at when a value was last reported."""
    await async_set_up(hass, entry_for(rig))
    before = {
        channel: state(hass, "sensor", channel).last_reported
        for channel in ("hashrate", "accepted_shares", "algorithm")
    }
    await async_pass_polls(hass, freezer, 6)
    after = {
        channel: state(hass, "sensor", channel).last_reported for channel in before
    }
    assert after["hashrate"] > before["hashrate"]
    assert after["accepted_shares"] > before["accepted_shares"]
    assert after["algorithm"] == before["algorithm"]
    await async_pass_polls(hass, freezer, 5)
    rig.fault("garbage")
    await async_pass_polls(hass, freezer, 1)
    assert state(hass, "sensor", "hashrate").last_reported == after["hashrate"]


async def test_a_card_that_falls_off_and_comes_back(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, rig: SimulatedXMRig
) -> None:
    """Its entities are unavailable meanwhile; its owner may remove it."""
    entry = entry_for(rig)
    await async_set_up(hass, entry)
    registry = dr.async_get(hass)
    children = dr.async_child_entries_for_config_entry(registry, entry.entry_id)
    card = next(child for child in children if "RX 7800" in str(child.name))
    (identifier,) = card.identifiers
    part = identifier[1].removeprefix(f"{ID_ROOT}_")
    temperature = entity_id(hass, "sensor", "temperature", part)
    found = hass.states.get(temperature)
    assert found is not None
    assert found.state == "72"
    assert not await _async_remove(hass, entry.entry_id, card.id)

    backends = recorded("backends_6.22_cpu_opencl_cuda.json")
    rig.answers["/2/backends"] = [b for b in backends if b["type"] != "opencl"]
    await async_pass(hass, freezer, 40)
    await async_pass(hass, freezer, 40)
    found = hass.states.get(temperature)
    assert found is not None
    assert found.state == STATE_UNAVAILABLE
    rig.answers["/2/backends"] = backends
    await async_pass(hass, freezer, 40)
    found = hass.states.get(temperature)
    assert found is not None
    assert found.state == "72"

    rig.answers["/2/backends"] = [b for b in backends if b["type"] != "opencl"]
    await async_pass(hass, freezer, 40)
    assert await _async_remove(hass, entry.entry_id, card.id)
    assert hass.states.get(temperature) is None
    rig.answers["/2/backends"] = backends
    await async_pass(hass, freezer, 40)
    assert hass.states.get(temperature) is not None


async def _async_remove(hass: HomeAssistant, entry_id: str, device_id: str) -> bool:
    """Remove a device as the button in the user interface does."""
    entry = hass.config_entries.async_get_entry(entry_id)
    assert entry is not None
    registry = dr.async_get(hass)
    device = registry.async_get(device_id)
    assert device is not None
    component = hass.data["components"]["mining_rig"]
    if not await component.async_remove_config_entry_device(hass, entry, device):
        return False
    registry.async_remove_device(device_id)
    await hass.async_block_till_done()
    return True
