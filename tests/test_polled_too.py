"""A machine that pushes and is polled as well, and the MAC address of a device."""

from dataclasses import replace
from datetime import datetime
from typing import override

from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, issue_registry as ir
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.mining_rig.const import CONF_ID_ROOT, CONF_KIND, DOMAIN
from custom_components.mining_rig.issues import POLLED_TOO, issue_id
from custom_components.mining_rig.model import Snapshot
from custom_components.mining_rig.readings import HASHRATE
from custom_components.mining_rig.sources.rig_monitor.readings import LAN_ADDRESS

from .scripted import ScriptedSource, async_open

MAC = "AA:BB:CC:00:00:01"


class MachineSource(ScriptedSource):
    """One with a MAC address."""

    @override
    async def read(self, now: datetime) -> Snapshot:
        """Return what there is."""
        return replace(await super().read(now), rig_id=MAC)


def entry_for(kind: str, id_root: str, **data: str) -> MockConfigEntry:
    """Return an entry."""
    return MockConfigEntry(
        domain=DOMAIN,
        title=kind,
        data={CONF_KIND: kind, CONF_ID_ROOT: id_root, **data},
    )


async def test_mac_address_of_the_device(hass: HomeAssistant) -> None:
    """A rig's device has the MAC address, as soon as the rig tells it."""
    entry = entry_for("axeos", "a", host="127.0.0.1")
    await async_open(hass, entry, MachineSource({HASHRATE.plain: 1.0}))
    device = dr.async_get(hass).async_get_device_by_identifier(
        (DOMAIN, "a"), entry.entry_id
    )
    assert device is not None
    assert (dr.CONNECTION_NETWORK_MAC, MAC.lower()) in device.connections


async def test_other_ids_are_no_mac_address(hass: HomeAssistant) -> None:
    """A device without one has no connection."""
    entry = entry_for("xmrig", "a", host="127.0.0.1")
    await async_open(hass, entry, ScriptedSource({HASHRATE.plain: 1.0}))
    device = dr.async_get(hass).async_get_device_by_identifier(
        (DOMAIN, "a"), entry.entry_id
    )
    assert device is not None
    assert device.connections == set()


async def test_a_machine_that_is_added_twice(hass: HomeAssistant) -> None:
    """It is said as long as both are there."""
    # No agent pushes here: the rig is polled, as far as this test goes.
    pushed = entry_for(
        "rig_monitor", "p", rig_type="asic", api_code="c" * 20, webhook_id="h"
    )
    source = ScriptedSource({LAN_ADDRESS.plain: "192.168.1.50"})
    await async_open(hass, pushed, source)
    issues = ir.async_get(hass)
    issue = issue_id(POLLED_TOO, pushed)
    other = entry_for("iceriver", "o", host="192.168.1.51")
    await async_open(hass, other, ScriptedSource({HASHRATE.plain: 1.0}))
    await hass.async_block_till_done(wait_background_tasks=True)
    assert issues.async_get_issue(DOMAIN, issue) is None
    same = entry_for("iceriver", "s", host="192.168.1.50")
    await async_open(hass, same, ScriptedSource({HASHRATE.plain: 1.0}))
    await hass.async_block_till_done(wait_background_tasks=True)
    found = issues.async_get_issue(DOMAIN, issue)
    assert found is not None
    assert found.translation_placeholders is not None
    assert found.translation_placeholders["other"] == "iceriver"
    await hass.config_entries.async_remove(same.entry_id)
    assert issues.async_get_issue(DOMAIN, issue) is None
