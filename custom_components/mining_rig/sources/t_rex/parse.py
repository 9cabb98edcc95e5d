"""T-Rex's summary in the vocabulary.

Wire facts: hashrates are H/s for every algorithm. An average is 0 until its window is
full. What the driver tells of a card (temperature, fan, power, clocks) is left out
where it is not known. `paused` came with 0.20.1, that of a card with API 4.1. All
versions since API 1.0 are accepted.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
import re
from typing import Any, Final

from ...hashrate import parse_hashrate
from ...model import (
    ACCEPTED,
    ALGORITHM,
    BEST_SHARE,
    COIN,
    CORE_CLOCK,
    DIFFICULTY,
    FAN_LEVEL,
    HASHRATE,
    INVALID,
    MEMORY_CLOCK,
    MEMORY_TEMPERATURE,
    MINING_ALLOWED,
    POOL,
    POOL_LATENCY,
    POWER,
    REJECTED,
    RIG,
    STARTED,
    TEMPERATURE,
    VERSION,
    Channel,
    Control,
    Part,
    PartKind,
    Release,
    Snapshot,
    Value,
    Window,
    part_map,
)
from ..base import JsonObject
from ..parse import Fields, Values, pool_name
from . import readings
from .config import Settings

type ApiVersion = tuple[int, int]
type _Read = Callable[[Fields, str], Value | None]
type _Row = tuple[Channel[Any], str, _Read]

CONTROL_API: Final = (1, 3)
"""The first version that takes commands."""
_CARD_CONTROL_API: Final = (4, 1)
_DISABLED_API: Final = (1, 2)
"""The first version that says when a card rests because it is too hot."""

_SECOND: Final = 2
"""The number of the channels of the second algorithm."""
_HOTTEST: Final = 200
_FASTEST_FAN: Final = 200
_LONGEST_PING: Final = 65535
_LAST_MOMENT: Final = 2**32
_LONGEST_NOTES: Final = 20_000
_UNKNOWN_VENDOR: Final = "nvidia"
"""What stands for the vendor of a card whose maker T-Rex does not know."""
_UUID: Final = re.compile(r"[0-9a-f][0-9a-f-]{6,62}[0-9a-f]")
_API: Final = re.compile(r"(\d{1,4})\.(\d{1,4})")
_URL: Final = re.compile(r"https?://\S+")

_ALLOWED: Final = Control(channel=MINING_ALLOWED.plain)


# ---- single values


def _pool_name(fields: Fields, key: str) -> str | None:
    return pool_name(fields.text(key) or "") or None


def _difficulty(fields: Fields, key: str) -> float | None:
    """Read a difficulty: a number, from API 3.3 on a text such as "4.00 G"."""
    if isinstance(text := fields.raw(key), str):
        found = parse_hashrate(text)
        # Its letters are those of a hashrate.
        if found is not None and found[1] == "H/s":
            return found[0] or None
        if not text.strip():
            return None
    return fields.positive(key)


def _moment(fields: Fields, key: str) -> datetime | None:
    """Read a moment of the rig's clock in s since 1970; 0 is "not yet"."""
    seconds = fields.positive(key, maximum=_LAST_MOMENT)
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


def _temperature(fields: Fields, key: str) -> float | None:
    return fields.positive(key, maximum=_HOTTEST)


def _fan(fields: Fields, key: str) -> float | None:
    return fields.number(key, maximum=_FASTEST_FAN)


def _latency(fields: Fields, key: str) -> float | None:
    return fields.positive(key, maximum=_LONGEST_PING)


def _tune(fields: Fields, key: str) -> float | None:
    """Read the LHR tuning in %; -1 is "automatic"."""
    value = fields.number(key, minimum=-1, maximum=100)
    return None if value is None or value < 0 else value


def _number(fields: Fields, key: str) -> float | None:
    return fields.number(key)


def _positive(fields: Fields, key: str) -> float | None:
    return fields.positive(key)


def _count(fields: Fields, key: str) -> int | None:
    return fields.count(key)


def _flag(fields: Fields, key: str) -> bool | None:
    return fields.flag(key)


def _text(fields: Fields, key: str) -> str | None:
    return fields.text(key)


def _choice(fields: Fields, key: str) -> str | None:
    word = (fields.text(key) or "").lower()
    return word if word in readings.UPDATE_STATES else None


# ---- rows: what stands where


