"""What a farm is at one moment: the sums over its rigs, nothing counted twice."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from ..model import Channel, Snapshot
from ..readings import (
    ACCEPTED,
    EFFICIENCY,
    HOTTEST,
    HOTTEST_MEMORY,
    INVALID,
    MINING,
    POWER,
    REJECTED,
)
from .counting import Counted, counted
from .member import Member
from .rates import Algorithm

_LOST: Final[tuple[Channel[int], ...]] = (REJECTED.plain, INVALID.plain)


@dataclass(frozen=True, slots=True)
class Hottest:
    """The highest temperature (°C) of a farm, and the rig that has it."""

    temperature: float
    rig: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FarmTotals:
    """A farm at one moment. What is not known is None or missing, never 0."""

    members: tuple[Member, ...] = ()
    """All that belong to the farm, also those that count for nothing."""
    counted: Mapping[str, Counted] = field(default_factory=dict)
    """What counts of each member, by the id of its entry."""
    hashrates: Mapping[Algorithm, float] = field(default_factory=dict)
    """By algorithm, in the base unit of its work per second."""
    efficiencies: Mapping[Algorithm, float] = field(default_factory=dict)
    """J per unit of work, where the power of all rigs of the algorithm is known."""
    power: float | None = None
    """W; estimates where nothing measures."""
    energy: float = 0.0
    """Wh, ever rising."""
    energy_today: float = 0.0
    """Wh since midnight."""
    energy_increase: float = 0.0
    """Wh by which `energy` rose since the totals before."""
    rigs: int = 0
    rigs_online: int = 0
    rigs_mining: int = 0
    hottest: Hottest | None = None
    hottest_memory: Hottest | None = None
    rejected_share: float | None = None
    """%, of all shares that the rigs count."""
    not_following: tuple[str, ...] = ()
    """Titles of the rigs that do not follow an order of the farm or of their own."""
    unknown_algorithm: tuple[str, ...] = ()
    """Titles of the rigs with a hashrate that belongs to no known algorithm."""


def farm_totals(members: Sequence[Member]) -> FarmTotals:
    """Return the totals of this moment, without energy, which is counted over time."""
    shares = counted(members)
    online = [
        (member, share, member.snapshot)
        for member in members
        if (share := shares[member.entry_id]).is_rig or member.cards_only
        if member.online and member.snapshot is not None
    ]
    rigs = [member for member in members if shares[member.entry_id].is_rig]
    # Of what two entries report, the one of the rig is named.
    online.sort(key=lambda item: item[0].cards_only)
    snapshots = [(member.title, snapshot) for member, _, snapshot in online]
    # A meter goes on measuring while a rig is off.
    watts = [share.watts for share in shares.values() if share.watts is not None]
    return FarmTotals(
        members=tuple(members),
        counted=shares,
        hashrates=_hashrates([share for _, share, _ in online]),
        efficiencies=_efficiencies(online),
        power=sum(watts) if watts else None,
        rigs=len(rigs),
        rigs_online=sum(member.online for member in rigs),
        rigs_mining=sum(
            share.is_rig and bool(snapshot.rig.get(MINING.plain))
            for _, share, snapshot in online
        ),
        hottest=_hottest(HOTTEST.plain, snapshots),
        hottest_memory=_hottest(HOTTEST_MEMORY.plain, snapshots),
        rejected_share=_rejected([s for _, share, s in online if share.is_rig]),
        unknown_algorithm=tuple(
            member.title for member, share, _ in online if share.unknown_algorithm
        ),
    )


def _hashrates(shares: Sequence[Counted]) -> dict[Algorithm, float]:
    found: dict[Algorithm, float] = {}
    for share in shares:
        for algorithm, rate in share.rates.items():
            found[algorithm] = found.get(algorithm, 0.0) + rate
    return found


def _efficiencies(
    online: Sequence[tuple[Member, Counted, Snapshot]],
) -> dict[Algorithm, float]:
    """Return power over hashrate by algorithm, of the same rigs at the same moment."""
    sums: dict[Algorithm, tuple[float, float]] = {}
    unclear: set[Algorithm] = set()
    for _, share, snapshot in online:
        working = {key: rate for key, rate in share.rates.items() if rate}
        power = snapshot.rig.get(POWER.plain)
        if len(working) != 1 or power is None or share.power_share != 1:
            unclear |= working.keys()
            continue
        if snapshot.rig.get(EFFICIENCY.plain) is None:
            # Power and hashrate are of different moments for now.
            continue
        [(key, rate)] = working.items()
        watts, rates = sums.get(key, (0.0, 0.0))
        sums[key] = (watts + power, rates + rate)
    return {
        key: watts / rates
        for key, (watts, rates) in sums.items()
        if key not in unclear and watts > 0
    }


def _hottest(
    channel: Channel[float], snapshots: Sequence[tuple[str, Snapshot]]
) -> Hottest | None:
    found = [
        Hottest(float(degrees), title)
        for title, snapshot in snapshots
        if (degrees := snapshot.rig.get(channel)) is not None
    ]
    return max(found, key=lambda hottest: hottest.temperature, default=None)


def _rejected(snapshots: Sequence[Snapshot]) -> float | None:
    """Return the share of rejected shares in %, of rigs that count both."""
    lost = total = 0
    for snapshot in snapshots:
        rig = snapshot.rig
        accepted, rejected = rig.get(ACCEPTED.plain), rig.get(REJECTED.plain)
        if accepted is None or rejected is None:
            continue
        bad = sum(rig.get(channel) or 0 for channel in _LOST)
        lost += bad
        total += accepted + bad
    return 100 * lost / total if total else None
