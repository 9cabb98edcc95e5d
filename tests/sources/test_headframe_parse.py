"""Headframe's answers, documented and constructed, in the vocabulary."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
import json
from pathlib import Path
from typing import Any

from hypothesis import given, strategies as st
import pytest
from syrupy.assertion import SnapshotAssertion

from custom_components.mining_rig.model import Channel, Window
from custom_components.mining_rig.readings import HASHRATE
from custom_components.mining_rig.sources.common.decoding import Fields, Values
from custom_components.mining_rig.sources.common.http import Answer
from custom_components.mining_rig.sources.headframe import readings
from custom_components.mining_rig.sources.headframe.parse import (
    account,
    fields as numbers,
    hashrate,
    money,
)

from .headframe_pool import FIXTURES, NOW, constructed, seed

AMOUNTS = st.decimals(
    min_value=0, max_value=21_000_000, allow_nan=False, allow_infinity=False, places=15
)


def exact(name: str) -> Fields:
    """Return a sample as the client decodes it."""
    (path,) = FIXTURES.glob(f"*/{name}.json")
    return Fields(Answer(200, path.read_bytes()).exact_json())


def decoded(data: Any) -> Fields:
    """Return an answer as the client decodes it."""
    return Fields(Answer(200, json.dumps(data).encode()).exact_json())


def shown(values: Values) -> dict[str, Any]:
    """Return values by the keys of their channels."""
    return {channel.key: value for channel, value in values.items()}


@pytest.mark.parametrize(
    "path", sorted(FIXTURES.glob("*/*.json")), ids=lambda path: path.stem
)
def test_every_sample_is_read(path: Path, snapshot: SnapshotAssertion) -> None:
    """By everything that could ever meet it; nothing is made up of what it is not."""
    fields = Fields(Answer(200, path.read_bytes()).exact_json())
    found = {
        "stats": shown(hashrate.parse_stats(fields)),
        "earnings": shown(money.parse_earnings(fields)),
        "amount": shown(money.parse_amount(fields, readings.BALANCE.plain)),
        "threshold": shown(money.threshold_values(fields, NOW, None, settable=True)),
        "address": shown(money.address_values(fields, NOW, 2)),
        "fees": shown(money.fee_values(money.parse_fees(fields.each("data"), NOW))),
        "reward_rate": shown(money.parse_reward_rate(fields)),
        "pool": shown(hashrate.parse_pool_stats(fields)),
        "accounts": account.parse_permissions(fields.raw()),
        "user": account.parse_user(fields.raw()),
        "notifications": {
            reading.key: enabled
            for reading, enabled in account.parse_notifications(fields).items()
        },
        "payments": money.parse_payments(fields.each("data")),
        "points": len(hashrate.parse_points(fields.inside("data"))),
        "interval": hashrate.parse_interval(fields, []),
    }
    assert {key: value for key, value in found.items() if value} == snapshot


# ---- hashrates


def test_stats() -> None:
    """The share is of all that was sent in, and the rate is in H/s."""
    fields = exact("miners_stats.home").inside("7cc4835b-19ed-5178-99cf-92347605de56")
    values = hashrate.parse_stats(fields)
    assert values[HASHRATE.plain] == 195412345678901.25
    assert values[readings.AVERAGE.channel(Window.D1)] == 383276543210987.65
    share = values[readings.REJECTED_SHARE.channel(Window.M15)]
    assert share == pytest.approx(100 * 524288e6 / (195412345678901.25 + 524288e6))


@pytest.mark.parametrize("zero", [0, "0", "0.00"])
def test_no_hashrate_is_known_and_has_no_share(zero: object) -> None:
    """0 is a real value; nothing of nothing is no share."""
    values = hashrate.parse_stats(
        decoded({"15m": {"hashrate": zero, "rejectrate": zero}})
    )
    assert values[HASHRATE.plain] == 0
    assert readings.REJECTED_SHARE.channel(Window.M15) not in values


@pytest.mark.parametrize("unparsed", [None, "", "much", [], {}, "-1", "1e999", True])
def test_a_hashrate_that_is_none(unparsed: object) -> None:
    """Missing or null is not known, and neither is what makes no sense."""
    fields = decoded({"15m": {"hashrate": unparsed, "rejectrate": "0"}})
    assert HASHRATE.plain not in hashrate.parse_stats(fields)


def test_a_farms_hashrate() -> None:
    """More than a binary fraction can count is shown all the same."""
    fields = decoded({"15m": {"hashrate": 827415935642814097, "rejectrate": "0"}})
    assert hashrate.parse_stats(fields)[HASHRATE.plain] == 827415935642814097.0


# ---- workers


def test_workers() -> None:
    """A boundary worker is counted but is no machine that could be down."""
    workers = hashrate.parse_workers(exact("miner_workers.four").each("data"))
    assert [worker.status for worker in workers.values()] == [
        "stable",
        "unavailable",
        "off",
        "stable",
    ]
    assert shown(hashrate.count_workers(workers.values())) == {
        "headframe_workers": 4,
        "headframe_workers_stable": 2,
        "headframe_workers_unavailable": 1,
        "headframe_workers_off": 1,
        "headframe_workers_down": True,
    }
    boundary = [w for w in workers.values() if w.behavior == "boundary"]
    off = [hashrate.Worker(id="1", name=None, behavior="boundary", status="off")]
    assert (
        hashrate.count_workers([*boundary, *off])[readings.WORKERS_DOWN.plain] is False
    )


def test_an_unknown_status() -> None:
    """Is neither on nor off."""
    workers = hashrate.parse_workers(
        decoded([{"id": "a-1", "status": "dreaming", "behavior": "dreamer"}]).each()
    )
    assert workers["a-1"].status is None
    assert hashrate.worker_values(workers["a-1"]) == {}


@pytest.mark.parametrize("unparsed", [None, "", "..", "a/b", "ä", 7, "x" * 129])
def test_an_id_that_leads_elsewhere(unparsed: object) -> None:
    """It is no id, so that no request can be sent to another path with it."""
    assert hashrate.parse_workers(decoded([{"id": unparsed}]).each()) == {}


# ---- money


@given(AMOUNTS, st.sampled_from(["text", "number", "exponent"]))
def test_money_is_exact(amount: Decimal, written: str) -> None:
    """However it was written, and whatever its size."""
    if written == "text":
        wire = json.dumps(f"{amount:f}")
    elif written == "number":
        wire = f"{amount:f}"
    else:
        wire = f"{amount:E}"
    body = f'{{"data": [{{"currency": "BTC", "amount": {wire}}}]}}'.encode()
    fields = Fields(Answer(200, body).exact_json())
    values = money.parse_amount(fields, readings.BALANCE.plain)
    assert values[readings.BALANCE.plain] == amount
    assert "E" not in f"{values[readings.BALANCE.plain]:f}"


@given(AMOUNTS, AMOUNTS)
def test_sums_are_exact(today: Decimal, yesterday: Decimal) -> None:
    """No digit is lost by adding."""
    amounts = {"today": f"{today:f}", "yesterday": f"{yesterday:f}"}
    fields = decoded({"data": [{"currency": "BTC", "amounts": amounts}]})
    values = money.parse_earnings(fields)
    total = values[readings.EARNINGS_IN_PROCESSING.plain]
    assert isinstance(total, Decimal)
    assert total.scaleb(15) == int(today.scaleb(15)) + int(yesterday.scaleb(15))


@pytest.mark.parametrize(
    ("name", "today", "yesterday"),
    [
        ("before_accrual", "0.00010961", "0.00021874"),
        ("after_accrual", "0.00010961", "0"),
        ("empty", None, None),
    ],
)
def test_earnings(name: str, today: str | None, yesterday: str | None) -> None:
    """Before and after the daily credit, and of an account without any."""
    values = money.parse_earnings(exact(f"miner_processing_earnings.{name}"))
    told = values.get(readings.EARNINGS_TODAY.plain)
    assert told == (None if today is None else Decimal(today))
    told = values.get(readings.EARNINGS_YESTERDAY.plain)
    assert told == (None if yesterday is None else Decimal(yesterday))


def test_another_currency_is_no_bitcoin() -> None:
    """Its amounts are not shown as such."""
    doge = {"currency": "DOGE", "amount": "7"}
    bitcoin = {"currency": "BTC", "amount": "0.1"}
    channel = readings.BALANCE.plain
    assert money.parse_amount(decoded({"data": [doge]}), channel) == {}
    values = money.parse_amount(decoded({"data": [doge, bitcoin]}), channel)
    assert values == {channel: Decimal("0.1")}


@pytest.mark.parametrize(
    "unparsed",
    ["", "1,5", "0x1", "１", "1e400", "NaN", "Infinity", True, [], 10**70, " 1"],
)
def test_an_amount_that_is_none(unparsed: object) -> None:
    """What is no decimal number of a sane size is no money."""
    assert decoded({"amount": unparsed}).amount("amount") is None


def test_payments() -> None:
    """The newest comes last, whatever the order they were sent in."""
    data = constructed("miner_payments.four")["data"]
    for items in (data, data[::-1]):
        payments = money.parse_payments(decoded({"data": items}).each("data"))
        assert payments[-1].type == "payout"
        assert payments[-1].amount == Decimal("0.00103112")
        assert payments[-1].transaction == data[0]["metadata"]["tx_hash"]
        assert payments[-1].at == datetime(2024, 3, 9, 12, 21, 7, tzinfo=UTC)


def test_a_layout_is_no_time() -> None:
    """The documentation shows one in the place of a time."""
    (payment,) = money.parse_payments(decoded(seed(20)).each("data"))
    assert payment.at is None
    assert payment.amount == Decimal("0.000003850292003")
    assert shown(money.payment_values(payment, None)) == {
        "headframe_last_reward": Decimal("0.000003850292003")
    }


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2024-03-09T12:21:07Z", datetime(2024, 3, 9, 12, 21, 7, tzinfo=UTC)),
        (
            "2024-03-09T12:21:07.123456789Z",
            datetime(2024, 3, 9, 12, 21, 7, 123456, tzinfo=UTC),
        ),
        ("2024-03-09T15:21:07+03:00", datetime(2024, 3, 9, 12, 21, 7, tzinfo=UTC)),
        ("2024-03-09", datetime(2024, 3, 9, tzinfo=UTC)),
        ("0001-01-01T00:00:00Z", None),
        ("0001-01-01T00:00:00+14:00", None),
        ("2006-01-02T15:04:05Z07:00", None),
        ("yesterday", None),
        (1709986867, None),
        (None, None),
    ],
)
def test_moments(text: object, moment: datetime | None) -> None:
    """With nanoseconds, as a date, and the beginning of Go's calendar."""
    assert decoded({"at": text}).moment("at") == moment


