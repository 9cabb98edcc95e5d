"""Print the table of docs/reliability.md: `python -m tests.faults`."""

from .table import printed

print(printed(), end="")
