"""The options of a rig: power, behaviour, units."""

from collections.abc import AsyncIterator, Mapping
from datetime import timedelta
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import ConfigFlowResult
from homeassistant.const import STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType, InvalidData
from homeassistant.helpers import entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from simulator.xmrig import SimulatedXMRig
from simulator.xmrig_proxy import SimulatedXmrigProxy

from .rigs import async_pass, async_set_up, entity_id, entry_for, state

pytestmark = pytest.mark.usefixtures("socket_enabled")


@pytest.fixture
async def rig() -> AsyncIterator[SimulatedXMRig]:
    """Return an XMRig that mines with some kH/s."""
    async with SimulatedXMRig(token="b6b8b4a2") as rig:
        yield rig


@pytest.fixture
def entry(rig: SimulatedXMRig) -> MockConfigEntry:
    """Return its entry, with an option of somebody else's."""
    return entry_for(rig, options={"limit": 80})


async def async_open(
    hass: HomeAssistant, entry: MockConfigEntry, chapter: str
) -> ConfigFlowResult:
    """Open the options at a chapter."""
    menu = await hass.config_entries.options.async_init(entry.entry_id)
    assert menu["type"] is FlowResultType.MENU
    assert menu["menu_options"] == ["settings", "units"]
    return await async_go_on(hass, menu, {"next_step_id": chapter})


async def async_go_on(
    hass: HomeAssistant, step: Mapping[str, Any], answers: Mapping[str, Any]
) -> ConfigFlowResult:
    """Fill a step in and return the next one."""
    result = await hass.config_entries.options.async_configure(
        step["flow_id"], dict(answers)
    )
    await hass.async_block_till_done()
    return result


def unit_of(hass: HomeAssistant, channel: str) -> str:
    """Return the unit that a sensor is shown in."""
    unit: str = state(hass, "sensor", channel).attributes["unit_of_measurement"]
    return unit


# ---- power and behaviour


