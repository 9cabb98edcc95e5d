"""Signing in at Headframe's identity server: what it may answer."""

import json
from typing import Any

from aiohttp import ClientSession, web
import pytest

from custom_components.mining_rig.sources.common.contract import (
    SourceError,
    SourceGarbled,
    SourceUnreachable,
)
from custom_components.mining_rig.sources.headframe.server import parse_server
from custom_components.mining_rig.sources.headframe.sign_in import (
    Session,
    SignIn,
    SignInRefused,
)

from .conftest import Serve
from .headframe_pool import constructed

TOKEN = "ory_st_A1b2C3d4A1b2C3d4A1b2C3d4A1b2C3d4"
FLOW = constructed("kratos.login_flow.aal1")
SECOND = constructed("kratos.login_flow.aal2_totp")
FULL = constructed("kratos.login_success.aal1")
PENDING = constructed("kratos.login_success.aal1_second_factor_pending")


class Kratos:
    """An identity server that gives what a test wants, in order."""

    def __init__(self) -> None:
        """Begin with a password that is right and no second factor."""
        self.flows: list[Any] = [FLOW]
        self.answers: list[Any] = [FULL]
        self.whoami: Any = (200, {})
        self.asked: list[tuple[str, Any]] = []
        self.headers: list[Any] = []

    async def handle(self, request: web.Request) -> web.Response:
        """Answer."""
        body = await request.read()
        self.asked.append((request.path_qs, json.loads(body) if body else None))
        self.headers.append(request.headers)
        if request.path == "/self-service/login/api":
            answer = self.flows.pop(0) if len(self.flows) > 1 else self.flows[0]
        elif request.path == "/self-service/login":
            answer = self.answers.pop(0)
        elif request.path == "/sessions/whoami":
            answer = self.whoami
        else:
            answer = (204, None)
        status, data = answer if isinstance(answer, tuple) else (200, answer)
        encoded = b"" if data is None else json.dumps(data).encode()
        return web.Response(status=status, body=encoded)


@pytest.fixture
def kratos() -> Kratos:
    """Return what answers."""
    return Kratos()


@pytest.fixture
async def sign_in(serve: Serve, session: ClientSession, kratos: Kratos) -> SignIn:
    """Return a client of it."""
    server = await serve(kratos.handle)
    return SignIn(session, parse_server(f"http://127.0.0.1:{server.port}"))


def http(name: str) -> tuple[int, Any]:
    """Return status and body of a sample of a whole answer."""
    answer = constructed(f"{name}.http")
    return answer["status"], answer["body"]


def message(number: object) -> tuple[int, Any]:
    """Return a flow that was turned down, the reason beside one of its fields."""
    nodes = [{"group": "password", "messages": [{"id": "x"}, {"id": number}]}]
    return 400, {"id": "flow", "ui": {"messages": None, "nodes": nodes}}


async def test_password(sign_in: SignIn, kratos: Kratos) -> None:
    """Asked as an app does: no cookie, no origin, and the flow by its id."""
    session = await sign_in.with_password("user@example.com", "secret")
    assert session == Session(TOKEN, complete=True)
    assert TOKEN not in repr(session)
    assert [path for path, _ in kratos.asked] == [
        "/self-service/login/api",
        f"/self-service/login?flow={FLOW['id']}",
        "/sessions/whoami",
    ]
    assert kratos.asked[1][1] == {
        "method": "password",
        "identifier": "user@example.com",
        "password": "secret",
    }
    for headers in kratos.headers:
        assert "Cookie" not in headers
        assert "Origin" not in headers


@pytest.mark.parametrize(
    ("answer", "whoami"),
    [
        (PENDING, (200, {})),
        (FULL, http("kratos.whoami.403_aal2_required")),
    ],
)
async def test_second_factor_is_wanted(
    sign_in: SignIn, kratos: Kratos, answer: Any, whoami: Any
) -> None:
    """The identity is hidden until then, or asking who we are is refused."""
    kratos.answers, kratos.whoami = [answer], whoami
    session = await sign_in.with_password("a", "b")
    assert not session.complete


