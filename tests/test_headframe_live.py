"""Accounts at a simulated Headframe, from the dialog to the states, as time passes."""

from collections.abc import AsyncIterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import SOURCE_REAUTH, ConfigEntryState
from homeassistant.const import STATE_OFF, STATE_ON, STATE_UNAVAILABLE, STATE_UNKNOWN
from homeassistant.core import HomeAssistant, State
from homeassistant.helpers import device_registry as dr, entity_registry as er
import pytest

from custom_components.mining_rig.const import (
    CONF_ALLOW_WRITING,
    CONF_ID_ROOT,
    CONF_KIND,
    DOMAIN,
)
from simulator.headframe import SimulatedHeadframe

from .pools import entry_of
from .rigs import async_choose_kind, async_pass

CODE = "123456"
NOON = "2026-10-05 12:00:00+00:00"
DAY = 86400


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch, freezer: FrozenDateTimeFactory) -> None:
    """Let it be noon in UTC, and leave no gaps between requests."""
    freezer.move_to(NOON)
    monkeypatch.setattr("custom_components.mining_rig.sources.headframe.budget.GAP", 0)


@pytest.fixture
def enable_event_loop_debug() -> None:
    """Leave the event loop fast: days pass in these tests."""


@pytest.fixture
async def pool(_quick: None, socket_enabled: None) -> AsyncIterator[SimulatedHeadframe]:
    """Return a pool with an account of four workers."""
    async with SimulatedHeadframe() as pool:
        yield pool


# ---- the dialogs


async def choose(hass: HomeAssistant, way: str, reauth: Any = None) -> str:
    """Open the dialog of one way to sign in; return the flow's id."""
    flows = hass.config_entries.flow
    if reauth is None:
        step = await async_choose_kind(hass, "headframe")
    else:
        step = reauth
    step = await flows.async_configure(
        step["flow_id"], {"next_step_id": f"headframe_{way}"}
    )
    assert step["type"] == "form"
    return step["flow_id"]


async def answer(hass: HomeAssistant, flow: str, **answers: Any) -> Any:
    """Answer a form of a dialog; return what it shows next."""
    step = await hass.config_entries.flow.async_configure(flow, answers)
    await hass.async_block_till_done()
    return step


async def finish(hass: HomeAssistant, step: Any, account: str) -> Any:
    """Choose an account where there are several, take the name; return the entry."""
    while step["type"] == "form":
        assert not step["errors"], step
        match step["step_id"]:
            case "headframe_account":
                answers: dict[str, Any] = {"account": account}
            case "headframe_access":
                return step
            case _:
                answers = {"name": "Pool"}
        step = await answer(hass, step["flow_id"], **answers)
    assert step["type"] == "create_entry", step
    return step["result"]


def credentials(entry: Any) -> dict[str, str]:
    """Return the secrets of an entry."""
    names = ("watcher_token", "api_key", "session_token")
    return {name: entry.data[name] for name in names if name in entry.data}


async def test_add_by_a_link(hass: HomeAssistant, pool: SimulatedHeadframe) -> None:
    """A pasted link leads to its pool, and is all that is needed."""
    flow = await choose(hass, "watcher")
    step = await answer(hass, flow, watcher_link=pool.link)
    entry = await finish(hass, step, pool.account.id)
    assert entry.state is ConfigEntryState.LOADED
    assert credentials(entry) == {"watcher_token": pool.token}
    assert entry.data[CONF_KIND] == "headframe"
    assert state(hass, "sensor", "hashrate").state not in (STATE_UNKNOWN, "0")


async def test_add_by_a_token(hass: HomeAssistant, pool: SimulatedHeadframe) -> None:
    """A token alone does; a wrong one is an error at its field."""
    flow = await choose(hass, "watcher")
    servers = {"advanced": {"pool": pool.url}}
    for wrong, error in (
        ("https://pool.headframe.io", "headframe_no_token"),
        (f"hfwl_{'0' * 64}", "headframe_refused"),
    ):
        step = await answer(hass, flow, watcher_link=wrong, **servers)
        assert step["errors"] == {"watcher_link": error}
    step = await answer(hass, flow, watcher_link=f" {pool.guest_token}\n", **servers)
    entry = await finish(hass, step, pool.account.id)
    assert credentials(entry) == {"watcher_token": pool.guest_token}
    assert state(hass, "sensor", "hashrate").state != STATE_UNKNOWN
    assert not find(hass, "sensor", "headframe_balance")


