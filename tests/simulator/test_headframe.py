"""The simulated Headframe: machines, money, links, sign-in, faults."""

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from email.utils import parsedate_to_datetime
from itertools import pairwise
from typing import Any

import pytest

from simulator.clock import ManualClock
from simulator.headframe import BASE, COOKIE, SimulatedHeadframe

from .wire import Response, ask

DAY = 86400
NOON = datetime(2026, 6, 1, 12, tzinfo=UTC).timestamp()
CODE = "123456"


@pytest.fixture
def clock() -> ManualClock:
    """Return a clock at noon UTC."""
    return ManualClock(NOON)


async def send(
    rig: SimulatedHeadframe,
    path: str,
    *,
    method: str = "GET",
    body: object = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Ask the pool, with the watcher link unless told otherwise."""
    headers = {"X-Watcher-Token": rig.token} if headers is None else headers
    [response] = await ask(rig, method, BASE + path, body=body, headers=headers)
    return response


async def get(rig: SimulatedHeadframe, path: str) -> Any:
    """Return the answer to a question that is allowed."""
    response = await send(rig, path)
    assert response.status == 200, response
    return response.json()


async def write(
    rig: SimulatedHeadframe, method: str, path: str, body: object = None
) -> Response:
    """Change something as the owner."""
    headers = {"X-Session-Token": rig.sign_in().token}
    return await send(rig, path, method=method, body=body, headers=headers)


def account(rig: SimulatedHeadframe, path: str = "") -> str:
    """Return a path below the account."""
    return f"/miners/{rig.account.id}{path}"


async def amount(rig: SimulatedHeadframe, path: str) -> Decimal:
    """Return a sum of money."""
    [found] = (await get(rig, account(rig, path)))["data"]
    assert found["currency"] == "BTC"
    return Decimal(found["amount"])


async def payments(rig: SimulatedHeadframe) -> list[dict[str, Any]]:
    """Return the rows of all pages, newest first."""
    rows: list[dict[str, Any]] = []
    while True:
        page = await get(rig, account(rig, f"/payments?limit=100&offset={len(rows)}"))
        rows += page["data"]
        if len(rows) >= page["pagination"]["total_count"]:
            return rows


# ---- machines


async def test_hashrate_follows_the_machine(clock: ManualClock) -> None:
    """Averages fall one after the other once it is off, and rise again."""
    async with SimulatedHeadframe(clock=clock) as rig:
        machine = rig.machine("s21-cellar")

        async def averages() -> dict[str, float]:
            stats = (await get(rig, f"/workers/stats?id={machine.id}"))[machine.id]
            return {
                window: float(found["hashrate"]) / machine.nominal
                for window, found in stats.items()
            }

        assert all(0.9 < found < 1.1 for found in (await averages()).values())
        machine.switch(clock(), on=False)
        clock.advance(900)
        found = await averages()
        assert found["15m"] == 0
        assert 0.6 < found["1h"] < 0.85
        assert found["1d"] > 0.9
        machine.switch(clock(), on=True)
        clock.advance(450)
        assert 0.4 < (await averages())["15m"] < 0.6


async def test_status_follows_the_machine(clock: ManualClock) -> None:
    """A silent machine is unavailable, after an hour off; a removed one is gone."""
    async with SimulatedHeadframe(clock=clock) as rig:
        machine = rig.machine("s21-cellar")

        async def status(query: str = "") -> str | None:
            found = await get(rig, account(rig, f"/workers{query}"))
            return {row["name"]: row["status"] for row in found["data"]}.get(
                machine.name
            )

        assert await status() == "stable"
        rig.fault("worker_off")
        clock.advance(600)
        assert await status() == "unavailable"
        clock.advance(3600)
        assert await status() == "off"
        assert await status("?status=stable") is None
        rig.clear("worker_off")
        clock.advance(1)
        assert await status() == "stable"
        machine.removed_at = clock()
        assert await status() is None
        assert await status("?status=removed") == "removed"


async def test_new_machine_and_counts(clock: ManualClock) -> None:
    """A machine that begins to hash is in the list, in its page and in the counts."""
    async with SimulatedHeadframe(clock=clock, workers=25) as rig:
        rig.account.add_machine("new", 10**14, clock())
        clock.advance(60)
        page = await get(
            rig,
            account(rig, "/workers?limit=10&offset=20&sort-by=worker_name"),
        )
        assert page["pagination"] == {"limit": 10, "offset": 20, "total_count": 26}
        assert len(page["data"]) == 6
        counts = await get(rig, account(rig, "/workers/statistics"))
        assert counts["stable"] == 26


async def test_workers_in_every_order(clock: ManualClock) -> None:
    """Each order sorts, both ways."""
    async with SimulatedHeadframe(clock=clock) as rig:
        for sort in (
            "default",
            "worker_name",
            "hash_rate_15m",
            "hash_rate_1h",
            "hash_rate_24h",
            "reject_pct_15m",
        ):
            path = account(rig, f"/workers?sort-by={sort}&sort-direction=")
            up = [row["name"] for row in (await get(rig, f"{path}asc"))["data"]]
            down = [row["name"] for row in (await get(rig, f"{path}desc"))["data"]]
            assert up == down[::-1]
            assert len(up) == 4


@pytest.mark.parametrize(
    ("period", "points"), [("PT15M", 15), ("PT1H", 12), ("P1D", 48), ("P1W", 168)]
)
async def test_charts_agree_with_statistics(
    clock: ManualClock, period: str, points: int
) -> None:
    """The points of a chart have the average that the statistics tell."""
    async with SimulatedHeadframe(clock=clock) as rig:
        machine = rig.machine("s19-garage")
        chart = await get(rig, f"/workers/charts?period={period}&id={machine.id}")
        found = chart["data"][machine.id]["points"]
        assert len(found) == points
        gaps = {b["timestamp"] - a["timestamp"] for a, b in pairwise(found)}
        assert len(gaps) == 1
        assert found[-1]["timestamp"] + gaps.pop() == clock()
        window = {"PT15M": "15m", "PT1H": "1h", "P1D": "1d", "P1W": "1w"}[period]
        stats = (await get(rig, f"/workers/stats?id={machine.id}"))[machine.id]
        mean = sum(float(point["hashrate"]) for point in found) / points
        assert mean == pytest.approx(float(stats[window]["hashrate"]), rel=1e-6)


async def test_unknown_ids(clock: ManualClock) -> None:
    """Statistics leave an unknown worker out; a chart refuses all of them."""
    async with SimulatedHeadframe(clock=clock) as rig:
        known, unknown = rig.account.machines[0].id, rig.pool.id
        ids = f"id={known}&id={unknown}"
        assert (await get(rig, f"/workers/stats?{ids}")).keys() == {known}
        assert (await send(rig, f"/workers/charts?period=P1D&{ids}")).status == 404
        assert (await send(rig, "/workers/stats")).status == 400
        assert (await send(rig, "/workers/stats?id=1")).status == 400


async def test_daily_report(clock: ManualClock) -> None:
    """Each day has a row for each worker that was there."""
    async with SimulatedHeadframe(clock=clock) as rig:
        path = account(rig, "/workers/daily-report?from=2026-05-30&to=2026-06-01")
        report = await get(rig, path)
        assert [found["date"] for found in report["data"]] == [
            "2026-05-30",
            "2026-05-31",
            "2026-06-01",
        ]
        assert {row["worker_name"] for row in report["data"][0]["workers"]} == {
            machine.name for machine in rig.account.machines
        }
        wrong = account(rig, "/workers/daily-report?from=yesterday")
        assert (await send(rig, wrong)).status == 400


# ---- money


async def test_a_day_of_money(clock: ManualClock) -> None:
    """Earnings grow by the hour, are credited at 10:10 UTC and paid out after 11."""
    async with SimulatedHeadframe(clock=clock) as rig:
        path = account(rig, "/processing-earnings")

        async def earned() -> dict[str, Decimal]:
            [found] = (await get(rig, path))["data"]
            return {name: Decimal(text) for name, text in found["amounts"].items()}

        noon = await earned()
        assert noon["yesterday"] == 0
        clock.advance(6 * 3600)
        assert (await earned())["today"] > noon["today"] > 0
        clock.now = NOON + DAY / 2 - 1
        evening = (await earned())["today"]
        clock.advance(2)
        midnight = await earned()
        assert midnight["yesterday"] == pytest.approx(evening, rel=Decimal("0.001"))
        assert midnight["today"] < midnight["yesterday"] / 100
        before = await amount(rig, "/balance")
        clock.now = NOON + DAY - 3600
        assert (await earned())["yesterday"] == 0
        after = await amount(rig, "/balance")
        assert after - before == midnight["yesterday"]


async def test_ledger_adds_up(clock: ManualClock) -> None:
    """The balance is what came less what went; a payout leaves less than a satoshi."""
    async with SimulatedHeadframe(clock=clock) as rig:
        rows = await payments(rig)
        signed = [
            Decimal(row["amount"]) * (1 if row["direction"] == "incoming" else -1)
            for row in rows
        ]
        assert sum(signed) == await amount(rig, "/balance")
        assert [row["created_at"] for row in rows] == sorted(
            (row["created_at"] for row in rows), reverse=True
        )
        assert len({row["id"] for row in rows}) == len(rows)
        assert {row["type"] for row in rows} == {
            "reward",
            "payout",
            "profit_sharing",
            "virtual_mining_transfer",
        }
        paid = [number for number, row in enumerate(rows) if row["type"] == "payout"]
        assert len(paid) > 3
        for number in paid:
            assert 0 <= sum(signed[number:]) < Decimal("0.00000001")
            assert Decimal(rows[number]["amount"]) >= Decimal("0.001")
            assert "11:00" <= rows[number]["created_at"][11:16] <= "14:00"
        earned = await amount(rig, "/earned-all-time")
        assert earned == await amount(rig, "/balance") + sum(
            Decimal(rows[number]["amount"]) for number in paid
        )


async def test_ledger_stays_as_it_is(clock: ManualClock) -> None:
    """What was written is never written otherwise, whatever happens later."""
    async with SimulatedHeadframe(clock=clock) as rig:
        before = await payments(rig)
        rig.fault("worker_off")
        clock.advance(9 * DAY)
        after = await payments(rig)
        assert after[-len(before) :] == before
        assert len(after) > len(before)


async def test_threshold_counts_from_the_next_day(clock: ManualClock) -> None:
    """A higher threshold delays the payout; a wrong one is refused."""
    async with SimulatedHeadframe(clock=clock) as rig:
        path = f"/wallets/{rig.wallet.id}/min-payments"
        for wrong in ("0.0009", "much", None):
            assert (await write(rig, "POST", path, {"amount": wrong})).status == 400
        response = await write(rig, "POST", path, {"amount": "0.5"})
        future, current = response.json()["data"]
        assert (future["amount"], current["amount"]) == (0.5, 0.001)
        assert future["valid_from"] == current["valid_until"] == "2026-06-02T00:00:00Z"
        before = len([row for row in await payments(rig) if row["type"] == "payout"])
        clock.advance(30 * DAY)
        after = len([row for row in await payments(rig) if row["type"] == "payout"])
        assert after - before <= 1


async def test_csv(clock: ManualClock) -> None:
    """The attachment has the rows of the list, of ninety days at most."""
    async with SimulatedHeadframe(clock=clock) as rig:
        path = account(rig, "/payments/csv?type=payout&from=2026-05-01T00:00:00Z")
        response = await send(rig, path)
        headers = dict(response.headers)
        assert headers["Content-Disposition"].startswith("attachment")
        head, *lines = response.body.decode().splitlines()
        assert head.split(",")[:3] == ["created_at", "effective_at", "type"]
        rows = [row for row in await payments(rig) if row["type"] == "payout"]
        assert [line.split(",")[4] for line in lines] == [
            row["amount"] for row in rows if row["created_at"] >= "2026-05-01"
        ]
        long = account(rig, "/payments/csv?from=2026-01-01T00:00:00Z")
        assert (await send(rig, long)).status == 400


async def test_sharing_and_slices(clock: ManualClock) -> None:
    """Sharing begins the next day; a slice of hashrate is seen on both sides."""
    async with SimulatedHeadframe(clock=clock) as rig:
        other = rig.registry.miners[1]
        path = account(rig, f"/profit-sharings/{other.id}")
        body = {"rate": "0.05", "type": "profit_sharing"}
        assert (await write(rig, "POST", path, body)).status == 204
        found = (await get(rig, account(rig, "/profit-sharings")))["data"]
        assert [row["rate"] for row in found] == [0.01, 0.05]
        assert found[0]["valid_until"] == found[1]["valid_from"]
        clock.advance(DAY)
        assert (await write(rig, "DELETE", path)).status == 204
        clock.advance(DAY)
        assert (await get(rig, account(rig, "/profit-sharings")))["data"] == []
        assert (await write(rig, "DELETE", path)).status == 404

        body = {
            "name": "rented",
            "donor_miner_id": rig.account.id,
            "recipient_miner_id": other.id,
            "hashrate": "4294967295",
        }
        assert (await write(rig, "POST", "/workers/boundary", body)).status == 400
        body["hashrate"] = "100000000000000"
        made = (await write(rig, "POST", "/workers/boundary", body)).json()
        assert made["hashrate"]["current"]["hashrate"] == 10**14
        clock.advance(900)
        stats = await get(rig, account(rig, "/workers/boundary/stats"))
        assert float(stats["15m"]["hashrate"]) == pytest.approx(105e12)
        where = f"/workers/boundary/{made['id']}"
        changed = (await write(rig, "PUT", where, {"hashrate": "5000000000"})).json()
        assert changed["hashrate"]["future"]["hashrate"] == 5 * 10**9
        assert (await write(rig, "DELETE", where)).status == 204
        assert (await send(rig, where)).status == 404


# ---- who may what


async def test_reach_of_links(clock: ManualClock) -> None:
    """A link sees its account; payments only if it may; it writes nothing."""
    async with SimulatedHeadframe(clock=clock) as rig:
        guest = {"X-Watcher-Token": rig.guest_token}
        other = f"/miners/{rig.registry.miners[1].id}"
        wanted = {
            account(rig): (200, 200),
            account(rig, "/workers"): (200, 200),
            account(rig, "/payments"): (200, 403),
            account(rig, "/balance"): (200, 403),
            f"/wallets/{rig.wallet.id}/addresses": (200, 403),
            account(rig, "/watchers"): (403, 403),
            other: (403, 403),
            "/users/me": (401, 401),
            f"/miners/{rig.pool.id}": (404, 404),
            "/miners/me": (400, 400),
        }
        for path, statuses in wanted.items():
            assert (
                (await send(rig, path)).status,
                (await send(rig, path, headers=guest)).status,
            ) == statuses, path
        title = account(rig, "/title")
        assert (await send(rig, title, method="PUT", body={"title": "x"})).status == 403
        for token in (rig.token, rig.guest_token):
            found = await get(rig, f"/watchers/{token}")
            [permission] = found["permissions"]
            assert permission["id"] == rig.account.id
            assert bool(permission["access"]) == (token == rig.token)


async def test_reach_of_a_person(clock: ManualClock) -> None:
    """Key, session and cookie do as the person may; a viewer sees no money."""
    async with SimulatedHeadframe(clock=clock) as rig:
        token = rig.sign_in().token
        viewed = f"/miners/{rig.registry.miners[1].id}"
        for headers in (
            {"Authorization": f"Bearer {rig.api_key}"},
            {"X-Session-Token": token},
            {"Cookie": f"{COOKIE}=MTcw{token}"},
        ):
            me = (await send(rig, "/users/me", headers=headers)).json()
            assert me["user"]["id"] == rig.user.id
            assert {found["type"] for found in me["permissions"]} == {
                "platform",
                "miner",
                "operator",
                "pool",
            }
            assert (await send(rig, viewed, headers=headers)).status == 200
            money = await send(rig, f"{viewed}/balance", headers=headers)
            assert money.status == 403
        for headers in (
            {},
            {"Authorization": "Bearer wrong"},
            {"X-Session-Token": "ory_st_wrong", "Authorization": f"Bearer {token}"},
        ):
            assert (await send(rig, "/users/me", headers=headers)).status == 401


async def test_notifications_and_title(clock: ManualClock) -> None:
    """Both channels must be there, and what is fixed stays."""
    async with SimulatedHeadframe(clock=clock) as rig:
        path = "/users/me/notifications"
        body: dict[str, Any] = {"email": {"miner-payout": {"enabled": False}}}
        assert (await write(rig, "PATCH", path, body)).status == 400
        body["telegram"] = {}
        changed = (await write(rig, "PATCH", path, body)).json()
        assert changed["email"]["miner-payout"] == {"enabled": False, "readonly": False}
        assert changed["email"]["miner-reward"]["enabled"]
        fixed = {"email": {"delete-miner": {"enabled": False}}, "telegram": {}}
        assert (await write(rig, "PATCH", path, fixed)).status == 400
        path = account(rig, "/title")
        assert (await write(rig, "PUT", path, {"title": "Barn"})).status == 200
        assert (await get(rig, account(rig)))["title"] == "Barn"
        assert (await write(rig, "DELETE", path)).status == 204
        assert "title" not in await get(rig, account(rig))


async def test_links_come_and_go(clock: ManualClock) -> None:
    """A link that was made lets somebody in until it is deleted."""
    async with SimulatedHeadframe(clock=clock) as rig:
        path = account(rig, "/watchers")
        body = {"title": "Home Assistant", "extra_permissions": ["accountant"]}
        made = (await write(rig, "POST", path, body)).json()
        headers = {"X-Watcher-Token": made["token"]}
        assert (await send(rig, account(rig), headers=headers)).status == 200
        assert (await write(rig, "DELETE", f"{path}/{made['id']}")).status == 204
        assert (await send(rig, account(rig), headers=headers)).status == 401
        assert (await send(rig, f"/watchers/{made['token']}")).status == 404
        wrong = {"extra_permissions": ["owner"]}
        assert (await write(rig, "POST", path, wrong)).status == 400


# ---- sign-in


async def kratos(
    rig: SimulatedHeadframe,
    method: str,
    path: str,
    body: object = None,
    **headers: str,
) -> Response:
    """Ask the identity server."""
    path = path.removeprefix(rig.url)
    [response] = await ask(rig, method, path, body=body, headers=headers)
    return response


def password(rig: SimulatedHeadframe) -> dict[str, str]:
    """Return the owner's answer to the first question."""
    return {
        "method": "password",
        "identifier": rig.user.email,
        "password": rig.user.password,
    }


@pytest.mark.parametrize(
    "headers", [{"Cookie": "a=b"}, {"Origin": "https://x.example"}]
)
async def test_sign_in_refuses_browsers(
    clock: ManualClock, headers: dict[str, str]
) -> None:
    """A native flow bears neither cookies nor an origin."""
    async with SimulatedHeadframe(clock=clock) as rig:
        path = "/self-service/login/api"
        assert (await kratos(rig, "GET", path, **headers)).status == 400
        action = (await kratos(rig, "GET", path)).json()["ui"]["action"]
        refused = await kratos(rig, "POST", action, password(rig), **headers)
        assert refused.status == 400
        assert "ui" not in refused.json()
        gateway = {"Cookie": "__cf_bm=x"}
        assert (await kratos(rig, "GET", path, **gateway)).status == 200


async def test_sign_in_ends(clock: ManualClock) -> None:
    """A flow ends after an hour and names a fresh one; a session after its time."""
    async with SimulatedHeadframe(clock=clock, session_seconds=7200) as rig:
        flow = (await kratos(rig, "GET", "/self-service/login/api")).json()
        clock.advance(3600)
        late = await kratos(rig, "POST", flow["ui"]["action"], password(rig))
        assert late.status == 410
        fresh = late.json()["use_flow_id"]
        done = await kratos(
            rig, "POST", f"/self-service/login?flow={fresh}", password(rig)
        )
        token = done.json()["session_token"]
        assert token.startswith("ory_st_")
        headers = {"X-Session-Token": token}
        assert (await send(rig, "/users/me", headers=headers)).status == 200
        again = await kratos(rig, "GET", "/self-service/login/api", **headers)
        assert again.json()["error"]["id"] == "session_already_available"
        clock.advance(7200)
        assert (await send(rig, "/users/me", headers=headers)).status == 401
        gone = await kratos(rig, "DELETE", "/self-service/logout/api", {})
        assert gone.status == 400


async def test_second_factor(clock: ManualClock) -> None:
    """Without the code a session opens nothing; a recovery code works once."""
    async with SimulatedHeadframe(clock=clock, totp=CODE) as rig:
        rig.user.recovery_codes = {"abcd1234": False}
        flow = (await kratos(rig, "GET", "/self-service/login/api")).json()
        done = (await kratos(rig, "POST", flow["ui"]["action"], password(rig))).json()
        assert "identity" not in done["session"]
        headers = {"X-Session-Token": done["session_token"]}
        assert (await send(rig, "/users/me", headers=headers)).status == 403
        path = "/self-service/login/api?aal=aal2"
        assert (await kratos(rig, "GET", path)).status == 401
        answers = []
        for token in (done["session_token"], rig.sign_in().token):
            headers = {"X-Session-Token": token}
            flow = (await kratos(rig, "GET", path, **headers)).json()
            groups = {node["group"] for node in flow["ui"]["nodes"]}
            assert groups == {"default", "totp", "lookup_secret"}
            body = {"method": "lookup_secret", "lookup_secret": "abcd1234"}
            response = await kratos(rig, "POST", flow["ui"]["action"], body, **headers)
            answers.append(response.json())
        raised, refused = answers
        assert raised["session"]["authenticator_assurance_level"] == "aal2"
        assert raised["session_token"] == done["session_token"]
        assert refused["ui"]["messages"][0]["id"] == 4000012


# ---- faults


@pytest.mark.parametrize(
    ("fault", "seconds"),
    [("limited", 90), ("limited_until", 90), ("limited_silently", 90)],
)
async def test_too_many_requests(clock: ManualClock, fault: str, seconds: int) -> None:
    """It says how long, in either form or not at all, and ends by itself."""
    async with SimulatedHeadframe(clock=clock) as rig:
        rig.fault(fault, seconds=seconds)
        response = await send(rig, account(rig))
        assert response.status == 429
        after = dict(response.headers).get("Retry-After")
        match fault:
            case "limited":
                assert after == "90"
            case "limited_until":
                assert after is not None
                until = parsedate_to_datetime(after).timestamp()
                assert NOON + 90 <= until <= NOON + 91
            case _:
                assert after is None
        assert rig.troubles == [fault]
        clock.advance(seconds)
        assert (await send(rig, account(rig))).status == 200
        assert rig.troubles == []


@pytest.mark.parametrize(
    ("fault", "path", "status"),
    [
        ("server_error", "", 500),
        ("bad_gateway", "", 502),
        ("guesses_wrong", "/fees/current", 404),
        ("guesses_wrong", "/workers", 200),
        ("link_deleted", "", 401),
        ("payments_closed", "/balance", 403),
    ],
)
async def test_faults(clock: ManualClock, fault: str, path: str, status: int) -> None:
    """Each is there until it is cleared."""
    async with SimulatedHeadframe(clock=clock) as rig:
        rig.fault(fault)
        assert (await send(rig, account(rig, path))).status == status
        rig.fault("normal")
        assert (await send(rig, account(rig, path))).status == 200


async def test_single_operations_can_be_missing(clock: ManualClock) -> None:
    """A wrong guess costs one path."""
    async with SimulatedHeadframe(clock=clock) as rig:
        rig.missing = {"30"}
        path = account(rig, "/workers/statistics")
        assert (await send(rig, path)).status == 404
        assert (await send(rig, account(rig, "/workers"))).status == 200
        assert [call.path for call in rig.calls(30)] == [BASE + path]


async def test_sessions_end_and_addresses_change(clock: ManualClock) -> None:
    """Everybody has to sign in again; a new address waits for the next day."""
    async with SimulatedHeadframe(clock=clock) as rig:
        headers = {"X-Session-Token": rig.sign_in().token}
        rig.fault("session_expired")
        assert (await send(rig, "/users/me", headers=headers)).status == 401
        rig.fault("address_changed")
        found = (await get(rig, f"/wallets/{rig.wallet.id}/addresses"))["data"]
        assert [row["valid_from"] for row in found][0] == "2026-06-02T00:00:00Z"
        assert found[0]["address"] != found[1]["address"]


async def test_unknown_fault(clock: ManualClock) -> None:
    """A fault that is none is refused, and nothing of it stays."""
    async with SimulatedHeadframe(clock=clock) as rig:
        with pytest.raises(ValueError, match="broken"):
            rig.fault("broken")
        assert rig.troubles == []
        assert {*rig.descriptions} >= {"limited", "off"}
