"""Who may come to the door, by the address that Home Assistant's own server sees."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from unittest.mock import patch

from aiohttp.test_utils import TestClient
from freezegun.api import FrozenDateTimeFactory
from hass_nabucasa import remote
from homeassistant.components.http.ban import KEY_BAN_MANAGER
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
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
        ("8.8.8.8", 401),
        ("172.32.0.1", 401),
        ("100.64.0.1", 401),
        ("2001:4860:4860::8888", 401),
        # What a client outside has written there itself does not count.
        ("192.168.1.50, 8.8.8.8", 401),
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
        assert answer.status == 401
    async with client.get(PLAYBOOKS, headers={"api_code": PC_CODE}) as answer:
        assert answer.status == 200
    hass.config_entries.async_update_entry(asic, options={"allow_public": True})
    async with client.get(ORDERS, headers=ASIC) as answer:
        assert answer.status == 200


# ---- codes that are tried


async def _send_code(
    client: TestClient[Any, Any], code: str, address: str = "192.168.1.7"
) -> int:
    async with client.get(
        PLAYBOOKS, headers={"api_code": code, "X-Forwarded-For": address}
    ) as answer:
        return answer.status


@pytest.fixture
async def crowd(
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    hass_client_no_auth: ClientSessionGenerator,
    asic: MockConfigEntry,
) -> TestClient[Any, Any]:
    """Return a client behind which all addresses are, of a server that bans."""
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


async def _send_codes(
    client: TestClient[Any, Any], *codes: str, address: str = "192.168.1.7"
) -> set[str]:
    """Fetch the orders of many ASICs; return the codes that are known."""
    async with client.post(
        f"{BASE}/asic_miners/expected_status_bulk",
        headers={"X-Forwarded-For": address},
        json={"api_code_list": codes},
    ) as answer:
        assert answer.status == 200
        return set(await answer.json())


async def _fetch(
    client: TestClient[Any, Any], code: str, address: str
) -> tuple[int, Any]:
    async with client.get(
        ORDERS, headers={"api_code": code, "X-Forwarded-For": address}
    ) as answer:
        return answer.status, await answer.json()


@pytest.mark.usefixtures("freezer")
async def test_nobody_is_banned_or_looked_up(
    hass: HomeAssistant,
    crowd: TestClient[Any, Any],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Hundreds of addresses are one repair, and nothing else."""
    assert (await _fetch(crowd, ASIC_CODE, "192.168.9.9"))[0] == 200
    with patch("socket.gethostbyaddr") as lookup:
        for number in range(300):
            address = f"192.168.{number // 250}.{1 + number % 250}"
            assert (await _fetch(crowd, f"wrong-code-{number:06}", address))[0] == 401
        await hass.async_block_till_done(wait_background_tasks=True)
    assert not lookup.called
    assert "Login attempt" not in caplog.text
    assert not hass.http.app[KEY_BAN_MANAGER].ip_bans_lookup
    (issue,) = ir.async_get(hass).issues.values()
    assert issue.translation_key == "unknown_agent"
    assert issue.translation_placeholders is not None
    assert len(issue.translation_placeholders["address"]) < 120
    wrong = [f"wrong-code-{number:06}" for number in range(300, 1300)]
    for host in range(5):
        await _send_codes(crowd, *wrong[200 * host :], address=f"192.168.2.{host}")
    # All private addresses have used up what they have: nobody new is let in for a
    # while, but the rigs of the home are, and those outside.
    assert (await _fetch(crowd, ASIC_CODE, "192.168.9.8"))[0] == 401
    assert (await _fetch(crowd, ASIC_CODE, "192.168.9.9"))[0] == 200
    assert await _send_code(crowd, PC_CODE, "8.8.8.8") == 200


@pytest.mark.parametrize(
    ("address", "tried"), [("192.168.1.7", 200), ("8.8.8.8", 10), ("fd00::1", 200)]
)
async def test_an_address_tries_few_codes(
    crowd: TestClient[Any, Any],
    freezer: FrozenDateTimeFactory,
    address: str,
    tried: int,
) -> None:
    """Then a right code is refused like a wrong one, and looked up again later."""
    wrong = [f"wrong-code-{number:06}" for number in range(tried)]
    assert await _send_codes(crowd, *wrong, ASIC_CODE, address=address) == set()
    assert await _fetch(crowd, ASIC_CODE, address) == await _fetch(
        crowd, "wrong-code", address
    )
    # Other addresses are not concerned, nor codes of the wrong length.
    assert await _send_codes(crowd, ASIC_CODE, address="192.168.1.8") == {ASIC_CODE}
    freezer.tick(timedelta(minutes=1))
    allowed = {ASIC_CODE} if address != "8.8.8.8" else set()
    codes = ("short", "x" * 256, *wrong[-3:], ASIC_CODE)
    assert await _send_codes(crowd, *codes, address=address) == allowed


@pytest.mark.usefixtures("freezer")
async def test_the_networks_of_one_stranger(crowd: TestClient[Any, Any]) -> None:
    """Whoever has an IPv6 address has billions of them, and one budget."""
    wrong = [f"wrong-code-{number:06}" for number in range(200)]
    for start in range(0, 200, 20):
        found = await _send_codes(
            crowd, *wrong[start : start + 20], address=f"fd00::{start:x}"
        )
        assert not found
    assert (await _fetch(crowd, ASIC_CODE, "fd00::ffff"))[0] == 401
    assert (await _fetch(crowd, ASIC_CODE, "fd00:0:0:1::ffff"))[0] == 200


async def test_a_rig_is_let_in_where_it_was_before(
    crowd: TestClient[Any, Any], freezer: FrozenDateTimeFactory
) -> None:
    """Its agent may have wrong codes as well; they cost it nothing."""
    assert await _send_codes(crowd, ASIC_CODE) == {ASIC_CODE}
    wrong = [f"wrong-code-{number:06}" for number in range(300)]
    for _ in range(3):
        assert await _send_codes(crowd, *wrong, ASIC_CODE) == {ASIC_CODE}
        freezer.tick(timedelta(seconds=5))
    assert (await _fetch(crowd, ASIC_CODE, "192.168.1.7"))[0] == 200


async def test_repeated_wrong_codes_cost_nothing(crowd: TestClient[Any, Any]) -> None:
    """An agent that is yet to be added asks every five seconds, for ever."""
    for _ in range(5):
        await _send_codes(crowd, *["wrong-code"] * 99)
    for _ in range(3):
        assert (await _fetch(crowd, "wrong-code", "192.168.1.7"))[0] == 401
    assert (await _fetch(crowd, ASIC_CODE, "192.168.1.7"))[0] == 200
