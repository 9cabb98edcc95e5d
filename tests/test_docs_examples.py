"""The examples of the README and the pages under docs work."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
import json
from pathlib import Path
import re
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.components import automation, logger, shell_command
from homeassistant.components.recorder.statistics import valid_statistic_id
from homeassistant.const import STATE_OFF, STATE_ON
from homeassistant.core import HomeAssistant, ServiceCall
from homeassistant.helpers import config_validation as cv, entity_registry as er, script
from homeassistant.setup import async_setup_component
from homeassistant.util.yaml import parse_yaml
import pytest
from pytest_homeassistant_custom_component.common import (
    async_fire_time_changed,
    async_mock_service,
)

from custom_components.mining_rig.const import CONF_BASE_POWER
from simulator.hardware import Card
from simulator.models import RTX_3070
from simulator.xmrig import SimulatedXMRig

from .pages import PAGES, Block
from .rigs import async_pass, async_set_up, entity_id, entry_for, has_new_reading
from .simulator.wire import get

ACTIONS = Path("docs/actions.md")
AUTOMATIONS = Path("docs/automations.md")
XMRIG = Path("docs/xmrig.md")
NAME = "Garage"
"""The rig in the examples of the pages."""
STEP = 30
"""Seconds that pass at once."""
MOST_TURNS = 10_000
"""Turns of the event loop in which a poll comes to its end."""
TURNS_OF_AN_ANSWER = 200
"""Turns in which a miner on the same loop answers."""

EXAMPLES = [block for page in PAGES.values() for block in page.blocks]
YAML = [block for block in EXAMPLES if block.language == "yaml"]


@pytest.fixture(autouse=True)
def _noon(freezer: FrozenDateTimeFactory) -> None:
    """Let it be noon at the beginning, on a day without a change of clocks."""
    freezer.move_to("2026-06-01 12:00:00-07:00")


pytestmark = pytest.mark.usefixtures("socket_enabled", "quick_miner")

type Automate = Callable[[Path, str], Awaitable[None]]
type PassMinutes = Callable[[float], Awaitable[None]]


@pytest.fixture
def quick_miner(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look as often whether something took effect, without waiting in between."""
    module = "custom_components.mining_rig"
    monkeypatch.setattr(f"{module}.coordinator.commands.CONFIRM_PAUSES", (0.0,) * 8)
    monkeypatch.setattr(f"{module}.sources.xmrig.editor.APPLIED_AFTER", (0.0,) * 2)
    monkeypatch.setattr(f"{module}.sources.xmrig.editor.PUT_GAP", 0.0)


@pytest.fixture
async def garage(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    entity_registry_enabled_by_default: None,
) -> AsyncIterator[SimulatedXMRig]:
    """Return a rig, well and in Home Assistant by the name that the pages have for it."""
    async with SimulatedXMRig(
        NAME,
        token="secret",
        restricted=False,
        cards=[Card(model=RTX_3070)],
        pools=[{"url": "one:1"}, {"url": "two:2"}],
        config={"watch": False},
    ) as rig:
        # Without the power of the CPU, there is no power and energy of the rig.
        entry = entry_for(rig, options={CONF_BASE_POWER: 90})
        entry.add_to_hass(hass)
        hass.config_entries.async_update_entry(entry, title=NAME)
        await async_set_up(hass, entry)
        yield rig


@pytest.fixture
def pass_minutes(hass: HomeAssistant, freezer: FrozenDateTimeFactory) -> PassMinutes:
    """Return what lets minutes pass, with a poll in each step."""

    async def pass_(minutes: float) -> None:
        for _ in range(round(minutes * 60 / STEP)):
            await async_pass(hass, freezer, STEP)

    return pass_


def example(page: Path, alias: str) -> Any:
    """Return an automation of a page."""
    (found,) = [
        config
        for block in PAGES[page].blocks
        if block.language == "yaml"
        and isinstance(config := parse_yaml(block.text), dict)
        and config.get("alias") == alias
    ]
    return found


@pytest.fixture
async def automate(hass: HomeAssistant) -> AsyncIterator[Automate]:
    """Return what sets an automation of a page up."""

    async def set_up(page: Path, alias: str) -> None:
        config = {automation.DOMAIN: [example(page, alias)]}
        assert await async_setup_component(hass, automation.DOMAIN, config)
        await hass.async_block_till_done()
        (state,) = hass.states.async_all(automation.DOMAIN)
        assert state.state == STATE_ON

    yield set_up
    await hass.services.async_call(
        automation.DOMAIN, "turn_off", {"entity_id": "all"}, blocking=True
    )


