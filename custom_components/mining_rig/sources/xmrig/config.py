"""The configuration that XMRig and xmrig-proxy hand out and take back.

Wire facts: GET hands out everything, PUT replaces everything. Wrong values are silently
replaced by defaults, so whatever was sent has to be read back; it shows after about
half a second.
"""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

import orjson

from ...model import Control, Value
from ..common.contract import CommandRefused, JsonObject, SourceError
from ..common.decoding import Fields
from .api import XmrigApi

APPLIED_AFTER: Final = (0.3, 0.3, 0.4, 0.5, 0.5, 1.0)
"""Seconds between looks whether a configuration was applied; 3 s in all."""

REDACTED: Final = "**REDACTED**"

_SECRETS: Final = frozenset(
    (
        "access-password",
        "access-token",
        "pass",
        "password",
        "rig-id",
        "self-select",
        "socks5",
        "spend-secret-key",
        "token",
        "user",
        "wallet",
    )
)
LOCKED: Final = frozenset(("api", "http", "tls"))
"""The door of the API itself, and the rig's identity."""

# Everything else in a pool says where the money goes.
_POOL_OPEN: Final = frozenset(
    ("algo", "coin", "enabled", "keepalive", "nicehash", "sni", "tls")
)


@dataclass(frozen=True, slots=True)
class Setting:
    """A key of the configuration that a control writes."""

    control: Control[Any]
    path: tuple[str, ...]
    read: Callable[[Fields, tuple[str, ...]], Value | None]
    to_wire: Callable[[Any], Any]

    def write(self, config: JsonObject, value: Value) -> None:
        """Change the key. Raises CommandRefused where that cannot be done."""
        *parents, key = self.path
        place: Any = config
        for parent in parents:
            place = place.get(parent) if isinstance(place, dict) else None
        if not isinstance(place, dict) or key not in place:
            raise CommandRefused("xmrig_config_rejected")
        try:
            place[key] = self.to_wire(value)
        except TypeError, ValueError:
            raise CommandRefused("xmrig_config_rejected") from None


def read_flag(fields: Fields, path: tuple[str, ...]) -> bool | None:
    """Read true or false."""
    return fields.flag(*path)


# ---- the whole configuration, for administrators


def redacted(value: Any) -> Any:
    """Return a copy without tokens, users, passwords and keys."""
    match value:
        case dict():
            return {
                key: REDACTED if key in _SECRETS and found else redacted(found)
                for key, found in value.items()
            }
        case list():
            return [redacted(item) for item in value]
        case str() if "@" in value:
            return _without_user(value)
    return value


def _without_user(text: str) -> str:
    """Return a URL without what stands before the host."""
    scheme, divider, rest = text.rpartition("://")
    return f"{scheme}{divider}{rest.rpartition('@')[2]}"


def merge(
    config: JsonObject, changes: JsonObject, locked: frozenset[str] = LOCKED
) -> None:
    """Lay changes over a configuration, object by object; lists are replaced.

    Pools are changed by their place. Raises CommandRefused for keys that could lock the
    owner out or move money.
    """
    for key in changes:
        if key in locked:
            raise _refused(key)
    for key, value in changes.items():
        if key == "pools":
            _merge_pools(config.get("pools"), value)
        else:
            _lay_over(config, key, value)


def _merge_pools(pools: Any, changes: Any) -> None:
    if not isinstance(pools, list) or not isinstance(changes, list):
        raise _refused("pools")
    if len(changes) > len(pools):
        raise _refused("pools")
    for index, (pool, change) in enumerate(zip(pools, changes, strict=False)):
        if not isinstance(pool, dict) or not isinstance(change, dict):
            raise _refused(f"pools.{index}")
        for key, value in change.items():
            if key not in _POOL_OPEN:
                raise _refused(f"pools.{index}.{key}")
            pool[key] = value


def _lay_over(place: JsonObject, key: str, value: Any) -> None:
    if isinstance(value, dict) and isinstance(old := place.get(key), dict):
        for inner, found in value.items():
            _lay_over(old, inner, found)
    else:
        place[key] = value


def _refused(key: str) -> CommandRefused:
    return CommandRefused("config_key_refused", {"key": key})


def differences(config: Any, changes: Any, path: str = "") -> Iterator[str]:
    """Go through the keys of `changes` that a configuration does not show."""
    if isinstance(changes, dict):
        for key, value in changes.items():
            found = config.get(key) if isinstance(config, dict) else None
            yield from differences(found, value, f"{path}.{key}" if path else key)
    elif path == "pools" and isinstance(changes, list) and isinstance(config, list):
        for index, value in enumerate(changes):
            found = config[index] if index < len(config) else None
            yield from differences(found, value, f"{path}.{index}")
    elif config != changes:
        yield path


async def async_change(
    api: XmrigApi, changes: JsonObject, locked: frozenset[str] = LOCKED
) -> None:
    """Change keys and return when they are shown. Raises a SourceError."""
    try:
        changes = orjson.loads(orjson.dumps(changes))
    except TypeError:
        raise CommandRefused("xmrig_config_rejected") from None
    async with api.editing() as config:
        merge(config, changes, locked)
    if missing := await _missing(api, changes):
        raise CommandRefused("xmrig_config_not_taken", {"keys": ", ".join(missing)})


async def _missing(api: XmrigApi, changes: JsonObject) -> list[str]:
    """Return the keys that were not taken over in the time that this needs."""
    missing = list(differences({}, changes))
    for pause in (0.0, *APPLIED_AFTER):
        await asyncio.sleep(pause)
        with suppress(SourceError):
            missing = list(differences(await api.config(), changes))
        if not missing:
            break
    return missing
