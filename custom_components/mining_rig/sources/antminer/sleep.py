"""Sleep and wake: the whole configuration is written, and no pool is ever lost."""

from typing import Any, Final

from ...model import Value
from ..common.contract import CommandRefused, JsonObject, SourceError
from .api import AntminerPages

_CONFIG: Final = "get_miner_conf.cgi"
_WRITE: Final = "set_miner_conf.cgi"
_MODE: Final = "bitmain-work-mode"
_ASLEEP: Final = 1
_KEPT: Final = {
    "bitmain-fan-ctrl": "bitmain-fan-ctrl",
    "bitmain-fan-pwm": "bitmain-fan-pwm",
    "freq-level": "bitmain-freq-level",
}
"""The keys that are written, and those under which they are read."""


def is_awake(config: JsonObject) -> bool | None:
    """Return whether a configuration lets the machine mine; None where it is unknown."""
    mode = config.get(_MODE)
    if isinstance(mode, bool) or not isinstance(mode, int | str):
        return None
    text = str(mode).strip()
    return text != str(_ASLEEP) if text.isdecimal() else None


def body_for(config: JsonObject, *, awake: bool) -> JsonObject:
    """Return what sets the mode and leaves everything else as it was read.

    Raises CommandRefused for a configuration without pools: writing it would erase them.
    """
    pools = config.get("pools")
    if not _are_pools(pools) or is_awake(config) is None:
        raise CommandRefused("antminer_config")
    kept = {written: config[read] for written, read in _KEPT.items() if read in config}
    mode: Any = 0 if awake else _ASLEEP
    if isinstance(config[_MODE], str):
        mode = str(mode)
    return {"pools": pools, **kept, "miner-mode": mode}


def _are_pools(pools: Any) -> bool:
    return (
        isinstance(pools, list)
        and bool(pools)
        and all(isinstance(pool, dict) and "url" in pool for pool in pools)
        and any(pool["url"] for pool in pools)
    )


async def read_config(pages: AntminerPages) -> JsonObject:
    """Return the configuration as it was sent, with its secrets."""
    return await pages.raw_page(_CONFIG)


async def set_awake(pages: AntminerPages, value: Value) -> None:
    """Put the machine to sleep, or wake it. Raises a SourceError.

    The pools are compared afterwards and written once more where one was lost.
    """
    before = await read_config(pages)
    if is_awake(before) is bool(value):
        return
    body = body_for(before, awake=bool(value))
    problem: SourceError | None = None
    try:
        answer = await pages.post(_WRITE, body)
        if answer.get("stats") != "success" and "code" in answer:
            code = str(answer["code"])[:20]
            problem = CommandRefused("antminer_refused", {"code": code})
    except SourceError as err:
        # It may have been carried out all the same.
        problem = err
    try:
        after = await read_config(pages)
    except SourceError:
        after = None
    if after is not None and after.get("pools") != before["pools"]:
        try:
            await pages.post(_WRITE, body_for(before, awake=is_awake(before) is True))
        except SourceError as err:
            raise CommandRefused("antminer_pools_lost") from err
        raise CommandRefused("antminer_pools_restored")
    if problem is not None:
        raise problem
