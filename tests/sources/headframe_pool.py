"""A Headframe without a wire: what a test wants answered, operation by operation."""

from collections.abc import Mapping
from datetime import UTC, datetime
import json
from pathlib import Path
import re
from typing import Any, cast
from urllib.parse import urlencode

from aiohttp import ClientSession
from multidict import CIMultiDict, CIMultiDictProxy

from custom_components.mining_rig.sources.common.contract import (
    InMemoryNotes,
    SourceContext,
)
from custom_components.mining_rig.sources.common.http import Answer, JsonHttp
from custom_components.mining_rig.sources.headframe.access import open_api
from custom_components.mining_rig.sources.headframe.operations import OPERATIONS
from custom_components.mining_rig.sources.headframe.parse.account import Account
from custom_components.mining_rig.sources.headframe.server import API
from custom_components.mining_rig.sources.headframe.source import HeadframeSource

FIXTURES = Path(__file__).parent.parent / "fixtures" / "headframe"
NOW = datetime(2024, 3, 9, 12, 30, tzinfo=UTC)
ACCOUNT = "7cc4835b-19ed-5178-99cf-92347605de56"
TOKEN = "hfwl_" + "0123456789abcdef" * 4
WATCHER = {"watcher_token": TOKEN}
SESSION = {"session_token": "ory_st_A1b2C3d4"}
API_KEY = {"api_key": "hfak_secret"}


def load(name: str) -> Any:
    """Return a sample answer: `seed/...` or `constructed/...`."""
    return json.loads((FIXTURES / name).read_bytes())


def constructed(name: str) -> Any:
    """Return an answer that was written for tests."""
    return load(f"constructed/{name}.json")


def seed(number: int) -> Any:
    """Return the documented answer of an operation."""
    (path,) = (FIXTURES / "seed").glob(f"{number:03}_*.response.json")
    return json.loads(path.read_bytes())


HOME: Mapping[str, Any] = {
    "watcher": constructed("watcher_permissions.one_miner"),
    "current_user": constructed("current_user.one_miner"),
    "miner": constructed("miner_details.home"),
    "miner_stats": constructed("miners_stats.home"),
    "miner_workers": constructed("miner_workers.four"),
    "worker_stats": constructed("workers_stats.four"),
    "miner_processing_earnings": constructed(
        "miner_processing_earnings.before_accrual"
    ),
    "miner_balance": constructed("miner_balance.home"),
    "miner_earned_all_time": constructed("miner_earned_all_time.home"),
    "miner_payments": constructed("miner_payments.four"),
    "wallet_addresses": seed(40),
    "wallet_min_payments": constructed("wallet_min_payments.current_and_future"),
    "miner_fees": seed(50),
    "operator_miner_fees": seed(96),
    "reward_rates": seed(111),
    "anonymous_pool_stats": seed(127),
    "referrals": seed(24),
    "profit_sharings": seed(25),
    "notifications": seed(12),
    "miner_charts": constructed("miners_charts.P1D.home"),
    "worker_charts": constructed("workers_charts.P1D.two"),
}
"""What the pool answers about the account of the samples."""


class FakePool:
    """Answers each operation with what it was given, and notes what was asked."""

    def __init__(self, answers: Mapping[str, Any] = HOME) -> None:
        """Begin with those answers: JSON, an `Answer`, or an error to raise."""
        self.answers = dict(answers)
        self.asked: list[str] = []
        """The names of the operations, in order."""
        self.requests: list[tuple[str, str, Mapping[str, Any], Any]] = []
        """Method, path, query and body."""
        self.headers: list[Mapping[str, str]] = []

    def count(self, name: str) -> int:
        """Return how often an operation was asked."""
        return self.asked.count(name)

    async def request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        body: Any = None,
    ) -> Answer:
        """Answer as `JsonHttp.request`."""
        assert path.startswith(API)
        path = path.removeprefix(API)
        assert len(urlencode(query or {}, doseq=True)) < 2000
        name = _operation_of(method, path)
        self.asked.append(name)
        self.requests.append((method, path, query or {}, body))
        self.headers.append(headers or {})
        answer = self.answers.get(name, 404)
        if callable(answer):
            answer = answer(path, query or {})
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, Answer):
            return answer
        if type(answer) is int:
            return status(answer)
        return Answer(200, json.dumps(answer).encode())


def _operation_of(method: str, path: str) -> str:
    # `/miners/stats` is no miner's.
    plain_first = sorted(OPERATIONS.values(), key=lambda o: len(o.parameters))
    for operation in plain_first:
        for template in (operation.path, *operation.others):
            pattern = re.sub(r"{\w+}", "[^/]+", template)
            if operation.method == method and re.fullmatch(pattern, path):
                return operation.name
    raise AssertionError(f"{method} {path} is no operation")


def status(number: int, body: Any = None, **headers: str) -> Answer:
    """Return an answer with another status."""
    encoded = b"" if body is None else json.dumps(body).encode()
    return Answer(number, encoded, CIMultiDictProxy(CIMultiDict(headers)))


class NoSession:
    """Takes the place of a session that nobody asks."""


def open_source(
    pool: FakePool,
    credential: Mapping[str, str] | None = None,
    *,
    kind: str = "miner",
    account: str = ACCOUNT,
    session: NoSession | None = None,
    notes: InMemoryNotes | None = None,
    allow_writing: bool = False,
) -> HeadframeSource:
    """Return the source of an account at that pool."""
    context = SourceContext(
        data={**(WATCHER if credential is None else credential), "account": account},
        session=cast("ClientSession", session or NoSession()),
        notes=notes or InMemoryNotes(),
        options={"allow_writing": allow_writing},
    )
    api = open_api(context)
    api._http = cast("JsonHttp", pool)
    return HeadframeSource(context, api, Account(kind=kind, id=account))
