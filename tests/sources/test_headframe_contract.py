"""Headframe's simulator and source speak as the OpenAPI description has it.

The description is that of the wire reference, copied, and extended by what is used
beyond it; those operations bear `x-beyond-the-reference`.
"""

from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count
import json
from pathlib import Path
from typing import Any

from aiohttp import ClientSession, DummyCookieJar
import pytest

from custom_components.mining_rig.const import CONF_ALLOW_WRITING
from custom_components.mining_rig.model import Control, Part
from custom_components.mining_rig.sources.common.contract import (
    CommandRefused,
    SourceBusy,
    SourceContext,
)
from custom_components.mining_rig.sources.headframe import budget
from custom_components.mining_rig.sources.headframe.access import (
    CONF_ACCOUNT,
    CONF_ACCOUNT_KIND,
    CONF_ACCOUNT_NAME,
    CONF_POOL,
)
from custom_components.mining_rig.sources.headframe.links import find_or_create_link
from custom_components.mining_rig.sources.headframe.operations import (
    OPERATIONS as SOURCE_OPERATIONS,
)
from custom_components.mining_rig.sources.headframe.reports import REPORTS
from custom_components.mining_rig.sources.headframe.server import parse_server
from custom_components.mining_rig.sources.headframe.sign_in import SignIn
from custom_components.mining_rig.sources.headframe.source import (
    HeadframeSource,
    async_open,
)
from simulator.clock import ManualClock
from simulator.headframe import BASE, OPERATIONS, SimulatedHeadframe
from simulator.headframe.accounts import Account
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
START = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
_HOURS = count()

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


@pytest.fixture
def enable_event_loop_debug() -> None:
    """Leave the event loop fast: hundreds of requests are made here."""


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


# ---- the source


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave no pause between two requests."""
    monkeypatch.setattr(budget, "GAP", 0.0)


def opening(
    rig: SimulatedHeadframe, session: ClientSession, account: Account, **more: str
) -> SourceContext:
    """Return what the source of an account gets; the owner's session unless told."""
    return SourceContext(
        data={
            CONF_POOL: rig.url,
            CONF_ACCOUNT: account.id,
            CONF_ACCOUNT_KIND: account.type,
            CONF_ACCOUNT_NAME: account.account_name,
            **(more or {"session_token": rig.sign_in().token}),
        },
        session=session,
        options={CONF_ALLOW_WRITING: True},
    )


async def read_all(source: HeadframeSource) -> datetime:
    """Let hours pass until everything was asked at least once; return the end.

    Time goes on from one source to the next: they share the pool's limits.
    """
    for _ in range(6):
        await source.read(START + timedelta(hours=2 * next(_HOURS)))
    return START + timedelta(hours=2 * next(_HOURS))


def questions(rig: SimulatedHeadframe) -> list[tuple[str, dict[str, Any]]]:
    """Return each question with details, those that change something last."""
    recipient = rig.registry.miners[1].id
    own = rig.account.machines[0].name
    day = START.date()
    asked: list[tuple[str, dict[str, Any]]] = [
        ("get_payments", {"start": day - timedelta(days=20), "end": day}),
        ("get_payments", {"types": ["reward", "payout"]}),
        ("export_payments", {"types": ["payout"]}),
        ("get_daily_report", {}),
        ("get_daily_report", {"boundary": True}),
        ("get_chart", {"period": "1d"}),
        ("get_chart", {"period": "1w", "workers": [own]}),
        ("get_chart", {"period": "15m", "boundary": True}),
        ("get_workers", {"statuses": ["stable", "removed"]}),
        ("get_fees", {"recipient": recipient}),
        ("get_referrals", {}),
        ("get_boundary_workers", {}),
        ("get_profit_sharings", {}),
        ("get_profit_sharings", {"recipient": recipient}),
        (
            "set_profit_sharing",
            {"recipient": recipient, "share": 0.9, "type": "profit_sharing"},
        ),
        ("delete_profit_sharing", {"recipient": recipient}),
        (
            "create_boundary_worker",
            {"name": "rented", "recipient": recipient, "hashrate": 100.5},
        ),
        (
            "change_boundary_worker",
            {"worker": rig.account.given[0].id, "hashrate": 12},
        ),
        ("delete_boundary_worker", {"worker": rig.account.given[0].id}),
        ("create_watcher_link", {"title": "Guest", "payments": True}),
        ("create_watcher_link", {}),
        ("get_watcher_links", {}),
        ("delete_watcher_link", {"link": rig.account.links[0].id}),
    ]
    assert {name for name, _ in asked} == REPORTS.keys()
    return asked


