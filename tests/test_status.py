"""The status of a rig, of each kind, as its owner sees it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import entity_registry as er
import pytest
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.mining_rig.model import RIG, Part, PartKind, Quantity, Reading
from custom_components.mining_rig.readings import (
    MINING,
    MINING_ALLOWED,
    NOT_FOLLOWING,
    STATUS,
    TEMPERATURE,
    Status,
)
from custom_components.mining_rig.sources.t_rex.readings import DISABLED
from custom_components.mining_rig.status import status_of
from simulator.xmrig import SimulatedXMRig

from .pushing import ASIC_CODE, BASE, async_set_up_rigs, body, pushing_entry
from .rigs import (
    async_pass,
    async_pass_polls,
    async_set_up,
    entity_id,
    entry_for,
    state,
)
from .scripted import ScriptedSource, async_add

pytestmark = [
    pytest.mark.usefixtures("socket_enabled"),
    pytest.mark.freeze_time("2026-01-02 03:04:05+00:00"),
]

type Push = Callable[..., Awaitable[None]]

OTHER_HEAT: Reading[bool] = Reading("test_too_hot", Quantity.PROBLEM, heat=True)


def status(hass: HomeAssistant) -> str:
    """Return the rig's status."""
    return state(hass, "sensor", "status").state


def a_part(key: str, *, hot: bool | None) -> Part:
    """Return a card that reports whether heat has stopped it."""
    values = {} if hot is None else {DISABLED.plain: hot}
    return Part(kind=PartKind.GPU, key=key, values=values)


@pytest.mark.parametrize(
    ("values", "ordered", "expected"),
    [
        ({}, None, None),
        ({MINING.plain: True}, None, Status.MINING),
        ({MINING.plain: False}, None, Status.IDLE),
        ({MINING.plain: False, MINING_ALLOWED.plain: True}, None, Status.IDLE),
        ({MINING_ALLOWED.plain: True}, None, None),
        ({MINING_ALLOWED.plain: False}, None, Status.PAUSED),
        ({MINING.plain: True, MINING_ALLOWED.plain: False}, None, Status.PAUSED),
        ({MINING.plain: True}, False, Status.STOPPING),
        ({MINING.plain: False}, True, Status.STARTING),
        ({MINING.plain: True}, True, Status.MINING),
        ({MINING.plain: True, MINING_ALLOWED.plain: False}, True, Status.STARTING),
        ({MINING.plain: True, NOT_FOLLOWING.plain: True}, None, Status.NOT_FOLLOWING),
        ({MINING.plain: True, NOT_FOLLOWING.plain: False}, None, Status.MINING),
        ({MINING.plain: False, OTHER_HEAT.plain: True}, None, Status.HOT),
        ({STATUS.plain: "paused", MINING.plain: True}, None, Status.PAUSED),
        ({STATUS.plain: "paused", NOT_FOLLOWING.plain: True}, None, "not_following"),
        ({STATUS.plain: "dancing", MINING.plain: True}, None, Status.MINING),
    ],
)
def test_status_of(
    values: dict[Any, Any], ordered: bool | None, expected: Status | None
) -> None:
    """Each word, and which takes precedence."""
    rig = Part(kind=PartKind.RIG, key=RIG, values=values)
    assert status_of(values, [rig], ordered=ordered) == expected


@pytest.mark.parametrize(
    ("hot", "expected"),
    [
        ((True, True), Status.HOT),
        ((True, False), Status.MINING),
        ((True, None), Status.HOT),
        ((None, None), Status.MINING),
    ],
)
def test_hot_where_all_cards_are(
    hot: tuple[bool | None, ...], expected: Status
) -> None:
    """One card that works is enough; those that do not report it do not count."""
    parts = [a_part(str(number), hot=each) for number, each in enumerate(hot)]
    assert status_of({MINING.plain: True}, parts, ordered=None) == expected


