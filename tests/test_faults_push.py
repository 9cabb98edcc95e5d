"""What an owner sees of each fault of a rig that pushes, and when: tests/faults."""

from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
import json
from pathlib import Path
from unittest.mock import patch

from aiohttp import ClientConnectionError
from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.mining_rig.push.bodies import LARGEST_BODY

from .faults.pushed import PUSHED, SILENCE, printed
from .faults.table import Seen
from .pushing import ASIC_CODE, BASE, PC_CODE, async_set_up_rigs, body, pushing_entry
from .rigs import async_pass
from .test_faults import is_connected, is_ours

pytestmark = [
    pytest.mark.usefixtures("socket_enabled"),
    pytest.mark.freeze_time("2026-11-01 12:00:00+00:00"),
]
EVERY = 10
LOGS = {
    "asic": ("asic_log_ks5l", ASIC_CODE),
    "cpu_gpu": ("cpu_gpu_log_dual_mining_2gpu", PC_CODE),
}


@pytest.mark.parametrize("rig_type", LOGS)
@pytest.mark.parametrize("fault", PUSHED)
async def test_fault(
    hass: HomeAssistant,
    hass_client_no_auth: ClientSessionGenerator,
    freezer: FrozenDateTimeFactory,
    caplog: pytest.LogCaptureFixture,
    *,
    rig_type: str,
    fault: str,
) -> None:
    """It is seen in time, once, and its end as well."""
    caplog.set_level("INFO")
    hass.loop.set_debug(False)
    facts = PUSHED[fault]
    expected, seen = facts.of(rig_type)
    keeps = seen in (Seen.KEEPS, Seen.PARTLY)
    name, own_code = LOGS[rig_type]
    await async_set_up_rigs(hass, pushing_entry(rig_type))
    client = await hass_client_no_auth()
    good = json.dumps(body(f"{name}.request")).encode()

    async def push(data: bytes, code: str) -> int:
        try:
            async with client.post(
                f"{BASE}/{rig_type}_miners/logs",
                data=data,
                headers={"api_code": code, "Content-Type": "application/json"},
            ) as answer:
                await hass.async_block_till_done()
                return answer.status
        except ClientConnectionError:
            # It was answered before all of it was sent.
            assert len(data) > LARGEST_BODY
            return 413

    def lines() -> tuple[int, int]:
        return (
            caplog.text.count("Thanh Long does not answer"),
            caplog.text.count("Thanh Long answers again"),
        )

    assert await push(good, own_code) == 200
    assert is_connected(hass)
    logged = len(caplog.records)
    gone: int | None = None
    with ExitStack() as stack:
        if fault == "clock":
            stack.enter_context(
                patch(
                    "homeassistant.util.dt.utcnow",
                    lambda: datetime.now(UTC) - timedelta(hours=2),
                )
            )
        for second in range(EVERY, SILENCE + 60, EVERY):
            await async_pass(hass, freezer, EVERY)
            if facts.spoil is not None:
                status = await push(facts.spoil(good), facts.code or own_code)
                assert status == expected
            if gone is None and not is_connected(hass):
                gone = second
    assert gone == (None if keeps else SILENCE)
    assert lines() == (0 if keeps else 1, 0)
    assert await push(good, own_code) == 200
    assert is_connected(hass)
    assert lines() == ((0, 0) if keeps else (1, 1))
    warned = [r for r in caplog.records[logged:] if is_ours(r)]
    assert len(warned) <= 1


def test_table_is_printed() -> None:
    """The documentation has what the tests hold."""
    page = Path(__file__).parents[1] / "docs/reliability.md"
    assert printed() in page.read_text()
