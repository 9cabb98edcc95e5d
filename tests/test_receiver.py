"""The door, through Home Assistant's own HTTP server, as agents come to it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
import errno
import gzip
import json
from pathlib import Path
import random
import threading
from typing import Any
from unittest.mock import patch

from aiohttp.test_utils import TestClient
from homeassistant.config_entries import ConfigEntryDisabler, ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.json import save_json
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.mining_rig.push.bodies import LARGEST_BODY
from custom_components.mining_rig.push.opening import async_open_door
from custom_components.mining_rig.store import RigStore, StoreUnreadable

from .pushing import (
    ASIC_CODE,
    BASE,
    BODIES,
    PC_CODE,
    async_set_up_rigs,
    body,
    pushing_entry,
)
from .rigs import entity_id, state

pytestmark = pytest.mark.usefixtures("socket_enabled")

ASIC = {"api_code": ASIC_CODE}
PC = {"api_code": PC_CODE}
INVALID = {"message": "Invalid API_CODE"}

type Ask = Callable[..., Awaitable[tuple[int, Any]]]


@pytest.fixture
def asic() -> MockConfigEntry:
    """Return the entry of an ASIC."""
    return pushing_entry("asic")


@pytest.fixture
def pc() -> MockConfigEntry:
    """Return the entry of a CPU/GPU rig."""
    return pushing_entry("cpu_gpu", title="Caheo PC", id_root="d4e5f6")


@pytest.fixture
async def client(
    hass: HomeAssistant,
    hass_client_no_auth: ClientSessionGenerator,
    asic: MockConfigEntry,
    pc: MockConfigEntry,
) -> TestClient[Any, Any]:
    """Set both rigs up and return an agent's HTTP client."""
    await async_set_up_rigs(hass, asic, pc)
    return await hass_client_no_auth()


@pytest.fixture
def ask(client: TestClient[Any, Any]) -> Ask:
    """Return what asks the door and returns status and decoded answer."""

    async def ask(method: str, path: str, **facts: Any) -> tuple[int, Any]:
        async with client.request(method, BASE + path, **facts) as response:
            text = await response.read()
            assert response.headers["Content-Type"] == "application/json; charset=utf-8"
            return response.status, json.loads(text) if text else None

    return ask


# ---- statuses and answers


async def test_ping(ask: Ask) -> None:
    """It needs no code."""
    assert await ask("GET", "/ping") == (200, {"message": "pong"})
    assert await ask("HEAD", "/ping") == (200, None)


@pytest.mark.parametrize(
    ("name", "path"),
    [
        (path.name.removesuffix(".json"), path)
        for path in sorted(BODIES.glob("*.request.json"))
        if "expected" not in path.name
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_every_recorded_body_is_taken(ask: Ask, name: str, path: Any) -> None:
    """Agents push exactly these."""
    sort = "asic" if name.startswith("asic") else "cpu_gpu"
    what = "specs" if "specs" in name else "logs"
    headers = ASIC if sort == "asic" else PC
    for slashes in ("/", "//"):
        for end in ("", "/"):
            assert await ask(
                "POST",
                f"{slashes}{sort}_miners{slashes}{what}{end}",
                data=path.read_bytes(),
                headers=headers,
            ) == (200, None)


@pytest.mark.parametrize(
    "head",
    [
        {"API_CODE": ASIC_CODE},
        {"api-code": ASIC_CODE},
        {"X-Api-Code": ASIC_CODE},
        {"api_code": ASIC_CODE, "te": "", "Content-Type": "text/plain"},
        {"api_code": ASIC_CODE, "Accept-Encoding": "application/json"},
        {"api_code": ASIC_CODE, "Accept": "text/html"},
    ],
)
async def test_heads_of_agents(ask: Ask, head: dict[str, str]) -> None:
    """No odd head of an agent is in its way."""
    log = json.dumps(body("asic_log_ks5l.request"))
    assert await ask("POST", "/asic_miners/logs", data=log, headers=head) == (200, None)
    status, answer = await ask("GET", "/asic_miners/expected_status", headers=head)
    assert (status, answer) == (
        200,
        {
            "name": "Thanh Long",
            "asic_expected_status": "on",
            "light_expected_status": "off",
        },
    )


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/asic_miners/specs"),
        ("POST", "/asic_miners/logs"),
        ("GET", "/asic_miners/expected_status"),
        ("POST", "/cpu_gpu_miners/specs"),
        ("POST", "/cpu_gpu_miners/logs"),
        ("GET", "/cpu_gpu_miners/playbooks"),
        ("GET", "/cpu_gpu_miners/playbooks/1/module"),
    ],
)
async def test_codes(ask: Ask, method: str, path: str) -> None:
    """No code, an empty, an unknown one, and one of the other sort."""
    status, answer = await ask(method, path)
    assert status == 401
    assert answer == {"message": "API_CODE does not exist in request header."}
    other = PC_CODE if "asic" in path else ASIC_CODE
    good = ASIC_CODE if "asic" in path else PC_CODE
    for code in ("", "x", good.upper() + "x", other, "\u00e9"):
        headers = {"api_code": code}
        assert await ask(method, path, headers=headers) == (401, INVALID), code


