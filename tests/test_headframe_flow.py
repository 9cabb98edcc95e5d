"""The dialogs of accounts at Headframe: links, keys, sign-ins, new credentials."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
import json
from typing import Any
from unittest.mock import patch

from aiohttp import web
from aiohttp.test_utils import TestServer
from homeassistant.config_entries import ConfigFlowResult
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.mining_rig.const import CONF_ID_ROOT, CONF_KIND, DOMAIN
from custom_components.mining_rig.sources.common.contract import (
    SourceBusy,
    SourceUnreachable,
)
from custom_components.mining_rig.sources.headframe import budget
from custom_components.mining_rig.sources.headframe.sign_in import SignIn
from simulator.headframe import PoolFault, SimulatedHeadframe

from .rigs import async_choose_kind, async_set_up
from .sources.headframe_pool import constructed

CODE = "123456"
RECOVERY = "k3wq9x2m"


@pytest.fixture(autouse=True)
def _ready(socket_enabled: None) -> Iterator[None]:
    """Let requests follow each other at once."""
    with patch.object(budget, "GAP", 0):
        yield


@pytest.fixture
async def pool() -> AsyncIterator[SimulatedHeadframe]:
    """Return a pool whose owner signs in with a password only."""
    async with SimulatedHeadframe() as simulated:
        yield simulated


async def async_begin(hass: HomeAssistant, step: str) -> ConfigFlowResult:
    """Go to one of the three ways in."""
    result = await async_choose_kind(hass, "headframe")
    assert result["type"] is FlowResultType.MENU
    assert result["menu_options"] == [
        "headframe_watcher",
        "headframe_api_key",
        "headframe_login",
    ]
    return await async_choose(hass, result, step)


async def async_choose(
    hass: HomeAssistant, result: ConfigFlowResult, step: str
) -> ConfigFlowResult:
    """Choose from a menu."""
    return await hass.config_entries.flow.async_configure(
        result["flow_id"], {"next_step_id": step}
    )


async def async_fill(
    hass: HomeAssistant, result: ConfigFlowResult, **answers: Any
) -> ConfigFlowResult:
    """Fill in a form."""
    assert result["type"] is FlowResultType.FORM
    result = await hass.config_entries.flow.async_configure(result["flow_id"], answers)
    await hass.async_block_till_done()
    return result


async def async_name(hass: HomeAssistant, result: ConfigFlowResult) -> Any:
    """Give the name and return the entry."""
    assert result["step_id"] == "name", result
    result = await async_fill(hass, result, name="Pool")
    assert result["type"] is FlowResultType.CREATE_ENTRY
    return result["result"]


def servers(pool: SimulatedHeadframe, **more: str) -> dict[str, Any]:
    """Return the section with the servers."""
    return {"advanced": {"pool": pool.url, **more}}


async def async_check(
    hass: HomeAssistant,
    pool: SimulatedHeadframe,
    result: ConfigFlowResult | None = None,
) -> ConfigFlowResult:
    """Accept the sign-in server, which is checked, and go on to the password."""
    result = result or await async_begin(hass, "headframe_login")
    return await async_fill(hass, result, pool=pool.url, sign_in=pool.url)


async def async_log_in(
    hass: HomeAssistant,
    pool: SimulatedHeadframe,
    result: ConfigFlowResult | None = None,
    **answers: str,
) -> ConfigFlowResult:
    """Sign in with the owner's e-mail and password, or others."""
    if result is None or result["step_id"] != "headframe_password":
        result = await async_check(hass, pool, result)
    assert result["step_id"] == "headframe_password", result
    given = {"email": pool.user.email, "password": pool.user.password, **answers}
    return await async_fill(hass, result, consent=True, **given)


def entry_of(pool: SimulatedHeadframe, **data: str) -> MockConfigEntry:
    """Return an entry that is there already."""
    own = pool.account.id
    return MockConfigEntry(
        domain=DOMAIN,
        title="Mine",
        unique_id=f"headframe_{own}",
        data={
            CONF_KIND: "headframe",
            CONF_ID_ROOT: "id_root",
            "pool": pool.url,
            "account": own,
            "account_kind": "miner",
            **(data or {"watcher_token": pool.token}),
        },
    )


