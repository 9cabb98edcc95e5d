"""The benchmark of pushes runs; what it finds depends on the machine and is no test."""

from pathlib import Path
import subprocess
import sys

import pytest

pytestmark = pytest.mark.slow


def test_push() -> None:
    """It prints a table with a column for each home, and every push is taken."""
    done = subprocess.run(
        [
            *(sys.executable, "-m", "benchmarks.push"),
            *("--rigs=2", "--rounds=1", "--pushes=4", "--real-pushes=1"),
        ],
        cwd=Path(__file__).parents[1],
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    # A busy machine makes Home Assistant warn of slow states there.
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    head, _, *lines = (
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in done.stdout.splitlines()
    )
    assert head == ["", "aim", "default entities", "every entity"]
    default, every = (
        {title: values[column] for title, _, *values in reversed(lines)}
        for column in (0, 1)
    )
    assert default["rigs"] == every["rigs"] == "2"
    written = "states written a push, of these changed"
    for found in (default, every):
        entities = float(found["entities enabled of a rig"])
        all_written, changed = map(float, found[written].split(", "))
        # Small changes wait for their minute.
        assert entities > all_written >= changed > 0
        assert float(found["**push**, ms of processor time"]) > 0
    assert float(every["entities enabled of a rig"]) > float(
        default["entities enabled of a rig"]
    )
