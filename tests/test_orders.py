"""Commands that a rig follows minutes later: what calls, states and events show."""

import asyncio
from collections.abc import Iterator
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_fire_time_changed,
)

from custom_components.mining_rig.const import DOMAIN
from custom_components.mining_rig.model import Control, Quantity, Reading
from custom_components.mining_rig.readings import COMMAND, HASHRATE, MINING_ALLOWED
from custom_components.mining_rig.sources.common.contract import (
    CommandRefused,
    SourceUnreachable,
)

from .rigs import entity_id, state
from .scripted import ScriptedSource, async_add

FAN: Reading[float] = Reading("test_slow_fan", Quantity.RATIO, setting=True)
QUICK: Reading[bool] = Reading("test_quick", Quantity.FLAG, setting=True)
SLOW = Control(channel=MINING_ALLOWED.plain, confirm_within=180)


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


def a_rig(*, mines: bool, **control: Any) -> ScriptedSource:
    """Return a rig that takes three minutes to start and to stop."""
    return ScriptedSource(
        {HASHRATE.plain: 5e6 if mines else 0.0, MINING_ALLOWED.plain: mines},
        Control(channel=MINING_ALLOWED.plain, confirm_within=180, **control),
    )


def follow(source: ScriptedSource, *, mines: bool) -> None:
    """Let the rig show that it has started, or stopped."""
    source.values = {
        HASHRATE.plain: 5e6 if mines else 0.0,
        MINING_ALLOWED.plain: mines,
    }


def switch(
    hass: HomeAssistant, calls: list[asyncio.Task[None]], to: str
) -> asyncio.Task[None]:
    """Turn mining on or off; the call goes on beside the test."""
    call = asyncio.create_task(
        hass.services.async_call(
            "switch",
            f"turn_{to}",
            {"entity_id": entity_id(hass, "switch", "mining_allowed")},
            blocking=True,
        )
    )
    calls.append(call)
    return call


def wait(
    hass: HomeAssistant,
    calls: list[asyncio.Task[None]],
    entry: MockConfigEntry,
    **data: Any,
) -> asyncio.Task[None]:
    """Wait for the order, as the step of an automation does."""
    call = asyncio.create_task(
        hass.services.async_call(
            DOMAIN,
            "wait_for_order",
            {"config_entry_id": entry.entry_id, **data},
            blocking=True,
        )
    )
    calls.append(call)
    return call


async def async_seconds(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, seconds: int
) -> None:
    """Let time pass second by second.

    Home Assistant's own waiting would wait for the calls, which wait for time to pass.
    """
    for _ in range(seconds):
        freezer.tick(1)
        async_fire_time_changed(hass)
        await async_settle()


async def async_settle() -> None:
    """Let run what can run now; no scripted source does any I/O."""
    for _ in range(20):
        await asyncio.sleep(0)


def status(hass: HomeAssistant) -> str:
    """Return the rig's status."""
    return state(hass, "sensor", "status").state


def not_following(hass: HomeAssistant) -> str:
    """Return whether the rig does not follow."""
    return state(hass, "binary_sensor", "not_following").state


def command(hass: HomeAssistant) -> Any:
    """Return the type of the last event."""
    return state(hass, "event", "command").attributes["event_type"]


@pytest.mark.usefixtures("entity_registry_enabled_by_default")
async def test_confirmed_after_the_call_returned(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    calls: list[asyncio.Task[None]],
) -> None:
    """The call returns after 10 s; the event comes when the rig shows the order."""
    source = a_rig(mines=True)
    await async_add(hass, source)
    assert (status(hass), not_following(hass)) == ("mining", "off")
    source.deaf = True
    call = switch(hass, calls, "off")
    await async_seconds(hass, freezer, 1)
    assert status(hass) == "stopping"
    await async_seconds(hass, freezer, 8)
    assert not call.done()
    await async_seconds(hass, freezer, 2)
    assert call.done()
    await call
    assert state(hass, "switch", "mining_allowed").state == "on"
    await async_seconds(hass, freezer, 120)
    assert (status(hass), not_following(hass)) == ("stopping", "off")
    assert command(hass) is None
    follow(source, mines=False)
    await async_seconds(hass, freezer, 11)
    assert status(hass) == "paused"
    assert command(hass) == "confirmed"
    event = state(hass, "event", "command")
    assert event.attributes["control"] == "mining_allowed"
    assert event.attributes["part"] == "rig"
    assert event.attributes["value"] is False
    assert source.writes == [False]


