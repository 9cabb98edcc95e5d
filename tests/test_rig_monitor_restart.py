"""What agents get while a real Home Assistant restarts."""

import json
from pathlib import Path

import pytest

from benchmarks.restart import Restart, measure


@pytest.mark.slow
@pytest.mark.usefixtures("socket_enabled")
async def test_restart(tmp_path: Path) -> None:
    """The same orders before and after; nothing but silence and 404 between them.

    404 is what Home Assistant's web server says to everybody before it sets custom
    integrations up. The figures in docs/rig_monitor.md are what the benchmark prints.
    """
    restarts = {found.rig.name: found for found in await measure(tmp_path / "home")}
    for name, restart in restarts.items():
        statuses = [span.status for span in restart.spans]
        assert statuses[0] == statuses[-1] == 200, name
        # No 401, 403, 429, no 5xx; 404 only between the silence and the first 200. On
        # a busy machine an answer may be late, which is silence, too.
        assert set(statuses) <= {200, None, 404}, name
        assert statuses[1] is None, name
        assert statuses.count(404) <= 1, name
        assert 404 not in statuses[statuses.index(200, 1) :], name
        # No order changes, so that no relay cuts power and no miner is stopped by one.
        assert len(restart.bodies) == 1, name

    def answer(restart: Restart) -> object:
        return json.loads(next(iter(restart.bodies)))

    for name, power in (
        ("ASIC that is on", "on"),
        ("ASIC that is off", "off"),
        ("disabled ASIC that is off", "off"),
    ):
        told = answer(restarts[name])
        assert isinstance(told, dict)
        assert told["asic_expected_status"] == power
    for name in ("computer", "disabled computer"):
        (playbook,) = answer(restarts[name])
        assert playbook["cpu_wallet_address"] == "wallet"