# ---- every example


def test_languages() -> None:
    """Nothing is an example of something that is not checked here."""
    known = {"", "bat", "json", "python", "sh", "yaml"}
    assert {block.language for block in EXAMPLES} <= known


@pytest.mark.parametrize("block", YAML, ids=str)
async def test_yaml(hass: HomeAssistant, block: Block) -> None:
    """Every example is what Home Assistant takes: automation, action, settings."""
    config = parse_yaml(block.text)
    assert isinstance(config, dict)
    if "triggers" in config:
        assert await async_setup_component(hass, automation.DOMAIN, {})
        await automation.config.async_validate_config_item(hass, "test", config)
    elif "action" in config:
        actions = cv.SCRIPT_SCHEMA(config)
        await script.async_validate_actions_config(hass, actions)
    elif "mining-rig" in block.text:
        # What a dashboard is made from: browsers read it, not Home Assistant.
        strategy = config.get("strategy", config)
        assert strategy["type"] in ("custom:mining-rig", "custom:mining-rig-list")
    elif config.get("type") == "statistics-graph":
        assert all(map(valid_statistic_id, config["entities"]))
    elif logger.DOMAIN in config:
        assert logger.CONFIG_SCHEMA(config)[logger.DOMAIN]
    else:
        assert {*config} <= {"mqtt", "script", shell_command.DOMAIN}
        shell_command.CONFIG_SCHEMA(config)
        for sequence in config.get("script", {}).values():
            actions = cv.SCRIPT_SCHEMA(sequence["sequence"])
            await script.async_validate_actions_config(hass, actions)


async def test_entities(hass: HomeAssistant, garage: SimulatedXMRig) -> None:
    """Every entity of the rig that an example names is one of the rig's."""
    registry = er.async_get(hass)
    named = {
        word
        for block in YAML
        for word in re.findall(rf"\w+\.{NAME.lower()}_\w+", block.text)
    }
    assert named
    unknown = {name for name in named if registry.async_get(name) is None}
    assert not unknown


async def test_json(hass: HomeAssistant) -> None:
    """The section for the miner's configuration lets Home Assistant read and control."""
    (block,) = [block for block in PAGES[XMRIG].blocks if block.language == "json"]
    section = json.loads(f"{{{block.text.strip().removesuffix(',')}}}")
    async with SimulatedXMRig(NAME, config={"watch": False}) as rig:
        assert section["http"].keys() == rig.config["http"].keys()
        assert section["http"]["host"] == "0.0.0.0"
        # The port of the example may be taken here.
        section["http"]["port"] = rig.port
        rig.configure(section)
        await async_set_up(hass, entry_for(rig))
        switch = hass.states.get(entity_id(hass, "switch", "mining_allowed"))
        assert switch is not None
        assert switch.state == STATE_ON


# ---- the actions


async def async_run(hass: HomeAssistant, action: str) -> Any:
    """Run the example of an action; return its response."""
    (config,) = [
        config
        for block in PAGES[ACTIONS].blocks
        if block.language == "yaml"
        and isinstance(config := parse_yaml(block.text), dict)
        and config.get("action") == action
    ]
    sequence = await script.async_validate_actions_config(
        hass, cv.SCRIPT_SCHEMA(config)
    )
    result = await script.Script(hass, sequence, action, "test").async_run()
    assert result is not None
    return result.variables.get("config")


async def test_get_config(hass: HomeAssistant, garage: SimulatedXMRig) -> None:
    """The example returns the miner's configuration without its secrets."""
    config = await async_run(hass, "mining_rig.get_config")
    assert [pool["url"] for pool in config["pools"]] == ["one:1", "two:2"]
    assert "secret" not in str(config)


async def test_set_config(hass: HomeAssistant, garage: SimulatedXMRig) -> None:
    """The example changes what it names and nothing else."""
    before = garage.config
    await async_run(hass, "mining_rig.set_config")
    after = garage.config
    assert (after["print-time"], after["cpu"]["huge-pages-jit"]) == (300, True)
    assert [pool["enabled"] for pool in after["pools"]] == [True, False]
    for config in (before, after):
        del config["print-time"], config["cpu"]["huge-pages-jit"]
        del config["pools"][1]["enabled"]
    assert after == before


# ---- the automations


async def test_stop_when_hot(
    hass: HomeAssistant,
    automate: Automate,
    garage: SimulatedXMRig,
    pass_minutes: PassMinutes,
) -> None:
    """It pauses a rig that is hot, and no other."""
    await automate(AUTOMATIONS, "Garage stops when it is too hot")
    await pass_minutes(2)
    assert not garage.paused
    garage.fault("hot")
    await pass_minutes(15)
    assert garage.paused


