"""What agents, owners and other rigs get when the file of a rig cannot be read."""

from collections.abc import Iterator
from contextlib import contextmanager
import errno
import json
from pathlib import Path
from typing import Any
from unittest.mock import patch

from aiohttp.test_utils import TestClient
from homeassistant.config_entries import SOURCE_USER, ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import issue_registry as ir
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.mining_rig.const import DOMAIN
from custom_components.mining_rig.sources.rig_monitor import playbooks
from custom_components.mining_rig.store import RigStore
from custom_components.mining_rig.store_file import load_bytes

from .pushing import ASIC_CODE, BASE, PC_CODE, async_set_up_rigs, body, pushing_entry
from .rigs import entity_id, state
from .test_repairs import HEADINGS, Dialog, anchor, issue

pytestmark = pytest.mark.usefixtures("socket_enabled")

ASIC = {"api_code": ASIC_CODE}
PC = {"api_code": PC_CODE}
OTHER = "other-code"
STATUS = "/asic_miners/expected_status"
PLAYBOOKS = "/cpu_gpu_miners/playbooks"

type Client = TestClient[Any, Any]


@pytest.fixture
def asic() -> MockConfigEntry:
    """Return the entry of an ASIC."""
    return pushing_entry("asic")


@pytest.fixture
def pc() -> MockConfigEntry:
    """Return the entry of a CPU/GPU rig."""
    return pushing_entry("cpu_gpu", title="Caheo PC", id_root="d4e5f6")


@pytest.fixture
def other() -> MockConfigEntry:
    """Return the entry of another ASIC, with nothing wrong."""
    return pushing_entry("asic", code=OTHER, title="Other", id_root="0f0f0f")


def file_of(hass: HomeAssistant, entry: MockConfigEntry) -> Path:
    """Return where a rig is stored."""
    return Path(hass.config.path(".storage", f"mining_rig.{entry.entry_id}"))


async def async_keep(hass: HomeAssistant, entry: MockConfigEntry, **notes: Any) -> None:
    """Store notes of a rig before Home Assistant starts."""
    store = RigStore(hass, entry.entry_id)
    await store.async_load()
    for key, note in notes.items():
        await store.keep(key, note)


@contextmanager
def unreadable(path: Path) -> Iterator[None]:
    """Let one file not be readable for a while."""

    def load(asked: Path) -> bytes | None:
        if asked == path:
            raise OSError(errno.EMFILE, "Too many open files")
        return load_bytes(asked)

    with patch("custom_components.mining_rig.store.load_bytes", load):
        yield


async def ask(client: Client, method: str, path: str, **facts: Any) -> tuple[int, Any]:
    """Return status and decoded answer of the door."""
    async with client.request(method, BASE + path, **facts) as response:
        return response.status, await response.json()


async def test_no_order_is_made_up_while_a_file_cannot_be_read(
    hass: HomeAssistant,
    hass_client_no_auth: ClientSessionGenerator,
    asic: MockConfigEntry,
    other: MockConfigEntry,
) -> None:
    """An ASIC that was ordered off is never told "on"; other rigs do not notice."""
    await async_keep(hass, asic, rig_monitor_orders={"power": False})
    with unreadable(file_of(hass, asic)):
        await async_set_up_rigs(hass, asic, other)
        assert asic.state is ConfigEntryState.SETUP_RETRY
        assert asic.reason is not None
        assert "Thanh Long" in asic.reason
        assert other.state is ConfigEntryState.LOADED
        client = await hass_client_no_auth()
        assert (await ask(client, "GET", STATUS, headers=ASIC))[0] == 503
        log = body("asic_log_ks5l.request")
        specs = body("asic_specs.request")
        for path, pushed in (("logs", log), ("specs", specs)):
            status, _ = await ask(
                client, "POST", f"/asic_miners/{path}", json=pushed, headers=ASIC
            )
            assert status == 503
        async with client.get("/api/webhook/hook_a1b2c3") as answer:
            assert answer.status == 503
        codes = {"api_code_list": [ASIC_CODE, OTHER]}
        status, answers = await ask(client, "POST", f"{STATUS}_bulk", json=codes)
        assert (status, [*answers]) == (200, [OTHER])
    # The next request reads it, before Home Assistant tries the entry again.
    status, answer = await ask(client, "GET", STATUS, headers=ASIC)
    assert (status, answer["asic_expected_status"]) == (200, "off")
    assert await hass.config_entries.async_reload(asic.entry_id)
    assert issue(hass, asic, "put_aside") is None
    assert state(hass, "switch", "rig_monitor_power").state == "off"


