"""The money of a farm in Home Assistant: prices, energy, accounts, restarts."""

from datetime import timedelta
from decimal import Decimal
import json
from pathlib import Path
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.const import STATE_UNAVAILABLE, STATE_UNKNOWN
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.mining_rig.const import DOMAIN
from custom_components.mining_rig.farm.money_sensors import MONEY_ROWS
from custom_components.mining_rig.readings import POWER
from custom_components.mining_rig.sources.headframe import readings as headframe
from tests.pages import PAGES
from tests.rigs import async_pass
from tests.scripted import ScriptedSource, async_open
from tests.texts import texts

from .farming import (
    FARM_ROOT,
    async_add_farm,
    async_add_rig,
    farm_state,
    mining,
    number,
)

POLL = timedelta(seconds=60)
PRICE = "sensor.price"
RATE = "sensor.btc"
SHA256 = [{"algorithm": "sha256", "amount": 0.05, "per": "TH/s"}]


def source(watts: float = 20_000, **more: Any) -> ScriptedSource:
    """Return a rig of 100 TH/s that is polled once a minute."""
    values = mining(100e12, watts, algorithm="sha256", **more)
    return ScriptedSource(values, interval=POLL)


def set_price(hass: HomeAssistant, price: str, unit: str | None = "EUR/kWh") -> None:
    """Let the tariff show a price."""
    hass.states.async_set(PRICE, price, {"unit_of_measurement": unit})


async def async_minutes(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, minutes: int
) -> None:
    """Let rigs be polled each minute, the farm add up and save, and states be shown."""
    for _ in range(minutes):
        await async_pass(hass, freezer, 58)
        await async_pass(hass, freezer, 2)


async def async_farm(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, **money: Any
) -> MockConfigEntry:
    """Add a farm of all rigs with such money."""
    entry = await async_add_farm(hass, money={"currency": "EUR", **money})
    await async_minutes(hass, freezer, 1)
    return entry


def shown(hass: HomeAssistant) -> set[str]:
    """Return the keys of the farm's sensors of money."""
    keys = (
        "electricity_cost",
        "earned",
        "cost_per_hour",
        "cost_per_day",
        "profit_per_day",
        "break_even_price",
    )
    registry = er.async_get(hass)
    return {
        key
        for key in keys
        if registry.async_get_entity_id("sensor", DOMAIN, f"{FARM_ROOT}_farm_{key}")
    }


@pytest.fixture
async def rig(hass: HomeAssistant) -> ScriptedSource:
    """Return a rig of 20 kW."""
    hass.config.currency = "EUR"
    found = source()
    await async_add_rig(hass, "garage", found)
    return found


async def test_energy_costs_what_it_costs_at_its_moment(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, rig: ScriptedSource
) -> None:
    """20 kW for three minutes are 1 kWh; a price that changes is for what follows."""
    set_price(hass, "0.30")
    await async_farm(hass, freezer, price_entity=PRICE)
    before = number(hass, "electricity_cost")
    await async_minutes(hass, freezer, 30)
    first = number(hass, "electricity_cost") - before
    assert first == pytest.approx(10 * 0.30, rel=0.01)
    set_price(hass, "0.10")
    await async_minutes(hass, freezer, 30)
    second = number(hass, "electricity_cost") - before - first
    assert second == pytest.approx(10 * 0.10, rel=0.05)
    assert number(hass, "cost_per_hour") == pytest.approx(2.0)
    assert number(hass, "cost_per_day") == pytest.approx(48.0)


@pytest.mark.parametrize(
    ("price", "unit"),
    [("300", "EUR/MWh"), ("30", "ct/kWh"), ("0.3", "€/kWh"), ("0.0003", "EUR/Wh")],
)
async def test_prices_in_other_units(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    rig: ScriptedSource,
    price: str,
    unit: str,
) -> None:
    """Each of them is 0.30 EUR/kWh."""
    set_price(hass, price, unit)
    await async_farm(hass, freezer, price_entity=PRICE)
    assert number(hass, "cost_per_hour") == pytest.approx(6.0)


