"""Headframe's interface over a real connection: what is sent, what is understood."""

from collections.abc import AsyncGenerator, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
import json
from typing import Any
from unittest.mock import patch

from aiohttp import ClientSession, web
from freezegun.api import FrozenDateTimeFactory
from homeassistant.util import dt as dt_util
import pytest

from custom_components.mining_rig.clock import steady
from custom_components.mining_rig.sources.common.contract import (
    SourceBusy,
    SourceError,
    SourceGarbled,
    SourceRefused,
    SourceUnreachable,
)
from custom_components.mining_rig.sources.headframe import budget
from custom_components.mining_rig.sources.headframe.api import (
    Closed,
    Credential,
    CredentialKind,
    HeadframeApi,
)
from custom_components.mining_rig.sources.headframe.budget import (
    PER_LOGIN,
    Budget,
    Limiter,
    limiter_for,
)
from custom_components.mining_rig.sources.headframe.links import (
    find_or_create_link,
    pool_in,
    token_in,
)
from custom_components.mining_rig.sources.headframe.operations import (
    OPERATIONS,
    Feature,
)
from custom_components.mining_rig.sources.headframe.schedule import Group
from custom_components.mining_rig.sources.headframe.server import (
    API,
    Server,
    parse_server,
)

from .conftest import Serve
from .headframe_pool import ACCOUNT, NOW, TOKEN, load

PATH = {"miner_id": ACCOUNT}
BALANCE = OPERATIONS["miner_balance"]
TITLE = OPERATIONS["set_title"]
KEY = Credential(CredentialKind.API_KEY, "secret-key")
LINK = Credential(CredentialKind.WATCHER, TOKEN)


@pytest.fixture(autouse=True)
def _no_gap() -> Iterator[None]:
    """Let requests follow each other at once."""
    with patch.object(budget, "GAP", 0):
        yield


class OneAnswerServer:
    """A pool that gives one answer, and what it was asked."""

    def __init__(self) -> None:
        """Begin with an empty object."""
        self.answer: Any = {}
        self.status = 200
        self.headers: dict[str, str] = {}
        self.asked: list[web.Request] = []
        self.bodies: list[bytes] = []
        self.missing: str | None = None
        """What no path may hold."""

    async def handle(self, request: web.Request) -> web.Response:
        """Answer."""
        self.asked.append(request)
        self.bodies.append(await request.read())
        answer = self.answer(request) if callable(self.answer) else self.answer
        body = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        missing = self.missing is not None and self.missing in request.path
        status = 404 if missing else self.status
        return web.Response(status=status, body=body, headers=self.headers)


@pytest.fixture
async def server(serve: Serve) -> tuple[OneAnswerServer, Server]:
    """Return a pool and where it is."""
    pool = OneAnswerServer()
    started = await serve(pool.handle)
    assert started.port is not None
    return pool, parse_server(f"http://127.0.0.1:{started.port}/below")


@pytest.fixture
def api(session: ClientSession, server: tuple[OneAnswerServer, Server]) -> HeadframeApi:
    """Return the interface with a key."""
    limiter = Limiter()
    limiter.now = NOW
    return HeadframeApi(session, server[1], KEY, limiter, Budget(60))


@pytest.fixture
def pool(server: tuple[OneAnswerServer, Server]) -> OneAnswerServer:
    """Return the pool."""
    return server[0]


async def test_a_request(api: HeadframeApi, pool: OneAnswerServer) -> None:
    """Path, list, body and the one header that lets us in; no cookie, ever."""
    pool.headers = {"Set-Cookie": "ory_session_x=secret"}
    await api.call(OPERATIONS["worker_stats"], query={"id": ["a", "b"]})
    await api.call(TITLE, path=PATH, body={"title": "x"})
    first, second = pool.asked
    assert first.path_qs == f"/below{API}/workers/stats?id=a&id=b"
    assert first.headers["Authorization"] == "Bearer secret-key"
    assert second.headers["Content-Type"] == "application/json"
    assert pool.bodies == [b"", b'{"title":"x"}']
    for request in pool.asked:
        assert "Cookie" not in request.headers
        assert "Origin" not in request.headers


