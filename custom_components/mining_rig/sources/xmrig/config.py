"""Editing the configuration of XMRig and xmrig-proxy.

GET returns all of it, PUT replaces all of it. Wrong values are silently replaced by
defaults, so what was sent has to be read back; it shows after about half a second.
"""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

import orjson

from ...model import Value
from ..common import settings
from ..common.contract import CommandRefused, JsonObject, SourceError
from .api import XmrigApi

APPLIED_AFTER: Final = (0.3, 0.3, 0.4, 0.5, 0.5, 1.0)
"""Seconds between requests whether a configuration was applied; 3 s in all."""

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
"""The API itself, and the identity of the rig."""

# Everything else in a pool decides where the money goes.
_POOL_UNLOCKED: Final = frozenset(
    ("algo", "coin", "enabled", "keepalive", "nicehash", "sni", "tls")
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting(settings.Setting):
    """A key of the configuration that a control writes."""

    to_wire: Callable[[Any], Any]
    """Converts a value of the control; raises TypeError, ValueError, CommandRefused."""

    def write(self, config: JsonObject, value: Value) -> None:
        """Change the key. Raises CommandRefused where that cannot be done."""
        *parents, key = self.path
        target: Any = config
        for parent in parents:
            target = target.get(parent) if isinstance(target, dict) else None
        if not isinstance(target, dict) or key not in target:
            raise CommandRefused("xmrig_config_rejected")
        try:
            target[key] = self.to_wire(value)
        except TypeError, ValueError:
            raise CommandRefused("xmrig_config_rejected") from None


# ---- the whole configuration, for administrators


def redacted(config: JsonObject) -> JsonObject:
    """Return a copy without tokens, users, passwords and keys."""
    copy: JsonObject = settings.redacted(config, _SECRETS.__contains__)
    return copy


def merge(
    config: JsonObject, changes: JsonObject, locked: frozenset[str] = LOCKED
) -> None:
    """Merge changes into a configuration, object by object; lists are replaced.

    Pools are merged by their index. Raises CommandRefused for keys that could lock the
    owner out or move money.
    """
    for key in changes:
        if key in locked:
            raise _refused(key)
    for key, value in changes.items():
        if key == "pools":
            _merge_pools(config.get("pools"), value)
        else:
            _merge_value(config, key, value)


def _merge_pools(pools: Any, changes: Any) -> None:
    if not isinstance(pools, list) or not isinstance(changes, list):
        raise _refused("pools")
    if len(changes) > len(pools):
        raise _refused("pools")
    for index, (pool, change) in enumerate(zip(pools, changes, strict=False)):
        if not isinstance(pool, dict) or not isinstance(change, dict):
            raise _refused(f"pools.{index}")
        for key, value in change.items():
            if key not in _POOL_UNLOCKED:
                raise _refused(f"pools.{index}.{key}")
            pool[key] = value


def _merge_value(target: JsonObject, key: str, value: Any) -> None:
    if isinstance(value, dict) and isinstance(old := target.get(key), dict):
        for inner, found in value.items():
            _merge_value(old, inner, found)
    else:
        target[key] = value


def _refused(key: str) -> CommandRefused:
    return CommandRefused("config_key_refused", {"key": key})


def differences(config: Any, changes: Any, path: str = "") -> Iterator[str]:
    """Yield the keys of `changes` that a configuration does not show."""
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
    """Change keys and return when the program shows them. Raises a SourceError."""
    try:
        changes = orjson.loads(orjson.dumps(changes))
    except TypeError:
        raise CommandRefused("xmrig_config_rejected") from None
    async with api.editing() as config:
        merge(config, changes, locked)
    if missing := await _missing(api, changes):
        raise CommandRefused("xmrig_config_not_taken", {"keys": ", ".join(missing)})


async def _missing(api: XmrigApi, changes: JsonObject) -> list[str]:
    """Return the keys that were not applied within the usual time."""
    missing = list(differences({}, changes))
    for pause in (0.0, *APPLIED_AFTER):
        await asyncio.sleep(pause)
        with suppress(SourceError):
            missing = list(differences(await api.config(), changes))
        if not missing:
            break
    return missing
