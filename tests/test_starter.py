"""A rig that has no pause, started and stopped by what its owner names."""

import asyncio
from collections.abc import Iterator
from typing import Any
from unittest.mock import patch

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant, ServiceCall
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import entity_registry as er
import pytest

from custom_components.mining_rig.const import DOMAIN
from custom_components.mining_rig.coordinator import commands
from custom_components.mining_rig.coordinator.starter import STARTER_CONTROL
from custom_components.mining_rig.model import Control
from custom_components.mining_rig.readings import HASHRATE, HOTTEST, MINING_ALLOWED
from custom_components.mining_rig.sources.common.contract import SourceUnreachable
from custom_components.mining_rig.store import RigStore

from .rigs import ID_ROOT, async_pass, entity_id, state
from .scripted import ScriptedSource, async_add, async_open, served
from .test_orders import async_seconds, async_settle, status, switch

PLUG = "switch.plug"
BY_PLUG = {"start_stop": {"started_by": PLUG}}
BY_SCRIPTS = {
    "start_stop": {"start_script": "script.start", "stop_script": "script.stop"}
}


@pytest.fixture(autouse=True)
def _noon(freezer: FrozenDateTimeFactory) -> None:
    """Let time pass only when a test moves it."""
    freezer.move_to("2026-11-01 12:00:00+00:00")


@pytest.fixture
def calls() -> Iterator[list[asyncio.Task[None]]]:
    """Return the calls of the test; each has ended when it does."""
    found: list[asyncio.Task[None]] = []
    yield found
    assert all(call.done() for call in found)


class Outlet:
    """Switches and scripts of other integrations, and what was asked of them."""

    def __init__(self, hass: HomeAssistant, source: ScriptedSource) -> None:
        """Serve them; a rig that is cut off does not answer."""
        self.hass = hass
        self.source = source
        self.orders: list[str] = []
        self.error: Exception | None = None
        for service in ("turn_on", "turn_off"):
            hass.services.async_register("script", service, self._serve)
            hass.services.async_register("input_boolean", service, self._serve)
        hass.states.async_set(PLUG, "on")
        for script in ("script.start", "script.stop"):
            hass.states.async_set(script, "off")

    def serve_switch(self) -> None:
        """Take the place of the switches' service, that of the rig's own included."""
        own = self.hass.services.async_services_internal()["switch"]
        ours = {name: own[name].job.target for name in ("turn_on", "turn_off")}

        async def serve(call: ServiceCall) -> None:
            if call.data["entity_id"] == PLUG:
                await self._serve(call)
            else:
                await ours[call.service](call)

        for name in ours:
            self.hass.services.async_register("switch", name, serve)

    async def _serve(self, call: ServiceCall) -> None:
        if self.error is not None:
            raise self.error
        target = call.data["entity_id"]
        self.orders.append(f"{target} {call.service}")
        if target.startswith("script.") is False:
            self.hass.states.async_set(target, call.service.removeprefix("turn_"))


async def async_rig(
    hass: HomeAssistant, options: dict[str, Any], *controls: Control[Any]
) -> tuple[ScriptedSource, Outlet, Any]:
    """Set up a rig that mines and cannot pause."""
    source = ScriptedSource({HASHRATE.plain: 5e6}, *controls)
    outlet = Outlet(hass, source)
    entry = await async_add(hass, source, **options)
    outlet.serve_switch()
    return source, outlet, entry


def mining(hass: HomeAssistant) -> str:
    """Return the state of the mining switch."""
    return state(hass, "switch", "mining_allowed").state


def cut_off(source: ScriptedSource) -> None:
    """Let the rig answer no more."""
    source.error = SourceUnreachable("gone")


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (BY_PLUG, ("switch.plug turn_off", "switch.plug turn_on")),
        (BY_SCRIPTS, ("script.stop turn_on", "script.start turn_on")),
    ],
)
async def test_off_and_on(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    calls: list[asyncio.Task[None]],
    options: dict[str, Any],
    expected: tuple[str, str],
) -> None:
    """The order goes there; the rig itself confirms it, also by falling silent."""
    source, outlet, _ = await async_rig(hass, options)
    assert mining(hass) == "on"
    call = switch(hass, calls, "off")
    await async_settle()
    assert outlet.orders == [expected[0]]
    cut_off(source)
    await async_seconds(hass, freezer, 12)
    assert call.done()
    await call
    assert status(hass) == "stopping"
    await async_seconds(hass, freezer, 30)
    assert status(hass) == "offline"
    assert mining(hass) == "off"

    # It can be started while it is off.
    outlet.orders.clear()
    call = switch(hass, calls, "on")
    await async_settle()
    assert outlet.orders == [expected[1]]
    await async_seconds(hass, freezer, 12)
    assert call.done()
    await call
    assert mining(hass) == "on"
    source.error, source.values = None, {HASHRATE.plain: 0.0}
    await async_seconds(hass, freezer, 61)
    assert status(hass) == "starting"
    source.values = {HASHRATE.plain: 5e6}
    await async_seconds(hass, freezer, 12)
    assert status(hass) == "mining"
    assert state(hass, "binary_sensor", "not_following").state == "off"
    assert outlet.orders == [expected[1]]