async def test_numbers_are_exact(api: HeadframeApi, pool: OneAnswerServer) -> None:
    """Nothing passes through a binary fraction, however it is written."""
    pool.answer = b'{"a": 0.000003850292003, "b": 1E-8, "c": 827415935642814097}'
    answer = await api.call(BALANCE, path=PATH)
    assert answer == {
        "a": Decimal("0.000003850292003"),
        "b": Decimal("1E-8"),
        "c": 827415935642814097,
    }
    assert type(answer["a"]) is Decimal


@pytest.mark.parametrize("body", [b"", b" \n"])
async def test_an_empty_answer(
    api: HeadframeApi, pool: OneAnswerServer, body: bytes
) -> None:
    """Is none, as changes often give."""
    pool.answer = body
    assert await api.call(TITLE, path=PATH, body={}) is None


@pytest.mark.parametrize(
    "body",
    [b"<html>", b"{", b"NaN", b'{"a": NaN}', b"\xff", b"[" * 100_000, b"1" * 5000],
    ids=["page", "cut", "nan", "nan inside", "no text", "deep", "long number"],
)
async def test_no_json(api: HeadframeApi, pool: OneAnswerServer, body: bytes) -> None:
    """Is garbled, whatever it is; a pool that sends it twice is left alone."""
    pool.answer = body
    with pytest.raises(SourceGarbled):
        await api.call(BALANCE, path=PATH)
    assert api.limiter.wait(NOW) == 0
    with pytest.raises(SourceGarbled):
        await api.call(BALANCE, path=PATH)
    assert api.limiter.wait(NOW) > 0


async def test_too_much(api: HeadframeApi, pool: OneAnswerServer) -> None:
    """An answer that would hold up Home Assistant is not read to its end."""
    pool.answer = b"[" + b"1," * 300_000 + b"1]"
    with pytest.raises(SourceGarbled):
        await api.call(BALANCE, path=PATH)


async def test_csv(api: HeadframeApi, pool: OneAnswerServer) -> None:
    """Is handed on as text."""
    pool.answer = "\ufeffcreated_at,amount\n".encode()
    text = await api.text(OPERATIONS["miner_payments_csv"], path=PATH)
    assert text == "created_at,amount\n"
    assert "text/csv" in pool.asked[0].headers["Accept"]


@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_a_redirect(
    api: HeadframeApi, pool: OneAnswerServer, status: int
) -> None:
    """Is not followed: the credential would go with it."""
    pool.status = status
    pool.headers = {"Location": "/elsewhere"}
    with pytest.raises(SourceGarbled):
        await api.call(BALANCE, path=PATH)
    assert len(pool.asked) == 1


# ---- errors


