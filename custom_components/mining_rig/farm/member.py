"""What a farm knows of one entry: its last snapshot, and which machine it is about."""

from dataclasses import dataclass
from functools import lru_cache
import re
from typing import Any, Final

from ..model import Channel, Part, PartKind, Snapshot, channel_from
from ..readings import POWER, POWER_ESTIMATE

THIS_MACHINE: Final = "this machine"
"""The computer of Home Assistant, among the places of what runs there."""

PCI: Final = "pci"
UUID: Final = "uuid"
"""What a card is recognised by."""

_UUID: Final = re.compile(r"(?:gpu-)?([0-9a-f-]{8,})", re.IGNORECASE)
_PCI: Final = re.compile(
    r"(?:0{4}:)?((?:[0-9a-f]{4}:)?[0-9a-f]{2}:[0-9a-f]{2})(?:\.\d)?"
)
_ADDRESSED: Final = "nvml_pci_address"


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """An entry of a farm at one moment."""

    entry_id: str
    title: str
    online: bool = False
    snapshot: Snapshot | None = None
    """None while the entry is not loaded."""
    cards_only: bool = False
    """It reports cards whichever program mines on them, and no hashrate."""
    pushes: bool = False
    """An agent reports the whole machine."""
    is_one_miner: bool = False
    """Its agent reports a machine that is one miner, not a computer."""
    port: int | None = None
    places: frozenset[str] = frozenset()
    """The addresses of the machine that it runs on; `THIS_MACHINE` is one."""
    mac: str | None = None
    meter: str | None = None
    """The entity that measures the whole machine."""


def watts_of(part: Part) -> float | None:
    """Return a power in W; what the owner says where nothing is measured."""
    for channel in (POWER.plain, POWER_ESTIMATE.plain):
        value: Any = part.values.get(channel)
        if isinstance(value, int | float):
            return float(value)
    return None


def card_tokens(member: Member, part: Part) -> frozenset[tuple[str, ...]]:
    """Return what a card is recognised by: its uuid, its PCI address and machine.

    The same PCI address on two machines is two cards. Nothing for other parts.
    """
    if part.kind is not PartKind.GPU:
        return frozenset()
    addressed: Channel[str] | None = channel_from(_ADDRESSED, None, None)
    address = None if addressed is None else part.get(addressed)
    return _tokens(part.key, address, member.places)


@lru_cache(maxsize=4096)
def _tokens(
    key: str, address: str | None, places: frozenset[str]
) -> frozenset[tuple[str, ...]]:
    tokens: set[tuple[str, ...]] = set()
    for name in filter(None, (key, address)):
        if (pci := _PCI.fullmatch(name.lower())) is not None:
            tokens |= {(PCI, place, pci[1]) for place in places}
        elif (uuid := _UUID.fullmatch(name)) is not None:
            tokens.add((UUID, uuid[1].replace("-", "").lower()))
    return frozenset(tokens)
