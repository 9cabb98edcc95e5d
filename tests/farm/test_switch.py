"""The mining switch of a farm: off for all at once, on one after another."""

import asyncio
from typing import Any, override

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_fire_time_changed,
)

from custom_components.mining_rig.model import Control, Value
from custom_components.mining_rig.readings import MINING_ALLOWED
from custom_components.mining_rig.sources.common.contract import (
    CommandRefused,
    SourceUnreachable,
)
from custom_components.mining_rig.sources.rig_monitor.readings import POWER_ORDER
from tests.scripted import ScriptedSource

from .farming import (
    async_add_farm,
    async_add_rig,
    farm_entity,
    farm_state,
    mining,
    number,
)

CONTROL = Control(channel=MINING_ALLOWED.plain)
NAMES = ("one", "two", "tri")


class RefusingSource(ScriptedSource):
    """One that may refuse."""

    refuses = False

    @override
    async def write(self, part: str, control: Control[Any], value: Value) -> None:
        """Refuse, or obey."""
        if self.refuses:
            raise CommandRefused("t_rex_refused", {"error": "no"})
        await super().write(part, control, value)


def switched(*, on: bool = True, control: Control[Any] = CONTROL) -> RefusingSource:
    """Return a rig with a mining switch."""
    return RefusingSource({**mining(1_000.0, 100.0), control.channel: on}, control)


@pytest.fixture
async def rigs(hass: HomeAssistant) -> list[RefusingSource]:
    """Return three loaded rigs that mine, and one without a switch."""
    sources = [switched() for _ in NAMES]
    for name, source in zip(NAMES, sources, strict=True):
        await async_add_rig(hass, name, source)
    await async_add_rig(hass, "reads", ScriptedSource(mining(1_000.0)))
    return sources


@pytest.fixture
async def farm(hass: HomeAssistant, rigs: list[RefusingSource]) -> MockConfigEntry:
    """Return a farm of them."""
    return await async_add_farm(hass)


async def async_pass(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, seconds: int
) -> None:
    """Let time pass second by second, as calls wait for it."""
    for _ in range(seconds):
        freezer.tick(1)
        async_fire_time_changed(hass)
        for _ in range(40):
            await asyncio.sleep(0)


async def async_settle(hass: HomeAssistant, freezer: FrozenDateTimeFactory) -> None:
    """Let all rigs be polled, and the farm add up what they report."""
    await async_pass(hass, freezer, 13)


async def async_switch(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, word: str
) -> None:
    """Turn the switch of the farm on or off, which takes two seconds if all follow."""
    call = asyncio.create_task(
        hass.services.async_call(
            "switch",
            f"turn_{word}",
            {"entity_id": farm_entity(hass, "mining_allowed", "switch")},
            blocking=True,
        )
    )
    for _ in range(20):
        if not call.done():
            await async_pass(hass, freezer, 1)
    await call


def state(hass: HomeAssistant) -> str:
    """Return the state of the switch."""
    return farm_state(hass, "mining_allowed", "switch").state


def allowed(rigs: list[RefusingSource]) -> list[Value]:
    """Return which rigs are to mine."""
    return [rig.values[MINING_ALLOWED.plain] for rig in rigs]


async def test_off_at_once(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    rigs: list[RefusingSource],
    farm: MockConfigEntry,
) -> None:
    """All rigs get the order at the same time; the farm shows what they show."""
    assert state(hass) == "on"
    await async_switch(hass, freezer, "off")
    assert allowed(rigs) == [False] * 3
    await async_settle(hass, freezer)
    assert state(hass) == "off"
    assert number(hass, "farm_rigs_not_following") == 0


async def test_on_one_after_another(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    rigs: list[RefusingSource],
    farm: MockConfigEntry,
) -> None:
    """10 s apart; meanwhile the switch is on."""
    await async_switch(hass, freezer, "off")
    await async_settle(hass, freezer)
    await async_switch(hass, freezer, "on")
    await async_pass(hass, freezer, 1)
    assert allowed(rigs).count(True) == 1
    assert state(hass) == "on"
    await async_pass(hass, freezer, 8)
    assert allowed(rigs).count(True) == 1
    await async_pass(hass, freezer, 2)
    assert allowed(rigs).count(True) == 2
    await async_pass(hass, freezer, 10)
    assert allowed(rigs).count(True) == 3
    await async_settle(hass, freezer)
    assert number(hass, "farm_rigs_not_following") == 0


async def test_off_in_between(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    rigs: list[RefusingSource],
    farm: MockConfigEntry,
) -> None:
    """It ends the start of the others."""
    await async_switch(hass, freezer, "off")
    await async_settle(hass, freezer)
    await async_switch(hass, freezer, "on")
    await async_pass(hass, freezer, 1)
    await async_switch(hass, freezer, "off")
    for _ in range(4):
        await async_pass(hass, freezer, 10)
    assert allowed(rigs) == [False] * 3
    assert state(hass) == "off"