@pytest.mark.parametrize(
    ("sample", "error", "closed"),
    [
        ("error.400.min_payment_too_small", Closed, 400),
        ("error.401.session_expired", SourceRefused, None),
        ("error.403.viewer_may_not_write", Closed, 403),
        ("error.404.watcher_revoked", Closed, 404),
        ("error.429.with_retry_after", SourceBusy, None),
        ("error.502.html", SourceUnreachable, None),
    ],
)
async def test_errors(
    api: HeadframeApi,
    pool: OneAnswerServer,
    sample: str,
    error: type[SourceError],
    closed: int | None,
) -> None:
    """By their status; what they say is shown nowhere."""
    answer = load(f"constructed/{sample}.http.json")
    pool.status, pool.headers = answer["status"], answer["headers"]
    body = answer["body"]
    pool.answer = body.encode() if isinstance(body, str) else body
    with pytest.raises(error) as caught:
        await api.call(BALANCE, path=PATH)
    assert type(caught.value) is error
    if isinstance(caught.value, Closed):
        assert caught.value.status == closed
    for secret in (KEY.secret, ACCOUNT, "amount", "page"):
        assert secret not in str(caught.value)
    assert caught.value.__context__ is None


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b'{"error": "text"}',
        b'{"error": {"id": "session_inactive", "code": 401}}',
        b"<html></html>",
    ],
)
async def test_a_dead_credential(
    api: HeadframeApi, pool: OneAnswerServer, body: bytes, session: ClientSession
) -> None:
    """Whoever answers 401 and however; for a watcher link it may be the operation."""
    pool.status, pool.answer = 401, body
    with pytest.raises(SourceRefused):
        await api.call(BALANCE, path=PATH)
    watcher = HeadframeApi(session, api.server, LINK, Limiter())
    with pytest.raises(Closed):
        await watcher.call(BALANCE, path=PATH)
    with pytest.raises(Closed) as caught:
        await watcher.call(OPERATIONS["watcher"], path={"watcher_token": TOKEN})
    assert TOKEN not in f"{caught.value!r} {caught.value} {watcher.credential!r}"


@pytest.mark.parametrize(
    ("headers", "least", "most"),
    [
        ({"Retry-After": "120"}, 120, 120),
        (
            {
                "Date": "Sat, 09 Mar 2024 12:00:00 GMT",
                "Retry-After": "Sat, 09 Mar 2024 12:05:00 GMT",
            },
            300,
            300,
        ),
        ({"x-ratelimit-reset": "90"}, 90, 90),
        ({"Retry-After": "", "x-ratelimit-reset": "90"}, 90, 90),
        ({"Retry-After": "soon"}, 48, 72),
        ({}, 48, 72),
    ],
)
async def test_too_many_requests(
    api: HeadframeApi,
    pool: OneAnswerServer,
    headers: dict[str, str],
    least: float,
    most: float,
) -> None:
    """The pool says for how long in one of three forms, or not at all."""
    pool.status, pool.headers = 429, headers
    with pytest.raises(SourceBusy):
        await api.call(BALANCE, path=PATH)
    assert least <= api.limiter.wait(NOW) <= most
    with pytest.raises(SourceBusy) as caught:
        await api.call(BALANCE, path=PATH)
    assert caught.value.retry_after == api.limiter.wait(NOW)
    assert len(pool.asked) == 1


async def test_nobody_there(session: ClientSession) -> None:
    """In a dialog there is no time to wait for, so nothing is noted."""
    place = parse_server("http://127.0.0.1:1")
    api = HeadframeApi(session, place, KEY, Limiter())
    for _ in range(2):
        with pytest.raises(SourceUnreachable):
            await api.call(BALANCE, path=PATH)


async def test_busy_in_a_dialog(
    session: ClientSession, server: tuple[OneAnswerServer, Server]
) -> None:
    """Is told and not noted either."""
    pool, place = server
    pool.status = 429
    api = HeadframeApi(session, place, KEY, Limiter())
    for _ in range(2):
        with pytest.raises(SourceBusy):
            await api.call(BALANCE, path=PATH)
    assert len(pool.asked) == 2


async def test_what_is_no_id(api: HeadframeApi) -> None:
    """Cannot lead to another path."""
    for unparsed in ("../x", "a/b", "", "a?b"):
        with pytest.raises(ValueError, match="no id"):
            await api.call(BALANCE, path={"miner_id": unparsed})


# ---- pages


def page(request: web.Request) -> Any:
    """Return one of three pages; items have moved meanwhile."""
    offset = int(request.query["offset"])
    items = [{"id": f"i-{number}"} for number in range(250)]
    shifted = items[max(0, offset - 1) : offset + 99] if offset else items[:100]
    return {"data": shifted, "pagination": {"total_count": 250}}


