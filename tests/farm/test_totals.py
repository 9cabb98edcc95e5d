"""What a farm shows of its rigs."""

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant

from tests.scripted import ScriptedSource

from .farming import (
    async_add_farm,
    async_add_rig,
    async_settle,
    farm_state,
    mining,
    number,
)


async def test_sums(hass: HomeAssistant, freezer: FrozenDateTimeFactory) -> None:
    """Hashrates are added up by algorithm, in any spelling, and powers."""
    await async_add_rig(hass, "one", ScriptedSource(mining(5_000.0, 100.0)))
    await async_add_rig(hass, "two", ScriptedSource(mining(7_000.0, 140.0, "RandomX")))
    await async_add_rig(hass, "tri", ScriptedSource(mining(9e13, 3_000.0, "SHA-256")))
    await async_add_farm(hass)
    await async_settle(hass, freezer)
    assert farm_state(hass, "hashrate_rx0").name == "Farm Hashrate RandomX"
    assert farm_state(hass, "hashrate_rx0").state == "12.0"
    assert farm_state(hass, "hashrate_rx0").attributes["unit_of_measurement"] == "kH/s"
    assert number(hass, "hashrate_sha256") == 90
    assert number(hass, "power") == 3240
    assert number(hass, "farm_rigs") == 3
