"""What tests of machines with a network API of their own do in Home Assistant."""

from collections.abc import Callable, Mapping
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.mining_rig.const import CONF_ID_ROOT, CONF_KIND, DOMAIN

from .rigs import ID_ROOT, async_choose_kind, async_pass, async_set_up

FIXED = (
    "sensor.rig_hashrate",
    "sensor.rig_power",
    "sensor.rig_hottest_temperature",
    "sensor.rig_accepted_shares",
    "sensor.rig_rejected_shares",
    "sensor.rig_status",
    "binary_sensor.rig_mining_active",
)
"""The entities of every such machine that is called "Rig"."""


async def async_add(
    hass: HomeAssistant, kind: str, form: Mapping[str, Any], *, name: str = "Rig"
) -> Any:
    """Add a machine through the dialog and return its last step."""
    manager = hass.config_entries.flow
    step: Any = await async_choose_kind(hass, kind)
    step = await manager.async_configure(step["flow_id"], dict(form))
    while step["type"] is FlowResultType.FORM and not step["errors"]:
        step = await manager.async_configure(step["flow_id"], {"name": name})
    await hass.async_block_till_done()
    return step


async def async_open(
    hass: HomeAssistant,
    kind: str,
    form: Mapping[str, Any],
    *,
    name: str = "Rig",
    id_root: str = ID_ROOT,
    **options: Any,
) -> MockConfigEntry:
    """Set up the entry of a machine that was added before."""
    data = dict(form)
    data |= data.pop("connection", {})
    entry = MockConfigEntry(
        domain=DOMAIN,
        title=name,
        data={CONF_KIND: kind, CONF_ID_ROOT: id_root, **data},
        options=options,
    )
    await async_set_up(hass, entry)
    return entry


async def async_call(
    hass: HomeAssistant, service: str, entity: str, **data: Any
) -> None:
    """Call a service for one entity."""
    domain, _, name = service.partition(".")
    await hass.services.async_call(
        domain, name, {"entity_id": entity, **data}, blocking=True
    )


async def async_poll_until(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    done: Callable[[], bool],
    *,
    seconds: float = 30,
    polls: int = 12,
) -> None:
    """Let polls happen until something is so."""
    for _ in range(polls):
        if done():
            return
        await async_pass(hass, freezer, seconds)
    assert done()


def shown(hass: HomeAssistant, entity: str) -> str:
    """Return the state of an entity by its id."""
    found = hass.states.get(entity)
    assert found is not None, entity
    return found.state
