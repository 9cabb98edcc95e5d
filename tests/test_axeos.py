"""A Bitaxe and a NerdQAxe in Home Assistant: entities, controls, repairs, updates."""

from collections.abc import AsyncIterator
from typing import Any
from unittest.mock import AsyncMock, patch

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import STATE_OFF, STATE_ON, STATE_UNAVAILABLE, STATE_UNKNOWN
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import entity_registry as er, issue_registry as ir
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    snapshot_platform,
)
from syrupy.assertion import SnapshotAssertion

from custom_components.mining_rig.const import DOMAIN
from custom_components.mining_rig.sources.common.http import Answer, JsonHttp
from simulator.axeos import SimulatedAxeOS

from .asics import FIXED, async_add, async_call, async_open, async_poll_until, shown
from .rigs import async_pass, async_pass_polls, state

pytestmark = pytest.mark.usefixtures("socket_enabled")

SECRET = "JBSWY3DPEHPK3PXP"
SWITCH = "switch.rig_mining"
STATUS = "sensor.rig_status"
ACTIVE = "binary_sensor.rig_mining_active"
CLOCK = "number.rig_core_clock"


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch, freezer: FrozenDateTimeFactory) -> None:
    """Let it always be noon, and look at commands without waiting in between."""
    freezer.move_to("2026-11-01 12:00:00+00:00")
    pauses = "custom_components.mining_rig.coordinator.commands.CONFIRM_PAUSES"
    monkeypatch.setattr(pauses, (0.0,) * 8)


@pytest.fixture
async def rig(freezer: FrozenDateTimeFactory) -> AsyncIterator[SimulatedAxeOS]:
    """Return a Bitaxe Gamma."""
    async with SimulatedAxeOS("Rig") as rig:
        yield rig


@pytest.fixture
async def nerd(freezer: FrozenDateTimeFactory) -> AsyncIterator[SimulatedAxeOS]:
    """Return a NerdQAxe++ that wants codes."""
    async with SimulatedAxeOS("Rig", model="NerdQAxe++", code_secret=SECRET) as rig:
        yield rig


async def add(
    hass: HomeAssistant, rig: SimulatedAxeOS, **options: Any
) -> MockConfigEntry:
    """Set up the entry of a rig, which asks GitHub for nothing."""
    return await async_open(
        hass, "axeos", rig.form, **{"seek_releases": False, **options}
    )


def issue(hass: HomeAssistant, entry: MockConfigEntry, key: str) -> Any:
    """Return an issue of a problem of the rig, None where there is none."""
    registry = ir.async_get(hass)
    return registry.async_get_issue(DOMAIN, f"problem_{key}_{entry.entry_id}")


# ---- adding, entities


async def test_added(hass: HomeAssistant, rig: SimulatedAxeOS) -> None:
    """Host and port are all that it takes; the fixed entities are there."""
    with patch(
        "custom_components.mining_rig.sources.axeos.newest_release", return_value=None
    ):
        step = await async_add(hass, "axeos", rig.form)
    assert step["type"] is FlowResultType.CREATE_ENTRY
    found = {name: shown(hass, name) for name in FIXED}
    assert float(found["sensor.rig_hashrate"]) == pytest.approx(1.07, rel=0.05)
    assert found[STATUS] == "mining"
    assert found[ACTIVE] == STATE_ON
    assert found["sensor.rig_accepted_shares"] == "300"


async def test_private_only_in_the_dialog(
    hass: HomeAssistant, rig: SimulatedAxeOS
) -> None:
    """A 401 is about addresses, and named so; there is no question for a password."""
    rig.public = True
    step = await async_add(hass, "axeos", rig.form)
    assert step["errors"] == {"host": "axeos_private_only"}


