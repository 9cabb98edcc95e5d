"""The recorded answers of the miner programs that only report."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import import_module
import json
from pathlib import Path
from types import ModuleType
from typing import Any, Final

from custom_components.mining_rig.model import Snapshot
from custom_components.mining_rig.sources.common.cgminer_decoding import decode
from custom_components.mining_rig.sources.common.decoding import TextNumbers

FIXTURES: Final = Path(__file__).parent.parent / "fixtures" / "miners"
NOW: Final = datetime(2026, 11, 21, 12, tzinfo=UTC)

KINDS: Final = (
    "bzminer",
    "ccminer",
    "claymore",
    "gminer",
    "lolminer",
    "miniz",
    "nanominer",
    "nbminer",
    "onezerominer",
    "rigel",
    "srbminer",
    "teamredminer",
    "wildrig",
)


def module(kind: str) -> ModuleType:
    """Return the module of a program."""
    return import_module(f"custom_components.mining_rig.sources.miners.{kind}")


def parse(kind: str, answer: Any) -> Snapshot:
    """Return the snapshot of a decoded answer."""
    found: Snapshot = module(kind).parse(TextNumbers(answer), NOW)
    return found


def of_json(file: str) -> Any:
    """Return an answer of one file."""
    return json.loads((FIXTURES / file).read_bytes())


def of_socket(**files: str) -> Any:
    """Return the answers of the cgminer socket by command."""
    answers = {}
    for command, file in files.items():
        answer = decode((FIXTURES / file).read_bytes())
        description = answer.status.description
        answers[command] = {"description": description, **answer.sections}
    return answers


@dataclass(frozen=True)
class Recorded:
    """A recorded answer."""

    kind: str
    make: Callable[[], Any]


RECORDED: Final = {
    "bzminer_24": Recorded("bzminer", lambda: of_json("bzminer_24_constructed.json")),
    "ccminer": Recorded(
        "ccminer",
        lambda: of_socket(
            summary="ccminer_summary.txt",
            threads="ccminer_threads_made_up.txt",
            pool="ccminer_pool.txt",
        ),
    ),
    "cpuminer_opt_3.9.1.1": Recorded(
        "ccminer",
        lambda: of_socket(
            summary="cpuminer_opt_3.9.1.1_summary.txt",
            threads="cpuminer_opt_3.9.1.1_threads.txt",
        ),
    ),
    "phoenixminer_5.1c": Recorded(
        "claymore", lambda: of_json("phoenixminer_5.1c_getstat1.json")
    ),
    "gminer_2.33": Recorded("gminer", lambda: of_json("gminer_2.33_stat.json")),
    "gminer_2.90_dual": Recorded(
        "gminer", lambda: of_json("gminer_2.90_dual_stat_excerpt.json")
    ),
    "gminer_3.06": Recorded("gminer", lambda: of_json("gminer_3.06_stat.json")),
    "miniz": Recorded("miniz", lambda: of_json("miniz_getstat.json")),
    "nanominer": Recorded("nanominer", lambda: of_json("nanominer_foreman_stats.json")),
    "nbminer_40.0": Recorded("nbminer", lambda: of_json("nbminer_40.0_status.json")),
    "onezerominer_1.7.8": Recorded(
        "onezerominer", lambda: of_json("onezerominer_1.7.8_test_vector.json")
    ),
    "onezerominer_1.8.0": Recorded(
        "onezerominer", lambda: of_json("onezerominer_1.8.0_vector.json")
    ),
    "rigel_1.23.2": Recorded("rigel", lambda: of_json("rigel_1.23.2_stat.json")),
    "rigel_excerpt": Recorded("rigel", lambda: of_json("rigel_values_excerpt.json")),
    "srbminer_0.5.6_cpu": Recorded(
        "srbminer", lambda: of_json("srbminer_multi_0.5.6_cpu.json")
    ),
    "srbminer_3.6.4": Recorded(
        "srbminer", lambda: of_json("srbminer_3.6.4_api_v2_status.json")
    ),
    "srbminer_excerpt": Recorded(
        "srbminer", lambda: of_json("srbminer_multi_2026_gpu_values_excerpt.json")
    ),
    "teamredminer_0.3.8": Recorded(
        "teamredminer",
        lambda: of_socket(
            devs="teamredminer_0.3.8_devs.json", pools="teamredminer_0.3.8_pools.json"
        ),
    ),
    "teamredminer_0.3.10": Recorded(
        "teamredminer",
        lambda: of_socket(
            devs="teamredminer_0.3.10_devs.json",
            pools="teamredminer_0.3.10_pools.json",
        ),
    ),
    "wildrig_0.10.0": Recorded("wildrig", lambda: of_json("wildrig_0.10.0.json")),
}
