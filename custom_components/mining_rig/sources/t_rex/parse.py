"""T-Rex's summary in the vocabulary.

Wire facts: an average is 0 until its window is full. `paused` came with 0.20.1, that of
a card with API 4.1. All versions since API 1.0 are accepted.
"""

from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
import re
from typing import Any, Final, NamedTuple

from ...model import RIG, Channel, Control, Part, PartKind, Release, Snapshot, part_map
from ...readings import MINING_ALLOWED, STARTED
from ..common.contract import JsonObject
from ..common.decoding import Fields, Values
from . import readings
from .config import Settings
from .rows import (
    CARD,
    CARD_TOTALS,
    DOWNLOAD,
    RATES,
    RIG_ROWS,
    SECOND,
    WATCHDOG,
    Terms,
    card_shares,
    card_work,
    full_windows,
    moment,
    pool,
    put,
    work,
)

type ApiVersion = tuple[int, int]

CONTROL_API: Final = (1, 3)
"""The first version that takes commands."""
_CARD_CONTROL_API: Final = (4, 1)
_DISABLED_API: Final = (1, 2)
"""The first version that says when a card rests because it is too hot."""

_LONGEST_NOTES: Final = 20_000
_UNKNOWN_VENDOR: Final = "nvidia"
"""What stands for the vendor of a card whose maker T-Rex does not know."""
_UUID: Final = re.compile(r"[0-9a-f][0-9a-f-]{6,62}[0-9a-f]")
_API: Final = re.compile(r"(\d{1,4})\.(\d{1,4})")
_URL: Final = re.compile(r"https?://\S+")

_ALLOWED: Final = Control(channel=MINING_ALLOWED.plain)


# ---- the summary


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """A GPU, and how it is addressed in commands."""

    part: Part
    number: int | None
    paused: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """What a summary tells."""

    rig: Part
    cards: tuple[Card, ...]
    api: ApiVersion
    """(0, 0) where it is not told."""
    allowed: bool | None
    """Whether anything may mine; None before versions told that they are paused."""
    uptime: float | None
    """Seconds since the process started; it falls when the watchdog restarts it."""
    unparsed: list[str]

    @property
    def takes_commands(self) -> bool:
        """Whether this version has a handler for commands."""
        return self.api >= CONTROL_API


@dataclass(frozen=True, slots=True, kw_only=True)
class _Context:
    """What decides how a card is read."""

    api: ApiVersion
    terms: Terms


def parse_summary(summary: JsonObject, now: datetime) -> Summary:
    """Read a summary of any version."""
    fields = Fields(summary)
    values = Values()
    uptime = fields.number("uptime")
    validates = fields.flag("validate_shares")
    terms = Terms(full=full_windows(uptime), validated=validates is not False)
    context = _Context(api=_api_version(fields), terms=terms)
    _put_work(values, fields, None, terms)
    put(values, fields, RIG_ROWS)
    if context.api != (0, 0):
        values[readings.API.plain] = ".".join(map(str, context.api))
    values.put(STARTED.plain, fields.start(now, "uptime"))
    time = "time" if fields.has("time") else "ts"
    values.put(readings.CLOCK.plain, moment(fields, time))
    if fields.has("watchdog_stat"):
        watchdog = fields.inside("watchdog_stat")
        put(values, watchdog, WATCHDOG)
        values.put(readings.WATCHDOG_STARTED.plain, watchdog.start(now, "uptime"))
    put(values, fields.inside("updates", "download_status"), DOWNLOAD)
    if fields.has("dual_stat"):
        _put_work(values, fields.inside("dual_stat"), SECOND, terms)

    cards = _cards(fields, context)
    allowed = _allowed(fields.flag("paused"), cards)
    values.put(MINING_ALLOWED.plain, allowed)
    if allowed is False:
        _rest(values)
    version = fields.text("version")
    rig = Part(
        kind=PartKind.RIG,
        key=RIG,
        model=fields.text("description"),
        version=version,
        values=values,
        release=_release(fields, version),
    )
    return Summary(
        rig=rig,
        cards=cards,
        api=context.api,
        allowed=allowed,
        uptime=uptime,
        unparsed=fields.unparsed,
    )


def _api_version(fields: Fields) -> ApiVersion:
    found = _API.fullmatch(str(fields.raw("api")))
    return (int(found[1]), int(found[2])) if found else (0, 0)


def _put_work(values: Values, fields: Fields, number: int | None, terms: Terms) -> None:
    """Add what is told of an algorithm and of the pool it is mined at."""
    put(values, fields, work(number, terms))
    put(values, fields.inside("active_pool"), pool(number))


def _rest(values: Values) -> None:
    """Let what is paused mine nothing: its hashrate is a mean of the past."""
    for channel in RATES:
        if channel in values:
            values[channel] = 0


def _allowed(paused: bool | None, cards: Iterable[Card]) -> bool | None:
    """Return whether anything may mine; all cards may be paused one by one."""
    known = [card.paused for card in cards if card.paused is not None]
    if paused or (known and all(known)):
        return False
    return None if paused is None and not known else True


def _release(fields: Fields, version: str | None) -> Release | None:
    """Return the running version and the newer one, which only a watchdog installs."""
    if version is None:
        return None
    latest = fields.text("updates", "version")
    if latest is None:
        return Release(installed=version, latest=version)
    status = fields.inside("updates", "download_status")
    in_progress = status.flag("update_in_progress") or False
    url = fields.text("updates", "url") or ""
    watchdog = isinstance(fields.raw("watchdog_stat"), dict)
    return Release(
        installed=version,
        latest=latest,
        notes=_notes(fields, "notes_full") or _notes(fields, "notes"),
        url=url if _URL.fullmatch(url) else None,
        install=readings.INSTALL_UPDATE if watchdog else None,
        in_progress=in_progress,
        progress=_progress(status) if in_progress else None,
    )


