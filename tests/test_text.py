"""Texts that are written, and texts of which one is chosen."""

from typing import Any

from homeassistant.const import ATTR_ENTITY_ID, STATE_UNKNOWN, EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.mining_rig.const import DOMAIN
from custom_components.mining_rig.model import Category, Control, Quantity, Reading

from .rigs import ID_ROOT, entity_id, state
from .scripted import ScriptedSource, async_add, async_open

TITLE = Reading[str]("test_title", Quantity.TEXT, Category.CONFIG, setting=True)
POOL = Reading[str]("test_pool", Quantity.TEXT, Category.CONFIG, setting=True)


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look for the effect of a command without waiting in between."""
    monkeypatch.setattr(
        "custom_components.mining_rig.coordinator.commands.CONFIRM_PAUSES", (0,)
    )


def an_account(title: str | None = "Attic") -> ScriptedSource:
    """Return an account with a title and a choice of pools."""
    values: dict[Any, Any] = {POOL.plain: "one"}
    if title is not None:
        values[TITLE.plain] = title
    return ScriptedSource(
        values,
        Control(channel=TITLE.plain, minimum=0, maximum=20),
        Control(channel=POOL.plain, options=("one", "two"), free=True),
    )


async def async_write(hass: HomeAssistant, text: str) -> None:
    """Write the title."""
    await hass.services.async_call(
        "text",
        "set_value",
        {ATTR_ENTITY_ID: entity_id(hass, "text", TITLE.key), "value": text},
        blocking=True,
    )


async def test_it_shows_the_text(hass: HomeAssistant) -> None:
    """With the bounds of its length; what is chosen from a list is a select."""
    await async_add(hass, an_account())
    shown = state(hass, "text", TITLE.key)
    assert shown.state == "Attic"
    assert (shown.attributes["min"], shown.attributes["max"]) == (0, 20)
    registry = er.async_get(hass)
    entry = registry.async_get(shown.entity_id)
    assert entry is not None
    assert entry.entity_category is EntityCategory.CONFIG
    unique_id = f"{ID_ROOT}_rig_{POOL.key}"
    assert registry.async_get_entity_id("text", DOMAIN, unique_id) is None
    assert registry.async_get_entity_id("select", DOMAIN, unique_id) is not None
    unique_id = f"{ID_ROOT}_rig_{TITLE.key}"
    assert registry.async_get_entity_id("select", DOMAIN, unique_id) is None
    sensor = registry.async_get_entity_id("sensor", DOMAIN, unique_id)
    assert sensor is not None
    found = registry.async_get(sensor)
    assert found is not None
    assert found.disabled_by is er.RegistryEntryDisabler.INTEGRATION


@pytest.mark.parametrize("text", ["Cellar", "", "Süd ⛏"])
async def test_it_is_written(hass: HomeAssistant, text: str) -> None:
    """Also emptied; the rig shows it at once."""
    source = an_account()
    await async_add(hass, source)
    await async_write(hass, text)
    assert source.writes == [text]
    assert state(hass, "text", TITLE.key).state == text


async def test_too_long(hass: HomeAssistant) -> None:
    """The rig is not asked for what it would not take."""
    source = an_account()
    await async_add(hass, source)
    # Home Assistant refuses it itself: until 2026.10 with the first kind of error.
    with pytest.raises((ValueError, ServiceValidationError), match="too long"):
        await async_write(hass, "x" * 21)
    assert not source.writes


async def test_not_obeyed(hass: HomeAssistant) -> None:
    """A text that the rig does not show afterwards is said so."""
    source = an_account()
    await async_add(hass, source)
    source.deaf = True
    with pytest.raises(HomeAssistantError) as failed:
        await async_write(hass, "Cellar")
    assert failed.value.translation_key == "not_confirmed"
    assert not isinstance(failed.value, ServiceValidationError)
    assert state(hass, "text", TITLE.key).state == "Attic"


@pytest.mark.parametrize("title", [None, "x" * 21])
async def test_no_text(hass: HomeAssistant, title: str | None) -> None:
    """What is not known, or longer than can be, is not shown."""
    await async_add(hass, an_account(title))
    assert state(hass, "text", TITLE.key).state == STATE_UNKNOWN


async def test_it_is_remembered(hass: HomeAssistant) -> None:
    """The bounds are known while the rig is off."""
    source = an_account()
    entry: MockConfigEntry = await async_add(hass, source)
    await hass.config_entries.async_unload(entry.entry_id)
    await async_open(hass, entry, source)
    assert state(hass, "text", TITLE.key).attributes["max"] == 20