async def test_pages(api: HeadframeApi, pool: OneAnswerServer) -> None:
    """Each item once, and all of them."""
    pool.answer = page
    found = await api.pages(OPERATIONS["watchers"], path=PATH)
    assert len({item["id"] for item in found}) == len(found) >= 249


@pytest.mark.parametrize(
    ("answer", "count", "asked"),
    [
        ({"data": None}, 0, 1),
        ({"data": [{}, 7, None]}, 3, 1),
        ({"data": [{"id": "a"}], "pagination": {"total_count": 9}}, 1, 2),
        ({"data": [{"id": "a"}], "pagination": {"total_count": "9"}}, 1, 1),
        ({"data": [{"id": "a"}], "pagination": []}, 1, 1),
        ({"data": [{}], "pagination": {"total_count": 9}}, 1, 2),
    ],
)
async def test_strange_pages(
    api: HeadframeApi, pool: OneAnswerServer, answer: Any, count: int, asked: int
) -> None:
    """A pool that repeats itself is not asked for ever."""
    pool.answer = answer
    found = await api.pages(OPERATIONS["watchers"], path=PATH, most=4)
    assert len(found) == count
    assert len(pool.asked) == asked


@pytest.mark.parametrize("answer", [[], {}, None, "x"])
async def test_no_page(api: HeadframeApi, pool: OneAnswerServer, answer: Any) -> None:
    """Is garbled."""
    pool.answer = answer
    with pytest.raises(SourceGarbled):
        await api.pages(OPERATIONS["watchers"], path=PATH)


# ---- links


async def test_a_link_of_ours(api: HeadframeApi, pool: OneAnswerServer) -> None:
    """Is found by its title and what it may see; else one is made."""
    other = "hfwl_" + "f" * 64
    links = [
        {"id": "1", "title": "Garage", "token": other, "extra_permissions": []},
        {"id": "2", "title": "Home Assistant", "token": TOKEN},
        {"id": "3", "title": "Home Assistant", "token": "x"},
    ]

    def answer(request: web.Request) -> Any:
        if request.method == "POST":
            return {"token": other}
        return {"data": links}

    pool.answer = answer
    assert await find_or_create_link(api, ACCOUNT, money=False) == TOKEN
    assert await find_or_create_link(api, ACCOUNT, money=True) == other
    assert json.loads(pool.bodies[-1]) == {
        "title": "Home Assistant",
        "extra_permissions": ["accountant"],
    }
    pool.answer = {"data": []}
    with pytest.raises(SourceGarbled):
        await find_or_create_link(api, ACCOUNT, money=True)


@pytest.mark.parametrize(
    ("text", "token", "pool"),
    [
        (TOKEN, TOKEN, None),
        (
            f" https://pool.example:8443/watcher/{TOKEN}?x=1",
            TOKEN,
            "https://pool.example:8443",
        ),
        (TOKEN.upper().replace("HFWL", "hfwl"), TOKEN, None),
        (TOKEN[:-1], None, None),
        (TOKEN + "0", None, None),
        ("", None, None),
    ],
)
def test_pasted(text: str, token: str | None, pool: str | None) -> None:
    """A link or a token, with blanks around it."""
    assert token_in(text) == token
    assert pool_in(text) == pool


@pytest.mark.parametrize("data", ["none", 0, {}, True])
async def test_no_list(api: HeadframeApi, pool: OneAnswerServer, data: Any) -> None:
    """Is not taken for an empty one: workers would seem to be gone."""
    pool.answer = {"data": data}
    with pytest.raises(SourceGarbled):
        await api.pages(OPERATIONS["watchers"], path=PATH)


# ---- places