async def test_settings(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """What is chosen holds at once; what other dialogs chose stays."""
    assert await async_set_up(hass, entry)
    hass.states.async_set(
        "sensor.plug", "0.5", {"device_class": "power", "unit_of_measurement": "kW"}
    )
    form = await async_open(hass, entry, "settings")
    assert form["step_id"] == "settings"
    answers = {
        "power_meter": "sensor.plug",
        "base_power": 40,
        "rated_power": 150,
        "zero_while_off": True,
        "keep_order": True,
        "keep_parts": True,
        "warn_if_read_only": False,
        "shared_switch": False,
    }
    done = await async_go_on(hass, form, answers)
    assert done["type"] is FlowResultType.CREATE_ENTRY
    assert entry.options == {"limit": 80, **answers}
    assert state(hass, "sensor", "power").state == "500.0"

    # What is stored is shown, and can be taken away.
    form = await async_open(hass, entry, "settings")
    shown = {str(key): key.description for key in form["data_schema"].schema}
    assert shown["power_meter"] == {"suggested_value": "sensor.plug"}
    assert shown["rated_power"] == {"suggested_value": 150}
    done = await async_go_on(hass, form, {"rated_power": 0})
    assert entry.options == {
        "limit": 80,
        "zero_while_off": False,
        "keep_order": False,
        "keep_parts": False,
        "warn_if_read_only": False,
        "shared_switch": False,
    }


@pytest.mark.parametrize(
    "answers",
    [
        {"base_power": -1},
        {"rated_power": -0.5},
        {"rated_power": 1_000_000},
        {"poll_interval": 4},
        {"poll_interval": 601},
        {"power_meter": "switch.plug"},
        {"power_meter": "sensor.office_pc_hashrate"},
    ],
)
async def test_settings_that_make_no_sense(
    hass: HomeAssistant, entry: MockConfigEntry, answers: dict[str, Any]
) -> None:
    """No negative power, no power meter that the rig itself feeds."""
    assert await async_set_up(hass, entry)
    form = await async_open(hass, entry, "settings")
    with pytest.raises(InvalidData) as refused:
        await async_go_on(hass, form, answers)
    assert [*refused.value.schema_errors] == [*answers]
    assert entry.options == {"limit": 80}


async def test_poll_interval(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    rig: SimulatedXMRig,
    freezer: FrozenDateTimeFactory,
) -> None:
    """Polls follow it at once, and the rig is off after three of them."""
    assert await async_set_up(hass, entry)
    assert entry.runtime_data.stale_after == timedelta(seconds=30)
    form = await async_open(hass, entry, "settings")
    await async_go_on(hass, form, {"poll_interval": 120})
    assert entry.options["poll_interval"] == 120
    assert entry.runtime_data.stale_after == timedelta(minutes=6)

    def polls() -> int:
        return sum(request.path == "/2/summary" for request in rig.requests)

    # The first wait is a part of the interval, so that not all rigs are read at once.
    await async_pass(hass, freezer, 120)
    before = polls()
    for _ in range(60):
        await async_pass(hass, freezer, 10)
    assert polls() - before == 5

    rig.fault("off")
    await async_pass(hass, freezer, 240)
    assert state(hass, "sensor", "hashrate").state != STATE_UNAVAILABLE
    await async_pass(hass, freezer, 120)
    await async_pass(hass, freezer, 120)
    assert state(hass, "sensor", "hashrate").state == STATE_UNAVAILABLE

    # The shortest leaves a rig 30 s to answer.
    form = await async_open(hass, entry, "settings")
    await async_go_on(hass, form, {"poll_interval": 5})
    assert entry.runtime_data.stale_after == timedelta(seconds=30)


async def test_without_units_there_is_no_menu(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    """A rig that has shown no hashrate yet has no unit to change."""
    entry.add_to_hass(hass)
    form = await hass.config_entries.options.async_init(entry.entry_id)
    assert form["step_id"] == "settings"


# ---- units


@pytest.mark.parametrize(
    ("channel", "units", "factor"),
    [
        ("hashrate", ("kH/s", "MH/s"), 1e-3),
        ("hashrate", ("kH/s", "H/s"), 1e3),
        ("efficiency", ("J/kH", "J/MH"), 1e3),
    ],
)
async def test_unit(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    channel: str,
    units: tuple[str, str],
    factor: float,
) -> None:
    """A sensor is shown in the chosen unit at once, and after a restart."""
    before, after = units
    hass.states.async_set("sensor.plug", "100", {"unit_of_measurement": "W"})
    entry.add_to_hass(hass)
    hass.config_entries.async_update_entry(
        entry, options={"power_meter": "sensor.plug"}
    )
    assert await async_set_up(hass, entry)
    old = state(hass, "sensor", channel)
    assert old.attributes["unit_of_measurement"] == before

    form = await async_open(hass, entry, "units")
    sensor = entity_id(hass, "sensor", channel)
    form = await async_go_on(hass, form, {"entity_id": sensor})
    assert form["step_id"] == "unit"
    assert form["description_placeholders"] == {"sensor": old.name, "unit": before}
    # Without the recorder there are no statistics to ask for.
    assert [*form["data_schema"].schema] == ["unit"]
    form = await async_go_on(hass, form, {"unit": before})
    assert form["errors"] == {"unit": "same_unit"}
    done = await async_go_on(hass, form, {"unit": after})
    assert done["type"] is FlowResultType.CREATE_ENTRY
    assert entry.options == {"power_meter": "sensor.plug"}

    new = state(hass, "sensor", channel)
    assert new.attributes["unit_of_measurement"] == after
    entity = er.async_get(hass).async_get(sensor)
    assert entity is not None
    assert entity.options["mining_rig"] == {"unit": after}
    assert float(new.state) == pytest.approx(float(old.state) * factor, rel=0.1)
    assert await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()
    assert unit_of(hass, channel) == after


async def test_unit_of_nothing(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Only this rig's hashrates and efficiencies can be chosen."""
    assert await async_set_up(hass, entry)
    form = await async_open(hass, entry, "units")
    with pytest.raises(InvalidData):
        await async_go_on(
            hass, form, {"entity_id": entity_id(hass, "sensor", "acceptance_rate")}
        )
    # The id of the registry's entry names no sensor here.
    sensor = er.async_get(hass).async_get(entity_id(hass, "sensor", "hashrate"))
    assert sensor is not None
    form = await async_go_on(hass, form, {"entity_id": sensor.id})
    assert form["step_id"] == "units"


@pytest.mark.usefixtures("entity_registry_enabled_by_default")
async def test_sensors_that_can_be_chosen(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    """Averages have units of their own; disabled sensors are not offered."""
    assert await async_set_up(hass, entry)
    disabled = entity_id(hass, "sensor", "hashrate_15m")
    er.async_get(hass).async_update_entity(
        disabled, disabled_by=er.RegistryEntryDisabler.USER
    )
    form = await async_open(hass, entry, "units")
    offered = form["data_schema"].schema["entity_id"].config["include_entities"]
    assert entity_id(hass, "sensor", "hashrate") in offered
    assert entity_id(hass, "sensor", "hashrate_1m") in offered
    assert disabled not in offered
    assert entity_id(hass, "sensor", "accepted_shares") not in offered


async def test_a_proxy_is_asked_for_nothing_that_it_does_not_have(
    hass: HomeAssistant,
) -> None:
    """It has nothing to pause, nothing that goes on by itself, no power of its own."""
    async with SimulatedXmrigProxy() as proxy:
        entry = entry_for(proxy)
        assert await async_set_up(hass, entry)
        form = await async_open(hass, entry, "settings")
        asked = {str(field) for field in form["data_schema"].schema}
        assert asked == {
            "keep_parts",
            "poll_interval",
            "shown_workers",
            "warn_if_read_only",
            "zero_while_off",
        }
