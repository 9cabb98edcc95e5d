"""What a pushed body says, field by field.

Wire facts: the field tables of the Mining Rig Monitor API 5.0.0 and what its agents
really send. A field that cannot be understood is not known; it never costs the others.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from functools import lru_cache
import math
import re
from typing import Any, Final

from ...hashrate import parse_hashrate, parse_unit
from ...model import RIG, Channel, PartKind, Quantity, Reading, Window
from ...readings import (
    ACCEPTED,
    ALGORITHM,
    COIN,
    CORE_CLOCK,
    EFFICIENCY,
    FAN_LEVEL,
    FAN_SPEED,
    HASHRATE,
    MEMORY_CLOCK,
    MEMORY_TEMPERATURE,
    MINING,
    POOL,
    POOL_ACCEPTED,
    POOL_CONNECTED,
    POOL_REJECTED,
    POWER,
    POWER_ESTIMATE,
    REJECTED,
    STARTED,
    TEMPERATURE,
)
from ..common.contract import JsonObject
from ..common.decoding import LONGEST_TEXT, Values
from . import readings

NOMINAL_POWER: Final = 3500
"""W; the constant that ASIC Sentry sends in place of a measurement."""
CPU: Final = "cpu"
"""Key of the part that is a rig's CPU."""

_MOST_GPUS: Final = 32
_COLDEST: Final = -273.15
# What no rig reaches is no measurement.
_HOTTEST: Final = 1000
_STRONGEST: Final = 1e6
_FASTEST: Final = 1e6
_LEAST_RATE: Final = 1e-6
_HIGHEST_RATE: Final = 1e27
_LONGEST_NUMBER: Final = 40
_LARGEST: Final = 1e200
_LARGEST_COUNT: Final = 2**63
_NUMBER: Final = re.compile(r"[-+]?[0-9]+(\.[0-9]+)?([eE][-+]?[0-9]{1,3})?")
_GPU: Final = re.compile(r"gpu_([1-9][0-9]?)_([a-z].*)")
_CLOCK: Final = re.compile(r"([0-9]{1,6}):([0-9]{1,2}):([0-9]{1,2}):([0-9]{1,2})")
_WORDS: Final = re.compile(r"([0-9]{1,9}) *(minute|hour|day|week|year|decade)s?")
_SECONDS: Final = {
    "minute": 60,
    "hour": 3600,
    "day": 86400,
    "week": 7 * 86400,
    "year": 365 * 86400,
    "decade": 3650 * 86400,
}
_LONGEST_UPTIME: Final = 50 * 365 * 86400
_RAM: Final = re.compile(r"([0-9]{1,6}) *([KMGT])i?B?", re.IGNORECASE)
_RAM_FACTOR: Final = {"k": 2**10, "m": 2**20, "g": 2**30, "t": 2**40}


class RigType(StrEnum):
    """The two sorts of rigs; each has paths and codes of its own."""

    ASIC = "asic"
    CPU_GPU = "cpu_gpu"


class Message(StrEnum):
    """What a pushed body is."""

    SPECS = "specs"
    LOG = "log"


REQUIRED: Final[Mapping[tuple[RigType, Message], tuple[str, ...]]] = {
    (RigType.ASIC, Message.SPECS): ("model", "firmware_version", "software_version"),
    # hashboard_1_temp_1 stands there too, by a slip of the original.
    (RigType.ASIC, Message.LOG): (
        "hashrate_5_min",
        "hashrate_uom",
        "uptime",
        "pool_1_address",
        "pool_1_user",
        "pool_1_state",
        "fan_1_speed",
        "lan_ip",
        "coin_name",
        "power",
    ),
    (RigType.CPU_GPU, Message.SPECS): ("motherboard_name", "cpu_name", "ram_size"),
    (RigType.CPU_GPU, Message.LOG): (),
}
_SIGNS: Final[Mapping[tuple[RigType, Message], frozenset[str]]] = {
    (RigType.ASIC, Message.SPECS): frozenset(
        ("model", "model_variant", "firmware_version", "software_version")
    ),
    (RigType.CPU_GPU, Message.SPECS): frozenset(
        ("motherboard_name", "cpu_name", "ram_size")
    ),
}
_OF_ASIC: Final = re.compile(r"hashrate_(5|30)_min|hashboard_.+|pool_[1-3]_.+|fan_.+")
_OF_CPU_GPU: Final = re.compile(r"cpu_.+|gpu_.+")


