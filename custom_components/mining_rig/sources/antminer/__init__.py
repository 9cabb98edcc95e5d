"""Antminer: CGI pages with a password, else the cgminer socket."""

from contextlib import suppress
from datetime import datetime, timedelta
from time import monotonic
from typing import Any, Final

from homeassistant.util import dt as dt_util

from ...model import RIG, Action, Control, Part, PartKind, Snapshot, Value, part_map
from ...readings import (
    HASHRATE,
    LOCATE,
    MINING,
    MINING_ALLOWED,
    POWER,
    REBOOT,
    STATUS,
    Status,
)
from ..common.cgminer import CgminerClient
from ..common.cgminer_decoding import MinerStarting
from ..common.contract import (
    CommandRefused,
    Identity,
    SourceContext,
    SourceError,
    SourceGarbled,
    SourceRefused,
    SourceUnreachable,
)
from ..common.decoding import Fields, Values
from ..common.poll_timer import CommandWindow
from .api import AntminerPages
from .boards import Board, parts
from .parse import from_answers, from_pages, kind_of, mac, takes_commands
from .sleep import is_awake, read_config, set_awake

_BUDGET: Final = 8.0
"""Seconds of a poll after which nothing more is asked."""
_SELDOM: Final = 3600.0
_SETTINGS: Final = 300.0
_STARTS: Final = 300.0
"""Seconds for which a mining program may restart before the machine counts as away."""
_WAKES: Final = 300.0
_SLEEPS: Final = 120.0


async def async_open(context: SourceContext) -> AntminerSource:
    """Return the source of one machine, without any request."""
    return AntminerSource(context)