async def test_unknown_paths_and_methods(
    client: TestClient[Any, Any], ask: Ask
) -> None:
    """All are 404, as JSON; an agent takes a 405 for nothing it knows."""
    for method, path in (
        ("GET", "/"),
        ("GET", ""),
        ("GET", "/asic_miners/logs"),
        ("POST", "/ping"),
        ("PUT", "/asic_miners/logs"),
        ("DELETE", "/cpu_gpu_miners/playbooks"),
        ("OPTIONS", "/ping"),
        ("GET", "/cpu_gpu_miners/expected_status"),
        ("GET", "/../v1/nothing"),
        ("PROPFIND", "/ping"),
    ):
        if ".." not in path:
            assert await ask(method, path) == (
                404,
                {"errors": {"detail": "Not Found"}},
            ), (method, path)
    for path in ("/api/mining_rig/v2/ping", "/api/mining_rig/"):
        assert (await client.get(path)).status == 404
    assert await ask("GET", "/cpu_gpu_miners/playbooks/60/module", headers=PC) == (
        404,
        {"errors": {"detail": "Not Found"}},
    )


async def test_bodies_that_are_none(ask: Ask) -> None:
    """Malformed JSON is 400 even with a bad code, too much is 413."""
    for text in (b"{", b"\xff", b'{"a": NaN}', b"[" * 5000, b'{"a": "\\ud800"}'):
        for headers in (ASIC, {"api_code": "x"}, {}):
            answer = await ask("POST", "/asic_miners/logs", data=text, headers=headers)
            assert answer == (400, {"errors": {"detail": "Bad Request"}}), text
    large = b" " * (LARGEST_BODY + 1)
    assert (await ask("POST", "/asic_miners/logs", data=large, headers=ASIC))[0] == 413
    bomb = gzip.compress(large * 20)
    head = {**ASIC, "Content-Encoding": "gzip"}
    assert (await ask("POST", "/asic_miners/logs", data=bomb, headers=head))[0] == 413

    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(20):
            yield b" " * 2**16

    assert (await ask("POST", "/asic_miners/logs", data=pieces(), headers=ASIC))[
        0
    ] == 413


async def test_a_strange_byte_costs_its_text_only(ask: Ask) -> None:
    """A log is accepted although a name in it is not UTF-8."""
    body = b'{"hash_rate": 5, "mac_address": "caf\xe9", "x": "a\tb"}'
    answer = await ask("POST", "/asic_miners/logs", data=body, headers=ASIC)
    # It was read: what is missing is named.
    assert answer[0] == 422


async def test_a_body_that_is_not_compressed(client: TestClient[Any, Any]) -> None:
    """What cannot be unpacked is a bad request."""
    async with client.post(
        f"{BASE}/asic_miners/logs",
        data=b"no gzip at all " * 9,
        headers={**ASIC, "Content-Encoding": "gzip"},
    ) as response:
        assert response.status == 400


async def test_missing_fields(ask: Ask) -> None:
    """All are named at once; blank is missing, strange is not."""
    blank = {"errors": {k: ["can't be blank"] for k in ("model", "firmware_version")}}
    assert await ask(
        "POST",
        "/asic_miners/specs",
        json={"model": " ", "firmware_version": None, "software_version": 3},
        headers=ASIC,
    ) == (422, blank)
    for nothing in (b"", b"[]", b"3", b"null", b"{}"):
        status, answer = await ask(
            "POST", "/asic_miners/logs", data=nothing, headers=ASIC
        )
        assert status == 422
        assert len(answer["errors"]) == 10
        assert (await ask("POST", "/cpu_gpu_miners/logs", data=nothing, headers=PC))[
            0
        ] == 200
    log = {
        **body("asic_log_required_only.request"),
        "power": "a lot",
        "fan_1_speed": [],
    }
    assert (await ask("POST", "/asic_miners/logs", json=log, headers=ASIC))[0] == 200


