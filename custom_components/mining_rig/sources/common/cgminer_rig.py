"""What all miners with the cgminer socket report alike: rates, shares, the pool.

Keys of hashrates hold unit and window: "MHS 5s", "GHS 1m", "KHS 30s", "MHS av".
"""

from collections.abc import Iterable
import re
from typing import Any, Final

from ...model import Reading, Window
from ...readings import (
    ACCEPTED,
    HASHRATE,
    MINING,
    POOL,
    POOL_CONNECTED,
    REJECTED,
    STALE,
    STATUS,
    Status,
)
from .cgminer import CgminerClient
from .decoding import Fields, Values
from .optional_requests import OptionalRequests
from .public_text import public_address

_FACTORS: Final = {"": 1.0, "K": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "P": 1e15}
_RATE: Final = re.compile(r"([KMGTP]?)HS (\d{1,5})([smh])", re.IGNORECASE)
_AVERAGE: Final = re.compile(r"([KMGTP]?)HS av", re.IGNORECASE)
_SECONDS: Final = {"s": 1, "m": 60, "h": 3600}
_WINDOWS: Final = {
    60: Window.M1,
    300: Window.M5,
    900: Window.M15,
    1800: Window.M30,
    3600: Window.H1,
}
_SHARES: Final[tuple[tuple[Reading[int], str], ...]] = (
    (ACCEPTED, "Accepted"),
    (REJECTED, "Rejected"),
    (STALE, "Stale"),
)
_FEE: Final = "devfee"


def as_fields(records: Iterable[Any] | None) -> list[Fields]:
    """Return the records of a section, which may be missing."""
    return [Fields(record) for record in records or ()]


async def optional_records(
    optional: OptionalRequests, client: CgminerClient, command: str, section: str
) -> list[Fields]:
    """Return the records of an answer that a poll can do without; none if it fails."""
    answer = await optional.ask(command, lambda: client.ask(command))
    return [] if answer is None else as_fields(answer.sections.get(section))


def rates(record: Fields) -> dict[float, float]:
    """Return the hashrates in H/s by the seconds of their windows, the average by inf.

    Numbers that are text must have been made numbers before.
    """
    data = record.raw()
    found: dict[float, float] = {}
    for key in data if isinstance(data, dict) else ():
        if match := _RATE.fullmatch(key):
            window = float(match[2]) * _SECONDS[match[3].lower()]
        elif match := _AVERAGE.fullmatch(key):
            window = float("inf")
        else:
            continue
        rate = record.number(key, scale=_FACTORS[match[1].upper()])
        if rate is not None:
            # Where one is there in two units, the larger number has more digits.
            found[window] = max(rate, found.get(window, 0))
    return found


def present_rate(record: Fields) -> float | None:
    """Return the hashrate over the shortest time in H/s, else the average."""
    found = rates(record)
    return found[min(found)] if found else None


def put_averages(values: Values, record: Fields, uptime: float | None) -> None:
    """Add the averages that are full after an uptime in seconds."""
    for seconds, rate in rates(record).items():
        window = _WINDOWS.get(int(seconds)) if seconds < float("inf") else None
        if window is not None and uptime is not None and uptime >= seconds:
            values[HASHRATE.channel(window)] = rate


def put_shares(
    values: Values,
    summary: Iterable[Fields],
    devices: Iterable[Fields],
    pools: Iterable[Fields],
) -> None:
    """Add the shares: of the summary, else of the devices, else of the pools.

    Pools of the maker's fee do not count, nor do numbers with decimals.
    """
    own = [
        pool
        for pool in pools
        if _FEE not in (pool.text("URL") or pool.text("url") or "").casefold()
        and _FEE not in (pool.text("User") or pool.text("user") or "").casefold()
    ]
    for records in (list(summary), list(devices), own):
        found = {
            reading: sum(counts)
            for reading, key in _SHARES
            if (
                counts := [
                    c for record in records if (c := _count(record, key)) is not None
                ]
            )
        }
        if ACCEPTED in found:
            for reading, count in found.items():
                values[reading.plain] = count
            return


def has_shares(records: Iterable[Fields]) -> bool:
    """Return whether any record counts shares."""
    return any(_count(record, "Accepted") is not None for record in records)


def _count(record: Fields, key: str) -> int | None:
    for name in (key, key.lower()):
        if type(record.raw(name)) is int:
            return record.count(name)
    return None


def active_pool(pools: Iterable[Fields]) -> Fields | None:
    """Return the pool in use, None where there is none.

    It is the one with an active connection and the most recent share, else the first
    that answers, by priority.
    """
    known = list(pools)
    active = [pool for pool in known if pool.raw("Stratum Active") is True]
    if active:
        return max(active, key=_last_share)
    alive = [pool for pool in known if _status(pool) == "alive"]
    return min(alive, key=_priority) if alive else None


def put_pool(values: Values, pools: Iterable[Fields]) -> None:
    """Add the pool in use, and whether any answers."""
    known = list(pools)
    if not known:
        return
    pool = active_pool(known)
    values[POOL_CONNECTED.plain] = pool is not None
    if pool is not None:
        url = _text(pool, "URL", "url", "Stratum URL")
        values.put(POOL.plain, (url and public_address(url)) or None)


def _text(fields: Fields, *keys: str) -> str | None:
    return next((text for key in keys if (text := fields.text(key))), None)


def _status(pool: Fields) -> str:
    return (_text(pool, "Status", "status") or "").casefold()


def _last_share(pool: Fields) -> float:
    return _number(pool, "Last Share Time", "lstime")


def _priority(pool: Fields) -> float:
    return _number(pool, "Priority", "priority")


def _number(fields: Fields, *keys: str) -> float:
    found: list[Any] = [fields.raw(key) for key in keys]
    return next((value for value in found if type(value) in (int, float)), 0)


def starting() -> Values:
    """Return what is known of a rig whose mining program restarts."""
    values = Values()
    values[HASHRATE.plain] = 0.0
    values[MINING.plain] = False
    values[STATUS.plain] = Status.STARTING.value
    return values