def cleaned(body: Any) -> JsonObject:
    """Return a body's fields; null, blank and absent are the same.

    What is no object has no fields.
    """
    if not isinstance(body, dict):
        return {}
    return {
        key: value
        for key, value in body.items()
        if value is not None and not (type(value) is str and not value.strip())
    }


def missing(rig_type: RigType, message: Message, body: JsonObject) -> list[str]:
    """Return the required fields that a cleaned body lacks."""
    return [key for key in REQUIRED[rig_type, message] if key not in body]


def recognize(rig_type: RigType, body: JsonObject) -> Message | None:
    """Tell by its fields what a cleaned body is; None where another sort sent it."""
    if not body.keys().isdisjoint(_SIGNS[rig_type, Message.SPECS]):
        return Message.SPECS
    other = RigType.CPU_GPU if rig_type is RigType.ASIC else RigType.ASIC
    if not body.keys().isdisjoint(_SIGNS[other, Message.SPECS]):
        return None
    own, foreign = (
        (_OF_ASIC, _OF_CPU_GPU) if rig_type is RigType.ASIC else (_OF_CPU_GPU, _OF_ASIC)
    )
    if any(foreign.fullmatch(key) for key in body):
        if not any(own.fullmatch(key) for key in body):
            return None
    return Message.LOG


# ---- specifications


def keep_specs(body: JsonObject) -> dict[str, str]:
    """Return what is worth keeping of specifications: texts, white space collapsed."""
    kept = {}
    for key, value in body.items():
        if key in _SPECS or _is_gpu_name(key):
            if type(value) is str and (text := _one_line(value)):
                kept[key] = text
    return kept


_SPECS: Final = frozenset(key for signs in _SIGNS.values() for key in signs)


def _is_gpu_name(key: str) -> bool:
    match = _GPU.fullmatch(key)
    return bool(match and match[2] == "name" and int(match[1]) <= _MOST_GPUS)


def _one_line(text: str) -> str:
    words = " ".join(text.split())
    if not words.isprintable():
        words = "".join(filter(str.isprintable, words))
    return words if len(words) <= LONGEST_TEXT else words[:LONGEST_TEXT].strip()


@dataclass(frozen=True, slots=True)
class Facts:
    """What specifications say of a rig."""

    model: str | None = None
    version: str | None = None
    values: Values = field(default_factory=Values)
    names: Mapping[str, str] = field(default_factory=dict)
    """Names of parts by their keys."""


def parse_specs(rig_type: RigType, kept: Any) -> Facts:
    """Read specifications as they were kept."""
    kept = kept if isinstance(kept, dict) else {}
    texts = {str(k): v for k, v in kept.items() if isinstance(v, str)}
    values = Values()
    if rig_type is RigType.ASIC:
        values.put(readings.SOFTWARE.plain, texts.get("software_version"))
        variant = texts.get("model_variant", "unknown")
        words = [texts.get("model"), variant if variant != "unknown" else None]
        return Facts(
            model=" ".join(filter(None, words)) or None,
            version=texts.get("firmware_version"),
            values=values,
        )
    values.put(readings.MEMORY.plain, _memory(texts.get("ram_size", "")))
    names = {CPU: texts["cpu_name"]} if "cpu_name" in texts else {}
    for key, text in texts.items():
        if _is_gpu_name(key):
            names[key.removesuffix("_name")] = text
    return Facts(model=texts.get("motherboard_name"), values=values, names=names)


def _memory(text: str) -> float | None:
    """Read whole GiB that are called GB: `125GB`."""
    match = _RAM.fullmatch(text.strip())
    return int(match[1]) * _RAM_FACTOR[match[2].lower()] if match else None


# ---- logs


type Shares = Mapping[Channel[int], dict[int, int | None]]
"""Counters of the pools in use by their numbers, None if unknown, by their total."""


@dataclass(frozen=True, slots=True)
class Log:
    """One log: what each part told, and what to conclude from it."""

    parts: Mapping[str, Values]
    kinds: Mapping[str, PartKind]
    """Kinds of the parts by key, the rig apart, in the order of their numbers."""
    is_empty: bool
    """A heartbeat: nothing but null."""
    works: bool | None
    """Whether it does work; None where the log says nothing of it."""
    unparsed: tuple[str, ...]
    shares: Shares = field(default_factory=dict)


