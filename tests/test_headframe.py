"""An account at Headframe in Home Assistant: states, commands, refusals, secrets."""

from collections.abc import AsyncIterator, Iterator, Mapping
from decimal import Decimal
import json
import logging
from typing import Any
from unittest.mock import patch

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import SOURCE_REAUTH, ConfigEntryState
from homeassistant.const import STATE_UNAVAILABLE, STATE_UNKNOWN
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import device_registry as dr, entity_registry as er
from hypothesis import HealthCheck, given, settings, strategies as st
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.mining_rig.const import CONF_ID_ROOT, CONF_KIND, DOMAIN
from custom_components.mining_rig.diagnostics import async_get_config_entry_diagnostics
from custom_components.mining_rig.model import Quantity, Reading
from custom_components.mining_rig.sources.headframe import budget
from simulator.headframe import PoolFault, SimulatedHeadframe

from .rigs import async_pass, async_set_up, entity_id, state
from .scripted import ScriptedSource, async_add

MINUTE = 60.0


@pytest.fixture(autouse=True)
def _ready(socket_enabled: None) -> Iterator[None]:
    """Let requests follow each other at once."""
    with patch.object(budget, "GAP", 0):
        yield


@pytest.fixture
async def pool(freezer: FrozenDateTimeFactory) -> AsyncIterator[SimulatedHeadframe]:
    """Return a pool with the four workers of a home, in the middle of a day."""
    freezer.move_to("2026-11-21 15:00:00+00:00")
    async with SimulatedHeadframe() as simulated:
        yield simulated


def entry_of(
    pool: SimulatedHeadframe,
    credential: Mapping[str, str] | None = None,
    *,
    kind: str = "miner",
    account: str | None = None,
    writes: bool = False,
) -> MockConfigEntry:
    """Return the entry that the dialogs make."""
    own = account or pool.account.id
    return MockConfigEntry(
        domain=DOMAIN,
        title="Pool",
        unique_id=f"headframe_{own}",
        data={
            CONF_KIND: "headframe",
            CONF_ID_ROOT: f"headframe_{own}",
            "pool": pool.url,
            "account": own,
            "account_kind": kind,
            "account_name": pool.account.account_name,
            **(credential or {"watcher_token": pool.token}),
        },
        options={"allow_writing": writes},
    )


def shown(
    hass: HomeAssistant,
    pool: SimulatedHeadframe,
    channel: str,
    part: str = "rig",
    platform: str = "sensor",
) -> str:
    """Return the state of a channel."""
    id_root = f"headframe_{pool.account.id}"
    return state(hass, platform, channel, part, id_root=id_root).state


async def async_minutes(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, minutes: int
) -> None:
    """Let so many readings happen."""
    for _ in range(minutes):
        await async_pass(hass, freezer, MINUTE)


async def test_account(hass: HomeAssistant, pool: SimulatedHeadframe) -> None:
    """Its hashrate, its workers and its money, with a link that may see payments."""
    entry = entry_of(pool)
    assert await async_set_up(hass, entry)
    assert float(shown(hass, pool, "hashrate")) > 0
    assert float(shown(hass, pool, "headframe_hashrate_1d")) > 0
    assert shown(hass, pool, "headframe_workers") == "4"
    assert Decimal(shown(hass, pool, "headframe_balance")) > 0
    assert Decimal(shown(hass, pool, "headframe_last_payout")) > 0
    assert shown(hass, pool, "headframe_payout_threshold") != STATE_UNKNOWN
    own = f"headframe_{pool.account.id}"
    found = state(hass, "sensor", "headframe_balance", id_root=own)
    assert found.attributes["unit_of_measurement"] == "BTC"
    assert found.attributes["state_class"] == "measurement"
    registry = er.async_get(hass)
    secret = registry.async_get(
        entity_id(hass, "sensor", "headframe_wallet_address", id_root=own)
    )
    assert secret is not None
    assert secret.disabled_by is er.RegistryEntryDisabler.INTEGRATION
    devices = dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id)
    assert len(devices) == 5
    worker = pool.machine("s19-garage")
    assert shown(hass, pool, "headframe_status", worker.id) == "stable"
    online = shown(hass, pool, "headframe_online", worker.id, "binary_sensor")
    assert online == "on"


async def test_an_account_fits_on_a_page(
    hass: HomeAssistant, pool: SimulatedHeadframe
) -> None:
    """Hashrate, workers and money; fees to come and halves of sums are for who asks."""
    assert await async_set_up(hass, entry_of(pool))
    own = f"headframe_{pool.account.id}_rig_"
    enabled = {
        entity.unique_id.removeprefix(own)
        for entity in er.async_get(hass).entities.values()
        if entity.unique_id.startswith(own)
        and not entity.disabled
        and entity.entity_category is None
    }
    assert len(enabled) <= 24, sorted(enabled)
    assert {
        "hashrate",
        "headframe_workers",
        "headframe_workers_off",
        "headframe_workers_down",
        "headframe_earnings_today",
        "headframe_balance",
        "headframe_last_payout",
        "headframe_wallet_address_changes",
    } <= enabled
    assert not any("_in_processing" in key or "_next" in key for key in enabled)


