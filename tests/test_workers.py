"""Workers: whose entities are enabled, and how those that are gone are removed."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from unittest.mock import patch

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.mining_rig import async_remove_config_entry_device
from custom_components.mining_rig.const import DOMAIN
from simulator.xmrig import SimulatedXMRig
from simulator.xmrig_proxy import Client, SimulatedXmrigProxy, some_clients

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

INTEGRATION = er.RegistryEntryDisabler.INTEGRATION
USER = er.RegistryEntryDisabler.USER
WORKERS = 6


@pytest.fixture
async def proxy(freezer: FrozenDateTimeFactory) -> AsyncIterator[SimulatedXmrigProxy]:
    """Return a proxy with a few workers."""
    freezer.move_to("2026-11-01 12:00:00+00:00")
    async with SimulatedXmrigProxy(
        clients=some_clients(WORKERS), running_for=2 * 86400
    ) as proxy:
        yield proxy


def disabled(hass: HomeAssistant, number: int, channel: str = "hashrate") -> Any:
    """Return why an entity of a worker is disabled."""
    found = entity_id(hass, "sensor", channel, f"worker_rig-{number:03}")
    entity = er.async_get(hass).async_get(found)
    assert entity is not None
    return entity.disabled_by


def enabled(hass: HomeAssistant) -> list[int]:
    """Return the workers whose hashrate is enabled."""
    return [n for n in range(1, WORKERS + 1) if disabled(hass, n) is None]


def change(
    hass: HomeAssistant, number: int, to: er.RegistryEntryDisabler | None
) -> None:
    """Enable or disable a worker's hashrate as its owner does."""
    er.async_get(hass).async_update_entity(
        entity_id(hass, "sensor", "hashrate", f"worker_rig-{number:03}"),
        disabled_by=to,
    )


async def async_choose(hass: HomeAssistant, entry: MockConfigEntry, shown: int) -> None:
    """Choose in the options how many workers are shown."""
    flow = hass.config_entries.options
    step = await flow.async_init(entry.entry_id)
    if "menu_options" in step:
        step = await flow.async_configure(step["flow_id"], {"next_step_id": "settings"})
    await flow.async_configure(step["flow_id"], {"shown_workers": shown})
    await hass.async_block_till_done()


# ---- which are enabled


async def test_the_first_ones_are_enabled(
    hass: HomeAssistant, proxy: SimulatedXmrigProxy
) -> None:
    """The others are there, but disabled; averages are disabled for all."""
    entry = entry_for(proxy, options={"shown_workers": 2})
    await async_set_up(hass, entry)
    assert enabled(hass) == [1, 2]
    assert disabled(hass, 3) is INTEGRATION
    assert disabled(hass, 1, "hashrate_1h") is INTEGRATION
    # The proxy itself is no worker.
    assert state(hass, "sensor", "hashrate").state


async def test_fifty_unless_chosen(hass: HomeAssistant) -> None:
    """Hundreds of workers do not flood Home Assistant."""
    async with SimulatedXmrigProxy(
        clients=some_clients(60), running_for=2 * 86400
    ) as proxy:
        await async_set_up(hass, entry_for(proxy))
        for number in range(1, 61):
            expected = None if number <= 50 else INTEGRATION
            assert disabled(hass, number) is expected


async def test_another_number(hass: HomeAssistant, proxy: SimulatedXmrigProxy) -> None:
    """More enables, fewer disables, at once and only what is enabled at first."""
    entry = entry_for(proxy, options={"shown_workers": 2})
    await async_set_up(hass, entry)
    await async_choose(hass, entry, 4)
    assert enabled(hass) == [1, 2, 3, 4]
    assert disabled(hass, 3, "hashrate_1h") is INTEGRATION
    assert state(hass, "sensor", "hashrate", "worker_rig-004").state
    await async_choose(hass, entry, 0)
    assert enabled(hass) == []
    await async_choose(hass, entry, 100)
    assert enabled(hass) == [1, 2, 3, 4, 5, 6]
    assert entry.options["shown_workers"] == 100


async def test_what_the_owner_disabled_stays_so(
    hass: HomeAssistant, proxy: SimulatedXmrigProxy
) -> None:
    """Whatever the number is."""
    entry = entry_for(proxy, options={"shown_workers": 3})
    await async_set_up(hass, entry)
    change(hass, 2, USER)
    change(hass, 5, USER)
    for shown in (6, 1, 6):
        await async_choose(hass, entry, shown)
        assert disabled(hass, 2) is USER
        assert disabled(hass, 5) is USER
    assert enabled(hass) == [1, 3, 4, 6]


async def test_what_the_owner_enabled_stays_so(
    hass: HomeAssistant, proxy: SimulatedXmrigProxy
) -> None:
    """Although its worker was, or is again, one of those that are not shown."""
    entry = entry_for(proxy, options={"shown_workers": 2})
    await async_set_up(hass, entry)
    change(hass, 5, None)
    await async_choose(hass, entry, 3)
    assert enabled(hass) == [1, 2, 3, 5]
    await async_choose(hass, entry, 6)
    entity = er.async_get(hass).async_get(
        entity_id(hass, "sensor", "hashrate", "worker_rig-005")
    )
    assert entity is not None
    # One option leaves the others.
    assert entity.options[DOMAIN] == {"unit": "kH/s", "enabled_by_hand": True}
    await async_choose(hass, entry, 1)
    assert enabled(hass) == [1, 5]
    averages = entity_id(hass, "sensor", "hashrate_1h", "worker_rig-001")
    er.async_get(hass).async_update_entity(averages, disabled_by=None)
    await async_choose(hass, entry, 0)
    assert enabled(hass) == [5]
    assert disabled(hass, 1, "hashrate_1h") is None