# ---- what changes at a known time


def test_thresholds() -> None:
    """What holds now, what comes, and when; a control shows what was chosen."""
    fields = exact("wallet_min_payments.current_and_future")
    values = money.threshold_values(fields, NOW, None, settable=True)
    assert shown(values) == {
        "headframe_payout_threshold": Decimal("0.001"),
        "headframe_payout_threshold_next": Decimal("0.005"),
        "headframe_payout_threshold_next_at": datetime(2024, 3, 10, tzinfo=UTC),
        "headframe_payout_threshold_set": Decimal("0.005"),
    }
    values = money.threshold_values(fields, NOW + timedelta(days=1), 2, settable=False)
    assert shown(values) == {"headframe_payout_threshold_2": Decimal("0.005")}


def test_fees() -> None:
    """In any order; one without a beginning has always held."""
    rows = [
        {"fee": 0.02, "valid_from": "2024-04-01"},
        {"fee": "0.009", "valid_from": "2023-05-04", "valid_until": None},
        {"fee": "0.01", "valid_from": None},
        {"fee": "0.03", "valid_from": "2024-05-01"},
        {"fee": "12", "valid_from": "2024-02-01"},
    ]
    fields = decoded({"data": rows})
    fees = money.parse_fees(fields.each("data"), NOW)
    assert shown(money.fee_values(fees)) == {
        "headframe_fee": 0.9,
        "headframe_fee_next": 2.0,
        "headframe_fee_next_at": datetime(2024, 4, 1, tzinfo=UTC),
    }


