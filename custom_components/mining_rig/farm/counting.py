"""What counts of each entry of a farm, so that nothing counts twice.

Two entries are one machine where both have its MAC address, where both are at the same
address and port, or where an agent reports the machine that is polled as well: then one
of them counts. Programs on one computer may mine with different parts, so their hashrates
are added up; a card counts once, and so does a power meter.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from ..model import Part, PartKind
from ..readings import POWER
from .member import UUID, Member, card_tokens, watts_of
from .rates import Algorithm, rates_of

type _Token = tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """What counts of one entry."""

    is_rig: bool = False
    """It is one of the farm's rigs."""
    rates: Mapping[Algorithm, float] = field(default_factory=dict)
    """In base units of work per second."""
    unknown_algorithm: bool = False
    """It has a hashrate of which only the rig knows what it is."""
    watts: float | None = None
    """The power that counts; None where it is not known."""
    power_share: float = 0.0
    """The part of its power, and of its energy, that counts: 0 to 1."""


_NOTHING = Counted()


def counted(members: Iterable[Member]) -> dict[str, Counted]:
    """Return what counts of each member, by the id of its entry."""
    claims = _Claims()
    return {m.entry_id: claims.take(m) for m in sorted(members, key=_rank)}


def _rank(member: Member) -> tuple[bool, bool, bool, bool, str]:
    """Return what sorts first who claims what others report as well.

    Cards without a program come last; a polled machine comes before its agent, and who
    is online before who is not.
    """
    return (
        member.cards_only and member.meter is None,
        not member.online,
        member.pushes,
        member.meter is None,
        member.entry_id,
    )


@dataclass(slots=True)
class _Claims:
    """What the members before have claimed."""

    _machines: set[_Token] = field(default_factory=set)
    _polled: set[str] = field(default_factory=set)
    """Places of polled rigs."""
    _miners: set[str] = field(default_factory=set)
    """Places of miners that are reported by agents."""
    _cards: set[_Token] = field(default_factory=set)
    """Of programs."""
    _other_cards: set[_Token] = field(default_factory=set)
    """Of entries that report cards only."""
    _meters: set[str] = field(default_factory=set)
    _powers: set[tuple[str, PartKind]] = field(default_factory=set)
    """Places of polled rigs, and kinds of their parts whose power is known."""
    _rates: set[tuple[str, Algorithm]] = field(default_factory=set)

    def take(self, member: Member) -> Counted:
        """Return what counts of the next member."""
        machine = _machine_tokens(member)
        if not self._machines.isdisjoint(machine):
            return _NOTHING
        others = self._polled if member.is_one_miner else self._miners
        if not others.isdisjoint(member.places):
            return _NOTHING
        self._machines |= machine
        if member.is_one_miner:
            self._miners |= member.places
        is_rig = not member.cards_only
        if (snapshot := member.snapshot) is None:
            return Counted(is_rig=is_rig)
        rates, unknown = rates_of(snapshot)
        if member.pushes:
            # Programs on the machine of an agent report themselves what they do.
            rates = {
                key: rate
                for key, rate in rates.items()
                if not any((place, key) in self._rates for place in member.places)
            }
        watts, share = self._power(member, list(snapshot.parts.values()))
        if watts is not None or member.meter is not None:
            self._claim_power(member, snapshot.parts.values())
        if not member.pushes and not member.cards_only:
            self._polled |= member.places
            self._rates |= {(place, key) for place in member.places for key in rates}
        return Counted(
            is_rig=is_rig,
            rates=rates,
            unknown_algorithm=unknown,
            watts=watts,
            power_share=share,
        )

    def _claim_power(self, member: Member, parts: Iterable[Part]) -> None:
        """Note what the power of a member is that of."""
        if member.meter is not None:
            self._meters.add(member.meter)
        cards = self._other_cards if member.cards_only else self._cards
        for part in parts:
            cards |= card_tokens(member, part)
            if not member.pushes and POWER.plain in part.values:
                self._powers |= {(place, part.kind) for place in member.places}

    def _power(self, member: Member, parts: list[Part]) -> tuple[float | None, float]:
        """Return the power that counts, and which part of the member's that is."""
        own = next((watts_of(p) for p in parts if p.kind is PartKind.RIG), None)
        if member.meter is not None:
            return (None, 0.0) if member.meter in self._meters else (own, 1.0)
        inside = [p for p in parts if p.kind in (PartKind.CPU, PartKind.GPU)]
        elsewhere = [part for part in inside if self._is_claimed(member, part)]
        if not elsewhere:
            return own, 1.0
        if len(elsewhere) == len(inside):
            return None, 0.0
        if not own:
            return own, 1.0
        rest = max(own - sum(part.get(POWER.plain) or 0.0 for part in elsewhere), 0.0)
        return rest, rest / own

    def _is_claimed(self, member: Member, part: Part) -> bool:
        """Return whether another member reports a part as well."""
        tokens = card_tokens(member, part)
        if not self._other_cards.isdisjoint(tokens):
            return True
        if not member.cards_only:
            # Two programs at one address may be behind one that forwards to many.
            tokens = frozenset(token for token in tokens if token[0] == UUID)
        if not self._cards.isdisjoint(tokens):
            return True
        return member.pushes and any(
            (place, part.kind) in self._powers for place in member.places
        )


def _machine_tokens(member: Member) -> set[_Token]:
    """Return what tells one miner, or one program on a computer, from all others."""
    tokens: set[_Token] = set()
    if member.mac is not None:
        tokens.add((member.mac.lower(),))
    if member.port is not None:
        tokens |= {(place, str(member.port)) for place in member.places}
    return tokens
