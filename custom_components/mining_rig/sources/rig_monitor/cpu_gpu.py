"""The log of a CPU/GPU rig, as CPU/GPU Sentry 1.1.0 sends it every 5 s."""

from datetime import datetime
from typing import Final

from ...model import RIG, PartKind
from ...readings import (
    ALGORITHM,
    COIN,
    CORE_CLOCK,
    FAN_LEVEL,
    FAN_SPEED,
    MEMORY_CLOCK,
    MEMORY_TEMPERATURE,
    MINING,
    POOL,
    POWER,
    STARTED,
    TEMPERATURE,
)
from ..common.contract import JsonObject
from ..common.decoding import Values
from . import readings
from .fields import FASTEST, MOST_WATTS, Body
from .log import Log, put_addresses, put_rate, without_empty_tail
from .protocol import CPU, GPU_FIELD, MOST_GPUS

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


def parse_cpu_gpu_log(data: JsonObject, now: datetime) -> Log:
    """Parse a cleaned log received at that moment."""
    body = Body(data)
    rig = Values()
    rig.put(STARTED.plain, body.started(now))
    put_addresses(rig, body)
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
    rates = [put_rate(cpu, body.rate("cpu_hashrate", body.text("cpu_hashrate_uom")))]
    cpu.put(TEMPERATURE.plain, body.temperature("cpu_temp"))
    cpu.put(POWER.plain, body.number("cpu_power", maximum=MOST_WATTS))
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
    known = [rate for rate in rates if rate is not None]
    works = any(known) if known else None
    if works is not None:
        rig[MINING.plain] = works
    return Log(
        parts=without_empty_tail(parts),
        kinds=kinds,
        is_empty=not data,
        works=works,
        unparsed=tuple(body.unparsed),
    )


def _last_gpu(data: JsonObject) -> int:
    """Return the highest number of a GPU that the log has a field of; 0 if none."""
    numbers = [0]
    for key in data:
        if key.startswith("gpu_") and (match := GPU_FIELD.fullmatch(key)):
            if match[2] in _GPU_FIELDS and (number := int(match[1])) <= MOST_GPUS:
                numbers.append(number)
    return max(numbers)


def _put_gpu(values: Values, body: Body, prefix: str) -> list[float | None]:
    values.put(TEMPERATURE.plain, body.temperature(f"{prefix}core_temp"))
    values.put(MEMORY_TEMPERATURE.plain, body.temperature(f"{prefix}mem_temp"))
    values.put(CORE_CLOCK.plain, body.number(f"{prefix}core_clock", maximum=FASTEST))
    values.put(MEMORY_CLOCK.plain, body.number(f"{prefix}mem_clock", maximum=FASTEST))
    values.put(POWER.plain, body.number(f"{prefix}power", maximum=MOST_WATTS))
    unit = (body.text("gpu_fan_uom") or "%").lower()
    if unit == "%":
        values.put(FAN_LEVEL.plain, body.number(f"{prefix}fan", maximum=FASTEST))
    elif unit == "rpm":
        values.put(FAN_SPEED.plain, body.number(f"{prefix}fan", maximum=FASTEST))
    first, second = (
        body.rate(f"{prefix}hashrate_{number}", body.text(f"gpu_hashrate_uom_{number}"))
        for number in (1, 2)
    )
    return [put_rate(values, first), put_rate(values, second, 2)]