@dataclass(slots=True)
class ShareTotals:
    """Adds the counters of pools up, over logs in which one of them may be missing.

    A total of counters never falls because something is not known.
    """

    _last: dict[Channel[int], dict[int, int]] = field(default_factory=dict)

    def add(self, shares: Shares) -> Values:
        """Return the totals that are known now that a log tells this."""
        totals = Values()
        for total, told in shares.items():
            last = self._last.setdefault(total, {})
            known = [(n, count) for n, count in told.items() if count is not None]
            for number, count in known:
                if count < last.get(number, 0):
                    # The miner has restarted, and all its counters with it.
                    last.clear()
                    break
            last.update(known)
            if known and last.keys() >= told.keys():
                totals[total] = sum(last.values())
        return totals


def parse_log(rig_type: RigType, body: JsonObject, now: datetime) -> Log:
    """Read a cleaned log."""
    return (_asic_log if rig_type is RigType.ASIC else _cpu_gpu_log)(body, now)


class _Body:
    """A cleaned body, read leniently: numbers may be written as texts."""

    __slots__ = ("data", "unparsed")

    def __init__(self, data: JsonObject) -> None:
        """Take the body; `unparsed` gets the names of what makes no sense."""
        self.data = data
        self.unparsed: list[str] = []

    def text(self, *keys: str) -> str | None:
        """Return the text of the first key that is there."""
        for key in keys:
            found = self.data.get(key)
            if type(found) is str:
                return _one_line(found) or None
            if found is not None:
                self.unparsed.append(key)
        return None

    def number(
        self, key: str, *, minimum: float = 0, maximum: float = _LARGEST
    ) -> float | None:
        """Return a finite number within the bounds."""
        found = self.data.get(key)
        if found is None:
            return None
        if type(found) is str:
            found = _unquoted(found)
        # A boolean is no number here, and not-a-number is within no bounds.
        if (type(found) is int or type(found) is float) and minimum <= found <= maximum:
            return found
        self.unparsed.append(key)
        return None

    def temperature(self, key: str) -> float | None:
        """Return °C."""
        return self.number(key, minimum=_COLDEST, maximum=_HOTTEST)

    def count(self, key: str) -> int | None:
        """Return a whole number."""
        found = self.number(key, maximum=_LARGEST_COUNT)
        if found is None or found == int(found):
            return None if found is None else int(found)
        self.unparsed.append(key)
        return None

    def rate(self, key: str, unit: str | None) -> tuple[float, str | None] | None:
        """Return work per second and its base unit, which is None if unknown."""
        raw = self.data.get(key)
        if raw is None:
            return None
        found: tuple[float, str | None] | None = None
        if type(raw) is str and len(raw) <= _LONGEST_NUMBER:
            found = parse_hashrate(raw, unit)
        if found is None:
            if (value := self.number(key)) is None:
                return None
            factor, base = _unit(unit or "")
            found = value * factor, base
        if found[0] and not _LEAST_RATE <= found[0] <= _HIGHEST_RATE:
            self.unparsed.append(key)
            return None
        return found

    def started(self, now: datetime) -> datetime | None:
        """Return the start moment that the uptime tells."""
        raw = self.data.get("uptime")
        if raw is None:
            return None
        if (seconds := uptime_seconds(raw)) is None:
            self.unparsed.append("uptime")
            return None
        return now - timedelta(seconds=seconds)


@lru_cache(maxsize=64)
def _unit(text: str) -> tuple[float, str | None]:
    """Return factor and base of a unit; agents spell theirs always the same."""
    return parse_unit(text) or (1, None)


def _unquoted(text: str) -> float | None:
    """Return the number that a text is."""
    if len(text) > _LONGEST_NUMBER:
        return None
    if (match := _NUMBER.fullmatch(text.strip())) is None:
        return None
    return int(match[0]) if match[1] is match[2] is None else float(match[0])


def uptime_seconds(raw: Any) -> float | None:
    """Read `DD:HH:MM:SS`, a bare number of seconds, or `1 day, 2 hours`.

    Returns None for anything else.
    """
    if isinstance(raw, bool):
        return None
    seconds: float | None = None
    if isinstance(raw, str):
        text = raw.strip().lower()
        if match := _CLOCK.fullmatch(text):
            days, hours, minutes, rest = map(int, match.groups())
            seconds = ((days * 24 + hours) * 60 + minutes) * 60 + rest
        elif text.isascii() and text.isdigit() and len(text) <= 12:
            seconds = int(text)
        else:
            seconds = _spelt_out(text.removeprefix("up "))
    elif isinstance(raw, int | float) and math.isfinite(raw):
        seconds = raw
    if seconds is None or not 0 <= seconds <= _LONGEST_UPTIME:
        return None
    return seconds


