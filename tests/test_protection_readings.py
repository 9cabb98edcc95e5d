"""What thermal protection sees, and how fast it acts on it."""

import asyncio
from datetime import timedelta
import json
from pathlib import Path
from typing import Any
from unittest.mock import patch

from freezegun.api import FrozenDateTimeFactory
from homeassistant.components.logbook.helpers import async_filter_entities
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.exceptions import ServiceValidationError
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_fire_time_changed,
)

from custom_components.mining_rig.const import DOMAIN
from custom_components.mining_rig.coordinator import commands, protecting
from custom_components.mining_rig.model import Control, Part, PartKind
from custom_components.mining_rig.readings import (
    HASHRATE,
    MINING,
    MINING_ALLOWED,
    TEMPERATURE,
)
from custom_components.mining_rig.sources.common.contract import SourceUnreachable
from custom_components.mining_rig.store import RigStore

from .protected import (
    HOT,
    KINDS,
    PLUG,
    STEP,
    Polled,
    Protected,
    async_call,
    async_plug,
    protected,
)
from .rigs import entity_id, state
from .scripted import ScriptedSource, async_add
from .test_orders import async_settle

CELSIUS = {"device_class": "temperature", "unit_of_measurement": "°C"}
FAHRENHEIT = {"device_class": "temperature", "unit_of_measurement": "°F"}
NEAR = "sensor.near"
SMOKE = "binary_sensor.smoke"


