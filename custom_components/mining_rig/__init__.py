"""Mining rigs, proxies and pools in Home Assistant: one entry and coordinator each."""

from typing import Final

from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ConfigEntryNotReady
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.device_registry import AnyDeviceEntry
from homeassistant.helpers.typing import ConfigType
from homeassistant.requirements import RequirementsNotFound

from .const import CONF_KIND, DOMAIN
from .coordinator import RigConfigEntry, RigCoordinator
from .counts import async_drop_nouns
from .dashboard import async_serve_dashboard
from .farm.coordinator import FarmConfigEntry
from .farm.entry import FARM_PLATFORMS, async_set_up_farm, is_farm
from .history import async_watch_history
from .issues import async_manage_put_aside
from .polled_too import async_forget_address, async_watch_address
from .push.cloudhook import async_delete_cloudhook
from .push.opening import async_has_pushing_rigs, async_open_door
from .repairs import async_forget_issues, async_watch_power_meter
from .service_rigs import async_offer_rigs
from .services import async_register_services
from .source_context import source_context_for
from .sources import KINDS, async_source_factory
from .store import RigStore, StoreUnreadable, async_remove_store

CONFIG_SCHEMA: Final = cv.config_entry_only_config_schema(DOMAIN)

PLATFORMS: Final = (
    Platform.BINARY_SENSOR,
    Platform.BUTTON,
    Platform.EVENT,
    Platform.NUMBER,
    Platform.SELECT,
    Platform.SENSOR,
    Platform.SWITCH,
    Platform.TEXT,
    Platform.UPDATE,
)


async def async_setup(hass: HomeAssistant, config: ConfigType) -> bool:
    """Register what belongs to no single rig.

    The door comes first, before any entry is set up: an agent that gets no answer may
    stop its miner.
    """
    if async_has_pushing_rigs(hass):
        await async_open_door(hass)
    async_register_services(hass)
    await async_offer_rigs(hass)
    await async_serve_dashboard(hass)
    return True


async def async_setup_entry(
    hass: HomeAssistant, entry: RigConfigEntry | FarmConfigEntry
) -> bool:
    """Set up one rig, whether it is on or off, or a farm."""
    store = RigStore.of(hass, entry.entry_id)
    store.title = entry.title
    try:
        await store.async_load()
    except StoreUnreadable as err:
        raise ConfigEntryNotReady(
            translation_domain=DOMAIN,
            translation_key=err.translation_key,
            translation_placeholders=err.translation_placeholders,
        ) from err
    async_manage_put_aside(hass, entry, store.aside)
    if is_farm(entry):
        await async_set_up_farm(hass, entry, store)
        return True
    kind = KINDS[entry.data[CONF_KIND]]
    if kind.pushes:
        door = await async_open_door(hass)
        await door.async_set_up(entry, store)
    try:
        open_source = await async_source_factory(hass, entry.data[CONF_KIND])
    except RequirementsNotFound as err:
        raise ConfigEntryNotReady(
            translation_domain=DOMAIN,
            translation_key="not_installed",
            translation_placeholders={
                "rig": entry.title,
                "packages": ", ".join(err.requirements),
            },
        ) from err
    source = await open_source(
        source_context_for(hass, kind, entry.data, notes=store, options=entry.options)
    )
    coordinator = RigCoordinator(hass, entry, source, store)
    try:
        await coordinator.async_start()
    except BaseException:
        await source.close()
        raise
    entry.runtime_data = coordinator
    coordinator.protection.async_start()
    async_watch_power_meter(hass, entry)
    async_watch_address(hass, entry)
    async_drop_nouns(hass, entry)
    await hass.config_entries.async_forward_entry_setups(entry, PLATFORMS)
    async_watch_history(hass, entry)
    return True


async def async_unload_entry(
    hass: HomeAssistant, entry: RigConfigEntry | FarmConfigEntry
) -> bool:
    """Unload the rig or the farm."""
    platforms = FARM_PLATFORMS if is_farm(entry) else PLATFORMS
    if not await hass.config_entries.async_unload_platforms(entry, platforms):
        return False
    if not is_farm(entry):
        await entry.runtime_data.protection.async_close()
    await entry.runtime_data.async_stop()
    if entry.disabled_by is not None:
        async_forget_issues(hass, entry)
        async_forget_address(hass, entry)
    return True


async def async_remove_entry(hass: HomeAssistant, entry: RigConfigEntry) -> None:
    """Delete what was stored for the rig."""
    async_forget_issues(hass, entry)
    async_forget_address(hass, entry)
    await async_delete_cloudhook(hass, entry)
    await async_remove_store(hass, entry.entry_id)


async def async_remove_config_entry_device(
    hass: HomeAssistant, entry: RigConfigEntry | FarmConfigEntry, device: AnyDeviceEntry
) -> bool:
    """Let the owner remove a part that the rig no longer reports."""
    if is_farm(entry):
        return False
    return entry.runtime_data.forget(device)
