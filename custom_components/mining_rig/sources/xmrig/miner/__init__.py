"""XMRig, the CPU and GPU miner, through its HTTP API."""

import asyncio
from datetime import datetime, timedelta
from typing import Any, Final

from ....model import Action, Control, Snapshot, Value
from ....readings import MINING_ALLOWED, STOP
from ...common.contract import (
    CommandRefused,
    Identity,
    JsonObject,
    Notes,
    SourceContext,
    SourceError,
)
from ...common.decoding import Fields, cpu_name
from ...common.http import http_for
from ...common.poll_budget import PollBudget
from ...common.poll_timer import PollTimer
from ...common.settings import Settings
from ..api import MINERS, XmrigApi
from ..editor import ConfigEditor
from ..source import XmrigSourceBase
from ..summary import identity_of
from . import readings
from .backends import Backends, parse_backends
from .config import SETTINGS, idle_seconds, parse_config, set_pause_on_active
from .pools import select_pool
from .snapshot import assemble
from .stop import StopDetector
from .summary import Summary, parse_condition, parse_summary
from .threads import ThreadsHint

_CARDS_EVERY: Final = timedelta(seconds=30)
_LOOK_FOR_CARDS_EVERY: Final = timedelta(minutes=10)

_BACKENDS: Final = "/2/backends"
_ALLOWED: Final = Control(
    channel=MINING_ALLOWED.plain, confirm_within=120, confirm_off_within=6
)
"""RandomX prepares its memory for up to 80 s before it has a hashrate."""
_IDLE_NOTE: Final = "xmrig_pause_on_active"
_OWN_PAUSES: Final = {
    "xmrig_paused_on_battery": readings.PAUSE_ON_BATTERY.plain,
    "xmrig_paused_in_use": readings.PAUSE_ON_ACTIVE.plain,
}
_ANY_OWN_PAUSE: Final = "xmrig_paused_by_itself"
_OWN_PAUSE_SHOWS: Final = (0.0, 0.7)
"""Seconds before each look whether the miner, which checks twice a second, paused."""


async def _keep_as_it_is(config: JsonObject) -> None:
    """Change nothing."""


async def async_open(context: SourceContext) -> XmrigSource:
    """Return the source of one rig, without any request."""
    token = context.data.get("access_token")
    api = XmrigApi(http_for(context), token, kinds=MINERS)
    return XmrigSource(api, context.data["host"], context.notes)