# ---- orders


async def test_expected_status(hass: HomeAssistant, ask: Ask) -> None:
    """What is switched is what agents are told, at once."""
    for switch, service in (("rig_monitor_power", "off"), ("locate", "on")):
        await hass.services.async_call(
            "switch",
            f"turn_{service}",
            {"entity_id": entity_id(hass, "switch", switch)},
            blocking=True,
        )
        assert state(hass, "switch", switch).state == service
    wanted = {
        "name": "Thanh Long",
        "asic_expected_status": "off",
        "light_expected_status": "on",
    }
    assert await ask("GET", "/asic_miners/expected_status", headers=ASIC) == (
        200,
        wanted,
    )
    for asked in (
        {"api_code_list": [ASIC_CODE, "nobody", 5, None, [], PC_CODE]},
        {"asic_api_code_list": [ASIC_CODE]},
        {"api_code_list": [], "asic_api_code_list": [ASIC_CODE, ASIC_CODE]},
    ):
        assert await ask("POST", "/asic_miners/expected_status_bulk", json=asked) == (
            200,
            {ASIC_CODE: wanted},
        )
    for asked in ({}, [], 3, {"api_code_list": "x"}, {"api_code_list": [PC_CODE]}):
        assert await ask("POST", "/asic_miners/expected_status_bulk", json=asked) == (
            200,
            {},
        )


async def test_orders_survive(hass: HomeAssistant, asic: MockConfigEntry) -> None:
    """They are on disk when the switch has turned."""
    await async_set_up_rigs(hass, asic)
    await hass.services.async_call(
        "switch",
        "turn_off",
        {"entity_id": entity_id(hass, "switch", "rig_monitor_power")},
        blocking=True,
    )
    again = RigStore(hass, asic.entry_id)
    await again.async_load()
    assert again.get("rig_monitor_orders")["power"] is False


# ---- entries that are not set up


async def test_disabled_rig_is_served(
    hass: HomeAssistant, ask: Ask, pc: MockConfigEntry
) -> None:
    """Its pushes are taken and its orders answered; a removed one is unknown."""
    assert await hass.config_entries.async_set_disabled_by(
        pc.entry_id, ConfigEntryDisabler.USER
    )
    await hass.async_block_till_done()
    log = body("cpu_gpu_log_cpu_only.request")
    assert (await ask("POST", "/cpu_gpu_miners/logs", json=log, headers=PC))[0] == 200
    specs = body("cpu_gpu_specs_3gpu.request")
    assert (await ask("POST", "/cpu_gpu_miners/specs", json=specs, headers=PC))[
        0
    ] == 200
    assert await ask("GET", "/cpu_gpu_miners/playbooks", headers=PC) == (200, [])
    assert await hass.config_entries.async_set_disabled_by(pc.entry_id, None)
    await hass.async_block_till_done()
    assert (await ask("POST", "/cpu_gpu_miners/logs", json=log, headers=PC))[0] == 200

    await hass.config_entries.async_remove(pc.entry_id)
    await hass.async_block_till_done()
    assert await ask("GET", "/cpu_gpu_miners/playbooks", headers=PC) == (401, INVALID)


async def test_added_again(
    hass: HomeAssistant, ask: Ask, asic: MockConfigEntry
) -> None:
    """A rig that was removed and added again starts with defaults."""
    await hass.config_entries.async_remove(asic.entry_id)
    assert (await ask("GET", "/asic_miners/expected_status", headers=ASIC))[0] == 401
    await async_set_up_rigs(hass, pushing_entry("asic", title="Again"))
    status, answer = await ask("GET", "/asic_miners/expected_status", headers=ASIC)
    assert (status, answer["name"]) == (200, "Again")


async def test_disabled_after_a_restart(
    hass: HomeAssistant, hass_client_no_auth: ClientSessionGenerator
) -> None:
    """The door loads what is kept before any entry is set up."""
    off = pushing_entry("asic", disabled_by=ConfigEntryDisabler.USER)
    store = RigStore(hass, off.entry_id)
    await store.async_load()
    await store.keep("rig_monitor_orders", {"power": False, "light": True})
    await async_set_up_rigs(
        hass, off, pushing_entry("cpu_gpu", title="PC", id_root="d4e5f6")
    )
    client = await hass_client_no_auth()
    async with client.get(f"{BASE}/asic_miners/expected_status", headers=ASIC) as got:
        assert got.status == 200
        assert (await got.json())["asic_expected_status"] == "off"


