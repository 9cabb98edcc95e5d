"""Start the demo: `python -m scripts.demo`."""

import signal
import sys


def main() -> int:
    """Run the demo; return the exit status."""
    # Ctrl-C while Python is still importing just ends it, without a traceback.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    from .run import main as run_demo

    return run_demo(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