async def test_add_by_a_key(hass: HomeAssistant, pool: SimulatedHeadframe) -> None:
    """A key reaches several accounts, of which one is chosen."""
    flow = await choose(hass, "api_key")
    servers = {"advanced": {"pool": pool.url}}
    step = await answer(hass, flow, api_key="wrong", **servers)
    assert step["errors"] == {"api_key": "headframe_refused"}
    step = await answer(hass, flow, api_key=pool.api_key, **servers)
    assert step["step_id"] == "headframe_account"
    operator = pool.registry.groups[0]
    entry = await finish(hass, step, operator.id)
    assert entry.data["account_kind"] == "operator"
    assert credentials(entry) == {"api_key": pool.api_key}
    assert len(workers(hass)) == len(operator.workers)


async def signed_in(
    hass: HomeAssistant, pool: SimulatedHeadframe, reauth: Any = None
) -> Any:
    """Sign in with e-mail and password; return the step that comes then."""
    flow = await choose(hass, "login", reauth)
    step = await answer(hass, flow, pool=pool.url, sign_in=pool.url)
    assert step["step_id"] == "headframe_password"
    own = {"email": pool.user.email, "consent": True}
    wrong = await answer(hass, flow, password="wrong", **own)
    assert wrong["errors"] == {"password": "headframe_refused"}
    return await answer(hass, flow, password=pool.user.password, **own)


@pytest.mark.parametrize("money", [True, False])
async def test_add_by_a_sign_in(
    hass: HomeAssistant, pool: SimulatedHeadframe, money: bool
) -> None:
    """A link is made of it, the session ended, the password nowhere."""
    before = len(pool.account.links)
    step = await signed_in(hass, pool)
    step = await finish(hass, step, pool.account.id)
    step = await answer(hass, step["flow_id"], money=money, allow_writing=False)
    entry = await finish(hass, step, pool.account.id)
    link = pool.account.links[before]
    assert (link.title, link.accountant) == ("Home Assistant", money)
    assert credentials(entry) == {"watcher_token": link.token}
    assert pool.kratos.sessions == {}
    assert pool.user.password not in str(entry.as_dict())
    assert bool(find(hass, "sensor", "headframe_balance")) is money


async def test_add_by_a_sign_in_with_a_code(
    hass: HomeAssistant, pool: SimulatedHeadframe
) -> None:
    """The code is asked for; the session is kept where settings are to be changed."""
    pool.user.totp = CODE
    step = await signed_in(hass, pool)
    assert step["step_id"] == "headframe_code"
    step = await answer(hass, step["flow_id"], code="000000")
    assert step["errors"] == {"code": "headframe_code_wrong"}
    step = await answer(hass, step["flow_id"], code=f" {CODE[:3]} {CODE[3:]}")
    step = await finish(hass, step, pool.account.id)
    step = await answer(hass, step["flow_id"], money=True, allow_writing=True)
    entry = await finish(hass, step, pool.account.id)
    [token] = pool.kratos.sessions
    assert credentials(entry) == {"session_token": token}
    assert entry.options[CONF_ALLOW_WRITING]
    assert find(hass, "text", "headframe_title")


# ---- an account that is there


@pytest.fixture
async def entry(hass: HomeAssistant, pool: SimulatedHeadframe) -> Any:
    """Return the entry of the account, which a link lets in."""
    entry = entry_of(pool, watcher_token=pool.token)
    await set_up(hass, entry)
    return entry


async def set_up(hass: HomeAssistant, entry: Any) -> None:
    """Add an entry, and wait until it was read."""
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()


def find(
    hass: HomeAssistant, platform: str, channel: str, part: str = "rig"
) -> str | None:
    """Return the entity of a channel, None if there is none."""
    [entry] = hass.config_entries.async_entries(DOMAIN)
    id_root = entry.data[CONF_ID_ROOT]
    return er.async_get(hass).async_get_entity_id(
        platform, DOMAIN, f"{id_root}_{part}_{channel}"
    )


def state(hass: HomeAssistant, platform: str, channel: str, part: str = "rig") -> State:
    """Return the state of a channel."""
    entity_id = find(hass, platform, channel, part)
    assert entity_id is not None, channel
    found = hass.states.get(entity_id)
    assert found is not None, entity_id
    return found


