"""What ends the demo with one clear sentence."""


class DemoError(Exception):
    """Says in one sentence what is wrong and what to do about it."""
