"""The rig and its cards while an answer of a miner program is mapped."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
import re
from typing import Any, Final

from ...hashrate import parse_unit
from ...model import RIG, Channel, Part, PartKind, Snapshot, Value, Window, part_map
from ...readings import ALGORITHM, HASHRATE, VERSION
from ...windows import LENGTHS
from ..common.decoding import Fields, Values

_ADDRESS: Final = re.compile(
    r"(?:(?P<domain>[0-9a-f]{4}|[0-9a-f]{8}):)?"
    r"(?P<bus>[0-9a-f]{1,3}):(?P<device>[0-9a-f]{1,2})(?:\.[0-7])?",
    re.IGNORECASE,
)
_CARD: Final = re.compile(r"gpu ?(\d{1,3})", re.IGNORECASE)
_BUS: Final = re.compile(r"\d{1,3}", re.ASCII)
_LAST_BUS: Final = 255
_LAST_DEVICE: Final = 31
_DECIMAL: Final = 10
_WORK: Final = (
    ("Sol/s", re.compile("equihash|beamhash|zelhash|zhash", re.IGNORECASE)),
    ("g/s", re.compile("cuck[oa]", re.IGNORECASE)),
)
"""The base units of algorithms whose work is not hashes, for answers without a unit."""

UNNAMED: Final = (1.0, "H/s")
"""The unit of a hashrate that has none in the answer."""

NUMBERS: Final = (None, 2, 3)
"""The numbers of the channels of a first, second and third algorithm."""


def pci_address(found: Any, base: int) -> str | None:
    """Return a PCI address as bus and device in hexadecimal: "0a:00".

    `found` is a bus number, or a text such as "3:0" or "0000:03:00.0" whose numbers are
    to that base. None for anything else, and for 00:00, where no card can be.
    """
    if type(found) is str:
        found = found.strip()
        if base == _DECIMAL and _BUS.fullmatch(found):
            found = int(found)
    if type(found) is int:
        return f"{found:02x}:00" if 0 < found <= _LAST_BUS else None
    if type(found) is not str or (match := _ADDRESS.fullmatch(found)) is None:
        return None
    try:
        bus, device = (int(match[name], base) for name in ("bus", "device"))
    except ValueError:
        return None
    if bus > _LAST_BUS or device > _LAST_DEVICE:
        return None
    domain = int(match["domain"] or "0", 16)
    if not (domain or bus or device):
        return None
    return (
        f"{domain:04x}:{bus:02x}:{device:02x}" if domain else f"{bus:02x}:{device:02x}"
    )


def card_number(name: str) -> int | None:
    """Return the number in a name such as "gpu2" or "GPU 0", None for any other."""
    return int(found[1]) if (found := _CARD.fullmatch(name)) else None


def rate_unit(text: str | None) -> tuple[float, str] | None:
    """Return the factor and the base unit of a unit in any spelling, None without one."""
    return parse_unit(text) if text else None


@dataclass(slots=True)
class _Card:
    kind: PartKind
    number: int | None
    address: str | None
    name: str | None
    values: Values


@dataclass(slots=True)
class Mapped:
    """What was found so far."""

    rig: Values = field(default_factory=Values)
    units: dict[int | None, str] = field(default_factory=dict)
    """The base unit of the hashrates of an algorithm, by the number of its channels;
    in one answer it is that of the rig and of all cards."""
    _cards: list[_Card] = field(default_factory=list)

    def add_card(
        self,
        *,
        number: int | None = None,
        address: str | None = None,
        name: str | None = None,
        kind: PartKind = PartKind.GPU,
    ) -> Values:
        """Add a card, or a processor; return its values, to be filled.

        `number` is the one that the answer gives it. A card is known by its address,
        else by this number, else by its place in the answer.
        """
        values = Values()
        self._cards.append(_Card(kind, number, address, name, values))
        return values

    def put_rate(
        self,
        values: Values,
        number: int | None,
        rate: float | None,
        unit: tuple[float, str] | None = UNNAMED,
    ) -> None:
        """Add the hashrate of an algorithm in a unit; nothing where that is not known.

        Without one it is that of the algorithm, mostly H/s.
        """
        if rate is None or unit is None:
            return
        values.put_rate(HASHRATE.channel(number=number), rate, unit)
        if unit is not UNNAMED:
            self.units[number] = unit[1]

    def put_averages(
        self,
        number: int | None,
        rates: Fields,
        places: Mapping[str, Window] | Mapping[int, Window],
        uptime: float,
    ) -> None:
        """Add the rig's averages in H/s whose windows are full after `uptime` seconds."""
        for place, window in places.items():
            if uptime >= LENGTHS[window].total_seconds():
                self.rig.put(HASHRATE.channel(window, number), rates.number(place))

    def snapshot(self, fields: Fields, version: str | None) -> Snapshot:
        """Return all parts; `fields` are those of the whole answer.

        `version` is "" or None where the answer has none.

        Of a second and third algorithm the rig's hashrate is the sum of the cards'
        where the answer has no total; of the first, `derive` adds them up.
        """
        for channel in (HASHRATE.channel(number=number) for number in NUMBERS[1:]):
            if channel not in self.rig:
                _put_sum(self.rig, channel, self._cards)
        for number in NUMBERS:
            algorithm = self.rig.get(ALGORITHM.channel(number=number))
            if number not in self.units and isinstance(algorithm, str):
                for unit, names in _WORK:
                    if names.search(algorithm):
                        self.units[number] = unit
        version = version or None
        self.rig.put(VERSION.plain, version)
        return Snapshot(
            parts=part_map(
                Part(
                    kind=PartKind.RIG,
                    key=RIG,
                    version=version,
                    values=self.rig,
                    work_units=self.units,
                ),
                *self._parts(),
            ),
            unparsed=tuple(dict.fromkeys(fields.unparsed)),
        )

    def _parts(self) -> list[Part]:
        """Return the cards as parts; what several claim to be is none's key."""
        addresses = Counter(card.address for card in self._cards)
        numbers = Counter((card.kind, card.number) for card in self._cards)
        keys: set[str] = set()
        parts = []
        for place, card in enumerate(self._cards):
            if card.address is not None and addresses[card.address] == 1:
                key = card.address
            elif card.number is not None and numbers[card.kind, card.number] == 1:
                key = f"{card.kind}{card.number}"
            else:
                key = f"{card.kind}{place}"
            if key in keys:
                key = f"{key}_{place}"
            keys.add(key)
            parts.append(
                Part(
                    kind=card.kind,
                    key=key,
                    name=card.name,
                    model=card.name,
                    values=card.values,
                    work_units=self.units,
                )
            )
        return parts


def _put_sum(rig: Values, channel: Channel[float], cards: list[_Card]) -> None:
    found: list[Value | None] = [card.values.get(channel) for card in cards]
    rates = [rate for rate in found if isinstance(rate, int | float)]
    if rates and len(rates) == len(found):
        rig[channel] = sum(rates)
