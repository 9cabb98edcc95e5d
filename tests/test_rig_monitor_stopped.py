"""A CPU/GPU rig whose miner was stopped, as its real agent tells of it."""

from collections.abc import Awaitable, Callable
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.mining_rig.const import DOMAIN
from custom_components.mining_rig.sources.rig_monitor import playbooks
from custom_components.mining_rig.store import async_get_store

from .pushing import ASIC_CODE, BASE, PC_CODE, async_set_up_rigs, body, pushing_entry
from .rigs import async_pass, entity_id, state

pytestmark = [
    pytest.mark.usefixtures("socket_enabled"),
    pytest.mark.freeze_time("2026-01-02 03:04:05+00:00"),
]

type Push = Callable[..., Awaitable[None]]


@pytest.fixture
async def push(
    hass: HomeAssistant,
    hass_client_no_auth: ClientSessionGenerator,
    freezer: FrozenDateTimeFactory,
) -> Push:
    """Return what pushes for so many seconds, every 5 of them."""
    await async_set_up_rigs(hass, pushing_entry("cpu_gpu"))
    client = await hass_client_no_auth()

    async def push(seconds: int, **changes: Any) -> None:
        for number in range(seconds // 5):
            data = body("cpu_gpu_log_xmrig_3gpu.request") | {
                key: change(number) if callable(change) else change
                for key, change in changes.items()
            }
            path = f"{BASE}/cpu_gpu_miners/logs"
            async with client.post(
                path, json=data, headers={"api_code": PC_CODE}
            ) as answer:
                assert answer.status == 200
            await async_pass(hass, freezer, 5)

    return push


def shown(hass: HomeAssistant, *channels: str) -> list[str]:
    """Return the states of binary sensors."""
    return [state(hass, "binary_sensor", channel).state for channel in channels]


def cooling(number: int) -> int:
    """Return what a processor measures whose miner has stopped."""
    return max(34, 70 - number)


def rate(hass: HomeAssistant, part: str = "rig") -> float:
    """Return a shown hashrate."""
    return float(state(hass, "sensor", "hashrate", part).state)


def fresh(number: int) -> int:
    """Return the hashrate of a miner that works."""
    return 8000 + number


async def turn_off(
    hass: HomeAssistant, channel: str = "mining_allowed", to: str = "off"
) -> None:
    """Have it stop."""
    await hass.services.async_call(
        "switch",
        f"turn_{to}",
        {"entity_id": entity_id(hass, "switch", channel)},
        blocking=True,
    )


async def give_playbook(hass: HomeAssistant) -> None:
    """Keep a playbook, as its dialog does."""
    (entry,) = hass.config_entries.async_entries(DOMAIN)
    store = await async_get_store(hass, entry.entry_id)
    note, _ = playbooks.with_playbook(
        store.get(playbooks.NOTE),
        None,
        {
            **playbooks.DEFAULTS,
            "command_argument": "--coin monero",
            "cpu_coin_name": "Monero",
            "cpu_algorithm": "rx/0",
            "cpu_wallet_address": "wallet",
            "cpu_pool_address": "pool.example:443",
        },
        "2026-01-02T03:04:05",
    )
    await store.keep(playbooks.NOTE, note)


async def test_last_rate_is_no_disobedience(hass: HomeAssistant, push: Push) -> None:
    """The rate is repeated for ever while it cools: it neither mines nor is frozen."""
    await push(60, cpu_hashrate=lambda number: 8000 + number, cpu_temp=70)
    assert shown(hass, "mining", "not_following") == ["on", "off"]
    await turn_off(hass)
    await push(65, cpu_hashrate=lambda number: 8000 + number, cpu_temp=70)
    for _ in range(3):
        await push(300, cpu_hashrate=8012, cpu_temp=cooling)
        expected = ["off", "off", "off"]
        assert shown(hass, "mining", "not_following", "rig_monitor_frozen") == expected
        assert rate(hass, "cpu") == rate(hass) == 0
        assert state(hass, "sensor", "status").state == "paused"
    assert float(state(hass, "sensor", "temperature", "cpu").state) == 34


@pytest.mark.parametrize(
    "log",
    [
        {"cpu_hashrate": lambda number: 8000 + number},
        {"cpu_hashrate": 8000, "cpu_temp": cooling, "gpu_1_hashrate_1": 60},
    ],
    ids=["it changes", "a GPU mines"],
)
async def test_rig_that_mines_on(
    hass: HomeAssistant, push: Push, log: dict[str, Any]
) -> None:
    """A rate that is no mere repetition is disobedience."""
    await push(30, **log)
    await turn_off(hass)
    await push(115, **log)
    assert shown(hass, "not_following") == ["off"]
    await push(30, **log)
    assert shown(hass, "mining", "not_following") == ["on", "on"]


@pytest.mark.parametrize("temperature", [70, cooling], ids=["same", "cools"])
async def test_without_a_playbook(
    hass: HomeAssistant, push: Push, temperature: Any
) -> None:
    """Nothing is served, so that the agent runs nothing: what it repeats is no rate."""
    await push(60, cpu_hashrate=fresh, cpu_temp=70)
    assert rate(hass) > 0
    await push(60, cpu_hashrate=8011, cpu_temp=temperature)
    assert rate(hass) == 0
    assert shown(hass, "mining") == ["off"]
    await push(10, cpu_hashrate=lambda number: 7000 + number, cpu_temp=70)
    assert rate(hass) > 0
    assert shown(hass, "mining") == ["on"]


async def test_on_again(hass: HomeAssistant, push: Push) -> None:
    """The old number does not come back with the order, but with a fresh one."""
    await give_playbook(hass)
    await push(60, cpu_hashrate=fresh)
    await turn_off(hass)
    await push(60, cpu_hashrate=8011)
    assert rate(hass) == 0
    await turn_off(hass, to="on")
    for _ in range(6):
        await push(10, cpu_hashrate=8011)
        assert state(hass, "sensor", "hashrate").state == "unknown"
        assert shown(hass, "mining") == ["off"]
        assert state(hass, "sensor", "status").state == "starting"
    await push(5, cpu_hashrate=8012)
    assert rate(hass) > 0
    assert state(hass, "sensor", "status").state == "mining"


@pytest.mark.parametrize("last", [8011, 8099], ids=["same", "changed meanwhile"])
async def test_after_a_silence(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, push: Push, last: int
) -> None:
    """An agent that cannot reach Home Assistant stops its miner, and repeats after it."""
    await give_playbook(hass)
    await push(60, cpu_hashrate=fresh)
    await async_pass(hass, freezer, 200)
    assert shown(hass, "connected") == ["off"]
    await push(10, cpu_hashrate=last)
    assert state(hass, "sensor", "hashrate").state == "unknown"
    assert shown(hass, "mining") == ["off" if last == 8011 else "unknown"]
    await push(40, cpu_hashrate=last)
    assert state(hass, "sensor", "hashrate").state == "unknown"
    await push(5, cpu_hashrate=last + 1)
    assert rate(hass) > 0
    assert shown(hass, "mining") == ["on"]


async def test_card_after_a_silence(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, push: Push
) -> None:
    """The same rate of a card as before a silence proves nothing; another one does."""
    await push(60, cpu_hashrate=None, gpu_1_hashrate_1=60, gpu_hashrate_uom_1="MH/s")
    assert rate(hass, "gpu_1") == 60
    await async_pass(hass, freezer, 200)
    await push(10, cpu_hashrate=None, gpu_1_hashrate_1=60, gpu_hashrate_uom_1="MH/s")
    assert shown(hass, "mining") == ["off"]
    await push(5, cpu_hashrate=None, gpu_1_hashrate_1=61, gpu_hashrate_uom_1="MH/s")
    assert rate(hass, "gpu_1") == 61


@pytest.mark.parametrize("order", ["on", "off"])
async def test_after_a_reload(hass: HomeAssistant, push: Push, order: str) -> None:
    """What was before is forgotten, so the first rate proves nothing."""
    await give_playbook(hass)
    await push(60, cpu_hashrate=fresh)
    await turn_off(hass, to=order)
    (entry,) = hass.config_entries.async_entries(DOMAIN)
    assert await hass.config_entries.async_reload(entry.entry_id)
    await push(10, cpu_hashrate=8011)
    assert shown(hass, "mining") == ["unknown" if order == "on" else "off"]
    expected = "unknown" if order == "on" else "0.0"
    assert state(hass, "sensor", "hashrate").state == expected
    await push(10, cpu_hashrate=fresh)
    assert shown(hass, "mining") == ["on"]


async def test_computer_is_silent(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, push: Push
) -> None:
    """Three intervals and 30 s after its last log, nothing of it is present."""
    await push(60, cpu_hashrate=fresh)
    for _ in range(2):
        await async_pass(hass, freezer, 30)
    assert shown(hass, "connected", "mining") == ["on", "unknown"]
    for channel, part in (
        ("hashrate", "rig"),
        ("temperature", "cpu"),
        ("power", "gpu_1"),
    ):
        assert state(hass, "sensor", channel, part).state == "unknown"


@pytest.fixture
async def push_asic(
    hass: HomeAssistant,
    hass_client_no_auth: ClientSessionGenerator,
    freezer: FrozenDateTimeFactory,
) -> Push:
    """Return what pushes an ASIC's log every 10 of so many seconds."""
    await async_set_up_rigs(hass, pushing_entry("asic"))
    client = await hass_client_no_auth()

    async def push(seconds: int) -> None:
        for _ in range(seconds // 10):
            async with client.post(
                f"{BASE}/asic_miners/logs",
                json=body("asic_log_ks5l.request"),
                headers={"api_code": ASIC_CODE},
            ) as answer:
                assert answer.status == 200
            await async_pass(hass, freezer, 10)

    return push


async def test_asic_without_mains(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, push_asic: Push
) -> None:
    """Its connection is still waited for, its last values are not its present ones."""
    await push_asic(60)
    assert rate(hass) > 0
    for _ in range(2):
        await async_pass(hass, freezer, 30)
    assert shown(hass, "connected", "mining") == ["on", "unknown"]
    for channel in ("hashrate", "power_estimate", "accepted_shares", "hottest"):
        assert state(hass, "sensor", channel).state == "unknown"
    await push_asic(10)
    assert rate(hass) > 0
    assert shown(hass, "mining") == ["on"]


async def test_asic_ordered_off(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, push_asic: Push
) -> None:
    """While it pushes it is stopping, then it is off: 0, not the old number."""
    await push_asic(60)
    await turn_off(hass, "rig_monitor_power")
    assert state(hass, "sensor", "status").state == "stopping"
    await push_asic(10)
    assert state(hass, "sensor", "status").state == "stopping"
    for _ in range(2):
        await async_pass(hass, freezer, 30)
    assert shown(hass, "connected", "mining", "not_following") == ["on", "off", "off"]
    assert rate(hass) == rate(hass, "hashboard_1") == 0
    assert state(hass, "sensor", "status").state == "paused"
    assert state(hass, "sensor", "power_estimate").state == "unknown"