# ---- a watcher link


@pytest.mark.parametrize("what", ["link", "token"])
async def test_watcher(
    hass: HomeAssistant, pool: SimulatedHeadframe, what: str
) -> None:
    """A pasted link leads to its pool by itself; a token needs no more either."""
    result = await async_begin(hass, "headframe_watcher")
    if what == "link":
        result = await async_fill(hass, result, watcher_link=pool.link)
    else:
        result = await async_fill(
            hass, result, watcher_link=f" {pool.token} ", **servers(pool)
        )
    entry = await async_name(hass, result)
    assert entry.data == {
        CONF_KIND: "headframe",
        CONF_ID_ROOT: f"headframe_{pool.account.id}",
        "pool": pool.url,
        "account": pool.account.id,
        "account_kind": "miner",
        "account_name": pool.account.account_name,
        "watcher_token": pool.token,
    }
    assert entry.unique_id == f"headframe_{pool.account.id}"
    assert entry.options == {}


@pytest.mark.parametrize(
    ("link", "field", "error"),
    [
        ("https://pool.headframe.io/", "watcher_link", "headframe_no_token"),
        ("http://pool.example/hfwl_" + "0" * 64, "base", "headframe_address"),
        ("hfwl_" + "0" * 64, "watcher_link", "headframe_refused"),
    ],
)
async def test_no_watcher(
    hass: HomeAssistant, pool: SimulatedHeadframe, link: str, field: str, error: str
) -> None:
    """Each mistake is told where it was made, and can be mended."""
    result = await async_begin(hass, "headframe_watcher")
    more = servers(pool) if link.startswith("hfwl") else {}
    result = await async_fill(hass, result, watcher_link=link, **more)
    assert result["errors"] == {field: error}
    assert link not in str(result["data_schema"])
    result = await async_fill(hass, result, watcher_link=pool.link)
    await async_name(hass, result)


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("off", "headframe_unreachable"),
        ("garbage", "headframe_no_pool"),
        ("other_device", "headframe_no_pool"),
        (PoolFault.BAD_GATEWAY, "headframe_unreachable"),
        (PoolFault.LIMITED, "headframe_busy"),
    ],
)
async def test_a_pool_that_fails(
    hass: HomeAssistant, pool: SimulatedHeadframe, fault: str, error: str
) -> None:
    """Is told apart from a link that is none."""
    result = await async_begin(hass, "headframe_watcher")
    link = pool.link
    pool.fault(fault)
    result = await async_fill(hass, result, watcher_link=link)
    assert result["errors"] == {"base": error}
    pool.fault("normal")
    result = await async_fill(hass, result, watcher_link=link)
    await async_name(hass, result)


@pytest.mark.parametrize(
    ("reason", "error"),
    [("certificate", "headframe_certificate"), ("no_tls", "headframe_unreachable")],
)
async def test_a_pool_without_a_connection(
    hass: HomeAssistant, pool: SimulatedHeadframe, reason: str, error: str
) -> None:
    """Says that it is the certificate, where it is."""
    result = await async_begin(hass, "headframe_watcher")
    problem = SourceUnreachable("no connection", reason=reason)
    with patch(
        "custom_components.mining_rig.flow.headframe_pool.list_accounts",
        side_effect=problem,
    ):
        result = await async_fill(hass, result, watcher_link=pool.link)
    assert result["errors"] == {"base": error}


async def test_slow(hass: HomeAssistant, pool: SimulatedHeadframe) -> None:
    """Takes too long."""
    result = await async_begin(hass, "headframe_watcher")
    with patch("custom_components.mining_rig.sources.headframe.api.TIMEOUT", 0.05):
        link = pool.link
        pool.fault("silent")
        result = await async_fill(hass, result, watcher_link=link)
    assert result["errors"] == {"base": "headframe_slow"}
    pool.clear("silent")


