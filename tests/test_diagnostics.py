"""Diagnostics: what helps to find a fault, and nothing that nobody else may see."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
import json
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.components.diagnostics import (
    get_diagnostics_for_config_entry,
    get_diagnostics_for_device,
)
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.mining_rig import model
from custom_components.mining_rig.const import DOMAIN
from custom_components.mining_rig.model import (
    Action,
    Control,
    Part,
    PartKind,
    Quantity,
    Reading,
    part_map,
)
from custom_components.mining_rig.readings import POOL, STARTED
from simulator.hardware import Card
from simulator.models import RTX_3070
from simulator.xmrig import SimulatedXMRig

from .rigs import ID_ROOT, async_pass_polls, async_set_up, entry_for

TOKEN = "b6b8b4a2-e7a2-4d9b"
WALLET = (
    "48edfHu7V9Z84YzzMa6fUueoELZ9ZRXq9VetWzYGzKt52XU5xvqgzYnDK9URnRoJMk1j8nLwEVsaSWJ4f"
)


@pytest.fixture
async def rig(
    socket_enabled: None, freezer: FrozenDateTimeFactory
) -> AsyncIterator[SimulatedXMRig]:
    """Return an XMRig with a card, that takes commands."""
    async with SimulatedXMRig(
        token=TOKEN,
        restricted=False,
        cards=[Card(model=RTX_3070)],
        pools=[{"url": "pool.example:3333", "user": WALLET, "pass": "x"}],
    ) as rig:
        yield rig


@pytest.fixture
async def entry(hass: HomeAssistant, rig: SimulatedXMRig) -> MockConfigEntry:
    """Return its loaded entry."""
    assert await async_setup_component(hass, "diagnostics", {})
    entry = entry_for(rig, options={"keep_order": True})
    assert await async_set_up(hass, entry)
    return entry


@pytest.fixture
def secrets() -> Iterator[dict[str, Reading[Any]]]:
    """Return readings that exist for one test only."""
    before = set(model._READINGS)
    yield {
        "wallet": Reading[str]("test_wallet", Quantity.TEXT, secret=True),
        "money": Reading[Decimal]("test_money", Quantity.MONEY, unit="XMR"),
    }
    for key in set(model._READINGS) - before:
        del model._READINGS[key]


async def test_rig(
    hass: HomeAssistant, hass_client: ClientSessionGenerator, entry: MockConfigEntry
) -> None:
    """Everything that the rig tells is in it, but for credentials and address."""
    found: Any = await get_diagnostics_for_config_entry(hass, hass_client, entry)
    assert found["entry"]["data"]["access_token"] == "**REDACTED**"
    assert found["entry"]["data"]["host"] == "**REDACTED**"
    assert found["entry"]["data"]["id_root"] == ID_ROOT
    assert found["entry"]["options"] == {"keep_order": True}
    assert found["source"]["can"] == ["Polled", "Writable", "Pressable", "Configured"]
    assert found["polling"]["online"] is True
    assert found["polling"]["readings"] >= 1
    assert found["polling"]["last_error"] is None
    rig, *parts = found["snapshot"]["parts"]
    assert rig["values"]["hashrate"] > 0
    assert rig["values"]["version"] == "6.26.0"
    assert rig["values"]["started"].startswith("20")
    assert "mining_allowed" in [control["key"] for control in rig["controls"]]
    assert {part["kind"] for part in parts} >= {"gpu"}
    assert [part["key"] for part in found["known_parts"]] == [
        part["key"] for part in found["snapshot"]["parts"]
    ]
    assert "hashrate" in found["known_parts"][0]["channels"]
    text = json.dumps(found)
    for secret in (TOKEN, WALLET, "127.0.0.1"):
        assert secret not in text


async def test_rig_that_does_not_answer(
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    freezer: FrozenDateTimeFactory,
    rig: SimulatedXMRig,
    entry: MockConfigEntry,
) -> None:
    """The last error is told without the address."""
    rig.fault("off")
    await async_pass_polls(hass, freezer, 5)
    found: Any = await get_diagnostics_for_config_entry(hass, hass_client, entry)
    assert found["polling"]["online"] is False
    assert found["polling"]["failed_polls"] >= 3
    assert found["polling"]["last_error"]["type"] == "SourceUnreachable"
    assert "127.0.0.1" not in json.dumps(found)
    assert found["polling"]["last_accepted"] is not None
    assert len(found["known_parts"]) >= 2


async def test_rig_that_is_not_set_up(
    hass: HomeAssistant, hass_client: ClientSessionGenerator, entry: MockConfigEntry
) -> None:
    """Diagnostics help most when nothing works."""
    assert await hass.config_entries.async_unload(entry.entry_id)
    found: Any = await get_diagnostics_for_config_entry(hass, hass_client, entry)
    assert [*found] == ["entry"]
    assert found["entry"]["state"] == "not_loaded"
    assert TOKEN not in json.dumps(found)


async def test_secrets_in_texts(
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    entry: MockConfigEntry,
    secrets: dict[str, Reading[Any]],
) -> None:
    """Users, wallets and known secrets are left out wherever they stand."""
    coordinator = entry.runtime_data
    pools = Reading[str]("test_active_pool", Quantity.TEXT, setting=True)
    part = Part(
        kind=PartKind.WORKER,
        key="worker-sandra",
        name="Rig of sandra",
        serial="SN123",
        values={
            POOL.plain: "stratum+tcp://sandra.rig:pass@pool.example:3333",
            POOL.channel(number=2): f"pool.example/{WALLET}",
            POOL.channel(number=3): f"token is {TOKEN}",
            STARTED.plain: datetime(2026, 1, 1, tzinfo=UTC),
            secrets["wallet"].plain: "sandra",
            secrets["money"].plain: Decimal("1.5"),
        },
        controls={
            pools.plain: Control(
                channel=pools.plain, options=("//me@a.example", "b.example"), free=True
            )
        },
        actions=(Action("reboot"),),
    )
    snapshot = coordinator.data
    coordinator.data = replace(
        snapshot,
        parts={**snapshot.parts, **part_map(part)},
        removed=frozenset({"worker-of-sandra"}),
        unparsed=("workers.sandra.hashrate",),
    )
    coordinator.known_parts.learn(coordinator.data)
    found: Any = await get_diagnostics_for_config_entry(hass, hass_client, entry)
    shown = found["snapshot"]["parts"][-1]
    assert shown["values"] == {
        "pool": "pool.example:3333",
        "pool_2": "pool.example",
        "pool_3": "token is **REDACTED**",
        "started": "2026-01-01T00:00:00+00:00",
        "test_wallet": "**REDACTED**",
        "test_money": "1.5",
    }
    assert shown["controls"][0]["options"] == ["**REDACTED**", "b.example"]
    assert shown["actions"] == ["reboot"]
    assert shown["serial"] == "**REDACTED**"
    text = json.dumps(found)
    for secret in ("sandra", TOKEN, WALLET, "SN123", "pass@"):
        assert secret not in text


async def test_device(
    hass: HomeAssistant, hass_client: ClientSessionGenerator, entry: MockConfigEntry
) -> None:
    """A device's diagnostics hold its part alone."""
    registry = dr.async_get(hass)
    rig = registry.async_get_device_by_identifier((DOMAIN, ID_ROOT), entry.entry_id)
    assert rig is not None
    found: Any = await get_diagnostics_for_device(hass, hass_client, entry, rig)
    assert [part["kind"] for part in found["snapshot"]["parts"]] == ["rig"]
    card = next(
        part
        for part in entry.runtime_data.known_parts.parts.values()
        if part.kind is PartKind.GPU
    )
    child = registry.async_get_child_device_by_identifier(
        (DOMAIN, f"{ID_ROOT}_{card.key}"), entry.entry_id
    )
    assert child is not None
    found = await get_diagnostics_for_device(hass, hass_client, entry, child)
    assert [part["kind"] for part in found["snapshot"]["parts"]] == ["gpu"]
    assert [part["kind"] for part in found["known_parts"]] == ["gpu"]
