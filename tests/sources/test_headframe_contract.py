"""Headframe's simulator and source speak as the OpenAPI description has it.

The description is that of the wire reference, copied, and extended by what is used
beyond it; those operations bear `x-beyond-the-reference`.
"""

from collections.abc import Mapping
import json
from pathlib import Path
from typing import Any

import pytest

from simulator.headframe import BASE, OPERATIONS, SimulatedHeadframe
from simulator.server import Request

from ..simulator.wire import Response, ask
from .contract import Contract

PATH = (
    Path(__file__).parent.parent / "fixtures" / "headframe" / "headframe.openapi.yaml"
)
POOL = "https://pool.headframe.io"
CONTRACT = Contract(PATH, POOL)
SIGN_IN = ("/self-service/", "/sessions/")
CODE = "123456"

ASKED = {
    operation["operationId"]: (path, method)
    for path, method, operation in CONTRACT.operations
    if not path.startswith(SIGN_IN)
}
BODIES: Mapping[str, object] = {
    "setLanguage": {"language": "ru"},
    "updateNotificationPreferences": {
        "email": {"miner-payout": {"enabled": False}},
        "telegram": {},
    },
    "renameMiner": {"title": "Cellar"},
    "createMinerWatcher": {"title": "Test", "extra_permissions": ["accountant"]},
    "changeWalletMinPayment": {"amount": "0.002"},
    "createProfitSharing": {"rate": "0.009", "type": "profit_sharing"},
    "updateBoundaryWorker": {"hashrate": "100000000000000"},
}


def request_of(rig: SimulatedHeadframe, name: str) -> tuple[str, str, object]:
    """Return method, path and body of a good request for an operation."""
    path, method = ASKED[name]
    account, other = rig.registry.miners
    operator, pool = rig.registry.groups
    values = {
        "miner_id": other.id if path.startswith("/operators") else account.id,
        "miner_donor_id": account.id,
        "miner_recipient_id": other.id,
        "operator_id": operator.id,
        "pool_id": pool.id,
        "user_id": rig.user.id,
        "wallet_id": rig.wallet.id,
        "watcher_id": account.links[1].id,
        "watcher_token": rig.token,
        "worker_id": account.given[0].id,
    }
    body = BODIES.get(name)
    if name == "createBoundaryWorker":
        body = {
            "name": "rented-100th",
            "recipient_miner_id": other.id,
            "donor_miner_id": account.id,
            "hashrate": "100000000000000",
        }
    ids = {
        "/workers/charts": [worker.id for worker in account.workers],
        "/workers/stats": [worker.id for worker in account.workers],
        "/miners/charts": [account.id, other.id],
        "/miners/stats": [account.id, other.id],
    }.get(path, [])
    query = "?" + "&".join(f"id={found}" for found in ids) if ids else ""
    return method.upper(), BASE + path.format(**values) + query, body


async def send(
    rig: SimulatedHeadframe, name: str, **headers: str
) -> tuple[Request, Response]:
    """Ask for an operation; return what was received, and the answer."""
    method, path, body = request_of(rig, name)
    if name == "getCurrentPool":
        headers["X-Headframe-Domain"] = rig.pool.domain
    [response] = await ask(rig, method, path, body=body, headers=headers)
    return rig.requests[-1], response


def check(request: Request, response: Response) -> str:
    """Hold a request and its answer against the description."""
    name = CONTRACT.check_request(request)
    CONTRACT.check_response(
        request, response.status, dict(response.headers), response.body
    )
    return name


pytestmark = pytest.mark.usefixtures("socket_enabled")


# ---- the simulator


@pytest.mark.parametrize("name", ASKED)
async def test_simulator_serves(name: str) -> None:
    """Every operation of the description is answered as it says."""
    async with SimulatedHeadframe() as rig:
        token = rig.sign_in().token
        request, response = await send(rig, name, **{"X-Session-Token": token})
        assert response.status in (200, 204), response.body
        assert check(request, response) == name


@pytest.mark.parametrize("name", ASKED)
async def test_simulator_refuses(name: str) -> None:
    """Its errors have the pool's shape, whoever asks and whatever is wrong."""
    async with SimulatedHeadframe() as rig:
        for header, value in (
            ("X-Session-Token", "ory_st_gone"),
            ("Authorization", "Bearer wrong"),
            ("X-Watcher-Token", rig.guest_token),
        ):
            request, response = await send(rig, name, **{header: value})
            if response.status in (401, 403):
                assert set(response.json()["error"]) == {"code", "message"}
                check_answer(request, response, name)
        rig.fault("limited")
        request, response = await send(rig, name, Authorization=f"Bearer {rig.api_key}")
        assert response.status == 429
        assert dict(response.headers)["Retry-After"] == "60"
        check_answer(request, response, name)