async def test_something_unexpected(
    hass: HomeAssistant, pool: SimulatedHeadframe, caplog: pytest.LogCaptureFixture
) -> None:
    """Is told; the log says what, without the token."""
    result = await async_begin(hass, "headframe_watcher")
    with patch(
        "custom_components.mining_rig.flow.headframe_pool.list_accounts",
        side_effect=ZeroDivisionError,
    ):
        result = await async_fill(hass, result, watcher_link=pool.link)
    assert result["errors"] == {"base": "unknown"}
    assert "ZeroDivisionError" in caplog.text
    assert pool.token not in caplog.text


async def test_twice(hass: HomeAssistant, pool: SimulatedHeadframe) -> None:
    """An account is added once, however it is reached."""
    entry_of(pool).add_to_hass(hass)
    result = await async_begin(hass, "headframe_watcher")
    result = await async_fill(hass, result, watcher_link=pool.link)
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "already_configured"
    assert result["description_placeholders"]["rig"] == "Mine"


# ---- a key


async def test_api_key(hass: HomeAssistant, pool: SimulatedHeadframe) -> None:
    """A wrong key, then the right one; the owner has several accounts."""
    result = await async_begin(hass, "headframe_api_key")
    for wrong in ("nonsense", " ", "a\tb"):
        result = await async_fill(hass, result, api_key=wrong, **servers(pool))
        assert result["errors"] == {"api_key": "headframe_refused"}
    wrong_place = {"advanced": {"pool": "http://pool.example"}}
    result = await async_fill(hass, result, api_key=pool.api_key, **wrong_place)
    assert result["errors"] == {"base": "headframe_address"}
    result = await async_fill(hass, result, api_key=pool.api_key, **servers(pool))
    if result["step_id"] == "headframe_account":
        result = await async_fill(hass, result, account=pool.account.id)
    entry = await async_name(hass, result)
    assert entry.data["api_key"] == pool.api_key
    assert entry.data["account"] == pool.account.id


def answers_with(permissions: list[dict[str, Any]]) -> Any:
    """Let the pool list those accounts."""
    from custom_components.mining_rig.sources.headframe.parse.account import (
        parse_permissions,
    )

    accounts = parse_permissions({"permissions": permissions})
    return patch(
        "custom_components.mining_rig.flow.headframe_pool.list_accounts",
        return_value=accounts,
    )


async def test_several_accounts(hass: HomeAssistant, pool: SimulatedHeadframe) -> None:
    """The person chooses; an operator's account says what it is."""
    permissions = [
        {"type": "platform", "id": "headframe"},
        {"type": "operator", "id": "o-1", "account_name": "Hub"},
        {"type": "miner", "id": "m-1", "account_name": "Home"},
        {"type": "miner", "id": "m-2"},
    ]
    result = await async_begin(hass, "headframe_api_key")
    with answers_with(permissions):
        result = await async_fill(hass, result, api_key="key", **servers(pool))
    assert result["step_id"] == "headframe_account"
    assert result["data_schema"] is not None
    (selector,) = result["data_schema"].schema.values()
    labels = [option["label"] for option in selector.config["options"]]
    assert labels == ["Home", "m-2", "Hub (operator)"]
    result = await async_fill(hass, result, account="o-1")
    entry = await async_name(hass, result)
    assert entry.data["account_kind"] == "operator"


async def test_no_account(hass: HomeAssistant, pool: SimulatedHeadframe) -> None:
    """A login without any is told so."""
    result = await async_begin(hass, "headframe_api_key")
    with answers_with([{"type": "platform", "id": "headframe"}]):
        result = await async_fill(hass, result, api_key="key", **servers(pool))
    assert result["reason"] == "headframe_no_account"


# ---- a sign-in


async def async_own(
    hass: HomeAssistant, pool: SimulatedHeadframe, result: ConfigFlowResult
) -> ConfigFlowResult:
    """Choose the account that is watched, where there are several."""
    if result["type"] is FlowResultType.FORM:
        if result["step_id"] == "headframe_account":
            return await async_fill(hass, result, account=pool.account.id)
    return result


