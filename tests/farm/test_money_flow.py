"""Entering a farm's money, when it is added and later."""

from typing import Any

from homeassistant.components.energy.data import async_get_manager
from homeassistant.config_entries import ConfigFlowResult
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType, InvalidData
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.mining_rig.model import Channel
from custom_components.mining_rig.sources.headframe import readings as headframe
from tests.rigs import async_choose_kind
from tests.scripted import ScriptedSource

from .farming import async_add_farm, async_add_rig, farm_entity, mining

PRICE = "sensor.price"
RATE = "sensor.btc"
INCOME = {"algorithm": "sha256", "amount": 0.05, "per": "TH/s"}


@pytest.fixture(autouse=True)
async def _rigs(hass: HomeAssistant) -> None:
    """Let there be a rig, an account, a tariff and a rate, in Switzerland."""
    hass.config.currency = "CHF"
    await async_add_rig(hass, "garage", ScriptedSource(mining(100e12, 3000, "sha256")))
    hass.states.async_set(PRICE, "28", {"unit_of_measurement": "Rp./kWh"})
    hass.states.async_set(RATE, "70000", {"unit_of_measurement": "CHF/BTC"})


async def async_account(hass: HomeAssistant) -> MockConfigEntry:
    """Set an account at a pool up."""
    values: dict[Channel[Any], Any] = {headframe.EARNED_ALL_TIME.plain: 1}
    return await async_add_rig(hass, "pool", ScriptedSource(values), kind="headframe")


async def async_prefer(hass: HomeAssistant, *prices: dict[str, Any]) -> None:
    """Let the Energy dashboard have grid sources with such prices."""
    hass.config.components.add("energy")
    manager = await async_get_manager(hass)
    sources: list[Any] = [
        {
            "type": "grid",
            "stat_energy_from": f"sensor.meter_{number}",
            "entity_energy_price": None,
            "number_energy_price": None,
            **price,
        }
        for number, price in enumerate(prices)
    ]
    await manager.async_update({"energy_sources": sources})


async def async_begin(hass: HomeAssistant) -> ConfigFlowResult:
    """Add a farm of all rigs, up to its money."""
    result = await async_choose_kind(hass, "farm")
    return await hass.config_entries.flow.async_configure(
        result["flow_id"], {"name": "Farm", "stagger": 10}
    )


def suggested(result: ConfigFlowResult) -> dict[str, Any]:
    """Return what a form has filled in."""
    schema = result["data_schema"]
    assert schema is not None
    return {
        str(key): key.description["suggested_value"]
        for key in schema.schema
        if key.description and "suggested_value" in key.description
    }


async def async_options(
    hass: HomeAssistant, entry: MockConfigEntry
) -> ConfigFlowResult:
    """Open the options of a farm at its money."""
    result = await hass.config_entries.options.async_init(entry.entry_id)
    assert result["type"] is FlowResultType.MENU
    return await hass.config_entries.options.async_configure(
        result["flow_id"], {"next_step_id": "money"}
    )


async def test_a_farm_is_added_with_its_money(hass: HomeAssistant) -> None:
    """The currency is Home Assistant's unless another one is chosen."""
    account = await async_account(hass)
    result = await async_begin(hass)
    assert result["step_id"] == "money"
    assert suggested(result) == {}
    money = {
        "currency": "CHF",
        "price_entity": PRICE,
        "accounts": [account.entry_id],
        "rate_entity": RATE,
        "incomes": [INCOME],
    }
    result = await hass.config_entries.flow.async_configure(
        result["flow_id"], {k: v for k, v in money.items() if k != "currency"}
    )
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["options"]["money"] == money
    await hass.async_block_till_done()
    (entry,) = hass.config_entries.async_entries("mining_rig")[-1:]
    assert entry.runtime_data.ledger.settings.currency == "CHF"


async def test_a_farm_needs_no_money(hass: HomeAssistant) -> None:
    """Nothing has to be entered, nor does anything else have to be installed."""
    result = await async_begin(hass)
    result = await hass.config_entries.flow.async_configure(result["flow_id"], {})
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["options"] == {"stagger": 10}


@pytest.mark.parametrize(
    ("price", "filled_in"),
    [
        ({"entity_energy_price": PRICE}, {"price_entity": PRICE}),
        ({"number_energy_price": 0.27}, {"price": 0.27}),
    ],
)
async def test_the_price_of_the_energy_dashboard_is_filled_in(
    hass: HomeAssistant, price: dict[str, Any], filled_in: dict[str, Any]
) -> None:
    """An entity or a number; it is only a suggestion."""
    await async_prefer(hass, price)
    result = await async_begin(hass)
    assert suggested(result) == filled_in
    result = await hass.config_entries.flow.async_configure(
        result["flow_id"], filled_in
    )
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["options"]["money"] == {"currency": "CHF", **filled_in}


