"""The snapshot of a rig with XMRig, made of its last summary, backends and settings."""

from collections.abc import Mapping
from typing import Any, Final

from ....model import RIG, Action, Channel, Control, Part, PartKind, Snapshot, part_map
from ....readings import HASHRATE, MINING, MINING_ALLOWED
from ...common.decoding import Values
from .backends import BACKEND_RATES, Backends
from .hashrates import Windows, put_averages
from .summary import Summary

CPU_PART: Final = "cpu"

_ONLY_CPU: Final = frozenset(("cpu",))


def assemble(
    summary: Summary,
    backends: Backends | None,
    settings: Values,
    controls: Mapping[Channel[Any], Control[Any]],
    *,
    stopped: bool,
    actions: tuple[Action, ...] = (),
    unparsed: tuple[str, ...] = (),
) -> Snapshot:
    """Return the rig as a snapshot of its last answers.

    `settings` and `controls` are empty where the miner takes no commands. `stopped`: its
    workers were ended, not only paused. `unparsed` is added to that of the answers.
    """
    values = Values({**settings, **summary.values})
    condition = summary.condition
    if condition.paused is not None:
        values[MINING_ALLOWED.plain] = not (condition.paused or stopped)
    if condition.paused or stopped:
        values[MINING.plain] = False
    elif summary.rate is not None:
        # Where hashes are seen, no pool is needed: a benchmark has none.
        values[MINING.plain] = summary.rate > 0
    elif condition.connected is False:
        values[MINING.plain] = False
    parts = [*summary.cards]
    all_unparsed = [*summary.unparsed, *unparsed]
    if backends is not None:
        rates = _rates(summary, backends)
        for name, (rate, _) in rates.items():
            values.put(BACKEND_RATES[name], rate)
        parts += _cpu(summary.brand, backends, rates.get("cpu"))
        parts += backends.cards
        all_unparsed += backends.unparsed
    rig = Part(
        kind=PartKind.RIG,
        key=RIG,
        model=summary.brand,
        version=summary.version,
        values=values,
        controls=controls,
        actions=actions,
    )
    return Snapshot(
        parts=part_map(rig, *parts),
        rig_id=summary.rig_id,
        read_only="xmrig_restricted" if summary.restricted else None,
        unparsed=tuple(dict.fromkeys(all_unparsed)),
    )


def _rates(
    summary: Summary, backends: Backends
) -> dict[str, tuple[float | None, Windows]]:
    """Return the hashrate to show and the windows of each backend."""
    if backends.enabled == _ONLY_CPU and backends.working:
        # The CPU's hashrate is the total then, which is read more often.
        return {"cpu": (summary.rate, summary.condition.windows)}
    return {
        name: (summary.condition.rate_of(windows), windows)
        for name, windows in backends.rates.items()
    }


def _cpu(
    brand: str | None,
    backends: Backends,
    rates: tuple[float | None, Windows] | None,
) -> list[Part]:
    """Return the CPU where its backend is enabled."""
    if CPU_PART not in backends.enabled:
        return []
    values = Values(backends.cpu)
    if rates is not None:
        values.put(HASHRATE.plain, rates[0])
        put_averages(values, rates[1])
    return [
        Part(kind=PartKind.CPU, key=CPU_PART, name=brand, model=brand, values=values)
    ]
