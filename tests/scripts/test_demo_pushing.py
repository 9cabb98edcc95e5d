"""The demo's rigs that push: what is printed to push by hand."""

from collections.abc import Mapping
import json
import shlex
from typing import Any

from scripts.demo.pushing import curls, is_pushed
from scripts.demo.rigs import SimulatedRig


def _rig(name: str, kind: str, form: Mapping[str, Any]) -> SimulatedRig:
    return SimulatedRig(
        name=name, slug=name.lower(), kind=kind, form=form, control="", faults=()
    )


CELLAR = _rig("Cellar", "rig_monitor", {"rig_type": "asic", "api_code": "a" * 32})
WORKSHOP = _rig(
    "Workshop", "rig_monitor", {"rig_type": "cpu_gpu", "api_code": "b" * 32}
)
NAS = _rig("NAS", "xmrig", {"host": "127.0.0.1"})


def test_every_endpoint_and_the_webhook_have_a_curl() -> None:
    """Each line is one command, whose body is JSON and whose code is the rig's."""
    lines = curls("http://h:1", [NAS, CELLAR, WORKSHOP], "/api/webhook/x")
    commands = [shlex.split(command) for _, command in lines]
    assert [words[-1].removeprefix("http://h:1/api/") for words in commands] == [
        "mining_rig/v1/ping",
        "mining_rig/v1/asic_miners/specs",
        "mining_rig/v1/asic_miners/logs",
        "mining_rig/v1/asic_miners/expected_status",
        "mining_rig/v1/asic_miners/expected_status_bulk",
        "mining_rig/v1/cpu_gpu_miners/specs",
        "mining_rig/v1/cpu_gpu_miners/logs",
        "mining_rig/v1/cpu_gpu_miners/playbooks",
        "mining_rig/v1/cpu_gpu_miners/playbooks/1/module",
        "webhook/x",
    ]
    for words in commands:
        if "-d" in words:
            assert json.loads(words[words.index("-d") + 1])
    assert f"api_code: {'a' * 32}" in commands[1]
    assert f"api_code: {'b' * 32}" in commands[6]


def test_without_rigs_that_push_only_the_door_is_asked() -> None:
    """What no rig is there for is left out."""
    assert not is_pushed(NAS)
    assert len(curls("http://h:1", [NAS], None)) == 1
