"""Rigs that push: how tests add them and speak like their agents."""

from collections.abc import Mapping
import json
from pathlib import Path
from typing import Any

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.mining_rig.const import CONF_ID_ROOT, CONF_KIND, DOMAIN

from .rigs import ID_ROOT

BODIES = Path(__file__).parent / "fixtures/rig_monitor"
BASE = "/api/mining_rig/v1"
ASIC_CODE = "076afa02-d5ca-11ef-a6e1-ac1f6be80ad4"
PC_CODE = "9d42acfdaa46208839effa7ba032bdc3"


def body(name: str) -> Any:
    """Return a recorded body: `asic_log_ks5l.request`."""
    return json.loads((BODIES / f"{name}.json").read_text())


def pushing_entry(
    rig_type: str = "asic",
    *,
    code: str | None = None,
    title: str = "Thanh Long",
    id_root: str = ID_ROOT,
    options: Mapping[str, Any] | None = None,
    **facts: Any,
) -> MockConfigEntry:
    """Return the entry that the config flow makes for a rig that pushes."""
    return MockConfigEntry(
        domain=DOMAIN,
        title=title,
        data={
            CONF_KIND: "rig_monitor",
            CONF_ID_ROOT: id_root,
            "rig_type": rig_type,
            "api_code": code or (ASIC_CODE if rig_type == "asic" else PC_CODE),
            "webhook_id": f"hook_{id_root}",
        },
        options=dict(options or {}),
        **facts,
    )


async def async_set_up_rigs(hass: HomeAssistant, *entries: MockConfigEntry) -> None:
    """Set entries up, as Home Assistant does when it starts."""
    for entry in entries:
        entry.add_to_hass(hass)
    for entry in entries:
        # Setting up the first sets up all that there are.
        if entry.state is ConfigEntryState.NOT_LOADED and entry.disabled_by is None:
            await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
