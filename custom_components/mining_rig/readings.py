"""The readings and actions that many miners share.

A miner's own are declared beside its parser.
"""

from datetime import datetime
from enum import StrEnum
from typing import Final

from .model import Action, Category, EventDescription, Quantity, Reading
from .watchdog import Step

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
ENERGY_ESTIMATE: Final = Reading[float]("energy_estimate", Quantity.ENERGY)
# What has one limit has one highest temperature. Memory bears more than chips, and what
# is beside them (regulators, air, the board of the computer) says nothing about them.
HOTTEST: Final = Reading[float]("hottest", Quantity.TEMPERATURE)
"""Of the chips, cores and hashboards of a rig."""
HOTTEST_MEMORY: Final = Reading[float]("hottest_memory", Quantity.TEMPERATURE)
TEMPERATURE: Final = Reading[float](
    "temperature", Quantity.TEMPERATURE, hottest=HOTTEST
)
MEMORY_TEMPERATURE: Final = Reading[float](
    "memory_temperature", Quantity.TEMPERATURE, hottest=HOTTEST_MEMORY
)
CHIP_TEMPERATURE: Final = Reading[float](
    "chip_temperature", Quantity.TEMPERATURE, hottest=HOTTEST
)
BOARD_TEMPERATURE: Final = Reading[float](
    "board_temperature", Quantity.TEMPERATURE, hottest=HOTTEST
)
JUNCTION_TEMPERATURE: Final = Reading[float](
    "junction_temperature", Quantity.TEMPERATURE, hottest=HOTTEST
)
REGULATOR_TEMPERATURE: Final = Reading[float](
    "regulator_temperature", Quantity.TEMPERATURE, Category.DIAGNOSTIC
)
INLET_TEMPERATURE: Final = Reading[float](
    "inlet_temperature", Quantity.TEMPERATURE, Category.DIAGNOSTIC
)
OUTLET_TEMPERATURE: Final = Reading[float](
    "outlet_temperature", Quantity.TEMPERATURE, Category.DIAGNOSTIC
)
FAN_SPEED: Final = Reading[float]("fan_speed", Quantity.FAN_SPEED)
FAN_LEVEL: Final = Reading[float]("fan_level", Quantity.RATIO, precision=0)
CORE_CLOCK: Final = Reading[float](
    "core_clock", Quantity.CLOCK, Category.DIAGNOSTIC, enabled=False
)
MEMORY_CLOCK: Final = Reading[float](
    "memory_clock", Quantity.CLOCK, Category.DIAGNOSTIC, enabled=False
)
CORE_VOLTAGE: Final = Reading[float](
    "core_voltage", Quantity.VOLTAGE, Category.DIAGNOSTIC, enabled=False
)
INPUT_VOLTAGE: Final = Reading[float](
    "input_voltage", Quantity.VOLTAGE, Category.DIAGNOSTIC, enabled=False
)
INPUT_CURRENT: Final = Reading[float](
    "input_current", Quantity.CURRENT, Category.DIAGNOSTIC, enabled=False
)
EXPECTED_HASHRATE: Final = Reading[float](
    "expected_hashrate",
    Quantity.HASHRATE,
    Category.DIAGNOSTIC,
    enabled=False,
    unit="H/s",
)
NORMAL_PERCENT: Final = Reading[float](
    "normal_percent", Quantity.RATIO, Category.DIAGNOSTIC, enabled=False, precision=0
)
"""The hashrate in percent of the expected one."""
WORKING_CHIPS: Final = Reading[int](
    "working_chips",
    Quantity.NUMBER,
    Category.DIAGNOSTIC,
    enabled=False,
    precision=0,
)
EXPECTED_CHIPS: Final = Reading[int](
    "expected_chips",
    Quantity.NUMBER,
    Category.DIAGNOSTIC,
    enabled=False,
    precision=0,
)
CHIP_ERROR_RATE: Final = Reading[float](
    "chip_error_rate", Quantity.RATIO, Category.DIAGNOSTIC, precision=2
)
SIGNAL_STRENGTH: Final = Reading[float](
    "signal_strength", Quantity.SIGNAL, Category.DIAGNOSTIC, enabled=False
)
ACCEPTED: Final = Reading[int]("accepted_shares", Quantity.COUNTER)
REJECTED: Final = Reading[int]("rejected_shares", Quantity.COUNTER)
INVALID: Final = Reading[int](
    "invalid_shares", Quantity.COUNTER, Category.DIAGNOSTIC, enabled=False
)
STALE: Final = Reading[int]("stale_shares", Quantity.COUNTER, enabled=False)
ACCEPTANCE: Final = Reading[float]("acceptance_rate", Quantity.RATIO)
BEST_SHARE: Final = Reading[float](
    "best_share", Quantity.NUMBER, Category.DIAGNOSTIC, enabled=False
)
BEST_SHARE_SESSION: Final = Reading[float](
    "best_share_session", Quantity.NUMBER, Category.DIAGNOSTIC, enabled=False
)
"""The best share since the miner started."""
BLOCKS_FOUND: Final = Reading[int](
    "blocks_found", Quantity.COUNTER, Category.DIAGNOSTIC
)
DIFFICULTY: Final = Reading[float](
    "difficulty", Quantity.NUMBER, Category.DIAGNOSTIC, enabled=False
)
POOL: Final = Reading[str]("pool", Quantity.TEXT, Category.DIAGNOSTIC, address=True)
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
    "pool_latency", Quantity.LATENCY, Category.DIAGNOSTIC, enabled=False
)
ALGORITHM: Final = Reading[str](
    "algorithm", Quantity.TEXT, Category.DIAGNOSTIC, word=True
)
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