def test_a_change_of_the_address() -> None:
    """A theft warning worth having."""
    rows = [
        {"address": "bc1qold", "currency": "BTC", "valid_from": "2023-05-04T00:00:00Z"},
        {"address": "bc1qnew", "currency": "BTC", "valid_from": "2024-03-10T00:00:00Z"},
    ]
    values = money.address_values(decoded({"data": rows}), NOW, None)
    assert values[readings.ADDRESS.plain] == "bc1qold"
    assert values[readings.ADDRESS_CHANGES.plain] is True
    values = money.address_values(decoded({"data": rows[:1]}), NOW, None)
    assert values[readings.ADDRESS_CHANGES.plain] is False
    assert money.address_values(exact("wallet_addresses.none_yet"), NOW, None) == {}


# ---- accounts


def test_accounts() -> None:
    """Miners come first; a platform is no account."""
    accounts = account.parse_permissions(
        constructed("current_user.several_permissions")
    )
    assert [(account.kind, account.name) for account in accounts] == [
        ("miner", "HomeGarage"),
        ("miner", "HolidayHouse"),
        ("operator", None),
    ]
    assert account.parse_permissions(seed(1)) == []
    assert account.parse_user({"user": {}}) is None


@pytest.mark.parametrize("wallets", [None, [], "x", [None, 7, "../x"]])
def test_no_wallet(wallets: object) -> None:
    """A fresh account has none."""
    assert account.parse_details(decoded({"wallets": wallets})).wallets == ()