@pytest.mark.parametrize(
    ("answer", "filled_in"),
    [
        ({"grid_price": "0"}, {"price_entity": PRICE}),
        ({"grid_price": "1"}, {"price": 0.21}),
        ({}, {}),
    ],
)
async def test_which_of_several_prices_is_asked(
    hass: HomeAssistant, answer: dict[str, Any], filled_in: dict[str, Any]
) -> None:
    """One of the house, one at night; or none of them."""
    await async_prefer(
        hass,
        {"entity_energy_price": PRICE, "name": "House"},
        {"number_energy_price": 0.21},
    )
    result = await async_begin(hass)
    assert result["step_id"] == "grid_price"
    result = await hass.config_entries.flow.async_configure(result["flow_id"], answer)
    assert result["step_id"] == "money"
    assert suggested(result) == filled_in


@pytest.mark.parametrize(
    ("answers", "errors"),
    [
        ({"price_entity": PRICE, "price": 0.3}, {"price": "two_prices"}),
        ({"price_entity": RATE}, {"price_entity": "price_unit"}),
        (
            {"currency": "EUR", "price_entity": PRICE},
            {"price_entity": "price_unit"},
        ),
        ({"price_entity": "sensor.no_unit"}, {"price_entity": "price_unit"}),
        ({"accounts": ["entry_pool"]}, {"rate_entity": "no_rate"}),
        (
            {"accounts": ["entry_pool"], "rate_entity": PRICE},
            {"rate_entity": "rate_unit"},
        ),
        ({"incomes": [{**INCOME, "algorithm": " "}]}, {"incomes": "income"}),
    ],
)
async def test_what_cannot_be_used_is_refused(
    hass: HomeAssistant, answers: dict[str, Any], errors: dict[str, str]
) -> None:
    """The form says what is wrong, and keeps what was entered."""
    await async_account(hass)
    hass.states.async_set("sensor.no_unit", "0.3")
    entry = await async_add_farm(hass)
    result = await async_options(hass, entry)
    result = await hass.config_entries.options.async_configure(
        result["flow_id"], answers
    )
    assert result["type"] is FlowResultType.FORM
    assert result["errors"] == errors
    assert suggested(result).items() >= answers.items()


@pytest.mark.parametrize("away", [None, "unavailable"])
async def test_an_entity_that_is_away_is_accepted(
    hass: HomeAssistant, away: str | None
) -> None:
    """Its unit is not known yet; while it is wrong there is no price."""
    if away is not None:
        hass.states.async_set("sensor.later", away)
    entry = await async_add_farm(hass)
    result = await async_options(hass, entry)
    result = await hass.config_entries.options.async_configure(
        result["flow_id"], {"price_entity": "sensor.later"}
    )
    assert result["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done()


async def test_options_show_and_change_what_was_entered(hass: HomeAssistant) -> None:
    """What is taken away is gone, with its sensors; other options stay."""
    await async_prefer(hass, {"number_energy_price": 0.27})
    entry = await async_add_farm(
        hass,
        stagger=20,
        money={"currency": "CHF", "price": 0.3, "incomes": [INCOME]},
    )
    result = await async_options(hass, entry)
    assert suggested(result) == {"currency": "CHF", "price": 0.3, "incomes": [INCOME]}
    result = await hass.config_entries.options.async_configure(
        result["flow_id"], {"currency": "EUR", "price": 0.0, "incomes": []}
    )
    assert result["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done()
    assert entry.options == {"stagger": 20, "money": {"currency": "EUR", "price": 0}}
    assert hass.states.get(farm_entity(hass, "electricity_cost")) is not None
    with pytest.raises(AssertionError, match="earned"):
        farm_entity(hass, "earned")


async def test_a_sensor_of_the_farm_is_no_price(hass: HomeAssistant) -> None:
    """A farm whose price is its own break-even price would go round in circles."""
    entry = await async_add_farm(hass, money={"currency": "CHF", "incomes": [INCOME]})
    result = await async_options(hass, entry)
    with pytest.raises(InvalidData):
        await hass.config_entries.options.async_configure(
            result["flow_id"],
            {"price_entity": farm_entity(hass, "break_even_price")},
        )


async def test_an_account_that_was_removed_can_be_left_out(hass: HomeAssistant) -> None:
    """The form does not show it any more, and takes what is left."""
    await async_account(hass)
    entry = await async_add_farm(
        hass,
        money={
            "currency": "CHF",
            "accounts": ["gone"],
            "rate_entity": RATE,
            "price": 1,
        },
    )
    result = await async_options(hass, entry)
    assert suggested(result) == {
        "currency": "CHF",
        "accounts": [],
        "rate_entity": RATE,
        "price": 1,
    }
