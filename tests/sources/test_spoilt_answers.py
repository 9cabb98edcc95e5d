"""The recorded answers of every source that is read by a pure function, spoilt.

Headframe's and NVML's answers come one by one and are spoilt in their own tests; the
fields of Mining Rig Monitor's logs, which may be below 0, are in theirs.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hypothesis import given, strategies as st
import pytest

from custom_components.mining_rig.model import Snapshot
from custom_components.mining_rig.sources.common.decoding import Fields
from custom_components.mining_rig.sources.common.strange_bytes import decode_json
from custom_components.mining_rig.sources.miners import lolminer

from . import (
    miner_programs as programs,
    test_t_rex_parse as t_rex,
    test_xmrig_parse as xmrig,
    test_xmrig_proxy_parse as proxy,
)
from .spoil import JSON, NO_NUMBERS, check, spoilt, zeros

FIXTURES = Path(__file__).parent.parent / "fixtures"


@dataclass(frozen=True, kw_only=True)
class Case:
    """How a source reads, and the answers that it was given."""

    read: Callable[..., Snapshot]
    """Takes as many answers as there are in a pattern."""
    patterns: tuple[tuple[Any, ...], ...]
    unchanged: Callable[..., Any] = lambda answer, *rest: (answer, *rest)
    """Returns the answers whose zeros may be shown, those of a pattern by default."""
    moving_keys: bool = False
    """Whether a part has another key where its own is spoilt."""


def _object(answer: Any) -> Any:
    """Return an object, as the API of a miner makes sure."""
    return answer if isinstance(answer, dict) else {}


def _all(kind: str) -> tuple[tuple[Any], ...]:
    paths = sorted((FIXTURES / kind).glob("summary_*.json"))
    return tuple((decode_json(path.read_bytes()),) for path in paths)


def _without_vendors(answer: Any) -> Any:
    """Return BzMiner's answer as that of cards only: a processor's zeros are shown."""
    devices = [{**device, "vendor": None} for device in answer["devices"]]
    return ({**answer, "devices": devices},)


def _program(kind: str) -> Case:
    """Return the case of a program that only reports."""
    found = [
        recorded.make()
        for recorded in programs.RECORDED.values()
        if recorded.kind == kind
    ]
    return Case(
        read=lambda answer: programs.parse(kind, answer),
        patterns=tuple((answer,) for answer in found),
        unchanged=_without_vendors if kind == "bzminer" else lambda answer: (answer,),
        moving_keys=True,
    )


CASES = {
    **{kind: _program(kind) for kind in programs.KINDS if kind != "lolminer"},
    "lolminer": Case(
        read=lambda answer: lolminer.parse(Fields(answer), xmrig.NOW),
        patterns=_all("lolminer"),
        moving_keys=True,
    ),
    "t_rex": Case(
        read=lambda summary, config: t_rex.rig(_object(summary), _object(config)),
        patterns=tuple(
            (summary, t_rex.CONFIG)
            for summary in (t_rex.DOCUMENTED, t_rex.EIGHT, t_rex.DUAL)
        ),
        # A miner that does not say whether it validates may count no invalid shares.
        unchanged=lambda summary, config: (
            {**summary, "validate_shares": None},
            config,
        ),
        moving_keys=True,
    ),
    "xmrig": Case(
        read=xmrig.rig,
        patterns=tuple(
            (summary, xmrig.BACKENDS)
            for summary in (xmrig.CPU_RIG, xmrig.LINUX_RIG, xmrig.OLD_RIG)
        ),
    ),
    "xmrig_stopped": Case(
        read=lambda summary, backends: xmrig.rig(summary, backends, stopped=True),
        patterns=((xmrig.LINUX_RIG, xmrig.BACKENDS),),
    ),
    "xmrig_proxy": Case(
        read=lambda summary, table, config: proxy.proxy(
            summary, table, _object(config)
        ),
        patterns=tuple(
            (summary, proxy.TABLE, proxy.CONFIG)
            for summary in (proxy.NEW, proxy.OLD, proxy.SIMPLE)
        ),
        # Without the time that it runs, all windows count as full.
        unchanged=lambda summary, *rest: ({**summary, "uptime": None}, *rest),
        moving_keys=True,
    ),
}


def _shown(case: Case, snapshot: Snapshot) -> set[Any]:
    """Return what is shown as 0, by its part where parts keep their keys."""
    if case.moving_keys:
        return {channel for _, channel in zeros(snapshot)}
    return set(zeros(snapshot))


@pytest.mark.parametrize("kind", CASES)
@given(data=st.data())
def test_any_answer(kind: str, data: st.DataObject) -> None:
    """Nothing is raised, and nothing of a wrong type, unit or range is shown."""
    case = CASES[kind]
    pattern = data.draw(st.sampled_from(case.patterns))
    check(case.read(*[data.draw(spoilt(answer)) for answer in pattern]))


@pytest.mark.parametrize("kind", CASES)
@given(data=st.data())
def test_any_json(kind: str, data: st.DataObject) -> None:
    """Neither does an answer that has nothing of the miner's."""
    case = CASES[kind]
    check(case.read(*[data.draw(JSON) for _ in case.patterns[0]]))


@pytest.mark.parametrize("kind", CASES)
@given(data=st.data())
def test_what_is_no_number_makes_no_zero(kind: str, data: st.DataObject) -> None:
    """What is missing, or no number, is not known."""
    case = CASES[kind]
    pattern = data.draw(st.sampled_from(case.patterns))
    answers = [data.draw(spoilt(answer, NO_NUMBERS)) for answer in pattern]
    made = _shown(case, case.read(*answers))
    assert made <= _shown(case, case.read(*case.unchanged(*pattern)))
