"""Spoilt inputs for parsers, the door and the store; see `scripts/fuzz --help`."""
