"""When the paths for rigs that push are served, through Home Assistant's HTTP server."""

from collections.abc import Mapping
from typing import Any
from unittest.mock import patch

from aiohttp.test_utils import TestClient
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components import mining_rig
from custom_components.mining_rig.const import DOMAIN

from .pushing import ASIC_CODE, BASE, async_set_up_rigs, body, pushing_entry
from .rigs import async_choose_kind

pytestmark = pytest.mark.usefixtures("socket_enabled")

CODE = "22222222222222222222"
LOGS = f"{BASE}/asic_miners/logs"
STATUS = f"{BASE}/asic_miners/expected_status"
NOT_FOUND = {"errors": {"detail": "Not Found"}}
SILENT = (
    ("GET", f"{BASE}/ping"),
    ("GET", STATUS),
    ("POST", LOGS),
    ("POST", f"{BASE}/asic_miners/expected_status_bulk"),
    ("DELETE", "/api/mining_rig/"),
)


@pytest.fixture
async def client(
    hass: HomeAssistant,
    hass_client_no_auth: ClientSessionGenerator,
    monkeypatch: pytest.MonkeyPatch,
) -> TestClient[Any, Any]:
    """Set the integration up without any rig and return an agent's HTTP client."""
    assert await async_setup_component(hass, DOMAIN, {})
    # Home Assistant's own server takes views after its start, too.
    monkeypatch.setattr(hass.http.app.router, "freeze", lambda: None)
    return await hass_client_no_auth()


def registered(hass: HomeAssistant) -> int:
    """Return how many routes of the integration there are."""
    paths = [resource.canonical for resource in hass.http.app.router.resources()]
    return sum(path.startswith("/api/mining_rig") for path in paths)


async def open_dialog(hass: HomeAssistant) -> Mapping[str, Any]:
    """Go on in the dialog of a new rig to the step that shows the agent's settings."""
    flow = hass.config_entries.flow
    form = await async_choose_kind(hass, "rig_monitor")
    step: Mapping[str, Any] = await flow.async_configure(
        form["flow_id"], {"name": "New", "rig_type": "asic", "api_code": CODE}
    )
    assert step["step_id"] == "rig_monitor_agent"
    return step


async def expected_status(client: TestClient[Any, Any], code: str) -> int:
    """Fetch the orders of an ASIC; return the status of the answer."""
    async with client.get(STATUS, headers={"api_code": code}) as answer:
        return answer.status


async def assert_silent(
    hass: HomeAssistant, client: TestClient[Any, Any], caplog: pytest.LogCaptureFixture
) -> None:
    """Check that every request is a 404, without reading a body or logging."""
    caplog.clear()
    with patch(
        "custom_components.mining_rig.push.views.async_read_body", side_effect=OSError
    ) as read:
        for method, path in SILENT:
            for headers in ({}, {"api_code": "x" * 9}):
                async with client.request(
                    method, path, data=b"{", headers=headers
                ) as answer:
                    assert answer.status == 404, path
                    assert await answer.json() == NOT_FOUND
    await hass.async_block_till_done(wait_background_tasks=True)
    assert not read.called
    assert not [r for r in caplog.records if "mining_rig" in r.name]
    assert "Login attempt" not in caplog.text
    assert not ir.async_get(hass).issues


async def test_no_view_without_a_need(
    hass: HomeAssistant, client: TestClient[Any, Any]
) -> None:
    """No path is registered for an owner who has no rig that pushes."""
    assert registered(hass) == 0
    async with client.get(f"{BASE}/ping") as answer:
        assert answer.status == 404
        assert answer.content_type == "text/plain"


async def test_open_dialog(
    hass: HomeAssistant, client: TestClient[Any, Any], caplog: pytest.LogCaptureFixture
) -> None:
    """The dialog that shows the agent's settings opens the door until it is closed."""
    step = await open_dialog(hass)
    assert registered(hass) == 1
    async with client.get(f"{BASE}/ping") as answer:
        assert answer.status == 200
    assert await expected_status(client, CODE) == 401
    ir.async_delete_issue(hass, DOMAIN, "unknown_agent")
    hass.config_entries.flow.async_abort(step["flow_id"])
    await assert_silent(hass, client, caplog)
    step = await open_dialog(hass)
    assert registered(hass) == 1
    await hass.config_entries.flow.async_configure(step["flow_id"], {})
    await hass.async_block_till_done()
    assert not hass.config_entries.flow.async_progress()
    assert await expected_status(client, CODE) == 200


async def test_last_rig_is_removed(
    hass: HomeAssistant, client: TestClient[Any, Any], caplog: pytest.LogCaptureFixture
) -> None:
    """Then there is nobody to answer, until there is a rig again."""
    entry = pushing_entry("asic")
    await async_set_up_rigs(hass, entry)
    assert registered(hass) == 1
    assert await expected_status(client, ASIC_CODE) == 200
    await hass.config_entries.async_remove(entry.entry_id)
    await hass.async_block_till_done()
    await assert_silent(hass, client, caplog)
    await async_set_up_rigs(hass, pushing_entry("asic", title="Again"))
    assert registered(hass) == 1
    assert await expected_status(client, ASIC_CODE) == 200


async def test_restart(
    hass: HomeAssistant, hass_client_no_auth: ClientSessionGenerator
) -> None:
    """Rigs that push are answered before any entry is set up."""
    assert await async_setup_component(hass, "webhook", {})
    entry = pushing_entry("asic")
    entry.add_to_hass(hass)
    assert await mining_rig.async_setup(hass, {})
    assert entry.state is ConfigEntryState.NOT_LOADED
    client = await hass_client_no_auth()
    assert await expected_status(client, ASIC_CODE) == 200
    async with client.post(
        LOGS,
        json=body("asic_log_ks5l.request"),
        headers={"api_code": ASIC_CODE},
    ) as answer:
        assert (answer.status, await answer.json()) == (200, None)
