"""What the coordinator makes of a source, whatever its wire is."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from unittest.mock import patch

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import SOURCE_REAUTH, ConfigEntryState
from homeassistant.const import (
    ATTR_ENTITY_ID,
    STATE_OFF,
    STATE_ON,
    STATE_UNAVAILABLE,
    EntityCategory,
)
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import device_registry as dr, entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.mining_rig.const import CONF_ID_ROOT, CONF_KIND, DOMAIN
from custom_components.mining_rig.model import (
    RIG,
    Action,
    Control,
    Part,
    PartKind,
    Snapshot,
    Value,
    part_map,
)
from custom_components.mining_rig.readings import HASHRATE, MINING_ALLOWED, TEMPERATURE
from custom_components.mining_rig.sources.common.contract import (
    Identity,
    SourceBusy,
    SourceContext,
    SourceError,
    SourceGarbled,
    SourceRefused,
    SourceUnreachable,
)
from custom_components.mining_rig.sources.xmrig.miner import readings

from .rigs import ID_ROOT, async_pass, async_pass_polls, async_set_up, entity_id, state

REBOOT = Action("stop", restarts=True)


def a_rig(*parts: Part, allowed: bool = True, controlled: bool = True) -> Snapshot:
    """Return a rig that mines, with those parts."""
    switch = MINING_ALLOWED.plain
    rig = Part(
        kind=PartKind.RIG,
        key=RIG,
        values={HASHRATE.plain: 5000.0, switch: allowed},
        controls={switch: Control(channel=switch)} if controlled else {},
        actions=(REBOOT,),
    )
    return Snapshot(parts=part_map(rig, *parts))


class ReadOnlySource:
    """A source that answers what the test wants."""

    interval = timedelta(seconds=10)
    address = None

    def __init__(self) -> None:
        """Answer with a rig that mines."""
        self.snapshot = a_rig()
        self.errors: list[SourceError] = []
        """Raised by the next readings, one each."""
        self.reads = 0
        self.closed = False

    async def identify(self) -> Identity:
        """Return who is there."""
        return Identity(rig_id=None, title="Rig")

    async def close(self) -> None:
        """Note that it was closed."""
        self.closed = True

    async def read(self, now: datetime) -> Snapshot:
        """Return the snapshot, or raise the next error."""
        self.reads += 1
        if self.errors:
            raise self.errors.pop(0)
        return self.snapshot


class ScriptedSource(ReadOnlySource):
    """One that takes commands, and obeys or raises."""

    def __init__(self) -> None:
        """Obey."""
        super().__init__()
        self.refusal: SourceError | None = None
        self.writes: list[Value] = []

    async def write(self, part: str, control: Control[Any], value: Value) -> None:
        """Obey, unless there is a refusal."""
        self.writes.append(value)
        if self.refusal is not None:
            raise self.refusal
        self.snapshot = a_rig(allowed=bool(value))

    async def press(self, part: str, action: Action) -> None:
        """Do nothing, unless there is a refusal."""
        if self.refusal is not None:
            raise self.refusal


async def async_add(
    hass: HomeAssistant, source: ReadOnlySource, **options: Any
) -> MockConfigEntry:
    """Set up an entry whose source that is."""

    async def open_source(context: SourceContext) -> ReadOnlySource:
        return source

    entry = MockConfigEntry(
        domain=DOMAIN,
        title="Office PC",
        data={CONF_KIND: "xmrig", CONF_ID_ROOT: ID_ROOT, "host": "rig", "port": 1},
        options=options,
    )
    with (
        patch(
            "custom_components.mining_rig.async_source_factory",
            return_value=open_source,
        ) as opener,
        patch(
            "custom_components.mining_rig.coordinator.commands.CONFIRM_PAUSES",
            (0.0, 0.0, 0.0),
        ),
    ):
        assert await async_set_up(hass, entry)
        opener.assert_called_once()
    return entry


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look for the effect of a command without waiting in between."""
    monkeypatch.setattr(
        "custom_components.mining_rig.coordinator.commands.CONFIRM_PAUSES",
        (0.0, 0.0, 0.0),
    )


async def async_switch(hass: HomeAssistant, service: str) -> None:
    """Turn mining on or off."""
    await hass.services.async_call(
        "switch",
        service,
        {ATTR_ENTITY_ID: entity_id(hass, "switch", "mining_allowed")},
        blocking=True,
    )


