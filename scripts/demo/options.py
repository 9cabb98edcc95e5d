"""What can be asked of the demo on the command line."""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DEFAULT_PORT = 8123
DEFAULT_PLACE = ROOT / ".demo"


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What was asked for."""

    port: int
    empty: bool
    fresh: bool
    check: bool
    verbose: bool
    place: Path
    """The folder that keeps Home Assistant's configurations."""

    @property
    def config_dir(self) -> Path:
        """Home Assistant's configuration folder.

        One without rigs is apart from the other, so that neither spoils it.
        """
        return self.config_dir_in(self.place, empty=self.empty)

    @staticmethod
    def config_dir_in(place: Path, *, empty: bool) -> Path:
        """Return the configuration folder of a demo that keeps its files there."""
        return place / ("empty" if empty else "rigs")


def parse(arguments: Sequence[str]) -> Options:
    """Understand the command line; SystemExit with a usage line if it is wrong."""
    parser = argparse.ArgumentParser(
        prog="scripts/develop",
        description="Start simulated rigs and a Home Assistant that shows them.",
    )
    parser.add_argument(
        "--port",
        type=_port,
        default=DEFAULT_PORT,
        help=f"port of Home Assistant (default: {DEFAULT_PORT})",
    )
    parser.add_argument(
        "--empty",
        action="store_true",
        help="start without rigs, to walk through adding them",
    )
    parser.add_argument(
        "--fresh", action="store_true", help="forget what earlier demos have left"
    )
    parser.add_argument(
        "--keep",
        metavar="DIR",
        type=Path,
        dest="place",
        default=DEFAULT_PLACE,
        help="where Home Assistant keeps its files (default: .demo in the checkout)",
    )
    parser.add_argument(
        "--check",
        action="store_true",
        help="on free ports and in a folder of its own: start everything, stop and "
        "resume a miner through Home Assistant, end everything",
    )
    parser.add_argument(
        "--verbose", action="store_true", help="show Home Assistant's whole log"
    )
    values = vars(parser.parse_args(arguments))
    return Options(**values | {"place": values["place"].expanduser().resolve()})


def _port(text: str) -> int:
    port = int(text)
    if not 1 <= port <= 65535:
        raise argparse.ArgumentTypeError("a port is a number from 1 to 65535")
    return port