async def test_rig_that_mines_on(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    calls: list[asyncio.Task[None]],
) -> None:
    """What was switched proves nothing while the rig reports a hashrate."""
    _, outlet, _ = await async_rig(hass, BY_PLUG)
    call = switch(hass, calls, "off")
    await async_seconds(hass, freezer, 12)
    assert call.done()
    await call
    assert status(hass) == "stopping"
    await async_seconds(hass, freezer, 60)
    assert state(hass, "binary_sensor", "not_following").state == "on"
    assert mining(hass) == "on"
    assert outlet.orders == ["switch.plug turn_off"]


async def test_hashrate_that_ends_confirms_off(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    calls: list[asyncio.Task[None]],
) -> None:
    """A rig that still answers is off when it does not mine."""
    source, _, _ = await async_rig(hass, BY_PLUG)
    call = switch(hass, calls, "off")
    await async_settle()
    source.values = {HASHRATE.plain: 0.0}
    await async_seconds(hass, freezer, 3)
    assert call.done()
    await call
    assert (status(hass), mining(hass)) == ("paused", "off")


async def test_switch_that_others_turn(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    """The mining switch follows at once, and orders nothing."""
    source, outlet, _ = await async_rig(hass, BY_PLUG)
    hass.states.async_set(PLUG, "off")
    await async_settle()
    assert mining(hass) == "off"
    cut_off(source)
    for _ in range(4):
        await async_pass(hass, freezer)
    assert status(hass) == "offline"
    hass.states.async_set(PLUG, "on")
    await async_settle()
    assert mining(hass) == "on"
    hass.states.async_set(PLUG, "unavailable")
    await async_settle()
    assert mining(hass) == "unknown"
    assert not outlet.orders


async def test_script_that_still_runs_is_ended(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    calls: list[asyncio.Task[None]],
) -> None:
    """It would start the miner again."""
    source, outlet, entry = await async_rig(hass, BY_SCRIPTS)
    hass.states.async_set("script.start", "on")
    call = switch(hass, calls, "off")
    await async_settle()
    assert outlet.orders == ["script.start turn_off", "script.stop turn_on"]
    source.values = {HASHRATE.plain: 0.0}
    await async_seconds(hass, freezer, 3)
    assert call.done()
    await call

    # The last order is known after a restart.
    await hass.config_entries.async_unload(entry.entry_id)
    cut_off(source)
    await async_open(hass, entry, source)
    assert mining(hass) == "off"
    source.error, source.values = None, {HASHRATE.plain: 5e6}
    await async_pass(hass, freezer)
    assert mining(hass) == "on"


@pytest.mark.parametrize(
    ("state_of_plug", "error", "key"),
    [
        ("unavailable", None, "starter_missing"),
        (None, None, "starter_missing"),
        ("on", HomeAssistantError("no"), "starter_failed"),
        ("on", TimeoutError(), "starter_failed"),
    ],
)
async def test_what_cannot_be_switched(
    hass: HomeAssistant, state_of_plug: str | None, error: Exception | None, key: str
) -> None:
    """The call fails, with what is missing."""
    _, outlet, _ = await async_rig(hass, BY_PLUG)
    if state_of_plug is None:
        hass.states.async_remove(PLUG)
    else:
        hass.states.async_set(PLUG, state_of_plug)
    outlet.error = error
    with pytest.raises(HomeAssistantError) as raised:
        await hass.services.async_call(
            "switch",
            "turn_off",
            {"entity_id": entity_id(hass, "switch", "mining_allowed")},
            blocking=True,
        )
    assert raised.value.translation_key == key


async def test_own_pause_is_used(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    calls: list[asyncio.Task[None]],
) -> None:
    """A rig that has a pause of its own gets its orders itself."""
    own = Control(channel=MINING_ALLOWED.plain)
    source = ScriptedSource({HASHRATE.plain: 5e6, MINING_ALLOWED.plain: True}, own)
    outlet = Outlet(hass, source)
    await async_add(hass, source, **BY_PLUG)
    outlet.serve_switch()
    call = switch(hass, calls, "off")
    await async_seconds(hass, freezer, 3)
    assert call.done()
    assert source.writes == [False]
    assert not outlet.orders


async def test_option_that_was_taken_back(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    """The switch goes, and can be had again."""
    source, _, entry = await async_rig(hass, BY_PLUG)
    known = entry.runtime_data.known_parts.parts["rig"].controls
    assert known[MINING_ALLOWED.plain] == STARTER_CONTROL
    hass.config_entries.async_update_entry(entry, options={})
    await hass.config_entries.async_unload(entry.entry_id)
    await async_open(hass, entry, source)
    registry = er.async_get(hass)
    unique_id = f"{ID_ROOT}_rig_mining_allowed"
    assert registry.async_get_entity_id("switch", DOMAIN, unique_id) is None
    form = await hass.config_entries.options.async_init(entry.entry_id)
    if form["type"] == "menu":
        form = await hass.config_entries.options.async_configure(
            form["flow_id"], {"next_step_id": "settings"}
        )
    assert "start_stop" in form["data_schema"].schema


@pytest.mark.parametrize(
    ("chosen", "error"),
    [
        ({"start_script": "script.start"}, "two_scripts"),
        (
            {"started_by": PLUG, **BY_SCRIPTS["start_stop"]},
            "switch_or_scripts",
        ),
        (BY_SCRIPTS["start_stop"], None),
        (BY_PLUG["start_stop"], None),
    ],
)
async def test_form(
    hass: HomeAssistant, chosen: dict[str, str], error: str | None
) -> None:
    """A switch, or both scripts."""
    source, _, entry = await async_rig(hass, {})
    form = await hass.config_entries.options.async_init(entry.entry_id)
    if form["type"] == "menu":
        form = await hass.config_entries.options.async_configure(
            form["flow_id"], {"next_step_id": "settings"}
        )

    with served(source):
        done = await hass.config_entries.options.async_configure(
            form["flow_id"], {"start_stop": chosen}
        )
        await hass.async_block_till_done()
    if error is not None:
        assert done["errors"] == {"base": error}
    else:
        assert mining(hass) == "on"
        assert entry.options["start_stop"] == chosen
        assert "watchdog" not in entry.options


async def test_off_overtakes_an_on_that_hangs(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    calls: list[asyncio.Task[None]],
) -> None:
    """It does not wait for the plug's answer, nor for a poll."""
    source, outlet, _ = await async_rig(hass, BY_PLUG)
    source.values = {HASHRATE.plain: 0.0}
    hass.states.async_set(PLUG, "off")
    await async_seconds(hass, freezer, 12)
    hangs = asyncio.Event()
    serve = outlet.orders.append

    async def hang(call: ServiceCall) -> None:
        serve(call.service)
        if call.service == "turn_on":
            await hangs.wait()

    with patch.object(outlet, "_serve", hang):
        switch(hass, calls, "on")
        await async_settle()
        off = switch(hass, calls, "off")
        await async_settle()
        assert outlet.orders == ["turn_on", "turn_off"]
        await async_seconds(hass, freezer, 3)
        assert off.done()
        hangs.set()
        await async_settle()


async def test_order_while_the_rig_is_off_survives_a_restart(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    calls: list[asyncio.Task[None]],
) -> None:
    """No reading of the rig is needed for that."""
    source, _, entry = await async_rig(hass, BY_SCRIPTS)
    cut_off(source)
    for _ in range(4):
        await async_pass(hass, freezer)
    assert status(hass) == "offline"
    call = switch(hass, calls, "off")
    await async_seconds(hass, freezer, 3)
    assert call.done()
    await async_seconds(hass, freezer, 61)
    store = RigStore(hass, entry.entry_id)
    await store.async_load()
    assert store.started is False
    await hass.config_entries.async_unload(entry.entry_id)
    await async_open(hass, entry, source)
    assert mining(hass) == "off"


@pytest.mark.parametrize("options", [BY_PLUG, BY_SCRIPTS])
async def test_protection_stops_a_program_that_only_reports(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, options: dict[str, Any]
) -> None:
    """A confirmed off is its way to act; the owner's kept order stays what it is."""
    source = ScriptedSource({HASHRATE.plain: 5e6, HOTTEST.plain: 60.0})
    outlet = Outlet(hass, source)
    entry = await async_add(hass, source, keep_order=True, **options)
    outlet.serve_switch()
    rig = entry.runtime_data
    limit = entity_id(hass, "number", "protection_limit")
    await hass.services.async_call(
        "number", "set_value", {"entity_id": limit, "value": 80}, blocking=True
    )
    with pytest.raises(HomeAssistantError):
        await rig.protection.async_switch_on()

    own = entity_id(hass, "switch", "mining_allowed")
    for service, hashrate in (("turn_off", 0.0), ("turn_on", 5e6)):
        with patch.object(commands, "CONFIRM_PAUSES", (0.0, 0.0)):
            await hass.services.async_call(
                "switch", service, {"entity_id": own}, blocking=True
            )
        source.values = {**source.values, HASHRATE.plain: hashrate}
        await async_pass(hass, freezer)
    await rig.protection.async_switch_on()
    assert rig.store.orders == {"rig": True}

    outlet.orders.clear()
    source.values = {**source.values, HOTTEST.plain: 90.0}
    with patch.object(commands, "CONFIRM_PAUSES", (0.0, 0.0)):
        await async_pass(hass, freezer)
        await async_pass(hass, freezer, 20)
    order = "script.stop turn_on" if options is BY_SCRIPTS else f"{PLUG} turn_off"
    assert outlet.orders == [order]
    assert rig.is_protected
    assert rig.store.orders == {"rig": True}