@pytest.mark.usefixtures("entity_registry_enabled_by_default")
@pytest.mark.parametrize("model", ["Gamma", "NerdQAxe++"])
async def test_entities(
    hass: HomeAssistant,
    snapshot: SnapshotAssertion,
    monkeypatch: pytest.MonkeyPatch,
    model: str,
) -> None:
    """Every sensor with its state, unit, class, category and name."""
    monkeypatch.setattr("custom_components.mining_rig.PLATFORMS", ("sensor",))
    async with SimulatedAxeOS("Rig", model=model) as rig:
        entry = await add(hass, rig)
        await snapshot_platform(hass, er.async_get(hass), snapshot, entry.entry_id)


async def test_off_and_back(
    hass: HomeAssistant, rig: SimulatedAxeOS, freezer: FrozenDateTimeFactory
) -> None:
    """A rig that is off is unavailable; when it is back it starts, then mines."""
    await add(hass, rig)
    rig.fault("off")
    await async_pass_polls(hass, freezer, 5)
    assert shown(hass, "sensor.rig_power") == STATE_UNAVAILABLE
    rig.fault("on")
    await async_poll_until(
        hass, freezer, lambda: shown(hass, STATUS) == "starting", seconds=2
    )
    assert shown(hass, ACTIVE) == STATE_OFF
    await async_poll_until(hass, freezer, lambda: shown(hass, STATUS) == "mining")


# ---- not hashing, for five causes


@pytest.mark.parametrize(
    ("info", "status"),
    [
        ({"miningPaused": True}, "paused"),
        ({}, "idle"),
        ({"power_fault": "Overcurrent", "fanspeed": 70}, "idle"),
        ({"overheat_mode": 1}, "hot"),
        ({"fanspeed": 100, "temp": 61, "vrTemp": 70}, "hot"),
        (
            {"expectedHashrate": 1070, "actualFrequency": 525, "uptimeSeconds": 9},
            "starting",
        ),
    ],
)
async def test_not_hashing(
    hass: HomeAssistant, rig: SimulatedAxeOS, info: dict[str, Any], status: str
) -> None:
    """Paused, without a pool, faulty, too hot and just booted are told apart."""
    rest = {"hashRate": 0, "expectedHashrate": 0, "actualFrequency": 0, "temp": -1}
    rig.answers["/api/system/info"] = {**rig.info(), **rest, **info}
    await add(hass, rig)
    assert shown(hass, STATUS) == status
    assert shown(hass, ACTIVE) == STATE_OFF
    assert shown(hass, "sensor.rig_hashrate") == "0.0"
    fault = state(hass, "binary_sensor", "axeos_fault").state
    assert fault == (STATE_ON if "power_fault" in info else STATE_OFF)


# ---- controls


async def test_mining(hass: HomeAssistant, rig: SimulatedAxeOS) -> None:
    """The switch pauses and resumes; averages of a paused miner are no values."""
    await add(hass, rig)
    await async_call(hass, "switch.turn_off", SWITCH)
    assert (shown(hass, SWITCH), shown(hass, STATUS)) == (STATE_OFF, "paused")
    assert shown(hass, "sensor.rig_hottest_temperature") == STATE_UNKNOWN
    await async_call(hass, "switch.turn_on", SWITCH)
    assert (shown(hass, SWITCH), shown(hass, STATUS)) == (STATE_ON, "mining")


async def test_mining_is_not_confirmed(
    hass: HomeAssistant, rig: SimulatedAxeOS
) -> None:
    """A miner that answers and does nothing is named."""
    await add(hass, rig)
    rig.deaf = True
    with pytest.raises(HomeAssistantError):
        await async_call(hass, "switch.turn_off", SWITCH)
    assert shown(hass, SWITCH) == STATE_ON


async def test_mining_is_refused(hass: HomeAssistant, rig: SimulatedAxeOS) -> None:
    """A refusal is an error, and so is a connection that is lost in the middle."""
    await add(hass, rig)
    rig.public = True
    with pytest.raises(HomeAssistantError):
        await async_call(hass, "switch.turn_off", SWITCH)
    rig.public = False
    rig.fault("off")
    with pytest.raises(HomeAssistantError):
        await async_call(hass, "switch.turn_off", SWITCH)


