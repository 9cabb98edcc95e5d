"""Check that the tests reach enough of every module, branches counted."""

import json
from pathlib import Path
import sys
from typing import Any

MINIMUM = 95.0


def too_low(report: dict[str, Any], minimum: float = MINIMUM) -> list[str]:
    """Return a line for each module of coverage's JSON report below the minimum (%)."""
    lines = []
    for module, found in sorted(report["files"].items()):
        # Not the percentage of the report: it may be rounded up for display.
        summary = found["summary"]
        wanted = summary["num_statements"] + summary["num_branches"]
        reached = summary["covered_lines"] + summary["covered_branches"]
        if reached * 100 < wanted * minimum:
            missing = ", ".join(
                [str(line) for line in found["missing_lines"]]
                + [f"{start}->{end}" for start, end in found["missing_branches"]]
            )
            lines.append(f"{module}: {reached / wanted:.1%}, missing {missing}")
    return lines


def main() -> int:
    """Check the report named on the command line."""
    report = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    if not report["files"]:
        print("coverage: no module was measured")
        return 1
    if lines := too_low(report):
        print(f"coverage: modules below {MINIMUM:.0f} %, branches counted:")
        print("\n".join(lines))
        return 1
    total = report["totals"]["percent_covered"]
    print(
        f"coverage: {total:.1f} % in all; each of {len(report['files'])} modules "
        f"reaches {MINIMUM:.0f} %"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
