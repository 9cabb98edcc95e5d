"""T-Rex, the NVIDIA GPU miner, through its HTTP API."""

import asyncio
from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import orjson

from ...model import RIG, Action, Control, Snapshot, Value
from ...readings import MINING_ALLOWED
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
from ..common.http import JsonHttp
from ..common.poll_timer import PollTimer, Settling, fell
from . import readings
from .api import TRexApi
from .config import (
    FILE,
    SETTINGS,
    Setting,
    Settings,
    missing,
    parse_config,
    redacted,
    to_send,
    word,
)
from .parse import Summary, assemble, parse_summary

_CONFIG_EVERY: Final = timedelta(minutes=5)
_READ_BUDGET: Final = 8.0
"""Seconds from the start of a poll after which nothing more is asked."""
_LOOKS: Final = (0.0, 0.3, 0.5, 0.7)
"""Seconds between looks which cards a command reached; 1.5 s in all."""
_LOOKS_AT_CONFIG: Final = (0.0, 0.3, 0.4, 0.5)
_LONG_AGO: Final = datetime(2000, 1, 1, tzinfo=UTC)


async def async_open(context: SourceContext) -> TRexSource:
    """Return the source of one rig; nothing is asked yet."""
    data = context.data
    http = JsonHttp(
        context.session, data["host"], int(data["port"]), ssl=bool(data.get("ssl"))
    )
    return TRexSource(TRexApi(http, data.get("password")), data["host"])


