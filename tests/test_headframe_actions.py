"""What an account at Headframe can be asked, and what it can give away."""

from collections.abc import AsyncIterator
import csv
from datetime import datetime
from decimal import Decimal
import io
import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import (
    HomeAssistantError,
    ServiceValidationError,
    Unauthorized,
)
from homeassistant.helpers import config_validation as cv, entity_registry as er, script
from homeassistant.util.yaml import parse_yaml
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, MockUser
import voluptuous as vol

from custom_components.mining_rig.const import CONF_ID_ROOT, DOMAIN
from custom_components.mining_rig.readings import HASHRATE
from custom_components.mining_rig.services import KIND_ACTIONS
from custom_components.mining_rig.sources.headframe.actions import ACTIONS as DECLARED
from custom_components.mining_rig.sources.headframe.operations import OPERATIONS
from custom_components.mining_rig.sources.headframe.reports import REPORTS
from simulator.headframe import SimulatedHeadframe

from .pages import PAGES
from .pools import entry_of
from .rigs import async_set_up
from .scripted import ScriptedSource, async_add
from .test_docs import ACTIONS
from .texts import texts

NOW = "2026-10-05 15:00:00+00:00"
PLAIN = re.compile(r"-?\d+(\.\d+)?")
NEIGHBOUR = "c74d946f-9377-4a0f-87cd-24559ff208ec"


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch, freezer: FrozenDateTimeFactory) -> None:
    """Let it be an afternoon, and leave no gaps between requests."""
    freezer.move_to(NOW)
    monkeypatch.setattr("custom_components.mining_rig.sources.headframe.budget.GAP", 0)


@pytest.fixture
async def pool(_quick: None, socket_enabled: None) -> AsyncIterator[SimulatedHeadframe]:
    """Return a pool with an account."""
    async with SimulatedHeadframe() as pool:
        yield pool


@pytest.fixture
async def entry(hass: HomeAssistant, pool: SimulatedHeadframe) -> MockConfigEntry:
    """Return the loaded entry of an account that may be changed."""
    entry = entry_of(pool)
    assert await async_set_up(hass, entry)
    return entry


async def ask(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    action: str,
    *,
    context: Context | None = None,
    **fields: Any,
) -> Any:
    """Return what an action answers."""
    return await hass.services.async_call(
        DOMAIN,
        action,
        {"config_entry_id": entry.entry_id, **fields},
        blocking=True,
        return_response=True,
        context=context,
    )


async def refused(
    hass: HomeAssistant, entry: MockConfigEntry, action: str, **fields: Any
) -> HomeAssistantError:
    """Return why an action is refused."""
    with pytest.raises(HomeAssistantError) as failed:
        await ask(hass, entry, action, **fields)
    return failed.value


# ---- money


async def test_payments_of_a_period(
    hass: HomeAssistant, pool: SimulatedHeadframe, entry: MockConfigEntry
) -> None:
    """All pages, every digit, the newest first, and sums that add up."""
    answer = await ask(hass, entry, "get_payments", start="2026-08-20")
    start = datetime.fromisoformat("2026-08-20T00:00:00+00:00").timestamp()
    rows = [row for row in pool.account.ledger.rows if row.created_at >= start]
    assert len(rows) > 100
    assert {p["id"] for p in answer["payments"]} == {row.id for row in rows}
    times = [p["created_at"] for p in answer["payments"]]
    assert times == sorted(times, reverse=True)
    sums: dict[str, Decimal] = {}
    for row in rows:
        sums[row.type] = sums.get(row.type, Decimal(0)) + row.amount
    assert {k: Decimal(v) for k, v in answer["totals"].items()} == sums
    for paid in answer["payments"]:
        assert PLAIN.fullmatch(paid["amount"])
        assert paid["rate"] is None or PLAIN.fullmatch(paid["rate"])
    assert any(paid["transaction"] for paid in answer["payments"])
    assert answer["end"] == "2026-10-06T00:00:00+00:00"


