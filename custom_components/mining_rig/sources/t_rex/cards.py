"""Parsing the cards of T-Rex's summary."""

from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass
import re
from typing import Any, Final, NamedTuple

from ...model import Channel, Control, Part, PartKind
from ...readings import MINING_ALLOWED
from ..common.answer_table import put_rows
from ..common.decoding import MOST_LISTED, Fields, Values
from . import readings
from .rows import CARD, CARD_TOTALS, RATES, SECOND, ZeroRules, card_shares, card_work

type ApiVersion = tuple[int, int]

_CARD_CONTROL_API: Final = (4, 1)
_DISABLED_API: Final = (1, 2)
"""The first version that reports a card that is disabled because it is too hot."""

_UNKNOWN_VENDOR: Final = "nvidia"
"""The vendor of a card whose maker T-Rex does not know."""
_UUID: Final = re.compile(r"[0-9a-f][0-9a-f-]{6,62}[0-9a-f]")

ALLOWED: Final = Control(
    channel=MINING_ALLOWED.plain, confirm_within=180, confirm_off_within=6
)
"""Cards that start may build their DAG before anything is shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """A GPU, and its number in commands."""

    part: Part
    number: int | None
    paused: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CardContext:
    """What the parsing of cards depends on."""

    api: ApiVersion
    zeros: ZeroRules


def clear_hashrates(values: Values) -> None:
    """Set the hashrates to 0: those of a paused card are averages of the past."""
    for channel in RATES:
        if channel in values:
            values[channel] = 0


class _ByDevice:
    """The cards of another list, by their device id, else by their index."""

    def __init__(self, listed: Iterable[Fields]) -> None:
        """Take the objects of the list."""
        self._by_id: dict[int, Fields] = {}
        self._by_place: dict[int, Fields] = {}
        for place, fields in enumerate(listed):
            if (device := fields.count("device_id")) is None:
                self._by_place[place] = fields
            else:
                self._by_id[device] = fields

    def find(self, device: int | None, place: int) -> Fields | None:
        """Return the object of a card; None where there is none."""
        if device is not None and device in self._by_id:
            return self._by_id[device]
        return self._by_place.get(place)


def read_cards(fields: Fields, context: CardContext) -> tuple[Card, ...]:
    """Return the cards of a summary; those without a key are added to `unparsed`."""
    zeros = context.zeros
    seconds = _ByDevice(fields.each("dual_stat", "gpus", most=MOST_LISTED))
    totals = _ByDevice(fields.each("watchdog_stat", "by_gpu", most=MOST_LISTED))
    # Up to API 3.3 shares are in a list of their own, in the order of `gpu_id`.
    shares = list(fields.each("stat_by_gpu", most=MOST_LISTED))
    cards: dict[str, Card] = {}
    for place, item in enumerate(fields.each("gpus", most=MOST_LISTED)):
        ids = _Ids(
            item.count("gpu_user_id"), item.count("gpu_id"), item.count("device_id")
        )
        values = Values()
        _put_card(values, item, context)
        order = place if ids.place is None else ids.place
        if item.has("shares"):
            put_rows(values, item.inside("shares"), card_shares(None, zeros))
        elif order < len(shares):
            put_rows(values, shares[order], card_shares(None, zeros))
        if (second := seconds.find(ids.device, place)) is not None:
            put_rows(values, second, card_work(SECOND, zeros))
            put_rows(values, second.inside("shares"), card_shares(SECOND, zeros))
        if (total := totals.find(ids.device, place)) is not None:
            put_rows(values, total, CARD_TOTALS)
        if (card := _card(item, ids, values, api=context.api, taken=cards)) is None:
            fields.unparsed.append(f"gpus.{place}")
        else:
            cards[card.part.key] = card
    return tuple(cards.values())


class _Ids(NamedTuple):
    """The numbers of a card: the owner's, the index in the list, and CUDA's."""

    user: int | None
    place: int | None
    device: int | None

    @property
    def number(self) -> int | None:
        """The number in commands, which is the owner's where there is one."""
        return self.place if self.user is None else self.user


def _put_card(values: Values, fields: Fields, context: CardContext) -> None:
    put_rows(values, fields, card_work(None, context.zeros))
    put_rows(values, fields, CARD)
    if fields.has("disabled"):
        values.put(readings.DISABLED.plain, fields.flag("disabled"))
    elif context.api >= _DISABLED_API:
        # Since then it is only in the answer while the card is disabled.
        values[readings.DISABLED.plain] = False


def _card(
    fields: Fields,
    ids: _Ids,
    values: Values,
    *,
    api: ApiVersion,
    taken: Container[str],
) -> Card | None:
    """Return a card with the best key that is not taken; None where it has none."""
    key = next((key for key in _keys(fields, ids) if key not in taken), None)
    if key is None:
        return None
    paused = fields.flag("paused")
    if paused is not None:
        values[MINING_ALLOWED.plain] = not paused
    if paused:
        clear_hashrates(values)
    values.put(readings.GPU_INDEX.plain, ids.number)
    model, vendor = fields.text("name"), fields.text("vendor")
    part = Part(
        kind=PartKind.GPU,
        key=key,
        name=_card_name(model, vendor),
        model=model,
        manufacturer=vendor,
        values=values,
        controls=_controls(paused, ids.number, api),
    )
    return Card(part=part, number=ids.number, paused=paused)


def _controls(
    paused: bool | None, number: int | None, api: ApiVersion
) -> Mapping[Channel[Any], Control[Any]]:
    """Return the controls of a card; below API 4.1 only the rig can be paused."""
    if paused is None or number is None or api < _CARD_CONTROL_API:
        return {}
    return {ALLOWED.channel: ALLOWED}


def _keys(fields: Fields, ids: _Ids) -> Iterable[str]:
    """Yield the possible keys of a card, the most stable first."""
    uuid = (fields.text("uuid") or "").lower()
    if _UUID.fullmatch(uuid):
        yield uuid
    bus, slot = fields.count("pci_bus"), fields.count("pci_id")
    if bus is not None and slot is not None:
        yield f"{fields.count('pci_domain') or 0:04x}:{bus:02x}:{slot:02x}"
    index = ids.device if ids.number is None else ids.number
    if index is not None:
        yield f"gpu{index}"


def _card_name(model: str | None, vendor: str | None) -> str | None:
    """Return the vendor and model of a card."""
    if model is None or vendor is None or vendor.lower() == _UNKNOWN_VENDOR:
        return model
    return model if model.lower().startswith(vendor.lower()) else f"{vendor} {model}"