async def test_no_state_is_an_exponent(
    hass: HomeAssistant,
    pool: SimulatedHeadframe,
    freezer: FrozenDateTimeFactory,
    entity_registry_enabled_by_default: None,
) -> None:
    """Money is written in plain digits, in every state of an hour."""
    await async_set_up(hass, entry_of(pool))
    for _ in range(6):
        await async_minutes(hass, freezer, 10)
        for found in hass.states.async_all("sensor"):
            if "BTC" in str(found.attributes.get("unit_of_measurement")):
                assert "E" not in found.state.upper().removeprefix("UNKNOWN")
                Decimal(found.state)


AMOUNT = Reading[Decimal]("test_amount", Quantity.MONEY, unit="BTC")
AMOUNTS = st.decimals(
    min_value=-(10**9), max_value=10**9, allow_nan=False, allow_infinity=False
).filter(lambda amount: -15 <= amount.as_tuple().exponent <= 0)  # type: ignore[operator] # finite ones have a number


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(amount=AMOUNTS | st.just(Decimal("1E-8")) | st.just(Decimal("1E-15")))
async def test_any_amount_is_shown_exactly(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, amount: Decimal
) -> None:
    """With up to 15 decimals, at the first reading and at every later one."""
    source = ScriptedSource({AMOUNT.plain: amount})
    entry = await async_add(hass, source)
    try:
        found = state(hass, "sensor", "test_amount")
        assert found.state == f"{amount:f}"
        source.values = {AMOUNT.plain: amount + 1}
        await async_pass(hass, freezer)
        found = state(hass, "sensor", "test_amount")
        assert Decimal(found.state) == amount + 1
        assert "E" not in found.state.upper()
    finally:
        assert await hass.config_entries.async_remove(entry.entry_id)


# ---- while time passes


async def test_an_hour(
    hass: HomeAssistant, pool: SimulatedHeadframe, freezer: FrozenDateTimeFactory
) -> None:
    """Values move, and no hour takes more than sixty requests."""
    await async_set_up(hass, entry_of(pool))
    before = shown(hass, pool, "hashrate")
    await async_minutes(hass, freezer, 59)
    assert len(pool.calls()) <= 60
    assert shown(hass, pool, "hashrate") != before


async def test_a_worker_fails(
    hass: HomeAssistant, pool: SimulatedHeadframe, freezer: FrozenDateTimeFactory
) -> None:
    """Its status follows, an event tells of it, and the account has a problem."""
    await async_set_up(hass, entry_of(pool))
    worker = pool.account.machines[0]
    pool.fault(PoolFault.WORKER_OFF)
    await async_minutes(hass, freezer, 60)
    assert shown(hass, pool, "headframe_status", worker.id) in ("unavailable", "off")
    online = shown(hass, pool, "headframe_online", worker.id, "binary_sensor")
    assert online == "off"
    down = shown(hass, pool, "headframe_workers_down", platform="binary_sensor")
    assert down == "on"
    told = shown(hass, pool, "headframe_worker_status", worker.id, "event")
    assert told != STATE_UNKNOWN


async def test_a_payment(
    hass: HomeAssistant, pool: SimulatedHeadframe, freezer: FrozenDateTimeFactory
) -> None:
    """The credit of the next morning is told as an event."""
    await async_set_up(hass, entry_of(pool))
    id_root = f"headframe_{pool.account.id}"
    event = entity_id(hass, "event", "headframe_payment", id_root=id_root)
    found = hass.states.get(event)
    assert found is not None
    assert found.state == STATE_UNKNOWN
    freezer.move_to("2026-11-22 10:15:00+00:00")
    await async_minutes(hass, freezer, 10)
    found = hass.states.get(event)
    assert found is not None
    assert found.attributes["event_type"] in ("reward", "other")
    assert Decimal(found.attributes["amount"]) > 0
    assert "E" not in found.attributes["amount"]


async def test_a_change_of_the_address(
    hass: HomeAssistant, pool: SimulatedHeadframe, freezer: FrozenDateTimeFactory
) -> None:
    """Somebody has changed where the money goes."""
    await async_set_up(hass, entry_of(pool))
    channel = "headframe_wallet_address_changes"
    assert shown(hass, pool, channel, platform="binary_sensor") == "off"
    pool.fault(PoolFault.ADDRESS_CHANGED)
    await async_minutes(hass, freezer, 61)
    assert shown(hass, pool, channel, platform="binary_sensor") == "on"


