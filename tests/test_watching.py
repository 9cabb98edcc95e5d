"""A rig that should mine and does not, through Home Assistant."""

from collections.abc import Callable
from copy import deepcopy
from datetime import timedelta
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import Event, HomeAssistant, ServiceCall
from homeassistant.helpers import entity_registry as er
from homeassistant.util import dt as dt_util
import pytest

from custom_components.mining_rig.coordinator import RigCoordinator, commands
from custom_components.mining_rig.coordinator.protection_choices import stop_of
from custom_components.mining_rig.model import Action, Control
from custom_components.mining_rig.readings import (
    EXPECTED_HASHRATE,
    HASHRATE,
    HOTTEST,
    MINING,
    MINING_ALLOWED,
    REBOOT,
    RESTART_MINER,
    STARTED,
)
from custom_components.mining_rig.sources.common.contract import (
    CommandRefused,
    SourceUnreachable,
)
from custom_components.mining_rig.store import RigStore

from .pushing import async_set_up_rigs, body, pushing_entry
from .rigs import async_pass, async_pass_polls, entity_id, state
from .scripted import ScriptedSource, async_add, async_open, served

PLUG = "switch.plug"
WATCHDOG = {"enabled": True, "minutes": 2, "share": 50, "per_day": 3}
ALL = ("restart_miner", "restart_rig", "power_off")
SCRIPTS = {"start_script": "script.start", "stop_script": "script.stop"}
GONE = SourceUnreachable("gone")


class Rig(ScriptedSource):
    """A rig that mines nothing, and notes what was pressed."""

    def __init__(self, *controls: Control[Any], **values: float) -> None:
        """Offer to restart the miner."""
        super().__init__({HASHRATE.plain: values.get("hashrate", 0.0)}, *controls)
        self.actions = (RESTART_MINER,)
        self.pressed: list[str] = []
        self.refusal: CommandRefused | None = None

    async def press(self, part: str, action: Action) -> None:
        """Note it."""
        self.pressed.append(action.key)
        if self.refusal is not None:
            raise self.refusal

    def report(self, **values: Any) -> None:
        """Report other values."""
        keys = {"hashrate": HASHRATE, "expected": EXPECTED_HASHRATE, "hot": HOTTEST}
        changed = {keys[key].plain: value for key, value in values.items()}
        self.values = {**self.values, **changed}