def _spelt_out(text: str) -> float | None:
    total = 0
    for piece in text.split(","):
        if (match := _WORDS.fullmatch(piece.strip())) is None:
            return None
        total += int(match[1]) * _SECONDS[match[2]]
    return total


_RATES: Final[Mapping[str | None, Reading[float]]] = {
    "H/s": HASHRATE,
    "Sol/s": readings.SOLUTIONS,
    "g/s": readings.GRAPHS,
}


def _put_rate(
    values: Values, rate: tuple[float, str | None] | None, number: int | None = None
) -> float | None:
    """Put a rate where its unit says; return it."""
    if rate is None:
        return None
    value, base = rate
    values[_RATES.get(base, readings.RATE).channel(number=number)] = value
    return value


# ---- logs of ASICs; what is always the same is looked up once


@dataclass(frozen=True, slots=True)
class _Pool:
    """Where the fields of a pool of an ASIC go."""

    number: int
    keys: tuple[str, ...]
    """Those that say whether it is in use."""
    address: Channel[str]
    user: Channel[str]
    connected: Channel[bool]
    shares: tuple[tuple[Channel[int], str, Channel[int]], ...]
    """Total, field and channel of its counters."""


@dataclass(frozen=True, slots=True)
class _Board:
    """Where the fields of a hashboard of an ASIC go."""

    part: str
    prefix: str
    temperatures: tuple[tuple[str, Channel[float]], ...]


_BOARDS: Final = tuple(
    _Board(
        part=f"hashboard_{board}",
        prefix=f"hashboard_{board}_",
        temperatures=tuple(
            (f"hashboard_{board}_temp_{place}", TEMPERATURE.channel(number=place))
            for place in (1, 2)
        ),
    )
    for board in (1, 2, 3)
)
_BOARD_KINDS: Final = {board.part: PartKind.HASHBOARD for board in _BOARDS}
_FANS: Final = tuple(
    (f"fan_{fan}_speed", FAN_SPEED.channel(number=fan)) for fan in (1, 2, 3, 4)
)
_POOLS: Final = tuple(
    _Pool(
        number=pool,
        keys=(f"pool_{pool}_address", f"pool_{pool}_user", f"pool_{pool}_state"),
        address=POOL.channel(number=pool),
        user=readings.POOL_USER.channel(number=pool),
        connected=POOL_CONNECTED.channel(number=pool),
        shares=(
            (
                ACCEPTED.plain,
                f"pool_{pool}_accepted_share",
                POOL_ACCEPTED.channel(number=pool),
            ),
            (
                REJECTED.plain,
                f"pool_{pool}_rejected_share",
                POOL_REJECTED.channel(number=pool),
            ),
        ),
    )
    for pool in (1, 2, 3)
)
_ASIC_RATES: Final[
    Mapping[str | None, tuple[Channel[float], Channel[float], Channel[float]]]
] = {
    base: (
        reading.plain,
        reading.channel(Window.M5),
        reading.channel(Window.M30),
    )
    for base, reading in (*_RATES.items(), (None, readings.RATE))
}
_STATES: Final = {"connected": True, "unconnected": False}


def _asic_log(data: JsonObject, now: datetime) -> Log:
    body = _Body(data)
    rig = Values()
    uom = body.text("hashrate_uom")
    rate = _put_asic_rates(rig, body, "", uom)
    if rate is not None:
        rig[MINING.plain] = rate > 0
    shares = _put_pools(rig, body)
    for key, channel in _FANS:
        rig.put(channel, body.number(key, maximum=_FASTEST))
    rig.put(readings.REJECTION.plain, body.number("pool_rejection_rate"))
    rig.put(STARTED.plain, body.started(now))
    _put_addresses(rig, body)
    rig.put(COIN.plain, body.text("coin_name"))
    watts = body.number("power", maximum=_STRONGEST)
    if watts == NOMINAL_POWER:
        rig[POWER_ESTIMATE.plain] = watts
    else:
        rig.put(POWER.plain, watts)
    parts = {RIG: rig}
    for board in _BOARDS:
        values = parts[board.part] = Values()
        _put_asic_rates(values, body, board.prefix, uom)
        for key, channel in board.temperatures:
            values.put(channel, body.temperature(key))
    return Log(
        parts=_told(parts),
        kinds=_BOARD_KINDS,
        is_empty=not data,
        works=None if rate is None else rate > 0,
        unparsed=tuple(body.unparsed),
        shares=shares,
    )