def _averages(number: int | None) -> tuple[tuple[Channel[float], str, int], ...]:
    """Return the averaged hashrates with the seconds of their windows."""
    return (
        (HASHRATE.channel(Window.M1, number), "hashrate_minute", 60),
        (HASHRATE.channel(Window.H1, number), "hashrate_hour", 3600),
        (HASHRATE.channel(Window.D1, number), "hashrate_day", 86400),
    )


def _shares(number: int | None) -> tuple[_Row, ...]:
    return (
        (ACCEPTED.channel(number=number), "accepted_count", _count),
        (REJECTED.channel(number=number), "rejected_count", _count),
        (readings.BLOCKS.channel(number=number), "solved_count", _count),
    )


def _work(number: int | None) -> tuple[_Row, ...]:
    """Return what is told of each algorithm."""
    return (
        (HASHRATE.channel(number=number), "hashrate", _number),
        (ALGORITHM.channel(number=number), "algorithm", _text),
        (COIN.channel(number=number), "coin", _text),
        (readings.SHARE_RATE.channel(number=number), "sharerate", _number),
        (
            readings.SHARE_RATE_AVERAGE.channel(number=number),
            "sharerate_average",
            _number,
        ),
        *_shares(number),
    )


def _pool(number: int | None) -> tuple[_Row, ...]:
    """Return what is told of each pool; its user, a wallet, is not."""
    return (
        (POOL.channel(number=number), "url", _pool_name),
        (POOL_LATENCY.channel(number=number), "ping", _latency),
        (DIFFICULTY.channel(number=number), "difficulty", _difficulty),
        (readings.WORKER.channel(number=number), "worker", _text),
        (readings.POOL_RETRIES.channel(number=number), "retries", _count),
        (readings.LAST_SHARE.channel(number=number), "last_submit_ts", _moment),
        (readings.POOL_PROXY.channel(number=number), "proxy", _pool_name),
        (readings.POOL_DNS.channel(number=number), "dns_https_server", _pool_name),
    )


def _card_work(number: int | None) -> tuple[_Row, ...]:
    return (
        (HASHRATE.channel(number=number), "hashrate", _number),
        (readings.HASHRATE_INSTANT.channel(number=number), "hashrate_instant", _number),
    )


def _card_shares(number: int | None) -> tuple[_Row, ...]:
    """Return a card's shares; T-Rex only looks at them where it validates them."""
    return (
        *_shares(number),
        (BEST_SHARE.channel(number=number), "max_share_diff", _positive),
        (readings.BEST_SHARE_AT.channel(number=number), "max_share_submit_ts", _moment),
        (
            readings.LAST_SHARE_DIFFICULTY.channel(number=number),
            "last_share_diff",
            _positive,
        ),
        (readings.LAST_SHARE.channel(number=number), "last_share_submit_ts", _moment),
    )


_NUMBERS: Final = (None, _SECOND)
_RATES: Final = tuple(HASHRATE.channel(number=number) for number in _NUMBERS)
_AVERAGES: Final = {number: _averages(number) for number in _NUMBERS}
_WORK: Final = {number: _work(number) for number in _NUMBERS}
_POOL: Final = {number: _pool(number) for number in _NUMBERS}
_CARD_WORK: Final = {number: _card_work(number) for number in _NUMBERS}
_CARD_SHARES: Final = {number: _card_shares(number) for number in _NUMBERS}

