"""T-Rex, the NVIDIA GPU miner, through its HTTP API."""

import asyncio
from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import orjson

from ...model import RIG, Action, Control, Snapshot, Value
from ...readings import MINING_ALLOWED, STOP
from ..common.contract import (
    CommandRefused,
    Identity,
    JsonObject,
    SourceContext,
    SourceError,
    SourceGarbled,
    SourceUnreachable,
)
from ..common.decoding import Fields
from ..common.http import http_for
from ..common.poll_budget import PollBudget
from ..common.poll_timer import CommandWindow, has_restarted
from ..common.settings import ConfigReader
from . import readings
from .api import TRexApi
from .config import (
    FILE,
    SETTINGS,
    Setting,
    missing,
    parse_config,
    redacted,
    to_send,
    to_text,
)
from .parse import Summary, assemble, parse_summary

_CARD_PAUSES: Final = (0.0, 0.3, 0.5, 0.7)
"""Seconds between requests which cards a command paused; 1.5 s in all."""
_CONFIG_PAUSES: Final = (0.0, 0.3, 0.4, 0.5)
_LONG_AGO: Final = datetime(2000, 1, 1, tzinfo=UTC)


async def async_open(context: SourceContext) -> TRexSource:
    """Return the source of one rig, without any request."""
    api = TRexApi(http_for(context), context.data.get("password"))
    return TRexSource(api, context.data["host"])


