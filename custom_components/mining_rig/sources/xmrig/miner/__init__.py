"""XMRig, the CPU and GPU miner, through its HTTP API."""

import asyncio
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

from ....model import Action, Channel, Control, Snapshot, Value
from ....readings import MINING_ALLOWED
from ...common.contract import (
    CommandRefused,
    Identity,
    JsonObject,
    Notes,
    SourceBusy,
    SourceContext,
    SourceError,
    SourceRefused,
)
from ...common.decoding import Fields, cpu_name
from ...common.http import JsonHttp
from ...common.poll_timer import PollTimer, Settling, fell
from ..api import MINERS, XmrigApi
from ..config import APPLIED_AFTER, async_change, redacted
from ..summary import identity_of
from . import readings
from .config import (
    FULL_HINT,
    SETTINGS,
    HintNote,
    Settings,
    cpu_of,
    hint_note,
    idle_seconds,
    parse_config,
    profiles,
    select_pool,
    set_pause_on_active,
    set_threads_hint,
    threads_hint,
)
from .parse import (
    Backends,
    Condition,
    Summary,
    assemble,
    parse_backends,
    parse_condition,
    parse_summary,
)

_CARDS_EVERY: Final = timedelta(seconds=30)
_LOOK_FOR_CARDS_EVERY: Final = timedelta(minutes=10)
_CONFIG_EVERY: Final = timedelta(minutes=5)
_EXTRA_TIMEOUT: Final = 4.0
"""Seconds for what a poll asks beside the summary; a hung card must not cost that."""
_IDLE_IS_STOPPED: Final = timedelta(minutes=1)
"""A miner prepares its memory without workers for a while before it starts."""

_BACKENDS: Final = "/2/backends"
_ALLOWED: Final = Control(channel=MINING_ALLOWED.plain)
_HINT_NOTE: Final = "xmrig_threads_hint"
_IDLE_NOTE: Final = "xmrig_pause_on_active"


async def async_open(context: SourceContext) -> XmrigSource:
    """Return the source of one rig; nothing is asked yet."""
    data = context.data
    http = JsonHttp(
        context.session, data["host"], int(data["port"]), ssl=bool(data.get("ssl"))
    )
    api = XmrigApi(http, data.get("access_token"), kinds=MINERS)
    return XmrigSource(api, context.notes, data["host"])


