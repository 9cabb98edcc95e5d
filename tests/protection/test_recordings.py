"""No recorded machine is above the default limits, of whatever kind it is."""

from collections.abc import Callable
from datetime import UTC, datetime
import json
from pathlib import Path
from typing import Any

import pytest

from custom_components.mining_rig.model import Part, PartKind, Snapshot
from custom_components.mining_rig.protection.limits import (
    ChosenLimits,
    default_limits,
    heats_of,
)
from custom_components.mining_rig.readings import MEMORY_TEMPERATURE
from custom_components.mining_rig.sources import KINDS, axeos
from custom_components.mining_rig.sources.common.decoding import Fields
from custom_components.mining_rig.sources.common.settings import Settings
from custom_components.mining_rig.sources.miners import lolminer
from custom_components.mining_rig.sources.rig_monitor.parse import parse_log
from custom_components.mining_rig.sources.rig_monitor.protocol import RigType, cleaned
from custom_components.mining_rig.sources.t_rex import parse as t_rex
from simulator.hardware import GpuModel
from simulator.models import GTX_1660_SUPER, RTX_3070, RTX_3080

from ..sources import miner_programs, test_nvml as nvidia, test_xmrig_parse as xmrig
from ..test_docs_machines import FIRMWARE, MACHINES, Servers, servers

__all__ = ["servers"]

FIXTURES = Path(__file__).parent.parent / "fixtures"
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
NVIDIA_CARDS = (GTX_1660_SUPER, RTX_3070, RTX_3080)

type Read = Callable[[Any], Snapshot]


# ---- recordings


def of_log(rig_type: RigType) -> Read:
    """Return what reads the log of an agent."""

    def read(body: Any) -> Snapshot:
        log = parse_log(rig_type, cleaned(body), NOW)
        return Snapshot(
            parts={
                key: Part(kind=log.kinds.get(key, PartKind.RIG), key=key, values=values)
                for key, values in log.parts.items()
            }
        )

    return read


def of_t_rex(summary: Any) -> Snapshot:
    """Read a summary."""
    return t_rex.assemble(
        t_rex.parse_summary(summary, NOW), Settings(), read_only=False
    )


def of_t_rex_card(card: Any) -> Snapshot:
    """Read a card of a summary."""
    starting = "summary_api4.1_v0.24.6_starting.json"
    summary = json.loads((FIXTURES / "t_rex" / starting).read_bytes())
    return of_t_rex({**summary, "gpus": [card]})


def of_xmrig(summary: Any) -> Snapshot:
    """Read a summary with the backends of a rig with cards."""
    backends = xmrig.load("backends_6.22_cpu_opencl_cuda.json")
    return xmrig.rig(summary, backends)


RECORDED: tuple[tuple[str, str, Read], ...] = (
    (
        "lolminer",
        "lolminer/summary_*.json",
        lambda answer: lolminer.parse(Fields(answer), NOW),
    ),
    ("rig_monitor", "rig_monitor/asic_log_*.json", of_log(RigType.ASIC)),
    ("rig_monitor", "rig_monitor/cpu_gpu_log_*.json", of_log(RigType.CPU_GPU)),
    ("t_rex", "t_rex/*summary_api*.json", of_t_rex),
    ("t_rex", "t_rex/gpu_entry_*.json", of_t_rex_card),
    ("xmrig", "xmrig/summary_v2_6*.json", of_xmrig),
)
"""Kind, recordings and what reads them."""
WITHOUT_HEAT = ("headframe", "xmrig_proxy")
"""Kinds that report no temperature: a pool and a proxy."""
OVERHEATED = 76.4
"""°C of the one recording of a machine that has stopped because it is too hot."""


def recordings() -> list[Any]:
    """Return each recording with its kind and reader."""
    return [
        pytest.param(kind, path, read, id=f"{kind}-{path.stem}")
        for kind, pattern, read in RECORDED
        for path in sorted(FIXTURES.glob(pattern))
    ]


def too_hot(kind: str, found: Snapshot) -> list[float]:
    """Return the temperatures at or above a default limit."""
    return [heat.celsius for heat in heats_of(kind, found) if heat.excess >= 0]


def has_heat(kind: str, found: Snapshot) -> bool:
    """Return whether any temperature counts: with a limit of 1 °C it is too hot."""
    chosen = ChosenLimits(limit=1, memory=1)
    return any(heat.excess >= 0 for heat in heats_of(kind, found, chosen))


def test_every_kind_is_recorded() -> None:
    """Kinds to come belong here, too."""
    kinds = {kind for kind, _, _ in RECORDED}
    kinds |= {recorded.kind for recorded in miner_programs.RECORDED.values()}
    kinds |= {*MACHINES, *WITHOUT_HEAT, "nvml"}
    assert kinds == {*KINDS}


@pytest.mark.parametrize(("kind", "path", "read"), recordings())
def test_no_recorded_machine_trips(kind: str, path: Path, read: Read) -> None:
    """A machine that mines well is not too hot by default."""
    assert not too_hot(kind, read(json.loads(path.read_bytes())))


@pytest.mark.parametrize(("kind", "pattern", "read"), RECORDED)
def test_recordings_have_temperatures(kind: str, pattern: str, read: Read) -> None:
    """The test above is not true of nothing."""
    assert any(
        has_heat(kind, read(json.loads(path.read_bytes())))
        for path in FIXTURES.glob(pattern)
    )


@pytest.mark.parametrize("name", miner_programs.RECORDED)
def test_no_recorded_program_trips(name: str) -> None:
    """Nor do the rigs of programs that can only be read."""
    recorded = miner_programs.RECORDED[name]
    found = miner_programs.parse(recorded.kind, recorded.make())
    assert not too_hot(recorded.kind, found)


@pytest.mark.usefixtures("socket_enabled")
@pytest.mark.parametrize("kind", MACHINES)
async def test_no_recorded_asic_trips(
    kind: str, servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor machines with an API of their own, whose limits are known but for IceRiver."""

    async def newest(*_: object) -> object:
        return FIRMWARE

    monkeypatch.setattr(axeos, "newest_release", newest)
    machines = await MACHINES[kind](servers)
    hot = [celsius for found in machines for celsius in too_hot(kind, found)]
    assert {*hot} == ({OVERHEATED} if kind == "axeos" else set())
    assert any(has_heat(kind, found) for found in machines)
    for found in machines:
        if has_heat(kind, found):
            is_known = default_limits(kind, found).limit is not None
            assert is_known == (kind != "iceriver")


@pytest.mark.parametrize("model", NVIDIA_CARDS)
def test_no_card_of_the_driver_trips(model: GpuModel) -> None:
    """Nor do cards that their driver reports, at their usual temperatures."""
    found = nvidia.tell(nvidia.one(model))
    assert not too_hot("nvml", found)
    assert has_heat("nvml", found)
    shown = default_limits("nvml", found)
    has_memory = any(MEMORY_TEMPERATURE.plain in p.values for p in found.parts.values())
    expected = 110 if "3080" in model.name else 105
    assert (shown.limit, shown.memory) == (90, expected if has_memory else None)
