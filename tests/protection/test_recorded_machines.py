"""No recorded machine that mines is too hot for the default limits of its kind."""

import pytest

from custom_components.mining_rig.protection.limits import ChosenLimits, heats_of
from custom_components.mining_rig.readings import HASHRATE

from ..test_docs_machines import MACHINES, Servers, servers

__all__ = ["servers"]
pytestmark = pytest.mark.usefixtures("socket_enabled")


@pytest.mark.parametrize("kind", MACHINES)
async def test_no_recorded_machine_trips(kind: str, servers: Servers) -> None:
    """Most have limits by default, and each that mines is below them."""
    mining = [
        found
        for found in await MACHINES[kind](servers)
        if found.rig.get(HASHRATE.plain)
    ]
    heats = [heats_of(kind, found) for found in mining]
    assert not [heat for hot in heats for heat in hot if heat.excess >= 0]
    chosen = ChosenLimits(limit=1, memory=1)
    warm = [found for found in mining if heats_of(kind, found, chosen)]
    assert warm
    limited = [hot for hot in heats if hot]
    assert len(limited) == (len(warm) if kind != "iceriver" else 0)