async def test_rest_while_hot(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    automate: Automate,
    garage: SimulatedXMRig,
) -> None:
    """It pauses and goes on; what the owner turned off stays off."""
    await automate(AUTOMATIONS, "Garage rests while it is hot")

    async def pass_readings(readings: int) -> None:
        # The automation waits, so waiting for everything would not come to an end.
        for _ in range(readings):
            freezer.tick(STEP)
            async_fire_time_changed(hass)
            for _ in range(MOST_TURNS):
                if has_new_reading(hass, "sensor.garage_hashrate"):
                    break
                await asyncio.sleep(0)
            else:
                pytest.fail("no new reading")
            # What it makes the automation ask of the miner is answered in no time, too.
            for _ in range(TURNS_OF_AN_ANSWER):
                await asyncio.sleep(0)

    async def until(paused: bool) -> None:
        for _ in range(40):
            await pass_readings(1)
            if garage.paused is paused:
                return
        pytest.fail("the automation did not act")

    garage.fault("hot")
    await until(paused=True)
    garage.fault("normal")
    await until(paused=False)

    await hass.services.async_call(
        "switch", "turn_off", {"entity_id": "switch.garage_mining"}, blocking=True
    )
    garage.fault("hot")
    await pass_readings(20)
    garage.fault("normal")
    await pass_readings(20)
    assert garage.paused


async def test_solar_surplus(
    hass: HomeAssistant,
    automate: Automate,
    garage: SimulatedXMRig,
    pass_minutes: PassMinutes,
) -> None:
    """It mines while there is enough, and not because of a passing cloud."""
    hass.states.async_set("sensor.solar_surplus", "300")
    await automate(AUTOMATIONS, "Garage mines on solar surplus")

    async def surplus(watts: int, minutes: float) -> bool:
        hass.states.async_set("sensor.solar_surplus", str(watts))
        await pass_minutes(minutes)
        return not garage.paused

    assert not await surplus(20, 6)
    assert not await surplus(700, 4)
    assert await surplus(700, 2)
    assert await surplus(200, 10)
    assert await surplus(0, 4)
    assert await surplus(300, 10)
    assert not await surplus(0, 6)


async def test_notify_that_it_is_off(
    hass: HomeAssistant,
    automate: Automate,
    garage: SimulatedXMRig,
    pass_minutes: PassMinutes,
) -> None:
    """One message when it is off, none for a reboot."""
    messages = async_mock_service(hass, "notify", "mobile_app_my_phone")
    await automate(AUTOMATIONS, "Garage is off")
    garage.fault("off")
    await pass_minutes(3)
    garage.fault("on")
    await pass_minutes(10)
    assert hass.states.is_state("binary_sensor.garage_connectivity", STATE_ON)
    assert not messages
    garage.fault("off")
    await pass_minutes(10)
    assert hass.states.is_state("binary_sensor.garage_connectivity", STATE_OFF)
    assert len(messages) == 1


async def test_notify_of_lost_shares(
    hass: HomeAssistant,
    automate: Automate,
    garage: SimulatedXMRig,
    pass_minutes: PassMinutes,
) -> None:
    """The message says how many, and where."""
    messages: list[ServiceCall] = async_mock_service(
        hass, "notify", "mobile_app_my_phone"
    )
    await automate(AUTOMATIONS, "Garage loses shares")
    await pass_minutes(1)
    summary = await get(garage, "/2/summary", "secret")
    summary["results"] |= {"shares_good": 90, "shares_total": 100}
    garage.answers["/2/summary"] = summary
    await pass_minutes(16)
    (message,) = messages
    assert message.data["message"] == (
        "Only 90.0 % of its shares are accepted by one:1."
    )


async def test_quiet_at_night(
    hass: HomeAssistant,
    automate: Automate,
    garage: SimulatedXMRig,
    freezer: FrozenDateTimeFactory,
    pass_minutes: PassMinutes,
) -> None:
    """Fewer threads by night, the owner's by day."""
    await automate(AUTOMATIONS, "Garage is quiet at night")
    by_day = garage.config["cpu"]["rx"]

    freezer.tick(timedelta(hours=9, minutes=58))
    await pass_minutes(1)
    assert garage.config["cpu"]["rx"] == by_day
    await pass_minutes(2)
    assert len(garage.config["cpu"]["rx"]) < len(by_day)
    freezer.tick(timedelta(hours=8, minutes=58))
    await pass_minutes(2)
    assert garage.config["cpu"]["rx"] == by_day
