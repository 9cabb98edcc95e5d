"""Editing the configuration of XMRig and xmrig-proxy.

GET returns all of it, PUT replaces all of it. Wrong values are silently replaced by
defaults.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import orjson

from ...model import Value
from ..common import settings
from ..common.contract import CommandRefused, JsonObject

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
_ENDS_MINING: Final = frozenset(("bench", "benchmark", "dry-run", "stress"))
"""XMRig then drops its pools, from its file as well, or ends."""
_BACKENDS: Final = frozenset(("cpu", "cuda", "opencl"))

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
        target[key] = self.on_wire(value)

    def on_wire(self, value: Value) -> Any:
        """Return a value of the control as it is sent. Raises CommandRefused."""
        try:
            return self.to_wire(value)
        except TypeError, ValueError:
            raise CommandRefused("xmrig_config_rejected") from None


# ---- the whole configuration, for administrators


def redacted(config: JsonObject) -> JsonObject:
    """Return a copy without tokens, users, passwords and keys."""
    copy: JsonObject = settings.redacted(config, _SECRETS.__contains__)
    return copy


def plain(changes: JsonObject) -> JsonObject:
    """Return changes as JSON, in which 61.0 is 61, the only form that XMRig takes.

    Raises CommandRefused for what is not JSON.
    """
    try:
        found: JsonObject = _whole_numbers(orjson.loads(orjson.dumps(changes)))
    except TypeError:
        raise CommandRefused("xmrig_config_rejected") from None
    return found


def _whole_numbers(value: Any) -> Any:
    match value:
        case dict():
            return {key: _whole_numbers(found) for key, found in value.items()}
        case list():
            return [_whole_numbers(found) for found in value]
        case float() if value.is_integer():
            return int(value)
    return value


def check_keys(changes: JsonObject, locked: frozenset[str] = LOCKED) -> None:
    """Raise CommandRefused for keys that no configuration may be changed in."""
    for key in changes:
        if key in locked or key in _ENDS_MINING:
            raise _refused(key)
    pools = changes.get("pools", [])
    if not isinstance(pools, list):
        raise _refused("pools")
    for index, change in enumerate(pools):
        if not isinstance(change, dict):
            raise _refused(f"pools.{index}")
        for key in change:
            if key not in _POOL_UNLOCKED:
                raise _refused(f"pools.{index}.{key}")


def merge(
    config: JsonObject, changes: JsonObject, locked: frozenset[str] = LOCKED
) -> None:
    """Merge changes into a configuration, object by object; lists are replaced.

    Pools are merged by their index. Raises CommandRefused for keys that could lock the
    owner out, move money or end mining, and for values of another type than a section.
    """
    check_keys(changes, locked)
    for key, value in changes.items():
        if key == "pools":
            _merge_pools(config.get("pools"), value)
        elif key in _BACKENDS:
            _merge_value(config, key, value, key, is_backend=True)
        else:
            _merge_value(config, key, value, key)


def _merge_pools(pools: Any, changes: list[JsonObject]) -> None:
    if not isinstance(pools, list) or len(changes) > len(pools):
        raise _refused("pools")
    for index, (pool, change) in enumerate(zip(pools, changes, strict=False)):
        if not isinstance(pool, dict):
            raise _refused(f"pools.{index}")
        pool.update(change)


def _merge_value(
    target: JsonObject, key: str, value: Any, path: str, *, is_backend: bool = False
) -> None:
    old = target.get(key)
    if isinstance(old, dict) and isinstance(value, dict):
        for inner, found in value.items():
            if is_backend and type(found) is not type(old.get(inner)):
                # A thread profile may be a list, an object, an alias or false.
                old[inner] = found
            else:
                _merge_value(old, inner, found, f"{path}.{inner}")
        return
    if isinstance(old, dict | list) and type(value) is not type(old):
        # XMRig would replace the whole section by its defaults.
        raise CommandRefused("xmrig_config_type", {"key": path})
    target[key] = value


def _refused(key: str) -> CommandRefused:
    return CommandRefused("config_key_refused", {"key": key})


# ---- what no change may cost


def check_result(before: JsonObject, after: JsonObject) -> None:
    """Raise CommandRefused where a change would lose pools or end mining for good.

    No pool may be added, lost or pay somebody else, and one stays enabled. Every key
    that XMRig keeps is in what it shows; one that is not is dropped, or makes another
    program of it, as `benchmark` does.
    """
    for key in after:
        if key not in before or (key in _ENDS_MINING and after[key] != before[key]):
            raise CommandRefused("xmrig_config_unknown", {"key": key})
    if _payees(before) != _payees(after):
        raise _refused("pools")
    if _is_any_enabled(before) and not _is_any_enabled(after):
        raise CommandRefused("xmrig_config_rejected")


def loses_pools(before: JsonObject, shown: JsonObject) -> bool:
    """Return whether a configuration has some of the earlier pools, and no other."""
    return _payees(shown) < _payees(before)


def has_other_pools(before: JsonObject, shown: JsonObject) -> bool:
    """Return whether a configuration has pools that were not there before."""
    return not _payees(shown) <= _payees(before)


def _payees(config: JsonObject) -> Counter[bytes]:
    """Return everything in the pools that decides where the money goes."""
    pools = config.get("pools")
    return Counter(
        orjson.dumps(
            {key: value for key, value in pool.items() if key not in _POOL_UNLOCKED}
            if isinstance(pool, dict)
            else pool,
            option=orjson.OPT_SORT_KEYS,
        )
        for pool in (pools if isinstance(pools, list) else ())
    )


def _is_any_enabled(config: JsonObject) -> bool:
    pools = config.get("pools")
    return any(
        isinstance(pool, dict) and pool.get("enabled", True) is True
        for pool in (pools if isinstance(pools, list) else ())
    )