@pytest.mark.parametrize("money", [True, False])
async def test_sign_in_for_reading(
    hass: HomeAssistant, pool: SimulatedHeadframe, money: bool
) -> None:
    """Only a watcher link is left of it: the session is ended, the password gone."""
    links = len(pool.account.links)
    result = await async_own(hass, pool, await async_log_in(hass, pool))
    assert result["step_id"] == "headframe_access"
    result = await async_fill(hass, result, money=money, allow_writing=False)
    entry = await async_name(hass, result)
    assert set(entry.data) & {"api_key", "session_token"} == set()
    assert entry.data["watcher_token"].startswith("hfwl_")
    assert entry.options == {"allow_writing": False}
    assert pool.kratos.sessions == {}
    assert len(pool.account.links) == links + 1
    made = pool.account.links[-1]
    assert made.title == "Home Assistant"
    assert pool.user.password not in json.dumps(dict(entry.data))
    assert pool.user.email not in json.dumps(dict(entry.data))
    # Once more, after the entry was removed: the link is there already.
    await hass.config_entries.async_remove(entry.entry_id)
    result = await async_own(hass, pool, await async_log_in(hass, pool))
    result = await async_fill(hass, result, money=money, allow_writing=False)
    entry = await async_name(hass, result)
    assert entry.data["watcher_token"] == made.token
    assert len(pool.account.links) == links + 1


async def test_sign_in_for_writing(
    hass: HomeAssistant, pool: SimulatedHeadframe
) -> None:
    """The session is kept, since the owner wants to change settings."""
    result = await async_own(hass, pool, await async_log_in(hass, pool))
    result = await async_fill(hass, result, money=True, allow_writing=True)
    entry = await async_name(hass, result)
    assert [entry.data["session_token"]] == [*pool.kratos.sessions]
    assert entry.options == {"allow_writing": True}
    assert entry.data["sign_in"] == pool.url


@pytest.mark.parametrize("status", [401, 403])
@pytest.mark.parametrize("code", ["totp", "recovery"])
async def test_second_factor(hass: HomeAssistant, status: int, code: str) -> None:
    """Six digits of an app, or a recovery code, after wrong ones."""
    async with SimulatedHeadframe(totp=CODE, second_factor_status=status) as pool:
        pool.user.recovery_codes[RECOVERY] = False
        result = await async_log_in(hass, pool)
        assert result["step_id"] == "headframe_code"
        result = await async_fill(hass, result, code="999999")
        assert result["errors"] == {"code": "headframe_code_wrong"}
        right = CODE if code == "totp" else RECOVERY
        result = await async_fill(hass, result, code=f" {right[:3]} {right[3:]} ")
        result = await async_own(hass, pool, result)
        result = await async_fill(hass, result, money=True, allow_writing=False)
        await async_name(hass, result)
        assert pool.kratos.sessions == {}


async def test_recovery_code_used_before(hass: HomeAssistant) -> None:
    """Each one counts once."""
    async with SimulatedHeadframe(totp=CODE) as pool:
        pool.user.recovery_codes[RECOVERY] = True
        result = await async_log_in(hass, pool)
        result = await async_fill(hass, result, code=RECOVERY)
        assert result["errors"] == {"code": "headframe_code_used"}


async def test_wrong_password(hass: HomeAssistant, pool: SimulatedHeadframe) -> None:
    """Is told; the password is never shown again."""
    result = await async_log_in(hass, pool, password="wrong-password")
    assert result["errors"] == {"password": "headframe_refused"}
    assert "wrong-password" not in str(result["data_schema"])
    pool.fault("off")
    result = await async_log_in(hass, pool, result)
    assert result["errors"] == {"base": "headframe_unreachable"}
    pool.clear("off")
    result = await async_log_in(hass, pool, result)
    assert result["step_id"] in ("headframe_access", "headframe_account")