@pytest.mark.parametrize(
    ("text", "bases"),
    [
        ("pool.example", ("/api/backend/v0.1",)),
        ("pool.example/below", ("/below/api/backend/v0.1",)),
        ("pool.example/api/backend/v0.1/", ("/api/backend/v0.1",)),
        ("http://127.0.0.1:4010", ("/api/backend/v0.1", "")),
        ("http://127.0.0.1:4010/v1", ("/v1/api/backend/v0.1", "/v1")),
    ],
)
def test_bases(text: str, bases: tuple[str, ...]) -> None:
    """A pool's interface begins at one place; that of a stand-in may begin anywhere."""
    assert parse_server(text).bases == bases


async def test_a_stand_in(
    session: ClientSession, server: tuple[OneAnswerServer, Server]
) -> None:
    """Is asked without the usual path where that leads nowhere, from then on only so."""
    pool, place = server
    api = HeadframeApi(session, place, KEY, Limiter())
    pool.missing = "/api/backend"
    pool.answer = {"data": []}
    for _ in range(2):
        assert await api.call(BALANCE, path=PATH) == {"data": []}
    assert len(pool.asked) == 3
    assert pool.asked[-1].path == f"/below/miners/{ACCOUNT}/balance"


async def test_a_web_site(
    session: ClientSession, server: tuple[OneAnswerServer, Server]
) -> None:
    """Has a page for every path, which is no interface."""
    pool, place = server
    pool.missing, pool.answer = "/api/backend", b"<html>"
    with pytest.raises(Closed) as caught:
        await HeadframeApi(session, place, KEY, Limiter()).call(BALANCE, path=PATH)
    assert caught.value.status == 404


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("pool.headframe.io", "https://pool.headframe.io"),
        ("https://pool.headframe.io/", "https://pool.headframe.io"),
        ("pool.example:8443/below/", "https://pool.example:8443/below"),
        ("http://localhost:8080", "http://localhost:8080"),
        ("http://[::1]:8080", "http://[::1]:8080"),
        ("http://127.0.0.1", "http://127.0.0.1:80"),
        ("http://192.168.1.2:4010/a/b", "http://192.168.1.2:4010/a/b"),
        ("http://mock:4010", "http://mock:4010"),
        ("http://pool.local", "http://pool.local:80"),
    ],
)
def test_places(text: str, url: str) -> None:
    """A host, or an address with a port and a path."""
    place = parse_server(text)
    assert place.url == url
    assert parse_server(place.url) == place


@pytest.mark.parametrize(
    "text", ["http://pool.example", "http://8.8.8.8", "http://0.0.0.0", "ftp://x", ""]
)
def test_no_places(text: str) -> None:
    """Without TLS nothing leaves this machine."""
    with pytest.raises(ValueError, match=r".+"):
        parse_server(text)


# ---- operations


def test_operations() -> None:
    """Each has a name and a number of its own."""
    assert len({operation.number for operation in OPERATIONS.values()}) == len(
        OPERATIONS
    )
    assert sum(o.number.isdecimal() for o in OPERATIONS.values()) == 119
    assert OPERATIONS["bitcoin_price"].base == "site"
    assert OPERATIONS["login_flow"].base == "sign_in"
    assert OPERATIONS["miner"].base == "api"
    assert OPERATIONS["miner"].inferred
    assert not BALANCE.inferred


def test_clock_is_set_back(freezer: FrozenDateTimeFactory) -> None:
    """Ages go on: what is due stays due, and what was spent stays spent for its hour."""
    own, spent = group(), Budget(1)
    freezer.tick(1)
    now = dt_util.utcnow()
    own.finish(now)
    spent.spend(now)
    freezer.tick(timedelta(minutes=59))
    shift = timedelta(hours=2)
    with patch("homeassistant.util.dt.utcnow", lambda: datetime.now(UTC) - shift):
        assert not own.is_due(dt_util.utcnow())
        assert spent.left(dt_util.utcnow()) == 0
        freezer.tick(timedelta(minutes=1))
        assert own.is_due(dt_util.utcnow())
        assert spent.left(dt_util.utcnow()) == 1
        assert own.is_fresh(dt_util.utcnow(), timedelta())
        freezer.tick(timedelta(hours=3))
        assert not own.is_fresh(dt_util.utcnow(), timedelta())