_RIG: Final[tuple[_Row, ...]] = (
    (VERSION.plain, "version", _text),
    (readings.VALIDATES.plain, "validate_shares", _flag),
    (readings.NETWORK_DIFFICULTY.plain, "difficulty", _difficulty),
    (readings.GPUS.plain, "gpu_total", _count),
    (readings.REVISION.plain, "revision", _text),
    (readings.BUILT.plain, "build_date", _text),
    (readings.DRIVER.plain, "driver", _text),
    (readings.CUDA.plain, "cuda", _text),
    (readings.SYSTEM.plain, "os", _text),
)
_WATCHDOG: Final[tuple[_Row, ...]] = (
    (readings.RESTARTS.plain, "total_restarts", _count),
    (readings.WATCHDOG_VERSION.plain, "wd_version", _text),
    (readings.WATCHDOG_BUILT_IN.plain, "built_in", _flag),
    (readings.TOTAL_ACCEPTED.plain, "total_shares_accepted", _count),
    (readings.TOTAL_REJECTED.plain, "total_shares_rejected", _count),
    (readings.TOTAL_INVALID.plain, "total_shares_invalid", _count),
    (readings.TOTAL_BLOCKS.plain, "total_blocks_found", _count),
)
_DOWNLOAD: Final[tuple[_Row, ...]] = (
    (readings.UPDATE_STATE.plain, "update_state", _choice),
    (readings.UPDATE_ERROR.plain, "last_error", _text),
)
_CARD: Final[tuple[_Row, ...]] = (
    (TEMPERATURE.plain, "temperature", _temperature),
    (MEMORY_TEMPERATURE.plain, "memory_temperature", _temperature),
    (FAN_LEVEL.plain, "fan_speed", _fan),
    (POWER.plain, "power", _positive),
    (readings.POWER_AVERAGE.plain, "power_avr", _positive),
    (CORE_CLOCK.plain, "cclock", _positive),
    (MEMORY_CLOCK.plain, "mclock", _positive),
    (readings.INTENSITY.plain, "intensity", _number),
    (readings.DISABLED_AT.plain, "disabled_at_temperature", _temperature),
    (readings.UNSTABLE.plain, "potentially_unstable", _flag),
    (readings.LOW_LOAD.plain, "low_load", _flag),
    (readings.LHR_TUNE.plain, "lhr_tune", _tune),
    (readings.LHR_LOCKS.plain, "lhr_lock_count", _count),
    (readings.DAG_BUILD_MODE.plain, "dag_build_mode", _count),
    (readings.MEMORY_TWEAK.plain, "mtweak", _count),
)
_CARD_TOTALS: Final[tuple[_Row, ...]] = (
    (readings.TOTAL_ACCEPTED.plain, "shares_accepted", _count),
    (readings.TOTAL_REJECTED.plain, "shares_rejected", _count),
    (readings.TOTAL_INVALID.plain, "shares_invalid", _count),
    (readings.TOTAL_BLOCKS.plain, "blocks_found", _count),
)


def _put(values: Values, fields: Fields, rows: Iterable[_Row]) -> None:
    told = fields.raw()
    if not isinstance(told, dict):
        return
    for channel, key, read in rows:
        # Most of what is asked for is not there, and asking costs.
        if told.get(key) is not None and (value := read(fields, key)) is not None:
            values[channel] = value


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
    strange: list[str]

    @property
    def takes_commands(self) -> bool:
        """Whether this version has a handler for commands."""
        return self.api >= CONTROL_API


@dataclass(frozen=True, slots=True, kw_only=True)
class _Context:
    """What decides how a card is read."""

    api: ApiVersion
    uptime: float | None
    validates: bool | None


def parse_summary(summary: JsonObject, now: datetime) -> Summary:
    """Read a summary of any version."""
    fields = Fields(summary)
    values = Values()
    uptime = fields.number("uptime")
    context = _Context(
        api=_api_version(fields),
        uptime=uptime,
        validates=fields.flag("validate_shares"),
    )
    _put_work(values, fields, None, context)
    _put(values, fields, _RIG)
    if context.api != (0, 0):
        values[readings.API.plain] = ".".join(map(str, context.api))
    values.put(STARTED.plain, fields.start(now, "uptime"))
    time = "time" if fields.has("time") else "ts"
    values.put(readings.CLOCK.plain, _moment(fields, time))
    if fields.has("watchdog_stat"):
        watchdog = fields.inside("watchdog_stat")
        _put(values, watchdog, _WATCHDOG)
        values.put(readings.WATCHDOG_STARTED.plain, watchdog.start(now, "uptime"))
    _put(values, fields.inside("updates", "download_status"), _DOWNLOAD)
    if fields.has("dual_stat"):
        _put_work(values, fields.inside("dual_stat"), _SECOND, context)

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
        strange=fields.strange,
    )


def _api_version(fields: Fields) -> ApiVersion:
    found = _API.fullmatch(str(fields.raw("api")))
    return (int(found[1]), int(found[2])) if found else (0, 0)


def _put_work(
    values: Values, fields: Fields, number: int | None, context: _Context
) -> None:
    """Add what is told of an algorithm and of the pool it is mined at."""
    _put(values, fields, _WORK[number])
    _put_averages(values, fields, number, context)
    _put_invalid(values, fields, number, context)
    _put(values, fields.inside("active_pool"), _POOL[number])


def _rest(values: Values) -> None:
    """Let what is paused mine nothing: its hashrate is a mean of the past."""
    for channel in _RATES:
        if channel in values:
            values[channel] = 0


def _put_averages(
    values: Values, fields: Fields, number: int | None, context: _Context
) -> None:
    """Add the averages whose windows are full."""
    uptime = context.uptime
    for channel, key, window in _AVERAGES[number]:
        rate = fields.number(key)
        if rate or (rate is not None and uptime is not None and uptime >= window):
            values[channel] = rate