async def test_payments_of_some_types(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    """Of the last 30 days, where nothing else is said."""
    answer = await ask(hass, entry, "get_payments", types="payout")
    assert {paid["type"] for paid in answer["payments"]} == {"payout"}
    assert answer["totals"].keys() == {"payout"}
    assert answer["start"] == "2026-09-06T00:00:00+00:00"


async def test_pages_before_the_period_are_left(
    hass: HomeAssistant, pool: SimulatedHeadframe, entry: MockConfigEntry
) -> None:
    """The pool is not asked for what is older than the period."""
    before = len(pool.calls(20))
    answer = await ask(
        hass, entry, "get_payments", start="2026-10-04", end="2026-10-04"
    )
    days = {paid["created_at"][:10] for paid in answer["payments"]}
    assert days == {"2026-10-04"}
    assert len(pool.calls(20)) == before + 1


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ("0.000003850292003", "0.000003850292003"),
        ("1E-8", "0.00000001"),
        (0.00000001, "0.00000001"),
        ("0.10", "0.10"),
        (1, "1"),
        ("nothing", None),
        (None, None),
    ],
)
async def test_money_keeps_its_digits(
    hass: HomeAssistant,
    pool: SimulatedHeadframe,
    entry: MockConfigEntry,
    sent: Any,
    shown: str | None,
) -> None:
    """However the pool writes it; a layout in place of a time is none."""
    pool.replies["20"] = {
        "data": [
            {
                "type": "reward",
                "id": "497f6eca",
                "currency": "BTC",
                "amount": sent,
                "created_at": "2006-01-02T15:04:05Z07:00",
                "metadata": {"description": "Reward for participation"},
            },
            {"type": "reward", "id": "497f6eca", "amount": "7"},
            "nothing",
        ],
        "pagination": {"limit": 100, "offset": 0, "total_count": 3},
    }
    answer = await ask(hass, entry, "get_payments")
    (paid,) = answer["payments"]
    assert paid["amount"] == shown
    assert paid["created_at"] is None
    assert paid["description"] == "Reward for participation"
    assert answer["totals"] == ({} if shown is None else {"reward": shown})


async def test_export(
    hass: HomeAssistant, pool: SimulatedHeadframe, entry: MockConfigEntry
) -> None:
    """The pool's own file of the last 90 days, both ends included."""
    answer = await ask(hass, entry, "export_payments", types=["reward"])
    rows = [*csv.DictReader(io.StringIO(answer["csv"]))]
    assert {row["type"] for row in rows} == {"reward"}
    rewards = [row for row in pool.account.ledger.rows if row.type == "reward"]
    assert {Decimal(row["amount"]) for row in rows} == {r.amount for r in rewards}
    assert len(rows) == len(rewards)
    (asked,) = pool.calls(21)
    query = parse_qs(urlsplit(asked.path).query)
    assert query["from"] == ["2026-07-08T00:00:00Z"]
    assert query["to"] == ["2026-10-05T23:59:59Z"]


async def test_export_of_too_much(
    hass: HomeAssistant, pool: SimulatedHeadframe, entry: MockConfigEntry
) -> None:
    """It is said how much can be asked for, and the pool is not asked."""
    err = await refused(hass, entry, "export_payments", start="2026-01-01")
    assert err.translation_key == "headframe_long_period"
    assert isinstance(err, ServiceValidationError)
    assert "90" in str(err)
    assert not pool.calls(21)


async def test_an_export_that_is_none(
    hass: HomeAssistant, pool: SimulatedHeadframe, entry: MockConfigEntry
) -> None:
    """A web page or JSON is no file of payments."""
    pool.replies["21"] = {"data": []}
    err = await refused(hass, entry, "export_payments")
    assert err.translation_key == "garbled"