async def test_classes_and_units(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, rig: ScriptedSource
) -> None:
    """A sum is monetary and a total in ISO 4217, a rate a measurement without a class."""
    await async_farm(hass, freezer, price=0.3, incomes=SHA256)
    assert len(shown(hass)) == 6
    for key in ("electricity_cost", "earned"):
        attributes = farm_state(hass, key).attributes
        assert attributes["device_class"] == "monetary"
        assert attributes["state_class"] == "total"
        assert attributes["unit_of_measurement"] == "EUR"
    for key, unit in {
        "cost_per_hour": "EUR/h",
        "cost_per_day": "EUR/d",
        "profit_per_day": "EUR/d",
        "break_even_price": "EUR/kWh",
    }.items():
        attributes = farm_state(hass, key).attributes
        assert "device_class" not in attributes
        assert attributes["state_class"] == "measurement"
        assert attributes["unit_of_measurement"] == unit


def test_every_sensor_is_documented() -> None:
    """The page of a farm's money names them all, as they are called."""
    page = PAGES[Path("docs/money.md")]
    names = {
        name
        for row in page.rows("Sensor")
        if "Needs" in row
        for name in row["Sensor"].split(", ")
    }
    sensors = texts()
    assert names == {
        sensors[f"entity.sensor.{row.reading.key}.name"] for row in MONEY_ROWS
    }


@pytest.mark.parametrize(
    ("money", "keys"),
    [
        ({}, set()),
        ({"price": 0.3}, {"electricity_cost", "cost_per_hour", "cost_per_day"}),
        ({"incomes": SHA256}, {"earned", "break_even_price"}),
    ],
)
async def test_what_cannot_be_known_has_no_sensor(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    rig: ScriptedSource,
    money: dict[str, Any],
    keys: set[str],
) -> None:
    """A farm without a price has no cost, one without an income no profit."""
    await async_farm(hass, freezer, **money)
    assert shown(hass) == keys


async def test_energy_waits_while_the_price_is_not_known(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, rig: ScriptedSource
) -> None:
    """Nothing is added at a made-up price, and nothing is left out in the end."""
    set_price(hass, "0.30")
    await async_farm(hass, freezer, price_entity=PRICE)
    for state, unit in (
        (STATE_UNAVAILABLE, "EUR/kWh"),
        (STATE_UNKNOWN, "EUR/kWh"),
        ("0.30", "USD/kWh"),
        ("0.30", None),
    ):
        set_price(hass, state, unit)
        await async_minutes(hass, freezer, 1)
        before = number(hass, "electricity_cost")
        await async_minutes(hass, freezer, 2)
        assert number(hass, "electricity_cost") == before
        assert farm_state(hass, "cost_per_hour").state == STATE_UNKNOWN
    hass.states.async_remove(PRICE)
    await async_minutes(hass, freezer, 3)
    set_price(hass, "0.50")
    await async_minutes(hass, freezer, 1)
    # Fifteen minutes of 20 kW, less the energy that had a price in the first.
    gained = number(hass, "electricity_cost") - before
    assert gained == pytest.approx(16 / 3 * 0.50, rel=0.1)


async def test_a_farm_that_is_loaded_again_counts_nothing_twice(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, rig: ScriptedSource
) -> None:
    """The sum goes on where it was."""
    entry = await async_farm(hass, freezer, price=0.3, incomes=SHA256)
    await async_minutes(hass, freezer, 30)
    cost, earned = number(hass, "electricity_cost"), number(hass, "earned")
    assert cost > 2
    for _ in range(3):
        assert await hass.config_entries.async_reload(entry.entry_id)
        await async_minutes(hass, freezer, 1)
    assert number(hass, "electricity_cost") == pytest.approx(cost + 0.3, abs=0.12)
    assert number(hass, "earned") == pytest.approx(earned + 3 * 5 / 1440, abs=0.005)


async def test_after_a_crash_energy_has_its_price_once(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    rig: ScriptedSource,
) -> None:
    """The file of the farm is an older one than those of its rigs."""
    entry = await async_farm(hass, freezer, price=0.3)
    start = number(hass, "energy")
    cost = number(hass, "electricity_cost")
    await async_minutes(hass, freezer, 15)
    store = entry.runtime_data.store
    old = store.energy.copy(), {**store.derived}
    await async_minutes(hass, freezer, 15)
    assert await hass.config_entries.async_unload(entry.entry_id)
    store.energy.clear()
    store.energy.update(old[0])
    store.derived = old[1]
    assert await hass.config_entries.async_setup(entry.entry_id)
    await async_minutes(hass, freezer, 1)
    energy = number(hass, "energy") - start
    assert energy == pytest.approx(31 / 3, rel=0.1)
    gained = number(hass, "electricity_cost") - cost
    assert gained == pytest.approx(energy * 0.3, rel=0.05)


