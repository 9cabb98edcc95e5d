"""How long a reading holds, whatever delays the polls; and how soon a rig is back."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
import socket
from typing import Any
from unittest.mock import patch

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import SOURCE_REAUTH
from homeassistant.const import STATE_ON, STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.mining_rig.clock import steady_now
from custom_components.mining_rig.coordinator.strategy import next_wait
from custom_components.mining_rig.model import (
    RIG,
    Action,
    Control,
    Part,
    PartKind,
    Snapshot,
    part_map,
)
from custom_components.mining_rig.readings import HASHRATE, MINING_ALLOWED
from custom_components.mining_rig.sources import KINDS
from custom_components.mining_rig.sources.common.contract import (
    SourceBusy,
    SourceRefused,
    SourceUnreachable,
)
from custom_components.mining_rig.sources.common.reachable import accepts_connection
from simulator.xmrig import SimulatedXMRig

from .rigs import async_pass, async_set_up, entity_id, entry_for, state
from .scripted import ScriptedSource, async_add
from .test_orders import async_seconds

STOP = Action("stop")


class Rig(ScriptedSource):
    """A rig that hangs when it is told to, and counts what is asked of it."""

    def __init__(self) -> None:
        """Mine."""
        super().__init__(
            {HASHRATE.plain: 5e6, MINING_ALLOWED.plain: True},
            Control(channel=MINING_ALLOWED.plain),
        )
        self.actions = (STOP,)
        self.hung: asyncio.Event | None = None
        self.reads = 0
        self.refusal: SourceRefused | None = None

    async def read(self, now: datetime) -> Snapshot:
        """Answer, once it does not hang any more."""
        self.reads += 1
        if self.hung is not None:
            await self.hung.wait()
        return await super().read(now)

    async def write(self, part: str, control: Control[Any], value: Any) -> None:
        """Obey, unless there is a refusal."""
        if self.refusal is not None:
            raise self.refusal
        await super().write(part, control, value)


class ReachableRig(Rig):
    """One whose connections can be tried."""

    reachable = False
    tries = 0

    async def is_reachable(self) -> bool:
        """Return what the test says."""
        self.tries += 1
        return self.reachable


@pytest.fixture(autouse=True)
def _noon(freezer: FrozenDateTimeFactory) -> None:
    """Let time pass only when a test moves it."""
    freezer.move_to("2026-11-01 12:00:00+00:00")


def connected(hass: HomeAssistant) -> bool:
    """Return whether the rig is connected; then it has values, else none."""
    is_on = state(hass, "binary_sensor", "connected").state == STATE_ON
    value = state(hass, "sensor", "hashrate").state
    assert (value != STATE_UNAVAILABLE) is is_on
    return is_on


# ---- how long a reading holds


@pytest.mark.parametrize("seconds", [60.0, 3600.0, 86400.0, 1e300])
async def test_a_rig_that_asks_for_a_long_wait(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, seconds: float
) -> None:
    """Its last reading holds no longer, and it waits a minute at most."""
    source = Rig()
    await async_add(hass, source)
    source.error = SourceBusy("later", retry_after=seconds)
    await async_seconds(hass, freezer, 29)
    assert connected(hass)
    await async_seconds(hass, freezer, 2)
    assert not connected(hass)
    source.error = None
    await async_seconds(hass, freezer, 41)
    assert connected(hass)


@pytest.mark.parametrize("kind", KINDS)
def test_the_longest_wait_of_each_kind(kind: str) -> None:
    """A minute on the local network, an hour for a pool; the own interval is longer."""
    longest = KINDS[kind].longest_wait
    assert longest == timedelta(
        hours=1 if kind == "headframe" else 0, minutes=(kind != "headframe")
    )
    error = SourceBusy("later", retry_after=1e9)
    facts: dict[str, Any] = {"online": True, "failed_polls": 1, "error": error}
    assert next_wait(timedelta(seconds=10), **facts, longest=longest) == longest
    day = timedelta(days=1)
    assert next_wait(day, **facts, longest=longest) == day


async def test_a_rig_that_hangs(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """It accepts the request and never answers: unavailable in time, and back."""
    source = Rig()
    await async_add(hass, source)
    source.hung = asyncio.Event()
    await async_seconds(hass, freezer, 28)
    assert connected(hass)
    await async_seconds(hass, freezer, 3)
    assert not connected(hass)
    await async_seconds(hass, freezer, 120)
    source.hung.set()
    source.hung = None
    await async_seconds(hass, freezer, 61)
    assert connected(hass)
    assert caplog.text.count("Office PC does not answer") == 1
    assert caplog.text.count("Office PC answers again") == 1


async def test_a_rig_that_hangs_while_a_command_is_under_way(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    """The command delays nothing either."""
    source = Rig()
    entry = await async_add(hass, source)
    never = asyncio.Event()
    source.hung = never
    with patch.object(source, "write", lambda *_: never.wait()):
        call = asyncio.create_task(
            entry.runtime_data.commands.async_write(RIG, MINING_ALLOWED.plain, True)
        )
        await async_seconds(hass, freezer, 31)
    assert not connected(hass)
    never.set()
    source.hung = None
    await async_seconds(hass, freezer, 10)
    await call


async def test_polls_go_on_while_a_setting_takes_long(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    """Readings are fresh although a command does not end."""
    source = Rig()
    entry = await async_add(hass, source)
    never = asyncio.Event()
    with patch.object(source, "write", lambda *_: never.wait()):
        call = asyncio.create_task(
            entry.runtime_data.commands.async_write(RIG, MINING_ALLOWED.plain, True)
        )
        for rate in range(1, 6):
            source.values = {**source.values, HASHRATE.plain: rate * 1e6}
            await async_seconds(hass, freezer, 12)
            assert float(state(hass, "sensor", "hashrate").state) == rate
        never.set()
        await async_seconds(hass, freezer, 10)
        await call


async def test_one_lost_poll_is_no_absence(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    """Two polls may be lost; the third has a second or two to be answered."""
    source = Rig()
    await async_add(hass, source)
    source.error = SourceUnreachable("lost")
    for _ in range(2):
        reads = source.reads
        while source.reads == reads:
            await async_seconds(hass, freezer, 1)
    source.error = None
    for _ in range(15):
        await async_seconds(hass, freezer, 1)
        assert connected(hass)


async def test_home_assistant_was_held_up(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A rig that answers the poll after that was never away; one that hangs is at once."""
    source = Rig()
    await async_add(hass, source)
    await async_pass(hass, freezer, 300)
    assert connected(hass)
    assert "does not answer" not in caplog.text
    source.hung = asyncio.Event()
    freezer.tick(300)
    await async_seconds(hass, freezer, 3)
    assert not connected(hass)
    source.hung.set()