async def test_hot_cards_of_t_rex(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    """T-Rex disables cards at its temperature limit."""
    source = ScriptedSource({MINING.plain: True})
    source.others = [a_part("1", hot=False), a_part("2", hot=True)]
    await async_add(hass, source)
    assert status(hass) == "mining"
    source.others = [a_part("1", hot=True), a_part("2", hot=True)]
    await async_pass(hass, freezer)
    assert status(hass) == "hot"


async def test_without_hashrate_it_is_unknown(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    """The driver of cards does not know what they work on; it knows when they are off."""
    source = ScriptedSource({TEMPERATURE.plain: 50.0})
    entry = await async_add(hass, source)
    assert status(hass) == "unknown"
    options = state(hass, "sensor", "status").attributes["options"]
    assert set(options) == set(Status)
    entry.runtime_data.show_away()
    entry.runtime_data.async_update_listeners()
    assert status(hass) == "offline"
    entity = er.async_get(hass).async_get(entity_id(hass, "sensor", "status"))
    assert entity is not None
    assert (entity.disabled_by, entity.entity_category) == (None, None)


@pytest.fixture
async def rig(freezer: FrozenDateTimeFactory) -> AsyncIterator[SimulatedXMRig]:
    """Return an XMRig that can be controlled."""
    async with SimulatedXMRig(token="secret", restricted=False) as rig:
        yield rig


async def test_xmrig(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, rig: SimulatedXMRig
) -> None:
    """Mining, paused by somebody else, and off; also after a start without it."""
    entry = entry_for(rig)
    await async_set_up(hass, entry)
    freezer.tick(600)
    await async_pass_polls(hass, freezer, 1)
    assert status(hass) == "mining"
    rig.pause()
    await async_pass_polls(hass, freezer, 1)
    assert status(hass) == "paused"
    rig.fault("off")
    await async_pass_polls(hass, freezer, 6)
    assert status(hass) == "offline"
    assert await hass.config_entries.async_unload(entry.entry_id)
    await async_set_up(hass, entry)
    assert status(hass) == "offline"


# ---- rigs that push


@pytest.fixture
async def push(
    hass: HomeAssistant,
    hass_client_no_auth: ClientSessionGenerator,
    freezer: FrozenDateTimeFactory,
) -> Push:
    """Return what pushes a log of an ASIC, and then lets a minute pass."""
    await async_set_up_rigs(hass, pushing_entry("asic"))
    client = await hass_client_no_auth()

    async def push(minutes: int = 1) -> None:
        for _ in range(minutes):
            async with client.post(
                f"{BASE}/asic_miners/logs",
                json=body("asic_log_ks5l.request"),
                headers={"api_code": ASIC_CODE},
            ) as answer:
                assert answer.status == 200
            await async_pass(hass, freezer, 60)

    return push


async def async_power(hass: HomeAssistant, to: str) -> None:
    """Order the ASIC's power on or off."""
    await hass.services.async_call(
        "switch",
        f"turn_{to}",
        {"entity_id": entity_id(hass, "switch", "rig_monitor_power")},
        blocking=True,
    )


async def test_asic(hass: HomeAssistant, push: Push) -> None:
    """Its agent fetches the order; two minutes later it does not follow."""
    assert status(hass) == "unavailable"
    await push()
    assert status(hass) == "mining"
    await async_power(hass, "off")
    assert status(hass) == "stopping"
    await push()
    assert status(hass) == "stopping"
    await push(3)
    assert status(hass) == "not_following"


async def test_asic_that_follows(
    hass: HomeAssistant, push: Push, freezer: FrozenDateTimeFactory
) -> None:
    """A relay cuts its power, so it pushes nothing until it has power again."""
    await push()
    await async_power(hass, "off")
    for _ in range(7):
        await async_pass(hass, freezer, 31)
    assert status(hass) == "offline"
    await async_power(hass, "on")
    assert status(hass) == "offline"
    await push()
    assert status(hass) == "mining"


@pytest.mark.parametrize("follows", [True, False])
async def test_wait_for_the_order_of_an_asic(
    hass: HomeAssistant, push: Push, freezer: FrozenDateTimeFactory, follows: bool
) -> None:
    """The action waits for what the agent has to fetch, too."""
    await push()
    await async_power(hass, "off")
    entry = hass.config_entries.async_entries("mining_rig")[0]
    commands = entry.runtime_data.commands
    waiting = asyncio.create_task(commands.async_wait(900))
    await push(1)
    assert not waiting.done()
    if follows:
        for _ in range(7):
            await async_pass(hass, freezer, 31)
        await waiting
        return
    await push(3)
    with pytest.raises(HomeAssistantError) as caught:
        await waiting
    assert caught.value.translation_key == "not_followed"
