"""An IceRiver in Home Assistant: entities, its light, its restarts."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.const import STATE_ON, STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import snapshot_platform
from syrupy.assertion import SnapshotAssertion

from .asics import FIXED, async_add, async_call, async_open, async_poll_until, shown
from .rigs import async_pass_polls, entity_id
from .sources.test_iceriver import NATIVE, Server

pytestmark = pytest.mark.usefixtures("socket_enabled")

STATUS = "sensor.rig_status"


class Machine(Server):
    """A machine that can be switched off."""

    def __init__(self) -> None:
        """Be off."""
        super().__init__(NATIVE)
        # With the time frozen, an answer would never count as complete.
        self.keeps_open = False
        self.port = 0
        self._listener: asyncio.Server | None = None

    async def start(self) -> None:
        """Open the port, always the same one."""
        self._listener = await asyncio.start_server(self.handle, "127.0.0.1", self.port)
        self.port = self._listener.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Close the port."""
        if self._listener is not None:
            self._listener.close()
            self._listener.close_clients()
            await self._listener.wait_closed()
            self._listener = None

    @property
    def form(self) -> dict[str, Any]:
        """What is typed into the dialog; nothing answers at the web port."""
        return {"host": "127.0.0.1", "port": self.port, "connection": {"web_port": 9}}


@pytest.fixture
async def rig(freezer: FrozenDateTimeFactory) -> AsyncIterator[Machine]:
    """Return a KS0."""
    freezer.move_to("2026-11-01 12:00:00+00:00")
    rig = Machine()
    await rig.start()
    yield rig
    await rig.stop()


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look at commands without waiting in between."""
    pauses = "custom_components.mining_rig.coordinator.commands.CONFIRM_PAUSES"
    monkeypatch.setattr(pauses, (0.0,) * 2)


async def test_added(hass: HomeAssistant, rig: Machine) -> None:
    """Host and port are all that it takes; it reports no power."""
    step = await async_add(hass, "iceriver", rig.form)
    assert step["type"] is FlowResultType.CREATE_ENTRY
    found = {name: shown(hass, name) for name in FIXED if "power" not in name}
    assert float(found["sensor.rig_hashrate"]) == 155
    assert found["sensor.rig_accepted_shares"] == "2418"
    assert found[STATUS] == "mining"


@pytest.mark.usefixtures("entity_registry_enabled_by_default")
async def test_entities(
    hass: HomeAssistant,
    rig: Machine,
    snapshot: SnapshotAssertion,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Every sensor with its state, unit, class, category and name."""
    monkeypatch.setattr("custom_components.mining_rig.PLATFORMS", ("sensor",))
    entry = await async_open(hass, "iceriver", rig.form)
    await snapshot_platform(hass, er.async_get(hass), snapshot, entry.entry_id)


async def test_off_and_back(
    hass: HomeAssistant, rig: Machine, freezer: FrozenDateTimeFactory
) -> None:
    """A machine that is off is unavailable, and back with its first answer."""
    await async_open(hass, "iceriver", rig.form)
    await rig.stop()
    await async_pass_polls(hass, freezer, 10)
    assert shown(hass, "sensor.rig_hashrate") == STATE_UNAVAILABLE
    await rig.start()
    await async_poll_until(hass, freezer, lambda: shown(hass, STATUS) == "mining")


async def test_light(hass: HomeAssistant, rig: Machine) -> None:
    """The light is read back; refused, deaf and cut off are errors."""
    await async_open(hass, "iceriver", rig.form)
    light = entity_id(hass, "switch", "locate")
    await async_call(hass, "switch.turn_on", light)
    assert shown(hass, light) == STATE_ON
    orders = [question for question in rig.questions if question["id"] == "setlocate"]
    assert orders == [{"id": "setlocate", "on": True}]
    await rig.stop()
    with pytest.raises(HomeAssistantError):
        await async_call(hass, "switch.turn_off", light)


async def test_restart(hass: HomeAssistant, rig: Machine) -> None:
    """The restart needs no log-in, and may close without an answer."""
    await async_open(hass, "iceriver", rig.form)
    button = entity_id(hass, "button", "reboot")
    with pytest.raises(HomeAssistantError):
        await async_call(hass, "button.press", button)
    rig.answers["restart"] = None
    await async_call(hass, "button.press", button)
    asked = {question["id"] for question in rig.questions}
    assert not asked & {"resetfactory", "firmupdate"}
