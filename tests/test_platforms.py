"""One row for each quantity: what shows it, what sets it."""

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.const import STATE_UNAVAILABLE, Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
import pytest

from custom_components.mining_rig.model import (
    Action,
    Category,
    Control,
    Quantity,
    Reading,
    Value,
)
from custom_components.mining_rig.platforms import ROWS, control_platform
from custom_components.mining_rig.sources.common.contract import SourceUnreachable

from .rigs import async_pass_polls, entity_id, state
from .scripted import ScriptedSource, async_add

NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)
VALUES: Mapping[Quantity, Value] = {
    Quantity.MOMENT: NOON,
    Quantity.UPTIME: NOON,
    Quantity.MONEY: Decimal("0.5"),
    Quantity.TEXT: "one",
    Quantity.CHOICE: "one",
    Quantity.FLAG: True,
    Quantity.PROBLEM: True,
    Quantity.RUNNING: True,
    Quantity.CONNECTIVITY: True,
}
"""A value of each quantity that is not a plain number."""
READ_ONLY = (Quantity.MOMENT, Quantity.UPTIME)
"""Quantities that cannot be set."""
READINGS: Mapping[Quantity, Reading[Any]] = {
    quantity: Reading(
        f"test_platforms_{quantity}",
        quantity,
        choices=("one", "two") if quantity is Quantity.CHOICE else (),
    )
    for quantity in Quantity
}
SPEED = Reading[float](
    "test_platforms_speed_set", Quantity.FAN_SPEED, Category.CONFIG, setting=True
)
BLINK = Action("test_platforms_blink", Category.CONFIG)


@pytest.mark.parametrize("quantity", Quantity)
async def test_a_control_never_hides_a_reading(
    hass: HomeAssistant, quantity: Quantity
) -> None:
    """Both are there; what only shows the value is disabled by default."""
    channel = READINGS[quantity].plain
    source = ScriptedSource(
        {channel: VALUES.get(quantity, 1.0)}, Control(channel=channel)
    )
    await async_add(hass, source)
    registry = er.async_get(hass)
    row = ROWS[quantity]
    assert (row.sensor is None) is not (row.binary_sensor is None)
    shown_by = Platform.SENSOR if row.sensor else Platform.BINARY_SENSOR
    shown = registry.async_get(entity_id(hass, shown_by, channel.key))
    assert shown is not None
    assert shown.disabled_by is er.RegistryEntryDisabler.INTEGRATION
    platform = control_platform(Control(channel=channel))
    if quantity in READ_ONLY:
        assert platform is None
        return
    assert platform is not None
    assert state(hass, platform, channel.key).state != STATE_UNAVAILABLE


@pytest.mark.parametrize("quantity", Quantity)
async def test_every_quantity_is_shown(hass: HomeAssistant, quantity: Quantity) -> None:
    """What cannot be set has an enabled sensor, and no control."""
    channel = READINGS[quantity].plain
    entry = await async_add(hass, ScriptedSource({channel: VALUES.get(quantity, 1.0)}))
    own = [
        entity
        for entity in er.async_entries_for_config_entry(
            er.async_get(hass), entry.entry_id
        )
        if entity.unique_id.endswith(f"_{channel.key}")
    ]
    assert [entity.domain for entity in own] == [
        Platform.SENSOR if ROWS[quantity].sensor else Platform.BINARY_SENSOR
    ]
    assert state(hass, own[0].domain, channel.key).state != STATE_UNAVAILABLE


def test_every_number_has_a_row() -> None:
    """What is measured in numbers can be set; limits enclose what is usual."""
    for quantity, row in ROWS.items():
        is_number = quantity not in VALUES or quantity is Quantity.MONEY
        assert (row.number is not None) is is_number
        assert row.dead_band is None or is_number
        if row.plausible is not None:
            assert is_number
            assert row.plausible.lowest < row.plausible.highest
    assert set(ROWS) == set(Quantity)


async def test_open_restricted_open(hass: HomeAssistant) -> None:
    """A control or button that is not offered is unavailable; nothing is removed."""
    control = Control(channel=SPEED.plain, maximum=9000)
    source = ScriptedSource({SPEED.plain: 4000.0})
    entry = await async_add(hass, source)
    registry = er.async_get(hass)

    def entities() -> set[str]:
        found = er.async_entries_for_config_entry(registry, entry.entry_id)
        return {entity.entity_id for entity in found if SPEED.key in entity.unique_id}

    async def read() -> None:
        await entry.runtime_data.async_refresh()
        await hass.async_block_till_done()

    sensor = entity_id(hass, "sensor", SPEED.key)
    assert entities() == {sensor}
    assert state(hass, "sensor", SPEED.key).state == "4000.0"

    source.controls, source.actions = {SPEED.plain: control}, (BLINK,)
    await read()
    opened = entities()
    assert opened == {sensor, entity_id(hass, "number", SPEED.key)}
    # It was enabled before there was a control, and stays as it was.
    assert state(hass, "sensor", SPEED.key).state == "4000.0"
    assert state(hass, "number", SPEED.key).state == "4000.0"
    assert state(hass, "button", BLINK.key).state != STATE_UNAVAILABLE

    source.controls, source.actions = {}, ()
    await read()
    assert entities() == opened
    assert state(hass, "sensor", SPEED.key).state == "4000.0"
    assert state(hass, "number", SPEED.key).state == STATE_UNAVAILABLE
    assert state(hass, "button", BLINK.key).state == STATE_UNAVAILABLE

    source.controls, source.actions = {SPEED.plain: control}, (BLINK,)
    await read()
    assert entities() == opened
    assert state(hass, "number", SPEED.key).state == "4000.0"
    assert state(hass, "button", BLINK.key).state != STATE_UNAVAILABLE


async def test_off(hass: HomeAssistant, freezer: FrozenDateTimeFactory) -> None:
    """Controls and buttons of a rig that does not answer are unavailable."""
    source = ScriptedSource(
        {SPEED.plain: 4000.0}, Control(channel=SPEED.plain, maximum=9000)
    )
    source.actions = (BLINK,)
    await async_add(hass, source)
    source.error = SourceUnreachable("off")
    await async_pass_polls(hass, freezer, 5)
    assert state(hass, "number", SPEED.key).state == STATE_UNAVAILABLE
    assert state(hass, "button", BLINK.key).state == STATE_UNAVAILABLE
