"""Events: what happens to a rig's parts, told once each."""

from freezegun.api import FrozenDateTimeFactory
from homeassistant.components import automation
from homeassistant.const import STATE_UNAVAILABLE, STATE_UNKNOWN, EntityCategory
from homeassistant.core import Event, EventStateChangedData, HomeAssistant, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.event import async_track_state_change_event
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import async_mock_service

from custom_components.mining_rig.model import (
    RIG,
    Category,
    EventDescription,
    Part,
    PartEvent,
    PartKind,
)
from custom_components.mining_rig.readings import HASHRATE
from custom_components.mining_rig.sources.common.contract import SourceUnreachable

from .rigs import async_pass, async_pass_polls, entity_id, state
from .scripted import ScriptedSource, async_add, async_open

PAYMENT = EventDescription("test_payment", ("payout", "reward"))
STATUS = EventDescription(
    "test_status", ("stable", "off"), category=Category.DIAGNOSTIC, enabled=False
)


def payment(kind: str, amount: str, part: str = RIG) -> PartEvent:
    """Return a payment of an amount."""
    return PartEvent(part=part, kind=PAYMENT, type=kind, attributes={"amount": amount})


def a_pool() -> ScriptedSource:
    """Return a pool that pays."""
    return ScriptedSource({HASHRATE.plain: 5e12}, events=(PAYMENT, STATUS))


def told(hass: HomeAssistant, part: str = RIG) -> list[tuple[str, str]]:
    """Gather type and amount of each payment from now on."""
    found: list[tuple[str, str]] = []

    @callback
    def note(event: Event[EventStateChangedData]) -> None:
        before, after = event.data["old_state"], event.data["new_state"]
        if before and after and after.state not in (before.state, STATE_UNAVAILABLE):
            found.append((after.attributes["event_type"], after.attributes["amount"]))

    at = entity_id(hass, "event", PAYMENT.key, part)
    async_track_state_change_event(hass, at, note)
    return found


async def test_nothing_has_happened_yet(hass: HomeAssistant) -> None:
    """The entity is there before anything happens, and says what may."""
    await async_add(hass, a_pool())
    shown = state(hass, "event", PAYMENT.key)
    assert shown.state == STATE_UNKNOWN
    assert shown.attributes["event_types"] == ["payout", "reward"]
    assert shown.attributes["event_type"] is None
    status = er.async_get(hass).async_get(entity_id(hass, "event", STATUS.key))
    assert status is not None
    assert status.disabled_by is er.RegistryEntryDisabler.INTEGRATION
    assert status.entity_category is EntityCategory.DIAGNOSTIC


