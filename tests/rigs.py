"""Rigs in Home Assistant: how tests add them, move time and look at states."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import SOURCE_USER, ConfigFlowResult
from homeassistant.core import HomeAssistant, State
from homeassistant.helpers import entity_registry as er
from homeassistant.util import dt as dt_util
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_fire_time_changed,
)

from custom_components.mining_rig.const import CONF_ID_ROOT, CONF_KIND, DOMAIN
from custom_components.mining_rig.sources import rig_unique_id
from simulator.rig import SimulatedRig

ID_ROOT = "a1b2c3"
POLL = 10


def entry_for(
    rig: SimulatedRig,
    *,
    rig_id: str | None = None,
    options: Mapping[str, Any] | None = None,
    **data: Any,
) -> MockConfigEntry:
    """Return the entry that the config flow makes for a simulated rig."""
    form = dict(rig.form)
    connection = form.pop("connection", {})
    assert isinstance(connection, dict)
    return MockConfigEntry(
        domain=DOMAIN,
        title="Office PC",
        unique_id=rig_unique_id(rig.kind, rig_id) if rig_id else None,
        data={CONF_KIND: rig.kind, CONF_ID_ROOT: ID_ROOT, **form, **connection, **data},
        options=dict(options or {}),
    )


async def async_set_up(hass: HomeAssistant, entry: MockConfigEntry) -> bool:
    """Set the entry up and wait for it."""
    if hass.config_entries.async_get_entry(entry.entry_id) is None:
        entry.add_to_hass(hass)
    done = await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    return done


async def async_pass(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, seconds: float = POLL
) -> None:
    """Let so many seconds pass at once, and what they set off come to its end."""
    freezer.tick(timedelta(seconds=seconds))
    async_fire_time_changed(hass)
    await hass.async_block_till_done(wait_background_tasks=True)


async def async_pass_polls(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, polls: int
) -> None:
    """Let so many polls of a rig on the local network happen, one by one."""
    for _ in range(polls):
        await async_pass(hass, freezer)


async def async_choose_kind(hass: HomeAssistant, kind: str) -> ConfigFlowResult:
    """Start to add a rig, choose its kind in the list, and return the kind's step."""
    flow = hass.config_entries.flow
    menu = await flow.async_init(DOMAIN, context={"source": SOURCE_USER})
    form = await flow.async_configure(menu["flow_id"], {"next_step_id": "kinds"})
    return await flow.async_configure(form["flow_id"], {CONF_KIND: kind})


def has_new_reading(hass: HomeAssistant, of: str) -> bool:
    """Return whether the rig of an entity was read at the present moment."""
    entity = er.async_get(hass).async_get(of)
    assert entity is not None
    assert entity.config_entry_id is not None
    entry = hass.config_entries.async_get_known_entry(entity.config_entry_id)
    read_at: datetime | None = entry.runtime_data.last_accepted
    return read_at == dt_util.utcnow()


def entity_id(
    hass: HomeAssistant,
    platform: str,
    channel: str,
    part: str = "rig",
    *,
    id_root: str = ID_ROOT,
) -> str:
    """Return the entity of a channel of a part of the rig."""
    found = er.async_get(hass).async_get_entity_id(
        platform, DOMAIN, f"{id_root}_{part}_{channel}"
    )
    assert found is not None, f"no {platform} for {part} {channel}"
    return found


def state(
    hass: HomeAssistant,
    platform: str,
    channel: str,
    part: str = "rig",
    *,
    id_root: str = ID_ROOT,
) -> State:
    """Return the state of a channel of a part of the rig."""
    found = hass.states.get(entity_id(hass, platform, channel, part, id_root=id_root))
    assert found is not None
    return found


async def async_without_power(
    hass: HomeAssistant, step: ConfigFlowResult
) -> ConfigFlowResult:
    """Leave the last step empty, where a rig whose power nothing measures has it."""
    if step.get("step_id") == "power":
        step = await hass.config_entries.flow.async_configure(step["flow_id"], {})
        await hass.async_block_till_done()
    return step


def is_of_protection(entity: er.RegistryEntry) -> bool:
    """Return whether an entity is of thermal protection, which every rig has."""
    key = entity.translation_key or ""
    return key in ("thermal_protection", "overheating") or key.startswith("protection")
