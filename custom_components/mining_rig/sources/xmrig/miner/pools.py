"""The pools of XMRig's configuration: their names, and which one comes first."""

from collections.abc import Iterator

import orjson

from ...common.contract import CommandRefused, JsonObject
from ...common.public_text import public_address


def _pools(config: JsonObject) -> Iterator[tuple[int, JsonObject]]:
    pools = config.get("pools")
    for index, pool in enumerate(pools if isinstance(pools, list) else ()):
        if isinstance(pool, dict) and isinstance(url := pool.get("url"), str):
            if public_address(url):
                yield index, pool


def pool_options(config: JsonObject) -> dict[str, list[int]]:
    """Return the names of the pools with their indices in the list.

    Pools of the same name that differ (in user or coin) are numbered. Names and numbers
    depend neither on the order of the list nor on which pools are enabled.
    """
    variants: dict[str, dict[bytes, list[int]]] = {}
    for index, pool in _pools(config):
        content = {key: value for key, value in pool.items() if key != "enabled"}
        digest = orjson.dumps(content, option=orjson.OPT_SORT_KEYS)
        same_name = variants.setdefault(public_address(pool["url"]), {})
        same_name.setdefault(digest, []).append(index)
    return {
        name if number == 1 else f"{name} ({number})": variant[1]
        for name in sorted(variants)
        for number, variant in enumerate(sorted(variants[name].items()), 1)
    }


def active_pool(config: JsonObject) -> str | None:
    """Return the name of the first enabled pool; the others are its fallbacks."""
    first = next(
        (index for index, pool in _pools(config) if pool.get("enabled", True)), None
    )
    return next(
        (name for name, indices in pool_options(config).items() if first in indices),
        None,
    )


def select_pool(config: JsonObject, name: str) -> None:
    """Make a pool the first. Raises CommandRefused for an unknown name.

    The list is rotated, so that selecting the old pool restores the old order.
    """
    indices = pool_options(config).get(name)
    if indices is None:
        raise CommandRefused("xmrig_unknown_pool", {"pool": name})
    pools = config["pools"]
    start = indices[0]
    pools[start]["enabled"] = True
    config["pools"] = pools[start:] + pools[:start]