async def test_unloaded_in_between(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    rigs: list[RefusingSource],
    farm: MockConfigEntry,
) -> None:
    """Rigs whose turn has not come stay off."""
    await async_switch(hass, freezer, "off")
    await async_settle(hass, freezer)
    await async_switch(hass, freezer, "on")
    await async_pass(hass, freezer, 1)
    assert await hass.config_entries.async_unload(farm.entry_id)
    for _ in range(4):
        await async_pass(hass, freezer, 10)
    assert allowed(rigs).count(True) == 1


async def test_all_at_once_if_the_owner_wants(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, rigs: list[RefusingSource]
) -> None:
    """0 s between two rigs."""
    await async_add_farm(hass, stagger=0)
    await async_switch(hass, freezer, "off")
    await async_settle(hass, freezer)
    await async_switch(hass, freezer, "on")
    await async_pass(hass, freezer, 1)
    assert allowed(rigs) == [True] * 3


async def test_one_refuses(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    rigs: list[RefusingSource],
    farm: MockConfigEntry,
) -> None:
    """It is named; all others stop."""
    rigs[1].refuses = True
    with pytest.raises(HomeAssistantError, match="of Farm .* order: two"):
        await async_switch(hass, freezer, "off")
    assert allowed(rigs) == [False, True, False]
    await async_settle(hass, freezer)
    found = farm_state(hass, "farm_rigs_not_following")
    assert (found.state, found.attributes["rigs"]) == ("1", ["two"])
    assert state(hass) == "on"
    # Its owner stops it: it has followed, and may be started again.
    rigs[1].values = {**rigs[1].values, MINING_ALLOWED.plain: False}
    await async_settle(hass, freezer)
    assert number(hass, "farm_rigs_not_following") == 0
    rigs[1].values = {**rigs[1].values, MINING_ALLOWED.plain: True}
    await async_settle(hass, freezer)
    assert number(hass, "farm_rigs_not_following") == 0
    # It refuses to be started as well.
    rigs[1].values = {**rigs[1].values, MINING_ALLOWED.plain: False}
    await async_settle(hass, freezer)
    await async_switch(hass, freezer, "on")
    for _ in range(4):
        await async_pass(hass, freezer, 10)
    assert farm_state(hass, "farm_rigs_not_following").attributes["rigs"] == ["two"]


async def test_one_takes_long_and_does_not_follow(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    """It has the time that it may take."""
    slow = switched(control=Control(channel=MINING_ALLOWED.plain, confirm_within=60))
    slow.deaf = True
    await async_add_rig(hass, "slow", slow)
    await async_add_farm(hass)
    await async_settle(hass, freezer)
    await async_switch(hass, freezer, "off")
    await async_settle(hass, freezer)
    assert number(hass, "farm_rigs_not_following") == 0
    await async_pass(hass, freezer, 60)
    assert farm_state(hass, "farm_rigs_not_following").attributes["rigs"] == ["slow"]


async def test_one_was_off(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    rigs: list[RefusingSource],
    farm: MockConfigEntry,
) -> None:
    """A rig that is off is no error; it does not follow if it mines when it is back."""
    rigs[0].error = SourceUnreachable("off")
    for _ in range(4):
        await async_settle(hass, freezer)
    await async_switch(hass, freezer, "off")
    await async_settle(hass, freezer)
    assert allowed(rigs) == [True, False, False]
    assert number(hass, "farm_rigs_not_following") == 0
    rigs[0].error = None
    for _ in range(6):
        await async_settle(hass, freezer)
    assert farm_state(hass, "farm_rigs_not_following").attributes["rigs"] == ["one"]


async def test_one_was_off_when_it_was_to_start(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    rigs: list[RefusingSource],
    farm: MockConfigEntry,
) -> None:
    """It is left out; back and not mining, it does not follow. No waiting for it."""
    await async_switch(hass, freezer, "off")
    rigs[0].error = SourceUnreachable("off")
    await async_pass(hass, freezer, 60)
    await async_switch(hass, freezer, "on")
    await async_pass(hass, freezer, 5)
    # Its owner starts another one himself: that is not ordered once more.
    rigs[2].values = {**rigs[2].values, MINING_ALLOWED.plain: True}
    await async_pass(hass, freezer, 20)
    assert allowed(rigs) == [False, True, True]
    assert rigs[2].writes in ([False], [False, True])
    assert number(hass, "farm_rigs_not_following") == 0
    rigs[0].error = None
    await async_pass(hass, freezer, 90)
    assert farm_state(hass, "farm_rigs_not_following").attributes["rigs"] == ["one"]


async def test_the_mains_of_an_asic(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    """An agent has no other way to stop it."""
    source = switched(control=Control(channel=POWER_ORDER.plain))
    await async_add_rig(
        hass,
        "agent",
        source,
        kind="rig_monitor",
        rig_type="asic",
        api_code="c" * 20,
        webhook_id="h",
    )
    await async_add_farm(hass)
    await async_settle(hass, freezer)
    assert state(hass) == "on"
    await async_switch(hass, freezer, "off")
    assert source.values[POWER_ORDER.plain] is False


async def test_no_rig_takes_orders(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    """The switch is unavailable then."""
    await async_add_rig(hass, "reads", ScriptedSource(mining(1_000.0)))
    await async_add_farm(hass)
    await async_settle(hass, freezer)
    assert state(hass) == "unavailable"
    assert number(hass, "farm_rigs") == 1