# ---- charts


def test_points() -> None:
    """An empty chart, one that is not ready, and the documented one."""
    home = exact("miners_charts.P1D.home")
    own = home.inside("data", "7cc4835b-19ed-5178-99cf-92347605de56")
    points = hashrate.parse_points(own)
    assert len(points) == 48
    assert hashrate.parse_interval(home, [points]) == timedelta(minutes=30)
    assert hashrate.parse_interval(decoded({}), [points]) == timedelta(minutes=30)
    assert hashrate.parse_interval(decoded({"interval": "soon"}), []) is None
    assert hashrate.parse_points(decoded({"status": "pending", "points": [{}]})) == {}
    same = seed(62)["data"]
    assert len(hashrate.parse_points(decoded(same))) == 1


@given(st.integers(min_value=-(2**70), max_value=2**70))
def test_any_timestamp(timestamp: int) -> None:
    """None makes the reader fail."""
    points = [{"timestamp": timestamp, "hashrate": "1"}]
    hashrate.parse_points(decoded({"points": points}))


def test_figures_of_others() -> None:
    """A figure that one of them does not tell is not known for all of them."""
    items = [
        {"hashrate": {"day": "5", "week": "6", "month": "7"}},
        {"hashrate": {"day": "1", "week": None}},
    ]
    values = account.referral_values(decoded(items).each())
    assert shown(values) == {
        "headframe_referrals": 2,
        "headframe_referral_hashrate_1d": 6.0,
    }
    shares: list[Any] = [{"rate": 0.009}, {"rate": "0.1"}]
    values = account.profit_sharing_values(decoded({"data": shares}))
    assert shown(values) == {
        "headframe_profit_sharings": 2,
        "headframe_profit_shared": pytest.approx(10.9),
    }
    shares.append({"rate": None})
    values = account.profit_sharing_values(decoded({"data": shares}))
    assert shown(values) == {"headframe_profit_sharings": 3}


@pytest.mark.parametrize("data", [{}, {"data": "x"}, {"data": 3}])
def test_no_list_of_shares(data: Any) -> None:
    """Is not known, and no 0; an empty one may be null."""
    assert account.profit_sharing_values(Fields(data)) == {}
    assert shown(account.profit_sharing_values(Fields({"data": None}))) == {
        "headframe_profit_sharings": 0,
        "headframe_profit_shared": 0.0,
    }


@pytest.mark.parametrize("count", [12, "12", "12.0", Decimal("12.0")])
def test_counts_however_sent(count: object) -> None:
    """A whole number may come as text, or with a fraction that is none."""
    assert numbers.whole(Fields({"n": count}), "n") == 12
    at = datetime.fromtimestamp(12, UTC)
    assert numbers.second(Fields({"n": count}), "n") == at


@pytest.mark.parametrize("count", [-1, "1.5", "x", True, 10**50, None])
def test_counts_that_are_none(count: object) -> None:
    """Nothing is known of them."""
    assert numbers.whole(Fields({"n": count}), "n") is None


@pytest.mark.parametrize(
    "told", ["P99999999999999D", "P" + "9" * 200 + "D", "-PT1M", "PT0S", "x", None]
)
def test_an_interval_that_is_none(told: object) -> None:
    """Then the points themselves tell how far apart they are."""
    start = datetime(2026, 1, 1, tzinfo=UTC)
    points = {start: 1.0, start + timedelta(minutes=5): 1.0}
    found = hashrate.parse_interval(Fields({"interval": told}), [points])
    assert found == timedelta(minutes=5)


def test_notifications() -> None:
    """What cannot be changed is no switch."""
    answer = seed(12)
    answer["email"]["user-login"]["readonly"] = True
    answer["email"]["delete-miner"] = None
    found = account.parse_notifications(decoded(answer))
    assert len(found) == 5
    assert readings.NOTIFICATIONS["email", "user-login"] not in found


def test_channels_keep_their_keys() -> None:
    """Unique ids and histories of people hang on them."""
    channels: list[Channel[Any]] = [
        readings.AVERAGE.channel(Window.H1),
        readings.THRESHOLD_SET.plain,
        readings.STATUS.plain,
    ]
    assert [channel.key for channel in channels] == [
        "headframe_hashrate_1h",
        "headframe_payout_threshold_set",
        "headframe_status",
    ]
    assert readings.AVERAGE.channel(Window.H1).enabled
    assert not readings.AVERAGE.channel(Window.W1).enabled