class TRexSource:
    """One T-Rex. Each poll asks for the summary, now and then for the configuration."""

    interval = timedelta(seconds=10)

    def __init__(self, api: TRexApi, host: str) -> None:
        """Know nothing yet."""
        self._api = api
        self._host = host
        self._uptime: float | None = None
        self._settings = Settings()
        self._next_config = PollTimer()
        self._settling = Settling()
        self._writable: bool | None = None
        """What the last command to this process showed."""

    @property
    def address(self) -> str:
        """Where the miner's own page is."""
        return self._api.address

    async def identify(self) -> Identity:
        """Ask who is there. Raises a SourceError."""
        fields = Fields(await self._api.summary())
        return Identity(
            # It has none: cards move, and uuids are the cards'.
            rig_id=None,
            title=fields.text("active_pool", "worker") or self._host,
            model=fields.text("description"),
            version=fields.text("version"),
        )

    async def close(self) -> None:
        """End the session on the miner."""
        await self._api.log_out()

    # ---- reading

    async def read(self, now: datetime) -> Snapshot:
        """Read the summary, and the configuration if it is due. Raises a SourceError."""
        deadline = asyncio.get_running_loop().time() + _READ_BUDGET
        summary = parse_summary(await self._api.summary(), now)
        self._notice_restart(summary)
        unparsed = await self._read_config(summary, now, deadline)
        read_only = self._settings.read_only
        return assemble(
            summary,
            self._settings,
            read_only=read_only if self._writable is None else not self._writable,
            unparsed=unparsed,
        )

    def _notice_restart(self, summary: Summary) -> None:
        """Forget what another process need not have."""
        if fell(self._uptime, summary.uptime):
            self._writable = None
            self._next_config.hurry()
        self._uptime = summary.uptime

    async def _read_config(
        self, summary: Summary, now: datetime, deadline: float
    ) -> tuple[str, ...]:
        """Read the configuration if it is due; return what could not be read."""
        if not summary.takes_commands:
            self._settings = Settings()
            return ()
        if not (self._next_config.is_due(now) or self._settling.lasts):
            return ()
        try:
            async with asyncio.timeout_at(deadline):
                self._settings = parse_config(await self._api.config())
        except SourceError, TimeoutError:
            # What somebody chose holds until it is seen to be different.
            self._next_config.failed(now)
            return ("config",)
        self._next_config.done(now, _CONFIG_EVERY)
        return ()

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
            case readings.SHUTDOWN.key:
                await self._shut_down()
            case readings.INSTALL_UPDATE.key:
                await self._command("/do-update")
            case readings.STOP_UPDATE.key:
                await self._command("/do-update", stop="true")
            case _:
                raise CommandRefused("not_offered")

    async def _command(self, path: str, **query: str) -> None:
        """Send a command and note whether this miner takes any."""
        try:
            await self._api.command(path, **query)
        except CommandRefused as err:
            self._note_refusal(err)
            raise
        self._writable = True

    def _note_refusal(self, refusal: CommandRefused) -> None:
        if refusal.translation_key == "t_rex_readonly":
            self._writable = False

    async def _look(self) -> Summary | None:
        """Return what the miner shows now; None where that is not understood.

        A hung card makes every answer late; then nothing is to be seen soon.
        """
        try:
            return parse_summary(await self._api.summary(), _LONG_AGO)
        except SourceError as err:
            _raise_if_late(err)
        return None

    async def _pause(self, numbers: Collection[int] = (), *, allowed: bool) -> None:
        """Let cards rest or mine; without numbers the whole rig."""
        order = word(not allowed)
        if numbers:
            order = f"{order}:{','.join(map(str, numbers))}"
        await self._command("/control", pause=order)

    async def _allow(self, allowed: bool) -> None:
        """Let the rig rest or mine.

        Where the whole rig does not follow, its cards are named: 0.19.10 wants that.
        """
        await self._pause(allowed=allowed)
        numbers: list[int] = []
        for pause in _LOOKS:
            await asyncio.sleep(pause)
            if (shown := await self._look()) is None:
                continue
            if shown.allowed is allowed:
                return
            numbers = [c.number for c in shown.cards if c.number is not None]
        if numbers:
            await self._pause(numbers, allowed=allowed)

    async def _allow_card(self, key: str, allowed: bool) -> None:
        """Let one card rest or mine, and see to it that it was this one.

        Which of its numbers a card is paused by is not documented.
        """
        before = _paused(parse_summary(await self._api.summary(), _LONG_AGO))
        if key not in before:
            raise CommandRefused("not_offered")
        number, paused = before[key]
        if paused is not allowed:
            return
        await self._pause([number], allowed=allowed)
        for pause in _LOOKS:
            await asyncio.sleep(pause)
            if (shown := await self._look()) is None:
                continue
            after = _paused(shown)
            flipped = [k for k in before if k in after and after[k] != before[k]]
            if not flipped:
                continue
            if flipped != [key]:
                # Where the right card followed, its number is right, and the others'.
                wrong = [before[k][0] for k in flipped] if key in flipped else [number]
                await self._pause(wrong, allowed=not allowed)
                raise CommandRefused("t_rex_other_gpu", {"number": str(number)})
            return

    async def _set(self, setting: Setting, value: Value) -> None:
        """Change one setting; at once and, where that makes sense, lastingly."""
        changes = {setting.key: word(value)}
        with self._settling.after():
            if setting.at_once:
                await self._command("/control", **changes)
                if not setting.kept or not await self._missing(changes):
                    return
            await self._command("/config", **changes)

    async def _missing(self, changes: JsonObject) -> list[str]:
        """Return the keys that the miner does not show in the time it needs."""
        left = [*changes]
        for pause in _LOOKS_AT_CONFIG:
            await asyncio.sleep(pause)
            try:
                left = missing(await self._api.config(), changes)
            except SourceError as err:
                _raise_if_late(err)
            if not left:
                break
        return left

    async def _shut_down(self) -> None:
        """End the process, which may cut its own answer short."""
        await self._api.summary()
        try:
            await self._command("/control", command="shutdown")
        except (SourceUnreachable, SourceGarbled) as err:
            _raise_if_late(err)

    # ---- the configuration, for administrators

    async def get_config(self) -> JsonObject:
        """Return the configuration without its secrets. Raises a SourceError."""
        config: JsonObject = redacted(await self._api.config())
        return config

    async def set_config(self, changes: JsonObject) -> None:
        """Change keys and return when the miner shows them. Raises a SourceError.

        The key `config` names a file on the rig to write to; what is in it cannot be
        read back.
        """
        try:
            sent = to_send(orjson.loads(orjson.dumps(changes)))
        except TypeError:
            raise CommandRefused("t_rex_refused", {"error": "no JSON"}) from None
        with self._settling.after():
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
    """Raise what says that the miner took too long."""
    if isinstance(err, SourceUnreachable) and err.timed_out:
        raise err


def _paused(summary: Summary) -> dict[str, tuple[int, bool]]:
    """Return the number and the state of the cards that can be paused, by key."""
    return {
        card.part.key: (card.number, card.paused)
        for card in summary.cards
        if card.number is not None and card.paused is not None
    }