def _put_asic_rates(
    values: Values, body: _Body, prefix: str, uom: str | None
) -> float | None:
    """Put the rates of 5 and 30 minutes; the first is the newest, too, and returned."""
    newest = body.rate(f"{prefix}hashrate_5_min", uom)
    if newest is not None:
        now, five_minutes, _ = _ASIC_RATES[newest[1]]
        values[now] = values[five_minutes] = newest[0]
    if (slow := body.rate(f"{prefix}hashrate_30_min", uom)) is not None:
        values[_ASIC_RATES[slow[1]][2]] = slow[0]
    return None if newest is None else newest[0]


def _put_pools(rig: Values, body: _Body) -> Shares:
    """Put what is told of each pool; return the counters of those in use."""
    shares: Shares = {ACCEPTED.plain: {}, REJECTED.plain: {}}
    data = body.data
    for pool in _POOLS:
        # Of an unused one agents tell that it is not connected, and 0 shares.
        is_used = pool.keys[0] in data or pool.keys[1] in data
        for total, key, channel in pool.shares:
            count = body.count(key)
            if count is not None:
                rig[channel] = count
            if is_used or count is not None:
                shares[total][pool.number] = count
        if not is_used:
            continue
        address, user, state = map(body.text, pool.keys)
        rig.put(pool.user, user)
        if address is None:
            continue
        rig[pool.address] = address
        if (connected := _STATES.get((state or "").lower())) is None:
            continue
        rig[pool.connected] = connected
        if connected:
            rig[POOL_CONNECTED.plain] = True
            rig.setdefault(POOL.plain, address)
        else:
            rig.setdefault(POOL_CONNECTED.plain, False)
    return shares


def _put_addresses(rig: Values, body: _Body) -> None:
    rig.put(readings.LAN_ADDRESS.plain, body.text("lan_ip"))
    rig.put(readings.WAN_ADDRESS.plain, body.text("wan_ip"))


def _cpu_gpu_log(data: JsonObject, now: datetime) -> Log:
    body = _Body(data)
    rig = Values()
    rig.put(STARTED.plain, body.started(now))
    _put_addresses(rig, body)
    for number in (1, 2):
        for reading, keys in (
            (readings.GPU_ALGORITHM, (f"gpu_algorithm_{number}",)),
            (readings.GPU_COIN, (f"gpu_coin_name_{number}",)),
            (readings.GPU_POOL, (f"gpu_pool_address_{number}",)),
            (
                readings.GPU_WALLET,
                (f"gpu_wallet_address_{number}", f"gpu_wallet_{number}"),
            ),
        ):
            rig.put(reading.channel(number=number), body.text(*keys))
    parts = {RIG: rig}
    kinds = {}
    cpu = Values()
    rates = [_put_rate(cpu, body.rate("cpu_hashrate", body.text("cpu_hashrate_uom")))]
    cpu.put(TEMPERATURE.plain, body.temperature("cpu_temp"))
    cpu.put(POWER.plain, body.number("cpu_power", maximum=_STRONGEST))
    cpu.put(ALGORITHM.plain, body.text("cpu_algorithm"))
    cpu.put(COIN.plain, body.text("cpu_coin_name"))
    cpu.put(POOL.plain, body.text("cpu_pool_address"))
    cpu.put(readings.WALLET.plain, body.text("cpu_wallet_address", "cpu_wallet"))
    if cpu:
        parts[CPU] = cpu
        kinds[CPU] = PartKind.CPU
    for gpu in range(1, _last_gpu(data) + 1):
        values = Values()
        rates += _put_gpu(values, body, f"gpu_{gpu}_")
        parts[f"gpu_{gpu}"] = values
        kinds[f"gpu_{gpu}"] = PartKind.GPU
    told = [rate for rate in rates if rate is not None]
    works = any(told) if told else None
    if works is not None:
        rig[MINING.plain] = works
    return Log(
        parts=_told(parts),
        kinds=kinds,
        is_empty=not data,
        works=works,
        unparsed=tuple(body.unparsed),
    )