# ---- the password goes to the server that its owner accepted, and only to Kratos

GUESS = "https://relaxed-wescoff-eywmz1r7og.projects.oryapis.com"


def shown(result: ConfigFlowResult) -> dict[str, Any]:
    """Return what a form is filled in with at first."""
    assert result["data_schema"] is not None
    return {str(key): key.default() for key in result["data_schema"].schema}


async def test_the_server_is_shown_first(
    hass: HomeAssistant, pool: SimulatedHeadframe
) -> None:
    """Where the password would go stands there before it is asked for."""
    result = await async_begin(hass, "headframe_login")
    assert result["data_schema"] is not None
    assert {str(key) for key in result["data_schema"].schema} == {"sign_in", "pool"}
    assert f"https://{shown(result)['sign_in']}" == GUESS
    result = await async_check(hass, pool, result)
    assert result["step_id"] == "headframe_password"
    assert result["description_placeholders"] == {"host": pool.url}
    assert result["data_schema"] is not None
    consent = {str(k): k for k in result["data_schema"].schema}["consent"]
    assert consent.default() is False
    assert pool.kratos.sessions == {}


async def test_no_consent(hass: HomeAssistant, pool: SimulatedHeadframe) -> None:
    """Without it nothing is sent, and the password is forgotten."""
    result = await async_check(hass, pool)
    given = {"email": pool.user.email, "password": pool.user.password}
    with patch.object(SignIn, "with_password") as sent:
        for consent in ({"consent": False}, {}):
            result = await async_fill(hass, result, **given, **consent)
            assert result["errors"] == {"consent": "headframe_no_consent"}
            assert pool.user.password not in str(result)
    sent.assert_not_called()
    assert pool.kratos.sessions == {}
    result = await async_fill(hass, result, **given, consent=True)
    assert result["step_id"] in ("headframe_access", "headframe_account")


FLOW = constructed("kratos.login_flow.aal1")


@asynccontextmanager
async def answering(
    handle: Callable[[web.Request], Awaitable[web.Response]],
) -> AsyncIterator[str]:
    """Give the address of a server with one handler for everything."""
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handle)
    async with TestServer(app, host="127.0.0.1") as server:
        yield f"http://127.0.0.1:{server.port}"


@pytest.mark.parametrize(
    ("status", "answer"),
    [
        (200, b"<html>"),
        (200, b"{}"),
        (200, b"[]"),
        (404, b"{}"),
        (401, b""),
        (403, b"{}"),
        (400, json.dumps({"error": {"code": 400}}).encode()),
        (200, json.dumps({"id": "x"}).encode()),
        (200, json.dumps({**FLOW, "id": "x"}).encode()),
        (200, json.dumps({**FLOW, "type": "browser"}).encode()),
        (200, json.dumps({**FLOW, "expires_at": None}).encode()),
        (200, json.dumps({**FLOW, "ui": None}).encode()),
        (200, json.dumps({**FLOW, "ui": {**FLOW["ui"], "nodes": None}}).encode()),
        (200, json.dumps({**FLOW, "ui": {**FLOW["ui"], "action": "/login"}}).encode()),
        (302, b""),
    ],
)
async def test_the_password_goes_to_kratos_only(
    hass: HomeAssistant, status: int, answer: bytes
) -> None:
    """Another server is asked for a login flow once, and for nothing else."""
    asked: list[tuple[str, str, bytes]] = []

    async def handle(request: web.Request) -> web.Response:
        asked.append((request.method, request.path_qs, await request.read()))
        headers = {"Location": GUESS} if status == 302 else {}
        return web.Response(status=status, body=answer, headers=headers)

    result = await async_begin(hass, "headframe_login")
    async with answering(handle) as other:
        result = await async_fill(hass, result, pool=other, sign_in=other)
    assert result["step_id"] == "headframe_login"
    assert result["errors"] == {"sign_in": "headframe_no_kratos"}
    assert asked == [("GET", "/self-service/login/api", b"")]