@pytest.mark.parametrize("hours", [-2, 2])
async def test_the_clock_of_the_system_is_set(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, hours: int
) -> None:
    """A rig that answers stays, without an end of its energy; a dead one goes in time."""
    source = Rig()
    await async_add(hass, source)
    await async_seconds(hass, freezer, 20)
    shift = timedelta(hours=hours)
    with patch("homeassistant.util.dt.utcnow", lambda: datetime.now(UTC) + shift):
        for _ in range(4):
            await async_seconds(hass, freezer, 10)
            assert connected(hass)
        source.error = SourceUnreachable("dead")
        await async_seconds(hass, freezer, 31)
        assert not connected(hass)
        source.error = None
        await async_seconds(hass, freezer, 61)
        assert connected(hass)


def test_steady_moments(freezer: FrozenDateTimeFactory) -> None:
    """They differ by what has passed, to the microsecond while nobody sets the clock."""
    before = steady_now()
    freezer.tick(timedelta(seconds=30))
    assert steady_now() - before == timedelta(seconds=30)
    with patch(
        "homeassistant.util.dt.utcnow",
        lambda: datetime.now(UTC) - timedelta(hours=2),
    ):
        assert abs(steady_now() - before - timedelta(seconds=30)) < timedelta(
            milliseconds=1
        )


