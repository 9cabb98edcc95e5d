"""The dialogs of rigs that push: adding, changing, adopting and removing them."""

from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
import re
from typing import Any
from unittest.mock import patch

from aiohttp.test_utils import TestClient
from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import (
    SOURCE_INTEGRATION_DISCOVERY,
    SOURCE_RECONFIGURE,
    ConfigEntry,
    ConfigEntryState,
)
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import device_registry as dr, issue_registry as ir
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.mining_rig.const import DOMAIN
from custom_components.mining_rig.flow import rig_monitor as dialogs
from custom_components.mining_rig.push.guard import Origin

from .pushing import ASIC_CODE, BASE, PC_CODE, async_set_up_rigs, body, pushing_entry
from .rigs import async_choose_kind
from .texts import placeholders, texts

pytestmark = pytest.mark.usefixtures("socket_enabled")

INTERNAL = "http://192.168.1.5:8123"
PLAYBOOKS = f"{BASE}/cpu_gpu_miners/playbooks"

type Asked = Callable[[str], Awaitable[int]]


@pytest.fixture
async def client(
    hass: HomeAssistant, hass_client_no_auth: ClientSessionGenerator
) -> TestClient[Any, Any]:
    """Set an ASIC and a CPU/GPU rig up and return the HTTP client of agents."""
    hass.config.internal_url = INTERNAL
    assert await async_setup_component(hass, "repairs", {})
    await async_set_up_rigs(
        hass,
        pushing_entry("asic"),
        pushing_entry("cpu_gpu", title="Caheo PC", id_root="d4e5f6"),
    )
    return await hass_client_no_auth()


@pytest.fixture
def fetch(client: TestClient[Any, Any]) -> Asked:
    """Return what fetches playbooks with a code, and tells the status."""

    async def fetch(code: str) -> int:
        async with client.get(PLAYBOOKS, headers={"api_code": code}) as answer:
            return answer.status

    return fetch


def entry_of(hass: HomeAssistant, title: str) -> ConfigEntry:
    """Return the entry of a rig."""
    (entry,) = (
        e for e in hass.config_entries.async_entries(DOMAIN) if e.title == title
    )
    return entry


async def form(hass: HomeAssistant) -> Mapping[str, Any]:
    """Open the form for a rig that pushes."""
    step = await async_choose_kind(hass, "rig_monitor")
    assert step["type"] is FlowResultType.FORM
    return step


async def reconfigure(hass: HomeAssistant, title: str) -> Mapping[str, Any]:
    """Open the dialog that changes a rig."""
    step = await hass.config_entries.flow.async_init(
        DOMAIN,
        context={
            "source": SOURCE_RECONFIGURE,
            "entry_id": entry_of(hass, title).entry_id,
        },
    )
    assert step["step_id"] == "rig_monitor_reconfigure"
    return step


async def go_on(
    hass: HomeAssistant, step: Mapping[str, Any], answers: Mapping[str, Any]
) -> Mapping[str, Any]:
    """Fill a step in and return the next one."""
    result = await hass.config_entries.flow.async_configure(
        step["flow_id"], dict(answers)
    )
    await hass.async_block_till_done()
    return result


def shown(step: Mapping[str, Any], part: str = "config") -> str:
    """Return a step's description as its reader sees it; nothing is left open."""
    text = texts()[f"{part}.step.{step['step_id']}.description"]
    told = step["description_placeholders"] or {}
    assert placeholders(text) <= told.keys()
    return re.sub(r"\{(\w+)\}", lambda match: str(told[match[1]]), text)


def blocks(step: Mapping[str, Any]) -> list[str]:
    """Return the code blocks of a step's description, which can be copied."""
    return re.findall(r"```\n(.*?)\n```", shown(step), re.DOTALL)


# ---- adding


