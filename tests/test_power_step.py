"""The last step of adding a rig: its power, where nothing measures it."""

from collections.abc import AsyncIterator
from typing import Any

from homeassistant.components.sensor import SensorDeviceClass
from homeassistant.config_entries import ConfigFlowResult
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import entity_registry as er
import pytest

from custom_components.mining_rig.const import DOMAIN
from simulator.hardware import Card
from simulator.models import RTX_3070
from simulator.t_rex import SimulatedTRex
from simulator.xmrig import SimulatedXMRig
from simulator.xmrig_proxy import SimulatedXmrigProxy

from .rigs import async_choose_kind, entity_id, state

pytestmark = pytest.mark.usefixtures("socket_enabled")

METER = "sensor.plug_power"


@pytest.fixture
async def rig() -> AsyncIterator[SimulatedXMRig]:
    """Mine on a processor, whose power nothing measures."""
    async with SimulatedXMRig(token="b6b8b4a2") as rig:
        yield rig


async def async_named(hass: HomeAssistant, rig: Any) -> ConfigFlowResult:
    """Add a rig as far as its name."""
    flow = hass.config_entries.flow
    step = await async_choose_kind(hass, rig.kind)
    step = await flow.async_configure(step["flow_id"], dict(rig.form))
    assert step["step_id"] == "name"
    step = await flow.async_configure(step["flow_id"], {"name": "Office PC"})
    await hass.async_block_till_done()
    return step


async def async_answered(
    hass: HomeAssistant, step: ConfigFlowResult, answers: dict[str, Any]
) -> dict[str, Any]:
    """Answer the last step; return the options of the new rig."""
    flow = hass.config_entries.flow
    done = await flow.async_configure(step["flow_id"], answers)
    await hass.async_block_till_done()
    assert done["type"] is FlowResultType.CREATE_ENTRY
    assert done["title"] == "Office PC"
    return dict(done["result"].options)


async def test_nothing(hass: HomeAssistant, rig: SimulatedXMRig) -> None:
    """It can be left empty: there is no power then, as before."""
    step = await async_named(hass, rig)
    assert step["type"] is FlowResultType.FORM
    assert step["step_id"] == "power"
    assert step["description_placeholders"] == {"rig": "Office PC"}
    assert await async_answered(hass, step, {}) == {}


async def test_rated_watts(hass: HomeAssistant, rig: SimulatedXMRig) -> None:
    """The Energy dashboard offers the rig from its first minute."""
    step = await async_named(hass, rig)
    options = await async_answered(hass, step, {"rated_power": 90})
    assert options == {"rated_power": 90}
    (entry,) = hass.config_entries.async_entries(DOMAIN)
    root = entry.data["id_root"]
    assert state(hass, "sensor", "power_estimate", id_root=root).state == "90.0"
    energy = state(hass, "sensor", "energy_estimate", id_root=root)
    assert energy.name == "Office PC Estimated energy"
    assert energy.attributes["state_class"] == "total_increasing"


async def test_no_watts(hass: HomeAssistant, rig: SimulatedXMRig) -> None:
    """0 W is no rated power."""
    step = await async_named(hass, rig)
    assert await async_answered(hass, step, {"rated_power": 0}) == {}


async def test_a_meter(hass: HomeAssistant, rig: SimulatedXMRig) -> None:
    """Its power is the rig's; the form offers power sensors that are no rig's own."""
    hass.states.async_set(METER, "123", {"device_class": "power"})
    own = er.async_get(hass).async_get_or_create("sensor", DOMAIN, "other_rig_power")
    step = await async_named(hass, rig)
    assert step["data_schema"] is not None
    fields = {str(key): field for key, field in step["data_schema"].schema.items()}
    assert list(fields) == ["power_meter", "rated_power"]
    chosen: Any = fields["power_meter"]
    assert chosen.config["device_class"] == [SensorDeviceClass.POWER]
    assert own.entity_id in chosen.config["exclude_entities"]
    options = await async_answered(hass, step, {"power_meter": METER})
    assert options == {"power_meter": METER}
    (entry,) = hass.config_entries.async_entries(DOMAIN)
    root = entry.data["id_root"]
    assert state(hass, "sensor", "power", id_root=root).state == "123.0"
    assert entity_id(hass, "sensor", "energy", id_root=root)


async def test_a_rig_that_measures(hass: HomeAssistant) -> None:
    """Nothing is asked where cards report their power."""
    async with SimulatedTRex(cards=[Card(model=RTX_3070)], password=None) as rig:
        step = await async_named(hass, rig)
    assert step["type"] is FlowResultType.CREATE_ENTRY
    assert dict(step["result"].options) == {}


async def test_a_proxy(hass: HomeAssistant) -> None:
    """Nothing is asked of what mines nothing itself."""
    async with SimulatedXmrigProxy(token="secret") as proxy:
        step = await async_named(hass, proxy)
    assert step["type"] is FlowResultType.CREATE_ENTRY


async def test_a_rig_that_left(hass: HomeAssistant, rig: SimulatedXMRig) -> None:
    """One that cannot be read now is added without a question: nothing is known."""
    flow = hass.config_entries.flow
    step = await async_choose_kind(hass, rig.kind)
    step = await flow.async_configure(step["flow_id"], dict(rig.form))
    rig.answers["/2/summary"] = {}
    step = await flow.async_configure(step["flow_id"], {"name": "Office PC"})
    assert step["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done()
