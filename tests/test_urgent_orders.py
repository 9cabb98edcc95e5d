"""An order to stop waits for nothing, and no call outlives its entry."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from datetime import datetime
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.mining_rig.coordinator.calls import CallEnded, Calls
from custom_components.mining_rig.model import (
    RIG,
    Action,
    Channel,
    Control,
    Quantity,
    Reading,
    Snapshot,
    Value,
)
from custom_components.mining_rig.readings import HASHRATE, MINING_ALLOWED, STOP
from custom_components.mining_rig.sources.common.contract import JsonObject

from .rigs import state
from .scripted import ScriptedSource, async_add
from .test_orders import async_seconds, async_settle

SETTING: Reading[float] = Reading("test_urgent_setting", Quantity.RATIO, setting=True)
OTHER = Action("test_urgent_other")


class Rig(ScriptedSource):
    """A rig each of whose answers a test can hold back."""

    def __init__(self) -> None:
        """Mine."""
        super().__init__(
            {HASHRATE.plain: 5e6, MINING_ALLOWED.plain: True, SETTING.plain: 1.0},
            Control(channel=MINING_ALLOWED.plain),
            Control(channel=SETTING.plain),
        )
        self.actions = (STOP, OTHER)
        self.held: set[str] = set()
        """What is held back: read, write, on, press, get_config, set_config."""
        self.sent: list[str] = []
        self.ended: list[str] = []
        self.reads = 0

    async def _hold(self, what: str) -> None:
        self.sent.append(what)
        try:
            while what in self.held:
                await asyncio.sleep(0.5)
        finally:
            self.ended.append(what)

    async def read(self, now: datetime) -> Snapshot:
        """Answer with what was true when the request came."""
        self.reads += 1
        values = self.values
        await self._hold("read")
        snapshot = await super().read(now)
        return snapshot.with_rig_values(values)

    async def write(self, part: str, control: Control[Any], value: Value) -> None:
        """Obey."""
        name = (
            {True: "on", False: "off"}.get(value) if isinstance(value, bool) else None
        )
        await self._hold(name or "write")
        await super().write(part, control, value)

    async def press(self, part: str, action: Action) -> None:
        """Do nothing."""
        await self._hold("stop" if action == STOP else "press")

    async def get_config(self) -> JsonObject:
        """Return nothing."""
        await self._hold("get_config")
        return {}

    async def set_config(self, changes: JsonObject) -> None:
        """Change nothing."""
        await self._hold("set_config")


class QueuedRig(Rig):
    """One whose wire answers one request at a time."""

    async def write_urgently(
        self, part: str, control: Control[Any], value: Value
    ) -> None:
        """Obey at once."""
        assert (control.channel, value) == (MINING_ALLOWED.plain, False)
        self.sent.append("urgent")
        await ScriptedSource.write(self, part, control, value)


@pytest.fixture(autouse=True)
def _noon(freezer: FrozenDateTimeFactory) -> None:
    """Let time pass only when a test moves it."""
    freezer.move_to("2026-11-01 12:00:00+00:00")


@pytest.fixture
async def tasks() -> AsyncIterator[list[asyncio.Task[Any]]]:
    """Return the calls of the test; what is left is ended after it."""
    found: list[asyncio.Task[Any]] = []
    yield found
    for task in found:
        task.cancel()
    await asyncio.gather(*found, return_exceptions=True)


def order(
    entry: MockConfigEntry, channel: Channel[Any], value: Value
) -> Coroutine[Any, Any, None]:
    """Return a call that writes."""
    written: Coroutine[Any, Any, None] = entry.runtime_data.commands.async_write(
        RIG, channel, value
    )
    return written


def under_way(entry: MockConfigEntry, what: str) -> list[Coroutine[Any, Any, Any]]:
    """Return calls, the first of which does not end while `what` is held back."""
    commands = entry.runtime_data.commands
    match what:
        case "read":
            return [entry.runtime_data.async_refresh()]
        case "write":
            return [order(entry, SETTING.plain, number) for number in (2.0, 3.0, 4.0)]
        case "on":
            return [order(entry, MINING_ALLOWED.plain, True)]
        case "press":
            return [commands.async_press(RIG, OTHER)]
        case "get_config":
            return [commands.async_get_config()]
    return [commands.async_set_config({})]


WHATS = ("read", "write", "on", "press", "get_config", "set_config")


@pytest.mark.parametrize("what", WHATS)
@pytest.mark.parametrize("rig", [Rig, QueuedRig])
async def test_off_reaches_the_miner_within_a_second(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    tasks: list[asyncio.Task[Any]],
    rig: type[Rig],
    what: str,
) -> None:
    """Whatever else hangs, and however much waits behind that."""
    source = rig()
    entry = await async_add(hass, source)
    source.held = {what}
    tasks += [asyncio.create_task(call) for call in under_way(entry, what)]
    await async_seconds(hass, freezer, 3)
    off = asyncio.create_task(order(entry, MINING_ALLOWED.plain, False))
    tasks.append(off)
    await async_seconds(hass, freezer, 1)
    assert source.sent[-1] in ("off", "urgent", "read")
    assert ("urgent" if rig is QueuedRig else "off") in source.sent
    assert source.values[MINING_ALLOWED.plain] is False
    source.held = set()
    await async_seconds(hass, freezer, 3)
    assert off.done()
    await off
    await async_seconds(hass, freezer, 30)
    assert source.values[MINING_ALLOWED.plain] is False
    assert state(hass, "switch", "mining_allowed").state == "off"


@pytest.mark.parametrize("what", ["read", "set_config"])
async def test_stop_reaches_the_miner_within_a_second(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    tasks: list[asyncio.Task[Any]],
    what: str,
) -> None:
    """The button that ends the miner waits for nothing either."""
    source = Rig()
    entry = await async_add(hass, source)
    source.held = {what}
    tasks += [asyncio.create_task(call) for call in under_way(entry, what)]
    await async_seconds(hass, freezer, 3)
    tasks.append(
        asyncio.create_task(entry.runtime_data.commands.async_press(RIG, STOP))
    )
    await async_seconds(hass, freezer, 1)
    assert "stop" in source.sent


async def test_on_that_waits_is_superseded(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    tasks: list[asyncio.Task[Any]],
) -> None:
    """It waits its turn behind a change of the configuration, and is then never sent."""
    source = Rig()
    entry = await async_add(hass, source)
    source.held = {"set_config"}
    tasks.append(asyncio.create_task(under_way(entry, "set_config")[0]))
    await async_seconds(hass, freezer, 2)
    on = asyncio.create_task(order(entry, MINING_ALLOWED.plain, True))
    await async_seconds(hass, freezer, 2)
    off = asyncio.create_task(order(entry, MINING_ALLOWED.plain, False))
    await async_seconds(hass, freezer, 1)
    assert on.done()
    await on
    source.held = set()
    await async_seconds(hass, freezer, 5)
    await off
    assert "on" not in source.sent


async def test_newest_order_wins_while_an_off_hangs(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    tasks: list[asyncio.Task[Any]],
) -> None:
    """The "off" that was not sent in full is given up."""
    source = Rig()
    entry = await async_add(hass, source)
    source.held = {"off"}
    off = asyncio.create_task(order(entry, MINING_ALLOWED.plain, False))
    await async_seconds(hass, freezer, 2)
    on = asyncio.create_task(order(entry, MINING_ALLOWED.plain, True))
    tasks += [off, on]
    await async_seconds(hass, freezer, 5)
    source.held = set()
    await async_seconds(hass, freezer, 5)
    assert off.done()
    assert on.done()
    await asyncio.gather(off, on)
    assert source.values[MINING_ALLOWED.plain] is True


async def test_reading_that_began_before_the_order_confirms_nothing(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    tasks: list[asyncio.Task[Any]],
) -> None:
    """It may show what was true before an "on" that came between."""
    source = Rig()
    source.values = {**source.values, MINING_ALLOWED.plain: False}
    entry = await async_add(hass, source)
    source.held = {"read"}
    tasks.append(asyncio.create_task(entry.runtime_data.async_refresh()))
    await async_seconds(hass, freezer, 2)
    source.deaf = True
    source.values = {**source.values, MINING_ALLOWED.plain: True}
    off = asyncio.create_task(order(entry, MINING_ALLOWED.plain, False))
    tasks.append(off)
    await async_seconds(hass, freezer, 1)
    reads = source.reads
    source.held = set()
    await async_settle()
    await async_seconds(hass, freezer, 1)
    assert source.reads > reads
    await async_seconds(hass, freezer, 12)
    with pytest.raises(HomeAssistantError) as caught:
        await off
    assert caught.value.translation_key == "not_confirmed"


@pytest.mark.parametrize("what", WHATS)
async def test_no_call_outlives_its_entry(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    tasks: list[asyncio.Task[Any]],
    what: str,
) -> None:
    """Each ends at once, with an error in words, and nothing more is sent."""
    source = Rig()
    entry = await async_add(hass, source)
    commands = entry.runtime_data.commands
    source.held = {what}
    calls = [asyncio.create_task(call) for call in under_way(entry, what)]
    tasks += calls
    await async_seconds(hass, freezer, 3)
    assert what in source.sent
    assert await hass.config_entries.async_unload(entry.entry_id)
    assert source.sent.count(what) == source.ended.count(what)
    sent = list(source.sent)
    await async_settle()
    for call in calls:
        assert call.done()
        if what == "read":
            await call
            continue
        with pytest.raises(HomeAssistantError) as caught:
            await call
        assert caught.value.translation_key == "not_offered"
    source.held = set()
    await async_seconds(hass, freezer, 60)
    assert source.sent == sent
    with pytest.raises(HomeAssistantError) as caught:
        await commands.async_write(RIG, SETTING.plain, 9.0)
    assert caught.value.translation_key == "not_offered"


async def test_call_that_cannot_be_ended(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    """Closing waits for it a few seconds, no longer; its own timeouts stay its own."""
    calls = Calls()
    go_on = asyncio.Event()

    async def stubborn() -> None:
        async with calls.running():
            while not go_on.is_set():
                try:
                    await go_on.wait()
                except asyncio.CancelledError:
                    continue

    task = asyncio.create_task(stubborn())
    await async_settle()
    closing = asyncio.create_task(calls.async_close())
    await async_settle()
    assert not closing.done()
    await async_seconds(hass, freezer, 6)
    assert closing.done()
    go_on.set()
    await async_settle()
    assert task.done()
    with pytest.raises(CallEnded):
        async with calls.running():
            raise AssertionError
    with pytest.raises(TimeoutError):
        async with Calls().running():
            raise TimeoutError