async def test_an_answer_that_holds_nothing(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    """It is no reading."""
    source = Rig()
    await async_add(hass, source)
    nothing = Snapshot(parts=part_map(Part(kind=PartKind.RIG, key=RIG)))

    async def read(now: datetime) -> Snapshot:
        return nothing

    with patch.object(source, "read", read):
        await async_seconds(hass, freezer, 31)
        assert not connected(hass)
    await async_seconds(hass, freezer, 61)
    assert connected(hass)


# ---- how soon it is back


async def test_back_as_soon_as_it_accepts_a_connection(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """It is tried every 10 s, and polled once a minute, until a connection is accepted."""
    source = ReachableRig()
    await async_add(hass, source)
    source.error = SourceUnreachable("off")
    await async_seconds(hass, freezer, 300)
    reads, tries = source.reads, source.tries
    lines = caplog.text.count("Office PC does not answer")
    await async_seconds(hass, freezer, 600)
    assert 9 <= source.reads - reads <= 11
    assert 45 <= source.tries - tries <= 60
    assert caplog.text.count("Office PC does not answer") == lines == 1
    source.error = None
    source.reachable = True
    await async_seconds(hass, freezer, 11)
    assert connected(hass)
    tries = source.tries
    await async_seconds(hass, freezer, 60)
    assert source.tries == tries


async def test_a_rig_that_answers_nonsense_is_not_tried(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    """That it accepts connections is known."""
    source = ReachableRig()
    await async_add(hass, source)
    source.error = SourceRefused("no")
    await async_seconds(hass, freezer, 300)
    assert source.tries == 0


@pytest.fixture
async def xmrig(
    freezer: FrozenDateTimeFactory, socket_enabled: None
) -> AsyncIterator[SimulatedXMRig]:
    """Return a miner on a real socket."""
    async with SimulatedXMRig(token="secret", restricted=False) as rig:
        yield rig


async def test_real_miner_is_back_within_ten_seconds(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, xmrig: SimulatedXMRig
) -> None:
    """After an hour without it."""
    await async_set_up(hass, entry_for(xmrig))
    xmrig.fault("off")
    for _ in range(60):
        await async_pass(hass, freezer, 60)
    assert not connected(hass)
    xmrig.fault("on")
    await async_pass(hass, freezer, 11)
    assert connected(hass)


async def test_connections(xmrig: SimulatedXMRig) -> None:
    """One is accepted or not; nothing is raised for a name that does not exist."""
    host, port = str(xmrig.form["host"]), int(str(xmrig.form["port"]))
    asked = len(xmrig.requests)
    assert await accepts_connection(host, port)
    assert len(xmrig.requests) == asked
    xmrig.fault("off")
    assert not await accepts_connection(host, port)
    with patch("asyncio.open_connection", side_effect=socket.gaierror):
        assert not await accepts_connection("unknown", port)


# ---- credentials


def flows(hass: HomeAssistant, entry: MockConfigEntry) -> int:
    """Return how many dialogs ask for new credentials."""
    return len(list(entry.async_get_active_flows(hass, {SOURCE_REAUTH})))


@pytest.mark.parametrize("by_command", [False, True])
async def test_refused_for_a_short_while(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, by_command: bool
) -> None:
    """The question ends at the first accepted poll, and the next refusal asks again."""
    source = Rig()
    entry = await async_add(hass, source)

    async def refuse() -> None:
        if by_command:
            source.refusal = SourceRefused("no")
            with pytest.raises(HomeAssistantError) as caught:
                await entry.runtime_data.commands.async_write(
                    RIG, MINING_ALLOWED.plain, False
                )
            assert caught.value.translation_key == "refused"
            source.refusal = None
        else:
            source.error = SourceRefused("no")
            await async_seconds(hass, freezer, 11)
            source.error = None

    for _ in range(3):
        await refuse()
        assert flows(hass, entry) == 1
        assert connected(hass)
        await async_seconds(hass, freezer, 11)
        assert flows(hass, entry) == 0


# ---- what is offered now


async def test_a_button_that_is_not_offered_now(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    """It is unavailable until it is offered again; to press it all the same is refused."""
    source = Rig()
    entry = await async_add(hass, source)
    button = entity_id(hass, "button", "stop")
    assert state(hass, "button", "stop").state != STATE_UNAVAILABLE
    source.actions = ()
    await async_seconds(hass, freezer, 11)
    found = hass.states.get(button)
    assert found is not None
    assert found.state == STATE_UNAVAILABLE
    with pytest.raises(HomeAssistantError) as caught:
        await entry.runtime_data.commands.async_press(RIG, STOP)
    assert caught.value.translation_key == "not_offered"
    source.actions = (STOP,)
    await async_seconds(hass, freezer, 11)
    assert state(hass, "button", "stop").state != STATE_UNAVAILABLE