# ---- specifications


async def test_specs_are_on_disk_before_the_answer(
    hass: HomeAssistant, ask: Ask, asic: MockConfigEntry
) -> None:
    """They come once only; a full disk is told, and nothing is believed kept."""
    specs = body("asic_specs.request")
    with patch(
        "custom_components.mining_rig.store.save_json",
        side_effect=OSError(errno.ENOSPC, "No space left on device"),
    ):
        status, _ = await ask("POST", "/asic_miners/specs", json=specs, headers=ASIC)
        assert status == 507
        with pytest.raises(Exception, match="stored"):
            await hass.services.async_call(
                "switch",
                "turn_off",
                {"entity_id": entity_id(hass, "switch", "rig_monitor_power")},
                blocking=True,
            )
    assert state(hass, "switch", "rig_monitor_power").state == "on"
    assert (await ask("POST", "/asic_miners/specs", json=specs, headers=ASIC))[0] == 200
    again = RigStore(hass, asic.entry_id)
    await again.async_load()
    assert again.get("rig_monitor_specs") == specs
    with patch("custom_components.mining_rig.store.save_json") as save:
        assert (await ask("POST", "/asic_miners/specs", json=specs, headers=ASIC))[
            0
        ] == 200
        log = body("asic_log_ks5l.request")
        assert (await ask("POST", "/asic_miners/logs", json=log, headers=ASIC))[
            0
        ] == 200
    assert not save.called


@pytest.mark.parametrize(
    "changed",
    [
        {"motherboard_name": "  "},
        {"motherboard_name": None, "ram_size": ""},
        {"motherboard_name": 5, "ram_size": ["125GB"]},
        {"cpu_name": " "},
    ],
)
async def test_a_strange_field_of_specs_costs_only_itself(
    hass: HomeAssistant, ask: Ask, pc: MockConfigEntry, changed: dict[str, Any]
) -> None:
    """They come once; what is there is kept, whatever the answer."""
    specs = body("cpu_gpu_specs_3gpu.request") | changed
    status, _ = await ask("POST", "/cpu_gpu_miners/specs", json=specs, headers=PC)
    assert status == (422 if "cpu_name" in changed else 200)
    again = RigStore(hass, pc.entry_id)
    await again.async_load()
    kept = again.get("rig_monitor_specs")
    assert kept["gpu_3_name"] == "NVIDIA GeForce RTX 3080"
    assert kept.keys().isdisjoint(changed)
    # Specifications of nothing do not take their place.
    await ask("POST", "/cpu_gpu_miners/specs", json={}, headers=PC)
    await again.async_load()
    assert again.get("rig_monitor_specs") == kept


async def test_an_asic_without_versions_and_pool(hass: HomeAssistant, ask: Ask) -> None:
    """What its agent could not read is named in the answer; the rest is shown."""
    specs = body("asic_specs.request") | {"firmware_version": "  "}
    status, answer = await ask("POST", "/asic_miners/specs", json=specs, headers=ASIC)
    assert (status, set(answer["errors"])) == (422, {"firmware_version"})
    pool = {f"pool_1_{key}": "" for key in ("address", "user", "state")}
    log = body("asic_log_ks5l.request") | pool
    status, answer = await ask("POST", "/asic_miners/logs", json=log, headers=ASIC)
    assert (status, set(answer["errors"])) == (422, pool.keys())
    assert state(hass, "sensor", "hashrate").state == "15.011"


async def test_specs_of_a_rig_that_is_added_again(
    hass: HomeAssistant, ask: Ask, pc: MockConfigEntry
) -> None:
    """Its agent still runs and does not send them a second time."""
    specs = body("cpu_gpu_specs_3gpu.request")
    assert (await ask("POST", "/cpu_gpu_miners/specs", json=specs, headers=PC))[
        0
    ] == 200
    for number in range(2):
        title = f"Again {number}"
        entry = pushing_entry("cpu_gpu", title=title, id_root=f"e{number}")
        (before,) = (
            e
            for e in hass.config_entries.async_entries("mining_rig")
            if e.data["api_code"] == PC_CODE
        )
        await hass.config_entries.async_remove(before.entry_id)
        await hass.async_block_till_done()
        await async_set_up_rigs(hass, entry)
        again = RigStore(hass, entry.entry_id)
        await again.async_load()
        assert again.get("rig_monitor_specs")["gpu_3_name"] == "NVIDIA GeForce RTX 3080"