async def test_a_server_that_is_kratos_no_more(hass: HomeAssistant) -> None:
    """It is checked again right before the password would be sent."""
    answers = [json.dumps(FLOW).encode(), b"{}"]
    asked: list[tuple[str, bytes]] = []

    async def handle(request: web.Request) -> web.Response:
        asked.append((request.method, await request.read()))
        return web.Response(body=answers.pop(0))

    result = await async_begin(hass, "headframe_login")
    async with answering(handle) as other:
        result = await async_fill(hass, result, pool=other, sign_in=other)
        assert result["step_id"] == "headframe_password"
        secret = {"email": "a@b.c", "password": "secret", "consent": True}
        result = await async_fill(hass, result, **secret)
    assert result["errors"] == {"base": "headframe_no_pool"}
    assert asked == [("GET", b""), ("GET", b"")]


async def test_a_sign_in_server_that_fails(
    hass: HomeAssistant, pool: SimulatedHeadframe
) -> None:
    """Is told apart from one that is not Kratos, and can be corrected."""
    result = await async_begin(hass, "headframe_login")
    result = await async_fill(
        hass, result, pool=pool.url, sign_in="http://pool.example"
    )
    assert result["errors"] == {"base": "headframe_address"}
    for error, key in (
        (SourceUnreachable("gone"), "headframe_sign_in_unreachable"),
        (SourceUnreachable("slow", timed_out=True), "headframe_sign_in_slow"),
        (SourceUnreachable("own", reason="certificate"), "headframe_certificate"),
    ):
        with patch.object(SignIn, "check", side_effect=error):
            result = await async_check(hass, pool, result)
        assert result["errors"] == {"sign_in": key}
    with patch.object(SignIn, "check", side_effect=SourceBusy("busy")):
        result = await async_check(hass, pool, result)
    assert result["errors"] == {"base": "headframe_busy"}
    result = await async_log_in(hass, pool, result)
    assert result["step_id"] in ("headframe_access", "headframe_account")


async def test_a_dialog_that_is_left(
    hass: HomeAssistant, pool: SimulatedHeadframe
) -> None:
    """Leaves no session behind, wherever it is left."""
    result = await async_own(hass, pool, await async_log_in(hass, pool))
    assert pool.kratos.sessions
    hass.config_entries.flow.async_abort(result["flow_id"])
    await hass.async_block_till_done()
    assert pool.kratos.sessions == {}
    result = await async_own(hass, pool, await async_log_in(hass, pool))
    result = await async_fill(hass, result, money=True, allow_writing=True)
    assert result["step_id"] == "name"
    hass.config_entries.flow.async_abort(result["flow_id"])
    await hass.async_block_till_done()
    assert pool.kratos.sessions == {}


async def test_signed_in_for_nothing(
    hass: HomeAssistant, pool: SimulatedHeadframe
) -> None:
    """The pool has no path for the list of accounts, or fails just then."""
    pool.missing.add("1")
    result = await async_log_in(hass, pool)
    assert result["reason"] == "headframe_closed"
    assert pool.kratos.sessions == {}
    pool.missing.clear()
    with patch(
        "custom_components.mining_rig.flow.headframe_pool.list_accounts",
        side_effect=ZeroDivisionError,
    ):
        result = await async_log_in(hass, pool)
    assert result["reason"] == "unknown"


async def test_no_link_can_be_made(
    hass: HomeAssistant, pool: SimulatedHeadframe
) -> None:
    """Then the person may keep the sign-in instead."""
    pool.missing.add("33")
    result = await async_own(hass, pool, await async_log_in(hass, pool))
    result = await async_fill(hass, result, money=True, allow_writing=False)
    assert result["errors"] == {"base": "headframe_no_link"}
    pool.missing.clear()
    pool.fault(PoolFault.SERVER_ERROR)
    result = await async_fill(hass, result, money=True, allow_writing=False)
    assert result["errors"] == {"base": "headframe_unreachable"}
    pool.clear(PoolFault.SERVER_ERROR)
    result = await async_fill(hass, result, money=True, allow_writing=True)
    await async_name(hass, result)


