"""The page about protection agrees with the code."""

import re

from custom_components.mining_rig.protection.limits import ROWS
from custom_components.mining_rig.protection.rules import RULES
from custom_components.mining_rig.protection.table import ON, markdown

from ..pages import ROOT

PAGE = ROOT / "docs" / "protection.md"
TABLE = re.compile(r"<!-- table -->\n(.*?)<!-- end of table -->", re.DOTALL)


def test_the_table_is_that_of_the_code() -> None:
    """`markdown` writes it: copy its output when the rules change."""
    found = TABLE.search(PAGE.read_text())
    assert found is not None
    assert found[1].strip() == markdown()


def test_every_rule_is_in_the_table() -> None:
    """A state a column, an event a row; only switching on has no column."""
    rows = [row.strip("| ").split(" | ") for row in markdown().splitlines()]
    assert len(rows[0]) == len(ON)
    cells = markdown().count("|") - len(rows) - len(ON) - 1
    assert cells == (len(rows) - 1) * (len(ON) + 1)
    assert all(
        rule.text in markdown() for (state, _), rule in RULES.items() if state in ON
    )


def test_the_limits_are_those_of_the_code() -> None:
    """Row by row."""
    text = PAGE.read_text()
    for row in ROWS:
        limits = row.limits
        cells = [
            "" if limit is None else f"{limit:g} °C"
            for limit in (limits.chip, limits.junction, limits.memory, limits.board)
        ]
        line = f"| {row.hardware} | {' | '.join(cells)} |"
        assert re.sub(r"\|\s+\|", "| |", line).replace("|  |", "| |") in text, line
