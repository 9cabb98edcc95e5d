"""Automations made of this repository's blueprints, and time that passes for them."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
import shutil
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.components import automation
from homeassistant.const import STATE_ON
from homeassistant.core import CoreState, HomeAssistant
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.common import async_fire_time_changed

from ..rigs import has_new_reading

FOLDER = Path(__file__).parents[2] / "blueprints"
TURNS = 60
"""Turns of the event loop in which what was set off comes to where it waits."""
MOST_TURNS = 20_000
"""Turns of the event loop in which a poll comes to its end."""


def install(hass: HomeAssistant) -> None:
    """Put the blueprints where Home Assistant looks for them."""
    shutil.copytree(FOLDER, hass.config.path("blueprints"), dirs_exist_ok=True)


async def automate(
    hass: HomeAssistant, blueprint: str, inputs: Mapping[str, Any]
) -> None:
    """Make an automation of a blueprint."""
    await hass.async_add_executor_job(install, hass)
    use = {"path": f"mining_rig/{blueprint}.yaml", "input": dict(inputs)}
    config = {automation.DOMAIN: [{"alias": "Test", "use_blueprint": use}]}
    assert await async_setup_component(hass, automation.DOMAIN, config)
    await settle()
    assert hass.states.is_state("automation.test", STATE_ON)


async def settle() -> None:
    """Let what was set off happen; automations that wait go on waiting."""
    for _ in range(TURNS):
        await asyncio.sleep(0)


async def async_start(hass: HomeAssistant) -> None:
    """Let Home Assistant come to the end of its start."""
    assert hass.state is CoreState.not_running
    await hass.async_start()
    await settle()


async def pass_seconds(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, seconds: float, step: float = 5
) -> None:
    """Let time pass in steps."""
    while seconds > 0:
        freezer.tick(min(step, seconds))
        seconds -= step
        async_fire_time_changed(hass)
        await settle()


async def pass_polls(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, entity_id: str, polls: int
) -> None:
    """Let a rig that answers be polled so many times."""
    for _ in range(polls):
        freezer.tick(30)
        async_fire_time_changed(hass)
        for _ in range(MOST_TURNS):
            if has_new_reading(hass, entity_id):
                break
            await asyncio.sleep(0)
        else:
            raise AssertionError("no new reading")
        await settle()
        await settle()
