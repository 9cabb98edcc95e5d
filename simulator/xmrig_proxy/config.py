"""The configuration of xmrig-proxy: what it makes of a document it is given.

Like xmrig-proxy 6.x, it knows its keys, replaces what it cannot use by the default and
drops the rest; a key that is left out goes back to its default, the binds included.
"""

from collections.abc import Mapping
import json
from typing import Any

from .proxy import MODES, WORKER_MODES

type Config = dict[str, Any]

_DEFAULTS: Config = {
    "access-log-file": None,
    "access-password": None,
    "algo-ext": True,
    "api": {"id": None, "worker-id": None},
    "http": {
        "enabled": False,
        "host": "127.0.0.1",
        "port": 0,
        "access-token": None,
        "restricted": True,
    },
    "background": False,
    "bind": [
        {"host": "0.0.0.0", "port": 3333, "tls": False},
        {"host": "::", "port": 3333, "tls": False},
    ],
    "colors": True,
    "custom-diff": 0,
    "custom-diff-stats": False,
    "donate-level": 0,
    "log-file": None,
    "mode": "nicehash",
    "pools": [],
    "retries": 2,
    "retry-pause": 1,
    "reuse-timeout": 0,
    "tls": {"enabled": False, "cert": None, "cert_key": None},
    "dns": {"ip_version": 0, "ttl": 30},
    "user-agent": None,
    "syslog": False,
    "verbose": False,
    "watch": True,
    "workers": True,
}
_POOL: Config = {
    "algo": None,
    "coin": None,
    "url": None,
    "user": "YOUR_WALLET_ADDRESS",
    "pass": "x",
    "rig-id": None,
    "keepalive": False,
    "enabled": True,
    "tls": False,
    "sni": False,
    "tls-fingerprint": None,
    "daemon": False,
    "socks5": None,
    "self-select": None,
    "submit-to-origin": False,
}
_LEAST_DIFFICULTY = 100
_DIFFICULTIES = range(_LEAST_DIFFICULTY, 2**31 - 1)


def normalise(document: object) -> Config | None:
    """Return what the proxy keeps of a document; None where it answers 400."""
    if not isinstance(document, Mapping):
        return None
    pools = document.get("pools")
    kept = [
        {key: pool.get(key, default) for key, default in _POOL.items()}
        for pool in (pools if isinstance(pools, list) else [])
        if isinstance(pool, Mapping) and isinstance(pool.get("url"), str)
    ]
    if not any(pool["enabled"] for pool in kept):
        return None
    config: Config = json.loads(json.dumps(_DEFAULTS))
    for key, default in _DEFAULTS.items():
        given = document.get(key)
        if isinstance(default, dict) and isinstance(given, Mapping):
            config[key] = {k: given.get(k, d) for k, d in default.items()}
        elif default is None:
            config[key] = given if isinstance(given, str) else None
        elif type(given) is type(default) and given:
            config[key] = given
        elif given is False or given == 0:
            config[key] = default if given is None else type(default)(given)
    config["pools"] = kept
    config["custom-diff"] = _difficulty(document.get("custom-diff"))
    if config["mode"] not in MODES:
        config["mode"] = MODES[0]
    workers = document.get("workers", True)
    if not isinstance(workers, bool):
        workers = workers if workers in WORKER_MODES else "rig_id"
        workers = {"rig_id": True, "none": False}.get(workers, workers)
    config["workers"] = workers
    config["verbose"] = bool(document.get("verbose"))
    return config


def _difficulty(given: object) -> int:
    return given if isinstance(given, int) and given in _DIFFICULTIES else 0
