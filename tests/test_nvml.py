"""NVIDIA cards of the host in Home Assistant: adding them, entities, controls."""

from collections.abc import Callable
from datetime import timedelta
import json
from pathlib import Path
from typing import Any
from unittest.mock import patch

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import SOURCE_USER, ConfigEntryState, ConfigFlowResult
from homeassistant.const import (
    ATTR_ENTITY_ID,
    ATTR_UNIT_OF_MEASUREMENT,
    STATE_OFF,
    STATE_ON,
    STATE_UNAVAILABLE,
    STATE_UNKNOWN,
    Platform,
)
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import device_registry as dr, entity_registry as er
import pynvml
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_fire_time_changed,
    snapshot_platform,
)
from syrupy.assertion import SnapshotAssertion

from custom_components import mining_rig as component
from custom_components.mining_rig import PLATFORMS
from custom_components.mining_rig.const import CONF_ID_ROOT, CONF_KIND, DOMAIN
from custom_components.mining_rig.diagnostics import async_get_config_entry_diagnostics
from custom_components.mining_rig.readings import POWER
from custom_components.mining_rig.sources import KINDS
from custom_components.mining_rig.sources.nvml import driver
from simulator.hardware import Card
from simulator.models import RTX_3070, RTX_3080
from simulator.nvml import PASCAL, SimulatedNvml, install, nvidia_card
from simulator.t_rex import SimulatedTRex
from simulator.xmrig import SimulatedXMRig

from .rigs import (
    ID_ROOT,
    async_pass,
    async_pass_polls,
    async_set_up,
    entity_id,
    entry_for,
    state,
)
from .texts import texts

PACKAGES = "homeassistant.requirements.pkg_util"


@pytest.fixture(autouse=True)
def _noon(monkeypatch: pytest.MonkeyPatch, freezer: FrozenDateTimeFactory) -> None:
    """Let it always be noon, and look at commands without waiting in between."""
    freezer.move_to("2026-11-01 12:00:00+00:00")
    monkeypatch.setattr(
        "custom_components.mining_rig.coordinator.commands.CONFIRM_PAUSES", (0.0,) * 3
    )


@pytest.fixture
def cards(freezer: FrozenDateTimeFactory, nvidia: SimulatedNvml) -> SimulatedNvml:
    """Return the library with two cards that began at noon."""
    nvidia.cards = [
        nvidia_card(RTX_3080, lacks=frozenset(), energy=3_600_000.0),
        nvidia_card(RTX_3070, index=1, energy=7_200_000.0),
    ]
    return nvidia


def entry(**options: Any) -> MockConfigEntry:
    """Return the entry that the dialog makes."""
    return MockConfigEntry(
        domain=DOMAIN,
        title="NVIDIA cards",
        unique_id="nvml_host",
        data={CONF_KIND: "nvml", CONF_ID_ROOT: ID_ROOT},
        options=options,
    )


def key(cards: SimulatedNvml, number: int) -> str:
    """Return the key of a card's part."""
    return cards.cards[number].uuid.lower()


def value(hass: HomeAssistant, channel: str, part: str = "rig") -> float:
    """Return a sensor's value."""
    return float(state(hass, "sensor", channel, part).state)


async def call(
    hass: HomeAssistant, service: str, channel: str, part: str, **data: Any
) -> None:
    """Call an action for an entity."""
    domain, _, action = service.partition(".")
    target = entity_id(hass, domain, channel, part)
    await hass.services.async_call(
        domain, action, {ATTR_ENTITY_ID: target, **data}, blocking=True
    )


# ---- adding


async def begin(hass: HomeAssistant) -> ConfigFlowResult:
    """Choose the cards in the menu and return their form."""
    flow = hass.config_entries.flow
    menu = await flow.async_init(DOMAIN, context={"source": SOURCE_USER})
    form = await flow.async_configure(menu["flow_id"], {"next_step_id": "nvml"})
    assert (form["type"], form["step_id"]) == (FlowResultType.FORM, "nvml")
    assert form["data_schema"] is not None
    assert not form["data_schema"].schema
    return form


async def submit(
    hass: HomeAssistant, form: ConfigFlowResult, **answers: Any
) -> ConfigFlowResult:
    """Press the button."""
    result = await hass.config_entries.flow.async_configure(form["flow_id"], answers)
    await hass.async_block_till_done()
    return result