@pytest.mark.parametrize(
    "text",
    [
        "{",
        '{"version": 9, "data": {"notes": {"rig_monitor_orders": {"power": false}}}}',
        '{"version": 1, "data": {"notes": 5}}',
        '{"version": 1, "data": {"notes": {"rig_monitor_orders": []}}}',
        '{"version": 1, "data": {"notes": {"rig_monitor_orders": {"power": "off"}}}}',
    ],
)
async def test_orders_that_were_lost_are_not_contradicted(
    hass: HomeAssistant,
    hass_client_no_auth: ClientSessionGenerator,
    asic: MockConfigEntry,
    other: MockConfigEntry,
    text: str,
) -> None:
    """The agent is told nothing of the power until the owner orders again."""
    file_of(hass, asic).parent.mkdir(exist_ok=True)
    file_of(hass, asic).write_text(text)
    await async_set_up_rigs(hass, asic, other)
    client = await hass_client_no_auth()
    for _ in range(2):
        status, answer = await ask(client, "GET", STATUS, headers=ASIC)
        assert status == 200
        assert answer["name"] == "Thanh Long"
        assert "asic_expected_status" not in answer
        assert state(hass, "switch", "rig_monitor_power").state == "unknown"
        status, answer = await ask(client, "GET", STATUS, headers={"api_code": OTHER})
        assert answer["asic_expected_status"] == "on"
        assert await hass.config_entries.async_reload(asic.entry_id)
    log = body("asic_log_ks5l.request")
    assert (await ask(client, "POST", "/asic_miners/logs", json=log, headers=ASIC))[
        0
    ] == 200

    for lamp in ("on", "off"):
        # An order of the lamp is none of the power.
        await hass.services.async_call(
            "switch",
            f"turn_{lamp}",
            {"entity_id": entity_id(hass, "switch", "locate")},
            blocking=True,
        )
        _, answer = await ask(client, "GET", STATUS, headers=ASIC)
        assert answer["light_expected_status"] == lamp
        assert "asic_expected_status" not in answer
    await hass.services.async_call(
        "switch",
        "turn_off",
        {"entity_id": entity_id(hass, "switch", "rig_monitor_power")},
        blocking=True,
    )
    assert await hass.config_entries.async_reload(asic.entry_id)
    _, answer = await ask(client, "GET", STATUS, headers=ASIC)
    assert answer["asic_expected_status"] == "off"
    assert state(hass, "switch", "rig_monitor_power").state == "off"


async def test_lost_playbooks(
    hass: HomeAssistant,
    hass_client_no_auth: ClientSessionGenerator,
    pc: MockConfigEntry,
) -> None:
    """No list is made up; what the owner orders and enters again is served."""
    file_of(hass, pc).parent.mkdir(exist_ok=True)
    file_of(hass, pc).write_text("{")
    await async_set_up_rigs(hass, pc)
    client = await hass_client_no_auth()
    assert (await ask(client, "GET", PLAYBOOKS, headers=PC))[0] == 503
    async with client.get("/api/webhook/hook_d4e5f6") as answer:
        assert await answer.json() == {"name": "Caheo PC"}
    switch = {
        "entity_id": entity_id(hass, "switch", "mining_allowed", id_root="d4e5f6")
    }
    await hass.services.async_call("switch", "turn_off", switch, blocking=True)
    assert await ask(client, "GET", PLAYBOOKS, headers=PC) == (200, [])
    await hass.services.async_call("switch", "turn_on", switch, blocking=True)
    assert (await ask(client, "GET", PLAYBOOKS, headers=PC))[0] == 503
    note, _ = playbooks.with_playbook(
        None, None, {**playbooks.DEFAULTS}, "2026-01-02T03:04:05"
    )
    store = RigStore.of(hass, pc.entry_id)
    await store.keep(playbooks.NOTE, note)
    status, served = await ask(client, "GET", PLAYBOOKS, headers=PC)
    assert (status, len(served)) == (200, 1)


async def test_playbooks_wait_for_their_file(
    hass: HomeAssistant, pc: MockConfigEntry
) -> None:
    """The dialog says that the file cannot be read, and replaces nothing."""
    await async_keep(hass, pc, x=1)
    with unreadable(file_of(hass, pc)):
        await async_set_up_rigs(hass, pc)
        step = await hass.config_entries.subentries.async_init(
            (pc.entry_id, playbooks.SUBENTRY), context={"source": SOURCE_USER}
        )
        assert step["type"] is FlowResultType.ABORT
        assert step["reason"] == "not_readable"


async def test_the_owner_is_told_once(
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    asic: MockConfigEntry,
) -> None:
    """The repair names rig and file, stays over restarts, and ends when it was read."""
    path = file_of(hass, asic)
    path.parent.mkdir(exist_ok=True)
    path.write_text("{")
    await async_set_up_rigs(hass, asic)
    for _ in range(2):
        found = issue(hass, asic, "put_aside")
        assert found.severity is ir.IssueSeverity.WARNING
        placeholders = found.translation_placeholders
        assert placeholders["rig"] == "Thanh Long"
        assert (path.parent / placeholders["file"]).read_text() == "{"
        assert anchor(found) in HEADINGS
        assert await hass.config_entries.async_reload(asic.entry_id)
    assert await async_setup_component(hass, "repairs", {})
    dialog = Dialog(hass, await hass_client())
    step = await dialog.open(issue(hass, asic, "put_aside"))
    assert step["step_id"] == "confirm"
    await dialog._post(f"/{dialog._flow}", {})
    assert issue(hass, asic, "put_aside") is None
    assert await hass.config_entries.async_reload(asic.entry_id)
    assert issue(hass, asic, "put_aside") is None
    assert json.loads(path.read_text())["data"]["aside"] is None
    await hass.config_entries.async_remove(asic.entry_id)
    await hass.async_block_till_done()
    assert not [*path.parent.glob(f"{path.name}*")]
    assert DOMAIN not in {key[0] for key in ir.async_get(hass).issues}
