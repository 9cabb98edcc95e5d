"""Comparing a configuration that was sent with the one that XMRig then shows.

XMRig rewrites what it understands: `monero` becomes `XMR`, `cryptonight/half` becomes
`cn/half`. What it does not understand it replaces by a default, or drops.
"""

from collections.abc import Iterator
import re
from typing import Any, Final

_COINS: Final = {
    "arqma": "arq",
    "graft": "grft",
    "keva": "kva",
    "kevacoin": "kva",
    "monero": "xmr",
    "ravencoin": "rvn",
    "sumokoin": "sumo",
    "townforge": "town",
    "wownero": "wow",
    "yadacoin": "yda",
    "zephyr": "zeph",
}
_FAMILIES: Final = (("cryptonight", "cn"), ("randomx", "rx"))
_DEFAULT_ALGORITHMS: Final = {"cn": "cn/0", "rx": "rx/0"}
_SAME: Final[dict[str, tuple[tuple[Any, ...], ...]]] = {
    "asm": ((True, "auto"), (False, "none")),
    "keepalive": ((True, 60), (False, 0)),
    "pause-on-active": ((True, 60), (False, 0)),
    "workers": ((True, "rig_id"), (False, "none")),
}
"""Values of a key that mean the same."""
_NO_TEXT: Final = (None, "")
_RENAMED: Final = re.compile(r"pools\.(\d+)\.(algo|coin)")


def differences(shown: Any, wanted: Any, path: str = "") -> Iterator[str]:
    """Yield the keys of `wanted` that a configuration does not show.

    Keys inside are written with points. What has more keys or pools is no difference.
    """
    if isinstance(wanted, dict):
        for key, value in wanted.items():
            found = shown.get(key) if isinstance(shown, dict) else None
            yield from differences(found, value, f"{path}.{key}" if path else key)
    elif path == "pools" and isinstance(wanted, list) and isinstance(shown, list):
        for index, value in enumerate(wanted):
            found = shown[index] if index < len(shown) else None
            yield from differences(found, value, f"{path}.{index}")
    elif not _mean_the_same(shown, wanted, path.rpartition(".")[2]):
        yield path


def is_renamed(before: Any, shown: Any, path: str) -> bool:
    """Return whether a pool's algorithm or coin was changed to a name of its own.

    A name that XMRig does not know becomes null, and one that was not applied stays.
    """
    if (match := _RENAMED.fullmatch(path)) is None:
        return False
    names = [
        _at(config, "pools", int(match[1]), match[2]) for config in (before, shown)
    ]
    return isinstance(names[1], str) and names[0] != names[1]


def _mean_the_same(shown: Any, wanted: Any, key: str) -> bool:
    if shown == wanted or (shown in _NO_TEXT and wanted in _NO_TEXT):
        return True
    if isinstance(shown, str) and isinstance(wanted, str):
        return _plain_name(shown) == _plain_name(wanted)
    return any(shown in same and wanted in same for same in _SAME.get(key, ()))


def _plain_name(name: str) -> str:
    """Return the shortest form of the name of a coin or an algorithm."""
    name = name.casefold()
    for long, short in _FAMILIES:
        if name.startswith(long):
            name = short + name.removeprefix(long)
    return _COINS.get(name) or _DEFAULT_ALGORITHMS.get(name, name)


def _at(config: Any, *path: str | int) -> Any:
    for step in path:
        try:
            config = config[step]
        except KeyError, IndexError, TypeError:
            return None
    return config
