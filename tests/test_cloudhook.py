"""A rig's webhook through Home Assistant Cloud, where the owner asks for it."""

from collections.abc import Mapping
import json
import sys
from types import ModuleType
from typing import Any
from unittest.mock import AsyncMock, Mock, patch

from homeassistant.components.webhook import async_handle_webhook
from homeassistant.config_entries import SOURCE_RECONFIGURE
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.exceptions import HomeAssistantError
from homeassistant.util.aiohttp import MockRequest, serialize_response
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.mining_rig.const import DOMAIN

from .pushing import async_set_up_rigs, body, pushing_entry
from .rigs import state

URL = "https://hooks.nabu.casa/gAAAA"
HOOK = "hook_a1b2c3"


@pytest.fixture
def cloud(hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch) -> Mock:
    """Return a cloud with a subscription, as far as it is asked here."""
    module = Mock(
        spec=ModuleType,
        async_active_subscription=Mock(return_value=True),
        async_get_or_create_cloudhook=AsyncMock(return_value=URL),
        async_delete_cloudhook=AsyncMock(),
    )
    monkeypatch.setitem(sys.modules, "homeassistant.components.cloud", module)
    hass.config.components.add("cloud")
    return module


async def _submit(
    hass: HomeAssistant, entry: MockConfigEntry, **answers: Any
) -> Mapping[str, Any]:
    flow = hass.config_entries.options
    form = await flow.async_init(entry.entry_id)
    if form["type"] is FlowResultType.MENU:
        form = await flow.async_configure(form["flow_id"], {"next_step_id": "settings"})
    result = await flow.async_configure(form["flow_id"], answers)
    await hass.async_block_till_done()
    return result


async def _push_by_cloud(hass: HomeAssistant) -> dict[str, Any]:
    """Push as the cloud hands over what came to its address."""
    request = MockRequest(
        content=json.dumps(body("asic_log_ks5l.request")).encode(),
        mock_source="cloud",
        method="POST",
        remote=None,
    )
    # A request of the cloud is no request of the web server.
    answer = await async_handle_webhook(hass, HOOK, request)
    await hass.async_block_till_done()
    return serialize_response(answer)


@pytest.mark.usefixtures("socket_enabled", "cloud")
async def test_strangers_outside(
    hass: HomeAssistant, hass_client_no_auth: ClientSessionGenerator
) -> None:
    """They learn nothing of a webhook that only the cloud may use."""
    rig = pushing_entry("asic")
    await async_set_up_rigs(hass, rig)
    await _submit(hass, rig, cloudhook=True)
    client = await hass_client_no_auth()
    answers = []
    with patch("custom_components.mining_rig.push.guard._is_local", return_value=False):
        for hook in (HOOK, "nobody_has_it"):
            async with client.post(f"/api/webhook/{hook}", data=b"{") as answer:
                kind = answer.headers.get("Content-Type")
                answers.append((answer.status, kind, await answer.read()))
    assert answers[0] == answers[1]


async def test_on_request(hass: HomeAssistant, cloud: Mock) -> None:
    """It is got and given back with the option, shown, and deleted with the rig."""
    rig = pushing_entry("asic")
    await async_set_up_rigs(hass, rig)
    assert (await _push_by_cloud(hass))["body"] is None

    await _submit(hass, rig, cloudhook=True)
    cloud.async_get_or_create_cloudhook.assert_awaited_once_with(hass, HOOK)
    assert rig.data["cloudhook_url"] == URL
    assert "cloudhook" not in rig.options
    told = await _push_by_cloud(hass)
    assert (told["status"], json.loads(told["body"])["asic_expected_status"]) == (
        200,
        "on",
    )
    assert float(state(hass, "sensor", "hashrate").state) == 15.011

    form = await hass.config_entries.flow.async_init(
        DOMAIN, context={"source": SOURCE_RECONFIGURE, "entry_id": rig.entry_id}
    )
    assert URL in str(form)
    hass.config_entries.flow.async_abort(form["flow_id"])

    await _submit(hass, rig, cloudhook=True)
    cloud.async_delete_cloudhook.assert_not_awaited()
    await _submit(hass, rig, cloudhook=False)
    cloud.async_delete_cloudhook.assert_awaited_once_with(hass, HOOK)
    assert "cloudhook_url" not in rig.data
    assert (await _push_by_cloud(hass))["body"] is None

    await _submit(hass, rig, cloudhook=True)
    await hass.config_entries.async_remove(rig.entry_id)
    assert cloud.async_delete_cloudhook.await_count == 2


async def test_cloud_that_is_away(hass: HomeAssistant, cloud: Mock) -> None:
    """The form says so; one that cannot be deleted does not keep the rig."""
    rig = pushing_entry("asic")
    await async_set_up_rigs(hass, rig)
    cloud.async_get_or_create_cloudhook.side_effect = ValueError("not connected")
    form = await _submit(hass, rig, cloudhook=True)
    assert form["errors"] == {"cloudhook": "cloud_not_there"}
    assert "cloudhook_url" not in rig.data
    cloud.async_get_or_create_cloudhook.side_effect = None
    done = await hass.config_entries.options.async_configure(
        form["flow_id"], {"cloudhook": True}
    )
    assert done["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done()
    cloud.async_delete_cloudhook.side_effect = HomeAssistantError
    await hass.config_entries.async_remove(rig.entry_id)
    assert not hass.config_entries.async_entries(DOMAIN)


async def test_without_a_cloud(hass: HomeAssistant) -> None:
    """It is not offered, and an address of earlier is only forgotten."""
    rig = pushing_entry("asic")
    await async_set_up_rigs(hass, rig)
    form = await hass.config_entries.options.async_init(rig.entry_id)
    assert "cloudhook" not in form["data_schema"].schema
    hass.config_entries.options.async_abort(form["flow_id"])
    hass.config_entries.async_update_entry(rig, data={**rig.data, "cloudhook_url": URL})
    await _submit(hass, rig, cloudhook=False)
    assert "cloudhook_url" not in rig.data
