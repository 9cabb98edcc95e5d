"""Who may come to the door, by the address that Home Assistant's own server sees."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

from aiohttp.test_utils import TestClient
from freezegun.api import FrozenDateTimeFactory
from hass_nabucasa import remote
from homeassistant.components.http.ban import KEY_BAN_MANAGER
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from scripts.demo.config_dir import http_file

from .pushing import ASIC_CODE, BASE, PC_CODE, async_set_up_rigs, body, pushing_entry

pytestmark = pytest.mark.usefixtures("socket_enabled")

ORDERS = f"{BASE}/asic_miners/expected_status"
PLAYBOOKS = f"{BASE}/cpu_gpu_miners/playbooks"
ASIC = {"api_code": ASIC_CODE}
HOOK = "/api/webhook/hook_a1b2c3"


@pytest.fixture
def asic() -> MockConfigEntry:
    """Return an ASIC that lets nobody from outside in."""
    return pushing_entry("asic")


async def _client(
    hass: HomeAssistant,
    storage: dict[str, Any],
    make: ClientSessionGenerator,
    asic: MockConfigEntry,
    http: dict[str, Any],
) -> TestClient[Any, Any]:
    """Set up the web server as its owner has configured it, then rigs."""
    kept = http_file(8123)
    kept["data"]["stable"] |= http
    # In configuration.yaml it would be on trial for five minutes, and then undone.
    storage["http"] = kept
    assert await async_setup_component(hass, "http", {})
    computer = pushing_entry(
        "cpu_gpu", title="PC", id_root="d4", options={"allow_public": True}
    )
    await async_set_up_rigs(hass, asic, computer)
    return await make()


@pytest.fixture
async def behind_proxy(
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    hass_client_no_auth: ClientSessionGenerator,
    asic: MockConfigEntry,
) -> AsyncIterator[TestClient[Any, Any]]:
    """Return a client in the place of a proxy that Home Assistant trusts."""
    return await _client(
        hass,
        hass_storage,
        hass_client_no_auth,
        asic,
        {"use_x_forwarded_for": True, "trusted_proxies": ["127.0.0.0/8"]},
    )


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("192.168.1.50", 200),
        ("10.1.2.3", 200),
        ("172.31.0.1", 200),
        ("fd00::5", 200),
        ("fe80::1", 200),
        ("8.8.8.8", 403),
        ("172.32.0.1", 403),
        ("100.64.0.1", 403),
        ("2001:4860:4860::8888", 403),
        # What a client outside has written there itself does not count.
        ("192.168.1.50, 8.8.8.8", 403),
    ],
)
async def test_behind_a_trusted_proxy(
    behind_proxy: TestClient[Any, Any], address: str, status: int
) -> None:
    """The forwarded address counts, for each rig as its option says."""
    there = {"X-Forwarded-For": address}
    async with behind_proxy.get(ORDERS, headers={**ASIC, **there}) as answer:
        assert answer.status == status
    async with behind_proxy.post(
        f"{BASE}/asic_miners/logs",
        headers={**ASIC, **there},
        json=body("asic_log_ks5l.request"),
    ) as answer:
        assert answer.status == status
    async with behind_proxy.get(
        PLAYBOOKS, headers={"api_code": PC_CODE, **there}
    ) as answer:
        assert answer.status == 200
    async with behind_proxy.post(
        f"{BASE}/asic_miners/expected_status_bulk",
        headers=there,
        json={"api_code_list": [ASIC_CODE]},
    ) as answer:
        assert answer.status == 200
        assert set(await answer.json()) == ({ASIC_CODE} if status == 200 else set())
    async with behind_proxy.get(HOOK, headers=there) as answer:
        # Home Assistant tells nobody outside which webhooks there are.
        assert (answer.status, bool(await answer.read())) == (200, status == 200)


async def test_without_trusted_proxies(
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    hass_client_no_auth: ClientSessionGenerator,
    asic: MockConfigEntry,
) -> None:
    """Home Assistant itself refuses what was forwarded by nobody it trusts."""
    client = await _client(hass, hass_storage, hass_client_no_auth, asic, {})
    async with client.get(ORDERS, headers=ASIC) as answer:
        assert answer.status == 200
    forwarded = {**ASIC, "X-Forwarded-For": "192.168.1.50"}
    async with client.get(ORDERS, headers=forwarded) as answer:
        assert answer.status == 400


async def test_a_proxy_that_is_not_trusted(
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    hass_client_no_auth: ClientSessionGenerator,
    asic: MockConfigEntry,
) -> None:
    """It cannot make an address private, nor itself a proxy."""
    client = await _client(
        hass,
        hass_storage,
        hass_client_no_auth,
        asic,
        {"use_x_forwarded_for": True, "trusted_proxies": ["10.9.9.9"]},
    )
    forwarded = {**ASIC, "X-Forwarded-For": "8.8.8.8"}
    async with client.get(ORDERS, headers=forwarded) as answer:
        assert answer.status == 400


async def test_through_the_cloud(
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    hass_client_no_auth: ClientSessionGenerator,
    asic: MockConfigEntry,
) -> None:
    """What comes through Home Assistant Cloud comes from outside, from 127.0.0.1."""
    hass.config.components.add("cloud")
    # Connections are made in the context in which the server is started.
    token = remote.is_cloud_request.set(True)
    try:
        client = await _client(hass, hass_storage, hass_client_no_auth, asic, {})
    finally:
        remote.is_cloud_request.reset(token)
    async with client.get(ORDERS, headers=ASIC) as answer:
        assert answer.status == 403
    async with client.get(PLAYBOOKS, headers={"api_code": PC_CODE}) as answer:
        assert answer.status == 200
    hass.config_entries.async_update_entry(asic, options={"allow_public": True})
    async with client.get(ORDERS, headers=ASIC) as answer:
        assert answer.status == 200


# ---- Home Assistant's ban list


async def _send_code(
    client: TestClient[Any, Any], code: str, address: str = "192.168.1.7"
) -> int:
    async with client.get(
        PLAYBOOKS, headers={"api_code": code, "X-Forwarded-For": address}
    ) as answer:
        return answer.status


@pytest.fixture
async def banning(
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    hass_client_no_auth: ClientSessionGenerator,
    asic: MockConfigEntry,
) -> TestClient[Any, Any]:
    """Return a client of a server that bans after three wrong log-ins."""
    return await _client(
        hass,
        hass_storage,
        hass_client_no_auth,
        asic,
        {
            "ip_ban_enabled": True,
            "login_attempts_threshold": 3,
            "use_x_forwarded_for": True,
            "trusted_proxies": ["127.0.0.0/8"],
        },
    )


async def _day_of_an_agent(
    hass: HomeAssistant,
    client: TestClient[Any, Any],
    freezer: FrozenDateTimeFactory,
    *codes: str,
) -> list[int]:
    """UnknownAgent every ten minutes of a day with each code; return the last statuses."""
    statuses: list[int] = []
    for _ in range(6 * 24):
        statuses = [await _send_code(client, code) for code in codes]
        await hass.async_block_till_done(wait_background_tasks=True)
        freezer.tick(timedelta(minutes=10))
    return statuses


async def test_good_and_wrong_codes_of_one_address(
    hass: HomeAssistant,
    banning: TestClient[Any, Any],
    freezer: FrozenDateTimeFactory,
) -> None:
    """An agent or a proxy that carries a good code is never banned."""
    assert await _day_of_an_agent(hass, banning, freezer, PC_CODE, "wrong-code") == [
        200,
        401,
    ]
    bans = hass.http.app[KEY_BAN_MANAGER]
    assert not bans.ip_bans_lookup


async def test_only_wrong_codes(
    hass: HomeAssistant,
    banning: TestClient[Any, Any],
    freezer: FrozenDateTimeFactory,
) -> None:
    """Each hour counts once: with a threshold of three, the third hour bans."""
    counted = []
    for _ in range(4):
        for _ in range(5):
            counted.append(await _send_code(banning, "wrong-code"))
            await hass.async_block_till_done(wait_background_tasks=True)
        freezer.tick(timedelta(hours=1, seconds=1))
    # The third hour's first one is still told 401; from then on the server is shut.
    assert counted == [401] * 11 + [403] * 9
    assert await _send_code(banning, PC_CODE, "192.168.1.8") == 200


async def test_codes_of_a_bulk_request_speak_for_each_other(
    hass: HomeAssistant,
    banning: TestClient[Any, Any],
    freezer: FrozenDateTimeFactory,
) -> None:
    """An unknown code counts for nothing beside a known one, whichever comes first."""
    for _ in range(5):
        async with banning.post(
            f"{BASE}/asic_miners/expected_status_bulk",
            headers={"X-Forwarded-For": "192.168.1.7"},
            json={"api_code_list": ["wrong-code", ASIC_CODE]},
        ) as answer:
            assert set(await answer.json()) == {ASIC_CODE}
        await hass.async_block_till_done(wait_background_tasks=True)
        freezer.tick(timedelta(hours=2))
    assert not hass.http.app[KEY_BAN_MANAGER].ip_bans_lookup