# ---- who is let in


async def test_rate_limit(ask: Ask) -> None:
    """Only pushes are limited, each code for itself."""
    log = body("asic_log_ks5l.request")
    answers = [
        (await ask("POST", "/asic_miners/logs", json=log, headers=ASIC))[0]
        for _ in range(60)
    ]
    assert set(answers) == {200, 429}
    assert answers.index(429) >= 20
    assert (await ask("GET", "/asic_miners/expected_status", headers=ASIC))[0] == 200
    assert (await ask("POST", "/cpu_gpu_miners/logs", json={}, headers=PC))[0] == 200


async def test_public_addresses(
    hass: HomeAssistant, ask: Ask, pc: MockConfigEntry
) -> None:
    """They are refused as strangers are, unless the rig's owner allows them."""
    with patch("custom_components.mining_rig.push.guard._is_local", return_value=False):
        for method, path, headers in (
            ("GET", "/cpu_gpu_miners/playbooks", PC),
            ("GET", "/asic_miners/expected_status", ASIC),
            ("GET", "/asic_miners/expected_status", {"api_code": "x" * 36}),
            ("POST", "/asic_miners/logs", ASIC),
            ("POST", "/asic_miners/logs", {"api_code": "x" * 36}),
        ):
            assert await ask(method, path, headers=headers) == (401, INVALID)
        assert await ask(
            "POST",
            "/asic_miners/expected_status_bulk",
            json={"api_code_list": [ASIC_CODE]},
        ) == (200, {})
        hass.config_entries.async_update_entry(pc, options={"allow_public": True})
        await hass.async_block_till_done()
        assert (await ask("GET", "/cpu_gpu_miners/playbooks", headers=PC))[0] == 200
        assert await ask("GET", "/asic_miners/expected_status", headers=ASIC) == (
            401,
            INVALID,
        )


async def test_the_owner_is_told_of_an_unknown_agent(
    hass: HomeAssistant, ask: Ask, caplog: pytest.LogCaptureFixture
) -> None:
    """Once, with its address and without its code; adding its rig solves it."""
    code = "77aa77aa77aa77aa"
    specs = body("cpu_gpu_specs_3gpu.request")
    for _ in range(3):
        status, _ = await ask(
            "POST", "/cpu_gpu_miners/specs", json=specs, headers={"api_code": code}
        )
        assert status == 401
    (issue,) = ir.async_get(hass).issues.values()
    assert issue.translation_placeholders == {"address": "127.0.0.1"}
    assert code not in str(issue)
    assert code not in caplog.text
    entry = pushing_entry("cpu_gpu", code=code, title="New", id_root="ff00")
    await async_set_up_rigs(hass, entry)
    assert not ir.async_get(hass).issues
    store = RigStore(hass, entry.entry_id)
    await store.async_load()
    assert store.get("rig_monitor_specs")["gpu_3_name"] == "NVIDIA GeForce RTX 3080"


async def test_the_repair_comes_again_after_a_restart(
    hass: HomeAssistant, ask: Ask
) -> None:
    """Home Assistant keeps an issue that was there before, as an inactive one."""
    registry = ir.async_get(hass)
    await ask("GET", "/cpu_gpu_miners/playbooks", headers={"api_code": "nobody-has-it"})
    (key,) = registry.issues
    registry.issues[key] = replace(registry.issues[key], active=False, data=None)
    await ask("GET", "/cpu_gpu_miners/playbooks", headers={"api_code": "nobody-has-it"})
    (issue,) = registry.issues.values()
    assert issue.active
    assert issue.data == {"subject": "unknown_agent", "address": "127.0.0.1"}


async def test_code_of_the_other_sort_is_no_intruder(
    hass: HomeAssistant, ask: Ask
) -> None:
    """It is refused, but nobody is told that it is unknown."""
    assert (await ask("GET", "/cpu_gpu_miners/playbooks", headers=ASIC))[0] == 401
    assert not ir.async_get(hass).issues


