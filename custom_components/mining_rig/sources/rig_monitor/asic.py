"""The log of an ASIC, as ASIC Sentry 3.1.0 sends it every 5 to 10 s."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from ...hashrate import energy_per_work
from ...model import RIG, Channel, PartKind, Window
from ...readings import (
    ACCEPTED,
    COIN,
    EFFICIENCY,
    FAN_SPEED,
    HASHRATE,
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
from ..common.decoding import Values
from . import readings
from .fields import FASTEST, MOST_WATTS, Body
from .log import RATES, Log, Shares, put_addresses, without_empty_tail

NOMINAL_POWER: Final = 3500
"""W; the constant that ASIC Sentry sends in place of a measurement."""


@dataclass(frozen=True, slots=True)
class _Pool:
    """The fields of one pool and their channels."""

    number: int
    keys: tuple[str, ...]
    """Address, user and state."""
    address: Channel[str]
    user: Channel[str]
    connected: Channel[bool]
    shares: tuple[tuple[Channel[int], str, Channel[int]], ...]
    """Channel of the total, field and channel of each counter."""


@dataclass(frozen=True, slots=True)
class _Board:
    """The fields of one hashboard and their channels."""

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
    for base, reading in (*RATES.items(), (None, readings.RATE))
}
_STATES: Final = {"connected": True, "unconnected": False}


def parse_asic_log(data: JsonObject, now: datetime) -> Log:
    """Parse a cleaned log received at that moment."""
    body = Body(data)
    rig = Values()
    uom = body.text("hashrate_uom")
    rate = _put_asic_rates(rig, body, "", uom)
    if rate is not None:
        rig[MINING.plain] = rate > 0
    shares = _put_pools(rig, body)
    for key, channel in _FANS:
        rig.put(channel, body.number(key, maximum=FASTEST))
    rig.put(readings.REJECTION.plain, body.number("pool_rejection_rate"))
    rig.put(STARTED.plain, body.started(now))
    put_addresses(rig, body)
    rig.put(COIN.plain, body.text("coin_name"))
    watts = body.number("power", maximum=MOST_WATTS)
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
        parts=without_empty_tail(parts),
        kinds=_BOARD_KINDS,
        is_empty=not data,
        works=None if rate is None else rate > 0,
        unparsed=tuple(body.unparsed),
        shares=shares,
    )


def _put_asic_rates(
    values: Values, body: Body, prefix: str, uom: str | None
) -> float | None:
    """Put the rates of 5 and 30 minutes; the first, also shown as current, is returned."""
    newest = body.rate(f"{prefix}hashrate_5_min", uom)
    if newest is not None:
        now, five_minutes, _ = _ASIC_RATES[newest[1]]
        values[now] = values[five_minutes] = newest[0]
    if (slow := body.rate(f"{prefix}hashrate_30_min", uom)) is not None:
        values[_ASIC_RATES[slow[1]][2]] = slow[0]
    return None if newest is None else newest[0]


def _put_pools(rig: Values, body: Body) -> Shares:
    """Put the fields of each pool; return the counters of those in use."""
    shares: Shares = {ACCEPTED.plain: {}, REJECTED.plain: {}}
    data = body.data
    for pool in _POOLS:
        # For an unused pool, agents send "unconnected" and 0 shares.
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


def with_rated_power(values: Values, rated: float | None) -> Values:
    """Return an ASIC's values with the efficiency of its estimated power.

    `rated` (W), which the owner may set, replaces the agent's estimate while the ASIC
    mines; measured power is left as it is.
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
    if isinstance(watts, int | float) and isinstance(rate, int | float):
        changed.put(EFFICIENCY.plain, energy_per_work(watts, rate))
    return changed
