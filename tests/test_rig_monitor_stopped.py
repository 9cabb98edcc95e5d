"""A CPU/GPU rig whose miner was stopped, as its real agent tells of it."""

from collections.abc import Awaitable, Callable
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from .pushing import BASE, PC_CODE, async_set_up_rigs, body, pushing_entry
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


async def turn_off(hass: HomeAssistant) -> None:
    """Have it stop."""
    switch = entity_id(hass, "switch", "mining_allowed")
    await hass.services.async_call(
        "switch", "turn_off", {"entity_id": switch}, blocking=True
    )


async def test_last_rate_is_no_disobedience(hass: HomeAssistant, push: Push) -> None:
    """The rate is repeated for ever while it cools: it neither mines nor is frozen."""
    await push(60, cpu_hashrate=lambda number: 8000 + number, cpu_temp=70)
    assert shown(hass, "mining", "not_following") == ["on", "off"]
    await turn_off(hass)
    await push(65, cpu_hashrate=lambda number: 8000 + number, cpu_temp=70)
    for _ in range(3):
        await push(300, cpu_hashrate=8012, cpu_temp=cooling)
        expected = ["unknown", "off", "off"]
        assert shown(hass, "mining", "not_following", "rig_monitor_frozen") == expected
        assert state(hass, "sensor", "hashrate", "cpu").state == "unknown"
    assert float(state(hass, "sensor", "temperature", "cpu").state) == 34


@pytest.mark.parametrize(
    "log",
    [
        {"cpu_hashrate": lambda number: 8000 + number},
        {"cpu_hashrate": 8000},
        {"cpu_hashrate": 8000, "cpu_temp": cooling, "gpu_1_hashrate_1": 60},
    ],
    ids=["it changes", "nothing changes", "a GPU mines"],
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