async def test_add(hass: HomeAssistant, cards: SimulatedNvml) -> None:
    """There is nothing to fill in but the name, and it can be added once."""
    step = await submit(hass, await begin(hass))
    assert step["step_id"] == "name"
    assert step["description_placeholders"] == {
        "model": "NVIDIA GeForce RTX 3080, NVIDIA GeForce RTX 3070 (570.133.07)",
    }
    done = await submit(hass, step, name="Tower")
    assert done["type"] is FlowResultType.CREATE_ENTRY
    assert done["result"].unique_id == "nvml_host"
    assert done["data"] == {CONF_KIND: "nvml", CONF_ID_ROOT: "nvml_host"}
    assert done["result"].state is ConfigEntryState.LOADED
    power = hass.states.get("sensor.tower_power")
    assert power is not None
    assert float(power.state) > 300

    again = await submit(hass, await begin(hass))
    assert (again["type"], again["reason"]) == (
        FlowResultType.ABORT,
        "already_configured",
    )
    assert again["description_placeholders"]["rig"] == "Tower"
    # The dialogs gave back what they took.
    assert cards.starts == 1


def _no_library(cards: SimulatedNvml) -> None:
    install(pynvml, None)


def _no_module(cards: SimulatedNvml) -> None:
    cards.loaded = False


def _no_card(cards: SimulatedNvml) -> None:
    cards.cards, cards.shelf = [], cards.cards  # type: ignore[attr-defined] # kept for later


def _mismatch(cards: SimulatedNvml) -> None:
    cards.errors["nvmlInitWithFlags", None] = pynvml.NVML_ERROR_LIB_RM_VERSION_MISMATCH


def _no_access(cards: SimulatedNvml) -> None:
    cards.errors["nvmlInitWithFlags", None] = pynvml.NVML_ERROR_NO_PERMISSION


def _unknown(cards: SimulatedNvml) -> None:
    cards.errors["nvmlDeviceGetCount_v2", None] = pynvml.NVML_ERROR_UNKNOWN


def _repair(cards: SimulatedNvml) -> None:
    install(pynvml, cards)
    cards.loaded = True
    cards.errors.clear()
    cards.cards = cards.cards or cards.shelf  # type: ignore[attr-defined] # as above


@pytest.mark.parametrize(
    ("break_it", "error"),
    [
        (_no_library, "nvml_no_driver"),
        (_no_module, "nvml_no_driver"),
        (_no_card, "nvml_no_cards"),
        (_mismatch, "nvml_mismatch"),
        (_no_access, "nvml_no_access"),
        (_unknown, "cannot_connect"),
    ],
)
async def test_nothing_there(
    hass: HomeAssistant,
    cards: SimulatedNvml,
    break_it: Callable[[SimulatedNvml], None],
    error: str,
) -> None:
    """The form says what is missing; once that is there, it goes on."""
    break_it(cards)
    form = await submit(hass, await begin(hass))
    assert form["errors"] == {"base": error}
    _repair(cards)
    step = await submit(hass, form)
    assert step["step_id"] == "name"