# ---- new credentials, other ways in


@pytest.mark.parametrize("why", ["reauth", "reconfigure"])
@pytest.mark.parametrize("way", ["watcher", "api_key", "read", "write"])
async def test_again(
    hass: HomeAssistant, pool: SimulatedHeadframe, why: str, way: str
) -> None:
    """Any way in can take the place of any other; the account is the same."""
    entry = entry_of(pool, watcher_token="hfwl_" + "0" * 64)
    entry.add_to_hass(hass)
    start = entry.start_reauth_flow if why == "reauth" else entry.start_reconfigure_flow
    result = await start(hass)
    assert result["step_id"] == f"headframe_{why}"
    if way == "watcher":
        result = await async_choose(hass, result, "headframe_watcher")
        result = await async_fill(
            hass, result, watcher_link=pool.guest_token, **servers(pool)
        )
    elif way == "api_key":
        result = await async_choose(hass, result, "headframe_api_key")
        result = await async_fill(hass, result, api_key=pool.api_key, **servers(pool))
    else:
        result = await async_choose(hass, result, "headframe_login")
        result = await async_log_in(hass, pool, result)
        result = await async_fill(
            hass, result, money=True, allow_writing=way == "write"
        )
    assert result["type"] is FlowResultType.ABORT
    assert (
        result["reason"]
        == {
            "reauth": "reauth_successful",
            "reconfigure": "reconfigure_successful",
        }[why]
    )
    await hass.async_block_till_done()
    secrets = {key for key in entry.data if key.endswith(("token", "key"))}
    assert (
        secrets
        == {
            "watcher": {"watcher_token"},
            "api_key": {"api_key"},
            "read": {"watcher_token"},
            "write": {"session_token"},
        }[way]
    )
    assert entry.data[CONF_ID_ROOT] == "id_root"
    assert entry.options.get("allow_writing", False) is (way == "write")
    assert bool(pool.kratos.sessions) is (way == "write")


async def test_another_account(hass: HomeAssistant, pool: SimulatedHeadframe) -> None:
    """Does not take the place of the entry's own."""
    entry = entry_of(pool)
    entry.add_to_hass(hass)
    result = await entry.start_reauth_flow(hass)
    result = await async_choose(hass, result, "headframe_login")
    with answers_with([{"type": "miner", "id": "m-1", "account_name": "Other"}]):
        result = await async_log_in(hass, pool, result)
    assert result["reason"] == "headframe_other_account"
    assert entry.data["watcher_token"] == pool.token
    assert pool.kratos.sessions == {}


async def test_options(hass: HomeAssistant, pool: SimulatedHeadframe) -> None:
    """Writing is off until the owner wants it."""
    entry = entry_of(pool, api_key=pool.api_key)
    assert await async_set_up(hass, entry)
    assert not hass.states.async_all("number")
    result = await hass.config_entries.options.async_init(entry.entry_id)
    if result["type"] is FlowResultType.MENU:
        result = await hass.config_entries.options.async_configure(
            result["flow_id"], {"next_step_id": "settings"}
        )
    assert result["data_schema"] is not None
    assert "keep_order" not in result["data_schema"].schema
    result = await hass.config_entries.options.async_configure(
        result["flow_id"], {"allow_writing": True}
    )
    await hass.async_block_till_done()
    assert entry.options["allow_writing"] is True
    own = entry.runtime_data.data.rig
    assert "headframe_payout_threshold_set" in {c.key for c in own.controls}


async def test_an_account_without_a_name(
    hass: HomeAssistant, pool: SimulatedHeadframe
) -> None:
    """Its details tell the name that its permission leaves out."""
    result = await async_begin(hass, "headframe_api_key")
    own = [{"type": "miner", "id": pool.account.id}]
    with answers_with(own):
        result = await async_fill(hass, result, api_key=pool.api_key, **servers(pool))
    entry = await async_name(hass, result)
    assert entry.data["account_name"] == pool.account.account_name