@pytest.mark.usefixtures("client")
@pytest.mark.parametrize(
    ("rig_type", "settings"),
    [
        ("asic", {"mininig_rig_commander_api_url", "api_code"}),
        ("cpu_gpu", {"MININIG_RIG_COMMANDER_API_URL", "API_CODE"}),
    ],
)
async def test_add(hass: HomeAssistant, rig_type: str, settings: set[str]) -> None:
    """A code is made, and shown with address and webhook for the agent's settings."""
    step = await go_on(hass, await form(hass), {"name": " New ", "rig_type": rig_type})
    assert step["step_id"] == "rig_monitor_agent"
    base, code, webhook = blocks(step)
    assert base == f"{INTERNAL}/api/mining_rig/v1"
    assert re.fullmatch("[0-9a-f]{32}", code)
    assert {f"`{setting}`" in shown(step) for setting in settings} == {True}
    done = await go_on(hass, step, {})
    assert done["type"] is FlowResultType.CREATE_ENTRY
    entry = done["result"]
    assert entry.title == "New"
    assert entry.state is ConfigEntryState.LOADED
    assert entry.data["api_code"] == code
    assert webhook == f"{INTERNAL}/api/webhook/{entry.data['webhook_id']}"


async def test_add_an_agent_that_has_a_code(hass: HomeAssistant, fetch: Asked) -> None:
    """The code is taken as it was pasted, whatever its shape."""
    code = "076afa02-d5ca-11ef-A6E1:="
    answers = {"name": "New", "rig_type": "cpu_gpu", "api_code": f" {code}\t"}
    step = await go_on(hass, await form(hass), answers)
    assert blocks(step)[1] == code
    assert await fetch(code) == HTTPStatus.UNAUTHORIZED
    await go_on(hass, step, {"wait": False})
    assert await fetch(code) == HTTPStatus.OK
    assert await fetch(code.lower()) == HTTPStatus.UNAUTHORIZED


async def test_add_the_first_rig(
    hass: HomeAssistant, hass_client_no_auth: ClientSessionGenerator
) -> None:
    """The door opens with the first dialog, and an address stands there anyhow."""
    assert await async_setup_component(hass, "http", {})
    step = await go_on(hass, await form(hass), {"name": "New", "rig_type": "asic"})
    base, code, _ = blocks(step)
    assert re.fullmatch(r"https?://\S+/api/mining_rig/v1", base)
    assert (await go_on(hass, step, {}))["type"] is FlowResultType.CREATE_ENTRY
    client = await hass_client_no_auth()
    async with client.get(
        f"{BASE}/asic_miners/expected_status", headers={"api_code": code}
    ) as answer:
        assert answer.status == HTTPStatus.OK


