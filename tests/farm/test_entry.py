"""The entry of a farm: its members, dialogs, start, and what copes with it."""

from collections.abc import Mapping
from typing import Any
from unittest.mock import patch

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import (
    ConfigEntryDisabler,
    ConfigEntryState,
    ConfigFlowResult,
)
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import (
    area_registry as ar,
    device_registry as dr,
    entity_registry as er,
    label_registry as lr,
)
from homeassistant.setup import async_setup_component
import pytest

from custom_components.mining_rig import async_remove_config_entry_device
from custom_components.mining_rig.const import CONF_KIND, DOMAIN, FARM
from custom_components.mining_rig.diagnostics import (
    async_get_config_entry_diagnostics,
    async_get_device_diagnostics,
)
from custom_components.mining_rig.model import Value
from custom_components.mining_rig.readings import (
    ACCEPTED,
    EFFICIENCY,
    HASHRATE,
    HOTTEST,
    HOTTEST_MEMORY,
    INVALID,
    NOT_FOLLOWING,
    POWER,
    REJECTED,
)
from custom_components.mining_rig.sources.common.contract import SourceUnreachable
from tests.entity_tables import undocumented
from tests.pages import PAGES, Path
from tests.rigs import async_choose_kind, async_pass, async_set_up
from tests.scripted import ScriptedSource, async_open

from .farming import (
    async_add_farm,
    async_add_rig,
    async_settle,
    farm_entity,
    farm_entry,
    farm_of,
    farm_state,
    mining,
    number,
    rig_entry,
)

PAGE = PAGES[Path("docs/farm.md")]


async def async_go_on(
    hass: HomeAssistant, step: Mapping[str, Any], answers: Mapping[str, Any]
) -> ConfigFlowResult:
    """Fill a step in."""
    result = await hass.config_entries.flow.async_configure(
        step["flow_id"], dict(answers)
    )
    await hass.async_block_till_done()
    return result


def full() -> ScriptedSource:
    """Return a rig that reports all that a farm shows."""
    values: dict[Any, Value] = {
        **mining(5_000.0, 100.0),
        HOTTEST.plain: 71.0,
        HOTTEST_MEMORY.plain: 88.0,
        ACCEPTED.plain: 190,
        REJECTED.plain: 8,
        INVALID.plain: 2,
    }
    return ScriptedSource(values)


# ---- dialogs


async def test_add(hass: HomeAssistant, freezer: FrozenDateTimeFactory) -> None:
    """A farm is added from the list of kinds, with a name of its own."""
    await async_add_rig(hass, "one", full())
    await async_add_rig(hass, "two", full())
    form = await async_choose_kind(hass, FARM)
    assert form["step_id"] == FARM
    form = await async_go_on(hass, form, {"name": " ", "stagger": 10})
    assert form["errors"] == {"name": "name_empty"}
    form = await async_go_on(hass, form, {"name": "One", "stagger": 10})
    assert form["errors"] == {"name": "name_taken"}
    done = await async_go_on(
        hass, form, {"name": "Cellar", "stagger": 5, "rigs": ["entry_one"]}
    )
    assert done["step_id"] == "money"
    done = await async_go_on(hass, done, {})
    assert done["type"] is FlowResultType.CREATE_ENTRY
    assert done["title"] == "Cellar"
    assert done["data"][CONF_KIND] == FARM
    assert done["options"] == {"stagger": 5, "rigs": ["entry_one"]}
    await async_settle(hass, freezer)
    found = hass.states.get("sensor.cellar_rigs")
    assert found is not None
    assert found.state == "1"