# ---- the budget


def test_budget_of_any_hour() -> None:
    """Counts what was spent in the last one."""
    own = Budget(3)
    for minute in (0, 10, 20):
        own.spend(NOW + timedelta(minutes=minute))
    assert own.left(NOW + timedelta(minutes=59)) == 0
    assert own.left(NOW + timedelta(minutes=60)) == 1


def test_back_off() -> None:
    """Longer each time, half an hour at most; an answer ends it."""
    limiter = Limiter()
    now = NOW
    waits = []
    for _ in range(10):
        limiter.busy(now, None)
        waits.append(limiter.wait(now))
        now += timedelta(seconds=waits[-1])
        assert limiter.wait(now) == 0
    for number, wait in enumerate(waits):
        expected = min(60 * 2**number, 1800)
        assert 0.8 * expected <= wait <= 1.2 * expected
    limiter.answered()
    limiter.broken(now)
    assert limiter.wait(now) == 0
    limiter.broken(now)
    assert 24 <= limiter.wait(now) <= 36
    limiter.busy(now, 1000)
    limiter.busy(now, 10)
    assert limiter.wait(now) == 1000


def test_shares() -> None:
    """One login has so many requests for all of its accounts."""
    limiter = Limiter()
    assert limiter.share(60) == 60
    for account in "abc":
        limiter.account(account)
    assert limiter.share(60) == PER_LOGIN // 3
    assert limiter.account("a") is limiter.account("a")


def test_limiters(event_loop_session: ClientSession) -> None:
    """Are shared by everybody with the same credential at the same pool."""
    first = limiter_for(event_loop_session, "pool", "key")
    assert limiter_for(event_loop_session, "pool", "key") is first
    assert limiter_for(event_loop_session, "pool", "other") is not first
    assert limiter_for(event_loop_session, "elsewhere", "key") is not first


@pytest.fixture
async def event_loop_session(session: ClientSession) -> ClientSession:
    """Return a session for what itself is not asynchronous."""
    return session


async def test_a_gap_between_requests() -> None:
    """Two at once at most, and never two in the same moment."""
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    limiter = Limiter()
    with patch.object(budget, "GAP", 0.25), patch("asyncio.sleep", sleep):
        for _ in range(3):
            async with limiter.turn():
                pass
    assert slept == [pytest.approx(0.25, abs=0.1), pytest.approx(0.5, abs=0.1)]


# ---- groups


async def _nothing(_now: datetime) -> AsyncGenerator[None]:
    for _ in ():
        yield


def group(**facts: Any) -> Group:
    """Return a group that asks nothing."""
    return Group(
        name="x",
        feature=Feature.ACCOUNT,
        read=_nothing,
        period=timedelta(hours=1),
        **facts,
    )


def test_group_at_credit() -> None:
    """The day's times are in UTC; after the last one the period counts."""
    own = group(at_credit=True)
    at = datetime(2024, 3, 9, 9, 45, tzinfo=UTC)
    own.finish(at)
    assert own.due == steady(at.replace(hour=10, minute=20))
    own.finish(at.replace(hour=15))
    assert own.due == steady(at.replace(hour=16))


def test_group_that_fails() -> None:
    """Soon, then less and less; never later than its period."""
    own = group()
    waits = []
    for _ in range(9):
        own.fail(NOW)
        assert own.due is not None
        waits.append((own.due - steady(NOW)) / timedelta(minutes=1))
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    own.finish(NOW)
    assert own.failures == 0
    assert own.is_fresh(NOW + timedelta(hours=3), timedelta())
    assert not own.is_fresh(NOW + timedelta(hours=4), timedelta())
    assert own.close(NOW, 404)
    assert not own.close(NOW, 404)
    assert not own.is_fresh(NOW, timedelta())