async def test_no_address_is_known(
    hass: HomeAssistant,
    client: TestClient[Any, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Then the usual one is shown."""

    def get_url(*_: Any, **__: Any) -> str:
        raise dialogs.NoURLAvailableError

    monkeypatch.setattr(dialogs, "get_url", get_url)
    step = await reconfigure(hass, "Caheo PC")
    assert blocks(step)[0] == "http://homeassistant.local:8123/api/mining_rig/v1"


@pytest.mark.parametrize(
    ("answers", "errors"),
    [
        ({"name": "Thanh Long"}, {"name": "name_taken"}),
        ({"name": "thanh-long"}, {"name": "name_taken"}),
        ({"name": "  "}, {"name": "name_empty"}),
        ({"api_code": ASIC_CODE}, {"api_code": "code_taken"}),
        ({"api_code": PC_CODE}, {"api_code": "code_taken"}),
        ({"api_code": "a b c d e f"}, {"api_code": "code_invalid"}),
        ({"api_code": "123456789012345"}, {"api_code": "code_invalid"}),
        ({"api_code": "8" * 256}, {"api_code": "code_invalid"}),
        ({"api_code": "mã-số-của-tôi"}, {"api_code": "code_invalid"}),
        (
            {"name": "", "api_code": "short"},
            {"name": "name_empty", "api_code": "code_invalid"},
        ),
    ],
)
@pytest.mark.usefixtures("client")
async def test_add_errors(
    hass: HomeAssistant, answers: dict[str, str], errors: dict[str, str]
) -> None:
    """Every mistake is named, nothing is lost, and it can be put right."""
    given = {"name": "New", "rig_type": "cpu_gpu", **answers}
    step = await go_on(hass, await form(hass), given)
    assert step["errors"] == errors
    assert {f"config.error.{error}" for error in errors.values()} <= texts().keys()
    schema = step["data_schema"].schema
    suggested = {str(key): key.description["suggested_value"] for key in schema}
    assert given.items() <= suggested.items()
    right = {"name": "New", "rig_type": "asic", "api_code": "brand_new_long_code"}
    assert (await go_on(hass, step, right))["step_id"] == "rig_monitor_agent"


@pytest.mark.usefixtures("client")
async def test_two_dialogs_with_one_code(hass: HomeAssistant) -> None:
    """The second one is told; no rig takes the place of another one."""
    code = {"rig_type": "asic", "api_code": "the-same-long-code"}
    one = await go_on(hass, await form(hass), {"name": "One", **code})
    two = await go_on(hass, await form(hass), {"name": "Two", **code})
    assert (await go_on(hass, one, {}))["type"] is FlowResultType.CREATE_ENTRY
    refused = await go_on(hass, two, {})
    assert (refused["type"], refused["reason"]) == (FlowResultType.ABORT, "code_taken")


# ---- waiting for the agent


async def wait(hass: HomeAssistant, code: str) -> Mapping[str, Any]:
    """Add a CPU/GPU rig, up to the step that waits."""
    answers = {"name": "New", "rig_type": "cpu_gpu", "api_code": code}
    step = await go_on(hass, await form(hass), answers)
    waiting = await hass.config_entries.flow.async_configure(
        step["flow_id"], {"wait": True}
    )
    assert waiting["type"] is FlowResultType.SHOW_PROGRESS
    assert placeholders(texts()[f"config.progress.{waiting['progress_action']}"]) == {
        "name"
    }
    return waiting


async def test_wait_until_the_agent_comes(
    hass: HomeAssistant, client: TestClient[Any, Any]
) -> None:
    """The dialog goes on by itself; what the agent said is not lost."""
    waiting = await wait(hass, "22222222222222222222")
    flow = hass.config_entries.flow
    still = await flow.async_configure(waiting["flow_id"])
    assert still["type"] is FlowResultType.SHOW_PROGRESS
    headers = {"api_code": "22222222222222222222"}
    async with client.post(
        f"{BASE}/cpu_gpu_miners/specs",
        json=body("cpu_gpu_specs_3gpu.request"),
        headers=headers,
    ) as answer:
        assert answer.status == HTTPStatus.UNAUTHORIZED
    await hass.async_block_till_done()
    done = await flow.async_configure(waiting["flow_id"])
    await hass.async_block_till_done()
    assert done["type"] is FlowResultType.CREATE_ENTRY
    # The agent that is awaited is no stranger.
    assert not ir.async_get(hass).issues
    async with client.post(
        f"{BASE}/cpu_gpu_miners/logs", json={"gpu_3_core_temp": 50}, headers=headers
    ) as answer:
        assert answer.status == HTTPStatus.OK
    await hass.async_block_till_done()
    names = {device.name for device in dr.async_get(hass).child_devices}
    assert "GPU 3 NVIDIA GeForce RTX 3080" in names


async def test_the_agent_was_there_before(hass: HomeAssistant, fetch: Asked) -> None:
    """Then there is nothing to wait for."""
    assert await fetch("22222222222222222222") == HTTPStatus.UNAUTHORIZED
    answers = {"name": "New", "rig_type": "cpu_gpu", "api_code": "22222222222222222222"}
    step = await go_on(hass, await form(hass), answers)
    waiting = await go_on(hass, step, {"wait": True})
    await go_on(hass, waiting, {})
    assert entry_of(hass, "New").state is ConfigEntryState.LOADED
    assert not ir.async_get(hass).issues


@pytest.mark.usefixtures("client")
async def test_nobody_comes(
    hass: HomeAssistant, fetch: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The owner is told, can wait again, or go on without."""
    monkeypatch.setattr(dialogs, "_WAIT", 0)
    waiting = await wait(hass, "22222222222222222222")
    await hass.async_block_till_done()
    step = await hass.config_entries.flow.async_configure(waiting["flow_id"])
    assert step["step_id"] == "rig_monitor_agent"
    assert step["errors"] == {"base": "no_push"}
    assert blocks(step)[1] == "22222222222222222222"
    again = await hass.config_entries.flow.async_configure(
        step["flow_id"], {"wait": True}
    )
    assert again["type"] is FlowResultType.SHOW_PROGRESS
    await hass.async_block_till_done()
    step = await hass.config_entries.flow.async_configure(step["flow_id"])
    assert (await go_on(hass, step, {}))["type"] is FlowResultType.CREATE_ENTRY
    assert await fetch("22222222222222222222") == HTTPStatus.OK


async def test_close_while_waiting(hass: HomeAssistant, fetch: Asked) -> None:
    """Nobody waits any more: the agent is a stranger again."""
    waiting = await wait(hass, "22222222222222222222")
    hass.config_entries.flow.async_abort(waiting["flow_id"])
    await hass.async_block_till_done()
    assert await fetch("22222222222222222222") == HTTPStatus.UNAUTHORIZED
    assert len(ir.async_get(hass).issues) == 1
    assert {e.title for e in hass.config_entries.async_entries(DOMAIN)} == {
        "Thanh Long",
        "Caheo PC",
    }


# ---- adopting


async def adopt(
    hass: HomeAssistant, hass_client: ClientSessionGenerator
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Open the repair of the only issue and go on; return both answers."""
    (issue,) = ir.async_get(hass).issues.values()
    browser = await hass_client()
    path = "/api/repairs/issues/fix"
    opened = await browser.post(
        path, json={"handler": DOMAIN, "issue_id": issue.issue_id}
    )
    step = await opened.json()
    assert opened.status == HTTPStatus.OK, step
    gone_on = await browser.post(f"{path}/{step['flow_id']}", json={})
    await hass.async_block_till_done()
    return step, await gone_on.json()


async def test_adopt(
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    fetch: Asked,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """From the repair to the rig, with the code that the agent brings along."""
    code = "its-own-agent-code"
    assert await fetch(code) == HTTPStatus.UNAUTHORIZED
    step, gone_on = await adopt(hass, hass_client)
    assert step["step_id"] == "confirm"
    assert step["description_placeholders"] == {"address": "127.0.0.1"}
    assert (gone_on["type"], gone_on["reason"]) == ("abort", "adopt")
    kind, flow_id = gone_on["next_flow"]
    assert kind == "config_flow"
    assert len(ir.async_get(hass).issues) == 1
    # Whoever closes the dialog and opens the repair again does not have two.
    _, gone_on = await adopt(hass, hass_client)
    (flow,) = hass.config_entries.flow.async_progress()
    assert flow["flow_id"] == gone_on["next_flow"][1] != flow_id
    assert flow["context"]["title_placeholders"] == {"name": "127.0.0.1"}
    assert code not in str(flow)

    asked = await hass.config_entries.flow.async_configure(flow["flow_id"])
    schema = asked["data_schema"].schema  # type: ignore[union-attr]
    suggested = {
        str(key): key.description["suggested_value"]
        for key in schema
        if key.description
    }
    assert suggested == {"rig_type": "cpu_gpu", "api_code": code}
    step = await go_on(hass, asked, {"name": "Found", **suggested})
    done = await go_on(hass, step, {})
    assert done["type"] is FlowResultType.CREATE_ENTRY
    assert await fetch(code) == HTTPStatus.OK
    assert not ir.async_get(hass).issues
    assert code not in caplog.text


async def test_adopt_one_of_many(hass: HomeAssistant, fetch: Asked) -> None:
    """There is one repair for all; the owner chooses an address in it."""
    addresses = [f"10.0.0.{host}" for host in range(1, 9)]
    for address in addresses:
        with patch(
            "custom_components.mining_rig.push.guard.Guard.origin",
            return_value=Origin(address, address, is_private=True),
        ):
            assert await fetch(f"agent-code-at-{address}") == HTTPStatus.UNAUTHORIZED
    (issue,) = ir.async_get(hass).issues.values()
    shown = {"address": f"{', '.join(addresses[:5])} (+3)"}
    assert issue.translation_placeholders == shown
    flow = hass.data["repairs"]["flow_manager"]
    step = await flow.async_init(DOMAIN, data={"issue_id": issue.issue_id})
    assert step["description_placeholders"] == shown
    (agent,) = step["data_schema"].schema.values()
    assert agent.config["options"] == addresses
    done = await flow.async_configure(step["flow_id"], {"agent": "10.0.0.3"})
    _, flow_id = done["next_flow"]
    asked = await hass.config_entries.flow.async_configure(flow_id)
    schema = asked["data_schema"]
    assert schema is not None
    assert "agent-code-at-10.0.0.3" in [
        key.description["suggested_value"] for key in schema.schema if key.description
    ]


@pytest.mark.usefixtures("client")
async def test_the_agent_is_gone(
    hass: HomeAssistant, hass_client: ClientSessionGenerator
) -> None:
    """After a restart nobody knows its code before it comes again."""
    ir.async_create_issue(
        hass,
        DOMAIN,
        "unknown_agent_10.0.0.1",
        data={"subject": "unknown_agent", "address": "10.0.0.1"},
        is_fixable=True,
        severity=ir.IssueSeverity.WARNING,
        translation_key="unknown_agent",
        translation_placeholders={"address": "10.0.0.1"},
    )
    _, gone_on = await adopt(hass, hass_client)
    assert (gone_on["type"], gone_on["reason"]) == ("abort", "agent_gone")
    assert not hass.config_entries.flow.async_progress()
    aborted = await hass.config_entries.flow.async_init(
        DOMAIN,
        context={"source": SOURCE_INTEGRATION_DISCOVERY},
        data={"address": "10.0.0.1"},
    )
    assert aborted["reason"] == "agent_gone"


# ---- two rigs with one code


async def test_two_rigs_push_with_one_code(
    hass: HomeAssistant, client: TestClient[Any, Any], freezer: FrozenDateTimeFactory
) -> None:
    """Their addresses come in turn; an address that only changes says nothing."""

    async def push(*addresses: str | None) -> None:
        for address in addresses:
            freezer.tick(5)
            async with client.post(
                f"{BASE}/cpu_gpu_miners/logs",
                json={"lan_ip": address, "cpu_temp": 60},
                headers={"api_code": PC_CODE},
            ) as answer:
                assert answer.status == HTTPStatus.OK
        await hass.async_block_till_done()

    # A computer that gets other addresses, and once an old one again.
    await push("10.0.0.1", None, "10.0.0.1", "10.0.0.2", "10.0.0.1", "10.0.0.3")
    await push(*(f"10.0.1.{number}" for number in range(20)))
    assert not ir.async_get(hass).issues
    await push("10.0.0.8", "10.0.0.9", "10.0.0.8", "10.0.0.9", "10.0.0.8")
    (issue,) = ir.async_get(hass).issues.values()
    assert issue.translation_key == "shared_code"
    told = issue.translation_placeholders
    assert told is not None
    assert told["rig"] == "Caheo PC"
    assert {"10.0.0.8", "10.0.0.9"} <= {*told["addresses"].split(", ")}
    text = texts()["issues.shared_code.description"]
    assert placeholders(text) <= told.keys()

    # One of them gets a code of its own.
    freezer.tick(600)
    await push("10.0.0.9")
    assert not ir.async_get(hass).issues
    await push("10.0.0.8", "10.0.0.9", "10.0.0.8", "10.0.0.9", "10.0.0.8")
    assert len(ir.async_get(hass).issues) == 1
    await hass.config_entries.async_remove(entry_of(hass, "Caheo PC").entry_id)
    assert not ir.async_get(hass).issues


# ---- changing


async def test_renew_the_code(hass: HomeAssistant, fetch: Asked) -> None:
    """The new one is shown before the old one is refused, with what to do."""
    step = await reconfigure(hass, "Caheo PC")
    assert blocks(step) == [
        f"{INTERNAL}/api/mining_rig/v1",
        PC_CODE,
        f"{INTERNAL}/api/webhook/hook_d4e5f6",
    ]
    assert "stops mining" in shown(step)
    new = await go_on(hass, step, {"renew": True})
    assert new["step_id"] == "rig_monitor_renewed"
    (code,) = blocks(new)
    assert code != PC_CODE
    assert "`API_CODE`" in shown(new)
    assert await fetch(PC_CODE) == HTTPStatus.OK
    done = await go_on(hass, new, {})
    assert done["reason"] == "reconfigure_successful"
    assert await fetch(PC_CODE) == HTTPStatus.UNAUTHORIZED
    assert await fetch(code) == HTTPStatus.OK
    assert entry_of(hass, "Caheo PC").data["webhook_id"] == "hook_d4e5f6"


async def test_take_the_code_of_an_agent(hass: HomeAssistant, fetch: Asked) -> None:
    """A code can be pasted; one of another rig or a wrong one cannot."""
    step = await reconfigure(hass, "Caheo PC")
    for code, error in ((ASIC_CODE, "code_taken"), ("a b", "code_invalid")):
        step = await go_on(hass, step, {"api_code": code})
        assert step["errors"] == {"api_code": error}
    new = await go_on(hass, step, {"api_code": " its-own-agent-code "})
    assert blocks(new) == ["its-own-agent-code"]
    await go_on(hass, new, {})
    assert await fetch("its-own-agent-code") == HTTPStatus.OK


@pytest.mark.parametrize("answers", [{}, {"api_code": " "}, {"api_code": PC_CODE}])
async def test_change_nothing(
    hass: HomeAssistant, fetch: Asked, answers: dict[str, str]
) -> None:
    """Whoever only looks changes nothing."""
    done = await go_on(hass, await reconfigure(hass, "Caheo PC"), answers)
    assert (done["type"], done["reason"]) == (FlowResultType.ABORT, "nothing_changed")
    assert await fetch(PC_CODE) == HTTPStatus.OK


@pytest.mark.usefixtures("client")
async def test_another_dialog_takes_the_code(hass: HomeAssistant) -> None:
    """Two rigs that are changed at once do not get one code either."""
    code = {"api_code": "the-same-long-code"}
    steps = [
        await go_on(hass, await reconfigure(hass, title), code)
        for title in ("Caheo PC", "Thanh Long")
    ]
    one, two = [await go_on(hass, step, {}) for step in steps]
    assert (one["reason"], two["reason"]) == ("reconfigure_successful", "code_taken")
    assert entry_of(hass, "Thanh Long").data["api_code"] == ASIC_CODE


# ---- options


@pytest.mark.usefixtures("client")
async def test_options(hass: HomeAssistant) -> None:
    """A rig that pushes has options of its own, and keeps no order by itself."""
    entry = entry_of(hass, "Thanh Long")
    flow = hass.config_entries.options
    step = await flow.async_init(entry.entry_id)
    schema = step["data_schema"].schema  # type: ignore[union-attr]
    asked = {str(key): key for key in schema}
    assert asked.keys() == {
        *("power_meter", "base_power", "rated_power", "zero_while_off"),
        *("stale_after", "off_takes", "on_takes", "allow_public", "keep_parts"),
        *("power_switch", "shared_switch", "protection", "watchdog"),
    }
    assert asked["off_takes"].default() == 120
    assert asked["on_takes"].default() == 900
    answers = {"stale_after": 30, "off_takes": 60, "allow_public": True}
    await flow.async_configure(step["flow_id"], answers)
    await hass.async_block_till_done()
    assert answers.items() <= entry.options.items()
    # What is emptied follows the rig's own pace again.
    step = await flow.async_init(entry.entry_id)
    await flow.async_configure(step["flow_id"], {"zero_while_off": False})
    await hass.async_block_till_done()
    assert "stale_after" not in entry.options
    assert entry.options["allow_public"] is False


# ---- removing


async def test_remove(hass: HomeAssistant, fetch: Asked) -> None:
    """Its agent is refused; the repair says so and can add it again."""
    entry = entry_of(hass, "Caheo PC")
    await hass.config_entries.async_remove(entry.entry_id)
    await hass.async_block_till_done()
    assert not ir.async_get(hass).issues
    assert await fetch(PC_CODE) == HTTPStatus.UNAUTHORIZED
    (issue,) = ir.async_get(hass).issues.values()
    assert issue.translation_key == "unknown_agent"
    text = texts()["issues.unknown_agent.fix_flow.step.confirm.description"]
    assert "does not mine" in text
    assert "deleted" in text


@pytest.mark.usefixtures("client")
async def test_only_computers_have_playbooks(hass: HomeAssistant) -> None:
    """An ASIC offers none."""
    assert entry_of(hass, "Caheo PC").supported_subentry_types.keys() == {"playbook"}
    assert not entry_of(hass, "Thanh Long").supported_subentry_types
