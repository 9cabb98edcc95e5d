"""Antminer: CGI pages with a password, else the cgminer socket."""

from datetime import datetime, timedelta
from time import monotonic
from typing import Any, Final

from homeassistant.util import dt as dt_util

from ...model import RIG, Action, Control, Part, PartKind, Snapshot, Value, part_map
from ...readings import LOCATE, MINING_ALLOWED, POWER, REBOOT
from ..common.cgminer import CgminerClient
from ..common.cgminer_decoding import MinerStarting
from ..common.cgminer_rig import as_fields, has_shares, optional_records, starting
from ..common.contract import (
    CommandRefused,
    Identity,
    SourceContext,
    SourceGarbled,
    SourceRefused,
    SourceUnreachable,
)
from ..common.decoding import Fields, Values
from ..common.optional_requests import OptionalRequests
from ..common.poll_timer import CommandWindow
from .api import AntminerPages
from .boards import Board, parts
from .parse import (
    MOST_WATTS,
    from_answers,
    from_pages,
    kind_of,
    mac,
    maker_of,
    takes_commands,
)
from .sleep import is_awake, read_config, set_awake

_TIMEOUT: Final = 6.0
"""Seconds for one question at the socket."""
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
        self._socket = CgminerClient(self._host, port, timeout=_TIMEOUT)
        self._has_pages = self._pages.has_credentials
        self._system = Fields({})
        self._settings = Values()
        self._optional = OptionalRequests()
        self._window = CommandWindow()
        self._answered: float | None = None
        """When the mining program last answered."""
        self._last_kind: str | None = None
        self._connectors: set[int] = set()
        """Those at which a fan ever turned."""

    @property
    def address(self) -> str | None:
        """The URL of the machine's own page."""
        return self._pages.address

    async def identify(self) -> Identity:
        """Return the model and the MAC address. Raises a SourceError."""
        try:
            await self._read(dt_util.utcnow())
        except MinerStarting as err:
            if not self._has_pages:
                raise SourceRefused(
                    f"{self._pages.name} wants a user name and a password"
                ) from err
        rig_id = mac(self._system)
        return Identity(
            rig_id=rig_id,
            stable=rig_id is not None,
            title=self._system.text("hostname") or self._host,
            model=self._last_kind,
            manufacturer=maker_of(self._last_kind),
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
            shown, boards = starting(), []
        else:
            self._answered = monotonic()
        shown |= self._settings
        rig = Part(
            kind=PartKind.RIG,
            key=RIG,
            manufacturer=maker_of(self._last_kind),
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
        self._optional.start()
        system = await self._optional.seldom(
            "system", lambda: self._pages.page("get_system_info.cgi")
        )
        if system is not None:
            self._system = system
        stats = await self._pages.page("stats.cgi")
        if not stats.has("STATS"):
            raise SourceGarbled(f"{self._pages.name} is no Antminer", other_device=True)
        summary = await self._page("summary.cgi")
        pools = await self._page("pools.cgi")
        self._last_kind = kind_of(self._system, stats, summary)
        shown, boards = from_pages(stats, summary, pools, self._last_kind, now)
        watts = await self._optional.ask("power", self._pages.watts)
        if watts is None:
            self._optional.wait("power", _SETTINGS)
        shown.put(POWER.plain, watts)
        await self._read_settings()
        return shown, boards

    async def _read_settings(self) -> None:
        """Read what was set; after an order at each poll."""
        if not self._takes_commands:
            return
        if self._window.is_open:
            self._optional.make_due("config")
        config = await self._optional.seldom(
            "config", lambda: read_config(self._pages), _SETTINGS
        )
        if config is None:
            return
        blink = await self._page("get_blink_status.cgi")
        settings = Values()
        settings.put(MINING_ALLOWED.plain, is_awake(config))
        settings.put(LOCATE.plain, blink.flag("blink"))
        self._settings = settings

    async def _page(self, name: str) -> Fields:
        """Return a page that may be missing; an empty one where it fails."""
        found = await self._optional.ask(name, lambda: self._pages.page(name))
        return Fields({}) if found is None else found

    async def _read_socket(self, now: datetime) -> tuple[Values, list[Board]]:
        self._optional.start()
        try:
            answer = await self._socket.ask("stats", check=False)
        except SourceUnreachable as err:
            if not self._has_pages and await self._pages.is_web_server():
                raise MinerStarting(str(err)) from err
            raise
        stats = as_fields(answer.sections.get("STATS"))
        self._last_kind = kind_of(*stats) or self._last_kind
        # In sleep it reports no statistics.
        sleeps = "STATS" in answer.sections and not stats and self._last_kind
        if not sleeps and not _is_antminer(stats):
            raise SourceGarbled(f"{self._socket} is no Antminer", other_device=True)
        summary = await self._extra("summary", "SUMMARY")
        pools = await self._extra("pools", "POOLS")
        devices = [] if has_shares(summary) else await self._extra("devs", "DEVS")
        shown, boards = from_answers(
            stats,
            summary,
            pools,
            self._last_kind,
            now,
            devices=devices,
            connectors=self._connectors,
        )
        # LuxOS tells it by a command of its own.
        for record in await self._extra("power", "POWER"):
            if POWER.plain not in shown:
                shown.put(POWER.plain, record.positive("Watts", maximum=MOST_WATTS))
        return shown, boards

    async def _extra(self, command: str, section: str) -> list[Fields]:
        return await optional_records(self._optional, self._socket, command, section)

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
        self._optional.make_due("config")

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