def check_answer(request: Request, response: Response, name: str) -> None:
    """Hold an error against the description, which leaves some of them out."""
    if str(response.status) in _responses(name):
        CONTRACT.check_response(
            request, response.status, dict(response.headers), response.body
        )


def _responses(name: str) -> Mapping[str, Any]:
    for _, _, operation in CONTRACT.operations:
        if operation["operationId"] == name:
            responses: Mapping[str, Any] = operation["responses"]
            return responses
    raise LookupError(name)


def test_simulator_serves_nothing_by_another_name() -> None:
    """What it serves beyond the description is listed here."""
    described = {(path, method.upper()) for path, method in ASKED.values()}
    beyond = {
        operation.number
        for operation in OPERATIONS
        if (operation.path, operation.method) not in described
    }
    assert beyond == {"93"}


async def test_simulator_signs_in_as_described() -> None:
    """Each step of a sign-in with a code, right and wrong, is as described."""
    async with SimulatedHeadframe(totp=CODE) as rig:
        seen = []

        async def step(
            method: str, path: str, body: object = None, token: str = ""
        ) -> Any:
            headers = {"X-Session-Token": token} if token else {}
            path = path.removeprefix(rig.url)
            [response] = await ask(rig, method, path, body=body, headers=headers)
            seen.append((check(rig.requests[-1], response), response.status))
            return response.json() if response.body else None

        flow = await step("GET", "/self-service/login/api")
        action = flow["ui"]["action"]
        wrong = {"method": "password", "identifier": rig.user.email, "password": "?"}
        again = await step("POST", action, wrong)
        assert again["ui"]["messages"][0]["id"] == 4000006
        right = {**wrong, "password": rig.user.password}
        token = (await step("POST", action, right))["session_token"]
        assert (await step("GET", "/sessions/whoami", token=token))["error"][
            "id"
        ] == "session_aal2_required"
        flow = await step("GET", "/self-service/login/api?aal=aal2", token=token)
        action = flow["ui"]["action"]
        await step("POST", action, {"method": "totp", "totp_code": "000000"}, token)
        done = await step("POST", action, {"method": "totp", "totp_code": CODE}, token)
        assert done["session"]["identity"]["id"] == rig.user.id
        await step("GET", "/sessions/whoami", token=token)
        await step("DELETE", "/self-service/logout/api", {"session_token": token})
        await step("GET", "/sessions/whoami", token=token)
        assert seen == [
            ("createNativeLoginFlow", 200),
            ("submitNativeLogin", 400),
            ("submitNativeLogin", 200),
            ("whoami", 403),
            ("createNativeLoginFlow", 200),
            ("submitNativeLogin", 400),
            ("submitNativeLogin", 200),
            ("whoami", 200),
            ("nativeLogout", 204),
            ("whoami", 401),
        ]


# ---- the description itself


def test_examples_are_as_described() -> None:
    """The validator takes the examples that come with the description."""
    for name, example, value in CONTRACT.examples():
        if name in ASKED:
            path, method = ASKED[name]
        else:
            path, method = next(
                (path, method)
                for path, method, operation in CONTRACT.operations
                if operation["operationId"] == name
            )
        host = "" if path.startswith(SIGN_IN) else BASE
        request = Request(
            method.upper(), host + path.replace("{", "").replace("}", ""), {}, b""
        )
        try:
            CONTRACT.check_response(request, 200, {}, json.dumps(value).encode())
        except Exception as error:
            raise AssertionError(f"{name}: {example}") from error


@pytest.mark.parametrize(
    ("name", "spoil"),
    [
        ("getWorkersStats", lambda path: path.replace("id=", "ids=", 1)),
        ("getMinersStats", lambda path: path.split("?")[0]),
        ("listMinerWorkers", lambda path: f"{path}?limit=101"),
        ("listMinerWorkers", lambda path: f"{path}?status=broken"),
        ("getWorkersCharts", lambda path: f"{path}&period=P1Y"),
        ("getMiner", lambda path: f"{path}/nothing"),
    ],
)
async def test_validator_sees_mistakes(name: str, spoil: Any) -> None:
    """A request with a wrong path or parameter does not pass."""
    async with SimulatedHeadframe() as rig:
        method, path, _ = request_of(rig, name)
    headers = {"x-session-token": "ory_st_x"}
    CONTRACT.check_request(Request(method, path, headers, b""))
    with pytest.raises(Exception):  # noqa: B017 # each mistake has its own
        CONTRACT.check_request(Request(method, spoil(path), headers, b""))