async def test_old_firmware(hass: HomeAssistant, rig: SimulatedAxeOS) -> None:
    """Without `miningPaused` there is no switch, before 2.12 no identify."""
    info = rig.info()
    del info["miningPaused"]
    rig.answers["/api/system/info"] = {**info, "version": "v2.11.0"}
    await add(hass, rig)
    assert hass.states.get(SWITCH) is None
    assert hass.states.get("button.rig_identify") is None


async def test_nerd(
    hass: HomeAssistant, nerd: SimulatedAxeOS, freezer: FrozenDateTimeFactory
) -> None:
    """Off is a shutdown, on a restart, after which it takes its time."""
    await add(hass, nerd)
    await async_call(hass, "switch.turn_off", SWITCH)
    assert (shown(hass, SWITCH), shown(hass, STATUS)) == (STATE_OFF, "paused")
    assert [r.path for r in nerd.requests if r.method == "POST"] == [
        "/api/system/shutdown"
    ]
    await async_call(hass, "switch.turn_on", SWITCH)
    await async_poll_until(
        hass, freezer, lambda: shown(hass, STATUS) == "mining", seconds=10
    )


async def test_tuning(hass: HomeAssistant, rig: SimulatedAxeOS) -> None:
    """Clock and voltage can be set only where the owner wants it, within the board's."""
    entry = await add(hass, rig)
    assert hass.states.get(CLOCK) is None
    hass.config_entries.async_update_entry(
        entry, options={**entry.options, "allow_tuning": True}
    )
    await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()
    number = next(
        name for name in hass.states.async_entity_ids("number") if "clock" in name
    )
    await async_call(hass, "number.set_value", number, value=490)
    assert rig.settings["frequency"] == 490
    assert float(shown(hass, number)) == 490
    with pytest.raises(HomeAssistantError):
        await async_call(hass, "number.set_value", number, value=491)
    # A value that stands already is not written again.
    before = rig.writes
    await async_call(hass, "number.set_value", number, value=490)
    assert rig.writes == before
    # A change that was ordered here is no cut by heat.
    await async_call(hass, "number.set_value", number, value=400)
    assert issue(hass, entry, "axeos_cuts") is None


async def test_fan(hass: HomeAssistant, rig: SimulatedAxeOS) -> None:
    """The level can be set where the fan is not automatic; one that stays is named."""
    await add(hass, rig)
    automatic = next(
        name for name in hass.states.async_entity_ids("switch") if "fan" in name
    )
    await async_call(hass, "switch.turn_off", automatic)
    assert shown(hass, automatic) == STATE_OFF
    level = next(
        name for name in hass.states.async_entity_ids("number") if "fan" in name
    )
    await async_call(hass, "number.set_value", level, value=60)
    assert rig.settings["manualFanSpeed"] == 60
    rig.deaf = True
    with pytest.raises(HomeAssistantError):
        await async_call(hass, "number.set_value", level, value=70)


async def test_buttons(
    hass: HomeAssistant, rig: SimulatedAxeOS, freezer: FrozenDateTimeFactory
) -> None:
    """Identify is no toggle here; a restart counts from 0."""
    await add(hass, rig)
    identify = "button.rig_identify"
    await async_call(hass, "button.press", identify)
    assert rig.identifies
    with pytest.raises(HomeAssistantError):
        await async_call(hass, "button.press", identify)
    assert rig.identifies
    await async_call(hass, "button.press", "button.rig_reboot")
    assert "/api/system/restart" in [request.path for request in rig.requests]


async def test_codes(hass: HomeAssistant, nerd: SimulatedAxeOS) -> None:
    """Settings behind a code are unavailable without the secret; one code is enough."""
    entry = await add(hass, nerd)
    assert not [n for n in hass.states.async_entity_ids("number") if "target" in n]
    hass.config_entries.async_update_entry(
        entry, options={**entry.options, "code_secret": SECRET}
    )
    await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()
    number = next(n for n in hass.states.async_entity_ids("number") if "target" in n)
    for target in (55, 58):
        await async_call(hass, "number.set_value", number, value=target)
        assert nerd.settings["pidTargetTemp"] == target
    assert len(nerd.codes) == 1