class XmrigSource(XmrigSourceBase):
    """One XMRig. Each poll reads the summary; the rest has its own intervals."""

    def __init__(self, api: XmrigApi, host: str, notes: Notes) -> None:
        """Take the API, the host for a title, and the notes of the rig."""
        super().__init__(api, host, ConfigEditor(api, notes), self._parse_config)
        self._notes = notes
        self._hint = ThreadsHint(self._editor, notes)
        self._state: tuple[bool | None, ...] | None = None
        self._backends: Backends | None = None
        self._interrupted = False
        self._backends_state: tuple[bool | None, ...] | None = None
        """The state that the backends belong to: another one has other hashrates."""
        self._has_backends_path = True
        self._backends_timer = PollTimer()
        self._stop = StopDetector()
        self._has_start_command = True

    def _parse_config(self, config: JsonObject) -> Settings:
        return parse_config(config, self._hint.note)

    async def identify(self) -> Identity:
        """Return the identity of the miner. Raises a SourceError."""
        fields = Fields(await self._api.summary())
        model = cpu_name(fields.text("cpu", "brand")) or "XMRig"
        return identity_of(fields, host=self._host, model=model)

    # ---- reading

    async def read(self, now: datetime) -> Snapshot:
        """Read the summary, and what else is due. Raises a SourceError."""
        if self._interrupted:
            # No value is shown again that was read before an interruption.
            self._backends = None
            self._backends_timer.make_due()
        self._interrupted = True
        budget = PollBudget()
        summary = parse_summary(await self._api.summary(), now)
        self._interrupted = False
        self._failed.clear()
        self._notice_changes(summary)
        if self._window.is_open:
            self._backends_timer.make_due()
        # At the same time: one that hangs does not take the time of the other.
        workers, settings = await asyncio.gather(
            self._read_backends(summary, now, budget),
            self._read_config(now, budget, restricted=summary.restricted),
        )
        self._stop.update(summary.condition, now, workers)
        controls = dict(settings.controls)
        actions: tuple[Action, ...] = ()
        if summary.restricted is False:
            controls[_ALLOWED.channel] = _ALLOWED
            actions = (STOP,)
        return assemble(
            summary,
            self._backends,
            settings.values,
            controls,
            stopped=self._stop.stopped,
            actions=actions,
            unparsed=(*settings.unparsed, *self._failed),
        )

    def _notice_changes(self, summary: Summary) -> None:
        """Make due what a restart, or another state, outdates."""
        if self._is_new_process(summary.version, summary.uptime):
            self._backends_timer.make_due()
            self._config.forget()
            self._stop.reset()
            self._backends = None
            self._has_backends_path = self._has_start_command = True
        condition = summary.condition
        state = (condition.paused, condition.connected, bool(condition.windows[0]))
        if state != self._state:
            self._backends_timer.make_due()
        self._state = state

    async def _read_backends(
        self, summary: Summary, now: datetime, budget: PollBudget
    ) -> bool | None:
        """Read the backends if they are due; return whether they have workers.

        None where they were not read at this poll.
        """
        if not self._has_backends_path or not self._backends_timer.is_due(now):
            return None
        try:
            data = await budget.extra(self._api.get(_BACKENDS))
        except SourceError, TimeoutError:
            self._failed.append("backends")
            self._backends_timer.failed(now)
            is_outdated = self._backends_state != self._state
            if is_outdated or self._backends_timer.is_expired(now):
                self._backends = None
            return None
        condition = summary.condition
        backends = parse_backends(
            data, paused=condition.paused, connected=condition.connected
        )
        # Each request for an unknown path logs a line on the miner's console.
        self._has_backends_path = backends is not None
        self._backends, self._backends_state = backends, self._state
        often = condition.idle or (backends and backends.has_cards)
        self._backends_timer.succeeded(
            now, _CARDS_EVERY if often else _LOOK_FOR_CARDS_EVERY
        )
        return None if backends is None else backends.working

    # ---- commands

    async def write(self, part: str, control: Control[Any], value: Value) -> None:
        """Send one setting. Raises a SourceError."""
        channel = control.channel
        with self._window.after_command():
            if channel is _ALLOWED.channel:
                await (self._resume() if value else self._api.call("pause"))
            elif channel is readings.THREADS_HINT.plain and isinstance(
                value, int | float
            ):
                await self._hint.write(float(value))
            elif (setting := SETTINGS.get(channel)) is not None:
                await self._editor.write(setting, value)
            elif channel is readings.ACTIVE_POOL.plain:
                await self._select_pool(str(value))
            elif channel is readings.PAUSE_ON_ACTIVE.plain:
                await self._pause_on_active(on=bool(value))
            else:
                raise CommandRefused("not_offered")

    async def press(self, part: str, action: Action) -> None:
        """Send one action. Raises a SourceError."""
        if action.key != STOP.key:
            raise CommandRefused("not_offered")
        with self._window.after_command():
            await self._api.call("stop")
            self._stop.stopped = True

    async def _resume(self) -> None:
        """End a pause, and start the workers again where they were ended.

        A miner that prepares its memory has no workers either; it is left alone.
        """
        await self._api.call("resume")
        await self._raise_for_own_pause()
        if not self._stop.stopped:
            return
        condition = parse_condition(Fields(await self._api.summary()))
        if condition.connected is False:
            # The next job of a pool will start them.
            self._stop.stopped = False
        if not condition.idle or await self._has_workers():
            return
        if self._has_start_command:
            try:
                await self._api.call("start")
            except CommandRefused:
                self._has_start_command = False
            if await self._has_workers():
                return
        if self._stop.may_start_again():
            # An unchanged configuration starts them, too.
            await self._editor.edit(_keep_as_it_is, always=True)

    async def _raise_for_own_pause(self) -> None:
        """Raise CommandRefused where the miner itself does not end the pause."""
        settings = self._config.settings.values
        reasons = [key for key, channel in _OWN_PAUSES.items() if settings.get(channel)]
        if not reasons:
            return
        for wait in _OWN_PAUSE_SHOWS:
            await asyncio.sleep(wait)
            if parse_condition(Fields(await self._api.summary())).paused:
                reason = reasons[0] if len(reasons) == 1 else _ANY_OWN_PAUSE
                raise CommandRefused(reason)

    async def _has_workers(self) -> bool:
        backends = parse_backends(await self._api.get(_BACKENDS))
        return backends is None or backends.working

    async def _select_pool(self, name: str) -> None:
        async def change(config: JsonObject) -> None:
            select_pool(config, name)

        await self._editor.edit(change)

    async def _pause_on_active(self, *, on: bool) -> None:
        async def change(config: JsonObject) -> None:
            if (idle := idle_seconds(config)) is not None:
                await self._notes.keep(_IDLE_NOTE, idle)
            set_pause_on_active(config, on=on, idle=self._notes.get(_IDLE_NOTE))

        await self._editor.edit(change)