async def test_a_restart_changes_nothing(
    hass: HomeAssistant, proxy: SimulatedXmrigProxy
) -> None:
    """Only another number does."""
    entry = entry_for(proxy, options={"shown_workers": 2})
    await async_set_up(hass, entry)
    change(hass, 6, None)
    for _ in range(2):
        assert await hass.config_entries.async_reload(entry.entry_id)
        await hass.async_block_till_done()
        assert enabled(hass) == [1, 2, 6]


async def test_rigs_without_workers_are_not_asked(hass: HomeAssistant) -> None:
    """The option is there where there are workers."""
    async with SimulatedXMRig() as rig:
        entry = entry_for(rig)
        await async_set_up(hass, entry)
        flow = hass.config_entries.options
        menu = await flow.async_init(entry.entry_id)
        form = await flow.async_configure(menu["flow_id"], {"next_step_id": "settings"})
        assert "shown_workers" not in form["data_schema"].schema


async def test_newcomers(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, proxy: SimulatedXmrigProxy
) -> None:
    """Workers appear at run time, by the same rule."""
    entry = entry_for(proxy, options={"shown_workers": WORKERS + 1})
    await async_set_up(hass, entry)
    for number in (WORKERS + 1, WORKERS + 2):
        proxy.connect(Client(rig_id=f"rig-{number:03}", rate=1000))
    await async_pass_polls(hass, freezer, 1)
    assert disabled(hass, WORKERS + 1) is None
    assert disabled(hass, WORKERS + 2) is INTEGRATION


async def test_others_have_their_turn(hass: HomeAssistant) -> None:
    """Hundreds of entities are added a few at a time."""
    longest, before = 0, 0
    run = asyncio.Handle._run
    registry = er.async_get(hass)

    def counted(handle: asyncio.Handle) -> None:
        nonlocal longest
        before = len(registry.entities)
        run(handle)
        longest = max(longest, len(registry.entities) - before)

    async with SimulatedXmrigProxy(
        clients=some_clients(40), running_for=2 * 86400
    ) as proxy:
        with patch.object(asyncio.Handle, "_run", counted):
            await async_set_up(hass, entry_for(proxy))
    assert len(registry.entities) - before > 500
    assert 0 < longest <= 16


# ---- removing


async def async_remove(hass: HomeAssistant, entry: MockConfigEntry, part: str) -> bool:
    """Remove a worker's device as the button in the user interface does."""
    registry = dr.async_get(hass)
    device = registry.async_get_device_by_identifier(
        (DOMAIN, f"{ID_ROOT}_{part}"), entry.entry_id
    )
    assert device is not None
    if not await async_remove_config_entry_device(hass, entry, device):
        return False
    registry.async_remove_device(device.id)
    await hass.async_block_till_done()
    return True


async def test_removing_a_worker(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, proxy: SimulatedXmrigProxy
) -> None:
    """One that is connected stays; one that is gone can go, and may come back."""
    entry = entry_for(proxy)
    await async_set_up(hass, entry)
    assert not await async_remove(hass, entry, "worker_rig-003")
    miner = proxy.clients[2]
    proxy.disconnect(miner)
    await async_pass_polls(hass, freezer, 4)
    assert await async_remove(hass, entry, "worker_rig-003")

    def hashrate() -> str | None:
        return er.async_get(hass).async_get_entity_id(
            "sensor", DOMAIN, f"{ID_ROOT}_worker_rig-003_hashrate"
        )

    # The proxy still tells of it, today and after a restart of Home Assistant.
    await async_pass_polls(hass, freezer, 4)
    assert hashrate() is None
    assert await hass.config_entries.async_reload(entry.entry_id)
    await async_pass(hass, freezer, 40)
    assert hashrate() is None
    proxy.connect(miner)
    await async_pass_polls(hass, freezer, 4)
    assert hashrate() is not None
    assert disabled(hass, 3) is None


async def test_removing_a_worker_that_is_not_told(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, proxy: SimulatedXmrigProxy
) -> None:
    """After a restart the proxy knows nothing of it, and it can go until it is back."""
    entry = entry_for(proxy)
    await async_set_up(hass, entry)
    miner = proxy.clients[2]
    proxy.disconnect(miner)
    proxy.restart()
    await async_pass_polls(hass, freezer, 4)
    assert await async_remove(hass, entry, "worker_rig-003")
    proxy.connect(miner)
    await async_pass_polls(hass, freezer, 4)
    assert disabled(hass, 3) is None


async def test_removing_a_worker_while_the_proxy_is_off(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, proxy: SimulatedXmrigProxy
) -> None:
    """When the proxy is back, it still tells of a worker that was gone."""
    entry = entry_for(proxy)
    await async_set_up(hass, entry)
    proxy.disconnect(proxy.clients[2])
    await async_pass_polls(hass, freezer, 4)
    await proxy.stop()
    await async_pass_polls(hass, freezer, 6)
    assert not entry.runtime_data.online
    assert await async_remove(hass, entry, "worker_rig-003")
    assert await async_remove(hass, entry, "worker_rig-004")
    await proxy.start()
    await async_pass(hass, freezer, 90)
    await async_pass_polls(hass, freezer, 4)
    assert entry.runtime_data.online
    told = entry.runtime_data.known_parts.parts
    assert "worker_rig-003" not in told
    assert "worker_rig-004" in told