async def test_hangs_while_added(
    hass: HomeAssistant, cards: SimulatedNvml, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A driver that hangs does not keep the dialog."""
    with monkeypatch.context() as patience:
        patience.setattr(driver, "TIMEOUT", 0)
        cards.hang()
        form = await submit(hass, await begin(hass))
        assert form["errors"] == {"base": "timeout"}
        cards.go_on()
    assert (await submit(hass, form))["step_id"] == "name"


async def test_nothing_to_reconfigure(
    hass: HomeAssistant, cards: SimulatedNvml
) -> None:
    """There is neither an address nor a password."""
    rig = entry()
    await async_set_up(hass, rig)
    result = await rig.start_reconfigure_flow(hass)
    assert (result["type"], result["reason"]) == (
        FlowResultType.ABORT,
        "nothing_to_change",
    )


# ---- the package


@pytest.fixture
def pip(hass: HomeAssistant) -> Any:
    """Return what stands for the installer; nothing is installed yet."""
    hass.config.skip_pip = False
    with (
        patch(f"{PACKAGES}.is_installed", lambda wanted: "nvidia" not in wanted),
        patch(f"{PACKAGES}.install_package", return_value=True) as install_package,
    ):
        yield install_package


async def test_installed_when_it_is_needed(
    hass: HomeAssistant, cards: SimulatedNvml, pip: Any
) -> None:
    """One version of one package, and not before the form is sent."""
    form = await begin(hass)
    assert not pip.called
    await submit(hass, form)
    (wanted,) = KINDS["nvml"].requirements
    assert [install.args[0] for install in pip.mock_calls] == [wanted]
    assert wanted.startswith("nvidia-ml-py==")


async def test_cannot_be_installed(
    hass: HomeAssistant, cards: SimulatedNvml, pip: Any
) -> None:
    """The form says so, and tries again when it is sent again."""
    pip.return_value = False
    form = await submit(hass, await begin(hass))
    assert form["errors"] == {"base": "not_installed"}
    pip.return_value = True
    assert (await submit(hass, form))["step_id"] == "name"


@pytest.mark.usefixtures("socket_enabled")
async def test_other_rigs_do_without(
    hass: HomeAssistant,
    cards: SimulatedNvml,
    pip: Any,
    freezer: FrozenDateTimeFactory,
) -> None:
    """Without the package the cards wait, and every other rig works."""
    pip.return_value = False
    rig = entry()
    async with SimulatedXMRig() as miner:
        other = entry_for(miner, id_root="other")
        await async_set_up(hass, rig)
        await async_set_up(hass, other)
        assert rig.state is ConfigEntryState.SETUP_RETRY
        assert rig.error_reason_translation_key == "not_installed"
        assert "nvidia-ml-py" in str(rig.error_reason_translation_placeholders)
        assert other.state is ConfigEntryState.LOADED
        pip.return_value = True
        freezer.tick(timedelta(minutes=1))
        async_fire_time_changed(hass)
        await hass.async_block_till_done(wait_background_tasks=True)
        assert rig.state is ConfigEntryState.LOADED


def test_not_in_the_manifest() -> None:
    """There, a failure would stop every rig."""
    manifest = Path(component.__file__).with_name("manifest.json")
    assert json.loads(manifest.read_text())["requirements"] == []


# ---- entities


@pytest.mark.usefixtures("entity_registry_enabled_by_default")
@pytest.mark.parametrize("platform", PLATFORMS)
async def test_entities(
    hass: HomeAssistant,
    cards: SimulatedNvml,
    snapshot: SnapshotAssertion,
    monkeypatch: pytest.MonkeyPatch,
    platform: Platform,
) -> None:
    """Every entity of a card that has everything and of one for home."""
    monkeypatch.setattr("custom_components.mining_rig.PLATFORMS", (platform,))
    rig = entry()
    await async_set_up(hass, rig)
    if er.async_entries_for_config_entry(er.async_get(hass), rig.entry_id):
        await snapshot_platform(hass, er.async_get(hass), snapshot, rig.entry_id)


async def test_devices(hass: HomeAssistant, cards: SimulatedNvml) -> None:
    """The host is a device, each card one inside of it."""
    rig = entry()
    await async_set_up(hass, rig)
    registry = dr.async_get(hass)
    device = registry.async_get_device_by_identifier((DOMAIN, ID_ROOT), rig.entry_id)
    assert device is not None
    assert (device.manufacturer, device.sw_version) == ("NVIDIA", "570.133.07")
    assert device.configuration_url is None
    children = dr.async_child_entries_for_config_entry(registry, rig.entry_id)
    assert sorted(str(child.name) for child in children) == [
        "GPU 1 NVIDIA GeForce RTX 3080",
        "GPU 2 NVIDIA GeForce RTX 3070",
    ]
    total = value(hass, "power")
    parts = [value(hass, "power", key(cards, number)) for number in range(2)]
    assert total == pytest.approx(sum(parts))
    assert value(hass, "hottest") >= value(hass, "temperature", key(cards, 1))
    memory = state(hass, "sensor", "nvml_memory_used", key(cards, 0))
    assert memory.attributes[ATTR_UNIT_OF_MEASUREMENT] == "GiB"


async def test_few_entities_at_first(hass: HomeAssistant, cards: SimulatedNvml) -> None:
    """What changes often and tells little waits to be enabled."""
    rig = entry()
    await async_set_up(hass, rig)
    first = {
        entity.unique_id.removeprefix(f"{ID_ROOT}_{key(cards, 0)}_")
        for entity in er.async_entries_for_config_entry(
            er.async_get(hass), rig.entry_id
        )
        if not entity.disabled and key(cards, 0) in entity.unique_id
    }
    assert first == {
        "temperature",
        "memory_temperature",
        "fan_level_1",
        "fan_level_2",
        "power",
        "energy",
        "nvml_gpu_load",
        "nvml_memory_used",
        "power_limit",
        "nvml_persistence",
        "nvml_throttled",
        "nvml_throttle_reason",
        "nvml_ecc_uncorrected",
    }


async def test_throttled(
    hass: HomeAssistant, cards: SimulatedNvml, freezer: FrozenDateTimeFactory
) -> None:
    """Heat is a problem, a card's own power limit is none."""
    await async_set_up(hass, entry())
    card = key(cards, 0)
    cards.cards[0].reasons = 0x4
    await async_pass(hass, freezer)
    assert state(hass, "binary_sensor", "nvml_throttled", card).state == STATE_OFF
    assert state(hass, "sensor", "nvml_throttle_reason", card).state == "power_limit"
    cards.cards[0].reasons |= 0x20
    await async_pass(hass, freezer)
    assert state(hass, "binary_sensor", "nvml_throttled", card).state == STATE_ON


async def test_one_reading_is_not_known(
    hass: HomeAssistant, cards: SimulatedNvml, freezer: FrozenDateTimeFactory
) -> None:
    """Only that one; the card and the other card go on."""
    await async_set_up(hass, entry())
    cards.errors["nvmlDeviceGetTemperature", 0] = pynvml.NVML_ERROR_UNKNOWN
    await async_pass(hass, freezer)
    assert state(hass, "sensor", "temperature", key(cards, 0)).state == STATE_UNKNOWN
    assert value(hass, "power", key(cards, 0)) > 0
    assert value(hass, "temperature", key(cards, 1)) > 0


# ---- what falls away and comes back


async def test_card_off_the_bus(
    hass: HomeAssistant, cards: SimulatedNvml, freezer: FrozenDateTimeFactory
) -> None:
    """Its entities are unavailable until it is back; the other card is not touched."""
    rig = entry()
    await async_set_up(hass, rig)
    first, second = key(cards, 0), key(cards, 1)
    cards.cards[0].lost = True
    await async_pass(hass, freezer)
    assert state(hass, "sensor", "temperature", first).state == STATE_UNAVAILABLE
    assert value(hass, "temperature", second) > 0
    assert value(hass, "nvml_cards") == 1
    assert state(hass, "binary_sensor", "connected").state == STATE_ON
    # What is left is the whole power, since the other card takes no part.
    others = rig.runtime_data.data.parts[second].values[POWER.plain]
    assert value(hass, "power") == pytest.approx(others)
    cards.cards[0].lost = False
    await async_pass_polls(hass, freezer, 7)
    assert value(hass, "temperature", first) > 0
    assert value(hass, "nvml_cards") == 2


async def test_driver_is_gone_and_back(
    hass: HomeAssistant,
    cards: SimulatedNvml,
    freezer: FrozenDateTimeFactory,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The cards are away, energy stays, and all is back without a restart."""
    rig = entry()
    await async_set_up(hass, rig)
    card = key(cards, 0)
    before = value(hass, "energy")
    cards.reload()
    cards.loaded = False
    await async_pass_polls(hass, freezer, 4)
    assert state(hass, "sensor", "power", card).state == STATE_UNAVAILABLE
    assert value(hass, "energy") == pytest.approx(before)
    assert state(hass, "binary_sensor", "connected").state == STATE_OFF
    cards.loaded = True
    await async_pass(hass, freezer, 60)
    assert value(hass, "power", card) > 0
    await hass.config_entries.async_unload(rig.entry_id)
    assert cards.starts == 0
    lines = [r for r in caplog.records if r.levelname in ("WARNING", "ERROR")]
    assert not [r for r in lines if "mining_rig" in r.name]
    assert caplog.text.count("does not answer") == 1
    assert caplog.text.count("answers again") == 1


async def test_starts_without_driver(
    hass: HomeAssistant, cards: SimulatedNvml, freezer: FrozenDateTimeFactory
) -> None:
    """Home Assistant shows the cards that it knows, and waits for the driver."""
    rig = entry()
    await async_set_up(hass, rig)
    await hass.config_entries.async_unload(rig.entry_id)
    install(pynvml, None)
    await async_set_up(hass, rig)
    assert rig.state is ConfigEntryState.LOADED
    assert state(hass, "sensor", "power", key(cards, 0)).state == STATE_UNAVAILABLE
    install(pynvml, cards)
    await async_pass(hass, freezer, 60)
    assert value(hass, "power", key(cards, 0)) > 0


async def test_never_seen(hass: HomeAssistant, cards: SimulatedNvml) -> None:
    """Without a driver from the beginning it is tried again later."""
    install(pynvml, None)
    rig = entry()
    await async_set_up(hass, rig)
    assert rig.state is ConfigEntryState.SETUP_RETRY


async def test_hanging_driver(
    hass: HomeAssistant,
    cards: SimulatedNvml,
    freezer: FrozenDateTimeFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It leads to unavailable, keeps one thread, and does not stop an unload."""
    rig = entry()
    await async_set_up(hass, rig)
    asked = len(cards.calls)
    cards.hang()
    monkeypatch.setattr(driver, "TIMEOUT", 0)
    await async_pass_polls(hass, freezer, 5)
    card = key(cards, 0)
    assert state(hass, "sensor", "power", card).state == STATE_UNAVAILABLE
    assert len(cards.calls) == asked + 1
    assert await hass.config_entries.async_unload(rig.entry_id)
    cards.go_on()


# ---- energy


async def test_energy_is_a_sum_of_increases(
    hass: HomeAssistant, cards: SimulatedNvml, freezer: FrozenDateTimeFactory
) -> None:
    """The cards' own counters, over reloads of the driver and of Home Assistant."""
    rig = entry()
    await async_set_up(hass, rig)
    first, second = key(cards, 0), key(cards, 1)
    assert value(hass, "energy", first) == pytest.approx(1)
    assert value(hass, "energy", second) == pytest.approx(2)
    assert value(hass, "energy") == pytest.approx(3)

    # An hour in which nobody asked is counted: the card counted it.
    freezer.tick(timedelta(hours=1))
    await async_pass(hass, freezer)
    hour = value(hass, "energy", first) - 1
    assert hour == pytest.approx(0.248, rel=0.05)

    before = value(hass, "energy"), value(hass, "energy", first)
    cards.reload()
    await async_pass_polls(hass, freezer, 2)
    after = value(hass, "energy"), value(hass, "energy", first)
    assert before[0] <= after[0] < before[0] + 0.01
    assert before[1] <= after[1] < before[1] + 0.01

    await hass.config_entries.async_unload(rig.entry_id)
    for card in cards.cards:
        card.energy += 3_600_000
    await async_set_up(hass, rig)
    assert value(hass, "energy", first) == pytest.approx(after[1] + 1, abs=0.01)
    assert value(hass, "energy") == pytest.approx(after[0] + 2, abs=0.01)


async def test_base_power_is_counted_beside(
    hass: HomeAssistant, cards: SimulatedNvml, freezer: FrozenDateTimeFactory
) -> None:
    """The cards' counters do not know of the rest of the computer."""
    await async_set_up(hass, entry(base_power=100))
    before = value(hass, "energy")
    own = value(hass, "energy", key(cards, 0)) + value(hass, "energy", key(cards, 1))
    assert before == pytest.approx(own)
    await async_pass_polls(hass, freezer, 36)
    own = value(hass, "energy", key(cards, 0)) + value(hass, "energy", key(cards, 1))
    # 100 W for six minutes.
    assert value(hass, "energy") == pytest.approx(own + 0.01, abs=1e-4)


async def test_a_card_that_does_not_count(
    hass: HomeAssistant, cards: SimulatedNvml, freezer: FrozenDateTimeFactory
) -> None:
    """Then the computer's energy follows from power, so that no card is left out."""
    cards.cards[1].lacks = PASCAL
    await async_set_up(hass, entry())
    await async_pass_polls(hass, freezer, 36)
    expected = value(hass, "power") / 1000 / 10
    assert value(hass, "energy") == pytest.approx(expected, rel=0.05)
    assert value(hass, "energy", key(cards, 0)) > 1


async def test_meter_is_better(
    hass: HomeAssistant, cards: SimulatedNvml, freezer: FrozenDateTimeFactory
) -> None:
    """A plug that measures the whole computer wins over the cards' counters."""
    hass.states.async_set("sensor.plug", "500", {ATTR_UNIT_OF_MEASUREMENT: "W"})
    await async_set_up(hass, entry(power_meter="sensor.plug"))
    await async_pass_polls(hass, freezer, 36)
    assert value(hass, "power") == 500
    assert value(hass, "energy") == pytest.approx(0.05, rel=0.01)


# ---- controls


async def test_power_limit(hass: HomeAssistant, cards: SimulatedNvml) -> None:
    """Each card has its own range."""
    await async_set_up(hass, entry())
    card = key(cards, 1)
    number = state(hass, "number", "power_limit", card)
    assert (number.attributes["min"], number.attributes["max"]) == (69, 226)
    assert float(number.state) == 206
    await call(hass, "number.set_value", "power_limit", card, value=120)
    assert cards.cards[1].limit == 120
    assert float(state(hass, "number", "power_limit", card).state) == 120
    assert value(hass, "power", card) <= 120
    with pytest.raises(ServiceValidationError):
        await call(hass, "number.set_value", "power_limit", card, value=300)


async def test_persistence(hass: HomeAssistant, cards: SimulatedNvml) -> None:
    """It is switched and shown."""
    await async_set_up(hass, entry())
    card = key(cards, 0)
    for service, shown in (("turn_on", STATE_ON), ("turn_off", STATE_OFF)):
        await call(hass, f"switch.{service}", "nvml_persistence", card)
        assert state(hass, "switch", "nvml_persistence", card).state == shown


async def test_not_root(hass: HomeAssistant, cards: SimulatedNvml) -> None:
    """The error names what is needed."""
    cards.root = False
    await async_set_up(hass, entry())
    card = key(cards, 0)
    with pytest.raises(HomeAssistantError) as error:
        await call(hass, "number.set_value", "power_limit", card, value=200)
    assert error.value.translation_key == "nvml_no_permission"
    text = texts()["exceptions.nvml_no_permission.message"]
    assert "root" in text
    assert "SYS_ADMIN" in text
    assert float(state(hass, "number", "power_limit", card).state) == 298


# ---- beside other rigs


@pytest.mark.usefixtures("socket_enabled")
async def test_card_that_a_miner_shows_too(
    hass: HomeAssistant, cards: SimulatedNvml
) -> None:
    """T-Rex and XMRig on this computer tell of the same card, without a clash."""
    cards.cards.pop()
    async with (
        SimulatedTRex(cards=[Card(model=RTX_3080)]) as t_rex,
        SimulatedXMRig(cards=[Card(model=RTX_3080)]) as xmrig,
    ):
        cards.cards[0].uuid = f"GPU-{t_rex.uuids[0]}"
        entries = [
            entry_for(t_rex, id_root="t-rex"),
            entry_for(xmrig, id_root="xmrig"),
            entry(),
        ]
        for each in entries:
            await async_set_up(hass, each)
            assert each.state is ConfigEntryState.LOADED
        registry = er.async_get(hass)
        temperatures = [
            entity
            for each in entries
            for entity in er.async_entries_for_config_entry(registry, each.entry_id)
            if entity.unique_id.endswith("_temperature")
            and "memory" not in entity.unique_id
            and entity.translation_key == "temperature"
        ]
        assert len({entity.unique_id for entity in temperatures}) == 3
        assert len({entity.device_id for entity in temperatures}) == 3


async def test_diagnostics(hass: HomeAssistant, cards: SimulatedNvml) -> None:
    """They name what could not be read, and what can be set."""
    cards.errors["nvmlDeviceGetPowerUsage", 0] = pynvml.NVML_ERROR_UNKNOWN
    rig = entry()
    await async_set_up(hass, rig)
    report = await async_get_config_entry_diagnostics(hass, rig)
    assert report["source"]["can"] == ["Polled", "Writable"]
    assert report["snapshot"]["unparsed"] == ["cards.0.power"]
    json.dumps(report)
