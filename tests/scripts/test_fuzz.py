"""The spoilt inputs, a few of them, and what is reported of one that fails."""

from pathlib import Path
from random import Random
import subprocess
import sys

import orjson
import pytest

from scripts.fuzzing import parsers
from scripts.fuzzing.mutate import Mutator
from scripts.fuzzing.trial import Fault, Trial
from tests.sources.test_spoilt_answers import CASES

ROOT = Path(__file__).parents[2]
BODY = b'{"a":[1,2,{"b":"text","c":null}],"d":0.5,"e":{"f":true}}'


def test_spoilt_documents() -> None:
    """A seed spoils in one way; most are still JSON, and few are what they were."""
    spoilt, again = (
        [Mutator(Random(7)).mutate(BODY)]
        + [
            mutator.mutate(BODY)
            for mutator in (Mutator(Random(seed)),)
            for _ in range(500)
        ]
        for seed in (3, 3)
    )
    assert spoilt == again
    assert len(set(spoilt)) > 300
    decoded = 0
    for body in spoilt:
        try:
            orjson.loads(body)
        except orjson.JSONDecodeError:
            continue
        decoded += 1
    assert 150 < decoded < 450


async def test_parsers() -> None:
    """Every source of the tests' table is tried, and those that push."""
    trials = {trial.name: trial async for trial in parsers.run(30, seed=1)}
    assert trials.keys() >= {*CASES, "rig_monitor_asic", "rig_monitor_cpu_gpu"}
    for trial in trials.values():
        assert (trial.inputs, trial.faults) == (30, [])


async def test_a_failing_input_is_reported() -> None:
    """With its number, its bytes and the traceback; so is one that takes too long."""
    trial = Trial("strange")

    async def fail() -> str:
        raise Fault("status 500")

    async def block() -> str:
        sum(number * number for number in range(3_000_000))
        return "read"

    await trial.run(7, b"the input", fail)
    await trial.run(8, b"another", block)
    failed, blocked = trial.faults
    assert "input 7" in failed
    assert "status 500" in failed
    assert "the input" in failed
    assert "blocks for" in blocked
    assert "1 FAULT" not in trial.report()
    assert "2 FAULT" in trial.report()


@pytest.mark.slow
@pytest.mark.parametrize("subject", ["door", "store"])
def test_short_run(subject: str) -> None:
    """The command fails for a fault only, and says what it tried."""
    done = subprocess.run(
        [sys.executable, "-m", "scripts.fuzzing", "--inputs=60", "--seed=1", subject],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{subject}: 60 inputs" in done.stdout