def _notes(fields: Fields, key: str) -> str | None:
    """Return a text of several lines."""
    found = fields.raw("updates", key)
    if not isinstance(found, str):
        return None
    lines = ("".join(filter(str.isprintable, line)) for line in found.splitlines())
    return "\n".join(lines).strip()[:_LONGEST_NOTES] or None


def _progress(status: Fields) -> float | None:
    """Return how much is downloaded in %."""
    done, total = status.number("downloaded_bytes"), status.positive("total_bytes")
    if done is None or total is None:
        return None
    return min(100.0, round(100 * done / total, 1))


# ---- the cards


class _ByDevice:
    """Cards in a list beside the main one, found by device id, else by place."""

    def __init__(self, listed: Iterable[Fields]) -> None:
        """Take what is told of each."""
        self._by_id: dict[int, Fields] = {}
        self._by_place: dict[int, Fields] = {}
        for place, fields in enumerate(listed):
            if (device := fields.count("device_id")) is None:
                self._by_place[place] = fields
            else:
                self._by_id[device] = fields

    def find(self, device: int | None, place: int) -> Fields | None:
        """Return what is told of a card; None where nothing is."""
        if device is not None and device in self._by_id:
            return self._by_id[device]
        return self._by_place.get(place)


def _cards(fields: Fields, context: _Context) -> tuple[Card, ...]:
    terms = context.terms
    seconds = _ByDevice(fields.each("dual_stat", "gpus"))
    totals = _ByDevice(fields.each("watchdog_stat", "by_gpu"))
    # Up to API 3.3 shares stand beside the cards, in the order of their numbers.
    shares = list(fields.each("stat_by_gpu"))
    cards: dict[str, Card] = {}
    for place, told in enumerate(fields.each("gpus")):
        ids = _Ids(
            told.count("gpu_user_id"), told.count("gpu_id"), told.count("device_id")
        )
        values = Values()
        _put_card(values, told, context)
        order = place if ids.place is None else ids.place
        if told.has("shares"):
            put(values, told.inside("shares"), card_shares(None, terms))
        elif order < len(shares):
            put(values, shares[order], card_shares(None, terms))
        if (second := seconds.find(ids.device, place)) is not None:
            put(values, second, card_work(SECOND, terms))
            put(values, second.inside("shares"), card_shares(SECOND, terms))
        if (total := totals.find(ids.device, place)) is not None:
            put(values, total, CARD_TOTALS)
        if (card := _card(told, ids, values, api=context.api, taken=cards)) is None:
            fields.unparsed.append(f"gpus.{place}")
        else:
            cards[card.part.key] = card
    return tuple(cards.values())


class _Ids(NamedTuple):
    """The numbers that a card has: its owner's, its place in the list, CUDA's."""

    user: int | None
    place: int | None
    device: int | None

    @property
    def number(self) -> int | None:
        """What a card is called in commands: they count as the owner does."""
        return self.place if self.user is None else self.user


def _put_card(values: Values, fields: Fields, context: _Context) -> None:
    put(values, fields, card_work(None, context.terms))
    put(values, fields, CARD)
    if fields.has("disabled"):
        values.put(readings.DISABLED.plain, fields.flag("disabled"))
    elif context.api >= _DISABLED_API:
        # It is only there while the card rests.
        values[readings.DISABLED.plain] = False


def _card(
    fields: Fields,
    ids: _Ids,
    values: Values,
    *,
    api: ApiVersion,
    taken: Container[str],
) -> Card | None:
    """Return a card under the best name that is not taken; None where it has none."""
    key = next((key for key in _keys(fields, ids) if key not in taken), None)
    if key is None:
        return None
    paused = fields.flag("paused")
    if paused is not None:
        values[MINING_ALLOWED.plain] = not paused
    if paused:
        _rest(values)
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
    """Return what can be set of a card; below API 4.1 only the whole rig can pause."""
    if paused is None or number is None or api < _CARD_CONTROL_API:
        return {}
    return {_ALLOWED.channel: _ALLOWED}


def _keys(fields: Fields, ids: _Ids) -> Iterable[str]:
    """Return what identifies a card, the most lasting first."""
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
    """Return the make and model of a card for people."""
    if model is None or vendor is None or vendor.lower() == _UNKNOWN_VENDOR:
        return model
    return model if model.lower().startswith(vendor.lower()) else f"{vendor} {model}"


# ---- the rig


def assemble(
    summary: Summary,
    settings: Settings,
    *,
    read_only: bool,
    unparsed: tuple[str, ...] = (),
) -> Snapshot:
    """Put the rig together from what it told last.

    `settings` is empty where the configuration is not known; `unparsed` adds to what
    could not be understood.
    """
    rig = summary.rig
    controls: dict[Channel[Any], Control[Any]] = {}
    actions = []
    if summary.takes_commands:
        controls |= settings.controls
        if summary.allowed is not None:
            controls[_ALLOWED.channel] = _ALLOWED
        actions.append(readings.SHUTDOWN)
    if rig.release is not None and rig.release.latest != rig.release.installed:
        actions.append(readings.STOP_UPDATE)
    whole = replace(
        rig,
        values=Values({**rig.values, **settings.values}),
        controls=controls,
        actions=tuple(actions),
    )
    odd = (*summary.unparsed, *settings.unparsed, *unparsed)
    return Snapshot(
        parts=part_map(whole, *(card.part for card in summary.cards)),
        read_only="t_rex_readonly" if read_only else None,
        unparsed=tuple(dict.fromkeys(odd)),
    )