async def test_each_is_told_once(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    """Several in one reading are told one by one, and none of them again."""
    source = a_pool()
    await async_add(hass, source)
    found = told(hass)
    payments = [payment("reward", "0.00000001"), payment("reward", "0.00000001")]
    source.new_events = [*payments, payment("payout", "0.001")]
    await async_pass_polls(hass, freezer, 3)
    assert found == [
        ("reward", "0.00000001"),
        ("reward", "0.00000001"),
        ("payout", "0.001"),
    ]


async def test_what_the_first_reading_brings(hass: HomeAssistant) -> None:
    """What happened while Home Assistant was off waits for its entity."""
    source = a_pool()
    source.new_events = [payment("payout", "0.5")]
    await async_add(hass, source)
    shown = state(hass, "event", PAYMENT.key)
    assert shown.attributes["event_type"] == "payout"
    assert shown.attributes["amount"] == "0.5"


async def test_what_happens_to_a_new_part(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    """A part that appears with an event tells it."""
    source = a_pool()
    await async_add(hass, source)
    source.others = [
        Part(kind=PartKind.WORKER, key="w1", name="attic", events=(PAYMENT,))
    ]
    source.new_events = [payment("reward", "2", "w1")]
    await async_pass(hass, freezer)
    assert state(hass, "event", PAYMENT.key, "w1").attributes["amount"] == "2"
    assert state(hass, "event", PAYMENT.key).state == STATE_UNKNOWN


async def test_a_command_that_reads_back(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    """An event is not lost where a reading is taken to confirm a command."""
    source = a_pool()
    entry = await async_add(hass, source)
    found = told(hass)
    source.new_events = [payment("reward", "1")]
    await entry.runtime_data.async_refresh()
    # Whatever lets the entities look again does not tell it again.
    entry.runtime_data.async_update_listeners()
    await async_pass(hass, freezer)
    assert found == [("reward", "1")]


async def test_the_rig_is_off(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    """While it is off the entity is there and unavailable; what it told stays."""
    source = a_pool()
    source.new_events = [payment("payout", "0.5")]
    entry = await async_add(hass, source)
    before = state(hass, "event", PAYMENT.key)
    source.error = SourceUnreachable("off")
    await async_pass_polls(hass, freezer, 4)
    assert state(hass, "event", PAYMENT.key).state == STATE_UNAVAILABLE
    source.error = None
    await async_pass(hass, freezer, 60)
    back = state(hass, "event", PAYMENT.key)
    assert (back.state, back.attributes) == (before.state, before.attributes)

    await hass.config_entries.async_unload(entry.entry_id)
    source.error = SourceUnreachable("off")
    await async_open(hass, entry, source)
    away = state(hass, "event", PAYMENT.key)
    assert away.state == STATE_UNAVAILABLE
    assert "restored" not in away.attributes


async def test_nobody_listens(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    """An entity that is disabled takes nothing, and nothing is kept for ever."""
    source = a_pool()
    entry = await async_add(hass, source)
    for round_ in range(3):
        source.new_events = [
            PartEvent(part=RIG, kind=STATUS, type="off", attributes={"n": n})
            for n in range(100 * round_, 100 * round_ + 100)
        ]
        await async_pass(hass, freezer)
    waiting: list[PartEvent] = []
    stop = entry.runtime_data.events.async_listen(RIG, STATUS, waiting.append)
    assert [happening.attributes["n"] for happening in waiting] == [*range(200, 300)]
    stop()


async def test_an_automation_waits_for_it(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    """Home Assistant's own trigger for events sees each of them, and nothing else."""
    source = a_pool()
    await async_add(hass, source)
    calls = async_mock_service(hass, "test", "paid")
    assert await async_setup_component(
        hass,
        automation.DOMAIN,
        {
            automation.DOMAIN: {
                "triggers": {
                    "trigger": "event.received",
                    "target": {"entity_id": entity_id(hass, "event", PAYMENT.key)},
                    "options": {"event_type": ["payout"]},
                },
                "actions": {"action": "test.paid"},
                "mode": "queued",
            }
        },
    )
    await hass.async_block_till_done()
    source.new_events = [payment("payout", "1"), payment("reward", "2")]
    source.new_events += [payment("payout", "3")]
    await async_pass(hass, freezer)
    assert len(calls) == 2
    source.error = SourceUnreachable("off")
    await async_pass_polls(hass, freezer, 4)
    source.error = None
    await async_pass(hass, freezer, 60)
    assert len(calls) == 2
    source.error = SourceUnreachable("off")
    await async_pass_polls(hass, freezer, 4)
    source.error = None
    source.new_events = [payment("payout", "4")]
    await async_pass(hass, freezer, 60)
    assert len(calls) == 3


def test_a_kind_has_its_key_alone() -> None:
    """Two kinds of events never share their texts."""
    with pytest.raises(ValueError, match="test_payment"):
        EventDescription("test_payment", ("paid",))


async def test_workers_that_are_not_shown(hass: HomeAssistant) -> None:
    """Their events are disabled like all that they tell, and enabled with it."""
    source = ScriptedSource()
    source.others = [
        Part(kind=PartKind.WORKER, key=f"worker_{number}", events=(PAYMENT, STATUS))
        for number in (1, 2)
    ]
    entry = await async_add(hass, source, shown_workers=1)

    def enabled(kind: EventDescription) -> list[int]:
        registry = er.async_get(hass)
        found = [
            registry.async_get(entity_id(hass, "event", kind.key, f"worker_{number}"))
            for number in (1, 2)
        ]
        return [n for n, at in enumerate(found, 1) if at and not at.disabled]

    assert enabled(PAYMENT) == [1]
    hass.config_entries.async_update_entry(entry, options={"shown_workers": 2})
    await hass.config_entries.async_unload(entry.entry_id)
    await async_open(hass, entry, source)
    assert enabled(PAYMENT) == [1, 2]
    assert enabled(STATUS) == []