@pytest.fixture(autouse=True)
def _noon(freezer: FrozenDateTimeFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let time pass only when a test moves it."""
    freezer.move_to("2026-11-01 12:00:00+00:00")
    monkeypatch.setattr(commands, "CONFIRM_PAUSES", (0.0, 0.0))


@pytest.fixture(params=KINDS)
def rig(
    request: pytest.FixtureRequest, hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> Protected:
    """Return a rig of either kind."""
    return protected(request.param, hass, freezer)


# ---- readings that are missing or old


async def test_mining_without_a_reading(rig: Protected) -> None:
    """After 60 s an event and a repair say so, until there is one."""
    await rig.async_start()
    rig.celsius = None
    await rig.async_pass(50)
    assert rig.told is None
    await rig.async_pass(20)
    assert rig.told == "no_reading"
    assert rig.has_issue("no_reading")
    rig.celsius = 50.0
    await rig.async_pass(STEP)
    assert not rig.has_issue("no_reading")


async def test_frozen_readings(rig: Protected) -> None:
    """After five minutes without any change an event and a repair say so."""
    await rig.async_start()
    rig.is_frozen = True
    await rig.async_pass(290)
    assert not rig.has_issue("frozen")
    await rig.async_pass(40)
    assert rig.told == "frozen"
    assert rig.has_issue("frozen")
    rig.is_frozen = False
    await rig.async_pass(STEP)
    assert not rig.has_issue("frozen")


# ---- the owner's sensor


@pytest.mark.parametrize(
    ("sensor", "values", "facts"),
    [
        (NEAR, ("30", "60"), CELSIUS),
        (NEAR, ("86", "140"), FAHRENHEIT),
        (SMOKE, ("off", "on"), {"device_class": "smoke"}),
        ("binary_sensor.heat", ("off", "on"), {"device_class": "heat"}),
    ],
)
async def test_sensor_beside_the_rig(
    hass: HomeAssistant,
    rig: Protected,
    sensor: str,
    values: tuple[str, str],
    facts: dict[str, str],
) -> None:
    """Its heat counts between polls, too, and while the rig itself is cool."""
    cool, hot = values
    hass.states.async_set(sensor, cool, facts)
    await rig.async_start(protection={"heat_sensor": sensor})
    await rig.async_pass(60)
    assert rig.state == "watching"
    hass.states.async_set(sensor, hot, facts)
    await rig.async_settle()
    assert state(hass, "binary_sensor", "overheating").state == "on"
    await rig.async_pass(20)
    assert not rig.is_ordered


async def test_sensor_alone(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    """A rig without temperatures is protected by it, and by nothing else."""
    source = ScriptedSource({HASHRATE.plain: 1e6, MINING.plain: True})
    plug = await async_plug(hass)
    await async_add(hass, source, power_switch=PLUG, protection={"heat_sensor": SMOKE})
    with pytest.raises(ServiceValidationError) as error:
        await async_call(hass, "switch", "turn_on", "thermal_protection")
    assert error.value.translation_key == "protection_needs_temperature"
    hass.states.async_set(SMOKE, "off")
    await async_call(hass, "switch", "turn_on", "thermal_protection")
    hass.states.async_set(SMOKE, "on")
    await hass.async_block_till_done(wait_background_tasks=True)
    rig = Polled(hass, freezer)
    rig.source = source
    for _ in range(2):
        freezer.tick(timedelta(seconds=STEP))
        await rig.async_settle()
    # Nothing can pause it, so its power goes at once.
    assert plug.told == ["off"]


# ---- what it acts with


@pytest.mark.parametrize(
    ("switch", "missing"),
    [(None, "protection_needs_way"), (PLUG, "protection_needs_switch")],
)
async def test_no_way_to_act(
    hass: HomeAssistant, rig: Protected, switch: str | None, missing: str
) -> None:
    """A switch that is not there is no way; an "off" of a month ago is none either."""
    await rig.async_add({} if switch is None else {"power_switch": switch})
    await rig.async_pass(STEP)
    await async_call(hass, "number", "set_value", "protection_limit", value=80)
    with pytest.raises(ServiceValidationError) as error:
        await async_call(hass, "switch", "turn_on", "thermal_protection")
    assert error.value.translation_key == missing
    await rig.async_prove()
    rig.freezer.tick(timedelta(days=30))
    await rig.async_pass(2 * STEP)
    with pytest.raises(ServiceValidationError):
        await async_call(hass, "switch", "turn_on", "thermal_protection")
    await rig.async_prove()
    await async_call(hass, "switch", "turn_on", "thermal_protection")
    # A second time changes nothing.
    await async_call(hass, "switch", "turn_on", "thermal_protection")
    assert state(hass, "switch", "thermal_protection").state == "on"


async def test_off_at_the_miner(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    """What somebody does at the miner itself is no trip."""
    rig = Polled(hass, freezer)
    await rig.async_start()
    rig.celsius = HOT
    await rig.async_pass(STEP)
    rig.source.values = {**rig.source.values, MINING_ALLOWED.plain: False}
    await rig.async_pass(STEP)
    rig.celsius = HOT - 5
    await rig.async_pass(rig.patience + 60)
    assert rig.told == "stopped_by_others"
    assert not rig.has_issue("overheated")
    assert rig.plug_told == []


async def test_one_card(hass: HomeAssistant, freezer: FrozenDateTimeFactory) -> None:
    """Only the hot card is paused, where its own pause was seen to work."""
    control = Control(channel=MINING_ALLOWED.plain)
    written: list[tuple[str, Any]] = []

    class Cards(ScriptedSource):
        celsius = 50.0

        async def read(self, now: Any) -> Any:
            self.others = [
                Part(
                    kind=PartKind.GPU,
                    key=key,
                    values={TEMPERATURE.plain: heat, MINING_ALLOWED.plain: on[key]},
                    controls={control.channel: control},
                )
                for key, heat in (("gpu_0", self.celsius), ("gpu_1", 50.0))
            ]
            return await super().read(now)

        async def write(self, part: str, control: Any, value: Any) -> None:
            written.append((part, value))
            if part == "rig":
                await super().write(part, control, value)
            else:
                on[part] = value

    on = {"gpu_0": True, "gpu_1": True}
    source = Cards({HASHRATE.plain: 1e6, MINING_ALLOWED.plain: True}, control)
    await async_plug(hass)
    await async_add(hass, source, power_switch=PLUG, protection={"hold_time": 0})
    await async_call(hass, "switch", "turn_on", "thermal_protection")
    card = entity_id(hass, "switch", "mining_allowed", "gpu_0")
    for service in ("turn_off", "turn_on"):
        await hass.services.async_call(
            "switch", service, {"entity_id": card}, blocking=True
        )
    written.clear()
    source.celsius = 95.0
    freezer.tick(timedelta(seconds=STEP))
    rig = Polled(hass, freezer)
    await rig.async_settle()
    assert written == [("gpu_0", False)]


async def test_what_starts_a_program_also_stops_it(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    """A rig without a pause is stopped by its owner's switch, and that is no proof."""
    plug = await async_plug(hass)
    rig = Polled(hass, freezer)
    rig.source.values.pop(MINING_ALLOWED.plain)
    rig.source.values[MINING.plain] = True
    rig.source.controls = {}
    rig.entry = await async_add(
        hass,
        rig.source,
        start_stop={"started_by": PLUG},
        protection={"hold_time": 0},
    )
    await async_call(hass, "number", "set_value", "protection_limit", value=80)
    with pytest.raises(ServiceValidationError):
        await async_call(hass, "switch", "turn_on", "thermal_protection")
    await async_call(hass, "switch", "turn_off", "mining_allowed")
    rig.source.values[MINING.plain] = False
    await rig.async_pass(STEP)
    await async_call(hass, "switch", "turn_on", "mining_allowed")
    rig.source.values[MINING.plain] = True
    await rig.async_pass(STEP)
    await async_call(hass, "switch", "turn_on", "thermal_protection")
    plug.told.clear()
    rig.celsius = HOT
    await rig.async_pass(STEP)
    assert plug.told == ["off"]
    # It goes on mining: the switch alone confirms nothing.
    await rig.async_pass(70)
    assert rig.told == "still_hot"
    # It answers no more, and its switch is off.
    rig.source.values[MINING.plain] = False
    rig.is_silent = True
    await rig.async_pass(200)
    assert rig.state == "paused"


async def test_switch_of_several_rigs(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    """It is refused unless that is confirmed."""
    hass.states.async_set(PLUG, "on")
    MockConfigEntry(domain=DOMAIN, options={"power_switch": PLUG}).add_to_hass(hass)
    entry = await async_add(hass, Polled(hass, freezer).source)
    manager = hass.config_entries.options
    for shared in (False, True):
        form = await manager.async_init(entry.entry_id)
        if form["type"] is FlowResultType.MENU:
            form = await manager.async_configure(
                form["flow_id"], {"next_step_id": "settings"}
            )
        done = await manager.async_configure(
            form["flow_id"], {"power_switch": PLUG, "shared_switch": shared}
        )
        if not shared:
            assert done["errors"] == {"base": "switch_in_use"}
            manager.async_abort(form["flow_id"])
    assert done["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done()


# ---- how fast


async def test_polled_often_enough(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    """Every 30 s at least while it is on, also a rig that is away."""
    rig = Polled(hass, freezer)
    await rig.async_start(poll_interval=600)
    interval = rig.entry.runtime_data.update_interval
    assert interval <= timedelta(seconds=30)
    rig.source.error = SourceUnreachable("gone")
    for _ in range(20):
        freezer.tick(timedelta(seconds=30))
        await rig.async_settle()
    assert rig.entry.runtime_data.update_interval <= timedelta(seconds=30)


async def test_off_does_not_wait(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A poll that hangs and a disk that hangs delay it by less than a second."""
    rig = Polled(hass, freezer)
    await rig.async_start(protection={"hold_time": 5})
    rig.celsius = HOT
    await rig.async_pass(STEP)
    hanging = asyncio.Event()

    async def hang(*_args: Any) -> Any:
        await hanging.wait()

    monkeypatch.setattr(rig.source, "read", hang)
    with patch.object(RigStore, "async_save", hang):
        poll = hass.async_create_task(rig.entry.runtime_data.async_refresh())
        await async_settle()
        freezer.tick(5)
        async_fire_time_changed(hass)
        for _ in range(9):
            await async_settle()
            freezer.tick(0.1)
        await async_settle()
        assert rig.source.writes == [False]
    monkeypatch.undo()
    hanging.set()
    poll.cancel()
    await asyncio.gather(poll, return_exceptions=True)
    await hass.config_entries.async_unload(rig.entry.entry_id)


async def test_full_disk(rig: Protected) -> None:
    """It hinders neither stage."""
    await rig.async_start()
    with patch(
        "custom_components.mining_rig.store.save_json", side_effect=OSError("full")
    ):
        rig.celsius = HOT
        await rig.async_pass(3 * STEP)
        assert not rig.is_ordered
        rig.is_deaf = True
        await rig.async_pass(rig.patience + 2 * STEP)
    assert rig.plug_told == ["off"]


async def test_remembered_before_it_acts(
    monkeypatch: pytest.MonkeyPatch, rig: Protected
) -> None:
    """What is killed at the order goes on with it."""
    # However slow the disk of a busy computer is.
    monkeypatch.setattr(protecting, "_LONGEST_SAVE", 60.0)
    await rig.async_start()
    states: list[str] = []
    path = Path(rig.hass.config.path(".storage", f"{DOMAIN}.{rig.entry.entry_id}"))

    def note() -> None:
        stored = json.loads(path.read_text())["data"]
        states.append(stored["protection"]["memory"]["state"])

    assert rig.plug is not None
    rig.plug.on_told = note
    rig.is_deaf = True
    await rig.async_trip()
    await rig.async_pass(rig.patience + STEP)
    assert states == ["cut"]


async def test_logbook(hass: HomeAssistant, rig: Protected) -> None:
    """The logbook shows the event and the sensor of every trip."""
    await rig.async_start()
    await rig.async_trip()
    shown = [
        entity_id(hass, "event", "protection"),
        entity_id(hass, "binary_sensor", "overheating"),
    ]
    assert async_filter_entities(hass, shown) == shown
    assert rig.told == "overheated"
