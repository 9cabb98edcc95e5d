"""Adding a rig and changing how it is reached, step by step as a person does it."""

from collections.abc import AsyncIterator
from http import HTTPStatus
from typing import Any

from homeassistant.config_entries import SOURCE_USER
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.mining_rig.const import DOMAIN
from simulator.xmrig import SimulatedXMRig

pytestmark = pytest.mark.usefixtures("socket_enabled")


@pytest.fixture
async def rig() -> AsyncIterator[SimulatedXMRig]:
    """Return an XMRig with an access token."""
    async with SimulatedXMRig("office-pc", token="secret") as rig:
        yield rig


async def test_over_rest(
    hass: HomeAssistant, hass_client: ClientSessionGenerator, rig: SimulatedXMRig
) -> None:
    """The section may be left out, and so may the port that the address has."""
    assert await async_setup_component(hass, "config", {})
    client = await hass_client()
    path = "/api/config/config_entries/flow"

    async def post(flow: str, data: dict[str, Any]) -> dict[str, Any]:
        answer = await client.post(f"{path}{flow}", json=data)
        found = await answer.json()
        assert answer.status == HTTPStatus.OK, found
        return found

    menu = await post("", {"handler": DOMAIN})
    assert menu["type"] == FlowResultType.MENU
    assert "xmrig" in menu["menu_options"]
    flow = f"/{menu['flow_id']}"
    form = await post(flow, {"next_step_id": "xmrig"})
    assert form["type"] == FlowResultType.FORM
    name = await post(flow, {"host": f"{rig.url}/2/summary", "access_token": "secret"})
    assert name["step_id"] == "name"
    done = await post(flow, {"name": "Office PC"})
    assert done["type"] == FlowResultType.CREATE_ENTRY
    print(form["data_schema"])