# ---- repairs


async def test_private_only(
    hass: HomeAssistant, rig: SimulatedAxeOS, freezer: FrozenDateTimeFactory
) -> None:
    """A 401 raises a repair, never a question for credentials; it goes by itself."""
    rig.public = True
    entry = await add(hass, rig)
    assert entry.state is ConfigEntryState.SETUP_RETRY
    assert issue(hass, entry, "axeos_private_only") is not None
    assert not hass.config_entries.flow.async_progress()
    rig.public = False
    await async_poll_until(
        hass, freezer, lambda: entry.state is ConfigEntryState.LOADED
    )
    assert issue(hass, entry, "axeos_private_only") is None
    rig.public = True
    await async_pass_polls(hass, freezer, 5)
    assert shown(hass, "sensor.rig_power") == STATE_UNAVAILABLE
    assert issue(hass, entry, "axeos_private_only") is not None
    assert not hass.config_entries.flow.async_progress()


async def test_cuts(
    hass: HomeAssistant, rig: SimulatedAxeOS, freezer: FrozenDateTimeFactory
) -> None:
    """What heat changed for good is named with the way back, also after a restart."""
    entry = await add(hass, rig)
    rig.overheat()
    await async_pass(hass, freezer)
    found = issue(hass, entry, "axeos_cuts")
    assert found.translation_placeholders == {
        "rig": "Rig",
        "before": "525 MHz, 1150 mV, fan mode 1",
        "after": "425 MHz, 1050 mV, fan mode 0",
    }
    await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()
    assert issue(hass, entry, "axeos_cuts") is not None
    rig.settings |= {"frequency": 525, "coreVoltage": 1150, "autofanspeed": 1}
    await async_pass(hass, freezer)
    assert issue(hass, entry, "axeos_cuts") is None


async def test_overheat_mode(
    hass: HomeAssistant, rig: SimulatedAxeOS, freezer: FrozenDateTimeFactory
) -> None:
    """Older firmware waits for its owner, who can clear the state."""
    rig.overheat_mode = 1
    entry = await add(hass, rig)
    assert shown(hass, STATUS) == "hot"
    assert issue(hass, entry, "axeos_overheat") is not None
    await async_call(hass, "button.press", "button.rig_clear_overheat")
    await async_pass(hass, freezer)
    assert issue(hass, entry, "axeos_overheat") is None
    assert shown(hass, STATUS) == "mining"


async def test_issues_are_forgotten(hass: HomeAssistant, rig: SimulatedAxeOS) -> None:
    """With its rig, an issue is gone."""
    rig.overheat_mode = 1
    entry = await add(hass, rig)
    await hass.config_entries.async_remove(entry.entry_id)
    assert issue(hass, entry, "axeos_overheat") is None


# ---- updates


async def test_update(hass: HomeAssistant, rig: SimulatedAxeOS) -> None:
    """Two rigs are one request to GitHub; with the option off there is none."""
    release = b'{"tag_name":"v2.16.0","html_url":"https://github.com/x"}'
    answer = AsyncMock(return_value=Answer(200, release))
    with patch.object(JsonHttp, "get", answer):
        async with SimulatedAxeOS("Two", mac="AA:BB:CC:00:06:03") as two:
            await async_open(hass, "axeos", rig.form)
            await async_open(hass, "axeos", two.form, name="Two", id_root="b2")
            await async_open(
                hass,
                "axeos",
                rig.form,
                name="Three",
                id_root="c3",
                seek_releases=False,
            )
    assert len(answer.mock_calls) == 1
    names = hass.states.async_entity_ids("update")
    assert len(names) == 2
    for name in names:
        found = hass.states.get(name)
        assert found is not None
        assert found.attributes["latest_version"] == "v2.16.0"
        # The owner installs it: a wrong file needs a USB rescue.
        assert found.attributes["supported_features"] == 0