async def test_confirmed_within_the_call(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    calls: list[asyncio.Task[None]],
) -> None:
    """A rig that is quick this time lets the call return at once, without an event."""
    source = a_rig(mines=True)
    await async_add(hass, source)
    call = switch(hass, calls, "off")
    await async_seconds(hass, freezer, 2)
    assert call.done()
    await call
    assert status(hass) == "paused"


@pytest.mark.usefixtures("entity_registry_enabled_by_default")
async def test_not_confirmed(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    calls: list[asyncio.Task[None]],
) -> None:
    """After its time: the event, the problem and the status, until it is followed."""
    source = a_rig(mines=False)
    await async_add(hass, source)
    source.deaf = True
    call = switch(hass, calls, "on")
    await async_seconds(hass, freezer, 178)
    assert call.done()
    assert (status(hass), not_following(hass)) == ("starting", "off")
    await async_seconds(hass, freezer, 3)
    assert (status(hass), not_following(hass)) == ("not_following", "on")
    assert command(hass) == "not_followed"
    await async_seconds(hass, freezer, 60)
    assert (status(hass), not_following(hass)) == ("not_following", "on")
    follow(source, mines=True)
    await async_seconds(hass, freezer, 11)
    assert (status(hass), not_following(hass)) == ("mining", "off")
    assert command(hass) == "not_followed"


async def test_preparing_after_the_order_is_shown(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    calls: list[asyncio.Task[None]],
) -> None:
    """It is starting until it mines, but not longer than the order may take."""
    source = a_rig(mines=False)
    await async_add(hass, source)
    call = switch(hass, calls, "on")
    await async_seconds(hass, freezer, 2)
    assert call.done()
    assert state(hass, "switch", "mining_allowed").state == "on"
    assert status(hass) == "starting"
    await async_seconds(hass, freezer, 170)
    assert status(hass) == "starting"
    await async_seconds(hass, freezer, 12)
    assert (status(hass), not_following(hass)) == ("idle", "off")
    follow(source, mines=True)
    await async_seconds(hass, freezer, 11)
    assert status(hass) == "mining"


async def test_newer_order_takes_the_place_at_once(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    calls: list[asyncio.Task[None]],
) -> None:
    """An off is written while the call of an on still waits, and no on is missed."""
    source = a_rig(mines=False)
    await async_add(hass, source)
    source.deaf = True
    on = switch(hass, calls, "on")
    await async_seconds(hass, freezer, 1)
    off = switch(hass, calls, "off")
    await async_settle()
    assert source.writes == [True, False]
    await async_seconds(hass, freezer, 2)
    assert on.done()
    assert off.done()
    await asyncio.gather(on, off)
    assert (status(hass), not_following(hass)) == ("paused", "off")
    await async_seconds(hass, freezer, 200)
    assert (status(hass), not_following(hass)) == ("paused", "off")


async def test_off_overtakes_a_setting(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    calls: list[asyncio.Task[None]],
) -> None:
    """Settings wait for each other; an order to stop waits for none."""
    source = ScriptedSource(
        {HASHRATE.plain: 5e6, MINING_ALLOWED.plain: True, QUICK.plain: False},
        SLOW,
        Control(channel=QUICK.plain),
    )
    entry = await async_add(hass, source)
    source.deaf = True
    commands = entry.runtime_data.commands
    first = asyncio.create_task(commands.async_write("rig", QUICK.plain, True))
    second = asyncio.create_task(commands.async_write("rig", QUICK.plain, True))
    calls += [first, second]
    await async_seconds(hass, freezer, 1)
    off = switch(hass, calls, "off")
    await async_settle()
    assert source.writes == [True, False]
    await async_seconds(hass, freezer, 20)
    assert source.writes == [True, False, True]
    assert off.done()
    for call in (first, second):
        with pytest.raises(HomeAssistantError) as caught:
            await call
        assert caught.value.translation_key == "not_confirmed"
    assert not_following(hass) == "off"