async def test_source_asks_as_described(quick: None) -> None:
    """Every request that can be made is valid, and no operation is left out."""
    clock = ManualClock(START.timestamp())
    seen: dict[str, int] = {}
    async with (
        SimulatedHeadframe(totp=CODE, clock=clock) as rig,
        ClientSession(cookie_jar=DummyCookieJar()) as session,
    ):
        rig.registry.miners[0].operator = rig.registry.groups[0].id
        place = parse_server(rig.url)
        sign_in = SignIn(session, place)
        first = await sign_in.with_password(rig.user.email, rig.user.password)
        assert not first.complete
        signed_in = await sign_in.with_code(first, CODE)
        owner = rig.sign_in("totp").token
        rig.user.roles[rig.registry.miners[1].id] = ["accountant"]
        for account in rig.registry.accounts.values():
            source = await async_open(
                opening(rig, session, account, session_token=owner)
            )
            await source.identify()
            now = await read_all(source)
            await source.history(None, now)
            for question in ("get_payments", "export_payments", "get_workers"):
                await source.report(question, {})
        watching = await async_open(
            opening(rig, session, rig.account, watcher_token=rig.token)
        )
        await watching.identify()
        keyed = await async_open(
            opening(rig, session, rig.account, api_key=rig.api_key)
        )
        await keyed.identify()

        own = await async_open(
            opening(rig, session, rig.account, session_token=signed_in.token)
        )
        now = await read_all(own)
        await own.history(None, now)
        snapshot = await own.read(now)
        for part in snapshot.parts.values():
            for control in part.controls.values():
                await own.write(part.key, control, other_value(part, control))
        title = next(
            c
            for c in snapshot.parts["rig"].controls.values()
            if c.channel.reading.key.endswith("title")
        )
        await own.write("rig", title, "")
        await find_or_create_link(own.api, rig.account.id, money=False)
        for question, details in questions(rig):
            own.api.limiter.now = now = now + timedelta(hours=2)
            await own.report(question, details)
        await sign_in.end(signed_in)
        rig.user.totp = None
        simple = await sign_in.with_password(rig.user.email, rig.user.password)
        assert simple.complete

        for request in rig.requests:
            name = CONTRACT.check_request(request)
            seen[name] = seen.get(name, 0) + 1
    described = {
        (path, method.upper()): operation["operationId"]
        for path, method, operation in CONTRACT.operations
    }
    used = {
        described[operation.path, operation.method]
        for operation in SOURCE_OPERATIONS.values()
        if operation.feature is not None
    }
    assert used - seen.keys() == set()
    assert seen.keys() - used == set()


def other_value(part: Part, control: Control[Any]) -> Any:
    """Return a value that the control can take."""
    match part.values[control.channel]:
        case bool() as on:
            return not on
        case Decimal():
            return Decimal("0.0025")
        case "en":
            return "ru"
        case _:
            return "Cellar"


_LAYOUT = "payments.data.0.created_at"
"""A layout in place of a time, which the documentation shows once."""


def rounds_of_examples() -> list[dict[str, tuple[str, Any]]]:
    """Return the first example of every operation, the second ones, and so on."""
    rounds: list[dict[str, tuple[str, Any]]] = []
    numbers = {
        (operation.path, operation.method): operation.number for operation in OPERATIONS
    }
    seen: dict[str, int] = {}
    for name, example, value in CONTRACT.examples():
        if name not in ASKED:
            continue
        path, method = ASKED[name]
        place = seen[name] = seen.get(name, -1) + 1
        while len(rounds) <= place:
            rounds.append({})
        rounds[place][numbers[path, method.upper()]] = (example, value)
    return rounds


@pytest.mark.parametrize("examples", rounds_of_examples())
async def test_source_reads_examples(
    quick: None, examples: Mapping[str, tuple[str, Any]]
) -> None:
    """Every example of an answer is understood, by the readings and the reports."""
    clock = ManualClock(START.timestamp())
    async with (
        SimulatedHeadframe(clock=clock) as rig,
        ClientSession(cookie_jar=DummyCookieJar()) as session,
    ):
        asked = questions(rig)
        token = rig.sign_in().token
        accounts = [rig.account, *rig.registry.groups]
        rig.replies = {number: value for number, (_, value) in examples.items()}
        for account in accounts:
            source = await async_open(
                opening(rig, session, account, session_token=token)
            )
            now = await read_all(source)
            await source.history(None, now)
            snapshot = await source.read(now)
            assert {path for path in snapshot.unparsed if path != _LAYOUT} == set()
            assert source.diagnostics()["failing"] == {}
            for question, details in asked if account is rig.account else ():
                now = START + timedelta(hours=2 * next(_HOURS))
                source.api.limiter.now = now
                # The examples' ids lead nowhere here: nobody has such a worker. And one
                # page says that there are hundreds like it.
                with suppress(CommandRefused, SourceBusy):
                    if "workers" not in details:
                        await source.report(question, details)