async def test_a_period_backwards(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """A period that ends before it begins is a mistake."""
    err = await refused(
        hass, entry, "get_payments", start="2026-10-02", end="2026-10-01"
    )
    assert err.translation_key == "headframe_no_period"


async def test_fees(
    hass: HomeAssistant, pool: SimulatedHeadframe, entry: MockConfigEntry
) -> None:
    """What the pool takes, now and later, in percent; what a recipient pays."""
    answer = await ask(hass, entry, "get_fees")
    assert sorted(fee["fee"] for fee in answer["pool"]) == [1.5, 2]
    assert {fee["comment"] for fee in answer["pool"]} == {"Standard", "Loyal customer"}
    assert answer.keys() == {"pool"}
    recipient = pool.account.sharings[0].recipient
    answer = await ask(hass, entry, "get_fees", recipient=recipient)
    assert answer.keys() == {"pool", "recipient"}


async def test_fees_of_an_operator(
    hass: HomeAssistant, pool: SimulatedHeadframe
) -> None:
    """An account that an operator manages pays that one, too."""
    managed = pool.registry.miners[1]
    entry = entry_of(pool, managed)
    assert await async_set_up(hass, entry)
    assert (await ask(hass, entry, "get_fees")).keys() == {"pool", "operator"}


async def test_referrals(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Who was referred, and the code to refer more."""
    answer = await ask(hass, entry, "get_referrals")
    (friend,) = answer["referrals"]
    assert friend["share"] == 10
    assert friend["hashrate"]["day"] > 1e13
    assert [code["code"] for code in answer["codes"]] == ["hfrc_XZKKINF0"]


# ---- hashrates


async def test_daily_report(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Each worker on each day, both ends included."""
    answer = await ask(
        hass, entry, "get_daily_report", start="2026-10-01", end="2026-10-03"
    )
    assert [day["date"] for day in answer["days"]] == [
        "2026-10-01",
        "2026-10-02",
        "2026-10-03",
    ]
    workers = {worker["worker"]: worker for worker in answer["days"][0]["workers"]}
    cellar = workers["s21-cellar"]
    assert cellar["hashrate"] == pytest.approx(196.5e12, rel=0.1)
    assert cellar["rejected_share"] == pytest.approx(0.3, rel=0.5)


async def test_daily_report_of_what_is_given(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    """What other accounts got, without a period the last week."""
    answer = await ask(hass, entry, "get_daily_report", boundary=True)
    assert len(answer["days"]) == 7
    names = {w["worker"] for day in answer["days"] for w in day["workers"]}
    assert names == {"for-a-friend"}


@pytest.mark.parametrize(
    ("period", "seconds"), [("15m", 900), ("1h", 3600), ("1d", 86400), ("1w", 604800)]
)
async def test_chart(
    hass: HomeAssistant, entry: MockConfigEntry, period: str, seconds: int
) -> None:
    """Points of the account in order, and how far they are apart."""
    answer = await ask(hass, entry, "get_chart", period=period)
    (chart,) = answer["charts"]
    assert chart["worker"] is None
    times = [datetime.fromisoformat(point["time"]) for point in chart["points"]]
    assert times == sorted(set(times))
    span = (times[-1] - times[0]).total_seconds() + answer["interval"]
    assert span == pytest.approx(seconds, rel=0.2)
    assert all(point["hashrate"] > 1e14 for point in chart["points"])


async def test_chart_of_workers(
    hass: HomeAssistant, pool: SimulatedHeadframe, entry: MockConfigEntry
) -> None:
    """By name or by id; one that is not there is said so."""
    first, second, *_ = pool.account.machines
    answer = await ask(
        hass, entry, "get_chart", period="1d", workers=[first.name, second.id]
    )
    assert {(c["worker"], c["id"]) for c in answer["charts"]} == {
        (first.name, first.id),
        (second.name, second.id),
    }
    assert all(chart["points"] for chart in answer["charts"])
    err = await refused(hass, entry, "get_chart", period="1d", workers="attic")
    assert err.translation_key == "headframe_no_worker"
    assert "attic" in str(err)


async def test_chart_of_what_is_given(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    """One chart of all that goes to others."""
    answer = await ask(hass, entry, "get_chart", period="1h", boundary=True)
    (chart,) = answer["charts"]
    assert chart["id"] is None
    assert chart["points"]


async def test_workers(
    hass: HomeAssistant, pool: SimulatedHeadframe, entry: MockConfigEntry
) -> None:
    """All of them, with their averages."""
    answer = await ask(hass, entry, "get_workers")
    names = [worker["name"] for worker in answer["workers"]]
    assert names == sorted(names)
    assert {*names} >= {machine.name for machine in pool.account.machines}
    cellar = next(w for w in answer["workers"] if w["name"] == "s21-cellar")
    assert cellar["status"] == "stable"
    assert cellar["averages"].keys() == {"15m", "1h", "1d", "1w"}
    assert cellar["averages"]["1d"]["hashrate"] == pytest.approx(196.5e12, rel=0.1)
    removed = await ask(hass, entry, "get_workers", statuses="removed")
    assert removed["workers"] == []


# ---- what is given away


async def test_boundary_workers(
    hass: HomeAssistant, pool: SimulatedHeadframe, entry: MockConfigEntry
) -> None:
    """Hashrate is given, changed and taken back."""
    recipient = pool.registry.miners[1].id
    made = await ask(
        hass,
        entry,
        "create_boundary_worker",
        name="for-anna",
        recipient=recipient,
        hashrate=20.000000000001,
        confirm=True,
    )
    assert made["hashrate"] == 20000000000001
    assert (made["donor"], made["recipient"]) == (pool.account.id, recipient)
    listed = await ask(hass, entry, "get_boundary_workers")
    assert {w["name"] for w in listed["workers"]} == {"for-a-friend", "for-anna"}
    assert listed["averages"]["1d"]["hashrate"] > 0

    changed = await ask(
        hass,
        entry,
        "change_boundary_worker",
        worker=made["id"],
        hashrate="5",
        confirm=True,
    )
    assert changed["next_hashrate"] == 5e12
    assert changed["next_from"] == "2026-10-06T00:00:00+00:00"
    assert not await ask(
        hass, entry, "delete_boundary_worker", worker=made["id"], confirm=True
    )
    listed = await ask(hass, entry, "get_boundary_workers")
    assert {w["name"] for w in listed["workers"]} == {"for-a-friend"}


async def test_too_little_hashrate(
    hass: HomeAssistant, pool: SimulatedHeadframe, entry: MockConfigEntry
) -> None:
    """The pool gives no less than 2³² H/s."""
    facts = {"name": "for-anna", "recipient": NEIGHBOUR, "confirm": True}
    err = await refused(hass, entry, "create_boundary_worker", hashrate=0.004, **facts)
    assert err.translation_key == "headframe_small_hashrate"
    assert "0.004294967296" in str(err)
    assert not pool.calls(122)


async def test_the_worker_of_another_account(
    hass: HomeAssistant, pool: SimulatedHeadframe, entry: MockConfigEntry
) -> None:
    """A key may reach several accounts; only this one's workers are changed."""
    other = pool.registry.miners[1]
    pool.user.roles[other.id] = ["owner"]
    neighbour = entry_of(pool, other)
    hass.config_entries.async_update_entry(entry, title="Home")
    data = {**neighbour.data, CONF_ID_ROOT: "other"}
    neighbour = MockConfigEntry(domain=DOMAIN, data=data, options=neighbour.options)
    assert await async_set_up(hass, neighbour)
    made = await ask(
        hass,
        neighbour,
        "create_boundary_worker",
        name="for-home",
        recipient=pool.account.id,
        hashrate=1,
        confirm=True,
    )
    err = await refused(
        hass, entry, "delete_boundary_worker", worker=made["id"], confirm=True
    )
    assert err.translation_key == "headframe_not_own"
    assert not pool.calls(125)


async def test_a_guessed_path_does_not_stand_in_the_way(
    hass: HomeAssistant, pool: SimulatedHeadframe, entry: MockConfigEntry
) -> None:
    """Where a worker cannot be looked at, the pool decides."""
    listed = await ask(hass, entry, "get_boundary_workers")
    pool.missing.add("123")
    worker = listed["workers"][0]["id"]
    await ask(hass, entry, "delete_boundary_worker", worker=worker, confirm=True)
    listed = await ask(hass, entry, "get_boundary_workers")
    assert not listed["workers"]


async def test_profit_sharing(
    hass: HomeAssistant, pool: SimulatedHeadframe, entry: MockConfigEntry
) -> None:
    """A share is set in percent, and ended."""
    recipient = pool.registry.miners[1].id
    (before,) = (await ask(hass, entry, "get_profit_sharings"))["profit_sharings"]
    assert (before["share"], before["recipient"]) == (1, recipient)
    await ask(
        hass,
        entry,
        "set_profit_sharing",
        recipient=recipient,
        share=0.9,
        confirm=True,
    )
    history = await ask(hass, entry, "get_profit_sharings", recipient=recipient)
    shares = [found["share"] for found in history["profit_sharings"]]
    assert sorted(shares) == [0.9, 1]
    await ask(hass, entry, "delete_profit_sharing", recipient=recipient, confirm=True)
    assert len(pool.calls(28)) == 1


async def test_watcher_links(
    hass: HomeAssistant, pool: SimulatedHeadframe, entry: MockConfigEntry
) -> None:
    """A link is made, listed with its token, and ended."""
    made = await ask(
        hass,
        entry,
        "create_watcher_link",
        title="For the accountant",
        payments=True,
        confirm=True,
    )
    assert re.fullmatch(r"hfwl_[0-9a-f]{64}", made["token"])
    plain = await ask(hass, entry, "create_watcher_link", confirm=True)
    assert (made["payments"], plain["payments"]) == (True, False)
    listed = (await ask(hass, entry, "get_watcher_links"))["links"]
    assert {pool.token, made["token"]} < {link["token"] for link in listed}
    await ask(hass, entry, "delete_watcher_link", link=made["id"], confirm=True)
    listed = (await ask(hass, entry, "get_watcher_links"))["links"]
    assert made["token"] not in {link["token"] for link in listed}


CHANGES: dict[str, dict[str, Any]] = {
    "create_boundary_worker": {
        "name": "for-anna",
        "recipient": NEIGHBOUR,
        "hashrate": 20,
    },
    "change_boundary_worker": {"worker": NEIGHBOUR, "hashrate": 20},
    "delete_boundary_worker": {"worker": NEIGHBOUR},
    "set_profit_sharing": {"recipient": NEIGHBOUR, "share": 10},
    "delete_profit_sharing": {"recipient": NEIGHBOUR},
    "create_watcher_link": {},
    "delete_watcher_link": {"link": NEIGHBOUR},
}


def writes(pool: SimulatedHeadframe) -> list[str]:
    """Return the methods of the requests that are no reading."""
    return [call.method for call in pool.calls() if call.method != "GET"]


def test_all_changes_are_here() -> None:
    """What gives something away is the same everywhere."""
    assert CHANGES.keys() == {k for k, action in DECLARED.items() if action.changes}
    assert DECLARED.items() <= KIND_ACTIONS.items()
    assert DECLARED.keys() == REPORTS.keys()


REQUESTS = {
    "get_payments": ["miner_payments"],
    "export_payments": ["miner_payments_csv"],
    "get_daily_report": ["daily_report", "boundary_daily_report"],
    "get_chart": ["miner_charts", "worker_charts", "boundary_chart"],
    "get_workers": ["miner_workers", "worker_stats"],
    "get_fees": ["miner_fees", "operator_miner_fees", "virtual_mining_fees"],
    "get_referrals": ["referrals", "referrer_codes"],
    "get_boundary_workers": ["boundary_workers", "boundary_stats"],
    "create_boundary_worker": ["create_boundary_worker"],
    "change_boundary_worker": ["set_boundary_worker"],
    "delete_boundary_worker": ["delete_boundary_worker"],
    "get_profit_sharings": ["profit_sharings", "profit_sharing_history"],
    "set_profit_sharing": ["create_profit_sharing"],
    "delete_profit_sharing": ["delete_profit_sharing"],
    "get_watcher_links": ["watchers"],
    "create_watcher_link": ["create_watcher"],
    "delete_watcher_link": ["delete_watcher"],
}
"""The operations without which an action of a miner's account has no answer."""


@pytest.mark.parametrize("action", DECLARED)
def test_inferred_actions_are_called_experimental(action: str) -> None:
    """Where the owner sees it: in the action's name and description, and the docs."""
    inferred = any(OPERATIONS[name].inferred for name in REQUESTS[action])
    root = f"services.{action}"
    assert texts()[f"{root}.name"].endswith("(experimental)") is inferred
    assert ("Experimental:" in texts()[f"{root}.description"]) is inferred
    [row] = [
        row
        for row in PAGES[ACTIONS].rows("Action")
        if row["Action"] == f"`mining_rig.{action}`"
    ]
    assert row[""].startswith("**Experimental.**") is inferred


@pytest.mark.parametrize("action", CHANGES)
async def test_nothing_is_given_away_by_mistake(
    hass: HomeAssistant,
    pool: SimulatedHeadframe,
    hass_admin_user: MockUser,
    hass_read_only_user: MockUser,
    action: str,
) -> None:
    """It takes an administrator, the owner's permission and a confirmation."""
    entry = entry_of(pool)
    assert await async_set_up(hass, entry)
    owner = Context(user_id=hass_admin_user.id)
    for unconfirmed in ({}, {"confirm": False}):
        err = await refused(
            hass, entry, action, context=owner, **CHANGES[action], **unconfirmed
        )
        assert err.translation_key == "confirmation_missing"
    facts = {**CHANGES[action], "confirm": True}
    guest = Context(user_id=hass_read_only_user.id)
    with pytest.raises(Unauthorized):
        await ask(hass, entry, action, context=guest, **facts)
    hass.config_entries.async_update_entry(entry, options={})
    await hass.async_block_till_done()
    err = await refused(hass, entry, action, context=owner, **facts)
    assert err.translation_key == "writing_not_allowed"
    assert not writes(pool)


@pytest.mark.parametrize("action", CHANGES)
async def test_a_watcher_link_only_reads(
    hass: HomeAssistant, pool: SimulatedHeadframe, action: str
) -> None:
    """Even where writing is allowed."""
    entry = entry_of(pool, watcher_token=pool.token)
    assert await async_set_up(hass, entry)
    err = await refused(hass, entry, action, **CHANGES[action], confirm=True)
    assert err.translation_key == "headframe_read_only"
    assert not writes(pool)
    assert (await ask(hass, entry, "get_payments"))["payments"]


async def test_tokens_are_for_administrators(
    hass: HomeAssistant, entry: MockConfigEntry, hass_read_only_user: MockUser
) -> None:
    """Others may ask for everything that shows none."""
    guest = Context(user_id=hass_read_only_user.id)
    with pytest.raises(Unauthorized):
        await ask(hass, entry, "get_watcher_links", context=guest)
    answer = await ask(hass, entry, "get_payments", context=guest)
    assert "hfwl_" not in str(answer)


@pytest.mark.parametrize("identifier", ["../users/me", "", "a b", "a/b", "x" * 129])
async def test_what_is_no_id(
    hass: HomeAssistant,
    pool: SimulatedHeadframe,
    entry: MockConfigEntry,
    identifier: str,
) -> None:
    """It leads to no other path."""
    err = await refused(
        hass, entry, "delete_profit_sharing", recipient=identifier, confirm=True
    )
    assert err.translation_key == "headframe_no_id"
    assert not writes(pool)


@pytest.mark.parametrize(
    ("action", "fields"),
    [
        ("get_chart", {}),
        ("get_chart", {"period": "1m"}),
        ("get_payments", {"types": ["gift"]}),
        ("get_payments", {"start": "yesterday"}),
        ("get_workers", {"statuses": ["happy"]}),
        ("set_profit_sharing", {"recipient": NEIGHBOUR, "share": 101}),
        ("set_profit_sharing", {"recipient": NEIGHBOUR, "share": 0}),
        ("create_boundary_worker", {**CHANGES["create_boundary_worker"], "name": "x"}),
        ("create_watcher_link", {"title": "x" * 301}),
    ],
)
async def test_fields_that_make_no_sense(
    hass: HomeAssistant, entry: MockConfigEntry, action: str, fields: dict[str, Any]
) -> None:
    """They are refused before anybody is asked."""
    with pytest.raises(vol.Invalid):
        await ask(hass, entry, action, **fields)


# ---- a pool that does not answer


@pytest.mark.parametrize(
    ("fault", "key"),
    [
        ("limited", "busy"),
        ("server_error", "unreachable"),
        ("bad_gateway", "unreachable"),
        ("garbage", "garbled"),
        ("off", "unreachable"),
    ],
)
async def test_faults(
    hass: HomeAssistant,
    pool: SimulatedHeadframe,
    entry: MockConfigEntry,
    fault: str,
    key: str,
) -> None:
    """What went wrong is said in words, without a secret."""
    pool.fault(fault)
    err = await refused(hass, entry, "get_payments")
    assert err.translation_key == key
    assert not isinstance(err, ServiceValidationError)
    assert pool.api_key not in str(err)


async def test_what_the_pool_does_not_offer(
    hass: HomeAssistant, pool: SimulatedHeadframe, entry: MockConfigEntry
) -> None:
    """A path that is not there, and a request that the pool does not take."""
    pool.missing.add("32")
    err = await refused(hass, entry, "get_referrals")
    assert err.translation_key == "headframe_not_there"
    err = await refused(
        hass,
        entry,
        "create_boundary_worker",
        name="an umlaut: ä",
        recipient=pool.registry.miners[1].id,
        hashrate=20,
        confirm=True,
    )
    assert err.translation_key == "headframe_invalid"
    assert isinstance(err, ServiceValidationError)
    # The readings do not mind.
    await entry.runtime_data.async_refresh()
    assert entry.runtime_data.online


async def test_the_budget(
    hass: HomeAssistant, pool: SimulatedHeadframe, entry: MockConfigEntry
) -> None:
    """However much is asked, the pool gets 60 requests in an hour at most."""
    left = 60 - len(pool.calls())
    for _ in range(left // 2):
        await ask(hass, entry, "get_payments", start="2026-08-20")
    err = await refused(hass, entry, "get_workers")
    assert err.translation_key == "busy"
    assert len(pool.calls()) == 60


# ---- accounts of other kinds


@pytest.mark.parametrize("index", [0, 1])
async def test_operators_and_pools(
    hass: HomeAssistant, pool: SimulatedHeadframe, index: int
) -> None:
    """They answer what is the same for all accounts."""
    entry = entry_of(pool, pool.registry.groups[index])
    assert await async_set_up(hass, entry)
    assert (await ask(hass, entry, "get_payments"))["payments"] is not None
    assert "created_at" in (await ask(hass, entry, "export_payments"))["csv"]
    (chart,) = (await ask(hass, entry, "get_chart", period="1d"))["charts"]
    assert chart["points"]
    assert (await ask(hass, entry, "get_workers"))["workers"]
    for action, fields in (
        ("get_fees", {}),
        ("get_chart", {"period": "1d", "workers": "barn"}),
        ("get_chart", {"period": "1d", "boundary": True}),
        ("create_watcher_link", {"confirm": True}),
    ):
        err = await refused(hass, entry, action, **fields)
        assert err.translation_key == "headframe_miner_only"


async def test_a_rig_that_is_no_pool(hass: HomeAssistant) -> None:
    """It has no answer."""
    entry = await async_add(hass, ScriptedSource({HASHRATE.plain: 1.0}))
    err = await refused(hass, entry, "get_payments")
    assert err.translation_key == "no_reports"
    assert isinstance(err, ServiceValidationError)


# ---- the examples


async def test_examples(
    hass: HomeAssistant, pool: SimulatedHeadframe, entry: MockConfigEntry
) -> None:
    """The page's examples of actions do what they say, with the entities they name."""
    names = {
        name
        for block in PAGES[ACTIONS].blocks
        for name in re.findall(r"event\.\w+", block.text)
    }
    registry = er.async_get(hass)
    assert names
    assert all(registry.async_get(name) for name in names)
    (config,) = [
        config
        for block in PAGES[ACTIONS].blocks
        if isinstance(config := parse_yaml(block.text), dict) and "action" in config
    ]
    config["data"]["recipient"] = pool.registry.miners[1].id
    sequence = await script.async_validate_actions_config(
        hass, cv.SCRIPT_SCHEMA(config)
    )
    await script.Script(hass, sequence, "example", "test").async_run()
    listed = await ask(hass, entry, "get_boundary_workers")
    assert "for-anna" in {worker["name"] for worker in listed["workers"]}