async def test_polls_go_on_meanwhile(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    calls: list[asyncio.Task[None]],
) -> None:
    """Other readings are as fresh as ever while an order is pending."""
    source = a_rig(mines=True)
    await async_add(hass, source)
    source.deaf = True
    switch(hass, calls, "off")
    for rate in range(1, 15):
        source.values = {**source.values, HASHRATE.plain: rate * 1e6}
        await async_seconds(hass, freezer, 10)
        assert float(state(hass, "sensor", "hashrate").state) == rate
    assert status(hass) == "stopping"


async def test_refusal_is_an_error_at_once(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    calls: list[asyncio.Task[None]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What the rig does not allow is no pending order."""
    source = a_rig(mines=True)
    await async_add(hass, source)

    async def refuse(*_args: Any) -> None:
        raise CommandRefused("not_offered")

    monkeypatch.setattr(source, "write", refuse)
    call = switch(hass, calls, "off")
    await async_seconds(hass, freezer, 1)
    with pytest.raises(HomeAssistantError) as caught:
        await call
    assert caught.value.translation_key == "not_offered"
    assert status(hass) == "mining"


async def test_off_may_have_a_time_of_its_own(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    calls: list[asyncio.Task[None]],
) -> None:
    """A rig that only starts slowly reports as an error that it does not stop."""
    source = a_rig(mines=True, confirm_off_within=6)
    await async_add(hass, source)
    source.deaf = True
    call = switch(hass, calls, "off")
    await async_seconds(hass, freezer, 11)
    with pytest.raises(HomeAssistantError) as caught:
        await call
    assert caught.value.translation_key == "not_confirmed"
    assert (status(hass), not_following(hass)) == ("mining", "off")


@pytest.mark.parametrize("seconds", [0, 301])
def test_times_that_make_no_sense(seconds: float) -> None:
    """No order is pending for ever."""
    with pytest.raises(ValueError, match="cannot be confirmed"):
        Control(channel=MINING_ALLOWED.plain, confirm_within=seconds)


# ---- waiting


async def test_wait_for_an_order(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    calls: list[asyncio.Task[None]],
) -> None:
    """The action returns when the rig has followed, at once if there is no order."""
    source = a_rig(mines=True)
    entry = await async_add(hass, source)
    await wait(hass, calls, entry)
    source.deaf = True
    switch(hass, calls, "off")
    await async_seconds(hass, freezer, 12)
    waiting = wait(hass, calls, entry)
    await async_seconds(hass, freezer, 60)
    assert not waiting.done()
    follow(source, mines=False)
    await async_seconds(hass, freezer, 11)
    assert waiting.done()
    await waiting


async def test_wait_for_an_order_that_is_not_followed(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    calls: list[asyncio.Task[None]],
) -> None:
    """The action fails, also when it is called afterwards."""
    source = a_rig(mines=True)
    entry = await async_add(hass, source)
    source.deaf = True
    switch(hass, calls, "off")
    await async_seconds(hass, freezer, 12)
    waiting = wait(hass, calls, entry)
    await async_seconds(hass, freezer, 170)
    for call in (waiting, wait(hass, calls, entry)):
        with pytest.raises(HomeAssistantError) as caught:
            await call
        assert caught.value.translation_key == "not_followed"


async def test_wait_no_longer_than_the_timeout(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    calls: list[asyncio.Task[None]],
) -> None:
    """The order stays pending."""
    source = a_rig(mines=True)
    entry = await async_add(hass, source)
    source.deaf = True
    switch(hass, calls, "off")
    await async_seconds(hass, freezer, 12)
    waiting = wait(hass, calls, entry, timeout=20)
    await async_seconds(hass, freezer, 22)
    with pytest.raises(HomeAssistantError) as caught:
        await waiting
    assert caught.value.translation_key == "order_pending"
    assert status(hass) == "stopping"


# ---- rigs that go, entries that are unloaded


async def test_rig_goes_while_an_order_is_pending(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    calls: list[asyncio.Task[None]],
) -> None:
    """It is offline meanwhile; when it is back, the order still counts."""
    source = a_rig(mines=True)
    await async_add(hass, source)
    source.deaf = True
    switch(hass, calls, "off")
    await async_seconds(hass, freezer, 12)
    source.error = SourceUnreachable("gone")
    for _ in range(6):
        await async_seconds(hass, freezer, 10)
    assert status(hass) == "offline"
    assert not_following(hass) == "unavailable"
    source.error = None
    for _ in range(6):
        await async_seconds(hass, freezer, 10)
    assert status(hass) == "stopping"
    for _ in range(10):
        await async_seconds(hass, freezer, 10)
    assert (status(hass), not_following(hass)) == ("not_following", "on")


async def test_unload_while_an_order_is_pending(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    calls: list[asyncio.Task[None]],
) -> None:
    """Nothing of it is left: the calls end, and the next start knows no order."""
    source = a_rig(mines=True)
    entry = await async_add(hass, source)
    source.deaf = True
    switch(hass, calls, "off")
    await async_seconds(hass, freezer, 12)
    waiting = wait(hass, calls, entry)
    off = switch(hass, calls, "off")
    await async_seconds(hass, freezer, 1)
    assert await hass.config_entries.async_unload(entry.entry_id)
    await async_seconds(hass, freezer, 2)
    with pytest.raises(HomeAssistantError) as caught:
        await waiting
    assert caught.value.translation_key == "not_offered"
    assert off.done()
    writes = len(source.writes)
    await async_seconds(hass, freezer, 200)
    assert len(source.writes) == writes


@pytest.mark.usefixtures("entity_registry_enabled_by_default")
async def test_slow_order_of_a_setting(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    calls: list[asyncio.Task[None]],
) -> None:
    """It changes nothing about mining, but the rig does not follow it."""
    source = ScriptedSource(
        {HASHRATE.plain: 5e6, FAN.plain: 20.0},
        Control(channel=FAN.plain, confirm_within=60),
    )
    entry = await async_add(hass, source)
    source.deaf = True
    call = asyncio.create_task(
        entry.runtime_data.commands.async_write("rig", FAN.plain, 50.0)
    )
    calls.append(call)
    await async_seconds(hass, freezer, 12)
    assert call.done()
    assert status(hass) == "mining"
    await async_seconds(hass, freezer, 60)
    assert (status(hass), not_following(hass)) == ("not_following", "on")
    assert state(hass, "event", "command").attributes["value"] == 50.0


async def test_event_is_disabled_by_default(hass: HomeAssistant) -> None:
    """And only rigs that may take long have it, as the problem."""
    entry = await async_add(hass, a_rig(mines=True))
    registry = er.async_get(hass)
    event = registry.async_get(entity_id(hass, "event", COMMAND.key))
    assert event is not None
    assert event.disabled_by is er.RegistryEntryDisabler.INTEGRATION
    assert await hass.config_entries.async_remove(entry.entry_id)
    quick = ScriptedSource(
        {HASHRATE.plain: 5e6, MINING_ALLOWED.plain: True},
        Control(channel=MINING_ALLOWED.plain),
    )
    entry = await async_add(hass, quick)
    entities = er.async_entries_for_config_entry(registry, entry.entry_id)
    keys = {entity.translation_key for entity in entities}
    assert keys.isdisjoint({"command", "not_following"})
    assert "status" in keys