async def test_each_file_has_the_cost_of_its_energy(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, rig: ScriptedSource
) -> None:
    """Whenever Home Assistant is killed, what is on disk belongs together."""
    await async_farm(hass, freezer, price=0.3)
    path = Path(hass.config.path(".storage", "mining_rig.entry_farm"))
    first: tuple[float, float] | None = None
    for _ in range(10):
        await async_minutes(hass, freezer, 1)
        data = json.loads(await hass.async_add_executor_job(path.read_bytes))["data"]
        energy, money = data["energy"]["energy"], data["derived"]["money"]
        assert money["priced"] == energy
        now = energy, money["cost"]["EUR"]
        first = first or now
        assert now[1] - first[1] == pytest.approx((now[0] - first[0]) / 1000 * 0.3)
    assert first is not None
    assert energy > first[0]


async def test_rigs_that_come_and_go_do_not_move_the_cost(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, rig: ScriptedSource
) -> None:
    """What a rig used before it belonged to the farm costs the farm nothing."""
    await async_farm(hass, freezer, price=0.3)
    await async_minutes(hass, freezer, 10)
    rig.values[POWER.plain] = 0.0
    await async_minutes(hass, freezer, 3)
    before = number(hass, "electricity_cost")
    # What it used before it was added is in its store.
    other = source(0)
    entry = await async_add_rig(hass, "attic", other)
    entry.runtime_data.store.energy["energy"] = 5_000_000.0
    await async_minutes(hass, freezer, 3)
    assert await hass.config_entries.async_unload(entry.entry_id)
    await async_open(hass, entry, other)
    await async_minutes(hass, freezer, 2)
    assert number(hass, "electricity_cost") == before
    assert await hass.config_entries.async_remove(entry.entry_id)
    await async_minutes(hass, freezer, 2)
    assert number(hass, "electricity_cost") == before


async def test_a_currency_has_its_own_sum(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, rig: ScriptedSource
) -> None:
    """Another currency begins at 0; the first one is not forgotten."""
    entry = await async_farm(hass, freezer, price=0.3)
    await async_minutes(hass, freezer, 10)
    euros = number(hass, "electricity_cost")

    async def change(currency: str) -> None:
        money = {"currency": currency, "price": 0.3}
        hass.config_entries.async_update_entry(entry, options={"money": money})
        await hass.config_entries.async_reload(entry.entry_id)
        await async_minutes(hass, freezer, 1)

    await change("CHF")
    assert number(hass, "electricity_cost") < 0.3
    assert (
        farm_state(hass, "electricity_cost").attributes["unit_of_measurement"] == "CHF"
    )
    await change("EUR")
    assert number(hass, "electricity_cost") >= euros


async def test_time_without_a_price_source_costs_nothing(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, rig: ScriptedSource
) -> None:
    """Who enters a price again does not pay for the time without one at once."""
    entry = await async_farm(hass, freezer, price=0.3)
    await async_minutes(hass, freezer, 3)
    before = number(hass, "electricity_cost")
    for money, minutes in ({}, 30), ({"currency": "EUR", "price": 0.3}, 1):
        hass.config_entries.async_update_entry(entry, options={"money": money})
        await hass.config_entries.async_reload(entry.entry_id)
        await async_minutes(hass, freezer, minutes)
    assert number(hass, "electricity_cost") < before + 0.3


# ---- earnings


async def async_account(hass: HomeAssistant, **amounts: str) -> ScriptedSource:
    """Set an account at a pool up."""
    account = ScriptedSource(interval=POLL)
    credit(account, **amounts)
    await async_add_rig(hass, "pool", account, kind="headframe")
    return account


def credit(account: ScriptedSource, **amounts: str) -> None:
    """Let the account show other amounts."""
    for name, amount in amounts.items():
        account.values[getattr(headframe, name).plain] = Decimal(amount)


