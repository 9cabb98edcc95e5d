"""A Headframe account as a source: rounds, budget, what is closed, what is changed."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
import logging
from typing import Any
from unittest.mock import patch

from freezegun.api import FrozenDateTimeFactory
from homeassistant.util import dt as dt_util
from hypothesis import given
import pytest

from custom_components.mining_rig.model import (
    RIG,
    Channel,
    Control,
    Part,
    Quantity,
    Snapshot,
    Value,
    Window,
)
from custom_components.mining_rig.readings import HASHRATE
from custom_components.mining_rig.sources.common.contract import (
    CommandRefused,
    Diagnosed,
    HistoryProvider,
    InMemoryNotes,
    Polled,
    SourceBusy,
    SourceContext,
    SourceError,
    SourceRefused,
    SourceUnreachable,
    Writable,
)
from custom_components.mining_rig.sources.common.http import Answer
from custom_components.mining_rig.sources.headframe import budget, readings
from custom_components.mining_rig.sources.headframe.budget import PER_ACCOUNT
from custom_components.mining_rig.sources.headframe.source import (
    HeadframeSource,
    async_open,
)

from .headframe_pool import (
    ACCOUNT,
    API_KEY,
    HOME,
    NOW,
    SESSION,
    TOKEN,
    WATCHER,
    FakePool,
    NoSession,
    constructed,
    open_source,
    seed,
    status,
)
from .spoil import check_value, spoilt

MINUTE = timedelta(minutes=1)
S19 = "1a44815d-02fc-5997-9ba7-5a87419001ea"
MONEY = ("miner_processing_earnings", "miner_payments", "miner_balance")


@pytest.fixture(autouse=True)
def _no_gap() -> Iterator[None]:
    """Let requests follow each other at once."""
    with patch.object(budget, "GAP", 0):
        yield


def shown(snapshot: Snapshot, part: str = RIG) -> dict[str, Value]:
    """Return the values of a part by the keys of their channels."""
    return {c.key: value for c, value in snapshot.parts[part].values.items()}


async def read_for(
    source: HeadframeSource, minutes: int, now: datetime = NOW
) -> Snapshot:
    """Read once a minute and return the last reading."""
    snapshot = await source.read(now)
    for minute in range(1, minutes + 1):
        snapshot = await source.read(now + minute * MINUTE)
    return snapshot


def workers(count: int) -> Any:
    """Return what answers a list of so many workers, page by page."""
    items = [
        {"id": f"w-{number}", "name": "rig", "behavior": "hardware", "status": "stable"}
        for number in range(count)
    ]

    def answer(_path: str, query: Any) -> Any:
        limit, offset = int(query["limit"]), int(query["offset"])
        return {
            "data": items[offset : offset + limit] or None,
            "pagination": {"limit": limit, "offset": offset, "total_count": count},
        }

    return answer


# ---- what is told


async def test_account() -> None:
    """Everything of the sample account."""
    pool = FakePool()
    source = open_source(pool)
    assert isinstance(source, Polled)
    assert isinstance(source, Writable)
    assert isinstance(source, HistoryProvider)
    assert isinstance(source, Diagnosed)
    snapshot = await source.read(NOW)
    told = shown(snapshot)
    assert told["hashrate"] == 195412345678901.25
    assert told["headframe_workers_off"] == 1
    assert told["headframe_workers_down"] is True
    assert told["headframe_earnings_in_processing"] == Decimal("0.00032835")
    assert told["headframe_balance"] == Decimal("0.000718845512003")
    assert told["headframe_last_reward"] == Decimal("0.000218740113002")
    assert told["headframe_last_payout"] == Decimal("0.00103112")
    assert told["headframe_payout_threshold"] == Decimal("0.001")
    assert told["headframe_fee"] == pytest.approx(0.9)
    assert told["headframe_operator_fee"] == pytest.approx(0.9)
    assert told["headframe_reward_rate"] == Decimal("0.00000367")
    assert told["headframe_pool_miners"] == 3000
    assert told["headframe_referrals"] == 1
    assert told["headframe_profit_shared"] == pytest.approx(0.9)
    assert told["headframe_wallet_address"] == "3FZbgi29cpjq2GjdwV8eyHuJJnkLtktZc5"
    assert shown(snapshot, S19)["headframe_status"] == "stable"
    assert shown(snapshot, S19)["headframe_online"] is True
    assert shown(snapshot, S19)["hashrate"] == 95412345678901.25
    assert snapshot.parts[S19].name == "s19-garage"
    assert len(snapshot.parts) == 5
    assert not snapshot.parts[RIG].controls
    assert snapshot.events == ()
    assert source.address == "https://pool.headframe.io"


@pytest.mark.parametrize(
    ("credential", "header", "value"),
    [
        (WATCHER, "X-Watcher-Token", TOKEN),
        (API_KEY, "Authorization", "Bearer hfak_secret"),
        (SESSION, "X-Session-Token", "ory_st_A1b2C3d4"),
    ],
)
async def test_credentials(credential: dict[str, str], header: str, value: str) -> None:
    """Each kind has a header of its own, and no other goes with it."""
    pool = FakePool()
    source = open_source(pool, credential)
    identity = await source.identify()
    assert identity.rig_id == ACCOUNT
    assert identity.title == "HomeGarage"
    assert identity.stable
    await source.read(NOW)
    for headers in pool.headers:
        assert headers[header] == value
        assert set(headers) == {header, "Accept"}
    assert value.rsplit(maxsplit=1)[-1] not in repr(source.api.credential)


@pytest.mark.parametrize("kind", ["operator", "pool"])
async def test_operators_and_pools(kind: str) -> None:
    """They tell the same, by other operations, and can only be read."""
    numbers = {"operator": (80, 95, 92, 88, 85), "pool": (54, 63, 67, 88, 58)}[kind]
    names = ("", "_stats", "_workers", "_processing_earnings", "_payments")
    answers = {f"{kind}{name}": seed(n) for name, n in zip(names, numbers, strict=True)}
    pool = FakePool({**HOME, **answers})
    source = open_source(pool, API_KEY, kind=kind, allow_writing=True)
    snapshot = await source.read(NOW)
    told = shown(snapshot)
    assert told["hashrate"] == 100000000000000
    assert told["headframe_earnings_today"] == Decimal("0.00068716")
    assert told["headframe_workers"] == 1
    assert told["headframe_payout_threshold"] is not None
    assert snapshot.parts[RIG].model == f"{kind.capitalize()} account"
    assert not snapshot.parts[RIG].controls
    assert not [name for name in pool.asked if name.startswith("miner")]


async def test_several_wallets() -> None:
    """Each has readings of its own; the second one has a number."""
    details = {**HOME["miner"], "wallets": ["wallet-a", "wallet-b"]}
    source = open_source(
        FakePool({**HOME, "miner": details}), API_KEY, allow_writing=True
    )
    snapshot = await source.read(NOW)
    told = shown(snapshot)
    assert told["headframe_payout_threshold_2"] == Decimal("0.001")
    assert told["headframe_wallet_address_2"]
    assert readings.THRESHOLD_SET.channel(number=2) in snapshot.parts[RIG].controls


@pytest.mark.parametrize(
    "details", ["miner_details.no_wallets_no_title", "miner_details.home"]
)
async def test_nothing_there_yet(details: str) -> None:
    """Null and empty lists are no error."""
    empty = {"data": None, "pagination": {"limit": 100, "offset": 0, "total_count": 0}}
    pool = FakePool(
        {
            **HOME,
            "miner": constructed(details),
            "miner_stats": {},
            "miner_workers": empty,
            "miner_payments": constructed("miner_payments.data_null"),
            "miner_processing_earnings": {"data": None},
            "miner_balance": {"data": []},
            "miner_fees": empty,
            "referrals": empty,
            "profit_sharings": {"data": None},
            "wallet_addresses": {"data": None},
            "wallet_min_payments": {"data": []},
            "reward_rates": {"rates": None},
        }
    )
    snapshot = await open_source(pool).read(NOW)
    told = shown(snapshot)
    assert [*snapshot.parts] == [RIG]
    assert told["headframe_workers"] == 0
    assert "hashrate" not in told
    assert "headframe_balance" not in told
    assert pool.count("worker_stats") == 0
    assert snapshot.unparsed == ()


ANSWERED = sorted(HOME)


@given(spoilt({name: HOME[name] for name in ANSWERED}))
def test_any_answer(answers: Any) -> None:
    """Whatever the pool answers, nothing but a SourceError comes of it."""
    if not isinstance(answers, dict):
        answers = {}
    pool = FakePool({name: answers.get(name) for name in ANSWERED})

    async def read() -> None:
        source = open_source(pool, API_KEY, allow_writing=True)
        try:
            for minute in range(3):
                snapshot = await source.read(NOW + minute * MINUTE)
                check_parts(snapshot)
            await source.history(None, NOW)
        except SourceError:
            return
        finally:
            await source.close()

    with patch.object(budget, "GAP", 0):
        asyncio.run(read())


def check_parts(snapshot: Snapshot) -> None:
    """Fail where something of the wrong type is told."""
    for part in snapshot.parts.values():
        _check_part(part)


def _check_part(part: Part) -> None:
    for channel, value in part.values.items():
        if channel.reading.quantity is Quantity.MONEY:
            assert isinstance(value, Decimal)
        elif channel is readings.TITLE.plain:
            assert isinstance(value, str)
        else:
            check_value(channel, value)


# ---- how often it is asked


async def test_an_hour_of_four_workers() -> None:
    """Fast things every five minutes, the rest as often as it changes."""
    pool = FakePool()
    source = open_source(pool)
    await read_for(source, 59)
    assert pool.count("miner_stats") == 12
    assert pool.count("worker_stats") == 12
    assert pool.count("miner_processing_earnings") == 4
    assert pool.count("miner_balance") == 2
    assert pool.count("miner") == 1
    assert pool.count("reward_rates") == 1
    assert len(pool.asked) <= PER_ACCOUNT


@pytest.mark.parametrize("count", [41, 100, 300, 2500])
async def test_budget(count: int) -> None:
    """However many workers there are, no hour takes more than the budget."""
    pool = FakePool({**HOME, "miner_workers": workers(count), "worker_stats": {}})
    source = open_source(pool)
    asked: list[int] = []
    for minute in range(241):
        before = len(pool.asked)
        now = NOW + minute * MINUTE
        snapshot = await source.read(now)
        if minute % 60 == 1:
            await source.history(now - 2 * MINUTE, now)
        asked.append(len(pool.asked) - before)
    for start in range(len(asked) - 59):
        assert sum(asked[start : start + 60]) <= PER_ACCOUNT
    assert len(snapshot.parts) == count + 1
    assert pool.count("miner_stats") >= 2
    assert pool.count("miner_processing_earnings") >= 8


async def test_entries_of_one_login() -> None:
    """Share 120 requests an hour."""
    session = NoSession()
    pools = [FakePool() for _ in range(3)]
    sources = [
        open_source(pool, session=session, account=f"account-{number}")
        for number, pool in enumerate(pools)
    ]
    for minute in range(60):
        for source in sources:
            await source.read(NOW + minute * MINUTE)
    assert sum(len(pool.asked) for pool in pools) <= 120
    assert all(pool.count("miner_stats") >= 5 for pool in pools)


async def test_a_reload_does_not_forget_what_was_spent() -> None:
    """Nor that the pool wants to be left alone."""
    session = NoSession()
    pool = FakePool()
    await read_for(open_source(pool, session=session), 30)
    spent = len(pool.asked)
    source = open_source(pool, session=session)
    await source.read(NOW + 31 * MINUTE)
    left = source.diagnostics()["requests_left"]
    assert left == PER_ACCOUNT - len(pool.asked)
    assert len(pool.asked) > spent


async def test_money_is_looked_at_when_it_is_paid() -> None:
    """Shortly after the daily credit, not up to an hour later."""
    pool = FakePool()
    source = open_source(pool)
    before = NOW.replace(hour=9, minute=50)
    await source.read(before)
    await source.read(before + 29 * MINUTE)
    assert pool.count("miner_payments") == 1
    await source.read(before + 31 * MINUTE)
    assert pool.count("miner_payments") == 2


async def test_a_clock_that_was_set_back(freezer: FrozenDateTimeFactory) -> None:
    """Puts nothing off: it is due after the same time."""
    pool = FakePool()
    source = open_source(pool)
    with patch(
        "homeassistant.util.dt.utcnow",
        lambda: datetime.now(UTC) + timedelta(days=400),
    ):
        await source.read(dt_util.utcnow())
    freezer.tick(timedelta(hours=1))
    await source.read(dt_util.utcnow())
    assert pool.count("miner_stats") == 2


# ---- workers that come and go


async def test_a_worker_is_gone_after_two_lists() -> None:
    """One list without it proves nothing."""
    pool = FakePool()
    notes = InMemoryNotes()
    source = open_source(pool, notes=notes)
    await source.read(NOW)
    rest = {**HOME["miner_workers"]}
    rest["data"] = [item for item in rest["data"] if item["id"] != S19]
    rest["pagination"] = {"limit": 100, "offset": 0, "total_count": 3}
    pool.answers["miner_workers"] = rest
    snapshot = await source.read(NOW + 5 * MINUTE)
    assert S19 in snapshot.parts
    snapshot = await source.read(NOW + 10 * MINUTE)
    assert S19 not in snapshot.parts
    assert snapshot.removed == {S19}
    assert (await source.read(NOW + 11 * MINUTE)).removed == frozenset()
    pool.answers["miner_workers"] = HOME["miner_workers"]
    snapshot = await source.read(NOW + 15 * MINUTE)
    assert S19 in snapshot.parts


async def test_a_worker_that_went_while_nobody_looked() -> None:
    """It is remembered over a restart, so that its device can go."""
    notes = InMemoryNotes()
    await open_source(FakePool(), notes=notes).read(NOW)
    pool = FakePool({**HOME, "miner_workers": workers(1)})
    source = open_source(pool, notes=notes)
    assert (await source.read(NOW)).removed == frozenset()
    assert S19 in (await source.read(NOW + 5 * MINUTE)).removed


async def test_a_list_that_is_cut_removes_nobody() -> None:
    """The pool says that there are more than it sends."""
    pool = FakePool()
    source = open_source(pool)
    await source.read(NOW)
    cut = {"data": None, "pagination": {"limit": 100, "offset": 0, "total_count": 4}}
    pool.answers["miner_workers"] = cut
    snapshot = await read_for(source, 20, NOW + MINUTE)
    assert len(snapshot.parts) == 5
    assert not snapshot.removed


async def test_a_worker_without_statistics() -> None:
    """One that is missing in an answer has no values; the others have."""
    stats = {key: value for key, value in HOME["worker_stats"].items() if key != S19}
    source = open_source(FakePool({**HOME, "worker_stats": stats}))
    snapshot = await source.read(NOW)
    assert "hashrate" not in shown(snapshot, S19)
    assert "headframe_status" in shown(snapshot, S19)
    (other, *_) = [key for key in snapshot.parts if key not in (RIG, S19)]
    assert "hashrate" in shown(snapshot, other)


# ---- events


async def test_status_changes() -> None:
    """Are told once; the first list tells of none."""
    pool = FakePool()
    source = open_source(pool)
    assert (await source.read(NOW)).events == ()
    changed = {**HOME["miner_workers"]}
    changed["data"] = [
        {**item, "status": "off"} if item["id"] == S19 else item
        for item in changed["data"]
    ]
    pool.answers["miner_workers"] = changed
    (happening,) = (await source.read(NOW + 5 * MINUTE)).events
    assert happening.part == S19
    assert happening.type == "off"
    assert happening.attributes == {"worker": "s19-garage", "before": "stable"}
    assert (await source.read(NOW + 10 * MINUTE)).events == ()


async def test_payments_are_told_once() -> None:
    """New ones only, over restarts; the transaction is nobody's business."""
    notes = InMemoryNotes()
    pool = FakePool()
    assert (await open_source(pool, notes=notes).read(NOW)).events == ()
    more = {**HOME["miner_payments"]}
    newer = [
        {**more["data"][1], "id": "new-1", "created_at": "2024-03-10T10:10:04Z"},
        {**more["data"][0], "id": "new-2", "created_at": "2024-03-10T12:00:00Z"},
        {**more["data"][3], "id": "new-3", "created_at": None, "amount": "1E-8"},
    ]
    pool.answers["miner_payments"] = {"data": [*newer, *more["data"]]}
    source = open_source(pool, notes=notes)
    told = (await source.read(NOW + timedelta(days=1))).events
    assert [happening.type for happening in told] == ["other", "reward", "payout"]
    assert told[0].attributes["amount"] == "0.00000001"
    assert told[0].attributes["payment"] == "profit_sharing"
    assert told[1].attributes["amount"] == "0.000218740113002"
    assert told[1].attributes["time"] == "2024-03-10T10:10:04+00:00"
    assert more["data"][0]["metadata"]["tx_hash"] not in str(told)
    assert (await read_for(source, 70, NOW + timedelta(days=1))).events == ()