async def test_options(hass: HomeAssistant, freezer: FrozenDateTimeFactory) -> None:
    """What belongs to it can be changed; rigs that were removed are left out."""
    await async_add_rig(hass, "one", ScriptedSource({HOTTEST.plain: 50.0}))
    farm = await async_add_farm(hass, rigs=["entry_one", "entry_gone"], own=1)
    flow = hass.config_entries.options
    menu = await flow.async_init(farm.entry_id)
    assert menu["menu_options"] == [FARM, "money"]
    form = await flow.async_configure(menu["flow_id"], {"next_step_id": FARM})
    assert form["step_id"] == FARM
    suggested = {
        str(key): key.description["suggested_value"]
        for key in form["data_schema"].schema
        if key.description
    }
    assert suggested["rigs"] == ["entry_one"]
    done = await flow.async_configure(form["flow_id"], {"stagger": 3})
    assert done["data"] == {"stagger": 3, "own": 1}
    await hass.async_block_till_done()
    assert farm.state is ConfigEntryState.LOADED


async def test_units(hass: HomeAssistant, freezer: FrozenDateTimeFactory) -> None:
    """The unit of a hashrate is kept, and can be changed."""
    await async_add_rig(hass, "one", full())
    farm = await async_add_farm(hass)
    await async_settle(hass, freezer)
    await async_settle(hass, freezer)
    rate = farm_entity(hass, "hashrate_rx0")
    assert number(hass, "hashrate_rx0") == 5
    flow = hass.config_entries.options
    menu = await flow.async_init(farm.entry_id)
    assert menu["menu_options"] == [FARM, "money", "units"]
    form = await flow.async_configure(menu["flow_id"], {"next_step_id": "units"})
    form = await flow.async_configure(form["flow_id"], {"entity_id": rate})
    await flow.async_configure(form["flow_id"], {"unit": "MH/s"})
    await hass.async_block_till_done()
    await async_settle(hass, freezer)
    assert number(hass, "hashrate_rx0") == 0.005
    assert number(hass, "efficiency_rx0") == pytest.approx(20)
    unit = farm_state(hass, "efficiency_rx0").attributes["unit_of_measurement"]
    assert unit == "J/kH"


async def test_reconfigure(hass: HomeAssistant) -> None:
    """Everything is in the options."""
    farm = await async_add_farm(hass)
    result = await farm.start_reconfigure_flow(hass)
    assert result["reason"] == "farm_options"


# ---- members