@pytest.mark.parametrize(
    ("groups", "code", "body"),
    [
        (["totp"], "123 456", {"method": "totp", "totp_code": "123456"}),
        (
            ["totp", "lookup_secret"],
            "123456",
            {"method": "totp", "totp_code": "123456"},
        ),
        (
            ["totp", "lookup_secret"],
            "k3wq9x2m",
            {"method": "lookup_secret", "lookup_secret": "k3wq9x2m"},
        ),
        (
            ["lookup_secret"],
            "123456",
            {"method": "lookup_secret", "lookup_secret": "123456"},
        ),
    ],
)
async def test_code(
    sign_in: SignIn, kratos: Kratos, groups: list[str], code: str, body: Any
) -> None:
    """Of an app or a recovery code, whichever is set up."""
    nodes = [{"group": group} for group in ["default", *groups]]
    kratos.flows = [{**SECOND, "ui": {**SECOND["ui"], "nodes": nodes}}]
    kratos.answers = [constructed("kratos.login_success.aal2")]
    session = await sign_in.with_code(Session(TOKEN, complete=False), code)
    assert session.complete
    assert kratos.asked[0][0] == "/self-service/login/api?aal=aal2"
    assert kratos.asked[1][1] == body
    assert all(headers["X-Session-Token"] == TOKEN for headers in kratos.headers)


@pytest.mark.parametrize(
    "flow",
    [
        {"id": "x", "ui": {"nodes": [{"group": "webauthn"}]}},
        {"id": "x", "ui": None},
        (400, {"error": {"id": "session_already_available"}}),
        (401, {"error": {"id": "session_aal1_required"}}),
    ],
)
async def test_no_second_factor(sign_in: SignIn, kratos: Kratos, flow: Any) -> None:
    """None that works here, or none at all."""
    kratos.flows = [flow]
    with pytest.raises(SignInRefused) as caught:
        await sign_in.with_code(Session(TOKEN, complete=False), "123456")
    assert caught.value.key == "headframe_no_second_factor"


@pytest.mark.parametrize(
    ("answer", "key"),
    [
        (http("kratos.login_wrong_password"), "invalid_auth"),
        (http("kratos.login_wrong_totp"), "headframe_code_wrong"),
        (message(4000037), "invalid_auth"),
        (message(4000010), "headframe_address_not_verified"),
        (message(4000011), "headframe_no_second_factor"),
        (message(4000012), "headframe_code_used"),
        (message(4000038), "headframe_captcha"),
        (message(4010011), "headframe_identity_disabled"),
        (message(7), "headframe_sign_in_failed"),
        ((403, None), "headframe_sign_in_failed"),
        ((400, {"error": {"id": "browser_location_change_required"}}), None),
    ],
)
async def test_refused(
    sign_in: SignIn, kratos: Kratos, answer: Any, key: str | None
) -> None:
    """By the number of the message, never by its text."""
    kratos.answers = [answer]
    with pytest.raises(SignInRefused) as caught:
        await sign_in.with_password("a", "b")
    assert caught.value.key == (key or "headframe_sign_in_failed")


@pytest.mark.parametrize(
    "expired", [(410, {"error": {"id": "self_service_flow_expired"}}), message(4010001)]
)
async def test_expired(sign_in: SignIn, kratos: Kratos, expired: Any) -> None:
    """A flow that took too long is begun again once."""
    kratos.answers = [expired, FULL]
    assert (await sign_in.with_password("a", "b")).complete
    kratos.answers = [expired, message(4010001)]
    with pytest.raises(SignInRefused) as caught:
        await sign_in.with_password("a", "b")
    assert caught.value.key == "headframe_sign_in_expired"


@pytest.mark.parametrize(
    ("flow", "answer", "error"),
    [
        ({}, FULL, SourceGarbled),
        ([], FULL, SourceGarbled),
        (FLOW, {}, SourceGarbled),
        (FLOW, {"session_token": 7}, SourceGarbled),
        ((502, None), FULL, SourceUnreachable),
        (FLOW, (500, None), SourceUnreachable),
        ((400, None), FULL, SignInRefused),
    ],
)
async def test_strange(
    sign_in: SignIn, kratos: Kratos, flow: Any, answer: Any, error: type[SourceError]
) -> None:
    """Something else answers there, or it fails."""
    kratos.flows, kratos.answers = [flow], [answer]
    with pytest.raises(error):
        await sign_in.with_password("a", "b")


async def test_end(session: ClientSession, sign_in: SignIn, kratos: Kratos) -> None:
    """Signing out never fails: a session ends by itself."""
    await sign_in.end(Session(TOKEN, complete=True))
    assert kratos.asked == [("/self-service/logout/api", {"session_token": TOKEN})]
    nobody = SignIn(session, parse_server("http://127.0.0.1:1"))
    await nobody.end(Session(TOKEN, complete=True))