class XmrigSource:
    """One XMRig. Each poll asks for the summary; the rest has paces of its own."""

    interval = timedelta(seconds=10)

    def __init__(self, api: XmrigApi, notes: Notes, host: str) -> None:
        """Know nothing yet."""
        self._api = api
        self._notes = notes
        self._host = host
        self._version: str | None = None
        self._uptime: float | None = None
        self._state: tuple[bool | None, ...] | None = None
        self._backends: Backends | None = None
        self._no_backends = False
        self._next_backends = PollTimer()
        self._settings: Settings | None = None
        self._next_config = PollTimer()
        self._failed: list[str] = []
        self._idle_since: datetime | None = None
        self._stopped = False
        self._knows_start = True
        self._settling = Settling()

    @property
    def address(self) -> str | None:
        """Where the summary can be seen in a browser."""
        return self._api.address

    async def identify(self) -> Identity:
        """Ask who is there. Raises a SourceError."""
        fields = Fields(await self._api.summary())
        model = cpu_name(fields.text("cpu", "brand")) or "XMRig"
        return identity_of(fields, host=self._host, model=model)

    async def close(self) -> None:
        """Give back nothing: the miner holds nothing for its clients."""

    # ---- reading

    async def read(self, now: datetime) -> Snapshot:
        """Read the summary, and of the rest what is due. Raises a SourceError."""
        summary = parse_summary(await self._api.summary(), now)
        self._failed.clear()
        self._notice_changes(summary)
        if self._settling.lasts:
            self._next_backends.hurry()
            self._next_config.hurry()
        fresh = await self._read_backends(summary, now)
        await self._read_config(summary, now)
        self._judge(summary.condition, now, fresh=fresh)
        settings = self._settings or Settings()
        controls = dict(settings.controls)
        actions: tuple[Action, ...] = ()
        if summary.restricted is False:
            controls[_ALLOWED.channel] = _ALLOWED
            actions = (readings.STOP,)
        return assemble(
            summary,
            self._backends,
            settings.values,
            controls,
            stopped=self._stopped,
            actions=actions,
            unparsed=(*settings.unparsed, *self._failed),
        )

    def _notice_changes(self, summary: Summary) -> None:
        """Ask anew for what another process, or another state, makes untrue."""
        if self._version != summary.version or fell(self._uptime, summary.uptime):
            self._next_backends.hurry()
            self._next_config.hurry()
            self._backends = self._settings = self._idle_since = None
            self._no_backends = self._stopped = False
            self._knows_start = True
        self._version, self._uptime = summary.version, summary.uptime
        condition = summary.condition
        state = (condition.paused, condition.connected, bool(condition.windows[0]))
        if state != self._state:
            self._next_backends.hurry()
        self._state = state

    async def _read_backends(self, summary: Summary, now: datetime) -> bool:
        """Read the backends if they are due; tell whether they are of now."""
        if self._no_backends or not self._next_backends.is_due(now):
            return False
        try:
            async with asyncio.timeout(_EXTRA_TIMEOUT):
                data = await self._api.get(_BACKENDS)
        except SourceError, TimeoutError:
            self._failed.append("backends")
            self._next_backends.failed(now)
            if self._next_backends.is_stale(now):
                self._backends = None
            return False
        backends = parse_backends(data, paused=summary.condition.paused)
        # A path that does not exist leaves a line on the miner's console each time.
        self._no_backends = backends is None
        self._backends = backends
        often = summary.condition.idle or (backends and backends.has_cards)
        self._next_backends.done(now, _CARDS_EVERY if often else _LOOK_FOR_CARDS_EVERY)
        return backends is not None

    async def _read_config(self, summary: Summary, now: datetime) -> None:
        if summary.restricted is not False:
            self._settings = None
            self._next_config.hurry()
        elif self._next_config.is_due(now):
            try:
                async with asyncio.timeout(_EXTRA_TIMEOUT):
                    config = await self._api.config()
            except SourceError, TimeoutError:
                # What somebody chose holds until it is seen to be different.
                self._failed.append("config")
                self._next_config.failed(now)
            else:
                self._settings = parse_config(config, self._notes.get(_HINT_NOTE))
                self._next_config.done(now, _CONFIG_EVERY)

    def _judge(self, condition: Condition, now: datetime, *, fresh: bool) -> None:
        """Tell a miner whose workers were ended from one that only begins.

        The summary does not say: in both it is not paused, has a pool and hashes not.
        """
        working = fresh and self._backends is not None and self._backends.working
        if condition.hashes or working:
            self._stopped = False
        if working or not condition.idle:
            self._idle_since = None
            return
        self._idle_since = self._idle_since or now
        if fresh and condition.highest and now - self._idle_since >= _IDLE_IS_STOPPED:
            self._stopped = True

    # ---- commands

    async def write(self, part: str, control: Control[Any], value: Value) -> None:
        """Send one setting. Raises a SourceError."""
        channel = control.channel
        with self._settling.after():
            if channel is _ALLOWED.channel:
                await (self._resume() if value else self._api.call("pause"))
            elif channel is readings.THREADS_HINT.plain and isinstance(
                value, int | float
            ):
                await self._write_hint(float(value))
            else:
                async with self._api.editing() as config:
                    await self._edit(config, channel, value)

    async def press(self, part: str, action: Action) -> None:
        """Send one action. Raises a SourceError."""
        if action.key != readings.STOP.key:
            raise CommandRefused("not_offered")
        with self._settling.after():
            await self._api.call("stop")
            self._stopped = True

    async def _resume(self) -> None:
        """End a pause; where the workers were ended, bring them back as well."""
        await self._api.call("resume")
        condition = parse_condition(Fields(await self._api.summary()))
        if condition.connected is False:
            # The next job, once there is a pool again, starts them by itself.
            self._stopped = False
        if not condition.idle or await self._has_workers():
            return
        self._stopped = True
        if self._knows_start:
            try:
                await self._api.call("start")
            except CommandRefused:
                self._knows_start = False
            if await self._has_workers():
                return
        async with self._api.editing(always=True):
            """An unchanged configuration starts them, too."""

    async def _has_workers(self) -> bool:
        backends = parse_backends(await self._api.get(_BACKENDS))
        return backends is None or backends.working

    async def _edit(
        self, config: JsonObject, channel: Channel[Any], value: Value
    ) -> None:
        """Change one setting in a configuration."""
        if (setting := SETTINGS.get(channel)) is not None:
            setting.write(config, value)
        elif channel is readings.ACTIVE_POOL.plain:
            select_pool(config, str(value))
        elif channel is readings.PAUSE_ON_ACTIVE.plain:
            if (idle := idle_seconds(config)) is not None:
                await self._notes.keep(_IDLE_NOTE, idle)
            set_pause_on_active(
                config, on=bool(value), idle=self._notes.get(_IDLE_NOTE)
            )
        else:
            raise CommandRefused("not_offered")

    async def _write_hint(self, hint: float) -> None:
        """Set the hint; the owner's thread profiles are on disk before they go."""
        old = self._notes.get(_HINT_NOTE)
        try:
            async with self._api.editing() as config:
                cpu = cpu_of(config)
                if threads_hint(cpu, HintNote.load(old)) == hint:
                    return
                before = profiles(cpu)
                note = hint_note(cpu, HintNote.load(old))
                await self._notes.keep(_HINT_NOTE, note.dump())
                set_threads_hint(cpu, hint, note.saved)
        except CommandRefused, SourceRefused, SourceBusy:
            # It was not sent, so what was true stays true.
            await self._notes.keep(_HINT_NOTE, old)
            raise
        made = await self._profiles_after(before)
        if made is None or (hint >= FULL_HINT and made == before != note.saved):
            # Nobody knows what came of it; the profiles stay in the note.
            return
        if hint >= FULL_HINT:
            await self._notes.keep(_HINT_NOTE, None)
            return
        kept = replace(note, hint=hint, made=made or None)
        await self._notes.keep(_HINT_NOTE, kept.dump())

    async def _profiles_after(self, before: JsonObject) -> JsonObject | None:
        """Return the profiles after a change, None where the miner does not tell.

        They may be those it had: a hint that changes little changes nothing.
        """
        found: JsonObject | None = None
        for pause in APPLIED_AFTER:
            await asyncio.sleep(pause)
            with suppress(SourceError):
                found = profiles(cpu_of(await self._api.config()))
                if found != before:
                    break
        return found

    # ---- the configuration, for administrators

    async def get_config(self) -> JsonObject:
        """Return the configuration without its secrets. Raises a SourceError."""
        config: JsonObject = redacted(await self._api.config())
        return config

    async def set_config(self, changes: JsonObject) -> None:
        """Change keys and return when the miner shows them. Raises a SourceError."""
        with self._settling.after():
            await async_change(self._api, changes)
