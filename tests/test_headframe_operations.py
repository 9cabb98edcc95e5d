"""The page about Headframe lists every operation, and what becomes of it."""

from pathlib import Path

import pytest

from custom_components.mining_rig.sources.headframe.operations import (
    OPERATIONS,
    Operation,
)

from .pages import PAGES

ROWS = {row["No."]: row for row in PAGES[Path("docs/headframe.md")].rows("No.")}
REPEATS = {*range(101, 107), 108, 109, 114, *range(128, 131)}
"""Numbers under which the pool's documentation repeats an earlier operation."""


def test_all_operations_are_listed() -> None:
    """All 119 of the pool's documentation, and what is known from elsewhere."""
    documented = {str(number) for number in {*range(1, 132)} - REPEATS}
    assert len(documented) == 119
    assert {number for number in ROWS if number.isdecimal()} == documented
    assert list(ROWS) == [operation.number for operation in OPERATIONS.values()]


@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=lambda found: found.name)
def test_operation_is_listed_as_it_is(operation: Operation) -> None:
    """Path, certainty, and whether it is used, are those of the code."""
    row = ROWS[operation.number]
    assert row["Path"] == f"`{operation.method} {operation.path}`"
    assert row["Known"] == operation.mark
    used = operation.feature is not None
    begins = "used by " if used else "not offered because "
    assert row["Here"].startswith(begins)
    assert len(row["Here"]) > len(begins)


def test_only_what_stands_in_the_wire_reference_is_used_twice() -> None:
    """No two operations share method and path."""
    keys = [(found.method, found.path) for found in OPERATIONS.values()]
    assert len(set(keys)) == len(keys)