@pytest.fixture(autouse=True)
def _noon(freezer: FrozenDateTimeFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    freezer.move_to("2026-11-01 12:00:00+00:00")
    monkeypatch.setattr(commands, "CONFIRM_PAUSES", (0.0, 0.0))


def serve_plug(hass: HomeAssistant) -> list[str]:
    """Serve the plug and the scripts; return what they were told."""
    told: list[str] = []

    async def serve(call: ServiceCall) -> None:
        target = call.data["entity_id"]
        if target == PLUG:
            told.append(call.service)
            hass.states.async_set(PLUG, call.service.removeprefix("turn_"))
        else:
            told.append(target)

    for service in ("turn_on", "turn_off"):
        hass.services.async_register("switch", service, serve)
        hass.services.async_register("script", service, serve)
    hass.states.async_set(PLUG, "on")
    for script in SCRIPTS.values():
        hass.states.async_set(script, "off")
    return told


def follow_events(hass: HomeAssistant) -> list[str]:
    """Return the types of the watchdog's events, as they come."""
    types: list[str] = []

    def note(event: Event[Any]) -> None:
        new = event.data["new_state"]
        if new is None or not new.entity_id.endswith("_watchdog"):
            return
        old = event.data["old_state"]
        if new.state != "unavailable" and (old is None or old.state != new.state):
            if (found := new.attributes["event_type"]) is not None:
                types.append(found)

    hass.bus.async_listen("state_changed", note)
    return types


def options(*steps: str, **others: Any) -> dict[str, Any]:
    """Return the options with those steps and a plug."""
    return {
        "watchdog": {**WATCHDOG, "steps": list(steps)},
        "power_switch": PLUG,
        **others,
    }


BOTH = (RESTART_MINER, REBOOT)
POWER = ("power_off", "power_on")
WITHOUT_PLUG = {"watchdog": {**WATCHDOG, "steps": list(ALL)}}


async def async_until(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, done: Callable[[], Any]
) -> int:
    """Let polls pass until that is so; return the seconds."""
    for polls in range(200):
        if done():
            return polls * 10
        await async_pass(hass, freezer)
    raise AssertionError("it never happened")


async def test_restart_of_the_miner(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    """It is pressed after the time, and an event tells it."""
    source = Rig()
    await async_add(hass, source, **options("restart_miner"))
    await async_pass_polls(hass, freezer, 12)
    assert not source.pressed
    await async_pass_polls(hass, freezer, 2)
    assert source.pressed == ["restart_miner"]
    event = state(hass, "event", "watchdog")
    assert event.attributes["event_type"] == "restart_miner"
    assert event.attributes["hashrate"] == 0


@pytest.mark.parametrize(
    ("actions", "allowed", "expected"),
    [
        (BOTH, options(*ALL), [*ALL, "power_on", "given_up"]),
        ((REBOOT,), options(*ALL), ["restart_rig", *POWER, *POWER, "given_up"]),
        (BOTH, options(*ALL[:2]), [*ALL[:2], "restart_rig", "given_up"]),
        (BOTH, options(*ALL[:1]), [*ALL[:1] * 3, "given_up"]),
        (BOTH, WITHOUT_PLUG, [*ALL[:2], "restart_rig", "given_up"]),
        ((), WITHOUT_PLUG, ["given_up"]),
    ],
)
async def test_steps_that_exist_and_are_allowed(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    actions: tuple[Action, ...],
    allowed: dict[str, Any],
    expected: list[str],
) -> None:
    """The ladder has only those; at most three a day, and each is an event."""
    source = Rig()
    source.actions = actions
    await async_add(hass, source, **allowed)
    told = serve_plug(hass)
    types = follow_events(hass)
    await async_pass_polls(hass, freezer, 100)
    assert types == expected
    buttons = {"restart_miner": "restart_miner", "restart_rig": "reboot"}
    pressed = [buttons[step] for step in expected if step in buttons]
    assert source.pressed == pressed
    switched = [f"turn_{step[6:]}" for step in expected if step.startswith("power")]
    assert told == switched


async def test_a_new_day(hass: HomeAssistant, freezer: FrozenDateTimeFactory) -> None:
    """24 h after the first step there is another one."""
    source = Rig()
    await async_add(hass, source, **options("restart_miner"))
    await async_pass_polls(hass, freezer, 80)
    assert len(source.pressed) == 3
    freezer.tick(timedelta(hours=23))
    await async_pass_polls(hass, freezer, 5)
    assert len(source.pressed) == 3
    freezer.tick(timedelta(hours=1))
    await async_pass_polls(hass, freezer, 14)
    assert len(source.pressed) == 4


async def test_rig_that_says_only_that_it_does_not_mine(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    """That is as good as a hashrate of 0."""
    source = Rig()
    source.values = {MINING.plain: False}
    await async_add(hass, source, **options("restart_miner"))
    await async_pass_polls(hass, freezer, 14)
    assert source.pressed == ["restart_miner"]


async def test_restart_after_it_gave_up(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    """The day's steps are used up, and that was told."""
    source = Rig()
    entry = await async_add(hass, source, **options("restart_miner"))
    await async_pass_polls(hass, freezer, 100)
    assert len(source.pressed) == 3
    await hass.config_entries.async_unload(entry.entry_id)
    types = follow_events(hass)
    await async_open(hass, entry, source)
    types.clear()
    await async_pass_polls(hass, freezer, 60)
    assert len(source.pressed) == 3
    assert types == []


@pytest.mark.parametrize(
    ("values", "is_low"),
    [
        ({"hashrate": 49.0, "expected": 100.0}, True),
        ({"hashrate": 51.0, "expected": 100.0}, False),
        ({"hashrate": 1.0}, False),
        ({"hashrate": None, "expected": 100.0}, False),
    ],
)
async def test_share_of_what_is_expected(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    values: dict[str, Any],
    is_low: bool,
) -> None:
    """What the machine itself expects counts; what is not known is not too low."""
    source = Rig()
    source.values = {}
    known = {key: value for key, value in values.items() if value is not None}
    source.report(**known)
    await async_add(hass, source, **options("restart_miner"))
    await async_pass_polls(hass, freezer, 14)
    assert bool(source.pressed) is is_low
    if is_low:
        event = state(hass, "event", "watchdog")
        assert event.attributes["expected_hashrate"] == 100


async def test_median_of_past_days(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    """What is usual counts from the second day on, also after a restart."""
    source = Rig(hashrate=100.0)
    entry = await async_add(hass, source, **options("restart_miner"))
    registry = er.async_get(hass)
    await async_pass_polls(hass, freezer, 35)
    freezer.tick(timedelta(days=1))
    await async_pass_polls(hass, freezer, 5)
    for key, shown in (("expected_hashrate", 100), ("normal_percent", 100)):
        sensor = entity_id(hass, "sensor", key)
        found = registry.async_get(sensor)
        assert found is not None
        assert found.disabled_by is er.RegistryEntryDisabler.INTEGRATION
        registry.async_update_entity(sensor, disabled_by=None)
        values = {c.key: v for c, v in entry.runtime_data.data.rig.values.items()}
        assert values[key] == shown
    await hass.config_entries.async_unload(entry.entry_id)
    await async_open(hass, entry, source)
    source.report(hashrate=40.0)
    with served(source):
        # What was enabled is set up again.
        await async_pass_polls(hass, freezer, 18)
    assert float(state(hass, "sensor", "normal_percent").state) == 40
    assert source.pressed == ["restart_miner"]


async def test_step_that_fails(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """It is a warning, and counts."""
    source = Rig()
    source.refusal = CommandRefused("busy", {})
    await async_add(hass, source, **options("restart_miner"))
    await async_pass_polls(hass, freezer, 100)
    assert len(source.pressed) == 3
    assert "watchdog: restart_miner" in caplog.text


# ---- when it keeps still


async def test_nothing_while_the_order_is_off(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    """An owner who stopped the rig wants it stopped; after a start it has its time."""
    source = Rig(Control(channel=MINING_ALLOWED.plain, confirm_within=120))
    source.values = {**source.values, MINING_ALLOWED.plain: False}
    await async_add(hass, source, **options(*ALL))
    told = serve_plug(hass)
    await async_pass_polls(hass, freezer, 60)
    source.error = GONE
    await async_pass_polls(hass, freezer, 60)
    assert (source.pressed, told) == ([], [])
    source.error = None
    source.values = {**source.values, MINING_ALLOWED.plain: True}
    seconds = await async_until(hass, freezer, lambda: source.pressed)
    assert seconds >= 120 + 120


async def test_nothing_after_a_start_that_the_rig_reports(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    """It need not have been away."""
    source = Rig(Control(channel=MINING_ALLOWED.plain, confirm_within=180))
    source.values = {
        **source.values,
        MINING_ALLOWED.plain: True,
        STARTED.plain: dt_util.utcnow(),
    }
    await async_add(hass, source, **options(*ALL))
    serve_plug(hass)
    seconds = await async_until(hass, freezer, lambda: source.pressed)
    assert seconds >= 180 + 120


async def test_start_that_a_restart_interrupts(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    """The rig's time to start goes on."""
    source = Rig(Control(channel=MINING_ALLOWED.plain, confirm_within=180))
    source.values = {**source.values, MINING_ALLOWED.plain: False}
    entry = await async_add(hass, source, **options(*ALL))
    await async_pass(hass, freezer)
    source.values = {**source.values, MINING_ALLOWED.plain: True}
    await async_pass(hass, freezer)
    await hass.config_entries.async_unload(entry.entry_id)
    await async_open(hass, entry, source)
    serve_plug(hass)
    seconds = await async_until(hass, freezer, lambda: source.pressed)
    assert seconds >= 170 + 120


async def test_plug_that_its_owner_turns(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    """Off, it is no fault; on, the rig has its time to start before it counts."""
    source = Rig()
    await async_add(hass, source, **options("restart_miner", "power_off"))
    told = serve_plug(hass)
    hass.states.async_set(PLUG, "off")
    await async_pass_polls(hass, freezer, 30)
    source.error = GONE
    await async_pass_polls(hass, freezer, 30)
    assert (source.pressed, told) == ([], [])
    hass.states.async_set(PLUG, "on")
    seconds = await async_until(hass, freezer, lambda: told)
    assert seconds >= 60 + 120


async def test_nothing_while_protection_is_tripped(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    """A rig that protection has stopped is not restarted."""
    source = Rig(Control(channel=MINING_ALLOWED.plain), hashrate=5.0)
    source.values = {**source.values, MINING_ALLOWED.plain: True}
    source.report(hot=60.0)
    entry = await async_add(hass, source, **options(*ALL))
    told = serve_plug(hass)
    types = follow_events(hass)
    limit = entity_id(hass, "number", "protection_limit")
    await hass.services.async_call(
        "number", "set_value", {"entity_id": limit, "value": 80}, blocking=True
    )
    await entry.runtime_data.protection.async_switch_on()
    source.report(hot=90.0)
    await async_pass(hass, freezer)
    source.report(hashrate=0.0)
    await async_pass(hass, freezer, 20)
    assert source.writes == [False]
    source.report(hot=70.0)
    await async_pass_polls(hass, freezer, 40)
    assert entry.runtime_data.is_protected
    assert (source.pressed, told, types) == ([], [], [])


async def test_nothing_while_protection_says_so(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whatever the rig's own order is; nor is its power turned on."""
    source = Rig()
    entry = await async_add(hass, source, **options("power_off"))
    told = serve_plug(hass)
    monkeypatch.setattr(RigCoordinator, "is_protected", True)
    await async_pass_polls(hass, freezer, 40)
    assert told == []
    monkeypatch.setattr(RigCoordinator, "is_protected", False)
    await async_cut(hass, freezer, told)
    monkeypatch.setattr(RigCoordinator, "is_protected", True)
    await async_pass_polls(hass, freezer, 10)
    await hass.config_entries.async_unload(entry.entry_id)
    await async_open(hass, entry, source)
    await async_pass_polls(hass, freezer, 10)
    assert told == ["turn_off"]
    monkeypatch.setattr(RigCoordinator, "is_protected", False)
    await async_pass_polls(hass, freezer, 1)
    assert told == ["turn_off", "turn_on"]


# ---- power


async def async_cut(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, told: list[str]
) -> None:
    """Wait until the power is off."""
    await async_until(hass, freezer, lambda: told)
    assert told == ["turn_off"]


async def test_power_of_a_rig_that_hangs(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    """It is turned off for 30 s, and on again although the rig does not answer."""
    source = Rig()
    await async_add(hass, source, **options("restart_miner", "power_off"))
    told = serve_plug(hass)
    source.error = GONE
    await async_cut(hass, freezer, told)
    await async_pass(hass, freezer, 29)
    assert told == ["turn_off"]
    await async_pass(hass, freezer, 2)
    assert told == ["turn_off", "turn_on"]
    event = state(hass, "event", "watchdog")
    assert event.attributes["event_type"] == "power_on"


@pytest.mark.parametrize("is_enabled", [True, False])
async def test_unload_while_the_power_is_off(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, is_enabled: bool
) -> None:
    """It comes on at once; or, with a plug that is gone, as soon as that is back."""
    source = Rig()
    entry = await async_add(hass, source, **options("power_off"))
    told = serve_plug(hass)
    await async_cut(hass, freezer, told)
    if is_enabled:
        await hass.config_entries.async_unload(entry.entry_id)
        assert told == ["turn_off", "turn_on"]
        return
    hass.states.async_set(PLUG, "unavailable")
    await hass.config_entries.async_unload(entry.entry_id)
    changed = options("power_off")
    changed["watchdog"]["enabled"] = False
    hass.config_entries.async_update_entry(entry, options=changed)
    await async_open(hass, entry, source)
    await async_pass_polls(hass, freezer, 10)
    assert told == ["turn_off"]
    hass.states.async_set(PLUG, "off")
    await async_pass_polls(hass, freezer, 4)
    assert told == ["turn_off", "turn_on"]
    await async_pass_polls(hass, freezer, 50)
    assert told == ["turn_off", "turn_on"]


@pytest.mark.parametrize("answers", [True, False])
async def test_crash_while_the_power_is_off(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, answers: bool
) -> None:
    """What was on disk before the power went turns it on."""
    source = Rig()
    entry = await async_add(hass, source, **options("power_off"))
    told = serve_plug(hass)
    await async_cut(hass, freezer, told)
    store = RigStore.of(hass, entry.entry_id)
    kept = deepcopy(store.watchdog)
    await hass.config_entries.async_unload(entry.entry_id)
    told.clear()
    hass.states.async_set(PLUG, "off")
    store.watchdog = kept
    source.error = None if answers else GONE
    await async_open(hass, entry, source)
    await async_until(hass, freezer, lambda: told)
    assert told == ["turn_on"]


async def test_plug_that_is_gone_when_the_power_is_to_come_back(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """It is tried until it works; the log has it once, and one event."""
    source = Rig()
    await async_add(hass, source, **options("power_off"))
    told = serve_plug(hass)
    types = follow_events(hass)
    await async_cut(hass, freezer, told)
    hass.states.async_set(PLUG, "unavailable")
    await async_pass_polls(hass, freezer, 30)
    assert types == ["power_off"]
    assert caplog.text.count("watchdog: power_on: starter_missing") == 1
    hass.states.async_set(PLUG, "off")
    await async_pass_polls(hass, freezer, 4)
    assert told == ["turn_off", "turn_on"]
    assert types == ["power_off", "power_on"]


async def test_plug_that_is_gone_when_the_power_is_to_go(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    """What was not turned off is not turned on."""
    source = Rig()
    await async_add(hass, source, **options("power_off"))
    told = serve_plug(hass)
    types = follow_events(hass)
    hass.states.async_set(PLUG, "unavailable")
    await async_until(hass, freezer, lambda: types)
    hass.states.async_set(PLUG, "off")
    await async_pass_polls(hass, freezer, 8)
    assert told == []
    assert types == ["power_off"]


async def test_order_off_while_the_power_is_off(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    """It stays off until the rig may mine again, also when the entry is unloaded."""
    source = Rig(Control(channel=MINING_ALLOWED.plain))
    source.values = {**source.values, MINING_ALLOWED.plain: True}
    entry = await async_add(hass, source, **options("power_off"))
    told = serve_plug(hass)
    await async_cut(hass, freezer, told)
    source.values = {**source.values, MINING_ALLOWED.plain: False}
    await async_pass_polls(hass, freezer, 10)
    await hass.config_entries.async_unload(entry.entry_id)
    await async_open(hass, entry, source)
    await async_pass_polls(hass, freezer, 3)
    assert told == ["turn_off"]
    source.values = {**source.values, MINING_ALLOWED.plain: True}
    await async_pass_polls(hass, freezer, 4)
    assert told == ["turn_off", "turn_on"]


# ---- what starts and stops a rig without a pause


async def test_restart_by_scripts(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    """A program that hangs is stopped and started; its power stays on."""
    source = Rig()
    source.actions = ()
    chosen = options("restart_miner", "power_off", start_stop=SCRIPTS)
    await async_add(hass, source, **chosen)
    told = serve_plug(hass)
    types = follow_events(hass)
    source.error = GONE
    await async_until(hass, freezer, lambda: told)
    assert told == ["script.stop"]
    await async_pass(hass, freezer, 31)
    assert told == ["script.stop", "script.start"]
    assert types == ["restart_miner", "start_miner"]
    assert state(hass, "switch", "mining_allowed").state != "off"
    # The next step has to wait until a start had its time.
    seconds = await async_until(hass, freezer, lambda: told[2:])
    assert seconds >= 180 + 120
    assert told[2:] == ["turn_off"]


async def test_order_while_it_is_stopped(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    """An "off" of the owner counts more."""
    source = Rig()
    source.actions = ()
    chosen = options("restart_miner", start_stop=SCRIPTS)
    told = serve_plug(hass)
    entry = await async_add(hass, source, **chosen)
    await async_until(hass, freezer, lambda: told)
    await entry.runtime_data.commands.async_write("rig", MINING_ALLOWED.plain, False)
    await async_pass_polls(hass, freezer, 60)
    assert told == ["script.stop", "script.stop"]


async def test_one_plug_for_both(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    """What cuts the power is no restart of the miner: that has to be chosen."""
    source = Rig()
    source.actions = ()
    chosen = options("restart_miner", start_stop={"started_by": PLUG})
    await async_add(hass, source, **chosen)
    told = serve_plug(hass)
    types = follow_events(hass)
    await async_pass_polls(hass, freezer, 40)
    assert (told, types) == ([], ["given_up"])


# ---- rigs that push


@pytest.mark.parametrize("is_silent", [True, False])
@pytest.mark.parametrize(
    ("rig_type", "log"),
    [
        ("asic", "asic_log_ks5l.request"),
        ("cpu_gpu", "cpu_gpu_log_xmrig_3gpu.request"),
    ],
)
async def test_rig_that_pushes(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    rig_type: str,
    log: str,
    is_silent: bool,
) -> None:
    """Its power is the only step; its order and its time to start are respected."""
    entry = pushing_entry(rig_type, options=options(*ALL, on_takes=300))
    hass.states.async_set(PLUG, "on")
    await async_set_up_rigs(hass, entry)
    told: list[str] = []

    async def serve(call: ServiceCall) -> None:
        told.append(call.service)
        hass.states.async_set(PLUG, call.service.removeprefix("turn_"))

    rig = entry.runtime_data
    logged = body(log)

    async def async_log() -> None:
        await async_pass(hass, freezer)
        if not (is_silent and logged["stopped"]):
            sent = {key: value for key, value in logged.items() if key != "stopped"}
            rig.source.receive(sent, dt_util.utcnow())
            rig.async_receive()
            await hass.async_block_till_done(wait_background_tasks=True)

    logged["stopped"] = False
    for _ in range(10):
        await async_log()
    assert state(hass, "binary_sensor", "connected").state == "on"
    channel = stop_of(rig.known_parts.parts["rig"].controls).channel
    await rig.commands.async_write("rig", channel, True)
    for service in ("turn_on", "turn_off"):
        hass.services.async_register("switch", service, serve)
    logged["stopped"] = True
    for key in logged:
        if "hashrate" in key and not key.endswith("uom"):
            logged[key] = 0 if logged[key] is not None else None
    seconds = 0
    while not told and seconds < 3000:
        await async_log()
        seconds += 10
    assert told == ["turn_off"]
    for _ in range(4):
        await async_log()
    assert told == ["turn_off", "turn_on"]
    # It has to boot first.
    for _ in range(30):
        await async_log()
    assert told == ["turn_off", "turn_on"]

    await rig.commands.async_write("rig", channel, False)
    for _ in range(100):
        await async_log()
    assert told == ["turn_off", "turn_on"]


async def test_crash_while_the_power_of_a_pushing_rig_is_off(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    """Its agent cannot be heard of before the power is on."""
    entry = pushing_entry("asic", options=options("power_off", on_takes=300))
    hass.states.async_set(PLUG, "on")
    await async_set_up_rigs(hass, entry)
    rig = entry.runtime_data
    rig.source.receive(body("asic_log_ks5l.request"), dt_util.utcnow())
    rig.async_receive()
    told = serve_plug(hass)
    await async_until(hass, freezer, lambda: told)
    store = RigStore.of(hass, entry.entry_id)
    kept = deepcopy(store.watchdog)
    await hass.config_entries.async_unload(entry.entry_id)
    told.clear()
    hass.states.async_set(PLUG, "off")
    store.watchdog = kept
    await hass.config_entries.async_setup(entry.entry_id)
    assert await async_until(hass, freezer, lambda: told) <= 300
    assert told == ["turn_on"]
