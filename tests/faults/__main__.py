"""Print the tables of docs/reliability.md: `python -m tests.faults`."""

import sys

from . import pushed, table

sys.stdout.write(f"{table.printed()}\n{pushed.printed()}")
