"""The answer to `/api/system/info`, in the vocabulary; pure functions.

https://github.com/bitaxeorg/ESP-Miner and
https://github.com/shufps/ESP-Miner-NerdQAxePlus: hashrates are in GH/s, voltages in mV,
currents in mA. −1 and 0 of a temperature mean that it cannot be read.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from ...hashrate import parse_hashrate
from ...model import RIG, Channel, Part, PartKind, Reading, Value, Window
from ...readings import (
    ACCEPTED,
    ALGORITHM,
    BEST_SHARE,
    BEST_SHARE_SESSION,
    BLOCKS_FOUND,
    BOARD_TEMPERATURE,
    CHIP_ERROR_RATE,
    CHIP_TEMPERATURE,
    CORE_CLOCK,
    CORE_VOLTAGE,
    DIFFICULTY,
    EXPECTED_CHIPS,
    EXPECTED_HASHRATE,
    FAN_LEVEL,
    FAN_SPEED,
    HASHRATE,
    INPUT_CURRENT,
    INPUT_VOLTAGE,
    MINING,
    MINING_ALLOWED,
    POOL,
    POOL_CONNECTED,
    POOL_LATENCY,
    POWER,
    REGULATOR_TEMPERATURE,
    REJECTED,
    SIGNAL_STRENGTH,
    STARTED,
    STATUS,
    WORKING_CHIPS,
    Status,
)
from ..common import answer_table as table
from ..common.answer_table import Row
from ..common.decoding import MOST_LISTED, Fields, Values
from . import readings
from .models import Machine

_GIGA: Final = 1e9
_MILLI: Final = 0.001
_NO_SIGNAL: Final = (-90, 0)
_FASTEST_FAN: Final = 100_000
_FULL: Final = 100
_BOOTS: Final = 30
"""Seconds after its start in which a miner has no hashrate yet."""
_STOPS_WHEN_HOT: Final = (2, 12, 0)
_COOL: Final = (("temp", 45), ("vrTemp", 95))
"""The temperatures below which an overheated miner goes on."""


def _best(channel: Channel[float], key: str) -> Row:
    """Return a row of a best share: a number, or a text such as "4.29G"."""

    def read(fields: Fields, *path: str | int) -> float | None:
        if not isinstance(found := fields.raw(*path), str):
            return fields.number(*path)
        share = parse_hashrate(found)
        return None if share is None else share[0]

    return table.row(channel, key, read)


def _flag(channel: Channel[bool], path: str | tuple[str | int, ...]) -> Row:
    """Return a row of true or false, which older releases write as 1 or 0."""
    return table.row(channel, path, read_flag)


def read_flag(fields: Fields, *path: str | int) -> bool | None:
    """Return true or false for 1 or 0 as well; None for anything else."""
    found = fields.raw(*path)
    return bool(found) if type(found) in (bool, int) and found in (0, 1) else None


def _signal(fields: Fields, *path: str | int) -> float | None:
    found = fields.number(*path, minimum=-120, maximum=0)
    return None if found in _NO_SIGNAL else found


_ROWS: Final = (
    table.positive(POWER.plain, "power"),
    table.positive(INPUT_VOLTAGE.plain, "voltage", 1e6, scale=_MILLI),
    table.temperature(REGULATOR_TEMPERATURE.plain, "vrTemp"),
    table.temperature(REGULATOR_TEMPERATURE.channel(number=2), "vrTempInt"),
    table.temperature(BOARD_TEMPERATURE.channel(number=1), "boardtemp1"),
    table.temperature(BOARD_TEMPERATURE.channel(number=2), "boardtemp2"),
    table.positive(CORE_VOLTAGE.plain, "coreVoltageActual", 1e5, scale=_MILLI),
    table.positive(CORE_CLOCK.plain, "actualFrequency"),
    table.number(CHIP_ERROR_RATE.plain, "errorPercentage", 100),
    table.count(ACCEPTED.plain, "sharesAccepted"),
    table.count(REJECTED.plain, "sharesRejected"),
    table.count(readings.PENDING.plain, "sharesPending"),
    _best(BEST_SHARE.plain, "bestDiff"),
    _best(BEST_SHARE_SESSION.plain, "bestSessionDiff"),
    table.difficulty(DIFFICULTY.plain, "stratumDiff"),
    table.difficulty(DIFFICULTY.plain, "poolDifficulty"),
    table.difficulty(readings.NETWORK_DIFFICULTY.plain, "networkDifficulty"),
    table.latency(POOL_LATENCY.plain, "lastpingrtt"),
    table.latency(POOL_LATENCY.plain, "responseTime"),
    table.count(BLOCKS_FOUND.plain, "totalFoundBlocks"),
    table.count(BLOCKS_FOUND.plain, "blockFound"),
    table.row(SIGNAL_STRENGTH.plain, "wifiRSSI", _signal),
    table.text(readings.WIFI.plain, "wifiStatus"),
    table.text(readings.RESET_REASON.plain, "lastResetReason"),
    table.text(readings.RESET_REASON.plain, "resetReason"),
    table.positive(readings.FREE_MEMORY.plain, "freeHeap"),
    table.number(readings.CPU_USAGE.plain, "cpuUsage", 100),
    _flag(readings.FALLBACK_POOL.plain, "isUsingFallbackStratum"),
    _flag(readings.FALLBACK_POOL.plain, ("stratum", "usingFallback")),
    _flag(POOL_CONNECTED.plain, "isStratumConnected"),
)
_AVERAGES: Final = {
    Window.M1: ("hashRate_1m", 60),
    Window.M10: ("hashRate_10m", 600),
    Window.H1: ("hashRate_1h", 3600),
    Window.D1: ("hashRate_1d", 86400),
}
_CHIP_TEMPERATURES: Final = (("temp", "temp2"), ("chiptemp1", "chiptemp2"))


def values(fields: Fields, machine: Machine, now: datetime) -> Values:
    """Return the values of the rig, without its settings."""
    found = Values()
    table.put_rows(found, fields, _ROWS)
    found[ALGORITHM.plain] = "SHA-256"
    found.put(STARTED.plain, fields.start(now, "uptimeSeconds"))
    # Only the boards of the NerdQAxe family measure it at their input.
    if machine.is_nerd:
        current = fields.positive("current", maximum=1e6, scale=_MILLI)
        found.put(INPUT_CURRENT.plain, current)
    _put_work(found, fields, machine)
    _put_numbered(found, CHIP_TEMPERATURE, _chip_temperatures(fields))
    _put_numbered(found, FAN_SPEED, _fan_speeds(fields, machine))
    _put_numbered(found, FAN_LEVEL, _fan_levels(fields, machine))
    _put_chips(found, fields)
    _put_pool(found, fields)
    _put_faults(found, fields)
    return found


def _put_work(found: Values, fields: Fields, machine: Machine) -> None:
    """Add the hashrates. Those of a miner at rest keep their last averages."""
    allowed = mining_allowed(fields)
    if allowed is not None:
        found[MINING_ALLOWED.plain] = allowed
    rate = fields.number("hashRate", scale=_GIGA)
    expected = fields.number("expectedHashrate", scale=_GIGA)
    found.put(EXPECTED_HASHRATE.plain, expected or None)
    rests = allowed is False or is_stopped(fields, machine)
    if not rests and not rate:
        rests = is_at_rest(fields)
        if not rests and _is_booting(fields):
            found[STATUS.plain] = Status.STARTING.value
    found.put(HASHRATE.plain, 0.0 if rests else rate)
    if rests:
        found[MINING.plain] = False
        return
    uptime = fields.number("uptimeSeconds") or 0
    for window, (key, seconds) in _AVERAGES.items():
        if uptime >= seconds:
            average = fields.number(key, scale=_GIGA)
            found.put(HASHRATE.channel(window), average)


def mining_allowed(fields: Fields) -> bool | None:
    """Return whether its owner lets it mine; None where it does not report that."""
    for key in ("miningPaused", "shutdown"):
        if (stopped := read_flag(fields, key)) is not None:
            return not stopped
    return None


def is_stopped(fields: Fields, machine: Machine) -> bool:
    """Return whether a fault or heat has stopped it, whatever hashrate it reports.

    Before 2.12, an overheated miner went on with a low clock.
    """
    if fields.text("power_fault"):
        return True
    is_hot = read_flag(fields, "overheat_mode") is True
    return is_hot and machine.is_bitaxe and machine.release >= _STOPS_WHEN_HOT


def is_cooling(fields: Fields) -> bool:
    """Return whether a miner at rest waits until it is cool.

    From 2.14 on, the flag of that may never be seen: its fan is at full speed then, and
    it is still warmer than the firmware wants it to be.
    """
    if fields.raw("fanspeed") != _FULL or fields.number("hashRate"):
        return False
    if mining_allowed(fields) is False or not is_at_rest(fields):
        return False
    return any(
        (heat := fields.number(key)) is not None and heat > limit
        for key, limit in _COOL
    )


def _is_booting(fields: Fields) -> bool:
    uptime = fields.number("uptimeSeconds")
    return uptime is not None and uptime < _BOOTS


def is_at_rest(fields: Fields) -> bool:
    """Return whether a miner without hashrate has stopped, for whatever reason."""
    return bool(
        fields.raw("actualFrequency") == 0
        or fields.raw("expectedHashrate") == 0
        or fields.text("power_fault")
        or fields.text("hardware_fault")
        or read_flag(fields, "overheat_mode")
    )


def _put_numbered(
    found: Values, reading: Reading[Any], shown: Sequence[float | None]
) -> None:
    """Add values under numbers, under none where there is a place for one only."""
    for place, value in enumerate(shown, 1):
        found.put(reading.channel(number=place if len(shown) > 1 else None), value)


def _temperature(fields: Fields, *path: str | int) -> float | None:
    found = fields.raw(*path)
    return None if found == -1 else fields.positive(*path, maximum=table.HOTTEST)


def _chip_temperatures(fields: Fields) -> list[float | None]:
    """Return the temperatures of the chips, as far as any can be told apart."""
    chips = fields.raw("asicTemps")
    if isinstance(chips, list):
        each = [_temperature(fields, "asicTemps", n) for n in range(len(chips[:32]))]
        if any(value is not None for value in each):
            return each
    for first, second in reversed(_CHIP_TEMPERATURES):
        if fields.has(first):
            pair = [_temperature(fields, first), _temperature(fields, second)]
            return pair if pair[1] is not None else pair[:1]
    return []


def _speed(fields: Fields, *path: str | int) -> float | None:
    return fields.number(*path, maximum=_FASTEST_FAN)


def _level(fields: Fields, *path: str | int) -> float | None:
    found = fields.raw(*path)
    return None if found == -1 else fields.number(*path, maximum=100)


def _fan_speeds(fields: Fields, machine: Machine) -> list[float | None]:
    if (fans := list(fields.each("fans", most=MOST_LISTED))) and machine.is_nerd:
        return [_speed(fan, "rpm") for fan in fans]
    # Until 2.1.3 and on Lucky Miner `fanSpeed` is in rpm, on BitForge in %.
    keys = [
        "fanrpm",
        "fanSpeedRpm",
        *([] if machine.maker == "BitForge" else ["fanSpeed"]),
    ]
    speeds = [_speed(fields, key) for key in keys if fields.has(key)][:1]
    for key in ("fan2rpm", "fanrpm2"):
        second = _speed(fields, key)
        if second or (second is not None and _has_second_fan(fields, machine)):
            speeds.append(second)
    return speeds


def _has_second_fan(fields: Fields, machine: Machine) -> bool:
    return machine.has_two_fans or (fields.count("fanCount") or 0) > 1


def _fan_levels(fields: Fields, machine: Machine) -> list[float | None]:
    if (fans := list(fields.each("fans", most=MOST_LISTED))) and machine.is_nerd:
        return [_level(fan, "speedPerc") for fan in fans]
    key = "fanSpeed" if machine.maker == "BitForge" else "fanspeed"
    levels = [_level(fields, key)] if fields.has(key) else []
    if fields.has("fanspeed2") and _has_second_fan(fields, machine):
        levels.append(_level(fields, "fanspeed2"))
    return levels


def _put_chips(found: Values, fields: Fields) -> None:
    """Add the chips that are there and that work, and what each does."""
    expected, working = fields.count("asicCount"), fields.count("asicDetected")
    chips = list(fields.each("hashrateMonitor", "asics", most=MOST_LISTED))[:32]
    if expected is None and chips:
        expected = len(chips)
    found.put(EXPECTED_CHIPS.plain, expected)
    found.put(WORKING_CHIPS.plain, working)
    if expected is not None and working is not None:
        found[readings.MISSING_CHIPS.plain] = working < expected
    errors = [chip.count("errorCount") for chip in chips]
    _put_numbered(found, readings.CHIP_ERRORS, errors)
    if found.get(MINING.plain) is not False:
        rates = [chip.number("total", scale=_GIGA) for chip in chips]
        _put_numbered(found, readings.CHIP_HASHRATE, rates)


_LONGEST_HOST: Final = 249
"""Characters, so that it is a state together with a port."""


def _put_pool(found: Values, fields: Fields) -> None:
    """Add the pool in use; where it has several, the shares are the sum of theirs."""
    second = found.get(readings.FALLBACK_POOL.plain) is True
    prefix = "fallbackStratum" if second else "stratum"
    host, port = fields.text(f"{prefix}URL"), fields.count(f"{prefix}Port")
    place = fields.count("secondaryPoolIndex" if second else "primaryPoolIndex")
    for pool in fields.each("pools", most=MOST_LISTED):
        if pool.count("id") == place:
            host, port = pool.text("stratumURL"), pool.count("stratumPort")
    if host and len(host) <= _LONGEST_HOST:
        found[POOL.plain] = _host_and_port(host, port)
    pools = list(fields.each("stratum", "pools", most=MOST_LISTED))
    connected = [
        flag for pool in pools if (flag := read_flag(pool, "connected")) is not None
    ]
    if connected:
        found[POOL_CONNECTED.plain] = any(connected)
    for reading, key in ((ACCEPTED, "accepted"), (REJECTED, "rejected")):
        counts = [count for pool in pools if (count := pool.count(key)) is not None]
        if counts:
            found[reading.plain] = sum(counts)


def _host_and_port(url: str, port: int | None) -> str:
    host = url.partition("://")[2] or url
    host = host.rpartition("@")[2].partition("/")[0].strip()
    return f"{host}:{port}" if port and ":" not in host else host


def _put_faults(found: Values, fields: Fields) -> None:
    hot = read_flag(fields, "overheat_mode")
    if not hot and is_cooling(fields):
        hot = True
    found.put(readings.OVERHEATED.plain, hot)
    faults = [fields.text(key) for key in ("power_fault", "hardware_fault")]
    text = "; ".join(fault for fault in faults if fault)
    found[readings.FAULT.plain] = bool(text)
    if text:
        found[readings.FAULT_TEXT.plain] = text[:255]


def part(machine: Machine, found: dict[Channel[Any], Value], **more: Any) -> Part:
    """Return the rig with its values."""
    return Part(
        kind=PartKind.RIG,
        key=RIG,
        manufacturer=machine.maker,
        model=machine.model,
        version=machine.version,
        values=found,
        **more,
    )