async def test_area_and_label(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    """Rigs come and go with the area or the label of their device."""
    for name in ("one", "two", "tri"):
        await async_add_rig(hass, name, full())
    devices = dr.async_get(hass)
    device = {
        name: devices.async_get_device_by_identifier(
            (DOMAIN, f"root_{name}"), f"entry_{name}"
        )
        for name in ("one", "two")
    }
    area = ar.async_get(hass).async_create("Cellar").id
    label = lr.async_get(hass).async_create("Mine").label_id
    await async_add_farm(hass, areas=[area], labels=[label])
    await async_settle(hass, freezer)
    assert farm_state(hass, "farm_rigs").state == "unavailable"
    assert device["one"] is not None
    assert device["two"] is not None
    devices.async_update_device(device["one"].id, area_id=area)
    await async_pass(hass, freezer, 2)
    assert number(hass, "farm_rigs") == 1
    devices.async_update_device(device["two"].id, labels={label})
    await async_pass(hass, freezer, 2)
    assert number(hass, "farm_rigs") == 2
    assert number(hass, "power") == 200
    devices.async_update_device(device["one"].id, area_id=None)
    await async_pass(hass, freezer, 2)
    assert number(hass, "farm_rigs") == 1


async def test_added_and_removed(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    """A farm of all rigs takes those that are added later; it may be empty."""
    await async_add_farm(hass)
    await async_settle(hass, freezer)
    for key in ("power", "energy", "farm_rigs"):
        assert farm_state(hass, key).state == "unavailable"
    entry = await async_add_rig(hass, "one", full())
    await async_settle(hass, freezer)
    assert number(hass, "farm_rigs") == number(hass, "farm_rigs_online") == 1
    user = ConfigEntryDisabler.USER
    await hass.config_entries.async_set_disabled_by(entry.entry_id, user)
    await async_pass(hass, freezer, 2)
    assert farm_state(hass, "farm_rigs").state == "unavailable"


# ---- start


async def test_nothing_before_all_were_tried(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    """A farm waits for its rigs, those that fail too."""
    await async_add_rig(hass, "one", full())
    late = rig_entry("late")
    late.add_to_hass(hass)
    await async_add_farm(hass)
    await async_settle(hass, freezer)
    assert farm_state(hass, "power").state == "unavailable"
    source = full()
    source.error = SourceUnreachable("off")
    with pytest.raises(AssertionError):
        await async_open(hass, late, source)
    assert late.state is ConfigEntryState.SETUP_RETRY
    await async_pass(hass, freezer, 2)
    assert number(hass, "power") == 100
    assert number(hass, "farm_rigs") == 2
    assert number(hass, "farm_rigs_online") == 1


async def test_it_does_not_wait_for_ever(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    """A minute at most."""
    await async_add_rig(hass, "one", full())
    rig_entry("late").add_to_hass(hass)
    await async_add_farm(hass)
    await async_settle(hass, freezer)
    assert farm_state(hass, "power").state == "unavailable"
    await async_pass(hass, freezer, 61)
    await async_settle(hass, freezer)
    assert number(hass, "power") == 100


async def test_before_its_rigs(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    """The order in which entries are set up does not matter."""
    assert await async_setup_component(hass, DOMAIN, {})
    one, two = rig_entry("one"), rig_entry("two")
    for entry in (one, two):
        entry.add_to_hass(hass)
    await async_add_farm(hass)
    await async_open(hass, one, full())
    await async_settle(hass, freezer)
    assert farm_state(hass, "power").state == "unavailable"
    await async_open(hass, two, full())
    await async_settle(hass, freezer)
    assert number(hass, "power") == 200


# ---- values


async def test_heat_and_shares(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    """The hottest has a name; rejects are a share of all that is counted."""
    await async_add_rig(hass, "one", full())
    hot = full()
    hot.values = {**hot.values, HOTTEST.plain: 80.0, HOTTEST_MEMORY.plain: 60.0}
    await async_add_rig(hass, "two", hot)
    await async_add_rig(hass, "tri", ScriptedSource(mining(1.0)))
    await async_add_farm(hass)
    await async_settle(hass, freezer)
    found = farm_state(hass, "hottest")
    assert (found.state, found.attributes["rig"]) == ("80.0", "two")
    found = farm_state(hass, "hottest_memory")
    assert (found.state, found.attributes["rig"]) == ("88.0", "one")
    assert number(hass, "farm_rejected_share") == 5
    assert number(hass, "farm_rigs_mining") == 3


async def test_nothing_is_known(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    """What is not known is not 0."""
    await async_add_rig(hass, "one", ScriptedSource({NOT_FOLLOWING.plain: True}))
    await async_add_farm(hass)
    await async_settle(hass, freezer)
    for key in ("power", "hottest", "hottest_memory", "farm_rejected_share"):
        assert farm_state(hass, key).state == "unknown"
    assert farm_state(hass, "hottest").attributes["rig"] is None
    assert farm_state(hass, "farm_rigs_not_following").attributes["rigs"] == ["one"]


async def test_efficiency(hass: HomeAssistant, freezer: FrozenDateTimeFactory) -> None:
    """Only where the power of all rigs of an algorithm is known, of the same moment."""
    one, two = ScriptedSource(mining(1_000.0, 100.0)), ScriptedSource(mining(3_000.0))
    await async_add_rig(hass, "one", one)
    farm = await async_add_farm(hass)
    await async_settle(hass, freezer)
    assert number(hass, "efficiency_rx0") == 100
    await async_add_rig(hass, "two", two)
    await async_settle(hass, freezer)
    assert farm_of(farm).data.efficiencies == {}
    assert farm_state(hass, "efficiency_rx0").state == "unknown"
    two.values = {**two.values, POWER.plain: 200.0}
    await async_settle(hass, freezer)
    assert number(hass, "efficiency_rx0") == 75
    # While its power moves, a rig is left out of both sums.
    two.values = {**two.values, POWER.plain: 20.0}
    await async_settle(hass, freezer)
    two_now = hass.config_entries.async_get_known_entry("entry_two").runtime_data
    assert EFFICIENCY.plain not in two_now.data.rig.values
    assert number(hass, "efficiency_rx0") == 100


async def test_a_hundred_updates_a_second(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    """The farm is added up once for all of them."""
    entry = await async_add_rig(hass, "one", full())
    farm = await async_add_farm(hass)
    await async_settle(hass, freezer)
    seen: list[Any] = []
    stop = farm_of(farm).async_on_totals(seen.append)
    for _ in range(100):
        entry.runtime_data.async_update_listeners()
    await hass.async_block_till_done()
    await async_pass(hass, freezer, 2)
    assert 1 <= len(seen) <= 3
    stop()
    await async_settle(hass, freezer)
    assert len(seen) <= 3


async def test_ever_new_algorithms(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    """A rig that names others all the time does not fill the registry."""
    source = ScriptedSource(mining(1_000.0))
    await async_add_rig(hass, "one", source)
    farm = await async_add_farm(hass)
    for number_ in range(70):
        source.values = mining(1_000.0, 100.0, f"algorithm{number_}")
        await async_settle(hass, freezer)
    entities = er.async_entries_for_config_entry(er.async_get(hass), farm.entry_id)
    assert len(entities) == 11 + 60


# ---- others cope with it


async def test_actions_of_rigs(hass: HomeAssistant) -> None:
    """They say that a farm is no rig."""
    farm = await async_add_farm(hass)
    with pytest.raises(ServiceValidationError, match="Farm is a farm"):
        await hass.services.async_call(
            DOMAIN, "wait_for_order", {"config_entry_id": farm.entry_id}, blocking=True
        )


async def test_an_agent_beside_a_farm(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    """Looking for machines that are polled as well passes over farms."""
    await async_add_rig(hass, "one", full())
    await async_add_farm(hass)
    agent = {"rig_type": "asic", "api_code": "c" * 20, "webhook_id": "h"}
    entry = await async_add_rig(hass, "agent", full(), kind="rig_monitor", **agent)
    assert entry.state is ConfigEntryState.LOADED
    await async_settle(hass, freezer)
    assert number(hass, "farm_rigs") == 2


async def test_diagnostics(hass: HomeAssistant, freezer: FrozenDateTimeFactory) -> None:
    """They have what counts of each member, without addresses."""
    await async_add_rig(hass, "one", full())
    farm = await async_add_farm(hass)
    await async_settle(hass, freezer)
    [device] = dr.async_entries_for_config_entry(dr.async_get(hass), farm.entry_id)
    found = await async_get_device_diagnostics(hass, farm, device)
    assert found == await async_get_config_entry_diagnostics(hass, farm)
    assert found["totals"]["power"] == 100
    assert found["members"]["entry_one"]["rates"] == {"rx0": 5_000.0}
    assert "192.168" not in str(found)
    assert not await async_remove_config_entry_device(hass, farm, device)
    assert await hass.config_entries.async_unload(farm.entry_id)
    found = await async_get_config_entry_diagnostics(hass, farm)
    assert found.keys() == {"entry"}


async def test_entities_are_described(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    """Each is in the table of its page."""
    source = full()
    source.values = {**source.values, HASHRATE.channel(number=2): 0.0}
    await async_add_rig(hass, "one", source)
    farm = await async_add_farm(hass)
    await async_settle(hass, freezer)
    entities = er.async_entries_for_config_entry(er.async_get(hass), farm.entry_id)
    assert len(entities) == 13
    assert undocumented(entities, PAGE) == []


async def test_unload_fails(hass: HomeAssistant) -> None:
    """A farm whose platforms cannot be unloaded goes on."""
    farm = farm_entry()
    assert await async_set_up(hass, farm)
    with patch.object(
        hass.config_entries, "async_unload_platforms", return_value=False
    ):
        assert not await hass.config_entries.async_unload(farm.entry_id)
    assert farm_of(farm).published
    farm.mock_state(hass, ConfigEntryState.LOADED)
    assert await hass.config_entries.async_unload(farm.entry_id)
