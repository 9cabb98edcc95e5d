"""Which readings of a pool's account tell what it earns."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Earnings:
    """Keys of readings of the rig part, all of the quantity money in one coin."""

    coin: str
    """The unit of the readings: BTC."""
    total: str
    """What was credited since the account was opened; it only rises."""
    last_day: tuple[str, ...]
    """What the last whole day earned; the first that is more than 0 counts."""