async def test_public_addresses_are_not_adopted(
    hass: HomeAssistant, ask: Ask, caplog: pytest.LogCaptureFixture
) -> None:
    """An unknown code from outside is refused, and no repair offers to add it."""
    with patch("custom_components.mining_rig.push.guard._is_local", return_value=False):
        assert (
            await ask("GET", "/cpu_gpu_miners/playbooks", headers={"api_code": "x" * 9})
        ) == (401, INVALID)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert not ir.async_get(hass).issues
    assert "Login attempt" not in caplog.text


async def test_few_unknown_agents_are_remembered(hass: HomeAssistant, ask: Ask) -> None:
    """Nobody fills the memory with invented codes; the newest can be added."""
    codes = [f"invented-{number}" for number in range(200)]
    assert await ask(
        "POST", "/asic_miners/expected_status_bulk", json={"api_code_list": codes}
    ) == (200, {})
    agents = (await async_open_door(hass)).unknown_agents
    assert len(agents) < 100
    agent = agents.newest_at("127.0.0.1")
    assert agent is not None
    assert agent.code == codes[-1]
    assert agent.rig_type == "asic"
    assert len(ir.async_get(hass).issues) == 1


async def test_specs_of_an_adopted_agent_and_a_full_disk(
    hass: HomeAssistant, ask: Ask, caplog: pytest.LogCaptureFixture
) -> None:
    """The rig is set up all the same, and its owner is told in the log."""
    specs = body("cpu_gpu_specs_3gpu.request")
    head = {"api_code": "77aa77aa77aa77aa"}
    assert (await ask("POST", "/cpu_gpu_miners/specs", json=specs, headers=head))[
        0
    ] == 401
    entry = pushing_entry("cpu_gpu", code=head["api_code"], title="New", id_root="ff")
    with patch(
        "custom_components.mining_rig.store.save_json",
        side_effect=OSError(errno.ENOSPC, "No space left on device"),
    ):
        await async_set_up_rigs(hass, entry)
    assert entry.state is ConfigEntryState.LOADED
    assert "New: " in caplog.text
    # It sends them again when it is started again.
    assert (await ask("POST", "/cpu_gpu_miners/specs", json=specs, headers=head))[
        0
    ] == 200


async def test_unexpected_errors_are_told(
    hass: HomeAssistant, client: TestClient[Any, Any], caplog: pytest.LogCaptureFixture
) -> None:
    """An error of our own is in the log, and is not called anything else."""
    with patch(
        "custom_components.mining_rig.sources.rig_monitor.playbooks.served",
        side_effect=ZeroDivisionError,
    ):
        async with client.get(f"{BASE}/cpu_gpu_miners/playbooks", headers=PC) as answer:
            assert answer.status == 500
    assert "Unexpected error while answering a rig" in caplog.text


async def test_save_goes_on_when_the_agent_hangs_up(
    hass: HomeAssistant, client: TestClient[Any, Any], asic: MockConfigEntry
) -> None:
    """An older state never reaches the disk after a newer one."""
    store = (await async_open_door(hass)).rigs[asic.entry_id].store
    begun, go_on = threading.Event(), threading.Event()

    def slow(*arguments: Any, **facts: Any) -> None:
        if not begun.is_set():
            begun.set()
            go_on.wait(10)
        save_json(*arguments, **facts)

    with patch("custom_components.mining_rig.store.save_json", slow):
        first = asyncio.create_task(store.keep("rig_monitor_specs", {"model": "A"}))
        await hass.async_add_executor_job(begun.wait, 10)
        first.cancel()
        second = asyncio.create_task(store.keep("rig_monitor_orders", {"power": False}))
        await asyncio.sleep(0)
        assert not second.done()
        go_on.set()
        await second
    with pytest.raises(asyncio.CancelledError):
        await first
    again = RigStore(hass, asic.entry_id)
    await again.async_load()
    assert again.get("rig_monitor_specs") == {"model": "A"}
    assert again.get("rig_monitor_orders") == {"power": False}


async def test_nothing_is_written_of_a_rig_that_was_removed(
    hass: HomeAssistant, client: TestClient[Any, Any], asic: MockConfigEntry
) -> None:
    """Not by a push that was under way, either."""
    store = (await async_open_door(hass)).rigs[asic.entry_id].store
    await hass.config_entries.async_remove(asic.entry_id)
    await store.keep("rig_monitor_specs", {"model": "A"})
    assert not Path(
        hass.config.path(".storage", f"mining_rig.{asic.entry_id}")
    ).exists()


# ---- bodies that do not come