class AntminerSource:
    """One machine, one request at a time."""

    interval = timedelta(seconds=30)

    def __init__(self, context: SourceContext) -> None:
        """Take the context of the form. Raises SourceUnreachable."""
        data = context.data
        self._host: str = data["host"]
        self._pages = AntminerPages(context)
        port = int(data.get("socket_port") or 4028)
        self._socket = CgminerClient(self._host, port, timeout=_BUDGET)
        self._has_pages = self._pages.has_credentials
        self._system = Fields({})
        self._settings = Values()
        self._due: dict[str, float] = {}
        self._window = CommandWindow()
        self._answered: float | None = None
        """When the mining program last answered."""
        self._last_kind: str | None = None

    @property
    def address(self) -> str | None:
        """The URL of the machine's own page."""
        return self._pages.address

    async def identify(self) -> Identity:
        """Return the model and the MAC address. Raises a SourceError."""
        with suppress(MinerStarting):
            await self._read(dt_util.utcnow())
        rig_id = mac(self._system)
        return Identity(
            rig_id=rig_id,
            stable=rig_id is not None,
            title=self._system.text("hostname") or self._host,
            model=self._last_kind,
            manufacturer="Bitmain",
            version=self._system.text("system_filesystem_version"),
        )

    async def close(self) -> None:
        """Do nothing: there is no session to end."""

    # ---- reading

    async def read(self, now: datetime) -> Snapshot:
        """Read the machine. Raises a SourceError."""
        try:
            shown, boards = await self._read(now)
        except MinerStarting:
            if self._is_away():
                raise
            shown, boards = _starting(), []
        else:
            self._answered = monotonic()
        shown |= self._settings
        rig = Part(
            kind=PartKind.RIG,
            key=RIG,
            manufacturer="Bitmain",
            model=self._last_kind,
            version=self._system.text("system_filesystem_version"),
            serial=self._system.text("serinum"),
            values=shown,
            work_units=shown.work_units,
            controls=self._controls(),
            actions=(REBOOT,) if self._takes_commands else (),
        )
        return Snapshot(parts=part_map(rig, *parts(boards)), rig_id=mac(self._system))

    def _is_away(self) -> bool:
        """Return whether the mining program has been gone for too long."""
        if self._answered is None:
            self._answered = monotonic()
        return monotonic() - self._answered > _STARTS

    @property
    def _takes_commands(self) -> bool:
        return self._has_pages and takes_commands(self._last_kind)

    def _controls(self) -> dict[Any, Control[Any]]:
        if not self._takes_commands:
            return {}
        offered: list[Control[Any]] = []
        if MINING_ALLOWED.plain in self._settings:
            offered.append(
                Control(
                    channel=MINING_ALLOWED.plain,
                    confirm_within=_WAKES,
                    confirm_off_within=_SLEEPS,
                )
            )
        if LOCATE.plain in self._settings:
            offered.append(Control(channel=LOCATE.plain))
        return {control.channel: control for control in offered}

    async def _read(self, now: datetime) -> tuple[Values, list[Board]]:
        """Read the pages where there is a password for them, else the socket."""
        if not self._has_pages:
            return await self._read_socket(now)
        try:
            return await self._read_pages(now)
        except SourceGarbled as err:
            if not err.other_device:
                raise
        # Firmware from before 2020 has other pages.
        found = await self._read_socket(now)
        self._has_pages = False
        return found

    async def _read_pages(self, now: datetime) -> tuple[Values, list[Board]]:
        deadline = monotonic() + _BUDGET
        if self._is_due("system", _SELDOM):
            self._system = await self._page("get_system_info.cgi", deadline)
        stats = await self._pages.page("stats.cgi")
        if not stats.has("STATS"):
            raise SourceGarbled(f"{self._pages.name} is no Antminer", other_device=True)
        summary = await self._page("summary.cgi", deadline)
        pools = await self._page("pools.cgi", deadline)
        self._last_kind = kind_of(self._system, stats)
        shown, boards = from_pages(stats, summary, pools, self._last_kind, now)
        if monotonic() < deadline and self._is_due("power", _SETTINGS):
            if (watts := await self._pages.watts()) is not None:
                shown[POWER.plain] = watts
                self._due["power"] = 0
        await self._read_settings(deadline)
        return shown, boards

    async def _read_settings(self, deadline: float) -> None:
        """Read what was set; after an order at each poll."""
        if not self._takes_commands or monotonic() >= deadline:
            return
        if not (self._window.is_open or self._is_due("settings", _SETTINGS)):
            return
        try:
            awake = is_awake(await read_config(self._pages))
            blink = await self._pages.page("get_blink_status.cgi")
        except SourceError:
            self._due["settings"] = 0
            return
        settings = Values()
        settings.put(MINING_ALLOWED.plain, awake)
        settings.put(LOCATE.plain, blink.flag("blink"))
        self._settings = settings

    async def _page(self, name: str, deadline: float) -> Fields:
        """Return a page that may be missing; what costs the sign-in is raised."""
        if monotonic() >= deadline:
            return Fields({})
        try:
            return await self._pages.page(name)
        except SourceRefused, SourceUnreachable:
            raise
        except SourceError:
            return Fields({})

    async def _read_socket(self, now: datetime) -> tuple[Values, list[Board]]:
        deadline = monotonic() + _BUDGET
        try:
            answer = await self._socket.ask("stats", check=False)
        except SourceUnreachable as err:
            if not self._has_pages and await self._pages.is_web_server():
                if self._answered is None:
                    raise SourceRefused(
                        f"{self._pages.name} wants a user name and a password"
                    ) from err
                raise MinerStarting(str(err)) from err
            raise
        stats = [Fields(record) for record in answer.sections.get("STATS", ())]
        self._last_kind = kind_of(*stats) or self._last_kind
        if not _is_antminer(stats):
            raise SourceGarbled(f"{self._socket} is no Antminer", other_device=True)
        more = {
            section: await self._extra(command, section, deadline)
            for command, section in (("summary", "SUMMARY"), ("pools", "POOLS"))
        }
        return from_answers(stats, more["SUMMARY"], more["POOLS"], self._last_kind, now)

    async def _extra(self, command: str, section: str, deadline: float) -> list[Fields]:
        if monotonic() >= deadline:
            return []
        try:
            answer = await self._socket.ask(command)
        except SourceError:
            return []
        return [Fields(record) for record in answer.sections.get(section, ())]

    def _is_due(self, name: str, seconds: float) -> bool:
        """Return whether to ask again, and start to wait."""
        if monotonic() < self._due.get(name, 0):
            return False
        self._due[name] = monotonic() + seconds
        return True

    # ---- commands

    async def write(self, part: str, control: Control[Any], value: Value) -> None:
        """Send one setting. Raises a SourceError."""
        if not self._takes_commands:
            raise CommandRefused("not_offered")
        with self._window.after_command():
            if control.channel is MINING_ALLOWED.plain:
                await set_awake(self._pages, value)
            elif control.channel is LOCATE.plain:
                await self._pages.post("blink.cgi", {"blink": bool(value)})
            else:
                raise CommandRefused("not_offered")
        self._due["settings"] = 0

    async def press(self, part: str, action: Action) -> None:
        """Send one action. Raises a SourceError."""
        if action is not REBOOT or not self._takes_commands:
            raise CommandRefused("not_offered")
        try:
            await self._pages.call("reboot.cgi")
        except SourceUnreachable, SourceGarbled:
            # It drops the connection.
            return


def _is_antminer(stats: list[Fields]) -> bool:
    return any(
        record.has("Type") or record.has("GHS 5s") or record.has("RT HASHRATE")
        for record in stats
    )


def _starting() -> Values:
    """Return what is known while the mining program restarts."""
    shown = Values()
    shown[HASHRATE.plain] = 0.0
    shown[MINING.plain] = False
    shown[STATUS.plain] = Status.STARTING.value
    return shown