def _put_invalid(
    values: Values, fields: Fields, number: int | None, context: _Context
) -> None:
    """Add the invalid shares; a miner that does not validate counts none."""
    invalid = fields.count("invalid_count")
    if invalid or context.validates is not False:
        values.put(INVALID.channel(number=number), invalid)


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
    seconds = _ByDevice(fields.each("dual_stat", "gpus"))
    totals = _ByDevice(fields.each("watchdog_stat", "by_gpu"))
    # Up to API 3.3 shares stand beside the cards, in the order of their numbers.
    shares = list(fields.each("stat_by_gpu"))
    cards: dict[str, Card] = {}
    for place, card in enumerate(fields.each("gpus")):
        device, number = card.count("device_id"), card.count("gpu_id")
        values = Values()
        _put_card(values, card, context)
        order = place if number is None else number
        if card.has("shares"):
            _put_shares(values, card.inside("shares"), None, context)
        elif order < len(shares):
            _put_shares(values, shares[order], None, context)
        if (second := seconds.find(device, place)) is not None:
            _put(values, second, _CARD_WORK[_SECOND])
            _put_averages(values, second, _SECOND, context)
            _put_shares(values, second.inside("shares"), _SECOND, context)
        if (total := totals.find(device, place)) is not None:
            _put(values, total, _CARD_TOTALS)
        if not _add_card(cards, card, values):
            fields.strange.append(f"gpus.{place}")
    return tuple(cards.values())


def _put_card(values: Values, card: Fields, context: _Context) -> None:
    _put(values, card, _CARD_WORK[None])
    _put_averages(values, card, None, context)
    _put(values, card, _CARD)
    if card.has("disabled"):
        values.put(readings.DISABLED.plain, card.flag("disabled"))
    elif context.api >= _DISABLED_API:
        # It is only there while the card rests.
        values[readings.DISABLED.plain] = False


def _put_shares(
    values: Values, shares: Fields, number: int | None, context: _Context
) -> None:
    _put(values, shares, _CARD_SHARES[number])
    _put_invalid(values, shares, number, context)


def _add_card(cards: dict[str, Card], fields: Fields, values: Values) -> bool:
    """Add a card under the best name that no other has; False where it has none."""
    ids = [fields.count(key) for key in ("gpu_user_id", "gpu_id", "device_id")]
    index = next((found for found in ids if found is not None), None)
    # Commands count as the owner does; the device id is CUDA's own.
    number = next((found for found in ids[:2] if found is not None), None)
    key = next((key for key in _keys(fields, index) if key not in cards), None)
    if key is None:
        return False
    paused = fields.flag("paused")
    if paused is not None:
        values[MINING_ALLOWED.plain] = not paused
    if paused:
        _rest(values)
    values.put(readings.GPU_INDEX.plain, number)
    model = fields.text("name")
    part = Part(
        kind=PartKind.GPU,
        key=key,
        name=_card_name(model, fields.text("vendor")),
        model=model,
        manufacturer=fields.text("vendor"),
        values=values,
    )
    cards[key] = Card(part=part, number=number, paused=paused)
    return True


def _keys(fields: Fields, index: int | None) -> Iterable[str]:
    """Return what identifies a card, the most lasting first."""
    uuid = (fields.text("uuid") or "").lower()
    if _UUID.fullmatch(uuid):
        yield uuid
    bus, slot = fields.count("pci_bus"), fields.count("pci_id")
    if bus is not None and slot is not None:
        yield f"{fields.count('pci_domain') or 0:04x}:{bus:02x}:{slot:02x}"
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
    strange: tuple[str, ...] = (),
) -> Snapshot:
    """Put the rig together from what it told last.

    `settings` is empty where the configuration is not known; `strange` adds to what
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
    cards = (_with_control(card, summary.api) for card in summary.cards)
    odd = (*summary.strange, *settings.strange, *strange)
    return Snapshot(
        parts=part_map(whole, *cards),
        read_only="t_rex_readonly" if read_only else None,
        strange=tuple(dict.fromkeys(odd)),
    )


def _with_control(card: Card, api: ApiVersion) -> Part:
    """Return the card's part; below API 4.1 only the whole rig can be paused."""
    if card.paused is None or card.number is None or api < _CARD_CONTROL_API:
        return card.part
    controls: Mapping[Channel[Any], Control[Any]] = {_ALLOWED.channel: _ALLOWED}
    return replace(card.part, controls=controls)