def money(hass: HomeAssistant, channel: str) -> Decimal:
    """Return an amount that is shown."""
    return Decimal(state(hass, "sensor", channel).state)


def workers(hass: HomeAssistant) -> set[str | None]:
    """Return the names of the devices of workers."""
    [entry] = hass.config_entries.async_entries(DOMAIN)
    devices = dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id)
    return {device.name for device in devices if device.via_device_id is not None}


async def pass_time(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    *,
    minutes: int = 0,
    hours: int = 0,
) -> None:
    """Let time pass, in steps in which an account is looked at."""
    step = 6 if minutes else 30
    for _ in range(round((hours * 60 + minutes) / step)):
        await async_pass(hass, freezer, step * 60)


def reauths(hass: HomeAssistant) -> list[Any]:
    """Return the dialogs that ask for new credentials."""
    flows = hass.config_entries.flow.async_progress()
    return [flow for flow in flows if flow["context"]["source"] == SOURCE_REAUTH]


async def test_workers_come_and_go(
    hass: HomeAssistant,
    pool: SimulatedHeadframe,
    entry: Any,
    freezer: FrozenDateTimeFactory,
) -> None:
    """A worker's status follows it; a new one appears, a removed one goes."""
    machine = pool.machine("s21-cellar")
    assert state(hass, "sensor", "headframe_status", machine.id).state == "stable"
    assert (
        state(hass, "binary_sensor", "headframe_online", machine.id).state == STATE_ON
    )
    told = state(hass, "event", "headframe_worker_status", machine.id)
    assert told.state == STATE_UNKNOWN

    pool.fault("worker_off")
    await pass_time(hass, freezer, minutes=12)
    assert state(hass, "sensor", "headframe_status", machine.id).state == "unavailable"
    online = state(hass, "binary_sensor", "headframe_online", machine.id)
    assert online.state == STATE_OFF
    assert state(hass, "binary_sensor", "headframe_workers_down").state == STATE_ON
    told = state(hass, "event", "headframe_worker_status", machine.id)
    assert told.attributes["event_type"] == "unavailable"
    assert told.attributes["before"] == "stable"
    await pass_time(hass, freezer, minutes=66)
    assert state(hass, "sensor", "headframe_status", machine.id).state == "off"
    pool.clear("worker_off")
    await pass_time(hass, freezer, minutes=12)
    assert state(hass, "sensor", "headframe_status", machine.id).state == "stable"

    before = workers(hass)
    new = pool.account.add_machine("s19-attic", 10**14, pool.clock())
    await pass_time(hass, freezer, minutes=12)
    assert workers(hass) - before == {"HomeGarage s19-attic"}
    assert float(state(hass, "sensor", "hashrate", new.id).state) > 10
    new.removed_at = pool.clock()
    await pass_time(hass, freezer, minutes=24)
    assert workers(hass) == before


@pytest.mark.usefixtures("entity_registry_enabled_by_default")
async def test_a_day_of_money(
    hass: HomeAssistant,
    pool: SimulatedHeadframe,
    entry: Any,
    freezer: FrozenDateTimeFactory,
) -> None:
    """Earnings begin anew at 00:00 UTC, are credited and paid out; events tell it."""
    today = money(hass, "headframe_earnings_today")
    assert today > 0
    assert money(hass, "headframe_earnings_yesterday") == 0
    assert state(hass, "event", "headframe_payment").state == STATE_UNKNOWN
    await pass_time(hass, freezer, hours=11)
    evening = money(hass, "headframe_earnings_today")
    assert evening > today
    await pass_time(hass, freezer, hours=2)
    assert money(hass, "headframe_earnings_today") < evening / 10
    yesterday = money(hass, "headframe_earnings_yesterday")
    assert yesterday >= evening
    assert money(hass, "headframe_earnings_in_processing") == pytest.approx(
        yesterday + money(hass, "headframe_earnings_today")
    )
    balance = money(hass, "headframe_balance")

    await pass_time(hass, freezer, hours=10)
    assert money(hass, "headframe_earnings_yesterday") == 0
    told = state(hass, "event", "headframe_payment")
    assert told.attributes["event_type"] in ("reward", "other")
    assert money(hass, "headframe_last_reward") > 0
    rewarded = state(hass, "sensor", "headframe_last_reward_at").state
    assert rewarded.startswith("2026-10-06T10:10")
    assert money(hass, "headframe_balance") == balance + yesterday


