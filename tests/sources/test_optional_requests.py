"""Requests that a poll can do without."""

from unittest.mock import patch

import pytest

from custom_components.mining_rig.sources.common import optional_requests
from custom_components.mining_rig.sources.common.contract import (
    CommandRefused,
    SourceGarbled,
    SourceUnreachable,
)
from custom_components.mining_rig.sources.common.optional_requests import (
    OptionalRequests,
)
from custom_components.mining_rig.sources.common.poll_budget import PollBudget


@pytest.mark.parametrize(
    ("error", "asked"),
    [
        (CommandRefused("no"), 1),
        (SourceGarbled("no page", other_device=True), 1),
        (SourceGarbled("cut short"), 2),
        (SourceUnreachable("slow"), 2),
        (TimeoutError(), 2),
    ],
)
async def test_errors(error: Exception, asked: int) -> None:
    """What is refused is left out for an hour; all else is asked at the next poll."""
    calls = 0

    async def request() -> int:
        nonlocal calls
        calls += 1
        raise error

    optional = OptionalRequests()
    for _ in range(2):
        optional.start()
        assert await optional.ask("x", request) is None
    assert calls == asked
    later = optional_requests.monotonic() + 3601
    with patch.object(optional_requests, "monotonic", return_value=later):
        await optional.ask("x", request)
    assert calls == asked + 1


async def test_seldom() -> None:
    """An answer that hardly changes is asked once, until it is made due."""

    async def request() -> int:
        return 5

    optional = OptionalRequests()
    assert await optional.seldom("x", request) == 5
    assert await optional.seldom("x", request) is None
    optional.make_due("x")
    with patch.object(PollBudget, "is_over", True):
        assert await optional.seldom("x", request) is None
    assert await optional.seldom("x", request) == 5
