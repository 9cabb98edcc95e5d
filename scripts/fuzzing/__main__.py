"""Spoil inputs: `scripts/fuzz [--inputs N] [--seed N] [subject …]`."""

import argparse
import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
import logging
from random import SystemRandom
import sys
from typing import Final

from . import door, parsers, store
from .trial import Trial

SHORT: Final = 500
LONG: Final = 200_000
"""Inputs of each parser, of the door and of the store."""

_SUBJECTS: Final[Mapping[str, Callable[[int, int], AsyncIterator[Trial]]]] = {
    "parsers": parsers.run,
    "door": door.run,
    "store": store.run,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run; return 1 where something was found."""
    parser = argparse.ArgumentParser(prog="scripts/fuzz", description=__doc__)
    parser.add_argument(
        "subjects",
        nargs="*",
        help=f"{', '.join(_SUBJECTS)}, or a part of a parser's name",
    )
    amount = parser.add_mutually_exclusive_group()
    amount.add_argument("--inputs", type=int, default=SHORT, help="of each subject")
    amount.add_argument(
        "--long", dest="inputs", action="store_const", const=LONG, help=f"{LONG} inputs"
    )
    parser.add_argument("--seed", type=int, default=SystemRandom().randrange(10**9))
    given = parser.parse_args(arguments)
    logging.basicConfig(level=logging.CRITICAL)
    print(f"seed {given.seed}")
    trials = asyncio.run(_run(given.subjects or [*_SUBJECTS], given.inputs, given.seed))
    return 1 if any(trial.faults for trial in trials) else 0


async def _run(subjects: Sequence[str], inputs: int, seed: int) -> list[Trial]:
    trials: list[Trial] = []
    for subject in subjects:
        if (run := _SUBJECTS.get(subject)) is not None:
            found = run(inputs, seed)
        else:
            found = parsers.run(inputs, seed, only=subject)
        async for trial in found:
            print(trial.report(), flush=True)
            for fault in trial.faults:
                print(f"seed {seed}: {fault}")
            trials.append(trial)
    return trials


if __name__ == "__main__":
    sys.exit(main())
