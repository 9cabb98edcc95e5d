"""T-Rex's summary in the vocabulary, for all versions since API 1.0.

An average is 0 until its window is full. `paused` came with 0.20.1, that of a card with
API 4.1.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
import re
from typing import Any, Final

from ...model import (
    RIG,
    Action,
    Channel,
    Control,
    Part,
    PartKind,
    Release,
    Snapshot,
    part_map,
)
from ...readings import MINING_ALLOWED, STARTED, STOP
from ..common.answer_table import put_rows, read_moment
from ..common.contract import JsonObject
from ..common.decoding import Fields, Values
from ..common.settings import Settings
from . import readings
from .cards import ALLOWED, ApiVersion, Card, CardContext, clear_hashrates, read_cards
from .rows import (
    DOWNLOAD,
    RIG_ROWS,
    SECOND,
    WATCHDOG,
    ZeroRules,
    full_windows,
    pool,
    work,
)

CONTROL_API: Final = (1, 3)
"""The first version that accepts commands."""

_LONGEST_NOTES: Final = 20_000
_API: Final = re.compile(r"(\d{1,4})\.(\d{1,4})")
_URL: Final = re.compile(r"https?://\S+")


# ---- the summary


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """The contents of a summary."""

    rig: Part
    cards: tuple[Card, ...]
    api: ApiVersion
    """(0, 0) where it is not in the summary."""
    allowed: bool | None
    """Whether any card may mine; None for versions without `paused`."""
    uptime: float | None
    """Seconds since the process started; it falls when the watchdog restarts it."""
    unparsed: list[str]

    @property
    def takes_commands(self) -> bool:
        """Whether this version accepts commands."""
        return self.api >= CONTROL_API


def parse_summary(summary: JsonObject, now: datetime) -> Summary:
    """Parse a summary of any version that was received at `now`."""
    fields = Fields(summary)
    values = Values()
    uptime = fields.number("uptime")
    validates = fields.flag("validate_shares")
    zeros = ZeroRules(full=full_windows(uptime), validated=validates is not False)
    context = CardContext(api=_api_version(fields), zeros=zeros)
    _put_work(values, fields, None, zeros)
    put_rows(values, fields, RIG_ROWS)
    if context.api != (0, 0):
        values[readings.API.plain] = ".".join(map(str, context.api))
    values.put(STARTED.plain, fields.start(now, "uptime"))
    time = "time" if fields.has("time") else "ts"
    values.put(readings.CLOCK.plain, read_moment(fields, time))
    if fields.has("watchdog_stat"):
        watchdog = fields.inside("watchdog_stat")
        put_rows(values, watchdog, WATCHDOG)
        values.put(readings.WATCHDOG_STARTED.plain, watchdog.start(now, "uptime"))
    put_rows(values, fields.inside("updates", "download_status"), DOWNLOAD)
    if fields.has("dual_stat"):
        _put_work(values, fields.inside("dual_stat"), SECOND, zeros)

    cards = read_cards(fields, context)
    allowed = _allowed(fields.flag("paused"), cards)
    values.put(MINING_ALLOWED.plain, allowed)
    if allowed is False:
        clear_hashrates(values)
    version = fields.text("version")
    rig = Part(
        kind=PartKind.RIG,
        key=RIG,
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


def _put_work(
    values: Values, fields: Fields, number: int | None, zeros: ZeroRules
) -> None:
    """Add the readings of an algorithm and of its pool."""
    put_rows(values, fields, work(number, zeros))
    put_rows(values, fields.inside("active_pool"), pool(number))


def _allowed(paused: bool | None, cards: Iterable[Card]) -> bool | None:
    """Return whether any card may mine; cards can be paused one by one."""
    known = [card.paused for card in cards if card.paused is not None]
    if paused or (known and all(known)):
        return False
    return None if paused is None and not known else True


def _release(fields: Fields, version: str | None) -> Release | None:
    """Return the running and the newest version; only a watchdog can install it."""
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
    """Return the progress of the download in %."""
    done, total = status.number("downloaded_bytes"), status.positive("total_bytes")
    if done is None or total is None:
        return None
    return min(100.0, round(100 * done / total, 1))


# ---- the rig


def assemble(
    summary: Summary,
    settings: Settings,
    *,
    read_only: bool,
    unparsed: tuple[str, ...] = (),
) -> Snapshot:
    """Return the rig as a snapshot of its last answers.

    `settings` is empty where the configuration is not known. `unparsed` is added to that
    of the answers.
    """
    rig = summary.rig
    controls: dict[Channel[Any], Control[Any]] = {}
    actions: list[Action] = []
    if summary.takes_commands:
        controls |= settings.controls
        if summary.allowed is not None:
            controls[ALLOWED.channel] = ALLOWED
        actions.append(STOP)
    if rig.release is not None and rig.release.latest != rig.release.installed:
        actions.append(readings.STOP_UPDATE)
    whole = replace(
        rig,
        values=Values({**rig.values, **settings.values}),
        controls=controls,
        actions=tuple(actions),
    )
    all_unparsed = (*summary.unparsed, *settings.unparsed, *unparsed)
    return Snapshot(
        parts=part_map(whole, *(card.part for card in summary.cards)),
        read_only="t_rex_readonly" if read_only else None,
        unparsed=tuple(dict.fromkeys(all_unparsed)),
    )