async def test_slow_bodies(client: TestClient[Any, Any]) -> None:
    """They are waited for as long as every body, whether the code is right or wrong."""
    never = asyncio.Event()

    async def pieces() -> AsyncIterator[bytes]:
        yield b"{"
        await never.wait()

    with patch("custom_components.mining_rig.push.bodies.BODY_TIMEOUT", 0.02):
        for headers in (ASIC, {"api_code": "x" * 36}, {}):
            async with client.post(
                f"{BASE}/asic_miners/logs", data=pieces(), headers=headers
            ) as answer:
                assert answer.status == 408
                assert answer.headers["Connection"] == "close"


async def test_bodies_of_too_many_strangers(ask: Ask) -> None:
    """They are not read; a rig whose code is right is not concerned."""
    log = body("asic_log_ks5l.request")
    with patch("custom_components.mining_rig.push.bodies._MOST_OF_ADDRESS", 0):
        assert await ask(
            "POST", "/asic_miners/logs", data=b"{", headers={"api_code": "x" * 36}
        ) == (401, INVALID)
        assert (await ask("POST", "/asic_miners/expected_status_bulk", json={}))[
            0
        ] == 503
        answer = await ask("POST", "/asic_miners/logs", json=log, headers=ASIC)
    assert answer == (200, None)


async def test_large_bodies_of_strangers(ask: Ask) -> None:
    """Less is read of a stranger than of a rig."""
    large = b" " * (LARGEST_BODY - 1)
    for headers, status in ((PC, 200), ({"api_code": "x" * 36}, 413)):
        answer = await ask("POST", "/cpu_gpu_miners/logs", data=large, headers=headers)
        assert answer[0] == status


# ---- files that cannot be read


async def test_notes_that_cannot_be_read(
    hass: HomeAssistant, hass_client_no_auth: ClientSessionGenerator
) -> None:
    """Agents are told to come again; no order is made up."""
    asic, other = (
        pushing_entry("asic", disabled_by=ConfigEntryDisabler.USER),
        pushing_entry("asic", title="Other", id_root="b2", code="the-other-code"),
    )
    store = RigStore(hass, asic.entry_id)
    await store.async_load()
    await store.keep("rig_monitor_orders", {"power": False})
    load = RigStore.async_load

    async def failing(self: RigStore) -> None:
        if self is RigStore.of(hass, asic.entry_id):
            raise StoreUnreadable("Too many open files")
        await load(self)

    with patch.object(RigStore, "async_load", failing):
        await async_set_up_rigs(hass, asic, other)
        client = await hass_client_no_auth()
        for method, path in (
            ("GET", f"{BASE}/asic_miners/expected_status"),
            ("POST", f"{BASE}/asic_miners/logs"),
            ("POST", f"{BASE}/asic_miners/specs"),
            ("GET", "/api/webhook/hook_a1b2c3"),
        ):
            async with client.request(method, path, headers=ASIC) as answer:
                assert answer.status == 503, path
                assert answer.headers["Retry-After"] == "30"
        codes = {"api_code_list": [ASIC_CODE, "the-other-code"]}
        async with client.post(
            f"{BASE}/asic_miners/expected_status_bulk", json=codes
        ) as answer:
            assert set(await answer.json()) == {"the-other-code"}
    async with client.get(f"{BASE}/asic_miners/expected_status", headers=ASIC) as got:
        assert (await got.json())["asic_expected_status"] == "off"


# ---- the webhook


async def test_webhook(
    hass: HomeAssistant, client: TestClient[Any, Any], caplog: pytest.LogCaptureFixture
) -> None:
    """It takes the same bodies and tells the orders."""
    orders = {
        "name": "Thanh Long",
        "asic_expected_status": "on",
        "light_expected_status": "off",
    }
    hook = "/api/webhook/hook_a1b2c3"
    for name in ("asic_specs.request", "asic_log_ks5l.request"):
        async with client.post(hook, json=body(name)) as answer:
            assert (answer.status, await answer.json()) == (200, orders)
    assert float(state(hass, "sensor", "hashrate").state) == 15.011
    async with client.get(hook) as answer:
        assert await answer.json() == orders
    for strange, status in (
        (b"{", 400),
        (json.dumps(body("cpu_gpu_log_cpu_only.request")).encode(), 422),
        (json.dumps(body("cpu_gpu_specs_cpu_only.request")).encode(), 422),
        (b"{}", 422),
        (b" " * (LARGEST_BODY + 1), 413),
    ):
        async with client.post(hook, data=strange) as answer:
            assert answer.status == status, strange[:20]
    async with client.post("/api/webhook/hook_d4e5f6", json={}) as answer:
        assert await answer.json() == {
            "name": "Caheo PC",
            "mining_expected_status": "on",
        }
    async with client.post(
        "/api/webhook/hook_d4e5f6", json=body("asic_log_ks5l.request")
    ) as answer:
        assert answer.status == 422
    assert "Error processing webhook" not in caplog.text