async def test_a_payout(
    hass: HomeAssistant,
    pool: SimulatedHeadframe,
    entry: Any,
    freezer: FrozenDateTimeFactory,
) -> None:
    """A payout is told once, with its amount in plain digits."""
    told: list[Any] = []

    def note(event: Any) -> None:
        new = event.data["new_state"]
        if event.data["entity_id"] == find(hass, "event", "headframe_payment"):
            told.append(new.attributes)

    hass.bus.async_listen("state_changed", note)
    before = state(hass, "sensor", "headframe_last_payout_at").state
    rows = len(pool.account.ledger.rows)
    for _ in range(4 * 24):
        await async_pass(hass, freezer, 3600)
    paid = [row for row in pool.account.ledger.rows[rows:] if row.type == "payout"]
    assert paid
    events = [data for data in told if data.get("event_type") == "payout"]
    assert [Decimal(data["amount"]) for data in events] == [row.amount for row in paid]
    assert all("E" not in data["amount"] for data in events)
    assert state(hass, "sensor", "headframe_last_payout_at").state != before
    assert money(hass, "headframe_last_payout") == paid[-1].amount


@pytest.mark.slow
async def test_requests_stay_within_the_budget(
    hass: HomeAssistant,
    pool: SimulatedHeadframe,
    entry: Any,
    freezer: FrozenDateTimeFactory,
) -> None:
    """In no hour of a day more than sixty, even though everything is asked."""
    for _ in range(24 * 12):
        await async_pass(hass, freezer, 300)
    times = [request.at for request in pool.calls()]
    assert len(times) > 24 * 30
    busiest = max(sum(at <= other < at + 3600 for other in times) for at in times)
    assert busiest <= 60


@pytest.mark.parametrize("fault", ["limited", "limited_until", "limited_silently"])
async def test_too_many_requests(
    hass: HomeAssistant,
    pool: SimulatedHeadframe,
    entry: Any,
    freezer: FrozenDateTimeFactory,
    fault: str,
) -> None:
    """The pool is left alone for as long as it wants; the last values stay."""
    await pass_time(hass, freezer, minutes=6)
    shown = state(hass, "sensor", "hashrate").state
    pool.fault(fault, seconds=1500)
    pool.requests.clear()
    await pass_time(hass, freezer, minutes=24)
    assert len(pool.calls()) <= (1 if fault != "limited_silently" else 6)
    assert state(hass, "sensor", "hashrate").state == shown
    await pass_time(hass, freezer, minutes=42)
    assert state(hass, "sensor", "hashrate").state not in (shown, STATE_UNAVAILABLE)


@pytest.mark.parametrize(
    "fault", ["server_error", "bad_gateway", "off", "other_device"]
)
async def test_pool_that_fails(
    hass: HomeAssistant,
    pool: SimulatedHeadframe,
    entry: Any,
    freezer: FrozenDateTimeFactory,
    fault: str,
) -> None:
    """Values stay for a quarter of an hour, then nothing is known; it comes back."""
    shown = state(hass, "sensor", "hashrate").state
    pool.fault(fault)
    await pass_time(hass, freezer, minutes=12)
    assert state(hass, "sensor", "hashrate").state == shown
    await pass_time(hass, freezer, minutes=60)
    assert state(hass, "sensor", "hashrate").state == STATE_UNAVAILABLE
    assert not reauths(hass)
    pool.fault("normal")
    await pass_time(hass, freezer, minutes=60)
    assert float(state(hass, "sensor", "hashrate").state) > 100


async def test_wrong_guesses_cost_their_features(
    hass: HomeAssistant, pool: SimulatedHeadframe, freezer: FrozenDateTimeFactory
) -> None:
    """Only paths that somebody has seen: workers and money are there all the same."""
    pool.fault("guesses_wrong")
    pool.missing = {"131"}
    entry = entry_of(pool, api_key=pool.api_key)
    await set_up(hass, entry)
    await pass_time(hass, freezer, minutes=12)
    assert entry.state is ConfigEntryState.LOADED
    assert not reauths(hass)
    assert money(hass, "headframe_balance") > 0
    assert len(workers(hass)) == 4
    assert not find(hass, "sensor", "headframe_reward_rate")


