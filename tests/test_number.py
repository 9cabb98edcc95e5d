"""Numbers that are money: floats in Home Assistant, digits everywhere else."""

from decimal import Decimal

from homeassistant.const import ATTR_ENTITY_ID
from homeassistant.core import HomeAssistant
import pytest

from custom_components.mining_rig.model import Category, Control, Quantity, Reading

from .rigs import entity_id, state
from .scripted import ScriptedSource, async_add

THRESHOLD = Reading[Decimal](
    "test_threshold", Quantity.MONEY, Category.CONFIG, unit="BTC", setting=True
)


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look for the effect of a command without waiting in between."""
    monkeypatch.setattr(
        "custom_components.mining_rig.coordinator.commands.CONFIRM_PAUSES", (0,)
    )


@pytest.mark.parametrize("amount", ["0.005", "0.10000001", "20999999.9769"])
async def test_an_amount_is_ordered_to_the_digit(
    hass: HomeAssistant, amount: str
) -> None:
    """What is ordered is what was written, and it has the unit of the money."""
    control = Control(channel=THRESHOLD.plain, minimum=0.001, maximum=21e6, step=1e-8)
    source = ScriptedSource({THRESHOLD.plain: Decimal("0.0010")}, control)
    await async_add(hass, source)
    shown = state(hass, "number", THRESHOLD.key)
    assert float(shown.state) == 0.001
    assert shown.attributes["unit_of_measurement"] == "BTC"
    await hass.services.async_call(
        "number",
        "set_value",
        {ATTR_ENTITY_ID: entity_id(hass, "number", THRESHOLD.key), "value": amount},
        blocking=True,
    )
    assert source.writes == [Decimal(amount)]
    assert isinstance(source.writes[0], Decimal)
    assert float(state(hass, "number", THRESHOLD.key).state) == float(amount)


@pytest.mark.parametrize("amount", ["0.00000001", "0.00005", "0.0010", "0", "2.5"])
async def test_an_amount_is_shown_in_plain_digits(
    hass: HomeAssistant, amount: str
) -> None:
    """However small: Home Assistant's own way would be 1e-08."""
    control = Control(channel=THRESHOLD.plain, minimum=0.001, maximum=21e6, step=1e-8)
    await async_add(hass, ScriptedSource({THRESHOLD.plain: Decimal(amount)}, control))
    shown = state(hass, "number", THRESHOLD.key).state
    assert "e" not in shown.lower()
    assert Decimal(shown) == Decimal(amount)