class TRexSource:
    """One T-Rex. Each poll reads the summary, some also the configuration."""

    interval = timedelta(seconds=10)

    def __init__(self, api: TRexApi, host: str) -> None:
        """Take the API, and the host for a title."""
        self._api = api
        self._host = host
        self._uptime: float | None = None
        self._window = CommandWindow()
        self._config = ConfigReader(api.config, parse_config, self._window)
        self._writable: bool | None = None
        """Whether the last command was accepted; None before one to this process."""

    @property
    def address(self) -> str:
        """The URL of the miner's own page."""
        return self._api.address

    async def identify(self) -> Identity:
        """Return the identity of the miner. Raises a SourceError."""
        fields = Fields(await self._api.summary())
        return Identity(
            # T-Rex has no id, and cards may move to another rig.
            rig_id=None,
            title=fields.text("active_pool", "worker") or self._host,
            model=fields.text("description"),
            version=fields.text("version"),
        )

    async def is_reachable(self) -> bool:
        """Return whether the miner accepts a connection."""
        return await self._api.is_reachable()

    async def close(self) -> None:
        """End the session on the miner."""
        await self._api.log_out()

    # ---- reading

    async def read(self, now: datetime) -> Snapshot:
        """Read the summary, and the configuration if it is due. Raises a SourceError."""
        budget = PollBudget()
        summary = parse_summary(await self._api.summary(), now)
        self._notice_restart(summary)
        unparsed: tuple[str, ...] = ()
        if not summary.takes_commands:
            self._config.forget()
        elif not await self._config.read(now, budget):
            unparsed = ("config",)
        settings = self._config.settings
        read_only = settings.read_only
        return assemble(
            summary,
            settings,
            read_only=read_only if self._writable is None else not self._writable,
            unparsed=unparsed,
        )

    def _notice_restart(self, summary: Summary) -> None:
        """Forget what need not be true of another process."""
        if has_restarted(self._uptime, summary.uptime):
            self._writable = None
            self._config.make_due()
        self._uptime = summary.uptime

    # ---- commands

    async def write(self, part: str, control: Control[Any], value: Value) -> None:
        """Send one setting. Raises a SourceError."""
        channel = control.channel
        if channel is not MINING_ALLOWED.plain:
            if (setting := SETTINGS.get(channel)) is None:
                raise CommandRefused("not_offered")
            await self._set(setting, value)
        elif part == RIG:
            await self._allow(bool(value))
        else:
            await self._allow_card(part, bool(value))

    async def press(self, part: str, action: Action) -> None:
        """Send one action. Raises a SourceError."""
        match action.key:
            case STOP.key:
                await self._shut_down()
            case readings.INSTALL_UPDATE.key:
                await self._command("/do-update")
            case readings.STOP_UPDATE.key:
                await self._command("/do-update", stop="true")
            case _:
                raise CommandRefused("not_offered")

    async def _command(self, path: str, **query: str) -> None:
        """Send a command and note whether this miner accepts any."""
        try:
            await self._api.command(path, **query)
        except CommandRefused as err:
            self._note_refusal(err)
            raise
        self._writable = True

    def _note_refusal(self, refusal: CommandRefused) -> None:
        if refusal.translation_key == "t_rex_readonly":
            self._writable = False

    async def _try_summary(self) -> Summary | None:
        """Return the present summary; None where it cannot be read.

        Raises SourceUnreachable after a timeout: a hung card delays every answer.
        """
        try:
            return parse_summary(await self._api.summary(), _LONG_AGO)
        except SourceError as err:
            _raise_if_late(err)
        return None

    async def _pause(self, numbers: Collection[int] = (), *, allowed: bool) -> None:
        """Pause or resume cards; without numbers the whole rig."""
        order = to_text(not allowed)
        if numbers:
            order = f"{order}:{','.join(map(str, numbers))}"
        await self._command("/control", pause=order)

    async def _allow(self, allowed: bool) -> None:
        """Pause or resume the rig.

        Where that has no effect, all cards are named: version 0.19.10 requires it.
        """
        await self._pause(allowed=allowed)
        numbers: list[int] = []
        for pause in _CARD_PAUSES:
            await asyncio.sleep(pause)
            if (shown := await self._try_summary()) is None:
                continue
            if shown.allowed is allowed:
                return
            numbers = [c.number for c in shown.cards if c.number is not None]
        if numbers:
            await self._pause(numbers, allowed=allowed)

    async def _allow_card(self, key: str, allowed: bool) -> None:
        """Pause or resume one card, and undo the command where it affected another.

        Which of its numbers identifies a card in a command is not documented.
        """
        before = _paused(parse_summary(await self._api.summary(), _LONG_AGO))
        if key not in before:
            raise CommandRefused("not_offered")
        number, paused = before[key]
        if paused is not allowed:
            return
        await self._pause([number], allowed=allowed)
        for pause in _CARD_PAUSES:
            await asyncio.sleep(pause)
            if (shown := await self._try_summary()) is None:
                continue
            after = _paused(shown)
            flipped = [k for k in before if k in after and after[k] != before[k]]
            if not flipped:
                continue
            if flipped != [key]:
                # If the right card changed as well, the others' numbers are right.
                wrong = [before[k][0] for k in flipped] if key in flipped else [number]
                await self._pause(wrong, allowed=not allowed)
                raise CommandRefused("t_rex_other_gpu", {"number": str(number)})
            return

    async def _set(self, setting: Setting, value: Value) -> None:
        """Change one setting, at once and after a restart where that is possible."""
        changes = {setting.key: to_text(value)}
        with self._window.after_command():
            if setting.at_once:
                await self._command("/control", **changes)
                if not setting.kept or not await self._missing(changes):
                    return
            await self._command("/config", **changes)

    async def _missing(self, changes: JsonObject) -> list[str]:
        """Return the keys that were not applied within the usual time."""
        left = [*changes]
        for pause in _CONFIG_PAUSES:
            await asyncio.sleep(pause)
            try:
                left = missing(await self._api.config(), changes)
            except SourceError as err:
                _raise_if_late(err)
            if not left:
                break
        return left

    async def _shut_down(self) -> None:
        """End the process, which may cut its own answer."""
        await self._api.summary()
        try:
            await self._command("/control", command="shutdown")
        except (SourceUnreachable, SourceGarbled) as err:
            _raise_if_late(err)

    # ---- the configuration, for administrators

    async def get_config(self) -> JsonObject:
        """Return the configuration without its secrets. Raises a SourceError."""
        return redacted(await self._api.config())

    async def set_config(self, changes: JsonObject) -> None:
        """Change keys and return when the miner shows them. Raises a SourceError.

        With the key `config`, which names a file on the rig, the changes go to that
        file, which cannot be read back.
        """
        try:
            sent = to_send(orjson.loads(orjson.dumps(changes)))
        except TypeError:
            raise CommandRefused("t_rex_refused", {"error": "no JSON"}) from None
        with self._window.after_command():
            try:
                await self._api.change_config(sent)
            except CommandRefused as err:
                self._note_refusal(err)
                raise
            self._writable = True
            if FILE not in sent and (left := await self._missing(sent)):
                raise CommandRefused(
                    "t_rex_config_not_taken", {"keys": ", ".join(left)}
                )


def _raise_if_late(err: SourceError) -> None:
    """Raise the error again if it is a timeout."""
    if isinstance(err, SourceUnreachable) and err.timed_out:
        raise err


def _paused(summary: Summary) -> dict[str, tuple[int, bool]]:
    """Return the number and state of the cards that can be paused, by key."""
    return {
        card.part.key: (card.number, card.paused)
        for card in summary.cards
        if card.number is not None and card.paused is not None
    }
