"""The benchmarks run; what they find depends on the machine and is no test."""

from pathlib import Path
import subprocess
import sys

import pytest

pytestmark = pytest.mark.slow


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_poll() -> None:
    """It prints a table with a column for each rig, and nothing goes wrong."""
    done = subprocess.run(
        [
            *(sys.executable, "-m", "benchmarks.poll", "xmrig-cards"),
            *("--rounds=1", "--polls=2", "--set-ups=1"),
        ],
        cwd=Path(__file__).parents[1],
        capture_output=True,
        text=True,
        timeout=150,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    head, _, *lines = map(_cells, done.stdout.splitlines())
    assert head == ["", "budget", "xmrig-cards"]
    found = {title: value for title, _, value in lines}
    assert int(found["entities enabled"]) >= 50
    assert 1 <= float(found["requests a poll"]) <= 1.4
    written, changed = found["states written a poll, of these changed"].split(", ")
    # With everything written it would be 50 and more.
    assert 0 < float(changed) <= float(written) < 40
    for title in ("**poll**, ms of processor time", "**ratio**", "**set-up**, s"):
        assert float(found[title]) > 0


def test_recorder() -> None:
    """It prints a table of rows, and nothing goes wrong."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.recorder", "t-rex", "--polls=12"],
        cwd=Path(__file__).parents[1],
        capture_output=True,
        text=True,
        timeout=150,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    head, _, *lines = map(_cells, done.stdout.splitlines())
    assert head == ["", "aim", "t-rex"]
    found = {title: float(value) for title, _, value in lines}
    everything = found["all, if every value were written at each poll"]
    rig, card = (found[f"**rows an hour**, {of}"] for of in ("rig itself", "each card"))
    assert 0 < rig + 3 * card < everything / 2


def test_cards() -> None:
    """It prints a table for NVIDIA cards, and nothing goes wrong."""
    done = subprocess.run(
        [
            *(sys.executable, "-m", "benchmarks.cards", "3"),
            *("--rounds=1", "--polls=2"),
        ],
        cwd=Path(__file__).parents[1],
        capture_output=True,
        text=True,
        timeout=150,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    head, _, *lines = map(_cells, done.stdout.splitlines())
    assert head == ["", "budget", "3 cards"]
    found = {title: float(value) for title, _, value in lines}
    assert found["sensors enabled"] >= 30
    assert found["the library's calls alone"] > 0