# ---- what is closed


async def test_a_guest(
    hass: HomeAssistant, pool: SimulatedHeadframe, caplog: pytest.LogCaptureFixture
) -> None:
    """A link that may not see payments shows hashrates all the same."""
    caplog.set_level(logging.INFO)
    entry = entry_of(pool, {"watcher_token": pool.guest_token})
    assert await async_set_up(hass, entry)
    assert float(shown(hass, pool, "hashrate")) > 0
    registry = er.async_get(hass)
    keys = {
        entity.unique_id.rpartition("_rig_")[2]
        for entity in er.async_entries_for_config_entry(registry, entry.entry_id)
    }
    assert "headframe_balance" not in keys
    assert "headframe_payment" not in keys
    assert "earnings is not open" in caplog.text
    assert pool.guest_token not in caplog.text


async def test_only_known_paths(
    hass: HomeAssistant, pool: SimulatedHeadframe, freezer: FrozenDateTimeFactory
) -> None:
    """Where every guess is wrong, what somebody has seen still works."""
    pool.fault(PoolFault.GUESSES_WRONG)
    assert await async_set_up(hass, entry_of(pool, {"api_key": pool.api_key}))
    assert shown(hass, pool, "headframe_workers") == "4"
    assert Decimal(shown(hass, pool, "headframe_balance")) > 0
    worker = pool.machine("s19-garage")
    assert float(shown(hass, pool, "hashrate", worker.id)) > 0
    asked = len(pool.calls(79))
    await async_minutes(hass, freezer, 30)
    assert len(pool.calls(79)) == asked == 1
    pool.clear(PoolFault.GUESSES_WRONG)
    await async_pass(hass, freezer, 86400)
    assert float(shown(hass, pool, "hashrate")) > 0


@pytest.mark.parametrize(
    ("fault", "credential"),
    [(PoolFault.LINK_DELETED, "watcher"), (PoolFault.SESSION_EXPIRED, "session")],
)
async def test_new_credentials_are_asked_for(
    hass: HomeAssistant,
    pool: SimulatedHeadframe,
    freezer: FrozenDateTimeFactory,
    fault: PoolFault,
    credential: str,
) -> None:
    """Once, and nothing of the entry goes."""
    token = pool.sign_in().token
    data = {"session_token": token} if credential == "session" else None
    entry = entry_of(pool, data)
    await async_set_up(hass, entry)
    pool.fault(fault)
    await async_minutes(hass, freezer, 12)
    (flow,) = hass.config_entries.flow.async_progress()
    assert flow["context"]["source"] == SOURCE_REAUTH
    assert flow["step_id"] == "headframe_reauth"
    assert shown(hass, pool, "hashrate") == STATE_UNAVAILABLE
    asked = len(pool.calls())
    await async_minutes(hass, freezer, 10)
    assert len(pool.calls()) == asked


async def test_refused_at_the_start(
    hass: HomeAssistant, pool: SimulatedHeadframe
) -> None:
    """The entry waits for new credentials."""
    entry = entry_of(pool, {"session_token": "ory_st_old"})
    await async_set_up(hass, entry)
    assert entry.state is ConfigEntryState.SETUP_ERROR
    assert hass.config_entries.flow.async_progress()


@pytest.mark.parametrize(
    "fault",
    [PoolFault.LIMITED, PoolFault.LIMITED_UNTIL, PoolFault.LIMITED_SILENTLY],
)
async def test_too_many_requests(
    hass: HomeAssistant,
    pool: SimulatedHeadframe,
    freezer: FrozenDateTimeFactory,
    fault: PoolFault,
) -> None:
    """The pool is left alone for as long as it says; values stay."""
    await async_set_up(hass, entry_of(pool))
    pool.fault(fault, seconds=900)
    await async_minutes(hass, freezer, 5)
    asked = len(pool.calls())
    await async_minutes(hass, freezer, 9)
    silent = fault is PoolFault.LIMITED_SILENTLY
    assert len(pool.calls()) - asked <= (3 if silent else 0)
    assert float(shown(hass, pool, "hashrate")) > 0
    await async_minutes(hass, freezer, 30)
    assert len(pool.calls()) > asked + 3
    assert float(shown(hass, pool, "hashrate")) > 0