WATCHDOG: Final = EventDescription("watchdog", tuple(Step), Category.DIAGNOSTIC)
"""What the watchdog has done."""

# What is set; where a value can also be measured, that is another reading.
POWER_LIMIT: Final = Reading[float](
    "power_limit", Quantity.POWER, Category.CONFIG, setting=True
)
CORE_CLOCK_SET: Final = Reading[float](
    "core_clock_set", Quantity.CLOCK, Category.CONFIG, setting=True
)
MEMORY_CLOCK_SET: Final = Reading[float](
    "memory_clock_set", Quantity.CLOCK, Category.CONFIG, enabled=False, setting=True
)
CORE_VOLTAGE_SET: Final = Reading[float](
    "core_voltage_set", Quantity.VOLTAGE, Category.CONFIG, setting=True
)
FAN_LEVEL_SET: Final = Reading[float](
    "fan_level_set", Quantity.RATIO, Category.CONFIG, precision=0, setting=True
)
FAN_AUTO: Final = Reading[bool](
    "fan_auto", Quantity.FLAG, Category.CONFIG, setting=True
)
"""Whether the miner controls its fans itself."""
TEMPERATURE_TARGET: Final = Reading[float](
    "temperature_target", Quantity.TEMPERATURE, Category.CONFIG, setting=True
)
WORK_MODE: Final = Reading[str](
    "work_mode",
    Quantity.CHOICE,
    Category.CONFIG,
    choices=(
        "eco",
        "standard",
        "super",
        "low",
        "normal",
        "high",
        "sleep",
        "heating",
        "mining",
        "night",
    ),
    setting=True,
)
"""The makes' modes; a control's options are those that the miner has."""
LOCATE: Final = Reading[bool]("locate", Quantity.FLAG, Category.CONFIG, setting=True)
"""A light to find the device by, whose state can be read; else `IDENTIFY`."""

RESTART_MINER: Final = Action("restart_miner", Category.CONFIG, restarts=True)
REBOOT: Final = Action("reboot", Category.CONFIG, restarts=True)
IDENTIFY: Final = Action("identify", Category.CONFIG)
"""Makes the device blink for a while."""
STOP: Final = Action("stop", Category.CONFIG, enabled=False)
"""Ends mining; unlike the mining switch, it cannot always be undone from here."""