async def test_a_farm_earns_what_its_account_is_credited(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, rig: ScriptedSource
) -> None:
    """At the rate of the moment; while that is not known a credit waits."""
    account = await async_account(
        hass, EARNED_ALL_TIME="1.0", EARNINGS_YESTERDAY="0.0005"
    )
    hass.states.async_set(RATE, "80000", {"unit_of_measurement": "EUR"})
    await async_farm(
        hass, freezer, price=0.1, accounts=["entry_pool"], rate_entity=RATE
    )
    assert number(hass, "earned") == 0
    assert number(hass, "profit_per_day") == pytest.approx(40 - 48)
    assert number(hass, "break_even_price") == pytest.approx(40 / 480, abs=1e-6)
    credit(account, EARNED_ALL_TIME="1.0005", EARNINGS_YESTERDAY="0")
    await async_minutes(hass, freezer, 2)
    assert number(hass, "earned") == pytest.approx(40)
    # It has no last day any more.
    assert number(hass, "profit_per_day") == pytest.approx(-48)
    hass.states.async_set(RATE, STATE_UNAVAILABLE, {"unit_of_measurement": "EUR"})
    credit(account, EARNED_ALL_TIME="1.001")
    await async_minutes(hass, freezer, 2)
    assert number(hass, "earned") == pytest.approx(40)
    assert farm_state(hass, "profit_per_day").state == STATE_UNKNOWN
    assert farm_state(hass, "break_even_price").state == STATE_UNKNOWN
    hass.states.async_set(RATE, "90000", {"unit_of_measurement": "EUR"})
    await async_minutes(hass, freezer, 2)
    assert number(hass, "earned") == pytest.approx(40 + 45)


async def test_an_account_is_followed_when_no_rig_reports(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, rig: ScriptedSource
) -> None:
    """Its entry may be reloaded or unloaded; a credit meanwhile is counted after it."""
    account = await async_account(hass, EARNED_ALL_TIME="1.0")
    pool = hass.config_entries.async_get_entry("entry_pool")
    assert isinstance(pool, MockConfigEntry)
    hass.states.async_set(RATE, "10000", {"unit_of_measurement": "EUR/BTC"})
    entry = await async_farm(
        hass, freezer, accounts=["entry_pool", "gone"], rate_entity=RATE
    )
    assert await hass.config_entries.async_unload("entry_garage")
    assert await hass.config_entries.async_unload("entry_pool")
    await async_minutes(hass, freezer, 1)
    credit(account, EARNED_ALL_TIME="1.001")
    assert await hass.config_entries.async_reload(entry.entry_id)
    await async_open(hass, pool, account)
    await async_minutes(hass, freezer, 2)
    assert number(hass, "earned") == pytest.approx(10)
    credit(account, EARNED_ALL_TIME="1.002")
    await async_minutes(hass, freezer, 2)
    assert number(hass, "earned") == pytest.approx(20)
    assert farm_state(hass, "break_even_price").state == STATE_UNKNOWN


async def test_an_entry_that_is_no_account_earns_nothing(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, rig: ScriptedSource
) -> None:
    """Options may name any entry."""
    await async_farm(
        hass, freezer, accounts=["entry_garage"], rate_entity=RATE, incomes=SHA256
    )
    await async_minutes(hass, freezer, 2)
    assert farm_state(hass, "break_even_price").state == STATE_UNKNOWN


async def test_typed_income_is_earned_while_the_farm_mines(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, rig: ScriptedSource
) -> None:
    """100 TH/s at 0.05 a day each: 5 a day, of which a day's energy may cost as much."""
    await async_farm(hass, freezer, price=0.3, incomes=SHA256)
    assert number(hass, "profit_per_day") == pytest.approx(5 - 144)
    assert number(hass, "break_even_price") == pytest.approx(5 / 480, abs=1e-6)
    before = number(hass, "earned")
    await async_minutes(hass, freezer, 60)
    assert number(hass, "earned") - before == pytest.approx(5 / 24, abs=0.005)
    rig.values.update(mining(0.0, 50.0, algorithm="sha256"))
    await async_minutes(hass, freezer, 3)
    stopped = number(hass, "earned")
    await async_minutes(hass, freezer, 10)
    assert number(hass, "earned") == stopped
    assert number(hass, "break_even_price") == 0