# ---- garbage


def _value(chance: random.Random, depth: int = 0) -> Any:
    pick = chance.randrange(14 if depth < 2 else 11)
    match pick:
        case 0:
            return None
        case 1:
            return chance.choice((True, False))
        case 2:
            return chance.choice((0, -1, 2**63, -(2**70), 10**400, 5, 65))
        case 3:
            return chance.uniform(-1e9, 1e9)
        case 4:
            return chance.choice((1e308, -1e308, 5e-324, 1e200))
        case 5:
            return chance.choice(
                ("", " ", "\x00", "9" * 400, "1e999", "３", "-", "🔥" * 99)
            )
        case 6:
            return chance.choice(
                ("G/s", "GH/s", "5 GH/s", "Sol/s", "g", "h/s", "1e5 XH")
            )
        case 7:
            return chance.choice(
                ("01:02:03:04", "1 day", "99999999:1:1:1", "up", "1 eon")
            )
        case 8:
            return chance.choice(
                ("NaN", "Infinity", "-Infinity", "null", "0x10", "1_0")
            )
        case 9:
            return "".join(chr(chance.randrange(1, 0xD7FF)) for _ in range(9))
        case 10:
            return chance.randbytes(4).hex()
        case 11 | 12:
            return [_value(chance, depth + 1) for _ in range(chance.randrange(4))]
    return {str(n): _value(chance, depth + 1) for n in range(chance.randrange(4))}


@pytest.mark.slow
@pytest.mark.parametrize("enable_event_loop_debug", [None], ids=["fast"])
@pytest.mark.parametrize("seed", range(4))
async def test_ten_thousand_strange_bodies(
    hass: HomeAssistant,
    client: TestClient[Any, Any],
    caplog: pytest.LogCaptureFixture,
    seed: int,
) -> None:
    """None gives a 5xx, a traceback, or a state that is no measurement."""
    caplog.set_level("WARNING")
    chance = random.Random(seed)
    samples = [
        (path.name, json.loads(path.read_text()))
        for path in sorted(BODIES.glob("*.request.json"))
    ]
    statuses = set()
    with patch(
        "custom_components.mining_rig.push.budget.Budget.take", return_value=True
    ):
        for number in range(2_500):
            name, sample = chance.choice(samples)
            strange: Any = dict(sample)
            for key in chance.sample([*strange], min(len(strange), 12)):
                strange[key] = _value(chance)
            if number % 5 == 0:
                strange[f"gpu_{chance.randrange(200)}_{chance.choice('ab')}"] = 3
                strange[str(_value(chance))] = 1
            if number % 7 == 0:
                strange = _value(chance)
            data = json.dumps(strange).encode()
            if number % 11 == 0:
                cut = chance.randrange(len(data))
                data = data[:cut] + chance.randbytes(3) + data[cut:]
            sort = "asic" if name.startswith("asic") else "cpu_gpu"
            path = f"{BASE}/{sort}_miners/logs"
            if "specs" in name:
                path = f"{BASE}/{sort}_miners/specs"
            elif "bulk" in name:
                path = f"{BASE}/asic_miners/expected_status_bulk"
            elif number % 9 == 0:
                id_root = "a1b2c3" if sort == "asic" else "d4e5f6"
                path = f"/api/webhook/hook_{id_root}"
            with patch("custom_components.mining_rig.store.save_json"):
                async with client.post(
                    path, data=data, headers=ASIC if sort == "asic" else PC
                ) as response:
                    statuses.add(response.status)
                    await response.read()
    assert statuses <= {200, 400, 422}
    assert "Traceback" not in caplog.text
    assert "Error" not in caplog.text
    for found in hass.states.async_all("sensor"):
        if found.state in ("unknown", "unavailable"):
            continue
        assert found.state not in ("nan", "inf", "-inf", "True", "False")
        if found.attributes.get("state_class"):
            assert abs(float(found.state)) < 1e220, found