async def test_a_system_that_asks_to_come_back_later(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    """It is left alone for that time, but for a minute at most, and not called present."""
    source = ScriptedSource()
    await async_add(hass, source)
    source.errors = [SourceBusy("busy", retry_after=86400)]
    await async_pass_polls(hass, freezer, 1)
    asked = source.reads
    await async_pass_polls(hass, freezer, 2)
    assert state(hass, "binary_sensor", "connected").state == STATE_OFF
    assert state(hass, "sensor", "hashrate").state == STATE_UNAVAILABLE
    await async_pass_polls(hass, freezer, 3)
    assert source.reads == asked
    await async_pass_polls(hass, freezer, 1)
    assert source.reads == asked + 1
    assert state(hass, "binary_sensor", "connected").state == STATE_ON
    source.errors = [SourceBusy("busy")]
    await async_pass_polls(hass, freezer, 2)
    assert source.reads == asked + 3


@pytest.mark.parametrize(
    ("refusal", "key"),
    [
        (SourceBusy("busy"), "busy"),
        (SourceGarbled("what?"), "garbled"),
        (SourceRefused("who?"), "refused"),
        (SourceUnreachable("gone"), "unreachable"),
    ],
)
async def test_a_command_that_fails_says_why(
    hass: HomeAssistant, refusal: SourceError, key: str
) -> None:
    """In words, for a switch and for a button."""
    source = ScriptedSource()
    entry = await async_add(hass, source)
    source.refusal = refusal
    with pytest.raises(HomeAssistantError) as caught:
        await async_switch(hass, "turn_off")
    assert caught.value.translation_key == key
    with pytest.raises(HomeAssistantError) as caught:
        await hass.services.async_call(
            "button",
            "press",
            {ATTR_ENTITY_ID: entity_id(hass, "button", "stop")},
            blocking=True,
        )
    assert caught.value.translation_key == key
    await hass.async_block_till_done()
    flows = list(entry.async_get_active_flows(hass, {SOURCE_REAUTH}))
    assert bool(flows) == (key == "refused")


async def test_a_reading_that_fails_between_a_command_and_its_effect(
    hass: HomeAssistant,
) -> None:
    """It is looked again."""
    source = ScriptedSource()
    await async_add(hass, source)
    source.errors = [SourceUnreachable("busy obeying")]
    await async_switch(hass, "turn_off")
    assert state(hass, "switch", "mining_allowed").state == STATE_OFF


async def test_a_control_that_is_not_offered_any_more(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    """It is unavailable, and ordering it all the same is refused in words."""
    source = ScriptedSource()
    entry = await async_add(hass, source)
    source.snapshot = a_rig(controlled=False)
    await async_pass_polls(hass, freezer, 1)
    assert state(hass, "switch", "mining_allowed").state == STATE_UNAVAILABLE
    with pytest.raises(HomeAssistantError) as caught:
        await entry.runtime_data.commands.async_write(RIG, MINING_ALLOWED.plain, False)
    assert caught.value.translation_key == "not_offered"


async def test_a_source_that_takes_no_commands(hass: HomeAssistant) -> None:
    """What it cannot do is said, not tried."""
    source = ReadOnlySource()
    entry = await async_add(hass, source)
    coordinator = entry.runtime_data
    for refused, key in (
        (
            coordinator.commands.async_write(RIG, MINING_ALLOWED.plain, False),
            "not_offered",
        ),
        (coordinator.commands.async_press(RIG, REBOOT), "not_offered"),
        (coordinator.commands.async_get_config(), "no_config"),
        (coordinator.commands.async_set_config({}), "no_config"),
    ):
        with pytest.raises(HomeAssistantError) as caught:
            await refused
        assert caught.value.translation_key == key
    assert await hass.config_entries.async_unload(entry.entry_id)
    assert source.closed


async def test_parts_that_are_gone_for_good(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    """Their devices go, inside of the rig and behind it; others stay."""
    source = ScriptedSource()
    card = Part(kind=PartKind.GPU, key="gpu", values={TEMPERATURE.plain: 50})
    worker = Part(
        kind=PartKind.WORKER, key="worker", name="w1", values={HASHRATE.plain: 7.0}
    )
    board = Part(kind=PartKind.HASHBOARD, key="b", values={TEMPERATURE.plain: 60})
    source.snapshot = a_rig(card, worker, board)
    entry = await async_add(hass, source)
    registry = dr.async_get(hass)

    def names() -> set[str | None]:
        return {
            device.name
            for device in (
                *dr.async_entries_for_config_entry(registry, entry.entry_id),
                *dr.async_child_entries_for_config_entry(registry, entry.entry_id),
            )
        }

    assert names() == {"Office PC", "GPU 1", "Hashboard 1", "Office PC w1"}
    device = registry.async_get_device_by_identifier((DOMAIN, ID_ROOT), entry.entry_id)
    assert device is not None
    assert not entry.runtime_data.forget(device)
    whole = a_rig(board)
    source.snapshot = Snapshot(
        parts=whole.parts, removed=frozenset({"gpu", "worker", "never"})
    )
    await async_pass_polls(hass, freezer, 1)
    assert names() == {"Office PC", "Hashboard 1"}


async def test_a_restart_button_and_a_setting_that_can_only_be_seen(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    """Home Assistant knows the one as a restart, and the other as a diagnosis."""
    source = ScriptedSource()
    whole = a_rig()
    rig = replace(
        whole.rig, values={**whole.rig.values, readings.PAUSE_ON_BATTERY.plain: True}
    )
    source.snapshot = replace(whole, parts=part_map(rig))
    await async_add(hass, source)
    button = state(hass, "button", "stop")
    assert button.attributes["device_class"] == "restart"
    seen = entity_id(hass, "binary_sensor", "xmrig_pause_on_battery")
    entry = er.async_get(hass).async_get(seen)
    assert entry is not None
    assert entry.entity_category is EntityCategory.DIAGNOSTIC


async def test_an_order_that_cannot_be_kept(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """It is tried once a minute, and each failure is logged."""
    source = ScriptedSource()
    await async_add(hass, source, keep_order=True)
    await async_switch(hass, "turn_off")
    source.snapshot = a_rig()
    source.refusal = SourceGarbled("what?")
    before = len(source.writes)
    await async_pass_polls(hass, freezer, 6)
    assert len(source.writes) - before == 1
    assert "does not stop mining" in caplog.text
    source.refusal = None
    await async_pass(hass, freezer, 61)
    await async_pass_polls(hass, freezer, 1)
    assert state(hass, "switch", "mining_allowed").state == STATE_OFF
    await async_switch(hass, "turn_on")
    assert state(hass, "switch", "mining_allowed").state == STATE_ON


async def test_a_source_is_closed_when_set_up_fails(hass: HomeAssistant) -> None:
    """Nothing is left behind of a rig that was never seen."""
    source = ScriptedSource()
    source.errors = [SourceUnreachable("off")]
    with pytest.raises(AssertionError):
        await async_add(hass, source)
    (entry,) = hass.config_entries.async_entries(DOMAIN)
    assert entry.state is ConfigEntryState.SETUP_RETRY
    assert source.closed