@pytest.mark.parametrize(
    "fault", [PoolFault.BAD_GATEWAY, PoolFault.SERVER_ERROR, "off"]
)
async def test_an_outage(
    hass: HomeAssistant,
    pool: SimulatedHeadframe,
    freezer: FrozenDateTimeFactory,
    fault: str,
) -> None:
    """Values stay for a quarter of an hour; then the account is away, and comes back."""
    await async_set_up(hass, entry_of(pool))
    pool.fault(fault)
    await async_minutes(hass, freezer, 12)
    assert float(shown(hass, pool, "hashrate")) > 0
    await async_minutes(hass, freezer, 12)
    assert shown(hass, pool, "hashrate") == STATE_UNAVAILABLE
    assert shown(hass, pool, "connected", platform="binary_sensor") == "off"
    pool.clear(fault)
    await async_minutes(hass, freezer, 40)
    assert float(shown(hass, pool, "hashrate")) > 0


# ---- settings


@pytest.mark.parametrize("credential", ["api_key", "session_token"])
async def test_settings(
    hass: HomeAssistant,
    pool: SimulatedHeadframe,
    entity_registry_enabled_by_default: None,
    credential: str,
) -> None:
    """The threshold, the title, the language and the notifications."""
    secret = pool.api_key if credential == "api_key" else pool.sign_in().token
    await async_set_up(hass, entry_of(pool, {credential: secret}, writes=True))
    id_root = f"headframe_{pool.account.id}"

    async def order(platform: str, channel: str, action: str, **data: Any) -> str:
        target = entity_id(hass, platform, channel, id_root=id_root)
        await hass.services.async_call(
            platform, action, {"entity_id": target, **data}, blocking=True
        )
        return shown(hass, pool, channel, platform=platform)

    with patch(
        "custom_components.mining_rig.coordinator.commands.CONFIRM_PAUSES", (0, 0, 0)
    ):
        channel = "headframe_payout_threshold_set"
        assert await order("number", channel, "set_value", value=0.00234567) == (
            "0.00234567"
        )
        assert await order("text", "headframe_title", "set_value", value="Shed") == (
            "Shed"
        )
        assert pool.account.title == "Shed"
        assert await order("text", "headframe_title", "set_value", value="") == ""
        assert pool.account.title is None
        channel = "headframe_language"
        assert await order("select", channel, "select_option", option="ru") == "ru"
        channel = "headframe_email_miner_payout"
        assert await order("switch", channel, "turn_off") == "off"
        assert await order("switch", channel, "turn_on") == "on"
    assert shown(hass, pool, "headframe_payout_threshold_next") == "0.00234567"


async def test_a_threshold_that_is_too_small(
    hass: HomeAssistant,
    pool: SimulatedHeadframe,
    entity_registry_enabled_by_default: None,
) -> None:
    """Never leaves Home Assistant."""
    await async_set_up(hass, entry_of(pool, {"api_key": pool.api_key}, writes=True))
    id_root = f"headframe_{pool.account.id}"
    target = entity_id(
        hass, "number", "headframe_payout_threshold_set", id_root=id_root
    )
    with pytest.raises(HomeAssistantError):
        await hass.services.async_call(
            "number", "set_value", {"entity_id": target, "value": 0.0005}, blocking=True
        )
    assert not pool.calls(45)


# ---- who it is


@pytest.mark.parametrize("kind", ["operator", "pool"])
async def test_operators_and_pools(
    hass: HomeAssistant, pool: SimulatedHeadframe, kind: str
) -> None:
    """Tell the same and can only be read."""
    group = next(g for g in pool.registry.groups if g.type == kind)
    user = next(user for user in pool.registry.users if group.id in str(user.__dict__))
    credential = {"session_token": pool.kratos.sign_in(user, pool.clock()).token}
    entry = entry_of(pool, credential, kind=kind, account=group.id, writes=True)
    assert await async_set_up(hass, entry)
    id_root = f"headframe_{group.id}"
    assert float(state(hass, "sensor", "hashrate", id_root=id_root).state) > 0
    assert not hass.states.async_all("number")


async def test_diagnostics_hold_no_secret(
    hass: HomeAssistant,
    pool: SimulatedHeadframe,
    freezer: FrozenDateTimeFactory,
    entity_registry_enabled_by_default: None,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """No token, key, address or transaction, in diagnostics nor in the log."""
    caplog.set_level(logging.DEBUG, "custom_components.mining_rig")
    entry = entry_of(pool)
    await async_set_up(hass, entry)
    transaction = shown(hass, pool, "headframe_last_payout_transaction")
    address = shown(hass, pool, "headframe_wallet_address")
    assert len(transaction) > 20
    pool.fault(PoolFault.BAD_GATEWAY)
    await async_minutes(hass, freezer, 6)
    pool.clear(PoolFault.BAD_GATEWAY)
    pool.fault(PoolFault.LINK_DELETED)
    await async_minutes(hass, freezer, 6)
    told = json.dumps(await async_get_config_entry_diagnostics(hass, entry))
    account = pool.account.id
    for secret in (pool.token, pool.user.email, account, address, transaction):
        assert secret not in told
        assert secret not in caplog.text
    assert '"not_open"' in told