async def test_the_last_payout_may_be_pages_away() -> None:
    """It is asked for once, by its type."""
    rewards = [p for p in HOME["miner_payments"]["data"] if p["type"] == "reward"]

    def answer(_path: str, query: Any) -> Any:
        if query.get("type") == ["payout"]:
            return {"data": HOME["miner_payments"]["data"][:1]}
        return {"data": rewards}

    pool = FakePool({**HOME, "miner_payments": answer})
    source = open_source(pool)
    snapshot = await read_for(source, 120)
    assert shown(snapshot)["headframe_last_payout"] == Decimal("0.00103112")
    assert sum("type" in query for _, _, query, _ in pool.requests) == 1


# ---- what is closed


async def test_a_wrong_guess_costs_one_feature(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """It is told once, left alone for a day, and tried again."""
    caplog.set_level(logging.INFO)
    pool = FakePool({**HOME, "miner_balance": 404, "reward_rates": 405})
    source = open_source(pool)
    snapshot = await read_for(source, 180)
    assert pool.count("miner_balance") == 1
    assert caplog.text.count("balance is not open") == 1
    assert source.diagnostics()["not_open"] == {"balance": 404, "reward_rate": 405}
    told = shown(snapshot)
    assert "headframe_balance" not in told
    assert "headframe_earnings_today" in told
    assert TOKEN not in caplog.text
    pool.answers["miner_balance"] = HOME["miner_balance"]
    snapshot = await source.read(NOW + timedelta(hours=25))
    assert "headframe_balance" in shown(snapshot)
    assert source.diagnostics()["not_open"] == {"reward_rate": 405}


@pytest.mark.parametrize("number", [401, 403])
async def test_a_link_without_payments(number: int) -> None:
    """Is asked whether it is one still; then only the money is missing."""
    pool = FakePool({**HOME, **dict.fromkeys(MONEY, number)})
    source = open_source(pool)
    snapshot = await read_for(source, 30)
    told = shown(snapshot)
    assert "hashrate" in told
    assert "headframe_earnings_today" not in told
    assert not snapshot.parts[RIG].events
    assert pool.count("watcher") == 1
    assert {"earnings", "payments", "balance"} == {*source.diagnostics()["not_open"]}


@pytest.mark.parametrize("number", [401, 403, 404])
async def test_a_link_that_was_deleted(number: int) -> None:
    """New credentials are asked for, once, and the pool is left alone."""
    pool = FakePool()
    source = open_source(pool)
    await source.read(NOW)
    pool.answers = dict.fromkeys(pool.answers, number)
    with pytest.raises(SourceRefused):
        await source.read(NOW + 5 * MINUTE)
    asked = len(pool.asked)
    with pytest.raises(SourceRefused):
        await source.read(NOW + 6 * MINUTE)
    assert len(pool.asked) == asked
    pool.answers = dict(HOME)
    assert shown(await source.read(NOW + timedelta(hours=2)))["hashrate"]


async def test_a_link_that_cannot_be_checked_now() -> None:
    """Is no reason to ask for another one."""
    pool = FakePool({**HOME, "miner_balance": 401, "watcher": 500})
    source = open_source(pool)
    assert shown(await source.read(NOW))["hashrate"]


@pytest.mark.parametrize("credential", [SESSION, API_KEY])
async def test_a_session_that_ended(credential: dict[str, str]) -> None:
    """A 401 in the middle of a round leads to re-authentication."""
    pool = FakePool({**HOME, "miner_balance": 401})
    source = open_source(pool, credential)
    with pytest.raises(SourceRefused):
        await source.read(NOW)


async def test_an_account_that_is_closed() -> None:
    """A 403 for the account itself means that the sign-in has no right there."""
    with pytest.raises(SourceRefused):
        await open_source(FakePool({**HOME, "miner": 403}), SESSION).read(NOW)
    snapshot = await open_source(FakePool({**HOME, "miner": 404}), SESSION).read(NOW)
    assert "hashrate" in shown(snapshot)


async def test_identify() -> None:
    """Nobody who is signed in, another account, no credential."""
    nobody: tuple[Any, ...] = ({"user": {}}, {"user": None, "permissions": []})
    for user in nobody:
        with pytest.raises(SourceRefused):
            await open_source(FakePool({"current_user": user}), SESSION).identify()
    with pytest.raises(SourceRefused):
        await open_source(FakePool(), account="another").identify()
    with pytest.raises(SourceRefused):
        open_source(FakePool(), {})


@pytest.mark.parametrize(
    "place", ["http://pool.example", "not a host", "ftp://pool.headframe.io"]
)
async def test_a_pool_without_tls(place: str) -> None:
    """Nothing is sent there."""
    context = SourceContext(
        data={**WATCHER, "account": ACCOUNT, "pool": place},
        session=NoSession(),  # type: ignore[arg-type] # nobody is asked
    )
    with pytest.raises(SourceUnreachable):
        await async_open(context)


async def test_open() -> None:
    """From an entry's data; nothing is asked."""
    context = SourceContext(
        data={**WATCHER, "account": ACCOUNT, "pool": "https://pool.example:8443/x"},
        session=NoSession(),  # type: ignore[arg-type] # nobody is asked
    )
    source = await async_open(context)
    assert source.address == "https://pool.example:8443/x"
    assert source.account.kind == "miner"
    await source.close()


async def test_guesses_of_one_path() -> None:
    """Are tried in turn, once; the right one is remembered."""
    found: list[str] = []

    def answer(path: str, _query: Any) -> Any:
        found.append(path)
        return HOME["current_user"] if path == "/users/current" else 404

    pool = FakePool({**HOME, "current_user": answer})
    source = open_source(pool, SESSION)
    await source.identify()
    await source.identify()
    assert found == ["/users/me", "/user", "/users/current", "/users/current"]


# ---- a pool that fails


async def test_kept_while_the_pool_is_away() -> None:
    """For a quarter of an hour; then nothing is known."""
    pool = FakePool()
    source = open_source(pool)
    await source.read(NOW)
    pool.answers = dict.fromkeys(pool.answers, SourceUnreachable("away"))
    snapshot = await read_for(source, 14, NOW + MINUTE)
    assert shown(snapshot)["hashrate"]
    asked = len(pool.asked)
    with pytest.raises(SourceUnreachable):
        await source.read(NOW + 17 * MINUTE)
    assert len(pool.asked) - asked <= 1
    pool.answers = dict(HOME)
    snapshot = await source.read(NOW + timedelta(hours=2))
    assert shown(snapshot)["hashrate"]


async def test_asked_less_and_less_while_the_pool_is_away() -> None:
    """An outage of a day costs few requests; the first success ends it."""
    pool = FakePool(dict.fromkeys(HOME, 502))
    source = open_source(pool)
    for minute in range(24 * 60):
        with pytest.raises(SourceUnreachable):
            await source.read(NOW + minute * MINUTE)
    assert len(pool.asked) < 80
    pool.answers = dict(HOME)
    day = NOW + timedelta(days=1)
    for minute in range(60):
        try:
            snapshot = await source.read(day + minute * MINUTE)
        except SourceUnreachable:
            continue
        break
    assert shown(snapshot)["hashrate"]


async def test_one_operation_that_fails() -> None:
    """Costs what it tells and few requests; the rest goes on."""
    pool = FakePool({**HOME, "miner_processing_earnings": 500})
    source = open_source(pool)
    snapshot = await read_for(source, 59)
    told = shown(snapshot)
    assert "headframe_earnings_today" not in told
    assert "headframe_balance" in told
    assert pool.count("miner_stats") >= 10
    assert pool.count("miner_processing_earnings") <= 10
    assert source.diagnostics()["failing"]["earnings"]


@pytest.mark.parametrize("unparsed", [[], "x", {"data": 7}, status(200, None)])
async def test_an_answer_that_is_none(unparsed: Any) -> None:
    """Costs only what it would have told."""
    pool = FakePool({**HOME, "miner_workers": unparsed, "miner_balance": []})
    snapshot = await open_source(pool).read(NOW)
    assert shown(snapshot)["hashrate"]
    assert "headframe_balance" not in shown(snapshot)


async def test_busy() -> None:
    """Everything waits as long as the pool says; what is known is kept."""
    pool = FakePool()
    source = open_source(pool)
    await source.read(NOW)
    pool.answers = dict.fromkeys(pool.answers, SourceBusy("busy", 3600.0))
    await source.read(NOW + 5 * MINUTE)
    asked = len(pool.asked)
    snapshot = await read_for(source, 20, NOW + 6 * MINUTE)
    assert shown(snapshot)["hashrate"]
    with pytest.raises(SourceBusy) as caught:
        await source.read(NOW + 40 * MINUTE)
    assert caught.value.retry_after == pytest.approx(25 * 60)
    with pytest.raises(SourceBusy):
        await source.api.call(_operation("daily_report"), path={"miner_id": ACCOUNT})
    assert len(pool.asked) == asked
    pool.answers = dict(HOME)
    assert shown(await source.read(NOW + 66 * MINUTE))["hashrate"]


async def test_busy_from_the_beginning() -> None:
    """There is nothing to keep."""
    pool = FakePool(dict.fromkeys(HOME, SourceBusy("busy")))
    source = open_source(pool)
    with pytest.raises(SourceBusy) as caught:
        await source.read(NOW)
    assert caught.value.retry_after is not None
    assert 48 <= caught.value.retry_after <= 72


async def test_slow_answers() -> None:
    """A reading takes no longer than it may; the rest comes in the next one."""
    pool = FakePool()
    source = open_source(pool)
    clock = asyncio.get_running_loop().time()

    def slow(_path: str, _query: Any) -> Any:
        nonlocal clock
        clock += 5
        return HOME["miner_stats"]

    pool.answers["miner_stats"] = slow
    pool.answers["miner"] = lambda *_: slow("", {}) and HOME["miner"]
    loop = asyncio.get_running_loop()
    with patch.object(loop, "time", lambda: clock):
        await source.read(NOW)
        assert pool.asked == ["miner", "miner_stats"]
        snapshot = await source.read(NOW + MINUTE)
    assert len(snapshot.parts) == 5


async def test_an_answer_that_never_comes() -> None:
    """Is given up in time."""
    pool = FakePool()
    source = open_source(pool)
    module = "custom_components.mining_rig.sources.headframe.source"

    async def never(*_args: object, **_kwargs: object) -> None:
        await asyncio.Event().wait()

    with (
        patch.object(pool, "request", never),
        patch(f"{module}._TIME", 0.02),
        patch(f"{module}._LAST", 0.01),
        pytest.raises(SourceUnreachable) as caught,
    ):
        await source.read(NOW)
    assert caught.value.timed_out
    assert shown(await source.read(NOW + 2 * MINUTE))["hashrate"]


async def test_a_reading_that_is_given_up() -> None:
    """What was under way is asked again, not taken for answered."""
    pool = FakePool()
    source = open_source(pool)

    async def never(*_args: object, **_kwargs: object) -> None:
        await asyncio.Event().wait()

    with patch.object(pool, "request", never), pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await source.read(NOW)
    snapshot = await source.read(NOW + 2 * MINUTE)
    assert shown(snapshot)["headframe_account_status"] == "active"


async def test_closed_in_the_middle_of_a_round() -> None:
    """Nothing is left behind."""
    pool = FakePool({**HOME, "miner_workers": workers(250)})
    source = open_source(pool)
    with patch.object(budget, "PER_ACCOUNT", 9):
        source = open_source(pool, session=NoSession())
    await source.read(NOW)
    assert pool.asked[-1] == "miner_workers"
    await source.close()


# ---- what is changed


def _operation(name: str) -> Any:
    from custom_components.mining_rig.sources.headframe.operations import OPERATIONS

    return OPERATIONS[name]


async def written(
    pool: FakePool, channel: Channel[Any], value: Value
) -> tuple[str, str, Any]:
    """Write one setting; return method, path and body of what was sent."""
    source = open_source(pool, SESSION, allow_writing=True)
    snapshot = await source.read(NOW)
    control = snapshot.parts[RIG].controls[channel]
    await source.write(RIG, control, value)
    method, path, _, body = pool.requests[-1]
    return method, path, body


@pytest.mark.parametrize(
    ("channel", "value", "method", "path", "body"),
    [
        (
            readings.THRESHOLD_SET.plain,
            Decimal("1E-3"),
            "POST",
            "/wallets/a643c3cb-c2c9-590e-92d2-7768dd3e24ae/min-payments",
            {"amount": "0.001"},
        ),
        (
            readings.TITLE.plain,
            " Garage ",
            "PUT",
            f"/miners/{ACCOUNT}/title",
            {"title": "Garage"},
        ),
        (readings.TITLE.plain, "", "DELETE", f"/miners/{ACCOUNT}/title", None),
        (
            readings.LANGUAGE.plain,
            "ru",
            "PUT",
            "/users/me/language",
            {"language": "ru"},
        ),
        (
            readings.NOTIFICATIONS["telegram", "worker-status-changed"].plain,
            False,
            "PATCH",
            "/users/36f3f997-5bb3-50aa-91f2-0705fba0fa37/notifications",
            {"email": {}, "telegram": {"worker-status-changed": {"enabled": False}}},
        ),
    ],
)
async def test_settings(
    channel: Channel[Any], value: Value, method: str, path: str, body: Any
) -> None:
    """Each is one request, exactly; nothing else is changed."""
    written_to: dict[str, Any] = {
        "change_wallet_min_payment": {},
        "set_title": {},
        "set_language": {},
        "set_notifications": {},
    }
    pool = FakePool({**HOME, **written_to, "delete_title": status(204)})
    assert await written(pool, channel, value) == (method, path, body)


async def test_a_change_is_looked_for() -> None:
    """At once, a few times, whatever the budget says of the group."""
    pool = FakePool({**HOME, "change_wallet_min_payment": {}})
    source = open_source(pool, SESSION, allow_writing=True)
    snapshot = await source.read(NOW)
    control = snapshot.parts[RIG].controls[readings.THRESHOLD_SET.plain]
    await source.write(RIG, control, Decimal("0.01"))
    pool.answers["wallet_min_payments"] = {
        "data": [{"amount": "0.01", "valid_from": "2024-03-10T00:00:00Z"}]
    }
    snapshot = await source.read(NOW + timedelta(seconds=1))
    assert shown(snapshot)["headframe_payout_threshold_set"] == Decimal("0.01")
    for second in range(2, 20):
        await source.read(NOW + timedelta(seconds=second))
    assert pool.count("wallet_min_payments") <= 6


@pytest.mark.parametrize(
    ("number", "key"),
    [
        (400, "headframe_invalid"),
        (403, "headframe_closed"),
        (404, "headframe_not_there"),
        (409, "headframe_invalid"),
    ],
)
async def test_a_change_that_is_refused(number: int, key: str) -> None:
    """Is said in words, and never sent again."""
    pool = FakePool({**HOME, "set_title": number})
    with pytest.raises(CommandRefused) as caught:
        await written(pool, readings.TITLE.plain, "x")
    assert caught.value.translation_key == key
    assert pool.count("set_title") == 1


@pytest.mark.parametrize(
    ("credential", "allow_writing"), [(WATCHER, True), (SESSION, False)]
)
async def test_read_only(credential: dict[str, str], allow_writing: bool) -> None:
    """A watcher link never writes; anything else only where the owner wants it."""
    pool = FakePool()
    source = open_source(pool, credential, allow_writing=allow_writing)
    snapshot = await source.read(NOW)
    assert not snapshot.parts[RIG].controls
    assert pool.count("notifications") == 0
    with pytest.raises(CommandRefused):
        await source.write(RIG, Control(channel=readings.TITLE.plain), "x")


async def test_no_setting() -> None:
    """What is no setting of the account is not sent."""
    source = open_source(FakePool(), SESSION, allow_writing=True)
    channels: list[Channel[Any]] = [
        HASHRATE.plain,
        readings.THRESHOLD_SET.channel(number=7),
        readings.NOTIFICATIONS["email", "user-login"].plain,
    ]
    for channel in channels:
        with pytest.raises(CommandRefused):
            await source.write(RIG, Control(channel=channel), Decimal(1))


async def test_a_user_of_another_language() -> None:
    """A language that cannot be chosen is no choice."""
    pool = FakePool({**HOME, "current_user": {"user": {"id": "u-1", "language": "fr"}}})
    snapshot = await open_source(pool, SESSION, allow_writing=True).read(NOW)
    assert readings.LANGUAGE.plain not in snapshot.parts[RIG].controls
    assert pool.count("notifications") == 1


@pytest.mark.parametrize("user", [{}, {"user": None}, {"user": {"language": "en"}}])
async def test_nobody_is_signed_in(user: Any) -> None:
    """The pool says so by leaving out the user, not by the status."""
    pool = FakePool({**HOME, "current_user": user})
    with pytest.raises(SourceRefused):
        await open_source(pool, SESSION, allow_writing=True).read(NOW)


@pytest.mark.parametrize(
    "failure", [500, Answer(200, b"<html>")], ids=["fails", "web page"]
)
@pytest.mark.parametrize("name", ["miner", "miner_stats", "miner_workers", "referrals"])
async def test_one_operation_fails(name: str, failure: Any) -> None:
    """The others answer all the same, at the first reading and at later ones."""
    pool = FakePool({**HOME, name: failure})
    source = open_source(pool)
    values = (await source.read(NOW)).parts[RIG].values
    assert readings.BALANCE.plain in values
    assert readings.POOL_HASHRATE.plain in values
    later = NOW + timedelta(minutes=1)
    assert readings.BALANCE.plain in (await source.read(later)).parts[RIG].values


@pytest.mark.parametrize(
    ("status", "refused"), [(404, True), (401, True), (409, False)]
)
async def test_what_a_link_answers(status: int, refused: bool) -> None:
    """Only what says that it is no more asks for another one."""
    pool = FakePool({**HOME, "watcher": status, "miner_balance": 403})
    source = open_source(pool, WATCHER)
    if refused:
        with pytest.raises(SourceRefused):
            await source.read(NOW)
    else:
        assert readings.FEE.plain in (await source.read(NOW)).parts[RIG].values


# ---- the past


async def test_history() -> None:
    """Of the account and of those workers that the chart knows."""
    day = {"period": "P1D"}
    pool = FakePool()
    source = open_source(pool)
    await source.read(NOW)
    account, *others = await source.history(NOW - timedelta(hours=2), NOW)
    assert account.part == RIG
    assert account.channel is HASHRATE.plain
    assert account.interval == timedelta(minutes=30)
    assert len(account.points) == 48
    assert {past.part for past in others} <= {
        S19,
        "cc3e1381-edab-54cd-af29-bcf3e25571b3",
    }
    asked = [query for _, path, query, _ in pool.requests if path.endswith("/charts")]
    assert [query["period"] for query in asked] == [day["period"]] * 2
    assert asked[0]["id"] == [ACCOUNT]


def of_period(week: Any, day: Any) -> Any:
    """Return what answers with a chart by its period."""
    return lambda _path, query: week if query["period"] == "P1W" else day


async def test_the_longest_past_that_is_fine_enough() -> None:
    """Points three hours apart fill no hour; then a day is all there is."""
    day = HOME["miner_charts"]
    week = constructed("miners_charts.P1W.home")
    pool = FakePool({**HOME, "miner_charts": of_period(week, day)})
    source = open_source(pool)
    await source.read(NOW)
    assert len((await source.history(None, NOW))[0].points) == 48
    assert pool.count("miner_charts") == 2
    await source.history(NOW - timedelta(days=3), NOW)
    assert pool.count("miner_charts") == 3
    hourly = {**day, "from": "2024-03-02T12:00:00Z", "interval": "PT1H"}
    pool.answers["miner_charts"] = of_period(hourly, day)
    source = open_source(pool)
    await source.read(NOW)
    assert (await source.history(None, NOW))[0].interval == timedelta(hours=1)


async def test_no_past() -> None:
    """No points, or none that is fine enough."""
    pool = FakePool({**HOME, "miner_charts": constructed("miners_charts.P1W.home")})
    source = open_source(pool)
    await source.read(NOW)
    assert await source.history(None, NOW) == []
    pool.answers["miner_charts"] = HOME["miner_charts"]
    pool.answers["worker_charts"] = {"interval": "PT2H", "data": {}}
    assert len(await source.history(NOW, NOW)) == 1
    pool.answers["worker_charts"] = 404
    assert len(await source.history(NOW, NOW)) == 1
    pool.answers["worker_charts"] = 403
    assert len(await source.history(NOW, NOW)) == 1


@pytest.mark.parametrize("kind", ["operator", "pool"])
async def test_history_of_others(kind: str) -> None:
    """An operator's chart is its own answer."""
    chart = {**HOME["miner_charts"], "data": HOME["miner_charts"]["data"][ACCOUNT]}
    pool = FakePool({**HOME, f"{kind}_chart": chart})
    source = open_source(pool, API_KEY, kind=kind)
    (past,) = await source.history(NOW, NOW)
    assert len(past.points) == 48


async def test_history_within_the_budget() -> None:
    """What does not fit now comes the next time."""
    pool = FakePool({**HOME, "miner_workers": workers(2500), "worker_stats": {}})
    source = open_source(pool)
    await read_for(source, 130)
    now = NOW + timedelta(hours=3, minutes=30)
    pool.requests.clear()
    await source.history(now, now)
    first = [
        query["id"] for _, path, query, _ in pool.requests if path == "/workers/charts"
    ]
    assert first
    asked = {own for ids in first for own in ids}
    assert len(asked) < 2500
    later = now + timedelta(hours=1, minutes=5)
    await source.history(later, later)
    again = [
        query["id"] for _, path, query, _ in pool.requests if path == "/workers/charts"
    ]
    assert not asked & set(again[len(first)])


def test_windows() -> None:
    """All that the pool averages over."""
    assert readings.WINDOWS == (Window.M15, Window.H1, Window.D1, Window.W1)


@pytest.mark.parametrize(
    "nothing", [{}, None, [], status(204)], ids=["object", "null", "list", "204"]
)
async def test_answers_that_hold_nothing(nothing: Any) -> None:
    """The account is connected for as long as its last values hold, and not for hours."""
    pool = FakePool()
    source = open_source(pool)
    await source.read(NOW)
    pool.answers = dict.fromkeys(pool.answers, nothing)
    await read_for(source, 5, NOW + MINUTE)
    for minutes in (60, 61, 180):
        with pytest.raises(SourceError):
            await source.read(NOW + minutes * MINUTE)
    pool.answers = dict(HOME)
    assert shown(await read_for(source, 30, NOW + 300 * MINUTE))