def _last_gpu(data: JsonObject) -> int:
    """Return the highest number of a GPU of which anything is told."""
    told = [0]
    for key in data:
        if key.startswith("gpu_") and (match := _GPU.fullmatch(key)):
            if match[2] in _GPU_FIELDS and (number := int(match[1])) <= _MOST_GPUS:
                told.append(number)
    return max(told)


_GPU_FIELDS: Final = frozenset(
    (
        "core_temp",
        "mem_temp",
        "core_clock",
        "mem_clock",
        "power",
        "fan",
        "hashrate_1",
        "hashrate_2",
    )
)


def _put_gpu(values: Values, body: _Body, prefix: str) -> list[float | None]:
    values.put(TEMPERATURE.plain, body.temperature(f"{prefix}core_temp"))
    values.put(MEMORY_TEMPERATURE.plain, body.temperature(f"{prefix}mem_temp"))
    values.put(CORE_CLOCK.plain, body.number(f"{prefix}core_clock", maximum=_FASTEST))
    values.put(MEMORY_CLOCK.plain, body.number(f"{prefix}mem_clock", maximum=_FASTEST))
    values.put(POWER.plain, body.number(f"{prefix}power", maximum=_STRONGEST))
    unit = (body.text("gpu_fan_uom") or "%").lower()
    if unit == "%":
        values.put(FAN_LEVEL.plain, body.number(f"{prefix}fan", maximum=_FASTEST))
    elif unit == "rpm":
        values.put(FAN_SPEED.plain, body.number(f"{prefix}fan", maximum=_FASTEST))
    first, second = (
        body.rate(f"{prefix}hashrate_{number}", body.text(f"gpu_hashrate_uom_{number}"))
        for number in (1, 2)
    )
    return [_put_rate(values, first), _put_rate(values, second, 2)]


def _told(parts: dict[str, Values]) -> dict[str, Values]:
    """Leave out the last parts that told nothing: their numbers count from 1."""
    told = list(parts)
    while len(told) > 1 and not parts[told[-1]]:
        told.pop()
    return {key: parts[key] for key in told}


# ---- what stands still


_SENSED: Final = (Quantity.TEMPERATURE, Quantity.POWER, Quantity.CLOCK)


def sensed(rig_type: RigType, log: Log) -> dict[str, tuple[Any, ...]]:
    """Return what is measured on what works, by where it comes from.

    An ASIC gives all at once; a CPU/GPU rig each part. What works is what does so many
    hashes per second, or a GPU whose miner tells no rate and names its algorithm.
    """
    if rig_type is RigType.ASIC:
        if not log.works:
            return {}
        all_of_it: tuple[Any, ...] = tuple(
            (key, channel.key, value)
            for key, values in log.parts.items()
            for channel, value in values.items()
            if channel.reading.quantity in _SENSED
        )
        return {RIG: all_of_it} if all_of_it else {}
    rig = log.parts[RIG]
    names_work = readings.GPU_ALGORITHM.channel(number=1) in rig
    result = {}
    for key, values in log.parts.items():
        if key == RIG:
            continue
        rates = [
            value
            for channel, value in values.items()
            if channel.reading in _RATE_READINGS
        ]
        works = any(rates) if rates else names_work and key != CPU
        found = tuple(
            (channel.key, value)
            for channel, value in values.items()
            if channel.reading.quantity in _SENSED
        )
        if works and found:
            result[key] = found
    return result


_RATE_READINGS: Final = (HASHRATE, readings.SOLUTIONS, readings.GRAPHS, readings.RATE)


def with_rated_power(values: Values, rated: float | None) -> Values:
    """Return an ASIC's values with the owner's own idea of its power, and efficiency.

    Only what is no measurement gives way to it.
    """
    watts = values.get(POWER_ESTIMATE.plain)
    if watts is None:
        return values
    changed = Values(values)
    if rated:
        watts = rated if values.get(MINING.plain) else None
        changed.pop(POWER_ESTIMATE.plain)
        changed.put(POWER_ESTIMATE.plain, watts)
    rate = values.get(HASHRATE.plain)
    if isinstance(watts, int | float) and isinstance(rate, int | float) and rate:
        changed[EFFICIENCY.plain] = watts / rate
    return changed
