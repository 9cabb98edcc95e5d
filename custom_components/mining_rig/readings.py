"""The readings that many miners share; a miner's own are declared beside its parser."""

from datetime import datetime
from enum import StrEnum
from typing import Final

from .model import Category, EventDescription, Quantity, Reading

HASHRATE: Final = Reading[float]("hashrate", Quantity.HASHRATE, unit="H/s")
HASHRATE_HIGHEST: Final = Reading[float](
    "hashrate_highest",
    Quantity.HASHRATE,
    Category.DIAGNOSTIC,
    enabled=False,
    unit="H/s",
)
EFFICIENCY: Final = Reading[float]("efficiency", Quantity.EFFICIENCY)
POWER: Final = Reading[float]("power", Quantity.POWER)
ENERGY: Final = Reading[float]("energy", Quantity.ENERGY)
POWER_ESTIMATE: Final = Reading[float]("power_estimate", Quantity.POWER)
ENERGY_ESTIMATE: Final = Reading[float](
    "energy_estimate", Quantity.ENERGY, enabled=False
)
TEMPERATURE: Final = Reading[float]("temperature", Quantity.TEMPERATURE)
MEMORY_TEMPERATURE: Final = Reading[float]("memory_temperature", Quantity.TEMPERATURE)
HOTTEST: Final = Reading[float]("hottest", Quantity.TEMPERATURE)
FAN_SPEED: Final = Reading[float]("fan_speed", Quantity.FAN_SPEED)
FAN_LEVEL: Final = Reading[float]("fan_level", Quantity.RATIO, precision=0)
CORE_CLOCK: Final = Reading[float]("core_clock", Quantity.CLOCK, Category.DIAGNOSTIC)
MEMORY_CLOCK: Final = Reading[float](
    "memory_clock", Quantity.CLOCK, Category.DIAGNOSTIC
)
ACCEPTED: Final = Reading[int]("accepted_shares", Quantity.COUNTER)
REJECTED: Final = Reading[int]("rejected_shares", Quantity.COUNTER)
INVALID: Final = Reading[int](
    "invalid_shares", Quantity.COUNTER, Category.DIAGNOSTIC, enabled=False
)
ACCEPTANCE: Final = Reading[float]("acceptance_rate", Quantity.RATIO)
BEST_SHARE: Final = Reading[float](
    "best_share", Quantity.NUMBER, Category.DIAGNOSTIC, enabled=False
)
DIFFICULTY: Final = Reading[float](
    "difficulty", Quantity.NUMBER, Category.DIAGNOSTIC, enabled=False
)
POOL: Final = Reading[str]("pool", Quantity.TEXT, Category.DIAGNOSTIC)
POOL_CONNECTED: Final = Reading[bool](
    "pool_connected", Quantity.CONNECTIVITY, Category.DIAGNOSTIC
)
POOL_ACCEPTED: Final = Reading[int](
    "pool_accepted_shares", Quantity.COUNTER, Category.DIAGNOSTIC
)
POOL_REJECTED: Final = Reading[int](
    "pool_rejected_shares", Quantity.COUNTER, Category.DIAGNOSTIC
)
POOL_LATENCY: Final = Reading[float](
    "pool_latency", Quantity.LATENCY, Category.DIAGNOSTIC
)
ALGORITHM: Final = Reading[str]("algorithm", Quantity.TEXT, Category.DIAGNOSTIC)
COIN: Final = Reading[str]("coin", Quantity.TEXT, Category.DIAGNOSTIC)
STARTED: Final = Reading[datetime]("started", Quantity.UPTIME, Category.DIAGNOSTIC)
VERSION: Final = Reading[str]("version", Quantity.TEXT, Category.DIAGNOSTIC)
CONNECTED: Final = Reading[bool](
    "connected", Quantity.CONNECTIVITY, Category.DIAGNOSTIC
)
MINING: Final = Reading[bool]("mining", Quantity.RUNNING)
MINING_ALLOWED: Final = Reading[bool]("mining_allowed", Quantity.FLAG)
"""Whether the miner works when it can; the mining switch writes it."""
NOT_FOLLOWING: Final = Reading[bool](
    "not_following", Quantity.PROBLEM, Category.DIAGNOSTIC
)
"""Whether the rig has not followed an order in the time that it may take."""


class Status(StrEnum):
    """What a rig does, in one word."""

    MINING = "mining"
    PAUSED = "paused"
    STARTING = "starting"
    STOPPING = "stopping"
    IDLE = "idle"
    """It may mine, but has no work."""
    HOT = "hot"
    """Heat has stopped it."""
    NOT_FOLLOWING = "not_following"
    OFFLINE = "offline"


STATUS: Final = Reading[str]("status", Quantity.CHOICE, choices=tuple(Status))

COMMAND_CONFIRMED: Final = "confirmed"
COMMAND_NOT_FOLLOWED: Final = "not_followed"
# Disabled by default: the rig's status and "not following" report the same, and hardly
# any rig takes longer over a command than the call waits.
COMMAND: Final = EventDescription(
    "command",
    (COMMAND_CONFIRMED, COMMAND_NOT_FOLLOWED),
    Category.DIAGNOSTIC,
    enabled=False,
)
"""What became of a command whose call had already returned."""
