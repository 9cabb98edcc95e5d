"""The coverage of every module is checked, branches counted."""

import json
from pathlib import Path
import subprocess
import sys

import pytest

from scripts.coverage_check import too_low

ROOT = Path(__file__).parents[2]

COVERED = """
def sign(number):
    if number < 0:
        return -1
    return 1
"""


def _file(
    lines: int, of_lines: int, branches: int, of_branches: int
) -> dict[str, object]:
    """Return what coverage reports of one module."""
    return {
        "summary": {
            "covered_lines": lines,
            "num_statements": of_lines,
            "covered_branches": branches,
            "num_branches": of_branches,
        },
        "missing_lines": list(range(1, of_lines - lines + 1)),
        "missing_branches": [[9, -1]] * (of_branches - branches),
    }


def test_each_module_is_judged() -> None:
    """A module below the minimum is named, however good the others are."""
    report = {
        "files": {
            "good.py": _file(95, 100, 0, 0),
            "poor.py": _file(94, 100, 0, 0),
            "branches.py": _file(80, 80, 14, 20),
            "empty.py": _file(0, 0, 0, 0),
        }
    }
    assert too_low(report) == [
        "branches.py: 94.0%, missing 9->-1, 9->-1, 9->-1, 9->-1, 9->-1, 9->-1",
        "poor.py: 94.0%, missing 1, 2, 3, 4, 5, 6",
    ]


@pytest.mark.parametrize(
    ("calls", "status"), [("sign(1); sign(-1)", 0), ("sign(1)", 1)], ids=["all", "half"]
)
def test_report_of_coverage(tmp_path: Path, calls: str, status: int) -> None:
    """The report that coverage writes is understood."""
    (tmp_path / "signs.py").write_text(f"{COVERED}\n{calls}\n", encoding="utf-8")
    for arguments in (
        ("coverage", "run", "--branch", "signs.py"),
        ("coverage", "json", "-q"),
    ):
        subprocess.run([sys.executable, "-m", *arguments], cwd=tmp_path, check=True)
    assert json.loads((tmp_path / "coverage.json").read_text(encoding="utf-8"))

    done = subprocess.run(
        [sys.executable, ROOT / "scripts/coverage_check.py", "coverage.json"],
        capture_output=True,
        check=False,
        cwd=tmp_path,
        encoding="utf-8",
    )
    assert done.returncode == status
    assert ("signs.py" in done.stdout) == bool(status)