async def test_link_that_was_deleted(
    hass: HomeAssistant,
    pool: SimulatedHeadframe,
    entry: Any,
    freezer: FrozenDateTimeFactory,
) -> None:
    """Another link is asked for, once; with it everything goes on."""
    pool.fault("link_deleted")
    await pass_time(hass, freezer, minutes=24)
    [flow] = reauths(hass)
    assert state(hass, "sensor", "hashrate").state == STATE_UNAVAILABLE
    link = pool.account.add_link(f"hfwl_{'ab' * 32}", "New", pool.clock())
    asked = await hass.config_entries.flow.async_configure(flow["flow_id"])
    way = await choose(hass, "watcher", asked)
    step = await answer(hass, way, watcher_link=link.token, advanced={"pool": pool.url})
    assert step["reason"] == "reauth_successful"
    assert credentials(entry) == {"watcher_token": link.token}
    assert float(state(hass, "sensor", "hashrate").state) > 100
    assert not reauths(hass)


async def test_session_that_ended(
    hass: HomeAssistant, pool: SimulatedHeadframe, freezer: FrozenDateTimeFactory
) -> None:
    """Signing in again gives a new session, and the settings are there again."""
    entry = entry_of(pool, session_token=pool.sign_in().token)
    await set_up(hass, entry)
    assert find(hass, "text", "headframe_title")
    pool.fault("session_expired")
    await pass_time(hass, freezer, minutes=12)
    [flow] = reauths(hass)
    asked = await hass.config_entries.flow.async_configure(flow["flow_id"])
    step = await signed_in(hass, pool, asked)
    assert step["step_id"] == "headframe_access"
    step = await answer(hass, step["flow_id"], money=True, allow_writing=True)
    assert step["reason"] == "reauth_successful"
    assert credentials(entry).keys() == {"session_token"}
    assert credentials(entry)["session_token"] in pool.kratos.sessions
    assert float(state(hass, "sensor", "hashrate").state) > 100


async def test_payments_that_were_closed(
    hass: HomeAssistant,
    pool: SimulatedHeadframe,
    entry: Any,
    freezer: FrozenDateTimeFactory,
) -> None:
    """A link that lost the money goes on with the rest."""
    pool.fault("payments_closed")
    await pass_time(hass, freezer, hours=3)
    assert not reauths(hass)
    assert float(state(hass, "sensor", "hashrate").state) > 100
    assert state(hass, "sensor", "headframe_balance").state in (
        STATE_UNKNOWN,
        STATE_UNAVAILABLE,
    )


async def test_payout_address_that_changes(
    hass: HomeAssistant,
    pool: SimulatedHeadframe,
    entry: Any,
    freezer: FrozenDateTimeFactory,
) -> None:
    """Somebody's change is seen before it takes effect."""
    changes = "headframe_wallet_address_changes"
    assert state(hass, "binary_sensor", changes).state == STATE_OFF
    pool.fault("address_changed")
    await pass_time(hass, freezer, hours=2)
    assert state(hass, "binary_sensor", changes).state == STATE_ON


async def test_restart(
    hass: HomeAssistant,
    pool: SimulatedHeadframe,
    entry: Any,
    freezer: FrozenDateTimeFactory,
) -> None:
    """What happened meanwhile is told once; nothing from before is told again."""
    assert await hass.config_entries.async_unload(entry.entry_id)
    await hass.async_block_till_done()
    freezer.tick(timedelta(days=1))
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    told = state(hass, "event", "headframe_payment")
    assert told.attributes["event_type"] in ("reward", "other", "payout")
    assert told.attributes["time"] >= "2026-10-06"
    assert len(workers(hass)) == 4
    moment = told.state
    assert await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()
    await pass_time(hass, freezer, minutes=12)
    assert state(hass, "event", "headframe_payment").state == moment


@pytest.mark.slow
async def test_hundreds_of_workers(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, socket_enabled: None
) -> None:
    """Three hundred are read in pages and batches, and within the budget."""
    async with SimulatedHeadframe(workers=300, days=3) as pool:
        await set_up(hass, entry_of(pool, watcher_token=pool.token))
        await pass_time(hass, freezer, minutes=24)
        assert state(hass, "sensor", "headframe_workers").state == "300"
        assert len(workers(hass)) == 300
        assert all(len(request.path) < 2000 for request in pool.calls())
        for _ in range(24):
            await async_pass(hass, freezer, 300)
        times = [request.at for request in pool.calls()]
        busiest = max(sum(at <= other < at + 3600 for other in times) for at in times)
        assert busiest <= 60
