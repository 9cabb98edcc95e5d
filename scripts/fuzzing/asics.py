"""Parsers of ASIC miners: what their pages and their sockets answer."""

from collections.abc import Callable, Mapping
import json
from pathlib import Path
from typing import Any, Final

from custom_components.mining_rig.model import RIG, Part, PartKind, Snapshot, part_map
from custom_components.mining_rig.sources.antminer.parse import from_answers, kind_of
from custom_components.mining_rig.sources.avalon.models import machine
from custom_components.mining_rig.sources.avalon.parse import boards, modules, values
from custom_components.mining_rig.sources.common.cgminer import LIMIT
from custom_components.mining_rig.sources.common.cgminer_decoding import (
    CgminerAnswer,
    decode,
)
from custom_components.mining_rig.sources.common.cgminer_rig import as_fields
from custom_components.mining_rig.sources.common.contract import SourceGarbled
from custom_components.mining_rig.sources.common.decoding import Fields
from custom_components.mining_rig.sources.common.http import Answer
from custom_components.mining_rig.sources.iceriver.parse import merged
from tests.sources import (
    test_antminer as antminer,
    test_avalon as avalon,
    test_axeos_parse as axeos,
    test_iceriver as ice_river,
)
from tests.sources.spoil import check

from .parser import Parser

_FIXTURES: Final = Path(__file__).parents[2] / "tests/fixtures"


def _read_axeos(body: bytes) -> None:
    axeos.rig(Answer(200, body).json())


def _read_pages(*bodies: bytes) -> None:
    try:
        antminer.of_pages([Answer(200, body).json() for body in bodies])
    except ValueError as err:
        # The source takes the numbers out of an answer where it decodes it.
        raise SourceGarbled("nested too deeply") from err


def _read_socket(answer: CgminerAnswer) -> None:
    stats = as_fields(answer.sections.get("STATS"))
    antminer.snapshot_of(*from_answers(stats, [], [], kind_of(*stats), antminer.NOW))


def _read_avalon(
    stats: CgminerAnswer, summary: CgminerAnswer, version: CgminerAnswer
) -> None:
    found = modules(as_fields(stats.sections.get("STATS")))
    records = as_fields(version.sent.get("VERSION"))
    known = machine(
        records[0] if records else Fields({}), found[0].version if found else None
    )
    totals = as_fields(summary.sections.get("SUMMARY"))
    shown = values(found, totals, [], known, avalon.NOW)
    rig = Part(kind=PartKind.RIG, key=RIG, values=shown)
    check(Snapshot(parts=part_map(rig, *boards(found))))


def _read_ice_river(*answers: CgminerAnswer) -> None:
    found: dict[str, Any] = {}
    for name, answer in zip(ice_river.NATIVE, answers, strict=True):
        data = answer.data.get("ret")
        found[name] = data if isinstance(data, dict) else {}
    ice_river.snapshot_of(merged(found))


def _read_answer(answer: CgminerAnswer) -> None:
    answer.check()


def _socket(read: Callable[..., None], *patterns: list[bytes]) -> Parser:
    return Parser(read, patterns, limit=LIMIT, decode=decode)


def _files(folder: str, *globs: str) -> list[list[bytes]]:
    return [
        [path.read_bytes()]
        for pattern in globs
        for path in sorted((_FIXTURES / folder).glob(pattern))
    ]


def parsers() -> Mapping[str, Parser]:
    """Return every parser by its name."""
    return {
        "axeos": Parser(_read_axeos, _files("axeos", "*_info*.json")),
        "antminer_pages": Parser(
            _read_pages,
            [
                [json.dumps(antminer.load(page)).encode() for page in pages]
                for pages in antminer.PAGES.values()
            ],
        ),
        "antminer_socket": _socket(
            _read_socket, *_files("antminer", "*_stats.txt", "*_stats.json")
        ),
        "avalon": _socket(
            _read_avalon,
            *(
                [
                    answers.get("stats") or answers.get("estats") or b"{}",
                    answers.get("summary") or b"{}",
                    answers.get("version") or b"{}",
                ]
                for answers in avalon.MACHINES.values()
            ),
        ),
        "iceriver": _socket(
            _read_ice_river,
            [json.dumps(answer).encode() for answer in ice_river.NATIVE.values()],
        ),
        "cgminer": _socket(_read_answer, *_files("cgminer", "*.json", "*.txt")),
    }
